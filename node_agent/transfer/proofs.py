"""Proven receipts: what was sequenced must come under a checkpoint in time (promise 4).

Invariant: every act that was answered by a receipt waits here until its proof is kept; a kill loses none.
"""

import json
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from crypto import canonical
from crypto.refusal import Refusal
from node_agent.process.runtime import Agent
from node_agent.transfer.receipts import verify_proven
from node_agent.transfer.standing import Standing

BATCH = 64
PROOF_EVERY_SECONDS = 2.0
PROVEN_WITHIN = timedelta(seconds=60)
UNPROVEN = "sender.unproven"


class Proofs:
    """One a sender. ``step`` is one look, no more often than every ``PROOF_EVERY_SECONDS``."""

    def __init__(self, agent: Agent, standing: Standing) -> None:
        self._agent, self._standing = agent, standing
        self._next_proof = 0.0

    def wait_for(self, digests: Iterable[str]) -> None:
        """The proofs of these acts are asked for from now on."""
        waiting = self._unproven()
        now = canonical.time_text(datetime.now(UTC))
        for digest in digests:
            waiting.setdefault(digest, now)
        self._agent.journal.keep(UNPROVEN, canonical.encode(waiting))

    def step(self) -> None:
        """Fetch the proofs of what was sequenced; an act not under a checkpoint in time is an alarm."""
        if time.monotonic() < self._next_proof:
            return
        self._next_proof = time.monotonic() + PROOF_EVERY_SECONDS
        waiting = self._unproven()
        proven = []
        for digest, since in list(waiting.items())[:BATCH]:
            try:
                if self._prove_one(digest):
                    proven.append(digest)
                elif datetime.now(UTC) - canonical.time_value(since) > PROVEN_WITHIN:
                    self._standing.alarm(digest, Refusal("RECEIPT_NOT_PROVEN", "promise 4", digest=digest))
            except Refusal as refusal:
                if refusal.code == "RECEIPT_CONTRADICTED":
                    self._standing.alarm(digest, refusal)
                else:
                    self._standing.trouble(refusal)
                    break
        if proven:
            kept = {digest: since for digest, since in waiting.items() if digest not in proven}
            self._agent.journal.keep(UNPROVEN, canonical.encode(kept))

    def _prove_one(self, digest: str) -> bool:
        entry = self._agent.journal.entry(digest)
        if entry is None or entry.state != "DONE":
            return True
        _, text = self._agent.hub.receipt(digest)
        if not text or not verify_proven(self._agent, entry, text):
            return False
        self._agent.journal.keep(f"proof:{digest}", text.encode())
        self._standing.clear(digest)
        return True

    def _unproven(self) -> dict[str, str]:
        data = self._agent.journal.kept(UNPROVEN)
        return dict(json.loads(data)) if data else {}

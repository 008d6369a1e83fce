"""Keys again: wraps that could not be made at the seal, and those that were refused since a key had gone.

Invariant: a wrap is made again once for each key of its recipient, never again to one that was refused.
"""

import time

from crypto.refusal import Refusal
from crypto.statement import read_signed
from node_agent.process.runtime import Agent
from node_agent.transfer import missing_wraps
from node_agent.transfer.rewrap import rewrap
from node_agent.transfer.standing import Standing
from storage.journal import OutboxEntry

MEND_EVERY_SECONDS = 30.0
KEY_GONE = frozenset({"RECIPIENT_KEY_STALE", "KEY_REVOKED", "SUBJECT_UNKNOWN"})


class Mending:
    """One a sender. ``step`` is one look, no more often than every ``MEND_EVERY_SECONDS``."""

    def __init__(self, agent: Agent, standing: Standing) -> None:
        self._agent, self._standing = agent, standing
        self._unmended: set[str] = set()
        self._next_mend = 0.0

    def refused(self, entry: OutboxEntry, code: str) -> None:
        """An act was refused; a wrap to a key that is gone is made again."""
        if entry.event == "wrap" and code in KEY_GONE:
            self._unmended.add(entry.case_id)
            self._next_mend = 0.0

    def step(self) -> None:
        """Wrap to who had no key at the seal; wrap again what was refused since a key had gone, once for each key."""
        if time.monotonic() < self._next_mend:
            return
        self._next_mend = time.monotonic() + MEND_EVERY_SECONDS
        try:
            missing_wraps.mend(self._agent)
            if not self._unmended:
                return
            self._agent.registry.refresh(self._agent.hub)
            for case_id in sorted(self._unmended):
                if self._mend_case(case_id):
                    self._unmended.discard(case_id)
        except Refusal as refusal:
            self._standing.trouble(refusal)

    def _mend_case(self, case_id: str) -> bool:
        """Whether every recipient of the case has a wrap that was not refused, after this attempt."""
        done: set[tuple[str, str]] = set()
        refused: dict[tuple[str, str], set[str]] = {}
        for entry in self._agent.journal.acts(case_id):
            if entry.event != "wrap":
                continue
            body = read_signed(entry.envelope).body
            use = (str(body["manifest"]), str(body["recipient"]))
            if entry.refusal is None:
                done.add(use)
            elif entry.refusal.code in KEY_GONE:
                refused.setdefault(use, set()).add(str(body["recipient_key"]))
        whole = True
        for (manifest, recipient), keys in refused.items():
            if (manifest, recipient) not in done:
                whole = self._mend_one(case_id, manifest, recipient, keys) and whole
        return whole

    def _mend_one(self, case_id: str, manifest: str, recipient: str, refused_keys: set[str]) -> bool:
        try:
            current = self._agent.registry.directory.current(recipient)
        except Refusal:
            return False  # revoked and not replaced yet: routing waits, and so do we
        if current.kem.id in refused_keys:
            return False
        rewrap(self._agent, case_id, recipient, manifest)
        return True

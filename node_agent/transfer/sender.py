"""What carries the journal's queue to the hub: uploads first, then acts in order, answers kept.

Invariants:
- an act is answered only by a receipt that verifies or by a refusal of the law; everything else (no network, a busy
  hub, a receipt that does not verify) leaves it waiting, and is tried again with growing random pauses, and not before
  the time that a busy hub named;
- acts of one case go in the order in which they were signed; one that waits holds back those behind it;
- cases are taken in the order in which they were sealed; one that cannot go holds back no other one;
- a spool file and the page copies of a draft are erased only after the receipt of the act that names them; the spool
  file also when that act was refused.
"""

import logging
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from tenacity import Retrying, retry_if_result
from tenacity.nap import sleep_using_event
from tenacity.stop import stop_when_event_set
from tenacity.wait import wait_random_exponential

from crypto.manifest import SEALING_EVENTS
from crypto.manifest import read as read_manifest
from crypto.refusal import Refusal
from node_agent.client.calls import NO_ANSWER as HUB_NO_ANSWER
from node_agent.client.calls import again_after
from node_agent.client.hub import Answer, Outgoing
from node_agent.keys.new_keys import sign_again
from node_agent.process import housekeeping
from node_agent.process.runtime import Agent
from node_agent.transfer import behind, bounce
from node_agent.transfer.mending import Mending
from node_agent.transfer.proofs import Proofs
from node_agent.transfer.receipts import Receipt, verify_receipt
from node_agent.transfer.standing import Standing
from node_agent.transfer.uploads import Uploads
from node_agent.window import drafts
from storage.journal import OutboxEntry
from storage.transfer import TransferClient

log = logging.getLogger(__name__)

BATCH = 64
LOOK_AHEAD = 1024
IDLE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 20
TIDY_EVERY_SECONDS = 60.0
GROWING = wait_random_exponential(multiplier=0.2, max=LONGEST_PAUSE_SECONDS)
APPLIES = frozenset({"seal", "seal_parent"})
"""Acts that turn a draft into an application."""
NO_ANSWER = HUB_NO_ANSWER | {"RECEIPT_UNTRUSTED"}


class Sender:
    """One a running agent. ``step`` is one round; not for use from several threads."""

    def __init__(self, agent: Agent, transfer: TransferClient | None = None) -> None:
        self._agent = agent
        self._standing = Standing(agent.journal)
        self._uploads = Uploads(agent, transfer or TransferClient(), self._standing)
        self._mending = Mending(agent, self._standing)
        self._proofs = Proofs(agent, self._standing)
        self._swept = False
        self._next_tidy = 0.0

    @property
    def problem(self) -> Refusal | None:
        """What keeps something from moving since the last round, or None."""
        return self._standing.problem

    def run(self, stop: threading.Event) -> None:
        """Rounds until ``stop``; pauses grow only while something is wrong."""
        while not stop.is_set():
            Retrying(
                stop=stop_when_event_set(stop),
                sleep=sleep_using_event(stop),
                wait=lambda state: min(LONGEST_PAUSE_SECONDS, max(GROWING(state), again_after(self.problem))),
                retry=retry_if_result(lambda _: self.problem is not None),
                retry_error_callback=lambda _: None,
            )(self._guarded_step)
            stop.wait(IDLE_SECONDS)

    def step(self) -> bool:
        """One round; True when anything moved. ``problem`` afterwards: what keeps something from moving, or None."""
        self._standing.problem = None
        if not self._swept:
            self._sweep()
        moved = self._uploads.step()
        moved = self._submit() or moved
        self._mending.step()
        self._proofs.step()
        self._tidy()
        self._standing.write()
        return moved

    def _guarded_step(self) -> None:
        try:
            self.step()
        except Refusal as refusal:  # the journal cannot be written, most often: nothing was kept, try again
            log.error("sending stopped: %s", refusal)
            self._standing.problem = refusal
        except Exception:
            log.exception("sending stopped by an error; it goes on after a pause")
            self._standing.problem = Refusal("INTERNAL", "promise 6")

    # --- acts ------------------------------------------------------------------------------------------------

    def _submit(self) -> bool:
        batch = self._ready()
        if not batch:
            return False
        try:
            answers = self._agent.hub.submit([_outgoing(entry) for entry in batch])
        except Refusal as refusal:
            self._standing.trouble(refusal)
            if refusal.code in NO_ANSWER or len(batch) == 1:
                return False
            return self._submit_singly(batch)
        return self._keep(batch, answers)

    def _submit_singly(self, batch: Sequence[OutboxEntry]) -> bool:
        """The hub refused the call as a whole: one bad act must not hold back the others."""
        moved, held = False, set[str]()
        for entry in batch:
            if entry.case_id in held:
                continue
            try:
                answers = self._agent.hub.submit([_outgoing(entry)])
            except Refusal as refusal:
                self._standing.trouble(refusal)
                held.add(entry.case_id)
                continue
            moved = self._keep([entry], answers) or moved
        return moved

    def _ready(self) -> list[OutboxEntry]:
        """The next acts, oldest first, without those behind one of their case that cannot go yet."""
        journal = self._agent.journal
        ready: list[str] = []
        held = behind.held_back(journal)
        for digest, case_id, manifest in journal.places_waiting(LOOK_AHEAD):
            if case_id in held or not self._uploaded(manifest):
                held.add(case_id)
            else:
                ready.append(digest)
            if len(ready) == BATCH:
                break
        return [entry for digest in ready if (entry := journal.entry(digest))]

    def _uploaded(self, manifest: str | None) -> bool:
        if manifest is None:
            return True
        upload = self._agent.journal.upload(manifest)
        return upload is not None and upload.state == "DONE"

    def _keep(self, batch: Sequence[OutboxEntry], answers: Sequence[Answer]) -> bool:
        """Keep answers in order. After a missing answer, what was said of later acts of the case does not count."""
        moved, held = False, set[str]()
        for entry, answer in zip(batch, answers, strict=True):
            if entry.case_id in held:
                continue
            try:
                self._keep_one(entry, answer)
                moved = True
            except Refusal as refusal:
                self._standing.trouble(refusal)
                held.add(entry.case_id)
                if refusal.code == "RECEIPT_UNTRUSTED":
                    self._standing.alarm(entry.payload_digest, refusal)
        return moved

    def _keep_one(self, entry: OutboxEntry, answer: Answer) -> None:
        journal = self._agent.journal
        if answer.refusal is not None:
            if answer.refusal.code in NO_ANSWER:
                raise answer.refusal
            if sign_again(self._agent, entry, answer.refusal):
                return
            journal.answered(entry.payload_digest, b"", "", answer.refusal)
            self._drop_refused(entry)
            self._mending.refused(entry, answer.refusal.code)
            return
        receipt = self._verify(entry, answer.receipt)
        journal.answered(entry.payload_digest, answer.receipt, receipt.case_no, None)
        self._standing.clear(entry.payload_digest)
        self._proofs.wait_for([entry.payload_digest])
        self._erase(entry)
        if bounce.keep_for_resend(entry.event):
            bounce.bound_spool(self._agent)

    def _verify(self, entry: OutboxEntry, receipt: bytes) -> Receipt:
        """Verified under the directory known here; a hub key that is new to us is looked up once."""
        try:
            return verify_receipt(self._agent, entry, receipt)
        except Refusal as refusal:
            if refusal.values.get("problem") not in {"SIGNER_UNKNOWN", "KEY_REVOKED"}:
                raise
            self._agent.registry.refresh(self._agent.hub)
            return verify_receipt(self._agent, entry, receipt)

    def _drop_refused(self, entry: OutboxEntry) -> None:
        """Nobody will ask for the ciphertext of a sealing that was refused: what is sealed after it is sealed anew.
        A refused ``resend`` names the bytes of a sealing that stands, a refused child those of its parent."""
        if entry.event not in SEALING_EVENTS or entry.event == "resend" or entry.needs_upload is None:
            return
        upload = self._agent.journal.upload(entry.needs_upload)
        if upload is not None and read_manifest(upload.manifest).case == entry.case_id:
            (self._agent.spool / upload.file).unlink(missing_ok=True)

    def _erase(self, entry: OutboxEntry) -> None:
        """The receipt names the stored version: page copies here have done their work, and so has the ciphertext,
        but for an application's, which stays until it was delivered (``node_agent.transfer.bounce``)."""
        if entry.event not in SEALING_EVENTS or entry.needs_upload is None:
            return
        upload = self._agent.journal.upload(entry.needs_upload)
        if upload is not None and not bounce.keep_for_resend(entry.event):
            (self._agent.spool / upload.file).unlink(missing_ok=True)
        if entry.event not in APPLIES or self._agent.journal.draft(entry.case_id) is None:
            return
        if any(one.payload_digest == entry.payload_digest for one in drafts.endings(self._agent, entry.case_id)):
            drafts.erase(self._agent, entry.case_id)

    # --- after a start, and what people are told -------------------------------------------------------------

    def _sweep(self) -> None:
        """What a kill may have left half done: files to erase, refused wraps, proofs not asked for."""
        journal = self._agent.journal
        cases = {*journal.case_ids(), *(case for case, _ in journal.drafts())}
        unproven: list[str] = []
        for case_id in sorted(cases):
            for entry in journal.acts(case_id):
                if entry.state == "DONE":
                    self._erase(entry)
                    if journal.kept(f"proof:{entry.payload_digest}") is None:
                        unproven.append(entry.payload_digest)
                elif entry.refusal is not None:
                    self._drop_refused(entry)
                    self._mending.refused(entry, entry.refusal.code)
        self._proofs.wait_for(unproven)
        self._swept = True

    def _tidy(self) -> None:
        if time.monotonic() >= self._next_tidy:
            self._next_tidy = time.monotonic() + TIDY_EVERY_SECONDS
            housekeeping.tidy(self._agent, datetime.now(UTC))


def _outgoing(entry: OutboxEntry) -> Outgoing:
    return Outgoing(entry.envelope, entry.attachments, entry.packets, entry.check_code_hash)

"""What carries the journal's queue to the hub: uploads first, then acts in order, answers kept.

Invariants:
- an act is answered only by a receipt that verifies or by a refusal of the law; everything else (no network, a busy
  hub, a receipt that does not verify) leaves it waiting, and is tried again with growing random pauses, and not before
  the time that a busy hub named;
- acts of one case go in the order in which they were signed; one that waits holds back those behind it;
- cases are taken in the order in which they were sealed; one that cannot go holds back no other one;
- an upload continues at the first missing part; a few go at once, with no more than one part of each in memory; one
  that is refused for good is an alarm and is tried again at its own growing pauses: it slows and stops no other one;
- a spool file and the page copies of a draft are erased only after the receipt of the act that names them; the spool
  file also when that act was refused.
"""

import json
import logging
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from tenacity import Retrying, retry_if_result
from tenacity.nap import sleep_using_event
from tenacity.stop import stop_when_event_set
from tenacity.wait import wait_random_exponential

from crypto import canonical
from crypto.manifest import SEALING_EVENTS, Manifest
from crypto.manifest import read as read_manifest
from crypto.refusal import Refusal
from crypto.statement import read_signed
from node_agent.client.calls import NO_ANSWER as HUB_NO_ANSWER
from node_agent.client.calls import again_after
from node_agent.client.hub import Answer, Outgoing
from node_agent.keys.rotation import sign_again
from node_agent.process import housekeeping
from node_agent.process.runtime import Agent
from node_agent.transfer import behind, bounce, missing_wraps
from node_agent.transfer.receipts import Receipt, verify_proven, verify_receipt
from node_agent.transfer.rewrap import rewrap
from node_agent.window import drafts
from storage.journal import Journal, OutboxEntry, PendingUpload
from storage.objectstore import SignedPut
from storage.transfer import TransferClient

log = logging.getLogger(__name__)

BATCH = 64
LOOK_AHEAD = 1024
GRANTS = 8
UPLOADS_A_ROUND = 16
UPLOADS_AT_ONCE = 4
UPLOAD_PAUSE_SECONDS, UPLOAD_LONGEST_SECONDS = 2.0, 600.0
IDLE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 20
PROOF_EVERY_SECONDS = 2.0
PROVEN_WITHIN = timedelta(seconds=60)
MEND_EVERY_SECONDS = 30.0
TIDY_EVERY_SECONDS = 60.0
GROWING = wait_random_exponential(multiplier=0.2, max=LONGEST_PAUSE_SECONDS)
STATUS = "sender"
UNPROVEN = "sender.unproven"
APPLIES = frozenset({"seal", "seal_parent"})
"""Acts that turn a draft into an application."""
NO_ANSWER = HUB_NO_ANSWER | {"RECEIPT_UNTRUSTED"}
PASSING = NO_ANSWER | {"TRANSFER_DENIED", "JOURNAL_UNWRITABLE", "CERTIFICATE_EXPIRED"}
"""Codes that an upload may get although nothing is wrong with it: a grant that ran out, what is away for now."""
KEY_GONE = frozenset({"RECIPIENT_KEY_STALE", "KEY_REVOKED", "SUBJECT_UNKNOWN"})


def read_status(journal: Journal) -> dict[str, Any]:
    """How sending goes: ``at``; ``problem`` (code, rule, values) or None; ``alarms``: {digest: {code, at, values}}.

    An alarm's digest is that of an act, or of the manifest of an upload that cannot go.
    ``uploads``: {manifest digest: [parts stored, parts in all]} of uploads of several parts under way.
    """
    data = journal.kept(STATUS)
    return {"at": "", "problem": None, "alarms": {}, "uploads": {}} | (dict(json.loads(data)) if data else {})


class Sender:
    """One a running agent. ``step`` is one round; not for use from several threads."""

    def __init__(self, agent: Agent, transfer: TransferClient | None = None) -> None:
        self._agent = agent
        self._transfer = transfer or TransferClient()
        self._status = read_status(agent.journal)
        self._swept = False
        self._failures: dict[str, tuple[int, float]] = {}  # by manifest: how often, and when to try again
        self._unmended: set[str] = set()
        self._next_mend = 0.0
        self._next_proof = 0.0
        self._next_tidy = 0.0
        self.problem: Refusal | None = None

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
        self.problem = None
        if not self._swept:
            self._sweep()
        moved = self._upload_all()
        moved = self._submit() or moved
        self._mend()
        self._prove()
        self._tidy()
        self._write_status()
        return moved

    def _guarded_step(self) -> None:
        try:
            self.step()
        except Refusal as refusal:  # the journal cannot be written, most often: nothing was kept, try again
            log.error("sending stopped: %s", refusal)
            self.problem = refusal
        except Exception:
            log.exception("sending stopped by an error; it goes on after a pause")
            self.problem = Refusal("INTERNAL", "promise 6")

    # --- uploads ---------------------------------------------------------------------------------------------

    def _upload_all(self) -> bool:
        """The uploads that are due, a few at a time: the store's answers are waited for together."""
        waiting = self._uploads_due()
        if not waiting:
            return False
        with ThreadPoolExecutor(UPLOADS_AT_ONCE, thread_name_prefix="upload") as threads:
            troubles = list(threads.map(self._try_upload, waiting))
        for upload, refusal in zip(waiting, troubles, strict=True):
            self._note_upload(upload.manifest_digest, refusal)
        return None in troubles

    def _uploads_due(self) -> list[PendingUpload]:
        """Those that failed less often first, then the oldest: some that cannot go never fill the round."""
        now, never = time.monotonic(), (0, 0.0)
        waiting = self._agent.journal.uploads_waiting()
        tried = {upload.manifest_digest: self._failures.get(upload.manifest_digest, never) for upload in waiting}
        due = [upload for upload in waiting if tried[upload.manifest_digest][1] <= now]
        return sorted(due, key=lambda upload: tried[upload.manifest_digest][0])[:UPLOADS_A_ROUND]

    def _note_upload(self, digest: str, refusal: Refusal | None) -> None:
        """What passes is tried again in the next round, which is a pause away; what does not, at its own time."""
        if refusal is None:
            self._failures.pop(digest, None)
            self._status["alarms"].pop(digest, None)
            return
        count = self._failures.get(digest, (0, 0.0))[0] + 1
        if refusal.code in PASSING:
            self._failures[digest] = (count, 0.0)
            self._trouble(refusal)
            return
        pause = min(UPLOAD_LONGEST_SECONDS, UPLOAD_PAUSE_SECONDS * float(1 << min(count - 1, 16)))
        self._failures[digest] = (count, time.monotonic() + pause)
        self._alarm(digest, refusal)

    def _try_upload(self, upload: PendingUpload) -> Refusal | None:
        try:
            self._upload(upload)
        except Refusal as refusal:
            return refusal
        return None

    def _upload(self, upload: PendingUpload) -> None:
        hub = self._agent.hub
        begun = hub.create_upload(upload.manifest)
        if not begun.complete:
            manifest = read_manifest(upload.manifest)
            missing = [number for number in range(1, len(manifest.parts) + 1) if number not in begun.stored]
            given = dict(begun.grants)
            while missing:
                self._tell_upload(upload, manifest, len(missing))
                grants = given or hub.grant_parts(begun.upload_id, missing[:GRANTS])
                if not grants:
                    raise Refusal("STORE_UNAVAILABLE", "promise 5", answer="no grant")
                self._put_parts(upload, manifest, grants)
                missing = [number for number in missing if number not in grants]
                given = {}
            hub.complete_upload(begun.upload_id)
        self._agent.journal.uploaded(upload.manifest_digest)
        self._status["uploads"].pop(upload.manifest_digest, None)

    def _tell_upload(self, upload: PendingUpload, manifest: Manifest, missing: int) -> None:
        """For the list of what waits: how far an upload of several parts is."""
        if len(manifest.parts) > 1:
            self._status["uploads"][upload.manifest_digest] = [len(manifest.parts) - missing, len(manifest.parts)]
            self._write_status()

    def _put_parts(self, upload: PendingUpload, manifest: Manifest, grants: Mapping[int, SignedPut]) -> None:
        try:
            with (self._agent.spool / upload.file).open("rb") as spool:
                for number, grant in sorted(grants.items()):
                    spool.seek((number - 1) * manifest.part_size)
                    self._transfer.put_part(grant, spool.read(manifest.parts[number - 1].size))
        except OSError as error:
            raise Refusal("SPOOL_UNREADABLE", "promise 6", problem=error.strerror or "") from error

    # --- acts ------------------------------------------------------------------------------------------------

    def _submit(self) -> bool:
        batch = self._ready()
        if not batch:
            return False
        try:
            answers = self._agent.hub.submit([_outgoing(entry) for entry in batch])
        except Refusal as refusal:
            self._trouble(refusal)
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
                self._trouble(refusal)
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
                self._trouble(refusal)
                held.add(entry.case_id)
                if refusal.code == "RECEIPT_UNTRUSTED":
                    self._alarm(entry.payload_digest, refusal)
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
            if entry.event == "wrap" and answer.refusal.code in KEY_GONE:
                self._unmended.add(entry.case_id)
                self._next_mend = 0.0
            return
        receipt = self._verify(entry, answer.receipt)
        journal.answered(entry.payload_digest, answer.receipt, receipt.case_no, None)
        self._status["alarms"].pop(entry.payload_digest, None)
        self._await_proof(entry.payload_digest)
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

    # --- keys again ------------------------------------------------------------------------------------------

    def _mend(self) -> None:
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
            self._trouble(refusal)

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

    # --- proven receipts -------------------------------------------------------------------------------------

    def _await_proof(self, digest: str) -> None:
        waiting = self._unproven()
        waiting[digest] = canonical.time_text(datetime.now(UTC))
        self._agent.journal.keep(UNPROVEN, canonical.encode(waiting))

    def _unproven(self) -> dict[str, str]:
        data = self._agent.journal.kept(UNPROVEN)
        return dict(json.loads(data)) if data else {}

    def _prove(self) -> None:
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
                    self._alarm(digest, Refusal("RECEIPT_NOT_PROVEN", "promise 4", digest=digest))
            except Refusal as refusal:
                if refusal.code == "RECEIPT_CONTRADICTED":
                    self._alarm(digest, refusal)
                else:
                    self._trouble(refusal)
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
        self._status["alarms"].pop(digest, None)
        return True

    # --- after a start, and what people are told -------------------------------------------------------------

    def _sweep(self) -> None:
        """What a kill may have left half done: files to erase, refused wraps, proofs not asked for."""
        journal = self._agent.journal
        cases = {*journal.case_ids(), *(case for case, _ in journal.drafts())}
        waiting = self._unproven()
        for case_id in sorted(cases):
            for entry in journal.acts(case_id):
                if entry.state == "DONE":
                    self._erase(entry)
                    if journal.kept(f"proof:{entry.payload_digest}") is None:
                        waiting.setdefault(entry.payload_digest, canonical.time_text(datetime.now(UTC)))
                elif entry.refusal is not None:
                    self._drop_refused(entry)
                    if entry.event == "wrap" and entry.refusal.code in KEY_GONE:
                        self._unmended.add(case_id)
        journal.keep(UNPROVEN, canonical.encode(waiting))
        self._swept = True

    def _tidy(self) -> None:
        if time.monotonic() >= self._next_tidy:
            self._next_tidy = time.monotonic() + TIDY_EVERY_SECONDS
            housekeeping.tidy(self._agent, datetime.now(UTC))

    def _trouble(self, refusal: Refusal) -> None:
        if self.problem is None:
            self.problem = refusal

    def _alarm(self, digest: str, refusal: Refusal) -> None:
        known = self._status["alarms"].get(digest)
        if known is None or known["code"] != refusal.code:
            log.error("alarm: %s", refusal)
            self._status["alarms"][digest] = {
                "code": refusal.code,
                "at": canonical.time_text(datetime.now(UTC)),
                "values": dict(refusal.values),
            }

    def _write_status(self) -> None:
        shown = None
        if self.problem is not None:
            shown = {"code": self.problem.code, "rule": self.problem.rule, "values": dict(self.problem.values)}
        before = read_status(self._agent.journal)
        if all(before[name] == now for name, now in {**self._status, "problem": shown}.items() if name != "at"):
            return
        status = {**self._status, "at": canonical.time_text(datetime.now(UTC)), "problem": shown}
        self._agent.journal.keep(STATUS, canonical.encode(status))


def _outgoing(entry: OutboxEntry) -> Outgoing:
    return Outgoing(entry.envelope, entry.attachments, entry.packets, entry.check_code_hash)

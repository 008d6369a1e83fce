"""Sealed files on their way to the store: a few at once, part by part, each at its own pace.

Invariants:
- an upload continues at the first missing part, with no more than one part of each in memory;
- one that is refused for good is an alarm and is tried again at its own growing pauses: it slows and stops no other.
"""

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from crypto.manifest import Manifest
from crypto.manifest import read as read_manifest
from crypto.refusal import Refusal
from node_agent.client.calls import NO_ANSWER
from node_agent.process.runtime import Agent
from node_agent.transfer.standing import Standing
from storage.journal import PendingUpload
from storage.objectstore import SignedPut
from storage.transfer import TransferClient

GRANTS = 8
UPLOADS_A_ROUND = 16
UPLOADS_AT_ONCE = 4
UPLOAD_PAUSE_SECONDS, UPLOAD_LONGEST_SECONDS = 2.0, 600.0
PASSING = NO_ANSWER | {"TRANSFER_DENIED", "JOURNAL_UNWRITABLE", "CERTIFICATE_EXPIRED"}
"""Codes that an upload may get although nothing is wrong with it: a grant that ran out, what is away for now."""


class Uploads:
    """One a sender. ``step`` is one round."""

    def __init__(self, agent: Agent, transfer: TransferClient, standing: Standing) -> None:
        self._agent, self._transfer, self._standing = agent, transfer, standing
        self._failures: dict[str, tuple[int, float]] = {}  # by manifest: how often, and when to try again

    def step(self) -> bool:
        """The uploads that are due, a few at a time: the store's answers are waited for together. Whether one went."""
        waiting = self._due()
        if not waiting:
            return False
        with ThreadPoolExecutor(UPLOADS_AT_ONCE, thread_name_prefix="upload") as threads:
            troubles = list(threads.map(self._try, waiting))
        for upload, refusal in zip(waiting, troubles, strict=True):
            self._note(upload.manifest_digest, refusal)
        return None in troubles

    def _due(self) -> list[PendingUpload]:
        """Those that failed less often first, then the oldest: some that cannot go never fill the round."""
        now, never = time.monotonic(), (0, 0.0)
        waiting = self._agent.journal.uploads_waiting()
        tried = {upload.manifest_digest: self._failures.get(upload.manifest_digest, never) for upload in waiting}
        due = [upload for upload in waiting if tried[upload.manifest_digest][1] <= now]
        return sorted(due, key=lambda upload: tried[upload.manifest_digest][0])[:UPLOADS_A_ROUND]

    def _note(self, digest: str, refusal: Refusal | None) -> None:
        """What passes is tried again in the next round, which is a pause away; what does not, at its own time."""
        if refusal is None:
            self._failures.pop(digest, None)
            self._standing.clear(digest)
            return
        count = self._failures.get(digest, (0, 0.0))[0] + 1
        if refusal.code in PASSING:
            self._failures[digest] = (count, 0.0)
            self._standing.trouble(refusal)
            return
        pause = min(UPLOAD_LONGEST_SECONDS, UPLOAD_PAUSE_SECONDS * float(1 << min(count - 1, 16)))
        self._failures[digest] = (count, time.monotonic() + pause)
        self._standing.alarm(digest, refusal)

    def _try(self, upload: PendingUpload) -> Refusal | None:
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
                self._tell(upload, manifest, len(missing))
                grants = given or hub.grant_parts(begun.upload_id, missing[:GRANTS])
                if not grants:
                    raise Refusal("STORE_UNAVAILABLE", "promise 5", answer="no grant")
                self._put_parts(upload, manifest, grants)
                missing = [number for number in missing if number not in grants]
                given = {}
            hub.complete_upload(begun.upload_id)
        self._agent.journal.uploaded(upload.manifest_digest)
        self._standing.uploaded(upload.manifest_digest)

    def _tell(self, upload: PendingUpload, manifest: Manifest, missing: int) -> None:
        """For the list of what waits: how far an upload of several parts is."""
        if len(manifest.parts) > 1:
            self._standing.uploading(upload.manifest_digest, len(manifest.parts) - missing, len(manifest.parts))

    def _put_parts(self, upload: PendingUpload, manifest: Manifest, grants: Mapping[int, SignedPut]) -> None:
        try:
            with (self._agent.spool / upload.file).open("rb") as spool:
                for number, grant in sorted(grants.items()):
                    spool.seek((number - 1) * manifest.part_size)
                    self._transfer.put_part(grant, spool.read(manifest.parts[number - 1].size))
        except OSError as error:
            raise Refusal("SPOOL_UNREADABLE", "promise 6", problem=error.strerror or "") from error

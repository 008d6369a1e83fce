"""Ciphertext: uploads that only the hub can begin and complete, versions that are pinned, grants to read.

Invariants:
- agents only PUT with presigned URLs that fix object or part, size and MD5; they hold no store credentials;
- an object of one part goes with one PUT; larger ones by multipart, continued at the first missing part;
- an upload belongs to a manifest; it is completed only when every part is there with the size and MD5 that the
  manifest states, and the object's ETag is the one that follows from them;
- completing pins the VersionId; whatever is written to the same key later is not what the receipt names; only where
  the hub itself found the pinned version unsound (T12E) may the same sealed bytes be stored and pinned again (T12R);
- a node reads an object only while the case is open to it (``hub.casework.audience``) and it holds a packet of that
  sealing (H02).
"""

import base64
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from crypto import canonical
from crypto.manifest import Manifest
from crypto.manifest import read as read_manifest
from crypto.records import KeyRecord
from crypto.refusal import Refusal
from hub.casework.audience import may_read
from hub.casework.casefile import CaseFile, from_document
from storage import failpoints
from storage.database import Database, Reading, Unit
from storage.object_rows import PinnedRow, UploadRow
from storage.objectstore import ObjectStore, Part, SignedPut, StoredObject, expected_etag

GRANT_SECONDS = 900
GRANTS_MOST = 100
GRANTS_FIRST = 8
WHOLE = ""  # the store's upload id where the object goes in one PUT
SIZE_MOST = 5 << 30
RULE = "promise 5; design: object store"


@dataclass(frozen=True)
class UploadState:
    """An upload as it stands: parts in the store, and the pinned object once it is complete.

    ``grants``: for the first missing parts, so that a small object needs no second call.
    """

    upload_id: str
    parts: list[Part]
    object: PinnedRow | None
    grants: list[tuple[int, SignedPut]] = field(default_factory=list)


class ObjectService:
    """Blocking; safe from several threads and processes."""

    def __init__(self, database: Database, store: ObjectStore) -> None:
        self._database = database
        self._store = store

    def create_upload(self, caller: KeyRecord, data: bytes) -> UploadState:
        """Begin the upload of a sealing, or find it again. Refusals MANIFEST_FORMAT, OBJECT_KEY, NOT_YOUR_CASE."""
        manifest = read_manifest(data)
        _require_key(manifest)
        digest = canonical.digest(data)
        with self._database.unit() as unit:
            file = _require_sealer(unit, caller, manifest)
            done = unit.objects.pinned([digest]).get(digest)
            known = unit.objects.upload_of(digest)
            unsound = done[0].version_id if done and file and _to_send_again(file, done[0]) else None
            if done and unsound is None:
                return UploadState(known.upload_id if known else "", [], done[0])
            unit.objects.keep_document(digest, "manifest", data)
            if known is not None and unsound is not None and known.state != "OPEN":
                unit.objects.forget_upload(known.upload_id)
                known = None
            if known is None:
                in_one = _in_one(manifest) and unsound is None  # one PUT makes an object, and only where there is none
                with failpoints.write("objects.begin"):
                    begun = WHOLE if in_one else self._store.create_multipart(manifest.object_key)
                known = unit.objects.open_upload(
                    UploadRow(secrets.token_hex(16), digest, caller.subject, manifest.object_key, begun, "OPEN")
                )
            with failpoints.write("objects.begin_commit"):
                unit.commit()
        _require_own(known, caller)
        try:
            parts = self._parts(known, manifest, unsound)
        except Refusal as refusal:
            if refusal.code != "UPLOAD_MISSING":
                raise
            self._forget(known)  # the store has lost what was begun: the next call begins anew
            raise Refusal("STORE_UNAVAILABLE", RULE, key=manifest.object_key) from refusal
        missing = sorted(set(range(1, len(manifest.parts) + 1)) - {part.number for part in parts})
        grants = [(number, self._grant(known, manifest, number)) for number in missing[:GRANTS_FIRST]]
        return UploadState(known.upload_id, parts, None, grants)

    def grant_parts(self, caller: KeyRecord, upload_id: str, numbers: Sequence[int]) -> list[tuple[int, SignedPut]]:
        """Presigned PUTs; each fixes number, size and MD5. Refusals UPLOAD_MISSING, PART_NUMBER, NOT_YOUR_CASE."""
        upload, manifest = self._upload(caller, upload_id)
        if len(numbers) > GRANTS_MOST or not all(1 <= number <= len(manifest.parts) for number in numbers):
            raise Refusal("PART_NUMBER", RULE, most=len(manifest.parts))
        return [(number, self._grant(upload, manifest, number)) for number in numbers]

    def _grant(self, upload: UploadRow, manifest: Manifest, number: int) -> SignedPut:
        part = manifest.parts[number - 1]
        md5 = base64.b64encode(bytes.fromhex(part.md5)).decode()
        if upload.store_upload_id == WHOLE:
            return self._store.presign_put(upload.object_key, part.size, md5, GRANT_SECONDS, new=True)
        return self._store.presign_part(
            upload.object_key, upload.store_upload_id, number, part.size, md5, GRANT_SECONDS
        )

    def complete_upload(self, caller: KeyRecord, upload_id: str) -> PinnedRow:
        """Check parts and ETag against the manifest, complete, pin. Refusals UPLOAD_INCOMPLETE, OBJECT_CHANGED."""
        upload, manifest = self._upload(caller, upload_id)
        with self._database.unit() as unit:
            done = unit.objects.pinned([upload.manifest]).get(upload.manifest)
        if done and upload.state != "OPEN":
            return done[0]
        stored = self._complete(upload, manifest, done[0].version_id if done else None)
        row = PinnedRow(
            upload.manifest,
            caller.subject,
            manifest.case,
            upload.object_key,
            stored.version_id,
            stored.size,
            stored.etag,
        )
        with self._database.unit() as unit:
            if unit.objects.end_upload(upload_id) and done:  # of two who complete at once, the first one pins
                unit.objects.pin_again(row, done[0].version_id)
            unit.objects.pin(row)
            kept = unit.objects.pinned([upload.manifest])[upload.manifest][0]
            with failpoints.write("objects.pin_commit"):
                unit.commit()  # commit point: this version is the one
        return kept

    def abort_upload(self, caller: KeyRecord, upload_id: str) -> None:
        """Drop an unfinished upload and its parts."""
        upload, _ = self._upload(caller, upload_id)
        if upload.state != "OPEN":
            raise Refusal("UPLOAD_DONE", RULE, upload=upload_id)
        if upload.store_upload_id != WHOLE:
            self._store.abort_multipart(upload.object_key, upload.store_upload_id)
        self._forget(upload)

    def _forget(self, upload: UploadRow) -> None:
        with self._database.unit() as unit:
            unit.objects.forget_upload(upload.upload_id)
            unit.commit()

    def grant_download(self, caller: KeyRecord, case_id: str, digest: str) -> tuple[str, PinnedRow, bytes]:
        """Presigned GET of the pinned version, and its manifest.

        Refusals OBJECT_MISSING, OBJECT_CHANGED, NOT_YOUR_CASE, KEYS_MISSING.
        """
        with self._database.unit() as unit:
            found = unit.objects.pinned([digest]).get(digest)
            if found is None or not _names(unit, case_id, found[0]):
                raise Refusal("OBJECT_MISSING", RULE, manifest=digest)
            require_reader(unit, caller, case_id, digest)
            if not unit.objects.packets(digest, caller.subject, limit=1, case_id=case_id):
                raise Refusal("KEYS_MISSING", "H02; architecture: key packets", recipient=caller.subject)
        row, manifest = found
        stored = self._store.head(row.object_key, row.version_id)
        if stored is None:
            raise Refusal("OBJECT_MISSING", RULE, manifest=digest)
        if (stored.size, stored.etag) != (row.size, row.etag):
            raise Refusal("OBJECT_CHANGED", RULE, manifest=digest)
        return self._store.presign_get(row.object_key, row.version_id, GRANT_SECONDS), row, manifest

    def _upload(self, caller: KeyRecord, upload_id: str) -> tuple[UploadRow, Manifest]:
        with self._database.unit() as unit:
            upload = unit.objects.upload(upload_id)
            data = unit.objects.document(upload.manifest) if upload else None
        if upload is None or data is None:
            raise Refusal("UPLOAD_MISSING", RULE, upload=upload_id[:40])
        _require_own(upload, caller)
        return upload, read_manifest(data)

    def _parts(self, upload: UploadRow, manifest: Manifest, unsound: str | None) -> list[Part]:
        """Parts in the store that are as the manifest states; others are to be sent again."""
        if upload.state != "OPEN":
            return []
        if upload.store_upload_id == WHOLE:
            part = manifest.parts[0]
            return [Part(1, part.size, part.md5)] if self._stored_whole(upload, manifest, unsound) else []
        wanted = dict(enumerate(manifest.parts, start=1))
        try:
            stored = self._store.list_parts(upload.object_key, upload.store_upload_id)
        except Refusal as refusal:
            if refusal.code != "UPLOAD_MISSING" or not self._stored_whole(upload, manifest, unsound):
                raise
            return [Part(number, part.size, part.md5) for number, part in wanted.items()]  # completed, not pinned yet
        good = {
            part.number: part
            for part in stored
            if part.number in wanted and (part.size, part.etag) == (wanted[part.number].size, wanted[part.number].md5)
        }
        return [good[number] for number in sorted(good)]

    def _complete(self, upload: UploadRow, manifest: Manifest, unsound: str | None) -> StoredObject:
        if upload.store_upload_id == WHOLE:
            found = self._stored_whole(upload, manifest, unsound)
            if found is None:
                raise Refusal("UPLOAD_INCOMPLETE", RULE, missing=1, first=1)
            return found
        try:
            parts = self._parts(upload, manifest, unsound)
        except Refusal as refusal:
            if refusal.code != "UPLOAD_MISSING":
                raise
            return self._completed_before(upload, manifest, unsound)
        missing = sorted(set(range(1, len(manifest.parts) + 1)) - {part.number for part in parts})
        if missing:
            # Another process may have completed it between our look-up and the listing.
            done = self._stored_whole(upload, manifest, unsound)
            if done:
                return done
            raise Refusal("UPLOAD_INCOMPLETE", RULE, missing=len(missing), first=missing[0])
        with failpoints.write("objects.complete"):
            stored = self._store.complete_multipart(upload.object_key, upload.store_upload_id, parts)
        if (stored.size, stored.etag) != (manifest.size, _etag(upload, manifest)):
            raise Refusal("OBJECT_CHANGED", RULE, key=upload.object_key)
        return stored

    def _completed_before(self, upload: UploadRow, manifest: Manifest, unsound: str | None) -> StoredObject:
        """A completion whose answer was lost: the newest version is ours if size and ETag say so."""
        stored = self._stored_whole(upload, manifest, unsound)
        if stored is None:
            raise Refusal("UPLOAD_MISSING", RULE, upload=upload.upload_id)
        return stored

    def _stored_whole(self, upload: UploadRow, manifest: Manifest, unsound: str | None) -> StoredObject | None:
        """The newest version, if it can be ours: not the one (``unsound``) that this upload is to replace."""
        stored = self._store.head(upload.object_key)
        if stored is None or stored.version_id == unsound:
            return None
        return stored if (stored.size, stored.etag) == (manifest.size, _etag(upload, manifest)) else None


def _in_one(manifest: Manifest) -> bool:
    return len(manifest.parts) == 1


def _etag(upload: UploadRow, manifest: Manifest) -> str:
    """What the store must say of the whole object: of one PUT its MD5, else what follows from the parts."""
    if upload.store_upload_id == WHOLE:
        return manifest.parts[0].md5
    return expected_etag([bytes.fromhex(part.md5) for part in manifest.parts])


def _require_key(manifest: Manifest) -> None:
    """Object keys are ``cases/<case>/<revision>/<32 hex>``: nothing outside the case's own folder."""
    parts = manifest.object_key.split("/")
    good = len(parts) == 4 and parts[:3] == ["cases", manifest.case, str(manifest.revision)]
    if not good or len(parts[3]) != 32 or not set(parts[3]) <= set("0123456789abcdef"):
        raise Refusal("OBJECT_KEY", RULE, key=manifest.object_key[:120])
    if manifest.size > SIZE_MOST:
        raise Refusal("OBJECT_TOO_LARGE", RULE, size=manifest.size, most=SIZE_MOST)


def _require_sealer(unit: Unit, caller: KeyRecord, manifest: Manifest) -> CaseFile | None:
    """A new case's first sealing comes from a window; later ones from a node that has a part in the case."""
    if not caller.roles & {"window", "department", "portal"}:
        raise Refusal("ROLE_FORBIDS", "A24", role=",".join(sorted(caller.roles)), event="upload")
    row = unit.cases.find(manifest.case)
    file = from_document(json.loads(row.document)) if row else None
    if file is not None and caller.subject not in file.parties():
        raise Refusal("NOT_YOUR_CASE", "A24", event="upload", node=caller.subject)
    return file


def require_reader(reading: Reading, caller: KeyRecord, case_id: str, manifest: str) -> None:
    """Refusal NOT_YOUR_CASE unless this sealing is open to the caller now. Packets decide what it can read of it.

    A recovery key is asked where nobody else can open a sealing: it has no part in the case, only packets.
    """
    row = reading.cases.find(case_id)
    file = from_document(json.loads(row.document)) if row else None
    recovers = "recovery" in caller.roles
    if file is None or not (recovers or may_read(file, manifest, caller.subject)):
        raise Refusal("NOT_YOUR_CASE", "A24; H02", node=caller.subject)


def _names(reading: Reading, case_id: str, pinned: PinnedRow) -> bool:
    """Whether the sealing is the case's own, or its parent's that it uses as a child (states.md 8, P1)."""
    if pinned.case_id == case_id:
        return True
    row = reading.cases.find(case_id)
    file = from_document(json.loads(row.document)) if row else None
    parent = file.bond.parent if file and file.bond else ""
    return file is not None and parent == pinned.case_id and any(m.manifest == pinned.manifest for m in file.sealings)


def _to_send_again(file: CaseFile, pinned: PinnedRow) -> bool:
    """Whether the hub found this pinned version unsound, and no later one is pinned yet (T12E, T12R)."""
    bounce, sealing = file.bounce, file.sealing("application")
    unsound = bounce is not None and bounce.finding == "UNSOUND" and not bounce.settled
    return (
        unsound
        and sealing is not None
        and (sealing.manifest, sealing.version_id) == (pinned.manifest, pinned.version_id)
    )


def _require_own(upload: UploadRow, caller: KeyRecord) -> None:
    if upload.node != caller.subject:
        raise Refusal("NOT_YOUR_CASE", "A24", event="upload", node=caller.subject)

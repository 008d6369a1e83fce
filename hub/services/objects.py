"""Ciphertext: uploads that only the hub can begin and complete, versions that are pinned, grants to read.

Invariants:
- agents only PUT parts with presigned URLs that fix number, size and MD5; they hold no store credentials;
- an upload belongs to a manifest; it is completed only when every part is there with the size and MD5 that the
  manifest states, and the object's ETag is the one that follows from them;
- completing pins the VersionId; whatever is written to the same key later is not what the receipt names;
- a node reads an object only while it has a part in the case and holds a packet of that sealing (H02).
"""

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from crypto import canonical
from crypto.manifest import Manifest
from crypto.manifest import read as read_manifest
from crypto.records import KeyRecord
from crypto.refusal import Refusal
from storage.database import Database, Unit
from storage.object_rows import PinnedRow, UploadRow
from storage.objectstore import ObjectStore, Part, SignedPut, StoredObject, expected_etag

GRANT_SECONDS = 900
GRANTS_MOST = 100
SIZE_MOST = 5 << 30
RULE = "promise 5; design: object store"


@dataclass(frozen=True)
class UploadState:
    """An upload as it stands: parts in the store, and the pinned object once it is complete."""

    upload_id: str
    parts: list[Part]
    object: PinnedRow | None


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
            _require_sealer(unit, caller, manifest)
            done = unit.objects.pinned([digest]).get(digest)
            known = unit.objects.upload_of(digest)
            if done:
                return UploadState(known.upload_id if known else "", [], done[0])
            unit.objects.keep_document(digest, "manifest", data)
            if known is None:
                begun = self._store.create_multipart(manifest.object_key)
                known = unit.objects.open_upload(
                    UploadRow(secrets.token_hex(16), digest, caller.subject, manifest.object_key, begun, "OPEN")
                )
            unit.commit()
        _require_own(known, caller)
        return UploadState(known.upload_id, self._parts(known, manifest), None)

    def grant_parts(self, caller: KeyRecord, upload_id: str, numbers: Sequence[int]) -> list[tuple[int, SignedPut]]:
        """Presigned PUTs; each fixes number, size and MD5. Refusals UPLOAD_MISSING, PART_NUMBER, NOT_YOUR_CASE."""
        upload, manifest = self._upload(caller, upload_id)
        if len(numbers) > GRANTS_MOST or not all(1 <= number <= len(manifest.parts) for number in numbers):
            raise Refusal("PART_NUMBER", RULE, most=len(manifest.parts))
        grants = []
        for number in numbers:
            part = manifest.parts[number - 1]
            md5 = base64.b64encode(bytes.fromhex(part.md5)).decode()
            grants.append(
                (
                    number,
                    self._store.presign_part(
                        upload.object_key, upload.store_upload_id, number, part.size, md5, GRANT_SECONDS
                    ),
                )
            )
        return grants

    def complete_upload(self, caller: KeyRecord, upload_id: str) -> PinnedRow:
        """Check parts and ETag against the manifest, complete, pin. Refusals UPLOAD_INCOMPLETE, OBJECT_CHANGED."""
        upload, manifest = self._upload(caller, upload_id)
        with self._database.unit() as unit:
            done = unit.objects.pinned([upload.manifest]).get(upload.manifest)
        if done:
            return done[0]
        stored = self._complete(upload, manifest)
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
            unit.objects.pin(row)
            unit.objects.end_upload(upload_id)
            kept = unit.objects.pinned([upload.manifest])[upload.manifest][0]
            unit.commit()  # commit point: this version is the one
        return kept

    def abort_upload(self, caller: KeyRecord, upload_id: str) -> None:
        """Drop an unfinished upload and its parts."""
        upload, _ = self._upload(caller, upload_id)
        if upload.state != "OPEN":
            raise Refusal("UPLOAD_DONE", RULE, upload=upload_id)
        self._store.abort_multipart(upload.object_key, upload.store_upload_id)
        with self._database.unit() as unit:
            unit.objects.forget_upload(upload_id)
            unit.commit()

    def grant_download(self, caller: KeyRecord, case_id: str, digest: str) -> tuple[str, PinnedRow, bytes]:
        """Presigned GET of the pinned version, and its manifest.

        Refusals OBJECT_MISSING, OBJECT_CHANGED, NOT_YOUR_CASE, KEYS_MISSING.
        """
        with self._database.unit() as unit:
            found = unit.objects.pinned([digest]).get(digest)
            if found is None or found[0].case_id != case_id:
                raise Refusal("OBJECT_MISSING", RULE, manifest=digest)
            if not unit.cases.is_party(caller.subject, case_id) and "recovery" not in caller.roles:
                raise Refusal("NOT_YOUR_CASE", "A24; H02", node=caller.subject)
            if not unit.objects.packets(digest, caller.subject, limit=1):
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

    def _parts(self, upload: UploadRow, manifest: Manifest) -> list[Part]:
        """Parts in the store that are as the manifest states; others are to be sent again."""
        if upload.state != "OPEN":
            return []
        wanted = dict(enumerate(manifest.parts, start=1))
        stored = self._store.list_parts(upload.object_key, upload.store_upload_id)
        good = {
            part.number: part
            for part in stored
            if part.number in wanted and (part.size, part.etag) == (wanted[part.number].size, wanted[part.number].md5)
        }
        return [good[number] for number in sorted(good)]

    def _complete(self, upload: UploadRow, manifest: Manifest) -> StoredObject:
        etag = expected_etag([bytes.fromhex(part.md5) for part in manifest.parts])
        try:
            parts = self._parts(upload, manifest)
        except Refusal as refusal:
            if refusal.code != "UPLOAD_MISSING":
                raise
            return self._completed_before(upload, manifest, etag)
        missing = sorted(set(range(1, len(manifest.parts) + 1)) - {part.number for part in parts})
        if missing:
            # Another process may have completed it between our look-up and the listing.
            done = self._stored_whole(upload, manifest, etag)
            if done:
                return done
            raise Refusal("UPLOAD_INCOMPLETE", RULE, missing=len(missing), first=missing[0])
        stored = self._store.complete_multipart(upload.object_key, upload.store_upload_id, parts)
        if (stored.size, stored.etag) != (manifest.size, etag):
            raise Refusal("OBJECT_CHANGED", RULE, key=upload.object_key)
        return stored

    def _completed_before(self, upload: UploadRow, manifest: Manifest, etag: str) -> StoredObject:
        """A completion whose answer was lost: the newest version is ours if size and ETag say so."""
        stored = self._stored_whole(upload, manifest, etag)
        if stored is None:
            raise Refusal("UPLOAD_MISSING", RULE, upload=upload.upload_id)
        return stored

    def _stored_whole(self, upload: UploadRow, manifest: Manifest, etag: str) -> StoredObject | None:
        stored = self._store.head(upload.object_key)
        whole = stored is not None and (stored.size, stored.etag) == (manifest.size, etag)
        return stored if whole else None


def _require_key(manifest: Manifest) -> None:
    """Object keys are ``cases/<case>/<revision>/<32 hex>``: nothing outside the case's own folder."""
    parts = manifest.object_key.split("/")
    good = len(parts) == 4 and parts[:3] == ["cases", manifest.case, str(manifest.revision)]
    if not good or len(parts[3]) != 32 or not set(parts[3]) <= set("0123456789abcdef"):
        raise Refusal("OBJECT_KEY", RULE, key=manifest.object_key[:120])
    if manifest.size > SIZE_MOST:
        raise Refusal("OBJECT_TOO_LARGE", RULE, size=manifest.size, most=SIZE_MOST)


def _require_sealer(unit: Unit, caller: KeyRecord, manifest: Manifest) -> None:
    """A new case's first sealing comes from a window; later ones from a node that has a part in the case."""
    if not caller.roles & {"window", "department", "portal"}:
        raise Refusal("ROLE_FORBIDS", "A24", role=",".join(sorted(caller.roles)), event="upload")
    if unit.cases.find(manifest.case) and not unit.cases.is_party(caller.subject, manifest.case):
        raise Refusal("NOT_YOUR_CASE", "A24", event="upload", node=caller.subject)


def _require_own(upload: UploadRow, caller: KeyRecord) -> None:
    if upload.node != caller.subject:
        raise Refusal("NOT_YOUR_CASE", "A24", event="upload", node=caller.subject)

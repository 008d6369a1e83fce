"""The store: each pinned version against its manifest; what nobody names, for information.

An object that was changed keeps its version, so its size and its ETag (made of the parts' MD5) say so; ``deep`` reads
every byte and compares SHA-256, which no server is trusted with.
"""

import hashlib
from collections.abc import Iterator
from itertools import islice

from crypto import canonical
from crypto.manifest import Manifest
from crypto.manifest import read as read_manifest
from crypto.refusal import Refusal
from hub.casework.casefile import from_document
from hub.services.fsck.findings import BookFinding, Counts, note
from storage.book_rows import PAGE, BookRows
from storage.object_rows import PinnedRow
from storage.objectstore import ObjectStore, expected_etag

PREFIX = "cases/"
PIECE = 8 << 20
Found = Iterator[BookFinding]


def check_objects(reading: BookRows, store: ObjectStore, counts: Counts, *, deep: bool) -> Found:
    """Findings MANIFEST_CHANGED, OBJECT_MISSING, OBJECT_SIZE, OBJECT_SHA256, PIN_UNUSED."""
    for page in reading.pinned_by_page():
        used = _used(reading, [row for row, _ in page])
        for row, data in page:
            counts.objects += 1
            if row.manifest not in used:
                yield note("PIN_UNUSED", row.object_key)
            manifest = _manifest(row, data)
            if manifest is None:
                yield BookFinding("MANIFEST_CHANGED", f"manifest {row.manifest}")
                continue
            yield from _object(row, manifest, store, counts, deep)


def check_strays(reading: BookRows, store: ObjectStore, counts: Counts) -> Found:
    """Notes ORPHAN_OBJECT, ORPHAN_UPLOAD, UPLOAD_GONE."""
    listed = store.versions(PREFIX)
    while page := list(islice(listed, PAGE)):
        known = reading.pinned_versions([one.key for one in page])
        for one in page:
            if (one.key, one.version_id) not in known:
                yield note("ORPHAN_OBJECT", one.key, f"version {one.version_id} size {one.size}")
    begun = store.multiparts()
    while uploads := list(islice(begun, PAGE)):
        named = reading.store_uploads([upload for _, upload in uploads])
        for key, upload in uploads:
            if upload not in named:
                yield note("ORPHAN_UPLOAD", key, f"upload {upload}")
    for rows in reading.uploads_by_page():
        for row in rows:
            multipart = row.state == "OPEN" and row.store_upload_id  # a single PUT leaves nothing open
            if multipart and not _still_open(store, row.object_key, row.store_upload_id):
                yield note("UPLOAD_GONE", row.object_key, f"upload {row.upload_id}")


def _object(row: PinnedRow, manifest: Manifest, store: ObjectStore, counts: Counts, deep: bool) -> Found:
    where = f"{row.object_key} version {row.version_id}"
    etag = _etag(row, manifest)
    stored = store.head(row.object_key, row.version_id)
    if stored is None:
        yield BookFinding("OBJECT_MISSING", where)
        return
    stated = (manifest.object_key, manifest.size, etag)
    if stated != (row.object_key, row.size, row.etag) or (stored.size, stored.etag) != stated[1:]:
        yield BookFinding("OBJECT_SIZE", where, f"size={stored.size} stated={manifest.size}")
    elif deep and _sha256(row, manifest.size, store, counts) != manifest.sha256:
        yield BookFinding("OBJECT_SHA256", where)


def _etag(row: PinnedRow, manifest: Manifest) -> str:
    """What the store must say: of an object that went in one PUT its MD5, else what follows from the parts."""
    if len(manifest.parts) == 1 and "-" not in row.etag:
        return manifest.parts[0].md5
    return expected_etag([bytes.fromhex(part.md5) for part in manifest.parts])


def _sha256(row: PinnedRow, size: int, store: ObjectStore, counts: Counts) -> str:
    seen = hashlib.sha256()
    for offset in range(0, size, PIECE):
        piece = store.get(row.object_key, row.version_id, (offset, min(PIECE, size - offset)))
        seen.update(piece)
        counts.object_bytes += len(piece)
    return seen.hexdigest()


def _manifest(row: PinnedRow, data: bytes | None) -> Manifest | None:
    if data is None or canonical.digest(data) != row.manifest:
        return None
    try:
        return read_manifest(data)
    except Refusal:
        return None


def _used(reading: BookRows, rows: list[PinnedRow]) -> set[str]:
    """Manifests that their case's row names."""
    named: set[str] = set()
    for case in reading.cases_named(sorted({row.case_id for row in rows})).values():
        try:
            named |= {sealing.manifest for sealing in from_document(canonical.parse(case.document)).sealings}
        except (Refusal, TypeError, ValueError, KeyError, AssertionError):
            continue  # CASE_ROW_UNREADABLE says it
    return named


def _still_open(store: ObjectStore, key: str, upload: str) -> bool:
    try:
        store.list_parts(key, upload)
    except Refusal as refusal:
        if refusal.code != "UPLOAD_MISSING":
            raise
        return False
    return True

"""The object store behind one interface: what may be relied on. ``objectstore_s3`` keeps it, and the tests' own fake.

Invariants:
- only what was measured on SeaweedFS 4.48 and Ceph RGW 16.2 is relied on (design: object store); in
  particular no server is trusted to check SHA-256: readers compare with the signed manifest;
- Content-MD5 goes with every body, so bytes damaged on the way are refused by the store;
- versions are pinned: what a receipt names is read by key **and** version id;
- what is written with a time of retention (tiles, never documents) cannot be erased before it ends, by nobody: Object
  Lock in COMPLIANCE mode. A newer version or a delete marker may hide it, the version itself stays;
- errors leave as Refusal: STORE_UNAVAILABLE (try again), STORE_DENIED (set-up), OBJECT_MISSING,
  OBJECT_EXISTS, OBJECT_CHANGED, UPLOAD_MISSING, STORE_ANSWER (anything else, with the store's own code).
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

RULE = "design: object store"
ByteRange = tuple[int, int]
ONLY_NEW = "If-None-Match"


class TransientFailure(Exception):
    """No answer, a broken one, or a busy store: worth another try."""


@dataclass(frozen=True)
class Part:
    """One uploaded part: number from 1, size in bytes, ETag (hex MD5 of the part, without quotes)."""

    number: int
    size: int
    etag: str


@dataclass(frozen=True)
class SignedPut:
    """A permission to PUT certain bytes once or more until it expires: the headers are signed, send them
    all."""

    url: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class StoredObject:
    """One version of an object: size in bytes, ETag without quotes."""

    key: str
    version_id: str
    size: int
    etag: str


class ObjectStore(Protocol):
    """A bucket of versioned objects.

    Durability: ``complete_multipart``, ``put_new`` and ``put`` return when the bytes are on disk as the
    store's set-up promises; parts survive a restart until completed or aborted.
    Order: a read that begins after a write returned sees that write (read after write, also for listings of
    parts and for ``head``). Nothing is promised between writes that overlap, but a read never mixes two
    versions. Concurrency: every method may be called from any thread; of several ``put_new`` of one key with
    different bytes one wins and the others are refused. Versions never change; ``delete`` alone removes them.
    Retries: every method may be repeated after STORE_UNAVAILABLE. A repeated ``put`` may leave a further
    version with equal bytes; a repeated ``complete_multipart`` returns what the first one made.
    """

    def ensure_bucket(self, versioning: bool = True, object_lock: bool = False) -> None:
        """Create the bucket when absent, switch versioning on, and Object Lock too when ``object_lock``.

        A store may refuse to lock a bucket that was made without it (Ceph RGW 16): STORE_ANSWER.
        """

    def create_multipart(self, key: str) -> str:
        """Begin an upload and return its id."""

    def list_parts(self, key: str, upload_id: str) -> list[Part]:
        """Parts uploaded so far, by number. Refusal UPLOAD_MISSING.

        A number uploaded twice with different bytes may be listed twice (SeaweedFS does; the later one is
        among them): choose by the ETag that the manifest states.
        """

    def presign_part(
        self, key: str, upload_id: str, number: int, size: int, content_md5_b64: str, expires_s: int
    ) -> SignedPut:
        """Permission to PUT part ``number`` (1–10000) with exactly ``size`` bytes of this MD5 (base64)."""

    def presign_put(self, key: str, size: int, content_md5_b64: str, expires_s: int, *, new: bool) -> SignedPut:
        """Permission to PUT a whole object of exactly ``size`` bytes of this MD5 (base64); its ETag is that MD5.

        ``new``: only while nothing stands there (status 412 otherwise); else each PUT makes a further version.
        """

    def complete_multipart(self, key: str, upload_id: str, parts: Sequence[Part]) -> StoredObject:
        """Join the parts (number, size and ETag as listed; each number once, rising).

        Refusal UPLOAD_MISSING, or OBJECT_CHANGED when the object's size or ETag is not what the parts make.
        """

    def abort_multipart(self, key: str, upload_id: str) -> None:
        """Drop an upload and its parts; nothing to do when it is gone."""

    def head(self, key: str, version_id: str | None = None) -> StoredObject | None:
        """Size, ETag and version of a version (None: of the newest); None when there is none."""

    def presign_get(self, key: str, version_id: str, expires_s: int, byte_range: ByteRange | None = None) -> str:
        """Permission to GET a version; with ``byte_range`` (offset, length) its Range header is signed."""

    def get(self, key: str, version_id: str | None = None, byte_range: ByteRange | None = None) -> bytes:
        """Bytes of a version (None: newest), whole or ``byte_range`` (offset, length).

        Refusal OBJECT_MISSING.
        """

    def put_new(self, key: str, data: bytes, retain_days: int = 0) -> StoredObject:
        """Write an object that is never rewritten, and not erased for ``retain_days`` from now.

        The same bytes again are fine; others: Refusal OBJECT_EXISTS. ``retain_days`` needs a bucket with Object Lock,
        else Refusal STORE_ANSWER.
        """

    def put(self, key: str, data: bytes) -> StoredObject:
        """Write a new version."""

    def delete(self, key: str, version_id: str | None) -> None:
        """Erase one version; None: every version of the key. Nothing to do when it is gone.

        Refusal STORE_DENIED while its retention lasts.
        """

    def versions(self, prefix: str) -> Iterator[StoredObject]:
        """Every version of every key that begins with ``prefix``, by key; no delete markers."""

    def multiparts(self) -> Iterator[tuple[str, str]]:
        """(key, upload id) of every upload that was begun and neither completed nor aborted."""


def expected_etag(part_md5s: Sequence[bytes]) -> str:
    """ETag of a multipart object from the MD5 (16 bytes) of each part: MD5 of the MD5s, dash, count."""
    return f"{hashlib.md5(b''.join(part_md5s), usedforsecurity=False).hexdigest()}-{len(part_md5s)}"


def content_md5(data: bytes | memoryview) -> str:
    """Base64 MD5 as the Content-MD5 header wants it (RFC 1864)."""
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def range_header(byte_range: ByteRange) -> str:
    """HTTP Range value for (offset, length) (RFC 9110 14.1.2). ValueError for an empty or negative range."""
    offset, length = byte_range
    if offset < 0 or length < 1:
        raise ValueError("a range has an offset of 0 or more and a length of 1 or more")
    return f"bytes={offset}-{offset + length - 1}"

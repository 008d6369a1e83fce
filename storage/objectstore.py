"""The object store behind one interface: what may be relied on, and the S3 implementation of it.

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
import contextlib
import hashlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from crypto.refusal import Refusal

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import CompletedPartTypeDef

RULE = "design: object store"
REGION = "us-east-1"
# Error codes of stores (a HEAD has no body, so its status stands for the code) by what they mean here.
MEANING = {
    **dict.fromkeys(("404", "NoSuchKey", "NoSuchVersion", "405", "MethodNotAllowed"), "OBJECT_MISSING"),
    **dict.fromkeys(("NoSuchUpload",), "UPLOAD_MISSING"),
    **dict.fromkeys(("412", "PreconditionFailed", "409", "ConditionalRequestConflict"), "OBJECT_EXISTS"),
    **dict.fromkeys(
        ("BadDigest", "InvalidPart", "InvalidPartOrder", "EntityTooSmall", "InvalidRange"), "OBJECT_CHANGED"
    ),
    **dict.fromkeys(("403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"), "STORE_DENIED"),
    **dict.fromkeys(("SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout"), "STORE_UNAVAILABLE"),
    **dict.fromkeys(("429", "500", "502", "503", "504"), "STORE_UNAVAILABLE"),
}
ByteRange = tuple[int, int]
ONLY_NEW = "If-None-Match"


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


class S3ObjectStore:
    """``ObjectStore`` over S3. At most ``connections`` requests are under way at a time; further callers
    wait.

    ``public_endpoint``: URL under which agents reach the store, when it is another one than the hub's.
    """

    def __init__(
        self,
        endpoint: str,
        bucket: str,
        access_key: str,
        secret_key: str,
        *,
        public_endpoint: str | None = None,
        connections: int = 32,
        ca_file: str | None = None,
    ) -> None:
        # Here, not above: agents and the contract's types need this module, never boto3.
        import boto3
        from botocore.config import Config

        self.bucket = bucket
        self._slots = threading.BoundedSemaphore(connections)
        session = boto3.session.Session(
            aws_access_key_id=access_key, aws_secret_access_key=secret_key, region_name=REGION
        )
        config = Config(
            signature_version="s3v4",
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            s3={"addressing_style": "path"},
            retries={"mode": "standard", "total_max_attempts": 4},
            max_pool_connections=connections,
            connect_timeout=3,
            read_timeout=30,
            tcp_keepalive=True,
        )
        verify: Any = ca_file if ca_file else None
        self._client: S3Client = session.client("s3", endpoint_url=endpoint, config=config, verify=verify)
        self._signer: S3Client = (
            session.client("s3", endpoint_url=public_endpoint, config=config) if public_endpoint else self._client
        )

    def ensure_bucket(self, versioning: bool = True, object_lock: bool = False) -> None:
        with (
            self._asking(),
            contextlib.suppress(
                self._client.exceptions.BucketAlreadyOwnedByYou, self._client.exceptions.BucketAlreadyExists
            ),
        ):
            self._client.create_bucket(Bucket=self.bucket, ObjectLockEnabledForBucket=object_lock)
        if object_lock:
            self._ensure_lock()
        if not versioning:
            return
        with self._asking():
            state = self._client.get_bucket_versioning(Bucket=self.bucket)
            if state.get("Status") != "Enabled":
                self._client.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"})

    def _ensure_lock(self) -> None:
        """A bucket of an older hub has no Object Lock yet: what is written from now on can be locked."""
        with self._asking():
            try:
                found = self._client.get_object_lock_configuration(Bucket=self.bucket)["ObjectLockConfiguration"]
            except self._client.exceptions.ClientError as error:
                if error.response.get("Error", {}).get("Code") != "ObjectLockConfigurationNotFoundError":
                    raise
                found = {}
            if found.get("ObjectLockEnabled") != "Enabled":
                self._client.put_object_lock_configuration(
                    Bucket=self.bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"}
                )

    def create_multipart(self, key: str) -> str:
        with self._asking(key):
            return self._client.create_multipart_upload(Bucket=self.bucket, Key=key)["UploadId"]

    def list_parts(self, key: str, upload_id: str) -> list[Part]:
        with self._asking(key):
            pages = self._client.get_paginator("list_parts").paginate(Bucket=self.bucket, Key=key, UploadId=upload_id)
            found = [part for page in pages for part in page.get("Parts", [])]
        parts = [Part(part["PartNumber"], part["Size"], part["ETag"].strip('"')) for part in found]
        return sorted(parts, key=lambda part: part.number)

    def presign_part(
        self, key: str, upload_id: str, number: int, size: int, content_md5_b64: str, expires_s: int
    ) -> SignedPut:
        wanted = {
            "Bucket": self.bucket,
            "Key": key,
            "UploadId": upload_id,
            "PartNumber": number,
            "ContentLength": size,
            "ContentMD5": content_md5_b64,
        }
        url = self._signer.generate_presigned_url("upload_part", Params=wanted, ExpiresIn=expires_s)
        return SignedPut(url, {"Content-Length": str(size), "Content-MD5": content_md5_b64})

    def presign_put(self, key: str, size: int, content_md5_b64: str, expires_s: int, *, new: bool) -> SignedPut:
        wanted = {"Bucket": self.bucket, "Key": key, "ContentLength": size, "ContentMD5": content_md5_b64}
        headers = {"Content-Length": str(size), "Content-MD5": content_md5_b64}
        if new:
            wanted["IfNoneMatch"] = headers[ONLY_NEW] = "*"
        return SignedPut(self._signer.generate_presigned_url("put_object", Params=wanted, ExpiresIn=expires_s), headers)

    def complete_multipart(self, key: str, upload_id: str, parts: Sequence[Part]) -> StoredObject:
        expected = expected_etag([bytes.fromhex(part.etag) for part in parts])
        listed: list[CompletedPartTypeDef] = [{"PartNumber": part.number, "ETag": f'"{part.etag}"'} for part in parts]
        try:
            with self._asking(key):
                made = self._client.complete_multipart_upload(
                    Bucket=self.bucket, Key=key, UploadId=upload_id, MultipartUpload={"Parts": listed}
                )
        except Refusal as refusal:
            # The first answer may have been lost: the object then stands there with just these parts.
            stored = self.head(key) if refusal.code == "UPLOAD_MISSING" else None
            if stored is None or stored.etag != expected:
                raise
            return stored
        version = made.get("VersionId")
        stored = self.head(key, version)
        if stored is None or stored.etag != expected or stored.size != sum(part.size for part in parts):
            raise Refusal("OBJECT_CHANGED", RULE, key=key, version=version, expected=expected)
        return stored

    def abort_multipart(self, key: str, upload_id: str) -> None:
        with self._asking(key), contextlib.suppress(self._client.exceptions.NoSuchUpload):
            self._client.abort_multipart_upload(Bucket=self.bucket, Key=key, UploadId=upload_id)

    def head(self, key: str, version_id: str | None = None) -> StoredObject | None:
        try:
            with self._asking(key):
                found = self._client.head_object(Bucket=self.bucket, Key=key, **_version(version_id))
        except Refusal as refusal:
            if refusal.code == "OBJECT_MISSING":
                return None
            raise
        version = found.get("VersionId") or version_id or "null"
        return StoredObject(key, version, found["ContentLength"], found["ETag"].strip('"'))

    def presign_get(self, key: str, version_id: str, expires_s: int, byte_range: ByteRange | None = None) -> str:
        wanted: dict[str, Any] = {"Bucket": self.bucket, "Key": key, "VersionId": version_id}
        if byte_range is not None:
            wanted["Range"] = range_header(byte_range)
        return self._signer.generate_presigned_url("get_object", Params=wanted, ExpiresIn=expires_s)

    def get(self, key: str, version_id: str | None = None, byte_range: ByteRange | None = None) -> bytes:
        wanted = _version(version_id)
        if byte_range is not None:
            wanted["Range"] = range_header(byte_range)
        with self._asking(key):
            data = self._client.get_object(Bucket=self.bucket, Key=key, **wanted)["Body"].read()
        if byte_range is not None and len(data) > byte_range[1]:
            raise Refusal("STORE_ANSWER", RULE, key=key, answer="range not honoured")
        return data

    def put_new(self, key: str, data: bytes, retain_days: int = 0) -> StoredObject:
        lock: dict[str, Any] = {}
        if retain_days:
            until = datetime.now(UTC) + timedelta(days=retain_days)
            lock = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": until}
        try:
            return self._put(key, data, {"IfNoneMatch": "*", **lock})
        except Refusal as refusal:
            if refusal.code != "OBJECT_EXISTS":
                raise
        stored = self.head(key)
        if stored is None:
            # Two writers at once, and the store has decided for none yet.
            raise Refusal("STORE_UNAVAILABLE", RULE, key=key)
        if stored.size != len(data) or self.get(key, stored.version_id) != data:
            raise Refusal("OBJECT_EXISTS", RULE, key=key)
        return stored

    def put(self, key: str, data: bytes) -> StoredObject:
        return self._put(key, data, {})

    def delete(self, key: str, version_id: str | None) -> None:
        versions = self._versions(key) if version_id is None else [version_id]
        for version in versions:
            try:
                with self._asking(key):
                    self._client.delete_object(Bucket=self.bucket, Key=key, VersionId=version)
            except Refusal as refusal:
                if refusal.code != "OBJECT_MISSING":
                    raise

    def versions(self, prefix: str) -> Iterator[StoredObject]:
        pages = iter(self._client.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=prefix))
        while True:
            with self._asking(prefix):  # a page at a time: the slot is free while the caller works
                page = next(pages, None)
            if page is None:
                return
            for entry in page.get("Versions", []):
                yield StoredObject(entry["Key"], entry["VersionId"], entry["Size"], entry["ETag"].strip('"'))

    def multiparts(self) -> Iterator[tuple[str, str]]:
        pages = iter(self._client.get_paginator("list_multipart_uploads").paginate(Bucket=self.bucket))
        while True:
            with self._asking():
                page = next(pages, None)
            if page is None:
                return
            for entry in page.get("Uploads", []):
                yield entry["Key"], entry["UploadId"]

    def _versions(self, key: str) -> list[str]:
        with self._asking(key):
            pages = self._client.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=key)
            # A prefix finds longer keys as well. Delete markers are versions without bytes.
            found = [entry for page in pages for entry in page.get("Versions", []) if entry["Key"] == key]
            marks = [entry for page in pages for entry in page.get("DeleteMarkers", []) if entry["Key"] == key]
        return [entry["VersionId"] for entry in found] + [entry["VersionId"] for entry in marks]

    def _put(self, key: str, data: bytes, more: dict[str, Any]) -> StoredObject:
        with self._asking(key):
            made = self._client.put_object(Bucket=self.bucket, Key=key, Body=data, ContentMD5=content_md5(data), **more)
        return StoredObject(key, made.get("VersionId") or "null", len(data), made["ETag"].strip('"'))

    @contextlib.contextmanager
    def _asking(self, key: str = "") -> Iterator[None]:
        """One request: a slot of the pool, and the store's errors as refusals."""
        from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError
        from botocore.exceptions import ConnectionError as NoConnection

        with self._slots:
            try:
                yield
            except ClientError as error:
                code = error.response.get("Error", {}).get("Code", "")
                raise Refusal(MEANING.get(code, "STORE_ANSWER"), RULE, key=key, answer=code) from error
            except (NoConnection, HTTPClientError, IncompleteReadError) as error:
                raise Refusal("STORE_UNAVAILABLE", RULE, key=key, answer=type(error).__name__) from error


def _version(version_id: str | None) -> dict[str, Any]:
    return {} if version_id is None else {"VersionId": version_id}

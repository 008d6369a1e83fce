"""The object store over S3: the protocol of ``storage.objectstore`` spoken to SeaweedFS, Ceph RGW and their like.

Apart from the protocol, because whoever needs only that (agents, the contract's types) needs no boto3.
Invariant: the store's own errors leave as the refusals that the protocol names, with the store's code as value.
"""

import contextlib
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError
from botocore.exceptions import ConnectionError as NoConnection

from crypto.refusal import Refusal
from storage.objectstore import (
    ONLY_NEW,
    RULE,
    ByteRange,
    Part,
    SignedPut,
    StoredObject,
    content_md5,
    expected_etag,
    range_header,
)

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import CompletedPartTypeDef

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

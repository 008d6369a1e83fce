"""An object store in memory that keeps the contract of ``ObjectStore``: for tests without a server.

Invariants:
- versions, multipart, conditional writes and presigned URLs behave as the contract test finds them on real
  stores;
- URLs are ``memory://bucket/key?…`` with an HMAC over method, key, query and signed headers; ``answer`` is
  the ``Send`` of ``storage.transfer.TransferClient`` that understands them;
- nothing survives the object: durability is the one promise it cannot keep.
"""

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

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
from storage.transfer import Body, Reply


@dataclass
class _Upload:
    key: str
    parts: dict[int, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class _Version:
    stored: StoredObject
    data: bytes
    retained_until: float = 0.0


class MemoryObjectStore:
    """``ObjectStore`` held in dictionaries under one lock. ``now``: seconds since 1970, for expiry."""

    def __init__(self, bucket: str = "memory", now: Callable[[], float] = time.time) -> None:
        self.bucket = bucket
        self._now = now
        self._key = secrets.token_bytes(32)
        self._lock = threading.RLock()
        self._versions: dict[str, list[_Version]] = {}
        self._uploads: dict[str, _Upload] = {}
        self._completed: dict[str, StoredObject] = {}
        self._object_lock = False

    def ensure_bucket(self, versioning: bool = True, object_lock: bool = False) -> None:
        """The bucket is there and versioned; Object Lock is switched on when asked for."""
        self._object_lock = self._object_lock or object_lock

    def create_multipart(self, key: str) -> str:
        upload_id = secrets.token_hex(16)
        with self._lock:
            self._uploads[upload_id] = _Upload(key)
        return upload_id

    def list_parts(self, key: str, upload_id: str) -> list[Part]:
        with self._lock:
            parts = sorted(self._upload(key, upload_id).parts.items())
            return [Part(number, len(data), _md5(data).hex()) for number, data in parts]

    def presign_part(
        self, key: str, upload_id: str, number: int, size: int, content_md5_b64: str, expires_s: int
    ) -> SignedPut:
        headers = {"Content-Length": str(size), "Content-MD5": content_md5_b64}
        query = {"uploadId": upload_id, "partNumber": str(number)}
        return SignedPut(self._sign("PUT", key, query, headers, expires_s), headers)

    def presign_put(self, key: str, size: int, content_md5_b64: str, expires_s: int, *, new: bool) -> SignedPut:
        headers = {"Content-Length": str(size), "Content-MD5": content_md5_b64, **({ONLY_NEW: "*"} if new else {})}
        return SignedPut(self._sign("PUT", key, {}, headers, expires_s), headers)

    def complete_multipart(self, key: str, upload_id: str, parts: Sequence[Part]) -> StoredObject:
        with self._lock:
            done = self._completed.get(upload_id)
            if done is not None and done == self.head(key):
                return done
            upload = self._upload(key, upload_id)
            if not parts or any(
                part.number not in upload.parts or _md5(upload.parts[part.number]).hex() != part.etag for part in parts
            ):
                raise Refusal("OBJECT_CHANGED", RULE, key=key)
            chosen = [upload.parts[part.number] for part in parts]
            stored = self._add(key, b"".join(chosen), expected_etag([_md5(data) for data in chosen]))
            del self._uploads[upload_id]
            self._completed[upload_id] = stored
            return stored

    def abort_multipart(self, key: str, upload_id: str) -> None:
        with self._lock:
            self._uploads.pop(upload_id, None)

    def head(self, key: str, version_id: str | None = None) -> StoredObject | None:
        found = self._find(key, version_id)
        return found.stored if found else None

    def presign_get(self, key: str, version_id: str, expires_s: int, byte_range: ByteRange | None = None) -> str:
        headers = {"Range": range_header(byte_range)} if byte_range is not None else {}
        return self._sign("GET", key, {"versionId": version_id}, headers, expires_s)

    def get(self, key: str, version_id: str | None = None, byte_range: ByteRange | None = None) -> bytes:
        found = self._find(key, version_id)
        if found is None:
            raise Refusal("OBJECT_MISSING", RULE, key=key)
        if byte_range is None:
            return found.data
        range_header(byte_range)
        offset, length = byte_range
        if offset >= len(found.data):
            raise Refusal("OBJECT_CHANGED", RULE, key=key)
        return found.data[offset : offset + length]

    def put_new(self, key: str, data: bytes, retain_days: int = 0) -> StoredObject:
        with self._lock:
            found = self._find(key, None)
            if found is None and retain_days and not self._object_lock:
                raise Refusal("STORE_ANSWER", RULE, key=key, answer="InvalidRequest")
            if found is None:
                until = self._now() + retain_days * 86_400 if retain_days else 0.0
                return self._add(key, bytes(data), _md5(data).hex(), until)
            if found.data != data:
                raise Refusal("OBJECT_EXISTS", RULE, key=key)
            return found.stored

    def put(self, key: str, data: bytes) -> StoredObject:
        with self._lock:
            return self._add(key, bytes(data), _md5(data).hex())

    def versions(self, prefix: str) -> Iterator[StoredObject]:
        with self._lock:
            found = [one.stored for key, held in sorted(self._versions.items()) for one in held]
        yield from (one for one in found if one.key.startswith(prefix))

    def multiparts(self) -> Iterator[tuple[str, str]]:
        with self._lock:
            found = sorted((upload.key, upload_id) for upload_id, upload in self._uploads.items())
        yield from found

    def delete(self, key: str, version_id: str | None) -> None:
        with self._lock:
            for one in [one for one in self._versions.get(key, []) if version_id in (None, one.stored.version_id)]:
                if one.retained_until > self._now():
                    raise Refusal("STORE_DENIED", RULE, key=key, answer="AccessDenied")
                self._versions[key].remove(one)

    def answer(self, method: str, url: str, headers: Mapping[str, str], body: Body | None) -> Reply:
        """One HTTP exchange under a presigned URL.

        Status 403: bad or expired; 400: other bytes than signed; 404: absent; else 200 or 206.
        """
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query))
        key = unquote(parts.path.removeprefix("/"))
        sent = {name.lower(): value for name, value in headers.items()}
        signature = query.pop("signature", "")
        signed = {name: sent.get(name, "") for name in query.get("signedHeaders", "").split(";") if name}
        good = hmac.compare_digest(signature, self._signature(method, key, query, signed))
        if not good or self._now() >= float(query["expires"]):
            return Reply(403, {}, [])
        return (
            self._answer_put(key, query, sent, bytes(body or b""))
            if method == "PUT"
            else self._answer_get(key, query, sent)
        )

    def _answer_put(self, key: str, query: Mapping[str, str], sent: Mapping[str, str], data: bytes) -> Reply:
        if len(data) != int(sent["content-length"]) or content_md5(data) != sent["content-md5"]:
            return Reply(400, {}, [])
        with self._lock:
            if "uploadId" not in query:
                if ONLY_NEW.lower() in sent and self._find(key, None):
                    return Reply(412, {}, [])
                return Reply(200, {"etag": f'"{self._add(key, data, _md5(data).hex()).etag}"'}, [])
            upload = self._uploads.get(query["uploadId"])
            if upload is None or upload.key != key:
                return Reply(404, {}, [])
            upload.parts[int(query["partNumber"])] = data
        return Reply(200, {"etag": f'"{_md5(data).hex()}"'}, [])

    def _answer_get(self, key: str, query: Mapping[str, str], sent: Mapping[str, str]) -> Reply:
        found = self._find(key, query["versionId"])
        if found is None:
            return Reply(404, {}, [])
        headers = {"etag": f'"{found.stored.etag}"', "content-length": str(len(found.data))}
        if "range" not in sent:
            return Reply(200, headers, [found.data])
        first, _, last = sent["range"].removeprefix("bytes=").partition("-")
        data = found.data[int(first) : int(last) + 1 if last else None]
        if not data:
            return Reply(416, {}, [])
        place = f"bytes {first}-{int(first) + len(data) - 1}/{len(found.data)}"
        return Reply(206, {**headers, "content-length": str(len(data)), "content-range": place}, [data])

    def _sign(self, method: str, key: str, query: Mapping[str, str], headers: Mapping[str, str], expires_s: int) -> str:
        signed = {name.lower(): value for name, value in headers.items()}
        full = {**query, "expires": str(self._now() + expires_s), "signedHeaders": ";".join(sorted(signed))}
        full["signature"] = self._signature(method, key, full, signed)
        return f"memory://{self.bucket}/{quote(key)}?{urlencode(full)}"

    def _signature(self, method: str, key: str, query: Mapping[str, str], signed: Mapping[str, str]) -> str:
        # An empty value is dropped by query parsers, so it does not count here either.
        told = {name: value for name, value in query.items() if value}
        text = json.dumps([method, key, sorted(told.items()), sorted(signed.items())])
        return base64.urlsafe_b64encode(hmac.digest(self._key, text.encode(), "sha256")).decode()

    def _add(self, key: str, data: bytes, etag: str, retained_until: float = 0.0) -> StoredObject:
        stored = StoredObject(key, secrets.token_hex(16), len(data), etag)
        self._versions.setdefault(key, []).append(_Version(stored, data, retained_until))
        return stored

    def _find(self, key: str, version_id: str | None) -> _Version | None:
        with self._lock:
            found = [one for one in self._versions.get(key, []) if version_id in (None, one.stored.version_id)]
            return found[-1] if found else None

    def _upload(self, key: str, upload_id: str) -> _Upload:
        upload = self._uploads.get(upload_id)
        if upload is None or upload.key != key:
            raise Refusal("UPLOAD_MISSING", RULE, key=key)
        return upload


def _md5(data: Body) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()

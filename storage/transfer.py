"""The agents' way to the object store: presigned URLs, no credentials.

Invariants:
- only PUT of a signed part and GET are sent; both may be repeated without harm, so lost connections,
  time-outs and busy answers are tried again, a bounded number of times with growing random pauses;
- no redirect is followed: a presigned URL names its host, and the bytes go nowhere else;
- a reader gets exactly the bytes asked for or a Refusal, never fewer; no more than asked for is held in
  memory;
- Refusals: STORE_UNAVAILABLE (try again later), TRANSFER_DENIED (permission expired or wrong: ask the hub for
  a new one), OBJECT_MISSING, OBJECT_CHANGED. URLs carry the permission and never appear in them.
"""

import base64
import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, cast

import urllib3
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from crypto.refusal import Refusal
from storage import failpoints
from storage.objectstore import ONLY_NEW, SignedPut, TransientFailure, range_header

RULE = "design: presigned transfer"
BUSY = {408, 425, 429, 500, 502, 503, 504}
CHUNK = 1024 * 1024
Body = bytes | memoryview


@dataclass
class Reply:
    """Answer to one request: status, headers with lower-case names, body in chunks.

    The body raises TransientFailure when it breaks off. ``close`` gives the connection back.
    """

    status: int
    headers: Mapping[str, str]
    chunks: Iterable[bytes]

    def close(self) -> None:
        """End the exchange, whether or not the body was read."""


class Send(Protocol):
    """Carries one request out, without retries. Raises TransientFailure when there is no answer."""

    def __call__(self, method: str, url: str, headers: Mapping[str, str], body: Body | None) -> Reply: ...


@dataclass
class _PooledReply(Reply):
    response: urllib3.BaseHTTPResponse = field(kw_only=True)

    def close(self) -> None:
        # A short rest is read so that the pool keeps the connection; a long one is cut off.
        with contextlib.suppress(urllib3.exceptions.HTTPError):
            self.response.read(8192, decode_content=False)
        self.response.close()


class PooledSend:
    """``Send`` over urllib3.

    Thread-safe; at most ``connections`` to one host, further callers wait for one.
    """

    def __init__(
        self, connections: int = 8, connect_s: float = 5, read_s: float = 60, ca_file: str | None = None
    ) -> None:
        self._pool = urllib3.PoolManager(
            maxsize=connections,
            block=True,
            retries=False,
            ca_certs=ca_file,
            cert_reqs="CERT_REQUIRED",
            timeout=urllib3.Timeout(connect=connect_s, read=read_s),
        )

    def __call__(self, method: str, url: str, headers: Mapping[str, str], body: Body | None) -> Reply:
        try:
            response = self._pool.request(
                method,
                url,
                headers=dict(headers),
                # A view goes out without a copy: urllib3 takes any buffer, whatever its annotations say.
                body=cast("bytes | None", body),
                preload_content=False,
                redirect=False,
                decode_content=False,
            )
        except urllib3.exceptions.HTTPError as error:
            raise TransientFailure(type(error).__name__) from error
        names = {name.lower(): value for name, value in response.headers.items()}
        return _PooledReply(response.status, names, _chunks(response), response=response)


def _chunks(response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    try:
        yield from response.stream(CHUNK)
    except urllib3.exceptions.HTTPError as error:
        raise TransientFailure(type(error).__name__) from error


class TransferClient:
    """Moves bytes under permissions that the hub gave. Thread-safe when ``send`` is."""

    def __init__(self, send: Send | None = None, *, attempts: int = 5, longest_pause_s: float = 8) -> None:
        self._send = send if send is not None else PooledSend()
        self._attempts = attempts
        self._longest_pause_s = longest_pause_s

    def put_part(self, signed: SignedPut, data: Body) -> str:
        """Upload the signed part; returns its ETag without quotes.

        Refusal OBJECT_CHANGED when ``data`` is not what was signed (size, MD5), OBJECT_MISSING when the
        upload is gone, TRANSFER_DENIED, STORE_UNAVAILABLE.
        """
        size = memoryview(data).nbytes
        if signed.headers["Content-Length"] != str(size):
            raise Refusal("OBJECT_CHANGED", RULE, size=size, signed=signed.headers["Content-Length"])
        for attempt in self._tries():
            with attempt:
                return self._put_once(signed, data)
        raise AssertionError("tenacity ends by returning or raising")

    def get_range(self, url: str, offset: int, length: int) -> bytes:
        """Bytes ``offset`` to ``offset + length`` of the object.

        Refusal OBJECT_CHANGED when the object is shorter, OBJECT_MISSING, TRANSFER_DENIED, STORE_UNAVAILABLE.
        """
        for attempt in self._tries():
            with attempt:
                return self._range_once(url, offset, length)
        raise AssertionError("tenacity ends by returning or raising")

    def stream(self, url: str) -> Iterator[bytes]:
        """The whole object in chunks of at most 1 MiB. A broken connection is continued where it broke.

        Refusals as ``get_range``; OBJECT_CHANGED also when the object's ETag or size differs after a break.
        """
        done, failures = 0, 0
        first: tuple[str | None, int] | None = None
        while True:
            try:
                with contextlib.closing(self._open(url, done)) as reply:
                    whole = (reply.headers.get("etag"), _total(reply))
                    if first not in (None, whole):
                        raise Refusal("OBJECT_CHANGED", RULE, offset=done)
                    first = whole
                    for chunk in reply.chunks:
                        done, failures = done + len(chunk), 0
                        yield chunk
                if done != whole[1]:
                    raise TransientFailure("body ends early")
                return
            except TransientFailure as failure:
                # Counted without progress only: a long download over a bad line may break often.
                failures += 1
                if failures >= self._attempts:
                    raise _unavailable(failure) from failure

    def _open(self, url: str, offset: int) -> Reply:
        for attempt in self._tries():
            with attempt:
                headers = {"Range": f"bytes={offset}-"} if offset else {}
                reply = self._send("GET", url, headers, None)
                if reply.status == (206 if offset else 200):
                    return reply
                with contextlib.closing(reply):
                    raise _failure(reply)
        raise AssertionError("tenacity ends by returning or raising")

    def _put_once(self, signed: SignedPut, data: Body) -> str:
        with (
            failpoints.write("upload.part"),
            contextlib.closing(self._send("PUT", signed.url, signed.headers, data)) as reply,
        ):
            if reply.status == 412 and ONLY_NEW in signed.headers:
                # An earlier PUT got through and its answer was lost: what stands there has the signed MD5.
                return base64.b64decode(signed.headers["Content-MD5"]).hex()
            if reply.status != 200:
                raise _failure(reply)
            return reply.headers.get("etag", "").strip('"')

    def _range_once(self, url: str, offset: int, length: int) -> bytes:
        headers = {"Range": range_header((offset, length))}
        with contextlib.closing(self._send("GET", url, headers, None)) as reply:
            if reply.status != 206:
                raise _failure(reply)
            data = bytearray()
            for chunk in reply.chunks:
                data += chunk
                if len(data) > length:
                    break
        if len(data) != length:
            raise Refusal("OBJECT_CHANGED", RULE, offset=offset, wanted=length, found=len(data))
        return bytes(data)

    def _tries(self) -> Retrying:
        return Retrying(
            retry=retry_if_exception_type(TransientFailure),
            stop=stop_after_attempt(self._attempts),
            wait=wait_random_exponential(multiplier=0.2, max=self._longest_pause_s),
            retry_error_callback=lambda state: _give_up(state.outcome.exception() if state.outcome else None),
        )


def _give_up(failure: BaseException | None) -> None:
    raise _unavailable(failure) from failure


def _unavailable(failure: BaseException | None) -> Refusal:
    return Refusal("STORE_UNAVAILABLE", RULE, answer=failure)


def _total(reply: Reply) -> int:
    """Size of the whole object, from Content-Range of a partial answer or Content-Length of a whole one."""
    text = reply.headers.get("content-range", "").rpartition("/")[2] or reply.headers.get("content-length", "")
    if not text.isdecimal():
        raise TransientFailure("answer without a size")
    return int(text)


def _failure(reply: Reply) -> Exception:
    if reply.status in BUSY:
        return TransientFailure(f"status {reply.status}")
    if reply.status == 404:
        return Refusal("OBJECT_MISSING", RULE, status=reply.status)
    if reply.status in (401, 403):
        return Refusal("TRANSFER_DENIED", RULE, status=reply.status)
    # 400: the store saw another MD5; 416 and a whole answer to a part of it: not the object that was signed
    # for.
    if reply.status in (200, 206, 400, 412, 416):
        return Refusal("OBJECT_CHANGED", RULE, status=reply.status)
    return Refusal("STORE_UNAVAILABLE", RULE, answer=f"status {reply.status}")

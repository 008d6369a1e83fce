"""What ``ObjectStore`` promises, asked of the store in memory and of a real server alike."""

import base64
import hashlib
import secrets
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest

from crypto.refusal import Refusal
from storage.objectstore import ObjectStore, Part, SignedPut, TransientFailure, content_md5, expected_etag
from storage.objectstore_s3 import S3ObjectStore
from storage.tilestore import TileStore
from storage.transfer import Body, PooledSend, Reply, Send, TransferClient
from tests.refused import code_of
from tests.unit.storage.memory_store import MemoryObjectStore

# The least size that S3 lets a part have that is not the last one.
PART = 5 * 1024 * 1024


@dataclass
class Rig:
    """A store, a way to reach its URLs, and a key nobody else uses."""

    store: ObjectStore
    send: Send
    key: str

    @property
    def client(self) -> TransferClient:
        return TransferClient(self.send, attempts=3, longest_pause_s=0.01)


@pytest.fixture(params=["memory", pytest.param("real", marks=pytest.mark.integration)])
def rig(request: pytest.FixtureRequest) -> Rig:
    key = f"contract/{secrets.token_hex(8)} 件/a+b.bin"
    if request.param == "memory":
        store = MemoryObjectStore()
        return Rig(store, store.answer, key)
    return Rig(request.getfixturevalue("objectstore"), PooledSend(), key)


@pytest.fixture(scope="module")
def pieces() -> list[bytes]:
    return [secrets.token_bytes(PART), secrets.token_bytes(PART), secrets.token_bytes(1000)]


def sign(rig: Rig, upload_id: str, number: int, data: bytes) -> SignedPut:
    return rig.store.presign_part(rig.key, upload_id, number, len(data), content_md5(data), 300)


def upload(rig: Rig, upload_id: str, number: int, data: bytes) -> None:
    etag = rig.client.put_part(sign(rig, upload_id, number, data), data)
    assert etag == hashlib.md5(data).hexdigest()


def test_multipart_is_resumed_from_the_list_of_parts_and_has_the_expected_etag(rig: Rig, pieces: list[bytes]) -> None:
    upload_id = rig.store.create_multipart(rig.key)
    upload(rig, upload_id, 2, pieces[1])
    there = rig.store.list_parts(rig.key, upload_id)
    assert there == [Part(2, PART, hashlib.md5(pieces[1]).hexdigest())]
    assert rig.store.head(rig.key) is None

    for number in {1, 2, 3} - {part.number for part in there}:
        upload(rig, upload_id, number, pieces[number - 1])
    made = rig.store.complete_multipart(rig.key, upload_id, rig.store.list_parts(rig.key, upload_id))

    assert made.etag == expected_etag([hashlib.md5(piece).digest() for piece in pieces])
    assert made.size == 2 * PART + 1000
    assert made == rig.store.head(rig.key, made.version_id) == rig.store.head(rig.key)
    assert rig.store.get(rig.key, made.version_id) == b"".join(pieces)


def test_completing_again_returns_what_was_made(rig: Rig) -> None:
    upload_id = rig.store.create_multipart(rig.key)
    upload(rig, upload_id, 1, b"one part")
    parts = rig.store.list_parts(rig.key, upload_id)
    made = rig.store.complete_multipart(rig.key, upload_id, parts)
    assert rig.store.complete_multipart(rig.key, upload_id, parts) == made


@pytest.mark.parametrize("last", [b"first", b"second"])
def test_of_a_part_sent_twice_the_named_one_is_taken(rig: Rig, last: bytes) -> None:
    upload_id = rig.store.create_multipart(rig.key)
    for data in {b"first", b"second"} - {last}:
        upload(rig, upload_id, 1, data)
    upload(rig, upload_id, 1, last)
    wanted = Part(1, len(last), hashlib.md5(last).hexdigest())
    assert wanted in rig.store.list_parts(rig.key, upload_id)
    made = rig.store.complete_multipart(rig.key, upload_id, [wanted])
    assert rig.store.get(rig.key, made.version_id) == last


def test_an_aborted_upload_is_gone(rig: Rig) -> None:
    upload_id = rig.store.create_multipart(rig.key)
    upload(rig, upload_id, 1, b"draft")
    parts = rig.store.list_parts(rig.key, upload_id)
    rig.store.abort_multipart(rig.key, upload_id)
    rig.store.abort_multipart(rig.key, upload_id)
    assert code_of(lambda: rig.store.list_parts(rig.key, upload_id)) == "UPLOAD_MISSING"
    assert code_of(lambda: rig.store.complete_multipart(rig.key, upload_id, parts)) == "UPLOAD_MISSING"
    late = sign(rig, upload_id, 2, b"late")
    assert code_of(lambda: rig.client.put_part(late, b"late")) == "OBJECT_MISSING"
    assert rig.store.head(rig.key) is None


def test_parts_that_were_not_uploaded_cannot_be_completed(rig: Rig) -> None:
    upload_id = rig.store.create_multipart(rig.key)
    upload(rig, upload_id, 1, b"real")
    false = [Part(1, 4, hashlib.md5(b"fake").hexdigest())]
    assert code_of(lambda: rig.store.complete_multipart(rig.key, upload_id, false)) == "OBJECT_CHANGED"


@pytest.mark.parametrize("sent", [b"other bytes", b"signed byte", b"signed bytes and more", b""])
def test_other_bytes_than_signed_are_refused(rig: Rig, sent: bytes) -> None:
    upload_id = rig.store.create_multipart(rig.key)
    signed = sign(rig, upload_id, 1, b"signed bytes")
    assert code_of(lambda: rig.client.put_part(signed, sent)) == "OBJECT_CHANGED"
    # Past our own client: the store must refuse them too.
    with_length = {**signed.headers, "Content-Length": str(len(sent))}
    assert rig.send("PUT", signed.url, with_length, sent).status in (400, 403)
    with_both = {"Content-Length": str(len(sent)), "Content-MD5": content_md5(sent)}
    assert rig.send("PUT", signed.url, with_both, sent).status in (400, 403)
    assert rig.store.list_parts(rig.key, upload_id) == []


@pytest.mark.parametrize("sent", [b"other bytes", b"signed byte", b"signed bytes and more"])
def test_a_whole_object_is_the_signed_bytes_or_nothing(rig: Rig, sent: bytes) -> None:
    signed = rig.store.presign_put(rig.key, 12, content_md5(b"signed bytes"), 300, new=True)
    with_both = {**signed.headers, "Content-Length": str(len(sent)), "Content-MD5": content_md5(sent)}
    assert rig.send("PUT", signed.url, with_both, sent).status in (400, 403)
    assert rig.store.head(rig.key) is None
    assert rig.client.put_part(signed, b"signed bytes") == hashlib.md5(b"signed bytes").hexdigest()
    assert rig.store.get(rig.key) == b"signed bytes"


def test_a_whole_object_is_put_once_and_again_only_where_that_is_asked_for(rig: Rig) -> None:
    etag = hashlib.md5(b"page").hexdigest()
    once = rig.store.presign_put(rig.key, 4, content_md5(b"page"), 300, new=True)
    assert rig.client.put_part(once, b"page") == etag
    first = rig.store.head(rig.key)
    assert first is not None and (first.size, first.etag) == (4, etag)
    assert rig.client.put_part(once, b"page") == etag
    assert rig.store.head(rig.key) == first
    without = {name: value for name, value in once.headers.items() if name != "If-None-Match"}
    assert rig.send("PUT", once.url, without, b"page").status == 403
    again = rig.store.presign_put(rig.key, 4, content_md5(b"page"), 300, new=False)
    assert rig.client.put_part(again, b"page") == etag
    second = rig.store.head(rig.key)
    assert second is not None and second.etag == etag and second.version_id != first.version_id
    assert rig.store.head(rig.key, first.version_id) == first


def test_a_view_is_uploaded_as_its_bytes(rig: Rig) -> None:
    upload_id = rig.store.create_multipart(rig.key)
    data = memoryview(b"....inner....")[4:9]
    rig.client.put_part(sign(rig, upload_id, 1, b"inner"), data)
    assert rig.store.list_parts(rig.key, upload_id) == [Part(1, 5, hashlib.md5(b"inner").hexdigest())]


def test_put_new_takes_the_same_bytes_again_and_refuses_others(rig: Rig) -> None:
    made = rig.store.put_new(rig.key, b"tile")
    assert rig.store.put_new(rig.key, b"tile") == made
    assert code_of(lambda: rig.store.put_new(rig.key, b"tilt")) == "OBJECT_EXISTS"
    assert code_of(lambda: rig.store.put_new(rig.key, b"longer tile")) == "OBJECT_EXISTS"
    assert rig.store.get(rig.key) == b"tile"


def test_of_many_put_new_one_wins(rig: Rig) -> None:
    start, answers = threading.Barrier(8), {}

    def put(number: int) -> None:
        data = b"%d" % number
        start.wait()
        try:
            answers[data] = rig.store.put_new(rig.key, data).version_id
        except Refusal as refusal:
            answers[data] = refusal.code

    threads = [threading.Thread(target=put, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winners = [data for data, answer in answers.items() if answer not in ("OBJECT_EXISTS", "STORE_UNAVAILABLE")]
    assert winners == [rig.store.get(rig.key)]


def test_put_keeps_the_former_version(rig: Rig) -> None:
    first, second = rig.store.put(rig.key, b"first"), rig.store.put(rig.key, b"second")
    assert first.version_id != second.version_id
    assert rig.store.get(rig.key, first.version_id) == b"first"
    assert rig.store.get(rig.key) == b"second"
    assert rig.store.head(rig.key) == second


def test_one_version_can_be_erased(rig: Rig) -> None:
    first, second = rig.store.put(rig.key, b"first"), rig.store.put(rig.key, b"second")
    rig.store.delete(rig.key, first.version_id)
    rig.store.delete(rig.key, first.version_id)
    assert rig.store.head(rig.key, first.version_id) is None
    assert rig.store.get(rig.key, second.version_id) == b"second"


def test_all_versions_of_exactly_one_key_can_be_erased(rig: Rig) -> None:
    made = [rig.store.put(rig.key, data) for data in (b"1", b"2", b"3")]
    longer = rig.store.put(rig.key + ".x", b"stays")
    rig.store.delete(rig.key, None)
    assert [rig.store.head(rig.key, one.version_id) for one in made] == [None] * 3
    assert rig.store.head(rig.key) is None
    assert rig.store.get(rig.key + ".x", longer.version_id) == b"stays"


def test_what_is_absent_is_missing(rig: Rig) -> None:
    version = rig.store.put(rig.key + "other", b"x").version_id
    assert rig.store.head(rig.key) is None
    assert rig.store.head(rig.key, version) is None
    assert code_of(lambda: rig.store.get(rig.key)) == "OBJECT_MISSING"
    assert code_of(lambda: rig.store.list_parts(rig.key, secrets.token_hex(16))) == "UPLOAD_MISSING"
    url = rig.store.presign_get(rig.key, version, 300)
    assert code_of(lambda: b"".join(rig.client.stream(url))) == "OBJECT_MISSING"
    assert code_of(lambda: rig.client.get_range(url, 0, 1)) == "OBJECT_MISSING"


def test_ranges(rig: Rig) -> None:
    made = rig.store.put(rig.key, bytes(range(256)))
    assert rig.store.get(rig.key, made.version_id, (10, 5)) == bytes(range(10, 15))
    assert rig.store.get(rig.key, None, (250, 50)) == bytes(range(250, 256))
    assert code_of(lambda: rig.store.get(rig.key, None, (256, 1))) == "OBJECT_CHANGED"
    url = rig.store.presign_get(rig.key, made.version_id, 300)
    assert rig.client.get_range(url, 0, 256) == bytes(range(256))
    assert rig.client.get_range(url, 255, 1) == b"\xff"
    assert code_of(lambda: rig.client.get_range(url, 250, 7)) == "OBJECT_CHANGED"
    assert code_of(lambda: rig.client.get_range(url, 300, 7)) == "OBJECT_CHANGED"
    with pytest.raises(ValueError, match="range"):
        rig.client.get_range(url, 0, 0)


def test_a_signed_range_opens_no_other(rig: Rig) -> None:
    made = rig.store.put(rig.key, bytes(range(256)))
    url = rig.store.presign_get(rig.key, made.version_id, 300, (16, 16))
    assert rig.client.get_range(url, 16, 16) == bytes(range(16, 32))
    assert code_of(lambda: rig.client.get_range(url, 0, 16)) == "TRANSFER_DENIED"
    assert code_of(lambda: b"".join(rig.client.stream(url))) == "TRANSFER_DENIED"


def test_a_download_is_the_pinned_version(rig: Rig, pieces: list[bytes]) -> None:
    made = rig.store.put(rig.key, pieces[0])
    rig.store.put(rig.key, b"newer")
    url = rig.store.presign_get(rig.key, made.version_id, 300)
    assert b"".join(rig.client.stream(url)) == pieces[0]


def test_a_changed_url_opens_nothing(rig: Rig) -> None:
    first, second = rig.store.put(rig.key, b"first"), rig.store.put(rig.key, b"second")
    url = rig.store.presign_get(rig.key, first.version_id, 300).replace(first.version_id, second.version_id)
    assert code_of(lambda: b"".join(rig.client.stream(url))) == "TRANSFER_DENIED"
    upload_id = rig.store.create_multipart(rig.key)
    signed = sign(rig, upload_id, 1, b"data")
    moved = SignedPut(signed.url.replace("partNumber=1", "partNumber=2"), signed.headers)
    assert moved.url != signed.url
    assert code_of(lambda: rig.client.put_part(moved, b"data")) == "TRANSFER_DENIED"


def test_an_expired_url_opens_nothing() -> None:
    clock = [1000.0]
    store = MemoryObjectStore(now=lambda: clock[0])
    url = store.presign_get("key", store.put("key", b"data").version_id, 60)
    client = TransferClient(store.answer)
    assert b"".join(client.stream(url)) == b"data"
    clock[0] += 60
    assert code_of(lambda: b"".join(client.stream(url))) == "TRANSFER_DENIED"


def test_tiles_are_written_once_and_the_checkpoint_moves(rig: Rig) -> None:
    tiles = TileStore(rig.store, rig.key + "/")
    tiles.write("tile/0/x001/067", b"full")
    tiles.write("tile/0/000.p/5", b"part")
    tiles.write("tile/0/000.p/5", b"part")
    assert code_of(lambda: tiles.write("tile/0/000.p/5", b"trap")) == "OBJECT_EXISTS"
    assert tiles.read("tile/0/000.p/5") == b"part"
    assert code_of(lambda: tiles.read("tile/0/000")) == "OBJECT_MISSING"
    for note in (b"note 1", b"note 2"):
        tiles.write_checkpoint(note)
        assert tiles.read("checkpoint") == note


@pytest.fixture(params=["memory", pytest.param("real", marks=pytest.mark.integration)])
def bucket(request: pytest.FixtureRequest) -> ObjectStore:
    """A bucket that is not there yet. What is locked in it is so for a day: a real store lets nobody erase earlier."""
    if request.param == "memory":
        return MemoryObjectStore()
    server = request.getfixturevalue("seaweed_service")
    return S3ObjectStore(server.endpoint(), f"yidi-lock-{secrets.token_hex(6)}", *server.credentials())


def test_a_tile_is_erased_by_nobody_and_the_checkpoint_moves_on(bucket: ObjectStore) -> None:
    for _ in range(2):
        bucket.ensure_bucket(object_lock=True)
    tiles = TileStore(bucket, "log/", retain_days=1)
    for _ in range(2):
        tiles.write("tile/0/000", b"tile")
    assert code_of(lambda: tiles.write("tile/0/000", b"trap")) == "OBJECT_EXISTS"
    made = bucket.head("log/tile/0/000")
    assert made is not None
    for version in (made.version_id, None):
        assert code_of(lambda version=version: bucket.delete("log/tile/0/000", version)) == "STORE_DENIED"  # type: ignore[misc]
    bucket.put("log/tile/0/000", b"laid over it")
    assert bucket.get("log/tile/0/000", made.version_id) == b"tile"
    for note in (b"note 1", b"note 2"):
        tiles.write_checkpoint(note)
    bucket.delete("log/checkpoint", None)
    assert code_of(lambda: tiles.read("checkpoint")) == "OBJECT_MISSING"


def test_a_bucket_without_lock_takes_no_retention_until_it_is_switched_on(bucket: ObjectStore) -> None:
    bucket.ensure_bucket()
    assert code_of(lambda: bucket.put_new("tile", b"tile", 1)) == "STORE_ANSWER"
    assert bucket.head("tile") is None
    bucket.ensure_bucket(object_lock=True)
    made = bucket.put_new("tile", b"tile", 1)
    assert code_of(lambda: bucket.delete("tile", made.version_id)) == "STORE_DENIED"


def test_a_retention_ends() -> None:
    clock = [1000.0]
    store = MemoryObjectStore(now=lambda: clock[0])
    store.ensure_bucket(object_lock=True)
    made = store.put_new("tile", b"tile", 1)
    clock[0] += 86_400
    store.delete("tile", made.version_id)
    assert store.head("tile") is None


@pytest.mark.parametrize(
    "path",
    ["checkpoint", "", "tile", "tile/0/5", "tile/64/000", "tile/00/000", "tile/0/000.p/0", "tile/0/000.p/256",
     "tile/0/../000", "/tile/0/000", "tile/0/000/", "tile/0/000\n", "tile/0/001/067"],
)  # fmt: skip
def test_a_tile_is_written_to_a_tile_path_only(path: str) -> None:
    store = MemoryObjectStore()
    assert code_of(lambda: TileStore(store, "log/").write(path, b"x")) == "TILE_PATH"
    assert store.head("log/" + path) is None


def test_expected_etag_is_what_s3_documents() -> None:
    digests = [hashlib.md5(part).digest() for part in (b"a", b"b")]
    assert expected_etag(digests) == hashlib.md5(b"".join(digests)).hexdigest() + "-2"
    assert base64.b64decode(content_md5(b"a")) == digests[0]


class Broken:
    """A way to the store that fails as told: "lost" before the request, "answer lost" after it, a status, or
    "cut" in the middle of the body."""

    def __init__(self, inner: Send, *failures: str) -> None:
        self.inner = inner
        self.failures = list(failures)
        self.asked = 0

    def __call__(self, method: str, url: str, headers: Mapping[str, str], body: Body | None) -> Reply:
        self.asked += 1
        failure = self.failures.pop(0) if self.failures else ""
        if failure == "lost":
            raise TransientFailure(failure)
        if failure.isdecimal():
            return Reply(int(failure), {"location": "http://elsewhere.invalid/"}, [])
        reply = self.inner(method, url, headers, body)
        if failure == "answer lost":
            raise TransientFailure(failure)
        return Reply(reply.status, reply.headers, self._cut(reply)) if failure == "cut" else reply

    def _cut(self, reply: Reply) -> Iterator[bytes]:
        data = b"".join(reply.chunks)
        yield data[: len(data) // 2]
        raise TransientFailure("cut")


@pytest.mark.parametrize("failures", [["lost", "503"], ["answer lost", "lost"], ["429"], ["500", "answer lost"]])
def test_a_put_gets_through_a_bad_line(failures: list[str]) -> None:
    store = MemoryObjectStore()
    upload_id = store.create_multipart("key")
    send = Broken(store.answer, *failures)
    signed = store.presign_part("key", upload_id, 1, 4, content_md5(b"data"), 60)
    TransferClient(send, attempts=3, longest_pause_s=0.001).put_part(signed, b"data")
    assert [part.size for part in store.list_parts("key", upload_id)] == [4]
    assert send.asked == len(failures) + 1


def test_a_download_continues_where_it_broke() -> None:
    store = MemoryObjectStore()
    data = secrets.token_bytes(1000)
    url = store.presign_get("key", store.put("key", data).version_id, 60)
    send = Broken(store.answer, "cut", "503", "cut", "lost", "cut")
    client = TransferClient(send, attempts=3, longest_pause_s=0.001)
    assert b"".join(client.stream(url)) == data
    assert send.asked == 6
    send = Broken(store.answer, "cut")
    assert TransferClient(send, attempts=2, longest_pause_s=0.001).get_range(url, 100, 50) == data[100:150]


@pytest.mark.parametrize(
    "failure, asked, expected",
    [("lost", 3, "STORE_UNAVAILABLE"), ("503", 3, "STORE_UNAVAILABLE"), ("302", 1, "STORE_UNAVAILABLE"),
     ("403", 1, "TRANSFER_DENIED"), ("404", 1, "OBJECT_MISSING"), ("416", 1, "OBJECT_CHANGED")],
)  # fmt: skip
def test_tries_are_bounded_and_only_where_they_can_help(failure: str, asked: int, expected: str) -> None:
    store = MemoryObjectStore()
    url = store.presign_get("key", store.put("key", b"data").version_id, 60)
    send = Broken(store.answer, *[failure] * 9)
    client = TransferClient(send, attempts=3, longest_pause_s=0.001)
    assert code_of(lambda: client.get_range(url, 0, 4)) == expected
    assert code_of(lambda: list(client.stream(url))) == expected
    assert send.asked == 2 * asked


def test_an_object_that_changes_between_two_answers_is_noticed() -> None:
    store = MemoryObjectStore()
    one = store.presign_get("key", store.put("key", b"a" * 100).version_id, 60)
    two = store.presign_get("key", store.put("key", b"b" * 100).version_id, 60)
    turn = iter([one, two])

    def send(method: str, url: str, headers: Mapping[str, str], body: Body | None) -> Reply:
        return broken(method, next(turn), headers, body)

    broken = Broken(store.answer, "cut")
    client = TransferClient(send, attempts=3, longest_pause_s=0.001)
    assert code_of(lambda: b"".join(client.stream(one))) == "OBJECT_CHANGED"

"""Sealing and manifest: a page opens whole at its own place or not at all; the manifest has one reading."""

import hashlib
import io
import json
import random
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto import canonical, manifest
from crypto.manifest import LineFacts, Manifest
from crypto.refusal import Refusal
from crypto.sealing import SALT_SIZE, Context, SealedObject, Sealer, Stream, new_data_key, open_page
from tests.refused import code_of

CASE = "c0" * 16
KEY = new_data_key()
WHERE = Context(CASE, 1, "L1", 1, "full")
PAGE = random.Random(7).randbytes(200_000)


def _sealed(*pages: tuple[Context, bytes], part_size: int = 1 << 20) -> tuple[SealedObject, bytes]:
    out = io.BytesIO()
    sealer = Sealer(out, part_size)
    for context, page in pages:
        sealer.add(KEY, context, io.BytesIO(page))
    return sealer.finish(), out.getvalue()


def _one() -> tuple[Stream, bytes]:
    sealed, data = _sealed((WHERE, PAGE))
    return sealed.streams[0], data


def _chunks(data: bytes, size: int = 50_000) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def _honest(stream: Stream, data: bytes, **changes: Any) -> Stream:
    """The stream as a liar would list it: digest and length fit the damaged bytes."""
    return replace(stream, length=len(data), sha256=canonical.digest(data), **changes)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.binary(max_size=70_000), min_size=1, max_size=4), st.integers(1, 90_000))
def test_round_trip_and_digests(pages: list[bytes], part_size: int) -> None:
    contexts = [replace(WHERE, page=number + 1) for number in range(len(pages))]
    sealed, data = _sealed(*zip(contexts, pages, strict=True), part_size=part_size)
    assert (sealed.size, sealed.sha256) == (len(data), canonical.digest(data))
    at = 0
    for part in sealed.parts:
        piece = data[at : at + part.size]
        assert (part.sha256, part.md5) == (canonical.digest(piece), hashlib.md5(piece).hexdigest())
        at += part.size
    assert at == len(data) and all(part.size == part_size for part in sealed.parts[:-1])
    assert 0 < sealed.parts[-1].size <= part_size
    for stream, page in zip(sealed.streams, pages, strict=True):
        piece = data[stream.offset : stream.offset + stream.length]
        assert stream.plain_size == len(page) and stream.sha256 == canonical.digest(piece)
        assert open_page(KEY, stream, _chunks(piece)) == page


def test_the_commitment_is_over_salt_and_page_and_differs_each_time() -> None:
    one, _ = _one()
    two, _ = _one()
    assert one.commitment != two.commitment
    assert one.commitment != canonical.digest(PAGE) and SALT_SIZE == 32


@pytest.mark.parametrize(
    "changes", [{"page": 2}, {"line": "L2"}, {"rendition": "masked"}, {"case": "d0" * 16}, {"revision": 2}], ids=str
)
def test_a_stream_moved_to_another_place_does_not_open(changes: dict[str, Any]) -> None:
    stream, data = _one()
    moved = replace(stream, context=replace(WHERE, **changes))
    assert code_of(lambda: open_page(KEY, moved, [data])) == "STREAM_UNREADABLE"


def test_another_key_does_not_open_and_the_store_is_not_blamed() -> None:
    stream, data = _one()
    assert code_of(lambda: open_page(new_data_key(), stream, _chunks(data))) == "STREAM_UNREADABLE"
    assert code_of(lambda: open_page(new_data_key(), stream, [data])) == "STREAM_UNREADABLE"


@pytest.mark.parametrize("at", [0, 40, 100_000, -1])
def test_a_damaged_byte_shows_nothing_of_the_page(at: int) -> None:
    stream, data = _one()
    damaged = bytearray(data)
    damaged[at] ^= 1
    assert code_of(lambda: open_page(KEY, stream, _chunks(bytes(damaged)))) == "CIPHERTEXT_CHANGED"
    lied = _honest(stream, bytes(damaged))
    assert code_of(lambda: open_page(KEY, lied, _chunks(bytes(damaged)))) == "STREAM_UNREADABLE"


@pytest.mark.parametrize("left", [0, 1, 60, 100_000, -1])
def test_a_truncated_stream_shows_nothing(left: int) -> None:
    stream, data = _one()
    cut = data[:left]
    assert code_of(lambda: open_page(KEY, stream, [cut])) == "CIPHERTEXT_CHANGED"
    assert code_of(lambda: open_page(KEY, _honest(stream, cut), [cut])) == "STREAM_UNREADABLE"


def test_more_bytes_than_the_stream_show_nothing() -> None:
    stream, data = _one()
    assert code_of(lambda: open_page(KEY, stream, [data, b"\0"])) == "CIPHERTEXT_CHANGED"
    assert code_of(lambda: open_page(KEY, _honest(stream, data + b"\0"), [data, b"\0"])) == "STREAM_UNREADABLE"


def test_a_page_that_does_not_match_its_commitment_is_not_shown() -> None:
    stream, data = _one()
    with pytest.raises(Refusal) as refused:
        open_page(KEY, replace(stream, commitment="0" * 64), [data])
    assert refused.value.code == "COMMITMENT_MISMATCH"
    assert refused.value.values == {"line": "L1", "page": "1"}


def test_nothing_sealed_is_no_object() -> None:
    assert code_of(Sealer(io.BytesIO()).finish) == "NOTHING_SEALED"


class _Zeros(io.RawIOBase):
    """A large page that is nowhere in memory."""

    def __init__(self, size: int) -> None:
        self._left = size

    def read(self, size: int = -1) -> bytes:
        given = min(size, self._left)
        self._left -= given
        return bytes(given)


class _Sink:
    def write(self, data: bytes, /) -> object:
        return len(data)


def test_memory_stays_flat_while_sealing() -> None:
    size = 64 << 20
    tracemalloc.start()
    try:
        sealer = Sealer(_Sink())
        stream = sealer.add(KEY, WHERE, _Zeros(size))  # type: ignore[arg-type]
        sealed = sealer.finish()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert stream.plain_size == size and sealed.size > size
    assert peak < 8 << 20


# --- manifest ----------------------------------------------------------------------------------------------------

FACTS = (
    LineFacts("L1", "M01", "SUBMIT", "B", "SEEN_RETURNED"),
    LineFacts("L2", "M02", "COMMITMENT", "C", "NOT_NEEDED"),
)
CONTEXTS = [Context(CASE, 1, "L1", page, name) for page in (1, 2) for name in ("full", "masked")]


def _made() -> Manifest:
    sealed, _ = _sealed(*((context, b"page") for context in CONTEXTS), part_size=100)
    media = {(at.line, at.page, at.rendition): "image/jpeg" for at in CONTEXTS}
    return manifest.build(
        sealed, FACTS, media, case=CASE, revision=1, kind="application", task_code="T1", catalogue="2026.11-1",
        object_key=f"{CASE}/1", part_size=100,
    )  # fmt: skip


MADE = _made()


def test_a_manifest_reads_back_and_names_no_file() -> None:
    read = manifest.read(MADE.encode())
    assert read == MADE and len(read.parts) > 1
    assert [made.stream.context for _, _, made in read.streams()] == CONTEXTS
    assert read.data_key_names() == {("L1", "full"), ("L1", "masked")}
    assert read.lines[1].pages == ()


@pytest.mark.parametrize("trees", [(None, None), ("a" * 64, None), (None, "b" * 64), ("a" * 64, "b" * 64)])
def test_roots_of_commitment_trees_are_kept_as_they_were_signed(trees: tuple[str | None, str | None]) -> None:
    value: dict[str, Any] = json.loads(MADE.encode())
    at = value["lines"][0]["pages"][0]["renditions"]["full"]
    at["tiles"], at["fields"] = trees
    data = canonical.encode(value)
    read = manifest.read(data)
    made = next(made for _, page, made in read.streams() if (page.number, made.name) == (1, "full"))
    assert (made.tiles, made.fields) == trees
    assert read.encode() == data and manifest.read(read.encode()) == read
    assert (read == MADE) == (trees == (None, None))


Edit = Callable[[dict[str, Any]], object]


def _at(*path: Any, to: Any) -> Edit:
    def edit(value: dict[str, Any]) -> None:
        inner: Any = value
        for name in path[:-1]:
            inner = inner[name]
        inner[path[-1]] = to

    return edit


def _gone(*path: Any) -> Edit:
    def edit(value: dict[str, Any]) -> None:
        inner: Any = value
        for name in path[:-1]:
            inner = inner[name]
        del inner[path[-1]]

    return edit


PAGE_1 = ("lines", 0, "pages", 0)
FULL = (*PAGE_1, "renditions", "full")
PLAIN = json.loads(MADE.encode())
NO_DIGESTS: list[object] = [[], {}, 0, False, "", "a" * 63, "a" * 65, "A" * 64, "g" * 64]


@pytest.mark.parametrize(
    "edit",
    [
        *(_gone(name) for name in PLAIN),
        *(_gone("object", name) for name in PLAIN["object"]),
        *(_gone("lines", 0, name) for name in PLAIN["lines"][0]),
        *(_gone(*FULL, name) for name in PLAIN["lines"][0]["pages"][0]["renditions"]["full"]),
        _at("more", to=1),
        _at("object", "more", to=1),
        _at("object", "parts", 0, "more", to=1),
        _at("lines", 0, "file_name", to="身份证.jpg"),
        _at(*PAGE_1, "more", to=1),
        _at(*FULL, "more", to=1),
        _at("v", to=0),
        _at("v", to=2),
        _at("v", to=True),
        _at("v", to="1"),
        _at("suite", to="AES"),
        _at("kind", to="other"),
        _at("kind", to=[]),
        *(_at("case", to=value) for value in ("", "C0" * 16, None)),
        *(_at("revision", to=value) for value in (-1, True, "1", None)),
        *(_at("task_code", to=value) for value in ("", "丰都", "a b", None)),
        *(_at("catalogue", to=value) for value in (None, 1)),
        _at("object", to=None),
        _at("object", "key", to=1),
        *(_at("object", "size", to=value) for value in (0, 1, MADE.size + 1)),
        *(_at("object", "sha256", to=value) for value in ("", "A" * 64, "0" * 63)),
        *(_at("object", "part_size", to=value) for value in (0, 99, 101)),
        _at("object", "parts", to=[]),
        _at("object", "parts", 0, "size", to=99),
        _at("object", "parts", 0, "md5", to="0" * 31),
        _at("object", "parts", 0, "sha256", to="G" * 64),
        _at("lines", to=[]),
        _at("lines", to={}),
        _at("lines", to=None),
        _at("lines", 0, to=None),
        _at("lines", 1, "line", to="L1"),
        _at("lines", 0, "line", to="申请书"),
        _at("lines", 0, "material", to="x" * 41),
        _at("lines", 0, "acquisition", to="GUESS"),
        _at("lines", 0, "trust", to="E"),
        _at("lines", 0, "original", to="LOST"),
        _at("lines", 0, "pages", to=None),
        _at("lines", 0, "pages", to=[]),
        _at(*PAGE_1, "page", to=2),
        _at(*PAGE_1, "page", to=0),
        _at(*PAGE_1, "renditions", to={}),
        _at(*PAGE_1, "renditions", "raw", to=PLAIN["lines"][0]["pages"][0]["renditions"]["full"]),
        _at(*FULL, "offset", to=1),
        _at(*FULL, "offset", to=-1),
        _at(*FULL, "length", to=1),
        _at(*FULL, "sha256", to=""),
        _at(*FULL, "commitment", to="0"),
        _at(*FULL, "plain_size", to=0),
        _at(*FULL, "media_type", to="../../x"),
        *(_at(*FULL, tree, to=value) for tree in ("tiles", "fields") for value in NO_DIGESTS),
    ],
)
def test_every_breach_of_the_form_is_refused(edit: Edit) -> None:
    value = json.loads(MADE.encode())
    edit(value)
    with pytest.raises(Refusal) as refused:
        manifest.read(canonical.encode(value))
    assert refused.value.code == "MANIFEST_FORMAT"


def test_a_manifest_in_another_writing_is_refused() -> None:
    for data in (MADE.encode() + b"\n", b"[]", json.dumps(PLAIN).encode(), b""):
        with pytest.raises(Refusal, match="NOT_CANONICAL"):
            manifest.read(data)

"""Looking for a value in bytes, however it is written there: encodings, escapes, archives, documents, pictures.

``holds`` is what the tests of promise 1 and H01 look with; its own tests show that it finds (test_masking,
test_nothing_leaves).
"""

import base64
import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from functools import cache
from urllib.parse import quote

CHARSETS = ("utf-8", "gb18030", "utf-16-le", "utf-16-be")
DEEPEST = 3
MOST_INFLATED = 64 << 20
_STREAM = re.compile(rb"(?<!end)stream\r?\n")
_RUN = re.compile(rb"[A-Za-z0-9+/_-]{24,}")


@cache
def writings_of(value: str) -> dict[str, bytes]:
    """The value in every writing that is looked for, by name. Of base64 the part that does not depend on its place."""
    wide = "".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in value)
    made: dict[str, bytes] = {}
    for text, kind in ((value, ""), (wide, " wide")):
        for charset in CHARSETS:
            try:
                raw = text.encode(charset)
            except UnicodeEncodeError:
                continue
            made[f"{charset}{kind}"] = raw
            made[f"{charset}{kind} hex"] = raw.hex().encode()
            made[f"{charset}{kind} HEX"] = raw.hex().upper().encode()
            for place in range(3):
                made[f"{charset}{kind} base64 {place}"] = _core(raw, place)
        made[f"json{kind}"] = json.dumps(text)[1:-1].encode()
        made[f"JSON{kind}"] = re.sub(
            r"\\u[0-9a-f]{4}", lambda found: found[0].upper().replace("U", "u"), json.dumps(text)[1:-1]
        ).encode()
        for charset in ("utf-8", "gb18030"):
            made[f"{charset}{kind} percent"] = quote(text.encode(charset)).encode()
            made[f"{charset}{kind} %lower"] = quote(text.encode(charset)).lower().encode()
        made[f"html{kind}"] = "".join(f"&#{ord(one)};" for one in text).encode()
    return made


def holds_plainly(data: bytes, values: Iterable[str]) -> set[tuple[str, str]]:
    """Which values stand in the bytes as they are, by charset: for files too large to look for every writing."""
    return {(value, name) for value in values for name in CHARSETS if writings_of(value)[name] in data}


def holds(data: bytes, values: Iterable[str], depth: int = DEEPEST) -> set[tuple[str, str]]:
    """Which values stand in the bytes, or in what is packed in them (``depth`` times), and in which writing."""
    found: set[tuple[str, str]] = set()
    for piece in unpacked(data, depth):
        for value in values:
            found |= {(value, name) for name, needle in writings_of(value).items() if needle in piece}
    return found


def unpacked(data: bytes, depth: int = DEEPEST) -> Iterator[bytes]:
    """The bytes; members of archives; streams of PDFs; rows and texts of pictures; what is base64 inside."""
    yield data
    if depth == 0:
        return
    for piece in _inside(data):
        yield from unpacked(piece, depth - 1)


def _inside(data: bytes) -> Iterator[bytes]:
    if data.startswith(b"PK\x03\x04") or b"PK\x05\x06" in data[-70000:]:
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                for member in archive.infolist():
                    yield member.filename.encode() + member.comment
                    yield archive.read(member)
        except zipfile.BadZipFile:
            pass
    elif data.startswith(b"%PDF-"):
        for found in _STREAM.finditer(data):
            yield _inflated(data[found.end() :])
    elif data.startswith(b"\x89PNG"):
        yield from _chunks(data)
    elif data.startswith(b"\x1f\x8b"):
        yield _inflated(data, 31)
    elif data[:1] in b"{[":
        for run in _RUN.findall(data):
            usable = run[: len(run) - len(run) % 4].translate(bytes.maketrans(b"-_", b"+/"))
            yield base64.b64decode(usable)


def _chunks(data: bytes) -> Iterator[bytes]:
    at, rows = 8, b""
    while at + 12 <= len(data):
        length, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        body = data[at + 8 : at + 8 + length]
        rows += body if name == b"IDAT" else b""
        if name in (b"zTXt", b"iTXt", b"iCCP"):
            yield _inflated(body[body.find(b"\0") + 2 :])
        at += 12 + length
    yield _inflated(rows)


def _inflated(data: bytes, bits: int = 15) -> bytes:
    """As much as can be had; a stream that is none gives nothing."""
    try:
        return zlib.decompressobj(bits).decompress(data, MOST_INFLATED)
    except zlib.error:
        return b""


def _core(raw: bytes, place: int) -> bytes:
    """Base64 of the bytes when they begin ``place`` bytes behind a group of three, without what neighbours decide."""
    whole = base64.b64encode(bytes(place) + raw)
    first = (place * 8 + 5) // 6
    last = (place + len(raw)) * 8 // 6
    return whole[first:last]

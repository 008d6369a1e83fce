"""What a picture's file holds beside its pixels: enough of JPEG, PNG and TIFF to refuse what no camera writes.

Invariants:
- looked at before a decoder sees the file: what it costs grows with the file's size and with nothing that it claims;
- a file that other programs would take for an archive, a document, a program or a web page is no page, wherever in it
  that begins; data behind the picture that are none of these (a camera's preview, padding) do no harm;
- nothing is decoded into pixels here.

Sources: ITU-T T.81, PNG (ISO/IEC 15948), TIFF 6.0, APPNOTE 4.3.16 (end of a zip's directory).
"""

import re
import struct
import zlib
from collections.abc import Iterator
from typing import Final

from crypto.refusal import Refusal

RULE: Final = "A04; DA/T 31-2017"
HEAD: Final = 1024
MOST_PARTS: Final = 1000
"""Segments, chunks or tags beside the pixels; cameras write some dozens."""
MOST_DATA_CHUNKS: Final = 65_536
MOST_SCANS: Final = 100
"""Of a progressive JPEG; encoders write about ten. Each goes over all pixels."""
MOST_DIRECTORIES: Final = 201
"""As many as are counted of a TIFF: one more than a document may have pages."""
MOST_ROWS: Final = 9 * 72_000_000
"""Bytes: as many pixels as a page may have, each with four channels of 16 bits and a filter byte of its own row."""
TAG_BYTES: Final = 16 << 20
"""All tags of one directory together: one value may be named by many tags."""
_STEP: Final = 1 << 20
_ZIP_END_SIZE: Final = 22
_MOST_ENDS: Final = 100
"""End records of a zip that are looked at; by chance a picture of 64 MiB has none."""
_MARKUP: Final = re.compile(rb"%pdf-|<svg|<html|<script|<\?xml version|<!doctype", re.I)
_BEHIND: Final = re.compile(
    rb"%pdf-|<svg|<html|<script|<!doctype|<\?php|PK\x03\x04[\x0a\x14\x2d]\0|Rar!\x1a\x07|7z\xbc\xaf\x27\x1c|\x7fELF[\x01\x02]",
    re.I,
)
_MARKER: Final = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")
_EOI, _SOS = 0xD9, 0xDA
_CHANNELS: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PASSES: Final = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""Adam7: first column and row, steps across and down."""
_TYPE_SIZE: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}


def require_plain(data: bytes, media_type: str) -> None:
    """Refuse what is also something else, or costs far more than its size.

    Refusals PAGE_POLYGLOT, PAGE_BOMB, PAGE_TRUNCATED (a part reaches beyond the file).
    """
    if _MARKUP.search(data[:HEAD]) or _is_zip(data):
        raise Refusal("PAGE_POLYGLOT", RULE)
    if media_type == "image/tiff":
        _require_small_tags(data)
        return
    end = _jpeg_end(data) if media_type == "image/jpeg" else _png_end(data)
    if _BEHIND.search(data, end) or data[end : end + 2] in (b"MZ", b"#!"):
        raise Refusal("PAGE_POLYGLOT", RULE)


def directories(data: bytes) -> int:
    """Pages that a TIFF names, counted up to ``MOST_DIRECTORIES``; a chain that bites its tail ends there."""
    return sum(1 for _ in _directories(data))


# --- JPEG ------------------------------------------------------------------------------------------------------------


def _jpeg_end(data: bytes) -> int:
    """Place behind the end of the first image."""
    at, parts, scans = 2, 0, 0
    while True:
        found = _MARKER.search(data, at)
        if found is None:
            raise _truncated(data)
        if data[found.end() - 1] == _EOI:
            return found.end()
        length = _number(data, ">H", found.end())
        at = found.end() + length
        if length < 2 or at > len(data):
            raise _truncated(data)
        parts += 1
        scans += data[found.end() - 1] == _SOS
        if parts > MOST_PARTS or scans > MOST_SCANS:
            raise Refusal("PAGE_BOMB", RULE, bytes=len(data))


# --- PNG -------------------------------------------------------------------------------------------------------------


def _png_end(data: bytes) -> int:
    """Place behind IEND. The rows may not unpack to more than the header says."""
    at, parts, rows = 8, 0, list[bytes]()
    while True:
        head = data[at : at + 8]
        if len(head) < 8:
            raise _truncated(data)
        length, name = _number(data, ">I", at), head[4:]
        following = at + 12 + length
        if following > len(data):
            raise _truncated(data)
        if name == b"IDAT":
            rows.append(data[at + 8 : at + 8 + length])
        else:
            parts += 1
        if parts > MOST_PARTS or len(rows) > MOST_DATA_CHUNKS:
            raise Refusal("PAGE_BOMB", RULE, bytes=len(data))
        at = following
        if name == b"IEND":
            break
    _require_rows(data, rows)
    return at


def _require_rows(data: bytes, rows: list[bytes]) -> None:
    most = _row_bytes(data)
    if most > MOST_ROWS:
        return  # so many pixels are refused by their number, before one is unpacked
    unpacking, size = zlib.decompressobj(), 0
    try:
        for packed in rows:
            while packed:
                size += len(unpacking.decompress(packed, _STEP))
                if size > most:
                    raise Refusal("PAGE_BOMB", RULE, bytes=len(data))
                packed = unpacking.unconsumed_tail
    except zlib.error:
        raise _truncated(data) from None


def _row_bytes(data: bytes) -> int:
    """Bytes of all rows with their filters."""
    try:
        width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", data[16:29])
        bits = depth * _CHANNELS[colour]
    except (struct.error, KeyError):
        raise _truncated(data) from None
    passes = _PASSES if interlaced else ((0, 0, 1, 1),)
    total = 0
    for left, top, across, down in passes:
        wide, high = -(-(width - left) // across), -(-(height - top) // down)
        total += high * ((wide * bits + 7) // 8 + 1) if wide > 0 and high > 0 else 0
    return total


# --- TIFF ------------------------------------------------------------------------------------------------------------


def _directories(data: bytes) -> Iterator[bytes]:
    """The entries of each directory."""
    order = "<" if data.startswith(b"II") else ">"
    seen, at = set[int](), _number(data, order + "I", 4)
    while at and at not in seen and len(seen) < MOST_DIRECTORIES:
        seen.add(at)
        count = _number(data, order + "H", at)
        yield data[at + 2 : at + 2 + 12 * count]
        at = _number(data, order + "I", at + 2 + 12 * count)


def _require_small_tags(data: bytes) -> None:
    order = "<" if data.startswith(b"II") else ">"
    entries = next(_directories(data), b"")
    tags = [struct.unpack(order + "HHI", entries[at : at + 8]) for at in range(0, len(entries) - 11, 12)]
    size = sum(_TYPE_SIZE.get(kind, 1) * count for _, kind, count in tags)
    if len(tags) > MOST_PARTS or size > TAG_BYTES:
        raise Refusal("PAGE_BOMB", RULE, bytes=len(data))


def _number(data: bytes, form: str, at: int) -> int:
    """0 where the file ends before it."""
    size = struct.calcsize(form)
    piece = data[at : at + size]
    return int(struct.unpack(form, piece)[0]) if len(piece) == size else 0


# --- pieces ----------------------------------------------------------------------------------------------------------


def _is_zip(data: bytes) -> bool:
    """A zip's directory right before its end record, anywhere; or an end record whose comment fills the file; or so
    many end records that no picture has them."""
    at, looked = data.rfind(b"PK\x05\x06"), 0
    while at >= 0:
        looked += 1
        if looked > _MOST_ENDS:
            return True
        record = data[at : at + _ZIP_END_SIZE]
        if len(record) == _ZIP_END_SIZE:
            size, _, comment = struct.unpack("<IIH", record[12:])
            start = at - size
            if at + _ZIP_END_SIZE + comment == len(data) or (start >= 0 and data.startswith(b"PK\x01\x02", start)):
                return True
        at = data.rfind(b"PK\x05\x06", 0, at)
    return False


def _truncated(data: bytes) -> Refusal:
    return Refusal("PAGE_TRUNCATED", RULE, bytes=len(data))

"""Masking that cannot be undone: pixels replaced, everything encoded anew, the output read again before it may leave.

Masking goes through these steps; the code carries the same numbers:
1. the page is decoded to plain pixels: EXIF, thumbnails, profiles, comments, layers, alpha and trailing bytes end here
2. boxes grow to whole tiles and are filled with one solid colour; nothing is blurred or made coarse
3. the pixels are encoded as PNG, which keeps every one of them as it is
4. the output is decoded again: boxes are solid, everything else is the page as it was, and the file holds nothing but
   the image (``chunks_of``)

Invariants: a masked page is only given out after step 4; a fault there is a refusal, never a page.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from crypto.refusal import Refusal
from node_agent.imaging.picture import Pixels, decode, encode_png
from node_agent.imaging.redaction.sheet import Mark
from node_agent.imaging.redaction.tiles import FILL, RULE, TILE, Box, differing, is_solid, snapped

ALLOWED_CHUNKS = frozenset({b"IHDR", b"IDAT", b"IEND"})
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_OPEN, _COVERED = (0, 140, 255), (0, 0, 255)


@dataclass(frozen=True)
class Masked:
    """``data``: PNG; ``boxes``: what it covers, in whole tiles."""

    data: bytes
    boxes: tuple[Box, ...]


def mask_page(data: bytes, boxes: Iterable[Box]) -> Masked:
    """The page with its boxes covered. Refusals BOX_OUTSIDE, MASK_FAILED, those of ``picture.decode``."""
    page = decode(data)  # 1
    covered = snapped(page, boxes)
    made = page.copy()
    for box in covered:  # 2
        made[box.y : box.y + box.height, box.x : box.x + box.width] = FILL
    out = encode_png(made)  # 3
    _require_masked(page, out, covered)  # 4
    return Masked(out, covered)


def boxes_of(marks: Iterable[Mark]) -> list[Box]:
    """The boxes that are covered."""
    return [
        Box(mark.box[0], mark.box[1], mark.box[2] - mark.box[0], mark.box[3] - mark.box[1])
        for mark in marks
        if mark.covers
    ]


def view_of(data: bytes, marks: Iterable[Mark]) -> bytes:
    """PNG of the page for the clerk's one look: covered boxes framed red, opened ones orange, each with its number."""
    page = decode(data)
    for number, mark in enumerate(marks, start=1):
        colour = _COVERED if mark.covers else _OPEN
        cv2.rectangle(page, mark.box[:2], mark.box[2:], colour, 3)
        at = (mark.box[0], max(24, mark.box[1] - 6))
        cv2.putText(page, str(number), at, cv2.FONT_HERSHEY_SIMPLEX, 0.8, colour, 2, cv2.LINE_AA)
    return encode_png(page)


def chunks_of(png: bytes) -> list[bytes]:
    """Names of a PNG's chunks in order. Refusal MASK_FAILED for what is no PNG from first byte to last."""
    if not png.startswith(_SIGNATURE):
        raise Refusal("MASK_FAILED", RULE, step="format")
    at, names = len(_SIGNATURE), []
    while at + 12 <= len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        names.append(png[at + 4 : at + 8])
        at += 12 + length
    if at != len(png) or not names or names[-1] != b"IEND":
        raise Refusal("MASK_FAILED", RULE, step="format")
    return names


def _require_masked(page: Pixels, out: bytes, covered: tuple[Box, ...]) -> None:
    if not set(chunks_of(out)) <= ALLOWED_CHUNKS:
        raise Refusal("MASK_FAILED", RULE, step="metadata")
    again = decode(out)
    if not is_solid(again, covered):
        raise Refusal("MASK_FAILED", RULE, step="fill")
    inside = np.zeros(page.shape[:2], bool)
    for box in covered:
        inside[box.y : box.y + box.height, box.x : box.x + box.width] = True
    for tile in differing(page, again):
        if not bool(inside[tile.y : tile.y + TILE, tile.x : tile.x + TILE].all()):
            raise Refusal("MASK_FAILED", RULE, step="outside")

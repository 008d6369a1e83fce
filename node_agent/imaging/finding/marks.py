"""What is no text: faces, codes, seals, fingerprints, signatures. Measured from the upright page's pixels.

Most of it needs no words: ``look`` may run beside the reading of the page; ``marks_in`` then holds what it saw against
the words, and looks where words promise a signature.
"""

import re
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from hub.casework.masking.pictures import PageKind
from node_agent.imaging.finding.faces import faces
from node_agent.imaging.finding.found import Found
from node_agent.imaging.finding.labels import Label, labels_of
from node_agent.imaging.finding.layout import TAB, Page, box
from node_agent.imaging.picture import Pixels, grey_of, shrunk
from node_agent.imaging.reading.lines import Box, box_of

HALF_LEAST = 1150
"""Pixels on the long side that a smaller picture still has."""
CODE_SIDE = 1200
LARGEST_CODE, SMALLEST_DOUBTFUL = 0.3, 80
_A4_HEIGHT: Final = 11.7
_SIGNED: Final = re.compile(r"签\s?名|签\s?字|签\s?章|签\s?收|签\s?署|指\s?印")
_INK: Final = 40
"""How much darker than its surroundings ink is."""
_INK_LEAST: Final = 0.012
_AROUND: Final = 16
"""Pixels around a zone that tell what paper it stands on."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one page shows before a word of it is read; boxes in its own pixels."""

    people: tuple[Found, ...]
    squares: tuple[Found, ...]
    red: tuple[Found, ...]


def look(pixels: Pixels) -> Seen:
    """Faces, codes and red ink of an upright page."""
    half = halved(pixels)
    return Seen(
        tuple(faces(pixels)), tuple(codes(pixels, half)), tuple(red_marks(half, pixels.shape[1] / half.shape[1]))
    )


def marks_in(seen: Seen, pixels: Pixels, page: Page) -> list[Found]:
    """Everything that is no text."""
    people = [
        face for face in seen.people
        if not _is_print(face, page) and not any(_over(face, one) for one in seen.squares)
    ]  # fmt: skip
    return [*people, *seen.squares, *seen.red, *signatures(pixels, page)]


def halved(pixels: Pixels) -> Pixels:
    """Every side by two while enough is left: ten times quicker than any other size, and all that marks need."""
    while max(pixels.shape[:2]) >= 2 * HALF_LEAST:
        height, width = pixels.shape[0] // 2, pixels.shape[1] // 2
        even = pixels[: 2 * height, : 2 * width]
        pixels = np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    return pixels


def _is_print(face: Found, page: Page) -> bool:
    """Large print looks like a face to a network: whether lines of text fill the box.

    One character alone is none: that is how a recogniser reads a portrait, and the face under it stays to be covered.
    """
    area = (face.box[2] - face.box[0]) * (face.box[3] - face.box[1])
    lines = (line for line in page.lines if len(line.text.strip()) > 1)
    return sum(shared(box(line), face.box) for line in lines) > 0.3 * area


def _over(one: Found, other: Found) -> bool:
    """Whether half of ``one`` lies in ``other``."""
    area = (one.box[2] - one.box[0]) * (one.box[3] - one.box[1])
    return shared(one.box, other.box) > 0.4 * area


def shared(one: Box, two: Box) -> int:
    """Pixels that two boxes have in common."""
    width, height = min(one[2], two[2]) - max(one[0], two[0]), min(one[3], two[3]) - max(one[1], two[1])
    return max(0, width) * max(0, height)


def codes(pixels: Pixels, half: Pixels) -> list[Found]:
    """QR and bar codes, also those that can not be decoded: they may hold anything."""
    import zxingcpp

    found = []
    for code in zxingcpp.read_barcodes(grey_of(pixels), return_errors=True):
        corners = [
            code.position.top_left,
            code.position.top_right,
            code.position.bottom_right,
            code.position.bottom_left,
        ]
        found.append((np.array([[c.x, c.y] for c in corners]), code.text, 0.99 if code.valid else 0.6))
    small = shrunk(grey_of(half), CODE_SIDE)
    done, quads = cv2.QRCodeDetector().detectMulti(small)
    if done and quads is not None:
        found += [(quad * (pixels.shape[1] / small.shape[1]), "", 0.7) for quad in quads]
    result = []
    for corners_found, text, certainty in found:
        left, top = corners_found.min(axis=0)
        right, bottom = corners_found.max(axis=0)
        side = max(right - left, bottom - top)
        square = 0.75 < (right - left + 1) / (bottom - top + 1) < 1.33
        doubtful = certainty < 0.9 and (not square or side < SMALLEST_DOUBTFUL)
        if doubtful or not 30 < side < LARGEST_CODE * max(pixels.shape[:2]):
            continue
        more = max(8.0, 0.05 * side, 30.0 if bottom - top < 20 else 0.0)
        place = (int(left - more), int(top - more), int(right + more), int(bottom + more))
        result.append(Found(PageKind.CODE, place, certainty, "CODE", text))
    return result


def red_marks(pixels: Pixels, times: float = 1.0) -> list[Found]:
    """Red ink by size and shape: official seals, name seals, fingerprints. ``times``: how much larger the page is."""
    hue = cv2.cvtColor(pixels, cv2.COLOR_BGR2HSV)
    low, high = cv2.inRange(hue, (0, 70, 60), (9, 255, 255)), cv2.inRange(hue, (168, 70, 60), (180, 255, 255))
    ink = cv2.bitwise_or(low, high)
    inch = max(pixels.shape[:2]) / _A4_HEIGHT
    reach = max(3, int(inch * 0.05)) | 1
    whole = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(whole)
    found = []
    for number in range(1, count):
        left, top, width, height, _ = (int(v) for v in stats[number])
        share = float((ink[top : top + height, left : left + width] > 0).mean())
        kind = _red_kind(width / inch, height / inch, share)
        if kind is not None:
            more = int(0.03 * inch)
            place = (left - more, top - more, left + width + more, top + height + more)
            found.append(Found(kind, box_of([side * times for side in place]), 0.8, f"RED_{kind.value}"))
    seals = [one for one in found if one.kind is PageKind.SEAL]
    return seals + [one for one in found if one not in seals and not any(_over(one, seal) for seal in seals)]


def mostly_red(pixels: Pixels, place: Box) -> bool:
    """Whether what stands in the box is red ink: the words of a seal, not words under it."""
    part = pixels[max(0, place[1]) : place[3], max(0, place[0]) : place[2]].astype(np.int16)
    if part.size == 0:
        return False
    dark = part.min(axis=2) < 140
    red = dark & (part[..., 2] - np.maximum(part[..., 0], part[..., 1]) > 50)
    return int(red.sum()) > 0.75 * int(dark.sum())


def _red_kind(width: float, height: float, share: float) -> PageKind | None:
    """By size in inches: an official seal is 38 mm and more across, a name seal or a finger 10 to 25 mm."""
    if not 0.55 < width / height < 1.8 or share < 0.05:
        return None
    if min(width, height) >= 1.15:
        return PageKind.SEAL if max(width, height) < 2.6 else None
    if not 0.33 <= min(width, height) <= 0.95 or share < 0.18:
        return None
    return PageKind.FINGERPRINT if share > 0.42 and height >= width else PageKind.SIGNATURE


def signatures(pixels: Pixels, page: Page) -> list[Found]:
    """Ink right of 签名 and its like, and right of a person's label whose value could not be read."""
    found = []
    for row in page.rows:
        labels = labels_of(row)
        for place, label in enumerate(labels):
            words = row.text[label.start : label.value]
            if not (_SIGNED.search(words) or (label.kind is PageKind.NAME and label.sure)):
                continue
            follows = labels[place + 1] if place + 1 < len(labels) else None
            spot = _signed_zone(label, follows, pixels.shape[1])
            trimmed = _trimmed(pixels, spot, label.box)
            if trimmed is not None:
                signed = _SIGNED.search(words) is not None
                if signed or label.value >= len(row.text.rstrip()):
                    found.append(Found(PageKind.SIGNATURE, trimmed, 0.85 if signed else 0.6, "RIGHT_OF_SIGN_LABEL"))
    return found


def _signed_zone(label: Label, follows: Label | None, width: int) -> Box:
    left, top, right, bottom = label.box
    height = bottom - top
    end = min(width, right + 9 * height)
    if follows is not None:
        end = min(end, follows.row.places(follows.start, follows.end)[0][0] - height // 4)
    for place in range(label.value, len(label.row.text)):
        character = label.row.boxes[place]
        if label.row.text[place] in TAB and character[0] > right + 9 * height:
            break
        if (
            label.row.text[place] not in " \t"
            and character[2] > end
            and follows is None
            and character[2] < right + 14 * height
        ):
            end = character[2]
    return right, int(top - 0.75 * height), int(end), int(bottom + 0.75 * height)


def _ink(pixels: Pixels, zone: Box) -> npt.NDArray[np.bool_]:
    """Pixels darker than the paper around them, at half size, within a zone of the half-sized page."""
    left, top, right, bottom = zone
    x, y = max(0, left - _AROUND), max(0, top - _AROUND)
    part = pixels[2 * y : 2 * (bottom + _AROUND), 2 * x : 2 * (right + _AROUND)]
    height, width = part.shape[0] // 2, part.shape[1] // 2
    if min(height, width) == 0:
        return np.zeros((0, 0), np.bool_)
    half = cv2.resize(part[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA)
    grey = grey_of(np.asarray(half, np.uint8))
    paper = cv2.medianBlur(cv2.dilate(grey, np.ones((9, 9), np.uint8)), 21)
    return np.asarray(cv2.subtract(paper, grey) > _INK, np.bool_)[top - y : bottom - y, left - x : right - x]


def _trimmed(pixels: Pixels, zone: Box, label: Box) -> Box | None:
    """The part of a zone that holds ink, or None."""
    left, top, right, bottom = (max(0, v // 2) for v in zone)
    part = _ink(pixels, (left, top, right, bottom))
    if part.size == 0:
        return None
    middle = part[part.shape[0] // 4 : -(part.shape[0] // 4) or None]
    if middle.size == 0 or float(middle.mean()) < _INK_LEAST:
        return None
    height = label[3] - label[1]
    rows = _stretch(np.asarray(part.any(axis=1)), len(part) // 2, 3)
    columns = _stretch(np.asarray(part[rows[0] : rows[1] + 1].any(axis=0)), 0, height)
    more = height // 6
    return (
        (left + columns[0]) * 2 - more,
        (top + rows[0]) * 2 - more,
        (left + columns[1]) * 2 + more,
        (top + rows[1]) * 2 + more,
    )


def _stretch(inked: npt.NDArray[np.bool_], start: int, gap: int) -> tuple[int, int]:
    """First and last place with ink around ``start``, up to the first blank wider than ``gap``."""
    places = np.flatnonzero(inked)
    parts = np.split(places, np.flatnonzero(np.diff(places) > gap) + 1)
    nearest = min(parts, key=lambda part: max(part[0] - start, start - part[-1], 0))
    return int(nearest[0]), int(nearest[-1])

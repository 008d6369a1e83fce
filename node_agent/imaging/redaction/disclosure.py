"""A masked page for somebody outside, with the opening by which an auditor checks it against the sealed page.

Invariants: what is given out is the masked rendition as it was sealed, and an opening that tells nothing of what is
covered; it was checked like an auditor would before it is given out, else it is withheld.
"""

from dataclasses import dataclass

import numpy as np

from crypto import canonical
from crypto.commitments import Opening
from crypto.manifest import read as read_manifest
from crypto.refusal import Refusal
from node_agent.imaging.check import inspect_page
from node_agent.imaging.picture import Pixels, decode
from node_agent.imaging.redaction.tiles import FILL, RULE, TILE, Box, check_masked, open_masked


@dataclass(frozen=True)
class Disclosure:
    """``masked``: PNG; ``opening``: canonical JSON, with the manifest's digest, line and page that it belongs to."""

    masked: bytes
    opening: bytes


@dataclass(frozen=True)
class Checked:
    """What an auditor knows now: the masked page is this page of this manifest, and differs only in ``boxes``."""

    manifest: str
    case: str
    line: str
    page: int
    boxes: tuple[Box, ...]


def disclose(manifest: bytes, line: str, page: int, *, salt: bytes, full: bytes, masked: bytes) -> Disclosure:
    """``salt``, ``full``: of the sealed page (``crypto.sealing.open_salted``). Refusals of ``check``,
    MASK_OTHER_PAGE."""
    shown, covered = decode(full), decode(masked)
    if shown.shape != covered.shape:
        raise Refusal("MASK_OTHER_PAGE", RULE)
    boxes = _covered(covered)
    opening = open_masked(shown, salt, boxes)
    document = {
        "v": 1,
        "manifest": canonical.digest(manifest),
        "line": line,
        "page": page,
        "boxes": [[box.x, box.y, box.width, box.height] for box in boxes],
        "seeds": [seed.hex() for seed in opening.seeds],
        "hashes": [one.hex() for one in opening.hashes],
    }
    made = Disclosure(masked, canonical.encode(document))
    check(manifest, made.opening, made.masked)
    return made


def check(manifest: bytes, opening: bytes, masked: bytes) -> Checked:
    """What an auditor does, with nothing but these three files.

    1. the opening names this manifest, a line and a page of it   2. the page is committed to tile by tile
    3. the covered boxes are solid, everything else is what was committed to

    Refusals NOT_CANONICAL, OPENING_FORMAT, OPENING_OTHER_PAGE (1), PAGE_UNCOMMITTED (2), MASK_NOT_SOLID,
    OPENING_MISMATCH (3), MANIFEST_FORMAT, those of the page check.
    """
    made, told = read_manifest(manifest), canonical.parse(opening)
    try:
        boxes = tuple(sorted(Box(*map(_whole, _list(box))) for box in _list(told["boxes"])))
        given = Opening(*(tuple(bytes.fromhex(str(one)) for one in _list(told[name])) for name in ("seeds", "hashes")))
        line, page = str(told["line"]), _whole(told["page"])
    except (KeyError, TypeError, ValueError) as error:
        raise Refusal("OPENING_FORMAT", RULE) from error
    full = made.rendition(line, page, "full")
    if told["manifest"] != canonical.digest(manifest) or full is None:  # 1
        raise Refusal("OPENING_OTHER_PAGE", RULE)
    if full.tiles is None:  # 2
        raise Refusal("PAGE_UNCOMMITTED", RULE)
    inspect_page("masked.png", masked)  # 3: from anybody's hand, so bounded before it is decoded
    check_masked(decode(masked), full.tiles, boxes, given)
    return Checked(canonical.digest(manifest), made.case, line, page, boxes)


def _covered(masked: Pixels) -> tuple[Box, ...]:
    """Runs of tiles that hold nothing but the fill."""
    height, width = masked.shape[:2]
    solid = (masked == np.array(FILL, np.uint8)).all(axis=2)
    boxes: list[Box] = []
    for y in range(0, height, TILE):
        tall, start = min(TILE, height - y), -1
        for x in range(0, width + TILE, TILE):
            whole = x < width and bool(solid[y : y + tall, x : x + TILE].all())
            if whole and start < 0:
                start = x
            elif not whole and start >= 0:
                boxes.append(Box(start, y, min(x, width) - start, tall))
                start = -1
    return tuple(sorted(boxes))


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise ValueError("list")
    return value


def _whole(value: object) -> int:
    if type(value) is not int:
        raise ValueError("number")
    return value

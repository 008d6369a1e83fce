"""The masked page read again by the other model before it may leave (issue 5, part 4).

Reading again goes through these steps; the code carries the same numbers:
1. what was found is covered in whole tiles, as the masked page will be
2. the small recogniser reads the covered page; the tiny one read it before
3. what is still read and would be covered is covered too, and the page read once more
4. what is read even then makes the page one that is withheld

Invariants: nothing is uncovered here; marks (faces, seals, codes) were looked for in the pixels, and stay as they are;
a page that is covered wholly has nothing left to read, which is no doubt about it.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Final

from hub.casework.masking.fields import Profile
from hub.casework.masking.pictures import is_covered
from node_agent.imaging.finding.find import in_text
from node_agent.imaging.finding.found import Found, inside
from node_agent.imaging.finding.hints import Hint
from node_agent.imaging.finding.judged import Judged
from node_agent.imaging.finding.layout import arrange
from node_agent.imaging.picture import Pixels
from node_agent.imaging.reading.lines import Box, Reading, on_the_page_given
from node_agent.imaging.redaction.tiles import FILL, snapped
from node_agent.imaging.redaction.tiles import Box as Tiles

ROUNDS: Final = 2
STILL_READ: Final = "STILL_READ"
NEW_SHARE: Final = 0.2
"""Share of what was read that lies under no mask; below it, it is the rim of a mask that was taken for print."""
READ_AGAIN: Final = "READ_AGAIN"

Reader = Callable[[Pixels, str], Reading]
"""Reads a covered page that is turned as given; told the digest of its masks."""


def read_again(read: Reader, page: Pixels, judged: Judged, hints: Sequence[Hint]) -> Judged:
    """``judged`` with what the other model still reads; withheld as STILL_READ when covering that does not help."""
    found = list(judged.found)
    for _ in range(ROUNDS):  # 3
        boxes = sorted({one.box for one in found if is_covered(one.kind, Profile.OUTSIDE)})
        covered = under_masks(page, boxes)  # 1
        reading = read(covered, masks_digest(boxes))  # 2
        more = _still(reading, covered, hints)
        if not more:
            return Judged(tuple(found), judged.withheld, judged.turn)
        found += more
    return Judged(tuple(found), (*judged.withheld, STILL_READ), judged.turn)  # 4


def under_masks(page: Pixels, boxes: Sequence[Box]) -> Pixels:
    """The page as its masked rendition shows it."""
    made = page.copy()
    for box in snapped(page, [Tiles(left, top, right - left, low - top) for left, top, right, low in boxes]):
        made[box.y : box.y + box.height, box.x : box.x + box.width] = FILL
    return made


def masks_digest(boxes: Sequence[Box]) -> str:
    """Names the covered page among the readings of a page."""
    return hashlib.sha256(json.dumps([list(box) for box in boxes]).encode()).hexdigest()[:32]


def _still(reading: Reading, covered: Pixels, hints: Sequence[Hint]) -> list[Found]:
    told = inside((reading.width, reading.height), in_text(arrange(reading.lines), hints))
    given = [Found(one.kind, on_the_page_given(one.box, reading), one.certainty, READ_AGAIN, one.text) for one in told]
    return [one for one in given if is_covered(one.kind, Profile.OUTSIDE) and _open_share(covered, one.box) > NEW_SHARE]


def _open_share(covered: Pixels, box: Box) -> float:
    left, top, right, bottom = box
    piece = covered[top:bottom, left:right]
    return float(piece.any(axis=2).mean()) if piece.size else 0.0

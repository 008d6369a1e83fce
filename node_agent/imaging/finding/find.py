"""Everything personal on one page: boxes with kind, certainty and reason, and whether the page can be judged at all.

Order: labels and tables, numbers, running text, marks; then what was found is looked for again on the whole page,
together with the form's own data. What can not be judged is not shown: the page is withheld and a clerk decides.
"""

from collections.abc import Sequence
from typing import Final

from hub.casework.masking.pictures import PageKind
from node_agent.imaging.finding.found import Found, covering, inside
from node_agent.imaging.finding.hints import Hint, by_hints
from node_agent.imaging.finding.judged import Judged
from node_agent.imaging.finding.labels import by_labels
from node_agent.imaging.finding.layout import Page, Text, arrange, box
from node_agent.imaging.finding.marks import Seen, look, marks_in, mostly_red, shared
from node_agent.imaging.finding.numbers import broken_grids, numbers_in
from node_agent.imaging.finding.prose import in_prose
from node_agent.imaging.finding.words import looks_like_name
from node_agent.imaging.picture import Pixels
from node_agent.imaging.reading.lines import Box, Line, Reading, on_the_page_given

UNREADABLE_LINE: Final = 0.62
UNREADABLE_PAGE: Final = 0.8
UNREADABLE_SHARE: Final = 0.12
_DOUBTFUL: Final = frozenset({"NAME_IN_PROSE", "NOT_READ"})
TALL: Final = 2.4
REPEATED: Final = 0.8
"""Certainty from which a name is looked for on the rest of the page."""


def find(pixels: Pixels, reading: Reading, hints: Sequence[Hint] = (), seen: Seen | None = None) -> Judged:
    """``pixels``: the upright page (``reading.turn`` applied); ``seen``: what was seen on it already."""
    page = arrange(reading.lines)
    marks = marks_in(seen or look(pixels), pixels, page)
    seals = [mark.box for mark in marks if mark.kind is PageKind.SEAL]
    words = [
        one for one in [*in_text(page, hints), *unreadable(reading.lines)]
        if one.reason not in _DOUBTFUL or not _of_a_seal(pixels, one, seals)
    ]  # fmt: skip
    found = [*words, *marks]
    kept = _merged(inside((reading.width, reading.height), found))
    given = tuple(
        Found(one.kind, on_the_page_given(one.box, reading), one.certainty, one.reason, one.text) for one in kept
    )
    return Judged(given, tuple(withheld(reading, page)), reading.turn)


def _of_a_seal(pixels: Pixels, one: Found, seals: Sequence[Box]) -> bool:
    """Whether the words are the seal's own."""
    return any(shared(one.box, seal) for seal in seals) and mostly_red(pixels, one.box)


def in_text(page: Page, hints: Sequence[Hint] = ()) -> list[Found]:
    """What the words of a page tell."""
    found = by_labels(page)
    for text in (*page.rows, *page.flows):
        found += numbers_in(text)
    found += in_prose((*page.rows, *page.flows))
    found += by_hints((*page.rows, *page.flows), hints)
    return found + by_hints((*page.rows, *page.flows), _names_again(found), "NAME_AGAIN", exactly=True)


def _names_again(found: Sequence[Found]) -> list[Hint]:
    names = {
        one.text.replace(" ", "").replace("\n", "")
        for one in found
        if one.kind is PageKind.NAME and one.certainty >= REPEATED
    }
    return [Hint(PageKind.NAME, name) for name in sorted(names) if looks_like_name(name, strict=False)]


def unreadable(lines: Sequence[Line]) -> list[Found]:
    """Lines that the engine could not read: what they say is unknown, so they are covered."""
    found: list[Found] = []
    for line in lines:
        if line.score < UNREADABLE_LINE and len(line.text.replace(" ", "")) >= 2:
            found += covering(Text(line.text, line.chars), 0, len(line.text), PageKind.UNREADABLE, 0.3, "NOT_READ")
    return found


def withheld(reading: Reading, page: Page) -> list[str]:
    """Why a page can not be judged."""
    reasons = []
    if not reading.lines:
        return ["NOTHING_READ"]
    if reading.score < UNREADABLE_PAGE:
        reasons.append("POORLY_READ")
    whole = sum(len(line.text) for line in reading.lines)
    lost = sum(len(line.text) for line in reading.lines if line.score < UNREADABLE_LINE)
    if lost > UNREADABLE_SHARE * whole:
        reasons.append("LINES_NOT_READ")
    if any(broken_grids(row) for row in page.rows):
        reasons.append("DIGIT_GRID")
    if any(_stands(text) for text in page.lines):
        reasons.append("VERTICAL_TEXT")
    return reasons


def _stands(text: Text) -> bool:
    """A column of characters: the engine reads it lying on its side."""
    left, top, right, bottom = box(text)
    return bottom - top > TALL * (right - left) and bottom - top > 120


def _merged(found: Sequence[Found]) -> list[Found]:
    """Without those that lie wholly in another of the same kind."""
    kept: list[Found] = []
    for one in sorted(found, key=lambda one: (_area(one), one.certainty), reverse=True):
        if not any(one.kind is other.kind and _within(one, other) for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda one: (one.box[1], one.box[0]))


def _area(found: Found) -> int:
    left, top, right, bottom = found.box
    return (right - left) * (bottom - top)


def _within(one: Found, other: Found) -> bool:
    return (
        one.box[0] >= other.box[0]
        and one.box[1] >= other.box[1]
        and one.box[2] <= other.box[2]
        and one.box[3] <= other.box[3]
    )

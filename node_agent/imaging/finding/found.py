"""One place of a page that holds personal data."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from hub.casework.masking.pictures import PageKind
from node_agent.imaging.finding.layout import Text
from node_agent.imaging.reading.lines import Box

PAD_ACROSS, PAD_UP = 0.22, 0.1
"""Of a character's height: what a cover reaches beyond the characters."""


@dataclass(frozen=True, slots=True)
class Found:
    """``certainty``: 0 to 1, of the rule; ``reason``: stable code of the rule. ``text`` is what was read there: it
    never leaves the node, and is not shown when the value is printed."""

    kind: PageKind
    box: Box
    certainty: float
    reason: str
    text: str = field(default="", repr=False)


def covering(text: Text, start: int, end: int, kind: PageKind, certainty: float, reason: str) -> list[Found]:
    """The characters from ``start`` to ``end``, with room around; one for each line."""
    across, up = int(PAD_ACROSS * text.height) + 1, int(PAD_UP * text.height) + 1
    value = text.text[start:end]
    return [
        Found(kind, (left - across, top - up, right + across, bottom + up), certainty, reason, value)
        for left, top, right, bottom in text.places(start, end)
    ]


def inside(page: tuple[int, int], found: Sequence[Found]) -> list[Found]:
    """Cut at the page's edges (width, height)."""
    kept = []
    for one in found:
        left, top, right, bottom = one.box
        whole = (max(0, left), max(0, top), min(page[0], right), min(page[1], bottom))
        if whole[0] < whole[2] and whole[1] < whole[3]:
            kept.append(Found(one.kind, whole, one.certainty, one.reason, one.text))
    return kept

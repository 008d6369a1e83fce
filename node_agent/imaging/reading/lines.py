"""What was read on a page, as plain values that go through a pipe or a file.

Invariants: boxes are left, top, right, bottom in pixels of the upright page; a line has one box for each character of
its text; a gap wider than a character's share is one blank with a box of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

Box = tuple[int, int, int, int]
GAP: Final = 0.55
"""Of the line's height: wider gaps between characters are written as a blank."""


@dataclass(frozen=True, slots=True)
class Line:
    """``score``: the engine's own certainty, 0 to 1."""

    text: str
    score: float
    box: Box
    chars: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """``turn``: degrees, clockwise, by which the page given has to be turned to be upright; ``width`` and ``height``
    are those of the upright page. ``engine``: which model's reading was kept. ``score``: mean over characters."""

    width: int
    height: int
    turn: int
    score: float
    engine: str
    lines: tuple[Line, ...]

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @classmethod
    def from_document(cls, given: Mapping[str, Any]) -> "Reading":
        """What ``document`` gave."""
        lines = tuple(
            Line(line["text"], line["score"], box_of(line["box"]), tuple(box_of(box) for box in line["chars"]))
            for line in given["lines"]
        )
        return cls(given["width"], given["height"], given["turn"], given["score"], given["engine"], lines)


def box_of(numbers: Sequence[float]) -> Box:
    """Four numbers as a box."""
    left, top, right, bottom = (int(round(number)) for number in numbers)
    return left, top, right, bottom


def union(boxes: Sequence[Box]) -> Box:
    """The smallest box around all."""
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )


def line_of(characters: Sequence[tuple[str, Box]], score: float) -> Line:
    """A line from characters in reading order, with blanks where the page has gaps."""
    whole = union([box for _, box in characters])
    height = whole[3] - whole[1]
    text: list[str] = []
    boxes: list[Box] = []
    for character, box in characters:
        if boxes and box[0] - boxes[-1][2] > GAP * height:
            text.append(" ")
            boxes.append((boxes[-1][2], box[1], box[0], box[3]))
        text.append(character)
        boxes.append(box)
    return Line("".join(text), score, whole, tuple(boxes))


def on_the_page_given(box: Box, reading: Reading) -> Box:
    """A box of the upright page in pixels of the page as it was given."""
    left, top, right, bottom = box
    if reading.turn == 90:  # the page given stands on its left side: its height is our width
        return top, reading.width - right, bottom, reading.width - left
    if reading.turn == 180:
        return reading.width - right, reading.height - bottom, reading.width - left, reading.height - top
    if reading.turn == 270:
        return reading.height - bottom, left, reading.height - top, right
    return box

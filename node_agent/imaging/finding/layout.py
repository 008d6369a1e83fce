"""Lines of a reading put together: rows with cells, and texts that run over several lines.

Every text keeps the box of each of its characters, so whatever a rule finds in a text can be covered on the page.

Invariants: ``text`` and ``boxes`` have the same length; TAB stands between the cells of a row, NEWLINE between lines.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from node_agent.imaging.reading.lines import Box, Line, union

TAB, NEWLINE = "\t", "\n"
SINGLE: Final = {"•": "·", "・": "·", "∶": ":", "—": "-", "–": "-", "‐": "-", "−": "-"}
"""Signs that print alike."""
NEAR: Final = 1.3
"""Times the height: the widest space between two lines of one text."""


@dataclass(frozen=True)
class Text:
    """Characters in reading order, and the box of each."""

    text: str
    boxes: tuple[Box, ...]

    @cached_property
    def height(self) -> int:
        """Usual height of a character."""
        heights = sorted(box[3] - box[1] for box, c in zip(self.boxes, self.text, strict=True) if c not in " \t\n")
        return heights[len(heights) // 2] if heights else 1

    @cached_property
    def around(self) -> Box:
        """Around the whole text: asked for thousands of times a page."""
        return union(self.boxes)

    def places(self, start: int, end: int) -> list[Box]:
        """Boxes, one a line or cell, that hold the characters from ``start`` to ``end``."""
        found: list[Box] = []
        run: list[Box] = []
        for place in range(start, end):
            if self.text[place] in "\t\n":
                found += [union(run)] if run else []
                run = []
            elif self.text[place] != " ":
                run.append(self.boxes[place])
        return found + ([union(run)] if run else [])


@dataclass(frozen=True)
class Page:
    """``lines``: as read; ``rows``: side by side; ``flows``: one below the other."""

    lines: tuple[Text, ...]
    rows: tuple[Text, ...]
    flows: tuple[Text, ...]


def arrange(lines: Sequence[Line]) -> Page:
    """The page's texts."""
    texts = [Text(plain(line.text), line.chars) for line in lines if line.text.strip()]
    texts.sort(key=lambda text: (text.boxes[0][1], text.boxes[0][0]))
    return Page(tuple(texts), tuple(_rows(texts)), tuple(_flows(texts)))


def plain(text: str) -> str:
    """Full-width letters and digits as plain ones, one character for one."""
    return "".join(_plain(c) for c in text)


def _plain(c: str) -> str:
    if c in SINGLE:
        return SINGLE[c]
    narrow = unicodedata.normalize("NFKC", c)
    return narrow if len(narrow) == 1 and (c.isdigit() or "\uff00" <= c <= "\uffef") else c


def box(text: Text) -> Box:
    """Around the whole text."""
    return text.around


def beside(left: Text, right: Text) -> bool:
    """Whether ``right`` stands in the same row, judged at the ends that face each other: rows may be askew."""
    one, two = left.boxes[-1], right.boxes[0]
    if two[0] < one[2] - 0.5 * left.height:
        return False
    overlap = min(one[3], two[3]) - max(one[1], two[1])
    return overlap > 0.45 * min(one[3] - one[1], two[3] - two[1])


def _rows(texts: Sequence[Text]) -> list[Text]:
    following: dict[int, int] = {}
    taken: set[int] = set()
    for place, text in sorted(enumerate(texts), key=lambda pair: pair[1].boxes[0][0]):
        right = [k for k, other in enumerate(texts) if k != place and k not in taken and beside(text, other)]
        if right:
            nearest = min(right, key=lambda k: texts[k].boxes[0][0])
            following[place] = nearest
            taken.add(nearest)
    rows = []
    for place in range(len(texts)):
        if place not in taken:
            chain = [place]
            while chain[-1] in following:
                chain.append(following[chain[-1]])
            rows.append(_joined([texts[k] for k in chain], TAB))
    return rows


def _flows(texts: Sequence[Text]) -> list[Text]:
    """Each line goes on with the nearest below it, and only if it is itself the nearest above that one: the last line
    of a paragraph must not take the next paragraph's second line from its first."""
    pairs = sorted(
        (other.boxes[0][1] - text.boxes[0][1], place, k)
        for place, text in enumerate(texts)
        for k, other in enumerate(texts)
        if k != place and _continues(text, other)
    )
    following: dict[int, int] = {}
    taken: set[int] = set()
    for _, place, k in pairs:
        if place not in following and k not in taken:
            following[place] = k
            taken.add(k)
    flows = []
    for place in range(len(texts)):
        if place not in taken and place in following:
            chain = [place]
            while chain[-1] in following:
                chain.append(following[chain[-1]])
            flows.append(_joined([texts[k] for k in chain], NEWLINE))
    return flows


def _continues(upper: Text, lower: Text) -> bool:
    """Whether ``lower`` may be the next line: close below, starts near, and ``upper`` was full."""
    one, two, height = box(upper), box(lower), upper.height
    if not 0.6 * height < two[1] - one[1] < (1 + NEAR) * height or lower.height > 1.6 * height:
        return False
    starts = two[0] - one[0]
    return -3.2 * height < starts < 1.2 * height and one[2] > two[2] - 1.6 * height


def _joined(texts: Sequence[Text], sign: str) -> Text:
    whole = ""
    boxes: list[Box] = []
    for text in texts:
        if whole:
            whole += sign
            boxes.append((boxes[-1][2], boxes[-1][1], boxes[-1][2] + 1, boxes[-1][3]))
        whole += text.text
        boxes.extend(text.boxes)
    return Text(whole, tuple(boxes))

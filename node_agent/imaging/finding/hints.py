"""The form's own data, looked for on the whole page (issue 5, part 3): the window knows the applicant's name, number.

The engine slips, so a value is found with some characters wrong: one in a name of three, a tenth of a longer value.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from hub.casework.masking.pictures import PageKind
from node_agent.imaging.finding.found import Found, covering
from node_agent.imaging.finding.layout import Text, plain
from node_agent.imaging.finding.numbers import SLIPS

_SKIPPED: Final = " .·,_-\n\t()"
_NUMBERS: Final = frozenset(
    {PageKind.CITIZEN_ID, PageKind.PHONE, PageKind.BANK_CARD, PageKind.PASSPORT, PageKind.PERMIT, PageKind.PLATE}
)
_PIECE, _LEAST = 6, 4


@dataclass(frozen=True, slots=True)
class Hint:
    """A value of the form and what it is; it is not shown when printed."""

    kind: PageKind
    value: str = field(repr=False)


def by_hints(texts: Sequence[Text], hints: Sequence[Hint], reason: str = "HINT", exactly: bool = False) -> list[Found]:
    """Where the hints' values stand, whole or in pieces; ``exactly``: without slips of the engine."""
    found: list[Found] = []
    for hint in hints:
        wanted = _folded(plain(hint.value), hint.kind)[0]
        if len(wanted) < 2:
            continue
        for text in texts:
            folded, places = _folded(text.text, hint.kind)
            for start, end, certainty in _matches(folded, wanted, hint.kind, exactly):
                found += covering(text, places[start], places[end - 1] + 1, hint.kind, certainty, reason)
    return found


def _folded(text: str, kind: PageKind) -> tuple[str, list[int]]:
    """Characters that count, and where each stands."""
    kept = [(k, c) for k, c in enumerate(text) if c not in _SKIPPED]
    fold = SLIPS if kind in _NUMBERS else {}
    return "".join(fold.get(c, c).upper() for _, c in kept), [k for k, _ in kept]


def _matches(text: str, wanted: str, kind: PageKind, exactly: bool) -> Iterator[tuple[int, int, float]]:
    for match in re.finditer(re.escape(wanted), text):
        yield match.start(), match.end(), 0.99
    if exactly:
        return
    if kind is PageKind.NAME:
        if len(wanted) >= 3:
            for k in range(len(wanted)):
                pattern = re.escape(wanted[:k]) + r"[\u3400-\u9fff]" + re.escape(wanted[k + 1 :])
                for match in re.finditer(pattern, text):
                    yield match.start(), match.end(), 0.7
    elif kind is PageKind.ADDRESS:
        yield from _pieces(text, wanted)
    elif kind is not PageKind.BIRTH:
        yield from _slipped(text, wanted)


def _slipped(text: str, wanted: str) -> Iterator[tuple[int, int, float]]:
    """Same length, up to a tenth and one wrong; or one character lost or added."""
    most = 1 + len(wanted) // 10
    for size in (len(wanted), len(wanted) - 1, len(wanted) + 1):
        for start in range(len(text) - size + 1):
            piece = text[start : start + size]
            if piece[0] == wanted[0] and piece != wanted and distance(piece, wanted) <= most:
                yield start, start + size, 0.85


def _pieces(text: str, wanted: str) -> Iterator[tuple[int, int, float]]:
    """Stretches of an address that stand together; a wrapped address is found line by line."""
    start = 0
    while start <= len(text) - _PIECE:
        length = _common(text, start, wanted)
        if length >= _PIECE and any(c.isdigit() for c in text[start : start + length]) or length >= _PIECE + 3:
            yield start, start + length, 0.9
            start += length
        else:
            start += 1


def _common(text: str, start: int, wanted: str) -> int:
    """How many characters from ``start`` stand in ``wanted`` in the same order, side by side."""
    if len(text) - start < _LEAST or text[start : start + _LEAST] not in wanted:
        return 0
    length = _LEAST
    while start + length < len(text) and text[start : start + length + 1] in wanted:
        length += 1
    return length


def distance(one: str, two: str) -> int:
    """Fewest changes of single characters between them (Levenshtein)."""
    before = list(range(len(two) + 1))
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(two, 1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (a != b)))
        before = row
    return before[-1]

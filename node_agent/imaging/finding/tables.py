"""Heads of tables that hold words outside the list of labels.

A head that is surely one (``labels.is_head``) has labels only. Others are known by what stands below them: rows with as
many cells, in which no label stands; in a form every second cell is one.
"""

import re
from collections.abc import Sequence
from typing import Final

from hub.casework.masking.pictures import PageKind
from node_agent.imaging.finding.layout import TAB, Text
from node_agent.imaging.finding.words import KINDS, bare, is_label

LONGEST_CELL: Final = 10
LEAST_CELLS, LEAST_ROWS, LOOKED_AT = 3, 2, 6
_ENDS: Final = sorted((label for label in KINDS if len(label) >= 2 and not label.isascii()), key=len, reverse=True)


def kind_of_cell(text: str) -> PageKind | None:
    """What a column holds: by the head's label, or by the label that the head ends with (对方户名, 共同申请人)."""
    word = bare(text)
    if word in KINDS or is_label(word):
        return KINDS.get(word)
    return next((KINDS[label] for label in _ENDS if word.endswith(label) and len(word) <= len(label) + 4), None)


def unsure_heads(rows: Sequence[Text], sure: Sequence[Text]) -> list[Text]:
    """Rows that are heads by what stands below them."""
    found = []
    for place, row in enumerate(rows):
        cells = _cells(row)
        if row in sure or len(cells) < LEAST_CELLS or not all(_may_head(cell) for cell in cells):
            continue
        if all(kind_of_cell(cell) is None for cell in cells):
            continue
        below = [_cells(other) for other in rows[place + 1 : place + 1 + LOOKED_AT]]
        alike = [other for other in below if len(other) >= LEAST_CELLS and abs(len(other) - len(cells)) <= 1]
        if len(alike) >= LEAST_ROWS and sum(_labels(other) for other in alike) * 4 <= sum(map(len, alike)):
            found.append(row)
    return found


def _cells(row: Text) -> list[str]:
    return [cell.strip() for cell in row.text.split(TAB) if cell.strip()]


def _may_head(cell: str) -> bool:
    return len(cell) <= LONGEST_CELL and not re.search(r"[0-9:]", cell)


def _labels(cells: Sequence[str]) -> int:
    return sum(is_label(cell) for cell in cells[1:])

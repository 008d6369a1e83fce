"""Which duty a text speaks of: ids of requirements (A03) and of rows of states.md (T05, O6, D5, P3)."""

import re
from collections.abc import Iterable

from hub.casework.law import Guard, Rule

_REQUIREMENT = re.compile(r"\b[A-J][0-9]{2}\b")
_BOTH = frozenset({"D10", "D11"})  # a guard means the result's way by these
_STATE_ROW = re.compile(r"\b(?:T[0-9]{2}[a-z]?|O[0-9]{1,2}|D[0-9]{1,2}|P[0-9]{1,2}|K[0-9]{1,2}|[WYR][0-9])\b")


def ids_in(text: str) -> frozenset[str]:
    """All ids in a text."""
    return frozenset(_REQUIREMENT.findall(text)) | frozenset(_STATE_ROW.findall(text))


def row_id(row: Rule) -> str:
    """The mark of a row of the law: ``row D10`` is the re-issue of a lost result, ``D10`` a duty of the catalogue."""
    return f"row {row.id}"


def ids_of_guard(row: Rule, guard: Guard) -> frozenset[str]:
    """What a guard of a row keeps: the row itself and the duties that the guard cites."""
    return frozenset({row_id(row)}) | frozenset(_REQUIREMENT.findall(guard.__doc__ or "")) - _BOTH


def ids_of_guards(rows: Iterable[Rule]) -> dict[tuple[str, str], frozenset[str]]:
    """By (row id, guard's name)."""
    return {(row.id, guard.__name__): ids_of_guard(row, guard) for row in rows for guard in row.guards}

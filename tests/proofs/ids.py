"""Which duty a text speaks of: ids of requirements (A03) and of rows of states.md (T05, O6, D5, P3)."""

import re
from collections.abc import Iterable

from hub.casework.law import Guard, Rule

_REQUIREMENT = re.compile(r"\b[A-J][0-9]{2}\b")
_STATE_ROW = re.compile(r"\b(?:T[0-9]{2}[a-z]?|O[0-9]{1,2}|D[0-9]{1,2}|P[0-9]{1,2}|K[0-9]{1,2}|[WYR][0-9])\b")


def ids_in(text: str) -> frozenset[str]:
    """All ids in a text."""
    return frozenset(_REQUIREMENT.findall(text)) | frozenset(_STATE_ROW.findall(text))


def ids_of_guard(row: Rule, guard: Guard) -> frozenset[str]:
    """What a guard of a row keeps: the row's own id and what the guard itself cites."""
    return frozenset({row.id}) | ids_in(guard.__doc__ or "")


def ids_of_guards(rows: Iterable[Rule]) -> dict[tuple[str, str], frozenset[str]]:
    """By (row id, guard's name)."""
    return {(row.id, guard.__name__): ids_of_guard(row, guard) for row in rows for guard in row.guards}

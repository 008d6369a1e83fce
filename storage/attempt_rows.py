"""Rows that count attempts at check codes, for all hub processes alike.

Invariants: an attempt is counted before its code is looked at, so many at once cannot pass a limit together; a count
ends with its time and begins anew.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, bindparam, case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from storage.bulk import any_of
from storage.tables import check_code_attempts

_OVER = check_code_attempts.c.until <= bindparam("now")
_COUNT = (
    upsert(check_code_attempts)
    .values(name=bindparam("name"), until=bindparam("ends"), count=1)
    .on_conflict_do_update(
        index_elements=["name"],
        set_={
            "count": case((_OVER, 1), else_=check_code_attempts.c.count + 1),
            "until": case((_OVER, bindparam("ends")), else_=check_code_attempts.c.until),
        },
    )
    .returning(check_code_attempts.c.count.label("counted"), check_code_attempts.c.until)
)
_TAKE_BACK = (
    update(check_code_attempts)
    .where(any_of(check_code_attempts.c.name, "names"))
    .values(count=func.greatest(check_code_attempts.c.count - 1, 0))
)
_FORGET = delete(check_code_attempts).where(
    check_code_attempts.c.name.in_(select(check_code_attempts.c.name).where(_OVER).with_for_update(skip_locked=True))
)


class AttemptRows:
    """Attempts in one transaction. Times are RFC 3339 text in UTC+8."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def count(self, now: str, ends: Mapping[str, str]) -> dict[str, tuple[int, str]]:
        """Count one attempt a name; how many there are by now, and until when they count.

        ``ends``: by name, when a count that begins now is over. Counts that are over are forgotten.
        """
        self._connection.execute(_FORGET, {"now": now})
        counted = {}
        for name, until in sorted(ends.items()):  # in one order, so that two who count the same names do not block
            row = self._connection.execute(_COUNT, {"name": name, "ends": until, "now": now}).one()
            counted[name] = (row.counted, row.until)
        return counted

    def take_back(self, names: Sequence[str]) -> None:
        """One attempt of each name was a good one."""
        self._connection.execute(_TAKE_BACK, {"names": sorted(names)})

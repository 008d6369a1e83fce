"""Which rows take a late entry: acts of a person with paper or at a counter, which go on when nothing works (A22).

No row stands here: a late entry is the act itself, said later (states.md 9). Packing (O3) has its witness already, and
that is the second person. What is asked on the telephone (D6C, D6D, D8) takes none: nothing changes hands, the call can
be made again, and the scanned note of it has its own date.
"""

from dataclasses import replace

from hub.casework.late import guards as lg
from hub.casework.law import Rule
from hub.casework.row_values import members

ON_PAPER = frozenset(
    {
        *("T05", "T05R", "P1S", "T06", "T06R", "T35", "P10", "P10U"),  # collected, declined, withdrawn in writing
        *("T17", "K7S"),  # handed in later: a supplement, a promised material
        *("D1", "D2C", "D2"),  # chosen in writing, notified, handed over the counter
        *("O2", "O3", "O6", "O13", "O14", "E08", "E08T"),  # originals and paper from hand to hand
    }
)


def with_late_entries(rows: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """The rows, of which those in ``ON_PAPER`` take a late entry."""
    unknown = ON_PAPER - {row.id for row in rows}
    if unknown:
        raise ValueError(f"no row for {sorted(unknown)}")
    return tuple(_taking(row) if row.id in ON_PAPER else row for row in rows)


def _taking(row: Rule) -> Rule:
    if "second_person" in row.members:
        return replace(row, guards=(*row.guards, lg.late_entry_whole), members=row.members | {lg.LATE})
    return replace(
        row,
        guards=(*row.guards, lg.late_entry_whole, lg.late_entry_confirmed),
        members=row.members | members(f"{lg.LATE} second_person"),
    )

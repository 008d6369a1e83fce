"""Scenarios of late entries: what may be wrong with an act that was done on paper and entered afterwards (A22)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from crypto.canonical import time_text
from hub.casework.common import FUTURE_TOLERANCE
from hub.casework.late.rows import ON_PAPER
from hub.casework.table import ROWS
from tests.unit.law.law_people import Step
from tests.unit.law.law_scenarios import Scenario, Spoil
from tests.unit.law.law_world import Bench

HAPPENED, ENTERED = timedelta(hours=-3), timedelta(hours=-1)
"""Before the hub's time of the act: done on paper, and entered when the machine was back."""
BY_ROW: Mapping[str, frozenset[str]] = {
    row.id: frozenset(guard.__name__ for guard in row.guards) for row in ROWS if row.id in ON_PAPER
}
CONFIRMED = sorted(row for row, guards in BY_ROW.items() if "late_entry_confirmed" in guards)
"""All but packing, which its witness confirms."""


def colleague(step: Step) -> str:
    """Somebody else at the same desk."""
    return f"{step.node}/person/SECOND"


def late(bench: Bench, step: Step, entered: timedelta = ENTERED, **said: Any) -> Step:
    """The act as a late entry with nothing wrong in it. ``said``: other members of ``late_entry``; None leaves out."""
    told = {"entered_at": time_text(bench.now + entered), "cause": "NO_POWER"} | said
    made = step.saying(late_entry={name: value for name, value in told.items() if value is not None})
    if not made.second:
        made = replace(made.saying(second_person=colleague(step)), second="COLLECTOR")
    return replace(made, occurred=HAPPENED)


def entered(**said: Any) -> Spoil:
    """The late entry says something else about itself."""
    return lambda bench, step: late(bench, step, **said)


def entered_at(moment: timedelta) -> Spoil:
    """The late entry was entered at another time, counted from the hub's."""
    return lambda bench, step: late(bench, step, moment)


def no_object(bench: Bench, step: Step) -> Step:
    """Only marked, without cause and time."""
    return late(bench, step).saying(late_entry=True)


def alone(bench: Bench, step: Step) -> Step:
    """Nobody else signs."""
    return replace(late(bench, step).saying(second_person=None), second="")


def signed_by(person: str, role: str = "COLLECTOR") -> Spoil:
    """Somebody who may not confirm it."""

    def spoil(bench: Bench, step: Step) -> Step:
        who = person or bench.person(step.node, step.role)
        return replace(late(bench, step).saying(second_person=who), second=role)

    return spoil


def not_late(bench: Bench, step: Step) -> Step:
    """A second person at an act on time: nothing says what she confirms."""
    return replace(step.saying(second_person=colleague(step)), second="COLLECTOR")


LATE = [
    made
    for row in sorted(ON_PAPER)
    for made in (
        Scenario(row, "late_entry_whole", "BODY_MEMBER", no_object),
        Scenario(row, "late_entry_whole", "BODY_MEMBER", entered(cause=None)),
        Scenario(row, "late_entry_whole", "BODY_MEMBER", entered(words="x")),
        Scenario(row, "late_entry_whole", "BODY_MEMBER", entered(entered_at="2026-03-02")),
        Scenario(row, "late_entry_whole", "LATE_CAUSE_UNKNOWN", entered(cause="FORGOTTEN")),
        Scenario(row, "late_entry_whole", "LATE_CAUSE_UNKNOWN", entered(cause=1)),
        Scenario(row, "late_entry_whole", "LATE_ENTRY_TIMES", entered_at(HAPPENED)),
        Scenario(
            row, "late_entry_whole", "LATE_ENTRY_TIMES", entered_at(FUTURE_TOLERANCE + timedelta(milliseconds=1))
        ),
    )
] + [
    made
    for row in CONFIRMED
    for made in (
        Scenario(row, "late_entry_confirmed", "SECOND_PERSON_MISSING", alone),
        Scenario(row, "late_entry_confirmed", "SECOND_PERSON_WRONG", signed_by("")),
        Scenario(row, "late_entry_confirmed", "SECOND_PERSON_WRONG", signed_by("spiffe://yidi.test/1/x/person/A")),
        Scenario(row, "late_entry_confirmed", "BODY_MEMBER", not_late),
    )
]  # fmt: skip

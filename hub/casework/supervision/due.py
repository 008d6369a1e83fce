"""Cards that time raises (standards.md 8): which limits a case has passed, or is about to, and since when.

Invariants:
- pure: case file and world alone; due moments are computed as the clocks are (``facts.clock_of``), so replaying the
  log under the same calendar gives the same cards (states.md 10, invariant 9);
- one card a cause: a clock is named with its start, so the next step or the next K2 is another cause;
- only running clocks are asked: an act that stops one comes after what time had made due by then.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from hub.casework import facts
from hub.casework.casefile import CaseFile
from hub.casework.context import World
from hub.casework.states import State
from hub.casework.supervision.values import Card
from hub.casework.time import clocks
from hub.casework.time.clocks import ClockState, Unit

STEP_CLOCKS = frozenset({"K2", "K5", "K8"})
"""Clocks of single steps: accept, the steps of the review, deliver (C06). K1 and K11 are over in hours."""

SERIOUSLY_LATE_DAYS = 5
"""R10 (D): states.md 2 says of K8 first yellow, then red, and leaves the time between open."""

_REMIND_PERCENT = 80


@dataclass(frozen=True)
class DueCard:
    """A card that is due after ``moment`` (text in UTC+8).

    ``cause``: clock, complaint or enquiry, begun at the time, or by the statement, ``since``.
    """

    rule: str
    subject: str
    cause: str
    since: str
    moment: str

    @property
    def key(self) -> str:
        """What the card's ``cause`` says."""
        return f"{self.cause}@{self.since}"

    @property
    def body(self) -> dict[str, object]:
        """The hub's statement."""
        return {
            "rule": self.rule,
            "subject": self.subject,
            "cause": self.cause,
            "since": self.since,
            "due": self.moment,
        }


def coming(file: CaseFile, world: World) -> list[DueCard]:
    """Cards that time alone will raise if nobody acts, or has raised and nobody stated; earliest first."""
    raised = {(card.kind, card.cause) for card in file.cards}
    found = [one for one in _of_clocks(file, world) if (one.rule, one.key) not in raised]
    found += [one for one in (*_of_complaints(file), *_of_enquiries(file)) if (one.rule, one.key) not in raised]
    return sorted(found, key=lambda one: (one.moment, one.rule, one.cause))


def card_of(found: DueCard, at: str, evidence: str, head: str) -> Card:
    """The card as the case file keeps it; the newest custody statement by then is evidence too."""
    return Card(found.rule, at, found.subject, evidence, grounds=(head,), cause=found.key)


def _of_clocks(file: CaseFile, world: World) -> Iterator[DueCard]:
    for name, kept in file.clocks.items():
        if kept.stopped_at is not None:
            continue
        state = facts.clock_of(file, name, world)
        assert state is not None  # it is there
        for rule, moment in _moments(file, state, world):
            if moment is not None and not _of_kin(file, rule, moment):
                yield DueCard(rule, _subject(file, rule, state.clock), name, state.started_at, moment)


def _moments(file: CaseFile, state: ClockState, world: World) -> Iterator[tuple[str, str | None]]:
    """Rule and the last moment before it, for one running clock."""
    clock = state.clock
    if clock == "K1":
        waits = file.bounce is not None and file.bounce.waits
        if file.state in (State.COLLECTED, State.P_COLLECTED) and not waits:
            yield "Y1", state.due
        return
    if clock in STEP_CLOCKS:
        yield "W1", _at(state, state.total - 1, world)
    if clock == "K3":
        yield "W2", _at(state, -(-state.total * _REMIND_PERCENT // 100), world)
    rule = {"K3": "R1", "K4": "R2", "K5": "Y2", "K8": "Y8", "K12": "Y9"}.get(clock)
    if rule is not None:
        yield rule, state.due
    if clock == "K8":
        yield "R10", _at(state, state.total + SERIOUSLY_LATE_DAYS, world)


def _of_kin(file: CaseFile, rule: str, moment: str) -> bool:
    """P6, P8, F05: what a part's department could not help: its result waits for the others at the one exit, or nothing
    was to be decided on that day.
    """
    bond = file.bond
    if bond is None:
        return False
    if file.state is State.DELIVERING:
        return bond.together and rule in {"W1", "Y8", "R10"}
    held = bool(bond.held_at) and bond.held_at <= moment and (bond.held or moment <= bond.went_on_at)
    return rule in {"R1", "R2"} and held


def _at(state: ClockState, days: int, world: World) -> str | None:
    """Last moment of the ``days``-th day of a limit in days; None for the limit itself, for none, and in a pause."""
    if state.unit is Unit.HOUR or days < 1 or days == state.total:
        return None
    return clocks.recompute(replace(state, limit=days, extensions=()), world.calendar).due


def _subject(file: CaseFile, rule: str, clock: str) -> str:
    """The node that answers: who has to act while this clock runs (F05)."""
    if rule == "Y1":
        return file.collecting_node
    if clock == "K8":
        return file.holder
    return file.accepting_node or file.collecting_node


def _of_complaints(file: CaseFile) -> Iterator[DueCard]:
    for complaint in file.complaints:
        if complaint.open:
            # A dispute begins another limit, and another handler answers for it.
            since = complaint.disputed or complaint.at
            yield DueCard("Y10", complaint.handler, complaint.digest, since, complaint.due)


def _of_enquiries(file: CaseFile) -> Iterator[DueCard]:
    for enquiry in file.enquiries:
        if enquiry.open:
            # Passing on moves neither limit nor duty: who took it last answers for it (F05).
            yield DueCard("Y15", enquiry.holder, enquiry.digest, enquiry.at, enquiry.due)

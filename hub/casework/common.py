"""What the acts of every subject share: the declared time, grants, clocks and cards.

Invariants: guards look and refuse, effects are pure functions of (case file, act, world); clocks are computed from
legal time, catalogue and calendar alone, so every due date can be recomputed from leaves (promise 3).
"""

from datetime import timedelta

from crypto.canonical import time_text, time_value
from crypto.refusal import Refusal
from hub.casework import facts
from hub.casework.casefile import CaseFile
from hub.casework.context import Act, World
from hub.casework.hub_event import HubEvent
from hub.casework.law import Effect
from hub.casework.row_values import WITNESSES
from hub.casework.supervision.values import Card
from hub.casework.time import clocks

FUTURE_TOLERANCE = timedelta(minutes=5)
_TICK = timedelta(milliseconds=1)


def not_from_future(file: CaseFile | None, act: Act, world: World) -> None:
    """The declared time may lie in the past (offline work), not beyond the hub's clock plus five minutes."""
    if act.statement.occurred > act.moment + FUTURE_TOLERANCE:
        raise Refusal("FROM_FUTURE", "states.md 7", occurred_at=act.statement.occurred_at, now=act.recorded_at)


def require_grant(kind: str, file: CaseFile | None, act: Act, world: World) -> None:
    """Refusal GRANT_MISSING unless the body names a live grant of ``kind`` for who acts and for this item (F04)."""
    assert file is not None
    person = act.person.subject if act.person else ""
    named = world.registry.grant(str(act.statement.body.get("grant")))
    if named is None or not named.covers(kind, person, file.task_code, act.date):
        raise Refusal("GRANT_MISSING", "F01, F03, F04; T31, T33", kind=kind, person=person)


def require_colleague(act: Act, rule: str) -> None:
    """Another person of the same node, in any post of the desk, signed too. Refusals of ``facts.require_second``."""
    roles = sorted(act.second.roles & WITNESSES) if act.second else []
    facts.require_second(act, roles[0] if roles else "COLLECTOR", rule)


def stop(*names: str) -> Effect:
    """An effect that stops the named clocks where they run; no names: all of them."""

    def stop_clocks(file: CaseFile, act: Act, world: World) -> CaseFile:
        for name, state in file.clocks.items():
            if state.stopped_at is None and (not names or name in names):
                file = with_clock(file, clocks.stop(state, act.recorded_at))
        return file

    return stop_clocks


def with_clock(file: CaseFile, state: clocks.ClockState) -> CaseFile:
    """The file with this clock in its place."""
    return file.changed(clocks={**file.clocks, state.clock: state})


def with_card(
    file: CaseFile, act: Act, kind: str, subject: str, cause: str = "", grounds: tuple[str, ...] = ()
) -> CaseFile:
    """The file with a card on ``subject``, for which this act is the evidence (standards.md 8).

    ``cause``: what the card is about where that is not the act; one cause raises one card.
    """
    made = Card(kind, act.recorded_at, subject, act.digest, grounds=grounds, cause=cause)
    if any(card.id == made.id for card in file.cards):
        return file
    return file.changed(cards=(*file.cards, made))


def clock_ran_out(state: clocks.ClockState | None, event: str, now: str) -> HubEvent | None:
    """The hub's statement that a running clock ran out before ``now``, or None."""
    if state is None or state.stopped_at is not None or not clocks.is_due(state, now):
        return None
    return HubEvent(event, {"clock": state.clock, "due": state.due})


def after_clock(state: clocks.ClockState | None) -> str | None:
    """The first moment at which a running clock has run out, or None."""
    return None if state is None or state.stopped_at is not None or state.due is None else just_after(state.due)


def just_after(moment: str) -> str:
    """A millisecond later: the finest step of legal time."""
    return time_text(time_value(moment) + _TICK)

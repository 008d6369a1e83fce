"""What becomes due by time alone: deemed acceptance, constructive delivery, retry, escalation (T10b, T11, T15, K11).

Invariants:
- pure: case file, world and the legal time asked about decide, so every hub and every auditor finds the same;
- idempotent: once stated, an event is not due again, because the row that states it changes what it follows from;
- ``wake_at`` is never later than the moment at which ``due_event`` first answers something, unless an act on the case
  or a change of the registry comes before;
- clocks count by the calendar in force (``facts.clock_of``), whatever was in force when they began.
"""

from datetime import timedelta

from crypto.canonical import time_text, time_value
from hub.casework import clocks, facts, guards_route
from hub.casework.casefile import CaseFile, State
from hub.casework.clocks import ClockState
from hub.casework.consequences import HubEvent, constructive
from hub.casework.context import World

_TICK = timedelta(milliseconds=1)


def due_event(file: CaseFile, world: World, now: str) -> HubEvent | None:
    """What the hub has to state at legal time ``now`` (text in UTC+8), or None; to be asked again until it is None."""
    if file.state is State.PENDING_ACCEPT:
        return _expired(facts.clock_of(file, "K2", world), "deem_accept", now)
    if file.state is State.REROUTING:
        state = facts.clock_of(file, "K11", world)
        return None if state is None or state.expired else _expired(state, "escalate", now)
    if file.state is not State.FORWARDED:
        return None
    if now > guards_route.silent_until(file, world):
        delivered = constructive(file, "SILENT", world)
        if delivered is not None:
            return delivered
    if file.retries < guards_route.RETRIES_MOST and now >= guards_route.retry_at(file):
        return HubEvent("retry", {"attempt": file.retries + 1})
    return None


def wake_at(file: CaseFile, world: World, now: str = "") -> str | None:
    """Earliest legal time (text in UTC+8) at which to look again; None while only an act can change anything.

    ``now``: when the case was last looked at, if later than its newest leaf. A case in collection that nothing blocks
    waits for keys, for a queue or for a coordinator: list and registry change without a word about it, so it is looked
    at every day.
    """
    if file.state is State.COLLECTED:
        blocked = file.bounce is not None and file.bounce.blocks
        return None if blocked else _later(clocks.end_of(facts.day_of(max(now, file.recorded_at))))
    if file.state is State.PENDING_ACCEPT:
        return _after(facts.clock_of(file, "K2", world))
    if file.state is State.REROUTING:
        state = facts.clock_of(file, "K11", world)
        return None if state is None or state.expired else _after(state)
    if file.state is not State.FORWARDED:
        return None
    moments = []
    if file.retries < guards_route.RETRIES_MOST:
        moments.append(guards_route.retry_at(file))
    if facts.opened_by(file, file.accepting_node, world):
        moments.append(_later(guards_route.silent_until(file, world)))
    return min(moments, default=None)


def _expired(state: ClockState | None, event: str, now: str) -> HubEvent | None:
    if state is None or state.stopped_at is not None or not clocks.is_due(state, now):
        return None
    return HubEvent(event, {"clock": state.clock, "due": state.due})


def _after(state: ClockState | None) -> str | None:
    return None if state is None or state.stopped_at is not None or state.due is None else _later(state.due)


def _later(moment: str) -> str:
    return time_text(time_value(moment) + _TICK)

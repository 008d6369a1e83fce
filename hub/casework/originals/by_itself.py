"""What time makes the hub state about parcels: not packed or not sent off (K9), missed (K10), not opened (O5).

Invariants: pure; once stated, an event is not due again, since the row that states it changes what it follows from.
"""

from collections.abc import Iterator

from hub.casework.casefile import CaseFile
from hub.casework.common import just_after
from hub.casework.context import World
from hub.casework.delivery.values import ParcelLeg
from hub.casework.hub_event import HubEvent
from hub.casework.originals import limits
from hub.casework.row_values import WITH_PAPER
from hub.casework.time import clocks


def due_event(file: CaseFile, world: World, now: str) -> HubEvent | None:
    """O3 (Y4), O5 (Y14), O8: the first parcel whose limit has run out."""
    return next(due_events(file, world, now), None)


def due_events(file: CaseFile, world: World, now: str) -> Iterator[HubEvent]:
    """All that ``now`` made due: one parcel does not wait for another."""
    for one in _owed(file):
        state = limits.packing_clock(one, world)
        if clocks.is_due(state, now):
            yield HubEvent("packing_overdue", {"kind": one.kind, "subject": one.node, "clock": "K9", "due": state.due})
    for leg in _legs(file):
        due = limits.check_in_due(leg, world)
        if due and now > due:
            yield HubEvent("check_in_overdue", {"parcel": leg.parcel, "due": due})
    for parcel, state in _running(file, world):
        if clocks.is_due(state, now):
            event = "post_overdue" if state.clock == "K9" else "lost_suspected"
            yield HubEvent(event, {"parcel": parcel, "clock": state.clock, "due": state.due})


def wake_at(file: CaseFile, world: World, now: str) -> str | None:
    """Just after the first of the limits."""
    dues = [state.due for _, state in _running(file, world)]
    dues += [limits.packing_clock(one, world).due for one in _owed(file)]
    dues += [limits.check_in_due(leg, world) for leg in _legs(file)]
    return min((just_after(due) for due in dues if due), default=None)


def _legs(file: CaseFile) -> tuple[ParcelLeg, ...]:
    return file.parcels if file.state in WITH_PAPER else ()


def _owed(file: CaseFile) -> list[limits.Owed]:
    if file.state not in WITH_PAPER:
        return []
    return [one for one in limits.owed(file) if not limits.carded(file, one)]


def _running(file: CaseFile, world: World) -> list[tuple[str, clocks.ClockState]]:
    return [
        (leg.parcel, state)
        for leg in _legs(file)
        for state in (limits.post_clock(leg, world), limits.transit_clock(leg, world))
        if state is not None
    ]

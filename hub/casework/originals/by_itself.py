"""What time makes the hub state about parcels: not sent off (K9), missed on the way (K10).

Invariants: pure; once stated, an event is not due again, since the row that states it changes what it follows from.
"""

from hub.casework.casefile import CaseFile
from hub.casework.common import just_after
from hub.casework.context import World
from hub.casework.hub_event import HubEvent
from hub.casework.originals import limits
from hub.casework.row_values import WITH_PAPER
from hub.casework.time import clocks


def due_event(file: CaseFile, world: World, now: str) -> HubEvent | None:
    """O3 (Y4), O8: the first parcel whose limit has run out."""
    for parcel, state in _running(file, world):
        if clocks.is_due(state, now):
            event = "post_overdue" if state.clock == "K9" else "lost_suspected"
            return HubEvent(event, {"parcel": parcel, "clock": state.clock, "due": state.due})
    return None


def wake_at(file: CaseFile, world: World, now: str) -> str | None:
    """Just after the first of the limits."""
    return min((just_after(state.due) for _, state in _running(file, world) if state.due), default=None)


def _running(file: CaseFile, world: World) -> list[tuple[str, clocks.ClockState]]:
    if file.state not in WITH_PAPER:
        return []
    return [
        (leg.parcel, state)
        for leg in file.parcels
        for state in (limits.post_clock(leg, world), limits.transit_clock(leg, world))
        if state is not None
    ]

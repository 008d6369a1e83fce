"""What the law makes happen by itself when the result is on its way: proof closes the case (T34), somebody has to call
(D6 to D8), the applicant is reminded (D9). Cards for a late delivery (K8) are the supervision's.

Invariants: pure; once stated, an event is not owed again, since the row that states it changes what it follows from.
"""

from hub.casework import facts
from hub.casework.casefile import CaseFile
from hub.casework.common import just_after
from hub.casework.context import World
from hub.casework.delivery import guards, whereabouts
from hub.casework.hub_event import HubEvent
from hub.casework.originals import states
from hub.casework.row_values import WITH_PAPER
from hub.casework.states import State

_GOING_OUT = (State.DELIVERING, State.P_DELIVERING)


def next_event(file: CaseFile, world: World, now: str) -> HubEvent | None:
    """T34: proof at or above the item's level closes the case, when it is clear where each original is; then calls."""
    if file.state in _GOING_OUT and not states.unclear(file.originals):
        made = whereabouts.proof(file, facts.proof_needed(file, world))
        if made is not None:
            return HubEvent("delivered_proven", made)
    if file.state not in WITH_PAPER:
        return None
    for leg in file.parcels:
        cause = guards.call_cause(leg)
        if cause and cause != leg.called:
            return HubEvent("call_applicant", {"parcel": leg.parcel, "cause": cause})
    return None


def due_event(file: CaseFile, world: World, now: str) -> HubEvent | None:
    """D9: a result that nobody fetches; the case is never closed for that."""
    owed = guards.next_reminder(file) if file.state in _GOING_OUT else None
    if owed is None or now <= owed[1]:
        return None
    return HubEvent("unclaimed", {"number": owed[0], "due": owed[1]})


def wake_at(file: CaseFile, world: World, now: str) -> str | None:
    """Just after the day of the next reminder."""
    owed = guards.next_reminder(file) if file.state in _GOING_OUT else None
    return just_after(owed[1]) if owed else None

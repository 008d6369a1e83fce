"""What the law makes happen by itself before acceptance: a supplement that is whole (T18), deemed acceptance (T15).

Invariants: pure; once stated, an event is not owed again, since the row that states it changes what it follows from.
"""

from hub.casework import facts
from hub.casework.casefile import CaseFile
from hub.casework.common import after_clock, clock_ran_out
from hub.casework.context import World
from hub.casework.hub_event import HubEvent
from hub.casework.states import State


def next_event(file: CaseFile, world: World, now: str) -> HubEvent | None:
    """T18: the addenda cover what was demanded, and the department can open them."""
    if file.state is not State.SUPPLEMENT:
        return None
    if file.notices[-1].materials - facts.answered_materials(file, world):
        return None
    addenda = [sealing.manifest for sealing in file.answered_by]
    if any(facts.unopened_lines(file, manifest, file.accepting_node, world) for manifest in addenda):
        return None
    return HubEvent("supplement_complete", {"addenda": addenda})


def due_event(file: CaseFile, world: World, now: str) -> HubEvent | None:
    """T15: K2 ran out and the department said nothing."""
    if file.state is not State.PENDING_ACCEPT:
        return None
    return clock_ran_out(facts.clock_of(file, "K2", world), "deem_accept", now)


def wake_at(file: CaseFile, world: World, now: str) -> str | None:
    """Just after K2 runs out."""
    return after_clock(facts.clock_of(file, "K2", world)) if file.state is State.PENDING_ACCEPT else None

"""What time brings to a case that owes materials (K7).

Invariants: pure; once stated, an event is not due again, since the row that states it changes what it follows from.
"""

from hub.casework import facts
from hub.casework.casefile import CaseFile
from hub.casework.common import after_clock, clock_ran_out
from hub.casework.context import World
from hub.casework.hub_event import HubEvent
from hub.casework.materials.rows import OWING


def due_event(file: CaseFile, world: World, now: str) -> HubEvent | None:
    """K7: a promised day passed."""
    if file.state not in OWING:
        return None
    return clock_ran_out(facts.clock_of(file, "K7", world), "debt_overdue", now)


def wake_at(file: CaseFile, world: World, now: str) -> str | None:
    """Just after K7 runs out."""
    return after_clock(facts.clock_of(file, "K7", world)) if file.state in OWING else None

"""What supervision makes happen by itself: the hub states the cards that time has raised (G01).

Invariants: pure; once stated, a card is not owed again, since the case file keeps what it was about; ``wake_at`` names
the next moment at which one is due, so no case is looked at in between.
"""

from hub.casework.casefile import CaseFile
from hub.casework.common import just_after
from hub.casework.context import World
from hub.casework.hub_event import HubEvent
from hub.casework.states import State
from hub.casework.supervision import due


def due_event(file: CaseFile, world: World, now: str) -> HubEvent | None:
    """The oldest card that is due at ``now``."""
    if not _watched(file):
        return None
    first = next(iter(due.coming(file, world)), None)
    return HubEvent("card", first.body) if first is not None and now > first.moment else None


def wake_at(file: CaseFile, world: World, now: str) -> str | None:
    """Just after the first moment at which a card is due."""
    if not _watched(file):
        return None
    first = next(iter(due.coming(file, world)), None)
    return just_after(first.moment) if first is not None else None


def _watched(file: CaseFile) -> bool:
    """Nothing happens to an archived case (states.md 10, invariant 3)."""
    return file.state is not State.ARCHIVED and bool(file.clocks or file.complaints or file.enquiries)

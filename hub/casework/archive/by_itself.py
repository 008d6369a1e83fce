"""What the law makes happen by itself at the end: a case whose package is told and whose papers have ended is archived,
at the latest when the time for what its applicant promised or committed to is over.

Invariants: pure; archived once, since nothing follows from ARCHIVED (states.md 10, 3).
"""

from hub.casework.casefile import CaseFile
from hub.casework.common import just_after
from hub.casework.context import World
from hub.casework.hub_event import HubEvent
from hub.casework.materials import pending
from hub.casework.originals import states


def next_event(file: CaseFile, world: World, now: str) -> HubEvent | None:
    """T37."""
    return _archive(file) if _ready(file) and now > pending.open_until(file) else None


def due_event(file: CaseFile, world: World, now: str) -> HubEvent | None:
    """T37, where only time was waited for."""
    return _archive(file) if _ready(file) and "" < pending.open_until(file) < now else None


def wake_at(file: CaseFile, world: World, now: str) -> str | None:
    """Just after the time for what was promised or committed to."""
    until = pending.open_until(file) if _ready(file) else ""
    return just_after(until) if until else None


def _ready(file: CaseFile) -> bool:
    done = bool(file.package) and file.state in states.ENDED
    return done and not (states.open_items(file.originals) or states.open_parcels(file))


def _archive(file: CaseFile) -> HubEvent:
    return HubEvent("archive", {"package": file.package})

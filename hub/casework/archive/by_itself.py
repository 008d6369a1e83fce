"""What the law makes happen by itself at the end: a case whose package is told and whose papers have ended is archived.

Invariants: pure; archived once, since nothing follows from ARCHIVED (states.md 10, 3).
"""

from hub.casework.casefile import CaseFile
from hub.casework.context import World
from hub.casework.hub_event import HubEvent
from hub.casework.originals import states


def next_event(file: CaseFile, world: World, now: str) -> HubEvent | None:
    """T37."""
    if not file.package or file.state not in states.ENDED:
        return None
    if states.open_items(file.originals) or states.open_parcels(file):
        return None
    return HubEvent("archive", {"package": file.package})

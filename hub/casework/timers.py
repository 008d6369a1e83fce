"""What becomes due by time alone: deemed acceptance, constructive delivery, retry, escalation (T10b, T11, T15, K11).

Invariants:
- pure: case file, world and the legal time asked about decide, so every hub and every auditor finds the same;
- idempotent: once stated, an event is not due again, because the row that states it changes what it follows from;
- ``wake_at`` is never later than the moment at which ``due_event`` first answers something, unless an act on the case
  or a change of the registry comes before;
- clocks count by the calendar in force (``facts.clock_of``), whatever was in force when they began.
"""

from typing import Final

from hub.casework.acceptance import by_itself as acceptance
from hub.casework.archive import by_itself as archive
from hub.casework.casefile import CaseFile
from hub.casework.context import World
from hub.casework.delivery import by_itself as delivery
from hub.casework.hand_off import by_itself as hand_off
from hub.casework.hub_event import HubEvent
from hub.casework.materials import by_itself as materials
from hub.casework.originals import by_itself as originals
from hub.casework.parents import by_itself as parents
from hub.casework.review import by_itself as review
from hub.casework.supervision import by_itself as supervision

_SUBJECTS: Final = (hand_off, acceptance, materials, delivery, originals, review, archive, parents, supervision)


def due_event(file: CaseFile, world: World, now: str) -> HubEvent | None:
    """What the hub has to state at legal time ``now`` (text in UTC+8), or None; to be asked again until it is None."""
    return next((event for subject in _SUBJECTS if (event := subject.due_event(file, world, now))), None)


def due_events(file: CaseFile, world: World, now: str) -> tuple[HubEvent, ...]:
    """All that is due at ``now`` and does not wait for one another: what one subject owes hides no other's.

    Parcels run beside each other, so they are all asked; of the other subjects each has its own order.
    """
    asked = (subject.due_event(file, world, now) for subject in _SUBJECTS if subject is not originals)
    return (*(event for event in asked if event), *originals.due_events(file, world, now))


def wake_at(file: CaseFile, world: World, now: str = "") -> str | None:
    """Earliest legal time (text in UTC+8) at which to look again; None while only an act can change anything.

    ``now``: when the case was last looked at, if later than its newest leaf.
    """
    asked = (subject.wake_at(file, world, now) for subject in _SUBJECTS)
    return min((moment for moment in asked if moment), default=None)

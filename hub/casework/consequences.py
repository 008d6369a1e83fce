"""What the law makes happen by itself: statements that the hub must sign after an act (T08, T09, T10b, T18, T23, T34).

Invariants:
- consequences follow from the case file and the world alone, so a hub that takes over makes the same ones;
- they are made in the same transaction as their cause: a kill between the two is not possible;
- each is a row of the law of its own and is checked like any other act.

What a case learns of its kin comes last (``parents``): an auditor who has one case's leaves alone finds all the rest
in the same order.

Each subject says its own in ``by_itself``; what becomes due by time alone: ``timers``.
"""

from typing import Final

from hub.casework.acceptance import by_itself as acceptance
from hub.casework.archive import by_itself as archive
from hub.casework.casefile import CaseFile
from hub.casework.context import World
from hub.casework.delivery import by_itself as delivery
from hub.casework.hand_off import by_itself as hand_off
from hub.casework.hub_event import HubEvent
from hub.casework.parents import by_itself as parents

_SUBJECTS: Final = (
    hand_off.next_event,
    acceptance.next_event,
    delivery.next_event,
    archive.next_event,
    parents.next_event,
)


def next_event(file: CaseFile, world: World, now: str = "") -> HubEvent | None:
    """The next thing that the hub has to state about the case now, or None.

    ``now``: legal time (text in UTC+8) where it is later than the newest leaf: a list speaks of days.
    """
    moment = max(now, file.recorded_at)
    return next((event for ask in _SUBJECTS if (event := ask(file, world, moment))), None)

"""Limits of paper: K9 (sent off), K10 (on its way), its check-in, the ten days until it counts as lost (O3 to O5, O10).

Invariant: each is computed from the parcel and the calendar in force, so anybody finds the same day from the leaves.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from crypto import canonical, identity
from hub.casework import facts
from hub.casework.casefile import CaseFile
from hub.casework.context import World
from hub.casework.delivery import whereabouts
from hub.casework.delivery.values import ParcelLeg
from hub.casework.originals import states
from hub.casework.originals.values import ItemState, Original
from hub.casework.states import State
from hub.casework.time import clocks
from hub.casework.time.clock_table import K10_SAME_CITY_DAYS

LOST_AFTER_DAYS = 10
CHECK_IN_WORKING_DAYS = 1
"""O5: how long a parcel may lie unopened with who it is for."""
_CITY = 4
"""Digits of a region that name the city (GB/T 2260: province 2, prefecture 2)."""


_TO_DEPARTMENT = (
    *(State.PENDING_ACCEPT, State.SUPPLEMENT, State.UNDER_REVIEW, State.SUSPENDED, State.REFERRED),
    *(State.DECIDED, State.DELIVERING),
)
"""States in which a department waits for originals that it keeps."""


@dataclass(frozen=True)
class Owed:
    """A parcel that is due and not packed: its kind, the node that has what belongs into it, since when (UTC+8)."""

    kind: str
    node: str
    since: str

    @property
    def cause(self) -> str:
        """What a card about it names."""
        return f"{self.kind}@{self.since}"


def owed(file: CaseFile) -> tuple[Owed, ...]:
    """Parcels that are due (K9, states.md 2): originals for the department from the day on which it has the case, a
    result by post from the day on which it was issued. What is offered for fetching (E08) is not posted.

    Whoever has the originals owes them: the window, a department that the case went on from (T23, T30D).
    """
    found = _onward(file)
    if file.received_at and file.state in _TO_DEPARTMENT and not states.came_to_nothing(file):
        waiting = [item for item in file.originals if _must_go(file, item)]
        for node in sorted({item.holder for item in waiting}):
            since = min(_since(file, item) for item in waiting if item.holder == node)
            found.append(Owed(states.ORIGINALS_KIND, node, since))
    ready = whereabouts.ready_at(file) if file.delivery == "POST" and not whereabouts.returned(file) else ""
    if ready and file.ready_since:
        found.append(Owed(states.RESULT_KIND, ready, file.ready_since))
    return tuple(found)


def _onward(file: CaseFile) -> list[Owed]:
    """What one part's department owes to the next one, from the day on which it is the next one's turn."""
    waiting = [item for item in file.originals if item.to and item.holder != item.to and _lies_unoffered(file, item)]
    return [
        Owed(states.ONWARD_KIND, node, min(_since(file, item) for item in waiting if item.holder == node))
        for node in sorted({item.holder for item in waiting})
    ]


def carded(file: CaseFile, one: Owed) -> bool:
    """Whether it was said already that it is late (Y4)."""
    return any((card.kind, card.cause, card.subject) == ("Y4", one.cause, one.node) for card in file.cards)


def packing_clock(one: Owed, world: World) -> clocks.ClockState:
    """K9 of a parcel that is not packed yet."""
    return clocks.start("K9", one.since, world.calendar)


def packed(file: CaseFile, leg: ParcelLeg) -> ParcelLeg:
    """The new parcel with K9 from the day on which it was due; late where that was said before."""
    for one in owed(file):
        if (one.kind, one.node) == (leg.kind, leg.sender):
            return replace(leg, owed_since=one.since, late=carded(file, one))
    return leg


def check_in_due(leg: ParcelLeg, world: World) -> str:
    """Last moment for who it is for to open a parcel that arrived (O5); empty where nobody has to."""
    waits = leg.receiver and leg.arrived_at and leg.status == states.DELIVERED
    if not waits or leg.checked_in or leg.check_late or leg.lost_at:
        return ""
    return clocks.end_of(world.calendar.add_working_days(facts.day_of(leg.arrived_at), CHECK_IN_WORKING_DAYS).date)


def post_clock(leg: ParcelLeg, world: World) -> clocks.ClockState | None:
    """K9 of a parcel that is packed and that no carrier has taken over, or None; it runs since the parcel was due."""
    waits = leg.packed_at and not leg.in_carrier_at and leg.status in states.NOT_SENT
    if not waits or leg.late or leg.recalled_at or leg.lost_at or leg.checked_in:
        return None
    return clocks.start("K9", leg.owed_since or leg.packed_at, world.calendar)


def transit_clock(leg: ParcelLeg, world: World) -> clocks.ClockState | None:
    """K10 of a parcel in a carrier's hands, or None: three days within a city, seven else (states.md 2)."""
    still = {states.DELIVERED, "DAMAGED", *states.CAME_BACK, *states.MISSED, *states.NOT_SENT}
    if not leg.in_carrier_at or leg.status in still or leg.suspected_at or leg.lost_at or leg.checked_in:
        return None
    limit = K10_SAME_CITY_DAYS if _same_city(leg) else None
    return clocks.start("K10", leg.in_carrier_at, world.calendar, limit=limit)


def lost_from(leg: ParcelLeg) -> str:
    """Last moment before the missing parcel may be declared lost without the carrier's word (O10)."""
    day = facts.day_of(leg.suspected_at) + timedelta(days=LOST_AFTER_DAYS)
    return clocks.end_of(day)


def later(moment: str, days: int) -> str:
    """End of the day that lies ``days`` calendar days after ``moment`` (text in UTC+8)."""
    return clocks.end_of((canonical.time_value(moment) + timedelta(days=days)).date())


def _must_go(file: CaseFile, item: Original) -> bool:
    """Whether a node keeps a document that belongs to the department and that nobody is to fetch.

    Of a case on its way up the department below keeps what it has until the one above took the case up (T30X).
    """
    due = item.holder not in {file.accepting_node, ""} and item.policy == states.MAIL and not item.to
    return due and _lies_unoffered(file, item)


def _lies_unoffered(file: CaseFile, item: Original) -> bool:
    here = item.state in states.AT_REST and not item.settled
    return here and not any(item.item in made.items and not made.taken for made in file.pickups)


def _since(file: CaseFile, item: Original) -> str:
    """Since when it is due; a parcel that was recalled before any carrier had it puts nothing off (D11)."""
    leg = file.parcel(item.parcel) if item.state == ItemState.BACK_AT_SENDER else None
    lay = leg is not None and not leg.in_carrier_at and leg.sender == item.holder
    return max(file.received_at, leg.owed_since if leg is not None and lay else item.at)


def _same_city(leg: ParcelLeg) -> bool:
    """Between two nodes of one city; where the applicant lives the log does not say."""
    if not leg.sender or not leg.receiver:
        return False
    return identity.node_region(leg.sender)[:_CITY] == identity.node_region(leg.receiver)[:_CITY]

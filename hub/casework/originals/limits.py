"""Limits of a parcel: K9 (sent off) and K10 (on its way), and the ten days after which it counts as lost (O3, O4, O10).

Invariant: each is computed from the parcel and the calendar in force, so anybody finds the same day from the leaves.
"""

from datetime import timedelta

from crypto import canonical, identity
from hub.casework import facts
from hub.casework.casefile import ParcelLeg
from hub.casework.context import World
from hub.casework.originals import states
from hub.casework.time import clocks
from hub.casework.time.clock_table import K10_SAME_CITY_DAYS

LOST_AFTER_DAYS = 10
_CITY = 4
"""Digits of a region that name the city (GB/T 2260: province 2, prefecture 2)."""


def post_clock(leg: ParcelLeg, world: World) -> clocks.ClockState | None:
    """K9 of a parcel that is packed and that no carrier has taken over, or None."""
    waits = leg.packed_at and not leg.in_carrier_at and leg.status in states.NOT_SENT
    if not waits or leg.late or leg.recalled_at or leg.lost_at or leg.checked_in:
        return None
    return clocks.start("K9", leg.packed_at, world.calendar)


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


def _same_city(leg: ParcelLeg) -> bool:
    """Between two nodes of one city; where the applicant lives the log does not say."""
    if not leg.sender or not leg.receiver:
        return False
    return identity.node_region(leg.sender)[:_CITY] == identity.node_region(leg.receiver)[:_CITY]

"""May this window take this item in for that place? (requirements A11 to A13, A16, A18, A23, D01, D09, D23)

Invariants:
- default is no: a window collects what it is authorised for, a place far away needs a scope that reaches it, and
  another province needs an item of the national list or a live agreement (A12);
- a refusal names the nearest window that may, as the way out (A18); codes know no distance, so nearest means the
  longest common part of the region codes.
"""

from collections.abc import Iterable
from datetime import date
from typing import Final

from crypto.refusal import Refusal
from hub.casework.catalogue.values import Agreement, Item, Window
from hub.casework.numbers import region_prefix

MUNICIPALITIES: Final = frozenset(("11", "12", "31", "50"))
"""直辖市: the whole of it is one city, though its districts and counties have two prefecture codes."""

_REACH: Final = {
    "IN_CITY": frozenset(("IN_CITY", "IN_PROVINCE", "CROSS_PROVINCE", "NATIONAL")),
    "IN_PROVINCE": frozenset(("IN_PROVINCE", "CROSS_PROVINCE", "NATIONAL")),
    "CROSS_PROVINCE": frozenset(("CROSS_PROVINCE", "NATIONAL")),
}
"""What must stand in an item's scope for a window that far from the place; a wider scope holds the narrower."""


def distance(window: str, place: str) -> str:
    """How far a window's region is from the place, both of 12 digits: LOCAL, IN_CITY, IN_PROVINCE, CROSS_PROVINCE.

    LOCAL: the same county, or a place that contains the window, as with an item of the province.
    """
    if window[:6] == place[:6] or window.startswith(region_prefix(place)):
        return "LOCAL"
    if window[:2] != place[:2]:
        return "CROSS_PROVINCE"
    return "IN_CITY" if window[:4] == place[:4] or window[:2] in MUNICIPALITIES else "IN_PROVINCE"


def why_not(
    item: Item, window: Window, place: str | None, nodes: Iterable[str], on: date, agreements: Iterable[Agreement]
) -> str:
    """Code of the refusal why the window may not collect the item for ``place`` on ``on``; empty when it may.

    ``place``: 12 digits, None: scope is not judged; ``nodes``: names of the departments that accept there.
    """
    if item.task_code not in window.may_collect or "COLLECT" not in window.powers:
        return "ITEM_NOT_COLLECTABLE"
    if not window.open_on(on):
        return "WINDOW_OUT_OF_SERVICE"
    far = "LOCAL" if place is None else distance(window.region, place)
    if place is None or far == "LOCAL" or _own_portal(window, place):
        return ""
    if not item.scope & _REACH[far]:
        return "SCOPE_CLOSED"
    if far != "CROSS_PROVINCE" or "NATIONAL" in item.scope:
        return ""
    here, there = (window.node, window.region), [(node, place) for node in nodes] or [("", place)]
    live = [made for made in agreements if made.covers(item.task_code, on)]
    return "" if any(_joins(made, here, end) for made in live for end in there) else "AGREEMENT_MISSING"


def refusal(code: str, item: Item, window: str, place: str | None, on: date, way_out: Window | None) -> Refusal:
    """The refusal for a code of ``why_not``, with the nearest window that may as the way out (A18)."""
    rules = {
        "ITEM_NOT_COLLECTABLE": "requirements A18",
        "WINDOW_OUT_OF_SERVICE": "requirements D09, D23",
        "SCOPE_CLOSED": "requirements A13",
        "AGREEMENT_MISSING": "requirements A12",
    }
    told = {
        "task_code": item.task_code,
        "name": item.name,
        "window": window,
        "on": on.isoformat(),
        "region": place or "",
        "nearest": way_out.node if way_out else "",
        "nearest_region": way_out.region if way_out else "",
    }
    return Refusal(code, rules[code], **told)


def nearest(windows: Iterable[Window], region: str) -> Window | None:
    """The window whose region shares the longest province, prefecture, county… part with ``region``.

    Among equals the first by region and name, so that the answer is stable.
    """
    return min(windows, key=lambda window: (-_shared(window.region, region), window.region, window.node), default=None)


def _own_portal(window: Window, place: str) -> bool:
    """A portal serves all places of its own region: where the applicant sits is no question there (A02, A13)."""
    return window.portal and place.startswith(region_prefix(window.region))


def _joins(agreement: Agreement, one: tuple[str, str], other: tuple[str, str]) -> bool:
    """Whether the agreement is between these two (node name, region), whichever is named first."""
    first, second = agreement.a, agreement.b
    return (_is(first, *one) and _is(second, *other)) or (_is(second, *one) and _is(first, *other))


def _is(party: str, node: str, region: str) -> bool:
    return party == node or (party.isdecimal() and region.startswith(region_prefix(party)))


def _shared(one: str, other: str) -> int:
    """How many levels (province, prefecture, county, township, village) two regions share, from the top."""
    return next((level for level, end in enumerate((2, 4, 6, 9, 12)) if one[:end] != other[:end]), 5)

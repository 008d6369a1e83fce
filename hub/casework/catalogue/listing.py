"""What is told to everybody about a list: what can be handled elsewhere, where, and how far the list has come.

Invariants:
- only what can really be routed stands in the public list (requirements D15, D16): in service that day, all seven rule
  groups written, exactly one queue for the region;
- figures are shares of whole numbers, given as counts too, so that they can be counted again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from crypto.canonical import digest, encode
from hub.casework.catalogue.lint_items import RULE_GROUPS
from hub.casework.catalogue.model import Catalogue, Item, Limit
from hub.casework.numbers import region_prefix
from hub.casework.time.clock_table import Unit


@dataclass(frozen=True, slots=True)
class Routable:
    """One item that can be handled for one region, with the windows (node names) that take it in."""

    region: str
    item: Item
    node: str
    windows: tuple[str, ...]


def routable(catalogue: Catalogue, on: date, region: str | None = None) -> Iterator[Routable]:
    """The public list (D16), by region and task code. ``region``: 12 digits; only places in it or below it."""
    prefix = region_prefix(region) if region else ""
    collecting: dict[str, list[str]] = {}
    for window in catalogue.windows.values():
        for code in window.may_collect if window.open_on(on) and "COLLECT" in window.powers else ():
            collecting.setdefault(code, []).append(window.node)
    places = sorted((place, code) for code in catalogue.items for place in catalogue.regions_of(code))
    for place, code in places:
        item, queues = catalogue.items[code], catalogue.queues_for(code, place)
        if place.startswith(prefix) and len(queues) == 1 and item.takes_cases(on) and _whole(item):
            able = [node for node in collecting.get(code, ()) if catalogue.may_collect(code, node, place, on)]
            yield Routable(place, item, queues[0].node, tuple(sorted(able)))


def guide_digest(item: Item, document_item: Mapping[str, Any]) -> str:
    """Digest of what a guide says, to be shown at window and web alike (D14): rule groups and guide of the document."""
    told = {"task_code": item.task_code, "rule_groups": document_item["rule_groups"]}
    return digest(encode(told | {"guide": document_item.get("guide", {})}))


def guide_reference(item: Item) -> str:
    """What the QR code of a printed guide holds: item and version of its guide (D13)."""
    return f"yidi:guide:{item.task_code}:{item.guide.version if item.guide else ''}"


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts over the items that take cases that day, and the compression of limits by body (C01).

    ``compression``: body → share of the statutory time that the promise saves, over its items, from 0 to 1.
    """

    items: int
    routable: int
    with_window: int
    one_visit: int
    instant: int
    compression: Mapping[str, Fraction]


def figures(catalogue: Catalogue, on: date) -> Figures:
    """KPIs of the list itself: J07 (share that is routable, goal 90 %), J08, D25, C01."""
    live = [item for item in catalogue.items.values() if item.takes_cases(on)]
    found = {one.item.task_code for one in routable(catalogue, on)}
    collected = {code for window in catalogue.windows.values() for code in window.may_collect}
    by_body: dict[str, list[Fraction]] = {}
    for item in live:
        by_body.setdefault(item.implementing_body.name, []).append(compression(item))
    return Figures(
        items=len(live),
        routable=len(found),
        with_window=sum(item.task_code in collected for item in live),
        one_visit=sum(bool(item.tags & {"MAX_ONE_VISIT", "ZERO_VISIT"}) for item in live),
        instant=sum(item.case_type == "INSTANT" for item in live),
        compression={body: sum(shares, Fraction()) / len(shares) for body, shares in sorted(by_body.items())},
    )


def compression(item: Item) -> Fraction:
    """Share of the statutory limit that the promise saves (C01), days compared with five working days a week."""
    statutory, promised = _days(item.statutory_limit), _days(item.promised_limit)
    return max(Fraction(), 1 - promised / statutory)


def _days(limit: Limit) -> Fraction:
    """Working days, on average."""
    days = Fraction(limit.n, 24) if limit.unit is Unit.HOUR else Fraction(limit.n)
    return days if limit.unit is Unit.WORKING_DAY else days * 5 / 7


def _whole(item: Item) -> bool:
    return all(item.rule_groups.get(group, "").strip() for group in RULE_GROUPS)

"""Rules for queues, windows, agreements and the tree of places."""

from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from hub.casework.catalogue.lint_items import refused, region
from hub.casework.catalogue.shape import Breach, Rows
from hub.casework.catalogue.values import EVERY
from hub.casework.time.timetable import Timetable

Entry = Mapping[str, Any]
Sound = Mapping[str, list[dict[str, Any]]]

_COLLECT_ONLY: Final = frozenset(("PARK", "TOWNSHIP", "VILLAGE"))
"""Below county level: may collect, and accepts only what it is empowered for (A16). A development zone is a county."""


def rows(sound: Sound, listed: Mapping[str, int]) -> Rows:
    """All findings about them. ``listed``: task codes of the document, also those of entries with a wrong shape."""
    items = {item["task_code"]: item for item in sound["items"]}
    yield from _queues(sound, items, listed)
    yield from _windows(sound, items, listed)
    yield from _agreements(sound, items, listed)
    yield from _places(sound)
    yield from _coverage(sound, items)


def _queues(sound: Sound, items: Mapping[str, Entry], listed: Mapping[str, int]) -> Rows:
    """A05, A16, D01, D02: each queue is of a listed item and of a node that may accept it."""
    places = {place["node"]: place for place in sound["places"]}
    counted = Counter((queue["region"], queue["task_code"]) for queue in sound["queues"])
    for queue in sound["queues"]:
        code = queue["task_code"]
        where = f"queues[{queue['region']}/{code}/{queue['node']}]"
        yield from region(queue["region"], where)
        if code not in listed:
            yield Breach("QUEUE_UNKNOWN_ITEM", where, "the item is not on the list (D01)")
        elif code in items:
            yield from _receives(queue, items[code], places.get(queue["node"]), where)
    yield from _inbound(sound)
    for (place, code), times in counted.items():
        if times > 1:
            where = f"queues[{place}/{code}]"
            yield Breach("QUEUE_AMBIGUOUS", where, "several queues: every case waits for the coordinator (A05)")


def _inbound(sound: Sound) -> Rows:
    """F11, B14: every department has one inbound office, whatever the item; it is among its offices, where told."""
    offices = {place["node"]: place["sections"] for place in sound["places"] if "sections" in place}
    doors: dict[str, set[str]] = {}
    for queue in sound["queues"]:
        doors.setdefault(queue["node"], set()).add(queue["queue"])
    for node, names in doors.items():
        told = ",".join(sorted(names))
        if len(names) > 1:
            yield Breach("INBOUND_TWO", f"queues[{node}]", "a department has one inbound office (F11)", told)
        if node in offices and not names <= set(offices[node]):
            yield Breach("INBOUND_UNLISTED", f"places[{node}].sections", "its inbound office is not listed (F11)", told)


def _receives(queue: Entry, item: Entry, place: Entry | None, where: str) -> Rows:
    if "exclusion" in item:
        yield Breach("EXCLUDED_ROUTED", where, "what is classified or exempt never enters the hub (A23)")
    if place is None:
        return
    powers = place.get("may_accept", [])
    empowered = EVERY in powers or item["task_code"] in powers
    if place["kind"] in _COLLECT_ONLY and not empowered:
        yield Breach("NODE_NOT_EMPOWERED", where, "below county level a node collects and does not accept (A16)")
    bodies = place.get("bodies", [])
    if bodies and item["implementing_body"]["credit_code"] not in bodies and not empowered:
        told = item["implementing_body"]["name"]
        yield Breach("QUEUE_NOT_BODY", where, "the node does not act for the implementing body (D02)", told)


def _windows(sound: Sound, items: Mapping[str, Entry], listed: Mapping[str, int]) -> Rows:
    """A18, D09, D23, F09, F10: what a window is, may do, and until when."""
    for node, times in Counter(window["node"] for window in sound["windows"]).items():
        if times > 1:
            yield Breach("WINDOW_TWICE", f"windows[{node}]", f"listed {times} times")
    for window in sound["windows"]:
        where = f"windows[{window['node']}]"
        yield from region(window["region"], where)
        yield from refused(partial(Timetable.from_document, window["timetable"]), where)
        for code in window["may_collect"]:
            if code not in listed:
                yield Breach("WINDOW_UNKNOWN_ITEM", f"{where}.may_collect[{code}]", "not on the list (D01)")
            elif "exclusion" in items.get(code, {}):
                yield Breach("EXCLUDED_ROUTED", f"{where}.may_collect[{code}]", "never enters the hub (A23)")
        if "DECIDE" in window.get("powers", []) and window["kind"] != "SPECIALISED":
            yield Breach("WINDOW_POWER", where, "only a specialised window decides (F10)")
        if any(season["to"] < season["from"] for season in window.get("seasons", [])):
            yield Breach("SEASON_ORDER", where, "a season ends before it starts (D23)")
        if "withdrawal" in window and not window["withdrawal"].get("approval", "").strip():
            yield Breach("WITHDRAWAL_APPROVAL", where, "a withdrawal needs the government's approval (D09)")


def _agreements(sound: Sound, items: Mapping[str, Entry], listed: Mapping[str, int]) -> Rows:
    """A12: two different places, listed items that are open to other provinces, dates in order."""
    for name, times in Counter(made["id"] for made in sound["agreements"]).items():
        if times > 1:
            yield Breach("AGREEMENT_TWICE", f"agreements[{name}]", f"listed {times} times")
    for made in sound["agreements"]:
        where = f"agreements[{made['id']}]"
        if made["a"] == made["b"]:
            yield Breach("AGREEMENT_PARTIES", where, "both sides are the same (A12)")
        for side in ("a", "b"):
            if made[side].isdecimal():
                yield from region(made[side], f"{where}.{side}")
        if made["to"] is not None and made["to"] < made["from"]:
            yield Breach("DATES_ORDER", where, "the agreement ends before it starts")
        for code in made["items"]:
            if code != EVERY and code not in listed:
                yield Breach("AGREEMENT_UNKNOWN_ITEM", f"{where}.items[{code}]", "not on the list (D01)")
            elif code in items and "CROSS_PROVINCE" not in items[code]["scope"]:
                yield Breach("AGREEMENT_SCOPE", f"{where}.items[{code}]", "not open to other provinces (A12, A13)")


def _places(sound: Sound) -> Rows:
    """A15: a tree, each node once."""
    parents = {place["node"]: place.get("parent", "") for place in sound["places"]}
    for node, times in Counter(place["node"] for place in sound["places"]).items():
        if times > 1:
            yield Breach("PLACE_TWICE", f"places[{node}]", f"listed {times} times")
    for place in sound["places"]:
        where = f"places[{place['node']}]"
        yield from region(place["region"], where)
        seen, above = {place["node"]}, place.get("parent", "")
        while above and above in parents and above not in seen:
            seen.add(above)
            above = parents[above]
        if above:
            yield Breach("PLACE_PARENT", where, "the parent is not listed, or is below the node itself (A15)", above)


def _coverage(sound: Sound, items: Mapping[str, Entry]) -> Rows:
    """D25, J07, A12: live items that nobody collects, nobody accepts, or no other province may use."""
    queued = {queue["task_code"] for queue in sound["queues"]}
    collected = {code for window in sound["windows"] for code in window["may_collect"]}
    agreed = {code for made in sound["agreements"] for code in made["items"]}
    for code, item in items.items():
        if item["status"] != "LIVE" or "exclusion" in item:
            continue
        where = f"items[{code}]"
        if code not in queued:
            yield Breach("ITEM_NO_QUEUE", where, "no queue: it cannot be routed (J07)")
        if code not in collected:
            yield Breach("ITEM_NO_WINDOW", where, "no window collects it (D25)")
        alone = "CROSS_PROVINCE" in item["scope"] and "NATIONAL" not in item["scope"]
        if alone and not {code, EVERY} & agreed:
            yield Breach("CROSS_PROVINCE_UNUSABLE", where, "neither national list nor agreement (A12)")

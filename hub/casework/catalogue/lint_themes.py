"""Rules for themes (一件事) and the table of departments (requirements B01 to B05, B12, B17, B18)."""

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from hub.casework import numbers
from hub.casework.catalogue.lint_items import refused, region
from hub.casework.catalogue.shape import Breach, Rows
from hub.casework.catalogue.themes import ELEMENTS, PARENT_EXTENSION_DAYS, PARENT_LIMIT_DAYS

Entry = Mapping[str, Any]
Sound = Mapping[str, list[dict[str, Any]]]

_HOURS_A_DAY: Final = 24


def rows(sound: Sound) -> Rows:
    """All findings about departments and themes."""
    yield from _departments(sound["departments"])
    known = {department["code"] for department in sound["departments"]}
    items = {item["task_code"]: item for item in sound["items"]}
    windows = {window["node"]: window for window in sound["windows"]}
    for code, times in Counter(theme["code"] for theme in sound["themes"]).items():
        if times > 1:
            yield Breach("THEME_TWICE", f"themes[{code}]", f"listed {times} times")
    for name, times in Counter(theme["name"] for theme in sound["themes"]).items():
        if times > 1:
            first = next(theme["code"] for theme in sound["themes"] if theme["name"] == name)
            yield Breach("THEME_NAME_TWICE", f"themes[{first}]", "two themes of one name", name)
    for theme in sound["themes"]:
        where = f"themes[{theme['code']}]"
        yield from _bodies(theme, known, where)
        if theme["status"] == "LIVE" and not theme["rating"]:
            yield Breach("THEME_RATING", where, "one rating for the whole is part of a theme (B01, B11)")
        if "plan" in theme:
            yield from _plan(theme, theme["plan"], items, windows, f"{where}.plan")
        elif theme["status"] == "LIVE":
            yield Breach("THEME_NO_PLAN", where, "a live theme needs its plan (B03)")


def _departments(departments: list[dict[str, Any]]) -> Rows:
    """In one region a name leads to one body only; codes have their check digit."""
    for code, times in Counter(department["code"] for department in departments).items():
        if times > 1:
            yield Breach("DEPARTMENT_TWICE", f"departments[{code}]", f"listed {times} times")
    written: dict[tuple[str, str], str] = {}
    for department in departments:
        where = f"departments[{department['code']}]"
        yield from refused(partial(numbers.credit_code, department["code"]), where)
        yield from region(department["region"], where)
        for name in {department["name"], *department["aliases"]}:
            if written.setdefault((department["region"], name), department["code"]) != department["code"]:
                yield Breach("DEPARTMENT_NAME_TWICE", where, "one name for two bodies", name)


def _bodies(theme: Entry, known: set[str], where: str) -> Rows:
    """B02: exactly one lead, units by code; the lead printed again is tolerated and dropped."""
    for code in (theme["lead"], *theme["cooperating"]):
        if code not in known:
            yield Breach("THEME_DEPARTMENT_UNKNOWN", where, "no department of the table (B02)", code)
    if theme["lead"] in theme["cooperating"]:
        yield Breach("THEME_LEAD_TWICE", where, "the lead stands among the cooperating units too (B02)", theme["lead"])
    if len(set(theme["cooperating"])) != len(theme["cooperating"]):
        yield Breach("THEME_UNIT_TWICE", where, "a cooperating unit is listed twice (B02)")


def _plan(theme: Entry, plan: Entry, items: Mapping[str, Entry], windows: Mapping[str, Entry], where: str) -> Rows:
    """B01, B03, F09: lead, notice, form, window, exit that hands out, rating, and the five groups of elements."""
    live = theme["status"] == "LIVE"
    for name in ELEMENTS:
        if live and not plan[name].strip():
            yield Breach("THEME_ELEMENT_MISSING", f"{where}.{name}", "a group of elements is empty (B03)")
    for name in ("parts", "materials", "form"):
        if live and not plan[name]:
            yield Breach("THEME_ELEMENT_MISSING", f"{where}.{name}", "a group of elements is empty (B03)")
    if live and (not plan["exit_node"].strip() or plan["windows"] and plan["exit_node"] not in plan["windows"]):
        yield Breach("THEME_EXIT", where, "results leave by one exit (B07, P8)")
    if live and "ISSUE" not in windows.get(plan["exit_node"], {}).get("powers", ["ISSUE"]):
        yield Breach("THEME_EXIT_POWER", where, "the exit is a window that hands out no results (F09)")
    if live and not plan["windows"]:
        yield Breach("THEME_WINDOWS", where, "no window takes the theme in (B18)")
    for node in plan["windows"]:
        if node not in windows:
            yield Breach("THEME_WINDOW_UNKNOWN", f"{where}.windows[{node}]", "no such window (B18)")
    if plan.get("assisted_fee", 0) != 0:
        told = f"{plan['assisted_fee'] / 100:.2f} 元"
        yield Breach("ASSISTED_FEE", where, "assisted intake is free of charge (B17)", told)
    yield from _parts(theme, plan, items, where)
    yield from _limits(plan, where)
    yield from _merged(plan, items, where)


def _parts(theme: Entry, plan: Entry, items: Mapping[str, Entry], where: str) -> Rows:
    """B02, B07, B12, B22: children of the theme's own units, one core step, an order without circles."""
    units = {theme["lead"], *theme["cooperating"]}
    for code, times in Counter(part["code"] for part in plan["parts"]).items():
        if times > 1:
            yield Breach("THEME_PART_TWICE", f"{where}.parts[{code}]", f"listed {times} times")
    for part in plan["parts"]:
        place = f"{where}.parts[{part['code']}]"
        if part["department"] not in units:
            yield Breach("THEME_DEPARTMENT", place, "neither lead nor cooperating unit (B02)", part["department"])
        if part["kind"] == "APPROVAL" and part["task_code"] not in items:
            yield Breach("THEME_PART_ITEM", place, "the item is not on the list (D01)", part["task_code"])
        yield from _body(part, items, place)
    core = [part for part in plan["parts"] if part["core"]]
    if plan["parts"] and len(core) != 1:
        yield Breach("THEME_CORE", where, "exactly one part is the core step (B12)", str(len(core)))
    elif core and core[0]["department"] != theme["lead"]:
        yield Breach("THEME_CORE_LEAD", where, "the lead is not the body of the core step (B12)")
    busy = {part["department"] for part in plan["parts"]}
    for unit in theme["cooperating"] if plan["parts"] else ():
        if unit not in busy and unit != theme["lead"]:
            yield Breach("THEME_UNIT_IDLE", where, "a cooperating unit has no part (B02)", unit)
    yield from _order(plan["parts"], where)


def _body(part: Entry, items: Mapping[str, Entry], place: str) -> Rows:
    item = items.get(part["task_code"])
    if item is not None and item["implementing_body"]["credit_code"] != part["department"]:
        told = item["implementing_body"]["name"]
        yield Breach("THEME_PART_BODY", place, "the item is another body's (D02)", told)


def _order(parts: list[dict[str, Any]], where: str) -> Rows:
    after = {part["code"]: list(part["after"]) for part in parts}
    for code, earlier in after.items():
        for name in earlier:
            if name not in after:
                yield Breach("THEME_ORDER_UNKNOWN", f"{where}.parts[{code}]", "waits for no part of the theme", name)
    circle = sorted(after.keys() - set(in_order(after)))
    if circle:
        yield Breach("THEME_CIRCLE", where, "parts wait for each other (B07)", "、".join(circle))


def in_order(after: Mapping[str, list[str]]) -> Iterator[str]:
    """Codes, each after all that it waits for; those of a circle, and what waits for them, never come."""
    done: set[str] = set()
    waiting = dict(after)
    while waiting:
        free = [code for code, earlier in waiting.items() if all(name in done or name not in after for name in earlier)]
        if not free:
            return
        for code in free:
            del waiting[code]
            done.add(code)
            yield code


def longest_path(parts: list[dict[str, Any]]) -> int:
    """Working days at most that the slowest chain of parts takes (P4); parts in a circle are left out."""
    by_code = {part["code"]: part for part in parts}
    ends: dict[str, int] = {}
    for code in in_order({part["code"]: list(part["after"]) for part in parts}):
        begin = max((ends.get(name, 0) for name in by_code[code]["after"]), default=0)
        ends[code] = begin + _at_most(by_code[code]["limit"])
    return max(ends.values(), default=0)


def _at_most(limit: Entry) -> int:
    """Working days that a limit lasts at most: n natural days hold no more than n of them."""
    days: int = limit["n"]
    return -(-days // _HOURS_A_DAY) if limit["unit"] == "HOUR" else days


def _at_least(limit: Entry) -> int:
    """Working days that a limit lasts at least, festivals aside: five in seven natural days."""
    days: int = limit["n"]
    if limit["unit"] == "WORKING_DAY":
        return days
    return (days // _HOURS_A_DAY if limit["unit"] == "HOUR" else days) * 5 // 7


def _limits(plan: Entry, where: str) -> Rows:
    """P4, 行政许可法 26, 42(2): promise ≥ longest path; promise ≤ statutory ≤ 45 (+15)."""
    statutory = plan.get("statutory_days", PARENT_LIMIT_DAYS)
    path, promised = longest_path(plan["parts"]), plan["promised_limit"]
    if _at_least(promised) < path:
        yield Breach(
            "THEME_PROMISE_SHORT", where, "the promise is shorter than the longest path (P4)", f"{path} 个工作日"
        )
    if _at_most(promised) > statutory:
        yield Breach(
            "PROMISE_TOO_LONG", where, "the promise is longer than the statutory limit (C01)", f"{statutory} 日"
        )
    if statutory > PARENT_LIMIT_DAYS or plan.get("extension_days", 0) > PARENT_EXTENSION_DAYS:
        yield Breach("THEME_STATUTORY", where, "joint handling has 45 working days and 15 more (行政许可法 42(2))")


def _merged(plan: Entry, items: Mapping[str, Entry], where: str) -> Rows:
    """B05: each child's material is served once, by a line that exists; each form field goes to a part."""
    parts = {part["code"]: items.get(part["task_code"]) for part in plan["parts"]}
    served: Counter[tuple[str, str]] = Counter()
    for kind, pairs in (("materials", "serves"), ("form", "maps")):
        for code, times in Counter(line["code"] for line in plan[kind]).items():
            if times > 1:
                yield Breach("THEME_LINE_TWICE", f"{where}.{kind}[{code}]", f"listed {times} times")
        for line in plan[kind]:
            for part in line[pairs]:
                if part not in parts:
                    yield Breach("THEME_LINE_PART", f"{where}.{kind}[{line['code']}]", "no such part (B05)", part)
    for name, times in Counter(line["name"] for line in plan["materials"]).items():
        if times > 1:
            yield Breach("THEME_MATERIAL_REPEATED", where, "the same material is asked twice (B05, E01)", name)
    for line in plan["materials"]:
        for part, code in line["serves"].items():
            served[part, code] += 1
            item = parts.get(part)
            if item is not None and code not in {material["code"] for material in item["materials"]}:
                place = f"{where}.materials[{line['code']}]"
                yield Breach("THEME_MATERIAL_UNKNOWN", place, "the part has no such material (D03)", f"{part} {code}")
    yield from _unserved(parts, served, where)


def _unserved(parts: Mapping[str, Entry | None], served: Mapping[tuple[str, str], int], where: str) -> Rows:
    for part, item in parts.items():
        for material in item["materials"] if item else ():
            times = served.get((part, material["code"]), 0)
            if times != 1:
                told = f"{part} {material['code']} {material['name']}"
                code = "THEME_MATERIAL_MISSING" if not times else "THEME_MATERIAL_TWICE"
                yield Breach(code, where, f"served {times} times (B05)", told)

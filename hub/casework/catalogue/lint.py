"""What makes a catalogue document unfit to be published: every breach at once, each with its place.

Invariants:
- ``breaches`` never raises on bad input and never stops at the first breach (requirements D04: print every
  one);
- an item, queue or window of a wrong shape is named as such and not judged further;
- a rule stands beside the seed or article that demands it.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache, partial
from itertools import chain
from typing import Any, Final

from crypto.canonical import encode
from crypto.refusal import Refusal
from hub.casework import numbers
from hub.casework.time.timetable import Timetable

RULE_GROUPS: Final = (
    "conditions",
    "application_ways",
    "intake_mode",
    "procedure",
    "limits",
    "issue_way",
    "fees",
)
ART_45_KINDS: Final = frozenset(
    ("HEARING", "TENDER", "AUCTION", "INSPECTION", "TEST", "QUARANTINE", "APPRAISAL", "EXPERT_REVIEW")
)
"""行政许可法 45: kinds whose time is not counted without any further law."""

_CATCH_ALL: Final = ("其他材料", "有关材料", "相关材料", "等材料")
_BAD_VALUE: Final = "the value is not one that this field may have"
_REFUSED_TYPES: Final = frozenset(("02", "03", "06"))
_CROSS_SCOPES: Final = frozenset(("CROSS_PROVINCE", "IN_PROVINCE", "IN_CITY"))


@dataclass(frozen=True, slots=True)
class Breach:
    """One breach: stable ``code``, ``where`` as a path with codes, and what is wrong in English."""

    code: str
    where: str
    message_en: str


_Check = Callable[[Any], bool]
_Rows = Iterator[Breach]


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _plain(value: Any) -> bool:
    return isinstance(value, str)


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _day(value: Any) -> bool:
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _day_or_open(value: Any) -> bool:
    return value is None or _day(value)


def _number(low: int, high: int) -> _Check:
    return lambda value: type(value) is int and low <= value <= high


def _one_of(*words: str) -> _Check:
    return lambda value: isinstance(value, str) and value in words


def _some_of(*words: str) -> _Check:
    return lambda value: isinstance(value, list) and bool(value) and all(word in words for word in value)


_LIMIT: Final[Mapping[str, Any]] = {
    "n": _number(1, 10_000),
    "unit": _one_of("WORKING_DAY", "NATURAL_DAY", "HOUR"),
}
_MATERIAL: Final[Mapping[str, Any]] = {
    "code": _text,
    "name": _text,
    "key": _flag,
    "acquisition": _some_of("SUBMIT", "VERIFY_ONLINE", "FROM_LICENCE", "COMMITMENT", "COVERED_BY", "REUSED"),
    "original_policy": _one_of("NOT_NEEDED", "CHECK_AND_RETURN", "SCAN_REPLACES", "MAIL_FOR_ARCHIVE"),
    "legal_basis": _plain,
    "copies": _number(0, 100),
    "colour": _flag,
}
_ITEM: Final[Mapping[str, Any]] = {
    "task_code": _text,
    "catalog_code": _text,
    "name": _text,
    "item_type": _text,
    "level": _text,
    "case_type": _one_of("COMMITTED", "INSTANT"),
    "scope": _some_of("CROSS_PROVINCE", "IN_PROVINCE", "IN_CITY"),
    "modes": _some_of("PROXY_COLLECT", "ONLINE", "MULTI_PLACE"),
    "in_person_required": _flag,
    "status": _one_of("LIVE", "SUSPENDED"),
    "effective_from": _day,
    "effective_to": _day_or_open,
    "implementing_body": {"name": _text, "credit_code": _text, "region": _text},
    "statutory_limit": _LIMIT,
    "promised_limit": _LIMIT,
    "licensing_law": _flag,
    "special_procedures": [{"kind": _text, "stops_clock": _flag}],
    "receipt_basis": _one_of("ELECTRONIC", "ORIGINALS"),
    "required_proof_level": _number(0, 4),
    "originals_note": _plain,
    "materials": [_MATERIAL],
    "result": {"name": _text, "kind": _text},
    "legal_basis": _plain,
    "fees": _plain,
    "rule_groups": lambda value: isinstance(value, dict),
    "complaint_channel": _text,
}
_QUEUE: Final[Mapping[str, Any]] = {
    "region": _text,
    "task_code": _text,
    "node": _text,
    "queue": _text,
    "liaison": _plain,
}
_WINDOW: Final[Mapping[str, Any]] = {
    "node": _text,
    "kind": _one_of("SPECIALISED", "GENERAL", "ONE_THING", "CROSS_REGION", "PUBLIC_SERVICE"),
    "region": _text,
    "may_collect": [_text],
    "timetable": lambda value: isinstance(value, dict),
}
_HEAD: Final[Mapping[str, Any]] = {
    "v": _number(1, 1),
    "version": _text,
    "effective_from": _day,
    "effective_to": _day_or_open,
    "items": lambda value: isinstance(value, list),
    "queues": lambda value: isinstance(value, list),
    "windows": lambda value: isinstance(value, list),
}


def breaches(document: Mapping[str, Any]) -> list[Breach]:
    """Every breach of ``document``; an empty list means that it may be published and loaded."""
    head = list(_shape(document, _HEAD, ""))
    try:
        encode(document)
    except (TypeError, ValueError) as error:
        head.append(Breach("NOT_CANONICAL", "", f"has no canonical JSON: {error}"[:120]))
    if head:
        return head
    found: list[Breach] = []
    items = _sound(document["items"], _ITEM, "items", found)
    queues = _sound(document["queues"], _QUEUE, "queues", found)
    windows = _sound(document["windows"], _WINDOW, "windows", found)
    entries = [entry for entry in document["items"] if isinstance(entry, dict)]
    listed = Counter(entry["task_code"] for entry in entries if _text(entry.get("task_code")))
    found += [Breach("ITEM_TWICE", f"items[{code}]", f"listed {n} times") for code, n in listed.items() if n > 1]
    for item in items:
        found += chain.from_iterable(rule(item, f"items[{item['task_code']}]") for rule in _ITEM_RULES)
    found += _queue_breaches(queues, listed)
    found += _window_breaches(windows, listed)
    return found


def _shape(value: Any, spec: Any, where: str) -> _Rows:
    """Breaches of ``spec``: an object of specs, a list of one spec, or a predicate on the value."""
    if isinstance(spec, dict):
        if not isinstance(value, dict):
            yield Breach("SHAPE", where, "an object is needed")
            return
        for key, inner in spec.items():
            place = f"{where}.{key}" if where else key
            if key not in value:
                yield Breach("FIELD_MISSING", place, "the field is missing")
            elif callable(inner):
                if not inner(value[key]):
                    yield Breach("FIELD_VALUE", place, _BAD_VALUE)
            else:
                yield from _shape(value[key], inner, place)
    elif isinstance(spec, list):
        if not isinstance(value, list):
            yield Breach("SHAPE", where, "a list is needed")
            return
        for index, entry in enumerate(value):
            yield from _shape(entry, spec[0], f"{where}[{index}]")
    elif not spec(value):
        yield Breach("FIELD_VALUE", where, _BAD_VALUE)


def _sound(entries: list[Any], spec: Mapping[str, Any], name: str, found: list[Breach]) -> list[dict[str, Any]]:
    """The entries of the right shape; the breaches of the others go to ``found``."""
    sound = []
    for index, entry in enumerate(entries):
        wrong = list(_shape(entry, spec, f"{name}[{index}]"))
        found += wrong
        if not wrong:
            sound.append(entry)
    return sound


def _codes(item: Mapping[str, Any], where: str) -> _Rows:
    """standards.md 3: lengths, check digits, and that the 31 characters say what the fields say."""
    body, task = item["implementing_body"], item["task_code"]
    yield from _refused(partial(numbers.task_code, task), where)
    yield from _refused(partial(numbers.credit_code, body["credit_code"]), f"{where}.implementing_body")
    yield from _region(body["region"], f"{where}.implementing_body")
    if task != body["credit_code"] + item["level"] + item["catalog_code"]:
        yield Breach("TASK_CODE_PARTS", where, "task code is not credit code + level + catalogue code (D02)")


def _type(item: Mapping[str, Any], where: str) -> _Rows:
    """standards.md 3, table A.1: only what people apply for."""
    kind = item["item_type"]
    if kind in _REFUSED_TYPES:
        yield Breach("ITEM_TYPE_REFUSED", where, f"type {kind} is no item that people apply for")
    elif len(kind) != 2 or not kind.isascii() or not kind.isdigit() or kind == "00":
        yield Breach("ITEM_TYPE_FORMAT", where, "a type has two digits, 01 to 99")


def _limits(item: Mapping[str, Any], where: str) -> _Rows:
    """C01: promised <= statutory; C02, C03: what INSTANT means."""
    promised, statutory = item["promised_limit"], item["statutory_limit"]
    if _longer(promised, statutory):
        yield Breach("PROMISE_TOO_LONG", where, "the promised limit is longer than the statutory one (C01)")
    if item["case_type"] != "INSTANT":
        return
    if item["special_procedures"]:
        yield Breach("INSTANT_SPECIAL", where, "an instant item has no special procedure (C03)")
    if _longer(promised, {"n": 1, "unit": "WORKING_DAY"}):
        yield Breach("INSTANT_PROMISE", where, "an instant item is promised within one working day (C02)")


def _longer(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether limit ``one`` may end after ``other``.

    n natural days or 24 n hours never end after n working days. The other way round five working days are
    taken as seven natural days: festivals can stretch them, which only the dates of a case can show.
    """
    if one["unit"] == other["unit"]:
        return bool(one["n"] > other["n"])
    hours = {"HOUR": 1, "NATURAL_DAY": 24, "WORKING_DAY": 24}
    if one["unit"] == "WORKING_DAY":
        return bool(one["n"] * 7 * 24 > other["n"] * 5 * hours[other["unit"]])
    return bool(one["n"] * hours[one["unit"]] > other["n"] * hours[other["unit"]])


def _scope(item: Mapping[str, Any], where: str) -> _Rows:
    """A11: whoever opens an item to other provinces opens it inside the province first."""
    if "CROSS_PROVINCE" in item["scope"] and "IN_PROVINCE" not in item["scope"]:
        yield Breach("SCOPE_ORDER", where, "CROSS_PROVINCE needs IN_PROVINCE (A11)")
    if item["effective_to"] is not None and item["effective_to"] < item["effective_from"]:
        yield Breach("DATES_ORDER", where, "the item ends before it starts")


def _rule_groups(item: Mapping[str, Any], where: str) -> _Rows:
    """D15: an item handled elsewhere is not routable until all seven rule groups are there."""
    if _CROSS_SCOPES.isdisjoint(item["scope"]):
        return
    for group in RULE_GROUPS:
        if not _text(item["rule_groups"].get(group)):
            yield Breach("RULE_GROUP_MISSING", f"{where}.rule_groups.{group}", "the rule group is empty (D15)")


def _basis(item: Mapping[str, Any], where: str) -> _Rows:
    """D18 and 行政许可法 45: nothing is demanded, and no clock stops, without a law that says so."""
    if not item["legal_basis"].strip():
        yield Breach("LEGAL_BASIS_MISSING", where, "the item has no legal basis (D18)")
    for procedure in item["special_procedures"]:
        by_law = procedure["kind"] in ART_45_KINDS or _text(procedure.get("legal_basis"))
        if procedure["stops_clock"] and not by_law:
            place = f"{where}.special_procedures[{procedure['kind']}]"
            yield Breach("CLOCK_STOP_BASIS", place, "stops the clock outside article 45 without a basis")


def _materials(item: Mapping[str, Any], where: str) -> _Rows:
    """D12, D18: each material is named exactly, once, with its basis."""
    seen = Counter(material["code"] for material in item["materials"])
    for code, times in seen.items():
        if times > 1:
            yield Breach("MATERIAL_TWICE", f"{where}.materials[{code}]", f"listed {times} times")
    for material in item["materials"]:
        place = f"{where}.materials[{material['code']}]"
        if any(phrase in material["name"] for phrase in _CATCH_ALL):
            yield Breach("MATERIAL_CATCH_ALL", place, "a catch-all name demands nothing in particular (D12)")
        if not material["legal_basis"].strip():
            yield Breach("LEGAL_BASIS_MISSING", place, "the material has no legal basis (D18)")


_ITEM_RULES: Final = (_codes, _type, _limits, _scope, _rule_groups, _basis, _materials)


def _queue_breaches(queues: list[dict[str, Any]], listed: Mapping[str, int]) -> _Rows:
    for queue in queues:
        where = f"queues[{queue['region']}/{queue['task_code']}/{queue['node']}]"
        yield from _region(queue["region"], where)
        if queue["task_code"] not in listed:
            yield Breach("QUEUE_UNKNOWN_ITEM", where, "the item is not on the list (D01)")


def _window_breaches(windows: list[dict[str, Any]], listed: Mapping[str, int]) -> _Rows:
    for node, times in Counter(window["node"] for window in windows).items():
        if times > 1:
            yield Breach("WINDOW_TWICE", f"windows[{node}]", f"listed {times} times")
    for window in windows:
        where = f"windows[{window['node']}]"
        yield from _region(window["region"], where)
        yield from _refused(partial(Timetable.from_document, window["timetable"]), where)
        for code in window["may_collect"]:
            if code not in listed:
                yield Breach("WINDOW_UNKNOWN_ITEM", f"{where}.may_collect[{code}]", "not on the list (D01)")


def _region(text: str, where: str) -> _Rows:
    if not _stored_region(text):
        yield Breach("REGION_CODE", where, "regions are stored with 12 digits")


@lru_cache(maxsize=4096)
def _stored_region(text: str) -> bool:
    """Cached: a national list names a few thousand regions in a hundred thousand queues."""
    try:
        return numbers.region_code(text) == text
    except Refusal:
        return False


def _refused(check: Callable[[], object], where: str) -> _Rows:
    """A refusal of ``check`` as a breach with the same code."""
    try:
        check()
    except Refusal as refusal:
        yield Breach(refusal.code, where, str(refusal))

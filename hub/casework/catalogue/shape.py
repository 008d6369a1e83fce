"""The shape of a catalogue document: which members there are, and what each may be.

Invariants:
- looking at a shape never raises, whatever the document holds;
- members added since the first version are optional: what was published stays valid.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from hub.casework.review.values import STEPS

BAD_VALUE: Final = "the value is not one that this field may have"


@dataclass(frozen=True, slots=True)
class Breach:
    """One finding: stable ``code``, ``where`` as a path with codes, and what is wrong in English.

    ``detail``: values to be shown with it, as written in the document; empty when code and place say it all.
    """

    code: str
    where: str
    message_en: str
    detail: str = ""


Rows = Iterator[Breach]
Check = Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Maybe:
    """A member that may be absent."""

    spec: Any


def text(value: Any) -> bool:
    """A text that says something."""
    return isinstance(value, str) and bool(value.strip())


def plain(value: Any) -> bool:
    """Any text."""
    return isinstance(value, str)


def flag(value: Any) -> bool:
    """Yes or no."""
    return isinstance(value, bool)


def day(value: Any) -> bool:
    """An ISO date."""
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def day_or_open(value: Any) -> bool:
    """An ISO date, or null."""
    return value is None or day(value)


def number(low: int, high: int) -> Check:
    """An integer between both."""
    return lambda value: type(value) is int and low <= value <= high


def one_of(*words: str) -> Check:
    """One of these words."""
    return lambda value: isinstance(value, str) and value in words


def some_of(*words: str) -> Check:
    """A list of at least one of these words."""
    return lambda value: isinstance(value, list) and bool(value) and all(word in words for word in value)


def any_of(*words: str) -> Check:
    """A list of these words, which may be empty."""
    return lambda value: isinstance(value, list) and all(word in words for word in value)


def texts_by_name(value: Any) -> bool:
    """An object of texts."""
    return isinstance(value, dict) and all(isinstance(inner, str) for inner in value.values())


def step_days(value: Any) -> bool:
    """Working days by step (C06)."""
    days = number(1, 10_000)
    return isinstance(value, dict) and all(step in STEPS and days(n) for step, n in value.items())


def condition(value: Any, depth: int = 8) -> bool:
    """``{"situation", "is"}``, or ``{"all"}`` or ``{"any"}`` with at least one condition each, eight levels deep."""
    if not isinstance(value, dict) or not depth:
        return False
    if set(value) == {"situation", "is"}:
        choices = value["is"]
        return text(value["situation"]) and isinstance(choices, list) and bool(choices) and all(map(text, choices))
    if set(value) in ({"all"}, {"any"}):
        (inner,) = value.values()
        return isinstance(inner, list) and bool(inner) and all(condition(part, depth - 1) for part in inner)
    return False


LIMIT: Final[Mapping[str, Any]] = {
    "n": number(1, 10_000),
    "unit": one_of("WORKING_DAY", "NATURAL_DAY", "HOUR"),
}
_WITHDRAWAL: Final[Mapping[str, Any]] = {"reason": text, "approval": Maybe(plain), "from": day}
_MATERIAL: Final[Mapping[str, Any]] = {
    "code": text,
    "name": text,
    "key": flag,
    "acquisition": some_of("SUBMIT", "VERIFY_ONLINE", "FROM_LICENCE", "COMMITMENT", "COVERED_BY", "REUSED"),
    "original_policy": one_of("NOT_NEEDED", "CHECK_AND_RETURN", "SCAN_REPLACES", "MAIL_FOR_ARCHIVE"),
    "legal_basis": plain,
    "copies": number(0, 100),
    "colour": flag,
    "when": Maybe(condition),
    "trust_level": Maybe(one_of("A", "B", "C", "D")),
    "needed_by": Maybe(one_of("ACCEPT", "DECIDE", "ISSUE")),
    "covered_by": Maybe([text]),
    "allowance": Maybe(
        {"tolerance": one_of("NONE", "BLOCKS_DECISION", "REVOCABLE"), "days": number(0, 60), "commitment": flag}
    ),
    "masked": Maybe(flag),
}
_GUIDE: Final[Mapping[str, Any]] = {
    "version": text,
    "review_rules": Maybe(plain),
    "cautions": Maybe([text]),
    "faq": Maybe([{"question": text, "answer": text}]),
    "sample_forms": Maybe([text]),
    "common_mistakes": Maybe([text]),
    "supplements": Maybe([{"label": text, "region": text, "text": text}]),
    "modes": Maybe(texts_by_name),
}
_SITUATION: Final[Mapping[str, Any]] = {
    "code": text,
    "question": text,
    "choices": Maybe([{"code": text, "text": text}]),
    "when": Maybe(condition),
}
ITEM: Final[Mapping[str, Any]] = {
    "task_code": text,
    "catalog_code": text,
    "name": text,
    "item_type": text,
    "level": text,
    "case_type": one_of("COMMITTED", "INSTANT"),
    "scope": some_of("NATIONAL", "CROSS_PROVINCE", "IN_PROVINCE", "IN_CITY"),
    "modes": some_of("PROXY_COLLECT", "ONLINE", "MULTI_PLACE"),
    "in_person_required": flag,
    "status": one_of("LIVE", "SUSPENDED"),
    "effective_from": day,
    "effective_to": day_or_open,
    "implementing_body": {"name": text, "credit_code": text, "region": text},
    "statutory_limit": LIMIT,
    "promised_limit": LIMIT,
    "licensing_law": flag,
    "special_procedures": [{"kind": text, "stops_clock": flag, "legal_basis": Maybe(plain)}],
    "receipt_basis": one_of("ELECTRONIC", "ORIGINALS"),
    "required_proof_level": number(0, 4),
    "originals_note": plain,
    "materials": [_MATERIAL],
    "result": {"name": text, "kind": text},
    "legal_basis": plain,
    "fees": plain,
    "rule_groups": lambda value: isinstance(value, dict),
    "complaint_channel": text,
    "situations": Maybe([_SITUATION]),
    "guide": Maybe(_GUIDE),
    "tags": Maybe(any_of("MAX_ONE_VISIT", "INSTANT", "ZERO_VISIT")),
    "business_class": Maybe(plain),
    "handling_level": Maybe(plain),
    "prerequisites": Maybe([text]),
    "assisted_fee": Maybe(number(0, 10**9)),
    "withdrawal": Maybe(_WITHDRAWAL),
    "exclusion": Maybe({"kind": one_of("CLASSIFIED", "EXEMPT"), "approval": Maybe(plain)}),
    "decision_by": Maybe(one_of("GRANT", "HEAD", "COLLECTIVE")),
    "steps": Maybe(step_days),
}
QUEUE: Final[Mapping[str, Any]] = {"region": text, "task_code": text, "node": text, "queue": text, "liaison": plain}
WINDOW: Final[Mapping[str, Any]] = {
    "node": text,
    "kind": one_of("SPECIALISED", "GENERAL", "ONE_THING", "CROSS_REGION", "PUBLIC_SERVICE", "PORTAL"),
    "region": text,
    "may_collect": [text],
    "timetable": lambda value: isinstance(value, dict),
    "address": Maybe(plain),
    "telephone": Maybe(plain),
    "powers": Maybe(some_of("COLLECT", "ISSUE", "DECIDE")),
    "delegated_by": Maybe(plain),
    "seasons": Maybe([{"from": day, "to": day}]),
    "withdrawal": Maybe(_WITHDRAWAL),
}
AGREEMENT: Final[Mapping[str, Any]] = {
    "id": text,
    "a": text,
    "b": text,
    "items": [text],
    "from": day,
    "to": day_or_open,
}
PLACE_KINDS: Final = ("PROVINCE", "CITY", "COUNTY", "DEVELOPMENT_ZONE", "PARK", "TOWNSHIP", "VILLAGE")
PLACE: Final[Mapping[str, Any]] = {
    "node": text,
    "kind": one_of(*PLACE_KINDS),
    "region": text,
    "parent": Maybe(plain),
    "bodies": Maybe([text]),
    "may_accept": Maybe([text]),
    "sections": Maybe([text]),
}
DEPARTMENT: Final[Mapping[str, Any]] = {"code": text, "name": text, "region": text, "aliases": [text]}
_PART: Final[Mapping[str, Any]] = {
    "code": text,
    "task_code": plain,
    "department": text,
    "kind": one_of("APPROVAL", "CONSULTATION"),
    "core": flag,
    "after": [text],
    "limit": LIMIT,
    "section": Maybe(plain),
}
_PLAN: Final[Mapping[str, Any]] = {
    "version": text,
    "parts": [_PART],
    "materials": [{"code": text, "name": text, "serves": texts_by_name}],
    "form": [{"code": text, "label": text, "maps": texts_by_name}],
    "conditions": plain,
    "procedure": plain,
    "promised_limit": LIMIT,
    "statutory_days": Maybe(number(1, 10_000)),
    "extension_days": Maybe(number(0, 10_000)),
    "failure_policy": one_of("ALL_OR_NOTHING", "INDEPENDENT"),
    "accept_together": flag,
    "exit_node": plain,
    "windows": [text],
    "assisted_fee": Maybe(number(0, 10**9)),
}
THEME: Final[Mapping[str, Any]] = {
    "code": text,
    "name": text,
    "status": one_of("LISTED", "LIVE"),
    "applicant": one_of("", "NATURAL_PERSON", "LEGAL_PERSON"),
    "lists": [{"list": text, "seq": number(1, 10_000)}],
    "lead": text,
    "cooperating": [text],
    "rating": flag,
    "plan": Maybe(_PLAN),
}


def _entries(value: Any) -> bool:
    return isinstance(value, list)


def _rating_fix_days(value: Any) -> bool:
    return type(value) is int and value in RATING_FIX_DAYS


RATING_FIX_DAYS: Final = (5, 7, 15)
"""Working days that a region gives for putting a bad rating right (K12; states.md 2)."""
HEAD: Final[Mapping[str, Any]] = {
    "v": number(1, 1),
    "version": text,
    "effective_from": day,
    "effective_to": day_or_open,
    "items": _entries,
    "queues": _entries,
    "windows": _entries,
    "agreements": Maybe(_entries),
    "places": Maybe(_entries),
    "departments": Maybe(_entries),
    "themes": Maybe(_entries),
    "rating_fix_days": Maybe(_rating_fix_days),
}
TABLES: Final[Mapping[str, Mapping[str, Any]]] = {
    "items": ITEM,
    "queues": QUEUE,
    "windows": WINDOW,
    "agreements": AGREEMENT,
    "places": PLACE,
    "departments": DEPARTMENT,
    "themes": THEME,
}
"""The lists of a document and what each entry is."""


def misshapen(value: Any, spec: Any, where: str) -> Rows:
    """Breaches of ``spec``: an object of specs, a list of one spec, or a predicate on the value."""
    if isinstance(spec, dict):
        if not isinstance(value, dict):
            yield Breach("SHAPE", where, "an object is needed")
            return
        for key, needed in spec.items():
            inner = needed.spec if type(needed) is Maybe else needed
            if key not in value:
                if type(needed) is not Maybe:
                    yield Breach("FIELD_MISSING", f"{where}.{key}" if where else key, "the field is missing")
            elif not callable(inner) or not inner(value[key]):  # the place is written for what is wrong only
                yield from misshapen(value[key], inner, f"{where}.{key}" if where else key)
    elif isinstance(spec, list):
        if not isinstance(value, list):
            yield Breach("SHAPE", where, "a list is needed")
            return
        for index, entry in enumerate(value):
            yield from misshapen(entry, spec[0], f"{where}[{index}]")
    elif not spec(value):
        yield Breach("FIELD_VALUE", where, BAD_VALUE)


_DEEP: Final = (dict, list)


def unknown_members(value: Any, spec: Any, where: str) -> Rows:
    """Members that no rule knows: a slip in an optional name would otherwise pass unseen."""
    if isinstance(spec, Maybe):
        spec = spec.spec
    if isinstance(spec, dict) and isinstance(value, dict):
        for key, inner in value.items():
            if key not in spec:
                yield Breach("FIELD_UNKNOWN", f"{where}.{key}" if where else str(key), "no rule knows this member")
            elif type(inner) in _DEEP:
                yield from unknown_members(inner, spec[key], f"{where}.{key}" if where else key)
    elif isinstance(spec, list) and isinstance(value, list):
        for index, entry in enumerate(value):
            yield from unknown_members(entry, spec[0], f"{where}[{index}]")

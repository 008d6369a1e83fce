"""Rules for one item of the list. Each takes the item, of the right shape, and the path to it."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from typing import Any, Final

from crypto.refusal import Refusal
from hub.casework import numbers
from hub.casework.catalogue.shape import Breach, Rows, text

Entry = Mapping[str, Any]

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

CATCH_ALL: Final = ("其他材料", "有关材料", "相关材料", "等材料")
_REFUSED_TYPES: Final = frozenset(("02", "03", "06"))
_WIDER: Final = (("NATIONAL", "CROSS_PROVINCE"), ("CROSS_PROVINCE", "IN_PROVINCE"))
_YES_NO: Final = frozenset(("YES", "NO"))


def region(code: str, where: str) -> Rows:
    """A region as it is stored."""
    if not _stored_region(code):
        yield Breach("REGION_CODE", where, "regions are stored with 12 digits", code[:20])


@lru_cache(maxsize=4096)
def _stored_region(code: str) -> bool:
    """Cached: a national list names a few thousand regions in a hundred thousand queues."""
    try:
        return numbers.region_code(code) == code
    except Refusal:
        return False


def refused(check: Callable[[], object], where: str) -> Rows:
    """A refusal of ``check`` as a breach with the same code."""
    try:
        check()
    except Refusal as refusal:
        yield Breach(refusal.code, where, str(refusal))


def _codes(item: Entry, where: str) -> Rows:
    """standards.md 3: lengths, check digits, and that the 31 characters say what the fields say."""
    body, task = item["implementing_body"], item["task_code"]
    yield from refused(partial(numbers.task_code, task), where)
    yield from refused(partial(numbers.credit_code, body["credit_code"]), f"{where}.implementing_body")
    yield from region(body["region"], f"{where}.implementing_body")
    if task != body["credit_code"] + item["level"] + item["catalog_code"]:
        yield Breach("TASK_CODE_PARTS", where, "task code is not credit code + level + catalogue code (D02)")


def _type(item: Entry, where: str) -> Rows:
    """standards.md 3, table A.1: only what people apply for."""
    kind = item["item_type"]
    if kind in _REFUSED_TYPES:
        yield Breach("ITEM_TYPE_REFUSED", where, f"type {kind} is no item that people apply for", kind)
    elif len(kind) != 2 or not kind.isascii() or not kind.isdigit() or kind == "00":
        yield Breach("ITEM_TYPE_FORMAT", where, "a type has two digits, 01 to 99", kind[:20])


def _limits(item: Entry, where: str) -> Rows:
    """C01: promised <= statutory, and shorter where it can be; C02, C03: what INSTANT means."""
    promised, statutory = item["promised_limit"], item["statutory_limit"]
    told = f"承诺 {_limit_text(promised)}，法定 {_limit_text(statutory)}"
    if longer(promised, statutory):
        yield Breach("PROMISE_TOO_LONG", where, "the promised limit is longer than the statutory one (C01)", told)
    elif promised == statutory and promised["n"] > 1:
        yield Breach("PROMISE_NOT_SHORTER", where, "the promise does not shorten the statutory limit (C01)", told)
    if item["case_type"] != "INSTANT":
        return
    if item["special_procedures"]:
        yield Breach("INSTANT_SPECIAL", where, "an instant item has no special procedure (C03)")
    if longer(promised, {"n": 1, "unit": "WORKING_DAY"}):
        yield Breach("INSTANT_PROMISE", where, "an instant item is promised within one working day (C02)", told)


def longer(one: Entry, other: Entry) -> bool:
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


def _limit_text(limit: Entry) -> str:
    words = {"WORKING_DAY": "个工作日", "NATURAL_DAY": "个自然日", "HOUR": "小时"}
    return f"{limit['n']} {words[limit['unit']]}"


def _scope(item: Entry, where: str) -> Rows:
    """A11, A13: whoever opens an item further opens it nearer first."""
    for wide, narrow in _WIDER:
        if wide in item["scope"] and narrow not in item["scope"]:
            yield Breach("SCOPE_ORDER", where, f"{wide} needs {narrow} (A11)")
    if item["effective_to"] is not None and item["effective_to"] < item["effective_from"]:
        yield Breach("DATES_ORDER", where, "the item ends before it starts")


def _modes(item: Entry, where: str) -> Rows:
    """A01, A02: collecting elsewhere is for what law asks in person; everything else is to be done online."""
    if item["in_person_required"] and "ONLINE" in item["modes"]:
        yield Breach("IN_PERSON_ONLINE", where, "in person by law, yet fully online (A01)")
    if not item["in_person_required"] and "ONLINE" not in item["modes"]:
        yield Breach("ONLINE_MISSING", where, "no law asks for presence, so it should be online (A02)")


def _rule_groups(item: Entry, where: str) -> Rows:
    """D15: an item handled elsewhere is not routable until all seven rule groups are there."""
    for group in RULE_GROUPS:
        if not text(item["rule_groups"].get(group)):
            yield Breach("RULE_GROUP_MISSING", f"{where}.rule_groups.{group}", "the rule group is empty (D15)")


def _basis(item: Entry, where: str) -> Rows:
    """D18 and 行政许可法 45: nothing is demanded, and no clock stops, without a law that says so."""
    if not item["legal_basis"].strip():
        yield Breach("LEGAL_BASIS_MISSING", where, "the item has no legal basis (D18)")
    for procedure in item["special_procedures"]:
        by_law = procedure["kind"] in ART_45_KINDS or text(procedure.get("legal_basis"))
        if procedure["stops_clock"] and not by_law:
            place = f"{where}.special_procedures[{procedure['kind']}]"
            yield Breach("CLOCK_STOP_BASIS", place, "stops the clock outside article 45 without a basis")


def _materials(item: Entry, where: str) -> Rows:
    """D12, D18, D19: each material is named exactly, once, with its basis, and says what covers it."""
    seen = Counter(material["code"] for material in item["materials"])
    for code, times in seen.items():
        if times > 1:
            yield Breach("MATERIAL_TWICE", f"{where}.materials[{code}]", f"listed {times} times")
    for material in item["materials"]:
        place = f"{where}.materials[{material['code']}]"
        if any(phrase in material["name"] for phrase in CATCH_ALL):
            yield Breach("MATERIAL_CATCH_ALL", place, "a catch-all name (D12)", material["name"])
        if not material["legal_basis"].strip():
            yield Breach("LEGAL_BASIS_MISSING", place, "the material has no legal basis (D18)")
        yield from _instead(material, seen, place)


def _instead(material: Entry, seen: Mapping[str, int], place: str) -> Rows:
    """D19, B10: what a material may be replaced by, or be missing for."""
    covering = material.get("covered_by", [])
    if "COVERED_BY" in material["acquisition"] and not covering:
        yield Breach("MATERIAL_COVERED_BY", place, "covered by another material that is not named (D19)")
    for code in covering:
        if code not in seen or code == material["code"]:
            yield Breach("COVERED_BY_UNKNOWN", place, "covered by no other material of the item (D19)", code)
    allowed = material.get("allowance")
    if allowed is None:
        return
    if allowed["tolerance"] != "NONE" and material["key"]:
        yield Breach("TOLERANCE_KEY", place, "only a material that is not key may be missing (B10)")
    if (allowed["tolerance"] != "NONE") != (allowed["days"] > 0):
        yield Breach("TOLERANCE_DAYS", place, "a tolerated material needs a due date, and no other has one (B10)")
    if allowed["commitment"] != ("COMMITMENT" in material["acquisition"]):
        yield Breach("COMMITMENT_DIFFERS", place, "allowance and ways of acquisition disagree (A07)")


def _situations(item: Entry, where: str) -> Rows:
    """B16: questions with exact answers that look back only, and select something."""
    known: dict[str, frozenset[str]] = {}
    used: set[str] = set()
    for situation in item.get("situations", []):
        code, place = situation["code"], f"{where}.situations[{situation['code']}]"
        choices = [choice["code"] for choice in situation.get("choices", [])]
        if code in known or len(set(choices)) != len(choices):
            yield Breach("SITUATION_TWICE", place, "a question, or a choice of it, is there twice")
        if len(choices) == 1:
            yield Breach("SITUATION_CHOICES", place, "one choice is no question")
        if "when" in situation:
            yield from _condition(situation["when"], known, place, used)
        known[code] = frozenset(choices) or _YES_NO
    for material in item["materials"]:
        if "when" in material:
            yield from _condition(material["when"], known, f"{where}.materials[{material['code']}]", used)
    for code in known:
        if code not in used:
            yield Breach("SITUATION_UNUSED", f"{where}.situations[{code}]", "the answer selects nothing")


def _condition(entry: Entry, known: Mapping[str, frozenset[str]], place: str, used: set[str]) -> Rows:
    """A condition names a question before it, and choices that this question has."""
    for code, choices in _leaves(entry):
        used.add(code)
        if code not in known:
            yield Breach("SITUATION_ORDER", place, "depends on no question before it", code)
        for choice in choices:
            if code in known and choice not in known[code]:
                yield Breach("SITUATION_CHOICE_UNKNOWN", place, "depends on a choice that is not offered", str(choice))


def _leaves(entry: Entry) -> Iterator[tuple[str, list[Any]]]:
    if "situation" in entry:
        yield entry["situation"], entry["is"]
    for inner in (*entry.get("all", ()), *entry.get("any", ())):
        yield from _leaves(inner)


def _tags(item: Entry, where: str) -> Rows:
    """D10: a tag says what the item is."""
    tags = item.get("tags", [])
    if "INSTANT" in tags and item["case_type"] != "INSTANT":
        yield Breach("TAG_INSTANT", where, "tagged instant, but of another case type (D10, C04)")
    if "ZERO_VISIT" in tags and "ONLINE" not in item["modes"]:
        yield Breach("TAG_ZERO_VISIT", where, "tagged zero visits, but not online (D10, A20)")


def _guide(item: Entry, where: str) -> Rows:
    """A26, D07: one text a way of handling; local additions belong to a region."""
    guide = item.get("guide")
    if guide is None:
        return
    told = guide.get("modes", {})
    for mode in sorted(set(told) - set(item["modes"])):
        yield Breach("MODE_GUIDE_UNKNOWN", f"{where}.guide.modes.{mode}", "the item has no such way (A26)")
    for mode in sorted(set(item["modes"]) - {mode for mode, words in told.items() if words.strip()}):
        yield Breach("MODE_GUIDE_MISSING", f"{where}.guide.modes.{mode}", "this way has no guide (A26)")
    for supplement in guide.get("supplements", []):
        yield from region(supplement["region"], f"{where}.guide.supplements[{supplement['label']}]")


def _service(item: Entry, where: str) -> Rows:
    """A23, B17, D09: why an item is out of service, what is kept out, and that assistance costs nothing."""
    if item.get("assisted_fee", 0) != 0:
        told = f"{item['assisted_fee'] / 100:.2f} 元"
        yield Breach("ASSISTED_FEE", where, "assisted intake is free of charge (B17)", told)
    withdrawal, exclusion = item.get("withdrawal"), item.get("exclusion")
    if withdrawal is not None and not withdrawal.get("approval", "").strip():
        yield Breach("WITHDRAWAL_APPROVAL", where, "a withdrawal needs the government's approval (D09)")
    if item["status"] == "SUSPENDED" and withdrawal is None:
        yield Breach("SUSPENDED_REASON", where, "suspended without reason and approval (D09)")
    if exclusion is not None and exclusion["kind"] == "EXEMPT" and not exclusion.get("approval", "").strip():
        yield Breach("EXCLUSION_APPROVAL", where, "an exemption needs the government's approval (A23)")


RULES: Final = (
    _codes,
    _type,
    _limits,
    _scope,
    _modes,
    _rule_groups,
    _basis,
    _materials,
    _situations,
    _tags,
    _guide,
    _service,
)

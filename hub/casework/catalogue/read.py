"""From a document that has no breach to values. Nothing is judged here: ``lint`` did that before."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from hub.casework.catalogue.values import (
    Agreement,
    Allowance,
    Body,
    Condition,
    Exclusion,
    Guide,
    Item,
    Limit,
    Material,
    Place,
    Queue,
    ResultKind,
    Situation,
    SpecialProcedure,
    Supplement,
    Window,
    Withdrawal,
)
from hub.casework.time.clock_table import Unit
from hub.casework.time.timetable import Timetable

Entry = Mapping[str, Any]

YES_NO: Final = (("YES", "是"), ("NO", "否"))
"""The choices of a question that names none."""

_PLAIN: Final = (
    *("task_code", "catalog_code", "name", "item_type", "level", "case_type", "in_person_required", "status"),
    *("licensing_law", "receipt_basis", "required_proof_level", "originals_note", "legal_basis", "fees"),
    "complaint_channel",
)
_PLAIN_MATERIAL: Final = ("code", "name", "key", "original_policy", "legal_basis", "copies", "colour")


def item_in(entry: Entry) -> Item:
    """One of ``items``."""
    return Item(
        **{key: entry[key] for key in _PLAIN},
        scope=frozenset(entry["scope"]),
        modes=frozenset(entry["modes"]),
        effective_from=date.fromisoformat(entry["effective_from"]),
        effective_to=open_day(entry["effective_to"]),
        implementing_body=Body(**{key: entry["implementing_body"][key] for key in Body.__slots__}),
        statutory_limit=limit_in(entry["statutory_limit"]),
        promised_limit=limit_in(entry["promised_limit"]),
        special_procedures=tuple(
            SpecialProcedure(procedure["kind"], procedure["stops_clock"], procedure.get("legal_basis", ""))
            for procedure in entry["special_procedures"]
        ),
        materials=tuple(_material(material) for material in entry["materials"]),
        result=ResultKind(entry["result"]["name"], entry["result"]["kind"]),
        rule_groups=dict(entry["rule_groups"]),
        situations=tuple(_situation(situation) for situation in entry.get("situations", ())),
        guide=_guide(entry["guide"]) if "guide" in entry else None,
        tags=frozenset(entry.get("tags", ())),
        business_class=entry.get("business_class", ""),
        handling_level=entry.get("handling_level", ""),
        prerequisites=tuple(entry.get("prerequisites", ())),
        assisted_fee=entry.get("assisted_fee", 0),
        withdrawal=_withdrawal(entry.get("withdrawal")),
        exclusion=_exclusion(entry.get("exclusion")),
        decision_by=entry.get("decision_by", "GRANT"),
        steps=dict(entry.get("steps", {})),
    )


def queue_in(entry: Entry) -> Queue:
    """One of ``queues``."""
    return Queue(entry["region"], entry["task_code"], entry["node"], entry["queue"], entry["liaison"])


def window_in(entry: Entry) -> Window:
    """One of ``windows``."""
    default = ("COLLECT", "ISSUE", "DECIDE") if entry["kind"] == "SPECIALISED" else ("COLLECT", "ISSUE")
    return Window(
        entry["node"],
        entry["kind"],
        entry["region"],
        frozenset(entry["may_collect"]),
        Timetable.from_document(entry["timetable"]),
        address=str(entry.get("address", "")),
        telephone=str(entry.get("telephone", "")),
        powers=frozenset(entry.get("powers", default)),
        delegated_by=entry.get("delegated_by", ""),
        seasons=tuple(
            (date.fromisoformat(season["from"]), date.fromisoformat(season["to"]))
            for season in entry.get("seasons", ())
        ),
        withdrawal=_withdrawal(entry.get("withdrawal")),
    )


def agreement_in(entry: Entry) -> Agreement:
    """One of ``agreements``."""
    since = date.fromisoformat(entry["from"])
    return Agreement(entry["id"], entry["a"], entry["b"], frozenset(entry["items"]), since, open_day(entry["to"]))


def place_in(entry: Entry) -> Place:
    """One of ``places``."""
    bodies, accepted = frozenset(entry.get("bodies", ())), frozenset(entry.get("may_accept", ()))
    sections = frozenset(entry.get("sections", ()))
    return Place(entry["node"], entry["kind"], entry["region"], entry.get("parent", ""), bodies, accepted, sections)


def limit_in(entry: Entry) -> Limit:
    """A number of units."""
    return Limit(entry["n"], Unit(entry["unit"]))


def open_day(text: str | None) -> date | None:
    """A day, or None for open."""
    return None if text is None else date.fromisoformat(text)


def condition_in(entry: Entry | None) -> Condition | None:
    """``{"situation": S, "is": [...]}``, ``{"all": [...]}`` or ``{"any": [...]}``; None for always."""
    if entry is None:
        return None
    if "situation" in entry:
        return Condition("IS", entry["situation"], frozenset(entry["is"]))
    kind = "all" if "all" in entry else "any"
    parts = tuple(part for inner in entry[kind] if (part := condition_in(inner)) is not None)
    return Condition(kind.upper(), parts=parts)


def _material(entry: Entry) -> Material:
    allowed = entry.get("allowance")
    return Material(
        **{key: entry[key] for key in _PLAIN_MATERIAL},
        acquisition=tuple(entry["acquisition"]),
        when=condition_in(entry.get("when")),
        trust_level=entry.get("trust_level", ""),
        needed_by=entry.get("needed_by", ""),
        covered_by=tuple(entry.get("covered_by", ())),
        allowance=Allowance(allowed["tolerance"], allowed["days"], allowed["commitment"]) if allowed else None,
        masked=entry.get("masked", False),
    )


def _situation(entry: Entry) -> Situation:
    choices = tuple((choice["code"], choice["text"]) for choice in entry.get("choices", ())) or YES_NO
    return Situation(entry["code"], entry["question"], choices, condition_in(entry.get("when")))


def _guide(entry: Entry) -> Guide:
    return Guide(
        entry["version"],
        entry.get("review_rules", ""),
        tuple(entry.get("cautions", ())),
        tuple((told["question"], told["answer"]) for told in entry.get("faq", ())),
        tuple(entry.get("sample_forms", ())),
        tuple(entry.get("common_mistakes", ())),
        tuple(Supplement(one["label"], one["region"], one["text"]) for one in entry.get("supplements", ())),
        dict(entry.get("modes", {})),
    )


def _withdrawal(entry: Entry | None) -> Withdrawal | None:
    if entry is None:
        return None
    return Withdrawal(entry["reason"], entry.get("approval", ""), date.fromisoformat(entry["from"]))


def _exclusion(entry: Entry | None) -> Exclusion | None:
    return None if entry is None else Exclusion(entry["kind"], entry.get("approval", ""))

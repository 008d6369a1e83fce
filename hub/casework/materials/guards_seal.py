"""Guards of how materials were got, checked at the seal and with every addendum (states.md T02, T05, T17).

Invariant: a guard looks and refuses; it never changes anything.
"""

import re
from datetime import date
from typing import Final

from crypto.refusal import Refusal
from hub.casework import facts, reasons
from hub.casework.casefile import CaseFile
from hub.casework.catalogue.model import Item
from hub.casework.catalogue.situations import require_answers
from hub.casework.context import Act, World
from hub.casework.materials import ways
from hub.casework.materials.ways import Promise

LONG_TERM: Final = "LONG_TERM"
REUSE_MEMBERS: Final = ("material", "case", "manifest", "line", "valid_until")
_CASE = re.compile(r"[0-9a-f]{32}")
_PAGED = _ONLY_AT_SEAL = frozenset({"COMMITMENT", "REUSED"})
"""Both need paper, and an agreement or a notice that only the seal names: an addendum brings the document itself."""


def situations_answered(file: CaseFile | None, act: Act, world: World) -> None:
    """T05, B16: each question of the item that the answers before it call for has one of its answers."""
    require_answers(_item(file, act, world), ways.answers_in(act.statement.body))


def ways_lawful(file: CaseFile | None, act: Act, world: World) -> None:
    """T02, D19, D20, 国办函〔2016〕108号: each material in a way that the list names for it, at the trust level of that
    way; a commitment and what is used again have pages; what is covered has what covers it beside it; and what an
    addendum brings is enough (A03), for it answers a notice (T18) or settles a debt (B10)."""
    item, manifest = _item(file, act, world), facts.pinned(act, world).manifest
    held = ways.held_lines(file, world) if file is not None and manifest.kind == "addendum" else {}
    lines = (*manifest.lines, *held.values())
    for line in manifest.lines:
        material = item.material(line.material)
        if material is None or line.material in ways.OWN_LINES:
            continue  # nothing outside the list: another guard's matter (D03)
        told = {"material": line.material, "acquisition": line.acquisition}
        may = ways.allowed(material) - (_ONLY_AT_SEAL if manifest.kind == "addendum" else frozenset())
        if line.acquisition not in may:
            raise Refusal("ACQUISITION_NOT_ALLOWED", "D19; T02", **told, allowed=",".join(sorted(may)))
        if line.acquisition in _PAGED and not line.pages:
            raise Refusal("LINE_WITHOUT_PAGES", "T02; B09, E02", **told)
        others = ways.covering(material, lines)
        if line.acquisition == "COVERED_BY" and not others:
            raise Refusal("COVER_MISSING", "D19; T02", **told, covered_by=",".join(material.covered_by))
        if line.trust != ways.trust_of(line, others):
            raise Refusal("TRUST_WRONG", "国办函〔2016〕108号; T02", **told, trust=line.trust)
        given = manifest.kind == "addendum" and (ways.brought(line) or bool(others))
        if given and not ways.is_closed(material, line, lines):
            low = {"material": line.material, "trust": line.trust, "needed": material.trust_level}
            raise Refusal("TRUST_TOO_LOW", "A03; T17; B10", **low)


def promises_founded(file: CaseFile | None, act: Act, world: World) -> None:
    """T02, B10: only what is not key comes later, where the list allows it, by a signed promise with a near day."""
    item, manifest = _item(file, act, world), facts.pinned(act, world).manifest
    wanted = {material.code for material in ways.called_for(item, ways.answers_in(act.statement.body))}
    brought = ways.closed_in(item, manifest)
    for promise in ways.promises_in(act):
        require_promise(item, promise, wanted, act, world)
        if promise.material in brought:
            raise Refusal("PROMISE_NEEDLESS", "B10; E01", material=promise.material)


def commitments_given(file: CaseFile | None, act: Act, world: World) -> None:
    """T02, A07, B09, 国办发〔2020〕42号: before a commitment is signed, what it means is told in writing."""
    lines = facts.pinned(act, world).manifest.lines
    committed = any(line.acquisition == "COMMITMENT" for line in lines)
    said = act.statement.body.get("commitment_notice")
    if said not in (None, True) or (committed and said is not True):
        raise Refusal("DECLARATION_MISSING", "B09; 国办发〔2020〕42号; T02", declaration="commitment_notice")


def reuse_named(file: CaseFile | None, act: Act, world: World) -> None:
    """T02, E02, D21: what is used again names the earlier case, its sealing and line and until when it is good, and the
    applicant's signed agreement. Whose case that is the hub looks up (``across``)."""
    named = ways.entries_in(act, "reused", REUSE_MEMBERS, "E02; T02")
    lines = facts.pinned(act, world).manifest.lines
    if {entry[0] for entry in named} != {line.material for line in lines if line.acquisition == "REUSED"}:
        raise Refusal("REUSE_UNNAMED", "E02; T02")
    for material, case, manifest, _, valid_until in named:
        if _CASE.fullmatch(case) is None or case == act.statement.case or facts.DIGEST.fullmatch(manifest) is None:
            raise Refusal("BODY_MEMBER", "E02; T02", member="reused")
        if valid_until != LONG_TERM and _day(valid_until, "reused", "E02; T02").isoformat() < act.date:
            raise Refusal("REUSE_EXPIRED", "E02; T02", material=material, until=valid_until)
    if named:
        facts.require_digest(act, "reuse_agreement", "E02; 个人信息保护法 13")
    elif "reuse_agreement" in act.statement.body:
        raise Refusal("BODY_MEMBER", "E02; T02", member="reuse_agreement")


def applicant_named(file: CaseFile | None, act: Act, world: World) -> None:
    """T05, A22, E07: who applies, by a keyed digest that only windows can make; as soon as the window has the key.
    While an older key is in force too, the digest under that one stands beside it."""
    body = act.statement.body
    if "applicant_before" in body:
        facts.require_digest(act, "applicant_before", "A22; E07")
        if body["applicant_before"] == body.get("applicant", body["applicant_before"]):
            raise Refusal("BODY_MEMBER", "A22; E07", member="applicant_before")
    if "applicant" in body:
        facts.require_digest(act, "applicant", "A22; E07")
    elif world.registry.shared("applicant", act.node.subject):
        raise Refusal("APPLICANT_UNNAMED", "A22; E07; T05")


def second_intake_reasoned(file: CaseFile | None, act: Act, world: World) -> None:
    """T01, T05, A22: a second intake names the other case and gives a reason of the list; else it says neither."""
    body = act.statement.body
    if not {"duplicate_of", "duplicate_reason"} & set(body):
        return
    other, reason = act.text("duplicate_of"), act.text("duplicate_reason")
    if _CASE.fullmatch(other) is None or other == act.statement.case:
        raise Refusal("LINK_WRONG", "A22; T05", linked=other[:32])
    if reason not in reasons.SECOND_INTAKES:
        raise Refusal("REASON_UNKNOWN", "A22; T05", reason=reason[:20])


# --- shared with acceptance ----------------------------------------------------------------------------------------


def require_promise(item: Item, promise: Promise, wanted: set[str], act: Act, world: World) -> None:
    """One promise is lawful (B10). Refusals MATERIAL_NOT_LISTED, MATERIAL_IS_KEY, TOLERANCE_NONE, BODY_MEMBER,
    PROMISE_DATE, PROMISE_AFTER_LIMIT, PROMISE_TOO_LATE. Days are counted from the day on which it was given, from
    which on the promised limit runs at the earliest (K7: before K3 ends)."""
    material = item.material(promise.material)
    if material is None or material.code not in wanted:
        raise Refusal("MATERIAL_NOT_LISTED", "D03; B10", material=promise.material[:40])
    if material.key:
        raise Refusal("MATERIAL_IS_KEY", "B10; T02", material=material.code)
    allowance = ways.allowance_of(material)
    if allowance.tolerance == ways.NO_TOLERANCE:
        raise Refusal("TOLERANCE_NONE", "B10; T02", material=material.code)
    if facts.DIGEST.fullmatch(promise.paper) is None:
        raise Refusal("BODY_MEMBER", "B10; T02", member="tolerated")
    due, given = _day(promise.due, "tolerated", "B10; T02"), facts.day_of(act.statement.occurred_at)
    if due <= given:
        raise Refusal("PROMISE_DATE", "B10; T02", due=promise.due)
    told = {"material": material.code, "due": promise.due}
    until = ways.promised_until(item, given.isoformat(), world.calendar)
    if promise.due > until:
        raise Refusal("PROMISE_AFTER_LIMIT", "B10; K7; T02", **told, until=until)
    if allowance.days and world.calendar.working_days(given, due) > allowance.days:
        raise Refusal("PROMISE_TOO_LATE", "B10; T02", **told, days=str(allowance.days))


def _day(text: str, member: str, rule: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Refusal("BODY_MEMBER", rule, member=member) from None
    if day.isoformat() != text:
        raise Refusal("BODY_MEMBER", rule, member=member)
    return day


def _item(file: CaseFile | None, act: Act, world: World) -> Item:
    """The item that the act names and pins, or the one that the case was opened for."""
    if "task_code" in act.statement.body:
        return facts.pinned_catalogue(act, world).item(act.text("task_code"))
    assert file is not None  # a case is opened with its item
    return facts.item_of(file, world)

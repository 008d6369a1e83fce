"""The one list and the one form of a parent (B05): each material is collected once, each part gets what it asks for.

Invariants:
- a merged line is as strict as the strictest part that it serves: key if key anywhere, ways that all of them allow;
- without a plan two parts share a line only where both lists call it by the same name, and it is an official document
  that can be checked online, or the applicant says that it is the same paper: three shops have three leases;
- each part's questions (办理情形, B16) are asked once, under its own name; a line is called for where any part that it
  serves calls for it, and each part is told its own answers alone;
- a field of the form goes to the parts that the plan maps it to; who applies goes to every part, nothing else does.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from crypto.refusal import Refusal
from hub.casework.catalogue.model import Catalogue, Item, Material
from hub.casework.catalogue.themes import PARENT_LIMIT_DAYS, Theme
from hub.casework.catalogue.values import Condition, Limit
from hub.casework.materials.ways import called_for
from hub.casework.parents.plan import MULTI_PLACE
from hub.casework.time.clock_table import Unit

MULTI: Final = MULTI_PLACE
"""What stands for the item of a parent without a theme (多地联办)."""
NAME: Final = "多地联办"
PARTS: Final = "parts"
"""Member of a 多地联办 form with what only one part is told: {"parts": {"P1": {…}}}."""
WHO: Final = frozenset({"applicant", "enterprise", "agent"})
"""Members of a form that say who applies: every part is told."""
_OFFICIAL: Final = frozenset({"VERIFY_ONLINE", "FROM_LICENCE"})
_STRICT: Final = ("MAIL_FOR_ARCHIVE", "CHECK_AND_RETURN", "SCAN_REPLACES", "NOT_NEEDED")
Serves = Mapping[str, Mapping[str, str]]
"""Line of the one list → part → code of the material that it stands for there."""


@dataclass(frozen=True)
class DraftPart:
    """One part of a parent's draft. ``case``: id of the child to be; ``after``: parts that must be granted first."""

    code: str
    case: str
    task_code: str
    region: str
    mode: str
    after: tuple[str, ...] = ()


def serves_of(theme: Theme, parts: Sequence[DraftPart]) -> dict[str, dict[str, str]]:
    """The one list of a theme as its plan says, for the parts that become cases."""
    assert theme.plan is not None  # ``require_intake``
    codes = {part.code for part in parts}
    return {
        one.code: {part: code for part, code in one.serves.items() if part in codes}
        for one in theme.plan.materials
        if codes & set(one.serves)
    }


def shared_lines(
    catalogue: Catalogue, parts: Sequence[DraftPart], shared: Collection[str] = ()
) -> dict[str, dict[str, str]]:
    """The one list of a 多地联办 without a plan, its lines counted T01, T02, … in the order of the parts.

    ``shared``: names of materials of which the applicant hands in one for all parts that ask for it.
    """
    groups: list[tuple[Material, dict[str, str]]] = []
    for part in parts:
        for material in catalogue.item(part.task_code).materials:
            for known, serves in groups:
                if part.code not in serves and _same_paper(material, known, shared):
                    serves[part.code] = material.code
                    break
            else:
                groups.append((material, {part.code: material.code}))
    return {f"T{number:02}": serves for number, (_, serves) in enumerate(groups, start=1)}


def merged_item(catalogue: Catalogue, parts: Sequence[DraftPart], serves: Serves, theme: Theme | None) -> Item:
    """A parent's list as an item of its own, so that collecting, checking and printing treat it like any other."""
    items = {part.code: catalogue.item(part.task_code) for part in parts}
    first = items[_core(theme, parts)]
    names = {one.code: one.name for one in theme.plan.materials} if theme and theme.plan else {}
    limits = [item.promised_limit for item in items.values()]
    promised = theme.plan.promised_limit if theme and theme.plan else max(limits, key=lambda one: one.n)
    days = theme.plan.statutory_days if theme and theme.plan else PARENT_LIMIT_DAYS
    return replace(
        first,
        task_code=theme.code if theme else MULTI,
        name=theme.name if theme else f"{NAME}：{'、'.join(dict.fromkeys(item.name for item in items.values()))}",
        materials=tuple(_merged(code, names.get(code, ""), items, told) for code, told in serves.items()),
        situations=tuple(
            replace(asked, code=_named(part, asked.code), when=_of_part(part, asked.when))
            for part, item in items.items()
            for asked in item.situations
        ),
        implementing_body=replace(
            first.implementing_body,
            name="、".join(dict.fromkeys(item.implementing_body.name for item in items.values())),
        ),
        promised_limit=promised,
        statutory_limit=Limit(days, Unit.WORKING_DAY),
        licensing_law=any(item.licensing_law for item in items.values()),
        required_proof_level=max(item.required_proof_level for item in items.values()),
        originals_note="；".join(dict.fromkeys(item.originals_note for item in items.values() if item.originals_note)),
    )


def part_form(theme: Theme | None, part: str, form: Mapping[str, Any]) -> dict[str, Any]:
    """What one part is told of the one form. Refusal FORM_FIELD_UNKNOWN."""
    who = {name: value for name, value in form.items() if name in WHO}
    if theme is None:
        own = form.get(PARTS, {}).get(part, {})
        return {name: value for name, value in form.items() if name != PARTS} | dict(own)
    assert theme.plan is not None  # ``require_intake``
    require_fields(theme, form)
    maps = {one.code: one.maps[part] for one in theme.plan.form if part in one.maps}
    return who | {name: form[code] for code, name in maps.items() if code in form}


def require_fields(theme: Theme, form: Mapping[str, Any]) -> None:
    """B05, 个人信息保护法 6: nothing is asked that the plan does not ask. Refusal FORM_FIELD_UNKNOWN."""
    assert theme.plan is not None  # ``require_intake``
    known = WHO | {one.code for one in theme.plan.form}
    foreign = sorted(set(form) - known)
    if foreign:
        fields = ",".join(sorted(known))
        raise Refusal("FORM_FIELD_UNKNOWN", "B05; 个人信息保护法 6", field=foreign[0][:40], fields=fields)


def own_answers(part: str, answers: Mapping[str, str]) -> dict[str, str]:
    """What one part is told of the answers to the merged questions: its own, under its item's own codes (B16)."""
    mark = _named(part, "")
    return {code.removeprefix(mark): choice for code, choice in answers.items() if code.startswith(mark)}


def called_serves(
    catalogue: Catalogue, parts: Sequence[DraftPart], serves: Serves, answers: Mapping[str, str]
) -> Serves:
    """The lines with the parts that call for them by their own answers; a line that nobody calls for is left out."""
    wanted = {
        part.code: {one.code for one in called_for(catalogue.item(part.task_code), own_answers(part.code, answers))}
        for part in parts
    }
    made = {line: {part: code for part, code in told.items() if code in wanted[part]} for line, told in serves.items()}
    return {line: told for line, told in made.items() if told}


def missing(item: Item, part: str, serves: Serves, given: Collection[str], answers: Mapping[str, str]) -> list[str]:
    """Own codes of the materials of a part that it has to have and no line brings (``hub.casework.materials.ways``).

    ``given``: lines of the one list that are there, or promised; ``answers``: to the merged questions.
    """
    brought = {told[part] for line, told in serves.items() if line in given and part in told}
    called = called_for(item, own_answers(part, answers))
    strict = (material for material in called if material.key or material.allowance is not None)
    return sorted(material.code for material in strict if material.code not in brought)


def _named(part: str, question: str) -> str:
    return f"{part}.{question}"


def _of_part(part: str, condition: Condition | None) -> Condition | None:
    """A condition on the answers of one part, under their merged names."""
    if condition is None:
        return None
    parts = tuple(one for inner in condition.parts if (one := _of_part(part, inner)) is not None)
    return replace(condition, situation=condition.situation and _named(part, condition.situation), parts=parts)


def _core(theme: Theme | None, parts: Sequence[DraftPart]) -> str:
    if theme is None or theme.plan is None:
        return parts[0].code
    return next((one.code for one in theme.plan.parts if one.core), parts[0].code)


def _same_paper(material: Material, known: Material, shared: Collection[str]) -> bool:
    if material.name != known.name:
        return False
    return material.name in shared or bool(_OFFICIAL & set(material.acquisition) & set(known.acquisition))


def _merged(code: str, name: str, items: Mapping[str, Item], serves: Mapping[str, str]) -> Material:
    """One line, as strict as the strictest part, called for where any of them calls for it."""
    asked = [found for part, own in serves.items() if (found := items[part].material(own)) is not None]
    calls = [_of_part(part, found.when) for part, own in serves.items() if (found := items[part].material(own))]
    ways = tuple(way for way in asked[0].acquisition if all(way in one.acquisition for one in asked))
    return replace(
        asked[0],
        code=code,
        name=name or asked[0].name,
        key=any(one.key for one in asked),
        allowance=None
        if any(one.key for one in asked)
        else next((one.allowance for one in asked if one.allowance), None),
        acquisition=ways or asked[0].acquisition,
        original_policy=min((one.original_policy for one in asked), key=_STRICT.index),
        legal_basis="；".join(dict.fromkeys(one.legal_basis for one in asked)),
        copies=max(one.copies for one in asked),
        colour=any(one.colour for one in asked),
        when=None if None in calls else Condition("ANY", parts=tuple(one for one in calls if one is not None)),
        trust_level=min((one.trust_level for one in asked if one.trust_level), default=""),
        covered_by=(),
        masked=any(one.masked for one in asked),
    )

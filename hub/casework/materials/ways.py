"""How a material may be got, how far it can be trusted, and which of them this applicant has to bring. Pure look-ups.

Invariants:
- the list decides: a way that it does not name for a material is none (D19), and nothing outside it is asked (D03);
- a trust level follows from the way alone, so nobody can call a scan better than it is (国办函〔2016〕108号);
- a material that the list covers by another one counts only while that other one is there in its own right.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from crypto.manifest import Line, Manifest
from crypto.refusal import Refusal
from hub.casework.casefile import CaseFile
from hub.casework.catalogue.situations import holds
from hub.casework.catalogue.values import Allowance, Item, Material
from hub.casework.context import Act, World
from hub.casework.parents import share
from hub.casework.time import clocks
from hub.casework.time.calendar import WorkCalendar

OWN_LINES: Final = frozenset({"FORM", "ADDRESS", "PROXY"})
"""Lines of a sealing that are no material of the list."""
SEEN: Final = frozenset({"SEEN_RETURNED", "HELD"})
BY_WAY: Final[Mapping[str, str]] = {"VERIFY_ONLINE": "A", "FROM_LICENCE": "A", "COMMITMENT": "D", "FORM": "D"}
REUSABLE: Final = frozenset("AB")
"""国办函〔2016〕108号: only what an authority issued, or a window checked, may be used again."""
NO_TOLERANCE: Final = "NONE"
UNNAMED: Final = Allowance("BLOCKS_DECISION", 0, False)
"""(D) What holds for a material that is not key and of which the list says nothing: a promise may be taken, the
decision waits for it, and its day is bounded by K3 alone."""


def answers_in(body: Mapping[str, object]) -> dict[str, str]:
    """The answers in ``situations``: question to choice. Refusal BODY_MEMBER."""
    said = body.get("situations", {})
    if not isinstance(said, dict) or not all(isinstance(value, str) and name for name, value in said.items()):
        raise Refusal("BODY_MEMBER", "B16; T05", member="situations")
    return dict(said)


def answers_of(file: CaseFile) -> dict[str, str]:
    """What the applicant answered at the seal."""
    return {answer.situation: answer.choice for answer in file.answers}


def called_for(item: Item, answers: Mapping[str, str]) -> tuple[Material, ...]:
    """Materials that these answers call for; without answers to questions that there are, all of the list.

    A pre-review is looked at before the questions are answered.
    """
    if item.situations and not answers:
        return item.materials
    return tuple(material for material in item.materials if holds(material.when, answers))


def allowance_of(material: Material) -> Allowance:
    """How a material may be missing for a time; one that is key never (B10)."""
    if material.key:
        return Allowance(NO_TOLERANCE, 0, False)
    return material.allowance or UNNAMED


def may_wait(material: Material) -> bool:
    """Whether a promise may stand for it for a time (B10)."""
    return allowance_of(material).tolerance != NO_TOLERANCE


def promised_until(item: Item, effective: str, calendar: WorkCalendar) -> str:
    """ISO day on which the promised limit (K3) ends where acceptance takes effect at that moment or on that day."""
    limit, at = item.promised_limit, effective if "T" in effective else clocks.end_of(date.fromisoformat(effective))
    due = clocks.start("K3", at, calendar, limit=limit.n, unit=clocks.Unit(limit.unit)).due
    assert due is not None  # nothing pauses a clock that just began
    return due[:10]


def allowed(material: Material) -> frozenset[str]:
    """Ways in which the list lets the material be got (D19); an allowance may let a commitment replace it (A07)."""
    promised = material.allowance is not None and material.allowance.commitment
    return frozenset(material.acquisition) | ({"COMMITMENT"} if promised else frozenset())


def trust_of(line: Line, others: Mapping[str, Line]) -> str:
    """The trust level that a line may claim (standards.md 11); of one that is covered, that of what covers it.

    ``others``: lines of the same sealing that cover it, by material.
    """
    if line.acquisition == "SUBMIT":
        return "B" if line.original in SEEN else "C"
    if line.acquisition == "REUSED":
        return line.trust if line.trust in REUSABLE else "B"
    if line.acquisition == "COVERED_BY":
        return min((other.trust for other in others.values()), default="D")
    return BY_WAY.get(line.acquisition, "D")


def brought(line: Line) -> bool:
    """Whether a line brings something itself: pages, or another way than handing in; an empty line brings nothing."""
    return bool(line.pages) or line.acquisition not in ("SUBMIT", "COVERED_BY")


def covering(material: Material, lines: Iterable[Line]) -> dict[str, Line]:
    """Lines that make the material needless (D19), by material: brought, and themselves not covered."""
    return {line.material: line for line in lines if line.material in material.covered_by and brought(line)}


def is_closed(material: Material, line: Line, lines: Iterable[Line]) -> bool:
    """Whether the line brings the material, at the trust level that the list wants at least (A03)."""
    others = covering(material, lines)
    there = bool(others) if line.acquisition == "COVERED_BY" else brought(line)
    return there and (not material.trust_level or line.trust <= material.trust_level)


def closed_in(item: Item, manifest: Manifest) -> frozenset[str]:
    """Materials that a sealing brings in a way and at a trust level that are enough."""
    closed = set()
    for line in manifest.lines:
        material = item.material(line.material)
        if material is not None and is_closed(material, line, manifest.lines):
            closed.add(line.material)
    return frozenset(closed)


def lacking(item: Item, act: Act, manifest: Manifest) -> list[str]:
    """T05, A03, B10: materials that the seal has to name as missing: wanted, neither brought nor promised, and key, or
    such that the list says how they may be missing. Refusal BODY_MEMBER."""
    there = closed_in(item, manifest) | {promise.material for promise in promises_in(act)}
    strict = (one for one in called_for(item, answers_in(act.statement.body)) if one.key or one.allowance is not None)
    return sorted(one.code for one in strict if one.code not in there)


@dataclass(frozen=True)
class Promise:
    """One entry of ``tolerated``: material, last day (ISO), digest of the signed promise."""

    material: str
    due: str
    paper: str


def promises_in(act: Act) -> tuple[Promise, ...]:
    """The promises in ``tolerated`` (B10); none without the member. Refusal BODY_MEMBER."""
    return tuple(Promise(*entry) for entry in entries_in(act, "tolerated", ("material", "due", "paper"), "B10"))


def entries_in(act: Act, member: str, names: tuple[str, ...], rule: str) -> list[tuple[str, ...]]:
    """The entries of a list of objects of just these texts, one a material at most; none without the member.

    Refusal BODY_MEMBER.
    """
    value = act.statement.body.get(member, [])
    entries = value if isinstance(value, list) else [None]
    made = [_texts_of(entry, names) for entry in entries]
    whole = [entry for entry in made if entry is not None]
    once = len({entry[names.index("material")] for entry in whole}) == len(made)
    if not once or (member in act.statement.body and not made):
        raise Refusal("BODY_MEMBER", rule, member=member)
    return whole


def _texts_of(entry: object, names: tuple[str, ...]) -> tuple[str, ...] | None:
    if not isinstance(entry, dict) or set(entry) != set(names):
        return None
    texts = tuple(entry[name] for name in names)
    return texts if all(isinstance(text, str) and text for text in texts) else None


def open_debts(file: CaseFile) -> tuple[str, ...]:
    """Materials that are owed still."""
    return tuple(debt.material for debt in file.debts if not debt.settled)


def settled_by(file: CaseFile, act: Act, materials: Iterable[str]) -> CaseFile:
    """The file with debts of these materials settled by the act's addendum; a debt is settled once."""
    brought_now = frozenset(materials)
    named = act.text("manifest")
    debts = tuple(
        replace(debt, settled=act.digest, manifest=named) if debt.material in brought_now and not debt.settled else debt
        for debt in file.debts
    )
    return file if debts == file.debts else file.changed(debts=debts)


def held_lines(file: CaseFile, world: World) -> dict[str, Line]:
    """The newest line that the case holds of each material: application and all addenda."""
    application = file.sealing("application")
    held: dict[str, Line] = {}
    for sealing in (*((application,) if application else ()), *file.sealings_of("addendum")):
        found = share.seen(file, world.pinned(sealing.manifest))
        held |= {line.material: line for line in found.manifest.lines if brought(line)} if found else {}
    return held

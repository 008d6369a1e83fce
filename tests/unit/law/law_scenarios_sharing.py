"""Spoilt acts that rest on data of other bodies: what is wrong with a verified line, with a query."""

from dataclasses import replace
from typing import Any

from tests.unit.law.law_people import DEPARTMENT, OTHER_DEPARTMENT, WINDOW, Step
from tests.unit.law.law_scenarios import Scenario, Spoil, says
from tests.unit.law.law_sharing import checked_online, share, sharing, verified, with_verified
from tests.unit.law.law_steps_materials import OWED
from tests.unit.law.law_world import Bench

GUARD = "verifications_founded"


def spoilt(material: str, **changes: str) -> Spoil:
    """One thing wrong in what is said of the line."""
    return lambda bench, step: with_verified(bench, step, material, **changes)


def unsaid(material: str) -> Spoil:
    """The line was checked online and nothing is said of it."""
    return lambda bench, step: with_verified(bench, step, material).saying(verified=None)


def needless(bench: Bench, step: Step) -> Step:
    """Said of a line that was scanned."""
    share(bench)
    return step.saying(verified=[verified("M03")])


def empty(material: str) -> Spoil:
    """No answer lies in the line."""

    def spoil(bench: Bench, step: Step) -> Step:
        made = with_verified(bench, step, material)
        found = bench.objects[str(made.body["manifest"])].manifest
        lines = tuple(replace(line, pages=()) if line.material == material else line for line in found.lines)
        return made.saying(manifest=bench.store(replace(found, lines=lines)))

    return spoil


def granted(material: str, **changes: Any) -> Spoil:
    """The authorisation says something else."""

    def spoil(bench: Bench, step: Step) -> Step:
        made = with_verified(bench, step, material)
        bench.register.sharings["S-W"] = replace(sharing("S-W", WINDOW, "INTAKE"), **changes)
        return made

    return spoil


def without_sharing(material: str) -> Spoil:
    """It was withdrawn, or is disputed."""

    def spoil(bench: Bench, step: Step) -> Step:
        made = with_verified(bench, step, material)
        bench.register.sharings.clear()
        return made

    return spoil


def fetched(bench: Bench, step: Step) -> Step:
    """A licence was fetched under an authorisation that lets ask only."""
    share(bench)
    found = bench.objects[str(step.body["manifest"])].manifest
    sealed = bench.store(checked_online(found, "M03", "FROM_LICENCE"))
    return step.saying(manifest=sealed, verified=[verified("M03")])


def verification(row: str, material: str) -> list[Scenario]:
    """What may be wrong with a verified line."""
    return [
        Scenario(row, GUARD, "VERIFICATION_MISSING", unsaid(material)),
        Scenario(row, GUARD, "VERIFICATION_MISSING", needless),
        Scenario(row, GUARD, "VERIFICATION_MISSING", empty(material)),
        Scenario(row, GUARD, "BODY_MEMBER", spoilt(material, reference="REF-1")),
        Scenario(row, GUARD, "BODY_MEMBER", says(verified=[])),
        Scenario(row, GUARD, "SHARING_MISSING", spoilt(material, grant="S-D")),
        Scenario(row, GUARD, "SHARING_MISSING", spoilt(material, kind="TAX")),
        Scenario(row, GUARD, "SHARING_MISSING", without_sharing(material)),
        Scenario(row, GUARD, "SHARING_MISSING", granted(material, items=frozenset({"other"}))),
        Scenario(row, GUARD, "SHARING_MISSING", granted(material, valid_to="2026-01-31")),
        Scenario(row, GUARD, "SHARING_MISSING", granted(material, consumer=DEPARTMENT)),
        Scenario(row, GUARD, "SHARING_MISSING", granted(material, flow="FETCH")),
    ]


def ended(bench: Bench, step: Step) -> Step:
    """The authorisation is gone."""
    bench.register.sharings.clear()
    return step


def by_stranger(bench: Bench, step: Step) -> Step:
    """Somebody of another node is named."""
    name = f"{OTHER_DEPARTMENT}/person/REVIEWER"
    bench.register.records[name] = replace(bench.register.current(OTHER_DEPARTMENT), subject=name)
    return step.saying(asked_by=name)


SHARING = [
    *verification("T05", "M02"),
    *verification("T05R", "M02"),
    *verification("T17", "M02"),
    *verification("K7S", OWED),
    Scenario("T05", GUARD, "SHARING_MISSING", fetched),
    Scenario("H05", "query_said", "REASON_UNKNOWN", says(result="MAYBE")),
    Scenario("H05", "query_said", "REASON_UNKNOWN", says(kind="WEATHER"), killer=False),
    Scenario("H05", "query_said", "REASON_UNKNOWN", says(purpose="CURIOSITY"), killer=False),
    Scenario("H05", "query_said", "BODY_MEMBER", says(reference="REF-1")),
    Scenario("H05", "query_said", "BODY_MEMBER", says(asked_by=None)),
    Scenario("H05", "query_said", "BODY_MEMBER", by_stranger),
    Scenario("H05", "query_said", "MATERIAL_NOT_LISTED", says(material="Zhang San")),
    Scenario("H05", "query_granted", "SHARING_MISSING", says(grant="S-W")),
    Scenario("H05", "query_granted", "SHARING_MISSING", ended),
]

"""A parent in the figures: one matter under its theme; its parts are the cases of windows, departments (J10, B19)."""

from dataclasses import replace

import pytest

from hub.casework.casefile import CaseFile
from hub.casework.figures.following import Following
from hub.casework.figures.report import Dimension, Report, report
from hub.casework.figures.tally import Period
from hub.casework.figures.values import CaseFigures, Fact
from hub.casework.table import LAW
from hub.casework.visits import visits
from tests.unit.law.law_family import NODES, Family
from tests.unit.law.law_people import CALENDAR, CASE, DEPARTMENT, OTHER_DEPARTMENT, WINDOW, Step, manifest
from tests.unit.law.law_steps_parents import CASES, PARENT, PLACES, at_window, merged
from tests.unit.law.test_law_parents_compare import closed

proves = pytest.mark.requirement
YEAR = Period("2026-01-01", "2026-12-31", "2026-12-31T23:59:59.999+08:00")
LACKING = "M02"


def counted(family: Family, name: str = "") -> CaseFigures:
    """What one of the family adds to the figures, from its own acts alone."""
    following, member = Following(CALENDAR), family[name]
    file: CaseFile | None = None
    for leaf, act, world in zip(member.leaves(), member.acts, member.worlds, strict=True):
        file = LAW.apply(file, act, replace(world, kin=None))
        following.see(leaf, file)
    found = following.figures()
    assert found is not None and found.case != CASE
    return found


def told(family: Family) -> Report:
    """The report over the whole family."""
    return report([counted(family, name) for name in family.members], YEAR, CALENDAR)


@proves("J10", "B19")
def test_a_parent_is_one_matter_and_its_parts_are_the_cases() -> None:
    family = closed()
    made, whole = told(family), counted(family)
    total = made.groups[Dimension.ALL, ""]
    assert total.cases == len(PLACES), "the parent is counted in no group of cases"
    for fact in (Fact.COLLECTED, Fact.ACCEPTED, Fact.DECIDED, Fact.GRANTED, Fact.ISSUED, Fact.PROVEN):
        assert total.volume[fact] == len(PLACES), fact
    themes = dict(made.tallies(Dimension.THEME))
    assert set(themes) == {whole.theme, f"{whole.theme} {whole.collected_at[:7]}"}
    matter = themes[whole.theme]
    assert matter.cases == 1
    assert {fact: matter.volume[fact] for fact in (Fact.COLLECTED, Fact.ACCEPTED, Fact.DECIDED, Fact.PROVEN)} == {
        Fact.COLLECTED: 1, Fact.ACCEPTED: 1, Fact.DECIDED: 1, Fact.PROVEN: 1
    }  # fmt: skip


@proves("J05", "J10")
def test_windows_and_departments_have_the_parts_that_lay_with_them() -> None:
    made = told(closed())
    assert made.groups[Dimension.WINDOW, WINDOW].volume[Fact.COLLECTED] == len(PLACES)
    for node in (DEPARTMENT, OTHER_DEPARTMENT):
        mine = [part for part in PLACES if NODES[part] == node]
        tally = made.groups[Dimension.DEPARTMENT, node]
        assert (tally.cases, tally.volume[Fact.GRANTED]) == (len(mine), len(mine))
    items = {key: tally.cases for key, tally in made.tallies(Dimension.ITEM)}
    assert sum(items.values()) == len(PLACES) and set(items) == {task for task, _ in PLACES.values()}


@proves("J10")
def test_limits_of_the_whole_are_told_of_the_whole_alone() -> None:
    """P4: the joint promise runs on the parent; a part within its own promise says nothing of it."""
    family = closed()
    made, whole = told(family), counted(family)
    matter = dict(made.tallies(Dimension.THEME))[whole.theme]
    parts = [counted(family, part) for part in PLACES]
    for clock in ("K3", "K4", "K8"):
        assert matter.within[clock] + matter.over[clock] == 1
        assert made.groups[Dimension.ALL, ""].within[clock] == sum(
            run.clock == clock for one in parts for run in one.runs
        )


@proves("B19", "I06")
def test_one_seal_is_one_visit_and_one_supplement_is_one_more_however_many_parts_asked() -> None:
    family = Family()
    assert (family.file().case, visits(family.file())) == (PARENT, 1)
    family.delivered().answer("A", (LACKING, "EXPIRED")).answer("B")
    family.do("", merged(family[""]))
    assert visits(family.file()) == 1, "told is not brought"
    added = manifest("addendum", case=CASES["A"], task_code=PLACES["A"][0], materials=(LACKING,))
    body = {"materials": [LACKING], "applicant_signed": True, "manifest": family["A"].store(added)}
    family.do("A", Step("supplement_part", WINDOW, "COLLECTOR", body))
    lines = tuple(line.line for line in added.lines)
    family.do("A", family["A"].wrap(DEPARTMENT, lines, sealing=str(body["manifest"])))
    assert (family.state(), visits(family.file()), visits(family.file("A"))) == ("P_DISPATCHED", 2, 2)
    assert visits(family.file("B")) == 1


@proves("B19")
def test_who_withdraws_after_the_notice_did_not_come_again_to_bring_anything() -> None:
    family = Family().delivered().answer("A", (LACKING, "EXPIRED")).answer("B")
    family.do("", merged(family[""]))
    family.do("", at_window("withdraw_parent"))
    assert visits(family.file()) == 1 and counted(family).state.value == "P_WITHDRAWN"

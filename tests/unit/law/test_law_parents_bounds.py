"""Parents at the edges: a part that never comes to be, a body that is no body, too many parts (states.md 8)."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from hub.casework.parents import plan
from hub.services import held
from hub.services.intake import Ready
from tests.unit.law.law_family import Family, refused
from tests.unit.law.law_online import PORTAL, by_portal, list_portal
from tests.unit.law.law_people import OTHER_DEPARTMENT, PREFIX, THIRD_DEPARTMENT, Step, record
from tests.unit.law.law_steps_parents import (
    PARENT,
    PLACES,
    SECOND,
    at_window,
    family_manifest,
    seal_child,
    seal_parent,
    themed,
)
from tests.unit.law.law_world import Bench


class Torn(Family):
    """A family of which one part was never sealed."""

    def do(self, name: str, step: Step) -> Any:
        """Nothing is ever said about part B."""
        return self.members[name].file if name == "B" else super().do(name, step)


class Adviserless(Family):
    """A family whose adviser leaves the registry as soon as the window has sealed."""

    def do(self, name: str, step: Step) -> Any:
        """The first act is the seal."""
        done = super().do(name, step)
        if not hasattr(self, "gone"):
            self.gone = self.register.records.pop(THIRD_DEPARTMENT)
        return done


@pytest.mark.requirement("B06", "row P1", "row P10")
def test_p1_no_part_runs_ahead_of_a_whole_that_never_comes_about() -> None:
    family = Torn()
    assert (family.state(), family.state("A"), family.state("D")) == ("P_COLLECTED", "COLLECTED", "COLLECTED")
    assert "K1" not in family.file("A").clocks and "K1" in family.file().clocks
    family.wait(3)
    assert family.state("A") == "COLLECTED"
    family.do("", at_window("withdraw_parent"))
    assert (family.state(), family.state("A"), family.state("D")) == ("P_WITHDRAWN", "WITHDRAWN", "WITHDRAWN")
    late = seal_child(family["B"], "B")
    assert refused(lambda: Family.do(family, "B", late)) == "STATE_FORBIDS"


@pytest.mark.requirement("row P1")
def test_p1_with_the_last_part_all_that_wait_for_nothing_are_let_go() -> None:
    family = Family()
    assert [family.file(part).state.value for part in PLACES] == ["FORWARDED", "FORWARDED", "COLLECTED"]
    assert ["K1" in family.file(part).clocks for part in PLACES] == [True, True, False]
    told = [[act.statement.type for act in family[part].acts] for part in PLACES]
    assert [names.count("release") for names in told] == [1, 1, 0]


@pytest.mark.parametrize("mode", [[], {}, None, 1, "PIGEON"])
def test_a_bond_whose_mode_is_no_mode_is_refused(mode: object) -> None:
    body = dict(seal_child(Family()["A"]).body)
    body["bond"] = {**body["bond"], "mode": mode}
    assert refused(lambda: plan.bond_in(body)) == "BODY_MEMBER"


@pytest.mark.parametrize("parent, asked", [(PARENT, {PARENT}), ("\0" * 32, set()), (f"{PARENT}\n", set()), ([], set())])
def test_only_ids_of_cases_are_asked_for_as_parents(parent: object, asked: set[str]) -> None:
    """One statement must never break the batch of all the others (a NUL is no text to the database)."""
    item = SimpleNamespace(statement=SimpleNamespace(type="seal", body={"parent": parent}))
    assert held._named_kin([cast(Ready, item)]) == asked


def test_a_parent_has_two_dozen_parts_at_most() -> None:
    one = seal_parent(Family()[""]).body["parts"][0]
    many = [one | {"part": f"P{n}", "case": f"{n:032x}"} for n in range(plan.PARTS_MOST + 1)]
    assert len(plan.told_parts({"parts": many[:-1]})) == plan.PARTS_MOST
    assert refused(lambda: plan.told_parts({"parts": many})) == "PARENT_PARTS"


@pytest.mark.requirement("B04", "row P2", "row P3")
@pytest.mark.parametrize("answered", [False, True])
def test_p2_where_the_first_part_is_enough_the_others_still_tell_what_they_lack(answered: bool) -> None:
    family = Family(accept_together=False).delivered()
    if answered:
        family.answer("B", ("M01", "EXPIRED"))
    family.walk("A", "T14")
    assert family.state() == "P_IN_PROGRESS"
    lines = [{"material": "M01", "defect": "EXPIRED"}]
    family.do("B", replace(family["B"].step("T16"), node=OTHER_DEPARTMENT).saying(lines=lines))
    assert family.state("B") == "SUPPLEMENT"
    assert family["B"].alone() == family.file("B")


@pytest.mark.requirement("I01", "row P8")
def test_p8_no_part_chooses_a_delivery_of_its_own() -> None:
    family = Family()
    step = family["A"].step("D1")
    assert refused(lambda: family.do("A", step)) == "EXIT_ONE"
    assert Family(partial=True).do("A", step).delivery == step.body["delivery"]


def at_portal(change: Callable[[dict[str, Any]], None] | None = None, **more: Any) -> Bench:
    """A parent that comes in through a portal, where no original is seen."""
    bench = Bench()
    themed(bench)
    bench.register.records[PORTAL] = replace(record(PORTAL, roles={"portal"}), public_prefix=PREFIX)
    tasks = sorted(task for task, _ in PLACES.values())

    def listed(document: dict[str, Any]) -> None:
        list_portal(document)
        for window in document["windows"]:
            if window["kind"] == "PORTAL":
                window["may_collect"] = tasks
        for item in document["items"]:
            if item["task_code"] in tasks:
                item["modes"] = sorted({*item["modes"], "ONLINE"})
        if change is not None:
            change(document)

    themed(bench, listed, windows=["chongqing-jiangjin-hall", "jiangxi-portal"])
    made = family_manifest(bench)
    lines = tuple(replace(line, original="NOT_NEEDED", trust="C") for line in made.lines)
    step = seal_parent(bench, manifest=bench.store(replace(made, lines=lines)))
    parts = [one | {"mode": "ONLINE"} for one in step.body["parts"]]
    bench.do(by_portal(step, order="0" * 64, parts=parts, **({"partial_delivery": True} | more)))
    return bench


def in_person(document: dict[str, Any]) -> None:
    """The law wants the applicant of the second item in person."""
    for item in document["items"]:
        if item["task_code"] == SECOND:
            item |= {"in_person_required": True, "modes": [mode for mode in item["modes"] if mode != "ONLINE"]}


@pytest.mark.requirement("A01", "A02", "row P1")
def test_p1_a_parent_that_came_online_is_known_as_such() -> None:
    assert at_portal().case.mode == "ONLINE"
    assert refused(lambda: at_portal(delivery="COUNTER_COLLECT")) == "DELIVERY_NO_COUNTER"
    assert refused(lambda: at_portal(in_person)) == "IN_PERSON_REQUIRED"


@pytest.mark.requirement("B22", "row P13", "row P13N")
@pytest.mark.parametrize("returns", [False, True])
def test_p13_an_opinion_with_nobody_to_ask_blocks_nothing_beyond_its_days(returns: bool) -> None:
    """The adviser's department left the registry before its turn came; it is asked as soon as it is back."""
    family = Adviserless()
    adviser = family.gone
    family.wait(1)
    assert family.file().parts[-1].outcome == ""
    if returns:
        family.register.records[THIRD_DEPARTMENT] = adviser
        family.delivered("A")
    family.wait(9)
    asked = family.file().parts[-1]
    assert (asked.state, asked.outcome) == ("ANSWERED", "NONE")
    events = [act.statement.type for act in family[""].acts]
    assert (events.count("consult_part"), events.count("part_unasked")) == ((1, 0) if returns else (0, 1))
    for member in family.members.values():
        assert member.alone() == member.case

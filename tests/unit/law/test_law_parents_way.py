"""The way of a joint matter: one notice, acceptance, clocks, reuse, failure, withdrawal (states.md 8)."""

from dataclasses import replace
from typing import Any

import pytest

from hub.casework.casefile import CaseFile
from hub.casework.parents.values import Bond, Bundle
from hub.casework.states import State
from hub.casework.supervision import due
from tests.unit.law.law_family import NODES, Family, refused, running
from tests.unit.law.law_people import COORDINATOR, DEPARTMENT, OTHER_DEPARTMENT, WINDOW, Step
from tests.unit.law.law_steps_parents import CASES, PLACES, at_window, merged
from tests.unit.law.law_world import Bench

EXPIRED = ("M02", "EXPIRED")


def bond(family: Family, part: str) -> Bond:
    """What makes the part a child."""
    found = family.file(part).bond
    assert found is not None
    return found


def bundle(family: Family) -> Bundle:
    """What holds the parts together."""
    found = family.file().bundle
    assert found is not None
    return found


# --- P2, P12: one notice ----------------------------------------------------------------------------------------------


@pytest.mark.requirement("B04", "row P2")
def test_p2_the_lead_merges_what_the_parts_lack_into_one_notice() -> None:
    family = Family().delivered().answer("A", EXPIRED).answer("B", ("M03", "UNREADABLE"), ("M01", "NOT_SIGNED"))
    family.do("", merged(family[""]))
    assert family.state() == "P_SUPPLEMENT"
    assert [family.state(part) for part in "AB"] == ["SUPPLEMENT", "SUPPLEMENT"]
    assert {material for material, _ in family.file().notices[0].lines} == {"A-M02", "B-M01", "B-M03"}
    assert family.file("B").notices[0].materials == {"M01", "M03"}
    assert len(family.file().notices) == 1 and running(family.file(), "K6").due == running(family.file("A"), "K6").due
    assert refused(lambda: family.do("", merged(family[""]))) == "STATE_FORBIDS"


def supplement(family: Family, part: str) -> None:
    """T17, W1: all that was asked, and keys for it."""
    materials = sorted(family.file(part).notices[-1].materials)
    bench = family[part]
    made = bench.addendum(tuple(materials), case=CASES[part], task_code=PLACES[part][0])
    body = {"manifest": made, "materials": materials, "applicant_signed": True}
    family.do(part, Step("supplement_part", WINDOW, "COLLECTOR", body))
    family.do(part, bench.wrap(NODES[part], tuple(materials), sealing=made))


@pytest.mark.requirement("B04", "row P2")
def test_p2_the_supplement_is_over_when_every_part_has_what_it_asked_for() -> None:
    family = Family().delivered().answer("A", EXPIRED).answer("B", EXPIRED)
    family.do("", merged(family[""]))
    supplement(family, "A")
    assert (family.state("A"), family.state()) == ("PENDING_ACCEPT", "P_SUPPLEMENT")
    supplement(family, "B")
    assert (family.state("B"), family.state()) == ("PENDING_ACCEPT", "P_DISPATCHED")
    assert running(family.file(), "K6").stopped_at
    family.walk("A", "T14").walk("B", "T14")
    assert family.state() == "P_IN_PROGRESS"


@pytest.mark.requirement("B04", "row P2", "row T15")
def test_p2_a_silent_unit_is_deemed_to_find_it_complete() -> None:
    family = Family().delivered().answer("A", EXPIRED)
    assert refused(lambda: family.do("", merged(family[""]))) == "ANSWERS_OPEN"
    family.wait(4)  # 2026-03-06: the third working day is over
    family.do("", merged(family[""]))
    assert [family.state(part) for part in "AB"] == ["SUPPLEMENT", "PENDING_ACCEPT"]
    family.wait(4)
    assert family.state("B") == "UNDER_REVIEW" and family.file("B").deemed


@pytest.mark.requirement("B23", "row P12", "row P2")
def test_p12_the_coordinator_gives_the_notice_when_the_lead_lets_its_day_pass() -> None:
    family = Family().delivered().answer("A", EXPIRED).answer("B")

    def by_coordinator() -> CaseFile:
        return family.do("", replace(merged(family[""]), node=COORDINATOR, role="COORDINATOR"))

    assert refused(by_coordinator) == "MERGE_NOT_DUE"
    family.wait(5)  # 2026-03-07: four working days are over, K2 is not
    assert by_coordinator().state is State.P_SUPPLEMENT
    assert family.state("A") == "SUPPLEMENT"


@pytest.mark.requirement("B04", "row P2")
def test_p2_no_part_tells_the_applicant_by_itself_but_one_that_came_later() -> None:
    family = Family().delivered("A")
    assert refused(lambda: family.walk("A", "T16")) == "NOTICE_MERGED"
    family.answer("A", EXPIRED)
    assert refused(lambda: family.walk("A", "T16")) == "NOTICE_MERGED"
    assert refused(lambda: family.answer("A")) == "ANSWERED_ALREADY"
    family.wait(4)
    family.do("", merged(family[""]))
    assert (family.state("A"), family.state("B")) == ("SUPPLEMENT", "PENDING_ACCEPT")  # B by law, after a day (T10b)
    assert refused(lambda: family.answer("B")) == "ANSWER_LATE"
    lines = [{"material": "M01", "defect": "EXPIRED"}]
    family.do("B", replace(family["B"].step("T16"), node=OTHER_DEPARTMENT).saying(lines=lines))
    assert family.state("B") == "SUPPLEMENT"


@pytest.mark.requirement("B04", "row P2")
def test_p2_who_had_its_days_and_said_nothing_tells_the_applicant_nothing() -> None:
    family = Family().delivered().answer("A", EXPIRED).wait(4)
    family.do("", merged(family[""]))
    step = replace(family["B"].step("T16"), node=OTHER_DEPARTMENT)
    assert refused(lambda: family.do("B", step)) == "NOTICE_MERGED"


@pytest.mark.requirement("B04", "row P2")
def test_p2_a_part_that_waited_for_others_gives_its_own_notice() -> None:
    family = Family().delivered().walk("A", "T14").walk("B", "T14").decided("A").delivered("D")
    lines = [{"material": "M01", "defect": "EXPIRED"}]
    family.do("D", family["D"].step("T16").saying(lines=lines))
    assert family.state("D") == "SUPPLEMENT"


# --- P3, P4: acceptance and clocks ------------------------------------------------------------------------------------


@pytest.mark.requirement("row P3")
def test_p3_the_whole_is_accepted_with_the_last_entry_part() -> None:
    family = Family().delivered().walk("A", "T14").wait(2)
    assert family.state() == "P_DISPATCHED"
    family.walk("B", "T14")
    assert family.state() == "P_IN_PROGRESS"
    assert family.file().effective_at == family.file("B").effective_at > family.file("A").effective_at


@pytest.mark.requirement("row P3")
def test_p3_where_the_plan_says_so_the_first_accepted_part_counts() -> None:
    family = Family(accept_together=False).delivered().walk("A", "T14")
    assert (family.state(), family.file().effective_at) == ("P_IN_PROGRESS", family.file("A").effective_at)


@pytest.mark.requirement("row P4", "timeline 6")
def test_timeline_6_parent_accepted_on_2026_03_02_has_45_and_15_working_days() -> None:
    """states.md 11, 6."""
    bench = Bench().reach("P4")
    assert bench.case.effective_at.startswith("2026-03-02")
    assert running(bench.case, "K4").due == "2026-05-08T23:59:59.999+08:00"
    bench.do(bench.step("P4"))
    assert running(bench.case, "K4").due == "2026-05-28T23:59:59.999+08:00"
    assert running(bench.case, "K4").total == 60


@pytest.mark.requirement("row P4")
def test_p4_the_promise_is_the_plans_and_is_extended_with_the_statutory_limit() -> None:
    bench = Bench().reach("P4")
    assert (running(bench.case, "K3").limit, running(bench.case, "K4").limit) == (20, 45)
    bench.do(bench.step("P4"))
    assert running(bench.case, "K3").total == 35


def suspend(family: Family, part: str) -> None:
    """T26 at the part's department; the list lets the clock stop."""
    made = family.objects[family.file().sealings[0].manifest].manifest
    words = family[part].store(replace(made, kind="notice", case=CASES[part], task_code=PLACES[part][0]))
    body = {"kind": "SITE_VISIT", "until": "2026-03-20", "manifest": words}
    family.do(part, Step("start_special", NODES[part], "REVIEWER", body))


def stopping(document: dict[str, Any]) -> None:
    """The parts have a procedure that stops the clock."""
    special = {"kind": "SITE_VISIT", "stops_clock": True, "legal_basis": "测试依据"}
    for item in document["items"]:
        if item["task_code"] in {task for task, _ in PLACES.values()}:
            item |= {"case_type": "COMMITTED", "special_procedures": [special]}


@pytest.mark.requirement("row P4")
@pytest.mark.parametrize("part, pauses", [("A", True), ("B", False)])
def test_p4_a_pause_counts_for_the_whole_only_on_the_longest_path(part: str, pauses: bool) -> None:
    """A and D after it make the longest path; B is beside it."""
    family = Family(list_change=stopping).delivered().walk("A", "T14").walk("B", "T14")
    assert bundle(family).path == ("A", "D")
    before = running(family.file(), "K4").due
    family.wait(1)
    suspend(family, part)
    assert family.state(part) == "SUSPENDED"
    assert running(family.file(), "K4").paused is pauses and running(family.file(), "K3").paused is pauses
    family.wait(5)
    family.do(part, Step("end_special", NODES[part], "REVIEWER", {"result": "PASSED"}))
    after = running(family.file(), "K4")
    assert not after.paused and (after.due != before) is pauses
    assert len(after.pauses) == (1 if pauses else 0)


@pytest.mark.requirement("row P4")
def test_p4_a_part_that_stands_still_when_the_whole_is_accepted_pauses_it_from_then_on() -> None:
    family = Family(list_change=stopping).delivered().walk("A", "T14")
    suspend(family, "A")
    family.wait(1).walk("B", "T14")
    assert running(family.file(), "K4").paused
    family.wait(30)  # the day that was told has passed: time counts again (T27)
    assert not running(family.file(), "K4").paused
    assert running(family.file(), "K4").pauses[0].to_at == running(family.file("A"), "K4").pauses[0].to_at


# --- P5: reuse --------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("E01", "row P5", "invariant 15")
def test_p5_no_part_demands_what_the_parent_holds() -> None:
    family = Family().delivered()
    assert refused(lambda: family.answer("A", ("M02", "MISSING"))) == "ALREADY_HELD"
    assert refused(lambda: family.answer("B", ("M01", "MISSING"))) == "ALREADY_HELD"
    family.walk("A", "T14").walk("B", "T14").decided("A").delivered("D")
    lines = [{"material": "M01", "defect": "MISSING"}]
    assert refused(lambda: family.do("D", family["D"].step("T16").saying(lines=lines))) == "ALREADY_HELD"


# --- P6, P7, P9, P10: failure, end, withdrawal ----------------------------------------------------------------------


def refused_a() -> Family:
    """All or nothing: part A is refused while B is under review and D waits."""
    return Family().delivered().walk("A", "T14").walk("B", "T14").decided("A", "REFUSE")


@pytest.mark.requirement("row P6")
def test_p6_all_or_nothing_holds_the_others_and_asks_the_applicant() -> None:
    family = refused_a()
    assert [bond(family, part).held for part in "BD"] == [True, True]
    assert refused(lambda: family.decided("B")) == "PART_HELD"
    assert family.state("D") == "COLLECTED"
    family.do("", at_window("go_on_in_part"))
    assert not bond(family, "B").held
    assert family.state("D") == "TERMINATED"  # what it waited for will never be granted
    family.decided("B")
    assert family.state() == "P_CONCLUDED"


@pytest.mark.requirement("row P6")
def test_p6_who_says_nothing_for_five_working_days_goes_on() -> None:
    family = refused_a().wait(6)
    assert bond(family, "B").held
    family.wait(3)
    assert not bond(family, "B").held
    assert bundle(family).choice == "SILENT"
    assert refused(lambda: family.do("", at_window("go_on_in_part"))) == "NOT_ASKED"


@pytest.mark.requirement("row P6")
def test_p6_independent_parts_go_on() -> None:
    family = Family(failure_policy="INDEPENDENT").delivered().walk("A", "T14").walk("B", "T14").decided("A", "REFUSE")
    assert not bond(family, "B").held and not bundle(family).asked
    assert family.state("D") == "TERMINATED"
    assert family.decided("B").state() == "P_CONCLUDED"


@pytest.mark.requirement("row P6", "row P10")
def test_p6_the_applicant_withdraws_the_rest() -> None:
    family = refused_a()
    assert refused(lambda: family.do("", at_window("withdraw_parent"))) == "PART_DECIDED"
    family.do("", at_window("withdraw_undecided"))
    assert [family.state(part) for part in "ABD"] == ["DECIDED", "WITHDRAWN", "WITHDRAWN"]
    assert family.state() == "P_CONCLUDED"


@pytest.mark.requirement("row P7", "row P10")
def test_p10_the_whole_is_withdrawn_before_the_first_decision() -> None:
    family = Family().delivered().walk("A", "T14")
    family.do("", at_window("withdraw_parent"))
    assert family.state() == "P_WITHDRAWN"
    assert [family.state(part) for part in "ABD"] == ["WITHDRAWN"] * 3
    assert all(state.stopped_at for state in family.file().clocks.values())


@pytest.mark.requirement("row P7")
def test_p7_without_any_decision_the_whole_has_failed() -> None:
    family = Family(failure_policy="INDEPENDENT").delivered()
    for part in "AB":
        family.do(part, replace(family[part].step("T21"), node=NODES[part]))
    assert family.state("D") == "TERMINATED"
    assert family.state() == "P_FAILED"


@pytest.mark.requirement("row P9", "A24")
def test_p9_a_part_goes_to_another_department_and_the_parent_stays_as_it_is() -> None:
    family = Family().delivered().walk("B", "T22:third")
    assert (family.state("B"), family.state()) == ("REROUTING", "P_DISPATCHED")
    assert family.file("B").hops == (OTHER_DEPARTMENT,)
    assert family.file("A").hops == () and family.state("A") == "PENDING_ACCEPT"
    assert OTHER_DEPARTMENT not in family.file().parties()  # its part is over
    assert DEPARTMENT in family.file().parties()


@pytest.mark.requirement("B04", "row P2", "row T22", "row T24")
def test_p2_an_answer_goes_with_the_department_that_gave_it() -> None:
    family = Family().delivered().answer("A").answer("B", EXPIRED).walk("B", "T22:third")
    assert (bond(family, "B").answer, bond(family, "B").lacks) == ("", ())
    assert {(part.part, part.answer) for part in family.file().parts if part.case} == {
        ("A", "OK"),
        ("B", ""),
        ("D", ""),
    }
    assert refused(lambda: family.do("", merged(family[""]))) == "NOTICE_DIFFERS"
    family.do("B", replace(family["B"].step("T24"), node=family.file("B").coordinator))
    assert (family.state("B"), bond(family, "B").answer) == ("DRAFT", "")


@pytest.mark.requirement("B08", "row P8", "F05")
def test_p8_no_department_answers_for_a_result_that_waits_at_the_one_exit() -> None:
    family = Family().to_exit()
    world = family["A"].world()
    assert [one for one in due.coming(family.file("A"), world) if one.cause == "K8"] == []
    exits = [one for one in due.coming(family.file(), world) if one.cause == "K8"]
    assert exits and {one.subject for one in exits} == {WINDOW}


@pytest.mark.requirement("row P6", "F05")
def test_p6_no_department_is_late_on_a_day_on_which_its_part_was_held() -> None:
    family = refused_a()
    assert bond(family, "B").held and bond(family, "B").held_at
    held = replace(bond(family, "B"), held_at="2026-01-01T00:00:00.000+08:00")
    for made, late in (
        (replace(held, held=True), False),
        (replace(held, held=False, went_on_at="2027-01-01T00:00:00.000+08:00"), False),
        (replace(held, held=False, went_on_at="2026-01-02T00:00:00.000+08:00"), True),
    ):
        found = due.coming(family.file("B").changed(bond=made), family["B"].world())
        assert bool([one for one in found if one.rule in ("R1", "R2")]) is late

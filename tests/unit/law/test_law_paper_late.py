"""Originals of which somebody still speaks after they left their parcel, and the ends that no parcel may bar."""

from dataclasses import replace

import pytest

from crypto.refusal import Refusal
from hub.casework.originals import states
from hub.casework.states import State
from tests.unit.law.law_people import DEPARTMENT, WINDOW, Step
from tests.unit.law.law_steps_paper import DIGEST, ITEMS, check_in, delivery, pack, paper, told
from tests.unit.law.law_world import Bench


def _states(bench: Bench) -> set[tuple[str, str]]:
    return {(one.state, one.holder) for one in bench.case.originals}


def _refused(bench: Bench, step: Step) -> str:
    with pytest.raises(Refusal) as refused:
        bench.do(step)
    return refused.value.code


# --- a stale parcel moves nothing -----------------------------------------------------------------------------------


@pytest.mark.requirement("O14", "D11", "invariant 1", "invariant 11")
@pytest.mark.parametrize("status", ["COLLECTED", "RETURNED", "LOST"])
def test_what_was_handed_back_stays_with_the_applicant_whatever_the_carrier_says_of_its_old_parcel(status: str) -> None:
    bench = Bench().reach("D11").walk("T35", "D11", "O14")
    bench.do(told("B1", status))
    assert _states(bench) == {("RETURNED_TO_APPLICANT", "applicant")}


@pytest.mark.requirement("O6", "O14", "D11")
def test_a_stale_parcel_that_is_opened_after_all_takes_nothing_from_the_applicant() -> None:
    bench = Bench().reach("D11").walk("T35", "D11", "O14")
    bench.do(check_in(bench))
    assert _states(bench) == {("RETURNED_TO_APPLICANT", "applicant")}


@pytest.mark.requirement("E08", "O13", "D11", "invariant 11")
def test_what_was_fetched_or_filed_is_moved_by_no_late_scan() -> None:
    bench = Bench().reach("D11").walk("D11", "E08", "E08T")
    bench.do(told("B1", "RETURNED"))
    assert _states(bench) == {("CHECKED_IN", DEPARTMENT)}
    bench.walk("O13")
    bench.do(told("B1", "COLLECTED"))
    assert _states(bench) == {("IN_CUSTODY", DEPARTMENT)}


@pytest.mark.requirement("O10", "O14", "D11")
def test_a_stale_parcel_that_is_declared_lost_loses_nothing_that_was_taken_out() -> None:
    bench = Bench().reach("D11").walk("D11", "E08", "E08T")
    bench.do(told("B1", "LOST"))
    bench.do(bench.step("O10").saying(cause="CARRIER_CONFIRMED"))
    assert _states(bench) == {("CHECKED_IN", DEPARTMENT)} and not any(one.settled for one in bench.case.originals)


# --- no end while paper is held -------------------------------------------------------------------------------------


@pytest.mark.requirement("T06", "T07", "O14", "invariant 13")
@pytest.mark.parametrize(("row", "ends"), [("T06R", State.NOT_COLLECTED), ("T07R", State.ABANDONED)])
def test_a_draft_ends_only_when_its_originals_are_back(row: str, ends: State) -> None:
    bench = Bench().reach("T06R").walk("wants originals", "O2")
    assert _refused(bench, bench.step(row)) == "PAPERS_LEFT"
    bench.walk("O14")
    assert bench.do(bench.step(row)).state is ends


@pytest.mark.requirement("T06", "T24", "T35", "T37", "invariant 13")
def test_a_case_that_came_back_to_the_window_is_withdrawn_and_not_declined() -> None:
    bench = Bench().reach("O3").walk("T22", "T24")
    assert bench.case.state is State.DRAFT
    assert {_refused(bench, bench.step(row)) for row in ("T06R", "T07R")} == {"SEALED_ALREADY"}
    bench.walk("T35", "O14")
    maker = bench.case.accepting_node or WINDOW
    role = "ISSUER" if maker == DEPARTMENT else "COLLECTOR"
    bench.do(delivery("archive_package", maker, role, package=DIGEST))
    assert bench.settle().state is State.ARCHIVED


# --- damaged on the way to the applicant ----------------------------------------------------------------------------


@pytest.mark.requirement("O12", "O14", "T37", "invariant 13")
def test_what_was_destroyed_on_its_way_to_the_applicant_is_settled_and_the_case_ends() -> None:
    bench = Bench().reach("O14").walk("W1:gateway")
    bench.do(pack(bench, kind="RETURN", receiver=None))
    bench.do(told("B1", "DAMAGED"))
    assert bench.case.coordinator
    for item in ITEMS:
        assert states.open_parcels(bench.case) == ["B1"]
        bench.do(bench.step("O12").saying(item=item))
    assert {one.state for one in bench.case.originals} == {"LOST"}
    bench.do(told("B1", "DAMAGED"))  # told twice
    assert states.open_parcels(bench.case) == [] == states.open_items(bench.case.originals)
    bench.do(delivery("archive_package", DEPARTMENT, "ISSUER", package=DIGEST))
    assert bench.settle().state is State.ARCHIVED


@pytest.mark.requirement("O12")
def test_a_parcel_to_a_node_is_opened_before_its_damage_is_settled() -> None:
    bench = Bench().reach("O6")
    bench.do(told("B1", "DAMAGED"))
    assert _refused(bench, bench.step("O12")) == "NOTHING_TO_SETTLE"


@pytest.mark.requirement("row D10", "T37")
def test_a_void_parcel_keeps_no_case_open() -> None:
    bench = Bench().reach("D2")
    leg = replace(Bench().reach("D5E").case.parcels[0], status="IN_TRANSIT", void=True)
    bench.file = replace(bench.case, parcels=(leg,))
    assert states.open_parcels(bench.case) == []


# --- by hand as by post ---------------------------------------------------------------------------------------------


@pytest.mark.requirement("A06", "E08", "T35")
def test_the_department_fetches_nothing_that_the_case_does_not_need() -> None:
    bench = Bench().reach("E08T").walk("T35")
    assert _refused(bench, bench.step("E08T")) == "ORIGINAL_NOT_NEEDED"
    assert _refused(bench, bench.step("E08").saying(handoff="H2")) == "ORIGINAL_NOT_NEEDED"
    bench.walk("O14")
    assert _states(bench) == {("RETURNED_TO_APPLICANT", "applicant")}


@pytest.mark.requirement("E08", "O14")
def test_the_window_fetches_back_what_the_department_has_of_a_case_that_ended() -> None:
    bench = Bench().reach("O13").walk("O13", "T21")
    offer = paper("pick_up_offer", DEPARTMENT, "ISSUER", handoff="H1", receiver=WINDOW, items=list(ITEMS), pages=5)
    bench.do(offer)
    made = bench.case.pickups[-1].offer
    bench.do(paper("pick_up", WINDOW, "COLLECTOR", handoff="H1", offer=made, count=2, pages=5))
    assert _states(bench) == {("HELD", WINDOW)}

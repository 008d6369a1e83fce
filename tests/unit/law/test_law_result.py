"""The result on its way to the applicant: what proves delivery, closes and archives a case (states.md 6; T34, T37)."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from crypto.canonical import CHINA, time_text
from crypto.refusal import Refusal
from hub.casework.delivery.values import PARCEL_STATUSES, ParcelLeg
from hub.casework.states import State
from node_agent.gateway.carrier_codes import ParcelStatus
from tests.unit.law.law_people import DEPARTMENT, GATEWAY, WINDOW, Step
from tests.unit.law.law_steps_paper import paper, told
from tests.unit.law.law_world import Bench, stated


def _refused(bench: Bench, step: Step) -> str:
    with pytest.raises(Refusal) as refused:
        bench.do(step)
    return refused.value.code


@pytest.mark.requirement("E09", "D2", "I07")
@pytest.mark.parametrize("by_hand", [True, False])
def test_the_result_travels_to_the_window_and_lies_at_its_counter_after_check_in(by_hand: bool) -> None:
    bench = Bench().reach("D2C").walk("D1:window")
    if by_hand:
        step = paper("pick_up_offer", DEPARTMENT, "ISSUER", handoff="H1", receiver=WINDOW, items=["RESULT"], pages=1)
        bench.do(step)
        offer = bench.case.pickups[-1].offer
        bench.do(paper("pick_up", WINDOW, "COLLECTOR", handoff="H1", offer=offer, count=1, pages=1))
    else:
        bench.do(bench.step("D4").saying(kind="RESULT_TO_WINDOW"))
        assert _refused(bench, replace(bench.step("D2"), node=WINDOW, role="COLLECTOR")) == "RESULT_NOT_READY"
        lines = [{"item": "RESULT", "finding": "OK"}]
        bench.do(paper("check_in", WINDOW, "COLLECTOR", parcel="P1", seal_intact=True, lines=lines))
    assert bench.case.result is not None and bench.case.result.holder == WINDOW
    bench.do(replace(bench.step("D2"), node=WINDOW, role="COLLECTOR"))
    assert bench.settle().state is State.CLOSED


# --- the result -------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("D2", "T34", "I07")
def test_handed_over_at_the_counter_closes_the_case_with_the_highest_proof() -> None:
    bench = Bench().reach("D2")
    bench.do(bench.step("D2"))
    event = bench.due()
    assert event is not None
    assert event.body == {"proof_level": 4, "evidence": bench.acts[-1].digest}
    case = bench.do(stated(event))
    assert case.state is State.CLOSED and case.clocks["K8"].stopped_at


@pytest.mark.requirement("T34", "K8", "invariant 13")
def test_an_original_on_its_way_keeps_the_case_open_but_not_k8_running() -> None:
    bench = Bench().reach("D2").walk("wants originals", "O2", "O3")
    bench.do(bench.step("D2"))
    assert bench.case.clocks["K8"].stopped_at and bench.due() is None
    bench.walk("O6")
    assert bench.settle().state is State.CLOSED


@pytest.mark.requirement("D3", "I06")
def test_opened_by_the_applicant_counts_up_to_level_three() -> None:
    bench = Bench()
    bench.change_item(lambda item: item.update(required_proof_level=3))
    bench.reach("D3")
    served = Bench().reach("D3").do(replace(bench.step("D3"), node=DEPARTMENT, role="department"))
    assert served.result is not None and served.result.state == "E_DELIVERED"
    bench.do(bench.step("D3"))
    assert bench.settle().state is State.CLOSED


@pytest.mark.requirement("D3", "I01", "T34")
def test_no_way_is_chosen_that_can_never_prove_delivery() -> None:
    bench = Bench()
    bench.change_item(lambda item: item.update(required_proof_level=4))
    assert _refused(bench, bench.step("T05").saying(delivery="ELECTRONIC")) == "DELIVERY_PROOF_LOW"
    bench.reach("D1")
    assert _refused(bench, bench.step("D1:electronic")) == "DELIVERY_PROOF_LOW"
    assert bench.do(bench.step("D1")).delivery == "COUNTER_DEPT"


@pytest.mark.requirement("D11", "D3", "D10", "T34")
def test_a_result_that_was_taken_back_is_opened_by_nobody_until_it_is_made_anew() -> None:
    bench = Bench().reach("D3").walk("D11R")
    assert _refused(bench, bench.step("D3")) == "RESULT_NOT_READY"
    bench.walk("D10")
    newest = bench.case.sealing("result")
    assert newest is not None
    bench.do(bench.step("D3").saying(manifest=newest.manifest))
    assert bench.settle().state is State.CLOSED


@pytest.mark.requirement("D11", "D10", "T34")
def test_a_recalled_parcel_proves_nothing_even_when_it_is_delivered() -> None:
    bench = Bench().reach("D5E").walk("D4W")
    bench.do(told("P1", "IN_TRANSIT"))
    bench.do(replace(bench.step("D11"), node=DEPARTMENT, role="ISSUER").saying(parcel="P1", reason="WRONG_CONTENT"))
    bench.do(told("P1", "DELIVERED", 4))
    assert bench.due() is None and bench.case.clocks["K8"].stopped_at is None
    bench.do(bench.step("D10"))
    bench.do(bench.step("D4").saying(parcel="P2"))
    bench.do(told("P2", "DELIVERED", 2))
    assert bench.settle().state is State.CLOSED


@pytest.mark.requirement("D10", "E09")
def test_a_void_result_that_turns_up_is_not_laid_out() -> None:
    bench = Bench().reach("D2C").walk("D1:window")
    bench.do(bench.step("D4").saying(kind="RESULT_TO_WINDOW"))
    bench.do(replace(bench.step("D11"), node=DEPARTMENT, role="ISSUER").saying(parcel="P1", reason="WRONG_CONTENT"))
    bench.walk("D10")
    lines = [{"item": "RESULT", "finding": "OK"}]
    bench.do(paper("check_in", WINDOW, "COLLECTOR", parcel="P1", seal_intact=True, lines=lines))
    assert bench.case.result is None and bench.case.parcels[0].checked_in
    assert _refused(bench, replace(bench.step("D2"), node=WINDOW, role="COLLECTOR")) == "RESULT_NOT_READY"


@pytest.mark.requirement("D11", "E09")
def test_a_recalled_result_that_comes_to_the_window_all_the_same_is_not_laid_out() -> None:
    bench = Bench().reach("D2C").walk("D1:window")
    bench.do(bench.step("D4").saying(kind="RESULT_TO_WINDOW"))
    bench.do(told("P1", "IN_TRANSIT"))
    bench.do(replace(bench.step("D11"), node=DEPARTMENT, role="ISSUER").saying(parcel="P1", reason="WRONG_CONTENT"))
    lines = [{"item": "RESULT", "finding": "OK"}]
    bench.do(paper("check_in", WINDOW, "COLLECTOR", parcel="P1", seal_intact=True, lines=lines))
    assert _refused(bench, replace(bench.step("D2"), node=WINDOW, role="COLLECTOR")) == "RESULT_NOT_READY"
    bench.do(bench.step("D10"))
    assert bench.case.result is None


@pytest.mark.requirement("T32", "D11")
def test_a_correction_waits_for_the_result_and_not_for_the_applicants_originals() -> None:
    bench = Bench().reach("T32R").walk("W1:gateway", "D4")
    assert _refused(bench, bench.step("T32R")) == "RESULT_UNDER_WAY"
    bench.do(replace(bench.step("D11"), node=DEPARTMENT, role="ISSUER").saying(parcel="P1", reason="WRONG_CONTENT"))
    originals = ParcelLeg("B1", GATEWAY, kind="ORIGINALS", status="IN_TRANSIT", sender=WINDOW, receiver=DEPARTMENT)
    bench.file = replace(bench.case, parcels=(*bench.case.parcels, originals))
    assert len(bench.do(bench.step("T32R")).sealings_of("result")) == 2


@pytest.mark.requirement("D11", "postal.md 7")
def test_what_was_stopped_stays_stopped_until_a_carrier_has_it() -> None:
    bench = Bench().reach("D11").walk("D11")
    for status in ("WAYBILL_ISSUED", "CREATED", "UNKNOWN"):
        bench.do(told("B1", status))
        assert bench.case.parcels[0].status == "CANCELLED"
    bench.walk("D4W:B1")
    assert bench.case.parcels[0].status == "CANCELLED"
    bench.do(told("B1", "COLLECTED"))
    assert bench.case.parcels[0].status == "COLLECTED"


@pytest.mark.requirement("postal.md 7")
def test_the_law_and_the_gateway_know_the_same_statuses() -> None:
    assert {str(status) for status in ParcelStatus} == PARCEL_STATUSES


@pytest.mark.requirement("D6")
def test_unproven_delivery_is_asked_about_and_confirmed_or_denied() -> None:
    bench = Bench().reach("D7")
    event = bench.due()
    assert event is not None and event.body == {"parcel": "P1", "cause": "UNPROVEN"}
    bench.do(stated(event))
    assert bench.due() is None
    bench.do(bench.step("D6C"))
    assert bench.settle().state is State.CLOSED
    denied = Bench().reach("D6D").walk("D6D")
    assert denied.case.coordinator and denied.case.parcels[0].suspected_at
    denied.do(told("P1", "DELIVERED", 3))  # a picture that comes late does not overrule the applicant
    assert denied.case.state is State.DELIVERING and denied.due() is None


@pytest.mark.requirement("D7")
def test_two_failed_attempts_call_for_a_call_and_one_told_twice_is_one() -> None:
    bench = Bench().reach("D5E")
    for key in ("a", "a", "b"):
        assert bench.due() is None
        bench.do(told("P1", "ATTEMPT_FAILED", canonical="ATTEMPT_FAILED", key=key))
    event = bench.due()
    assert event is not None and event.body == {"parcel": "P1", "cause": "ATTEMPTS"}
    bench.settle()


@pytest.mark.requirement("D8")
def test_returned_goes_out_once_more_and_then_to_the_counter() -> None:
    bench = Bench().reach("D8")
    bench.do(bench.step("D8"))
    bench.do(bench.step("D4").saying(parcel="P2"))
    bench.do(told("P2", "RETURNED"))
    assert _refused(bench, bench.step("D4").saying(parcel="P3")) == "RESEND_SPENT"
    bench.do(bench.step("D2C"))
    bench.do(bench.step("D2"))
    assert bench.settle().state is State.CLOSED


@pytest.mark.requirement("D9")
def test_an_unclaimed_result_is_reminded_of_three_times_and_never_closed() -> None:
    bench = Bench().reach("D9")
    for _ in range(6):
        bench.settle()
        bench.now += timedelta(days=31)
    assert bench.case.state is State.DELIVERING
    assert bench.case.result is not None and bench.case.result.reminders == 3
    bench.do(bench.step("D2"))
    assert bench.settle().state is State.CLOSED


@pytest.mark.requirement("D10", "D11")
def test_a_lost_result_is_made_anew_and_the_old_one_is_void() -> None:
    bench = Bench().reach("D6D").walk("D6D", "a fortnight")
    assert _refused(bench, bench.step("D10")) == "RESULT_NOT_LOST"
    bench.do(bench.step("O10").saying(parcel="P1"))
    old = bench.result
    case = bench.do(bench.step("D10"))
    assert case.voided == (old,) and case.parcels[0].void and case.clocks["K8"].stopped_at is None
    bench.do(told("P1", "DELIVERED", 3))  # found after all, but void
    assert bench.due() is None or bench.due().event != "delivered_proven"  # type: ignore[union-attr]
    bench.do(bench.step("D4").saying(parcel="P2"))
    bench.do(told("P2", "DELIVERED", 2))
    assert bench.settle().state is State.CLOSED


@pytest.mark.requirement("I01", "D1")
@pytest.mark.parametrize("row", ["T14", "T31", "T33", "D4"])
def test_the_choice_of_delivery_is_open_until_the_result_is_packed(row: str) -> None:
    bench = Bench().reach(row)
    assert bench.do(bench.step("D1")).delivery == "COUNTER_DEPT"
    bench.do(bench.step("D1").saying(delivery="POST"))
    packed = Bench().reach("D4W")
    assert _refused(packed, packed.step("D1")) == "DELIVERY_PACKED"


# --- clocks and the archive -------------------------------------------------------------------------------------------


@pytest.mark.requirement("K8", "timeline 5")
@pytest.mark.parametrize("decided, due", [((4, 17), "2026-05-06"), ((4, 24), "2026-05-12")])
def test_timeline_5_k8_is_carded_the_moment_after_its_last_day(decided: tuple[int, int], due: str) -> None:
    bench = Bench(start=datetime(2026, 4, 15, 10, tzinfo=CHINA)).reach("T31")
    bench.now = datetime(2026, *decided, 10, tzinfo=CHINA)
    bench.walk("T31")
    end = datetime.fromisoformat(f"{due}T23:59:59.999+08:00")
    assert bench.case.clocks["K8"].due == time_text(end)
    bench.now = end - timedelta(hours=3)
    bench.settle()
    bench.now = end
    assert bench.due() is None
    bench.now = end + timedelta(milliseconds=1)
    bench.settle()
    assert [card.subject for card in bench.case.cards if card.kind == "Y8"] == [DEPARTMENT]


@pytest.mark.requirement("T37", "invariant 3", "invariant 13")
def test_archived_when_the_package_is_told_and_every_original_ended() -> None:
    bench = Bench().reach("T37P").walk("wants originals", "O2", "T37P")
    assert bench.due() is None
    bench.walk("O3", "O6")
    bench.do(bench.step("O13").saying(to="ARCHIVED"))
    assert bench.settle().state is State.ARCHIVED
    for name in ("O2", "T37P", "D5E"):
        assert _refused(bench, bench.step(name)) in {"STATE_FORBIDS"}


@pytest.mark.requirement("invariant 3", "H01", "H02")
def test_what_is_archived_is_still_read_and_each_reading_told() -> None:
    bench = Bench().reach("T37P").walk("T37P")
    archived = bench.settle()
    assert archived.state is State.ARCHIVED
    for name in ("H02", "H01"):
        bench.do(bench.step(name))
        assert bench.settle().state is State.ARCHIVED and bench.due() is None
    assert bench.case.case_seq == archived.case_seq + 2, "nothing follows from a reading"
    assert bench.case.changed(case_seq=0, recorded_at="") == archived.changed(case_seq=0, recorded_at="")

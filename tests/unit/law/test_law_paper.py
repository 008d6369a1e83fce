"""Originals and results on their way: who has which paper, what proves delivery, what closes and archives a case."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.canonical import CHINA, encode
from crypto.manifest import Manifest
from crypto.refusal import Refusal
from hub.casework.audience import audience
from hub.casework.casefile import from_document
from hub.casework.delivery.values import ParcelLeg
from hub.casework.originals import limits, states
from hub.casework.originals.values import ItemState
from hub.casework.states import State
from node_agent.gateway.tracking import ParcelStatus, SignerKind, TrackingEvent, status_of
from tests.unit.law.law_people import (
    COORDINATOR,
    DEPARTMENT,
    GATEWAY,
    OTHER_DEPARTMENT,
    WINDOW,
    Step,
    manifest,
)
from tests.unit.law.law_steps import PATHS
from tests.unit.law.law_steps_paper import DIGEST, ITEMS, check_in, delivery, pack, told
from tests.unit.law.law_world import Bench


def _state(bench: Bench, item: str = ITEMS[0]) -> tuple[str, str]:
    found = next(one for one in bench.case.originals if one.item == item)
    return found.state, found.holder


def _refused(bench: Bench, step: Step) -> str:
    with pytest.raises(Refusal) as refused:
        bench.do(step)
    return refused.value.code


def _held(bench: Bench, *materials: str) -> Manifest:
    made = manifest("application")
    lines = tuple(replace(line, original="HELD") if line.line in materials else line for line in made.lines)
    return replace(made, lines=lines)


# --- where items come from -----------------------------------------------------------------------------------------


@pytest.mark.requirement("O1", "O2", "A06")
def test_what_the_seal_says_was_kept_is_in_the_windows_custody_and_what_was_given_back_is_in_nobodys() -> None:
    bench = Bench()
    bench.walk("wants originals")
    bench.do(bench.step("T05").saying(manifest=bench.store(_held(bench, "M02", "M03"))))
    assert [(one.item, one.state, one.holder, one.policy) for one in bench.case.originals] == [
        ("M02", "HELD", WINDOW, "MAIL_FOR_ARCHIVE"),
        ("M03", "HELD", WINDOW, "CHECK_AND_RETURN"),
    ]
    assert from_document(bench.case.to_document()) == bench.case
    encode(bench.case.to_document())


@pytest.mark.requirement("O2")
def test_a_case_sealed_again_keeps_the_same_originals() -> None:
    bench = Bench().walk("wants originals", "T03", "T04")
    bench.do(bench.step("T05").saying(manifest=bench.store(_held(bench, "M02"))))
    first = bench.case.originals
    again = replace(_held(bench, "M02"), revision=2)
    bench.file = replace(bench.case, state=State.DRAFT)
    assert bench.do(bench.step("T05R").saying(manifest=bench.store(again))).originals == first


@pytest.mark.requirement("O2", "T17")
def test_originals_that_come_with_a_supplement_are_items_of_their_own() -> None:
    bench = Bench().reach("T17")
    step = bench.step("T17")
    made = bench.objects[str(step.body["manifest"])].manifest
    lines = tuple(replace(line, original="HELD") for line in made.lines)
    bench.do(step.saying(manifest=bench.store(replace(made, lines=lines))))
    assert {one.item for one in bench.case.originals} == {f"{line.line}.A1" for line in made.lines}


# --- on the way -------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("O3", "O4", "O5", "O6", "A17")
def test_originals_change_hands_with_the_carrier_and_with_the_receivers_signature() -> None:
    bench = Bench().reach("O3")
    seen = [_state(bench)]
    for name in ("O3", "D4W:B1", "D5E:B1 collected", "D5E:B1 delivered", "O6", "O13"):
        bench.walk(name)
        seen.append(_state(bench))
    assert seen == [
        ("HELD", WINDOW),
        ("PACKED", WINDOW),
        ("WAYBILLED", WINDOW),
        ("IN_CARRIER", "carrier:EMS"),
        ("ARRIVED", "carrier:EMS"),
        ("CHECKED_IN", DEPARTMENT),
        ("IN_CUSTODY", DEPARTMENT),
    ]
    leg = bench.case.parcels[0]
    assert (leg.kind, leg.sender, leg.receiver, leg.items) == ("ORIGINALS", WINDOW, DEPARTMENT, ITEMS)


@pytest.mark.requirement("O3", "O6")
def test_paper_moves_do_not_move_the_head_of_the_custody_chain() -> None:
    bench = Bench().reach("O6")
    accept = bench.act(bench.step("T14"))
    bench.walk("O6")
    assert bench.law.apply(bench.file, accept, bench.world()).state is State.UNDER_REVIEW


@pytest.mark.requirement("O6")
def test_who_opens_the_parcel_before_the_carrier_reports_it_has_it_and_late_scans_change_nothing() -> None:
    bench = Bench().reach("O6").walk("O6")
    for name in ("D5E:B1 delivered", "D5E:B1 collected", "D5E:B1 returned"):
        bench.walk(name)
        assert _state(bench) == ("CHECKED_IN", DEPARTMENT)


@pytest.mark.requirement("O7", "O12")
@pytest.mark.parametrize(
    ("found", "intact", "becomes"),
    [
        ("OK", True, ("CHECKED_IN", DEPARTMENT)),
        ("OK", False, ("DISCREPANCY", DEPARTMENT)),
        ("MISSING", True, ("DISCREPANCY", "carrier:EMS")),
        ("PAGES_DIFFER", True, ("DISCREPANCY", DEPARTMENT)),
        ("DAMAGED", False, ("DAMAGED", DEPARTMENT)),
    ],
)
def test_what_is_found_at_opening(found: str, intact: bool, becomes: tuple[str, str]) -> None:
    bench = Bench().reach("O6")
    bench.do(check_in(bench, found, "OK", seal_intact=intact))
    assert _state(bench) == becomes
    assert bool(bench.case.coordinator) is (becomes[0] != "CHECKED_IN")


@pytest.mark.requirement("O7")
@pytest.mark.parametrize(
    ("found", "answer", "becomes"),
    [
        ("PAGES_DIFFER", "AS_RECEIVED", ("CHECKED_IN", DEPARTMENT)),
        ("MISSING", "FOUND_HERE", ("HELD", WINDOW)),
        ("MISSING", "DISPUTED", ("LOST_SUSPECTED", "carrier:EMS")),
        ("PAGES_DIFFER", "DISPUTED", ("DISCREPANCY", DEPARTMENT)),
    ],
)
def test_a_discrepancy_needs_both_sides(found: str, answer: str, becomes: tuple[str, str]) -> None:
    bench = Bench().reach("O6")
    bench.do(check_in(bench, found, "OK"))
    assert states.unclear(bench.case.originals) == [ITEMS[0]]
    assert _refused(bench, bench.step("O12")) == "ANSWER_MISSING"
    bench.do(bench.step("O7").saying(answer=answer))
    assert _state(bench) == becomes
    if answer == "DISPUTED":
        bench.do(bench.step("O12"))
        assert _state(bench)[0] == ("LOST" if found == "MISSING" else "DISCREPANCY")
        assert states.unclear(bench.case.originals) == []


@pytest.mark.requirement("O8", "O9", "O10", "K10")
def test_a_parcel_that_is_missed_is_found_or_lost() -> None:
    bench = Bench().reach("O8")
    assert bench.do(bench.step("O8")).coordinator == COORDINATOR
    assert _state(bench) == ("LOST_SUSPECTED", "carrier:EMS")
    bench.walk("D5E:B1 collected")
    assert _state(bench) == ("IN_CARRIER", "carrier:EMS")
    assert limits.transit_clock(bench.case.parcels[0], bench.world()) is not None
    lost = Bench().reach("O10")
    lost.do(lost.step("O10"))
    assert _state(lost) == ("LOST", "carrier:EMS")
    assert states.open_items(lost.case.originals) == []
    lost.do(check_in(lost))  # found after all
    assert _state(lost) == ("CHECKED_IN", DEPARTMENT)


@pytest.mark.requirement("O10")
def test_the_carriers_word_needs_no_ten_days() -> None:
    bench = Bench().reach("O6")
    bench.do(told("B1", "LOST"))
    assert _state(bench)[0] == "LOST_SUSPECTED"
    assert _refused(bench, bench.step("O10")) == "LOSS_TOO_EARLY"
    bench.do(bench.step("O10").saying(cause="CARRIER_CONFIRMED"))
    assert _state(bench)[0] == "LOST"


@pytest.mark.requirement("O11")
def test_what_comes_back_is_packed_again() -> None:
    bench = Bench().reach("O6").walk("D5E:B1 returned")
    assert _state(bench) == ("BACK_AT_SENDER", WINDOW)
    bench.do(pack(bench, parcel="B2"))
    assert _state(bench) == ("PACKED", WINDOW)
    bench.walk("D5E:B1 collected")  # a late scan of the old parcel
    assert _state(bench) == ("PACKED", WINDOW)


@pytest.mark.requirement("K9", "Y4", "O3")
def test_k9_runs_from_the_packing_and_is_carded_once() -> None:
    bench = Bench(start=datetime(2026, 2, 12, 10, tzinfo=CHINA)).reach("O3")
    bench.walk("O3")
    leg = bench.case.parcels[0]
    state = limits.post_clock(leg, bench.world())
    assert state is not None and state.due == "2026-02-13T23:59:59.999+08:00"
    bench.now = datetime(2026, 2, 14, tzinfo=CHINA)
    bench.settle()
    assert [(card.kind, card.subject) for card in bench.case.cards if card.kind == "Y4"] == [("Y4", WINDOW)]


@pytest.mark.requirement("K10")
@pytest.mark.parametrize(("receiver", "days"), [(WINDOW.replace("jiangjin-hall", "scj"), 3), (DEPARTMENT, 7), ("", 7)])
def test_k10_is_three_days_within_a_city_and_seven_else(receiver: str, days: int) -> None:
    leg = ParcelLeg(
        "B1", GATEWAY, status="IN_TRANSIT", sender=WINDOW, receiver=receiver,
        in_carrier_at="2026-03-02T10:00:00.000+08:00",
    )  # fmt: skip
    state = limits.transit_clock(leg, Bench().world())
    assert state is not None and state.due == f"2026-03-{2 + days:02}T23:59:59.999+08:00"


# --- back to the applicant --------------------------------------------------------------------------------------------


@pytest.mark.requirement("O14", "T35", "states.md 9")
def test_withdrawn_while_originals_travel_is_withdrawn_at_once_and_the_archive_waits() -> None:
    bench = Bench().reach("O6").walk("T35")
    assert bench.case.state is State.WITHDRAWN
    bench.do(delivery("archive_package", DEPARTMENT, "ISSUER", package=DIGEST))
    bench.walk("D11")
    assert bench.due() is None and _state(bench)[0] == "IN_CARRIER"
    bench.walk("D5E:B1 returned", "O14")
    assert _state(bench) == ("RETURNED_TO_APPLICANT", "applicant")
    assert bench.settle().state is State.ARCHIVED


@pytest.mark.requirement("O14", "D6")
@pytest.mark.parametrize(("level", "state"), [(0, "RETURN_IN_CARRIER"), (1, "RETURNED_TO_APPLICANT")])
def test_originals_that_go_back_by_post_need_somebodys_signature(level: int, state: str) -> None:
    bench = Bench().reach("O14").walk("W1:gateway")
    bench.do(pack(bench, kind="RETURN", receiver=None))
    assert _state(bench) == ("RETURN_PACKED", WINDOW)
    bench.do(told("B1", "DELIVERED", level))
    assert _state(bench)[0] == state
    if not level:
        bench.settle()
        bench.do(delivery("confirmed_by_applicant", WINDOW, "COLLECTOR", parcel="B1", paper=DIGEST))
        assert _state(bench)[0] == "RETURNED_TO_APPLICANT"


@pytest.mark.requirement("O14", "E09")
def test_the_department_sends_originals_back_by_the_window() -> None:
    bench = Bench().reach("O13").walk("T21")
    bench.do(pack(bench, DEPARTMENT, parcel="B2", kind="RETURN", receiver=WINDOW))
    assert _state(bench) == ("RETURN_PACKED", DEPARTMENT)
    bench.do(check_in(bench, node=WINDOW, parcel="B2"))
    assert _state(bench) == ("HELD", WINDOW)
    bench.walk("O14")
    assert _state(bench) == ("RETURNED_TO_APPLICANT", "applicant")


@pytest.mark.requirement("T22", "O3", "F05")
def test_a_department_that_the_case_left_still_answers_for_the_originals_and_sends_them_on() -> None:
    bench = Bench().reach("O13").walk("T22", "W1:other", "T23", "T10")
    assert bench.case.accepting_node == OTHER_DEPARTMENT and DEPARTMENT not in bench.case.parties()
    before = bench.case
    bench.walk("T14")
    assert DEPARTMENT in audience(before, bench.case, "accept").nodes
    bench.do(pack(bench, DEPARTMENT, parcel="B2", receiver=OTHER_DEPARTMENT))
    bench.do(check_in(bench, node=OTHER_DEPARTMENT, parcel="B2"))
    assert _state(bench) == ("CHECKED_IN", OTHER_DEPARTMENT)
    assert DEPARTMENT not in bench.case.paper_nodes()


# --- by hand ----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("E08")
def test_paper_is_fetched_by_hand_and_the_sender_answers_until_the_receiver_signed() -> None:
    bench = Bench().reach("E08T")
    assert _state(bench) == ("HELD", WINDOW)
    bench.walk("E08T")
    assert _state(bench) == ("CHECKED_IN", DEPARTMENT)
    assert bench.case.pickups[0].taken == bench.acts[-1].digest


@pytest.mark.requirement("K2", "O6")
def test_k2_waits_for_the_originals_where_the_item_counts_from_them() -> None:
    def by_paper(item: dict[str, object]) -> None:
        item["receipt_basis"] = "ORIGINALS"
        item["materials"][1]["original_policy"] = "MAIL_FOR_ARCHIVE"  # type: ignore[index]

    bench = Bench()
    bench.change_item(by_paper)
    bench.walk("T05", "W1", "O2", "T08", "T10")
    assert "K2" not in bench.case.clocks
    bench.walk("O3", "D4W:B1", "D5E:B1 collected", "O6")
    assert bench.case.clocks["K2"].started_at == bench.case.recorded_at
    bench.walk("T22", "W1:other", "T23")  # the next department counts from its own check-in
    bench.walk("T10")
    assert bench.case.clocks["K2"].stopped_at
    bench.do(pack(bench, DEPARTMENT, parcel="B2"))
    bench.do(check_in(bench, parcel="B2"))
    assert bench.case.clocks["K2"].started_at == bench.case.recorded_at
    without = Bench()
    without.change_item(by_paper)
    assert "K2" in without.reach("T14").case.clocks


# --- any order --------------------------------------------------------------------------------------------------------

MOVES = (
    "COLLECTED",
    "IN_TRANSIT",
    "AT_DELIVERY_OFFICE",
    "OUT_FOR_DELIVERY",
    "ATTEMPT_FAILED",
    "DELIVERED",
    "RETURNING",
)


@st.composite
def heard(draw: st.DrawFn) -> tuple[list[TrackingEvent], list[int]]:
    """Events of one parcel in time, and the order (with repetitions) in which they are told."""
    names = draw(st.lists(st.sampled_from(MOVES), min_size=1, max_size=6))
    start = datetime(2026, 3, 3, 9, tzinfo=CHINA)
    events = [
        TrackingEvent(
            "EMS", "EA1", "EMS", name, "", ParcelStatus(name), SignerKind.SELF, start + timedelta(hours=n), start
        )
        for n, name in enumerate(names)
    ]
    order = draw(st.lists(st.sampled_from(range(len(events))), min_size=0, max_size=4))
    return events, [*draw(st.permutations(range(len(events)))), *order]


@pytest.mark.requirement("invariant 11", "O4", "O5", "O11")
@given(heard())
@settings(deadline=None, max_examples=60)
def test_doubled_and_reordered_carrier_events_do_not_change_where_an_original_ends(
    made: tuple[list[TrackingEvent], list[int]],
) -> None:
    events, order = made
    straight, other = Bench().reach("O3").walk("O3"), Bench().reach("O3").walk("O3")
    for bench, told_as in ((straight, range(len(events))), (other, order)):
        so_far: list[TrackingEvent] = []
        for n in told_as:
            so_far.append(events[n])
            bench.do(told("B1", str(status_of(so_far)), key=str(n)))
            assert all(one.holder for one in bench.case.originals)
        if told_as is order:
            bench.walk("D4W:B1")  # the waybill itself may be told last
    straight.walk("D4W:B1")
    assert _state(straight) == _state(other)


PAPER_ACTS = (
    *("O3", "O6", "O6:missing", "O6:damaged", "O7", "O10", "O12", "O13", "O14", "E08", "E08T", "D11", "T35"),
    *("D4W:B1", "D5E:B1 collected", "D5E:B1 delivered", "D5E:B1 returned", "T14", "T37P", "a fortnight", "hub"),
)


@pytest.mark.requirement("invariant 1", "invariant 13")
@given(st.lists(st.sampled_from(PAPER_ACTS), max_size=25), st.booleans())
@settings(deadline=None, max_examples=80)
def test_no_original_is_ever_lost_from_sight_and_none_has_two_holders(names: list[str], fresh: bool) -> None:
    bench = Bench().reach("O3")
    for n, name in enumerate(names):
        try:
            if name == "hub":
                bench.settle()
            elif name == "O3" and fresh:
                bench.do(pack(bench, parcel=f"B{n}"))
            else:
                bench.walk(name)
        except Refusal:
            continue
        assert [one.item for one in bench.case.originals] == list(ITEMS)
        for one in bench.case.originals:
            ItemState(one.state)
            assert one.holder == "applicant" or one.holder.startswith("carrier:") or one.holder in {WINDOW, DEPARTMENT}
        assert bench.case.state is not State.ARCHIVED or not states.open_items(bench.case.originals)
        assert from_document(bench.case.to_document()) == bench.case
    assert bench.replayed() == bench.file


def test_every_way_of_paper_is_among_the_paths() -> None:
    assert {"O2", "O3", "O6", "O7", "O8", "O10", "O12", "O13", "O14", "D2", "D3", "D10", "T37"} <= PATHS.keys()

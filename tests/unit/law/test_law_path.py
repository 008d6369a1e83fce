"""The law from seal to proven delivery: what each act does, who holds the case, when clocks end."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from crypto.canonical import CHINA, encode
from crypto.refusal import Refusal
from hub.casework import consequences
from hub.casework.casefile import CaseFile, from_document
from hub.casework.states import State
from tests.unit.law.law_people import (
    CALENDAR,
    DEPARTMENT,
    GATEWAY,
    HUB,
    WINDOW,
)
from tests.unit.law.law_steps import (
    MAIN_PATH,
)
from tests.unit.law.law_world import (
    Bench,
)


def _on(month: int, day: int, hour: int = 10, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=CHINA)


def _end(day: str) -> str:
    return f"{day}T23:59:59.999+08:00"


def _replayed(bench: Bench) -> CaseFile | None:
    file = None
    for act in bench.acts:
        file = bench.law.apply(file, act, bench.world())
    return file


def test_main_path_to_closed() -> None:
    bench = Bench()
    states = []
    for name in MAIN_PATH:
        file = bench.do(bench.step(name))
        states.append(file.state)
    assert states == [
        State.COLLECTED,
        State.COLLECTED,
        State.FORWARDED,
        State.PENDING_ACCEPT,
        State.UNDER_REVIEW,
        State.DECIDED,
        *[State.DELIVERING] * 5,
        State.CLOSED,
    ]
    case = bench.case
    assert (case.holder, case.accepting_node, case.outcome) == (DEPARTMENT, DEPARTMENT, "GRANT")
    assert [made.kind for made in case.sealings] == ["application", "result"]
    assert case.case_seq == len(MAIN_PATH) and case.seq == 8
    assert case.parties() == {WINDOW, DEPARTMENT, GATEWAY}
    assert set(case.clocks) == {"K1", "K2", "K3", "K4", "K8"}
    assert all(clock.stopped_at for clock in case.clocks.values())


@pytest.mark.parametrize("place", range(1, len(MAIN_PATH) + 1))
def test_invariant_9_replay_and_document_give_the_same_file(place: int) -> None:
    bench = Bench()
    for name in MAIN_PATH[:place]:
        bench.do(bench.step(name))
    assert _replayed(bench) == bench.file
    assert from_document(bench.case.to_document()) == bench.case
    encode(bench.case.to_document())


def test_invariant_1_the_holder_changes_only_when_the_receiver_countersigned() -> None:
    bench = Bench().reach("T10")
    assert (bench.case.holder, bench.case.accepting_node) == (WINDOW, DEPARTMENT)
    assert bench.do(bench.step("T10")).holder == DEPARTMENT


def test_invariant_12_a_sealing_stays_as_it_was_pinned() -> None:
    bench = Bench().reach("T08")
    sealed = bench.case.sealings[0]
    assert (sealed.manifest, sealed.version_id) == (bench.application, bench.objects[bench.application].version_id)
    bench = bench.reach_rest()
    assert bench.case.sealings[0] == sealed


def test_refused_act_changes_nothing() -> None:
    bench = Bench().reach("T31")
    before = bench.case.to_document()
    with pytest.raises(Refusal):
        bench.do(bench.step("T31").saying(grant="another"))
    assert bench.case.to_document() == before


# --- two at once -------------------------------------------------------------------------------------------------


def test_two_answers_at_once_the_second_is_told_that_the_head_moved() -> None:
    bench = Bench().reach("T14")
    accept, withdraw = bench.act(bench.step("T14")), bench.act(bench.step("T35"))
    first = bench.law.apply(bench.file, accept, bench.world())
    with pytest.raises(Refusal) as refused:
        bench.law.apply(first, withdraw, bench.world())
    assert refused.value.code == "HEAD_MOVED"
    assert refused.value.values["expected_seq"] == str(first.seq + 1)
    assert refused.value.values["head"] == first.head
    other = bench.law.apply(bench.file, withdraw, bench.world())
    with pytest.raises(Refusal, match="HEAD_MOVED"):
        bench.law.apply(other, accept, bench.world())


@pytest.mark.parametrize("seq, prev", [(1, None), (9, None), (None, "0" * 64)])
def test_an_act_on_another_head_is_refused(seq: int | None, prev: str | None) -> None:
    bench = Bench().reach("T14")
    step = bench.step("T14")
    with pytest.raises(Refusal, match="HEAD_MOVED"):
        bench.do(replace(step, seq=seq, prev=prev))


@pytest.mark.parametrize("row", ["W1", "H02", "D4W", "D5E"])
def test_a_side_chain_act_hangs_on_any_custody_act_of_its_own_case(row: str) -> None:
    bench = Bench().reach(row)
    earlier = bench.acts[0].digest
    assert bench.do(replace(bench.step(row), prev=earlier)).case_seq == len(bench.acts)
    before = bench.file
    with pytest.raises(Refusal, match="ANCHOR_UNKNOWN"):
        bench.do(replace(bench.step(row), prev="0" * 64))
    assert bench.file == before


def test_side_chain_acts_do_not_move_the_head() -> None:
    bench = Bench().reach("T14")
    accept = bench.act(bench.step("T14"))
    head = bench.case.head
    bench.do(bench.step("H02"))
    assert bench.case.head == head
    assert bench.law.apply(bench.file, accept, bench.world()).state is State.UNDER_REVIEW


# --- what the law makes happen by itself -------------------------------------------------------------------------


def test_t08_route_waits_for_the_keys_and_then_names_the_one_queue() -> None:
    bench = Bench().reach("W1")
    assert consequences.next_event(bench.case, bench.world()) is None
    bench.do(bench.step("W1"))
    event = consequences.next_event(bench.case, bench.world())
    assert event is not None and event.event == "route"
    assert event.body == {"accepting_node": DEPARTMENT, "queue": "inbound"}


@pytest.mark.parametrize("level, status, closes", [(1, "DELIVERED", False), (2, "DELIVERED", True), (2, "LOST", False)])
def test_t34_follows_from_proof_at_the_level_of_the_item(level: int, status: str, closes: bool) -> None:
    bench = Bench().reach("D5E")
    assert consequences.next_event(bench.case, bench.world()) is None
    bench.do(bench.event(level, status))
    event = consequences.next_event(bench.case, bench.world())
    assert (event is not None and event.event == "delivered_proven") is closes


def test_invariant_11_proof_never_falls_with_a_late_event() -> None:
    bench = Bench().reach("D5E")
    best = bench.do(bench.event(3)).parcels[0]
    after = bench.do(bench.event(1)).parcels[0]
    assert (after.proof_level, after.evidence) == (3, best.evidence)


def test_no_consequence_in_other_states() -> None:
    for row in ("T10", "T14", "T31", "T33"):
        bench = Bench().reach(row)
        assert consequences.next_event(bench.case, bench.world()) is None


# --- dated timelines (states.md 11) ------------------------------------------------------------------------------


def test_timeline_1_sealed_in_the_afternoon_of_a_winter_day() -> None:
    bench = Bench(start=_on(2, 12, 16, 50))
    clock = bench.do(bench.step("T05")).clocks["K1"]
    assert clock.due == "2026-02-13T13:50:00.000+08:00"


def test_timeline_2_k2_from_delivery_over_the_spring_festival() -> None:
    bench = Bench(start=_on(2, 12)).reach("T10")
    case = bench.do(bench.step("T10"))
    assert case.clocks["K2"].due == _end("2026-02-26")
    assert case.clocks["K1"].stopped_at == case.recorded_at


def test_timeline_3_k2_from_delivery_and_limits_from_acceptance() -> None:
    bench = Bench(start=_on(3, 2)).reach("T14")
    assert bench.case.clocks["K2"].due == _end("2026-03-09")
    bench.now = _on(3, 20)
    case = bench.do(bench.step("T14"))
    assert case.effective_at == case.recorded_at
    assert case.clocks["K2"].stopped_at == case.recorded_at
    assert case.clocks["K4"].due == _end("2026-04-20")


def test_timeline_4_promise_runs_in_working_days_from_acceptance() -> None:
    bench = Bench(start=_on(3, 2)).reach("T31")
    assert bench.case.clocks["K3"].due == _end("2026-03-09")


@pytest.mark.parametrize("decided, due", [((4, 17), "2026-05-06"), ((4, 24), "2026-05-12")])
def test_timeline_5_ten_working_days_to_deliver(decided: tuple[int, int], due: str) -> None:
    bench = Bench(start=_on(4, 15)).reach("T31")
    bench.now = _on(*decided)
    case = bench.do(bench.step("T31"))
    assert case.clocks["K8"].due == _end(due)
    assert case.clocks["K3"].stopped_at == case.clocks["K4"].stopped_at == case.recorded_at


def test_timeline_7_beyond_the_known_calendar_a_due_date_is_provisional() -> None:
    bench = Bench(start=_on(12, 25)).reach("T31")
    assert bench.case.clocks["K3"].provisional
    assert not CALENDAR.known(datetime(2027, 1, 4, tzinfo=CHINA).date())


@pytest.mark.requirement("invariant 5")
def test_invariant_5_the_promise_is_never_longer_than_the_law_allows() -> None:
    bench = Bench().reach("T31")
    promise, statutory = bench.case.clocks["K3"].due, bench.case.clocks["K4"].due
    assert promise is not None and statutory is not None and promise <= statutory


def test_t35_withdraw_stops_every_clock() -> None:
    bench = Bench().reach("T35")
    case = bench.do(bench.step("T35"))
    assert case.state is State.WITHDRAWN
    assert all(clock.stopped_at for clock in case.clocks.values())


def test_t10_no_accept_clock_outside_the_licensing_law() -> None:
    bench = Bench()

    def not_licensing(item: dict[str, object]) -> None:
        item["licensing_law"] = False

    bench.change_item(not_licensing)
    bench.reach("T14")
    assert "K2" not in bench.case.clocks


def test_a_case_keeps_the_hub_time_of_its_last_act() -> None:
    bench = Bench()
    times = []
    for name in MAIN_PATH:
        bench.now += timedelta(hours=1)
        times.append(bench.do(bench.step(name)).recorded_at)
    assert times == sorted(times) and len(set(times)) == len(times)
    assert HUB not in bench.case.parties()

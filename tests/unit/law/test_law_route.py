"""Hand-off, bounce, re-routing: who holds the case, where it goes, what becomes due (T03 to T12, T22 to T24, K11)."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from crypto.canonical import CHINA, time_text
from crypto.refusal import Refusal
from deploy.calendar_seed import seed_calendar
from hub.casework import facts, timers
from hub.casework.casefile import CaseFile, from_document
from hub.casework.common import just_after
from hub.casework.numbers import public_number
from hub.casework.states import BEFORE_DECISION, State
from hub.casework.supervision.values import Card
from hub.casework.time.calendar import WorkCalendar
from tests.unit.law.law_people import (
    CALENDAR,
    COORDINATOR,
    DEPARTMENT,
    OTHER_COORDINATOR,
    OTHER_DEPARTMENT,
    PREFIX,
    THIRD_DEPARTMENT,
    WINDOW,
    Step,
    record,
)
from tests.unit.law.law_steps import PATHS
from tests.unit.law.law_world import Bench, stated

UNKNOWN = WorkCalendar.from_document(seed_calendar((2025,), "2025.1"))
"""A calendar that does not know 2026."""


def _on(month: int, day: int, hour: int = 10, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=CHINA)


def _third_hop(bench: Bench, row: str) -> Step:
    return replace(bench.step(row), second="COORDINATOR_LEAD")


def _through_two_departments() -> Bench:
    """DEPARTMENT and OTHER_DEPARTMENT said that it is not theirs."""
    return Bench().walk("T05", "W1", "T08", "T10", "T22", "T23", "W1:other", "T10", "T22:third")


# --- pre-review, return to the window, numbers --------------------------------------------------------------------


def test_t03_the_scans_are_looked_at_and_the_window_keeps_the_case() -> None:
    bench = Bench().walk("T03")
    case = bench.case
    assert (case.state, case.holder, case.accepting_node) == (State.PRE_REVIEW, WINDOW, DEPARTMENT)
    assert (case.public_no, case.case_no, dict(case.clocks)) == ("", "", {})
    assert case.sealings[0].revision == 0 and case.parties() == {WINDOW, DEPARTMENT}
    bench.do(bench.step("W1"))
    bench.do(bench.step("H02"))
    bench.do(bench.step("T04"))
    sealed = bench.do(bench.step("T05R"))
    assert (sealed.state, sealed.public_no, sealed.accepting_node) == (State.COLLECTED, public_number(PREFIX, 1), "")
    assert [made.revision for made in sealed.sealings] == [0, 1]
    assert "K1" in sealed.clocks
    assert bench.due() is None  # the packets of revision 0 do not open revision 1
    bench.do(bench.step("W1"))
    assert bench.settle().state is State.FORWARDED


@pytest.mark.parametrize("answer", ["OK", "NOT_OURS"])
def test_t04_is_advice_and_no_decision(answer: str) -> None:
    bench = Bench().reach("T04")
    case = bench.do(bench.step("T04").saying(answer=answer, lines=None))
    assert (case.state, case.holder, case.outcome) == (State.DRAFT, WINDOW, "")


def test_t24_the_window_seals_anew_under_the_same_public_number() -> None:
    bench = Bench().reach("T24")
    number = "x" * 43
    bench.file = replace(bench.case, case_no=number)
    case = bench.do(bench.step("T24"))
    assert (case.state, case.holder, case.accepting_node, case.directed_by) == (State.DRAFT, WINDOW, "", "")
    assert all(clock.stopped_at for clock in case.clocks.values())
    again = bench.do(bench.step("T05R"))
    assert (again.public_no, again.case_no, again.former_nos) == (case.public_no, number, ())
    assert [made.revision for made in again.sealings_of("application")] == [1, 2]
    assert again.clocks["K1"].stopped_at is None and again.hops == (DEPARTMENT,)


def test_t24_another_item_ends_the_number_that_embeds_the_old_one() -> None:
    other = "1136040390000403124000131001011"
    bench = Bench().reach("T24")
    bench.file = replace(bench.case, case_no="x" * 43)
    bench.do(bench.step("T24"))
    step = bench.step("T05R")
    found = bench.objects[step.body["manifest"]].manifest
    lines = tuple(made for made in found.lines if made.material in {"M01", "M02", "M03", "ADDRESS"})
    sealed = bench.store(replace(found, task_code=other, lines=lines))
    case = bench.do(step.saying(task_code=other, region="360403000000", manifest=sealed))
    assert (case.case_no, case.former_nos, case.task_code) == ("", ("x" * 43,), other)


def test_t06_t07_leave_a_line_and_no_case_to_hold() -> None:
    for row, state in (("T06", State.NOT_COLLECTED), ("T07", State.ABANDONED)):
        bench = Bench()
        case = bench.do(bench.step(row))
        assert (case.state, case.sealings, case.public_no) == (state, (), "")
        assert bench.due() is None


@pytest.mark.parametrize("state", BEFORE_DECISION)
def test_t35_withdrawal_is_possible_in_each_state_before_the_decision(state: State) -> None:
    bench = Bench().reach("T35")
    bench.file = replace(bench.case, state=state)
    case = bench.do(bench.step("T35"))
    assert case.state is State.WITHDRAWN and all(clock.stopped_at for clock in case.clocks.values())


# --- silence and retries -------------------------------------------------------------------------------------------


def test_t10b_after_a_full_working_day_of_silence_the_case_counts_as_delivered() -> None:
    """Forwarded on Monday 2026-03-02: the Tuesday is the full working day."""
    bench = Bench().reach("T10")
    bench.file = replace(bench.case, retries=5)
    bench.now = _on(3, 3, 23, 59)
    assert bench.due() is None
    bench.now = _on(3, 4, 0, 0)
    case = bench.settle()
    assert (case.state, case.holder) == (State.PENDING_ACCEPT, DEPARTMENT)
    assert case.clocks["K1"].stopped_at == case.clocks["K2"].started_at == case.recorded_at
    assert case.cards == (Card("Y3", case.recorded_at, DEPARTMENT, case.head),)


def test_t10b_days_off_do_not_count() -> None:
    """Forwarded on the last working day before the Spring Festival of 2026."""
    bench = Bench(start=_on(2, 14)).reach("T10")
    bench.file = replace(bench.case, retries=5)
    bench.now = _on(2, 24, 23, 59)
    assert bench.due() is None
    bench.now = _on(2, 25, 0, 0)
    event = bench.due()
    assert event is not None and event.event == "constructive_delivery"


def test_t10b_nothing_is_delivered_to_a_node_that_could_not_open_it() -> None:
    bench = Bench().reach("T10b")
    bench.file = replace(bench.case, retries=5)
    bench.register.records[DEPARTMENT] = record(DEPARTMENT, roles={"department"}, key=b"\x0a")
    assert bench.due() is None
    assert timers.wake_at(bench.case, bench.world()) is None
    bench.do(bench.step("W1"))
    assert bench.settle().state is State.PENDING_ACCEPT


def test_t11_five_retries_an_hour_apart() -> None:
    bench = Bench().reach("T10")
    start, told = bench.now - timedelta(minutes=10), []
    for minutes in range(0, 9 * 60, 10):
        bench.now = start + timedelta(minutes=minutes)
        event = bench.due()
        if event is not None:
            told.append((minutes, event.body["attempt"]))
            bench.do(bench.step("T11").saying(**event.body))
    assert told == [(60, 1), (120, 2), (180, 3), (240, 4), (300, 5)]
    assert bench.case.state is State.FORWARDED


# --- bounce --------------------------------------------------------------------------------------------------------


def test_t12_a_sound_case_goes_back_and_counts_as_delivered() -> None:
    bench = Bench().reach("T12E")
    assert (bench.case.state, bench.case.holder) == (State.COLLECTED, WINDOW)
    assert bench.case.clocks["K1"].stopped_at is None
    assert bench.due() is None
    bench.do(bench.step("T12E"))
    case = bench.settle()
    assert [act.statement.type for act in bench.acts[-3:]] == ["bounce_examined", "route", "constructive_delivery"]
    assert (case.state, case.holder) == (State.PENDING_ACCEPT, DEPARTMENT)
    assert [card.kind for card in case.cards] == ["Y3"]
    assert case.bounces[0].settled


def test_t12_an_unsound_case_waits_for_the_same_bytes_under_a_new_version() -> None:
    bench = Bench().reach("T12R")
    old = bench.case.sealings[0]
    assert bench.due() is None
    bench.do(bench.step("T12R"))
    case = bench.settle()
    assert case.state is State.FORWARDED
    assert case.sealings[0] == replace(old, version_id=f"{old.version_id}-again")
    assert bench.do(bench.step("T10")).holder == DEPARTMENT
    assert bench.case.cards == ()


def test_t12_a_case_that_a_coordinator_sent_on_goes_there_again() -> None:
    bench = Bench().walk(*PATHS["T23"], "T23", "W1:other", "T12")
    assert bench.case.holder == DEPARTMENT
    bench.do(bench.step("T12E"))
    case = bench.settle()
    assert (case.accepting_node, case.holder, case.state) == (OTHER_DEPARTMENT, OTHER_DEPARTMENT, State.PENDING_ACCEPT)


def test_t12_an_old_bounce_of_another_node_delivers_nothing() -> None:
    bench = Bench().reach("T12E")
    bench.do(bench.step("T12E"))
    bench.file = replace(bench.case, bounces=(replace(bench.case.bounces[0], node=OTHER_DEPARTMENT),))
    assert bench.settle().state is State.FORWARDED


# --- re-routing ----------------------------------------------------------------------------------------------------


def test_t09_without_a_queue_a_coordinator_is_asked() -> None:
    bench = Bench().reach("T09")
    case = bench.settle()
    assert (case.state, case.holder, case.coordinator) == (State.REROUTING, WINDOW, COORDINATOR)
    assert case.clocks["K11"].stopped_at is None and COORDINATOR in case.parties()
    redirected = bench.do(bench.step("T23"))
    assert (redirected.state, redirected.accepting_node) == (State.FORWARDED, OTHER_DEPARTMENT)
    assert redirected.cards == () and redirected.clocks["K11"].stopped_at


def test_t09_without_a_coordinator_the_case_waits_at_the_window() -> None:
    bench = Bench().reach("T09")
    for node in (COORDINATOR, OTHER_COORDINATOR):
        del bench.register.records[node]
    assert bench.settle().state is State.COLLECTED


@pytest.mark.parametrize("cause", ["NO_ITEM", "ITEM_NOT_LIVE", "AMBIGUOUS"])
def test_t09_the_cause_is_the_lists(cause: str) -> None:
    bench = Bench().walk("T05")
    item = bench.catalogue.items[bench.case.task_code]
    if cause == "NO_ITEM":
        del bench.catalogue.items[item.task_code]
    elif cause == "ITEM_NOT_LIVE":
        bench.change_item(lambda entry: entry.update(status="SUSPENDED"))
    else:
        place = (item.task_code, bench.case.region)
        bench.catalogue._by_place[place] *= 2
    try:
        assert facts.route_failure(bench.case, bench.world(), facts.day_of(bench.case.recorded_at)) == cause
        event = bench.due()
        assert event is not None and event.body == {"cause": cause}
    finally:
        bench.catalogue.items[item.task_code] = item
        if cause == "AMBIGUOUS":
            bench.catalogue._by_place[place] = bench.catalogue._by_place[place][:1]


def test_t22_who_was_asked_first_answers_until_the_next_one_countersigned() -> None:
    """F05, invariant 1: misrouted, redirected, delivered."""
    bench = Bench().reach("T22")
    case = bench.do(bench.step("T22"))
    assert (case.state, case.holder, case.hops) == (State.REROUTING, DEPARTMENT, (DEPARTMENT,))
    assert case.clocks["K2"].stopped_at and case.clocks["K11"].stopped_at is None
    assert case.proposal is not None and case.proposal.node == OTHER_DEPARTMENT
    case = bench.do(bench.step("T23"))
    assert (case.holder, case.accepting_node, case.directed_by) == (DEPARTMENT, OTHER_DEPARTMENT, COORDINATOR)
    assert case.proposal is None and case.retries == 0
    bench.do(bench.step("W1:other"))
    case = bench.do(bench.step("T10"))
    assert (case.holder, case.clocks["K2"].started_at) == (OTHER_DEPARTMENT, case.recorded_at)


def test_t22_the_case_may_be_opened_by_whom_it_is_proposed_to_go_to() -> None:
    bench = Bench().reach("T23")
    assert bench.do(replace(bench.step("W1:other"), role="department")).wraps[-1].recipient == OTHER_DEPARTMENT
    with pytest.raises(Refusal, match="RECIPIENT_FORBIDDEN"):
        bench.do(bench.step("W1:third"))


def test_t23h_the_hub_follows_a_proposal_that_the_list_in_force_confirms() -> None:
    bench = Bench().reach("T23H")
    case = bench.settle()
    assert (case.state, case.accepting_node, case.directed_by) == (State.FORWARDED, OTHER_DEPARTMENT, DEPARTMENT)
    assert case.clocks["K11"].stopped_at


def test_t23h_not_before_the_proposed_node_holds_the_keys() -> None:
    bench = Bench().walk(*PATHS["T23H"][:-1])
    assert bench.due() is None
    assert timers.wake_at(bench.case, bench.world()) is not None


def test_t23_the_third_hop_needs_the_lead_and_raises_y6_on_who_sent_it() -> None:
    bench = _through_two_departments()
    assert bench.case.hops == (DEPARTMENT, OTHER_DEPARTMENT)
    with pytest.raises(Refusal, match="SECOND_PERSON_MISSING"):
        bench.do(bench.step("T23:third").saying(second_person=None))
    case = bench.do(_third_hop(bench, "T23:third"))
    assert case.cards == (Card("Y6", case.recorded_at, COORDINATOR, case.head),)
    bench.do(bench.step("W1:third"))
    bench.do(bench.step("T10"))
    assert bench.case.holder == THIRD_DEPARTMENT
    with pytest.raises(Refusal, match="HOPS_SPENT"):
        bench.do(bench.step("T22:third"))


def test_t23_a_department_that_gets_its_own_case_back_has_a_card_too() -> None:
    bench = _through_two_departments()
    step = _third_hop(bench, "T23:third").saying(accepting_node=DEPARTMENT, forced=True)
    case = bench.do(step)
    assert [(card.kind, card.subject) for card in case.cards] == [("Y6", COORDINATOR), ("Y6", DEPARTMENT)]


def test_the_coordinator_is_the_nearest_to_where_the_case_is_handled() -> None:
    bench = Bench().walk("T05")
    assert facts.coordinator_of(bench.case, bench.world()) == COORDINATOR
    near = "spiffe://yidi.test/360102000000/donghu-zwfwb"
    bench.register.records[near] = record(near, roles={"coordinator"})
    assert facts.coordinator_of(bench.case, bench.world()) == near
    for gone in (near, COORDINATOR):
        del bench.register.records[gone]
    assert facts.coordinator_of(bench.case, bench.world()) == OTHER_COORDINATOR


def test_invariant_17_a_case_left_waiting_is_escalated_once() -> None:
    """K11: four window hours."""
    bench = Bench().reach("T23")
    due = bench.case.clocks["K11"].due
    assert due is not None
    bench.now = datetime.fromisoformat(due)
    assert bench.due() is None
    bench.now += timedelta(milliseconds=1)
    case = bench.settle()
    assert (case.state, case.clocks["K11"].expired) == (State.REROUTING, True)
    assert case.cards == (Card("Y7", case.recorded_at, COORDINATOR, bench.acts[-1].digest),)
    assert timers.wake_at(case, bench.world()) is None
    assert bench.do(bench.step("T23")).state is State.FORWARDED


# --- timers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", ["T10", "T10b", "T11", "T12E", "T14", "T15", "T17", "T23", "K11", "T31", "T34"])
def test_wake_at_is_the_first_moment_at_which_something_is_due(row: str) -> None:
    bench = Bench().reach(row)
    at = timers.wake_at(bench.case, bench.world())
    if at is None:
        assert timers.due_event(bench.case, bench.world(), "2030-01-01T00:00:00.000+08:00") is None
        return
    moment = datetime.fromisoformat(at)
    before = time_text(moment - timedelta(milliseconds=1))
    assert timers.due_event(bench.case, bench.world(), before) is None
    assert timers.due_event(bench.case, bench.world(), time_text(moment)) is not None


@pytest.mark.parametrize("row", ["T10b", "T11", "T15", "K11"])
def test_what_is_due_counts_once(row: str) -> None:
    bench = Bench().reach(row)
    event = bench.due()
    assert event is not None
    bench.do(stated(event))
    following = bench.due()
    assert following is None or following.event != event.event


@pytest.mark.parametrize("row", sorted(PATHS))
def test_invariant_9_every_way_is_replayed_to_the_same_file(row: str) -> None:
    bench = Bench().reach(row)
    bench.do(bench.step(row))
    assert bench.replayed() == bench.case
    assert from_document(bench.case.to_document()) == bench.case


def test_a_file_of_before_still_loads() -> None:
    """What the rows of the first version kept has none of the later members, and sealings without a sealer."""
    bench = Bench().reach("T14")
    document = bench.case.to_document()
    sealings = document["sealings"]
    assert isinstance(sealings, tuple)
    document["sealings"] = [{name: one[name] for name in one if name != "sealed_by"} for one in sealings]
    for name in ("forwarded_at",):
        document.pop(name)
    file: CaseFile = from_document(document)
    assert (file.hops, file.notices, file.sealings[0].sealed_by, file.forwarded_at) == ((), (), "", "")


# --- a list, a registry, a calendar that changed ---------------------------------------------------------------------


def test_what_waits_in_collection_is_looked_at_every_day() -> None:
    """No queue and no coordinator: nobody's act will wake the case when there is one."""
    bench = Bench().reach("T09")
    kept = {node: bench.register.records.pop(node) for node in (COORDINATOR, OTHER_COORDINATOR)}
    assert bench.settle().state is State.COLLECTED
    due = bench.case.clocks["K1"].due
    assert due is not None and timers.wake_at(bench.case, bench.world()) == just_after(due)
    bench.now = datetime.fromisoformat(just_after(due))
    assert [card.kind for card in bench.settle().cards] == ["Y1"]
    assert timers.wake_at(bench.case, bench.world()) == "2026-03-03T00:00:00.000+08:00"
    assert timers.wake_at(bench.case, bench.world(), "2026-03-05T00:00:00.001+08:00") == "2026-03-06T00:00:00.000+08:00"
    bench.register.records |= kept
    assert bench.settle().state is State.REROUTING


def test_what_is_blocked_by_a_bounce_is_not_looked_at_by_the_day() -> None:
    """Only K1 is watched (Y1)."""
    bench = Bench().reach("T12D")
    due = bench.case.clocks["K1"].due
    assert due is not None and timers.wake_at(bench.case, bench.world()) == just_after(due)


def test_an_item_that_goes_live_later_is_routed_then() -> None:
    """The day of the look counts, not that of the newest leaf."""
    bench = Bench().walk("T05", "W1")
    bench.change_item(lambda item: item.update(effective_from="2026-03-04"))
    for node in (COORDINATOR, OTHER_COORDINATOR):
        del bench.register.records[node]
    assert bench.due() is None
    bench.now = _on(3, 4, 0)
    assert bench.settle().state is State.FORWARDED


def test_t23_todays_coordinator_may_act_for_the_one_that_was_asked() -> None:
    bench = Bench().reach("T09")
    bench.settle()
    del bench.register.records[COORDINATOR]
    case = bench.do(replace(bench.step("T23"), node=OTHER_COORDINATOR))
    assert (case.state, case.coordinator, case.directed_by) == (State.FORWARDED, OTHER_COORDINATOR, OTHER_COORDINATOR)


def test_k11_is_counted_by_the_calendar_in_force() -> None:
    """Asked on Friday 2026-02-13 at 16:30; by the calendar announced then, the next open day is 02-14."""
    bench = Bench(start=_on(2, 13, 15, 50))
    bench.calendar = UNKNOWN
    bench.reach("T23")
    state = bench.case.clocks["K11"]
    assert state.provisional and state.due is not None and state.due[:10] == "2026-02-16"
    bench.calendar = CALENDAR
    counted = facts.clock_of(bench.case, "K11", bench.world())
    assert counted is not None and counted.due is not None and counted.due[:10] == "2026-02-14"
    bench.now = _on(2, 14, 23)
    case = bench.settle()
    assert case.clocks["K11"].expired and case.clocks["K11"].due == counted.due


# --- T12D ------------------------------------------------------------------------------------------------------------


def test_t12d_what_nobody_can_store_again_is_collected_anew() -> None:
    bench = Bench().walk(*PATHS["T23"], "T23", "W1:other", "T12", "T12E:unsound")
    assert bench.case.holder == DEPARTMENT and bench.due() is None
    case = bench.do(bench.step("T12D"))
    assert (case.state, case.holder, case.accepting_node, case.directed_by) == (State.DRAFT, WINDOW, "", "")
    assert case.bounces[-1].settled and all(clock.stopped_at for clock in case.clocks.values())
    sealed = bench.do(bench.step("T05R"))
    assert (sealed.state, sealed.sealings[-1].revision, sealed.public_no) == (State.COLLECTED, 2, case.public_no)
    bench.walk("W1")
    assert bench.settle().state is State.FORWARDED

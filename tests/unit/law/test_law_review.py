"""The inner life of a case at the department: what each act does (states.md T13, T25 to T30, T32, T36, T39; 11)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from crypto.canonical import CHINA
from crypto.refusal import Refusal
from deploy.calendar_seed import seed_calendar
from hub.casework import audience, timers
from hub.casework.casefile import CaseFile, from_document
from hub.casework.review import look
from hub.casework.review.values import Link
from hub.casework.states import State
from hub.casework.supervision.values import Card
from hub.casework.time.calendar import WorkCalendar
from tests.unit.law.law_people import (
    ALL_LINES,
    CALENDAR,
    COORDINATOR,
    DEPARTMENT,
    HIGHER_DEPARTMENT,
    OTHER_DEPARTMENT,
    TASK,
    WINDOW,
    grant,
    manifest,
)
from tests.unit.law.law_steps_review import DIGEST, OTHER_CASE, REVIEWED, posts
from tests.unit.law.law_world import Bench

proves = pytest.mark.requirement
ACCEPTOR, REVIEWER = (Bench.person(DEPARTMENT, role) for role in ("ACCEPTOR", "REVIEWER"))


def _on(month: int, day: int, hour: int = 10, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=CHINA)


def _end(day: str) -> str:
    return f"{day}T23:59:59.999+08:00"


def _kinds(case: CaseFile) -> list[str]:
    return [card.kind for card in case.cards]


def _under_review(day: datetime, change: Any = None) -> Bench:
    """A case that was accepted on that day, its department posts staffed by nobody."""
    bench = Bench(start=day)

    def changed(item: dict[str, Any]) -> None:
        item["special_procedures"] += [{"kind": "EXPERT_REVIEW", "stops_clock": True}]
        if change is not None:
            change(item)

    bench.change_item(changed)
    return bench.walk(*REVIEWED)


# --- dated timelines (states.md 11) ------------------------------------------------------------------------------


@proves("K1", "T05")
def test_timeline_1_four_window_hours_of_winter() -> None:
    """Sealed 2026-02-12 16:50: due 2026-02-13 13:50."""
    bench = Bench(start=_on(2, 12, 16, 50)).walk("T05")
    assert bench.case.clocks["K1"].due == "2026-02-13T13:50:00.000+08:00"


@proves("T14", "T28", "K2", "K4", "timeline 3")
def test_timeline_3_extended_by_ten_days() -> None:
    """Notice 03-05, complete 03-20, accepted 03-23 as of 03-20; 20 days due 04-20; extended by 10: 05-07."""
    bench = Bench(start=_on(3, 2)).reach("T16")
    bench.now = _on(3, 5)
    bench.do(bench.step("T16").saying(due="2026-03-25"))
    bench.now = _on(3, 20)
    bench.walk("T17", "W1:addendum", "T18")
    assert bench.case.clocks["K2"].due == _end("2026-03-27")
    bench.now = _on(3, 23)
    assert bench.do(bench.step("T14")).clocks["K4"].due == _end("2026-04-20")
    promised = bench.case.clocks["K3"].due
    bench.now = _on(3, 24)
    case = bench.do(bench.step("T28"))
    assert case.clocks["K4"].due == _end("2026-05-07")
    assert promised is not None and case.clocks["K3"].due == _end("2026-04-13") > promised
    assert case.clocks["K4"].extensions[0].notice == case.sealings_of("notice")[-1].manifest


@proves("T26", "T27", "C10", "K3", "timeline 4")
def test_timeline_4_a_special_procedure_is_not_counted() -> None:
    """Accepted 2026-03-02, ten days promised: 03-16; started 03-05, ended 03-11: 03-20."""
    bench = _under_review(_on(3, 2, 9), lambda item: item["promised_limit"].update(n=10))
    assert bench.case.clocks["K3"].due == _end("2026-03-16")
    bench.now = _on(3, 5)
    suspended = bench.do(bench.step("T26").saying(until="2026-03-20"))
    assert suspended.state is State.SUSPENDED
    assert [suspended.clocks[name].due for name in ("K3", "K4")] == [None, None]
    bench.now = _on(3, 11)
    case = bench.do(bench.step("T27"))
    assert (case.state, case.clocks["K3"].due) == (State.UNDER_REVIEW, _end("2026-03-20"))
    assert case.specials[0].result == "PASSED" and _kinds(case) == []


@proves("T31", "K8")
@pytest.mark.parametrize(("month", "day", "due"), [(4, 17, "2026-05-06"), (4, 24, "2026-05-12")])
def test_timeline_5_ten_days_to_deliver(month: int, day: int, due: str) -> None:
    """05-09 is a working Saturday."""
    bench = _under_review(_on(4, 15, 9))
    bench.now = _on(month, day)
    assert bench.do(bench.step("T31")).clocks["K8"].due == _end(due)


@proves("T14", "K3", "timeline 7")
def test_timeline_7_beyond_the_known_calendar_a_due_date_is_provisional() -> None:
    """Accepted 2026-12-25, five working days; the package has no 2027."""
    bench = _under_review(_on(12, 25, 9))
    bench.calendar = WorkCalendar.from_document(seed_calendar((2026,), "2026.1"))
    assert not _under_review(_on(3, 2)).case.clocks["K3"].provisional
    bench = Bench(start=_on(12, 25, 9))
    bench.calendar = WorkCalendar.from_document(seed_calendar((2026,), "2026.1"))
    assert bench.walk(*REVIEWED).case.clocks["K3"].provisional


# --- posts (T13, F05, F06) ---------------------------------------------------------------------------------------


@proves("T13", "F05", "F06")
def test_b_takes_after_a_working_day_under_the_own_name_and_the_coordinator_hears_after_three() -> None:
    """states.md 9. Delivered on Monday 2026-03-02."""
    bench = Bench(start=_on(3, 2, 9)).reach("T13")
    posts(bench)
    take = replace(bench.step("T13"), role="REVIEWER")
    assert COORDINATOR not in bench.case.parties()
    with pytest.raises(Refusal, match="POST_A_ON_DUTY"):
        bench.do(take)
    bench.now = _on(3, 3, 23, 59)
    assert bench.due() is None
    bench.now = _on(3, 4, 0)
    opened = bench.settle()
    assert opened.to_b_at == opened.recorded_at and opened.state is State.PENDING_ACCEPT
    bench.now = _on(3, 6, 0)
    chased = bench.settle()
    assert _kinds(chased)[0] == "W3" and chased.cards[0].subject == DEPARTMENT
    assert COORDINATOR in chased.parties()
    case = bench.do(take)
    assert (case.responsible, case.takings[-1].basis) == (REVIEWER, "ON_DUTY")
    assert COORDINATOR not in case.parties()


@proves("T13", "F06")
def test_b_takes_at_once_when_a_is_off_duty_and_hands_over_at_the_end_of_the_shift() -> None:
    bench = Bench().reach("T13")
    posts(bench)
    off = replace(bench.step("T13").saying(basis="OFF_DUTY_A", evidence="a" * 64), role="REVIEWER")
    assert bench.do(off).takings[-1].evidence == "a" * 64
    shift = bench.step("T13").saying(basis="SHIFT", second_person=REVIEWER)
    case = bench.do(replace(shift, second="REVIEWER"))
    assert [taking.person for taking in case.takings] == [REVIEWER, ACCEPTOR]
    assert case.responsible == ACCEPTOR
    assert bench.do(bench.step("T14")).responsible == ACCEPTOR


@proves("T13", "F04")
def test_a_coordinating_chief_approver_gives_the_case_to_somebody() -> None:
    bench = Bench().reach("T13R")
    bench.register.grants.append(grant("COORDINATE", bench.person(DEPARTMENT, "DECIDER"), "G-COORDINATE"))
    step = replace(bench.step("T13R").saying(grant="G-COORDINATE"), role="DECIDER")
    case = bench.do(step)
    assert (case.responsible, case.takings[-1].basis, case.takings[-1].evidence) == (REVIEWER, "REASSIGNED", case.head)


@proves("F05")
def test_who_first_acts_answers_and_a_new_department_begins_anew() -> None:
    bench = Bench().reach("T19")
    assert bench.case.responsible == ACCEPTOR and len(bench.case.takings) == 1
    bench.walk("T22", "W1:other", "T23")
    assert bench.case.responsible == ACCEPTOR  # until the next acknowledges
    case = bench.do(bench.step("T10"))
    assert (case.responsible, case.holder, case.received_at) == ("", OTHER_DEPARTMENT, case.recorded_at)


@proves("T13")
def test_without_posts_nobody_waits_for_b_and_a_taken_case_is_not_chased() -> None:
    bench = Bench(start=_on(3, 2, 9)).reach("T13")
    assert timers.wake_at(bench.case, bench.world()) == "2026-03-06T00:00:00.000+08:00"
    other = Bench(start=_on(3, 2, 9)).reach("T13")
    posts(other)
    assert timers.wake_at(other.case, other.world()) == "2026-03-04T00:00:00.000+08:00"
    bench.do(bench.step("T13"))
    bench.now = _on(3, 9, 20)
    case = bench.settle()
    assert not case.to_b_at and not case.chased_at and "W3" not in _kinds(case)


# --- steps (T25) -------------------------------------------------------------------------------------------------


@proves("T25", "C06", "C08", "F02", "K5")
def test_each_step_has_its_time_and_its_own_person() -> None:
    bench = _under_review(_on(3, 2, 9), lambda item: item.update(steps={"UNDERTAKE": 2, "APPROVE": 1}))
    assert bench.case.clocks["K5"].due == _end("2026-03-04")
    bench.do(bench.step("T25"))
    assert bench.case.clocks["K5"].stopped_at
    bench.register.grants.append(grant("PRE_REVIEW", bench.person(DEPARTMENT, "DECIDER"), "G-PRE_REVIEW"))
    bench.do(bench.step("T25").saying(grant="G-PRE_REVIEW"))
    assert bench.case.clocks["K5"].due == _end("2026-03-03")
    case = bench.do(bench.step("T25"))
    assert [made.step for made in case.steps] == ["UNDERTAKE", "EXAMINE", "APPROVE"]
    assert look.open_step(case) == "" and case.clocks["K5"].stopped_at
    assert bench.do(bench.step("T31")).state is State.DECIDED


@proves("T25")
def test_a_step_sent_back_is_open_again_with_all_after_it() -> None:
    bench = _under_review(_on(3, 2, 9), lambda item: item.update(steps={"UNDERTAKE": 2}))
    bench.walk("T25", "T25")
    bench.now = _on(3, 4)
    case = bench.do(bench.step("T25B"))
    assert look.open_step(case) == "UNDERTAKE" and case.clocks["K5"].due == _end("2026-03-06")
    with pytest.raises(Refusal, match="STEP_OPEN"):
        bench.do(bench.step("T31"))
    assert [made.sent_back for made in case.steps] == [False, False, True]


@proves("F12")
def test_who_reviewed_never_decides() -> None:
    bench = _under_review(_on(3, 2))
    bench.do(bench.step("T25"))
    reviewer = bench.person(DEPARTMENT, "TECH_REVIEWER")
    assert look.reviewed_by(bench.case) == {reviewer}


@proves("F02")
@pytest.mark.parametrize(("decision_by", "role"), [("HEAD", "HEAD"), ("COLLECTIVE", "DECIDER"), ("COLLECTIVE", "HEAD")])
def test_what_the_list_keeps_for_head_or_meeting_needs_no_grant(decision_by: str, role: str) -> None:
    bench = _under_review(_on(3, 2), lambda item: item.update(decision_by=decision_by))
    bench.register.grants.clear()
    step = bench.step("T31").saying(grant=None, record=DIGEST if decision_by == "COLLECTIVE" else None)
    assert bench.do(replace(step, role=role)).state is State.DECIDED


@proves("F02", "F04")
def test_pre_review_lets_nobody_decide() -> None:
    bench = _under_review(_on(3, 2))
    bench.register.grants = [grant("PRE_REVIEW", bench.person(DEPARTMENT, "DECIDER"), "G-PRE_REVIEW")]
    with pytest.raises(Refusal, match="GRANT_MISSING"):
        bench.do(bench.step("T31").saying(grant="G-PRE_REVIEW"))


# --- special procedures (T26, T27) -------------------------------------------------------------------------------


@proves("T27", "R6")
def test_no_pause_is_endless_and_the_hub_may_be_late_in_saying_so() -> None:
    """Told until 03-11; the hub says so days later; time counts from 03-12 all the same."""
    bench = _under_review(_on(3, 2, 9), lambda item: item["promised_limit"].update(n=10))
    bench.now = _on(3, 5)
    case = bench.do(bench.step("T26").saying(until="2026-03-11"))
    assert timers.wake_at(case, bench.world()) == "2026-03-12T00:00:00.000+08:00"
    bench.now = _on(3, 11, 23, 59)
    assert bench.due() is None
    bench.now = _on(3, 14)
    case = bench.settle()
    assert (case.state, case.clocks["K3"].due) == (State.UNDER_REVIEW, _end("2026-03-23"))
    assert case.specials[0].ended_at == "2026-03-12T00:00:00.000+08:00"
    assert Card("Y11", case.cards[0].at, DEPARTMENT, case.cards[0].evidence) == replace(case.cards[0], person="")


@proves("T27")
def test_a_new_notice_puts_the_end_off() -> None:
    bench = _under_review(_on(3, 2, 9))
    bench.do(bench.step("T26").saying(until="2026-03-11"))
    case = bench.do(bench.step("T26M").saying(until="2026-03-20"))
    assert len(case.specials[0].notices) == 2 and case.state is State.SUSPENDED
    bench.now = _on(3, 16)
    assert bench.due() is None
    assert bench.do(bench.step("T27")).specials[0].until == "2026-03-20"


@proves("T26", "C10", "R6")
def test_what_the_law_does_not_stop_runs_on() -> None:
    """standards.md 5: a site visit is not in article 45."""
    bench = _under_review(_on(3, 2))
    due = bench.case.clocks["K3"].due
    case = bench.do(bench.step("T26N"))
    assert (case.state, case.clocks["K3"].due) == (State.UNDER_REVIEW, due)
    bench.do(bench.step("T26"))
    assert bench.do(bench.step("T27N")).specials[0].result == "PASSED"  # also while another one pauses the clocks
    assert bench.case.state is State.SUSPENDED


@proves("T26", "T35")
def test_a_second_pause_lies_after_the_first_and_a_withdrawal_ends_it() -> None:
    bench = _under_review(_on(3, 2))
    bench.walk("T26", "T27", "T26")
    pauses = bench.case.clocks["K4"].pauses
    assert len(pauses) == 2 and pauses[0].to_at is not None and pauses[0].to_at <= pauses[1].from_at
    assert pauses[0].notice != pauses[1].notice
    case = bench.do(bench.step("T35"))
    assert all(clock.stopped_at and not clock.paused for clock in case.clocks.values())


@proves("T28")
def test_the_head_extends_alone_and_once() -> None:
    bench = _under_review(_on(3, 2))
    step = replace(bench.step("T28").saying(second_person=None, days=3), role="HEAD", second="")
    assert bench.do(step).clocks["K4"].total == 23
    with pytest.raises(Refusal, match="CLOCK_EXTENDED_ALREADY"):
        bench.do(bench.step("T28"))


# --- opinions, passing up (T29, T30) -----------------------------------------------------------------------------


@proves("T29", "C09")
def test_a_consulted_department_sees_what_was_wrapped_to_it_until_it_answered() -> None:
    bench = _under_review(_on(3, 2))
    before = bench.case
    case = bench.do(bench.step("T29"))
    assert OTHER_DEPARTMENT in audience.audience(before, case, "consult").whole
    application = case.sealing("application")
    assert application is not None
    assert not audience.may_read(case, application.manifest, OTHER_DEPARTMENT)
    wrap = replace(bench.wrap(OTHER_DEPARTMENT, ALL_LINES[:1], by=DEPARTMENT), role="department")
    case = bench.do(wrap)
    assert audience.may_read(case, application.manifest, OTHER_DEPARTMENT)
    bench.do(replace(bench.step("H02"), node=OTHER_DEPARTMENT))
    case = bench.do(bench.step("T29O"))
    assert case.consultations[0].answer == "CONFIRMED" and OTHER_DEPARTMENT not in case.parties()
    assert not audience.may_read(case, application.manifest, OTHER_DEPARTMENT)
    opinion = case.sealing("opinion")
    assert opinion is not None and opinion.sealed_by == OTHER_DEPARTMENT
    own = replace(bench.wrap(DEPARTMENT, ("R01",), by=OTHER_DEPARTMENT, sealing=opinion.manifest), role="department")
    assert bench.do(own).wraps[-1].recipient == DEPARTMENT
    with pytest.raises(Refusal, match="RECIPIENT_FORBIDDEN"):
        bench.do(wrap)


@proves("T29")
def test_silence_is_no_consent_and_a_card() -> None:
    bench = _under_review(_on(3, 2))
    bench.do(bench.step("T29").saying(until="2026-03-04"))
    bench.now = _on(3, 5, 0)
    case = bench.settle()
    late = next(card for card in case.cards if card.kind == "Y12")
    assert late.subject == OTHER_DEPARTMENT
    assert (case.consultations[0].answer, case.consultations[0].open) == ("", False)
    assert OTHER_DEPARTMENT not in case.parties() and case.state is State.UNDER_REVIEW


@proves("T29", "A24")
@pytest.mark.parametrize("end", ["T31", "T36", "T35"])
def test_who_was_asked_has_no_part_once_the_case_ended(end: str) -> None:
    bench = _under_review(_on(3, 2))
    assert bench.do(bench.step("T29")).consulted() == {OTHER_DEPARTMENT}
    assert bench.do(bench.step(end)).consulted() == frozenset()


@proves("T25", "T30", "T31")
@pytest.mark.parametrize(("row", "member"), [("T30", "queue"), ("T30", "grant"), ("T31", "grant"), ("T13R", "grant")])
@pytest.mark.parametrize("value", ["a name and more", "x" * 81, "", 5])
def test_what_names_something_is_short_also_where_nobody_looks_it_up(row: str, member: str, value: object) -> None:
    """Promise 1: the head needs no grant; a member that no guard reads is no place for anything else."""
    bench = _under_review(_on(3, 2), lambda item: item.update(decision_by="HEAD"))
    with pytest.raises(Refusal, match="BODY_MEMBER"):
        bench.do(replace(bench.step(row), role="HEAD").saying(**{member: value}))


@proves("T30", "C10", "E01")
def test_the_case_goes_up_with_all_that_it_holds() -> None:
    bench = _under_review(_on(3, 2))
    case = bench.do(bench.step("T30"))
    assert (case.state, case.holder, case.accepting_node) == (State.REFERRED, DEPARTMENT, DEPARTMENT)
    assert case.clocks["K3"].running and case.clocks["K4"].running and "Y13" not in _kinds(case)
    assert HIGHER_DEPARTMENT in case.parties()
    for sealing in case.sealings:
        lines = tuple(line.line for line in bench.objects[sealing.manifest].manifest.lines)
        bench.do(
            replace(bench.wrap(HIGHER_DEPARTMENT, lines, by=DEPARTMENT, sealing=sealing.manifest), role="department")
        )
        assert audience.may_read(bench.case, sealing.manifest, HIGHER_DEPARTMENT)


@proves("T30")
def test_a_first_review_has_twenty_days_without_what_is_not_counted() -> None:
    """Accepted 2026-03-02: due 03-30; three working days of a pause move it to 04-02."""
    late = _under_review(_on(3, 2))
    late.now = _on(3, 31)
    assert "Y13" in _kinds(late.do(late.step("T30")))
    paused = _under_review(_on(3, 2))
    paused.do(paused.step("T26"))
    paused.now += timedelta(days=3)
    paused.do(paused.step("T27"))
    paused.now = _on(3, 31)
    assert "Y13" not in _kinds(paused.do(paused.step("T30")))


# --- other ends (T32, T36, T39) ----------------------------------------------------------------------------------


@proves("T32")
def test_a_correction_leaves_the_old_version_where_it_is() -> None:
    bench = Bench().reach("T32R")
    old = bench.case.sealings_of("result")
    case = bench.do(bench.step("T32R"))
    assert case.sealings_of("result")[:1] == old and len(case.sealings_of("result")) == 2
    assert case.corrections == (case.head,) and case.state is State.DELIVERING
    decided = Bench().reach("T32")
    outcome = decided.case.outcome
    assert decided.do(decided.step("T32")).outcome == outcome


@proves("T36")
def test_void_stops_the_clocks_and_hides_no_card() -> None:
    bench = Bench().reach("T19")
    bench.do(bench.step("T19"))
    before = bench.case.cards
    assert before
    case = bench.do(bench.step("T36"))
    assert case.state is State.VOIDED and case.cards == before
    assert all(clock.stopped_at for clock in case.clocks.values())


@proves("T36")
def test_a_duplicate_at_the_window_ends_with_a_link_to_the_other() -> None:
    bench = Bench().reach("T08")
    step = bench.step("T36").saying(reason="DUPLICATE", linked=OTHER_CASE)
    assert step.node == WINDOW
    assert bench.do(step).linked == (Link(OTHER_CASE, "DUPLICATE_OF"),)


@proves("T39")
def test_a_review_opens_another_case_and_leaves_this_one() -> None:
    bench = Bench().reach("T39")
    before = bench.case
    case = bench.do(bench.step("T39"))
    assert (case.state, case.outcome, case.sealings) == (State.CLOSED, before.outcome, before.sealings)
    assert case.linked == (Link(OTHER_CASE, "REOPENED_AS"),)


def test_a_file_with_an_inner_life_comes_back_from_its_document() -> None:
    bench = _under_review(_on(3, 2), lambda item: item.update(steps={"UNDERTAKE": 2}))
    bench.walk("T25", "T25B", "T26N", "T29", "T26", "T27", "T27N", "T28")
    bench.do(bench.step("T30"))
    assert from_document(bench.case.to_document()) == bench.case == bench.replayed()
    assert CALENDAR.version and manifest("opinion").kind == "opinion"


# --- the list (C02, C03, C06, F02) -------------------------------------------------------------------------------


@proves("C02", "C03", "C07")
@pytest.mark.parametrize(
    ("changes", "at_once"),
    [
        ({"case_type": "INSTANT", "promised_limit": {"n": 1, "unit": "WORKING_DAY"}, "special_procedures": []}, True),
        ({"case_type": "INSTANT", "promised_limit": {"n": 4, "unit": "HOUR"}, "special_procedures": []}, True),
        (
            {"case_type": "COMMITTED", "promised_limit": {"n": 1, "unit": "WORKING_DAY"}, "special_procedures": []},
            False,
        ),
        ({"promised_limit": {"n": 1, "unit": "WORKING_DAY"}}, False),
    ],
)
def test_what_may_be_decided_at_once(changes: dict[str, Any], at_once: bool) -> None:
    bench = Bench()
    bench.change_item(lambda item: item.update(changes))
    assert bench.catalogue.item(TASK).decided_at_once is at_once


@proves("F02", "C06")
@pytest.mark.parametrize(
    "changes", [{"decision_by": "FRIEND"}, {"steps": {"SLEEP": 1}}, {"steps": {"APPROVE": 0}}, {"steps": ["APPROVE"]}]
)
def test_a_list_that_names_no_decider_or_step_is_refused(changes: dict[str, Any]) -> None:
    bench = Bench()
    with pytest.raises(Refusal, match="CATALOGUE_BREACHES"):
        bench.change_item(lambda item: item.update(changes))

"""One notice, its supplement, deemed acceptance, refusal: what each act does (states.md T15 to T21, timelines 2, 3)."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from crypto.canonical import CHINA
from crypto.refusal import Refusal
from deploy.calendar_seed import seed_calendar
from hub.casework import facts, timers
from hub.casework.access.values import Sealing
from hub.casework.casefile import from_document
from hub.casework.states import State
from hub.casework.supervision.values import Card
from hub.casework.time import clocks
from hub.casework.time.calendar import WorkCalendar
from tests.unit.law.law_people import CALENDAR, CATALOGUE, DEPARTMENT, OTHER_WINDOW, TASK, WINDOW
from tests.unit.law.law_scenarios_entry import line
from tests.unit.law.law_steps import LACKS
from tests.unit.law.law_world import Bench


def _on(month: int, day: int, hour: int = 10, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=CHINA)


def _end(day: str) -> str:
    return f"{day}T23:59:59.999+08:00"


# --- dated timelines (states.md 11) ------------------------------------------------------------------------------


@pytest.mark.requirement("timeline 2")
def test_timeline_2_nobody_acts_and_the_case_is_deemed_accepted() -> None:
    """Delivered 2026-02-12: K2 due end of 02-26, accepted as of 02-12, ten working days due 03-04."""
    bench = Bench(start=_on(2, 12))
    bench.change_item(lambda item: item["promised_limit"].update(n=10))
    bench.walk("T05", "W1", "T08", "T10")
    received = bench.case.recorded_at
    assert bench.case.clocks["K2"].due == _end("2026-02-26")
    bench.now = _on(2, 26)
    waiting = bench.settle()  # reminders alone (states.md 9): the coordinator hears after three working days
    assert waiting.state is State.PENDING_ACCEPT and {card.kind for card in waiting.cards} == {"W1", "W3"}
    bench.now = datetime.fromisoformat(_end("2026-02-26"))
    assert bench.due() is None
    bench.now = _on(2, 27, 0, 0)
    case = bench.settle()
    assert (case.state, case.deemed, case.effective_at) == (State.UNDER_REVIEW, True, received)
    assert case.clocks["K3"].due == _end("2026-03-04")
    assert case.clocks["K2"].expired and case.clocks["K2"].stopped_at == case.recorded_at
    assert Card("R3", case.recorded_at, DEPARTMENT, case.head) in case.cards
    assert bench.due() is None


@pytest.mark.requirement("timeline 3")
def test_timeline_3_notice_addendum_and_acceptance_as_of_the_day_it_was_complete() -> None:
    """K2 due 03-09; notice 03-05; complete 03-20; new K2 due 03-27; accepted 03-23 as of 03-20; 20 days due 04-20."""
    bench = Bench(start=_on(3, 2)).reach("T16")
    assert bench.case.clocks["K2"].due == _end("2026-03-09")
    bench.now = _on(3, 5)
    noticed = bench.do(bench.step("T16").saying(due="2026-03-25"))
    assert noticed.state is State.SUPPLEMENT
    assert noticed.clocks["K2"].stopped_at == noticed.recorded_at
    assert noticed.clocks["K6"].due == _end("2026-03-25")
    bench.now = _on(3, 20)
    supplemented = bench.do(bench.step("T17")).recorded_at
    bench.walk("W1:addendum")
    completed = bench.settle()
    assert (completed.state, completed.supplement_at) == (State.PENDING_ACCEPT, supplemented)
    assert completed.clocks["K6"].stopped_at == completed.recorded_at
    assert completed.clocks["K2"].due == _end("2026-03-27")
    bench.now = _on(3, 23)
    accepted = bench.do(bench.step("T14"))
    assert accepted.effective_at == supplemented and accepted.effective_at[:10] == "2026-03-20"
    assert accepted.clocks["K4"].due == _end("2026-04-20")
    longer = clocks.extend(accepted.clocks["K4"], 10, accepted.recorded_at, "f" * 64, CALENDAR)
    assert longer.due == _end("2026-05-07")
    assert accepted.cards == ()


# --- told once (行政许可法 32(4)) -----------------------------------------------------------------------------------


@pytest.mark.requirement("T15", "T18")
def test_t15_after_a_supplement_acceptance_is_deemed_from_the_day_it_was_handed_in() -> None:
    """行政许可法 32(5): the keys came a day later (T18); K2 runs from then, the acceptance counts from before."""
    bench = Bench().reach("T18")
    handed_in = bench.case.supplement_at
    bench.now += timedelta(days=1)
    bench.do(bench.step("T18"))
    bench.now += timedelta(days=30)
    case = bench.settle()
    assert case.deemed and case.effective_at == handed_in < case.clocks["K2"].started_at


@pytest.mark.requirement("F05", "F06", "T19", "T21", "T22")
@pytest.mark.parametrize("row", ["T19", "T21", "T22"])
def test_who_first_answers_a_case_that_nobody_took_answers_for_it(row: str) -> None:
    bench = Bench().reach(row)
    bench.file = replace(bench.case, responsible="", takings=())
    assert bench.do(bench.step(row)).responsible == bench.person(DEPARTMENT, "ACCEPTOR")


def test_the_refusal_of_a_second_notice_names_the_first() -> None:
    bench = Bench().reach("T19")
    first = bench.case.notices[0]
    with pytest.raises(Refusal) as refused:
        bench.do(bench.step("T16").saying(lines=[line("M03", "EXPIRED")]))
    assert refused.value.code == "SECOND_NOTICE"
    assert refused.value.values == {"notice": first.digest, "at": first.at}
    assert first.digest in bench.case.custody


def test_t19_a_defect_of_the_addendum_itself_raises_no_card() -> None:
    bench = Bench().reach("T19")
    step = bench.step("T19").saying(basis="ADDENDUM_DEFECT", lines=[line("M05", "UNREADABLE")])
    case = bench.do(step)
    assert (case.state, case.cards, len(case.notices)) == (State.SUPPLEMENT, (), 2)
    assert case.notices[1].materials == {"M05"}


def test_t19_an_override_raises_r4_on_the_department() -> None:
    """And R5, since it finds fault with what the case holds and was not told at first (E01)."""
    bench = Bench().reach("T19")
    case = bench.do(bench.step("T19"))
    raised = [Card(kind, case.recorded_at, DEPARTMENT, case.head) for kind in ("R5", "R4")]
    assert case.cards == tuple(raised)


def test_t19_an_override_about_what_was_told_before_raises_r4_alone() -> None:
    bench = Bench().reach("T19")
    case = bench.do(bench.step("T19").saying(lines=[line("M05", "UNREADABLE")]))
    assert [card.kind for card in case.cards] == ["R4"]


def test_t19_the_second_supplement_is_answered_by_later_addenda_alone() -> None:
    bench = Bench().reach("T19")
    bench.do(bench.step("T19"))
    assert bench.due() is None  # what came before does not answer it
    bench.walk("T17", "W1:addendum")
    assert bench.case.sealings_of("addendum")[-1].revision == 2
    assert bench.settle().state is State.PENDING_ACCEPT


def test_e01_what_an_addendum_brought_is_held_too() -> None:
    bench = Bench().reach("T19")
    step = bench.step("T19").saying(lines=[line("M05", "MISSING")])
    with pytest.raises(Refusal) as refused:
        bench.do(step)
    assert refused.value.code == "ALREADY_HELD"
    assert refused.value.values == {"material": "M05", "node": WINDOW}


@pytest.mark.parametrize("due, last", [("2026-03-14", "2026-03-16"), ("2026-03-13", "2026-03-13")])
def test_t16_a_last_day_off_moves_to_the_next_working_day(due: str, last: str) -> None:
    """民法典 203: 2026-03-14 is a Saturday."""
    bench = Bench().reach("T16")
    assert bench.do(bench.step("T16").saying(due=due)).clocks["K6"].due == _end(last)


def test_t16_the_words_are_sealed_and_wrapped_to_the_window() -> None:
    bench = Bench().reach("T16")
    words = bench.store(replace(bench.objects[bench.result].manifest, kind="notice"))
    case = bench.do(bench.step("T16").saying(manifest=words))
    assert case.sealings[-1] == Sealing("notice", 1, words, f"{case.case}/result", f"v-{words[:8]}", DEPARTMENT)
    wrap = replace(bench.wrap(WINDOW, ("R01",), by=DEPARTMENT, sealing=words), role="department")
    assert bench.do(wrap).wraps[-1].recipient == WINDOW
    assert bench.do(bench.step("H02").saying(manifest=words)).case_seq


# --- the supplement ----------------------------------------------------------------------------------------------


def test_t17_parts_come_from_several_windows_and_t18_waits_for_all_and_for_the_keys() -> None:
    bench = Bench().reach("T17")
    with pytest.raises(Refusal, match="NOT_YOUR_CASE"):
        bench.do(replace(bench.step("T17"), node=OTHER_WINDOW))
    bench.do(bench.step("A1"))
    assert OTHER_WINDOW in bench.case.parties()
    mine, other = bench.addendum(("M02",)), bench.step("T17")
    bench.do(other.saying(manifest=mine, materials=["M02"]))
    bench.do(bench.step("W1:addendum"))
    assert bench.due() is None
    theirs = bench.addendum(("M05",))
    bench.do(replace(other.saying(manifest=theirs, materials=["M05"]), node=OTHER_WINDOW))
    assert bench.due() is None
    assert bench.case.sealings[-1].sealed_by == OTHER_WINDOW
    bench.do(bench.step("W1:addendum"))
    case = bench.settle()
    assert case.state is State.PENDING_ACCEPT
    assert [made.revision for made in case.sealings_of("addendum")] == [1, 2]


def test_t17_the_application_stays_as_it_was_sealed() -> None:
    bench = Bench().reach("T17")
    before = bench.case.sealings
    bench.walk("T17", "W1:addendum")
    assert bench.settle().sealings[: len(before)] == before


def test_t17_a_helper_may_pass_keys_to_the_window_and_the_department_and_to_nobody_else() -> None:
    bench = Bench().reach("T17")
    bench.do(bench.step("A1"))
    sealed = bench.addendum(("M02",))
    bench.do(replace(bench.step("T17").saying(manifest=sealed, materials=["M02"]), node=OTHER_WINDOW))
    for node in (WINDOW, DEPARTMENT):
        bench.do(bench.wrap(node, ("M02",), by=OTHER_WINDOW, sealing=sealed))
    bench.do(bench.wrap(OTHER_WINDOW, ("M02",), by=WINDOW, sealing=sealed))
    with pytest.raises(Refusal, match="RECIPIENT_FORBIDDEN"):
        bench.do(bench.wrap("spiffe://yidi.test/360403000000/jiangxi-xunyang-scj", ("M02",), sealing=sealed))


def test_t17e_the_applicant_gets_more_time() -> None:
    bench = Bench().reach("T17E")
    first = bench.case.notices[0]
    case = bench.do(bench.step("T17E").saying(due="2026-03-31"))
    assert (case.state, case.notices[0]) == (State.SUPPLEMENT, replace(first, due="2026-03-31"))
    assert case.clocks["K6"].due == _end("2026-03-31")
    again = bench.do(bench.step("T17E").saying(due="2026-04-07"))
    assert again.clocks["K6"].due == _end("2026-04-07")
    assert len(again.clocks["K6"].extensions) == 2


def test_t20_lapse_needs_the_day_to_pass_a_reminder_and_one_more_working_day() -> None:
    """The notice's day is 2026-03-12, a Thursday; the working day of grace is the Friday."""
    bench = Bench().reach("T17")
    bench.now = _on(3, 14, 0, 0)
    case = bench.do(bench.step("T20"))
    assert case.state is State.TERMINATED
    assert all(clock.stopped_at for clock in case.clocks.values())


def test_t20_a_late_supplement_is_still_taken_while_nobody_ended_the_case() -> None:
    bench = Bench().reach("T20")
    bench.walk("T17", "W1:addendum")
    assert bench.settle().state is State.PENDING_ACCEPT


def test_t20_what_was_handed_in_whole_never_lapses_and_acceptance_counts_from_that_day() -> None:
    """行政许可法 32(5): the keys come weeks later; that is not the applicant's doing."""
    bench = Bench().reach("T17")
    handed_in = bench.do(bench.step("T17")).recorded_at
    bench.now += timedelta(days=31)
    with pytest.raises(Refusal) as refused:
        bench.do(bench.step("T20"))
    assert (refused.value.code, refused.value.values) == ("SUPPLEMENT_WHOLE", {"node": DEPARTMENT})
    bench.do(bench.step("W1:addendum"))
    case = bench.settle()
    assert case.clocks["K2"].started_at == case.recorded_at > handed_in
    assert bench.do(bench.step("T14")).effective_at == handed_in


def test_a_second_notice_begins_a_supplement_of_its_own() -> None:
    bench = Bench().reach("T19")
    assert bench.case.supplement_at
    assert bench.do(bench.step("T19")).supplement_at == ""


def test_a_supplement_of_lines_without_pages_needs_no_keys() -> None:
    """Covered by another material that the case holds (D19)."""
    bench = Bench().reach("T17")

    def change(item: dict[str, Any]) -> None:
        for material in item["materials"]:
            if material["code"] in ("M02", "M05"):
                material |= {"acquisition": ["SUBMIT", "COVERED_BY"], "covered_by": ["M03"]}

    bench.change_item(change)
    digest = bench.addendum(("M02", "M05"))
    bare = bench.objects[digest].manifest
    covered = tuple(replace(each, pages=(), acquisition="COVERED_BY") for each in bare.lines)
    digest = bench.store(replace(bare, lines=covered))
    bench.do(bench.step("T17").saying(manifest=digest))
    assert bench.settle().state is State.PENDING_ACCEPT


# --- a calendar that was announced later (states.md 9) -----------------------------------------------------------

UNKNOWN = WorkCalendar.from_document(seed_calendar((2025,), "2025.1"))
"""A calendar that does not know 2026."""


def test_k2_is_counted_by_the_calendar_in_force() -> None:
    """Timeline 2 with the spring festival announced only after delivery: 02-19 moves to 02-26."""
    bench = Bench(start=_on(2, 12))
    bench.calendar = UNKNOWN
    bench.walk("T05", "W1", "T08", "T10")
    told = bench.case.clocks["K2"]
    assert (told.due, told.provisional) == (_end("2026-02-19"), True)
    deem, bench.calendar = bench.step("T15"), CALENDAR
    bench.do(bench.step("T13"))  # somebody took it, and forgot it
    bench.now = _on(2, 20, 0)
    assert bench.due() is None
    bench.now = _on(2, 26, 0)
    bench.settle()
    assert timers.wake_at(bench.case, bench.world()) == "2026-02-27T00:00:00.000+08:00"
    with pytest.raises(Refusal, match="CLOCK_NOT_DUE"):
        bench.do(deem)
    bench.now = _on(2, 27, 0)
    case = bench.settle()
    assert (case.deemed, case.clocks["K2"].due, case.clocks["K2"].expired) == (True, _end("2026-02-26"), True)


def test_a_clock_of_a_known_calendar_stays_as_it_was_told() -> None:
    bench = Bench(start=_on(2, 12)).walk("T05", "W1", "T08", "T10")
    bench.calendar = UNKNOWN
    assert facts.clock_of(bench.case, "K2", bench.world()) is bench.case.clocks["K2"]


@pytest.mark.parametrize(("due", "told", "now"), [("2026-02-14", "02-16", "02-16"), ("2026-02-18", "02-18", "02-24")])
def test_k6_is_never_shorter_than_the_applicant_was_told(due: str, told: str, now: str) -> None:
    """02-14 is a working Saturday and 02-16 to 02-23 are days off, as was announced after the notice."""
    bench = Bench(start=_on(2, 9))
    bench.calendar = UNKNOWN
    bench.reach("T16")
    case = bench.do(bench.step("T16").saying(due=due))
    assert case.clocks["K6"].due == _end(f"2026-{told}")
    bench.calendar = CALENDAR
    counted = facts.clock_of(case, "K6", bench.world())
    assert counted is not None and counted.due == _end(f"2026-{now}")


# --- invariant 16, refusal ---------------------------------------------------------------------------------------


@pytest.mark.requirement("invariant 16")
@pytest.mark.parametrize("row", ["T14", "T16", "T21", "T22"])
def test_invariant_16_nothing_is_deemed_after_an_answer(row: str) -> None:
    bench = Bench().reach(row)
    bench.do(bench.step(row))
    deem = bench.step("T15")
    bench.now = _on(12, 1)
    assert not any(event is not None and event.event == "deem_accept" for event in [bench.due()])
    with pytest.raises(Refusal, match="STATE_FORBIDS"):
        bench.do(deem)


def test_t21_refuses_with_the_competent_body_and_stops_every_clock() -> None:
    bench = Bench().reach("T21")
    case = bench.do(bench.step("T21"))
    assert case.state is State.NOT_ACCEPTED
    assert all(clock.stopped_at for clock in case.clocks.values())
    other = Bench().reach("T21")
    step = other.step("T21").saying(reason="NO_LICENCE_NEEDED", competent_body=None)
    assert other.do(step).state is State.NOT_ACCEPTED


def test_outside_the_licensing_law_nothing_is_deemed() -> None:
    bench = Bench()
    bench.change_item(lambda item: item.update(licensing_law=False))
    bench.reach("T14")
    bench.now = _on(12, 1)
    assert bench.settle().state is State.PENDING_ACCEPT


def test_the_lists_of_the_tests_fit_the_item() -> None:
    item = CATALOGUE.item(TASK)
    assert all(item.material(found["material"]) for found in LACKS)
    assert CALENDAR.is_working(date(2026, 3, 12))


def test_a_file_with_everything_in_it_comes_back_from_its_document() -> None:
    bench = Bench().reach("T19")
    case = bench.do(bench.step("T19"))
    assert from_document(case.to_document()) == case == bench.replayed()

"""Late entries: done on paper while nothing worked, entered afterwards, confirmed by a second person (states.md 9)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from crypto.canonical import time_text, time_value
from crypto.refusal import Refusal
from hub.casework.casefile import from_document
from hub.casework.figures.following import LATE_AFTER, Following
from hub.casework.figures.values import Fact
from hub.casework.late.rows import ON_PAPER, with_late_entries
from hub.casework.reasons import LATE_CAUSES
from hub.casework.table import LAW, ROWS
from node_agent.auditor.course import course
from tests.proofs.ids import row_id
from tests.unit.law.law_online import PORTAL, forwarded, open_portal, seal
from tests.unit.law.law_scenarios_late import ENTERED, HAPPENED, alone, late
from tests.unit.law.law_world import Bench

MARKED = [pytest.param(row.id, marks=pytest.mark.requirement("A22", row_id(row))) for row in ROWS if row.id in ON_PAPER]


def _at(bench: Bench, row: str, *, is_late: bool) -> Bench:
    """The act of the row, on time or as a late entry, in a case that is the same otherwise."""
    bench.reach(row)
    bench.do(late(bench, bench.step(row)) if is_late else bench.step(row))
    return bench


@pytest.mark.parametrize("row", MARKED)
def test_a_late_entry_counts_and_its_earlier_time_changes_nothing(row: str) -> None:
    """Nobody gains by an earlier time: state, clocks and papers are those of the same act on time."""
    entered, on_time = (_at(Bench(), row, is_late=found) for found in (True, False))
    assert entered.acts[-1].statement.occurred == on_time.acts[-1].moment + HAPPENED
    assert entered.case.state is on_time.case.state
    assert entered.case.clocks == on_time.case.clocks
    assert entered.case.recorded_at == on_time.case.recorded_at
    assert entered.replayed() == entered.file and from_document(entered.case.to_document()) == entered.case


@pytest.mark.requirement("A22", "row T05")
def test_the_limit_to_send_on_a_case_that_was_taken_in_on_paper_begins_in_the_log() -> None:
    bench = _at(Bench(), "T05", is_late=True)
    assert bench.case.clocks["K1"].started_at == bench.acts[-1].recorded_at


@pytest.mark.requirement("A22")
@pytest.mark.parametrize("cause", LATE_CAUSES)
def test_every_cause_of_the_list_is_one(cause: str) -> None:
    bench = Bench().reach("O2")
    assert bench.do(late(bench, bench.step("O2"), cause=cause))


@pytest.mark.requirement("A22", "row O3")
def test_the_witness_of_a_packing_is_its_second_person() -> None:
    bench = Bench().reach("O3")
    with pytest.raises(Refusal, match="SECOND_PERSON_MISSING"):
        bench.do(alone(bench, bench.step("O3")))
    assert bench.do(late(bench, bench.step("O3"))).parcels


@pytest.mark.requirement("A22", "A02")
def test_a_portal_has_nothing_on_paper() -> None:
    bench = Bench()
    open_portal(bench)
    with pytest.raises(Refusal, match="LATE_ENTRY_ONLINE"):
        bench.do(late(bench, seal(bench)))
    assert forwarded(Bench()).case.collecting_node == PORTAL


@pytest.mark.requirement("A22")
def test_what_was_signed_offline_at_its_own_time_is_no_late_entry() -> None:
    """The journal keeps it for days; it needs nobody else, and an entry that waited there stays one."""
    bench = Bench().reach("O2")
    assert bench.do(replace(bench.step("O2"), occurred=timedelta(days=-3)))
    other = Bench().reach("O2")
    waited = late(other, other.step("O2"), timedelta(days=-2))
    assert other.do(replace(waited, occurred=timedelta(days=-3)))


@pytest.mark.requirement("A22")
@pytest.mark.parametrize("row", ["T14", "T16", "T31", "T33", "D4", "T36"])
def test_a_legal_act_of_the_department_has_the_date_of_the_log(row: str) -> None:
    bench = Bench().reach(row)
    with pytest.raises(Refusal, match="BODY_MEMBER"):
        bench.do(late(bench, bench.step(row)))


def test_a_row_that_is_not_there_takes_no_late_entry() -> None:
    with pytest.raises(ValueError, match="O2"):
        with_late_entries(tuple(row for row in ROWS if row.id != "O2"))


def _counted(bench: Bench) -> list[tuple[Fact, str]]:
    following = Following(bench.calendar)
    file = None
    for leaf, act, world in zip(bench.leaves(), bench.acts, bench.worlds, strict=True):
        file = LAW.apply(file, act, world)
        following.see(leaf, file)
    found = following.figures()
    assert found is not None
    return [(one.fact, one.code) for one in found.happened if one.fact is Fact.LATE_ENTRY]


@pytest.mark.requirement("A22", "H04")
def test_figures_count_a_late_entry_once_however_soon_it_was_entered() -> None:
    bench = Bench().reach("O2")
    bench.do(replace(bench.step("O2"), occurred=-LATE_AFTER))
    assert _counted(bench) == []
    soon = _at(Bench(), "O2", is_late=True)
    assert _counted(soon) == [(Fact.LATE_ENTRY, "take_original")]
    after = Bench().reach("O2")
    step = late(after, after.step("O2"))
    after.do(replace(step, occurred=-LATE_AFTER - timedelta(hours=1)))
    assert _counted(after) == [(Fact.LATE_ENTRY, "take_original")]


@pytest.mark.requirement("A22", "H04")
def test_the_course_shows_who_entered_it_when_and_why() -> None:
    bench = _at(Bench(), "O2", is_late=True)
    told = course(bench.leaves())[-1]
    happened = bench.acts[-1].statement.occurred_at
    entered = time_text(time_value(bench.acts[-1].recorded_at) + ENTERED)
    assert told.event == "take_original" and told.second.endswith("/person/SECOND")
    words = (moment[:16].replace("T", " ") for moment in (happened, entered))
    assert told.detail == "补录：{} 纸上办理，停电，{} 录入".format(*words)
    on_time = _at(Bench(), "O2", is_late=False)
    assert "take_original" not in {row.event for row in course(on_time.leaves())}

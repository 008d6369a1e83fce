"""Paper that nobody sends or opens: K9 since it was due, check-in after a working day, K2 all the same (O3, O5; K2)."""

from datetime import datetime

import pytest

from crypto.canonical import CHINA
from hub.casework import timers
from hub.casework.casefile import CaseFile, from_document
from hub.casework.originals import limits, states
from hub.casework.states import State
from tests.unit.law.law_people import CATALOGUE, DEPARTMENT, TASK, WINDOW
from tests.unit.law.law_steps import TURNS
from tests.unit.law.law_steps_paper import ITEMS
from tests.unit.law.law_world import Bench

proves = pytest.mark.requirement
HELD = ("T05", "W1", "T08", "T10", "wants originals", "O2")


def _on(day: int, hour: int = 10) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=CHINA)


def _by_paper(*names: str) -> Bench:
    """A case of an item that counts from the originals; sealed and delivered on Monday, 2026-03-02."""
    bench = Bench(start=_on(2))
    bench.change_item(lambda item: item.update(receipt_basis="ORIGINALS"))
    bench.walk("T05", "W1", "T08")
    bench.change_item(
        lambda item: [
            item.update(receipt_basis="ORIGINALS"),
            [one.update(original_policy="MAIL_FOR_ARCHIVE") for one in item["materials"] if one["code"] == "M02"],
        ].clear()
    )
    return bench.walk("O2", "T10", *names)


def _cards(case: CaseFile) -> list[tuple[str, str]]:
    return [(card.kind, card.subject) for card in case.cards if card.kind in ("Y4", "Y14")]


@proves("K9", "row O3")
def test_k9_runs_since_the_parcel_was_due_packed_or_not() -> None:
    """With the department on 2026-03-02: due at the end of 03-03; packed later it is the same limit, said once."""
    bench = Bench(start=_on(2)).walk(*HELD)
    assert timers.wake_at(bench.case, bench.world()) == "2026-03-04T00:00:00.000+08:00"
    bench.now = _on(4, 0)
    assert _cards(bench.settle()) == [("Y4", WINDOW)]
    bench.walk("O3")
    bench.now = _on(6)
    assert _cards(bench.settle()) == [("Y4", WINDOW)]
    assert from_document(bench.case.to_document()) == bench.case == bench.replayed()


@proves("K9", "row O3")
def test_k9_of_what_was_packed_late_counts_the_days_before() -> None:
    bench = Bench(start=_on(2)).walk(*HELD)
    bench.now = _on(3)
    bench.walk("O3")
    bench.now = _on(4, 0)
    assert _cards(bench.settle()) == [("Y4", WINDOW)]


@proves("K9", "row E08")
def test_what_is_offered_for_fetching_is_not_posted() -> None:
    bench = Bench(start=_on(2)).walk(*HELD, "E08")
    bench.now = _on(5)
    assert _cards(bench.settle()) == []


@proves("K9", "row D4")
def test_a_result_by_post_goes_out_within_a_working_day() -> None:
    """Issued on Monday, 2026-03-02: due at the end of 03-03."""
    bench = Bench(start=_on(2)).reach("D4")
    bench.now = _on(4, 0)
    assert _cards(bench.settle()) == [("Y4", DEPARTMENT)]


@proves("row O5", "K2")
def test_a_parcel_left_shut_holds_k2_back_for_a_working_day_only() -> None:
    """Arrived 2026-03-04: to be opened by 03-05; then K2 counts from 03-04: due 03-11, deemed accepted as of 03-04."""
    bench = _by_paper("O3", "D4W:B1", "D5E:B1 collected")
    bench.now = _on(4)
    bench.walk("D5E:B1 delivered")
    assert "K2" not in bench.case.clocks
    assert timers.wake_at(bench.case, bench.world()) == "2026-03-06T00:00:00.000+08:00"
    bench.now = _on(6, 0)
    case = bench.settle()
    assert _cards(case) == [("Y14", DEPARTMENT)]
    assert (case.clocks["K2"].due or "")[:10] == "2026-03-11" and case.clocks["K2"].started_at[:10] == "2026-03-04"
    bench.walk("O6")
    assert bench.case.clocks["K2"] == case.clocks["K2"]
    bench.now = _on(12, 0)
    case = bench.settle()
    assert (case.state, case.effective_at[:10]) == (State.UNDER_REVIEW, "2026-03-04")
    assert from_document(case.to_document()) == case == bench.replayed()


@proves("row O5", "K2", "row T23")
def test_a_parcel_left_shut_at_the_wrong_department_has_not_arrived() -> None:
    """The papers lie with who said that the case is not its own: the right department has not received them."""
    bench = _by_paper("O3", "D4W:B1", "D5E:B1 collected", "T22", "T23", "W1:other", "T10")
    assert bench.case.accepting_node != DEPARTMENT
    bench.walk("D5E:B1 delivered")
    bench.now = _on(6, 0)
    case = bench.settle()
    assert ("Y14", DEPARTMENT) in _cards(case) and states.awaited(case)
    assert "K2" not in case.clocks or case.clocks["K2"].stopped_at


@proves("K9", "row D11", "row O3")
def test_packing_and_recalling_puts_k9_off_for_nobody() -> None:
    bench = Bench(start=_on(2)).walk(*HELD)
    bench.now = _on(3)
    bench.walk("O3", "D11")
    bench.now = _on(4, 0)
    assert _cards(bench.settle()) == [("Y4", WINDOW)]
    assert from_document(bench.case.to_document()) == bench.case == bench.replayed()


@proves("K9", "row T30", "row O3")
def test_papers_below_are_due_above_once_the_case_was_taken_up() -> None:
    """Taken up on 2026-03-03: the department below sends them off by 03-04."""
    bench = Bench(start=_on(2)).walk(*HELD, "O3", "D4W:B1", "D5E:B1 collected", "D5E:B1 delivered", "O6", "T14", "T30")
    bench.now = _on(3)
    TURNS["keys go up"](bench)
    assert limits.owed(bench.case) == ()
    bench.walk("T30D")
    bench.now = _on(5, 0)
    assert _cards(bench.settle()) == [("Y4", DEPARTMENT)]
    assert from_document(bench.case.to_document()) == bench.case == bench.replayed()


@proves("row O6", "K2")
def test_who_opens_in_time_starts_k2_with_the_check_in() -> None:
    bench = _by_paper("O3", "D4W:B1", "D5E:B1 collected", "D5E:B1 delivered")
    bench.now = _on(3)
    bench.walk("O6")
    bench.now = _on(6)
    assert _cards(bench.settle()) == []
    assert bench.case.clocks["K2"].started_at[:10] == "2026-03-03"


@proves("row D11", "row T32")
def test_a_result_recalled_and_corrected_is_ready_again() -> None:
    bench = Bench().reach("T32R").walk("D11R", "T32R")
    assert bench.case.result is None
    bench.walk("W1:gateway", "D4")
    assert bench.case.parcels[-1].kind == "RESULT"


@proves("row T24", "A06", "invariant 13")
def test_what_is_held_is_called_what_the_new_application_calls_it() -> None:
    """A case that went back and is sealed for another list: the same paper, under its material of now."""
    bench = Bench().walk("T05", "W1", "T08", "T10", "wants originals", "O2", "T22", "T24")
    held = [(one.material, one.policy) for one in bench.case.originals]
    assert held == [("M02", "MAIL_FOR_ARCHIVE")] * 2
    bench.change_item(lambda item: None)
    listed = CATALOGUE.item(TASK).material("M02")
    assert listed is not None and listed.original_policy != "MAIL_FOR_ARCHIVE"
    again = bench.do(bench.step("T05R"))
    assert [(one.item, one.material, one.policy) for one in again.originals] == [
        (name, "M02", listed.original_policy) for name in ITEMS
    ]

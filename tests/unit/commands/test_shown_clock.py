"""C04: the case type decides which clock is shown, at the window and in the department's queue."""

import pytest

from hub.casework.time.shown import shown_clock
from tests.unit.law.law_world import Bench

pytestmark = pytest.mark.requirement("C04")


@pytest.mark.parametrize(
    "row, committed, instant",
    [("T14", "K2", "K3"), ("T17", "K6", "K6"), ("T31", "K3", "K3"), ("D5E", "K8", "K8")],
)
def test_the_type_decides_which_clock_is_shown(row: str, committed: str, instant: str) -> None:
    clocks = Bench().reach(row).case.clocks
    one, other = shown_clock("COMMITTED", clocks), shown_clock("INSTANT", clocks)
    assert (one.clock, other.clock) == (committed, instant)
    assert one.due == clocks[committed].due and one.words.startswith("承诺件")
    assert other.words.startswith("即办件")


def test_an_instant_case_that_waits_is_to_be_done_on_the_spot() -> None:
    clocks = Bench().reach("T14").case.clocks
    assert shown_clock("INSTANT", clocks).words == "即办件：当场办结"
    assert "2026-03-09" in shown_clock("COMMITTED", clocks).words


def test_a_paused_clock_and_an_ended_case() -> None:
    paused = Bench().reach("T27").case.clocks
    assert shown_clock("COMMITTED", paused).words.endswith("暂停中")
    ended = Bench()
    ended.reach("T34")
    ended.do(ended.step("T34"))
    assert shown_clock("COMMITTED", ended.case.clocks).clock == ""

"""What waits too long, for whom and whom to call; the ages of queues (F13, F14)."""

from datetime import timedelta

import pytest

from crypto.canonical import time_text
from hub.casework.casefile import CaseFile
from hub.casework.states import State
from hub.casework.supervision.waiting import LONGEST_HOURS, queue_ages, stuck, waits
from tests.unit.law.law_people import COORDINATOR, DEPARTMENT, HIGHER_DEPARTMENT, WINDOW
from tests.unit.law.law_world import Bench

proves = pytest.mark.requirement


@proves("F13", "F05")
@pytest.mark.parametrize(
    ("row", "state", "node"),
    [
        ("W1", State.COLLECTED, WINDOW),
        ("T10", State.FORWARDED, DEPARTMENT),
        ("T14", State.PENDING_ACCEPT, DEPARTMENT),
        ("T23", State.REROUTING, COORDINATOR),
        ("T30D", State.REFERRED, HIGHER_DEPARTMENT),
    ],
)
def test_a_stuck_hand_over_names_whose_turn_it_is(row: str, state: State, node: str) -> None:
    bench = Bench().reach(row)
    one = waits(bench.case)
    assert one is not None and (bench.case.state, one.node) == (state, node)
    limit = timedelta(hours=LONGEST_HOURS[state])
    since = bench.now.fromisoformat(one.since)
    assert stuck([bench.case], time_text(since + limit - timedelta(minutes=1))) == []
    assert stuck([bench.case], time_text(since + limit)) == [one]
    assert stuck([bench.case], time_text(since + timedelta(hours=1)), 1) == [one]


@proves("F13")
def test_what_somebody_took_or_the_applicant_owes_is_not_stuck() -> None:
    later = "2026-12-31T00:00:00.000+08:00"
    assert stuck([Bench().reach("T14").walk("T13").case], later) == []
    assert waits(Bench().reach("T17").case) is None
    assert waits(Bench().reach("T37P").case) is None


@proves("F14")
def test_queue_ages_count_what_lies_at_each_node() -> None:
    pending, decided = Bench().reach("T14").case, Bench().reach("T33").case
    files: list[CaseFile] = [pending, decided, Bench().reach("W1").case, Bench().reach("T17").case]
    ages = {age.node: age for age in queue_ages(files, time_text(Bench().now + timedelta(hours=30)))}
    assert ages.keys() == {WINDOW, DEPARTMENT}
    assert (ages[DEPARTMENT].count, ages[DEPARTMENT].untaken, ages[WINDOW].count) == (2, 1, 1)
    assert ages[DEPARTMENT].oldest == 29

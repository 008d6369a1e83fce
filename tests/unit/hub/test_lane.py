"""One thread for all that waits: order, bounds, company, and the end."""

import threading
import time

import pytest

from hub.services.lane import Lane

WAIT = 30.0


class Seen:
    """What a lane worked on, take by take; ``gate`` holds the work up while it is closed."""

    def __init__(self) -> None:
        self.takes: list[list[int]] = []
        self.gate = threading.Event()
        self.began = threading.Event()

    def work(self, items: list[int]) -> None:
        self.takes.append(items)
        self.began.set()
        assert self.gate.wait(WAIT)


def test_what_came_while_it_was_busy_is_taken_at_once_and_in_order() -> None:
    seen = Seen()
    lane = Lane("test", seen.work)
    assert lane.put(0)
    assert seen.began.wait(WAIT)
    for number in range(1, 6):
        assert lane.put(number)
    seen.gate.set()
    lane.close()
    assert seen.takes == [[0], [1, 2, 3, 4, 5]]


def test_a_take_is_bounded_by_weight_and_never_empty() -> None:
    seen = Seen()
    lane = Lane("test", seen.work, most=5, weight=lambda item: item)
    seen.gate.set()
    assert lane.put(2, 2, 2, 9, 1)
    lane.close()
    assert seen.takes == [[2, 2], [2], [9], [1]]


def test_closing_works_on_what_waits_and_takes_no_more() -> None:
    seen = Seen()
    lane = Lane("test", seen.work)
    assert lane.put(1)
    seen.gate.set()
    lane.close()
    lane.close()
    assert (seen.takes, lane.put(2), lane.busy()) == ([[1]], False, False)


def test_work_that_breaks_off_does_not_end_the_lane(caplog: pytest.LogCaptureFixture) -> None:
    done: list[int] = []

    def work(items: list[int]) -> None:
        if items == [1]:
            raise ValueError("broken")
        done.extend(items)

    lane = Lane("test", work, most=1)
    assert lane.put(1, 2)
    lane.close()
    assert done == [2] and "broke off" in caplog.text and not lane.busy()


def test_a_lane_waits_for_company_that_is_coming_and_for_nothing_else() -> None:
    seen, coming = Seen(), threading.Event()
    seen.gate.set()
    lane = Lane("test", seen.work, linger=WAIT, coming=coming.is_set)
    coming.set()
    assert lane.put(1)
    time.sleep(0.01)
    assert lane.put(2)
    assert not seen.takes
    coming.clear()
    assert seen.began.wait(WAIT)
    began = time.monotonic()
    assert lane.put(3)
    lane.close()
    assert seen.takes == [[1, 2], [3]] and time.monotonic() - began < WAIT / 2

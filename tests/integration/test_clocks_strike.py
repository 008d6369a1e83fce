"""What becomes due by time alone, on a real database: constructive delivery, retry, deemed acceptance (T10b, T11, T15).

Times are legal times of the demo's calendar: 2026-11-23 is a Monday.
"""

import json
import threading
from collections.abc import Callable

import pytest

from crypto.refusal import Refusal
from hub.casework import timers
from hub.casework.hand_off import by_itself
from hub.casework.hub_event import HubEvent
from hub.services.batch import Placed
from hub.services.leader import Duty, Leader
from hub.services.ticks import Tick, Ticked
from hub.services.timers import Timers
from tests.integration.cast import DEMO, DEPARTMENT, WINDOW
from tests.integration.detours import MONDAY, Detour

pytestmark = pytest.mark.integration
TUESDAY_NIGHT = "2026-11-24T23:59:59.999+08:00"


def at(day: str, time: str = "10:00:00.000") -> str:
    return f"2026-{day}T{time}+08:00"


def test_a_silent_department_has_the_case_after_a_full_working_day(detour: Detour) -> None:
    work = detour.world.open().to_forwarded()
    for hour in range(11, 16):
        detour.strike(at("11-23", f"{hour}:00:00.000"))
    detour.strike(TUESDAY_NIGHT)
    assert detour.file(work).state == "FORWARDED"  # the day is not over
    assert detour.strike(at("11-25", "00:00:00.000")) is True
    file = detour.file(work)
    assert (file.state, file.holder) == ("PENDING_ACCEPT", file.accepting_node)
    assert [card.kind for card in file.cards] == ["Y3"]
    assert file.clocks["K2"].due == at("12-02", "23:59:59.999")
    assert detour.events(work)[-6:] == ["retry"] * 5 + ["constructive_delivery"]


def test_a_silent_department_that_cannot_open_the_case_does_not_have_it(detour: Detour) -> None:
    work = detour.world.open().to_forwarded()
    detour.world.register_again(DEPARTMENT)  # its packets are under a key that is gone
    detour.strike(at("11-27"))
    assert detour.file(work).state == "FORWARDED"
    work.do(work.wrap(DEPARTMENT), WINDOW)  # wrapped again: now it counts
    assert detour.strike(at("11-27", "10:00:00.001")) is True
    assert detour.file(work).state == "PENDING_ACCEPT"


def test_five_retries_an_hour_apart_deliver_everything_again(detour: Detour) -> None:
    work = detour.world.open().to_forwarded()
    first = detour.seen(DEPARTMENT, work)
    assert detour.strike(at("11-23", "10:29:59.999")) is False
    assert detour.strike(at("11-23", "10:30:00.000")) is True
    again = detour.seen(DEPARTMENT, work, after=first[-1][0])
    assert [index for _, index in again] == [*(index for _, index in first), detour.told(work)[-1][1]]
    for hour in range(11, 20):
        detour.strike(at("11-23", f"{hour}:45:00.000"))
    assert detour.events(work).count("retry") == 5
    assert detour.wake_at(work) == at("11-25", "00:00:00.000")


def test_nobody_acts_on_a_case_that_time_has_moved(detour: Detour) -> None:
    work = detour.world.open().to_pending()
    accept = work.accept()
    detour.clock.at = at("12-01")  # K2 ran out at the end of 11-30; nobody has looked at the case since
    outcome = work.place(accept, DEPARTMENT)
    assert isinstance(outcome, Refusal)
    assert outcome.code == "HEAD_MOVED"
    file = detour.file(work)
    assert (file.state, file.deemed, file.effective_at) == ("UNDER_REVIEW", True, MONDAY)
    assert [card.kind for card in file.cards].count("R3") == 1


def test_acceptance_on_the_last_day_is_no_deemed_one(detour: Detour) -> None:
    work = detour.world.open().to_pending()
    detour.clock.at = at("11-30", "23:59:59.999")
    assert isinstance(work.place(work.accept(), DEPARTMENT), Placed)
    detour.strike(at("12-05"))
    assert "accept" in detour.events(work)
    assert "deem_accept" not in detour.events(work)


def test_a_tick_repeated_is_harmless(detour: Detour) -> None:
    work = detour.world.open().to_pending()
    detour.clock.at = at("12-01")
    first, second, unknown = detour.world.sequencer.tick([Tick(work.case), Tick(work.case), Tick("0" * 32)])
    assert isinstance(first, Ticked)
    assert detour.events(work).count("deem_accept") == 1
    assert second == Ticked((), first.wake_at)
    assert isinstance(unknown, Refusal)
    assert unknown.code == "CASE_UNKNOWN"
    assert detour.world.sequencer.tick([Tick(work.case)]) == [second]


def test_what_the_law_refuses_is_stated_by_nobody(detour: Detour) -> None:
    work = detour.world.open().to_pending()
    size = detour.world.size()
    event = HubEvent("bounce_examined", {"bounce": "0" * 64, "finding": "SOUND"})
    (outcome,) = detour.world.sequencer.tick([Tick(work.case, event)])
    assert isinstance(outcome, Refusal)
    assert outcome.code == "STATE_FORBIDS"
    assert detour.world.size() == size


def test_one_broken_case_does_not_hold_up_the_others(detour: Detour, monkeypatch: pytest.MonkeyPatch) -> None:
    works = [detour.world.open().to_pending() for _ in range(3)]
    broken = works[1].case
    fail_for(monkeypatch, broken)
    assert detour.strike(at("12-01")) is True
    assert [detour.file(work).state for work in works] == ["UNDER_REVIEW", "PENDING_ACCEPT", "UNDER_REVIEW"]
    monkeypatch.undo()
    assert detour.strike(at("12-01")) is True
    assert detour.file(works[1]).deemed


def fail_for(monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    real = timers.due_event

    def failing(file: object, world: object, now: str) -> object:
        if getattr(file, "case", "") == case:
            raise RuntimeError("on purpose")
        return real(file, world, now)  # type: ignore[arg-type]

    monkeypatch.setattr(timers, "due_event", failing)


def test_a_new_calendar_makes_every_waiting_case_be_looked_at_again(detour: Detour) -> None:
    work = detour.world.open().to_forwarded()
    for hour in range(11, 16):
        detour.strike(at("11-23", f"{hour}:00:00.000"))
    assert detour.wake_at(work) == at("11-25", "00:00:00.000")
    document = json.loads((DEMO / "calendar.json").read_text())
    document["version"] = "2026.2"
    document["years"]["2026"]["holidays"] += ["2026-11-24"]
    document["years"]["2026"]["holidays"].sort()
    detour.world.publish("calendar", json.dumps(document).encode())
    assert detour.wake_at(work) == ""
    assert detour.strike(at("11-23", "15:30:00.000")) is False
    assert detour.wake_at(work) == at("11-26", "00:00:00.000")


def test_a_case_in_collection_that_waits_for_the_list_is_looked_at_every_day(
    detour: Detour, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No act will wake it: when there is a queue, or a coordinator, the daily look finds it."""
    work = detour.world.open()
    with monkeypatch.context() as nobody:
        nobody.setattr(by_itself, "_route", lambda *_: None)
        work.do(work.seal(), WINDOW)
        work.do(work.wrap(DEPARTMENT), WINDOW)
        assert detour.strike(at("11-23", "14:31:00.000")) is True  # the card of K1, which is forwarding's own limit
        assert detour.file(work).state == "COLLECTED"
        assert detour.wake_at(work) == at("11-24", "00:00:00.000")
        assert detour.strike(at("11-25")) is False
        assert detour.wake_at(work) == at("11-26", "00:00:00.000")
    assert detour.strike(at("11-26")) is True
    assert detour.file(work).state == "FORWARDED"


def test_a_bounce_of_a_case_that_is_withdrawn_wakes_nobody(detour: Detour) -> None:
    work = detour.world.open().to_forwarded()
    detour.bounce(work)
    assert detour.wake_at(work) == detour.file(work).recorded_at
    work.do(work.withdraw(), WINDOW)
    assert detour.wake_at(work) is None


def wait_until(done: Callable[[], bool], seconds: float = 20.0) -> None:
    pause = threading.Event()
    for _ in range(int(seconds / 0.05)):
        if done():
            return
        pause.wait(0.05)
    raise AssertionError("not in time")


def test_of_two_hub_processes_one_watches_and_a_timer_strikes_once(detour: Detour) -> None:
    works = [detour.world.open().to_pending() for _ in range(5)]
    detour.clock.at = at("12-01")
    leaders, stops, threads = [], [], []
    for _ in range(2):
        _, sequencer = detour.world.hub_process()
        timers = Timers(detour.world.database, sequencer, detour.clock)
        leaders.append(Leader(detour.world.database, Duty.TIMERS, timers, 0.05))
        stops.append(threading.Event())
        threads.append(threading.Thread(target=leaders[-1].run, args=(stops[-1],)))
        threads[-1].start()
    try:
        wait_until(lambda: all(detour.file(work).deemed for work in works))
        assert sum(leader.leading for leader in leaders) == 1
        first = next(place for place, leader in enumerate(leaders) if leader.leading)
        later = detour.world.open().to_pending()
        stops[first].set()
        threads[first].join()
        detour.clock.at = at("12-20")
        wait_until(lambda: detour.file(later).deemed)
        assert leaders[1 - first].leading
    finally:
        for stop in stops:
            stop.set()
        for thread in threads:
            thread.join()
    for work in (*works, later):
        assert detour.events(work).count("deem_accept") == 1


def test_two_who_look_at_once_state_it_once(detour: Detour) -> None:
    works = [detour.world.open().to_pending() for _ in range(8)]
    detour.clock.at = at("12-01")
    hubs = [detour.world.hub_process()[1] for _ in range(2)]
    threads = [
        threading.Thread(target=hub.tick, args=([Tick(work.case) for work in works],)) for hub in hubs for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [detour.events(work).count("deem_accept") for work in works] == [1] * 8

"""The clocks: the dated timelines of states.md 11, and properties against a plain day-by-day simulation."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.canonical import CHINA, encode, time_text, time_value
from crypto.refusal import Refusal
from deploy.calendar_seed import DEMO_YEARS, seed_calendar
from hub.casework.catalogue.themes import PARENT_LIMIT_DAYS
from hub.casework.time import clocks
from hub.casework.time.calendar import WorkCalendar
from hub.casework.time.clocks import CLOCKS, ClockState, Unit
from hub.casework.time.timetable import Timetable

CALENDAR = WorkCalendar.from_document(seed_calendar(DEMO_YEARS))
TIMETABLE = Timetable.from_document(
    {
        "forward_limit_hours": 4,
        "summer": {"from": "05-01", "to": "09-30", "hours": [["09:00", "12:00"], ["13:30", "17:30"]]},
        "winter": {"hours": [["09:00", "12:00"], ["13:00", "17:00"]]},
        "weekdays": [1, 2, 3, 4, 5],
    }
)
NOTICE = "ab" * 32
EPOCH = datetime(2026, 1, 5, tzinfo=CHINA)


def _at(day: str, hour: str = "10:00") -> str:
    return f"{day}T{hour}:00.000+08:00"


def _end(day: str) -> str:
    return f"{day}T23:59:59.999+08:00"


def _start(clock: str, day: str, limit: int | None = None, unit: Unit | None = None) -> ClockState:
    return clocks.start(clock, _at(day), CALENDAR, limit=limit, unit=unit)


def _code(refused: pytest.ExceptionInfo[Refusal]) -> str:
    return refused.value.code


def test_timeline_1_forwarding_in_winter_hours() -> None:
    state = clocks.start("K1", _at("2026-02-12", "16:50"), CALENDAR, timetable=TIMETABLE)
    assert state.due == _at("2026-02-13", "13:50")
    assert clocks.used(state, _at("2026-02-13", "09:30"), CALENDAR, TIMETABLE) == 40
    assert clocks.left(state, _at("2026-02-13", "13:50"), CALENDAR, TIMETABLE) == 0


def test_timeline_2_deemed_acceptance_over_the_spring_festival() -> None:
    accept = _start("K2", "2026-02-12")
    assert accept.due == _end("2026-02-26")
    assert not clocks.is_due(accept, _end("2026-02-26"))
    expired = clocks.expire(accept, _at("2026-02-27", "00:00"))
    assert expired.expired
    assert _start("K3", "2026-02-12", 10).due == _end("2026-03-04")


def test_timeline_3_supplement_and_extension() -> None:
    first = _start("K2", "2026-03-02")
    assert first.due == _end("2026-03-09")
    assert clocks.stop(first, _at("2026-03-05")).due == first.due
    assert _start("K2", "2026-03-20").due == _end("2026-03-27")
    statutory = _start("K4", "2026-03-20")
    assert statutory.due == _end("2026-04-20")
    longer = clocks.extend(statutory, 10, _at("2026-04-10"), NOTICE, CALENDAR)
    assert longer.due == _end("2026-05-07")


def test_timeline_4_special_procedure() -> None:
    promise = _start("K3", "2026-03-02", 10)
    assert promise.due == _end("2026-03-16")
    paused = clocks.pause(promise, _at("2026-03-05"), NOTICE)
    assert paused.due is None
    assert clocks.resume(paused, _at("2026-03-11"), CALENDAR).due == _end("2026-03-20")


@pytest.mark.parametrize("decided, due", [("2026-04-17", "2026-05-06"), ("2026-04-24", "2026-05-12")])
def test_timeline_5_delivery(decided: str, due: str) -> None:
    assert _start("K8", decided).due == _end(due)


def test_timeline_6_parent() -> None:
    parent = _start("K4", "2026-03-02", PARENT_LIMIT_DAYS)
    assert parent.due == _end("2026-05-08")
    longer = clocks.extend(parent, 15, _at("2026-04-01"), NOTICE, CALENDAR, joint=True)
    assert longer.due == _end("2026-05-28")


def test_timeline_7_beyond_the_known_years() -> None:
    state = _start("K3", "2026-12-25", 5)
    assert state.provisional
    assert state.due == _end("2027-01-01")
    following = CALENDAR.to_document()
    years = dict(following["years"])  # type: ignore[call-overload]
    years["2027"] = {"holidays": ["2027-01-01"], "working_weekends": []}
    announced = WorkCalendar.from_document(following | {"years": years, "version": "2027.1"})
    firm = clocks.recompute(state, announced)
    assert (firm.due, firm.provisional, firm.calendar_version) == (_end("2027-01-04"), False, "2027.1")


def test_a_table_of_twelve_clocks_with_citations() -> None:
    assert list(CLOCKS) == [f"K{n}" for n in range(1, 13)]
    assert all(rule.name and rule.citation for rule in CLOCKS.values())
    assert {rule.id for rule in CLOCKS.values() if rule.pausable} == {"K3", "K4", "K5"}


def test_natural_days_move_calendar_days_do_not() -> None:
    assert _start("K4", "2026-09-28", 5, Unit.NATURAL_DAY).due == _end("2026-10-08")
    assert _start("K10", "2026-09-28", 5).due == _end("2026-10-03")


def test_hours_stand_still_in_a_pause() -> None:
    state = _start("K3", "2026-03-02", 48, Unit.HOUR)
    assert state.due == _at("2026-03-04")
    paused = clocks.pause(state, _at("2026-03-02", "16:00"), NOTICE)
    again = clocks.resume(paused, _at("2026-03-03", "16:00"), CALENDAR)
    assert again.due == _at("2026-03-05")
    assert clocks.used(again, _at("2026-03-03", "17:00"), CALENDAR) == 7 * 60


def test_a_moved_end_that_falls_into_a_pause_waits_for_the_resume() -> None:
    state = _start("K3", "2026-03-02", 5, Unit.NATURAL_DAY)  # ends on Saturday, moves to Monday 03-09
    assert state.due == _end("2026-03-09")
    paused = clocks.pause(state, _at("2026-03-08"), NOTICE)
    assert clocks.resume(paused, _at("2026-03-18"), CALENDAR).due == _end("2026-03-18")


def test_pause_and_resume_on_the_start_day_change_nothing() -> None:
    state = _start("K3", "2026-03-02", 10)
    paused = clocks.pause(state, _at("2026-03-02", "11:00"), NOTICE)
    assert clocks.resume(paused, _at("2026-03-02", "12:00"), CALENDAR).due == state.due


def test_a_pause_after_the_limit_ran_out_does_not_revive_it() -> None:
    state = _start("K3", "2026-03-02", 5)
    late = clocks.pause(state, _at("2026-03-12"), NOTICE)
    assert late.due == state.due
    assert clocks.resume(late, _at("2026-03-16"), CALENDAR).due == state.due
    assert clocks.is_due(late, _at("2026-03-12"))


def test_promise_follows_the_extension_even_when_it_has_run_out_and_stays_marked() -> None:
    promise = clocks.expire(_start("K3", "2026-03-02", 5), _at("2026-03-10"))
    longer = clocks.extend(promise, 10, _at("2026-03-12"), NOTICE, CALENDAR)
    assert longer.due == _end("2026-03-23")
    assert longer.expired


def test_stop_ends_an_open_pause_and_freezes_what_was_used() -> None:
    paused = clocks.pause(_start("K4", "2026-03-02"), _at("2026-03-05"), NOTICE)
    stopped = clocks.stop(paused, _at("2026-03-10"))
    assert stopped.pauses[-1].to_at == stopped.stopped_at
    assert clocks.used(stopped, _at("2026-06-01"), CALENDAR) == 2
    assert clocks.recompute(stopped, CALENDAR) == stopped
    assert not stopped.running


def test_expiry_is_idempotent_and_never_early() -> None:
    state = _start("K2", "2026-03-02")
    with pytest.raises(Refusal) as refused:
        clocks.expire(state, _end("2026-03-09"))
    assert _code(refused) == "CLOCK_NOT_DUE"
    once = clocks.expire(state, _at("2026-03-10"))
    assert clocks.expire(once, _at("2026-03-11")) == once
    paused = clocks.pause(_start("K3", "2026-03-02", 5), _at("2026-03-03"), NOTICE)
    with pytest.raises(Refusal) as refused:
        clocks.expire(paused, _at("2026-12-01"))
    assert _code(refused) == "CLOCK_NOT_DUE"


@pytest.mark.parametrize(
    "clock, limit, unit, code",
    [
        ("K13", 1, None, "CLOCK_UNKNOWN"),
        ("K3", None, None, "CLOCK_LIMIT"),
        ("K3", 0, None, "CLOCK_LIMIT"),
        ("K3", 1, Unit.WINDOW_HOUR, "CLOCK_UNIT"),
        ("K1", 1, Unit.HOUR, "CLOCK_UNIT"),
    ],
)
def test_refused_starts(clock: str, limit: int | None, unit: Unit | None, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        _start(clock, "2026-03-02", limit, unit)
    assert _code(refused) == code


def test_window_clocks_need_a_timetable_and_moments_their_one_form() -> None:
    with pytest.raises(ValueError):
        _start("K1", "2026-03-02")
    with pytest.raises(Refusal) as refused:
        clocks.start("K2", "2026-03-02T10:00:00+08:00", CALENDAR)
    assert _code(refused) == "TIME_FORMAT"


def test_refused_pauses() -> None:
    promise = _start("K3", "2026-03-02", 5)
    paused = clocks.pause(promise, _at("2026-03-03"), NOTICE)
    attempts: list[tuple[str, Any]] = [
        ("CLOCK_NOT_PAUSABLE", lambda: clocks.pause(_start("K2", "2026-03-02"), _at("2026-03-03"), NOTICE)),
        ("CLOCK_NO_NOTICE", lambda: clocks.pause(promise, _at("2026-03-03"), "")),
        ("CLOCK_PAUSED", lambda: clocks.pause(paused, _at("2026-03-04"), NOTICE)),
        ("CLOCK_TIME_ORDER", lambda: clocks.pause(promise, _at("2026-03-01"), NOTICE)),
        ("CLOCK_TIME_ORDER", lambda: clocks.resume(paused, _at("2026-03-02"), CALENDAR)),
        ("CLOCK_NOT_PAUSED", lambda: clocks.resume(promise, _at("2026-03-03"), CALENDAR)),
        ("CLOCK_STOPPED", lambda: clocks.stop(clocks.stop(promise, _at("2026-03-03")), _at("2026-03-04"))),
        ("TIME_FORMAT", lambda: clocks.stop(promise, "2026-03-03")),
    ]
    for code, attempt in attempts:
        with pytest.raises(Refusal) as refused:
            attempt()
        assert _code(refused) == code


def test_refused_extensions() -> None:
    statutory = _start("K4", "2026-03-02")
    once = clocks.extend(statutory, 10, _at("2026-03-03"), NOTICE, CALENDAR)
    attempts: list[tuple[str, ClockState, int, str, str]] = [
        ("CLOCK_NOT_EXTENDABLE", _start("K2", "2026-03-02"), 5, "2026-03-03", NOTICE),
        ("CLOCK_EXTENSION_TOO_LONG", statutory, 11, "2026-03-03", NOTICE),
        ("CLOCK_EXTENSION_TOO_LONG", statutory, 0, "2026-03-03", NOTICE),
        ("CLOCK_EXTENDED_ALREADY", once, 1, "2026-03-04", NOTICE),
        ("CLOCK_EXTENSION_LATE", statutory, 5, "2026-06-01", NOTICE),
        ("CLOCK_NO_NOTICE", statutory, 5, "2026-03-03", "x" * 64),
    ]
    for code, state, n, day, notice in attempts:
        with pytest.raises(Refusal) as refused:
            clocks.extend(state, n, _at(day), notice, CALENDAR)
        assert _code(refused) == code
    supplement = _start("K6", "2026-03-02", 15)
    for step in (3, 4):
        supplement = clocks.extend(supplement, 30, _at(f"2026-03-0{step}"), NOTICE, CALENDAR)
    assert supplement.total == 75


# ------------------------------------------------------------------------------------------- properties

MINUTES = st.integers(0, 60 * 24 * 40)
STEPS = st.lists(st.integers(0, 60 * 24 * 12), max_size=8)
LENGTHS = st.integers(1, 30)
DAY_UNITS = st.sampled_from([Unit.WORKING_DAY, Unit.NATURAL_DAY])


def _moment(minutes: int) -> str:
    return time_text(EPOCH + timedelta(minutes=minutes))


def _with_pauses(first: int, steps: list[int], limit: int, unit: Unit) -> ClockState:
    """A K3 started ``first`` minutes after the epoch, then paused and resumed in turn after each step."""
    now = first
    state = clocks.start("K3", _moment(now), CALENDAR, limit=limit, unit=unit)
    for step in steps:
        now += step
        moment = _moment(now)
        state = clocks.resume(state, moment, CALENDAR) if state.paused else clocks.pause(state, moment, NOTICE)
    return clocks.resume(state, _moment(now), CALENDAR) if state.paused else state


def _slow_due(state: ClockState) -> date:
    """The rule of states.md 2 word for word: walk the days, ask at each 24:00 whether the clock was
    running.
    """
    day, counted = date.fromisoformat(state.started_at[:10]), 0
    while True:
        day += timedelta(days=1)
        midnight = time_text(datetime(day.year, day.month, day.day, tzinfo=CHINA) + timedelta(days=1, milliseconds=-1))
        running = not any(
            pause.from_at <= midnight and (pause.to_at is None or midnight < pause.to_at) for pause in state.pauses
        )
        counted += running and CALENDAR.is_working(day)
        if counted == state.total:
            return day


@given(MINUTES, STEPS, LENGTHS)
def test_due_is_what_walking_the_days_finds(first: int, steps: list[int], limit: int) -> None:
    state = _with_pauses(first, steps, limit, Unit.WORKING_DAY)
    assert state.due == _end(_slow_due(state).isoformat())


@given(MINUTES, STEPS, LENGTHS, DAY_UNITS)
def test_invariant_7_pauses_never_overlap_and_each_has_a_notice(
    first: int, steps: list[int], limit: int, unit: Unit
) -> None:
    state = _with_pauses(first, steps, limit, unit)
    moments = [moment for pause in state.pauses for moment in (pause.from_at, pause.to_at or "")]
    assert moments == sorted(moments)
    assert all(len(pause.notice) == 64 for pause in state.pauses)


@given(MINUTES, STEPS, LENGTHS, st.sampled_from([Unit.WORKING_DAY, Unit.NATURAL_DAY, Unit.HOUR]), MINUTES)
def test_invariant_8_used_and_left_are_the_whole(
    first: int, steps: list[int], limit: int, unit: Unit, wait: int
) -> None:
    state = _with_pauses(first, steps, limit, unit)
    state = clocks.extend(state, 5, _moment(first + sum(steps)), NOTICE, CALENDAR)
    moment = _moment(first + wait)
    used, left = clocks.used(state, moment, CALENDAR), clocks.left(state, moment, CALENDAR)
    assert used + left == (limit + 5) * (60 if unit.is_hours else 1)
    assert 0 <= used <= clocks.used(state, _moment(first + wait + 60 * 24), CALENDAR)
    assert state.due is not None
    assert clocks.left(state, state.due, CALENDAR) >= 0
    after = time_text(time_value(state.due) + timedelta(milliseconds=1))
    assert clocks.left(state, after, CALENDAR) <= 0


@given(
    MINUTES,
    st.lists(st.integers(0, 60 * 24 * 12), min_size=2, max_size=8),
    LENGTHS,
    st.sampled_from([Unit.WORKING_DAY, Unit.NATURAL_DAY, Unit.HOUR]),
    st.data(),
)
def test_more_pause_never_ends_earlier(
    first: int, steps: list[int], limit: int, unit: Unit, data: st.DataObject
) -> None:
    even = steps[: len(steps) // 2 * 2]
    fewer = _with_pauses(first, even, limit, unit)
    # stretch one pause into the running time after it, or drop the running time in front of one
    longest = data.draw(st.integers(0, len(even) // 2 - 1)) * 2 + 1
    stretched = list(even)
    if longest + 1 < len(stretched):
        moved = data.draw(st.integers(0, stretched[longest + 1]))
        stretched[longest] += moved
        stretched[longest + 1] -= moved
    else:
        stretched[longest] += data.draw(st.integers(0, 60 * 24 * 12))
    more = _with_pauses(first, stretched, limit, unit)
    assert more.due is not None
    assert fewer.due is not None
    assert more.due >= fewer.due
    assert fewer.due >= _with_pauses(first, [], limit, unit).due  # type: ignore[operator]


@given(MINUTES, STEPS, LENGTHS, DAY_UNITS)
def test_a_state_survives_its_plain_form(first: int, steps: list[int], limit: int, unit: Unit) -> None:
    state = clocks.extend(_with_pauses(first, steps, limit, unit), 3, _moment(first + sum(steps)), NOTICE, CALENDAR)
    plain = state.to_plain()
    assert encode(plain)
    assert ClockState.from_plain(plain) == state

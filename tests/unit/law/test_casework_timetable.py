"""Window hours: seasons, lunch, holidays, extended opening; K1's dated example of states.md 11."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.canonical import CHINA, time_text
from crypto.refusal import Refusal
from deploy.calendar_seed import DEMO_YEARS, seed_calendar
from hub.casework.time.calendar import WorkCalendar
from hub.casework.time.timetable import Timetable

CALENDAR = WorkCalendar.from_document(seed_calendar(DEMO_YEARS))


def _document(**changes: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "forward_limit_hours": 4,
        "summer": {"from": "05-01", "to": "09-30", "hours": [["09:00", "12:00"], ["13:30", "17:30"]]},
        "winter": {"hours": [["09:00", "12:00"], ["13:00", "17:00"]]},
        "weekdays": [1, 2, 3, 4, 5],
    }
    return plain | changes


TIMETABLE = Timetable.from_document(_document())


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


@pytest.mark.requirement("C12", "timeline 1")
@pytest.mark.parametrize(
    "start, minutes, end",
    [
        ("2026-02-12 16:50", 240, "2026-02-13 13:50"),  # states.md 11, timeline 1
        ("2026-03-02 09:00", 180, "2026-03-02 12:00"),  # used up at closing: not the next opening
        ("2026-03-02 12:30", 60, "2026-03-02 14:00"),  # lunch does not count
        ("2026-03-02 06:00", 60, "2026-03-02 10:00"),
        ("2026-04-30 16:30", 60, "2026-05-06 09:30"),  # over the holiday and the change of season
        ("2026-07-01 12:00", 60, "2026-07-01 14:30"),  # summer lunch ends 13:30
        ("2026-02-13 16:30", 60, "2026-02-14 09:30"),  # an adjusted working Saturday is open
        ("2026-03-06 16:30", 60, "2026-03-09 09:30"),  # a plain Saturday is not
    ],
)
def test_minutes_run_while_the_window_is_open(start: str, minutes: int, end: str) -> None:
    assert TIMETABLE.add_window_minutes(_at(start), minutes, CALENDAR) == _at(end)


def test_another_time_zone_names_the_same_moment() -> None:
    utc = datetime.fromisoformat("2026-02-12T08:50:00+00:00")
    assert time_text(TIMETABLE.add_window_minutes(utc, 240, CALENDAR)) == "2026-02-13T13:50:00.000+08:00"


@pytest.mark.requirement("C13")
def test_extended_hours_are_added_and_open_plain_weekends_only() -> None:
    table = Timetable.from_document(_document(extended={"3": [["17:30", "19:00"]], "6": [["09:00", "11:00"]]}))
    assert table.spans(date(2026, 3, 4), CALENDAR) == ((540, 720), (780, 1020), (1050, 1140))
    assert table.spans(date(2026, 3, 7), CALENDAR) == ((540, 660),)
    assert table.spans(date(2026, 2, 14), CALENDAR) == (
        (540, 720),
        (780, 1020),
    )  # an adjusted working Saturday
    assert table.spans(date(2026, 10, 3), CALENDAR) == ()


def test_named_dates_win_over_everything() -> None:
    table = Timetable.from_document(_document(special_days={"2026-10-01": [["10:00", "12:00"]], "2026-03-04": []}))
    assert table.spans(date(2026, 10, 1), CALENDAR) == ((600, 720),)
    assert table.spans(date(2026, 3, 4), CALENDAR) == ()


@pytest.mark.requirement("C13")
def test_weekdays_may_name_saturday() -> None:
    table = Timetable.from_document(_document(weekdays=[1, 2, 3, 4, 5, 6]))
    assert table.spans(date(2026, 3, 7), CALENDAR) == table.spans(date(2026, 3, 6), CALENDAR) != ()


@pytest.mark.requirement("C12")
def test_a_season_may_cross_the_year() -> None:
    crossing = {"from": "11-01", "to": "02-28", "hours": [["08:00", "09:00"]]}
    table = Timetable.from_document(_document(summer=crossing))
    assert table.spans(date(2026, 1, 5), CALENDAR) == ((480, 540),)
    assert table.spans(date(2026, 6, 1), CALENDAR) == ((540, 720), (780, 1020))


@given(st.datetimes(datetime(2025, 1, 1), datetime(2026, 11, 30)), st.integers(1, 3000), st.integers(0, 20_000))
def test_added_minutes_are_the_minutes_counted(start: datetime, minutes: int, wait: int) -> None:
    begin = start.replace(microsecond=0, tzinfo=CHINA)
    end = TIMETABLE.add_window_minutes(begin, minutes, CALENDAR)
    assert TIMETABLE.window_minutes(begin, end, CALENDAR) == minutes
    assert TIMETABLE.window_minutes(begin, end - timedelta(minutes=1), CALENDAR) == minutes - 1
    later = begin + timedelta(minutes=wait)
    assert TIMETABLE.add_window_minutes(later, minutes, CALENDAR) >= end


def test_a_window_that_never_opens_is_refused() -> None:
    closed = Timetable.from_document(_document(weekdays=[]))
    quiet = WorkCalendar("t", {2026: frozenset()})
    with pytest.raises(Refusal) as refused:
        closed.add_window_minutes(_at("2026-03-02 09:00"), 1, quiet)
    assert refused.value.code == "WINDOW_NEVER_OPEN"
    with pytest.raises(ValueError):
        TIMETABLE.add_window_minutes(_at("2026-03-02 09:00"), 0, CALENDAR)


@pytest.mark.parametrize(
    "changes",
    [
        {"forward_limit_hours": 0},
        {"forward_limit_hours": True},
        {"weekdays": [0]},
        {"weekdays": "12345"},
        {"winter": {}},
        {"winter": {"hours": [["09:00", "09:00"]]}},
        {"winter": {"hours": [["13:00", "17:00"], ["09:00", "12:00"]]}},
        {"winter": {"hours": [["09:00", "25:00"]]}},
        {"winter": {"hours": [["9:00", "12:00"]]}},
        {"summer": {"from": "13-01", "to": "09-30", "hours": []}},
        {"summer": {"from": "W10", "to": "09-30", "hours": []}},
        {"extended": {"8": []}},
        {"extended": {"3": [["16:30", "19:00"]]}},  # overlaps the ordinary afternoon
        {"special_days": {"tomorrow": []}},
    ],
)
def test_other_documents_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as refused:
        Timetable.from_document(_document(**changes))
    assert refused.value.code == "TIMETABLE_FORMAT"

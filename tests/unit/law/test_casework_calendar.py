"""The legal calendar against the dated vectors of standards.md 6 and against a plain day-by-day count."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.refusal import Refusal
from deploy.calendar_seed import DEMO_FILE, DEMO_YEARS, seed_calendar
from hub.casework.time.calendar import WorkCalendar

CALENDAR = WorkCalendar.from_document(seed_calendar(DEMO_YEARS))
ONE_DAY = timedelta(days=1)
DATES = st.dates(date(2023, 6, 1), date(2027, 12, 31))


def _slow_add(start: date, n: int) -> date:
    day = start
    while n:
        day += ONE_DAY
        n -= CALENDAR.is_working(day)
    return day


@pytest.mark.parametrize(
    "start, n, due",
    [
        ("2026-02-12", 5, "2026-02-26"),
        ("2026-02-13", 5, "2026-02-27"),
        ("2026-04-30", 3, "2026-05-08"),
        ("2026-09-23", 5, "2026-10-08"),
        ("2026-09-30", 5, "2026-10-13"),
        ("2025-09-30", 5, "2025-10-14"),
        ("2026-01-01", 1, "2026-01-04"),
    ],
)
def test_vectors_of_the_standard(start: str, n: int, due: str) -> None:
    found = CALENDAR.add_working_days(date.fromisoformat(start), n)
    assert (found.date.isoformat(), found.provisional) == (due, False)


@pytest.mark.parametrize(
    "year, days",
    [
        (2026, ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"]),
        (2025, ["01-26", "02-08", "04-27", "09-28", "10-11"]),
    ],
)
def test_adjusted_working_weekends(year: int, days: list[str]) -> None:
    first = date(year, 1, 1)
    dates = (first + timedelta(days=offset) for offset in range(365))
    found = [day for day in dates if day.weekday() > 4 and CALENDAR.is_working(day)]
    assert [f"{day:%m-%d}" for day in found] == days


@given(DATES, st.integers(1, 90))
def test_adding_equals_counting_day_by_day(start: date, n: int) -> None:
    assert CALENDAR.add_working_days(start, n).date == _slow_add(start, n)


@given(DATES, st.integers(-5, 400))
def test_counting_equals_a_loop(after: date, length: int) -> None:
    days = [after + timedelta(days=step) for step in range(1, length + 1)]
    expected = sum(CALENDAR.is_working(day) for day in days)
    assert CALENDAR.working_days(after, after + timedelta(days=length)) == expected


@given(DATES, st.integers(1, 90))
def test_only_answers_that_leave_the_known_years_are_provisional(start: date, n: int) -> None:
    found = CALENDAR.add_working_days(start, n)
    assert found.provisional == (not (CALENDAR.known(start + ONE_DAY) and CALENDAR.known(found.date)))


def test_a_new_year_makes_the_answer_firm() -> None:
    start = date(2025, 12, 25)
    early = WorkCalendar.from_document(seed_calendar([2025], "2025.1"))
    assert early.add_working_days(start, 7) == (date(2026, 1, 5), True)
    assert CALENDAR.add_working_days(start, 7) == (date(2026, 1, 6), False)
    assert early.digest() != CALENDAR.digest()


@pytest.mark.parametrize(
    "start, n, due, provisional",
    [
        ("2026-03-02", 10, "2026-03-12", False),
        ("2026-09-28", 5, "2026-10-08", False),  # 10-03 lies in the National Day holiday
        ("2026-03-06", 1, "2026-03-09", False),  # Saturday moves to Monday
        ("2026-02-13", 1, "2026-02-14", False),  # a Saturday that is a working day stays
        ("2026-12-20", 20, "2027-01-11", True),
    ],
)
def test_natural_days_move_past_days_off(start: str, n: int, due: str, provisional: bool) -> None:
    found = CALENDAR.add_natural_days(date.fromisoformat(start), n)
    assert (found.date.isoformat(), found.provisional) == (due, provisional)


def test_a_weekend_inside_a_holiday_is_holiday_and_a_plain_weekend_is_not() -> None:
    assert CALENDAR.in_holiday(date(2026, 10, 3))
    assert CALENDAR.in_holiday(date(2026, 10, 1))
    assert not CALENDAR.in_holiday(date(2026, 3, 7))
    assert not CALENDAR.in_holiday(date(2026, 2, 14))


def test_a_limit_has_at_least_one_day() -> None:
    for add in (CALENDAR.add_working_days, CALENDAR.add_natural_days):
        with pytest.raises(ValueError):
            add(date(2026, 1, 1), 0)


def test_document_comes_back_and_the_committed_one_is_what_the_seed_builds() -> None:
    document = CALENDAR.to_document()
    assert WorkCalendar.from_document(document).digest() == CALENDAR.digest()
    assert list(CALENDAR.years) == [2024, 2025, 2026]
    assert json.loads(Path(DEMO_FILE).read_text(encoding="utf-8")) == document


def _year(holidays: list[str], weekends: list[str]) -> dict[str, object]:
    return {"holidays": holidays, "working_weekends": weekends}


@pytest.mark.parametrize(
    "years",
    [
        {},
        {"2024": _year([], []), "2026": _year([], [])},
        {"2026": _year(["2026-01-03"], [])},  # a Saturday is no exception
        {"2026": _year([], ["2026-01-05"])},  # a Monday is no exception
        {"2026": _year(["2025-01-01"], [])},
        {"2026": _year(["2026-01-02", "2026-01-01"], [])},  # out of order: a second form of one calendar
        {"2026": _year(["2026-13-01"], [])},
        {"2026": {"holidays": []}},
        {"x": _year([], [])},
    ],
)
def test_other_documents_are_refused(years: dict[str, object]) -> None:
    with pytest.raises(Refusal) as refused:
        WorkCalendar.from_document({"v": 1, "version": "t", "source": "", "years": years})
    assert refused.value.code == "CALENDAR_FORMAT"


def test_a_working_date_under_a_wrong_year_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        WorkCalendar("t", {2026: frozenset({date(2025, 1, 2)})})
    assert refused.value.code == "CALENDAR_FORMAT"

"""The opening hours of a window: what K1 and K11 are counted in.

Invariants:
- opening hours and the legal calendar are two calendars (requirements C13): a window may open on a day that
  is no working day, and the approval clocks do not notice;
- hours have two seasons, a lunch break and possibly extended hours (C12); season dates are configuration;
- times are local, UTC+8; spans of one day are in order and never overlap; a limit that is used up exactly at
  closing time ends then, not at the next opening.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Final

from crypto.canonical import CHINA
from crypto.refusal import Refusal
from hub.casework.time.calendar import WorkCalendar

RULE: Final = "requirements C12, C13; states.md 2"
_LONGEST_CLOSURE_DAYS: Final = 60

Span = tuple[int, int]
"""From and to, in minutes after midnight."""


@dataclass(frozen=True, slots=True)
class Timetable:
    """Hours of one window. Build it with ``from_document``.

    ``summer`` and ``winter``: spans of an ordinary day; ``summer_from`` and ``summer_to``: "MM-DD", both
    included; ``weekdays``: ISO weekdays with ordinary hours (6 or 7 listed means open at weekends outside
    holidays); ``extended``: further spans by ISO weekday (延时服务); ``special_days``: all spans of one date,
    which win over everything else (节假日通道, or a closure); ``forward_limit_hours``: default length of K1.
    """

    summer_from: str
    summer_to: str
    summer: tuple[Span, ...]
    winter: tuple[Span, ...]
    weekdays: frozenset[int]
    forward_limit_hours: int
    extended: Mapping[int, tuple[Span, ...]] = field(default_factory=dict)
    special_days: Mapping[date, tuple[Span, ...]] = field(default_factory=dict)

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> "Timetable":
        """The timetable in a catalogue's ``windows[].timetable``. Refusal TIMETABLE_FORMAT on anything
        else.
        """
        try:
            return _parse(document)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Refusal("TIMETABLE_FORMAT", RULE, where=f"{type(error).__name__}: {error}"[:120]) from None

    def spans(self, day: date, calendar: WorkCalendar) -> tuple[Span, ...]:
        """When the window is open on ``day``; empty when it is closed.

        An adjusted working Saturday or Sunday has ordinary hours. A weekend day inside a public holiday is
        closed unless it is named in ``special_days``.
        """
        if day in self.special_days:
            return self.special_days[day]
        weekday = day.isoweekday()
        working = calendar.is_working(day)
        if not working and calendar.in_holiday(day):
            return ()
        season = self.summer if self._is_summer(day) else self.winter
        extended = self.extended.get(weekday, ())
        if weekday in self.weekdays:
            return tuple(sorted(season + extended)) if extended else season
        return season if working and weekday > 5 else extended

    def add_window_minutes(self, start: datetime, minutes: int, calendar: WorkCalendar) -> datetime:
        """The moment (UTC+8) when ``minutes`` of opening time have passed since ``start`` (aware).

        ValueError for no minutes; Refusal WINDOW_NEVER_OPEN when the window stays closed for 60 days on end.
        """
        if minutes < 1:
            raise ValueError("a limit has at least one minute")
        left = timedelta(minutes=minutes)
        for opens, closes in self._openings(start.astimezone(CHINA), calendar):
            if closes - opens >= left:
                return opens + left
            left -= closes - opens
        raise Refusal("WINDOW_NEVER_OPEN", RULE, after=start.date().isoformat(), days=_LONGEST_CLOSURE_DAYS)

    def window_minutes(self, start: datetime, end: datetime, calendar: WorkCalendar) -> int:
        """Whole minutes of opening time in [``start``, ``end``], both aware; 0 when ``end`` is not later."""
        end = end.astimezone(CHINA)
        passed = timedelta()
        for opens, closes in self._openings(start.astimezone(CHINA), calendar):
            if opens >= end:
                break
            passed += min(closes, end) - opens
        return passed // timedelta(minutes=1)

    def _is_summer(self, day: date) -> bool:
        month_day = f"{day.month:02}-{day.day:02}"
        if self.summer_from <= self.summer_to:
            return self.summer_from <= month_day <= self.summer_to
        return month_day >= self.summer_from or month_day <= self.summer_to

    def _openings(self, start: datetime, calendar: WorkCalendar) -> Iterator[tuple[datetime, datetime]]:
        """Open intervals from ``start`` on, cut at ``start``; ends after a closure longer than any
        holiday.
        """
        day, closed_days = start.date(), 0
        while closed_days < _LONGEST_CLOSURE_DAYS:
            midnight = datetime(day.year, day.month, day.day, tzinfo=CHINA)
            spans = self.spans(day, calendar)
            closed_days = 0 if spans else closed_days + 1
            for first, last in spans:
                opens = max(start, midnight + timedelta(minutes=first))
                closes = midnight + timedelta(minutes=last)
                if opens < closes:
                    yield opens, closes
            day += timedelta(days=1)


def _parse(document: Mapping[str, object]) -> Timetable:
    summer, winter = _table(document["summer"]), _table(document["winter"])
    weekdays, hours = document["weekdays"], document["forward_limit_hours"]
    if not isinstance(weekdays, list) or not all(type(day) is int and 1 <= day <= 7 for day in weekdays):
        raise ValueError("weekdays are ISO numbers 1 to 7")
    if type(hours) is not int or hours < 1:
        raise ValueError("forward_limit_hours is a positive whole number")
    made = Timetable(
        summer_from=_month_day(summer["from"]),
        summer_to=_month_day(summer["to"]),
        summer=_spans(summer["hours"]),
        winter=_spans(winter["hours"]),
        weekdays=frozenset(weekdays),
        forward_limit_hours=hours,
        extended={_weekday(key): _spans(value) for key, value in _table(document.get("extended", {})).items()},
        special_days={
            date.fromisoformat(key): _spans(value) for key, value in _table(document.get("special_days", {})).items()
        },
    )
    for weekday, extra in made.extended.items():
        if weekday in made.weekdays:
            _ordered(sorted(made.summer + extra))
            _ordered(sorted(made.winter + extra))
    return made


def _table(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ValueError("an object is missing")
    return value


def _spans(value: object) -> tuple[Span, ...]:
    if not isinstance(value, list):
        raise ValueError("hours are a list of [from, to]")
    spans = [(_minute(first), _minute(last)) for first, last in value]
    _ordered(spans)
    return tuple(spans)


def _ordered(spans: list[Span]) -> None:
    if any(first >= last for first, last in spans):
        raise ValueError("a span ends before it starts")
    if any(one[1] > two[0] for one, two in pairwise(spans)):
        raise ValueError("spans overlap or are out of order")


def _minute(text: object) -> int:
    """Minutes after midnight in "HH:MM", 24:00 included."""
    if not isinstance(text, str) or not re.fullmatch(r"[0-9]{2}:[0-9]{2}", text):
        raise ValueError("a time is HH:MM")
    hour, minute = int(text[:2]), int(text[3:])
    if not (0 <= minute < 60 and 0 <= hour * 60 + minute <= 24 * 60):
        raise ValueError("no such time of day")
    return hour * 60 + minute


def _month_day(text: object) -> str:
    if not isinstance(text, str) or not re.fullmatch(r"[0-9]{2}-[0-9]{2}", text):
        raise ValueError("a season starts and ends at MM-DD")
    date.fromisoformat(f"2024-{text}")
    return text


def _weekday(text: str) -> int:
    if text not in {"1", "2", "3", "4", "5", "6", "7"}:
        raise ValueError("extended hours are listed by ISO weekday")
    return int(text)

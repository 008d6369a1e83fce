"""The legal working-day calendar as a dated value.

Invariants:
- days are dates of UTC+8; the start day of a limit never counts; the last day ends at 24:00 (行政许可法 82,
  standards.md 6);
- inside the known years only the announced exceptions differ from Monday to Friday; outside them Monday to
  Friday is assumed, and every answer that leans on it is marked ``provisional``;
- the known years have no gap, so ``known`` is one range; a new year's notice makes a new version, never a
  change;
- counting is two binary searches over the known working days: microseconds inside the hub's one transaction.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from functools import lru_cache
from itertools import chain, pairwise
from typing import Final, NamedTuple

from crypto.canonical import digest, encode, parse
from crypto.refusal import Refusal

RULE: Final = "行政许可法 82, standards.md 6"
_FRIDAY: Final = 4
_ONE_DAY: Final = timedelta(days=1)


class Due(NamedTuple):
    """The last day of a limit, and whether days outside the known calendar took part in finding it."""

    date: date
    provisional: bool


class WorkCalendar:
    """Working days by ``version``; ``days`` maps each known year to the frozenset of its working dates.

    Immutable. Refusal CALENDAR_FORMAT when there is no year, a gap between years, or a date under a wrong
    year.
    """

    __slots__ = ("_days", "_first", "_last", "_ordinals", "source", "version")

    def __init__(self, version: str, days: Mapping[int, frozenset[date]], source: str = "") -> None:
        years = sorted(days)
        if not version or not years:
            raise Refusal("CALENDAR_FORMAT", RULE, where="version or years missing")
        for year, following in pairwise(years):
            if following != year + 1:
                raise Refusal("CALENDAR_FORMAT", RULE, where=f"gap after {year}")
        for year in years:
            if any(day.year != year for day in days[year]):
                raise Refusal("CALENDAR_FORMAT", RULE, where=f"foreign date under {year}")
        self.version: Final = version
        self.source: Final = source
        self._days: Final = {year: days[year] for year in years}
        self._first: Final = date(years[0], 1, 1).toordinal()
        self._last: Final = date(years[-1], 12, 31).toordinal()
        self._ordinals: Final = sorted(day.toordinal() for day in chain.from_iterable(days.values()))

    @property
    def years(self) -> range:
        """The known years."""
        return range(date.fromordinal(self._first).year, date.fromordinal(self._last).year + 1)

    def known(self, day: date) -> bool:
        """Whether an announced calendar covers ``day``."""
        return self._first <= day.toordinal() <= self._last

    def is_working(self, day: date) -> bool:
        """Whether ``day`` is a working day; outside the known years Monday to Friday is assumed."""
        dates = self._days.get(day.year)
        return day.weekday() <= _FRIDAY if dates is None else day in dates

    def in_holiday(self, day: date) -> bool:
        """Whether ``day`` lies in a public holiday: a run of days off that takes in at least one weekday."""
        return not self.is_working(day) and any(found.weekday() <= _FRIDAY for found in self._run_off(day))

    def working_days(self, after: date, through: date) -> int:
        """How many working days lie in (``after``, ``through``]; 0 when ``through`` is not later."""
        low, high = after.toordinal(), through.toordinal()
        if high <= low:
            return 0
        before = _weekdays(low, min(high, self._first - 1))
        beyond = _weekdays(max(low, self._last), high)
        known = bisect_right(self._ordinals, high) - bisect_right(self._ordinals, low)
        return before + known + beyond

    def add_working_days(self, start: date, n: int) -> Due:
        """The ``n``-th working day after ``start`` (n >= 1, else ValueError); ``start`` itself never
        counts.
        """
        if n < 1:
            raise ValueError("a limit has at least one day")
        low = start.toordinal()
        before = _weekdays(low, self._first - 1)
        if before >= n:
            return Due(date.fromordinal(_add_weekdays(low, n)), True)
        index = bisect_right(self._ordinals, low) + n - before - 1
        if index < len(self._ordinals):
            return Due(date.fromordinal(self._ordinals[index]), low < self._first - 1)
        beyond = index - len(self._ordinals) + 1
        return Due(date.fromordinal(_add_weekdays(max(low, self._last), beyond)), True)

    def add_natural_days(self, start: date, n: int) -> Due:
        """``n`` natural days after ``start`` (n >= 1); an end on a day off moves to the next working day.

        民法典 201-203.
        """
        if n < 1:
            raise ValueError("a limit has at least one day")
        end = start + timedelta(days=n)
        provisional = not (self.known(start) and self.known(end))
        if self.is_working(end):
            return Due(end, provisional)
        moved = self.add_working_days(end, 1)
        return Due(moved.date, provisional or moved.provisional)

    def to_document(self) -> dict[str, object]:
        """A dict for canonical JSON: for each known year the exceptions to Monday to Friday."""
        years = {}
        for year, dates in self._days.items():
            everyday = {day for day in _dates_of(year) if day.weekday() <= _FRIDAY}
            years[str(year)] = {
                "holidays": [day.isoformat() for day in sorted(everyday - dates)],
                "working_weekends": [day.isoformat() for day in sorted(dates - everyday)],
            }
        return {"v": 1, "version": self.version, "source": self.source, "years": years}

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> "WorkCalendar":
        """The calendar in ``document``.

        Refusal CALENDAR_FORMAT unless ``document`` is exactly what ``to_document`` writes: one calendar, one
        digest.
        """
        version, years, source = document.get("version"), document.get("years"), document.get("source")
        if not isinstance(version, str) or not isinstance(source, str) or not isinstance(years, dict):
            raise Refusal("CALENDAR_FORMAT", RULE, where="version, source or years")
        calendar = cls(version, dict(_year_of(text, entry) for text, entry in years.items()), source)
        if calendar.to_document() != document:
            raise Refusal("CALENDAR_FORMAT", RULE, where="not in the one form of this calendar")
        return calendar

    def digest(self) -> str:
        """Lower-case hex SHA-256 of the canonical document: what a leaf or an evidence package can name."""
        return digest(encode(self.to_document()))

    def _run_off(self, day: date) -> Iterator[date]:
        for step in (-_ONE_DAY, _ONE_DAY):
            found = day
            while not self.is_working(found):
                yield found
                found += step


@lru_cache(maxsize=8)
def calendar_in(data: bytes) -> WorkCalendar:
    """The calendar in published bytes (canonical JSON), loaded once. Refusals NOT_CANONICAL, CALENDAR_FORMAT."""
    return WorkCalendar.from_document(parse(data))


def _weekdays(after: int, through: int) -> int:
    """Mondays to Fridays in (after, through], both proleptic ordinals (ordinal 1 was a Monday)."""
    if through <= after:
        return 0

    def upto(ordinal: int) -> int:
        weeks, rest = divmod(ordinal, 7)
        return weeks * 5 + min(rest, 5)

    return upto(through) - upto(after)


def _add_weekdays(ordinal: int, n: int) -> int:
    """The ordinal of the n-th Monday to Friday after ``ordinal``."""
    weekday = (ordinal - 1) % 7
    if weekday > _FRIDAY:
        ordinal, weekday = ordinal - (weekday - _FRIDAY), _FRIDAY
    weeks, rest = divmod(n, 5)
    return ordinal + weeks * 7 + rest + (2 if weekday + rest > _FRIDAY else 0)


def _dates_of(year: int) -> Iterator[date]:
    first, last = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()
    return (date.fromordinal(ordinal) for ordinal in range(first, last + 1))


def _year_of(text: str, entry: Mapping[str, Iterable[str]]) -> tuple[int, frozenset[date]]:
    """One year of the document as its working dates."""
    try:
        year = int(text)
        off = frozenset(date.fromisoformat(day) for day in entry["holidays"])
        on = frozenset(date.fromisoformat(day) for day in entry["working_weekends"])
        everyday = frozenset(day for day in _dates_of(year) if day.weekday() <= _FRIDAY)
    except (ValueError, TypeError, KeyError) as error:
        raise Refusal("CALENDAR_FORMAT", RULE, where=f"{text}: {error}"[:120]) from None
    return year, (everyday - off) | on

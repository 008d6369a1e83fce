"""The clocks K1 to K12: what runs, since when, until when, and what stood still in between.

Invariants:
- a clock is a value; every function returns a new one; replaying the same acts gives the same value
  (invariant 9);
- a working day counts iff the clock is running at 24:00 of that day: the pause day does not count, the resume
  day does; the start day is the one exception and never counts (states.md 2);
- pauses never overlap, each names the digest of its written notice (invariant 7, 行政许可法 45);
- ``used`` + ``left`` = limit + extensions at every moment (invariant 8);
- moments are canonical texts in UTC+8 (``crypto.canonical.time_text``), so texts compare as times do.

``due`` is the last moment inside the limit: for limits in days the next day's 00:00 minus one millisecond,
which is that day's ``23:59:59.999+08:00``. It is None while a pause is open, for nobody knows then when the
limit ends.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final

from crypto.canonical import time_text, time_value
from crypto.refusal import Refusal
from hub.casework.time.calendar import Due, WorkCalendar
from hub.casework.time.clock_table import CLOCKS as CLOCKS
from hub.casework.time.clock_table import Unit as Unit
from hub.casework.time.timetable import Timetable

RULE: Final = "states.md 2"
PAUSE_RULE: Final = "行政许可法 45, states.md T26"
EXTENSION_RULE: Final = "行政许可法 42, states.md T28"
_DAY: Final = timedelta(days=1)
_MINUTE: Final = timedelta(minutes=1)
_MINUTES_AN_HOUR: Final = 60


@dataclass(frozen=True, slots=True)
class Pause:
    """[``from_at``, ``to_at``); ``to_at`` None while open; ``notice``: hex SHA-256 of the written notice."""

    from_at: str
    to_at: str | None
    notice: str


@dataclass(frozen=True, slots=True)
class Extension:
    """``n`` units granted ``at``; ``notice``: hex SHA-256 of what told the applicant."""

    at: str
    n: int
    notice: str


@dataclass(frozen=True, slots=True)
class ClockState:
    """One clock of one case. ``limit`` is in ``unit``; ``expired`` once set stays (cards are never undone).

    ``provisional``: days outside the known calendar took part; ``calendar_version``: what ``due`` was made
    with.
    """

    clock: str
    started_at: str
    due: str | None
    limit: int
    unit: Unit
    calendar_version: str
    stopped_at: str | None = None
    pauses: tuple[Pause, ...] = ()
    extensions: tuple[Extension, ...] = ()
    provisional: bool = False
    expired: bool = False

    @property
    def paused(self) -> bool:
        """Whether a pause is open."""
        return bool(self.pauses) and self.pauses[-1].to_at is None

    @property
    def running(self) -> bool:
        """Whether time counts now."""
        return self.stopped_at is None and not self.paused

    @property
    def total(self) -> int:
        """Limit and extensions: days, or minutes for limits in hours."""
        units = self.limit + sum(extension.n for extension in self.extensions)
        return units * _MINUTES_AN_HOUR if self.unit.is_hours else units

    def to_plain(self) -> dict[str, Any]:
        """A dict for canonical JSON."""
        # By hand, not by ``asdict``, which copies every text of every clock of a case for each of its statements.
        return {
            "clock": self.clock,
            "started_at": self.started_at,
            "due": self.due,
            "limit": self.limit,
            "unit": str(self.unit),
            "calendar_version": self.calendar_version,
            "stopped_at": self.stopped_at,
            "pauses": [{"from_at": one.from_at, "to_at": one.to_at, "notice": one.notice} for one in self.pauses],
            "extensions": [{"at": one.at, "n": one.n, "notice": one.notice} for one in self.extensions],
            "provisional": self.provisional,
            "expired": self.expired,
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "ClockState":
        """The state written by ``to_plain``. TypeError or ValueError on another shape."""
        return cls(
            **{
                **plain,
                "unit": Unit(plain["unit"]),
                "pauses": tuple(Pause(**pause) for pause in plain["pauses"]),
                "extensions": tuple(Extension(**extension) for extension in plain["extensions"]),
            }
        )


def start(
    clock: str,
    at: str,
    calendar: WorkCalendar,
    *,
    limit: int | None = None,
    unit: Unit | None = None,
    timetable: Timetable | None = None,
) -> ClockState:
    """Clock ``clock`` started ``at`` (for K3 and K4 the effective date of acceptance).

    ``limit`` and ``unit`` default to the table; K1 and K11 need the window's ``timetable`` (else ValueError).
    Refusals: CLOCK_UNKNOWN, CLOCK_UNIT, CLOCK_LIMIT, TIME_FORMAT.
    """
    rule = CLOCKS.get(clock)
    if rule is None:
        raise Refusal("CLOCK_UNKNOWN", RULE, clock=clock[:20])
    unit = unit or rule.unit
    if (unit is Unit.WINDOW_HOUR) != (rule.unit is Unit.WINDOW_HOUR):
        raise Refusal("CLOCK_UNIT", rule.citation, clock=clock, unit=unit)
    length = rule.default if limit is None else limit
    if length is None or length < 1:
        raise Refusal("CLOCK_LIMIT", rule.citation, clock=clock, limit=length)
    time_value(at)
    return recompute(ClockState(clock, at, None, length, unit, calendar.version), calendar, timetable)


def stop(state: ClockState, at: str) -> ClockState:
    """The clock stopped ``at`` for good; an open pause ends with it. Refusals: CLOCK_STOPPED,
    CLOCK_TIME_ORDER.
    """
    _guard(state, at)
    return replace(state, stopped_at=at, pauses=_closed(state.pauses, at) if state.paused else state.pauses)


def pause(state: ClockState, at: str, notice: str) -> ClockState:
    """The clock paused ``at`` on a written notice (行政许可法 45). A limit that ran out before stays run out.

    Refusals: CLOCK_NOT_PAUSABLE, CLOCK_NO_NOTICE, CLOCK_PAUSED, CLOCK_STOPPED, CLOCK_TIME_ORDER.
    """
    if not CLOCKS[state.clock].pausable:
        raise Refusal("CLOCK_NOT_PAUSABLE", PAUSE_RULE, clock=state.clock)
    _guard_notice(state, notice, PAUSE_RULE)
    _guard(state, at)
    if state.paused:
        raise Refusal("CLOCK_PAUSED", PAUSE_RULE, clock=state.clock, since=state.pauses[-1].from_at)
    due = state.due if is_due(state, at) else None
    return replace(state, due=due, pauses=(*state.pauses, Pause(at, None, notice)))


def resume(state: ClockState, at: str, calendar: WorkCalendar, timetable: Timetable | None = None) -> ClockState:
    """The clock running again from ``at``. Refusals: CLOCK_NOT_PAUSED, CLOCK_STOPPED, CLOCK_TIME_ORDER."""
    _guard(state, at)
    if not state.paused:
        raise Refusal("CLOCK_NOT_PAUSED", PAUSE_RULE, clock=state.clock)
    return recompute(replace(state, pauses=_closed(state.pauses, at)), calendar, timetable)


def extend(
    state: ClockState,
    n: int,
    at: str,
    notice: str,
    calendar: WorkCalendar,
    *,
    joint: bool = False,
    timetable: Timetable | None = None,
) -> ClockState:
    """The clock with ``n`` more units, granted ``at`` and told to the applicant by ``notice``.

    ``joint``: a parent under 行政许可法 42(2). Refusals: CLOCK_NOT_EXTENDABLE, CLOCK_NO_NOTICE,
    CLOCK_EXTENDED_ALREADY, CLOCK_EXTENSION_TOO_LONG, CLOCK_EXTENSION_LATE, CLOCK_STOPPED, CLOCK_TIME_ORDER.
    """
    rule = CLOCKS[state.clock].extension
    if rule is None:
        raise Refusal("CLOCK_NOT_EXTENDABLE", EXTENSION_RULE, clock=state.clock)
    _guard_notice(state, notice, EXTENSION_RULE)
    _guard(state, at)
    if rule.times is not None and len(state.extensions) >= rule.times:
        raise Refusal("CLOCK_EXTENDED_ALREADY", EXTENSION_RULE, clock=state.clock, at=state.extensions[-1].at)
    most = rule.most_joint if joint else rule.most
    if n < 1 or (most is not None and n > most):
        raise Refusal("CLOCK_EXTENSION_TOO_LONG", EXTENSION_RULE, clock=state.clock, n=n, most=most)
    if is_due(state, at) and not rule.after_due:
        raise Refusal("CLOCK_EXTENSION_LATE", EXTENSION_RULE, clock=state.clock, due=state.due)
    longer = replace(state, extensions=(*state.extensions, Extension(at, n, notice)))
    return recompute(longer, calendar, timetable)


def is_due(state: ClockState, at: str) -> bool:
    """Whether the limit had run out ``at``; never while a pause that came in time is open."""
    return state.due is not None and at > state.due


def expire(state: ClockState, at: str) -> ClockState:
    """The clock marked as run out; the same value when it is already.

    Refusals: CLOCK_STOPPED, CLOCK_TIME_ORDER; CLOCK_NOT_DUE with the due moment (empty while paused).
    """
    if state.expired:
        return state
    _guard(state, at)
    if not is_due(state, at):
        raise Refusal("CLOCK_NOT_DUE", RULE, clock=state.clock, due=state.due or "", at=at)
    return replace(state, expired=True)


def recompute(state: ClockState, calendar: WorkCalendar, timetable: Timetable | None = None) -> ClockState:
    """The state with ``due`` under ``calendar``; a stopped clock is returned as it is.

    For a calendar that changed after the due date was told (states.md 9); who is told is the caller's matter.
    """
    if state.stopped_at is not None:
        return state
    known_start = calendar.known(_day(state.started_at))
    if state.unit.is_hours:
        due = _due_moment(state, calendar, timetable)
        leans = state.unit is Unit.WINDOW_HOUR and not (known_start and (not due or calendar.known(_day(due))))
    else:
        found = _due_day(state, calendar)
        due = None if found is None else end_of(found.date)
        leans = found is not None and found.provisional
        leans = state.unit is not Unit.CALENDAR_DAY and (leans or not known_start)
    return replace(state, due=due, provisional=leans, calendar_version=calendar.version)


def end_of(day: date) -> str:
    """The last moment of ``day``, text in UTC+8."""
    return f"{day.isoformat()}T23:59:59.999+08:00"


def used(state: ClockState, at: str, calendar: WorkCalendar, timetable: Timetable | None = None) -> int:
    """What is used up ``at``: days whose 24:00 has passed, or whole minutes for limits in hours.

    Beyond the limit it goes on counting, so ``left`` tells by how much a clock is overdue. Days by which a
    natural-day limit was moved past a holiday are not used.
    """
    end = at if state.stopped_at is None else min(at, state.stopped_at)
    if state.unit is Unit.WINDOW_HOUR:
        return _hours_of(timetable).window_minutes(time_value(state.started_at), time_value(end), calendar)
    if state.unit is Unit.HOUR:
        return _running_time(state, end) // _MINUTE
    base, through, days = _day(state.started_at), _day(end) - _DAY, 0
    for pause in state.pauses:
        days += _count(state.unit, base, min(_day(pause.from_at) - _DAY, through), calendar)
        base = through if pause.to_at is None else max(base, _day(pause.to_at) - _DAY)
    days += _count(state.unit, base, through, calendar)
    return days if is_due(state, end) else min(days, state.total)


def left(state: ClockState, at: str, calendar: WorkCalendar, timetable: Timetable | None = None) -> int:
    """``total`` minus ``used``, in the same unit; negative when overdue."""
    return state.total - used(state, at, calendar, timetable)


def _due_day(state: ClockState, calendar: WorkCalendar) -> Due | None:
    """The last day of the limit, or None while an open pause keeps it from being known."""
    base, need = _day(state.started_at), state.total
    for pause in state.pauses:
        # a limit already used up that only waits for a day off to pass still gets the resume day
        found = _add(state.unit, base, max(need, 1), calendar)
        if found.date < _day(pause.from_at):
            return found
        if pause.to_at is None:
            return None
        need -= _count(state.unit, base, _day(pause.from_at) - _DAY, calendar)
        base = max(base, _day(pause.to_at) - _DAY)
    return _add(state.unit, base, max(need, 1), calendar)


def _due_moment(state: ClockState, calendar: WorkCalendar, timetable: Timetable | None) -> str | None:
    base = time_value(state.started_at)
    if state.unit is Unit.WINDOW_HOUR:
        return time_text(_hours_of(timetable).add_window_minutes(base, state.total, calendar))
    need = state.total * _MINUTE
    for pause in state.pauses:
        paused_at = time_value(pause.from_at)
        if base + need < paused_at:
            break
        if pause.to_at is None:
            return None
        need -= paused_at - base
        base = time_value(pause.to_at)
    return time_text(base + need)


def _running_time(state: ClockState, end: str) -> timedelta:
    until, base, total = time_value(end), time_value(state.started_at), timedelta()
    for pause in state.pauses:
        total += max(min(time_value(pause.from_at), until) - base, timedelta())
        base = until if pause.to_at is None else time_value(pause.to_at)
    return total + max(until - base, timedelta())


def _add(unit: Unit, base: date, n: int, calendar: WorkCalendar) -> Due:
    if unit is Unit.WORKING_DAY:
        return calendar.add_working_days(base, n)
    return calendar.add_natural_days(base, n) if unit is Unit.NATURAL_DAY else Due(base + n * _DAY, False)


def _count(unit: Unit, after: date, through: date, calendar: WorkCalendar) -> int:
    if unit is Unit.WORKING_DAY:
        return calendar.working_days(after, through)
    return max((through - after).days, 0)


def _closed(pauses: tuple[Pause, ...], at: str) -> tuple[Pause, ...]:
    return (*pauses[:-1], replace(pauses[-1], to_at=at))


def _hours_of(timetable: Timetable | None) -> Timetable:
    if timetable is None:
        raise ValueError("a clock in window hours needs the window's timetable")
    return timetable


def _day(text: str) -> date:
    return date.fromisoformat(text[:10])


def _guard(state: ClockState, at: str) -> None:
    """Acts on a clock come in order and before its stop (invariant 20)."""
    time_value(at)
    if state.stopped_at is not None:
        raise Refusal("CLOCK_STOPPED", RULE, clock=state.clock, stopped_at=state.stopped_at)
    pauses = [pause.to_at or pause.from_at for pause in state.pauses]
    extensions = [extension.at for extension in state.extensions]
    latest = max([state.started_at, *pauses, *extensions])
    if at < latest:
        raise Refusal("CLOCK_TIME_ORDER", RULE, clock=state.clock, at=at, latest=latest)


def _guard_notice(state: ClockState, notice: str, rule: str) -> None:
    if len(notice) != 64 or not set(notice) <= set("0123456789abcdef"):
        raise Refusal("CLOCK_NO_NOTICE", rule, clock=state.clock)

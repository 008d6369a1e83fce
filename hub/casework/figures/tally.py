"""The figures of one group of cases in one period, added case by case.

Invariants:
- memory grows with the number of groups, rules and codes, never with the number of cases;
- adding is commutative: the order of cases changes nothing (J11);
- a card that was lifted on appeal is counted apart (G12), an excluded rating not at all (国办发〔2019〕51号).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from hub.casework.figures.spread import Spread, percent
from hub.casework.figures.values import CaseFigures, Fact, Step
from hub.casework.supervision.values import BAD_FROM
from hub.casework.time.calendar import WorkCalendar

OVER = frozenset(
    {
        *("CLOSED", "ARCHIVED", "WITHDRAWN", "VOIDED", "TERMINATED", "NOT_ACCEPTED", "NOT_COLLECTED", "ABANDONED"),
        *("P_CLOSED", "P_ARCHIVED", "P_WITHDRAWN", "P_FAILED"),
    }
)
"""Values of the states in which nothing of a case is open any more for who had it (states.md 3, 8)."""
LEGAL_CLOCKS = ("K1", "K2", "K3", "K4", "K8")
"""Clocks whose running out makes an open case an overdue one (C15)."""


@dataclass(frozen=True)
class Period:
    """Legal dates, ISO, UTC+8, both included. ``as_of``: moment up to which open cases and limits are judged."""

    since: str
    until: str
    as_of: str

    def holds(self, at: str) -> bool:
        """Whether a moment (text in UTC+8) lies in the period."""
        return self.since <= at[:10] <= self.until and at <= self.as_of


@dataclass
class Tally:
    """One group. ``codes``: reasons and defects by fact; ``clocks``: within and over the limit by clock."""

    volume: Counter[Fact] = field(default_factory=Counter)
    codes: Counter[tuple[Fact, str]] = field(default_factory=Counter)
    hours: dict[Step, Spread] = field(default_factory=dict)
    days: dict[Step, Spread] = field(default_factory=dict)
    within: Counter[str] = field(default_factory=Counter)
    over: Counter[str] = field(default_factory=Counter)
    cards: Counter[str] = field(default_factory=Counter)
    lifted: Counter[str] = field(default_factory=Counter)
    ratings: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    visits: Spread = field(default_factory=Spread)
    open_ages: Spread = field(default_factory=Spread)
    overdue: int = 0
    cases: int = 0

    def join(self, other: "Tally") -> None:
        """All of another group's figures, for a row of groups that are too small to be shown alone."""
        for mine, more in (
            (self.volume, other.volume),
            (self.codes, other.codes),
            (self.within, other.within),
            (self.over, other.over),
            (self.cards, other.cards),
            (self.lifted, other.lifted),
            (self.ratings, other.ratings),
        ):
            mine.update(more)  # type: ignore[arg-type]  # counters of the same kind, pair by pair
        for spreads, added in ((self.hours, other.hours), (self.days, other.days)):
            for step, spread in added.items():
                spreads.setdefault(step, Spread()).join(spread)
        self.visits.join(other.visits)
        self.open_ages.join(other.open_ages)
        self.overdue += other.overdue
        self.cases += other.cases

    def as_object(self) -> dict[str, object]:
        """For canonical JSON: whole numbers and texts; what did not occur is left out."""
        return {
            "cases": self.cases,
            "volume": {fact.value: self.volume[fact] for fact in Fact if self.volume[fact]},
            "codes": {f"{fact}:{code}": n for (fact, code), n in sorted(self.codes.items())},
            "steps": {step.value: self._step(step) for step in Step if step in self.hours},
            "clocks": {name: self._clock(name) for name in sorted(self.within.keys() | self.over.keys(), key=_number)},
            "cards": dict(sorted(self.cards.items())),
            "lifted": dict(sorted(self.lifted.items())),
            "ratings": {":".join((kind, target, str(level))): n for (kind, target, level), n in _sorted(self.ratings)},
            "bad_ratings": self.bad_ratings(),
            "visits": {"n": self.visits.n, **self.visits.as_object()} if self.visits.n else {},
            "open": {"n": self.open_ages.n, "overdue": self.overdue, **self.open_ages.as_object()},
        }

    def bad_ratings(self) -> str:
        """Share of public ratings at level 4 or 5, in percent; empty without any."""
        public = [(level, n) for (kind, _, level), n in self.ratings.items() if kind == "PUBLIC"]
        return percent(sum(n for level, n in public if level >= BAD_FROM), sum(n for _, n in public))

    def _step(self, step: Step) -> Mapping[str, object]:
        hours, days = self.hours[step], self.days[step]
        return {"n": hours.n, "hours": dict(hours.as_object(60)), "days": dict(days.as_object())}

    def _clock(self, name: str) -> Mapping[str, object]:
        within, over = self.within[name], self.over[name]
        return {"within": within, "over": over, "rate": percent(within, within + over)}


def add(
    tally: Tally, case: CaseFigures, period: Period, calendar: WorkCalendar, side: str = "", node: str = ""
) -> bool:
    """Add what belongs to the period; whether anything did.

    ``side``: ``window`` or ``department`` takes only facts that came about while the case lay with ``node``.
    """

    def here(one: object) -> bool:
        return not side or getattr(one, side) == node

    happened = [one for one in case.happened if period.holds(one.at) and here(one)]
    took = [one for one in case.took if period.holds(one.at) and here(one)]
    for fact in happened:
        tally.volume[fact.fact] += 1
        for code in fact.code.split(",") if fact.code else ():
            tally.codes[fact.fact, code] += 1
        if fact.fact is Fact.PROVEN:
            tally.visits.add(case.visits)
    for step in took:
        tally.hours.setdefault(step.step, Spread()).add(step.minutes)
        tally.days.setdefault(step.step, Spread()).add(step.days)
    settled = _clocks(tally, case, period, here)
    voices = _voices(tally, case, period, node if side else "")
    opened = _open(tally, case, period, calendar) if not side or getattr(case, side) == node else False
    counted = bool(happened or took or settled or voices or opened)
    tally.cases += counted
    return counted


def overdue_runs(case: CaseFigures, as_of: str) -> list[tuple[str, str]]:
    """(clock, due) of legal limits that an open case is beyond at ``as_of`` (C15)."""
    if case.state.value in OVER:
        return []
    return [
        (run.clock, run.due)
        for run in case.runs
        if run.clock in LEGAL_CLOCKS and not run.stopped_at and run.due and run.due < as_of
    ]


def _clocks(tally: Tally, case: CaseFigures, period: Period, here: object) -> bool:
    counted = False
    assert callable(here)
    for run in case.runs:
        found = run.settled(period.as_of)
        if found is None or not here(run) or not period.holds(found[0]):
            continue
        (tally.within if found[1] else tally.over)[run.clock] += 1
        counted = True
    return counted


def _voices(tally: Tally, case: CaseFigures, period: Period, node: str) -> bool:
    """Ratings of the service; cards on this node, on all of them where none is named."""
    rated = [one for one in case.ratings if one.counts and period.holds(one.at)]
    carded = [one for one in case.cards if period.holds(one.at) and node in ("", one.node)]
    for rating in rated:
        tally.ratings[rating.kind, rating.target, rating.level] += 1
    for card in carded:
        (tally.lifted if card.status == "LIFTED" else tally.cards)[card.rule] += 1
    return bool(rated or carded)


def _open(tally: Tally, case: CaseFigures, period: Period, calendar: WorkCalendar) -> bool:
    """F14: a case that lies open at the end, its age in working days since the seal."""
    if case.state.value in OVER or not case.collected_at or case.collected_at > period.as_of:
        return False
    first, last = date.fromisoformat(case.collected_at[:10]), date.fromisoformat(period.as_of[:10])
    tally.open_ages.add(calendar.working_days(first, last))
    tally.overdue += bool(overdue_runs(case, period.as_of))
    return True


def _number(clock: str) -> tuple[int, str]:
    return (int(clock[1:]) if clock[1:].isdigit() else 99, clock)


def _sorted(counts: Counter[tuple[str, str, int]]) -> list[tuple[tuple[str, str, int], int]]:
    return sorted(counts.items())

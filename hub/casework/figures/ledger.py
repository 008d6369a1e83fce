"""The progress ledger (J04) and who owes a progress report (J01 to J03).

Invariants:
- the plan says what was promised; whether it was kept is read from the published lists, never from what somebody
  reports about himself;
- dates are legal dates of UTC+8; a report is owed by the end of its day.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from crypto.refusal import Refusal
from hub.casework.catalogue.listing import routable
from hub.casework.catalogue.model import Catalogue


class Status(StrEnum):
    """How far a line of the plan has come."""

    DONE = "DONE"
    DONE_LATE = "DONE_LATE"
    PLANNED = "PLANNED"
    OVERDUE = "OVERDUE"
    LAPSED = "LAPSED"


STATUS_WORDS: Final = {
    Status.DONE: "按期开通",
    Status.DONE_LATE: "逾期开通",
    Status.PLANNED: "未到期",
    Status.OVERDUE: "逾期未开通",
    Status.LAPSED: "开通后停办",
}


@dataclass(frozen=True)
class Planned:
    """One line of the plan: item, node name that is to handle it, unit responsible, date by which."""

    task_code: str
    node: str
    unit: str
    planned: date


@dataclass(frozen=True)
class LedgerLine:
    """One line of the ledger. ``actual``: first day on which the lists have it routable; None while they do not.

    ``days``: calendar days behind the plan, 0 when kept or not due.
    """

    plan: Planned
    name: str
    status: Status
    actual: date | None
    days: int

    def as_object(self) -> dict[str, object]:
        """JSON form."""
        return {
            "task_code": self.plan.task_code,
            "name": self.name,
            "node": self.plan.node,
            "unit": self.plan.unit,
            "status": self.status.value,
            "planned": self.plan.planned.isoformat(),
            "actual": self.actual.isoformat() if self.actual else "",
            "days": self.days,
        }


def ledger(plans: Iterable[Planned], versions: Sequence[Catalogue], on: date) -> list[LedgerLine]:
    """The ledger on a day. ``versions``: published lists, the oldest first; those in force later are not looked at."""
    known = sorted((one for one in versions if one.effective_from <= on), key=lambda one: one.effective_from)
    since: dict[tuple[str, str], date] = {}
    now: set[tuple[str, str]] = set()
    names: dict[str, str] = {}
    for version in known:
        begun = {(one.item.task_code, one.node) for one in routable(version, version.effective_from)}
        names |= {code: item.name for code, item in version.items.items()}
        for place in begun:
            since.setdefault(place, version.effective_from)
    if known:
        now = {(one.item.task_code, one.node) for one in routable(known[-1], on)}
    return [_line(plan, names.get(plan.task_code, ""), since, now, on) for plan in plans]


def _line(
    plan: Planned, name: str, since: Mapping[tuple[str, str], date], now: set[tuple[str, str]], on: date
) -> LedgerLine:
    place = (plan.task_code, plan.node)
    actual = since.get(place)
    if actual is None:
        status = Status.OVERDUE if on > plan.planned else Status.PLANNED
        return LedgerLine(plan, name, status, None, max((on - plan.planned).days, 0))
    late = max((actual - plan.planned).days, 0)
    if place not in now:
        return LedgerLine(plan, name, Status.LAPSED, actual, late)
    return LedgerLine(plan, name, Status.DONE_LATE if late else Status.DONE, actual, late)


# --- reporting dates -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Schedule:
    """When reports are owed: ``days`` as (month, day); (0, 0) for the last day of every month."""

    id: str
    name: str
    days: tuple[tuple[int, int], ...]
    citation: str


SCHEDULES: Final[Mapping[str, Schedule]] = {
    one.id: one
    for one in (
        Schedule("J01", "年末三次报送", ((12, 10), (12, 20), (12, 31)), "J01：12月10日、12月20日、12月31日"),
        Schedule("J02", "月报", ((0, 0),), "J02：每月底前"),
        Schedule("J03", "半年报", ((6, 30), (12, 31)), "J03：每年6月底、12月底"),
    )
}


def due_days(schedule: str, since: date, until: date) -> list[date]:
    """Days on which a report is owed in [``since``, ``until``]. Refusal SCHEDULE_UNKNOWN."""
    found = SCHEDULES.get(schedule)
    if found is None:
        raise Refusal("SCHEDULE_UNKNOWN", "J01; J02; J03", value=schedule[:20])
    made = [day for year in range(since.year, until.year + 1) for day in _days_of(found, year)]
    return [day for day in made if since <= day <= until]


@dataclass(frozen=True)
class Owed:
    """A report that a node owes: by when, and by how many days it is late."""

    schedule: str
    node: str
    due: date
    days: int


def overdue(
    schedule: str, reporters: Iterable[str], received: Mapping[tuple[str, date], date], since: date, on: date
) -> list[Owed]:
    """Reports that were owed from ``since`` to the day before ``on`` and did not come, or came late, by due day.

    ``received``: day on which the report of (node, due day) came.
    """
    made = []
    for due in due_days(schedule, since, on - timedelta(days=1)):
        for node in sorted(reporters):
            days = (received.get((node, due), on) - due).days
            if days > 0:
                made.append(Owed(schedule, node, due, days))
    return made


def _days_of(schedule: Schedule, year: int) -> list[date]:
    made = []
    for month, day in schedule.days:
        if month:
            made.append(date(year, month, day))
        else:
            made += [date(year + one // 12, one % 12 + 1, 1) - timedelta(days=1) for one in range(1, 13)]
    return made

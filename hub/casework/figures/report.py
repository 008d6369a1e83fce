"""A report (J05, J06, J09, J10): all groups of one period, with the definitions that it was counted by.

Invariants:
- one pass over the cases, one case in memory;
- the document is a function of cases, period, calendar and rules alone: same input, same bytes (J11);
- a report for outside has no group of fewer than ``SMALL`` cases: such groups are joined to one row until it is large
  enough, so no row tells of one applicant and none can be found by subtraction (H01; GB/T 37964-2019, generalisation).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from hub.casework.context import RULES_VERSION
from hub.casework.figures.definitions import definitions
from hub.casework.figures.tally import Period, Tally, add
from hub.casework.figures.values import CaseFigures
from hub.casework.time.calendar import WorkCalendar

SMALL = 5
OTHERS = "OTHERS"
"""Key of the row of joined groups."""


class Dimension(StrEnum):
    """By what cases are grouped. THEME: parents, which stand in no other group, for their children do (B19, J10)."""

    ALL = "ALL"
    WINDOW = "WINDOW"
    DEPARTMENT = "DEPARTMENT"
    ITEM = "ITEM"
    REGION = "REGION"
    MONTH = "MONTH"
    THEME = "THEME"


DIMENSION_WORDS = {
    Dimension.ALL: "合计",
    Dimension.WINDOW: "窗口",
    Dimension.DEPARTMENT: "部门",
    Dimension.ITEM: "事项",
    Dimension.REGION: "地区",
    Dimension.MONTH: "收件月份",
    Dimension.THEME: "一件事",
}
_SIDES = {Dimension.WINDOW: "window", Dimension.DEPARTMENT: "department"}


@dataclass
class Report:
    """Groups by dimension and key. ``add`` takes one case after another."""

    period: Period
    calendar: WorkCalendar
    groups: dict[tuple[Dimension, str], Tally] = field(default_factory=dict)

    def add(self, case: CaseFigures) -> None:
        """One more case."""
        for dimension, keys in _keys(case).items():
            for key in keys:
                side = _SIDES.get(dimension, "")
                known = self.groups.get((dimension, key))
                tally = known or Tally()
                if add(tally, case, self.period, self.calendar, side, key if side else "") and known is None:
                    self.groups[dimension, key] = tally

    def tallies(self, dimension: Dimension, *, outside: bool = False) -> list[tuple[str, Tally]]:
        """Groups of one dimension by key; ``outside``: small ones joined."""
        found = sorted((key, tally) for (kind, key), tally in self.groups.items() if kind is dimension)
        return _joined(found) if outside and dimension is not Dimension.ALL else found

    def document(self, scope: Mapping[str, str], *, outside: bool = False) -> dict[str, object]:
        """The report for canonical JSON. ``scope``: whose cases these are; ``outside``: see above."""
        return {
            "v": 1,
            "scope": dict(scope),
            "period": {"since": self.period.since, "until": self.period.until, "as_of": self.period.as_of},
            "zone": "UTC+8",
            "rules": RULES_VERSION,
            "calendar": self.calendar.version,
            "profile": "OUTSIDE" if outside else "INSIDE",
            "groups": {
                dimension.value: {key: tally.as_object() for key, tally in self.tallies(dimension, outside=outside)}
                for dimension in Dimension
            },
            "definitions": [one.as_object() for one in definitions()],
        }


def report(cases: Iterable[CaseFigures], period: Period, calendar: WorkCalendar) -> Report:
    """All cases counted."""
    made = Report(period, calendar)
    for case in cases:
        made.add(case)
    return made


def _keys(case: CaseFigures) -> dict[Dimension, set[str]]:
    """Groups that the case may belong to: each window and department that it has lain with."""
    if case.theme:
        return {Dimension.THEME: {case.theme, f"{case.theme} {case.collected_at[:7]}"}}
    carded = {one.node for one in case.cards}
    windows = {case.window, *(one.window for one in case.happened)}
    departments = {case.department, *(one.department for one in case.happened)}
    return {
        Dimension.ALL: {""},
        Dimension.WINDOW: windows - {""},
        Dimension.DEPARTMENT: (departments | (carded - windows)) - {""},
        Dimension.ITEM: {case.task_code},
        Dimension.REGION: {case.region},
        Dimension.MONTH: {case.collected_at[:7]} - {""},
    }


def _joined(found: list[tuple[str, Tally]]) -> list[tuple[str, Tally]]:
    """Groups large enough, then the joined one; the smallest large ones are joined too while it is too small."""
    by_size = sorted(found, key=lambda one: (one[1].cases, one[0]))
    joined, count = Tally(), 0
    while by_size and (by_size[0][1].cases < SMALL or 0 < joined.cases < SMALL):
        joined.join(by_size.pop(0)[1])
        count += 1
    if not count:
        return found
    return [*sorted(by_size, key=lambda one: one[0]), (OTHERS, joined)]

"""The table of the clocks K1 to K12 (states.md 2) as data.

Invariants:
- a length that item or notice must give has no default, so that nobody runs a clock on an invented limit;
- only what 行政许可法 45 stops may be paused, only what 42 or the applicant's wish lengthens may be extended.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Unit(StrEnum):
    """What a limit is counted in. Catalogue items use the first three.

    NATURAL_DAY moves an end on a day off to the next working day (民法典 203); CALENDAR_DAY does not:
    carriers work on holidays. WINDOW_HOUR runs while the window is open.
    """

    WORKING_DAY = "WORKING_DAY"
    NATURAL_DAY = "NATURAL_DAY"
    HOUR = "HOUR"
    CALENDAR_DAY = "CALENDAR_DAY"
    WINDOW_HOUR = "WINDOW_HOUR"

    @property
    def is_hours(self) -> bool:
        """Whether ``used`` and ``left`` are in minutes rather than days."""
        return self in (Unit.HOUR, Unit.WINDOW_HOUR)


@dataclass(frozen=True, slots=True)
class ExtensionRule:
    """How a clock may be extended. None means no bound.

    ``most``: units at a time; ``most_joint``: for parents handled jointly (42(2)); ``times``: how often;
    ``after_due``: K3 follows K4 even when it has run out already.
    """

    most: int | None
    most_joint: int | None
    times: int | None
    after_due: bool = False


@dataclass(frozen=True, slots=True)
class ClockRule:
    """One row of the table of clocks; ``default`` is None where item or notice must give the length."""

    id: str
    name: str
    unit: Unit
    default: int | None
    citation: str
    pausable: bool = False
    extension: ExtensionRule | None = None


_RULES: Final = (
    ClockRule("K1", "转交时限", Unit.WINDOW_HOUR, 4, "states.md 2, requirements A14"),
    ClockRule("K2", "受理告知时限", Unit.WORKING_DAY, 5, "行政许可法 32(4)"),
    ClockRule(
        "K3",
        "承诺办结时限",
        Unit.WORKING_DAY,
        None,
        "requirements C01, 行政许可法 45",
        pausable=True,
        extension=ExtensionRule(10, 15, 1, after_due=True),
    ),
    ClockRule(
        "K4",
        "法定办结时限",
        Unit.WORKING_DAY,
        20,
        "行政许可法 42, 45",
        pausable=True,
        extension=ExtensionRule(10, 15, 1),
    ),
    ClockRule("K5", "环节时限", Unit.WORKING_DAY, None, "requirements C06, 行政许可法 45", pausable=True),
    ClockRule(
        "K6",
        "补正期限",
        Unit.WORKING_DAY,
        None,
        "states.md T16, T17",
        extension=ExtensionRule(None, None, None),
    ),
    ClockRule("K7", "容缺补齐期限", Unit.WORKING_DAY, None, "requirements B10"),
    ClockRule("K8", "送达时限", Unit.WORKING_DAY, 10, "行政许可法 44"),
    ClockRule("K9", "寄出时限", Unit.WORKING_DAY, 1, "states.md 2"),
    ClockRule("K10", "在途时限", Unit.CALENDAR_DAY, 7, "states.md 2"),
    ClockRule("K11", "改派时限", Unit.WINDOW_HOUR, 4, "states.md 2"),
    ClockRule("K12", "差评整改时限", Unit.WORKING_DAY, 5, "国办发〔2019〕51号, standards.md 9"),
)
CLOCKS: Final[Mapping[str, ClockRule]] = {rule.id: rule for rule in _RULES}
K10_SAME_CITY_DAYS: Final = 3

"""A distribution in bounded memory: how many, sum, largest, percentiles by nearest rank.

Invariants:
- whole numbers in, texts with two decimals out: no float ever reaches a document (canonical JSON has none);
- memory is bounded by the resolution, not by the number of values: single units below ``FINE``, sixty together above
  (of minutes: whole hours beyond the first day); the mean is exact all the same.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

FINE = 24 * 60
COARSE = 60


@dataclass
class Spread:
    """Values are whole numbers from 0 on."""

    n: int = 0
    total: int = 0
    most: int = 0
    _counts: Counter[int] = field(default_factory=Counter)

    def add(self, value: int) -> None:
        """One more value."""
        self.n += 1
        self.total += value
        self.most = max(self.most, value)
        self._counts[value if value < FINE else value - value % COARSE] += 1

    def join(self, other: "Spread") -> None:
        """All values of another one."""
        self.n += other.n
        self.total += other.total
        self.most = max(self.most, other.most)
        self._counts.update(other._counts)

    def percentile(self, share: int) -> int:
        """Nearest rank: the smallest value that at least ``share`` percent of all do not exceed; 0 of none."""
        rank = -(-self.n * share // 100)
        seen = 0
        for value in sorted(self._counts):
            seen += self._counts[value]
            if seen >= rank:
                return value
        return 0

    def as_object(self, unit: int = 1) -> Mapping[str, str]:
        """Mean, median, 90th percentile and most in steps of ``unit`` (60: hours of minutes), texts."""
        if not self.n:
            return {}
        values = {"mean": Fraction(self.total, self.n), "p50": Fraction(self.percentile(50))}
        values |= {"p90": Fraction(self.percentile(90)), "max": Fraction(self.most)}
        return {name: decimal(value / unit) for name, value in values.items()}


def decimal(value: Fraction) -> str:
    """Two decimals, rounded half up."""
    hundredths = (value * 100 + Fraction(1, 2)).__floor__()
    return f"{hundredths // 100}.{hundredths % 100:02}"


def percent(part: int, whole: int) -> str:
    """``part`` of ``whole`` in percent with two decimals; empty of nothing."""
    return decimal(Fraction(part * 100, whole)) if whole else ""

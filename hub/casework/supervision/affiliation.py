"""Whose member of staff somebody is (F07): the body that has the post and leads the work, the centre that runs the day.

Invariants:
- pure; both are social credit codes of the person's own key record (``crypto.records``), and nothing else is known;
- a card stays its unit's, as the log has it (``card_rules.Answers``): this only says which of the two bodies minds it
  with the person, and which is told what became of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

WORDS: Final[Mapping[str, str]] = {"home": "派出单位", "centre": "政务服务中心"}
DAILY: Final = frozenset({"Y1", "Y3", "Y5", "Y9", "Y10", "Y14"})
"""Rules about how a counter is run day by day (日常管理): passing on, signing for and fetching in time, the quality of
scans, ratings and complaints. All others are about the authority's own acts, which the home department leads."""


@dataclass(frozen=True)
class Affiliation:
    """Codes of the two bodies, empty where the record does not say."""

    home: str = ""
    centre: str = ""

    def minded_by(self, rule: str) -> str:
        """Code of the body that minds a card of this rule, or empty."""
        first, second = (self.centre, self.home) if rule in DAILY else (self.home, self.centre)
        return first or second

    def told(self, rule: str) -> str:
        """Code of the other body, which is told of it (F07: 向派出单位反馈考核结果), or empty."""
        other = self.home if self.minded_by(rule) == self.centre else self.centre
        return other if other != self.minded_by(rule) else ""

    def of(self, body: str) -> bool:
        """Whether the person is one of this body's."""
        return body in (self.home, self.centre)

"""G12: timeliness and cards of the staff of one node, for its own lead: with what became of each card.

Invariants: staff ids only; one node's people, never a comparison of nodes; what was lifted on appeal, or is still
being appealed, is told beside what stands, so that no figure condemns before it is decided.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from hub.casework.figures.spread import percent
from hub.casework.figures.tally import Period
from hub.casework.figures.values import CaseFigures
from hub.casework.supervision.card_rules import Level, level_of

PROMISE = "K3"


@dataclass
class Person:
    """One member of staff. ``within``, ``over``: promised limits of cases that he answered for (T13, F05).

    ``cards``: by level, those that stand; ``appealed``: of them under appeal; ``lifted``: those that do not count.
    """

    within: int = 0
    over: int = 0
    cards: Counter[Level] = field(default_factory=Counter)
    appealed: int = 0
    lifted: int = 0

    def as_object(self) -> dict[str, object]:
        """JSON form."""
        return {
            "within": self.within,
            "over": self.over,
            "rate": percent(self.within, self.within + self.over),
            "cards": {level.value: self.cards[level] for level in Level},
            "appealed": self.appealed,
            "lifted": self.lifted,
        }


def people(cases: Iterable[CaseFigures], period: Period, node: str) -> dict[str, Person]:
    """Figures by staff id of ``node``; cards on nobody stand under the node's own id."""
    found: dict[str, Person] = {}
    for case in cases:
        _limits(found, case, period, node)
        for card in case.cards:
            if card.node != node or not period.holds(card.at):
                continue
            person = found.setdefault(card.person or node, Person())
            if card.status == "LIFTED":
                person.lifted += 1
                continue
            person.cards[level_of(card.rule)] += 1
            person.appealed += card.status == "APPEALED"
    return dict(sorted(found.items()))


def _limits(found: dict[str, Person], case: CaseFigures, period: Period, node: str) -> None:
    for run in case.runs:
        settled = run.settled(period.as_of)
        if run.clock != PROMISE or run.department != node or not case.responsible:
            continue
        if settled is not None and period.holds(settled[0]):
            person = found.setdefault(case.responsible, Person())
            person.within += settled[1]
            person.over += not settled[1]

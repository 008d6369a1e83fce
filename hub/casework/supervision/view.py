"""Cards as people read them: rule, unit and person, evidence by place in the log, what became of it (users.md C4; G12).

Invariants: pure: the case file's cards and the history that raised them, whoever holds both (hub, node, auditor) shows
the same; a person is named by staff id alone; what was lifted ranks nobody.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from crypto import identity
from hub.casework import reasons
from hub.casework.casefile import CaseFile
from hub.casework.supervision.card_rules import LEVELS, RULES, Level, level_of
from hub.casework.supervision.values import Card

ESCALATE_DAYS_WORDS = "请在收到之日起三个工作日内整改并答复；不同意的可以申诉。"


class Told(Protocol):
    """One leaf of the case's history: place in the log, event, time, node and person that spoke, digest."""

    @property
    def index(self) -> int: ...
    @property
    def event(self) -> str: ...
    @property
    def at(self) -> str: ...
    @property
    def node(self) -> str: ...
    @property
    def person(self) -> str: ...
    @property
    def digest(self) -> str: ...


@dataclass(frozen=True)
class Evidence:
    """One leaf that proves a card."""

    index: int
    event: str
    digest: str


@dataclass(frozen=True)
class CardView:
    """One card. ``status``: OPEN, ANSWERED, APPEALED, or the result (KEPT, LIFTED, DONE)."""

    id: str
    rule: str
    level: Level
    words: str
    source: str
    citation: str
    at: str
    node: str
    person: str
    evidence: tuple[Evidence, ...]
    status: str


def cards_of(file: CaseFile, history: Sequence[Told]) -> tuple[CardView, ...]:
    """All cards of a case in the order in which they were raised. ``history``: the leaves in log order."""
    return tuple(_view(card, history) for card in file.cards)


def status_of(card: Card) -> str:
    """How far a card has come."""
    if card.result:
        return card.result
    if card.appeal:
        return "APPEALED"
    return "ANSWERED" if card.answer else "OPEN"


def ranking(cards: Iterable[CardView]) -> list[tuple[str, int, int, int]]:
    """G05: (node, red, yellow, reminders) that stand, the most serious first."""
    nodes: dict[str, Counter[Level]] = {}
    for card in cards:
        if card.status != "LIFTED":
            nodes.setdefault(card.node, Counter())[card.level] += 1
    rows = [(node, tally[Level.RED], tally[Level.YELLOW], tally[Level.REMINDER]) for node, tally in nodes.items()]
    return sorted(rows, key=lambda row: (-row[1], -row[2], -row[3], row[0]))


def notice_text(card: CardView, case_no: str, bodies: Sequence[str] = ()) -> str:
    """G13: what the unit is told; codes and staff ids only, no personal data. ``bodies``: lines on the two bodies of
    the person (F07)."""
    unit, who = identity.node_name(card.node), card.person.rpartition("/")[2]
    lines = (
        f"电子监察{LEVELS[card.level]}通知",
        f"编号：{card.id}",
        f"办件编号：{case_no}",
        f"责任单位：{unit}" + (f"；责任人员编号：{who}" if who else ""),
        *bodies,
        f"监察规则：{card.rule}　{card.words}（{card.source}；依据 {card.citation}）",
        f"发出时间：{card.at[:19].replace('T', ' ')}",
        "证据：日志第 " + "、".join(str(one.index) for one in card.evidence) + " 条",
    )
    answer = () if card.level is Level.REMINDER else (ESCALATE_DAYS_WORDS,)
    return "\n".join((*lines, *answer)) + "\n"


def _view(card: Card, history: Sequence[Told]) -> CardView:
    rule = RULES.get(card.kind)
    return CardView(
        id=card.id,
        rule=card.kind,
        level=level_of(card.kind),
        words=reasons.CARDS.get(card.kind, card.kind),
        source=rule.source if rule else "",
        citation=rule.citation if rule else "",
        at=card.at,
        node=card.subject,
        person=_responsible(card, history),
        evidence=_evidence(card, history),
        status=status_of(card),
    )


def _evidence(card: Card, history: Sequence[Told]) -> tuple[Evidence, ...]:
    """The statement that raised it, what it names, and what started the clock."""
    since = card.cause.partition("@")[2]
    named = {card.evidence, *card.grounds, card.cause.partition("@")[0]}
    proof = [told for told in history if told.digest in named or (since and told.at == since)]
    return tuple(Evidence(told.index, told.event, told.digest) for told in proof)


def _responsible(card: Card, history: Sequence[Told]) -> str:
    """Who answers in person: named on the card; else who did it; else the unit's last person before (F05)."""
    if card.person:
        return card.person
    own = [told for told in history if told.node == card.subject and told.person and told.at <= card.at]
    return own[-1].person if own else ""

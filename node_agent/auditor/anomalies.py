"""What reached the log later than it happened: late entries, and acts that lay in a queue (states.md 9; A22, H04).

Invariants:
- read from leaves alone; which act is one says ``figures.following.entered_late``, so the list and the figures agree;
- a late entry (补录) says itself when it happened and when it was entered; any other act has two times only: signed,
  recorded;
- the machine's statements are none: a node that was away answers for nobody's time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from crypto.canonical import time_value
from crypto.evidence.timeline import envelope_of
from crypto.log.leaf import Leaf
from crypto.statement import Statement, read_statement
from hub.casework import reasons
from hub.casework.figures.following import entered_late
from hub.casework.late.guards import LATE
from hub.casework.messages import event_name

QUEUED = "QUEUED"
"""``cause`` of an act that names none: signed at its own time, and long on its way to the log."""


@dataclass(frozen=True)
class LateRow:
    """One act. Times: text in UTC+8; ``entered_at``: of a late entry when it was signed, else ``happened_at``;
    ``minutes``: between what happened and the late entry, or between signature and log; ``cause``: a code of
    ``reasons.LATE_CAUSES`` or ``QUEUED``; ``second``: who confirmed it, empty without."""

    case: str
    event: str
    word: str
    node: str
    person: str
    second: str
    happened_at: str
    entered_at: str
    recorded_at: str
    minutes: int
    cause: str
    cause_word: str

    def as_object(self) -> dict[str, object]:
        """JSON form."""
        return asdict(self)


def late_rows(leaves: Sequence[Leaf]) -> Iterator[LateRow]:
    """The acts of one case that came late, in log order. Refusals ENVELOPE_FORMAT, STATEMENT_FORMAT."""
    for leaf in leaves:
        said = read_statement(envelope_of(leaf).payload)
        if entered_late(said, leaf.recorded_at):
            yield _row(leaf, said)


def sorted_rows(rows: Sequence[LateRow]) -> list[LateRow]:
    """The widest apart first; equal ones in the order of the log's times."""
    return sorted(rows, key=lambda row: (-row.minutes, row.recorded_at))


def _row(leaf: Leaf, said: Statement) -> LateRow:
    marked = said.body.get(LATE)
    told = marked if isinstance(marked, dict) else {}
    entered = str(told.get("entered_at", said.occurred_at))
    cause = str(told.get("cause", QUEUED))
    until = time_value(entered if told else leaf.recorded_at)
    return LateRow(
        case=said.case or "",
        event=said.type,
        word=event_name(said.type),
        node=said.actor.node,
        person=said.actor.person or "",
        second=str(said.body.get("second_person", "")),
        happened_at=said.occurred_at,
        entered_at=entered,
        recorded_at=leaf.recorded_at,
        minutes=int((until - said.occurred).total_seconds() // 60),
        cause=cause,
        cause_word=reasons.LATE_CAUSES.get(cause, "签名后滞留队列" if cause == QUEUED else cause),
    )

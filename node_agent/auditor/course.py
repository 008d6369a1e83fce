"""What was done with a case, act by act, in the words of the closed lists: the auditor's course table.

Invariants: read from leaves alone; codes are shown with the same words as on screen and paper
(``hub.casework.reasons``), and what has no word is shown as it is, so nothing is hidden.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from crypto.evidence.timeline import envelope_of
from crypto.log.leaf import Leaf
from crypto.statement import CUSTODY, Statement, read_statement
from hub.casework import reasons
from hub.casework.late.guards import LATE
from hub.casework.messages import event_name
from hub.casework.supervision.values import Card
from node_agent.known.casemirror import ROUTES

_LISTS: Mapping[str, Mapping[str, reasons.Words]] = {
    "pre_review_answer": {"answer": reasons.PRE_REVIEW_ANSWERS},
    "discard": {"reason": reasons.DISCARD_REASONS},
    "route_failed": {"cause": reasons.ROUTE_FAILURES},
    "constructive_delivery": {"cause": reasons.CONSTRUCTIVE_CAUSES},
    "bounced": {"reason": reasons.BOUNCE_REASONS},
    "bounce_examined": {"finding": reasons.BOUNCE_FINDINGS},
    "reopen": {"reason": reasons.REOPEN_REASONS},
    "second_notice": {"basis": reasons.SECOND_NOTICE_BASES},
    "refuse_accept": {"reason": reasons.REFUSAL_REASONS},
    "misrouted": {"reason": reasons.MISROUTE_REASONS},
    "return_to_window": {"reason": reasons.RETURN_REASONS},
    "admit": {"basis": reasons.ADMISSION_BASES},
}
_SHOWN = CUSTODY, "access"


@dataclass(frozen=True)
class CourseRow:
    """One act. ``at``: legal time, text in UTC+8; ``word``: the event in Chinese; ``node``, ``person``, ``second``: ids
    of who signed (``second`` empty without one); ``detail``: reasons, demanded lines, dates in Chinese."""

    at: str
    event: str
    word: str
    node: str
    person: str
    second: str
    detail: str

    def as_object(self) -> dict[str, object]:
        """JSON form."""
        return asdict(self)


def course(leaves: Sequence[Leaf]) -> list[CourseRow]:
    """Custody acts, admissions and late entries of one case, in log order.

    Refusals ENVELOPE_FORMAT, STATEMENT_FORMAT.
    """
    rows = []
    for leaf in leaves:
        statement = read_statement(envelope_of(leaf).payload)
        if not _shown(statement):
            continue
        actor = statement.actor
        rows.append(
            CourseRow(
                leaf.recorded_at,
                statement.type,
                event_name(statement.type),
                actor.node,
                actor.person or "",
                str(statement.body.get("second_person", "")),
                "；".join(_details(statement)),
            )
        )
    return rows


def card_words(card: Card) -> str:
    """A supervision card in Chinese: kind, time, node answerable."""
    return f"{reasons.CARDS.get(card.kind, card.kind)}　{card.at[:16].replace('T', ' ')}　{card.subject}"


def _shown(statement: Statement) -> bool:
    """Legal acts and admissions; and of every other act, a paper's too, what was entered late (A22)."""
    legal = statement.chain in _SHOWN and statement.type != "open_document"
    return legal or LATE in statement.body


def _late(statement: Statement) -> Iterator[str]:
    """States.md 9: when it happened on paper, why it was entered later and when."""
    said = statement.body.get(LATE)
    if isinstance(said, dict):
        cause, happened = str(said.get("cause")), statement.occurred_at[:16].replace("T", " ")
        entered = str(said.get("entered_at"))[:16].replace("T", " ")
        yield f"补录：{happened} 纸上办理，{reasons.LATE_CAUSES.get(cause, cause)}，{entered} 录入"


def _details(statement: Statement) -> Iterator[str]:
    yield from _late(statement)
    body = statement.body
    for member, words in _LISTS.get(statement.type, {}).items():
        code = str(body.get(member, ""))
        yield words.get(code, code)
    lines = body.get("lines")
    for line in lines if isinstance(lines, list) else ():
        if isinstance(line, dict):
            defect = str(line.get("defect"))
            yield f"{line.get('material')} {reasons.DEFECTS.get(defect, defect)}"
    methods = body.get("methods")
    if isinstance(methods, list):
        yield "、".join(reasons.SUPPLEMENT_METHODS.get(str(one), str(one)) for one in methods)
    for member, word in (("due", "截止"), ("materials", "补交"), ("missing", "缺少"), ("target", "建议转往")):
        value = body.get(member)
        if value:
            yield f"{word} {'、'.join(map(str, value)) if isinstance(value, list) else value}"
    if statement.type in ROUTES:
        yield f"转往 {body.get('accepting_node')}"
    if body.get("forced") is True:
        yield "坚持转回"

"""Rows of enrolments: requests that wait for the registrar.

Invariants: an enrolment is answered once; its certificate and its refusal exclude each other; of each kind of answer
the newest are kept, so that strangers cannot fill the table.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from storage.tables import enrolments

ANSWERED_KEPT = 1_000  # of each kind; a subject asks for its answer within minutes, and may ask anew later


@dataclass(frozen=True)
class EnrolmentRow:
    """One request for enrolment or renewal. ``state``: PENDING, DONE or REFUSED."""

    enrolment_id: str
    subject: str
    request: bytes
    record: bytes
    token_tag: bytes
    renewal: bool
    state: str = "PENDING"
    certificate: bytes = b""
    refusal_code: str = ""
    number: int = 0


class EnrolmentRows:
    """Enrolment rows in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, row: EnrolmentRow) -> None:
        """Keep a new request at the end of the queue."""
        values = {name: value for name, value in row.__dict__.items() if name != "number"}
        self._connection.execute(insert(enrolments).values(values))

    def get(self, enrolment_id: str) -> EnrolmentRow | None:
        """A request by id, or None."""
        query = select(enrolments).where(enrolments.c.enrolment_id == enrolment_id)
        row = self._connection.execute(query).first()
        return _enrolment(row) if row else None

    def pending(self, after: int = 0, limit: int = 100) -> list[EnrolmentRow]:
        """Waiting requests, oldest first."""
        query = select(enrolments).where(enrolments.c.state == "PENDING", enrolments.c.number > after)
        rows = self._connection.execute(query.order_by(enrolments.c.number).limit(limit))
        return [_enrolment(row) for row in rows]

    def count_pending(self) -> int:
        """How many wait: the unauthenticated door is bounded by this."""
        query = select(func.count()).select_from(enrolments).where(enrolments.c.state == "PENDING")
        return int(self._connection.scalar(query) or 0)

    def answer(self, enrolment_id: str, certificate: bytes, refusal_code: str) -> bool:
        """Answer a waiting request; False when it was answered before. The oldest answers of its kind go."""
        state = "REFUSED" if refusal_code else "DONE"
        done = self._connection.execute(
            update(enrolments)
            .where(enrolments.c.enrolment_id == enrolment_id, enrolments.c.state == "PENDING")
            .values(state=state, certificate=certificate, refusal_code=refusal_code)
        )
        alike = select(enrolments.c.number).where(enrolments.c.state == state)
        oldest = alike.order_by(enrolments.c.number.desc()).offset(ANSWERED_KEPT).limit(1).scalar_subquery()
        self._connection.execute(delete(enrolments).where(enrolments.c.state == state, enrolments.c.number <= oldest))
        return done.rowcount == 1


def _enrolment(row: Row[Any]) -> EnrolmentRow:
    return EnrolmentRow(
        row.enrolment_id,
        row.subject,
        bytes(row.request),
        bytes(row.record),
        bytes(row.token_tag),
        row.renewal,
        row.state,
        bytes(row.certificate),
        row.refusal_code,
        row.number,
    )

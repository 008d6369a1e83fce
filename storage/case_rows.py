"""Rows of cases: the projection that the law works on.

Invariants: a case moves by compare-and-set on ``seq`` and ``updated_index``; zero rows is the typed refusal
HEAD_MOVED, never a silent loss; serials are given out once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from crypto.refusal import Refusal
from storage.tables import case_serials, cases, check_codes, inbox


@dataclass(frozen=True)
class CaseRow:
    """One case as stored; ``document`` is the canonical JSON of the case file."""

    case_id: str
    seq: int
    state: str
    holder: str
    public_no: str
    case_no: str
    updated_index: int
    document: bytes


class CaseRows:
    """Case rows in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def load(self, case_ids: Sequence[str]) -> dict[str, CaseRow]:
        """Cases by id, locked until the transaction ends."""
        if not case_ids:
            return {}
        query = select(cases).where(cases.c.case_id.in_(case_ids)).order_by(cases.c.case_id).with_for_update()
        return {row.case_id: _case(row) for row in self._connection.execute(query)}

    def public_numbers_taken(self, numbers: Sequence[str]) -> set[str]:
        """Which of the public numbers are in use already."""
        if not numbers:
            return set()
        return set(self._connection.scalars(select(cases.c.public_no).where(cases.c.public_no.in_(numbers))))

    def insert(self, rows: Sequence[CaseRow]) -> None:
        """New cases."""
        if rows:
            self._connection.execute(insert(cases), [dict(row.__dict__) for row in rows])

    def move(self, changes: Sequence[tuple[CaseRow, CaseRow]]) -> None:
        """Compare-and-set of (as read, as it is to be). Refusal HEAD_MOVED when one is no longer as it was read."""
        if not changes:
            return
        values = [
            {"old_case": old.case_id, "old_seq": old.seq, "old_index": old.updated_index, **new.__dict__}
            for old, new in changes
        ]
        query = update(cases).where(
            cases.c.case_id == bindparam("old_case"),
            cases.c.seq == bindparam("old_seq"),
            cases.c.updated_index == bindparam("old_index"),
        )
        done = self._connection.execute(
            query.values({name: bindparam(name) for name in changes[0][1].__dict__}), values
        )
        if done.rowcount != len(changes):
            raise Refusal("HEAD_MOVED", "architecture: order (custody chain)", cases=len(changes))

    def next_serial(self, task_code: str, day: str) -> int:
        """The next serial of an item and day, from 1 (standards.md 3)."""
        query = (
            upsert(case_serials)
            .values(task_code=task_code, day=day, serial=1)
            .on_conflict_do_update(index_elements=["task_code", "day"], set_={"serial": case_serials.c.serial + 1})
            .returning(case_serials.c.serial)
        )
        return int(self._connection.execute(query).scalar_one())

    def find(self, name: str) -> CaseRow | None:
        """A case by id, case number or public number."""
        named = or_(cases.c.case_id == name, cases.c.case_no == name, cases.c.public_no == name)
        row = self._connection.execute(select(cases).where(named)).first()
        return _case(row) if row else None

    def is_party(self, node: str, case_id: str) -> bool:
        """Whether the case was ever shown to ``node``."""
        query = select(inbox.c.idx).where(inbox.c.node == node, inbox.c.case_id == case_id).limit(1)
        return self._connection.execute(query).first() is not None

    def listed(self, node: str | None, state: str, before: int, limit: int) -> list[CaseRow]:
        """Cases of a party (all when None), newest change first; ``before``: index of the last one seen."""
        query = select(cases).where(cases.c.updated_index < before)
        if node is not None:
            query = query.where(cases.c.case_id.in_(select(inbox.c.case_id).where(inbox.c.node == node).distinct()))
        if state:
            query = query.where(cases.c.state == state)
        query = query.order_by(cases.c.updated_index.desc()).limit(limit)
        return [_case(row) for row in self._connection.execute(query)]

    def keep_check_code(self, public_no: str, slow_hash: str) -> None:
        """The slow hash of an applicant's check code; outside the log, erasable."""
        values = {"public_no": public_no, "hash": slow_hash}
        self._connection.execute(upsert(check_codes).values(values).on_conflict_do_nothing())

    def check_code(self, public_no: str) -> str | None:
        """The slow hash for a public number, or None."""
        return self._connection.scalar(select(check_codes.c.hash).where(check_codes.c.public_no == public_no))


def _case(row: Row[Any]) -> CaseRow:
    return CaseRow(
        row.case_id,
        row.seq,
        row.state,
        row.holder,
        row.public_no,
        row.case_no,
        row.updated_index,
        bytes(row.document),
    )

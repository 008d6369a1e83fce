"""Rows of cases: the projection that the law works on.

Invariants: a case moves by compare-and-set on ``seq`` and ``updated_index``; zero rows is the typed refusal
HEAD_MOVED, never a silent loss; serials are given out once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Update, bindparam, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from crypto.refusal import Refusal
from storage.bulk import any_of, arrays, columns, insert_many
from storage.tables import case_serials, cases, check_codes, inbox

_NAMES = tuple(cases.c.keys())
_LOAD = select(cases).where(any_of(cases.c.case_id, "case_ids")).order_by(cases.c.case_id).with_for_update()
_TAKEN = select(cases.c.public_no).where(any_of(cases.c.public_no, "numbers"))
_INSERT = insert_many(cases, *_NAMES)
_KEEP_CHECK_CODES = insert_many(check_codes, "public_no", "hash").on_conflict_do_nothing()
_FIND = select(cases).where(
    or_(*(named == bindparam("name") for named in (cases.c.case_id, cases.c.case_no, cases.c.public_no)))
)
_IS_PARTY = (
    select(inbox.c.idx).where(inbox.c.node == bindparam("node"), inbox.c.case_id == bindparam("case_id")).limit(1)
)


def _move() -> Update:
    given = arrays(cases, **{name: name for name in _NAMES}, old_seq="seq", old_index="updated_index")
    as_read = (
        cases.c.case_id == given.c.case_id,
        cases.c.seq == given.c.old_seq,
        cases.c.updated_index == given.c.old_index,
    )
    return update(cases).where(*as_read).values({name: given.c[name] for name in _NAMES if name != "case_id"})


_MOVE = _move()
_NEXT_SERIAL = (
    upsert(case_serials)
    .values(task_code=bindparam("task_code"), day=bindparam("day"), serial=1)
    .on_conflict_do_update(index_elements=["task_code", "day"], set_={"serial": case_serials.c.serial + 1})
    .returning(case_serials.c.serial)
)
_KEEP_SERIAL = (
    upsert(case_serials)
    .values(task_code=bindparam("task_code"), day=bindparam("day"), serial=bindparam("drawn"))
    .on_conflict_do_update(index_elements=["task_code", "day"], set_={"serial": bindparam("drawn")})
)


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
        found = self._connection.execute(_LOAD, {"case_ids": list(case_ids)})
        return {row.case_id: _case(row) for row in found}

    def public_numbers_taken(self, numbers: Sequence[str]) -> set[str]:
        """Which of the public numbers are in use already."""
        if not numbers:
            return set()
        return set(self._connection.scalars(_TAKEN, {"numbers": list(numbers)}))

    def insert(self, rows: Sequence[CaseRow]) -> None:
        """New cases."""
        if rows:
            self._connection.execute(_INSERT, columns([vars(row) for row in rows]))

    def move(self, changes: Sequence[tuple[CaseRow, CaseRow]]) -> None:
        """Compare-and-set of (as read, as it is to be). Refusal HEAD_MOVED when one is no longer as it was read."""
        if not changes:
            return
        values = [{"old_seq": old.seq, "old_index": old.updated_index, **vars(new)} for old, new in changes]
        done = self._connection.execute(_MOVE, columns(values))
        if done.rowcount != len(changes):
            raise Refusal("HEAD_MOVED", "architecture: order (custody chain)", cases=len(changes))

    def next_serial(self, task_code: str, day: str) -> int:
        """The next serial of an item and day, from 1 (standards.md 3); nobody else draws until the transaction ends."""
        return int(self._connection.execute(_NEXT_SERIAL, {"task_code": task_code, "day": day}).scalar_one())

    def keep_serial(self, task_code: str, day: str, serial: int) -> None:
        """The last serial given out after ``next_serial`` in the same transaction."""
        values = {"task_code": task_code, "day": day, "drawn": serial}
        self._connection.execute(_KEEP_SERIAL, values)

    def find(self, name: str) -> CaseRow | None:
        """A case by id, case number or public number."""
        row = self._connection.execute(_FIND, {"name": name}).first()
        return _case(row) if row else None

    def is_party(self, node: str, case_id: str) -> bool:
        """Whether the case was ever shown to ``node``."""
        return self._connection.execute(_IS_PARTY, {"node": node, "case_id": case_id}).first() is not None

    def listed(self, node: str | None, state: str, before: int, limit: int) -> list[CaseRow]:
        """Cases of a party (all when None), newest change first; ``before``: index of the last one seen."""
        query = select(cases).where(cases.c.updated_index < before)
        if node is not None:
            query = query.where(cases.c.case_id.in_(select(inbox.c.case_id).where(inbox.c.node == node).distinct()))
        if state:
            query = query.where(cases.c.state == state)
        query = query.order_by(cases.c.updated_index.desc()).limit(limit)
        return [_case(row) for row in self._connection.execute(query)]

    def keep_check_codes(self, hashes: Mapping[str, str]) -> None:
        """Slow hashes of applicants' check codes by public number; outside the log, erasable. The first one stays."""
        if hashes:
            rows = [{"public_no": public_no, "hash": slow_hash} for public_no, slow_hash in hashes.items()]
            self._connection.execute(_KEEP_CHECK_CODES, columns(rows))


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

"""Rows of cases: the projection that the law works on.

Invariants: a case moves by compare-and-set on ``seq`` and ``updated_index``; zero rows is the typed refusal
HEAD_MOVED, never a silent loss; serials are given out once; a number that a case has not got yet is an empty text here
and NULL in the table, where numbers are unique.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Cursor
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Text,
    Update,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from crypto.refusal import Refusal
from storage import failpoints
from storage.bulk import Prepared, any_of, arrays, columns, insert_many, waits
from storage.tables import case_regions, case_serials, cases, check_codes, former_numbers, inbox, region_of

_NAMES = tuple(cases.c.keys())
_LOAD = select(cases).where(any_of(cases.c.case_id, "case_ids")).order_by(cases.c.case_id).with_for_update()
_INSERT = Prepared(insert_many(cases, *_NAMES))
_KEEP_CHECK_CODES = Prepared(insert_many(check_codes, "public_no", "hash").on_conflict_do_nothing())
_CHECK_CODE = select(check_codes.c.hash).where(check_codes.c.public_no == bindparam("public_no"))
_KEEP_FORMER = Prepared(insert_many(former_numbers, "number", "case_id").on_conflict_do_nothing())
_FORMER = select(former_numbers.c.case_id).where(former_numbers.c.number == bindparam("name")).scalar_subquery()
_FIND = select(cases).where(
    or_(
        *(named == bindparam("name") for named in (cases.c.case_id, cases.c.case_no, cases.c.public_no)),
        cases.c.case_id == _FORMER,
    )
)
_IN_COLLECTION = cases.c.state == "COLLECTED"
_DUE = (
    select(cases.c.case_id, cases.c.wake_at)
    .where(
        cases.c.wake_at <= bindparam("now"),
        tuple_(cases.c.wake_at, cases.c.case_id) > tuple_(bindparam("after_at"), bindparam("after_case")),
    )
    .order_by(cases.c.wake_at, cases.c.case_id)
    .limit(bindparam("most"))
)
_DUE_BOUNCES = _DUE.where(_IN_COLLECTION)
_WAKE_ALL = update(cases).where(cases.c.wake_at.is_not(None)).values(wake_at="")
REGION_DIGITS = 12
_REGIONS = [literal_column(region_of(name).text, Text) for name in ("collecting_node", "accepting_node")]
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


_MOVE = Prepared(_move())
_NEXT_SERIAL = (
    upsert(case_serials)
    .values(task_code=bindparam("task_code"), day=bindparam("day"), serial=1)
    .on_conflict_do_update(index_elements=["task_code", "day"], set_={"serial": case_serials.c.serial + 1})
    .returning(case_serials.c.serial)
)
_KEEP_SERIAL = Prepared(
    upsert(case_serials)
    .values(task_code=bindparam("task_code"), day=bindparam("day"), serial=bindparam("drawn"))
    .on_conflict_do_update(index_elements=["task_code", "day"], set_={"serial": bindparam("drawn")})
)


@dataclass(frozen=True)
class CaseRow:
    """One case as stored; ``document`` is the canonical JSON of the case file.

    ``wake_at``: legal time (text, UTC+8) at which the law's clocks look at it again, None for never.
    """

    case_id: str
    seq: int
    state: str
    holder: str
    public_no: str
    case_no: str
    updated_index: int
    document: bytes
    wake_at: str | None = None


class CaseRows:
    """Case rows in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._moves: list[tuple[Cursor[Any], int]] = []

    def load(self, case_ids: Sequence[str]) -> dict[str, CaseRow]:
        """Cases by id, locked until the transaction ends."""
        if not case_ids:
            return {}
        found = self._connection.execute(_LOAD, {"case_ids": list(case_ids)})
        return {row.case_id: _case(row) for row in found}

    def insert(self, rows: Sequence[CaseRow]) -> None:
        """New cases."""
        if rows:
            with failpoints.write("sequencer.cases_new"):
                _INSERT.run(self._connection, columns([_values(row) for row in rows]))

    def move(self, changes: Sequence[tuple[CaseRow, CaseRow]]) -> None:
        """Compare-and-set of (as read, as it is to be). Refusal HEAD_MOVED when one is no longer as it was read."""
        if not changes:
            return
        values = [{"old_seq": old.seq, "old_index": old.updated_index, **_values(new)} for old, new in changes]
        with failpoints.write("sequencer.cases_moved"):
            done = _MOVE.run(self._connection, columns(values))
        self._moves.append((done, len(changes)))
        if waits(self._connection):
            self.require_moved()

    def require_moved(self) -> None:
        """Refusal HEAD_MOVED unless every ``move`` so far did: asked at the end of a scope that waits for nothing."""
        moves, self._moves = self._moves, []
        for done, count in moves:
            if done.rowcount != count:
                raise Refusal("HEAD_MOVED", "architecture: order (custody chain)", cases=count)

    @failpoints.is_write("sequencer.serial")
    def next_serial(self, task_code: str, day: str) -> int:
        """The next serial of an item and day, from 1 (standards.md 3); nobody else draws until the transaction ends."""
        return int(self._connection.execute(_NEXT_SERIAL, {"task_code": task_code, "day": day}).scalar_one())

    @failpoints.is_write("sequencer.serial")
    def keep_serial(self, task_code: str, day: str, serial: int) -> None:
        """The last serial given out after ``next_serial`` in the same transaction."""
        values = {"task_code": task_code, "day": day, "drawn": serial}
        _KEEP_SERIAL.run(self._connection, values)

    def find(self, name: str) -> CaseRow | None:
        """A case by id, case number (also one that it had before) or public number."""
        row = self._connection.execute(_FIND, {"name": name}).first()
        return _case(row) if row else None

    def keep_former(self, numbers: Mapping[str, str]) -> None:
        """Numbers that cases had before (number: case id): they go on finding them."""
        if numbers:
            rows = [{"number": number, "case_id": case_id} for number, case_id in numbers.items()]
            with failpoints.write("sequencer.cases_moved"):
                _KEEP_FORMER.run(self._connection, columns(rows))

    def due(self, now: str, after: tuple[str, str], limit: int, *, bounced: bool = False) -> list[tuple[str, str]]:
        """(wake_at, case id) of cases to look at by ``now``, in this order, after a pair of it.

        ``bounced``: only those in collection, where a bounce may wait to be examined.
        """
        values = {"now": now, "after_at": after[0], "after_case": after[1], "most": limit}
        found = self._connection.execute(_DUE_BOUNCES if bounced else _DUE, values)
        return [(row.wake_at, row.case_id) for row in found]

    def wake_all(self) -> None:
        """All cases that a clock wakes are due at once: the calendar that their times follow from is another one."""
        with failpoints.write("sequencer.cases_moved"):
            self._connection.execute(_WAKE_ALL)

    def is_party(self, node: str, case_id: str) -> bool:
        """Whether the case was ever shown to ``node``."""
        return self._connection.execute(_IS_PARTY, {"node": node, "case_id": case_id}).first() is not None

    def listed(self, node: str, state: str, before: int, limit: int, region: str | None = None) -> list[CaseRow]:
        """Cases that were shown to ``node``, newest change first; ``before``: index of the last one seen.

        ``region``: leading digits of regions; cases that begin, are decided or were reviewed first in one of them, or
        have a part there, are listed too.
        """
        shown = select(inbox.c.case_id).where(inbox.c.node == node).distinct()
        query = select(cases).where(cases.c.updated_index < before)
        if region is None:
            query = query.where(cases.c.case_id.in_(shown))
        else:
            # An array, not a subquery: with one of these in it no index serves an OR.
            further = select(case_regions.c.case_id).where(_within(region, case_regions.c.region))
            named = (cases.c.case_id == func.any(func.array(one.scalar_subquery())) for one in (shown, further))
            query = query.where(or_(*named, *(_within(region, found) for found in _REGIONS)))
        if state:
            query = query.where(cases.c.state == state)
        query = query.order_by(cases.c.updated_index.desc()).limit(limit)
        return [_case(row) for row in self._connection.execute(query)]

    def keep_check_codes(self, hashes: Mapping[str, str]) -> None:
        """Slow hashes of applicants' check codes by public number; outside the log, erasable. The first one stays."""
        if hashes:
            rows = [{"public_no": public_no, "hash": slow_hash} for public_no, slow_hash in hashes.items()]
            with failpoints.write("sequencer.check_codes"):
                _KEEP_CHECK_CODES.run(self._connection, columns(rows))

    def check_code(self, public_no: str) -> str | None:
        """The slow hash of the check code that belongs to a public number, or None."""
        return self._connection.scalar(_CHECK_CODE, {"public_no": public_no})


def _within(region: str, found: ColumnElement[str]) -> ColumnElement[bool]:
    return found.between(region.ljust(REGION_DIGITS, "0"), region.ljust(REGION_DIGITS, "9"))


def _values(row: CaseRow) -> dict[str, object]:
    return {**vars(row), "public_no": row.public_no or None, "case_no": row.case_no or None}


def _case(row: Row[Any]) -> CaseRow:
    return CaseRow(
        row.case_id,
        row.seq,
        row.state,
        row.holder,
        row.public_no or "",
        row.case_no or "",
        row.updated_index,
        bytes(row.document),
        row.wake_at,
    )

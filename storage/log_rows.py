"""Rows of the log: head, leaves, inbox, checkpoint.

Invariants: the head is locked (``LOCK_HEAD``) before anything is appended; indexes are given out once and without gaps;
the checkpoint moves by compare-and-set on its size.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Text, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert

from storage import failpoints
from storage.bulk import Prepared, any_of, arrays, columns, insert_many
from storage.tables import checkpoint, cosignatures, inbox, leaves, log_head

INTEGRATOR_LOCK = 7415002
_HEAD_ROW = select(log_head.c.origin, log_head.c.size, log_head.c.epoch, log_head.c.recorded_at)
_HEAD, LOCK_HEAD = Prepared(_HEAD_ROW), Prepared(_HEAD_ROW.with_for_update())
_MOVE_HEAD = Prepared(
    update(log_head).values(size=bindparam("size"), epoch=bindparam("epoch"), recorded_at=bindparam("recorded_at"))
)
COMMITS = "yidi_commits"
"""Channel on which every process hears that the log has grown, at the moment of the commit."""
_TELL = Prepared(select(func.pg_notify(COMMITS, "")))
_INSERT_LEAVES = Prepared(insert_many(leaves, *leaves.c.keys()))
_INSERT_INBOX = Prepared(insert_many(inbox, "node", "idx", "case_id"))
_AGAIN = arrays(inbox, node="node", case_id="case_id")
_UNSHOW = Prepared(delete(inbox).where(inbox.c.node == _AGAIN.c.node, inbox.c.case_id == _AGAIN.c.case_id))
_SHOWN = select(inbox.c.idx).where(inbox.c.node == bindparam("node"), inbox.c.idx == bindparam("idx"))
_KNOWN = select(leaves).where(any_of(leaves.c.payload_digest, "digests"))
_PLACES = Prepared(
    select(leaves.c.case_id, leaves.c.idx).where(any_of(leaves.c.case_id, "case_ids")).order_by(leaves.c.idx)
)
_OF_CASES = select(leaves).where(any_of(leaves.c.case_id, "case_ids")).order_by(leaves.c.idx)
_CHECKPOINT = select(checkpoint.c.size, checkpoint.c.note)
_SIZES = select(log_head.c.size, checkpoint.c.size).where(checkpoint.c.id == log_head.c.id)

_ASKED = func.unnest(bindparam("nodes", type_=ARRAY(Text))).column_valued("asked")
_LAST = select(func.max(inbox.c.position)).where(inbox.c.node == _ASKED).scalar_subquery()
_NEWEST = select(_ASKED, _LAST)


@dataclass(frozen=True)
class Head:
    """State of the log: leaves so far, registry position, last legal time given out (text, UTC+8)."""

    origin: str
    size: int
    epoch: int
    recorded_at: str


@dataclass(frozen=True)
class Extent:
    """How far the log reaches, by what is kept apart: head row, last leaf's row, checkpoint row with its note."""

    head: int
    rows: int
    integrated: int
    note: str


@dataclass(frozen=True)
class LeafRow:
    """One leaf with what is looked up by."""

    index: int
    leaf: bytes
    leaf_hash: bytes
    payload_digest: str
    case_id: str | None
    epoch: int
    is_registry: bool


class LogRows:
    """Log rows in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def found(self, origin: str) -> None:
        """Make the head of an empty log; does nothing when there is one."""
        row = {"id": 1, "origin": origin, "size": 0, "epoch": 0, "recorded_at": ""}
        self._connection.execute(upsert(log_head).values(row).on_conflict_do_nothing())
        self._connection.execute(upsert(checkpoint).values({"id": 1, "size": 0, "note": ""}).on_conflict_do_nothing())

    def lock_head(self) -> Head:
        """The head, locked until the transaction ends: the one narrow place."""
        return self._head(LOCK_HEAD)

    def head(self) -> Head:
        """The head as last committed."""
        return self._head(_HEAD)

    def append(self, head: Head, rows: Sequence[LeafRow], to: Sequence[tuple[str, int, str]]) -> None:
        """Leaves, their inbox entries (node, index, case) and the new head."""
        if rows:
            with failpoints.write("sequencer.leaves"):
                _INSERT_LEAVES.run(self._connection, columns([_leaf_values(row) for row in rows]))
        if to:
            seen = [{"node": node, "idx": index, "case_id": case} for node, index, case in to]
            with failpoints.write("sequencer.inbox"):
                _INSERT_INBOX.run(self._connection, columns(seen))
        moved = {"size": head.size, "epoch": head.epoch, "recorded_at": head.recorded_at}
        with failpoints.write("sequencer.head"):
            _MOVE_HEAD.run(self._connection, moved)
        _TELL.run(self._connection)

    def unshow(self, to: Sequence[tuple[str, str]]) -> None:
        """Take a case's entries out of a node's inbox (node, case), so that they can be put in at a new place."""
        if to:
            pairs = [{"node": node, "case_id": case} for node, case in to]
            with failpoints.write("sequencer.inbox"):
                _UNSHOW.run(self._connection, columns(pairs))

    def known(self, digests: Sequence[str]) -> dict[str, LeafRow]:
        """Leaves by payload digest: a statement sent again is found here."""
        if not digests:
            return {}
        found = self._connection.execute(_KNOWN, {"digests": list(digests)})
        return {row.payload_digest: _leaf(row) for row in found}

    def range(self, start: int, end: int) -> list[LeafRow]:
        """Leaves with start ≤ index < end, in order."""
        query = select(leaves).where(leaves.c.idx >= start, leaves.c.idx < end).order_by(leaves.c.idx)
        return [_leaf(row) for row in self._connection.execute(query)]

    def of_case(self, case_id: str, after: int = -1, limit: int = 1_000_000) -> list[LeafRow]:
        """Leaves of a case with a greater index, in order."""
        query = select(leaves).where(leaves.c.case_id == case_id, leaves.c.idx > after)
        return [_leaf(row) for row in self._connection.execute(query.order_by(leaves.c.idx).limit(limit))]

    def of_cases(self, case_ids: Sequence[str]) -> list[LeafRow]:
        """Leaves of several cases, in order."""
        if not case_ids:
            return []
        return [_leaf(row) for row in self._connection.execute(_OF_CASES, {"case_ids": list(case_ids)})]

    def places_of_cases(self, case_ids: Sequence[str]) -> list[tuple[str, int]]:
        """(case, index) of the leaves of several cases, in order."""
        if not case_ids:
            return []
        return [(row[0], row[1]) for row in _PLACES.run(self._connection, {"case_ids": list(case_ids)})]

    def shown(self, node: str, index: int) -> bool:
        """Whether a leaf was shown to ``node``."""
        return self._connection.execute(_SHOWN, {"node": node, "idx": index}).first() is not None

    def shown_of_case(self, node: str, case_id: str, after: int, limit: int) -> list[LeafRow]:
        """Leaves of a case with a greater index that were shown to ``node``, in order."""
        query = select(leaves).join(inbox, inbox.c.idx == leaves.c.idx)
        query = query.where(inbox.c.node == node, inbox.c.case_id == case_id, inbox.c.idx > after)
        return [_leaf(row) for row in self._connection.execute(query.order_by(inbox.c.idx).limit(limit))]

    def registry(self, after_epoch: int, limit: int = 1_000_000) -> list[LeafRow]:
        """Registry leaves after a registry position, in order."""
        query = select(leaves).where(leaves.c.is_registry, leaves.c.epoch > after_epoch)
        return [_leaf(row) for row in self._connection.execute(query.order_by(leaves.c.epoch).limit(limit))]

    def inbox(self, node: str, after: int, limit: int) -> list[tuple[int, LeafRow]]:
        """Leaves that concern ``node`` with their positions in its inbox, after a position, in order of delivery."""
        query = (
            select(leaves, inbox.c.position)
            .join(inbox, inbox.c.idx == leaves.c.idx)
            .where(inbox.c.node == node, inbox.c.position > after)
            .order_by(inbox.c.position)
            .limit(limit)
        )
        return [(row.position, _leaf(row)) for row in self._connection.execute(query)]

    def newest_in_inbox(self, nodes: Sequence[str]) -> dict[str, int]:
        """Last position in the inbox of each of ``nodes`` that has entries."""
        found = self._connection.execute(_NEWEST, {"nodes": list(nodes)})
        return {node: position for node, position in found if position is not None}

    def checkpoint(self) -> tuple[int, str]:
        """Size and note of the integrated checkpoint; (0, "") before the first."""
        row = self._connection.execute(_CHECKPOINT).one()
        return row.size, row.note

    def sizes(self) -> tuple[int, int]:
        """Leaves sequenced and leaves integrated, at one moment."""
        row = self._connection.execute(_SIZES).one()
        return row[0], row[1]

    def extent(self) -> Extent:
        """All sizes at one moment."""
        rows = select(func.coalesce(func.max(leaves.c.idx) + 1, 0)).scalar_subquery()
        query = select(log_head.c.size, rows, checkpoint.c.size, checkpoint.c.note).where(
            checkpoint.c.id == log_head.c.id
        )
        row = self._connection.execute(query).one()
        return Extent(*row)

    @failpoints.is_write("integrator.checkpoint")
    def move_checkpoint(self, old_size: int, new_size: int, note: str) -> bool:
        """Compare-and-set: False when another integrator moved it first."""
        done = self._connection.execute(
            update(checkpoint).where(checkpoint.c.size == old_size).values(size=new_size, note=note)
        )
        return done.rowcount == 1

    def try_integrator_lock(self) -> bool:
        """Become the one integrator until the transaction ends; False when another process is."""
        return bool(self._connection.scalar(select(func.pg_try_advisory_xact_lock(INTEGRATOR_LOCK))))

    @failpoints.is_write("integrator.cosignature")
    def add_cosignature(self, size: int, line: str) -> None:
        """Keep a witness's signature line for the checkpoint of ``size``; its earlier one for that size gives way."""
        head = " ".join(line.split(" ")[:2]) + " "  # dash and name: one line a witness keeps the note small
        same = cosignatures.c.line.startswith(head, autoescape=True)
        self._connection.execute(delete(cosignatures).where(cosignatures.c.size == size, same))
        self._connection.execute(upsert(cosignatures).values({"size": size, "line": line}).on_conflict_do_nothing())

    def cosignatures(self, size: int) -> list[str]:
        """Witness lines for the checkpoint of ``size``."""
        query = select(cosignatures.c.line).where(cosignatures.c.size == size).order_by(cosignatures.c.line)
        return list(self._connection.scalars(query))

    def _head(self, query: Prepared) -> Head:
        row = query.run(self._connection).fetchone()
        assert row is not None  # founded
        return Head(*row)


def _leaf_values(row: LeafRow) -> dict[str, object]:
    return {
        "idx": row.index,
        "leaf": row.leaf,
        "leaf_hash": row.leaf_hash,
        "payload_digest": row.payload_digest,
        "case_id": row.case_id,
        "epoch": row.epoch,
        "is_registry": row.is_registry,
    }


def _leaf(row: Row[Any]) -> LeafRow:
    return LeafRow(
        row.idx,
        bytes(row.leaf),
        bytes(row.leaf_hash),
        row.payload_digest,
        row.case_id,
        row.epoch,
        row.is_registry,
    )

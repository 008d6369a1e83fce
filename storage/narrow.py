"""What the narrow place looks up: all of it in one round trip, behind the lock of the head row.

Invariants:
- the head is locked first; every look-up after it sees what was committed when the lock was granted, and nobody else
  can append, move a case or give out a number until the transaction ends;
- what a process holds already is named with its position (a case's ``updated_index``, a manifest's digest) and not sent
  again: an answer without document means "as you know it".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, case, null, or_, select

from storage.applicant_rows import OF, OF_CASES, ApplicantRow, applicant_row
from storage.bulk import Prepared, any_of, arrays, together
from storage.case_rows import CaseRow
from storage.log_rows import LOCK_HEAD, Head, LeafRow
from storage.object_rows import PinnedRow
from storage.tables import cases, documents, leaves, pinned

_LEAF = ("idx", "leaf", "leaf_hash", "payload_digest", "case_id", "epoch", "is_registry")
_KNOWN = Prepared(select(*(leaves.c[name] for name in _LEAF)).where(any_of(leaves.c.payload_digest, "digests")))
_TAKEN = Prepared(select(cases.c.public_no).where(any_of(cases.c.public_no, "numbers")))


def _cases() -> Select[Any]:
    given = arrays(cases, case_id="case_id", known="updated_index")
    document: ColumnElement[Any] = case((cases.c.updated_index == given.c.known, null()), else_=cases.c.document)
    names = ("case_id", "seq", "state", "holder", "public_no", "case_no", "updated_index", "wake_at")
    return select(*(cases.c[name] for name in names), document).join(given, given.c.case_id == cases.c.case_id)


def _pinned() -> Select[Any]:
    text = select(documents.c.data).where(documents.c.digest == pinned.c.manifest).scalar_subquery()
    names = ("manifest", "node", "case_id", "object_key", "version_id", "size", "etag")
    wanted = or_(any_of(pinned.c.manifest, "manifests"), any_of(pinned.c.case_id, "case_ids"))
    data: ColumnElement[Any] = case((any_of(pinned.c.manifest, "read"), null()), else_=text)
    return select(*(pinned.c[name] for name in names), data).where(wanted)


_CASES, _PINNED = Prepared(_cases()), Prepared(_pinned())


@dataclass(frozen=True)
class Wanted:
    """Payload digests; cases with the position that is known of each (-1: none); manifests; which of them and of their
    cases' were read before; public numbers that are asked for; keyed digests of applicants
    whose cases are asked for, and cases whose applicants are.
    """

    digests: Sequence[str]
    cases: Mapping[str, int]
    manifests: Sequence[str]
    read: Sequence[str]
    numbers: Sequence[str]
    applicants: Sequence[str] = ()
    applicants_of: Sequence[str] = ()


@dataclass(frozen=True)
class Position:
    """The head, and what stands in the tables behind it.

    ``cases``: rows by id, with an empty document where it is as known. ``pinned``: version and manifest bytes of the
    manifests named and of all others of the cases, by digest; None where the bytes were read before.
    """

    head: Head
    known: dict[str, LeafRow]
    cases: dict[str, CaseRow]
    pinned: dict[str, tuple[PinnedRow, bytes | None]]
    taken: set[str]
    applicants: tuple[ApplicantRow, ...] = ()


def look(connection: Connection, wanted: Wanted) -> Position:
    """Lock the head until the transaction ends, and look up behind it."""
    case_ids = list(wanted.cases)
    with together(connection):
        heads = LOCK_HEAD.run(connection)
        known = _KNOWN.run(connection, {"digests": list(wanted.digests)})
        rows = _CASES.run(connection, {"all_case_id": case_ids, "all_known": list(wanted.cases.values())})
        named = {"manifests": list(wanted.manifests), "case_ids": case_ids, "read": list(wanted.read)}
        versions = _PINNED.run(connection, named)
        taken = _TAKEN.run(connection, {"numbers": list(wanted.numbers)}) if wanted.numbers else None
        others = [OF.run(connection, {"digests": list(wanted.applicants)})] if wanted.applicants else []
        if wanted.applicants_of:
            others.append(OF_CASES.run(connection, {"case_ids": list(wanted.applicants_of)}))
    head = heads.fetchone()
    assert head is not None  # founded
    return Position(
        Head(*head),
        {row[3]: LeafRow(*row) for row in known},
        {row[0]: _case(row) for row in rows},
        {row[0]: (PinnedRow(*row[:-1]), row[-1]) for row in versions},
        {row[0] for row in taken} if taken else set(),
        tuple(applicant_row(row) for found in others for row in found),
    )


def _case(row: tuple[Any, ...]) -> CaseRow:
    case_id, seq, state, holder, public_no, case_no, updated_index, wake_at, document = row
    number, case_number = public_no or "", case_no or ""
    return CaseRow(case_id, seq, state, holder, number, case_number, updated_index, document or b"", wake_at)

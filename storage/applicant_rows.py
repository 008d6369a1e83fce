"""Rows of applicants: which cases one applicant has, by keyed digest (A22, D21, G15).

Invariants: a projection of the case rows, written in the transaction that moves the case; it can be rebuilt from them,
and so from leaves (promise 3); no personal data: the digest's key is not the hub's (promise 1).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, or_, select, union_all

from storage import failpoints
from storage.bulk import Prepared, any_of, columns, insert_many
from storage.tables import applicants

_NAMES = tuple(applicants.c.keys())
_FRESH = insert_many(applicants, *_NAMES)
_KEEP = Prepared(
    _FRESH.on_conflict_do_update(
        index_elements=["case_id"], set_={name: _FRESH.excluded[name] for name in _NAMES if name != "case_id"}
    )
)
_ROWS = select(*(applicants.c[name] for name in _NAMES))
_DIGESTS: tuple[ColumnElement[str], ...] = (applicants.c.applicant, applicants.c.applicant_before)
_ASKED = union_all(*(select(digest).where(any_of(applicants.c.case_id, "case_ids")) for digest in _DIGESTS))
OF = Prepared(_ROWS.where(or_(*(any_of(digest, "digests") for digest in _DIGESTS))))
"""All cases of these applicants, by a digest of either key."""
# An array, not a subquery: with one of these in it no index serves an OR.
OF_CASES = Prepared(
    _ROWS.where(or_(*(digest == func.any(func.array(_ASKED.scalar_subquery())) for digest in _DIGESTS)))
)
"""All cases of those whose cases these are. A statement of its own: one with both conditions reads the whole table."""
_OF_CASE = _ROWS


@dataclass(frozen=True)
class ApplicantRow:
    """One case of an applicant; ``standing``: OPEN before the decision, else empty; ``breach``: BROKEN or empty;
    ``applicant_before``: the digest under the older key, empty without one (NULL in the table)."""

    case_id: str
    applicant: str
    task_code: str
    public_no: str
    node: str
    standing: str
    breach: str
    applicant_before: str = ""


def applicant_row(values: Sequence[Any]) -> ApplicantRow:
    """A row from its columns, in the order of the table."""
    named: dict[str, Any] = dict(zip(_NAMES, values, strict=True))
    return ApplicantRow(**named | {"applicant_before": named["applicant_before"] or ""})


class ApplicantRows:
    """Rows of applicants in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def keep(self, rows: Sequence[ApplicantRow]) -> None:
        """New rows, and what changed in old ones."""
        if rows:
            with failpoints.write("sequencer.cases_moved"):
                _KEEP.run(self._connection, columns([_values(row) for row in rows]))

    def of_case(self, case_id: str) -> ApplicantRow | None:
        """The row of a case, or None."""
        row = self._connection.execute(_OF_CASE.where(applicants.c.case_id == case_id)).first()
        return applicant_row(row) if row else None


def _values(row: ApplicantRow) -> dict[str, object]:
    return {**vars(row), "applicant_before": row.applicant_before or None}

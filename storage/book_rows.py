"""All rows, page by page: what a check of the books reads.

Invariants: nothing is locked or changed; a page holds at most what the caller asked for, so memory stays flat however
long the log is; order is that of the key named.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Table, func, select

from storage.applicant_rows import ApplicantRow, ApplicantRows
from storage.case_rows import CaseRow, _case
from storage.log_rows import Head, LeafRow, LogRows, _leaf
from storage.object_rows import ObjectRows, PinnedRow, UploadRow, _pinned, _upload
from storage.region_rows import RegionRows
from storage.tables import (
    applicants,
    case_regions,
    case_serials,
    cases,
    documents,
    former_numbers,
    inbox,
    key_packets,
    leaves,
    pinned,
    uploads,
)

PAGE = 256


class BookRows:
    """Look-ups over whole tables. Use within one ``Database.snapshot``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._log = LogRows(connection)
        self._objects = ObjectRows(connection)

    def head(self) -> Head:
        """The head row."""
        return self._log.head()

    def checkpoint(self) -> tuple[int, str]:
        """Size and note of the checkpoint row; (0, "") before the first."""
        return self._log.checkpoint()

    def registry(self) -> list[LeafRow]:
        """All registry leaves, in order of epoch."""
        return self._log.registry(0)

    def leaves_of(self, case_id: str) -> list[LeafRow]:
        """Leaves of a case, in order."""
        return self._log.of_case(case_id)

    def pinned_of(self, manifests: Sequence[str]) -> dict[str, tuple[PinnedRow, bytes]]:
        """Pinned versions with their manifests, by manifest digest."""
        return self._objects.pinned(manifests)

    def document(self, digest: str) -> bytes | None:
        """Bytes by digest, or None."""
        return self._objects.document(digest)

    def last_index(self) -> int:
        """The greatest index of a leaf; -1 without any."""
        found = self._connection.scalar(select(func.max(leaves.c.idx)))
        return -1 if found is None else int(found)

    def leaves_by_page(self) -> Iterator[list[LeafRow]]:
        """All leaves in order of index; a page is the ``PAGE`` indexes from a multiple of ``PAGE`` on."""
        for start in range(0, self.last_index() + 1, PAGE):
            query = select(leaves).where(leaves.c.idx >= start, leaves.c.idx < start + PAGE).order_by(leaves.c.idx)
            yield [_leaf(row) for row in self._connection.execute(query)]

    def cases_by_page(self) -> Iterator[list[CaseRow]]:
        """All case rows in order of case id."""
        last = ""
        while True:
            query = select(cases).where(cases.c.case_id > last).order_by(cases.c.case_id).limit(PAGE)
            page = [_case(row) for row in self._connection.execute(query)]
            if not page:
                return
            yield page
            last = page[-1].case_id

    def cases_named(self, case_ids: Sequence[str]) -> dict[str, CaseRow]:
        """Case rows by id, without a lock."""
        rows = self._connection.execute(select(cases).where(cases.c.case_id.in_(case_ids)))
        return {row.case_id: _case(row) for row in rows}

    def applicant_of(self, case_id: str) -> ApplicantRow | None:
        """What the index of applicants has of a case."""
        return ApplicantRows(self._connection).of_case(case_id)

    def regions_of(self, case_id: str) -> set[str]:
        """The further regions that are noted of a case."""
        return RegionRows(self._connection).of_case(case_id)

    def former_of(self, case_id: str) -> set[str]:
        """The public numbers that are noted as those a case had before."""
        query = select(former_numbers.c.number).where(former_numbers.c.case_id == case_id)
        return {str(number) for number in self._connection.scalars(query)}

    def cases_without_row(self) -> list[str]:
        """Cases that have leaves and no row."""
        known = select(cases.c.case_id).where(cases.c.case_id == leaves.c.case_id).exists()
        query = select(leaves.c.case_id).where(leaves.c.case_id.is_not(None), ~known).distinct().limit(PAGE)
        return [str(name) for name in self._connection.scalars(query)]

    def numbers_twice(self) -> list[str]:
        """Public numbers and case numbers that more than one case has."""
        found: list[str] = []
        for column in (cases.c.public_no, cases.c.case_no):
            query = select(column).where(column.is_not(None)).group_by(column).having(func.count() > 1).limit(PAGE)
            found += [str(number) for number in self._connection.scalars(query)]
        return found

    def statements_twice(self) -> list[str]:
        """Payload digests that more than one leaf has."""
        column = leaves.c.payload_digest
        query = select(column).group_by(column).having(func.count() > 1).limit(PAGE)
        return [str(digest) for digest in self._connection.scalars(query)]

    def serial(self, task_code: str, day: str) -> int:
        """The last serial that is noted as given out; 0 for none."""
        query = select(case_serials.c.serial).where(case_serials.c.task_code == task_code, case_serials.c.day == day)
        return int(self._connection.scalar(query) or 0)

    def inbox_of(self, case_id: str) -> set[tuple[str, int]]:
        """(node, index) of everything that a case has put into inboxes."""
        query = select(inbox.c.node, inbox.c.idx).where(inbox.c.case_id == case_id)
        return {(row.node, row.idx) for row in self._connection.execute(query)}

    def inbox_of_no_case(self) -> list[str]:
        """Cases that stand in an inbox and have no row."""
        return self._of_no_case(inbox)

    def regions_of_no_case(self) -> list[str]:
        """Cases that have further regions and no row."""
        return self._of_no_case(case_regions)

    def applicants_of_no_case(self) -> list[str]:
        """Cases that stand in the index of applicants and have no row."""
        return self._of_no_case(applicants)

    def former_numbers_of_no_case(self) -> list[str]:
        """Cases that had a number before and have no row."""
        return self._of_no_case(former_numbers)

    def _of_no_case(self, projection: Table) -> list[str]:
        """At most ``PAGE`` of them: who mends these looks again."""
        column = projection.c.case_id
        known = select(cases.c.case_id).where(cases.c.case_id == column).exists()
        query = select(column).where(~known).distinct().order_by(column).limit(PAGE)
        return [str(name) for name in self._connection.scalars(query)]

    def packet_places(self, case_id: str) -> set[tuple[str, str, str]]:
        """(manifest, recipient, recipient key) of the packets of a case."""
        one = key_packets.c
        query = select(one.manifest, one.recipient, one.recipient_key).where(one.case_id == case_id).distinct()
        return {(row.manifest, row.recipient, row.recipient_key) for row in self._connection.execute(query)}

    def pinned_by_page(self) -> Iterator[list[tuple[PinnedRow, bytes | None]]]:
        """All pinned versions with the bytes of their manifests (None: lost), in order of manifest."""
        last = ""
        while True:
            query = (
                select(pinned, documents.c.data)
                .outerjoin(documents, documents.c.digest == pinned.c.manifest)
                .where(pinned.c.manifest > last)
            )
            rows = self._connection.execute(query.order_by(pinned.c.manifest).limit(PAGE)).all()
            if not rows:
                return
            yield [(_pinned(row), None if row.data is None else bytes(row.data)) for row in rows]
            last = rows[-1].manifest

    def pinned_versions(self, keys: Sequence[str]) -> set[tuple[str, str]]:
        """(object key, version) of those of ``keys`` that are pinned."""
        query = select(pinned.c.object_key, pinned.c.version_id).where(pinned.c.object_key.in_(keys))
        return {(row.object_key, row.version_id) for row in self._connection.execute(query)}

    def uploads_by_page(self) -> Iterator[list[UploadRow]]:
        """All uploads in order of id."""
        last = ""
        while True:
            query = select(uploads).where(uploads.c.upload_id > last).order_by(uploads.c.upload_id).limit(PAGE)
            page = [_upload(row) for row in self._connection.execute(query)]
            if not page:
                return
            yield page
            last = page[-1].upload_id

    def store_uploads(self, ids: Sequence[str]) -> set[str]:
        """Which of the store's upload ids stand in a row."""
        query: Any = select(uploads.c.store_upload_id).where(uploads.c.store_upload_id.in_(ids))
        return {str(found) for found in self._connection.scalars(query)}

"""Further regions of cases: where a case was reviewed first, or a part of it is handled (A24, T30; states.md 8).

Invariant: a projection of the case rows, written in the transaction that moves the case; it can be rebuilt from them,
and so from leaves (promise 3).
"""

from collections.abc import Mapping, Set

from sqlalchemy import Connection, delete, select

from storage import failpoints
from storage.bulk import Prepared, any_of, columns, insert_many
from storage.tables import case_regions

_DROP = Prepared(delete(case_regions).where(any_of(case_regions.c.case_id, "case_ids")))
_KEEP = Prepared(insert_many(case_regions, "case_id", "region"))
_OF_CASE = select(case_regions.c.region)


class RegionRows:
    """Further regions of cases in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def keep(self, regions: Mapping[str, Set[str]]) -> None:
        """The regions that these cases have from now on, instead of those that they had."""
        if not regions:
            return
        rows = [{"case_id": case, "region": region} for case, found in regions.items() for region in sorted(found)]
        with failpoints.write("sequencer.cases_moved"):
            _DROP.run(self._connection, {"case_ids": list(regions)})
            if rows:
                _KEEP.run(self._connection, columns(rows))

    def of_case(self, case_id: str) -> set[str]:
        """The further regions of a case."""
        found = self._connection.execute(_OF_CASE.where(case_regions.c.case_id == case_id))
        return {row.region for row in found}

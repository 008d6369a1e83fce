"""The books held against each other: rows, leaves, tiles, checkpoint, case rows, inboxes, objects.

Invariants:
- nothing is changed: in the database by the server's own word (a read-only transaction), in the store by asking only;
- the database is seen as it was at one moment, so a hub may go on working; the store is looked at later, so what came
  meanwhile is at most a note;
- no finding ends the check; memory does not grow with the log: pages of rows, one case, one piece of an object;
- a finding is an ERROR (the books do not agree) or a NOTE (for information: nothing is owed).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from crypto.evidence.pins import Pins
from hub.services.fsck.cases import check_cases
from hub.services.fsck.findings import BookFinding as BookFinding
from hub.services.fsck.findings import Counts as Counts
from hub.services.fsck.findings import Grade as Grade
from hub.services.fsck.log import check_log
from hub.services.fsck.objects import check_objects, check_strays
from storage.book_rows import BookRows
from storage.database import Database
from storage.objectstore import ObjectStore
from storage.tilestore import TileStore


@dataclass(frozen=True)
class Books:
    """What is held against each other. ``documents``: the store's bucket of ciphertext."""

    database: Database
    tiles: TileStore
    documents: ObjectStore
    pins: Pins

    def check(self, counts: Counts, *, deep: bool = False) -> Iterator[BookFinding]:
        """Every finding, as it is met; ``counts`` rises on the way. ``deep``: read every object and compare SHA-256.

        Refusals DATABASE_UNAVAILABLE, STORE_UNAVAILABLE, STORE_DENIED: the check could not be finished.
        """
        with self.database.snapshot() as reading:
            yield from self.check_rows(reading, counts, deep=deep)

    def check_rows(self, reading: BookRows, counts: Counts, *, deep: bool = False) -> Iterator[BookFinding]:
        """``check`` of rows that the caller has before him."""
        parts: Iterable[Iterator[BookFinding]] = (
            check_log(reading, self.tiles, self.pins, counts, self._size_now),
            check_cases(reading, self.pins, counts),
            check_objects(reading, self.documents, counts, deep=deep),
            check_strays(reading, self.documents, counts),
        )
        yield from chain.from_iterable(parts)

    def _size_now(self) -> int:
        with self.database.reading() as reading:
            return reading.log.head().size

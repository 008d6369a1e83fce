"""What is published for everybody: catalogue, calendar, items, the one destination of an item (D01, D08, A05).

Invariants: nothing here changes anything; a version never changes; a destination is a valid node of today's list, or
a refusal, never a guess.
"""

from dataclasses import dataclass
from datetime import date

from crypto.refusal import Refusal
from hub.casework.catalogue.model import Item
from hub.casework.hand_off.routing import route
from hub.services.clock import now_text
from hub.services.registry import RegistryService
from storage.database import Database
from storage.log_rows import Head


@dataclass(frozen=True)
class Destination:
    """Where an item of a region goes: node id, inbound queue, digest of the node's current key record."""

    node: str
    queue: str
    key_record: str


class Publications:
    """Blocking; safe from several threads."""

    def __init__(self, database: Database, registry: RegistryService) -> None:
        self._database = database
        self._registry = registry

    def document(self, kind: str, version: str) -> tuple[str, bytes]:
        """Version and canonical bytes of a ``catalogue`` or ``calendar``; the newest when ``version`` is empty.

        Refusals VERSION_UNKNOWN, NOT_PUBLISHED.
        """
        with self._database.reading() as reading:
            return self._registry.document(reading, kind, version or None)

    def items(self, query: str, region: str, after: str, limit: int) -> list[Item]:
        """Items of the newest catalogue in order of task code, after one. Refusal REGION_CODE, NOT_PUBLISHED."""
        with self._database.reading() as reading:
            catalogue = self._registry.catalogue(reading)
        found = sorted(catalogue.search(query, region or None), key=lambda item: item.task_code)
        return [item for item in found if item.task_code > after][:limit]

    def destination(self, task_code: str, region: str) -> Destination:
        """The one queue of an item for a 12-digit region. Refusals ROUTE_NONE, ROUTE_AMBIGUOUS, NODE_UNKNOWN."""
        with self._database.reading() as reading:
            catalogue = self._registry.catalogue(reading)
        queue = route(catalogue, task_code, region, date.fromisoformat(now_text()[:10]))
        for record in self._registry.directory.nodes("department"):
            if record.subject.rsplit("/", 1)[1] == queue.node:
                return Destination(record.subject, queue.queue, record.digest)
        raise Refusal("NODE_UNKNOWN", "A05", node=queue.node)

    def head(self) -> Head:
        """The head of the log: what tells that another hub process committed."""
        with self._database.reading() as reading:
            return reading.log.head()

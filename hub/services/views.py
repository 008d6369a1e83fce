"""Read-only views: cases, inbox, packets, the snapshot for work without network.

Invariants:
- a node sees cases that it has a part in; auditors and coordinators see their own region's subtree (A24), a recovery
  key the cases that are wrapped to it; whoever had a part that is over sees the leaves that it was shown, none newer;
- nothing here changes anything.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from crypto import canonical
from crypto.keystore import Signer
from crypto.log import leaf as leaves
from crypto.records import KeyRecord
from crypto.refusal import Refusal
from crypto.statement import SNAPSHOT_TYPE, Envelope, read_signed, sign
from hub.casework import facts
from hub.casework.audience import for_gateway
from hub.casework.casefile import CaseFile, from_document
from hub.casework.numbers import region_prefix
from hub.services.clock import now_text
from hub.services.integrator import LogReader
from hub.services.objects import require_reader
from hub.services.registry import RegistryService
from storage.case_rows import CaseRow
from storage.database import Database, Reading
from storage.log_rows import LeafRow
from storage.object_rows import PacketRow

SNAPSHOT_HOURS = 72
PAGES_MOST = 8  # of rows, for one page of a list: most rows that are read are shown, so one or two are the rule
OVERSEERS = frozenset({"auditor", "coordinator"})


@dataclass(frozen=True)
class Snapshot:
    """The signed directory snapshot with what it names by digest."""

    envelope: Envelope
    catalogue: bytes
    calendar: bytes
    registry_leaves: list[bytes]
    proofs: list[str]


@dataclass(frozen=True)
class CasePage:
    """Cases, and the index to go on before; None after the last one."""

    cases: list[tuple[CaseRow, CaseFile]]
    before: int | None


class Views:
    """Blocking; safe from several threads."""

    def __init__(self, database: Database, registry: RegistryService, log: LogReader, signer: Signer) -> None:
        self._database = database
        self._registry = registry
        self._log = log
        self._signer = signer

    def find_case(self, caller: KeyRecord, name: str) -> tuple[CaseRow, CaseFile]:
        """A case by id, case number or public number. Refusal CASE_UNKNOWN, also for those who may not see it."""
        with self._database.reading() as reading:
            return self._visible(reading, caller, name)

    def list_cases(self, caller: KeyRecord, state: str, before: int, limit: int) -> CasePage:
        """Cases that the caller may see, newest change first; ``before``: index of the last one seen.

        A page may be short, even empty, although more follow (AIP-158): a call reads ``PAGES_MOST`` pages of rows.
        """
        region = region_prefix(caller.region) if caller.roles & OVERSEERS else None
        found: list[tuple[CaseRow, CaseFile]] = []
        with self._database.reading() as reading:
            for _ in range(PAGES_MOST):
                rows = reading.cases.listed(caller.subject, state, before, limit, region)
                for row in rows:
                    before, file = row.updated_index, from_document(json.loads(row.document))
                    if _may_see(caller, file):
                        found.append((row, file))
                    if len(found) == limit:
                        return CasePage(found, before)
                if len(rows) < limit:
                    return CasePage(found, None)
        return CasePage(found, before)

    def case_leaves(self, caller: KeyRecord, name: str, after: int, limit: int) -> list[bytes]:
        """Leaf bytes of a case in log order; a gateway's part is the parcel's way. Refusal CASE_UNKNOWN.

        Who has a part no more gets the leaves that it was shown.
        """
        with self._database.reading() as reading:
            row, file = self._named(reading, name)
            if _may_see(caller, file):
                rows = reading.log.of_case(row.case_id, after, limit)
            elif reading.cases.is_party(caller.subject, row.case_id):
                rows = reading.log.shown_of_case(caller.subject, row.case_id, after, limit)
            else:
                raise Refusal("CASE_UNKNOWN", "A24", name=name[:43])
        return [leaf.leaf for leaf in rows if "gateway" not in caller.roles or _for_gateway(leaf.leaf, caller.subject)]

    def newest_in_inbox(self, nodes: Sequence[str]) -> dict[str, int]:
        """Last position in the inbox of each of ``nodes`` that has entries."""
        with self._database.reading() as reading:
            return reading.log.newest_in_inbox(nodes)

    def inbox(self, caller: KeyRecord, cursor: int, limit: int) -> list[tuple[int, LeafRow]]:
        """Leaves that concern the caller with their positions in the inbox, after the cursor."""
        with self._database.reading() as reading:
            return reading.log.inbox(caller.subject, cursor, limit)

    def packets(
        self, caller: KeyRecord, case_id: str, manifest: str, after: tuple[str, str], limit: int
    ) -> list[PacketRow]:
        """Packets wrapped to the caller. Refusal NOT_YOUR_CASE while the sealing is not open to it."""
        with self._database.reading() as reading:
            require_reader(reading, caller, case_id, manifest)
            return reading.objects.packets(manifest, caller.subject, after, limit, case_id)

    def registry_leaves(self, after_epoch: int, limit: int) -> tuple[list[bytes], int]:
        """Registry leaves after a position, and the position now."""
        with self._database.reading() as reading:
            return [row.leaf for row in reading.log.registry(after_epoch, limit)], reading.log.head().epoch

    def snapshot(self) -> Snapshot:
        """What a window needs to go on without network (promise 6). Refusals NOT_PUBLISHED, NOT_INTEGRATED."""
        note, _ = self._log.checkpoint()
        self._registry.refresh()
        with self._database.reading() as reading:
            catalogue_version, catalogue = self._registry.document(reading, "catalogue")
            calendar_version, calendar = self._registry.document(reading, "calendar")
            rows = reading.log.registry(0)
        proofs = self._log.proofs_under(note, [row.index for row in rows])
        payload = {
            "v": 1,
            "catalogue": {"version": catalogue_version, "digest": canonical.digest(catalogue)},
            "calendar": {"version": calendar_version, "digest": canonical.digest(calendar)},
            "epoch": len(rows),
            "checkpoint": note,
            "made_at": now_text(),
            "greatest_age_hours": SNAPSHOT_HOURS,
        }
        envelope = sign(canonical.encode(payload), [self._signer], SNAPSHOT_TYPE)
        return Snapshot(envelope, catalogue, calendar, [row.leaf for row in rows], proofs)

    def _visible(self, reading: Reading, caller: KeyRecord, name: str) -> tuple[CaseRow, CaseFile]:
        row, file = self._named(reading, name)
        if not _may_see(caller, file):
            raise Refusal("CASE_UNKNOWN", "A24", name=name[:43])
        return row, file

    def _named(self, reading: Reading, name: str) -> tuple[CaseRow, CaseFile]:
        row = reading.cases.find(name)
        if row is None:
            raise Refusal("CASE_UNKNOWN", "A24", name=name[:43])
        return row, from_document(json.loads(row.document))


def _may_see(caller: KeyRecord, file: CaseFile) -> bool:
    if caller.subject in file.parties():
        return True
    if "recovery" in caller.roles and any(wrap.recipient == caller.subject for wrap in file.wraps):
        return True
    return facts.oversees(file, caller)


def _for_gateway(leaf: bytes, node: str) -> bool:
    """What a carriers' gateway needs: who sealed, which keys, which parcel; no decision, nothing of who looked."""
    told = read_signed(leaves.decode(leaf).envelope)
    return for_gateway(told.type, told.body.get("recipient"), node)

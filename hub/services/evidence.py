"""Exports the evidence package of one case: everything a stranger needs to check it without us (promise 4).

Invariants: all leaves of the case and all registry leaves lie under one checkpoint; nothing in the package is personal
data; who may export is who may see the case.
"""

import time

from crypto.evidence.build import Parts, build
from crypto.keystore import Signer
from crypto.log import leaf as leaves
from crypto.records import KeyRecord
from crypto.refusal import Refusal
from hub.casework.casefile import CaseFile
from hub.casework.replay import rules_document
from hub.services.clock import now_text
from hub.services.integrator import LogReader
from hub.services.registry import RegistryService
from hub.services.views import Views
from storage.database import Database, Reading

WAIT_SECONDS = 10.0
PAUSE_SECONDS = 0.1


class EvidenceService:
    """Blocking; safe from several threads."""

    def __init__(
        self, database: Database, registry: RegistryService, views: Views, log: LogReader, signer: Signer
    ) -> None:
        self._database = database
        self._registry = registry
        self._views = views
        self._log = log
        self._signer = signer

    def export(self, caller: KeyRecord, case_name: str) -> bytes:
        """The package (zip) of a case. Refusals CASE_UNKNOWN, NOT_INTEGRATED when the integrator stands still."""
        row, file = self._views.find_case(caller, case_name)
        with self._database.reading() as reading:
            case_rows, registry_rows = reading.log.of_case(row.case_id), reading.log.registry(0)
            manifests = _manifests(reading, file)
            told = [leaves.decode(leaf.leaf) for leaf in case_rows]
            versions = {leaf.catalogue for leaf in told if leaf.catalogue} | {file.catalogue}  # and the one pinned
            catalogues = {version: self._published(reading, "catalogue", version) for version in versions}
            versions = {leaf.calendar for leaf in told if leaf.calendar}
            calendars = {version: self._published(reading, "calendar", version) for version in versions}
        note, paths = self._covering([leaf.index for leaf in (*case_rows, *registry_rows)])
        parts = Parts(
            case=row.case_id,
            checkpoint=note.encode(),
            leaves={leaf.index: leaf.leaf for leaf in case_rows},
            registry={leaf.index: leaf.leaf for leaf in registry_rows},
            paths=paths,
            manifests=manifests,
            catalogues=catalogues,
            calendars=calendars,
            rules=rules_document(),
        )
        return build(parts, self._signer, now_text())

    def _covering(self, indexes: list[int]) -> tuple[str, dict[int, list[bytes]]]:
        """A checkpoint and the leaves' paths under it; the integrator needs a moment after the last act."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                note, _ = self._log.checkpoint()
                return note, self._log.paths_under(note, indexes)
            except Refusal as refusal:
                if refusal.code != "NOT_INTEGRATED" or time.monotonic() > deadline:
                    raise
            time.sleep(PAUSE_SECONDS)

    def _published(self, reading: Reading, kind: str, version: str) -> bytes:
        return self._registry.document(reading, kind, version)[1]


def _manifests(reading: Reading, file: CaseFile) -> dict[str, bytes]:
    found = reading.objects.pinned([sealing.manifest for sealing in file.sealings])
    return {digest: data for digest, (_, data) in found.items()}

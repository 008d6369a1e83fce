"""The agent's own replay of the registry: keys and grants judged without trusting the hub.

Invariants:
- every registry leaf is verified in full (registrar signatures, possession, grants) with the pinned registrar keys
  before it is kept; one that fails stops the replay (REGISTRY_UNTRUSTED);
- registry leaves come in order of epoch and of log index;
- one thread at a time refreshes; readers see whole epochs (``crypto.directory``);
- a leaf that could not be kept is not believed either: the directory is built anew from the journal;
- published documents are used only when their digest is the one in a verified publication leaf.
"""

import threading
from typing import TYPE_CHECKING

from crypto import canonical
from crypto.directory import Directory
from crypto.evidence.pins import Pins
from crypto.refusal import Refusal
from hub.casework.catalogue.model import Catalogue, catalogue_in
from hub.casework.time.calendar import WorkCalendar, calendar_in
from storage.journal import Journal

if TYPE_CHECKING:
    from node_agent.client.hub import HubClient


class AgentRegistry:
    """Directory, catalogue and calendar as this agent verified them; works offline from the journal."""

    def __init__(self, journal: Journal, pins: Pins) -> None:
        self._journal = journal
        self._pins = pins
        self._lock = threading.Lock()
        self._whole = False
        self._index = -1  # of the newest leaf
        self.directory = Directory(pins.registrar_keys)
        self._replay()

    def refresh(self, hub: "HubClient") -> None:
        """Fetch, verify and keep what is new: registry leaves, then the newest catalogue and calendar."""
        with self._lock:
            self._catch_up(hub)
        for kind in ("catalogue", "calendar"):
            latest = self.directory.latest(kind)
            if latest is not None:
                self.document(kind, latest.version, hub)

    def _catch_up(self, hub: "HubClient") -> None:
        """Each leaf is kept as soon as it is verified, so a bad one leaves directory and journal alike."""
        if not self._whole:
            self._replay()
        while True:
            fetched, epoch = hub.registry_leaves(self.directory.epoch)
            for data in fetched:
                self._index = self.directory.admit_leaf(data, self._index).index
                self._whole = False
                self._journal.keep_registry([(self.directory.epoch, data)])  # commit point
                self._whole = True
            if self.directory.epoch >= epoch or not fetched:
                return

    def document(self, kind: str, version: str, hub: "HubClient | None" = None) -> bytes:
        """A published document by version, from the journal or the hub, checked by digest. Refusal DOCUMENT_MISSING."""
        digest = self.directory.publication(kind, version).document
        kept = self._journal.kept(f"document:{digest}")
        if kept is None and hub is not None:
            fetched = hub.published(kind, version)
            if canonical.digest(fetched) != digest:
                raise Refusal("DOCUMENT_DIGEST", "promise 4; D08", kind=kind, version=version)
            self._journal.keep(f"document:{digest}", fetched)
            kept = fetched
        if kept is None:
            raise Refusal("DOCUMENT_MISSING", "promise 6; D08", digest=digest)
        return kept

    def catalogue(self, version: str | None = None, hub: "HubClient | None" = None) -> Catalogue:
        """A catalogue; the newest known when no version is named. Refusals NOT_PUBLISHED, DOCUMENT_MISSING."""
        return catalogue_in(self.document("catalogue", version or self._newest("catalogue"), hub))

    def calendar(self, version: str | None = None, hub: "HubClient | None" = None) -> WorkCalendar:
        """A calendar; the newest known when no version is named. Refusals NOT_PUBLISHED, DOCUMENT_MISSING."""
        return calendar_in(self.document("calendar", version or self._newest("calendar"), hub))

    def _newest(self, kind: str) -> str:
        latest = self.directory.latest(kind)
        if latest is None:
            raise Refusal("NOT_PUBLISHED", "D08", kind=kind)
        return latest.version

    def _replay(self) -> None:
        """The directory of what the journal holds, in the place of the one before."""
        self._index = -1
        directory = Directory(self._pins.registrar_keys)
        for data in self._journal.registry():
            self._index = directory.admit_leaf(data, self._index).index
        self.directory, self._whole = directory, True

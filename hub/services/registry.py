"""The hub's view of the registry chain: keys, grants, published catalogues and calendars.

Invariants:
- the directory is replayed from registry leaves; it never runs ahead of what is committed: when a transaction that
  admitted a statement fails, the directory is built anew from the database;
- only a rebuild that began after a failure ends the doubt which that failure raised: one that was under way before it
  may have replayed onto what was not committed;
- ``refresh`` costs one row when nothing changed, so revocation takes effect on the next call in every process;
- documents are loaded by digest and kept; a version never changes.
"""

import threading
from collections.abc import Iterable, Sequence

from crypto.directory import Directory
from crypto.log import leaf as leaves
from crypto.records import KeyRecord, PublicKey
from crypto.refusal import Refusal
from crypto.statement import read_envelope
from hub.casework.catalogue.model import Catalogue, catalogue_in
from hub.casework.context import BoundRegistry
from hub.casework.time.calendar import WorkCalendar, calendar_in
from storage.database import Database, Reading
from storage.log_rows import LeafRow


class RegistryService:
    """One a process."""

    def __init__(self, database: Database, registrar_keys: Iterable[PublicKey]) -> None:
        self._database = database
        self._registrar_keys = tuple(registrar_keys)
        self._lock = threading.Lock()
        self._doubts = 0  # transactions that failed after they admitted something, perhaps
        self._settled = 0  # how many of them the directory was built anew after
        self._catalogues: dict[str, Catalogue] = {}
        self._calendars: dict[str, WorkCalendar] = {}
        self.directory = Directory(self._registrar_keys)

    def refresh(self) -> Directory:
        """The directory, brought up to what is committed now."""
        with self._database.reading() as reading:
            return self._bring_up(reading, reading.log.head().epoch)

    def catch_up(self, reading: Reading, epoch: int) -> Directory:
        """The directory at ``epoch``, replaying what is missing. For the holder of the head's lock.

        Nobody admits anything meanwhile, so a directory that is ahead holds what was never committed.
        """
        if self.directory.epoch > epoch:
            self._doubt()
        return self._bring_up(reading, epoch)

    def _bring_up(self, reading: Reading, epoch: int) -> Directory:
        if self._doubts != self._settled or self.directory.epoch < epoch:
            with self._lock:
                # Others go on reading the old one until the new one is whole: a half-built directory would refuse
                # good signatures for ever.
                doubts = self._doubts
                directory = self.directory if doubts == self._settled else Directory(self._registrar_keys)
                replay(directory, reading.log.registry(directory.epoch))
                self.directory, self._settled = directory, doubts
        return self.directory

    def rebuild(self) -> None:
        """Forget what was admitted but not committed. Refusal DATABASE_UNAVAILABLE: the next look-up does it then."""
        self._doubt()
        self.refresh()

    def _doubt(self) -> None:
        with self._lock:
            self._doubts += 1

    def bound(self, epoch: int) -> BoundRegistry:
        """The registry at a position."""
        return BoundRegistry(self.directory, epoch)

    def catalogue(self, reading: Reading, version: str | None = None) -> Catalogue:
        """A published catalogue; the newest when no version is named. Refusals VERSION_UNKNOWN, NOT_PUBLISHED."""
        digest = self._digest("catalogue", version)
        if digest not in self._catalogues:
            self._catalogues[digest] = catalogue_in(_document(reading, digest))
        return self._catalogues[digest]

    def calendar(self, reading: Reading, version: str | None = None) -> WorkCalendar:
        """A published calendar; the newest when no version is named. Refusals VERSION_UNKNOWN, NOT_PUBLISHED."""
        digest = self._digest("calendar", version)
        if digest not in self._calendars:
            self._calendars[digest] = calendar_in(_document(reading, digest))
        return self._calendars[digest]

    def version(self, kind: str) -> str | None:
        """The newest published version of ``kind``, or None."""
        latest = self.directory.latest(kind)
        return latest.version if latest else None

    def document(self, reading: Reading, kind: str, version: str | None = None) -> tuple[str, bytes]:
        """Version and canonical bytes of a published document."""
        digest = self._digest(kind, version)
        return version or self.version(kind) or "", _document(reading, digest)

    def _digest(self, kind: str, version: str | None) -> str:
        if version:
            return self.directory.publication(kind, version).document
        latest = self.directory.latest(kind)
        if latest is None:
            raise Refusal("NOT_PUBLISHED", "D08", kind=kind)
        return latest.document


class CallerGone(Refusal):
    """The caller of a statement lost its keys before the statement got its place: the whole call is refused."""


def require_caller(directory: Directory, caller: KeyRecord) -> None:
    """Refusal ``CallerGone`` unless the keys by which ``caller`` was let in are still those of the directory."""
    try:
        record = directory.current(caller.subject)
    except Refusal as refusal:
        raise CallerGone(refusal.code, refusal.rule, **refusal.values) from refusal
    if record.keys.get("tls") != caller.keys.get("tls"):
        raise CallerGone("KEY_REVOKED", "architecture: transport (mutual TLS); H08, H09", subject=caller.subject)


def replay(directory: Directory, rows: Sequence[LeafRow]) -> None:
    """Admit committed registry leaves in order (their signatures were checked before they were sequenced)."""
    for row in rows:
        if row.epoch == directory.epoch + 1:
            leaf = leaves.decode(row.leaf)
            directory.admit(read_envelope(leaf.envelope), recorded_at=leaf.recorded_at, verified=True)


def _document(reading: Reading, digest: str) -> bytes:
    data = reading.objects.document(digest)
    if data is None:
        raise Refusal("DOCUMENT_MISSING", "D08", digest=digest)
    return data

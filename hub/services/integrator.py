"""Turns sequenced leaves into tiles and moves the checkpoint; reads proofs back from tiles.

Invariants:
- one integrator at a time (``hub.services.leader``); any process may take over at any moment, and a crash anywhere
  repeats the same bytes (``crypto.log.tiles.grow`` is deterministic, tiles are immutable);
- tiles first, then the compare-and-set of the checkpoint row, then its copy in the store: a checkpoint never covers
  what is not in the store;
- a checkpoint only grows; who takes over first asks whether the database lost anything (``hub.services.rollback``),
  and the hub stops serving (LOG_ROLLED_BACK, LOG_DIFFERS) rather than give an index out twice.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from pathlib import Path

from crypto.log import cosignature, note, tiles
from crypto.log.checkpoint import Checkpoint, parse_text, sign_checkpoint
from crypto.log.merkle import consistency_path, empty_root
from crypto.log.note import Signer, VerifierKey
from crypto.log.proof import Proof
from crypto.records import KeyRecord
from crypto.refusal import Refusal
from hub.services import rollback
from hub.services.leader import Duty, Leader
from storage import failpoints
from storage.database import Database, Held, Unit
from storage.tilestore import TileStore

BATCH_MOST = 4096
IDLE_SECONDS = 0.1
TILES_HELD = 256  # of 8 KiB
MANY, BUSY_SECONDS, CALM_SECONDS = 32, 1.0, 0.5
"""Pauses after a growth of many leaves, and of few: each costs requests to the store and a question to each witness."""
PARTIAL = ".p/"
RULE = "C2SP tlog-tiles, tlog-checkpoint"
log = logging.getLogger(__name__)
_Open = Callable[[], AbstractContextManager[Unit]]


class Integrator:
    """One a process; those that do not get the lock wait.

    ``witnessed``: file with a checkpoint of a witness. ``on_refused``: told when the hub must not serve any more.
    """

    def __init__(
        self,
        database: Database,
        tilestore: TileStore,
        signers: Sequence[Signer],
        origin: str,
        witnessed: Path | None = None,
    ) -> None:
        self._database = database
        self._witnessed = witnessed
        self.on_refused: Callable[[Refusal], object] | None = None
        self._tiles = tilestore
        self._signers = signers
        self._origin = origin
        self._published = 0  # size of the copy that this process wrote last
        self._next = 0.0  # no round before this moment (``time.monotonic``)
        self._edge: dict[str, bytes] = {}  # partial tiles of the last growth, by path

    def run(self, stop: threading.Event) -> None:
        """Be the integrator, or stand by, until ``stop`` is set; failures are logged and tried again."""
        Leader(self._database, Duty.INTEGRATOR, self, IDLE_SECONDS).run(stop)

    def take_over(self) -> None:
        """Go on where another one stopped. Refusals LOG_ROLLED_BACK, LOG_DIFFERS."""
        try:
            self.require_not_rolled_back()
        except Refusal as refusal:
            if refusal.code in rollback.FINAL and self.on_refused is not None:
                self.on_refused(refusal)
            raise
        self._published, self._edge = 0, {}

    def round(self, held: Held) -> bool:
        """One round of the one that holds the duty; after a growth it pauses (``BUSY_SECONDS``, ``CALM_SECONDS``)."""
        now = time.monotonic()
        if now < self._next:
            return False
        grown = self._integrate(held.unit)
        self._next = now + (BUSY_SECONDS if grown >= MANY else CALM_SECONDS) if 0 < grown < BATCH_MOST else 0.0
        return grown == BATCH_MOST

    def integrate_once(self) -> int:
        """Integrate at most ``BATCH_MOST`` leaves; how many (0 when there was nothing, or another one is at it)."""
        return self._integrate(self._database.unit)

    def _integrate(self, opened: _Open) -> int:
        with self._database.reading() as reading:
            sequenced, integrated = reading.log.sizes()
        if sequenced == integrated == self._published:
            return 0
        grown = self._grow(opened)
        self._publish(opened)
        return grown

    def _grow(self, opened: _Open) -> int:
        with opened() as unit:
            if not unit.log.try_integrator_lock():
                return 0
            size, published = unit.log.checkpoint()
            rows = unit.log.range(size, size + BATCH_MOST)
            if not rows:
                return 0
            root = _read_note(published).root if size else empty_root()
            grown = tiles.grow(size, root, [row.leaf for row in rows], self._read)
            for path, data in grown.tiles.items():
                self._tiles.write(path, data)
            made = sign_checkpoint(Checkpoint(self._origin, grown.size, grown.root), self._signers, int(time.time()))
            if not unit.log.move_checkpoint(size, grown.size, made.decode()):
                return 0
            with failpoints.write("integrator.commit"):
                unit.commit()  # commit point: the checkpoint covers tiles that are in the store
        self._edge = {path: data for path, data in grown.tiles.items() if PARTIAL in path}
        return len(rows)

    def _read(self, path: str) -> bytes:
        """A tile; those at the edge as this process wrote them last (``grow`` holds them against the signed root)."""
        return self._edge.get(path) or self._tiles.read(path)

    def _publish(self, opened: _Open) -> None:
        """Bring the store's copy up to the row. Under the lock, or a slow integrator would put an older one back."""
        with opened() as unit:
            if unit.log.checkpoint()[0] == self._published or not unit.log.try_integrator_lock():
                return
            size, published = unit.log.checkpoint()
            self._tiles.write_checkpoint(published.encode())
        self._published = size

    def require_not_rolled_back(self) -> None:
        """Refusals LOG_ROLLED_BACK, LOG_DIFFERS and others of ``hub.services.rollback``."""
        verifiers = [cosignature.verifier(signer.key) for signer in self._signers]
        rollback.require_whole(self._database, self._tiles, self._origin, verifiers, self._witnessed)


class LogReader:
    """Checkpoints, proofs and tiles for those who ask."""

    def __init__(self, database: Database, tilestore: TileStore) -> None:
        self._database = database
        self._tiles = tilestore
        # Proofs ask for the same tiles of hashes over and over; a tile never changes, a wider one has another path.
        self._read = lru_cache(maxsize=TILES_HELD)(tilestore.read)

    def checkpoint(self) -> tuple[str, int]:
        """Newest checkpoint with its cosignatures, and the number of leaves sequenced. Refusal NOT_INTEGRATED."""
        with self._database.reading() as reading:
            size, published = reading.log.checkpoint()
            lines = reading.log.cosignatures(size)
            sequenced = reading.log.head().size
        if not size:
            raise Refusal("NOT_INTEGRATED", RULE, size=0)
        return published + "".join(line + "\n" for line in lines), sequenced

    def inclusion_proof(self, index: int) -> str:
        """C2SP tlog-proof of a leaf under the newest checkpoint. Refusal NOT_INTEGRATED."""
        published, _ = self.checkpoint()
        return self.proofs_under(published, [index])[0]

    def proofs_under(self, published: str, indexes: Sequence[int]) -> list[str]:
        """C2SP tlog-proofs of several leaves under one checkpoint. Refusal NOT_INTEGRATED."""
        paths = self.paths_under(published, indexes)
        return [Proof(index, tuple(paths[index]), published.encode()).encode().decode() for index in indexes]

    def paths_under(self, published: str, indexes: Sequence[int]) -> dict[int, list[bytes]]:
        """Inclusion paths of several leaves under one checkpoint, by index. Refusal NOT_INTEGRATED."""
        size = _read_note(published).size
        if indexes and max(indexes) >= size:
            raise Refusal("NOT_INTEGRATED", RULE, index=max(indexes), size=size)
        reader = tiles.TileReader(self._read, size)
        return {index: reader.inclusion(index) for index in indexes}

    def consistency_proof(self, old_size: int, new_size: int) -> list[bytes]:
        """Consistency path between two sizes. Refusals NOT_INTEGRATED, LOG_RANGE."""
        published, _ = self.checkpoint()
        size = _read_note(published).size
        if new_size > size:
            raise Refusal("NOT_INTEGRATED", RULE, size=new_size)
        # Tiles are there for sizes that had a checkpoint; the newest holds the nodes of every smaller tree.
        return consistency_path(old_size, new_size, tiles.TileReader(self._read, size).node)

    def tile(self, path: str, caller: KeyRecord) -> bytes:
        """A tile by its path. Refusals TILE_PATH, ROLE_FORBIDS, OBJECT_MISSING.

        Entry bundles hold cases of all regions: they are for the registrar and for auditors of the whole country.
        """
        everywhere = "auditor" in caller.roles and not caller.region.strip("0")
        if path.startswith("tile/entries/") and not (everywhere or "registrar" in caller.roles):
            raise Refusal("ROLE_FORBIDS", "A24; architecture: who may read the log", role=",".join(caller.roles))
        return self._tiles.read(path)

    def add_cosignature(self, caller: KeyRecord, size: int, line: str) -> None:
        """Keep a witness's line for the newest checkpoint, after checking it under the caller's witness key.

        Refusals CHECKPOINT_MOVED (another checkpoint is the newest), WITNESS_KEY, NOTE_MALFORMED, NOTE_UNSIGNED,
        NOTE_SIGNATURE. A witness's later line takes the place of its earlier one.
        """
        with self._database.reading() as reading:
            newest, published = reading.log.checkpoint()
        if newest != size:
            raise Refusal("CHECKPOINT_MOVED", "C2SP tlog-witness", size=size)
        key = caller.keys.get("witness")
        if key is None:
            raise Refusal("WITNESS_KEY", "C2SP tlog-cosignature", node=caller.subject)
        if "\n" in line:  # further lines would come into everybody's checkpoint unread
            raise Refusal("NOTE_MALFORMED", "C2SP tlog-cosignature", node=caller.subject)
        verifier = cosignature.verifier(VerifierKey(caller.subject, note.COSIGNATURE_ED25519, key.public))
        opened = note.open_note(published.encode() + line.encode() + b"\n", [verifier])
        if not opened.verified:
            raise Refusal("NOTE_SIGNATURE", "C2SP tlog-cosignature", node=caller.subject)
        with self._database.unit() as unit:
            unit.log.add_cosignature(size, line)
            unit.commit()


def _read_note(published: str) -> Checkpoint:
    return parse_text(note.parse(published.encode())[0])

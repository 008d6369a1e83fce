"""Turns sequenced leaves into tiles and moves the checkpoint; reads proofs back from tiles.

Invariants:
- one integrator at a time, by a lock of the database; any process may take over at any moment, and a crash anywhere
  repeats the same bytes (``crypto.log.tiles.grow`` is deterministic, tiles are immutable);
- tiles first, then the compare-and-set of the checkpoint row, then its copy in the store: a checkpoint never covers
  what is not in the store;
- a checkpoint only grows; a database that is behind the published checkpoint lost acknowledged leaves, and the hub
  refuses to serve (LOG_ROLLED_BACK) instead of giving an index out twice.
"""

import logging
import threading
import time
from collections.abc import Sequence

from crypto.log import cosignature, note, tiles
from crypto.log.checkpoint import Checkpoint, parse_text, sign_checkpoint
from crypto.log.merkle import consistency_path, empty_root
from crypto.log.note import Signer, VerifierKey
from crypto.log.proof import Proof
from crypto.records import KeyRecord
from crypto.refusal import Refusal
from storage.database import Database
from storage.tilestore import TileStore

BATCH_MOST = 4096
IDLE_SECONDS = 0.1
FAILED_SECONDS = 1.0
RULE = "C2SP tlog-tiles, tlog-checkpoint"
log = logging.getLogger(__name__)


class Integrator:
    """One a process; those that do not get the lock wait."""

    def __init__(self, database: Database, tilestore: TileStore, signers: Sequence[Signer], origin: str) -> None:
        self._database = database
        self._tiles = tilestore
        self._signers = signers
        self._origin = origin
        self._published = 0  # size of the copy that this process wrote last

    def run(self, stop: threading.Event) -> None:
        """Integrate until ``stop`` is set; failures are logged and tried again."""
        while not stop.is_set():
            try:
                grown = self.integrate_once()
            except Refusal as refusal:
                log.warning("integration waits: %s", refusal.code)
                stop.wait(FAILED_SECONDS)
                continue
            if not grown:
                stop.wait(IDLE_SECONDS)

    def integrate_once(self) -> int:
        """Integrate at most ``BATCH_MOST`` leaves; how many (0 when there was nothing, or another one is at it)."""
        with self._database.reading() as reading:
            size, _ = reading.log.checkpoint()
            if size == self._published == reading.log.head().size:
                return 0
        grown = self._grow()
        self._publish()
        return grown

    def _grow(self) -> int:
        with self._database.unit() as unit:
            if not unit.log.try_integrator_lock():
                return 0
            size, published = unit.log.checkpoint()
            rows = unit.log.range(size, size + BATCH_MOST)
            if not rows:
                return 0
            root = _read_note(published).root if size else empty_root()
            grown = tiles.grow(size, root, [row.leaf for row in rows], self._tiles.read)
            for path, data in grown.tiles.items():
                self._tiles.write(path, data)
            made = sign_checkpoint(Checkpoint(self._origin, grown.size, grown.root), self._signers, int(time.time()))
            if not unit.log.move_checkpoint(size, grown.size, made.decode()):
                return 0
            unit.commit()  # commit point: the checkpoint covers tiles that are in the store
        return len(rows)

    def _publish(self) -> None:
        """Bring the store's copy up to the row. Under the lock, or a slow integrator would put an older one back."""
        with self._database.unit() as unit:
            if unit.log.checkpoint()[0] == self._published or not unit.log.try_integrator_lock():
                return
            size, published = unit.log.checkpoint()
            self._tiles.write_checkpoint(published.encode())
        self._published = size

    def require_not_rolled_back(self) -> None:
        """Refusal LOG_ROLLED_BACK when the store's checkpoint is ahead of the database."""
        try:
            published = _read_note(self._tiles.read("checkpoint").decode())
        except Refusal as refusal:
            if refusal.code == "OBJECT_MISSING":
                return
            raise
        with self._database.reading() as reading:
            size = reading.log.head().size
        if size < published.size:
            raise Refusal("LOG_ROLLED_BACK", "promise 5", database=size, published=published.size)


class LogReader:
    """Checkpoints, proofs and tiles for those who ask."""

    def __init__(self, database: Database, tilestore: TileStore) -> None:
        self._database = database
        self._tiles = tilestore

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
        reader = tiles.TileReader(self._tiles.read, size)
        return {index: reader.inclusion(index) for index in indexes}

    def consistency_proof(self, old_size: int, new_size: int) -> list[bytes]:
        """Consistency path between two sizes. Refusals NOT_INTEGRATED, LOG_RANGE."""
        published, _ = self.checkpoint()
        size = _read_note(published).size
        if new_size > size:
            raise Refusal("NOT_INTEGRATED", RULE, size=new_size)
        # Tiles are there for sizes that had a checkpoint; the newest holds the nodes of every smaller tree.
        return consistency_path(old_size, new_size, tiles.TileReader(self._tiles.read, size).node)

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

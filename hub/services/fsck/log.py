"""The log: head row = leaves = tiles = checkpoint.

Held against each other: the head row and the leaf rows (number, order, registry positions); each leaf row and its own
bytes (hash, columns); leaves and the store's tiles up to the checkpoint (entry bundles, every level of hashes); the
root that follows and the signed checkpoint; the checkpoint row and its copy in the store.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from crypto.evidence.pins import Pins
from crypto.log import leaf as leaf_format
from crypto.log import merkle, note, tiles
from crypto.log.checkpoint import Checkpoint, parse_text, verify_checkpoint
from crypto.log.leaf import Leaf
from crypto.log.tiles import WIDTH, Tile
from crypto.refusal import Refusal
from crypto.statement import REGISTRY, read_envelope, read_statement
from hub.services.fsck.findings import BookFinding, Counts
from hub.services.fsck.findings import note as for_information
from storage.book_rows import BookRows
from storage.log_rows import Head, LeafRow
from storage.tilestore import CHECKPOINT, TileStore


def check_log(
    reading: BookRows, store: TileStore, pins: Pins, counts: Counts, size_now: Callable[[], int]
) -> Iterator[BookFinding]:
    """Findings HEAD_…, LEAF_…, STATEMENT_TWICE, TILE_…, CHECKPOINT_…. ``size_now``: the head row at this moment."""
    head, (size, published) = reading.head(), reading.checkpoint()
    walk = _Walk(head, size, store, counts)
    for page in reading.leaves_by_page():
        yield from walk.page(page)
    yield from walk.finish()
    for digest in reading.statements_twice():
        yield BookFinding("STATEMENT_TWICE", f"statement {digest}")
    counts.checkpoint = size
    if size:
        yield from _checkpoint(walk, published, pins)
    if size < head.size:
        yield for_information("CHECKPOINT_BEHIND", "checkpoint", f"size={size} head={head.size}")
    if size > head.size:
        yield BookFinding("CHECKPOINT_AHEAD", "checkpoint", f"size={size} head={head.size}")
    yield from _copy(store, size, published, size_now)


def _checkpoint(walk: "_Walk", published: str, pins: Pins) -> Iterator[BookFinding]:
    try:
        told = verify_checkpoint(published.encode(), pins.log_verifiers())
    except Refusal as refusal:
        yield BookFinding("CHECKPOINT_SIGNATURE", "checkpoint", refusal.code)
        return
    if told.size != walk.size:
        yield BookFinding("CHECKPOINT_ROW", "checkpoint", f"row={walk.size} note={told.size}")
    elif walk.root is not None and told.root != walk.root:
        yield BookFinding("CHECKPOINT_ROOT", "checkpoint", f"size={told.size}")


def _copy(store: TileStore, size: int, published: str, size_now: Callable[[], int]) -> Iterator[BookFinding]:
    """The store's copy may lag behind the row, and be ahead of what was read here a while ago; never another tree."""
    data = _read(store, CHECKPOINT)
    if data is None:
        if size:
            yield for_information("CHECKPOINT_COPY", "checkpoint", "absent")
        return
    try:
        told = parse_text(note.parse(data)[0])
    except (Refusal, UnicodeDecodeError):
        yield BookFinding("CHECKPOINT_COPY", "checkpoint", "unreadable")
        return
    if told.size > size_now():
        yield BookFinding("CHECKPOINT_AHEAD", "checkpoint", f"copy={told.size} head={size_now()}")
    elif told.size == size and size and told.root != _root_in(published):
        yield BookFinding("CHECKPOINT_COPY", "checkpoint", f"size={size} another root")
    elif told.size != size:
        yield for_information("CHECKPOINT_COPY", "checkpoint", f"copy={told.size} row={size}")


def _root_in(published: str) -> bytes:
    try:
        made: Checkpoint = parse_text(note.parse(published.encode())[0])
    except Refusal:
        return b""
    return made.root


@dataclass
class _Level:
    """Hashes of one level that are not in a whole tile yet, and the number of the tile they go to."""

    row: list[bytes]
    tile: int = 0


class _Walk:
    """One pass over the leaves. ``size``: leaves under the checkpoint; ``root``: their root (None when one is gone)."""

    def __init__(self, head: Head, size: int, store: TileStore, counts: Counts) -> None:
        self.size = size
        self.root: bytes | None = merkle.empty_root() if size == 0 else None
        self._head = head
        self._store = store
        self._counts = counts
        self._builder = merkle.RootBuilder()
        self._levels: list[_Level] = []
        self._next = 0
        self._whole = True
        self._recorded_at = ""

    def page(self, rows: list[LeafRow]) -> Iterator[BookFinding]:
        """The leaves of one bundle's width."""
        for row in rows:
            for missing in range(self._next, row.index):
                self._whole = False
                yield BookFinding("LEAF_GAP", f"leaf {missing}")
            self._next = row.index + 1
            self._counts.leaves += 1
            yield from self._leaf(row)
            self._grow(row)
        yield from self._bundle(rows)

    def finish(self) -> Iterator[BookFinding]:
        """After the last leaf."""
        for missing in range(self._next, self._head.size):
            yield BookFinding("LEAF_GAP", f"leaf {missing}")
        if self._counts.leaves != self._head.size:
            yield BookFinding("HEAD_SIZE", "head", f"head={self._head.size} leaves={self._counts.leaves}")
        if self._counts.registry != self._head.epoch:
            yield BookFinding("HEAD_EPOCH", "head", f"head={self._head.epoch} leaves={self._counts.registry}")
        if self._whole:
            yield from self._inner_tiles()

    def _leaf(self, row: LeafRow) -> Iterator[BookFinding]:
        where = f"leaf {row.index}"
        if merkle.leaf_hash(row.leaf) != row.leaf_hash:
            yield BookFinding("LEAF_HASH", where)
        try:
            told = leaf_format.decode(row.leaf)
            envelope = read_envelope(told.envelope)
            statement = read_statement(envelope.payload)
        except Refusal as refusal:
            self._counts.registry += row.is_registry
            yield BookFinding("LEAF_UNREADABLE", where, refusal.code)
            return
        registry = statement.chain == REGISTRY
        self._counts.registry += registry
        beside = (row.index, row.payload_digest, row.case_id, row.epoch, row.is_registry)
        inside = (told.index, envelope.digest, statement.case, told.epoch, registry)
        if beside != inside or told.origin != self._head.origin:
            names = ("index", "payload_digest", "case", "epoch", "registry")
            wrong = [name for name, one, other in zip(names, beside, inside, strict=True) if one != other]
            yield BookFinding("LEAF_ROW", where, ",".join(wrong or ["origin"]))
        yield from self._order(told, where)

    def _order(self, told: Leaf, where: str) -> Iterator[BookFinding]:
        if told.epoch != self._counts.registry:
            yield BookFinding("LEAF_EPOCH", where, f"epoch={told.epoch} before={self._counts.registry}")
        if told.recorded_at < self._recorded_at:
            yield BookFinding("LEAF_TIME", where, f"recorded_at={told.recorded_at}")
        self._recorded_at = max(self._recorded_at, told.recorded_at)

    def _grow(self, row: LeafRow) -> None:
        """The tree as the leaves' own bytes make it, up to the checkpoint."""
        if row.index >= self.size or not self._whole:
            return
        made = merkle.leaf_hash(row.leaf)
        self._builder.append(made)
        if self._builder.size == self.size:
            self.root = self._builder.root()
        if not self._levels:
            self._levels.append(_Level([]))
        self._levels[0].row.append(made)

    def _bundle(self, rows: list[LeafRow]) -> Iterator[BookFinding]:
        """The entry bundle and, when the level below is full, the hash tiles above."""
        covered = [row for row in rows if row.index < self.size]
        if not covered:
            return
        number = covered[0].index // WIDTH
        tile = Tile(None, number, min(WIDTH, self.size - number * WIDTH))
        data = _read(self._store, tile.path)
        if data is None:
            yield BookFinding("TILE_MISSING", tile.path)
        else:
            yield from self._entries(tile, data, covered)
        self._counts.tiles += 1
        for level in range(len(self._levels)):
            if self._whole and len(self._levels[level].row) == WIDTH:
                yield from self._hash_tile(level)

    def _entries(self, tile: Tile, data: bytes, rows: list[LeafRow]) -> Iterator[BookFinding]:
        try:
            entries = tiles.decode_entries(data, tile.width)
        except Refusal as refusal:
            yield BookFinding("TILE_DIFFERS", tile.path, refusal.code)
            return
        for row in rows:
            if entries[row.index % WIDTH] != row.leaf:
                yield BookFinding("TILE_DIFFERS", tile.path, f"leaf {row.index}")

    def _hash_tile(self, level: int) -> Iterator[BookFinding]:
        """Compare one tile of hashes; a whole one goes on into the level above."""
        at = self._levels[level]
        tile = Tile(level, at.tile, len(at.row))
        data = _read(self._store, tile.path)
        self._counts.tiles += 1
        if data is None:
            yield BookFinding("TILE_MISSING", tile.path)
        elif data != b"".join(at.row):
            yield BookFinding("TILE_DIFFERS", tile.path)
        if tile.width == WIDTH:
            if len(self._levels) == level + 1:
                self._levels.append(_Level([]))
            self._levels[level + 1].row.append(merkle.root_of(at.row))
            self._levels[level] = _Level([], at.tile + 1)

    def _inner_tiles(self) -> Iterator[BookFinding]:
        """What is left at the right edge of each level: a partial tile, or a whole one not compared yet."""
        level = 0
        while level < len(self._levels):
            if self._levels[level].row:
                yield from self._hash_tile(level)
            level += 1


def _read(store: TileStore, path: str) -> bytes | None:
    try:
        return store.read(path)
    except Refusal as refusal:
        if refusal.code != "OBJECT_MISSING":
            raise
        return None

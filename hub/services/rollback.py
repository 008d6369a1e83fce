"""Whether the database still holds everything that was acknowledged: asked at the start and at every take-over.

The log's size is known in several places that do not forget together: the head row, the last leaf's row, the checkpoint
row (database); the published checkpoint, the entry bundles (store, locked against everybody); a checkpoint that a
witness kept and the operator brought along (file). The database has to be as long as the longest of them, and its last
leaves have to be those that the tiles hold.

Invariants:
- a database that lost leaves is refused (LOG_ROLLED_BACK, with every size), so no index is ever given out twice;
- one that holds other leaves than the tiles is refused (LOG_DIFFERS): it went on after it had been rolled back;
- only what is signed by all of the log's own keys counts as a checkpoint; nothing is written here.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from crypto.log import checkpoint as checkpoints
from crypto.log import merkle, note, tiles
from crypto.refusal import Refusal
from storage.database import Database
from storage.tilestore import CHECKPOINT, TileStore

RULE = "promise 5; C2SP tlog-tiles"
FINAL = frozenset({"LOG_ROLLED_BACK", "LOG_DIFFERS"})
"""Codes that no waiting mends: the process must not serve."""


def require_whole(
    database: Database, store: TileStore, origin: str, verifiers: Sequence[note.Verifier], witnessed: Path | None = None
) -> None:
    """Refusals LOG_ROLLED_BACK, LOG_DIFFERS; WITNESSED_UNREADABLE, CHECKPOINT_MALFORMED and those of ``crypto.log``.

    ``witnessed``: file with a checkpoint that a witness cosigned, as agents keep it.
    """

    def size_of(data: bytes) -> int:
        if not data:
            return 0
        told = checkpoints.verify_checkpoint(data, verifiers)
        if told.origin != origin:
            raise Refusal("CHECKPOINT_ORIGIN", RULE, origin=told.origin, key=origin)
        return told.size

    # The store before the database: an integrator at work may move both, and the database is always ahead of it.
    published = size_of(_read(store, CHECKPOINT))
    seen = size_of(_file(witnessed))
    tiles = bundled(store.exists, store.widths, published)
    with database.reading() as reading:
        extent = reading.log.extent()
    integrated = max(extent.integrated, size_of(extent.note.encode()))
    if min(extent.head, extent.rows) < max(published, seen, tiles, integrated, extent.head, extent.rows):
        raise Refusal(
            "LOG_ROLLED_BACK",
            RULE,
            database=extent.head,
            rows=extent.rows,
            integrated=integrated,
            published=published,
            tiles=tiles,
            witnessed=seen,
        )
    _require_same(database, store, published)


def bundled(exists: Callable[[str], bool], widths: Callable[[str], set[int]], known: int) -> int:
    """Leaves that lie in entry bundles, of which ``known`` are known to.

    ``exists``: whether there is a bundle of a path; ``widths``: of the partial bundles beside a full one's path.
    """
    full = known // tiles.WIDTH
    step = 1
    while exists(tiles.Tile(None, full + step - 1).path):  # bundles have no gaps: double the step, then halve it
        full, step = full + step, step * 2
    while step := step // 2:
        if exists(tiles.Tile(None, full + step - 1).path):
            full += step
    partial = max(widths(tiles.Tile(None, full).path), default=0)
    return max(known, full * tiles.WIDTH + partial)


def _require_same(database: Database, store: TileStore, size: int) -> None:
    """The last leaves under the published checkpoint are those of its last level 0 tile. Refusal LOG_DIFFERS."""
    if not size:
        return
    last = (size - 1) // tiles.WIDTH
    hashes = tiles.TileReader(store.read, size).hashes(0, last)
    with database.reading() as reading:
        rows = reading.log.range(last * tiles.WIDTH, size)
    for index, (row, expected) in enumerate(zip(rows, hashes, strict=True), last * tiles.WIDTH):
        if merkle.leaf_hash(row.leaf) != expected:
            raise Refusal("LOG_DIFFERS", RULE, index=index, published=size)


def _read(store: TileStore, path: str) -> bytes:
    try:
        return store.read(path)
    except Refusal as refusal:
        if refusal.code == "OBJECT_MISSING":
            return b""
        raise


def _file(path: Path | None) -> bytes:
    if path is None:
        return b""
    try:
        return path.read_bytes()
    except OSError as error:
        raise Refusal("WITNESSED_UNREADABLE", RULE, file=path.name) from error

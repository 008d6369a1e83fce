"""Where the log's tiles lie: C2SP tlog-tiles paths under a prefix of the object store.

Invariants:
- a tile never changes: writing the same bytes again is fine, other bytes are refused (OBJECT_EXISTS); this
  holds for partial tiles too, since a tree of one size has one set of hashes (RFC 6962 2.1);
- a tile is kept for ``retain_days`` against everybody, the hub's own credentials included (Object Lock);
- the checkpoint alone is rewritten. The store's copy may lag behind the row in PostgreSQL, which decides;
- order is the caller's: tiles first, and the checkpoint only after every ``write`` it covers has returned.
"""

import re

from crypto.refusal import Refusal
from storage import failpoints
from storage.objectstore import ObjectStore

RULE = "C2SP tlog-tiles"
CHECKPOINT = "checkpoint"
PATH = re.compile(
    r"tile/(entries|[0-9]|[1-5][0-9]|6[0-3])/(x[0-9]{3}/)*[0-9]{3}"
    r"(\.p/([1-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5]))?"
)


class TileStore:
    """Tiles and checkpoint of one log.

    Thread-safe; durable when a write returns, as ``ObjectStore`` promises.
    """

    def __init__(self, objectstore: ObjectStore, prefix: str, retain_days: int = 0) -> None:
        if not prefix.endswith("/"):
            raise ValueError("a prefix ends in a slash")
        self._objects = objectstore
        self._prefix = prefix
        self._retain_days = retain_days

    def read(self, path: str) -> bytes:
        """Bytes of a tile, an entry bundle or ``checkpoint``. Refusal TILE_PATH, OBJECT_MISSING."""
        return self._objects.get(self._key(path))

    def exists(self, path: str) -> bool:
        """Whether there is such a tile or entry bundle. Refusal TILE_PATH."""
        return self._objects.head(self._key(path)) is not None

    def widths(self, path: str) -> set[int]:
        """Widths of the partial tiles that lie beside the full tile ``path``, which need not be there."""
        return {int(one.key.rpartition("/")[2]) for one in self._objects.versions(self._key(path) + ".p/")}

    @failpoints.is_write("integrator.tile")
    def write(self, path: str, data: bytes) -> None:
        """Keep a tile or entry bundle for ever.

        Refusal TILE_PATH, OBJECT_EXISTS when other bytes lie there.
        """
        if path == CHECKPOINT:
            raise Refusal("TILE_PATH", RULE, path=path)
        self._objects.put_new(self._key(path), data, self._retain_days)

    @failpoints.is_write("integrator.copy")
    def write_checkpoint(self, note: bytes) -> None:
        """Publish a signed note (C2SP tlog-checkpoint) in the place of the former one."""
        self._objects.put(self._key(CHECKPOINT), note)

    def _key(self, path: str) -> str:
        if path != CHECKPOINT and PATH.fullmatch(path) is None:
            raise Refusal("TILE_PATH", RULE, path=path[:80])
        return self._prefix + path

"""C2SP tlog-tiles: the log as immutable files of 256 hashes or 256 entries.

Invariants:
- a tile's bytes never change once written: growth writes full tiles and, at the right edge, new partial tiles
  under names of their own;
- a partial tile is never hashed into the level above;
- ``grow`` builds on nothing that does not give the root its caller already trusts, and the entry bundle it
  extends must hash to the level 0 tile beside it;
- ``TileReader`` checks names, sizes and lengths, never authenticity: a proof made from false tiles is refused
  by ``crypto.log.merkle`` against a signed root.
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from crypto.log import merkle
from crypto.refusal import Refusal

RULE = "C2SP tlog-tiles"
HEIGHT = 8
WIDTH = 1 << HEIGHT
ENTRY_MAX = 0xFFFF
_LEVEL_MAX = 63
_INDEX_MAX = (1 << 63) - 1
_PATH = re.compile(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII)

Read = Callable[[str], bytes]


@dataclass(frozen=True)
class Tile:
    """Name of one tile. ``level`` None: entry bundle. ``width`` 256: full, 1..255: partial."""

    level: int | None
    index: int
    width: int = WIDTH

    def __post_init__(self) -> None:
        if self.level is not None and not 0 <= self.level <= _LEVEL_MAX:
            raise ValueError("tile level is 0..63")
        if not 0 <= self.index <= _INDEX_MAX or not 1 <= self.width <= WIDTH:
            raise ValueError("tile index is 0..2**63-1 and width 1..256")

    @property
    def path(self) -> str:
        """``tile/<L>/<N>[.p/<W>]`` or ``tile/entries/<N>[.p/<W>]``."""
        digits = str(self.index)
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
        number = "/".join(["x" + one for one in groups[:-1]] + groups[-1:])
        kind = "entries" if self.level is None else str(self.level)
        return f"tile/{kind}/{number}" + (f".p/{self.width}" if self.width < WIDTH else "")

    @classmethod
    def parse(cls, path: str) -> "Tile":
        """The tile named by ``path``. Refusal TILE_PATH unless it is exactly what ``path`` writes."""
        match = _PATH.fullmatch(path)
        if match:
            kind, number, width = match.groups()
            try:
                level = None if kind == "entries" else int(kind)
                index = int(number.replace("/", "").replace("x", ""))
                tile = cls(level, index, int(width) if width else WIDTH)
                if tile.path == path:
                    return tile
            except ValueError:  # a level, index or width out of range is no tile name either
                match = None
        raise Refusal("TILE_PATH", RULE, path=path[:80])


def encode_entries(entries: Sequence[bytes]) -> bytes:
    """Entry bundle: each entry behind its big-endian uint16 length. Refusal ENTRY_TOO_LARGE."""
    for entry in entries:
        if len(entry) > ENTRY_MAX:
            raise Refusal("ENTRY_TOO_LARGE", RULE, bytes=len(entry), most=ENTRY_MAX)
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def decode_entries(data: bytes, width: int) -> list[bytes]:
    """The ``width`` entries of a bundle. Refusal TILE_MALFORMED unless ``data`` holds exactly these."""
    entries: list[bytes] = []
    at = 0
    while at + 2 <= len(data) and len(entries) < width:
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        entries.append(data[at + 2 : end])
        at = end
    if at != len(data) or len(entries) != width:
        raise Refusal("TILE_MALFORMED", RULE, kind="entries", width=width, bytes=len(data))
    return entries


def decode_hashes(data: bytes, width: int) -> list[bytes]:
    """The ``width`` hashes of a tile. Refusal TILE_MALFORMED on any other length."""
    size = merkle.HASH_SIZE
    if len(data) != width * size:
        raise Refusal("TILE_MALFORMED", RULE, kind="hashes", width=width, bytes=len(data))
    return [data[at : at + size] for at in range(0, len(data), size)]


class TileReader:
    """Nodes of the tree of ``size`` leaves, from tiles alone.

    ``read(path)`` gives the bytes of a tile and raises what it likes when there is none. At most ``keep``
    tiles are held, least recently used go first. Not safe for several threads at once.
    """

    def __init__(self, read: Read, size: int, keep: int = 64) -> None:
        if size < 0 or keep < 1:
            raise ValueError("size is >= 0 and keep >= 1")
        self._read = read
        self._size = size
        self._keep = keep
        self._held: OrderedDict[str, list[list[bytes]]] = OrderedDict()

    @property
    def size(self) -> int:
        """Leaves of the tree that is read."""
        return self._size

    def node(self, level: int, index: int) -> bytes:
        """Hash of the complete subtree (level, index). Refusals LOG_RANGE, TILE_MALFORMED."""
        if level < 0 or index < 0 or (index + 1) << level > self._size:
            raise Refusal("LOG_RANGE", RULE, level=level, index=index, size=self._size)
        tile_level, height = divmod(level, HEIGHT)
        first = index << height
        rows = self._rows(tile_level, first // WIDTH)
        return rows[height][(first % WIDTH) >> height]

    def root(self) -> bytes:
        """Root of the whole tree as the tiles have it; the caller compares it with a signed one."""
        return merkle.root_at(self._size, self.node)

    def inclusion(self, index: int) -> list[bytes]:
        """Inclusion path of leaf ``index`` in this tree. Refusal LOG_RANGE."""
        return merkle.inclusion_path(index, self._size, self.node)

    def consistency(self, old: int) -> list[bytes]:
        """Consistency path from the first ``old`` leaves to this tree. Refusal LOG_RANGE."""
        return merkle.consistency_path(old, self._size, self.node)

    def entries(self, tile_index: int) -> list[bytes]:
        """Entries of bundle ``tile_index``. Refusals LOG_RANGE, TILE_MALFORMED."""
        tile = _tile_of(None, tile_index, self._size)
        return decode_entries(self._read(tile.path), tile.width)

    def hashes(self, level: int, tile_index: int) -> list[bytes]:
        """Hashes of tile (level, tile_index). Refusals LOG_RANGE, TILE_MALFORMED."""
        return list(self._rows(level, tile_index)[0])

    def _rows(self, level: int, tile_index: int) -> list[list[bytes]]:
        """The tile's hashes and, above them, the rows of its complete inner nodes."""
        tile = _tile_of(level, tile_index, self._size)
        rows = self._held.get(tile.path)
        if rows is None:
            rows = [decode_hashes(self._read(tile.path), tile.width)]
            while len(rows) < HEIGHT:
                below = rows[-1]
                rows.append([merkle.node_hash(*below[at : at + 2]) for at in range(0, len(below) - 1, 2)])
            self._held[tile.path] = rows
            if len(self._held) > self._keep:
                self._held.popitem(last=False)
        self._held.move_to_end(tile.path)
        return rows


@dataclass(frozen=True)
class Growth:
    """What must be written before a checkpoint of ``size`` and ``root`` may be signed: bytes by path."""

    size: int
    root: bytes
    tiles: dict[str, bytes]


def grow(old_size: int, old_root: bytes, entries: Sequence[bytes], read: Read) -> Growth:
    """Tiles that a log of ``old_size`` leaves must write to become one with ``entries`` appended.

    Entry bundles come first, then hash tiles level by level. The same call gives the same bytes, so a crashed
    growth is simply repeated. Refusals: TILE_ROOT when the stored tiles do not give ``old_root``;
    TILE_MISMATCH when the last partial bundle does not hash to its level 0 tile; TILE_MALFORMED;
    ENTRY_TOO_LARGE.
    """
    reader = TileReader(read, old_size)
    builder = merkle.RootBuilder.resume(old_size, reader.node)
    if builder.root() != old_root:
        raise Refusal("TILE_ROOT", RULE, size=old_size)
    tiles = _grown_bundles(reader, entries)
    new = [merkle.leaf_hash(entry) for entry in entries]
    for one in new:
        builder.append(one)
    level = 0
    while new:
        first = old_size >> (HEIGHT * level)
        start = first % WIDTH
        row = (reader.hashes(level, first // WIDTH) if start else []) + new
        new = []
        for at in range(0, len(row), WIDTH):
            part = row[at : at + WIDTH]
            tiles[Tile(level, (first + at) // WIDTH, len(part)).path] = b"".join(part)
            if len(part) == WIDTH:
                new.append(merkle.root_of(part))
        level += 1
    return Growth(builder.size, builder.root(), tiles)


def _grown_bundles(reader: TileReader, entries: Sequence[bytes]) -> dict[str, bytes]:
    tile_index, start = divmod(reader.size, WIDTH)
    bundle: list[bytes] = []
    if start and entries:
        bundle = reader.entries(tile_index)
        if [merkle.leaf_hash(entry) for entry in bundle] != reader.hashes(0, tile_index):
            raise Refusal("TILE_MISMATCH", RULE, size=reader.size)
    bundle = bundle + list(entries)
    tiles: dict[str, bytes] = {}
    for at in range(0, len(bundle), WIDTH):
        part = bundle[at : at + WIDTH]
        tiles[Tile(None, tile_index + at // WIDTH, len(part)).path] = encode_entries(part)
    return tiles


def _tile_of(level: int | None, tile_index: int, size: int) -> Tile:
    """The tile as a log of ``size`` leaves has it, full or partial. Refusal LOG_RANGE when it has none."""
    width = min(WIDTH, (size >> (HEIGHT * (level or 0))) - tile_index * WIDTH)
    if tile_index < 0 or width < 1:
        raise Refusal("LOG_RANGE", RULE, level=level, tile=tile_index, size=size)
    return Tile(level, tile_index, width)

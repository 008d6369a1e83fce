"""Tiles: names, growth in any steps, proofs from tiles alone, damage refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.log import merkle, tiles
from crypto.log.tiles import Tile, TileReader
from crypto.refusal import Refusal


def _entry(number: int) -> bytes:
    return b"entry %d" % number


def _grow_all(steps: list[int]) -> tuple[dict[str, bytes], int]:
    """The store after a log has grown by ``steps``; every intermediate root is compared with ``root_of``."""
    store: dict[str, bytes] = {}
    size, root = 0, merkle.empty_root()
    for step in steps:
        grown = tiles.grow(size, root, [_entry(size + at) for at in range(step)], store.__getitem__)
        for path, data in grown.tiles.items():
            assert path not in store, "a tile is written once"
            store[path] = data
        size, root = grown.size, grown.root
        assert root == merkle.root_of(merkle.leaf_hash(_entry(at)) for at in range(size))
    return store, size


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 1234067), "tile/0/x001/x234/067"),
        (Tile(3, 1000, 7), "tile/3/x001/000.p/7"),
        (Tile(63, 999, 255), "tile/63/999.p/255"),
        (Tile(None, 5, 1), "tile/entries/005.p/1"),
    ],
)
def test_tile_names_are_those_of_the_standard(tile: Tile, path: str) -> None:
    assert tile.path == path
    assert Tile.parse(path) == tile


@given(st.none() | st.integers(0, 63), st.integers(0, 10**15), st.integers(1, 256))
def test_tile_names_round_trip(level: int | None, index: int, width: int) -> None:
    assert Tile.parse(Tile(level, index, width).path) == Tile(level, index, width)


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/0", "tile/00/000", "tile/64/000", "tile/0/x000/001", "tile/0/001/002", "tile/0/x001",
        "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000/", "/tile/0/000",
        "tile/data/000", "tile/0/../000", "tile/0/000\n", "tile/0/\u0660\u0660\u0660",
        "tile/0/" + "x001/" * 7 + "000", "tile/0/" + "x999/" * 6 + "999", "",
    ],
)  # fmt: skip
def test_other_names_are_refused(path: str) -> None:
    with pytest.raises(Refusal) as caught:
        Tile.parse(path)
    assert caught.value.code == "TILE_PATH"


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_entry_bundles_round_trip(entries: list[bytes]) -> None:
    data = tiles.encode_entries(entries)
    assert tiles.decode_entries(data, len(entries)) == entries
    for bad, width in ((data + b"\0", len(entries)), (data[:-1], len(entries)), (data, len(entries) + 1)):
        if bad != data or width != len(entries):
            with pytest.raises(Refusal) as caught:
                tiles.decode_entries(bad, width)
            assert caught.value.code == "TILE_MALFORMED"


def test_entry_length_limit() -> None:
    assert len(tiles.encode_entries([b"x" * 65_535])) == 65_537
    with pytest.raises(Refusal) as caught:
        tiles.encode_entries([b"x" * 65_536])
    assert caught.value.code == "ENTRY_TOO_LARGE"


@given(st.lists(st.integers(0, 300), max_size=6))
@settings(max_examples=25, deadline=None)
def test_growth_in_any_steps_gives_the_same_tree(steps: list[int]) -> None:
    store, size = _grow_all(steps)
    at_once, _ = _grow_all([size])
    for path, data in at_once.items():
        assert store[path] == data
    for path in set(store) - set(at_once):
        assert Tile.parse(path).width < 256, "what else was written are partial tiles of the way"


def test_the_tiles_of_70_000_leaves_are_those_of_the_standard() -> None:
    nothing: dict[str, bytes] = {}
    entries = [b"%d" % at for at in range(70_000)]
    grown = tiles.grow(0, merkle.empty_root(), entries, nothing.__getitem__)
    names = [Tile.parse(path) for path in grown.tiles]
    full = {level: sum(t.level == level and t.width == 256 for t in names) for level in (0, 1, 2, None)}
    partial = {t.level: t.width for t in names if t.width < 256}
    assert full == {0: 273, 1: 1, 2: 0, None: 273}
    assert partial == {0: 112, 1: 17, 2: 1, None: 112}
    reader = TileReader(grown.tiles.__getitem__, grown.size)
    assert reader.root() == grown.root
    for index in (0, 255, 256, 65_535, 65_536, 69_887, 69_999):
        leaf = merkle.leaf_hash(b"%d" % index)
        merkle.verify_inclusion(leaf, index, grown.size, reader.inclusion(index), grown.root)
        assert reader.entries(index // 256)[index % 256] == b"%d" % index
    for old in (1, 255, 256, 65_536, 65_537, 69_999):
        root1 = merkle.root_of(merkle.leaf_hash(b"%d" % at) for at in range(old))
        merkle.verify_consistency(old, grown.size, reader.consistency(old), root1, grown.root)


@given(st.data())
@settings(max_examples=30, deadline=None)
def test_proofs_from_tiles_verify(data: st.DataObject) -> None:
    steps = data.draw(st.lists(st.integers(1, 300), min_size=1, max_size=4))
    store, size = _grow_all(steps)
    leaves = [merkle.leaf_hash(_entry(at)) for at in range(size)]
    reader = TileReader(store.__getitem__, size, keep=2)
    index = data.draw(st.integers(0, size - 1))
    merkle.verify_inclusion(leaves[index], index, size, reader.inclusion(index), merkle.root_of(leaves))
    old = data.draw(st.sampled_from([sum(steps[: at + 1]) for at in range(len(steps))]))
    older = TileReader(store.__getitem__, old)
    merkle.verify_consistency(old, size, reader.consistency(old), older.root(), reader.root())


def test_the_reader_holds_at_most_what_it_may() -> None:
    store, size = _grow_all([700])
    read: list[str] = []

    def counting(path: str) -> bytes:
        read.append(path)
        return store[path]

    reader = TileReader(counting, size, keep=2)
    for tile_index in (0, 0, 1, 0, 2, 0, 1):
        reader.hashes(0, tile_index)
    assert read == ["tile/0/000", "tile/0/001", "tile/0/002.p/188", "tile/0/001"]


def test_a_changed_tile_gives_no_valid_proof() -> None:
    store, size = _grow_all([600])
    leaves = [merkle.leaf_hash(_entry(at)) for at in range(size)]
    store["tile/0/000"] = bytes([store["tile/0/000"][0] ^ 1]) + store["tile/0/000"][1:]
    path = TileReader(store.__getitem__, size).inclusion(1)
    with pytest.raises(Refusal) as caught:
        merkle.verify_inclusion(leaves[1], 1, size, path, merkle.root_of(leaves))
    assert caught.value.code == "INCLUSION_INVALID"


def test_a_short_tile_is_refused() -> None:
    store, size = _grow_all([10])
    store["tile/0/000.p/10"] = store["tile/0/000.p/10"][:-1]
    with pytest.raises(Refusal) as caught:
        TileReader(store.__getitem__, size).node(0, 0)
    assert caught.value.code == "TILE_MALFORMED"


@pytest.mark.parametrize(("level", "index"), [(0, 10), (4, 0), (-1, 0), (0, -1), (3, 1)])
def test_nodes_outside_the_tree_are_refused(level: int, index: int) -> None:
    store, size = _grow_all([10])
    with pytest.raises(Refusal) as caught:
        TileReader(store.__getitem__, size).node(level, index)
    assert caught.value.code == "LOG_RANGE"


def test_entries_outside_the_tree_are_refused() -> None:
    store, size = _grow_all([10])
    with pytest.raises(Refusal) as caught:
        TileReader(store.__getitem__, size).entries(1)
    assert caught.value.code == "LOG_RANGE"


def test_growth_does_not_build_on_a_changed_tile() -> None:
    store, size = _grow_all([300])
    root = TileReader(store.__getitem__, size).root()
    path = "tile/0/001.p/44"
    store[path] = store[path][:-1] + bytes([store[path][-1] ^ 1])
    with pytest.raises(Refusal) as caught:
        tiles.grow(size, root, [b"new"], store.__getitem__)
    assert caught.value.code == "TILE_ROOT"


def test_growth_does_not_extend_a_changed_bundle() -> None:
    store, size = _grow_all([300])
    root = TileReader(store.__getitem__, size).root()
    path = "tile/entries/001.p/44"
    store[path] = store[path][:-1] + bytes([store[path][-1] ^ 1])
    with pytest.raises(Refusal) as caught:
        tiles.grow(size, root, [b"new"], store.__getitem__)
    assert caught.value.code == "TILE_MISMATCH"


def test_growth_by_nothing_writes_nothing_and_can_be_repeated() -> None:
    store, size = _grow_all([300])
    root = TileReader(store.__getitem__, size).root()
    assert tiles.grow(size, root, [], store.__getitem__).tiles == {}
    once = tiles.grow(size, root, [b"new"], store.__getitem__)
    assert tiles.grow(size, root, [b"new"], {**store, **once.tiles}.__getitem__) == once

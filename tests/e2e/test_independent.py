"""The exported package and the tiles in the store, read with nothing of ours (``independent_reader``)."""

import base64
import json

import pytest

from storage.objectstore_s3 import S3ObjectStore
from storage.tilestore import TileStore
from tests.e2e.town import Town, Walk
from tests.unit import independent_reader as reader

pytestmark = pytest.mark.e2e
ED25519 = 1


def ed25519_key(walk: Walk) -> str:
    """The pinned log key of that kind, as a note's verifier key."""
    keys: list[str] = walk.pins["log_keys"]
    (key,) = [key for key in keys if base64.b64decode(key.split("+", 2)[2])[0] == ED25519]
    return key


def registrars(walk: Walk) -> list[bytes]:
    """The pinned registrar keys."""
    return [base64.b64decode(key["public"]) for key in walk.pins["registrar_keys"]]


@pytest.mark.requirement("H08")
def test_the_package_is_proven_by_a_stranger(walk: Walk) -> None:
    files = reader.unzip(walk.package)
    leaves = [name for name in files if name.startswith("leaves/")]
    registry = [name for name in files if name.startswith("registry/")]
    assert len(leaves) == 24 and len(registry) >= 18
    assert reader.log_proven(files, ed25519_key(walk)) == len(leaves) + len(registry)
    assert reader.statements_signed(files, registrars(walk)) == len(leaves) + 7
    with pytest.raises(ValueError):
        reader.log_proven({**files, leaves[0]: files[leaves[0]].replace(b"T", b"t", 1)}, ed25519_key(walk))


def test_the_tiles_in_the_store_are_the_signed_log(walk: Walk, town: Town) -> None:
    """From entry bundles to the root that the log's key signed; the package's leaves stand in it at their places."""
    layout, seaweed = town.stack.layout, town.stack.seaweed
    store = TileStore(S3ObjectStore(seaweed.endpoint(), "yidi-log", *seaweed.credentials()), f"{layout.origin}/")
    origin, size, root = reader.checkpoint(store.read("checkpoint"), ed25519_key(walk))
    files = reader.unzip(walk.package)
    leaves = {json.loads(data)["index"]: data for name, data in files.items() if name.startswith(("leaves/", "reg"))}
    assert origin == layout.origin and size > max(leaves)
    tiles = Tiles(store)
    entries = reader.tiles_proven(tiles, size, root)
    assert {index: entries[index] for index in leaves} == leaves
    assert tiles.read >= {reader.tile_path("0", 0, min(size, 256)), reader.tile_path("entries", 0, min(size, 256))}


class Tiles(dict[str, bytes]):
    """Tiles as they are asked for. ``read``: the paths that were."""

    def __init__(self, store: TileStore) -> None:
        super().__init__()
        self._store = store
        self.read: set[str] = set()

    def __missing__(self, path: str) -> bytes:
        self.read.add(path)
        return self._store.read(path)

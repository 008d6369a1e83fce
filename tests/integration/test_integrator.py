"""Tiles, checkpoints and proofs on a real PostgreSQL and a real object store, with a crash at every write."""

import itertools
import secrets
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from crypto.keystore import new_signer
from crypto.log import cosignature, merkle, note, proof, tiles
from crypto.log.checkpoint import Checkpoint, verify_checkpoint
from crypto.log.cosignature import Ed25519Cosigner, MlDsa44Cosigner
from crypto.log.note import Ed25519Signer
from crypto.refusal import Refusal
from hub.services.integrator import Integrator, LogReader
from storage.database import Unit
from storage.log_rows import LogRows
from storage.objectstore_s3 import S3ObjectStore
from storage.tilestore import TileStore

if TYPE_CHECKING:
    from tests.integration.world import World

pytestmark = pytest.mark.integration


class Kill(BaseException):
    """The process ends here."""


class Watched(TileStore):
    """A tile store that keeps what was written, and fails where it is told to: once, ``before`` or ``after``."""

    def __init__(self, store: S3ObjectStore, prefix: str) -> None:
        super().__init__(store, prefix)
        self.written: dict[str, list[bytes]] = {}
        self.fail_at: tuple[str, int] | None = None
        self.calls = 0

    def write(self, path: str, data: bytes) -> None:
        self._failing(lambda: TileStore.write(self, path, data), path, data)

    def write_checkpoint(self, note: bytes) -> None:
        self._failing(lambda: TileStore.write_checkpoint(self, note), "checkpoint", note)

    def _failing(self, write: object, path: str, data: bytes) -> None:
        assert callable(write)
        self.calls += 1
        when, at = self.fail_at or ("", 0)
        if when == "before" and self.calls == at:
            raise Kill
        write()
        self.written.setdefault(path, []).append(data)
        if when == "after" and self.calls == at:
            raise Kill


@dataclass
class Rig:
    """A founded world with its log in a folder of its own of the real store."""

    world: "World"
    tilestore: Watched
    keys: tuple[note.Signer, ...]

    def integrator(self) -> Integrator:
        return Integrator(self.world.database, self.tilestore, self.keys, "log.yidi.test")

    @property
    def reader(self) -> LogReader:
        return LogReader(self.world.database, self.tilestore)

    @property
    def verifiers(self) -> list[note.Verifier]:
        return [cosignature.verifier(key.key) for key in self.keys]

    def head(self) -> Checkpoint:
        """The newest checkpoint, with every log key checked."""
        return verify_checkpoint(self.reader.checkpoint()[0].encode(), self.verifiers)

    def published(self) -> Checkpoint:
        """The store's copy, checked."""
        return verify_checkpoint(self.tilestore.read("checkpoint"), self.verifiers)

    def leaf_hashes(self) -> list[bytes]:
        return [row.leaf_hash for row in self.world.rows()]

    def grow(self, least: int) -> None:
        """At least ``least`` further leaves, many a batch."""
        size = self.world.size()
        while self.world.size() < size + least:
            works = [self.world.open() for _ in range(min(60, least))]
            self.world.place([self.world.examined("chongqing-jiangjin-hall", work.seal()) for work in works])

    def require_whole(self) -> None:
        """Checkpoint, its copy, every tile and the rows say the same."""
        head, hashes = self.head(), self.leaf_hashes()
        assert head == self.published()
        assert (head.size, head.root) == (len(hashes), merkle.root_of(hashes))
        reader = tiles.TileReader(self.tilestore.read, head.size)
        assert reader.root() == head.root
        entries = [entry for at in range(-(-head.size // 256)) for entry in reader.entries(at)]
        assert entries == [row.leaf for row in self.world.rows()]
        assert all(len(set(versions)) == 1 for path, versions in self.tilestore.written.items() if path != "checkpoint")


@pytest.fixture
def rig(world: "World", objectstore: S3ObjectStore) -> Rig:
    keys = (
        Ed25519Signer("log.yidi.test", Ed25519PrivateKey.generate()),
        MlDsa44Cosigner("log.yidi.test", MLDSA44PrivateKey.generate()),
    )
    return Rig(world, Watched(objectstore, f"log-{secrets.token_hex(6)}/"), keys)


def test_tiles_give_the_root_of_all_leaves_over_several_checkpoints(rig: Rig) -> None:
    rig.grow(10)
    assert rig.integrator().integrate_once() == rig.world.size()
    rig.require_whole()
    rig.grow(270)  # over the edge of a full tile
    rig.integrator().integrate_once()
    rig.require_whole()
    assert "tile/0/000" in rig.tilestore.written and "tile/1/000.p/1" in rig.tilestore.written
    assert rig.integrator().integrate_once() == 0


def test_every_leaf_is_proven_and_every_size_is_consistent(rig: Rig) -> None:
    integrator = rig.integrator()
    sizes, roots = [], []
    for _ in range(3):
        rig.grow(3)
        integrator.integrate_once()
        sizes.append(rig.head().size)
        roots.append(rig.head().root)
    hashes, head = rig.leaf_hashes(), rig.head()
    for index in range(head.size):
        made = proof.parse(rig.reader.inclusion_proof(index).encode())
        assert proof.verify_proof(made, hashes[index], rig.verifiers) == head
    with pytest.raises(Refusal, match="INCLUSION_INVALID"):
        proof.verify_proof(proof.parse(rig.reader.inclusion_proof(1).encode()), hashes[0], rig.verifiers)
    # Also between sizes that never had a checkpoint.
    for old, new in itertools.combinations(range(1, head.size + 1), 2):
        path = rig.reader.consistency_proof(old, new)
        merkle.verify_consistency(old, new, path, merkle.root_of(hashes[:old]), merkle.root_of(hashes[:new]))
    assert roots == [merkle.root_of(hashes[:size]) for size in sizes]
    for action in (
        lambda: rig.reader.inclusion_proof(head.size),
        lambda: rig.reader.consistency_proof(1, head.size + 1),
    ):
        with pytest.raises(Refusal, match="NOT_INTEGRATED"):
            action()
    with pytest.raises(Refusal, match="LOG_RANGE"):
        rig.reader.consistency_proof(0, head.size)


def test_nothing_is_said_before_the_first_checkpoint(rig: Rig) -> None:
    with pytest.raises(Refusal, match="NOT_INTEGRATED"):
        rig.reader.checkpoint()
    rig.integrator().require_not_rolled_back()


@pytest.mark.drill
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_at_any_write_is_repeated_with_the_same_bytes(rig: Rig, when: str) -> None:
    rig.grow(5)
    rig.integrator().integrate_once()
    at = 0
    while True:
        rig.grow(3)
        at += 1
        rig.tilestore.calls, rig.tilestore.fail_at = 0, (when, at)
        try:
            rig.integrator().integrate_once()
        except Kill:
            head = rig.head()
            assert rig.published().size <= head.size  # the copy may lag, never lead
            reader = tiles.TileReader(rig.tilestore.read, head.size)
            assert reader.root() == head.root
            rig.tilestore.fail_at = None
            rig.integrator().integrate_once()  # another process takes over
            rig.require_whole()
            rig.integrator().require_not_rolled_back()
            continue
        break
    assert at == 4  # entries, hashes and the checkpoint were each hit
    rig.require_whole()


@pytest.mark.drill
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", ["move_checkpoint", "commit"])
def test_a_crash_at_the_commit_point_is_repeated(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, step: str, when: str
) -> None:
    rig.grow(5)
    rig.integrator().integrate_once()
    rig.grow(3)
    owner = LogRows if step == "move_checkpoint" else Unit
    real = getattr(owner, step)

    def failing(self: object, *values: object) -> None:
        if when == "after":
            real(self, *values)
        raise Kill

    monkeypatch.setattr(owner, step, failing)
    with pytest.raises(Kill):
        rig.integrator().integrate_once()
    monkeypatch.undo()
    persisted = step == "commit" and when == "after"
    assert (rig.head().size == rig.world.size()) is persisted
    assert rig.published().size < rig.world.size()
    rig.integrator().integrate_once()
    rig.require_whole()


def test_two_integrators_at_once_make_one_log(rig: Rig) -> None:
    rig.grow(20)
    ready, done = threading.Barrier(2), []

    def run() -> None:
        integrator = rig.integrator()
        ready.wait()
        done.append(integrator.integrate_once())

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    rig.grow(5)
    for thread in threads:
        thread.join(60)
    assert len(done) == 2
    while rig.integrator().integrate_once():
        pass
    rig.require_whole()


def test_a_slow_integrator_never_puts_an_older_checkpoint_back(rig: Rig) -> None:
    slow, quick = rig.integrator(), rig.integrator()
    rig.grow(3)
    slow._grow(rig.world.database.unit)  # committed, and then it pauses before it publishes
    rig.grow(3)
    quick.integrate_once()
    newest = rig.published()
    slow._publish(rig.world.database.unit)
    assert rig.published() == newest == rig.head()


def test_one_that_does_not_get_the_lock_does_nothing(rig: Rig) -> None:
    rig.grow(3)
    with rig.world.database.unit() as unit:
        assert unit.log.try_integrator_lock()
        assert rig.integrator().integrate_once() == 0
    assert rig.tilestore.written == {}
    assert rig.integrator().integrate_once() == rig.world.size()


def test_a_database_behind_the_published_log_is_refused(rig: Rig) -> None:
    rig.grow(5)
    integrator = rig.integrator()
    integrator.integrate_once()
    integrator.require_not_rolled_back()
    with rig.world.database.unit() as unit:  # as after a restore from an older copy
        unit._connection.exec_driver_sql("UPDATE log_head SET size = size - 1")
        unit.commit()
    with pytest.raises(Refusal) as caught:
        rig.integrator().require_not_rolled_back()
    assert caught.value.code == "LOG_ROLLED_BACK"
    assert int(caught.value.values["published"]) == int(caught.value.values["database"]) + 1


def test_other_leaves_than_the_tiles_hold_are_never_signed(rig: Rig) -> None:
    rig.grow(5)
    rig.integrator().integrate_once()
    with rig.world.database.unit() as unit:
        size, _ = unit.log.checkpoint()
        unit._connection.exec_driver_sql("UPDATE checkpoint SET size = size - 1")
        unit.commit()
    rig.grow(1)
    with pytest.raises(Refusal, match="TILE_ROOT|OBJECT_MISSING|OBJECT_EXISTS"):
        rig.integrator().integrate_once()
    assert rig.published().size == size


# --- witnesses -------------------------------------------------------------------------------------------------------


def line_of(name: str, private: Ed25519PrivateKey, published: str, seconds: int) -> str:
    """A witness's signature line for a checkpoint."""
    signed = note.signature_of(note.parse(published.encode())[0], Ed25519Cosigner(name, private), seconds)
    return note.add(published.encode(), [signed]).decode().splitlines()[-1]


def test_a_witness_line_comes_with_the_checkpoint(rig: Rig) -> None:
    auditor = rig.world.members["auditor"]
    assert auditor.witness is not None
    private = auditor.witness._key
    assert isinstance(private, Ed25519PrivateKey)
    caller, reader = rig.world.record("auditor"), rig.reader
    rig.grow(3)
    rig.integrator().integrate_once()
    published, sequenced = reader.checkpoint()
    size = rig.head().size
    assert sequenced == size

    good = line_of(auditor.subject, private, published, 1_800_000_000)
    other = line_of(auditor.subject, Ed25519PrivateKey.generate(), published, 1_800_000_000)
    for bad in (other, good[:-8] + "AAAAAAA=", good + "\n" + other, "\u2014 x AAAA", ""):
        with pytest.raises(Refusal) as caught:
            reader.add_cosignature(caller, size, bad)
        assert caught.value.code in {"NOTE_SIGNATURE", "NOTE_UNSIGNED", "NOTE_MALFORMED"}
    assert reader.checkpoint()[0] == published

    reader.add_cosignature(caller, size, good)
    reader.add_cosignature(caller, size, good)
    key = note.VerifierKey(auditor.subject, note.COSIGNATURE_ED25519, auditor.witness.public)
    assert reader.checkpoint()[0] == published + good + "\n"
    assert cosignature.witnessed(reader.checkpoint()[0].encode(), [key], 1).met
    for seconds in range(1_800_000_001, 1_800_000_121):  # one line a witness, however often it comes
        reader.add_cosignature(caller, size, line_of(auditor.subject, private, published, seconds))
    assert len(reader.checkpoint()[0].splitlines()) == len(published.splitlines()) + 1
    assert rig.head().size == size

    for name in ("chongqing-jiangjin-hall", "gateway"):
        with pytest.raises(Refusal, match="WITNESS_KEY"):
            reader.add_cosignature(rig.world.record(name), size, good)
    rig.grow(1)
    rig.integrator().integrate_once()
    with pytest.raises(Refusal, match="CHECKPOINT_MOVED"):
        reader.add_cosignature(caller, size, good)
    assert len(reader.checkpoint()[0].splitlines()) == len(published.splitlines())


def test_entry_bundles_are_for_auditors_of_the_whole_country(rig: Rig) -> None:
    rig.grow(3)
    rig.integrator().integrate_once()
    path = f"tile/entries/000.p/{rig.head().size}"
    window, regional = rig.world.record("chongqing-jiangjin-hall"), rig.world.record("auditor")
    auditor = replace(regional, region="000000000000")
    with pytest.raises(Refusal, match="ROLE_FORBIDS"):
        rig.reader.tile(path, regional)
    assert tiles.decode_entries(rig.reader.tile(path, auditor), rig.head().size)
    with pytest.raises(Refusal, match="ROLE_FORBIDS"):
        rig.reader.tile(path, window)
    assert rig.reader.tile(path.replace("entries", "0"), window)
    for bad in ("tile/entries/../checkpoint", "cases/x", "tile/0/1"):
        with pytest.raises(Refusal, match="TILE_PATH|ROLE_FORBIDS"):
            rig.reader.tile(bad, window)


def test_a_log_under_another_key_is_not_this_log(rig: Rig) -> None:
    rig.grow(1)
    rig.integrator().integrate_once()
    stranger = new_signer("ED25519")._key
    assert isinstance(stranger, Ed25519PrivateKey)
    verifiers = [rig.verifiers[1], note.Ed25519Verifier(Ed25519Signer("log.yidi.test", stranger).key)]
    with pytest.raises(Refusal, match="CHECKPOINT_KEY_MISSING"):
        verify_checkpoint(rig.reader.checkpoint()[0].encode(), verifiers)

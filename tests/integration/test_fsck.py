"""``yidi audit fsck`` over real rows and a real store: whole books are clean, each thing broken is found by its name.

Rows are broken inside a transaction that is never committed; tiles and objects are put back.
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

import hub.services.fsck
from crypto.evidence.pins import Pins
from crypto.log.checkpoint import Checkpoint, sign_checkpoint
from crypto.log.cosignature import MlDsa44Cosigner
from crypto.log.note import Ed25519Signer
from crypto.refusal import Refusal
from hub.casework.messages.books import BOOKS
from hub.services.fsck import Books, Counts, Grade
from hub.services.integrator import Integrator
from hub.services.objects import ObjectService
from storage.book_rows import BookRows
from storage.objectstore_s3 import S3ObjectStore
from storage.tilestore import TileStore
from storage.transfer import TransferClient
from tests.integration.cast import DEPARTMENT, ORIGIN, WINDOW
from tests.integration.sealings import Sealed
from tests.integration.world import World

if TYPE_CHECKING:
    from tests.conftest import Databases, ObjectServer

pytestmark = pytest.mark.integration
LEAF = "(SELECT max(idx) FROM leaves WHERE NOT is_registry)"
CASE, OTHER = "'@case'", "'@other'"  # the case with most leaves, and another one
FIRST = "'@first'"  # the case that names its applicant
NOBODY = "'" + "f" * 32 + "'"  # no such case


@dataclass
class Library:
    """A founded world with three cases, its objects and tiles in the real store. ``prefix``: of the tiles."""

    world: World
    books: Books
    documents: S3ObjectStore
    log: S3ObjectStore
    prefix: str
    integrator: Integrator
    case: str = ""
    other: str = ""
    first: str = ""

    def found(self, *broken: str, deep: bool = False) -> dict[str, Grade]:
        """Codes found with the rows changed by these statements, which are undone."""
        counts = Counts()
        with self.world.database.unit() as unit:
            for statement in broken:
                named = (
                    statement.replace("@case", self.case).replace("@other", self.other).replace("@first", self.first)
                )
                done = unit._connection.exec_driver_sql(named)
                assert done.rowcount != 0, statement
            reading = BookRows(unit._connection)
            return {one.code: one.grade for one in self.books.check_rows(reading, counts, deep=deep)}

    @contextmanager
    def replaced(self, path: str, data: bytes | None) -> Iterator[None]:
        """A tile or the checkpoint with other bytes (None: gone)."""
        key = self.prefix + path
        kept = self.log.get(key)
        self.log.delete(key, None)
        if data is not None:
            self.log.put(key, data)
        try:
            yield
        finally:
            self.log.delete(key, None)
            self.log.put(key, kept)

    def put(self, sealed: Sealed, node: str) -> None:
        """The way of every upload."""
        service = ObjectService(self.world.database, self.documents)
        caller = self.world.record(node)
        begun = service.create_upload(caller, sealed.manifest)
        for number, grant in service.grant_parts(caller, begun.upload_id, range(1, len(sealed.parsed.parts) + 1)):
            start = (number - 1) * sealed.parsed.part_size
            TransferClient().put_part(grant, sealed.ciphertext[start : start + sealed.parsed.parts[number - 1].size])
        service.complete_upload(caller, begun.upload_id)

    def forget(self, case: str) -> None:
        """As if a sealing without a statement had never been uploaded."""
        for stored in list(self.documents.versions(f"cases/{case}/")):
            self.documents.delete(stored.key, stored.version_id)
        with self.world.database.unit() as unit:
            for table, column in (("pinned", "case_id"), ("uploads", "object_key")):
                unit._connection.exec_driver_sql(f"DELETE FROM {table} WHERE {column} LIKE '%%{case}%%'")
            unit.commit()


@pytest.fixture(scope="module")
def library(postgres_service: "Databases", seaweed_service: "ObjectServer") -> Iterator[Library]:
    """Three cases: forwarded, pending, closed by way of a gateway; everything under a checkpoint."""
    database = f"test_{secrets.token_hex(6)}"
    postgres_service.create_database(database)
    world = World(postgres_service.url(database))
    name = secrets.token_hex(6)
    buckets = [
        S3ObjectStore(seaweed_service.endpoint(), f"yidi-{kind}-{name}", *seaweed_service.credentials())
        for kind in ("documents", "log")
    ]
    for bucket in buckets:
        bucket.ensure_bucket()
    signers = (
        Ed25519Signer(ORIGIN, Ed25519PrivateKey.generate()),
        MlDsa44Cosigner(ORIGIN, MLDSA44PrivateKey.generate()),
    )
    pins = Pins(ORIGIN, tuple(signer.key.text for signer in signers), world.registrar_keys)
    tiles = TileStore(buckets[1], f"{name}/")
    books = Books(world.database, tiles, buckets[0], pins)
    integrator = Integrator(world.database, tiles, signers, ORIGIN)
    made = Library(world, books, buckets[0], buckets[1], f"{name}/", integrator)
    works = [world.unpinned() for _ in range(3)]
    for work in works:
        made.put(work.application, WINDOW)
    works[0].to_forwarded(applicant="a1" * 32)
    works[1].to_pending()
    works[2].to_pending()
    works[2].result = world.sealing(works[2].case, kind="result", revision=2, materials=("RESULT",))
    made.put(works[2].result, DEPARTMENT)
    works[2].to_closed_from_pending()
    made.case, made.other, made.first = works[2].case, works[1].case, works[0].case
    while integrator.integrate_once():
        pass
    yield made
    world.close()


def errors(found: dict[str, Grade]) -> set[str]:
    """Codes of what does not agree."""
    return {code for code, grade in found.items() if grade is Grade.ERROR}


def test_whole_books_are_clean_and_everything_was_looked_at(library: Library) -> None:
    counts = Counts()
    found = list(library.books.check(counts, deep=True))
    assert found == []
    size = library.world.size()
    assert (counts.leaves, counts.checkpoint, counts.cases) == (size, size, 3)
    assert counts.registry and counts.tiles >= 2 and counts.inbox and counts.objects and counts.object_bytes


def test_the_snapshot_cannot_change_anything(library: Library) -> None:
    with pytest.raises(Refusal) as refused, library.world.database.snapshot() as reading:
        reading._connection.exec_driver_sql("DELETE FROM inbox")
    assert "read-only" in str(refused.value.__cause__)


BROKEN: dict[str, tuple[str, ...]] = {
    "HEAD_SIZE": ("UPDATE log_head SET size = size - 1",),
    "HEAD_EPOCH": ("UPDATE log_head SET epoch = epoch + 1",),
    "LEAF_HASH": (f"UPDATE leaves SET leaf_hash = '\\x00'::bytea WHERE idx = {LEAF}",),
    "LEAF_ROW": (f"UPDATE leaves SET payload_digest = repeat('0', 64) WHERE idx = {LEAF}",),
    "STATEMENT_TWICE": (
        "ALTER TABLE leaves DROP CONSTRAINT uq_leaves_payload_digest",
        f"UPDATE leaves SET payload_digest = (SELECT payload_digest FROM leaves WHERE idx = 0) WHERE idx = {LEAF}",
    ),
    "CHECKPOINT_SIGNATURE": ("UPDATE checkpoint SET note = replace(note, '\u2014 log', '\u2014 gol')",),
    "CHECKPOINT_AHEAD": ("UPDATE checkpoint SET size = size + 1",),
    "CASE_ROW_MISSING": (f"DELETE FROM cases WHERE case_id = {CASE}",),
    "CASE_ROW_STRAY": (
        "INSERT INTO cases SELECT repeat('f', 32), seq, state, holder, repeat('9', 12), 'none', updated_index,"
        " document FROM cases LIMIT 1",
    ),
    "CASE_ROW_UNREADABLE": (f"UPDATE cases SET document = '{{}}'::bytea WHERE case_id = {CASE}",),
    "CASE_ROW_DIFFERS": (f"UPDATE cases SET state = 'DRAFT' WHERE case_id = {CASE}",),
    "INBOX_MISSING": (
        f"DELETE FROM inbox WHERE case_id = {CASE} AND idx = (SELECT max(idx) FROM inbox WHERE case_id = {CASE})",
    ),
    "INBOX_STRAY": (f"INSERT INTO inbox (node, idx, case_id) VALUES ('spiffe://stranger', 0, {CASE})",),
    "NUMBER_TWICE": (
        "ALTER TABLE cases DROP CONSTRAINT uq_cases_public_no",
        f"UPDATE cases SET public_no = (SELECT public_no FROM cases WHERE case_id = {OTHER}) WHERE case_id = {CASE}",
    ),
    "APPLICANT_DIFFERS": (
        "INSERT INTO applicants SELECT case_id, repeat('a', 64), 'item', 'number', 'node', '', '' FROM cases"
        f" WHERE case_id = {CASE}",
    ),
    "REGION_DIFFERS": (f"INSERT INTO case_regions VALUES ({CASE}, '360102000000')",),
    "FORMER_NUMBER_DIFFERS": (f"INSERT INTO former_numbers VALUES ('{'1' * 12}', {CASE})",),
    "APPLICANT_STRAY": (f"INSERT INTO applicants SELECT {NOBODY}, repeat('a', 64), 'item', 'number', 'node', '', ''",),
    "REGION_STRAY": (f"INSERT INTO case_regions VALUES ({NOBODY}, '360102000000')",),
    "FORMER_NUMBER_STRAY": (f"INSERT INTO former_numbers VALUES ('{'1' * 12}', {NOBODY})",),
    "SERIAL_BEHIND": ("UPDATE case_serials SET serial = serial - 1",),
    "OBJECT_UNPINNED": (f"DELETE FROM pinned WHERE case_id = {CASE}",),
    "PIN_DIFFERS": (f"UPDATE pinned SET case_id = {OTHER} WHERE case_id = {CASE}",),
    "OBJECT_MISSING": (f"UPDATE pinned SET version_id = repeat('0', 32) WHERE case_id = {CASE}",),
    "OBJECT_SIZE": (f"UPDATE pinned SET size = size + 1 WHERE case_id = {CASE}",),
    "MANIFEST_CHANGED": (
        "UPDATE documents SET data = '{}'::bytea"
        f" WHERE digest = (SELECT min(manifest) FROM pinned WHERE case_id = {CASE})",
    ),
}
ALSO = {
    # what is broken has more than one face: these follow from it and from nothing else
    "HEAD_SIZE": {"CHECKPOINT_AHEAD"},
    "STATEMENT_TWICE": {"LEAF_ROW"},
    "CHECKPOINT_AHEAD": {"TILE_MISSING", "CHECKPOINT_ROW"},
    "CASE_ROW_MISSING": {"INBOX_STRAY"},
    "NUMBER_TWICE": {"CASE_ROW_DIFFERS"},
    "OBJECT_UNPINNED": {"CASE_LAW", "CASE_ROW_DIFFERS"},
    "OBJECT_MISSING": {"PIN_DIFFERS"},
    "MANIFEST_CHANGED": {"CASE_LAW", "CASE_ROW_DIFFERS", "INBOX_STRAY"},
}


@pytest.mark.parametrize("code", BROKEN)
def test_each_broken_row_is_found_by_its_name(library: Library, code: str) -> None:
    found = errors(library.found(*BROKEN[code]))
    assert code in found
    assert found <= {code} | ALSO.get(code, set())


def test_a_row_of_the_applicants_index_that_is_lost(library: Library) -> None:
    """The case itself is whole: what it says of its applicant stands in the leaves, and nowhere in the index."""
    assert errors(library.found(f"DELETE FROM applicants WHERE case_id = {FIRST}")) == {"APPLICANT_DIFFERS"}


def test_rows_that_outlive_the_row_of_their_case(library: Library) -> None:
    gone = library.found(f"DELETE FROM cases WHERE case_id = {FIRST}")
    assert errors(gone) == {"CASE_ROW_MISSING", "INBOX_STRAY", "APPLICANT_STRAY"}


def test_a_lost_leaf(library: Library) -> None:
    found = errors(library.found("DELETE FROM inbox WHERE idx = " + LEAF, "DELETE FROM leaves WHERE idx = " + LEAF))
    assert {"LEAF_GAP", "HEAD_SIZE", "CASE_ROW_DIFFERS"} <= found


def test_a_changed_leaf(library: Library) -> None:
    """One bit: hash, tile and root each say so."""
    change = "UPDATE leaves SET leaf = set_byte(leaf, 40, get_byte(leaf, 40) # 1) WHERE idx = " + LEAF
    assert {"LEAF_HASH", "TILE_DIFFERS", "CHECKPOINT_ROOT"} <= errors(library.found(change))


def test_an_unreadable_leaf_does_not_end_the_check(library: Library) -> None:
    change = "UPDATE leaves SET leaf = 'x'::bytea WHERE idx = " + LEAF
    found = errors(library.found(change, f"UPDATE cases SET state = 'DRAFT' WHERE case_id = {OTHER}"))
    assert {"LEAF_UNREADABLE", "CASE_ROW_DIFFERS"} <= found


def test_a_registry_leaf_that_was_taken_out_of_the_count(library: Library) -> None:
    """Every later leaf stands at a registry position that does not exist."""
    change = "DELETE FROM leaves WHERE idx = (SELECT max(idx) FROM leaves WHERE is_registry)"
    assert {"LEAF_GAP", "LEAF_EPOCH", "HEAD_EPOCH"} <= errors(library.found(change))


def test_time_that_runs_backwards_and_a_case_leaf_that_is_gone(library: Library) -> None:
    swap = (
        "UPDATE leaves SET idx = -1 WHERE idx = 5",
        "UPDATE leaves SET idx = 5 WHERE idx = (SELECT max(idx) FROM leaves WHERE is_registry)",
    )
    assert "LEAF_TIME" in errors(library.found(*swap))
    second = f"(SELECT min(idx) + 1 FROM leaves WHERE case_id = {CASE})"
    gone = (f"DELETE FROM inbox WHERE idx = {second}", f"DELETE FROM leaves WHERE idx = {second}")
    assert {"CASE_SEQ", "LEAF_GAP"} <= errors(library.found(*gone))


def test_a_step_that_the_law_refuses(library: Library) -> None:
    """The hub's document says another catalogue than the log: the law cannot be run as it was."""
    gone = "DELETE FROM documents WHERE kind = 'catalogue.publish'"
    assert "CASE_LAW" in errors(library.found(gone))


@pytest.mark.parametrize("path", ["tile/entries/000.p/{width}", "tile/0/000.p/{width}"])
def test_tiles(library: Library, path: str) -> None:
    name = path.format(width=library.world.size())
    whole = library.log.get(library.prefix + name)
    with library.replaced(name, None):
        assert errors(library.found()) == {"TILE_MISSING"}
    with library.replaced(name, whole[:-1] + bytes([whole[-1] ^ 1])):
        assert errors(library.found()) == {"TILE_DIFFERS"}
    assert errors(library.found()) == set()


def test_the_checkpoint_and_its_copy(library: Library) -> None:
    whole = library.log.get(library.prefix + "checkpoint")
    lines = whole.decode().split("\n")
    ahead = "\n".join([lines[0], str(library.world.size() + 1), *lines[2:]]).encode()
    other = "\n".join([*lines[:2], lines[2][::-1].lstrip("=") + "=", *lines[3:]]).encode()
    with library.replaced("checkpoint", ahead):
        assert errors(library.found()) == {"CHECKPOINT_AHEAD"}
    with library.replaced("checkpoint", other):
        assert errors(library.found()) == {"CHECKPOINT_COPY"}
    with library.replaced("checkpoint", None):
        assert library.found().get("CHECKPOINT_COPY") is Grade.NOTE
    behind = library.found("UPDATE checkpoint SET size = 0, note = ''")
    assert behind.get("CHECKPOINT_BEHIND") is Grade.NOTE


def test_a_root_that_the_log_keys_signed_and_the_leaves_do_not_give(library: Library) -> None:
    size = library.world.size()
    false = sign_checkpoint(Checkpoint(ORIGIN, size, bytes(32)), library.integrator._signers, 1).decode()
    quoted = false.replace("'", "''")
    with library.replaced("checkpoint", false.encode()):
        assert errors(library.found(f"UPDATE checkpoint SET note = '{quoted}'")) == {"CHECKPOINT_ROOT"}


def test_an_object_whose_bytes_are_not_what_the_manifest_states(library: Library) -> None:
    """Sizes and MD5s are right, as the hub asks; only reading it shows that SHA-256 is not."""
    work = library.world.unpinned(page=b"false")
    told = replace(work.application.parsed, sha256="0" * 64)
    library.put(Sealed(told.encode(), work.application.ciphertext, work.application.keys), WINDOW)
    try:
        assert errors(library.found()) == set()
        assert errors(library.found(deep=True)) == {"OBJECT_SHA256"}
    finally:
        library.forget(work.case)


def test_what_nobody_names_is_told_for_information(library: Library) -> None:
    work = library.world.unpinned()
    library.put(work.application, WINDOW)
    assert library.found().get("PIN_UNUSED") is Grade.NOTE
    key = f"cases/{'a' * 32}/1/{'b' * 32}"
    library.documents.put(key, b"stray")
    upload = library.documents.create_multipart(key)
    rowless = f"INSERT INTO uploads VALUES ('{'0' * 32}', '{'1' * 64}', 'n', 'cases/x', '{'2' * 32}', 'OPEN')"
    found = library.found(rowless, f"DELETE FROM key_packets WHERE case_id = {CASE}")
    library.documents.abort_multipart(key, upload)
    library.documents.delete(key, None)
    library.forget(work.case)
    notes = {code for code, grade in found.items() if grade is Grade.NOTE}
    assert {"ORPHAN_OBJECT", "ORPHAN_UPLOAD", "UPLOAD_GONE", "PACKET_ABSENT"} <= notes
    assert errors(found) == set()


def test_every_finding_has_its_sentence() -> None:
    text = "".join(file.read_text() for file in Path(hub.services.fsck.__path__[0]).glob("*.py"))
    raised = set(re.findall(r'(?:BookFinding|note|for_information)\(\s*"([A-Z_0-9]+)"', text))
    assert raised == set(BOOKS)
    assert all(re.search(r"[\u4e00-\u9fff]", words) and len(words) <= 40 for words in BOOKS.values())

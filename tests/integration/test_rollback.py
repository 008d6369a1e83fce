"""A database that lost acknowledged leaves is not served from, whichever part was put back and whoever knows.

The databases here are really put back: all tables are copied, life goes on, and the copies are put in their place.
"""

import secrets
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from crypto.refusal import Refusal
from hub.server.app import HubServer
from hub.services.integrator import Integrator
from storage.database import Database
from storage.tables import metadata
from tests.integration.hub_region import Region
from tests.integration.test_integrator import Rig
from tests.integration.test_integrator import rig as rig

if TYPE_CHECKING:
    from tests.conftest import Databases, ObjectServer

pytestmark = pytest.mark.integration


def back_up(database: Database) -> None:
    """Copy all tables."""
    _run(database, "CREATE SCHEMA backup", *(f"CREATE TABLE backup.{t} AS TABLE {t}" for t in metadata.tables))


def restore(database: Database) -> None:
    """Put the copies in place of the tables."""
    tables = [table.name for table in metadata.sorted_tables]
    copies = (f"INSERT INTO {table} OVERRIDING SYSTEM VALUE TABLE backup.{table}" for table in tables)
    _run(database, f"TRUNCATE {', '.join(tables)}", *copies)


def _run(database: Database, *lines: str) -> None:
    with database.unit() as unit:
        for line in lines:
            unit._connection.exec_driver_sql(line)
        unit.commit()


def refused(integrator: Integrator) -> dict[str, int]:
    """Sizes in the refusal."""
    with pytest.raises(Refusal) as caught:
        integrator.require_not_rolled_back()
    assert caught.value.code == "LOG_ROLLED_BACK"
    return {name: int(value) for name, value in caught.value.values.items()}


def test_a_database_that_lost_nothing_is_served(rig: Rig) -> None:
    rig.integrator().require_not_rolled_back()
    rig.grow(230)
    rig.integrator().integrate_once()
    rig.grow(3)
    rig.integrator().require_not_rolled_back()


def test_nobody_is_refused_while_an_integrator_is_at_work(rig: Rig) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=rig.integrator().run, args=(stop,))
    thread.start()
    try:
        for _ in range(6):
            rig.grow(40)
            rig.integrator().require_not_rolled_back()
    finally:
        stop.set()
        thread.join(30)


def test_a_restored_backup_is_refused_with_the_sizes(rig: Rig) -> None:
    rig.grow(5)
    rig.integrator().integrate_once()
    before = rig.world.size()
    back_up(rig.world.database)
    rig.grow(230)
    rig.integrator().integrate_once()
    after = rig.world.size()
    restore(rig.world.database)
    sizes = refused(rig.integrator())
    assert sizes["database"] == sizes["rows"] == sizes["integrated"] == before
    assert sizes["published"] == sizes["tiles"] == after
    assert not rig.integrator().integrate_once(), "and nothing was made out of it"


@pytest.mark.parametrize(
    ("line", "short"),
    [
        ("UPDATE log_head SET size = size - 1", "database"),
        ("DELETE FROM leaves WHERE idx = (SELECT max(idx) FROM leaves)", "rows"),
    ],
)
def test_a_part_that_is_behind_the_others_is_refused(rig: Rig, line: str, short: str) -> None:
    rig.grow(3)
    rig.integrator().integrate_once()
    _run(rig.world.database, "DELETE FROM inbox", line)
    sizes = refused(rig.integrator())
    assert sizes[short] == sizes["published"] - 1


def test_leaves_known_from_bundles_alone_are_missed(rig: Rig) -> None:
    """The integrator died before it published; then the database was put back."""
    rig.grow(60)
    rig.integrator().integrate_once()
    back_up(rig.world.database)
    published = rig.published().size
    rig.grow(20)
    rig.integrator()._grow(rig.world.database.unit)
    assert rig.published().size == published
    restore(rig.world.database)
    sizes = refused(rig.integrator())
    assert sizes["tiles"] > sizes["published"] == sizes["database"] == published


def test_a_database_that_went_on_after_a_rollback_is_refused(rig: Rig) -> None:
    rig.grow(5)
    back_up(rig.world.database)
    rig.grow(5)
    rig.integrator().integrate_once()
    restore(rig.world.database)
    rig.world.registry, rig.world.sequencer = rig.world.hub_process()  # one that has seen nothing
    rig.grow(20)  # other leaves, and more of them
    with pytest.raises(Refusal) as caught:
        rig.integrator().require_not_rolled_back()
    assert caught.value.code == "LOG_DIFFERS"


def test_a_process_that_only_saw_others_commit_writes_nothing_after_a_rollback(rig: Rig) -> None:
    _, watching = rig.world.hub_process()
    back_up(rig.world.database)
    rig.grow(2)
    watching.saw(rig.world.size())
    watching.saw(0)  # what was seen is never forgotten
    restore(rig.world.database)
    size = rig.world.size()
    seal = rig.world.examined("chongqing-jiangjin-hall", rig.world.open().seal())
    with pytest.raises(Refusal, match="LOG_ROLLED_BACK"):
        rig.world.place([seal], watching)
    assert rig.world.size() == size


def test_a_witness_remembers_what_database_and_store_forgot(rig: Rig, tmp_path: Path) -> None:
    rig.grow(5)
    rig.integrator().integrate_once()
    checkpoint = tmp_path / "witnessed"
    checkpoint.write_bytes(rig.tilestore.read("checkpoint"))
    back_up(rig.world.database)

    def brought(file: Path) -> Integrator:
        return Integrator(rig.world.database, rig.tilestore, rig.keys, "log.yidi.test", file)

    brought(checkpoint).require_not_rolled_back()
    old = rig.tilestore.read("checkpoint")
    rig.grow(5)
    rig.integrator().integrate_once()
    checkpoint.write_bytes(rig.tilestore.read("checkpoint"))
    restore(rig.world.database)
    rig.tilestore.write_checkpoint(old)
    sizes = refused(brought(checkpoint))
    assert sizes["witnessed"] > sizes["published"] == sizes["database"]
    checkpoint.write_bytes(checkpoint.read_bytes().replace(b"\n", b"\n9", 1))
    with pytest.raises(Refusal, match="NOTE_SIGNATURE"):
        brought(checkpoint).require_not_rolled_back()
    with pytest.raises(Refusal, match="WITNESSED_UNREADABLE"):
        brought(tmp_path / "nothing").require_not_rolled_back()


def test_a_take_over_is_refused_and_told(rig: Rig) -> None:
    rig.grow(3)
    rig.integrator().integrate_once()
    back_up(rig.world.database)
    rig.grow(3)
    rig.integrator().integrate_once()
    restore(rig.world.database)
    told: list[Refusal] = []
    stop = threading.Event()
    integrator = rig.integrator()

    def end(refusal: Refusal) -> None:
        told.append(refusal)
        stop.set()

    integrator.on_refused = end
    integrator.run(stop)
    assert [refusal.code for refusal in told] == ["LOG_ROLLED_BACK"]


# --- hub processes ---------------------------------------------------------------------------------------------------


@pytest.fixture
def doomed(tmp_path: Path, database_url: str, seaweed_service: "ObjectServer") -> Iterator[Region]:
    """A region of its own, whose database the test puts back."""
    made = Region(tmp_path, database_url, seaweed_service)
    yield made
    made.close()


def test_a_hub_whose_database_is_put_back_takes_nothing_more_and_asks_to_be_stopped(doomed: Region) -> None:
    server, told = doomed.server, threading.Event()
    server.on_halt = told.set
    doomed.enrol("first")
    _settle(server)
    back_up(server.parts.database)
    doomed.enrol("second")
    _settle(server)
    doomed.pause_registrar()
    restore(server.parts.database)
    with pytest.raises(AssertionError, match="LOG_ROLLED_BACK"):
        doomed.revoke("first")
    with server.parts.database.reading() as reading:
        assert reading.log.extent().head == reading.log.extent().integrated, "nothing was added"
    assert told.wait(10)
    assert server.halted_by is not None and server.halted_by.code == "LOG_ROLLED_BACK"
    with pytest.raises(Refusal, match="LOG_ROLLED_BACK"):
        doomed.start_hub()


def test_a_hub_that_commits_nothing_knows_how_long_the_log_was(doomed: Region) -> None:
    size = doomed.server.parts.publications.head().size
    other = doomed.start_hub()
    try:
        assert other.parts.sequencer.reached == size, "from the start"
        doomed.enrol("first")
        size, end = doomed.server.parts.publications.head().size, time.monotonic() + 30
        while other.parts.sequencer.reached < size:
            assert time.monotonic() < end
            time.sleep(0.05)
    finally:
        doomed.run(other.stop())


def test_an_empty_database_is_not_founded_over_a_published_log(doomed: Region, postgres_service: "Databases") -> None:
    _settle(doomed.server)
    name = f"test_{secrets.token_hex(6)}"
    postgres_service.create_database(name)
    usual = doomed.settings
    doomed.settings = usual.model_copy(update={"database_url": SecretStr(postgres_service.url(name))})
    with pytest.raises(Refusal) as caught:
        doomed.start_hub()
    doomed.settings = usual
    assert (caught.value.code, caught.value.values["database"]) == ("LOG_ROLLED_BACK", "0")


def _settle(server: HubServer) -> None:
    """Wait until everything sequenced is published."""
    end = time.monotonic() + 30
    while True:
        with server.parts.database.reading() as reading:
            extent = reading.log.extent()
        if extent.head == extent.integrated == server.parts.integrator._published:
            return
        assert time.monotonic() < end, extent
        time.sleep(0.05)

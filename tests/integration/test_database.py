"""A unit of work on a real PostgreSQL: committed or undone, cut off, restarted, in one round trip."""

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from crypto.refusal import Refusal
from deploy.postgres import PostgresService
from storage.database import Database
from tests.integration.bare_rows import CASE, append, at_once, leaf
from tests.integration.cast import ORIGIN

pytestmark = pytest.mark.integration

# --- unit of work ----------------------------------------------------------------------------------------------------


def test_what_is_not_committed_is_undone(database: Database) -> None:
    with database.unit() as unit:
        unit.cases.insert([CASE])
        assert unit.cases.find(CASE.case_id) == CASE
    with pytest.raises(ZeroDivisionError), database.unit() as unit:
        unit.cases.insert([CASE])
        raise ZeroDivisionError
    with database.unit() as unit:
        assert unit.cases.find(CASE.case_id) is None


def test_migrating_and_founding_again_changes_nothing(database: Database) -> None:
    append(database, leaf(0))
    others = [Database(database.url) for _ in range(2)]
    assert at_once([other.migrate for other in others]) == [None, None]
    for other in others:
        other.dispose()
    with database.unit() as unit:
        unit.log.found("another.log")
        unit.commit()
    with database.unit() as unit:
        assert (unit.log.head().origin, unit.log.head().size) == (ORIGIN, 1)


def test_an_empty_database_is_migrated_by_two_at_once(database_url: str) -> None:
    made = [Database(database_url) for _ in range(2)]
    assert at_once([one.migrate for one in made]) == [None, None]
    for one in made:
        one.dispose()


def test_a_server_that_is_not_there_is_unavailable() -> None:
    away = Database("postgresql+psycopg://nobody@127.0.0.1:1/none")
    with pytest.raises(Refusal, match="DATABASE_UNAVAILABLE"), away.unit() as unit:
        unit.log.head()
    away.dispose()


def test_a_cut_connection_is_unavailable_and_the_next_one_works(database: Database) -> None:
    with pytest.raises(Refusal, match="DATABASE_UNAVAILABLE"), database.unit() as unit:
        unit._connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")
    with database.unit() as unit:
        assert unit.log.head().size == 0


def test_a_reading_sees_what_is_committed_and_changes_nothing(database: Database) -> None:
    with database.reading() as reading, database.unit() as unit:
        unit.cases.insert([CASE])
        assert reading.cases.find(CASE.case_id) is None
        unit.commit()
        assert reading.cases.find(CASE.case_id) == CASE
    with pytest.raises(Refusal, match="DATABASE_UNAVAILABLE"), database.reading() as reading:
        reading.cases.insert([replace(CASE, case_id="d" * 32, public_no="2", case_no="y" * 43)])
    with pytest.raises(Refusal, match="DATABASE_UNAVAILABLE"), database.reading() as reading:
        reading.log.lock_head()
    with database.reading() as reading:
        assert reading.cases.find("d" * 32) is None


def test_look_ups_cost_one_round_trip_each(database: Database) -> None:
    """No BEGIN, no ROLLBACK, no ping: the server sees the look-up alone, and no transaction stays open."""
    ask = "SELECT xact_start = query_start FROM pg_stat_activity WHERE pid = pg_backend_pid()"
    for _ in range(3):
        with database.reading() as reading:
            assert reading._connection.exec_driver_sql(ask).scalar_one() is True
    with database.unit() as unit:
        assert unit._connection.exec_driver_sql(ask).scalar_one() is False


def test_idle_connections_that_the_server_cut_are_replaced_unnoticed(database: Database) -> None:
    for way in (database.unit, database.reading):
        with way() as first, way() as second:  # two idle connections in the pool
            heads = [first.log.head(), second.log.head()]
        cut = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        other = Database(database.url)
        with other.unit() as unit:
            unit._connection.exec_driver_sql(cut)
            gone = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            while unit._connection.exec_driver_sql(gone).scalar_one() > 1:
                unit._connection.exec_driver_sql("SELECT pg_stat_clear_snapshot()")
        other.dispose()
        with way() as first, way() as second:
            assert [first.log.head(), second.log.head()] == heads


@pytest.mark.drill
def test_a_server_that_was_killed_and_came_back_needs_no_restart_of_its_clients() -> None:
    with tempfile.TemporaryDirectory(prefix="yidi-killed-") as folder:
        service = PostgresService(Path(folder) / "postgres")
        service.start()
        try:
            service.create_database("killed")
            database = Database(service.url("killed"))
            database.migrate()
            with database.unit() as unit:
                unit.log.found(ORIGIN)
                unit.commit()
            append(database, leaf(0))
            with database.unit() as unit, database.reading() as reading:
                assert (unit.log.lock_head().size, reading.log.head().size) == (1, 1)
                unit.log.append(replace(unit.log.head(), size=2), [leaf(1)], [])
                service.kill()
                with pytest.raises(Exception, match="closed|terminat|connection"):
                    unit.commit()
            for way in (database.unit, database.reading):
                with pytest.raises(Refusal, match="DATABASE_UNAVAILABLE"), way() as away:
                    away.log.head()
            service.start()
            for way in (database.unit, database.reading):
                with way() as back:
                    assert back.log.head().size == 1  # committed before the crash; what was not committed is undone
            append(database, leaf(1))
            database.dispose()
        finally:
            service.kill()


def test_commits_are_durable(database: Database) -> None:
    with database.unit() as unit:
        kept = unit._connection.exec_driver_sql("SHOW synchronous_commit").scalar_one()
    assert kept == "on"

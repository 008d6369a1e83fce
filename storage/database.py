"""The hub's PostgreSQL: two pools, one unit of work, migrations.

Invariants:
- a ``Unit`` is one transaction: it commits once, at ``commit``; leaving the scope otherwise undoes everything;
- a ``Reading`` has no transaction and cannot change anything (the server refuses it): each look-up is one round trip
  and sees what is committed when it is made, as look-ups in a ``Unit`` do too (read committed);
- a connection that died while nobody used it is never handed out: it is found dead without a round trip and replaced,
  so a restart of the server costs its clients nothing but the time that it was away;
- ``synchronous_commit`` stays on: what was committed survives a crash of the server (promise 5);
- the schema is made and changed by Alembic migrations only.
"""

import select
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from psycopg import Connection as Driver
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import InterfaceError, InternalError, InvalidatePoolError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from crypto.refusal import Refusal
from storage.case_rows import CaseRows
from storage.log_rows import LogRows
from storage.node_rows import EnrolmentRows
from storage.object_rows import ObjectRows


class Reading:
    """The repositories over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.log = LogRows(connection)
        self.cases = CaseRows(connection)
        self.objects = ObjectRows(connection)
        self.enrolments = EnrolmentRows(connection)


class Unit(Reading):
    """One transaction with the repositories that work in it."""

    def commit(self) -> None:
        """Commit point: after this everything done in the unit is durable."""
        self._connection.commit()


class Database:
    """Connections to one database: ``pool_size`` for units, as many for reading. Safe from several threads."""

    def __init__(self, url: str, pool_size: int = 10) -> None:
        self.url = url
        self._engine = create_engine(url, pool_size=pool_size, max_overflow=0, hide_parameters=True)
        self._reader = create_engine(
            url, pool_size=pool_size, max_overflow=0, isolation_level="AUTOCOMMIT", hide_parameters=True
        )
        event.listen(self._reader, "connect", _read_only)
        for engine in (self._engine, self._reader):
            event.listen(engine, "checkout", _require_alive)

    @contextmanager
    def unit(self) -> Iterator[Unit]:
        """A transaction. Refusal DATABASE_UNAVAILABLE when the server is away, full or overrun.

        Nothing was done then, unless it was lost at ``commit``: whoever repeats finds it by its identity. Other errors
        of the database are faults of what was asked, and pass.
        """
        with _connected(self._engine) as connection:
            yield Unit(connection)

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """Look-ups without a transaction. Refusal DATABASE_UNAVAILABLE, also when something is to be changed."""
        with _connected(self._reader) as connection:
            yield Reading(connection)

    def migrate(self) -> None:
        """Bring the schema to the newest revision. Safe to run again, and from several processes."""
        from alembic import command  # here, not above: only a starting hub migrates
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        with self._engine.connect() as connection:
            connection.exec_driver_sql("SELECT pg_advisory_lock(7415001)")
            try:
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
                connection.commit()
            finally:
                connection.rollback()
                connection.exec_driver_sql("SELECT pg_advisory_unlock(7415001)")
                connection.commit()

    def dispose(self) -> None:
        """Close all connections."""
        self._engine.dispose()
        self._reader.dispose()


@contextmanager
def _connected(engine: Engine) -> Iterator[Connection]:
    try:
        with engine.connect() as connection:
            yield connection
    except (OperationalError, InterfaceError, InternalError, PoolTimeout) as error:
        raise Refusal("DATABASE_UNAVAILABLE", "promise 5") from error


def _read_only(driver: Driver[Any], record: Any) -> None:
    driver.autocommit = True
    driver.execute("SET default_transaction_read_only = on")


def _require_alive(driver: Driver[Any], record: Any, proxy: Any) -> None:
    """An idle connection has nothing to say: what can be read there is its end (or a notice of it)."""
    if not record.info.setdefault("used", False):
        record.info["used"] = True  # new: it has just answered
        return
    if driver.closed or _has_input(driver.pgconn.socket):
        raise InvalidatePoolError("the server closed the connection")  # the pool opens a new one in its place


def _has_input(socket: int) -> bool:
    poll = select.poll()
    poll.register(socket, select.POLLIN)
    return bool(poll.poll(0))

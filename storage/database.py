"""The hub's PostgreSQL: one engine, one unit of work, migrations.

Invariants:
- a ``Unit`` is one transaction: it commits once, at ``commit``; leaving the scope otherwise undoes everything;
- ``synchronous_commit`` stays on: what was committed survives a crash of the server (promise 5);
- the schema is made and changed by Alembic migrations only.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from crypto.refusal import Refusal
from storage.case_rows import CaseRows
from storage.log_rows import LogRows
from storage.node_rows import EnrolmentRows
from storage.object_rows import ObjectRows


class Unit:
    """One transaction with the repositories that work in it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.log = LogRows(connection)
        self.cases = CaseRows(connection)
        self.objects = ObjectRows(connection)
        self.enrolments = EnrolmentRows(connection)

    def commit(self) -> None:
        """Commit point: after this everything done in the unit is durable."""
        self._connection.commit()


class Database:
    """Connections to one database. Safe from several threads and processes."""

    def __init__(self, url: str, pool_size: int = 10) -> None:
        self.url = url
        self._engine = create_engine(url, pool_size=pool_size, max_overflow=pool_size, pool_pre_ping=True)

    @contextmanager
    def unit(self) -> Iterator[Unit]:
        """A transaction. Refusal DATABASE_UNAVAILABLE when the server is away, full or overrun.

        Nothing was done then, unless it was lost at ``commit``: whoever repeats finds it by its identity. Other errors
        of the database are faults of what was asked, and pass.
        """
        try:
            with self._engine.connect() as connection:
                yield Unit(connection)
        except (OperationalError, InterfaceError, InternalError, PoolTimeout) as error:
            raise Refusal("DATABASE_UNAVAILABLE", "promise 5") from error

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

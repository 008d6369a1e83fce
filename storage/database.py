"""The hub's PostgreSQL: two pools, one unit of work, migrations.

Invariants:
- a ``Unit`` is one transaction: it commits once, at ``commit``; leaving the scope otherwise undoes everything;
- a ``Reading`` has no transaction and cannot change anything (the server refuses it): each look-up is one round trip
  and sees what is committed when it is made, as look-ups in a ``Unit`` do too (read committed);
- a connection that died while nobody used it is never handed out: it is found dead without a round trip and replaced,
  so a restart of the server costs its clients nothing but the time that it was away;
- what a ``Held`` commits is committed by the holder of its lock: both are one connection, and end together;
- every wait has a bound: for a connection, a question, a lock, a transaction that stands still; beyond it, the answer
  is DATABASE_UNAVAILABLE (migrations, whole-table checks and the holder of a duty's lock are bounded by nothing);
- ``synchronous_commit`` stays on: what was committed survives a crash of the server (promise 5);
- the schema is made and changed by Alembic migrations only.
"""

import os
import select
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import Connection as Driver
from sqlalchemy import Connection, Engine, create_engine, event, func
from sqlalchemy import select as query
from sqlalchemy.exc import InterfaceError, InternalError, InvalidatePoolError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import NullPool

from crypto.refusal import Refusal
from storage.applicant_rows import ApplicantRows
from storage.attempt_rows import AttemptRows
from storage.book_rows import BookRows
from storage.bulk import driver_of, together
from storage.case_rows import CaseRows
from storage.log_rows import COMMITS, LogRows
from storage.narrow import Position, Wanted, look
from storage.node_rows import EnrolmentRows
from storage.object_rows import ObjectRows
from storage.region_rows import RegionRows

# What ``storage.bulk`` runs meets the driver's own errors: the same three that SQLAlchemy hands on.
_DRIVER_ERRORS = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.InternalError)
POOL_SECONDS, CONNECT_SECONDS = 10, 5
# A machine that is gone says nothing: both sides find out within some ten seconds and let go of its locks.
_NOTICE_LOSS = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
_KEEPALIVE = {"tcp_keepalives_idle": "5", "tcp_keepalives_interval": "2", "tcp_keepalives_count": "3"}
# No question and no lock is waited for longer than a caller waits; a process that stands still lets go of the head.
_BOUNDS = {
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
}


class Reading:
    """The repositories over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.log = LogRows(connection)
        self.cases = CaseRows(connection)
        self.applicants = ApplicantRows(connection)
        self.regions = RegionRows(connection)
        self.objects = ObjectRows(connection)
        self.enrolments = EnrolmentRows(connection)
        self.attempts = AttemptRows(connection)


class Unit(Reading):
    """One transaction with the repositories that work in it."""

    @contextmanager
    def together(self) -> Iterator[None]:
        """One round trip for all writes in this scope. At its end an error of any of them is raised, and HEAD_MOVED."""
        with together(self._connection):
            yield
        self.cases.require_moved()

    def look(self, wanted: Wanted) -> Position:
        """Lock the head and look everything up behind it, in one round trip."""
        return look(self._connection, wanted)

    def commit(self) -> None:
        """Commit point: after this everything done in the unit is durable."""
        self._connection.commit()


class Held:
    """An advisory lock of the server and the one connection that holds it. For one thread."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def alive(self) -> bool:
        """Whether the lock is still held, as far as the server has said: no round trip."""
        if self._connection.invalidated or self._connection.closed:
            return False
        driver = self._connection.connection.dbapi_connection
        return driver is not None and not driver.closed and not _has_input(driver.pgconn.socket)

    @contextmanager
    def unit(self) -> Iterator[Unit]:
        """A transaction of the holder. Refusal DATABASE_UNAVAILABLE, also when the lock is lost: nothing was done."""
        with _refusing():
            if not self.alive():  # SQLAlchemy would open a new connection in its place, without the lock
                raise Refusal("DATABASE_UNAVAILABLE", "one at a time")
            try:
                yield Unit(self._connection)
            finally:
                if self.alive():
                    self._connection.rollback()


class Listening:
    """Hears of every commit to the log, by whatever process. For one thread."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def wait(self, seconds: float) -> bool:
        """Whether a commit was told of within ``seconds``, or before and not asked for. DATABASE_UNAVAILABLE."""
        with _refusing():
            return any(True for _ in driver_of(self._connection).notifies(timeout=seconds, stop_after=1))


class Database:
    """Connections to one database: ``pool_size`` for units, as many for reading. Safe from several threads."""

    def __init__(self, url: str, pool_size: int = 10) -> None:
        self.url = url
        pool: dict[str, Any] = {"pool_size": pool_size, "max_overflow": 0, "pool_timeout": POOL_SECONDS}
        pool |= {"connect_args": _connecting(_KEEPALIVE | _BOUNDS), "hide_parameters": True}
        self._engine = create_engine(url, **pool)
        self._reader = create_engine(url, **pool, isolation_level="AUTOCOMMIT")
        self._single = create_engine(
            url, poolclass=NullPool, connect_args=_connecting(_KEEPALIVE), hide_parameters=True
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

    @contextmanager
    def holding(self, lock: int) -> Iterator[Held | None]:
        """The advisory lock ``lock`` until the scope ends, on a connection of its own; None when another holds it.

        It ends with the connection: a process that dies has let go. Refusal DATABASE_UNAVAILABLE.
        """
        with _connected(self._single) as connection:
            taken = bool(connection.scalar(query(func.pg_try_advisory_lock(lock))))
            connection.commit()
            yield Held(connection) if taken else None

    @contextmanager
    def listening(self) -> Iterator[Listening]:
        """A connection of its own that hears of commits to the log. Refusal DATABASE_UNAVAILABLE."""
        with _connected(self._single) as connection:
            listening = connection.execution_options(isolation_level="AUTOCOMMIT")
            listening.exec_driver_sql(f"LISTEN {COMMITS}")
            yield Listening(listening)

    @contextmanager
    def snapshot(self) -> Iterator[BookRows]:
        """Whole tables as they all are at the first look, and nothing can be changed. Refusal DATABASE_UNAVAILABLE.

        Dead rows cannot be swept away while it is open: for checks by an operator, not for services.
        """
        with _connected(self._single) as connection:
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield BookRows(connection)

    def migrate(self) -> None:
        """Bring the schema to the newest revision. Safe to run again, and from several processes."""
        from alembic import command  # here, not above: only a starting hub migrates
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        with self._single.connect() as connection:
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


def _connecting(server: Mapping[str, str]) -> dict[str, object]:
    """Arguments of a connection, with settings for the server's side. The name shows which process holds what."""
    options = " ".join(f"-c {name}={value}" for name, value in server.items())
    return {**_NOTICE_LOSS, "application_name": f"yidi-{os.getpid()}", "options": options}


@contextmanager
def _connected(engine: Engine) -> Iterator[Connection]:
    with _refusing(), engine.connect() as connection:
        yield connection


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, InternalError, PoolTimeout, *_DRIVER_ERRORS) as error:
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

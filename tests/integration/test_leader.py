"""One process of several does a duty: never two, and another one as soon as it dies."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from crypto.refusal import Refusal
from hub.services import leader
from hub.services.leader import Duty, Leader
from storage.database import Database, Held
from storage.log_rows import LogRows

pytestmark = pytest.mark.integration
HOLDS = """
import sys, threading
from hub.services.leader import Duty, Leader
from storage.database import Database

class Work:
    def take_over(self): print("taken over", flush=True)
    def round(self, held): return False

Leader(Database(sys.argv[1]), Duty.TIMERS, Work(), 0.05).run(threading.Event())
"""


class Work:
    """Rounds that are counted; ``refuse`` is raised by the next ones."""

    def __init__(self) -> None:
        self.taken_over = threading.Event()
        self.rounds = 0
        self.refuse: Refusal | None = None
        self.refuse_take_over: Refusal | None = None
        self.last: Held | None = None

    def take_over(self) -> None:
        if self.refuse_take_over:
            raise self.refuse_take_over
        self.taken_over.set()

    def round(self, held: Held) -> bool:
        self.rounds += 1
        self.last = held
        if self.refuse:
            raise self.refuse
        return False


class Process:
    """One of several that would do the duty."""

    def __init__(self, database: Database) -> None:
        self.work = Work()
        self.leader = Leader(database, Duty.TIMERS, self.work, 0.02)
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.leader.run, args=(self.stop,), daemon=True)
        self.thread.start()

    def end(self) -> None:
        self.stop.set()
        self.thread.join(30)


@pytest.fixture
def two(database: Database) -> Iterator[tuple[Process, Process]]:
    """The first has the duty, the second stands by."""
    first = Process(database)
    assert first.work.taken_over.wait(20)
    second = Process(database)
    yield first, second
    for process in (first, second):
        process.end()


def test_one_works_and_the_other_stands_by_until_it_stops(two: tuple[Process, Process]) -> None:
    first, second = two
    _until(lambda: first.work.rounds > 10)
    assert (first.leader.leading, second.leader.leading) == (True, False)
    assert not second.work.rounds
    first.end()
    assert second.work.taken_over.wait(10)
    rounds = first.work.rounds
    _until(lambda: second.work.rounds > 5)
    assert first.work.rounds == rounds and not first.leader.leading


def test_one_that_lost_its_connection_commits_nothing_any_more(
    two: tuple[Process, Process], database: Database
) -> None:
    first, second = two
    _until(lambda: first.work.last is not None)
    held = first.work.last
    assert held is not None
    with held.unit() as unit:
        unit._connection.execute(text("UPDATE log_head SET epoch = 7"))
        unit.commit()
    _end_connection_of(Duty.TIMERS, database)
    with pytest.raises(Refusal, match="DATABASE_UNAVAILABLE"), held.unit() as unit:
        unit._connection.execute(text("UPDATE log_head SET epoch = 8"))
        unit.commit()
    _until(lambda: first.work.taken_over.is_set() and (second.leader.leading or first.leader.leading))
    with database.reading() as reading:
        assert reading.log.head().epoch == 7


def test_one_whose_rounds_fail_lets_another_try(two: tuple[Process, Process], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leader, "FAILED_SECONDS", 0.01)
    first, second = two
    first.work.refuse = Refusal("STORE_UNAVAILABLE", "test")
    assert second.work.taken_over.wait(20)


def test_one_that_may_not_take_over_does_not_work(database: Database) -> None:
    work = Work()
    work.refuse_take_over = Refusal("LOG_ROLLED_BACK", "test")
    stop = threading.Event()
    thread = threading.Thread(target=Leader(database, Duty.TIMERS, work, 0.02).run, args=(stop,))
    thread.start()
    other = Process(database)
    try:
        assert other.work.taken_over.wait(20), "the lock is let go"
        assert work.rounds == 0
    finally:
        stop.set()
        thread.join(30)
        other.end()


def test_after_a_kill_another_process_goes_on_within_seconds(database: Database, database_url: str) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDS, database_url], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None and holder.stdout.readline() == "taken over\n"
        heir = Process(database)
        assert not heir.work.taken_over.wait(2), "one at a time"
        os.kill(holder.pid, signal.SIGKILL)
        killed = time.monotonic()
        assert heir.work.taken_over.wait(20)
        assert time.monotonic() - killed < 5
        heir.end()
    finally:
        holder.kill()
        holder.wait(10)
        if holder.stdout:
            holder.stdout.close()


def test_duties_do_not_stand_in_each_others_way(database: Database) -> None:
    with database.holding(Duty.TIMERS) as timers, database.holding(Duty.INTEGRATOR) as integrator:
        assert timers is not None and integrator is not None
        with database.holding(Duty.TIMERS) as again, database.unit() as unit:
            assert again is None
            assert not LogRows(unit._connection).try_integrator_lock(), "one key, whoever asks for it"
        with integrator.unit() as unit:
            assert unit.log.try_integrator_lock(), "the holder's own transactions pass"


def test_waits_of_the_database_are_bounded(database: Database) -> None:
    with database.reading() as reading:
        shown = {
            name: reading._connection.execute(text(f"SHOW {name}")).scalar_one()
            for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        }
    assert shown == {
        "statement_timeout": "30s",
        "lock_timeout": "10s",
        "idle_in_transaction_session_timeout": "1min",
    }
    with database.unit() as first:
        first.log.lock_head()
        with pytest.raises(Refusal, match="DATABASE_UNAVAILABLE"), database.unit() as second:
            second._connection.execute(text("SET LOCAL lock_timeout = '50ms'"))
            second.log.lock_head()
    with pytest.raises(Refusal, match="DATABASE_UNAVAILABLE"), database.unit() as unit:
        unit._connection.execute(text("SET LOCAL statement_timeout = '50ms'"))
        unit._connection.execute(text("SELECT pg_sleep(5)"))


def _end_connection_of(duty: Duty, database: Database) -> None:
    ended = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = :lock AND granted"
    with database.unit() as unit:
        here = " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        assert unit._connection.execute(text(ended + here), {"lock": int(duty)}).all()


def _until(true: object, seconds: float = 20) -> None:
    assert callable(true)
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)

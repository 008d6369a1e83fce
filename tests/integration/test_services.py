"""The stack's services start and end; its PostgreSQL survives a kill, and is closed to strangers."""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from crypto.refusal import Refusal
from deploy.postgres import SYSTEM_USER, PostgresService, open_way
from deploy.service import PAIR, ProcessMark, Service, free_port, port_free, write_private

pytestmark = pytest.mark.integration


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def open_files(folder: Path) -> list[str]:
    """Names under ``folder`` that group or others may read or write."""
    return [str(path) for path in folder.rglob("*") if not path.is_symlink() and mode(path) & 0o066]


def plain(service: PostgresService) -> str:
    return service.url().replace("+psycopg", "")


@pytest.fixture
def postgres() -> Iterator[PostgresService]:
    with tempfile.TemporaryDirectory(prefix="yidi-test-") as folder:
        service = PostgresService(Path(folder) / "state" / "postgres")
        try:
            yield service
        finally:
            service.stop()


@pytest.fixture
def shared_postgres(postgres_service: object) -> PostgresService:
    """The session's server, for tests that only look. They are about ours."""
    if not isinstance(postgres_service, PostgresService):
        pytest.skip("about the server that the project starts; another one was given by URL")
    return postgres_service


class Sleeper(Service):
    """A server that does nothing, and ends on SIGTERM only if told so."""

    name = "sleeper"
    ready_seconds = 5.0
    stop_steps = ((signal.SIGTERM, 0.2),)
    program = "import time, sys; print('up', flush=True); time.sleep(600)"

    def prepare(self) -> None:
        self.home.mkdir(exist_ok=True)

    def command(self) -> list[str]:
        return [sys.executable, "-c", self.program]

    def ready(self) -> bool:
        return "up" in self.log_file.read_text()


class Stubborn(Sleeper):
    program = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + Sleeper.program


def test_a_service_is_found_again_by_another_object_and_ends(tmp_path: Path) -> None:
    first, second = Sleeper(tmp_path), Sleeper(tmp_path)
    first.start()
    mark = first.running()
    second.start()
    assert mark is not None
    assert second.running() == mark
    second.stop()
    assert first.running() is None
    assert not first.pid_file.exists()
    second.stop()


def test_a_service_that_ignores_the_signal_is_killed(tmp_path: Path) -> None:
    service = Stubborn(tmp_path)
    service.start()
    mark = service.running()
    service.stop()
    assert mark is not None
    assert ProcessMark.of(mark.pid) != mark


def test_a_service_that_ends_at_once_is_refused(tmp_path: Path) -> None:
    service = Sleeper(tmp_path)
    service.program = "raise SystemExit(3)"
    with pytest.raises(Refusal) as caught:
        service.start()
    assert caught.value.code == "SERVICE_NOT_READY"
    assert service.running() is None


def test_a_recycled_process_id_is_not_signalled(tmp_path: Path) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        service = Sleeper(tmp_path)
        write_private(service.pid_file, json.dumps({"pid": stranger.pid, "started": "other/1"}).encode())
        assert service.running() is None
        service.stop()
        service.kill()
        assert stranger.poll() is None
        service.start()
        assert service.running() is not None
        service.stop()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_free_port_has_a_free_partner() -> None:
    port = free_port(pairs=True)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", port + PAIR))
        listener.listen()
        assert port_free(port)
        assert not port_free(port + PAIR)


@pytest.mark.drill
def test_postgres_keeps_what_was_committed_when_it_is_killed(postgres: PostgresService) -> None:
    postgres.start()
    with psycopg.connect(plain(postgres), autocommit=True) as link:
        link.execute("CREATE TABLE kept (number int)")
    for number in range(3):
        with psycopg.connect(plain(postgres)) as link:
            link.execute("INSERT INTO kept VALUES (%s)", [number])
            link.commit()
            postgres.kill()
        assert postgres.running() is None
        assert (postgres.data / "postmaster.pid").exists()
        postgres.start()
    with psycopg.connect(plain(postgres)) as link:
        assert link.execute("SELECT array_agg(number ORDER BY number) FROM kept").fetchone() == ([0, 1, 2],)


def test_postgres_starts_although_its_lock_names_a_living_stranger(postgres: PostgresService) -> None:
    postgres.start()
    postgres.kill()
    lock = postgres.data / "postmaster.pid"
    stranger = subprocess.Popen(
        ["sleep", "600"],
        user=lock.stat().st_uid if os.geteuid() == 0 else None,
        cwd="/",
    )
    try:
        lines = lock.read_text().splitlines()
        lock.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        postgres.start()
        assert postgres.ready()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_postgres_stops_with_clients_connected_and_continues(postgres: PostgresService) -> None:
    postgres.start()
    with psycopg.connect(plain(postgres), autocommit=True) as link:
        link.execute("CREATE TABLE kept (number int)")
        postgres.stop()
        with pytest.raises(psycopg.OperationalError):
            link.execute("SELECT 1")
    assert postgres.running() is None
    url = postgres.url()
    again = PostgresService(postgres.home)
    again.start()
    assert again.url() == url
    with psycopg.connect(plain(again)) as link:
        assert link.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    assert "database system was interrupted" not in again.log_file.read_text()


def test_postgres_settings_are_durable_and_private(shared_postgres: PostgresService) -> None:
    shared_postgres.create_database("another")
    shared_postgres.create_database("another")
    wanted = {
        "fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "wal_level": "replica",
        "listen_addresses": "", "password_encryption": "scram-sha-256", "shared_buffers": "256MB",
        "max_connections": "100", "data_checksums": "on", "server_encoding": "UTF8", "TimeZone": "UTC",
    }  # fmt: skip
    with psycopg.connect(plain(shared_postgres)) as link:
        assert {name: link.execute(f"SHOW {name}").fetchone()[0] for name in wanted} == wanted  # type: ignore[index]
        assert link.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (False,)
    with psycopg.connect(shared_postgres.url("another").replace("+psycopg", "")) as link:
        link.execute("CREATE TABLE mine (number int)")


def test_postgres_lets_nobody_in_without_the_password(shared_postgres: PostgresService) -> None:
    password = (shared_postgres.secret / "yidi.password").read_text()
    for wrong in (
        plain(shared_postgres).replace(password, "guess"),
        plain(shared_postgres).replace(f":{password}", ""),
    ):
        assert wrong != plain(shared_postgres)
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(wrong)
    methods = {
        line.split()[-1]
        for line in (shared_postgres.data / "pg_hba.conf").read_text().splitlines()
        if line and not line.startswith("#")
    }
    assert methods == {"scram-sha-256"}
    mark = shared_postgres.running()
    assert mark is not None
    family = [psutil.Process(mark.pid), *psutil.Process(mark.pid).children(recursive=True)]
    assert [one.net_connections("tcp") for one in family] == [[]] * len(family)
    assert not [one for one in family if password in " ".join(one.cmdline())]


def test_postgres_opens_no_more_than_it_must(postgres: PostgresService) -> None:
    state = postgres.home.parent
    state.mkdir(mode=0o700)
    journal = state / "journal"
    journal.mkdir(mode=0o700)
    postgres.start()
    assert mode(postgres.secret) == 0o700
    assert mode(postgres.data) == 0o700
    assert mode(postgres.socket_directory) == 0o700
    assert mode(journal) == 0o700
    assert open_files(postgres.home) == []
    assert [mode(path) for path in postgres.secret.iterdir()] == [0o600, 0o600]
    assert not list(postgres.home.glob("initdb*"))
    if os.geteuid() == 0:
        assert mode(state) == 0o701
        assert mode(postgres.home) & 0o066 == 0
        mark = postgres.running()
        assert mark is not None
        assert psutil.Process(mark.pid).username() == SYSTEM_USER
        assert postgres.secret.stat().st_uid == 0
        assert postgres.data.stat().st_uid != 0
    else:
        assert mode(state) == 0o700


def test_open_way_adds_the_execute_bit_alone() -> None:
    with tempfile.TemporaryDirectory() as folder:
        inner = Path(folder) / "a" / "b"
        inner.mkdir(parents=True)
        inner.chmod(0o700)
        inner.parent.chmod(0o750)
        open_way(inner / "data")
        assert (mode(Path(folder)), mode(inner.parent), mode(inner)) == (0o701, 0o751, 0o701)


def test_a_long_path_puts_the_socket_into_the_temporary_folder() -> None:
    with tempfile.TemporaryDirectory(prefix="yidi-test-") as folder:
        service = PostgresService(Path(folder) / ("long-" * 20) / "postgres")
        assert service.socket_directory.parent == Path(tempfile.gettempdir())
        try:
            service.start()
            assert mode(service.socket_directory) == 0o700
            with psycopg.connect(plain(service)) as link:
                assert link.execute("SELECT 1").fetchone() == (1,)
        finally:
            service.stop()
            shutil.rmtree(service.socket_directory)
        # Somebody else's folder in that place must not be used: it would catch the password.
        service.socket_directory.mkdir(mode=0o755)
        try:
            with pytest.raises(Refusal) as caught:
                service.start()
            assert caught.value.code == "SOCKET_DIRECTORY_FOREIGN"
        finally:
            service.socket_directory.rmdir()


def test_an_interrupted_setup_is_begun_again(postgres: PostgresService) -> None:
    half = postgres.home / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18")
    postgres.start()
    assert postgres.ready()
    assert not half.exists()

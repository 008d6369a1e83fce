"""The stack's PostgreSQL and SeaweedFS start, end, survive a kill, and are closed to strangers."""

import json
import os
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from crypto.refusal import Refusal
from deploy.postgres import SYSTEM_USER, PostgresService, open_way
from deploy.seaweed import SeaweedService
from deploy.service import PAIR, ProcessMark, Service, free_port, port_free, write_private
from storage.objectstore import content_md5
from storage.objectstore_s3 import S3ObjectStore
from storage.transfer import TransferClient

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
def seaweed(tmp_path: Path) -> Iterator[SeaweedService]:
    service = SeaweedService(tmp_path / "seaweed")
    try:
        yield service
    finally:
        service.kill()
        for port in service.ports.values():
            for left in Path(tempfile.gettempdir()).glob(f"seaweedfs-*-grpc-{port + PAIR}.sock"):
                left.unlink(missing_ok=True)


@pytest.fixture
def shared_postgres(postgres_service: object) -> PostgresService:
    """The session's server, for tests that only look. They are about ours."""
    if not isinstance(postgres_service, PostgresService):
        pytest.skip("about the server that the project starts; another one was given by URL")
    return postgres_service


@pytest.fixture
def shared_seaweed(seaweed_service: object) -> SeaweedService:
    """The session's store, for tests that only look. They are about ours."""
    if not isinstance(seaweed_service, SeaweedService):
        pytest.skip("about the store that the project starts; another one was given by URL")
    return seaweed_service


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


def store(service: SeaweedService, bucket: str, identity: str = "hub") -> S3ObjectStore:
    return S3ObjectStore(service.endpoint(), bucket, *service.credentials(identity))


@pytest.mark.drill
def test_seaweed_keeps_objects_keys_and_ports_when_it_is_killed(seaweed: SeaweedService) -> None:
    seaweed.start()
    before = (seaweed.endpoint(), seaweed.credentials(), seaweed.command())
    objects = store(seaweed, "papers")
    objects.ensure_bucket()
    made = objects.put("page", b"sealed")
    upload_id = objects.create_multipart("long")
    part = b"part"
    signed = objects.presign_part("long", upload_id, 1, len(part), content_md5(part), 600)
    url = objects.presign_get("page", made.version_id, 600)
    TransferClient().put_part(signed, part)
    seaweed.kill()
    assert seaweed.running() is None

    again = SeaweedService(seaweed.home)
    again.start()
    assert (again.endpoint(), again.credentials(), again.command()) == before
    assert objects.get("page", made.version_id) == b"sealed"
    assert TransferClient().get_range(url, 0, 6) == b"sealed"
    parts = objects.list_parts("long", upload_id)
    whole = objects.complete_multipart("long", upload_id, parts)
    assert objects.get("long", whole.version_id) == part


def test_seaweed_stops_in_order_and_continues(seaweed: SeaweedService) -> None:
    seaweed.start()
    objects = store(seaweed, "papers")
    objects.ensure_bucket()
    made = objects.put("page", b"sealed")
    seaweed.stop()
    assert seaweed.running() is None
    assert all(port_free(port) for port in seaweed.ports.values())
    seaweed.start()
    assert objects.get("page", made.version_id) == b"sealed"


def test_seaweed_is_hardened(shared_seaweed: SeaweedService) -> None:
    # Volume files get a mode of their own making; nobody else comes as far as that.
    assert [mode(shared_seaweed.home / folder) for folder in (".", "data", "tmp")] == [0o700] * 3
    files = [path for path in shared_seaweed.home.iterdir() if path.is_file()]
    assert {mode(path) for path in files} == {0o600}
    assert {"s3.json", "security.toml", "sse.key"} <= {path.name for path in files}
    mark = shared_seaweed.running()
    assert mark is not None
    process = psutil.Process(mark.pid)
    assert {one.laddr.ip for one in process.net_connections("tcp")} == {"127.0.0.1"}
    shown = " ".join(process.cmdline())
    assert "-master.telemetry=false" in shown
    assert not [secret for secret in shared_seaweed.credentials() if secret in shown]
    # The filer's configuration, asked from the filer itself.
    told = subprocess.run(
        [process.exe(), "shell", f"-master=127.0.0.1:{shared_seaweed.ports['master']}"],
        input="fs.configure\n",
        cwd=shared_seaweed.home,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    ).stdout
    places = {place["locationPrefix"]: place["fsync"] for place in json.loads(told)["locations"]}
    assert places == {"/buckets/": True}
    for server, path in (("filer", "/buckets/"), ("filer", "/"), ("s3", "/"), ("s3", "/papers/page")):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"http://127.0.0.1:{shared_seaweed.ports[server]}{path}")
        assert caught.value.code in (401, 403)


def test_a_port_that_another_program_took_is_named(seaweed: SeaweedService) -> None:
    seaweed.prepare()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", seaweed.ports["filer"] + PAIR))
        listener.listen()
        with pytest.raises(Refusal) as caught:
            seaweed.start()
    assert caught.value.code == "SERVICE_PORT_TAKEN"
    assert caught.value.values["port"] == str(seaweed.ports["filer"] + PAIR)


def test_no_bucket_comes_into_being_by_a_put(objectstore: S3ObjectStore) -> None:
    client = objectstore._client
    with pytest.raises(client.exceptions.NoSuchBucket):
        client.put_object(Bucket=f"{objectstore.bucket}-absent", Key="page", Body=b"x")


def test_unsigned_and_wrongly_signed_requests_are_refused(objectstore: S3ObjectStore) -> None:
    made = objectstore.put("secret", b"sealed")
    bare = objectstore.presign_get("secret", made.version_id, 600).partition("?")[0]
    for url in (bare, f"{bare}?versionId={made.version_id}", f"{bare}?uploads"):
        for method in ("GET", "PUT", "DELETE", "HEAD"):
            request = urllib.request.Request(url, data=b"x" if method == "PUT" else None, method=method)
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(request)
            assert caught.value.code == 403
    endpoint = bare.partition(f"/{objectstore.bucket}")[0]
    access_key = str(objectstore._client._request_signer._credentials.access_key)  # type: ignore[attr-defined]
    for key, secret in ((access_key, "guess"), ("GUESS", "guess")):
        with pytest.raises(Refusal) as refused:
            S3ObjectStore(endpoint, objectstore.bucket, key, secret).put("secret", b"forged")
        assert refused.value.code == "STORE_DENIED"
    assert objectstore.get("secret") == b"sealed"


def test_the_scrubber_reads_and_does_nothing_else(shared_seaweed: SeaweedService) -> None:
    hub, scrubber = store(shared_seaweed, "papers"), store(shared_seaweed, "papers", "scrubber")
    hub.ensure_bucket()
    made = hub.put("page", b"sealed")
    assert scrubber.get("page", made.version_id) == b"sealed"
    for action in (
        lambda: scrubber.put("page", b"forged"),
        lambda: scrubber.delete("page", made.version_id),
        lambda: scrubber.create_multipart("page"),
        lambda: store(shared_seaweed, "other", "scrubber").ensure_bucket(),
    ):
        with pytest.raises(Refusal) as caught:
            action()
        assert caught.value.code == "STORE_DENIED"
    assert hub.head("page") == made


def test_overwriting_by_a_valid_presigned_url_leaves_the_pinned_version(objectstore: S3ObjectStore) -> None:
    key = f"pinned/{secrets.token_hex(8)}"
    data = secrets.token_bytes(5000)
    upload_id = objectstore.create_multipart(key)
    signed = objectstore.presign_part(key, upload_id, 1, len(data), content_md5(data), 600)
    client = TransferClient()
    client.put_part(signed, data)
    pinned = objectstore.complete_multipart(key, upload_id, objectstore.list_parts(key, upload_id))

    # The part's own URL is still valid, but its upload is over.
    with pytest.raises(Refusal) as caught:
        client.put_part(signed, data)
    assert caught.value.code == "OBJECT_MISSING"
    # A URL for a whole object, as a careless hub might have signed it.
    loose = objectstore._client.generate_presigned_url(
        "put_object", Params={"Bucket": objectstore.bucket, "Key": key}, ExpiresIn=600
    )
    request = urllib.request.Request(loose, data=b"forged", method="PUT")
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200

    assert objectstore.get(key) == b"forged"
    assert objectstore.head(key, pinned.version_id) == pinned
    assert objectstore.get(key, pinned.version_id) == data
    url = objectstore.presign_get(key, pinned.version_id, 600)
    assert b"".join(client.stream(url)) == data
    assert client.get_range(url, 100, 50) == data[100:150]


def test_a_store_that_is_away_is_unavailable() -> None:
    port = free_port()
    objects = S3ObjectStore(f"http://127.0.0.1:{port}", "papers", "key", "secret")
    with pytest.raises(Refusal) as caught:
        objects.head("page")
    assert caught.value.code == "STORE_UNAVAILABLE"
    with pytest.raises(Refusal) as caught:
        TransferClient(attempts=2, longest_pause_s=0.01).get_range(f"http://127.0.0.1:{port}/papers/page", 0, 1)
    assert caught.value.code == "STORE_UNAVAILABLE"

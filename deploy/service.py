"""One server process of the one-machine stack: started, found again, stopped.

Invariants:
- a process is known by process id **and** start time (clock ticks since boot, with the boot's id), so a
  recycled process id is never signalled;
- a server outlives the command that started it: own session, output in a log file, standard input closed;
- ``start`` and ``stop`` of one home never overlap, whoever calls them (file lock), and may be repeated;
- every wait has a bound, in seconds.
"""

import contextlib
import fcntl
import json
import os
import random
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from crypto.refusal import Refusal
from storage.files import sync_directory as sync_directory
from storage.files import write_private as write_private

RULE = "design: one-machine stack"
PAIR = 10_000
LOG_LIMIT = 16 * 1024 * 1024
# Below the range that Linux hands out to clients (32768 and up), also for the partner PAIR above.
PORTS = range(12_000, 22_000)


@dataclass(frozen=True)
class ProcessMark:
    """What tells one process from a later one with the same id."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> "ProcessMark | None":
        """The mark of a living process; None when there is none or it is only waiting to be reaped."""
        try:
            text = Path(f"/proc/{pid}/stat").read_text()
            threads = len(os.listdir(f"/proc/{pid}/task"))
            boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        except (FileNotFoundError, ProcessLookupError):
            return None
        # The command name (in parentheses) may hold spaces, so fields are counted after it (proc(5): field 3
        # is the state, 22 the start).
        fields = text.rpartition(")")[2].split()
        # A first thread that has ended while others still end holds its ports and files yet: not gone.
        gone = fields[0] in "ZX" and threads <= 1
        return None if gone else cls(pid, f"{boot}/{fields[19]}")


class Service(ABC):
    """A server with its state in ``home``.

    ``stop_steps``: signals with the seconds granted to each, then SIGKILL.
    """

    name: str
    ready_seconds: float
    poll_seconds = 0.02
    stop_steps: tuple[tuple[signal.Signals, float], ...]

    def __init__(self, home: Path) -> None:
        self.home = home.absolute()
        self.pid_file = self.home / f"{self.name}.pid"
        self.log_file = self.home / f"{self.name}.log"
        self._child: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def prepare(self) -> None:
        """Make what the server needs before its first start. Idempotent."""

    @abstractmethod
    def command(self) -> list[str]:
        """Program and arguments; no secret among them."""

    @abstractmethod
    def ready(self) -> bool:
        """Whether the server answers."""

    @property
    def environment(self) -> Mapping[str, str]:
        """The whole environment of the server."""
        return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC"}

    @property
    def account(self) -> tuple[int, int] | None:
        """User and group id that the server runs under; None: those of the caller."""
        return None

    @property
    def directory(self) -> Path:
        """Working directory of the server."""
        return self.home

    def before_spawn(self) -> None:
        """Clear what a killed predecessor left. Nothing by default."""
        return

    def after_ready(self) -> None:
        """First-time set-up that needs the running server. Nothing by default."""
        return

    def start(self) -> None:
        """Bring the server up and return when it answers; nothing to do when it runs.

        Refusal SERVICE_NOT_READY when it ends early or does not answer within ``ready_seconds``.
        """
        self.prepare()
        with self._alone():
            if self.running() is None:
                self.before_spawn()
                self._spawn()
            wait_ready(lambda: self.running() is None or self.ready(), self.ready_seconds, self.poll_seconds)
            if self.running() is None or not self.ready():
                self._end()
                raise Refusal("SERVICE_NOT_READY", RULE, service=self.name, log=self.log_file)
            self.after_ready()

    def stop(self) -> None:
        """Orderly end within the bounds of ``stop_steps``; nothing to do when it does not run."""
        if self.home.is_dir():
            with self._alone():
                self._end()

    def kill(self) -> None:
        """SIGKILL to the server alone, as a crash would do. For drills, and for state that is thrown away."""
        mark = self.running()
        if mark is not None:
            _signal(mark, signal.SIGKILL)
            wait_ready(lambda: self.running() is None, 10)

    def running(self) -> ProcessMark | None:
        """The process that the pid file names, if it is still that process."""
        if self._child is not None:
            self._child.poll()
        try:
            noted = json.loads(self.pid_file.read_text())
            mark = ProcessMark(int(noted["pid"]), str(noted["started"]))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
        return mark if ProcessMark.of(mark.pid) == mark else None

    def _spawn(self) -> None:
        account = self.account
        if self.log_file.exists() and self.log_file.stat().st_size > LOG_LIMIT:
            self.log_file.replace(self.log_file.with_suffix(".log.1"))
        log = os.open(self.log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        try:
            self._child = subprocess.Popen(
                self.command(),
                cwd=self.directory,
                env=dict(self.environment),
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                umask=0o077,
                user=account[0] if account else None,
                group=account[1] if account else None,
                extra_groups=[] if account else None,
            )
        finally:
            os.close(log)
        mark = ProcessMark.of(self._child.pid)
        if mark is None:
            raise Refusal("SERVICE_NOT_READY", RULE, service=self.name, log=self.log_file)
        write_private(self.pid_file, json.dumps({"pid": mark.pid, "started": mark.started}).encode())

    def _end(self) -> None:
        mark = self.running()
        if mark is not None:
            terminate(mark, self.stop_steps, lambda: self.running() is None)
        self.pid_file.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        handle = os.open(self.home / f"{self.name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def wait_ready(check: Callable[[], bool], seconds: float, pause: float = 0.02) -> bool:
    """Ask ``check`` until it is true; False when ``seconds`` have passed."""
    end = time.monotonic() + seconds
    while not check():
        if time.monotonic() >= end:
            return False
        time.sleep(pause)
    return True


def terminate(mark: ProcessMark, steps: tuple[tuple[signal.Signals, float], ...], gone: Callable[[], bool]) -> None:
    """Send each signal and wait its seconds; at last SIGKILL to the process and all that share its group."""
    for number, seconds in steps:
        _signal(mark, number)
        if wait_ready(gone, seconds):
            return
    if ProcessMark.of(mark.pid) == mark:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(mark.pid, signal.SIGKILL)
    wait_ready(gone, 10)


def _signal(mark: ProcessMark, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        descriptor = os.pidfd_open(mark.pid)
        try:
            # The descriptor holds on to this very process: compared after opening, nothing slips between.
            if ProcessMark.of(mark.pid) == mark:
                signal.pidfd_send_signal(descriptor, number)
        finally:
            os.close(descriptor)


def free_port(pairs: bool = False, taken: frozenset[int] = frozenset()) -> int:
    """A loopback TCP port that nobody listens on, not in ``taken``; with ``pairs`` P + 10000 as well.

    Refusal NO_FREE_PORT after 500 tries.
    """
    for _ in range(500):
        port = random.choice(PORTS)
        wanted = {port, port + PAIR} if pairs else {port}
        if not wanted & taken and all(port_free(one) for one in wanted):
            return port
    raise Refusal("NO_FREE_PORT", RULE, first=PORTS.start, last=PORTS.stop - 1)


def port_free(port: int) -> bool:
    """Whether the loopback port can be listened on now.

    A port in TIME_WAIT counts as free, as for servers.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def secret_file(path: Path, make: Callable[[], str]) -> str:
    """The text in ``path``; made once and kept with mode 0600."""
    if not path.exists():
        write_private(path, make().encode())
    return path.read_text()

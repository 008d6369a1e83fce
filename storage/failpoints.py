"""Places where a write can be made to fail on purpose, before and after it persisted.

Invariants:
- every place has a name in ``POINTS``; a name that is not there is an error at import or at the first use;
- off is the normal state: then a place costs one look at a module variable and does nothing;
- a place fails with the kind of error that the real thing raises there, or with kill -9 of this very process;
- each place that is passed while drilling is counted, so a drill can say which one was never reached;
- a process drills only when it was started with ``YIDI_FAILPOINTS`` naming a file that belongs to its own user and that
  nobody else can write; it says so in its log. Anything else about that file ends the process at the start.

Use: ``with failpoints.write("sequencer.commit"): unit.commit()``, or as a decorator of a method that is one write.
"""

import errno
import functools
import json
import logging
import os
import signal
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, ParamSpec, TypeVar

from crypto.refusal import Refusal
from storage.objectstore import TransientFailure

VARIABLE: Final = "YIDI_FAILPOINTS"
DATABASE, STORE, TRANSFER, SQLITE, DISK, KEPT = "database", "store", "transfer", "sqlite", "disk", "kept"
POINTS: Final[dict[str, str]] = {
    # the narrow place (hub): rows of one transaction, then its commit
    "sequencer.leaves": DATABASE,
    "sequencer.inbox": DATABASE,
    "sequencer.head": DATABASE,
    "sequencer.documents": DATABASE,
    "sequencer.packets": DATABASE,
    "sequencer.check_codes": DATABASE,
    "sequencer.serial": DATABASE,
    "sequencer.cases_new": DATABASE,
    "sequencer.cases_moved": DATABASE,
    "sequencer.commit": DATABASE,
    # tiles and checkpoint (hub)
    "integrator.tile": STORE,
    "integrator.checkpoint": DATABASE,
    "integrator.commit": DATABASE,
    "integrator.copy": STORE,
    "integrator.cosignature": DATABASE,
    # objects (hub)
    "objects.begin": STORE,
    "objects.upload_row": DATABASE,
    "objects.begin_commit": DATABASE,
    "objects.complete": STORE,
    "objects.pin": DATABASE,
    "objects.end": DATABASE,
    "objects.pin_commit": DATABASE,
    # the agent's journal: each kind of transaction as a whole, and the commit of every one
    "journal.commit": SQLITE,
    "journal.queue": KEPT,
    "journal.answered": KEPT,
    "journal.uploaded": KEPT,
    "journal.receive": KEPT,
    "journal.registry": KEPT,
    "journal.draft": KEPT,
    "journal.number": KEPT,
    "journal.note": KEPT,
    "receiver.cursor": KEPT,
    # the agent's files and its way to the store
    "draft.page": DISK,
    "spool.file": DISK,
    "pull.file": DISK,
    "upload.part": TRANSFER,
}
BEFORE, AFTER = "before", "after"
ERROR, KILL = "error", "kill"
log = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")
_NOTHING: Final = nullcontext()


@dataclass(frozen=True)
class Order:
    """Fail at ``point``, ``when`` (before or after the write persisted), by ``action`` (error or kill), ``times``.

    ``skip``: so many passes go well first.
    """

    point: str
    when: str
    action: str
    times: int = 1
    skip: int = 0

    def __post_init__(self) -> None:
        """ValueError for what is not known."""
        if self.point not in POINTS or self.when not in (BEFORE, AFTER) or self.action not in (ERROR, KILL):
            raise ValueError(f"no such failpoint: {self}")


@dataclass
class _Drill:
    """State of a process that drills. ``file``: orders are read from it anew whenever it changes."""

    file: Path | None = None
    orders: list[Order] = field(default_factory=list)
    passed: Counter[str] = field(default_factory=Counter)
    fired: list[Order] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)
    seen: tuple[int, int] = (0, 0)
    counts: dict[Order, int] = field(default_factory=dict)

    def step(self, point: str, when: str) -> None:
        """Count the pass, and fail if it was ordered."""
        with self.lock:
            self._look()
            if when == BEFORE:
                self.passed[point] += 1
                if self.passed[point] == 1:
                    self._note({"passed": point})
            order = next((one for one in self.orders if (one.point, one.when) == (point, when)), None)
            if order is None:
                return
            self.counts[order] = self.counts.get(order, 0) + 1
            if not order.skip < self.counts[order] <= order.skip + order.times:
                return
            self.fired.append(order)
            self._note({"fired": point, "when": when, "action": order.action})
        if order.action == KILL:
            os.kill(os.getpid(), signal.SIGKILL)
        raise _error(POINTS[point])

    def _look(self) -> None:
        if self.file is None:
            return
        found = self.file.stat()
        mark = (found.st_mtime_ns, found.st_ino)
        if mark != self.seen:
            self.seen = mark
            self.orders = [Order(**one) for one in json.loads(self.file.read_bytes())]
            self.counts = {}

    def _note(self, said: dict[str, str]) -> None:
        """One line for the drill, on disk before anything happens."""
        if self.file is None:
            return
        line = json.dumps({**said, "pid": os.getpid()}) + "\n"
        handle = os.open(self.file.with_suffix(".passed"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, line.encode())
        finally:
            os.close(handle)


class _Write(AbstractContextManager[None]):
    """One pass over a place."""

    def __init__(self, drill: _Drill, point: str) -> None:
        self._drill = drill
        self._point = point

    def __enter__(self) -> None:
        self._drill.step(self._point, BEFORE)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._drill.step(self._point, AFTER)


_drill: _Drill | None = None


def write(point: str) -> AbstractContextManager[None]:
    """The scope of one write. KeyError for an unknown name while drilling."""
    if _drill is None:
        return _NOTHING
    POINTS[point]
    return _Write(_drill, point)


def is_write(point: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """The decorated call is one write. KeyError for an unknown name, at import."""
    POINTS[point]

    def decorate(call: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(call)
        def scoped(*args: P.args, **kwargs: P.kwargs) -> T:
            if _drill is None:
                return call(*args, **kwargs)
            with _Write(_drill, point):
                return call(*args, **kwargs)

        return scoped

    return decorate


# --- drills ------------------------------------------------------------------------------------------------------


def drill(*orders: Order) -> None:
    """Begin to drill in this process with these orders; counts begin anew."""
    global _drill
    _drill = _Drill(orders=list(orders))


def end() -> None:
    """Back to normal."""
    global _drill
    _drill = None


def passed() -> Counter[str]:
    """How often each place was passed since ``drill``."""
    return Counter(_drill.passed) if _drill else Counter()


def fired() -> list[Order]:
    """Orders that were carried out since ``drill``, in order."""
    return list(_drill.fired) if _drill else []


def write_orders(file: Path, *orders: Order) -> None:
    """Give orders to the processes that were started with ``file``; they count from the next write on."""
    draft = file.with_suffix(".new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as out:
        json.dump([vars(order) for order in orders], out)
    draft.replace(file)


def _from_environment() -> None:
    """Drill if this process was started for it. SystemExit when the file is not ours alone."""
    global _drill
    named = os.environ.get(VARIABLE)
    if not named:
        return
    file = Path(named)
    try:
        found = file.stat()
    except OSError as error:
        raise SystemExit(f"{VARIABLE}: {error.strerror}") from error
    if found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise SystemExit(f"{VARIABLE}: the file must belong to this user alone (mode 0600)")
    log.warning("this process drills: it fails on purpose as %s orders", VARIABLE)
    _drill = _Drill(file=file)


def _error(kind: str) -> Exception:
    """What the real thing raises at such a place."""
    if kind == DATABASE:
        from sqlalchemy.exc import OperationalError  # here, not above: agents have no database server

        return OperationalError("failpoint", None, Exception("server closed the connection unexpectedly"))
    if kind == STORE:
        return Refusal("STORE_UNAVAILABLE", "design: object store", answer="failpoint")
    if kind == TRANSFER:
        return TransientFailure("failpoint")
    if kind == SQLITE:
        return sqlite3.OperationalError("database or disk is full")
    if kind == KEPT:
        return Refusal("JOURNAL_UNWRITABLE", "promise 6", problem="failpoint")
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


_from_environment()

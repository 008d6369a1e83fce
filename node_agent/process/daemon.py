"""The running agent: one process, one folder, loops by the roles of its key record.

Invariants:
- one daemon a folder, kept by a lock that ends with the process; commands work beside it through the journal;
- a loop that breaks is logged and started again with growing pauses; the others go on;
- the end comes within five seconds of SIGTERM or SIGINT; nothing is lost then, for what counts is in the journal;
- log lines are one JSON object each and hold codes, types and places in the code: never the text of an error that is
  not ours, since it might repeat personal data;
- ``agent.ready`` holds the process id and stands from the hub's first answer to this process's end.
"""

import fcntl
import json
import logging
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from crypto import canonical, identity
from crypto.records import KeyRecord
from crypto.refusal import Refusal
from hub.casework.masking.text import mask_line
from node_agent.auditor.monitor import Monitor
from node_agent.auditor.witness import Witness
from node_agent.client.calls import NO_ANSWER
from node_agent.imaging.reading.keeper import Keeper
from node_agent.imaging.reading.queue import QUEUE, PageQueue
from node_agent.keys import enrol
from node_agent.keys.new_keys import TLS_WANTED
from node_agent.keys.rotation import Rotation
from node_agent.known.snapshot import fetch_snapshot
from node_agent.process.runtime import Agent, open_agent
from node_agent.process.settings import AgentSettings
from node_agent.transfer.receiver import Receiver
from node_agent.transfer.sender import Sender

if TYPE_CHECKING:
    from node_agent.gateway.carrier import HttpCarrier

READY, LOCK = "agent.ready", "agent.lock"
REFRESH_SECONDS = 15.0
RENEWAL_SECONDS = 3600.0
SNAPSHOT_SECONDS = 1800.0
ROTATION_SECONDS = 1.0
SNAPSHOT_LATER = NO_ANSWER | {"NOT_INTEGRATED", "NOT_PUBLISHED"}
FIRST_PAUSE, LONGEST_PAUSE, STEADY_SECONDS = 0.5, 30.0, 60.0
PATIENCE, END_SECONDS = 2.0, 4.0
RULE = "promise 6; architecture: one agent program, roles by certificate"
log = logging.getLogger(__name__)


class Loop(Protocol):
    """Work of one role: returns when ``stop`` is set; may raise anything, it is started again."""

    def run(self, stop: threading.Event) -> None: ...


Make = Callable[[], Loop]


@dataclass
class Signals:
    """``stop``: the loops of this connection end; for good after ``end``, else to connect anew.

    Each connection has an event of its own: a loop that outlives its connection sees it set for ever.
    """

    stop: threading.Event = field(default_factory=threading.Event)
    ended: bool = False

    def end(self) -> None:
        """End for good."""
        self.ended = True
        self.stop.set()

    def connect_anew(self) -> bool:
        """Whether the loops are to be started again; if so, ``stop`` is another event, open."""
        self.stop = threading.Event()
        if self.ended:  # looked at after the change: a signal in between is not lost
            self.stop.set()
        return not self.ended


@dataclass
class RegistryLoop:
    """Keeps the agent's own replay of the registry up to date and says when the hub first answered."""

    agent: Agent
    seconds: float = REFRESH_SECONDS

    def run(self, stop: threading.Event) -> None:
        """Refresh until ``stop`` is set. Refusals of ``AgentRegistry.refresh`` other than an absent hub."""
        while not stop.is_set():
            try:
                self.agent.registry.refresh(self.agent.hub)
                write_ready(self.agent.settings.home)
            except Refusal as refusal:
                if refusal.code not in NO_ANSWER:
                    raise
            stop.wait(self.seconds)


@dataclass
class SnapshotLoop:
    """Keeps the directory snapshot fresh, so that a window can go on without network at any moment (promise 6), and a
    coordinator sees the queues of now."""

    agent: Agent

    def run(self, stop: threading.Event) -> None:
        """Fetch every half hour until ``stop`` is set. Refusals of ``fetch_snapshot`` other than a hub not ready."""
        while not stop.is_set():
            try:
                fetch_snapshot(self.agent)
                stop.wait(SNAPSHOT_SECONDS)
            except Refusal as refusal:
                if refusal.code not in SNAPSHOT_LATER:
                    raise
                stop.wait(FIRST_PAUSE)


@dataclass
class RenewalLoop:
    """Asks for a new certificate when a third of its life is left, then lets the agent connect anew."""

    agent: Agent

    def run(self, stop: threading.Event) -> None:
        """Look every hour until ``stop`` is set, which a new certificate does. Refusals of ``enrol.renew``."""
        settings = self.agent.settings
        while not stop.is_set():
            if settings.enrolment and enrol.renewal_is_due(settings.home):
                mine = self.agent.registry.directory.current(settings.node)
                name = settings.hub_name or identity.dns_name(settings.hub_node)
                enrol.renew(settings.home, settings.hub, settings.enrolment, mine, hub_name=name)
                log.info("certificate renewed")
                stop.set()
            stop.wait(RENEWAL_SECONDS)


@dataclass
class RotationLoop:
    """Drives a planned change of this node's keys, wraps again what others' changes left unreadable."""

    agent: Agent

    def run(self, stop: threading.Event) -> None:
        """Rounds until ``stop`` is set, which new keys in place do. Refusals other than an absent hub."""
        rotation = Rotation(self.agent)
        while not stop.is_set():
            try:
                if rotation.step():
                    self._new_certificate()
                    stop.set()
                    return
            except Refusal as refusal:
                if refusal.code not in SNAPSHOT_LATER:
                    raise
            stop.wait(ROTATION_SECONDS)

    def _new_certificate(self) -> None:
        settings = self.agent.settings
        if settings.enrolment:
            mine = self.agent.registry.directory.current(settings.node)
            name = settings.hub_name or identity.dns_name(settings.hub_node)
            try:
                enrol.renew(settings.home, settings.hub, settings.enrolment, mine, hub_name=name)
            except Refusal as refusal:  # the registrar is away: cases come first, ``tls`` is renewed at its time
                log.warning("the certificate was not renewed with the other keys: %s", refusal.code)
        self.agent.journal.keep(TLS_WANTED, b"")
        log.info("new keys in place")


def loops_for(agent: Agent, record: KeyRecord) -> dict[str, Make]:
    """What a node with this record has to run, by name."""
    loops: dict[str, Make] = {
        "registry": lambda: RegistryLoop(agent),
        "renewal": lambda: RenewalLoop(agent),
        "rotation": lambda: RotationLoop(agent),
        "sender": lambda: Sender(agent),
        "receiver": lambda: Receiver(agent),
        "monitor": lambda: Monitor(agent),
    }
    if record.roles & {"window", "portal", "coordinator"}:
        loops["snapshot"] = lambda: SnapshotLoop(agent)
    if record.roles & {"window", "portal"}:
        loops["reading"] = lambda: Keeper(PageQueue(agent.settings.home / QUEUE))
    if "witness" in record.keys:
        loops["witness"] = lambda: Witness(agent)
    if "portal" in record.roles and (folder := agent.settings.portal_folder):
        from node_agent.portal.folder import PortalFolder  # here: it asks other bodies, over HTTP

        loops["portal"] = lambda: PortalFolder(agent, folder)
    if "window" in record.roles and (notices := agent.settings.notice_folder):
        from node_agent.window.handing import NoticeLoop  # here: no other node tells applicants
        from node_agent.window.outward import FileAdapter

        loops["notices"] = lambda: NoticeLoop(agent, FileAdapter(notices))
    if "gateway" in record.roles:
        from node_agent.gateway.booking import Gateway  # here, not above: no other node speaks HTTP to the outside

        loops["gateway"] = lambda: Gateway(agent, carrier_of(agent.settings))
    return loops


def carrier_of(settings: AgentSettings) -> "HttpCarrier":
    """The carrier that the settings name. Refusals SETTING_MISSING, CARRIER_INSECURE_URL."""
    from node_agent.gateway.carrier import HttpCarrier

    if not settings.carrier_url or settings.carrier_key_file is None:
        raise Refusal("SETTING_MISSING", "A08", setting="carrier_url, carrier_key_file")
    try:
        key = settings.carrier_key_file.read_text("ascii").strip()
    except OSError as error:
        raise Refusal("SETTING_MISSING", "A08", setting="carrier_key_file", problem=error.strerror or "") from error
    return HttpCarrier(settings.carrier_url, key)


def supervise(name: str, make: Make, stop: threading.Event, first_pause: float = FIRST_PAUSE) -> None:
    """Run a loop until ``stop`` is set; after a break wait, twice as long each time, and start it again."""
    pause = first_pause
    while not stop.is_set():
        began = time.monotonic()
        try:
            make().run(stop)
            if stop.is_set():
                return
            log.error("loop %s ended by itself", name)
        except Exception:
            if stop.is_set():
                return  # its connection was closed under it
            log.exception("loop %s broke", name)
        if time.monotonic() - began > STEADY_SECONDS:
            pause = first_pause
        stop.wait(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


def run_loops(agent: Agent, loops: Mapping[str, Make], stop: threading.Event) -> None:
    """Run all loops until ``stop`` is set; returns within ``END_SECONDS`` after it, and closes the agent."""
    threads = [
        threading.Thread(target=supervise, args=(name, make, stop), name=name, daemon=True)
        for name, make in loops.items()
    ]
    for thread in threads:
        thread.start()
    stop.wait()
    began = time.monotonic()
    _join(threads, began + PATIENCE)
    agent.hub.close()  # ends streams and calls under way; every one of them may be repeated
    _join(threads, began + END_SECONDS)
    if any(thread.is_alive() for thread in threads):
        names = ",".join(thread.name for thread in threads if thread.is_alive())
        log.warning("loops still at work at the end: %s", names)
    else:
        agent.journal.close()


def serve(home: Path, signals: Signals) -> None:
    """Run the agent in ``home`` until ``signals.stop`` is set. Refusal AGENT_RUNNING when it runs already."""
    enrol.finish_renewal(home)
    with only_one(home):
        agent = open_agent(home)
        try:
            stop = signals.stop
            record = await_record(agent, stop)
            if record is not None:
                log.info("roles %s", ",".join(sorted(record.roles)))
                run_loops(agent, loops_for(agent, record), stop)
        finally:
            agent.hub.close()
            remove_ready(home)


def await_record(agent: Agent, stop: threading.Event) -> KeyRecord | None:
    """This node's key record, from the journal or, at the first start, from the hub; None when stopped before."""
    pause = FIRST_PAUSE
    while not stop.is_set():
        try:
            return agent.registry.directory.current(agent.identity.node)
        except Refusal as unknown:
            log.info("no key record yet: %s", unknown.code)
        try:
            agent.registry.refresh(agent.hub)
            agent.registry.directory.current(agent.identity.node)
        except Refusal as refusal:
            log.warning("registry waits: %s", refusal.code)
            stop.wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
    return None


def main(home: Path) -> int:
    """Serve until SIGTERM or SIGINT; exit code 0, or 1 when a rule says no."""
    set_up_logging()
    signals = Signals()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: signals.end())
    try:
        serve(home, signals)
        while signals.connect_anew():
            serve(home, signals)
    except Refusal as refusal:
        log.error("agent does not run: %s", refusal)
        return 1
    return 0


# --- files -------------------------------------------------------------------------------------------------------


@contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Hold the folder's lock. Refusal AGENT_RUNNING."""
    with open(home / LOCK, "w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Refusal("AGENT_RUNNING", RULE) from error
        remove_ready(home, anybodys=True)  # a leftover: nobody else can run here
        yield


def write_ready(home: Path) -> None:
    """Say that the hub answered: the process id, whole or absent."""
    if _ready_pid(home) == os.getpid():
        return
    draft = home / f"{READY}.{os.getpid()}"
    draft.write_text(f"{os.getpid()}\n")
    draft.replace(home / READY)


def remove_ready(home: Path, *, anybodys: bool = False) -> None:
    """Take the word back, if it is this process's own."""
    if anybodys or _ready_pid(home) == os.getpid():
        (home / READY).unlink(missing_ok=True)


def _ready_pid(home: Path) -> int | None:
    with suppress(FileNotFoundError, ValueError):
        return int((home / READY).read_text())
    return None


def _join(threads: list[threading.Thread], until: float) -> None:
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))


# --- log lines ---------------------------------------------------------------------------------------------------


class OneLine(logging.Formatter):
    """One JSON object a line, its words masked (H01).

    Of an exception: type, code if it is a Refusal, and where in the code.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line: dict[str, object] = {
            "at": canonical.time_text(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname,
            "where": record.name,
            "thread": record.threadName,
            "message": mask_line(record.getMessage()),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line |= described(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False)


def described(error: BaseException) -> dict[str, object]:
    """An exception without its text: it may hold what somebody typed."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    where = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames]
    code = {"code": error.code} if isinstance(error, Refusal) else {}
    return {"error": type(error).__name__, "at_code": where, **code}


def set_up_logging() -> None:
    """Log lines to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)

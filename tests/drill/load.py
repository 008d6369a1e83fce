"""Work that goes on while processes are killed: clerks, a department, callers of the hub, uploads to the store.

Invariants:
- whatever is not answered is asked again with the same bytes until it is; what is answered goes into the ledger;
- ``under_way`` names the call that is not answered yet; a kill is aimed at a moment when there is one.
"""

import itertools
import logging
import random
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from crypto.manifest import LineFacts
from crypto.refusal import Refusal
from crypto.statement import Envelope
from deploy.stack.layout import DEPARTMENT, WINDOW
from node_agent import acts
from node_agent.client.hub import HubClient, Outgoing
from node_agent.process.runtime import Agent, open_agent
from node_agent.transfer import pulling
from node_agent.transfer.receipts import verify_receipt
from node_agent.transfer.sealer import LineInput, PageInput, seal_bundle
from storage.transfer import TransferClient
from tests.drill.ledger import JournalReader, Ledger
from tests.drill.town import ITEM, DrillTown, until

log = logging.getLogger(__name__)
REFUSED_FOR_NOW = frozenset(
    {
        *("HUB_UNAVAILABLE", "HUB_BUSY", "HUB_SLOW", "HUB_STOPPING", "DATABASE_UNAVAILABLE", "STORE_UNAVAILABLE"),
        *("INTERNAL", "JOURNAL_UNWRITABLE"),
    }
)
SHORT_PAUSE_S, LONGEST_PAUSE_S = 0.05, 0.5
ASK_EVERY_S = 1.0
SMALL, LARGE, LARGE_EVERY = 300_000, 8_600_000, 6  # bytes; the large ones have two parts and go by multipart


class Worker:
    """A thread that does ``turn`` until it is stopped, and then what is left to do. ``broken``: what it cannot bear."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.under_way: int | None = None
        self.interrupted = 0
        self.broken: BaseException | None = None
        self._calls = itertools.count(1)
        self._stop = threading.Event()
        self._thread = threading.Thread()

    def start(self) -> None:
        """Begin, or begin again."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, name=type(self).__name__, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End when what was begun is done."""
        self._stop.set()
        self._thread.join(120)
        assert not self._thread.is_alive(), f"{self._thread.name} hangs"

    def turn(self) -> None:
        """One piece of work."""
        raise NotImplementedError

    def insist(self, call: Callable[[], object]) -> None:
        """Make a call until it is answered; it is under way all the time between question and answer."""
        pause = SHORT_PAUSE_S
        while True:
            self.under_way = next(self._calls)
            try:
                call()
                return
            except Refusal as refusal:
                if refusal.code not in REFUSED_FOR_NOW:
                    raise
                self.interrupted += 1
            finally:
                self.under_way = None
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self.turn()
        except BaseException as error:
            log.exception("%s", self._thread.name)
            self.broken = error


class Clerks(Worker):
    """Window and department: cases sealed at the one, decided at the other; the agents do the sending."""

    MOST_OPEN = 4

    def __init__(self, town: DrillTown, ledger: Ledger, seed: int) -> None:
        super().__init__(seed)
        self._town = town
        self._ledger = ledger
        self._readers = [
            JournalReader(ledger, town.home(node) / "journal.sqlite", node.name) for node in (WINDOW, DEPARTMENT)
        ]
        self.sealed: list[str] = []
        self.decided: list[str] = []
        self.finished: list[str] = []
        self.asked = threading.Event()

    def turn(self) -> None:
        """Move every case by what can be done for it, take in a new one when there is room."""
        self.follow()
        open_cases = len(self.sealed) + len(self.decided)
        if self.asked.is_set() or open_cases < self.MOST_OPEN:
            self.seal()
            self.asked.clear()
        time.sleep(self.random.uniform(0.02, 0.2))

    def seal(self) -> None:
        """One case more."""
        case = self._town.draft()
        self._told("kept", case, self._town.seal(case))
        self.sealed.append(case)

    def follow(self) -> None:
        """Decide what has been countersigned, file what has been issued, write down receipts."""
        for case in list(self.sealed):
            if self._town.pending(case):
                self._told("kept", case, self._town.decide(case))
                self.sealed.remove(case)
                self.decided.append(case)
        for case in list(self.decided):
            if self._town.issued(case):
                self.decided.remove(case)
                self.finished.append(case)
        for reader in self._readers:
            reader.look()

    def open(self) -> list[str]:
        """Cases that are not at their end."""
        return [*self.sealed, *self.decided]

    def lost(self) -> list[str]:
        """Receipts that an agent had and has no more."""
        return [digest for reader in self._readers for digest in reader.lost()]

    def refused(self) -> int:
        """Acts that the hub refused."""
        return sum(reader.states()["REFUSED"] for reader in self._readers)

    def waiting(self) -> int:
        """Acts that are not answered."""
        return sum(reader.states()["WAITING"] for reader in self._readers)

    def _told(self, kind: str, case: str, digests: tuple[str, ...]) -> None:
        for digest in digests:
            self._ledger.add(kind, digest=digest, case=case)


class Caller(Worker):
    """A client of its own that states openings of finished cases: one call after the other, always one under way."""

    def __init__(self, town: DrillTown, clerks: Clerks, ledger: Ledger, seed: int) -> None:
        super().__init__(seed)
        self._agent: Agent = open_agent(town.home(DEPARTMENT), attempts=1)
        self._clerks = clerks
        self._ledger = ledger

    def turn(self) -> None:
        """One to four openings in one call."""
        if not self._clerks.finished:
            time.sleep(0.05)
            return
        made = [self._opening() for _ in range(self.random.randint(1, 4))]
        left = {envelope.digest: envelope for envelope in made}

        def submit() -> None:
            asked = list(left.values())
            answers = self._agent.hub.submit([Outgoing(envelope.encode()) for envelope in asked])
            for envelope, answer in zip(asked, answers, strict=True):
                if answer.refusal is not None:
                    raise answer.refusal
                verify_receipt(self._agent, acts.entry_of(envelope), answer.receipt)
                self._ledger.receipt(answer.receipt, "caller")
                del left[envelope.digest]

        self.insist(submit)
        time.sleep(self.random.uniform(0.0, 0.1))

    def close(self) -> None:
        """Close its channel."""
        self._agent.close()

    def _opening(self) -> Envelope:
        case = self.random.choice(self._clerks.finished[-40:])
        return acts.build(
            self._agent.identity,
            self._agent.journal,
            event="open_document",
            case_id=case,
            chain="access",
            role="ACCEPTOR",
            staff_code="B01",
            body={"purpose": "ACCEPT_REVIEW", "manifest": pulling.application_of(self._agent, case)},
        )


class Uploader(Worker):
    """A client of its own that uploads sealings of cases to come: the store is always in use."""

    def __init__(self, town: DrillTown, ledger: Ledger, seed: int) -> None:
        super().__init__(seed)
        self._agent: Agent = open_agent(town.home(WINDOW), attempts=1)
        self._hub: HubClient = self._agent.hub
        self._spool: Path = town.root / "spool-of-uploader"
        self._ledger = ledger
        self._transfer = TransferClient(attempts=1)
        self._numbers = itertools.count()

    def turn(self) -> None:
        """One sealing, of one part or of two: begin, PUT, complete; the version that the hub names is acknowledged."""
        case = f"{self.random.getrandbits(128):032x}"
        size = LARGE if next(self._numbers) % LARGE_EVERY == 0 else SMALL
        page = PageInput(self.random.randbytes(size), "image/jpeg")
        facts = LineFacts("M01", "M01", "SUBMIT", "A", "NOT_NEEDED")
        bundle = seal_bundle(
            self._spool,
            [LineInput(facts, (page,))],
            case=case,
            revision=1,
            kind="application",
            task_code=ITEM,
            catalogue=self._agent.registry.catalogue().version,
        )
        data = (self._spool / bundle.file).read_bytes()

        def upload() -> None:
            begun = self._hub.create_upload(bundle.encoded)
            numbers = range(1, len(bundle.manifest.parts) + 1)
            missing = [] if begun.complete else [number for number in numbers if number not in begun.stored]
            if missing:
                for number, grant in self._hub.grant_parts(begun.upload_id, missing).items():
                    start = (number - 1) * bundle.manifest.part_size
                    size = bundle.manifest.parts[number - 1].size
                    self._transfer.put_part(grant, data[start : start + size])
            version = self._hub.complete_upload(begun.upload_id)
            self._ledger.add("object", key=bundle.manifest.object_key, version=version, size=len(data))

        self.insist(upload)
        (self._spool / bundle.file).unlink()
        time.sleep(self.random.uniform(0.0, 0.3))

    def close(self) -> None:
        """Close its channel."""
        self._agent.close()
        shutil.rmtree(self._spool, ignore_errors=True)


class Drill:
    """A town with its load and its ledger, for several drills one after the other."""

    def __init__(self, town: DrillTown, seed: int) -> None:
        self.town = town
        self.seed = seed
        self.chance = random.Random(seed)
        self.ledger = Ledger(town.root / "ledger")
        self.clerks = Clerks(town, self.ledger, self.chance.randrange(1 << 31))
        self.caller = Caller(town, self.clerks, self.ledger, self.chance.randrange(1 << 31))
        self.uploader = Uploader(town, self.ledger, self.chance.randrange(1 << 31))
        self.workers: tuple[Worker, ...] = (self.clerks, self.caller, self.uploader)

    @contextmanager
    def load(self) -> Iterator[None]:
        """Work goes on until the scope ends; then everything that was begun goes to its end."""
        for worker in self.workers:
            worker.start()
        try:
            began = Counter(self.ledger.counts)
            until("load", lambda: self.clerks.finished and self.ledger.counts["receipt"] > began["receipt"] + 20)
            yield
        finally:
            for worker in reversed(self.workers):
                worker.stop()
        self.require_alive()
        self.finish()

    def require_alive(self) -> None:
        """No worker met what it cannot bear."""
        assert [worker.broken for worker in self.workers if worker.broken] == [], f"seed {self.seed}"

    def until(self, what: str, true: Callable[[], object], *, ask: bool = False, **waiting: float) -> None:
        """Wait for something while work goes on; ``ask``: for one more case every second.

        An assertion when a worker has broken, for then nothing will come, and one that tells how things stand when it
        did not come in time.
        """
        asked_at = 0.0

        def come() -> object:
            nonlocal asked_at
            self.require_alive()
            if ask and time.monotonic() > asked_at + ASK_EVERY_S:
                asked_at = time.monotonic()
                self.clerks.asked.set()
            return true()

        try:
            until(what, come, **waiting)
        except AssertionError as error:
            town, cases = self.town, self.clerks.open()
            stuck = [(case, town.state(town.window, case), town.state(town.department, case)) for case in cases]
            words = [f"seed {self.seed}: {error}", f"{stuck}", *town.troubles()]
            raise AssertionError("\n".join(words)) from error

    def acknowledged(self, what: str, kind: str = "receipt") -> None:
        """Wait for one more acknowledgement to a client: work goes on ``what``."""
        before = self.ledger.counts[kind]
        self.until(what, lambda: self.ledger.counts[kind] > before)

    def finish(self) -> None:
        """What was begun goes to its end: every queue is empty, every case is issued and the window knows it."""

        def done() -> bool:
            self.clerks.follow()
            return not self.clerks.open() and self.town.quiet()

        self.until("all cases are issued and all queues are empty", done, patience=180, pause=0.2)

    def close(self) -> None:
        """Channels and ledger."""
        self.caller.close()
        self.uploader.close()
        self.ledger.close()

"""Gathers validated statements, at most for some milliseconds, and puts them through the narrow place in batches.

Invariants:
- an answer is given only after the transaction committed (promise 5);
- any number of hub processes may run a sequencer against one database: the head row's lock orders them;
- when a transaction fails as a whole, nothing of it happened: its callers are told DATABASE_UNAVAILABLE and may send
  the same bytes again, and the directory is rebuilt from what is committed;
- what the hub looks at by itself (``tick``) passes the same narrow place, in transactions of its own;
- a statement that breaks its transaction in a way nobody foresaw is answered INTERNAL alone: its neighbours are placed
  one by one;
- the queue is bounded: beyond ``QUEUE_MOST`` waiting statements a caller is told HUB_BUSY at once; a statement counts
  until it was answered, also when nobody waits for the answer any more, and such a one is left out;
- a log shorter than this process ever saw it, by its own commits or by those of others, is not written to.
"""

import asyncio
import logging
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from crypto.keystore import Signer
from crypto.refusal import Refusal
from hub.services.batch import Batch, Outcome
from hub.services.clock import Clock, now_text
from hub.services.intake import Ready
from hub.services.lane import Lane
from hub.services.memory import Memory
from hub.services.registry import RegistryService
from hub.services.ticks import Tick, Ticked
from storage import failpoints
from storage.database import Database

BATCH_MOST = 256
GATHER_SECONDS = 0.02
QUEUE_MOST = 8192
log = logging.getLogger(__name__)
T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True)
class Group:
    """Statements that are answered together. ``answer`` gets their outcomes in order, after the commit, in the
    sequencer's thread: it hands them on and does no work of its own. ``given_up``: whether nobody waits for it any
    more; then nothing is placed, and ``answer`` gets a refusal for each.
    """

    items: list[Ready]
    answer: Callable[[list[Outcome]], object]
    given_up: Callable[[], bool] = lambda: False

    def refuse(self, refusal: Refusal) -> None:
        """Answer all with one refusal."""
        self.answer([refusal] * len(self.items))


class Sequencer:
    """One a process. ``start`` and ``stop`` belong to the event loop that ``submit`` runs in."""

    def __init__(
        self, database: Database, registry: RegistryService, signer: Signer, hub: str, clock: Clock = now_text
    ) -> None:
        self._database = database
        self._clock = clock
        self._registry = registry
        self._signer = signer
        self._hub = hub
        self.coming: Callable[[], bool] = lambda: False  # whether statements are on their way here
        self._lane = Lane(
            "sequencer", self._run, BATCH_MOST, lambda group: len(group.items), GATHER_SECONDS, lambda: self.coming()
        )
        self._waiting = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listeners: list[Callable[[], None]] = []
        self._batch_lock = threading.Lock()
        self._memory = Memory()
        self._reached = 0  # the greatest size of the log that this process saw committed
        self._reaching = threading.Lock()

    def on_commit(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` in the event loop after every commit that added leaves."""
        self._listeners.append(listener)

    @property
    def reached(self) -> int:
        """The greatest size of the log that this process saw committed."""
        return self._reached

    def saw(self, size: int) -> None:
        """The log was ``size`` leaves long: what tells a rollback even in a process that commits nothing itself."""
        with self._reaching:
            self._reached = max(self._reached, size)

    async def start(self) -> None:
        """Begin to tell the listeners."""
        self._loop = asyncio.get_running_loop()

    async def stop(self) -> None:
        """Answer what waits, then end."""
        await asyncio.to_thread(self._lane.close)

    async def submit(self, items: list[Ready]) -> list[Outcome]:
        """Outcomes in order, after the commit. Refusal HUB_BUSY when too many wait."""
        if self._waiting + len(items) > QUEUE_MOST:
            raise Refusal("HUB_BUSY", "promise 5; bounded queues", waiting=self._waiting)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[list[Outcome]] = loop.create_future()
        self._waiting += len(items)
        self.put(Group(items, lambda outcomes: loop.call_soon_threadsafe(self._settle, future, outcomes), future.done))
        return await future

    def _settle(self, future: "asyncio.Future[list[Outcome]]", outcomes: list[Outcome]) -> None:
        self._waiting -= len(outcomes)  # not when the caller goes: until now they lay in the queue
        if not future.done():
            future.set_result(outcomes)

    def put(self, *groups: Group) -> None:
        """Let groups wait for the next batch, from any thread. After ``stop`` they are answered HUB_STOPPING."""
        if groups and not self._lane.put(*groups):
            for group in groups:
                group.refuse(Refusal("HUB_STOPPING", "promise 5"))

    def _run(self, groups: list[Group]) -> None:
        wanted = []
        for group in groups:
            if group.given_up():
                group.refuse(
                    Refusal("HUB_SLOW", "deadline of a call")
                )  # nobody reads it; what waited for an answer is let go of
            else:
                wanted.append(group)
        if wanted:
            self._place_groups(wanted)

    def _place_groups(self, groups: list[Group]) -> None:
        items = [item for group in groups for item in group.items]
        try:
            outcomes = self.place(items)
        except Refusal as refusal:
            outcomes = [refusal] * len(items)
        except Exception:
            log.exception("a batch failed; nothing of it was kept")
            outcomes = [Refusal("DATABASE_UNAVAILABLE", "promise 5")] * len(items)
        at = 0
        for group in groups:
            group.answer(outcomes[at : at + len(group.items)])
            at += len(group.items)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()

    def place(self, items: list[Ready]) -> list[Outcome]:
        """One batch in one transaction. Blocking; also the way in for the founding statements."""
        return self._alone_if_broken(items, lambda batch: batch.run(items), self.place)

    def tick(self, ticks: list[Tick]) -> list[Ticked | Refusal]:
        """Look at cases, in one transaction. Blocking; from any thread. Refusal DATABASE_UNAVAILABLE."""
        if not ticks:
            return []
        return self._alone_if_broken(ticks, lambda batch: batch.tick(ticks), self.tick)

    def _alone_if_broken(
        self, items: list[T], work: Callable[[Batch], Sequence[U]], alone: Callable[[list[T]], list[U | Refusal]]
    ) -> list[U | Refusal]:
        """What ``work`` makes of a batch; where it breaks off, each item is placed ``alone``."""
        with self._batch_lock:
            try:
                return [*self._transact(work)]
            except Refusal:
                raise
            except Exception:
                incident = secrets.token_hex(8)
                log.exception("incident %s: a batch of %d failed; nothing of it was kept", incident, len(items))
            if len(items) == 1:
                return [Refusal("INTERNAL", "an unknown error says nothing of the inside", incident=incident)]
        return [outcome for item in items for outcome in alone([item])]

    def _transact(self, work: Callable[[Batch], Sequence[U]]) -> Sequence[U]:
        try:
            with self._database.unit() as unit:
                batch = Batch(unit, self._registry, self._signer, self._hub, self._clock, self._memory)
                outcomes = work(batch)
                self._require_not_shorter(batch.head.size - len(batch.rows))
                with failpoints.write("sequencer.commit"):
                    unit.commit()  # commit point: from here on every receipt is true
            batch.committed()
            self.saw(batch.head.size)
            return outcomes
        except BaseException:
            self._registry.rebuild()
            raise

    def _require_not_shorter(self, found: int) -> None:
        """A log shorter than this process saw it was rolled back under a running hub. Refusal LOG_ROLLED_BACK."""
        if found < self._reached:
            raise Refusal("LOG_ROLLED_BACK", "promise 5", database=found, seen=self._reached)

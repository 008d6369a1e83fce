"""Gathers validated statements for a few milliseconds and puts them through the narrow place, batch by batch.

Invariants:
- an answer is given only after the transaction committed (promise 5);
- any number of hub processes may run a sequencer against one database: the head row's lock orders them;
- when a transaction fails as a whole, nothing of it happened: its callers are told DATABASE_UNAVAILABLE and may send
  the same bytes again, and the directory is rebuilt from what is committed;
- a statement that breaks its transaction in a way nobody foresaw is answered INTERNAL alone: its neighbours are placed
  one by one;
- the queue is bounded: beyond ``QUEUE_MOST`` waiting statements a caller is told HUB_BUSY at once.
"""

import asyncio
import logging
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from crypto.keystore import Signer
from crypto.refusal import Refusal
from hub.services.batch import Batch, Outcome
from hub.services.intake import Ready
from hub.services.registry import RegistryService
from storage.database import Database

BATCH_MOST = 256
GATHER_SECONDS = 0.003
QUEUE_MOST = 8192
log = logging.getLogger(__name__)

_Waiting = tuple[Ready, "asyncio.Future[Outcome]"]


class Sequencer:
    """One a process. ``start`` and ``stop`` belong to the event loop that ``submit`` runs in."""

    def __init__(self, database: Database, registry: RegistryService, signer: Signer, hub: str) -> None:
        self._database = database
        self._registry = registry
        self._signer = signer
        self._hub = hub
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sequencer")
        self._task: asyncio.Task[None] | None = None
        self._listeners: list[Callable[[], None]] = []
        self._batch_lock = threading.Lock()

    def on_commit(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` in the event loop after every commit that added leaves."""
        self._listeners.append(listener)

    async def start(self) -> None:
        """Begin to take batches."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Answer what waits, then end."""
        if self._task:
            await self._queue.join()
            self._task.cancel()
        self._thread.shutdown(wait=True)

    async def submit(self, items: list[Ready]) -> list[Outcome]:
        """Outcomes in order, after the commit. Refusal HUB_BUSY when too many wait."""
        if self._queue.qsize() + len(items) > QUEUE_MOST:
            raise Refusal("HUB_BUSY", "promise 5; bounded queues", waiting=self._queue.qsize())
        loop = asyncio.get_running_loop()
        waiting: list[_Waiting] = [(item, loop.create_future()) for item in items]
        for entry in waiting:
            self._queue.put_nowait(entry)
        return list(await asyncio.gather(*(future for _, future in waiting)))

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            entries = await self._gather()
            items = [item for item, _ in entries]
            try:
                outcomes = await loop.run_in_executor(self._thread, self.place, items)
            except Refusal as refusal:
                outcomes = [refusal] * len(items)
            except Exception:
                log.exception("a batch failed; nothing of it was kept")
                outcomes = [Refusal("DATABASE_UNAVAILABLE", "promise 5")] * len(items)
            for (_, future), outcome in zip(entries, outcomes, strict=True):
                if not future.done():
                    future.set_result(outcome)
                self._queue.task_done()
            for listener in self._listeners:
                listener()

    async def _gather(self) -> list[_Waiting]:
        entries = [await self._queue.get()]
        if self._queue.empty():
            await asyncio.sleep(GATHER_SECONDS)
        while len(entries) < BATCH_MOST and not self._queue.empty():
            entries.append(self._queue.get_nowait())
        return entries

    def place(self, items: list[Ready]) -> list[Outcome]:
        """One batch in one transaction. Blocking; also the way in for the founding statements."""
        with self._batch_lock:
            try:
                return self._transact(items)
            except Refusal:
                raise
            except Exception:
                incident = secrets.token_hex(8)
                log.exception("incident %s: a batch of %d failed; nothing of it was kept", incident, len(items))
            if len(items) == 1:
                return [Refusal("INTERNAL", "an unknown error says nothing of the inside", incident=incident)]
        return [outcome for item in items for outcome in self.place([item])]

    def _transact(self, items: list[Ready]) -> list[Outcome]:
        try:
            with self._database.unit() as unit:
                outcomes = Batch(unit, self._registry, self._signer, self._hub).run(items)
                unit.commit()  # commit point: from here on every receipt is true
            return outcomes
        except BaseException:
            self._registry.rebuild()
            raise

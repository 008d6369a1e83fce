"""A lane: one thread that works on everything that waits, at once.

Why: an executor costs a hop there and a hop back for every call, and threads that wake for one item each fight for the
interpreter. A lane wakes once for all that came while it was busy.

Invariants: items are taken in the order of ``put``; at most ``most`` by weight at a time (one item always); ``close``
works on what waits, then ends the thread. ``linger``: seconds that a lane waits at most for company while ``coming``
says that there will be some.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

LOOK_SECONDS = 0.001
T = TypeVar("T")
log = logging.getLogger(__name__)


class Lane(Generic[T]):
    """``work`` gets the items; it answers them itself and must not raise. The thread starts with the first item."""

    def __init__(
        self,
        name: str,
        work: Callable[[list[T]], None],
        most: int = 256,
        weight: Callable[[T], int] = lambda _: 1,
        linger: float = 0.0,
        coming: Callable[[], bool] = lambda: False,
    ) -> None:
        self._name = name
        self._work = work
        self._most = most
        self._weight = weight
        self._linger = linger
        self._coming = coming
        self._items: deque[T] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._working = False
        self._thread: threading.Thread | None = None

    def put(self, *items: T) -> bool:
        """Let items wait; False after ``close``, when nobody works any more."""
        with self._changed:
            if self._closed:
                return False
            self._items.extend(items)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._changed.notify()
        return True

    def close(self) -> None:
        """Work on what waits, then end. Blocks until then; may be called again."""
        with self._changed:
            self._closed = True
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while items := self._take():
            self._working = True
            try:
                self._work(items)
            except Exception:
                log.exception("lane %s: work on %d items broke off", self._name, len(items))
            self._working = False

    def _take(self) -> list[T]:
        with self._changed:
            while not self._items and not self._closed:
                self._changed.wait()
            end = time.monotonic() + self._linger
            while self._coming() and not self._full() and not self._closed and (left := end - time.monotonic()) > 0:
                self._changed.wait(min(left, LOOK_SECONDS))  # nobody rings when no more is coming
            taken: list[T] = []
            weight = 0
            while self._items:
                weight += self._weight(self._items[0])
                if taken and weight > self._most:
                    break
                taken.append(self._items.popleft())
            return taken

    def busy(self) -> bool:
        """Whether something waits or is being worked on."""
        return self._working or bool(self._items)

    def _full(self) -> bool:
        return sum(map(self._weight, self._items)) >= self._most

"""What only one of several hub processes may do at a time: integrate, watch the law's clocks.

How it works: each duty is an advisory lock of the database. Every process asks for it every ``ASK_SECONDS``; the one
that gets it works round after round on the connection that holds the lock, until it stops, dies or lets go. The server
releases the lock when that connection ends, so kill -9 costs at most ``ASK_SECONDS`` and the time of ``take_over``.

Invariants:
- never two at once: what a round commits through ``Held.unit`` is committed by the holder of the lock or not at all;
  what a round does elsewhere (objects, other transactions) must be harmless when done again by the next one;
- a process that takes over first compares what it finds (``take_over``), and does not work when that is refused;
- one whose rounds fail ``FAILURES_MOST`` times in a row lets go and stands back, so that another may try.
"""

import logging
import random
import threading
from enum import IntEnum
from typing import Protocol

from crypto.refusal import Refusal
from storage.database import Database, Held
from storage.log_rows import INTEGRATOR_LOCK

ASK_SECONDS = 0.5
FAILED_SECONDS = 1.0
FAILURES_MOST = 5
STAND_BACK_SECONDS = 5.0
log = logging.getLogger(__name__)


class Duty(IntEnum):
    """Numbers of the locks. A number is never used for something else (7415001 is the migration's)."""

    INTEGRATOR = INTEGRATOR_LOCK
    TIMERS = 7415003
    BOUNCES = 7415004


class Work(Protocol):
    """What the one does. Both may raise Refusal; it is logged by its code and tried again."""

    def take_over(self) -> None:
        """Look whether this process may go on where another one stopped, which may have been itself."""

    def round(self, held: Held) -> bool:
        """One round; False when there was nothing to do. ``held.unit()`` opens a transaction of the holder."""


class Leader:
    """One duty of one process. ``run`` belongs to one thread."""

    def __init__(self, database: Database, duty: Duty, work: Work, idle_seconds: float) -> None:
        self._database = database
        self._duty = duty
        self._work = work
        self._idle_seconds = idle_seconds
        self.leading = False

    def run(self, stop: threading.Event) -> None:
        """Ask for the duty and do it until ``stop`` is set. Lets go of the lock before it returns."""
        while not stop.is_set():
            pause = ASK_SECONDS
            try:
                with self._database.holding(self._duty) as held:
                    if held is not None:
                        pause = self._lead(held, stop)
            except Refusal as refusal:
                log.warning("duty %s waits: %s", self._duty.name, refusal.code)
            except Exception:
                log.exception("duty %s broke off; it is asked for again", self._duty.name)
            stop.wait(pause * random.uniform(0.8, 1.2))  # processes that start together do not ask together

    def _lead(self, held: Held, stop: threading.Event) -> float:
        """Rounds until the lock is lost or given up; seconds to stand back."""
        self._work.take_over()
        log.info("duty %s taken over", self._duty.name)
        self.leading = True
        failures = 0
        try:
            while not stop.is_set() and held.alive():
                moved = False
                try:
                    moved = self._work.round(held)
                    failures = 0
                except Refusal as refusal:
                    log.warning("duty %s waits: %s", self._duty.name, refusal.code)
                    failures += 1
                    if failures >= FAILURES_MOST:
                        return STAND_BACK_SECONDS
                if not moved:
                    stop.wait(FAILED_SECONDS if failures else self._idle_seconds)
        finally:
            self.leading = False
        return ASK_SECONDS

"""The law's clocks strike: cases whose time has come are looked at, by one hub process at a time.

Invariants:
- what is due stands in ``cases.wake_at``, written with each change of a case; a kill loses nothing, and a process that
  takes over finds the same cases due;
- what becomes of a due case is the law's matter (``hub.casework.timers``) and happens in the narrow place: a look at a
  case that is not due changes nothing but the time of the next look, so two who look do no harm;
- a page of names of due cases is all that is in memory; a transaction looks at ``LOOKS_MOST`` of them, so that the
  narrow place is free again soon (some 2 ms of processor time a case);
- a case that stays due although it was looked at rests for ``REST_SECONDS`` and never holds up the others.
"""

import logging
import time
from collections.abc import Callable

from crypto.refusal import Refusal
from hub.services.clock import Clock, now_text
from hub.services.sequencer import Sequencer
from hub.services.ticks import Tick
from storage.database import Database, Held

PAGE = 256
LOOKS_MOST = 32
IDLE_SECONDS = 1.0
REST_SECONDS = 60.0
log = logging.getLogger(__name__)


class Timers:
    """The work of ``Duty.TIMERS``. ``clock``: legal time; ``monotonic``: seconds, for rests."""

    def __init__(
        self,
        database: Database,
        sequencer: Sequencer,
        clock: Clock = now_text,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._sequencer = sequencer
        self._clock = clock
        self._monotonic = monotonic
        self._resting: dict[str, float] = {}

    def take_over(self) -> None:
        """Look at everything anew."""
        self._resting.clear()

    def round(self, held: Held) -> bool:
        """Look at all cases that are due; whether anything was stated. Refusal DATABASE_UNAVAILABLE."""
        now, after, moved = self._clock(), ("", ""), False
        self._resting = {case: until for case, until in self._resting.items() if until > self._monotonic()}
        while page := self._page(now, after):
            after = page[-1]
            due = [case for _, case in page if case not in self._resting]
            for start in range(0, len(due), LOOKS_MOST):
                if not held.alive():
                    return moved  # another one goes on; what this one did stands
                moved |= self._look(due[start : start + LOOKS_MOST], now)
        return moved

    def _look(self, cases: list[str], now: str) -> bool:
        moved = False
        for case, outcome in zip(cases, self._sequencer.tick([Tick(case) for case in cases]), strict=True):
            if isinstance(outcome, Refusal):
                log.error("case %s could not be looked at: %s", case, outcome)
            elif outcome.indexes:
                moved = True
            if isinstance(outcome, Refusal) or (outcome.wake_at is not None and outcome.wake_at <= now):
                self._resting[case] = self._monotonic() + REST_SECONDS
        return moved

    def _page(self, now: str, after: tuple[str, str]) -> list[tuple[str, str]]:
        with self._database.reading() as reading:
            return reading.cases.due(now, after, PAGE)

"""The agent hands notices to applicants over by itself, where the hall has named a way out (I02, E12).

Invariants: those of ``outward``; a case is looked at when it has news, not at every turn; a short trouble is waited out
within the turn, a longer one with growing pauses, and the command may still be used beside it.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import tenacity

from crypto import canonical
from node_agent.process.runtime import Agent
from node_agent.window import outward
from node_agent.window.outward import Adapter, Outward

LOOK_SECONDS = 15.0
ATTEMPTS, PAUSE, LONGEST = 3, 0.2, 2.0
log = logging.getLogger(__name__)


class Patient:
    """An adapter that tries each step a few times before it gives up for this turn."""

    def __init__(self, adapter: Adapter, attempts: int = ATTEMPTS, pause: float = PAUSE) -> None:
        self._adapter, self._attempts, self._pause = adapter, attempts, pause

    @property
    def place(self) -> str:
        """That of the adapter."""
        return self._adapter.place

    def prepare(self, notice: Outward, to: str) -> None:
        """As the adapter."""
        self._tried(lambda: self._adapter.prepare(notice, to))

    def hand_over(self, notice_id: str) -> None:
        """As the adapter."""
        self._tried(lambda: self._adapter.hand_over(notice_id))

    def discard(self, notice_id: str) -> None:
        """As the adapter, once."""
        self._adapter.discard(notice_id)

    def _tried(self, step: Callable[[], None]) -> None:
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(OSError),
            stop=tenacity.stop_after_attempt(self._attempts),
            wait=tenacity.wait_random_exponential(multiplier=self._pause, max=LONGEST),
            reraise=True,
        )
        retrying(step)


@dataclass
class NoticeLoop:
    """The loop of a window with a way out. ``looked``: index of each case's newest leaf at the last turn."""

    agent: Agent
    adapter: Adapter
    seconds: float = LOOK_SECONDS
    looked: dict[str, int] = field(default_factory=dict)

    def run(self, stop: threading.Event) -> None:
        """Look until ``stop`` is set."""
        while not stop.is_set():
            self.step(canonical.time_text(datetime.now(UTC)))
            stop.wait(self.seconds)

    def step(self, now: str) -> list[Outward]:
        """One turn: what is due is queued, what waits is handed over; each with what became of it."""
        tops = self.agent.journal.case_tops()
        told = {case: tops[case] for case in outward.contacts(self.agent) if case in tops}
        news = {case for case, top in told.items() if self.looked.get(case) != top}
        if news:
            outward.collect(self.agent, now, news)
        self.looked = told
        if not outward.waits(self.agent):
            return []
        done = outward.send(self.agent, Patient(self.adapter), now, unattended=True)
        for one in done:
            log.info("notice %s: %s", one.id, one.state)
        return done

"""Keeps one reading process: starts it when pages wait, ends it when it takes too long or too much memory (part 7).

Invariants: never more than one worker on a queue, also when several processes keep it; a page on which a worker was
ended for its time or memory, or died twice, is withheld, so the queue always moves; the keeper itself loads neither
models nor OpenCV.
"""

import logging
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import Final

import psutil

from node_agent.imaging.finding.judged import Judged
from node_agent.imaging.reading.queue import PageQueue

PAGE_SECONDS: Final = 90.0
MOST_BYTES: Final = 1536 * 2**20
"""More than any page needs: a worker ends by itself above 900 MB when its page is done."""
TRIES: Final = 2
"""A worker may die of something else than the page (a kill, a full memory): the page is read once more."""
POLL, END_SECONDS = 0.2, 2.0
log = logging.getLogger(__name__)


class Keeper:
    """A loop of the agent: ``run`` returns soon after ``stop`` is set."""

    def __init__(self, queue: PageQueue, page_seconds: float = PAGE_SECONDS, most_bytes: int = MOST_BYTES) -> None:
        self._queue, self._page_seconds, self._most = queue, page_seconds, most_bytes
        self.worker: subprocess.Popen[bytes] | None = None
        self.peak_bytes = 0

    def run(self, stop: threading.Event) -> None:
        """Watch until ``stop``."""
        try:
            while not stop.wait(POLL):
                self.look()
        finally:
            self._end()

    def look(self) -> None:
        """One look: start, judge, end."""
        waiting = self._queue.waiting()
        working = self._queue.working()
        worker = self.worker
        if worker is not None and worker.poll() is not None:
            self.worker = None
            if worker.returncode != 0 and working is not None and working[0] in waiting:
                self._died_on(working[0])
            return
        if worker is None:
            if waiting and self._nobody_reads():
                self._start()
            return
        if working is None:
            return
        if time.time() - working[1] > self._page_seconds:
            self._end()
            self._withhold(working[0], "TIME_LIMIT")
        elif self._memory(worker) > self._most:
            self._end()
            self._withhold(working[0], "MEMORY_LIMIT")

    def _nobody_reads(self) -> bool:
        with self._queue.held() as free:
            return free

    def _start(self) -> None:
        with suppress(FileNotFoundError):
            (self._queue.folder / "working.json").unlink()
        command = [sys.executable, "-m", "node_agent.imaging.reading.worker", str(self._queue.folder)]
        self.worker = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def _memory(self, worker: subprocess.Popen[bytes]) -> int:
        with suppress(psutil.Error):
            used = int(psutil.Process(worker.pid).memory_info().rss)
            self.peak_bytes = max(self.peak_bytes, used)
            return used
        return 0

    def _died_on(self, job: str) -> None:
        with suppress(FileNotFoundError):  # forgotten meanwhile
            if self._queue.tried(job) >= TRIES:
                self._withhold(job, "READING_BROKE")

    def _withhold(self, job: str, reason: str) -> None:
        log.warning("page withheld: %s", reason)
        self._queue.finish(job, Judged((), (reason,), 0))

    def _end(self) -> None:
        worker, self.worker = self.worker, None
        if worker is None or worker.poll() is not None:
            return
        worker.terminate()
        try:
            worker.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()

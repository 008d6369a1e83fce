"""The process that reads: ``python -m node_agent.imaging.reading.worker FOLDER``. Started and watched by ``keeper``.

Invariants: one page at a time; a page that breaks the reading is withheld, never skipped as clean; between two pages
the process ends when it has grown, and when nothing has waited for a while, so that its memory is free again.
"""

import logging
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crypto.refusal import Refusal
from node_agent.imaging.check import inspect_page
from node_agent.imaging.finding.hints import Hint
from node_agent.imaging.finding.judged import Judged
from node_agent.imaging.reading.queue import PageQueue

if TYPE_CHECKING:
    from node_agent.imaging.picture import Pixels
    from node_agent.imaging.reading.engine import Engine
    from node_agent.imaging.reading.lines import Reading

IDLE_SECONDS: Final = 30.0
POLL: Final = 0.1
GROWN_BYTES: Final = 900 * 2**20
LONGEST: Final = 3600
"""Pixels on the long side: A4 at 300 dpi. Larger pages are read smaller, and the boxes brought back."""
log = logging.getLogger(__name__)


def main() -> None:
    """Read pages until nothing waits."""
    os.nice(5)  # the camera comes first
    queue = PageQueue(Path(sys.argv[1]))
    with queue.held() as alone:
        if alone:
            work(queue)


def work(queue: PageQueue) -> None:
    """Until idle or grown."""
    from node_agent.imaging.reading.engine import Engine

    engine = Engine()
    last = time.monotonic()
    while time.monotonic() - last < IDLE_SECONDS and not _grown():
        waiting = queue.waiting()
        if not waiting:
            time.sleep(POLL)
            continue
        job = waiting[0]
        queue.start(job)
        try:
            asked = queue.asked(job)
        except FileNotFoundError:  # forgotten meanwhile, its draft ended: this writes nothing
            queue.finish(job, Judged((), (), 0))
            continue
        kept = Kept(queue, job, asked.digest)
        queue.finish(job, judge(engine, asked.page, asked.hints, again=asked.again, kept=kept))
        last = time.monotonic()


@dataclass(frozen=True, slots=True)
class Kept:
    """Readings of one page that were made before: only finding runs again when the form's data changed."""

    queue: PageQueue
    job: str
    digest: str

    def reading(self, read: "Callable[[], Reading]", masked: str = "") -> "Reading":
        """The reading that is kept, else a new one."""
        found = self.queue.reading(self.digest, masked)
        if found is None:
            found = read()
            if self.queue.is_waiting(self.job):  # else its draft ended meanwhile, and nothing of it may stay
                self.queue.keep_reading(self.digest, found, masked)
        return found


def judge(
    engine: "Engine", page: bytes, hints: Sequence[Hint], *, again: bool = False, kept: Kept | None = None
) -> Judged:
    """What is on one page; what is no page, or breaks the reading, is withheld."""
    from node_agent.imaging.picture import decode

    try:
        inspect_page("page", page)
        return judge_pixels(engine, decode(page), hints, again=again, kept=kept)
    except Refusal as refusal:
        return Judged((), (refusal.code,), 0)
    except Exception as error:  # whatever breaks: the page is withheld, the window goes on
        log.warning("page not read: %s", type(error).__name__)
        return Judged((), ("READING_BROKE",), 0)


def judge_pixels(
    engine: "Engine",
    pixels: "Pixels",
    hints: Sequence[Hint] = (),
    *,
    again: bool = False,
    kept: Kept | None = None,
) -> Judged:
    """Read and find; boxes in pixels of the page as given. ``again``: read the masked page too (``again``)."""
    from node_agent.imaging.finding.find import find
    from node_agent.imaging.finding.found import Found
    from node_agent.imaging.picture import shrunk
    from node_agent.imaging.reading.again import read_again
    from node_agent.imaging.reading.beside import Beside
    from node_agent.imaging.reading.engine import turned

    beside = Beside(engine)

    def first() -> "Reading":
        return beside.read(small)

    def other(covered: "Pixels", masked: str) -> "Reading":
        def read() -> "Reading":
            return engine.read_with_small(turned(covered, reading.turn), reading.turn)

        return kept.reading(read, masked) if kept else read()

    small = shrunk(pixels, LONGEST)
    reading = kept.reading(first) if kept else first()
    judged = find(turned(small, reading.turn), reading, hints, beside.seen(reading.turn))
    if again and not judged.withheld:
        judged = read_again(other, small, judged, hints)
    scale = pixels.shape[1] / small.shape[1]
    if scale == 1:
        return judged
    found = tuple(
        Found(one.kind, _grown_box(one.box, scale), one.certainty, one.reason, one.text) for one in judged.found
    )
    return Judged(found, judged.withheld, judged.turn)


def _grown_box(box: tuple[int, int, int, int], scale: float) -> tuple[int, int, int, int]:
    left, top, right, bottom = box
    return int(left * scale), int(top * scale), int(right * scale) + 1, int(bottom * scale) + 1


def _grown() -> bool:
    import psutil

    return bool(psutil.Process().memory_info().rss > GROWN_BYTES)


if __name__ == "__main__":
    main()

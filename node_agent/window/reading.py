"""The window's pages and the reading process: queued when they are shot, forgotten when nobody needs it any more.

Invariants:
- queueing never waits and never refuses: a page that found no place is queued at the seal, or withheld there;
- a page is read with the form's own data as hints; other data later cost no reading, only finding (``reading.queue``);
- what was read and found is personal data: it goes when the draft is sealed or ends, at once or, after a kill, with
  housekeeping; the draft itself keeps boxes and kinds alone.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from crypto.refusal import Refusal
from hub.casework.masking.pictures import PageKind
from node_agent.imaging.finding.hints import Hint
from node_agent.imaging.reading.queue import QUEUE, PageQueue, Progress
from node_agent.process.runtime import Agent
from node_agent.window import drafts
from node_agent.window.drafts import Draft, DraftPage

KINDS: Final[Mapping[str, PageKind]] = {
    "name": PageKind.NAME,
    "citizen_id": PageKind.CITIZEN_ID,
    "phone": PageKind.PHONE,
    "mobile": PageKind.PHONE,
    "address": PageKind.ADDRESS,
    "bank_card": PageKind.BANK_CARD,
    "email": PageKind.EMAIL,
    "passport": PageKind.PASSPORT,
    "plate": PageKind.PLATE,
}
"""Members of a form, by the last part of their name, that are looked for on the pages."""
LOOK: Final = 0.5
"""Seconds between two tellings of the progress."""
Told = Callable[[Progress], None]
log = logging.getLogger(__name__)


def queue_of(agent: Agent) -> PageQueue:
    """The queue of this agent; the running agent's keeper takes from it."""
    return PageQueue(agent.settings.home / QUEUE)


def ask(
    agent: Agent, home: Path, pages: Iterable[DraftPage], hints: Sequence[Hint], *, again: bool = False
) -> dict[str, str]:
    """Queue pages of a draft (files in ``home``); id of each by the page's digest. ``again``: they will be masked."""
    queue, jobs = queue_of(agent), {}
    for page in pages:
        if page.media_type not in drafts.SUFFIX:
            continue
        jobs[page.sha256] = queue.job_of(page.sha256, hints, again=again)
        try:
            queue.put((home / page.file).read_bytes(), hints, again=again)
        except (Refusal, OSError) as error:
            log.warning("page not queued for reading: %s", getattr(error, "code", type(error).__name__))
    return jobs


def wait(agent: Agent, jobs: Sequence[str], seconds: float, told: Told | None = None) -> bool:
    """Wait until these pages are read, at most so long; they come before all others, and whether or not the agent runs.

    ``told``: is called with the progress every half second.
    """
    queue, end = queue_of(agent), time.monotonic() + seconds
    if _all_done(queue, jobs):
        return True
    if seconds <= 0:
        return False
    queue.hurry(jobs)
    with _reader(queue):
        while not _all_done(queue, jobs):
            if told is not None:
                told(queue.progress(jobs))
            if time.monotonic() >= end:
                return False
            queue.wait(jobs, min(LOOK, max(0.0, end - time.monotonic())))
    return True


def sweep(agent: Agent, wanted: Collection[str], now: datetime) -> None:
    """Erase readings of pages in no open draft or supplement any more. ``wanted``: digests; ``now``: aware."""
    if (agent.settings.home / QUEUE).is_dir():
        queue_of(agent).sweep(wanted, (now - drafts.WRITING_LASTS).timestamp())


def in_open_drafts(agent: Agent) -> set[str]:
    """Digests of the pages of drafts that may still be changed."""
    found: set[str] = set()
    for case_id, state in agent.journal.drafts():
        if state != drafts.SENT and not drafts.sealed(agent, case_id):
            lines = drafts.load(agent, case_id).lines.values()
            found |= {page.sha256 for line in lines for page in line.pages}
    return found


def hints_of(draft: Draft) -> list[Hint]:
    """The form's own data, to be found wherever it stands on the pages."""
    return sorted(_hints(draft.form) | _hints(draft.address), key=lambda hint: (hint.kind, hint.value))


# --- pieces ------------------------------------------------------------------------------------------------------


def _hints(form: Any) -> set[Hint]:
    found: set[Hint] = set()
    if isinstance(form, dict):
        for name, value in form.items():
            kind = KINDS.get(str(name))
            if kind is not None and isinstance(value, str) and value.strip():
                found.add(Hint(kind, value.strip()))
            found |= _hints(value)
    elif isinstance(form, list):
        for value in form:
            found |= _hints(value)
    return found


def _all_done(queue: PageQueue, jobs: Sequence[str]) -> bool:
    return queue.progress(jobs).done == len(jobs)


@contextmanager
def _reader(queue: PageQueue) -> Iterator[None]:
    """Somebody reads while the block runs: the agent's own keeper, or one for this time where no agent runs."""
    from node_agent.imaging.reading.keeper import Keeper  # here, not above: most commands wait for no page

    stop = threading.Event()
    thread = threading.Thread(target=Keeper(queue).run, args=(stop,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(5)

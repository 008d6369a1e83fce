"""Pages that wait to be read, on disk: the window shoots on, a killed machine goes on where it was (promise 6).

One folder: ``jobs/ID.json`` waits, ``pages/ID`` are its bytes, ``done/ID.json`` is what came of it, ``working.json``
says what is being read since when. ID is the page's digest with that of its hints, so the same page is read once.

Invariants:
- at most ``MOST`` pages wait; a full queue is refused, never dropped from;
- a file is written whole or not at all, readable by its owner only: pages and hints are personal data;
- a result stands until ``drop``.
"""

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from crypto.refusal import Refusal
from hub.casework.masking.pictures import PageKind
from node_agent.imaging.finding.found import Found
from node_agent.imaging.finding.hints import Hint
from node_agent.imaging.finding.judged import Judged

QUEUE: Final = "reading"
"""Folder of the queue in an agent's home."""
MOST: Final = 600
RULE: Final = "promise 6; A04"


@dataclass(frozen=True, slots=True)
class Progress:
    """``done`` of ``total`` pages asked for; ``seconds``: how long the page in work has taken so far."""

    done: int
    total: int
    seconds: float


class PageQueue:
    """The folder of one agent; several processes may use it, one worker takes from it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for part in ("jobs", "pages", "done"):
            (folder / part).mkdir(parents=True, exist_ok=True, mode=0o700)

    def put(self, page: bytes, hints: Sequence[Hint] = ()) -> str:
        """Queue a page; returns its id at once. Refusal PAGE_QUEUE_FULL."""
        asked = [[hint.kind.value, hint.value] for hint in hints]
        told = json.dumps(asked, ensure_ascii=False).encode()
        job = hashlib.sha256(hashlib.sha256(page).digest() + told).hexdigest()
        if self._file("done", job).exists() or self._file("jobs", job).exists():
            return job
        if len(self.waiting()) >= MOST:
            raise Refusal("PAGE_QUEUE_FULL", RULE, limit=MOST)
        write(self.folder / "pages" / job, page)
        write(self._file("jobs", job), json.dumps({"hints": asked, "at": time.time()}, ensure_ascii=False).encode())
        return job

    def waiting(self) -> list[str]:
        """Ids not done, oldest first."""
        files = [(path.stat().st_mtime_ns, path.stem) for path in (self.folder / "jobs").glob("*.json")]
        return [job for _, job in sorted(files)]

    def result(self, job: str) -> Judged | None:
        """What was found on the page, or None while it waits."""
        file = self._file("done", job)
        return judged_from(json.loads(file.read_bytes())) if file.exists() else None

    def progress(self, jobs: Sequence[str]) -> Progress:
        """How far these pages are."""
        done = sum(self._file("done", job).exists() for job in jobs)
        working = self.working()
        return Progress(done, len(jobs), time.time() - working[1] if working else 0.0)

    def wait(self, jobs: Sequence[str], seconds: float, step: float = 0.05) -> bool:
        """Wait until all are done, at most so long; what sealing does with pages that are not done yet."""
        end = time.monotonic() + seconds
        while not all(self._file("done", job).exists() for job in jobs):
            if time.monotonic() > end:
                return False
            time.sleep(step)
        return True

    def drop(self, job: str) -> None:
        """Forget a page: its bytes, its hints and what was found."""
        for path in (self._file("jobs", job), self.folder / "pages" / job, self._file("done", job)):
            path.unlink(missing_ok=True)

    # what the worker and its keeper use

    def page(self, job: str) -> tuple[bytes, list[Hint]]:
        """Bytes and hints of a waiting page."""
        asked = json.loads(self._file("jobs", job).read_bytes())
        hints = [Hint(PageKind(kind), value) for kind, value in asked["hints"]]
        return (self.folder / "pages" / job).read_bytes(), hints

    @contextmanager
    def held(self) -> Iterator[bool]:
        """Whether nobody else takes pages from this folder while the block runs: a lock that ends with the process."""
        with (self.folder / "worker.lock").open("wb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True

    def start(self, job: str) -> None:
        """The worker begins with this page."""
        write(self.folder / "working.json", json.dumps({"job": job, "since": time.time()}).encode())

    def working(self) -> tuple[str, float] | None:
        """The page in work and since when (seconds of the clock)."""
        try:
            told = json.loads((self.folder / "working.json").read_bytes())
        except FileNotFoundError:
            return None
        return str(told["job"]), float(told["since"])

    def finish(self, job: str, judged: Judged) -> None:
        """Keep the result, then forget the bytes."""
        write(self._file("done", job), json.dumps(document_of(judged), ensure_ascii=False).encode())
        self._file("jobs", job).unlink(missing_ok=True)
        (self.folder / "pages" / job).unlink(missing_ok=True)
        (self.folder / "working.json").unlink(missing_ok=True)

    def _file(self, part: str, job: str) -> Path:
        return self.folder / part / f"{job}.json"


def write(path: Path, data: bytes) -> None:
    """Whole or not at all, for the owner's eyes."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def document_of(judged: Judged) -> dict[str, Any]:
    """As JSON."""
    found = [[one.kind.value, list(one.box), one.certainty, one.reason, one.text] for one in judged.found]
    return {"found": found, "withheld": list(judged.withheld), "turn": judged.turn}


def judged_from(told: dict[str, Any]) -> Judged:
    """What ``document_of`` gave."""
    found = tuple(
        Found(PageKind(kind), (box[0], box[1], box[2], box[3]), certainty, reason, text)
        for kind, box, certainty, reason, text in told["found"]
    )
    return Judged(found, tuple(told["withheld"]), told["turn"])

"""Pages that wait to be read, on disk: the window shoots on, a killed machine goes on where it was (promise 6).

One folder: ``jobs/ID.json`` waits, ``pages/ID`` are its bytes, ``done/ID.json`` is what came of it, ``reads/`` keeps
what the engine read, ``working.json`` says what is being read since when. ID is the page's digest with that of what is
asked (the hints, and whether the masked page is read again), so the same page is asked once, and other hints cost no
reading.

Invariants:
- at most ``MOST`` pages wait; a full queue is refused, never dropped from;
- a file is written whole or not at all, readable by its owner only: pages, hints and results are personal data;
- a result stands until its page is forgotten (``forget``, ``sweep``); what was forgotten meanwhile gets no result.
"""

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from crypto.refusal import Refusal
from hub.casework.masking.pictures import PageKind
from node_agent.imaging.finding.found import Found
from node_agent.imaging.finding.hints import Hint
from node_agent.imaging.finding.judged import Judged
from node_agent.imaging.reading.lines import Reading

QUEUE: Final = "reading"
"""Folder of the queue in an agent's home."""
MOST: Final = 600
RULE: Final = "promise 6; A04"
_PARTS: Final = ("jobs", "pages", "done", "reads")


@dataclass(frozen=True, slots=True)
class Progress:
    """``done`` of ``total`` pages asked for; ``seconds``: how long the page in work has taken so far."""

    done: int
    total: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Asked:
    """A waiting page: its bytes, their digest, the hints, and whether it is masked and read again (``again``)."""

    page: bytes
    digest: str
    hints: tuple[Hint, ...]
    again: bool


class PageQueue:
    """The folder of one agent; several processes may use it, one worker takes from it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with suppress(OSError):  # a full disk: nothing waits there then, and putting a page says so
            for part in _PARTS:
                (folder / part).mkdir(parents=True, exist_ok=True, mode=0o700)

    def put(self, page: bytes, hints: Sequence[Hint] = (), *, again: bool = False) -> str:
        """Queue a page; returns its id at once. ``again``: it will be masked, so the masked page is read too.

        Refusal PAGE_QUEUE_FULL.
        """
        digest = digest_of(page)
        job, asked = self.job_of(digest, hints, again=again), _hints_told(hints)
        if self._file("done", job).exists() or self._file("jobs", job).exists():
            return job
        if len(self.waiting()) >= MOST:
            raise Refusal("PAGE_QUEUE_FULL", RULE, limit=MOST)
        write(self.folder / "pages" / job, page)
        told = {"page": digest, "hints": asked, "again": again, "tries": 0, "at": time.time()}
        write(self._file("jobs", job), _json(told))
        return job

    def job_of(self, digest: str, hints: Sequence[Hint] = (), *, again: bool = False) -> str:
        """The id that a page with this digest has or would have."""
        told = json.dumps([_hints_told(hints), again], ensure_ascii=False).encode()
        return hashlib.sha256(digest.encode() + hashlib.sha256(told).digest()).hexdigest()

    def waiting(self) -> list[str]:
        """Ids not done, oldest first, those in a hurry before them."""
        found = []
        for path in (self.folder / "jobs").glob("*.json"):
            with suppress(FileNotFoundError):  # done meanwhile
                found.append((path.stat().st_mtime_ns, path.stem))
        return [job for _, job in sorted(found)]

    def is_waiting(self, job: str) -> bool:
        """Whether this page waits or is being read, and was not forgotten."""
        return self._file("jobs", job).exists()

    def hurry(self, jobs: Sequence[str]) -> None:
        """These come next: somebody waits at the counter."""
        for place, job in enumerate(jobs):
            with suppress(FileNotFoundError):
                os.utime(self._file("jobs", job), ns=(place, place))

    def result(self, job: str) -> Judged | None:
        """What was found on the page, or None while it waits."""
        try:
            return judged_from(json.loads(self._file("done", job).read_bytes()))
        except FileNotFoundError:
            return None

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

    def forget(self, digests: Collection[str]) -> None:
        """Erase all of these pages: bytes, hints, what was read and what was found."""
        for part, path in self._files():
            if _page_of(part, path) in digests:
                self._erase(part, path)

    def sweep(self, wanted: Collection[str], before: float) -> None:
        """Erase what belongs to no page of ``wanted`` (digests) and was last written before that time of the clock."""
        for part, path in self._files():
            with suppress(FileNotFoundError):
                if max(path.stat().st_mtime, path.stat().st_ctime) < before and _page_of(part, path) not in wanted:
                    self._erase(part, path)
        jobs = {path.stem for path in (self.folder / "jobs").glob("*.json")}
        for path in (*(self.folder / "pages").iterdir(), *self.folder.rglob("*.part")):
            with suppress(FileNotFoundError):  # bytes without a job, and what a kill left half written
                if path.name not in jobs and path.stat().st_mtime < before:
                    path.unlink()

    # what the worker and its keeper use

    def asked(self, job: str) -> Asked:
        """A waiting page. FileNotFoundError when it was forgotten."""
        told = json.loads(self._file("jobs", job).read_bytes())
        hints = tuple(Hint(PageKind(kind), value) for kind, value in told["hints"])
        return Asked((self.folder / "pages" / job).read_bytes(), told["page"], hints, told["again"])

    def reading(self, digest: str, masked: str = "") -> Reading | None:
        """What was read on a page before; ``masked``: under masks with this digest."""
        try:
            return Reading.from_document(json.loads(self._read_file(digest, masked).read_bytes()))
        except FileNotFoundError:
            return None

    def keep_reading(self, digest: str, reading: Reading, masked: str = "") -> None:
        """So that the page needs not be read again when only the hints are others."""
        write(self._read_file(digest, masked), _json(reading.document()))

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
        write(self.folder / "working.json", _json({"job": job, "since": time.time()}))

    def working(self) -> tuple[str, float] | None:
        """The page in work and since when (seconds of the clock)."""
        try:
            told = json.loads((self.folder / "working.json").read_bytes())
        except FileNotFoundError:
            return None
        return str(told["job"]), float(told["since"])

    def tried(self, job: str) -> int:
        """One more attempt at a page ended without a result; how many there were."""
        file = self._file("jobs", job)
        told = json.loads(file.read_bytes())
        told["tries"] += 1
        write(file, _json(told))
        return int(told["tries"])

    def finish(self, job: str, judged: Judged) -> None:
        """Keep the result, then forget the bytes. A page that was forgotten meanwhile gets no result."""
        with suppress(FileNotFoundError):
            page = json.loads(self._file("jobs", job).read_bytes())["page"]
            write(self._file("done", job), _json({"page": page, **document_of(judged)}))
            self._file("jobs", job).unlink()
        (self.folder / "pages" / job).unlink(missing_ok=True)
        (self.folder / "working.json").unlink(missing_ok=True)

    def _file(self, part: str, job: str) -> Path:
        return self.folder / part / f"{job}.json"

    def _read_file(self, digest: str, masked: str) -> Path:
        return self.folder / "reads" / f"{digest}{'.' + masked if masked else ''}.json"

    def _files(self) -> list[tuple[str, Path]]:
        return [(part, path) for part in ("jobs", "done", "reads") for path in (self.folder / part).glob("*.json")]

    def _erase(self, part: str, path: Path) -> None:
        path.unlink(missing_ok=True)
        if part == "jobs":
            (self.folder / "pages" / path.stem).unlink(missing_ok=True)


def digest_of(page: bytes) -> str:
    """Lower-case hex SHA-256, as drafts name their pages."""
    return hashlib.sha256(page).hexdigest()


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


def _page_of(part: str, path: Path) -> str:
    """Digest of the page that a file belongs to; empty when it cannot be told."""
    if part == "reads":
        return path.name.partition(".")[0]
    try:
        return str(json.loads(path.read_bytes())["page"])
    except (FileNotFoundError, ValueError, KeyError):
        return ""


def _hints_told(hints: Sequence[Hint]) -> list[list[str]]:
    return [[hint.kind.value, hint.value] for hint in hints]


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()

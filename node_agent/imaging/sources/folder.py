"""Pages from a folder that a document camera, a scanner or a person fills.

Invariants:
- a path is given out only when its file is whole: unchanged for ``settle`` seconds and decodable to its last
  row; a file that never becomes so is given out after ``patience`` seconds without change, so that the page
  check refuses it by name and nothing is left out silently;
- order is the order of names; a page still being written holds back the pages after it;
- links are never followed; hidden and temporary files, folders and devices are no pages;
- a file is given out once; written anew under the same name (a page shot again) it is given out again.

Source: requirement A04.
"""

import re
import stat
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import watchfiles

from crypto.refusal import Refusal
from node_agent.imaging.check import inspect_file

SETTLE = 0.3
PATIENCE = 10.0
RULE = "A04"

_NO_PAGE = re.compile(
    r"[.~].*|.*~|.*\.(tmp|temp|part|partial|crdownload|download|swp|lock)|thumbs\.db|desktop\.ini", re.I
)
_UNFINISHED = frozenset({"PAGE_EMPTY", "PAGE_TRUNCATED"})

_Version = tuple[int, int, int]
"""Inode, bytes, modification time in nanoseconds: what tells one writing of a file from the next."""


@dataclass(slots=True)
class _Seen:
    version: _Version
    since: float
    whole: bool | None = None
    given: bool = False


class Settling:
    """The files of one folder and how long each has been still. ``now`` comes from the caller."""

    def __init__(self, folder: Path, settle: float = SETTLE, patience: float = PATIENCE) -> None:
        """``settle``, ``patience``: seconds. Refusal CAPTURE_FOLDER if ``folder`` is no folder."""
        if not folder.is_dir():
            raise Refusal("CAPTURE_FOLDER", RULE)
        self._folder = folder
        self._settle = settle
        self._patience = patience
        self._seen: dict[str, _Seen] = {}

    def take(self, now: float) -> list[Path]:
        """Files that are whole at ``now`` (seconds of any steady clock) and were not given out, by name."""
        self._look(now)
        ready: list[Path] = []
        for name in sorted(self._seen):
            seen = self._seen[name]
            if seen.given:
                continue
            if not self._is_whole(name, seen, now):
                break
            seen.given = True
            ready.append(self._folder / name)
        return ready

    @property
    def waiting(self) -> bool:
        """Whether a file was seen at the last look that has not been given out."""
        return any(not seen.given for seen in self._seen.values())

    def _look(self, now: float) -> None:
        present = {}
        for path in self._folder.iterdir():
            version = None if _NO_PAGE.fullmatch(path.name) else _version(path)
            if version is not None:
                present[path.name] = version
        for name in self._seen.keys() - present.keys():
            del self._seen[name]
        for name, version in present.items():
            if name not in self._seen or self._seen[name].version != version:
                self._seen[name] = _Seen(version, now)

    def _is_whole(self, name: str, seen: _Seen, now: float) -> bool:
        still = now - seen.since
        if still < self._settle:
            return False
        if seen.whole is None:
            seen.whole = _decodes(self._folder / name)
            # Written to while it was decoded: the verdict is about bytes that are gone.
            if _version(self._folder / name) != seen.version:
                seen.whole = None
                return False
        return seen.whole or still >= self._patience


def pages_in(folder: Path, settle: float = SETTLE, patience: float = PATIENCE) -> Iterator[Path]:
    """All pages now in ``folder``, by name, each when it is whole. Ends when every file seen was given out.

    ``settle``, ``patience``: seconds. Raises Refusal CAPTURE_FOLDER.
    """
    files = Settling(folder, settle, patience)
    while True:
        yield from files.take(time.monotonic())
        if not files.waiting:
            return
        time.sleep(settle / 2)


def watch_pages(
    folder: Path, stop: threading.Event, settle: float = SETTLE, patience: float = PATIENCE
) -> Iterator[Path]:
    """Pages of ``folder`` as they become whole, those already there first, until ``stop`` is set.

    ``settle``, ``patience``: seconds. Raises Refusal CAPTURE_FOLDER.
    """
    files = Settling(folder, settle, patience)
    # The folder is read anew at every tick; a change only makes the tick come early. So an event that the
    # system lost, or that came before the watch began, costs a moment and never a page.
    ticks = watchfiles.watch(
        folder,
        watch_filter=lambda change, path: True,
        recursive=False,
        stop_event=stop,
        rust_timeout=max(50, int(settle * 1000)),
        yield_on_timeout=True,
        debounce=200,
        raise_interrupt=True,
    )
    for _ in ticks:
        for path in files.take(time.monotonic()):
            if stop.is_set():
                return
            yield path


def _version(path: Path) -> _Version | None:
    """None for what is no regular file, and for a file that is gone."""
    try:
        facts = path.lstat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(facts.st_mode):
        return None
    return facts.st_ino, facts.st_size, facts.st_mtime_ns


def _decodes(path: Path) -> bool:
    """False while the content may still be incomplete; other refusals are for the page check."""
    try:
        inspect_file(path)
    except Refusal as refusal:
        return refusal.code not in _UNFINISHED
    except OSError:  # locked by its writer, or gone: the next look tells
        return False
    return True

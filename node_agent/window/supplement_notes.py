"""What was taken in for supplements and is not sealed yet: a note in the journal, files in a folder of the case.

Invariants:
- a note is changed only over what it said before, and erased only as it was read: what another command keeps meanwhile
  is never written over nor erased;
- files go when no note names them: those of a sealed addendum with its receipt, those of a page that was shot again
  with housekeeping, since somebody may be sealing them just now.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from crypto.refusal import Refusal
from node_agent.known.casemirror import DEMANDS, Recorded, history, last_of
from node_agent.process.runtime import Agent
from node_agent.window import drafts
from node_agent.window.drafts import DraftLine, DraftPage
from node_agent.window.ready import Lines

NOTE: Final = "supplement:"
FOLDER: Final = "supplements"
ENDING: Final = ("supplement_complete", "lapse", "withdraw")
"""Events after which a notice asks for nothing any more."""


def folder_of(agent: Agent, case_id: str) -> Path:
    """The folder of the case's pages, mode 0700."""
    path = agent.settings.home / FOLDER / case_id
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def load(agent: Agent, case_id: str) -> Lines:
    """Lines taken in and not sealed yet, by material. Refusal SUPPLEMENT_SEALED while an addendum is on its way."""
    return load_kept(agent, case_id)[1]


def load_kept(agent: Agent, case_id: str) -> tuple[bytes | None, Lines]:
    """The note as it is kept, with its lines. Refusal SUPPLEMENT_SEALED."""
    tidy(agent, case_id)
    kept = agent.journal.kept(NOTE + case_id)
    note = _read(kept)
    if _waits(agent, note):
        raise Refusal("SUPPLEMENT_SEALED", "T17; invariant 12", case=case_id)
    return kept, _lines(note)


def change(agent: Agent, case_id: str, make: Callable[[Lines], Lines]) -> Lines:
    """The lines changed and kept; made again on newer ones where another command kept them meanwhile."""

    def once() -> Lines:
        kept, lines = load_kept(agent, case_id)
        made = make(lines)
        agent.journal.keep_over(NOTE + case_id, kept, document(made))
        return made

    return drafts.again()(once)


def document(lines: Lines, sealed: str = "") -> bytes:
    """A note. ``sealed``: identity of the act that hands these lines in."""
    return json.dumps({"lines": {code: asdict(line) for code, line in lines.items()}, "sealed": sealed}).encode()


def begun(agent: Agent, case_id: str) -> bool:
    """Whether pages were taken in for a supplement of the case and wait to be sealed, or are on their way."""
    return bool(_read(agent.journal.kept(NOTE + case_id))["lines"])


def standing(told: list[Recorded]) -> Recorded | None:
    """The leaf of the notice that still asks for something, or None."""
    found = last_of(told, *ENDING, *DEMANDS)
    return found if found is not None and found.statement.type in DEMANDS else None


def tidy(agent: Agent, case_id: str) -> None:
    """Erase the pages of an addendum whose receipt is here. May be repeated."""
    kept = agent.journal.kept(NOTE + case_id)
    sealed = str(_read(kept)["sealed"])
    entry = agent.journal.entry(sealed) if sealed else None
    if entry is not None and entry.state == "DONE":
        _erase(agent, case_id, kept)


def sweep(agent: Agent, now: datetime) -> None:
    """Erase pages of supplements that will not be sealed here any more, and files that no note names.

    A supplement that waits for its answer is kept: one that the hub refuses is sealed again. ``now``: aware.
    """
    home = agent.settings.home / FOLDER
    cases = {path.name for path in home.iterdir()} if home.is_dir() else set()
    cases |= {name.removeprefix(NOTE) for name, _ in agent.journal.notes(NOTE)}
    for case_id in sorted(cases):
        tidy(agent, case_id)
        kept, folder = agent.journal.kept(NOTE + case_id), home / case_id
        note = _read(kept)
        if _waits(agent, note):
            continue
        oldest = now - timedelta(days=agent.settings.draft_days)
        if standing(history(agent.journal, case_id)) is None or _untouched(folder, oldest):
            _erase(agent, case_id, kept)
        _drop_unnamed(folder, _read(agent.journal.kept(NOTE + case_id)), now - drafts.WRITING_LASTS)


def pages_here(agent: Agent) -> set[str]:
    """Digests of the pages of supplements that wait to be sealed."""
    notes = [_read(value) for _, value in agent.journal.notes(NOTE)]
    lines = [line for note in notes if not _waits(agent, note) for line in _lines(note).values()]
    return {page.sha256 for line in lines for page in line.pages}


# --- pieces ----------------------------------------------------------------------------------------------------------


def _read(kept: bytes | None) -> Mapping[str, Any]:
    return dict(json.loads(kept)) if kept else {"lines": {}, "sealed": ""}


def _lines(note: Mapping[str, Any]) -> Lines:
    return {
        code: DraftLine(**{**line, "pages": tuple(DraftPage(**page) for page in line["pages"])})
        for code, line in note["lines"].items()
    }


def _waits(agent: Agent, note: Mapping[str, Any]) -> bool:
    """Whether the addendum of the note is on its way."""
    entry = agent.journal.entry(str(note["sealed"])) if note["sealed"] else None
    return entry is not None and entry.state == "WAITING"


def _erase(agent: Agent, case_id: str, kept: bytes | None) -> None:
    """The note as it was read, and the pages that it names; nothing where it says something else by now."""
    if kept is None or not agent.journal.forget_over(NOTE + case_id, kept):
        return
    note, folder = _read(kept), agent.settings.home / FOLDER / case_id
    drafts.forget_readings(agent, _lines(note).values())
    for name in _named(note):
        (folder / name).unlink(missing_ok=True)
    _drop_empty(folder)


def _drop_unnamed(folder: Path, note: Mapping[str, Any], before: datetime) -> None:
    """What a kill, or a page that was shot again, left; not what somebody may still be writing or sealing."""
    named = _named(note)
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name not in named and _untouched(path, before):
            path.unlink(missing_ok=True)
    if not named:
        _drop_empty(folder)


def _drop_empty(folder: Path) -> None:
    with suppress(OSError):  # not there, or not empty
        folder.rmdir()


def _named(note: Mapping[str, Any]) -> set[str]:
    """Names of the files of a note's pages."""
    return {name for line in _lines(note).values() for page in line.pages for name in page.files}


def _untouched(path: Path, since: datetime) -> bool:
    """Whether nothing came to a file or folder since then; True also when it is not there."""
    return not path.exists() or path.stat().st_mtime < since.timestamp()

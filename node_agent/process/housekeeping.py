"""What a kill or a full disk may leave in an agent's folder, and what must not lie there for long.

Invariants: a file is erased only when the journal does not name it and nobody can still be writing it; may be repeated.
"""

import logging
import os
import shutil
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from tempfile import gettempdir

from crypto.canonical import CHINA, time_text
from crypto.statement import read_signed
from node_agent.imaging.sources import scanner
from node_agent.paper import shelf
from node_agent.portal import masked as portal_masked
from node_agent.process.runtime import Agent
from node_agent.transfer import bounce
from node_agent.window import debts, outward, supplement_notes, survey
from node_agent.window import ends as window_ends
from node_agent.window import reading as window_reading
from node_agent.window.drafts import WRITING_LASTS

log = logging.getLogger(__name__)


def tidy(agent: Agent, now: datetime) -> None:
    """Receipts that were printed long ago or never sealed, sealed files that were never queued or are too many, drafts
    and supplements that ended or that nobody touched for long, what was read on pages that are here no more. ``now``:
    aware."""
    try:
        shelf.tidy(agent.settings.home, lambda digest: _public_no(agent, digest), now, agent.settings.receipt_hours)
        _sweep_spool(agent, now)
        bounce.bound_spool(agent)
        if agent.registry.directory.current(agent.identity.node).roles & {"window", "portal"}:
            window_ends.tidy(agent, now)
            supplement_notes.sweep(agent, now)
            for prefix in (debts.PREFIX, portal_masked.PREFIX):
                _sweep_folders(agent.settings.home, prefix, now)
            _sweep_folders(Path(gettempdir()), scanner.FOLDER, now)
            outward.tidy(agent, time_text(now))
            survey.tidy(agent, time_text(now))
            wanted = window_reading.in_open_drafts(agent) | supplement_notes.pages_here(agent)
            window_reading.sweep(agent, wanted, now)
    except OSError as error:
        log.warning("not tidied: %s", type(error).__name__)


def _public_no(agent: Agent, digest: str) -> str | None:
    """Public number of a queued seal."""
    entry = agent.journal.entry(digest)
    return str(read_signed(entry.envelope).body["public_no"]) if entry is not None else None


def _sweep_folders(where: Path, prefix: str, now: datetime) -> None:
    """Pages of a command that was killed while it took them in."""
    for path in where.glob(f"{prefix}*"):
        with suppress(OSError):
            told = path.lstat()
            if told.st_uid == os.getuid() and told.st_mtime < (now - WRITING_LASTS).timestamp():
                shutil.rmtree(path)  # a link is left alone


def _sweep_spool(agent: Agent, now: datetime) -> None:
    named = agent.journal.spool_files()
    for path in agent.spool.iterdir() if agent.spool.is_dir() else ():
        age = now - datetime.fromtimestamp(path.stat().st_mtime, CHINA)
        if path.name not in named and age > WRITING_LASTS:
            path.unlink(missing_ok=True)

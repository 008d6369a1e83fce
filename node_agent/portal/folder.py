"""The hook between a portal's front (a web page elsewhere on this machine) and its agent: two folders.

The front writes ``in/<name>/`` and, last, an empty file ``READY`` in it. The agent answers with ``out/<name>.json``:
for an application public number, check code and secret; for any order ``{"ok": …, "state": "WAITING"}``, and once the
hub has answered ``DONE`` or ``REFUSED``, with code, Chinese text and values of the refusal (``outcomes``). A folder
whose order was taken or refused is removed; one that only waits (hub away, list too old) stays.

Invariants: names are the front's own, of letters, digits and hyphens; an order is taken once, however often a kill
interrupts it; a bad folder never stops the next one.
"""

import logging
import re
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path

from crypto.refusal import Refusal
from hub.casework.messages import render
from node_agent.client.calls import NO_ANSWER
from node_agent.portal import orders, outcomes, papers, sealing
from node_agent.portal.sealing import Taken
from node_agent.process.runtime import Agent

READY = "READY"
LATER = NO_ANSWER | {
    *("SNAPSHOT_MISSING", "SNAPSHOT_TOO_OLD", "JOURNAL_UNWRITABLE", "SPOOL_UNWRITABLE", "NOT_PULLED"),
    "DRAFT_UNWRITABLE",
    "CASE_UNKNOWN_HERE",
}
"""Refusals after which the same order may be taken later."""
LOOK_SECONDS = 0.5
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")
log = logging.getLogger(__name__)


def take(agent: Agent, folder: Path, answers: Path) -> Taken:
    """One order, once: what became of it. Refusals of what it asks for, and APPLICATION_FORMAT for a bad name."""
    name = folder.name
    if _NAME.fullmatch(name) is None:
        raise Refusal("APPLICATION_FORMAT", papers.RULE, member="name")
    answers.mkdir(mode=0o700, parents=True, exist_ok=True)
    before = sealing.taken(agent, name)
    if before is not None:
        sealing.publish(answers, name)
        return before
    asked = papers.read(folder)
    if isinstance(asked, papers.Application):
        return sealing.apply(agent, name, asked, answers)
    return orders.carry_out(agent, name, asked, answers)


@dataclass
class PortalFolder:
    """The loop over ``root/in``; answers lie in ``root/out``."""

    agent: Agent
    root: Path

    def run(self, stop: threading.Event) -> None:
        """Look until ``stop`` is set."""
        while not stop.is_set():
            self.step()
            stop.wait(LOOK_SECONDS)

    def step(self) -> int:
        """Take what is ready; how many orders were taken or refused."""
        inbox, answers = self.root / "in", self.root / "out"
        outcomes.follow(self.agent, answers)
        inbox.mkdir(mode=0o700, parents=True, exist_ok=True)
        ready = sorted(path.parent for path in inbox.glob(f"*/{READY}"))
        return sum(self._take(folder, answers) for folder in ready)

    def _take(self, folder: Path, answers: Path) -> bool:
        try:
            made = take(self.agent, folder, answers)
        except Refusal as refusal:
            if refusal.code in LATER:
                return False
            log.info("order refused: %s", refusal.code)
            told = {"ok": False, "state": "REFUSED", "code": refusal.code, "message": render(refusal)}
            outcomes.tell(answers, folder.name, {**told, "values": dict(refusal.values)})
        else:
            if not (answers / f"{folder.name}.json").exists():
                told = {"ok": True, "state": "WAITING", "case": made.case, "public_no": made.public_no}
                outcomes.tell(answers, folder.name, told)
        shutil.rmtree(folder, ignore_errors=True)
        return True

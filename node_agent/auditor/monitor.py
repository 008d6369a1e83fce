"""A node watches that the log which proves its acts is the one log that it vouched for.

The sender fetches and verifies the proof of every receipted act and alarms when it is late
(``node_agent.transfer.sender``); a hub that shows this node a log of its own would pass that.
Here every such proof is held against the witnessed head.

Invariants:
- a proof counts once its checkpoint and the last one this node cosigned are proven to be of one log (RFC 9162 2.1.4);
- a fork is an alarm with both signed notes kept whole, and is looked at again at every round until it is explained.
"""

import logging
import threading

from crypto.log.proof import parse as parse_proof
from crypto.refusal import Refusal
from node_agent.auditor.witness import PASSING, last_signed, read_head, require_one_log
from node_agent.process.runtime import Agent

LOOK_SECONDS = 5.0
MOST = 256
log = logging.getLogger(__name__)


class Monitor:
    """Every node is one for its own acts. Blocking; one thread."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    def run(self, stop: threading.Event) -> None:
        """Look every five seconds until ``stop`` is set."""
        while not stop.is_set():
            self.step()
            stop.wait(LOOK_SECONDS)

    def step(self) -> int:
        """Hold new proofs against the witnessed log; how many are of it. Nothing to do before the first cosignature."""
        if last_signed(self._agent) is None:
            return 0
        return sum(self._check(digest) for digest in self._agent.journal.proofs_unchecked(MOST))

    def _check(self, digest: str) -> bool:
        journal = self._agent.journal
        text = journal.kept(f"proof:{digest}") or b""
        try:
            published = parse_proof(text).checkpoint.decode()
            head = read_head(published, self._agent.identity.pins)
            require_one_log(self._agent, published, head)
        except Refusal as refusal:
            if refusal.code not in PASSING:
                log.error("proof of an act is not of the witnessed log: %s", refusal.code)
            return False
        journal.keep(f"onelog:{digest}", head.root.hex().encode())
        return True

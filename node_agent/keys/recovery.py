"""The region's recovery key at work: the last resort when a department lost its keys and no window can wrap again.

A ceremony, not a service: the folder of the recovery node comes out of the safe, its key wraps the named cases to the
node that was registered anew, and the folder goes back. No page is opened; only data keys pass through memory.

Invariants: leaves are verified like everybody's before anything is done with them; what was done is in the log as a
``wrap`` by the recovery node; doing it again changes nothing.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from crypto.log import leaf as leaves
from crypto.refusal import Refusal
from node_agent.known.casemirror import history, recorded
from node_agent.process.runtime import Agent
from node_agent.transfer.leaf_check import verify_leaf
from node_agent.transfer.rewrap import rewrap, wrapped_keys
from node_agent.transfer.sender import Sender
from storage.journal import OutboxEntry

RULE = "architecture: key packets (recovery key)"


@dataclass(frozen=True)
class Recovered:
    """One case: its id, how many sealings were wrapped, and the refusal where it could not be done."""

    case: str
    sealings: int
    refusal: Refusal | None = None


def recover(agent: Agent, names: Sequence[str], recipient: str, seconds: float = 60.0) -> list[Recovered]:
    """Wrap all sealings of the cases to the recipient's key of now; waits for the hub's answers.

    ``names``: case ids, case numbers or public numbers. Refusals SUBJECT_UNKNOWN, KEY_REVOKED (the recipient has no
    valid key), HUB_UNAVAILABLE; those of single cases are in the result.
    """
    agent.registry.refresh(agent.hub)
    directory = agent.registry.directory
    directory.current(agent.identity.node)
    wanted = directory.current(recipient).kem.id
    made: list[Recovered] = []
    queued: dict[str, list[str]] = {}
    for name in names:
        try:
            case_id = _fetch(agent, name)
            queued[case_id] = _wrap_all(agent, case_id, recipient, wanted)
        except Refusal as refusal:
            made.append(Recovered(name, 0, refusal))
    _send(agent, seconds)
    return made + [_result(agent, case_id, digests) for case_id, digests in queued.items()]


def _fetch(agent: Agent, name: str) -> str:
    """The leaves of a case into the journal, each verified; the case's id."""
    case_id, last = "", -1
    while page := agent.hub.case_leaves(name, last):
        for data in page:
            leaf = leaves.decode(data)
            last = leaf.index
            case_id = case_id or recorded(data).statement.case or ""
            if data not in agent.journal.leaves(case_id):
                verify_leaf(agent, leaf.index, case_id, data)
                agent.journal.receive([(leaf.index, case_id, data)])
    return case_id


def _wrap_all(agent: Agent, case_id: str, recipient: str, wanted: str) -> list[str]:
    keys = wrapped_keys([one.statement for one in history(agent.journal, case_id)])
    mine = sorted(manifest for manifest, to in keys if to == agent.identity.node)
    if not mine:
        raise Refusal("KEYS_MISSING", RULE, recipient=agent.identity.node)
    todo = [manifest for manifest in mine if wanted not in keys.get((manifest, recipient), set())]
    return [rewrap(agent, case_id, recipient, manifest) for manifest in todo]


def _send(agent: Agent, seconds: float) -> None:
    """The recovery node has no running agent: this is its sender."""
    sender, stop = Sender(agent), threading.Event()
    end = time.monotonic() + seconds
    while agent.journal.waiting(1) and time.monotonic() < end:
        if not sender.step():
            stop.wait(0.2)


def _result(agent: Agent, case_id: str, digests: Sequence[str]) -> Recovered:
    entries: list[OutboxEntry] = [entry for entry in map(agent.journal.entry, digests) if entry is not None]
    refused = [entry.refusal for entry in entries if entry.refusal is not None]
    if not refused and any(entry.state == "WAITING" for entry in entries):
        refused = [Refusal("HUB_UNAVAILABLE", "promise 6")]
    done = sum(entry.state == "DONE" for entry in entries)
    return Recovered(case_id, done, refused[0] if refused else None)

"""What an operator sees of a node's keys."""

import json
from typing import Any

from node_agent.keys.new_keys import FOLDER
from node_agent.keys.older_keys import DESTROYED, still_needed
from node_agent.known.casemirror import history
from node_agent.process.runtime import Agent
from node_agent.transfer.rewrap import wrapped_keys


def status(agent: Agent) -> dict[str, Any]:
    """Keys of this node, a rotation under way, older keys with what needs them, destroyed keys; times in UTC+8."""
    directory, node = agent.registry.directory, agent.identity.node
    record, proposal = directory.newest(node), directory.proposal(node)
    unreadable = [case for case in agent.journal.case_ids() if _unreadable(agent, case)]
    return {
        "node": node,
        "epoch": directory.epoch,
        "keys": {purpose: key.id for purpose, key in sorted(record.keys.items())} if record else {},
        "revoked": record is not None and record not in directory.records(),
        "planned": (agent.identity.home / FOLDER).is_dir(),
        "proposal": {
            "record": proposal.record.digest,
            "announced_at": proposal.announced_at,
            "ready_at": proposal.ready_at,
        }
        if proposal
        else None,
        "older": still_needed(agent),
        "destroyed": json.loads(agent.journal.kept(DESTROYED) or b"{}"),
        "unreadable": unreadable,
    }


def _unreadable(agent: Agent, case_id: str) -> bool:
    """Whether the log wraps a sealing of the case to this node, and to no key that is here."""
    wraps = wrapped_keys([one.statement for one in history(agent.journal, case_id)])
    mine = [keys for (_, recipient), keys in wraps.items() if recipient == agent.identity.node]
    return any(not any(map(agent.identity.holds, keys)) for keys in mine)

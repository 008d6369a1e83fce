"""Keys for who is asked for an opinion on a parent: the lines of its part, and nothing else (P13; issue 4, part 4).

Invariants: decided from verified leaves and this node's own journal; may be repeated; only who sealed the parent wraps.
"""

from crypto.refusal import Refusal
from crypto.statement import read_signed
from hub.casework.parents import share
from node_agent.known.casemirror import Recorded, last_of, mirror
from node_agent.process.runtime import Agent
from node_agent.transfer.rewrap import wrap_again, wrapped_keys
from storage.journal import OutboxEntry


def give_keys(agent: Agent, case_id: str, told: list[Recorded]) -> list[OutboxEntry]:
    """Queue packets for departments that the hub asked and that have none under their key of now; what was queued.

    Refusals of ``wrap_again``.
    """
    sealed = last_of(told, "seal_parent")
    asked = [str(one.statement.body.get("node")) for one in told if one.statement.type == "consult_part"]
    if sealed is None or sealed.statement.actor.node != agent.identity.node or not asked:
        return []
    digest, file = str(sealed.statement.body["manifest"]), mirror(agent, case_id).file
    if file is None:
        return []
    made = []
    for node in dict.fromkeys(asked):
        lines = share.consulted_lines(file, node)
        if lines and not _given(agent, case_id, told, digest, node):
            made.append(wrap_again(agent, case_id, node, digest, lines))
    if made:
        agent.journal.queue(made)
    return made


def _given(agent: Agent, case_id: str, told: list[Recorded], digest: str, node: str) -> bool:
    """Whether packets to the node's key of now stand in the log or wait; also while it has no valid key."""
    try:
        current = agent.registry.directory.current(node).kem.id
    except Refusal:
        return True
    acts = [act for act in agent.journal.acts(case_id) if act.event == "wrap" and act.state != "REFUSED"]
    keys = wrapped_keys([*(one.statement for one in told), *(read_signed(act.envelope) for act in acts)])
    return current in keys.get((digest, node), set())

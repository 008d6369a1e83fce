"""A node's older decryption keys: what still needs them, and what nobody lets this node wrap again any more."""

import json

from crypto import canonical
from crypto.keyid import key_id
from crypto.statement import read_signed
from node_agent.known.casemirror import history
from node_agent.process.runtime import Agent
from node_agent.transfer import pulling
from node_agent.transfer.rewrap import wrapped_keys

DESTROYED = "rotation.destroyed"
GIVEN_UP = "rotation.given-up"
SETTLED = frozenset({"NOT_YOUR_CASE", "KEYS_MISSING", "PACKET_UNREADABLE"})
"""Refusals of a wrap that stay until somebody's decryption key changes again."""


def given_up(agent: Agent) -> set[tuple[str, str]]:
    """Sealings (manifest digest) and recipients whose wrap ended with a ``SETTLED`` refusal under the keys of now."""
    kept = json.loads(agent.journal.kept(GIVEN_UP) or b"{}")
    epoch = agent.registry.directory.kem_epoch
    return {(manifest, recipient) for manifest, recipient in kept.get("sealings", ()) if kept["epoch"] == epoch}


def give_up(agent: Agent, manifest: str, recipient: str) -> None:
    """Wrap this sealing to this recipient no more, until somebody's decryption key changes again."""
    sealings = sorted({*given_up(agent), (manifest, recipient)})
    value = {"epoch": agent.registry.directory.kem_epoch, "sealings": [list(one) for one in sealings]}
    agent.journal.keep(GIVEN_UP, canonical.encode(value))


def _refused_to_us(agent: Agent, case_id: str, now: str) -> set[str]:
    """Sealings of a case whose wrap to this node's key ``now`` the law refused for good."""
    refused = [
        read_signed(act.envelope).body
        for act in agent.journal.acts(case_id)
        if act.event == "wrap" and act.refusal is not None and act.refusal.code in SETTLED
    ]
    to_us = (agent.identity.node, now)
    return {str(body["manifest"]) for body in refused if (body["recipient"], body["recipient_key"]) == to_us}


def still_needed(agent: Agent) -> dict[str, int]:
    """Sealings, by older key of this node, that the log does not wrap to its key of now (yet).

    Left out: those that this node may not wrap any more; their keys would be kept for ever, and for nothing.
    """
    own, node = agent.identity.kem, agent.identity.node
    now, older = key_id(own.suite, own.public), set(agent.identity.older_kem())
    needed, left = dict.fromkeys(older, 0), {manifest for manifest, recipient in given_up(agent) if recipient == node}
    for case_id in agent.journal.case_ids() if older else ():
        over = left | _refused_to_us(agent, case_id, now)
        told = [one.statement for one in history(agent.journal, case_id)]
        for (manifest, recipient), keys in wrapped_keys(told).items():
            if recipient == node and now not in keys and manifest not in over:
                for keyid in keys & older:
                    needed[keyid] += 1
    return needed


def refresh_kept_packets(agent: Agent) -> None:
    """Packets of pulled sealings that are kept here, replaced by those to the key of now once they are in the log."""
    own = agent.identity.kem
    now = key_id(own.suite, own.public)
    for case_id in agent.journal.case_ids():
        for act in agent.journal.acts(case_id):
            if act.event != "wrap" or act.state != "DONE" or not act.packets:
                continue
            manifest = str(read_signed(act.envelope).body["manifest"])
            to_us = {(packet.recipient, packet.recipient_key) for packet in act.packets} == {(agent.identity.node, now)}
            kept = agent.journal.kept(pulling.packets_note(case_id, manifest))
            if (
                to_us
                and kept is not None
                and any(one.recipient_key != now for one in pulling.kept_packets(agent, case_id, manifest))
            ):
                pulling.keep_packets(agent, case_id, manifest, act.packets)

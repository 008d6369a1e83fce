"""Recipients who had no valid key when a case was sealed: wrapped to as soon as their key is known here.

Invariants:
- who is owed a wrap is noted in the transaction that queues the seal, so neither a kill nor a lost minute forgets one;
- ``mend`` may be repeated at any time: a recipient is wrapped to once, and a key that goes later is the business of
  ``rewrap`` and the sender;
- nothing is asked of the hub: the data keys come back through this node's own packet in the journal.
"""

from collections.abc import Sequence

from crypto import canonical, identity
from crypto.records import KeyRecord
from crypto.refusal import Refusal
from crypto.statement import read_signed
from node_agent.process.runtime import Agent
from node_agent.transfer.rewrap import rewrap

NOTE = "unwrapped:"


def note_of(case_id: str, manifest: str, waiting_for: Sequence[str]) -> dict[str, bytes]:
    """The note to keep with a seal, by name; empty when nobody is owed. ``waiting_for``: node ids or names."""
    if not waiting_for:
        return {}
    return {f"{NOTE}{manifest}:{case_id}": canonical.encode({"case": case_id, "waiting_for": list(waiting_for)})}


def owed_in(agent: Agent, case_id: str) -> tuple[str, ...]:
    """Who of the recipients of this case has no valid key yet, as noted at its sealings."""
    values = [canonical.parse(data) for _, data in agent.journal.notes(NOTE)]
    waiting = [value["waiting_for"] for value in values if value["case"] == case_id]
    return tuple(dict.fromkeys(str(who) for names in waiting if isinstance(names, list) for who in names))


def mend(agent: Agent) -> bool:
    """Queue the wraps that can be made now; whether any was. Refusals of ``rewrap``."""
    moved = False
    for name, data in agent.journal.notes(NOTE):
        value, manifest = canonical.parse(data), name.removeprefix(NOTE).partition(":")[0]
        case_id, waiting = str(value["case"]), value["waiting_for"]
        assert isinstance(waiting, list)  # written by ``note_of``
        left = [who for who in waiting if not _wrapped(agent, case_id, manifest, str(who))]
        moved = moved or len(left) < len(waiting)
        if not left or _withdrawn(agent, case_id, manifest):
            agent.journal.forget(name)
        elif len(left) < len(waiting):
            agent.journal.keep(name, canonical.encode({"case": case_id, "waiting_for": left}))
    return moved


def _wrapped(agent: Agent, case_id: str, manifest: str, who: str) -> bool:
    """Whether the recipient has a wrap now, made here if need be; False while it has no key."""
    record = _record(agent, who)
    if record is None:
        return False
    for entry in agent.journal.acts(case_id):
        if entry.event == "wrap":
            body = read_signed(entry.envelope).body
            if (body["manifest"], body["recipient"]) == (manifest, record.subject):
                return True
    rewrap(agent, case_id, record.subject, manifest)
    return True


def _record(agent: Agent, who: str) -> KeyRecord | None:
    directory = agent.registry.directory
    if "/" not in who:
        departments = directory.nodes("department")
        return next((record for record in departments if identity.node_name(record.subject) == who), None)
    try:
        return directory.current(who)
    except Refusal:
        return None


def _withdrawn(agent: Agent, case_id: str, manifest: str) -> bool:
    """Whether the seal was refused: nobody needs its keys."""
    acts = agent.journal.acts(case_id)
    return all(entry.refusal is not None for entry in acts if entry.needs_upload == manifest)

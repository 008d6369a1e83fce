"""Data keys wrapped again, to a recipient whose key changed or who joined later, without a new upload.

Who wraps again when a key changed (``owed``):
- whoever rotated its key still holds the old one and wraps to itself;
- for a node that was registered anew without its older keys (they are lost), who made the sealing does it; if that is
  the node itself, the collecting node, else the accepting one; for a carriers' gateway who gave it the parcel; the
  region's recovery key is the last resort (``node_agent.keys.recovery``).

Invariants: keys come back only through packets that were wrapped to this node itself; they leave memory as packets.
"""

from collections.abc import Collection, Sequence

from crypto import canonical
from crypto.manifest import Manifest
from crypto.manifest import read as read_manifest
from crypto.refusal import Refusal
from crypto.sealing import KeyPacket
from crypto.statement import Statement, read_signed
from hub.casework.facts import ADDRESS
from node_agent.known.casemirror import SEALS, Recorded, history, kept_manifest
from node_agent.process.runtime import Agent
from node_agent.transfer import pulling
from node_agent.transfer.sealer import wrap_entry
from storage.journal import OutboxEntry

NAMING = frozenset({"wrap", "open_document", "delivered", "taken_up", "constructive_take_up"})
"""Events that name a sealing that another act brought into the case."""


def rewrap(agent: Agent, case_id: str, recipient: str, manifest_digest: str | None = None) -> str:
    """Wrap the data keys again to the recipient's current key, without a new upload; payload digest.

    Refusals SEALING_UNKNOWN and those of ``wrap_again``.
    """
    entry = wrap_again(agent, case_id, recipient, manifest_digest or _manifest_of(agent, case_id))
    agent.journal.queue([entry])
    return entry.payload_digest


def wrap_again(
    agent: Agent, case_id: str, recipient: str, digest: str, lines: Collection[str] | None = None
) -> OutboxEntry:
    """A ``wrap`` of the data keys of a sealing to the recipient's current key, ready to be queued.

    ``lines``: these alone; None for all that this node has. Keys come back through this node's own packets: those kept
    here, else the hub's. A gateway gets the address line alone (H01). Refusals PACKET_UNREADABLE, KEYS_MISSING,
    SUBJECT_UNKNOWN, KEY_REVOKED, hub's.
    """
    record = agent.registry.directory.current(recipient)
    manifest = _read_manifest(agent, case_id, digest)
    allowed = {line.line for line in manifest.lines if "gateway" not in record.roles or line.material == ADDRESS}
    keys = {
        (packet.line, packet.rendition): agent.identity.unwrap(manifest.case, manifest.revision, packet)
        for packet in _own_packets(agent, case_id, digest)
        if packet.line in allowed and (lines is None or packet.line in lines)
    }
    if not keys:
        raise Refusal("KEYS_MISSING", "architecture: key packets", recipient=recipient)
    return wrap_entry(
        agent.identity,
        agent.journal,
        role=machine_role(agent),
        case=case_id,
        revision=manifest.revision,
        manifest_digest=digest,
        keys=keys,
        recipient=record,
        bound_to=manifest.case,
    )


def machine_role(agent: Agent) -> str:
    """The role in which this node speaks where nobody of its staff does."""
    roles = agent.registry.directory.current(agent.identity.node).roles
    return next(role for role in ("window", "department", "recovery", *sorted(roles)) if role in roles)


def _manifest_of(agent: Agent, case_id: str) -> str:
    """Digest of the newest sealing that this node made of the case. Refusal SEALING_UNKNOWN."""
    for entry in reversed(agent.journal.acts(case_id)):
        if entry.needs_upload and entry.state != "REFUSED":
            return entry.needs_upload
    raise Refusal("SEALING_UNKNOWN", "architecture: key packets", case=case_id[:32])


def _read_manifest(agent: Agent, case_id: str, digest: str) -> Manifest:
    data = kept_manifest(agent.journal, digest) or agent.hub.grant_download(case_id, digest)[1]
    if canonical.digest(data) != digest:
        raise Refusal("MANIFEST_MISMATCH", "promise 4", member="digest")
    return read_manifest(data)


def owed(agent: Agent, case_id: str) -> list[tuple[str, str]]:
    """Sealings (manifest digest) and recipients that this node has to wrap again to, from what is known here.

    A wrap that was queued counts as done, whatever became of it: what the law refused is not asked again and again. A
    recipient without a valid key is left out until it has one.
    """
    told = history(agent.journal, case_id)
    keys = wrapped_keys([one.statement for one in told])
    for act in agent.journal.acts(case_id):
        if act.event == "wrap":
            for place, held in wrapped_keys([read_signed(act.envelope)]).items():
                keys.setdefault(place, set()).update(held)
    me = agent.identity.node
    own = {manifest for (manifest, to), held in keys.items() if to == me and any(map(agent.identity.holds, held))}
    return sorted(
        (manifest, recipient)
        for (manifest, recipient), held in keys.items()
        if manifest in own and _is_stale(agent, told, manifest, recipient, held)
    )


def wrapped_keys(statements: Sequence[Statement]) -> dict[tuple[str, str], set[str]]:
    """Key ids that ``wrap`` statements wrap to, by manifest digest and recipient."""
    keys: dict[tuple[str, str], set[str]] = {}
    for one in statements:
        if one.type == "wrap":
            place = (str(one.body.get("manifest")), str(one.body.get("recipient")))
            keys.setdefault(place, set()).add(str(one.body.get("recipient_key")))
    return keys


def _is_stale(agent: Agent, told: Sequence[Recorded], manifest: str, recipient: str, keys: set[str]) -> bool:
    """Whether nothing is wrapped to the recipient's key of now, and it falls to this node to mend that."""
    directory, me = agent.registry.directory, agent.identity.node
    try:
        record = directory.current(recipient)
    except Refusal:
        return False
    if record.kem.id in keys:
        return False
    if recipient == me:
        return True
    named = [one.statement.body["accepting_node"] for one in told if "accepting_node" in one.statement.body]
    accepting = str(named[-1]) if named else ""
    collecting = next((one.statement.actor.node for one in told if one.statement.type in SEALS), "")
    wrappers = [_sender(told, recipient)] if "gateway" in record.roles else [_sealer(told, manifest), collecting]
    wrappers.append(accepting)
    if me != next((node for node in wrappers if node not in ("", recipient)), ""):
        return False
    if "gateway" in record.roles or recipient in (collecting, accepting):
        return all(map(directory.lost, keys))
    # The recovery key lies in a safe, and a department that the case did not reach yet does not know of it.
    return "recovery" in record.roles or not accepting


def _sender(told: Sequence[Recorded], gateway: str) -> str:
    """Who gave this gateway its newest parcel of the case (D4, O14), or an empty text."""
    for one in reversed(told):
        if one.statement.type in ("post", "pack") and one.statement.body.get("gateway") == gateway:
            return one.statement.actor.node
    return ""


def _sealer(told: Sequence[Recorded], manifest: str) -> str:
    """The node that brought a sealing into the case, or an empty text."""
    for one in told:
        if one.statement.body.get("manifest") == manifest and one.statement.type not in NAMING:
            return one.statement.actor.node
    return ""


def _own_packets(agent: Agent, case_id: str, digest: str) -> Sequence[KeyPacket]:
    """Packets to this node under a key that is here: those queued or pulled here, else the hub's.

    The hub is asked last: of a case that went elsewhere it gives nothing any more.
    """
    for entry in agent.journal.acts(case_id):
        if entry.event != "wrap":
            continue
        body = read_signed(entry.envelope).body
        ours = body["manifest"] == digest and body["recipient"] == agent.identity.node
        if ours and agent.identity.holds(str(body["recipient_key"])):
            return entry.packets
    pulled = [one for one in _pulled_packets(agent, case_id, digest) if agent.identity.holds(one.recipient_key)]
    if pulled:
        return pulled
    return [one for one in agent.hub.key_packets(case_id, digest) if agent.identity.holds(one.recipient_key)]


def _pulled_packets(agent: Agent, case_id: str, digest: str) -> Sequence[KeyPacket]:
    try:
        return pulling.kept_packets(agent, case_id, digest)
    except Refusal:
        return ()

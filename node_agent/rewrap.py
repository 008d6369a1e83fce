"""Data keys wrapped again, to a recipient whose key changed or who joined later, without a new upload.

Invariants: keys come back only through packets that were wrapped to this node itself; they leave memory as packets.
"""

from collections.abc import Sequence

from crypto import canonical
from crypto.manifest import Manifest
from crypto.manifest import read as read_manifest
from crypto.records import PublicKey
from crypto.refusal import Refusal
from crypto.sealing import KeyPacket, unwrap_key
from crypto.statement import read_signed
from hub.casework.guards import ADDRESS
from node_agent.casemirror import kept_manifest
from node_agent.runtime import Agent
from node_agent.sealer import wrap_entry


def rewrap(agent: Agent, case_id: str, recipient: str, manifest_digest: str | None = None) -> str:
    """Wrap the data keys again to the recipient's current key, without a new upload; payload digest.

    Keys come back through this node's own packets: those queued here, else the hub's. A gateway gets the address line
    alone (H01). Refusals SEALING_UNKNOWN, PACKET_UNREADABLE, KEYS_MISSING, SUBJECT_UNKNOWN, KEY_REVOKED, hub's.
    """
    record = agent.registry.directory.current(recipient)
    digest = manifest_digest or _manifest_of(agent, case_id)
    manifest = _read_manifest(agent, case_id, digest)
    allowed = {line.line for line in manifest.lines if "gateway" not in record.roles or line.material == ADDRESS}
    private = agent.identity.kem
    keys = {
        (packet.line, packet.rendition): unwrap_key(private, case_id, manifest.revision, packet)
        for packet in _own_packets(agent, case_id, digest)
        if packet.line in allowed
    }
    if not keys:
        raise Refusal("KEYS_MISSING", "architecture: key packets", recipient=recipient)
    entry = wrap_entry(
        agent.identity,
        agent.journal,
        role=_machine_role(agent),
        case=case_id,
        revision=manifest.revision,
        manifest_digest=digest,
        keys=keys,
        recipient=record,
    )
    agent.journal.queue([entry])
    return entry.payload_digest


def _machine_role(agent: Agent) -> str:
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


def _own_packets(agent: Agent, case_id: str, digest: str) -> Sequence[KeyPacket]:
    own_key = agent.identity.kem
    for entry in agent.journal.acts(case_id):
        if entry.event != "wrap":
            continue
        body = read_signed(entry.envelope).body
        if body["manifest"] == digest and body["recipient_key"] == PublicKey(own_key.suite, own_key.public).id:
            return entry.packets
    return agent.hub.key_packets(case_id, digest)

"""Whether the hub's answer to an act may be believed (promises 2, 4, 5).

Invariants:
- *sequenced* counts only under the hub's valid node key of our own directory, over our payload digest and our log;
  for an act with a sealing it names the stored version of exactly the object that was uploaded;
- *proven* counts only when a leaf with our statement stands at the receipt's place under the pinned log keys.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from crypto import canonical
from crypto.log import leaf as leaves
from crypto.log import merkle, proof
from crypto.manifest import SEALING_EVENTS
from crypto.manifest import read as read_manifest
from crypto.refusal import Refusal
from crypto.statement import RECEIPT_TYPE, read_envelope
from node_agent.known.snapshot import require_hub_signature
from node_agent.process.runtime import Agent
from storage.journal import OutboxEntry

RULE = "promises 4, 5"
_MEMBERS = {"v", "payload_digest", "origin", "index", "recorded_at", "assigned", "objects"}


@dataclass(frozen=True)
class Receipt:
    """What a verified receipt says. ``index``: leaf; ``recorded_at``: legal time, text in UTC+8."""

    index: int
    recorded_at: str
    assigned: Mapping[str, str]
    case_no: str


def verify_receipt(agent: Agent, entry: OutboxEntry, data: bytes) -> Receipt:
    """The receipt in ``data`` for a queued act. Refusal RECEIPT_UNTRUSTED with ``problem``.

    1. Form. 2. The hub's signature. 3. Our statement, our log. 4. The object version, where the act has an object.
    """
    try:
        envelope = read_envelope(data, RECEIPT_TYPE)
        value = canonical.parse(envelope.payload)
        require_hub_signature(agent.registry.directory, envelope, agent.settings.hub_node)
    except Refusal as refusal:
        raise _untrusted(entry, refusal.code) from refusal
    index, assigned = value.get("index"), value.get("assigned")
    if set(value) != _MEMBERS or value["v"] != 1 or type(index) is not int or not isinstance(assigned, dict):
        raise _untrusted(entry, "FORM")
    if value["payload_digest"] != entry.payload_digest or value["origin"] != agent.identity.pins.origin:
        raise _untrusted(entry, "OTHER_STATEMENT")
    if entry.event in SEALING_EVENTS and entry.needs_upload is not None:
        _require_object(agent, entry, value["objects"], assigned)
    given = {str(name): str(text) for name, text in assigned.items()}
    return Receipt(index, str(value["recorded_at"]), given, given.get("case_no", ""))


def verify_proven(agent: Agent, entry: OutboxEntry, text: str) -> bool:
    """Whether the tlog-proof shows our statement in the log; False while the leaf has not arrived here.

    Refusal RECEIPT_CONTRADICTED when leaf or proof differ from what the hub signed.
    """
    said = verify_receipt(agent, entry, entry.receipt)
    kept = agent.journal.leaves(entry.case_id) if entry.case_id else agent.journal.registry()
    data = next((data for data in kept if leaves.decode(data).index == said.index), None)
    if data is None:
        return False
    try:
        leaf, shown = leaves.decode(data), proof.parse(text.encode())
        same = read_envelope(leaf.envelope).digest == entry.payload_digest and leaf.recorded_at == said.recorded_at
        if not same or shown.index != said.index:
            raise Refusal("RECEIPT_CONTRADICTED", RULE, index=said.index)
        proof.verify_proof(shown, merkle.leaf_hash(data), agent.identity.pins.log_verifiers())
    except Refusal as refusal:
        raise Refusal("RECEIPT_CONTRADICTED", RULE, index=said.index, cause=refusal.code) from refusal
    return True


def _require_object(agent: Agent, entry: OutboxEntry, objects: object, assigned: Mapping[str, object]) -> None:
    upload = agent.journal.upload(entry.needs_upload or "")
    first = objects[0] if isinstance(objects, list) and len(objects) == 1 else None
    if upload is None or not isinstance(first, dict):
        raise _untrusted(entry, "OBJECT_MISSING")
    manifest = read_manifest(upload.manifest)
    if (first.get("key"), first.get("size")) != (manifest.object_key, manifest.size):
        raise _untrusted(entry, "OTHER_OBJECT")
    if not first.get("version_id") or first["version_id"] != assigned.get("object_version"):
        raise _untrusted(entry, "OBJECT_VERSION")


def _untrusted(entry: OutboxEntry, problem: str) -> Refusal:
    return Refusal("RECEIPT_UNTRUSTED", RULE, event=entry.event, digest=entry.payload_digest, problem=problem)

"""The signed directory snapshot: what a window goes on with when the hub is away (promise 6).

Invariants:
- nothing of a snapshot is kept before all of it was verified: 1. checkpoint under the pinned log keys; 2. every
  registry leaf under that checkpoint; 3. every registry leaf replayed under the pinned registrar keys; 4. the hub's
  signature by that directory; 5. catalogue and calendar are the newest published ones, by digest; 6. nothing that
  was known before is missing or different;
- a snapshot has a greatest age, the hub's or ``MOST_HOURS``, whichever is less; beyond it the window refuses instead
  of working on old lists (D01, D08).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from crypto import canonical, suites
from crypto.directory import Directory
from crypto.evidence.pins import Pins
from crypto.log import leaf as leaves
from crypto.log import merkle, proof
from crypto.log.checkpoint import Checkpoint, verify_checkpoint
from crypto.refusal import Refusal
from crypto.statement import SNAPSHOT_TYPE, Envelope, read_envelope
from node_agent.known.registry import AgentRegistry
from node_agent.process.runtime import Agent

if TYPE_CHECKING:
    from node_agent.client.hub import SnapshotParts

RULE = "promise 6; D08"
NOTE = "snapshot"
MOST_HOURS = 72
"""A key that was revoked is unknown to a window for at most so long, whatever the hub says (H09)."""
CLOCK_TOLERANCE = timedelta(minutes=5)
T = TypeVar("T")
_MEMBERS = {"v", "catalogue", "calendar", "epoch", "checkpoint", "made_at", "greatest_age_hours"}


@dataclass(frozen=True)
class KeptSnapshot:
    """What the journal remembers: versions, registry position, log size; ``made_at`` in UTC+8, ``greatest_age``."""

    catalogue: str
    calendar: str
    epoch: int
    log_size: int
    made_at: datetime
    greatest_age: timedelta

    @property
    def ends_at(self) -> datetime:
        """The last moment at which work may rest on it."""
        return self.made_at + self.greatest_age


def fetch_snapshot(agent: Agent) -> KeptSnapshot:
    """Fetch, verify and keep the hub's snapshot; ``agent.registry`` is the verified one afterwards.

    Refusals SNAPSHOT_FORMAT, SNAPSHOT_UNTRUSTED (``step`` says which of the numbered checks, ``cause`` why), and those
    of the hub client.
    """
    parts = agent.hub.snapshot()
    envelope, payload = _payload(parts.envelope)
    pins = agent.identity.pins
    checkpoint = _checked("1 checkpoint", lambda: _checkpoint(payload, pins))
    _checked("2 inclusion", lambda: _require_included(parts, payload, checkpoint, pins))
    directory = _checked("3 registry", lambda: _replay(parts, payload, pins))
    _checked("4 signature", lambda: require_hub_signature(directory, envelope, agent.settings.hub_node))
    _checked("5 documents", lambda: _require_documents(parts, payload, directory))
    _checked("6 rollback", lambda: _require_forward(agent, parts, checkpoint))
    agent.journal.keep_registry(list(enumerate(parts.registry_leaves, start=1)))
    for document in (parts.catalogue, parts.calendar):
        agent.journal.keep(f"document:{canonical.digest(document)}", document)
    agent.journal.keep(NOTE, parts.envelope)
    agent.registry = AgentRegistry(agent.journal, pins)
    return _kept(payload, checkpoint.size)


def kept_snapshot(agent: Agent) -> KeptSnapshot | None:
    """The snapshot that was verified and kept last, or None."""
    data = agent.journal.kept(NOTE)
    if data is None:
        return None
    _, payload = _payload(data)
    return _kept(payload, _checkpoint(payload, agent.identity.pins).size)


def require_fresh(agent: Agent, now: datetime) -> KeptSnapshot:
    """The kept snapshot if work may rest on it at ``now`` (with a time zone).

    Refusals SNAPSHOT_MISSING, SNAPSHOT_TOO_OLD, SNAPSHOT_FROM_FUTURE (this machine's clock is behind the hub's).
    """
    found = kept_snapshot(agent)
    if found is None:
        raise Refusal("SNAPSHOT_MISSING", RULE)
    if now > found.ends_at:
        raise Refusal(
            "SNAPSHOT_TOO_OLD",
            RULE,
            made_at=canonical.time_text(found.made_at),
            hours=int(found.greatest_age.total_seconds() // 3600),
        )
    if now < found.made_at - CLOCK_TOLERANCE:
        raise Refusal(
            "SNAPSHOT_FROM_FUTURE", RULE, made_at=canonical.time_text(found.made_at), now=canonical.time_text(now)
        )
    return found


def require_hub_signature(directory: Directory, envelope: Envelope, hub_node: str) -> None:
    """One signature of ``envelope`` is by the hub's valid ``sign`` key of this directory.

    Refusals SIGNER_UNKNOWN, KEY_REVOKED, SIGNATURE_INVALID, HUB_SIGNATURE_MISSING.
    """
    for keyid, signature in envelope.signatures:
        entry = directory.entry(keyid)
        if entry.record.subject == hub_node and entry.purpose == "sign":
            suites.verify(entry.key.suite, entry.key.public, signature, envelope.signed_bytes)
            return
    raise Refusal("HUB_SIGNATURE_MISSING", "promise 2", node=hub_node)


def _payload(data: bytes) -> tuple[Envelope, Mapping[str, object]]:
    envelope = read_envelope(data, SNAPSHOT_TYPE)
    payload = canonical.parse(envelope.payload)
    if set(payload) != _MEMBERS or payload["v"] != 1:
        raise Refusal("SNAPSHOT_FORMAT", RULE, members=",".join(sorted(payload)))
    shapes = (
        isinstance(payload["checkpoint"], str),
        type(payload["epoch"]) is int,
        type(payload["greatest_age_hours"]) is int,
        all(_is_named(payload[kind]) for kind in ("catalogue", "calendar")),
    )
    if not all(shapes):
        raise Refusal("SNAPSHOT_FORMAT", RULE, members="types")
    return envelope, payload


def _is_named(value: object) -> bool:
    return isinstance(value, dict) and set(value) == {"version", "digest"}


def _kept(payload: Mapping[str, object], log_size: int) -> KeptSnapshot:
    hours, epoch = payload["greatest_age_hours"], payload["epoch"]
    assert isinstance(hours, int) and isinstance(epoch, int)  # checked by _payload
    return KeptSnapshot(
        catalogue=_named(payload, "catalogue")["version"],
        calendar=_named(payload, "calendar")["version"],
        epoch=epoch,
        log_size=log_size,
        made_at=canonical.time_value(str(payload["made_at"])),
        greatest_age=timedelta(hours=min(hours, MOST_HOURS)),
    )


def _named(payload: Mapping[str, object], kind: str) -> dict[str, str]:
    value = payload[kind]
    assert isinstance(value, dict)  # checked by _payload
    return {name: str(text) for name, text in value.items()}


def _checked(step: str, check: Callable[[], T]) -> T:
    try:
        return check()
    except Refusal as refusal:
        raise Refusal("SNAPSHOT_UNTRUSTED", "promise 4", step=step, cause=refusal.code) from refusal


def _checkpoint(payload: Mapping[str, object], pins: Pins) -> Checkpoint:
    return verify_checkpoint(str(payload["checkpoint"]).encode(), pins.log_verifiers())


def _require_included(
    parts: "SnapshotParts", payload: Mapping[str, object], checkpoint: Checkpoint, pins: Pins
) -> None:
    signed = str(payload["checkpoint"]).encode()
    if len(parts.proofs) != len(parts.registry_leaves):
        raise Refusal("PROOF_MISSING", "promise 4", proofs=len(parts.proofs), leaves=len(parts.registry_leaves))
    for data, text in zip(parts.registry_leaves, parts.proofs, strict=True):
        leaf, shown = leaves.decode(data), proof.parse(text.encode())
        if shown.checkpoint != signed or shown.index != leaf.index or leaf.origin != pins.origin:
            raise Refusal("PROOF_MISMATCH", "promise 4", index=leaf.index)
        merkle.verify_inclusion(merkle.leaf_hash(data), shown.index, checkpoint.size, shown.path, checkpoint.root)


def _replay(parts: "SnapshotParts", payload: Mapping[str, object], pins: Pins) -> Directory:
    directory = Directory(pins.registrar_keys)
    for data in parts.registry_leaves:
        directory.admit_leaf(data)
    if directory.epoch != payload["epoch"]:
        raise Refusal("REGISTRY_UNTRUSTED", "promise 4", epoch=directory.epoch)
    return directory


def _require_documents(parts: "SnapshotParts", payload: Mapping[str, object], directory: Directory) -> None:
    for kind, data in (("catalogue", parts.catalogue), ("calendar", parts.calendar)):
        published, named = directory.latest(kind), _named(payload, kind)
        digest = canonical.digest(data)
        if published is None or (published.version, published.document) != (named["version"], digest):
            raise Refusal("DOCUMENT_DIGEST", "promise 4; D08", kind=kind)
        if named["digest"] != digest:
            raise Refusal("DOCUMENT_DIGEST", "promise 4; D08", kind=kind)


def _require_forward(agent: Agent, parts: "SnapshotParts", checkpoint: Checkpoint) -> None:
    """A hub that shows less than before, or something else, is not believed."""
    known = agent.journal.registry()
    before = kept_snapshot(agent)
    if parts.registry_leaves[: len(known)] != known or (before and before.log_size > checkpoint.size):
        raise Refusal("SNAPSHOT_BEHIND", "promise 4", known=len(known), shown=len(parts.registry_leaves))

"""Guards: what must be true before an act counts. Each names the article or requirement that demands it.

Here: keys, decision, result, parcels. ``guards_entry``: how a case begins and ends at the window; ``guards_route``:
hand-off and re-routing; ``guards_supplement``: acceptance, notices, supplements.

Invariant: a guard looks and refuses; it never changes anything.
"""

from datetime import timedelta

from crypto import identity
from crypto.refusal import Refusal
from hub.casework import facts, numbers
from hub.casework.casefile import CaseFile, State
from hub.casework.context import Act, World
from hub.casework.facts import ADDRESS as ADDRESS
from hub.casework.facts import FORM as FORM

FUTURE_TOLERANCE = timedelta(minutes=5)
DECISION = "DECISION"
"""Line of a result that holds what was committed to in ``decide``: outcome, reasons, appeal and their salts."""
METHODS = frozenset({"POST", "COUNTER_COLLECT", "COUNTER_DEPT", "ELECTRONIC"})
PURPOSES = ("ACCEPT_REVIEW", "DECISION", "HANDOVER", "ISSUE", "ENQUIRY", "COMPLAINT", "AUDIT", "NOTICE", "RESEAL")
"""What a document may be opened for (H02): a closed list, so that no free text reaches the log (promise 1)."""


def not_from_future(file: CaseFile | None, act: Act, world: World) -> None:
    """The declared time may lie in the past (offline work), not beyond the hub's clock plus five minutes."""
    if act.statement.occurred > act.moment + FUTURE_TOLERANCE:
        raise Refusal("FROM_FUTURE", "states.md 7", occurred_at=act.statement.occurred_at, now=act.recorded_at)


def wrap_valid(file: CaseFile | None, act: Act, world: World) -> None:
    """Key packets go to current keys only; a stale or revoked recipient refuses this wrap, nothing else.

    The carriers' gateway gets the address line and never a document (promise 1, H01). A recovery key is that of a
    region that the collecting window lies in. Routing waits for the accepting node's wrap alone, not for the window's
    own nor for the recovery key's: the window still holds the data keys and wraps later, and a recovery key that is
    out of reach must not stop a citizen's case. Whose part is over has no say in what others can open: it wraps to
    itself alone.
    """
    assert file is not None
    recipient = world.registry.current(act.text("recipient"))
    if recipient.subject != act.node.subject and not _may_pass_on(file, act):
        raise Refusal("NOT_YOUR_CASE", "A24; architecture: key packets", event="wrap", node=act.node.subject)
    if recipient.kem.id != act.text("recipient_key"):
        raise Refusal("RECIPIENT_KEY_STALE", "architecture: key packets", recipient=recipient.subject)
    sealing = facts.sealing_named(file, act.text("manifest"))
    lines = facts.wrapped_lines(act.statement.body)
    found = world.pinned(sealing.manifest)
    if found is None:
        raise Refusal("OBJECT_MISSING", "promise 5", manifest=sealing.manifest)
    materials = {line.line: line.material for line in found.manifest.lines}
    if not lines or not set(lines) <= set(materials):
        raise Refusal("WRAP_LINES", "architecture: key packets", manifest=sealing.manifest)
    only_address = {materials[line] for line in lines} == {ADDRESS}
    if "gateway" in recipient.roles and not only_address:
        raise Refusal("GATEWAY_ADDRESS_ONLY", "promise 1; H01", recipient=recipient.subject)
    if recipient.subject in _may_hold_keys(file, act, world) or "gateway" in recipient.roles:
        return
    if "recovery" not in recipient.roles:
        raise Refusal("RECIPIENT_FORBIDDEN", "H02; A05", recipient=recipient.subject)
    if not identity.node_region(file.collecting_node).startswith(numbers.region_prefix(recipient.region)):
        raise Refusal("RECOVERY_REGION", "architecture: key packets; H02", recipient=recipient.subject)


def decide_grant(file: CaseFile | None, act: Act, world: World) -> None:
    """T31, F01, F04, invariant 4: a decision without a live DECIDE grant is refused."""
    _require_grant("DECIDE", file, act, world)


def seal_use_grant(file: CaseFile | None, act: Act, world: World) -> None:
    """T33, F03, E10: the approval seal is used under a live SEAL_USE grant."""
    _require_grant("SEAL_USE", file, act, world)


def decision_complete(file: CaseFile | None, act: Act, world: World) -> None:
    """T31, 行政许可法 38: grant or refuse; a refusal commits to its reasons and to the appeal that it names.

    Commitments are hex SHA-256(salt, text); the texts themselves are sealed with the result (promise 1).
    """
    outcome = act.text("outcome")
    if outcome not in {"GRANT", "REFUSE"}:
        raise Refusal("OUTCOME_UNKNOWN", "T31", outcome=outcome[:20])
    if outcome == "REFUSE":
        for member in ("reasons", "appeal"):
            facts.require_digest(act, member, "行政许可法 38; T31")


def result_sealed(file: CaseFile | None, act: Act, world: World) -> None:
    """T33: the result that the act names is in the store and belongs to this case."""
    assert file is not None
    facts.require_manifest(facts.pinned(act, world).manifest, act, kind="result", task_code=file.task_code)


def parcel_possible(file: CaseFile | None, act: Act, world: World) -> None:
    """D4: the applicant chose the post, the gateway can read the address, and the parcel is new."""
    assert file is not None
    if file.delivery != "POST":
        raise Refusal("DELIVERY_NOT_POST", "I01; D4", delivery=file.delivery)
    if file.parcel(act.text("parcel")) is not None:
        raise Refusal("PARCEL_EXISTS", "D4", parcel=act.text("parcel"))
    gateway = world.registry.current(act.text("gateway"))
    if "gateway" not in gateway.roles:
        raise Refusal("ROLE_FORBIDS", "A08", role=",".join(sorted(gateway.roles)), event="post")
    facts.require_opened_by(file, gateway.subject, world, ADDRESS)


def parcel_known(file: CaseFile | None, act: Act, world: World) -> None:
    """Tracking speaks of a parcel of this case, by the gateway that booked it."""
    assert file is not None
    leg = file.parcel(act.text("parcel"))
    if leg is None or leg.gateway != act.node.subject:
        raise Refusal("PARCEL_UNKNOWN", "postal.md 7", parcel=act.text("parcel"))


def proof_enough(file: CaseFile | None, act: Act, world: World) -> None:
    """T34, D5: proof of delivery at or above the item's level; a parcel at the door proves nothing."""
    assert file is not None
    leg = file.parcel(act.text("parcel"))
    needed = facts.item_of(file, world).required_proof_level
    if leg is None or leg.proof_level < needed or leg.status != "DELIVERED":
        raise Refusal("PROOF_TOO_LOW", "T34, D5; postal.md 7", level=leg.proof_level if leg else 0, needed=needed)
    body = act.statement.body
    if (body.get("proof_level"), body.get("evidence")) != (leg.proof_level, leg.evidence):
        raise Refusal("PROOF_DIFFERS", "T34, D5; postal.md 7", parcel=leg.parcel)


def opening_has_purpose(file: CaseFile | None, act: Act, world: World) -> None:
    """H02: opening a document needs a purpose of the list and the case; what is opened is named by digest."""
    assert file is not None
    if act.text("purpose") not in PURPOSES:
        raise Refusal("PURPOSE_UNKNOWN", "H02; 个人信息保护法 51", purposes=",".join(PURPOSES))
    facts.sealing_named(file, act.text("manifest"))


def _require_grant(kind: str, file: CaseFile | None, act: Act, world: World) -> None:
    assert file is not None
    person = act.person.subject if act.person else ""
    named = world.registry.grant(str(act.statement.body.get("grant")))
    if named is None or not named.covers(kind, person, file.task_code, act.date):
        raise Refusal("GRANT_MISSING", "F01, F03, F04; T31, T33", kind=kind, person=person)


def _may_pass_on(file: CaseFile, act: Act) -> bool:
    """Whether the node may give keys to others: a party, who sent the case on while it is on its way, who sealed."""
    node = act.node.subject
    if node in file.parties() or "recovery" in act.node.roles:
        return True
    if file.state in (State.REROUTING, State.FORWARDED) and node in file.hops:
        return True
    named = act.statement.body.get("manifest")
    return any(made.sealed_by == node for made in file.sealings if made.manifest == named)


def _may_hold_keys(file: CaseFile, act: Act, world: World) -> set[str]:
    """Nodes of the case, where it would be routed to, where it is proposed to go, windows that sealed an addendum."""
    sealers = {sealing.sealed_by for sealing in file.sealings_of("addendum")}
    proposed = {file.proposal.node} if file.proposal else set()
    own = {file.collecting_node, file.accepting_node, file.holder, act.node.subject}
    return own | sealers | proposed | {facts.queue_node(file, world, facts.day_of(act.date))}

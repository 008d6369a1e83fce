"""Guards of keys and openings: who may be given packets, and what a document is opened for (A24, H02).

Invariant: a guard looks and refuses; it never changes anything.
"""

from crypto import identity
from crypto.refusal import Refusal
from hub.casework import facts, numbers
from hub.casework.casefile import CaseFile
from hub.casework.context import Act, World
from hub.casework.parents import share
from hub.casework.states import State

PURPOSES = (
    "ACCEPT_REVIEW",
    "DECISION",
    "HANDOVER",
    "ISSUE",
    "ENQUIRY",
    "COMPLAINT",
    "AUDIT",
    "NOTICE",
    "RESEAL",
    "REUSE",
    "PUBLICITY",
)
"""What a document may be opened for (H02): a closed list, so that no free text reaches the log (promise 1)."""


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
    found = facts.sealed(file, sealing.manifest, world)
    if found is None:
        raise Refusal("OBJECT_MISSING", "promise 5", manifest=sealing.manifest)
    materials = {line.line: line.material for line in found.manifest.lines}
    if file.bond is not None and set(lines) - set(materials):
        raise Refusal("PART_LINES", "states.md P1; H02", part=file.bond.part)
    if file.bundle is not None and recipient.subject in file.consulted():
        _require_asked_lines(file, recipient.subject, lines)
    if not lines or not set(lines) <= set(materials):
        raise Refusal("WRAP_LINES", "architecture: key packets", manifest=sealing.manifest)
    only_address = {materials[line] for line in lines} == {facts.ADDRESS}
    if "gateway" in recipient.roles and not only_address:
        raise Refusal("GATEWAY_ADDRESS_ONLY", "promise 1; H01", recipient=recipient.subject)
    if recipient.subject in _may_hold_keys(file, act, world) or "gateway" in recipient.roles:
        return
    if "recovery" not in recipient.roles:
        raise Refusal("RECIPIENT_FORBIDDEN", "H02; A05", recipient=recipient.subject)
    if not identity.node_region(file.collecting_node).startswith(numbers.region_prefix(recipient.region)):
        raise Refusal("RECOVERY_REGION", "architecture: key packets; H02", recipient=recipient.subject)


def _require_asked_lines(file: CaseFile, node: str, lines: tuple[str, ...]) -> None:
    """P13: who is asked for an opinion on a part opens what that part needs. Refusal PART_LINES."""
    if set(lines) - share.consulted_lines(file, node):
        raise Refusal("PART_LINES", "states.md P13; H02", part=node)


def opening_has_purpose(file: CaseFile | None, act: Act, world: World) -> None:
    """H02: opening a document needs a purpose of the list and the case; what is opened is named by digest."""
    assert file is not None
    if act.text("purpose") not in PURPOSES:
        raise Refusal("PURPOSE_UNKNOWN", "H02; 个人信息保护法 51", purposes=",".join(PURPOSES))
    facts.sealing_named(file, act.text("manifest"))


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
    """Nodes of the case, where it would be routed to, where it is proposed to go, windows that sealed an addendum.

    And departments that are asked for an opinion, and the one that the case was passed up to (T29, T30; E01).
    """
    sealers = {sealing.sealed_by for sealing in file.sealings_of("addendum")}
    proposed = {file.proposal.node} if file.proposal else set()
    if file.bundle is not None:  # a parent's parts open their own lines, each on its own chain
        return {file.collecting_node, act.node.subject} | file.consulted()
    own = {file.collecting_node, file.accepting_node, file.holder, act.node.subject}
    asked = file.consulted() | ({file.referred_to} - {""})
    return own | sealers | proposed | asked | {facts.queue_node(file, world, facts.day_of(act.date))}

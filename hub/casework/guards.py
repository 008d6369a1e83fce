"""Guards: what must be true before an act counts. Each names the article or requirement that demands it.

Invariant: a guard looks and refuses; it never changes anything.
"""

import re
from collections.abc import Mapping
from datetime import date, timedelta

from crypto import identity, kem
from crypto.manifest import Manifest
from crypto.records import read_public
from crypto.refusal import Refusal
from hub.casework import numbers, routing
from hub.casework.casefile import CaseFile, Sealing
from hub.casework.catalogue import Catalogue
from hub.casework.context import Act, Pinned, World, text_of

FUTURE_TOLERANCE = timedelta(minutes=5)
ADDRESS = "ADDRESS"
FORM = "FORM"
DECISION = "DECISION"
"""Line of a result that holds what was committed to in ``decide``: outcome, reasons, appeal and their salts."""
METHODS = frozenset({"POST", "COUNTER_COLLECT", "COUNTER_DEPT", "ELECTRONIC"})
PURPOSES = ("ACCEPT_REVIEW", "DECISION", "HANDOVER", "ISSUE", "ENQUIRY", "COMPLAINT", "AUDIT")
"""What a document may be opened for (H02): a closed list, so that no free text reaches the log (promise 1)."""

_COMMITMENT = re.compile(r"[0-9a-f]{64}")


def not_from_future(file: CaseFile | None, act: Act, world: World) -> None:
    """The declared time may lie in the past (offline work), not beyond the hub's clock plus five minutes."""
    if act.statement.occurred > act.moment + FUTURE_TOLERANCE:
        raise Refusal("FROM_FUTURE", "states.md 7", occurred_at=act.statement.occurred_at, now=act.recorded_at)


def item_on_list(file: CaseFile | None, act: Act, world: World) -> None:
    """T01, D01: nothing outside the published list; the version pinned at intake must be a published one."""
    catalogue = pinned_catalogue(act, world)
    catalogue.require_live(act.text("task_code"), date.fromisoformat(act.date))


def window_authorised(file: CaseFile | None, act: Act, world: World) -> None:
    """T01, A18: a window collects only what it is authorised for; the refusal names where to go."""
    window = act.node.subject.rsplit("/", 1)[1]
    pinned_catalogue(act, world).require_live(act.text("task_code"), date.fromisoformat(act.date), window)


def public_number_valid(file: CaseFile | None, act: Act, world: World) -> None:
    """T05, users.md E7: 12 digits, the node's own prefix, right check digit."""
    number = act.text("public_no")
    if numbers.check_public_number(number) != number:
        raise Refusal("PUBLIC_NUMBER_CHECK", "users.md E7", length=len(number))
    if act.node.public_prefix is None or number[:5] != f"{act.node.public_prefix:05d}":
        raise Refusal("PUBLIC_NUMBER_PREFIX", "architecture: public number", number=number)


def application_sealed(file: CaseFile | None, act: Act, world: World) -> None:
    """T05: the sealing that the act names is in the store and belongs to this case, item and revision."""
    manifest = _pinned(act, world).manifest
    _require_manifest(manifest, act, kind="application", task_code=act.text("task_code"))
    if manifest.revision != 1:
        raise Refusal("MANIFEST_REVISION", "T05", expected=1, got=manifest.revision)
    if manifest.catalogue != act.text("catalogue"):
        raise Refusal("MANIFEST_MISMATCH", "T05; D08", member="catalogue")


def lines_closed(file: CaseFile | None, act: Act, world: World) -> None:
    """T05, A03, E04: every key material is there in a way the item allows, or the applicant insists.

    Whoever insists hands in a list of the defects; only materials of the pinned list may be sealed (D03).
    """
    item = pinned_catalogue(act, world).item(act.text("task_code"))
    manifest = _pinned(act, world).manifest
    given = {line.material for line in manifest.lines if line.pages or line.acquisition != "SUBMIT"}
    listed = {material.code for material in item.materials} | {ADDRESS, FORM}
    foreign = sorted({line.material for line in manifest.lines} - listed)
    if foreign:
        raise Refusal("MATERIAL_NOT_LISTED", "D03; 重庆全渝通办 清单之外", material=foreign[0])
    missing = sorted(material.code for material in item.materials if material.key and material.code not in given)
    insisted = act.statement.body.get("insisted_defects")
    if missing and sorted(map(str, insisted if isinstance(insisted, list) else [])) != missing:
        raise Refusal("MATERIALS_INCOMPLETE", "A03, E04; T05", missing=",".join(missing))


def declarations_given(file: CaseFile | None, act: Act, world: World) -> None:
    """T05, A23, 个人信息保护法 35: no classified paper, applicant signed, notice of personal information given."""
    for tick in ("no_classified", "applicant_signed", "privacy_notice"):
        if act.statement.body.get(tick) is not True:
            raise Refusal("DECLARATION_MISSING", "A23; 个人信息保护法 35; T05", declaration=tick)


def applicant_key_given(file: CaseFile | None, act: Act, world: World) -> None:
    """Architecture: ``seal`` carries the applicant's public key for results, and the choice of delivery (I01)."""
    key = read_public(act.statement.body.get("applicant_key"))
    kem.require_kem_public(key.suite, key.public)
    if act.text("delivery") not in METHODS:
        raise Refusal("DELIVERY_UNKNOWN", "I01", delivery=act.text("delivery"))


def route_is_the_one(file: CaseFile | None, act: Act, world: World) -> None:
    """T08, A05: the hub may only name the one live queue of item and region, with a valid key packet there."""
    assert file is not None
    found = routing.route(world.catalogue_of(file.catalogue), file.task_code, file.region, date.fromisoformat(act.date))
    if act.text("accepting_node").rsplit("/", 1)[1] != found.node or act.text("queue") != found.queue:
        raise Refusal("ROUTE_WRONG", "A05; T08", node=act.text("accepting_node"))
    require_opened_by(file, act.text("accepting_node"), world)


def wrap_valid(file: CaseFile | None, act: Act, world: World) -> None:
    """Key packets go to current keys only; a stale or revoked recipient refuses this wrap, nothing else.

    The carriers' gateway gets the address line and never a document (promise 1, H01). A recovery key is that of a
    region that the collecting window lies in. Routing waits for the accepting node's wrap alone, not for the window's
    own nor for the recovery key's: the window still holds the data keys and wraps later, and a recovery key that is
    out of reach must not stop a citizen's case.
    """
    assert file is not None
    recipient = world.registry.current(act.text("recipient"))
    if recipient.kem.id != act.text("recipient_key"):
        raise Refusal("RECIPIENT_KEY_STALE", "architecture: key packets", recipient=recipient.subject)
    sealing = _sealing(file, act.text("manifest"))
    lines = wrapped_lines(act.statement.body)
    found = world.pinned(sealing.manifest)
    if found is None:
        raise Refusal("OBJECT_MISSING", "promise 5", manifest=sealing.manifest)
    materials = {line.line: line.material for line in found.manifest.lines}
    if not lines or not set(lines) <= set(materials):
        raise Refusal("WRAP_LINES", "architecture: key packets", manifest=sealing.manifest)
    only_address = {materials[line] for line in lines} == {ADDRESS}
    if "gateway" in recipient.roles and not only_address:
        raise Refusal("GATEWAY_ADDRESS_ONLY", "promise 1; H01", recipient=recipient.subject)
    allowed = {file.collecting_node, file.accepting_node, act.node.subject, _queue_node(file, world)}
    if recipient.subject in allowed or "gateway" in recipient.roles:
        return
    if "recovery" not in recipient.roles:
        raise Refusal("RECIPIENT_FORBIDDEN", "H02; A05", recipient=recipient.subject)
    if not identity.node_region(file.collecting_node).startswith(numbers.region_prefix(recipient.region)):
        raise Refusal("RECOVERY_REGION", "architecture: key packets; H02", recipient=recipient.subject)


def delivered_whole(file: CaseFile | None, act: Act, world: World) -> None:
    """T10: the receiver countersigns exactly the sealing that was forwarded."""
    assert file is not None
    sealing = file.sealing("application")
    if sealing is None or act.text("manifest") != sealing.manifest:
        raise Refusal("MANIFEST_MISMATCH", "T10", member="manifest")


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
            if _COMMITMENT.fullmatch(act.text(member)) is None:
                raise Refusal("BODY_MEMBER", "行政许可法 38; T31", member=member)


def result_sealed(file: CaseFile | None, act: Act, world: World) -> None:
    """T33: the result that the act names is in the store and belongs to this case."""
    assert file is not None
    _require_manifest(_pinned(act, world).manifest, act, kind="result", task_code=file.task_code)


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
    require_opened_by(file, gateway.subject, world, ADDRESS)


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
    needed = world.catalogue_of(file.catalogue).item(file.task_code).required_proof_level
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
    _sealing(file, act.text("manifest"))


def withdrawal_written(file: CaseFile | None, act: Act, world: World) -> None:
    """T35: in writing, identity checked; the collector and the node sign over the paper (states.md 4)."""
    if act.statement.body.get("identity_checked") is not True:
        raise Refusal("DECLARATION_MISSING", "T35", declaration="identity_checked")
    text_of(act.statement.body, "paper")


# --- shared pieces -----------------------------------------------------------------------------------------------


def pinned_catalogue(act: Act, world: World) -> Catalogue:
    """The catalogue version that the act names. Refusal VERSION_UNKNOWN."""
    return world.catalogue_of(act.text("catalogue"))


def wrapped_lines(body: Mapping[str, object]) -> tuple[str, ...]:
    """Lines of the packets named in a ``wrap``. Refusal BODY_MEMBER."""
    packets = body.get("packets")
    if not isinstance(packets, list) or not all(isinstance(item, dict) for item in packets):
        raise Refusal("BODY_MEMBER", "architecture: statement body", member="packets")
    return tuple(sorted({str(item.get("line")) for item in packets}))


def opened_by(file: CaseFile, node: str, world: World, material: str | None = None) -> bool:
    """Whether ``node`` holds packets, under its current key, of every line of the application.

    ``material``: only lines of this catalogue code are asked for (a gateway holds the address alone).
    """
    sealing = file.sealing("application")
    found = world.pinned(sealing.manifest) if sealing else None
    try:
        key = world.registry.current(node).kem.id
    except Refusal:
        return False
    if found is None:
        return False
    needed = {line.line for line in found.manifest.lines if material in (None, line.material) and line.pages}
    held = {
        line
        for wrap in file.wraps
        if (wrap.manifest, wrap.recipient, wrap.recipient_key) == (found.digest, node, key)
        for line in wrap.lines
    }
    return bool(needed) and needed <= held


def require_opened_by(file: CaseFile, node: str, world: World, material: str | None = None) -> None:
    """Refusal KEYS_MISSING unless ``node`` can open what it is to get."""
    if not opened_by(file, node, world, material):
        raise Refusal("KEYS_MISSING", "architecture: routing waits for a valid wrap", recipient=node)


def _queue_node(file: CaseFile, world: World) -> str:
    """Node id of the one queue that the case would be routed to, or an empty text."""
    try:
        found = routing.route(
            world.catalogue_of(file.catalogue),
            file.task_code,
            file.region,
            date.fromisoformat(file.recorded_at[:10]),
        )
    except Refusal:
        return ""
    return node_named(found.node, world)


def node_named(name: str, world: World) -> str:
    """Node id of the department whose id ends in ``name``, or an empty text."""
    for record in world.registry.nodes("department"):
        if record.subject.rsplit("/", 1)[1] == name:
            return record.subject
    return ""


def _require_grant(kind: str, file: CaseFile | None, act: Act, world: World) -> None:
    assert file is not None
    person = act.person.subject if act.person else ""
    named = world.registry.grant(str(act.statement.body.get("grant")))
    if named is None or not named.covers(kind, person, file.task_code, act.date):
        raise Refusal("GRANT_MISSING", "F01, F03, F04; T31, T33", kind=kind, person=person)


def _pinned(act: Act, world: World) -> Pinned:
    digest = act.text("manifest")
    found = world.pinned(digest)
    if found is None:
        raise Refusal("OBJECT_MISSING", "promise 5", manifest=digest)
    return found


def _require_manifest(manifest: Manifest, act: Act, *, kind: str, task_code: str) -> None:
    for member, got, wanted in (
        ("case", manifest.case, act.statement.case),
        ("kind", manifest.kind, kind),
        ("task_code", manifest.task_code, task_code),
    ):
        if got != wanted:
            raise Refusal("MANIFEST_MISMATCH", "T05, T33", member=member)


def _sealing(file: CaseFile, manifest: str) -> Sealing:
    for sealing in file.sealings:
        if sealing.manifest == manifest:
            return sealing
    raise Refusal("SEALING_UNKNOWN", "T05", manifest=manifest)

"""Guards of how a case begins and ends at the window: pre-review, seal, decline, discard, withdrawal (T03 to T07, T35).

Invariant: a guard looks and refuses; it never changes anything.
"""

from crypto import kem
from crypto.identity import node_name
from crypto.records import read_public
from crypto.refusal import Refusal
from hub.casework import facts, numbers, reasons
from hub.casework.casefile import CaseFile
from hub.casework.context import Act, World
from hub.casework.delivery.guards import METHODS, require_issuing, require_provable
from hub.casework.facts import ADDRESS, FORM
from hub.casework.hand_off import routing
from hub.casework.materials import ways
from hub.casework.originals import states
from hub.casework.references import is_reference


def item_on_list(file: CaseFile | None, act: Act, world: World) -> None:
    """T01, D01: nothing outside the published list; the version pinned at intake must be a published one."""
    facts.pinned_catalogue(act, world).require_live(act.text("task_code"), facts.day_of(act.date))


def window_authorised(file: CaseFile | None, act: Act, world: World) -> None:
    """T01, A12, A13, A18, D09, D23: a window collects, and declines, only what it is authorised for and what the scope
    of the item lets it take in for that place; the refusal names where to go."""
    window, place = act.node.subject.rsplit("/", 1)[1], act.text("region")
    facts.pinned_catalogue(act, world).require_live(act.text("task_code"), facts.day_of(act.date), window, place)


def item_known(file: CaseFile | None, act: Act, world: World) -> None:
    """T07, D01: what is discarded was begun for an item of the list, live or not."""
    facts.pinned_catalogue(act, world).item(act.text("task_code"))


def public_number_valid(file: CaseFile | None, act: Act, world: World) -> None:
    """T05, users.md E7: 12 digits, the node's own prefix, right check digit; a case that has one keeps it."""
    number = act.text("public_no")
    if numbers.check_public_number(number) != number:
        raise Refusal("PUBLIC_NUMBER_CHECK", "users.md E7", length=len(number))
    if act.node.public_prefix is None or number[:5] != f"{act.node.public_prefix:05d}":
        raise Refusal("PUBLIC_NUMBER_PREFIX", "architecture: public number", number=number)
    if file is not None and file.public_no and number != file.public_no:
        raise Refusal("PUBLIC_NUMBER_KEPT", "users.md E7; T24", number=file.public_no)


def application_sealed(file: CaseFile | None, act: Act, world: World) -> None:
    """T05: the sealing that the act names is in the store and belongs to this case, item and revision.

    Revisions count on: 0 is the pre-review, 1 the first seal, a case that came back to the window is sealed anew.
    """
    earlier = file.sealing("application") if file else None
    _require_application(act, world, earlier.revision + 1 if earlier else 1)


def pre_review_sealed(file: CaseFile | None, act: Act, world: World) -> None:
    """T03, E05: a pre-review is sealed as revision 0; it may lack materials, but holds none outside the list (D03)."""
    _require_application(act, world, 0)
    _require_listed(act, world)


def pre_review_routed(file: CaseFile | None, act: Act, world: World) -> None:
    """T03, A05: the scans go to the queue that routing gives and to no other."""
    catalogue = facts.pinned_catalogue(act, world)
    found = routing.route(catalogue, act.text("task_code"), act.text("region"), facts.day_of(act.date))
    if (act.text("accepting_node"), act.text("queue")) != (facts.node_named(found.node, world), found.queue):
        raise Refusal("ROUTE_WRONG", "A05; T03", node=act.text("accepting_node"))


def answer_complete(file: CaseFile | None, act: Act, world: World) -> None:
    """T04, E05: OK, LACKS with what lacks, NOT_OURS; the defects are those of a supplement notice (one list)."""
    assert file is not None
    answer = act.text("answer")
    if answer not in reasons.PRE_REVIEW_ANSWERS:
        raise Refusal("ANSWER_UNKNOWN", "T04; E05", answer=answer[:20])
    if (answer == "LACKS") != ("lines" in act.statement.body):
        raise Refusal("BODY_MEMBER", "T04; E05", member="lines")
    if answer == "LACKS":
        facts.require_defects(file, act, world, "T04; E05")


def lines_closed(file: CaseFile | None, act: Act, world: World) -> None:
    """T05, A03, B10, B16, E04: what the applicant's situation calls for is there as the list wants it, or promised
    where it may be, or the applicant insists.

    Whoever insists hands in a list of the defects, and only then is there one (promise 1: no text but codes of the
    list); only materials of the pinned list may be sealed (D03).
    """
    _require_listed(act, world)
    item = facts.pinned_catalogue(act, world).item(act.text("task_code"))
    missing = ways.lacking(item, act, facts.pinned(act, world).manifest)
    insisted = act.statement.body.get("insisted_defects")
    if not missing and "insisted_defects" in act.statement.body:
        raise Refusal("BODY_MEMBER", "E04; promise 1; T05", member="insisted_defects")
    if missing and sorted(map(str, insisted if isinstance(insisted, list) else [])) != missing:
        raise Refusal("MATERIALS_INCOMPLETE", "A03, E04; T05", missing=",".join(missing))


def declarations_given(file: CaseFile | None, act: Act, world: World) -> None:
    """T05, A23, 个人信息保护法 35: no classified paper, applicant signed, notice of personal information given."""
    _require_ticks(act, "A23; 个人信息保护法 35; T05", "no_classified", "applicant_signed", "privacy_notice")


def pre_review_declared(file: CaseFile | None, act: Act, world: World) -> None:
    """T03, A23, 个人信息保护法 35: scans leave the window only without classified paper and after the notice."""
    _require_ticks(act, "A23; 个人信息保护法 35; T03", "no_classified", "privacy_notice")


def applicant_key_given(file: CaseFile | None, act: Act, world: World) -> None:
    """Architecture: ``seal`` carries the applicant's public key for results, and the choice of delivery (I01).

    The way that is chosen must be able to prove delivery as the item wants it (T34), and nobody fetches it at a window
    that hands out none (F09).
    """
    key = read_public(act.statement.body.get("applicant_key"))
    kem.require_kem_public(key.suite, key.public)
    if act.text("delivery") not in METHODS:
        raise Refusal("DELIVERY_UNKNOWN", "I01", delivery=act.text("delivery"))
    catalogue = facts.pinned_catalogue(act, world)
    require_provable(act.text("delivery"), catalogue.item(act.text("task_code")).required_proof_level)
    window = catalogue.window(node_name(act.node.subject))
    if window is not None:  # else ``window_authorised`` refuses
        require_issuing(act.text("delivery"), window)


def flags_known(file: CaseFile | None, act: Act, world: World) -> None:
    """T05, C14, E11, E12: priority for a reason of the list; an appointment by a number that tells of nobody, and
    the way it was made."""
    body = act.statement.body
    if "lane" in body and act.text("lane") not in reasons.LANES:
        raise Refusal("LANE_UNKNOWN", "E11, E12; T05", lane=act.text("lane")[:20])
    if "appointment" not in body and "channel" not in body:
        return
    if not is_reference(act.text("appointment")):
        raise Refusal("APPOINTMENT_FORM", "C14; T05", appointment=act.text("appointment")[:40])
    if act.text("channel") not in reasons.APPOINTMENT_CHANNELS:
        raise Refusal("CHANNEL_UNKNOWN", "C14; T05", channel=act.text("channel")[:20])


def decline_complete(file: CaseFile | None, act: Act, world: World) -> None:
    """T06, E04, 行政许可法 32(4): the whole list of what is missing at once, printed, and the applicant agrees.

    Who does not agree insists and is collected with the defects listed (T05).
    """
    _require_ticks(act, "T06; requirements 12.2", "applicant_agreed")
    facts.require_digest(act, "paper", "T06; E04")
    item = facts.pinned_catalogue(act, world).item(act.text("task_code"))
    for code in facts.codes_of(act, "missing", "T06; E04"):
        if code != FORM and item.material(code) is None:
            raise Refusal("MATERIAL_NOT_LISTED", "D03; T06", material=code[:40])


def discard_reason_known(file: CaseFile | None, act: Act, world: World) -> None:
    """T07: a draft goes for a reason of the list."""
    if act.text("reason") not in reasons.DISCARD_REASONS:
        raise Refusal("REASON_UNKNOWN", "T07", reason=act.text("reason")[:20])


def never_sealed(file: CaseFile | None, act: Act, world: World) -> None:
    """T06, T07, A02: what the applicant got a number for is withdrawn in writing, neither declined nor discarded."""
    assert file is not None
    if file.public_no:
        raise Refusal("SEALED_ALREADY", "T06, T07, T35", number=file.public_no)


def no_papers_left(file: CaseFile | None, act: Act, world: World) -> None:
    """T06, T07, O14, invariant 13: afterwards no paper of the case moves any more, so first every one goes back."""
    assert file is not None
    left = [*states.open_items(file.originals), *states.open_parcels(file)]
    if left:
        raise Refusal("PAPERS_LEFT", "T06, T07; O14; invariant 13", items=",".join(left))


def withdrawal_written(file: CaseFile | None, act: Act, world: World) -> None:
    """T35: in writing, identity checked; the collector and the node sign over the paper (states.md 4)."""
    _require_ticks(act, "T35", "identity_checked")
    facts.require_digest(act, "paper", "T35; standards.md 4")


def _require_application(act: Act, world: World, revision: int) -> None:
    manifest = facts.pinned(act, world).manifest
    facts.require_manifest(manifest, act, kind="application", task_code=act.text("task_code"))
    if manifest.revision != revision:
        raise Refusal("MANIFEST_REVISION", "T03, T05, T24", expected=revision, got=manifest.revision)
    if manifest.catalogue != act.text("catalogue"):
        raise Refusal("MANIFEST_MISMATCH", "T05; D08", member="catalogue")


def _require_listed(act: Act, world: World) -> None:
    item = facts.pinned_catalogue(act, world).item(act.text("task_code"))
    listed = {material.code for material in item.materials} | {ADDRESS, FORM, facts.PROXY}
    foreign = sorted({line.material for line in facts.pinned(act, world).manifest.lines} - listed)
    if foreign:
        raise Refusal("MATERIAL_NOT_LISTED", "D03; 重庆全渝通办 清单之外", material=foreign[0])


def _require_ticks(act: Act, rule: str, *ticks: str) -> None:
    for tick in ticks:
        if act.statement.body.get(tick) is not True:
            raise Refusal("DECLARATION_MISSING", rule, declaration=tick)

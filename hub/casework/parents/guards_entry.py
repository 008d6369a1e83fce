"""Guards of how a parent and its children begin: one sealing, its parts, each child's seal (P1; B03, B05, B06, A10).

Invariant: a guard looks and refuses; it never changes anything.
"""

from crypto import kem
from crypto.identity import node_name, node_region
from crypto.records import read_public
from crypto.refusal import Refusal
from hub.casework import facts
from hub.casework.casefile import CaseFile
from hub.casework.context import Act, World
from hub.casework.delivery.guards import METHODS, require_issuing, require_provable
from hub.casework.entry.online import COUNTER, ONLINE, require_online
from hub.casework.materials.ways import answers_in, called_for
from hub.casework.parents import look, plan
from hub.casework.parents.share import COMMON, form_line
from hub.casework.parents.values import Bond
from hub.casework.states import State

_SEALABLE = (State.P_COLLECTED, State.P_DISPATCHED)


def parts_told(file: CaseFile | None, act: Act, world: World) -> None:
    """P1, A09, B02, B03, B06, B18: the parts are those of the theme's plan, at a window that takes it in; without a
    theme two places at least, in an order without a circle. No part is the parent itself. The whole stands in the
    region of its core part; without a theme in that of the window.
    """
    made, parts = plan.bundle(act.statement.body, act.node.subject, world)
    for part in parts:
        if part.case == act.statement.case:
            raise Refusal("PARENT_PARTS", "P1", part=part.part)
    core = next(part.region for part in parts if part.part == made.lead)
    if act.text("region") != (core if made.theme else node_region(act.node.subject)):
        raise Refusal("PARENT_DIFFERS", "P1; A12", member="region")


def modes_lawful(file: CaseFile | None, act: Act, world: World) -> None:
    """A02, A10: the way of handling is a property of each part; online or by proxy only where its item offers it, and
    at a portal online alone.
    """
    catalogue = facts.pinned_catalogue(act, world)
    for part in plan.told_parts(act.statement.body):
        if act.by_portal:
            require_online(catalogue, catalogue.item(part.task_code))
        modes = catalogue.item(part.task_code).modes
        offered = part.mode in modes or (part.mode == plan.MULTI_PLACE and not act.by_portal)
        if not offered or (act.by_portal and part.mode != ONLINE):
            raise Refusal("PART_MODE", "A10", part=part.part, mode=part.mode, modes=",".join(sorted(modes)))


def parts_collectable(file: CaseFile | None, act: Act, world: World) -> None:
    """T01, A12, A18, D01: the window may collect each part's item for its place; one that it may not refuses all. What
    an item asks of the applicant (B16) each part answers in its own seal.
    """
    catalogue, window = facts.pinned_catalogue(act, world), node_name(act.node.subject)
    for part in plan.told_parts(act.statement.body):
        catalogue.require_live(part.task_code, facts.day_of(act.date), window, part.region)


def opinions_askable(file: CaseFile | None, act: Act, world: World) -> None:
    """P13, B22: for each opinion of the plan there is a department to ask."""
    catalogue = facts.pinned_catalogue(act, world)
    for part in plan.consultations(plan.bundle(act.statement.body, act.node.subject, world)[1]):
        if not plan.department_node(part.department, catalogue, world):
            raise Refusal("PART_DEPARTMENT", "B22; P13", part=part.part, body=part.department)


def sealed_once(file: CaseFile | None, act: Act, world: World) -> None:
    """P1, B05, E03: one sealing for all parts: lines of the one list, a form for each part, address, proxy."""
    body, manifest = act.statement.body, facts.pinned(act, world).manifest
    facts.require_manifest(manifest, act, kind="application", task_code=plan.manifest_code(body))
    if manifest.revision != 1:
        raise Refusal("MANIFEST_REVISION", "P1", expected=1, got=manifest.revision)
    if manifest.catalogue != act.text("catalogue"):
        raise Refusal("MANIFEST_MISMATCH", "P1; D08", member="catalogue")
    made, parts = plan.bundle(body, act.node.subject, world)
    known = {line for line, _, _ in made.serves} | {form_line(part.part) for part in parts}
    for line in manifest.lines:
        if line.line not in known and line.material not in COMMON:
            raise Refusal("MATERIAL_NOT_LISTED", "B05, D03; P1", material=line.line)


def one_key_one_choice(file: CaseFile | None, act: Act, world: World) -> None:
    """I01, B08, F09: the applicant's one key for all results, and one way of delivery that proves what each needs.

    Nobody fetches them at a window that hands out none: the collecting window is the one exit (PARENT_EXIT), and where
    the results leave singly it is what each child names.
    """
    key = read_public(act.statement.body.get("applicant_key"))
    kem.require_kem_public(key.suite, key.public)
    if act.text("delivery") not in METHODS:
        raise Refusal("DELIVERY_UNKNOWN", "I01", delivery=act.text("delivery")[:20])
    if act.by_portal and act.text("delivery") == COUNTER:
        raise Refusal("DELIVERY_NO_COUNTER", "A02; I01", delivery=COUNTER)
    catalogue = facts.pinned_catalogue(act, world)
    window = catalogue.window(node_name(act.node.subject))
    if window is not None:  # else ``parts_collectable`` refuses
        require_issuing(act.text("delivery"), window)
    for part in plan.told_parts(act.statement.body):
        require_provable(act.text("delivery"), catalogue.item(part.task_code).required_proof_level)


def bound_to_parent(file: CaseFile | None, act: Act, world: World) -> None:
    """P1, B06: a child is sealed in the same sitting, by the same window, over the same sealing, as the part that the
    parent names; once. What the parent says is looked up where it is known.
    """
    body = act.statement.body
    if not {"parent", "part", "bond"} & body.keys():
        return
    told = plan.bond_in(body)
    if file is not None:
        raise Refusal("BODY_MEMBER", "P1; T24", member="parent")
    _require_called(act, told, world)
    if world.kin is None:
        return
    parent = world.kin(told.parent)
    part = look.part_of(parent, told.part) if parent is not None else None
    if parent is None or parent.bundle is None or part is None or part.case != act.statement.case:
        raise Refusal("PARENT_UNKNOWN", "P1", parent=told.parent[:32], part=told.part[:24])
    if parent.state not in _SEALABLE:
        raise Refusal("STATE_FORBIDS", "P1", event="seal", state=parent.state)
    sealing = parent.sealing("application")
    ways = plan.ways_of_papers(parent.parts, parent.bundle.serves, world.catalogue_of(parent.catalogue))
    key = body.get("applicant_key")
    said = {
        "task_code": (act.text("task_code"), part.task_code),
        "region": (act.text("region"), part.region),
        "catalogue": (act.text("catalogue"), parent.catalogue),
        "manifest": (act.text("manifest"), sealing.manifest if sealing else ""),
        "delivery": (act.text("delivery"), parent.delivery),
        "applicant_key": (str(key.get("public")) if isinstance(key, dict) else "", parent.applicant_key),
        "bond": (body["bond"], plan.bond_object(part, parent.bundle.serves, ways, together=not parent.bundle.partial)),
        "node": (act.node.subject, parent.collecting_node),
    }
    for member, (got, wanted) in said.items():
        if got != wanted:
            raise Refusal("PARENT_DIFFERS", "P1, B06", member=member)


def _require_called(act: Act, bond: Bond, world: World) -> None:
    """B05, B16, D03: a part's department is given no line, and no key, of what the part's own answers do not call for.
    Judged by the seal alone, so an auditor with one package finds it too. Refusal PARENT_SERVES.
    """
    item = world.catalogue_of(act.text("catalogue")).item(act.text("task_code"))
    called = {one.code for one in called_for(item, answers_in(act.statement.body))}
    for line, code in bond.serves:
        if code not in called:
            raise Refusal("PARENT_SERVES", "B05, B16", line=line[:40], part=bond.part, material=code[:40])

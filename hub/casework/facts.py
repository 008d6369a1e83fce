"""What guards, effects, consequences and timers ask of a case and its world: look-ups without a verdict of their own.

Invariants: nothing here changes anything; each answer follows from case file, act and world alone.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

from crypto.identity import node_name, node_region
from crypto.manifest import Manifest
from crypto.records import KeyRecord
from crypto.refusal import Refusal
from hub.casework import reasons
from hub.casework.access.values import Sealing
from hub.casework.casefile import CaseFile
from hub.casework.catalogue.model import Catalogue, Item, Window
from hub.casework.context import Act, Pinned, World
from hub.casework.hand_off import routing
from hub.casework.materials import ways
from hub.casework.numbers import region_prefix
from hub.casework.parents import plan, share
from hub.casework.time import clocks

ADDRESS = "ADDRESS"
FORM = "FORM"
PROXY = "PROXY"
"""Line of a power of attorney by which an agent (代理人) acts, where the item lists none of its own (行政许可法 29)."""
DIGEST = re.compile(r"[0-9a-f]{64}")


# --- the act -----------------------------------------------------------------------------------------------------


def pinned_catalogue(act: Act, world: World) -> Catalogue:
    """The catalogue version that the act names. Refusal VERSION_UNKNOWN."""
    return world.catalogue_of(act.text("catalogue"))


def pinned(act: Act, world: World) -> Pinned:
    """The sealing that the act names, in the store at its pinned version. Refusals BODY_MEMBER, OBJECT_MISSING.

    A child's ``seal`` names its parent's (P1): it is seen as the child has it. Refusal MANIFEST_MISMATCH for another.
    """
    digest = act.text("manifest")
    found = world.pinned(digest)
    if found is None:
        raise Refusal("OBJECT_MISSING", "promise 5", manifest=digest)
    body = act.statement.body
    if act.statement.type != "seal" or "parent" not in body:
        return found
    bond = plan.bond_in(body)
    if found.manifest.case != bond.parent:
        raise Refusal("MANIFEST_MISMATCH", "states.md P1; E03", member="parent")
    return share.view(found, bond, str(act.statement.case), act.text("task_code"))


def sealed(file: CaseFile, manifest: str, world: World) -> Pinned | None:
    """A sealing as the case has it: of its parent's, the lines of its own part (states.md P1); None when not stored."""
    return share.seen(file, world.pinned(manifest))


def require_manifest(manifest: Manifest, act: Act, *, kind: str, task_code: str) -> None:
    """Refusal MANIFEST_MISMATCH unless the sealing is of this case, kind and item."""
    for member, got, wanted in (
        ("case", manifest.case, act.statement.case),
        ("kind", manifest.kind, kind),
        ("task_code", manifest.task_code, task_code),
    ):
        if got != wanted:
            raise Refusal("MANIFEST_MISMATCH", "T05, T16, T17, T33", member=member)


def require_digest(act: Act, member: str, rule: str) -> None:
    """Refusal BODY_MEMBER unless ``member`` is a hex SHA-256: of a paper, or of a salted text (promise 1)."""
    if DIGEST.fullmatch(act.text(member)) is None:
        raise Refusal("BODY_MEMBER", rule, member=member)


def date_told(act: Act, member: str, rule: str, most: int) -> date:
    """The ISO date in ``member``, at most ``most`` calendar days ahead. Refusals BODY_MEMBER, DUE_TOO_LATE."""
    text = act.text(member)
    try:
        told = date.fromisoformat(text)
    except ValueError:
        raise Refusal("BODY_MEMBER", rule, member=member) from None
    if told.isoformat() != text:
        raise Refusal("BODY_MEMBER", rule, member=member)
    last = day_of(act.date) + timedelta(days=most)
    if told > last:
        raise Refusal("DUE_TOO_LATE", rule, due=text, latest=last.isoformat())
    return told


def codes_of(act: Act, member: str, rule: str) -> tuple[str, ...]:
    """A list of different codes. Refusal BODY_MEMBER for an empty one, a repetition or anything else."""
    value = act.statement.body.get(member)
    if not isinstance(value, list) or not value or not all(isinstance(code, str) and code for code in value):
        raise Refusal("BODY_MEMBER", rule, member=member)
    if len(set(value)) != len(value):
        raise Refusal("BODY_MEMBER", rule, member=member)
    return tuple(value)


def objects_of(act: Act, member: str) -> tuple[Mapping[str, object], ...]:
    """A list of objects. Refusal BODY_MEMBER."""
    value = act.statement.body.get(member)
    if not isinstance(value, list) or not value or not all(isinstance(one, dict) for one in value):
        raise Refusal("BODY_MEMBER", "architecture: statement body", member=member)
    return tuple(value)


def pairs_of(lines: object) -> tuple[tuple[str, str], ...]:
    """(material, defect) pairs of a list of objects that the law counted before."""
    found = lines if isinstance(lines, list) else []
    return tuple((str(line["material"]), str(line["defect"])) for line in found)


def defects_of(act: Act, rule: str) -> tuple[tuple[str, str], ...]:
    """The (material, defect) pairs in ``lines``: a list of objects with these two codes. Refusal BODY_MEMBER."""
    lines = act.statement.body.get("lines")
    if not isinstance(lines, list) or not lines:
        raise Refusal("BODY_MEMBER", rule, member="lines")
    pairs = []
    for line in lines:
        if not isinstance(line, dict) or set(line) != {"material", "defect"}:
            raise Refusal("BODY_MEMBER", rule, member="lines")
        pairs.append((str(line["material"]), str(line["defect"])))
    if len(set(pairs)) != len(pairs):
        raise Refusal("BODY_MEMBER", rule, member="lines")
    return tuple(pairs)


def require_defects(file: CaseFile, act: Act, world: World, rule: str) -> tuple[tuple[str, str], ...]:
    """The pairs of ``lines``, each with a material that the pinned list asks of this
    applicant and a defect of the closed list.

    Refusals BODY_MEMBER; MATERIAL_NOT_LISTED (D03); DEFECT_UNKNOWN; ALREADY_HELD with the holder (E01) where a material
    that the case holds is called missing.
    """
    item, held = item_of(file, world), held_materials(file, world)
    called_for = {one.code for one in ways.called_for(item, ways.answers_of(file))}
    pairs = defects_of(act, rule)
    for material, defect in pairs:
        if material != FORM and material not in called_for:
            raise Refusal("MATERIAL_NOT_LISTED", f"D03, B16; {rule}", material=material[:40])
        if defect not in reasons.DEFECTS:
            raise Refusal("DEFECT_UNKNOWN", rule, defect=defect[:20])
        if defect == "MISSING" and material in held:
            raise Refusal("ALREADY_HELD", f"E01; {rule}", material=material, node=held[material])
    return pairs


def wrapped_lines(body: Mapping[str, object]) -> tuple[str, ...]:
    """Lines of the packets named in a ``wrap``. Refusal BODY_MEMBER."""
    packets = body.get("packets")
    if not isinstance(packets, list) or not all(isinstance(item, dict) for item in packets):
        raise Refusal("BODY_MEMBER", "architecture: statement body", member="packets")
    return tuple(sorted({str(item.get("line")) for item in packets}))


def require_second(act: Act, role: str, rule: str) -> None:
    """Another person of the same node, in ``role``, signed too. Refusals SECOND_PERSON_MISSING, SECOND_PERSON_WRONG."""
    second = act.second
    if second is None:
        raise Refusal("SECOND_PERSON_MISSING", f"promise 2; {rule}", role=role)
    same = act.person is not None and second.subject == act.person.subject
    if same or second.node != act.node.subject or role not in second.roles:
        raise Refusal("SECOND_PERSON_WRONG", rule, person=second.subject, role=role)


def require_queue(act: Act, world: World, rule: str) -> None:
    """The queue named is one that the list gives the node named. Refusal QUEUE_UNKNOWN."""
    node, queue = act.text("accepting_node"), act.text("queue")
    if not any((found.node, found.queue) == (node_name(node), queue) for found in world.catalogue.queues):
        raise Refusal("QUEUE_UNKNOWN", rule, node=node, queue=queue[:40])


def require_due(file: CaseFile, act: Act, world: World, name: str) -> None:
    """The clock ran out before the act, which names it and its last moment. Refusals CLOCK_NOT_DUE, BODY_MEMBER."""
    state = clock_of(file, name, world)
    if state is None or state.stopped_at is not None or not clocks.is_due(state, act.recorded_at):
        due = state.due if state else None
        raise Refusal("CLOCK_NOT_DUE", "states.md 2", clock=name, due=due or "")
    for member, value in (("clock", name), ("due", state.due)):
        if act.text(member) != value:
            raise Refusal("BODY_MEMBER", "states.md 2", member=member)


# --- the case ----------------------------------------------------------------------------------------------------


def item_of(file: CaseFile, world: World) -> Item:
    """The item in the catalogue version that the case was opened under (D08)."""
    return world.catalogue_of(file.catalogue).item(file.task_code)


def proof_needed(file: CaseFile, world: World) -> int:
    """Level of proof that delivery needs: the item's; of a parent the highest among the results (T34, P8)."""
    return file.bundle.proof if file.bundle else item_of(file, world).required_proof_level


def clock_of(file: CaseFile, name: str, world: World) -> clocks.ClockState | None:
    """A clock of the case as the calendar in force counts it, or None (states.md 2, 9).

    What was computed beyond the known calendar is computed again once another calendar is in force; what a known
    calendar gave stays. K6 is never shorter than the applicant was told.
    """
    state = file.clocks.get(name)
    if state is None or not state.provisional or state.calendar_version == world.calendar.version:
        return state
    timetable = window_of(file, world).timetable if state.unit is clocks.Unit.WINDOW_HOUR else None
    counted = clocks.recompute(state, world.calendar, timetable)
    if name == "K6" and counted.due is not None and state.due is not None:
        return replace(counted, due=max(counted.due, state.due))
    return counted


def window_of(file: CaseFile, world: World) -> Window:
    """The collecting window in the case's list: its hours count K1 and K11. Refusal ITEM_NOT_COLLECTABLE."""
    name = node_name(file.collecting_node)
    window = world.catalogue_of(file.catalogue).window(name)
    if window is None:
        raise Refusal("ITEM_NOT_COLLECTABLE", "A18", window=name)
    return window


def sealing_named(file: CaseFile, manifest: str) -> Sealing:
    """The sealing with this manifest. Refusal SEALING_UNKNOWN."""
    for sealing in file.sealings:
        if sealing.manifest == manifest:
            return sealing
    raise Refusal("SEALING_UNKNOWN", "T05", manifest=manifest)


def held_materials(file: CaseFile, world: World) -> dict[str, str]:
    """Materials that the case holds, each with the node that sealed it: newest application and all addenda (E01)."""
    application = file.sealing("application")
    held: dict[str, str] = {}
    for sealing in (*((application,) if application else ()), *file.sealings_of("addendum")):
        found = sealed(file, sealing.manifest, world)
        given = given_materials(found.manifest) if found else ()
        held |= dict.fromkeys(given, sealing.sealed_by or file.collecting_node)
    return held


def given_materials(manifest: Manifest) -> frozenset[str]:
    """Materials that a sealing really brings: pages, or another way than handing in (D19); an empty line is none."""
    return frozenset(line.material for line in manifest.lines if line.pages or line.acquisition != "SUBMIT")


def answered_materials(file: CaseFile, world: World) -> frozenset[str]:
    """Materials in the addenda that answer the newest notice."""
    found = (sealed(file, sealing.manifest, world) for sealing in file.answered_by)
    return frozenset[str]().union(*(given_materials(one.manifest) for one in found if one))


def unopened_lines(file: CaseFile, manifest: str, node: str, world: World, material: str | None = None) -> set[str]:
    """Lines with pages of a sealing for which ``node`` has no packet under its current key; {"*"} without a key.

    ``material``: only lines of this catalogue code are asked for (a gateway holds the address alone).
    """
    found = sealed(file, manifest, world)
    try:
        key = world.registry.current(node).kem.id
    except Refusal:
        return {"*"}
    if found is None:
        return {"*"}
    needed = {line.line for line in found.manifest.lines if material in (None, line.material) and line.pages}
    for wrap in file.wraps:
        if (wrap.manifest, wrap.recipient, wrap.recipient_key) == (manifest, node, key):
            needed -= set(wrap.lines)
    return needed


def opened_by(file: CaseFile, node: str, world: World, material: str | None = None) -> bool:
    """Whether ``node`` can open every line of the application, or those of one material."""
    sealing = file.sealing("application")
    found = sealed(file, sealing.manifest, world) if sealing else None
    if sealing is None or found is None:
        return False
    asked = any(line.pages for line in found.manifest.lines if material in (None, line.material))
    return asked and not unopened_lines(file, sealing.manifest, node, world, material)


def require_opened_by(file: CaseFile, node: str, world: World, material: str | None = None) -> None:
    """Refusal KEYS_MISSING unless ``node`` can open what it is to get."""
    if not opened_by(file, node, world, material):
        raise Refusal("KEYS_MISSING", "architecture: routing waits for a valid wrap", recipient=node)


def day_of(moment: str) -> date:
    """Legal date of a text in UTC+8."""
    return date.fromisoformat(moment[:10])


# --- the way -----------------------------------------------------------------------------------------------------


def node_named(name: str, world: World) -> str:
    """Node id of the department whose id ends in ``name``, or an empty text."""
    for record in world.registry.nodes("department"):
        if node_name(record.subject) == name:
            return record.subject
    return ""


def route_of(file: CaseFile, catalogue: Catalogue, on: date) -> tuple[str, str]:
    """Name of the node and queue where the case belongs. Refusals ROUTE_NONE, ROUTE_AMBIGUOUS."""
    found = routing.route(catalogue, file.task_code, file.region, on)
    return found.node, found.queue


def queue_node(file: CaseFile, world: World, on: date) -> str:
    """Node id of the one queue that the case would be routed to on that day, or an empty text."""
    try:
        name, _ = route_of(file, world.catalogue_of(file.catalogue), on)
    except Refusal:
        return ""
    return node_named(name, world)


def route_failure(file: CaseFile, world: World, on: date) -> str:
    """Why the list names no single queue (T09): NO_ITEM, ITEM_NOT_LIVE, NO_QUEUE, AMBIGUOUS; empty when it does."""
    try:
        route_of(file, world.catalogue_of(file.catalogue), on)
    except Refusal as refusal:
        return cause_of(refusal)
    return ""


def cause_of(refusal: Refusal) -> str:
    """The cause of T09 in a refusal of ``route_of``."""
    return "AMBIGUOUS" if refusal.code == "ROUTE_AMBIGUOUS" else refusal.values["cause"]


OVERSEERS = frozenset({"auditor", "coordinator"})
"""Node roles that see, and supervise, the cases of their region (A24, G01)."""


def oversees(file: CaseFile, record: KeyRecord) -> bool:
    """Whether the node is an overseer of a region in which the case, or a part of it, begins, is reviewed or decided
    (A24)."""
    prefix = region_prefix(record.region)
    regions = {node_region(node) for node in (file.collecting_node, file.accepting_node) if node}
    return bool(record.roles & OVERSEERS) and any(one.startswith(prefix) for one in regions | further_regions(file))


def further_regions(file: CaseFile) -> frozenset[str]:
    """Regions (12 digits) of those who reviewed the case first and passed it up (T30), and of its parts (states.md 8).

    Where the case begins and where it is decided is not among them, unless it was reviewed first there.
    """
    named = (*file.first_reviewers, *(part.node for part in file.parts))
    return frozenset(node_region(node) for node in named if node)


def coordinator_of(file: CaseFile, world: World) -> str:
    """The coordinator node nearest to where the case is to be handled, else to where it was collected; else empty.

    Nearest: its region shares the longest prefix; a region that contains the place wins over one that does not.
    """
    places = (file.region, node_region(file.collecting_node))

    def far(record: KeyRecord) -> tuple[int, int, str]:
        prefix = region_prefix(record.region)
        rank = next((at for at, place in enumerate(places) if place.startswith(prefix)), len(places))
        return rank, -len(prefix), record.subject

    found = sorted(world.registry.nodes("coordinator"), key=far)
    return found[0].subject if found else ""

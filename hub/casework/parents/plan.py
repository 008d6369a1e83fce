"""From the body of ``seal_parent`` and the pinned list to bundle, parts and bonds (P1, B02, B03, B05, A09, A10). Pure.

Invariants:
- of a theme everything but case ids, regions and modes comes from its plan, never from who sealed it; the window only
  says which of the plan's lines the parts call for by the applicant's answers (``serves``, B16);
- without a theme (多地联办) one paper serves two parts only where their lists call it by the same name;
- agents, hub and auditor build a child's bond by the same function.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crypto.identity import node_name
from crypto.refusal import Refusal
from hub.casework.casefile import CaseFile
from hub.casework.catalogue.lint_themes import in_order
from hub.casework.catalogue.model import Catalogue, Limit, Material
from hub.casework.catalogue.themes import PARENT_EXTENSION_DAYS, PARENT_LIMIT_DAYS, Plan
from hub.casework.context import World
from hub.casework.originals.states import MAIL
from hub.casework.parents.values import APPROVAL, CONSULTATION, Bond, Bundle, PartFile
from hub.casework.time.clock_table import Unit

RULE = "states.md P1; B03, B06"
MULTI_PLACE = "MULTI_PLACE"
MODES = frozenset({"ONLINE", "PROXY_COLLECT", MULTI_PLACE})
INDEPENDENT, ALL_OR_NOTHING = "INDEPENDENT", "ALL_OR_NOTHING"
MULTI_PLACE_LEAST = 2
PARTS_MOST = 24
"""(D) The themes of the State Council have ten parts at most; each act on one looks at all of them."""
_CASE = re.compile(r"[0-9a-f]{32}")
_PART = re.compile(r"[A-Za-z0-9_-]{1,24}")
_HOURS_A_DAY = 24
_BOND = {"mode", "after", "serves", "elsewhere", "together", "onward"}
_MEMBERS = {"part", "case", "task_code", "region", "mode", "after"}
Serves = tuple[tuple[str, str, str], ...]
Ways = Mapping[str, tuple[tuple[str, str], ...]]
"""(part, policy) of who needs the original of a line, in order."""


@dataclass(frozen=True)
class Told:
    """One part as the window tells it."""

    part: str
    case: str
    task_code: str
    region: str
    mode: str
    after: tuple[str, ...]


def told_parts(body: Mapping[str, Any]) -> tuple[Told, ...]:
    """The parts in ``parts``. Refusals BODY_MEMBER, PARENT_PARTS for a code or a case that stands twice,
    and for too many.
    """
    entries = body.get("parts")
    if not isinstance(entries, list) or not entries or not all(_well_formed(entry) for entry in entries):
        raise Refusal("BODY_MEMBER", RULE, member="parts")
    if len(entries) > PARTS_MOST:
        raise Refusal("PARENT_PARTS", RULE, most=PARTS_MOST, n=len(entries))
    told = tuple(Told(**{**entry, "after": tuple(entry["after"])}) for entry in entries)
    for names in ([one.part for one in told], [one.case for one in told]):
        if len(set(names)) != len(names):
            raise Refusal("PARENT_PARTS", RULE, part=max(names, key=names.count))
    return told


def manifest_code(body: Mapping[str, Any]) -> str:
    """What the manifest of a parent's sealing names as its item: the theme, or that there is none."""
    return str(body.get("theme") or MULTI_PLACE)


def layout(body: Mapping[str, Any], catalogue: Catalogue) -> tuple[tuple[PartFile, ...], Serves]:
    """The parts, and which line of the one sealing stands for which material of which part.

    Refusals of ``told_parts``, THEME_UNKNOWN, THEME_NOT_LIVE, PARENT_PARTS, PARENT_SERVES.
    """
    theme = str(body.get("theme", ""))
    return _by_plan(theme, body, catalogue) if theme else _by_places(body, catalogue)


def bundle(body: Mapping[str, Any], node: str, world: World) -> tuple[Bundle, tuple[PartFile, ...]]:
    """What ``seal_parent`` by the window ``node`` opens. Refusals of ``layout``, THEME_WINDOW, PARENT_EXIT."""
    catalogue = world.catalogue_of(str(body.get("catalogue")))
    parts, serves = layout(body, catalogue)
    days, path = longest_path(parts)
    theme = str(body.get("theme", ""))
    if theme:
        found = catalogue.theme(theme).require_intake(node_name(node))
        promised, leaves_by = (found.promised_limit.n, str(found.promised_limit.unit)), _exit(found, world)
        policy, together = found.failure_policy, found.accept_together
        statutory, extension = found.statutory_days, found.extension_days
        lead = next(part.code for part in found.parts if part.core)
    else:
        promised, leaves_by = (min(days, PARENT_LIMIT_DAYS), str(Unit.WORKING_DAY)), node
        policy, together = INDEPENDENT, True
        statutory, extension, lead = PARENT_LIMIT_DAYS, PARENT_EXTENSION_DAYS, parts[0].part
    if leaves_by != node and not _partial(body):  # (D) an exit elsewhere is not told of the results: not built
        raise Refusal("PARENT_EXIT", "B07; P8", node=node_name(leaves_by))
    made = Bundle(
        theme, policy, together, lead, leaves_by, _partial(body), statutory, extension, promised, path,
        _proof(parts, catalogue), serves,
    )  # fmt: skip
    return made, parts


def bond(body: Mapping[str, Any], parent: str, part: str, catalogue: Catalogue) -> dict[str, object]:
    """The members by which a child's ``seal`` names its parent, from the parent's body. Refusals of ``layout``."""
    parts, serves = layout(body, catalogue)
    found = next((one for one in parts if one.part == part and one.case), None)
    if found is None:
        raise Refusal("PARENT_PARTS", RULE, part=part[:24])
    ways = ways_of_papers(parts, serves, catalogue)
    return {"parent": parent, "part": part, "bond": bond_object(found, serves, ways, together=not _partial(body))}


def bond_object(part: PartFile, serves: Serves, ways: Ways, *, together: bool) -> dict[str, object]:
    """``bond`` in a child's ``seal``. The original of a line that serves several parts is in the custody of the first
    of them that needs it, which sends it on to the others (``onward``; states.md 8).
    """
    own = {line: code for line, name, code in serves if name == part.part}
    onward = [
        {"line": line, "part": name, "policy": policy}
        for line in sorted(own)
        if ways[line][0][0] == part.part
        for name, policy in ways[line][1:]
    ]
    elsewhere = sorted(line for line in own if ways[line][0][0] != part.part)
    return {
        "mode": part.mode, "after": list(part.after), "serves": own, "elsewhere": elsewhere, "together": together,
        "onward": onward,
    }  # fmt: skip


def ways_of_papers(parts: Sequence[PartFile], serves: Serves, catalogue: Catalogue) -> Ways:
    """By line the parts that need its original at their department, with what their lists want of it, in the plan's
    order: who waits for no other first, each after all that it waits for. Where none needs it, the first of all.
    """
    cases = {part.part: part for part in approvals(parts)}
    after = {name: [other for other in part.after if other in cases] for name, part in cases.items()}
    place = {name: at for at, name in enumerate(in_order(after))}
    found: dict[str, list[tuple[int, str, Material]]] = {}
    for line, name, code in serves:
        material = catalogue.item(cases[name].task_code).material(code) if name in cases else None
        if material is not None:
            found.setdefault(line, []).append((place[name], name, material))
    ways: dict[str, tuple[tuple[str, str], ...]] = {}
    for line, serving in found.items():
        serving.sort(key=lambda one: one[0])
        needed = [
            (name, one.original_policy) for _, name, one in serving if one.original_policy == MAIL or one.needed_by
        ]
        ways[line] = tuple(needed) or ((serving[0][1], serving[0][2].original_policy),)
    return ways


def bond_in(body: Mapping[str, Any]) -> Bond:
    """The bond that a child's ``seal`` tells. Refusal BODY_MEMBER."""
    told = body.get("bond")
    if not isinstance(told, dict) or set(told) != _BOND:
        raise Refusal("BODY_MEMBER", RULE, member="bond")
    after, serves, elsewhere, named = told["after"], told["serves"], told["elsewhere"], [body.get("parent")]
    named.append(body.get("part"))
    onward = _onward_in(told["onward"])
    lists = isinstance(after, list) and isinstance(serves, dict) and isinstance(elsewhere, list)
    if not lists or not all(isinstance(one, str) for one in (*named, *after, *elsewhere, *serves.values())):
        raise Refusal("BODY_MEMBER", RULE, member="bond")
    if not isinstance(told["mode"], str) or told["mode"] not in MODES or not isinstance(told["together"], bool):
        raise Refusal("BODY_MEMBER", RULE, member="bond")
    return Bond(
        str(named[0]), str(named[1]), told["mode"], tuple(after), tuple(sorted(serves.items())), tuple(elsewhere),
        told["together"], blocked=True, onward=onward,
    )  # fmt: skip


def _onward_in(told: object) -> tuple[tuple[str, str, str], ...]:
    names = {"line", "part", "policy"}
    entries = [one for one in told if isinstance(one, dict) and set(one) == names] if isinstance(told, list) else []
    texts = all(isinstance(text, str) for one in entries for text in one.values())
    if not isinstance(told, list) or len(entries) != len(told) or not texts:
        raise Refusal("BODY_MEMBER", RULE, member="bond")
    return tuple((one["line"], one["part"], one["policy"]) for one in entries)


def approvals(parts: Sequence[PartFile]) -> tuple[PartFile, ...]:
    """The parts that are cases."""
    return tuple(part for part in parts if part.kind == APPROVAL)


def entries(parts: Sequence[PartFile]) -> tuple[PartFile, ...]:
    """Cases that wait for no other part (P3)."""
    return tuple(part for part in approvals(parts) if not part.after)


def merged_lacks(file: CaseFile) -> tuple[tuple[str, str], ...]:
    """(line, defect) of all that the parts still lack which can be told now (P2), each once, in order."""
    found = {pair for part in lacking(file) for pair in part.lacks}
    return tuple(sorted(found))


def lacking(file: CaseFile) -> tuple[PartFile, ...]:
    """Parts that lack something and wait for the notice."""
    return tuple(part for part in file.parts if part.state == "PENDING_ACCEPT" and part.answer == "LACKS")


def department_node(code: str, catalogue: Catalogue, world: World) -> str:
    """Node id of the department of a body: by its place in the tree of halls, else by the queues of its items."""
    names = {place.node for place in catalogue.places.values() if code in place.bodies}
    own = {item.task_code for item in catalogue.items.values() if item.implementing_body.credit_code == code}
    names = names or {queue.node for queue in catalogue.queues if queue.task_code in own}
    found = sorted(one.subject for one in world.registry.nodes("department") if node_name(one.subject) in names)
    return found[0] if found else ""


def longest_path(parts: Sequence[PartFile]) -> tuple[int, tuple[str, ...]]:
    """Working days of the slowest chain of parts, and the parts on such a chain (P4)."""
    days = {part.part: part.days for part in parts}
    after = {part.part: [name for name in part.after if name in days] for part in parts}
    order = list(in_order(after))
    ends: dict[str, int] = {}
    for name in order:
        ends[name] = days[name] + max((ends[before] for before in after[name]), default=0)
    tails: dict[str, int] = {}
    for name in reversed(order):
        following = [tails[later] for later in order if name in after[later]]
        tails[name] = days[name] + max(following, default=0)
    most = max(ends.values(), default=0)
    return most, tuple(name for name in order if ends[name] + tails[name] - days[name] == most)


def at_most(limit: Limit) -> int:
    """Working days that a limit lasts at most."""
    return -(-limit.n // _HOURS_A_DAY) if limit.unit == Unit.HOUR else limit.n


# --- with and without a theme --------------------------------------------------------------------------------------


def _by_plan(code: str, body: Mapping[str, Any], catalogue: Catalogue) -> tuple[tuple[PartFile, ...], Serves]:
    """B01, B03: parts, order and list are the plan's; the window tells case, region and mode of each."""
    theme = catalogue.theme(code)
    if theme.plan is None:
        raise Refusal("THEME_NOT_LIVE", "B03", theme=code, name=theme.name)
    told = {one.part: one for one in told_parts(body)}
    wanted = {part.code: (part.task_code, part.after) for part in theme.plan.parts if part.kind == APPROVAL}
    for name in sorted(told.keys() | wanted.keys()):
        if name not in told or (told[name].task_code, told[name].after) != wanted.get(name):
            raise Refusal("PARENT_PARTS", f"B03; {RULE}", part=name, theme=code)
    nothing = Told("", "", "", "", "", ())
    parts = []
    for part in theme.plan.parts:
        one = told.get(part.code, nothing)
        days = at_most(part.limit)
        parts.append(
            PartFile(
                part.code, one.case, part.task_code, one.region, one.mode, part.kind, part.after, part.department, days
            )
        )
    return tuple(parts), _plan_serves(theme.plan, body, parts)


def _plan_serves(plan: Plan, body: Mapping[str, Any], parts: Sequence[PartFile]) -> Serves:
    """B05, B16: the plan's lines; where the window says what the parts call for (``serves``), of their lines no others.

    An opinion (P13) answers no questions: its lines are the plan's. Refusals BODY_MEMBER, PARENT_SERVES.
    """
    whole = [(line.code, part, own) for line in plan.materials for part, own in line.serves.items()]
    if "serves" not in body:
        return tuple(whole)
    called = {(line, part, code) for line, served in _serves_in(body).items() for part, code in served.items()}
    cases = {part.part for part in approvals(parts)}
    for line, name, code in sorted(called - {one for one in whole if one[1] in cases}):
        raise Refusal("PARENT_SERVES", "B03, B05", line=line[:40], part=name[:24], material=code[:40])
    return tuple(one for one in whole if one in called or one[1] not in cases)


def _serves_in(body: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """``serves``: line to part to that part's own code. Refusal BODY_MEMBER."""
    told = body.get("serves")
    if not isinstance(told, dict) or not all(isinstance(served, dict) and served for served in told.values()):
        raise Refusal("BODY_MEMBER", RULE, member="serves")
    if not all(isinstance(text, str) for served in told.values() for text in served.values()):
        raise Refusal("BODY_MEMBER", RULE, member="serves")
    return told


def _by_places(body: Mapping[str, Any], catalogue: Catalogue) -> tuple[tuple[PartFile, ...], Serves]:
    """A09: places without a theme: the first part leads, results leave where they were asked for, the promise is as
    long as the slowest chain of the items' own promises.
    """
    told = told_parts(body)
    if len(told) < MULTI_PLACE_LEAST:
        raise Refusal("PARENT_PARTS", f"A09; {RULE}", part=told[0].part)
    after = {one.part: list(one.after) for one in told}
    in_a_circle = sorted(after.keys() - set(in_order(after)))
    unknown = sorted({name for names in after.values() for name in names} - after.keys())
    for name in (*in_a_circle, *unknown):
        raise Refusal("PARENT_PARTS", f"B07; {RULE}", part=name[:24])
    parts = []
    for one in told:
        item = catalogue.item(one.task_code)
        body_code, days = item.implementing_body.credit_code, at_most(item.promised_limit)
        parts.append(
            PartFile(one.part, one.case, one.task_code, one.region, one.mode, APPROVAL, one.after, body_code, days)
        )
    return tuple(parts), _told_serves(body, parts, catalogue)


def _told_serves(body: Mapping[str, Any], parts: Sequence[PartFile], catalogue: Catalogue) -> Serves:
    """B05, D03: which line stands for which material of which part, as the window says. Refusal PARENT_SERVES."""
    told = _serves_in(body)
    items = {part.part: catalogue.item(part.task_code) for part in parts}
    made: list[tuple[str, str, str]] = []
    for line, served in sorted(told.items()):
        names = set()
        for part, code in sorted(served.items()):
            material = items[part].material(code) if part in items else None
            if material is None or (part, code) in {one[1:] for one in made}:
                raise Refusal("PARENT_SERVES", "B05, D03", line=line[:40], part=part[:24], material=code[:40])
            names.add(material.name)
            made.append((line, part, code))
        if len(names) > 1:
            raise Refusal("PARENT_SERVES", "B05, E01", line=line[:40], part=part, material=code)
    return tuple(made)


def _exit(plan: Plan, world: World) -> str:
    """P8: node id of the one exit."""
    nodes = (*world.registry.nodes("window"), *world.registry.nodes("department"))
    found = sorted(one.subject for one in nodes if node_name(one.subject) == plan.exit_node)
    if not found:
        raise Refusal("PARENT_EXIT", "B07; P8", node=plan.exit_node)
    return found[0]


def _proof(parts: Sequence[PartFile], catalogue: Catalogue) -> int:
    """P8: the highest among the results."""
    return max(catalogue.item(part.task_code).required_proof_level for part in approvals(parts))


def _partial(body: Mapping[str, Any]) -> bool:
    told = body.get("partial_delivery")
    if not isinstance(told, bool):
        raise Refusal("BODY_MEMBER", "B08; P8", member="partial_delivery")
    return told


def _well_formed(entry: object) -> bool:
    if not isinstance(entry, dict) or set(entry) != _MEMBERS or not isinstance(entry["after"], list):
        return False
    texts = [entry[name] for name in _MEMBERS - {"after"}] + entry["after"]
    if not all(isinstance(text, str) for text in texts):
        return False
    coded = _PART.fullmatch(entry["part"]) and _CASE.fullmatch(entry["case"])
    return bool(coded) and entry["mode"] in MODES


def consultations(parts: Sequence[PartFile]) -> tuple[PartFile, ...]:
    """The parts that are opinions (B22)."""
    return tuple(part for part in parts if part.kind == CONSULTATION)

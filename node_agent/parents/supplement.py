"""What the one notice of a parent asks for is handed in once, by lines of the one list, for every part that lacks it.

Invariants:
- what is asked follows from the children's own leaves (``merged_supplement``); a line goes to each part that lacks it,
  under that part's own code, as an addendum of its own (invariant 12);
- pages are taken for all of these parts or for none;
- what is handed in for one part goes to every other part too that needs the same paper, at its
  department or on the way there (P5).
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from crypto.refusal import Refusal
from hub.casework.facts import FORM
from hub.casework.parents.kin import AWAITED_THERE
from hub.casework.parents.plan import bond_in
from hub.casework.parents.rows import KIN
from hub.casework.parents.share import line_of
from hub.casework.states import State
from node_agent.acts import LateEntry
from node_agent.known.casemirror import application_leaf, history, last_of, mirror
from node_agent.parents.told import parts_in
from node_agent.process.runtime import Agent
from node_agent.transfer.sealer import LineInput
from node_agent.window import supplement as window_supplement
from node_agent.window.addenda import queue_aside
from node_agent.window.drafts import DraftLine
from node_agent.window.intake import PagesTaken
from node_agent.window.pages import PLAIN, Shooting, read_pages
from node_agent.window.seal import collecting_role
from node_agent.window.supplement import Demand, Supplemented


def children(agent: Agent, parent: str) -> list[str]:
    """Cases of a parent's parts. Refusal CASE_UNKNOWN_HERE."""
    sealed = last_of(history(agent.journal, parent), "seal_parent")
    if sealed is None:
        raise Refusal("CASE_UNKNOWN_HERE", "A24", case=parent)
    return [part.case for part in parts_in(sealed.statement.body)]


def here(agent: Agent, case_id: str) -> bool:
    """Whether the case is here as far as its supplement goes; of a parent also each part that waits for one."""
    if not window_supplement.here(agent, case_id):
        return False
    file = mirror(agent, case_id).file
    waiting = [part.case for part in file.parts if part.state == State.SUPPLEMENT.value] if file else []
    return all(window_supplement.here(agent, case) for case in waiting)


def demands(agent: Agent, parent: str) -> dict[str, Demand]:
    """What is asked of each child that lacks something, by its case. Refusal NOTHING_DEMANDED when none does."""
    found: dict[str, Demand] = {}
    for case_id in children(agent, parent):
        try:
            found[case_id] = window_supplement.demand(agent, case_id)
        except Refusal as refusal:
            if refusal.code not in ("NOTHING_DEMANDED", "CASE_UNKNOWN_HERE"):
                raise
    if not found:
        raise Refusal("NOTHING_DEMANDED", "P2; E01", case=parent)
    return found


def lines(agent: Agent, parent: str) -> dict[str, list[tuple[str, str]]]:
    """(child, own material) by line of the one list, of all that is asked for."""
    made: dict[str, list[tuple[str, str]]] = {}
    for case_id, asked in demands(agent, parent).items():
        for one in asked.lines:
            made.setdefault(_line(agent, case_id, one.material), []).append((case_id, one.material))
    return made


def add_pages(
    agent: Agent, parent: str, line: str, source: Path | Sequence[Path], original: str, how: Shooting = PLAIN
) -> PagesTaken:
    """Take pages to a line of the one list, for each part that lacks it. Refusals as ``window.supplement.add_pages``;
    refused pages are reported and nothing is taken."""
    wanted = lines(agent, parent).get(line)
    if wanted is None:
        raise Refusal("NOT_DEMANDED", "P2; E01", material=line[:40])
    refused = read_pages(agent, source, how)[1]
    if refused:
        return PagesTaken((), tuple(refused))
    taken = [
        window_supplement.add_pages(agent, case_id, material, source, original, how) for case_id, material in wanted
    ]
    return taken[0]


def seal(
    agent: Agent, parent: str, staff_code: str, late: LateEntry | None = None, *, applicant_signed: bool
) -> list[tuple[Demand, Supplemented]]:
    """Seal what was taken in, one addendum a part; works without hub and store. Refusals as ``window.supplement.seal``.

    Parts for which nothing was taken in yet are left for another day.
    """
    ready = [asked for asked in demands(agent, parent).values() if any(line.pages for line in asked.lines)]
    if not ready:
        raise Refusal("PAGES_NONE", "P2; A04", material=",".join(lines(agent, parent)))
    if not applicant_signed:
        raise Refusal("DECLARATION_MISSING", "T17; A23", declaration="applicant_signed")
    shared = _share(agent, parent, ready, staff_code)  # first: pages are erased once the hub has a supplement
    made = [
        (asked, window_supplement.seal(agent, asked.case, staff_code, late, applicant_signed=applicant_signed))
        for asked in ready
    ]
    asked, first = made[0]
    return [(asked, replace(first, entries=(*first.entries, *shared))), *made[1:]]


def _share(agent: Agent, parent: str, ready: Sequence[Demand], staff_code: str) -> list[str]:
    """P5A: what was asked for, under the codes of each other part that needs it and did not ask itself; digests of what
    was queued.
    """
    role, wanted = collecting_role(agent, staff_code), lines(agent, parent)
    taken: dict[str, tuple[str, DraftLine]] = {}
    for asked in ready:
        for material, one in window_supplement.ready_lines(agent, asked)[0].items():
            taken.setdefault(_line(agent, asked.case, material), (asked.case, one))
    queued: list[str] = []
    for other in children(agent, parent):
        asking = {line for line, places in wanted.items() if other in {case for case, _ in places}}
        codes = {line: code for line, code in _needed(agent, other).items() if line in taken and line not in asking}
        given = [_renamed(agent, *taken[line], code) for line, code in codes.items()]
        if given:
            queued += queue_aside(agent, other, staff_code, role, given, "part_shared", KIN).entries
    return queued


def _needed(agent: Agent, case_id: str) -> dict[str, str]:
    """Own material by line of the one list, of a part at its department or on the way there; empty for any other."""
    view = mirror(agent, case_id)
    if view.file is None or view.file.bond is None or view.file.state not in AWAITED_THERE:
        return {}
    return dict(view.file.bond.serves)


def _renamed(agent: Agent, case_id: str, line: DraftLine, code: str) -> LineInput:
    """A line that was taken in for one part, as another part calls it; its original is in the first one's custody."""
    (made,) = window_supplement.inputs(agent, case_id, [line])
    original = "SEEN_RETURNED" if line.original == "HELD" else line.original
    return replace(made, facts=replace(made.facts, line=code, material=code, original=original))


def _line(agent: Agent, case_id: str, material: str) -> str:
    """The parent's line for a material of a child's own item."""
    told = application_leaf(history(agent.journal, case_id))
    if told is None or "bond" not in told.statement.body:
        return material
    bond = bond_in(told.statement.body)
    own = {code: line for line, code in bond.serves}
    return own.get(material, line_of(bond.serves, bond.part, FORM) if material == FORM else material)

"""What a parent learns of its children, and each child of its parent: stated by the hub on the chain of who learns it.

Invariants:
- pure: the case, its kin as the world shows them, nothing else; where the world knows no kin (an agent, an auditor with
  one package) nothing is owed here, and what was stated stands on the case's own chain with the digest that proves it;
- once stated, an event is not owed again.
"""

from collections.abc import Callable
from typing import Final

from hub.casework.acceptance.values import Notice
from hub.casework.casefile import CaseFile
from hub.casework.context import World
from hub.casework.delivery import whereabouts
from hub.casework.hub_event import HubEvent
from hub.casework.parents import look, papers, plan
from hub.casework.parents.share import line_of
from hub.casework.parents.values import INHERITED, TOLD, Bond, PartFile
from hub.casework.row_values import WITH_PAPER
from hub.casework.states import State

Known = Callable[[str], CaseFile | None]
AT_DEPARTMENT: Final = (State.PENDING_ACCEPT, State.SUPPLEMENT, State.UNDER_REVIEW, State.SUSPENDED)
AWAITED_THERE: Final = (*AT_DEPARTMENT, State.COLLECTED, State.FORWARDED, State.REROUTING)
"""P5: at a department or on the way to one; a part that is a draft again gets its papers when it is sealed anew."""
_CONCLUDED = (State.P_CONCLUDED, State.P_DELIVERING)
_WITH_RESULT = (State.DECIDED, State.DELIVERING)


def next_event(file: CaseFile, world: World) -> HubEvent | None:
    """The next thing that the hub has to tell this case of its kin, or None."""
    return news(file, world.kin) if world.kin is not None else None


def news(file: CaseFile, known: Known) -> HubEvent | None:
    """The same where ``known`` gives another case by its id, as it stands."""
    if file.bundle is not None:
        return _of_children(file, known)
    if file.bond is None:
        return None
    parent = known(file.bond.parent)
    part = look.part_of(parent, file.bond.part) if parent is not None else None
    if parent is None or part is None or part.case != file.case:
        return None
    return _of_parent(file, file.bond, parent, part)


def relatives(file: CaseFile) -> tuple[str, ...]:
    """Ids of the case's parent, or of its children."""
    return (file.bond.parent,) if file.bond is not None else tuple(part.case for part in file.parts if part.case)


def children(file: CaseFile, known: Known) -> list[tuple[PartFile, CaseFile]]:
    """The parts whose cases stand, with these."""
    found = []
    for part in plan.approvals(file.parts):
        child = known(part.case)
        if child is not None and child.bond is not None and child.bond.parent == file.case:
            found.append((part, child))
    return found


def _of_children(file: CaseFile, known: Known) -> HubEvent | None:
    """What is new about a child (P1 to P9)."""
    if not look.open_parent(file):
        return None
    for part, child in children(file, known):
        now = look.as_known(part, child)
        if now != part:
            return HubEvent("child_reported", report(now))
    return None


def report(part: PartFile) -> dict[str, object]:
    """The body of ``child_reported``: codes, node, digests and times; what there is none of is left out."""
    lacks = [{"material": line, "defect": defect} for line, defect in part.lacks]
    told = {
        "node": part.node,
        "outcome": part.outcome,
        "effective_at": part.effective_at,
        "answer": part.answer,
        "lacks": lacks,
        "notice": part.notice,
        "papers": [{"line": line, "part": who, "evidence": digest} for line, who, digest in part.papers],
    }
    plain = {"part": part.part, "case": part.case, "state": part.state, "at": part.at, "evidence": part.evidence}
    return plain | {name: value for name, value in told.items() if value}


def _of_parent(file: CaseFile, bond: Bond, parent: CaseFile, part: PartFile) -> HubEvent | None:
    return _progress(file, bond, parent) or _papers(file, bond, parent)


def _papers(file: CaseFile, bond: Bond, parent: CaseFile) -> HubEvent | None:
    """P5, states.md 5: originals that go from one part to the next."""
    if file.state not in WITH_PAPER:
        return None
    return papers.next_turn(file, bond, parent) or papers.next_shown(bond, parent)


def _progress(file: CaseFile, bond: Bond, parent: CaseFile) -> HubEvent | None:
    if look.undecided(file):
        return _before_decision(file, bond, parent)
    if bond.together and file.state in _WITH_RESULT and not bond.exit_open and parent.state in _CONCLUDED:
        return HubEvent("open_exit", {"evidence": parent.head})
    served = file.state is State.DELIVERING and parent.state is State.P_CLOSED
    if bond.together and served and not whereabouts.recalled(file):
        return HubEvent("delivered_together", {"evidence": parent.head})
    return _rated(file, parent)


def _before_decision(file: CaseFile, bond: Bond, parent: CaseFile) -> HubEvent | None:
    made = parent.bundle
    assert made is not None
    if made.withdrawn or parent.state is State.P_WITHDRAWN:
        return HubEvent("withdrawn_with_parent", {"evidence": made.withdrawn or parent.head})
    waits = look.waits_for_applicant(parent)
    if waits != bond.held:
        return HubEvent("hold", {"evidence": made.question}) if waits else HubEvent("go_on", {"evidence": made.word})
    if bond.blocked and not waits:
        return _released(bond, parent) or _admitted(file, parent)
    return _noticed(file, bond, parent) or _admitted(file, parent)


def _released(bond: Bond, parent: CaseFile) -> HubEvent | None:
    """P1: a child begins when all parts stand, so that none runs ahead of a whole that never comes about, and when all
    that it waits for is granted; it ends when one of these never will be (P6).
    """
    before = [part for part in parent.parts if part.part in bond.after]
    lost = next((part for part in before if look.lost(part)), None)
    if lost is not None:
        return HubEvent("stop_part", {"part": lost.part, "evidence": lost.evidence})
    if not all(look.granted(part) for part in before) or parent.state is State.P_COLLECTED:
        return None
    return HubEvent("release", {"granted": [{"part": part.part, "evidence": part.evidence} for part in before]})


def _noticed(file: CaseFile, bond: Bond, parent: CaseFile) -> HubEvent | None:
    """P2: the one notice reaches each part that lacks something, as its own notice."""
    part = look.part_of(parent, bond.part)
    if file.state is not State.PENDING_ACCEPT or part is None or part.supplement != TOLD:
        return None
    notice: Notice = parent.notices[-1]
    codes = {line_of(bond.serves, bond.part, code): code for code, _ in bond.lacks}
    lines = [{"material": codes[line], "defect": defect} for line, defect in part.lacks if line in codes]
    return HubEvent("merged_supplement", {"lines": lines, "due": notice.due, "evidence": notice.digest})


def _admitted(file: CaseFile, parent: CaseFile) -> HubEvent | None:
    """P2, T17: a window that the applicant goes to with what the one notice asks for; what he brings there for one part
    reaches every part that needs it (P5).
    """
    known = (file.collecting_node, *file.helpers)
    if file.state not in AWAITED_THERE:
        return None
    for node, digest in parent.bundle.admitted if parent.bundle else ():
        if node not in known:
            return HubEvent("admit_with_parent", {"node": node, "evidence": digest})
    return None


def _rated(file: CaseFile, parent: CaseFile) -> HubEvent | None:
    """P11: the one rating of the whole counts for each part."""
    if file.state is State.ARCHIVED or any(rating.kind == INHERITED for rating in file.ratings):
        return None
    given = next((rating for rating in parent.ratings if rating.kind == "PUBLIC"), None)
    if given is None:
        return None
    return HubEvent("inherit_rating", {"evidence": given.digest, "scores": dict(given.scores)})

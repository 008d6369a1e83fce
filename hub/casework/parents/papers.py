"""One original that several parts need (states.md 8, P5): whose turn it is, who had it, where its way ends. Pure.

Invariants:
- the paper stays on the chain of one case, the first part that needs it, so its custody has no gap (promise 2);
- whose turn it is follows from that case and from what its parent knows of the parts, so who has both finds the same;
- a department has its turn until it had the paper in hand and accepted its part, or its part came to nothing; what
  stays in an archive stays with the last part that wants it there, else it goes back to the applicant.
"""

from hub.casework.casefile import CaseFile
from hub.casework.hub_event import HubEvent
from hub.casework.originals import states
from hub.casework.originals.values import Original
from hub.casework.parents import look
from hub.casework.parents.share import line_of
from hub.casework.parents.values import LOST, SHOWN, Bond, PartFile
from hub.casework.states import PARENT_ENDS


def onward(file: CaseFile, material: str) -> tuple[tuple[str, str], ...]:
    """(part, policy) of the parts that need an original of this material after the case; none where it has no kin."""
    bond = file.bond
    if bond is None:
        return ()
    line = line_of(bond.serves, bond.part, material)
    return tuple((part, policy) for of, part, policy in bond.onward if of == line)


def shown(file: CaseFile, material: str) -> str:
    """What became of an original that another part has in custody: SHOWN here, LOST, or nothing that is known."""
    bond = file.bond
    if bond is None:
        return ""
    line = line_of(bond.serves, bond.part, material)
    found = {finding for of, finding, _ in bond.shown if of == line}
    return SHOWN if SHOWN in found else LOST if LOST in found else ""


def in_hand_of(file: CaseFile, item: Original, node: str, evidence: str) -> tuple[tuple[str, str], ...]:
    """``seen`` of a paper once ``node`` took it in: the part whose turn it is had it, where it is that one's."""
    if not item.onward or file.bond is None or node != states.goal(file, item):
        return item.seen
    part = item.turn or file.bond.part
    return item.seen if part in dict(item.seen) else (*item.seen, (part, evidence))


def passed_on(file: CaseFile, item: Original) -> bool:
    """Whether the case's own department had it in hand, before it went to the next part's."""
    return bool(item.to) and file.bond is not None and file.bond.part in dict(item.seen)


def next_turn(file: CaseFile, bond: Bond, parent: CaseFile) -> HubEvent | None:
    """What the hub has to say of the next paper in this case's custody: whose turn it is, or where its way ends."""
    for item in file.originals:
        if item.onward and states.lies_with(item, item.holder):
            event = _turn(item, bond, parent)
            if event is not None:
                return event
    return None


def next_shown(bond: Bond, parent: CaseFile) -> HubEvent | None:
    """What the hub has to say of papers that other parts have in custody and this one needs."""
    said = {(line, finding) for line, finding, _ in bond.shown}
    for part in parent.parts:
        for line, who, digest in part.papers:
            finding = LOST if not who else SHOWN if who == bond.part else ""
            if finding and line in bond.elsewhere and (line, finding) not in said:
                return HubEvent("paper_shown", {"line": line, "finding": finding, "evidence": digest})
    return None


def _turn(item: Original, bond: Bond, parent: CaseFile) -> HubEvent | None:
    known = {part.part: part for part in parent.parts}
    route = (bond.part, *(part for part, _ in item.onward))
    ended = parent.state in PARENT_ENDS
    living = [part for part in route if look.granted(known[part]) or not (ended or look.lost(known[part]))]
    had, current = dict(item.seen), item.turn or bond.part
    if current in living and not (current in had and look.accepted(known[current])):
        return _to(item, known[current], bond)
    waiting = [part for part in living if part not in had]
    keepers = [part for part in living if dict(item.onward).get(part, item.policy) == states.MAIL]
    if not waiting and not keepers:
        why = [{"part": part, "evidence": known[part].evidence or parent.head} for part in route]
        return HubEvent("paper_free", {"item": item.item, "parts": why}) if item.over != states.FREE else None
    target = waiting[0] if waiting else keepers[-1]
    if waiting or target != current or item.over == states.KEPT:
        return _to(item, known[target], bond)
    return HubEvent("paper_kept", _body(item, known[target]))


def _to(item: Original, part: PartFile, bond: Bond) -> HubEvent | None:
    """It is this part's turn, once its department has it; where another department has the part now, that one's."""
    current = item.turn or bond.part
    same = current == part.part and (not item.to or item.to == part.node)
    return None if same or not part.node else HubEvent("paper_turn", _body(item, part) | {"node": part.node})


def _body(item: Original, part: PartFile) -> dict[str, object]:
    return {"item": item.item, "part": part.part, "evidence": part.evidence}

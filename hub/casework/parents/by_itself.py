"""What the law makes happen by itself to a parent, from what it knows (states.md 8: P1, P3, P6 to P8, P13).

Invariants: pure and without a look at other cases, so an auditor finds the same from the parent's own leaves; once
stated, an event is not owed again. What parent and children learn of each other: ``kin``.
"""

from crypto.refusal import Refusal
from hub.casework.casefile import CaseFile
from hub.casework.common import just_after
from hub.casework.context import World
from hub.casework.hub_event import HubEvent
from hub.casework.parents import kin, look, plan
from hub.casework.parents.values import HANDED_IN, PartFile
from hub.casework.review.look import opinion_due, silent
from hub.casework.states import State


def next_event(file: CaseFile, world: World, now: str) -> HubEvent | None:
    """What follows from the parent as it stands; then what kin has to tell, where the world knows kin."""
    return alone(file, world, now) or kin.next_event(file, world)


def alone(file: CaseFile, world: World, now: str) -> HubEvent | None:
    """The next of P1, P13, P2, P3, P6, P7, P8 that the parent's own leaves make due."""
    if file.bundle is None:
        return None
    if file.state is State.P_COLLECTED:
        return _dispatched(file)
    if file.state in look.UNDER_WAY:
        return _consult(file, world, now) or _under_way(file)
    return _delivering(file)


def due_event(file: CaseFile, world: World, now: str) -> HubEvent | None:
    """P13: an opinion whose day has passed, asked for or with nobody to ask; P6: the applicant said nothing, and the
    other parts go on.
    """
    if file.bundle is None or file.state not in look.UNDER_WAY:
        return None
    found = silent(file, now)
    if found is not None:
        return HubEvent("part_silent", {"consult": found.digest, "due": found.until})
    for part in _unaskable(file, world):
        due = look.unasked_until(file, part, world)
        if now > due:
            return HubEvent("part_unasked", {"part": part.part, "due": due})
    if look.waits_for_applicant(file) and now > look.hold_until(file, world):
        return HubEvent("hold_over", {"due": look.hold_until(file, world)})
    return None


def wake_at(file: CaseFile, world: World, now: str) -> str | None:
    """Just after the first of these."""
    if file.bundle is None or file.state not in look.UNDER_WAY:
        return None
    moments = [just_after(opinion_due(asked)) for asked in file.consultations if asked.open]
    moments += [just_after(look.unasked_until(file, part, world)) for part in _unaskable(file, world)]
    if look.waits_for_applicant(file):
        moments.append(just_after(look.hold_until(file, world)))
    return min(moments, default=None)


def _dispatched(file: CaseFile) -> HubEvent | None:
    """P1: every part stands as a case of its own."""
    parts = plan.approvals(file.parts)
    if not all(part.state for part in parts):
        return None
    return HubEvent("dispatch", {"evidence": [part.evidence for part in parts]})


def _consult(file: CaseFile, world: World, now: str) -> HubEvent | None:
    """P13: an opinion is asked for when what it waits for is granted; where there is nobody to ask, the next one."""
    for part in look.to_consult(file):
        node = _department(file, part, world)
        if node:
            until = look.opinion_until(part, now[:10], world)
            return HubEvent("consult_part", {"part": part.part, "node": node, "until": until})
    return None


def _unaskable(file: CaseFile, world: World) -> list[PartFile]:
    """P13: opinions whose department has left the registry before it was asked."""
    return [part for part in look.to_consult(file) if not _department(file, part, world)]


def _department(file: CaseFile, part: PartFile, world: World) -> str:
    try:
        return plan.department_node(part.department, world.catalogue_of(file.catalogue), world)
    except Refusal:
        return ""


def _under_way(file: CaseFile) -> HubEvent | None:
    assert file.bundle is not None
    asked = [part for part in file.parts if part.supplement]
    if file.state is State.P_SUPPLEMENT and all(part.supplement == HANDED_IN for part in asked):
        return HubEvent("supplement_over", {})
    effective_at = look.accepted_at(file)
    if file.state is State.P_DISPATCHED and effective_at:
        return HubEvent("parent_accepted", {"effective_at": effective_at})
    parts = plan.approvals(file.parts)
    failed = next((part for part in parts if look.failed(part)), None)
    open_ones = [part for part in parts if not look.over(part)]
    told = bool(file.bundle.asked or file.bundle.withdrawn)
    if failed is not None and open_ones and not told and file.bundle.policy == plan.ALL_OR_NOTHING:
        return HubEvent("ask_applicant", {"part": failed.part})
    if open_ones:
        return None
    if not any(look.decided(part) for part in parts):
        return HubEvent("parent_failed", {})
    return HubEvent("conclude", {}) if file.state is State.P_IN_PROGRESS else None


def _delivering(file: CaseFile) -> HubEvent | None:
    """P8: each result as it comes, where the applicant wants it so; the parent closes with the last."""
    assert file.bundle is not None
    if not file.bundle.partial:
        return None
    if file.state is State.P_CONCLUDED:
        return HubEvent("deliver_singly", {})
    closed = all(part.state == State.CLOSED.value for part in plan.approvals(file.parts) if look.decided(part))
    return HubEvent("parent_closed", {}) if file.state is State.P_DELIVERING and closed else None

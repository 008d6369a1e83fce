"""What the rows of a parent ask of it and of its children: look-ups without a verdict (states.md 8).

Invariants: nothing here changes anything; what a parent knows of a child is what the hub reported on its chain, so a
parent can be replayed from its own leaves.
"""

from dataclasses import replace
from typing import Final

from hub.casework import facts
from hub.casework.casefile import CaseFile
from hub.casework.context import World
from hub.casework.originals.values import ItemState
from hub.casework.parents import plan
from hub.casework.parents.share import line_of
from hub.casework.parents.values import CONSULTATION, GRANT, PartFile
from hub.casework.states import BEFORE_DECISION, PARENT_ENDS, State
from hub.casework.time import clocks

ANSWER_WORKING_DAYS: Final = 3
MERGE_WORKING_DAYS: Final = 4
"""P2, P12: three working days for the answers, one more for the lead, counted from the first department that has its
part; both fit into K2."""
HOLD_WORKING_DAYS: Final = 5
"""(D) P6: so long the other parts wait for the applicant's word; then they go on, for nothing is withdrawn unsaid."""
SILENT: Final = "NONE"
_NOT_AT_DEPARTMENT = (State.DRAFT, State.COLLECTED, State.FORWARDED, State.REROUTING)
_ACCEPTED = frozenset({"UNDER_REVIEW", "SUSPENDED", "DECIDED", "DELIVERING", "CLOSED", "REFERRED"})
_DECIDED = frozenset({"DECIDED", "DELIVERING", "CLOSED"})
_ENDED_UNDECIDED = frozenset({"NOT_ACCEPTED", "WITHDRAWN", "TERMINATED", "VOIDED"})
_FAILED = frozenset({"NOT_ACCEPTED", "TERMINATED", "VOIDED"})
UNDER_WAY: Final = (State.P_DISPATCHED, State.P_SUPPLEMENT, State.P_IN_PROGRESS)


def part_of(file: CaseFile, name: str) -> PartFile | None:
    """The part with this code."""
    return next((part for part in file.parts if part.part == name), None)


def over(part: PartFile) -> bool:
    """Whether nothing is decided any more in this part (P7)."""
    return part.state in _DECIDED or part.state in _ENDED_UNDECIDED


def decided(part: PartFile) -> bool:
    """Whether the part has a decision."""
    return part.state in _DECIDED


def granted(part: PartFile) -> bool:
    """Whether a part after it may begin: granted, or an opinion that came or whose day passed (P13)."""
    if part.kind == CONSULTATION:
        return bool(part.outcome)
    return decided(part) and part.outcome == GRANT


def failed(part: PartFile) -> bool:
    """Whether it came to nothing by the department's doing or the applicant's silence, not by his own wish (P6)."""
    refused = decided(part) and part.outcome != GRANT
    return part.kind != CONSULTATION and (part.state in _FAILED or refused)


def accepted(part: PartFile) -> bool:
    """Whether its department has accepted it, or nothing is decided in it any more."""
    return part.state in _ACCEPTED or over(part)


def lost(part: PartFile) -> bool:
    """Whether what waits for it will wait for ever."""
    return part.kind != CONSULTATION and over(part) and not granted(part)


def accepted_at(file: CaseFile) -> str:
    """P3: from when the whole counts as accepted, by its parts; empty while it does not.

    Together: all entry parts that are not at an end without acceptance, from the last of them; singly: the first one.
    """
    assert file.bundle is not None
    entries = plan.entries(file.parts)
    taken = [part.effective_at for part in entries if part.state in _ACCEPTED and part.effective_at]
    if not taken or waits_for_applicant(file):
        return ""
    if not file.bundle.accept_together:
        return min(taken)
    open_ones = [part for part in entries if part.state not in _ACCEPTED and part.state not in _ENDED_UNDECIDED]
    return "" if open_ones else max(taken)


def waits_for_applicant(file: CaseFile) -> bool:
    """P6: a part failed, the applicant was asked and has not answered."""
    made = file.bundle
    return made is not None and bool(made.asked) and not made.choice and not made.withdrawn


def hold_until(file: CaseFile, world: World) -> str:
    """Last moment of the days that the other parts are held (P6)."""
    assert file.bundle is not None
    return _end_after(file.bundle.asked_at, HOLD_WORKING_DAYS, world)


def answers_until(file: CaseFile, world: World) -> str:
    """Last moment for the parts' answers (P2); empty before the first department has its part."""
    assert file.bundle is not None
    return _end_after(file.bundle.first_at, ANSWER_WORKING_DAYS, world) if file.bundle.first_at else ""


def merge_until(file: CaseFile, world: World) -> str:
    """Last moment for the lead's one notice; from then on the coordinator may give it (P12)."""
    assert file.bundle is not None
    return _end_after(file.bundle.first_at, MERGE_WORKING_DAYS, world) if file.bundle.first_at else ""


def answered(file: CaseFile) -> bool:
    """Whether every part that is at its department has answered."""
    return all(part.answer for part in file.parts if part.state == State.PENDING_ACCEPT.value)


def paused_by(file: CaseFile) -> PartFile | None:
    """P4: a part on the longest path that stands still, or None."""
    assert file.bundle is not None
    on_path = (part for part in file.parts if part.part in file.bundle.path)
    return next((part for part in on_path if part.state == State.SUSPENDED.value), None)


def to_consult(file: CaseFile) -> tuple[PartFile, ...]:
    """P13: opinions whose turn it is and that were not asked yet."""
    known = {part.part: part for part in file.parts}
    waiting = (part for part in plan.consultations(file.parts) if not part.state)
    return tuple(part for part in waiting if all(granted(known[name]) for name in part.after))


def unasked_until(file: CaseFile, part: PartFile, world: World) -> str:
    """P13: last moment for an opinion for which there is nobody to ask: its days, from when its turn came."""
    known, sent = {one.part: one for one in file.parts}, file.clocks["K1"].stopped_at or file.recorded_at
    return _end_after(max([sent, *(known[name].at for name in part.after)]), part.days, world)


def opinion_until(part: PartFile, day: str, world: World) -> str:
    """Last day of an opinion that is asked on ISO ``day``."""
    return world.calendar.add_working_days(facts.day_of(day), part.days).date.isoformat()


def open_parent(file: CaseFile) -> bool:
    """Whether a parent still learns of its children."""
    return file.bundle is not None and file.state not in PARENT_ENDS and file.state is not State.P_ARCHIVED


def undecided(child: CaseFile) -> bool:
    """Whether a child may still be stopped (P10)."""
    return child.state in BEFORE_DECISION


# --- what a child is to its parent ---------------------------------------------------------------------------------


def as_known(part: PartFile, child: CaseFile) -> PartFile:
    """The part as the child now makes it; equal to ``part`` where there is nothing new to report."""
    bond = child.bond
    assert bond is not None
    state, held = _state(part, child), papers_of(child)
    if (state, _node(child), child.outcome, child.effective_at, bond.answer, held) == (
        part.state, part.node, part.outcome, part.effective_at, part.answer, part.papers,
    ):  # fmt: skip
        return part
    special = child.specials[-1] if child.specials else None
    suspended = state == State.SUSPENDED.value
    return replace(
        part,
        state=state,
        node=_node(child),
        outcome=child.outcome,
        effective_at=child.effective_at,
        at=_since(part, child, state),
        evidence=child.head,
        answer=bond.answer,
        lacks=tuple(sorted((line_of(bond.serves, bond.part, code), defect) for code, defect in bond.lacks)),
        notice=special.notices[-1][0] if suspended and special else "",
        papers=held,
    )


def shown(file: CaseFile) -> object:
    """What kin can learn of a case: equal before and after an act, and nobody else has news of it (``as_known``).

    An act on keys, access or a parcel's way changes none of it, but where the paper is one that several parts need.
    """
    if file.bundle is not None:
        return file.state, file.bundle, file.parts, file.notices, file.ratings
    bond = file.bond
    return file.state, file.accepting_node, file.outcome, file.effective_at, bond and (bond.answer, papers_of(file))


def papers_of(child: CaseFile) -> tuple[tuple[str, str, str], ...]:
    """Originals in its custody that another part had in hand, or that are lost (``papers``)."""
    bond, found = child.bond, set()
    if bond is None:
        return ()
    for item in child.originals:
        if item.onward:
            line = line_of(bond.serves, bond.part, item.material)
            found |= {(line, part, digest) for part, digest in item.seen if part != bond.part}
            if item.state == ItemState.LOST and item.settled:
                found.add((line, "", item.settled))
    return tuple(sorted(found))


def _state(part: PartFile, child: CaseFile) -> str:
    if child.state in _NOT_AT_DEPARTMENT:
        return State.COLLECTED.value
    return part.state if child.state is State.ARCHIVED else child.state.value


def _node(child: CaseFile) -> str:
    return "" if child.state in _NOT_AT_DEPARTMENT else child.accepting_node


def _since(part: PartFile, child: CaseFile, state: str) -> str:
    """When it began: a pause with its notice, its end with the day that was told (T27), the rest when it was stated."""
    special = child.specials[-1] if child.specials else None
    if special is not None and state == State.SUSPENDED.value:
        return special.at
    if special is not None and part.state == State.SUSPENDED.value and special.ended_at:
        return special.ended_at
    return child.recorded_at


def _end_after(moment: str, days: int, world: World) -> str:
    return clocks.end_of(world.calendar.add_working_days(facts.day_of(moment), days).date)


def had_its_days(child: CaseFile, until: str, world: World) -> bool:
    """P2: whether a part had its three working days to answer before ``until``."""
    return _end_after(child.received_at, ANSWER_WORKING_DAYS, world) <= until

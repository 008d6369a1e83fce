"""Guards of what is done to a child: answers, its own notices, decision, delivery, rating (states.md 8).

Invariant: a guard looks and refuses; it never changes anything. Each lets a case without a parent pass.
"""

from crypto.refusal import Refusal
from hub.casework import facts, reasons
from hub.casework.casefile import CaseFile
from hub.casework.context import Act, World
from hub.casework.originals.states import TO_WINDOW_KIND
from hub.casework.parents import kin, look
from hub.casework.parents.share import line_of
from hub.casework.states import State

_MERGING = (State.P_COLLECTED, State.P_DISPATCHED, State.P_SUPPLEMENT)
"""While the lead may give the one notice, or it runs."""

_GATHERED = (State.P_DELIVERING, State.P_CLOSED, State.P_ARCHIVED)


def answer_due(file: CaseFile | None, act: Act, world: World) -> None:
    """P2: a part that has not answered, before the one notice was given."""
    assert file is not None
    if file.bond is None:
        raise Refusal("NO_PARENT", "P2")
    if file.bond.answer or file.notices:
        raise Refusal("ANSWERED_ALREADY", "P2", answer=file.bond.answer)
    parent = _parent(file, world)
    if parent is not None and parent.notices:
        raise Refusal("ANSWER_LATE", "B04; P2", at=parent.notices[0].at)


def answer_whole(file: CaseFile | None, act: Act, world: World) -> None:
    """P2, P5, D03, E01, invariant 15: complete, or what of the list is wrong; nothing that is held already."""
    assert file is not None
    answer = act.text("answer")
    if answer not in reasons.PART_ANSWERS:
        raise Refusal("ANSWER_UNKNOWN", "P2", answer=answer[:20])
    if (answer == "LACKS") != ("lines" in act.statement.body):
        raise Refusal("BODY_MEMBER", "P2", member="lines")
    if answer == "LACKS":
        facts.require_defects(file, act, world, "P2")
        _require_not_held(file, act, world)


def notice_merged(file: CaseFile | None, act: Act, world: World) -> None:
    """P2, B04: one notice for the whole. A part that waits for no other answers to the lead; it tells the applicant
    itself only where it got its part too late to answer, after others were granted, or where the whole is accepted
    already with the first part (P3) and no notice of the whole can follow.
    """
    assert file is not None
    bond, parent = file.bond, _parent(file, world)
    if bond is None or bond.after:
        return
    if bond.answer == "OK":
        raise Refusal("NOTICE_MERGED", "B04; P2", parent=bond.parent)
    if parent is None or parent.state not in _MERGING:
        return
    if bond.answer:
        raise Refusal("NOTICE_MERGED", "B04; P2", parent=bond.parent)
    told = parent.notices[0].at if parent.notices else ""
    if not told or file.received_at <= told and look.had_its_days(file, told, world):
        raise Refusal("NOTICE_MERGED", "B04; P2", parent=bond.parent)


def held_by_kin(file: CaseFile | None, act: Act, world: World) -> None:
    """P5, E01, invariant 15: what the parent holds by another part's supplement is not asked for again."""
    assert file is not None
    _require_not_held(file, act, world)


def part_released(file: CaseFile | None, act: Act, world: World) -> None:
    """P1, B07: nobody gets a part before all parts stand and what comes before it is granted."""
    assert file is not None
    if file.bond is not None and file.bond.blocked:
        raise Refusal("PART_BLOCKED", "B07; P1", parts=",".join(file.bond.after))


def part_not_held(file: CaseFile | None, act: Act, world: World) -> None:
    """P6: another part failed and the applicant is asked: nothing is decided meanwhile."""
    assert file is not None
    if file.bond is not None and file.bond.held:
        raise Refusal("PART_HELD", "P6", parent=file.bond.parent)


def exit_is_one(file: CaseFile | None, act: Act, world: World) -> None:
    """P8, B07, B08: results leave together, by the one exit; to it they may travel."""
    assert file is not None
    on_the_way = act.statement.body.get("kind") == TO_WINDOW_KIND
    if file.bond is not None and file.bond.together and not on_the_way:
        raise Refusal("EXIT_ONE", "B08; P8", parent=file.bond.parent)


def not_gathered(file: CaseFile | None, act: Act, world: World) -> None:
    """P8, D10, D11: what lies at the one exit with the others is in the exit's hands, and is changed no more."""
    assert file is not None
    parent = _parent(file, world)
    if parent is not None and file.bond is not None and file.bond.together and parent.state in _GATHERED:
        raise Refusal("RESULT_GATHERED", "B08; P8", parent=file.bond.parent)


def rated_as_whole(file: CaseFile | None, act: Act, world: World) -> None:
    """P11, B11: one rating, of the whole."""
    assert file is not None
    if file.bond is not None:
        raise Refusal("RATE_THE_PARENT", "B11; P11", parent=file.bond.parent)


def brought_for_kin(file: CaseFile | None, act: Act, world: World) -> None:
    """P5, E01: what one part asked for is there for every part that needs the same paper, and nothing else comes in by
    this way. Who asked is looked up where kin is known.
    """
    assert file is not None
    bond, parent = file.bond, _parent(file, world)
    if bond is None:
        raise Refusal("NO_PARENT", "P5")
    own = {code: line for line, code in bond.serves}
    asked = set(own.values())
    if parent is not None and world.kin is not None:
        asked = {line for _, child in kin.children(parent, world.kin) for line in _asked(child, file)}
    for code in facts.codes_of(act, "materials", "P5; E01"):
        if own.get(code) not in asked:
            raise Refusal("NOT_DEMANDED", "P5; E01", material=code[:40])


def _asked(child: CaseFile, file: CaseFile) -> set[str]:
    """Lines of the one list that another part's notices ask for."""
    if child.case == file.case or child.bond is None:
        return set()
    materials = {material for notice in child.notices for material in notice.materials}
    return {line_of(child.bond.serves, child.bond.part, material) for material in materials}


def _parent(file: CaseFile, world: World) -> CaseFile | None:
    return world.kin(file.bond.parent) if world.kin is not None and file.bond is not None else None


def _require_not_held(file: CaseFile, act: Act, world: World) -> None:
    """Refusal ALREADY_HELD with the holder for what a sibling's supplement brought (only where kin is known)."""
    bond, parent = file.bond, _parent(file, world)
    if bond is None or parent is None or world.kin is None:
        return
    held: dict[str, str] = {}
    for part, child in kin.children(parent, world.kin):
        if child.case == file.case or child.bond is None:
            continue
        for material, node in facts.held_materials(child, world).items():
            held[line_of(child.bond.serves, part.part, material)] = node
    for material, defect in facts.defects_of(act, "P5"):
        line = line_of(bond.serves, bond.part, material)
        if defect == "MISSING" and line in held:
            raise Refusal("ALREADY_HELD", "E01; P5; invariant 15", material=material, node=held[line])

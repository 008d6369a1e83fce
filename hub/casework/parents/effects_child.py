"""Effects on a child: its bond, its release, what it answers, what reaches it from its parent (states.md 8).

Invariant: an effect is a pure function of (case file, act, world).
"""

from dataclasses import replace
from typing import Any

from hub.casework import facts, reasons
from hub.casework.casefile import CaseFile
from hub.casework.context import Act, World
from hub.casework.originals.states import FREE, KEPT
from hub.casework.parents import plan
from hub.casework.parents.values import INHERITED
from hub.casework.supervision.values import Rating


def bind(file: CaseFile, act: Act, world: World) -> CaseFile:
    """P1: the case is the child that its seal says; sealed anew on its own (T24) it stays the one it is."""
    return file.changed(bond=plan.bond_in(act.statement.body)) if "parent" in act.statement.body else file


def release(file: CaseFile, act: Act, world: World) -> CaseFile:
    """P1: all parts stand, and what comes before it is granted."""
    return _bonded(file, blocked=False)


def keep_answer(file: CaseFile, act: Act, world: World) -> CaseFile:
    """P2: complete, or what it lacks."""
    lacks = facts.defects_of(act, "P2") if "lines" in act.statement.body else ()
    return _bonded(file, answer=act.text("answer"), lacks=lacks)


def forget_answer(file: CaseFile, act: Act, world: World) -> CaseFile:
    """P2, T12D, T22, T24: it was the word of a department that has the part no more; the next one says its own."""
    return _bonded(file, answer="", lacks=()) if file.bond is not None and file.bond.answer else file


def hold(file: CaseFile, act: Act, world: World) -> CaseFile:
    """P6: another part failed."""
    return _bonded(file, held=True, held_at=act.recorded_at)


def go_on(file: CaseFile, act: Act, world: World) -> CaseFile:
    """P6: the applicant goes on in part."""
    return _bonded(file, held=False, went_on_at=act.recorded_at)


def open_exit(file: CaseFile, act: Act, world: World) -> CaseFile:
    """P8: the parent has concluded; from now on the result is due (K8)."""
    return _bonded(file, exit_open=True)


def take_turn(file: CaseFile, act: Act, world: World) -> CaseFile:
    """States.md 5, 8: from now on who has the paper owes it to the department of the part whose turn it is."""
    return _with_paper(file, act, turn=act.text("part"), to=act.text("node"), over="", at=act.recorded_at)


def end_at_keeper(file: CaseFile, act: Act, world: World) -> CaseFile:
    """States.md 8: no other part needs the paper any more; it goes into the archive where it is."""
    return _with_paper(file, act, over=KEPT)


def set_free(file: CaseFile, act: Act, world: World) -> CaseFile:
    """States.md 8, O14: no part needs the paper any more, and none wants it in its archive."""
    return _with_paper(file, act, over=FREE, to="")


def keep_shown(file: CaseFile, act: Act, world: World) -> CaseFile:
    """States.md 8: an original in another part's custody was here, or is lost."""
    assert file.bond is not None
    told = (act.text("line"), act.text("finding"), act.text("evidence"))
    return _bonded(file, shown=(*file.bond.shown, told))


def inherit_rating(file: CaseFile, act: Act, world: World) -> CaseFile:
    """P11, B11: the rating of the whole, kept with the part; what is to be put right is the parent's matter."""
    scores = act.statement.body.get("scores")
    assert isinstance(scores, dict)  # guarded
    told = tuple((target, scores[target]) for target in reasons.RATING_TARGETS if target in scores)
    made = Rating(act.text("evidence"), act.recorded_at, act.node.subject, INHERITED, told)
    return file.changed(ratings=(*file.ratings, made))


def _with_paper(file: CaseFile, act: Act, **changes: Any) -> CaseFile:
    name = act.text("item")
    items = tuple(replace(one, **changes) if one.item == name else one for one in file.originals)
    return file.changed(originals=items)


def _bonded(file: CaseFile, **changes: Any) -> CaseFile:
    assert file.bond is not None
    return file.changed(bond=replace(file.bond, **changes))

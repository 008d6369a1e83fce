"""Effects on a child: its bond, its release, what it answers, what reaches it from its parent (states.md 8).

Invariant: an effect is a pure function of (case file, act, world).
"""

from dataclasses import replace
from typing import Any

from hub.casework import facts, reasons
from hub.casework.casefile import CaseFile
from hub.casework.context import Act, World
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


def inherit_rating(file: CaseFile, act: Act, world: World) -> CaseFile:
    """P11, B11: the rating of the whole, kept with the part; what is to be put right is the parent's matter."""
    scores = act.statement.body.get("scores")
    assert isinstance(scores, dict)  # guarded
    told = tuple((target, scores[target]) for target in reasons.RATING_TARGETS if target in scores)
    made = Rating(act.text("evidence"), act.recorded_at, act.node.subject, INHERITED, told)
    return file.changed(ratings=(*file.ratings, made))


def _bonded(file: CaseFile, **changes: Any) -> CaseFile:
    assert file.bond is not None
    return file.changed(bond=replace(file.bond, **changes))

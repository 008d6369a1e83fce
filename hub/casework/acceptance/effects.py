"""Effects of acceptance: notices, supplements, deemed acceptance (states.md T14 to T20; 行政许可法 32, 42).

Invariant: an effect is a pure function of (case file, act, world).
"""

from dataclasses import replace
from datetime import date

from hub.casework import facts
from hub.casework.acceptance.values import Notice
from hub.casework.access.effects import keep_sealing
from hub.casework.casefile import CaseFile
from hub.casework.common import with_card, with_clock
from hub.casework.context import Act, World
from hub.casework.time import clocks


def effective_from_completion(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T14, standards.md 5: acceptance takes effect on its day, or on the day on which the supplement was complete."""
    return file.changed(effective_at=file.supplement_at or act.recorded_at)


def deem(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T15, 行政许可法 32(4)(5): accepted from the day of receipt, from which K2 counts; R3 on the department.

    After a supplement the day of receipt is the one on which all of it was handed in, whenever its keys came.
    """
    state = facts.clock_of(file, "K2", world)
    assert state is not None  # guarded
    run_out = with_clock(file, clocks.stop(clocks.expire(state, act.recorded_at), act.recorded_at))
    effective = file.supplement_at or state.started_at
    return with_card(replace(run_out, deemed=True, effective_at=effective), act, "R3", file.accepting_node)


def keep_words(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T16, T19, T21: the sealed words become part of the case, where there are any."""
    return keep_sealing(file, act, world) if "manifest" in act.statement.body else file


def keep_notice(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T16, T19: K6 runs to the day that the notice names; a last day off moves to the next working day."""
    due = act.text("due")
    made = Notice(act.digest, act.recorded_at, facts.defects_of(act, "T16"), due, len(file.sealings_of("addendum")))
    days = (date.fromisoformat(due) - facts.day_of(act.date)).days
    state = clocks.start("K6", act.recorded_at, world.calendar, limit=days, unit=clocks.Unit.NATURAL_DAY)
    return with_clock(file.changed(notices=(*file.notices, made), supplement_at=""), state)


def card_second_notice(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T19: R4, unless the defect is new because it is one of the addendum itself."""
    if act.text("basis") == "ADDENDUM_DEFECT":
        return file
    return with_card(file, act, "R4", file.accepting_node)


def move_due(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T17: K6 and the notice name the later day; the applicant's written request is the clock's notice."""
    newest, due = file.notices[-1], act.text("due")
    days = (date.fromisoformat(due) - date.fromisoformat(newest.due)).days
    running = facts.clock_of(file, "K6", world)
    assert running is not None  # guarded
    state = clocks.extend(running, days, act.recorded_at, act.text("paper"), world.calendar)
    return with_clock(file.changed(notices=(*file.notices[:-1], replace(newest, due=due))), state)


def handed_in(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T17, 行政许可法 32(5): acceptance takes effect on the day of the last addendum, whenever its keys come (T18)."""
    return file.changed(supplement_at=act.recorded_at)


def admit_helper(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T17: a further window becomes a party."""
    return file.changed(helpers=(*file.helpers, act.text("node")))

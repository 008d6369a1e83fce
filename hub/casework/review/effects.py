"""Effects of the inner life of a case at the department (states.md T13, T25 to T30, T36, T39).

Invariant: an effect is a pure function of (case file, act, world).
"""

from dataclasses import replace

from hub.casework import facts
from hub.casework.casefile import CaseFile
from hub.casework.common import with_card, with_clock
from hub.casework.context import Act, World
from hub.casework.decision.effects import with_decision_clocks
from hub.casework.law import Effect
from hub.casework.review import look
from hub.casework.review.values import Consultation, Link, Referral, SectionStay, Special, StepDone, Taking
from hub.casework.time import clocks

# --- who answers for it --------------------------------------------------------------------------------------------


def receive(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T10, T10b: the department has the case, and nobody there has taken it yet; it stands in its queue."""
    return file.changed(received_at=act.recorded_at, responsible="", to_b_at="", chased_at="")


def take(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T13: who signed answers for the case from now on."""
    assert act.person is not None  # the row says so
    return _taken(file, act, act.person.subject, act.text("basis"))


def assign(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T13: who was named answers for the case from now on."""
    return _taken(file, act, act.text("person"), "REASSIGNED")


def first_act_takes(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T14, T16, T19, T21, T22, F05: who first acts on a case that nobody took answers for it."""
    assert act.person is not None  # the rows say so
    return file if file.responsible else _taken(file, act, act.person.subject, "ON_DUTY")


def to_section(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T13, B14: it lies in another office from now on; who answers for it answers until somebody there takes it."""
    assert act.person is not None  # the row says so
    stay = SectionStay(act.text("section"), act.person.subject, act.recorded_at)
    return file.changed(sections=(*file.sections, stay))


def open_to_b(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T13, F06: post B may take it."""
    return file.changed(to_b_at=act.recorded_at)


def chase(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T13, states.md 9: a reminder for the department, and the coordinator sees the case until somebody takes it."""
    told = file.changed(chased_at=act.recorded_at, coordinator=facts.coordinator_of(file, world))
    return with_card(told, act, "W3", file.accepting_node)


# --- steps ---------------------------------------------------------------------------------------------------------


def keep_step(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T25: the step is done; K5 of the next one begins, where the list gives it a time."""
    assert act.person is not None  # the row says so
    made = StepDone(act.text("step"), act.person.subject, act.statement.actor.role, act.recorded_at)
    return start_step_clock(file.changed(steps=(*file.steps, made)), act, world)


def send_back(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T25: the step and all after it are to be done again."""
    assert act.person is not None  # the row says so
    made = StepDone(act.text("step"), act.person.subject, act.statement.actor.role, act.recorded_at, True)
    return start_step_clock(file.changed(steps=(*file.steps, made)), act, world)


def start_step_clock(file: CaseFile, act: Act, world: World) -> CaseFile:
    """K5, C06: the clock of the step that is next; the one before it stops."""
    running = file.clocks.get("K5")
    if running is not None and running.stopped_at is None:
        file = with_clock(file, clocks.stop(running, act.recorded_at))
    days = facts.item_of(file, world).steps.get(look.open_step(file))
    if days is None:
        return file
    return with_clock(file, clocks.start("K5", act.recorded_at, world.calendar, limit=days))


# --- special procedures, extension ---------------------------------------------------------------------------------


def begin_special(*, stops: bool) -> Effect:
    """An effect that keeps a special procedure; with ``stops`` K3, K4, K5 stand still from now on (行政许可法 45)."""

    def begin(file: CaseFile, act: Act, world: World) -> CaseFile:
        notice = str(act.statement.body.get("manifest", ""))
        made = Special(act.digest, act.text("kind"), act.recorded_at, ((notice, act.text("until")),), stops)
        file = file.changed(specials=(*file.specials, made))
        for name in look.PAUSED if stops else ():
            state = facts.clock_of(file, name, world)
            if state is not None and state.running:
                file = with_clock(file, clocks.pause(state, act.recorded_at, notice))
        return file

    return begin


def move_special(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T27: a new notice names a later day."""
    special = look.stopping(file)
    assert special is not None  # the state says so
    notices = (*special.notices, (act.text("manifest"), act.text("until")))
    return _with_special(file, replace(special, notices=notices))


def end_suspension(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T27: time counts again, at the latest from the day after the one that the applicant was told."""
    special = look.stopping(file)
    assert special is not None  # the state says so
    at = min(act.recorded_at, look.counts_again(special))
    for name in look.PAUSED:
        state = file.clocks.get(name)
        if state is not None and state.stopped_at is None and state.paused:
            file = with_clock(file, clocks.resume(state, at, world.calendar))
    return _with_special(file, replace(special, ended_at=at, result=str(act.statement.body.get("result", ""))))


def end_procedure(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T27, C10: one that stopped no clock ends with its result."""
    named = act.text("special")
    special = next(found for found in file.specials if found.digest == named)
    return _with_special(file, replace(special, ended_at=act.recorded_at, result=act.text("result")))


def card_pause_over(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T27: Y11 on the department that let the day pass."""
    return with_card(file, act, "Y11", file.accepting_node)


def extend(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T28, 行政许可法 42: K4 is longer by so many days, and K3 follows where it counts in the same unit (C01)."""
    days, notice = act.statement.body["days"], act.text("manifest")
    assert isinstance(days, int)  # guarded
    statutory = facts.clock_of(file, "K4", world)
    promised = facts.clock_of(file, "K3", world)
    assert statutory is not None and promised is not None  # they run while a case is under review
    file = with_clock(file, clocks.extend(statutory, days, act.recorded_at, notice, world.calendar))
    if promised.unit is not statutory.unit:
        return file
    return with_clock(file, clocks.extend(promised, days, act.recorded_at, notice, world.calendar))


# --- others --------------------------------------------------------------------------------------------------------


def ask_opinion(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T29: the other department has a part in the case until it answered or its day passed."""
    made = Consultation(act.digest, act.text("node"), act.text("matter"), act.recorded_at, act.text("until"))
    return file.changed(consultations=(*file.consultations, made))


def keep_opinion(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T29: what it said."""
    return _answered(file, act, act.text("answer"))


def keep_silence(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T29: it said nothing; Y12 on it."""
    found = look.asked(file, act.text("consult"))
    assert found is not None  # guarded
    return with_card(_answered(file, act, ""), act, "Y12", found.node)


def refer(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T30: the way up; Y13 where the first review took too long (行政许可法 43).

    Who passed it up answers for it until the department above countersigned, and the clocks run on (F05): nobody evades
    a limit by a referral whose keys never come. Opinions that are still awaited are asked for no more, at no one's
    fault.
    """
    if act.recorded_at > look.first_review_due(file, world):
        file = with_card(file, act, "Y13", file.accepting_node)
    below = file.referral
    opinions = (*(below.opinions if below else ()), act.text("manifest"))
    made = Referral(
        node=act.text("accepting_node"),
        queue=act.text("queue"),
        at=act.recorded_at,
        opinions=opinions,
        steps=len(file.steps),
        steps_below=below.steps if below else 0,
        taken_below=below.taken_at if below else "",
    )
    asked = tuple(replace(one, ended_at=act.recorded_at) if one.open else one for one in file.consultations)
    return file.changed(referral=made, consultations=asked)


def recall_referral(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T30X: the case is where it was before; clocks, steps and who answers for it were never touched."""
    up = file.referral
    assert up is not None  # the state says so
    if not up.taken_below:
        return file.changed(referral=None)
    back = Referral(
        node=file.accepting_node,
        queue=file.queue,
        at=up.taken_below,
        opinions=up.opinions[:-1],
        steps=up.steps_below,
        taken_at=up.taken_below,
    )
    return file.changed(referral=back)


def take_over(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T30D, T30L, 行政许可法 35, 43: the case goes on above, as it is; nothing is asked or accepted again.

    The leg above has the item's limits of its own, from the day on which the department there was given the case.
    """
    referral = file.referral
    assert referral is not None  # the state says so
    moved = file.changed(
        accepting_node=referral.node,
        queue=referral.queue,
        holder=referral.node,
        first_reviewers=(*file.first_reviewers, file.accepting_node),
        referral=replace(referral, taken_at=act.recorded_at),
    )
    return start_step_clock(with_decision_clocks(receive(moved, act, world), act.recorded_at, world), act, world)


def card_silent_above(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T30L: Y3 on the department above that did not countersign."""
    return with_card(file, act, "Y3", file.accepting_node)


def link(kind: str) -> Effect:
    """An effect that keeps the case named in ``linked``, where one is named, as what ``kind`` says."""

    def keep(file: CaseFile, act: Act, world: World) -> CaseFile:
        if "linked" not in act.statement.body:
            return file
        return file.changed(linked=(*file.linked, Link(act.text("linked"), kind)))

    return keep


def _taken(file: CaseFile, act: Act, person: str, basis: str) -> CaseFile:
    evidence = str(act.statement.body.get("evidence", act.digest))
    made = Taking(person, act.recorded_at, basis, evidence)
    return file.changed(responsible=person, takings=(*file.takings, made))


def _with_special(file: CaseFile, special: Special) -> CaseFile:
    return file.changed(specials=tuple(special if old.digest == special.digest else old for old in file.specials))


def _answered(file: CaseFile, act: Act, answer: str) -> CaseFile:
    named = act.text("consult")
    return file.changed(
        consultations=tuple(
            replace(old, answer=answer, ended_at=act.recorded_at) if old.digest == named else old
            for old in file.consultations
        )
    )

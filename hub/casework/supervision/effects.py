"""Effects of cards, ratings, complaints and enquiries (standards.md 8, 9; T38).

Invariant: an effect is a pure function of (case file, act, world); nothing here moves the case itself.
"""

from dataclasses import replace
from typing import Any

from hub.casework import facts, reasons
from hub.casework.casefile import CaseFile
from hub.casework.common import stop, with_card, with_clock
from hub.casework.context import Act, World
from hub.casework.supervision import due, guards
from hub.casework.supervision import guards_enquiry as asked
from hub.casework.supervision import guards_voices as voices
from hub.casework.supervision.values import Complaint, Enquiry, Rating
from hub.casework.time import clocks

ANSWER_DAYS = 5
"""Working days to answer a complaint or an enquiry, and for its one extension (D): no national text fixes them."""


def raise_card(file: CaseFile, act: Act, world: World) -> CaseFile:
    """G01: the card that time raised; the node's responsible person stands on it where there is one."""
    body = act.statement.body
    found = due.DueCard(*(str(body.get(name)) for name in ("rule", "subject", "cause", "since", "due")))
    card = due.card_of(found, act.recorded_at, act.digest, file.head)
    if card.subject == file.accepting_node:
        card = replace(card, person=file.responsible)
    person = next((one.person for one in file.enquiries if one.digest == found.cause), "")
    if person:
        card = replace(card, person=person)
    return file.changed(cards=(*file.cards, card))


def keep_answer(file: CaseFile, act: Act, world: World) -> CaseFile:
    """What the unit says to its card."""
    assert act.person is not None  # the row wants a person
    return _with(file, act, answer=act.digest, answered_by=act.person.subject, measure=act.text("measure"))


def keep_appeal(file: CaseFile, act: Act, world: World) -> CaseFile:
    """G12: the unit does not agree."""
    assert act.person is not None
    return _with(file, act, appeal=act.digest, appealed_by=act.person.subject, ground=act.text("ground"))


def keep_settlement(file: CaseFile, act: Act, world: World) -> CaseFile:
    """G12: kept, lifted or done with; the card stays where it is."""
    assert act.person is not None
    return _with(file, act, settlement=act.digest, settled_by=act.person.subject, result=act.text("result"))


def card_bad_images(file: CaseFile, act: Act, world: World) -> CaseFile:
    """Y5: on the window that sealed it."""
    sealing = facts.sealing_named(file, act.text("manifest"))
    return with_card(file, act, "Y5", sealing.sealed_by or file.collecting_node, cause=sealing.manifest)


def card_held_demand(file: CaseFile, act: Act, world: World) -> CaseFile:
    """R5, E01: a second notice by override that finds fault with what the case holds and was not asked for before.

    Demands outside the list, and of what is held as if it were missing, are refused and never reach the log. Runs
    before the notice is kept.
    """
    if act.text("basis") != "OVERRIDE":
        return file
    told = frozenset[str]().union(*(notice.materials for notice in file.notices))
    asked = {material for material, _ in facts.defects_of(act, "T19")}
    if asked & facts.held_materials(file, world).keys() - told:
        return with_card(file, act, "R5", file.accepting_node)
    return file


def keep_rating(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T38, B11: the applicant's rating; a bad one starts K12, in the days that the region's list gives (5, 7 or 15)."""
    scores = voices.scores_of(act, reasons.RATING_TARGETS)
    made = Rating(act.digest, act.recorded_at, act.node.subject, "PUBLIC", scores, basis=act.text("basis"))
    kept = file.changed(ratings=(*file.ratings, made))
    if not made.bad:
        return kept
    days = world.catalogue_of(file.catalogue).rating_fix_days
    return with_clock(kept, clocks.start("K12", act.recorded_at, world.calendar, limit=days))


def keep_internal_rating(file: CaseFile, act: Act, world: World) -> CaseFile:
    """G03: what one node thinks of the other's work."""
    scores = voices.scores_of(act, reasons.INTERNAL_TARGETS)
    made = Rating(act.digest, act.recorded_at, act.node.subject, "INTERNAL", scores)
    return file.changed(ratings=(*file.ratings, made))


def keep_verification(file: CaseFile, act: Act, world: World) -> CaseFile:
    """What the check of a bad rating found; an excluded one needs no putting right."""
    assert act.person is not None
    finding = act.text("finding")
    kept = _rated(file, act, finding=finding, verified_by=act.person.subject)
    return stop("K12")(kept, act, world) if finding == "EXCLUDED" else kept


def keep_rectification(file: CaseFile, act: Act, world: World) -> CaseFile:
    """评价、核实、整改、反馈: the loop is closed, K12 stops."""
    assert act.person is not None
    measure, feedback = act.text("measure"), act.text("feedback")
    kept = _rated(file, act, measure=measure, rectified_by=act.person.subject, feedback=feedback)
    return stop("K12")(kept, act, world)


def keep_complaint(file: CaseFile, act: Act, world: World) -> CaseFile:
    """G07: to be answered within five working days."""
    body = act.statement.body
    made = Complaint(
        digest=act.digest,
        at=act.recorded_at,
        node=act.node.subject,
        channel=act.text("channel"),
        ticket=str(body.get("ticket", "")),
        kind=act.text("kind"),
        about_node=act.text("about_node"),
        about_person=str(body.get("about_person", "")),
        handler=act.text("handler"),
        due=_days_after(act.recorded_at, world),
    )
    return file.changed(complaints=(*file.complaints, made))


def extend_complaint(file: CaseFile, act: Act, world: World) -> CaseFile:
    """Table 10: five more working days, counted from the old limit."""
    complaint = voices.named_complaint(file, act)
    return _complained(file, act, extension=act.text("reason"), due=_days_after(complaint.due, world))


def answer_complaint(file: CaseFile, act: Act, world: World) -> CaseFile:
    """Finding and feedback."""
    assert act.person is not None
    finding, feedback = act.text("finding"), act.text("feedback")
    return _complained(file, act, finding=finding, feedback=feedback, answered_by=act.person.subject)


def dispute_complaint(file: CaseFile, act: Act, world: World) -> CaseFile:
    """Table 10: the answer is in dispute; an overseer answers anew, within a new limit."""
    judge = voices.judge_of(file, voices.named_complaint(file, act), world)
    due_at = _days_after(act.recorded_at, world)
    return _complained(file, act, finding="", disputed=act.digest, handler=judge, due=due_at)


def keep_enquiry(file: CaseFile, act: Act, world: World) -> CaseFile:
    """F05: who is asked first answers for it; a portal has nobody to answer, so the unit that it names is asked."""
    to, portal = str(act.statement.body.get("to", "")), act.person is None
    made = Enquiry(
        digest=act.digest,
        at=act.recorded_at,
        node=act.node.subject,
        channel=act.text("channel"),
        ticket=str(act.statement.body.get("ticket", "")),
        topic=act.text("topic"),
        holder=to if portal else act.node.subject,
        person=act.person.subject if act.person else "",
        due=_days_after(act.recorded_at, world),
        to="" if portal else to,
    )
    return file.changed(enquiries=(*file.enquiries, made))


def pass_enquiry(file: CaseFile, act: Act, world: World) -> CaseFile:
    """F05: named to another node; the duty and the limit stay where they are until that node takes it."""
    return _asked(file, act, to=act.text("to"))


def take_enquiry(file: CaseFile, act: Act, world: World) -> CaseFile:
    """F05: the next holder acknowledges, with a person who answers for it."""
    assert act.person is not None
    return _asked(file, act, holder=act.node.subject, person=act.person.subject, to="")


def extend_enquiry(file: CaseFile, act: Act, world: World) -> CaseFile:
    """Table 10: five more working days, counted from the old limit."""
    enquiry = asked.named_enquiry(file, act)
    return _asked(file, act, extension=act.text("reason"), due=_days_after(enquiry.due, world))


def answer_enquiry(file: CaseFile, act: Act, world: World) -> CaseFile:
    """Code and feedback; nothing is passed on any more."""
    assert act.person is not None
    answer, feedback = act.text("answer"), act.text("feedback")
    return _asked(file, act, answer=answer, feedback=feedback, answered_by=act.person.subject, to="")


# --- pieces ----------------------------------------------------------------------------------------------------------


def _with(file: CaseFile, act: Act, **changes: Any) -> CaseFile:
    card = guards.named_card(file, act)
    return file.changed(cards=tuple(replace(one, **changes) if one is card else one for one in file.cards))


def _rated(file: CaseFile, act: Act, **changes: Any) -> CaseFile:
    rating = voices.named_rating(file, act)
    return file.changed(ratings=tuple(replace(one, **changes) if one is rating else one for one in file.ratings))


def _complained(file: CaseFile, act: Act, **changes: Any) -> CaseFile:
    named = voices.named_complaint(file, act)
    return file.changed(complaints=tuple(replace(one, **changes) if one is named else one for one in file.complaints))


def _asked(file: CaseFile, act: Act, **changes: Any) -> CaseFile:
    named = asked.named_enquiry(file, act)
    return file.changed(enquiries=tuple(replace(one, **changes) if one is named else one for one in file.enquiries))


def _days_after(moment: str, world: World) -> str:
    return clocks.end_of(world.calendar.add_working_days(facts.day_of(moment), ANSWER_DAYS).date)

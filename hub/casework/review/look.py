"""What the rows of the inner life ask of a case: posts, steps, special procedures, limits. Look-ups without a verdict.

Invariants: nothing here changes anything; every moment follows from case file, list, calendar and registry.
"""

from dataclasses import replace
from typing import Final

from hub.casework import facts
from hub.casework.casefile import CaseFile
from hub.casework.common import just_after
from hub.casework.context import World
from hub.casework.review.values import STEPS, Consultation, Special
from hub.casework.time import clocks

TO_B_WORKING_DAYS: Final = 1
CHASE_WORKING_DAYS: Final = 3
FIRST_REVIEW_WORKING_DAYS: Final = 20
"""行政许可法 43: the lower body's first review."""
PAUSED: Final = ("K3", "K4", "K5")
"""What a special procedure stops (行政许可法 45, states.md 2)."""


def post_holders(kind: str, file: CaseFile, world: World, on: str) -> frozenset[str]:
    """Persons of the department who hold post ``kind`` (POST_A, POST_B) for the item on ISO date ``on`` (F06)."""
    found = world.registry.grants_of(kind, file.accepting_node, file.task_code, on)
    return frozenset(grant.person for grant in found)


def section_of(file: CaseFile) -> str:
    """The office that has the case inside its department: the inbound one (its queue) unless it was passed on (F11).

    A department that the case is passed up or re-routed to begins with its own inbound office.
    """
    stays = [stay for stay in file.sections if stay.at >= file.received_at]
    return stays[-1].section if stays else file.queue


def untaken_after(file: CaseFile, world: World, days: int) -> str:
    """Last moment of the working day number ``days`` after the department was given the case."""
    return clocks.end_of(world.calendar.add_working_days(facts.day_of(file.received_at), days).date)


def open_step(file: CaseFile) -> str:
    """The step that is to be done next; empty when all are done (T25). Above, all of them are done anew (T30)."""
    done: list[str] = []
    for made in file.steps[file.referral.steps if file.referral and file.referral.taken_at else 0 :]:
        if made.sent_back:
            done = [step for step in done if before(step, made.step)]
        else:
            done.append(made.step)
    return next((step for step in STEPS if step not in done), "")


def before(step: str, other: str) -> bool:
    """Whether ``step`` comes before ``other``."""
    return STEPS.index(step) < STEPS.index(other)


def reviewed_by(file: CaseFile) -> frozenset[str]:
    """Persons who reviewed in this case: none of them may decide it (F12)."""
    return frozenset(made.person for made in file.steps if made.role in {"REVIEWER", "TECH_REVIEWER"})


def open_specials(file: CaseFile) -> tuple[Special, ...]:
    """Special procedures that have not ended."""
    return tuple(special for special in file.specials if not special.ended_at)


def stopping(file: CaseFile) -> Special | None:
    """The open special procedure that stops the clocks, or None."""
    return next((special for special in open_specials(file) if special.stops), None)


def counts_again(special: Special) -> str:
    """First moment after the day that the applicant was told: from it time counts again at the latest (T27)."""
    return just_after(clocks.end_of(facts.day_of(special.until)))


def asked(file: CaseFile, digest: str) -> Consultation | None:
    """The opinion that the statement ``digest`` asked for, if it is still awaited."""
    return next((found for found in file.consultations if found.open and found.digest == digest), None)


def silent(file: CaseFile, now: str) -> Consultation | None:
    """The first opinion whose day has passed at ``now`` in silence (T29)."""
    return next((found for found in file.consultations if found.open and now > opinion_due(found)), None)


def opinion_due(consultation: Consultation) -> str:
    """Last moment for an opinion."""
    return clocks.end_of(facts.day_of(consultation.until))


def goes_up(file: CaseFile) -> tuple[str, ...]:
    """Manifests of what goes up with the case: application, addenda, all first reviews (T30, 行政许可法 35)."""
    application = file.sealing("application")
    sealings = (*((application,) if application else ()), *file.sealings_of("addendum"))
    return (*(made.manifest for made in sealings), *(file.referral.opinions if file.referral else ()))


def keys_above(file: CaseFile, world: World) -> bool:
    """Whether the department above can open all that goes up (T30)."""
    node = file.referral.node if file.referral else ""
    return not any(facts.unopened_lines(file, manifest, node, world) for manifest in goes_up(file))


def take_up_due(file: CaseFile, world: World) -> str:
    """Last moment for the department above to countersign: the full working day after the act (T30L, as T10b)."""
    assert file.referral is not None  # asked only of a case on its way up
    return clocks.end_of(world.calendar.add_working_days(facts.day_of(file.referral.at), 1).date)


def first_review_due(file: CaseFile, world: World) -> str:
    """行政许可法 43: twenty working days from acceptance, without what 45 does not count."""
    state = facts.clock_of(file, "K4", world)
    assert state is not None  # runs while a case is under review
    leg = replace(state, limit=FIRST_REVIEW_WORKING_DAYS, unit=clocks.Unit.WORKING_DAY, extensions=())
    return clocks.recompute(leg, world.calendar).due or ""

"""What time makes due while a case is at the department: post B, a reminder, an end, an opinion (T13, T27, T29).

Invariants: pure; once stated, an event is not owed again, since the row that states it changes what it follows from.
What moves no state is stated beside the custody chain: an act that was signed before it still counts.
"""

from hub.casework.casefile import CaseFile
from hub.casework.common import just_after
from hub.casework.context import World
from hub.casework.hub_event import HubEvent
from hub.casework.review import look
from hub.casework.review.guards import posts_doubled
from hub.casework.states import State


def due_event(file: CaseFile, world: World, now: str) -> HubEvent | None:
    """What time made due at ``now``."""
    if file.state is State.REFERRED:
        return _not_taken_up(file, world, now)
    if file.state is State.SUSPENDED:
        return _pause_over(file, now) or _silent(file, now)
    untaken = _untaken(file, world, now)
    return untaken or (_silent(file, now) if file.state is State.UNDER_REVIEW else None)


def wake_at(file: CaseFile, world: World, now: str) -> str | None:
    """Just after the first of the moments at which one of these is due."""
    moments: list[str | None] = []
    if file.state is State.REFERRED and look.keys_above(file, world):
        moments.append(just_after(look.take_up_due(file, world)))
    if file.awaits_taker:
        if not file.chased_at:
            moments.append(just_after(look.untaken_after(file, world, look.CHASE_WORKING_DAYS)))
        if not file.to_b_at:
            due = look.untaken_after(file, world, look.TO_B_WORKING_DAYS)
            moments.append(just_after(due) if posts_doubled(file, world, due) else None)
    if file.state in (State.UNDER_REVIEW, State.SUSPENDED):
        moments += [just_after(look.opinion_due(asked)) for asked in file.consultations if asked.open]
    special = look.stopping(file) if file.state is State.SUSPENDED else None
    if special is not None:
        moments.append(look.counts_again(special))
    return min((moment for moment in moments if moment), default=None)


def _untaken(file: CaseFile, world: World, now: str) -> HubEvent | None:
    """T13, states.md 9: B after one working day, the coordinator after three."""
    if not file.awaits_taker:
        return None
    due = look.untaken_after(file, world, look.TO_B_WORKING_DAYS)
    if now > due and not file.to_b_at and posts_doubled(file, world, due):
        return HubEvent("to_b", {"due": due})
    due = look.untaken_after(file, world, look.CHASE_WORKING_DAYS)
    return HubEvent("chase", {"due": due}) if now > due and not file.chased_at else None


def _not_taken_up(file: CaseFile, world: World, now: str) -> HubEvent | None:
    """T30L, where the department above can open what it was given."""
    application = file.sealing("application")
    if application is None or now <= look.take_up_due(file, world) or not look.keys_above(file, world):
        return None
    return HubEvent("constructive_take_up", {"manifest": application.manifest})


def _pause_over(file: CaseFile, now: str) -> HubEvent | None:
    """T27."""
    special = look.stopping(file)
    if special is None or now < look.counts_again(special):
        return None
    return HubEvent("special_over", {"special": special.digest, "due": special.until})


def _silent(file: CaseFile, now: str) -> HubEvent | None:
    """T29."""
    found = look.silent(file, now)
    return HubEvent("opinion_late", {"consult": found.digest, "due": found.until}) if found else None

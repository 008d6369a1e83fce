"""What the law makes happen by itself on the way to the department (T08 to T11, T23H, K11).

Invariants: pure; once stated, an event is not owed again, since the row that states it changes what it follows from.
"""

from crypto.refusal import Refusal
from hub.casework import facts
from hub.casework.casefile import CaseFile
from hub.casework.common import after_clock, clock_ran_out, just_after
from hub.casework.context import World
from hub.casework.hand_off import guards
from hub.casework.hub_event import HubEvent
from hub.casework.states import State
from hub.casework.time import clocks


def next_event(file: CaseFile, world: World, now: str) -> HubEvent | None:
    """What follows from the case as it stands: T08 or T09, T10b of a sound bounce, T23H."""
    if file.state is State.COLLECTED:
        return _collected(file, world, now)
    if file.state is State.FORWARDED:
        return constructive(file, "BOUNCE_UNFOUNDED", world) if guards.bounce_unfounded(file) else None
    return _rerouting(file, world, now) if file.state is State.REROUTING else None


def due_event(file: CaseFile, world: World, now: str) -> HubEvent | None:
    """What time made due at ``now``: escalation (K11), delivery by law (T10b), a further attempt (T11)."""
    if file.state is State.REROUTING:
        state = facts.clock_of(file, "K11", world)
        return None if state is None or state.expired else clock_ran_out(state, "escalate", now)
    if file.state is not State.FORWARDED:
        return None
    if now > guards.silent_until(file, world):
        delivered = constructive(file, "SILENT", world)
        if delivered is not None:
            return delivered
    if file.retries < guards.RETRIES_MOST and now >= guards.retry_at(file):
        return HubEvent("retry", {"attempt": file.retries + 1})
    return None


def wake_at(file: CaseFile, world: World, now: str) -> str | None:
    """When to look again. A case in collection that nothing blocks waits for keys, for a queue or for a coordinator:
    list and registry change without a word about it, so it is looked at every day.
    """
    if file.state is State.COLLECTED:
        blocked = file.bounce is not None and file.bounce.blocks
        blocked = blocked or (file.bond is not None and file.bond.blocked)
        return None if blocked else just_after(clocks.end_of(facts.day_of(max(now, file.recorded_at))))
    if file.state is State.REROUTING:
        state = facts.clock_of(file, "K11", world)
        return None if state is None or state.expired else after_clock(state)
    if file.state is not State.FORWARDED:
        return None
    moments = []
    if file.retries < guards.RETRIES_MOST:
        moments.append(guards.retry_at(file))
    if facts.opened_by(file, file.accepting_node, world):
        moments.append(just_after(guards.silent_until(file, world)))
    return min(moments, default=None)


def constructive(file: CaseFile, cause: str, world: World) -> HubEvent | None:
    """T10b, where the receiver can open the case."""
    sealing = file.sealing("application")
    if sealing is None or not facts.opened_by(file, file.accepting_node, world):
        return None
    return HubEvent("constructive_delivery", {"cause": cause, "manifest": sealing.manifest})


def _collected(file: CaseFile, world: World, now: str) -> HubEvent | None:
    """T08: one live queue, and its node can open the sealing; T09: no such queue, and a coordinator to ask.

    Else the case waits where it is, as it does while a bounce stands unexamined, or while a part that comes before it
    is not granted (P1).
    """
    if (file.bounce is not None and file.bounce.blocks) or (file.bond is not None and file.bond.blocked):
        return None
    if file.directed_by:
        return _route(file, file.accepting_node, file.queue, world)
    try:
        name, queue = facts.route_of(file, world.catalogue_of(file.catalogue), facts.day_of(now))
    except Refusal as refusal:
        there = facts.coordinator_of(file, world)
        return HubEvent("route_failed", {"cause": facts.cause_of(refusal)}) if there else None
    return _route(file, facts.node_named(name, world), queue, world)


def _route(file: CaseFile, node: str, queue: str, world: World) -> HubEvent | None:
    if not node or not facts.opened_by(file, node, world):
        return None
    return HubEvent("route", {"accepting_node": node, "queue": queue})


def _rerouting(file: CaseFile, world: World, now: str) -> HubEvent | None:
    """T23: the department proposes what the list in force gives, and that node can open the case."""
    found = guards.proposed_by_list(file, world, now)
    if found is None or not facts.opened_by(file, found[0], world):
        return None
    return HubEvent("redirected", {"accepting_node": found[0], "queue": found[1]})

"""What the law makes happen by itself: statements that the hub must sign after an act (T08, T09, T10b, T18, T23, T34).

Invariants:
- consequences follow from the case file and the world alone, so a hub that takes over makes the same ones;
- they are made in the same transaction as their cause: a kill between the two is not possible;
- each is a row of the law of its own and is checked like any other act.

What becomes due by time alone stands in ``timers``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from crypto.refusal import Refusal
from hub.casework import facts, guards_route
from hub.casework.casefile import CaseFile, State
from hub.casework.context import World


@dataclass(frozen=True)
class HubEvent:
    """A statement for the hub to sign: event of the table and body."""

    event: str
    body: dict[str, object]


def next_event(file: CaseFile, world: World, now: str = "") -> HubEvent | None:
    """The next thing that the hub has to state about the case now, or None.

    ``now``: legal time (text in UTC+8) where it is later than the newest leaf: a list speaks of days.
    """
    found = _BY_STATE.get(file.state)
    return found(file, world, max(now, file.recorded_at)) if found else None


def _collected(file: CaseFile, world: World, now: str) -> HubEvent | None:
    """T08: one live queue, and its node can open the sealing; T09: no such queue, and a coordinator to ask.

    Else the case waits where it is, as it does while a bounce stands unexamined.
    """
    if file.bounce is not None and file.bounce.blocks:
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


def _forwarded(file: CaseFile, world: World, now: str) -> HubEvent | None:
    """T10b: who bounced a sound case once has it now."""
    if not guards_route.bounce_unfounded(file):
        return None
    return constructive(file, "BOUNCE_UNFOUNDED", world)


def constructive(file: CaseFile, cause: str, world: World) -> HubEvent | None:
    """T10b, where the receiver can open the case."""
    sealing = file.sealing("application")
    if sealing is None or not facts.opened_by(file, file.accepting_node, world):
        return None
    return HubEvent("constructive_delivery", {"cause": cause, "manifest": sealing.manifest})


def _supplement(file: CaseFile, world: World, now: str) -> HubEvent | None:
    """T18: the addenda cover what was demanded, and the department can open them."""
    if file.notices[-1].materials - facts.answered_materials(file, world):
        return None
    addenda = [sealing.manifest for sealing in file.answered_by]
    if any(facts.unopened_lines(file, manifest, file.accepting_node, world) for manifest in addenda):
        return None
    return HubEvent("supplement_complete", {"addenda": addenda})


def _rerouting(file: CaseFile, world: World, now: str) -> HubEvent | None:
    """T23: the department proposes what the list in force gives, and that node can open the case."""
    found = guards_route.proposed_by_list(file, world, now)
    if found is None or not facts.opened_by(file, found[0], world):
        return None
    return HubEvent("redirected", {"accepting_node": found[0], "queue": found[1]})


def _proven(file: CaseFile, world: World, now: str) -> HubEvent | None:
    """T34: a parcel with proof at or above the item's level closes the case."""
    needed = facts.item_of(file, world).required_proof_level
    for leg in file.parcels:
        if leg.proof_level >= needed and leg.status == "DELIVERED":
            return HubEvent(
                "delivered_proven",
                {"parcel": leg.parcel, "proof_level": leg.proof_level, "evidence": leg.evidence},
            )
    return None


_BY_STATE: Final[Mapping[State, Callable[[CaseFile, World, str], HubEvent | None]]] = {
    State.COLLECTED: _collected,
    State.FORWARDED: _forwarded,
    State.SUPPLEMENT: _supplement,
    State.REROUTING: _rerouting,
    State.DELIVERING: _proven,
}

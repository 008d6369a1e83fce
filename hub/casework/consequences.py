"""What the law makes happen by itself: statements that the hub must sign after an act (T08, T34).

Invariants:
- consequences follow from the case file and the world alone, so a hub that takes over makes the same ones;
- they are made in the same transaction as their cause: a kill between the two is not possible;
- each is a row of the law of its own and is checked like any other act.
"""

from dataclasses import dataclass
from datetime import date

from crypto.refusal import Refusal
from hub.casework import guards, routing
from hub.casework.casefile import CaseFile, State
from hub.casework.context import World


@dataclass(frozen=True)
class HubEvent:
    """A statement for the hub to sign: event of the table and body."""

    event: str
    body: dict[str, object]


def next_event(file: CaseFile, world: World) -> HubEvent | None:
    """The next thing that the hub has to state about the case now, or None."""
    if file.state is State.COLLECTED:
        return _route(file, world)
    if file.state is State.DELIVERING:
        return _proven(file, world)
    return None


def _route(file: CaseFile, world: World) -> HubEvent | None:
    """T08: one live queue, and its node can open the sealing; else the case waits where it is."""
    try:
        found = routing.route(
            world.catalogue_of(file.catalogue),
            file.task_code,
            file.region,
            date.fromisoformat(file.recorded_at[:10]),
        )
    except Refusal:
        return None
    node = guards.node_named(found.node, world)
    if not node or not guards.opened_by(file, node, world):
        return None
    return HubEvent("route", {"accepting_node": node, "queue": found.queue})


def _proven(file: CaseFile, world: World) -> HubEvent | None:
    """T34: a parcel with proof at or above the item's level closes the case."""
    needed = world.catalogue_of(file.catalogue).item(file.task_code).required_proof_level
    for leg in file.parcels:
        if leg.proof_level >= needed and leg.status == "DELIVERED":
            return HubEvent(
                "delivered_proven",
                {"parcel": leg.parcel, "proof_level": leg.proof_level, "evidence": leg.evidence},
            )
    return None

"""What the law makes happen by itself when the result is on its way: proof closes the case (T34).

Invariants: pure; once stated, an event is not owed again, since the row that states it changes what it follows from.
"""

from hub.casework import facts
from hub.casework.casefile import CaseFile, State
from hub.casework.context import World
from hub.casework.hub_event import HubEvent


def next_event(file: CaseFile, world: World, now: str) -> HubEvent | None:
    """T34: a parcel with proof at or above the item's level closes the case."""
    if file.state is not State.DELIVERING:
        return None
    needed = facts.item_of(file, world).required_proof_level
    for leg in file.parcels:
        if leg.proof_level >= needed and leg.status == "DELIVERED":
            return HubEvent(
                "delivered_proven",
                {"parcel": leg.parcel, "proof_level": leg.proof_level, "evidence": leg.evidence},
            )
    return None

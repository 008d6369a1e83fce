"""Guards of the result's way to the applicant: parcels, their tracking, proof (states.md 6; postal.md 7).

Invariant: a guard looks and refuses; it never changes anything.
"""

from crypto.refusal import Refusal
from hub.casework import facts
from hub.casework.casefile import CaseFile
from hub.casework.context import Act, World

METHODS = frozenset({"POST", "COUNTER_COLLECT", "COUNTER_DEPT", "ELECTRONIC"})


def parcel_possible(file: CaseFile | None, act: Act, world: World) -> None:
    """D4: the applicant chose the post, the gateway can read the address, and the parcel is new."""
    assert file is not None
    if file.delivery != "POST":
        raise Refusal("DELIVERY_NOT_POST", "I01; D4", delivery=file.delivery)
    if file.parcel(act.text("parcel")) is not None:
        raise Refusal("PARCEL_EXISTS", "D4", parcel=act.text("parcel"))
    gateway = world.registry.current(act.text("gateway"))
    if "gateway" not in gateway.roles:
        raise Refusal("ROLE_FORBIDS", "A08", role=",".join(sorted(gateway.roles)), event="post")
    facts.require_opened_by(file, gateway.subject, world, facts.ADDRESS)


def parcel_known(file: CaseFile | None, act: Act, world: World) -> None:
    """Tracking speaks of a parcel of this case, by the gateway that booked it."""
    assert file is not None
    leg = file.parcel(act.text("parcel"))
    if leg is None or leg.gateway != act.node.subject:
        raise Refusal("PARCEL_UNKNOWN", "postal.md 7", parcel=act.text("parcel"))


def proof_enough(file: CaseFile | None, act: Act, world: World) -> None:
    """T34, D5: proof of delivery at or above the item's level; a parcel at the door proves nothing."""
    assert file is not None
    leg = file.parcel(act.text("parcel"))
    needed = facts.item_of(file, world).required_proof_level
    if leg is None or leg.proof_level < needed or leg.status != "DELIVERED":
        raise Refusal("PROOF_TOO_LOW", "T34, D5; postal.md 7", level=leg.proof_level if leg else 0, needed=needed)
    body = act.statement.body
    if (body.get("proof_level"), body.get("evidence")) != (leg.proof_level, leg.evidence):
        raise Refusal("PROOF_DIFFERS", "T34, D5; postal.md 7", parcel=leg.parcel)

"""Parcels that this gateway is to book, as the (verified) leaves of a case tell it: results and originals (D4, O3).

Invariant: only what the law has counted is here; a parcel that was recalled before it was booked is not booked (D11).
"""

from dataclasses import dataclass

from crypto.identity import node_name
from crypto.refusal import Refusal
from crypto.statement import Statement
from hub.casework.catalogue.model import Catalogue
from hub.casework.originals.states import (
    ONWARD_KIND,
    ORIGINALS_KIND,
    RESULT_KIND,
    RETURN_KIND,
    RETURN_PROOF,
    TO_WINDOW_KIND,
)
from node_agent.gateway.carrier import Party
from node_agent.known.casemirror import history
from node_agent.process.runtime import Agent
from storage.journal import Journal


@dataclass(frozen=True)
class Leg:
    """A parcel posted through this gateway. ``receiver``: node id, empty for the applicant.

    ``closed``: the hub found its delivery proven; ``recalled``: its sender stopped it.
    """

    case: str
    parcel: str
    sender: str
    closed: bool
    kind: str = RESULT_KIND
    receiver: str = ""
    recalled: bool = False

    @property
    def to_node(self) -> bool:
        """Whether a node opens it, which says itself what it found; no proof of delivery is waited for."""
        return bool(self.receiver) or self.kind == TO_WINDOW_KIND

    @property
    def insured(self) -> bool:
        """O4: the applicant's own documents travel insured (H12)."""
        return self.kind in (ORIGINALS_KIND, ONWARD_KIND, RETURN_KIND)


def legs_of(journal: Journal, case: str, gateway: str) -> list[Leg]:
    """The parcels of a case that go through this gateway."""
    said = [told.statement for told in history(journal, case)]
    proven = {made.body.get("parcel") for made in said if made.type == "delivered_proven"}
    recalled = {made.body.get("parcel") for made in said if made.type == "recall_parcel"}
    return [
        Leg(
            case,
            str(made.body["parcel"]),
            made.actor.node,
            made.body["parcel"] in proven,
            str(made.body.get("kind", RESULT_KIND)),
            str(made.body.get("receiver", "")),
            made.body["parcel"] in recalled,
        )
        for made in said
        if made.type in ("post", "pack") and made.body.get("gateway") == gateway
    ]


def contact(agent: Agent, seal: Statement, node: str) -> Party:
    """A node as a carrier needs it: public title, telephone and, where the list has one, address.

    ``seal``: verified, names the list. Refusal ROUTE_NONE when the list has no telephone of the node.
    """
    catalogue = _pinned(agent, seal)
    title = agent.registry.directory.current(node).title
    window = catalogue.window(node_name(node))
    if window is not None and window.telephone:
        return Party(title, window.telephone, window.address or title)
    task_code, region = str(seal.body["task_code"]), str(seal.body["region"])
    for queue in (*catalogue.queues_for(task_code, region), *catalogue.queues):
        if queue.node == node_name(node):
            return Party(title, queue.liaison, title)
    raise Refusal("ROUTE_NONE", "A05", task_code=task_code, region=region, cause="NO_QUEUE")


def receiver_of(leg: Leg, seal: Statement) -> str:
    """The node that a parcel goes to, or an empty text; a result for the window goes to who sealed (E09)."""
    return seal.actor.node if leg.kind == TO_WINDOW_KIND else leg.receiver


def proof_wanted(agent: Agent, leg: Leg, seal: Statement) -> int:
    """Level of proof to order: what the item needs for the result, somebody's signature for all else (postal.md 7)."""
    if leg.kind != RESULT_KIND:
        return RETURN_PROOF
    return _pinned(agent, seal).item(str(seal.body["task_code"])).required_proof_level


def _pinned(agent: Agent, seal: Statement) -> Catalogue:
    return agent.registry.catalogue(str(seal.body["catalogue"]), agent.hub)

"""The one payment of a parent at its window (一口式收费, I04): a state, split by parts; no money passes here."""

from collections.abc import Mapping

from crypto.refusal import Refusal
from hub.casework.references import is_reference
from node_agent import acts
from node_agent.parents.desk import parent_here
from node_agent.process.runtime import Agent
from node_agent.window.seal import collecting_role
from storage.journal import OutboxEntry

CHAIN = "delivery"


def tell(
    agent: Agent, case_id: str, staff_code: str, state: str, pay_no: str, shares: Mapping[str, int]
) -> OutboxEntry:
    """P14: the payment stands so. ``shares``: fen by part; empty when only the state of the one told goes on.

    Refusals FEE_PART where nothing was told yet and there are no shares; FEE_NUMBER; ROLE_MISSING; those of
    ``parent_here``; the law's FEE_….
    """
    told = parent_here(agent, case_id).fee
    split = dict(shares) or (dict(told.shares) if told else {})
    if not split:
        raise Refusal("FEE_PART", "I04; P14", part="")
    number = pay_no or (told.pay_no if told else "")
    if not is_reference(number):  # before it leaves this node
        raise Refusal("FEE_NUMBER", "I04; promise 1; P14")
    envelope = acts.build(
        agent.identity,
        agent.journal,
        event="fee_told",
        case_id=case_id,
        chain=CHAIN,
        body={
            "pay_no": number,
            "state": state,
            "total": sum(split.values()),
            "shares": [{"part": part, "fen": fen} for part, fen in sorted(split.items())],
        },
        role=collecting_role(agent, staff_code),
        staff_code=staff_code,
    )
    entry = acts.entry_of(envelope)
    agent.journal.queue([entry])
    return entry

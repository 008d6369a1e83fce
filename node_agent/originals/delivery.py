"""The result's last steps at windows and departments: choice, counter, calls, a new result (states.md 6; I01, I07).

Invariants: as ``node_agent.originals.desk``; what the applicant signed stays here as a scan, the log has its digest.
"""

from pathlib import Path

from node_agent import acts
from node_agent.originals.desk import Late, case_here, say
from node_agent.paper.signed import keep_paper
from node_agent.process.runtime import Agent
from storage.journal import OutboxEntry

CHAIN = "delivery"
COUNTER = ("COLLECTOR", "COLLECT_LEAD", "ISSUER")


def choose(agent: Agent, case_id: str, staff_code: str, method: str, signed: Path, *, late: Late = None) -> OutboxEntry:
    """I01: the applicant wants it another way, in writing. ``method``: a code of ``METHODS``."""
    body = {"delivery": method, "paper": keep_paper(agent, signed)}
    return say(agent, case_id, "choose_delivery", body, staff_code, roles=COUNTER[:2], chain=CHAIN, late=late)


def lay_out(agent: Agent, case_id: str, staff_code: str, notice: Path, *, late: Late = None) -> OutboxEntry:
    """D2, D8: the result lies at this counter; ``notice``: what the applicant was told, scanned."""
    body = {"notice": keep_paper(agent, notice)}
    return say(agent, case_id, "lay_out", body, staff_code, roles=COUNTER, chain=CHAIN, late=late)


def hand_over(
    agent: Agent, case_id: str, staff_code: str, signed: Path, proxy: Path | None = None, *, late: Late = None
) -> OutboxEntry:
    """D2: to the applicant, identity checked, or to an agent with a proxy; ``signed``: the receipt that was signed.

    On the custody chain, since it is what closes the case (T34). Refusals ROLE_MISSING, those of the page check.
    """
    body: dict[str, object] = {"identity_checked": True, "signature": keep_paper(agent, signed)}
    if proxy is not None:
        body["proxy"] = keep_paper(agent, proxy)
    role = acts.role_of(agent, staff_code, COUNTER)
    return acts.queued_by_person(agent, case_id, "hand_over", body, role, staff_code, late=late)


SERVERS = ("window", "portal", "department")
"""Kinds of nodes that may serve a result to the applicant (D3)."""


def opened(agent: Agent, case_id: str) -> OutboxEntry:
    """D3: this node served the result to the applicant, who opened it; of a parent all. The node alone signs."""
    file = case_here(agent, case_id)
    made = file.sealing("result")
    body: dict[str, object] = {"manifest": made.manifest if made else ""}
    if file.bundle is not None:  # P8: one exit
        body = {"results": [{"part": part, "manifest": manifest} for part, manifest in file.bundle.results]}
    envelope = acts.build(
        agent.identity,
        agent.journal,
        event="e_opened",
        case_id=case_id,
        body=body,
        role=next(role for role in SERVERS if role in agent.registry.directory.current(agent.identity.node).roles),
        chain=CHAIN,
    )
    entry = acts.entry_of(envelope)
    agent.journal.queue([entry])
    return entry


def asked(agent: Agent, case_id: str, staff_code: str, parcel: str, note: Path, *, received: bool) -> OutboxEntry:
    """D6: the applicant was called and has the parcel, or has not. ``note``: the record of the call, scanned."""
    event = "confirmed_by_applicant" if received else "denied_by_applicant"
    body = {"parcel": parcel, "paper": keep_paper(agent, note)}
    return say(agent, case_id, event, body, staff_code, roles=COUNTER, chain=CHAIN)


def address(agent: Agent, case_id: str, staff_code: str, parcel: str, answer: str, note: Path) -> OutboxEntry:
    """D7, D8: whether the address still holds. ``answer``: SAME or CHANGED."""
    body = {"parcel": parcel, "answer": answer, "paper": keep_paper(agent, note)}
    return say(agent, case_id, "address_confirmed", body, staff_code, roles=COUNTER, chain=CHAIN)


def recall_result(agent: Agent, case_id: str, staff_code: str, reason: str) -> OutboxEntry:
    """D11: take the result back from the counter."""
    return say(agent, case_id, "recall_result", {"reason": reason}, staff_code, roles=COUNTER[2:], chain=CHAIN)


def tell_package(agent: Agent, case_id: str, staff_code: str, digest: str) -> OutboxEntry:
    """T37: the digest of the archive package; the hub archives the case when every paper has ended."""
    return say(agent, case_id, "archive_package", {"package": digest}, staff_code, roles=COUNTER[::-1], chain=CHAIN)

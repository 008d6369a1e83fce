"""What windows and departments do with paper: take, pack, check in, fetch, hand back, file away (states.md 5; E08).

Invariants:
- every act is signed by the person and the node (packing by a witness too) and kept in the journal before a command
  says so; scans and photos stay here under their digest;
- acts of paper hang on any custody statement, so they wait for nobody's legal act and hold none up.
"""

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

from crypto.refusal import Refusal
from hub.casework.casefile import CaseFile
from hub.casework.delivery.values import ParcelLeg
from hub.casework.originals import states
from node_agent import acts
from node_agent.known.casemirror import mirror
from node_agent.paper.signed import keep_paper
from node_agent.process.runtime import Agent
from node_agent.transfer.rewrap import wrap_again
from storage.journal import OutboxEntry

CHAIN = "originals"
STAFF = ("COLLECTOR", "COLLECT_LEAD", "ACCEPTOR", "ISSUER")
COORDINATORS = ("COORDINATOR",)
Late = acts.LateEntry | None
"""``late`` of an act of paper: done while nothing worked, entered now (states.md 9; A22)."""


def take(
    agent: Agent,
    case_id: str,
    staff_code: str,
    items: Sequence[tuple[str, str]],
    receipt: Path,
    *,
    late: Late = None,
) -> OutboxEntry:
    """O2: keep further originals. ``items``: (item, material); ``receipt``: the signed custody receipt, scanned.

    Refusals ROLE_MISSING, those of the page check.
    """
    listed = [{"item": item, "material": material} for item, material in items]
    body = {"items": listed, "paper": keep_paper(agent, receipt)}
    return say(agent, case_id, "take_original", body, staff_code, late=late)


def pack(
    agent: Agent,
    case_id: str,
    staff_code: str,
    witness: str,
    seal_no: str,
    packing_list: str,
    photo: Path,
    *,
    kind: str = states.ORIGINALS_KIND,
    receiver: str = "",
    items: Sequence[str] = (),
    gateway: str = "",
    late: Late = None,
) -> OutboxEntry:
    """O3, O14: originals into one parcel. ``packing_list``: digest of the printed list; ``items``: all that may go.

    ``receiver``: node id; the accepting node for ORIGINALS by itself, the next part's department for ONWARD, empty for
    the applicant, whose address the gateway is given (H01). Refusals GATEWAY_UNSET, NOT_PULLED (the case is not whole
    here), ITEM_NOT_HERE, ROLE_MISSING, those of ``wrap_again``.
    """
    target = gateway or agent.settings.gateway_node
    if not target:
        raise Refusal("GATEWAY_UNSET", "A08; O3", case=case_id)
    file = case_here(agent, case_id)
    names = list(items) or going(file, agent.identity.node, kind)
    body: dict[str, object] = {
        "parcel": secrets.token_hex(16),
        "kind": kind,
        "gateway": target,
        "items": names,
        "packing_list": packing_list,
        "photo": keep_paper(agent, photo),
        "seal_no": seal_no,
    }
    to = receiver or receiver_of(file, kind, names)
    if to:
        body["receiver"] = to
    before = [] if to else [_address_for(agent, file, target)]
    return say(agent, case_id, "pack", body, staff_code, second=witness, before=before, late=late)


def _address_for(agent: Agent, file: CaseFile, gateway: str) -> OutboxEntry:
    """The wrap without which the gateway cannot read where a parcel to the applicant goes (O14, H01)."""
    sealing = file.sealing("application")
    if sealing is None:
        raise Refusal("SEALING_UNKNOWN", "O14; H01", case=file.case)
    return wrap_again(agent, file.case, gateway, sealing.manifest)


def going(file: CaseFile, node: str, kind: str) -> list[str]:
    """Items at this node that a parcel of this kind may take: wanted in the archive, to be returned (A06, O14), or the
    next part's turn (states.md 8; those that go to one department). Refusal ITEM_NOT_HERE.
    """
    here = [one for one in file.originals if states.lies_with(one, node)]
    goal = next((one.to for one in here if one.to not in ("", node)), "")
    found = {
        states.ORIGINALS_KIND: [one.item for one in here if one.policy == states.MAIL and not one.to],
        states.ONWARD_KIND: [one.item for one in here if goal and one.to == goal],
        states.RETURN_KIND: [one.item for one in here if states.returnable(file, one)],
    }[kind]
    if not found:
        raise Refusal("ITEM_NOT_HERE", "O3, O14", item="", node=node)
    return found


def receiver_of(file: CaseFile, kind: str, items: Sequence[str]) -> str:
    """Node id of who gets a parcel of this kind by itself, or an empty text for the applicant."""
    if kind == states.ONWARD_KIND:
        return next((one.to for one in file.originals if one.item in items), "")
    return file.accepting_node if kind == states.ORIGINALS_KIND else ""


def whereabouts(agent: Agent, case_id: str) -> list[dict[str, str]]:
    """Each original of a case: its state, who has it, and whose turn it is where several parts need it. NOT_PULLED."""
    members = ("item", "material", "state", "holder", "turn", "to", "over")
    return [{name: str(getattr(one, name)) for name in members} for one in case_here(agent, case_id).originals]


def check_in(
    agent: Agent,
    case_id: str,
    staff_code: str,
    *,
    parcel: str = "",
    findings: Mapping[str, str] | None = None,
    seal_intact: bool = True,
    photo: Path | None = None,
    late: Late = None,
) -> OutboxEntry:
    """O6, O7, E09: open a parcel against its list. ``findings``: code by item where it is not as listed.

    Refusals PARCEL_NOT_OURS, NOT_PULLED, ROLE_MISSING; ITEM_UNKNOWN for a finding about nothing listed.
    """
    leg = expected(case_here(agent, case_id), agent.identity.node, parcel)
    told = dict(findings or {})
    foreign = sorted(told.keys() - set(leg.items))
    if foreign:
        raise Refusal("ITEM_UNKNOWN", "O6", item=foreign[0][:40])
    lines = [{"item": item, "finding": told.get(item, "OK")} for item in leg.items]
    body: dict[str, object] = {"parcel": leg.parcel, "seal_intact": seal_intact, "lines": lines}
    if photo is not None:
        body["photo"] = keep_paper(agent, photo)
    return say(agent, case_id, "check_in", body, staff_code, late=late)


def expected(file: CaseFile, node: str, parcel: str = "") -> ParcelLeg:
    """The parcel that this node is to open: the one named, else the oldest one. Refusal PARCEL_NOT_OURS."""
    for leg in file.parcels:
        if leg.receiver == node and not leg.checked_in and parcel in ("", leg.parcel):
            return leg
    raise Refusal("PARCEL_NOT_OURS", "O6, E09", parcel=parcel[:40])


def answer(agent: Agent, case_id: str, staff_code: str, item: str, position: str) -> OutboxEntry:
    """O7: the sender's side of what was found. ``position``: AS_RECEIVED, FOUND_HERE, DISPUTED."""
    return say(agent, case_id, "answer_discrepancy", {"item": item, "answer": position}, staff_code)


def offer(
    agent: Agent,
    case_id: str,
    staff_code: str,
    pages: int,
    items: Sequence[str] = (),
    receiver: str = "",
    *,
    late: Late = None,
) -> OutboxEntry:
    """E08, E09: tell the other side to come and fetch, or the department whose turn it is (states.md 8). ``items``: all
    originals here that go there, or ``RESULT``.
    """
    file = case_here(agent, case_id)
    node = agent.identity.node
    other = file.collecting_node if node == file.accepting_node else file.accepting_node
    here = [one for one in file.originals if states.lies_with(one, node)]
    turn = next((one.to for one in here if one.to not in ("", node) and one.item in (items or [one.item])), "")
    names = list(items) or [one.item for one in here if not turn or one.to == turn]
    body = {"handoff": secrets.token_hex(16), "receiver": receiver or turn or other, "items": names, "pages": pages}
    return say(agent, case_id, "pick_up_offer", body, staff_code, late=late)


def pick_up(
    agent: Agent, case_id: str, staff_code: str, count: int, pages: int, handoff: str = "", *, late: Late = None
) -> OutboxEntry:
    """E08: fetched and counted: ``count`` of items, ``pages`` all told. Refusal PICKUP_UNKNOWN."""
    made = [one for one in case_here(agent, case_id).pickups if not one.taken and handoff in ("", one.handoff)]
    mine = [one for one in made if one.receiver == agent.identity.node]
    if not mine:
        raise Refusal("PICKUP_UNKNOWN", "E08", handoff=handoff[:40])
    body = {"handoff": mine[-1].handoff, "offer": mine[-1].offer, "count": count, "pages": pages}
    return say(agent, case_id, "pick_up", body, staff_code, late=late)


def hand_back(
    agent: Agent, case_id: str, staff_code: str, signed: Path, items: Sequence[str] = (), *, late: Late = None
) -> OutboxEntry:
    """O14: back to the applicant at this counter, identity checked. ``signed``: the receipt that he signed, scanned."""
    file = case_here(agent, case_id)
    names = list(items) or going(file, agent.identity.node, states.RETURN_KIND)
    body = {"items": names, "identity_checked": True, "signature": keep_paper(agent, signed)}
    return say(agent, case_id, "hand_back", body, staff_code, late=late)


def file_away(
    agent: Agent, case_id: str, staff_code: str, to: str, items: Sequence[str] = (), *, late: Late = None
) -> OutboxEntry:
    """O13: into custody (IN_CUSTODY) or into the archive (ARCHIVED)."""
    file = case_here(agent, case_id)
    names = list(items) or [one.item for one in file.originals if states.lies_with(one, agent.identity.node)]
    body, roles = {"items": names, "to": to}, ("ISSUER", "ACCEPTOR")
    return say(agent, case_id, "file_original", body, staff_code, roles=roles, late=late)


def recall(agent: Agent, case_id: str, staff_code: str, parcel: str, reason: str) -> OutboxEntry:
    """D11, states.md 9: stop a parcel of ours."""
    return say(agent, case_id, "recall_parcel", {"parcel": parcel, "reason": reason}, staff_code)


def case_here(agent: Agent, case_id: str) -> CaseFile:
    """The case as this node's own leaves tell it. Refusal NOT_PULLED when it is not whole here."""
    view = mirror(agent, case_id)
    if view.file is None:
        raise Refusal("NOT_PULLED", "promise 3", case=case_id)
    return view.file


def say(
    agent: Agent,
    case_id: str,
    event: str,
    body: Mapping[str, object],
    staff_code: str,
    *,
    second: str | None = None,
    roles: Sequence[str] = STAFF,
    chain: str = CHAIN,
    before: Sequence[OutboxEntry] = (),
    late: Late = None,
) -> OutboxEntry:
    """Sign a person's act on a side chain and queue it, together with ``before``. Refusal ROLE_MISSING."""
    envelope = acts.build(
        agent.identity,
        agent.journal,
        event=event,
        case_id=case_id,
        body=body,
        role=acts.role_of(agent, staff_code, roles),
        staff_code=staff_code,
        second=second,
        chain=chain,
        late=late,
    )
    entry = acts.entry_of(envelope)
    agent.journal.queue([*before, entry])
    return entry


def declare_lost(agent: Agent, case_id: str, staff_code: str, parcel: str, cause: str, claim: Path) -> OutboxEntry:
    """O10: a missing parcel is lost. ``cause``: CARRIER_CONFIRMED, TEN_DAYS; ``claim``: the paper of the claim."""
    body = {"parcel": parcel, "cause": cause, "claim": keep_paper(agent, claim)}
    return say(agent, case_id, "declare_lost", body, staff_code, roles=COORDINATORS)


def settle(agent: Agent, case_id: str, staff_code: str, item: str, claim: Path) -> OutboxEntry:
    """O7, O12: a damage, a dispute or a search is over. ``claim``: the paper that says how."""
    body = {"item": item, "claim": keep_paper(agent, claim)}
    return say(agent, case_id, "settle_item", body, staff_code, roles=COORDINATORS)

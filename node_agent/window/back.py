"""A case that is back at the window: returned by a coordinator (T24), or unsound with nothing left to store (T12D).

Invariants:
- the page copies were erased at the first seal's receipt; they come back out of the store, through this window's own
  key packet and a stated purpose (H02), so the applicant is not asked to come again for pages that are there;
- where neither store nor window has the ciphertext any more, the applicant brings the papers once again, under the same
  number: nothing is begun anew that the log does not know of;
- nothing of the first sealing changes: what follows is the next revision under the same public number;
- a part of a parent (states.md 8) comes back alone: its draft is made of its own seal, for it had none of its own.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from crypto.canonical import CHINA
from crypto.identity import node_name
from crypto.refusal import Refusal
from hub.casework.catalogue.model import Item
from hub.casework.facts import ADDRESS, FORM, PROXY
from hub.casework.hand_off import routing
from hub.casework.parents.plan import bond_in
from hub.casework.reasons import REOPEN_REASONS
from node_agent import acts
from node_agent.known.casemirror import Recorded, history, last_of
from node_agent.process.runtime import Agent
from node_agent.transfer import opening, pulling
from node_agent.transfer.opening import OpenedLine
from node_agent.window import drafts, proxy
from node_agent.window import pages as window_pages
from node_agent.window.drafts import Draft, DraftLine
from node_agent.window.intake import require_filled
from node_agent.window.ready import queue_draft
from node_agent.window.seal import collecting_role
from storage.journal import OutboxEntry

PURPOSE = "RESEAL"


@dataclass(frozen=True)
class Reopened:
    """``reason``: why it came back (T24); ``dropped``: names of materials that the item now chosen does not ask for."""

    case: str
    reason: str
    task_code: str
    dropped: tuple[str, ...]


def returned(told: list[Recorded], event: str = "return_to_window") -> Recorded | None:
    """The leaf of the newest return by ``event``, while the case waits at the window for it; None otherwise."""
    found = last_of(told, "return_to_window", "reopen", "seal", "decline", "discard", "withdraw")
    return found if found is not None and found.statement.type == event else None


def give_up(agent: Agent, case_id: str, staff_code: str, reason: str) -> str:
    """T12D: nothing is left to store again, the papers are to be collected anew; payload digest.

    ``reason``: a code of ``reasons.REOPEN_REASONS``. The hub refuses it for a case that it did not find unsound.
    Refusals DRAFT_UNKNOWN, ROLE_MISSING, REASON_UNKNOWN.
    """
    if reason not in REOPEN_REASONS:
        raise Refusal("REASON_UNKNOWN", "T12", reason=reason[:20])
    _draft(agent, case_id, staff_code)
    role = collecting_role(agent, staff_code)
    return acts.queued_by_person(agent, case_id, "reopen", {"reason": reason}, role, staff_code).payload_digest


def collect_anew(
    agent: Agent, case_id: str, staff_code: str, form: Mapping[str, Any], address: Mapping[str, Any] | None = None
) -> None:
    """An empty draft under the same number, for the same item. ``form`` and ``address`` as in ``window.begin``.

    Refusals NOT_RETURNED until the hub took the giving up; ITEM_…, ROUTE_…, ADDRESS_MISSING and those of ``begin``.
    """
    if returned(history(agent.journal, case_id), "reopen") is None:
        raise Refusal("NOT_RETURNED", "T12", case=case_id)
    draft, today = _draft(agent, case_id, staff_code), datetime.now(UTC).astimezone(CHINA).date()
    require_filled(form, draft.delivery, address)
    catalogue = agent.registry.catalogue()
    catalogue.require_live(draft.task_code, today, node_name(agent.identity.node), draft.region)
    routing.route(catalogue, draft.task_code, draft.region, today)
    fresh = replace(_emptied(draft, catalogue.version, staff_code), form=dict(form), address=dict(address or {}))
    drafts.save(agent, fresh)  # commit point: the draft is open again
    queue_draft(agent, fresh)


def reopen(
    agent: Agent,
    case_id: str,
    staff_code: str,
    *,
    answered: Callable[[str], OutboxEntry],
    task_code: str = "",
) -> Reopened:
    """Open the draft again, for the same item or for ``task_code``.

    ``answered``: as in ``opening.open_sealing``. Refusals NOT_RETURNED, ITEM_…, ROUTE_…, DRAFT_UNWRITABLE and those of
    ``open_sealing``.
    """
    back, now = returned(history(agent.journal, case_id)), datetime.now(UTC)
    if back is None:
        raise Refusal("NOT_RETURNED", "T24", case=case_id)
    draft = _draft(agent, case_id, staff_code)
    catalogue = agent.registry.catalogue()
    chosen = task_code or draft.task_code
    region = catalogue.item(chosen).implementing_body.region if task_code else draft.region
    item = catalogue.require_live(chosen, now.astimezone(CHINA).date(), node_name(agent.identity.node), region)
    routing.route(catalogue, chosen, region, now.astimezone(CHINA).date())
    role = collecting_role(agent, staff_code)
    before = drafts.item_of(agent, draft)
    sealed = pulling.application_of(agent, case_id)
    _, _, lines = opening.open_sealing(agent, case_id, sealed, staff_code, role, PURPOSE, answered=answered)
    fresh = replace(_emptied(draft, catalogue.version, staff_code), task_code=chosen, region=region)
    if chosen != draft.task_code:
        fresh.lent = ()
    dropped = _take_back(agent, fresh, lines, before, item)
    drafts.save(agent, fresh)  # commit point: the draft is open again
    return Reopened(case_id, str(back.statement.body["reason"]), chosen, dropped)


def _draft(agent: Agent, case_id: str, staff_code: str) -> Draft:
    """The draft that the case was sealed from; of a part what its own seal says. Refusal DRAFT_UNKNOWN."""
    sealed = last_of(history(agent.journal, case_id), "seal")
    body = sealed.statement.body if sealed is not None else {}
    ours = sealed is not None and sealed.statement.actor.node == agent.identity.node
    if agent.journal.draft(case_id) is not None or sealed is None or not ours or "bond" not in body:
        return drafts.load(agent, case_id)
    bond = bond_in(body)
    return Draft(
        case=case_id,
        state=drafts.SENT,
        task_code=str(body["task_code"]),
        region=str(body["region"]),
        catalogue=str(body["catalogue"]),
        staff_code=staff_code,
        begun_at=sealed.leaf.recorded_at,
        delivery=str(body["delivery"]),
        public_no=str(body["public_no"]),
        lent=tuple(sorted(code for line, code in bond.serves if line in bond.elsewhere)),
    )


def _emptied(draft: Draft, catalogue: str, staff_code: str) -> Draft:
    """The draft as it was begun, without what was taken in."""
    return Draft(
        case=draft.case,
        state=drafts.OPEN,
        task_code=draft.task_code,
        region=draft.region,
        catalogue=catalogue,
        staff_code=staff_code,
        begun_at=draft.begun_at,
        delivery=draft.delivery,
        public_no=draft.public_no,
        lent=draft.lent,
        revision=draft.revision,
    )


def _take_back(agent: Agent, draft: Draft, lines: tuple[OpenedLine, ...], before: Item, item: Item) -> tuple[str, ...]:
    """Put form, address and pages into the draft; names of materials that the chosen item does not list."""
    by_name = {material.name: material.code for material in item.materials}
    dropped = []
    for line in lines:
        if line.material == FORM:
            form, *rest = [json.loads(page.data) for page in line.pages]
            draft.form = form
            for more in rest:
                draft.tolerated, draft.promises = dict(more.get("tolerated", {})), dict(more.get("promises", {}))
        elif line.material == ADDRESS:
            draft.address = json.loads(line.pages[0].data)
        elif line.material == PROXY:
            proxy.take_back(agent, draft, line)
        else:
            known = before.material(line.material)
            code = line.material if item.task_code == before.task_code else by_name.get(known.name if known else "")
            if code is None:
                dropped.append(known.name if known else line.material)
                continue
            draft.lines[code] = _line(agent, draft, code, line)
    draft.tolerated = {code: due for code, due in draft.tolerated.items() if item.material(code) is not None}
    _take_back_answers(agent, draft, item)
    return tuple(dropped)


def _take_back_answers(agent: Agent, draft: Draft, item: Item) -> None:
    """What the newest seal said of the same item's questions, commitments and reuse; another item asks anew (B16)."""
    sealed = last_of(history(agent.journal, draft.case), "seal")
    body = sealed.statement.body if sealed is not None else {}
    if body.get("task_code") != item.task_code:
        return
    answers, reused = body.get("situations", {}), body.get("reused", [])
    assert isinstance(answers, dict) and isinstance(reused, list)  # the law counted it
    draft.answers = dict(answers)
    draft.commitment_notice = body.get("commitment_notice") is True
    draft.reused = {one["material"]: {name: one[name] for name in one if name != "material"} for one in reused}
    draft.reuse_agreement = str(body.get("reuse_agreement", ""))
    draft.second_intake = (str(body.get("duplicate_of", "")), str(body.get("duplicate_reason", "")))


def _line(agent: Agent, draft: Draft, code: str, line: OpenedLine) -> DraftLine:
    folder = drafts.folder(agent, draft.case)
    pages = tuple(window_pages.again(folder, code, page) for page in line.pages)
    return DraftLine(code, line.acquisition, line.trust, line.original, pages)

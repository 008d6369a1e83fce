"""A case that a coordinator returned to the window (T24): its draft is opened again from the sealed application.

Invariants:
- the page copies were erased at the first seal's receipt; they come back out of the store, through this window's own
  key packet and a stated purpose (H02), so the applicant is not asked to come again for pages that are there;
- nothing of the first sealing changes: what follows is the next revision under the same public number.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from crypto.canonical import CHINA, digest
from crypto.identity import node_name
from crypto.refusal import Refusal
from hub.casework.catalogue.model import Item
from hub.casework.facts import ADDRESS, FORM
from hub.casework.hand_off import routing
from node_agent import drafts, opening, pulling
from node_agent.casemirror import Recorded, history, last_of
from node_agent.drafts import Draft, DraftLine, DraftPage
from node_agent.opening import OpenedLine
from node_agent.runtime import Agent
from node_agent.window_seal import collecting_role
from storage.journal import OutboxEntry

PURPOSE = "RESEAL"


@dataclass(frozen=True)
class Reopened:
    """``reason``: why it came back (T24); ``dropped``: names of materials that the item now chosen does not ask for."""

    case: str
    reason: str
    task_code: str
    dropped: tuple[str, ...]


def returned(told: list[Recorded]) -> Recorded | None:
    """The leaf of the newest return, while the case waits at the window for it; None otherwise."""
    found = last_of(told, "return_to_window", "seal", "decline", "discard", "withdraw")
    return found if found is not None and found.statement.type == "return_to_window" else None


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
    draft = drafts.load(agent, case_id)
    catalogue = agent.registry.catalogue()
    chosen = task_code or draft.task_code
    item = catalogue.require_live(chosen, now.astimezone(CHINA).date(), node_name(agent.identity.node))
    region = item.implementing_body.region if task_code else draft.region
    routing.route(catalogue, chosen, region, now.astimezone(CHINA).date())
    role = collecting_role(agent, staff_code)
    before = drafts.item_of(agent, draft)
    sealed = pulling.application_of(agent, case_id)
    _, _, lines = opening.open_sealing(agent, case_id, sealed, staff_code, role, PURPOSE, answered=answered)
    fresh = Draft(
        case=case_id,
        state=drafts.OPEN,
        task_code=chosen,
        region=region,
        catalogue=catalogue.version,
        staff_code=staff_code,
        begun_at=draft.begun_at,
        delivery=draft.delivery,
        public_no=draft.public_no,
    )
    dropped = _take_back(agent, fresh, lines, before, item)
    drafts.save(agent, fresh)  # commit point: the draft is open again
    return Reopened(case_id, str(back.statement.body["reason"]), chosen, dropped)


def _take_back(agent: Agent, draft: Draft, lines: tuple[OpenedLine, ...], before: Item, item: Item) -> tuple[str, ...]:
    """Put form, address and pages into the draft; names of materials that the chosen item does not list."""
    by_name = {material.name: material.code for material in item.materials}
    dropped = []
    for line in lines:
        if line.material == FORM:
            form, *rest = [json.loads(page.data) for page in line.pages]
            draft.form = form
            for more in rest:
                draft.tolerated = dict(more.get("tolerated", {}))
        elif line.material == ADDRESS:
            draft.address = json.loads(line.pages[0].data)
        else:
            known = before.material(line.material)
            code = line.material if item.task_code == before.task_code else by_name.get(known.name if known else "")
            if code is None:
                dropped.append(known.name if known else line.material)
                continue
            draft.lines[code] = _line(agent, draft, code, line)
    draft.tolerated = {code: due for code, due in draft.tolerated.items() if item.material(code) is not None}
    return tuple(dropped)


def _line(agent: Agent, draft: Draft, code: str, line: OpenedLine) -> DraftLine:
    pages: list[Mapping[str, Any]] = []
    files = []
    for page in line.pages:
        data = page.data
        files.append((f"{code}.{_suffix(page.media_type)}", data))
        pages.append({"media_type": page.media_type, "sha256": digest(data)})
    names = drafts.keep_files(drafts.folder(agent, draft.case), files)
    made = tuple(DraftPage(name, **page) for name, page in zip(names, pages, strict=True))
    return DraftLine(code, line.acquisition, line.trust, line.original, made)


def _suffix(media_type: str) -> str:
    return drafts.SUFFIX.get(media_type, "json")

"""Lines that were taken in, as they go into a sealing.

Invariant: materials stand in the order of the list; form, address and power of attorney are lines of their own, so that
each can be given to those alone who need it (H01).
"""

import json
from collections.abc import Mapping
from pathlib import Path
from secrets import token_bytes
from typing import Any

from crypto.fields import root_of_form
from crypto.manifest import LineFacts
from crypto.sealing import SALT_SIZE
from hub.casework.facts import ADDRESS, FORM, PROXY
from node_agent.process.runtime import Agent
from node_agent.transfer.sealer import Bundle, LineInput, PageInput, seal_bundle
from node_agent.window import drafts
from node_agent.window.drafts import Draft, DraftLine
from node_agent.window.pages import sealed_page


def sealed_draft(agent: Agent, draft: Draft, revision: int) -> Bundle:
    """The draft's pages, form and address as one sealing. Refusals of ``seal_bundle``."""
    home = agent.settings.home / "drafts" / draft.case
    order = [material.code for material in drafts.item_of(agent, draft).materials if material.code in draft.lines]
    lines = [sealed_line(home, draft.lines[code]) for code in order]
    form = [json_page(draft.form)]
    if draft.tolerated:
        form.append(json_page({"tolerated": draft.tolerated, "promises": draft.promises}))
    lines.append(LineInput(LineFacts(FORM, FORM, "FORM", "D", "NOT_NEEDED"), tuple(form)))
    if draft.delivery == "POST":
        facts = LineFacts(ADDRESS, ADDRESS, "FORM", "D", "NOT_NEEDED")
        lines.append(LineInput(facts, (json_page(draft.address),)))
    lines += proxy_line(home, draft)
    return seal_bundle(
        agent.spool,
        lines,
        case=draft.case,
        revision=revision,
        kind="application",
        task_code=draft.task_code,
        catalogue=draft.catalogue,
    )


def sealed_line(home: Path, line: DraftLine) -> LineInput:
    """A line of a draft or a supplement as it goes into a sealing; ``home``: the folder of its pages."""
    facts = LineFacts(line.material, line.material, line.acquisition, line.trust, line.original)
    return LineInput(facts, tuple(sealed_page(home, page) for page in line.pages))


def proxy_line(home: Path, draft: Draft) -> list[LineInput]:
    """The power of attorney, checked against its original, where somebody else acts for the applicant (T01)."""
    return [sealed_line(home, DraftLine(PROXY, "SUBMIT", "B", "SEEN_RETURNED", draft.proxy))] if draft.proxy else []


def json_page(value: Mapping[str, Any]) -> PageInput:
    """A form, an address or a promise as a page, committed to field by field (``crypto.fields``)."""
    salt = token_bytes(SALT_SIZE)
    data = json.dumps(value, ensure_ascii=False, sort_keys=True).encode()
    return PageInput(data, drafts.JSON_MEDIA, salt=salt, fields=root_of_form(value, salt))

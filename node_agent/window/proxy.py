"""Who applies for another: the power of attorney (授权委托书) that the window checked (T01; 行政许可法 29; E12).

Invariants:
- the form names the agent with a number, so that the department knows who acted; the power of attorney is scanned,
  checked against its original and sealed as a line of its own, with keys of its own;
- where law wants the applicant in person, nobody acts for him: said here before anything is scanned, and by the law;
- the log is told that an agent acted, never who (promise 1).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from crypto.refusal import Refusal
from hub.casework.entry.online import require_agent_allowed
from hub.casework.facts import PROXY
from node_agent.imaging.sources.base import Source
from node_agent.process.runtime import Agent
from node_agent.transfer.opening import OpenedLine
from node_agent.window import drafts
from node_agent.window import pages as window_pages
from node_agent.window.drafts import Draft, DraftPage
from node_agent.window.intake import PagesTaken
from node_agent.window.pages import PLAIN, Shooting, keep, read_pages

NUMBERS = ("citizen_id", "credit_code", "document_no")


def empower(
    agent: Agent, case_id: str, source: Path | Sequence[Path] | Source, shooting: Shooting = PLAIN
) -> PagesTaken:
    """Take the pages of the power of attorney, in place of those taken before: all of them or none.

    Refusals DRAFT_…, AGENT_EXCLUDED, AGENT_UNNAMED, PAGES_NONE, CAPTURE_FOLDER; refused pages are reported, not raised.
    """
    draft = drafts.open_draft(agent, case_id)
    for task_code in [part.task_code for part in draft.parts] or [draft.task_code]:
        require_agent_allowed(agent.registry.catalogue(draft.catalogue).item(task_code))
    named = draft.form.get("agent")
    if not isinstance(named, Mapping) or not any(named.get(number) for number in NUMBERS):
        raise Refusal("AGENT_UNNAMED", "行政许可法 29; T01")
    good, refused = read_pages(agent, source, shooting, set())
    if refused:
        return PagesTaken((), tuple(refused))
    if not good:
        raise Refusal("PAGES_NONE", "A04", material=PROXY)
    taken = keep(agent, drafts.folder(agent, case_id), PROXY, good, shooting)
    drafts.change(agent, case_id, lambda draft: _put(draft, taken))
    return PagesTaken(taken)


def unempower(agent: Agent, case_id: str) -> None:
    """The applicant acts himself after all. Refusals DRAFT_…."""
    drafts.change(agent, case_id, lambda draft: _put(draft, ()))


def take_back(agent: Agent, draft: Draft, line: OpenedLine) -> None:
    """The pages of a case that came back (T24)."""
    folder = drafts.folder(agent, draft.case)
    draft.proxy = tuple(window_pages.again(folder, PROXY, page) for page in line.pages)


def _put(draft: Draft, pages: tuple[DraftPage, ...]) -> None:
    draft.proxy = pages

"""How the materials of an online application are got: uploaded, verified, committed to, promised (T02; A02, D19, D20).

Invariants:
- the list decides as at a window (``ways``), and everything that it says is held against the application before the
  first question goes out;
- a question rests on the platform's live authorisation for this portal (H05) and is kept before it is asked; the
  applicant's order asks, no person of the portal does, and the log is told of it after the seal (``queries``);
- no answer is no refusal where he uploaded the paper beside it, or promised it: that holds then (D20);
- what he signed for a promise stays here under its digest (promise 1).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from crypto.manifest import LineFacts
from crypto.refusal import Refusal
from hub.casework.catalogue.situations import materials_for
from hub.casework.catalogue.values import Item, Material
from hub.casework.materials import ways
from hub.casework.sharing.guards import FLOW_OF
from node_agent.paper.signed import keep_paper
from node_agent.portal.papers import RULE, Application, Check
from node_agent.process.runtime import Agent
from node_agent.transfer.sealer import LineInput, PageInput
from node_agent.verification.connector import Kind, Result, connector_for
from node_agent.verification.desk import Question, at_intake, pick, subject_of
from node_agent.verification.evidence import said_of_page
from node_agent.window.drafts import JSON_MEDIA, Draft, DraftLine
from node_agent.window.materials import require_promise


@dataclass(frozen=True)
class Got:
    """Lines in the order of the list; ``verified``: what the seal says of those that were checked online."""

    lines: tuple[LineInput, ...]
    verified: list[dict[str, str]]


def got_online(agent: Agent, draft: Draft, item: Item, asked: Application) -> Got:
    """Everything that the application brings; promises and commitments are noted in the draft, in memory alone.

    Refusals MATERIAL_NOT_LISTED, ACQUISITION_NOT_ALLOWED, APPLICATION_FORMAT, SHARING_MISSING, SETTING_MISSING, those
    of a promise (B10), DECLARATION_MISSING (B09), MATERIALS_INCOMPLETE, VERIFIER_REFUSED, VERIFIER_ANSWER_INVALID.
    """
    _require_lawful(agent, item, asked)
    _require_complete(item, asked, {one.material for one in asked.checks})
    _promise(agent, draft, item, asked)
    made = {code: uploaded(code, pages) for code, pages in asked.pages.items() if pages}
    for code, pages in asked.committed.items():
        made[code] = LineInput(LineFacts(code, code, "COMMITMENT", "D", "NOT_NEEDED"), pages)
        draft.lines[code] = DraftLine(code, "COMMITMENT", "D", "NOT_NEEDED")
    answers = {one.material: page for one in asked.checks if (page := _answered(agent, draft, one)) is not None}
    _require_complete(item, asked, answers)
    for one in asked.checks:
        if one.material in answers:
            facts = LineFacts(one.material, one.material, one.way, "A", "NOT_NEEDED")
            made[one.material] = LineInput(facts, (PageInput(answers[one.material], JSON_MEDIA),))
            for kept in (draft.tolerated, draft.promises):
                kept.pop(one.material, None)  # it is here: nothing is owed
    lines = tuple(made[one.code] for one in item.materials if one.code in made)
    return Got(lines, [said_of_page(code, page) for code, page in sorted(answers.items())])


def uploaded(code: str, pages: tuple[PageInput, ...]) -> LineInput:
    """What the applicant uploaded: nobody saw an original, so level C."""
    return LineInput(LineFacts(code, code, "SUBMIT", "C", "NOT_NEEDED"), pages)


# --- pieces ----------------------------------------------------------------------------------------------------------


def _require_lawful(agent: Agent, item: Item, asked: Application) -> None:
    """Each material of the list, in a way that the list names; each question one that may be asked now."""
    for code in asked.pages:
        _require_way(item, code, "SUBMIT")
    for code, pages in asked.committed.items():
        _require_way(item, code, "COMMITMENT")
        if not pages or asked.pages.get(code):
            raise Refusal("APPLICATION_FORMAT", RULE, member="commitments")
    if asked.committed and not asked.commitment_notice:
        raise Refusal("DECLARATION_MISSING", "B09; 国办发〔2020〕42号; T05", declaration="commitment_notice")
    for one in asked.checks:
        _require_way(item, one.material, one.way)
        if one.way not in FLOW_OF or one.kind not in set(Kind) or one.material in asked.committed:
            raise Refusal("APPLICATION_FORMAT", RULE, member="verify")
        pick(agent, Kind(one.kind), FLOW_OF[one.way], "INTAKE", item.task_code)
        connector_for(agent.settings.verifiers_file, Kind(one.kind))


def _require_way(item: Item, code: str, way: str) -> Material:
    material = item.material(code)
    if material is None:
        raise Refusal("MATERIAL_NOT_LISTED", "D03; 重庆全渝通办 清单之外", material=code[:40])
    may = ways.allowed(material)
    if way not in may:
        told = {"material": code, "acquisition": way[:20], "allowed": ",".join(sorted(may))}
        raise Refusal("ACQUISITION_NOT_ALLOWED", "T02; D03", **told)
    return material


def _require_complete(item: Item, asked: Application, verified: Iterable[str]) -> None:
    """A03, E04: all that is missing is named at once, as the seal's own guard would (``ways.lacking``)."""
    uploads = {code for code, pages in asked.pages.items() if pages}
    there = uploads | asked.committed.keys() | {one.material for one in asked.promised} | set(verified)
    wanted = materials_for(item, dict(asked.situations))
    missing = [one.code for one in wanted if (one.key or one.allowance is not None) and one.code not in there]
    if missing:
        raise Refusal("MATERIALS_INCOMPLETE", "A03, E04; T05", missing=",".join(missing))


def _promise(agent: Agent, draft: Draft, item: Item, asked: Application) -> None:
    """B10: all promises are lawful before the first paper is kept."""
    for one in asked.promised:
        material = item.material(one.material)
        if material is None:
            raise Refusal("MATERIAL_NOT_LISTED", "D03; B10", material=one.material[:40])
        if asked.pages.get(one.material) or one.material in asked.committed:
            raise Refusal("PROMISE_NEEDLESS", "B10; E01", material=one.material)
        require_promise(agent, item, material, one.due)
    for one in asked.promised:
        draft.tolerated[one.material] = one.due.isoformat()
        draft.promises[one.material] = keep_paper(agent, one.paper)


def _answered(agent: Agent, draft: Draft, one: Check) -> bytes | None:
    """What is sealed of an answer that is a yes; None without one."""
    kind = Kind(one.kind)
    connector = connector_for(agent.settings.verifiers_file, kind)
    about = Question(draft.task_code, one.material, one.way, kind, one.subject or subject_of(draft.form))
    try:
        answer, page = at_intake(agent, draft.case, about, connector)
    finally:
        connector.close()
    return page if answer.result is Result.OK else None

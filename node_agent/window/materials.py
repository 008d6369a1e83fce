"""How materials are got at the window beside scanning: answers, promises, commitments, cover, reuse (T02).

Invariants:
- every step is on disk when its call returns; all but a reuse, which opens an earlier sealing, work without the hub;
- a promise, a commitment and an agreement are signed on paper: the scan is kept here, the act names its digest;
- what is taken over from an earlier case is opened for that purpose, which is a leaf of that case (H02), and sealed
  anew: nothing of the earlier sealing changes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from crypto import canonical
from crypto.manifest import Manifest
from crypto.refusal import Refusal
from hub.casework import reasons
from hub.casework.catalogue.situations import next_question, questions_for, require_answers
from hub.casework.catalogue.values import Item, Material, Situation
from hub.casework.context import Pinned
from hub.casework.materials import ways
from hub.casework.materials.guards_seal import LONG_TERM
from hub.casework.parents import plan, share
from node_agent.keys import applicant_key
from node_agent.known.casemirror import SEALS, history, last_of, manifest_here
from node_agent.paper.fonts import fonts_of
from node_agent.paper.promises import PromiseFrame, commitment_letter, tolerance_promise
from node_agent.paper.sheet import Printed
from node_agent.paper.signed import keep_paper
from node_agent.process.runtime import Agent
from node_agent.transfer import opening
from node_agent.window import drafts
from node_agent.window import pages as window_pages
from node_agent.window.drafts import Draft, DraftLine
from node_agent.window.intake import PagesTaken, add_pages
from node_agent.window.ready import queue_draft
from node_agent.window.seal import collecting_role
from storage.journal import OutboxEntry

PURPOSE = "REUSE"


@dataclass(frozen=True)
class Kept:
    """A material of an earlier case that may be used again: where it lies, and how far it can be trusted (D21)."""

    material: str
    case: str
    public_no: str
    manifest: str
    line: str
    trust: str
    sealed_at: str


def answer(agent: Agent, case_id: str, answers: Mapping[str, str]) -> Situation | None:
    """Keep answers to questions of the item (B16); the next question, None when all are answered.

    Refusals DRAFT_…, SITUATION_UNKNOWN, SITUATION_CHOICE.
    """

    def put(draft: Draft) -> Situation | None:
        item, told = drafts.item_of(agent, draft), {**draft.answers, **answers}
        asked = {situation.code for situation in questions_for(item, told)}
        kept = {code: choice for code, choice in told.items() if code in asked or code in answers}
        _require_so_far(item, kept)
        draft.answers = kept  # without what another answer made needless
        return next_question(item, kept)

    return drafts.change(agent, case_id, put)


def tolerate(agent: Agent, case_id: str, material: str, due: date, paper: Path) -> None:
    """B10 容缺: a material that is not key comes later. ``paper``: scan of the signed promise with that day.

    Refusals DRAFT_…, MATERIAL_NOT_LISTED, MATERIAL_IS_KEY, TOLERANCE_NONE, PROMISE_DATE, PROMISE_AFTER_LIMIT,
    PROMISE_TOO_LATE and those of the page check.
    """
    draft = drafts.open_draft(agent, case_id)
    require_promise(agent, drafts.item_of(agent, draft), drafts.material_of(agent, draft, material), due)
    digest = keep_paper(agent, paper)

    def put(now: Draft) -> None:
        drafts.require_seen(draft.lines, now.lines, material)
        now.lines.pop(material, None)
        now.tolerated[material], now.promises[material] = due.isoformat(), digest

    drafts.change(agent, case_id, put)


def require_promise(agent: Agent, item: Item, found: Material, due: date) -> None:
    """B10: a promise for this material until this day is one that the list allows, so that the hub will.

    Refusals MATERIAL_IS_KEY, TOLERANCE_NONE, PROMISE_DATE, PROMISE_AFTER_LIMIT, PROMISE_TOO_LATE.
    """
    material, today = found.code, _today()
    if found.key:
        raise Refusal("MATERIAL_IS_KEY", "B10; T02", material=material)
    if not ways.may_wait(found):
        raise Refusal("TOLERANCE_NONE", "B10; T02", material=material)
    if due <= today:
        raise Refusal("PROMISE_DATE", "B10", due=due.isoformat())
    calendar = agent.registry.calendar()
    until, days = ways.promised_until(item, today.isoformat(), calendar), ways.allowance_of(found).days
    if due.isoformat() > until:
        told = {"material": material, "due": due.isoformat(), "until": until}
        raise Refusal("PROMISE_AFTER_LIMIT", "B10; K7; T02", **told)
    if days and calendar.working_days(today, due) > days:
        raise Refusal("PROMISE_TOO_LATE", "B10; T02", material=material, due=due.isoformat(), days=str(days))


def promise_paper(agent: Agent, case_id: str, materials: Sequence[str], due: date) -> Printed:
    """容缺承诺书 to be signed before ``tolerate``. Refusals DRAFT_UNKNOWN, MATERIAL_NOT_LISTED, FONT_UNREADABLE."""
    draft = drafts.load(agent, case_id)
    found = [drafts.material_of(agent, draft, code) for code in materials]
    lines = [(one.name, ways.allowance_of(one).tolerance) for one in found]
    return tolerance_promise(_frame(agent, draft), lines, due, fonts_of(agent.settings.home))


def commitment_paper(agent: Agent, case_id: str, materials: Sequence[str]) -> Printed:
    """告知承诺书 to be signed before ``commit``. Refusals DRAFT_UNKNOWN, MATERIAL_NOT_LISTED, FONT_UNREADABLE."""
    draft = drafts.load(agent, case_id)
    names = [drafts.material_of(agent, draft, code).name for code in materials]
    return commitment_letter(_frame(agent, draft), names, fonts_of(agent.settings.home))


def commit(agent: Agent, case_id: str, material: str, pages: Path, *, told: bool) -> PagesTaken:
    """B09, A07 告知承诺: the signed commitment in the place of the proof. ``told``: the notice was given before.

    Refusals DECLARATION_MISSING and those of ``window.add_pages``.
    """
    if not told:
        raise Refusal("DECLARATION_MISSING", "B09; 国办发〔2020〕42号; T02", declaration="commitment_notice")
    taken = add_pages(agent, case_id, material, pages, "COMMITMENT", "NOT_NEEDED", anew=True)
    if not taken.refused:
        drafts.change(agent, case_id, lambda draft: setattr(draft, "commitment_notice", True))
    return taken


def cover(agent: Agent, case_id: str, material: str) -> None:
    """D19: another material that is here already makes this one needless, as the list says.

    Refusals DRAFT_…, MATERIAL_NOT_LISTED, ACQUISITION_NOT_ALLOWED, COVER_MISSING.
    """
    before = drafts.open_draft(agent, case_id)
    drafts.change(agent, case_id, lambda draft: _cover(agent, before, draft, material))


def _cover(agent: Agent, before: Draft, draft: Draft, material: str) -> None:
    found = drafts.material_of(agent, draft, material)
    _require_way(found.acquisition, material, "COVERED_BY")
    covering = [
        line for code in found.covered_by if (line := draft.lines.get(code)) and line.acquisition != "COVERED_BY"
    ]
    if not covering:
        named = ",".join(found.covered_by)
        raise Refusal("COVER_MISSING", "D19; T02", material=material, acquisition="COVERED_BY", covered_by=named)
    trust = min(line.trust for line in covering)
    drafts.require_seen(before.lines, draft.lines, material)
    draft.lines[material] = DraftLine(material, "COVERED_BY", trust, "NOT_NEEDED")
    _forget(draft, material)


def shelf(agent: Agent, case_id: str) -> list[Kept]:
    """D21: what this window's earlier cases of the same applicant hold for materials of the draft, newest first.

    Found by the keyed digests alone. Refusals of ``applicant_key.digests_of``.
    """
    draft = drafts.load(agent, case_id)
    who, item = applicant_key.digests_of(agent, draft.form), drafts.item_of(agent, draft)
    found: list[Kept] = []
    for other in agent.journal.case_ids() if who.now else ():
        sealed = last_of(history(agent.journal, other), *SEALS)
        if other == case_id or sealed is None or not who.named_in(sealed.statement.body):
            continue
        body = sealed.statement.body
        manifest = _as_its_own(agent, other, body)
        found += [
            Kept(
                line.material, other, str(body["public_no"]), str(body["manifest"]), line.line, line.trust,
                sealed.leaf.recorded_at,
            )
            for line in manifest.lines
            if line.trust in ways.REUSABLE and ways.brought(line) and item.material(line.material) is not None
        ]  # fmt: skip
    return sorted(found, key=lambda kept: kept.sealed_at, reverse=True)


def _as_its_own(agent: Agent, case_id: str, body: Mapping[str, object]) -> Manifest:
    """The manifest that a ``seal`` names; of a part the lines of that part, under its own codes (states.md P1)."""
    digest = str(body["manifest"])
    manifest, _ = manifest_here(agent.journal, digest)
    if "parent" not in body:
        return manifest
    seen = share.view(Pinned(digest, manifest, ""), plan.bond_in(body), case_id, str(body["task_code"]))
    return seen.manifest


def reuse(
    agent: Agent,
    case_id: str,
    kept: Kept,
    valid_until: str,
    agreement: Path,
    staff_code: str,
    *,
    answered: Callable[[str], OutboxEntry],
) -> None:
    """E02: take a material over from an earlier case, with the applicant's signed agreement.

    ``valid_until``: ISO day until which the document is good, or LONG_TERM; ``answered``: as in
    ``opening.open_sealing``. Refusals DRAFT_…, MATERIAL_NOT_LISTED, ACQUISITION_NOT_ALLOWED, REUSE_EXPIRED,
    REUSE_LINE_UNKNOWN and those of ``open_sealing`` and the page check.
    """
    draft = drafts.open_draft(agent, case_id)
    _require_way(drafts.material_of(agent, draft, kept.material).acquisition, kept.material, "REUSED")
    if valid_until != LONG_TERM and valid_until < _today().isoformat():
        raise Refusal("REUSE_EXPIRED", "E02; T02", material=kept.material, until=valid_until)
    role = collecting_role(agent, staff_code)
    _, _, lines = opening.open_sealing(agent, kept.case, kept.manifest, staff_code, role, PURPOSE, answered=answered)
    found = next((line for line in lines if line.line == kept.line), None)
    if found is None:
        raise Refusal("REUSE_LINE_UNKNOWN", "E02; T02", material=kept.material)
    digest = keep_paper(agent, agreement)
    folder = drafts.folder(agent, case_id)
    pages = tuple(window_pages.again(folder, kept.material, page) for page in found.pages)

    def put(now: Draft) -> Draft:
        drafts.require_seen(draft.lines, now.lines, kept.material)
        now.lines[kept.material] = DraftLine(kept.material, "REUSED", kept.trust, "NOT_NEEDED", pages)
        _forget(now, kept.material)
        now.reused[kept.material] = {
            "case": kept.case, "manifest": kept.manifest, "line": kept.line, "valid_until": valid_until,
        }  # fmt: skip
        now.reuse_agreement = digest
        return now

    queue_draft(agent, drafts.change(agent, case_id, put))


def second_intake(agent: Agent, case_id: str, other: str, reason: str) -> None:
    """A22: the applicant's other open case, and why this one is right beside it. Refusals DRAFT_…, REASON_UNKNOWN."""
    if reason not in reasons.SECOND_INTAKES:
        raise Refusal("REASON_UNKNOWN", "A22; T05", reason=reason[:20])
    drafts.change(agent, case_id, lambda draft: setattr(draft, "second_intake", (other, reason)))


def _require_so_far(item: Item, answers: Mapping[str, str]) -> None:
    """Refusals of ``require_answers``, except that questions may be open still."""
    try:
        require_answers(item, answers)
    except Refusal as refusal:
        if refusal.code != "SITUATION_OPEN":
            raise


def _require_way(allowed: tuple[str, ...], material: str, way: str) -> None:
    if way not in allowed:
        told = {"material": material, "acquisition": way, "allowed": ",".join(allowed)}
        raise Refusal("ACQUISITION_NOT_ALLOWED", "T02; D19", **told)


def _forget(draft: Draft, material: str) -> None:
    """A material that is here is promised no more, nor taken from elsewhere."""
    draft.tolerated.pop(material, None)
    draft.promises.pop(material, None)
    draft.reused.pop(material, None)


def _frame(agent: Agent, draft: Draft) -> PromiseFrame:
    item = drafts.item_of(agent, draft)
    title = agent.registry.directory.current(agent.identity.node).title
    return PromiseFrame(item.name, title, item.complaint_channel, datetime.now(UTC))


def _today() -> date:
    return datetime.now(UTC).astimezone(canonical.CHINA).date()

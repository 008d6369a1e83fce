"""How a draft ends without a seal: declined with the full list (T06), discarded (T07), or discarded by time; and how a
case that the window holds is voided (T36).

Invariants:
- who declines hands out the whole list of what is missing at once, printed, and the applicant agrees (E04); the log has
  the codes and the digest of the paper alone;
- page copies, form and address are erased when the hub has acknowledged the end (a withdrawal before the seal too), not
  before; nothing of them is left;
- a draft that was ever sealed for acceptance is withdrawn in writing, never discarded (A02);
- a draft ends as its clerk saw it: a page, or a seal, that came meanwhile refuses the end (DRAFT_NEWER).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from crypto import canonical
from crypto.refusal import Refusal
from node_agent import acts
from node_agent.known.casemirror import SEALS, history, is_over, last_of
from node_agent.paper import shelf
from node_agent.paper.fonts import fonts_of
from node_agent.paper.notice import one_time_list
from node_agent.paper.signed import keep_paper
from node_agent.process.runtime import Agent
from node_agent.window import drafts
from node_agent.window.drafts import Draft
from node_agent.window.receipt import window_lines
from node_agent.window.seal import collecting_role
from storage.journal import OutboxEntry

ENDS = frozenset({"decline", "discard", "withdraw", "void"})
REFUSED_RESTS = timedelta(days=1)
"""A discard by time that the hub refused is not signed again before that."""


@dataclass(frozen=True)
class Declined:
    """``missing``: material codes; ``words``: the same for the applicant; ``paper``: the printed list, PDF."""

    digest: str
    missing: tuple[str, ...]
    words: tuple[str, ...]
    paper: Path


def decline(
    agent: Agent, case_id: str, staff_code: str, late: acts.LateEntry | None = None, *, applicant_agreed: bool
) -> Declined:
    """T06: what is missing, all of it, on one paper; nothing is sent and the applicant agrees.

    Refusals DRAFT_…, DRAFT_NEWER, NOTHING_MISSING (then it is sealed), DECLARATION_MISSING, ROLE_MISSING,
    RECEIPT_UNWRITABLE.
    """
    draft, now = drafts.open_draft(agent, case_id), datetime.now(UTC)
    if draft.parts:
        raise Refusal("PARENT_DRAFT", "E04; states.md 8", case=case_id)
    lines = [line for line in drafts.checklist(agent, case_id) if line.open and line.key]
    if not lines:
        raise Refusal("NOTHING_MISSING", "T06; E04, A03", case=case_id)
    if not applicant_agreed:
        raise Refusal("DECLARATION_MISSING", "T06; E04", declaration="applicant_agreed")
    role = collecting_role(agent, staff_code)
    item = drafts.item_of(agent, draft)
    window = window_lines(agent, draft.catalogue)
    paper = one_time_list(
        item.name,
        [(line.name, line.words, f"请带《{line.name}》再来，或者在其他可以收取本事项的窗口办理") for line in lines],
        made_at=now,
        issuer=window[0][1],
        complaint_channel=item.complaint_channel,
        contact="；".join(f"{label} {value}" for label, value in window[1:]),
        fonts=fonts_of(agent.settings.home),
    )
    missing = tuple(line.material for line in lines)
    body = {**_begun(draft), "missing": list(missing), "applicant_agreed": True, "paper": canonical.digest(paper.data)}
    entry = acts.by_person(agent, case_id, "decline", body, role, staff_code, late=late)
    file = shelf.put(agent.settings.home, f"list-{case_id[:12]}", paper.data)
    agent.journal.queue([entry], draft=drafts.kept(draft))  # commit point: the list that the applicant holds is named
    return Declined(entry.payload_digest, missing, tuple(line.words for line in lines), file)


def discard(agent: Agent, case_id: str, reason: str) -> str:
    """T07: a draft ends by the machine's word; payload digest. ``reason``: a code of ``reasons.DISCARD_REASONS``.

    Refusals DRAFT_…, DRAFT_NEWER, SEALED_ALREADY (a case with a number is withdrawn in writing).
    """
    draft = drafts.load(agent, case_id)
    if drafts.sealed(agent, case_id) or last_of(history(agent.journal, case_id), *SEALS) is not None:
        raise Refusal("SEALED_ALREADY", "T07, T35", number=draft.public_no)
    envelope = acts.build(
        agent.identity,
        agent.journal,
        event="discard",
        case_id=case_id,
        body={**_begun(draft), "reason": reason},
        role="window",
    )
    entry: OutboxEntry = acts.entry_of(envelope)
    agent.journal.queue([entry], draft=drafts.kept(draft))
    return entry.payload_digest


def void(
    agent: Agent, case_id: str, lead_code: str, head_code: str, reason: str, paper: Path, linked: str = ""
) -> OutboxEntry:
    """T36 while the window holds the case: invalid in substance; lead and head sign, the paper stays here.

    ``reason``: a code of ``reasons.VOID_REASONS``; ``linked``: case that goes on in place of a duplicate. Refusals
    CASE_UNKNOWN (a draft that the log does not know is discarded), ROLE_MISSING, PERSON_UNKNOWN_HERE, those of the page
    check.
    """
    if acts.known_head(agent.journal, case_id).digest is None:
        raise Refusal("CASE_UNKNOWN", "T36", event="void")
    role = acts.role_of(agent, lead_code, ("COLLECT_LEAD",))
    acts.role_of(agent, head_code, ("HEAD",))
    body: dict[str, object] = {"reason": reason, "paper": keep_paper(agent, paper)}
    if linked:
        body["linked"] = linked
    return acts.queued_by_person(agent, case_id, "void", body, role, lead_code, second=head_code)


def tidy(agent: Agent, now: datetime) -> None:
    """Erase what ended drafts left here, and discard those that nobody touched for ``draft_days``. ``now``: aware.

    Age counts from the beginning of the draft; a draft in pre-review or returned to the window stays.
    """
    oldest = now - timedelta(days=agent.settings.draft_days)
    for case_id, state in agent.journal.drafts():
        if state == drafts.SENT:
            drafts.drop_left_over(agent, case_id, now)
            continue
        if _ended(agent, case_id):
            drafts.erase(agent, case_id)
            continue
        fresh = acts.known_head(agent.journal, case_id).digest is None and not drafts.sealed(agent, case_id)
        if not fresh or _refused_lately(agent, case_id, now):
            continue
        if canonical.time_value(drafts.load(agent, case_id).begun_at) < oldest:
            _discard_untouched(agent, case_id)


def _discard_untouched(agent: Agent, case_id: str) -> None:
    """By time; not where somebody works on the draft or seals it just now."""
    try:
        discard(agent, case_id, "TIMEOUT")
    except Refusal as refusal:
        if refusal.code not in ("DRAFT_NEWER", "SEALED_ALREADY"):
            raise


def _ended(agent: Agent, case_id: str) -> bool:
    """By an act of ours that has its receipt, or by any that the log tells: nobody goes on with this draft."""
    if any(act.event in ENDS and act.state == "DONE" for act in agent.journal.acts(case_id)):
        return True
    return is_over(history(agent.journal, case_id))


def _refused_lately(agent: Agent, case_id: str, now: datetime) -> bool:
    """Whether the hub refused a discard that was signed within ``REFUSED_RESTS``."""
    refused = [act for act in agent.journal.acts(case_id) if act.event == "discard" and act.state == "REFUSED"]
    return any(canonical.time_value(act.queued_at) > now - REFUSED_RESTS for act in refused)


def _begun(draft: Draft) -> dict[str, object]:
    if draft.parts:  # a parent was begun for the first of its items: what is not sealed is no parent yet
        first = draft.parts[0]
        return {"task_code": first.task_code, "region": first.region, "catalogue": draft.catalogue}
    return {"task_code": draft.task_code, "region": draft.region, "catalogue": draft.catalogue}

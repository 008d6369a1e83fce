"""T03 at the window: the scans go ahead as revision 0, the applicant may go home; the answer is advice (E05, T04).

Invariants:
- the draft stays open and its pages stay here: the seal that follows is revision 1 of the same draft;
- sealing, act and key packets are queued in one journal transaction;
- no public number is given out and no legal clock runs before the seal.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from crypto import identity
from crypto.canonical import CHINA
from crypto.refusal import Refusal
from hub.casework.hand_off import routing
from node_agent import acts
from node_agent.acts import Head
from node_agent.known.casemirror import Recorded, history, last_of
from node_agent.known.snapshot import require_fresh
from node_agent.process.runtime import Agent
from node_agent.transfer.missing_wraps import note_of
from node_agent.transfer.sealer import wraps_of
from node_agent.window import drafts
from node_agent.window.bundle import sealed_draft
from node_agent.window.seal import collecting_role, recipients_of, require_ticks

REVISION = 0


@dataclass(frozen=True)
class Advice:
    """What the department answered. ``answer``: OK, LACKS or NOT_OURS; ``lines``: {material, defect}; ``at``: UTC+8."""

    answer: str
    lines: tuple[dict[str, str], ...]
    at: str


def ask(agent: Agent, case_id: str, staff_code: str, *, no_classified: bool, privacy_notice: bool) -> str:
    """Seal the draft as revision 0 for the department that routing names; payload digest.

    Refusals DRAFT_…, DECLARATION_MISSING, SNAPSHOT_…, ITEM_…, ROUTE_…, PRE_REVIEW_ASKED (once a draft), ROLE_MISSING,
    KEYS_MISSING (the department has no valid key), SPOOL_UNWRITABLE, JOURNAL_UNWRITABLE, DRAFT_NEWER.
    """
    draft, now = drafts.open_draft(agent, case_id), datetime.now(UTC)
    require_ticks({"no_classified": no_classified, "privacy_notice": privacy_notice})
    require_fresh(agent, now)
    today = now.astimezone(CHINA).date()
    catalogue = agent.registry.catalogue(draft.catalogue)
    catalogue.require_live(draft.task_code, today, identity.node_name(agent.identity.node), draft.region)
    if acts.known_head(agent.journal, case_id).digest is not None:
        raise Refusal("PRE_REVIEW_ASKED", "T03; E05", case=case_id)
    queue = routing.route(catalogue, draft.task_code, draft.region, today)
    recipients, waiting_for = recipients_of(agent, draft, now)
    accepting = [one.subject for one in recipients if identity.node_name(one.subject) == queue.node]
    if not accepting:
        raise Refusal("KEYS_MISSING", "T03; architecture: key packets", recipient=queue.node)
    role = collecting_role(agent, staff_code)
    bundle = sealed_draft(agent, draft, REVISION)
    body: dict[str, object] = {
        "task_code": draft.task_code,
        "region": draft.region,
        "catalogue": draft.catalogue,
        "manifest": bundle.digest,
        "accepting_node": accepting[0],
        "queue": queue.queue,
        "no_classified": True,
        "privacy_notice": True,
    }
    entry = acts.by_person(agent, case_id, "ask_pre_review", body, role, staff_code)
    entry = replace(entry, needs_upload=bundle.digest)
    head = Head(1, entry.payload_digest)
    wraps = wraps_of(agent.identity, agent.journal, bundle, recipients, role="window", head=head)
    notes = note_of(case_id, bundle.digest, waiting_for)
    # commit point: the scans are on their way, as the draft stands
    agent.journal.queue([entry, *wraps], [bundle.pending()], notes, drafts.kept(draft))
    return entry.payload_digest


def advice(told: list[Recorded]) -> Advice | None:
    """The department's answer, None before it came or when nothing was asked."""
    found = last_of(told, "pre_review_answer")
    if found is None:
        return None
    lines = found.statement.body.get("lines")
    pairs = tuple(dict(line) for line in lines) if isinstance(lines, list) else ()
    return Advice(str(found.statement.body["answer"]), pairs, found.leaf.recorded_at)


def asked(agent: Agent, case_id: str) -> bool:
    """Whether a pre-review of the draft was asked for."""
    told = history(agent.journal, case_id)
    own = (act for act in agent.journal.acts(case_id) if act.event == "ask_pre_review" and act.state != "REFUSED")
    return last_of(told, "ask_pre_review") is not None or next(own, None) is not None

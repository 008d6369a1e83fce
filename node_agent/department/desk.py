"""The deciding department's own acts on a case: accept and decide.

Invariants:
- every act is signed by the person and the node over the head that this node knows, and is kept in the journal before
  a command says so; the hub judges it;
- reasons and appeal of a refusal stay here (``decision_words``) until the result is issued (``result``).
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from crypto.refusal import Refusal
from node_agent import acts
from node_agent.department.decision_words import keep_decision
from node_agent.department.powers import live_grant
from node_agent.department.sealed import item_of
from node_agent.paper.signed import keep_paper
from node_agent.process.runtime import Agent
from storage.journal import OutboxEntry

DECIDERS = ("DECIDER", "HEAD")
NOTHING: Mapping[str, object] = MappingProxyType({})


def accept(agent: Agent, case_id: str, staff_code: str, body: Mapping[str, object] = NOTHING) -> OutboxEntry:
    """T14: the department takes the case up; K3 and K4 start. Source: 行政许可法 32(5), 42.

    ``body``: promises and certified copies (``department.materials``).
    """
    return acts.queued_by_person(agent, case_id, "accept", dict(body), "ACCEPTOR", staff_code)


def decide(
    agent: Agent,
    case_id: str,
    staff_code: str,
    outcome: str,
    reasons: str = "",
    appeal: str = "",
    record: Path | None = None,
    more: Mapping[str, object] = NOTHING,
) -> OutboxEntry:
    """T31: ``outcome`` GRANT or REFUSE, within the person's live grant (F01, F04), or as the head (F02).

    ``record``: paper of a collective decision, where the list asks for one (F02); it is kept here; ``more``: certified
    copies (``department.materials``).

    ``reasons``, ``appeal``: kept here (note ``decision:<case>``), committed to in the act, sealed with the result.
    Refusals GRANT_MISSING, REASONS_MISSING (行政许可法 38: a refusal has reasons and names the appeal), ROLE_MISSING.
    """
    if outcome == "REFUSE" and not (reasons.strip() and appeal.strip()):
        raise Refusal("REASONS_MISSING", "行政许可法 38; T31", case=case_id)
    decision_by = item_of(agent, case_id).decision_by
    body: dict[str, object] = {"outcome": outcome, **more}
    if decision_by == "GRANT":
        body["grant"] = live_grant(agent, case_id, "DECIDE", staff_code)
    if record is not None:
        body["record"] = keep_paper(agent, record)
    role = acts.role_of(agent, staff_code, DECIDERS if decision_by != "HEAD" else ("HEAD",))
    if outcome == "REFUSE":
        body |= keep_decision(agent, case_id, {"reasons": reasons.strip(), "appeal": appeal.strip()})
    return acts.queued_by_person(agent, case_id, "decide", body, role, staff_code)

"""The department about what is owed and what was committed to (T14, O10; B09, B10; 行政许可法 69).

Invariants:
- every act is signed by the person and the node and kept in the journal before a command says so; the hub judges it;
- promises, records of checks and certified copies are papers: their scans stay here, the act names digests.
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from crypto.refusal import Refusal
from hub.casework.casefile import CaseFile
from hub.casework.materials.rows import MATERIALS
from node_agent import acts
from node_agent.department.desk import DECIDERS
from node_agent.department.powers import live_grant
from node_agent.department.sealed import item_of
from node_agent.known.casemirror import mirror
from node_agent.paper.signed import keep_paper
from node_agent.process.runtime import Agent
from storage.journal import OutboxEntry

CHECKERS = ("REVIEWER", "ACCEPTOR", "DECIDER")


def case_here(agent: Agent, case_id: str) -> CaseFile:
    """The case as this node knows it whole. Refusal NOT_PULLED."""
    file = mirror(agent, case_id).file
    if file is None:
        raise Refusal("NOT_PULLED", "T10", case=case_id)
    return file


def promised(agent: Agent, dues: Mapping[str, date], paper: Path | None) -> dict[str, object]:
    """Members of ``accept`` for promises that the department took itself (T14): day by material, one signed paper.

    Refusals PROMISE_PAPER_MISSING and those of the page check.
    """
    if not dues:
        return {}
    if paper is None:
        raise Refusal("PROMISE_PAPER_MISSING", "B10; T14", material=",".join(sorted(dues)))
    digest = keep_paper(agent, paper)
    entries = [{"material": code, "due": due.isoformat(), "paper": digest} for code, due in sorted(dues.items())]
    return {"tolerated": entries}


def copied(agent: Agent, copies: Mapping[str, Path]) -> dict[str, object]:
    """Members of ``accept``, ``decide`` and ``issue`` for certified copies of lost originals (O10): scan by material.

    Refusals of the page check.
    """
    if not copies:
        return {}
    return {"copies": [{"material": code, "paper": keep_paper(agent, file)} for code, file in sorted(copies.items())]}


def check_commitment(
    agent: Agent, case_id: str, staff_code: str, material: str, result: str, record: Path, head: str = ""
) -> OutboxEntry:
    """B09: what the check of a commitment found: KEPT, or, with the head's second signature, BROKEN or REPAIRED.

    Refusals NOT_PULLED, NO_COMMITMENT, ROLE_MISSING and those of the page check.
    """
    if not any(one.material == material for one in case_here(agent, case_id).commitments):
        raise Refusal("NO_COMMITMENT", "B09", material=material[:40])
    role = acts.role_of(agent, staff_code, CHECKERS)
    body: dict[str, object] = {"material": material, "result": result, "paper": keep_paper(agent, record)}
    second = None
    if result != "KEPT":
        acts.role_of(agent, head, ("HEAD",))
        second, body["second_person"] = head, agent.identity.person(head)[0]
    return acts.queued_by_person(
        agent, case_id, "commitment_checked", body, role, staff_code, second=second, chain=MATERIALS
    )


def revoke(
    agent: Agent, case_id: str, staff_code: str, ground: str, paper: Path, record: Path | None = None
) -> OutboxEntry:
    """行政许可法 69: take the grant back for an unpaid debt or a broken commitment, by who may decide the item (F02).

    Refusals NOT_PULLED, GRANT_MISSING, ROLE_MISSING and those of the page check.
    """
    case_here(agent, case_id)
    decision_by = item_of(agent, case_id).decision_by
    body: dict[str, object] = {"ground": ground, "paper": keep_paper(agent, paper)}
    if decision_by == "GRANT":
        body["grant"] = live_grant(agent, case_id, "DECIDE", staff_code)
    if record is not None:
        body["record"] = keep_paper(agent, record)
    role = acts.role_of(agent, staff_code, DECIDERS if decision_by != "HEAD" else ("HEAD",))
    return acts.queued_by_person(agent, case_id, "revoke", body, role, staff_code, chain=MATERIALS)

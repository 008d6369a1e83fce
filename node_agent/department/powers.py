"""Powers of attorney: the head issues them (F04), who decides or uses the seal acts under a live one (F01, F03)."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from crypto import canonical, identity
from crypto.records import GRANT_KINDS, Grant
from crypto.refusal import Refusal
from crypto.statement import REGISTRY, Actor, Statement, sign
from node_agent import acts
from node_agent.department.sealed import task_code_of
from node_agent.process.runtime import Agent
from storage.journal import OutboxEntry

PAPER = "grant-paper:"
"""Notes of the journal: the papers of powers of attorney, by digest."""


def grant_issue(
    agent: Agent,
    staff_code: str,
    kind: str,
    person_code: str,
    items: Sequence[str],
    valid_from: str,
    valid_to: str,
    document: bytes,
) -> OutboxEntry:
    """F04: the head of the body grants a power to a member of staff.

    The paper is named by digest in the log and kept on this machine, where it can be shown and erased.

    ``items``: task codes, or ``*``; dates: ISO, UTC+8, both included. Refusals GRANT_FORMAT, ROLE_MISSING.
    """
    if kind not in GRANT_KINDS or not items or not document or not valid_from <= valid_to:
        raise Refusal("GRANT_FORMAT", "F04", kind=kind)
    body: dict[str, object] = {
        "grant_id": secrets.token_hex(8),
        "kind": kind,
        "node": agent.identity.node,
        "person": identity.person_id(agent.identity.node, person_code),
        "items": list(items),
        "valid_from": valid_from,
        "valid_to": valid_to,
        "document": canonical.digest(document),
    }
    entry = _by_head(agent, staff_code, "grant.issue", body)
    agent.journal.keep(f"{PAPER}{body['document']}", document)
    agent.journal.queue([entry])
    return entry


def grant_end(agent: Agent, staff_code: str, grant_id: str, reason: str) -> OutboxEntry:
    """F04: the head takes a grant back from now on; what was done under it stays done.

    ``reason``: one of ``crypto.records.GRANT_ENDS``. Refusals GRANT_UNKNOWN, ROLE_MISSING.
    """
    found = power_named(agent, grant_id)
    entry = _by_head(agent, staff_code, "grant.revoke", {"grant_id": found.grant.grant_id, "reason": reason})
    agent.journal.queue([entry])
    return entry


@dataclass(frozen=True)
class Power:
    """A power of attorney of this department. ``state``: LIVE, COMING, OVER or ENDED; ``paper``: as kept here."""

    grant: Grant
    state: str
    paper: bytes


def powers_here(agent: Agent) -> list[Power]:
    """All that the head ever granted, as of today, in log order (F04; 行政许可法 83: who was allowed what, when)."""
    today = canonical.time_text(datetime.now(UTC))[:10]
    known = agent.registry.directory.grants_ever(agent.identity.node)
    return [
        Power(grant, _state(grant, ended, today), agent.journal.kept(f"{PAPER}{grant.document}") or b"")
        for grant, ended in known
    ]


def power_named(agent: Agent, grant_id: str) -> Power:
    """The one with this id, or with an id that begins so and no other does. Refusal GRANT_UNKNOWN."""
    found = [power for power in powers_here(agent) if power.grant.grant_id.startswith(grant_id)]
    exact = [power for power in found if power.grant.grant_id == grant_id]
    if len(exact or found) != 1 or not grant_id:
        raise Refusal("GRANT_UNKNOWN", "F04", grant=grant_id[:80])
    return (exact or found)[0]


def _state(grant: Grant, ended: bool, today: str) -> str:
    if ended:
        return "ENDED"
    return "COMING" if today < grant.valid_from else "OVER" if today > grant.valid_to else "LIVE"


def _by_head(agent: Agent, staff_code: str, event: str, body: Mapping[str, object]) -> OutboxEntry:
    person, key = agent.identity.person(staff_code)
    statement = Statement(
        type=event,
        case=None,
        chain=REGISTRY,
        seq=None,
        prev=None,
        actor=Actor(agent.identity.node, person, acts.role_of(agent, staff_code, ("HEAD",))),
        occurred_at=canonical.time_text(datetime.now(UTC)),
        body=body,
    )
    return acts.entry_of(sign(statement.payload(), [key, agent.identity.sign]))


def live_grant(agent: Agent, case_id: str, kind: str, staff_code: str) -> str:
    """Id of a live grant of the person for the case's item today. Refusal GRANT_MISSING."""
    person, _ = agent.identity.person(staff_code)
    today = canonical.time_text(datetime.now(UTC))[:10]
    grant = agent.registry.directory.live_grant(kind, person, task_code_of(agent, case_id), today)
    if grant is None:
        raise Refusal("GRANT_MISSING", "F01, F03, F04; T31, T33", kind=kind, person=person)
    return grant.grant_id

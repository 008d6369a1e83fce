"""How an agent says something: build a statement on the case's head, have it signed, queue it.

Invariants: an act is signed over the head that the journal knows, including acts of our own that still wait, so acts
made offline follow each other; person and node sign the same bytes; queueing is the point where an act is kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from crypto import canonical
from crypto.log import leaf as leaves
from crypto.refusal import Refusal
from crypto.sealing import KeyPacket
from crypto.statement import CUSTODY, Actor, Envelope, Statement, read_envelope, read_statement, sign
from hub.casework.late.guards import LATE
from node_agent.keys.identity import AgentIdentity
from node_agent.process.runtime import Agent
from storage.journal import Journal, OutboxEntry


@dataclass(frozen=True)
class Head:
    """Last custody statement of a case as known here: number and digest; (0, None) before the first."""

    seq: int
    digest: str | None


@dataclass(frozen=True)
class LateEntry:
    """What was done on paper while nothing worked, and is entered now (states.md 9; A22).

    ``happened_at``: RFC 3339 text, UTC+8, ms; ``cause``: a code of ``reasons.LATE_CAUSES``; ``second``: staff code of
    who confirms it and signs too, empty where the act has a second person anyway (a witness).
    """

    happened_at: str
    cause: str
    second: str = ""


def known_head(journal: Journal, case_id: str) -> Head:
    """The head from received leaves and from our own acts that wait. Refusal CHAIN_BROKEN on a gap."""
    head = Head(0, None)
    for data in journal.leaves(case_id):
        head = _advance(head, read_envelope(leaves.decode(data).envelope))
    for entry in journal.acts(case_id):
        if entry.state != "REFUSED":
            head = _advance(head, read_envelope(entry.envelope))
    return head


def build(
    identity: AgentIdentity,
    journal: Journal,
    *,
    event: str,
    case_id: str,
    body: Mapping[str, object],
    role: str,
    staff_code: str | None = None,
    second: str | None = None,
    chain: str = CUSTODY,
    head: Head | None = None,
    occurred_at: str = "",
    late: LateEntry | None = None,
) -> Envelope:
    """A signed statement on the known head. ``role``: the person's role, or the node's for machine statements.

    ``second``: staff code of a second person who signs the same payload and is named in it (``second_person``).
    ``head``: another head, for acts that are queued together with the one that they hang on.
    ``occurred_at``: when it happened, for what is said later than that; by itself now. ``late``: done on paper and
    entered now: marked, with the time it happened as its own, and confirmed by a second person.
    """
    now = canonical.time_text(datetime.now(UTC))
    if late is not None:
        occurred_at, second = late.happened_at, second or late.second or None
        body = {**body, LATE: {"entered_at": now, "cause": late.cause}}
    head = head or known_head(journal, case_id)
    person, person_key = identity.person(staff_code) if staff_code else (None, None)
    other, other_key = identity.person(second) if second else (None, None)
    if other is not None:
        body = {**body, "second_person": other}
    statement = Statement(
        type=event,
        case=case_id,
        chain=chain,
        seq=head.seq + 1 if chain == CUSTODY else None,
        prev=head.digest,
        actor=Actor(identity.node, person, role),
        occurred_at=occurred_at or now,
        body=body,
    )
    signers = [key for key in (person_key, other_key, identity.sign) if key is not None]
    return sign(statement.payload(), signers)


def by_person(
    agent: Agent,
    case_id: str,
    event: str,
    body: Mapping[str, object],
    role: str,
    staff_code: str,
    *,
    second: str | None = None,
    chain: str = CUSTODY,
    late: LateEntry | None = None,
) -> OutboxEntry:
    """The outbox entry of a person's act on the known head; not queued yet. Refusals of ``build``."""
    return entry_of(
        build(
            agent.identity,
            agent.journal,
            event=event,
            case_id=case_id,
            body=body,
            role=role,
            staff_code=staff_code,
            second=second,
            chain=chain,
            late=late,
        )
    )


def queued_by_person(
    agent: Agent,
    case_id: str,
    event: str,
    body: Mapping[str, object],
    role: str,
    staff_code: str,
    *,
    second: str | None = None,
    chain: str = CUSTODY,
    late: LateEntry | None = None,
) -> OutboxEntry:
    """The same, queued: the point where the act is kept."""
    entry = by_person(agent, case_id, event, body, role, staff_code, second=second, chain=chain, late=late)
    agent.journal.queue([entry])
    return entry


def role_of(agent: Agent, staff_code: str, wanted: Sequence[str]) -> str:
    """The first of ``wanted`` roles that the person's key record gives. Refusals ROLE_MISSING, SUBJECT_UNKNOWN."""
    person, _ = agent.identity.person(staff_code)
    roles = agent.registry.directory.current(person).roles
    for role in wanted:
        if role in roles:
            return role
    raise Refusal("ROLE_MISSING", "H09", role=",".join(wanted), person=person)


def entry_of(
    envelope: Envelope,
    *,
    attachments: tuple[bytes, ...] = (),
    packets: tuple[KeyPacket, ...] = (),
    check_code_hash: str = "",
    needs_upload: str | None = None,
) -> OutboxEntry:
    """The outbox entry of a signed act."""
    statement = read_statement(envelope.payload)
    return OutboxEntry(
        case_id=statement.case or "",
        event=statement.type,
        payload_digest=envelope.digest,
        envelope=envelope.encode(),
        attachments=attachments,
        packets=packets,
        check_code_hash=check_code_hash,
        needs_upload=needs_upload,
        queued_at=canonical.time_text(datetime.now(UTC)),
    )


def _advance(head: Head, envelope: Envelope) -> Head:
    statement = read_statement(envelope.payload)
    if statement.chain != CUSTODY or statement.seq is None or statement.seq <= head.seq:
        return head
    if head.digest is not None and (statement.seq != head.seq + 1 or statement.prev != head.digest):
        raise Refusal("CHAIN_BROKEN", "architecture: order (custody chain)", case=statement.case or "")
    return Head(statement.seq, envelope.digest)

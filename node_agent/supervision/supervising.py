"""What nodes say in supervision: cards answered, appealed, settled; ratings; complaints; enquiries (standards.md 8, 9).

Invariants:
- the log gets codes and commitments; the words and their salts stay in this node's journal (note ``words:<digest>``),
  kept before the act is queued, so that none is committed to and lost (promise 1);
- a node that has no part in a case (an overseer) asks the hub for it and hangs its act on the head that the hub names;
  the law refuses a head that is not the case's.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crypto import canonical
from crypto.identity import node_name
from crypto.log import leaf as leaves
from crypto.refusal import Refusal
from crypto.statement import read_envelope, read_signed, read_statement
from hub.casework.casefile import CaseFile, from_document
from hub.casework.supervision.rows import ANSWERERS, ASKED, CHAIN
from hub.casework.supervision.values import Enquiry
from hub.casework.supervision.view import CardView, cards_of
from node_agent import acts
from node_agent.acts import Head
from node_agent.department.decision_words import committed
from node_agent.known.casemirror import mirror, resolve
from node_agent.process.runtime import Agent
from node_agent.transfer import pulling
from storage.journal import OutboxEntry

WORDS_NOTE = "words:"
MATTERS = ("enquiry", "complaint", "card")
"""Members of a body that name what the act belongs to."""
SUPERVISOR = ("SUPERVISOR",)
LEADS = ("HEAD", "COLLECT_LEAD")
RATERS = ("ACCEPTOR", "REVIEWER", "HEAD", "COLLECTOR", "COLLECT_LEAD")
COMPLAINT_TAKERS = ("COLLECTOR", "COLLECT_LEAD", "ACCEPTOR", "HEAD", "SUPERVISOR", "COORDINATOR")


@dataclass(frozen=True)
class Told:
    """One leaf of a case as ``view`` asks for it. Times are text in UTC+8."""

    index: int
    event: str
    at: str
    node: str
    person: str
    digest: str


@dataclass(frozen=True)
class Seen:
    """A case as the hub shows it to this node: the file, and its leaves in order."""

    file: CaseFile
    history: tuple[Told, ...]

    @property
    def cards(self) -> tuple[CardView, ...]:
        """Cards as people read them."""
        return cards_of(self.file, self.history)


def look(agent: Agent, name: str) -> Seen:
    """A case by id, number or public number. Refusal CASE_UNKNOWN, also where this node may not see it."""
    file = from_document(json.loads(agent.hub.case(name)))
    history: list[Told] = []
    while page := agent.hub.case_leaves(file.case, history[-1].index if history else -1):
        history += [_told(data) for data in page]
    return Seen(file, tuple(history))


def answer_card(agent: Agent, name: str, staff_code: str, card: str, measure: str, words: str) -> OutboxEntry:
    """The unit's answer. Refusals ROLE_MISSING, STATEMENT_WORDS_MISSING."""
    body = {"card": card, "measure": measure}
    return _by_person(agent, name, "answer_card", body, tuple(sorted(ANSWERERS)), staff_code, words=words)


def appeal_card(agent: Agent, name: str, staff_code: str, card: str, ground: str, words: str) -> OutboxEntry:
    """G12: the unit's appeal. Refusals ROLE_MISSING, STATEMENT_WORDS_MISSING."""
    body = {"card": card, "ground": ground}
    return _by_person(agent, name, "appeal_card", body, tuple(sorted(ANSWERERS)), staff_code, words=words)


def settle_card(agent: Agent, name: str, staff_code: str, card: str, result: str, words: str) -> OutboxEntry:
    """G12: what an overseer makes of it. Refusals ROLE_MISSING, STATEMENT_WORDS_MISSING."""
    body = {"card": card, "result": result}
    return _by_person(agent, name, "settle_card", body, SUPERVISOR, staff_code, words=words)


def rate(agent: Agent, name: str, scores: Mapping[str, int], basis: str, paper: bytes = b"") -> OutboxEntry:
    """T38: the applicant's rating, as given at this window; the node signs, nobody of its staff does."""
    body: dict[str, object] = {"scores": dict(scores), "basis": basis, "by_applicant": True}
    if paper:
        body["paper"] = canonical.digest(paper)
    return _say(agent, name, "rate", body, "window")


def complain(
    agent: Agent,
    name: str,
    staff_code: str,
    facts: Mapping[str, str],
    words: str,
) -> OutboxEntry:
    """G07: ``facts``: channel, kind, about_node, handler, and where there are such ticket and about_person.

    Refusals ROLE_MISSING, STATEMENT_WORDS_MISSING.
    """
    body = {member: value for member, value in facts.items() if value}
    return _by_person(agent, name, "complain", body, COMPLAINT_TAKERS, staff_code, words=words)


def answer_complaint(
    agent: Agent, name: str, staff_code: str, complaint: str, finding: str, feedback: str
) -> OutboxEntry:
    """What was found, and what the complainant is told. Refusals ROLE_MISSING, STATEMENT_WORDS_MISSING."""
    body = {"complaint": complaint_named(agent, name, complaint), "finding": finding}
    roles = ("SUPERVISOR", "HEAD", "COLLECT_LEAD")
    return _by_person(agent, name, "answer_complaint", body, roles, staff_code, member="feedback", words=feedback)


def verify_rating(agent: Agent, name: str, staff_code: str, finding: str, words: str) -> OutboxEntry:
    """国办发〔2019〕51号: what the check of the bad rating found. Refusals RATING_UNKNOWN, ROLE_MISSING, as words."""
    roles = ("SUPERVISOR",) if finding == "EXCLUDED" else (*LEADS, "SUPERVISOR")
    body = {"rating": _bad_rating(agent, name), "finding": finding}
    return _by_person(agent, name, "verify_rating", body, roles, staff_code, words=words)


def rectify_rating(agent: Agent, name: str, staff_code: str, measure: str, feedback: str) -> OutboxEntry:
    """整改、反馈: what was done, what the applicant was told. Refusals RATING_UNKNOWN, ROLE_MISSING, those of words."""
    body = {"rating": _bad_rating(agent, name), "measure": measure}
    return _by_person(agent, name, "rectify_rating", body, LEADS, staff_code, member="feedback", words=feedback)


def rate_internal(agent: Agent, name: str, staff_code: str, scores: Mapping[str, int]) -> OutboxEntry:
    """G03: what this node thinks of the other's work: ``scan``, ``routing``, ``timing``, 1 to 5. ROLE_MISSING."""
    role = acts.role_of(agent, staff_code, RATERS)
    return _say(agent, name, "rate_internal", {"scores": dict(scores)}, role, staff_code)


def extend_complaint(agent: Agent, name: str, staff_code: str, complaint: str, reason: str) -> OutboxEntry:
    """Table 10: five more working days, once. Refusals COMPLAINT_UNKNOWN, ROLE_MISSING."""
    role = acts.role_of(agent, staff_code, ("SUPERVISOR", *LEADS))
    body = {"complaint": complaint_named(agent, name, complaint), "reason": reason}
    return _say(agent, name, "extend_complaint", body, role, staff_code)


def dispute_complaint(agent: Agent, name: str, staff_code: str, complaint: str, words: str) -> OutboxEntry:
    """Table 10: the complainant disputes the answer. Refusals COMPLAINT_UNKNOWN, ROLE_MISSING, those of words."""
    body = {"complaint": complaint_named(agent, name, complaint)}
    roles = ("COLLECTOR", "COLLECT_LEAD", "ACCEPTOR", "HEAD", "SUPERVISOR")
    return _by_person(agent, name, "dispute_complaint", body, roles, staff_code, words=words)


def enquire(agent: Agent, name: str, staff_code: str, facts: Mapping[str, str], words: str) -> OutboxEntry:
    """F05: ``facts``: channel, topic, and where there are such ticket and the node that is to take it (``to``).

    Refusals ROLE_MISSING, STATEMENT_WORDS_MISSING.
    """
    body = {member: value for member, value in facts.items() if value}
    return _by_person(agent, name, "enquire", body, tuple(sorted(ASKED)), staff_code, words=words)


def pass_enquiry(agent: Agent, name: str, staff_code: str, enquiry: str, to: str) -> OutboxEntry:
    """F05: who took it answers for it until the other took it. Refusals ENQUIRY_UNKNOWN, ROLE_MISSING."""
    role = acts.role_of(agent, staff_code, tuple(sorted(ASKED)))
    body = {"enquiry": enquiry_named(agent, name, enquiry), "to": to}
    return _say(agent, name, "pass_enquiry", body, role, staff_code)


def take_enquiry(agent: Agent, name: str, staff_code: str, enquiry: str) -> OutboxEntry:
    """F05: the next one answers for it from now on. Refusals ENQUIRY_UNKNOWN, ROLE_MISSING."""
    role = acts.role_of(agent, staff_code, tuple(sorted(ASKED)))
    return _say(agent, name, "take_enquiry", {"enquiry": enquiry_named(agent, name, enquiry)}, role, staff_code)


def extend_enquiry(agent: Agent, name: str, staff_code: str, enquiry: str, reason: str) -> OutboxEntry:
    """Table 10: five more working days, once. Refusals ENQUIRY_UNKNOWN, ROLE_MISSING."""
    role = acts.role_of(agent, staff_code, ("SUPERVISOR", *LEADS))
    body = {"enquiry": enquiry_named(agent, name, enquiry), "reason": reason}
    return _say(agent, name, "extend_enquiry", body, role, staff_code)


def answer_enquiry(agent: Agent, name: str, staff_code: str, enquiry: str, answer: str, feedback: str) -> OutboxEntry:
    """What the applicant is told. Refusals ENQUIRY_UNKNOWN, ROLE_MISSING, STATEMENT_WORDS_MISSING."""
    body, roles = {"enquiry": enquiry_named(agent, name, enquiry), "answer": answer}, tuple(sorted(ASKED))
    return _by_person(agent, name, "answer_enquiry", body, roles, staff_code, member="feedback", words=feedback)


def quality(agent: Agent, case_id: str, staff_code: str, defects: Sequence[str], manifest: str = "") -> OutboxEntry:
    """Y5, DA/T 31: what the images of a sealing fall short of. ``manifest``: empty for the application.

    Refusals CASE_UNKNOWN_HERE, ROLE_MISSING.
    """
    role = acts.role_of(agent, staff_code, ("ACCEPTOR", "REVIEWER"))
    named = manifest or pulling.application_of(agent, case_id)
    return _say(agent, case_id, "quality", {"manifest": named, "defects": list(defects)}, role, staff_code)


def unit_named(agent: Agent, name: str) -> str:
    """Node id of a registered unit, by its id, the last part of it, or the title that stands on its papers.

    Refusal UNIT_UNKNOWN, also where several units bear the title.
    """
    wanted = name.strip()
    known = [record for record in agent.registry.directory.records() if record.kind == "node"]
    found = [one.subject for one in known if wanted in (one.subject, node_name(one.subject), one.title)]
    if not wanted or len(found) != 1:
        raise Refusal("UNIT_UNKNOWN", "G07; T38", name=wanted[:80])
    return found[0]


def complaint_named(agent: Agent, name: str, complaint: str) -> str:
    """The whole number of a complaint of the case, from its beginning. Refusal COMPLAINT_UNKNOWN."""
    found = [one.digest for one in _file(agent, name).complaints if one.digest.startswith(complaint)]
    if len(found) != 1:
        raise Refusal("COMPLAINT_UNKNOWN", "G07; T38")
    return found[0]


def enquiries_of(agent: Agent, name: str) -> tuple[Enquiry, ...]:
    """Enquiries of a case, in the order in which they came."""
    return _file(agent, name).enquiries


def enquiry_named(agent: Agent, name: str, enquiry: str) -> str:
    """The whole number of an enquiry of the case, from its beginning. Refusal ENQUIRY_UNKNOWN."""
    found = [one.digest for one in enquiries_of(agent, name) if one.digest.startswith(enquiry)]
    if len(found) != 1:
        raise Refusal("ENQUIRY_UNKNOWN", "F05; T38")
    return found[0]


@dataclass(frozen=True)
class KeptWords:
    """What was said to an act of a case, kept here alone. ``at``: text in UTC+8; ``number``: of the enquiry,
    complaint or card that it belongs to, else of the statement."""

    event: str
    number: str
    at: str
    words: str


def words_here(agent: Agent, name: str) -> list[KeptWords]:
    """The words behind the commitments that this node made in a case, in the order in which they were said."""
    found = []
    for entry in agent.journal.acts(_file(agent, name).case):
        statement = read_signed(entry.envelope)
        for value in statement.body.values():
            if isinstance(value, str) and (words := words_of(agent, value)):
                number = next((str(statement.body[one]) for one in MATTERS if one in statement.body), "")
                found.append(KeptWords(entry.event, number or entry.payload_digest, statement.occurred_at, words))
    return found


def words_of(agent: Agent, digest: str) -> str:
    """The words behind a commitment, where this node has them; else empty."""
    kept = agent.journal.kept(WORDS_NOTE + digest)
    return str(json.loads(kept)["words"]) if kept else ""


# --- pieces ----------------------------------------------------------------------------------------------------------


def _by_person(
    agent: Agent,
    name: str,
    event: str,
    body: Mapping[str, object],
    roles: tuple[str, ...],
    staff_code: str,
    *,
    words: str,
    member: str = "words",
) -> OutboxEntry:
    if not words.strip():
        raise Refusal("STATEMENT_WORDS_MISSING", "promise 1; standards.md 8", event=event)
    role = acts.role_of(agent, staff_code, roles)
    made, page = committed({"words": words.strip()})
    agent.journal.keep(WORDS_NOTE + made["words"], canonical.encode(page))
    return _say(agent, name, event, {**body, member: made["words"]}, role, staff_code)


def _say(
    agent: Agent, name: str, event: str, body: Mapping[str, object], role: str, staff_code: str | None = None
) -> OutboxEntry:
    case_id, head = _place(agent, name)
    envelope = acts.build(
        agent.identity,
        agent.journal,
        event=event,
        case_id=case_id,
        body=body,
        role=role,
        staff_code=staff_code,
        chain=CHAIN,
        head=head,
    )
    entry = acts.entry_of(envelope)
    agent.journal.queue([entry])
    return entry


def _file(agent: Agent, name: str) -> CaseFile:
    """The case as known here where the whole of it is, else as the hub shows it to this node (A24)."""
    try:
        file = mirror(agent, resolve(agent, name)).file
    except Refusal as unknown:
        if unknown.code != "CASE_UNKNOWN_HERE":
            raise
        file = None
    return file if file is not None else from_document(json.loads(agent.hub.case(name)))


def _bad_rating(agent: Agent, name: str) -> str:
    """The statement of the applicant's bad rating. Refusal RATING_UNKNOWN where there is none."""
    for rating in _file(agent, name).ratings:
        if rating.kind == "PUBLIC" and rating.bad:
            return rating.digest
    raise Refusal("RATING_UNKNOWN", "国办发〔2019〕51号; T38")


def _place(agent: Agent, name: str) -> tuple[str, Head]:
    """The case and the custody statement to hang on: as known here, else as the hub says (A24)."""
    try:
        case_id = resolve(agent, name)
    except Refusal as unknown:
        if unknown.code != "CASE_UNKNOWN_HERE":
            raise
        file = from_document(json.loads(agent.hub.case(name)))
        return file.case, Head(file.seq, file.head)
    return case_id, acts.known_head(agent.journal, case_id)


def _told(data: bytes) -> Told:
    leaf = leaves.decode(data)
    envelope = read_envelope(leaf.envelope)
    statement = read_statement(envelope.payload)
    actor = statement.actor
    return Told(leaf.index, statement.type, leaf.recorded_at, actor.node, actor.person or "", envelope.digest)

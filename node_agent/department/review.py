"""The department's acts while a case is with it: take, steps, special procedures, extension, opinions, other ends.

Invariants:
- every act names codes of closed lists alone; words for the applicant, and opinions, are sealed and never in the log;
- a notice that pauses or lengthens a limit is sealed and queued with the act in one transaction (行政许可法 45);
- whoever is asked, or takes over above, is given the keys in the transaction of the act: nothing is asked again (E01).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from crypto import canonical, identity
from crypto.refusal import Refusal
from crypto.statement import read_signed
from hub.casework.review import look
from hub.casework.review.guards import TAKERS
from hub.casework.review.rows import AT_DEPARTMENT
from node_agent import acts
from node_agent.acts import Head
from node_agent.department import decision_words, opinions, powers, sealed
from node_agent.department import desk as department
from node_agent.department.refusals import wraps_to
from node_agent.known.casemirror import history, mirror
from node_agent.paper.signed import keep_paper
from node_agent.process.runtime import Agent
from node_agent.transfer.notices import OPINION, queue_with_words
from storage.journal import OutboxEntry

REVIEWERS = ("REVIEWER", "TECH_REVIEWER")
LEADS = ("DECIDER", "HEAD")
STAFF = (*REVIEWERS, *LEADS)
STEP_ROLES: Mapping[str, Sequence[str]] = {
    "UNDERTAKE": REVIEWERS,
    "EXAMINE": ("REVIEWER", *LEADS),
    "APPROVE": LEADS,
}
STEP_NOTE = "step-opinion:"
"""Journal note, by commitment: the words of a step's opinion, which stay at the department."""


def take(
    agent: Agent, case_id: str, staff_code: str, basis: str, evidence: Path | None = None, outgoing: str = ""
) -> OutboxEntry:
    """T13: this person answers for the case. ``outgoing``: staff code of who hands over at the end of a shift.

    Refusals ROLE_MISSING, PERSON_UNKNOWN_HERE, those of the page check.
    """
    body: dict[str, object] = {"basis": basis}
    if evidence is not None:
        body["evidence"] = keep_paper(agent, evidence)
    role = acts.role_of(agent, staff_code, sorted(TAKERS))
    return acts.queued_by_person(agent, case_id, "take", body, role, staff_code, second=outgoing or None)


def hand_over_shift(agent: Agent, outgoing: str, incoming: str) -> list[OutboxEntry]:
    """T13 at the end of a shift: ``incoming`` takes every case that ``outgoing`` answers for; both sign each act.

    Empty when there is none. Refusals SHIFT_TO_ONESELF, ROLE_MISSING, PERSON_UNKNOWN_HERE; nothing is queued then.
    """
    person, _ = agent.identity.person(outgoing)
    if outgoing == incoming:
        raise Refusal("SHIFT_TO_ONESELF", "T13; F06", person=person)
    role = acts.role_of(agent, incoming, sorted(TAKERS))
    files = (mirror(agent, case_id).file for case_id in agent.journal.case_ids())
    mine = [file.case for file in files if file and file.responsible == person and file.state in AT_DEPARTMENT]
    body = {"basis": "SHIFT"}
    entries = [acts.by_person(agent, case, "take", body, role, incoming, second=outgoing) for case in mine]
    agent.journal.queue(entries)  # commit point: all of them or none
    return entries


def reassign(agent: Agent, case_id: str, staff_code: str, person_code: str) -> OutboxEntry:
    """T13: the head, or a chief approver with a COORDINATE grant, names who answers. GRANT_MISSING, ROLE_MISSING."""
    role = acts.role_of(agent, staff_code, ("HEAD", "DECIDER"))
    body: dict[str, object] = {"person": identity.person_id(agent.identity.node, person_code)}
    if role == "DECIDER":
        body["grant"] = powers.live_grant(agent, case_id, "COORDINATE", staff_code)
    return acts.queued_by_person(agent, case_id, "reassign", body, role, staff_code)


def step_done(agent: Agent, case_id: str, staff_code: str, step: str, opinion: str = "") -> OutboxEntry:
    """T25: a step is done. ``opinion``: words that stay here; the log has a salted commitment. Refusals ROLE_MISSING,
    GRANT_MISSING (a chief approver examines under PRE_REVIEW or DECIDE, F02)."""
    role = acts.role_of(agent, staff_code, STEP_ROLES[step])
    body: dict[str, object] = {"step": step}
    if role == "DECIDER":
        body["grant"] = _step_grant(agent, case_id, step, staff_code)
    if opinion.strip():
        made, page = decision_words.committed({"opinion": opinion.strip()})
        agent.journal.keep(STEP_NOTE + made["opinion"], canonical.encode(page))
        body |= made
    return acts.queued_by_person(agent, case_id, "step_done", body, role, staff_code)


def send_back(agent: Agent, case_id: str, staff_code: str, step: str, reason: str) -> OutboxEntry:
    """T25: a step is to be done again, by whose turn it is. Refusals ROLE_MISSING, GRANT_MISSING."""
    file = mirror(agent, case_id).file
    following = (look.open_step(file) if file else "") or "APPROVE"
    role = acts.role_of(agent, staff_code, STEP_ROLES[following])
    body: dict[str, object] = {"step": step, "reason": reason}
    if role == "DECIDER":
        body["grant"] = _step_grant(agent, case_id, following, staff_code)
    return acts.queued_by_person(agent, case_id, "send_back_step", body, role, staff_code)


def start_special(agent: Agent, case_id: str, staff_code: str, kind: str, until: str, words: str) -> OutboxEntry:
    """T26: a special procedure of the item's list, with the written notice where its time is not counted.

    ``until``: ISO date, UTC+8. Refusals SPECIAL_NOT_LISTED, WORDS_MISSING, ROLE_MISSING.
    """
    found = next((one for one in sealed.item_of(agent, case_id).special_procedures if one.kind == kind), None)
    if found is None:
        raise Refusal("SPECIAL_NOT_LISTED", "C03, C10; T26", special=kind)
    role = acts.role_of(agent, staff_code, REVIEWERS)
    said = _words(words, needed=found.stops_clock)
    event = "start_special" if found.stops_clock else "start_procedure"
    return queue_with_words(agent, case_id, event, {"kind": kind, "until": until}, role, staff_code, said)


def move_special(
    agent: Agent, case_id: str, staff_code: str, until: str, words: str, head_code: str = ""
) -> OutboxEntry:
    """T27: the end is put off by a new notice. ``head_code``: the head, who signs too from the second time on.

    Refusals WORDS_MISSING, ROLE_MISSING, PERSON_UNKNOWN_HERE.
    """
    role, said = acts.role_of(agent, staff_code, REVIEWERS), _words(words, needed=True)
    if head_code:
        acts.role_of(agent, head_code, ("HEAD",))
    body = {"until": until}
    return queue_with_words(agent, case_id, "special_moved", body, role, staff_code, said, second=head_code or None)


def end_special(agent: Agent, case_id: str, staff_code: str, result: str, kind: str = "") -> OutboxEntry:
    """T27: the result. ``kind``: of a procedure that stopped no clock; empty for the one that did.

    Refusals SPECIAL_UNKNOWN, ROLE_MISSING.
    """
    role = acts.role_of(agent, staff_code, REVIEWERS)
    if not kind:
        return acts.queued_by_person(agent, case_id, "end_special", {"result": result}, role, staff_code)
    body = {"special": _open_procedure(agent, case_id, kind), "result": result}
    return acts.queued_by_person(agent, case_id, "end_procedure", body, role, staff_code)


def extend(
    agent: Agent, case_id: str, staff_code: str, head_code: str, days: int, reason: str, words: str
) -> OutboxEntry:
    """T28: at most ten working days more, once; the head acts, or signs too. ``head_code``: empty when the head acts.

    Refusals WORDS_MISSING, ROLE_MISSING, PERSON_UNKNOWN_HERE.
    """
    role = acts.role_of(agent, staff_code, LEADS if head_code else ("HEAD",))
    if head_code:
        acts.role_of(agent, head_code, ("HEAD",))
    body: dict[str, object] = {"days": days, "reason": reason}
    said = _words(words, needed=True)
    return queue_with_words(
        agent, case_id, "extend_limit", body, role, staff_code, said, second=head_code or None
    )  # fmt: skip


def consult(agent: Agent, case_id: str, staff_code: str, node: str, matter: str, until: str) -> OutboxEntry:
    """T29: ask another department, which is given the keys of the materials. ``until``: ISO date, UTC+8.

    Refusals ROLE_MISSING, NOT_PULLED, PACKET_UNREADABLE, SUBJECT_UNKNOWN, KEY_REVOKED.
    """
    role = acts.role_of(agent, staff_code, STAFF)
    body = {"node": node, "matter": matter, "until": until}
    entry = acts.by_person(agent, case_id, "consult", body, role, staff_code)
    head = Head(read_signed(entry.envelope).seq or 0, entry.payload_digest)
    agent.journal.queue([entry, *wraps_to(agent, case_id, node, head)])  # commit point: the question and the keys
    return entry


def opinion(agent: Agent, case_id: str, staff_code: str, answer: str, words: str = "") -> OutboxEntry:
    """T29: answer the newest question to this department; words are sealed for who asked.

    Refusals CONSULT_UNKNOWN, ROLE_MISSING.
    """
    asked = _question(agent, case_id)
    role = acts.role_of(agent, staff_code, (*STAFF, "ACCEPTOR"))
    return queue_with_words(
        agent, case_id, "opinion", {"consult": asked[0], "answer": answer}, role, staff_code, _words(words),
        kind=OPINION, readers=(asked[1],), chain="opinions",
    )  # fmt: skip


def refer_up(agent: Agent, case_id: str, staff_code: str, node: str, queue: str, words: str) -> OutboxEntry:
    """T30: first review done, the case goes on above, with all materials and the opinion (行政许可法 35, 43).

    Refusals WORDS_MISSING, GRANT_MISSING, ROLE_MISSING, NOT_PULLED, PACKET_UNREADABLE, SUBJECT_UNKNOWN, KEY_REVOKED.
    """
    role = acts.role_of(agent, staff_code, ("HEAD", "DECIDER", "REVIEWER"))
    body: dict[str, object] = {"accepting_node": node, "queue": queue}
    if role != "HEAD":
        body["grant"] = _step_grant(agent, case_id, "EXAMINE", staff_code)
    given = opinions.wraps_above(agent, case_id, node)  # before the others: with those the case may be taken up
    return queue_with_words(
        agent, case_id, "refer_up", body, role, staff_code, _words(words, needed=True), kind=OPINION, readers=(node,),
        along=lambda head: [*given, *wraps_to(agent, case_id, node, head, reviews=True)],
    )  # fmt: skip


def recall_referral(agent: Agent, case_id: str, staff_code: str) -> OutboxEntry:
    """T30X: the department above cannot open it yet; the case goes on here. Refusals GRANT_MISSING, ROLE_MISSING."""
    role = acts.role_of(agent, staff_code, ("HEAD", "DECIDER", "REVIEWER"))
    body = {} if role == "HEAD" else {"grant": _step_grant(agent, case_id, "EXAMINE", staff_code)}
    return acts.queued_by_person(agent, case_id, "referral_recalled", body, role, staff_code)


def correct(
    agent: Agent, case_id: str, staff_code: str, reason: str, paper: Path, record: Path | None = None
) -> OutboxEntry:
    """T32: a slip in what was decided, before the result is issued; the papers are kept here.

    ``record``: of a collective decision, where the list asks for one (F02). Refusals ROLE_MISSING, GRANT_MISSING.
    """
    role = acts.role_of(agent, staff_code, LEADS)
    body: dict[str, object] = {"reason": reason, "paper": keep_paper(agent, paper)}
    if sealed.item_of(agent, case_id).decision_by == "GRANT":
        body["grant"] = powers.live_grant(agent, case_id, "DECIDE", staff_code)
    if record is not None:
        body["record"] = keep_paper(agent, record)
    return acts.queued_by_person(agent, case_id, "correct", body, role, staff_code)


def void(
    agent: Agent, case_id: str, staff_code: str, head_code: str, reason: str, paper: Path, linked: str = ""
) -> OutboxEntry:
    """T36: invalid in substance; lead and head sign. ``linked``: case that goes on in place of a duplicate.

    Refusals ROLE_MISSING, PERSON_UNKNOWN_HERE, those of the page check.
    """
    role = acts.role_of(agent, staff_code, ("DECIDER", "COLLECT_LEAD"))
    acts.role_of(agent, head_code, ("HEAD",))
    body: dict[str, object] = {"reason": reason, "paper": keep_paper(agent, paper)}
    if linked:
        body["linked"] = linked
    return acts.queued_by_person(agent, case_id, "void", body, role, staff_code, second=head_code)


def reopen_as(agent: Agent, case_id: str, staff_code: str, reason: str, paper: Path, linked: str) -> OutboxEntry:
    """T39: a review ordered a new decision, which is made in the case ``linked``. Refusal ROLE_MISSING."""
    role = acts.role_of(agent, staff_code, LEADS)
    body: dict[str, object] = {"reason": reason, "paper": keep_paper(agent, paper), "linked": linked}
    return acts.queued_by_person(agent, case_id, "reopen_as", body, role, staff_code)


def accept_and_decide(
    agent: Agent, case_id: str, staff_code: str, decider_code: str, record: Path | None = None
) -> tuple[OutboxEntry, OutboxEntry]:
    """T14 and T31 of an instant item in one go: accept, then grant (C02, C03, C07). Both codes may be one person's.

    ``record``: of a collective decision, where the list asks for one (F02). Refusals NOT_INSTANT, STEP_OPEN (the list
    names steps, C06), RECORD_MISSING, GRANT_MISSING, ROLE_MISSING: before anything is signed.
    """
    item = sealed.item_of(agent, case_id)
    if not item.decided_at_once:
        raise Refusal("NOT_INSTANT", "C02, C03, C07", name=item.name)
    for step in item.steps:
        raise Refusal("STEP_OPEN", "C06; T25, T31", step=step)
    if item.decision_by == "COLLECTIVE" and record is None:
        raise Refusal("RECORD_MISSING", "F02; T31")
    acts.role_of(agent, decider_code, ("HEAD",) if item.decision_by == "HEAD" else LEADS)
    if item.decision_by == "GRANT":
        powers.live_grant(agent, case_id, "DECIDE", decider_code)
    accepted = department.accept(agent, case_id, staff_code)
    return accepted, department.decide(agent, case_id, decider_code, "GRANT", record=record)


# --- pieces ------------------------------------------------------------------------------------------------------


def _step_grant(agent: Agent, case_id: str, step: str, staff_code: str) -> str:
    if step == "EXAMINE":
        try:
            return powers.live_grant(agent, case_id, "PRE_REVIEW", staff_code)
        except Refusal as refusal:
            if refusal.code != "GRANT_MISSING":
                raise
    return powers.live_grant(agent, case_id, "DECIDE", staff_code)


def _question(agent: Agent, case_id: str) -> tuple[str, str]:
    """Digest of the newest question to this node, and who asked. Refusal CONSULT_UNKNOWN."""
    for told in reversed(history(agent.journal, case_id)):
        said = told.statement
        if said.type == "consult" and said.body.get("node") == agent.identity.node:
            return told.envelope.digest, said.actor.node
    raise Refusal("CONSULT_UNKNOWN", "T29", consult="")


def _open_procedure(agent: Agent, case_id: str, kind: str) -> str:
    told = history(agent.journal, case_id)
    ended = {str(one.statement.body.get("special")) for one in told if one.statement.type == "end_procedure"}
    for one in reversed(told):
        begun = one.statement.type == "start_procedure" and one.statement.body.get("kind") == kind
        if begun and one.envelope.digest not in ended:
            return one.envelope.digest
    raise Refusal("SPECIAL_UNKNOWN", "T27", special=kind)


def _words(words: str, *, needed: bool = False) -> dict[str, object]:
    if words.strip():
        return {"words": words.strip()}
    if needed:
        raise Refusal("WORDS_MISSING", "行政许可法 42, 43, 45")
    return {}

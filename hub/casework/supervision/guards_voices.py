"""Guards of ratings and complaints (T38; standards.md 9; B11, G03, G04, G07, G10).

Invariants:
- a guard looks and refuses; it never changes anything;
- one rating a service, and none that the applicant did not give; a bad one is checked, put right and told back;
- nobody handles a complaint about themselves.
"""

import re

from crypto.identity import require_person
from crypto.refusal import Refusal
from hub.casework import facts, reasons
from hub.casework.casefile import CaseFile
from hub.casework.context import Act, World
from hub.casework.references import is_personal
from hub.casework.supervision.values import Complaint, Rating

RATING = "国办发〔2019〕51号; T38"
COMPLAINT = "G07; GB/T 39046-2020 table 10; T38"
TICKET = re.compile(r"[A-Z0-9-]{4,40}")
SUPERVISOR = "SUPERVISOR"


def rating_whole(file: CaseFile | None, act: Act, world: World) -> None:
    """B11: one level for each of the three targets."""
    scores = scores_of(act, reasons.RATING_TARGETS)
    if len(scores) != len(reasons.RATING_TARGETS):
        raise Refusal("RATING_LEVEL", "B11; GB/T 39046-2020 A.8", member="scores")


def rating_given(file: CaseFile | None, act: Act, world: World) -> None:
    """Standards.md 9: the applicant gave it, by a way of the list; a paper is named by digest. Words by commitment."""
    basis, body = act.text("basis"), act.statement.body
    if basis not in reasons.RATING_BASES:
        raise Refusal("REASON_UNKNOWN", RATING, reason=basis[:20])
    if body.get("by_applicant") is not True:
        raise Refusal("RATING_NOT_GIVEN", RATING)
    if basis != "PAPER" and "paper" in body:
        raise Refusal("BODY_MEMBER", f"promise 1; {RATING}", member="paper")
    for member in (*(("paper",) if basis == "PAPER" else ()), *(("words",) if "words" in body else ())):
        facts.require_digest(act, member, RATING)


def rated_once(file: CaseFile | None, act: Act, world: World) -> None:
    """G04: one rating a service."""
    assert file is not None
    for rating in file.ratings:
        if rating.kind == "PUBLIC":
            raise Refusal("RATED_ALREADY", RATING, at=rating.at)


def internal_scores(file: CaseFile | None, act: Act, world: World) -> None:
    """G03: at least one of scan, routing, timing."""
    if not scores_of(act, reasons.INTERNAL_TARGETS):
        raise Refusal("RATING_LEVEL", "G03", member="scores")


def internal_once(file: CaseFile | None, act: Act, world: World) -> None:
    """G03: each node says it once."""
    assert file is not None
    for rating in file.ratings:
        if (rating.kind, rating.node) == ("INTERNAL", act.node.subject):
            raise Refusal("RATED_ALREADY", "G03; T38", at=rating.at)


def rating_unverified(file: CaseFile | None, act: Act, world: World) -> None:
    """Only a bad rating by an applicant is checked, once."""
    assert file is not None
    rating = named_rating(file, act)
    if rating.kind != "PUBLIC" or not rating.bad or rating.finding:
        raise Refusal("RATING_STEP", RATING, at=rating.at)


def verification_said(file: CaseFile | None, act: Act, world: World) -> None:
    """A finding of the list, the words as a commitment."""
    if act.text("finding") not in reasons.RATING_FINDINGS:
        raise Refusal("REASON_UNKNOWN", RATING, reason=act.text("finding")[:20])
    facts.require_digest(act, "words", RATING)


def excluded_by_supervisor(file: CaseFile | None, act: Act, world: World) -> None:
    """国办发〔2019〕51号: no rated unit strikes out a bad rating of its own; an overseer of the region does."""
    assert file is not None
    if act.statement.body.get("finding") != "EXCLUDED":
        return
    rated = {file.collecting_node, file.accepting_node, named_rating(file, act).node}
    role = act.statement.actor.role
    if role != SUPERVISOR or not facts.oversees(file, act.node) or act.node.subject in rated:
        raise Refusal("RATING_EXCLUDER", RATING, role=role)


def rating_upheld(file: CaseFile | None, act: Act, world: World) -> None:
    """What was found true is put right, once."""
    assert file is not None
    rating = named_rating(file, act)
    if rating.finding != "UPHELD" or rating.measure:
        raise Refusal("RATING_STEP", RATING, at=rating.at)


def rectification_said(file: CaseFile | None, act: Act, world: World) -> None:
    """A measure of the list; what the applicant was told, as a commitment (the closed loop ends with the feedback)."""
    if act.text("measure") not in reasons.RATING_MEASURES:
        raise Refusal("REASON_UNKNOWN", RATING, reason=act.text("measure")[:20])
    facts.require_digest(act, "feedback", RATING)


def complaint_said(file: CaseFile | None, act: Act, world: World) -> None:
    """G07, G10: channel and kind of the lists; the hotline's reference where it came from there; words by digest."""
    for member, words in (("channel", reasons.COMPLAINT_CHANNELS), ("kind", reasons.COMPLAINT_KINDS)):
        if act.text(member) not in words:
            raise Refusal("REASON_UNKNOWN", COMPLAINT, reason=act.text(member)[:20])
    require_ticket(act)
    facts.require_digest(act, "words", COMPLAINT)


def complaint_about(file: CaseFile | None, act: Act, world: World) -> None:
    """G07: about a node that had to do with the case, and a person of it where one is named."""
    assert file is not None
    node, person = act.text("about_node"), act.statement.body.get("about_person", "")
    if node not in nodes_ever(file):
        raise Refusal("COMPLAINT_NODE", COMPLAINT, node=node)
    if not isinstance(person, str) or person and not person.startswith(f"{node}/person/"):
        raise Refusal("COMPLAINT_NODE", COMPLAINT, node=node, person=str(person)[:200])
    if person:
        require_person(person)


def handler_apart(file: CaseFile | None, act: Act, world: World) -> None:
    """G07: window, department or an overseer handles it; the unit complained of only by another person than named."""
    assert file is not None
    handler = world.registry.current(act.text("handler"))
    if handler.subject not in (file.collecting_node, file.accepting_node) and not facts.oversees(file, handler):
        raise Refusal("COMPLAINT_HANDLER", COMPLAINT, node=handler.subject)
    if handler.subject == act.text("about_node") and not act.statement.body.get("about_person"):
        raise Refusal("COMPLAINT_HANDLER", COMPLAINT, node=handler.subject)


def complaint_mine(file: CaseFile | None, act: Act, world: World) -> None:
    """Open, and this node's to answer."""
    assert file is not None
    complaint = named_complaint(file, act)
    if not complaint.open or complaint.handler != act.node.subject:
        raise Refusal("COMPLAINT_STEP", COMPLAINT, node=complaint.handler)


def answerer_apart(file: CaseFile | None, act: Act, world: World) -> None:
    """G07: handler ≠ complained-of; a disputed one is looked at by a supervisor who did not answer it before."""
    assert file is not None
    complaint = named_complaint(file, act)
    person = act.person.subject if act.person else ""
    if person in (complaint.about_person, complaint.answered_by):
        raise Refusal("COMPLAINT_ANSWERER", COMPLAINT, person=person)
    judged = act.statement.actor.role == SUPERVISOR and facts.oversees(file, act.node)
    if complaint.disputed and not judged:
        raise Refusal("COMPLAINT_ANSWERER", COMPLAINT, person=person)


def complaint_answered(file: CaseFile | None, act: Act, world: World) -> None:
    """A finding of the list; what the complainant was told, as a commitment."""
    if act.text("finding") not in reasons.COMPLAINT_FINDINGS:
        raise Refusal("REASON_UNKNOWN", COMPLAINT, reason=act.text("finding")[:20])
    facts.require_digest(act, "feedback", COMPLAINT)


def complaint_extensible(file: CaseFile | None, act: Act, world: World) -> None:
    """Table 10: once, before the limit ends, for a reason of the list."""
    assert file is not None
    complaint = named_complaint(file, act)
    if complaint.extension or act.recorded_at > complaint.due:
        raise Refusal("COMPLAINT_EXTENSION", COMPLAINT, due=complaint.due)
    if act.text("reason") not in reasons.COMPLAINT_EXTENSIONS:
        raise Refusal("REASON_UNKNOWN", COMPLAINT, reason=act.text("reason")[:20])


def complaint_disputable(file: CaseFile | None, act: Act, world: World) -> None:
    """The node that took it passes on, once, that the complainant disputes the answer; an overseer is there to ask."""
    assert file is not None
    complaint = named_complaint(file, act)
    if complaint.open or complaint.disputed or complaint.node != act.node.subject:
        raise Refusal("COMPLAINT_STEP", COMPLAINT, node=complaint.node)
    facts.require_digest(act, "words", COMPLAINT)
    if not judge_of(file, complaint, world):
        raise Refusal("COORDINATOR_MISSING", COMPLAINT, region=file.region)


# --- look-ups, shared with effects ----------------------------------------------------------------------------------


def _is_ticket(text: str) -> bool:
    return TICKET.fullmatch(text) is not None and not is_personal(text)


def scores_of(act: Act, targets: reasons.Words) -> tuple[tuple[str, int], ...]:
    """(target, level) pairs of ``scores``, in the order of the list. Refusal RATING_LEVEL."""
    scores = act.statement.body.get("scores")
    if not isinstance(scores, dict) or not scores.keys() <= targets.keys():
        raise Refusal("RATING_LEVEL", "GB/T 39046-2020 A.8", member="scores")
    for level in scores.values():
        if type(level) is not int or not 1 <= level <= 5:
            raise Refusal("RATING_LEVEL", "GB/T 39046-2020 A.8", level=str(level)[:8])
    return tuple((target, scores[target]) for target in targets if target in scores)


def require_ticket(act: Act) -> None:
    """G10: what the hotline passed on bears its reference; another one is well formed. Refusal TICKET_FORMAT."""
    ticket = act.statement.body.get("ticket", "")
    needed = act.text("channel") == "HOTLINE"
    if not isinstance(ticket, str) or (needed or ticket) and not _is_ticket(ticket):
        raise Refusal("TICKET_FORMAT", "G10", ticket=str(ticket)[:40])


def named_rating(file: CaseFile, act: Act) -> Rating:
    """The rating that the act names by its statement. Refusal RATING_UNKNOWN."""
    for rating in file.ratings:
        if rating.digest == act.text("rating"):
            return rating
    raise Refusal("RATING_UNKNOWN", RATING)


def named_complaint(file: CaseFile, act: Act) -> Complaint:
    """The complaint that the act names by its statement. Refusal COMPLAINT_UNKNOWN."""
    for complaint in file.complaints:
        if complaint.digest == act.text("complaint"):
            return complaint
    raise Refusal("COMPLAINT_UNKNOWN", COMPLAINT)


def nodes_ever(file: CaseFile) -> frozenset[str]:
    """Nodes that had to do with the case."""
    return file.parties() | {*file.hops, *file.helpers, *file.first_reviewers, file.coordinator} - {""}


def judge_of(file: CaseFile, complaint: Complaint, world: World) -> str:
    """The overseer who answers a disputed complaint: the nearest coordinator that it is not about, else an auditor."""
    nearest = facts.coordinator_of(file, world)
    others = [record for role in ("coordinator", "auditor") for record in world.registry.nodes(role)]
    fitting = sorted(record.subject for record in others if facts.oversees(file, record))
    first = [nearest] if nearest in fitting else []
    return next((node for node in (*first, *fitting) if node != complaint.about_node), "")

"""What people do about a parent after its seal: answers and one notice, the applicant's choice, one exit (P2 to P13).

Invariants:
- every act is signed by the person and the node and kept before a command says so; the hub judges it;
- the lead's notice says what the parts answered and nothing else (P2): its lines are not typed, they follow from the
  log;
- what a paper says stays here under its digest; words for the applicant are sealed for the window.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from crypto.refusal import Refusal
from crypto.statement import CUSTODY
from hub.casework.casefile import CaseFile
from hub.casework.parents import look, plan
from hub.casework.parents.rows import KIN
from hub.casework.parents.values import PartFile
from hub.casework.reasons import OPINIONS
from node_agent import acts
from node_agent.department.refusals import lines_of, words_of
from node_agent.department.result import RESULTS
from node_agent.known.casemirror import history, last_of, mirror
from node_agent.paper.signed import keep_paper
from node_agent.process.runtime import Agent
from node_agent.supervision import supervising
from node_agent.transfer.notices import OPINION, queue_with_words
from storage.journal import OutboxEntry

ACCEPTORS = ("ACCEPTOR",)
COORDINATORS = ("COORDINATOR",)
COLLECTORS = ("COLLECTOR", "COLLECT_LEAD")
HEADS = ("HEAD",)
OPINION_GIVERS = ("REVIEWER", "TECH_REVIEWER", "DECIDER", "HEAD", "ACCEPTOR")


def parent_here(agent: Agent, case_id: str) -> CaseFile:
    """The parent as this node's own leaves make it. Refusals CASE_UNKNOWN_HERE, PARENT_NOT_WHOLE, NOT_A_PARENT."""
    view = mirror(agent, case_id)
    if view.file is None:
        problems = [found.code for found in view.findings] + list(view.missing)
        raise Refusal("PARENT_NOT_WHOLE", "promise 3", case=case_id, problems=",".join(problems)[:200])
    if view.file.bundle is None:
        raise Refusal("NOT_A_PARENT", "states.md 8", case=case_id)
    return view.file


# --- departments -------------------------------------------------------------------------------------------------


def answer(
    agent: Agent, case_id: str, staff_code: str, answer: str, lines: Sequence[tuple[str, str]] = ()
) -> OutboxEntry:
    """P2: whether this part is complete: OK, or LACKS with all that it lacks, (own material, defect). ROLE_MISSING."""
    body: dict[str, object] = {"answer": answer}
    if lines:
        body["lines"] = lines_of(lines)
    return _by(agent, case_id, "defects_answer", body, ACCEPTORS, staff_code, chain=KIN)


def merged_notice(
    agent: Agent, case_id: str, staff_code: str, due: str, methods: Sequence[str], words: str = ""
) -> OutboxEntry:
    """P2: the one notice of the whole, by the lead. ``due``: ISO date, UTC+8; ``words``: for the applicant, sealed for
    the window. Refusals NOTHING_LACKS, ROLE_MISSING, those of ``parent_here``.
    """
    body = _demand(parent_here(agent, case_id), due, methods)
    role = acts.role_of(agent, staff_code, ACCEPTORS)
    return queue_with_words(agent, case_id, "merged_notice", body, role, staff_code, words_of(words))


def seen_by_overseer(agent: Agent, name: str) -> CaseFile:
    """The parent as the hub shows it to a node that has no part in it. Refusals CASE_UNKNOWN, NOT_A_PARENT."""
    file = supervising.look(agent, name).file
    if file.bundle is None:
        raise Refusal("NOT_A_PARENT", "states.md 8", case=file.case)
    return file


def notice_for_lead(agent: Agent, name: str, staff_code: str, due: str, methods: Sequence[str]) -> OutboxEntry:
    """P12: the lead let its day pass, the coordinator gives the one notice: codes alone, for it may open nothing.

    It hangs on the head that the hub names; another one the law refuses. Refusals NOTHING_LACKS, ROLE_MISSING, those
    of ``seen_by_overseer``.
    """
    file = seen_by_overseer(agent, name)
    envelope = acts.build(
        agent.identity,
        agent.journal,
        event="merged_notice",
        case_id=file.case,
        body=_demand(file, due, methods),
        role=acts.role_of(agent, staff_code, COORDINATORS),
        staff_code=staff_code,
        head=acts.Head(file.seq, file.head),
    )
    entry = acts.entry_of(envelope)
    agent.journal.queue([entry])
    return entry


def extend(
    agent: Agent, case_id: str, staff_code: str, head_code: str, days: int, reason: str, words: str
) -> OutboxEntry:
    """P4, 行政许可法 42(2): at most fifteen working days more for the whole, once; the lead's head acts, or signs too.

    ``head_code``: empty when the head acts. Refusals WORDS_MISSING, ROLE_MISSING, PERSON_UNKNOWN_HERE.
    """
    if not words.strip():
        raise Refusal("WORDS_MISSING", "行政许可法 42")
    role = acts.role_of(agent, staff_code, ("DECIDER", "HEAD") if head_code else HEADS)
    if head_code:
        acts.role_of(agent, head_code, HEADS)
    body: dict[str, object] = {"days": days, "reason": reason}
    return queue_with_words(
        agent, case_id, "extend_parent", body, role, staff_code, words_of(words), second=head_code or None
    )


def opinion(agent: Agent, case_id: str, staff_code: str, answer: str, words: str = "") -> OutboxEntry:
    """P13: the newest question of this parent to this department is answered; words are sealed for the lead.

    Refusals CONSULT_UNKNOWN, OPINION_UNKNOWN, ROLE_MISSING, those of ``parent_here``.
    """
    if answer not in OPINIONS:
        raise Refusal("ANSWER_UNKNOWN", "P13", answer=answer[:20])
    file, me = parent_here(agent, case_id), agent.identity.node
    asked = next((one for one in reversed(file.consultations) if one.open and one.node == me), None)
    if asked is None:
        raise Refusal("CONSULT_UNKNOWN", "P13; T29", consult="")
    role = acts.role_of(agent, staff_code, OPINION_GIVERS)
    body = {"consult": asked.digest, "answer": answer}
    return queue_with_words(
        agent, case_id, "part_opinion", body, role, staff_code, words_of(words), kind=OPINION,
        readers=(file.accepting_node,), chain=KIN,
    )  # fmt: skip


# --- the window and the exit -------------------------------------------------------------------------------------


def go_on(agent: Agent, case_id: str, staff_code: str, paper: Path) -> OutboxEntry:
    """P6: a part failed, and the applicant wants the others to go on. ``paper``: his signed word, scanned."""
    body = {"identity_checked": True, "paper": keep_paper(agent, paper)}
    return _by(agent, case_id, "go_on_in_part", body, COLLECTORS, staff_code)


def withdraw(
    agent: Agent, case_id: str, staff_code: str, paper: Path, *, late: acts.LateEntry | None = None
) -> OutboxEntry:
    """P10: the whole while nothing is decided, later what is undecided. ``paper``: the signed request, scanned.

    While the parent's own leaves are not here it is whole still, or the hub says what it has become.
    """
    decided = is_sealed(agent, case_id) and any(look.decided(part) for part in _parts(agent, case_id))
    body = {"identity_checked": True, "paper": keep_paper(agent, paper)}
    event = "withdraw_undecided" if decided else "withdraw_parent"
    return _by(agent, case_id, event, body, COLLECTORS, staff_code, late=late)


def gather(agent: Agent, case_id: str, staff_code: str) -> OutboxEntry:
    """P8, B07: every result of the parent lies at this exit; each is named by the sealing that its department issued.

    Refusals RESULTS_AWAITED (the parts whose result is not known here), ROLE_MISSING, those of ``parent_here``.
    """
    file = parent_here(agent, case_id)
    found = {part.part: _result_of(agent, part) for part in file.parts if look.decided(part)}
    missing = sorted(part for part, manifest in found.items() if not manifest)
    if missing or not found:
        raise Refusal("RESULTS_AWAITED", "B07; P8", parts=",".join(missing))
    body = {"results": [{"part": part, "manifest": manifest} for part, manifest in sorted(found.items())]}
    return _by(agent, case_id, "results_gathered", body, (*COLLECTORS, "ISSUER"), staff_code)


# --- pieces ------------------------------------------------------------------------------------------------------


def is_sealed(agent: Agent, case_id: str) -> bool:
    """Whether the log told this node of the parent."""
    return last_of(history(agent.journal, case_id), "seal_parent") is not None


def is_parent(agent: Agent, case_id: str) -> bool:
    """Whether the case is a parent, by its leaves or by what waits here."""
    if is_sealed(agent, case_id):
        return True
    return any(act.event == "seal_parent" and act.refusal is None for act in agent.journal.acts(case_id))


def _demand(file: CaseFile, due: str, methods: Sequence[str]) -> dict[str, object]:
    """What the parts lack, each thing once. Refusal NOTHING_LACKS."""
    lines = plan.merged_lacks(file)
    if not lines:
        raise Refusal("NOTHING_LACKS", "states.md 8, P2", case=file.case)
    return {"lines": lines_of(lines), "due": due, "methods": list(methods)}


def _parts(agent: Agent, case_id: str) -> Sequence[PartFile]:
    view = mirror(agent, case_id)
    return view.file.parts if view.file else ()


def _result_of(agent: Agent, part: PartFile) -> str:
    """Digest of the newest result of a part, as the leaves of its own case tell."""
    told = last_of(history(agent.journal, part.case), *RESULTS)
    return str(told.statement.body["manifest"]) if told else ""


def _by(
    agent: Agent,
    case_id: str,
    event: str,
    body: Mapping[str, object],
    roles: Sequence[str],
    staff_code: str,
    chain: str = CUSTODY,
    late: acts.LateEntry | None = None,
) -> OutboxEntry:
    role = acts.role_of(agent, staff_code, roles)
    return acts.queued_by_person(agent, case_id, event, body, role, staff_code, chain=chain, late=late)

"""The department's acts that send a case back or aside: notices, refusal to accept, misrouting, advice, lapse.

Invariants:
- every act names codes of closed lists alone; the words for the applicant are sealed (``node_agent.transfer.notices``);
- one supplement notice a case (行政许可法 32(1)(4)); a second one needs the head's signature over the same payload, and
  the proof of the first is fetched and kept beside it;
- the keys go with a case that is sent elsewhere: ``misrouted`` and the packets for the proposed node are queued in one
  journal transaction, so the next department never waits for a second upload.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from crypto.log import leaf as leaves
from crypto.refusal import Refusal
from crypto.statement import read_signed
from node_agent import acts
from node_agent.acts import Head
from node_agent.department.decision_words import committed
from node_agent.known.casemirror import NOTICES, handed_on, history, manifest_here, material_sealings
from node_agent.paper.signed import keep_paper
from node_agent.process.runtime import Agent
from node_agent.transfer import pulling, sealer
from node_agent.transfer.notices import queue_with_words
from storage.files import write_private
from storage.journal import OutboxEntry

ACCEPTOR = "ACCEPTOR"
HEADS = ("HEAD",)


@dataclass(frozen=True)
class FirstNotice:
    """The notice that a case had before. ``at``: legal time, text in UTC+8; ``proof``: note with the tlog-proof, or
    empty while the log has not shown it yet."""

    digest: str
    at: str
    index: int
    proof: str


def notice(
    agent: Agent,
    case_id: str,
    staff_code: str,
    lines: Sequence[tuple[str, str]],
    due: str,
    methods: Sequence[str],
    words: str = "",
) -> OutboxEntry:
    """T16: everything that is missing, once. ``lines``: (material, defect code); ``due``: ISO date, UTC+8.

    ``words``: what the applicant reads beside the codes; sealed for the window. Refusals LINES_MISSING, ROLE_MISSING.
    """
    body = _demand(lines, due, methods)
    role = acts.role_of(agent, staff_code, (ACCEPTOR,))
    return queue_with_words(agent, case_id, "supplement_notice", body, role, staff_code, words_of(words))


def second_notice(
    agent: Agent,
    case_id: str,
    staff_code: str,
    head_code: str,
    basis: str,
    lines: Sequence[tuple[str, str]],
    due: str,
    methods: Sequence[str],
    words: str = "",
) -> OutboxEntry:
    """T19: a second notice, signed by the acceptor and by the head. ``basis``: ADDENDUM_DEFECT or OVERRIDE (R4).

    Refusals LINES_MISSING, ROLE_MISSING, PERSON_UNKNOWN_HERE.
    """
    body = {**_demand(lines, due, methods), "basis": basis}
    role = acts.role_of(agent, staff_code, (ACCEPTOR,))
    acts.role_of(agent, head_code, HEADS)
    return queue_with_words(agent, case_id, "second_notice", body, role, staff_code, words_of(words), second=head_code)


def first_notice(agent: Agent, case_id: str) -> FirstNotice | None:
    """The first supplement notice of a case, with its proof fetched and kept (note ``proof:<digest>``), or None.

    Its proof stays away while the hub is; the date and the digest come from the leaf in this node's own journal.
    """
    told = next((one for one in history(agent.journal, case_id) if one.statement.type in NOTICES), None)
    if told is None:
        return None
    name = f"proof:{told.envelope.digest}"
    if agent.journal.kept(name) is None:
        try:
            _, text = agent.hub.receipt(told.envelope.digest)
        except Refusal:
            text = ""
        if text:
            agent.journal.keep(name, text.encode())
    kept = name if agent.journal.kept(name) is not None else ""
    return FirstNotice(told.envelope.digest, told.leaf.recorded_at, told.leaf.index, kept)


def keep_first_proof(agent: Agent, case_id: str, first: FirstNotice) -> Path | None:
    """Leaf and tlog-proof of the first notice as files in ``first-notices/``; the proof's path, None without one."""
    kept = agent.journal.kept(first.proof) if first.proof else None
    if kept is None:
        return None
    folder = agent.settings.home / "first-notices"
    folder.mkdir(mode=0o700, exist_ok=True)
    for data in agent.journal.leaves(case_id):
        if leaves.decode(data).index == first.index:
            write_private(folder / f"{case_id}.leaf.json", data)
    proof = folder / f"{case_id}.tlog-proof"
    write_private(proof, kept)
    return proof


def extend_due(agent: Agent, case_id: str, staff_code: str, due: str, paper: Path) -> OutboxEntry:
    """T17E: a later due date on the applicant's written request, which is kept here and named by digest.

    ``due``: ISO date, UTC+8. Refusals ROLE_MISSING, those of the page check.
    """
    role = acts.role_of(agent, staff_code, (ACCEPTOR,))
    return acts.queued_by_person(
        agent, case_id, "extend_due", {"due": due, "paper": keep_paper(agent, paper)}, role, staff_code
    )


def refuse(
    agent: Agent, case_id: str, staff_code: str, reason: str, competent_body: str, reasons: str, appeal: str
) -> OutboxEntry:
    """T21: not accepted. ``reason``: code; ``reasons``, ``appeal``: words, committed to in the act, sealed beside it.

    Refusals REASONS_MISSING (行政许可法 38, 72: a refusal in writing has reasons), ROLE_MISSING.
    """
    if not (reasons.strip() and appeal.strip()):
        raise Refusal("REASONS_MISSING", "行政许可法 32(1)(2), 38; T21", case=case_id)
    made, page = committed({"reasons": reasons.strip(), "appeal": appeal.strip()})
    body: dict[str, object] = {"reason": reason, **made}
    if competent_body:
        body["competent_body"] = competent_body
    role = acts.role_of(agent, staff_code, (ACCEPTOR,))
    return queue_with_words(agent, case_id, "refuse_accept", body, role, staff_code, page)


def misrouted(
    agent: Agent, case_id: str, staff_code: str, reason: str, target: str = "", queue: str = ""
) -> OutboxEntry:
    """T22: not ours. ``target``: node id of the department that it should go to, whose keys go along; may be empty.

    Refusals ROLE_MISSING, NOT_PULLED, PACKET_UNREADABLE, SUBJECT_UNKNOWN, KEY_REVOKED.
    """
    body: dict[str, object] = {"reason": reason}
    if target:
        body["target"] = target
    if target and queue:
        body["queue"] = queue
    role = acts.role_of(agent, staff_code, (ACCEPTOR,))
    entry = acts.by_person(agent, case_id, "misrouted", body, role, staff_code)
    head = Head(read_signed(entry.envelope).seq or 0, entry.payload_digest)
    wraps = wraps_to(agent, case_id, target, head) if target else []
    agent.journal.queue([entry, *wraps])  # commit point: the act and the keys for the next node
    return entry


def answer_pre_review(
    agent: Agent, case_id: str, staff_code: str, answer: str, lines: Sequence[tuple[str, str]] = ()
) -> OutboxEntry:
    """T04: advice before the seal: OK, LACKS (with lines) or NOT_OURS. No legal decision. Refusal ROLE_MISSING."""
    body: dict[str, object] = {"answer": answer}
    if lines:
        body["lines"] = lines_of(lines)
    role = acts.role_of(agent, staff_code, (ACCEPTOR,))
    return acts.queued_by_person(agent, case_id, "pre_review_answer", body, role, staff_code)


def lapse(agent: Agent, case_id: str, staff_code: str, reminder: Path) -> OutboxEntry:
    """T20: the applicant did not complete in time, in spite of the reminder whose paper is kept here.

    Refusals ROLE_MISSING, those of the page check.
    """
    role = acts.role_of(agent, staff_code, (ACCEPTOR,))
    return acts.queued_by_person(
        agent, case_id, "lapse", {"reminder_paper": keep_paper(agent, reminder)}, role, staff_code
    )


def wraps_to(
    agent: Agent, case_id: str, recipient: str, head: Head | None = None, *, reviews: bool = False
) -> list[OutboxEntry]:
    """Packets of the application and its addenda for another node, from the packets that this node holds.

    ``reviews``: those of the first reviews from below too (T30).

    Refusals NOT_PULLED, PACKET_UNREADABLE, MANIFEST_MISSING, SUBJECT_UNKNOWN, KEY_REVOKED.
    """
    record = agent.registry.directory.current(recipient)
    made = []
    told = history(agent.journal, case_id)
    for digest in handed_on(told) if reviews else material_sealings(told):
        manifest, _ = manifest_here(agent.journal, digest)
        made.append(
            sealer.wrap_entry(
                agent.identity,
                agent.journal,
                head=head,
                role="department",
                case=case_id,
                revision=manifest.revision,
                manifest_digest=digest,
                keys=pulling.data_keys(agent, case_id, digest, manifest),
                recipient=record,
                bound_to=manifest.case,
            )
        )
    return made


def _demand(lines: Sequence[tuple[str, str]], due: str, methods: Sequence[str]) -> dict[str, object]:
    if not lines:
        raise Refusal("LINES_MISSING", "行政许可法 32(1)(4); T16")
    return {"lines": lines_of(lines), "due": due, "methods": list(methods)}


def lines_of(lines: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    """Materials and their defects as a body has them."""
    return [{"material": material, "defect": defect} for material, defect in lines]


def words_of(words: str) -> dict[str, object]:
    """What is sealed beside an act; nothing for no words."""
    return {"words": words.strip()} if words.strip() else {}

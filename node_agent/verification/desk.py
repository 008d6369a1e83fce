"""A line of the checklist closed by a question instead of a scan, or the reason why it has to be scanned (D20).

Steps, the same in ``check`` and ``ask``:
1. a live authorisation for this node, kind, purpose and item is picked; without one nobody is asked (H05);
2. the query is kept, to be told to the log as soon as the case is there, whatever becomes of it (``queries``);
3. the body is asked, within bounded time; no answer is the answer UNAVAILABLE, and only the supplier that the
   authorisation names may answer;
4. the line is closed only by OK: the whole answer with its source, time and reference is its one sealed page.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from crypto import canonical
from crypto.canonical import CHINA
from crypto.refusal import Refusal
from crypto.sharing import Sharing
from hub.casework.reasons import DATA_RESULTS
from hub.casework.sharing.guards import FLOW_OF
from node_agent.process.runtime import Agent
from node_agent.verification import queries
from node_agent.verification.connector import RULE, Answer, Connector, Kind, Query, Result
from node_agent.verification.evidence import committed, subject_digest
from node_agent.window import drafts
from node_agent.window.drafts import Draft, DraftLine, DraftPage

INTAKE, REVIEW = "INTAKE", "REVIEW"
SALT_SIZE = 32
FAILED = {
    "VERIFIER_UNAVAILABLE": Result.UNAVAILABLE,
    "VERIFIER_REFUSED": Result.REFUSED,
    "VERIFIER_ANSWER_INVALID": Result.INVALID,
}
"""What the log is told of a query that got no answer to use."""


@dataclass(frozen=True)
class Checked:
    """What became of a query. ``closed``: the line needs no scan; ``words``: fit to be read to the applicant."""

    result: Result
    closed: bool
    words: str
    source: str = ""
    at: str = ""


def check(
    agent: Agent,
    case_id: str,
    material: str,
    acquisition: str,
    kind: Kind,
    staff_code: str,
    connector: Connector,
    subject: Mapping[str, Any] | None = None,
) -> Checked:
    """Ask for one material of a draft. ``subject``: what is asked about; by itself the numbers of the form.

    Refusals DRAFT_…, MATERIAL_NOT_LISTED, ACQUISITION_NOT_ALLOWED, SHARING_MISSING, VERIFIER_REFUSED,
    VERIFIER_ANSWER_INVALID, DRAFT_UNWRITABLE. No answer is no refusal: it says that the paper has to be scanned.
    """
    draft = drafts.open_draft(agent, case_id)
    _require_way(agent, draft, material, acquisition)
    person, _ = agent.identity.person(staff_code)
    asked = subject if subject is not None else subject_of(draft.form)
    about = Question(draft.task_code, material, acquisition, kind, asked)
    answer, evidence = at_intake(agent, case_id, about, connector, person, staff_code)
    if answer.result is not Result.OK:
        words = f"《{drafts.material_of(agent, draft, material).name}》{DATA_RESULTS[answer.result]}，请提交原件扫描"
        return Checked(answer.result, False, words, answer.source, answer.at)
    page = _page(agent, draft, material, evidence)

    def put(now: Draft) -> None:  # 4
        drafts.require_seen(draft.lines, now.lines, material)
        now.lines[material] = DraftLine(material, acquisition, "A", "NOT_NEEDED", (page,))
        now.tolerated.pop(material, None)

    drafts.change(agent, case_id, put)
    return Checked(answer.result, True, DATA_RESULTS[answer.result], answer.source, answer.at)


@dataclass(frozen=True)
class Question:
    """What is asked at intake, for which material of which item; ``acquisition``: the way by which the line closes."""

    task_code: str
    material: str
    acquisition: str
    kind: Kind
    subject: Mapping[str, Any]


def at_intake(
    agent: Agent, case_id: str, about: Question, connector: Connector, person: str = "", staff_code: str = ""
) -> tuple[Answer, bytes]:
    """Steps 1 to 3 before the seal, and what is sealed as the line's page when the answer is OK.

    ``person``: who asks; nobody at a portal, where the applicant's order does. Refusals SHARING_MISSING,
    VERIFIER_REFUSED, VERIFIER_ANSWER_INVALID.
    """
    flow = FLOW_OF[about.acquisition]
    query, granted = _query(agent, about.kind, flow, INTAKE, about.task_code, about.subject)
    answer, salt = _asked(agent, case_id, query, granted.supplier, person, about.material, connector)
    return answer, canonical.encode(_evidence(query, answer, salt, about.acquisition, staff_code))


def ask(
    agent: Agent,
    case_id: str,
    task_code: str,
    kind: Kind,
    staff_code: str,
    connector: Connector,
    subject: Mapping[str, Any],
) -> tuple[Checked, Answer]:
    """The department's own query in a case that it has (purpose REVIEW). Refusals as ``check``."""
    person, _ = agent.identity.person(staff_code)
    query, granted = _query(agent, kind, "VERIFY", REVIEW, task_code, subject)
    try:
        answer, _ = _asked(agent, case_id, query, granted.supplier, person, "", connector)
    finally:
        queries.flush(agent, case_id)
    return Checked(answer.result, False, DATA_RESULTS[answer.result], answer.source, answer.at), answer


def subject_of(form: Mapping[str, Any]) -> dict[str, Any]:
    """Who the application is of: numbers and names alone (个人信息保护法 6)."""
    person, body = form.get("applicant"), form.get("enterprise")
    found: dict[str, Any] = {}
    for part, wanted in ((person, ("name", "citizen_id")), (body, ("name", "credit_code"))):
        if isinstance(part, Mapping):
            found |= {f"{name}": str(part[name]) for name in wanted if name in part and name not in found}
    return found


def pick(agent: Agent, kind: Kind, flow: str, purpose: str, task_code: str) -> Sharing:
    """The live authorisation to ask under. Refusal SHARING_MISSING."""
    directory, today = agent.registry.directory, datetime.now(CHINA).date().isoformat()
    for found in directory.sharing.all():
        fits = found.covers(kind.value, agent.identity.node, purpose, task_code, today)
        if found.live_at(directory.epoch) and fits and found.flow == flow:
            return found
    raise Refusal("SHARING_MISSING", "H05; 政务数据共享条例", sharing="", kind=kind.value)


# --- pieces ----------------------------------------------------------------------------------------------------------


def _query(
    agent: Agent, kind: Kind, flow: str, purpose: str, task_code: str, subject: Mapping[str, Any]
) -> tuple[Query, Sharing]:
    granted = pick(agent, kind, flow, purpose, task_code)  # 1
    return Query(secrets.token_hex(16), kind, flow, purpose, granted.sharing_id, subject), granted


def _asked(
    agent: Agent, case_id: str, query: Query, supplier: str, person: str, material: str, connector: Connector
) -> tuple[Answer, bytes]:
    """The answer and the salt of its commitment. Refusals VERIFIER_REFUSED, VERIFIER_ANSWER_INVALID, after keeping."""
    salt, refused = secrets.token_bytes(SALT_SIZE), None
    answer = Answer(Result.UNAVAILABLE, "", query.query_id, canonical.time_text(datetime.now(UTC)))
    queries.begin(agent, case_id, query.query_id, _body(query, answer, salt, person, material))  # 2
    try:
        answer = _from_supplier(connector.ask(query), supplier)  # 3
    except Refusal as refusal:
        if refusal.code not in FAILED:
            raise
        answer = replace(answer, result=FAILED[refusal.code])
        refused = None if refusal.code == "VERIFIER_UNAVAILABLE" else refusal
    queries.answered(agent, case_id, query.query_id, _body(query, answer, salt, person, material))
    if refused is not None:
        raise refused
    return answer, salt


def _from_supplier(answer: Answer, supplier: str) -> Answer:
    if answer.source != supplier:
        raise Refusal("VERIFIER_ANSWER_INVALID", f"H03, H05; {RULE}", member="source")
    return answer


def _body(query: Query, answer: Answer, salt: bytes, person: str, material: str) -> dict[str, object]:
    """What the log is told of the query: codes and the commitment to the reference (promise 1)."""
    body: dict[str, object] = {
        "kind": query.kind.value, "grant": query.sharing, "purpose": query.purpose, "result": answer.result.value,
        "reference": committed(answer.reference, salt),
    }  # fmt: skip
    return body | ({"asked_by": person} if person else {}) | ({"material": material} if material else {})


def _evidence(query: Query, answer: Answer, salt: bytes, acquisition: str, staff_code: str) -> dict[str, object]:
    """What is sealed as the line's page; ``evidence.said_in`` reads it again at the seal."""
    return {
        "acquisition": acquisition, "query": query.query_id, "kind": query.kind.value, "flow": query.flow,
        "grant": query.sharing, "subject": subject_digest(query.subject, salt),
        "source": answer.source, "reference": answer.reference, "salt": salt.hex(), "checked_at": answer.at,
        "facts": dict(answer.facts), "staff_code": staff_code,
    }  # fmt: skip


def _page(agent: Agent, draft: Draft, material: str, data: bytes) -> DraftPage:
    name = drafts.keep_files(drafts.folder(agent, draft.case), [(f"{material}.json", data)])[0]
    return DraftPage(name, drafts.JSON_MEDIA, canonical.digest(data))


def _require_way(agent: Agent, draft: Draft, material: str, acquisition: str) -> None:
    allowed = drafts.material_of(agent, draft, material).acquisition
    if acquisition not in FLOW_OF or acquisition not in allowed:
        told = {"material": material, "acquisition": acquisition[:20]}
        raise Refusal("ACQUISITION_NOT_ALLOWED", f"T02; D03; {RULE}", **told, allowed=",".join(allowed))

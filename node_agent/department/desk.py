"""The deciding department's acts: accept, decide, issue, post, hand over to its own line system, grants.

Invariants:
- every act is signed by the person and the node over the head that this node knows, and is kept in the journal before
  a command says so; the hub judges it;
- a result is sealed to this node, the collecting window and the region's recovery key, and its data key also to the
  applicant's own public key; the gateway gets the address line and nothing else (promise 1, H01);
- an application's plaintext reaches the disk only when it is handed over to the line system by name;
- reasons and appeal of a refusal go into the log as salted commitments alone (promise 1); the words lie in this node's
  journal until the result that they are sealed with, for the window and the applicant, is issued.
"""

import base64
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from crypto import canonical, identity
from crypto.kem import X25519
from crypto.manifest import LineFacts
from crypto.records import GRANT_KINDS
from crypto.refusal import Refusal
from crypto.sealing import SALT_SIZE, wrap_keys
from crypto.statement import REGISTRY, Actor, Statement, read_signed, sign
from hub.casework.casefile import CaseFile
from hub.casework.catalogue.model import Item
from hub.casework.decision.guards import DECISION
from hub.casework.facts import ADDRESS, FORM
from hub.casework.originals.states import TO_WINDOW_KIND
from hub.casework.time import clocks
from hub.casework.time.shown import shown_clock
from node_agent import acts
from node_agent.department.handover import BundleLine, write_bundle
from node_agent.imaging.check import read_page
from node_agent.known.casemirror import (
    ENDED,
    ROUTES,
    CaseView,
    application_leaf,
    history,
    last_of,
    manifest_here,
    mirror,
    sealings,
)
from node_agent.paper.signed import keep_paper
from node_agent.process.runtime import Agent
from node_agent.transfer import pulling, sealer
from node_agent.transfer.notices import DECISION_NOTE
from node_agent.transfer.opening import OpenedCase, OpenedLine
from storage.journal import OutboxEntry

RESULT = "M-RESULT"
RESULTS = ("issue", "reissue", "correct_result")
"""Acts that seal a result (T33, D10, T32)."""
DECIDERS = ("DECIDER", "HEAD")
NOTHING: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True)
class QueueLine:
    """One case of this department. ``days``: working days left by clock (K2, K3), negative when overdue.

    ``shown``: the clock that its type shows, in words (C04); empty where the list is not known here.
    """

    view: CaseView
    case_no: str
    public_no: str
    task_code: str
    days: Mapping[str, int]
    due: Mapping[str, str | None]
    shown: str = ""

    @property
    def risk(self) -> tuple[int, str]:
        """Sort key: fewest days left first; cases without a running clock last."""
        return (min(self.days.values(), default=1 << 30), self.case_no)


def accept(agent: Agent, case_id: str, staff_code: str, body: Mapping[str, object] = NOTHING) -> OutboxEntry:
    """T14: the department takes the case up; K3 and K4 start. Source: 行政许可法 32(5), 42.

    ``body``: promises and certified copies (``department.materials``).
    """
    return _act(agent, case_id, "accept", dict(body), "ACCEPTOR", staff_code)


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
        body |= _keep_decision(agent, case_id, {"reasons": reasons.strip(), "appeal": appeal.strip()})
    return _act(agent, case_id, "decide", body, role, staff_code)


def issue(
    agent: Agent, case_id: str, staff_code: str, files: Sequence[Path], more: Mapping[str, object] = NOTHING
) -> OutboxEntry:
    """T33: seal the result pages and issue them under a live SEAL_USE grant (F03, E10); upload and wraps are queued.

    ``more``: certified copies (``department.materials``).
    After a refusal a line ``DECISION`` holds its words, so that window and applicant can read and check them.
    Refusals GRANT_MISSING, APPLICANT_KEY_MISSING, DECISION_TEXT_MISSING, those of ``read_page`` and ``seal_bundle``.
    """
    grant = live_grant(agent, case_id, "SEAL_USE", staff_code)
    return _seal_result(agent, case_id, staff_code, files, "issue", {"grant": grant, **more})


def reissue(agent: Agent, case_id: str, staff_code: str, files: Sequence[Path], certificate: str) -> OutboxEntry:
    """D10: the result made anew after a loss or a recall; the old one is void. ``certificate``: its new number.

    The number goes into the log as a salted commitment; salt and number lie in this node's journal (promise 1).
    Refusals as ``issue``; RESULT_NOT_LOST when there is no result yet.
    """
    old = [digest for event, digest in sealings(history(agent.journal, case_id)) if event in RESULTS]
    if not old:
        raise Refusal("RESULT_NOT_LOST", "D10", case=case_id)
    grant = live_grant(agent, case_id, "SEAL_USE", staff_code)
    made, page = committed({"certificate": certificate.strip()})
    agent.journal.keep(f"certificate:{made['certificate']}", canonical.encode(page))
    return _seal_result(agent, case_id, staff_code, files, "reissue", {**made, "voids": old[-1], "grant": grant})


def correct_result(
    agent: Agent,
    case_id: str,
    staff_code: str,
    files: Sequence[Path],
    reason: str,
    paper: Path,
    issuer_code: str = "",
    record: Path | None = None,
) -> OutboxEntry:
    """T32, D11: a slip in a result that was issued; the next version, by who may decide, under the seal of who uses it.

    ``paper``: the corrected paper; ``issuer_code``: who uses the seal and signs too, empty where the decider may
    himself; ``record``: of a collective decision. Refusals as ``issue``; ROLE_MISSING, PERSON_UNKNOWN_HERE.
    """
    decision_by = item_of(agent, case_id).decision_by
    role = acts.role_of(agent, staff_code, DECIDERS if decision_by != "HEAD" else ("HEAD",))
    seal_grant = live_grant(agent, case_id, "SEAL_USE", issuer_code or staff_code)
    said: dict[str, object] = {"reason": reason, "seal_grant": seal_grant}
    if decision_by == "GRANT":
        said["grant"] = live_grant(agent, case_id, "DECIDE", staff_code)
    if record is not None:
        said["record"] = keep_paper(agent, record)
    said["paper"] = keep_paper(agent, paper)
    return _seal_result(agent, case_id, staff_code, files, "correct_result", said, role, issuer_code)


def _seal_result(
    agent: Agent,
    case_id: str,
    staff_code: str,
    files: Sequence[Path],
    event: str,
    said: Mapping[str, object],
    role: str = "ISSUER",
    second: str = "",
) -> OutboxEntry:
    told = history(agent.journal, case_id)
    application = manifest_here(agent.journal, pulling.application_of(agent, case_id))[0]
    pages = tuple(_result_page(file) for file in files)
    bundle = sealer.seal_bundle(
        agent.spool,
        [_result_line(RESULT, pages), *_decision_line(agent, case_id)],
        case=case_id,
        revision=application.revision + sum(name in RESULTS for name, _ in sealings(told)) + 1,
        kind="result",
        task_code=str(seal_member(agent, case_id, "task_code")),  # a child's sealing is its parent's
        catalogue=application.catalogue,
    )
    packets = _applicant_packets(agent, case_id, bundle)
    body = {**said, "manifest": bundle.digest, "applicant_packets": packets}
    signed = acts.by_person(agent, case_id, event, body, role, staff_code, second=second or None)
    main = replace(signed, needs_upload=bundle.digest)
    window = str(seal_member(agent, case_id, "node"))
    wraps = [
        replace(
            sealer.wrap_entry(
                agent.identity,
                agent.journal,
                role="department",
                case=case_id,
                revision=bundle.manifest.revision,
                manifest_digest=bundle.digest,
                keys=bundle.keys,
                recipient=agent.registry.directory.current(recipient),
            ),
            needs_upload=bundle.digest,
        )
        for recipient in (agent.identity.node, window, agent.settings.recovery_node)
    ]
    agent.journal.keep(f"manifest:{bundle.digest}", bundle.encoded)
    agent.journal.queue([main, *wraps], [bundle.pending()])  # commit point: data keys are wrapped, act is kept
    return main


def post_to_window(agent: Agent, case_id: str, staff_code: str, gateway: str = "") -> OutboxEntry:
    """E09: the result goes to the collecting window, whose address stands in the list. Refusal GATEWAY_UNSET."""
    target = gateway or agent.settings.gateway_node
    if not target:
        raise Refusal("GATEWAY_UNSET", "A08; D4", case=case_id)
    body = {"parcel": secrets.token_hex(16), "gateway": target, "kind": TO_WINDOW_KIND}
    return _act(agent, case_id, "post", body, "ISSUER", staff_code)


def post(agent: Agent, case_id: str, staff_code: str, gateway: str = "") -> OutboxEntry:
    """D4: give the address line to the gateway, then hand it the parcel.

    Refusals GATEWAY_UNSET, ADDRESS_MISSING (the sealing holds none), NOT_PULLED, SUBJECT_UNKNOWN, KEY_REVOKED.
    """
    target = gateway or agent.settings.gateway_node
    if not target:
        raise Refusal("GATEWAY_UNSET", "A08; D4", case=case_id)
    digest = pulling.application_of(agent, case_id)
    manifest, _ = manifest_here(agent.journal, digest)
    lines = {line.line for line in manifest.lines if line.material == ADDRESS}
    keys = {name: key for name, key in pulling.data_keys(agent, case_id, digest, manifest).items() if name[0] in lines}
    if not keys:
        raise Refusal("ADDRESS_MISSING", "D4; H01", case=case_id)
    wrap = sealer.wrap_entry(
        agent.identity,
        agent.journal,
        role="department",
        case=case_id,
        revision=manifest.revision,
        manifest_digest=digest,
        keys=keys,
        recipient=agent.registry.directory.current(target),
        bound_to=manifest.case,
    )
    main = acts.by_person(
        agent, case_id, "post", {"parcel": secrets.token_hex(16), "gateway": target}, "ISSUER", staff_code
    )
    agent.journal.queue([wrap, main])
    return main


def handover(agent: Agent, case_id: str, opened: OpenedCase) -> list[Path]:
    """Write the opened case for the department's own line system (A05): the application, and each addendum beside it.

    Folders in order. Refusals LINE_SYSTEM_UNSET and those of ``write_bundle``.
    """
    target = agent.settings.line_system_folder
    if target is None:
        raise Refusal("LINE_SYSTEM_UNSET", "A05", case=case_id)
    try:
        target.mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError as error:
        raise Refusal("BUNDLE_UNWRITABLE", "A05", problem=error.strerror or "") from error
    facts = {"sealed_at": opened.sealed_at, "checked_by": opened.checked_by}
    made = [
        write_bundle(target, _handed(opened, facts, opened.lines), opened.form, opened.manifest, _pages(opened.lines))
    ]
    for one in opened.addenda:
        facts = {"sealed_at": one.sealed_at, "checked_by": one.sealed_by}
        told = {**_handed(opened, facts, one.lines), "addendum": one.revision, "answers": dict(one.answers)}
        made.append(write_bundle(target, told, {}, one.manifest, _pages(one.lines), addendum=one.revision))
    return made


def _handed(opened: OpenedCase, facts: Mapping[str, object], lines: Sequence[OpenedLine]) -> dict[str, object]:
    return {
        "case_no": opened.case_no,
        "case": opened.case,
        "task_code": opened.task_code,
        **facts,
        "lines": [
            {"line": line.line, "material": line.material, "trust": line.trust, "original": line.original}
            for line in lines
        ],
    }


def _pages(lines: Sequence[OpenedLine]) -> list[BundleLine]:
    """No page images of form and address: the form goes as JSON, the address stays sealed."""
    return [
        BundleLine(line.line, line.material, line.name, [page.data for page in line.pages])
        for line in lines
        if line.material not in {FORM, ADDRESS}
    ]


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
    """F04: the head of the body grants DECIDE or SEAL_USE to a member of staff; the paper is named by digest only.

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
    person, key = agent.identity.person(staff_code)
    statement = Statement(
        type="grant.issue",
        case=None,
        chain=REGISTRY,
        seq=None,
        prev=None,
        actor=Actor(agent.identity.node, person, acts.role_of(agent, staff_code, ("HEAD",))),
        occurred_at=canonical.time_text(datetime.now(UTC)),
        body=body,
    )
    entry = acts.entry_of(sign(statement.payload(), [key, agent.identity.sign]))
    agent.journal.queue([entry])
    return entry


def queue_view(agent: Agent, now: str = "") -> list[QueueLine]:
    """This department's open cases, the legally most urgent first (users.md B2). ``now``: text of a time, UTC+8."""
    at = now or canonical.time_text(datetime.now(UTC))
    lines = []
    for case_id in agent.journal.case_ids():
        view = mirror(agent, case_id)
        if view.state not in ENDED and _is_mine(agent, view):
            lines.append(queue_line(agent, view, at))
    return sorted(lines, key=lambda line: line.risk)


def queue_line(agent: Agent, view: CaseView, at: str) -> QueueLine:
    """Days left of K2 and K3 for one case, as far as they run."""
    file = view.file
    days, due = {}, {}
    if file is not None:
        calendar = agent.registry.calendar()
        for name in ("K2", "K3"):
            state = file.clocks.get(name)
            if state is not None and state.stopped_at is None:
                days[name] = _days(state, clocks.left(state, max(at, state.started_at), calendar))
                due[name] = state.due
    case_no, public_no, task_code = _numbers(agent, view, file)
    return QueueLine(view, case_no, public_no, task_code, days, due, _shown(agent, view))


# --- pieces ------------------------------------------------------------------------------------------------------


def _act(agent: Agent, case_id: str, event: str, body: Mapping[str, object], role: str, staff_code: str) -> OutboxEntry:
    entry = acts.by_person(agent, case_id, event, body, role, staff_code)
    agent.journal.queue([entry])
    return entry


def live_grant(agent: Agent, case_id: str, kind: str, staff_code: str) -> str:
    """Id of a live grant of the person for the case's item today. Refusal GRANT_MISSING."""
    person, _ = agent.identity.person(staff_code)
    task_code = str(seal_member(agent, case_id, "task_code"))
    today = canonical.time_text(datetime.now(UTC))[:10]
    grant = agent.registry.directory.live_grant(kind, person, task_code, today)
    if grant is None:
        raise Refusal("GRANT_MISSING", "F01, F03, F04; T31, T33", kind=kind, person=person)
    return grant.grant_id


def _shown(agent: Agent, view: CaseView) -> str:
    """C04: which clock the case type shows."""
    if view.file is None:
        return ""
    item = agent.registry.catalogue(view.file.catalogue, agent.hub).items.get(view.file.task_code)
    return shown_clock(item.case_type, view.file.clocks).words if item is not None else ""


def _days(state: clocks.ClockState, left: int) -> int:
    """Whole days of what is left; limits in hours are counted in minutes."""
    return left // (24 * 60) if state.unit.is_hours else left


def item_of(agent: Agent, case_id: str) -> Item:
    """The item in the case's list. Refusals CASE_UNKNOWN_HERE, UNKNOWN_ITEM."""
    catalogue = agent.registry.catalogue(str(seal_member(agent, case_id, "catalogue")), agent.hub)
    return catalogue.item(str(seal_member(agent, case_id, "task_code")))


def seal_member(agent: Agent, case_id: str, name: str) -> object:
    """A member of the body of the newest ``seal`` (or pre-review), or its node for ``node``.

    Refusal CASE_UNKNOWN_HERE.
    """
    told = application_leaf(history(agent.journal, case_id))
    if told is None:
        raise Refusal("CASE_UNKNOWN_HERE", "A24", case=case_id)
    return told.statement.actor.node if name == "node" else told.statement.body.get(name)


def _result_page(file: Path) -> sealer.PageInput:
    facts, data = read_page(file)
    return sealer.PageInput(data, facts.media_type)


def _result_line(material: str, pages: tuple[sealer.PageInput, ...]) -> sealer.LineInput:
    return sealer.LineInput(LineFacts(material, material, "FROM_LICENCE", "A", "NOT_NEEDED"), pages)


def _keep_decision(agent: Agent, case_id: str, texts: Mapping[str, str]) -> dict[str, str]:
    """Commitments, hex SHA-256(salt, text), by member; texts and salts are kept before they are given out.

    The note holds every attempt by its commitment to the reasons: one that the hub refused must not take the words of
    the one that counts.
    """
    made, page = committed(texts)
    page = {"outcome": "REFUSE", **page}
    agent.journal.keep(DECISION_NOTE + case_id, canonical.encode({**_decisions(agent, case_id), made["reasons"]: page}))
    return made


def committed(texts: Mapping[str, str]) -> tuple[dict[str, str], dict[str, object]]:
    """Commitments, hex SHA-256(salt, text), by member, for the log; and texts with salts, for the sealed page."""
    salts = {name: secrets.token_bytes(SALT_SIZE) for name in texts}
    made = {name: canonical.digest(salts[name] + text.encode()) for name, text in texts.items()}
    return made, {**texts, "salts": {name: salt.hex() for name, salt in salts.items()}}


def _decisions(agent: Agent, case_id: str) -> dict[str, object]:
    kept = agent.journal.kept(DECISION_NOTE + case_id)
    return canonical.parse(kept) if kept else {}


def _decision_line(agent: Agent, case_id: str) -> list[sealer.LineInput]:
    """The words of the refusal that counts, as a line; none after a grant. Refusal DECISION_TEXT_MISSING."""
    own = [act for act in agent.journal.acts(case_id) if act.event == "decide" and act.state != "REFUSED"]
    said = [read_signed(act.envelope) for act in own]
    said += [told.statement for told in history(agent.journal, case_id) if told.statement.type == "decide"]
    if not said or said[-1].body.get("outcome") != "REFUSE":
        return []
    page = _decisions(agent, case_id).get(str(said[-1].body.get("reasons")))
    if page is None:
        raise Refusal("DECISION_TEXT_MISSING", "行政许可法 38; T33", case=case_id)
    return [_result_line(DECISION, (sealer.PageInput(canonical.encode(page), "application/json"),))]


def _applicant_packets(agent: Agent, case_id: str, bundle: sealer.Bundle) -> list[dict[str, str]]:
    """The result's data keys wrapped to the applicant's own key (80 bytes each). Refusal APPLICANT_KEY_MISSING."""
    key = seal_member(agent, case_id, "applicant_key")
    if not isinstance(key, dict) or key.get("suite") != X25519:
        raise Refusal("APPLICANT_KEY_MISSING", "architecture: results are sealed to the applicant", case=case_id)
    public = base64.b64decode(str(key["public"]))
    revision = bundle.manifest.revision
    return [
        {
            "line": packet.line,
            "rendition": packet.rendition,
            "packet": base64.b64encode(packet.packet).decode(),
        }
        for packet in wrap_keys(case_id, revision, bundle.keys, "applicant", X25519, public)
    ]


def _is_mine(agent: Agent, view: CaseView) -> bool:
    if view.file is not None:
        return view.file.accepting_node == agent.identity.node
    sent = last_of(history(agent.journal, view.case), *ROUTES)
    return sent is not None and sent.statement.body.get("accepting_node") == agent.identity.node


def _numbers(agent: Agent, view: CaseView, file: CaseFile | None) -> tuple[str, str, str]:
    if file is not None:
        return file.case_no, file.public_no, file.task_code
    told = history(agent.journal, view.case)
    first = application_leaf(told) or told[0]
    body = first.statement.body
    return (
        first.leaf.assigned.get("case_no", ""),
        str(body.get("public_no", "")),
        str(body.get("task_code", "")),
    )

"""The result of a case: sealed and issued, made anew, corrected, and given to the post.

Invariants:
- a result is sealed to this node, the collecting window and the region's recovery key, and its data key also to the
  applicant's own public key; the gateway gets the address line and nothing else (promise 1, H01);
- after a refusal the result holds its words as a line, so that window and applicant can read and check them.
"""

import base64
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from crypto import canonical
from crypto.kem import X25519
from crypto.manifest import LineFacts
from crypto.refusal import Refusal
from crypto.sealing import wrap_keys
from crypto.statement import read_signed
from hub.casework.decision.guards import DECISION
from hub.casework.facts import ADDRESS
from hub.casework.originals.states import TO_WINDOW_KIND
from node_agent import acts
from node_agent.department.decision_words import committed, decisions
from node_agent.department.desk import DECIDERS, NOTHING
from node_agent.department.powers import live_grant
from node_agent.department.sealed import item_of, seal_member
from node_agent.imaging.check import read_page
from node_agent.known.casemirror import (
    history,
    manifest_here,
    sealings,
)
from node_agent.paper.signed import keep_paper
from node_agent.process.runtime import Agent
from node_agent.transfer import pulling, sealer
from storage.journal import OutboxEntry

RESULT = "M-RESULT"
RESULTS = ("issue", "reissue", "correct_result")
"""Acts that seal a result (T33, D10, T32)."""


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
    nodes = (agent.identity.node, window, agent.settings.recovery_node)
    recipients = [agent.registry.directory.current(node) for node in nodes]
    made = sealer.wraps_of(agent.identity, agent.journal, bundle, recipients, role="department")
    wraps = [replace(wrap, needs_upload=bundle.digest) for wrap in made]
    agent.journal.keep(f"manifest:{bundle.digest}", bundle.encoded)
    agent.journal.queue([main, *wraps], [bundle.pending()])  # commit point: data keys are wrapped, act is kept
    return main


def post_to_window(agent: Agent, case_id: str, staff_code: str, gateway: str = "") -> OutboxEntry:
    """E09: the result goes to the collecting window, whose address stands in the list. Refusal GATEWAY_UNSET."""
    target = gateway or agent.settings.gateway_node
    if not target:
        raise Refusal("GATEWAY_UNSET", "A08; D4", case=case_id)
    body = {"parcel": secrets.token_hex(16), "gateway": target, "kind": TO_WINDOW_KIND}
    return acts.queued_by_person(agent, case_id, "post", body, "ISSUER", staff_code)


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


def _result_page(file: Path) -> sealer.PageInput:
    facts, data = read_page(file)
    return sealer.PageInput(data, facts.media_type)


def _result_line(material: str, pages: tuple[sealer.PageInput, ...]) -> sealer.LineInput:
    return sealer.LineInput(LineFacts(material, material, "FROM_LICENCE", "A", "NOT_NEEDED"), pages)


def _decision_line(agent: Agent, case_id: str) -> list[sealer.LineInput]:
    """The words of the refusal that counts, as a line; none after a grant. Refusal DECISION_TEXT_MISSING."""
    own = [act for act in agent.journal.acts(case_id) if act.event == "decide" and act.state != "REFUSED"]
    said = [read_signed(act.envelope) for act in own]
    said += [told.statement for told in history(agent.journal, case_id) if told.statement.type == "decide"]
    if not said or said[-1].body.get("outcome") != "REFUSE":
        return []
    page = decisions(agent, case_id).get(str(said[-1].body.get("reasons")))
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

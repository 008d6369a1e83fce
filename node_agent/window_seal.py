"""T05 at the window: from a complete draft to a queued seal, upload and key packets.

Invariants:
- sealing works without hub and store, on a directory snapshot that is not too old;
- seal, upload and key packets are queued in one journal transaction: a kill leaves all of them or none;
- data keys leave memory only as packets; the window itself is always among the recipients;
- the applicant's secret is given out once, in ``SealResult``, and kept nowhere.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crypto import identity
from crypto.canonical import CHINA
from crypto.manifest import LineFacts
from crypto.records import KeyRecord, PublicKey
from crypto.refusal import Refusal
from hub.casework import numbers, routing
from hub.casework.guards import ADDRESS, FORM
from node_agent import acts, drafts
from node_agent.acts import Head
from node_agent.applicant import Applicant, new_applicant, slow_hash
from node_agent.drafts import Draft, DraftLine
from node_agent.runtime import Agent
from node_agent.sealer import Bundle, LineInput, PageInput, seal_bundle, wrap_entry
from node_agent.snapshot import require_fresh
from storage.journal import OutboxEntry

COLLECTING = ("COLLECTOR", "COLLECT_LEAD")
COUNTER_LAST = 999_999


@dataclass(frozen=True)
class SealResult:
    """What the applicant gets, and what is queued. ``waiting_for``: recipients without a valid key at this moment.

    ``secret``: 64 hex digits, printed once and kept nowhere. ``entries``: payload digests, the seal's first.
    """

    case_id: str
    public_no: str
    check_code: str
    secret: str
    manifest: str
    entries: tuple[str, ...]
    waiting_for: tuple[str, ...]


def seal(
    agent: Agent,
    case_id: str,
    staff_code: str,
    *,
    insist: bool = False,
    no_classified: bool,
    applicant_signed: bool,
    privacy_notice: bool,
) -> SealResult:
    """Seal the draft and queue seal, upload and key packets; works without hub and store (T05).

    ``insist``: the applicant insists in spite of open lines (E04); the missing key materials are named in the act.
    Refusals DRAFT_…, DECLARATION_MISSING, MATERIALS_INCOMPLETE (all open key lines at once), SNAPSHOT_…, ITEM_…,
    ROLE_MISSING, PUBLIC_PREFIX_MISSING, PUBLIC_NUMBERS_SPENT, SPOOL_UNWRITABLE, JOURNAL_UNWRITABLE.
    """
    draft, now = drafts.open_draft(agent, case_id), datetime.now(UTC)
    ticks = {"no_classified": no_classified, "applicant_signed": applicant_signed, "privacy_notice": privacy_notice}
    _require_ticks(ticks)
    require_fresh(agent, now)
    agent.registry.catalogue(draft.catalogue).require_live(
        draft.task_code, now.astimezone(CHINA).date(), identity.node_name(agent.identity.node)
    )
    defects = _require_closed(agent, draft, insist)
    role = collecting_role(agent, staff_code)
    recipients, waiting_for = _recipients(agent, draft, now)
    applicant, public_no = new_applicant(), _next_public_number(agent)
    bundle = _bundle(agent, draft)
    said: dict[str, object] = {**ticks, "public_no": public_no, "manifest": bundle.digest}
    if defects:
        said["insisted_defects"] = defects
    envelope = acts.build(
        agent.identity,
        agent.journal,
        event="seal",
        case_id=case_id,
        body=_body(draft, applicant, said),
        role=role,
        staff_code=staff_code,
    )
    hashed = slow_hash(public_no, applicant.check_code)
    sealed = acts.entry_of(envelope, check_code_hash=hashed, needs_upload=bundle.digest)
    entries = [sealed, *(_wrap(agent, bundle, recipient, sealed) for recipient in recipients)]
    # Saved first: once it is queued, the sender may erase the draft at any moment. Whether a draft is sealed is asked
    # of the outbox alone, so a kill between the two leaves it open.
    draft.state, draft.public_no = drafts.SEALED, public_no
    drafts.save(agent, draft)
    agent.journal.queue(entries, [bundle.pending()])  # commit point: the case is on its way
    digests = tuple(entry.payload_digest for entry in entries)
    return SealResult(case_id, public_no, applicant.check_code, applicant.secret, bundle.digest, digests, waiting_for)


def _wrap(agent: Agent, bundle: Bundle, recipient: KeyRecord, seal: OutboxEntry) -> OutboxEntry:
    return wrap_entry(
        agent.identity,
        agent.journal,
        head=Head(1, seal.payload_digest),
        role="window",
        case=bundle.manifest.case,
        revision=bundle.manifest.revision,
        manifest_digest=bundle.digest,
        keys=bundle.keys,
        recipient=recipient,
    )


def _body(draft: Draft, applicant: Applicant, said: Mapping[str, object]) -> dict[str, object]:
    key = applicant.result_key
    return {
        **said,
        "task_code": draft.task_code,
        "region": draft.region,
        "catalogue": draft.catalogue,
        "applicant_key": PublicKey(key.suite, key.public).as_object(),
        "delivery": draft.delivery,
    }


def _require_ticks(ticks: Mapping[str, bool]) -> None:
    for tick, given in ticks.items():
        if not given:
            raise Refusal("DECLARATION_MISSING", "A23; 个人信息保护法 35; T05", declaration=tick)


def _require_closed(agent: Agent, draft: Draft, insist: bool) -> list[str]:
    """Codes of key materials that are not there at all; empty unless the applicant insists."""
    open_lines = [line for line in drafts.checklist(agent, draft.case) if line.key and line.open]
    if open_lines and not insist:
        missing = ",".join(line.material for line in open_lines)
        raise Refusal("MATERIALS_INCOMPLETE", "A03, E04; T05", missing=missing)
    return sorted(line.material for line in open_lines if line.material not in draft.lines)


def collecting_role(agent: Agent, staff_code: str) -> str:
    person, _ = agent.identity.person(staff_code)
    roles = agent.registry.directory.current(person).roles
    for role in COLLECTING:
        if role in roles:
            return role
    raise Refusal("ROLE_MISSING", "T05; H09", role=COLLECTING[0], person=person)


def _recipients(agent: Agent, draft: Draft, now: datetime) -> tuple[list[KeyRecord], tuple[str, ...]]:
    """This window, the department of the one queue, the recovery node; and who of them has no valid key now."""
    directory = agent.registry.directory
    queue = routing.route(
        agent.registry.catalogue(draft.catalogue), draft.task_code, draft.region, now.astimezone(CHINA).date()
    )
    found = {agent.identity.node: directory.current(agent.identity.node)}
    missing = []
    departments = [
        record for record in directory.nodes("department") if identity.node_name(record.subject) == queue.node
    ]
    if departments:
        found[departments[0].subject] = departments[0]
    else:
        missing.append(queue.node)
    try:
        found[agent.settings.recovery_node] = directory.current(agent.settings.recovery_node)
    except Refusal:
        missing.append(agent.settings.recovery_node)
    return list(found.values()), tuple(missing)


def _next_public_number(agent: Agent) -> str:
    prefix = agent.registry.directory.current(agent.identity.node).public_prefix
    if prefix is None:
        raise Refusal("PUBLIC_PREFIX_MISSING", "architecture: public number", node=agent.identity.node)
    counter = agent.journal.next_number(f"public_no:{prefix}")
    if counter > COUNTER_LAST:
        raise Refusal("PUBLIC_NUMBERS_SPENT", "architecture: public number", prefix=prefix)
    return numbers.public_number(prefix, counter)


def _bundle(agent: Agent, draft: Draft) -> Bundle:
    home = agent.settings.home / "drafts" / draft.case
    order = [material.code for material in drafts.item_of(agent, draft).materials if material.code in draft.lines]
    lines = [_line(home, draft.lines[code]) for code in order]
    form = [_json_page(draft.form)]
    if draft.tolerated:
        form.append(_json_page({"tolerated": draft.tolerated}))
    lines.append(LineInput(LineFacts(FORM, FORM, "FORM", "D", "NOT_NEEDED"), tuple(form)))
    if draft.delivery == "POST":
        facts = LineFacts(ADDRESS, ADDRESS, "FORM", "D", "NOT_NEEDED")
        lines.append(LineInput(facts, (_json_page(draft.address),)))
    return seal_bundle(
        agent.spool,
        lines,
        case=draft.case,
        revision=1,
        kind="application",
        task_code=draft.task_code,
        catalogue=draft.catalogue,
    )


def _line(home: Path, line: DraftLine) -> LineInput:
    facts = LineFacts(line.material, line.material, line.acquisition, line.trust, line.original)
    return LineInput(facts, tuple(PageInput(home / page.file, page.media_type) for page in line.pages))


def _json_page(value: Mapping[str, Any]) -> PageInput:
    return PageInput(json.dumps(value, ensure_ascii=False, sort_keys=True).encode(), drafts.JSON_MEDIA)

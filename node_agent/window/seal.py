"""T05 at the window: from a complete draft to a queued seal, upload and key packets.

Invariants:
- sealing works without hub and store, on a directory snapshot that is not too old;
- seal, upload, key packets and the draft's new state are queued in one journal transaction: a kill leaves all of them
  or none, and a page that came while the draft was being sealed refuses the seal, so none is left out;
- what the receipt says is on disk before that, so no case is sealed without the paper that proves it;
- data keys leave memory only as packets; the window itself is always among the recipients;
- the applicant's secret stands on that paper alone and is kept nowhere else.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_bytes
from typing import Any

from crypto import identity
from crypto.canonical import CHINA
from crypto.checkcode import slow_hash
from crypto.fields import root_of_form
from crypto.manifest import LineFacts
from crypto.records import KeyRecord, PublicKey
from crypto.refusal import Refusal
from crypto.sealing import SALT_SIZE
from crypto.statement import read_signed
from hub.casework import numbers
from hub.casework.facts import ADDRESS, FORM, PROXY
from hub.casework.hand_off import routing
from node_agent import acts
from node_agent.acts import Head
from node_agent.keys.applicant import new_applicant
from node_agent.known.casemirror import history, last_of
from node_agent.known.snapshot import require_fresh
from node_agent.paper import shelf
from node_agent.process.runtime import Agent
from node_agent.transfer.missing_wraps import note_of
from node_agent.transfer.sealer import Bundle, LineInput, PageInput, seal_bundle, wrap_entry
from node_agent.verification.evidence import said_in
from node_agent.window import drafts
from node_agent.window.draft_says import said_of
from node_agent.window.drafts import Draft, DraftLine
from node_agent.window.pages import sealed_page
from node_agent.window.reading import Told
from node_agent.window.ready import READ_SECONDS, PageStand, make_draft_ready
from node_agent.window.receipt import order_of_seal
from storage.journal import OutboxEntry

COLLECTING = ("COLLECTOR", "COLLECT_LEAD")
COUNTER_LAST = 999_999


@dataclass(frozen=True)
class SealResult:
    """What the applicant gets, and what is queued. ``waiting_for``: recipients without a valid key at this moment.

    The applicant's secret waits for the printer (``window.receipt.print_waiting``). ``entries``: payload digests, the
    seal's first. ``pages``: how those stand that the list wants masked. ``check_code`` is empty, and the paper without
    a secret, when a case that came back (T24) is sealed again: those of the first receipt hold.
    """

    case_id: str
    public_no: str
    check_code: str
    manifest: str
    entries: tuple[str, ...]
    waiting_for: tuple[str, ...]
    pages: tuple[PageStand, ...] = ()


@dataclass(frozen=True)
class Reads:
    """How long sealing waits for pages that are not read yet (those with a masked copy alone), and who is told."""

    seconds: float = READ_SECONDS
    told: Told | None = None


READS = Reads()


def seal(
    agent: Agent,
    case_id: str,
    staff_code: str,
    reads: Reads = READS,
    late: acts.LateEntry | None = None,
    /,
    *,
    insist: bool = False,
    no_classified: bool,
    applicant_signed: bool,
    privacy_notice: bool,
) -> SealResult:
    """Seal the draft and queue seal, upload and key packets; works without hub and store (T05).

    ``reads``: how long to wait for pages that the list wants masked, and who is told of the progress.

    ``insist``: the applicant insists in spite of open lines (E04); the missing key materials are named in the act.
    ``late``: taken in on paper while nothing worked, sealed now (A22); the clocks begin now all the same.
    Refusals DRAFT_…, DECLARATION_MISSING, MATERIALS_INCOMPLETE (all open key lines at once), SNAPSHOT_…, ITEM_…,
    ROLE_MISSING, PUBLIC_PREFIX_MISSING, PUBLIC_NUMBERS_SPENT, SPOOL_UNWRITABLE, RECEIPT_UNWRITABLE,
    JOURNAL_UNWRITABLE, DRAFT_NEWER; after any of them nothing is queued and nothing of the attempt is left on disk.
    """
    draft, now = drafts.open_draft(agent, case_id), datetime.now(UTC)
    ticks = {"no_classified": no_classified, "applicant_signed": applicant_signed, "privacy_notice": privacy_notice}
    require_ticks(ticks)
    require_fresh(agent, now)
    agent.registry.catalogue(draft.catalogue).require_live(
        draft.task_code, now.astimezone(CHINA).date(), identity.node_name(agent.identity.node), draft.region
    )
    defects, got = _require_closed(agent, draft, insist), said_of(agent, draft)
    role = collecting_role(agent, staff_code)
    pages = make_draft_ready(agent, case_id, reads.seconds, reads.told)
    draft = drafts.open_draft(agent, case_id)  # with pages turned and masked
    recipients, waiting_for = recipients_of(agent, draft, now)
    earlier = last_of(history(agent.journal, case_id), "seal")
    applicant = None if earlier else new_applicant()
    public_no = str(earlier.statement.body["public_no"]) if earlier else next_public_number(agent)
    bundle = sealed_draft(agent, draft, next_revision(agent, case_id))
    key = PublicKey(applicant.result_key.suite, applicant.result_key.public).as_object() if applicant else None
    given = key or earlier and earlier.statement.body["applicant_key"]
    said: dict[str, object] = {**ticks, **got, "public_no": public_no, "manifest": bundle.digest}
    said["applicant_key"] = given
    if defects:
        said["insisted_defects"] = defects
    if verified := said_in(agent, draft):
        said["verified"] = verified
    envelope = acts.build(
        agent.identity,
        agent.journal,
        event="seal",
        case_id=case_id,
        body=_body(draft, said),
        role=role,
        staff_code=staff_code,
        late=late,
    )
    hashed = slow_hash(public_no, applicant.check_code) if applicant else ""
    sealed = acts.entry_of(envelope, check_code_hash=hashed, needs_upload=bundle.digest)
    entries = [sealed, *(_wrap(agent, bundle, recipient, sealed) for recipient in recipients)]
    with undone(agent, bundle, sealed):
        order = order_of_seal(agent, draft, public_no, read_signed(sealed.envelope).occurred_at, applicant)
        shelf.lay(agent.settings.home, sealed.payload_digest, order.encode())
        draft.state, draft.public_no = drafts.SEALED, public_no
        notes = note_of(case_id, bundle.digest, waiting_for)
        agent.journal.queue(entries, [bundle.pending()], notes, drafts.kept(draft))  # commit point: case is on its way
    shelf.publish(agent.settings.home, sealed.payload_digest, public_no)
    drafts.forget_readings(agent, draft.lines.values())
    digests = tuple(entry.payload_digest for entry in entries)
    code = applicant.check_code if applicant else ""
    return SealResult(case_id, public_no, code, bundle.digest, digests, waiting_for, pages)


@contextmanager
def undone(agent: Agent, bundle: Bundle, sealed: OutboxEntry) -> Iterator[None]:
    """A seal that was not queued leaves nothing behind; one that was queued, although the disk said no, stands."""
    try:
        yield
    except Exception:
        if agent.journal.entry(sealed.payload_digest) is None:
            (agent.spool / bundle.file).unlink(missing_ok=True)
            shelf.drop(agent.settings.home, sealed.payload_digest)
            raise


def next_revision(agent: Agent, case_id: str) -> int:
    """Revision of the next sealing of the application: 1, or one more for each time that the case came back (T24)."""
    return sum(one.statement.type == "seal" for one in history(agent.journal, case_id)) + 1


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


def _body(draft: Draft, said: Mapping[str, object]) -> dict[str, object]:
    return {
        **said,
        "task_code": draft.task_code,
        "region": draft.region,
        "catalogue": draft.catalogue,
        "delivery": draft.delivery,
    }


def require_ticks(ticks: Mapping[str, bool]) -> None:
    """Refusal DECLARATION_MISSING names the first tick that is not set (A23, 个人信息保护法 35)."""
    for tick, given in ticks.items():
        if not given:
            raise Refusal("DECLARATION_MISSING", "A23; 个人信息保护法 35; T05", declaration=tick)


def _require_closed(agent: Agent, draft: Draft, insist: bool) -> list[str]:
    """Codes of materials that are not there as the list wants them; empty unless the applicant insists."""
    open_lines = [line for line in drafts.checklist(agent, draft.case) if line.strict and line.open]
    if open_lines and not insist:
        missing = ",".join(line.material for line in open_lines)
        raise Refusal("MATERIALS_INCOMPLETE", "A03, E04; T05", missing=missing)
    return sorted(line.material for line in open_lines if drafts.lacks(agent, draft, line.material))


def collecting_role(agent: Agent, staff_code: str) -> str:
    """COLLECTOR or COLLECT_LEAD, as the person has it. Refusal ROLE_MISSING."""
    person, _ = agent.identity.person(staff_code)
    roles = agent.registry.directory.current(person).roles
    for role in COLLECTING:
        if role in roles:
            return role
    raise Refusal("ROLE_MISSING", "T05; H09", role=COLLECTING[0], person=person)


def recipients_of(agent: Agent, draft: Draft, now: datetime) -> tuple[list[KeyRecord], tuple[str, ...]]:
    """This window, the department of the one queue, the recovery node; and who of them has no valid key now.

    Refusals ROUTE_NONE, ROUTE_AMBIGUOUS (A05).
    """
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


def next_public_number(agent: Agent) -> str:
    """A number that this window never gave out. Refusals PUBLIC_PREFIX_MISSING, PUBLIC_NUMBERS_SPENT."""
    prefix = agent.registry.directory.current(agent.identity.node).public_prefix
    if prefix is None:
        raise Refusal("PUBLIC_PREFIX_MISSING", "architecture: public number", node=agent.identity.node)
    counter = agent.journal.next_number(f"public_no:{prefix}")
    if counter > COUNTER_LAST:
        raise Refusal("PUBLIC_NUMBERS_SPENT", "architecture: public number", prefix=prefix)
    return numbers.public_number(prefix, counter)


def sealed_draft(agent: Agent, draft: Draft, revision: int) -> Bundle:
    """The draft's pages, form and address as one sealing. Refusals of ``seal_bundle``."""
    home = agent.settings.home / "drafts" / draft.case
    order = [material.code for material in drafts.item_of(agent, draft).materials if material.code in draft.lines]
    lines = [sealed_line(home, draft.lines[code]) for code in order]
    form = [json_page(draft.form)]
    if draft.tolerated:
        form.append(json_page({"tolerated": draft.tolerated, "promises": draft.promises}))
    lines.append(LineInput(LineFacts(FORM, FORM, "FORM", "D", "NOT_NEEDED"), tuple(form)))
    if draft.delivery == "POST":
        facts = LineFacts(ADDRESS, ADDRESS, "FORM", "D", "NOT_NEEDED")
        lines.append(LineInput(facts, (json_page(draft.address),)))
    lines += proxy_line(home, draft)
    return seal_bundle(
        agent.spool,
        lines,
        case=draft.case,
        revision=revision,
        kind="application",
        task_code=draft.task_code,
        catalogue=draft.catalogue,
    )


def sealed_line(home: Path, line: DraftLine) -> LineInput:
    """A line of a draft or a supplement as it goes into a sealing; ``home``: the folder of its pages."""
    facts = LineFacts(line.material, line.material, line.acquisition, line.trust, line.original)
    return LineInput(facts, tuple(sealed_page(home, page) for page in line.pages))


def proxy_line(home: Path, draft: Draft) -> list[LineInput]:
    """The power of attorney, checked against its original, where somebody else acts for the applicant (T01)."""
    return [sealed_line(home, DraftLine(PROXY, "SUBMIT", "B", "SEEN_RETURNED", draft.proxy))] if draft.proxy else []


def json_page(value: Mapping[str, Any]) -> PageInput:
    """A form, an address or a promise as a page, committed to field by field (``crypto.fields``)."""
    salt = token_bytes(SALT_SIZE)
    data = json.dumps(value, ensure_ascii=False, sort_keys=True).encode()
    return PageInput(data, drafts.JSON_MEDIA, salt=salt, fields=root_of_form(value, salt))

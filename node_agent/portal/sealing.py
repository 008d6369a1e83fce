"""T05, T17 and K7S at a portal: an application, a supplement or a debt, sealed and queued on the applicant's order.

Invariants:
- the same list, numbers, masked copies, sealing, keys and queue as at a window; no person of the portal signs (A02,
  A25);
- seal, upload, key packets and the note that this order was taken are queued in one journal transaction: a kill leaves
  all of them or none, and no order is taken twice;
- what the applicant is told (public number, check code, secret) is on disk before that, for the front to hand on, and
  is kept nowhere else here.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any

from crypto import identity
from crypto.canonical import CHINA
from crypto.manifest import LineFacts
from crypto.records import KeyRecord
from crypto.refusal import Refusal
from crypto.statement import CUSTODY, read_signed
from hub.casework.catalogue.model import Item
from hub.casework.entry.online import ONLINE, require_online
from hub.casework.facts import ADDRESS, FORM, PROXY
from hub.casework.hand_off import routing
from hub.casework.materials.rows import MATERIALS
from node_agent import acts
from node_agent.acts import Head
from node_agent.known.casemirror import application_leaf, history, resolve
from node_agent.known.snapshot import require_fresh
from node_agent.portal import outcomes
from node_agent.portal.masked import with_masked
from node_agent.portal.materials import Got, got_online, uploaded
from node_agent.portal.outcomes import ROLE
from node_agent.portal.papers import Application, Order, commitment
from node_agent.process.runtime import Agent
from node_agent.transfer.missing_wraps import note_of
from node_agent.transfer.sealer import Bundle, LineInput, PageInput, seal_bundle, wraps_of
from node_agent.verification import queries
from node_agent.window import drafts
from node_agent.window.bundle import json_page
from node_agent.window.debts import debts_of
from node_agent.window.draft_says import said_of
from node_agent.window.drafts import Draft
from node_agent.window.intake import require_filled
from node_agent.window.reading import hints_of
from node_agent.window.recipients import recipients_of as addendum_recipients
from node_agent.window.seal import given_to, next_revision, recipients_of, require_ticks
from node_agent.window.supplement import demand
from node_agent.window.supplement import next_revision as next_addendum
from storage.files import write_private
from storage.journal import OutboxEntry

NOT_VERIFIED = "NOT_VERIFIED"
"""Code of ``reasons.DISCARD_REASONS``."""


@dataclass(frozen=True)
class Taken:
    """What became of an order. ``entries``: payload digests, the act's first; ``answer``: file for the front."""

    case: str
    public_no: str
    entries: tuple[str, ...]
    answer: Path | None = None


def taken(agent: Agent, name: str) -> Taken | None:
    """What became of the order with this name, or None while it was not taken."""
    value = outcomes.find(agent, name)
    if value is None:
        return None
    return Taken(value["case"], value["public_no"], tuple(value["entries"]))


def apply(agent: Agent, name: str, asked: Application, answers: Path) -> Taken:
    """Seal an application and queue it. ``name``: of the order, unique at the front; ``answers``: folder for the front.

    Refusals DECLARATION_MISSING, SNAPSHOT_…, those of the list (A18), IN_PERSON_REQUIRED, ONLINE_NOT_OFFERED,
    ROUTE_…, CITIZEN_ID_…, ADDRESS_MISSING, those of ``got_online``, PUBLIC_PREFIX_MISSING, SPOOL_UNWRITABLE,
    JOURNAL_UNWRITABLE.
    """
    now = datetime.now(UTC)
    require_ticks(dict(asked.declared))
    require_fresh(agent, now)
    draft, item = _draft(agent, asked, now)
    given = given_to(agent, draft.case)
    try:
        got = got_online(agent, draft, item, asked)
    except Refusal:
        _end_what_was_asked(agent, draft)
        raise
    order, page = commitment(asked.signed)
    bundle = _application(agent, draft, asked, got, page, next_revision(agent, draft.case))
    body = {
        **asked.declared, **said_of(agent, draft), **({"verified": got.verified} if got.verified else {}),
        "task_code": draft.task_code, "region": draft.region, "catalogue": draft.catalogue,
        "delivery": draft.delivery, "manifest": bundle.digest, "public_no": given.public_no, "applicant_key": given.key,
        "mode": ONLINE, "order": order, **({"agent": True} if asked.proxy else {}),
    }  # fmt: skip
    envelope = acts.build(agent.identity, agent.journal, event="seal", case_id=draft.case, body=body, role=ROLE)
    entry = acts.entry_of(envelope, check_code_hash=given.check_code_hash, needs_upload=bundle.digest)
    recipients, waiting_for = recipients_of(agent, draft, now)
    answer = answers / f"{name}.json"
    told = {"ok": True, "state": "WAITING", "case": draft.case, "public_no": given.public_no}
    if given.applicant:
        told |= {"check_code": given.check_code, "secret": given.applicant.secret}
    write_private(_waiting(answer), json.dumps(told).encode())
    made = _queue(agent, name, bundle, entry, recipients, waiting_for, given.public_no)
    publish(answers, name)
    return Taken(draft.case, given.public_no, made, answer)


def supplement(agent: Agent, name: str, asked: Order) -> Taken:
    """T17: what the notice demands, uploaded by the applicant, sealed as the next addendum.

    Refusals CASE_UNKNOWN_HERE, NOTHING_DEMANDED, NOT_DEMANDED, PAGES_NONE, SPOOL_UNWRITABLE, JOURNAL_UNWRITABLE.
    """
    case_id = resolve(agent, asked.case)
    wanted = demand(agent, case_id)
    codes = [line.material for line in wanted.lines]
    foreign = sorted(set(asked.pages) - set(codes))
    if foreign:
        raise Refusal("NOT_DEMANDED", "T17; E01", material=foreign[0][:40])
    if not any(asked.pages.values()):
        raise Refusal("PAGES_NONE", "T17; A04", material=",".join(codes))
    return _addendum(agent, name, asked, case_id, "supplement_part", CUSTODY)


def pay(agent: Agent, name: str, asked: Order) -> Taken:
    """K7S: what the applicant promised to bring, uploaded and sealed as the next addendum (B10).

    Refusals CASE_UNKNOWN_HERE, NOT_OWED, PAGES_NONE, SPOOL_UNWRITABLE, JOURNAL_UNWRITABLE.
    """
    case_id = resolve(agent, asked.case)
    owed = [debt.material for debt in debts_of(agent, case_id) if not debt.settled]
    foreign = sorted(set(asked.pages) - set(owed))
    if foreign:
        raise Refusal("NOT_OWED", "B10; E01", material=foreign[0][:40])
    if not any(asked.pages.values()):
        raise Refusal("PAGES_NONE", "B10; A04", material=",".join(owed))
    return _addendum(agent, name, asked, case_id, "debt_settled", MATERIALS)


def _addendum(agent: Agent, name: str, asked: Order, case_id: str, event: str, chain: str) -> Taken:
    told = history(agent.journal, case_id)
    application = application_leaf(told)
    if application is None:
        raise Refusal("CASE_UNKNOWN_HERE", "A24", case=case_id)
    sealed = application.statement.body
    item = agent.registry.catalogue(str(sealed["catalogue"]), agent.hub).item(str(sealed["task_code"]))
    with with_masked(agent, item, [uploaded(code, pages) for code, pages in sorted(asked.pages.items())]) as lines:
        bundle = seal_bundle(
            agent.spool, lines, case=case_id, revision=next_addendum(agent, case_id, told), kind="addendum",
            task_code=item.task_code, catalogue=str(sealed["catalogue"]),
        )  # fmt: skip
    order, page = commitment(asked.signed)
    agent.journal.keep(f"order:{order}", json.dumps(page, ensure_ascii=False).encode())
    body = {
        "manifest": bundle.digest, "materials": sorted(asked.pages), "applicant_signed": True, "order": order,
    }  # fmt: skip
    envelope = acts.build(
        agent.identity, agent.journal, event=event, case_id=case_id, body=body, role=ROLE, chain=chain
    )  # fmt: skip
    entry, public_no = acts.entry_of(envelope, needs_upload=bundle.digest), str(sealed.get("public_no", ""))
    made = _queue(agent, name, bundle, entry, *addendum_recipients(agent, told), public_no)
    return Taken(case_id, public_no, made)


def queue_order(agent: Agent, name: str, entry: OutboxEntry, public_no: str) -> Taken:
    """Queue one act, with the note that this order was taken."""
    made = (entry.payload_digest,)
    agent.journal.queue([entry], [], {outcomes.TAKEN + name: _note(entry.case_id, public_no, made)})
    return Taken(entry.case_id, public_no, made)


def publish(answers: Path, name: str) -> None:
    """Give the front the answer to an order that is queued; may be repeated."""
    answer = answers / f"{name}.json"
    if _waiting(answer).exists():
        _waiting(answer).replace(answer)


def _waiting(answer: Path) -> Path:
    """Where an answer lies until its order is queued: no number is told that never comes."""
    return answer.with_suffix(".part")


# --- pieces ----------------------------------------------------------------------------------------------------------


def _draft(agent: Agent, asked: Application, now: datetime) -> tuple[Draft, Item]:
    """What is asked for as the sealing wants it, after everything that the list says. In memory alone."""
    catalogue = agent.registry.catalogue()
    item = catalogue.item(asked.task_code)
    place, today = asked.region or item.implementing_body.region, now.astimezone(CHINA).date()
    catalogue.require_live(asked.task_code, today, identity.node_name(agent.identity.node), place)
    require_online(catalogue, item)
    routing.route(catalogue, asked.task_code, place, today)
    require_filled(asked.form, asked.delivery, asked.address)
    case_id = resolve(agent, asked.again) if asked.again else token_hex(16)
    made = Draft(
        case_id, drafts.OPEN, asked.task_code, place, catalogue.version, "", "", asked.delivery,
        form=dict(asked.form), address=dict(asked.address), answers=dict(asked.situations),
        second_intake=asked.second_intake, commitment_notice=asked.commitment_notice,
    )  # fmt: skip
    return made, item


def _application(
    agent: Agent, draft: Draft, asked: Application, got: Got, signed: Mapping[str, Any], revision: int
) -> Bundle:
    """Materials in the order of the list, then form, signature and promises, the address, the power of attorney."""
    form = [json_page(draft.form), json_page(signed)]
    if draft.tolerated:
        form.append(json_page({"tolerated": draft.tolerated, "promises": draft.promises}))
    own = [_own(FORM, tuple(form))]
    if draft.delivery == "POST":
        own.append(_own(ADDRESS, (json_page(draft.address),)))
    if asked.proxy:
        own.append(uploaded(PROXY, asked.proxy))
    item = agent.registry.catalogue(draft.catalogue).item(draft.task_code)
    with with_masked(agent, item, got.lines, hints_of(draft)) as lines:
        return seal_bundle(
            agent.spool, [*lines, *own], case=draft.case, revision=revision, kind="application",
            task_code=draft.task_code, catalogue=draft.catalogue,
        )  # fmt: skip


def _end_what_was_asked(agent: Agent, draft: Draft) -> None:
    """T07, H02: an application that comes to nothing after other bodies were asked is a case that ends, so that the
    log is told of the queries. One that asked nobody leaves nothing."""
    if queries.waiting(agent, draft.case):
        body = {"task_code": draft.task_code, "region": draft.region, "catalogue": draft.catalogue}
        envelope = acts.build(
            agent.identity, agent.journal, event="discard", case_id=draft.case, body={**body, "reason": NOT_VERIFIED},
            role=ROLE,
        )  # fmt: skip
        agent.journal.queue([acts.entry_of(envelope)])


def _own(code: str, pages: tuple[PageInput, ...]) -> LineInput:
    return LineInput(LineFacts(code, code, "FORM", "D", "NOT_NEEDED"), pages)


def _queue(
    agent: Agent,
    name: str,
    bundle: Bundle,
    entry: OutboxEntry,
    recipients: Sequence[KeyRecord],
    waiting_for: Sequence[str],
    public_no: str,
) -> tuple[str, ...]:
    """Act, upload, packets and note in one transaction; payload digests."""
    seq = read_signed(entry.envelope).seq
    head = Head(seq, entry.payload_digest) if seq is not None else acts.known_head(agent.journal, entry.case_id)
    wraps = wraps_of(agent.identity, agent.journal, bundle, recipients, role=ROLE, head=head)
    made = tuple(one.payload_digest for one in (entry, *wraps))
    notes = note_of(entry.case_id, bundle.digest, waiting_for)
    notes[outcomes.TAKEN + name] = _note(entry.case_id, public_no, made)
    agent.journal.queue([entry, *wraps], [bundle.pending()], notes)  # commit point: the order is taken
    return made


def _note(case_id: str, public_no: str, entries: tuple[str, ...]) -> bytes:
    return json.dumps(outcomes.note(case_id, public_no, entries)).encode()

"""A parent sealed once, with its children: one upload, one receipt, all acts in one journal transaction (P1, B05, B06).

The order in the queue is the order of the law: ``seal_parent``, a ``seal`` for each child, the key packets.

Invariants:
- every material is encrypted once, under a data key of its own; each part's form is a line of its own (``FORM@P1``);
- a part's department gets packets of that part's lines alone (``hub.casework.parents.share``): what the others asked
  for it cannot open;
- it works without hub and store; a kill leaves the parent with all its children or nothing (promise 6);
- the children wait in the queue until the hub has answered for the parent (``node_agent.transfer.behind``).
"""

from collections.abc import Mapping, Sequence
from datetime import date

from crypto import identity
from crypto.manifest import LineFacts
from crypto.records import KeyRecord
from crypto.refusal import Refusal
from crypto.sealing import KeyPacket
from crypto.statement import read_signed
from hub.casework.catalogue.model import Catalogue
from hub.casework.facts import ADDRESS, FORM
from hub.casework.hand_off import routing
from hub.casework.parents import plan as plans
from hub.casework.parents import share
from node_agent import acts
from node_agent.acts import Head
from node_agent.parents.merged import DraftPart, Serves, called_serves, missing, own_answers, part_form
from node_agent.process.runtime import Agent
from node_agent.transfer import behind
from node_agent.transfer.missing_wraps import note_of
from node_agent.transfer.sealer import Bundle, LineInput, packets_entry, seal_bundle, wrap_entry
from node_agent.window import drafts
from node_agent.window.bundle import json_page, proxy_line, sealed_line
from node_agent.window.drafts import Draft
from node_agent.window.seal import (
    READS,
    Asked,
    Reads,
    SealResult,
    act_of,
    begin,
    finish,
    given_to,
    next_public_number,
    result_of,
)
from storage.journal import OutboxEntry

Body = dict[str, object]
Keys = Mapping[tuple[str, str], bytes]


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
    """Seal a parent's draft and queue it with its children, with ``late`` each a late entry.

    Refusals as ``window.seal.seal``; nothing is left of a refused attempt.
    """
    ticks = {"no_classified": no_classified, "applicant_signed": applicant_signed, "privacy_notice": privacy_notice}
    begun = begin(agent, Asked(case_id, staff_code, reads, late, insist, ticks), _require_live)
    draft, given = begun.draft, given_to(agent, case_id)
    catalogue = agent.registry.catalogue(draft.catalogue)
    bundle = _sealed(agent, catalogue, draft)
    said: Body = {
        **ticks,
        "manifest": bundle.digest,
        "applicant_key": given.key,
        "delivery": draft.delivery,
        "catalogue": draft.catalogue,
    }
    serves = called_serves(catalogue, draft.parts, draft.serves, draft.answers)
    body = _parent_body(draft, serves, {**said, "public_no": given.public_no})
    parent = act_of(agent, begun, "seal_parent", case_id, body, bundle, given.check_code_hash)
    defects, children = _defects(agent, catalogue, draft), []
    for part in draft.parts:
        own = {**said, **_part_says(draft, part, begun.got, serves), **_child_of(agent, draft, part, body)}
        if defects[part.code]:
            own["insisted_defects"] = defects[part.code]
        children.append(act_of(agent, begun, "seal", part.case, own, bundle))
    wraps, notes, waiting_for = _wraps(agent, catalogue, draft, bundle, parent, children, begun.today)
    notes |= behind.notes_of((part.case for part in draft.parts), parent.payload_digest)
    entries = [parent, *children, *wraps]
    finish(agent, draft, bundle, entries, notes, given)
    return result_of(begun, bundle, entries, waiting_for, given)


# --- before the seal ---------------------------------------------------------------------------------------------


def _require_live(agent: Agent, draft: Draft, today: date) -> None:
    catalogue, here = agent.registry.catalogue(draft.catalogue), identity.node_name(agent.identity.node)
    if draft.theme:
        catalogue.theme(draft.theme).require_intake(here)
    for part in draft.parts:
        catalogue.require_live(part.task_code, today, here, part.region)
        routing.route(catalogue, part.task_code, part.region, today)


def _defects(agent: Agent, catalogue: Catalogue, draft: Draft) -> dict[str, list[str]]:
    """Key materials that are not there, by part under its own codes; none unless the applicant insists (E04)."""
    given = {line for line in draft.lines if not drafts.lacks(agent, draft, line)} | set(draft.tolerated)
    return {
        part.code: missing(catalogue.item(part.task_code), part.code, draft.serves, given, draft.answers)
        for part in draft.parts
    }


def _sealed(agent: Agent, catalogue: Catalogue, draft: Draft) -> Bundle:
    """All lines of the one list, each part's form, and the address."""
    home = agent.settings.home / "drafts" / draft.case
    called = called_serves(catalogue, draft.parts, draft.serves, draft.answers)
    lines = [sealed_line(home, draft.lines[code]) for code in called if code in draft.lines]
    theme = catalogue.theme(draft.theme) if draft.theme else None
    for part in draft.parts:
        pages = [json_page(part_form(theme, part.code, draft.form))]
        promised = {
            told[part.code]: draft.tolerated[line]
            for line, told in called.items()
            if line in draft.tolerated and part.code in told
        }
        if promised:
            signed = {
                told[part.code]: draft.promises.get(line, "")
                for line, told in called.items()
                if line in draft.tolerated and part.code in told
            }
            pages.append(json_page({"tolerated": promised, "promises": signed}))
        lines.append(LineInput(LineFacts(share.form_line(part.code), FORM, "FORM", "D", "NOT_NEEDED"), tuple(pages)))
    if draft.delivery == "POST":
        facts = LineFacts(ADDRESS, ADDRESS, "FORM", "D", "NOT_NEEDED")
        lines.append(LineInput(facts, (json_page(draft.address),)))
    lines += proxy_line(home, draft)
    return seal_bundle(
        agent.spool,
        lines,
        case=draft.case,
        revision=1,
        kind="application",
        task_code=draft.task_code,
        catalogue=draft.catalogue,
    )


# --- the acts ----------------------------------------------------------------------------------------------------


def _parent_body(draft: Draft, serves: Serves, said: Body) -> Body:
    body: Body = {
        **said,
        "region": draft.region,
        "partial_delivery": draft.partial,
        "parts": [_part_object(part) for part in draft.parts],
    }
    if draft.theme:
        body["theme"] = draft.theme
        if serves != draft.serves:  # some part calls for less than the plan gives it (B16)
            body["serves"] = {line: dict(told) for line, told in serves.items()}
    else:
        body["serves"] = {line: dict(told) for line, told in serves.items() if line in draft.lines}
    return body


def _part_object(part: DraftPart) -> dict[str, object]:
    return {
        "part": part.code,
        "case": part.case,
        "task_code": part.task_code,
        "region": part.region,
        "mode": part.mode,
        "after": list(part.after),
    }


def _part_says(draft: Draft, part: DraftPart, got: Mapping[str, object], serves: Serves) -> Body:
    """Of what is said of the one list, what concerns this part, under its own codes. ``serves``: what each wants."""
    called = {line: told[part.code] for line, told in serves.items() if part.code in told}
    answers = own_answers(part.code, draft.answers)
    made: Body = {"situations": answers} if answers else {}
    for member in ("tolerated", "reused", "verified"):
        entries = got.get(member)
        mapped = [
            {**entry, "material": called[entry["material"]]}
            for entry in (entries if isinstance(entries, list) else [])
            if entry["material"] in called
        ]
        if mapped:
            made[member] = mapped
    if "reused" in made:
        made["reuse_agreement"] = got["reuse_agreement"]
    if any(line in called and taken.acquisition == "COMMITMENT" for line, taken in draft.lines.items()):
        made["commitment_notice"] = True
    kept = ("applicant", "applicant_before", "agent", "lane", "appointment", "channel")
    made |= {member: got[member] for member in kept if got.get(member)}
    return made


def _child_of(agent: Agent, draft: Draft, part: DraftPart, parent_body: Body) -> Body:
    """What makes the case this part, with a number of its own."""
    return {
        "task_code": part.task_code,
        "region": part.region,
        "public_no": next_public_number(agent),
        **plans.bond(parent_body, draft.case, part.code, agent.registry.catalogue(draft.catalogue)),
    }


# --- the keys ----------------------------------------------------------------------------------------------------


def _wraps(
    agent: Agent,
    catalogue: Catalogue,
    draft: Draft,
    bundle: Bundle,
    parent: OutboxEntry,
    children: Sequence[OutboxEntry],
    today: date,
) -> tuple[list[OutboxEntry], dict[str, bytes], tuple[str, ...]]:
    """Packets, notes of who has no valid key yet, and who that is.

    All lines to this window and the recovery key; its own lines to each part's department. The same packets of those
    lines stand with the child too, so that whoever mends its keys later finds them there.
    """
    whole, away = _whole_recipients(agent)
    made = [_wrap(agent, draft.case, bundle, record, parent, bundle.keys) for record in whole]
    notes, missing = note_of(draft.case, bundle.digest, away), list(away)
    kept = [entry.packets for entry in made]
    for part, child in zip(draft.parts, children, strict=True):
        own = _keys_of(bundle, child)
        name = routing.route(catalogue, part.task_code, part.region, today).node
        department = _department(agent, name)
        if department is not None:
            made.append(_wrap(agent, part.case, bundle, department, child, own))
        for packets in kept:
            shared = [packet for packet in packets if (packet.line, packet.rendition) in own]
            made.append(_again(agent, part.case, bundle, shared, child))
        absent = away if department is not None else [name, *away]
        notes |= note_of(part.case, bundle.digest, absent)
        missing += absent
    return made, notes, tuple(dict.fromkeys(missing))


def _whole_recipients(agent: Agent) -> tuple[list[KeyRecord], list[str]]:
    """Who opens all lines: this window, and the recovery key if it is valid now; and who is not."""
    directory, recovery = agent.registry.directory, agent.settings.recovery_node
    found = [directory.current(agent.identity.node)]
    try:
        return [*found, directory.current(recovery)], []
    except Refusal:
        return found, [recovery]


def _keys_of(bundle: Bundle, child: OutboxEntry) -> Keys:
    bond = plans.bond_in(read_signed(child.envelope).body)
    lines = {line.line for line in share.lines_for(bundle.manifest, bond)}
    return {name: key for name, key in bundle.keys.items() if name[0] in lines}


def _wrap(
    agent: Agent, case_id: str, bundle: Bundle, recipient: KeyRecord, act: OutboxEntry, keys: Keys
) -> OutboxEntry:
    return wrap_entry(
        agent.identity,
        agent.journal,
        head=Head(1, act.payload_digest),
        role="window",
        case=case_id,
        revision=bundle.manifest.revision,
        manifest_digest=bundle.digest,
        keys=keys,
        recipient=recipient,
        bound_to=bundle.manifest.case,
    )


def _again(agent: Agent, case_id: str, bundle: Bundle, packets: Sequence[KeyPacket], act: OutboxEntry) -> OutboxEntry:
    return packets_entry(
        agent.identity,
        agent.journal,
        role="window",
        case=case_id,
        manifest_digest=bundle.digest,
        packets=packets,
        head=Head(1, act.payload_digest),
    )


def _department(agent: Agent, name: str) -> KeyRecord | None:
    departments = agent.registry.directory.nodes("department")
    return next((record for record in departments if identity.node_name(record.subject) == name), None)

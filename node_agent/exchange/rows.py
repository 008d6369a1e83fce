"""Rows of the exchange tables from one case: its leaves, the law run again over them, and the opened form.

Invariants:
- pure: the same leaves and form give the same rows with the same ids, so nothing is ever exported as two things;
- a row hangs on the leaf that brought it about; a later change of the same thing is a row of operation U with the id of
  the first;
- free text is scanned and masked; the applicant's own data stand in their columns alone (standards.md 15);
- codes of staff, never names: who reads the platform finds the person by code in the department's own roll.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crypto import identity
from crypto.log.leaf import Leaf
from crypto.manifest import Manifest
from crypto.statement import Statement
from hub.casework import reasons
from hub.casework.casefile import CaseFile
from hub.casework.catalogue.values import Item
from hub.casework.delivery.values import ParcelLeg
from hub.casework.facts import ADDRESS, FORM
from hub.casework.masking.fields import Profile
from hub.casework.masking.text import mask_text
from hub.casework.messages import event_name
from hub.casework.supervision.card_rules import level_of
from hub.casework.supervision.values import Card
from node_agent.exchange import tables, voices
from node_agent.exchange.tables import TABLES, moment
from node_agent.transfer.opening import OWN_LINES
from node_agent.window.drafts import JSON_MEDIA

TAKEN_UP = frozenset({"taken_up", "constructive_take_up"})
"""T30: the body above goes on with what was accepted below; to its platform the case is new."""
MINE = frozenset({"accept", "deem_accept"}) | TAKEN_UP
"""Acts that enter UNDER_REVIEW: from then on the case is one of the platform's (states.md, mapping)."""
BEFORE = frozenset({"lapse"})
"""Ends that the mapping names although the case was never accepted (TERMINATED: 5)."""
_PROCESS: Mapping[str, str] = {
    "step_done": "通过", "send_back_step": "退回", "issue": "其他", "consult": "其他", "opinion": "其他",
    "accept": "通过", "deem_accept": "通过", "correct": "其他", "correct_result": "其他", "reissue": "其他",
}  # fmt: skip
_ENDS: Mapping[str, str] = {"lapse": "5", "refer_up": "4", "void": "2", "withdraw": "1"}


@dataclass(frozen=True)
class Row:
    """One row: table, values by column. ``index``: of the leaf; ``day``: legal date, ISO."""

    table: str
    index: int
    day: str
    values: Mapping[str, str]


@dataclass(frozen=True)
class Seen:
    """One leaf with the case before and after it."""

    leaf: Leaf
    said: Statement
    digest: str
    before: CaseFile | None
    after: CaseFile


@dataclass(frozen=True)
class Source:
    """What rows are made of. ``manifests``: by digest, as the case has them; ``form``: empty where it was not opened;
    ``words``: opinions by commitment, kept here."""

    item: Item
    seen: Sequence[Seen]
    manifests: Mapping[str, Manifest]
    form: Mapping[str, Any] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    data_source: str = tables.SOURCE


def rows_of(source: Source, node: str, after: int, batch: str) -> list[Row]:
    """Rows of what ``node`` did, from leaves with an index above ``after``, in log order."""
    made: list[Row] = []
    accepted = False
    for one in source.seen:
        mine = one.after.accepting_node == node
        if one.said.type in MINE:
            accepted = mine  # who passed it up tells nothing of what happens above
        if one.leaf.index <= after or not (accepted or (one.said.type in BEFORE and mine)):
            continue
        for table, operation, root, values in _of(source, one):
            made.append(_row(source, one, table, operation, root, values, batch))
    return made


def needs_form(rows: Sequence[Row]) -> bool:
    """Whether any of them holds the applicant's data."""
    return any(row.table in tables.PERSONAL for row in rows)


def payment_row(case_no: str, told: Mapping[str, str], batch: str, data_source: str, *, back: bool = False) -> Row:
    """A payment that the department told of (Table 14; I04): the hub takes no money and knows of none.

    ``back``: one that was given back, a row of its own beside the one that told the payment.
    """
    at = told["charge_date"]
    root = f"{case_no}:{told['pay_no']}" + (":back" if back else "")
    values = {
        **told,
        "row_guid": guid("payment", root, {}),
        "project_no": case_no,
        "cd_operation": "I",
        "cd_time": at,
        "cd_batch": batch,
        "data_source": data_source,
    }
    day = f"{at[:4]}-{at[4:6]}-{at[6:8]}"
    return Row("payment", -1, day, {name: values.get(name, "") for name in TABLES["payment"].columns})


def share_told(source: Source, told: Mapping[str, str]) -> dict[str, str]:
    """What the department tells of its part's share in a parent's one payment; ``source``: with the form."""
    person, firm = form_part(source.form, "applicant"), form_part(source.form, "enterprise")
    payer = firm if firm.get("credit_code") else person
    return {**told, "charge_org": source.item.implementing_body.name, "payer": payer.get("name", "")}


def licence_row(source: Source, note: Mapping[str, Any], batch: str) -> Row:
    """A licence that the department issued, and told the number of (``up_lic_data``); ``source``: with the form."""
    case_no, told, at = str(note["case_no"]), note["told"], moment(str(note["issued_at"]))
    person, firm = form_part(source.form, "applicant"), form_part(source.form, "enterprise")
    holder = firm if firm.get("credit_code") else person
    values = {
        **told,
        "row_guid": guid("up_lic_data", f"{case_no}:{told['certificate_number']}", {}),
        "project_no": case_no,
        "holder": holder.get("name", ""),
        "holder_code": holder.get("credit_code", "") or holder.get("citizen_id", ""),
        "issue_dept": source.item.implementing_body.name,
        "issue_date": at,
        "area_code": source.item.implementing_body.region[:9],
        "cd_operation": "I",
        "cd_time": at,
        "cd_batch": batch,
        "data_source": source.data_source,
    }
    day = str(note["issued_at"])[:10]
    return Row("up_lic_data", -1, day, {name: values.get(name, "") for name in TABLES["up_lic_data"].columns})


_Made = tuple[str, str, str, dict[str, str]]


def _of(source: Source, one: Seen) -> Iterator[_Made]:
    """(table, operation, digest that the row's id comes from, values)."""
    event, digest = one.said.type, one.digest
    if event in MINE:
        yield "up_pro_accept", "I", digest, _accept(source, one)
    yield from _materials(source, one)
    if event in _PROCESS or event == "decide":
        yield "up_pro_process", "I", digest, _process(source, one)
    yield from _special(source, one)
    if event == "decide" or event in _ENDS:
        yield "up_pro_result", "I", digest, _result(source, one)
    if event in ("waybill", "parcel_event"):
        yield from _post(source, one)
    if event == "rate":
        yield "rating", "I", digest, _rating(one)
    yield from _voices(one)
    raised = {card.id: card for card in one.before.cards} if one.before else {}
    for card in one.after.cards:
        if card.id not in raised or card.result != raised[card.id].result:
            yield "supervision", "U" if card.id in raised else "I", card.id, _card(source, one, card)


def _row(source: Source, one: Seen, table: str, operation: str, root: str, values: dict[str, str], batch: str) -> Row:
    at = one.leaf.recorded_at
    told = {
        "row_guid": guid(table, root, values),
        "project_no": one.after.case_no,
        **values,
        "cd_operation": operation,
        "cd_time": moment(at),
        "cd_batch": batch,
        "data_source": source.data_source,
    }
    return Row(table, one.leaf.index, at[:10], {name: told.get(name, "") for name in TABLES[table].columns})


def guid(table: str, root: str, values: Mapping[str, str]) -> str:
    """The row's id: of the statement, and of the material's name where one statement brings several."""
    text = "\0".join((table, root, values.get("material_name", "")))
    digest = hashlib.sha256(text.encode()).hexdigest()
    return "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32]))


def _accept(source: Source, one: Seen) -> dict[str, str]:
    file, item, form = one.after, source.item, source.form
    person, firm, agent = (form_part(form, name) for name in ("applicant", "enterprise", "agent"))
    legal = bool(firm.get("credit_code"))
    promise = file.clocks.get("K3")
    contact = agent or person
    return {
        "catalog_code": item.catalog_code,
        "task_code": item.task_code,
        "task_name": item.name,
        "task_version": file.catalogue,
        "applyer_name": (firm if legal else person).get("name", ""),
        "applyer_type": "2" if legal else "1",
        "applyer_page_type": "001" if legal else person.get("document_type", "111"),
        "applyer_page_code": firm.get("credit_code", "") if legal else person.get("citizen_id", ""),
        "apply_date": moment(file.opened_at),
        "apply_type": "2" if file.mode else "1",
        "legal": person.get("name", "") if legal else "",
        "contact_name": contact.get("name", ""),
        "contact_type": contact.get("document_type", "111") if contact else "",
        "contact_code": contact.get("citizen_id", ""),
        "contact_mobile": contact.get("mobile", ""),
        "address": person.get("address", ""),
        "org_name": item.implementing_body.name,
        "org_code": item.implementing_body.credit_code,
        "handle_user_name": _staff(one),
        "accept_date": moment(one.leaf.recorded_at if one.said.type in TAKEN_UP else file.effective_at),
        "project_name": item.name,
        "project_type": "1" if item.case_type == "INSTANT" else "2",
        "promise_date": moment(promise.due or "") if promise else "",
    }


def _materials(source: Source, one: Seen) -> Iterator[_Made]:
    """With the acceptance what was there by then; later what comes after it (T02: a tolerated material, K7)."""
    names = OWN_LINES | {material.code: material.name for material in source.item.materials}
    there = _sealed(one.after)
    if one.said.type in MINE:
        brought = source.manifests.keys() - (_sealed(source.seen[-1].after) - there)
    else:
        brought = there - _sealed(one.before)
    for manifest in [made for digest, made in source.manifests.items() if digest in brought]:
        for line in manifest.lines:
            if line.material in (FORM, ADDRESS):
                continue
            scanned = any(made.media_type != JSON_MEDIA for page in line.pages for made in page.renditions)
            values = {
                "material_name": names.get(line.material, line.material),
                "get_type": tables.GET_TYPES.get(line.acquisition, tables.ELECTRONIC),
                "get_num": str(len(line.pages)),
                "material_attach_name": f"{line.line}-{line.material}.pdf" if scanned else "",
            }
            yield "up_pro_material", "I", f"{one.digest}:{manifest.kind}:{manifest.revision}:{line.line}", values


def _sealed(file: CaseFile | None) -> set[str]:
    """Manifests of all sealings of the case then."""
    return {sealing.manifest for sealing in file.sealings} if file is not None else set()


def _process(source: Source, one: Seen) -> dict[str, str]:
    event, body = one.said.type, one.said.body
    name = reasons.STEP_NAMES.get(str(body.get("step", "")), event_name(event))
    action = _PROCESS.get(event) or ("通过" if body.get("outcome") == "GRANT" else "退回")
    said = source.words.get(str(body.get("opinion", "")), "") or event_name(event)
    at = moment(one.leaf.recorded_at)
    since = one.after.clocks.get("K5")
    begun = moment(since.started_at) if since is not None and event == "step_done" else at
    return {
        "process_name": name,
        "event_name": action,
        "handle_user_name": _staff(one),
        "handle_explain": mask_text(said, Profile.OUTSIDE),
        "event_start_time": min(begun, at),
        "event_end_time": at,
    }


def _special(source: Source, one: Seen) -> Iterator[_Made]:
    """Type 2 when it begins and ends (the end told is the one notified, until it is over); type 1 an extension."""
    known = {special.digest: special for special in one.before.specials} if one.before else {}
    for special in one.after.specials:
        if known.get(special.digest) == special:
            continue
        name = reasons.SPECIAL_KINDS.get(special.kind, special.kind)
        ended = moment(special.ended_at) or special.until.replace("-", "") + "T235959"
        values = {
            "special_type": "2", "special_name": name, "special_time": moment(special.at), "special_reason": name,
            "end_time": ended, "result": special.result, "handle_user": _staff(one),
        }  # fmt: skip
        yield "up_pro_special_procedure", "U" if special.digest in known else "I", special.digest, values
    if one.said.type == "extend_limit":
        reason = str(one.said.body.get("reason", ""))
        due = one.after.clocks["K4"].due or ""
        values = {
            "special_type": "1", "special_name": "延长审批", "special_time": moment(one.leaf.recorded_at),
            "special_reason": reasons.EXTENSION_REASONS.get(reason, reason), "end_time": moment(due),
            "special_explain": f"延长 {one.said.body.get('days')} 个工作日", "handle_user": _staff(one),
        }  # fmt: skip
        yield "up_pro_special_procedure", "I", one.digest, values


def _result(source: Source, one: Seen) -> dict[str, str]:
    event, item = one.said.type, source.item
    certificate = item.result.kind == "CERTIFICATE"
    granted = one.said.body.get("outcome") == "GRANT"
    code = _ENDS.get(event) or (("0" if certificate else "6") if granted else "1")
    return {
        "handle_user_name": _staff(one),
        "result_type": code,
        "result_date": moment(one.leaf.recorded_at),
        "result_cetr_name": item.result.name if code == "0" else "",
        "result_explain": tables.RESULT_TYPES[code],
        "is_delivery_results": "1" if one.after.delivery == "POST" else "0",
    }


def _post(source: Source, one: Seen) -> Iterator[_Made]:
    """A parcel to the applicant: told with its waybill, told again when it is delivered."""
    name = str(one.said.body.get("parcel", ""))
    leg = one.after.parcel(name)
    before = one.before.parcel(name) if one.before else None
    if leg is None or not leg.waybill_no or leg.receiver or leg.kind not in ("", "RESULT"):
        return
    arrived = leg.status == "DELIVERED" and (before is None or before.status != "DELIVERED")
    if one.said.type == "waybill" or arrived:
        yield "post", "U" if arrived else "I", name, _parcel(source, one, leg, arrived)


def _parcel(source: Source, one: Seen, leg: ParcelLeg, arrived: bool) -> dict[str, str]:
    sent = leg.packed_at or leg.in_carrier_at or one.leaf.recorded_at
    address, person = form_part(source.form, "delivery"), form_part(source.form, "applicant")
    return {
        "waybill_no": leg.waybill_no,
        "sender_org": source.item.implementing_body.name,
        "send_date": moment(sent),
        "sender": source.item.implementing_body.name,
        "receiver": address.get("name", "") or person.get("name", ""),
        "receive_date": moment(one.leaf.recorded_at) if arrived else "",
    }


def _rating(one: Seen) -> dict[str, str]:
    """The worst of the three targets: a good average must not hide a bad one."""
    rating = one.after.ratings[-1]
    return {
        "channel": tables.CHANNELS.get(rating.basis, "1"),
        "rate_date": moment(rating.at),
        "rate_times": str(sum(other.kind == "PUBLIC" for other in one.after.ratings)),
        "satisfaction": str(max(level for _, level in rating.scores)),
        "region_code": one.after.region[:9],
    }


def _voices(one: Seen) -> Iterator[_Made]:
    """Table 10: a complaint, an enquiry when it is taken, told again at each change.

    What was written lies erasable at the node that took it: the platform gets the closed lists' words.
    """
    known = {made.digest: made for made in voices.of(one.before)} if one.before else {}
    for made in voices.of(one.after):
        if known.get(made.digest) != made:
            table, values = voices.told(made, one.said.type, one.leaf.recorded_at)
            yield table, "U" if made.digest in known else "I", made.digest, values


def _card(source: Source, one: Seen, card: Card) -> dict[str, str]:
    """Table 11, G12: told when it is raised, told again when it is settled: a lifted card must not stand there."""
    at = moment(card.at)
    words = reasons.CARDS.get(card.kind, card.kind)
    return {
        "supervise_content": words,
        "org_name": source.item.implementing_body.name,
        "task_type": source.item.item_type,
        "supervise_date": at,
        "supervise_no": card.id,
        "rule_no": card.kind,
        "warning_type": tables.WARNINGS[level_of(card.kind).value],
        "state_date": moment(one.leaf.recorded_at) if card.result else at,
        "result": reasons.CARD_RESULTS.get(card.result, words),
        "duty_org": identity.node_name(card.subject),
    }


def _staff(one: Seen) -> str:
    """Staff code of who signed; of what the hub stated by law the responsible person's, else the node's name."""
    who = one.said.actor.person or one.after.responsible
    return who.rpartition("/")[2] if who else identity.node_name(one.after.accepting_node)


def form_part(form: Mapping[str, Any], name: str) -> dict[str, str]:
    """The texts of one part of a form (``applicant``, ``enterprise``…); empty where it has none."""
    value = form.get(name)
    return {key: text for key, text in value.items() if isinstance(text, str)} if isinstance(value, dict) else {}

"""Guards of originals: taken, packed, checked in, fetched, handed back, missed (states.md 5; E08, H12).

Invariant: a guard looks and refuses; it never changes anything.
"""

import re

from crypto.refusal import Refusal
from hub.casework import common, facts, reasons
from hub.casework.casefile import CaseFile
from hub.casework.context import Act, World
from hub.casework.delivery import whereabouts
from hub.casework.delivery.values import ParcelLeg
from hub.casework.originals import limits, states
from hub.casework.originals.values import ItemState, Original
from hub.casework.time import clocks

ITEM = re.compile(r"[A-Za-z0-9_.-]{1,40}")
SEAL = re.compile(r"[A-Za-z0-9-]{4,40}")
PACK_RULE = "O3; H12"


def originals_takeable(file: CaseFile | None, act: Act, world: World) -> None:
    """O2, A06: documents that the list wants in the archive, each once; the applicant signed the custody receipt."""
    assert file is not None
    facts.require_digest(act, "paper", "O2; A06")
    item = facts.item_of(file, world)
    for name, code in taken_items(act):
        if ITEM.fullmatch(name) is None or name == states.RESULT or item_named(file, name) is not None:
            raise Refusal("ITEM_EXISTS", "O2", item=name[:40])
        material = item.material(code)
        if material is None:
            raise Refusal("MATERIAL_NOT_LISTED", "D03; O2", material=code[:40])
        if material.original_policy != states.MAIL:
            raise Refusal("ORIGINAL_NOT_NEEDED", "A06; O2", material=code)


def items_here(file: CaseFile | None, act: Act, world: World) -> None:
    """O3, O14: only what lies here, free to go, can be packed, handed over or offered."""
    assert file is not None
    for name in facts.codes_of(act, "items", "O3, O14"):
        found = item_named(file, name)
        if found is None:
            raise Refusal("ITEM_UNKNOWN", "states.md 5", item=name[:40])
        if not states.lies_with(found, act.node.subject):
            raise Refusal("ITEM_NOT_HERE", "states.md 5; invariant 1", item=name, node=found.holder)


def paper_here(file: CaseFile | None, act: Act, world: World) -> None:
    """E08, E09: what may be fetched lies here: documents of the applicant, or the result for the collecting window."""
    assert file is not None
    for name in facts.codes_of(act, "items", "E08"):
        if not _still_there(file, name, act.node.subject):
            raise Refusal("ITEM_NOT_HERE", "E08; invariant 1", item=name[:40], node=_whose(file, name))


def packed_and_sealed(file: CaseFile | None, act: Act, world: World) -> None:
    """O3, H12: a parcel of its own (one case a parcel), packing list and photo by digest, a seal with a number."""
    assert file is not None
    if file.parcel(act.text("parcel")) is not None:
        raise Refusal("PARCEL_EXISTS", PACK_RULE, parcel=act.text("parcel"))
    for member in ("packing_list", "photo"):
        facts.require_digest(act, member, PACK_RULE)
    if SEAL.fullmatch(act.text("seal_no")) is None:
        raise Refusal("BODY_MEMBER", PACK_RULE, member="seal_no")


def witnessed(file: CaseFile | None, act: Act, world: World) -> None:
    """O3: a second person of the same node watched and signs too (``packed_by``, ``witnessed_by``; postal.md 7)."""
    common.require_colleague(act, PACK_RULE)


def parcel_goes_right(file: CaseFile | None, act: Act, world: World) -> None:
    """O3, O14, A06: originals to the department that handles the case or, where parts share them, to the one whose
    turn it is; papers back to the window or to the applicant.

    Only what the list wants in the archive travels there. To the applicant goes what is returned by law, by a carrier
    that can read the address; a gateway that may not is refused (H01).
    """
    assert file is not None
    kind, receiver = act.text("kind"), act.statement.body.get("receiver", "")
    gateway = world.registry.current(act.text("gateway"))
    if "gateway" not in gateway.roles:
        raise Refusal("ROLE_FORBIDS", "A08", role=",".join(sorted(gateway.roles)), event="pack")
    items = _items_named(file, facts.codes_of(act, "items", PACK_RULE))
    if kind == states.ORIGINALS_KIND:
        _require_outward(file, act, items)
    elif kind == states.ONWARD_KIND:
        _require_turn(items, act.text("receiver"), act.node.subject, "O3; states.md 8")
    elif kind != states.RETURN_KIND:
        raise Refusal("PARCEL_KIND", "O3, O14", kind=kind[:20])
    elif receiver == "":
        _require_returnable(file, items)
        facts.require_opened_by(file, gateway.subject, world, facts.ADDRESS)
    elif receiver != file.collecting_node or receiver == act.node.subject:
        raise Refusal("RECEIVER_WRONG", "O14", node=str(receiver)[:80])


def parcel_for_us(file: CaseFile | None, act: Act, world: World) -> None:
    """O6, E09: who the parcel was addressed to opens it, once; also one that no carrier has reported yet."""
    assert file is not None
    leg = file.parcel(act.text("parcel"))
    if leg is None or leg.receiver != act.node.subject or leg.checked_in:
        raise Refusal("PARCEL_NOT_OURS", "O6, E09", parcel=act.text("parcel")[:40])


def list_ticked(file: CaseFile | None, act: Act, world: World) -> None:
    """O6, O7: every line of the packing list is ticked, with what was found; the seal was looked at."""
    assert file is not None
    leg = file.parcel(act.text("parcel"))
    ticked = ticks(act)
    if type(act.statement.body.get("seal_intact")) is not bool:
        raise Refusal("BODY_MEMBER", "O6; H12", member="seal_intact")
    if sorted(name for name, _ in ticked) != sorted(leg.items if leg else ()):
        raise Refusal("LIST_NOT_TICKED", "O6; postal.md 7", items=",".join(leg.items if leg else ()))
    if not act.statement.body["seal_intact"] or any(finding != "OK" for _, finding in ticked):
        facts.require_digest(act, "photo", "O7, O12")
    for _, finding in ticked:
        if finding not in reasons.CHECK_IN_FINDINGS:
            raise Refusal("FINDING_UNKNOWN", "O6, O7", finding=finding[:20])


def discrepancy_answerable(file: CaseFile | None, act: Act, world: World) -> None:
    """O7: the sender answers once what was found at opening; a document that is missing cannot have come as it is."""
    assert file is not None
    found = item_named(file, act.text("item"))
    leg = file.parcel(found.parcel) if found else None
    mine = leg is not None and leg.sender == act.node.subject
    if found is None or found.state != ItemState.DISCREPANCY or found.answer or not mine:
        raise Refusal("DISCREPANCY_NONE", "O7", item=act.text("item")[:40])
    answer = act.text("answer")
    allowed = {"DISPUTED", "FOUND_HERE" if found.finding == "MISSING" else "AS_RECEIVED"}
    if answer not in allowed:
        raise Refusal("FINDING_UNKNOWN", "O7", finding=answer[:20])


def loss_established(file: CaseFile | None, act: Act, world: World) -> None:
    """O10: the carrier confirmed it, or ten days went by since it was missed; a claim was opened."""
    assert file is not None
    leg = file.parcel(act.text("parcel"))
    facts.require_digest(act, "claim", "O10")
    if leg is None or leg.lost_at or not leg.suspected_at or leg.checked_in:
        raise Refusal("PARCEL_NOT_MISSED", "O10", parcel=act.text("parcel")[:40])
    cause = act.text("cause")
    if cause not in reasons.LOSS_CAUSES:
        raise Refusal("REASON_UNKNOWN", "O10", reason=cause[:20])
    if cause == "TEN_DAYS" and act.recorded_at <= limits.lost_from(leg):
        raise Refusal("LOSS_TOO_EARLY", "O10", until=limits.lost_from(leg))


def trouble_settled(file: CaseFile | None, act: Act, world: World) -> None:
    """O7, O10, O12: the coordinator ends a damage, a dispute, or the search for a document that did not come.

    A parcel to a node is opened first; one to the applicant nobody opens for us, so the carrier's word of damage does.
    """
    assert file is not None
    found = item_named(file, act.text("item"))
    facts.require_digest(act, "claim", "O10, O12")
    leg = file.parcel(found.parcel) if found else None
    broken = found is not None and found.state == ItemState.DAMAGED
    seen = leg is not None and (bool(leg.checked_in) or (broken and not leg.receiver))
    if found is None or found.settled or found.state not in states.TROUBLED or not seen:
        raise Refusal("NOTHING_TO_SETTLE", "O10, O12", item=act.text("item")[:40])
    if found.state == ItemState.DISCREPANCY and not found.answer:
        raise Refusal("ANSWER_MISSING", "O7", item=found.item, node=leg.sender if leg else "")


def returned_by_law(file: CaseFile | None, act: Act, world: World) -> None:
    """O14: handed back to the applicant or agent, whose identity was checked and who signed."""
    assert file is not None
    _require_returnable(file, _items_named(file, facts.codes_of(act, "items", "O14")))
    if act.statement.body.get("identity_checked") is not True:
        raise Refusal("DECLARATION_MISSING", "O14; I07", declaration="identity_checked")
    facts.require_digest(act, "signature", "O14; I07")


def offered_right(file: CaseFile | None, act: Act, world: World) -> None:
    """E08, E09, A06: an offer of its own, with the count of pages, to the other side of the case.

    To the department by hand may go what it only looks at (A06 speaks of mailing), but nothing once the case came to
    nothing.
    """
    assert file is not None
    if any(made.handoff == act.text("handoff") for made in file.pickups):
        raise Refusal("PICKUP_EXISTS", "E08", handoff=act.text("handoff")[:40])
    if type(pages := act.statement.body.get("pages")) is not int or pages < 1:
        raise Refusal("BODY_MEMBER", "E08", member="pages")
    receiver, names = act.text("receiver"), facts.codes_of(act, "items", "E08")
    turns = [item for item in _items_named(file, names) if item.to]
    if turns and receiver != file.collecting_node:
        _require_turn(_items_named(file, names), receiver, act.node.subject, "E08; states.md 8")
        return
    goal = states.destination(file)
    others = {goal, file.collecting_node} - {"", act.node.subject}
    if receiver not in others or (states.RESULT in names and receiver != file.collecting_node):
        raise Refusal("RECEIVER_WRONG", "E08, E09", node=receiver[:80])
    if receiver == goal:
        _require_alive(file, _items_named(file, names))


def fetched_as_offered(file: CaseFile | None, act: Act, world: World) -> None:
    """E08, A06: the receiver signs for what was offered, item by item, page by page; nothing left the sender meanwhile.

    What the department fetches it must still need: the case may have ended since the offer.
    """
    assert file is not None
    made = next((one for one in file.pickups if one.handoff == act.text("handoff")), None)
    if made is None or made.taken or made.receiver != act.node.subject or made.offer != act.text("offer"):
        raise Refusal("PICKUP_UNKNOWN", "E08", handoff=act.text("handoff")[:40])
    body = act.statement.body
    if (body.get("count"), body.get("pages")) != (len(made.items), made.pages):
        raise Refusal("COUNT_DIFFERS", "E08", count=len(made.items), pages=made.pages)
    gone = [name for name in made.items if not _still_there(file, name, made.sender)]
    if gone:
        raise Refusal("ITEM_NOT_HERE", "E08; invariant 1", item=gone[0], node=made.sender)
    items = _items_named(file, made.items)
    if any(item.to for item in items) and made.receiver != file.collecting_node:
        _require_turn(items, made.receiver, made.sender, "E08; states.md 8")
    elif made.receiver == states.destination(file):
        _require_alive(file, items)


def may_be_filed(file: CaseFile | None, act: Act, world: World) -> None:
    """O13: by the department that the paper is for: into custody at any time; into the archive when the case has
    ended, and only what the list wants there; what several parts need, where its way ends (states.md 8).
    """
    assert file is not None
    goal = act.text("to")
    if goal not in {ItemState.IN_CUSTODY.value, ItemState.ARCHIVED.value}:
        raise Refusal("BODY_MEMBER", "O13", member="to")
    for name in facts.codes_of(act, "items", "O13"):
        found = item_named(file, name)
        if found is not None and act.node.subject != (found.to or file.accepting_node):
            raise Refusal("ITEM_NOT_HERE", "O13", item=name[:40], node=found.to or file.accepting_node)
        if goal == ItemState.ARCHIVED and (file.state not in states.ENDED or not (found and _for_archive(found))):
            raise Refusal("ITEM_NOT_FOR_ARCHIVE", "O13", item=name[:40], state=file.state)


def post_overdue(file: CaseFile | None, act: Act, world: World) -> None:
    """O3, K9: packed and not taken over by a carrier within a working day; once a parcel (Y4)."""
    assert file is not None
    _require_due(file.parcel(act.text("parcel")), act, world, "K9")


def packing_overdue(file: CaseFile | None, act: Act, world: World) -> None:
    """K9, states.md 2: due for a working day and not even packed; said once (Y4)."""
    assert file is not None
    one = owed_named(file, act)
    state = limits.packing_clock(one, world)
    if limits.carded(file, one) or not clocks.is_due(state, act.recorded_at):
        raise Refusal("CLOCK_NOT_DUE", "states.md 2", clock="K9", due=state.due or "")
    for member, value in (("clock", "K9"), ("due", state.due)):
        if act.text(member) != value:
            raise Refusal("BODY_MEMBER", "states.md 2", member=member)


def check_in_overdue(file: CaseFile | None, act: Act, world: World) -> None:
    """O5: arrived a working day ago and not opened by who it is for; said once (Y14)."""
    assert file is not None
    leg = file.parcel(act.text("parcel"))
    due = limits.check_in_due(leg, world) if leg else ""
    if not due or act.recorded_at <= due:
        raise Refusal("CHECK_IN_NOT_DUE", "O5; states.md 5", due=due)
    if act.text("due") != due:
        raise Refusal("BODY_MEMBER", "O5", member="due")


def transit_overdue(file: CaseFile | None, act: Act, world: World) -> None:
    """O8, K10: longer on its way than three days in a city, seven else."""
    assert file is not None
    _require_due(file.parcel(act.text("parcel")), act, world, "K10")


def parcel_recallable(file: CaseFile | None, act: Act, world: World) -> None:
    """D11, states.md 9: who sent a parcel that is not yet anybody's may stop it, for a reason of the list."""
    assert file is not None
    leg = file.parcel(act.text("parcel"))
    if leg is None or leg.sender != act.node.subject:
        raise Refusal("PARCEL_UNKNOWN", "D11", parcel=act.text("parcel")[:40])
    if leg.recalled_at or leg.parcel not in states.open_parcels(file):
        raise Refusal("PARCEL_OVER", "D11", parcel=leg.parcel)
    if act.text("reason") not in reasons.RECALL_REASONS:
        raise Refusal("REASON_UNKNOWN", "D11", reason=act.text("reason")[:20])


# --- shared with effects -----------------------------------------------------------------------------------------


def item_named(file: CaseFile, name: str) -> Original | None:
    """The custody item of this name, or None."""
    return next((item for item in file.originals if item.item == name), None)


def owed_named(file: CaseFile, act: Act) -> limits.Owed:
    """The parcel that is due, by kind and node. Refusal PARCEL_NOT_OWED."""
    for one in limits.owed(file):
        if (one.kind, one.node) == (act.text("kind"), act.text("subject")):
            return one
    raise Refusal("PARCEL_NOT_OWED", "states.md 2 (K9)", kind=act.text("kind")[:20])


def taken_items(act: Act) -> tuple[tuple[str, str], ...]:
    """The (item, material) pairs in ``items``. Refusal BODY_MEMBER."""
    return _pairs(act, "items", ("item", "material"), "O2")


def ticks(act: Act) -> tuple[tuple[str, str], ...]:
    """The (item, finding) pairs in ``lines``. Refusal BODY_MEMBER."""
    return _pairs(act, "lines", ("item", "finding"), "O6")


def _pairs(act: Act, member: str, names: tuple[str, str], rule: str) -> tuple[tuple[str, str], ...]:
    value = act.statement.body.get(member)
    if not isinstance(value, list) or not value:
        raise Refusal("BODY_MEMBER", rule, member=member)
    pairs = []
    for line in value:
        if not isinstance(line, dict) or set(line) != set(names):
            raise Refusal("BODY_MEMBER", rule, member=member)
        pairs.append((str(line[names[0]]), str(line[names[1]])))
    if len({name for name, _ in pairs}) != len(pairs):
        raise Refusal("BODY_MEMBER", rule, member=member)
    return tuple(pairs)


def _items_named(file: CaseFile, names: tuple[str, ...]) -> list[Original]:
    return [found for name in names if (found := item_named(file, name))]


def _whose(file: CaseFile, name: str) -> str:
    if name == states.RESULT:
        return whereabouts.ready_at(file)
    found = item_named(file, name)
    return found.holder if found else ""


def _still_there(file: CaseFile, name: str, sender: str) -> bool:
    if name == states.RESULT:
        return whereabouts.ready_at(file) == sender and file.delivery == "COUNTER_COLLECT"
    found = item_named(file, name)
    return found is not None and states.lies_with(found, sender)


def _for_archive(item: Original) -> bool:
    return item.over == states.KEPT if item.onward else item.policy == states.MAIL


def _require_turn(items: list[Original], receiver: str, sender: str, rule: str) -> None:
    """From part to part goes just what is the receiver's turn (states.md 8)."""
    for item in items:
        if not item.to or item.to != receiver or receiver == sender:
            raise Refusal("NOT_ITS_TURN", rule, item=item.item, node=item.to)


def _require_outward(file: CaseFile, act: Act, items: list[Original]) -> None:
    receiver = act.statement.body.get("receiver")
    goal = states.destination(file)
    if not goal or receiver != goal or receiver == act.node.subject:
        raise Refusal("RECEIVER_WRONG", "O3", node=str(receiver)[:80])
    away = next((item for item in items if item.to), None)
    if away is not None:
        raise Refusal("NOT_ITS_TURN", "O3; states.md 8", item=away.item, node=away.to)
    _require_needed(file, items, "A06; O3")


def _require_needed(file: CaseFile, items: list[Original], rule: str) -> None:
    stays = [item.item for item in items if item.policy != states.MAIL]
    if stays or states.came_to_nothing(file):
        raise Refusal("ORIGINAL_NOT_NEEDED", rule, material=",".join(stays), state=file.state)


def _require_alive(file: CaseFile, items: list[Original]) -> None:
    if states.came_to_nothing(file):
        named = ",".join(item.item for item in items)
        raise Refusal("ORIGINAL_NOT_NEEDED", "E08; O14", material=named, state=file.state)


def _require_returnable(file: CaseFile, items: list[Original]) -> None:
    for item in items:
        if not states.returnable(file, item):
            raise Refusal("ORIGINAL_KEPT", "A06; O14", item=item.item, state=file.state)


def _require_due(leg: ParcelLeg | None, act: Act, world: World, name: str) -> None:
    of = {"K9": limits.post_clock, "K10": limits.transit_clock}[name]
    state = of(leg, world) if leg else None
    if state is None or state.due is None or act.recorded_at <= state.due:
        raise Refusal("CLOCK_NOT_DUE", "states.md 2", clock=name, due=state.due if state else "")
    for member, value in (("clock", name), ("due", state.due)):
        if act.text(member) != value:
            raise Refusal("BODY_MEMBER", "states.md 2", member=member)

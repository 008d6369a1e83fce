"""Effects of originals: who has which document now (states.md 5; E08, E09; invariants 1, 13).

Invariants:
- an effect is a pure function of (case file, act, world);
- a document changes hands when its receiver signed for it, when the carrier said that it took it over, gave it back or
  gave it to the applicant with proof; in all other cases who had it still answers for it (promise 2).
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from hub.casework import facts
from hub.casework.casefile import CaseFile
from hub.casework.catalogue.model import Item
from hub.casework.common import with_card, with_clock
from hub.casework.context import Act, World
from hub.casework.delivery.values import ParcelLeg, ResultPaper, ResultState
from hub.casework.originals import guards, limits, states
from hub.casework.originals.values import ItemState, Original, Pickup
from hub.casework.parents import papers
from hub.casework.states import State
from hub.casework.time import clocks


def keep_originals(file: CaseFile, act: Act, world: World) -> CaseFile:
    """O2: what the window says, line by line, that it kept (manifest, ``original`` HELD). One item a line.

    What was seen and given back at once (O1) stands in the manifest alone: nobody has it in custody. What is held from
    before is what the new application calls it, and stays only where the list of its item wants it (T24, A06).
    """
    found = facts.sealed(file, act.text("manifest"), world)
    assert found is not None  # guarded
    item = facts.item_of(file, world)
    tail = f".A{found.manifest.revision}" if found.manifest.kind == "addendum" else ""
    if not tail:
        names = {line.line: line.material for line in found.manifest.lines if line.original == "HELD"}
        file = file.changed(originals=tuple(_as_listed(one, names.get(one.item), item) for one in file.originals))
    known = {one.item for one in file.originals}
    held = tuple(
        _taken(file, act, line.line + tail, line.material, material.original_policy if material else "")
        for line in found.manifest.lines
        if line.original == "HELD" and line.line + tail not in known
        for material in (item.material(line.material),)
    )
    return file.changed(originals=(*file.originals, *held)) if held else file


def take(file: CaseFile, act: Act, world: World) -> CaseFile:
    """O2: further documents, against a custody receipt."""
    made = tuple(_taken(file, act, name, code, states.MAIL) for name, code in guards.taken_items(act))
    return file.changed(originals=(*file.originals, *made))


def pack(file: CaseFile, act: Act, world: World) -> CaseFile:
    """O3, O14: a parcel with its list; K9 runs since it was due, else from now."""
    leg = ParcelLeg(
        act.text("parcel"),
        act.text("gateway"),
        kind=act.text("kind"),
        sender=act.node.subject,
        receiver=str(act.statement.body.get("receiver", "")),
        items=facts.codes_of(act, "items", "O3"),
        packed_at=act.recorded_at,
    )
    items = tuple(
        replace(item, parcel=leg.parcel, answer="", settled="") if item.item in leg.items else item
        for item in file.originals
    )
    packed = file.changed(parcels=(*file.parcels, limits.packed(file, leg)), originals=items)
    return states.moved(packed, leg.parcel, act.digest, act.recorded_at)


def follow(file: CaseFile, act: Act, world: World) -> CaseFile:
    """O4, O5, O8, O9, O11, O14: the documents are where their parcel is."""
    moved = states.moved(file, act.text("parcel"), act.digest, act.recorded_at)
    return call_coordinator(moved, act, world)


def check_in(file: CaseFile, act: Act, world: World) -> CaseFile:
    """O6, O7, O12: each document as it was found. One that is missing stays with who should have brought it.

    A result that is void lies nowhere (D10); one that was recalled on its way is not laid out (D11).
    """
    leg = file.parcel(act.text("parcel"))
    assert leg is not None  # guarded
    found = dict(guards.ticks(act))
    if not act.statement.body["seal_intact"]:
        found = {name: "SEAL_BROKEN" if finding == "OK" else finding for name, finding in found.items()}
    items = tuple(
        _checked(file, item, found[item.item], act) if item.item in found and item.parcel == leg.parcel else item
        for item in file.originals
    )
    checked = _with_leg(file.changed(originals=items), replace(leg, checked_in=act.digest))
    if states.RESULT in found and not leg.void:
        checked = at_counter(checked, act, found[states.RESULT] == "OK" and not leg.recalled_at)
    return call_coordinator(checked, act, world)


def answer_discrepancy(file: CaseFile, act: Act, world: World) -> CaseFile:
    """O7: both sides spoke. As received: it is checked in; found here: it never left; disputed: somebody seeks."""
    answer = act.text("answer")
    item = guards.item_named(file, act.text("item"))
    assert item is not None  # guarded
    changes: dict[str, Any] = {"answer": answer, "evidence": act.digest, "at": act.recorded_at}
    if answer == "FOUND_HERE":
        changes |= {"holder": act.node.subject, "state": ItemState.HELD.value}
    elif answer == "AS_RECEIVED":
        changes["state"] = _kept_state(file, item.holder).value
    elif item.finding == "MISSING":
        changes["state"] = ItemState.LOST_SUSPECTED.value
    return call_coordinator(_with_item(file, replace(item, **changes)), act, world)


def suspect(file: CaseFile, act: Act, world: World) -> CaseFile:
    """O8: missed; the coordinator and the liaisons look for it."""
    leg = file.parcel(act.text("parcel"))
    assert leg is not None  # guarded
    return follow(_with_leg(file, replace(leg, suspected_at=act.recorded_at)), act, world)


def card_late_post(file: CaseFile, act: Act, world: World) -> CaseFile:
    """K9: Y4 on who packed it (standards.md 8)."""
    leg = file.parcel(act.text("parcel"))
    assert leg is not None  # guarded
    return with_card(_with_leg(file, replace(leg, late=True)), act, "Y4", leg.sender)


def card_unpacked(file: CaseFile, act: Act, world: World) -> CaseFile:
    """K9: Y4 on who has what should have been sent (states.md 2: the parcel is due)."""
    return with_card(file, act, "Y4", act.text("subject"), guards.owed_named(file, act).cause)


def card_unopened(file: CaseFile, act: Act, world: World) -> CaseFile:
    """O5: Y14 on who let a parcel lie."""
    leg = file.parcel(act.text("parcel"))
    assert leg is not None  # guarded
    return with_card(_with_leg(file, replace(leg, check_late=True)), act, "Y14", leg.receiver)


def start_accept_clock_by_arrival(file: CaseFile, act: Act, world: World) -> CaseFile:
    """K2 with ``receipt_basis`` ORIGINALS, where the department does not open what arrived (行政许可法 32(4)).

    It received the last of the papers on the day on which the carrier brought them: no department puts the limit off by
    leaving a parcel shut.
    """
    leg = file.parcel(act.text("parcel"))
    assert leg is not None  # guarded
    if not _waits_for_paper(file, world):
        return file
    came = [item.at for item in file.originals if item.policy == states.MAIL and item.holder == file.accepting_node]
    since = max(leg.arrived_at, file.received_at, file.supplement_at, *came)
    return with_clock(file, clocks.start("K2", since, world.calendar))


def shut_parcels_count(file: CaseFile, parcels: Iterable[str], world: World) -> bool:
    """Whether K2 begins once it is said that these parcels were not opened in time: what was awaited is there."""
    shut = set(parcels)
    legs = tuple(replace(leg, check_late=True) if leg.parcel in shut else leg for leg in file.parcels)
    return _waits_for_paper(file.changed(parcels=legs), world)


def lose(file: CaseFile, act: Act, world: World) -> CaseFile:
    """O10: lost; the clock of the case does not stop, and the applicant is not asked to start again."""
    leg = file.parcel(act.text("parcel"))
    assert leg is not None  # guarded
    items = tuple(replace(item, settled=act.digest) if item.parcel == leg.parcel else item for item in file.originals)
    lost = _with_leg(file.changed(originals=items), replace(leg, lost_at=act.recorded_at))
    return states.moved(lost, leg.parcel, act.digest, act.recorded_at)


def settle(file: CaseFile, act: Act, world: World) -> CaseFile:
    """O10, O12: what did not come counts as lost; what came damaged or disputed stays where it is, as it is."""
    item = guards.item_named(file, act.text("item"))
    assert item is not None  # guarded
    leg = file.parcel(item.parcel)
    never_came = item.state == ItemState.LOST_SUSPECTED or (leg is not None and not leg.checked_in)
    state = ItemState.LOST.value if never_came else item.state
    return _with_item(file, replace(item, state=state, settled=act.digest, at=act.recorded_at, evidence=act.digest))


def recall(file: CaseFile, act: Act, world: World) -> CaseFile:
    """D11: the parcel is stopped; one that no carrier took over is the sender's again at once."""
    leg = file.parcel(act.text("parcel"))
    assert leg is not None  # guarded
    status = leg.status if leg.in_carrier_at else "CANCELLED"
    return follow(_with_leg(file, replace(leg, recalled_at=act.recorded_at, status=status)), act, world)


def hand_back(file: CaseFile, act: Act, world: World) -> CaseFile:
    """O14: the applicant has it."""
    names = facts.codes_of(act, "items", "O14")
    return _with_state(file, names, ItemState.RETURNED_TO_APPLICANT, states.APPLICANT, act)


def file_away(file: CaseFile, act: Act, world: World) -> CaseFile:
    """O13: in custody, then in the archive."""
    names = facts.codes_of(act, "items", "O13")
    return _with_state(file, names, ItemState(act.text("to")), act.node.subject, act)


def offer(file: CaseFile, act: Act, world: World) -> CaseFile:
    """E08: an offer changes nothing but that the receiver may come; the sender answers until it is fetched."""
    pages = act.statement.body["pages"]
    assert isinstance(pages, int)  # guarded
    made = Pickup(
        act.text("handoff"),
        act.node.subject,
        act.text("receiver"),
        facts.codes_of(act, "items", "E08"),
        pages,
        act.digest,
        act.recorded_at,
    )
    return file.changed(pickups=(*file.pickups, made))


def fetch(file: CaseFile, act: Act, world: World) -> CaseFile:
    """E08, E09: fetched and countersigned: the receiver has it."""
    made = next(one for one in file.pickups if one.handoff == act.text("handoff"))
    taken = tuple(replace(one, taken=act.digest) if one is made else one for one in file.pickups)
    file = file.changed(pickups=taken)
    node = act.node.subject
    items = tuple(
        replace(item, seen=papers.in_hand_of(file, item, node, act.digest)) if item.item in made.items else item
        for item in file.originals
    )
    file = _with_state(file.changed(originals=items), made.items, _kept_state(file, node), node, act)
    return at_counter(file, act, True) if states.RESULT in made.items else file


def start_accept_clock_by_paper(file: CaseFile, act: Act, world: World) -> CaseFile:
    """K2 with ``receipt_basis`` ORIGINALS (states.md 2, O6): from the day on which the last of them was checked in."""
    if not _waits_for_paper(file, world):
        return file
    return with_clock(file, clocks.start("K2", act.recorded_at, world.calendar))


def call_coordinator(file: CaseFile, act: Act, world: World) -> CaseFile:
    """O8, O10: somebody looks for what is missing (invariant 2)."""
    troubled = any(item.state in states.TROUBLED for item in file.originals)
    if file.coordinator or not (troubled or any(leg.suspected_at for leg in file.parcels)):
        return file
    return file.changed(coordinator=facts.coordinator_of(file, world))


def at_counter(file: CaseFile, act: Act, sound: bool) -> CaseFile:
    """D2, E09: the result lies at this node's counter for the applicant, unless it came otherwise than it was sent."""
    state = ResultState.AT_COUNTER if sound else ResultState.DISCREPANCY
    return file.changed(result=ResultPaper(state.value, act.node.subject, act.recorded_at))


def _waits_for_paper(file: CaseFile, world: World) -> bool:
    """Whether K2 does not run yet, and only because originals were awaited that are all there now."""
    item = facts.item_of(file, world)
    running = file.clocks.get("K2")
    waits = file.state is State.PENDING_ACCEPT and (running is None or running.stopped_at is not None)
    return waits and item.licensing_law and item.receipt_basis == "ORIGINALS" and not states.awaited(file)


def _as_listed(one: Original, material: str | None, item: Item) -> Original:
    """A document that is held already, under the item of a new application."""
    code = material or one.material
    listed = item.material(code)
    return replace(one, material=code, policy=listed.original_policy if listed else "")


def _taken(file: CaseFile, act: Act, name: str, material: str, policy: str) -> Original:
    return Original(
        name, material, ItemState.HELD.value, act.node.subject, policy, at=act.recorded_at, evidence=act.digest,
        onward=papers.onward(file, material),
    )  # fmt: skip


def _checked(file: CaseFile, item: Original, finding: str, act: Act) -> Original:
    here = replace(
        item, finding="" if finding == "OK" else finding, at=act.recorded_at, evidence=act.digest, settled="",
        holder=item.holder if finding == "MISSING" else act.node.subject,
        seen=item.seen if finding == "MISSING" else papers.in_hand_of(file, item, act.node.subject, act.digest),
    )  # fmt: skip
    if finding == "OK":
        return replace(here, state=_kept_state(file, act.node.subject).value)
    state = ItemState.DAMAGED if finding == "DAMAGED" else ItemState.DISCREPANCY
    return replace(here, state=state.value)


def _kept_state(file: CaseFile, node: str) -> ItemState:
    """What a document is at a node that has it: taken in at the window, checked in at a department."""
    return ItemState.HELD if node == file.collecting_node else ItemState.CHECKED_IN


def _with_leg(file: CaseFile, leg: ParcelLeg) -> CaseFile:
    return file.changed(parcels=tuple(leg if old.parcel == leg.parcel else old for old in file.parcels))


def _with_item(file: CaseFile, item: Original) -> CaseFile:
    return file.changed(originals=tuple(item if old.item == item.item else old for old in file.originals))


def _with_state(file: CaseFile, names: tuple[str, ...], state: ItemState, holder: str, act: Act) -> CaseFile:
    """The items in a person's hands, or the applicant's: they are out of the parcel that they came in."""
    items = tuple(
        replace(item, state=state.value, holder=holder, parcel="", at=act.recorded_at, evidence=act.digest)
        if item.item in names
        else item
        for item in file.originals
    )
    return file.changed(originals=items)

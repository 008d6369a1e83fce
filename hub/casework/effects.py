"""Effects: how a case file changes when an act counts. Guards have passed before any of these runs.

Here: sealings, keys, decision, parcels, and what all effects share. ``effects_entry``, ``effects_route`` and
``effects_supplement`` stand beside the guards of the same name.

Invariant: an effect is a pure function of (case file, act, world); clocks are computed from legal time, catalogue and
calendar alone, so every due date can be recomputed from leaves (promise 3).
"""

from dataclasses import replace

from crypto.refusal import Refusal
from hub.casework import clocks
from hub.casework.casefile import Card, CaseFile, ParcelLeg, Sealing, Wrap
from hub.casework.context import Act, World
from hub.casework.facts import item_of, wrapped_lines
from hub.casework.law import Effect


def keep_sealing(file: CaseFile, act: Act, world: World) -> CaseFile:
    """The named sealing with its pinned version becomes part of the case; it never changes (invariant 12)."""
    found = world.pinned(act.text("manifest"))
    assert found is not None  # guarded
    manifest = found.manifest
    made = Sealing(
        manifest.kind, manifest.revision, found.digest, manifest.object_key, found.version_id, act.node.subject
    )
    return file.changed(sealings=(*file.sealings, made))


def keep_wrap(file: CaseFile, act: Act, world: World) -> CaseFile:
    """One more recipient can open lines of a sealing; an earlier wrap of the same lines gives way."""
    made = Wrap(
        act.text("manifest"),
        act.text("recipient"),
        act.text("recipient_key"),
        wrapped_lines(act.statement.body),
        world.epoch,
    )
    kept = tuple(
        wrap
        for wrap in file.wraps
        if (wrap.manifest, wrap.recipient, wrap.lines) != (made.manifest, made.recipient, made.lines)
    )
    return file.changed(wraps=(*kept, made))


def keep_outcome(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T31: grant or refuse."""
    return file.changed(outcome=act.text("outcome"))


def open_parcel(file: CaseFile, act: Act, world: World) -> CaseFile:
    """D4: a parcel leg with its gateway."""
    return file.changed(parcels=(*file.parcels, ParcelLeg(act.text("parcel"), act.text("gateway"))))


def keep_waybill(file: CaseFile, act: Act, world: World) -> CaseFile:
    """D4, A17: the waybill is linked to the case. A second waybill for one parcel is refused."""
    leg = file.parcel(act.text("parcel"))
    assert leg is not None  # guarded
    if leg.waybill_no and leg.waybill_no != act.text("waybill_no"):
        raise Refusal("WAYBILL_TAKEN", "A17; D4", parcel=leg.parcel)
    changed = replace(leg, carrier=act.text("carrier"), waybill_no=act.text("waybill_no"), status="WAYBILL_ISSUED")
    return _with_parcel(file, changed)


def keep_tracking(file: CaseFile, act: Act, world: World) -> CaseFile:
    """Status as the gateway computed it from all events so far; proof never falls (invariant 11)."""
    leg = file.parcel(act.text("parcel"))
    assert leg is not None  # guarded
    level = act.statement.body.get("proof_level")
    if type(level) is not int or not 0 <= level <= 4:
        raise Refusal("BODY_MEMBER", "postal.md 7", member="proof_level")
    better = level > leg.proof_level
    changed = replace(
        leg,
        status=act.text("status"),
        proof_level=max(level, leg.proof_level),
        evidence=act.digest if better else leg.evidence,
    )
    return _with_parcel(file, changed)


def start_decision_clocks(file: CaseFile, act: Act, world: World) -> CaseFile:
    """K3 and K4 from the effective date of acceptance (行政许可法 42; C01)."""
    item = item_of(file, world)
    for name, limit in (("K3", item.promised_limit), ("K4", item.statutory_limit)):
        state = clocks.start(name, file.effective_at, world.calendar, limit=limit.n, unit=clocks.Unit(limit.unit))
        file = with_clock(file, state)
    return file


def start_delivery_clock(file: CaseFile, act: Act, world: World) -> CaseFile:
    """K8, 行政许可法 44: ten working days from the decision."""
    return with_clock(file, clocks.start("K8", act.recorded_at, world.calendar))


def stop(*names: str) -> Effect:
    """An effect that stops the named clocks where they run; no names: all of them."""

    def stop_clocks(file: CaseFile, act: Act, world: World) -> CaseFile:
        for name, state in file.clocks.items():
            if state.stopped_at is None and (not names or name in names):
                file = with_clock(file, clocks.stop(state, act.recorded_at))
        return file

    return stop_clocks


def with_clock(file: CaseFile, state: clocks.ClockState) -> CaseFile:
    """The file with this clock in its place."""
    return file.changed(clocks={**file.clocks, state.clock: state})


def with_card(file: CaseFile, act: Act, kind: str, subject: str) -> CaseFile:
    """The file with a card on ``subject``, for which this act is the evidence (standards.md 8)."""
    return file.changed(cards=(*file.cards, Card(kind, act.recorded_at, subject, act.digest)))


def _with_parcel(file: CaseFile, leg: ParcelLeg) -> CaseFile:
    return file.changed(parcels=tuple(leg if old.parcel == leg.parcel else old for old in file.parcels))

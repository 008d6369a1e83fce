"""Effects: how a case file changes when an act counts. Guards have passed before any of these runs.

Invariant: an effect is a pure function of (case file, act, world); clocks are computed from legal time, catalogue and
calendar alone, so every due date can be recomputed from leaves (promise 3).
"""

from dataclasses import replace

from crypto.refusal import Refusal
from hub.casework import clocks
from hub.casework.casefile import CaseFile, ParcelLeg, Sealing, State, Wrap
from hub.casework.context import Act, World
from hub.casework.guards import wrapped_lines
from hub.casework.law import Effect


def open_case(act: Act, world: World) -> CaseFile:
    """T05: the case file that ``seal`` opens; the collecting node holds it."""
    key = act.statement.body["applicant_key"]
    assert isinstance(key, dict)
    return CaseFile(
        case=str(act.statement.case),
        state=State.COLLECTED,
        seq=0,
        head="",
        case_seq=0,
        task_code=act.text("task_code"),
        region=act.text("region"),
        catalogue=act.text("catalogue"),
        collecting_node=act.node.subject,
        holder=act.node.subject,
        public_no=act.text("public_no"),
        applicant_key=str(key["public"]),
        delivery=act.text("delivery"),
        opened_at=act.recorded_at,
        recorded_at=act.recorded_at,
    )


def keep_sealing(file: CaseFile, act: Act, world: World) -> CaseFile:
    """The named sealing with its pinned version becomes part of the case; it never changes (invariant 12)."""
    found = world.pinned(act.text("manifest"))
    assert found is not None  # guarded
    manifest = found.manifest
    made = Sealing(manifest.kind, manifest.revision, found.digest, manifest.object_key, found.version_id)
    return replace(file, sealings=(*file.sealings, made))


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
    return replace(file, wraps=(*kept, made))


def forward(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T08: a destination is named; the holder stays until the receiver countersigned (F05)."""
    return replace(file, accepting_node=act.text("accepting_node"), queue=act.text("queue"))


def hand_over(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T10: responsibility passes to the receiver."""
    return replace(file, holder=act.node.subject)


def effective_from_today(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T14: acceptance takes effect on the day of acceptance."""
    return replace(file, effective_at=act.recorded_at)


def keep_outcome(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T31: grant or refuse."""
    return replace(file, outcome=act.text("outcome"))


def open_parcel(file: CaseFile, act: Act, world: World) -> CaseFile:
    """D4: a parcel leg with its gateway."""
    return replace(file, parcels=(*file.parcels, ParcelLeg(act.text("parcel"), act.text("gateway"))))


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


def start_forward_clock(file: CaseFile, act: Act, world: World) -> CaseFile:
    """K1: window hours of the collecting window, from the seal."""
    name = file.collecting_node.rsplit("/", 1)[1]
    window = world.catalogue_of(file.catalogue).window(name)
    if window is None:
        raise Refusal("ITEM_NOT_COLLECTABLE", "A18", window=name)
    timetable = window.timetable
    state = clocks.start(
        "K1", act.recorded_at, world.calendar, limit=timetable.forward_limit_hours, timetable=timetable
    )
    return _with_clock(file, state)


def start_accept_clock(file: CaseFile, act: Act, world: World) -> CaseFile:
    """K2, 行政许可法 32(4): five working days from delivery, where the item is under the licensing law."""
    item = world.catalogue_of(file.catalogue).item(file.task_code)
    if not item.licensing_law or item.receipt_basis != "ELECTRONIC":
        return file
    return _with_clock(file, clocks.start("K2", act.recorded_at, world.calendar))


def start_decision_clocks(file: CaseFile, act: Act, world: World) -> CaseFile:
    """K3 and K4 from the effective date of acceptance (行政许可法 42; C01)."""
    item = world.catalogue_of(file.catalogue).item(file.task_code)
    for name, limit in (("K3", item.promised_limit), ("K4", item.statutory_limit)):
        state = clocks.start(name, file.effective_at, world.calendar, limit=limit.n, unit=clocks.Unit(limit.unit))
        file = _with_clock(file, state)
    return file


def start_delivery_clock(file: CaseFile, act: Act, world: World) -> CaseFile:
    """K8, 行政许可法 44: ten working days from the decision."""
    return _with_clock(file, clocks.start("K8", act.recorded_at, world.calendar))


def stop(*names: str) -> Effect:
    """An effect that stops the named clocks where they run; no names: all of them."""

    def stop_clocks(file: CaseFile, act: Act, world: World) -> CaseFile:
        for name, state in file.clocks.items():
            if state.stopped_at is None and (not names or name in names):
                file = _with_clock(file, clocks.stop(state, act.recorded_at))
        return file

    return stop_clocks


def _with_clock(file: CaseFile, state: clocks.ClockState) -> CaseFile:
    return replace(file, clocks={**file.clocks, state.clock: state})


def _with_parcel(file: CaseFile, leg: ParcelLeg) -> CaseFile:
    return replace(file, parcels=tuple(leg if old.parcel == leg.parcel else old for old in file.parcels))

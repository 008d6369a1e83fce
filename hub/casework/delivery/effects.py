"""Effects of the result's way: parcels and their tracking, counters, calls, a new result (states.md 6, D1 to D11).

Invariant: an effect is a pure function of (case file, act, world).
"""

from dataclasses import replace

from crypto.refusal import Refusal
from hub.casework import facts
from hub.casework.casefile import CaseFile
from hub.casework.common import stop
from hub.casework.context import Act, World
from hub.casework.delivery import whereabouts
from hub.casework.delivery.values import ParcelLeg, ResultPaper, ResultState
from hub.casework.originals import effects as oe
from hub.casework.originals import limits, states
from hub.casework.states import State

_GOING_OUT = (State.DELIVERING, State.P_DELIVERING)


def open_parcel(file: CaseFile, act: Act, world: World) -> CaseFile:
    """D4, E09: a parcel leg with its gateway; K9 runs since the result was issued, else from now."""
    kind = str(act.statement.body.get("kind", states.RESULT_KIND))
    to_window = kind == states.TO_WINDOW_KIND
    leg = ParcelLeg(
        act.text("parcel"),
        act.text("gateway"),
        kind=kind,
        sender=act.node.subject,
        receiver=file.collecting_node if to_window else "",
        items=(states.RESULT,) if to_window else (),
        packed_at=act.recorded_at,
    )
    return file.changed(parcels=(*file.parcels, limits.packed(file, leg)))


def keep_waybill(file: CaseFile, act: Act, world: World) -> CaseFile:
    """D4, A17: the waybill is linked to the case; told late it takes nothing back. A second one is refused."""
    leg = file.parcel(act.text("parcel"))
    assert leg is not None  # guarded
    if leg.waybill_no and leg.waybill_no != act.text("waybill_no"):
        raise Refusal("WAYBILL_TAKEN", "A17; D4", parcel=leg.parcel)
    status = "WAYBILL_ISSUED" if leg.status in states.NOT_SENT else leg.status
    changed = replace(leg, carrier=act.text("carrier"), waybill_no=act.text("waybill_no"), status=status)
    return _with_parcel(file, changed)


def keep_tracking(file: CaseFile, act: Act, world: World) -> CaseFile:
    """Status as the gateway computed it from all events so far; proof never falls (invariant 11).

    O9: a parcel that was missed and that a carrier speaks of again is on its way, and K10 runs anew. What the applicant
    denied to have got stays missed (D6). A parcel that was stopped before a carrier had it stays stopped while none has
    it (D11).
    """
    leg = file.parcel(act.text("parcel"))
    assert leg is not None  # guarded
    level = act.statement.body.get("proof_level")
    if type(level) is not int or not 0 <= level <= 4:
        raise Refusal("BODY_MEMBER", "postal.md 7", member="proof_level")
    better = level > leg.proof_level
    changed = replace(
        leg,
        status=_status(leg, act),
        proof_level=max(level, leg.proof_level),
        evidence=act.digest if better else leg.evidence,
        attempts=_attempts(leg, act),
    )
    return _with_parcel(file, _with_times(leg, changed, act))


def stop_when_proven(file: CaseFile, act: Act, world: World) -> CaseFile:
    """K8 stops with the proof of delivery, also where an original still keeps the case open (states.md 2)."""
    proven = file.state in _GOING_OUT and whereabouts.proof(file, facts.proof_needed(file, world))
    return stop("K8")(file, act, world) if proven else file


def choose(file: CaseFile, act: Act, world: World) -> CaseFile:
    """I01: another way; what lay at the department's counter is ready to go again."""
    back = None if whereabouts.at_counter(file) else file.result
    return file.changed(delivery=act.text("delivery"), result=back, ready_since=file.ready_since and act.recorded_at)


def restore(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T32R after D11: what was recalled from the counter is replaced by what was corrected, which is ready (D1)."""
    recalled = file.result is not None and file.result.state == ResultState.RECALLED.value
    return file.changed(result=None) if recalled else file


def make_ready(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T33, D10, T32R: the result that counts is there and may go out from now (K9)."""
    return file.changed(ready_since=act.recorded_at)


def lay_out(file: CaseFile, act: Act, world: World) -> CaseFile:
    """D2, D8: at this counter, for the applicant."""
    return oe.at_counter(file, act, True)


def hand_over(file: CaseFile, act: Act, world: World) -> CaseFile:
    """D2: the applicant has it, and signed at our counter."""
    return _served(file, act, ResultState.PICKED_UP, whereabouts.COUNTER_PROOF)


def open_electronic(file: CaseFile, act: Act, world: World) -> CaseFile:
    """D3: the applicant opened it. A paper result may still be asked for."""
    return _served(file, act, ResultState.E_DELIVERED, whereabouts.ELECTRONIC_PROOF)


def confirm(file: CaseFile, act: Act, world: World) -> CaseFile:
    """D6: the applicant has it and said so."""
    leg = file.parcel(act.text("parcel"))
    assert leg is not None  # guarded
    level = max(leg.proof_level, whereabouts.CONFIRMED_PROOF)
    return _with_parcel(file, replace(leg, answer="CONFIRMED", proof_level=level, evidence=act.digest, suspected_at=""))


def deny(file: CaseFile, act: Act, world: World) -> CaseFile:
    """D6: the applicant has nothing; it is looked for as if it were missed (O8)."""
    leg = file.parcel(act.text("parcel"))
    assert leg is not None  # guarded
    return _with_parcel(file, replace(leg, answer="DENIED", suspected_at=act.recorded_at))


def keep_address(file: CaseFile, act: Act, world: World) -> CaseFile:
    """D8: whether the address that was sealed still holds."""
    leg = file.parcel(act.text("parcel"))
    assert leg is not None  # guarded
    return _with_parcel(file, replace(leg, address=act.text("answer")))


def ask_for_call(file: CaseFile, act: Act, world: World) -> CaseFile:
    """D6 to D8: somebody has to call."""
    leg = file.parcel(act.text("parcel"))
    assert leg is not None  # guarded
    return _with_parcel(file, replace(leg, called=act.text("cause")))


def remind(file: CaseFile, act: Act, world: World) -> CaseFile:
    """D9: one step of the ladder; the case stays open."""
    assert file.result is not None  # guarded
    state = ResultState.UNCLAIMED.value
    return file.changed(result=replace(file.result, state=state, reminders=file.result.reminders + 1))


def void_old(file: CaseFile, act: Act, world: World) -> CaseFile:
    """D10: the old result is void wherever it turns up, and the new one is ready. K8 runs on."""
    parcels = tuple(replace(leg, void=True) if leg in whereabouts.result_parcels(file) else leg for leg in file.parcels)
    return file.changed(parcels=parcels, result=None, voided=(*file.voided, act.text("voids")))


def recall_result(file: CaseFile, act: Act, world: World) -> CaseFile:
    """D11: taken back from the counter."""
    holder = whereabouts.at_counter(file) or whereabouts.ready_at(file)
    return file.changed(result=ResultPaper(ResultState.RECALLED.value, holder, act.recorded_at))


def _served(file: CaseFile, act: Act, state: ResultState, level: int) -> CaseFile:
    made = ResultPaper(state.value, states.APPLICANT, act.recorded_at, proof_level=level, evidence=act.digest)
    return file.changed(result=made)


def _status(leg: ParcelLeg, act: Act) -> str:
    status = act.text("status")
    stopped = bool(leg.recalled_at) and leg.status == "CANCELLED"
    return leg.status if stopped and status in states.NOT_SENT else status


def _attempts(leg: ParcelLeg, act: Act) -> tuple[str, ...]:
    """D7: failed attempts by the key of the event, so that one told twice counts once."""
    if act.statement.body.get("canonical") != "ATTEMPT_FAILED":
        return leg.attempts
    return tuple(sorted({*leg.attempts, str(act.statement.body.get("key", act.digest))}))


def _with_times(before: ParcelLeg, leg: ParcelLeg, act: Act) -> ParcelLeg:
    """When the carrier took it over (K10), and since when it is missed (O8, O9)."""
    since = before.in_carrier_at
    if leg.receiver and leg.status == states.DELIVERED:
        leg = replace(leg, arrived_at=before.arrived_at or act.recorded_at)
    if leg.status not in states.NOT_SENT | {"CANCELLED"}:
        since = since or act.recorded_at
    if before.answer == "DENIED":
        return replace(leg, in_carrier_at=since)
    missed = leg.status in states.MISSED
    if before.suspected_at and not missed:
        since = act.recorded_at
    suspected = (before.suspected_at or act.recorded_at) if missed else ""
    return replace(leg, in_carrier_at=since, suspected_at=suspected)


def _with_parcel(file: CaseFile, leg: ParcelLeg) -> CaseFile:
    return file.changed(parcels=tuple(leg if old.parcel == leg.parcel else old for old in file.parcels))

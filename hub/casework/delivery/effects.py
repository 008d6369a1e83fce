"""Effects of parcels and their tracking (states.md D4 to D8).

Invariant: an effect is a pure function of (case file, act, world).
"""

from dataclasses import replace

from crypto.refusal import Refusal
from hub.casework.casefile import CaseFile, ParcelLeg
from hub.casework.context import Act, World


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


def _with_parcel(file: CaseFile, leg: ParcelLeg) -> CaseFile:
    return file.changed(parcels=tuple(leg if old.parcel == leg.parcel else old for old in file.parcels))

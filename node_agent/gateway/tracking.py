"""What carriers say about one parcel: status, proof of delivery, waybill numbers. Pure.

Invariants:
- status and proof are computed from the whole set of events: late, doubled, reordered events change nothing;
- after RETURNING, REFUSED or RETURNED "delivered" means that the sender has it back, not that it was served;
- an unknown code raises an alert (``alerts_of``) and moves nothing;
- only the gateway's own people can state level 4;
- a carrier's text is restricted: it stays out of ``repr`` and is shown to nobody.

Source of all rules: postal rules 1 and 7. The code tables are in ``carrier_codes``.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from crypto.canonical import digest, encode, time_text
from crypto.refusal import Refusal
from node_agent.gateway.carrier_codes import ParcelStatus, SignerKind, canonical

__all__ = [
    "NOTHING",
    "ParcelStatus",
    "ProofOfDelivery",
    "ProofSource",
    "SignerKind",
    "TrackingEvent",
    "alerts_of",
    "canonical",
    "check_s10",
    "check_waybill",
    "event_key",
    "of_waybill",
    "proof_of",
    "status_of",
]

SILENCE = timedelta(days=5)
RULE_MODEL = "postal rules 7"

_S = ParcelStatus
_K = SignerKind


class ProofSource(StrEnum):
    """Where a proof comes from: a carrier's word, or what came with it.

    PAPER_SLIP and COUNTER_SIGNATURE are the gateway's own, no carrier can state them.
    """

    NONE = "NONE"
    EVENT = "EVENT"
    DELIVERY_CODE = "DELIVERY_CODE"
    SIGNATURE_IMAGE = "SIGNATURE_IMAGE"
    ELECTRONIC_SLIP = "ELECTRONIC_SLIP"
    PAPER_SLIP = "PAPER_SLIP"
    COUNTER_SIGNATURE = "COUNTER_SIGNATURE"


@dataclass(frozen=True)
class TrackingEvent:
    """One carrier event. ``occurred_at``: the source's time and precision; ``received_at``: ours; with zone.

    ``provider_text`` is restricted (couriers' and signers' names). ``proof_digest``: SHA-256 of the object
    named by ``proof_source``. ``raw_digest``: SHA-256 of the item's canonical form as received.
    """

    carrier: str
    waybill_no: str
    provider: str
    provider_code: str
    provider_text: str = field(repr=False)
    canonical: ParcelStatus
    signer_kind: SignerKind
    occurred_at: datetime
    received_at: datetime
    place: str = ""
    region_code: str | None = None
    operator_masked: str = ""
    seq: int = 0
    raw_digest: str = ""
    proof_source: ProofSource = ProofSource.EVENT
    proof_digest: str | None = None


@dataclass(frozen=True)
class ProofOfDelivery:
    """Level 0 to 4 (postal rules 7), the signer, when (None at level 0) and from where."""

    level: int
    signer_kind: SignerKind
    signed_at: datetime | None
    source: ProofSource
    object_digest: str | None = None


NOTHING = ProofOfDelivery(0, _K.UNKNOWN, None, ProofSource.NONE)


def event_key(event: TrackingEvent) -> str:
    """Digest that is equal for the same event told twice: what was said, not when we heard it."""
    said = {
        "provider": event.provider,
        "waybill": event.waybill_no,
        "code": event.provider_code,
        "occurred_at": time_text(event.occurred_at),
        "text": event.provider_text,
    }
    return digest(encode(said))


def of_waybill(events: Iterable[TrackingEvent], waybill_no: str) -> tuple[TrackingEvent, ...]:
    """The events told under ``waybill_no``: a return slip travels under its own number (postal rules 4)."""
    return tuple(event for event in events if event.waybill_no == waybill_no)


def alerts_of(events: Iterable[TrackingEvent]) -> tuple[TrackingEvent, ...]:
    """Events whose code nobody knows, each once, in order: a person has to read them (postal rules 7)."""
    return tuple(event for event in _ordered(events) if event.canonical is _S.UNKNOWN)


_RANK = {status: rank for rank, status in enumerate(ParcelStatus)}
_MOVING = frozenset(
    {
        _S.COLLECTED, _S.IN_TRANSIT, _S.HELD, _S.AT_DELIVERY_OFFICE, _S.OUT_FOR_DELIVERY,
        _S.AT_PICKUP_POINT, _S.ATTEMPT_FAILED, _S.REDIRECTED,
    }
)  # fmt: skip
_BEFORE = frozenset({_S.CREATED, _S.WAYBILL_ISSUED})
_TURNED = frozenset({_S.REFUSED, _S.RETURNING, _S.RETURNED})
_SILENT = (_MOVING - {_S.HELD, _S.AT_PICKUP_POINT}) | {_S.REFUSED, _S.RETURNING}
# What may still change a status that is otherwise final. A scan that comes late is not among it.
_AFTER: Mapping[ParcelStatus, frozenset[ParcelStatus]] = {
    _S.DELIVERED: _TURNED | {_S.LOST, _S.DAMAGED},
    _S.RETURNED: frozenset({_S.DAMAGED}),
    _S.LOST: frozenset({_S.DELIVERED, _S.RETURNING, _S.RETURNED, _S.DAMAGED}),
    _S.DAMAGED: frozenset({_S.RETURNING, _S.RETURNED, _S.LOST}),
}


def status_of(events: Iterable[TrackingEvent], now: datetime | None = None) -> ParcelStatus:
    """Status of one parcel from all its events. No event: CREATED; only unknown codes: UNKNOWN.

    With ``now`` (time zone required) five days without any event make a travelling parcel LOST_SUSPECTED.
    Refusal TRACKING_MIXED_PARCELS when the events name more than one waybill.
    """
    ordered = _ordered(events)
    if not ordered:
        return _S.CREATED
    status, turned = _S.UNKNOWN, False
    for event in ordered:
        status, turned = _step(status, turned, event.canonical)
    if now is not None and status in _SILENT and now - ordered[-1].occurred_at >= SILENCE:
        return _S.LOST_SUSPECTED
    return status


def _step(status: ParcelStatus, turned: bool, said: ParcelStatus) -> tuple[ParcelStatus, bool]:
    if said is _S.UNKNOWN or (said in _BEFORE and status not in _BEFORE | {_S.UNKNOWN}):
        return status, turned
    if turned and said is _S.DELIVERED:
        said = _S.RETURNED
    if turned and said in _MOVING:
        said = _S.RETURNING
    turned = turned or said in _TURNED
    if status in _AFTER and said not in _AFTER[status]:
        return status, turned
    return said, turned


def _ordered(events: Iterable[TrackingEvent]) -> list[TrackingEvent]:
    """Each event once, by time, then rank (some sources know whole seconds only), then what was said."""
    once = {(event_key(event), event.proof_source, event.proof_digest or ""): event for event in events}
    if len({event.waybill_no for event in once.values()}) > 1:
        raise Refusal("TRACKING_MIXED_PARCELS", RULE_MODEL, events=len(once))
    keyed = sorted(once.items(), key=lambda item: (item[1].occurred_at, _RANK[item[1].canonical], item[0]))
    return [event for _, event in keyed]


_PAPER = frozenset({ProofSource.PAPER_SLIP, ProofSource.COUNTER_SIGNATURE})
_IMAGE = frozenset({ProofSource.SIGNATURE_IMAGE, ProofSource.ELECTRONIC_SLIP})
_LEVEL = {_K.HOUSEHOLD: 1, _K.UNIT: 1, _K.SELF: 2}
_CAUTION = {kind: rank for rank, kind in enumerate(SignerKind)}


def proof_of(events: Iterable[TrackingEvent]) -> ProofOfDelivery:
    """The proof of delivery of one parcel (levels of postal rules 7). Level 0 unless DELIVERED.

    1. A paper slip or counter signature with digest, stated by the gateway, is level 4.
    2. Of each provider the last event with a known signer counts; where providers differ, the weakest.
    3. LOCKER, PICKUP_POINT, DOORSTEP, UNKNOWN are level 0, even with an image: it may show a door.
    4. Image or electronic slip with digest: 3; delivery code: 2; SELF: 2; HOUSEHOLD or UNIT: 1.
    """
    ordered = _ordered(events)
    if status_of(ordered) is not _S.DELIVERED:
        return NOTHING
    delivered = [event for event in ordered if event.canonical is _S.DELIVERED]
    paper = [event for event in delivered if _is_paper(event)]  # 1
    if paper:
        last = paper[-1]
        return ProofOfDelivery(4, last.signer_kind, last.occurred_at, last.proof_source, last.proof_digest)
    known = {event.provider: event for event in delivered if event.signer_kind is not _K.UNKNOWN}  # 2
    if not known:
        return ProofOfDelivery(0, _K.UNKNOWN, None, ProofSource.EVENT)
    decisive = min(known.values(), key=lambda event: (_CAUTION[event.signer_kind], event.occurred_at))
    if decisive.signer_kind not in _LEVEL:  # 3
        return ProofOfDelivery(0, decisive.signer_kind, None, ProofSource.EVENT)
    return _graded(decisive, delivered)


def _graded(decisive: TrackingEvent, delivered: list[TrackingEvent]) -> ProofOfDelivery:
    signer, at = decisive.signer_kind, decisive.occurred_at
    image = next((e for e in reversed(delivered) if e.proof_source in _IMAGE and e.proof_digest), None)
    if image is not None:
        return ProofOfDelivery(3, signer, at, image.proof_source, image.proof_digest)
    if any(event.proof_source is ProofSource.DELIVERY_CODE for event in delivered):
        return ProofOfDelivery(2, signer, at, ProofSource.DELIVERY_CODE)
    return ProofOfDelivery(_LEVEL[signer], signer, at, ProofSource.EVENT)


def _is_paper(event: TrackingEvent) -> bool:
    return event.provider == "GATEWAY" and event.proof_source in _PAPER and event.proof_digest is not None


_S10 = re.compile(r"[A-Z]{2}(\d{8})(\d)[A-Z]{2}", re.ASCII)
_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)
_DOMESTIC = {
    "EMS": re.compile(r"\d{13}", re.ASCII),
    "SF": re.compile(r"SF\d{13}|\d{12}", re.ASCII),
}


def check_s10(text: str) -> str:
    """``text`` if it is a UPU S10 item identifier with a right check digit (S10-12).

    Refusal WAYBILL_FORMAT or WAYBILL_CHECK_DIGIT. Upper-case it first: lower case is refused.
    """
    found = _S10.fullmatch(text)
    if found is None:
        raise Refusal("WAYBILL_FORMAT", "UPU S10-12", length=len(text))
    total = sum(weight * int(figure) for weight, figure in zip(_WEIGHTS, found[1], strict=True))
    expected = {10: 0, 11: 5}.get(11 - total % 11, 11 - total % 11)
    if int(found[2]) != expected:
        raise Refusal("WAYBILL_CHECK_DIGIT", "UPU S10-12", length=len(text))
    return text


def check_waybill(carrier: str, text: str) -> str:
    """``text`` without outer spaces, upper case, if it is a number of ``carrier`` (EMS, SF; postal rules 1).

    Domestic numbers have no known check digit; S10 is applied only to what looks like it, and only for EMS.
    Refusal CARRIER_UNKNOWN, WAYBILL_FORMAT, WAYBILL_CHECK_DIGIT.
    """
    pattern = _DOMESTIC.get(carrier)
    if pattern is None:
        raise Refusal("CARRIER_UNKNOWN", "postal rules 1", carrier=carrier)
    number = text.strip().upper()
    if carrier == "EMS" and _S10.fullmatch(number):
        return check_s10(number)
    if not pattern.fullmatch(number):
        raise Refusal("WAYBILL_FORMAT", "postal rules 1", carrier=carrier, length=len(number))
    return number

"""The vocabularies of carriers and aggregators, read into one. Pure.

Invariants:
- an unknown code is UNKNOWN, never IN_TRANSIT; an unknown signer text is UNKNOWN, never SELF;
- a text with several readings counts as the weakest;
- a code is never looked up without its provider: 201, 204, 304, 401 mean different things to two of them.

Source of the tables: postal rules 2 to 5 (EMSEVT, China Post EMS, SF Express, Kuaidi100).
"""

import re
from collections.abc import Mapping
from enum import StrEnum


class ParcelStatus(StrEnum):
    """Canonical status of a parcel (postal rules 7)."""

    UNKNOWN = "UNKNOWN"
    CREATED = "CREATED"
    WAYBILL_ISSUED = "WAYBILL_ISSUED"
    CANCELLED = "CANCELLED"
    LOST_SUSPECTED = "LOST_SUSPECTED"
    COLLECTED = "COLLECTED"
    IN_TRANSIT = "IN_TRANSIT"
    HELD = "HELD"
    AT_DELIVERY_OFFICE = "AT_DELIVERY_OFFICE"
    OUT_FOR_DELIVERY = "OUT_FOR_DELIVERY"
    AT_PICKUP_POINT = "AT_PICKUP_POINT"
    ATTEMPT_FAILED = "ATTEMPT_FAILED"
    REDIRECTED = "REDIRECTED"
    REFUSED = "REFUSED"
    RETURNING = "RETURNING"
    DELIVERED = "DELIVERED"
    RETURNED = "RETURNED"
    LOST = "LOST"
    DAMAGED = "DAMAGED"


class SignerKind(StrEnum):
    """Who took a delivered parcel (postal rules 3, "the trap"). UNIT: colleague, mail room, guard."""

    UNKNOWN = "UNKNOWN"
    LOCKER = "LOCKER"
    PICKUP_POINT = "PICKUP_POINT"
    DOORSTEP = "DOORSTEP"
    HOUSEHOLD = "HOUSEHOLD"
    UNIT = "UNIT"
    SELF = "SELF"


_S = ParcelStatus
_K = SignerKind

_CODES: Mapping[str, Mapping[ParcelStatus, str]] = {
    "EMS": {
        _S.COLLECTED: "203",
        _S.IN_TRANSIT: "303 345 305 389 954 911 912",
        _S.AT_DELIVERY_OFFICE: "306",
        _S.OUT_FOR_DELIVERY: "702",
        _S.ATTEMPT_FAILED: "705",
        _S.DELIVERED: "704",
    },
    "EMSEVT": {
        _S.COLLECTED: "EMA",
        _S.IN_TRANSIT: "EMB EXA EXC EMC EMJ EMK EMD EDB EDC EMF EDD EDE EMX",
        _S.HELD: "EXB EXD EDA EME EDF",
        _S.CANCELLED: "EXX",
        _S.AT_DELIVERY_OFFICE: "EMG",
        _S.OUT_FOR_DELIVERY: "EDG",
        _S.ATTEMPT_FAILED: "EMH",
        _S.AT_PICKUP_POINT: "EDH",
        _S.DELIVERED: "EMI",
        _S.RETURNING: "EDX",
    },
    "SF": {
        _S.COLLECTED: "50 54",
        _S.IN_TRANSIT: "30 31 36 407 501",
        _S.AT_DELIVERY_OFFICE: "130 44",
        _S.OUT_FOR_DELIVERY: "204",
        _S.ATTEMPT_FAILED: "33 70",
        _S.DELIVERED: "80 8000",
        _S.RETURNING: "99",
        _S.RETURNED: "631 648",
    },
    # The code is the sub-state where there is one, else the state; "abort" is the push status. 4 退签 means
    # that the sender has signed for the return; 14 under it is a refusal, 401 a cancellation.
    "KUAIDI100": {
        _S.WAYBILL_ISSUED: "101 102",
        _S.COLLECTED: "1 103",
        _S.IN_TRANSIT: "0 1001 1002 12",
        _S.REDIRECTED: "7 1003",
        _S.OUT_FOR_DELIVERY: "5",
        _S.AT_PICKUP_POINT: "501 205",
        _S.DELIVERED: "3 301 302 303 304",
        _S.RETURNING: "6",
        _S.RETURNED: "4",
        _S.REFUSED: "14 203",
        _S.CANCELLED: "401 210",
        _S.ATTEMPT_FAILED: "204 206",
        _S.HELD: "2 201 207 208 8 10 11 13",
        _S.DAMAGED: "209",
        _S.LOST_SUSPECTED: "202 abort",
    },
    # The carrier's own answers to an order or an enquiry (邮政法 49); FOUND ends a suspicion.
    "SERVICE": {_S.CANCELLED: "CANCELLED", _S.LOST: "LOST", _S.DAMAGED: "DAMAGED", _S.IN_TRANSIT: "FOUND"},
    # What the gateway's own people and timers state.
    "GATEWAY": {
        _S.CREATED: "CREATED",
        _S.WAYBILL_ISSUED: "WAYBILL_ISSUED",
        _S.CANCELLED: "CANCELLED",
        _S.LOST: "LOST",
        _S.DAMAGED: "DAMAGED",
        _S.RETURNED: "RETURNED",
        _S.DELIVERED: "PAPER_SLIP COUNTER_SIGNATURE",
    },
}
_TABLE: Mapping[tuple[str, str], ParcelStatus] = {
    (provider, code): status
    for provider, codes in _CODES.items()
    for status, names in codes.items()
    for code in names.split()
}

# Kinds that prove nothing are looked for in the whole text, kinds that prove something only before the
# courier part, where a station's name could stand for the signer. First match wins: the weakest reading.
_WEAK = (
    (_K.LOCKER, re.compile("快递柜|智能柜|信包箱|丰巢|速递易|格口|柜(?!台)")),
    (_K.PICKUP_POINT, re.compile("代收点|驿站|自提|服务站|代办点|便利店|超市|商店|村邮站|代投点")),
    (_K.DOORSTEP, re.compile("门口|门前|门外|家门|楼道|车库|信箱|指定位置")),
)
_STRONG = (
    (_K.HOUSEHOLD, re.compile("家人|家属|亲属|配偶|爱人|丈夫|妻子|父亲|母亲|父母|子女|儿子|女儿")),
    (_K.UNIT, re.compile("收发室|传达室|门卫|保安|前台|物业|同事|单位")),
)
_COURIER_PART = re.compile("如有疑问|投递员|揽投员|快递员|派件员|派送员|收派员|投诉|感谢")
_NOT_SELF = re.compile("别人|[代他她非未不]")
_BACK = re.compile("(?<![将会被再])(?:退回|退件|退寄|退还)")
_REFUSED = re.compile("(?<![未非])(?:拒收|拒签)")
_REDIRECTED = re.compile("改寄|改投|改址|转寄|转投|转址")


def canonical(provider: str, code: str, text: str) -> tuple[ParcelStatus, SignerKind]:
    """Status and signer that (``provider``, ``code``, ``text``) mean (postal rules 2 to 5).

    Providers: EMS, EMSEVT, SF, KUAIDI100, SERVICE, GATEWAY. The same code means different things to two
    providers, so the code alone is never looked up. The signer is UNKNOWN unless the status is DELIVERED.
    """
    status = _TABLE.get((provider, code), _S.UNKNOWN)
    if status is _S.ATTEMPT_FAILED:
        return _failure(text), _K.UNKNOWN
    if status is not _S.DELIVERED:
        return status, _K.UNKNOWN
    if _BACK.search(text):
        return _S.RETURNED, _K.UNKNOWN
    return status, _signer(provider, code, text)


def _failure(text: str) -> ParcelStatus:
    """EMS knows refusal, return and redirection only as text of a failed delivery (postal rules 3)."""
    for status, pattern in ((_S.RETURNING, _BACK), (_S.REFUSED, _REFUSED), (_S.REDIRECTED, _REDIRECTED)):
        if pattern.search(text):
            return status
    return _S.ATTEMPT_FAILED


def _signer(provider: str, code: str, text: str) -> SignerKind:
    weak = next((kind for kind, pattern in _WEAK if pattern.search(text)), None)
    if weak is not None:
        return weak
    if provider == "KUAIDI100" and code == "304":
        return _K.LOCKER
    head = _COURIER_PART.split(text, maxsplit=1)[0]
    strong = next((kind for kind, pattern in _STRONG if pattern.search(head)), None)
    if strong is not None:
        return strong
    stated_self = "本人" in head or (provider == "KUAIDI100" and code == "301")
    if stated_self and code not in ("302", "303") and not _NOT_SELF.search(head):
        return _K.SELF
    return _K.UNKNOWN

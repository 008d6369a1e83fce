"""The gateway's way to a carrier: book, listen, cancel.

Invariants:
- every call may be repeated: the order id is the idempotency key of a booking, polling only reads, a second
  cancel is no error; so a lost answer is asked for again and never becomes a second parcel;
- names, phones, addresses and waybill numbers are in no error, log line or ``repr``;
- a carrier's event never carries the gateway's own authority: provider GATEWAY from outside is refused;
- one envelope holds one case (states O3).
"""

import hmac
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import httpx
import tenacity

from crypto.canonical import CHINA, digest, encode, time_value
from crypto.refusal import Refusal
from hub.casework.masking.fields import Field, Profile, mask
from node_agent.gateway.tracking import (
    ProofSource,
    TrackingEvent,
    canonical,
    check_waybill,
    of_waybill,
)
from node_agent.private_http import require_private

RULE_REACH = "architecture: promise 6"
RULE_MODEL = "postal rules 7"
_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,39}")
_CARRIER_PROOFS = frozenset({ProofSource.DELIVERY_CODE, ProofSource.SIGNATURE_IMAGE, ProofSource.ELECTRONIC_SLIP})


@dataclass(frozen=True)
class Party:
    """Sender or receiver. Personal: nothing of it is in ``repr``."""

    name: str = field(repr=False)
    phone: str = field(repr=False)
    address: str = field(repr=False)


@dataclass(frozen=True)
class Booking:
    """One parcel to book. ``order_id``: ours, 1 to 64 characters, tells nothing about the case.

    ``receipt_level``: proof wanted, 0 to 4 (postal rules 7). ``cases``: how many cases lie in the envelope.
    """

    order_id: str
    sender: Party
    receiver: Party
    receipt_level: int = 2
    insured: bool = False
    cases: int = 1
    callback: str | None = None


@dataclass(frozen=True)
class Waybill:
    """The carrier's numbers for a booking; ``receipt_waybill_no`` when a paper slip travels back."""

    waybill_no: str
    receipt_waybill_no: str | None = None


@dataclass(frozen=True)
class TrackingPage:
    """Events of the parcel, those of its return slip under another number, the ``cursor`` to go on from."""

    events: tuple[TrackingEvent, ...]
    slips: tuple[TrackingEvent, ...]
    cursor: int


class Carrier(Protocol):
    """A carrier as the gateway sees it.

    Idempotency: all calls may be repeated after any failure. Durability: what ``book`` and ``cancel``
    answered the carrier keeps; the gateway keeps the order id *before* it calls and the answer after. Events
    are kept by the carrier for a time only (SF: 3 months): store each page before moving the cursor.
    Order: events may come late, twice, in any order. All may raise Refusal CARRIER_UNAVAILABLE (nothing is
    known about the outcome, ask again), CARRIER_REFUSED (the carrier said no), CARRIER_ANSWER_INVALID.
    """

    def book(self, booking: Booking) -> Waybill:
        """The waybill of ``booking.order_id``, the same however often asked. Also PARCEL_ONE_CASE."""

    def events(self, waybill_no: str, after: int = 0) -> TrackingPage:
        """Events told after cursor ``after`` (0: all). Also the codes of ``check_waybill``."""

    def cancel(self, waybill_no: str) -> None:
        """Cancel before collection. CARRIER_REFUSED with reason ALREADY_COLLECTED when it is too late."""

    def slip(self, waybill_no: str, object_digest: str) -> bytes:
        """The signature image or electronic slip with this SHA-256. Also CARRIER_SLIP_DIGEST."""


class _Unreached(Exception):
    """No answer, or one that says "later"; ``args[0]`` is a word without personal data."""


class HttpCarrier:
    """``Carrier`` over HTTP. Blocking, safe for several threads. https, or http on loopback only.

    ``attempts`` calls at most, with random exponential pauses from ``pause`` seconds up to 8 s between them.
    Refusal CARRIER_INSECURE_URL.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        carrier: str = "EMS",
        attempts: int = 4,
        pause: float = 0.2,
        timeout: float = 10.0,
        clock: Callable[[], datetime] = lambda: datetime.now(CHINA),
    ) -> None:
        require_private(base_url)
        self._carrier = carrier
        self._attempts = attempts
        self._pause = pause
        self._clock = clock
        self._client = httpx.Client(
            base_url=base_url,
            headers={"X-Api-Key": api_key},
            timeout=httpx.Timeout(timeout, connect=3.0),
            trust_env=False,
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def book(self, booking: Booking) -> Waybill:
        """See ``Carrier.book``."""
        if booking.cases != 1:
            raise Refusal("PARCEL_ONE_CASE", "states O3", cases=booking.cases)
        answer = self._object("POST", "/v1/parcels", _order(booking))
        number, slip = answer.get("waybillNo"), answer.get("receiptWaybillNo")
        if answer.get("orderId") != booking.order_id or not isinstance(number, str):
            raise self._invalid("booking")
        if slip is not None and not isinstance(slip, str):
            raise self._invalid("receiptWaybillNo")
        checked = check_waybill(self._carrier, number)
        return Waybill(checked, check_waybill(self._carrier, slip) if slip is not None else None)

    def events(self, waybill_no: str, after: int = 0) -> TrackingPage:
        """See ``Carrier.events``."""
        number = check_waybill(self._carrier, waybill_no)
        items = self._object("GET", f"/v1/parcels/{number}/events?after={after:d}").get("events")
        if not isinstance(items, list):
            raise self._invalid("events")
        told = tuple(self._event(item) for item in items)
        own = of_waybill(told, number)
        slips = tuple(event for event in told if event.waybill_no != number)
        return TrackingPage(own, slips, max([after, *(event.seq for event in told)]))

    def cancel(self, waybill_no: str) -> None:
        """See ``Carrier.cancel``."""
        self._call("POST", f"/v1/parcels/{check_waybill(self._carrier, waybill_no)}/cancel")

    def slip(self, waybill_no: str, object_digest: str) -> bytes:
        """See ``Carrier.slip``."""
        number = check_waybill(self._carrier, waybill_no)
        body = self._call("GET", f"/v1/parcels/{number}/slip").content
        if not hmac.compare_digest(digest(body), object_digest):
            raise Refusal("CARRIER_SLIP_DIGEST", RULE_MODEL, carrier=self._carrier)
        return body

    def _event(self, item: object) -> TrackingEvent:
        """One item of the wire. Refusal CARRIER_ANSWER_INVALID naming the field, never its content."""
        if not isinstance(item, dict):
            raise self._invalid("event")
        for name in ("provider", "opCode", "opDesc", "opTime", "waybillNo", "opOrgCity", "operatorName"):
            if not isinstance(item.get(name), str):
                raise self._invalid(name)
        if item["provider"] == "GATEWAY":
            raise self._invalid("provider")
        seq = item.get("seq")
        if isinstance(seq, bool) or not isinstance(seq, int) or seq < 1:
            raise self._invalid("seq")
        source, proof_digest = self._proof(item.get("proof"))
        status, signer = canonical(item["provider"], item["opCode"], item["opDesc"])
        return TrackingEvent(
            carrier=self._carrier,
            waybill_no=item["waybillNo"],
            provider=item["provider"],
            provider_code=item["opCode"],
            provider_text=item["opDesc"],
            canonical=status,
            signer_kind=signer,
            occurred_at=self._moment(item["opTime"]),
            received_at=self._clock(),
            place=item["opOrgCity"],
            operator_masked=mask(Field.PERSON_NAME, item["operatorName"], Profile.OUTSIDE),
            seq=seq,
            raw_digest=digest(self._raw(item)),
            proof_source=source,
            proof_digest=proof_digest,
        )

    def _raw(self, item: dict[str, object]) -> bytes:
        try:
            return encode(item)
        except (TypeError, ValueError):
            raise self._invalid("event") from None

    def _moment(self, text: str) -> datetime:
        try:
            return time_value(text)
        except Refusal:
            raise self._invalid("opTime") from None

    def _proof(self, value: object) -> tuple[ProofSource, str | None]:
        if value is None:
            return ProofSource.EVENT, None
        source = value.get("source") if isinstance(value, dict) else None
        if not isinstance(value, dict) or source not in _CARRIER_PROOFS:
            raise self._invalid("proof")
        named = value.get("digest")
        if named is not None and not (isinstance(named, str) and re.fullmatch("[0-9a-f]{64}", named)):
            raise self._invalid("proof")
        return ProofSource(source), named

    def _object(self, method: str, path: str, body: dict[str, object] | None = None) -> dict[str, object]:
        try:
            value = self._call(method, path, body).json()
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise self._invalid("body")
        return value

    def _call(self, method: str, path: str, body: dict[str, object] | None = None) -> httpx.Response:
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Unreached),
            stop=tenacity.stop_after_attempt(self._attempts),
            wait=tenacity.wait_random_exponential(multiplier=self._pause, max=8),
            reraise=True,
        )
        try:
            answer = retrying(self._once, method, path, body)
        except _Unreached as unreached:
            raise Refusal(
                "CARRIER_UNAVAILABLE",
                RULE_REACH,
                carrier=self._carrier,
                attempts=self._attempts,
                reason=unreached.args[0],
            ) from None
        if answer.status_code != 200:
            raise Refusal("CARRIER_REFUSED", RULE_MODEL, carrier=self._carrier, reason=_reason(answer))
        return answer

    def _once(self, method: str, path: str, body: dict[str, object] | None) -> httpx.Response:
        try:
            answer = self._client.request(method, path, json=body)
        except (httpx.TransportError, httpx.DecodingError) as failed:
            # The error's text may name the address asked, so only its kind goes on.
            raise _Unreached(type(failed).__name__) from None
        if answer.status_code >= 500 or answer.status_code == 429:
            raise _Unreached(f"HTTP_{answer.status_code}")
        return answer

    def _invalid(self, name: str) -> Refusal:
        return Refusal("CARRIER_ANSWER_INVALID", RULE_MODEL, carrier=self._carrier, field=name)


def _order(booking: Booking) -> dict[str, object]:
    def party(of: Party) -> dict[str, str]:
        return {"name": of.name, "phone": of.phone, "address": of.address}

    return {
        "orderId": booking.order_id,
        "sender": party(booking.sender),
        "receiver": party(booking.receiver),
        "receiptLevel": booking.receipt_level,
        "insured": booking.insured,
        "callback": booking.callback,
    }


def _reason(answer: httpx.Response) -> str:
    """The carrier's own code if it looks like one; a free text could repeat what we sent."""
    try:
        code = answer.json().get("error")
    except (json.JSONDecodeError, UnicodeDecodeError, AttributeError):
        code = None
    return code if isinstance(code, str) and _CODE.fullmatch(code) else f"HTTP_{answer.status_code}"

"""The gateway at work: books the parcels that windows and departments send, listens, states what it hears.

Invariants:
- a parcel is booked under its own id as order id, with the same words each time, so a lost answer never becomes a
  second parcel; what was asked is kept before the call, the waybill after it, the statement last;
- each event is stated once, across restarts: what was said is read from the outbox, the one place where acts are kept;
- status and proof are those of the whole set of events (``tracking``); a signature image counts only when its bytes
  were fetched and have the digest named;
- statements carry codes, digests and times, never a name, a telephone number or a carrier's text (promise 1);
- one parcel's trouble does not stop the others;
- a look costs what changed: a case is read again when it has a new leaf, and a parcel whose delivery is proven and
  stated is left alone.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from crypto import canonical
from crypto.refusal import Refusal
from crypto.statement import Statement, read_signed
from node_agent import acts
from node_agent.gateway import parcels
from node_agent.gateway.address import newest_seal, open_address
from node_agent.gateway.carrier import Booking, Carrier, Party
from node_agent.gateway.legs import Leg, contact, legs_of, proof_wanted, receiver_of
from node_agent.gateway.parcels import Order, ParcelRecord, Task, TaskKind
from node_agent.gateway.tracking import (
    ParcelStatus,
    ProofOfDelivery,
    ProofSource,
    TrackingEvent,
    alerts_of,
    event_key,
    proof_of,
    status_of,
)
from node_agent.process.runtime import Agent
from storage.transfer import TransferClient

LOOK_SECONDS = 1.0
# Refusals that pass by themselves: the parcel is tried again at the next look.
PASSING = frozenset(
    {"HUB_UNAVAILABLE", "STORE_UNAVAILABLE", "TRANSFER_DENIED", "CARRIER_UNAVAILABLE", "JOURNAL_UNWRITABLE"}
)
FINAL = frozenset({ParcelStatus.RETURNED, ParcelStatus.LOST, ParcelStatus.CANCELLED})
BEFORE_CARRIER = frozenset({ParcelStatus.CREATED, ParcelStatus.WAYBILL_ISSUED})
TROUBLE = frozenset(
    {
        ParcelStatus.ATTEMPT_FAILED,
        ParcelStatus.REFUSED,
        ParcelStatus.RETURNING,
        ParcelStatus.RETURNED,
        ParcelStatus.LOST,
        ParcelStatus.DAMAGED,
        ParcelStatus.CANCELLED,
    }
)
log = logging.getLogger(__name__)


class Gateway:
    """The role ``gateway`` of an agent. Blocking; one thread.

    ``carrier_code``: the carrier's short name in statements. ``clock``: now, with time zone.
    """

    def __init__(
        self,
        agent: Agent,
        carrier: Carrier,
        transfer: TransferClient | None = None,
        *,
        carrier_code: str = "EMS",
        clock: Callable[[], datetime] = lambda: datetime.now(canonical.CHINA),
    ) -> None:
        self._agent = agent
        self._carrier = carrier
        self._transfer = transfer or TransferClient()
        self._code = carrier_code
        self._clock = clock
        self._refused: set[str] = set()
        self._read: dict[str, tuple[int, list[Leg]]] = {}
        self._finished: set[str] = set()

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set: new parcels within a second, events every ``carrier_poll_seconds``."""
        pause = self._agent.settings.carrier_poll_seconds
        elapsed = pause
        while not stop.is_set():
            due = elapsed >= pause
            self.step(poll=due)
            elapsed = 0.0 if due else elapsed
            rest = min(LOOK_SECONDS, pause)
            stop.wait(rest)
            elapsed += rest

    def step(self, *, poll: bool = True) -> int:
        """Book what is new and, with ``poll``, ask for events; how many statements were queued."""
        return sum(self._serve(leg, poll) for leg in self.legs() if leg.parcel not in self._finished)

    def legs(self) -> list[Leg]:
        """Parcels posted through this gateway, as the (verified) leaves in the journal tell it."""
        found: list[Leg] = []
        for case, top in self._agent.journal.case_tops().items():
            known = self._read.get(case)
            if known is None or known[0] != top:
                known = self._read[case] = (top, self._legs_of(case))
            found += known[1]
        return found

    def _legs_of(self, case: str) -> list[Leg]:
        return legs_of(self._agent.journal, case, self._agent.identity.node)

    def _serve(self, leg: Leg, poll: bool) -> int:
        if leg.parcel in self._refused and not poll:
            return 0
        record = parcels.load(self._agent.journal, leg.parcel, leg.case)
        answered = self._settled(leg, record) and not self._waits(leg.case)  # read before ``_said`` looks for refusals
        try:
            if self._recall(leg, record):
                return 0
            if not record.waybill_no:
                record = self._book(leg, record)
            queued = self._state_waybill(record)
            if poll and not self._over(leg, record):
                record = self._listen(record)
            queued += self._state_events(record)
            if answered and not queued:
                self._finished.add(leg.parcel)
            return queued
        except Refusal as refusal:
            log.warning("parcel waits: %s", refusal.code)
            if refusal.code not in PASSING and not record.waybill_no:
                self._refused.add(leg.parcel)  # tried again with the polls, not at every look
                self._task(record, TaskKind.BOOKING_REFUSED, refusal.code)
            return 0

    def _over(self, leg: Leg, record: ParcelRecord) -> bool:
        """Whether no event is asked for any more: proven, at a node that opens it itself, or final."""
        return self._settled(leg, record) or status_of(record.events) in FINAL

    def _settled(self, leg: Leg, record: ParcelRecord) -> bool:
        delivered = status_of(record.events) is ParcelStatus.DELIVERED
        return leg.closed or (leg.to_node and delivered)

    def _waits(self, case: str) -> bool:
        """Whether an act of the case has no answer yet; a refusal would have to be shown to a person."""
        return any(act.state == "WAITING" for act in self._agent.journal.acts(case))

    # --- booking ---------------------------------------------------------------------------------------------

    def _book(self, leg: Leg, record: ParcelRecord) -> ParcelRecord:
        """To the applicant by the address that was sealed; to a node by its entry in the list (O3, E09)."""
        if leg.to_node:
            seal = newest_seal(self._agent, leg.case)
            receiver = contact(self._agent, seal, receiver_of(leg, seal))
        else:
            destination = open_address(self._agent, self._transfer, leg.case, leg.parcel)
            receiver, seal = destination.receiver, destination.seal
        if record.order is None:
            record = replace(record, order=self._order(leg, seal))
            parcels.keep(self._agent.journal, record)
        order = record.order
        assert order is not None
        sender = Party(order.sender, order.phone, order.address or order.sender)
        booking = Booking(leg.parcel, sender, receiver, receipt_level=order.receipt_level, insured=leg.insured)
        waybill = self._carrier.book(booking)
        record = replace(record, waybill_no=waybill.waybill_no)
        parcels.keep(self._agent.journal, record)  # commit point: from here on the parcel is ours to follow
        return record

    def _order(self, leg: Leg, seal: Statement) -> Order:
        """Sender is the node that posts, by its public title, telephone and address; the proof is what is needed."""
        sender = contact(self._agent, seal, leg.sender)
        return Order(sender.name, sender.phone, proof_wanted(self._agent, leg, seal), sender.address)

    def _recall(self, leg: Leg, record: ParcelRecord) -> bool:
        """D11: whether a parcel needs no booking any more. One that is booked is cancelled, if it is not too late."""
        if not leg.recalled or not record.waybill_no or status_of(record.events) not in BEFORE_CARRIER:
            return leg.recalled and not record.waybill_no
        try:
            self._carrier.cancel(record.waybill_no)
        except Refusal as refusal:
            if refusal.code in PASSING:
                raise
            self._task(record, TaskKind.FOLLOW_UP, refusal.code)
        return False

    def _state_waybill(self, record: ParcelRecord) -> int:
        if record.parcel in self._said(record, "waybill", "parcel"):
            return 0
        body = {"parcel": record.parcel, "carrier": self._code, "waybill_no": record.waybill_no}
        return self._state(record, "waybill", body)

    # --- tracking --------------------------------------------------------------------------------------------

    def _listen(self, record: ParcelRecord) -> ParcelRecord:
        page = self._carrier.events(record.waybill_no, record.cursor)
        if page.cursor != record.cursor or page.events or page.slips:
            record = record.told(page.events, page.slips, page.cursor)
            parcels.keep(self._agent.journal, record)
        for event in record.events:
            self._fetch_proof(record.waybill_no, event)
        return record

    def _fetch_proof(self, waybill_no: str, event: TrackingEvent) -> None:
        """Carriers keep pictures for a time only: each is fetched once and kept beside the events."""
        digest = event.proof_digest
        if digest is None or self._agent.journal.kept(f"slip:{digest}") is not None:
            return
        try:
            self._agent.journal.keep(f"slip:{digest}", self._carrier.slip(waybill_no, digest))
        except Refusal as refusal:
            if refusal.code in PASSING:
                raise
            log.warning("proof of delivery not counted: %s", refusal.code)

    def _proven(self, event: TrackingEvent) -> TrackingEvent:
        """The event as it may be judged: without a picture that nobody has."""
        if event.proof_digest is None or self._agent.journal.kept(f"slip:{event.proof_digest}") is not None:
            return event
        return replace(event, proof_source=ProofSource.EVENT, proof_digest=None)

    def _state_events(self, record: ParcelRecord) -> int:
        if not record.events:
            return 0
        judged = [self._proven(event) for event in record.events]
        self._note_tasks(record, judged, status_of(judged), proof_of(judged))
        said = self._said(record, "parcel_event", "key")
        heard = [event for event in judged if parcels.statement_key(event) in said]
        queued = 0
        for event in sorted(judged, key=lambda event: (event.occurred_at, event_key(event))):
            key = parcels.statement_key(event)
            if key not in said:
                said.add(key)
                heard.append(event)  # status and proof as of this event: the evidence is the event that brought it
                body = _body(record.parcel, key, event, status_of(heard), proof_of(heard))
                queued += self._state(record, "parcel_event", body)
        return queued

    def _note_tasks(
        self, record: ParcelRecord, events: list[TrackingEvent], status: ParcelStatus, proof: ProofOfDelivery
    ) -> None:
        wanted = record.order.receipt_level if record.order else 0
        if status is ParcelStatus.DELIVERED and proof.level < max(wanted, 1):
            # Left at the door, in a locker, at a shop: nobody is known to have it. Or somebody has it whose signature
            # does not do for this item: the case stays open until a person has asked the receiver (postal rules 7).
            self._task(record, TaskKind.CALL_BACK, str(proof.signer_kind))
        if status in TROUBLE:
            self._task(record, TaskKind.FOLLOW_UP, str(status))
        if status_of(events, self._clock()) is ParcelStatus.LOST_SUSPECTED:
            self._task(record, TaskKind.ENQUIRE, str(ParcelStatus.LOST_SUSPECTED))
        for event in alerts_of(events):
            self._task(record, TaskKind.READ_CODE, f"{event.provider} {event.provider_code}"[:40])

    # --- pieces ----------------------------------------------------------------------------------------------

    def _said(self, record: ParcelRecord, event: str, member: str) -> set[str]:
        """What was stated of this parcel before, by a member of the body. What the hub refused a person must see."""
        said = set()
        for entry in self._agent.journal.acts(record.case):
            if entry.event == event:
                body = read_signed(entry.envelope).body
                if body.get("parcel") == record.parcel:
                    said.add(str(body[member]))
                    if entry.refusal is not None:
                        self._task(record, TaskKind.STATEMENT_REFUSED, entry.refusal.code)
        return said

    def _state(self, record: ParcelRecord, event: str, body: Mapping[str, object]) -> int:
        envelope = acts.build(
            self._agent.identity,
            self._agent.journal,
            event=event,
            case_id=record.case,
            body=body,
            role="gateway",
            chain="tracking",
        )
        self._agent.journal.queue([acts.entry_of(envelope)])
        return 1

    def _task(self, record: ParcelRecord, kind: TaskKind, detail: str) -> None:
        now = canonical.time_text(self._clock())
        if parcels.add_task(self._agent.journal, Task(record.parcel, record.case, kind, detail, now)):
            log.warning("task %s %s for parcel %s", kind, detail, record.parcel)


def _body(
    parcel: str, key: str, event: TrackingEvent, status: ParcelStatus, proof: ProofOfDelivery
) -> dict[str, object]:
    return {
        "parcel": parcel,
        "key": key,
        "status": str(status),
        "canonical": str(event.canonical),
        "signer_kind": str(event.signer_kind),
        "proof_level": proof.level,
        "event_at": canonical.time_text(event.occurred_at),
    }

"""What a gateway remembers of its parcels, in its own journal, and what its people have to do.

Invariants:
- a record is written before the cursor it holds is used: events that a carrier told once are never asked for in vain
  (carriers keep them for a time only);
- carriers' texts are restricted (couriers' and signers' names): they lie in these notes and nowhere else;
- the address is not here: it lives in memory while a parcel is booked;
- a task names a parcel, a kind and codes; it stays until a person closes it.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from crypto import canonical
from node_agent.gateway.tracking import ParcelStatus, ProofSource, SignerKind, TrackingEvent, event_key
from storage.journal import Journal

TASKS = "gateway.tasks"


@dataclass(frozen=True)
class Order:
    """What was asked of the carrier besides the address; kept before the call, so that asking again is the same."""

    sender: str
    phone: str
    receipt_level: int
    address: str = ""


@dataclass(frozen=True)
class ParcelRecord:
    """One parcel. ``events`` of the parcel, ``slips`` of its return slip; ``cursor`` to go on from at the carrier."""

    parcel: str
    case: str
    order: Order | None = None
    waybill_no: str = ""
    cursor: int = 0
    events: tuple[TrackingEvent, ...] = ()
    slips: tuple[TrackingEvent, ...] = ()

    def told(self, events: Iterable[TrackingEvent], slips: Iterable[TrackingEvent], cursor: int) -> "ParcelRecord":
        """The record with more events; one told twice is kept once."""
        return replace(
            self, events=_once(self.events, events), slips=_once(self.slips, slips), cursor=max(cursor, self.cursor)
        )


class TaskKind(StrEnum):
    """What people at the gateway have to do (postal rules 7)."""

    CALL_BACK = "CALL_BACK"
    READ_CODE = "READ_CODE"
    ENQUIRE = "ENQUIRE"
    FOLLOW_UP = "FOLLOW_UP"
    BOOKING_REFUSED = "BOOKING_REFUSED"
    STATEMENT_REFUSED = "STATEMENT_REFUSED"


@dataclass(frozen=True)
class Task:
    """``detail``: a status, signer kind or refusal code; never a text of the carrier. ``since``: UTC+8."""

    parcel: str
    case: str
    kind: TaskKind
    detail: str
    since: str


def load(journal: Journal, parcel: str, case: str) -> ParcelRecord:
    """The record of a parcel; an empty one when there is none yet."""
    kept = journal.kept(f"parcel:{parcel}")
    return _read(json.loads(kept)) if kept else ParcelRecord(parcel, case)


def keep(journal: Journal, record: ParcelRecord) -> None:
    """Write a record."""
    journal.keep(f"parcel:{record.parcel}", json.dumps(_plain(record), ensure_ascii=False).encode())


def tasks(journal: Journal) -> list[Task]:
    """Open tasks, oldest first."""
    kept = journal.kept(TASKS)
    found = json.loads(kept) if kept else {}
    return sorted((Task(**{**item, "kind": TaskKind(item["kind"])}) for item in found.values()), key=lambda t: t.since)


def add_task(journal: Journal, task: Task) -> bool:
    """Keep a task; the same kind for one parcel and detail is kept once. Whether it is new."""
    kept = journal.kept(TASKS)
    found: dict[str, object] = json.loads(kept) if kept else {}
    name = f"{task.parcel}:{task.kind}:{task.detail}"
    if name in found:
        return False
    found[name] = asdict(task)
    journal.keep(TASKS, json.dumps(found, ensure_ascii=False).encode())
    return True


def statement_key(event: TrackingEvent) -> str:
    """Identity of what is stated about an event: a proof that comes later for the same event is something new."""
    if event.proof_digest is None:
        return event_key(event)
    proven = {"event": event_key(event), "source": str(event.proof_source), "digest": event.proof_digest}
    return canonical.digest(canonical.encode(proven))


def _once(known: tuple[TrackingEvent, ...], more: Iterable[TrackingEvent]) -> tuple[TrackingEvent, ...]:
    found = {statement_key(event): event for event in known}
    for event in more:
        found.setdefault(statement_key(event), event)
    return tuple(found.values())


def _plain(record: ParcelRecord) -> dict[str, object]:
    return {
        **asdict(record),
        "events": [_plain_event(event) for event in record.events],
        "slips": [_plain_event(event) for event in record.slips],
    }


def _plain_event(event: TrackingEvent) -> dict[str, object]:
    times = {"occurred_at": event.occurred_at.isoformat(), "received_at": event.received_at.isoformat()}
    return {**asdict(event), **times}


def _read(value: dict[str, Any]) -> ParcelRecord:
    order = value["order"]
    return ParcelRecord(
        value["parcel"],
        value["case"],
        Order(**order) if order else None,
        value["waybill_no"],
        value["cursor"],
        tuple(_read_event(item) for item in value["events"]),
        tuple(_read_event(item) for item in value["slips"]),
    )


def _read_event(value: dict[str, Any]) -> TrackingEvent:
    return TrackingEvent(
        **{
            **value,
            "canonical": ParcelStatus(value["canonical"]),
            "signer_kind": SignerKind(value["signer_kind"]),
            "proof_source": ProofSource(value["proof_source"]),
            "occurred_at": datetime.fromisoformat(value["occurred_at"]),
            "received_at": datetime.fromisoformat(value["received_at"]),
        }
    )

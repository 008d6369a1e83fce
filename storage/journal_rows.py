"""What the agent's journal keeps, as values, and the rows of its outbox."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from crypto.refusal import Refusal
from crypto.sealing import KeyPacket


@dataclass(frozen=True)
class OutboxEntry:
    """A signed act on its way. ``state``: WAITING, DONE or REFUSED. ``refusal``: code, rule and values, when refused.

    ``needs_upload``: digest of the manifest whose object must be complete before this entry is sent.
    """

    case_id: str
    event: str
    payload_digest: str
    envelope: bytes
    attachments: tuple[bytes, ...] = ()
    packets: tuple[KeyPacket, ...] = ()
    check_code_hash: str = ""
    needs_upload: str | None = None
    state: str = "WAITING"
    receipt: bytes = b""
    refusal: Refusal | None = None
    case_no: str = ""
    queued_at: str = ""
    number: int = 0


@dataclass(frozen=True)
class PendingUpload:
    """A sealed file that waits to be uploaded. ``file``: name in the spool folder."""

    manifest_digest: str
    manifest: bytes
    file: str
    state: str = "WAITING"


@dataclass(frozen=True)
class KeptDraft:
    """A draft (personal data). ``revision``: how often it was kept, as loaded; 0 for one that is not kept yet."""

    case_id: str
    state: str
    document: Mapping[str, object]
    revision: int = 0


def values_of(entry: OutboxEntry) -> tuple[object, ...]:
    """An act as a new row of the outbox."""
    packets = [{**packet.__dict__, "packet": packet.packet.hex()} for packet in entry.packets]
    attachments = json.dumps([data.hex() for data in entry.attachments])
    return (
        entry.case_id,
        entry.event,
        entry.payload_digest,
        entry.envelope,
        attachments,
        json.dumps(packets),
        entry.check_code_hash,
        entry.needs_upload,
        entry.state,
        entry.queued_at,
    )


def entry_of(row: sqlite3.Row) -> OutboxEntry:
    """An act out of its row."""
    packets = tuple(
        KeyPacket(**{**item, "packet": bytes.fromhex(item["packet"])}) for item in json.loads(row["packets"])
    )
    return OutboxEntry(
        case_id=row["case_id"],
        event=row["event"],
        payload_digest=row["payload_digest"],
        envelope=row["envelope"],
        attachments=tuple(bytes.fromhex(item) for item in json.loads(row["attachments"])),
        packets=packets,
        check_code_hash=row["check_code_hash"],
        needs_upload=row["needs_upload"],
        state=row["state"],
        receipt=row["receipt"] or b"",
        refusal=_refusal(row["refusal"]),
        case_no=row["case_no"],
        queued_at=row["queued_at"],
        number=row["number"],
    )


def refusal_text(refusal: Refusal | None) -> str | None:
    """A refusal as its row keeps it."""
    if refusal is None:
        return None
    return json.dumps({"code": refusal.code, "rule": refusal.rule, "values": dict(refusal.values)})


def _refusal(text: str | None) -> Refusal | None:
    if text is None:
        return None
    value = json.loads(text)
    return Refusal(value["code"], value["rule"], **value["values"])

"""Enrolment and renewal: requests wait at the hub's door, the registrar answers, the record becomes a leaf.

Invariants:
- the door is open to strangers, so it is bounded: sizes, form, possession of the keys, ``PENDING_MOST`` waiting;
- the hub never sees a token and grants nothing: only the registrar's signature makes a record count;
- order of an answer: leaf first, then the row. A crash between the two repeats the answer, and the same record gets
  the same leaf and receipt;
- a renewal changes the ``tls`` key alone and comes from the node itself, over its own certificate (H09).
"""

import asyncio
import threading
from dataclasses import dataclass, replace

from crypto import canonical, certificates, suites
from crypto.records import KeyRecord, read_key_record
from crypto.refusal import Refusal
from crypto.statement import Envelope, read_envelope, read_statement
from hub.services.batch import Placed
from hub.services.intake import Ready, Submission, examine
from hub.services.registry import RegistryService
from hub.services.sequencer import Sequencer
from storage.database import Database
from storage.node_rows import EnrolmentRow

REQUEST_MOST = 8 * 1024
RECORD_MOST = 16 * 1024
CERTIFICATE_MOST = 16 * 1024
TAG_SIZE = 32
PENDING_MOST = 1_000
RULE = "architecture: enrolment; H08, H09"


@dataclass(frozen=True)
class Asked:
    """What a subject asks: PEM certificate request (empty for persons), record envelope, token tag (32 bytes)."""

    subject: str
    certificate_request: bytes
    record: bytes
    token_tag: bytes


class EnrolmentDesk:
    """One a process. ``answer`` belongs to the event loop; the rest blocks."""

    def __init__(self, database: Database, registry: RegistryService, sequencer: Sequencer) -> None:
        self._database = database
        self._registry = registry
        self._sequencer = sequencer
        self._door = threading.Lock()

    def request(self, asked: Asked) -> str:
        """Leave a request; its id. The same request again has the same id.

        Refusals ENROLMENT_TOO_LARGE, ENROLMENT_FORMAT, POSSESSION_UNPROVEN, ENROLMENT_DESK_FULL.
        """
        if len(asked.token_tag) != TAG_SIZE:
            raise Refusal("ENROLMENT_FORMAT", RULE, problem="token tag")
        require_request(asked)
        return self._leave(asked, renewal=False)

    def renew(self, caller: KeyRecord, certificate_request: bytes, record: bytes) -> str:
        """Leave the caller's own renewal; its id. Refusals as ``request``, and RENEWAL_CHANGES_MORE."""
        asked = Asked(caller.subject, certificate_request, record, b"")
        if not only_tls_changed(caller, require_request(asked)):
            raise Refusal("RENEWAL_CHANGES_MORE", RULE, subject=caller.subject)
        return self._leave(asked, renewal=True)

    def get(self, enrolment_id: str) -> EnrolmentRow:
        """A request as it stands. Refusal ENROLMENT_UNKNOWN."""
        with self._database.reading() as reading:
            row = reading.enrolments.get(enrolment_id)
        if row is None:
            raise Refusal("ENROLMENT_UNKNOWN", RULE, enrolment=enrolment_id[:32])
        return row

    def pending(self, after: int, limit: int) -> list[EnrolmentRow]:
        """Waiting requests after a number, oldest first."""
        with self._database.reading() as reading:
            return reading.enrolments.pending(after, limit)

    async def answer(
        self, caller: KeyRecord, enrolment_id: str, certificate: bytes, record: bytes, refusal_code: str
    ) -> Placed | None:
        """Take the registrar's answer: the placed record, or None for a refusal. Repeating it is fine.

        Refusals ENROLMENT_UNKNOWN, ENROLMENT_ANSWERED, ENROLMENT_FORMAT, CERTIFICATE_DIFFERS, and those of the log.
        """
        row = await asyncio.to_thread(self.get, enrolment_id)
        if refusal_code:
            await asyncio.to_thread(self._close, row, b"", refusal_code[:64])
            return None
        if row.state == "REFUSED":
            raise Refusal("ENROLMENT_ANSWERED", RULE, enrolment=enrolment_id, state=row.state)
        ready = await asyncio.to_thread(self._examine_answer, caller, row, certificate, record)
        outcome = (await self._sequencer.submit([ready]))[0]
        if isinstance(outcome, Refusal):
            raise outcome
        await asyncio.to_thread(self._close, row, certificate, "")  # the leaf is committed: now the row
        return outcome

    def _examine_answer(self, caller: KeyRecord, row: EnrolmentRow, certificate: bytes, record: bytes) -> Ready:
        if len(record) > RECORD_MOST or len(certificate) > CERTIFICATE_MOST:
            raise Refusal("ENROLMENT_TOO_LARGE", RULE, record=len(record), certificate=len(certificate))
        if read_envelope(record).payload != read_envelope(row.record).payload:
            raise Refusal("ENROLMENT_FORMAT", RULE, problem="another record")
        _, asked = read_record(record)
        if asked.kind == "node":
            node, key, _ = certificates.peer(certificate)
            if node != row.subject or key.id != asked.keys["tls"].id:
                raise Refusal("CERTIFICATE_DIFFERS", RULE, subject=row.subject)
        elif certificate:
            raise Refusal("CERTIFICATE_DIFFERS", RULE, subject=row.subject)
        return examine(Submission(record), caller, self._registry.directory)

    def _leave(self, asked: Asked, *, renewal: bool) -> str:
        parts = (asked.certificate_request, asked.record, asked.token_tag)
        enrolment_id = canonical.digest("".join(canonical.digest(part) for part in parts).encode())[:32]
        row = EnrolmentRow(enrolment_id, asked.subject, *parts, renewal)
        with self._door, self._database.unit() as unit:
            if unit.enrolments.get(enrolment_id) is None:
                waiting = unit.enrolments.count_pending()
                if waiting >= PENDING_MOST:
                    raise Refusal("ENROLMENT_DESK_FULL", RULE, waiting=waiting)
                unit.enrolments.add(row)
                unit.commit()
        return enrolment_id

    def _close(self, row: EnrolmentRow, certificate: bytes, refusal_code: str) -> None:
        with self._database.unit() as unit:
            moved = unit.enrolments.answer(row.enrolment_id, certificate, refusal_code)
            unit.commit()
        if not moved and self.get(row.enrolment_id).refusal_code != refusal_code:
            raise Refusal("ENROLMENT_ANSWERED", RULE, enrolment=row.enrolment_id)


def read_record(envelope_bytes: bytes) -> tuple[Envelope, KeyRecord]:
    """The envelope of a ``key.register`` and its record. Refusals ENROLMENT_FORMAT and those of the formats."""
    envelope = read_envelope(envelope_bytes)
    statement = read_statement(envelope.payload)
    if statement.type != "key.register":
        raise Refusal("ENROLMENT_FORMAT", RULE, problem="not a key.register statement")
    record = read_key_record(envelope.digest, 0, statement.body)
    if statement.actor.node != record.node or statement.actor.person is not None:
        raise Refusal("ENROLMENT_FORMAT", RULE, problem="actor")
    return envelope, record


def require_request(asked: Asked) -> KeyRecord:
    """The record that a well-formed request asks for: sizes, subject, tls key and possession of both keys.

    Refusals ENROLMENT_TOO_LARGE, ENROLMENT_FORMAT, REQUEST_INVALID, POSSESSION_UNPROVEN, SIGNATURE_INVALID.
    """
    if len(asked.certificate_request) > REQUEST_MOST or len(asked.record) > RECORD_MOST:
        raise Refusal("ENROLMENT_TOO_LARGE", RULE, request=len(asked.certificate_request), record=len(asked.record))
    envelope, record = read_record(asked.record)
    if record.subject != asked.subject:
        raise Refusal("ENROLMENT_FORMAT", RULE, problem="subject")
    tls = record.keys.get("tls")
    if (record.kind == "node") != (tls is not None) or (tls is None) != (not asked.certificate_request):
        raise Refusal("ENROLMENT_FORMAT", RULE, problem="a node asks with a tls key, a person without")
    if tls is not None and certificates.request_key(asked.certificate_request) != tls:
        raise Refusal("ENROLMENT_FORMAT", RULE, problem="tls key")
    own = record.keys["sign"]
    signature = dict(envelope.signatures).get(own.id)
    if signature is None:
        raise Refusal("POSSESSION_UNPROVEN", RULE, subject=record.subject)
    suites.verify(own.suite, own.public, signature, envelope.signed_bytes)
    return record


def only_tls_changed(old: KeyRecord, new: KeyRecord) -> bool:
    """Whether ``new`` replaces ``old`` and differs in the ``tls`` key alone."""
    carried = {**new.keys, "tls": old.keys["tls"]} if "tls" in old.keys else new.keys
    same = replace(new, digest=old.digest, epoch=old.epoch, replaces=old.replaces, keys=carried)
    return new.replaces == old.digest and same == old and new.keys.get("tls") != old.keys.get("tls")

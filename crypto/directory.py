"""The registry chain replayed: which key spoke for whom, at which registry position.

Invariants (kept by ``Directory`` alone; the hub and the offline verifier run the same code):
- every registry leaf raises ``epoch`` by one; nothing is ever removed;
- a statement counts once: a hub that appends an old one again, as a revocation before a key was renewed, is refused;
- a key is valid at epoch e iff it was registered at or before e and not replaced or revoked at or before e;
  validity is judged by position in the log, never by a clock;
- a key record counts only when the registrar signed it and its subject proved possession of the signing key;
  without the registrar a node may replace its ``tls`` key alone;
- a signature counts only for the actor that the statement names, in a role that the record gives.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from crypto import identity, suites
from crypto.records import Grant, KeyRecord, Publication, PublicKey, read_grant, read_key_record
from crypto.refusal import Refusal
from crypto.statement import REGISTRY, Envelope, Statement, read_statement

RULE = "architecture: key record; H08, H09"
REGISTRY_TYPES = frozenset(
    {"key.register", "key.revoke", "grant.issue", "grant.revoke", "catalogue.publish", "calendar.publish"}
)


@dataclass(frozen=True)
class Entry:
    """One key with its record and its span of validity in epochs (``until`` exclusive, None = open)."""

    record: KeyRecord
    purpose: str
    key: PublicKey
    until: int | None = None

    def valid_at(self, epoch: int) -> bool:
        """Whether the key spoke for its subject at ``epoch``."""
        return self.record.epoch <= epoch and (self.until is None or epoch < self.until)


@dataclass(frozen=True)
class Check:
    """One signature to be checked by ``suites.verify`` (outside any lock, in a thread)."""

    suite: str
    public: bytes
    signature: bytes


class Directory:
    """Registry state. Not thread-safe for ``admit``; readers see whole epochs (entries are replaced, not changed)."""

    def __init__(self, registrar_keys: Iterable[PublicKey]) -> None:
        self.epoch = 0
        self._registrar = {key.id: key for key in registrar_keys}
        self._keys: dict[str, Entry] = {}
        self._records: dict[str, list[KeyRecord]] = {}
        self._ends: dict[str, int] = {}
        self._grants: dict[str, tuple[Grant, int | None]] = {}
        self._publications: dict[tuple[str, str], Publication] = {}
        self._admitted: set[str] = set()

    # --- reading -------------------------------------------------------------------------------------------

    def entry(self, keyid: str, epoch: int | None = None) -> Entry:
        """The valid key ``keyid``. Refusals SIGNER_UNKNOWN, KEY_REVOKED."""
        at = self.epoch if epoch is None else epoch
        found = self._keys.get(keyid)
        if found is None or found.record.epoch > at:
            raise Refusal("SIGNER_UNKNOWN", RULE, key=keyid)
        if not found.valid_at(at):
            raise Refusal("KEY_REVOKED", RULE, key=keyid, subject=found.record.subject)
        return found

    def current(self, subject: str, epoch: int | None = None) -> KeyRecord:
        """The valid record of a node or person. Refusals SUBJECT_UNKNOWN, KEY_REVOKED."""
        at = self.epoch if epoch is None else epoch
        known = [record for record in self._records.get(subject, ()) if record.epoch <= at]
        if not known:
            raise Refusal("SUBJECT_UNKNOWN", RULE, subject=subject)
        if self._ended(known[-1], at):
            raise Refusal("KEY_REVOKED", RULE, subject=subject)
        return known[-1]

    def newest(self, subject: str) -> KeyRecord | None:
        """The last record of a subject, valid or ended: the one that its next record replaces; None without any."""
        return self._records[subject][-1] if subject in self._records else None

    def records(self, epoch: int | None = None) -> list[KeyRecord]:
        """All valid records at ``epoch`` (now, where none is named), by subject."""
        at = self.epoch if epoch is None else epoch
        known = ([record for record in history if record.epoch <= at] for _, history in sorted(self._records.items()))
        return [history[-1] for history in known if history and not self._ended(history[-1], at)]

    def nodes(self, role: str, epoch: int | None = None) -> list[KeyRecord]:
        """Valid node records with ``role`` at ``epoch`` (now, where none is named)."""
        return [record for record in self.records(epoch) if record.kind == "node" and role in record.roles]

    def grant(self, grant_id: str, epoch: int | None = None) -> Grant | None:
        """The grant with this id if it was issued and not revoked at ``epoch``, or None. Source: F04."""
        at = self.epoch if epoch is None else epoch
        found, end = self._grants.get(grant_id, (None, None))
        alive = found is not None and found.epoch <= at and (end is None or at < end)
        return found if alive else None

    def live_grant(self, kind: str, person: str, task_code: str, date: str, epoch: int | None = None) -> Grant | None:
        """A grant that lets ``person`` do ``kind`` for the item on ISO ``date``, or None. Source: F01, F03, F04."""
        at = self.epoch if epoch is None else epoch
        for grant, end in self._grants.values():
            alive = grant.epoch <= at and (end is None or at < end)
            if alive and grant.covers(kind, person, task_code, date):
                return grant
        return None

    def grants(self) -> list[Grant]:
        """All grants that are not revoked."""
        return [grant for grant, end in self._grants.values() if end is None]

    def publication(self, kind: str, version: str) -> Publication:
        """The publication leaf of a catalogue or calendar version. Refusal VERSION_UNKNOWN."""
        found = self._publications.get((kind, version))
        if found is None:
            raise Refusal("VERSION_UNKNOWN", "D08", kind=kind, version=version)
        return found

    def latest(self, kind: str) -> Publication | None:
        """The newest publication of ``kind``, or None."""
        known = [found for (name, _), found in self._publications.items() if name == kind]
        return max(known, key=lambda found: found.epoch, default=None)

    # --- who signed ----------------------------------------------------------------------------------------

    def checks(self, envelope: Envelope, epoch: int | None = None) -> list[Check]:
        """The signatures of ``envelope`` with the public keys to check them by. Refusals as ``entry``."""
        return [self._check(keyid, signature, epoch) for keyid, signature in envelope.signatures]

    def signed_by_node(self, statement: Statement, envelope: Envelope, epoch: int | None = None) -> KeyRecord:
        """The actor's node record if its ``sign`` key is among the signatures. Refusal NODE_SIGNATURE_MISSING."""
        record = self._signed_by(statement.actor.node, envelope, epoch)
        if record is None:
            raise Refusal("NODE_SIGNATURE_MISSING", "promise 2; H08", type=statement.type)
        return record

    def signed_by_person(self, statement: Statement, envelope: Envelope, epoch: int | None = None) -> KeyRecord:
        """The acting person's record, with node and role checked.

        Refusals PERSON_SIGNATURE_MISSING, PERSON_OF_OTHER_NODE, ROLE_MISSING.
        """
        person = statement.actor.person
        record = self._signed_by(person, envelope, epoch) if person else None
        if record is None:
            raise Refusal("PERSON_SIGNATURE_MISSING", "promise 2; 电子签名法 13", type=statement.type)
        if record.node != statement.actor.node:
            raise Refusal("PERSON_OF_OTHER_NODE", RULE, person=record.subject)
        if statement.actor.role not in record.roles:
            raise Refusal("ROLE_MISSING", RULE, role=statement.actor.role, person=record.subject)
        return record

    def is_registrar(self, keyid: str) -> bool:
        """Whether ``keyid`` is a pinned registrar key."""
        return keyid in self._registrar

    # --- changing ------------------------------------------------------------------------------------------

    def admit(self, envelope: Envelope, *, verified: bool = False) -> Statement:
        """Apply one registry statement; raises and changes nothing when a rule says no.

        ``verified``: signatures were already checked over these bytes (the hub's own path). Refusals STATEMENT_TWICE,
        NOT_A_REGISTRY_STATEMENT and those of the rules.
        """
        if envelope.digest in self._admitted:
            raise Refusal("STATEMENT_TWICE", RULE, digest=envelope.digest)
        statement = read_statement(envelope.payload)
        if statement.chain != REGISTRY or statement.type not in REGISTRY_TYPES:
            raise Refusal("NOT_A_REGISTRY_STATEMENT", RULE, type=statement.type)
        self._admit_checked(statement, envelope, verified)
        self._admitted.add(envelope.digest)
        self.epoch += 1
        return statement

    def _admit_checked(self, statement: Statement, envelope: Envelope, verified: bool) -> None:
        epoch = self.epoch + 1
        if statement.type == "key.register":
            record = read_key_record(envelope.digest, epoch, statement.body)
            self._verify(envelope, record, verified)
            self._guard_record(record, envelope)
            self._put(record)
            return
        self._verify(envelope, None, verified)
        if statement.type == "grant.issue":
            self._guard_head(statement, envelope)
            grant = read_grant(envelope.digest, epoch, statement.body)
            if grant.node != statement.actor.node or grant.grant_id in self._grants:
                raise Refusal("GRANT_FORMAT", "F04", grant=grant.grant_id)
            self._grants[grant.grant_id] = (grant, None)
        elif statement.type == "grant.revoke":
            self._guard_head(statement, envelope)
            self._end_grant(str(statement.body.get("grant_id")), statement.actor.node, epoch)
        else:
            self._guard_registrar(envelope)
            self._apply_registrar(statement, epoch)

    def _apply_registrar(self, statement: Statement, epoch: int) -> None:
        body = statement.body
        if statement.type == "key.revoke":
            record = self.current(str(body.get("subject")))
            self._ends[record.digest] = epoch
            self._close_keys(record, epoch)
            return
        kind = statement.type.partition(".")[0]
        version = str(body.get("version"))
        if (kind, version) in self._publications:
            raise Refusal("VERSION_TAKEN", "D08", kind=kind, version=version)
        self._publications[kind, version] = Publication(
            epoch, kind, version, str(body.get("document")), str(body.get("effective_from"))
        )

    # --- guards --------------------------------------------------------------------------------------------

    def _verify(self, envelope: Envelope, new: KeyRecord | None, verified: bool) -> None:
        own = {key.id: key for key in new.keys.values()} if new else {}
        for keyid, signature in envelope.signatures:
            key = own.get(keyid)
            check = Check(key.suite, key.public, signature) if key else self._check(keyid, signature, None)
            if not verified:
                suites.verify(check.suite, check.public, signature, envelope.signed_bytes)

    def _guard_record(self, record: KeyRecord, envelope: Envelope) -> None:
        signers = {keyid for keyid, _ in envelope.signatures}
        if record.keys["sign"].id not in signers:
            raise Refusal("POSSESSION_UNPROVEN", RULE, subject=record.subject)
        taken = [key.id for purpose, key in record.keys.items() if self._taken(key.id, purpose, record)]
        if taken:
            raise Refusal("KEY_REUSED", RULE, key=taken[0])
        history = self._records.get(record.subject)
        previous = history[-1] if history else None
        if record.replaces != (previous.digest if previous else None):
            raise Refusal("RECORD_NOT_CURRENT", RULE, subject=record.subject)
        if record.kind == "node" and self._name_taken(record.subject):
            raise Refusal("NODE_NAME_TAKEN", RULE, subject=record.subject)
        if signers & set(self._registrar):
            if record.kind == "person":
                self.current(record.node)
            return
        if previous is None or self._ended(previous, self.epoch) or not _only_tls_differs(previous, record):
            raise Refusal("REGISTRAR_SIGNATURE_MISSING", RULE, subject=record.subject)

    def _name_taken(self, node: str) -> bool:
        """Catalogues name nodes by the last part of their id, so that part belongs to one node for ever."""
        name = identity.node_name(node)
        return any(known != node and known.endswith(f"/{name}") for known in self._records)

    def _taken(self, keyid: str, purpose: str, record: KeyRecord) -> bool:
        """A key stays with its subject and its purpose, or older signatures would change their meaning."""
        found = self._keys.get(keyid)
        if found is None:
            return False
        ended = found.until is not None and found.until <= self.epoch
        return ended or (found.record.subject, found.purpose) != (record.subject, purpose)

    def _guard_registrar(self, envelope: Envelope) -> None:
        if not any(self.is_registrar(keyid) for keyid, _ in envelope.signatures):
            raise Refusal("REGISTRAR_SIGNATURE_MISSING", RULE, digest=envelope.digest)

    def _guard_head(self, statement: Statement, envelope: Envelope) -> None:
        self.signed_by_node(statement, envelope)
        self.signed_by_person(statement, envelope)
        if statement.actor.role != "HEAD":
            raise Refusal("ROLE_MISSING", "F04", role="HEAD")

    # --- pieces --------------------------------------------------------------------------------------------

    def _check(self, keyid: str, signature: bytes, epoch: int | None) -> Check:
        registrar = self._registrar.get(keyid)
        key = registrar or self.entry(keyid, epoch).key
        return Check(key.suite, key.public, signature)

    def _signed_by(self, subject: str, envelope: Envelope, epoch: int | None) -> KeyRecord | None:
        for keyid, _ in envelope.signatures:
            if self.is_registrar(keyid) and keyid not in self._keys:
                continue
            found = self.entry(keyid, epoch)
            if found.record.subject == subject and found.purpose == "sign":
                return self.current(subject, epoch)
        return None

    def _put(self, record: KeyRecord) -> None:
        history = self._records.setdefault(record.subject, [])
        if history:
            self._ends.setdefault(history[-1].digest, record.epoch)
            self._close_keys(history[-1], record.epoch)
        for purpose, key in record.keys.items():
            self._keys[key.id] = Entry(self._first_record(key.id, record), purpose, key)
        history.append(record)

    def _first_record(self, keyid: str, record: KeyRecord) -> KeyRecord:
        """A key carried over from the previous record keeps that record's start, so older signatures stay good."""
        found = self._keys.get(keyid)
        if found is None or found.record.subject != record.subject:
            return record
        return _started_at(record, found.record.epoch)

    def _close_keys(self, record: KeyRecord, epoch: int) -> None:
        """A key that was revoked before keeps its earlier end."""
        for key in record.keys.values():
            found = self._keys[key.id]
            if found.until is None:
                self._keys[key.id] = Entry(found.record, found.purpose, found.key, epoch)

    def _ended(self, record: KeyRecord, epoch: int) -> bool:
        end = self._ends.get(record.digest)
        return end is not None and end <= epoch

    def _end_grant(self, grant_id: str, node: str, epoch: int) -> None:
        found = self._grants.get(grant_id)
        if found is None or found[1] is not None or found[0].node != node:
            raise Refusal("GRANT_UNKNOWN", "F04", grant=grant_id)
        self._grants[grant_id] = (found[0], epoch)


def _only_tls_differs(old: KeyRecord, new: KeyRecord) -> bool:
    same = (old.roles, old.region, old.node, old.kind, old.public_prefix) == (
        new.roles,
        new.region,
        new.node,
        new.kind,
        new.public_prefix,
    )
    others = {purpose for purpose in old.keys.keys() | new.keys.keys() if purpose != "tls"}
    return same and all(old.keys.get(purpose) == new.keys.get(purpose) for purpose in others)


def _started_at(record: KeyRecord, epoch: int) -> KeyRecord:
    return KeyRecord(**{**record.__dict__, "epoch": epoch})

"""The registry chain replayed: which key spoke for whom, at which registry position.

Invariants (kept by ``Directory`` alone; the hub and the offline verifier run the same code):
- every registry leaf raises ``epoch`` by one; nothing is ever removed;
- a statement counts once: a hub that appends an old one again, as a revocation before a key was renewed, is refused;
- a key is valid at epoch e iff it was registered at or before e and not replaced or revoked at or before e;
  validity is judged by position in the log, never by a clock;
- a key record counts only when the registrar signed it and its subject proved possession of the signing key;
  without the registrar a node may replace its ``tls`` key alone;
- a record that only its subject's previous key vouches for is a proposal: it counts from the ``key.activate`` that
  stands at least ``COOLING_OFF`` of legal time behind it (or that the registrar signed), unless it was vetoed before;
- a signature counts only for the actor that the statement names, in a role that the record gives.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from crypto import administrators, canonical, identity, suites
from crypto.records import Grant, KeyRecord, Publication, PublicKey, Share, read_grant, read_key_record, read_share
from crypto.refusal import Refusal
from crypto.sharing import BY_PARTIES, SharingBook
from crypto.sharing import TYPES as SHARING_TYPES
from crypto.statement import REGISTRY, Envelope, Statement, read_statement

RULE = "architecture: key record; H08, H09"
REGISTRY_TYPES = frozenset(
    {
        *("key.register", "key.activate", "key.veto", "key.revoke"),
        *("grant.issue", "grant.revoke", "catalogue.publish", "calendar.publish", "secret.share"),
        *SHARING_TYPES,
    }
)
COOLING_OFF = timedelta(hours=72)
"""Legal time between a proposal and its activation by the node alone: as long as a window may work on old lists."""


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
class Proposal:
    """A record that waits. ``announced_at``, ``ready_at``: legal times of its leaf and of the earliest activation."""

    record: KeyRecord
    announced_at: str
    ready_at: str


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
        self._shares: dict[tuple[str, str], list[Share]] = {}
        self.sharing = SharingBook()
        self._admitted: set[str] = set()
        self._nodes: tuple[int, dict[str, list[KeyRecord]]] = (-1, {})
        self._proposals: dict[str, Proposal] = {}
        self._lost: set[str] = set()
        self.kem_epoch = 0
        """Registry position of the last change of anybody's ``kem`` key."""

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

    def administrators(self, role: str) -> list[KeyRecord]:
        """Valid records of all administrators of this kind, wherever they sit (H11)."""
        known = (history[-1] for history in self._records.values())
        return [one for one in known if role in one.roles and not self._ended(one, self.epoch)]

    def nodes(self, role: str, epoch: int | None = None) -> list[KeyRecord]:
        """Valid node records with ``role`` at ``epoch`` (now, where none is named)."""
        at = self.epoch if epoch is None else epoch
        held = self._nodes
        if held[0] != at:
            held = (at, {})
            if at <= self.epoch:  # what was valid at a position stays so: no later statement changes it
                self._nodes = held
        if role not in held[1]:
            valid = self.records(at)
            held[1][role] = [record for record in valid if record.kind == "node" and role in record.roles]
        return list(held[1][role])

    def proposal(self, subject: str) -> Proposal | None:
        """The record of a node or person that waits for its activation, or None."""
        return self._proposals.get(subject)

    def proposals(self) -> list[Proposal]:
        """All records that wait, by subject."""
        return [proposal for _, proposal in sorted(self._proposals.items())]

    def owner(self, keyid: str) -> str | None:
        """The node or person that a key belongs or belonged to, valid or ended; None for an unknown key."""
        found = self._keys.get(keyid)
        return found.record.subject if found else None

    def lost(self, keyid: str) -> bool:
        """Whether the holder of a key was registered anew without it: the private half is gone, or somebody else's."""
        return keyid in self._lost

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

    def grants_of(self, kind: str, node: str, task_code: str, date: str, epoch: int | None = None) -> list[Grant]:
        """All grants of ``kind`` that staff of ``node`` have for the item on ISO ``date``. Source: F02, F06."""
        at = self.epoch if epoch is None else epoch
        return [
            grant
            for grant, end in self._grants.values()
            if grant.node == node
            and grant.epoch <= at
            and (end is None or at < end)
            and grant.covers(kind, grant.person, task_code, date)
        ]

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

    def publications(self, kind: str) -> list[Publication]:
        """All publications of ``kind``, in log order."""
        known = [found for (name, _), found in self._publications.items() if name == kind]
        return sorted(known, key=lambda found: found.epoch)

    def share(self, name: str, node: str, epoch: int | None = None) -> Share | None:
        """The newest share of a secret that was sealed to ``node`` by ``epoch``, or None. Source: A22, E07."""
        at = self.epoch if epoch is None else epoch
        known = [share for share in self._shares.get((name, node), ()) if share.epoch <= at]
        return known[-1] if known else None

    # --- who signed ----------------------------------------------------------------------------------------

    def checks(self, envelope: Envelope, epoch: int | None = None) -> list[Check]:
        """The signatures of ``envelope`` with the public keys to check them by. Refusals as ``entry``."""
        return [self._check(keyid, signature, epoch) for keyid, signature in envelope.signatures]

    def key(self, keyid: str, epoch: int | None = None) -> PublicKey:
        """The valid key ``keyid``, the registrar's included. Refusals as ``entry``."""
        return self._registrar.get(keyid) or self.entry(keyid, epoch).key

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

    def signed_by_second(self, statement: Statement, envelope: Envelope, epoch: int | None = None) -> KeyRecord | None:
        """The record of the second person whom the body names; None when it names none. Refusal SECOND_PERSON_MISSING.

        Which role is asked for stands in the law's row (states.md T19, T23).
        """
        named = statement.body.get("second_person")
        if named is None:
            return None
        record = self._signed_by(named, envelope, epoch) if isinstance(named, str) else None
        if record is None or record.kind != "person":
            raise Refusal("SECOND_PERSON_MISSING", "promise 2; states.md T19, T23", type=statement.type)
        return record

    def is_registrar(self, keyid: str) -> bool:
        """Whether ``keyid`` is a pinned registrar key."""
        return keyid in self._registrar

    # --- changing ------------------------------------------------------------------------------------------

    def admit(self, envelope: Envelope, *, recorded_at: str = "", verified: bool = False) -> Statement:
        """Apply one registry statement; raises and changes nothing when a rule says no.

        ``recorded_at``: legal time of its leaf, text in UTC+8; proposals and their activations count by it.
        ``verified``: signatures were already checked over these bytes (the hub's own path). Refusals STATEMENT_TWICE,
        NOT_A_REGISTRY_STATEMENT and those of the rules.
        """
        if envelope.digest in self._admitted:
            raise Refusal("STATEMENT_TWICE", RULE, digest=envelope.digest)
        statement = read_statement(envelope.payload)
        if statement.chain != REGISTRY or statement.type not in REGISTRY_TYPES:
            raise Refusal("NOT_A_REGISTRY_STATEMENT", RULE, type=statement.type)
        self._admit_checked(statement, envelope, verified, recorded_at)
        self._admitted.add(envelope.digest)
        self.epoch += 1
        return statement

    def _admit_checked(self, statement: Statement, envelope: Envelope, verified: bool, recorded_at: str) -> None:
        epoch = self.epoch + 1
        if statement.type == "key.register":
            record = read_key_record(envelope.digest, epoch, statement.body)
            self._verify(envelope, record, verified)
            self._register(record, envelope, recorded_at)
            return
        self._verify(envelope, None, verified)
        if statement.type in {"key.activate", "key.veto"}:
            self._settle(statement, envelope, recorded_at)
        elif statement.type in SHARING_TYPES:
            if statement.type in BY_PARTIES:
                self._guard_head(statement, envelope)
            else:
                self._guard_registrar(statement, envelope)
            self.sharing.admit(statement, envelope.digest, epoch)
        elif statement.type == "grant.issue":
            self._guard_head(statement, envelope)
            grant = read_grant(envelope.digest, epoch, statement.body)
            if grant.node != statement.actor.node or grant.grant_id in self._grants:
                raise Refusal("GRANT_FORMAT", "F04", grant=grant.grant_id)
            self._grants[grant.grant_id] = (grant, None)
        elif statement.type == "grant.revoke":
            self._guard_head(statement, envelope)
            self._end_grant(str(statement.body.get("grant_id")), statement.actor.node, epoch)
        else:
            self._guard_registrar(statement, envelope)
            self._apply_registrar(statement, epoch)

    def _register(self, record: KeyRecord, envelope: Envelope, recorded_at: str) -> None:
        """A record counts at once, or waits: registrar's signature, a new ``tls`` key alone, or the previous key."""
        previous = self._guard_record(record, envelope)
        signers = {keyid for keyid, _ in envelope.signatures}
        if signers & set(self._registrar):
            if record.kind == "person":
                administrators.require_place(record.roles, self.current(record.node).roles)
        elif previous is None or self._ended(previous, self.epoch) or previous.keys["sign"].id not in signers:
            raise Refusal("REGISTRAR_SIGNATURE_MISSING", RULE, subject=record.subject)
        elif not _only_differs(previous, record, {"tls"}):
            self._propose(record, previous, recorded_at)
            return
        alive = previous is not None and not self._ended(previous, self.epoch)
        self._put(record, carried_on=alive and previous is not None and previous.keys["sign"].id in signers)

    def _propose(self, record: KeyRecord, previous: KeyRecord, recorded_at: str) -> None:
        if not _only_differs(previous, record, {"sign", "kem", "witness"}):
            raise Refusal("REGISTRAR_SIGNATURE_MISSING", RULE, subject=record.subject)
        if record.subject in self._proposals:
            raise Refusal("PROPOSAL_PENDING", RULE, subject=record.subject)
        ready = canonical.time_text(canonical.time_value(recorded_at) + COOLING_OFF)
        self._proposals[record.subject] = Proposal(record, recorded_at, ready)

    def _settle(self, statement: Statement, envelope: Envelope, recorded_at: str) -> None:
        """A waiting record begins to count (``key.activate``) or is dropped (``key.veto``)."""
        found = self._proposals.get(str(statement.body.get("subject")))
        if found is None or found.record.digest != statement.body.get("record"):
            raise Refusal("PROPOSAL_UNKNOWN", RULE, subject=str(statement.body.get("subject"))[:200])
        record, by_registrar = found.record, any(self.is_registrar(keyid) for keyid, _ in envelope.signatures)
        if not by_registrar:
            self.signed_by_node(statement, envelope)
            if statement.actor.node != record.node:
                raise Refusal("REGISTRAR_SIGNATURE_MISSING", RULE, subject=record.subject)
        if by_registrar:
            self._guard_administrator(statement, envelope)
        if statement.type == "key.veto":
            del self._proposals[record.subject]
            return
        if not by_registrar and canonical.time_value(recorded_at) < canonical.time_value(found.ready_at):
            raise Refusal("COOLING_OFF", RULE, subject=record.subject, ready_at=found.ready_at)
        self._guard_keys(record)  # another subject may have registered one of them since
        self._put(replace(record, epoch=self.epoch + 1), carried_on=True)

    def _apply_registrar(self, statement: Statement, epoch: int) -> None:
        body = statement.body
        if statement.type == "key.revoke":
            record = self.current(str(body.get("subject")))
            self._ends[record.digest] = epoch
            self._close_keys(record, epoch)
            self._proposals.pop(record.subject, None)
            return
        if statement.type == "secret.share":
            share = read_share(epoch, body)
            if self.current(share.node).kem.id != share.recipient_key:
                raise Refusal("SHARE_FORMAT", "A22; promise 1", problem="not the node's key")
            self._shares.setdefault((share.name, share.node), []).append(share)
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

    def _guard_record(self, record: KeyRecord, envelope: Envelope) -> KeyRecord | None:
        """What holds for every record, whoever signed it; the record that it replaces."""
        if record.keys["sign"].id not in {keyid for keyid, _ in envelope.signatures}:
            raise Refusal("POSSESSION_UNPROVEN", RULE, subject=record.subject)
        self._guard_keys(record)
        previous = self.newest(record.subject)
        if record.replaces != (previous.digest if previous else None):
            raise Refusal("RECORD_NOT_CURRENT", RULE, subject=record.subject)
        if record.kind == "node" and self._name_taken(record.subject):
            raise Refusal("NODE_NAME_TAKEN", RULE, subject=record.subject)
        return previous

    def _guard_keys(self, record: KeyRecord) -> None:
        taken = [key.id for purpose, key in record.keys.items() if self._taken(key.id, purpose, record)]
        if taken:
            raise Refusal("KEY_REUSED", RULE, key=taken[0])

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

    def _guard_registrar(self, statement: Statement, envelope: Envelope) -> None:
        if not any(self.is_registrar(keyid) for keyid, _ in envelope.signatures):
            raise Refusal("REGISTRAR_SIGNATURE_MISSING", RULE, digest=envelope.digest)
        self._guard_administrator(statement, envelope)

    def _guard_administrator(self, statement: Statement, envelope: Envelope) -> None:
        """H11: where there is an administrator for such an act, one of them signed it too.

        Looked for among all: the node that the statement names as its actor is the signer's own word.
        """
        role = administrators.ACTS.get(statement.type, "")
        if not role or not self.administrators(role):
            return
        person = statement.actor.person
        record = self._signed_by(person, envelope, None) if person else None
        if record is None or role not in record.roles or record.node != statement.actor.node:
            raise Refusal("ADMINISTRATOR_MISSING", administrators.RULE, role=role, type=statement.type)

    def _guard_head(self, statement: Statement, envelope: Envelope) -> None:
        self.signed_by_node(statement, envelope)
        self.signed_by_person(statement, envelope)
        if statement.actor.role != "HEAD":
            raise Refusal("ROLE_MISSING", "F04", role="HEAD")

    # --- pieces --------------------------------------------------------------------------------------------

    def _check(self, keyid: str, signature: bytes, epoch: int | None) -> Check:
        key = self.key(keyid, epoch)
        return Check(key.suite, key.public, signature)

    def _signed_by(self, subject: str, envelope: Envelope, epoch: int | None) -> KeyRecord | None:
        for keyid, _ in envelope.signatures:
            if self.is_registrar(keyid) and keyid not in self._keys:
                continue
            found = self.entry(keyid, epoch)
            if found.record.subject == subject and found.purpose == "sign":
                return self.current(subject, epoch)
        return None

    def _put(self, record: KeyRecord, *, carried_on: bool) -> None:
        """``carried_on``: the previous key vouched for the record, so its subject still has its older keys."""
        history = self._records.setdefault(record.subject, [])
        self._proposals.pop(record.subject, None)
        before = {found.keys["kem"].id for found in history if "kem" in found.keys}
        now = {record.keys["kem"].id} if "kem" in record.keys else set()
        if history and not carried_on:
            self._lost |= before - now
        if now - before:
            self.kem_epoch = record.epoch
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


def _only_differs(old: KeyRecord, new: KeyRecord, purposes: set[str]) -> bool:
    """Whether ``new`` says what ``old`` says but for its title, with the same keys but for these purposes."""
    facts = ("roles", "region", "node", "kind", "public_prefix")
    same = all(getattr(old, name) == getattr(new, name) for name in facts) and old.keys.keys() == new.keys.keys()
    return same and all(old.keys[purpose] == key for purpose, key in new.keys.items() if purpose not in purposes)


def _started_at(record: KeyRecord, epoch: int) -> KeyRecord:
    return KeyRecord(**{**record.__dict__, "epoch": epoch})

"""The registry chain replayed: which key spoke for whom, at which registry position.

Invariants (kept by ``Directory`` alone; the hub and the offline verifier run the same code):
- every registry leaf raises ``epoch`` by one;
- a statement counts once: a hub that appends an old one again, as a revocation before a key was renewed, is refused;
- a key record counts only when the registrar signed it and its subject proved possession of the signing key;
  without the registrar a node may replace its ``tls`` key alone;
- a record that only its subject's previous key vouches for is a proposal: it counts from the ``key.activate`` that
  stands at least ``COOLING_OFF`` of legal time behind it (or that the registrar signed), unless it was vetoed before;
- a signature counts only for the actor that the statement names, in a role that the record gives.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from crypto import administrators, canonical, identity, permits, suites
from crypto.log import leaf as leaves
from crypto.log.leaf import Leaf
from crypto.records import KeyRecord, Publication, PublicKey, read_grant, read_key_record, read_revocation
from crypto.refusal import Refusal
from crypto.register import RULE, Proposal, Register
from crypto.shares import TYPES as SHARE_TYPES
from crypto.sharing import BY_PARTIES
from crypto.sharing import TYPES as SHARING_TYPES
from crypto.statement import REGISTRY, Envelope, Statement, read_envelope, read_statement

REGISTRY_TYPES = frozenset(
    {
        *("key.register", "key.activate", "key.veto", "key.revoke"),
        *("grant.issue", "grant.revoke", "catalogue.publish", "calendar.publish"),
        permits.TYPE,
        *SHARE_TYPES,
        *SHARING_TYPES,
    }
)
COOLING_OFF = timedelta(hours=72)
"""Legal time between a proposal and its activation by the node alone: as long as a window may work on old lists."""


@dataclass(frozen=True)
class Check:
    """One signature to be checked by ``suites.verify`` (outside any lock, in a thread)."""

    suite: str
    public: bytes
    signature: bytes


class Directory(Register):
    """The register, and who may change it. Not thread-safe for ``admit``; readers see whole epochs."""

    def __init__(self, registrar_keys: Iterable[PublicKey]) -> None:
        super().__init__()
        self._registrar = {key.id: key for key in registrar_keys}
        self._admitted: set[str] = set()

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

    def admit_leaf(self, data: bytes, after: int = -1) -> Leaf:
        """The next leaf of the registry as the hub gave it, every signature verified; it lies behind index ``after``.

        Refusals REGISTRY_UNTRUSTED (not the next one), those of ``leaf.decode`` and ``admit``.
        """
        leaf = leaves.decode(data)
        if leaf.epoch != self.epoch + 1 or leaf.index <= after:
            raise Refusal("REGISTRY_UNTRUSTED", "promise 4", epoch=leaf.epoch)
        self.admit(read_envelope(leaf.envelope), recorded_at=leaf.recorded_at)
        return leaf

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
            self._end_grant(read_revocation(statement.body), statement.actor.node, epoch)
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
            self._guard_permit(record, previous)
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
        if statement.type in SHARE_TYPES:
            self.shares.admit(statement.type, body, epoch, self.current)
            return
        if statement.type == permits.TYPE:
            self.permits.admit(body)
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

    def _guard_permit(self, record: KeyRecord, previous: KeyRecord | None) -> None:
        """H11: where there is a system administrator, he permitted this record; the last of all checks, it is used up.

        A new ``tls`` key alone of a record that is valid needs none.
        """
        renewed = (
            previous is not None and not self._ended(previous, self.epoch) and _only_differs(previous, record, {"tls"})
        )
        if not renewed and self.administrators(administrators.SYSTEM):
            self.permits.use(record)

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


def _only_differs(old: KeyRecord, new: KeyRecord, purposes: set[str]) -> bool:
    """Whether ``new`` says what ``old`` says, its title too (applicants are shown it), with the same keys but for these
    purposes."""
    facts = ("roles", "region", "node", "kind", "public_prefix", "title", "home", "centre")
    same = all(getattr(old, name) == getattr(new, name) for name in facts) and old.keys.keys() == new.keys.keys()
    return same and all(old.keys[purpose] == key for purpose, key in new.keys.items() if purpose not in purposes)

"""The registrar: certifies nodes, co-signs key records, revokes, publishes.

Invariants:
- two keys never leave ``offline/``: the authority's (certificates) and the registrar's (records), both apart from the
  node keys with which the registrar speaks to the hub;
- a record is co-signed only when a token, issued for exactly these facts, vouches for exactly these bytes; a renewal
  only when nothing but the ``tls`` key of a valid record changes;
- an answer may be asked for again: the same record gets the same decision;
- further names that a node was certified under (a hub's addresses) are remembered and kept in its next certificates.
"""

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from crypto import applicant, canonical, certificates, identity, permits
from crypto.directory import Directory
from crypto.keystore import Signer, SoftwareKeystore
from crypto.records import KeyRecord, PublicKey
from crypto.refusal import Refusal
from crypto.register import Proposal
from crypto.statement import REGISTRY, Actor, Envelope, Statement, read_envelope, sign
from deploy.registrar.tokens import TokenBook
from hub.services.enrolment import Asked, only_tls_changed, require_request
from node_agent.keys.enrol import (
    AUTHORITY,
    CERTIFICATE,
    KEYS,
    Prepared,
    RecordFacts,
    facts_of,
    prepare_node,
    renewal_is_due,
)
from storage.files import write_private

RULE = "architecture: enrolment; H08, H09"
ACTS = "acts.jsonl"


@dataclass(frozen=True)
class Decision:
    """Certificate (PEM, nodes only) and co-signed record, or the code of a refusal."""

    certificate: bytes = b""
    record: bytes = b""
    refusal_code: str = ""


@dataclass(frozen=True)
class Officer:
    """The administrator who acts now (H11): person id, role, signing key."""

    person: str
    role: str
    key: Signer


class Registrar:
    """The registrar whose state is ``home``: ``offline/``, ``node/``, ``registrar.json``, ``tokens.json``,
    ``names.json``."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.node_home = home / "node"
        value = json.loads((home / "registrar.json").read_text())
        self.trust_domain: str = value["trust_domain"]
        self.facts_here = RecordFacts(**{**value["facts"], "roles": tuple(value["facts"]["roles"])})
        self.node = self.facts_here.subject
        self.authority_pem = (home / AUTHORITY).read_bytes()
        offline = SoftwareKeystore(home / "offline")
        self._authority, self._registrar = offline.signer("authority"), offline.signer("registrar")
        self.tokens = TokenBook(home)
        self._names = home / "names.json"
        self.officer: Officer | None = None

    @classmethod
    def found(cls, home: Path, trust_domain: str, region: str, name: str = "registrar") -> "Registrar":
        """Make keys, authority and own node; nothing to do when they are there. ``region``: 12 digits."""
        if not (home / "registrar.json").exists():
            cls._make_keys(home, trust_domain, region, name)
        made = cls(home)
        made.keep_certified()
        return made

    @staticmethod
    def _make_keys(home: Path, trust_domain: str, region: str, name: str) -> None:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        offline = SoftwareKeystore(home / "offline")
        for label in {"authority", "registrar"} - set(offline.labels()):
            offline.generate_signer(label)
        write_private(home / AUTHORITY, certificates.make_authority(offline.signer("authority"), trust_domain))
        node = identity.node_id(trust_domain, region, name)
        facts = RecordFacts(node, "node", node, ("registrar",), region, "登记机构")
        # The marker comes last: an interrupted founding is begun again with the keys that are there.
        value = {"trust_domain": trust_domain, "facts": asdict(facts)}
        write_private(home / "registrar.json", json.dumps(value, ensure_ascii=False).encode())

    @property
    def public_key(self) -> PublicKey:
        """The key that everybody pins."""
        return PublicKey(self._registrar.suite, self._registrar.public)

    def node_tls(self) -> tuple[bytes, bytes]:
        """PEM key and certificate with which the registrar speaks to the hub."""
        key = SoftwareKeystore(self.node_home / KEYS).signer("tls").private_pem()
        return key, (self.node_home / CERTIFICATE).read_bytes()

    # --- enrolment -------------------------------------------------------------------------------------------

    def issue_token(
        self,
        subject: str,
        kind: str,
        roles: tuple[str, ...],
        region: str,
        title: str,
        public_prefix: int | None = None,
        node: str | None = None,
        replaces: str | None = None,
        home: str = "",
        centre: str = "",
    ) -> str:
        """A one-time token for this record; ``node``: a person's node; ``home``, ``centre``: a person's bodies (F07).
        ``facts(token)`` tells the facts."""
        roles = tuple(sorted(roles))
        facts = RecordFacts(subject, kind, node or subject, roles, region, title, public_prefix, replaces, home, centre)
        return self.tokens.issue(facts).text

    def facts(self, token: str) -> RecordFacts:
        """What a token was issued for, with the prefix that was allotted. Refusal TOKEN_UNKNOWN."""
        return self.tokens.facts(token)

    def answer(self, asked: Asked, renewal: bool, directory: Directory) -> Decision:
        """Certificate and co-signed record, or the refusal's code. ``directory``: as replayed from the log now."""
        try:
            record = require_request(asked)
            if renewal:
                _require_renewal(record, directory)
            else:
                self._require_token(asked, record)
            certificate = self.certify(asked.certificate_request, asked.subject) if record.kind == "node" else b""
        except Refusal as refusal:
            return Decision(refusal_code=refusal.code)
        return Decision(certificate, self.cosign(asked.record, record).encode())

    def certify(
        self, request_pem: bytes, node: str, extra_names: tuple[str, ...] | None = None, days: int | None = None
    ) -> bytes:
        """Certificate for a checked request. Refusal REQUEST_INVALID.

        ``extra_names``: DNS names and addresses beside the node's own, remembered; None: those remembered, or none.
        """
        known: dict[str, list[str]] = json.loads(self._names.read_text()) if self._names.exists() else {}
        if extra_names is None:
            extra_names = tuple(known.get(node, ()))
        elif list(extra_names) != known.get(node, []):
            write_private(self._names, canonical.encode({**known, node: list(extra_names)}))
        return certificates.certify(
            self._authority,
            self.authority_pem,
            request_pem,
            node,
            days=certificates.NODE_DAYS if days is None else days,
            extra_names=extra_names,
        )

    def cosign(self, record: bytes, read: KeyRecord) -> Envelope:
        """The record under its subject's signature and the registrar's; other signatures are left out."""
        envelope = read_envelope(record)
        own = read.keys["sign"].id
        mine = sign(envelope.payload, [self._registrar]).signatures
        return replace(envelope, signatures=(*(pair for pair in envelope.signatures if pair[0] == own), *mine))

    # --- registry statements ---------------------------------------------------------------------------------

    def own_record(self) -> Envelope:
        """The registrar node's own ``key.register``, co-signed."""
        prepared = self._prepare_own()
        asked = Asked(self.node, prepared.certificate_request, prepared.record.encode(), b"")
        return self.cosign(asked.record, require_request(asked))

    def revoke(self, subject: str, reason: str) -> Envelope:
        """Ends all keys of a node or person. ``reason``: a code in upper case."""
        return self._say("key.revoke", {"subject": subject, "reason": reason})

    def permit(self, facts: RecordFacts) -> Envelope:
        """The system administrator's word that a subject may register with just these facts (H11)."""
        digest = permits.facts_digest(
            facts.subject, facts.kind, facts.node, facts.roles, facts.region, facts.title, facts.public_prefix,
            facts.replaces, facts.home, facts.centre,
        )  # fmt: skip
        return self._say(permits.TYPE, {"subject": facts.subject, "facts": digest})

    def settle(self, proposal: Proposal, *, approve: bool) -> Envelope:
        """Lets a waiting record count at once, or drops it; nothing else of it changes."""
        body = {"subject": proposal.record.subject, "record": proposal.record.digest}
        return self._say("key.activate" if approve else "key.veto", body)

    def share(self, record: KeyRecord, packet: bytes, generation: int) -> Envelope:
        """The applicants' secret of a generation for one node, sealed to its key of now (A22)."""
        body = {
            "generation": generation,
            "name": applicant.NAME,
            "node": record.subject,
            "recipient_key": record.kem.id,
            "packet": base64.b64encode(packet).decode(),
        }
        return self._say("secret.share", body)

    def retire_secret(self, generation: int) -> Envelope:
        """Applicants are not compared by this older secret any more (A22)."""
        return self._say("secret.retire", {"name": applicant.NAME, "generation": generation})

    def publish(self, kind: str, version: str, document: bytes, effective_from: str) -> Envelope:
        """Publishes a ``catalogue`` or ``calendar``; ``document`` (canonical JSON) goes along as attachment.

        ``effective_from``: ISO date. Refusal NOT_CANONICAL.
        """
        canonical.parse(document)
        digest = canonical.digest(document)
        body = {"version": version, "document": digest, "effective_from": effective_from}
        return self._say(f"{kind}.publish", body)

    def _say(self, event: str, body: Mapping[str, object]) -> Envelope:
        officer = self.officer
        statement = Statement(
            type=event,
            case=None,
            chain=REGISTRY,
            seq=None,
            prev=None,
            actor=Actor(self.node, officer.person, officer.role) if officer else Actor(self.node, None, "registrar"),
            occurred_at=canonical.time_text(datetime.now(UTC)),
            body=body,
        )
        return sign(statement.payload(), [self._registrar, *([officer.key] if officer else [])])

    def say_sharing(self, event: str, body: Mapping[str, object]) -> Envelope:
        """An authorisation to share data: ``issue``, ``withdraw`` or ``settle`` (H05)."""
        return self._say(f"sharing.{event}", body)

    def note(self, act: str, subject: str) -> None:
        """Keep who of the administrators did what here, where no leaf says it (tokens, certificates; H11).

        Appended and on disk; nothing of this program shortens the file.
        """
        line = {"at": canonical.time_text(datetime.now(UTC)), "act": act, "subject": subject}
        line["officer"] = self.officer.person if self.officer else ""
        with open(os.open(self.home / ACTS, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as file:
            file.write(canonical.encode(line) + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def _prepare_own(self) -> Prepared:
        return prepare_node(self.node_home, self.facts_here, purposes=())

    def certificate_is_due(self) -> bool:
        """Whether the own certificate is missing or near its end."""
        return not (self.node_home / CERTIFICATE).exists() or renewal_is_due(self.node_home)

    def keep_certified(self) -> None:
        """A new certificate for the own ``tls`` key when it is due; the key and so the record stay."""
        if not self.certificate_is_due():
            return
        prepared = self._prepare_own()
        write_private(self.node_home / AUTHORITY, self.authority_pem)
        write_private(self.node_home / CERTIFICATE, self.certify(prepared.certificate_request, self.node))

    def _require_token(self, asked: Asked, record: KeyRecord) -> None:
        payload = read_envelope(asked.record).payload
        facts = self.tokens.redeem(
            asked.subject, asked.token_tag, asked.certificate_request, payload, canonical.digest(payload)
        )
        if facts_of(record) != facts:
            raise Refusal("RECORD_DIFFERS", RULE, subject=asked.subject)


def _require_renewal(record: KeyRecord, directory: Directory) -> None:
    """Refusals SUBJECT_UNKNOWN, KEY_REVOKED, RENEWAL_CHANGES_MORE."""
    if not only_tls_changed(directory.current(record.subject), record):
        raise Refusal("RENEWAL_CHANGES_MORE", RULE, subject=record.subject)

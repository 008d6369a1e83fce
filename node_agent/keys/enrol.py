"""A node or person gets its identity: own keys, a request, a one-time token, a certificate.

Invariants:
- private keys are made here and never leave the keystore; the token itself is never sent, only an HMAC with it;
- interrupted, the same call goes on: keys, request and record already made are used again, so the hub sees the same
  request and gives the same answer;
- a renewed certificate takes the place of the old one only when it is complete and fits the new key;
- a renewal that came to nothing is thrown away whole: the next one has another key and request.
"""

import hashlib
import hmac
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tenacity import Retrying, retry_if_result, stop_after_delay, wait_exponential

from crypto import canonical, certificates, identity, kem, suites
from crypto.keystore import Signer, SoftwareKeystore, SoftwareSigner
from crypto.records import KeyRecord, PublicKey, read_key_record
from crypto.refusal import Refusal
from crypto.statement import REGISTRY, Actor, Envelope, Statement, read_envelope, read_statement, sign
from node_agent.client.enrolment import Answer, EnrolmentDoor, Mode, RegistryDoor
from storage.files import write_private

RULE = "architecture: enrolment; H08, H09"
KEYS, PERSONS, RENEWAL = "keys", "persons", "renewal"
CERTIFICATE, AUTHORITY, RECORD, REQUEST = "tls.pem", "authority.pem", "record.json", "request.csr"
RENEWED = "renewed.crt"
RENEWAL_ENDED = frozenset({"ENROLMENT_REFUSED", "ENROLMENT_UNKNOWN"})
"""Answers after which asking again under the same number is in vain."""
WAIT_SECONDS = 120.0


@dataclass(frozen=True)
class RecordFacts:
    """What the registrar was told about a subject, and what its key record must say.

    ``kind``: node or person. ``region``: 12 digits. ``title``: what is shown (an office or post, never a name).
    ``public_prefix``: 5 digits, windows only. ``replaces``: digest of the record that this one takes the place of.
    ``home``, ``centre``: persons only, codes of the body that has the post and of the service centre (F07), or empty.
    """

    subject: str
    kind: str
    node: str
    roles: tuple[str, ...]
    region: str
    title: str
    public_prefix: int | None = None
    replaces: str | None = None
    home: str = ""
    centre: str = ""


@dataclass(frozen=True)
class Prepared:
    """What is handed in: PEM certificate request (empty for persons) and the record's envelope."""

    certificate_request: bytes
    record: Envelope


def enrol_node(
    home: Path,
    enrolment_url: str,
    authority_pem: bytes,
    token: str,
    facts: RecordFacts,
    *,
    hub_name: str = "",
    seconds: float = WAIT_SECONDS,
) -> bytes:
    """Make keys in ``home/keys``, enrol with the token, write ``tls.pem`` and ``authority.pem``; the certificate.

    Refusals ENROLMENT_REFUSED (with the registrar's code), ENROLMENT_SLOW, and what the hub says of the request.
    """
    prepared = prepare_node(home, facts)
    with EnrolmentDoor(enrolment_url, authority_pem, hub_name) as door:
        answer = _ask(door, token, facts.subject, prepared, seconds)
    _require_fits(answer.certificate, facts.subject, SoftwareKeystore(home / KEYS).signer("tls"))
    write_private(home / AUTHORITY, authority_pem)
    write_private(home / CERTIFICATE, answer.certificate)
    return answer.certificate


def enrol_person(
    home: Path,
    enrolment_url: str,
    authority_pem: bytes,
    token: str,
    facts: RecordFacts,
    *,
    hub_name: str = "",
    seconds: float = WAIT_SECONDS,
) -> KeyRecord:
    """Make a person's ``sign`` key in ``home/persons/<staff code>`` and enrol it; the record asked for.

    Refusals as ``enrol_node``.
    """
    prepared = prepare_person(home, facts)
    with EnrolmentDoor(enrolment_url, authority_pem, hub_name) as door:
        _ask(door, token, facts.subject, prepared, seconds)
    return read_key_record(prepared.record.digest, 0, read_statement(prepared.record.payload).body)


def renew(
    home: Path,
    hub_url: str,
    enrolment_url: str,
    mine: KeyRecord,
    *,
    hub_name: str = "",
    seconds: float = WAIT_SECONDS,
) -> bytes:
    """A new ``tls`` key and certificate, asked for over the old one; ``mine``: the node's current record in the log.

    Refusals ENROLMENT_REFUSED, ENROLMENT_UNKNOWN, ENROLMENT_SLOW, RENEWAL_CHANGES_MORE, RECORD_NOT_CURRENT.
    """
    finish_renewal(home)
    _drop_overtaken(home / RENEWAL, mine)
    keystore, draft = SoftwareKeystore(home / KEYS), home / RENEWAL
    tls = _signer(SoftwareKeystore(draft), "tls", suites.ECDSA_P256)
    keys = {**mine.keys, "tls": PublicKey(tls.suite, tls.public)}
    facts = replace(facts_of(mine), replaces=mine.digest)
    asked = _kept(draft / REQUEST, lambda: certificates.make_request(tls, mine.subject))
    authority = (home / AUTHORITY).read_bytes()
    number = draft / "enrolment-id"
    if not number.exists():
        record = signed_record(draft, facts, keys, keystore.signer("sign"))
        pair = (keystore.signer("tls").private_pem(), (home / CERTIFICATE).read_bytes())
        with RegistryDoor.open(hub_url, authority, *pair, hub_name) as nodes:
            write_private(number, nodes.renew(asked, record.encode()).encode())
    with EnrolmentDoor(enrolment_url, authority, hub_name) as door:
        answer = _await_renewal(door, draft, number.read_text(), seconds)
    _require_fits(answer.certificate, mine.subject, tls)
    write_private(draft / RENEWED, answer.certificate)
    finish_renewal(home)
    return answer.certificate


def renewal_is_due(home: Path, now: datetime | None = None) -> bool:
    """Whether a third or less of the certificate's usual life is left."""
    _, _, ends = certificates.peer((home / CERTIFICATE).read_bytes())
    return ends - (now or datetime.now(UTC)) <= timedelta(days=certificates.NODE_DAYS / 3)


def finish_renewal(home: Path) -> None:
    """Put a complete renewal into place, key first and certificate last; nothing to do when there is none.

    To be called when an agent starts: a crash between the two moves is repaired here.
    """
    draft = home / RENEWAL
    if not (draft / RENEWED).exists():
        return
    if (draft / "tls.pem").exists():
        (draft / "tls.pem").replace(home / KEYS / "tls.pem")
    (draft / RENEWED).replace(home / CERTIFICATE)
    shutil.rmtree(draft)


# --- what is signed ------------------------------------------------------------------------------------------


def prepare_node(home: Path, facts: RecordFacts, purposes: Iterable[str] = ("kem", "witness")) -> Prepared:
    """Keys, certificate request and record of a node; made once, found again afterwards. ``tls``, ``sign`` always."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    keystore = SoftwareKeystore(home / KEYS)
    tls, own = (_signer(keystore, label, suites.ECDSA_P256) for label in ("tls", "sign"))
    keys = {"tls": PublicKey(tls.suite, tls.public), "sign": PublicKey(own.suite, own.public)}
    if "witness" in purposes:
        witness = _signer(keystore, "witness", suites.ED25519)
        keys["witness"] = PublicKey(witness.suite, witness.public)
    if "kem" in purposes:
        made = keystore.kem("kem") if "kem" in keystore.labels() else keystore.generate_kem("kem", kem.HYBRID)
        keys["kem"] = PublicKey(made.suite, made.public)
    asked = _kept(home / REQUEST, lambda: certificates.make_request(tls, facts.subject))
    if certificates.request_key(asked) != keys["tls"]:  # a renewal changed the key since: who comes back asks for it
        asked = certificates.make_request(tls, facts.subject)
        write_private(home / REQUEST, asked)
    return Prepared(asked, signed_record(home, facts, keys, own))


def prepare_person(home: Path, facts: RecordFacts) -> Prepared:
    """Key and record of a person; made once, found again afterwards."""
    folder = home / PERSONS / facts.subject.rsplit("/", 1)[1]
    own = _signer(SoftwareKeystore(folder), "sign", suites.ECDSA_P256)
    return Prepared(b"", signed_record(folder, facts, {"sign": PublicKey(own.suite, own.public)}, own))


def record_body(facts: RecordFacts, keys: Mapping[str, PublicKey]) -> dict[str, object]:
    """Body of a ``key.register`` statement (``crypto.records.read_key_record``)."""
    bodies = {member: code for member, code in (("home", facts.home), ("centre", facts.centre)) if code}
    return bodies | {
        "subject": facts.subject,
        "kind": facts.kind,
        "node": facts.node,
        "roles": sorted(facts.roles),
        "region": facts.region,
        "title": facts.title,
        "public_prefix": facts.public_prefix,
        "keys": {purpose: key.as_object() for purpose, key in sorted(keys.items())},
        "replaces": facts.replaces,
    }


def facts_of(record: KeyRecord) -> RecordFacts:
    """The facts that a record states."""
    return RecordFacts(
        record.subject,
        record.kind,
        record.node,
        tuple(sorted(record.roles)),
        record.region,
        record.title,
        record.public_prefix,
        record.replaces,
        record.home,
        record.centre,
    )


def token_tag(token: str, certificate_request: bytes, record_payload: bytes) -> bytes:
    """HMAC-SHA-256 with the one-time token over SHA-256(request) and SHA-256(record payload)."""
    said = hashlib.sha256(certificate_request).digest() + hashlib.sha256(record_payload).digest()
    return hmac.digest(token.encode(), said, "sha256")


def signed_record(folder: Path, facts: RecordFacts, keys: Mapping[str, PublicKey], *signers: Signer) -> Envelope:
    """The ``key.register`` envelope, kept in ``folder`` so that a repeated request has the same bytes."""
    body, kept = record_body(facts, keys), folder / RECORD
    if kept.exists():
        envelope = read_envelope(kept.read_bytes())
        if canonical.encode(dict(read_statement(envelope.payload).body)) == canonical.encode(body):
            return envelope
    statement = Statement(
        type="key.register",
        case=None,
        chain=REGISTRY,
        seq=None,
        prev=None,
        actor=Actor(facts.node, None, sorted(facts.roles)[0]),
        occurred_at=canonical.time_text(datetime.now(UTC)),
        body=body,
    )
    envelope = sign(statement.payload(), signers)
    write_private(kept, envelope.encode())
    return envelope


# --- pieces --------------------------------------------------------------------------------------------------


def _ask(door: EnrolmentDoor, token: str, subject: str, prepared: Prepared, seconds: float) -> Answer:
    tag = token_tag(token, prepared.certificate_request, prepared.record.payload)
    number = door.request(subject, prepared.certificate_request, prepared.record.encode(), tag)
    return _await(door, number, seconds)


def _await(door: EnrolmentDoor, enrolment_id: str, seconds: float) -> Answer:
    """Ask until the registrar answered. Refusals ENROLMENT_REFUSED, ENROLMENT_SLOW."""
    asking = Retrying(
        retry=retry_if_result(lambda answer: answer.mode is Mode.PENDING),
        wait=wait_exponential(multiplier=0.05, max=0.5),
        stop=stop_after_delay(seconds),
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
    )
    answer: Answer = asking(door.get, enrolment_id)
    if answer.mode is Mode.REFUSED:
        raise Refusal("ENROLMENT_REFUSED", RULE, reason=answer.refusal_code)
    if answer.mode is Mode.PENDING:
        raise Refusal("ENROLMENT_SLOW", RULE, enrolment=enrolment_id, seconds=seconds)
    return answer


def _await_renewal(door: EnrolmentDoor, draft: Path, enrolment_id: str, seconds: float) -> Answer:
    """As ``_await``; what can never be granted is not kept, or the node would ask for it until it is cut off."""
    try:
        return _await(door, enrolment_id, seconds)
    except Refusal as refusal:
        if refusal.code in RENEWAL_ENDED:
            shutil.rmtree(draft)
        raise


def _drop_overtaken(draft: Path, mine: KeyRecord) -> None:
    """Throw away a renewal asked for on top of a record that is no longer the current one.

    Not one whose own record is the current one: it was granted, and only its certificate has still to be fetched.
    """
    if not (draft / RECORD).exists():
        return
    kept = read_envelope((draft / RECORD).read_bytes())
    if kept.digest != mine.digest and read_statement(kept.payload).body.get("replaces") != mine.digest:
        shutil.rmtree(draft)


def _require_fits(certificate: bytes, subject: str, tls: SoftwareSigner) -> None:
    node, key, _ = certificates.peer(certificate)
    if node != identity.require_node(subject) or key.public != tls.public:
        raise Refusal("CERTIFICATE_DIFFERS", RULE, subject=subject)


def _signer(keystore: SoftwareKeystore, label: str, suite: str) -> SoftwareSigner:
    return keystore.signer(label) if label in keystore.labels() else keystore.generate_signer(label, suite)


def _kept(path: Path, make: Callable[[], bytes]) -> bytes:
    """The bytes at ``path``; made once, so that a repeated request has the same bytes."""
    if not path.exists():
        write_private(path, make())
    return path.read_bytes()

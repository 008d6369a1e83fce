"""Signed statements: a DSSE envelope over canonical JSON.

Invariants:
- the payload bytes are kept exactly as signed; the identity of a statement is the digest of its payload;
- a payload is canonical JSON with exactly the members of ``Statement``, so there is one reading of it;
- an envelope names keys by id only; suite and public bytes come from key records (``crypto.directory``);
- person and node sign the same bytes; the order of signatures does not matter, a key signs at most once.
"""

import base64
import binascii
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Protocol

from crypto import canonical
from crypto.keyid import key_id
from crypto.refusal import Refusal

STATEMENT_TYPE = "application/vnd.yidi.statement+json"
RECEIPT_TYPE = "application/vnd.yidi.receipt+json"
EXTRACT_TYPE = "application/vnd.yidi.extract+json"
SNAPSHOT_TYPE = "application/vnd.yidi.snapshot+json"
RULE = "architecture: signed statement (DSSE)"

CUSTODY = "custody"
REGISTRY = "registry"
SIDE_CHAINS = frozenset(
    {"keys", "access", "tracking", "supervision", "originals", "delivery", "materials", "kin", "opinions"}
)

_MEMBERS = {"v", "type", "case", "chain", "seq", "prev", "actor", "occurred_at", "nonce", "body"}
_HEX32 = re.compile(r"[0-9a-f]{32}")
_HEX64 = re.compile(r"[0-9a-f]{64}")
_HEX16 = re.compile(r"[0-9a-f]{16}")
_TYPE = re.compile(r"[a-z][a-z0-9_.]{0,63}")


class SignerLike(Protocol):
    """What signs here: see ``crypto.keystore.Signer``."""

    @property
    def suite(self) -> str: ...
    @property
    def public(self) -> bytes: ...
    def sign(self, data: bytes) -> bytes: ...


@dataclass(frozen=True)
class Actor:
    """Who speaks: node id, person id (None for machine statements) and the role used."""

    node: str
    person: str | None
    role: str


@dataclass(frozen=True)
class Statement:
    """One statement. ``case`` is None on the registry chain; ``seq`` is None except on the custody chain.

    ``occurred_at`` is what the sender declares (RFC 3339, UTC+8, ms); the legal time is the hub's ``recorded_at``.
    """

    type: str
    case: str | None
    chain: str
    seq: int | None
    prev: str | None
    actor: Actor
    occurred_at: str
    body: Mapping[str, object]
    nonce: str = field(default_factory=lambda: secrets.token_hex(8))

    def payload(self) -> bytes:
        """Canonical JSON, the bytes to be signed."""
        return canonical.encode(
            {
                "v": 1,
                "type": self.type,
                "case": self.case,
                "chain": self.chain,
                "seq": self.seq,
                "prev": self.prev,
                "actor": {"node": self.actor.node, "person": self.actor.person, "role": self.actor.role},
                "occurred_at": self.occurred_at,
                "nonce": self.nonce,
                "body": dict(self.body),
            }
        )

    @cached_property
    def occurred(self) -> datetime:
        """``occurred_at`` as a moment in UTC+8."""
        return canonical.time_value(self.occurred_at)


@dataclass(frozen=True)
class Envelope:
    """DSSE envelope: payload bytes as signed, and (key id, signature) pairs."""

    payload: bytes
    signatures: tuple[tuple[str, bytes], ...]
    payload_type: str = STATEMENT_TYPE

    @cached_property
    def digest(self) -> str:
        """Identity of what is said: hex SHA-256 of the payload."""
        return canonical.digest(self.payload)

    @cached_property
    def signed_bytes(self) -> bytes:
        """DSSE pre-authentication encoding: what each signature covers."""
        return pae(self.payload_type, self.payload)

    def as_object(self) -> dict[str, object]:
        """The envelope as a JSON object (base64 standard alphabet)."""
        return {
            "payloadType": self.payload_type,
            "payload": base64.b64encode(self.payload).decode(),
            "signatures": [{"keyid": keyid, "sig": base64.b64encode(sig).decode()} for keyid, sig in self.signatures],
        }

    @cached_property
    def encoded(self) -> bytes:
        """Canonical JSON of the envelope; one that was read keeps the bytes that it was read from."""
        return canonical.encode(self.as_object())

    def encode(self) -> bytes:
        """Canonical JSON of the envelope."""
        return self.encoded


def pae(payload_type: str, payload: bytes) -> bytes:
    """DSSE v1 pre-authentication encoding."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def sign(payload: bytes, signers: Iterable[SignerLike], payload_type: str = STATEMENT_TYPE) -> Envelope:
    """Envelope over ``payload`` with one signature a signer."""
    data = pae(payload_type, payload)
    made = tuple((key_id(signer.suite, signer.public), signer.sign(data)) for signer in signers)
    return Envelope(payload, made, payload_type)


def read_envelope(data: bytes, payload_type: str = STATEMENT_TYPE) -> Envelope:
    """The envelope in ``data``. Refusals NOT_CANONICAL, ENVELOPE_FORMAT."""
    made = envelope_from(canonical.parse(data), payload_type)
    vars(made)["encoded"] = data  # what ``encode`` would write: canonical, these members, padding bits checked
    return made


def envelope_from(value: Mapping[str, object], payload_type: str = STATEMENT_TYPE) -> Envelope:
    """The envelope in a JSON object. Refusal ENVELOPE_FORMAT for members, types or base64 out of form."""
    try:
        if set(value) != {"payloadType", "payload", "signatures"} or value["payloadType"] != payload_type:
            raise ValueError("members")
        entries = value["signatures"]
        if not isinstance(entries, list) or not 1 <= len(entries) <= 4:
            raise ValueError("signatures")
        pairs = tuple((_keyid(entry), _base64(entry["sig"])) for entry in entries)
        if len({keyid for keyid, _ in pairs}) != len(pairs):
            raise ValueError("one key, one signature")
        return Envelope(_base64(value["payload"]), pairs, payload_type)
    except (ValueError, TypeError, KeyError) as error:
        raise Refusal("ENVELOPE_FORMAT", RULE, problem=str(error)[:60]) from error


def read_statement(payload: bytes) -> Statement:
    """The statement in a payload. Refusals NOT_CANONICAL, STATEMENT_FORMAT, TIME_FORMAT."""
    value = canonical.parse(payload)
    problem = _problem(value)
    if problem:
        raise Refusal("STATEMENT_FORMAT", RULE, problem=problem)
    actor = value["actor"]
    body = value["body"]
    assert isinstance(actor, dict) and isinstance(body, dict)  # checked by _problem
    made = Statement(
        type=str(value["type"]),
        case=_text_or_none(value["case"]),
        chain=str(value["chain"]),
        seq=value["seq"] if isinstance(value["seq"], int) else None,
        prev=_text_or_none(value["prev"]),
        actor=Actor(actor["node"], actor["person"], actor["role"]),
        occurred_at=str(value["occurred_at"]),
        body=body,
        nonce=str(value["nonce"]),
    )
    canonical.time_value(made.occurred_at)
    return made


def read_signed(data: bytes) -> Statement:
    """The statement in an encoded envelope; its signatures are not looked at. Refusals of the two readers."""
    return read_statement(read_envelope(data).payload)


def _problem(value: Mapping[str, object]) -> str | None:
    """What is out of form, or None."""
    if set(value) != _MEMBERS or type(value["v"]) is not int or value["v"] != 1:
        return "members"
    actor, body = value["actor"], value["body"]
    if not isinstance(actor, dict) or set(actor) != {"node", "person", "role"} or not isinstance(body, dict):
        return "actor or body"
    if not (isinstance(actor["node"], str) and isinstance(actor["role"], str)):
        return "actor"
    if not (actor["person"] is None or isinstance(actor["person"], str)):
        return "person"
    if not (_matches(_TYPE, value["type"]) and _matches(_HEX16, value["nonce"])):
        return "type or nonce"
    if not isinstance(value["occurred_at"], str):
        return "occurred_at"
    return _chain_problem(value)


def _chain_problem(value: Mapping[str, object]) -> str | None:
    chain, seq, prev = value["chain"], value["seq"], value["prev"]
    if prev is not None and not _matches(_HEX64, prev):
        return "prev"
    if chain == REGISTRY:
        return None if value["case"] is None and seq is None and prev is None else "registry chain"
    if not _matches(_HEX32, value["case"]):
        return "case"
    if chain == CUSTODY:
        return None if type(seq) is int and seq >= 1 and (prev is None) == (seq == 1) else "seq and prev"
    if chain in SIDE_CHAINS:
        return None if seq is None and prev is not None else "side chain"
    return "chain"


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _keyid(entry: object) -> str:
    if not isinstance(entry, dict) or set(entry) != {"keyid", "sig"} or not _matches(_HEX32, entry["keyid"]):
        raise ValueError("signature entry")
    return str(entry["keyid"])


def _base64(text: object) -> bytes:
    if not isinstance(text, str):
        raise ValueError("base64 text")
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("base64") from error
    if base64.b64encode(data).decode() != text:
        raise ValueError("base64 padding bits")
    return data

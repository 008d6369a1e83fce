"""What the registry chain says, as values: key records, grants, publications.

Invariants: a record is read from the body of one registry statement and never changes; a key has one purpose.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from crypto import administrators, identity, kem, suites
from crypto.keyid import key_id
from crypto.refusal import Refusal

RULE = "architecture: key record"
NODE_ROLES = frozenset(
    {"window", "department", "gateway", "portal", "coordinator", "auditor", "hub", "registrar", "recovery"}
)
PERSON_ROLES = frozenset(
    {
        "COLLECTOR",
        "COLLECT_LEAD",
        "ACCEPTOR",
        "REVIEWER",
        "TECH_REVIEWER",
        "DECIDER",
        "HEAD",
        "ISSUER",
        "AUDITOR",
        "COORDINATOR",
        "COORDINATOR_LEAD",
        "SUPERVISOR",
        *administrators.ROLES,
    }
)
POST_KINDS = frozenset({"POST_A", "POST_B"})
"""Posts A and B of an item (AB 岗, F06), given and taken back like any other grant."""
GRANT_KINDS = frozenset({"DECIDE", "SEAL_USE", "PRE_REVIEW", "COORDINATE", "EXPORT"}) | POST_KINDS
GRANT_ENDS = ("LEFT_POST", "DUTY_CHANGED", "REPLACED", "MISUSED")
"""Why a grant was taken back before its last day."""
_GRANT_ID = re.compile(r"[A-Za-z0-9._-]{1,80}")
_GRANTED_ITEM = re.compile(r"\*|[A-Za-z0-9._-]{1,80}")
_HEX64 = re.compile(r"[0-9a-f]{64}")
_BODY_CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
AFFILIATIONS = frozenset({"home", "centre"})
"""Members that a person's record may have (F07); left out where there is nothing to say."""

SECRETS = frozenset({"applicant"})
"""Secrets that the registrar shares out to nodes: the one that applicants' numbers are keyed with (A22)."""


@dataclass(frozen=True)
class PublicKey:
    """One public key under its suite. ``tls`` keys are kept as ECDSA P-256 points like ``sign`` keys."""

    suite: str
    public: bytes

    @property
    def id(self) -> str:
        """Key id (``crypto.keyid``)."""
        return key_id(self.suite, self.public)

    def as_object(self) -> dict[str, object]:
        """JSON form: suite and base64."""
        return {"suite": self.suite, "public": base64.b64encode(self.public).decode()}


@dataclass(frozen=True)
class KeyRecord:
    """Keys of one node or person from registry position ``epoch`` on. ``digest`` is the statement's identity.

    ``home``, ``centre``: of a person the body that has the post and leads the work (派出单位), and the service centre
    that runs the day and judges performance (F07): social credit codes, empty where the record does not say.
    """

    digest: str
    epoch: int
    subject: str
    kind: str
    node: str
    roles: frozenset[str]
    region: str
    title: str
    public_prefix: int | None
    keys: Mapping[str, PublicKey]
    replaces: str | None
    home: str = ""
    centre: str = ""

    @property
    def kem(self) -> PublicKey:
        """The key that data keys are wrapped to. Refusal KEM_MISSING."""
        if "kem" not in self.keys:
            raise Refusal("KEM_MISSING", RULE, subject=self.subject)
        return self.keys["kem"]


@dataclass(frozen=True)
class Grant:
    """A power of attorney (授权委托书) as a leaf: ``items`` are task codes or ``*``; dates are legal dates, UTC+8.

    Source: F01, F03, F04.
    """

    digest: str
    epoch: int
    grant_id: str
    kind: str
    node: str
    person: str
    items: frozenset[str]
    valid_from: str
    valid_to: str
    document: str

    def covers(self, kind: str, person: str, task_code: str, date: str) -> bool:
        """Whether the grant lets ``person`` do ``kind`` for ``task_code`` on ISO ``date``."""
        named = "*" in self.items or task_code in self.items
        return self.kind == kind and self.person == person and named and self.valid_from <= date <= self.valid_to


@dataclass(frozen=True)
class Publication:
    """A published document (catalogue or calendar): version, digest of its canonical bytes, registry position."""

    epoch: int
    kind: str
    version: str
    document: str
    effective_from: str


@dataclass(frozen=True)
class Share:
    """A secret that the registrar gave a node (A22): ``packet`` is sealed to the node's decryption key of then.

    ``generation``: which secret of this name it is, from 1 on.
    """

    epoch: int
    name: str
    node: str
    recipient_key: str
    packet: bytes
    generation: int = 1


def read_key_record(digest: str, epoch: int, body: Mapping[str, object]) -> KeyRecord:
    """The record in a ``key.register`` body.

    Refusals KEY_RECORD_FORMAT, PUBLIC_KEY_INVALID, SUITE_UNKNOWN, NODE_ID_FORMAT, PERSON_ID_FORMAT.
    """
    wanted = {"subject", "kind", "node", "roles", "region", "title", "public_prefix", "keys", "replaces"}
    raw_keys, roles = body.get("keys"), body.get("roles")
    if set(body) - AFFILIATIONS != wanted or not isinstance(raw_keys, dict) or not isinstance(roles, list):
        raise Refusal("KEY_RECORD_FORMAT", RULE, members=",".join(sorted(body)))
    kind, node, subject = str(body["kind"]), identity.require_node(str(body["node"])), str(body["subject"])
    allowed = NODE_ROLES if kind == "node" else PERSON_ROLES
    named = bool(roles) and all(isinstance(role, str) and role in allowed for role in roles)
    if kind not in {"node", "person"} or not named:
        raise Refusal("KEY_RECORD_FORMAT", RULE, kind=kind[:20], roles=len(roles))
    if kind == "person":
        administrators.require_apart(roles)
    if kind == "person" and identity.node_of(identity.require_person(subject)) != node:
        raise Refusal("KEY_RECORD_FORMAT", RULE, subject=subject)
    if kind == "node" and (subject != node or identity.node_region(node) != body["region"]):
        raise Refusal("KEY_RECORD_FORMAT", RULE, subject=subject)
    prefix, replaces, title = body["public_prefix"], body["replaces"], body["title"]
    if not isinstance(title, str) or not isinstance(replaces, str | None) or type(prefix) not in (int, type(None)):
        raise Refusal("KEY_RECORD_FORMAT", RULE, problem="title, public_prefix or replaces")
    return KeyRecord(
        digest=digest,
        epoch=epoch,
        subject=subject,
        kind=kind,
        node=node,
        roles=frozenset(roles),
        region=str(body["region"]),
        title=title,
        public_prefix=prefix if isinstance(prefix, int) else None,
        keys=_read_keys(kind, raw_keys),
        replaces=replaces,
        **_affiliations(kind, body),
    )


def _affiliations(kind: str, body: Mapping[str, object]) -> dict[str, str]:
    """F07: codes of bodies, never words (promise 1), and of persons alone."""
    said = {member: body[member] for member in sorted(AFFILIATIONS & set(body))}
    if said and kind != "person":
        raise Refusal("KEY_RECORD_FORMAT", RULE, kind=kind, members=",".join(said))
    for member, code in said.items():
        if not isinstance(code, str) or not _is_body_code(code):
            raise Refusal("KEY_RECORD_FORMAT", RULE, problem=member)
    return {member: str(code) for member, code in said.items()}


def _is_body_code(code: str) -> bool:
    """GB 32100-2015, check digit included; a person's number never passes for one, though one in 31 would by chance."""
    if len(code) != 18 or set(code) - set(_BODY_CHARACTERS) or _is_citizen_number(code):
        return False
    found = [_BODY_CHARACTERS.index(character) for character in code]
    return (sum(value * pow(3, place, 31) for place, value in enumerate(found[:17])) + found[17]) % 31 == 0


def _is_citizen_number(code: str) -> bool:
    """GB 11643-1999: a day of birth in its place, and the check digit of ISO 7064 MOD 11-2."""
    if re.fullmatch(r"\d{6}(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d{3}[\dX]", code) is None:
        return False
    digits = [*map(int, code[:17]), 10 if code[17] == "X" else int(code[17])]
    return sum(digit * pow(2, 17 - place, 11) for place, digit in enumerate(digits)) % 11 == 1


def _read_keys(kind: str, raw: Mapping[str, object]) -> dict[str, PublicKey]:
    needed = {"sign"} if kind == "person" else {"sign", "tls", "kem", "witness"}
    if not {"sign"} <= set(raw) <= needed:
        raise Refusal("KEY_RECORD_FORMAT", RULE, keys=",".join(sorted(raw)))
    keys = {purpose: read_public(value) for purpose, value in raw.items()}
    for purpose, key in keys.items():
        if purpose == "kem":
            kem.require_kem_public(key.suite, key.public)
        else:
            suites.require_public(key.suite, key.public)
    if len({key.id for key in keys.values()}) != len(keys):
        raise Refusal("KEY_RECORD_FORMAT", RULE, problem="one key, one purpose")
    return keys


def read_public(value: object) -> PublicKey:
    """A public key in JSON form. Refusal KEY_RECORD_FORMAT."""
    try:
        if not isinstance(value, dict) or set(value) != {"suite", "public"}:
            raise ValueError("members")
        return PublicKey(str(value["suite"]), base64.b64decode(str(value["public"]), validate=True))
    except (ValueError, binascii.Error) as error:
        raise Refusal("KEY_RECORD_FORMAT", RULE, problem="public key") from error


def read_grant(digest: str, epoch: int, body: Mapping[str, object]) -> Grant:
    """The grant in a ``grant.issue`` body: named items, a first and a last day, the paper by digest (F04).

    Ids hold no blank and no Chinese: no words come into the log by a power of attorney (promise 1).
    Refusal GRANT_FORMAT.
    """
    wanted = {"grant_id", "kind", "node", "person", "items", "valid_from", "valid_to", "document"}
    items = body.get("items")
    if set(body) != wanted or not isinstance(items, list) or str(body["kind"]) not in GRANT_KINDS:
        raise Refusal("GRANT_FORMAT", "F04", members=",".join(sorted(body)))
    node, person = str(body["node"]), str(body["person"])
    if identity.node_of(person) != node:
        raise Refusal("GRANT_FORMAT", "F04", person=person)
    if not items or not all(isinstance(one, str) and _GRANTED_ITEM.fullmatch(one) for one in items):
        raise Refusal("GRANT_FORMAT", "F04", member="items")
    begins, ends = _grant_day(body, "valid_from"), _grant_day(body, "valid_to")
    if ends < begins:
        raise Refusal("GRANT_FORMAT", "F04", member="valid_to")
    return Grant(
        digest=digest,
        epoch=epoch,
        grant_id=_grant_text(body, "grant_id", _GRANT_ID),
        kind=str(body["kind"]),
        node=node,
        person=person,
        items=frozenset(items),
        valid_from=begins,
        valid_to=ends,
        document=_grant_text(body, "document", _HEX64),
    )


def read_revocation(body: Mapping[str, object]) -> str:
    """Id of the grant that a ``grant.revoke`` body ends, for a reason of the list where it names one.

    Refusal GRANT_FORMAT.
    """
    if set(body) - {"reason"} != {"grant_id"} or body.get("reason", GRANT_ENDS[0]) not in GRANT_ENDS:
        raise Refusal("GRANT_FORMAT", "F04", members=",".join(sorted(body)))
    return _grant_text(body, "grant_id", _GRANT_ID)


def _grant_text(body: Mapping[str, object], member: str, pattern: re.Pattern[str]) -> str:
    value = body[member]
    if not isinstance(value, str) or pattern.fullmatch(value) is None:
        raise Refusal("GRANT_FORMAT", "F04", member=member)
    return value


def _grant_day(body: Mapping[str, object], member: str) -> str:
    value = body[member]
    try:
        if isinstance(value, str) and date.fromisoformat(value).isoformat() == value:
            return value
    except ValueError:
        pass
    raise Refusal("GRANT_FORMAT", "F04", member=member)


def read_share(epoch: int, body: Mapping[str, object]) -> Share:
    """The share in a ``secret.share`` body: name, node, recipient_key, packet (base64), generation (1 when it does not
    say). Refusal SHARE_FORMAT."""
    texts = [body.get(member) for member in ("name", "node", "recipient_key", "packet")]
    if set(body) - {"generation"} != {"name", "node", "recipient_key", "packet"} or body["name"] not in SECRETS:
        raise Refusal("SHARE_FORMAT", "A22; promise 1", problem="members or name")
    name, node, recipient_key, packet = map(str, texts)
    try:
        opened = base64.b64decode(packet, validate=True)
    except (ValueError, binascii.Error) as error:
        raise Refusal("SHARE_FORMAT", "A22; promise 1", problem="packet") from error
    return Share(
        epoch, name, identity.require_node(node), recipient_key, opened, _generation(body.get("generation", 1))
    )


def read_retirement(body: Mapping[str, object]) -> tuple[str, int]:
    """Name and generation in a ``secret.retire`` body. Refusal SHARE_FORMAT."""
    if set(body) != {"name", "generation"} or body["name"] not in SECRETS:
        raise Refusal("SHARE_FORMAT", "A22; promise 1", problem="members or name")
    return str(body["name"]), _generation(body["generation"])


def _generation(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise Refusal("SHARE_FORMAT", "A22; promise 1", problem="generation")
    return value

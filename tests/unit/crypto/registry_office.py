"""A registrar's office for tests of the registry chain."""

from collections.abc import Callable
from typing import Any

import pytest

from crypto import identity, suites
from crypto.directory import Directory
from crypto.kem import X25519, generate_kem
from crypto.keystore import SoftwareSigner, new_signer
from crypto.records import PublicKey
from crypto.refusal import Refusal
from crypto.statement import CUSTODY, REGISTRY, Actor, Envelope, Statement, sign

REGION = "360102000000"
NODE = identity.node_id("yidi.test", REGION, "donghu-scj")
OTHER = identity.node_id("yidi.test", REGION, "donghu-rsj")
AT = "2026-11-21T20:00:00.000+08:00"


def public_of(signer: SoftwareSigner) -> PublicKey:
    return PublicKey(signer.suite, signer.public)


def new_kem() -> PublicKey:
    made = generate_kem(X25519)
    return PublicKey(made.suite, made.public)


class Office:
    """A registrar's office with the keys of everybody, to make registry statements right or wrong."""

    def __init__(self) -> None:
        self.registrar = new_signer()
        self.directory = Directory([public_of(self.registrar)])
        self.signers: dict[str, SoftwareSigner] = {}
        self.keys: dict[str, dict[str, PublicKey]] = {}

    def body(self, subject: str, roles: tuple[str, ...], **changes: Any) -> dict[str, Any]:
        """A ``key.register`` body with fresh keys."""
        person = "/person/" in subject
        self.signers[subject] = new_signer()
        keys = {"sign": public_of(self.signers[subject])}
        if not person:
            keys |= {"tls": public_of(new_signer()), "kem": new_kem(), "witness": public_of(new_signer(suites.ED25519))}
        self.keys[subject] = keys
        history = self.directory._records.get(subject)
        made = {
            "subject": subject,
            "kind": "person" if person else "node",
            "node": subject.split("/person/")[0],
            "roles": list(roles),
            "region": REGION,
            "title": "",
            "public_prefix": None,
            "keys": {purpose: key.as_object() for purpose, key in keys.items()},
            "replaces": history[-1].digest if history else None,
        }
        return made | changes

    def statement(self, kind: str, body: dict[str, Any], actor: Actor | None = None) -> Statement:
        """A registry statement by the registrar's node unless another actor is named."""
        return Statement(kind, None, REGISTRY, None, None, actor or Actor(NODE, None, "registrar"), AT, body)

    def admit(self, kind: str, body: dict[str, Any], *signers: SoftwareSigner, actor: Actor | None = None) -> Envelope:
        """Sign and admit."""
        made = sign(self.statement(kind, body, actor).payload(), signers)
        self.directory.admit(made)
        return made

    def register(self, subject: str, *roles: str, **changes: Any) -> dict[str, Any]:
        """Admit a record with fresh keys under both signatures."""
        body = self.body(subject, roles, **changes)
        self.admit("key.register", body, self.registrar, self.signers[subject])
        return body

    def head(self, kind: str, body: dict[str, Any], role: str = "HEAD") -> Envelope:
        """A statement by the head of NODE."""
        head = f"{NODE}/person/H01"
        actor = Actor(NODE, head, role)
        return self.admit(kind, body, self.signers[NODE], self.signers[head], actor=actor)

    def signed(self, subject: str, *signers: str, role: str = "ACCEPTOR") -> tuple[Statement, Envelope]:
        """A custody statement by ``subject`` of NODE under the named signatures."""
        person = subject if "/person/" in subject else None
        made = Statement("accept", "c0" * 16, CUSTODY, 1, None, Actor(NODE, person, role), AT, {})
        return made, sign(made.payload(), [self.signers[name] for name in signers])


PERSON = f"{NODE}/person/A01"
HEAD = f"{NODE}/person/H01"


def refused(code: str, call: Callable[[], object], office: Office) -> None:
    before = office.directory.epoch, office.directory.records(), office.directory.grants()
    with pytest.raises(Refusal) as refused:
        call()
    assert refused.value.code == code
    assert (office.directory.epoch, office.directory.records(), office.directory.grants()) == before

"""Signed statements: one reading of a payload, signatures over exactly these bytes and this type."""

import base64
from typing import Any

import pytest

from crypto import canonical, statement, suites
from crypto.keyid import key_id
from crypto.keystore import SoftwareSigner, new_signer
from crypto.refusal import Refusal
from crypto.statement import (
    CUSTODY,
    EXTRACT_TYPE,
    RECEIPT_TYPE,
    REGISTRY,
    SNAPSHOT_TYPE,
    STATEMENT_TYPE,
    Actor,
    Envelope,
    Statement,
    envelope_from,
    pae,
    read_envelope,
    read_statement,
    sign,
)

NODE = "spiffe://yidi.test/360102000000/donghu"
PERSON = f"{NODE}/person/A01"
SIGNER = new_signer()
MISSING = object()


def _plain(**changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "v": 1,
        "type": "accept",
        "case": "c0" * 16,
        "chain": CUSTODY,
        "seq": 2,
        "prev": "ab" * 32,
        "actor": {"node": NODE, "person": PERSON, "role": "ACCEPTOR"},
        "occurred_at": "2026-11-21T20:00:00.000+08:00",
        "nonce": "0123456789abcdef",
        "body": {"note": "丰都"},
    }
    made |= changes
    return {name: value for name, value in made.items() if value is not MISSING}


def _actor(**changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"node": NODE, "person": PERSON, "role": "ACCEPTOR"}
    made |= changes
    return {"actor": {name: value for name, value in made.items() if value is not MISSING}}


REGISTRY_CHAIN: dict[str, Any] = {"chain": REGISTRY, "case": None, "seq": None, "prev": None}
SIDE: dict[str, Any] = {"chain": "keys", "seq": None}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"seq": 1, "prev": None},
        REGISTRY_CHAIN | {"type": "key.register"},
        *(SIDE | {"chain": chain} for chain in ("keys", "access", "tracking")),
        _actor(person=None),
        {"body": {}},
    ],
)
def test_a_statement_reads_back_as_it_was_written(changes: dict[str, Any]) -> None:
    payload = canonical.encode(_plain(**changes))
    made = read_statement(payload)
    assert made.payload() == payload
    assert made.occurred == canonical.time_value(made.occurred_at)


@pytest.mark.parametrize(
    "changes",
    [
        *({name: MISSING} for name in _plain()),
        {"more": 1},
        *({"v": value} for value in (0, 2, True, "1", None)),
        *({"type": value} for value in ("", "Accept", "1accept", "a" * 65, "accept\n", "ac cept", 1, None)),
        *({"case": value} for value in (None, "", "C0" * 16, "c0" * 15, "c0" * 17, "zz" * 16, "c0" * 16 + "\n", 1)),
        *({"chain": value} for value in ("", "Custody", "other", None, 1)),
        *({"seq": value} for value in (0, -1, None, "2", True, 1)),
        *({"prev": value} for value in (None, "", "AB" * 32, "ab" * 31, "ab" * 33, 1)),
        {"seq": 1},
        SIDE | {"prev": None},
        SIDE | {"seq": 2},
        REGISTRY_CHAIN | {"case": "c0" * 16},
        REGISTRY_CHAIN | {"seq": 1},
        REGISTRY_CHAIN | {"prev": "ab" * 32},
        *(_actor(**{name: MISSING}) for name in ("node", "person", "role")),
        _actor(more=1),
        _actor(node=1),
        _actor(node=None),
        _actor(role=None),
        _actor(role=["ACCEPTOR"]),
        _actor(person=1),
        {"actor": None},
        {"actor": []},
        *({"nonce": value} for value in ("", "0123456789ABCDEF", "0" * 15, "0" * 17, None, 1)),
        {"body": None},
        {"body": []},
        {"body": "x"},
        {"occurred_at": None},
        {"occurred_at": 1},
    ],
    ids=str,
)
def test_every_malformed_member_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as refused:
        read_statement(canonical.encode(_plain(**changes)))
    assert refused.value.code == "STATEMENT_FORMAT"
    assert refused.value.values["problem"]


def test_a_time_in_another_writing_is_refused() -> None:
    with pytest.raises(Refusal, match="TIME_FORMAT"):
        read_statement(canonical.encode(_plain(occurred_at="2026-11-21T20:00:00Z")))


def test_a_payload_with_a_space_is_refused() -> None:
    with pytest.raises(Refusal, match="NOT_CANONICAL"):
        read_statement(canonical.encode(_plain()).replace(b":", b": ", 1))


# --- envelope ----------------------------------------------------------------------------------------------------


def _envelope(**changes: Any) -> dict[str, Any]:
    made = sign(canonical.encode(_plain()), [SIGNER]).as_object() | changes
    return {name: value for name, value in made.items() if value is not MISSING}


def _entry(**changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"keyid": "0" * 32, "sig": "AAAA"} | changes
    return {"signatures": [{name: value for name, value in made.items() if value is not MISSING}]}


def test_an_envelope_reads_back_and_verifies() -> None:
    made = sign(canonical.encode(_plain()), [SIGNER, new_signer()])
    read = read_envelope(made.encode())
    assert read == made and read.digest == canonical.digest(made.payload)
    keyid, signature = read.signatures[0]
    assert keyid == key_id(SIGNER.suite, SIGNER.public)
    suites.verify(SIGNER.suite, SIGNER.public, signature, read.signed_bytes)


@pytest.mark.parametrize(
    "changes",
    [
        *({name: MISSING} for name in ("payloadType", "payload", "signatures")),
        {"more": 1},
        {"payloadType": RECEIPT_TYPE},
        {"payload": None},
        {"signatures": []},
        {"signatures": {}},
        {"signatures": [{"keyid": f"{n:032x}", "sig": "AAAA"} for n in range(5)]},
        {"signatures": [{"keyid": "0" * 32, "sig": "AAAA"}, {"keyid": "0" * 32, "sig": "AAAB"}]},
        {"signatures": ["x"]},
        _entry(keyid=MISSING),
        _entry(sig=MISSING),
        _entry(alg="none"),
        _entry(keyid="0" * 31),
        _entry(keyid="F" * 32),
        _entry(keyid=0),
        _entry(sig=None),
        *(
            {"payload": text}
            for text in ("e30", "e30==", "e30=\n", " e30=", "e3 0=", "e31=", "e3-_", "e30=e30=", "=", "é")
        ),
        *(_entry(sig=text) for text in ("AA", "AAB=", "AA==AA==", "A-__", "AAAA\n")),
    ],
    ids=str,
)
def test_every_malformed_envelope_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as refused:
        envelope_from(_envelope(**changes))
    assert refused.value.code == "ENVELOPE_FORMAT"


def test_an_envelope_in_another_writing_is_refused() -> None:
    with pytest.raises(Refusal, match="NOT_CANONICAL"):
        read_envelope(sign(b"{}", [SIGNER]).encode() + b"\n")


@pytest.mark.parametrize("other", [RECEIPT_TYPE, EXTRACT_TYPE, SNAPSHOT_TYPE])
def test_a_signature_over_another_payload_type_does_not_verify(other: str) -> None:
    payload = canonical.encode(_plain())
    (_, signature), *_ = sign(payload, [SIGNER], other).signatures
    forged = Envelope(payload, ((key_id(SIGNER.suite, SIGNER.public), signature),), STATEMENT_TYPE)
    with pytest.raises(Refusal, match="SIGNATURE_INVALID"):
        suites.verify(SIGNER.suite, SIGNER.public, signature, forged.signed_bytes)


def test_pae_keeps_type_and_payload_apart() -> None:
    assert pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )
    assert pae("a", b"b 1 c") != pae("a 5 b", b"1 c")


# --- suites ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suite", [suites.ECDSA_P256, suites.ED25519, suites.ML_DSA_44])
def test_a_suite_verifies_its_own_and_nothing_else(suite: str) -> None:
    signer, other = new_signer(suite), new_signer(suite)
    signature = signer.sign(b"data")
    suites.verify(suite, signer.public, signature, b"data")
    suites.require_public(suite, signer.public)
    damaged = bytes([*signature[:-1], signature[-1] ^ 1])
    for public, sig, data in (
        (other.public, signature, b"data"),
        (signer.public, signature, b"Data"),
        (signer.public, damaged, b"data"),
        (signer.public, b"", b"data"),
        (signer.public, signature + b"\0", b"data"),
        (signer.public[:-1], signature, b"data"),
    ):
        with pytest.raises(Refusal) as refused:
            suites.verify(suite, public, sig, data)
        assert refused.value.code == "SIGNATURE_INVALID" and refused.value.values == {"suite": suite}
    with pytest.raises(Refusal, match="PUBLIC_KEY_INVALID"):
        suites.require_public(suite, signer.public[:-1])


def test_a_suite_that_is_not_ours_is_refused() -> None:
    for call in (
        lambda: suites.verify("none", b"", b"", b""),
        lambda: suites.require_public("RSA", b""),
        lambda: new_signer("RSA"),
        lambda: new_signer(suites.ED25519).ec_key,
    ):
        with pytest.raises(Refusal, match="SUITE_UNKNOWN"):
            call()


def test_ecdsa_is_deterministic_and_a_compressed_point_is_no_key() -> None:
    assert SIGNER.sign(b"x") == SIGNER.sign(b"x")
    compressed = bytes([2 + SIGNER.public[-1] % 2]) + SIGNER.public[1:33]
    with pytest.raises(Refusal, match="PUBLIC_KEY_INVALID"):
        suites.require_public(suites.ECDSA_P256, compressed)


def test_statements_have_fresh_nonces() -> None:
    actor = Actor(NODE, None, "hub")
    one, two = (
        Statement("route", "c0" * 16, CUSTODY, 1, None, actor, "2026-11-21T20:00:00.000+08:00", {}) for _ in range(2)
    )
    assert one.nonce != two.nonce and len(one.nonce) == 16
    assert base64.b64encode(one.payload()) and statement.read_statement(one.payload()) == one
    assert isinstance(SIGNER, SoftwareSigner)

"""Signature verification against C2SP/wycheproof, read at ../shared/vectors."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from crypto import suites
from crypto.refusal import Refusal

FOLDER = Path(__file__).resolve().parents[3].parent / "shared" / "vectors" / "wycheproof"


def _vectors(name: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    document = json.loads((FOLDER / name).read_bytes())
    for group in document["testGroups"]:
        for vector in group["tests"]:
            yield group, vector


def _point(group: dict[str, Any]) -> bytes:
    assert group["publicKey"]["curve"] == "secp256r1"
    assert group["sha"] == "SHA-256"
    return bytes.fromhex(group["publicKey"]["uncompressed"])


def _der(group: dict[str, Any], signature: bytes, data: bytes) -> None:
    suites.verify("ECDSA_P256_SHA256", _point(group), signature, data)


def _raw(group: dict[str, Any], signature: bytes, data: bytes) -> None:
    suites.verify("ECDSA_P256_SHA256", _point(group), _der_from_raw(signature), data)


def _der_from_raw(signature: bytes) -> bytes:
    """DER from the vectors' ``r || s``, with no more than its own checks of form."""
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    if len(signature) != 64:
        raise Refusal("SIGNATURE_INVALID", "IEEE P1363")
    return encode_dss_signature(r, s)


def _ed25519(group: dict[str, Any], signature: bytes, data: bytes) -> None:
    suites.verify("ED25519", bytes.fromhex(group["publicKey"]["pk"]), signature, data)


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("ecdsa_secp256r1_sha256_test.json", _der),
        ("ecdsa_secp256r1_sha256_p1363_test.json", _raw),
        ("ed25519_test.json", _ed25519),
    ],
)
def test_every_vector_is_judged_as_it_says(
    name: str,
    check: Callable[[dict[str, Any], bytes, bytes], None],
    record_property: Callable[[str, object], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    if not FOLDER.is_dir():
        pytest.skip("../shared/vectors/wycheproof is absent: signature vectors not run")
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    for group, vector in _vectors(name):
        expected = vector["result"]
        counts[expected] += 1
        try:
            check(group, bytes.fromhex(vector["sig"]), bytes.fromhex(vector["msg"]))
            got = "valid"
        except Refusal as refusal:
            assert refusal.code == "SIGNATURE_INVALID"
            got = "invalid"
        if expected not in (got, "acceptable"):
            wrong.append(f"tcId {vector['tcId']}: {vector['comment']} {vector['flags']}")
    record_property("vectors_run", counts.total())
    with capsys.disabled():
        print(f"\nwycheproof/{name}: {counts.total()} vectors run, {dict(counts)}")
    assert not wrong
    assert counts["valid"] > 0
    assert counts["invalid"] > 0

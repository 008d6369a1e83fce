"""Signature suites by name: the suite comes from a key record, never from the message that it checks.

Invariants:
- a suite name fixes curve, hash and encoding; nothing in a signature can change them;
- ECDSA signatures travel as strict DER (what DSSE tools write) and are made with RFC 6979 nonces, so the same key
  over the same bytes gives the same signature and a repeated receipt is the same receipt;
- every failure is the one refusal SIGNATURE_INVALID: it does not tell an attacker which step failed.
"""

from collections.abc import Callable
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from crypto.refusal import Refusal

ECDSA_P256 = "ECDSA_P256_SHA256"
ED25519 = "ED25519"
ML_DSA_44 = "ML_DSA_44"
RULE = "GB/T 39786-2021 8.4 h; architecture: signatures"


def verify(suite: str, public: bytes, signature: bytes, data: bytes) -> None:
    """Check ``signature`` over ``data``.

    ``public``: 65-byte uncompressed point (ECDSA_P256_SHA256), 32 bytes (ED25519), 1312 bytes (ML_DSA_44).
    Refusal SUITE_UNKNOWN for a suite that is not ours, SIGNATURE_INVALID for anything that does not verify.
    """
    check = _CHECKS.get(suite)
    if check is None:
        raise Refusal("SUITE_UNKNOWN", RULE, suite=suite[:40])
    try:
        check(public, signature, data)
    except (InvalidSignature, ValueError) as error:
        raise Refusal("SIGNATURE_INVALID", RULE, suite=suite) from error


def require_public(suite: str, public: bytes) -> None:
    """Refusal PUBLIC_KEY_INVALID unless ``public`` is a valid public key of ``suite``."""
    loader: Callable[[bytes], object] | None = _LOADERS.get(suite)
    if loader is None:
        raise Refusal("SUITE_UNKNOWN", RULE, suite=suite[:40])
    try:
        loader(public)
    except ValueError as error:
        raise Refusal("PUBLIC_KEY_INVALID", RULE, suite=suite) from error


@lru_cache(maxsize=4096)
def _p256(public: bytes) -> ec.EllipticCurvePublicKey:
    if len(public) != 65:
        raise ValueError("an uncompressed P-256 point has 65 bytes")
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)


def _check_p256(public: bytes, signature: bytes, data: bytes) -> None:
    _p256(public).verify(signature, data, ec.ECDSA(hashes.SHA256()))


def _check_ed25519(public: bytes, signature: bytes, data: bytes) -> None:
    Ed25519PublicKey.from_public_bytes(public).verify(signature, data)


def _check_mldsa(public: bytes, signature: bytes, data: bytes) -> None:
    MLDSA44PublicKey.from_public_bytes(public).verify(signature, data)


_CHECKS: dict[str, Callable[[bytes, bytes, bytes], None]] = {
    ECDSA_P256: _check_p256,
    ED25519: _check_ed25519,
    ML_DSA_44: _check_mldsa,
}
_LOADERS: dict[str, Callable[[bytes], object]] = {
    ECDSA_P256: _p256,
    ED25519: Ed25519PublicKey.from_public_bytes,
    ML_DSA_44: MLDSA44PublicKey.from_public_bytes,
}

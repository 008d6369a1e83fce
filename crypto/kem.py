"""Keys that data keys are wrapped to: HPKE base mode over a named KEM suite.

Invariants:
- the suite stands in the recipient's key record; KDF and AEAD are fixed (HKDF-SHA-256, AES-256-GCM);
- ``info`` is never empty: it binds what is wrapped to where it may be used;
- a packet that does not open gives the one refusal PACKET_UNREADABLE.
"""

import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from crypto.refusal import Refusal

HYBRID = "MLKEM768_X25519"
X25519 = "X25519"
P256 = "P256"
RULE = "RFC 9180 base mode; architecture: key packets"

_MLKEM_PUBLIC = 1184
_KEMS = {HYBRID: hpke.KEM.MLKEM768_X25519, X25519: hpke.KEM.X25519, P256: hpke.KEM.P256}
_HPKE = {name: hpke.Suite(kem, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM) for name, kem in _KEMS.items()}

_Public = hpke.MLKEM768X25519PublicKey | X25519PublicKey | ec.EllipticCurvePublicKey
_Private = hpke.MLKEM768X25519PrivateKey | X25519PrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class KemPrivate:
    """One decryption key. ``secret``: ML-KEM seed (64 bytes) and X25519 key (32) for the hybrid, 32 bytes else."""

    suite: str
    public: bytes
    secret: bytes

    def open(self, packet: bytes, info: bytes) -> bytes:
        """The plaintext of ``packet``. Refusal PACKET_UNREADABLE for another recipient, another ``info`` or damage."""
        try:
            return _HPKE[self.suite].decrypt(packet, _load_private(self.suite, self.secret), info)
        except (InvalidTag, ValueError) as error:
            raise Refusal("PACKET_UNREADABLE", RULE, suite=self.suite) from error

    def private_bytes(self) -> bytes:
        """Suite name, NUL, secret: what the keystore writes to its own file."""
        return self.suite.encode() + b"\0" + self.secret


def generate_kem(suite: str = HYBRID) -> KemPrivate:
    """A fresh key of ``suite``. Refusal SUITE_UNKNOWN."""
    _require_suite(suite)
    if suite == HYBRID:
        secret = MLKEM768PrivateKey.generate().private_bytes_raw() + X25519PrivateKey.generate().private_bytes_raw()
    elif suite == X25519:
        secret = X25519PrivateKey.generate().private_bytes_raw()
    else:
        secret = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value.to_bytes(32)
    return _private(suite, secret)


def kem_from_seed(seed: bytes) -> KemPrivate:
    """The X25519 key made from an applicant's 32-byte secret (results are sealed to its public half)."""
    return _private(X25519, hashlib.sha256(b"yidi applicant result key\0" + seed).digest())


def load_kem(data: bytes) -> KemPrivate:
    """The key that ``private_bytes`` wrote."""
    suite, _, secret = data.partition(b"\0")
    _require_suite(suite.decode())
    return _private(suite.decode(), secret)


def wrap(suite: str, public: bytes, secret: bytes, info: bytes) -> bytes:
    """HPKE packet of ``secret`` for ``public``. Refusals SUITE_UNKNOWN, PUBLIC_KEY_INVALID."""
    _require_suite(suite)
    if not info:
        raise ValueError("info is never empty")
    try:
        return _HPKE[suite].encrypt(secret, _load_public(suite, public), info)
    except ValueError as error:
        raise Refusal("PUBLIC_KEY_INVALID", RULE, suite=suite) from error


def require_kem_public(suite: str, public: bytes) -> None:
    """Refusal PUBLIC_KEY_INVALID or SUITE_UNKNOWN unless ``public`` is a key of ``suite``."""
    _require_suite(suite)
    try:
        _load_public(suite, public)
    except ValueError as error:
        raise Refusal("PUBLIC_KEY_INVALID", RULE, suite=suite) from error


def _require_suite(suite: str) -> None:
    if suite not in _KEMS:
        raise Refusal("SUITE_UNKNOWN", RULE, suite=suite[:40])


def _private(suite: str, secret: bytes) -> KemPrivate:
    key = _load_private(suite, secret)
    if isinstance(key, hpke.MLKEM768X25519PrivateKey):
        public = (
            MLKEM768PrivateKey.from_seed_bytes(secret[:64]).public_key().public_bytes_raw()
            + X25519PrivateKey.from_private_bytes(secret[64:]).public_key().public_bytes_raw()
        )
    elif isinstance(key, X25519PrivateKey):
        public = key.public_key().public_bytes_raw()
    else:
        public = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return KemPrivate(suite, public, secret)


def _load_private(suite: str, secret: bytes) -> _Private:
    if suite == HYBRID:
        return hpke.MLKEM768X25519PrivateKey(
            MLKEM768PrivateKey.from_seed_bytes(secret[:64]), X25519PrivateKey.from_private_bytes(secret[64:])
        )
    if suite == X25519:
        return X25519PrivateKey.from_private_bytes(secret)
    return ec.derive_private_key(int.from_bytes(secret), ec.SECP256R1())


def _load_public(suite: str, public: bytes) -> _Public:
    if suite == HYBRID:
        return hpke.MLKEM768X25519PublicKey(
            MLKEM768PublicKey.from_public_bytes(public[:_MLKEM_PUBLIC]),
            X25519PublicKey.from_public_bytes(public[_MLKEM_PUBLIC:]),
        )
    if suite == X25519:
        return X25519PublicKey.from_public_bytes(public)
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)

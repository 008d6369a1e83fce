"""C2SP tlog-cosignature: a witness (or the log itself) vouches for a checkpoint at a time.

Invariants:
- a cosignature is eight bytes of POSIX seconds, big-endian, then a signature over a message holding them;
- the Ed25519 message holds the whole checkpoint text, the ML-DSA-44 message holds cosigner name, origin, size
  and root (a subtree that starts at leaf 0) but no extension lines;
- a witness counts once however many keys it has, and no key counts for two witnesses;
- a witness's cosignature with time 0 is no statement about the largest tree seen and does not count.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from crypto.log import checkpoint, note
from crypto.refusal import Refusal

RULE = "C2SP tlog-cosignature"
TIME_MAX = (1 << 63) - 1
_STAMP = struct.Struct(">Q")
_LABEL = b"subtree/v1\n\x00"


class Ed25519Cosigner:
    """Type 0x04. The message does not name the cosigner: one key, one cosigner."""

    def __init__(self, name: str, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.key = note.VerifierKey(name, note.COSIGNATURE_ED25519, private.public_key().public_bytes_raw())

    def sign(self, text: bytes, timestamp: int) -> bytes:
        """Cosignature over the checkpoint ``text``. Refusals CHECKPOINT_MALFORMED, COSIGNATURE_TIME."""
        return _stamp(timestamp) + self._private.sign(_ed25519_message(text, timestamp))


class MlDsa44Cosigner:
    """Type 0x06, also the log's own post-quantum signature (timestamp 0 allowed)."""

    def __init__(self, name: str, private: MLDSA44PrivateKey) -> None:
        self._private = private
        self.key = note.VerifierKey(name, note.COSIGNATURE_MLDSA44, private.public_key().public_bytes_raw())

    def sign(self, text: bytes, timestamp: int) -> bytes:
        """Cosignature over the checkpoint ``text``. Refusals CHECKPOINT_MALFORMED, COSIGNATURE_TIME."""
        return _stamp(timestamp) + self._private.sign(_mldsa_message(self.key.name, text, timestamp))


class CosignatureVerifier:
    """Types 0x04 and 0x06, by the pinned key's type."""

    def __init__(self, key: note.VerifierKey) -> None:
        self.key = key
        self._public: Ed25519PublicKey | MLDSA44PublicKey
        if key.kind == note.COSIGNATURE_ED25519:
            self._public = Ed25519PublicKey.from_public_bytes(key.public)
        elif key.kind == note.COSIGNATURE_MLDSA44:
            self._public = MLDSA44PublicKey.from_public_bytes(key.public)
        else:
            raise Refusal("NOTE_KEY", RULE, name=key.name, kind=key.kind)

    def verify(self, text: bytes, value: bytes) -> None:
        """Refusals NOTE_SIGNATURE, COSIGNATURE_TIME, CHECKPOINT_MALFORMED."""
        timestamp = timestamp_of(value)
        if self.key.kind == note.COSIGNATURE_ED25519:
            message = _ed25519_message(text, timestamp)
        else:
            message = _mldsa_message(self.key.name, text, timestamp)
        try:
            self._public.verify(value[_STAMP.size :], message)
        except InvalidSignature as error:
            raise Refusal("NOTE_SIGNATURE", RULE, name=self.key.name) from error


@dataclass(frozen=True)
class Witnessed:
    """Names of the witnesses that verified, sorted, and whether the policy's ``k`` is met."""

    witnesses: tuple[str, ...]
    met: bool


def verifier(key: note.VerifierKey) -> note.Verifier:
    """The verifier of a pinned key of any type that Yidi knows. Refusal NOTE_KEY."""
    return note.Ed25519Verifier(key) if key.kind == note.ED25519 else CosignatureVerifier(key)


def timestamp_of(value: bytes) -> int:
    """POSIX seconds in a cosignature. Refusal COSIGNATURE_TIME when they are missing or over 2**63 - 1."""
    if len(value) < _STAMP.size or value[0] & 0x80:
        raise Refusal("COSIGNATURE_TIME", RULE, bytes=len(value))
    return int(_STAMP.unpack_from(value)[0])


def witnessed(signed: bytes, witness_keys: Sequence[note.VerifierKey], k: int) -> Witnessed:
    """Which of the pinned witnesses cosigned the checkpoint ``signed``, and whether they are ``k``.

    The log's own signature is checked by ``checkpoint.verify_checkpoint``, not here. Refusals: WITNESS_KEY
    when a pinned key is no cosignature key or stands for two witnesses; NOTE_SIGNATURE when a pinned
    witness's line is wrong; NOTE_MALFORMED, CHECKPOINT_MALFORMED. ValueError when ``k`` is below 1: no policy
    asks for nothing.
    """
    if k < 1:
        raise ValueError("a policy asks for at least one witness")
    _require_distinct(witness_keys)
    names: set[str] = set()
    try:
        for key, signature in note.open_note(signed, [verifier(key) for key in witness_keys]).verified:
            if timestamp_of(signature.value) > 0:
                names.add(key.name)
    except Refusal as refusal:
        if refusal.code != "NOTE_UNSIGNED":  # no witness yet is an answer, not an error
            raise
    return Witnessed(tuple(sorted(names)), len(names) >= k)


def _require_distinct(keys: Sequence[note.VerifierKey]) -> None:
    owner: dict[bytes, str] = {}
    for key in keys:
        if key.kind == note.ED25519 or owner.setdefault(key.public, key.name) != key.name:
            raise Refusal("WITNESS_KEY", RULE, name=key.name, key_id=key.key_id.hex())


def _stamp(timestamp: int) -> bytes:
    if not 0 <= timestamp <= TIME_MAX:
        raise Refusal("COSIGNATURE_TIME", RULE, timestamp=timestamp)
    return _STAMP.pack(timestamp)


def _ed25519_message(text: bytes, timestamp: int) -> bytes:
    checkpoint.parse_text(text)  # a cosignature over anything else has no meaning
    return b"cosignature/v1\ntime %d\n" % timestamp + text


def _mldsa_message(name: str, text: bytes, timestamp: int) -> bytes:
    head = checkpoint.parse_text(text)
    return b"".join(
        (
            _LABEL,
            _short(name),
            _STAMP.pack(timestamp),
            _short(head.origin),
            _STAMP.pack(0),
            _STAMP.pack(head.size),
            head.root,
        )
    )


def _short(text: str) -> bytes:
    """``opaque<1..255>`` (RFC 8446 3.4)."""
    data = text.encode()
    if not 1 <= len(data) <= 255:
        raise Refusal("CHECKPOINT_MALFORMED", RULE, bytes=len(data))
    return bytes([len(data)]) + data

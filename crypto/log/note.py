"""C2SP signed note: a text and signature lines ``— <name> base64(key id || signature)``.

Invariants:
- a note is read strictly: what ``parse`` accepts, it would write again byte for byte;
- a line counts only for the pinned key whose name *and* key id it carries; other lines are ignored;
- a wrong signature under a pinned key refuses the whole note, and a note without any good one is refused;
- nobody sees the text of a note through ``open_note`` before a pinned key has vouched for it.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from crypto.refusal import Refusal

RULE = "C2SP signed-note"
ED25519 = 0x01
COSIGNATURE_ED25519 = 0x04
COSIGNATURE_MLDSA44 = 0x06
PUBLIC_SIZE = {ED25519: 32, COSIGNATURE_ED25519: 32, COSIGNATURE_MLDSA44: 1312}
NOTE_MAX = 1 << 20  # bytes; room for far more than the 16 signatures that must be accepted
SIGNATURES_MAX = 100
_PREFIX = "\u2014 "
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True)
class VerifierKey:
    """A public key under its name. ``kind``: signature type byte; ``public``: raw key of its length."""

    name: str
    kind: int
    public: bytes

    def __post_init__(self) -> None:
        if not name_is_valid(self.name) or PUBLIC_SIZE.get(self.kind) != len(self.public):
            raise Refusal("NOTE_KEY", RULE, name=self.name[:80], kind=self.kind, bytes=len(self.public))

    @property
    def key_id(self) -> bytes:
        """Four bytes that find the key, not authenticate it."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    @property
    def text(self) -> str:
        """``<name>+<key id in hex>+<base64 of type and key>``."""
        return f"{self.name}+{self.key_id.hex()}+{base64_text(bytes([self.kind]) + self.public)}"

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """The key in ``text``. Refusal NOTE_KEY unless it is exactly what ``text`` writes."""
        parts = text.split("+", 2)
        material = base64_bytes(parts[2]) if len(parts) == 3 else None
        if material:
            key = cls(parts[0], material[0], material[1:])
            if key.text == text:
                return key
        raise Refusal("NOTE_KEY", RULE, name=parts[0][:80])


@dataclass(frozen=True)
class Signature:
    """One signature line: name, key id (4 bytes) and the bytes after it."""

    name: str
    key_id: bytes
    value: bytes


class Verifier(Protocol):
    """Checks signatures of one pinned key."""

    @property
    def key(self) -> VerifierKey: ...

    def verify(self, text: bytes, value: bytes) -> None:
        """Refusal NOTE_SIGNATURE unless ``value`` is this key's signature of ``text``."""


class Signer(Protocol):
    """Signs with one key. ``timestamp``: POSIX seconds, used by timestamped types only."""

    @property
    def key(self) -> VerifierKey: ...

    def sign(self, text: bytes, timestamp: int) -> bytes: ...


@dataclass(frozen=True)
class Opened:
    """A note that at least one pinned key vouches for; ``verified`` in the order of its lines."""

    text: bytes
    verified: tuple[tuple[VerifierKey, Signature], ...]


class Ed25519Signer:
    """Type 0x01: Ed25519 over the note's text."""

    def __init__(self, name: str, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.key = VerifierKey(name, ED25519, private.public_key().public_bytes_raw())

    def sign(self, text: bytes, timestamp: int) -> bytes:
        """64 bytes; the type carries no time."""
        return self._private.sign(text)


class Ed25519Verifier:
    """Type 0x01."""

    def __init__(self, key: VerifierKey) -> None:
        if key.kind != ED25519:
            raise Refusal("NOTE_KEY", RULE, name=key.name, kind=key.kind)
        self.key = key
        self._public = Ed25519PublicKey.from_public_bytes(key.public)

    def verify(self, text: bytes, value: bytes) -> None:
        """Refusal NOTE_SIGNATURE."""
        try:
            self._public.verify(value, text)
        except InvalidSignature as error:
            raise Refusal("NOTE_SIGNATURE", RULE, name=self.key.name) from error


def sign_note(text: bytes, signers: Iterable[Signer], timestamp: int) -> bytes:
    """Note over ``text`` by ``signers`` in order; ``timestamp``: POSIX seconds. Refusal NOTE_MALFORMED."""
    lines = [signature_of(text, signer, timestamp) for signer in signers]
    return _write(text, lines)


def signature_of(text: bytes, signer: Signer, timestamp: int) -> Signature:
    """One line over ``text``, to be joined to a note by ``add``."""
    return Signature(signer.key.name, signer.key.key_id, signer.sign(text, timestamp))


def add(note: bytes, signatures: Iterable[Signature]) -> bytes:
    """The note with ``signatures`` after its own; a key that has a line already gets the new one instead."""
    text, present = parse(note)
    lines = {(one.name, one.key_id): one for one in present}
    for one in signatures:
        lines[(one.name, one.key_id)] = one
    return _write(text, list(lines.values()))


def parse(note: bytes) -> tuple[bytes, tuple[Signature, ...]]:
    """Text and signature lines, *unverified*. Refusal NOTE_MALFORMED."""
    refusal = Refusal("NOTE_MALFORMED", RULE, bytes=len(note))
    if len(note) > NOTE_MAX:
        raise refusal
    try:
        whole = note.decode()
    except UnicodeDecodeError as error:
        raise refusal from error
    head, gap, tail = whole.rpartition("\n\n")
    if not gap or not tail.endswith("\n") or _CONTROL.search(whole):
        raise refusal
    lines = tail[:-1].split("\n")
    signatures = [_parse_line(line) for line in lines]
    if len(signatures) > SIGNATURES_MAX:
        raise refusal
    return (head + "\n").encode(), tuple(signatures)


def open_note(note: bytes, verifiers: Iterable[Verifier]) -> Opened:
    """The note's text and the pinned keys that signed it.

    1. The note is well formed (NOTE_MALFORMED). 2. Lines of unknown keys are passed over. 3. Every line of a
    known key verifies (NOTE_SIGNATURE). 4. There is at least one such line (NOTE_UNSIGNED).
    """
    known = {(one.key.name, one.key.key_id): one for one in verifiers}
    text, signatures = parse(note)  # 1
    verified: dict[tuple[str, bytes], tuple[VerifierKey, Signature]] = {}
    for signature in signatures:
        found = (signature.name, signature.key_id)
        verifier = known.get(found)
        if verifier is None:  # 2
            continue
        verifier.verify(text, signature.value)  # 3
        verified.setdefault(found, (verifier.key, signature))
    if not verified:  # 4
        raise Refusal("NOTE_UNSIGNED", RULE, keys=len(known), signatures=len(signatures))
    return Opened(text, tuple(verified.values()))


def name_is_valid(name: str) -> bool:
    """Non-empty, no white space, no plus sign, no control character."""
    return bool(name) and "+" not in name and not any(c.isspace() or ord(c) < 0x20 for c in name)


def base64_text(data: bytes) -> str:
    """Standard base64 with padding (RFC 4648 4)."""
    return base64.b64encode(data).decode()


def base64_bytes(text: str) -> bytes | None:
    """The bytes that ``base64_text`` writes as ``text``; None when it writes none so."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return None
    return data if base64_text(data) == text else None


def _parse_line(line: str) -> Signature:
    name, gap, encoded = line.removeprefix(_PREFIX).partition(" ")
    blob = base64_bytes(encoded)
    if not line.startswith(_PREFIX) or not gap or not name_is_valid(name) or not blob or len(blob) < 5:
        raise Refusal("NOTE_MALFORMED", RULE, line=len(line))
    return Signature(name, blob[:4], blob[4:])


def _write(text: bytes, signatures: Iterable[Signature]) -> bytes:
    lines = (f"{_PREFIX}{one.name} {base64_text(one.key_id + one.value)}\n" for one in signatures)
    note = text + b"\n" + "".join(lines).encode()
    if not text.endswith(b"\n") or parse(note)[0] != text:
        raise Refusal("NOTE_MALFORMED", RULE, bytes=len(text))
    return note

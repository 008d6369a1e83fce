"""C2SP tlog-checkpoint: the signed head of the log.

Invariants:
- a checkpoint's text has exactly one form for a head, and only that form is read;
- ``verify_checkpoint`` demands a good signature of **every** pinned log key, so that taking away the
  post-quantum line beside a forged Ed25519 line wins nothing;
- extension lines pass only under a signature that covers them: ML-DSA-44 cosignatures do not.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from crypto.log import merkle, note
from crypto.refusal import Refusal

RULE = "C2SP tlog-checkpoint"
SIZE_MAX = (1 << 63) - 1
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True)
class Checkpoint:
    """Head of a log: ``origin`` names it, ``size`` counts its leaves, ``root`` is the 32-byte root hash."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        lines = (self.origin, *self.extensions)
        whole = all(line and not any(ord(c) < 0x20 for c in line) for line in lines)
        if not whole or not 0 <= self.size <= SIZE_MAX or len(self.root) != merkle.HASH_SIZE:
            raise Refusal("CHECKPOINT_MALFORMED", RULE, size=self.size)
        if self.size == 0 and self.root != merkle.empty_root():
            raise Refusal("CHECKPOINT_MALFORMED", RULE, size=0)

    def encode(self) -> bytes:
        """The note text: origin, size, root and extensions, a line each."""
        lines = (self.origin, str(self.size), note.base64_text(self.root), *self.extensions)
        return "".join(line + "\n" for line in lines).encode()


def parse_text(text: bytes) -> Checkpoint:
    """The checkpoint in a note's text, *unverified*. Refusal CHECKPOINT_MALFORMED."""
    refusal = Refusal("CHECKPOINT_MALFORMED", RULE, bytes=len(text))
    try:
        lines = text.decode().split("\n")
    except UnicodeDecodeError as error:
        raise refusal from error
    if len(lines) < 4 or lines.pop() or not _DECIMAL.fullmatch(lines[1]):
        raise refusal
    root = note.base64_bytes(lines[2])
    if root is None:
        raise refusal
    return Checkpoint(lines[0], int(lines[1]), root, tuple(lines[3:]))


def sign_checkpoint(checkpoint: Checkpoint, signers: Sequence[note.Signer], timestamp: int) -> bytes:
    """The signed note. ``timestamp``: POSIX seconds, for signature types that carry one.

    Refusal CHECKPOINT_ORIGIN when a signer's name is not the origin.
    """
    for signer in signers:
        _require_origin(checkpoint, signer.key)
    return note.sign_note(checkpoint.encode(), signers, timestamp)


def verify_checkpoint(signed: bytes, log_keys: Sequence[note.Verifier]) -> Checkpoint:
    """The checkpoint, vouched for by all of ``log_keys``.

    1. The note opens (NOTE_MALFORMED, NOTE_SIGNATURE, NOTE_UNSIGNED). 2. Every pinned key signed
    (CHECKPOINT_KEY_MISSING). 3. The text is a checkpoint (CHECKPOINT_MALFORMED). 4. Its origin is the keys'
    name (CHECKPOINT_ORIGIN). 5. Extensions are under a signature that covers them (CHECKPOINT_EXTENSIONS).
    """
    opened = note.open_note(signed, log_keys)  # 1
    verified = {key for key, _ in opened.verified}
    for verifier in log_keys:  # 2
        if verifier.key not in verified:
            key = verifier.key
            raise Refusal("CHECKPOINT_KEY_MISSING", RULE, name=key.name, key_id=key.key_id.hex())
    checkpoint = parse_text(opened.text)  # 3
    for key in verified:  # 4
        _require_origin(checkpoint, key)
    if checkpoint.extensions and all(key.kind == note.COSIGNATURE_MLDSA44 for key in verified):  # 5
        raise Refusal("CHECKPOINT_EXTENSIONS", RULE, origin=checkpoint.origin)
    return checkpoint


def _require_origin(checkpoint: Checkpoint, key: note.VerifierKey) -> None:
    if key.name != checkpoint.origin:
        raise Refusal("CHECKPOINT_ORIGIN", RULE, origin=checkpoint.origin, key=key.name)

"""C2SP tlog-proof: one file that shows, offline, that an entry is in the log.

Invariants:
- a proof has one form; what ``parse`` accepts, ``encode`` writes again byte for byte;
- ``verify_proof`` takes the leaf hash from the caller, who hashed the entry; nothing in the file names it;
- ``extra`` is carried, never trusted: no signature covers it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from crypto.log import merkle, note
from crypto.log.checkpoint import SIZE_MAX, Checkpoint, verify_checkpoint
from crypto.refusal import Refusal

RULE = "C2SP tlog-proof"
_HEADER = "c2sp.org/tlog-proof@v1"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})", re.ASCII)
_PATH_MAX = 63


@dataclass(frozen=True)
class Proof:
    """``index`` of the entry, inclusion ``path`` (leaf's sibling first), ``checkpoint``: the signed note."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def encode(self) -> bytes:
        """The text of the proof. Refusal PROOF_MALFORMED."""
        if not 0 <= self.index <= SIZE_MAX or len(self.path) > _PATH_MAX or self.extra == b"":
            raise Refusal("PROOF_MALFORMED", RULE, index=self.index, length=len(self.path))
        if any(len(one) != merkle.HASH_SIZE for one in self.path):
            raise Refusal("PROOF_MALFORMED", RULE, index=self.index, length=len(self.path))
        lines = [_HEADER]
        if self.extra is not None:
            lines.append("extra " + note.base64_text(self.extra))
        lines.append(f"index {self.index}")
        lines += [note.base64_text(one) for one in self.path]
        return "".join(line + "\n" for line in lines).encode() + b"\n" + self.checkpoint


def parse(data: bytes) -> Proof:
    """The proof in ``data``, *unverified*. Refusal PROOF_MALFORMED."""
    refusal = Refusal("PROOF_MALFORMED", RULE, bytes=len(data))
    head, gap, signed = data.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise refusal from error
    if not gap or lines.pop(0) != _HEADER:
        raise refusal
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = note.base64_bytes(lines.pop(0).removeprefix("extra "))
        if not extra:
            raise refusal
    index = _INDEX.fullmatch(lines.pop(0)) if lines else None
    path = [note.base64_bytes(line) for line in lines]
    hashes = tuple(one for one in path if one is not None and len(one) == merkle.HASH_SIZE)
    if index is None or len(hashes) != len(path) or len(path) > _PATH_MAX:
        raise refusal
    return Proof(int(index[1]), hashes, signed, extra)


def verify_proof(proof: Proof, leaf_hash: bytes, log_keys: Sequence[note.Verifier]) -> Checkpoint:
    """The checkpoint under which ``leaf_hash`` stands at ``proof.index``.

    1. The checkpoint is signed by every pinned log key (see ``verify_checkpoint``). 2. The path leads from
    the leaf to its root (INCLUSION_INVALID). Witnesses: ``cosignature.witnessed(proof.checkpoint, …)``.
    """
    head = verify_checkpoint(proof.checkpoint, log_keys)  # 1
    merkle.verify_inclusion(leaf_hash, proof.index, head.size, proof.path, head.root)  # 2
    return head

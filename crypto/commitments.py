"""Trees of salted commitments: parts of a sealed page can be shown, the rest stays hidden, nobody can lie about either.

A tree has the shape of RFC 6962. Two things hang on it: hashes, from the leaves up to the root that a manifest names;
and salts, from one seed down to the leaves, each node giving its two children theirs (Goldreich, Goldwasser, Micali
1986). So an opening is small: for what is shown the seeds of whole subtrees, for what is hidden their hashes.

Invariants:
- pure: leaves are bytes; what they mean (tiles of pixels, fields of a form) is said by ``header`` and hashed with them;
- without a leaf's salt its hash tells nothing of it; a seed tells nothing of its parent or its sibling;
- an opening is accepted only when every seed and hash of it was used, none was missing, and the root is the one named.
"""

import hashlib
import hmac
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from crypto import canonical
from crypto.log.merkle import leaf_hash, node_hash
from crypto.refusal import Refusal

RULE = "architecture: provable masking; RFC 6962 2.1"
MOST_LEAVES = 1 << 20
_LEFT, _RIGHT = b"\x02", b"\x03"


@dataclass(frozen=True)
class Opening:
    """What an auditor is given beside the shown leaves: seeds and hashes (32 bytes each), in order from the left."""

    seeds: tuple[bytes, ...]
    hashes: tuple[bytes, ...]


def seed_of(salt: bytes, kind: str) -> bytes:
    """The seed of a page's tree, from the salt that is sealed before the page (``crypto.sealing``)."""
    return hmac.digest(salt, b"yidi commitment tree v1 " + kind.encode(), "sha256")


def root_of(header: Mapping[str, object], leaves: Sequence[bytes], seed: bytes) -> str:
    """Hex root over ``leaves`` in order, bound to ``header``. Refusal TREE_SIZE."""
    _require_size(len(leaves))
    return _bound(header, len(leaves), _hash(0, len(leaves), seed, leaves.__getitem__))


def open_leaves(leaves: Sequence[bytes], seed: bytes, hidden: Collection[int]) -> Opening:
    """The opening of all leaves but ``hidden`` (their places, from 0). Refusal TREE_SIZE."""
    _require_size(len(leaves))
    seeds: list[bytes] = []
    hashes: list[bytes] = []
    counts = _counts(len(leaves), hidden)

    def walk(low: int, high: int, here: bytes) -> None:
        concealed = counts[high] - counts[low]
        if concealed == 0:
            seeds.append(here)
        elif concealed == high - low:
            hashes.append(_hash(low, high, here, leaves.__getitem__))
        else:
            middle = low + _split(high - low)
            walk(low, middle, _child(_LEFT, here))
            walk(middle, high, _child(_RIGHT, here))

    walk(0, len(leaves), seed)
    return Opening(tuple(seeds), tuple(hashes))


def check_opening(
    root: str,
    header: Mapping[str, object],
    size: int,
    shown: Callable[[int], bytes],
    hidden: Collection[int],
    opening: Opening,
) -> None:
    """That ``shown(place)`` is what was committed to, for every place but the hidden ones.

    Refusals TREE_SIZE, OPENING_FORMAT (a seed or hash too many or too few), OPENING_MISMATCH.
    """
    _require_size(size)
    seeds, hashes = list(reversed(opening.seeds)), list(reversed(opening.hashes))
    counts = _counts(size, hidden)

    def walk(low: int, high: int) -> bytes:
        concealed = counts[high] - counts[low]
        if concealed == 0:
            return _hash(low, high, _next(seeds), shown)
        if concealed == high - low:
            return _next(hashes)
        middle = low + _split(high - low)
        return node_hash(walk(low, middle), walk(middle, high))

    found = walk(0, size)
    if seeds or hashes:
        raise Refusal("OPENING_FORMAT", RULE, size=size)
    if not hmac.compare_digest(_bound(header, size, found), root):
        raise Refusal("OPENING_MISMATCH", RULE)


def _hash(low: int, high: int, seed: bytes, leaf: Callable[[int], bytes]) -> bytes:
    if high - low == 1:
        return leaf_hash(seed + leaf(low))
    middle = low + _split(high - low)
    return node_hash(_hash(low, middle, _child(_LEFT, seed), leaf), _hash(middle, high, _child(_RIGHT, seed), leaf))


def _child(side: bytes, seed: bytes) -> bytes:
    return hashlib.sha256(side + seed).digest()


def _split(size: int) -> int:
    """The largest power of two below ``size`` (RFC 6962 2.1)."""
    return int(1 << (size - 1).bit_length() - 1)


def _counts(size: int, hidden: Collection[int]) -> list[int]:
    """How many of the first n leaves are hidden. Refusal OPENING_FORMAT for a place outside the tree."""
    if any(not 0 <= place < size for place in hidden):
        raise Refusal("OPENING_FORMAT", RULE, size=size)
    places, counts = set(hidden), [0]
    for place in range(size):
        counts.append(counts[-1] + (place in places))
    return counts


def _bound(header: Mapping[str, object], size: int, root: bytes) -> str:
    return canonical.digest(canonical.encode({"v": 1, "header": dict(header), "size": size, "root": root.hex()}))


def _next(left: list[bytes]) -> bytes:
    if not left or len(left[-1]) != 32:
        raise Refusal("OPENING_FORMAT", RULE)
    return left.pop()


def _require_size(size: int) -> None:
    if not 1 <= size <= MOST_LEAVES:
        raise Refusal("TREE_SIZE", RULE, size=size, most=MOST_LEAVES)

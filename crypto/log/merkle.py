"""RFC 6962 Merkle tree: hashes, roots, inclusion and consistency proofs.

Invariants:
- leaves and inner nodes are hashed under different prefixes (RFC 6962 2.1): neither can pass for the other;
- proofs are built only from *complete* subtrees: ``get_node(level, index)`` is the root of the leaves
  ``[index << level, (index + 1) << level)``, level 0 being leaf hashes; such a node never changes;
- a proof is accepted only when every hash of it was used and none was missing (RFC 9162 2.1.3.2, 2.1.4.2).
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Sequence

from crypto.refusal import Refusal

HASH_SIZE = 32
RULE_INCLUSION = "RFC 9162 2.1.3"
RULE_CONSISTENCY = "RFC 9162 2.1.4"

GetNode = Callable[[int, int], bytes]


def leaf_hash(entry: bytes) -> bytes:
    """32 bytes, the hash of a leaf (RFC 6962 2.1)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """32 bytes, the hash of an inner node over its two children (RFC 6962 2.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def empty_root() -> bytes:
    """Root of the tree without leaves (RFC 6962 2.1)."""
    return hashlib.sha256(b"").digest()


class RootBuilder:
    """Compact range ``[0, size)``: appends leaf hashes, tells the root; O(log size) memory."""

    def __init__(self) -> None:
        self._size = 0
        self._peaks: list[bytes] = []

    @classmethod
    def resume(cls, size: int, get_node: GetNode) -> "RootBuilder":
        """The builder of an existing tree of ``size`` leaves."""
        if size < 0:
            raise ValueError("a tree has no negative size")
        builder = cls()
        builder._size = size
        builder._peaks = [get_node(level, index) for level, index in _complete_nodes(0, size)]
        return builder

    @property
    def size(self) -> int:
        """Leaves appended so far."""
        return self._size

    def append(self, leaf: bytes) -> None:
        """Append one leaf hash (32 bytes; ValueError otherwise)."""
        if len(leaf) != HASH_SIZE:
            raise ValueError("a leaf hash has 32 bytes")
        merged = leaf
        carry = self._size
        while carry & 1:
            merged = node_hash(self._peaks.pop(), merged)
            carry >>= 1
        self._peaks.append(merged)
        self._size += 1

    def root(self) -> bytes:
        """Root hash of the leaves so far."""
        return _fold(self._peaks)


def root_of(leaf_hashes: Iterable[bytes]) -> bytes:
    """Root of the tree over ``leaf_hashes`` in order."""
    builder = RootBuilder()
    for one in leaf_hashes:
        builder.append(one)
    return builder.root()


def root_at(size: int, get_node: GetNode) -> bytes:
    """Root of the first ``size`` leaves, from complete subtrees."""
    return RootBuilder.resume(size, get_node).root()


def inclusion_path(index: int, size: int, get_node: GetNode) -> list[bytes]:
    """Proof that leaf ``index`` is in the tree of ``size`` leaves, its sibling first (RFC 9162 2.1.3.1).

    Refusal LOG_RANGE unless ``0 <= index < size``.
    """
    if not 0 <= index < size:
        raise Refusal("LOG_RANGE", RULE_INCLUSION, index=index, size=size)
    path: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(_range_root(middle, high, get_node))
            high = middle
        else:
            path.append(_range_root(low, middle, get_node))
            low = middle
    path.reverse()
    return path


def consistency_path(old: int, new: int, get_node: GetNode) -> list[bytes]:
    """Proof that the tree of ``new`` leaves starts with the tree of ``old`` leaves (RFC 9162 2.1.4.1).

    Empty for equal sizes. Refusal LOG_RANGE unless ``0 < old <= new``.
    """
    if not 0 < old <= new:
        raise Refusal("LOG_RANGE", RULE_CONSISTENCY, old=old, new=new)
    path: list[bytes] = []
    low, high = 0, new
    while old != high:
        middle = low + _split(high - low)
        if old <= middle:
            path.append(_range_root(middle, high, get_node))
            high = middle
        else:
            path.append(_range_root(low, middle, get_node))
            low = middle
    if low > 0:  # the verifier knows the old root itself, but not a part of it
        path.append(_range_root(low, high, get_node))
    path.reverse()
    return path


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Refusal INCLUSION_INVALID unless ``path`` proves leaf hash ``leaf`` at ``index`` under ``root``.

    RFC 9162 2.1.3.2: climbs from the leaf; ``last`` is the index of the rightmost node at the same height.
    """
    refusal = Refusal("INCLUSION_INVALID", RULE_INCLUSION, index=index, size=size, length=len(path))
    if not 0 <= index < size or any(len(one) != HASH_SIZE for one in (leaf, root, *path)):
        raise refusal
    node, last = index, size - 1
    computed = leaf
    for sibling in path:
        if last == 0:
            raise refusal
        if node & 1 or node == last:
            computed = node_hash(sibling, computed)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            computed = node_hash(computed, sibling)
        node, last = node >> 1, last >> 1
    if last != 0 or not hmac.compare_digest(computed, root):
        raise refusal


def verify_consistency(size1: int, size2: int, path: Sequence[bytes], root1: bytes, root2: bytes) -> None:
    """Refusal CONSISTENCY_INVALID unless ``path`` proves that tree 2 begins with tree 1 (RFC 9162 2.1.4.2).

    ``size1`` = 0 is refused: nothing can be proven about an empty tree; who starts there treats it apart.
    """
    refusal = Refusal("CONSISTENCY_INVALID", RULE_CONSISTENCY, size1=size1, size2=size2, length=len(path))
    if not 0 < size1 <= size2:
        raise refusal
    if size1 == size2:
        if path or not hmac.compare_digest(root1, root2):
            raise refusal
        return
    if any(len(one) != HASH_SIZE for one in (root1, root2, *path)):
        raise refusal
    rest = list(path)
    node, last = size1 - 1, size2 - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    if node == 0:  # tree 1 is one complete subtree: its root starts the climb and is not in the path
        rest.insert(0, root1)
    if not rest:
        raise refusal
    old = new = rest[0]
    for sibling in rest[1:]:
        if last == 0:
            raise refusal
        if node & 1 or node == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        node, last = node >> 1, last >> 1
    same = hmac.compare_digest(old, root1) and hmac.compare_digest(new, root2)
    if last != 0 or not same:
        raise refusal


def _split(count: int) -> int:
    """The largest power of two smaller than ``count`` (RFC 6962 2.1), ``count`` > 1."""
    return 1 << ((count - 1).bit_length() - 1)


def _complete_nodes(low: int, high: int) -> list[tuple[int, int]]:
    """(level, index) of the complete subtrees that cover ``[low, high)``, left to right.

    ``low`` is a multiple of every power of two that fits, as RFC 6962 splits always give it.
    """
    nodes: list[tuple[int, int]] = []
    while low < high:
        level = (high - low).bit_length() - 1
        nodes.append((level, low >> level))
        low += 1 << level
    return nodes


def _range_root(low: int, high: int, get_node: GetNode) -> bytes:
    return _fold([get_node(level, index) for level, index in _complete_nodes(low, high)])


def _fold(peaks: Sequence[bytes]) -> bytes:
    """Root over complete subtrees of falling height."""
    if not peaks:
        return empty_root()
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = node_hash(peak, root)
    return root

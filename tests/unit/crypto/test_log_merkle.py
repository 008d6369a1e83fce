"""RFC 6962 hashing and proofs against a plain recursive definition."""

import hashlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.log import merkle
from crypto.refusal import Refusal


def _leaves(count: int) -> list[bytes]:
    return [merkle.leaf_hash(b"entry %d" % number) for number in range(count)]


def _mth(leaves: list[bytes]) -> bytes:
    """RFC 6962 2.1, as the text has it."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + _mth(leaves[:k]) + _mth(leaves[k:])).digest()


def _nodes(leaves: list[bytes]) -> Callable[[int, int], bytes]:
    def get_node(level: int, index: int) -> bytes:
        part = leaves[index << level : (index + 1) << level]
        assert len(part) == 1 << level, "only complete subtrees may be asked for"
        return _mth(part)

    return get_node


def test_leaf_and_node_hashes_have_their_own_prefix() -> None:
    assert merkle.leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    left, right = merkle.leaf_hash(b"a"), merkle.leaf_hash(b"b")
    assert merkle.node_hash(left, right) == hashlib.sha256(b"\x01" + left + right).digest()
    assert merkle.leaf_hash(left + right) != merkle.node_hash(left, right)


@pytest.mark.parametrize("count", [*range(20), 31, 32, 33, 255, 256, 257])
def test_root_is_the_one_of_the_standard(count: int) -> None:
    leaves = _leaves(count)
    assert merkle.root_of(leaves) == _mth(leaves)
    assert merkle.root_at(count, _nodes(leaves)) == _mth(leaves)


@given(st.integers(0, 70), st.integers(0, 70))
def test_a_resumed_builder_goes_on_as_if_never_stopped(first: int, more: int) -> None:
    leaves = _leaves(first + more)
    builder = merkle.RootBuilder.resume(first, _nodes(leaves[:first]))
    for leaf in leaves[first:]:
        builder.append(leaf)
    assert builder.size == first + more
    assert builder.root() == _mth(leaves)


def test_builder_refuses_what_is_no_hash() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        merkle.RootBuilder().append(b"short")


@pytest.mark.parametrize("size", [*range(1, 18), 33])
def test_every_inclusion_proof_verifies_and_no_other_place_does(size: int) -> None:
    leaves = _leaves(size)
    root = _mth(leaves)
    for index in range(size):
        path = merkle.inclusion_path(index, size, _nodes(leaves))
        merkle.verify_inclusion(leaves[index], index, size, path, root)
        for other in range(size + 2):
            if other != index:
                with pytest.raises(Refusal) as caught:
                    merkle.verify_inclusion(leaves[index], other, size, path, root)
                assert caught.value.code == "INCLUSION_INVALID"


@pytest.mark.parametrize("new", [*range(1, 18), 33])
def test_every_consistency_proof_verifies_and_no_other_size_does(new: int) -> None:
    leaves = _leaves(new)
    for old in range(1, new + 1):
        path = merkle.consistency_path(old, new, _nodes(leaves))
        root1, root2 = _mth(leaves[:old]), _mth(leaves)
        merkle.verify_consistency(old, new, path, root1, root2)
        for other in set(range(new + 2)) - {old}:
            with pytest.raises(Refusal) as caught:
                merkle.verify_consistency(other, new, path, root1, root2)
            assert caught.value.code == "CONSISTENCY_INVALID"


@given(st.data(), st.integers(2, 60))
def test_a_changed_proof_is_refused(data: st.DataObject, size: int) -> None:
    leaves = _leaves(size)
    root = _mth(leaves)
    index = data.draw(st.integers(0, size - 1))
    path = merkle.inclusion_path(index, size, _nodes(leaves))
    at, bit = data.draw(st.integers(0, len(path) - 1)), data.draw(st.integers(0, 255))
    flipped = (int.from_bytes(path[at]) ^ (1 << bit)).to_bytes(32)
    for bad in ([*path[:at], flipped, *path[at + 1 :]], path[:-1], [*path, root], [path[0][:31], *path[1:]]):
        with pytest.raises(Refusal) as caught:
            merkle.verify_inclusion(leaves[index], index, size, bad, root)
        assert caught.value.code == "INCLUSION_INVALID"


@given(st.data(), st.integers(3, 60))
def test_a_rewritten_history_is_refused(data: st.DataObject, size: int) -> None:
    leaves = _leaves(size)
    old = data.draw(st.integers(1, size - 1))
    victim = data.draw(st.integers(0, old - 1))
    rewritten = [*leaves[:victim], merkle.leaf_hash(b"other"), *leaves[victim + 1 :]]
    path = merkle.consistency_path(old, size, _nodes(rewritten))
    with pytest.raises(Refusal) as caught:
        merkle.verify_consistency(old, size, path, _mth(leaves[:old]), _mth(rewritten))
    assert caught.value.code == "CONSISTENCY_INVALID"


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_no_inclusion_path_outside_the_tree(index: int, size: int) -> None:
    with pytest.raises(Refusal) as caught:
        merkle.inclusion_path(index, size, _nodes(_leaves(size)))
    assert caught.value.code == "LOG_RANGE"


@pytest.mark.parametrize(("old", "new"), [(0, 3), (4, 3), (0, 0)])
def test_no_consistency_path_from_nothing_or_backwards(old: int, new: int) -> None:
    with pytest.raises(Refusal) as caught:
        merkle.consistency_path(old, new, _nodes(_leaves(new)))
    assert caught.value.code == "LOG_RANGE"


def test_a_path_that_goes_on_above_the_root_of_its_size_is_refused() -> None:
    leaves = _leaves(2)
    with pytest.raises(Refusal) as caught:
        merkle.verify_inclusion(leaves[1], 0, 1, [leaves[0]], _mth(leaves))
    assert caught.value.code == "INCLUSION_INVALID"

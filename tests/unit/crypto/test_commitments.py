"""crypto.commitments and crypto.fields: what is shown is proven, what is hidden stays hidden, every lie is found."""

import hashlib
import secrets

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto import canonical, commitments
from crypto.commitments import Opening, check_opening, open_leaves, root_of, seed_of
from crypto.fields import check_fields, flattened, open_fields, root_of_form
from crypto.log.merkle import leaf_hash, node_hash
from crypto.refusal import Refusal

HEADER = {"kind": "test"}
SALT = bytes(range(32))
LEAVES = [f"leaf {number}".encode() for number in range(13)]


def code_of(opening: Opening, leaves: list[bytes], hidden: set[int], root: str, size: int | None = None) -> str:
    try:
        check_opening(root, HEADER, size or len(leaves), leaves.__getitem__, hidden, opening)
    except Refusal as refusal:
        return refusal.code
    return ""


def test_the_root_is_that_of_an_rfc_6962_tree_over_salted_leaves() -> None:
    seed = seed_of(SALT, "test")
    left, right = (hashlib.sha256(side + seed).digest() for side in (b"\x02", b"\x03"))
    tree = node_hash(leaf_hash(left + b"a"), leaf_hash(right + b"b"))
    bound = canonical.encode({"v": 1, "header": HEADER, "size": 2, "root": tree.hex()})
    assert root_of(HEADER, [b"a", b"b"], seed) == canonical.digest(bound)


def test_vector() -> None:
    """Fixed for good: a manifest signed today is opened in thirty years."""
    assert seed_of(SALT, "tiles").hex() == "7fa2515373a1f3520c1cd37ef5c296a052d53ccfed8500ac0a60a90ab3e300d6"
    assert (
        root_of(HEADER, LEAVES, seed_of(SALT, "test"))
        == "8af4ce78dd7690dc8e9c3bc34c333ae26f42bc0314c3ea1a39daca7815f71ebb"
    )


@given(size=st.integers(1, 70), data=st.data())
@settings(max_examples=60, deadline=None)
def test_any_choice_of_hidden_leaves_opens(size: int, data: st.DataObject) -> None:
    leaves = [secrets.token_bytes(5) for _ in range(size)]
    hidden = data.draw(st.sets(st.integers(0, size - 1)))
    seed = secrets.token_bytes(32)
    root = root_of(HEADER, leaves, seed)
    opening = open_leaves(leaves, seed, hidden)
    shown = [b"?" if place in hidden else leaf for place, leaf in enumerate(leaves)]
    assert code_of(opening, shown, hidden, root) == ""
    told = b"".join((*opening.seeds, *opening.hashes))
    assert all(leaf not in told for leaf in leaves)
    if len(hidden) < size:
        changed = next(place for place in range(size) if place not in hidden)
        assert code_of(opening, [*shown[:changed], b"other", *shown[changed + 1 :]], hidden, root) == "OPENING_MISMATCH"


def test_a_hidden_leaf_cannot_be_guessed_from_the_opening() -> None:
    """Digits of an id are few: without the salt, trying all of them must tell nothing."""
    seed = seed_of(SALT, "test")
    opening = open_leaves(LEAVES, seed, {4})
    assert leaf_hash(LEAVES[4]) not in opening.hashes
    assert seed not in opening.seeds


@pytest.mark.parametrize(
    "spoil, code",
    [
        (lambda one: Opening((*one.seeds, bytes(32)), one.hashes), "OPENING_FORMAT"),
        (lambda one: Opening(one.seeds[:-1], one.hashes), "OPENING_FORMAT"),
        (lambda one: Opening(one.seeds, (*one.hashes, bytes(32))), "OPENING_FORMAT"),
        (lambda one: Opening(one.seeds, ()), "OPENING_FORMAT"),
        (lambda one: Opening(one.seeds, (bytes(31),)), "OPENING_FORMAT"),
        (lambda one: Opening(one.seeds, (bytes(32),)), "OPENING_MISMATCH"),
    ],
)
def test_a_spoilt_opening_is_refused(spoil: object, code: str) -> None:
    seed = seed_of(SALT, "test")
    opening = open_leaves(LEAVES, seed, {4})
    assert code_of(spoil(opening), LEAVES, {4}, root_of(HEADER, LEAVES, seed)) == code  # type: ignore[operator]


def test_size_and_header_are_bound() -> None:
    seed = seed_of(SALT, "test")
    root = root_of(HEADER, LEAVES, seed)
    assert root != root_of({"kind": "other"}, LEAVES, seed)
    opening = open_leaves(LEAVES, seed, set())
    assert code_of(opening, LEAVES, set(), root, size=12) == "OPENING_MISMATCH"
    assert code_of(opening, LEAVES, {99}, root) == "OPENING_FORMAT"
    with pytest.raises(Refusal) as caught:
        root_of(HEADER, [], seed)
    assert caught.value.code == "TREE_SIZE"
    assert commitments.MOST_LEAVES >= 1_000_000


FORM = {
    "applicant": {"name": "余知远", "citizen_id": "360101199003070018"},
    "area_m2": 86.5,
    "rooms": ["厨房", "库房"],
    "a/b": {"~": True},
    "nothing": {},
}


def test_a_form_is_flattened_in_order_of_paths() -> None:
    assert flattened(FORM) == [
        ("/applicant/citizen_id", "360101199003070018"),
        ("/applicant/name", "余知远"),
        ("/area_m2", 86.5),
        ("/a~1b/~0", True),
        ("/nothing", {}),
        ("/rooms/0", "厨房"),
        ("/rooms/1", "库房"),
    ]


def test_one_field_is_shown_and_the_others_are_not() -> None:
    root = root_of_form(FORM, SALT)
    assert root is not None
    opened = open_fields(FORM, SALT, {"/area_m2", "/rooms/1"})
    assert check_fields(root, opened) == {"/area_m2": 86.5, "/rooms/1": "库房"}
    text = canonical.encode({**opened, "shown": []}).decode()
    assert "余知远" not in text and "citizen_id" not in text


def test_a_changed_field_is_found() -> None:
    root = root_of_form(FORM, SALT)
    opened = open_fields(FORM, SALT, {"/area_m2"})
    place, path, _ = opened["shown"][0]  # type: ignore[index]
    for shown in ([[place, path, "99.0"]], [[place, "/rooms/0", "86.5"]], [[place + 1, path, "86.5"]]):
        with pytest.raises(Refusal) as caught:
            check_fields(root or "", {**opened, "shown": shown})
        assert caught.value.code in {"OPENING_MISMATCH", "OPENING_FORMAT"}
    with pytest.raises(Refusal) as caught:
        open_fields(FORM, SALT, {"/secret"})
    assert caught.value.code == "FIELD_UNKNOWN"


def test_an_empty_form_has_no_root_and_a_bad_opening_is_refused() -> None:
    assert root_of_form({}, SALT) is None
    for opened in ({}, {"v": 1, "size": "3", "shown": [], "seeds": [], "hashes": []}, {"v": 2}):
        with pytest.raises(Refusal) as caught:
            check_fields("0" * 64, opened)
        assert caught.value.code == "OPENING_FORMAT"

"""The leaf record: one form, strictly read."""

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import canonical
from crypto.log import leaf
from crypto.log.leaf import Leaf
from crypto.refusal import Refusal

ENVELOPE = canonical.encode(
    {
        "payload": "e30=",
        "payloadType": "application/vnd.yidi.statement+json",
        "signatures": [{"keyid": "0" * 32, "sig": "MAA="}],
    }
)
LEAF = Leaf(
    origin="hub.example/2026",
    index=7,
    recorded_at="2026-11-21T20:00:00.000+08:00",
    epoch=3,
    case_seq=1,
    catalogue="2026.1",
    calendar="2026-国办",
    rules="1",
    assigned={"case_no": "43 位编号"},
    envelope=ENVELOPE,
)
_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
_COUNT = st.integers(0, (1 << 63) - 1)


@given(
    st.builds(
        Leaf,
        origin=_TEXT,
        index=_COUNT,
        recorded_at=st.just(LEAF.recorded_at),
        epoch=_COUNT,
        case_seq=st.none() | st.integers(1, (1 << 63) - 1),
        catalogue=st.none() | _TEXT,
        calendar=st.none() | _TEXT,
        rules=_TEXT,
        assigned=st.dictionaries(_TEXT, _TEXT, max_size=3),
        envelope=st.just(ENVELOPE),
    )
)
def test_leaves_round_trip(one: Leaf) -> None:
    data = leaf.encode(one)
    assert leaf.decode(data) == one
    assert leaf.encode(leaf.decode(data)) == data


def test_the_envelope_lies_in_the_leaf_as_an_object() -> None:
    record = canonical.parse(leaf.encode(LEAF))
    assert record["envelope"] == canonical.parse(ENVELOPE)
    assert record["v"] == 1
    assert ",".join(record) == ("assigned,calendar,case_seq,catalogue,envelope,epoch,index,origin,recorded_at,rules,v")


def _changed(**changes: object) -> bytes:
    return canonical.encode({**canonical.parse(leaf.encode(LEAF)), **changes})


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"v": 2}, "LEAF_MALFORMED"),
        ({"v": True}, "LEAF_MALFORMED"),
        ({"more": 1}, "LEAF_MALFORMED"),
        ({"origin": ""}, "LEAF_MALFORMED"),
        ({"origin": 1}, "LEAF_MALFORMED"),
        ({"rules": None}, "LEAF_MALFORMED"),
        ({"catalogue": 5}, "LEAF_MALFORMED"),
        ({"index": -1}, "LEAF_MALFORMED"),
        ({"index": True}, "LEAF_MALFORMED"),
        ({"index": "7"}, "LEAF_MALFORMED"),
        ({"epoch": None}, "LEAF_MALFORMED"),
        ({"epoch": 1 << 63}, "LEAF_MALFORMED"),
        ({"case_seq": 0}, "LEAF_MALFORMED"),
        ({"recorded_at": 5}, "LEAF_MALFORMED"),
        ({"recorded_at": "2026-11-21T12:00:00.000Z"}, "TIME_FORMAT"),
        ({"assigned": []}, "LEAF_MALFORMED"),
        ({"assigned": {"case_no": 1}}, "LEAF_MALFORMED"),
        ({"envelope": "x"}, "LEAF_MALFORMED"),
        ({"envelope": {}}, "LEAF_MALFORMED"),
        ({"envelope": {"payload": "", "payloadType": "t", "signatures": [{}]}}, "LEAF_MALFORMED"),
        ({"envelope": {"payload": "p", "payloadType": "t", "signatures": []}}, "LEAF_MALFORMED"),
        ({"envelope": {"payload": "p", "payloadType": "t", "signatures": ["s"]}}, "LEAF_MALFORMED"),
    ],
)
def test_other_records_are_refused(changes: dict[str, object], code: str) -> None:
    with pytest.raises(Refusal) as caught:
        leaf.decode(_changed(**changes))
    assert caught.value.code == code


def test_a_record_with_a_field_missing_is_refused() -> None:
    record = canonical.parse(leaf.encode(LEAF))
    for name in record:
        with pytest.raises(Refusal) as caught:
            leaf.decode(canonical.encode({key: value for key, value in record.items() if key != name}))
        assert caught.value.code == "LEAF_MALFORMED"


@pytest.mark.parametrize("data", [b"", b"[]", b"{} ", b'{"v": 1}', leaf.encode(LEAF) + b"\n"])
def test_other_forms_are_refused(data: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        leaf.decode(data)
    assert caught.value.code == "NOT_CANONICAL"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"index": -1}, "LEAF_MALFORMED"),
        ({"envelope": b"{}"}, "LEAF_MALFORMED"),
        ({"envelope": b"{ }"}, "NOT_CANONICAL"),
        ({"recorded_at": "yesterday"}, "TIME_FORMAT"),
    ],
)
def test_a_malformed_leaf_is_not_written(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(Refusal) as caught:
        leaf.encode(dataclasses.replace(LEAF, **changes))
    assert caught.value.code == code


def test_the_size_limit_is_that_of_an_entry_bundle() -> None:
    room = leaf.SIZE_MAX - len(leaf.encode(dataclasses.replace(LEAF, rules="x"))) + 1
    assert len(leaf.encode(dataclasses.replace(LEAF, rules="x" * room))) == 65_535
    with pytest.raises(Refusal) as caught:
        leaf.encode(dataclasses.replace(LEAF, rules="x" * (room + 1)))
    assert caught.value.code == "LEAF_TOO_LARGE"
    with pytest.raises(Refusal) as caught:
        leaf.decode(b"x" * 65_536)
    assert caught.value.code == "LEAF_TOO_LARGE"


@given(st.sampled_from([None, 1, 7]), st.dictionaries(_TEXT, _TEXT, max_size=3), _TEXT)
def test_an_envelope_that_is_known_is_written_like_any_other(
    case_seq: int | None, assigned: dict[str, str], catalogue: str
) -> None:
    made = dataclasses.replace(LEAF, case_seq=case_seq, assigned=assigned, catalogue=catalogue)
    written = leaf.encode(made, known=True)
    assert written == leaf.encode(made) and canonical.parse(written)["envelope"] == canonical.parse(ENVELOPE)
    assert leaf.decode(written) == made

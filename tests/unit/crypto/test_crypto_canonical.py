"""Canonical JSON: one value, one sequence of bytes, and nothing else is read."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.canonical import CHINA, DEEPEST, digest, encode, parse, time_text, time_value
from crypto.refusal import Refusal

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(TEXTS, VALUES, max_size=5)


@given(OBJECTS)
def test_round_trip(value: dict[str, object]) -> None:
    assert parse(encode(value)) == value


@given(OBJECTS)
def test_order_of_keys_does_not_matter(value: dict[str, object]) -> None:
    assert encode(dict(reversed(value.items()))) == encode(value)


@given(OBJECTS, st.integers(0, 3))
def test_other_writings_of_the_same_value_are_refused(value: dict[str, object], way: int) -> None:
    written = [
        json.dumps(value, ensure_ascii=False, sort_keys=True),
        json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":")),
        json.dumps(value, ensure_ascii=False, separators=(",", ":"), indent=1),
        json.dumps(dict(sorted(value.items(), reverse=True)), ensure_ascii=False, separators=(",", ":")),
    ][way].encode()
    if written == encode(value):
        assert parse(written) == value
    else:
        with pytest.raises(Refusal, match="NOT_CANONICAL"):
            parse(written)


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":1}',
        b'{"a":1,"a":2}',
        b'{"b":1,"a":2}',
        b'{"a":{"c":1,"b":2}}',
        b'{"a":1.0}',
        b'{"a":1e2}',
        b'{"a":-0}',
        b'{"a":01}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        b'{"a": 1}',
        b' {"a":1}',
        b'{"a":1}\n',
        b'{"a":"\\u0041"}',
        b'{"a":"\\ud800"}',
        b'{"\\ud800":1}',
        b'{"a":"\\/"}',
        b'{"a":"\xff"}',
        b'{"a":"\xed\xa0\x80"}',
        b"\xef\xbb\xbf{}",
        '{"a":1}'.encode("utf-16"),
        '{"a":1}'.encode("utf-32-le"),
        b"[]",
        b"1",
        b"null",
        b'""',
        b"",
        b"{",
        b'{"a":' + b"[" * 100_000,
        b'{"a":' + b"9" * 5_000 + b"}",
    ],
    ids=lambda data: repr(data[:24]),
)
def test_what_is_not_canonical_is_refused(data: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        parse(data)
    assert refused.value.code == "NOT_CANONICAL"
    assert refused.value.values == {"length": str(len(data))}


@pytest.mark.parametrize("value", [1.0, float("nan"), {"a": 1.5}, [0.0], {1: 2}, {"a": b"x"}, {"a": {1}}, object()])
def test_what_has_no_canonical_form_is_not_written(value: object) -> None:
    with pytest.raises(TypeError):
        encode(value)


@pytest.mark.parametrize("wide", [0, 200])
def test_what_is_too_deep_for_its_readers_is_refused(wide: int) -> None:
    def nested(levels: int) -> bytes:
        return b'{"a":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b',"b":[' + b",".join([b"[]"] * wide) + b"]}"

    assert encode(parse(nested(DEEPEST))) == nested(DEEPEST)
    for levels in (DEEPEST + 1, 900, 100_000):
        with pytest.raises(Refusal, match="NOT_CANONICAL"):
            parse(nested(levels))
    value: object = None
    for _ in range(DEEPEST + 1):
        value = [value]
    with pytest.raises(TypeError):
        encode(value)


def test_a_lone_surrogate_is_not_written() -> None:
    with pytest.raises(ValueError):
        encode({"a": "\ud800"})


def test_the_bytes_are_these() -> None:
    assert encode({"丰": "都", "b": [1, None, True], "a": "\n\u2028"}) == (
        b'{"a":"\\n\xe2\x80\xa8","b":[1,null,true],"\xe4\xb8\xb0":"\xe9\x83\xbd"}'
    )
    assert digest(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@given(st.datetimes(datetime(2000, 1, 1), datetime(2999, 1, 1)), st.integers(-12, 14))
def test_time_round_trip(naive: datetime, hours: int) -> None:
    moment = naive.replace(tzinfo=timezone(timedelta(hours=hours)))
    text = time_text(moment)
    assert text.endswith("+08:00") and len(text) == 29
    assert abs(time_value(text) - moment) < timedelta(milliseconds=1)
    assert time_text(time_value(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21T20:00:00+08:00",
        "2026-11-21T20:00:00.000000+08:00",
        "2026-11-21T20:00:00.000Z",
        "2026-11-21T12:00:00.000+00:00",
        "2026-11-21 20:00:00.000+08:00",
        "20261121T200000.000+0800",
        "2026-11-21T20:00:00.000",
        "2026-02-30T20:00:00.000+08:00",
        "0001-01-01T00:00:00.000+14:00",
        "9999-12-31T23:59:59.999-12:00",
        "2026-11-21T24:00:00.000+08:00",
        "",
        "soon",
        None,
        20261121,
    ],
)
def test_other_writings_of_a_time_are_refused(text: object) -> None:
    with pytest.raises(Refusal) as refused:
        time_value(text)  # type: ignore[arg-type]
    assert refused.value.code == "TIME_FORMAT"


def test_a_moment_without_a_zone_is_not_written() -> None:
    with pytest.raises(ValueError):
        time_text(datetime(2026, 11, 21))
    assert time_text(datetime(2026, 11, 21, 12, tzinfo=UTC)) == "2026-11-21T20:00:00.000+08:00"
    assert time_value("2026-11-21T20:00:00.000+08:00").utcoffset() == CHINA.utcoffset(None)


@given(OBJECTS)
def test_both_writers_write_the_same_bytes(value: dict[str, object]) -> None:
    plain = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert encode(value) == plain.encode()


@pytest.mark.parametrize("text", [*map(chr, range(0xA0)), "\u2028", "\ue000", "\ufeff", "\U0001f600", "\uffff"])
def test_both_writers_escape_the_same_characters(text: str) -> None:
    value = {text: text, text + "z": 1, "\U00010000" + text: -(2**63), "\uffee" + text: 2**64}
    small = {name: inner for name, inner in value.items() if not isinstance(inner, int) or abs(inner) < 2**64}
    for one in (value, small):
        assert encode(one) == json.dumps(one, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

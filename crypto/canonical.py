"""Canonical JSON and digests: one value, one sequence of bytes.

Invariants:
- UTF-8, keys sorted by code point, no white space, no floats, no NaN, no duplicate keys, at most ``DEEPEST`` levels,
  so whoever reads a value later never runs out of stack;
- ``parse`` refuses bytes that are not the canonical form of their own value, so two parsers cannot disagree
  about what was signed.
"""

import hashlib
import json
from datetime import datetime, timedelta, timezone
from functools import lru_cache

import orjson

from crypto.refusal import Refusal

CHINA = timezone(timedelta(hours=8))
RULE = "architecture: canonical JSON"
DEEPEST = 100

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]


def _no_float(text: str) -> object:
    raise ValueError("no floats")


_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
_DECODER = json.JSONDecoder(parse_float=_no_float, parse_constant=_no_float)
_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
_DEEP, _FLAT = (dict, list, tuple), (str, int)
_PLAIN = frozenset({str, int, bool, type(None)})


def encode(value: object) -> bytes:
    """Bytes of ``value`` (None, bool, int, str, list, dict with str keys). TypeError on floats and other types."""
    _refuse_others(value)
    return _written(value)


def encode_known(value: object) -> bytes:
    """``encode`` for a value whose types are known, such as one made of parsed members: it is not looked through."""
    return _written(value)


def parse(data: bytes) -> dict[str, object]:
    """The object in ``data``. Refusal NOT_CANONICAL unless ``data`` is exactly ``encode`` of an object."""
    try:
        value = _DECODER.decode(data.decode())
        # What the decoder made has text keys and no floats. Only what may be deep is looked through, for its depth.
        if data.count(b"{") + data.count(b"[") > DEEPEST:
            _refuse_others(value)
        if isinstance(value, dict) and _written(value) == data:
            return value
    except (ValueError, TypeError, RecursionError):
        value = None
    raise Refusal("NOT_CANONICAL", RULE, length=len(data))


def _written(value: object) -> bytes:
    """The one form. Two writers that agree on every value both know; only one knows integers beyond 64 bits."""
    try:
        return orjson.dumps(value, option=_OPTIONS)
    except TypeError:
        return _ENCODER.encode(value).encode()


def digest(data: bytes) -> str:
    """Lower-case hex SHA-256."""
    return hashlib.sha256(data).hexdigest()


def time_text(moment: datetime) -> str:
    """RFC 3339, UTC+8, milliseconds. ValueError without a time zone."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return moment.astimezone(CHINA).isoformat(timespec="milliseconds")


def time_value(text: str) -> datetime:
    """The moment in ``text``, in UTC+8. Refusal TIME_FORMAT unless it is exactly what ``time_text`` writes."""
    try:
        return _moment(text)
    except (ValueError, TypeError, OverflowError):
        raise Refusal("TIME_FORMAT", RULE, value=str(text)[:40]) from None


@lru_cache(maxsize=1024)
def _moment(text: str) -> datetime:
    """All statements of a batch have one legal time, and a statement's own is asked for several times."""
    moment = datetime.fromisoformat(text)
    if time_text(moment) != text:
        raise ValueError("another writing of a time")
    return moment


def _refuse_others(value: object, left: int = DEEPEST) -> None:
    """TypeError for what has no canonical form; ``left``: levels of objects and lists that may follow."""
    if isinstance(value, _DEEP) and not left:
        raise TypeError("too deep")
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise TypeError("keys are strings")
            if type(inner) not in _PLAIN:
                _refuse_others(inner, left - 1)
    elif isinstance(value, _DEEP):
        for inner in value:
            if type(inner) not in _PLAIN:
                _refuse_others(inner, left - 1)
    elif value is not None and not isinstance(value, _FLAT):
        raise TypeError(f"{type(value).__name__} has no canonical form")

"""Canonical JSON and digests: one value, one sequence of bytes.

Invariants:
- UTF-8, keys sorted by code point, no white space, no floats, no NaN, no duplicate keys;
- ``parse`` refuses bytes that are not the canonical form of their own value, so two parsers cannot disagree
  about what was signed.
"""

import hashlib
import json
from datetime import datetime, timedelta, timezone

from crypto.refusal import Refusal

CHINA = timezone(timedelta(hours=8))
RULE = "architecture: canonical JSON"

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]


def encode(value: object) -> bytes:
    """Bytes of ``value`` (None, bool, int, str, list, dict with str keys). TypeError on floats and other types."""
    _refuse_floats(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def parse(data: bytes) -> dict[str, object]:
    """The object in ``data``. Refusal NOT_CANONICAL unless ``data`` is exactly ``encode`` of an object."""
    try:
        value = json.loads(data)
        if isinstance(value, dict) and encode(value) == data:
            return value
    except (ValueError, TypeError, RecursionError):
        value = None
    raise Refusal("NOT_CANONICAL", RULE, length=len(data))


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
        moment = datetime.fromisoformat(text)
        if time_text(moment) == text:
            return moment
    except (ValueError, TypeError):
        pass
    raise Refusal("TIME_FORMAT", RULE, value=str(text)[:40])


def _refuse_floats(value: object) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise TypeError("keys are strings")
            _refuse_floats(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _refuse_floats(inner)
    elif value is not None and not isinstance(value, str | int):
        raise TypeError(f"{type(value).__name__} has no canonical form")

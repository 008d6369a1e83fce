"""The words of the trade: one Chinese word for each event, role, clock and value, used by all commands and pages.

Invariant: what has no word is shown as it is, so a new code never hides a value.
"""

import re
from typing import Final

from hub.casework.messages.words.events import EVENTS
from hub.casework.messages.words.values import WORDS

_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?(?:[+-]\d\d:\d\d|Z)?")
_ID: Final = re.compile(r"spiffe://\S+/([^/\s]+)")
_DIGEST: Final = re.compile(r"[0-9a-f]{32,}")
_SIZES: Final = frozenset({"size", "bytes"})


def shown(name: str, value: str) -> str:
    """``value`` in words for a clerk: codes translated, ids and digests cut to what tells them apart."""
    words = WORDS.get(name, {})
    if name in _SIZES and value.isdecimal():
        return _size(int(value))
    return "、".join(words.get(part, _plain(part)) for part in value.split(","))


def event_name(event: str) -> str:
    """Chinese name of an event, or the event itself."""
    return EVENTS.get(event, event)


def _plain(value: str) -> str:
    moment = _TIME.fullmatch(value)
    if moment:
        return f"{moment[1]} {moment[2]}"
    named = _ID.fullmatch(value)
    if named:
        return named[1]
    return f"{value[:12]}…" if _DIGEST.fullmatch(value) else value


def _size(octets: int) -> str:
    return f"{octets / (1 << 20):.1f} MB" if octets >= 1 << 20 else f"{octets} 字节"

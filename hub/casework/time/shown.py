"""Which clock people are shown: the case type decides (即办件, 承诺件; C04). Pure.

An instant case is done on the spot, or inside the department within its promise of a day: until then the five days of
acceptance are nobody's measure. A committed case counts what runs: acceptance, supplement, promise, delivery.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from hub.casework.messages.words.values import CLOCKS
from hub.casework.time.clocks import ClockState

INSTANT = "INSTANT"
TYPES = {INSTANT: "即办件", "COMMITTED": "承诺件"}
_OF_INSTANT = ("K6", "K3", "K8")
_OF_COMMITTED = ("K2", "K6", "K3", "K8")


@dataclass(frozen=True)
class Shown:
    """``clock``: name, empty where none runs; ``due``: text in UTC+8, empty while paused or not begun; ``words``."""

    clock: str
    due: str
    words: str


def shown_clock(case_type: str, clocks: Mapping[str, ClockState]) -> Shown:
    """What to show of a case of this type with these clocks."""
    word = TYPES.get(case_type, case_type)
    for name in _OF_INSTANT if case_type == INSTANT else _OF_COMMITTED:
        state = clocks.get(name)
        if state is not None and state.stopped_at is None:
            until = f"{state.due[:10]} 前" if state.due else "暂停中"
            return Shown(name, state.due or "", f"{word}：{CLOCKS[name]}，{until}")
    waits = case_type == INSTANT and "K2" in clocks and clocks["K2"].stopped_at is None
    return Shown("K3" if waits else "", "", f"{word}：当场办结" if waits else word)

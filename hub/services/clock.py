"""The hub's legal time: UTC+8, milliseconds, never running backwards within the log."""

from collections.abc import Callable
from datetime import UTC, datetime

from crypto import canonical

Clock = Callable[[], str]
"""Says what time it is, as leaves write it. A hub's is ``now_text``; a test hands in another one."""


def now_text() -> str:
    """Now, as leaves write it."""
    return canonical.time_text(datetime.now(UTC))


def legal_time(last: str, clock: Clock = now_text) -> str:
    """The next legal time: now, or ``last`` where the machine's clock fell behind (states.md 10, 20)."""
    return max(clock(), last)

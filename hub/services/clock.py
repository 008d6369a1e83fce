"""The hub's legal time: UTC+8, milliseconds, never running backwards within the log."""

from datetime import UTC, datetime

from crypto import canonical


def now_text() -> str:
    """Now, as leaves write it."""
    return canonical.time_text(datetime.now(UTC))


def legal_time(last: str) -> str:
    """The next legal time: now, or ``last`` where the machine's clock fell behind (states.md 10, 20)."""
    return max(now_text(), last)

"""What the hub itself puts through the narrow place: a look at a case, with or without something to state.

Invariants: a tick is nobody's act. It states what the law's clocks make due, then what it brings along, each signed by
the hub and judged by the law; where nothing is due and the law says no, nothing changes, so doing it again is harmless.
"""

from dataclasses import dataclass

from hub.casework.hub_event import HubEvent


@dataclass(frozen=True)
class Tick:
    """Look at a case; ``event``: what a service of the hub found out and the hub is to state too."""

    case: str
    event: HubEvent | None = None


@dataclass(frozen=True)
class Ticked:
    """Indexes of the leaves that came of it, and when to look again (legal time as text, None for never)."""

    indexes: tuple[int, ...]
    wake_at: str | None

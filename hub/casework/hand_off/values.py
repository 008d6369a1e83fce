"""What the case file keeps of a hand-off that went wrong (T12, T22)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Bounce:
    """The receiver sent the case back (T12). ``finding``: what the hub saw, empty before; ``settled``: dealt with."""

    digest: str
    node: str
    reason: str
    at: str
    finding: str = ""
    settled: bool = False

    @property
    def waits(self) -> bool:
        """Whether the hub has not examined it yet."""
        return not self.settled and not self.finding

    @property
    def blocks(self) -> bool:
        """Whether the case may not be routed yet: unexamined, or found unsound and not stored again."""
        return not self.settled and self.finding != "SOUND"


@dataclass(frozen=True)
class Proposal:
    """Where a department that found itself wrong thinks the case belongs (T22). ``queue`` may be empty."""

    node: str
    queue: str

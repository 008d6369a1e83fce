"""What came of looking at one page. Light: the window imports it without OpenCV."""

from dataclasses import dataclass

from hub.casework.masking.fields import Profile
from hub.casework.masking.pictures import is_covered
from node_agent.imaging.finding.found import Found


@dataclass(frozen=True, slots=True)
class Judged:
    """``found``: in pixels of the page as it was given. ``withheld``: codes of why nobody outside may see the page even
    masked; empty when it may leave. ``turn``: as in ``Reading``."""

    found: tuple[Found, ...]
    withheld: tuple[str, ...]
    turn: int

    def covered(self, profile: Profile) -> tuple[Found, ...]:
        """What a rendition of this profile covers."""
        return tuple(one for one in self.found if is_covered(one.kind, profile))

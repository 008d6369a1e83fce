"""DA/T 31-2017 and what was measured on cameras, as data: from which figure on a page is told of, or stopped.

Invariants:
- a finding at ``stop`` keeps a page out until it is shot again, or the lead lets it in with a reason; one at ``note``
  is told to the clerk and recorded with the page;
- a code here has its Chinese text, with what to do, in ``hub.casework.messages``.
"""

from dataclasses import dataclass
from typing import Final

STANDARD: Final = "DA/T 31-2017"


@dataclass(frozen=True)
class Limit:
    """``note``, ``stop``: figures; ``above``: whether a figure above the limit is the bad one. None: never."""

    citation: str
    note: float | None
    stop: float | None
    above: bool = False

    def verdict(self, figure: float) -> bool | None:
        """True: stopped; False: told of; None: good."""
        for limit, stops in ((self.stop, True), (self.note, False)):
            if limit is not None and (figure > limit if self.above else figure < limit):
                return stops
        return None


LIMITS: Final[dict[str, Limit]] = {
    "PAGE_DPI": Limit(f"{STANDARD}: 200 dpi; A04", note=200, stop=185),
    "PAGE_CUT": Limit(f"{STANDARD}: nothing cropped; A04", note=None, stop=0, above=True),
    "PAGE_BLUR": Limit(f"{STANDARD}: clear; A04", note=0.16, stop=0.135),
    "PAGE_MOVED": Limit(f"{STANDARD}: clear; A04", note=0.16, stop=0.135),
    "PAGE_GLARE": Limit(f"{STANDARD}: complete; A04", note=None, stop=0.0, above=True),
    "PAGE_SHADOW": Limit(f"{STANDARD}: clear; A04", note=0.55, stop=0.22),
    "PAGE_DARK": Limit(f"{STANDARD}: clear; A04", note=110, stop=60),
    "PAGE_BLANK": Limit(f"{STANDARD}: complete; A04", note=None, stop=0.0005),
    "PAGE_SIDEWAYS": Limit(f"{STANDARD}: upright; A04", note=None, stop=0, above=True),
    "PAGE_TWICE": Limit(f"{STANDARD}: no page twice; A04", note=None, stop=0, above=True),
    "PAGE_GREY": Limit(f"{STANDARD}: seals, photographs and red heads in colour", note=0, stop=None, above=True),
    "PAGE_DEVICE": Limit("A04; E06", note=0, stop=None, above=True),
}
"""200 dpi are wanted; a camera that shows a rim of the desk around A4 loses some, so pages down to 185 are told of and
taken. Sharpness as in ``sharp``: print with a blur of sigma 3 or moved by 15 pixels is not read any more, neither by
people; at 0.135 both are stopped."""

MOVED_RATIO: Final = 1.6
"""Sharper by this in one direction than in another: the page moved; else it is out of focus."""
DULL_ZONE: Final = 0.12
"""A zone sharp in no direction, although the page is."""
LEAN_MENDED: Final = 0.5
"""Degrees from which a page is turned straight."""

PAPERS: Final[dict[str, tuple[float, float]]] = {
    "A3": (297.0, 420.0),
    "A4": (210.0, 297.0),
    "A5": (148.0, 210.0),
    "B5": (176.0, 250.0),
    "CARD": (53.98, 85.6),
}
"""Short and long side in millimetres (ISO 216; ISO/IEC 7810 ID-1)."""
AUTO: Final = "AUTO"
RATIO_NEAR: Final = 0.07
"""A sheet whose sides stand to each other as those of a card is taken for one; everything else for A4."""
INCH: Final = 25.4

PLACES: Final = (
    ("UPPER_LEFT", "UPPER", "UPPER_RIGHT"),
    ("LEFT", "MIDDLE", "RIGHT"),
    ("LOWER_LEFT", "LOWER", "LOWER_RIGHT"),
)


def place(at: tuple[int, int]) -> str:
    """Code of a place: (column, row), 0 to 2."""
    return PLACES[at[1]][at[0]]


def paper_of(width: float, height: float, declared: str = AUTO) -> str:
    """The paper that a sheet of this many pixels is, when nobody said so."""
    if declared != AUTO:
        return declared
    short, long = sorted((width, height))
    card_short, card_long = PAPERS["CARD"]
    return "CARD" if abs(long / short - card_long / card_short) < RATIO_NEAR else "A4"


def dpi_of(width: float, height: float, paper: str) -> int:
    """Dots an inch, the smaller of both directions. What the file says of itself is often wrong and is not asked."""
    short, long = sorted((width, height))
    wide, high = PAPERS[paper]
    return int(min(short / wide, long / high) * INCH + 0.5)

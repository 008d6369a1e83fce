"""Light on a flat page: reflections, shadow, darkness, nothing on it (DA/T 31-2017: clear, complete).

Invariants: the paper's brightness is looked at with the print taken away; a page that is white all over (a flat-bed
scanner) has no reflection; places are the thirds of the page.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from node_agent.imaging.picture import Pixels, shrunk

LOOKED_AT = 420
BURNT = 250
"""Grey level from which nothing can be seen any more."""
WHITE_ALL_OVER = 238
GLARE_SHARES = (0.004, 0.14)
"""A reflection covers this share of the page; what is larger is the lit side of a shaded page."""
FALLS_TO = 234
"""Grey level of the paper around a reflection, at most."""
ZONES = 4


@dataclass(frozen=True)
class Light:
    """``level``: grey level of the paper; ``evenness``: darkest zone's share of the lightest; ``darkest``: its place.

    ``glare``: share of the page under the largest reflection and its place, or None. Places: (column, row), 0 to 2.
    """

    level: int
    evenness: float
    darkest: tuple[int, int]
    glare: tuple[float, tuple[int, int]] | None


def light_of(grey: Pixels) -> Light:
    """Light on a flat page."""
    small = shrunk(grey, LOOKED_AT)
    paper = cv2.blur(cv2.dilate(small, np.ones((13, 13), np.uint8)), (9, 9))
    level = int(np.median(paper))
    zones = np.array(
        [
            [float(np.median(cell)) for cell in np.array_split(row, ZONES, axis=1)]
            for row in np.array_split(np.asarray(paper), ZONES, axis=0)
        ]
    )
    row, column = np.unravel_index(int(np.argmin(zones)), zones.shape)
    darkest = (round(int(column) * 2 / (ZONES - 1)), round(int(row) * 2 / (ZONES - 1)))
    evenness = float(zones.min()) / max(1.0, float(zones.max()))
    return Light(level, evenness, darkest, None if level >= WHITE_ALL_OVER else _glare(small))


def ink_share(ink: Pixels) -> float:
    """Share of the page that is print, of ``skew.ink_of``; its rim is not asked, where shadows of the edge lie."""
    height, width = ink.shape
    inner = ink[height // 25 : -(height // 25) or None, width // 25 : -(width // 25) or None]
    return float(np.count_nonzero(inner)) / max(1, inner.size)


def _glare(small: Pixels) -> tuple[float, tuple[int, int]] | None:
    burnt = cv2.threshold(small, BURNT - 1, 255, cv2.THRESH_BINARY)[1]
    burnt = cv2.morphologyEx(burnt, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    count, labels, facts, centres = cv2.connectedComponentsWithStats(burnt)
    found: tuple[float, tuple[int, int]] | None = None
    for at in range(1, count):
        share = float(facts[at, cv2.CC_STAT_AREA]) / small.size
        if not GLARE_SHARES[0] <= share <= GLARE_SHARES[1] or (found is not None and share <= found[0]):
            continue
        if _falls_off(small, np.asarray((labels == at) * 255, np.uint8)):
            x, y = float(centres[at][0]) / small.shape[1], float(centres[at][1]) / small.shape[0]
            found = share, (min(2, int(x * 3)), min(2, int(y * 3)))
    return found


def _falls_off(small: Pixels, spot: Pixels) -> bool:
    """Whether it is darker all around a spot: a lamp in the varnish, not paper that is brightly lit."""
    near = cv2.dilate(spot, np.ones((7, 7), np.uint8))
    ring = cv2.subtract(cv2.dilate(spot, np.ones((45, 45), np.uint8)), near)
    around = small[ring > 0]
    return around.size > 0 and float(np.percentile(around, 60)) <= FALLS_TO

"""Is the print sharp? Defocus and motion, by zones (DA/T 31-2017: clear, complete).

The Laplacian's variance tells defocus alone; a page that moved during the shot passes it. So at strong edges the
steepest step is held against the whole difference of light around it, in four directions: print of a sharp page goes
from paper to ink within two or three pixels in every direction; out of focus in none; moved, in all but one.

Invariants: a zone without print has no say; the figure is a share of a pixel's way, so one limit serves light and dark
pages, thick and thin print.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from node_agent.imaging.picture import Pixels

ZONES = 3
LEAST_CONTRAST = 70
"""Grey levels between paper and ink for an edge to be looked at."""
LEAST_EDGES = 0.09
"""Share of a zone's busiest part that lies at edges, for the zone to have a say: a rule or a logo is no print."""
PATCH = 256
LOOKED_AT = 4000
"""Pixels of a zone that are held against their surroundings."""

Kernel = npt.NDArray[np.float32]
_DIAGONAL = np.float32(1 / np.sqrt(2))


@dataclass(frozen=True)
class Sharpness:
    """``steepest``, ``weakest``: share of the contrast passed within a pixel, in the best and in the worst direction,
    of the middle zone; ``dullest``: the best direction of the zone where that is least.

    ``zone``: (column, row) of that zone, 0 to 2 each; None when the page has no print.
    """

    steepest: float
    weakest: float
    dullest: float
    zone: tuple[int, int] | None


def sharpness_of(grey: Pixels) -> Sharpness:
    """Of the zones that have print."""
    height, width = grey.shape
    found: list[tuple[float, float, tuple[int, int]]] = []
    for row in range(ZONES):
        for column in range(ZONES):
            top, left = row * height // ZONES, column * width // ZONES
            zone = grey[top : (row + 1) * height // ZONES, left : (column + 1) * width // ZONES]
            measured = _of_zone(zone)
            if measured is not None:
                found.append((*measured, (column, row)))
    if not found:
        return Sharpness(1.0, 1.0, 1.0, None)
    found.sort()
    dull, middle = min(found, key=lambda one: one[1]), found[len(found) // 2]
    return Sharpness(middle[1], middle[0], dull[1], dull[2])


def _of_zone(zone: Pixels) -> tuple[float, float] | None:
    patch = _busiest(zone)
    around = np.ones((13, 13), np.uint8)
    spread = np.asarray(cv2.subtract(cv2.dilate(patch, around), cv2.erode(patch, around)), np.uint8)
    edges = np.flatnonzero(spread.ravel() >= LEAST_CONTRAST)
    if edges.size < LEAST_EDGES * patch.size:
        return None
    edges = edges[:: max(1, edges.size // LOOKED_AT)]
    contrast = spread.ravel()[edges].astype(np.float32)
    shares = np.percentile(_steps(patch, edges) / contrast, 93, axis=1)
    return float(shares.min()), float(shares.max())


def _steps(patch: Pixels, edges: npt.NDArray[np.int64]) -> Kernel:
    """Difference of light from pixel to pixel at ``edges`` (places in the flattened patch): across, down and along both
    diagonals, each per pixel of way; 0 on the patch's own rim."""
    height, width = patch.shape
    row, column = np.divmod(edges, width)
    inside = (row > 0) & (row < height - 1) & (column > 0) & (column < width - 1)
    light, at = patch.ravel().astype(np.float32), np.where(inside, edges, width + 1)
    made = [np.abs(light[at + way] - light[at - way]) / 2 * share * inside
            for way, share in ((1, 1), (width, 1), (width + 1, _DIAGONAL), (width - 1, _DIAGONAL))]  # fmt: skip
    return np.asarray(made, np.float32)


def _busiest(zone: Pixels) -> Pixels:
    """The part of a zone with the most print, ``PATCH`` pixels square: enough to judge, quick to look at."""
    height, width = zone.shape
    if height <= PATCH or width <= PATCH:
        return zone
    coarse = zone[::8, ::8]
    spread = cv2.subtract(cv2.dilate(coarse, np.ones((3, 3), np.uint8)), cv2.erode(coarse, np.ones((3, 3), np.uint8)))
    side = PATCH // 8
    busy = cv2.boxFilter(spread, cv2.CV_32F, (side, side), anchor=(0, 0), borderType=cv2.BORDER_CONSTANT)
    busy = busy[: max(1, spread.shape[0] - side), : max(1, spread.shape[1] - side)]
    row, column = np.unravel_index(int(np.argmax(busy)), busy.shape)
    return zone[row * 8 : row * 8 + PATCH, column * 8 : column * 8 + PATCH]

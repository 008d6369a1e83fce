"""How far the lines of a flat page lean, and whether they stand upright on their side (DA/T 31-2017: skew corrected).

Invariants: degrees, positive when the page has to be turned clockwise to lie straight; a page without lines leans by 0.
"""

import cv2
import numpy as np
import numpy.typing as npt

from node_agent.imaging.picture import Pixels, shrunk

LOOKED_AT = 560
WIDEST = 8.0
"""Degrees searched to either side; what leans more is a sheet laid crooked, and found by its outline."""
LEAST_INK = 0.002
LEAST_GAIN = 1.08
"""Times that rows must be more sharply divided after turning."""
SIDEWAYS = 1.6
"""Times that columns must be more sharply divided than rows for a page to lie on its side."""

Profile = npt.NDArray[np.float32]


def lean_of(ink: Pixels) -> float:
    """Degrees by which the page has to be turned clockwise; 0.0 where there are too few lines to tell."""
    if float(ink.mean()) < LEAST_INK * 255:
        return 0.0
    flat = sharpness(ink)
    best, score = 0.0, flat
    step, reach = 2.0, WIDEST
    while step > 0.1:  # 2, 0.7, 0.23, 0.08 degrees: each round looks between the neighbours of the best so far
        for angle in np.arange(best - reach, best + reach + step / 2, step):
            found = sharpness(_turned(ink, float(angle)))
            if found > score:
                best, score = float(angle), found
        step, reach = step / 3, step * 2 / 3
    return 0.0 if score < LEAST_GAIN * flat else round(-best, 2)


def lies_on_its_side(ink: Pixels) -> bool:
    """Whether lines of print run from top to bottom: the page was laid down by a quarter turn."""
    if float(ink.mean()) < LEAST_INK * 255:
        return False
    print_only = _without_rules(ink)
    return sharpness(np.ascontiguousarray(print_only.T)) > SIDEWAYS * sharpness(print_only)


def ink_of(grey: Pixels) -> Pixels:
    """What is darker than the paper around it, white on black, at most ``LOOKED_AT`` pixels long."""
    small = shrunk(grey, LOOKED_AT)
    without_print = cv2.dilate(small, np.ones((9, 9), np.uint8))
    size = (small.shape[1], small.shape[0])
    coarse = cv2.resize(without_print, (max(1, size[0] // 4), max(1, size[1] // 4)), interpolation=cv2.INTER_AREA)
    paper = cv2.resize(cv2.GaussianBlur(coarse, (0, 0), 7 / 4), size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.threshold(cv2.subtract(paper, small), 36, 255, cv2.THRESH_BINARY)[1], np.uint8)


def sharpness(ink: Pixels) -> float:
    """How sharply rows with print and rows without follow each other."""
    rows = np.asarray(cv2.reduce(ink, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32F), np.float32).ravel()
    steps = np.diff(rows)
    return float((steps * steps).sum()) / float(ink.shape[1] * ink.shape[1])


def turned(picture: Pixels, degrees: float) -> Pixels:
    """The picture turned clockwise by ``degrees``, its rim carried on, so that nothing is cut and nothing is black."""
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0)
    cosine, sine = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = (round(height * sine + width * cosine), round(height * cosine + width * sine))
    matrix[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    made = cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(made, np.uint8)


def _turned(ink: Pixels, degrees: float) -> Pixels:
    height, width = ink.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    return np.asarray(cv2.warpAffine(ink, matrix, (width, height), flags=cv2.INTER_NEAREST), np.uint8)


def _without_rules(ink: Pixels) -> Pixels:
    """Print alone: the rules of a table divide rows and columns alike and would tell nothing."""
    across = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((1, 31), np.uint8))
    down = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((31, 1), np.uint8))
    rules = cv2.dilate(cv2.bitwise_or(across, down), np.ones((3, 3), np.uint8))
    return np.asarray(cv2.bitwise_and(ink, cv2.bitwise_not(rules)), np.uint8)

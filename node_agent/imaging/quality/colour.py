"""How a page was taken: in colour, grey or black and white, and whether red seals are on it (DA/T 31-2017).

Invariants: measured on pixels, not on what the file says; a seal is found by its colour, so a grey copy tells none.
"""

import cv2
import numpy as np

from node_agent.imaging.picture import Pixels, shrunk

COLOUR, GREY, BILEVEL = "COLOUR", "GREY", "BILEVEL"
LOOKED_AT = 500
COLOURED = 12
"""Difference between the channels from which a pixel is coloured."""
LEAST_COLOURED = 0.0005
SEAL_SHARES = (0.0006, 0.06)
"""Share of the page under one seal."""
RED = ((0, 70, 60), (10, 255, 255), (165, 70, 60), (180, 255, 255))


def mode_of(picture: Pixels) -> str:
    """COLOUR, GREY or BILEVEL."""
    if picture.ndim == 3:
        blue, green, red = cv2.split(np.ascontiguousarray(picture[::5, ::5]))
        spread = cv2.subtract(cv2.max(cv2.max(blue, green), red), cv2.min(cv2.min(blue, green), red))
        if np.count_nonzero(np.asarray(spread) > COLOURED) >= LEAST_COLOURED * blue.size:
            return COLOUR
        picture = picture[:, :, 1]
    sample = picture[::3, ::3]
    return BILEVEL if float(((sample > 5) & (sample < 250)).mean()) < LEAST_COLOURED else GREY


def seals_on(picture: Pixels) -> int:
    """Red seals and seal-like stamps, counted."""
    hue = cv2.cvtColor(_small(picture), cv2.COLOR_BGR2HSV)
    red = cv2.bitwise_or(
        cv2.inRange(hue, np.array(RED[0]), np.array(RED[1])), cv2.inRange(hue, np.array(RED[2]), np.array(RED[3]))
    )
    joined = cv2.morphologyEx(red, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    count, _, facts, _ = cv2.connectedComponentsWithStats(joined)
    seals = 0
    for at in range(1, count):
        width, height = int(facts[at, cv2.CC_STAT_WIDTH]), int(facts[at, cv2.CC_STAT_HEIGHT])
        share = width * height / joined.size
        if SEAL_SHARES[0] <= share <= SEAL_SHARES[1] and 0.5 <= width / height <= 2.0:
            seals += 1
    return seals


def _small(picture: Pixels) -> Pixels:
    """At most ``LOOKED_AT`` pixels long: four pixels are mixed into one, then some taken; quicker than ``shrunk``."""
    height, width = picture.shape[:2]
    longest = max(height, width)
    if longest < 4 * LOOKED_AT or min(height, width) < 4 * longest // LOOKED_AT:
        return shrunk(picture, LOOKED_AT)
    halved = cv2.resize(picture, (width // 2, height // 2), interpolation=cv2.INTER_LINEAR)
    size = (width * LOOKED_AT // longest, height * LOOKED_AT // longest)
    return np.asarray(cv2.resize(halved, size, interpolation=cv2.INTER_NEAREST), np.uint8)

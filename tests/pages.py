"""Small pages for tests: printed, sharp, flat, and without a face, a name or a number of anybody."""

import random
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
CARD = (680, 430)
"""Pixels of an ID-1 card at 201 dpi: the smallest page that is good."""
A4 = (1654, 2339)


def sheet(seed: int, size: tuple[int, int] = CARD, pitch: int = 40, colour: bool = True) -> Pixels:
    """Lines of made-up print, black on white, with a coloured rule; different by ``seed``."""
    chance = random.Random(seed)
    width, height = size
    page = np.full((height, width, 3), 250, np.uint8)
    for y in range(pitch, height - pitch // 2, pitch):
        words = "".join(chance.choice("ABEFGHKLMNPRSTXYZ2345789 ") for _ in range(max(4, width // 26)))
        cv2.putText(page, words, (pitch // 2, y), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (20, 20, 20), 2, cv2.LINE_AA)
    if colour:
        cv2.rectangle(page, (width * 3 // 4, height - 30), (width - 20, height - 12), (40, 40, 200), -1)
    return page


@cache
def card(seed: int) -> bytes:
    """JPEG of a good page, as small as a page may be."""
    return jpeg(sheet(seed))


def jpeg(page: Pixels, quality: int = 92) -> bytes:
    """JPEG of pixels."""
    done, data = cv2.imencode(".jpg", page, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done
    return data.tobytes()


def photographed(page: Pixels, keystone: int = 60, turn: float = 2.0, margin: int = 60) -> Pixels:
    """The page on a dark desk, in perspective and turned."""
    height, width = page.shape[:2]
    frame = (width + 2 * margin, height + 2 * margin)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    seen = corners + margin
    seen[0, 0] += keystone
    seen[1, 0] -= keystone / 2
    angle = np.radians(turn)
    middle = np.array([frame[0] / 2, frame[1] / 2])
    turned = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    seen = ((seen - middle) @ turned.T + middle).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(corners, seen)
    desk = np.full((frame[1], frame[0], 3), (58, 62, 66), np.uint8)
    paper = cv2.warpPerspective(page, matrix, frame, flags=cv2.INTER_AREA)
    cover = cv2.warpPerspective(np.full((height, width), 255, np.uint8), matrix, frame)
    return np.asarray(np.where(cover[:, :, None] > 127, paper, desk), np.uint8)

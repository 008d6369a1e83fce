"""The sheet on the desk: found as a quadrangle, cut out and laid flat (DA/T 31-2017: upright, no content cropped).

Invariants: corners are in pixels of the whole picture, clockwise from the upper left; a picture that is sheet all over
has no outline, and is never cut; where no outline is sure, there is none.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from node_agent.imaging.picture import Pixels, grey_of, shrunk

LOOKED_AT = 560
"""Long side, in pixels, of the picture that is searched."""
SMALLEST_SHARE = 0.06
"""A sheet covers at least this share of the picture (an identity card alone on the plate)."""
FULL_SHARE = 0.965
"""From this share on the picture is the sheet."""
SOLIDITY = 0.93
EDGE = 0.006
"""Share of the long side: nearer to the frame than this, a side lies on it."""
MARGIN = 0.012
BAND = 6
"""Pixels of the small picture between a side and where sheet and desk are compared."""
STANDS_OUT = 14
"""Grey levels between sheet and desk, along a side."""
SHEET_STANDS_OUT = 30
"""The same between the paper as a whole and the desk."""
DESK_VARIES = 60
"""Grey levels between the desk beside the sheet and the desk at the frame: shadow of the camera's neck."""
WIDEST_ANGLE = 0.5
"""Cosine: corners between 60 and 120 degrees."""

SAME = 0.05
"""Pixels of the small picture: guesses nearer to each other are one."""

Points = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Outline:
    """``corners``: four (x, y), clockwise from the upper left; ``cut``: a part of the sheet is outside the picture."""

    corners: tuple[tuple[float, float], ...]
    cut: bool

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in pixels, the longer of each two sides."""
        a, b, c, d = (np.array(point) for point in self.corners)
        width = max(np.linalg.norm(b - a), np.linalg.norm(c - d))
        return float(width), float(max(np.linalg.norm(d - a), np.linalg.norm(c - b)))


def find_outline(picture: Pixels) -> Outline | None:
    """The sheet in the picture (grey or in colour), or None when the picture is the sheet or nothing is sure."""
    small = shrunk(grey_of(picture), LOOKED_AT)
    scale = max(picture.shape[:2]) / max(small.shape)
    best: tuple[float, Points] | None = None
    grey = np.asarray(cv2.GaussianBlur(small, (5, 5), 0), np.uint8)
    across = np.asarray(cv2.Sobel(grey, cv2.CV_32F, 1, 0), np.float32)
    down = np.asarray(cv2.Sobel(grey, cv2.CV_32F, 0, 1), np.float32)
    steep = np.asarray(cv2.dilate(cv2.magnitude(across, down), np.ones((3, 3), np.uint8)), np.float32)
    seen: list[Points] = []
    for mask in _masks(grey):
        corners = _corners(mask)
        if corners is None or any(float(np.abs(corners - one).max()) < SAME for one in seen):
            continue
        seen.append(corners)
        if not _stands_out(corners, grey):
            continue
        score = _support(corners, steep)
        if best is None or score > best[0]:
            best = score, corners
    if best is None or best[0] < 25:
        return None
    corners = best[1]
    if float(cv2.contourArea(corners)) >= FULL_SHARE * grey.size:
        return None
    cut = _is_cut(corners, (grey.shape[1], grey.shape[0]))
    return Outline(tuple((float(x) * scale, float(y) * scale) for x, y in corners), cut)


def laid_flat(picture: Pixels, outline: Outline) -> Pixels:
    """The sheet alone, its corners at the corners of the picture."""
    width, height = (max(1, round(side)) for side in outline.size)
    source = np.array(outline.corners, np.float32)
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(source, target)
    flat = cv2.warpPerspective(
        picture, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(flat, np.uint8)


def _masks(grey: Pixels) -> list[Pixels]:
    """Guesses at sheet against desk: by brightness at three levels, by what is unlike the frame, by edges."""
    level, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    kernel = np.ones((7, 7), np.uint8)
    made = [cv2.threshold(grey, level * share, 255, cv2.THRESH_BINARY)[1] for share in (1.0, 0.8, 0.62)]
    desk = int(np.median(_rim(grey)))
    unlike = cv2.absdiff(grey, np.full_like(grey, desk))
    made.append(cv2.threshold(unlike, 24, 255, cv2.THRESH_BINARY)[1])
    edges = cv2.dilate(cv2.Canny(grey, 30, 90), np.ones((3, 3), np.uint8))
    closed = [cv2.morphologyEx(mask, cv2.MORPH_CLOSE, kernel) for mask in made]
    return [np.asarray(mask, np.uint8) for mask in (*closed, edges)]


def _rim(grey: Pixels) -> Pixels:
    """The pixels along the frame."""
    return np.concatenate([grey[:4].ravel(), grey[-4:].ravel(), grey[:, :4].ravel(), grey[:, -4:].ravel()])


def _corners(mask: Pixels) -> Points | None:
    """The largest thing in the mask, if it is a quadrangle: its sides fitted, their crossings."""
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return None
    largest = max(contours, key=cv2.contourArea)
    hull = cv2.convexHull(largest)
    area = float(cv2.contourArea(hull))
    if area < SMALLEST_SHARE * mask.size:
        return None
    length = cv2.arcLength(hull, True)
    for share in (0.01, 0.02, 0.03, 0.045, 0.06, 0.08):
        rough = cv2.approxPolyDP(hull, share * length, True).reshape(-1, 2).astype(np.float32)
        if len(rough) == 4:
            break
    else:
        return None
    if area < SOLIDITY * float(cv2.contourArea(rough)) or not _square_enough(rough):
        return None
    ordered = _clockwise(rough)
    return _fitted(ordered, hull.reshape(-1, 2).astype(np.float32), largest.reshape(-1, 2)[::2].astype(np.float32))


def _square_enough(corners: Points) -> bool:
    for at in range(4):
        one, two = corners[at - 1] - corners[at], corners[(at + 1) % 4] - corners[at]
        cosine = abs(float(one @ two)) / (float(np.linalg.norm(one) * np.linalg.norm(two)) or 1.0)
        if cosine > WIDEST_ANGLE:
            return False
    return True


def _clockwise(corners: Points) -> Points:
    """From the corner nearest to the upper left, clockwise as seen."""
    middle = corners.mean(axis=0)
    angles = np.arctan2(corners[:, 1] - middle[1], corners[:, 0] - middle[0])
    ordered = corners[np.argsort(angles)]
    return np.asarray(np.roll(ordered, -int(np.argmin(ordered.sum(axis=1))), axis=0), np.float32)


def _fitted(corners: Points, hull: Points, contour: Points) -> Points:
    """Corners as crossings of lines fitted to the contour between them: finer than a pixel of the small picture.

    ``contour``: every second point of it.
    """
    lines = []
    for at in range(4):
        start, end = corners[at], corners[(at + 1) % 4]
        along = (end - start) / (float(np.linalg.norm(end - start)) or 1.0)
        away = np.abs((contour - start) @ np.array([-along[1], along[0]], np.float32))
        where = (contour - start) @ along
        length = float(np.linalg.norm(end - start))
        near = contour[(away < 6) & (where > 0.06 * length) & (where < 0.94 * length)]
        if len(near) < 6:
            return corners
        vx, vy, x, y = (float(value) for value in cv2.fitLine(near, cv2.DIST_HUBER, 0, 0.01, 0.01).ravel())
        lines.append((vx, vy, x, y))
    found = [_crossing(lines[at - 1], lines[at]) for at in range(4)]
    if any(point is None for point in found):
        return corners
    made = np.array(found, np.float32)
    return made if float(np.abs(made - corners).max()) < 15 else corners


def _crossing(one: tuple[float, ...], two: tuple[float, ...]) -> tuple[float, float] | None:
    across = one[0] * two[1] - one[1] * two[0]
    if abs(across) < 1e-6:
        return None
    step = ((two[2] - one[2]) * two[1] - (two[3] - one[3]) * two[0]) / across
    return one[2] + step * one[0], one[3] + step * one[1]


def _support(corners: Points, steep: npt.NDArray[np.float32]) -> float:
    """How much of an edge stands along the four sides, for the weakest; sides on the frame are not asked.

    ``steep``: the steepest step of light at each pixel and its neighbours.
    """
    height, width = steep.shape
    weakest = []
    for at in range(4):
        start, end = corners[at], corners[(at + 1) % 4]
        if _on_frame(start, end, (width, height)):
            continue
        steps = np.linspace(0.05, 0.95, 60)[:, None]
        points = start + (end - start) * steps
        x = np.clip(np.rint(points[:, 0]).astype(int), 1, width - 2)
        y = np.clip(np.rint(points[:, 1]).astype(int), 1, height - 2)
        weakest.append(float(np.percentile(steep[y, x], 30)))
    return min(weakest) if weakest else 0.0


def _stands_out(corners: Points, grey: Pixels) -> bool:
    """Whether sheet and desk differ along every side, and what lies outside is the desk as at the frame.

    So neither the frame of a table on a white sheet nor a booklet copied onto a sheet is an outline.
    """
    height, width = grey.shape
    desk = float(np.median(_rim(grey)))
    inside = np.asarray(cv2.fillConvexPoly(np.zeros_like(grey), np.rint(corners).astype(np.int32), 255), np.uint8)
    if abs(_paper(grey, inside) - desk) < SHEET_STANDS_OUT:
        return False
    middle = corners.mean(axis=0)
    for at in range(4):
        start, end = corners[at], corners[(at + 1) % 4]
        if _on_frame(start, end, (width, height)):
            continue
        along = (end - start) / (float(np.linalg.norm(end - start)) or 1.0)
        outward = np.array([along[1], -along[0]], np.float32)
        if float((start - middle) @ outward) < 0:
            outward = -outward
        line = start + (end - start) * np.linspace(0.1, 0.9, 50)[:, None]
        bands = []
        for away in (-BAND, BAND):
            points = np.rint(line + outward * away).astype(int)
            seen = (points >= 0).all(axis=1) & (points[:, 0] < width) & (points[:, 1] < height)
            bands.append(grey[points[seen, 1], points[seen, 0]])
        if not bands[1].size:
            continue
        sheet, beside = float(np.median(bands[0])), float(np.median(bands[1]))
        if abs(sheet - beside) < STANDS_OUT or abs(beside - desk) > DESK_VARIES:
            return False
    return True


def _paper(grey: Pixels, inside: Pixels) -> int:
    """Grey level of the paper, not of the print: lighter than 85 % of what is inside."""
    levels = np.cumsum(cv2.calcHist([grey], [0], inside, [256], [0, 256]).ravel())
    return int(np.searchsorted(levels, 0.85 * float(levels[-1])))


def _on_frame(start: Points, end: Points, size: tuple[int, int]) -> bool:
    near = EDGE * max(size) + 1.5
    return any(
        abs(start[axis] - at) < near and abs(end[axis] - at) < near for axis in (0, 1) for at in (0, size[axis] - 1)
    )


def _is_cut(corners: Points, size: tuple[int, int]) -> bool:
    """A side on the frame, and another side well inside: the sheet goes on outside the picture."""
    on = [_on_frame(corners[at], corners[(at + 1) % 4], size) for at in range(4)]
    inside = [
        min(min(point[0], size[0] - 1 - point[0], point[1], size[1] - 1 - point[1]) for point in pair)
        for pair in ((corners[at], corners[(at + 1) % 4]) for at in range(4))
    ]
    return any(on) and max(inside) > MARGIN * max(size)

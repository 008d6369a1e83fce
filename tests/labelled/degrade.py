"""What a camera at a window does to a page; the places of the values move with the pixels."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Matrix = npt.NDArray[np.float64]
Same: Final = np.eye(3)
Change = Callable[[Pixels, np.random.Generator], tuple[Pixels, Matrix]]


def _clean(page: Pixels, rng: np.random.Generator) -> tuple[Pixels, Matrix]:
    return page, Same


def _blur(page: Pixels, rng: np.random.Generator) -> tuple[Pixels, Matrix]:
    return _u8(cv2.GaussianBlur(page, (0, 0), float(rng.uniform(1.0, 1.9)))), Same


def _motion(page: Pixels, rng: np.random.Generator) -> tuple[Pixels, Matrix]:
    length = int(rng.integers(4, 8))
    kernel = np.zeros((length, length), np.float32)
    if rng.random() < 0.5:
        kernel[length // 2] = 1 / length
    else:
        np.fill_diagonal(kernel, 1 / length)
    return _u8(cv2.filter2D(page, -1, kernel)), Same


def _shadow(page: Pixels, rng: np.random.Generator) -> tuple[Pixels, Matrix]:
    height, width = page.shape[:2]
    across = (
        np.linspace(0, 1, width, dtype=np.float32)[None, :]
        + 0.25 * np.linspace(0, 1, height, dtype=np.float32)[:, None]
    )
    edge = float(rng.uniform(0.3, 0.8))
    light = 1 - float(rng.uniform(0.35, 0.6)) / (1 + np.exp((across - edge) * 14))
    return _u8(page * light[..., None]), Same


def _glare(page: Pixels, rng: np.random.Generator) -> tuple[Pixels, Matrix]:
    height, width = page.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    centre = rng.uniform(0.2, 0.8, 2) * (width, height)
    spread = float(rng.uniform(90, 160))
    spot = np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / (2 * spread**2)) * float(rng.uniform(70, 150))
    return _u8(page + spot[..., None]), Same


def _perspective(page: Pixels, rng: np.random.Generator) -> tuple[Pixels, Matrix]:
    height, width = page.shape[:2]
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    inward = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) * rng.uniform(8, 45, (4, 2))
    matrix = cv2.getPerspectiveTransform(source, (source + inward).astype(np.float32))
    return _u8(cv2.warpPerspective(page, matrix, (width, height), borderValue=(58, 62, 66))), np.asarray(matrix)


def _jpeg(page: Pixels, rng: np.random.Generator) -> tuple[Pixels, Matrix]:
    done, data = cv2.imencode(".jpg", page, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(22, 45))])
    assert done
    return _u8(cv2.imdecode(data, cv2.IMREAD_COLOR)), Same


def _coarse(page: Pixels, rng: np.random.Generator) -> tuple[Pixels, Matrix]:
    """110 to 150 dpi, brought back to the size of 200."""
    height, width = page.shape[:2]
    share = float(rng.uniform(0.55, 0.75))
    small = cv2.resize(page, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    return _u8(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)), Same


def _turned(angle: float) -> Change:
    def change(page: Pixels, rng: np.random.Generator) -> tuple[Pixels, Matrix]:
        height, width = page.shape[:2]
        if angle == 180:
            return _u8(cv2.rotate(page, cv2.ROTATE_180)), np.array(
                [[-1, 0, width - 1], [0, -1, height - 1], [0, 0, 1.0]]
            )
        return _u8(cv2.rotate(page, cv2.ROTATE_90_CLOCKWISE)), np.array([[0, -1, height - 1], [1, 0, 0], [0, 0, 1.0]])

    return change


def _skew(page: Pixels, rng: np.random.Generator) -> tuple[Pixels, Matrix]:
    height, width = page.shape[:2]
    angle = float(rng.uniform(1, 3)) * (1 if rng.random() < 0.5 else -1)
    matrix = np.vstack([cv2.getRotationMatrix2D((width / 2, height / 2), angle, 0.97), [0, 0, 1]])
    return _u8(cv2.warpAffine(page, matrix[:2], (width, height), borderValue=(205, 208, 210))), matrix


def _noise(page: Pixels, rng: np.random.Generator) -> tuple[Pixels, Matrix]:
    return _u8(page + rng.normal(0, 9, page.shape)), Same


def _combined(page: Pixels, rng: np.random.Generator) -> tuple[Pixels, Matrix]:
    whole = Same
    for change in (_perspective, _shadow, _noise, _jpeg):
        page, matrix = change(page, rng)
        whole = matrix @ whole
    return _u8(cv2.GaussianBlur(page, (0, 0), 0.7)), whole


def _u8(page: Any) -> Pixels:
    return np.asarray(page).astype(np.float32).clip(0, 255).astype(np.uint8)


CHANGES: Final[Mapping[str, Change]] = {
    "clean": _clean,
    "blur": _blur,
    "clean2": _clean,
    "shadow": _shadow,
    "perspective": _perspective,
    "jpeg": _jpeg,
    "clean3": _clean,
    "motion": _motion,
    "glare": _glare,
    "coarse": _coarse,
    "rot180": _turned(180),
    "rot90": _turned(90),
    "skew": _skew,
    "noise": _noise,
    "combined": _combined,
}

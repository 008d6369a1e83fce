"""A sheet as a document camera at a window sees it: desk, perspective, lamp, shadow, blur, noise, JPEG.

Invariants: the same sheet and generator give the same picture; the picture is A4 at 200 dpi; between 250 and
450 KB, so that a demo moves realistic amounts of data.
"""

import io
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from deploy.demo.paper import HEIGHT, WIDTH

Pixels = npt.NDArray[np.float32]
SMALLEST, LARGEST = 250_000, 450_000


@dataclass(frozen=True)
class Look:
    """How one shot differs: ``tilt`` and ``keystone`` in pixels at the edge, ``turn`` in degrees; ``shadow``:
    share of light lost, ``shadow_from``: its side; ``blur`` and ``noise`` as sigma; ``warmth`` of the lamp.
    """

    turn: float = 0.0
    keystone: float = 20.0
    tilt: float = 10.0
    shadow: float = 0.25
    shadow_from: str = "left"
    blur: float = 0.6
    noise: float = 2.5
    warmth: float = 0.02


def photograph(sheet: Image.Image, look: Look, rng: np.random.Generator) -> bytes:
    """JPEG of ``sheet`` as seen with ``look``."""
    seen = _on_the_desk(np.asarray(sheet, dtype=np.uint8), look, rng)
    seen = seen * _light(look, rng)[..., None]
    seen = seen * np.array([1 + look.warmth, 1.0, 1 - look.warmth], np.float32)
    seen = cv2.GaussianBlur(seen, (0, 0), look.blur).astype(np.float32)
    grain = cv2.GaussianBlur(rng.normal(0, 1, seen.shape).astype(np.float32), (0, 0), 0.7)
    seen = seen + grain * look.noise
    return _jpeg(Image.fromarray(seen.clip(0, 255).astype(np.uint8)))


def _on_the_desk(sheet: npt.NDArray[np.uint8], look: Look, rng: np.random.Generator) -> Pixels:
    """The sheet in perspective on a dark, slightly grained desk, with the soft shadow of its edge."""
    margin = 30.0
    jitter = rng.uniform(-8, 8, (4, 2))
    k, t = look.keystone, look.tilt
    corners = (
        np.array(
            [
                [margin + k, margin + t],
                [WIDTH - margin - k, margin],
                [WIDTH - margin, HEIGHT - margin - t],
                [margin, HEIGHT - margin],
            ]
        )
        + jitter
    )
    angle = np.radians(look.turn)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = np.array([WIDTH / 2, HEIGHT / 2])
    corners = (corners - middle) @ rotation.T * (1 - 0.012 * abs(look.turn)) + middle
    source = np.array([[0, 0], [WIDTH, 0], [WIDTH, HEIGHT], [0, HEIGHT]], np.float32)
    matrix = cv2.getPerspectiveTransform(source, corners.astype(np.float32))
    size = (WIDTH, HEIGHT)
    paper = cv2.warpPerspective(sheet, matrix, size, flags=cv2.INTER_AREA | cv2.INTER_LINEAR).astype(np.float32)
    cover = cv2.warpPerspective(np.full(sheet.shape[:2], 255, np.uint8), matrix, size).astype(np.float32) / 255
    grain = cv2.GaussianBlur(rng.normal(0, 9, (HEIGHT, WIDTH)).astype(np.float32), (0, 0), 9, sigmaY=1.5)
    desk = np.array([66, 62, 58], np.float32) + grain[..., None] * 3
    edge = cv2.GaussianBlur(np.roll(cover, (10, 12), (0, 1)), (0, 0), 11)
    desk = desk * (1 - 0.55 * edge[..., None])
    return np.asarray(paper * cover[..., None] + desk * (1 - cover[..., None]), np.float32)


def _light(look: Look, rng: np.random.Generator) -> Pixels:
    """Share of light at each pixel: a lamp that falls off, the soft shadow of the camera's neck."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    across, down = x / WIDTH, y / HEIGHT
    lamp_x, lamp_y = rng.uniform(0.35, 0.65, 2)
    light = 1.04 - 0.16 * ((across - lamp_x) ** 2 + (down - lamp_y) ** 2)
    far = {"left": across, "right": 1 - across, "top": down, "bottom": 1 - down}[look.shadow_from]
    lean = {"left": down, "right": down, "top": across, "bottom": across}[look.shadow_from]
    edge = 0.30 + 0.22 * lean + 0.03 * np.sin(lean * 5 + float(rng.uniform(0, 6)))
    dark = 1 / (1 + np.exp((far - edge) * 16))
    return np.asarray(light * (1 - look.shadow * dark), np.float32)


def _jpeg(image: Image.Image) -> bytes:
    """JPEG at the best quality up to 90 that stays below the upper limit. ValueError if none fits."""
    for quality in range(90, 40, -2):
        out = io.BytesIO()
        image.save(out, "JPEG", quality=quality, subsampling="4:2:0", optimize=True, dpi=(96, 96))
        if SMALLEST <= out.tell() <= LARGEST:
            return out.getvalue()
    raise ValueError("no quality gives a page of 250 to 450 KB")

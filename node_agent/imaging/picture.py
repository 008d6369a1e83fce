"""Pages as pixels: decoded once, in one fixed form, and encoded anew.

Invariants:
- a picture is 8 bit, blue-green-red, upright as its EXIF says; what is transparent is white paper, so nothing hides
  under an alpha channel;
- what is encoded here holds pixels and nothing else: no EXIF, profile, comment, thumbnail or trailing byte;
- the bytes were looked at by ``check.inspect_page`` before: size, pixels and format are bounded there.
"""

import io
import warnings
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from crypto.refusal import Refusal

Pixels = npt.NDArray[np.uint8]
"""Height x width x 3, blue-green-red; or height x width for grey."""
RULE = "A04; DA/T 31-2017"
JPEG_QUALITY = 92
WHITE = 255


def decode(data: bytes) -> Pixels:
    """The picture in ``data``. Refusal PAGE_TRUNCATED when no decoder reads it."""
    raw = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if raw is None:
        return _by_pillow(data)
    if _may_be_transparent(data):
        whole = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        if whole is not None and whole.ndim == 3 and whole.shape[2] == 4:
            return _on_white(np.asarray(whole))
    return np.asarray(raw, np.uint8)


def encode_jpeg(picture: Pixels, quality: int = JPEG_QUALITY) -> bytes:
    """JPEG, for pages that were straightened."""
    return _encoded(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])


def encode_png(picture: Pixels) -> bytes:
    """PNG: every pixel as it is, for masked pages that are compared with what was sealed."""
    return _encoded(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 4])


def grey_of(picture: Pixels) -> Pixels:
    """One channel."""
    return picture if picture.ndim == 2 else np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)


def shrunk(picture: Pixels, longest: int) -> Pixels:
    """The picture with at most ``longest`` pixels on its long side."""
    scale = longest / max(picture.shape[:2])
    if scale >= 1:
        return picture
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    coarse = int(0.5 / scale)
    if coarse > 1:  # every second, third, … pixel, of which at least two make one of the result: several times faster
        picture = np.ascontiguousarray(picture[::coarse, ::coarse])
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _encoded(suffix: str, picture: Pixels, options: list[int]) -> bytes:
    done, data = cv2.imencode(suffix, picture, options)
    if not done:
        raise Refusal("PAGE_PIXELS", RULE, width=picture.shape[1], height=picture.shape[0])
    return data.tobytes()


def _may_be_transparent(data: bytes) -> bool:
    return not data.startswith(b"\xff\xd8")


def _on_white(whole: npt.NDArray[Any]) -> Pixels:
    most = float(np.iinfo(whole.dtype).max)
    colour = whole[:, :, :3].astype(np.float32) * (WHITE / most)
    share = whole[:, :, 3:].astype(np.float32) / most
    return np.asarray(np.rint(colour * share + WHITE * (1 - share)), np.uint8)


def _by_pillow(data: bytes) -> Pixels:
    """What OpenCV does not read (TIFF in CMYK or LAB)."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data)) as image:
                red_first = np.asarray(image.convert("RGB"), np.uint8)
    except (OSError, ValueError, SyntaxError) as error:
        raise Refusal("PAGE_TRUNCATED", RULE, bytes=len(data)) from error
    return np.ascontiguousarray(red_first[:, :, ::-1])

"""Pages as pixels: decoded once, in one fixed form, and encoded anew.

Invariants:
- a picture is 8 bit, blue-green-red, upright as its EXIF says; what is transparent is white paper, so nothing hides
  under an alpha channel;
- what is encoded here holds pixels and nothing else: no EXIF, profile, comment, thumbnail or trailing byte;
- the bytes were looked at by ``check.inspect_page`` before: size, pixels and format are bounded there.
"""

import io
import warnings
from collections.abc import Callable, Mapping
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
BAND = 256
PNG = b"\x89PNG\r\n\x1a\n"
ORIENTATION = 0x0112
_UPRIGHT: Mapping[int, Callable[[Pixels], Pixels]] = {
    2: lambda page: page[:, ::-1],
    3: lambda page: page[::-1, ::-1],
    4: lambda page: page[::-1],
    5: lambda page: page.transpose(1, 0, 2),
    6: lambda page: page.transpose(1, 0, 2)[:, ::-1],
    7: lambda page: page.transpose(1, 0, 2)[::-1, ::-1],
    8: lambda page: page.transpose(1, 0, 2)[::-1],
}
"""What makes a page upright, by the orientation that EXIF tells."""
_TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


def decode(data: bytes) -> Pixels:
    """The picture in ``data``. Refusal PAGE_TRUNCATED when no decoder reads it."""
    if _may_be_transparent(data):
        whole = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        if whole is not None and whole.ndim == 3 and whole.shape[2] == 4 and whole.dtype.kind == "u":
            return _upright(_on_white(np.asarray(whole)), data)
    raw = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    return _by_pillow(data) if raw is None else np.asarray(raw, np.uint8)


def encode_jpeg(picture: Pixels, quality: int = JPEG_QUALITY) -> bytes:
    """JPEG, for pages that were straightened."""
    return _encoded(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])


def encode_png(picture: Pixels) -> bytes:
    """PNG: every pixel as it is, for masked pages that are compared with what was sealed."""
    return _encoded(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 4])


def grey_of(picture: Pixels) -> Pixels:
    """One channel."""
    return picture if picture.ndim == 2 else np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)


def turned(picture: Pixels, turn: int) -> Pixels:
    """The picture turned clockwise by 0, 90, 180 or 270 degrees."""
    return np.asarray(cv2.rotate(picture, _TURNS[turn]), np.uint8) if turn in _TURNS else picture


def shrunk(picture: Pixels, longest: int) -> Pixels:
    """The picture with at most ``longest`` pixels on its long side."""
    scale = longest / max(picture.shape[:2])
    if scale >= 1:
        return picture
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    coarse = int(0.5 / scale)
    if coarse > 1:  # every second, third, … pixel, of which at least two make one of the result: several times faster
        sparse = (picture.shape[1] // coarse, picture.shape[0] // coarse)
        whole = picture[: sparse[1] * coarse, : sparse[0] * coarse]
        picture = np.asarray(cv2.resize(whole, sparse, interpolation=cv2.INTER_NEAREST), np.uint8)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _encoded(suffix: str, picture: Pixels, options: list[int]) -> bytes:
    done, data = cv2.imencode(suffix, picture, options)
    if not done:
        raise Refusal("PAGE_PIXELS", RULE, width=picture.shape[1], height=picture.shape[0])
    return data.tobytes()


def _may_be_transparent(data: bytes) -> bool:
    """A PNG says so in its header, or by a colour that stands for nothing before its first row."""
    if data.startswith(PNG):
        return data[25:26] in (b"\x04", b"\x06") or b"tRNS" in data[: data.find(b"IDAT")]
    return not data.startswith(b"\xff\xd8")


def _upright(picture: Pixels, data: bytes) -> Pixels:
    """OpenCV turns a page by its EXIF, but not a PNG that it was asked for as it is."""
    from PIL.PngImagePlugin import PngImageFile

    if not data.startswith(PNG):
        return picture
    with PngImageFile(io.BytesIO(data)) as image:
        turn = _UPRIGHT.get(image.getexif().get(ORIENTATION, 1))
    return picture if turn is None else np.ascontiguousarray(turn(picture))


def _on_white(whole: npt.NDArray[Any]) -> Pixels:
    most = float(np.iinfo(whole.dtype).max)
    made = np.empty((*whole.shape[:2], 3), np.uint8)
    for top in range(0, whole.shape[0], BAND):  # band by band: in numbers with a point a page takes sixteen times more
        band = whole[top : top + BAND]
        share = band[:, :, 3:].astype(np.float32) / most
        made[top : top + BAND] = np.rint(
            band[:, :, :3].astype(np.float32) * (WHITE / most) * share + WHITE * (1 - share)
        )
    return made


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

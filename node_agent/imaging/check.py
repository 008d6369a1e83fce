"""Is this file one whole page that may enter a case?

Invariants:
- the type is read from the content; a suffix is never believed;
- the size is known before a byte is read, the pixels before one is decoded, and what unpacks to far more than it says
  is refused unread (``structure``);
- facts are given only for a page that decodes to its last row, and describe exactly the bytes that were read;
- a page's name is one plain file name, so nothing can be read or written outside its folder;
- pure but for ``read_page`` and ``inspect_file``, which read the one file named and never follow a link.

Quality (blur, skew, blank pages) is judged elsewhere; this module only says what can not be a page at all.
"""

import hashlib
import io
import os
import re
import stat
import struct
import unicodedata
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crypto.refusal import Refusal
from node_agent.imaging.structure import directories, require_plain

if TYPE_CHECKING:
    from PIL import ImageFile

MAX_BYTES = 64 * 1024 * 1024
MAX_PIXELS = 72_000_000
"""A3 at 600 dpi (DA/T 31: facsimile) has 69.6 million."""
MAX_NAME_BYTES = 200
SCAN_RULE = "A04; DA/T 31-2017"
NAME_RULE = "A04"

_FORMATS = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"II*\x00": "image/tiff",
    b"MM\x00*": "image/tiff",
}
_OTHER_FORMATS = (
    (0, b"GIF8", "GIF"),
    (0, b"BM", "BMP"),
    (8, b"WEBP", "WEBP"),
    (4, b"ftyp", "HEIF"),
    (4, b"jP  ", "JPEG2000"),
    (0, b"\xff\x4f\xff\x51", "JPEG2000"),
    (0, b"II+\x00", "BigTIFF"),
    (0, b"MM\x00+", "BigTIFF"),
    (0, b"%PDF-", "PDF"),
)
GREY = (127, 128)
"""What decoders fill in where the data of a JPEG end before its picture does; 127 where four inks were turned round."""
GREY_ROWS = 8
# What Pillow's decoders raise on damaged input, beside the OSError that it documents.
_DAMAGE = (
    OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, EOFError, struct.error, zlib.error
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What a page is. ``width``, ``height``: stored pixels; ``mode``: Pillow's name; ``byte_size``: bytes.

    ``sha256``: lower-case hex of the whole file. ``dpi_a4``: the smaller of both resolutions if the sheet is
    A4 (210 x 297 mm), in dots an inch, rounded; the value written in the file is often wrong.
    """

    media_type: str
    width: int
    height: int
    mode: str
    byte_size: int
    sha256: str
    dpi_a4: int


def inspect_page(name: str, data: bytes) -> PageFacts:
    """Facts of the page ``data`` that came as file ``name``.

    1. the name is one plain file name     2. 1 byte to 64 MiB        3. JPEG, PNG or TIFF by content
    4. at most 72 million pixels           5. one image in the file   6. decodes completely

    A file that other programs would take for an archive, a document or a web page is no page either (3).

    Raises Refusal PAGE_NAME (1), PAGE_EMPTY, PAGE_TOO_LARGE (2), PAGE_NOT_IMAGE, PAGE_FORMAT, PAGE_POLYGLOT,
    PAGE_BOMB (3), PAGE_TRUNCATED (3, 6), PAGE_PIXELS (4), PAGE_NOT_SINGLE (5).
    """
    check_name(name)  # 1
    _check_size(len(data))  # 2
    media_type = _format_of(data)  # 3
    require_plain(data, media_type)
    width, height, mode = _decode(data, media_type)  # 4, 5, 6
    return PageFacts(
        media_type=media_type,
        width=width,
        height=height,
        mode=mode,
        byte_size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        dpi_a4=_dpi_a4(width, height),
    )


def inspect_file(path: Path) -> PageFacts:
    """``inspect_page`` of a file whose size is looked at before it is read; see ``read_page``."""
    return read_page(path)[0]


def read_page(path: Path) -> tuple[PageFacts, bytes]:
    """Facts and bytes of the page at ``path``, read once, so that the facts belong to these bytes.

    Raises what ``inspect_page`` raises, and Refusal PAGE_NOT_FILE for a link, folder, pipe or device.
    OSError if the file is gone or may not be read.
    """
    check_name(path.name)
    if not stat.S_ISREG(path.lstat().st_mode):
        raise Refusal("PAGE_NOT_FILE", NAME_RULE)
    _check_size(path.lstat().st_size)
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(MAX_BYTES + 1)  # one byte more: a file that grew meanwhile is refused, not cut
    return inspect_page(path.name, data), data


def check_name(name: str) -> None:
    """Refusal PAGE_NAME unless ``name`` is one file name: no folder, drive, control character."""
    try:
        length = len(name.encode())
    except UnicodeEncodeError:
        raise Refusal("PAGE_NAME", NAME_RULE, reason="not text") from None
    if not 0 < length <= MAX_NAME_BYTES:
        raise Refusal("PAGE_NAME", NAME_RULE, reason="length", bytes=length, limit=MAX_NAME_BYTES)
    if any(unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp") for character in name):
        raise Refusal("PAGE_NAME", NAME_RULE, reason="control character")
    if name in (".", "..") or "/" in name or "\\" in name or re.match("[A-Za-z]:", name):
        raise Refusal("PAGE_NAME", NAME_RULE, reason="leaves the folder")


def _check_size(size: int) -> None:
    if size == 0:
        raise Refusal("PAGE_EMPTY", SCAN_RULE)
    if size > MAX_BYTES:
        raise Refusal("PAGE_TOO_LARGE", SCAN_RULE, bytes=size, limit=MAX_BYTES)


def _format_of(data: bytes) -> str:
    for magic, found in _FORMATS.items():
        if data.startswith(magic):
            return found
        if magic.startswith(data):
            raise Refusal("PAGE_TRUNCATED", SCAN_RULE, bytes=len(data))
    for offset, magic, label in _OTHER_FORMATS:
        if data.startswith(magic, offset):
            raise Refusal("PAGE_FORMAT", SCAN_RULE, format=label)
    raise Refusal("PAGE_NOT_IMAGE", SCAN_RULE, bytes=len(data))


def _reader_of(media_type: str) -> "type[ImageFile.ImageFile]":
    # Here, not above: Pillow is slow to load, and most commands look at no page.
    from PIL.JpegImagePlugin import JpegImageFile
    from PIL.PngImagePlugin import PngImageFile
    from PIL.TiffImagePlugin import TiffImageFile

    return {"image/jpeg": JpegImageFile, "image/png": PngImageFile, "image/tiff": TiffImageFile}[media_type]


def _decode(data: bytes, media_type: str) -> tuple[int, int, str]:
    """Width, height and mode, after every row was decoded."""
    reader = _reader_of(media_type)
    try:
        # The reader itself and not Image.open, which has a pixel limit of its own and does not tell the size.
        with warnings.catch_warnings(), reader(io.BytesIO(data)) as image:
            warnings.simplefilter("ignore")  # odd tags do no harm; damage is raised
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise Refusal("PAGE_PIXELS", SCAN_RULE, width=width, height=height, limit=MAX_PIXELS)
            frames = directories(data) if media_type == "image/tiff" else getattr(image, "n_frames", 1)
            if frames > 1:
                raise Refusal("PAGE_NOT_SINGLE", SCAN_RULE, frames=frames)
            mode = image.mode
            image.load()
            if media_type == "image/jpeg" and _ends_in_grey(image):
                raise Refusal("PAGE_TRUNCATED", SCAN_RULE, bytes=len(data))
        if media_type == "image/png":
            with reader(io.BytesIO(data)) as image:
                image.verify()  # load() stops at the last row; this also wants the check sums
    except _DAMAGE:
        raise Refusal("PAGE_TRUNCATED", SCAN_RULE, bytes=len(data)) from None
    return width, height, mode


def _ends_in_grey(image: "ImageFile.ImageFile") -> bool:
    """Whether the last rows are what a decoder fills in: the header claims more rows than the file has."""
    width, height = image.size
    if height < 2 * GREY_ROWS:
        return False
    told: Any = image.crop((0, height - GREY_ROWS, width, height)).getextrema()
    bands = told if isinstance(told[0], tuple) else (told,)
    return all(low == high and low in GREY for low, high in bands)


def _dpi_a4(width: int, height: int) -> int:
    short, long = sorted((width, height))
    return min((short * 254 + 1050) // 2100, (long * 254 + 1485) // 2970)

"""Pages for the benchmarks: made here, from a seed, without a face, a name or a number of anybody."""

import io
import random
from pathlib import Path

from PIL import Image

A4_200_DPI = (1654, 2339)
GREY_ROWS = 64


def make_pages(folder: Path, pages: int, size: int, seed: int = 1) -> list[Path]:
    """``pages`` JPEG files of ``size`` bytes each (A4 at 200 dpi), all different.

    The picture is a grey page with noise in its upper part, made just under the size; a comment segment fills the rest,
    so that every contender moves the very same bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for number in range(pages):
        path = folder / f"{number + 1:04}.jpg"
        path.write_bytes(_page(random.Random(seed * 10_000 + number), size))
        made.append(path)
    return made


def _page(rng: random.Random, size: int) -> bytes:
    width, height = A4_200_DPI
    rows = min(height, max(GREY_ROWS, size // (2 * width)))
    image = Image.new("L", (width, height), 250)
    image.paste(Image.frombytes("L", (width, rows), rng.randbytes(width * rows)), (0, 0))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=60)
    return _filled(out.getvalue(), size, rng)


def _filled(data: bytes, size: int, rng: random.Random) -> bytes:
    """``data`` with comment segments (ITU-T T.81 B.2.4.5, at most 65,533 bytes each) up to ``size`` bytes."""
    if len(data) > size:
        raise ValueError(f"the page is {len(data)} bytes, larger than {size}")
    comments = b""
    while (left := size - len(data) - len(comments)) >= 4:
        length = min(left - 4, 65_533 - 2 - 4)
        if 0 < left - 4 - length < 4:
            length -= 4
        comments += b"\xff\xfe" + (length + 2).to_bytes(2, "big") + rng.randbytes(length)
    return data[:2] + comments + data[2:] + b"\0" * (size - len(data) - len(comments))

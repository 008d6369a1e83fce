"""Pages for the benchmarks: made here, from a seed, without a face, a name or a number of anybody."""

import random
from pathlib import Path

from tests.pages import A4, jpeg, sheet


def make_pages(folder: Path, pages: int, size: int, seed: int = 1) -> list[Path]:
    """``pages`` JPEG files of ``size`` bytes each (A4 at 200 dpi), all different.

    The picture is print on white paper, under the size; a comment segment fills the rest, so that every contender moves
    the very same bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for number in range(pages):
        path = folder / f"{number + 1:04}.jpg"
        path.write_bytes(_page(random.Random(seed * 10_000 + number), size))
        made.append(path)
    return made


def _page(rng: random.Random, size: int) -> bytes:
    """Print on white paper, fewer lines for a small file."""
    for pitch in (60, 120, 240, 480, 960):
        data = jpeg(sheet(rng.randrange(1 << 30), A4, pitch), quality=60)
        if len(data) <= size:
            return _filled(data, size, rng)
    raise ValueError(f"the page is {len(data)} bytes, larger than {size}")


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

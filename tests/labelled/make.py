"""Make the labelled pages: ``python -m tests.labelled.make FOLDER`` (the same seed gives the same pages).

Writes one JPEG a page and ``truth.json``: file, layout, set (``known``, ``apart``, ``fresh``), degradation, the form's data
that a window would know (``hints``), and each sensitive value with kind, text, group and quadrangle in pixels.
"""

import argparse
import json
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np

from deploy.demo.paper import HEI, SONG
from tests.labelled import apart, fresh, known
from tests.labelled.board import Board, Span
from tests.labelled.degrade import CHANGES

SEED = 20261122
KNOWN_EACH, APART_EACH, FRESH_EACH = 13, 10, 4


@dataclass(frozen=True)
class Value:
    """``quad``: four corners, in pixels of the degraded page."""

    kind: str
    text: str
    group: int
    quad: list[list[float]]


@dataclass(frozen=True)
class Page:
    """One line of truth.json."""

    file: str
    layout: str
    set: str
    change: str
    width: int
    height: int
    values: list[Value]


def plan(
    seed: int = SEED, known_each: int = KNOWN_EACH, apart_each: int = APART_EACH, fresh_each: int = FRESH_EACH
) -> list[tuple[str, str, str, int]]:
    """Set, layout, degradation, seed of each page. Every layout sees the degradations in turn."""
    pages = []
    changes = list(CHANGES)
    sets = (
        ("known", known.LAYOUTS, known_each),
        ("apart", apart.LAYOUTS, apart_each),
        ("fresh", fresh.LAYOUTS, fresh_each),
    )
    for group, layouts, each in sets:
        for place, layout in enumerate(layouts):
            for number in range(each):
                change = changes[(place * 4 + number) % len(changes)]
                pages.append((group, layout, change, zlib.crc32(f"{seed}/{layout}/{number}".encode())))
    return pages


def draw(layout: str, change: str, seed: int) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.uint8]], list[Value]]:
    """Pixels (BGR) and truth of one page."""
    rng = np.random.default_rng(seed)
    board = Board(rng, HEI if rng.random() < 0.3 else SONG)
    {**known.LAYOUTS, **apart.LAYOUTS, **fresh.LAYOUTS}[layout](board)
    pixels = cv2.cvtColor(np.asarray(board.image), cv2.COLOR_RGB2BGR).astype(np.uint8)
    changed, matrix = CHANGES[change](pixels, rng)
    return changed, [moved(span, matrix) for span in board.spans]


def moved(span: Span, matrix: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> Value:
    """The value with its corners after the page was bent."""
    left, top, right, bottom = span.box
    corners = np.array([[[left, top], [right, top], [right, bottom], [left, bottom]]], np.float64)
    quad = cv2.perspectiveTransform(corners, matrix)[0]
    return Value(span.kind, span.text, span.group, [[round(float(x), 1), round(float(y), 1)] for x, y in quad])


def make(folder: Path, seed: int = SEED) -> list[Page]:
    """Every page of the plan into ``folder``; pages that lie there already are made anew."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = []
    for number, (group, layout, change, own) in enumerate(plan(seed)):
        pixels, values = draw(layout, change, own)
        name = f"{number:03d}-{layout}-{change}.jpg"
        cv2.imwrite(str(folder / name), pixels, [cv2.IMWRITE_JPEG_QUALITY, 88])
        pages.append(Page(name, layout, group, change.rstrip("0123456789") if change.startswith("clean") else change,
                          pixels.shape[1], pixels.shape[0], values))  # fmt: skip
    text = json.dumps([asdict(page) for page in pages], ensure_ascii=False, indent=0)
    (folder / "truth.json").write_text(text, encoding="utf-8")
    return pages


def main() -> None:
    """Read the options, make the pages."""
    parser = argparse.ArgumentParser(description="the labelled pages")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args()
    pages = make(given.folder, given.seed)
    print(f"{len(pages)} pages, {sum(len(page.values) for page in pages)} values in {given.folder}")


if __name__ == "__main__":
    main()

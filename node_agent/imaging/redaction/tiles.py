"""A page as tiles under a commitment: the masked page is provably the sealed one but for the declared boxes.

The window commits to every tile (``TILE`` pixels square) of the page as it decodes. A mask covers whole tiles. So who
is given the masked page, its boxes and one opening recomputes the root that the manifest names from the pixels shown
and the hashes of the covered tiles, without ever seeing what they cover.

Invariants:
- tiles go by rows from the upper left; those at the right and lower rim may be smaller; none is padded;
- the root binds width, height and tile size; a page turned, cut or enlarged is another page.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from crypto import commitments
from crypto.commitments import Opening
from crypto.refusal import Refusal
from node_agent.imaging.picture import Pixels

TILE = 16
"""Pixels; 2 mm at 200 dpi: a mask covers at most this much more than was asked on each side."""
KIND = "tiles"
FILL = (0, 0, 0)
"""Blue, green, red of what is covered."""
RULE = "architecture: provable masking; standards 15"


@dataclass(frozen=True, order=True)
class Box:
    """Left, upper, width, height in pixels of the page."""

    x: int
    y: int
    width: int
    height: int


def root_of_page(picture: Pixels, salt: bytes) -> str:
    """Hex root over the tiles of a page; ``salt``: 32 bytes, sealed before the page."""
    return commitments.root_of(_header(picture), _tiles(picture), commitments.seed_of(salt, KIND))


def snapped(picture: Pixels, boxes: Iterable[Box]) -> tuple[Box, ...]:
    """The boxes grown to whole tiles and cut at the page's rim, sorted, none twice. Refusal BOX_OUTSIDE."""
    height, width = picture.shape[:2]
    made = set()
    for box in boxes:
        left, upper = max(0, box.x), max(0, box.y)
        right, lower = min(width, box.x + box.width), min(height, box.y + box.height)
        if left >= right or upper >= lower:
            raise Refusal("BOX_OUTSIDE", RULE, width=width, height=height)
        left, upper = left // TILE * TILE, upper // TILE * TILE
        right, lower = min(width, -(-right // TILE) * TILE), min(height, -(-lower // TILE) * TILE)
        made.add(Box(left, upper, right - left, lower - upper))
    return tuple(sorted(made))


def open_masked(picture: Pixels, salt: bytes, boxes: Iterable[Box]) -> Opening:
    """The opening of all tiles outside ``boxes`` (of ``snapped``) of the page as it was sealed."""
    seed = commitments.seed_of(salt, KIND)
    return commitments.open_leaves(_tiles(picture), seed, _covered(picture, boxes))


def check_masked(masked: Pixels, root: str, boxes: Iterable[Box], opening: Opening) -> None:
    """That ``masked`` is the page with this root, but for ``boxes``, and that these are solid.

    Refusals BOX_OUTSIDE, BOX_NOT_TILES, MASK_NOT_SOLID, OPENING_FORMAT, OPENING_MISMATCH.
    """
    declared = tuple(sorted(boxes))
    if snapped(masked, declared) != declared:
        raise Refusal("BOX_NOT_TILES", RULE)
    if not is_solid(masked, declared):
        raise Refusal("MASK_NOT_SOLID", RULE)
    tiles = _tiles(masked)
    commitments.check_opening(root, _header(masked), len(tiles), tiles.__getitem__, _covered(masked, declared), opening)


def is_solid(picture: Pixels, boxes: Iterable[Box]) -> bool:
    """Whether every box is filled with ``FILL`` and nothing else."""
    colour = np.array(FILL, np.uint8)
    return all(bool((picture[box.y : box.y + box.height, box.x : box.x + box.width] == colour).all()) for box in boxes)


def differing(page: Pixels, masked: Pixels) -> tuple[Box, ...]:
    """The tiles in which a masked page differs from its page. Refusal MASK_OTHER_PAGE when their sizes differ."""
    if page.shape != masked.shape:
        raise Refusal("MASK_OTHER_PAGE", RULE)
    changed = (page != masked).any(axis=2)
    found = {(int(y) // TILE, int(x) // TILE) for y, x in zip(*np.nonzero(changed), strict=True)}
    height, width = page.shape[:2]
    return tuple(
        sorted(
            Box(column * TILE, row * TILE, min(TILE, width - column * TILE), min(TILE, height - row * TILE))
            for row, column in found
        )
    )


def _header(picture: Pixels) -> dict[str, object]:
    return {"kind": KIND, "width": picture.shape[1], "height": picture.shape[0], "tile": TILE}


def _tiles(picture: Pixels) -> list[bytes]:
    height, width = picture.shape[:2]
    made = []
    for top in range(0, height, TILE):
        band = picture[top : top + TILE]
        made += [band[:, left : left + TILE].tobytes() for left in range(0, width, TILE)]
    return made


def _covered(picture: Pixels, boxes: Iterable[Box]) -> set[int]:
    height, width = picture.shape[:2]
    across = -(-width // TILE)
    covered = set()
    for box in boxes:
        for row in range(box.y // TILE, -(-(box.y + box.height) // TILE)):
            covered |= {row * across + at for at in range(box.x // TILE, -(-(box.x + box.width) // TILE))}
    return covered

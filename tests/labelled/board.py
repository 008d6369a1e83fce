"""A sheet that remembers where each sensitive value was drawn, in pixels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from deploy.demo.paper import HEI, INK, PEN, SONG, Colour, Sheet, font, portrait

Part = str | tuple[str, str]
"""Plain text, or a text and the kind of personal data that it is."""


@dataclass(frozen=True)
class Span:
    """``group``: the parts of one value that wraps share it. ``box``: left, top, right, bottom."""

    kind: str
    text: str
    box: tuple[float, float, float, float]
    group: int


class Board(Sheet):
    """``family``: the font of this page."""

    def __init__(self, rng: np.random.Generator, family: str = SONG, colour: Colour = (251, 250, 246)) -> None:
        super().__init__(rng, colour)
        self.family = family
        self.ink = INK
        self.spans: list[Span] = []
        self._group = 0

    def mark(self, kind: str, text: str, box: tuple[float, float, float, float], group: int | None = None) -> None:
        """Something sensitive stands in ``box``."""
        self.spans.append(Span(kind, text, box, self.group() if group is None else group))

    def group(self) -> int:
        """A number for a new value."""
        self._group += 1
        return self._group

    def put(
        self, at: tuple[int, int], parts: Part | Sequence[Part], size: int = 34, style: str = "Regular", spread: int = 0
    ) -> int:
        """One line; returns the x behind it."""
        x, y = float(at[0]), at[1]
        for part in [parts] if isinstance(parts, str | tuple) else parts:
            text, kind = (part, "") if isinstance(part, str) else part
            x = self._piece((x, y), text, kind, size, style, spread)
        return int(x)

    def _piece(
        self,
        at: tuple[float, float],
        text: str,
        kind: str,
        size: int,
        style: str,
        spread: int,
        group: int | None = None,
    ) -> float:
        face = font(self.family, size, style)
        x, y = at
        left, top, right, bottom = 1e9, 1e9, 0.0, 0.0
        for c in text:
            self.draw.text((x, y), c, font=face, fill=self.ink)
            ink = self.draw.textbbox((x, y), c, font=face)
            if c.strip():
                left, top, right, bottom = min(left, ink[0]), min(top, ink[1]), max(right, ink[2]), max(bottom, ink[3])
            x += face.getlength(c) + spread
        if kind and text.strip():
            self.mark(kind, text, (left, top, right, bottom), group)
        return x

    def flow(self, at: tuple[int, int], width: int, parts: Sequence[Part], size: int = 34, lead: float = 1.7) -> int:
        """Prose, first line indented, broken at ``width``; returns the y below."""
        face = font(self.family, size)
        x, y = at[0] + 2 * size, at[1]
        edge = at[0] + width
        for part in parts:
            text, kind = (part, "") if isinstance(part, str) else part
            group = self.group() if kind else None
            run = ""
            start = float(x)
            here = float(x)
            for c in text:
                step = face.getlength(c)
                if here + step > edge and c not in "，。；：、）":
                    if run:
                        self._piece((start, y), run, kind, size, "Regular", 0, group)
                    run, start, here, y = "", float(at[0]), float(at[0]), y + int(size * lead)
                run += c
                here += step
            self._piece((start, y), run, kind, size, "Regular", 0, group)
            x = int(here)
        return y + int(size * lead)

    def within(self, box: tuple[int, int, int, int], parts: Sequence[Part], size: int = 32) -> None:
        """Text wrapped in a cell of a table, from its left upper corner."""
        face = font(self.family, size)
        x, y = float(box[0] + 14), box[1] + 16
        for part in parts:
            text, kind = (part, "") if isinstance(part, str) else part
            group = self.group() if kind else None
            run, start = "", x
            for c in text:
                if x + face.getlength(c) > box[2] - 8:
                    self._piece((start, y), run, kind, size, "Regular", 0, group)
                    run, x, y = "", float(box[0] + 14), y + int(size * 1.35)
                    start = x
                run += c
                x += face.getlength(c)
            self._piece((start, y), run, kind, size, "Regular", 0, group)

    def sign(self, at: tuple[int, int], name: str, kind: str = "SIGNATURE", size: int = 58) -> None:
        """A signature by hand."""
        wild = 1.5 if kind == "SIGNATURE" else 0.8
        end = self.pen(at, name, size, PEN, wild)
        self.mark(kind, name, (at[0], at[1], end, at[1] + size * 1.15))

    def face(self, box: tuple[int, int, int, int], ground: Colour = (226, 230, 236)) -> None:
        """A portrait; what counts as the face is the head, not the coat."""
        width, height = box[2] - box[0], box[3] - box[1]
        picture = portrait(self.rng, (width, height), ground, bool(self.rng.integers(2)))
        self.image.paste(picture, (box[0], box[1]))
        head = (box[0] + width * 0.28, box[1] + height * 0.2, box[0] + width * 0.72, box[1] + height * 0.7)
        self.mark("FACE", "", head)

    def fingerprint(self, centre: tuple[int, int], size: int = 110) -> None:
        """Red ridges in an oval."""
        grid_y, grid_x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : int(size * 0.75) * 1j]
        bend = 0.25 * np.sin(grid_x * 2 + float(self.rng.uniform(0, 6)))
        ridges = (np.sin((np.hypot(grid_x, grid_y * 1.2 + 0.4) + bend) * 34) > -0.1) & (np.hypot(grid_x, grid_y) < 0.95)
        worn = self.rng.random(ridges.shape) > 0.12
        layer = np.zeros((*ridges.shape, 4), np.uint8)
        layer[..., :3] = (196, 40, 44)
        layer[..., 3] = (ridges & worn) * 205
        self.stamp(centre, Image.fromarray(layer, "RGBA"), float(self.rng.uniform(-25, 25)))
        half = size / 2
        self.mark(
            "FINGERPRINT", "", (centre[0] - half * 0.75, centre[1] - half, centre[0] + half * 0.75, centre[1] + half)
        )

    def title(self, text: str, y: int = 150, size: int = 56) -> None:
        """In the middle of the page."""
        face = font(HEI, size, "Bold")
        self.draw.text(((self.image.width - face.getlength(text)) / 2, y), text, font=face, fill=self.ink)

    def code(self, at: tuple[int, int], text: str, scale: int = 6) -> None:
        """A QR code."""
        import segno

        rows = list(segno.make_qr(text, error="m").matrix_iter(scale=1, border=0))
        cells = np.array([[0 if cell else 255 for cell in row] for row in rows], np.uint8)
        picture = Image.fromarray(cells).resize(
            (cells.shape[1] * scale, cells.shape[0] * scale), Image.Resampling.NEAREST
        )
        self.image.paste(picture.convert("RGB"), at)
        self.mark("CODE", text, (at[0], at[1], at[0] + picture.width, at[1] + picture.height))

"""Drawing on a sheet of A4 at 200 dpi: print, handwriting, ruled tables, seals, portraits.

Invariants: everything random comes from the generator handed in, so the same seed draws the same sheet with
the same fonts and library versions. Lengths are pixels at 200 dpi; 1 mm = 7.87 px.
"""

import math
import subprocess
from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

WIDTH, HEIGHT = 1654, 2339
INK = (28, 27, 30)
PEN = (24, 34, 92)
RED = (196, 28, 34)
Colour = tuple[int, int, int]
Box = tuple[int, int, int, int]

SONG = "Noto Serif CJK SC"
HEI = "Noto Sans CJK SC"
MONO = "DejaVu Sans Mono"


@lru_cache
def _font_file(family: str, style: str) -> tuple[str, int]:
    """File and face index that fontconfig finds. RuntimeError if it would put another family in its place."""
    answer = subprocess.run(
        ["fc-match", "--format=%{family}|%{file}|%{index}", f"{family}:style={style}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found, file, index = answer.split("|")
    if family not in found:
        raise RuntimeError(f"font {family} is not installed (Debian: fonts-noto-cjk, fonts-dejavu)")
    return file, int(index)


@lru_cache
def font(family: str, size: int, style: str = "Regular") -> ImageFont.FreeTypeFont:
    file, index = _font_file(family, style)
    return ImageFont.truetype(file, size, index=index)


class Sheet:
    """One sheet being drawn. ``rng`` decides everything that is not the same on every sheet."""

    def __init__(self, rng: np.random.Generator, colour: Colour = (251, 250, 246)) -> None:
        self.rng = rng
        self.image = Image.new("RGB", (WIDTH, HEIGHT), colour)
        self.draw = ImageDraw.Draw(self.image)

    def text(
        self,
        at: tuple[int, int],
        text: str,
        size: int = 34,
        family: str = SONG,
        style: str = "Regular",
        colour: Colour = INK,
        anchor: str = "la",
        spread: int = 0,
    ) -> None:
        """Printed text; ``spread`` pixels between characters."""
        face = font(family, size, style)
        if not spread:
            self.draw.text(at, text, font=face, fill=colour, anchor=anchor)
            return
        total = sum(face.getlength(c) for c in text) + spread * (len(text) - 1)
        x = at[0] - {"l": 0.0, "m": total / 2, "r": total}[anchor[0]]
        for c in text:
            self.draw.text((x, at[1]), c, font=face, fill=colour, anchor="l" + anchor[1])
            x += face.getlength(c) + spread

    def paragraph(
        self,
        at: tuple[int, int],
        width: int,
        text: str,
        size: int = 34,
        lead: float = 1.7,
        style: str = "Regular",
    ) -> int:
        """Text set in lines of ``width``, first line indented by two characters; returns the y below it."""
        face = font(SONG, size, style)
        x, y = at
        left = x + 2 * size
        for c in text:
            step = face.getlength(c)
            if left + step > x + width and c not in "，。；：、）》”":
                left, y = x, y + int(size * lead)
            self.draw.text((left, y), c, font=face, fill=INK)
            left += int(step)
        return y + int(size * lead)

    def pen(self, at: tuple[int, int], text: str, size: int = 42, colour: Colour = PEN, wild: float = 1.0) -> int:
        """Handwriting: each character leans, floats and bends in its own way; returns the x behind it."""
        x, y = float(at[0]), at[1]
        lean = 0.16 + 0.08 * float(self.rng.normal())
        for c in text:
            stroke = _written(c, size, self.rng, wild, lean)
            drop = int(self.rng.normal(0, 2.2 * wild))
            layer = Image.new("RGB", stroke.size, colour)
            self.image.paste(layer, (int(x) - size // 2, y - size // 2 + drop), stroke)
            x += font(SONG, size).getlength(c) * float(self.rng.uniform(0.98, 1.07))
        return int(x)

    def lines(self, points: Sequence[tuple[int, int]], width: int = 2, colour: Colour = INK) -> None:
        self.draw.line(points, fill=colour, width=width)

    def box(self, box: Box, width: int = 2, colour: Colour = INK) -> None:
        self.draw.rectangle(box, outline=colour, width=width)

    def tick(self, at: tuple[int, int], text: str, on: bool, size: int = 32) -> int:
        """A square to tick and its label; returns the x behind it."""
        x, y = at
        self.box((x, y + 4, x + size - 6, y + size - 2))
        if on:
            bend = int(self.rng.integers(-3, 4))
            self.lines([(x + 3, y + 14 + bend), (x + 12, y + 26), (x + 34, y - 6 + bend)], 4, PEN)
        self.text((x + size + 4, y), text, size, SONG)
        return int(x + size + 40 + font(SONG, size).getlength(text))

    def stamp(self, centre: tuple[int, int], layer: Image.Image, angle: float) -> None:
        """Press a seal (an RGBA layer) at ``angle`` degrees; ink under it shows through."""
        turned = layer.rotate(angle, Image.Resampling.BICUBIC, expand=True)
        x, y = centre[0] - turned.width // 2, centre[1] - turned.height // 2
        box = (x, y, x + turned.width, y + turned.height)
        under = np.asarray(self.image.crop(box), dtype=np.float32)
        over = np.asarray(turned, dtype=np.float32)
        ink = over[..., 3:] / 255
        mixed = under * (1 - ink) + under * over[..., :3] / 255 * ink
        self.image.paste(Image.fromarray(mixed.clip(0, 255).astype(np.uint8)), (x, y))

    def footer(self, text: str) -> None:
        self.text((WIDTH // 2, HEIGHT - 110), text, 26, SONG, anchor="ma", colour=(70, 70, 70))


def _written(c: str, size: int, rng: np.random.Generator, wild: float, lean: float) -> Image.Image:
    """Mask of one character as a hand writes it, in a square of twice ``size``."""
    side = size * 2
    mask = Image.new("L", (side, side), 0)
    ImageDraw.Draw(mask).text((size // 2, size // 2), c, font=font(SONG, size, "Light"), fill=255, anchor="la")
    turn = float(rng.normal(0, 2.6 * wild))
    mask = mask.rotate(turn, Image.Resampling.BICUBIC)
    grid_y, grid_x = np.mgrid[0:side, 0:side].astype(np.float32)
    amount = size * 0.045 * wild
    waves = rng.uniform(0, 2 * math.pi, 4)
    period = size * rng.uniform(0.7, 1.2, 2)
    shift_x = amount * np.sin(grid_y / period[0] * 3 + waves[0]) + lean * (grid_y - size)
    shift_y = amount * np.sin(grid_x / period[1] * 3 + waves[1]) - 0.05 * (grid_x - size)
    bent = cv2.remap(
        np.asarray(mask),
        (grid_x + shift_x).astype(np.float32),
        (grid_y + shift_y).astype(np.float32),
        cv2.INTER_LINEAR,
    )
    bent = cv2.dilate(bent, np.ones((2, 2), np.uint8))
    pressure = 0.72 + 0.26 * float(rng.random())
    return Image.fromarray((cv2.GaussianBlur(bent, (0, 0), 0.7) * pressure).astype(np.uint8))


def round_seal(rng: np.random.Generator, around: str, below: str = "", size: int = 330) -> Image.Image:
    """A round official seal: ring, star, text along the arc, a line below the star."""
    scale = 2
    side = size * scale
    mask = Image.new("L", (side, side), 0)
    draw = ImageDraw.Draw(mask)
    draw.ellipse((8, 8, side - 8, side - 8), outline=255, width=11 * scale // 2)
    centre = side / 2
    star = [
        (
            centre + r * math.sin(k * math.pi / 5),
            centre - r * math.cos(k * math.pi / 5),
        )
        for k in range(10)
        for r in (side * (0.155 if k % 2 == 0 else 0.06),)
    ]
    draw.polygon(star, fill=255)
    glyph = int(min(side * 0.115, side * 2.15 / len(around)))
    span = math.radians(min(262, 21 * len(around)))
    for k, c in enumerate(around):
        turn = -span / 2 + span * k / max(1, len(around) - 1)
        tile = Image.new("L", (glyph * 2, glyph * 2), 0)
        ImageDraw.Draw(tile).text((glyph, glyph), c, font=font(SONG, glyph, "Bold"), fill=255, anchor="mm")
        tile = tile.resize((int(glyph * 1.6), glyph * 2)).rotate(-math.degrees(turn), Image.Resampling.BICUBIC, True)
        radius = side * 0.385
        at = (
            centre + radius * math.sin(turn) - tile.width / 2,
            centre - radius * math.cos(turn) - tile.height / 2,
        )
        mask.paste(255, (int(at[0]), int(at[1])), tile)
    if below:
        draw.text((centre, side * 0.76), below, font=font(SONG, int(side * 0.075), "Bold"), fill=255, anchor="mm")
    return _inked(rng, mask.resize((size, size), Image.Resampling.LANCZOS))


def square_seal(rng: np.random.Generator, name: str, size: int = 130) -> Image.Image:
    """A personal name seal of up to four characters, read from the right column down."""
    mask = Image.new("L", (size, size), 0)
    draw = ImageDraw.Draw(mask)
    draw.rectangle((3, 3, size - 4, size - 4), outline=255, width=6)
    cells = (name + "之印" if len(name) == 2 else name + "印")[:4]
    for k, c in enumerate(cells):
        x, y = size * (0.72 if k < 2 else 0.29), size * (0.28 if k % 2 == 0 else 0.72)
        draw.text((x, y), c, font=font(SONG, int(size * 0.38), "Bold"), fill=255, anchor="mm")
    return _inked(rng, mask)


def _inked(rng: np.random.Generator, mask: Image.Image) -> Image.Image:
    """Red ink that took unevenly: thin patches, specks without ink, soft edges."""
    height, width = mask.height, mask.width
    patches = cv2.resize(
        rng.uniform(0.55, 1.0, (9, 9)).astype(np.float32), (width, height), None, 0, 0, cv2.INTER_CUBIC
    )
    specks = (rng.random((height, width)) > 0.035).astype(np.float32)
    ink = np.asarray(mask.filter(ImageFilter.GaussianBlur(0.8)), dtype=np.float32)
    ink = ink * patches * cv2.GaussianBlur(specks, (0, 0), 0.8)
    layer = np.zeros((height, width, 4), np.uint8)
    layer[..., :3] = RED
    layer[..., 3] = ink.clip(0, 235).astype(np.uint8)
    return Image.fromarray(layer, "RGBA")


def portrait(rng: np.random.Generator, size: tuple[int, int], ground: Colour, long_hair: bool) -> Image.Image:
    """A bust of nobody: shaded shapes that read as a passport photo and match no face."""
    width, height = size[0] * 2, size[1] * 2
    image = Image.new("RGB", (width, height), ground)
    draw = ImageDraw.Draw(image)

    def oval(x: float, y: float, rx: float, ry: float, colour: Colour) -> None:
        draw.ellipse((width * (x - rx), height * (y - ry), width * (x + rx), height * (y + ry)), fill=colour)

    hair, skin, coat = (34, 28, 27), (222, 178, 150), (44, 52, 72)
    if long_hair:
        oval(0.5, 0.46, 0.31, 0.33, hair)
        draw.rectangle((width * 0.2, height * 0.46, width * 0.8, height * 0.74), fill=hair)
    oval(0.5, 1.04, 0.47, 0.27, coat)
    draw.polygon(
        [(width * 0.4, height * 0.76), (width * 0.6, height * 0.76), (width * 0.5, height * 0.93)],
        (240, 240, 240),
    )
    draw.rectangle((width * 0.42, height * 0.6, width * 0.58, height * 0.79), fill=(205, 160, 132))
    oval(0.5, 0.46, 0.215, 0.235, skin)
    oval(0.285, 0.48, 0.03, 0.05, skin)
    oval(0.715, 0.48, 0.03, 0.05, skin)
    draw.pieslice((width * 0.27, height * 0.17, width * 0.73, height * 0.55), 180, 360, fill=hair)
    for x in (0.41, 0.59):
        oval(x, 0.46, 0.035, 0.013, (250, 246, 242))
        oval(x, 0.46, 0.015, 0.013, (40, 28, 24))
        draw.line([(width * (x - 0.05), height * 0.42), (width * (x + 0.05), height * 0.417)], hair, 7)
    draw.line(
        [(width * 0.5, height * 0.48), (width * 0.485, height * 0.54), (width * 0.515, height * 0.542)],
        (190, 142, 116),
        5,
    )
    draw.line(
        [(width * 0.45, height * 0.6), (width * 0.5, height * 0.606), (width * 0.55, height * 0.6)],
        (170, 92, 84),
        8,
    )
    image = image.filter(ImageFilter.GaussianBlur(width / 130)).resize(size, Image.Resampling.LANCZOS)
    light = np.linspace(1.08, 0.86, size[0])[None, :, None]
    grain = rng.normal(0, 3, (size[1], size[0], 1))
    return Image.fromarray((np.asarray(image) * light + grain).clip(0, 255).astype(np.uint8))

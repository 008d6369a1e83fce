"""Which font shows which character on a printed paper.

Invariants:
- the product's own font comes first: Noto Sans CJK SC with 29,923 Han characters, which are those of GB 18030-2022
  levels 1 and 2 (通用规范汉字表 and more); further fonts are files of the agent's folder ``fonts``, for level 3;
- ``written`` changes nothing that some font can show, and names every other character by its code point.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from crypto.refusal import Refusal

OWN = Path(__file__).with_name("fonts") / "NotoSansCJKsc-Regular-han.otf"
SUFFIXES = frozenset({".otf", ".ttf"})
INVISIBLE = frozenset("\u200b\ufeff\u00ad")
"""Nothing to print by their nature; a variation selector is not among them, for it says how a name is written."""


def fonts_of(home: Path) -> tuple[Path, ...]:
    """The fonts to print with: the product's own, then those in ``home/fonts``, by name."""
    folder = home / "fonts"
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES) if folder.is_dir() else []
    return (OWN, *found)


@lru_cache(maxsize=16)
def coverage(font: Path) -> frozenset[int]:
    """Code points that a font file shows. Refusal FONT_UNREADABLE."""
    from fontTools.ttLib import TTFont, TTLibError

    try:
        with TTFont(font, lazy=True) as opened:
            return frozenset(opened.getBestCmap() or {})
    except (OSError, TTLibError, AssertionError) as error:
        raise Refusal("FONT_UNREADABLE", "promise 7", file=font.name, problem=type(error).__name__) from error


def written(text: str, fonts: Sequence[Path]) -> tuple[str, tuple[str, ...]]:
    """``text`` as it can be printed, and the characters that no font shows (``U+XXXX``, each once, in order).

    Line ends stay; tabs become an ideographic space; other controls are named like characters without a glyph.
    """
    shown: list[str] = []
    missing: dict[str, None] = {}
    for sign in text.replace("\t", "\u3000"):
        if sign in INVISIBLE:
            continue
        if sign == "\n" or any(ord(sign) in coverage(font) for font in fonts):
            shown.append(sign)
            continue
        name = f"U+{ord(sign):04X}"
        missing[name] = None
        shown.append(f"〔{name}〕")
    return "".join(shown), tuple(missing)

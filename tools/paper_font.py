"""Make the font that papers are printed with: ``python tools/paper_font.py FONT [OUT]``. Takes about two minutes.

FONT: NotoSansCJK-Regular.ttc or NotoSansCJKsc-Regular.otf, version 2.004 (Debian: fonts-noto-cjk). What is left out is
what no paper needs: Hangul, layout features, hints, vertical metrics. The same input gives the same bytes.
"""

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTCollection, TTFont

FACE = "Noto Sans CJK SC"
OUT = Path(__file__).parents[1] / "node_agent" / "paper" / "fonts" / "NotoSansCJKsc-Regular-han.otf"
KEPT = (
    *(range(0x0020, 0x1100), range(0x1200, 0x3130), range(0x31A0, 0x3200), range(0x3220, 0x3260)),
    *(range(0x3280, 0xA000), range(0xF900, 0xFB00), range(0xFF00, 0xFFA0), range(0xFFE0, 0xFFE7)),
    range(0x20000, 0x40000),
)


def face(path: Path) -> TTFont:
    """The Chinese face of a collection, or the font itself."""
    if path.suffix != ".ttc":
        return TTFont(path, lazy=True)
    return next(font for font in TTCollection(path, lazy=True).fonts if font["name"].getDebugName(4) == FACE)


def main() -> None:
    """Write the subset."""
    font = face(Path(sys.argv[1]))
    out = Path(sys.argv[2]) if len(sys.argv) > 2 else OUT
    options = subset.Options()
    options.layout_features, options.hinting, options.glyph_names = [], False, False
    options.name_IDs, options.notdef_outline, options.recalc_timestamp = [0, 1, 2, 3, 4, 5, 6, 13, 14], True, False
    options.drop_tables += ["vmtx", "vhea", "VORG", "BASE", "DSIG"]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[code for code in font.getBestCmap() if any(code in part for part in KEPT)])
    subsetter.subset(font)
    font.save(out)


if __name__ == "__main__":
    main()

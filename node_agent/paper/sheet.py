"""One printed paper being drawn, from top to bottom.

Invariants: see the package; besides, Chinese line breaking (no closing mark at the start of a line, no opening mark at
its end, numbers and words whole where they fit). Lengths are millimetres, font sizes points.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from itertools import pairwise
from pathlib import Path

from crypto.canonical import CHINA
from node_agent.paper.fonts import coverage, written

NOT_FIRST = frozenset("，。、；：？！）》〉」』】〕”’…%％,.;:?!)]}")
NOT_LAST = frozenset("（《〈「『【〔“‘([{")
LEADING = 1.55
POINT = 25.4 / 72
ROLL_END = 2000.0
GREY = 110


class Paper(Enum):
    """Width, height and margin in mm; height 0: a roll, cut where the text ends."""

    A4 = (210.0, 297.0, 20.0)
    A5 = (148.0, 210.0, 12.0)
    ROLL80 = (80.0, 0.0, 4.0)


@dataclass(frozen=True)
class Printed:
    """A finished paper. ``missing``: characters (``U+XXXX``) that no font shows; they are named in their place."""

    data: bytes
    missing: tuple[str, ...] = ()


class Sheet:
    """Draws downwards; a page that is full is followed by the next one. Refusal FONT_UNREADABLE.

    ``made_at``: aware; the only time that the file holds. ``size``: of ordinary text.
    """

    def __init__(
        self, paper: Paper, title: str, made_at: datetime, fonts: Sequence[Path], *, size: float = 10.5, end: float = 0
    ) -> None:
        from fpdf import FPDF  # here: it costs a second, and most commands print nothing

        width, height, self.margin = paper.value
        self.paper, self.size, self._fonts = paper, size, fonts
        self._missing: dict[str, None] = {}
        self._pdf = FPDF(unit="mm", format=(width, height or end or ROLL_END))
        pdf = self._pdf
        for number, font in enumerate(fonts):
            coverage(font)  # a broken file is refused by its name
            pdf.add_font(f"f{number}", fname=font)
        if len(fonts) > 1:
            pdf.set_fallback_fonts([f"f{number}" for number in range(1, len(fonts))])
        pdf.set_creation_date(made_at.astimezone(CHINA))
        pdf.set_title(title)
        pdf.set_producer("Yidi")
        pdf.set_lang("zh-CN")
        pdf.set_margin(self.margin)
        pdf.set_auto_page_break(False)
        pdf.add_page()
        self._width = width - 2 * self.margin
        self._bottom = (height or end or ROLL_END) - self.margin

    # --- what can be put on it -------------------------------------------------------------------------------

    def heading(self, text: str) -> None:
        """The paper's name, in the middle."""
        self.text(text, size=self.size * 1.6, align="C")
        self.space(2)

    def section(self, text: str) -> None:
        """The name of a part, with a line below."""
        self.space(1.5)
        self.text(text, size=self.size * 1.1)
        self.rule()

    def text(self, text: str, *, size: float = 0, align: str = "L", indent: float = 0, grey: bool = False) -> None:
        """A paragraph. ``align``: L, C or R; ``indent``: of every line, mm."""
        size = size or self.size
        self._pdf.set_text_color(GREY if grey else 0)
        for line in self._lines(text, size, self._width - indent):
            self._line([(self.margin + indent, self._width - indent, line, align)], size)
        self._pdf.set_text_color(0)

    def facts(self, pairs: Sequence[tuple[str, str]], right: float = 0) -> None:
        """Label and value a line, labels in a column of six characters. ``right``: mm to leave free on that side."""
        label = 6.5 * self.size * POINT
        for name, value in pairs:
            for number, line in enumerate(self._lines(value, self.size, self._width - label - right)):
                cells = [(self.margin + label, self._width - label - right, line, "L")]
                if number == 0:
                    cells.append((self.margin, label, self._shown(name), "L"))
                self._line(cells, self.size)

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str]], shares: Sequence[float] = ()) -> None:
        """A ruled table over the whole width. ``shares``: of the columns; the header returns on every page."""
        shares = shares or [1.0] * len(header)
        widths = [self._width * share / sum(shares) for share in shares]
        self._row(header, widths, fill=True)
        for row in rows:
            if self._row_height(row, widths) > self._left:
                self._turn()
                self._row(header, widths, fill=True)
            self._row(row, widths)

    def qr(self, text: str, side: float, words: str, *, beside: bool = False) -> float:
        """A QR code (level Q) of ``side`` mm with its quiet zone, and words below it; where it ends, mm.

        In the middle of a place of its own; ``beside``: at the right, and what follows starts beside it (``below``).
        """
        import segno

        made = segno.make(text, error="Q", micro=False, boost_error=False)
        modules = made.symbol_size(border=4)[0]
        self._need(side + 2 * self.size * LEADING * POINT)
        left = self.margin + (self._width - side) / (1 if beside else 2)
        y, step = self._pdf.get_y(), side / modules
        self._pdf.set_fill_color(0)
        for row, line in enumerate(made.matrix_iter(border=4)):
            dark, start = [bool(module) for module in line], 0
            for past, (now, later) in enumerate(pairwise([*dark, not dark[-1]]), start=1):
                if now and not later:  # one rectangle a run: no hair lines between modules
                    self._pdf.rect(left + start * step, y + row * step, (past - start) * step, step * 1.02, style="F")
                if now != later:
                    start = past
        self._pdf.set_y(y + side)
        self._line([(left, side, self._shown(words), "C")], self.size * 0.9)
        end = float(self._pdf.get_y())
        if beside:
            self._pdf.set_y(y)
        return end

    def below(self, end: float) -> None:
        """Go on below what was put beside."""
        self._pdf.set_y(max(end, self._pdf.get_y()))

    def rule(self) -> None:
        """A line over the whole width."""
        self._need(1.5)
        y = self._pdf.get_y() + 0.5
        self._pdf.set_line_width(0.2)
        self._pdf.line(self.margin, y, self.margin + self._width, y)
        self._pdf.set_y(y + 1)

    def space(self, height: float) -> None:
        """Nothing, ``height`` mm of it."""
        self._pdf.set_y(min(self._pdf.get_y() + height, self._bottom))

    @property
    def end(self) -> float:
        """Where a roll is to be cut, mm."""
        return self._pdf.get_y() + self.margin

    def printed(self) -> Printed:
        """The finished paper."""
        return Printed(bytes(self._pdf.output()), tuple(self._missing))

    # --- lines -----------------------------------------------------------------------------------------------

    def _shown(self, text: str) -> str:
        shown, missing = written(text, self._fonts)
        self._missing |= dict.fromkeys(missing)
        return shown

    def _lines(self, text: str, size: float, width: float) -> list[str]:
        self._pdf.set_font("f0", size=size)
        made: list[str] = []
        for part in self._shown(text).split("\n"):
            line = ""
            for piece in _pieces(part):
                if line and self._pdf.get_string_width(line + piece) > width - 0.2:
                    made.append(line)
                    line = ""
                while self._pdf.get_string_width(piece) > width - 0.2 and len(piece) > 1:
                    fits = self._fitting(piece, width)
                    made.append(piece[:fits])
                    piece = piece[fits:]
                line += piece if line else piece.lstrip(" ")
            made.append(line)
        return made

    def _fitting(self, piece: str, width: float) -> int:
        count = len(piece) - 1
        while count > 1 and self._pdf.get_string_width(piece[:count]) > width - 0.2:
            count -= 1
        return count

    def _line(self, cells: Sequence[tuple[float, float, str, str]], size: float) -> None:
        height = size * LEADING * POINT
        self._need(height)
        y = self._pdf.get_y()
        self._pdf.set_font("f0", size=size)
        for x, width, text, align in cells:
            self._pdf.set_xy(x, y)
            self._pdf.cell(width, height, text, align=align)
        self._pdf.set_y(y + height)

    def _row_height(self, row: Sequence[str], widths: Sequence[float]) -> float:
        most = max(len(self._lines(text, self.size, width - 2)) for text, width in zip(row, widths, strict=True))
        return most * self.size * LEADING * POINT + 1

    def _row(self, row: Sequence[str], widths: Sequence[float], *, fill: bool = False) -> None:
        height = self._row_height(row, widths)
        self._need(height)
        x, y, step = self.margin, self._pdf.get_y(), self.size * LEADING * POINT
        self._pdf.set_line_width(0.2)
        self._pdf.set_fill_color(235)
        for text, width in zip(row, widths, strict=True):
            self._pdf.rect(x, y, width, height, style="DF" if fill else "D")
            for number, line in enumerate(self._lines(text, self.size, width - 2)):
                self._pdf.set_xy(x, y + 0.5 + number * step)
                self._pdf.cell(width, step, line)
            x += width
        self._pdf.set_y(y + height)

    @property
    def _left(self) -> float:
        return self._bottom - self._pdf.get_y()

    def _need(self, height: float) -> None:
        if height > self._left and self._pdf.get_y() > self.margin:
            self._turn()

    def _turn(self) -> None:
        self._pdf.add_page()


def _pieces(text: str) -> list[str]:
    """Where a line may end: between two pieces."""
    pieces: list[str] = []
    for sign in text:
        if pieces and not _may_break(pieces[-1][-1], sign):
            pieces[-1] += sign
        else:
            pieces.append(sign)
    return pieces


def _may_break(before: str, after: str) -> bool:
    if after in NOT_FIRST or before in NOT_LAST:
        return False
    return not (before.isascii() and after.isascii() and before != " ")

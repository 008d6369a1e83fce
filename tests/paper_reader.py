"""Printed papers as a person and a camera see them: text by PDFium, QR codes by OpenCV from the rendered page."""

import re
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pypdfium2

PRINTER_DPI = 203
"""A receipt printer's; an office printer has three times as many."""


@dataclass(frozen=True)
class Read:
    """What stands on a paper. ``text``: all pages, line ends as they are printed; ``codes``: what its QR codes hold."""

    text: str
    codes: tuple[str, ...]
    pages: int

    @property
    def flat(self) -> str:
        """The text without blanks and line ends: lines end where the paper does, not where the words do."""
        return re.sub(r"\s", "", self.text)

    @property
    def secret(self) -> str:
        """The fragment of the only QR code; empty when it has none."""
        (code,) = self.codes
        return code.partition("#")[2]


def read_paper(data: bytes | Path, dpi: int = PRINTER_DPI, side_mm: float = 0) -> Read:
    """A PDF as it is printed at ``dpi``. ``side_mm``: shrink so that the page is this wide, as a copier would."""
    opened = pypdfium2.PdfDocument(data)
    try:
        texts, codes = [], []
        for page in opened:
            texts.append(page.get_textpage().get_text_range())
            scale = dpi / 72 * (side_mm / (page.get_width() * 25.4 / 72) if side_mm else 1)
            image = page.render(scale=scale).to_numpy()
            grey = cv2.cvtColor(np.ascontiguousarray(image[:, :, :3]), cv2.COLOR_BGR2GRAY)
            found, read, _, _ = cv2.QRCodeDetectorAruco().detectAndDecodeMulti(grey)
            codes += [code for code in read if code] if found else []
        return Read("\n".join(texts).replace("\r\n", "\n"), tuple(codes), len(opened))
    finally:
        opened.close()

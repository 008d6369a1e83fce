"""The child process of ``document``: a PDF or TIFF on standard input, each page as length and PNG on standard output,
at once: what was sent counts only when the process ends with status 0.

Ends with status 1 and a line ``CODE limit`` on standard error; killed or broken off, it has said nothing. Run as
``python -m node_agent.imaging.sources.render``.
"""

import io
import struct
import sys
from collections.abc import Iterator
from typing import Any

from node_agent.imaging.sources.document import MOST_PAGES, MOST_PIXELS, PDF, RENDER_DPI
from node_agent.imaging.structure import directories

POINTS = 72
ACTIONS = ("/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/Rendition", "/RichMediaExecute")
DEEPEST = 6
"""Dictionaries and lists written into one another; what programs write deeper is an object of its own."""
MOST_OBJECTS = 200_000


class Refused(Exception):
    """A code and a limit."""


def main() -> int:
    """Exit status."""
    data = sys.stdin.buffer.read()
    try:
        for page in _pdf(data) if data.startswith(PDF) else _tiff(data):
            sys.stdout.buffer.write(struct.pack(">I", len(page)) + page)
            sys.stdout.buffer.flush()
    except Refused as refused:
        sys.stderr.write(f"{refused.args[0]} {refused.args[1]}\n")
        return 1
    return 0


def _pdf(data: bytes) -> Iterator[bytes]:
    import pypdfium2
    from pypdfium2 import raw

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        encrypted = raw.FPDF_GetLastError() == raw.FPDF_ERR_PASSWORD or "assword" in str(error)
        raise Refused("DOCUMENT_ENCRYPTED" if encrypted else "DOCUMENT_BROKEN", "") from error
    if raw.FPDF_GetSecurityHandlerRevision(document.raw) >= 0:  # opens without a password, and forbids copies
        raise Refused("DOCUMENT_ENCRYPTED", "")
    if raw.FPDFDoc_GetJavaScriptActionCount(document.raw) > 0 or raw.FPDFDoc_GetAttachmentCount(document.raw) > 0:
        raise Refused("DOCUMENT_ACTIVE", "")
    if not 1 <= len(document) <= MOST_PAGES:
        raise Refused("DOCUMENT_PAGES" if len(document) else "DOCUMENT_EMPTY", str(MOST_PAGES))
    _require_passive(data)
    scale = RENDER_DPI / POINTS
    for number in range(len(document)):
        page = document[number]
        width, height = page.get_size()
        _require_pixels(width * scale, height * scale)
        picture = page.render(scale=scale, may_draw_forms=True).to_pil()
        yield _png(picture.convert("RGB"))
        page.close()


def _require_passive(data: bytes) -> None:
    """PDFium counts only the scripts that a document lists; others hang on pages, notes, fields and its opening."""
    import pikepdf

    with pikepdf.open(io.BytesIO(data)) as document:
        for number, thing in enumerate(document.objects):
            if number > MOST_OBJECTS:
                raise Refused("DOCUMENT_PAGES", str(MOST_PAGES))
            if isinstance(thing, pikepdf.Dictionary | pikepdf.Stream | pikepdf.Array) and _acts(thing, 0):
                raise Refused("DOCUMENT_ACTIVE", "")


def _acts(thing: Any, depth: int) -> bool:
    """Whether a dictionary, or one written into it, runs, starts or sends something."""
    import pikepdf

    listed = isinstance(thing, pikepdf.Array)
    if not listed and ("/JS" in thing or str(thing.get("/S", "")) in ACTIONS):
        return True
    inner = [] if depth == DEEPEST else list(thing) if listed else [value for _, value in thing.items()]
    written_here = (one for one in inner if isinstance(one, pikepdf.Dictionary | pikepdf.Array) and not one.is_indirect)
    return any(_acts(one, depth + 1) for one in written_here)


def _tiff(data: bytes) -> Iterator[bytes]:
    from PIL import TiffImagePlugin

    with TiffImagePlugin.TiffImageFile(io.BytesIO(data)) as image:
        frames = directories(data)
        if frames > MOST_PAGES:
            raise Refused("DOCUMENT_PAGES", str(MOST_PAGES))
        for number in range(frames):
            image.seek(number)
            _require_pixels(*image.size)
            yield _png(image.convert("RGB"))


def _require_pixels(width: float, height: float) -> None:
    if not 0 < width * height <= MOST_PIXELS:
        raise Refused("DOCUMENT_PIXELS", str(MOST_PIXELS))


def _png(picture: "object") -> bytes:
    import numpy as np

    from node_agent.imaging.picture import encode_png

    return encode_png(np.ascontiguousarray(np.asarray(picture, np.uint8)[:, :, ::-1]))


if __name__ == "__main__":
    sys.exit(main())

"""A masked document: pages as pictures alone, in a PDF made from nothing else (standards 15: flattened, never an
overlay).

Invariants: the PDF holds one image a page and no text, layer, form, script, attachment, earlier revision or metadata of
the pages' origin; it is opened again before it is given out.
"""

from collections.abc import Sequence

import img2pdf
import pypdfium2

from crypto.refusal import Refusal
from node_agent.imaging.redaction.mask import Masked
from node_agent.imaging.redaction.tiles import RULE


def masked_pdf(pages: Sequence[Masked], dpi: int = 200) -> bytes:
    """The pages in order. ``dpi``: for the size of the sheets. Refusal MASK_FAILED."""
    layout = img2pdf.get_fixed_dpi_layout_fun((dpi, dpi))
    data = img2pdf.convert([page.data for page in pages], layout_fun=layout, nodate=True, producer="")
    if data is None:
        raise Refusal("MASK_FAILED", RULE, step="format")
    out = bytes(data)
    _require_pictures(out, len(pages))
    return out


def _require_pictures(data: bytes, pages: int) -> None:
    document = pypdfium2.PdfDocument(data)
    try:
        if len(document) != pages:
            raise Refusal("MASK_FAILED", RULE, step="pages")
        for page in document:
            kinds = [thing.type for thing in page.get_objects()]
            if kinds != [pypdfium2.raw.FPDF_PAGEOBJ_IMAGE] or page.get_textpage().count_chars():
                raise Refusal("MASK_FAILED", RULE, step="layers")
    finally:
        document.close()

"""What the holder of a case shows to somebody outside, with openings that an auditor checks (issue 5, part 5).

Masked pages (``imaging.redaction.disclosure``), a masked document of a whole line, single fields of the form.

Invariants:
- only the masked rendition as it was sealed leaves, and only after the auditor's own check passed here;
- of a line all pages are given, or none: a page without a masked copy stops the whole document (H01);
- a field is shown with its path and value; of the others only their number is told.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from crypto import canonical
from crypto.fields import check_fields, flattened, open_fields
from crypto.manifest import read as read_manifest
from crypto.refusal import Refusal
from hub.casework.facts import FORM
from node_agent.transfer.opening import OpenedCase, OpenedLine, OpenedPage

RULE: Final = "architecture: provable masking; standards 15; H01"
MASKED, OPENING, MANIFEST, DOCUMENT = "masked.png", "opening.json", "manifest.json", "masked.pdf"
FIELDS: Final = "fields.json"
DPI: Final = 200
Files = dict[str, bytes]
"""Contents by path below the folder that is handed over."""


@dataclass(frozen=True)
class CheckedFields:
    """What an auditor knows now: these fields stand so in the form of this manifest. ``values``: by path."""

    manifest: str
    case: str
    line: str
    page: int
    values: Mapping[str, object]


def masked_page(opened: OpenedCase, line: str, page: int) -> Files:
    """Masked page, opening and manifest. Refusals MASK_MISSING and those of ``disclose``."""
    manifest, found, pages = _line(opened, line, page)
    return _disclosed(manifest, found, pages[page])


def masked_line(opened: OpenedCase, line: str) -> Files:
    """All pages of a line, each with its proof in a folder of its own, and one flat PDF of them to read or print.

    Refusals MASK_MISSING (any page without a masked copy), MASK_FAILED, those of ``disclose``.
    """
    from node_agent.imaging.redaction.disclosure import check  # here, not above: OpenCV is slow to load
    from node_agent.imaging.redaction.document import masked_pdf
    from node_agent.imaging.redaction.mask import Masked

    manifest, found, pages = _line(opened, line, 1)
    made: Files = {}
    shown = []
    for number in sorted(pages):
        one = _disclosed(manifest, found, pages[number])
        made |= {f"page-{number:03}/{name}": data for name, data in one.items()}
        shown.append(Masked(one[MASKED], check(one[MANIFEST], one[OPENING], one[MASKED]).boxes))
    capture = pages[1].capture
    return made | {DOCUMENT: masked_pdf(shown, capture.dpi if capture else DPI)}


def fields_of(opened: OpenedCase) -> list[str]:
    """Paths of the form's fields, without their values."""
    return [path for path, _ in flattened(opened.form)]


def form_fields(opened: OpenedCase, paths: Collection[str]) -> Files:
    """The opening of these fields of the form, and the manifest. Refusals FIELD_UNKNOWN, PAGE_UNCOMMITTED."""
    line = next((one for one in opened.lines if one.material == FORM), None)
    if line is None or not line.pages or line.pages[0].salted is None:
        raise Refusal("PAGE_UNCOMMITTED", RULE)
    salt, data = line.pages[0].salted()
    form: dict[str, Any] = json.loads(data)
    document = {
        "v": 1,
        "manifest": canonical.digest(opened.manifest),
        "line": line.line,
        "page": 1,
        "opened": open_fields(form, salt, paths),
    }
    made = {FIELDS: canonical.encode(document), MANIFEST: opened.manifest}
    check_form_fields(made[MANIFEST], made[FIELDS])
    return made


def check_form_fields(manifest: bytes, opening: bytes) -> CheckedFields:
    """What an auditor does, with nothing but these two files.

    1. the opening names this manifest, a line and a page of it   2. the page is committed to field by field
    3. every field shown stands in the committed form

    Refusals NOT_CANONICAL, OPENING_FORMAT, OPENING_OTHER_PAGE (1), PAGE_UNCOMMITTED (2), OPENING_MISMATCH (3),
    MANIFEST_FORMAT.
    """
    made, told = read_manifest(manifest), canonical.parse(opening)
    line, page, shown = told.get("line"), told.get("page"), told.get("opened")
    if not isinstance(line, str) or type(page) is not int or not isinstance(shown, dict):
        raise Refusal("OPENING_FORMAT", RULE)
    full = made.rendition(line, page, "full")
    if told.get("manifest") != canonical.digest(manifest) or full is None:  # 1
        raise Refusal("OPENING_OTHER_PAGE", RULE)
    if full.fields is None:  # 2
        raise Refusal("PAGE_UNCOMMITTED", RULE)
    return CheckedFields(canonical.digest(manifest), made.case, line, page, check_fields(full.fields, shown))  # 3


# --- pieces ------------------------------------------------------------------------------------------------------


def _line(opened: OpenedCase, line: str, page: int) -> tuple[bytes, OpenedLine, dict[int, OpenedPage]]:
    """Manifest, line, pages by number. ``line``: its id or material; of a supplement with ``S<revision>-`` before."""
    named = [("", opened.manifest, one) for one in opened.lines]
    named += [(f"S{made.revision}-", made.manifest, one) for made in opened.addenda for one in made.lines]
    for prefix, manifest, one in named:
        pages = {shown.number: shown for shown in one.pages}
        if line in (prefix + one.line, prefix + one.material) and page in pages:
            return manifest, one, pages
    raise Refusal("MASK_MISSING", RULE, line=line[:40], page=page)


def _disclosed(manifest: bytes, line: OpenedLine, page: OpenedPage) -> Files:
    from node_agent.imaging.redaction.disclosure import disclose  # here, not above: OpenCV is slow to load

    if page.salted is None or "masked" not in page.others:
        raise Refusal("MASK_MISSING", RULE, line=line.line, page=page.number)
    salt, full = page.salted()
    masked = page.others["masked"][1]()
    made = disclose(manifest, line.line, page.number, salt=salt, full=full, masked=masked)
    return {MASKED: made.masked, OPENING: made.opening, MANIFEST: manifest}

"""node_agent.imaging.redaction: nothing of what is covered survives, and the masked page is provably the sealed one."""

import base64
import io
import struct
import zlib
from collections.abc import Mapping

import numpy as np
import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from crypto import canonical
from hub.casework.masking.pictures import PageKind
from node_agent.imaging.finding.found import Found
from node_agent.imaging.finding.judged import Judged
from node_agent.imaging.picture import decode, encode_png
from node_agent.imaging.redaction import sheet as marks
from node_agent.imaging.redaction.document import masked_pdf
from node_agent.imaging.redaction.mask import boxes_of, chunks_of, mask_page, view_of
from node_agent.imaging.redaction.tiles import (
    TILE,
    Box,
    check_masked,
    differing,
    open_masked,
    root_of_page,
    snapped,
)
from tests.pages import card, jpeg, sheet
from tests.refused import code_of

SALT = bytes(range(32))
NAME = "余知远"
ID = "360101199003070018"
PAGE = decode(card(5))
HEIGHT, WIDTH = PAGE.shape[:2]
BOXES = st.lists(
    st.builds(
        Box, st.integers(0, WIDTH - 1), st.integers(0, HEIGHT - 1), st.integers(1, WIDTH), st.integers(1, HEIGHT)
    ),
    max_size=5,
)


def encodings(text: str) -> list[bytes]:
    """A value in every encoding that a file of ours, or of a scanner, uses."""
    plain = [text.encode(name) for name in ("utf-8", "utf-16-le", "utf-16-be", "gb18030")]
    return [*plain, *(base64.b64encode(one) for one in plain), *(one.hex().encode() for one in plain)]


def dirty(kind: str) -> bytes:
    """A page whose file says the applicant's name and number in every place that a file has for it."""
    image = Image.fromarray(np.ascontiguousarray(PAGE[:, :, ::-1]))
    out, secret = io.BytesIO(), f"{NAME}{ID}"
    exif = Image.Exif()
    exif[0x010E] = secret  # ImageDescription
    exif[0x9C9B] = secret.encode("utf-16-le")  # XPTitle
    if kind == "JPEG":
        image.save(out, kind, exif=exif, comment=secret.encode(), icc_profile=secret.encode() * 3, quality=90)
    elif kind == "PNG":
        texts = PngImagePlugin.PngInfo()
        texts.add_text("Comment", secret)
        texts.add_itxt("XML:com.adobe.xmp", secret)
        image.save(out, kind, exif=exif, pnginfo=texts, icc_profile=secret.encode() * 3)
    else:
        image.save(out, kind, tiffinfo={270: secret, 315: secret})
    return out.getvalue() + secret.encode()


@given(boxes=BOXES)
@settings(max_examples=40, deadline=None)
def test_a_masked_page_differs_only_inside_its_boxes_and_proves_it(boxes: list[Box]) -> None:
    masked = mask_page(card(5), boxes)
    pixels = decode(masked.data)
    declared = np.zeros((HEIGHT, WIDTH), bool)
    for box in masked.boxes:
        declared[box.y : box.y + box.height, box.x : box.x + box.width] = True
        assert not pixels[box.y : box.y + box.height, box.x : box.x + box.width].any()
    for box in boxes:
        assert declared[box.y : box.y + box.height, box.x : box.x + box.width].all(), "every box asked for is covered"
    assert bool((pixels[~declared] == PAGE[~declared]).all())
    check_masked(pixels, root_of_page(PAGE, SALT), masked.boxes, open_masked(PAGE, SALT, masked.boxes))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_no_byte_of_the_old_file_survives(kind: str) -> None:
    data = dirty(kind)
    assert any(one in data for one in encodings(ID))
    masked = mask_page(data, [Box(100, 100, 200, 40)])
    whole = masked.data + zlib.decompress(b"".join(_bodies(masked.data)[b"IDAT"]))
    for value in (NAME, ID, NAME + ID):
        assert all(one not in whole for one in encodings(value))
    assert set(chunks_of(masked.data)) == {b"IHDR", b"IDAT", b"IEND"}
    assert all(masked.data.find(data[at : at + 24]) < 0 for at in range(64, len(data) - 24, 997))


def _bodies(png: bytes) -> Mapping[bytes, list[bytes]]:
    at, found = 8, dict[bytes, list[bytes]]()
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        found.setdefault(png[at + 4 : at + 8], []).append(png[at + 8 : at + 8 + length])
        at += 12 + length
    return found


def test_what_was_covered_is_nowhere_in_the_pixels() -> None:
    """Two pages that differ only under the box give the same masked file, to the last byte."""
    other = PAGE.copy()
    other[112:144, 112:304] = sheet(99)[112:144, 112:304]
    boxes = [Box(112, 112, 192, 32)]
    assert mask_page(encode_png(PAGE), boxes).data == mask_page(encode_png(other), boxes).data


def test_boxes_grow_to_tiles_and_end_at_the_rim() -> None:
    assert snapped(PAGE, [Box(17, 17, 1, 1)]) == (Box(16, 16, 16, 16),)
    (edge,) = snapped(PAGE, [Box(WIDTH - 1, HEIGHT - 1, 500, 500)])
    assert (edge.x + edge.width, edge.y + edge.height) == (WIDTH, HEIGHT)
    assert code_of(lambda: snapped(PAGE, [Box(WIDTH, 0, 5, 5)])) == "BOX_OUTSIDE"
    assert code_of(lambda: snapped(PAGE, [Box(5, 5, 0, 5)])) == "BOX_OUTSIDE"


@pytest.mark.parametrize(
    "lie, code",
    [
        ("one pixel", "OPENING_MISMATCH"),
        ("half covered", "MASK_NOT_SOLID"),
        ("more covered than declared", "OPENING_MISMATCH"),
        ("another page", "OPENING_MISMATCH"),
        ("box off the tiles", "BOX_NOT_TILES"),
        ("cut", "OPENING_MISMATCH"),
    ],
)
def test_an_auditor_finds_every_lie(lie: str, code: str) -> None:
    masked = mask_page(card(5), [Box(100, 100, 200, 40)])
    pixels, boxes, root = decode(masked.data).copy(), masked.boxes, root_of_page(PAGE, SALT)
    opening = open_masked(PAGE, SALT, boxes)
    if lie == "one pixel":
        pixels[3, 3, 0] ^= 1
    elif lie == "half covered":
        pixels[boxes[0].y, boxes[0].x] = 255
    elif lie == "more covered than declared":
        pixels[320:336, 320:336] = 0
    elif lie == "another page":
        root = root_of_page(sheet(6), SALT)
    elif lie == "box off the tiles":
        boxes = (Box(boxes[0].x + 1, boxes[0].y, boxes[0].width, boxes[0].height),)
    else:
        pixels = np.ascontiguousarray(pixels[:-TILE])
    assert code_of(lambda: check_masked(pixels, root, boxes, opening)) == code


def test_an_opening_tells_nothing_of_what_is_covered() -> None:
    """The same opening but for hashes under a salt that stays: tiles that were tried by guess do not fit."""
    boxes = snapped(PAGE, [Box(100, 100, 200, 40)])
    opening = open_masked(PAGE, SALT, boxes)
    assert SALT not in opening.seeds
    assert len(opening.seeds) + len(opening.hashes) < 400, "small enough to print beside the page"


def test_tiles_that_differ_are_named() -> None:
    other = PAGE.copy()
    other[20, 20] = 1
    assert differing(PAGE, other) == (Box(16, 16, 16, 16),)
    assert code_of(lambda: differing(PAGE, PAGE[:-1])) == "MASK_OTHER_PAGE"


def test_a_png_with_anything_more_is_no_masked_page() -> None:
    data = mask_page(card(5), []).data
    assert code_of(lambda: chunks_of(data + b"tail")) == "MASK_FAILED"
    assert code_of(lambda: chunks_of(card(5))) == "MASK_FAILED"


def test_a_masked_document_is_pictures_and_nothing_else() -> None:
    pages = [mask_page(dirty(kind), [Box(100, 100, 200, 40)]) for kind in ("JPEG", "PNG")]
    data = masked_pdf(pages)
    for value in (NAME, ID):
        assert all(one not in data for one in encodings(value))
    document = pypdfium2.PdfDocument(data)
    assert len(document) == 2
    assert document.get_metadata_dict().get("Author", "") == ""
    assert all(name not in data for name in (b"/JavaScript", b"/AcroForm", b"/Annots", b"/EmbeddedFile"))
    seen = np.asarray(document[0].render(scale=200 / 72).to_numpy())
    assert seen[120, 200, :3].max() < 5, "covered in the document too"
    document.close()


# --- the clerk's one look ----------------------------------------------------------------------------------------

JUDGED = Judged(
    (
        Found(PageKind.CITIZEN_ID, (100, 100, 300, 140), 1.0, "CHECKSUM", ID),
        Found(PageKind.SEAL, (400, 300, 500, 400), 0.9, "RED"),
        Found(PageKind.NAME, (50, 200, 120, 230), 0.8, "LABEL", NAME),
    ),
    (),
    0,
)


def test_what_was_found_is_proposed_and_seals_stay_visible() -> None:
    proposed = marks.proposed(JUDGED)
    assert [(mark.kind, mark.origin, mark.covers) for mark in proposed] == [
        ("CITIZEN_ID", "FOUND", True),
        ("NAME", "FOUND", True),
    ]
    assert NAME not in str(marks.documents(proposed)) and ID not in str(marks.documents(proposed))


def test_a_box_is_added_freely_and_taken_away_with_a_reason() -> None:
    held = marks.added(marks.proposed(JUDGED), (10, 10, 40, 40), "ADDRESS", "person")
    assert code_of(lambda: marks.removed(held, 2, "", "person")) == "REASON_UNKNOWN"
    assert code_of(lambda: marks.removed(held, 2, "BECAUSE", "person")) == "REASON_UNKNOWN"
    assert code_of(lambda: marks.removed(held, 9, "OFFICIAL", "person")) == "BOX_NUMBER"
    held = marks.removed(held, 2, "OFFICIAL", "person")
    assert [(mark.covers, mark.reason, mark.by) for mark in held][1] == (False, "OFFICIAL", "person")
    assert len(boxes_of(held)) == 2, "the opened one is on record and not covered"
    assert len(marks.removed(held, 3, "NOT_PERSONAL", "person")) == 2, "an added one goes"
    assert marks.from_documents(marks.documents(held)) == held
    canonical.encode(marks.documents(held))


def test_a_box_needs_area_and_a_kind() -> None:
    assert code_of(lambda: marks.added([], (10, 10, 10, 40), "NAME", "p")) == "BOX_OUTSIDE"
    assert code_of(lambda: marks.added([], (10, 10, 40, 40), "SHOE_SIZE", "p")) == "MARK_KIND"


def test_the_one_look_shows_numbers_on_the_page_and_changes_nothing_else() -> None:
    held = marks.removed(marks.proposed(JUDGED), 2, "OFFICIAL", "person")
    seen = decode(view_of(jpeg(PAGE), held))
    assert tuple(seen[100, 200]) == (0, 0, 255) and tuple(seen[200, 100]) == (0, 140, 255)
    assert seen.shape == PAGE.shape

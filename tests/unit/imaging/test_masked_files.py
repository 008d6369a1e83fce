"""Any page in any file that is taken in: masked, it differs inside its boxes alone, and nothing of the file survives
(issue 5, property tests; H01)."""

import io
import struct

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from hub.casework.masking.fields import Profile
from node_agent.imaging.check import inspect_page
from node_agent.imaging.picture import decode
from node_agent.imaging.redaction.document import masked_pdf
from node_agent.imaging.redaction.mask import ALLOWED_CHUNKS, chunks_of, mask_page
from node_agent.imaging.redaction.tiles import TILE, Box, check_masked, open_masked, root_of_page
from tests.writings import holds, unpacked, writings_of

pytestmark = pytest.mark.requirement("H01")
NAME, ID, PHONE, PLACE = "余知远", "360101199003070018", "13800000000", "江西省南昌市东湖区样例路1号"
SECRETS = (NAME, ID, PHONE, PLACE)
SALT = bytes(range(32))
KINDS = ("jpeg", "grey jpeg", "cmyk jpeg", "progressive", "png", "grey png", "16 bit", "alpha", "16 bit alpha",
         "palette", "bilevel", "tiff", "tiff alpha", "cmyk tiff")  # fmt: skip
Noise = npt.NDArray[np.uint8]


def pixels(width: int, height: int, seed: int) -> Noise:
    """Noise with flat parts, so that every decoder has something to get wrong."""
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    noise[: height // 2, : width // 3] = (240, 10, 90)
    return noise


def written(kind: str, page: Noise, turn: int) -> bytes:
    """The page in a file of this kind, with all four secrets wherever such a file has room for words."""
    secret, out = " ".join(SECRETS), io.BytesIO()
    image, exif = Image.fromarray(page), Image.Exif()
    exif[0x0112], exif[0x010E] = turn, secret
    exif[0x9C9B] = secret.encode("utf-16-le")
    if "16 bit" in kind:
        deep = page.astype(np.uint16) * 257
        if "alpha" in kind:
            deep = np.dstack([deep, np.full(page.shape[:2], 40_000, np.uint16)])
        return _with_texts(cv2.imencode(".png", deep)[1].tobytes(), secret)
    if "jpeg" in kind or kind == "progressive":
        mode = {"grey jpeg": "L", "cmyk jpeg": "CMYK"}.get(kind, "RGB")
        image.convert(mode).save(
            out, "JPEG", quality=92, exif=exif, comment=secret.encode(), progressive=kind == "progressive",
            icc_profile=secret.encode("utf-16-be") * 2,
        )  # fmt: skip
        return out.getvalue() + secret.encode("gb18030")
    if "tiff" in kind:
        if "alpha" in kind:
            image.putalpha(Image.fromarray(page[:, :, 0]))
        made = image.convert("CMYK") if kind == "cmyk tiff" else image
        made.save(out, "TIFF", tiffinfo={270: secret, 274: turn, 315: secret, 700: secret.encode()})
        return out.getvalue()
    if kind == "alpha":
        image.putalpha(Image.fromarray(page[:, :, 0]))
    modes = {"grey png": "L", "palette": "P", "bilevel": "1"}
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Comment", secret.encode().decode("latin-1"), zip=True)
    texts.add_itxt("XML:com.adobe.xmp", secret, zip=True)
    image.convert(modes.get(kind, image.mode)).save(out, "PNG", exif=exif, pnginfo=texts, icc_profile=secret.encode())
    return out.getvalue() + secret.encode("utf-16-le")


def _with_texts(png: bytes, secret: str) -> bytes:
    import zlib

    body = b"Comment\0" + secret.encode()
    text = struct.pack(">I", len(body)) + b"tEXt" + body + struct.pack(">I", zlib.crc32(b"tEXt" + body))
    return png[:33] + text + png[33:]


BOXES = st.lists(
    st.builds(Box, st.integers(-3, 90), st.integers(-3, 90), st.integers(1, 60), st.integers(1, 60)), max_size=4
)


@given(
    kind=st.sampled_from(KINDS), width=st.sampled_from([1, 2, 15, 16, 17, 33, 64, 97]),
    height=st.sampled_from([1, 3, 15, 16, 17, 31, 80]), turn=st.integers(1, 8), seed=st.integers(0, 99), boxes=BOXES,
)  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_a_masked_page_differs_inside_its_boxes_alone_whatever_its_file(
    kind: str, width: int, height: int, turn: int, seed: int, boxes: list[Box]
) -> None:
    data = written(kind, pixels(width, height, seed), turn)
    assert holds(data, [ID]), "the file tells of somebody"
    inspect_page("a", data)
    page = decode(data)
    high, wide = page.shape[:2]
    asked = [box for box in boxes if box.x < wide and box.y < high and box.x + box.width > 0 and box.y + box.height > 0]
    masked = mask_page(data, asked)
    got = decode(masked.data)
    inside = np.zeros((high, wide), bool)
    for box in masked.boxes:
        assert box.x % TILE == 0 and box.y % TILE == 0
        inside[box.y : box.y + box.height, box.x : box.x + box.width] = True
    for box in asked:
        assert inside[max(0, box.y) : box.y + box.height, max(0, box.x) : box.x + box.width].all()
    assert got.shape == page.shape and not got[inside].any()
    assert bool((got[~inside] == page[~inside]).all())
    check_masked(got, root_of_page(page, SALT), masked.boxes, open_masked(page, SALT, masked.boxes))
    assert set(chunks_of(masked.data)) <= ALLOWED_CHUNKS
    assert not holds(masked.data, SECRETS)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("turn", [1, 6])
def test_pages_are_upright_as_their_exif_says(kind: str, turn: int) -> None:
    """Boxes are drawn on what a person sees, whatever the file's kind."""
    page = np.full((40, 64, 3), 255, np.uint8)
    page[:20, :32] = 0  # dark where the camera's upper left was
    if "16 bit" in kind:
        turn = 1  # written without EXIF
    got = decode(written(kind, page, turn)).astype(int).sum(axis=2)
    high, wide = got.shape
    assert (high, wide) == ((40, 64) if turn == 1 else (64, 40))
    corners = {
        (row, column): int(got[high // 4 + row * high // 2, wide // 4 + column * wide // 2])
        for row in (0, 1)
        for column in (0, 1)
    }
    if "alpha" not in kind or "16" in kind:  # there the dark corner is the transparent one
        assert min(corners, key=lambda place: corners[place]) == ((0, 0) if turn == 1 else (0, 1))


def test_nothing_hides_under_an_alpha_channel() -> None:
    page = np.zeros((64, 64, 4), np.uint8)
    page[20:40, 20:40, :3] = 200  # words that nobody sees
    out = io.BytesIO()
    Image.fromarray(page).save(out, "PNG")
    masked = mask_page(out.getvalue(), [])
    assert bool((decode(masked.data) == 255).all())


@pytest.mark.parametrize("kind", ["jpeg", "cmyk jpeg", "png", "alpha", "tiff"])
def test_a_masked_document_holds_no_writing_of_a_value(kind: str) -> None:
    data = written(kind, pixels(97, 80, 3), 6)
    assert {value for value, _ in holds(data, SECRETS)} == set(SECRETS)
    out = masked_pdf([mask_page(data, [Box(0, 0, 40, 20)])] * 2)
    assert len(list(unpacked(out))) > 2, "its streams were looked into"
    assert not holds(out, SECRETS)


def test_a_thumbnail_of_the_page_does_not_survive() -> None:
    """EXIF holds a small picture of what is covered."""
    small = io.BytesIO()
    Image.fromarray(pixels(64, 48, 7)).save(small, "JPEG")
    exif = b"Exif\0\0II*\0\x08\0\0\0\0\0" + struct.pack("<I", 14) + struct.pack("<H", 2)
    exif += struct.pack("<HHII", 0x0201, 4, 1, 44) + struct.pack("<HHII", 0x0202, 4, 1, len(small.getvalue()))
    out = io.BytesIO()
    Image.fromarray(pixels(97, 80, 7)).save(out, "JPEG", exif=exif + bytes(4) + small.getvalue())
    assert small.getvalue() in out.getvalue()
    masked = mask_page(out.getvalue(), [Box(0, 0, 97, 80)])
    assert small.getvalue()[20:60] not in masked.data
    assert not decode(masked.data).any()


def test_both_profiles_cover_the_same_of_a_picture() -> None:
    """A picture has no half-open values (standards.md 15, row 图片)."""
    from hub.casework.masking.pictures import PageKind, is_covered

    for profile in Profile:
        assert {kind for kind in PageKind if not is_covered(kind, profile)} == {PageKind.SEAL}
    assert set(writings_of(ID)) > {"utf-8", "utf-16-le base64 1", "json wide", "gb18030 wide percent"}

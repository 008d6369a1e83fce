"""node_agent.imaging.check: what is refused as a page, and that the facts are those of the bytes."""

import hashlib
import io
import os
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from crypto.refusal import Refusal
from node_agent.imaging.check import MAX_BYTES, check_name, inspect_file, inspect_page, read_page
from tests.hostile import chunk


def picture(reader: str = "JPEG", size: tuple[int, int] = (120, 90), mode: str = "RGB", **options: object) -> bytes:
    """A picture with structure, so that compressed data is longer than one block."""
    image = Image.effect_noise(size, 60).convert(mode)
    out = io.BytesIO()
    image.save(out, reader, **options)
    return out.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG that only claims its size: signature, IHDR, a little data, IEND."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


def refused(name: str, data: bytes) -> Refusal:
    with pytest.raises(Refusal) as caught:
        inspect_page(name, data)
    return caught.value


@pytest.mark.parametrize(
    ("reader", "media_type"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("TIFF", "image/tiff")]
)
def test_facts_come_from_the_content(reader: str, media_type: str) -> None:
    data = picture(reader)
    facts = inspect_page("scan.bin", data)
    assert facts.media_type == media_type
    assert (facts.width, facts.height, facts.mode) == (120, 90, "RGB")
    assert facts.byte_size == len(data)
    assert facts.sha256 == hashlib.sha256(data).hexdigest()


def test_suffix_is_not_believed() -> None:
    assert inspect_page("page.jpg", picture("PNG")).media_type == "image/png"
    assert refused("page.jpg", b"hello, I am text").code == "PAGE_NOT_IMAGE"


@pytest.mark.parametrize(
    ("size", "dpi"),
    [((1654, 2339), 200), ((2339, 1654), 200), ((1645, 2339), 199), ((2480, 3508), 300), ((2592, 1944), 222)],
)
def test_dpi_is_that_of_an_a4_sheet(size: tuple[int, int], dpi: int) -> None:
    out = io.BytesIO()
    Image.new("1", size).save(out, "PNG")
    assert inspect_page("a.png", out.getvalue()).dpi_a4 == dpi


def test_grey_and_alpha_keep_their_mode() -> None:
    assert inspect_page("a", picture("PNG", mode="RGBA")).mode == "RGBA"
    assert inspect_page("a", picture("JPEG", mode="L")).mode == "L"


def test_empty() -> None:
    assert refused("a.jpg", b"").code == "PAGE_EMPTY"


@pytest.mark.parametrize("reader", ["JPEG", "PNG", "TIFF"])
@pytest.mark.parametrize("keep", [0.0002, 0.01, 0.5, 0.95, 0.999])
def test_truncated_anywhere(reader: str, keep: float) -> None:
    data = picture(reader, size=(600, 500))
    cut = data[: max(2, int(len(data) * keep))]
    assert refused("a", cut).code == "PAGE_TRUNCATED"


@pytest.mark.parametrize("reader", ["JPEG", "PNG", "TIFF"])
@pytest.mark.parametrize("missing", [1, 2, 4, 12])
def test_last_bytes_missing(reader: str, missing: int) -> None:
    assert refused("a", picture(reader)[:-missing]).code == "PAGE_TRUNCATED"


def test_damaged_png_is_found_by_its_check_sum() -> None:
    data = bytearray(picture("PNG", size=(400, 400)))
    data[len(data) // 2] ^= 1
    assert refused("a", bytes(data)).code == "PAGE_TRUNCATED"


@pytest.mark.parametrize("reader", ["GIF", "BMP", "WEBP", "PDF"])
def test_other_formats(reader: str) -> None:
    refusal = refused("a.jpg", picture(reader))
    assert (refusal.code, refusal.values["format"]) == ("PAGE_FORMAT", reader)


@pytest.mark.parametrize(("width", "height"), [(30_000, 30_000), (10_001, 10_000), (1, 100_000_001)])
def test_too_many_pixels_are_refused_by_the_header(width: int, height: int) -> None:
    refusal = refused("a.png", png_header(width, height))
    assert refusal.code == "PAGE_PIXELS"
    assert (refusal.values["width"], refusal.values["height"]) == (str(width), str(height))


def test_a_header_that_lies_within_the_limit_is_a_truncated_page() -> None:
    assert refused("a.png", png_header(3000, 3000)).code == "PAGE_TRUNCATED"


@pytest.mark.parametrize("reader", ["TIFF", "PNG"])
def test_several_pages_in_one_file(reader: str) -> None:
    out = io.BytesIO()
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "green")]
    frames[0].save(out, reader, save_all=True, append_images=frames[1:])
    refusal = refused("a", out.getvalue())
    assert (refusal.code, refusal.values["frames"]) == ("PAGE_NOT_SINGLE", "2")


@pytest.mark.parametrize(
    "name",
    [
        "", ".", "..", "../../x", "/etc/passwd", "a/b.jpg", "..\\x.jpg", "C:\\x.jpg", "C:x.jpg", "a\x00.jpg",
        "a\n.jpg", "a\x7f.jpg", "a\u202egpj.exe", "a\u2028b", "页" * 67, "a\udcff.jpg",
    ],
)  # fmt: skip
def test_names_that_leave_the_folder(name: str) -> None:
    assert refused(name, picture()).code == "PAGE_NAME"


@pytest.mark.parametrize("name", ["身份证 正面.jpg", "a..b.png", "~x", "页" * 66, "001"])
def test_ordinary_names(name: str) -> None:
    check_name(name)


def test_file_size_is_known_before_reading(tmp_path: Path) -> None:
    large = tmp_path / "large.jpg"
    with large.open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    large.chmod(0)  # reading it would fail for anybody but root; its size is enough
    with pytest.raises(Refusal) as caught:
        inspect_file(large)
    assert caught.value.code == "PAGE_TOO_LARGE"
    assert caught.value.values == {"bytes": str(100 * 1024 * 1024), "limit": str(MAX_BYTES)}


def test_too_large_in_memory() -> None:
    assert refused("a", bytes(MAX_BYTES + 1)).code == "PAGE_TOO_LARGE"


def test_read_page_gives_facts_of_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(picture())
    facts, data = read_page(path)
    assert data == path.read_bytes()
    assert facts == inspect_page("a.jpg", data) == inspect_file(path)


def test_links_folders_and_pipes_are_no_pages(tmp_path: Path) -> None:
    (tmp_path / "real.jpg").write_bytes(picture())
    (tmp_path / "link.jpg").symlink_to(tmp_path / "real.jpg")
    (tmp_path / "folder.jpg").mkdir()
    os.mkfifo(tmp_path / "pipe.jpg")
    for name in ("link.jpg", "folder.jpg", "pipe.jpg"):
        with pytest.raises(Refusal) as caught:
            inspect_file(tmp_path / name)
        assert caught.value.code == "PAGE_NOT_FILE"

"""node_agent.imaging.sources: one interface; documents under limits, scanners, cameras, frames of a browser (A04)."""

import base64
import io
import os
import shutil
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import img2pdf
import numpy as np
import pikepdf
import pytest
from PIL import Image

from crypto.refusal import Refusal
from node_agent.imaging import aside
from node_agent.imaging.check import inspect_page
from node_agent.imaging.picture import decode
from node_agent.imaging.sources import camera, document, scanner
from node_agent.imaging.sources.base import Files, Source
from node_agent.imaging.sources.browser import BrowserFrames
from node_agent.imaging.sources.camera import Camera
from node_agent.imaging.sources.frame import Frame
from node_agent.imaging.sources.scanner import Scanner
from tests.pages import A4, card, jpeg, sheet

SANE = pytest.mark.skipif(shutil.which("scanimage") is None, reason="SANE (package sane-utils) is not on this machine")
SECRET = b"360101199003070018"


def pages_of(source: Source) -> list[bytes]:
    return [frame.read()[1] for frame in source.frames()]


def code_of(frames: Iterator[Frame]) -> str:
    with pytest.raises(Refusal) as caught:
        for frame in frames:
            frame.read()
    return caught.value.code


def pdf(pages: int = 2) -> bytes:
    layout = img2pdf.get_fixed_dpi_layout_fun((200, 200))
    return bytes(img2pdf.convert([card(number) for number in range(pages)], layout_fun=layout))


def changed_pdf(change: Any, **options: Any) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf())) as made:
        change(made)
        made.save(out, **options)
    return out.getvalue()


def put(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


# --- files and documents -----------------------------------------------------------------------------------------


def test_a_folder_gives_pictures_and_each_page_of_a_document(tmp_path: Path) -> None:
    put(tmp_path, "1.jpg", card(1))
    put(tmp_path, "2.pdf", pdf(2))
    frames = list(Files([tmp_path / "1.jpg", tmp_path / "2.pdf"]).frames())
    assert [frame.name for frame in frames] == ["1.jpg", "2-001.png", "2-002.png"]
    facts, data = frames[1].read()
    assert (abs(facts.width - 680) <= 1, abs(facts.height - 430) <= 1, facts.media_type) == (True, True, "image/png")
    difference = np.abs(decode(data)[:430, :680].astype(int) - decode(card(0)).astype(int))
    assert difference.mean() < 12, "drawn at 200 dpi"


def test_a_tiff_of_several_pages_gives_each(tmp_path: Path) -> None:
    pictures = [Image.fromarray(sheet(seed)[:, :, ::-1]) for seed in (1, 2, 3)]
    out = io.BytesIO()
    pictures[0].save(out, "TIFF", save_all=True, append_images=pictures[1:], compression="tiff_lzw")
    pages = pages_of(Files(put(tmp_path, "a.tif", out.getvalue())))
    assert [bool((decode(page) == sheet(seed)).all()) for page, seed in zip(pages, (1, 2, 3), strict=True)] == [
        True
    ] * 3
    single = io.BytesIO()
    pictures[0].save(single, "TIFF")
    assert pages_of(Files(put(tmp_path, "b.tif", single.getvalue()))) == [single.getvalue()], "kept as it came"


def test_nothing_of_a_document_survives_but_pixels(tmp_path: Path) -> None:
    def change(made: pikepdf.Pdf) -> None:
        made.docinfo["/Author"] = SECRET.decode()
        made.pages[0].contents_add(b"BT /F1 1 Tf 3 Tr (" + SECRET + b") Tj ET")

    data = changed_pdf(change, compress_streams=False)
    assert SECRET in data
    assert all(SECRET not in page for page in pages_of(Files(put(tmp_path, "a.pdf", data))))


def script(made: pikepdf.Pdf) -> None:
    action = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert(1)"))
    names = pikepdf.Dictionary(Names=pikepdf.Array([pikepdf.String("a"), made.make_indirect(action)]))
    made.Root.Names = pikepdf.Dictionary(JavaScript=names)


def attachment(made: pikepdf.Pdf) -> None:
    made.attachments["a.exe"] = b"MZ" + bytes(100)


def large(made: pikepdf.Pdf) -> None:
    made.pages[1].MediaBox = pikepdf.Array([0, 0, 14_000, 14_000])


def nothing(made: pikepdf.Pdf) -> None:
    pass


BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "with a script": (lambda: changed_pdf(script), "DOCUMENT_ACTIVE"),
    "with a file in it": (lambda: changed_pdf(attachment), "DOCUMENT_ACTIVE"),
    "with a page of five metres": (lambda: changed_pdf(large), "DOCUMENT_PIXELS"),
    "with a password": (
        lambda: changed_pdf(nothing, encryption=pikepdf.Encryption(owner="o", user="u")),
        "DOCUMENT_ENCRYPTED",
    ),
    "locked": (lambda: changed_pdf(nothing, encryption=pikepdf.Encryption(owner="o", user="")), "DOCUMENT_ENCRYPTED"),
    "cut": (lambda: pdf()[:300], "DOCUMENT_BROKEN"),
    "words": (lambda: b"%PDF-1.7\nThese are words.", "DOCUMENT_BROKEN"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_document_gives_no_page_and_is_named(tmp_path: Path, name: str) -> None:
    make, code = BAD[name]
    path = put(tmp_path, "a.pdf", make())
    frames = list(Files(path).frames())
    assert [frame.name for frame in frames] == ["a.pdf"]
    assert code_of(iter(frames)) == code


def test_ten_thousand_pages_are_refused_before_one_is_drawn(tmp_path: Path) -> None:
    made = pikepdf.new()
    for _ in range(10_000):
        made.add_blank_page(page_size=(200, 200))
    made.save(tmp_path / "a.pdf")
    assert code_of(Files(tmp_path / "a.pdf").frames()) == "DOCUMENT_PAGES"


def test_a_document_that_takes_too_long_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "MOST_SECONDS", 0.01)
    assert code_of(Files(put(tmp_path, "a.pdf", pdf())).frames()) == "DOCUMENT_BROKEN"


def noise(pages: int) -> bytes:
    """Pages that become no smaller as PNG: 3 MB each."""
    seen = np.random.default_rng(7).integers(0, 255, (1000, 1000, 3), np.uint8)
    shots = [jpeg(np.roll(seen, number, axis=0)) for number in range(pages)]
    return bytes(img2pdf.convert(shots, layout_fun=img2pdf.get_fixed_dpi_layout_fun((200, 200))))


PEAK = """
import sys
from pathlib import Path
from node_agent.imaging.sources import render
status = render.main()
said = Path("/proc/self/status").read_text().splitlines()
sys.stderr.write(next(line.split()[1] for line in said if line.startswith("VmHWM:")))
"""


def test_neither_process_holds_more_than_a_page_or_two(tmp_path: Path) -> None:
    """A stack of two hundred sheets is half a gigabyte as pictures.

    ``VmHWM``: ``ru_maxrss`` would keep the peak of the test process which forked the child.
    """
    peaks = []
    for pages in (3, 18):
        data = noise(pages)
        done = subprocess.run([sys.executable, "-c", PEAK], input=data, capture_output=True, check=True)
        assert len(done.stdout) > pages * 2_000_000
        peaks.append(int(done.stderr) << 10)
    assert peaks[1] - peaks[0] < 2 * len(data) + 12_000_000, "15 pages more are 45 MB, beside the file, read and joined"
    path = put(tmp_path, "a.pdf", data)
    tracemalloc.start()
    try:
        held = document.rendered(path, tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 12_000_000
    finally:
        tracemalloc.stop()
    assert len({page()[-3000:-100] for page in held}) == len(held) == 18
    assert [file.name for file in tmp_path.iterdir()] == ["a.pdf"], "pages wait without a name"


def test_a_child_that_sends_beyond_the_limits_or_dies_gives_no_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(tmp_path, "a.pdf", pdf(3))
    for name, limit in (("MOST_PAGE_BYTES", 1000), ("MOST_PAGES", 2)):
        with monkeypatch.context() as patch:
            patch.setattr(document, name, limit)
            assert code_of(Files(path).frames()) == "DOCUMENT_BROKEN"
    late = changed_pdf(large)  # its second page alone is too large: the first one was sent
    assert [frame.name for frame in Files(put(tmp_path, "b.pdf", late)).frames()] == ["b.pdf"]


def test_a_child_that_says_much_beside_its_pages_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A library's warnings of a damaged file fill the pipe: unread, they stop it until the time is up."""
    monkeypatch.setattr(document, "MOST_SECONDS", 20)
    for status, words, code in ((0, "warning", ""), (1, "DOCUMENT_PAGES 200", "DOCUMENT_PAGES")):
        said = f"import sys; sys.stderr.write('x' * 300_000 + chr(10) + {words!r} + chr(10)); sys.stderr.flush(); "
        said += f"sys.stdout.buffer.write(b'\\0\\0\\0\\3abc'); sys.exit({status})"
        command = [sys.executable, "-c", said]
        monkeypatch.setattr(
            document,
            "_child",
            lambda file, command=command: subprocess.Popen(
                command, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            ),
        )
        path = put(tmp_path, "a.pdf", pdf())
        if code:
            assert code_of(Files(path).frames()) == code
        else:
            assert [page() for page in document.rendered(path)] == [b"abc"]


def test_a_full_disk_is_told_of_while_a_document_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "a.pdf", pdf())
    missing = tmp_path / "missing"
    assert code_of(Files(tmp_path / "a.pdf", missing).frames()) == "DRAFT_UNWRITABLE"
    full = Path("/dev/full")
    if full.exists():
        monkeypatch.setattr(aside, "TemporaryFile", lambda dir: full.open("r+b", buffering=0))
        assert code_of(Files(tmp_path / "a.pdf").frames()) == "DRAFT_UNWRITABLE"


def test_a_tiff_that_claims_a_huge_page_is_not_drawn(tmp_path: Path) -> None:
    out = io.BytesIO()
    first, second = Image.new("1", (50, 50)), Image.new("1", (9000, 9000))
    first.save(out, "TIFF", save_all=True, append_images=[second], compression="group4")
    assert code_of(Files(put(tmp_path, "a.tif", out.getvalue())).frames()) == "DOCUMENT_PIXELS"


# --- files that are two things at once ---------------------------------------------------------------------------


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("a.html", "<script>")
    return out.getvalue()


def commented(text: bytes) -> bytes:
    return card(1)[:2] + b"\xff\xfe" + (len(text) + 2).to_bytes(2, "big") + text + card(1)[2:]


@pytest.mark.parametrize(
    "data, code",
    [
        (card(1) + zipped(), "PAGE_POLYGLOT"),
        (commented(b"%PDF-1.4 "), "PAGE_POLYGLOT"),
        (commented(b"<script>alert(1)</script>"), "PAGE_POLYGLOT"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', "PAGE_NOT_IMAGE"),
        (b'<?xml version="1.0"?><svg/>', "PAGE_NOT_IMAGE"),
    ],
)
def test_polyglots_and_renamed_drawings_are_no_pages(data: bytes, code: str) -> None:
    with pytest.raises(Refusal) as caught:
        inspect_page("a.jpg", data)
    assert caught.value.code == code


def test_bytes_that_look_like_a_zips_end_by_chance_are_no_zip() -> None:
    inspect_page("a.jpg", card(1) + b"PK\x05\x06" + bytes(40))


# --- scanners ----------------------------------------------------------------------------------------------------


@SANE
def test_a_sheet_from_the_plate_of_sanes_own_test_scanner() -> None:
    """SANE's test backend draws a grid of squares of 10 mm, at the resolution asked for."""
    options = ("--test-picture=Grid", "-x", "80", "-y", "100")
    (page,) = pages_of(Scanner("test", dpi=200, options=options))
    picture = decode(page)
    assert abs(picture.shape[1] - 80 / 25.4 * 200) <= 2 and abs(picture.shape[0] - 100 / 25.4 * 200) <= 2
    row = picture[40, :, 0] > 128
    edges = np.flatnonzero(np.diff(row.astype(int)))
    assert abs(float(np.median(np.diff(edges))) - 10 / 25.4 * 200) <= 1


@SANE
def test_the_feeder_is_emptied_and_its_end_is_no_fault() -> None:
    small = ("--test-picture=Color pattern", "-x", "20", "-y", "20")
    feeder = "Automatic Document Feeder"
    assert len(pages_of(Scanner("test", dpi=100, feeder=feeder, options=small))) == 10, "that backend feeds ten sheets"
    assert len(pages_of(Scanner("test", dpi=100, feeder=feeder, sheets=3, options=small))) == 3


@SANE
def test_a_scanner_that_is_not_there_is_told_of() -> None:
    assert code_of(Scanner("epson:/dev/none").frames()) == "SCANNER_FAILED"
    assert code_of(Scanner("--help").frames()) == "SCANNER_NAME"
    assert isinstance(scanner.devices(), list)


def test_without_sane_there_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert code_of(Scanner("test").frames()) == "SCANNER_MISSING"
    with pytest.raises(Refusal) as caught:
        scanner.devices()
    assert caught.value.code == "SCANNER_MISSING"


# --- cameras -----------------------------------------------------------------------------------------------------


class FakeLens:
    """A UVC camera as V4L2 shows it: sizes are set one side at a time, an unknown size is answered with the nearest
    one, the first pictures are dark, and a released camera gives nothing."""

    def __init__(self, sizes: list[tuple[int, int]], there: bool = True, gives: bool = True) -> None:
        self.sizes, self.there, self.gives = sizes, there, gives
        self.size, self.shots, self.released, self.motion_jpeg = sizes[-1], 0, False, False
        self._width = 0

    def isOpened(self) -> bool:
        return self.there

    def set(self, propId: int, value: float) -> bool:
        if propId == cv2.CAP_PROP_FOURCC:
            self.motion_jpeg = int(value) == cv2.VideoWriter.fourcc(*"MJPG")
        elif propId == cv2.CAP_PROP_FRAME_WIDTH:
            self._width = int(value)
        elif propId == cv2.CAP_PROP_FRAME_HEIGHT:
            wanted = (self._width, int(value))
            self.size = wanted if wanted in self.sizes else self.sizes[-1]
        return True

    def get(self, propId: int) -> float:
        return float(self.size[0] if propId == cv2.CAP_PROP_FRAME_WIDTH else self.size[1])

    def read(self) -> tuple[bool, Any]:
        if self.released or not self.gives:
            return False, None
        self.shots += 1
        dark = self.shots <= camera.WARM_UP
        return True, np.full((*self.size[::-1], 3), 5 if dark else 200 + self.shots % 2, np.uint8)

    def release(self) -> None:
        self.released = True


def test_a_camera_is_asked_for_its_largest_picture_and_warms_up() -> None:
    lens = FakeLens([(2592, 1944), (640, 480)])
    pages = pages_of(Camera(0, shots=2, opened=lambda number: lens))
    assert [decode(page).shape for page in pages] == [(1944, 2592, 3)] * 2
    assert all(decode(page).mean() > 190 for page in pages), "not one of the dark first pictures"
    assert lens.motion_jpeg and lens.released


@pytest.mark.parametrize(
    "lens, code",
    [
        (FakeLens([(640, 480)]), "CAMERA_SMALL"),
        (FakeLens([(2592, 1944)], there=False), "CAMERA_MISSING"),
        (FakeLens([(2592, 1944)], gives=False), "CAMERA_DARK"),
    ],
)
def test_a_camera_that_gives_no_page_is_released_and_told_of(lens: FakeLens, code: str) -> None:
    assert code_of(Camera(0, opened=lambda number: lens).frames()) == code
    assert lens.released


@pytest.mark.skipif(os.path.exists("/dev/video99"), reason="there is such a camera")
def test_opencv_itself_says_that_a_camera_is_not_there() -> None:
    """All that can be tried of V4L2 without a camera; a real one was not tried here."""
    assert code_of(Camera(99).frames()) == "CAMERA_MISSING"


# --- the browser -------------------------------------------------------------------------------------------------


def test_frames_of_a_browser_page_come_in_order() -> None:
    url = "data:image/jpeg;base64," + base64.b64encode(card(1)).decode()
    source = BrowserFrames([url, card(2)])
    assert pages_of(source) == [card(1), card(2)]
    assert [frame.name for frame in source.frames()] == ["frame-001", "frame-002"]


@pytest.mark.parametrize(
    "sent, code",
    [
        ("data:image/svg+xml;base64,PHN2Zy8+", "FRAME_FORMAT"),
        ("data:image/jpeg;base64,***", "FRAME_FORMAT"),
        ("data:image/jpeg;base64,页", "FRAME_FORMAT"),
        ("data:image/png;base64," + base64.b64encode(b"no picture at all").decode(), "PAGE_NOT_IMAGE"),
        ("data:image/png;base64," + "A" * (90 << 20), "PAGE_TOO_LARGE"),
        (jpeg(sheet(1, A4))[:5000], "PAGE_TRUNCATED"),
    ],
)
def test_what_a_page_claims_is_not_believed(sent: str | bytes, code: str) -> None:
    assert code_of(BrowserFrames([sent]).frames()) == code

"""Pages that must not be taken, brought to the window's own commands: each is named, and nothing of its batch stays."""

import io
import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from deploy.stack.layout import WINDOW
from tests.e2e.town import DEMO, Answer, Town
from tests.hostile import chunk

pytestmark = pytest.mark.e2e
PLAN = json.loads((DEMO / "pages.json").read_text(encoding="utf-8"))
GOOD = (DEMO / PLAN["pages"][0]["file"]).read_bytes()


def huge_header() -> bytes:
    """A PNG of a few bytes that claims 30,000 × 30,000 pixels: decoded, it would fill 2.7 GB."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def hundred_megabytes(path: Path) -> None:
    with path.open("wb") as file:
        file.write(GOOD)
        file.truncate(100 * 1024 * 1024)


def as_gif(path: Path) -> None:
    out = io.BytesIO()
    Image.new("L", (50, 50)).save(out, "GIF")
    path.write_bytes(out.getvalue())


BAD: dict[str, tuple[str, Callable[[Path], object]]] = {
    "no image": ("PAGE_NOT_IMAGE", lambda path: path.write_text("These are words." * 99)),
    "another kind of image": ("PAGE_FORMAT", as_gif),
    "truncated": ("PAGE_TRUNCATED", lambda path: path.write_bytes(GOOD[: len(GOOD) // 2])),
    "empty": ("PAGE_EMPTY", lambda path: path.write_bytes(b"")),
    "100 MB": ("PAGE_TOO_LARGE", hundred_megabytes),
    "30,000 x 30,000 pixels": ("PAGE_PIXELS", lambda path: path.write_bytes(huge_header())),
}
UNFINISHED = {"truncated", "empty"}


@pytest.fixture(scope="module")
def case(town: Town) -> str:
    """A draft."""
    words = ("window", "begin", PLAN["task_code"], "--staff", "A01", "--form", str(DEMO / "form.json"))
    return str(town.said(WINDOW, *words)["case"])


def kept(town: Town, case: str) -> list[Answer]:
    """Lines of the draft's checklist that hold something."""
    lines: list[Answer] = town.said(WINDOW, "window", "check", case)["lines"]
    return [line for line in lines if not line["open"]]


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_page_is_named_and_nothing_of_its_batch_is_kept(
    town: Town, case: str, tmp_path: Path, fault: str
) -> None:
    wanted, make = BAD[fault]
    (tmp_path / "001.jpg").write_bytes(GOOD)
    make(tmp_path / "002.jpg")
    before = kept(town, case)
    # In a folder an unfinished page is waited for (a slow scanner); named itself, it is judged at once.
    source = tmp_path / "002.jpg" if fault in UNFINISHED else tmp_path
    said = town.said(WINDOW, "window", "scan", case, "M04", str(source), code=1)
    assert [(one["file"], one["code"]) for one in said["refused"]] == [("002.jpg", wanted)]
    assert said["refused"][0]["message"] and said["pages"] == []
    assert kept(town, case) == before
    assert not list((town.home(WINDOW) / "drafts").glob(f"{case}/*"))


@pytest.mark.parametrize("name", ["../../x", "../x.jpg", "{absolute}"])
def test_a_list_of_pages_that_leaves_its_folder_is_refused(town: Town, tmp_path: Path, name: str) -> None:
    """A scanner's list is somebody else's words: it must not make the window seal any file that it can read."""
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    for outside in (tmp_path / "x", folder.parent / "x.jpg"):
        outside.write_bytes(GOOD)
    name = name.format(absolute=tmp_path / "x")
    plan = {**PLAN, "pages": [{**PLAN["pages"][0], "file": name}]}
    (folder / "pages.json").write_text(json.dumps(plan), encoding="utf-8")
    before = town.said(WINDOW, "window", "list")
    words = ("--form", str(DEMO / "form.json"), "--staff", "A01", "--no-classified", "--signed", "--notice")
    said = town.said(WINDOW, "window", "collect", str(folder / "pages.json"), *words, code=1)
    assert said["refusal"]["code"] == "PAGE_NAME"
    assert town.said(WINDOW, "window", "list") == before

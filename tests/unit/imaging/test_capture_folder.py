"""node_agent.imaging.sources.folder: whole pages only, in order of names, each once."""

import io
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from crypto.refusal import Refusal
from node_agent.imaging.check import inspect_file
from node_agent.imaging.sources.folder import Settling, pages_in, watch_pages


@pytest.fixture(scope="module")
def page() -> bytes:
    out = io.BytesIO()
    Image.effect_noise((300, 400), 50).save(out, "JPEG")
    return out.getvalue()


def names(paths: Iterator[Path] | list[Path]) -> list[str]:
    return [path.name for path in paths]


def settling(folder: Path) -> Settling:
    return Settling(folder, settle=1.0, patience=10.0)


def test_pages_come_by_name(tmp_path: Path, page: bytes) -> None:
    for name in ("003.jpg", "001.jpg", "002.jpg"):
        (tmp_path / name).write_bytes(page)
    assert names(pages_in(tmp_path, settle=0.01)) == ["001.jpg", "002.jpg", "003.jpg"]


def test_empty_folder_ends_at_once(tmp_path: Path) -> None:
    assert names(pages_in(tmp_path)) == []


@pytest.mark.parametrize("take", [pages_in, lambda folder: watch_pages(folder, threading.Event())])
def test_no_folder(tmp_path: Path, take: object) -> None:
    with pytest.raises(Refusal) as caught:
        next(take(tmp_path / "missing"))  # type: ignore[operator]
    assert caught.value.code == "CAPTURE_FOLDER"


def test_hidden_temporary_linked_and_special_are_no_pages(tmp_path: Path, page: bytes) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in (
        ".a.jpg",
        "~a.jpg",
        "a.jpg~",
        "a.jpg.part",
        "a.TMP",
        "a.jpg.crdownload",
        "Thumbs.db",
        "desktop.ini",
    ):
        (folder / name).write_bytes(page)
    (tmp_path / "outside.jpg").write_bytes(page)
    (folder / "link.jpg").symlink_to(tmp_path / "outside.jpg")
    (folder / "deep").mkdir()
    (folder / "deep" / "b.jpg").write_bytes(page)
    (folder / "c.jpg").write_bytes(page)
    assert names(pages_in(folder, settle=0.01)) == ["c.jpg"]


def test_a_file_must_be_still(tmp_path: Path, page: bytes) -> None:
    files = settling(tmp_path)
    (tmp_path / "a.jpg").write_bytes(page)
    assert files.take(0.0) == []
    assert files.take(0.9) == []
    assert names(files.take(1.0)) == ["a.jpg"]
    assert files.take(9.0) == []


def test_half_a_page_is_never_given_out(tmp_path: Path, page: bytes) -> None:
    files = settling(tmp_path)
    with (tmp_path / "a.jpg").open("wb") as file:
        file.write(page[: len(page) // 2])
        file.flush()
        assert files.take(0.0) == []
        assert files.take(5.0) == []  # still for long, but half
        file.write(page[len(page) // 2 :])
    assert files.take(5.1) == []  # whole, but only just
    (path,) = files.take(6.2)
    assert inspect_file(path).byte_size == len(page)


def test_an_empty_file_is_waited_for(tmp_path: Path, page: bytes) -> None:
    files = settling(tmp_path)
    (tmp_path / "a.jpg").touch()
    assert files.take(0.0) == files.take(2.0) == []
    assert files.waiting
    (tmp_path / "a.jpg").write_bytes(page)
    assert files.take(3.0) == []
    assert names(files.take(4.0)) == ["a.jpg"]
    assert not files.waiting


def test_a_page_that_stays_broken_is_given_out_to_be_refused(tmp_path: Path, page: bytes) -> None:
    files = settling(tmp_path)
    (tmp_path / "a.jpg").write_bytes(page[:-100])
    assert files.take(0.0) == files.take(9.9) == []
    (path,) = files.take(10.0)
    with pytest.raises(Refusal) as caught:
        inspect_file(path)
    assert caught.value.code == "PAGE_TRUNCATED"


def test_what_is_no_image_does_not_wait_for_patience(tmp_path: Path) -> None:
    files = settling(tmp_path)
    (tmp_path / "note.txt").write_text("no image at all", encoding="utf-8")
    files.take(0.0)
    assert names(files.take(1.0)) == ["note.txt"]


def test_an_unfinished_page_holds_back_the_next(tmp_path: Path, page: bytes) -> None:
    files = settling(tmp_path)
    (tmp_path / "1.jpg").write_bytes(page[:500])
    (tmp_path / "2.jpg").write_bytes(page)
    assert files.take(0.0) == files.take(2.0) == []
    (tmp_path / "1.jpg").write_bytes(page)
    files.take(3.0)
    assert names(files.take(4.0)) == ["1.jpg", "2.jpg"]


def test_a_page_shot_again_comes_again(tmp_path: Path, page: bytes) -> None:
    files = settling(tmp_path)
    (tmp_path / "a.jpg").write_bytes(page)
    files.take(0.0)
    assert names(files.take(1.0)) == ["a.jpg"]
    (tmp_path / "a.jpg").write_bytes(page + b"\x00" * 9)
    files.take(2.0)
    assert names(files.take(3.0)) == ["a.jpg"]


def test_a_file_that_vanishes_is_forgotten(tmp_path: Path, page: bytes) -> None:
    files = settling(tmp_path)
    (tmp_path / "a.jpg").write_bytes(page)
    files.take(0.0)
    (tmp_path / "a.jpg").unlink()
    assert files.take(2.0) == []
    assert not files.waiting


@pytest.mark.timeout(30)
def test_watching_finds_old_and_new_pages_and_stops(tmp_path: Path, page: bytes) -> None:
    (tmp_path / "1.jpg").write_bytes(page)
    stop = threading.Event()
    pages = watch_pages(tmp_path, stop, settle=0.05)
    assert next(pages).name == "1.jpg"
    (tmp_path / "2.jpg").write_bytes(page)
    assert next(pages).name == "2.jpg"
    stop.set()
    assert list(pages) == []


@pytest.mark.timeout(30)
def test_watching_waits_for_a_slow_writer(tmp_path: Path, page: bytes) -> None:
    stop = threading.Event()
    half, found = threading.Event(), threading.Event()

    def write() -> None:
        with (tmp_path / "a.jpg").open("wb") as file:
            file.write(page[:700])
            file.flush()
            half.set()
            # Were the half page given out, ``found`` would be set within this second and the test fail below.
            early.append(found.wait(1.0))
            file.write(page[700:])

    early: list[bool] = []
    writer = threading.Thread(target=write)
    writer.start()
    assert half.wait(10)
    path = next(watch_pages(tmp_path, stop, settle=0.05))
    found.set()
    writer.join()
    assert early == [False]
    assert inspect_file(path).byte_size == len(page)

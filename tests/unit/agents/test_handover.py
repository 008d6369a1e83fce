"""node_agent.department.handover: the bundle folder is whole, true to its sources, and written once."""

import hashlib
import io
import json
import os
import stat
import subprocess
from datetime import date
from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from crypto.refusal import Refusal
from hub.casework import numbers
from node_agent.department.handover import BundleLine, write_bundle

CASE_NO = "11360102900001025R4000131012001" + "20261121" + "0001"
FACTS: dict[str, object] = {"case_no": CASE_NO, "accepted_at": "2026-11-21T20:00:00.000+08:00"}
FORM: dict[str, object] = {"applicant": {"name": "余知远", "citizen_id": "360101199003070018"}}
MANIFEST = b'{"v":1}'


def picture(reader: str, seed: int, mode: str = "RGB") -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize((120 + seed, 170)).convert(mode).save(out, reader)
    return out.getvalue()


@pytest.fixture
def lines() -> list[BundleLine]:
    return [
        BundleLine("1", "M01", "食品经营许可申请书", [picture("JPEG", 1), picture("JPEG", 2)]),
        BundleLine("2", "M02", "居民身份证", [picture("PNG", 3, "RGBA"), picture("TIFF", 4)]),
        BundleLine("3", "M03", "营业执照", []),
    ]


def files_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def refused(target: Path, lines: list[BundleLine], facts: dict[str, object] = FACTS) -> Refusal:
    with pytest.raises(Refusal) as caught:
        write_bundle(target, facts, FORM, MANIFEST, lines)
    return caught.value


def test_layout(tmp_path: Path, lines: list[BundleLine]) -> None:
    bundle = write_bundle(tmp_path, FACTS, FORM, MANIFEST, lines)
    assert bundle == tmp_path / CASE_NO
    assert files_below(bundle) == {
        "manifest.json", "form.json", "case.json", "SHA256SUMS", "1-M01.pdf", "2-M02.pdf", "all.pdf",
        "pages/1-M01/001.jpg", "pages/1-M01/002.jpg", "pages/2-M02/001.png", "pages/2-M02/002.tif",
    }  # fmt: skip
    assert list(tmp_path.iterdir()) == [bundle]


def test_content_is_that_of_the_sources(tmp_path: Path, lines: list[BundleLine]) -> None:
    bundle = write_bundle(tmp_path, FACTS, FORM, MANIFEST, lines)
    assert (bundle / "manifest.json").read_bytes() == MANIFEST
    assert json.loads((bundle / "form.json").read_bytes()) == FORM
    assert (bundle / "pages/2-M02/002.tif").read_bytes() == lines[1].pages[1]
    case = json.loads((bundle / "case.json").read_bytes())
    assert case["case"] == FACTS
    assert case["materials"][1] == {
        "line": "2",
        "material": "M02",
        "name": "居民身份证",
        "pages": ["pages/2-M02/001.png", "pages/2-M02/002.tif"],
        "pdf": "2-M02.pdf",
    }
    assert case["materials"][2]["pages"] == [] and case["materials"][2]["pdf"] is None


def test_pdfs_have_all_pages_on_a4(tmp_path: Path, lines: list[BundleLine]) -> None:
    bundle = write_bundle(tmp_path, FACTS, FORM, MANIFEST, lines)
    for name, count in (("1-M01.pdf", 2), ("2-M02.pdf", 2), ("all.pdf", 4)):
        with pikepdf.open(bundle / name) as pdf:
            assert len(pdf.pages) == count
            for page in pdf.pages:
                width, height = (float(side) for side in page.mediabox[2:4])
                assert (round(width), round(height)) == (595, 842)


def test_sums_cover_every_file_in_the_common_format(tmp_path: Path, lines: list[BundleLine]) -> None:
    bundle = write_bundle(tmp_path, FACTS, FORM, MANIFEST, lines)
    rows = (bundle / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    sums = {row[66:]: row[:64] for row in rows}
    assert set(sums) == files_below(bundle) - {"SHA256SUMS"}
    for name, digest in sums.items():
        assert hashlib.sha256((bundle / name).read_bytes()).hexdigest() == digest
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=bundle, check=True, capture_output=True)


def test_only_owner_and_group_may_read(tmp_path: Path, lines: list[BundleLine]) -> None:
    before = os.umask(0)
    try:
        bundle = write_bundle(tmp_path, FACTS, FORM, MANIFEST, lines)
    finally:
        os.umask(before)
    for path in [bundle, *bundle.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o750 if path.is_dir() else 0o640)


def test_the_same_again_changes_nothing(tmp_path: Path, lines: list[BundleLine]) -> None:
    bundle = write_bundle(tmp_path, FACTS, FORM, MANIFEST, lines)
    before = {path: path.stat().st_mtime_ns for path in bundle.rglob("*")}
    assert write_bundle(tmp_path, FACTS, FORM, MANIFEST, lines) == bundle
    assert {path: path.stat().st_mtime_ns for path in bundle.rglob("*")} == before
    assert list(tmp_path.iterdir()) == [bundle]


def test_other_content_is_refused_and_the_first_stays(tmp_path: Path, lines: list[BundleLine]) -> None:
    bundle = write_bundle(tmp_path, FACTS, FORM, MANIFEST, lines)
    other = [BundleLine("1", "M01", lines[0].name, [picture("JPEG", 9), lines[0].pages[1]]), *lines[1:]]
    refusal = refused(tmp_path, other)
    assert (refusal.code, refusal.values["file"]) == ("BUNDLE_DIFFERENT", "pages/1-M01/001.jpg")
    assert (bundle / "pages/1-M01/001.jpg").read_bytes() == lines[0].pages[0]


@pytest.mark.parametrize("name", ["all.pdf", "pages/1-M01/002.jpg", "form.json"])
@pytest.mark.parametrize("how", ["changed", "gone"])
def test_a_folder_that_was_touched_is_refused(tmp_path: Path, lines: list[BundleLine], name: str, how: str) -> None:
    bundle = write_bundle(tmp_path, FACTS, FORM, MANIFEST, lines)
    if how == "gone":
        (bundle / name).unlink()
    else:
        (bundle / name).write_bytes(b"changed")
    assert refused(tmp_path, lines).code == "BUNDLE_DIFFERENT"


def test_nothing_is_left_when_writing_fails(
    tmp_path: Path, lines: list[BundleLine], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, done = os.fsync, []

    def full_disk(descriptor: int) -> None:
        done.append(descriptor)
        if len(done) == 4:
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full_disk)
    assert refused(tmp_path, lines).code == "BUNDLE_UNWRITABLE"
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    assert write_bundle(tmp_path, FACTS, FORM, MANIFEST, lines).is_dir()


def test_what_a_kill_left_of_the_case_is_erased(tmp_path: Path, lines: list[BundleLine]) -> None:
    left, other = tmp_path / f".{CASE_NO}.abc.partial", tmp_path / f".{CASE_NO[:-1]}2.abc.partial"
    for _ in range(2):  # before it is written, and beside one that is whole
        for folder in (left, other):
            (folder / "pages").mkdir(parents=True, exist_ok=True)
            (folder / "pages/001.jpg").write_bytes(lines[0].pages[0])
        bundle = write_bundle(tmp_path, FACTS, FORM, MANIFEST, lines)
        assert sorted(tmp_path.iterdir()) == sorted([bundle, other])


def test_a_folder_that_cannot_be_written_is_a_refusal(tmp_path: Path, lines: list[BundleLine]) -> None:
    assert refused(tmp_path / "missing", lines).code == "BUNDLE_UNWRITABLE"


def test_another_process_was_first(tmp_path: Path, lines: list[BundleLine], monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.rename

    def late(self: Path, target: Path) -> Path:
        monkeypatch.undo()
        write_bundle(tmp_path, FACTS, FORM, MANIFEST, lines)
        return real(self, target)

    monkeypatch.setattr(Path, "rename", late)
    bundle = write_bundle(tmp_path, FACTS, FORM, MANIFEST, lines)
    assert list(tmp_path.iterdir()) == [bundle]


def test_the_ten_thousandth_case_of_an_item_and_day_is_handed_over_too(tmp_path: Path, lines: list[BundleLine]) -> None:
    late = numbers.case_no(CASE_NO[:31], date(2026, 11, 21), 10_000)
    assert late.endswith("A000")
    assert write_bundle(tmp_path, FACTS | {"case_no": late}, FORM, MANIFEST, lines) == tmp_path / late


@pytest.mark.parametrize("case_no", ["", "../../x", CASE_NO[:-1], CASE_NO + "1", CASE_NO.lower(), CASE_NO + "\n"])
def test_case_number(tmp_path: Path, lines: list[BundleLine], case_no: str) -> None:
    assert refused(tmp_path, lines, {"case_no": case_no}).code == "BUNDLE_CASE_NO"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("line", "material", "reason"),
    [
        ("../x", "M01", "name"),
        ("1", "a/b", "name"),
        ("", "M01", "name"),
        ("1", "-M", "name"),
        ("1", "材料", "name"),
    ],
)
def test_line_names(tmp_path: Path, line: str, material: str, reason: str) -> None:
    refusal = refused(tmp_path, [BundleLine(line, material, "x", [picture("JPEG", 1)])])
    assert (refusal.code, refusal.values["reason"]) == ("BUNDLE_LINE", reason)


@pytest.mark.parametrize("second", [("1", "M02"), ("1-M01", "a")])
def test_two_lines_never_share_a_folder(tmp_path: Path, second: tuple[str, str]) -> None:
    pair = [BundleLine("1", "M01-a" if "-" in second[0] else "M01", "x", []), BundleLine(*second, "y", [])]
    refusal = refused(tmp_path, pair)
    assert (refusal.code, refusal.values["reason"]) == ("BUNDLE_LINE", "twice")


def test_a_page_that_is_no_image_refuses_the_bundle(tmp_path: Path, lines: list[BundleLine]) -> None:
    lines[2].pages.append(b"no image at all")
    assert refused(tmp_path, lines).code == "PAGE_NOT_IMAGE"
    assert list(tmp_path.iterdir()) == []


def test_no_pages_at_all(tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path, FACTS, FORM, MANIFEST, [BundleLine("1", "M03", "营业执照", [])])
    assert files_below(bundle) == {"manifest.json", "form.json", "case.json", "SHA256SUMS"}

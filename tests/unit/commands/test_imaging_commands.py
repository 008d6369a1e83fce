"""``yidi window scan|device|mask``, ``yidi audit masked``: from a photograph to a page that an auditor has checked."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import numpy as np
import pypdfium2
import pytest
from typer.testing import CliRunner

from crypto.refusal import Refusal
from deploy.commands.audit import masked as audit_masked
from deploy.commands.dept import masked as dept_masked
from deploy.commands.shared import common
from deploy.commands.window import imaging as window_imaging
from deploy.commands.window import main as window_commands
from node_agent.department import disclosing
from node_agent.imaging import devices
from node_agent.imaging.redaction import disclosure
from node_agent.transfer.opening import OpenedAddendum, OpenedCase, OpenedLine, OpenedPage
from node_agent.window import drafts
from node_agent.window import intake as window
from node_agent.window import masking as window_masking
from tests.pages import card, jpeg, photographed, sheet
from tests.unit.agents.window_world import STAFF, TICKS, World
from tests.unit.imaging.test_imaging_window import LEAD, PERSON, Opened, judged, opened, put, world

__all__ = ["world"]
SMALL = jpeg(photographed(sheet(7), keystone=20, turn=1.0, margin=40))


@pytest.fixture
def desk(world: World, monkeypatch: pytest.MonkeyPatch) -> World:  # noqa: F811
    monkeypatch.setattr(world.agent.journal, "close", lambda: None)
    monkeypatch.setattr(common, "open_agent", lambda home, attempts=1: world.agent)
    monkeypatch.setenv("YIDI_AGENT_HOME", str(world.agent.settings.home))
    monkeypatch.setenv("YIDI_STAFF", STAFF)
    return world


def run(app: Any, *words: str, code: int = 0) -> dict[str, Any]:
    done = CliRunner().invoke(app, [*words, "--json"])
    assert done.exit_code == code, done.output
    value = json.loads(done.stdout)
    assert isinstance(value, dict)
    return value


def test_devices_are_registered_by_the_lead_and_pages_from_others_are_marked(desk: World, tmp_path: Path) -> None:
    device = ("device", "add", "CAM-1", "--kind", "FOLDER", "--address", str(tmp_path / "camera"))
    assert run(window_imaging.app, *device, code=1)["refusal"]["code"] == "PAGE_NEEDS_LEAD"
    run(window_imaging.app, *device, "--staff", LEAD)
    assert [one["code"] for one in run(window_imaging.app, "device", "list")["devices"]] == ["CAM-1"]
    (tmp_path / "camera").mkdir()
    put(tmp_path / "camera", "1.jpg", card(1))
    case = desk.begin()
    taken = run(window_commands.app, "scan", case, "M01", "--device", "CAM-1")["pages"]
    assert [page["capture"]["registered"] for page in taken] == [True]
    run(window_imaging.app, "device", "remove", "CAM-1", "--staff", LEAD)
    file = str(put(tmp_path, "2.jpg", card(2)))
    taken = run(window_commands.app, "scan", case, "M01", file, "--device", "CAM-1")["pages"]
    assert [page["capture"]["registered"] for page in taken] == [False]


def test_one_page_is_shot_again(desk: World, tmp_path: Path) -> None:
    case = desk.begin()
    for number in (1, 2, 3):
        run(window_commands.app, "scan", case, "M01", str(put(tmp_path, f"{number}.jpg", card(number))))
    run(window_commands.app, "scan", case, "M01", str(put(tmp_path, "again.jpg", card(9))), "--page", "2")
    pages = drafts.load(desk.agent, case).lines["M01"].pages
    folder = drafts.folder(desk.agent, case)
    assert [(folder / page.file).read_bytes() for page in pages] == [card(1), card(9), card(3)]
    answer = run(window_commands.app, "scan", case, "M01", str(tmp_path / "1.jpg"), "--page", "7", code=1)
    assert answer["refusal"]["code"] == "PAGE_NUMBER"


def test_a_bad_page_is_named_with_what_to_do_and_let_in_by_the_lead_alone(desk: World, tmp_path: Path) -> None:
    case, file = desk.begin(), str(put(tmp_path, "small.jpg", jpeg(sheet(1)[::2, ::2])))
    told = run(window_commands.app, "scan", case, "M01", file, code=1)["refused"]
    assert told[0]["code"] == "PAGE_DPI" and "重拍" in told[0]["message"]
    lead = ("--lead", LEAD, "--reason")
    answer = run(window_commands.app, "scan", case, "M01", file, *lead, "我想要", code=1)
    assert answer["refusal"]["code"] == "CHOICE_UNKNOWN"
    taken = run(window_commands.app, "scan", case, "M01", file, *lead, "PAPER_IS_SO")["pages"]
    assert (taken[0]["capture"]["by"], taken[0]["capture"]["reason"]) == (PERSON, "PAPER_IS_SO")


def test_the_masked_page_leaves_with_its_proof(desk: World, tmp_path: Path) -> None:
    agent, case = desk.agent, desk.scanned(tmp_path)
    devices.register(agent.journal, "CAM-1", "CAMERA", "", PERSON, datetime.now(UTC))
    put(tmp_path, "photo.jpg", SMALL)
    scanned = ("scan", case, "M01", str(tmp_path / "photo.jpg"), "--anew", "--paper", "CARD", "--device", "CAM-1")
    assert run(window_commands.app, *scanned)["pages"][0]["camera"]
    judged(desk, case)
    at = (case, "M01", "1")
    assert run(window_imaging.app, "mask", "find", *at, "--wait", "0")["marks"][0]["kind"] == "CITIZEN_ID"
    assert len(run(window_imaging.app, "mask", "add", *at, "300,200,360,240", "--kind", "NAME")["marks"]) == 2
    removed = run(window_imaging.app, "mask", "remove", *at, "2", "--reason", "NOT_PERSONAL")["marks"]
    assert len(removed) == 1
    look = tmp_path / "look.png"
    assert run(window_imaging.app, "mask", "view", *at, "--out", str(look))["marks"] == removed
    assert look.read_bytes().startswith(b"\x89PNG")
    assert run(window_imaging.app, "mask", "make", *at, "--wait", "0")["boxes"] == 1
    window.seal(agent, case, STAFF, **TICKS)
    out = tmp_path / "out"
    dept_masked.give(disclosing.masked_page(as_opened(opened(desk)), "M01", 1), out)
    seen = run(audit_masked.app, "masked", str(out))
    assert (seen["case"], seen["line"], seen["page"]) == (case, "M01", 1) and seen["boxes"]
    data = bytearray((out / disclosing.OPENING).read_bytes())
    at_hash = data.index(b'"hashes":["') + 12
    data[at_hash] = ord("0") if data[at_hash] != ord("0") else ord("1")
    (out / disclosing.OPENING).write_bytes(bytes(data))
    assert run(audit_masked.app, "masked", str(out), code=1)["refusal"]["code"] == "OPENING_MISMATCH"


def test_what_was_not_masked_is_not_given_out(desk: World, tmp_path: Path) -> None:
    window.seal(desk.agent, desk.scanned(tmp_path), STAFF, **TICKS)
    case = as_opened(opened(desk))
    for call in (disclosing.masked_page, lambda opened, line, page: disclosing.masked_line(opened, line)):
        with pytest.raises(Exception, match="MASK_MISSING"):
            call(case, "M01", 1)


def test_a_whole_line_leaves_as_flat_pages_with_a_proof_each_or_not_at_all(desk: World, tmp_path: Path) -> None:
    agent, case = desk.agent, desk.scanned(tmp_path)
    window.add_pages(agent, case, "M01", put(tmp_path, "two.jpg", card(31)))
    for number in (1, 2):
        window_masking.add(agent, case, "M01", number, (96, 96, 304, 144), "NAME", STAFF)
        window_masking.cover(agent, case, "M01", number, looked=True)
    window.add_pages(agent, case, "M02", put(tmp_path, "three.jpg", card(32)))
    window_masking.cover(agent, case, "M02", 1, looked=True)
    window.seal(agent, case, STAFF, **TICKS)
    given, out = as_opened(opened(desk)), tmp_path / "out"
    files = dept_masked.give(disclosing.masked_line(given, "M01"), out)
    assert sorted(Path(file).relative_to(out).as_posix() for file in files)[0] == disclosing.DOCUMENT
    assert all(Path(file).stat().st_mode & 0o077 == 0 for file in files)
    assert [run(audit_masked.app, "masked", str(out / f"page-00{number}"))["page"] for number in (1, 2)] == [1, 2]
    document = pypdfium2.PdfDocument((out / disclosing.DOCUMENT).read_bytes())
    assert len(document) == 2 and all(page.get_textpage().count_chars() == 0 for page in document)
    shown = np.asarray(document[0].render(scale=1, rev_byteorder=False).to_pil())
    across, down = shown.shape[1] / 680, shown.shape[0] / 430
    assert shown[int(110 * down) : int(130 * down), int(120 * across) : int(280 * across)].max() < 40
    with pytest.raises(Exception, match="MASK_MISSING"):
        disclosing.masked_line(given, "M02")
    later = OpenedAddendum(1, "", "", given.manifest, given.lines, {})
    supplemented = replace(given, manifest=b"{}", lines=given.lines[1:], addenda=(later,))
    assert disclosing.masked_page(supplemented, "S1-M01", 2) == disclosing.masked_page(given, "M01", 2)
    with pytest.raises(Exception, match="MASK_MISSING"):
        disclosing.masked_page(supplemented, "M01", 1)


def test_nothing_of_an_earlier_handing_over_goes_out_with_the_next(desk: World, tmp_path: Path) -> None:
    """The pages of one case must not lie in what is handed over of another."""
    out, pages = tmp_path / "out", {f"page-00{number}/masked.png": b"one" for number in (1, 2)}
    out.mkdir()
    assert len(dept_masked.give(pages, out)) == 2, "an empty folder is one that was not used"
    before = sorted(out.rglob("*"))
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for folder in (out, tmp_path / "file", tmp_path / "link"):
        for act in (partial(dept_masked.give, {"page-001/masked.png": b"other"}), dept_masked.require_unused):
            with pytest.raises(Refusal, match="OUT_USED"):
                act(out=folder)
    assert sorted(out.rglob("*")) == before and (out / "page-001/masked.png").read_bytes() == b"one"
    assert not list(tmp_path.glob(".masked-*"))
    case, at = "d0" * 16, ("--purpose", "x")
    for command in (("masked", case, "M01"), ("field", case)):
        told = run(dept_masked.app, *command, *at, "--out", str(out), code=1)
        assert told["refusal"]["code"] == "OUT_USED", "said before the case is looked for and its opening registered"


def test_a_folder_that_cannot_be_made_is_refused_by_name(desk: World, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for out in (tmp_path / ("x" * 300), tmp_path / "file" / "below"):
        with pytest.raises(Refusal, match="OUT_UNWRITABLE"):
            dept_masked.give({"masked.png": b"mine"}, out)
    long = str(tmp_path / ("x" * 300))
    told = run(dept_masked.app, "masked", "d0" * 16, "M01", "--purpose", "x", "--out", long, code=1)
    assert told["refusal"]["code"] == "OUT_UNWRITABLE"
    assert [path.name for path in tmp_path.glob("*") if path.name.startswith(".masked")] == []


def test_two_hand_overs_at_once_never_mix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"

    def overtaken(_: Path) -> None:
        out.mkdir()
        (out / "theirs").write_bytes(b"")

    monkeypatch.setattr(dept_masked, "require_unused", overtaken)
    with pytest.raises(Refusal, match="OUT_USED"):
        dept_masked.give({"masked.png": b"mine"}, out)
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "theirs"]


def test_single_fields_of_the_form_are_shown_and_proven_the_others_stay_hidden(desk: World, tmp_path: Path) -> None:
    window.seal(desk.agent, desk.scanned(tmp_path), STAFF, **TICKS)
    given, out = as_opened(opened(desk)), tmp_path / "out"
    paths = disclosing.fields_of(given)
    assert "/area_m2" in paths and "/applicant/name" in paths
    dept_masked.give(disclosing.form_fields(given, {"/area_m2"}), out)
    handed = (out / disclosing.FIELDS).read_text(encoding="utf-8")
    assert "余知远" not in handed and "360101199003070018" not in handed and "citizen_id" not in handed
    assert run(audit_masked.app, "field", str(out))["values"] == {"/area_m2": 86.5}
    (out / disclosing.FIELDS).write_text(handed.replace("86.5", "96.5"), encoding="utf-8")
    assert run(audit_masked.app, "field", str(out), code=1)["refusal"]["code"] == "OPENING_MISMATCH"
    (out / disclosing.FIELDS).write_text(handed.replace('"line":"FORM"', '"line":"M01"'), encoding="utf-8")
    assert run(audit_masked.app, "field", str(out), code=1)["refusal"]["code"] == "PAGE_UNCOMMITTED"
    (out / disclosing.FIELDS).unlink()
    assert run(audit_masked.app, "field", str(out), code=1)["refusal"]["code"] == "OPENING_FORMAT"
    with pytest.raises(Exception, match="FIELD_UNKNOWN"):
        disclosing.form_fields(given, {"/applicant/salary"})


def test_what_was_shown_does_not_belong_to_another_cases_package(
    desk: World, tmp_path: Path, evidence_log: ModuleType
) -> None:
    window.seal(desk.agent, desk.scanned(tmp_path), STAFF, **TICKS)
    out, log = tmp_path / "out", evidence_log.founded()
    dept_masked.give(disclosing.form_fields(as_opened(opened(desk)), {"/area_m2"}), out)
    (tmp_path / "other.zip").write_bytes(log.package(log.run_case(1)))
    (tmp_path / "pins.json").write_bytes(log.pins().to_json())
    proof = ("--package", str(tmp_path / "other.zip"), "--pins", str(tmp_path / "pins.json"))
    assert run(audit_masked.app, "field", str(out), *proof, code=1)["refusal"]["code"] == "OPENING_OTHER_CASE"


def test_what_is_withheld_is_told_in_chinese_with_the_way_out(desk: World, tmp_path: Path) -> None:
    case = desk.scanned(tmp_path)
    judged(desk, case, withheld=("POORLY_READ", "PAGE_POLYGLOT"))
    said = CliRunner().invoke(window_imaging.app, ["mask", "find", case, "M01", "1", "--wait", "0"]).output
    said = "".join(said.split())
    assert "整页字迹读不准" in said and "重拍这一页" in said and "--looked" in said and "另一种格式" in said
    assert "POORLY_READ" not in said


def as_opened(got: Opened) -> OpenedCase:
    """What ``opening.open_case`` makes of the same sealing at the department."""
    lines, form = [], json.loads(got.pages["FORM", 1, "full"][1])
    for line in got.manifest.lines:
        pages = []
        for page in line.pages:
            salted = got.pages[line.line, page.number, "full"]
            others = {
                made.name: (made.media_type, partial(bytes, got.pages[line.line, page.number, made.name][1]))
                for made in page.renditions
                if made.name != "full"
            }
            read = partial(bytes, salted[1])
            both = cast(Callable[[], tuple[bytes, bytes]], partial(tuple, salted))
            pages.append(OpenedPage(page.number, "image/jpeg", len(salted[1]), read, page.capture, both, others))
        facts = (line.line, line.material, "", line.acquisition, line.trust, line.original)
        lines.append(OpenedLine(*facts, tuple(pages)))
    return OpenedCase(got.manifest.case, "", "", "", "", form, got.encoded, tuple(lines))


def test_disclosure_is_checked_before_it_leaves(desk: World, tmp_path: Path) -> None:
    """A masked rendition that is not the page's is withheld, whoever made it."""
    window.seal(desk.agent, desk.scanned(tmp_path), STAFF, **TICKS)
    got = opened(desk)
    salt, full = got.pages["M01", 1, "full"]
    with pytest.raises(Exception, match="OPENING_MISMATCH"):
        disclosure.disclose(got.encoded, "M01", 1, salt=salt, full=full, masked=card(77))

"""``yidi window scan|device|mask``, ``yidi audit masked``: from a photograph to a page that an auditor has checked."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
from typer.testing import CliRunner

from deploy.commands.audit import masked as audit_masked
from deploy.commands.dept import masked as dept_masked
from deploy.commands.shared import common
from deploy.commands.window import imaging as window_imaging
from deploy.commands.window import main as window_commands
from node_agent.imaging import devices
from node_agent.imaging.redaction import disclosure
from node_agent.transfer.opening import OpenedCase, OpenedLine, OpenedPage
from node_agent.window import drafts
from node_agent.window import intake as window
from tests.pages import card, jpeg, photographed, sheet
from tests.unit.test_imaging_window import LEAD, PERSON, Opened, judged, opened, put, world
from tests.unit.window_world import STAFF, TICKS, World

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
    run(window_imaging.app, "mask", "view", *at, "--out", str(look))
    assert look.read_bytes().startswith(b"\x89PNG")
    assert run(window_imaging.app, "mask", "make", *at, "--wait", "0")["boxes"] == 1
    window.seal(agent, case, STAFF, **TICKS)
    out = tmp_path / "out"
    dept_masked.give(as_opened(opened(desk)), "M01", 1, out)
    seen = run(audit_masked.app, str(out))
    assert (seen["case"], seen["line"], seen["page"]) == (case, "M01", 1) and seen["boxes"]
    data = bytearray((out / dept_masked.OPENING).read_bytes())
    at_hash = data.index(b'"hashes":["') + 12
    data[at_hash] = ord("0") if data[at_hash] != ord("0") else ord("1")
    (out / dept_masked.OPENING).write_bytes(bytes(data))
    assert run(audit_masked.app, str(out), code=1)["refusal"]["code"] == "OPENING_MISMATCH"


def test_what_was_not_masked_is_not_given_out(desk: World, tmp_path: Path) -> None:
    window.seal(desk.agent, desk.scanned(tmp_path), STAFF, **TICKS)
    case = as_opened(opened(desk))
    with pytest.raises(Exception, match="MASK_MISSING"):
        dept_masked.give(case, "M01", 1, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def as_opened(got: Opened) -> OpenedCase:
    """What ``opening.open_case`` makes of the same sealing at the department."""
    lines = []
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
    return OpenedCase(got.manifest.case, "", "", "", "", {}, got.encoded, tuple(lines))


def test_disclosure_is_checked_before_it_leaves(desk: World, tmp_path: Path) -> None:
    """A masked rendition that is not the page's is withheld, whoever made it."""
    window.seal(desk.agent, desk.scanned(tmp_path), STAFF, **TICKS)
    got = opened(desk)
    salt, full = got.pages["M01", 1, "full"]
    with pytest.raises(Exception, match="OPENING_MISMATCH"):
        disclosure.disclose(got.encoded, "M01", 1, salt=salt, full=full, masked=card(77))

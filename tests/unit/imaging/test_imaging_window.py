"""The camera at the window: judged, laid flat, sealed beside its own frame, masked, opened, proven (A04, E06)."""

import json
import secrets
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import pytest

from crypto import canonical
from crypto.fields import check_fields, open_fields
from crypto.manifest import Capture, Manifest
from crypto.manifest import read as read_manifest
from crypto.sealing import open_salted, unwrap_key
from hub.casework.masking.pictures import PageKind
from node_agent.client.hub import HubClient
from node_agent.imaging import devices
from node_agent.imaging.finding.found import Found
from node_agent.imaging.finding.judged import Judged
from node_agent.imaging.picture import decode
from node_agent.imaging.redaction import disclosure, mask
from node_agent.known.snapshot import fetch_snapshot
from node_agent.transfer.opening import OpenedPage
from node_agent.window import drafts, intake, pages, reading
from node_agent.window import intake as window
from node_agent.window import masking as window_masking
from node_agent.window.pages import LetIn, Shooting, again
from tests.pages import A4, card, jpeg, photographed, sheet
from tests.refused import code_of
from tests.unit.agents.agent_region import Region
from tests.unit.agents.window_world import FORM, KEY_MATERIALS, STAFF, TICKS, SendingHub, World
from tests.unit.evidence_log import DEPARTMENT, WINDOW

LEAD = "L01"
PERSON = f"{WINDOW}/person/{LEAD}"
PHOTO = jpeg(photographed(sheet(7, A4, pitch=60), margin=150))
BLURRED = jpeg(np.asarray(cv2.GaussianBlur(sheet(8), (0, 0), 4), np.uint8))


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A window whose staff has a lead."""
    region = Region()
    region.log.register(PERSON, WINDOW, "", ["COLLECT_LEAD"], None)
    agent = region.agent(tmp_path / f"agent-{secrets.token_hex(3)}", WINDOW, [STAFF, LEAD])
    hub = SendingHub(region, WINDOW)
    agent.hub = cast(HubClient, hub)
    fetch_snapshot(agent)
    hub.away = True
    return World(region, agent, hub)


def put(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@dataclass
class Opened:
    """What the department can open of the window's sealing, by (line, page, rendition): salt and page."""

    manifest: Manifest
    encoded: bytes
    pages: dict[tuple[str, int, str], tuple[bytes, bytes]]


def opened(world: World) -> Opened:
    upload = world.agent.journal.uploads_waiting()[0]
    made = read_manifest(upload.manifest)
    held = world.region.log.keys[DEPARTMENT].opening
    assert held is not None
    waiting = world.agent.journal.waiting()
    packets = [packet for entry in waiting for packet in entry.packets if packet.recipient == DEPARTMENT]
    keys = {(packet.line, packet.rendition): unwrap_key(held, made.case, 1, packet) for packet in packets}
    assert set(keys) == made.data_key_names()
    sealed = (world.agent.spool / upload.file).read_bytes()
    pages = {}
    for line, page, rendition in made.streams():
        at = rendition.stream
        piece = sealed[at.offset : at.offset + at.length]
        pages[line.line, page.number, rendition.name] = open_salted(keys[line.line, rendition.name], at, [piece])
    return Opened(made, upload.manifest, pages)


def test_a_photograph_is_laid_flat_and_sealed_beside_the_cameras_frame(world: World, tmp_path: Path) -> None:
    """From the lens to the department: what it opens is the page laid flat, and the frame as it came, byte for byte."""
    case = world.scanned(tmp_path, KEY_MATERIALS[1:])
    devices.register(world.agent.journal, "CAM-1", "CAMERA", "", PERSON, datetime.now(UTC))
    taken = window.add_pages(
        world.agent, case, "M01", put(tmp_path, "photo.jpg", PHOTO), shooting=Shooting(paper="A4", device="CAM-1")
    )
    assert taken.refused == ()
    window.seal(world.agent, case, STAFF, **TICKS)
    got = opened(world)
    assert got.pages["M01", 1, "camera"][1] == PHOTO
    flat = decode(got.pages["M01", 1, "full"][1])
    assert abs(flat.shape[1] / A4[0] - 1) < 0.03 and abs(flat.shape[0] / A4[1] - 1) < 0.03
    capture = next(page.capture for line in got.manifest.lines for page in line.pages if line.line == "M01")
    assert isinstance(capture, Capture)
    assert (capture.device, capture.registered, capture.mode, capture.reason) == ("CAM-1", True, "COLOUR", "")
    assert 190 <= capture.dpi <= 210 and capture.found in {(), ("PAGE_DPI",)}
    assert "photo" not in got.encoded.decode()


def test_a_page_that_needs_nothing_is_sealed_as_it_came(world: World, tmp_path: Path) -> None:
    case = world.scanned(tmp_path)
    window.seal(world.agent, case, STAFF, **TICKS)
    got = opened(world)
    assert got.pages["M01", 1, "full"][1] == card(0)
    assert ("M01", 1, "camera") not in got.pages


@pytest.mark.requirement("E06")
def test_a_page_from_an_unregistered_device_is_marked(world: World, tmp_path: Path) -> None:
    journal, case = world.agent.journal, world.begin()
    window.add_pages(world.agent, case, "M01", put(tmp_path, "a.jpg", card(1)), shooting=Shooting(device="CAM-2"))
    devices.register(journal, "CAM-2", "CAMERA", "", PERSON, datetime.now(UTC))
    window.add_pages(world.agent, case, "M01", put(tmp_path, "b.jpg", card(2)), shooting=Shooting(device="CAM-2"))
    devices.remove(journal, "CAM-2")
    window.add_pages(world.agent, case, "M01", put(tmp_path, "c.jpg", card(3)), shooting=Shooting(device="CAM-2"))
    pages = drafts.load(world.agent, case).lines["M01"].pages
    assert [(page.capture["registered"], "PAGE_DEVICE" in page.capture["found"]) for page in pages] == [
        (False, True),
        (True, False),
        (False, True),
    ]
    assert code_of(lambda: devices.remove(journal, "CAM-2")) == "DEVICE_UNKNOWN"
    assert code_of(lambda: devices.register(journal, "余", "CAMERA", "", PERSON, datetime.now(UTC))) == "DEVICE_FORMAT"
    assert code_of(lambda: devices.register(journal, "A", "TOASTER", "", PERSON, datetime.now(UTC))) == "DEVICE_FORMAT"


@pytest.mark.requirement("A04")
def test_a_bad_page_is_refused_and_only_the_lead_lets_it_in_with_a_reason(world: World, tmp_path: Path) -> None:
    agent, case = world.agent, world.scanned(tmp_path, KEY_MATERIALS[1:])
    page = put(tmp_path, "bad.jpg", BLURRED)

    def take(word: LetIn | None) -> window.PagesTaken:
        return window.add_pages(agent, case, "M01", page, shooting=Shooting(let_in=word))

    refused = take(None).refused
    assert {refusal.code for _, refusal in refused} == {"PAGE_BLUR"}
    assert "M01" not in drafts.load(agent, case).lines
    assert code_of(lambda: take(LetIn("BECAUSE", LEAD))) == "REASON_UNKNOWN"
    assert code_of(lambda: take(LetIn("PAPER_IS_SO", STAFF))) == "PAGE_NEEDS_LEAD"
    assert take(LetIn("PAPER_IS_SO", LEAD)).refused == ()
    window.seal(agent, case, STAFF, **TICKS)
    line = opened(world).manifest.lines[0]
    told = line.pages[0].capture
    assert told is not None and (told.reason, told.by) == ("PAPER_IS_SO", PERSON)
    assert "PAGE_BLUR" in told.found


def test_the_leads_word_is_recorded_only_where_it_was_needed(world: World, tmp_path: Path) -> None:
    case = world.begin()
    pages = [put(tmp_path, "1.jpg", card(1)), put(tmp_path, "2.jpg", BLURRED)]
    window.add_pages(world.agent, case, "M01", pages, shooting=Shooting(let_in=LetIn("PAPER_IS_SO", LEAD)))
    taken = drafts.load(world.agent, case).lines["M01"].pages
    assert [(page.capture["reason"], page.capture["by"]) for page in taken] == [("", ""), ("PAPER_IS_SO", PERSON)]


def test_nobody_lets_in_what_is_no_page(world: World, tmp_path: Path) -> None:
    case = world.begin()
    page = put(tmp_path, "half.jpg", card(1)[:-200])
    told = window.add_pages(world.agent, case, "M01", page, shooting=Shooting(let_in=LetIn("PAPER_IS_SO", LEAD)))
    assert [refusal.code for _, refusal in told.refused] == ["PAGE_TRUNCATED"]


def test_the_same_shot_twice_is_found(world: World, tmp_path: Path) -> None:
    case = world.begin()
    one, two = put(tmp_path, "1.jpg", card(1)), put(tmp_path, "2.jpg", card(1))
    assert [code for _, code in window.add_pages(world.agent, case, "M01", [one, two]).refused][0].code == "PAGE_TWICE"
    assert not window.add_pages(world.agent, case, "M01", one).refused
    assert window.add_pages(world.agent, case, "M01", two).refused[0][1].code == "PAGE_TWICE"
    assert not window.add_pages(world.agent, case, "M02", two).refused, "another material may need the same page"


def test_at_the_camera_a_bad_page_stays_and_the_next_is_taken(world: World, tmp_path: Path) -> None:
    """Re-shoot of one page before sealing: the bad one is told of at once, and a good one under its name goes in."""
    case, folder = world.begin(), tmp_path / "camera"
    folder.mkdir()
    put(folder, "1.jpg", BLURRED)
    shots = window.watch_camera(world.agent, case, "M01", folder, 1, threading.Event())
    name, refusal = next(shots)
    assert (name, refusal.code if refusal else "") == ("1.jpg", "PAGE_BLUR")
    put(folder, "1.jpg", card(4))
    assert next(shots) == ("1.jpg", None)
    assert len(drafts.load(world.agent, case).lines["M01"].pages) == 1


# --- masking -----------------------------------------------------------------------------------------------------


def judged(world: World, case: str, withheld: tuple[str, ...] = ()) -> None:
    """What the reader would say of the first page of M01, laid where it would lay it."""
    draft = drafts.load(world.agent, case)
    page = drafts.folder(world.agent, case) / draft.lines["M01"].pages[0].file
    queue = reading.queue_of(world.agent)
    job = queue.put(page.read_bytes(), reading.hints_of(draft), again=True)
    found = (Found(PageKind.CITIZEN_ID, (100, 100, 300, 140), 1.0, "CHECKSUM"),)
    queue.finish(job, Judged(found, withheld, 0))


def test_a_page_is_masked_sealed_and_proven_to_an_auditor(world: World, tmp_path: Path) -> None:
    agent, case = world.agent, world.scanned(tmp_path)
    judged(world, case)
    marks, _ = window_masking.propose(agent, case, "M01", 1, 0)
    assert [mark.kind for mark in marks] == ["CITIZEN_ID"]
    window_masking.add(agent, case, "M01", 1, (400, 200, 460, 230), "NAME", STAFF)
    assert window_masking.cover(agent, case, "M01", 1, looked=False) == 2
    window.seal(agent, case, STAFF, **TICKS)
    got = opened(world)
    salt, full = got.pages["M01", 1, "full"]
    masked = got.pages["M01", 1, "masked"][1]
    given = disclosure.disclose(got.encoded, "M01", 1, salt=salt, full=full, masked=masked)
    checked = disclosure.check(got.encoded, given.opening, given.masked)
    assert (checked.case, checked.line, checked.page) == (case, "M01", 1)
    covered = sum(box.width * box.height for box in checked.boxes)
    assert 200 * 40 + 60 * 30 <= covered <= 240 * 80 + 100 * 70
    assert not decode(given.masked)[100:140, 100:300].any()
    assert code_of(lambda: disclosure.check(got.encoded, given.opening, full)) == "MASK_NOT_SOLID"
    told = json.loads(given.opening) | {"page": 2}
    moved = json.dumps(told, sort_keys=True, separators=(",", ":")).encode()
    assert code_of(lambda: disclosure.check(got.encoded, moved, given.masked)) == "OPENING_OTHER_PAGE"
    other = disclosure.disclose(got.encoded, "M01", 1, salt=salt, full=full, masked=masked).opening
    assert code_of(lambda: disclosure.check(got.encoded, other, got.pages["M02", 1, "full"][1])) == "MASK_NOT_SOLID"


def test_a_field_of_the_sealed_form_is_proven_alone(world: World, tmp_path: Path) -> None:
    window.seal(world.agent, world.scanned(tmp_path), STAFF, **TICKS)
    got = opened(world)
    root = next(made.fields for line, _, made in got.manifest.streams() if line.line == "FORM")
    salt, form = got.pages["FORM", 1, "full"]
    assert root is not None and json.loads(form) == FORM
    assert check_fields(root, open_fields(FORM, salt, {"/area_m2"})) == {"/area_m2": 86.5}


def test_a_page_that_nobody_has_read_is_not_masked_by_itself(world: World, tmp_path: Path) -> None:
    case = world.scanned(tmp_path)
    assert code_of(lambda: window_masking.propose(world.agent, case, "M01", 1, 0)) == "PAGE_NOT_READ"
    assert code_of(lambda: window_masking.cover(world.agent, case, "M01", 1, looked=False)) == "PAGE_NOT_READ"
    assert code_of(lambda: window_masking.marks_of(world.agent, case, "M01", 2)) == "PAGE_NUMBER"


def test_a_page_that_cannot_be_judged_is_withheld_until_a_clerk_has_looked(world: World, tmp_path: Path) -> None:
    case = world.scanned(tmp_path)
    judged(world, case, withheld=("NOT_READ",))
    window_masking.propose(world.agent, case, "M01", 1, 0)
    assert code_of(lambda: window_masking.cover(world.agent, case, "M01", 1, looked=False)) == "PAGE_WITHHELD"
    assert window_masking.cover(world.agent, case, "M01", 1, looked=True) == 1


def test_a_change_of_the_boxes_voids_the_masked_page(world: World, tmp_path: Path) -> None:
    agent, case = world.agent, world.scanned(tmp_path)
    judged(world, case)
    window_masking.propose(agent, case, "M01", 1, 0)
    window_masking.cover(agent, case, "M01", 1, looked=False)
    masked = drafts.load(agent, case).lines["M01"].pages[0].masked
    assert (drafts.folder(agent, case) / masked).exists()
    assert code_of(lambda: window_masking.remove(agent, case, "M01", 1, 1, "", STAFF)) == "REASON_UNKNOWN"
    for beside in ((9000, 10, 9100, 60), (60, 60, 10, 10)):
        add = partial(window_masking.add, agent, case, "M01", 1, beside, "NAME", STAFF)
        assert code_of(add) == "BOX_OUTSIDE"
    marks = window_masking.remove(agent, case, "M01", 1, 1, "OFFICIAL", STAFF)
    assert (marks[0].covers, marks[0].by) == (False, f"{WINDOW}/person/{STAFF}")
    assert drafts.load(agent, case).lines["M01"].pages[0].masked == ""  # its file goes with housekeeping
    assert decode(window_masking.view(agent, case, "M01", 1)).shape == decode(card(0)).shape


def shot_again(world: World, case: str, folder: Path) -> None:
    """Somebody else shoots the first page of M01 again, and M02's second page."""
    window.add_pages(world.agent, case, "M01", put(folder, "again.jpg", card(31)), at=1)
    window.add_pages(world.agent, case, "M02", put(folder, "more.jpg", card(32)))


@pytest.mark.requirement("H01")
def test_boxes_of_a_page_never_go_to_the_page_that_was_shot_in_its_place(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the clerk's command waits for the reading, another one shoots the page again."""
    agent, case = world.agent, world.scanned(tmp_path)
    judged(world, case)
    monkeypatch.setattr(reading, "wait", lambda *_: shot_again(world, case, tmp_path))
    first = drafts.load(agent, case).lines["M01"].pages[0].sha256
    monkeypatch.setattr(reading.queue_of(agent).__class__, "result", lambda *_: Judged((), (), 0))
    assert code_of(lambda: window_masking.cover(agent, case, "M01", 1, looked=False)) == "PAGE_NOT_READ"
    page = drafts.load(agent, case).lines["M01"].pages[0]
    assert (page.sha256 != first, page.masked, page.marks) == (True, "", [])


@pytest.mark.requirement("A04")
def test_a_page_shot_while_a_mask_is_made_is_not_lost_and_gets_no_mask_of_another(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent, case = world.agent, world.scanned(tmp_path)
    made = mask.mask_page

    def slow(*told: Any) -> mask.Masked:
        shot_again(world, case, tmp_path)
        return made(*told)

    monkeypatch.setattr(mask, "mask_page", slow)
    assert code_of(lambda: window_masking.cover(agent, case, "M01", 1, looked=True)) == "PAGE_NOT_READ"
    lines = drafts.load(agent, case).lines
    assert (len(lines["M02"].pages), lines["M01"].pages[0].masked) == (2, "")


@pytest.mark.requirement("A04")
def test_two_clerks_may_shoot_into_one_draft_at_once(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent, case, read = world.agent, world.scanned(tmp_path), pages.read_pages
    others = iter([True])

    def slow(*told: Any) -> object:
        if next(others, False):
            shot_again(world, case, tmp_path)
        return read(*told)

    monkeypatch.setattr(intake, "read_pages", slow)
    before = drafts.load(agent, case).lines["M02"].pages
    window.add_pages(agent, case, "M02", put(tmp_path, "mine.jpg", card(33)))
    lines = drafts.load(agent, case).lines
    assert [page.sha256 for page in lines["M02"].pages] == [
        *(page.sha256 for page in before), canonical.digest(card(32)), canonical.digest(card(33))
    ]  # fmt: skip
    assert lines["M01"].pages[0].sha256 == canonical.digest(card(31))


def test_the_forms_own_data_are_hints(world: World) -> None:
    draft = drafts.load(world.agent, world.begin())
    assert {(hint.kind.value, hint.value) for hint in reading.hints_of(draft)} >= {
        ("NAME", "余知远"),
        ("CITIZEN_ID", "360101199003070018"),
        ("PHONE", "13800000000"),
    }


# --- the manifest, and a sealing that comes back -----------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"mode": "SEPIA"},
        {"device": "余知远"},
        {"found": ["BLURRED BY HAND"]},
        {"found": "PAGE_BLUR"},
        {"registered": 1},
        {"dpi": 0},
        {"seals": 0},
        {"seals": "2"},
        {"at": "yesterday"},
        {"reason": "PAPER_IS_SO"},
        {"by": PERSON},
        {"reason": "because I say so", "by": PERSON},
        {"reason": "PAPER_IS_SO", "by": "余知远"},
        {"note": "x"},
    ],
)
def test_how_a_page_was_taken_is_codes_and_numbers_or_refused(
    world: World, tmp_path: Path, change: dict[str, object]
) -> None:
    """Promise 1: the hub reads this; no word of anybody fits into it."""
    window.seal(world.agent, world.scanned(tmp_path), STAFF, **TICKS)
    value = json.loads(opened(world).encoded)
    value["lines"][0]["pages"][0]["capture"] |= change
    assert code_of(lambda: read_manifest(canonical.encode(value))) == "MANIFEST_FORMAT"


def test_a_manifest_without_captures_is_read_as_before(world: World, tmp_path: Path) -> None:
    window.seal(world.agent, world.scanned(tmp_path), STAFF, **TICKS)
    value = json.loads(opened(world).encoded)
    for line in value["lines"]:
        for page in line["pages"]:
            page.pop("capture", None)
    made = read_manifest(canonical.encode(value))
    assert made.encode() == canonical.encode(value)
    assert {page.capture for line in made.lines for page in line.pages} == {None}


def test_a_page_that_comes_back_keeps_frame_salt_and_commitments(world: World, tmp_path: Path) -> None:
    """T24: sealed again, the same opening still fits, and the camera's frame is still beside the page."""
    case = world.scanned(tmp_path, KEY_MATERIALS[1:])
    photo = put(tmp_path, "photo.jpg", PHOTO)
    window.add_pages(world.agent, case, "M01", photo, shooting=Shooting(paper="A4"))
    before = drafts.load(world.agent, case).lines["M01"].pages[0]
    window.seal(world.agent, case, STAFF, **TICKS)
    got = opened(world)
    capture = got.manifest.lines[0].pages[0].capture
    salt, full = got.pages["M01", 1, "full"]
    others = {"camera": ("image/jpeg", partial(bytes, got.pages["M01", 1, "camera"][1]))}
    page = OpenedPage(1, "image/jpeg", len(full), partial(bytes, full), capture, lambda: (salt, full), others)
    back = again(tmp_path, "M01", page)
    assert (back.salt, back.tiles, back.shot, back.sha256) == (before.salt, before.tiles, before.shot, before.sha256)
    assert back.capture == before.capture
    assert (tmp_path / back.camera).read_bytes() == PHOTO

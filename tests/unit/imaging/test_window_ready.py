"""Pages made ready for the seal: read in the background, turned upright, masked by themselves where the list says so.

The reading process is played: ``read_as`` lays down what it would lay. What it really reads is in test_reading_queue.
"""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest

from crypto.canonical import CHINA
from crypto.refusal import Refusal
from hub.casework.masking.pictures import PageKind
from hub.casework.messages.imaging import WITHHELD_WAYS
from hub.casework.reasons import WITHHELD_REASONS
from node_agent.imaging.finding.found import Found
from node_agent.imaging.finding.judged import Judged
from node_agent.imaging.picture import decode, turned
from node_agent.imaging.reading import queue as queue_module
from node_agent.imaging.reading.lines import Reading, line_of
from node_agent.imaging.reading.queue import PageQueue, Progress, digest_of
from node_agent.imaging.redaction import disclosure, mask
from node_agent.imaging.sources import scanner
from node_agent.process import housekeeping
from node_agent.transfer.sender import Sender
from node_agent.window import debts, drafts, reading, ready, supplement_notes
from node_agent.window import ends as window_ends
from node_agent.window import intake as window
from node_agent.window import masking as window_masking
from node_agent.window import supplement as window_supplement
from node_agent.window.drafts import DraftPage
from node_agent.window.seal import Reads
from tests.pages import card, jpeg, sheet
from tests.unit.agents.window_world import STAFF, TICKS, World
from tests.unit.evidence_log import ACCEPTOR, DEPARTMENT
from tests.unit.imaging.test_imaging_window import opened, put, world

__all__ = ["world"]
ITEM, MASKED = "11360102900001025R4000131001001", "M03"
"""Its list wants a masked copy of identity papers."""
MATERIALS = ("M01", "M02", "M03", "M04", "M05")
AT_ONCE = Reads(0.0)
ID = Found(PageKind.CITIZEN_ID, (100, 100, 300, 140), 1.0, "CHECKSUM", "360101199003070018")
UPSIDE_DOWN = jpeg(np.asarray(cv2.rotate(sheet(5), cv2.ROTATE_180), np.uint8))


def scanned(world: World, home: Path, identity: bytes | None = None) -> str:  # noqa: F811
    """A draft with a page for each material; ``identity``: the bytes of the one that is masked."""
    case = world.begin(task_code=ITEM)
    for seed, material in enumerate(MATERIALS):
        data = identity if identity is not None and material == MASKED else card(seed)
        window.add_pages(world.agent, case, material, put(home, f"{material}.jpg", data), original="HELD")
    return case


def page_of(world: World, case: str, material: str = MASKED) -> DraftPage:  # noqa: F811
    return drafts.load(world.agent, case).lines[material].pages[0]


def read_as(
    world: World,  # noqa: F811
    case: str,
    found: Sequence[Found] = (ID,),
    withheld: tuple[str, ...] = (),
    turn: int = 0,
    material: str = MASKED,
) -> PageQueue:
    """What the reading process lays down for the page as it stands now."""
    draft, queue = drafts.load(world.agent, case), reading.queue_of(world.agent)
    page = draft.lines[material].pages[0]
    job = queue.job_of(page.sha256, reading.hints_of(draft), again=material == MASKED)
    lines = tuple(line_of([("字", (10, top, 40, top + 30)), ("样", (50, top, 80, top + 30))], 0.97) for top in (10, 60))
    queue.keep_reading(page.sha256, Reading(680, 430, turn, 0.97, "tiny", lines))
    queue.finish(job, Judged(tuple(found), withheld, turn))
    return queue


def test_a_page_is_queued_when_it_is_shot_with_the_forms_data_as_hints(world: World, tmp_path: Path) -> None:  # noqa: F811
    case = scanned(world, tmp_path)
    queue = reading.queue_of(world.agent)
    assert len(queue.waiting()) == len(MATERIALS)
    asked = [queue.asked(job) for job in queue.waiting()]
    assert {one.page for one in asked} == {card(seed) for seed in range(len(MATERIALS))}
    assert [one.page == card(2) for one in asked if one.again] == [True], "masked pages alone are read twice"
    assert all({hint.value for hint in one.hints} >= {"余知远", "360101199003070018"} for one in asked)
    assert {stand.state for stand in ready.look(world.agent, case)} == {"WAITING"}


def test_shooting_goes_on_when_the_queue_is_full(
    world: World,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(queue_module, "MOST", 2)
    case = scanned(world, tmp_path)
    assert len(drafts.load(world.agent, case).lines) == len(MATERIALS)
    assert len(reading.queue_of(world.agent).waiting()) == 2


@pytest.mark.requirement("H01")
def test_where_the_list_wants_it_the_masked_copy_is_made_at_the_seal_and_proven(
    world: World,  # noqa: F811
    tmp_path: Path,
) -> None:
    case = scanned(world, tmp_path)
    read_as(world, case)
    assert [(one.state, one.boxes) for one in ready.look(world.agent, case) if one.masked] == [("FOUND", 1)]
    made = window.seal(world.agent, case, STAFF, AT_ONCE, **TICKS)
    assert [(one.material, one.state, one.boxes) for one in made.pages] == [(MASKED, "MASKED", 1)]
    got = opened(world)
    assert {name for _, _, name in got.pages} == {"full", "masked"}
    assert [line for line, _, name in got.pages if name == "masked"] == [MASKED]
    salt, full = got.pages[MASKED, 1, "full"]
    masked = got.pages[MASKED, 1, "masked"][1]
    given = disclosure.disclose(got.encoded, MASKED, 1, salt=salt, full=full, masked=masked)
    assert disclosure.check(got.encoded, given.opening, given.masked).boxes
    assert not decode(masked)[100:140, 100:300].any()


@pytest.mark.requirement("A04", "H01")
def test_a_page_shot_again_while_the_seal_masks_is_sealed_as_shot_and_withheld(
    world: World,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither lost under what the seal had loaded, nor sealed with the mask of the page before, nor without a word."""
    case = scanned(world, tmp_path)
    read_as(world, case)
    made, others = mask.mask_page, iter([True])

    def slow(*told: object) -> object:
        if next(others, False):
            for material, at, seed in ((MASKED, 1, 31), ("M01", 0, 32)):
                file = put(tmp_path, f"{seed}.jpg", card(seed))
                window.add_pages(world.agent, case, material, file, original="HELD", at=at)
        return made(*told)  # type: ignore[arg-type]

    monkeypatch.setattr(mask, "mask_page", slow)
    sealed = window.seal(world.agent, case, STAFF, AT_ONCE, **TICKS)
    assert [(one.state, one.why) for one in sealed.pages] == [("WITHHELD", ("NOT_IN_TIME",))]
    got = opened(world)
    assert got.pages[MASKED, 1, "full"][1] == card(31) and (MASKED, 1, "masked") not in got.pages
    assert got.pages["M01", 2, "full"][1] == card(32)
    captures = {line.line: page.capture for line in got.manifest.lines for page in line.pages if page.capture}
    assert [line for line, told in captures.items() if "PAGE_WITHHELD" in told.found] == [MASKED]


@pytest.mark.requirement("A04")
def test_what_was_not_read_in_time_is_withheld_and_the_seal_goes_on(world: World, tmp_path: Path) -> None:  # noqa: F811
    """行政许可法 32: the applicant gets the receipt; promise 6: the window does not stop."""
    case = scanned(world, tmp_path)
    made = window.seal(world.agent, case, STAFF, AT_ONCE, **TICKS)
    assert [(one.state, one.why) for one in made.pages] == [("WITHHELD", ("NOT_IN_TIME",))]
    got = opened(world)
    assert (MASKED, 1, "masked") not in got.pages
    captures = {line.line: page.capture for line in got.manifest.lines for page in line.pages if page.capture}
    assert [line for line, told in captures.items() if "PAGE_WITHHELD" in told.found] == [MASKED]


def test_sealing_waits_for_the_masked_page_alone_tells_of_it_and_is_bounded(
    world: World,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("node_agent.imaging.reading.keeper.Keeper.look", lambda keeper: None)  # nobody reads
    case, told = scanned(world, tmp_path), list[Progress]()
    began = time.monotonic()
    made = window.seal(world.agent, case, STAFF, Reads(0.3, told.append), **TICKS)
    assert 0.3 <= time.monotonic() - began < 20
    assert {(one.done, one.total) for one in told} == {(0, 1)}
    assert made.pages[0].why == ("NOT_IN_TIME",)


def test_a_page_that_is_read_while_the_seal_waits_is_masked(world: World, tmp_path: Path) -> None:  # noqa: F811
    case = scanned(world, tmp_path)
    made = window.seal(world.agent, case, STAFF, Reads(60.0, lambda now: void(read_as(world, case))), **TICKS)
    assert made.pages[0].state == "MASKED"


def void(value: object) -> None:
    """Nothing."""


@pytest.mark.parametrize("code", ["POORLY_READ", "STILL_READ", "READING_BROKE"])
def test_a_page_that_cannot_be_judged_is_withheld_until_a_clerk_has_looked(
    world: World,  # noqa: F811
    tmp_path: Path,
    code: str,
) -> None:
    case = scanned(world, tmp_path)
    read_as(world, case, withheld=(code,))
    stands = ready.make_draft_ready(world.agent, case, 0)
    assert [(one.state, one.why) for one in stands] == [("WITHHELD", (code,))]
    assert page_of(world, case).masked == "" and "PAGE_WITHHELD" in page_of(world, case).capture["found"]
    window_masking.propose(world.agent, case, MASKED, 1, 0)
    window_masking.cover(world.agent, case, MASKED, 1, looked=True)
    assert [one.state for one in ready.make_draft_ready(world.agent, case, 0)] == ["MASKED"]
    assert "PAGE_WITHHELD" not in page_of(world, case).capture["found"]


def test_what_a_clerk_took_away_with_a_reason_and_added_holds_at_the_seal(world: World, tmp_path: Path) -> None:  # noqa: F811
    agent, case = world.agent, scanned(world, tmp_path)
    other = Found(PageKind.NAME, (400, 200, 460, 230), 0.9, "LABEL_BESIDE", "余知远")
    read_as(world, case, (ID, other))
    window_masking.propose(agent, case, MASKED, 1, 0)
    window_masking.remove(agent, case, MASKED, 1, 2, "OFFICIAL", STAFF)
    window_masking.add(agent, case, MASKED, 1, (500, 300, 560, 330), "ADDRESS", STAFF)
    made = window.seal(agent, case, STAFF, AT_ONCE, **TICKS)
    assert made.pages[0].boxes == 2
    masked = decode(opened(world).pages[MASKED, 1, "masked"][1])
    assert not masked[300:330, 500:560].any() and masked[200:230, 400:460].any()


def test_a_masked_page_made_without_a_look_covers_all_that_was_found(world: World, tmp_path: Path) -> None:  # noqa: F811
    """Nobody asked what was found before: the copy must not be the page itself."""
    case = scanned(world, tmp_path)
    read_as(world, case)
    assert window_masking.cover(world.agent, case, MASKED, 1, looked=False) == 1


# --- upright (DA/T 31-2017) --------------------------------------------------------------------------------------


@pytest.mark.requirement("A04")
def test_a_page_on_its_head_is_sealed_upright_beside_the_frame_as_it_came(world: World, tmp_path: Path) -> None:  # noqa: F811
    case = scanned(world, tmp_path, UPSIDE_DOWN)
    read_as(world, case, turn=180)
    assert [one.turn for one in ready.look(world.agent, case) if one.material == MASKED] == [180]

    def second_reading(now: Progress) -> None:
        read_as(world, case, [Found(PageKind.CITIZEN_ID, (380, 290, 580, 330), 1.0, "CHECKSUM", "x")])

    made = window.seal(world.agent, case, STAFF, Reads(60.0, second_reading), **TICKS)
    assert made.pages[0].state == "MASKED"
    got = opened(world)
    salt, full = got.pages[MASKED, 1, "full"]
    assert got.pages[MASKED, 1, "camera"][1] == UPSIDE_DOWN
    difference = decode(full).astype(int) - turned(decode(UPSIDE_DOWN), 180).astype(int)
    assert np.abs(difference).mean() < 2
    masked = got.pages[MASKED, 1, "masked"][1]
    given = disclosure.disclose(got.encoded, MASKED, 1, salt=salt, full=full, masked=masked)
    assert disclosure.check(got.encoded, given.opening, given.masked).page == 1


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_boxes_and_masked_copy_turn_with_the_page(world: World, tmp_path: Path, turn: int) -> None:  # noqa: F811
    agent, case = world.agent, scanned(world, tmp_path)
    window_masking.add(agent, case, MASKED, 1, (96, 96, 304, 144), "NAME", STAFF)
    window_masking.cover(agent, case, MASKED, 1, looked=True)
    before = decode((drafts.folder(agent, case) / page_of(world, case).masked).read_bytes())
    read_as(world, case, turn=turn)
    assert ready.make_draft_ready(agent, case, 0)[0].state == "MASKED"
    page = page_of(world, case)
    left, upper, right, lower = page.marks[0]["box"]
    after = decode((drafts.folder(agent, case) / page.masked).read_bytes())
    assert not after[upper:lower, left:right].any()
    was, now = (turned(before, turn) == 0).all(axis=2), (after == 0).all(axis=2)
    assert was.sum() == 208 * 48 and (was & ~now).sum() == 0, "at least what was covered before"


def test_a_page_read_poorly_is_not_turned(world: World, tmp_path: Path) -> None:  # noqa: F811
    case = scanned(world, tmp_path)
    queue = read_as(world, case, withheld=("POORLY_READ",), turn=180)
    read = queue.reading(page_of(world, case).sha256)
    assert read is not None
    queue.keep_reading(page_of(world, case).sha256, Reading(680, 430, 180, 0.55, "small", read.lines))
    before = page_of(world, case).file
    ready.make_draft_ready(world.agent, case, 0)
    assert page_of(world, case).file == before


def test_a_page_without_a_masked_copy_is_turned_too_when_it_was_read(world: World, tmp_path: Path) -> None:  # noqa: F811
    case = scanned(world, tmp_path)
    read_as(world, case, (), turn=180, material="M01")
    window.seal(world.agent, case, STAFF, AT_ONCE, **TICKS)
    got = opened(world)
    assert got.pages["M01", 1, "camera"][1] == card(0) != got.pages["M01", 1, "full"][1]
    assert ("M02", 1, "camera") not in got.pages


# --- nothing of it stays -----------------------------------------------------------------------------------------


def left(world: World) -> list[str]:  # noqa: F811
    """Files of the queue that hold personal data."""
    folder = reading.queue_of(world.agent).folder
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and path.name != "worker.lock")


def test_the_reading_of_a_page_that_was_shot_again_or_turned_goes_at_once(world: World, tmp_path: Path) -> None:  # noqa: F811
    case = scanned(world, tmp_path)
    first, queue = page_of(world, case).sha256, read_as(world, case, turn=180)
    assert ready.stand_upright(world.agent, ready.draft_desk(world.agent, case), MASKED)
    assert queue.reading(first) is None and not any(first in path.read_text() for path in queue.folder.rglob("*.json"))
    turned_digest = page_of(world, case).sha256
    read_as(world, case)
    shot = put(tmp_path, "shot.jpg", card(70))
    window.add_pages(world.agent, case, MASKED, shot, original="HELD", anew=True)
    assert queue.reading(turned_digest) is None
    assert len(queue.waiting()) == len(MATERIALS)


@pytest.mark.requirement("H02")
def test_what_was_read_and_found_is_erased_with_the_seal(world: World, tmp_path: Path) -> None:  # noqa: F811
    case = scanned(world, tmp_path)
    read_as(world, case)
    assert "360101199003070018" in "".join(
        path.read_text(errors="ignore") for path in reading.queue_of(world.agent).folder.rglob("*.json")
    )
    window.seal(world.agent, case, STAFF, AT_ONCE, **TICKS)
    assert left(world) == []


def test_a_draft_that_ends_takes_its_readings_along(world: World, tmp_path: Path) -> None:  # noqa: F811
    case, other = scanned(world, tmp_path), world.begin(task_code=ITEM)
    window.add_pages(world.agent, other, "M01", put(tmp_path, "other.jpg", card(40)))
    read_as(world, case)
    window_ends.discard(world.agent, case, "TIMEOUT")
    drafts.erase(world.agent, case)
    assert [reading.queue_of(world.agent).asked(job).page for job in reading.queue_of(world.agent).waiting()] == [
        card(40)
    ]


def test_a_supplement_is_masked_too_and_its_readings_go_with_its_seal(world: World, tmp_path: Path) -> None:  # noqa: F811
    agent, log, case = world.agent, world.region.log, scanned(world, tmp_path)
    read_as(world, case)
    sealed = window.seal(agent, case, STAFF, AT_ONCE, **TICKS)
    world.hub.away = False
    Sender(agent, world.transfer()).step()
    log.say(case, "delivered", DEPARTMENT, "department", {"manifest": sealed.manifest})
    due = (datetime.now(UTC).astimezone(CHINA) + timedelta(days=30)).date().isoformat()
    notice = {"lines": [{"material": MASKED, "defect": "UNREADABLE"}], "due": due, "methods": ["WINDOW"]}
    log.say(case, "supplement_notice", ACCEPTOR, "ACCEPTOR", notice)
    world.receive()
    window_supplement.add_pages(agent, case, MASKED, put(tmp_path, "again.jpg", card(60)))
    queue, page = reading.queue_of(agent), digest_of(card(60))
    assert queue.waiting() == [queue.job_of(page, again=True)]
    assert supplement_notes.pages_here(agent) == {page}
    queue.finish(queue.job_of(page, again=True), Judged((ID,), (), 0))
    made = window_supplement.seal(agent, case, STAFF, applicant_signed=True, reads=AT_ONCE)
    assert [(one.material, one.state, one.boxes) for one in made.pages] == [(MASKED, "MASKED", 1)]
    assert left(world) == []


def test_after_a_kill_housekeeping_erases_what_no_open_draft_names(world: World, tmp_path: Path) -> None:  # noqa: F811
    case = scanned(world, tmp_path)
    queue = read_as(world, case)
    lost = queue.put(card(50))
    queue.finish(lost, Judged((ID,), (), 0))
    housekeeping.tidy(world.agent, datetime.now(UTC))
    assert queue.result(lost) is not None, "just written: it may be somebody's of this moment"
    housekeeping.tidy(world.agent, datetime.now(UTC) + 2 * drafts.WRITING_LASTS + timedelta(minutes=1))
    assert queue.result(lost) is None
    assert ready.look(world.agent, case)[2].state == "FOUND"


@pytest.mark.requirement("H01")
def test_after_a_kill_housekeeping_erases_pages_of_scans_and_payments_under_way(
    world: World,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(housekeeping, "gettempdir", lambda: str(tmp_path))
    folders = [tmp_path / f"{scanner.FOLDER}x", world.agent.settings.home / f"{debts.PREFIX}x", tmp_path / "other"]
    for folder in folders:
        folder.mkdir()
        (folder / "0001.png").write_bytes(card(1))
    now = datetime.now(CHINA)
    housekeeping.tidy(world.agent, now)
    assert all(folder.is_dir() for folder in folders), "somebody may be writing them"
    housekeeping.tidy(world.agent, now + timedelta(hours=2))
    assert [folder.is_dir() for folder in folders] == [False, False, True]


def test_every_reason_has_its_way_out() -> None:
    assert set(WITHHELD_REASONS) == set(WITHHELD_WAYS)


def test_a_sealed_draft_is_not_made_ready_again(world: World, tmp_path: Path) -> None:  # noqa: F811
    case = scanned(world, tmp_path)
    window.seal(world.agent, case, STAFF, AT_ONCE, **TICKS)
    with pytest.raises(Refusal, match="DRAFT_SEALED"):
        ready.make_draft_ready(world.agent, case, 0)


def test_the_list_says_which_materials_are_sealed_with_a_masked_copy(world: World) -> None:  # noqa: F811
    catalogue = world.agent.registry.catalogue()
    assert ready.masked_of(catalogue.item(ITEM)) == {MASKED}
    assert ready.masked_of(catalogue.item("11360102900001025R4000131012001")) == frozenset()

"""What one clerk does while another one seals, masks or ends the same pages: nothing leaves unmasked and unmarked, no
page is lost, and no draft ends twice (A04, H01, E04)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from crypto.canonical import CHINA
from crypto.manifest import read as read_manifest
from node_agent.imaging.finding.judged import Judged
from node_agent.imaging.reading.queue import digest_of
from node_agent.transfer.sender import Sender
from node_agent.window import drafts, ends, intake, pre_review, reading, ready, seal, supplement_notes
from node_agent.window import masking as window_masking
from node_agent.window import supplement as window_supplement
from node_agent.window.papers import supplement_receipt
from tests.pages import card
from tests.paper_reader import read_paper
from tests.refused import code_of
from tests.unit.agents.window_world import STAFF, TICKS, World
from tests.unit.evidence_log import ACCEPTOR, DEPARTMENT
from tests.unit.imaging.test_draft_revisions import count, meanwhile, noticed
from tests.unit.imaging.test_imaging_window import put, world
from tests.unit.imaging.test_window_ready import AT_ONCE, ID, ITEM, MASKED, MATERIALS, read_as, scanned

__all__ = ["world"]


def waiting(world: World) -> list[str]:  # noqa: F811
    return [act.event for act in world.agent.journal.waiting()]


def after(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, act: Callable[[], object]) -> None:
    """``act`` comes right after the first call of ``module.name``."""
    made, first = getattr(module, name), iter([True])

    def followed(*told: Any, **named: Any) -> object:
        answer = made(*told, **named)
        if next(first, False):
            act()
        return answer

    monkeypatch.setattr(module, name, followed)


def every_page_stands(world: World) -> int:  # noqa: F811
    """How many pages the sealing has of the material that the list wants masked; each is masked or marked."""
    made = read_manifest(world.agent.journal.uploads_waiting()[-1].manifest)
    (line,) = [one for one in made.lines if one.line == MASKED]
    for page in line.pages:
        names = {one.name for one in page.renditions}
        assert "masked" in names or (page.capture is not None and ready.WITHHELD in page.capture.found)
    return len(line.pages)


# --- sealed as it was made ready -------------------------------------------------------------------------------------


@pytest.mark.requirement("H01", "row T05")
def test_a_page_that_comes_after_the_pages_were_made_ready_is_masked_or_marked(
    world: World,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agent, case = world.agent, scanned(world, tmp_path)
    read_as(world, case)
    late = put(tmp_path, "late.jpg", card(61))
    after(monkeypatch, ready, "make_ready", lambda: intake.add_pages(agent, case, MASKED, late, original="HELD"))
    made = seal.seal(agent, case, STAFF, AT_ONCE, **TICKS)
    assert [(one.page, one.state) for one in made.pages] == [(1, "MASKED"), (2, "WITHHELD")]
    assert every_page_stands(world) == 2


@pytest.mark.requirement("H01", "row T05")
def test_a_masked_copy_that_a_clerk_made_void_after_that_is_made_again(
    world: World,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agent, case = world.agent, scanned(world, tmp_path)
    read_as(world, case)
    box = partial(window_masking.add, agent, case, MASKED, 1, (96, 196, 304, 244), "NAME", STAFF)
    after(monkeypatch, ready, "make_ready", box)
    made = seal.seal(agent, case, STAFF, AT_ONCE, **TICKS)
    assert [(one.state, one.boxes) for one in made.pages] == [("MASKED", 2)] and every_page_stands(world) == 1


@pytest.mark.requirement("H01", "row T05")
def test_boxes_changed_while_the_pages_are_sealed_refuse_the_seal_by_name(
    world: World,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not as a full disk: the masked file that is being sealed stays where it is."""
    agent, case = world.agent, scanned(world, tmp_path)
    read_as(world, case)
    box = partial(window_masking.add, agent, case, MASKED, 1, (96, 196, 304, 244), "NAME", STAFF)
    meanwhile(monkeypatch, seal, "sealed_draft", box)
    assert code_of(lambda: seal.seal(agent, case, STAFF, AT_ONCE, **TICKS)) == "DRAFT_NEWER"
    assert waiting(world) == []
    assert [one.boxes for one in seal.seal(agent, case, STAFF, AT_ONCE, **TICKS).pages] == [2]


@pytest.mark.requirement("A04", "H01", "row T17")
@pytest.mark.parametrize("where, name", [(ready, "_masked_lines"), (ready, "make_ready"), (None, "seal_bundle")])
def test_a_page_of_a_supplement_shot_again_while_it_is_sealed(
    world: World,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    where: Any,
    name: str,
) -> None:
    agent, case = world.agent, demanded(world, tmp_path)
    late = put(tmp_path, "late.jpg", card(61))
    again = partial(window_supplement.add_pages, agent, case, MASKED, late)
    act = partial(window_supplement.seal, agent, case, STAFF, applicant_signed=True, reads=AT_ONCE)
    if name == "make_ready":
        after(monkeypatch, window_supplement, name, again)
    else:
        meanwhile(monkeypatch, where or window_supplement, name, again)
    if name == "seal_bundle":
        assert code_of(act) == "DRAFT_NEWER" and waiting(world) == []
    made = act()
    assert [(one.state, one.why) for one in made.pages] == [("WITHHELD", (ready.NOT_IN_TIME,))]
    assert every_page_stands(world) == 1
    (line,) = read_manifest(agent.journal.uploads_waiting()[-1].manifest).lines
    assert line.pages[0].capture is not None


@pytest.mark.requirement("A04", "row T17")
def test_the_receipt_of_a_supplement_counts_the_pages_that_were_sealed(world: World, tmp_path: Path) -> None:  # noqa: F811
    """行政许可法 32(5): a colleague's page that came after the list was shown is sealed, and stands on the paper."""
    agent, case = world.agent, noticed(world, tmp_path, ("M01", "M02"))
    window_supplement.add_pages(agent, case, "M01", put(tmp_path, "first.jpg", card(45)))
    asked = window_supplement.demand(agent, case)
    window_supplement.add_pages(agent, case, "M02", put(tmp_path, "late.jpg", card(46)))
    made = window_supplement.seal(agent, case, STAFF, applicant_signed=True, reads=AT_ONCE)
    assert made.counts == {"M01": 1, "M02": 1}
    paper = read_paper(supplement_receipt(agent, asked, made, datetime.now(UTC))).flat
    assert "1页" in paper and "0页" not in paper


# --- erased as it was read -------------------------------------------------------------------------------------------


@pytest.mark.requirement("A04")
def test_pages_of_the_next_supplement_are_not_erased_with_those_of_the_last_one(
    world: World,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The running agent erases what the hub has; a clerk takes the next batch in at that moment."""
    agent, case = world.agent, noticed(world, tmp_path, ("M01", "M02"))
    window_supplement.add_pages(agent, case, "M01", put(tmp_path, "first.jpg", card(45)))
    made = window_supplement.seal(agent, case, STAFF, applicant_signed=True)
    agent.journal.answered(made.entries[0], b"receipt", "", None)
    late = put(tmp_path, "late.jpg", card(46))
    taking = partial(window_supplement.add_pages, agent, case, "M02", late)
    meanwhile(monkeypatch, supplement_notes, "_erase", taking)
    supplement_notes.tidy(agent, case)
    (line,) = supplement_notes.load(agent, case).values()
    assert line.material == "M02"
    folder = supplement_notes.folder_of(agent, case)
    assert {path.name for path in folder.iterdir()} == set(line.pages[0].files)


@pytest.mark.requirement("A04")
def test_the_files_of_a_page_that_was_shot_again_go_with_housekeeping(world: World, tmp_path: Path) -> None:  # noqa: F811
    agent, case = world.agent, noticed(world, tmp_path, ("M01",))
    for seed in (45, 46):
        window_supplement.add_pages(agent, case, "M01", put(tmp_path, f"{seed}.jpg", card(seed)))
    folder, now = supplement_notes.folder_of(agent, case), datetime.now(UTC)
    supplement_notes.sweep(agent, now)
    assert len(list(folder.iterdir())) == 2
    supplement_notes.sweep(agent, now + drafts.WRITING_LASTS + timedelta(minutes=1))
    (line,) = supplement_notes.load(agent, case).values()
    assert {path.name for path in folder.iterdir()} == set(line.pages[0].files)


# --- a draft ends once -----------------------------------------------------------------------------------------------


@pytest.mark.requirement("E04", "row T06")
@pytest.mark.parametrize("full", [True, False], ids=["sealed", "page"])
def test_a_draft_that_is_completed_while_its_list_is_printed_is_not_declined(
    world: World,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    full: bool,
) -> None:
    agent, case = world.agent, world.begin(task_code=ITEM)

    def go_on() -> None:
        for seed, material in enumerate(MATERIALS if full else MATERIALS[:1]):
            page = put(tmp_path, f"{material}.jpg", card(seed))
            intake.add_pages(agent, case, material, page, original="HELD")
        if full:
            seal.seal(agent, case, STAFF, AT_ONCE, **TICKS)

    meanwhile(monkeypatch, ends, "one_time_list", go_on)
    assert code_of(lambda: ends.decline(agent, case, STAFF, applicant_agreed=True)) == "DRAFT_NEWER"
    assert "decline" not in waiting(world) and ("seal" in waiting(world)) is full


@pytest.mark.requirement("A04", "row T06")
def test_a_page_on_its_way_into_a_draft_that_was_declined_is_told_of(
    world: World,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agent, case = world.agent, world.begin(task_code=ITEM)
    meanwhile(monkeypatch, drafts, "kept", lambda: ends.decline(agent, case, STAFF, applicant_agreed=True))
    page = put(tmp_path, "page.jpg", card(1))
    assert code_of(lambda: intake.add_pages(agent, case, "M01", page, original="HELD")) == "DRAFT_SEALED"
    assert (waiting(world), count(world, case, "M01")) == (["decline"], 0)


@pytest.mark.requirement("row T07")
def test_housekeeping_does_not_discard_a_draft_that_is_sealed_just_now(
    world: World,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agent, case = world.agent, scanned(world, tmp_path)
    sealing = partial(seal.seal, agent, case, STAFF, AT_ONCE, **TICKS)
    meanwhile(monkeypatch, ends, "_begun", sealing)
    ends.tidy(agent, datetime.now(UTC) + timedelta(days=agent.settings.draft_days + 1))
    assert "seal" in waiting(world) and "discard" not in waiting(world)


@pytest.mark.requirement("E05", "row T03")
def test_a_pre_review_and_a_seal_at_once_are_not_both_queued(
    world: World,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agent, case = world.agent, scanned(world, tmp_path)
    meanwhile(monkeypatch, pre_review, "sealed_draft", lambda: seal.seal(agent, case, STAFF, AT_ONCE, **TICKS))
    asking = partial(pre_review.ask, agent, case, STAFF, no_classified=True, privacy_notice=True)
    assert code_of(asking) == "DRAFT_NEWER"
    assert "seal" in waiting(world) and "ask_pre_review" not in waiting(world)


@pytest.mark.requirement("row T35")
def test_a_withdrawal_and_a_seal_at_once_are_not_both_queued(
    world: World,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agent, case = world.agent, scanned(world, tmp_path)
    pre_review.ask(agent, case, STAFF, no_classified=True, privacy_notice=True)
    meanwhile(monkeypatch, intake, "keep_paper", lambda: seal.seal(agent, case, STAFF, AT_ONCE, **TICKS))
    paper = put(tmp_path, "paper.jpg", card(9))
    assert code_of(lambda: intake.withdraw(agent, case, STAFF, paper)) == "DRAFT_NEWER"
    assert "seal" in waiting(world) and "withdraw" not in waiting(world)


# --- pieces ----------------------------------------------------------------------------------------------------------


def demanded(world: World, home: Path) -> str:  # noqa: F811
    """A case of which the material that is masked was asked for again; its page is here, and read."""
    agent, log, case = world.agent, world.region.log, scanned(world, home)
    sealed = seal.seal(agent, case, STAFF, AT_ONCE, **TICKS)
    world.hub.away = False
    Sender(agent, world.transfer()).step()
    log.say(case, "delivered", DEPARTMENT, "department", {"manifest": sealed.manifest})
    due = (datetime.now(UTC).astimezone(CHINA) + timedelta(days=30)).date().isoformat()
    notice = {"lines": [{"material": MASKED, "defect": "UNREADABLE"}], "due": due, "methods": ["WINDOW"]}
    log.say(case, "supplement_notice", ACCEPTOR, "ACCEPTOR", notice)
    world.receive()
    window_supplement.add_pages(agent, case, MASKED, put(home, "again.jpg", card(60)))
    queue = reading.queue_of(agent)
    queue.finish(queue.job_of(digest_of(card(60)), again=True), Judged((ID,), (), 0))
    return case

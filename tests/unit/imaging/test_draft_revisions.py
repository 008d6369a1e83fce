"""Several commands work on one draft at once: what one keeps, no other writes over, and no page is lost (A04)."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from crypto.statement import read_signed
from node_agent.transfer.sender import Sender
from node_agent.window import assist, drafts, intake, seal
from node_agent.window import intake as window
from node_agent.window import materials as window_materials
from node_agent.window import supplement as window_supplement
from node_agent.window.drafts import Draft
from storage.journal import Journal
from tests.pages import card
from tests.refused import code_of
from tests.unit.agents.window_world import STAFF, TICKS, World
from tests.unit.evidence_log import ACCEPTOR, DEPARTMENT
from tests.unit.imaging.test_imaging_window import put, world

__all__ = ["world"]


def count(world: World, case: str, material: str) -> int:  # noqa: F811
    line = drafts.load(world.agent, case).lines.get(material)
    return len(line.pages) if line else 0


def meanwhile(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, act: Callable[[], object]) -> None:
    """The first call of ``module.name`` is overtaken by ``act``."""
    made, first = getattr(module, name), iter([True])

    def overtaken(*told: Any, **named: Any) -> object:
        if next(first, False):
            act()
        return made(*told, **named)

    monkeypatch.setattr(module, name, overtaken)


def test_a_draft_is_not_kept_over_a_newer_one(world: World) -> None:  # noqa: F811
    case = world.begin()
    mine, other = drafts.load(world.agent, case), drafts.load(world.agent, case)
    other.lane = "ELDERLY"
    drafts.save(world.agent, other)
    mine.large_print = True
    assert code_of(lambda: drafts.save(world.agent, mine)) == "DRAFT_NEWER"
    assert code_of(lambda: drafts.save(world.agent, replace(mine, revision=0))) == "DRAFT_NEWER"
    now = drafts.load(world.agent, case)
    assert (now.lane, now.large_print) == ("ELDERLY", False)
    now.large_print = True
    drafts.save(world.agent, now)
    drafts.save(world.agent, now)  # goes on from what it kept itself


def test_a_change_is_made_again_on_the_newer_draft(world: World) -> None:  # noqa: F811
    case, seen = world.begin(), []

    def slow(draft: Draft) -> str:
        seen.append(draft.large_print)
        if len(seen) == 1:
            assist.tell(world.agent, case, large_print=True)
        draft.public_no = "told"
        return "answer"

    assert drafts.change(world.agent, case, slow) == "answer"
    now = drafts.load(world.agent, case)
    assert (seen, now.large_print, now.public_no) == ([False, True], True, "told")


def test_a_change_that_is_always_overtaken_ends_in_a_refusal(
    world: World,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(drafts, "ATTEMPTS", 3)
    case, calls = world.begin(), []

    def overtaken(draft: Draft) -> None:
        calls.append(True)
        drafts.save(world.agent, drafts.load(world.agent, case))

    assert code_of(lambda: drafts.change(world.agent, case, overtaken)) == "DRAFT_NEWER"
    assert len(calls) == 3


@pytest.mark.requirement("A04")
def test_pages_that_several_commands_take_at_once_are_all_there(world: World, tmp_path: Path) -> None:  # noqa: F811
    """Each command has a journal of its own, as processes have."""
    case, home = world.begin(), world.agent.settings.home
    failed: list[BaseException] = []

    def shoot(material: str) -> None:
        agent = replace(world.agent, journal=Journal(home / "journal.sqlite"))
        try:
            for number in range(3):
                page = put(tmp_path, f"{material}-{number}.jpg", card(number))
                window.add_pages(agent, case, material, page)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=shoot, args=(material,)) for material in ("M01", "M02", "M05")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert [count(world, case, material) for material in ("M01", "M02", "M05")] == [3, 3, 3]


@pytest.mark.requirement("A04", "row T05")
def test_a_page_that_comes_while_the_draft_is_sealed_refuses_the_seal(
    world: World,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agent, case = world.agent, world.scanned(tmp_path)
    late = put(tmp_path, "late.jpg", card(40))
    meanwhile(monkeypatch, seal, "sealed_draft", lambda: window.add_pages(agent, case, "M01", late))
    assert code_of(lambda: window.seal(agent, case, STAFF, **TICKS)) == "DRAFT_NEWER"
    assert agent.journal.waiting() == [] and agent.journal.uploads_waiting() == []
    assert list(agent.spool.iterdir()) == []
    assert (drafts.open_draft(agent, case).state, count(world, case, "M01")) == (drafts.OPEN, 2)
    window.seal(agent, case, STAFF, **TICKS)
    assert drafts.load(agent, case).state == drafts.SEALED


@pytest.mark.requirement("A03", "row T05")
def test_a_seal_says_what_the_draft_says_when_its_pages_are_ready(
    world: World,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What another command kept while the clerk waited for pages is sealed, and judged, as well."""
    agent, lost, case = world.agent, world.scanned(tmp_path), world.scanned(tmp_path)

    def take_out(draft: Draft) -> None:
        del draft.lines["M01"]

    meanwhile(monkeypatch, seal, "ready_draft", lambda: drafts.change(agent, lost, take_out))
    assert code_of(lambda: window.seal(agent, lost, STAFF, **TICKS)) == "MATERIALS_INCOMPLETE"
    meanwhile(monkeypatch, seal, "ready_draft", lambda: assist.tell(agent, case, lane="ASSISTED"))
    sealed = window.seal(agent, case, STAFF, **TICKS)
    act = agent.journal.entry(sealed.entries[0])
    assert act is not None and read_signed(act.envelope).body["lane"] == "ASSISTED"


@pytest.mark.requirement("A04", "row T05")
def test_a_page_on_its_way_into_a_draft_that_was_sealed_meanwhile_is_told_of(
    world: World,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Sealed after the last look whether it may still be changed, before it is kept."""
    agent, case = world.agent, world.scanned(tmp_path)
    meanwhile(monkeypatch, drafts, "kept", lambda: window.seal(agent, case, STAFF, **TICKS))
    late = put(tmp_path, "late.jpg", card(40))
    assert code_of(lambda: window.add_pages(agent, case, "M01", late)) == "DRAFT_SEALED"
    assert (drafts.load(agent, case).state, count(world, case, "M01")) == (drafts.SEALED, 1)


@pytest.mark.requirement("A04")
def test_pages_are_put_in_the_place_of_those_alone_that_the_clerk_knew(
    world: World,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agent, case = world.agent, world.scanned(tmp_path)
    mine = put(tmp_path, "mine.jpg", card(42))
    hows: tuple[dict[str, Any], ...] = ({"anew": True}, {"at": 1})
    for seed, how in enumerate(hows):
        other = put(tmp_path, "other.jpg", card(60 + seed))
        with monkeypatch.context() as patch:
            meanwhile(patch, intake, "keep", partial(window.add_pages, agent, case, "M01", other, anew=True))
            assert code_of(partial(window.add_pages, agent, case, "M01", mine, **how)) == "PAGES_NEWER"
    window.add_pages(agent, case, "M01", mine, anew=True)
    assert count(world, case, "M01") == 1


@pytest.mark.requirement("A04", "B10")
def test_a_promise_does_not_take_the_place_of_pages_that_came_meanwhile(
    world: World,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agent, case = world.agent, world.scanned(tmp_path)
    page, due = put(tmp_path, "page.jpg", card(44)), date.today() + timedelta(days=1)
    monkeypatch.setattr(window_materials, "require_promise", lambda *_: None)
    meanwhile(monkeypatch, window_materials, "keep_paper", lambda: window.add_pages(agent, case, "M05", page))
    assert code_of(lambda: window_materials.tolerate(agent, case, "M05", due, page)) == "PAGES_NEWER"
    assert (count(world, case, "M05"), drafts.load(agent, case).tolerated) == (1, {})


@pytest.mark.requirement("A04", "row T17")
def test_a_page_that_comes_while_a_supplement_is_sealed_refuses_it(
    world: World,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agent, case = world.agent, noticed(world, tmp_path, ("M01", "M02"))
    first, late = put(tmp_path, "first.jpg", card(45)), put(tmp_path, "late.jpg", card(46))
    window_supplement.add_pages(agent, case, "M01", first)
    overtaking = partial(window_supplement.add_pages, agent, case, "M02", late)
    with monkeypatch.context() as patch:
        meanwhile(patch, window_supplement, "seal_bundle", overtaking)
        again = partial(window_supplement.seal, agent, case, STAFF, applicant_signed=True)
        assert code_of(again) == "DRAFT_NEWER"
    assert agent.journal.waiting() == []
    assert again().materials == ("M01", "M02")


@pytest.mark.requirement("A04")
def test_pages_of_two_materials_of_a_supplement_may_come_at_once(
    world: World,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agent, case = world.agent, noticed(world, tmp_path, ("M01", "M02"))
    mine, other = put(tmp_path, "mine.jpg", card(47)), put(tmp_path, "other.jpg", card(48))
    for material, code in (("M02", ""), ("M01", "PAGES_NEWER")):
        with monkeypatch.context() as patch:
            meanwhile(patch, window_supplement, "keep", partial(window_supplement.add_pages, agent, case, "M01", other))
            act = partial(window_supplement.add_pages, agent, case, material, mine)
            if code:
                assert code_of(act) == code
            else:
                assert act().refused == ()
        other = put(tmp_path, "other.jpg", card(49))
    assert {line.material for line in window_supplement.demand(agent, case).lines if line.pages} == {"M01", "M02"}


# --- pieces ----------------------------------------------------------------------------------------------------------


def noticed(world: World, home: Path, materials: tuple[str, ...]) -> str:  # noqa: F811
    """A case that the department asked more of."""
    sealed, log = window.seal(world.agent, world.scanned(home), STAFF, **TICKS), world.region.log
    world.hub.away = False
    Sender(world.agent, world.transfer()).step()
    log.say(sealed.case_id, "delivered", DEPARTMENT, "department", {"manifest": sealed.manifest})
    due = (date.today() + timedelta(days=30)).isoformat()
    lines = [{"material": code, "defect": "UNREADABLE"} for code in materials]
    notice = {"lines": lines, "due": due, "methods": ["WINDOW"]}
    log.say(sealed.case_id, "supplement_notice", ACCEPTOR, "ACCEPTOR", notice)
    world.receive()
    return sealed.case_id

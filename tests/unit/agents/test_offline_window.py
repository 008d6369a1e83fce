"""The window cut off: what a failed seal leaves on its disk, who is owed keys, which times and numbers it tells."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crypto.refusal import Refusal
from crypto.statement import read_signed
from deploy.commands.window.lists import case_line, queue_lines
from hub.casework.states import State
from node_agent.paper import shelf
from node_agent.process import housekeeping
from node_agent.transfer import missing_wraps
from node_agent.transfer.sender import Sender
from node_agent.transfer.standing import read_status
from node_agent.window import drafts
from node_agent.window import intake as window
from node_agent.window import receipt as window_receipt
from tests.paper_reader import read_paper
from tests.unit.agents.agent_region import RECOVERY
from tests.unit.agents.window_world import STAFF, TICKS, World, open_world
from tests.unit.evidence_log import DEPARTMENT


@pytest.fixture
def world(tmp_path: Path) -> World:
    return open_world(tmp_path)


@pytest.fixture
def sender(world: World, monkeypatch: pytest.MonkeyPatch) -> Sender:
    monkeypatch.setattr("node_agent.transfer.mending.MEND_EVERY_SECONDS", 0.0)
    return Sender(world.agent, world.transfer())


def left(world: World) -> list[str]:
    """Files of sealing and printing in the agent's folder."""
    home = world.agent.settings.home
    return [path.name for name in ("spool", "receipts") for path in (home / name).glob("*")]


# --- a seal that fails -------------------------------------------------------------------------------------------


def no_receipt(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, data: bytes) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(shelf, "write_private", full)


def no_journal(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: Any) -> None:
        raise Refusal("JOURNAL_UNWRITABLE", "promise 6", problem="disk full")

    monkeypatch.setattr(world.agent.journal, "queue", full)


@pytest.mark.parametrize(
    ("fault", "code"),
    [(no_receipt, "RECEIPT_UNWRITABLE"), (no_journal, "JOURNAL_UNWRITABLE")],
    ids=["receipt", "journal"],
)
def test_a_seal_that_fails_leaves_nothing_and_may_be_repeated(
    world: World, tmp_path: Path, fault: Callable[[World, pytest.MonkeyPatch], None], code: str
) -> None:
    case = world.scanned(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        fault(world, patch)
        with pytest.raises(Refusal) as caught:
            window.seal(world.agent, case, STAFF, **TICKS)
    assert caught.value.code == code
    assert left(world) == [] and world.agent.journal.acts(case) == []
    again = window.seal(world.agent, case, STAFF, **TICKS)
    assert len(left(world)) == 2 and world.paper(again).secret


def test_a_seal_that_was_kept_although_the_disk_said_no_stands_with_its_receipt(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, queue = world.scanned(tmp_path), world.agent.journal.queue

    def kept_and_failed(*arguments: Any) -> None:
        queue(*arguments)
        raise Refusal("JOURNAL_UNWRITABLE", "promise 6", problem="disk I/O error")

    monkeypatch.setattr(world.agent.journal, "queue", kept_and_failed)
    made = window.seal(world.agent, case, STAFF, **TICKS)
    assert [act.event for act in world.agent.journal.acts(case)] == ["seal", "wrap", "wrap", "wrap"]
    assert len(left(world)) == 2 and world.paper(made).secret


def test_a_kill_after_queueing_gives_the_receipt_its_name_and_one_before_erases_it(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "publish", lambda home, digest, public_no: None)  # killed before
    made = world.sealed(tmp_path)
    monkeypatch.undo()
    home = world.agent.settings.home
    assert shelf.order(home, made.public_no) is None
    shelf.lay(home, "f" * 64, b"never sealed")
    (world.agent.spool / ("e" * 32)).write_bytes(b"never queued")
    housekeeping.tidy(world.agent, datetime.now(UTC) + timedelta(hours=2))
    assert sorted(left(world)) == sorted([f"{made.public_no}.order", world.agent.journal.uploads_waiting()[0].file])
    assert world.paper(made).secret


def test_a_copy_of_a_receipt_needs_a_seal_and_holds_no_secret(world: World, tmp_path: Path) -> None:
    draft = drafts.load(world.agent, world.begin())
    with pytest.raises(Refusal, match="DRAFT_NOT_SEALED"):
        window_receipt.copy(world.agent, draft, case_no="", recorded_at="")
    made = world.sealed(tmp_path)
    draft = drafts.load(world.agent, made.case_id)
    paper = read_paper(window_receipt.copy(world.agent, draft, case_no="", recorded_at="").data)
    assert made.public_no in paper.flat and "副本" in paper.flat and paper.secret == ""
    assert made.check_code not in paper.flat.replace(made.public_no, "")


# --- who is owed keys --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", [DEPARTMENT, RECOVERY], ids=["department", "recovery"])
def test_a_recipient_without_a_key_at_the_seal_is_wrapped_to_once_when_it_has_one(
    world: World, sender: Sender, tmp_path: Path, who: str
) -> None:
    log, agent = world.region.log, world.agent
    before = log.directory.current(who)
    log.say_registry("key.revoke", {"subject": who}, [log.registrar])
    agent.registry.refresh(agent.hub)
    made = world.sealed(tmp_path)
    assert len(made.waiting_for) == 1 and len(made.entries) == 3
    sender.step()
    assert missing_wraps.mend(agent) is False and len(agent.journal.notes(missing_wraps.NOTE)) == 1
    log.register(who, who, before.region, sorted(before.roles), None, replaces=before.digest)
    agent.registry.refresh(agent.hub)
    for _ in range(4):
        sender.step()
    wraps = [read_signed(act.envelope).body for act in agent.journal.acts(made.case_id) if act.event == "wrap"]
    keys = [body["recipient_key"] for body in wraps if body["recipient"] == who]
    assert keys == [log.directory.current(who).kem.id] and len(wraps) == 3
    assert log.files[made.case_id].state is State.FORWARDED and world.puts == [1]
    assert agent.journal.notes(missing_wraps.NOTE) == []


def test_who_is_owed_is_kept_with_the_seal(world: World, tmp_path: Path) -> None:
    log = world.region.log
    log.say_registry("key.revoke", {"subject": RECOVERY}, [log.registrar])
    world.agent.registry.refresh(world.agent.hub)
    with pytest.MonkeyPatch.context() as patch:
        no_journal(world, patch)
        with pytest.raises(Refusal):
            world.sealed(tmp_path)
    assert world.agent.journal.notes(missing_wraps.NOTE) == []


# --- times and numbers -------------------------------------------------------------------------------------------


def sealed_at(world: World, tmp_path: Path, offset: timedelta) -> str:
    """A case sealed ``offset`` from the hub's time by the window's clock, and sent."""
    moment = world.region.log.now + offset

    class Then(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return moment.astimezone(tz)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("node_agent.acts.datetime", Then)
        patch.setattr(world.region, "keep_time", lambda: None)
        made = world.sealed(tmp_path)
        Sender(world.agent, world.transfer()).step()
    return made.public_no


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(-4, ""), (-6, "延后上传，相差 6 分"), (-130, "延后上传，相差 2 小时 10 分"), (4, "")],
)
def test_the_declared_time_is_kept_beside_the_legal_one_and_marked_when_apart(
    world: World, tmp_path: Path, minutes: int, words: str
) -> None:
    line = case_line(world.agent, sealed_at(world, tmp_path, timedelta(minutes=minutes)))
    assert line["occurred_at"] != line["recorded_at"] and str(line["late"]).startswith(words)
    assert bool(line["late"]) is bool(words)


def test_both_numbers_find_a_case_before_its_leaf_is_here(world: World, sender: Sender, tmp_path: Path) -> None:
    made = world.sealed(tmp_path)
    assert case_line(world.agent, made.public_no)["case"] == made.case_id
    sender.step()
    line = case_line(world.agent, f"{made.public_no[:4]} {made.public_no[4:8]} {made.public_no[8:]}")
    assert world.agent.journal.leaves(made.case_id) == [] and len(str(line["case_no"])) == 43
    assert case_line(world.agent, str(line["case_no"]))["case"] == made.case_id
    with pytest.raises(Refusal, match="CASE_UNKNOWN_HERE"):
        case_line(world.agent, "9" * 43)


def test_the_queue_says_for_each_act_what_it_waits_for(world: World, sender: Sender, tmp_path: Path) -> None:
    world.sealed(tmp_path)
    world.hub.refuse["submit"] = [Refusal("HUB_BUSY", "promise 6")] * 2
    lines = queue_lines(world.agent, read_status(world.agent.journal))
    assert [line["why"] for line in lines] == ["等材料上传", *["等本件前一步发出"] * 3]
    sender.step()
    lines = queue_lines(world.agent, read_status(world.agent.journal))
    assert lines[0]["why"] == "等枢纽登记" and lines[0]["public_no"] and "封" in str(lines[0]["event_text"])

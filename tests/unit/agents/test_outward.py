"""Notices to applicants outside: asked for, masked, once a state, handed to an adapter or read out (I02, E12)."""

import json
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crypto import canonical
from crypto.refusal import Refusal
from deploy.commands.window import outward as commands
from hub.casework.messages.public import NEXT_STEPS
from hub.casework.states import State
from node_agent.transfer.sender import Sender
from node_agent.window import intake as window
from node_agent.window import outward
from node_agent.window.outward import CALL, FAILED, LAST_DAYS, QUEUED, SENT, TRIES, FileAdapter, Outward
from tests.unit.agents.window_world import ADDRESS, FORM, STAFF, TICKS, World, open_world
from tests.unit.evidence_log import ACCEPTOR, DEPARTMENT

NOW = "2026-03-02T10:00:00.000+08:00"
MOBILE = "13800000000"
NAME = str(FORM["applicant"]["name"])


class Broken:
    """A way out that is closed."""

    def deliver(self, notice: Outward, to: str) -> None:
        """Never."""
        raise OSError("closed")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return open_world(tmp_path)


def sealed(world: World, home: Path, channel: str = "SMS") -> str:
    """A case whose applicant wants to be told, at its department."""
    case = world.scanned(home)
    if channel:
        outward.wish(world.agent, case, channel, MOBILE)
    window.seal(world.agent, case, STAFF, **TICKS)
    Sender(world.agent, world.transfer()).step()
    log = world.region.log
    log.say(case, "delivered", DEPARTMENT, "department", {"manifest": log.files[case].sealings[0].manifest})
    world.receive()
    return case


@pytest.mark.requirement("I02", "H01")
def test_a_notice_says_where_the_case_stands_and_nothing_that_names_the_applicant(world: World, tmp_path: Path) -> None:
    case = sealed(world, tmp_path)
    (notice,) = outward.collect(world.agent, NOW)
    assert (notice.case, notice.reached, notice.channel, notice.state) == (case, "PENDING_ACCEPT", "SMS", QUEUED)
    assert notice.text.startswith("余*您好") and NAME not in notice.text and MOBILE not in notice.text
    assert NEXT_STEPS[State.PENDING_ACCEPT] in notice.text
    file = world.region.log.files[case]
    assert (file.clocks["K2"].due or "")[:10] in notice.text and file.public_no in notice.text.replace(" ", "")
    for private in (FORM["applicant"]["citizen_id"], ADDRESS["address"], "校验码 "):
        assert str(private) not in notice.text


@pytest.mark.requirement("I02")
def test_one_notice_a_state_handed_over_once_as_a_file_of_its_owner(world: World, tmp_path: Path) -> None:
    case = sealed(world, tmp_path)
    folder = tmp_path / "out"
    for _ in range(2):
        outward.collect(world.agent, NOW)
        outward.send(world.agent, FileAdapter(folder), NOW)
    (path,) = folder.iterdir()
    told = json.loads(path.read_text("utf-8"))
    assert (told["channel"], told["to"]) == ("SMS", MOBILE) and stat.S_IMODE(path.stat().st_mode) == 0o600
    world.region.log.say(case, "accept", ACCEPTOR, "ACCEPTOR", {})
    world.receive()
    (second,) = outward.collect(world.agent, NOW)
    assert second.reached == "UNDER_REVIEW" and "已受理" in second.text
    outward.send(world.agent, FileAdapter(folder), NOW)
    assert len(list(folder.iterdir())) == 2
    assert [one.state for one in outward.notices(world.agent)] == [SENT, SENT]


@pytest.mark.requirement("I02")
def test_what_cannot_be_handed_over_is_tried_again_and_told_as_failed_in_the_end(world: World, tmp_path: Path) -> None:
    sealed(world, tmp_path)
    outward.collect(world.agent, NOW)
    for number in range(1, TRIES):
        (tried,) = outward.send(world.agent, Broken(), NOW)
        assert (tried.state, tried.tries) == (QUEUED, number)
    (last,) = outward.send(world.agent, Broken(), NOW)
    assert last.state == FAILED and outward.send(world.agent, Broken(), NOW) == []


@pytest.mark.requirement("I02", "A19")
def test_who_did_not_ask_is_not_told_and_a_wish_is_taken_back(world: World, tmp_path: Path) -> None:
    sealed(world, tmp_path, channel="")
    assert outward.collect(world.agent, NOW) == []
    case = world.begin()
    outward.wish(world.agent, case, "WECHAT", "wx-account")
    outward.wish(world.agent, case, "", "")
    assert world.agent.journal.notes(outward.CONTACT) == []
    for channel, to, code in (("PIGEON", MOBILE, "CHANNEL_UNKNOWN"), ("SMS", " ", "CONTACT_MISSING")):
        with pytest.raises(Refusal) as refused:
            outward.wish(world.agent, case, channel, to)
        assert refused.value.code == code


@pytest.mark.requirement("E12", "I02")
def test_who_has_no_telephone_that_reads_is_called_and_the_words_are_read_out(world: World, tmp_path: Path) -> None:
    sealed(world, tmp_path, channel=CALL)
    outward.collect(world.agent, NOW)
    assert outward.send(world.agent, FileAdapter(tmp_path / "out"), NOW) == []
    assert not (tmp_path / "out").exists(), "no machine tells who wants to be called"
    ((notice, contact),) = outward.to_call(world.agent)
    assert contact.to == MOBILE and "查询号" in notice.text
    assert outward.called(world.agent, notice.id, NOW).state == SENT
    assert outward.to_call(world.agent) == []
    with pytest.raises(Refusal, match="NOTICE_UNKNOWN"):
        outward.called(world.agent, notice.id, NOW)


@pytest.mark.requirement("I02", "H01")
def test_when_the_case_is_over_the_contact_goes_after_its_last_notice(world: World, tmp_path: Path) -> None:
    case = sealed(world, tmp_path)
    log = world.region.log
    log.say(case, "withdraw", f"{log.files[case].collecting_node}/person/C01", "COLLECTOR",
            {"identity_checked": True, "paper": "a" * 64})  # fmt: skip
    world.receive()
    assert world.agent.journal.notes(outward.CONTACT)
    assert outward.collect(world.agent, NOW) == [], "he knows: it was his own doing"
    assert world.agent.journal.notes(outward.CONTACT) == []


@pytest.mark.requirement("I02", "E12", "H01")
def test_a_last_notice_that_nobody_takes_keeps_no_contact_for_ever(world: World, tmp_path: Path) -> None:
    """个人信息保护法 19: a clerk who never calls must not keep a telephone number in this journal."""
    case = sealed(world, tmp_path, channel=CALL)
    (waiting,) = outward.collect(world.agent, NOW)
    log = world.region.log
    log.say(case, "withdraw", f"{log.files[case].collecting_node}/person/C01", "COLLECTOR",
            {"identity_checked": True, "paper": "a" * 64})  # fmt: skip
    world.receive()
    outward.tidy(world.agent, canonical.time_text(canonical.time_value(NOW) + LAST_DAYS - timedelta(minutes=1)))
    assert [one.id for one, _ in outward.to_call(world.agent)] == [waiting.id]
    outward.tidy(world.agent, canonical.time_text(canonical.time_value(NOW) + LAST_DAYS))
    assert world.agent.journal.notes(outward.CONTACT) == [] and outward.to_call(world.agent) == []
    (kept,) = outward.notices(world.agent)
    assert (kept.id, kept.text, kept.state) == (waiting.id, "", FAILED)
    assert MOBILE.encode() not in world.agent.settings.home.joinpath("journal.sqlite").read_bytes()


@pytest.mark.requirement("I02", "E12")
def test_the_commands_take_the_number_from_standard_input(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.commands.shared.common.open_agent", lambda home, attempts: world.agent)
    monkeypatch.setattr(world.agent, "close", lambda: None)
    home = ["--home", str(world.agent.settings.home), "--json"]
    case = world.begin()
    run = CliRunner()
    told = run.invoke(commands.app, ["notify", case, *home, "--channel", "短信", "--to", "-"], input=f"{MOBILE}\n")
    assert told.exit_code == 0, told.output
    assert MOBILE.encode() in world.agent.journal.notes(outward.CONTACT)[0][1]
    run.invoke(commands.app, ["notify", case, *home])
    assert world.agent.journal.notes(outward.CONTACT) == []
    sealed(world, tmp_path)
    said = json.loads(run.invoke(commands.app, ["outbox", *home, "--out", str(tmp_path / "out")]).stdout)
    assert [one["state"] for one in said["notices"]] == [SENT] and len(list((tmp_path / "out").iterdir())) == 1
    assert json.loads(run.invoke(commands.app, ["calls", *home]).stdout)["calls"] == []

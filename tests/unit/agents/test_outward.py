"""Notices to applicants outside: asked for, masked, once a state, handed to an adapter or read out (I02, E12)."""

import json
import stat
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crypto import canonical
from crypto.refusal import Refusal
from deploy.commands.window import outward as commands
from hub.casework.messages.public import NEXT_STEPS
from hub.casework.states import State
from node_agent.process.daemon import loops_for
from node_agent.transfer.sender import Sender
from node_agent.window import intake as window
from node_agent.window import outward, survey
from node_agent.window.handing import ATTEMPTS, NoticeLoop, Patient
from node_agent.window.outward import (
    CALL,
    FAILED,
    FIRST_PAUSE,
    LAST_DAYS,
    QUEUED,
    SENDING,
    SENT,
    TRIES,
    FileAdapter,
    Outward,
)
from tests.unit.agents.window_world import ADDRESS, FORM, STAFF, TICKS, World, open_world
from tests.unit.evidence_log import ACCEPTOR, DEPARTMENT

NOW = "2026-03-02T10:00:00.000+08:00"
MOBILE = "13800000000"
NAME = str(FORM["applicant"]["name"])


class Broken:
    """A way out that is closed; with ``open_after`` from that try on open."""

    place = "closed"

    def __init__(self, open_after: int = 1 << 30) -> None:
        self.tries, self.gone, self.open_after = 0, list[str](), open_after

    def prepare(self, notice: Outward, to: str) -> None:
        """Not yet."""
        self.tries += 1
        if self.tries <= self.open_after:
            raise OSError("closed")

    def hand_over(self, notice_id: str) -> None:
        """Away with it."""
        self.gone.append(notice_id)

    def discard(self, notice_id: str) -> None:
        """Nothing lies there."""


class Killed(BaseException):
    """The process ends here."""


class Dying(FileAdapter):
    """A folder at which the process is killed, before or after the notice went."""

    def __init__(self, folder: Path, gone: bool) -> None:
        super().__init__(folder)
        self._gone = gone

    def hand_over(self, notice_id: str) -> None:
        """A kill."""
        if self._gone:
            super().hand_over(notice_id)
        raise Killed


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


@pytest.mark.requirement("I02", "G11")
def test_a_wish_is_taken_back_after_the_seal_too_with_all_that_waits(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """个人信息保护法 15: by the number on the receipt, for the draft is gone."""
    case = world.scanned(tmp_path)
    outward.wish(world.agent, case, CALL, MOBILE, survey_too=True)
    number = window.seal(world.agent, case, STAFF, **TICKS).public_no
    Sender(world.agent, world.transfer()).step()
    log = world.region.log
    log.say(case, "delivered", DEPARTMENT, "department", {"manifest": log.files[case].sealings[0].manifest})
    world.receive()
    outward.collect(world.agent, NOW)
    assert len(outward.to_call(world.agent)) == 1
    monkeypatch.setattr("deploy.commands.shared.common.open_agent", lambda home, attempts: world.agent)
    monkeypatch.setattr(world.agent, "close", lambda: None)
    home = ["--home", str(world.agent.settings.home), "--json"]
    told = CliRunner().invoke(commands.app, ["notify", number, *home])
    assert told.exit_code == 0, told.output
    journal = world.agent.journal
    assert journal.notes(outward.CONTACT) == [] and journal.notes(survey.CONSENT) == []
    assert outward.to_call(world.agent) == [] and [one.text for one in outward.notices(world.agent)] == [""]
    refused = CliRunner().invoke(
        commands.app, ["notify", number, *home, "--channel", "短信", "--to", "-"], input=MOBILE
    )
    assert json.loads(refused.stdout)["refusal"]["code"] == "DRAFT_SEALED", "a new wish is one of the counter"


@pytest.mark.requirement("I02")
def test_a_department_whose_keys_have_ended_stops_no_notice(world: World, tmp_path: Path) -> None:
    cases = {sealed(world, tmp_path), sealed(world, tmp_path)}
    log = world.region.log
    log.say_registry("key.revoke", {"subject": DEPARTMENT, "reason": "LOST"}, [log.registrar])
    world.agent.registry.refresh(world.agent.hub)
    assert {one.case for one in outward.collect(world.agent, NOW)} == cases


@pytest.mark.requirement("I02")
def test_a_folder_is_one_place_by_whatever_name(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a notice that a kill left in ``out`` here is looked for in ``out`` elsewhere, and passes for sent."""
    sealed(world, tmp_path)
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        (folder / "out").mkdir(parents=True)
    outward.collect(world.agent, NOW)
    monkeypatch.chdir(here)
    with pytest.raises(Killed):
        outward.send(world.agent, Dying(Path("out"), False), NOW)
    monkeypatch.chdir(there)
    assert outward.send(world.agent, FileAdapter(Path("out")), NOW) == []
    (done,) = outward.send(world.agent, FileAdapter(here / "out"), NOW)
    assert done.state == SENT and len(list((here / "out").glob("*.json"))) == 1


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


@pytest.mark.requirement("E12")
def test_a_number_is_no_markup_of_the_list(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else what one applicant gave keeps the clerk from calling all others."""
    case = world.scanned(tmp_path)
    outward.wish(world.agent, case, CALL, "1[/b]2")
    window.seal(world.agent, case, STAFF, **TICKS)
    Sender(world.agent, world.transfer()).step()
    log = world.region.log
    log.say(case, "delivered", DEPARTMENT, "department", {"manifest": log.files[case].sealings[0].manifest})
    world.receive()
    monkeypatch.setattr("deploy.commands.shared.common.open_agent", lambda home, attempts: world.agent)
    monkeypatch.setattr(world.agent, "close", lambda: None)
    shown = CliRunner().invoke(commands.app, ["calls", "--home", str(world.agent.settings.home)])
    assert shown.exit_code == 0 and "1[/b]2" in shown.output, shown.exception


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
    outward.tidy(world.agent, canonical.time_text(canonical.time_value(NOW) + LAST_DAYS))
    assert outward.notices(world.agent) == [], "no longer than that either"


@pytest.mark.requirement("I02")
@pytest.mark.parametrize("gone", [False, True])
def test_a_kill_while_a_notice_is_handed_over_sends_it_once(world: World, tmp_path: Path, gone: bool) -> None:
    """The hall's sender takes the file away at once: only this node knows that it went."""
    sealed(world, tmp_path)
    folder = tmp_path / "out"
    (notice,) = outward.collect(world.agent, NOW)
    with pytest.raises(Killed):
        outward.send(world.agent, Dying(folder, gone), NOW)
    (between,) = outward.notices(world.agent)
    assert between.state == SENDING and len(list(folder.glob("*.json"))) == int(gone)
    taken = list(folder.glob("*.json"))
    for path in taken:
        path.unlink()
    elsewhere = outward.send(world.agent, FileAdapter(tmp_path / "other"), NOW)
    assert elsewhere == [], "it lies in the first folder, and goes on there"
    (done,) = outward.send(world.agent, FileAdapter(folder), NOW)
    assert done.state == SENT and len(taken) + len(list(folder.glob("*.json"))) == 1
    assert list(folder.glob(".*")) == [] and outward.send(world.agent, FileAdapter(folder), NOW) == []
    assert not outward.waits(world.agent) and outward.notices(world.agent)[0].id == notice.id


@pytest.mark.requirement("I02")
def test_the_agent_hands_over_by_itself_what_is_new_and_nothing_twice(world: World, tmp_path: Path) -> None:
    case = sealed(world, tmp_path)
    folder = tmp_path / "out"
    loop = NoticeLoop(world.agent, FileAdapter(folder))
    (first,) = loop.step(NOW)
    assert first.state == SENT and loop.step(NOW) == []
    outward.send(world.agent, FileAdapter(folder), NOW)  # the command beside it
    world.region.log.say(case, "accept", ACCEPTOR, "ACCEPTOR", {})
    world.receive()
    assert [one.reached for one in loop.step(NOW)] == ["UNDER_REVIEW"] and len(list(folder.iterdir())) == 2
    again = NoticeLoop(world.agent, FileAdapter(folder))
    assert again.step(NOW) == [], "a new process finds nothing to send"


@pytest.mark.requirement("I02")
def test_the_loop_waits_out_a_short_trouble_and_pauses_longer_after_each_failure(world: World, tmp_path: Path) -> None:
    sealed(world, tmp_path)
    closed = Broken()
    patient = Patient(closed, pause=0.0)
    outward.collect(world.agent, NOW)
    (tried,) = outward.send(world.agent, patient, NOW, unattended=True)
    assert (closed.tries, tried.tries, tried.state) == (ATTEMPTS, 1, QUEUED), "one turn, a few attempts"
    assert outward.send(world.agent, patient, NOW, unattended=True) == [], "its pause is not over"
    at = canonical.time_value(NOW)
    for number in range(1, TRIES):
        at += FIRST_PAUSE * 2 ** (number - 1)
        early = canonical.time_text(at - timedelta(milliseconds=1))
        assert outward.send(world.agent, patient, early, unattended=True) == []
        (tried,) = outward.send(world.agent, patient, canonical.time_text(at), unattended=True)
        assert tried.tries == number + 1
    assert tried.state == FAILED and not outward.waits(world.agent)


@pytest.mark.requirement("I02")
def test_a_way_out_that_is_gone_is_tried_once_a_turn_and_by_each_notice_in_its_turn(
    world: World, tmp_path: Path
) -> None:
    cases = {sealed(world, tmp_path), sealed(world, tmp_path)}
    outward.collect(world.agent, NOW)
    tried = [outward.send(world.agent, Broken(), NOW, unattended=True) for _ in range(3)]
    assert [len(turn) for turn in tried] == [1, 1, 0] and {turn[0].case for turn in tried[:2]} == cases
    assert len(outward.send(world.agent, Broken(), NOW)) == 2, "who asks for it by command tries all"


@pytest.mark.requirement("I02")
def test_a_trouble_of_a_moment_costs_no_try(world: World, tmp_path: Path) -> None:
    sealed(world, tmp_path)
    shaky = Broken(open_after=ATTEMPTS - 1)
    outward.collect(world.agent, NOW)
    (done,) = outward.send(world.agent, Patient(shaky, pause=0.0), NOW, unattended=True)
    assert (done.state, shaky.gone) == (SENT, [done.id])


@pytest.mark.requirement("I02")
def test_the_agent_runs_the_loop_only_where_the_hall_named_a_folder(world: World, tmp_path: Path) -> None:
    record = world.agent.registry.directory.current(world.agent.identity.node)
    assert "notices" not in loops_for(world.agent, record)
    folder = tmp_path / "out"
    named = replace(world.agent, settings=world.agent.settings.model_copy(update={"notice_folder": folder}))
    case = sealed(world, tmp_path)
    loop, stop = loops_for(named, record)["notices"](), threading.Event()
    thread = threading.Thread(target=loop.run, args=(stop,))
    thread.start()
    for _ in range(200):
        if list(folder.glob("*.json")):
            break
        stop.wait(0.05)
    stop.set()
    thread.join(5)
    assert not thread.is_alive() and [one.case for one in outward.notices(world.agent)] == [case]
    assert len(list(folder.glob("*.json"))) == 1


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

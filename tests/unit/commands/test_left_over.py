"""Plaintext and ciphertext that has done its work is erased, whatever ended it: withdrawal, refusal, kill, time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from typer.testing import CliRunner

from crypto.refusal import Refusal
from crypto.statement import read_signed
from deploy.commands.dept import pages_out
from deploy.commands.shared import common
from deploy.commands.shared.common import keyless_words, text_of
from deploy.commands.window import cases as window_cases
from hub.casework.states import State
from node_agent.client.hub import HubClient
from node_agent.department import desk as department
from node_agent.department import result
from node_agent.process import housekeeping
from node_agent.transfer import bounce, missing_wraps
from node_agent.transfer.opening import OpenedCase, OpenedLine, OpenedPage
from node_agent.transfer.receiver import Receiver
from node_agent.transfer.sender import Sender
from node_agent.window import drafts, pre_review, recipients, supplement_notes
from node_agent.window import ends as window_ends
from node_agent.window import intake as window
from node_agent.window import supplement as window_supplement
from tests.unit.agents.agent_region import RECOVERY, Region, picture
from tests.unit.agents.test_aside_agents import C01 as DESK_PERSON
from tests.unit.agents.test_aside_agents import add_desk
from tests.unit.agents.test_department import APPEAL, REASONS
from tests.unit.agents.window_world import FORM, STAFF, TICKS, SendingHub, World, open_world, page_file
from tests.unit.evidence_log import ACCEPTOR, COLLECTOR, DEPARTMENT, ISSUER, WINDOW

ASKED = {"no_classified": True, "privacy_notice": True}
NOW = datetime.now(UTC)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return open_world(tmp_path)


@pytest.fixture
def sender(world: World, monkeypatch: pytest.MonkeyPatch) -> Sender:
    monkeypatch.setattr("node_agent.transfer.mending.MEND_EVERY_SECONDS", 0.0)
    return Sender(world.agent, world.transfer())


def pages_of(world: World, case: str, folder: str = "drafts") -> Path:
    return world.agent.settings.home / folder / case


# --- drafts --------------------------------------------------------------------------------------------------------


def test_a_withdrawal_before_the_seal_erases_the_draft(world: World, sender: Sender, tmp_path: Path) -> None:
    case = world.scanned(tmp_path)
    pre_review.ask(world.agent, case, STAFF, **ASKED)
    sender.step()
    window.withdraw(world.agent, case, STAFF, page_file(tmp_path, "request.jpg"))
    with pytest.raises(Refusal) as caught:
        window.add_pages(world.agent, case, "M05", page_file(tmp_path, "late.jpg"))
    assert caught.value.code == "DRAFT_SEALED"
    window_ends.tidy(world.agent, NOW)
    assert pages_of(world, case).exists()  # the hub has not acknowledged it yet
    sender.step()
    assert world.region.log.files[case].state is State.WITHDRAWN
    window_ends.tidy(world.agent, NOW)
    assert not pages_of(world, case).exists()
    draft = drafts.load(world.agent, case)
    assert (draft.state, draft.form, draft.address) == (drafts.SENT, {}, {})


def test_an_end_that_only_the_log_tells_erases_the_draft(world: World, sender: Sender, tmp_path: Path) -> None:
    case = world.scanned(tmp_path)
    pre_review.ask(world.agent, case, STAFF, **ASKED)
    sender.step()
    said = {"identity_checked": True, "paper": "a" * 64}
    world.region.log.say(case, "withdraw", f"{WINDOW}/person/{STAFF}", "COLLECTOR", said)
    window_ends.tidy(world.agent, NOW)
    assert pages_of(world, case).exists()
    world.receive()
    window_ends.tidy(world.agent, NOW)
    assert not pages_of(world, case).exists() and drafts.load(world.agent, case).form == {}


def test_pages_of_a_kill_while_a_draft_was_opened_again_are_erased(
    world: World, sender: Sender, tmp_path: Path
) -> None:
    case = world.sealed(tmp_path).case_id
    sender.step()
    (drafts.folder(world.agent, case) / "abcd-M01.jpg").write_bytes(picture(1))
    window_ends.tidy(world.agent, datetime.now(UTC))
    assert pages_of(world, case).exists()  # perhaps it is being opened again just now
    window_ends.tidy(world.agent, datetime.now(UTC) + drafts.WRITING_LASTS + timedelta(minutes=1))
    assert not pages_of(world, case).exists()


def test_an_end_that_waits_erases_nothing_of_a_draft_that_came_back(
    world: World, sender: Sender, tmp_path: Path
) -> None:
    add_desk(world.region)
    made, log = world.sealed(tmp_path), world.region.log
    case = made.case_id
    sender.step()
    log.say(case, "delivered", DEPARTMENT, "department", {"manifest": made.manifest})
    log.say(case, "misrouted", ACCEPTOR, "ACCEPTOR", {"reason": "WRONG_ITEM"})
    log.say(case, "return_to_window", DESK_PERSON, "COORDINATOR", {"reason": "WRONG_ITEM"})
    world.receive()
    draft = drafts.load(world.agent, case)
    draft.state, draft.form = drafts.OPEN, FORM
    drafts.save(world.agent, draft)
    window.withdraw(world.agent, case, STAFF, page_file(tmp_path, "request.jpg"))
    world.hub.away = True
    restarted = Sender(world.agent, world.transfer())
    restarted.step()
    assert drafts.load(world.agent, case).form == FORM  # the seal from before the return does not count
    world.hub.away = False
    restarted.step()
    window_ends.tidy(world.agent, NOW)
    assert drafts.load(world.agent, case).form == {}


def test_a_refused_discard_by_time_rests_for_a_day(world: World, sender: Sender, tmp_path: Path) -> None:
    case = world.begin()
    draft = drafts.load(world.agent, case)
    draft.begun_at = "2020-01-01T09:00:00.000+08:00"
    drafts.save(world.agent, draft)
    world.hub.not_now["discard"] = Refusal("STATE_FORBIDS", "states.md T07")
    now = datetime.now(UTC)
    window_ends.tidy(world.agent, now)
    sender.step()
    for minutes in (1, 2, 60):
        window_ends.tidy(world.agent, now + timedelta(minutes=minutes))
    assert [act.state for act in world.agent.journal.acts(case)] == ["REFUSED"]
    window_ends.tidy(world.agent, now + timedelta(days=1, minutes=1))
    assert [act.state for act in world.agent.journal.acts(case)] == ["REFUSED", "WAITING"]


# --- supplements -----------------------------------------------------------------------------------------------------


def demanded(world: World, sender: Sender, tmp_path: Path) -> str:
    """A case with a notice that stands, and a page taken in for it."""
    result, log = world.sealed(tmp_path), world.region.log
    sender.step()
    log.say(result.case_id, "delivered", DEPARTMENT, "department", {"manifest": result.manifest})
    due = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    notice = {"lines": [{"material": "M05", "defect": "MISSING"}], "due": due, "methods": ["WINDOW"]}
    log.say(result.case_id, "supplement_notice", ACCEPTOR, "ACCEPTOR", notice)
    world.receive()
    window_supplement.add_pages(world.agent, result.case_id, "M05", page_file(tmp_path, "book.jpg"))
    return result.case_id


def noted(world: World, case: str) -> bool:
    return world.agent.journal.kept(supplement_notes.NOTE + case) is not None


def withdrawn(world: World, case: str) -> datetime:
    said = {"identity_checked": True, "paper": "a" * 64}
    world.region.log.say(case, "withdraw", f"{WINDOW}/person/{STAFF}", "COLLECTOR", said)
    world.receive()
    return datetime.now(UTC)


def long_ago(world: World, case: str) -> datetime:
    return datetime.now(UTC) + timedelta(days=world.agent.settings.draft_days, minutes=1)


@pytest.mark.parametrize("end", [withdrawn, long_ago])
def test_a_supplement_that_is_never_sealed_is_erased(
    world: World, sender: Sender, tmp_path: Path, end: Callable[[World, str], datetime]
) -> None:
    case = demanded(world, sender, tmp_path)
    folder = pages_of(world, case, "supplements")
    housekeeping.tidy(world.agent, datetime.now(UTC))
    assert len(list(folder.iterdir())) == 1 and noted(world, case)
    housekeeping.tidy(world.agent, end(world, case))
    assert not folder.exists() and not noted(world, case)


def test_pages_of_a_kill_that_no_note_names_are_erased_and_the_others_stay(
    world: World, sender: Sender, tmp_path: Path
) -> None:
    case = demanded(world, sender, tmp_path)
    folder = pages_of(world, case, "supplements")
    (named,) = folder.iterdir()
    (folder / "abcd-M05.jpg").write_bytes(picture(1))
    now = datetime.now(UTC)
    supplement_notes.sweep(world.agent, now)
    assert len(list(folder.iterdir())) == 2
    supplement_notes.sweep(world.agent, now + timedelta(hours=2))
    assert list(folder.iterdir()) == [named]


def test_a_supplement_on_its_way_keeps_its_pages_and_a_refused_one_may_be_sealed_again(
    world: World, sender: Sender, tmp_path: Path
) -> None:
    case = demanded(world, sender, tmp_path)
    first = window_supplement.seal(world.agent, case, STAFF, applicant_signed=True)
    folder = pages_of(world, case, "supplements")
    supplement_notes.sweep(world.agent, long_ago(world, case))
    assert folder.exists()
    world.hub.not_now["supplement_part"] = Refusal("BODY_MEMBER", "states.md T17")
    sender.step()
    assert not bounce.spooled(world.agent, first.manifest)
    again = window_supplement.seal(world.agent, case, STAFF, applicant_signed=True)
    sender.step()
    assert world.region.log.files[case].state is State.PENDING_ACCEPT
    assert again.manifest != first.manifest
    supplement_notes.sweep(world.agent, datetime.now(UTC))
    assert not folder.exists() and not noted(world, case)


@pytest.mark.parametrize("who", [DEPARTMENT, RECOVERY], ids=["department", "recovery"])
def test_who_had_no_key_at_the_supplement_is_wrapped_to_later(
    world: World, sender: Sender, tmp_path: Path, who: str
) -> None:
    case, log, agent = demanded(world, sender, tmp_path), world.region.log, world.agent
    before = log.directory.current(who)
    log.say_registry("key.revoke", {"subject": who}, [log.registrar])
    agent.registry.refresh(agent.hub)
    made = window_supplement.seal(agent, case, STAFF, applicant_signed=True)
    assert made.waiting_for == (who,) and missing_wraps.owed_in(agent, case) == (who,)
    (line,) = keyless_words(made.waiting_for)
    assert who.rsplit("/", 1)[1] in line and who not in line
    sender.step()
    log.register(who, who, before.region, sorted(before.roles), None, replaces=before.digest)
    agent.registry.refresh(agent.hub)
    for _ in range(3):
        sender.step()
    assert missing_wraps.owed_in(agent, case) == ()
    wraps = [read_signed(act.envelope).body for act in agent.journal.acts(case) if act.event == "wrap"]
    keys = [body["recipient_key"] for body in wraps if (body["manifest"], body["recipient"]) == (made.manifest, who)]
    assert keys == [log.directory.current(who).kem.id]


def test_a_supplement_without_a_route_owes_nobody_without_a_name(
    world: World, sender: Sender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = demanded(world, sender, tmp_path)
    monkeypatch.setattr(recipients, "ROUTES", ())
    assert window_supplement.seal(world.agent, case, STAFF, applicant_signed=True).waiting_for == ()


def test_the_recovery_key_that_a_pre_review_lacked_is_owed(world: World, tmp_path: Path) -> None:
    log, agent = world.region.log, world.agent
    log.say_registry("key.revoke", {"subject": RECOVERY}, [log.registrar])
    agent.registry.refresh(agent.hub)
    case = world.scanned(tmp_path)
    pre_review.ask(agent, case, STAFF, **ASKED)
    assert missing_wraps.owed_in(agent, case) == (RECOVERY,)


def test_the_commands_say_who_has_no_key_yet(
    world: World, sender: Sender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, agent = world.region.log, world.agent
    supplemented = demanded(world, sender, tmp_path)
    log.say_registry("key.revoke", {"subject": RECOVERY}, [log.registrar])
    agent.registry.refresh(agent.hub)
    monkeypatch.setattr(agent.journal, "close", lambda: None)
    monkeypatch.setattr(common, "open_agent", lambda home, attempts: agent)
    asked = world.scanned(tmp_path)
    told = ["--home", str(agent.settings.home), "--staff", STAFF, "--wait", "0"]
    for line in (["pre-review", asked, "--no-classified", "--notice"], ["supplement", supplemented, "--signed"]):
        done = CliRunner().invoke(window_cases.app, [*line, *told])
        assert done.exit_code == common.EXIT_KEPT, done.output
        assert "recovery-cq 暂无有效公钥" in done.output


# --- spool ---------------------------------------------------------------------------------------------------------


def test_the_ciphertext_of_a_refused_sealing_is_erased_also_after_a_kill(
    world: World, sender: Sender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = world.scanned(tmp_path)
    for kill in (False, True):
        world.hub.not_now["seal"] = Refusal("ITEM_NOT_LIVE", "states.md T05")
        made = window.seal(world.agent, case, STAFF, **TICKS)
        with monkeypatch.context() as patch:
            if kill:
                patch.setattr(Sender, "_drop_refused", lambda *arguments: None)
            sender.step()
        entry = world.agent.journal.entry(made.entries[0])
        assert entry is not None and entry.state == "REFUSED"
        assert bounce.spooled(world.agent, made.manifest) is kill
        Sender(world.agent, world.transfer()).step()
        assert not bounce.spooled(world.agent, made.manifest)
    window.seal(world.agent, case, STAFF, **TICKS)
    sender.step()
    assert world.region.log.files[case].state is State.FORWARDED


def test_housekeeping_bounds_the_spool(world: World, sender: Sender, tmp_path: Path) -> None:
    made = world.sealed(tmp_path)
    sender.step()
    housekeeping.tidy(world.agent, NOW)
    assert bounce.spooled(world.agent, made.manifest)
    world.agent.settings = world.agent.settings.model_copy(update={"spool_keep_mib": 0})
    housekeeping.tidy(world.agent, NOW)
    assert not bounce.spooled(world.agent, made.manifest)


# --- words and pages at the department -------------------------------------------------------------------------------


def test_the_words_of_a_decision_are_forgotten_when_the_case_is_over(tmp_path: Path) -> None:
    """Until then a result that was lost is made anew with them (D10)."""
    region = Region()
    agent = region.agent(tmp_path / "dept", DEPARTMENT, ("A01", "D01", "I01"))
    hub = SendingHub(region, DEPARTMENT)
    agent.hub = cast(HubClient, hub)
    inbox, sender = Receiver(agent, region.transfer()), Sender(agent, World(region, agent, hub).transfer())
    case, _ = region.forward()
    inbox.step()
    sender.step()
    inbox.step()
    department.accept(agent, case, "A01")
    department.decide(agent, case, "D01", "REFUSE", REASONS, APPEAL)
    sender.step()
    result.issue(agent, case, "I01", [page_file(tmp_path, "result.jpg")])
    assert agent.journal.kept(f"decision:{case}") is not None
    sender.step()
    inbox.step()
    assert region.log.files[case].state is State.DELIVERING
    assert agent.journal.kept(f"decision:{case}") is not None
    paper = "a" * 64
    chosen = {"delivery": "COUNTER_DEPT", "paper": paper}
    region.log.say(case, "choose_delivery", COLLECTOR, "COLLECTOR", chosen, "delivery")
    region.log.say(case, "lay_out", ISSUER, "ISSUER", {"notice": paper}, "delivery")
    region.log.say(case, "hand_over", ISSUER, "ISSUER", {"identity_checked": True, "signature": paper})
    inbox.step()
    assert region.log.files[case].state is State.CLOSED
    assert agent.journal.kept(f"decision:{case}") is None


def test_words_come_from_a_file_and_a_bad_one_is_a_refusal(tmp_path: Path) -> None:
    file = tmp_path / "why.txt"
    file.write_text("经营场所不符", encoding="utf-8-sig")
    assert (text_of(file), text_of(None)) == ("经营场所不符", "")
    file.write_bytes(b"\xff\xfe\x00")
    for wrong in (file, tmp_path / "none.txt", tmp_path):
        with pytest.raises(Refusal) as caught:
            text_of(wrong)
        assert caught.value.code == "TEXT_UNREADABLE"


@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), Refusal("CIPHERTEXT_CHANGED", "promise 1")])
def test_pages_that_cannot_all_be_written_leave_none(tmp_path: Path, fault: Exception) -> None:
    def bad() -> bytes:
        raise fault

    pages = (OpenedPage(1, "image/jpeg", 9, lambda: picture(1)), OpenedPage(2, "image/jpeg", 9, bad))
    line = OpenedLine("L01", "M01", "申请书", "SUBMIT", "B", "SEEN_RETURNED", pages)
    opened = OpenedCase("a" * 32, "", "", "", "", {}, b"", (line,))
    out = tmp_path / "out"
    with pytest.raises(Refusal) as caught:
        pages_out.write_pages(out, opened)
    assert caught.value.code == ("OUT_UNWRITABLE" if isinstance(fault, OSError) else "CIPHERTEXT_CHANGED")
    assert list(out.iterdir()) == []

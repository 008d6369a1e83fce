"""Powers of attorney as signed documents with validity: issued, kept, shown, taken back (F01 to F04)."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from crypto import records
from crypto.canonical import digest
from crypto.refusal import Refusal
from deploy.commands.dept import powers as commands
from deploy.commands.shared import common
from hub.casework import reasons
from node_agent.department import desk, powers
from node_agent.process.runtime import Agent
from node_agent.transfer.receiver import Receiver
from tests.unit.agents.agent_region import Region
from tests.unit.evidence_log import ACCEPTOR

TODAY = date.today()
PAPER = "授权委托书：授予审批决定权".encode()
Yidi = Callable[..., tuple[int, Any]]


@pytest.fixture
def inbox(region: Region, agent: Agent) -> Receiver:
    return Receiver(agent, region.transfer())


@pytest.fixture
def yidi(region: Region, agent: Agent, inbox: Receiver, monkeypatch: pytest.MonkeyPatch) -> Yidi:
    """``yidi dept …`` on this very agent: exit code and answer; what is queued is sent and received."""
    monkeypatch.setattr(common, "open_agent", lambda home, attempts=1: agent)
    monkeypatch.setattr(type(agent), "close", lambda self: None)
    waited = common.wait_for

    def sent(*arguments: Any) -> Any:
        region.send(agent)
        agent.registry.refresh(agent.hub)
        return waited(*arguments)

    monkeypatch.setattr(common, "wait_for", sent)

    def run(*words: str) -> tuple[int, Any]:
        done = CliRunner().invoke(commands.app, [*words, "--home", str(agent.settings.home), "--json"])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, json.loads(done.stdout)

    return run


def granted(region: Region, agent: Agent, kind: str = "DECIDE", begins: int = 0, ends: int = 365) -> str:
    agent.registry.refresh(agent.hub)
    first, last = ((TODAY + timedelta(days=days)).isoformat() for days in (begins, ends))
    powers.grant_issue(agent, "H01", kind, "A01", ["*"], first, last, PAPER)
    region.send(agent)
    agent.registry.refresh(agent.hub)
    return powers.powers_here(agent)[-1].grant.grant_id


@pytest.mark.requirement("F04", "F02", "F03")
@pytest.mark.parametrize("kind", ["DECIDE", "PRE_REVIEW", "SEAL_USE", "COORDINATE"])
@pytest.mark.parametrize(("begins", "ends", "state"), [(0, 365, "LIVE"), (5, 365, "COMING"), (-30, -1, "OVER")])
def test_a_power_is_a_signed_document_with_validity(
    region: Region, agent: Agent, yidi: Yidi, kind: str, begins: int, ends: int, state: str
) -> None:
    made = granted(region, agent, kind, begins, ends)
    code, told = yidi("powers")
    (shown,) = (power for power in told["powers"] if power["grant"] == made)
    assert code == 0
    assert (shown["kind"], shown["staff"], shown["state"], shown["paper_kept"]) == (kind, "A01", state, True)
    assert shown["document"] == digest(PAPER)
    live = region.log.directory.live_grant(kind, ACCEPTOR, "any-item", TODAY.isoformat())
    assert (live is not None and live.grant_id == made) == (state == "LIVE")


@pytest.mark.requirement("F04")
def test_the_paper_stays_here_and_is_the_one_that_the_log_names(
    region: Region, agent: Agent, yidi: Yidi, tmp_path: Path
) -> None:
    made = granted(region, agent)
    code, told = yidi("power-paper", made[:6], "--out", str(tmp_path / "paper.pdf"))
    assert code == 0 and (tmp_path / "paper.pdf").read_bytes() == PAPER
    assert not any(PAPER in leaf for leaf in region.log.entries)
    agent.journal.forget(f"{powers.PAPER}{told['document']}")
    code, told = yidi("power-paper", made, "--out", str(tmp_path / "again.pdf"))
    assert (code, told["refusal"]["code"]) == (1, "GRANT_PAPER_MISSING")
    assert not (tmp_path / "again.pdf").exists()


@pytest.mark.requirement("F04", "F01")
def test_after_a_power_was_taken_back_nobody_decides_under_it(
    region: Region, agent: Agent, inbox: Receiver, yidi: Yidi
) -> None:
    """H01 takes back every power to decide: the decision is refused here and would be by the law."""
    case, _ = region.forward()
    inbox.step()
    region.send(agent)
    inbox.step()
    desk.accept(agent, case, "A01")
    region.send(agent)
    inbox.step()
    deciding = [power for power in powers.powers_here(agent) if power.grant.kind == "DECIDE"]
    for power in deciding:
        code, _ = yidi("power-end", power.grant.grant_id, "--staff", "H01", "--reason", "离岗或调离")
        assert code == 0
    assert {power.state for power in powers.powers_here(agent) if power.grant.kind == "DECIDE"} == {"ENDED"}
    with pytest.raises(Refusal) as caught:
        desk.decide(agent, case, "D01", "GRANT")
    assert caught.value.code == "GRANT_MISSING"
    code, told = yidi("power-end", deciding[0].grant.grant_id, "--staff", "H01", "--reason", "REPLACED")
    assert (code, told["acts"][0]["refusal"]["code"]) == (1, "GRANT_UNKNOWN")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("power-end", "{grant}", "--staff", "A01", "--reason", "MISUSED"), "ROLE_MISSING"),
        (("power-end", "{grant}", "--staff", "H01", "--reason", "he left"), "CHOICE_UNKNOWN"),
        (("power-end", "nothing", "--staff", "H01", "--reason", "MISUSED"), "GRANT_UNKNOWN"),
        (("power-end", "", "--staff", "H01", "--reason", "MISUSED"), "GRANT_UNKNOWN"),
    ],
)
def test_wrong_words(region: Region, agent: Agent, yidi: Yidi, words: tuple[str, ...], code: str) -> None:
    made = granted(region, agent)
    exit_code, told = yidi(*(word.format(grant=made) for word in words))
    assert (exit_code, told["refusal"]["code"]) == (1, code)
    assert powers.power_named(agent, made).state == "LIVE"


def test_words_and_codes_are_the_same_lists() -> None:
    assert set(reasons.GRANT_KINDS) == records.GRANT_KINDS
    assert tuple(reasons.GRANT_ENDS) == records.GRANT_ENDS

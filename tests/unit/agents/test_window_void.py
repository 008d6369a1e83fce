"""``yidi window void``: a case that the window holds ends by lead and head, judged by the real law (T36)."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from crypto import canonical
from crypto.identity import person_id
from crypto.keystore import SoftwareKeystore
from crypto.refusal import Refusal
from crypto.statement import read_signed
from deploy.commands.shared import common
from deploy.commands.window import cases
from hub.casework.states import State
from node_agent.known.snapshot import fetch_snapshot
from node_agent.transfer.sender import Sender
from node_agent.window import ends
from tests.unit.agents.window_world import STAFF, World, open_world, page_file
from tests.unit.evidence_log import WINDOW

LEAD, HEAD = "L01", "H09"
proves = pytest.mark.requirement


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = open_world(tmp_path)
    for code, role in ((LEAD, "COLLECT_LEAD"), (HEAD, "HEAD")):
        person = person_id(WINDOW, code)
        made.region.log.register(person, WINDOW, "", [role], None)
        keys = SoftwareKeystore(made.agent.settings.home / "persons" / code)
        keys._write("sign.pem", made.region.log.keys[person].sign.private_pem())
    fetch_snapshot(made.agent)
    return made


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    return page_file(tmp_path, "paper.jpg", 41)


def sent(world: World) -> None:
    sender = Sender(world.agent, world.transfer())
    for _ in range(3):
        sender.step()
    world.receive()


def command(world: World, monkeypatch: pytest.MonkeyPatch, *words: str) -> Result:
    monkeypatch.setattr(common, "open_agent", lambda home, attempts=1: world.agent)
    monkeypatch.setattr(type(world.agent), "close", lambda self: None)
    line = ["void", *words, "--home", str(world.agent.settings.home), "--json", "--wait", "0"]
    return CliRunner().invoke(cases.app, line)


@proves("row T36")
def test_lead_and_head_void_what_the_window_holds(
    world: World, tmp_path: Path, paper: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = world.sealed(tmp_path).case_id
    sent(world)
    words = (case, "--staff", LEAD, "--head", HEAD, "--reason", "申请人死亡或者丧失行为能力", "--paper", str(paper))
    told = json.loads(command(world, monkeypatch, *words).stdout)
    entry = world.agent.journal.entry(told["digest"])
    assert entry is not None and told["event"] == "void"
    assert read_signed(entry.envelope).body == {
        "reason": "APPLICANT_DEAD",
        "paper": canonical.digest(paper.read_bytes()),
        "second_person": person_id(WINDOW, HEAD),
    }
    sent(world)
    file = world.region.log.files[case]
    assert file.state is State.VOIDED and not [clock for clock in file.clocks.values() if clock.running]


@proves("row T36")
def test_nobody_voids_alone_and_no_draft_that_the_log_does_not_know(
    world: World, tmp_path: Path, paper: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = world.scanned(tmp_path)
    with pytest.raises(Refusal, match="CASE_UNKNOWN"):
        ends.void(world.agent, draft, LEAD, HEAD, "INVALID", paper)
    case = world.sealed(tmp_path).case_id
    for lead, head in ((LEAD, LEAD), (STAFF, HEAD), (HEAD, HEAD)):
        with pytest.raises(Refusal, match="ROLE_MISSING"):
            ends.void(world.agent, case, lead, head, "INVALID", paper)
    unknown = ("f" * 32, "--staff", LEAD, "--head", HEAD, "--reason", "INVALID", "--paper", str(paper))
    assert "CASE_UNKNOWN_HERE" in command(world, monkeypatch, *unknown).stdout
    assert [act.event for act in world.agent.journal.acts(case) if act.event == "void"] == []

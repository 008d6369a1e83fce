"""``yidi window seal`` and ``withdraw`` of what was taken in on paper, judged by the real law (states.md 9; A22)."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from crypto.identity import person_id
from crypto.keystore import SoftwareKeystore
from crypto.statement import read_signed
from deploy.commands.shared import common
from deploy.commands.window.main import app
from hub.casework.states import State
from node_agent.known.snapshot import fetch_snapshot
from node_agent.transfer.sender import Sender
from tests.unit.agents.window_world import STAFF, World, open_world, page_file
from tests.unit.evidence_log import WINDOW

LEAD = "L01"
HAPPENED = "2026-01-05T09:30:00.000+08:00"
OPTIONS = ("--happened-at", "2026-01-05 09:30", "--cause", "NO_POWER")


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = open_world(tmp_path)
    person = person_id(WINDOW, LEAD)
    made.region.log.register(person, WINDOW, "", ["COLLECT_LEAD"], None)
    keys = SoftwareKeystore(made.agent.settings.home / "persons" / LEAD)
    keys._write("sign.pem", made.region.log.keys[person].sign.private_pem())
    fetch_snapshot(made.agent)
    monkeypatch.setattr(made.agent.journal, "close", lambda: None)
    monkeypatch.setattr(common, "open_agent", lambda home, attempts=1: made.agent)
    return made


def run(world: World, *words: str) -> dict[str, Any]:
    line = [*words, "--home", str(world.agent.settings.home), "--staff", STAFF, "--wait", "0", "--json"]
    done = CliRunner().invoke(app, line)
    assert done.exit_code == common.EXIT_KEPT, (done.output, done.exception)
    value = json.loads(done.stdout)
    assert isinstance(value, dict)
    return value


def sent(world: World) -> None:
    sender = Sender(world.agent, world.transfer())
    for _ in range(3):
        sender.step()
    world.receive()


@pytest.mark.requirement("A22", "row T05", "row T35")
def test_a_case_taken_in_and_withdrawn_in_outages_is_entered_later(world: World, tmp_path: Path) -> None:
    case = world.scanned(tmp_path)
    ticks = ("--no-classified", "--signed", "--notice")
    run(world, "seal", case, *ticks, *OPTIONS, "--second", LEAD)
    sent(world)
    file = world.region.log.files[case]
    assert file.state is State.COLLECTED or file.state is State.FORWARDED
    assert file.clocks["K1"].started_at > HAPPENED
    shown = CliRunner().invoke(app, ["show", case, "--home", str(world.agent.settings.home), "--json"])
    told = json.loads(shown.stdout)
    assert told["occurred_at"] == HAPPENED and told["late"].startswith("补录，")
    paper = page_file(tmp_path, "signed.jpg", 41)
    run(world, "withdraw", case, str(paper), *OPTIONS, "--second", LEAD)
    sent(world)
    assert world.region.log.files[case].state is State.WITHDRAWN
    acts = [read_signed(act.envelope) for act in world.agent.journal.acts(case) if act.event in ("seal", "withdraw")]
    assert [act.occurred_at for act in acts] == [HAPPENED, HAPPENED]
    assert {act.body["second_person"] for act in acts} == {person_id(WINDOW, LEAD)}


@pytest.mark.requirement("A22")
def test_what_was_sealed_while_the_hub_was_away_needs_nobody_else(world: World, tmp_path: Path) -> None:
    world.hub.away = True
    case = world.sealed(tmp_path).case_id
    world.hub.away = False
    sent(world)
    (seal,) = [read_signed(act.envelope) for act in world.agent.journal.acts(case) if act.event == "seal"]
    assert not {"late_entry", "second_person"} & set(seal.body)
    assert case in world.region.log.files

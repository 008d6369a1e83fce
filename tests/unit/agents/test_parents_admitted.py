"""``yidi window supplement`` of a parent at a window that did not collect it (states.md 8, P2W): number and code."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from crypto.identity import person_id
from crypto.refusal import Refusal
from deploy.commands.shared import common
from deploy.commands.window import cases
from hub.casework.hub_event import HubEvent
from node_agent.parents import desk
from node_agent.process.runtime import Agent
from node_agent.transfer.receiver import Receiver
from tests.unit.agents.family_region import BATHS, Family, open_family
from tests.unit.agents.test_parents_desk import LINES, answered, due, lead
from tests.unit.agents.window_world import page_file
from tests.unit.evidence_log import node

HALL = node("360102000000", "jiangxi-donghu-hall")
CODE = "493817"
CLERK = "E01"


@pytest.fixture
def family(tmp_path: Path) -> Family:
    """With a second window and a collector there."""
    made = open_family(tmp_path)
    made.log.register(HALL, HALL, "360102000000", ["window"], 10235)
    made.log.register(person_id(HALL, CLERK), HALL, "", ["COLLECTOR"], None)
    return made


@pytest.fixture
def baths(family: Family) -> dict[str, str]:
    """Three baths under one notice: one identity card for two of them, a plan for one."""
    parent = family.begin_baths()
    family.scan(parent, LINES)
    family.seal(parent)
    found = {"": parent, **family.dispatched(parent)}
    for name in BATHS:
        family.hear(name)
    answered(family, found, P2=[("M02", "UNREADABLE"), ("M04", "UNREADABLE")], P3=[("M02", "UNREADABLE")])
    agent = lead(family)
    family.said(agent, desk.merged_notice(agent, parent, "A01", due(family), ["WINDOW"]))
    return found


@pytest.fixture
def hall(family: Family, baths: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Agent:
    """The second window, whose hub knows the applicant's numbers as ``hub.services.admission`` does."""
    agent, log, parent = family.world.region.agent(tmp_path / "hall", HALL, [CLERK]), family.log, baths[""]
    agent.registry.refresh(agent.hub)
    inbox = Receiver(agent, family.world.region.transfer())

    def admitted(number: str, code: str) -> str:
        if (number, code) != (log.files[parent].public_no, CODE):
            raise Refusal("CHECK_CODE_WRONG", "A24")
        if HALL not in log.files[parent].helpers:
            log._hub_says(parent, HubEvent("admit", {"node": HALL, "basis": "CHECK_CODE"}), log._world())
            log.settle(parent)
        for _ in range(4):
            inbox.step()
        return parent

    monkeypatch.setattr(agent.hub, "admit_window", admitted, raising=False)
    monkeypatch.setattr(agent.journal, "close", lambda: None)
    monkeypatch.setattr(common, "open_agent", lambda home, attempts=1: agent)
    return agent


def run(agent: Agent, number: str, code: Path, *words: str, exit_code: int = 0) -> dict[str, Any]:
    home = ("--home", str(agent.settings.home), "--staff", CLERK, "--wait", "0", "--json")
    done = CliRunner().invoke(cases.app, ["supplement", number, "--check-code-file", str(code), *words, *home])
    assert done.exit_code == exit_code, (done.output, done.exception)
    return dict(json.loads(done.stdout))


@pytest.mark.requirement("A24", "B04", "I06", "row P2", "row P2W", "row P2H", "row T17")
def test_any_window_takes_in_what_the_one_notice_of_a_parent_asks_for(
    family: Family, baths: dict[str, str], hall: Agent, tmp_path: Path
) -> None:
    number, code = family.file(baths[""]).public_no, tmp_path / "code"
    code.write_text("000000")
    assert run(hall, number, code, exit_code=1)["refusal"]["code"] == "CHECK_CODE_WRONG"
    assert family.file(baths[""]).helpers == ()
    code.write_text(CODE)
    asked = run(hall, number, code)
    assert sorted({line["line"] for line in asked["lines"]}) == ["T02", "T06"]
    assert all(family.file(case).helpers == (HALL,) for case in baths.values())
    pages = [f"--pages={line}={page_file(tmp_path, f'{line}.jpg', seed)}" for seed, line in enumerate(("T02", "T06"))]
    refused = run(hall, number, code, f"--pages=T01={page_file(tmp_path, 'a.jpg')}", exit_code=1)
    assert refused["refusal"]["code"] == "NOT_DEMANDED"
    made = run(hall, number, code, *pages, "--signed", exit_code=common.EXIT_KEPT)
    assert {part["case"]: part["materials"] for part in made["parts"]} == {
        baths["P2"]: ["M02", "M04"],
        baths["P3"]: ["M02"],
    }
    assert all(Path(paper).read_bytes().startswith(b"%PDF") for paper in made["papers"])
    family.sent(hall)
    assert [family.state(case) for case in baths.values()] == ["P_DISPATCHED", *["PENDING_ACCEPT"] * 3]
    assert family.file(baths["P2"]).sealings[-1].kind == "addendum"

"""三到位 (G14): items have windows, departments have grants, cases have all their events."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from crypto.identity import node_name
from deploy.commands.coord import in_place as commands
from hub.casework.catalogue.in_place import Gap, gaps
from node_agent.supervision import in_place
from tests.unit.agents.agent_region import Region
from tests.unit.evidence_log import DEPARTMENT, ITEM, node
from tests.unit.law.law_people import DEPARTMENT as LAW_DEPARTMENT
from tests.unit.law.law_people import REGION, TASK, catalogue

DAY = date(2026, 3, 2)
ALL = frozenset(queue.node for queue in catalogue().queues)


def found(change: Any = None, *, without: str = "", nodes: frozenset[str] = ALL, region: str = REGION) -> list[Gap]:
    """Gaps of the demonstration's list, with all grants but those of one kind."""
    return list(gaps(catalogue(change), region, DAY, nodes, lambda kind, node, task: kind != without))


@pytest.mark.requirement("G14", "D25")
def test_a_list_with_windows_queues_nodes_and_grants_is_in_place() -> None:
    assert found() == [] and found(region="360000000000") == []


@pytest.mark.requirement("G14", "D25")
def test_an_item_that_no_window_takes_is_named() -> None:
    def nowhere(document: dict[str, Any]) -> None:
        for window in document["windows"]:
            window["may_collect"] = [task for task in window["may_collect"] if task != TASK]

    assert found(nowhere) == [Gap("NO_WINDOW", TASK, node_name(LAW_DEPARTMENT))]


@pytest.mark.requirement("G14")
def test_an_item_without_a_queue_or_with_a_department_that_is_not_there_is_named() -> None:
    def unrouted(document: dict[str, Any]) -> None:
        document["queues"] = [queue for queue in document["queues"] if queue["task_code"] != TASK]

    assert Gap("NO_QUEUE", TASK) in found(unrouted)
    gone = found(nodes=ALL - {node_name(LAW_DEPARTMENT)})
    assert gone and {(gap.kind, gap.node) for gap in gone} == {("NO_NODE", node_name(LAW_DEPARTMENT))}


@pytest.mark.requirement("G14", "F04")
@pytest.mark.parametrize("kind, code", [("DECIDE", "NO_DECIDER"), ("SEAL_USE", "NO_SEAL")])
def test_a_department_without_a_power_of_attorney_for_an_item_is_named(kind: str, code: str) -> None:
    missing = found(without=kind)
    assert missing and {gap.kind for gap in missing} == {code}
    assert {gap.task_code for gap in missing if gap.node == node_name(LAW_DEPARTMENT)} >= {TASK}

    def by_head(document: dict[str, Any]) -> None:
        for item in document["items"]:
            item["decision_by"] = "HEAD"

    assert bool(found(by_head, without=kind)) == (kind == "SEAL_USE"), "a head decides by his office"


@pytest.mark.requirement("G14")
def test_what_takes_no_cases_and_what_lies_elsewhere_is_not_asked_about() -> None:
    def suspended(document: dict[str, Any]) -> None:
        document["queues"] = []
        for item in document["items"]:
            item["status"] = "SUSPENDED"

    assert found(suspended) == []
    assert found(without="DECIDE", region="110000000000") == []


@pytest.mark.requirement("G14", "A21")
def test_the_command_names_gaps_and_cases_with_leaves_that_are_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    region, desk = Region(), node("360000000000", "overseer")
    region.log.register(desk, desk, "360000000000", ["coordinator"], None)
    agent = region.agent(tmp_path / "desk", desk)
    agent.registry.refresh(agent.hub)
    listed = in_place.listed(agent, "360102000000")
    assert not [gap for gap in listed if (gap.node, gap.task_code) == (node_name(DEPARTMENT), ITEM)]
    assert {gap.kind for gap in listed} <= {"NO_NODE", "NO_DECIDER", "NO_SEAL"}
    region.log.run_case(1, until="accept")
    assert list(in_place.incomplete(agent)) == []
    whole = agent.hub.case_leaves
    monkeypatch.setattr(agent.hub, "case_leaves", lambda name: [*whole(name)[:2], *whole(name)[3:]])
    (gap,) = in_place.incomplete(agent)
    assert (gap.kind, gap.task_code, gap.node) == ("NO_EVENTS", ITEM, node_name(DEPARTMENT))
    monkeypatch.setattr("deploy.commands.shared.common.open_agent", lambda home, attempts: agent)
    monkeypatch.setattr(agent, "close", lambda: None)
    order = ["--home", str(agent.settings.home), "--json"]
    said = CliRunner().invoke(commands.app, [*order, "--events"])
    assert said.exit_code == 1 and gap.case in {one["case"] for one in json.loads(said.stdout)["gaps"]}
    calm = CliRunner().invoke(commands.app, [*order, "--region", "110000000000"])
    assert calm.exit_code == 0 and json.loads(calm.stdout) == {"ok": True, "gaps": []}

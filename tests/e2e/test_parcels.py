"""What a parcel proves: at the item's level the case closes; below it stays open, and a person is told to ask."""

from pathlib import Path

import pytest

from deploy.stack.layout import AUDITOR, DEPARTMENT, GATEWAY
from node_agent.gateway.parcels import Task, TaskKind, tasks
from node_agent.known.casemirror import history
from node_agent.process.runtime import open_agent
from storage.journal import Journal
from tests.e2e.town import Answer, Town

pytestmark = pytest.mark.e2e


def heard(town: Town, case: str) -> list[Answer]:
    """What the department has been told of the parcel, in the order of the log."""
    agent = open_agent(town.home(DEPARTMENT), attempts=1)
    try:
        told = history(agent.journal, case)
        return [dict(one.statement.body) for one in told if one.statement.type == "parcel_event"]
    finally:
        agent.close()


def open_tasks(town: Town, case: str) -> list[Task]:
    """What the gateway's people have to do about a case."""
    journal = Journal(town.home(GATEWAY) / "journal.sqlite")
    try:
        return [task for task in tasks(journal) if task.case == case]
    finally:
        journal.close()


@pytest.mark.requirement("A08", "I05")
@pytest.mark.parametrize("scenario, signer, level", [(4, "DOORSTEP", 0), (2, "HOUSEHOLD", 1)])
def test_a_parcel_below_the_level_of_the_item_closes_nothing_and_is_called_back(
    town: Town, tmp_path: Path, scenario: int, signer: str, level: int
) -> None:
    case = str(town.collect(town.said)["case"])
    town.countersigned(case)
    town.plan(scenario)
    town.posted(case, town.said)
    town.carried()
    town.until("delivery event", lambda: heard(town, case)[-1:] and heard(town, case)[-1]["status"] == "DELIVERED")
    last = heard(town, case)[-1]
    assert (last["signer_kind"], last["proof_level"]) == (signer, level)
    # What the law makes of an event stands in the log with it: a case that is open now was not closed by it.
    package = tmp_path / "evidence.zip"
    town.said(AUDITOR, "audit", "export", case, "-o", str(package))
    report = town.said(AUDITOR, "audit", "verify", str(package))
    assert (report["verdict"], report["state"]["state"]) == ("VALID", "DELIVERING")
    running = {row["clock"]: row["stopped_at"] for row in report["clocks"]}
    assert running["K8"] is None
    assert [(task.kind, task.detail) for task in open_tasks(town, case)] == [(TaskKind.CALL_BACK, signer)]


@pytest.mark.requirement("A08", "I05")
def test_a_parcel_at_the_level_of_the_item_closes_and_asks_nobody(town: Town) -> None:
    case = str(town.collect(town.said)["case"])
    town.countersigned(case)
    town.posted(case, town.said)
    town.carried()
    town.reached(case, "CLOSED")
    assert (heard(town, case)[-1]["signer_kind"], heard(town, case)[-1]["proof_level"]) == ("SELF", 2)
    assert open_tasks(town, case) == []

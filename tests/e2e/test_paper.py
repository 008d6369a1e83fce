"""The result by the window: sent there by parcel, checked in, handed over against a signature, the case archived."""

import json
from pathlib import Path

import pytest

from deploy.stack.layout import DEPARTMENT, WINDOW, Node
from node_agent.known.casemirror import mirror
from node_agent.process.runtime import open_agent
from tests.e2e.town import DEMO, Town

pytestmark = pytest.mark.e2e
RESULT = DEMO / json.loads((DEMO / "pages.json").read_text(encoding="utf-8"))["result"]["file"]


def knows_parcel(town: Town, node: Node, case: str) -> bool:
    """Whether the node has the whole case, and a parcel in it."""
    agent = open_agent(town.home(node), attempts=1)
    try:
        file = mirror(agent, case).file
        return file is not None and bool(file.parcels)
    finally:
        agent.close()


@pytest.mark.requirement("E09", "I01", "I07", "D2", "T34", "T37", "A08")
def test_a_result_is_fetched_at_the_window_and_the_case_is_archived(town: Town, tmp_path: Path) -> None:
    case = str(town.collect(town.said)["case"])
    town.countersigned(case)
    paper = str(RESULT)
    town.said(
        WINDOW, "window", "choose-delivery", case, "--delivery", "COUNTER_COLLECT", "--signed", paper, "--staff", "A01"
    )
    town.said(DEPARTMENT, "dept", "accept", case, "--staff", "B01")
    town.said(DEPARTMENT, "dept", "decide", case, "--grant", "--staff", "B02")
    town.said(DEPARTMENT, "dept", "issue", case, paper, "--staff", "B03")
    town.said(DEPARTMENT, "dept", "post-to-window", case, "--staff", "B03")
    town.until("parcel at the window's agent", lambda: knows_parcel(town, WINDOW, case))
    town.carried()
    town.said(WINDOW, "window", "check-in", case, "--staff", "A01")
    town.said(WINDOW, "window", "hand-over", case, "--signed", paper, "--staff", "A01")
    town.reached(case, "CLOSED")
    town.said(DEPARTMENT, "dept", "archive-package", case, "--digest", "ab" * 32, "--staff", "B03")
    town.reached(case, "ARCHIVED")
    said = [made.type for made in town.statements(case, tmp_path / "audit")]
    assert [event for event in said if event in {"check_in", "hand_over", "delivered_proven", "archive"}] == [
        "check_in", "hand_over", "delivered_proven", "archive",
    ]  # fmt: skip

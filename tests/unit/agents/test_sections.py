"""One outward contact a department; its offices pass cases on among themselves (B13, B14, F11, F15)."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from crypto.identity import node_name
from crypto.refusal import Refusal
from deploy.commands.dept import sections as commands
from hub.casework.catalogue.model import breaches
from hub.casework.hand_off import routing
from hub.casework.review import look
from hub.casework.states import State
from hub.casework.supervision.public import public_view
from node_agent.department import sections
from node_agent.department.queue import queue_view
from node_agent.transfer.receiver import Receiver
from tests.unit.agents.agent_region import Region
from tests.unit.evidence_log import DEMO, DEPARTMENT
from tests.unit.law.law_people import START, TASK
from tests.unit.law.law_people import catalogue as listed
from tests.unit.law.law_world import Bench

OFFICES = ["inbound", "inspection", "licensing"]
PLACE = {"node": node_name(DEPARTMENT), "kind": "COUNTY", "region": "360102000000"}


@pytest.mark.requirement("B14", "F11", "row T13S")
def test_a_case_lies_in_one_office_after_the_other_and_its_minutes_are_known() -> None:
    bench = Bench().reach("T13S")
    assert look.section_of(bench.case) == bench.case.queue == "inbound", "it comes in by the one inbound office"
    bench.do(bench.step("T13S"))
    bench.walk("T14")
    bench.do(bench.step("T13S").saying(section="inspection"))
    bench.walk("T31")
    assert look.section_of(bench.case) == "inspection"
    made = sections.stays_of(bench.case, "2027-01-01T00:00:00.000+08:00")
    assert [stay.section for stay in made] == ["inbound", "licensing", "inspection"]
    assert [stay.minutes for stay in made] == [10, 20, 10], "from act to act, the last one up to the decision"
    assert [stay.until for stay in made][:2] == [stay.since for stay in made][1:]
    assert made[0].since == bench.case.received_at and made[0].person == ""
    assert made[1].person == bench.person(bench.accepting, "ACCEPTOR")


@pytest.mark.requirement("B14", "F05", "row T13S")
def test_who_took_the_case_answers_until_somebody_in_the_other_office_takes_it() -> None:
    bench = Bench().reach("T13S").walk("T13")
    answers = bench.case.responsible
    assert answers
    bench.do(bench.step("T13S"))
    assert bench.case.responsible == answers and bench.case.state is State.PENDING_ACCEPT
    assert bench.case.clocks["K2"].stopped_at is None, "the limit runs on: passing on inside gains no time"


@pytest.mark.requirement("B13", "B14")
def test_the_applicant_sees_one_department_wherever_the_case_lies_inside() -> None:
    bench = Bench().reach("T13S")
    before = public_view(bench.case, "南昌市东湖区市场监督管理局")
    bench.do(bench.step("T13S"))
    after = public_view(bench.case, "南昌市东湖区市场监督管理局")
    assert after == before
    assert "licensing" not in repr(after) and "inbound" not in repr(after)


@pytest.mark.requirement("F11", "row T13S")
def test_a_case_that_goes_elsewhere_begins_there_in_the_inbound_office() -> None:
    bench = Bench().reach("T13S").walk("T13S")
    moved = bench.case.changed(received_at="2026-05-01T09:00:00.000+08:00", queue="front")
    assert look.section_of(moved) == "front"
    assert [stay.section for stay in sections.stays_of(moved, "2026-05-01T10:00:00.000+08:00")] == ["front"]


@pytest.mark.requirement("F11")
def test_two_inbound_offices_of_one_department_are_a_breach_of_the_list() -> None:
    document = json.loads((DEMO / "catalogue.json").read_text(encoding="utf-8"))
    assert not [one for one in breaches(document) if one.code == "INBOUND_TWO"]
    mine = [one for one in document["queues"] if one["node"] == node_name(DEPARTMENT)]
    assert len(mine) > 1
    mine[0]["queue"] = "second-door"
    (found,) = [one for one in breaches(document) if one.code == "INBOUND_TWO"]
    assert node_name(DEPARTMENT) in found.where


@pytest.mark.requirement("F11")
def test_the_inbound_office_is_one_of_those_that_the_list_names() -> None:
    document = json.loads((DEMO / "catalogue.json").read_text(encoding="utf-8"))
    document["places"] = [PLACE | {"sections": ["licensing"]}]
    assert [one.where for one in breaches(document) if one.code == "INBOUND_UNLISTED"]
    document["places"] = [PLACE | {"sections": OFFICES}]
    assert not [one for one in breaches(document) if one.code == "INBOUND_UNLISTED"]


@pytest.mark.requirement("F15", "D02")
def test_one_approval_bureau_handles_the_items_of_several_departments() -> None:
    """一枚印章管审批: the list names the bodies that a node acts for; every item of theirs is routed to it."""

    def bureau(document: dict[str, Any]) -> None:
        bodies = sorted({item["implementing_body"]["credit_code"] for item in document["items"]})
        assert len(bodies) > 1
        document["places"] = [PLACE | {"bodies": bodies}]
        for one in document["queues"]:
            one["node"], one["queue"] = node_name(DEPARTMENT), "inbound"

    made = listed(bureau)
    owners = {made.item(one.task_code).implementing_body.credit_code for one in made.queues}
    assert len(owners) > 1
    for one in made.queues:
        if made.item(one.task_code).takes_cases(START.date()):
            found = routing.route(made, one.task_code, one.region, START.date())
            assert (found.node, found.queue) == (node_name(DEPARTMENT), "inbound")
    document = json.loads((DEMO / "catalogue.json").read_text(encoding="utf-8"))
    bureau(document)
    own = next(item for item in document["items"] if item["task_code"] == TASK)["implementing_body"]["credit_code"]
    document["places"][0]["bodies"] = [own]
    assert {one.code for one in breaches(document)} >= {"QUEUE_NOT_BODY"}, "for no body that it was not given"


@pytest.mark.requirement("B14", "row T13S")
def test_the_command_passes_on_and_shows_how_long_it_lay_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    region = Region()
    agent = region.agent(tmp_path / "dept", DEPARTMENT, ("A01", "D01"))
    inbox = Receiver(agent, region.transfer())
    case, _ = region.forward()
    for _ in range(2):
        inbox.step()
        region.send(agent)
    inbox.step()
    monkeypatch.setattr("deploy.commands.shared.common.open_agent", lambda home, attempts: agent)
    monkeypatch.setattr(agent, "close", lambda: None)
    order = [case, "--home", str(agent.settings.home), "--json", "--wait", "0"]
    told = CliRunner().invoke(commands.app, [*order, "--to", "licensing", "--staff", "A01"])
    assert told.exit_code == 3, told.output
    (answered,) = region.send(agent)
    assert answered.refusal is None
    inbox.step()
    shown = json.loads(CliRunner().invoke(commands.app, order).stdout)
    assert [stay["section"] for stay in shown["stays"]] == ["inbound", "licensing"]
    sections.to_section(agent, case, "A01", "archive")
    (refused,) = region.send(agent)
    assert refused.refusal is not None and refused.refusal.code == "SECTION_UNKNOWN"
    with pytest.raises(Refusal, match="CASE_UNKNOWN_HERE"):
        sections.stays(agent, "f" * 32, "2026-03-02T10:00:00.000+08:00")
    listed_here = [line.view.case for line in queue_view(agent)]
    assert listed_here == [case], "one queue for the whole department"

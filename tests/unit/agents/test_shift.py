"""Hand-over at the end of a shift: a window's list that both sign, a department's cases one by one (F06)."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from crypto import canonical
from crypto.identity import person_id
from crypto.keystore import SoftwareKeystore
from deploy.commands.dept import review as dept_review
from deploy.commands.shared import common
from deploy.commands.window import shift as window_shift
from node_agent.department import desk as department
from node_agent.department import review
from node_agent.process.runtime import Agent
from node_agent.transfer.receiver import Receiver
from node_agent.window import shift
from tests.refused import code_of
from tests.unit.agents.agent_region import Region, exchange
from tests.unit.agents.window_world import FORM, STAFF, World, open_world
from tests.unit.evidence_log import DEPARTMENT, WINDOW

proves = pytest.mark.requirement
COLLEAGUE = "L01"
Told = Callable[..., dict[str, Any]]


@pytest.fixture
def region() -> Region:
    made = Region()
    for node, code, role in (
        (WINDOW, COLLEAGUE, "COLLECT_LEAD"), (WINDOW, "H09", "HEAD"), (DEPARTMENT, "A02", "ACCEPTOR")
    ):  # fmt: skip
        made.log.register(person_id(node, code), node, "", [role], None)
    return made


@pytest.fixture
def hall(region: Region, tmp_path: Path) -> Agent:
    made = region.agent(tmp_path / "hall", WINDOW, (STAFF, COLLEAGUE, "H09"))
    made.registry.refresh(made.hub)
    return made


@pytest.fixture
def agent(region: Region, tmp_path: Path) -> Agent:
    return region.agent(tmp_path / "dept", DEPARTMENT, ("A01", "A02", "I01"))


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """What a command of an agent answers with ``--json``, its exit code beside."""

    def called(group: typer.Typer, name: str, agent: Agent, *words: str) -> dict[str, Any]:
        monkeypatch.setattr(common, "open_agent", lambda home, attempts=1: agent)
        monkeypatch.setattr(agent, "close", lambda: None)
        done = CliRunner().invoke(group, [name, "--home", str(agent.settings.home), *words, "--json"])
        return {"exit": done.exit_code, **json.loads(done.stdout)}

    return called


@proves("F06")
def test_a_window_hands_over_what_is_open_and_both_sign_it(hall: Agent) -> None:
    matters = [shift.Open("ab" * 16, "501160000017", "补正待交", "2026-11-27T23:59:59.000+08:00", "申请人补正")]
    made = shift.hand_over(hall, STAFF, COLLEAGUE, matters)
    assert shift.shifts(hall) == [made] and made.open == tuple(matters)
    assert (made.outgoing, made.incoming) == (person_id(WINDOW, STAFF), person_id(WINDOW, COLLEAGUE))


@proves("F06")
@pytest.mark.parametrize(
    "outgoing, incoming, code",
    [
        (STAFF, STAFF, "SHIFT_TO_ONESELF"),
        (STAFF, "H09", "ROLE_MISSING"),
        ("H09", STAFF, "ROLE_MISSING"),
        (STAFF, "X99", "PERSON_UNKNOWN_HERE"),
    ],
)
def test_nobody_hands_over_to_who_may_not_collect(hall: Agent, outgoing: str, incoming: str, code: str) -> None:
    assert code_of(lambda: shift.hand_over(hall, outgoing, incoming, [])) == code
    assert shift.shifts(hall) == []


@proves("F06")
def test_a_list_that_was_changed_in_the_journal_is_not_shown(hall: Agent) -> None:
    matter = shift.Open("ab" * 16, "501160000017", "补正待交", "", "申请人补正")
    made = shift.hand_over(hall, STAFF, COLLEAGUE, [matter])
    name = shift.NOTE + made.at
    envelope = canonical.parse(hall.journal.kept(name) or b"")
    hall.journal.keep(name, canonical.encode({**envelope, "payload": without_cases(envelope["payload"])}))
    assert code_of(lambda: shift.shifts(hall)) == "SIGNATURE_INVALID"
    signatures = envelope["signatures"]
    assert isinstance(signatures, list)
    hall.journal.keep(name, canonical.encode({**envelope, "signatures": signatures[:1]}))
    assert code_of(lambda: shift.shifts(hall)) == "SECOND_PERSON_MISSING"


def without_cases(payload: object) -> str:
    """The same list with nothing on it, in base64."""
    said = canonical.parse(base64.b64decode(str(payload)))
    return base64.b64encode(canonical.encode({**said, "open": []})).decode()


@proves("F06")
def test_the_command_lists_drafts_and_what_waits_and_no_person(tmp_path: Path, told: Told) -> None:
    world: World = open_world(tmp_path)
    world.region.log.register(person_id(WINDOW, COLLEAGUE), WINDOW, "", ["COLLECT_LEAD"], None)
    sealed, draft = world.sealed(tmp_path), world.begin()
    colleague = world.agent.settings.home / "persons" / COLLEAGUE
    key = world.region.log.keys[person_id(WINDOW, COLLEAGUE)].sign
    SoftwareKeystore(colleague)._write("sign.pem", key.private_pem())
    world.agent.registry.refresh(world.agent.hub)
    answer = told(window_shift.app, "shift", world.agent, "--from", STAFF, "--to", COLLEAGUE)
    assert answer["exit"] == 0 and {one["case"] for one in answer["open"]} == {sealed.case_id, draft}
    assert told(window_shift.app, "shifts", world.agent)["shifts"][0]["open"] == answer["open"]
    kept = json.dumps(answer, ensure_ascii=False)
    assert not any(str(value) in kept for value in FORM.values() if len(str(value)) > 1)


@proves("F06", "row T13")
def test_a_department_hands_over_every_case_of_one_person(
    region: Region, agent: Agent, inbox: Receiver, told: Told
) -> None:
    cases = []
    for _ in range(2):
        case, _ = region.forward()
        exchange(region, agent, inbox)
        review.take(agent, case, "A01", "ON_DUTY")
        exchange(region, agent, inbox)
        cases.append(case)
    other, _ = region.forward()
    exchange(region, agent, inbox)
    department.accept(agent, other, "A02")
    exchange(region, agent, inbox)
    assert code_of(lambda: review.hand_over_shift(agent, "A01", "A01")) == "SHIFT_TO_ONESELF"
    assert code_of(lambda: review.hand_over_shift(agent, "A01", "I01")) == "ROLE_MISSING"
    assert {entry.case_id for entry in review.hand_over_shift(agent, "A01", "A02")} == set(cases)
    exchange(region, agent, inbox)
    assert {region.log.files[case].responsible for case in cases} == {person_id(DEPARTMENT, "A02")}
    assert review.hand_over_shift(agent, "A01", "A02") == []
    answer = told(dept_review.app, "shift", agent, "--from", "A01", "--to", "A02")
    assert (answer["exit"], answer["cases"]) == (0, [])

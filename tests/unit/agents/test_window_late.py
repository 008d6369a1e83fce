"""``yidi window …`` of what was done on paper in an outage, judged by the real law (states.md 9; A22)."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from crypto.evidence.report import Verdict
from crypto.identity import person_id
from crypto.keystore import SoftwareKeystore
from crypto.statement import Statement, read_signed
from deploy.commands.audit import anomalies
from deploy.commands.shared import common
from deploy.commands.window import cases, materials
from deploy.commands.window.main import app
from deploy.demo.attacks import ATTACKS
from hub.casework.figures.following import LATE_AFTER
from hub.casework.states import State
from node_agent.auditor.__main__ import STATUS
from node_agent.known.casemirror import history
from node_agent.known.snapshot import fetch_snapshot
from node_agent.transfer.sender import Sender
from node_agent.window import intake
from node_agent.window import materials as window_materials
from tests.unit.agents.window_world import STAFF, World, open_world, page_file
from tests.unit.evidence_log import ACCEPTOR, DEMO, DEPARTMENT, WINDOW

LEAD = "L01"
HAPPENED = "2026-01-05T09:30:00.000+08:00"
OPTIONS = ("--happened-at", "2026-01-05 09:30", "--cause", "NO_POWER")
TICKS = ("--no-classified", "--signed", "--notice")


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


def run(world: World, *words: str, of: typer.Typer = app, exit_code: int = common.EXIT_KEPT) -> dict[str, Any]:
    line = [*words, "--home", str(world.agent.settings.home), "--staff", STAFF, "--wait", "0", "--json"]
    done = CliRunner().invoke(of, line)
    assert done.exit_code == exit_code, (done.output, done.exception)
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
    run(world, "seal", case, *TICKS, *OPTIONS, "--second", LEAD)
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


def said(world: World, case: str, event: str) -> Statement:
    """The one act of this kind that the window said of the case."""
    (act,) = [act for act in world.agent.journal.acts(case) if act.event == event]
    return read_signed(act.envelope)


def late(world: World, case: str, event: str) -> None:
    """The act tells its own time, why it came late, and who confirms it; the log has it."""
    told = said(world, case, event)
    assert told.occurred_at == HAPPENED and told.body["second_person"] == person_id(WINDOW, LEAD)
    assert isinstance(marked := told.body["late_entry"], dict) and marked["cause"] == "NO_POWER"
    assert told in [one.statement for one in history(world.agent.journal, case)]


def pending(world: World, tmp_path: Path, promised: str = "") -> str:
    """A case that waits for its department; ``promised``: a material that the applicant brings later."""
    case = world.scanned(tmp_path)
    if promised:
        day = datetime.now(UTC).date() + timedelta(days=3)
        window_materials.tolerate(world.agent, case, promised, day, page_file(tmp_path, "promise.jpg", 7))
    made = intake.seal(world.agent, case, STAFF, no_classified=True, applicant_signed=True, privacy_notice=True)
    sent(world)
    world.region.log.say(case, "delivered", DEPARTMENT, "department", {"manifest": made.manifest})
    return case


@pytest.mark.requirement("A22", "row T05")
def test_everything_at_once_of_a_case_taken_in_on_paper(world: World) -> None:
    words = ("collect", str(DEMO / "pages.json"), "--form", str(DEMO / "form.json"), *TICKS, *OPTIONS)
    refused = run(world, *words, exit_code=common.EXIT_REFUSED)
    assert refused["refusal"]["code"] == "LATE_ENTRY_PARTS" and world.agent.journal.waiting() == []
    case = run(world, *words, "--second", LEAD)["case"]
    sent(world)
    late(world, case, "seal")


@pytest.mark.requirement("A22", "row T06")
def test_the_list_of_what_was_missing_given_in_an_outage(world: World, tmp_path: Path) -> None:
    case = world.scanned(tmp_path, ("M01",))
    run(world, "decline", case, "--agreed", *OPTIONS, "--second", LEAD, of=cases.app)
    sent(world)
    late(world, case, "decline")
    assert world.region.log.files[case].state is State.NOT_COLLECTED


@pytest.mark.requirement("A22", "row T17")
def test_a_supplement_that_was_handed_in_on_paper(world: World, tmp_path: Path) -> None:
    case, until = pending(world, tmp_path), datetime.now(UTC).date() + timedelta(days=30)
    notice = {"lines": [{"material": "M05", "defect": "MISSING"}], "due": until.isoformat(), "methods": ["WINDOW"]}
    world.region.log.say(case, "supplement_notice", ACCEPTOR, "ACCEPTOR", notice)
    world.receive()
    pages = ("supplement", case, "--pages", f"M05={page_file(tmp_path, 'book.jpg', 9)}", *OPTIONS, "--second", LEAD)
    refused = run(world, *pages, of=cases.app, exit_code=common.EXIT_REFUSED)
    assert refused["refusal"]["code"] == "DECLARATION_MISSING"
    run(world, *pages, "--signed", of=cases.app)
    sent(world)
    late(world, case, "supplement_part")
    assert world.region.log.files[case].state is State.PENDING_ACCEPT


@pytest.mark.requirement("A22", "row K7S")
def test_a_promised_material_that_was_brought_in_an_outage(world: World, tmp_path: Path) -> None:
    case = pending(world, tmp_path, "M05")
    world.region.log.say(case, "accept", ACCEPTOR, "ACCEPTOR", {})
    world.receive()
    page = f"M05={page_file(tmp_path, 'book.jpg', 9)}"
    run(world, "pay-debt", case, "--page", page, "--signed", *OPTIONS, "--second", LEAD, of=materials.app)
    sent(world)
    late(world, case, "debt_settled")
    assert all(debt.settled for debt in world.region.log.files[case].debts)


@pytest.mark.requirement("A22", "H04")
def test_an_auditor_lists_what_came_late_the_widest_apart_first(world: World, tmp_path: Path) -> None:
    """From verified packages alone: a late entry, one that is later still, and an act that lay in a queue."""
    log, case, other = world.region.log, world.scanned(tmp_path), pending(world, tmp_path)
    run(world, "seal", case, *TICKS, *OPTIONS, "--second", LEAD)
    sent(world)
    paper = str(page_file(tmp_path, "signed.jpg", 41))
    words = ("--happened-at", "2026-01-04 09:30", "--cause", "系统停用或故障", "--second", LEAD)
    run(world, "withdraw", case, paper, *words)
    sent(world)
    run(world, "withdraw", other, paper)
    log.now += LATE_AFTER + timedelta(hours=1)  # so long the line was down
    sent(world)
    folder = tmp_path / "packages"
    folder.mkdir()
    for name in (case, other):
        (folder / f"{name}.zip").write_bytes(log.package(name))
    (folder / "pins.json").write_bytes(log.pins().to_json())
    pins = ("--pins", str(folder / "pins.json"))
    done = CliRunner().invoke(anomalies.app, [str(folder), *pins, "--json"])
    told = json.loads(done.stdout)
    assert (done.exit_code, told["packages"], told["left_out"]) == (0, 2, {})
    assert [(row["case"], row["event"], row["cause"]) for row in told["late"]] == [
        (case, "withdraw", "SYSTEM_DOWN"),
        (case, "seal", "NO_POWER"),
        (other, "withdraw", "QUEUED"),
    ]
    assert [row["second"] for row in told["late"]] == [person_id(WINDOW, LEAD)] * 2 + [""]
    assert told["late"][1]["happened_at"] == HAPPENED < told["late"][1]["entered_at"] <= told["late"][1]["recorded_at"]
    assert told["late"][2]["minutes"] >= 25 * 60 and told["late"][2]["happened_at"] == told["late"][2]["entered_at"]
    shown = CliRunner().invoke(anomalies.app, [str(folder), *pins]).stdout
    assert "迟录 3 条" in shown and all(word in shown for word in ("停电", "系统停用", "签名后", f"核对 {LEAD}"))
    spoilt = next(one for one in ATTACKS if one.name == "tail_cut_off").apply((folder / f"{case}.zip").read_bytes())
    (folder / f"{case}.zip").write_bytes(spoilt)
    done = CliRunner().invoke(anomalies.app, [str(folder), *pins, "--json"])
    told = json.loads(done.stdout)
    assert done.exit_code == STATUS[Verdict.INVALID] and [row["case"] for row in told["late"]] == [other]
    assert list(told["left_out"].values()) == ["INVALID"]


@pytest.mark.requirement("A22", "H04")
def test_a_package_that_is_none_is_named_as_it_stands_there(world: World, tmp_path: Path) -> None:
    """A name is no markup: one that closes a colour must not end the list."""
    folder = tmp_path / "x["
    folder.mkdir()
    (folder / "red].zip").write_bytes(b"no package")
    (tmp_path / "pins.json").write_bytes(world.region.log.pins().to_json())
    done = CliRunner().invoke(anomalies.app, [str(folder), "--pins", str(tmp_path / "pins.json")])
    assert done.exit_code == STATUS[Verdict.INVALID] and "x[/red].zip" in done.stdout.replace("\n", "")


@pytest.mark.requirement("A22")
def test_what_was_sealed_while_the_hub_was_away_needs_nobody_else(world: World, tmp_path: Path) -> None:
    world.hub.away = True
    case = world.sealed(tmp_path).case_id
    world.hub.away = False
    sent(world)
    (seal,) = [read_signed(act.envelope) for act in world.agent.journal.acts(case) if act.event == "seal"]
    assert not {"late_entry", "second_person"} & set(seal.body)
    assert case in world.region.log.files

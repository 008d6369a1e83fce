"""``yidi window`` and ``yidi dept`` about paper: what staff type, against the real law."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from crypto.log.leaf import Leaf, decode
from deploy.commands.coord import paper as coord_paper
from deploy.commands.dept import paper as dept_paper
from deploy.commands.shared import common
from deploy.commands.window import paper as window_paper
from node_agent.auditor.course import course
from node_agent.process.runtime import Agent
from tests.unit.agents.test_paper_agents import ACCEPTOR, CLERK, CLERK_ISSUER, Sides
from tests.unit.evidence_log import WINDOW


class Desk:
    """Two counters. Commands open their own agent; waiting for an answer lets both sides hear."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sides = Sides(home)
        self.opened: Agent = self.sides.window
        monkeypatch.setattr(common, "open_agent", lambda home, attempts=1: self.opened)
        monkeypatch.setattr(Agent, "close", lambda agent: None)
        waited = common.wait_for

        def wait_for(agent: Agent, digests: Any, seconds: float, as_json: bool) -> Any:
            self.sides.exchange()
            return waited(agent, digests, 0, as_json)

        monkeypatch.setattr(common, "wait_for", wait_for)

    def window(self, *words: str) -> Any:
        """A command of the window's clerk."""
        self.opened = self.sides.window
        return self._run(window_paper.app, *words, "--staff", CLERK)

    def department(self, *words: str, staff: str = CLERK_ISSUER) -> Any:
        """A command of the department."""
        self.opened = self.sides.department
        return self._run(dept_paper.app, *words, "--staff", staff)

    def told(self) -> list[Leaf]:
        """The leaves of the case."""
        log = self.sides.region.log
        return [decode(log.entries[index]) for index in log.cases[self.sides.case]]

    def _run(self, app: typer.Typer, *words: str) -> Any:
        home = str(self.opened.settings.home)
        done = CliRunner().invoke(app, [*words, "--home", home, "--json"])
        assert done.exit_code == 0, (words, done.output, done.exception)
        return json.loads(done.stdout)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)


@pytest.mark.requirement("E08", "O3", "O6", "O7", "O14")
def test_an_original_goes_there_by_hand_and_back_by_parcel(desk: Desk) -> None:
    case, page = desk.sides.case, str(desk.sides.page)
    desk.window("offer", case, "--pages", "2")
    desk.department("pick-up", case, "--count", "1", "--pages", "2", staff=ACCEPTOR)
    packed = desk.department(
        "pack", case, "--witness", ACCEPTOR, "--seal", "FQ-000001", "--photo", page, "--back", "--to", WINDOW
    )
    assert Path(packed["packing_list"]).read_bytes().startswith(b"%PDF")
    desk.window("check-in", case, "--finding", "L02=PAGES_DIFFER", "--photo", page)
    desk.department("answer-discrepancy", case, "--item", "L02", "--answer", "寄出时即如此，按收到的为准")
    desk.window("hand-back", case, "--signed", page)
    (item,) = desk.sides.file.originals
    assert (item.state, item.finding, item.holder) == ("RETURNED_TO_APPLICANT", "PAGES_DIFFER", "applicant")


@pytest.mark.requirement("I01", "I07", "row D2", "row D10", "row D11")
def test_the_choice_the_counter_and_a_result_made_anew(desk: Desk, tmp_path: Path) -> None:
    case, page = desk.sides.case, str(desk.sides.page)
    number = tmp_path / "number.txt"
    number.write_text("ZS-2026-0002")
    desk.window("choose-delivery", case, "--delivery", "COUNTER_DEPT", "--signed", page)
    desk.sides.issued()
    desk.department("lay-out", case, "--notice", page)
    desk.department("recall-result", case, "--reason", "WRONG_CONTENT")
    desk.department("reissue", case, page, "--certificate-file", str(number))
    desk.department("lay-out", case, "--notice", page)
    desk.department("hand-over", case, "--signed", page, "--proxy", page)
    assert desk.sides.file.state == "CLOSED"
    receipt = tmp_path / "custody.pdf"
    desk.opened = desk.sides.window
    words = ["custody-receipt", case, "--item", "M02-1=M02", "--out", str(receipt)]
    done = CliRunner().invoke(window_paper.app, [*words, "--home", str(desk.sides.window.settings.home)])
    assert done.exit_code == 0 and receipt.read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("app", [window_paper.app, dept_paper.app, coord_paper.app])
def test_each_command_has_words(app: typer.Typer) -> None:
    assert all(command.callback and command.callback.__doc__ for command in app.registered_commands)


@pytest.mark.requirement("A22", "row D2", "row D2C")
def test_what_was_handed_over_in_an_outage_is_entered_later_and_confirmed(desk: Desk) -> None:
    case, page = desk.sides.case, str(desk.sides.page)
    desk.window("choose-delivery", case, "--delivery", "COUNTER_DEPT", "--signed", page)
    desk.sides.issued()
    late = ("--happened-at", "2026-01-05 09:30", "--cause", "停电", "--second", ACCEPTOR)
    desk.department("lay-out", case, "--notice", page, *late)
    desk.department("hand-over", case, "--signed", page, *late)
    assert desk.sides.file.state == "CLOSED"
    told = [row for row in course(desk.told()) if row.event in ("lay_out", "hand_over")]
    assert [row.second.rpartition("/")[2] for row in told] == [ACCEPTOR, ACCEPTOR]
    assert all(row.detail.startswith("补录：2026-01-05 09:30 纸上办理，停电，") for row in told)


@pytest.mark.requirement("A22", "row O3")
def test_a_witness_confirms_a_packing_that_is_entered_later(desk: Desk) -> None:
    case, page = desk.sides.case, str(desk.sides.page)
    desk.window("offer", case, "--pages", "2")
    desk.department("pick-up", case, "--count", "1", "--pages", "2", staff=ACCEPTOR)
    words = ("--witness", ACCEPTOR, "--seal", "FQ-000001", "--photo", page, "--back", "--to", WINDOW)
    desk.department("pack", case, *words, "--happened-at", "2026-01-05T10:00", "--cause", "NO_NETWORK")
    (told,) = [row for row in course(desk.told()) if row.event == "pack"]
    assert told.second.endswith(ACCEPTOR) and "断网" in told.detail


@pytest.mark.requirement("A22")
@pytest.mark.parametrize(
    "late, code",
    [
        (("--happened-at", "2026-01-05 09:30", "--cause", "停电"), "LATE_ENTRY_PARTS"),
        (("--second", ACCEPTOR), "LATE_ENTRY_PARTS"),
        (("--happened-at", "2026-01-05 09:30", "--cause", "忘了", "--second", ACCEPTOR), "CHOICE_UNKNOWN"),
        (("--happened-at", "2999-01-05 09:30", "--cause", "停电", "--second", ACCEPTOR), "LATE_ENTRY_TIMES"),
    ],
)
def test_half_a_late_entry_is_refused_before_anything_is_signed(desk: Desk, late: tuple[str, ...], code: str) -> None:
    agent = desk.opened = desk.sides.department
    words = ["offer", desk.sides.case, "--pages", "2", "--staff", CLERK_ISSUER, *late]
    done = CliRunner().invoke(dept_paper.app, [*words, "--home", str(agent.settings.home), "--json"])
    assert done.exit_code == common.EXIT_REFUSED and json.loads(done.stdout)["refusal"]["code"] == code
    assert not [act for act in agent.journal.acts(desk.sides.case) if act.event == "pick_up_offer"]

"""Priority, appointments and large letters, from the draft to the department's queue (E11, E12, C14)."""

import json
from pathlib import Path

import pypdfium2
import pytest
from typer.testing import CliRunner

from crypto.refusal import Refusal
from crypto.statement import read_signed
from deploy.commands.window import assist as commands
from deploy.commands.window.lists import work_list
from hub.casework.supervision.public import public_view
from node_agent.acts import Head
from node_agent.department.queue import QueueLine
from node_agent.known.casemirror import CaseView
from node_agent.window import assist, drafts
from node_agent.window import intake as window
from node_agent.window import receipt as window_receipt
from tests.paper_reader import read_paper
from tests.unit.agents.window_world import STAFF, TICKS, World, open_world
from tests.unit.law.law_world import Bench


@pytest.fixture
def world(tmp_path: Path) -> World:
    return open_world(tmp_path)


@pytest.mark.requirement("E11", "E12", "C14")
def test_what_the_clerk_tells_stands_in_the_seal_and_nothing_of_the_person(world: World, tmp_path: Path) -> None:
    case = world.scanned(tmp_path)
    assist.tell(world.agent, case, lane="ASSISTED", appointment="YY20260302-07", channel="PHONE", large_print=True)
    made = window.seal(world.agent, case, STAFF, **TICKS)
    (answered,) = world.region.send(world.agent)[:1]
    assert answered.refusal is None
    body = read_signed(answered.envelope).body
    assert (body["lane"], body["appointment"], body["channel"]) == ("ASSISTED", "YY20260302-07", "PHONE")
    assert "large_print" not in body
    file = world.region.log.files[made.case_id]
    assert (file.lane, file.appointment, file.channel) == ("ASSISTED", "YY20260302-07", "PHONE")


@pytest.mark.requirement("E12", "A19")
def test_a_receipt_in_large_letters_says_the_same_on_a_larger_sheet(world: World, tmp_path: Path) -> None:
    papers = {}
    for large in (False, True):
        case = world.scanned(tmp_path)
        assist.tell(world.agent, case, large_print=large)
        made = window.seal(world.agent, case, STAFF, **TICKS)
        printed = window_receipt.print_waiting(world.agent, made.public_no)
        assert printed is not None and printed[1] == ()
        papers[large] = printed[0], made.public_no
    small, big = read_paper(papers[False][0]), read_paper(papers[True][0])
    for words in ("收件凭证", "查询号", "校验码", "什么时候有答复", "不用登录"):
        assert words in small.flat and words in big.flat
    assert len(big.secret) == len(small.secret) == 64, "the code is read from the large sheet too"
    assert _letters(papers[True][0]) >= 1.6 * _letters(papers[False][0])


def _letters(path: Path) -> float:
    """Height of most letters of the first page, in millimetres."""
    opened = pypdfium2.PdfDocument(path)
    try:
        text = opened[0].get_textpage()
        heights = [box[3] - box[1] for box in (text.get_charbox(at) for at in range(text.count_chars()))]
        tall = sorted(height for height in heights if height > 1)
        return float(tall[len(tall) // 2]) * 25.4 / 72
    finally:
        opened.close()


@pytest.mark.requirement("E11", "C14")
@pytest.mark.parametrize(
    "told, code",
    [
        ({"lane": "FRIEND"}, "LANE_UNKNOWN"),
        ({"appointment": "YY1"}, "APPOINTMENT_FORM"),
        ({"appointment": "余知远的预约", "channel": "PHONE"}, "APPOINTMENT_FORM"),
        ({"appointment": "YUZHIYUAN-1", "channel": "PHONE"}, "APPOINTMENT_FORM"),
        ({"appointment": "138-0000-0000", "channel": "PHONE"}, "APPOINTMENT_FORM"),
        ({"appointment": "YY20260302"}, "APPOINTMENT_FORM"),
        ({"channel": "PHONE"}, "APPOINTMENT_FORM"),
        ({"appointment": "YY20260302", "channel": "FRIEND"}, "CHANNEL_UNKNOWN"),
    ],
)
def test_what_is_no_code_is_refused_at_the_counter(world: World, told: dict[str, str], code: str) -> None:
    case = world.begin()
    with pytest.raises(Refusal) as refused:
        assist.tell(world.agent, case, **told)  # type: ignore[arg-type]  # texts only
    assert refused.value.code == code
    assert drafts.load(world.agent, case).lane == ""


@pytest.mark.requirement("E11")
def test_priority_cases_come_first_among_equals_on_the_windows_list(world: World) -> None:
    cases = [world.begin() for _ in range(4)]
    assist.tell(world.agent, cases[2], lane="GREEN")
    listed = work_list(world.agent)
    assert listed[0]["case"] == cases[2] and listed[0]["lane"] == "绿色通道"
    assert {str(line["case"]) for line in listed} == set(cases)


@pytest.mark.requirement("E11")
def test_in_a_departments_queue_only_what_is_due_comes_before_a_priority_case() -> None:
    def line(name: str, left: int | None, lane: str = "") -> QueueLine:
        view = CaseView(name, Head(0, None), None, frozenset(), ())
        return QueueLine(view, name, "", "", {} if left is None else {"K2": left}, {}, lane=lane)

    queue = [
        line("plain", 2), line("green", 4, "GREEN"), line("overdue", -1), line("no clock", None),
        line("due today", 0), line("assisted", 3, "ASSISTED"),
    ]  # fmt: skip
    order = [one.case_no for one in sorted(queue, key=lambda one: one.risk)]
    assert order == ["overdue", "due today", "assisted", "green", "plain", "no clock"]


@pytest.mark.requirement("E12")
def test_priority_is_not_shown_to_who_asks_with_number_and_code() -> None:
    bench = Bench()
    plain = bench.do(bench.step("T05"))
    other = Bench()
    first = other.do(other.step("T05").saying(lane="ASSISTED"))
    assert first.lane == "ASSISTED"
    assert public_view(first, "甲局") == public_view(plain, "甲局")


@pytest.mark.requirement("E11", "C14")
def test_the_command_takes_words_and_says_what_is_set(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    case = world.begin()
    monkeypatch.setattr("deploy.commands.shared.common.open_agent", lambda home, attempts: world.agent)
    monkeypatch.setattr(world.agent, "close", lambda: None)
    line = ["assist", case, "--home", str(world.agent.settings.home), "--lane", "绿色通道", "--json"]
    told = CliRunner().invoke(commands.app, [*line, "--appointment", "YY20260302-07", "--channel", "HOTLINE"])
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["lane"] == "GREEN"
    assert drafts.load(world.agent, case).channel == "HOTLINE"
    told = CliRunner().invoke(commands.app, [*line[:4], "--json"])
    assert told.exit_code == 0 and drafts.load(world.agent, case).lane == ""

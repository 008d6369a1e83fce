"""node_agent.review and ``yidi dept …``: the acts of the inner life of a case, judged by the real law."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from crypto.identity import person_id
from crypto.refusal import Refusal
from crypto.statement import read_envelope, read_signed, read_statement
from deploy.commands import common, dept_review
from hub.casework.casefile import State
from node_agent import department, review, review_papers
from node_agent.casemirror import mirror
from node_agent.receiver import Receiver
from node_agent.runtime import Agent
from storage.journal import OutboxEntry
from tests.unit.agent_region import RECOVERY, Region, picture
from tests.unit.evidence_log import DEPARTMENT

OTHER = "spiffe://yidi.test/360403000000/jiangxi-xunyang-scj"
HIGHER = "spiffe://yidi.test/360000000000/jiangxi-scj"
WORDS = "须现场核实设备"
SOON = (date.today() + timedelta(days=30)).isoformat()
proves = pytest.mark.requirement


@pytest.fixture
def region() -> Region:
    made = Region()
    made.log.register(person_id(DEPARTMENT, "R01"), DEPARTMENT, "", ["REVIEWER"], None)
    for node, area in ((OTHER, "360403000000"), (HIGHER, "360000000000")):
        made.log.register(node, node, area, ["department"], None)
    made.log.register(person_id(OTHER, "R02"), OTHER, "", ["REVIEWER"], None)
    return made


@pytest.fixture
def agent(region: Region, tmp_path: Path) -> Agent:
    return region.agent(tmp_path / "dept", DEPARTMENT, ("A01", "D01", "H01", "I01", "R01"))


@pytest.fixture
def inbox(region: Region, agent: Agent) -> Receiver:
    return Receiver(agent, region.transfer())


@pytest.fixture
def case(region: Region, agent: Agent, inbox: Receiver) -> str:
    made, _ = region.forward()
    exchange(region, agent, inbox)
    return made


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    path = tmp_path / "paper.jpg"
    path.write_bytes(picture(50))
    return path


def exchange(region: Region, agent: Agent, inbox: Receiver) -> list[OutboxEntry]:
    """Receive, send, receive; everything must have been taken."""
    inbox.step()
    answered = region.send(agent)
    inbox.step()
    assert [entry.refusal for entry in answered] == [None] * len(answered)
    return answered


def accepted(region: Region, agent: Agent, inbox: Receiver, case: str) -> None:
    review.take(agent, case, "A01", "ON_DUTY")
    department.accept(agent, case, "A01")
    exchange(region, agent, inbox)


def body_of(entry: OutboxEntry) -> dict[str, Any]:
    return dict(read_statement(read_envelope(entry.envelope).payload).body)


@proves("T13", "T25", "T26", "T28", "T31", "C06", "C10", "F05")
def test_from_take_to_decision(region: Region, agent: Agent, inbox: Receiver, case: str) -> None:
    accepted(region, agent, inbox, case)
    review.step_done(agent, case, "R01", "UNDERTAKE", "材料属实")
    review.start_special(agent, case, "R01", "SITE_VISIT", SOON, "")
    exchange(region, agent, inbox)
    review.end_special(agent, case, "R01", "PASSED", "SITE_VISIT")
    extended = review.extend(agent, case, "D01", "H01", 5, "COMPLEX", WORDS)
    review.step_done(agent, case, "D01", "EXAMINE")
    assert body_of(review.send_back(agent, case, "D01", "UNDERTAKE", "INCOMPLETE"))["grant"]
    department.decide(agent, case, "D01", "GRANT")
    exchange(region, agent, inbox)
    file = region.log.files[case]
    assert file.state is State.DECIDED and file.responsible == person_id(DEPARTMENT, "A01")
    assert [made.step for made in file.steps] == ["UNDERTAKE", "EXAMINE", "UNDERTAKE"]
    assert file.clocks["K4"].total == 25 and file.specials[0].result == "PASSED"
    assert mirror(agent, case).file == file
    assert WORDS not in read_envelope(extended.envelope).payload.decode()
    printed = review_papers.limit_paper(agent, extended, WORDS)
    assert printed.read_bytes().startswith(b"%PDF")


@proves("T28", "T26", "R6")
def test_without_words_nothing_is_put_off(region: Region, agent: Agent, inbox: Receiver, case: str) -> None:
    accepted(region, agent, inbox, case)
    with pytest.raises(Refusal, match="WORDS_MISSING"):
        review.extend(agent, case, "D01", "H01", 5, "COMPLEX", " ")
    with pytest.raises(Refusal, match="SPECIAL_NOT_LISTED"):
        review.start_special(agent, case, "R01", "HEARING", SOON, WORDS)
    with pytest.raises(Refusal, match="SPECIAL_UNKNOWN"):
        review.end_special(agent, case, "R01", "PASSED", "SITE_VISIT")
    with pytest.raises(Refusal, match="NOT_INSTANT"):
        review.accept_and_decide(agent, case, "A01", "D01")


@proves("T29", "C09")
def test_another_department_is_asked_and_answers(
    region: Region, agent: Agent, inbox: Receiver, case: str, tmp_path: Path
) -> None:
    accepted(region, agent, inbox, case)
    review.consult(agent, case, "R01", OTHER, "RECORD", SOON)
    events = [entry.event for entry in exchange(region, agent, inbox)]
    assert events == ["consult", "wrap"]
    other = region.agent(tmp_path / "other", OTHER, ("R02",))
    Receiver(other, region.transfer()).step()
    review.opinion(other, case, "R02", "CONFIRMED", WORDS)
    assert [entry.refusal for entry in region.send(other)] == [None, None, None]
    file = region.log.files[case]
    assert file.consultations[0].answer == "CONFIRMED"
    opinion = file.sealing("opinion")
    assert opinion is not None and opinion.sealed_by == OTHER
    assert {wrap.recipient for wrap in file.wraps if wrap.manifest == opinion.manifest} == {OTHER, DEPARTMENT}
    with pytest.raises(Refusal, match="CONSULT_UNKNOWN"):
        review.opinion(agent, case, "R01", "AGREE")


@proves("T30", "E01")
def test_a_case_goes_up_with_its_keys(region: Region, agent: Agent, inbox: Receiver, case: str) -> None:
    accepted(region, agent, inbox, case)
    review.refer_up(agent, case, "D01", HIGHER, "inbound", "初审同意")
    events = [entry.event for entry in exchange(region, agent, inbox)]
    assert events == ["refer_up", "wrap", "wrap", "wrap"]
    file = region.log.files[case]
    assert file.state is State.REFERRED and file.referral is not None and file.referral.node == HIGHER
    assert {wrap.manifest for wrap in file.wraps if wrap.recipient == HIGHER} == {
        made.manifest for made in file.sealings
    }
    assert RECOVERY not in {wrap.recipient for wrap in file.wraps if wrap.manifest == file.sealings[-1].manifest}


@proves("T32", "T36")
def test_correction_and_void(region: Region, agent: Agent, inbox: Receiver, case: str, paper: Path) -> None:
    accepted(region, agent, inbox, case)
    department.decide(agent, case, "D01", "GRANT")
    review.correct(agent, case, "D01", "TYPING", paper)
    corrected = review.correct(agent, case, "D01", "TYPING", paper, paper)
    assert body_of(corrected)["record"] == body_of(corrected)["paper"]
    exchange(region, agent, inbox)
    assert len(region.log.files[case].corrections) == 2
    again, _ = region.forward(counter=2)
    exchange(region, agent, inbox)
    review.void(agent, again, "D01", "H01", "DUPLICATE", paper, case)
    exchange(region, agent, inbox)
    file = region.log.files[again]
    assert (file.state, file.linked[0].case) == (State.VOIDED, case)


@proves("T13", "F04")
def test_the_head_assigns_and_others_need_a_grant(region: Region, agent: Agent, inbox: Receiver, case: str) -> None:
    review.reassign(agent, case, "H01", "R01")
    exchange(region, agent, inbox)
    assert region.log.files[case].responsible == person_id(DEPARTMENT, "R01")
    with pytest.raises(Refusal, match="GRANT_MISSING"):
        review.reassign(agent, case, "D01", "A01")


@proves("T26", "T28")
def test_what_the_papers_say(region: Region, agent: Agent, inbox: Receiver, case: str) -> None:
    accepted(region, agent, inbox, case)
    extended = review.extend(agent, case, "H01", "", 10, "OTHER_BODY", WORDS)
    title, paragraphs = review_papers.parts_of(read_signed(extended.envelope), {"words": WORDS})
    assert title == "延长办理期限通知书" and any("10 个工作日" in text for text in paragraphs) and WORDS in paragraphs
    with pytest.raises(Refusal, match="NOTHING_TO_PRINT"):
        review_papers.limit_paper(agent, department.decide(agent, case, "D01", "GRANT"), "")


def test_commands_sign_and_tell(
    region: Region, agent: Agent, inbox: Receiver, case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(common, "open_agent", lambda home, attempts=1: agent)
    monkeypatch.setattr(type(agent), "close", lambda self: None)
    words = tmp_path / "words.txt"
    words.write_text(WORDS)
    accepted(region, agent, inbox, case)
    for arguments in (
        ("step", "--staff", "R01", "--step", "承办"),
        ("extend", "--staff", "D01", "--head", "H01", "--days", "3", "--reason", "COMPLEX", "--words", str(words)),
        ("special", "--staff", "R01", "--kind", "SITE_VISIT", "--until", SOON),
        ("special-end", "--staff", "R01", "--kind", "现场踏勘", "--result", "PASSED"),
    ):
        exchange(region, agent, inbox)
        line = [arguments[0], case, "--home", str(agent.settings.home), "--json", "--wait", "0", *arguments[1:]]
        done = CliRunner().invoke(dept_review.app, line)
        told = json.loads(done.stdout)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        assert told["event"] and ("paper" in told) == (arguments[0] == "extend")
        assert arguments[0] != "extend" or Path(told["paper"]).exists()
    exchange(region, agent, inbox)
    assert region.log.files[case].clocks["K4"].total == 23

"""node_agent.department.review and ``yidi dept …``: the acts of the inner life of a case, judged by the real law."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from crypto.identity import person_id
from crypto.manifest import read as read_manifest
from crypto.refusal import Refusal
from crypto.statement import read_envelope, read_signed, read_statement
from deploy.commands.dept import review as dept_review
from deploy.commands.shared import common
from hub.casework.catalogue.values import Limit
from hub.casework.states import State
from hub.casework.time.clock_table import Unit
from node_agent.department import desk as department
from node_agent.department import opinions, queue, result, review, review_papers, sealed
from node_agent.known.casemirror import handed_on, history, mirror
from node_agent.originals import delivery
from node_agent.process.runtime import Agent
from node_agent.transfer.following import attend
from node_agent.transfer.receiver import Receiver
from storage.journal import OutboxEntry
from tests.unit.agents.agent_region import RECOVERY, Region, exchange, picture
from tests.unit.evidence_log import DEPARTMENT, WINDOW

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
def case(region: Region, agent: Agent, inbox: Receiver) -> str:
    made, _ = region.forward()
    exchange(region, agent, inbox)
    return made


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    path = tmp_path / "paper.jpg"
    path.write_bytes(picture(50))
    return path


def answered_by(region: Region, agent: Agent) -> Callable[[str], OutboxEntry]:
    """The hub's answer to an opening."""

    def answered(digest: str) -> OutboxEntry:
        return next(entry for entry in region.send(agent) if entry.payload_digest == digest)

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
    inbox.step()
    (told,) = opinions.read(agent, case, "R01", answered_by(region, agent), region.transfer())
    assert (told.event, told.node, told.answer, told.words) == ("opinion", OTHER, "CONFIRMED", WORDS)


@proves("T30", "E01")
def test_a_case_goes_up_with_its_keys_and_goes_on_there(
    region: Region, agent: Agent, inbox: Receiver, case: str, tmp_path: Path
) -> None:
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
    region.log.register(person_id(HIGHER, "D02"), HIGHER, "", ["DECIDER"], None)
    above = region.agent(tmp_path / "above", HIGHER, ("D02",))
    took = exchange(region, above, Receiver(above, region.transfer()))
    assert [entry.event for entry in took] == ["taken_up"]
    file = region.log.files[case]
    assert (file.state, file.holder, file.first_reviewers) == (State.UNDER_REVIEW, HIGHER, (DEPARTMENT,))
    assert mirror(above, case).file == file and [one.view.case for one in queue.queue_view(above)] == [case]
    (first,) = opinions.read(above, case, "D02", answered_by(region, above), region.transfer())
    assert (first.event, first.node, first.words) == ("refer_up", DEPARTMENT, "初审同意")
    review.take(above, case, "D02", "ON_DUTY")
    exchange(region, above, Receiver(above, region.transfer()))
    assert region.log.files[case].responsible == person_id(HIGHER, "D02")


@proves("T29", "T30", "E01")
@pytest.mark.parametrize("away", [False, True])
def test_opinions_that_were_given_below_are_read_above(
    region: Region,
    agent: Agent,
    inbox: Receiver,
    case: str,
    tmp_path: Path,
    away: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Their keys go before those with which the case may be taken up. ``away``: the hub, while it is passed up."""
    accepted(region, agent, inbox, case)
    review.consult(agent, case, "R01", OTHER, "RECORD", SOON)
    exchange(region, agent, inbox)
    other = region.agent(tmp_path / "other", OTHER, ("R02",))
    Receiver(other, region.transfer()).step()
    review.opinion(other, case, "R02", "CONFIRMED", WORDS)
    region.send(other)
    inbox.step()
    with monkeypatch.context() as held:
        if away:
            held.setattr(agent, "hub", Gone())
        review.refer_up(agent, case, "D01", HIGHER, "inbound", "初审同意")
    exchange(region, agent, inbox)
    if away:
        attend(agent, case, region.log.now + timedelta(minutes=1))
        region.send(agent)
    opinion = next(made for made in region.log.files[case].sealings if made.sealed_by == OTHER)
    assert HIGHER in {wrap.recipient for wrap in region.log.files[case].wraps if wrap.manifest == opinion.manifest}
    region.log.register(person_id(HIGHER, "D02"), HIGHER, "", ["DECIDER"], None)
    above = region.agent(tmp_path / "above", HIGHER, ("D02",))
    exchange(region, above, Receiver(above, region.transfer()))
    said = opinions.read(above, case, "D02", answered_by(region, above), region.transfer())
    assert [(one.event, one.words) for one in said] == [("opinion", WORDS), ("refer_up", "初审同意")]


class Gone:
    """A hub that is away."""

    def __getattr__(self, name: str) -> Any:
        raise Refusal("HUB_UNAVAILABLE", "promise 6")


@proves("T29", "T30", "A24")
def test_who_has_no_keys_of_an_opinion_still_mirrors_the_whole_case(
    region: Region, agent: Agent, inbox: Receiver, case: str, tmp_path: Path
) -> None:
    """What two departments wrote to each other is closed to the window; that they did, it has to be able to replay."""
    accepted(region, agent, inbox, case)
    review.refer_up(agent, case, "D01", HIGHER, "inbound", "初审同意")
    exchange(region, agent, inbox)
    window = region.agent(tmp_path / "window", WINDOW, ("C01",))
    Receiver(window, region.transfer()).step()
    opinion = region.log.files[case].sealing("opinion")
    assert opinion is not None and (opinion.manifest, WINDOW) not in region.packets
    view = mirror(window, case)
    assert (view.missing, view.file) == ((), region.log.files[case])


@proves("T30", "F05")
def test_a_referral_is_recalled_and_made_again(
    region: Region, agent: Agent, inbox: Receiver, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The keys did not go up; the second first review is the one that goes along."""
    accepted(region, agent, inbox, case)
    with monkeypatch.context() as held:
        held.setattr(review, "wraps_to", lambda *_, **__: [])
        review.refer_up(agent, case, "D01", HIGHER, "inbound", "初审同意")
        exchange(region, agent, inbox)
    first = region.log.files[case].sealing("opinion")
    review.recall_referral(agent, case, "D01")
    assert [entry.refusal for entry in exchange(region, agent, inbox)] == [None]
    assert region.log.files[case].state is State.UNDER_REVIEW and mirror(agent, case).file == region.log.files[case]
    review.refer_up(agent, case, "D01", HIGHER, "inbound", "补充初审意见")
    assert "refer_up" in [entry.event for entry in exchange(region, agent, inbox) if entry.refusal is None]
    file = region.log.files[case]
    second = file.sealing("opinion")
    assert file.referral is not None and first is not None and second is not None and first != second
    assert file.referral.opinions == (second.manifest,)
    assert second.manifest in handed_on(history(agent.journal, case))
    assert first.manifest not in handed_on(history(agent.journal, case))


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


@proves("C06", "F02", "row T31")
@pytest.mark.parametrize(
    ("changes", "code"),
    [({"steps": {"UNDERTAKE": 1}}, "STEP_OPEN"), ({"decision_by": "COLLECTIVE"}, "RECORD_MISSING")],
)
def test_what_needs_steps_or_a_record_is_not_decided_at_once(
    agent: Agent, case: str, changes: dict[str, Any], code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = replace(
        sealed.item_of(agent, case), case_type="INSTANT", promised_limit=Limit(1, Unit.WORKING_DAY),
        special_procedures=(), **changes,
    )  # fmt: skip
    monkeypatch.setattr(sealed, "item_of", lambda agent, case: at_once)
    with pytest.raises(Refusal, match=code):
        review.accept_and_decide(agent, case, "A01", "D01")
    assert agent.journal.waiting() == []
    head = replace(at_once, steps={}, decision_by="HEAD")
    for module in (sealed, department):
        monkeypatch.setattr(module, "item_of", lambda agent, case: head)
    with pytest.raises(Refusal, match="ROLE_MISSING"):
        review.accept_and_decide(agent, case, "A01", "D01")
    accepted_by, decided_by = review.accept_and_decide(agent, case, "A01", "H01")
    assert (accepted_by.event, decided_by.event) == ("accept", "decide")


@proves("row D10", "row T32")
def test_a_refusal_that_was_issued_is_corrected_and_made_anew_with_its_words(
    region: Region, agent: Agent, inbox: Receiver, case: str, paper: Path
) -> None:
    accepted(region, agent, inbox, case)
    department.decide(agent, case, "D01", "REFUSE", "不符合条件", "可在六十日内申请复议")
    result.issue(agent, case, "I01", [paper])
    exchange(region, agent, inbox)
    corrected = result.correct_result(agent, case, "D01", [paper], "TYPING", paper, "I01")
    assert body_of(corrected)["second_person"] == person_id(DEPARTMENT, "I01")
    exchange(region, agent, inbox)
    delivery.recall_result(agent, case, "I01", "WRONG_CONTENT")
    exchange(region, agent, inbox)
    result.reissue(agent, case, "I01", [paper], "ZS-2026-0001")
    exchange(region, agent, inbox)
    file = region.log.files[case]
    assert [made.revision for made in file.sealings_of("result")] == [2, 3, 4] and len(file.corrections) == 1
    lines = [line.line for line in read_manifest(region.log.manifests[file.sealings_of("result")[-1].manifest]).lines]
    assert "DECISION" in lines

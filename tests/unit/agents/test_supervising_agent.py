"""What a node says in supervision, judged by the real law; words never leave the node."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from crypto import canonical
from crypto.refusal import Refusal
from crypto.statement import read_envelope, read_statement
from deploy.commands.coord import cards as coord_cards
from deploy.commands.coord import region as coord_region
from deploy.commands.dept import cards as dept_cards
from deploy.commands.shared import common
from hub.casework import reasons
from hub.casework.states import State
from node_agent.known.casemirror import mirror
from node_agent.process.runtime import Agent
from node_agent.supervision import overseeing, supervising
from node_agent.transfer.receiver import Receiver
from tests.unit.agents.agent_region import Region, exchange
from tests.unit.evidence_log import ACCEPTOR, COLLECTOR, DEPARTMENT, WINDOW

OVERSEER = "spiffe://yidi.test/360000000000/jiangxi-zwfwb"
STRANGER = "spiffe://yidi.test/110000000000/beijing-zwfwb"
WORDS = "窗口态度生硬，三次让申请人重新排队"
HOME, CENTRE = "11360102MB00000101", "12360102MB0000020Y"
FACTS = {"channel": "HOTLINE", "ticket": "GD20260302-0001", "kind": "ATTITUDE", "about_node": WINDOW}


@pytest.fixture
def region() -> Region:
    made = Region()
    for node in (OVERSEER, STRANGER):
        made.log.register(node, node, node.split("/")[3], ["coordinator"], None)
    return made


@pytest.fixture
def case(region: Region, agent: Agent, inbox: Receiver) -> str:
    made, _ = region.forward()
    exchange(region, agent, inbox)
    return made


@pytest.mark.requirement("G07", "G10")
def test_a_complaint_is_taken_and_answered_and_its_words_stay_here(
    region: Region, agent: Agent, inbox: Receiver, case: str
) -> None:
    entry = supervising.complain(agent, case, "A01", {**FACTS, "handler": DEPARTMENT}, WORDS)
    statement = read_statement(read_envelope(entry.envelope).payload)
    assert statement.chain == "supervision" and "about_person" not in statement.body
    assert WORDS.encode() not in entry.envelope
    assert supervising.words_of(agent, str(statement.body["words"])) == WORDS
    exchange(region, agent, inbox)
    supervising.answer_complaint(agent, case, "H01", entry.payload_digest, "FOUNDED", "已批评教育并向申请人致歉")
    exchange(region, agent, inbox)
    file = mirror(agent, case).file
    assert file is not None
    (complaint,) = file.complaints
    assert (complaint.finding, complaint.handler, complaint.kind) == ("FOUNDED", DEPARTMENT, "ATTITUDE")


@pytest.mark.requirement("G12")
def test_an_answer_without_words_or_without_the_role_is_not_made(agent: Agent, case: str) -> None:
    with pytest.raises(Refusal, match="STATEMENT_WORDS_MISSING"):
        supervising.appeal_card(agent, case, "H01", "0" * 16, "LAWFUL", " ")
    with pytest.raises(Refusal, match="ROLE_MISSING"):
        supervising.settle_card(agent, case, "H01", "0" * 16, "KEPT", WORDS)
    assert supervising.words_of(agent, "0" * 64) == ""


@pytest.mark.requirement("G03", "row T38", "H04")
def test_a_department_says_what_it_thinks_of_the_windows_work(
    region: Region, agent: Agent, inbox: Receiver, case: str
) -> None:
    supervising.rate_internal(agent, case, "A01", {"scan": 4, "timing": 1})
    supervising.quality(agent, case, "A01", ["BLURRED", "SKEWED"])
    exchange(region, agent, inbox)
    file = mirror(agent, case).file
    assert file is not None and file.ratings[0].kind == "INTERNAL"
    assert [(card.kind, card.subject) for card in file.cards] == [("Y5", WINDOW)]


@pytest.mark.requirement("G07", "row T38")
def test_a_complaint_is_named_by_its_beginning_extended_answered_and_disputed(
    region: Region, agent: Agent, inbox: Receiver, case: str
) -> None:
    entry = supervising.complain(agent, case, "A01", {**FACTS, "handler": DEPARTMENT}, WORDS)
    exchange(region, agent, inbox)
    short = entry.payload_digest[:16]
    supervising.extend_complaint(agent, case, "H01", short, next(iter(reasons.COMPLAINT_EXTENSIONS)))
    supervising.answer_complaint(agent, case, "H01", short, "FOUNDED", WORDS)
    exchange(region, agent, inbox)
    supervising.dispute_complaint(agent, case, "A01", short, WORDS)
    exchange(region, agent, inbox)
    complaint = region.log.files[case].complaints[0]
    assert complaint.extension and complaint.disputed and complaint.handler == OVERSEER
    with pytest.raises(Refusal, match="COMPLAINT_UNKNOWN"):
        supervising.dispute_complaint(agent, case, "A01", "f" * 16, WORDS)


@pytest.mark.requirement("F05", "row T38")
def test_an_enquiry_is_taken_passed_on_taken_over_and_answered_by_commands(
    region: Region, agent: Agent, inbox: Receiver, case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First-asked: the window's enquiry is the department's once it took it; what was written leaves no machine."""
    monkeypatch.setattr(common, "open_agent", lambda home, attempts=1: agent)
    monkeypatch.setattr(type(agent), "close", lambda self: None)
    words = tmp_path / "words.txt"
    words.write_text(WORDS)

    def run(name: str, staff: str, *options: str) -> dict[str, object]:
        line = [name, case, *_at(agent), *(("--wait", "0", "--staff", staff) if staff else ()), *options]
        done = CliRunner().invoke(dept_cards.app, line)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        assert WORDS not in done.stdout
        if staff:
            exchange(region, agent, inbox)
        return dict(json.loads(done.stdout))

    asked = {"channel": "WINDOW", "topic": "PROGRESS", "words": "a" * 64}
    region.log.say(case, "enquire", COLLECTOR, "COLLECTOR", asked, "supervision")
    inbox.step()
    named = region.log.files[case].enquiries[0].digest
    body = {"enquiry": named, "to": DEPARTMENT}
    region.log.say(case, "pass_enquiry", COLLECTOR, "COLLECTOR", body, "supervision")
    inbox.step()
    run("enquiry-take", "A01", "--enquiry", named[:16])
    run("enquiry-extend", "H01", "--enquiry", named[:16], "--reason", "INQUIRY")
    run("enquiry-answer", "A01", "--enquiry", named[:16], "--answer", "ANSWERED", "--words", str(words))
    own = run("enquire", "A01", "--topic", "FEES", "--words", str(words), "--to", WINDOW)
    run("enquiry-pass", "A01", "--enquiry", str(own["enquiry"]), "--to", OVERSEER)
    first, second = region.log.files[case].enquiries
    assert (first.node, first.holder, first.answer, first.extension) == (WINDOW, DEPARTMENT, "ANSWERED", "INQUIRY")
    assert supervising.words_of(agent, first.feedback) == WORDS
    assert (second.holder, second.to, second.open) == (DEPARTMENT, OVERSEER, True)
    kept = supervising.words_here(agent, case)
    assert [(one.event, one.words) for one in kept] == [("answer_enquiry", WORDS), ("enquire", WORDS)]
    done = CliRunner().invoke(dept_cards.app, ["words", case, *_at(agent)])
    assert [one["number"] for one in json.loads(done.stdout)["words"]] == [first.digest, second.digest]
    listed = _rows(run("enquiries", ""), "enquiries")
    assert [one["digest"] for one in listed] == [first.digest, second.digest]
    with pytest.raises(Refusal, match="ENQUIRY_UNKNOWN"):
        supervising.take_enquiry(agent, case, "A01", "f" * 16)


@pytest.mark.requirement("G03", "K12", "row T38")
def test_a_bad_rating_is_checked_and_put_right_by_commands(
    region: Region, agent: Agent, inbox: Receiver, case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(common, "open_agent", lambda home, attempts=1: agent)
    monkeypatch.setattr(type(agent), "close", lambda self: None)
    words = tmp_path / "words.txt"
    words.write_text(WORDS)
    body = {"reason": "OUT_OF_SCOPE", "reasons": "a" * 64, "appeal": "b" * 64}
    code = next(iter(reasons.REFUSAL_REASONS.keys() - {"NOT_OUR_POWER"}))
    region.log.say(case, "refuse_accept", ACCEPTOR, "ACCEPTOR", {**body, "reason": code})
    scores = {"process": 5, "window": 1, "staff": 1}
    rating_body = {"scores": scores, "basis": "TERMINAL", "by_applicant": True}
    region.log.say(case, "rate", WINDOW, "window", rating_body, "supervision")
    inbox.step()
    for name, option, value in (
        ("rating-verify", "--finding", "UPHELD"),
        ("rating-rectify", "--measure", "APOLOGISED"),
    ):
        line = [name, case, "--home", str(agent.settings.home), "--json", "--wait", "0", "--staff", "H01"]
        done = CliRunner().invoke(dept_cards.app, [*line, option, value, "--words", str(words)])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        assert WORDS not in done.stdout
        exchange(region, agent, inbox)
    rating = region.log.files[case].ratings[0]
    assert (rating.finding, rating.measure) == ("UPHELD", "APOLOGISED")
    assert region.log.files[case].clocks["K12"].stopped_at


@pytest.mark.requirement("F07", "G13")
def test_a_card_names_the_body_that_minds_it_with_the_person(
    region: Region, agent: Agent, inbox: Receiver, case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    supervising.quality(agent, case, "A01", ["BLURRED"])
    exchange(region, agent, inbox)
    overseer = region.agent(tmp_path / "overseer", OVERSEER)
    (card,) = supervising.look(overseer, case).cards
    last = region.log.directory.newest(card.person)
    assert last is not None and (card.rule, card.node) == ("Y5", WINDOW)
    region.log.register(
        card.person, WINDOW, "", sorted(last.roles), None, replaces=last.digest, home=HOME, centre=CENTRE
    )
    overseer.registry.refresh(overseer.hub)
    monkeypatch.setattr(common, "open_agent", lambda home, attempts=1: overseer)
    monkeypatch.setattr(type(agent), "close", lambda self: None)
    done = CliRunner().invoke(coord_cards.app, ["cards", case, *_at(overseer)])
    (shown,) = json.loads(done.stdout)["cards"]
    assert shown == {**shown, "home": HOME, "centre": CENTRE, "minded_by": CENTRE}
    done = CliRunner().invoke(coord_cards.app, ["cards", "--region", *_at(overseer)])
    (shown,) = json.loads(done.stdout)["cards"]
    assert shown == {**shown, "case": case, "person": "", "minded_by": ""}, "the list names whom the card itself names"
    said = CliRunner().invoke(coord_cards.app, ["cards", case, "--notice", "--home", str(overseer.settings.home)])
    assert f"处理单位：{CENTRE}" in said.stdout and f"反馈单位：{HOME}" in said.stdout


@pytest.mark.requirement("F13", "F14", "G01", "A24")
def test_a_region_is_seen_whole_with_whom_to_call(
    region: Region, agent: Agent, inbox: Receiver, case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, _ = region.forward(counter=2)
    supervising.quality(agent, case, "A01", ["BLURRED"])
    supervising.complain(agent, case, "A01", {**FACTS, "handler": DEPARTMENT}, WORDS)
    supervising.enquire(agent, case, "A01", {"channel": "WINDOW", "topic": "PROGRESS"}, "办到哪一步了")
    exchange(region, agent, inbox)
    overseer = region.agent(tmp_path / "overseer", OVERSEER)
    overseer.registry.refresh(overseer.hub)
    monkeypatch.setattr(common, "open_agent", lambda home, attempts=1: overseer)
    monkeypatch.setattr(type(agent), "close", lambda self: None)
    assert {file.case for file in overseeing.files(overseer)} == {case, other}
    later = canonical.time_text(region.log.now + timedelta(days=2))
    calls = overseeing.to_call(overseer, now=later)
    assert {one.waits.file.case for one in calls} == {case, other}
    assert all(one.waits.node == DEPARTMENT and one.hours >= 48 for one in calls)
    (queue,) = [one for one in overseer.registry.catalogue().queues if one.node == DEPARTMENT.rsplit("/", 1)[1]][:1]
    assert {one.liaison for one in calls} == {queue.liaison}

    def told(*line: str) -> dict[str, object]:
        done = CliRunner().invoke(_app(line[0]), [*line, *_at(overseer)])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return dict(json.loads(done.stdout))

    assert [one["case"] for one in _rows(told("cards", "--region"), "cards")] == [case]
    assert _rows(told("cards", "--region", "--ranking"), "ranking") == [
        {"node": WINDOW, "RED": 0, "YELLOW": 1, "REMINDER": 0}
    ]
    assert [one["case"] for one in _rows(told("complaints", "--region", "--open"), "complaints")] == [case]
    (enquiry,) = _rows(told("enquiries", "--region", "--open"), "enquiries")
    assert (enquiry["case"], enquiry["holder"], enquiry["topic"]) == (case, DEPARTMENT, "PROGRESS")
    assert _rows(told("enquiries", case), "enquiries")[0]["digest"] == enquiry["digest"]
    assert len(_rows(told("stuck", "--hours", "-999"), "cases")) == 2
    assert [(one["node"], one["count"]) for one in _rows(told("queues"), "queues")] == [(DEPARTMENT, 2)]
    (shown,) = _rows(told("cards", case), "cards")
    assert (shown["home"], shown["centre"], shown["minded_by"]) == ("", "", "")
    moving = overseer.hub.cases  # a case that changes while the list is read goes past: the list is read again

    def told_late(state: str = "", page_token: str = "") -> tuple[list[bytes], str]:
        found, token = moving(state, page_token)
        if token and not seen:
            seen.append(token)
            return found, ""
        return found, token

    seen: list[str] = []
    monkeypatch.setattr(overseer.hub, "cases", told_late)
    asked = overseeing.all_files(overseer, (State.COLLECTED, State.FORWARDED, State.PENDING_ACCEPT))
    assert seen and {file.case for file in asked} == {case, other}
    stranger = region.agent(tmp_path / "stranger", STRANGER)
    assert list(overseeing.files(stranger)) == []


def _app(name: str) -> typer.Typer:
    return coord_cards.app if name in ("cards", "complaints", "enquiries") else coord_region.app


def _at(agent: Agent) -> list[str]:
    return ["--home", str(agent.settings.home), "--json"]


def _rows(value: dict[str, object], name: str) -> list[dict[str, object]]:
    rows = value[name]
    assert isinstance(rows, list)
    return rows


@pytest.mark.requirement("G07")
def test_a_unit_is_named_as_people_name_it(region: Region, agent: Agent, case: str) -> None:
    """A clerk writes the title or the node's name; what fits none, or several, is asked again."""
    brigade, title = "spiffe://yidi.test/360102000000/jiangxi-donghu-xfj", "南昌市东湖区消防救援大队"
    region.log.register(brigade, brigade, "360102000000", ["department"], None, title=title)
    agent.registry.refresh(agent.hub)
    for name in (brigade, "jiangxi-donghu-xfj", f" {title} "):
        assert supervising.unit_named(agent, name) == brigade
    for name in ("", "某某局", f"{DEPARTMENT}/person/A01"):
        with pytest.raises(Refusal) as caught:
            supervising.unit_named(agent, name)
        assert caught.value.code == "UNIT_UNKNOWN"

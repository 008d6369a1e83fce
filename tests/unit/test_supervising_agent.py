"""node_agent.supervising: what a node says in supervision, judged by the real law; words never leave the node."""

from pathlib import Path

import pytest

from crypto.refusal import Refusal
from crypto.statement import read_envelope, read_statement
from node_agent import supervising
from node_agent.casemirror import mirror
from node_agent.receiver import Receiver
from node_agent.runtime import Agent
from tests.unit.agent_region import Region
from tests.unit.evidence_log import DEPARTMENT, WINDOW

WORDS = "窗口态度生硬，三次让申请人重新排队"
FACTS = {"channel": "HOTLINE", "ticket": "GD20260302-0001", "kind": "ATTITUDE", "about_node": WINDOW}


@pytest.fixture
def region() -> Region:
    return Region()


@pytest.fixture
def agent(region: Region, tmp_path: Path) -> Agent:
    return region.agent(tmp_path / "dept", DEPARTMENT, ("A01", "D01", "H01", "I01"))


@pytest.fixture
def inbox(region: Region, agent: Agent) -> Receiver:
    return Receiver(agent, region.transfer())


@pytest.fixture
def case(region: Region, agent: Agent, inbox: Receiver) -> str:
    made, _ = region.forward()
    exchange(region, agent, inbox)
    return made


def exchange(region: Region, agent: Agent, inbox: Receiver) -> None:
    """Receive, send, receive; everything must have been taken."""
    inbox.step()
    answered = region.send(agent)
    inbox.step()
    assert [entry.refusal for entry in answered] == [None] * len(answered)


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

"""Paper at the agents (``node_agent.originals``), judged by the real law (E08, E09, I01, I07)."""

from pathlib import Path

import pytest

from crypto.canonical import digest
from crypto.refusal import Refusal
from hub.casework.casefile import CaseFile
from hub.casework.originals import states
from hub.casework.states import State
from node_agent.department import desk as department
from node_agent.department import result
from node_agent.originals import delivery
from node_agent.originals import desk as originals
from node_agent.originals import papers as original_papers
from node_agent.process.runtime import Agent
from node_agent.transfer.receiver import Receiver
from storage.journal import OutboxEntry
from tests.unit.agents.agent_region import Region, picture
from tests.unit.evidence_log import COLLECTOR, DEPARTMENT, ISSUER, WINDOW

CLERK, CLERK_ISSUER = COLLECTOR.rpartition("/")[2], ISSUER.rpartition("/")[2]
ACCEPTOR = "A01"


class Sides:
    """A window and a department over one region; each hears what the other said."""

    def __init__(self, home: Path) -> None:
        self.region = Region(held=("M02",))
        self.window = self.region.agent(home / "win", WINDOW, (CLERK,))
        self.department = self.region.agent(home / "dept", DEPARTMENT, (ACCEPTOR, "D01", CLERK_ISSUER))
        self.inboxes = [Receiver(agent, self.region.transfer()) for agent in (self.window, self.department)]
        self.page = home / "page.jpg"
        self.page.write_bytes(picture(51))
        self.case, _ = self.region.forward()
        self.exchange()

    @property
    def file(self) -> CaseFile:
        return self.region.log.files[self.case]

    def exchange(self) -> list[OutboxEntry]:
        """Everything that waits is sent and taken, and both have heard of it."""
        for inbox in self.inboxes:
            inbox.step()
        answered = [entry for agent in (self.window, self.department) for entry in self.region.send(agent)]
        for inbox in self.inboxes:
            inbox.step()
        assert [entry.refusal for entry in answered] == [None] * len(answered)
        return answered

    def issued(self, method: str = "") -> None:
        """Accepted, decided and issued; ``method``: chosen before."""
        if method:
            delivery.choose(self.window, self.case, CLERK, method, self.page)
        department.accept(self.department, self.case, ACCEPTOR)
        department.decide(self.department, self.case, "D01", "GRANT")
        result.issue(self.department, self.case, CLERK_ISSUER, [self.page])
        self.exchange()


@pytest.fixture
def sides(tmp_path: Path) -> Sides:
    return Sides(tmp_path)


def _code(agent: Agent, *args: object) -> str:
    with pytest.raises(Refusal) as refused:
        originals.pick_up(agent, *args)  # type: ignore[arg-type]
    return refused.value.code


@pytest.mark.requirement("E08", "O2", "O14")
def test_an_original_is_fetched_packed_with_a_witness_and_comes_back(sides: Sides) -> None:
    assert [(one.item, one.state, one.holder) for one in sides.file.originals] == [("L02", "HELD", WINDOW)]
    assert _code(sides.department, sides.case, ACCEPTOR, 1, 3) == "PICKUP_UNKNOWN"
    originals.offer(sides.window, sides.case, CLERK, 3)
    sides.exchange()
    originals.pick_up(sides.department, sides.case, ACCEPTOR, 1, 3)
    sides.exchange()
    assert sides.file.originals[0].holder == DEPARTMENT
    items = originals.going(sides.file, DEPARTMENT, states.RETURN_KIND)
    listed, printed = original_papers.list_for(sides.department, sides.case, items, "FQ-000123", WINDOW)
    assert digest(printed.read_bytes()) == listed and printed.stat().st_mode & 0o777 == 0o600
    originals.pack(
        sides.department, sides.case, CLERK_ISSUER, ACCEPTOR, "FQ-000123", listed, sides.page,
        kind=states.RETURN_KIND, receiver=WINDOW,
    )  # fmt: skip
    sides.exchange()
    leg = sides.file.parcels[0]
    assert (leg.kind, leg.receiver, leg.items) == ("RETURN", WINDOW, ("L02",))
    with pytest.raises(Refusal, match="ITEM_UNKNOWN"):
        originals.check_in(sides.window, sides.case, CLERK, findings={"L09": "MISSING"})
    originals.check_in(sides.window, sides.case, CLERK, seal_intact=False, photo=sides.page)
    sides.exchange()
    assert sides.file.originals[0].finding == "SEAL_BROKEN"
    originals.answer(sides.department, sides.case, CLERK_ISSUER, "L02", "AS_RECEIVED")
    sides.exchange()
    originals.hand_back(sides.window, sides.case, CLERK, sides.page)
    sides.exchange()
    assert sides.file.originals[0].holder == "applicant"
    receipt = original_papers.receipt_for(sides.window, sides.case, [("M02-1", "M02")])
    assert receipt.data.startswith(b"%PDF") and not receipt.missing


@pytest.mark.requirement("I01", "E09", "I07", "D2")
def test_the_result_goes_to_the_window_and_is_handed_over_there(sides: Sides) -> None:
    sides.issued("COUNTER_COLLECT")
    result.post_to_window(sides.department, sides.case, CLERK_ISSUER)
    sides.exchange()
    originals.check_in(sides.window, sides.case, CLERK)
    sides.exchange()
    delivery.hand_over(sides.window, sides.case, CLERK, sides.page)
    sides.exchange()
    assert sides.file.state is State.CLOSED
    originals.hand_back(sides.window, sides.case, CLERK, sides.page)
    delivery.tell_package(sides.department, sides.case, CLERK_ISSUER, "a" * 64)
    sides.exchange()
    assert str(sides.file.state) == "ARCHIVED"


@pytest.mark.requirement("D3")
def test_the_window_acknowledges_that_the_applicant_opened_the_result(sides: Sides) -> None:
    sides.issued("ELECTRONIC")
    delivery.opened(sides.window, sides.case)
    sides.exchange()
    assert sides.file.state is State.CLOSED


@pytest.mark.requirement("D10", "D11")
def test_a_result_that_was_taken_back_is_made_anew_under_another_number(sides: Sides) -> None:
    sides.issued("COUNTER_DEPT")
    delivery.lay_out(sides.department, sides.case, CLERK_ISSUER, sides.page)
    delivery.recall_result(sides.department, sides.case, CLERK_ISSUER, "WRONG_CONTENT")
    sides.exchange()
    old = sides.file.sealing("result")
    result.reissue(sides.department, sides.case, CLERK_ISSUER, [sides.page], "ZS-2026-0002")
    sides.exchange()
    new = sides.file.sealing("result")
    assert old is not None and new is not None and new.revision == old.revision + 1
    assert sides.file.voided == (old.manifest,)
    assert not any(b"ZS-2026-0002" in entry for entry in sides.region.log.entries)
    delivery.lay_out(sides.department, sides.case, CLERK_ISSUER, sides.page)
    delivery.hand_over(sides.department, sides.case, CLERK_ISSUER, sides.page, sides.page)
    sides.exchange()
    assert sides.file.state is State.CLOSED

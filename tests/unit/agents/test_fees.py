"""The one payment of a joint matter, split by its parts, as a state (一口式收费, I04; I03)."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from crypto.refusal import Refusal
from crypto.statement import read_signed
from deploy.commands.window import fees as commands
from hub.casework.parents.values import Fee
from node_agent.known.casemirror import mirror
from node_agent.parents import fees
from tests.unit.agents.family_region import Family as Region
from tests.unit.agents.family_region import open_family
from tests.unit.agents.window_world import STAFF
from tests.unit.law.law_family import Family, refused
from tests.unit.law.law_people import TASK, WINDOW, Step
from tests.unit.law.law_steps_parents import SECOND, at_window, fee

LINES = [f"T{number:02}" for number in range(1, 9)]
SHARES = (("A", 1200), ("B", 800))


def charging(document: dict[str, Any]) -> None:
    """A and B cost something."""
    for item in document["items"]:
        if item["task_code"] in (TASK, SECOND):
            item["fees"] = "每件收取工本费"


def told(family: Family) -> Fee:
    """What stands of the payment."""
    found = family.file().fee
    assert found is not None
    return found


@pytest.mark.requirement("I04", "I03", "row P14")
def test_one_payment_for_all_parts_goes_from_due_to_paid_and_only_on_the_parent() -> None:
    family = Family(list_change=charging)
    family.do("", fee(family[""], state="DUE"))
    assert (told(family).state, told(family).total, told(family).shares) == ("DUE", 2000, SHARES)
    family.delivered()
    family.do("", fee(family[""]))
    assert (told(family).state, told(family).shares) == ("PAID", SHARES)
    assert all(family.file(part).fee is None for part in "ABD"), "no part asks for money of its own"
    assert refused(lambda: family.do("", fee(family[""], pay_no="36010226000002"))) == "FEE_STATE", "once paid is paid"
    assert family[""].alone() == family.file(), "the parent's own leaves tell it"


@pytest.mark.requirement("I04", "row P14")
def test_what_was_paid_is_given_back_after_the_end_and_told_with_the_same_values() -> None:
    family = Family(list_change=charging)
    family.do("", fee(family[""]))
    family.do("", at_window("withdraw_parent"))
    assert family.state() == "P_WITHDRAWN"
    other = [{"part": "A", "fen": 2000}]
    assert refused(lambda: family.do("", fee(family[""], state="REFUNDED", shares=other))) == "FEE_TOLD"
    family.do("", fee(family[""], state="REFUNDED"))
    assert (told(family).state, told(family).total) == ("REFUNDED", 2000)
    assert refused(lambda: family.do("", fee(family[""], state="PAID"))) == "FEE_STATE"


@pytest.mark.requirement("I04", "row P14")
@pytest.mark.parametrize(
    "share", [{"part": "A"}, {"part": "A", "fen": 0}, {"part": "A", "fen": True}, {"part": 1, "fen": 5}]
)
def test_a_share_is_a_part_and_whole_fen(share: dict[str, Any]) -> None:
    family = Family(list_change=charging)
    assert refused(lambda: family.do("", fee(family[""], shares=[share]))) == "BODY_MEMBER"
    assert family.file().fee is None


@pytest.mark.requirement("I04", "row P14")
def test_only_the_window_that_collected_tells_it() -> None:
    family = Family(list_change=charging)
    step = Step("fee_told", WINDOW, "COLLECTOR", fee(family[""]).body, chain="delivery")
    assert refused(lambda: family.do("A", step)) == "STATE_FORBIDS", "a part has no payment of its own"
    family.do("", step)
    assert told(family).state == "PAID"


@pytest.fixture
def region(tmp_path: Path) -> Region:
    return open_family(tmp_path)


@pytest.mark.requirement("I04", "row P14")
def test_the_command_counts_yuan_and_the_law_knows_what_is_free(
    region: Region, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The items of this list cost nothing: the act goes its whole way and is refused by name."""
    parent = region.begin_baths()
    region.scan(parent, LINES)
    region.seal(parent)
    region.dispatched(parent)
    agent = region.world.agent
    monkeypatch.setattr("deploy.commands.shared.common.open_agent", lambda home, attempts: agent)
    monkeypatch.setattr(agent, "close", lambda: None)
    line = [parent, "--home", str(agent.settings.home), "--staff", STAFF, "--state", "已缴", "--json", "--wait", "0"]
    with_shares = [*line, "--pay-no", "36010226000001", "--share", "P1=12", "--share", "P2=8.50"]
    said = CliRunner().invoke(commands.app, with_shares)
    assert said.exit_code == 3, said.output
    entry = agent.journal.entry(json.loads(said.stdout)["digest"])
    assert entry is not None
    body = read_signed(entry.envelope).body
    assert (body["total"], body["shares"]) == (2050, [{"part": "P1", "fen": 1200}, {"part": "P2", "fen": 850}])
    region.world.region.send(agent)
    answered = agent.journal.entry(entry.payload_digest)
    assert answered is not None and answered.refusal is not None and answered.refusal.code == "FEE_NOT_LISTED"
    assert mirror(agent, parent).file is not None
    for wrong in ("P1=", "P1=1.234", "P1=-1", "=5"):
        bad = CliRunner().invoke(commands.app, [*line, "--share", wrong])
        assert json.loads(bad.stdout)["refusal"]["code"] == "PAIR_FORMAT", wrong
    with pytest.raises(Refusal, match="FEE_PART"):
        fees.tell(agent, parent, STAFF, "PAID", "36010226000001", {})

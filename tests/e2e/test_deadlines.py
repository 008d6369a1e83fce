"""What time does to cases of real processes: deemed acceptance, a debt, a special procedure, an extension.

The stack is one of its own, since its hubs go on with a clock that runs days ahead: legal time never runs back.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from crypto.refusal import Refusal
from deploy.demo import deadlines
from deploy.demo.deadlines import Deadlines
from deploy.demo.later import days_ahead
from tests.e2e.town import Town, running

pytestmark = pytest.mark.e2e


@pytest.fixture
def later_town() -> Iterator[Town]:
    """A running stack that nobody else uses."""
    with running(Town) as made:
        yield made


@pytest.mark.timeout(600)
@pytest.mark.requirement("B10", "C04", "row T15", "row T26N", "row T27N", "row T28")
def test_a_silent_department_a_debt_and_an_extension(later_town: Town, tmp_path: Path) -> None:
    scenes = Deadlines(later_town.tried, later_town.until, tmp_path)
    cases = scenes.today()
    deadlines.let_days_pass(later_town.stack)
    scenes.days_later(cases)
    told = {name: _events(later_town, case, tmp_path / name) for name, case in vars(cases).items()}
    assert told["silent"].count("deem_accept") == 1 and "accept" not in told["silent"]
    assert {"start_procedure", "extend_limit", "end_procedure"} <= set(told["slow"])
    assert told["owing"].index("accept") < told["owing"].index("debt_settled") < told["owing"].index("decide")
    assert all(events.count("decide") == 1 for events in told.values())


def _events(town: Town, case: str, folder: Path) -> list[str]:
    """The case's statements, once its package has verified offline."""
    return [said.type for said in town.statements(case, folder)]


@pytest.mark.parametrize("text", ["", "0", "401", "-3", "²", "18.5"])
def test_only_some_days_ahead(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        days_ahead(text)
    assert refused.value.code == "DEMO_DAYS"

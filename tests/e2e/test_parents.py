"""Parents by real processes: 多地联办 over three regions, 一件事 of five departments (states.md 8; A09, B01, B06–B08).

What staff type is the demonstration's own two scenes; here it is looked at what came of them.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.demo import parents
from deploy.demo.parents import Played, Scenes
from deploy.stack.layout import DEPARTMENT, WINDOW
from tests.e2e.town import Town

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def scenes(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenes]:
    """The departments of the two stories, beside the stack's own."""
    until: Callable[[str, Callable[[], object]], None] = town.until
    try:
        parents.join(town.stack)
        yield Scenes(town.tried, until, tmp_path_factory.mktemp("papers"))
    finally:
        parents.leave(town.stack)


def require_valid(town: Town, played: Played, folder: Path) -> dict[str, list[str]]:
    """Parent and children verify offline; what each package tells, by part, the parent's under an empty name."""
    told = {}
    for part, case in {"": played.parent, **played.children}.items():
        told[part] = [said.type for said in town.statements(case, folder / (part or "parent"))]
    return told


@pytest.mark.requirement("A09", "A10", "B06", "B08", "row P1", "row P3", "row P4", "row P7", "row P8")
def test_three_regions_one_application_one_paused_part_one_exit(town: Town, scenes: Scenes, tmp_path: Path) -> None:
    played = scenes.baths()
    told = require_valid(town, played, tmp_path)
    shown = town.said(WINDOW, "window", "status", played.parent)
    assert (shown["state"], shown["item"]) == ("P_CLOSED", "多地联办")
    listed = {line["case"] for line in town.said(WINDOW, "window", "list")["cases"]}
    assert {played.parent, *played.children.values()} <= listed
    assert town.said(DEPARTMENT, "dept", "queue")["ok"]
    assert told[""][0] == "seal_parent" and told[""].count("conclude") == 1
    assert told[""][-2:] == ["e_opened", "delivered_proven"]
    assert "start_special" in told["P3"] and "start_special" not in told["P1"] + told["P2"]
    for part in ("P1", "P2", "P3"):
        assert told[part][0] == "seal" and told[part][-1] == "delivered_together"


@pytest.mark.requirement("B01", "B04", "B05", "B07", "B08", "B11", "row P2", "row P11")
def test_five_departments_one_notice_one_exit_one_rating(town: Town, scenes: Scenes, tmp_path: Path) -> None:
    told = require_valid(town, scenes.restaurant(), tmp_path)
    assert told[""].count("merged_notice") == 1 and told[""].count("rate") == 1
    assert "merged_supplement" in told["P5"] and "supplement_notice" not in sum(told.values(), [])
    assert told["P1"].index("release") < told["P1"].index("wrap")  # let go when all parts stood
    assert told["P4"].index("wrap") < told["P4"].index("release")  # only when what comes before it was granted
    for part in ("P1", "P2", "P3", "P4", "P5"):
        assert "delivered_together" in told[part] and told[part][-1] == "inherit_rating"

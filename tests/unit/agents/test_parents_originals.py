"""One original for three departments, from desk to desk: what each of them types (states.md 8; 5; A09, E08, E09)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crypto.evidence.report import Verdict
from crypto.refusal import Refusal
from hub.casework.originals import states
from hub.casework.originals.values import Original
from node_agent.auditor.kin import chain_of, compare
from node_agent.auditor.verify import audit
from node_agent.department import desk as department
from node_agent.originals import desk as originals
from node_agent.window.intake import add_pages
from tests.unit import evidence_log
from tests.unit.agents.family_region import BATHS, HYGIENE, Family, open_family
from tests.unit.agents.family_region import department as node_of
from tests.unit.agents.test_parents_agents import LINES
from tests.unit.agents.window_world import STAFF, page_file

LICENCE = "T03"
A, B, C = (node_of(name) for name in BATHS)


@pytest.fixture
def family(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Family:
    """The list of the three baths wants the licence in the archive, and at hand by acceptance."""
    before: Callable[[dict[str, Any]], dict[str, Any]] = evidence_log.listed_above

    def listed(document: dict[str, Any]) -> dict[str, Any]:
        for item in document["items"]:
            for material in item["materials"]:
                if (item["catalog_code"], material["code"]) == (HYGIENE, "M03"):
                    material |= {"original_policy": "MAIL_FOR_ARCHIVE", "needed_by": "ACCEPT"}
        return before(document)

    monkeypatch.setattr(evidence_log, "listed_above", listed)
    return open_family(tmp_path)


@pytest.mark.requirement("A09", "B05", "E08", "E09", "row P5T", "row P5S", "row P5K", "row O6")
def test_the_licence_goes_from_one_department_to_the_next(family: Family, tmp_path: Path) -> None:
    parent = family.begin_baths()
    family.scan(parent, [line for line in LINES if line != LICENCE])
    page = page_file(tmp_path, "licence.jpg", 77)
    add_pages(family.world.agent, parent, LICENCE, page, original="HELD")
    family.seal(parent)
    children = family.dispatched(parent)
    first, second, third = (family.hear(name) for name in BATHS)
    home, window = children["P1"], family.world.agent
    family.window_hears()

    def paper() -> Original:
        """As the log has it; only the first part's case has it."""
        assert not any(family.file(children[part]).originals for part in ("P2", "P3"))
        (item,) = family.file(home).originals
        return item

    assert (paper().holder, [part for part, _ in paper().onward]) == (window.identity.node, ["P2", "P3"])
    family.said(window, originals.offer(window, home, STAFF, 2))
    family.hear(BATHS[0])
    family.said(first, originals.pick_up(first, home, "A01", 1, 2))
    with pytest.raises(Refusal, match="ITEM_NOT_HERE"):
        originals.going(family.file(home), A, states.ONWARD_KIND)
    family.hear(BATHS[0])
    family.said(first, department.accept(first, home, "A01"))
    family.hear(BATHS[0])
    family.hear(BATHS[1])
    assert (paper().turn, paper().to) == ("P2", B)
    # packed with a witness, opened by the next one, whose agent was told of the case for the paper alone
    packed = originals.pack(first, home, "I01", "A01", "FQ-000123", "0" * 64, page, kind=states.ONWARD_KIND)
    family.said(first, packed)
    family.hear(BATHS[1])
    family.said(second, originals.check_in(second, home, "A01"))
    assert originals.whereabouts(family.hear(BATHS[1]), home)[0]["holder"] == B
    family.said(second, department.accept(second, children["P2"], "A01"))
    family.hear(BATHS[1])
    family.hear(BATHS[2])
    assert paper().to == C
    # fetched by hand by the last one, which keeps it
    family.said(second, originals.offer(second, home, "A01", 2))
    family.hear(BATHS[2])
    family.said(third, originals.pick_up(third, home, "A01", 1, 2))
    family.hear(BATHS[2])
    family.said(third, department.accept(third, children["P3"], "A01"))
    family.hear(BATHS[2])
    assert (paper().holder, paper().over) == (C, "KEPT")
    family.said(third, originals.file_away(third, home, "I01", "IN_CUSTODY"))
    assert [part for part, _ in paper().seen] == ["P1", "P2", "P3"]
    packages = [family.log.package(case) for case in (parent, *children.values())]
    for package in packages:
        found = audit(package, family.log.pins())
        assert (found.verdict, found.findings) == (Verdict.VALID, ())
    chains = [chain_of(package, family.log.pins()) for package in packages]
    assert compare(chains[0], chains[1:]) == []

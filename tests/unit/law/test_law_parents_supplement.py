"""One notice of the whole at any window, and what one part asked for reaches all that need it (P2, P5, T17)."""

import pytest

from hub.casework.casefile import CaseFile
from hub.casework.facts import held_materials
from hub.casework.parents.compare import unproven_news, withheld
from tests.unit.law.law_family import Family, refused
from tests.unit.law.law_people import DEPARTMENT, OTHER_DEPARTMENT, OTHER_WINDOW, WINDOW, Step, manifest
from tests.unit.law.law_steps_parents import CASES, PLACES, kin, merged
from tests.unit.law.test_law_parents_compare import leaves, told
from tests.unit.law.test_law_parents_papers import LOOK, SHARED, Sharing


def noticed(family: Family) -> Family:
    """B lacks the paper that A needs too; the lead has told the applicant once."""
    family.delivered().answer("A").answer("B", (SHARED["B"], "EXPIRED"))
    family.do("", merged(family[""]))
    assert (family.state(), family.state("A"), family.state("B")) == ("P_SUPPLEMENT", "PENDING_ACCEPT", "SUPPLEMENT")
    return family


def admitted(family: Family) -> CaseFile:
    """The applicant showed number and check code of the whole at another window."""
    body = {"node": OTHER_WINDOW, "basis": "CHECK_CODE"}
    hub = family[""].acts[-1].node.subject
    return family.do("", Step("admit", hub, "hub", body, chain="access", person=False))


def shared(family: Family, part: str, node: str = WINDOW) -> Step:
    """P5A."""
    code = SHARED[part]
    added = manifest("addendum", case=CASES[part], task_code=PLACES[part][0], materials=(code,))
    body = {"manifest": family[part].store(added), "materials": [code], "applicant_signed": True}
    return kin(Step("part_shared", node, "COLLECTOR", body))


@pytest.mark.requirement("A24", "B04", "row T17", "row P2W", "row P2H")
def test_a_window_that_was_admitted_to_the_whole_is_admitted_to_its_parts() -> None:
    family = noticed(Sharing({"A": LOOK, "B": LOOK}))
    parent = admitted(family)
    assert parent.helpers == (OTHER_WINDOW,) and OTHER_WINDOW in parent.parties()
    assert [family.file(part).helpers for part in PLACES] == [(OTHER_WINDOW,)] * 3
    body = {"materials": [SHARED["B"]], "applicant_signed": True}
    added = manifest("addendum", case=CASES["B"], task_code=PLACES["B"][0], materials=(SHARED["B"],))
    step = Step("supplement_part", OTHER_WINDOW, "COLLECTOR", body | {"manifest": family["B"].store(added)})
    family.do("B", step)
    lines = tuple(line.line for line in added.lines)
    family.do("B", family["B"].wrap(OTHER_DEPARTMENT, lines, by=OTHER_WINDOW, sealing=str(step.body["manifest"])))
    assert (family.state("B"), family.state()) == ("PENDING_ACCEPT", "P_DISPATCHED")
    for part in PLACES:
        assert withheld(leaves(family), leaves(family, part), len(family.order)) == []
        assert unproven_news(told(family, part), told(family)) == []
    for member in family.members.values():
        assert member.alone() == member.case


@pytest.mark.requirement("E01", "B05", "row P5A")
def test_what_one_part_asked_for_is_there_for_each_that_needs_it() -> None:
    family = noticed(Sharing({"A": LOOK, "B": LOOK}))
    before = held_materials(family.file("A"), family["A"].world())
    family.do("A", shared(family, "A"))
    assert [made.kind for made in family.file("A").sealings] == ["application", "addendum"]
    assert held_materials(family.file("A"), family["A"].world()).keys() == before.keys()
    assert family.state("A") == "PENDING_ACCEPT"
    assert refused(lambda: family.do("B", shared(family, "B"))) == "NOT_DEMANDED"  # nobody else asked for it
    assert family["A"].alone() == family.file("A")


@pytest.mark.requirement("E01", "B05", "row P5A")
def test_what_one_part_asked_for_reaches_a_part_that_is_not_at_its_department_yet() -> None:
    family = Sharing({"B": LOOK, "D": LOOK})
    noticed(family)
    assert (family.state("D"), family.file("D").bond.blocked) == ("COLLECTED", True)  # type: ignore[union-attr]
    family.do("D", shared(family, "D"))
    assert [made.kind for made in family.file("D").sealings] == ["application", "addendum"]
    assert (family.state("D"), family.file("D").bond.blocked) == ("COLLECTED", True)  # type: ignore[union-attr]
    made = family.file("D").sealings[-1].manifest
    family.do("D", family["D"].wrap(DEPARTMENT, ("M01",), sealing=made))
    assert family["D"].alone() == family.file("D")

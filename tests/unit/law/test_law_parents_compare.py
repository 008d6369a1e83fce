"""Who holds parent and child against each other finds what the hub made up (promise 4; states.md 8)."""

from dataclasses import replace

import pytest

from crypto.canonical import digest
from crypto.statement import Statement
from hub.casework.casefile import CaseFile
from hub.casework.parents.compare import Step as Leaf
from hub.casework.parents.compare import unproven_news, untrue_reports, withheld
from hub.casework.table import LAW
from tests.unit.law.law_family import Family
from tests.unit.law.law_steps_parents import PLACES, at_window, merged


def told(family: Family, name: str = "") -> list[Statement]:
    """All statements on a case's chain."""
    return [act.statement for act in family[name].acts]


def stood(family: Family, name: str) -> list[CaseFile]:
    """The case after each of its leaves."""
    made: list[CaseFile] = []
    for act, world in zip(family[name].acts, family[name].worlds, strict=True):
        made.append(LAW.apply(made[-1] if made else None, act, replace(world, kin=None)))
    return made


def leaves(family: Family, name: str = "", without: str = "") -> list[Leaf]:
    """What a case's package tells, without all statements of a kind that the hub kept back."""
    made: list[Leaf] = []
    file: CaseFile | None = None
    at = [index for index, one in enumerate(family.order) if one == name]
    for index, act, world in zip(at, family[name].acts, family[name].worlds, strict=True):
        if act.statement.type != without:
            file = LAW.apply(file, act, replace(world, kin=None))
            made.append(Leaf(index, act.recorded_at, act.statement, file))
    return made


def closed() -> Family:
    """A family with everything in it, at its end."""
    family = Family().to_exit().gathered()
    family.walk("", "W1:gateway", "P8P", "D4W")
    family.do("", family[""].event(3))
    return family


@pytest.mark.requirement("row P1", "row P8")
def test_what_the_hub_told_of_kin_is_proven_by_their_own_chains() -> None:
    family = closed()
    for part in PLACES:
        assert untrue_reports(family.file(), told(family), stood(family, part)) == []
        assert unproven_news(told(family, part), told(family)) == []


def test_a_report_of_what_never_was_is_found() -> None:
    family = closed()
    statements = told(family)
    at = next(i for i, one in enumerate(statements) if one.body.get("outcome") == "GRANT" and one.body["part"] == "A")
    for change in ({"outcome": "REFUSE"}, {"state": "WITHDRAWN"}, {"evidence": "f" * 64}, {"node": "spiffe://x/1/y"}):
        lie = replace(statements[at], body=dict(statements[at].body) | change)
        found = untrue_reports(family.file(), [*statements[:at], lie], stood(family, "A"))
        assert [one.split()[0] for one in found] == ["KIN_UNTRUE"], change


def test_a_child_of_another_and_news_from_nowhere_are_found() -> None:
    family = closed()
    stranger = [file.changed(bond=None) for file in stood(family, "A")]
    assert [one.split()[0] for one in untrue_reports(family.file(), told(family), stranger)] == ["KIN_FOREIGN"]
    found = unproven_news(told(family, "A"), told(family)[:2])
    assert {one.split()[0] for one in found} == {"KIN_UNPROVEN"} and len(found) == 2


@pytest.mark.requirement("row P6", "row P10", "row P11")
@pytest.mark.parametrize("way", ["closed", "partial", "notice", "held", "withdrawn"])
def test_nothing_was_kept_back_in_an_honest_family(way: str) -> None:
    family = closed() if way == "closed" else Family(partial=way == "partial")
    if way == "partial":
        family.to_exit()
    if way == "notice":
        family.delivered().answer("A", ("M02", "EXPIRED")).answer("B")
        family.do("", merged(family[""]))
    if way in ("held", "withdrawn"):
        family.delivered().walk("A", "T14").walk("B", "T14").decided("A", "REFUSE")
        family.do("", at_window("go_on_in_part" if way == "held" else "withdraw_undecided"))
    for part in PLACES:
        assert withheld(leaves(family), leaves(family, part), len(family.order)) == []
        assert unproven_news(told(family, part), told(family)) == []


@pytest.mark.parametrize(("name", "kind"), [("A", "open_exit"), ("A", "delivered_together"), ("D", "release")])
def test_what_the_hub_kept_back_from_a_child_is_found(name: str, kind: str) -> None:
    family = closed()
    kept = leaves(family, name)
    at = next(index for index, leaf in enumerate(kept) if leaf.statement.type == kind)
    found = withheld(leaves(family), kept[:at], len(family.order))
    assert f"KIN_WITHHELD {kind} {family[name].id}" in found
    assert withheld(leaves(family), kept[:at], kept[at].index - 1) == []  # its package is older


def test_what_the_hub_kept_back_from_the_parent_is_found_and_so_is_what_came_late() -> None:
    family = Family().delivered().walk("A", "T14").walk("B", "T14")
    steps = leaves(family)
    last = max(at for at, leaf in enumerate(steps) if leaf.statement.body.get("part") == "A")
    part = leaves(family, "A")
    assert [one.split()[:2] for one in withheld(steps[:last], part, len(family.order))] == [
        ["KIN_WITHHELD", "child_reported"]
    ]
    act = replace(part[-1], index=part[-1].index + 2, statement=replace(part[-1].statement, type="open_document"))
    moved = [*steps[:last], *(replace(leaf, index=leaf.index + 9) for leaf in steps[last:])]
    assert [one.split()[:2] for one in withheld(moved, [*part, act], 10_000)] == [["KIN_WITHHELD", "child_reported"]]


@pytest.mark.parametrize("cause", ["dispatch", "child_reported", "results_gathered"])
@pytest.mark.parametrize("kind", ["withdrawn_with_parent", "open_exit", "delivered_together", "merged_supplement"])
def test_evidence_of_another_kind_proves_nothing(kind: str, cause: str) -> None:
    family = closed()
    parent = told(family)
    found = [one for one in parent if one.type == cause]
    lie = replace(
        next(one for one in told(family, "A") if one.type == "open_exit"),
        type=kind,
        body={"evidence": digest(found[0].payload())},
    )
    assert [one.split()[0] for one in unproven_news([lie], parent)] == ["KIN_UNPROVEN"]


@pytest.mark.requirement("row P6", "row P6H", "row P6R")
@pytest.mark.parametrize("kind", ["hold", "go_on"])
def test_a_hold_and_its_end_name_the_statement_that_caused_them(kind: str) -> None:
    family = Family().delivered().walk("A", "T14").walk("B", "T14").decided("A", "REFUSE")
    family.do("", at_window("go_on_in_part"))
    parent = told(family)
    said = next(one for one in told(family, "B") if one.type == kind)
    assert unproven_news([said], parent) == []
    for other in parent:
        if digest(other.payload()) != said.body["evidence"]:
            lie = replace(said, body={"evidence": digest(other.payload())})
            assert [one.split()[0] for one in unproven_news([lie], parent)] == ["KIN_UNPROVEN"], other.type


def test_the_hub_states_nothing_else_before_it_has_told_kin() -> None:
    """A statement of its own, later than the cause, does not hide that it kept something back."""
    family = Family().delivered().walk("A", "T14").walk("B", "T14")
    steps, part = leaves(family), leaves(family, "A")
    last = max(at for at, leaf in enumerate(steps) if leaf.statement.body.get("part") == "A")
    cause = part[-1]
    hub = replace(steps[last].statement, type="chase", body={})
    moved = [*steps[:last], *(replace(leaf, index=leaf.index + 9) for leaf in steps[last:])]
    for at, found in ((cause.at, []), ("2026-12-31T00:00:00.000+08:00", ["KIN_WITHHELD child_reported"])):
        own = replace(cause, index=cause.index + 2, at=at, statement=hub)
        told_late = withheld(moved, [*part, own], 10_000)
        assert [one.rsplit(" ", 1)[0] for one in told_late] == found

"""Parents and children (states.md 8): one sealing, opinions, one exit, one rating."""

from dataclasses import replace
from typing import Any

import pytest

from crypto.identity import node_name
from hub.casework.casefile import from_document
from hub.casework.facts import held_materials
from hub.casework.parents import plan, share
from hub.casework.states import State
from tests.unit.law.law_family import NODES, Family, refused, running
from tests.unit.law.law_people import COORDINATOR, DEPARTMENT, OTHER_WINDOW, THIRD_DEPARTMENT, WINDOW, Step
from tests.unit.law.law_steps_parents import CASES, PARENT, PLACES, SECOND, THEME, seal_parent
from tests.unit.law.law_world import Bench

# --- P1: one sealing, its parts ---------------------------------------------------------------------------------------


@pytest.mark.requirement("B01", "B02", "B03", "B05", "B06", "E03", "row P1")
def test_p1_one_sealing_gives_each_part_its_own_lines_and_one_object() -> None:
    family = Family()
    assert family.state() == "P_DISPATCHED"
    sealed = {family.file(name).sealings[0].manifest for name in ("", *PLACES)}
    assert len(sealed) == 1
    keys = {family.file(name).sealings[0].object_key for name in ("", *PLACES)}
    assert len(keys) == 1
    held = set(held_materials(family.file("B"), family["B"].world()))
    assert held == {material.code for material in family.catalogue.item(SECOND).materials} | {"FORM", "ADDRESS"}
    bundle = family.file().bundle
    assert bundle is not None and bundle.lead == "A"


@pytest.mark.requirement("B07", "row P1")
def test_p1_a_part_waits_without_a_clock_until_what_comes_before_it_is_granted() -> None:
    family = Family().delivered().walk("A", "T14").walk("B", "T14")
    assert family.state("D") == "COLLECTED"
    assert "K1" not in family.file("D").clocks and family["D"].due() is None
    family.decided("A")
    assert family.state("D") == "FORWARDED"
    assert "K1" in family.file("D").clocks


def test_p1_a_department_is_given_keys_for_its_part_alone() -> None:
    family = Family()
    foreign = family["A"].wrap(DEPARTMENT, family.lines("B")[:1], sealing=family.file("A").sealings[0].manifest)
    assert refused(lambda: family.do("A", foreign)) == "PART_LINES"
    on_parent = family[""].wrap(DEPARTMENT, family.lines("A")[:1], sealing=family.file().sealings[0].manifest)
    assert refused(lambda: family.do("", on_parent)) == "RECIPIENT_FORBIDDEN"


@pytest.mark.requirement("B22", "row P13")
def test_p13_who_is_asked_opens_what_its_part_needs_and_nothing_else() -> None:
    family = Family()
    assert THIRD_DEPARTMENT in family.file().consulted() and THIRD_DEPARTMENT in family.file().parties()
    wrap = family[""].wrap(THIRD_DEPARTMENT, family.lines("A")[:1], sealing=family.file().sealings[0].manifest)
    assert refused(lambda: family.do("", wrap)) == "PART_LINES"
    family.opinion()
    assert THIRD_DEPARTMENT not in family.file().parties()


@pytest.mark.requirement("B22", "row P13")
def test_p13_a_missing_opinion_blocks_nothing_beyond_its_day_and_is_seen() -> None:
    family = Family().delivered().walk("A", "T14").walk("B", "T14").wait(7)
    asked = family.file().parts[-1]
    assert (asked.part, asked.state, asked.outcome) == ("Q", "ANSWERED", "NONE")
    assert [(card.kind, card.subject) for card in family.file().cards] == [("Y12", THIRD_DEPARTMENT)]
    assert family.decided("A").state("A") == "DECIDED"


@pytest.mark.requirement("A10", "row P1S")
def test_p1_one_parent_mixes_the_modes_of_its_parts() -> None:
    bench = Bench().reach("P1S")
    step = bench.step("P1S")
    modes = dict(zip(PLACES, ("PROXY_COLLECT", "MULTI_PLACE", "ONLINE"), strict=True))
    body = step.body | {"parts": [one | {"mode": modes[one["part"]]} for one in step.body["parts"]]}
    made = bench.do(replace(step, body=body)).parts
    assert {part.part: part.mode for part in plan.approvals(made)} == modes
    for part, mode in modes.items():
        bond = plan.bond(body, PARENT, part, bench.catalogue)["bond"]
        assert isinstance(bond, dict) and bond["mode"] == mode, "the part's own seal says it too"


@pytest.mark.requirement("A09", "A10", "row P1")
@pytest.mark.parametrize(
    "change, code",
    [
        ({"after": {"A": ["B"], "B": ["A"]}}, "PARENT_PARTS"),
        ({"after": {"A": ["Z"]}}, "PARENT_PARTS"),
        ({"parts": ("A",)}, "PARENT_PARTS"),
        ({"same": True}, "PARENT_PARTS"),
        ({"serves": {"L1": {"A": "M02", "B": "M01"}}}, "PARENT_SERVES"),
        ({"serves": {"L1": {"A": "M99"}}}, "PARENT_SERVES"),
        ({"serves": {"L1": {"A": "M02"}, "L2": {"A": "M02"}}}, "PARENT_SERVES"),
        ({"serves": None}, "BODY_MEMBER"),
        ({}, ""),
    ],
)
def test_p1_places_without_a_theme(change: dict[str, Any], code: str) -> None:
    """A09: two places at least, in an order without a circle; one paper serves two parts of one name only."""
    bench = Bench()
    told = seal_parent(Family()[""]).body["parts"]
    after, names = change.get("after", {}), change.get("parts", ("A", "B"))
    parts = [one | {"after": after.get(one["part"], []), "mode": "MULTI_PLACE"} for one in told if one["part"] in names]
    if change.get("same"):
        parts = [parts[0], parts[0] | {"part": "B"}]
    serves = change.get("serves", {"L1": {"A": "M02"}, "L2": {"B": "M02"}})
    body = {"catalogue": bench.catalogue.version, "parts": parts, "partial_delivery": False, "serves": serves}

    def read() -> None:
        made, found = plan.bundle(body, WINDOW, bench.world())
        assert (made.theme, made.exit, made.lead, made.statutory, made.extension) == ("", WINDOW, "A", 45, 15)
        assert {part.mode for part in found} == {"MULTI_PLACE"}
        assert made.promised == (5, "WORKING_DAY") and made.path == ("A",)

    if code:
        assert refused(read) == code
    else:
        read()


def test_p1_an_original_that_serves_two_parts_is_in_one_custody() -> None:
    """Invariant 1: of two parts that one paper serves, the first has the original."""
    parts = Family().file().parts
    serves = (("S", "A", "M02"), ("S", "B", "M02"), ("X", "B", "M03"))
    ways = {"S": (("A", "MAIL_FOR_ARCHIVE"),), "X": (("B", ""),)}
    bonds = [plan.bond_object(part, serves, ways, together=True) for part in parts[:2]]
    assert [bond["elsewhere"] for bond in bonds] == [[], ["S"]]
    assert bonds[1]["serves"] == {"S": "M02", "X": "M03"}
    body = {"parent": PARENT, "part": "B", "bond": bonds[1]}
    family = Family()
    found = family.objects[family.file().sealings[0].manifest].manifest
    line = replace(found.lines[0], line="S", material="S", original="HELD")
    seen = share.lines_for(replace(found, lines=(line,)), plan.bond_in(body))
    assert [(one.line, one.material, one.original) for one in seen] == [("S", "M02", "SEEN_RETURNED")]


def test_p1_a_child_that_came_back_is_sealed_anew_by_itself() -> None:
    family = Family().delivered("A")
    family.do("A", Step("misrouted", NODES["A"], "ACCEPTOR", {"reason": "WRONG_ITEM"}))
    family.do("A", Step("return_to_window", COORDINATOR, "COORDINATOR", {"reason": "APPLICANT_WISH"}))
    assert (family.state("A"), family.state()) == ("DRAFT", "P_DISPATCHED")
    step = family["A"].step("T05R")
    sealed = family["A"].store(replace(family.objects[step.body["manifest"]].manifest, case=CASES["A"], revision=2))
    family.do("A", step.saying(manifest=sealed, public_no=family.file("A").public_no))
    child = family.file("A")
    assert (child.state, child.bond is not None and child.bond.parent) == (State.COLLECTED, PARENT)
    assert held_materials(child, family["A"].world()).keys() >= {"M01", "M02"}


# --- P8, P11: one exit, one rating ------------------------------------------------------------------------------------


@pytest.mark.requirement("B07", "B08", "row P8")
def test_p8_results_wait_for_each_other_and_leave_by_one_exit() -> None:
    family = Family().delivered().walk("A", "T14").walk("B", "T14").decided("A").issued("A")
    assert "K8" not in family.file("A").clocks
    assert refused(lambda: family.walk("A", "D4")) == "EXIT_ONE"
    family.decided("B").issued("B").delivered("D").walk("D", "T14").decided("D")
    assert family.state() == "P_CONCLUDED" and "K8" in family.file("A").clocks
    assert refused(family.gathered) == "RESULTS_MISSING"
    family.issued("D").gathered()
    assert (family.state(), family.file().holder) == ("P_DELIVERING", WINDOW)
    assert family.file().bundle.proof == 3  # type: ignore[union-attr]
    family.walk("", "W1:gateway", "P8P", "D4W")
    family.do("", family[""].event(2))
    assert family.state() == "P_DELIVERING"  # the highest of the parts wants level 3
    family.do("", family[""].event(3))
    assert family.state() == "P_CLOSED"
    assert [family.state(part) for part in PLACES] == ["CLOSED"] * 3
    assert running(family.file("B"), "K8").stopped_at and running(family.file(), "K8").stopped_at


@pytest.mark.requirement("B08", "row P8")
def test_p8_who_wants_each_result_as_it_comes_gets_it() -> None:
    family = Family(partial=True).delivered().walk("A", "T14").walk("B", "T14").decided("A").issued("A")
    assert "K8" in family.file("A").clocks
    for part in ("A", "B", "D"):
        if part != "A":
            if part == "D":
                family.delivered("D").walk("D", "T14")
            family.decided(part).issued(part)
        bench = family[part]
        family.do(part, bench.wrap("spiffe://yidi.test/360000000000/ems-gateway", ("ADDRESS",)))
        family.walk(part, "D4", "D4W")
        family.do(part, bench.event(3))
        assert family.state(part) == "CLOSED"
    assert family.state() == "P_CLOSED"


@pytest.mark.requirement("B11", "row P11")
def test_p11_one_rating_of_the_whole_counts_for_each_part() -> None:
    family = Family().to_exit().gathered()
    rate = replace(family[""].step("T38"), node=WINDOW)
    assert refused(lambda: family.do("A", replace(rate))) == "RATE_THE_PARENT"
    family.do("", rate)
    for part in PLACES:
        given = family.file(part).ratings[0]
        assert (given.kind, given.digest, given.scores) == (
            "INHERITED", family.file().ratings[0].digest, family.file().ratings[0].scores,
        )  # fmt: skip
    assert refused(lambda: family.do("", rate)) == "RATED_ALREADY"


# --- the file, and one chain alone ------------------------------------------------------------------------------------


@pytest.mark.requirement("invariant 9")
def test_each_case_of_a_family_follows_from_its_own_acts_alone() -> None:
    """Promise 4: who knows no other case finds the same."""
    for family in (Family().to_exit().gathered(), Family().delivered().walk("A", "T14").wait(30)):
        for member in family.members.values():
            assert member.alone() == member.case
            assert from_document(member.case.to_document()) == member.case


def test_a_parents_theme_is_the_manifests_item() -> None:
    assert (plan.manifest_code({"theme": THEME}), plan.manifest_code({"theme": ""})) == (THEME, "MULTI_PLACE")


@pytest.mark.requirement("B08", "row P8", "row D11")
def test_p8_a_result_that_lies_at_the_one_exit_is_not_taken_back_by_its_department() -> None:
    family = Family().to_exit()
    family.do("A", replace(family["A"].step("D11R"), node=NODES["A"]))
    assert refused(family.gathered) == "RESULTS_MISSING"
    whole = Family().to_exit().gathered()
    assert refused(lambda: whole.do("A", whole["A"].step("D11R"))) == "RESULT_GATHERED"


@pytest.mark.requirement("B07", "row P8")
def test_p8_the_one_exit_is_the_window_that_takes_the_matter_in() -> None:

    def two_halls(document: dict[str, Any]) -> None:
        """Another window takes the theme in too, and results leave there."""
        hall = node_name(OTHER_WINDOW)
        made = document["themes"][0]["plan"]
        made["windows"], made["exit_node"] = sorted([*made["windows"], hall]), hall

    assert refused(lambda: Family(list_change=two_halls)) == "PARENT_EXIT"
    assert Family(partial=True, list_change=two_halls).state() == "P_DISPATCHED"

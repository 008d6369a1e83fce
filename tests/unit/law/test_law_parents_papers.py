"""One original that several parts need goes from hand to hand (states.md 8: 多地联办; 5: originals; P5)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

import pytest

from crypto.manifest import Manifest
from hub.casework.casefile import from_document
from hub.casework.originals.values import Original
from hub.casework.parents.compare import unproven_news, untrue_reports, withheld
from tests.unit.law.law_family import NODES, Family, refused
from tests.unit.law.law_people import COORDINATOR, DEPARTMENT, GATEWAY, OTHER_DEPARTMENT, WINDOW, Step
from tests.unit.law.law_steps_paper import paper, told
from tests.unit.law.law_steps_parents import DIGEST, PLACES, at_window, family_manifest
from tests.unit.law.law_world import Bench
from tests.unit.law.test_law_parents_compare import leaves, stood
from tests.unit.law.test_law_parents_compare import told as statements

SHARED = {"A": "M02", "B": "M01", "D": "M01"}
"""The material of each part that the one paper stands for."""
MAIL, LOOK = "MAIL_FOR_ARCHIVE", "CHECK_AND_RETURN"


class Sharing(Family):
    """A family whose parts need the one original of line S. ``wants``: by part what its list wants of it."""

    def __init__(self, wants: Mapping[str, str], needed_by: str = "", **changes: Any) -> None:
        self.wants = wants

        def change(document: dict[str, Any]) -> None:
            for item in document["items"]:
                for material in item["materials"]:
                    for part, code in SHARED.items():
                        if (item["task_code"], material["code"]) == (PLACES[part][0], code) and part in wants:
                            material["original_policy"] = wants[part]
                            material |= {"needed_by": needed_by} if needed_by else {}
            made = document["themes"][0]["plan"]
            own = [one for one in made["materials"] if not self._shared(one["serves"])]
            serves = {part: SHARED[part] for part in sorted(wants)}
            made["materials"] = [*own, {"code": "S", "name": "不动产权证书", "serves": serves}]

        super().__init__(list_change=change, **changes)

    def _shared(self, serves: Mapping[str, str]) -> bool:
        return any(SHARED[part] == code and part in self.wants for part, code in serves.items())

    def application(self) -> Manifest:
        """The shared line is held by the window, once."""
        made = family_manifest(self[""])
        gone = {f"{part}-{SHARED[part]}" for part in self.wants}
        kept = [line for line in made.lines if line.line not in gone]
        held = replace(made.lines[0], line="S", material="S", original="HELD")
        return replace(made, case=self[""].id, lines=(*kept, held))

    def lines(self, part: str) -> tuple[str, ...]:
        """The shared line instead of the part's own."""
        own = f"{part}-{SHARED[part]}"
        return tuple("S" if line == own and part in self.wants else line for line in super().lines(part))

    def item(self) -> Original:
        """The paper."""
        return next(one for one in self.file("A").originals if one.item == "S")

    def sent(self, node: str, receiver: str, parcel: str, kind: str = "ONWARD") -> Self:
        """Packed with a witness, taken over by the carrier, delivered."""
        second = "COLLECT_LEAD" if node == WINDOW else "ACCEPTOR"
        role = "COLLECTOR" if node == WINDOW else "ISSUER"
        body = {
            "parcel": parcel, "kind": kind, "receiver": receiver, "gateway": GATEWAY, "items": ["S"],
            "packing_list": DIGEST, "photo": DIGEST, "seal_no": "FQ-000123",
            "second_person": Bench.person(node, second),
        }  # fmt: skip
        self.do("A", replace(paper("pack", node, role, **body), second=second))
        self.do(
            "A",
            Step(
                "waybill",
                GATEWAY,
                "gateway",
                {"parcel": parcel, "carrier": "EMS", "waybill_no": "EA123456785CN"},
                chain="tracking",
                person=False,
            ),
        )  # noqa: E501
        for status in ("COLLECTED", "DELIVERED"):
            self.do("A", told(parcel, status, 1))
        return self

    def came(self, node: str, parcel: str, finding: str = "OK") -> Self:
        """Checked in."""
        lines = [{"item": "S", "finding": finding}]
        body = {"parcel": parcel, "seal_intact": True, "lines": lines, "photo": DIGEST}
        self.do("A", paper("check_in", node, "ACCEPTOR", **body))
        return self

    def at_a(self) -> Self:
        """A and B have their parts, A has the paper."""
        self.delivered()
        self.sent(WINDOW, DEPARTMENT, "B1", "ORIGINALS").came(DEPARTMENT, "B1")
        return self

    def fetched(self, sender: str, receiver: str, handoff: str) -> Self:
        """Handed over and countersigned (E08)."""
        offer = {"handoff": handoff, "receiver": receiver, "items": ["S"], "pages": 5}
        self.do("A", paper("pick_up_offer", sender, "ACCEPTOR", **offer))
        made = self.file("A").pickups[-1].offer
        self.do("A", paper("pick_up", receiver, "ACCEPTOR", handoff=handoff, offer=made, count=1, pages=5))
        return self


def _alone(family: Family) -> None:
    for member in family.members.values():
        assert member.alone() == member.case
        assert from_document(member.case.to_document()) == member.case
    for part in PLACES:
        assert withheld(leaves(family), leaves(family, part), len(family.order)) == []
        assert unproven_news(statements(family, part), statements(family)) == []
        assert untrue_reports(family.file(), statements(family), stood(family, part)) == []


@pytest.mark.requirement("A09", "B05", "E09", "row P5T", "row P5K", "row P5S", "row P1R", "row O13")
def test_one_paper_goes_from_part_to_part_in_the_plans_order_and_stays_with_the_last() -> None:
    family = Sharing({"A": MAIL, "B": MAIL}, needed_by="ACCEPT").at_a()
    assert family.item().to == "" and family.file("B").originals == ()
    assert refused(lambda: family.walk("B", "T14")) == "ORIGINAL_AWAITED"
    family.walk("A", "T14")
    item = family.item()
    assert (item.turn, item.to, item.holder) == ("B", OTHER_DEPARTMENT, DEPARTMENT)
    assert OTHER_DEPARTMENT in family.file("A").paper_nodes()
    family.sent(DEPARTMENT, OTHER_DEPARTMENT, "B2")
    assert family.item().holder == "carrier:EMS"
    family.came(OTHER_DEPARTMENT, "B2")
    assert family.item().holder == OTHER_DEPARTMENT and [part for part, _ in family.item().seen] == ["A", "B"]
    assert [told[:2] for told in family.file("B").bond.shown] == [("S", "SHOWN")]  # type: ignore[union-attr]
    family.walk("B", "T14")
    assert family.item().over == "KEPT"
    family.decided("A").decided("B")  # what A had in hand and passed on counts as there
    file_it = paper("file_original", OTHER_DEPARTMENT, "ISSUER", items=["S"], to="IN_CUSTODY")
    assert family.do("A", file_it).originals[0].holder == OTHER_DEPARTMENT
    _alone(family)


def test_who_has_it_owes_it_to_the_next_within_a_working_day() -> None:
    family = Sharing({"A": MAIL, "B": MAIL}).at_a().walk("A", "T14").wait(3)
    assert [(card.kind, card.subject) for card in family.file("A").cards] == [("Y4", DEPARTMENT)]
    _alone(family)


@pytest.mark.requirement("E08", "row P5T", "row E08T")
def test_it_may_be_fetched_by_hand_and_nobody_else_gets_it() -> None:
    family = Sharing({"A": MAIL, "B": MAIL}).at_a()
    assert refused(lambda: family.fetched(DEPARTMENT, OTHER_DEPARTMENT, "H1")) == "RECEIVER_WRONG"
    family.walk("A", "T14")
    assert refused(lambda: family.sent(DEPARTMENT, NODES["D"], "B2")) == "NOT_ITS_TURN"
    assert refused(lambda: family.sent(DEPARTMENT, OTHER_DEPARTMENT, "B2", "ORIGINALS")) == "RECEIVER_WRONG"
    assert family.fetched(DEPARTMENT, OTHER_DEPARTMENT, "H2").item().holder == OTHER_DEPARTMENT
    _alone(family)


@pytest.mark.requirement("row P5F", "row O14")
def test_what_every_list_only_looks_at_goes_back_to_the_applicant() -> None:
    family = Sharing({"A": LOOK, "B": LOOK}, needed_by="ACCEPT")
    family.delivered().fetched(WINDOW, DEPARTMENT, "H1").walk("A", "T14")
    assert family.item().to == OTHER_DEPARTMENT
    back = paper("hand_back", DEPARTMENT, "ACCEPTOR", items=["S"], identity_checked=True, signature=DIGEST)
    assert refused(lambda: family.do("A", back)) == "ORIGINAL_KEPT"
    family.sent(DEPARTMENT, OTHER_DEPARTMENT, "B2").came(OTHER_DEPARTMENT, "B2").walk("B", "T14")
    assert family.item().over == "FREE"
    assert family.do("A", replace(back, node=OTHER_DEPARTMENT)).originals[0].state == "RETURNED_TO_APPLICANT"
    _alone(family)


def test_a_part_that_comes_to_nothing_is_left_out_and_the_last_living_one_keeps_it() -> None:
    family = Sharing({"A": MAIL, "B": MAIL}, failure_policy="INDEPENDENT").at_a()
    family.walk("A", "T14").sent(DEPARTMENT, OTHER_DEPARTMENT, "B2").came(OTHER_DEPARTMENT, "B2")
    family.walk("B", "T21")
    assert (family.item().turn, family.item().to) == ("A", DEPARTMENT)
    family.sent(OTHER_DEPARTMENT, DEPARTMENT, "B3").came(DEPARTMENT, "B3")
    assert family.item().over == "KEPT"
    _alone(family)


def test_a_part_that_fails_before_its_turn_is_never_sent_it() -> None:
    family = Sharing({"A": MAIL, "B": MAIL}, failure_policy="INDEPENDENT").at_a()
    family.walk("B", "T21").walk("A", "T14")
    assert (family.item().turn, family.item().over) == ("", "KEPT")


def test_where_all_come_to_nothing_the_paper_is_the_applicants_again() -> None:
    family = Sharing({"A": MAIL, "B": MAIL}).at_a()
    family.do("", at_window("withdraw_parent"))
    assert family.item().over == "FREE"
    back = paper("hand_back", DEPARTMENT, "ACCEPTOR", items=["S"], identity_checked=True, signature=DIGEST)
    assert family.do("A", back).originals[0].state == "RETURNED_TO_APPLICANT"
    _alone(family)


def test_the_first_fails_with_the_paper_and_the_next_one_still_gets_it() -> None:
    family = Sharing({"A": MAIL, "B": MAIL}, failure_policy="INDEPENDENT").at_a().walk("A", "T21")
    assert family.item().to == OTHER_DEPARTMENT
    family.sent(DEPARTMENT, OTHER_DEPARTMENT, "B2").came(OTHER_DEPARTMENT, "B2").walk("B", "T14")
    assert family.item().over == "KEPT"
    _alone(family)


@pytest.mark.requirement("row O10", "row O12", "row P5S")
def test_what_is_lost_on_its_way_is_known_to_the_part_that_waits_for_it() -> None:
    family = Sharing({"A": MAIL, "B": MAIL}, needed_by="ACCEPT").at_a().walk("A", "T14")
    family.sent(DEPARTMENT, OTHER_DEPARTMENT, "B2").came(OTHER_DEPARTMENT, "B2", "MISSING")
    family.do("A", paper("answer_discrepancy", DEPARTMENT, "ACCEPTOR", item="S", answer="DISPUTED"))
    family.do("A", paper("settle_item", COORDINATOR, "COORDINATOR", item="S", claim=DIGEST))
    assert [told[:2] for told in family.file("B").bond.shown] == [("S", "LOST")]  # type: ignore[union-attr]
    assert refused(lambda: family.walk("B", "T14")) == "ORIGINAL_AWAITED"
    copies = [{"material": SHARED["B"], "paper": DIGEST}]
    family.do("B", replace(family["B"].step("T14"), node=OTHER_DEPARTMENT).saying(copies=copies))
    _alone(family)


def test_three_parts_the_one_that_waits_for_another_comes_last() -> None:
    family = Sharing({"A": MAIL, "B": MAIL, "D": MAIL}, failure_policy="INDEPENDENT").at_a()
    assert [part for part, _ in family.item().onward] == ["B", "D"]
    family.walk("A", "T14").sent(DEPARTMENT, OTHER_DEPARTMENT, "B2").came(OTHER_DEPARTMENT, "B2").walk("B", "T14")
    assert family.item().to == OTHER_DEPARTMENT  # D is not let go yet
    family.decided("A").delivered("D")
    assert (family.item().turn, family.item().to) == ("D", NODES["D"])
    _alone(family)

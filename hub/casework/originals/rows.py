"""Rows: originals on their way (states.md 5, O2 to O14; E08, E09). Their side chain never conflicts with legal acts.

O1 stands in the manifest of the seal; O4, O5, O9 and O11 are what tracking does to them (D4W, D5E of ``delivery``).
"""

from hub.casework import common as c
from hub.casework.law import Party, Rule
from hub.casework.originals import effects as oe
from hub.casework.originals import guards as og
from hub.casework.row_values import BY_HUB, COORDINATOR, HUB, PAPER_STAFF, PERSON, WINDOW, WITH_PAPER, members

_CHAIN = "originals"
_K2 = oe.start_accept_clock_by_paper

ROWS = (
    Rule(
        "O2", "take_original", WITH_PAPER, None, Party.SUPPLIER, WINDOW, PERSON,
        (c.not_from_future, og.originals_takeable), (oe.take,), "states.md O2; A06", members("items paper"),
        chain=_CHAIN,
    ),
    Rule(
        "O3", "pack", WITH_PAPER, None, Party.PAPER, PAPER_STAFF, PERSON,
        (c.not_from_future, og.items_here, og.packed_and_sealed, og.parcel_goes_right, og.witnessed), (oe.pack,),
        "states.md O3, O14; A06, H12",
        members("parcel kind receiver gateway items packing_list photo seal_no second_person"), chain=_CHAIN,
    ),
    Rule(
        "O3L", "post_overdue", WITH_PAPER, None, Party.HUB, HUB, BY_HUB,
        (og.post_overdue,), (oe.card_late_post,), "states.md 2 (K9); standards.md 8 (Y4)",
        members("parcel clock due"), chain=_CHAIN,
    ),
    Rule(
        "O3D", "packing_overdue", WITH_PAPER, None, Party.HUB, HUB, BY_HUB,
        (og.packing_overdue,), (oe.card_unpacked,), "states.md 2 (K9); standards.md 8 (Y4)",
        members("kind subject clock due"), chain=_CHAIN,
    ),
    Rule(
        "O5L", "check_in_overdue", WITH_PAPER, None, Party.HUB, HUB, BY_HUB,
        (og.check_in_overdue,), (oe.card_unopened, oe.start_accept_clock_by_arrival),
        "states.md O5, 2 (K2); 行政许可法 32(4)", members("parcel due"), chain=_CHAIN,
    ),
    Rule(
        "O6", "check_in", WITH_PAPER, None, Party.PAPER, PAPER_STAFF, PERSON,
        (c.not_from_future, og.parcel_for_us, og.list_ticked), (oe.check_in, _K2),
        "states.md O6, O7, O12; E09, H12", members("parcel seal_intact lines photo"), chain=_CHAIN,
    ),
    Rule(
        "O7", "answer_discrepancy", WITH_PAPER, None, Party.PAPER, PAPER_STAFF, PERSON,
        (c.not_from_future, og.discrepancy_answerable), (oe.answer_discrepancy, _K2), "states.md O7",
        members("item answer"), chain=_CHAIN,
    ),
    Rule(
        "O8", "lost_suspected", WITH_PAPER, None, Party.HUB, HUB, BY_HUB,
        (og.transit_overdue,), (oe.suspect,), "states.md O8, 2 (K10)", members("parcel clock due"), chain=_CHAIN,
    ),
    Rule(
        "O10", "declare_lost", WITH_PAPER, None, Party.COORDINATOR, COORDINATOR, PERSON,
        (c.not_from_future, og.loss_established), (oe.lose, _K2), "states.md O10, D10",
        members("parcel cause claim"), chain=_CHAIN,
    ),
    Rule(
        "O12", "settle_item", WITH_PAPER, None, Party.COORDINATOR, COORDINATOR, PERSON,
        (c.not_from_future, og.trouble_settled), (oe.settle, _K2), "states.md O7, O10, O12",
        members("item claim"), chain=_CHAIN,
    ),
    Rule(
        "O13", "file_original", WITH_PAPER, None, Party.PAPER, frozenset({"ISSUER", "ACCEPTOR"}), PERSON,
        (c.not_from_future, og.items_here, og.may_be_filed), (oe.file_away,), "states.md O13",
        members("items to"), chain=_CHAIN,
    ),
    Rule(
        "O14", "hand_back", WITH_PAPER, None, Party.PAPER, PAPER_STAFF, PERSON,
        (c.not_from_future, og.items_here, og.returned_by_law), (oe.hand_back,), "states.md O14; I07",
        members("items identity_checked signature"), chain=_CHAIN,
    ),
    Rule(
        "E08", "pick_up_offer", WITH_PAPER, None, Party.PAPER, PAPER_STAFF, PERSON,
        (c.not_from_future, og.paper_here, og.offered_right), (oe.offer,), "E08, E09; states.md 7 (PAPER_PICKUP)",
        members("handoff receiver items pages"), chain=_CHAIN,
    ),
    Rule(
        "E08T", "pick_up", WITH_PAPER, None, Party.PAPER, PAPER_STAFF, PERSON,
        (c.not_from_future, og.fetched_as_offered), (oe.fetch, _K2), "E08, E09; states.md 7 (PAPER_PICKUP)",
        members("handoff offer count pages"), chain=_CHAIN,
    ),
    Rule(
        "D11", "recall_parcel", WITH_PAPER, None, Party.PAPER, PAPER_STAFF, PERSON,
        (c.not_from_future, og.parcel_recallable), (oe.recall,), "states.md D11, 9", members("parcel reason"),
        chain=_CHAIN,
    ),
)  # fmt: skip

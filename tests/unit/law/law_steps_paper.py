"""Acts, ways and turns of paper: originals, parcels, counters, the archive (merged into ``law_steps``)."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hub.casework.originals import limits
from tests.unit.law.law_people import COORDINATOR, DEPARTMENT, GATEWAY, HUB, WINDOW, Step, manifest

if TYPE_CHECKING:
    from tests.unit.law.law_world import Bench

DIGEST = "0" * 64
ITEMS = ("M02-1", "M02-2")
_TO_PENDING = ("T05", "W1", "T08", "T10")
_TO_DECIDED = (*_TO_PENDING, "T14", "T31")
_POSTED = (*_TO_DECIDED, "T33", "W1:gateway", "D4", "D4W")
_HELD = (*_TO_PENDING, "wants originals", "O2")
_PACKED = (*_HELD, "O3")
_SENT = (*_PACKED, "D4W:B1", "D5E:B1 collected")
_LAID_OUT = (*_TO_DECIDED, "T33", "D1", "D2C")
PATHS: dict[str, tuple[str, ...]] = {
    "O2": (*_TO_PENDING, "wants originals"),
    "O3": _HELD,
    "O3L": (*_PACKED, "two working days"),
    "O3D": (*_HELD, "two working days"),
    "O5L": (*_SENT, "D5E:B1 delivered", "two working days"),
    "O6": _SENT,
    "O7": (*_SENT, "O6:missing"),
    "O8": (*_SENT, "a fortnight"),
    "O10": (*_SENT, "a fortnight", "O8", "a fortnight"),
    "O12": (*_SENT, "O6:damaged"),
    "O13": (*_SENT, "O6"),
    "O14": (*_HELD, "T35"),
    "E08": _HELD,
    "E08T": (*_HELD, "E08"),
    "D11": _PACKED,
    "D1": _TO_PENDING,
    "D2C": (*_TO_DECIDED, "T33", "D1"),
    "D2": _LAID_OUT,
    "D3": (*_TO_DECIDED, "T33", "D1:electronic"),
    "D6C": (*_POSTED, "D5E:unproven"),
    "D6D": (*_POSTED, "D5E:unproven"),
    "D7": (*_POSTED, "D5E:unproven"),
    "D8": (*_POSTED, "D5E:returned", "D7"),
    "D9": (*_LAID_OUT, "a month"),
    "D10": (*_TO_DECIDED, "T33", "D11R"),
    "D11R": (*_TO_DECIDED, "T33"),
    "T37P": (*_POSTED, "D5E", "T34"),
    "T37": (*_POSTED, "D5E", "T34", "T37P"),
}


def paper(event: str, node: str, role: str, **body: Any) -> Step:
    """A person's act on the side chain of originals."""
    return Step(event, node, role, body, chain="originals")


def delivery(event: str, node: str, role: str, **body: Any) -> Step:
    """A person's act on the side chain of delivery."""
    return Step(event, node, role, body, chain="delivery")


def hub(event: str, chain: str, **body: Any) -> Step:
    """What the hub states."""
    return Step(event, HUB, "hub", body, chain=chain, person=False)


def tracking(event: str, **body: Any) -> Step:
    """What the gateway says."""
    return Step(event, GATEWAY, "gateway", body, chain="tracking", person=False)


def told(parcel: str, status: str, level: int = 0, **more: Any) -> Step:
    """A carrier's event."""
    return tracking("parcel_event", parcel=parcel, status=status, proof_level=level, **more)


def pack(bench: "Bench", node: str = WINDOW, **changes: Any) -> Step:
    """O3, O14: with a witness."""
    second = {WINDOW: "COLLECT_LEAD"}.get(node, "ACCEPTOR")
    role = {WINDOW: "COLLECTOR"}.get(node, "ISSUER")
    body = {
        "parcel": "B1", "kind": "ORIGINALS", "receiver": bench.accepting, "gateway": GATEWAY, "items": list(ITEMS),
        "packing_list": DIGEST, "photo": DIGEST, "seal_no": "FQ-000123", "second_person": bench.person(node, second),
    }  # fmt: skip
    return replace(paper("pack", node, role, **body).saying(**changes), second=second)


def check_in(bench: "Bench", *findings: str, node: str = "", **changes: Any) -> Step:
    """O6: what was found of each item of B1, in order."""
    node = node or bench.accepting
    found = findings or ("OK",) * len(ITEMS)
    lines = [{"item": item, "finding": finding} for item, finding in zip(ITEMS, found, strict=True)]
    role = "COLLECTOR" if node == WINDOW else "ACCEPTOR"
    return paper("check_in", node, role, parcel="B1", seal_intact=True, lines=lines, photo=DIGEST).saying(**changes)


def limit_of(bench: "Bench", parcel: str, name: str) -> dict[str, str]:
    """``parcel``, ``clock`` and ``due`` of a hub's statement about a parcel's limit."""
    leg = bench.file.parcel(parcel) if bench.file else None
    of = {"K9": limits.post_clock, "K10": limits.transit_clock}[name]
    state = of(leg, bench.world()) if leg else None
    return {"parcel": parcel, "clock": name, "due": (state.due or "") if state else ""}


def unpacked(bench: "Bench") -> Step:
    """O3D: what lies at the window and should have been sent."""
    found = limits.owed(bench.file) if bench.file else ()
    due = limits.packing_clock(found[0], bench.world()).due if found else DIGEST
    return hub("packing_overdue", "originals", kind="ORIGINALS", subject=WINDOW, clock="K9", due=due)


def unopened(bench: "Bench") -> Step:
    """O5L: what arrived and nobody opened."""
    leg = bench.file.parcel("B1") if bench.file else None
    due = (limits.check_in_due(leg, bench.world()) if leg else "") or DIGEST
    return hub("check_in_overdue", "originals", parcel="B1", due=due)


def offer_of(bench: "Bench") -> str:
    """The newest offer of paper, or a digest of nothing."""
    pickups = bench.file.pickups if bench.file else ()
    return pickups[-1].offer if pickups else DIGEST


def call(bench: "Bench") -> Step:
    """D7: for the cause that the parcel gives."""
    leg = bench.file.parcel("P1") if bench.file else None
    cause = {"RETURNED": "RETURNED", "DELIVERED": "UNPROVEN"}.get(leg.status if leg else "", "ATTEMPTS")
    return hub("call_applicant", "delivery", parcel="P1", cause=cause)


def remind(bench: "Bench") -> Step:
    """D9: the next reminder."""
    result = bench.file.result if bench.file else None
    number = (result.reminders if result else 0) + 1
    since = result.since if result else bench.acts[-1].recorded_at
    return hub("unclaimed", "delivery", number=number, due=limits.later(since, 30 * number))


def reissue(bench: "Bench") -> Step:
    """D10: another sealing of the result."""
    old = bench.file.sealing("result") if bench.file else None
    made = bench.store(manifest("result", revision=(old.revision if old else 0) + 1))
    body = {"manifest": made, "grant": "G-SEAL_USE", "certificate": DIGEST, "voids": old.manifest if old else DIGEST}
    return Step("reissue", bench.accepting, "ISSUER", body)


STEPS: dict[str, Callable[["Bench"], Step]] = {
    "O2": lambda bench: paper(
        "take_original", WINDOW, "COLLECTOR", items=[{"item": item, "material": "M02"} for item in ITEMS], paper=DIGEST
    ),
    "O3": pack,
    "O3L": lambda bench: hub("post_overdue", "originals", **limit_of(bench, "B1", "K9")),
    "O3D": unpacked,
    "O5L": unopened,
    "D4W:B1": lambda bench: tracking("waybill", parcel="B1", carrier="EMS", waybill_no="EA123456785CN"),
    "D5E:B1 collected": lambda bench: told("B1", "COLLECTED"),
    "D5E:B1 delivered": lambda bench: told("B1", "DELIVERED", 1),
    "D5E:B1 returned": lambda bench: told("B1", "RETURNED"),
    "O6": check_in,
    "O6:missing": lambda bench: check_in(bench, "MISSING", "OK"),
    "O6:damaged": lambda bench: check_in(bench, "DAMAGED", "OK"),
    "O7": lambda bench: paper("answer_discrepancy", WINDOW, "COLLECTOR", item=ITEMS[0], answer="DISPUTED"),
    "O8": lambda bench: hub("lost_suspected", "originals", **limit_of(bench, "B1", "K10")),
    "O10": lambda bench: paper(
        "declare_lost", COORDINATOR, "COORDINATOR", parcel="B1", cause="TEN_DAYS", claim=DIGEST
    ),
    "O12": lambda bench: paper("settle_item", COORDINATOR, "COORDINATOR", item=ITEMS[0], claim=DIGEST),
    "O13": lambda bench: paper("file_original", bench.accepting, "ISSUER", items=list(ITEMS), to="IN_CUSTODY"),
    "O14": lambda bench: paper(
        "hand_back", WINDOW, "COLLECTOR", items=list(ITEMS), identity_checked=True, signature=DIGEST
    ),
    "E08": lambda bench: paper(
        "pick_up_offer", WINDOW, "COLLECTOR", handoff="H1", receiver=bench.accepting, items=list(ITEMS), pages=5
    ),
    "E08T": lambda bench: paper(
        "pick_up", bench.accepting, "ACCEPTOR", handoff="H1", offer=offer_of(bench), count=2, pages=5
    ),
    "D11": lambda bench: paper("recall_parcel", WINDOW, "COLLECTOR", parcel="B1", reason="WRONG_ADDRESS"),
    "D1": lambda bench: delivery("choose_delivery", WINDOW, "COLLECTOR", delivery="COUNTER_DEPT", paper=DIGEST),
    "D1:electronic": lambda bench: STEPS["D1"](bench).saying(delivery="ELECTRONIC"),
    "D1:window": lambda bench: STEPS["D1"](bench).saying(delivery="COUNTER_COLLECT"),
    "D2C": lambda bench: delivery("lay_out", bench.accepting, "ISSUER", notice=DIGEST),
    "D2": lambda bench: Step(
        "hand_over", bench.accepting, "ISSUER", {"identity_checked": True, "signature": DIGEST}
    ),
    "D3": lambda bench: replace(
        delivery("e_opened", WINDOW, "window", manifest=bench.result), person=False
    ),
    "D5E:unproven": lambda bench: told("P1", "DELIVERED"),
    "D5E:returned": lambda bench: told("P1", "RETURNED"),
    "D6C": lambda bench: delivery("confirmed_by_applicant", bench.accepting, "ISSUER", parcel="P1", paper=DIGEST),
    "D6D": lambda bench: delivery("denied_by_applicant", bench.accepting, "ISSUER", parcel="P1", paper=DIGEST),
    "D7": call,
    "D8": lambda bench: delivery(
        "address_confirmed", bench.accepting, "ISSUER", parcel="P1", answer="SAME", paper=DIGEST
    ),
    "D9": remind,
    "D10": reissue,
    "D11R": lambda bench: delivery("recall_result", bench.accepting, "ISSUER", reason="WRONG_CONTENT"),
    "T37P": lambda bench: delivery("archive_package", DEPARTMENT, "ISSUER", package=DIGEST),
    "T37": lambda bench: hub("archive", "custody", package=DIGEST),
}  # fmt: skip


def wants_originals(bench: "Bench") -> None:
    """A list that wants the original of M02 in the archive (A06)."""

    def change(item: dict[str, Any]) -> None:
        for material in item["materials"]:
            if material["code"] == "M02":
                material["original_policy"] = "MAIL_FOR_ARCHIVE"

    bench.change_item(change)


TURNS: dict[str, Callable[["Bench"], None]] = {"wants originals": wants_originals}

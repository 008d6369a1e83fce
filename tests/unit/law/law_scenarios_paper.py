"""Scenarios of paper: originals, parcels, counters, calls, a new result, the archive (states.md 5, 6; T34, T37)."""

from dataclasses import replace
from datetime import datetime, timedelta

from crypto.canonical import CHINA
from hub.casework.delivery.values import ParcelLeg, ResultPaper
from hub.casework.states import State
from tests.unit.law.law_people import (
    DEPARTMENT,
    GATEWAY,
    OTHER_DEPARTMENT,
    SUSPENDED_TASK,
    WINDOW,
    Step,
)
from tests.unit.law.law_scenarios import (
    Scenario,
    Spoil,
    after,
    at,
    collects_only,
    delivery,
    filed,
    gone,
    grants_only,
    item,
    regrant,
    says,
    sealed,
    signed_also,
)
from tests.unit.law.law_steps_paper import ITEMS
from tests.unit.law.law_world import Bench

NO_DIGEST = "x" * 64
EARLY = at(datetime(2026, 3, 3, 9, tzinfo=CHINA))


def legs(**changes: object) -> Spoil:
    """Every parcel of the case is otherwise."""

    def spoil(bench: Bench, step: Step) -> Step:
        bench.file = replace(bench.case, parcels=tuple(replace(leg, **changes) for leg in bench.case.parcels))  # type: ignore[arg-type]
        return step

    return spoil


def items(**changes: str) -> Spoil:
    """Every original of the case is otherwise."""

    def spoil(bench: Bench, step: Step) -> Step:
        bench.file = replace(bench.case, originals=tuple(replace(one, **changes) for one in bench.case.originals))  # type: ignore[arg-type]
        return step

    return spoil


def ticked(*pairs: tuple[str, str], **more: object) -> Spoil:
    """A check-in that says something else."""
    lines = [{"item": item, "finding": finding} for item, finding in pairs]
    return lambda bench, step: step.saying(lines=lines, **more)


def soon(**days: int) -> Spoil:
    """The act comes earlier than it is due."""

    def spoil(bench: Bench, step: Step) -> Step:
        bench.now -= timedelta(**days)
        return step

    return spoil


def said_before(bench: Bench, step: Step) -> Step:
    """The hub said so already."""
    bench.do(step)
    return step


def kept_for_archive(bench: Bench, step: Step) -> Step:
    """A case that goes on keeps what the list wants in the archive."""
    bench.file = replace(bench.case, state=State.UNDER_REVIEW)
    return step


def unaddressed(bench: Bench, step: Step) -> Step:
    """Back to the applicant by a carrier who has no address."""
    bench.file = replace(bench.case, state=State.WITHDRAWN)
    return step.saying(kind="RETURN", receiver=None)


def no_address_sealed(bench: Bench, step: Step) -> Step:
    """By post, although no address was sealed."""
    made = bench.objects[bench.sealed].manifest
    bare = replace(made, lines=tuple(line for line in made.lines if line.material != "ADDRESS"))
    bench.objects[bench.sealed] = replace(bench.objects[bench.sealed], manifest=bare)
    return step.saying(delivery="POST")


def electronic_of_level_four(bench: Bench, step: Step) -> Step:
    """Electronically, although the item wants a signature at our counter."""
    return item(required_proof_level=4)(bench, step.saying(delivery="ELECTRONIC"))


def back(times: int, address: str = "") -> Spoil:
    """The result came back by post."""

    def spoil(bench: Bench, step: Step) -> Step:
        made = (ParcelLeg(f"R{n}", GATEWAY, status="RETURNED", address=address) for n in range(times))
        bench.file = replace(bench.case, parcels=tuple(made))
        return step

    return spoil


def open_original(bench: Bench, step: Step) -> Step:
    """A document of the applicant is somewhere on its way."""
    bench.walk("wants originals", "O2")
    return items(state="IN_CARRIER", holder="carrier:EMS")(bench, step)


def by(node: str, role: str = "") -> Spoil:
    """Another node of the case says so."""
    return lambda bench, step: replace(step, node=node, role=role or step.role)


def many(row: str, guard: str, code: str, *spoils: Spoil, killer: bool = True) -> list[Scenario]:
    """The same refusal for several reasons."""
    return [Scenario(row, guard, code, spoil, killer) for spoil in spoils]


FOREIGN_ITEMS = (
    says(items=[{"item": "M02-1", "material": "M02"}, {"item": "RESULT", "material": "M02"}]),
    says(items=[{"item": "a b", "material": "M02"}]),
)
TAKEN = [
    *many("O2", "originals_takeable", "BODY_MEMBER", says(paper=None), says(paper=NO_DIGEST)),
    *many(
        "O2", "originals_takeable", "BODY_MEMBER", says(items=None), says(items=[]), says(items=["M02"]),
        says(items=[{"item": "M02-1"}]), killer=False,
    ),
    *many("O2", "originals_takeable", "ITEM_EXISTS", *FOREIGN_ITEMS),
    Scenario("O2", "originals_takeable", "ITEM_EXISTS", after("O2")),
    Scenario("O2", "originals_takeable", "MATERIAL_NOT_LISTED", says(items=[{"item": "X-1", "material": "M99"}])),
    Scenario("O2", "originals_takeable", "ORIGINAL_NOT_NEEDED", says(items=[{"item": "X-1", "material": "M03"}])),
]  # fmt: skip
PACKED = [
    Scenario("O3", "items_here", "ITEM_UNKNOWN", says(items=["M02-1", "RESULT"])),
    Scenario("O3", "items_here", "ITEM_NOT_HERE", items(holder=DEPARTMENT)),
    Scenario("O3", "items_here", "ITEM_NOT_HERE", items(state="LOST_SUSPECTED")),
    *many("O3", "items_here", "BODY_MEMBER", says(items=None), says(items=["M02-1", "M02-1"]), killer=False),
    Scenario("O3", "packed_and_sealed", "PARCEL_EXISTS", filed(parcels=(ParcelLeg("B1", GATEWAY),))),
    *many(
        "O3", "packed_and_sealed", "BODY_MEMBER", says(packing_list=None), says(photo=NO_DIGEST), says(seal_no="F"),
        says(seal_no=None),
    ),
    Scenario("O3", "parcel_goes_right", "ROLE_FORBIDS", says(gateway=DEPARTMENT)),
    Scenario("O3", "parcel_goes_right", "SUBJECT_UNKNOWN", gone(GATEWAY)),
    Scenario("O3", "parcel_goes_right", "PARCEL_KIND", says(kind="GIFT")),
    *many(
        "O3", "parcel_goes_right", "RECEIVER_WRONG", says(receiver=OTHER_DEPARTMENT), says(receiver=None),
        says(receiver=WINDOW), says(kind="RETURN", receiver=WINDOW), says(kind="RETURN", receiver=DEPARTMENT),
        filed(accepting_node="", queue=""),
    ),
    Scenario("O3", "parcel_goes_right", "ORIGINAL_NOT_NEEDED", items(policy="CHECK_AND_RETURN")),
    Scenario("O3", "parcel_goes_right", "ORIGINAL_NOT_NEEDED", filed(state=State.WITHDRAWN)),
    Scenario("O3", "parcel_goes_right", "ORIGINAL_KEPT", says(kind="RETURN", receiver=None)),
    Scenario("O3", "parcel_goes_right", "KEYS_MISSING", unaddressed),
    Scenario("O3", "witnessed", "SECOND_PERSON_MISSING", says(second_person=None)),
    *(
        Scenario("O3", "witnessed", "SECOND_PERSON_WRONG", signed_also(person, role))
        for person, role in (
            (Bench.person(WINDOW, "COLLECTOR"), "COLLECT_LEAD"),
            (f"{DEPARTMENT}/person/LEAD", "COLLECT_LEAD"),
            (f"{WINDOW}/person/AUDITOR", "AUDITOR"),
        )
    ),
    Scenario("O3D", "packing_overdue", "CLOCK_NOT_DUE", soon(days=4)),
    Scenario("O3D", "packing_overdue", "CLOCK_NOT_DUE", said_before, killer=False),
    Scenario("O3D", "packing_overdue", "PARCEL_NOT_OWED", says(kind="RESULT"), killer=False),
    Scenario("O3D", "packing_overdue", "BODY_MEMBER", says(due="2026-03-02T23:59:59.999+08:00")),
    Scenario("O3D", "packing_overdue", "BODY_MEMBER", says(clock="K10")),
    Scenario("O5L", "check_in_overdue", "CHECK_IN_NOT_DUE", soon(days=4)),
    Scenario("O5L", "check_in_overdue", "CHECK_IN_NOT_DUE", said_before),
    Scenario("O5L", "check_in_overdue", "BODY_MEMBER", says(due="2026-03-02T23:59:59.999+08:00")),
    Scenario("O3L", "post_overdue", "CLOCK_NOT_DUE", soon(days=4)),
    Scenario("O3L", "post_overdue", "CLOCK_NOT_DUE", legs(late=True)),
    Scenario("O3L", "post_overdue", "CLOCK_NOT_DUE", legs(in_carrier_at="2026-03-02T10:00:00.000+08:00")),
    *many("O3L", "post_overdue", "BODY_MEMBER", says(clock="K10"), says(due="2026-03-02T23:59:59.999+08:00")),
]  # fmt: skip
ARRIVED = [
    Scenario("O6", "parcel_for_us", "PARCEL_NOT_OURS", legs(receiver=WINDOW)),
    Scenario("O6", "parcel_for_us", "PARCEL_NOT_OURS", legs(checked_in="0" * 64)),
    Scenario("O6", "parcel_for_us", "PARCEL_NOT_OURS", says(parcel="B9"), killer=False),
    *many("O6", "list_ticked", "BODY_MEMBER", says(seal_intact=None), says(seal_intact="true"), killer=False),
    *many("O6", "list_ticked", "BODY_MEMBER", says(lines=None), says(lines=["M02-1"]), killer=False),
    Scenario("O6", "list_ticked", "LIST_NOT_TICKED", ticked((ITEMS[0], "OK"))),
    Scenario("O6", "list_ticked", "LIST_NOT_TICKED", ticked((ITEMS[0], "OK"), (ITEMS[1], "OK"), ("M09", "OK"))),
    Scenario("O6", "list_ticked", "FINDING_UNKNOWN", ticked((ITEMS[0], "OK"), (ITEMS[1], "UGLY"))),
    Scenario("O6", "list_ticked", "BODY_MEMBER", says(seal_intact=False, photo=None)),
    Scenario("O6", "list_ticked", "BODY_MEMBER", ticked((ITEMS[0], "OK"), (ITEMS[1], "DAMAGED"), photo=None)),
    Scenario("O7", "discrepancy_answerable", "DISCREPANCY_NONE", says(item=ITEMS[1])),
    Scenario("O7", "discrepancy_answerable", "DISCREPANCY_NONE", items(answer="DISPUTED")),
    Scenario("O7", "discrepancy_answerable", "DISCREPANCY_NONE", by(DEPARTMENT, "ACCEPTOR")),
    Scenario("O7", "discrepancy_answerable", "DISCREPANCY_NONE", says(item="M09"), killer=False),
    *many("O7", "discrepancy_answerable", "FINDING_UNKNOWN", says(answer="AS_RECEIVED"), says(answer="MAYBE")),
    Scenario(
        "O7", "discrepancy_answerable", "FINDING_UNKNOWN",
        lambda bench, step: items(finding="SEAL_BROKEN")(bench, step.saying(answer="FOUND_HERE")),
    ),
    Scenario("O12", "trouble_settled", "NOTHING_TO_SETTLE", says(item=ITEMS[1])),
    Scenario("O12", "trouble_settled", "NOTHING_TO_SETTLE", items(settled="0" * 64)),
    Scenario("O12", "trouble_settled", "NOTHING_TO_SETTLE", legs(checked_in="")),
    Scenario("O12", "trouble_settled", "NOTHING_TO_SETTLE", says(item="M09"), killer=False),
    Scenario("O12", "trouble_settled", "ANSWER_MISSING", items(state="DISCREPANCY", answer="")),
    *many("O12", "trouble_settled", "BODY_MEMBER", says(claim=None), says(claim=NO_DIGEST)),
]  # fmt: skip
MISSED = [
    Scenario("O8", "transit_overdue", "CLOCK_NOT_DUE", soon(days=10)),
    Scenario("O8", "transit_overdue", "CLOCK_NOT_DUE", legs(status="DELIVERED")),
    Scenario("O8", "transit_overdue", "CLOCK_NOT_DUE", legs(checked_in="0" * 64)),
    *many("O8", "transit_overdue", "BODY_MEMBER", says(clock="K9"), says(due="2026-03-02T23:59:59.999+08:00")),
    Scenario("O10", "loss_established", "PARCEL_NOT_MISSED", legs(suspected_at="")),
    Scenario("O10", "loss_established", "PARCEL_NOT_MISSED", legs(lost_at="2026-03-30T10:00:00.000+08:00")),
    Scenario("O10", "loss_established", "PARCEL_NOT_MISSED", says(parcel="B9"), killer=False),
    Scenario("O10", "loss_established", "REASON_UNKNOWN", says(cause="TIRED")),
    Scenario("O10", "loss_established", "LOSS_TOO_EARLY", soon(days=5)),
    *many("O10", "loss_established", "BODY_MEMBER", says(claim=None), says(claim=NO_DIGEST)),
    Scenario("D11", "parcel_recallable", "PARCEL_UNKNOWN", legs(sender=DEPARTMENT)),
    Scenario("D11", "parcel_recallable", "PARCEL_UNKNOWN", says(parcel="B9"), killer=False),
    Scenario("D11", "parcel_recallable", "PARCEL_OVER", legs(recalled_at="2026-03-02T10:00:00.000+08:00")),
    Scenario("D11", "parcel_recallable", "PARCEL_OVER", legs(status="DELIVERED")),
    Scenario("D11", "parcel_recallable", "REASON_UNKNOWN", says(reason="BORED")),
]
REST = [
    Scenario("O13", "items_here", "ITEM_NOT_HERE", items(holder=WINDOW)),
    Scenario("O13", "items_here", "ITEM_UNKNOWN", says(items=["M09"])),
    Scenario("O13", "may_be_filed", "ITEM_NOT_FOR_ARCHIVE", says(to="ARCHIVED")),
    Scenario(
        "O13", "may_be_filed", "ITEM_NOT_FOR_ARCHIVE",
        lambda bench, step: filed(state=State.CLOSED)(bench, items(policy="SCAN_REPLACES")(bench, step)).saying(
            to="ARCHIVED"
        ),
    ),
    Scenario("O13", "may_be_filed", "BODY_MEMBER", says(to="LOST")),
    Scenario("O14", "items_here", "ITEM_NOT_HERE", items(holder=DEPARTMENT)),
    Scenario("O14", "returned_by_law", "ORIGINAL_KEPT", kept_for_archive),
    Scenario("O14", "returned_by_law", "ORIGINAL_KEPT", filed(state=State.CLOSED)),
    Scenario("O14", "returned_by_law", "DECLARATION_MISSING", says(identity_checked=None)),
    *many("O14", "returned_by_law", "BODY_MEMBER", says(signature=None), says(signature=NO_DIGEST)),
    Scenario("E08", "paper_here", "ITEM_NOT_HERE", items(holder=DEPARTMENT)),
    Scenario("E08", "paper_here", "ITEM_NOT_HERE", says(items=["M09"])),
    Scenario("E08", "offered_right", "PICKUP_EXISTS", after("E08")),
    *many("E08", "offered_right", "BODY_MEMBER", says(pages=0), says(pages=True)),
    *many("E08", "offered_right", "RECEIVER_WRONG", says(receiver=OTHER_DEPARTMENT), says(receiver=WINDOW)),
    Scenario("E08", "offered_right", "ORIGINAL_NOT_NEEDED", filed(state=State.WITHDRAWN)),
    Scenario("E08T", "fetched_as_offered", "ORIGINAL_NOT_NEEDED", filed(state=State.WITHDRAWN)),
    *many("E08T", "fetched_as_offered", "PICKUP_UNKNOWN", says(offer="f" * 64), by(WINDOW, "COLLECTOR")),
    Scenario("E08T", "fetched_as_offered", "PICKUP_UNKNOWN", says(handoff="H9"), killer=False),
    Scenario("E08T", "fetched_as_offered", "PICKUP_UNKNOWN", after("E08T")),
    *many("E08T", "fetched_as_offered", "COUNT_DIFFERS", says(count=1), says(pages=4), says(pages=None)),
    Scenario("E08T", "fetched_as_offered", "ITEM_NOT_HERE", items(state="PACKED")),
]  # fmt: skip
READY_ELSEWHERE = filed(result=ResultPaper("PICKED_UP", "applicant", "2026-03-02T10:00:00.000+08:00"))
RESULT = [
    *many("D1", "delivery_choosable", "BODY_MEMBER", says(paper=None), says(paper=NO_DIGEST)),
    Scenario("D1", "delivery_choosable", "DELIVERY_UNKNOWN", says(delivery="PIGEON")),
    Scenario("D1", "delivery_choosable", "DELIVERY_PACKED", filed(parcels=(ParcelLeg("P1", GATEWAY),))),
    Scenario("D1", "delivery_choosable", "DELIVERY_PACKED", READY_ELSEWHERE),
    Scenario("D1", "delivery_choosable", "DELIVERY_PROOF_LOW", electronic_of_level_four),
    Scenario("D1", "delivery_choosable", "ADDRESS_NOT_SEALED", no_address_sealed),
    Scenario("D1", "delivery_choosable", "WINDOW_NOT_ISSUING", collects_only),
    *many("D2C", "may_lie_at_counter", "BODY_MEMBER", says(notice=None), says(notice=NO_DIGEST)),
    Scenario("D2C", "may_lie_at_counter", "RESULT_NOT_READY", filed(parcels=(ParcelLeg("P1", GATEWAY),))),
    Scenario("D2C", "may_lie_at_counter", "DELIVERY_NOT_COUNTER", delivery("COUNTER_COLLECT")),
    Scenario("D2", "result_at_this_counter", "RESULT_NOT_READY", by(WINDOW, "COLLECTOR")),
    Scenario("D2", "result_at_this_counter", "RESULT_NOT_READY", filed(result=None)),
    Scenario("D2", "receiver_checked", "DECLARATION_MISSING", says(identity_checked=None)),
    *many("D2", "receiver_checked", "BODY_MEMBER", says(signature=None), says(signature=NO_DIGEST)),
    Scenario("D2", "receiver_checked", "BODY_MEMBER", says(proxy="seen")),
    Scenario("D3", "electronic_result_opened", "DELIVERY_NOT_ELECTRONIC", delivery("POST")),
    Scenario("D3", "electronic_result_opened", "SEALING_UNKNOWN", says(manifest="f" * 64)),
    *(
        Scenario("D3", "electronic_result_opened", "RESULT_NOT_READY", filed(result=ResultPaper(state, DEPARTMENT, "")))
        for state in ("RECALLED", "DISCREPANCY")
    ),
    Scenario("D5E", "status_listed", "BODY_MEMBER", says(status="SHIPPED")),
    *many("D5E", "status_listed", "BODY_MEMBER", says(status=""), says(status=None), killer=False),
    Scenario("D4", "parcel_possible", "DELIVERY_NOT_POST", says(kind="RESULT_TO_WINDOW")),
    Scenario("D4", "parcel_possible", "DELIVERY_NOT_POST", says(kind="ORIGINALS")),
    Scenario("D4", "result_ready", "RESULT_NOT_READY", READY_ELSEWHERE),
    Scenario("D4", "result_ready", "RESULT_NOT_READY", filed(parcels=(ParcelLeg("P0", GATEWAY),))),
    Scenario("D4", "result_ready", "ADDRESS_UNCONFIRMED", back(1)),
    Scenario("D4", "result_ready", "ADDRESS_UNCONFIRMED", back(1, "CHANGED")),
    Scenario("D4", "result_ready", "RESEND_SPENT", back(2, "SAME")),
    Scenario("T34", "items_accounted_for", "ORIGINALS_OPEN", open_original),
    *(
        scenario
        for row in ("D6C", "D6D")
        for scenario in (
            *many(row, "applicant_asked", "BODY_MEMBER", says(paper=None), says(paper=NO_DIGEST)),
            *many(
                row, "applicant_asked", "PARCEL_NOT_ASKED", legs(status="IN_TRANSIT"), legs(proof_level=2),
                legs(receiver=WINDOW), legs(void=True), legs(lost_at="2026-03-30T10:00:00.000+08:00"),
            ),
            Scenario(row, "applicant_asked", "PARCEL_NOT_ASKED", says(parcel="P9"), killer=False),
        )
    ),
    Scenario("D7", "call_owed", "PARCEL_NOT_ASKED", says(cause="ATTEMPTS")),
    Scenario("D7", "call_owed", "PARCEL_NOT_ASKED", after("D7")),
    Scenario("D7", "call_owed", "PARCEL_NOT_ASKED", says(parcel="P9"), killer=False),
    Scenario("D7", "call_owed", "PARCEL_NOT_ASKED", legs(proof_level=1)),
    *many("D8", "address_asked", "BODY_MEMBER", says(paper=None), says(paper=NO_DIGEST)),
    Scenario("D8", "address_asked", "PARCEL_NOT_ASKED", legs(called="UNPROVEN")),
    Scenario("D8", "address_asked", "PARCEL_NOT_ASKED", says(parcel="P9"), killer=False),
    Scenario("D8", "address_asked", "REASON_UNKNOWN", says(answer="MOON")),
    Scenario("D9", "reminder_owed", "REMINDER_NOT_DUE", soon(days=5)),
    Scenario("D9", "reminder_owed", "REMINDER_NOT_DUE", READY_ELSEWHERE),
    Scenario("D9", "reminder_owed", "BODY_MEMBER", says(number=2)),
    *(
        Scenario("D10", "seal_use_grant", "GRANT_MISSING", spoil)
        for spoil in (grants_only("G-DECIDE"), says(grant="G-OTHER"), regrant("D10", valid_to="2026-03-01"))
    ),
    Scenario("D10", "result_sealed", "MANIFEST_MISMATCH", sealed("result", case="d0" * 16)),
    Scenario("D10", "result_sealed", "MANIFEST_MISMATCH", sealed("result", task_code=SUSPENDED_TASK)),
    Scenario("D10", "result_replaceable", "RESULT_NOT_LOST", filed(result=None)),
    *many("D10", "result_replaceable", "BODY_MEMBER", says(certificate=None), says(certificate=NO_DIGEST)),
    Scenario("D10", "result_replaceable", "SEALING_UNKNOWN", says(voids="f" * 64)),
    Scenario(
        "D10", "result_replaceable", "SEALING_UNKNOWN", lambda bench, step: step.saying(manifest=bench.result)
    ),
    Scenario("D11R", "result_recallable", "RESULT_NOT_READY", filed(parcels=(ParcelLeg("P1", GATEWAY),))),
    Scenario("D11R", "result_recallable", "RESULT_NOT_READY", READY_ELSEWHERE),
    Scenario("D11R", "result_recallable", "REASON_UNKNOWN", says(reason="BORED")),
]  # fmt: skip
ARCHIVE = [
    Scenario("T37P", "package_told", "BODY_MEMBER", says(package=NO_DIGEST)),
    Scenario("T37P", "package_told", "NOT_YOUR_CASE", by(WINDOW, "COLLECTOR")),
    Scenario("T37", "ready_for_archive", "PACKAGE_UNKNOWN", says(package="f" * 64)),
    Scenario("T37", "ready_for_archive", "PACKAGE_UNKNOWN", filed(package="")),
    Scenario("T37", "ready_for_archive", "ORIGINALS_OPEN", after("wants originals", "O2")),
    Scenario("T37", "ready_for_archive", "ORIGINALS_OPEN", legs(status="IN_TRANSIT")),
]
PAPER = [*TAKEN, *PACKED, *ARRIVED, *MISSED, *REST, *RESULT, *ARCHIVE]

"""Scenarios of parents and children: what may be wrong with a joint matter and its parts (states.md 8)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hub.casework.acceptance.values import Notice
from hub.casework.access.values import Sealing
from hub.casework.delivery.values import ResultPaper
from hub.casework.numbers import public_number
from hub.casework.parents.values import Bond, PartFile
from hub.casework.states import State
from tests.unit.law.law_online import PORTAL, by_portal, list_portal
from tests.unit.law.law_people import (
    CASE,
    COORDINATOR,
    DEPARTMENT,
    OTHER_DEPARTMENT,
    OTHER_WINDOW,
    PREFIX,
    SUSPENDED_TASK,
    THIRD_DEPARTMENT,
    WINDOW,
    Step,
    manifest,
    record,
)
from tests.unit.law.law_scenarios import Scenario, Spoil, after, filed, says, sealed
from tests.unit.law.law_scenarios_materials import line
from tests.unit.law.law_scenarios_online import at_portal, original_seen
from tests.unit.law.law_scenarios_review import both, posted
from tests.unit.law.law_scenarios_sharing import verification
from tests.unit.law.law_steps_parents import (
    ADVISER,
    CASES,
    DIGEST,
    PARENT,
    SECOND,
    family_manifest,
    seal_child,
    seal_parent,
    themed,
)
from tests.unit.law.law_world import Bench

BOND = Bond(PARENT, "A", "PROXY_COLLECT", (), (("A-M05", "M05"),), (), together=True)
SOMEBODY = f"{DEPARTMENT}/person/SOMEBODY"
LAID_OUT = ResultPaper("AT_COUNTER", DEPARTMENT, "2026-03-02")
HUB_ROWS = {
    "P1R", "P1", "P2O", "P3", "P6", "P6L", "P7", "P7F", "P8S", "P8C", "P13", "P13L", "P13N",
    "P2H", "P5T", "P5K", "P5F", "P5S", "P1C", "P2S", "P6H", "P6R", "P6S", "P8E", "P8T", "P10C", "P11",
}  # fmt: skip
"""What the hub states of parents and children."""
ALONE = {"P1", "P2O", "P3", "P6", "P6L", "P7", "P7F", "P8S", "P8C", "P13", "P13L", "P13N"}
"""What follows from the parent's own leaves."""


NO_FEES: tuple[dict[str, Any], ...] = (
    {"total": 0}, {"total": True}, {"total": "2000"},
)  # fmt: skip
"""What no payment says."""


def kin_known(bench: Bench, step: Step) -> Step:
    """Other cases are known, and none of them gives cause for it."""
    bench.kin = {}
    return step


def nothing_new(bench: Bench, step: Step) -> Step:
    """No part is where it was said to be any more."""
    bench.file = bench.case.changed(
        parts=tuple(replace(part, state="REROUTING", supplement="", outcome="X") for part in bench.case.parts),
        consultations=(),
    )
    assert bench.file.bundle is not None
    bench.file = bench.file.changed(bundle=replace(bench.file.bundle, partial=False, choice="GO_ON"))
    return step


def silent_opinion(bench: Bench, step: Step) -> Step:
    """Another day was told."""
    return step.saying(due="2026-12-31")


def changed_parts(**changes: Any) -> Spoil:
    """The parts are in another state than they were."""

    def spoil(bench: Bench, step: Step) -> Step:
        bench.file = bench.case.changed(parts=tuple(replace(part, **changes) for part in bench.case.parts))
        return step

    return spoil


def part_b(**changes: Any) -> Spoil:
    """Part B is in another state than it was."""

    def spoil(bench: Bench, step: Step) -> Step:
        parts = tuple(replace(part, **changes) if part.part == "B" else part for part in bench.case.parts)
        bench.file = bench.case.changed(parts=parts)
        return step

    return spoil


def bundled(**changes: Any) -> Spoil:
    """What holds the parts together says something else."""

    def spoil(bench: Bench, step: Step) -> Step:
        assert bench.case.bundle is not None
        bench.file = bench.case.changed(bundle=replace(bench.case.bundle, **changes))
        return step

    return spoil


def bonded(**changes: Any) -> Spoil:
    """The case is a child."""
    return filed(bond=replace(BOND, **changes))


def listed(change: Callable[[dict[str, Any]], None]) -> Spoil:
    """The list with the theme says something else too; the act is made anew."""

    def spoil(bench: Bench, step: Step) -> Step:
        themed(bench, change)
        return step

    return spoil


def with_parts(**changes: Any) -> Spoil:
    """The window tells other things of part A."""

    def spoil(bench: Bench, step: Step) -> Step:
        parts = [one | changes if one["part"] == "A" else one for one in step.body["parts"]]
        return step.saying(parts=parts)

    return spoil


def no_second(document: dict[str, Any]) -> None:
    """The window may not collect the second item."""
    for window in document["windows"]:
        window["may_collect"] = [code for code in window["may_collect"] if code != SECOND]


def nobody_to_ask(document: dict[str, Any]) -> None:
    """No department of the adviser is in the list."""
    document["queues"] = [queue for queue in document["queues"] if not queue["task_code"].startswith(ADVISER)]


def not_online(document: dict[str, Any]) -> None:
    """The first item is not offered online."""
    for item in document["items"]:
        if item["task_code"].startswith("11360102900001025R4000131012"):
            item["modes"] = ["PROXY_COLLECT"]


def singly_at_collector(bench: Bench, step: Step) -> Step:
    """The results would be fetched one by one at a window that only collects; the theme's exit is another (F09)."""

    def change(document: dict[str, Any]) -> None:
        hall, here = (node.rsplit("/", 1)[1] for node in (OTHER_WINDOW, WINDOW))
        made = document["themes"][0]["plan"]
        made["windows"], made["exit_node"] = sorted([*made["windows"], hall]), hall
        next(window for window in document["windows"] if window["node"] == here)["powers"] = ["COLLECT"]

    themed(bench, change)
    return step.saying(partial_delivery=True, delivery="COUNTER_COLLECT")


def family(**changes: Any) -> Spoil:
    """Another sealing of the whole."""
    return lambda bench, step: step.saying(manifest=bench.store(family_manifest(bench, **changes)))


def foreign_line(bench: Bench, step: Step) -> Step:
    """A line that is no part's."""
    made = family_manifest(bench)
    extra = replace(made.lines[0], line="X-99", material="X-99")
    return step.saying(manifest=bench.store(replace(made, lines=(*made.lines, extra))))


def portal_saw(bench: Bench, step: Step) -> Step:
    """A portal says that it saw originals."""
    bench.register.records[PORTAL] = replace(record(PORTAL, roles={"portal"}), public_prefix=PREFIX)

    def change(document: dict[str, Any]) -> None:
        list_portal(document)
        for window in document["windows"]:
            if window["kind"] == "PORTAL":
                window["may_collect"] = sorted({one["task_code"] for one in step.body["parts"]})

    themed(bench, change, windows=["chongqing-jiangjin-hall", "jiangxi-portal"])
    return by_portal(
        step, order=DIGEST, partial_delivery=True, parts=[one | {"mode": "ONLINE"} for one in step.body["parts"]]
    )


def as_child(**changes: Any) -> Spoil:
    """The seal of a part, where its parent is not to be found."""

    def spoil(bench: Bench, step: Step) -> Step:
        themed(bench)
        bench.kin = {}
        return seal_child(bench).saying(**changes)

    return spoil


def child_again(bench: Bench, step: Step) -> Step:
    """A case that is there already is called a part."""
    themed(bench)
    return seal_child(bench).saying(public_no=public_number(PREFIX, 1))


def sibling_brought(bench: Bench, step: Step) -> Step:
    """The same paper was brought to another part meanwhile."""
    parent = Bench()
    themed(parent)
    parent.do(seal_parent(parent))
    material = "M05"
    bond = replace(BOND, serves=(("SHARED", material),))
    added = manifest("addendum", case=CASES["B"], materials=("M02",))
    kept = Sealing("addendum", 1, bench.store(added), "key", "version", DEPARTMENT)
    other = replace(
        bench.case, case=CASES["B"], sealings=(kept,), bond=replace(bond, part="B", serves=(("SHARED", "M02"),))
    )
    bench.file = bench.case.changed(bond=replace(bond, after=("X",)))
    parts = (
        PartFile("A", CASE, "", "", "", "APPROVAL", (), "", 1),
        PartFile("B", CASES["B"], "", "", "", "APPROVAL", (), "", 1),
    )
    bench.kin = {PARENT: replace(parent.case, case=PARENT, parts=parts), CASES["B"]: other, CASE: bench.case}
    return step.saying(lines=[{"material": material, "defect": "MISSING"}])


def noticed(bench: Bench, step: Step) -> Step:
    """The one notice was given."""
    made = Notice("c" * 64, bench.case.recorded_at, (("A-M02", "EXPIRED"),), "2026-03-12")
    bench.file = bench.case.changed(notices=(made,))
    return step


def by_coordinator(bench: Bench, step: Step) -> Step:
    """The coordinator gives the notice before the lead's day has passed."""
    return replace(step, node=COORDINATOR, role="COORDINATOR")


def second_role(bench: Bench, step: Step) -> Step:
    """A decider alone."""
    return replace(step, role="DECIDER")


def papers(**changes: Any) -> Spoil:
    """The originals of the case are such as several parts need."""

    def spoil(bench: Bench, step: Step) -> Step:
        shared = {"onward": (("B", "MAIL_FOR_ARCHIVE"),)} | changes
        bench.file = bench.case.changed(originals=tuple(replace(one, **shared) for one in bench.case.originals))
        return step

    return spoil


def nobody_asked(bench: Bench, step: Step) -> Step:
    """No other part asked for it."""
    assert bench.case.bond is not None
    parent = Bench()
    themed(parent)
    parent.do(seal_parent(parent))
    bench.kin = {bench.case.bond.parent: replace(parent.case, case=PARENT, parts=()), CASE: bench.case}
    return step


def gathered_already(bench: Bench, step: Step) -> Step:
    """The results of the whole lie at the one exit."""
    bench.file = bench.case.changed(bond=BOND)
    bench.kin = {PARENT: bench.case.changed(state=State.P_DELIVERING)}
    return step


MADE_UP: list[tuple[str, Spoil]] = [
    ("P1C", bonded(after=("X",))),
    ("P1C", both(bonded(after=("X",), blocked=True), says(granted=[{"part": "Y", "evidence": DIGEST}]))),
    ("P6S", bonded(after=("X",))),
    ("P6S", both(bonded(after=("X",), blocked=True), says(part="Y"))),
    ("P6H", bonded(held=True)),
    ("P6R", bonded(held=False)),
    ("P2H", says(node=WINDOW)),
    ("P2H", filed(helpers=(OTHER_WINDOW,))),
    ("P5T", papers(onward=())),
    ("P5T", papers(state="IN_CARRIER", holder="carrier:EMS")),
    ("P5T", says(part="D")),
    ("P5T", papers(turn="B", to=OTHER_DEPARTMENT)),
    ("P5K", says(part="B")),
    ("P5K", papers(over="KEPT")),
    ("P5F", papers(over="FREE")),
    ("P5F", says(parts=[{"part": "A", "evidence": DIGEST}])),
    ("P5S", says(line="A-M03")),
    ("P5S", says(finding="WHOLE")),
    ("P5S", bonded(elsewhere=("A-M02",), shown=(("A-M02", "SHOWN", DIGEST),))),
    ("P2S", bonded(answer="LACKS", lacks=(("M03", "EXPIRED"),))),
    ("P2S", bonded(answer="OK")),
    ("P8E", bonded(together=False)),
    ("P8E", bonded(exit_open=True)),
    ("P8T", bonded(together=False, exit_open=True)),
    ("P8T", bonded()),
    ("P8T", both(bonded(exit_open=True), filed(result=ResultPaper("RECALLED", DEPARTMENT, "2026-03-02")))),
]
"""What the hub says of kin, with no other case known, and the case's own leaves do not bear out (promise 4)."""


def _owed(row: str) -> list[Scenario]:
    code = "KIN_NOT_OWED"
    spoils = {"P13L": silent_opinion, "P1": says(evidence=[DIGEST]), "P2O": changed_parts(supplement="AWAITED")}
    spoil = spoils.get(row, nothing_new if row in ALONE else kin_known)
    return [Scenario(row, "stated_as_owed", code, spoil)]


def _declared(row: str, written: bool = True) -> list[Scenario]:
    made = [Scenario(row, "applicant_ordered", "BODY_MEMBER", says(order=DIGEST))]
    if written:
        made.append(Scenario(row, "withdrawal_written", "DECLARATION_MISSING", says(identity_checked=None)))
    return made


PARENTS = [
    *(scenario for row in sorted(HUB_ROWS) for scenario in _owed(row)),
    *(Scenario(row, "stated_as_owed", "KIN_NOT_OWED", spoil, killer=False) for row, spoil in MADE_UP),
    *(Scenario(row, "not_gathered", "RESULT_GATHERED", gathered_already) for row in ("D10", "D11R", "T32R")),
    *(Scenario("P14", "fee_split", "BODY_MEMBER", says(**wrong)) for wrong in NO_FEES),
    *(Scenario("P14", "fee_split", "FEE_NUMBER", says(pay_no=told)) for told in ("a b", "ZHANG-SAN-1", "13800000000")),
    Scenario("P14", "fee_split", "FEE_SUM", says(total=2001)),
    Scenario("P14", "fee_split", "FEE_PART", says(shares=[{"part": "Z", "fen": 2000}])),
    Scenario("P14", "fee_split", "FEE_PART", says(shares=[{"part": "Q", "fen": 2000}])),
    Scenario("P14", "fee_split", "FEE_PART", says(shares=[{"part": "A", "fen": 1000}, {"part": "A", "fen": 1000}])),
    Scenario("P14", "fee_listed", "FEE_NOT_LISTED", says(shares=[{"part": "D", "fen": 2000}])),
    Scenario("P14", "fee_once", "FEE_STATE", says(state="REFUNDED")),
    Scenario("P14", "fee_once", "FEE_STATE", says(state="FREE")),
    Scenario("P14", "fee_once", "FEE_STATE", after("P14")),
    Scenario("P14", "fee_once", "FEE_TOLD", after("P14", then=says(state="REFUNDED", pay_no="36010226000002"))),
    Scenario("P2W", "helper_admissible", "HELPER_NOT_WINDOW", says(node=DEPARTMENT)),
    Scenario("P2W", "helper_admissible", "HELPER_ALREADY", filed(helpers=(OTHER_WINDOW,))),
    Scenario("P5A", "addendum_sealed", "MANIFEST_REVISION", sealed("addendum", materials=("M05",), revision=2)),
    Scenario("P5A", "addendum_sealed", "MANIFEST_MISMATCH", sealed("application", materials=("M05",))),
    Scenario("P5A", "brought_for_kin", "NO_PARENT", filed(bond=None)),
    Scenario("P5A", "brought_for_kin", "NOT_DEMANDED", bonded(serves=(("A-M04", "M04"),))),
    Scenario("P5A", "brought_for_kin", "NOT_DEMANDED", nobody_asked),
    Scenario("P5A", "ways_lawful", "TRUST_WRONG", line("M05", trust="A")),
    Scenario("P5A", "supplement_signed", "DECLARATION_MISSING", says(applicant_signed=None)),
    Scenario("P5A", "applicant_ordered", "BODY_MEMBER", says(order=DIGEST)),
    Scenario("P5A", "no_original_seen", "ORIGINAL_NOT_SEEN", at_portal(original_seen)),
    *verification("P5A", "M05"),
    Scenario("O3", "parcel_goes_right", "NOT_ITS_TURN", papers(to=OTHER_DEPARTMENT)),
    Scenario(
        "O3",
        "parcel_goes_right",
        "NOT_ITS_TURN",
        both(papers(to=OTHER_DEPARTMENT), says(kind="ONWARD", receiver=THIRD_DEPARTMENT)),
    ),
    Scenario("O3", "parcel_goes_right", "NOT_ITS_TURN", both(papers(), says(kind="ONWARD"))),
    Scenario("E08", "offered_right", "NOT_ITS_TURN", papers(to=OTHER_DEPARTMENT)),
    Scenario("E08T", "fetched_as_offered", "NOT_ITS_TURN", papers(to=OTHER_DEPARTMENT)),
    Scenario("O13", "may_be_filed", "ITEM_NOT_HERE", papers(to=OTHER_DEPARTMENT)),
    Scenario("O14", "returned_by_law", "ORIGINAL_KEPT", papers()),
    Scenario("P1S", "parts_told", "PARENT_PARTS", with_parts(case=CASE)),
    Scenario("P1S", "parts_told", "PARENT_PARTS", with_parts(task_code=SECOND), killer=False),
    Scenario("P1S", "modes_lawful", "PART_MODE", both(listed(not_online), with_parts(mode="ONLINE"))),
    Scenario("P1S", "parts_collectable", "ITEM_NOT_COLLECTABLE", listed(no_second)),
    Scenario("P1S", "parts_told", "PARENT_DIFFERS", says(region="360400000000")),
    Scenario("P1S", "opinions_askable", "PART_DEPARTMENT", listed(nobody_to_ask)),
    Scenario("P1S", "public_number_valid", "PUBLIC_NUMBER_CHECK", says(public_no="123456789012")),
    Scenario("P1S", "sealed_once", "MANIFEST_MISMATCH", family(case=PARENT)),
    Scenario("P1S", "sealed_once", "MANIFEST_MISMATCH", family(task_code=SUSPENDED_TASK)),
    Scenario("P1S", "sealed_once", "MANIFEST_MISMATCH", family(catalogue="2026.01-1")),
    Scenario("P1S", "sealed_once", "MANIFEST_REVISION", family(revision=2)),
    Scenario("P1S", "sealed_once", "MATERIAL_NOT_LISTED", foreign_line),
    Scenario("P1S", "declarations_given", "DECLARATION_MISSING", says(no_classified=None)),
    Scenario("P1S", "one_key_one_choice", "DELIVERY_UNKNOWN", says(delivery="PIGEON")),
    Scenario("P1S", "one_key_one_choice", "WINDOW_NOT_ISSUING", singly_at_collector),
    Scenario("P1S", "no_original_seen", "ORIGINAL_NOT_SEEN", portal_saw),
    *_declared("P1S", written=False),
    Scenario("P2", "merge_in_turn", "SECOND_NOTICE", noticed),
    Scenario(
        "P2", "merge_in_turn", "MERGE_NOT_DUE", lambda bench, step: replace(step, node=COORDINATOR, role="COORDINATOR")
    ),
    Scenario("P2", "merge_in_turn", "NOT_YOUR_CASE", lambda bench, step: replace(step, role="COORDINATOR")),
    Scenario("P2", "merge_ripe", "ANSWERS_OPEN", part_b(answer="")),
    Scenario("P2", "merged_whole", "NOTICE_DIFFERS", says(lines=[{"material": "A-M03", "defect": "EXPIRED"}])),
    Scenario("P2", "merged_whole", "SUPPLEMENT_METHOD", says(methods=["PIGEON"])),
    Scenario("P2", "words_sealed", "MANIFEST_MISMATCH", sealed("notice")),
    Scenario("P4", "head_extends", "SECOND_PERSON_MISSING", second_role),
    Scenario("P4", "notice_sealed", "MANIFEST_MISMATCH", sealed("notice")),
    Scenario("P4", "joint_extension_lawful", "REASON_UNKNOWN", says(reason="WISH")),
    Scenario("P4", "joint_extension_lawful", "CLOCK_EXTENSION_TOO_LONG", bundled(extension=10)),
    Scenario("P4", "joint_extension_lawful", "CLOCK_EXTENSION_TOO_LONG", says(days=16), killer=False),
    Scenario("P6G", "applicant_asked", "NOT_ASKED", bundled(asked="")),
    *_declared("P6G"),
    Scenario("P8", "results_here", "RESULTS_MISSING", says(results=[{"part": "A", "manifest": DIGEST}])),
    Scenario("P8P", "parcel_possible", "DELIVERY_NOT_POST", filed(delivery="COUNTER_COLLECT")),
    Scenario(
        "P8P", "result_ready", "RESULT_NOT_READY", filed(result=ResultPaper("AT_COUNTER", DEPARTMENT, "2026-03-02"))
    ),
    Scenario("P8O", "results_opened", "DELIVERY_NOT_ELECTRONIC", filed(delivery="POST")),
    Scenario("P8O", "results_opened", "RESULTS_MISSING", says(results=[{"part": "A", "manifest": DIGEST}])),
    Scenario("P8D", "proof_enough", "PROOF_DIFFERS", says(proof_level=4)),
    Scenario("P10", "nothing_decided", "PART_DECIDED", changed_parts(state="DECIDED")),
    *_declared("P10"),
    Scenario("P10U", "something_left", "NOTHING_LEFT", bundled(withdrawn=DIGEST)),
    Scenario("P10U", "something_left", "NOTHING_LEFT", changed_parts(state="DECIDED"), killer=False),
    *_declared("P10U"),
    Scenario("P13O", "opinion_asked", "ANSWER_UNKNOWN", says(answer="PERHAPS")),
    Scenario("P37", "ready_for_archive", "PACKAGE_UNKNOWN", says(package="1" * 64)),
    Scenario(
        "P2A", "responsible_acts", "NOT_RESPONSIBLE", both(posted, filed(responsible=f"{DEPARTMENT}/person/SOMEBODY"))
    ),
    Scenario("P2A", "answer_due", "ANSWERED_ALREADY", bonded(answer="OK")),
    Scenario("P2A", "answer_due", "ANSWERED_ALREADY", noticed),
    Scenario("P2A", "answer_whole", "ANSWER_UNKNOWN", says(answer="PERHAPS")),
    Scenario("P2A", "answer_whole", "BODY_MEMBER", says(answer="OK")),
    Scenario("P2A", "answer_whole", "ALREADY_HELD", says(lines=[{"material": "M02", "defect": "MISSING"}])),
    Scenario("T05", "bound_to_parent", "PARENT_UNKNOWN", as_child()),
    Scenario("T05R", "bound_to_parent", "BODY_MEMBER", child_again),
    Scenario("T08", "part_released", "PART_BLOCKED", bonded(blocked=True)),
    Scenario("T09", "part_released", "PART_BLOCKED", bonded(blocked=True)),
    Scenario("T16", "notice_merged", "NOTICE_MERGED", bonded(answer="OK")),
    Scenario("T16", "held_by_kin", "ALREADY_HELD", sibling_brought),
    Scenario("T31", "part_not_held", "PART_HELD", bonded(held=True)),
    Scenario("T38", "rated_as_whole", "RATE_THE_PARENT", bonded()),
    *(Scenario(row, "exit_is_one", "EXIT_ONE", bonded()) for row in ("D1", "D2C", "D2", "D3", "D4")),
]

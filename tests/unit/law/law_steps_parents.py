"""The acts of parents and children on the table (states.md 8): a theme of three parts and an opinion, and a child.

The parent of these paths is the bench's case; so is the child, whose parent stands elsewhere. ``Bench.kin`` is None:
each is judged by its own chain alone. Families that know each other: ``law_family``.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from crypto.manifest import Line, Manifest, Page
from hub.casework.casefile import CaseFile
from hub.casework.catalogue.model import Catalogue
from hub.casework.numbers import public_number
from hub.casework.parents import look, plan
from hub.casework.parents.share import form_line
from tests.unit.law.law_people import (
    CASE,
    CATALOGUE,
    COORDINATOR,
    DEPARTMENT,
    OTHER_DEPARTMENT,
    OTHER_WINDOW,
    PREFIX,
    REGION,
    TASK,
    THIRD_DEPARTMENT,
    WINDOW,
    Step,
    catalogue,
    manifest,
)

if TYPE_CHECKING:
    from tests.unit.law.law_world import Bench

DIGEST, NOTICE = "0" * 64, "b" * 64
PARENT = "d1" * 16
SECOND, THIRD = "1136040390000403124000131001011", "11360102900001025R4000131001001"
ADVISER = "11360702900007021P"
"""Body of the department that is asked for an opinion."""
PLACES = {"A": (TASK, REGION), "B": (SECOND, "360403000000"), "D": (THIRD, REGION)}
CASES = {"A": "a1" * 16, "B": "b1" * 16, "D": "d2" * 16}
AFTER = {"A": [], "B": [], "D": ["A"]}
THEME = "JJ-1-08"


def theme(document: dict[str, Any], **changes: Any) -> None:
    """A live theme in the list: A leads, B beside it, D after A, and Q an opinion."""
    items = {item["task_code"]: item for item in document["items"]}
    bodies = {part: items[task]["implementing_body"] for part, (task, _) in PLACES.items()}
    materials = [
        {"code": f"{part}-{material['code']}", "name": f"{part} {material['name']}", "serves": {part: material["code"]}}
        for part, (task, _) in PLACES.items()
        for material in items[task]["materials"]
    ]

    def part(code: str, task: str, body: str, kind: str, days: int) -> dict[str, Any]:
        limit = {"n": days, "unit": "WORKING_DAY"}
        after = AFTER.get(code, [])
        return {
            "code": code, "task_code": task, "department": body, "kind": kind, "core": code == "A", "after": after,
            "limit": limit,
        }  # fmt: skip

    codes = {name: body["credit_code"] for name, body in bodies.items()}
    parts = [part(name, task, codes[name], "APPROVAL", 5) for name, (task, _) in PLACES.items()]
    made = {
        "version": "1", "parts": [*parts, part("Q", "", ADVISER, "CONSULTATION", 3)], "materials": materials,
        "form": [{"code": "F01", "label": "字号", "maps": {"A": "name"}}], "conditions": "有固定场所",
        "procedure": "先许可，后登记", "promised_limit": {"n": 20, "unit": "WORKING_DAY"},
        "failure_policy": "ALL_OR_NOTHING", "accept_together": True, "exit_node": "chongqing-jiangjin-hall",
        "windows": ["chongqing-jiangjin-hall"],
    }  # fmt: skip
    units = sorted({codes["B"], ADVISER})
    names = {codes["A"]: "甲局", codes["B"]: "乙局", ADVISER: "丙局"}
    document["departments"] = [
        {"code": code, "name": name, "region": REGION, "aliases": []} for code, name in names.items()
    ]
    document["themes"] = [
        {
            "code": THEME, "name": "我要开便利店", "status": "LIVE", "applicant": "LEGAL_PERSON",
            "lists": [{"list": "第一批", "seq": 8}], "lead": codes["A"], "cooperating": units, "rating": True,
            "plan": made | changes,
        }
    ]  # fmt: skip
    for window in document["windows"]:
        if window["node"] == "chongqing-jiangjin-hall":
            window["may_collect"] = sorted({*window["may_collect"], *(task for task, _ in PLACES.values())})


def themed(bench: "Bench", change: Callable[[dict[str, Any]], None] | None = None, **changes: Any) -> None:
    """The list has the theme, and whatever ``change`` makes of the list."""

    def changed(document: dict[str, Any]) -> None:
        theme(document, **changes)
        if change is not None:
            change(document)

    bench.catalogue = catalogue(changed)


@cache
def _listed() -> Catalogue:
    """The list with the theme, where the bench has another one."""
    return catalogue(theme)


def family_manifest(bench: "Bench", case: str = CASE, **changes: Any) -> Manifest:
    """The one sealing: every material of every part, a form for each, the address."""
    codes = [
        f"{part}-{material.code}"
        for part, (task, _) in PLACES.items()
        for material in bench.catalogue.item(task).materials
    ]
    names = [*codes, *(form_line(part) for part in PLACES), "ADDRESS"]
    lines = tuple(Line(name, name.partition("@")[0], "SUBMIT", "B", "SEEN_RETURNED", (Page(1, ()),)) for name in names)
    made = manifest("application", case=case, task_code=THEME)
    return replace(made, **({"lines": lines} | changes))


def seal_parent(bench: "Bench", **changes: Any) -> Step:
    """P1S: all three parts."""
    parts = [
        {"part": part, "case": CASES[part], "task_code": task, "region": region, "mode": "PROXY_COLLECT",
         "after": AFTER[part]}
        for part, (task, region) in PLACES.items()
    ]  # fmt: skip
    body = {
        "theme": THEME, "catalogue": CATALOGUE.version, "region": REGION,
        "manifest": bench.store(family_manifest(bench)), "public_no": public_number(PREFIX, 7),
        "applicant_key": {"suite": "X25519", "public": "CQ" * 21 + "k="}, "delivery": "POST",
        "partial_delivery": False, "parts": parts, "no_classified": True, "applicant_signed": True,
        "privacy_notice": True,
    }  # fmt: skip
    return Step("seal_parent", WINDOW, "COLLECTOR", body | changes)


def seal_child(bench: "Bench", part: str = "A", **changes: Any) -> Step:
    """T05 of a part: the bench's case is the child of ``PARENT``."""
    task, region = PLACES[part]
    told = seal_parent(bench).body
    listed = bench.catalogue if THEME in bench.catalogue.themes else _listed()
    body = plan.bond(told, PARENT, part, listed) | {
        "task_code": task, "region": region, "catalogue": CATALOGUE.version,
        "manifest": bench.store(family_manifest(bench, PARENT)), "public_no": public_number(PREFIX, 8),
        "applicant_key": told["applicant_key"], "delivery": "POST", "no_classified": True, "applicant_signed": True,
        "privacy_notice": True,
    }  # fmt: skip
    return Step("seal", WINDOW, "COLLECTOR", body | changes)


def waiting_child(bench: "Bench") -> Step:
    """T05 of a part that another one comes before."""
    step = seal_child(bench)
    return step.saying(bond=step.body["bond"] | {"after": ["X"]})


def sharing_child(bench: "Bench") -> Step:
    """T05 of a part that keeps an original which part B needs after it."""
    step = seal_child(bench)
    made = family_manifest(bench, PARENT)
    lines = tuple(replace(line, original="HELD") if line.line == "A-M02" else line for line in made.lines)
    onward = [{"line": "A-M02", "part": "B", "policy": "MAIL_FOR_ARCHIVE"}]
    return step.saying(manifest=bench.store(replace(made, lines=lines)), bond=step.body["bond"] | {"onward": onward})


def shared_part(bench: "Bench") -> Step:
    """P5A: what another part asked for is there for this one too."""
    body = {"manifest": bench.addendum(("M05",)), "materials": ["M05"], "applicant_signed": True}
    return kin(Step("part_shared", WINDOW, "COLLECTOR", body))


def lent_child(bench: "Bench") -> Step:
    """T05 of a part that needs an original which another part keeps."""
    step = seal_child(bench)
    return step.saying(bond=step.body["bond"] | {"elsewhere": ["A-M02"]})


def child_lines(bench: "Bench") -> tuple[str, ...]:
    """Lines of the sealing that part A may open."""
    codes = [material.code for material in bench.catalogue.item(TASK).materials]
    return (*(f"A-{code}" for code in codes), form_line("A"), "ADDRESS")


def kin(step: Step) -> Step:
    """On the side chain for news of kin."""
    return replace(step, chain="kin")


def charged(bench: "Bench") -> None:
    """The theme, with a fee for the items of A and B, and none for D's."""

    def change(document: dict[str, Any]) -> None:
        for item in document["items"]:
            if item["task_code"] in (TASK, SECOND):
                item["fees"] = "每件收取工本费"
                item["rule_groups"]["fees"] = "每件收取工本费"

    themed(bench, change)


def fee(bench: "Bench", **changes: Any) -> Step:
    """P14: twelve yuan for A and eight for B, paid at once."""
    shares = [{"part": "A", "fen": 1200}, {"part": "B", "fen": 800}]
    body = {"pay_no": "36010226000001", "state": "PAID", "total": 2000, "shares": shares}
    return Step("fee_told", WINDOW, "COLLECTOR", body | changes, chain="delivery")


def by_hub(event: str, **body: Any) -> Step:
    """What the hub states."""
    return Step(event, "spiffe://yidi.test/360000000000/hub", "hub", body, person=False)


def reported(part: str, state: str, node: str = "", **more: Any) -> Callable[["Bench"], Step]:
    """P1R: what became of a part, now."""

    def step(bench: "Bench") -> Step:
        at = f"{bench.now:%Y-%m-%dT%H:%M:%S}.000+08:00"
        told = {"node": node, "effective_at": at if state == "UNDER_REVIEW" else ""} | more
        said = {name: value for name, value in told.items() if value}
        return kin(by_hub("child_reported", part=part, case=CASES[part], state=state, at=at, evidence=DIGEST, **said))

    return step


def merged(bench: "Bench") -> Step:
    """P2: what the parts lack, ten days ahead."""
    due = (bench.now.date() + timedelta(days=10)).isoformat()
    lacks = plan.merged_lacks(bench.file) if bench.file else ()
    lines = [{"material": line, "defect": defect} for line, defect in lacks] or [{"material": "X", "defect": "MISSING"}]
    node = (bench.file.accepting_node if bench.file else "") or DEPARTMENT
    return Step("merged_notice", node, "ACCEPTOR", {"lines": lines, "due": due, "methods": ["WINDOW"]})


def extension(bench: "Bench") -> Step:
    """P4: fifteen days, by the head."""
    words = bench.store(manifest("notice", task_code=THEME, materials=("NOTICE",)))
    body = {"days": 15, "reason": "COMPLEX", "manifest": words}
    return Step("extend_parent", DEPARTMENT, "HEAD", body)


def opinion(bench: "Bench", event: str = "part_opinion") -> Step:
    """P13O: what the department says that was asked."""
    asked = bench.file.consultations[-1].digest if bench.file and bench.file.consultations else DIGEST
    return kin(Step(event, THIRD_DEPARTMENT, "REVIEWER", {"consult": asked, "answer": "AGREE"}))


def silent_part(bench: "Bench") -> Step:
    """P13L."""
    found = bench.file.consultations[-1] if bench.file and bench.file.consultations else None
    return kin(by_hub("part_silent", consult=found.digest if found else DIGEST, due=found.until if found else ""))


def nobody_to_ask(bench: "Bench") -> None:
    """The adviser's department leaves the registry; one that a case is with stays until the case went on."""
    if bench.file is None or THIRD_DEPARTMENT not in bench.file.parties():
        bench.register.records.pop(THIRD_DEPARTMENT, None)


def unasked(bench: "Bench") -> Step:
    """P13N."""
    part = look.part_of(bench.file, "Q") if bench.file else None
    ready = bench.file is not None and part is not None and "K1" in bench.file.clocks
    due = look.unasked_until(bench.case, part, bench.world()) if ready and part else ""
    return kin(by_hub("part_unasked", part="Q", due=due))


def consult(bench: "Bench") -> Step:
    """P13."""
    until = bench.calendar.add_working_days(bench.now.date(), 3).date.isoformat()
    return kin(by_hub("consult_part", part="Q", node=THIRD_DEPARTMENT, until=until))


def hold_over(bench: "Bench") -> Step:
    """P6L."""
    made = bench.file.bundle if bench.file else None
    due = look.hold_until(bench.case, bench.world()) if made is not None and made.asked_at else ""
    return kin(by_hub("hold_over", due=due))


def at_window(event: str, **body: Any) -> Step:
    """What the applicant says in writing at the window."""
    return Step(event, WINDOW, "COLLECTOR", {"identity_checked": True, "paper": DIGEST} | body)


def gathered(bench: "Bench") -> Step:
    """P8."""
    parts = bench.file.parts if bench.file else ()
    results = [{"part": part.part, "manifest": NOTICE} for part in parts if look.decided(part)]
    return Step("results_gathered", WINDOW, "COLLECTOR", {"results": results})


def notice_arrives(bench: "Bench") -> Step:
    """P2S: ten days ahead."""
    due = (bench.now.date() + timedelta(days=10)).isoformat()
    lines = [{"material": "M02", "defect": "EXPIRED"}]
    return by_hub("merged_supplement", lines=lines, evidence=DIGEST, due=due)


def effective(bench: "Bench") -> str:
    """P3: from when the whole counts as accepted."""
    file: CaseFile | None = bench.file
    return look.accepted_at(file) if file is not None and file.bundle else ""


def exit_proof(bench: "Bench") -> Step:
    """P8D."""
    return by_hub("delivered_proven", parcel="P1", proof_level=3, evidence=bench.evidence())


STEPS: dict[str, Callable[["Bench"], Step]] = {
    "P1S": seal_parent,
    "P1S:partial": lambda bench: seal_parent(bench, partial_delivery=True),
    "P1R": reported("A", "COLLECTED"),
    "P1R:B0": reported("B", "COLLECTED"),
    "P1R:D0": reported("D", "COLLECTED"),
    "P1R:A1": reported("A", "PENDING_ACCEPT", DEPARTMENT),
    "P1R:B1": reported("B", "PENDING_ACCEPT", OTHER_DEPARTMENT),
    "P1R:Alacks": reported(
        "A", "PENDING_ACCEPT", DEPARTMENT, answer="LACKS", lacks=[{"material": "A-M02", "defect": "EXPIRED"}]
    ),
    "P1R:Bok": reported("B", "PENDING_ACCEPT", OTHER_DEPARTMENT, answer="OK"),
    "P1R:Asupplement": reported("A", "SUPPLEMENT", DEPARTMENT, answer="LACKS"),
    "P1R:Aaccepted": reported("A", "UNDER_REVIEW", DEPARTMENT),
    "P1R:Baccepted": reported("B", "UNDER_REVIEW", OTHER_DEPARTMENT),
    "P1R:Asuspended": reported("A", "SUSPENDED", DEPARTMENT, notice=NOTICE),
    "P1R:Adecided": reported("A", "DECIDED", DEPARTMENT, outcome="GRANT"),
    "P1R:Arefused": reported("A", "DECIDED", DEPARTMENT, outcome="REFUSE"),
    "P1R:Bdecided": reported("B", "DECIDED", OTHER_DEPARTMENT, outcome="GRANT"),
    "P1R:Ddecided": reported("D", "DECIDED", DEPARTMENT, outcome="GRANT"),
    "P1R:Aended": reported("A", "NOT_ACCEPTED", DEPARTMENT),
    "P1R:Bended": reported("B", "NOT_ACCEPTED", OTHER_DEPARTMENT),
    "P1R:Dended": reported("D", "TERMINATED"),
    "P1R:Aclosed": reported("A", "CLOSED", DEPARTMENT, outcome="GRANT"),
    "P1R:Bclosed": reported("B", "CLOSED", OTHER_DEPARTMENT, outcome="GRANT"),
    "P1R:Dclosed": reported("D", "CLOSED", DEPARTMENT, outcome="GRANT"),
    "P1": lambda bench: by_hub("dispatch", evidence=[DIGEST] * len(PLACES)),
    "P2": merged,
    "P2:coordinator": lambda bench: replace(merged(bench), node=COORDINATOR, role="COORDINATOR"),
    "P2O": lambda bench: by_hub("supplement_over"),
    "P3": lambda bench: by_hub("parent_accepted", effective_at=effective(bench)),
    "P4": extension,
    "P6": lambda bench: kin(by_hub("ask_applicant", part="A")),
    "P6G": lambda bench: at_window("go_on_in_part"),
    "P6L": hold_over,
    "P7": lambda bench: by_hub("conclude"),
    "P7F": lambda bench: by_hub("parent_failed"),
    "P8": gathered,
    "P8S": lambda bench: by_hub("deliver_singly"),
    "P8C": lambda bench: by_hub("parent_closed"),
    "P8P": lambda bench: Step(
        "post", WINDOW, "COLLECTOR", {"parcel": "P1", "gateway": "spiffe://yidi.test/360000000000/ems-gateway"}
    ),
    "P8O": lambda bench: Step(
        "e_opened", WINDOW, "window", {"results": gathered(bench).body["results"]}, chain="delivery", person=False
    ),
    "D1:electronic": lambda bench: Step(
        "choose_delivery", WINDOW, "COLLECTOR", {"delivery": "ELECTRONIC", "paper": DIGEST}, chain="delivery"
    ),
    "P8D": exit_proof,
    "P8D:event": lambda bench: bench.event(3),
    "P10": lambda bench: at_window("withdraw_parent"),
    "P10U": lambda bench: at_window("withdraw_undecided"),
    "P13": consult,
    "P14": fee,
    "P13O": opinion,
    "P13L": silent_part,
    "P13N": unasked,
    "T37P:parent": lambda bench: Step(
        "archive_package", WINDOW, "COLLECTOR", {"package": DIGEST}, chain="delivery"
    ),
    "P37": lambda bench: by_hub("archive", package=DIGEST),
    "T05:child": seal_child,
    "T05:waiting": waiting_child,
    "P2W": lambda bench: replace(by_hub("admit", node=OTHER_WINDOW, basis="CHECK_CODE"), chain="access"),
    "P2H": lambda bench: replace(by_hub("admit_with_parent", node=OTHER_WINDOW, evidence=DIGEST), chain="access"),
    "P5A": shared_part,
    "T05:sharing": sharing_child,
    "T05:lent": lent_child,
    "P5T": lambda bench: kin(by_hub("paper_turn", item="A-M02", part="B", node=OTHER_DEPARTMENT, evidence=DIGEST)),
    "P5K": lambda bench: kin(by_hub("paper_kept", item="A-M02", part="A", evidence=DIGEST)),
    "P5F": lambda bench: kin(
        by_hub("paper_free", item="A-M02", parts=[{"part": part, "evidence": DIGEST} for part in ("A", "B")])
    ),
    "P5S": lambda bench: kin(by_hub("paper_shown", line="A-M02", finding="SHOWN", evidence=DIGEST)),
    "W1:child": lambda bench: bench.wrap(DEPARTMENT, child_lines(bench)),
    "P1C": lambda bench: kin(by_hub("release", granted=[{"part": "X", "evidence": DIGEST}])),
    "P1C:entry": lambda bench: kin(by_hub("release", granted=[])),
    "P2A": lambda bench: kin(
        Step(
            "defects_answer", bench.accepting, "ACCEPTOR",
            {"answer": "LACKS", "lines": [{"material": "M02", "defect": "EXPIRED"}]},
        )
    ),
    "P2S": notice_arrives,
    "P6H": lambda bench: kin(by_hub("hold", evidence=DIGEST)),
    "P6R": lambda bench: kin(by_hub("go_on", evidence=DIGEST)),
    "P6S": lambda bench: by_hub("stop_part", part="X", evidence=DIGEST),
    "P8E": lambda bench: kin(by_hub("open_exit", evidence=DIGEST)),
    "P8T": lambda bench: by_hub("delivered_together", evidence=DIGEST),
    "P10C": lambda bench: by_hub("withdrawn_with_parent", evidence=DIGEST),
    "P11": lambda bench: kin(by_hub("inherit_rating", evidence=DIGEST, scores={"process": 1, "staff": 1, "window": 1})),
}  # fmt: skip

_SEALED = ("theme", "P1S")
_STANDING = ("P1R", "P1R:B0", "P1R:D0")
_DISPATCHED = (*_SEALED, *_STANDING, "P1", "P13")
_GOING = (*_DISPATCHED, "P13O", "P1R:A1", "P1R:B1")
_ANSWERED = (*_GOING, "P1R:Alacks", "P1R:Bok")
_ACCEPTED = (*_GOING, "P1R:Aaccepted", "P1R:Baccepted")
_IN_PROGRESS = (*_ACCEPTED, "P3")
_REFUSED = (*_IN_PROGRESS, "P1R:Arefused")
_OVER = (*_IN_PROGRESS, "P1R:Adecided", "P1R:Bdecided", "P1R:Ddecided")
_GATHERED = (*_OVER, "P7", "P8")
_POSTED = (*_GATHERED, "W1:gateway", "P8P", "D4W", "P8D:event")
_PARTIAL = ("theme", "P1S:partial", *_OVER[2:], "P7")
_CHILD = ("theme", "T05:child")
_CHILD_PENDING = (*_CHILD, "P1C:entry", "W1:child", "T08", "T10")
PATHS: dict[str, tuple[str, ...]] = {
    "P1S": ("theme",),
    "P1R": _SEALED,
    "P1": (*_SEALED, *_STANDING),
    "P2": _ANSWERED,
    "P2O": (*_ANSWERED, "P2", "P1R:Asupplement", "P1R:A1"),
    "P3": _ACCEPTED,
    "P4": _IN_PROGRESS,
    "P6": _REFUSED,
    "P6G": (*_REFUSED, "P6"),
    "P6L": (*_REFUSED, "P6", "a fortnight"),
    "P7": _OVER,
    "P7F": (*_GOING, "P1R:Aended", "P1R:Bended", "P1R:Dended"),
    "P8": (*_OVER, "P7"),
    "P8S": _PARTIAL,
    "P8C": (*_PARTIAL, "P8S", "P1R:Aclosed", "P1R:Bclosed", "P1R:Dclosed"),
    "P8P": (*_GATHERED, "W1:gateway"),
    "P8O": (*_GATHERED, "D1:electronic"),
    "P8D": _POSTED,
    "P10": _GOING,
    "P10U": (*_IN_PROGRESS, "P1R:Adecided"),
    "P13": (*_SEALED, *_STANDING, "P1"),
    "P13O": _DISPATCHED,
    "P13L": (*_DISPATCHED, "a fortnight"),
    "P13N": (*_SEALED, *_STANDING, "adviser gone", "P1", "a fortnight"),
    "P14": ("charged", "P1S"),
    "P37": (*_POSTED, "P8D", "T37P:parent"),
    "P1C": ("theme", "T05:waiting"),
    "P2W": (*_ANSWERED, "P2"),
    "P2H": (*_CHILD_PENDING, "P2A", "P2S"),
    "P5A": _CHILD_PENDING,
    "P5T": ("theme", "T05:sharing"),
    "P5K": ("theme", "T05:sharing"),
    "P5F": ("theme", "T05:sharing"),
    "P5S": ("theme", "T05:lent"),
    "P2A": _CHILD_PENDING,
    "P2S": (*_CHILD_PENDING, "P2A"),
    "P6H": _CHILD_PENDING,
    "P6R": (*_CHILD_PENDING, "P6H"),
    "P6S": ("theme", "T05:waiting"),
    "P8E": (*_CHILD_PENDING, "T14", "T31"),
    "P8T": (*_CHILD_PENDING, "T14", "T31", "P8E", "T33"),
    "P10C": _CHILD_PENDING,
    "P11": (*_CHILD_PENDING, "T14", "T31"),
}


TURNS: dict[str, Callable[["Bench"], None]] = {"theme": themed, "charged": charged, "adviser gone": nobody_to_ask}

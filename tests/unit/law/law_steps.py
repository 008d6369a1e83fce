"""The act that each row of the law asks for, with nothing wrong in it, and the shortest way to where it is next.

``STEPS``: row id (``W1:gateway`` and the like: the same row with another recipient) to the act; ``TURNS``: what
happens around a case between two acts; ``PATHS``: row id to the names of both that lead up to it.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from hub.casework.numbers import public_number
from tests.unit.law import law_sharing as sharing
from tests.unit.law import law_steps_materials as materials
from tests.unit.law import law_steps_paper as on_paper
from tests.unit.law import law_steps_parents as parents
from tests.unit.law import law_steps_review as review
from tests.unit.law import law_steps_supervision as supervision
from tests.unit.law.law_people import (
    ALL_LINES,
    CATALOGUE,
    COORDINATOR,
    DEPARTMENT,
    GATEWAY,
    HUB,
    OTHER_DEPARTMENT,
    OTHER_WINDOW,
    PREFIX,
    REGION,
    TASK,
    THIRD_DEPARTMENT,
    WINDOW,
    Step,
    manifest,
)

if TYPE_CHECKING:
    from tests.unit.law.law_world import Bench

MAIN_PATH = ("T05", "W1", "T08", "T10", "T14", "T31", "T33", "W1:gateway", "D4", "D4W", "D5E", "T34")
DIGEST = "0" * 64
LACKS = ({"material": "M02", "defect": "UNREADABLE"}, {"material": "M05", "defect": "MISSING"})
"""What the first notice of the tests demands: one material that the case holds, one that it lacks."""
COMPETENT_BODY = TASK[:18]
_BASICS = {"task_code": TASK, "region": REGION, "catalogue": CATALOGUE.version}
_FORWARDED = MAIN_PATH[:3]
_PENDING = MAIN_PATH[:4]
_NOTICED = (*_PENDING, "T16")
_SUPPLEMENTED = (*_NOTICED, "T17", "W1:addendum", "T18")
_REROUTING = (*_PENDING, "T22")
PATHS: dict[str, tuple[str, ...]] = {name: MAIN_PATH[:place] for place, name in enumerate(MAIN_PATH)} | {
    "T03": (),
    "T04": ("T03",),
    "T05R": ("T03", "T04"),
    "T06": (),
    "T06R": ("T03", "T04"),
    "T07": (),
    "T07R": ("T03",),
    "T09": ("T05", "no queue"),
    "T10b": (*_FORWARDED, "two working days"),
    "T11": (*_FORWARDED, "an hour"),
    "T12": _FORWARDED,
    "T12E": (*_FORWARDED, "T12"),
    "T12R": (*_FORWARDED, "T12", "T12E:unsound", "stored again"),
    "T12D": (*_FORWARDED, "T12", "T12E:unsound"),
    "T15": (*_PENDING, "a fortnight"),
    "T16": _PENDING,
    "T17": _NOTICED,
    "T17E": _NOTICED,
    "T18": (*_NOTICED, "T17", "W1:addendum"),
    "T19": _SUPPLEMENTED,
    "T20": (*_NOTICED, "a month"),
    "T21": _PENDING,
    "T22": _PENDING,
    "T23": _REROUTING,
    "T23H": (*_REROUTING, "list agrees", "W1:proposed"),
    "T24": _REROUTING,
    "K11": (*_REROUTING, "two working days"),
    "A1": _NOTICED,
    "T35": MAIN_PATH[:5],
    "H02": _PENDING,
}


def seal(bench: "Bench") -> Step:
    """T05: the first application, or the next one of a case that is back at the window."""
    earlier = bench.file.sealing("application") if bench.file else None
    sealed = bench.application
    if earlier is not None and earlier.revision:
        sealed = bench.store(manifest("application", revision=earlier.revision + 1))
    body = _BASICS | {
        "manifest": sealed,
        "public_no": public_number(PREFIX, 1),
        "applicant_key": {"suite": "X25519", "public": "CQ" * 21 + "k="},
        "delivery": "POST",
        "no_classified": True,
        "applicant_signed": True,
        "privacy_notice": True,
    }
    return Step("seal", WINDOW, "COLLECTOR", body)


def window(event: str, **body: Any) -> Step:
    """An act of the collecting window's clerk."""
    return Step(event, WINDOW, "COLLECTOR", body)


def department(bench: "Bench", event: str, role: str, **body: Any) -> Step:
    """An act of the department whose turn it is."""
    return Step(event, bench.accepting, role, body)


def hub(event: str, **body: Any) -> Step:
    """What the hub states."""
    return Step(event, HUB, "hub", body, person=False)


def machine(step: Step) -> Step:
    """The node alone signs, in its own role."""
    return replace(step, person=False, role="window" if step.node == WINDOW else "department")


def notice(bench: "Bench", event: str = "supplement_notice", lines: tuple[dict[str, str], ...] = LACKS) -> Step:
    """T16: ten days ahead, by any way."""
    due = (bench.now.date() + timedelta(days=10)).isoformat()
    return department(bench, event, "ACCEPTOR", lines=list(lines), due=due, methods=["WINDOW", "POST"])


def second_notice(bench: "Bench") -> Step:
    """T19: the head overrides."""
    made = notice(bench, "second_notice", ({"material": "M03", "defect": "EXPIRED"},))
    second = bench.person(bench.accepting, "HEAD")
    return replace(made.saying(basis="OVERRIDE", second_person=second), second="HEAD")


def part(bench: "Bench") -> Step:
    """T17: everything that the newest notice demands."""
    notices = bench.file.notices if bench.file else ()
    materials = tuple(sorted(notices[-1].materials)) if notices else ("M02", "M05")
    sealed = bench.addendum(materials) if bench.file else DIGEST
    return window("supplement_part", manifest=sealed, materials=list(materials), applicant_signed=True)


def wrap_addenda(bench: "Bench") -> Step:
    """The newest addendum for the department; before there is one, the application."""
    newest = bench.case.sealing("addendum")
    if newest is None:
        return bench.wrap(bench.accepting, ALL_LINES)
    lines = tuple(line.line for line in bench.objects[newest.manifest].manifest.lines)
    return bench.wrap(bench.accepting, lines, by=newest.sealed_by, sealing=newest.manifest)


def later_due(bench: "Bench") -> str:
    """A day after the one of the newest notice."""
    notices = bench.file.notices if bench.file else ()
    newest = date.fromisoformat(notices[-1].due) if notices else bench.now.date()
    return (newest + timedelta(days=7)).isoformat()


def due_of(bench: "Bench", clock: str) -> str:
    """Last moment of a clock, or an empty text."""
    state = bench.file.clocks.get(clock) if bench.file else None
    return (state.due or "") if state else ""


def redirect(bench: "Bench", node: str = OTHER_DEPARTMENT) -> Step:
    """T23: to another department of the list."""
    body = {"accepting_node": node, "queue": "inbound"}
    return Step("redirect", COORDINATOR, "COORDINATOR", body)


def refuse(bench: "Bench") -> Step:
    """T21: another body is competent."""
    return department(
        bench, "refuse_accept", "ACCEPTOR", reason="NOT_OUR_POWER", competent_body=COMPETENT_BODY,
        appeal=DIGEST, reasons=DIGEST,
    )  # fmt: skip


def _bounce(bench: "Bench") -> str:
    bounce = bench.file.bounce if bench.file else None
    return bounce.digest if bounce else DIGEST


STEPS: dict[str, Callable[["Bench"], Step]] = {
    "T03": lambda bench: Step(
        "ask_pre_review", WINDOW, "COLLECTOR",
        _BASICS | {
            "manifest": bench.store(manifest("application", revision=0)), "accepting_node": DEPARTMENT,
            "queue": "inbound", "no_classified": True, "privacy_notice": True,
        },
    ),
    "T04": lambda bench: department(bench, "pre_review_answer", "ACCEPTOR", answer="LACKS", lines=list(LACKS)),
    "T05": seal,
    "T05R": seal,
    "T06": lambda bench: Step(
        "decline", WINDOW, "COLLECTOR", _BASICS | {"missing": ["M01", "M04"], "applicant_agreed": True, "paper": DIGEST}
    ),
    "T06R": lambda bench: STEPS["T06"](bench),
    "T07": lambda bench: machine(Step("discard", WINDOW, "window", _BASICS | {"reason": "APPLICANT_LEFT"})),
    "T07R": lambda bench: STEPS["T07"](bench),
    "W1": lambda bench: bench.wrap(DEPARTMENT, ALL_LINES),
    "W1:other": lambda bench: bench.wrap(OTHER_DEPARTMENT, ALL_LINES, by=bench.case.holder),
    "W1:third": lambda bench: bench.wrap(THIRD_DEPARTMENT, ALL_LINES, by=bench.case.holder),
    "W1:proposed": lambda bench: bench.wrap(OTHER_DEPARTMENT, ALL_LINES),
    "W1:addendum": wrap_addenda,
    "T08": lambda bench: hub("route", accepting_node=bench.accepting, queue="inbound"),
    "T09": lambda bench: hub("route_failed", cause="NO_QUEUE"),
    "T10": lambda bench: machine(department(bench, "delivered", "department", manifest=bench.sealed)),
    "T10b": lambda bench: hub("constructive_delivery", cause="SILENT", manifest=bench.sealed),
    "T11": lambda bench: hub("retry", attempt=(bench.file.retries if bench.file else 0) + 1),
    "T12": lambda bench: machine(
        department(bench, "bounced", "department", manifest=bench.sealed, reason="OBJECT_DIGEST")
    ),
    "T12E": lambda bench: hub("bounce_examined", bounce=_bounce(bench), finding="SOUND"),
    "T12E:unsound": lambda bench: hub("bounce_examined", bounce=_bounce(bench), finding="UNSOUND"),
    "T12R": lambda bench: machine(window("resend", manifest=bench.sealed)),
    "T12D": lambda bench: window("reopen", reason="CIPHERTEXT_GONE"),
    "T14": lambda bench: department(bench, "accept", "ACCEPTOR"),
    "T15": lambda bench: hub("deem_accept", clock="K2", due=due_of(bench, "K2")),
    "T16": notice,
    "T17": part,
    "T17E": lambda bench: department(bench, "extend_due", "ACCEPTOR", due=later_due(bench), paper=DIGEST),
    "T18": lambda bench: hub(
        "supplement_complete", addenda=[made.manifest for made in bench.file.answered_by] if bench.file else []
    ),
    "T19": second_notice,
    "T20": lambda bench: department(bench, "lapse", "ACCEPTOR", reminder_paper=DIGEST),
    "T21": refuse,
    "T22": lambda bench: department(
        bench, "misrouted", "ACCEPTOR", reason="WRONG_DEPARTMENT", target=OTHER_DEPARTMENT, queue="inbound"
    ),
    "T22:third": lambda bench: department(bench, "misrouted", "ACCEPTOR", reason="WRONG_DEPARTMENT"),
    "T23": redirect,
    "T23:third": lambda bench: redirect(bench, THIRD_DEPARTMENT).saying(
        second_person=bench.person(COORDINATOR, "COORDINATOR_LEAD")
    ),
    "T23H": lambda bench: hub("redirected", accepting_node=OTHER_DEPARTMENT, queue="inbound"),
    "T24": lambda bench: Step("return_to_window", COORDINATOR, "COORDINATOR", {"reason": "WRONG_ITEM"}),
    "K11": lambda bench: replace(hub("escalate", clock="K11", due=due_of(bench, "K11")), chain="supervision"),
    "A1": lambda bench: replace(hub("admit", node=OTHER_WINDOW, basis="CHECK_CODE"), chain="access"),
    "T31": lambda bench: department(bench, "decide", "DECIDER", outcome="GRANT", grant="G-DECIDE"),
    "T33": lambda bench: department(bench, "issue", "ISSUER", manifest=bench.result, grant="G-SEAL_USE"),
    "W1:gateway": lambda bench: bench.wrap(GATEWAY, ("ADDRESS",)),
    "D4": lambda bench: department(bench, "post", "ISSUER", parcel="P1", gateway=GATEWAY),
    "D4W": lambda bench: Step(
        "waybill", GATEWAY, "gateway", {"parcel": "P1", "carrier": "EMS", "waybill_no": "EA123456785CN"},
        chain="tracking", person=False,
    ),
    "D5E": lambda bench: bench.event(2),
    "T34": lambda bench: hub("delivered_proven", parcel="P1", proof_level=2, evidence=bench.evidence()),
    "T35": lambda bench: window("withdraw", identity_checked=True, paper=DIGEST),
    "H02": lambda bench: Step(
        "open_document", bench.accepting, "REVIEWER", {"manifest": bench.sealed, "purpose": "ACCEPT_REVIEW"},
        chain="access",
    ),
}  # fmt: skip


def _wait(span: timedelta) -> Callable[["Bench"], None]:
    def turn(bench: "Bench") -> None:
        bench.now += span

    return turn


def no_queue(bench: "Bench") -> None:
    """The list has no queue for the item any more."""

    def change(document: dict[str, Any]) -> None:
        document["queues"] = [queue for queue in document["queues"] if queue["task_code"] != TASK]

    bench.change_list(change)


def list_agrees(bench: "Bench") -> None:
    """A new list gives the item to the department that was proposed."""

    def change(document: dict[str, Any]) -> None:
        for queue in document["queues"]:
            if queue["task_code"] == TASK:
                queue["node"] = OTHER_DEPARTMENT.rsplit("/", 1)[1]

    bench.change_list(change)


def stored_again(bench: "Bench") -> None:
    """The window uploaded the same bytes once more: another pinned version of the same sealing."""
    found = bench.objects[bench.sealed]
    bench.objects[bench.sealed] = replace(found, version_id=f"{found.version_id}-again")


TURNS: dict[str, Callable[["Bench"], None]] = {
    "an hour": _wait(timedelta(minutes=61)),
    "two working days": _wait(timedelta(days=4)),
    "a fortnight": _wait(timedelta(days=14)),
    "a month": _wait(timedelta(days=31)),
    "no queue": no_queue,
    "list agrees": list_agrees,
    "stored again": stored_again,
}

STEPS |= supervision.STEPS
PATHS |= supervision.PATHS
TURNS |= supervision.TURNS
STEPS |= review.STEPS
PATHS |= review.PATHS
TURNS |= review.TURNS
STEPS |= materials.STEPS
PATHS |= materials.PATHS
TURNS |= materials.TURNS
STEPS |= on_paper.STEPS
PATHS |= on_paper.PATHS
TURNS |= on_paper.TURNS
STEPS["H05"] = sharing.query
PATHS["H05"] = PATHS["H02"]
STEPS |= parents.STEPS
PATHS |= parents.PATHS
TURNS |= parents.TURNS

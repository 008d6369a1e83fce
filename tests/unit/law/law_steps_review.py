"""The acts of the inner life of a case: posts, steps, special procedures, opinions, other ends (T13 to T39)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from hub.casework.review import look
from hub.casework.states import State
from tests.unit.law.law_people import (
    DEPARTMENT,
    HIGHER_DEPARTMENT,
    HUB,
    OTHER_DEPARTMENT,
    TASK,
    Step,
    grant,
    manifest,
    record,
)

if TYPE_CHECKING:
    from tests.unit.law.law_world import Bench

DIGEST = "0" * 64
OTHER_CASE = "d1" * 16
_FORWARD = ("T05", "W1", "T08", "T10")
REVIEWED = (*_FORWARD, "T14")
_DECIDED = (*REVIEWED, "T31")
_SUSPENDED = (*REVIEWED, "expert review", "T26")
_ISSUED = (*_DECIDED, "T33")
PATHS: dict[str, tuple[str, ...]] = {
    "T13": _FORWARD,
    "T13R": _FORWARD,
    "T13S": (*_FORWARD, "sections"),
    "T13B": (*_FORWARD, "posts", "two working days"),
    "T13C": (*_FORWARD, "a fortnight"),
    "T25": REVIEWED,
    "T25B": (*REVIEWED, "T25"),
    "T26": (*REVIEWED, "expert review"),
    "T26N": REVIEWED,
    "T26M": _SUSPENDED,
    "T27": _SUSPENDED,
    "T27N": (*REVIEWED, "T26N"),
    "T27H": (*_SUSPENDED, "a month"),
    "T28": REVIEWED,
    "T29": REVIEWED,
    "T29O": (*REVIEWED, "T29"),
    "T29L": (*REVIEWED, "T29", "a month"),
    "T30": REVIEWED,
    "T30D": (*REVIEWED, "T30", "keys go up"),
    "T30L": (*REVIEWED, "T30", "keys go up", "a month"),
    "T30X": (*REVIEWED, "T30"),
    "T32": _DECIDED,
    "T32R": _ISSUED,
    "T36": REVIEWED,
    "T39": (*_ISSUED, "W1:gateway", "D4", "D4W", "D5E", "T34"),
}


def act(bench: "Bench", event: str, role: str, **body: Any) -> Step:
    """An act of the department whose turn it is."""
    return Step(event, bench.accepting, role, body)


def hub(event: str, **body: Any) -> Step:
    """What the hub states: a reminder beside the custody chain, so that no act signed before it is too late."""
    return Step(event, HUB, "hub", body, chain="custody" if event == "special_over" else "supervision", person=False)


def sealed(bench: "Bench", kind: str, by: str = "", **changes: Any) -> str:
    """The next sealing of its kind, in the store. ``by``: who seals an opinion, else the department at work."""
    made = bench.file.sealings_of(kind) if bench.file else ()
    if kind == "opinion":
        made = tuple(one for one in made if one.sealed_by == (by or bench.accepting))
    return bench.store(manifest(kind, **{"revision": len(made) + 1} | changes))


def day(bench: "Bench", days: int) -> str:
    """An ISO date so many days ahead."""
    return (bench.now.date() + timedelta(days=days)).isoformat()


def sections(bench: "Bench") -> None:
    """The list names two offices of the department beside its inbound one (B14)."""
    place = {"node": DEPARTMENT.rsplit("/", 1)[1], "kind": "COUNTY", "region": DEPARTMENT.split("/")[3]}
    bench.change_list(
        lambda document: document.update(places=[place | {"sections": ["inbound", "licensing", "inspection"]}])
    )


def reassign(bench: "Bench") -> Step:
    """T13: the head names the reviewer."""
    person = bench.person(bench.accepting, "REVIEWER")
    bench.register.records[person] = record(person, roles={"REVIEWER"}, kind="person")
    return act(bench, "reassign", "HEAD", person=person)


def untaken(bench: "Bench", event: str, days: int) -> Step:
    """T13: nobody took it."""
    there = bench.file is not None and bench.file.received_at
    return hub(event, due=look.untaken_after(bench.case, bench.world(), days) if there else DIGEST)


def step_done(bench: "Bench") -> Step:
    """T25: the step that is next, by somebody whose it is."""
    step = (look.open_step(bench.file) if bench.file else "") or "UNDERTAKE"
    role = "TECH_REVIEWER" if step == "UNDERTAKE" else "DECIDER"
    made = act(bench, "step_done", role, step=step, opinion=DIGEST)
    return made if role != "DECIDER" else made.saying(grant="G-DECIDE")


def special(bench: "Bench", stops: bool) -> tuple[str, str]:
    """Digest and last day of an open special procedure; texts of nothing where there is none."""
    found = look.open_specials(bench.file) if bench.file else ()
    return next(((one.digest, one.until) for one in found if one.stops is stops), (DIGEST, "2026-03-31"))


def asked(bench: "Bench") -> tuple[str, str]:
    """Digest and last day of an opinion that is awaited."""
    found = bench.file.consultations if bench.file else ()
    return next(((one.digest, one.until) for one in found if one.open), (DIGEST, "2026-03-31"))


def move(bench: "Bench") -> Step:
    """T27: a week later than told; the head signs too, as he has to from the second time on."""
    told = date.fromisoformat(max(special(bench, True)[1], day(bench, 0)))
    until = min(told + timedelta(days=7), bench.now.date() + timedelta(days=90)).isoformat()
    made = act(
        bench, "special_moved", "REVIEWER", until=until, manifest=sealed(bench, "notice"),
        second_person=bench.person(bench.accepting, "HEAD"),
    )  # fmt: skip
    return replace(made, second="HEAD")


def extend(bench: "Bench") -> Step:
    """T28: ten working days; the head signs too."""
    made = act(
        bench, "extend_limit", "DECIDER", days=10, reason="COMPLEX", manifest=sealed(bench, "notice"),
        second_person=bench.person(bench.accepting, "HEAD"),
    )  # fmt: skip
    return replace(made, second="HEAD")


def refer(bench: "Bench") -> Step:
    """T30: to the province."""
    return act(
        bench, "refer_up", "DECIDER", accepting_node=HIGHER_DEPARTMENT, queue="inbound",
        manifest=sealed(bench, "opinion"), grant="G-DECIDE",
    )  # fmt: skip


def wrap_up(bench: "Bench") -> None:
    """T30: the department below gives all keys to the one above."""
    if bench.case.state is not State.REFERRED:
        return
    for made in look.goes_up(bench.case):
        lines = tuple(line.line for line in bench.objects[made].manifest.lines)
        step = bench.wrap(HIGHER_DEPARTMENT, lines, by=bench.case.accepting_node, sealing=made)
        bench.do(replace(step, role="department"))


def taken_up(bench: "Bench") -> Step:
    """T30D: the node above countersigns."""
    return Step("taken_up", HIGHER_DEPARTMENT, "department", {"manifest": bench.sealed}, person=False)


def void(bench: "Bench") -> Step:
    """T36: lead and head of who holds the case."""
    holder = bench.file.holder if bench.file else DEPARTMENT
    role = "DECIDER" if holder == bench.accepting else "COLLECT_LEAD"
    body = {"reason": "APPLICANT_DEAD", "paper": DIGEST, "second_person": bench.person(holder, "HEAD")}
    return Step("void", holder, role, body, second="HEAD")


def correct_result(bench: "Bench") -> Step:
    """T32: the next version of the result."""
    issued = bench.file.sealing("result") if bench.file else None
    made = bench.store(manifest("result", revision=issued.revision + 1 if issued else 1))
    step = act(
        bench, "correct_result", "DECIDER", reason="TYPING", paper=DIGEST, grant="G-DECIDE", manifest=made,
        seal_grant="G-SEAL_USE", second_person=bench.person(bench.accepting, "ISSUER"),
    )  # fmt: skip
    return replace(step, second="ISSUER")


STEPS: dict[str, Callable[["Bench"], Step]] = {
    "T13": lambda bench: act(bench, "take", "ACCEPTOR", basis="ON_DUTY"),
    "T13R": reassign,
    "T13S": lambda bench: act(bench, "to_section", "ACCEPTOR", section="licensing"),
    "T13B": lambda bench: untaken(bench, "to_b", look.TO_B_WORKING_DAYS),
    "T13C": lambda bench: untaken(bench, "chase", look.CHASE_WORKING_DAYS),
    "T25": step_done,
    "T25B": lambda bench: act(bench, "send_back_step", "HEAD", step="UNDERTAKE", reason="INCOMPLETE"),
    "T26": lambda bench: act(
        bench, "start_special", "REVIEWER", kind="EXPERT_REVIEW", until=day(bench, 9), manifest=sealed(bench, "notice")
    ),
    "T26N": lambda bench: act(bench, "start_procedure", "REVIEWER", kind="SITE_VISIT", until=day(bench, 3)),
    "T26M": move,
    "T27": lambda bench: act(bench, "end_special", "REVIEWER", result="PASSED"),
    "T27N": lambda bench: act(
        bench, "end_procedure", "REVIEWER", special=special(bench, False)[0], result="PASSED"
    ),
    "T27H": lambda bench: hub("special_over", special=special(bench, True)[0], due=special(bench, True)[1]),
    "T28": extend,
    "T29": lambda bench: act(
        bench, "consult", "REVIEWER", node=OTHER_DEPARTMENT, matter="RECORD", until=day(bench, 7)
    ),
    "T29O": lambda bench: Step(
        "opinion", OTHER_DEPARTMENT, "REVIEWER",
        {"consult": asked(bench)[0], "answer": "CONFIRMED", "manifest": sealed(bench, "opinion", by=OTHER_DEPARTMENT)},
        chain="opinions",
    ),
    "T29L": lambda bench: hub("opinion_late", consult=asked(bench)[0], due=asked(bench)[1]),
    "T30": refer,
    "T30D": taken_up,
    "T30L": lambda bench: replace(hub("constructive_take_up", manifest=bench.sealed), chain="custody"),
    "T30X": lambda bench: act(bench, "referral_recalled", "DECIDER", grant="G-DECIDE"),
    "T32": lambda bench: act(bench, "correct", "DECIDER", reason="TYPING", paper=DIGEST, grant="G-DECIDE"),
    "T32R": correct_result,
    "T36": void,
    "T39": lambda bench: act(bench, "reopen_as", "DECIDER", reason="COURT", paper=DIGEST, linked=OTHER_CASE),
}  # fmt: skip


def expert_review(bench: "Bench") -> None:
    """The list has a procedure for the item whose time is not counted (行政许可法 45)."""
    named = {"kind": "EXPERT_REVIEW", "stops_clock": True}

    def change(document: dict[str, Any]) -> None:
        item = next(item for item in document["items"] if item["task_code"] == TASK)
        item["special_procedures"] = [{"kind": "SITE_VISIT", "stops_clock": False}, named]

    bench.change_list(change)


def posts(bench: "Bench") -> None:
    """The department's acceptor has post A for the item, its reviewer post B."""
    for kind, role in (("POST_A", "ACCEPTOR"), ("POST_B", "REVIEWER")):
        if not any(found.kind == kind for found in bench.register.grants):
            bench.register.grants.append(grant(kind, bench.person(DEPARTMENT, role), f"G-{kind}"))


TURNS: dict[str, Callable[["Bench"], None]] = {
    "expert review": expert_review, "posts": posts, "keys go up": wrap_up, "sections": sections,
}  # fmt: skip

"""Effects of how a case begins: pre-review, seal, decline, discard (states.md T03 to T07).

Invariant: an effect is a pure function of (case file, act, world).
"""

from dataclasses import replace

from hub.casework import facts
from hub.casework.casefile import CaseFile
from hub.casework.common import with_clock
from hub.casework.context import Act, World
from hub.casework.states import State
from hub.casework.time import clocks


def open_case(act: Act, world: World) -> CaseFile:
    """T03, T05, T06, T07: the case file that the first act opens; the collecting node holds it."""
    return CaseFile(
        case=str(act.statement.case),
        state=State.DRAFT,
        seq=0,
        head="",
        case_seq=0,
        task_code=act.text("task_code"),
        region=act.text("region"),
        catalogue=act.text("catalogue"),
        collecting_node=act.node.subject,
        holder=act.node.subject,
        public_no="",
        applicant_key="",
        delivery="",
        opened_at=act.recorded_at,
        recorded_at=act.recorded_at,
    )


def ask_department(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T03: the department sees the scans; the window keeps the case."""
    return file.changed(accepting_node=act.text("accepting_node"), queue=act.text("queue"))


def keep_application(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T05: number, applicant's key and delivery; the destination is open until the hub routes.

    An item chosen anew (T24) ends the 43-character number, which embeds the item; the hub then gives another one.
    """
    key = act.statement.body["applicant_key"]
    assert isinstance(key, dict)  # guarded
    task_code = act.text("task_code")
    changed = replace(
        file,
        task_code=task_code,
        region=act.text("region"),
        catalogue=act.text("catalogue"),
        public_no=act.text("public_no"),
        applicant_key=str(key["public"]),
        delivery=act.text("delivery"),
        mode=str(act.statement.body.get("mode", "")),
        lane=str(act.statement.body.get("lane", "")),
        appointment=str(act.statement.body.get("appointment", "")),
        channel=str(act.statement.body.get("channel", "")),
        accepting_node="",
        queue="",
    )
    if file.case_no and task_code != file.task_code:
        return replace(changed, case_no="", former_nos=(*file.former_nos, file.case_no))
    return changed


def start_forward_clock(file: CaseFile, act: Act, world: World) -> CaseFile:
    """K1: window hours of the collecting window, from the seal; for a part, from its release."""
    if file.bond is not None and file.bond.blocked:
        return file
    timetable = facts.window_of(file, world).timetable
    state = clocks.start(
        "K1", act.recorded_at, world.calendar, limit=timetable.forward_limit_hours, timetable=timetable
    )
    return with_clock(file, state)

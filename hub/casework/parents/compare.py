"""Parent and child held against each other, by who has both packages: what the hub told each of the other is true, and
nothing was kept back.

Invariants: pure; one chain alone is judged by its replay, here only what one says of the other; packages that were made
at different times differ by what came in between, which is no finding.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from crypto.canonical import digest
from crypto.statement import Statement
from hub.casework.casefile import CaseFile
from hub.casework.hub_event import HubEvent
from hub.casework.parents import kin, look
from hub.casework.parents.guards import KIN
from hub.casework.parents.kin import report
from hub.casework.parents.values import GRANT, LOST, PartFile

FOREIGN, UNTRUE, UNPROVEN, WITHHELD = "KIN_FOREIGN", "KIN_UNTRUE", "KIN_UNPROVEN", "KIN_WITHHELD"
_SEARCHED = ("state", "node", "outcome", "effective_at", "answer", "lacks", "notice", "papers")
_CAUSES = {
    "hold": {"ask_applicant"},
    "go_on": {"go_on_in_part", "hold_over"},
    "merged_supplement": {"merged_notice"},
    "admit_with_parent": {"admit"},
    "open_exit": {"conclude"},
    "delivered_together": {"delivered_proven"},
    "withdrawn_with_parent": {"withdraw_parent", "withdraw_undecided"},
    "inherit_rating": {"rate"},
}
"""What on the parent's chain the ``evidence`` of this has to be."""
_ENDED = {"withdraw_parent", "parent_failed"}
"""What ends a whole of which some part never came to be."""


@dataclass(frozen=True)
class Step:
    """One leaf of a case: its index in the log, its legal time, its statement, the case after it (None where it did
    not count)."""

    index: int
    at: str
    statement: Statement
    file: CaseFile | None


def untrue_reports(parent: CaseFile, told: Iterable[Statement], stood: Sequence[CaseFile]) -> list[str]:
    """Codes with the digest they are about, for one child. ``told``: all statements on the parent's chain; ``stood``:
    the child after each of its leaves.

    KIN_FOREIGN: the child is none of this parent; KIN_UNTRUE: a report says what the child never was at the statement
    that it names.
    """
    newest = stood[-1]
    part = next((one for one in parent.parts if one.case == newest.case), None)
    bond = newest.bond
    if part is None or bond is None or (bond.parent, bond.part) != (parent.case, part.part):
        return [f"{FOREIGN} {newest.case}"]
    found = []
    for statement in told:
        body = statement.body
        if statement.type == "child_reported" and body.get("case") == newest.case:
            then = [file for file in stood if file.head == body.get("evidence")]
            if not any(_says(part, file) == {name: body.get(name) for name in _SEARCHED} for file in then):
                found.append(f"{UNTRUE} {digest(statement.payload())}")
    return found


def unproven_news(child: Iterable[Statement], parent: Iterable[Statement]) -> list[str]:
    """What the hub told a child that no fitting statement on its parent's chain proves. KIN_UNPROVEN."""
    known = {digest(statement.payload()): statement for statement in parent}
    told = [one for one in child if one.actor.role == "hub" and one.type in KIN]
    return [f"{UNPROVEN} {digest(one.payload())}" for one in told if not _proven(one, known)]


def withheld(parent: Sequence[Step], child: Sequence[Step], until: int) -> list[str]:
    """What the hub had to tell one of the two of the other, and did not at once. ``until``: leaves of the log that both
    packages cover.

    KIN_WITHHELD with the event and the case that was not told; KIN_UNPROVEN with what was not due. Between a cause and
    what kin is told of it stands what the hub states of the same instant, and nothing else.
    """
    files: dict[str, CaseFile] = {}
    owed: dict[str, HubEvent] = {}
    since = ""
    found: list[str] = []
    names = {step.file.case for step in child if step.file is not None}
    for step in sorted((*parent, *child), key=lambda one: one.index):
        if step.index >= until:
            break
        statement = step.statement
        if _between(statement, names):
            event = owed.get(str(statement.case))
            if event is None or (event.event, event.body) != (statement.type, dict(statement.body)):
                found.append(f"{UNPROVEN} {digest(statement.payload())}")
        elif statement.actor.role != "hub" or step.at != since:
            found += _named(owed)
        if step.file is not None:
            files[step.file.case] = step.file
        since = step.at
        owed = {name: event for name, file in files.items() if (event := kin.news(file, files.get)) is not None}
    return sorted({*found, *_named(owed)})


def _named(owed: dict[str, HubEvent]) -> list[str]:
    return [f"{WITHHELD} {event.event} {case}" for case, event in owed.items()]


def _between(statement: Statement, children: set[str]) -> bool:
    """Whether the hub tells one of the two of the other."""
    about = statement.type != "child_reported" or statement.body.get("case") in children
    return statement.type in KIN and about


def _proven(told: Statement, known: dict[str, Statement]) -> bool:
    body = told.body
    if told.type == "release":
        granted = body.get("granted")
        return isinstance(granted, list) and all(_granted(one, known) for one in granted)
    if told.type == "stop_part":
        return any(_reports(one, body) and one.body.get("outcome") != GRANT for one in known.values())
    if told.type.startswith("paper_"):
        return _of_paper(told, known)
    cause = known.get(str(body.get("evidence")))
    if cause is None or cause.type not in _CAUSES.get(told.type, ()):
        return False
    same = {"inherit_rating": "scores", "admit_with_parent": "node"}.get(told.type)
    return same is None or cause.body.get(same) == body.get(same)


def _of_paper(told: Statement, known: dict[str, Statement]) -> bool:
    """P5: the parent was told of the part as it is said here: where it is, what it had in hand, that it is over."""
    body, reports = told.body, [one for one in known.values() if one.type == "child_reported"]
    if told.type == "paper_free":
        parts = body.get("parts")
        return isinstance(parts, list) and all(isinstance(one, dict) and _over(one, known) for one in parts)
    if told.type == "paper_shown":
        held = [one for report in reports for one in _papers(report)]
        lost = body.get("finding") == LOST
        same = [one for one in held if all(one.get(name) == body.get(name) for name in ("line", "evidence"))]
        return any((one.get("part") == "") == lost for one in same)
    at = body.get("node")
    return any(_reports(one, body) and at in (None, one.body.get("node")) for one in reports)


def _over(named: Mapping[str, object], known: dict[str, Statement]) -> bool:
    cause = known.get(str(named.get("evidence")))
    return any(_reports(one, named) for one in known.values()) or (cause is not None and cause.type in _ENDED)


def _papers(report: Statement) -> list[Mapping[str, object]]:
    found = report.body.get("papers")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _granted(one: object, known: dict[str, Statement]) -> bool:
    """P1, P13: the part was reported as granted, or its opinion came or its day passed."""
    if not isinstance(one, dict):
        return False
    opinion = known.get(str(one.get("evidence")))
    if opinion is not None:
        return opinion.type in {"part_opinion", "part_silent", "part_unasked"}
    return any(_reports(told, one) and told.body.get("outcome") == GRANT for told in known.values())


def _reports(told: Statement, named: Mapping[str, object]) -> bool:
    """Whether it is a report of this part with this evidence."""
    same = all(told.body.get(name) == named.get(name) for name in ("part", "evidence"))
    return told.type == "child_reported" and same


def _says(part: PartFile, child: CaseFile) -> dict[str, object]:
    """What a report would say of the child as it stood."""
    blank = PartFile(
        part.part, part.case, part.task_code, part.region, part.mode, part.kind, part.after, part.department, part.days
    )
    told = report(look.as_known(blank, child))
    return {name: told.get(name) for name in _SEARCHED}

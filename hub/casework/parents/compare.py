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
from hub.casework.parents.values import GRANT, PartFile

FOREIGN, UNTRUE, UNPROVEN, WITHHELD = "KIN_FOREIGN", "KIN_UNTRUE", "KIN_UNPROVEN", "KIN_WITHHELD"
_SEARCHED = ("state", "node", "outcome", "effective_at", "answer", "lacks", "notice")
_CAUSES = {
    "merged_supplement": {"merged_notice"},
    "open_exit": {"conclude"},
    "delivered_together": {"delivered_proven"},
    "withdrawn_with_parent": {"withdraw_parent", "withdraw_undecided"},
    "inherit_rating": {"rate"},
}
"""What on the parent's chain the ``evidence`` of this has to be."""
_BEFORE = {"hold": {"ask_applicant"}, "go_on": {"go_on_in_part", "hold_over"}}
"""What has to be on the parent's chain, where ``evidence`` is its head."""


@dataclass(frozen=True)
class Step:
    """One leaf of a case: its index in the log, its statement, the case after it (None where it did not count)."""

    index: int
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

    KIN_WITHHELD with the event and the case that was not told; KIN_UNPROVEN with what was not due.
    """
    files: dict[str, CaseFile] = {}
    owed: dict[str, HubEvent] = {}
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
        elif statement.actor.role != "hub":
            found += _named(owed)
        if step.file is not None:
            files[step.file.case] = step.file
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
    if told.type in _BEFORE:
        before = any(one.type in _BEFORE[told.type] for one in known.values())
        return before and body.get("evidence") in known
    cause = known.get(str(body.get("evidence")))
    if cause is None or cause.type not in _CAUSES.get(told.type, ()):
        return False
    return told.type != "inherit_rating" or cause.body.get("scores") == body.get("scores")


def _granted(one: object, known: dict[str, Statement]) -> bool:
    """P1, P13: the part was reported as granted, or its opinion came or its day passed."""
    if not isinstance(one, dict):
        return False
    opinion = known.get(str(one.get("evidence")))
    if opinion is not None:
        return opinion.type in {"part_opinion", "part_silent"}
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

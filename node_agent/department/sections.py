"""Offices inside one department (B13, B14, F11): a case is passed on among them, and how long it lay where is known.

Invariant: to the outside the department stays one; nothing here is shown to an applicant.
"""

from dataclasses import dataclass

from crypto import canonical
from crypto.refusal import Refusal
from hub.casework.casefile import CaseFile
from node_agent import acts
from node_agent.known.casemirror import mirror
from node_agent.process.runtime import Agent
from storage.journal import OutboxEntry

ROLES = ("ACCEPTOR", "REVIEWER", "DECIDER", "HEAD")


@dataclass(frozen=True)
class Stay:
    """The case lay in ``section`` from ``since`` to ``until`` (RFC 3339 texts, UTC+8; empty: it lies there).

    ``person``: who passed it on to there, empty for the inbound office; ``minutes``: how long, by legal time.
    """

    section: str
    since: str
    until: str
    person: str
    minutes: int


def to_section(agent: Agent, case_id: str, staff_code: str, section: str) -> OutboxEntry:
    """T13, B14: another office goes on with it. Refusals ROLE_MISSING, PERSON_UNKNOWN_HERE; the law's SECTION_…"""
    envelope = acts.build(
        agent.identity,
        agent.journal,
        event="to_section",
        case_id=case_id,
        body={"section": section},
        role=acts.role_of(agent, staff_code, ROLES),
        staff_code=staff_code,
    )
    entry = acts.entry_of(envelope)
    agent.journal.queue([entry])
    return entry


def stays(agent: Agent, case_id: str, now: str) -> list[Stay]:
    """Where the case lay inside the department that has it, oldest first. Refusal CASE_UNKNOWN_HERE."""
    file = mirror(agent, case_id).file
    if file is None or not file.received_at:
        raise Refusal("CASE_UNKNOWN_HERE", "A24; B14", case=case_id)
    return stays_of(file, now)


def stays_of(file: CaseFile, now: str) -> list[Stay]:
    """The same of a case file; the last stay ends with the decision (K3), or at ``now``."""
    moved = [(stay.section, stay.at, stay.person) for stay in file.sections if stay.at >= file.received_at]
    way = [(file.queue, file.received_at, ""), *moved]
    promise = file.clocks.get("K3")
    end = (promise.stopped_at if promise is not None else "") or ""
    ends = [*(at for _, at, _ in moved), end]
    return [
        Stay(section, at, until, person, _minutes(at, until or now))
        for (section, at, person), until in zip(way, ends, strict=True)
    ]


def _minutes(since: str, until: str) -> int:
    apart = canonical.time_value(max(since, until)) - canonical.time_value(since)
    return int(apart.total_seconds() // 60)

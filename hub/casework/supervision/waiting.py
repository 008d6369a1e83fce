"""What waits, for whom and since when: the stuck hand-overs and the ages of queues (F13, F14; users.md C).

Invariants: pure; codes, node ids and times of the case file alone; no node is named but the one whose turn it is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from crypto.canonical import time_value
from hub.casework.casefile import CaseFile
from hub.casework.states import State

LONGEST_HOURS: Final = {
    State.COLLECTED: 4,
    State.REROUTING: 4,
    State.FORWARDED: 4,
    State.REFERRED: 24,
    State.PENDING_ACCEPT: 24,
}
"""(D) After how many hours a hand-over counts as stuck: as K1 and K11, and a day where somebody has to take it."""


@dataclass(frozen=True)
class Waits:
    """One case that waits. ``node``: whose turn it is (node id); ``since``: text in UTC+8; ``queue``: at a department.

    ``taken``: whether a person answers for it already.
    """

    file: CaseFile
    node: str
    since: str
    queue: str
    taken: bool

    def hours(self, now: str) -> int:
        """Whole hours that it has waited at ``now``."""
        return int((time_value(now) - time_value(self.since)) / timedelta(hours=1))


@dataclass(frozen=True)
class QueueAge:
    """What waits at one node: how many, how many that nobody took, hours of the oldest."""

    node: str
    count: int
    untaken: int
    oldest: int


def waits(file: CaseFile) -> Waits | None:
    """For whom the case waits, or None where it is over or the applicant's turn (T16)."""
    node, since = _turn(file)
    return Waits(file, node, since, file.queue, bool(file.responsible)) if node and since else None


def stuck(files: Iterable[CaseFile], now: str, hours: int | None = None) -> list[Waits]:
    """Hand-overs that wait too long, the oldest first (F13). ``hours``: another measure than ``LONGEST_HOURS``."""
    found = (waits(file) for file in files if file.state in LONGEST_HOURS)
    late = [
        one
        for one in found
        if one is not None
        and not (one.taken and one.file.state is State.PENDING_ACCEPT)
        and one.hours(now) >= (LONGEST_HOURS[one.file.state] if hours is None else hours)
    ]
    return sorted(late, key=lambda one: one.since)


def queue_ages(files: Iterable[CaseFile], now: str) -> list[QueueAge]:
    """Load and age of what waits at each node, the oldest first (F14)."""
    at: dict[str, list[Waits]] = {}
    for file in files:
        one = waits(file)
        if one is not None:
            at.setdefault(one.node, []).append(one)
    ages = [
        QueueAge(node, len(all_of), sum(not one.taken for one in all_of), max(one.hours(now) for one in all_of))
        for node, all_of in at.items()
    ]
    return sorted(ages, key=lambda age: (-age.oldest, age.node))


def _turn(file: CaseFile) -> tuple[str, str]:
    """Whose turn it is, and since when."""
    state = file.state
    if state is State.COLLECTED:
        return file.collecting_node, _started(file, "K1")
    if state is State.REROUTING:
        return file.coordinator, _started(file, "K11")
    if state is State.FORWARDED:
        return file.accepting_node, file.forwarded_at
    if state is State.REFERRED and file.referral is not None:
        return file.referral.node, file.referral.at
    if state is State.PENDING_ACCEPT:
        return file.accepting_node, max(file.received_at, file.supplement_at)
    if state in (State.UNDER_REVIEW, State.SUSPENDED):
        return file.accepting_node, _started(file, "K4")
    if state in (State.DECIDED, State.DELIVERING):
        counter = file.result.holder if file.result is not None and "/" in file.result.holder else file.accepting_node
        return counter, _started(file, "K8")
    return "", ""


def _started(file: CaseFile, clock: str) -> str:
    state = file.clocks.get(clock)
    return state.started_at if state is not None else file.recorded_at

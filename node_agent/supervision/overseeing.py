"""A region as its coordinator or supervisor sees it: cards, complaints, stuck hand-overs, ages of queues (F13, F14).

Invariants:
- the hub gives an overseer the cases of its own region's subtree and no others (A24); nothing is kept here;
- whom to call stands in the published list, a post and the telephone of an office; the log has neither.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from crypto import canonical, identity
from hub.casework.casefile import CaseFile, from_document
from hub.casework.originals.states import ENDED
from hub.casework.states import State
from hub.casework.supervision.values import Complaint, Enquiry
from hub.casework.supervision.view import CardView, cards_of
from hub.casework.supervision.waiting import LONGEST_HOURS, QueueAge, Waits, queue_ages, stuck
from node_agent.process.runtime import Agent

OVER = ENDED | {State.ARCHIVED, State.P_ARCHIVED}
"""States in which nothing more is done for a case."""


@dataclass(frozen=True)
class Call:
    """A hand-over that is stuck, and whom to call. ``liaison``: of the node whose turn it is; ``window``: telephone of
    the collecting window. Both from the list in force, empty where it names none."""

    waits: Waits
    hours: int
    liaison: str
    window: str


def files(agent: Agent, state: State | None = None) -> Iterator[CaseFile]:
    """All cases that this node may see, newest change first. Refusals of the hub."""
    token = ""
    while True:
        documents, token = agent.hub.cases(state.value if state else "", token)
        yield from (from_document(json.loads(document)) for document in documents)
        if not token:
            return


def all_files(agent: Agent, states: Iterable[State] = ()) -> list[CaseFile]:
    """All cases that this node may see, or those in ``states``, each as it was told last.

    The list is in order of change, so what changes while it is read goes past: it is read until it names none that is
    new. Refusals of the hub.
    """
    found: dict[str, CaseFile] = {}
    while True:
        known = len(found)
        for state in tuple(states) or (None,):
            found |= {file.case: file for file in files(agent, state)}
        if len(found) == known:
            return list(found.values())


def cards(agent: Agent, *, unsettled: bool = False) -> list[tuple[CaseFile, CardView]]:
    """Cards of the region, the newest first. ``unsettled``: only those that nobody settled yet."""
    found = [(file, card) for file in all_files(agent) for card in cards_of(file, ())]
    kept = [(file, card) for file, card in found if not unsettled or card.status in ("OPEN", "ANSWERED", "APPEALED")]
    return sorted(kept, key=lambda pair: pair[1].at, reverse=True)


def complaints(agent: Agent, *, unsettled: bool = False) -> list[tuple[CaseFile, Complaint]]:
    """Complaints of the region, those due first. ``unsettled``: only those that are not answered."""
    found = [(file, one) for file in all_files(agent) for one in file.complaints if one.open or not unsettled]
    return sorted(found, key=lambda pair: (not pair[1].open, pair[1].due))


def enquiries(agent: Agent, *, unsettled: bool = False) -> list[tuple[CaseFile, Enquiry]]:
    """Enquiries of the region, those due first (F05). ``unsettled``: only those that are not answered."""
    found = [(file, one) for file in all_files(agent) for one in file.enquiries if one.open or not unsettled]
    return sorted(found, key=lambda pair: (not pair[1].open, pair[1].due))


def to_call(agent: Agent, hours: int | None = None, now: str = "") -> list[Call]:
    """F13: hand-overs that wait too long, with whom to call; the oldest first. ``now``: text in UTC+8."""
    at = now or canonical.time_text(datetime.now(UTC))
    return [_call(agent, one, at) for one in stuck(all_files(agent, LONGEST_HOURS), at, hours)]


def ages(agent: Agent, now: str = "") -> list[QueueAge]:
    """F14: load and age of what waits at each node of the region. ``now``: text in UTC+8."""
    return queue_ages(all_files(agent), now or canonical.time_text(datetime.now(UTC)))


def open_cases(agent: Agent, withdrawn: Sequence[tuple[str, str, str]]) -> list[dict[str, str]]:
    """D09: cases of the region that are not over and belong to an item or a window that goes out of service."""
    items = {code for name, code, _ in withdrawn if name == "items"}
    windows = {code for name, code, _ in withdrawn if name == "windows"}
    return [
        {
            "case": file.case,
            "case_no": file.case_no,
            "task_code": file.task_code,
            "window": identity.node_name(file.collecting_node),
            "state": file.state.value,
        }
        for file in all_files(agent)
        if file.state not in OVER and (file.task_code in items or identity.node_name(file.collecting_node) in windows)
    ]


def _call(agent: Agent, one: Waits, at: str) -> Call:
    catalogue = agent.registry.catalogue()
    name = identity.node_name(one.node)
    queues = [queue for queue in catalogue.queues if queue.node == name and queue.liaison]
    fitting = [queue for queue in queues if queue.task_code == one.file.task_code] or queues
    window = catalogue.window(identity.node_name(one.file.collecting_node))
    own = catalogue.window(name)
    liaison = fitting[0].liaison if fitting else (own.telephone if own else "")
    return Call(one, one.hours(at), liaison, window.telephone if window else "")

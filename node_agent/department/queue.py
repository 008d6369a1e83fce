"""The open cases of this department, the legally most urgent first (users.md B2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from crypto import canonical
from hub.casework.casefile import CaseFile
from hub.casework.time import clocks
from hub.casework.time.shown import shown_clock
from node_agent.known.casemirror import (
    ENDED,
    ROUTES,
    CaseView,
    application_leaf,
    history,
    last_of,
    mirror,
)
from node_agent.process.runtime import Agent


@dataclass(frozen=True)
class QueueLine:
    """One case of this department. ``days``: working days left by clock (K2, K3), negative when overdue.

    ``shown``: the clock that its type shows, in words (C04); empty where the list is not known here;
    ``lane``: why it has priority, empty where it has none.
    """

    view: CaseView
    case_no: str
    public_no: str
    task_code: str
    days: Mapping[str, int]
    due: Mapping[str, str | None]
    shown: str = ""
    lane: str = ""

    @property
    def risk(self) -> tuple[int, int, str]:
        """Sort key: what is due today or overdue, then priority cases (E11, E12), then fewest days left; cases without
        a running clock last."""
        left = min(self.days.values(), default=1 << 30)
        return (0 if left <= 0 else 1 if self.lane else 2, left, self.case_no)


def queue_view(agent: Agent, now: str = "") -> list[QueueLine]:
    """This department's open cases, the legally most urgent first (users.md B2). ``now``: text of a time, UTC+8."""
    at = now or canonical.time_text(datetime.now(UTC))
    lines = []
    for case_id in agent.journal.case_ids():
        view = mirror(agent, case_id)
        if view.state not in ENDED and _is_mine(agent, view):
            lines.append(queue_line(agent, view, at))
    return sorted(lines, key=lambda line: line.risk)


def queue_line(agent: Agent, view: CaseView, at: str) -> QueueLine:
    """Days left of K2 and K3 for one case, as far as they run."""
    file = view.file
    days, due = {}, {}
    if file is not None:
        calendar = agent.registry.calendar()
        for name in ("K2", "K3"):
            state = file.clocks.get(name)
            if state is not None and state.stopped_at is None:
                days[name] = _days(state, clocks.left(state, max(at, state.started_at), calendar))
                due[name] = state.due
    case_no, public_no, task_code = _numbers(agent, view, file)
    lane = file.lane if file is not None else ""
    return QueueLine(view, case_no, public_no, task_code, days, due, _shown(agent, view), lane)


def _shown(agent: Agent, view: CaseView) -> str:
    """C04: which clock the case type shows."""
    if view.file is None:
        return ""
    item = agent.registry.catalogue(view.file.catalogue, agent.hub).items.get(view.file.task_code)
    return shown_clock(item.case_type, view.file.clocks).words if item is not None else ""


def _days(state: clocks.ClockState, left: int) -> int:
    """Whole days of what is left; limits in hours are counted in minutes."""
    return left // (24 * 60) if state.unit.is_hours else left


def _is_mine(agent: Agent, view: CaseView) -> bool:
    if view.file is not None:
        return view.file.accepting_node == agent.identity.node
    sent = last_of(history(agent.journal, view.case), *ROUTES)
    return sent is not None and sent.statement.body.get("accepting_node") == agent.identity.node


def _numbers(agent: Agent, view: CaseView, file: CaseFile | None) -> tuple[str, str, str]:
    if file is not None:
        return file.case_no, file.public_no, file.task_code
    told = history(agent.journal, view.case)
    first = application_leaf(told) or told[0]
    body = first.statement.body
    return (
        first.leaf.assigned.get("case_no", ""),
        str(body.get("public_no", "")),
        str(body.get("task_code", "")),
    )

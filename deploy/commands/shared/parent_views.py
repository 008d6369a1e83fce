"""How a parent is shown: its parts with state, department, result; the same at window, department and coordinator."""

from rich.table import Table

from deploy.commands.shared.common import minute
from hub.casework.casefile import CaseFile
from hub.casework.messages import OUTCOMES
from hub.casework.parents.values import PartFile
from hub.casework.states import CHINESE, State
from node_agent.process.runtime import Agent


def parts_object(agent: Agent, file: CaseFile) -> dict[str, object]:
    """A parent for programs: what holds it together, its clocks and its parts."""
    made = file.bundle
    assert made is not None  # ``desk.parent_here``
    return {
        "case": file.case,
        "public_no": file.public_no,
        "state": file.state.value,
        "state_text": CHINESE[file.state],
        "theme": made.theme,
        "exit": made.exit,
        "asked": made.asked,
        "choice": made.choice,
        "clocks": {
            name: {"due": clock.due, "stopped_at": clock.stopped_at, "paused": clock.paused}
            for name, clock in file.clocks.items()
        },
        "parts": [_part_object(agent, file, part) for part in file.parts],
    }


def parts_table(agent: Agent, file: CaseFile) -> Table:
    """The same for people."""
    title = f"{CHINESE[file.state]}　{parent_name(agent, file)}"
    table = Table("部分", "事项", "部门", "情况", "结果", "自", title=title)
    for part in file.parts:
        told = _part_object(agent, file, part)
        table.add_row(
            part.part,
            str(told["item"]),
            str(told["department"]),
            str(told["state_text"]),
            str(told["outcome_text"]),
            minute(part.at),
        )
    return table


def parent_name(agent: Agent, file: CaseFile) -> str:
    """Name of the theme, or what stands for none."""
    theme = agent.registry.catalogue(file.catalogue).themes.get(file.bundle.theme) if file.bundle else None
    return theme.name if theme else "多地联办"


def _part_object(agent: Agent, file: CaseFile, part: PartFile) -> dict[str, object]:
    catalogue = agent.registry.catalogue(file.catalogue)
    item = catalogue.items.get(part.task_code)
    body = catalogue.departments.get(part.department)
    name = item.implementing_body.name if item else body.name if body else part.department
    return {
        "part": part.part,
        "case": part.case,
        "kind": part.kind,
        "item": item.name if item else "征求意见",
        "department": agent.registry.directory.title_of(part.node) if part.node else name,
        "state": part.state,
        "state_text": _state_text(part),
        "outcome": part.outcome,
        "outcome_text": OUTCOMES.get(part.outcome, part.outcome) or "—",
        "answer": part.answer,
        "lacks": [list(pair) for pair in part.lacks],
        "after": list(part.after),
        "at": part.at,
    }


def _state_text(part: PartFile) -> str:
    if part.state in set(State):
        return CHINESE[State(part.state)]
    return part.state or ("待征求意见" if not part.case else "待登记")

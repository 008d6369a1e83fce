"""How a department's cases and opened papers are shown: for people in words, for programs as plain values."""

from hub.casework.custody import clock_rows
from hub.casework.states import CHINESE
from node_agent.department.queue import QueueLine
from node_agent.known.casemirror import CaseView
from node_agent.process.runtime import Agent
from node_agent.transfer.opening import OpenedCase, OpenedLine, OpenedPage


def state_text(view: CaseView) -> str:
    """The state in Chinese; a dash where this node cannot know it."""
    return CHINESE[view.state] if view.state else "—"


def case_object(view: CaseView) -> dict[str, object]:
    """A case as known here, for programs."""
    file = view.file
    return {
        "case": view.case,
        "case_no": file.case_no if file else "",
        "public_no": file.public_no if file else "",
        "state": view.state.value if view.state else None,
        "holder": file.holder if file else None,
        "outcome": file.outcome if file else None,
        "effective_at": file.effective_at if file else None,
        "deemed": file.deemed if file else None,
        "head": {"seq": view.head.seq, "digest": view.head.digest},
        "parties": sorted(view.parties),
        "clocks": [row.as_object() for row in clock_rows(file)] if file else [],
        "parcels": [dict(leg.__dict__) for leg in view.parcels],
        "findings": [found.as_object() for found in view.findings],
        "missing": list(view.missing),
    }


def doubt_words(line: str, member: str) -> str:
    """What the acceptor is told of a line whose answer differs from the act that names it (H05, A07)."""
    what = {
        "page": "核验结果页无法读取", "verified": "封装时没有申明核验", "grant": "共享授权编号不一致",
        "kind": "数据种类不一致", "reference": "核验编号不一致", "source": "答复单位不是授权的供给方",
    }  # fmt: skip
    return f"[red]第 {line} 行的线上核验与登记不符：{what[member]}。请不予采信，并要求补正原件扫描。[/red]"


def opened_object(opened: OpenedCase) -> dict[str, object]:
    """Opened papers without their pages, for programs."""
    return {
        "case": opened.case,
        "case_no": opened.case_no,
        "checked_by": opened.checked_by,
        "sealed_at": opened.sealed_at,
        "lines": [_line_object(line) for line in opened.lines],
        "addenda": [
            {
                "revision": addendum.revision,
                "sealed_by": addendum.sealed_by,
                "sealed_at": addendum.sealed_at,
                "answers": dict(addendum.answers),
                "lines": [_line_object(line) for line in addendum.lines],
            }
            for addendum in opened.addenda
        ],
    }


def _line_object(line: OpenedLine) -> dict[str, object]:
    return {
        "line": line.line,
        "material": line.material,
        "name": line.name,
        "acquisition": line.acquisition,
        "trust": line.trust,
        "original": line.original,
        "pages": [_page_object(page) for page in line.pages],
    }


def _page_object(page: OpenedPage) -> dict[str, object]:
    """``others``: bytes of the page's further renditions, as the camera's own frame."""
    others = {name: len(read()) for name, (_, read) in page.others.items()}
    return {"page": page.number, "bytes": page.size, "others": others}


def queue_object(line: QueueLine) -> dict[str, object]:
    """A line of the queue, for programs."""
    return {
        "case": line.view.case,
        "case_no": line.case_no,
        "public_no": line.public_no,
        "task_code": line.task_code,
        "state": line.view.state.value if line.view.state else None,
        "days_left": dict(line.days),
        "due": dict(line.due),
        "shown": line.shown,
        "lane": line.lane,
        "missing": list(line.view.missing),
    }


def days_left(line: QueueLine, clock: str) -> str:
    """Days left of a clock, in words; overdue in red."""
    days = line.days.get(clock)
    if days is None:
        return "—"
    return f"[red]超期 {-days} 天[/red]" if days < 0 else f"{days} 天"


def holder_name(agent: Agent, view: CaseView) -> str:
    """Name of the institution that holds the case."""
    if view.file is None:
        return "—"
    return agent.registry.directory.title_of(view.file.holder)

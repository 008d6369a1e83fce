"""What the window's lists show: items, the work list, one case, the queue.

Invariants: made from the journal alone, so they work while the hub is away; no personal data in any line.
"""

from datetime import UTC, date, datetime

from rich.table import Table

from crypto import identity
from crypto.canonical import CHINA
from crypto.refusal import Refusal
from deploy.commands.common import refusal_text
from hub.casework.casefile import CHINESE, State
from hub.casework.numbers import print_public_number
from node_agent import drafts
from node_agent.casemirror import CaseView, mirror, resolve
from node_agent.drafts import Draft
from node_agent.runtime import Agent

ENDED = frozenset({State.CLOSED, State.ARCHIVED, State.WITHDRAWN, State.NOT_ACCEPTED, State.VOIDED, State.TERMINATED})
NEXT = {
    State.COLLECTED: "中枢转交（等受理方密钥）",
    State.FORWARDED: "受理方签收",
    State.PENDING_ACCEPT: "受理方决定是否受理",
    State.UNDER_REVIEW: "受理方作出决定",
    State.DECIDED: "受理方制证发证",
    State.DELIVERING: "寄递送达",
}
REFUSED, UNSENT, OPEN_DRAFT, RUNNING, OVER = range(5)


def item_lines(agent: Agent, words: str, region: str | None) -> list[dict[str, object]]:
    """Items whose names contain the words; whether this window may take each now, and why not (A18)."""
    catalogue, today = agent.registry.catalogue(), _today()
    window = identity.node_name(agent.identity.node)
    lines: list[dict[str, object]] = []
    for item in catalogue.search(words, region):
        reason = ""
        try:
            catalogue.require_live(item.task_code, today, window)
        except Refusal as refusal:
            reason = refusal_text(refusal)
        lines.append(
            {
                "task_code": item.task_code,
                "name": item.name,
                "body": item.implementing_body.name,
                "region": item.implementing_body.region,
                "may_collect": not reason,
                "reason": reason,
                "originals": item.originals_note,
            }
        )
    return sorted(lines, key=lambda line: not line["may_collect"])


def work_list(agent: Agent) -> list[dict[str, object]]:
    """All cases of this window, what will hurt first on top: refused, unsent, open drafts, then by due date."""
    names = dict.fromkeys([*agent.journal.case_ids(), *(case for case, _ in agent.journal.drafts())])
    lines = [case_line(agent, case) for case in names]
    return sorted(lines, key=lambda line: (line["rank"], line["due"] or "9999", line["case"]))


def case_line(agent: Agent, name: str) -> dict[str, object]:
    """One case by case id, 43-character number or public number. Refusal CASE_UNKNOWN_HERE."""
    draft = _draft(agent, name.replace(" ", ""))
    case_id = draft.case if draft else resolve(agent, name.replace(" ", ""))
    view = mirror(agent, case_id) if agent.journal.leaves(case_id) else None
    line: dict[str, object] = {
        "case": case_id, "case_no": "", "public_no": "", "item": "", "state": "", "state_text": "", "holder": "本窗口",
        "next": "", "due": "", "liaison": "", "clocks": {}, "rank": RUNNING,
    }  # fmt: skip
    if draft is not None:
        line |= _from_draft(agent, draft)
    if view is not None:
        line |= _from_view(agent, view)
    return line | _from_queue(agent, case_id)


def queue_table(waiting: list[dict[str, object]], uploads: int) -> Table:
    """Acts that wait to be sent."""
    table = Table("序", "办件", "动作", "存入时间", title=f"待发 {len(waiting)} 条，待传 {uploads} 包")
    for act in waiting:
        table.add_row(str(act["number"]), str(act["case"]), str(act["event"]), str(act["queued_at"])[:16])
    return table


def _draft(agent: Agent, name: str) -> Draft | None:
    for case, _ in agent.journal.drafts():
        draft = drafts.load(agent, case)
        if name in (case, draft.public_no):
            return draft
    return None


def _from_draft(agent: Agent, draft: Draft) -> dict[str, object]:
    item = drafts.item_of(agent, draft)
    queues = agent.registry.catalogue(draft.catalogue).queues_for(draft.task_code, draft.region)
    facts: dict[str, object] = {
        "item": item.name,
        "public_no": print_public_number(draft.public_no) if draft.public_no else "",
        "liaison": queues[0].liaison if queues else "",
    }
    if drafts.sealed(agent, draft.case):
        return facts | {"state": "SEALED", "state_text": "已封存，待登记", "next": "本机自动发送", "rank": UNSENT}
    return facts | {
        "state": State.DRAFT.value,
        "state_text": CHINESE[State.DRAFT],
        "next": "本窗口收齐封存",
        "rank": OPEN_DRAFT,
    }


def _from_view(agent: Agent, view: CaseView) -> dict[str, object]:
    facts: dict[str, object] = {"rank": RUNNING, "next": NEXT.get(view.state, "") if view.state else ""}
    if view.state is not None:
        facts |= {"state": view.state.value, "state_text": CHINESE[view.state]}
        facts["rank"] = OVER if view.state in ENDED else RUNNING
    if view.file is not None:
        file = view.file
        facts |= {
            "case_no": file.case_no,
            "public_no": print_public_number(file.public_no),
            "holder": agent.registry.directory.current(file.holder).title or identity.node_name(file.holder),
            "item": agent.registry.catalogue(file.catalogue).item(file.task_code).name,
        }
    running = {name: clock.due for name, clock in view.clocks.items() if clock.stopped_at is None and clock.due}
    facts["clocks"] = running
    facts["due"] = min(running.values(), default="")[:16].replace("T", " ")
    return facts


def _from_queue(agent: Agent, case_id: str) -> dict[str, object]:
    """What of our own acts the hub refused last, unless a later act of the same kind went through."""
    last = {entry.event: entry for entry in agent.journal.acts(case_id)}
    for event in ("seal", "withdraw"):
        entry = last.get(event)
        if entry is not None and entry.refusal is not None:
            text = f"被拒绝：{refusal_text(entry.refusal)}"
            return {"rank": REFUSED, "state": "REFUSED", "state_text": text, "next": "本窗口处理"}
    return {}


def _today() -> date:
    return datetime.now(UTC).astimezone(CHINA).date()

"""What the window's lists show: items, the work list, one case, the queue.

Invariants: made from the journal alone, so they work while the hub is away; no personal data in any line.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from rich.table import Table

from crypto import canonical, identity
from crypto.canonical import CHINA
from crypto.refusal import Refusal
from crypto.statement import RECEIPT_TYPE, read_envelope, read_signed
from deploy.commands.shared.common import act_object, minute, refusal_text
from hub.casework.casefile import CaseFile
from hub.casework.late.guards import LATE as ENTERED_LATE
from hub.casework.messages import event_name
from hub.casework.numbers import print_public_number
from hub.casework.reasons import LANES, RETURN_REASONS
from hub.casework.states import CHINESE, State
from hub.casework.time.shown import shown_clock
from node_agent.known.casemirror import ENDED, SEALS, CaseView, demanded, history, mirror, resolve
from node_agent.paper import shelf
from node_agent.parents.merged import NAME as MULTI_NAME
from node_agent.process.runtime import Agent
from node_agent.transfer import bounce
from node_agent.window import back as window_back
from node_agent.window import drafts, pre_review
from node_agent.window.drafts import Draft
from storage.journal import OutboxEntry

NEXT = {
    State.PRE_REVIEW: "受理方预审",
    State.REROUTING: "统筹改派",
    State.SUPPLEMENT: "申请人补正",
    State.COLLECTED: "枢纽转交（等受理方密钥）",
    State.FORWARDED: "受理方签收",
    State.PENDING_ACCEPT: "受理方决定是否受理",
    State.UNDER_REVIEW: "受理方作出决定",
    State.DECIDED: "受理方制证发证",
    State.DELIVERING: "寄递送达",
    State.P_COLLECTED: "枢纽分送各部门",
    State.P_DISPATCHED: "各部门答复材料是否齐全",
    State.P_SUPPLEMENT: "申请人一次补正",
    State.P_IN_PROGRESS: "各部门同时办理",
    State.P_CONCLUDED: "结果汇集到一个出口",
    State.P_DELIVERING: "一个出口交付",
}
LATE = timedelta(minutes=5)
"""Declared and legal time further apart than this are marked (glossary: 补录)."""
ONLINE_FIRST = "法律不要求到场，请先告知申请人可全程网办；申请人愿在窗口办的照收"
"""A01, A02: what the window says before it collects; A19: nobody is sent away to the web."""
REFUSED, UNSENT, OPEN_DRAFT, RUNNING, OVER = range(5)


def item_lines(agent: Agent, words: str, region: str | None) -> list[dict[str, object]]:
    """Items whose names contain the words; whether this window may take each now, and why not (A18)."""
    catalogue, today = agent.registry.catalogue(), _today()
    window = identity.node_name(agent.identity.node)
    lines: list[dict[str, object]] = []
    for item in catalogue.search(words, region):
        reason = ""
        try:
            here = region is not None and bool(catalogue.queues_for(item.task_code, region))
            place = region if here else item.implementing_body.region
            catalogue.require_live(item.task_code, today, window, place)
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
                "advice": ONLINE_FIRST if item.online_first else "",
            }
        )
    return sorted(lines, key=lambda line: not line["may_collect"])


def work_list(agent: Agent) -> list[dict[str, object]]:
    """All cases of this window, what will hurt first on top: refused, unsent, open drafts, then running ones; among
    equals priority cases first (E11, E12), then by due date."""
    names = dict.fromkeys([*agent.journal.case_ids(), *(case for case, _ in agent.journal.drafts())])
    lines = [case_line(agent, case) for case in names]
    return sorted(lines, key=lambda line: (line["rank"], not line["lane"], line["due"] or "9999", line["case"]))


def case_line(agent: Agent, name: str) -> dict[str, object]:
    """One case by case id, 43-character number or public number, with or without blanks. Refusal CASE_UNKNOWN_HERE.

    ``occurred_at``: when the window says that it collected; ``recorded_at``: the legal time, by the hub's receipt;
    ``late``: words where they differ by more than ``LATE`` (states.md 9, late entry). RFC 3339 texts in UTC+8.
    """
    name = name.replace(" ", "").replace("-", "")
    draft = _draft(agent, name)
    case_id = draft.case if draft else _answered(agent, name) or resolve(agent, name)
    draft = draft or _draft(agent, case_id)
    view = mirror(agent, case_id) if agent.journal.leaves(case_id) else None
    line: dict[str, object] = {
        "case": case_id, "case_no": "", "public_no": "", "item": "", "state": "", "state_text": "", "holder": "本窗口",
        "next": "", "due": "", "shown": "", "liaison": "", "clocks": {}, "rank": RUNNING,
        "occurred_at": "", "recorded_at": "", "late": "", "receipt": "", "lane": "",
    }  # fmt: skip
    if draft is not None:
        line |= _from_draft(agent, draft)
    if view is not None:
        line |= _from_view(agent, view)
    return line | _from_queue(agent, case_id) | _times(agent, case_id)


def queue_lines(agent: Agent, told: dict[str, Any]) -> list[dict[str, object]]:
    """Acts that wait to be sent, in order, each with the reason in Chinese. ``told``: ``standing.read_status``."""
    lines: list[dict[str, object]] = []
    cases: set[str] = set()
    for entry in agent.journal.waiting():
        draft = agent.journal.draft(entry.case_id) and drafts.load(agent, entry.case_id)
        number = print_public_number(draft.public_no) if draft and draft.public_no else ""
        why = _why(agent, entry, told, entry.case_id in cases)
        lines.append(act_object(entry) | {"public_no": number, "event_text": event_name(entry.event), "why": why})
        cases.add(entry.case_id)
    return lines


def queue_table(waiting: list[dict[str, object]], uploads: int) -> Table:
    """Acts that wait to be sent."""
    table = Table("序", "查询号", "动作", "存入时间", "等什么", title=f"待发 {len(waiting)} 条，待传 {uploads} 包")
    for act in waiting:
        name = act["public_no"] or str(act["case"])[:8]
        table.add_row(
            str(act["number"]), str(name), str(act["event_text"]), minute(str(act["queued_at"])), str(act["why"])
        )
    return table


def _why(agent: Agent, entry: OutboxEntry, told: dict[str, Any], behind: bool) -> str:
    if behind:
        return "等本件前一步发出"
    upload = agent.journal.upload(entry.needs_upload) if entry.needs_upload else None
    if upload is not None and upload.state != "DONE":
        alarm = told["alarms"].get(upload.manifest_digest)
        if alarm is not None:
            refusal = Refusal(alarm["code"], "promise 6", **alarm.get("values", {}))
            return f"材料传不上去：{refusal_text(refusal)}"
        stored, parts = told["uploads"].get(upload.manifest_digest, (0, 1))
        return f"等材料上传，已传 {stored}/{parts} 片" if parts > 1 else "等材料上传"
    return "等枢纽登记"


def _answered(agent: Agent, name: str) -> str | None:
    """The case that the hub's answer gave this 43-character number, before its leaf is here."""
    return agent.journal.case_of_number(name) if len(name) == 43 else None


def _times(agent: Agent, case_id: str) -> dict[str, object]:
    """Declared and legal time of the newest seal of this window, and its number, from the queue and the receipt."""
    seals = [entry for entry in agent.journal.acts(case_id) if entry.event in SEALS and entry.refusal is None]
    if not seals:
        return {}
    said_here = read_signed(seals[-1].envelope)
    declared, marked = said_here.occurred_at, said_here.body.get(ENTERED_LATE)
    found: dict[str, object] = {"occurred_at": declared}
    if not seals[-1].receipt:
        return found | {"late": "还没有登记，法定时间以枢纽登记为准"}
    said = canonical.parse(read_envelope(seals[-1].receipt, RECEIPT_TYPE).payload)  # verified before it was kept
    found |= {"recorded_at": said["recorded_at"], "case_no": seals[-1].case_no}
    apart = canonical.time_value(str(said["recorded_at"])) - canonical.time_value(declared)
    if abs(apart) > LATE:
        why = "补录" if marked else "延后上传" if apart > LATE else "窗口时钟偏快"
        found["late"] = f"{why}，相差 {_span(apart)}；法定时间以枢纽登记为准"
    return found


def _span(apart: timedelta) -> str:
    minutes = int(abs(apart).total_seconds() // 60)
    return f"{minutes // 60} 小时 {minutes % 60} 分" if minutes >= 60 else f"{minutes} 分"


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
        "lane": LANES.get(draft.lane, draft.lane),
        "receipt": "待打印" if shelf.order(agent.settings.home, draft.public_no) else "",
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
    facts |= _aside(agent, view)
    if view.file is not None:
        file = view.file
        facts |= {
            "case_no": file.case_no,
            "public_no": print_public_number(file.public_no) if file.public_no else "",
            "holder": agent.registry.directory.title_of(file.holder),
            "item": _item_name(agent, file),
            "lane": LANES.get(file.lane, file.lane),
        }
        if file.bundle is None:
            facts["shown"] = shown_clock(_case_type(agent, file), file.clocks).words
    running = {name: clock.due for name, clock in view.clocks.items() if clock.stopped_at is None and clock.due}
    facts["clocks"] = running
    facts["due"] = min(running.values(), default="")[:16].replace("T", " ")
    return facts


def _case_type(agent: Agent, file: CaseFile) -> str:
    """INSTANT or COMMITTED, by the list that the case was opened under (C04)."""
    return agent.registry.catalogue(file.catalogue).item(file.task_code).case_type


def _item_name(agent: Agent, file: CaseFile) -> str:
    catalogue = agent.registry.catalogue(file.catalogue)
    if file.bundle is None:
        return catalogue.item(file.task_code).name
    return catalogue.theme(file.bundle.theme).name if file.bundle.theme else MULTI_NAME


def _aside(agent: Agent, view: CaseView) -> dict[str, object]:
    """What a case off the straight path asks of the window: supplement with days left, a case that came back."""
    told = history(agent.journal, view.case)
    if view.state is State.SUPPLEMENT:
        due = demanded(told)[1]
        days = (date.fromisoformat(due) - _today()).days
        left = f"还剩 {days} 天" if days >= 0 else f"已逾期 {-days} 天"
        return {"state_text": f"{CHINESE[view.state]}（{left}）", "next": f"申请人 {due} 前补正，任何窗口可收"}
    back = window_back.returned(told)
    if back is not None:
        why = RETURN_REASONS.get(str(back.statement.body["reason"]), "")
        return {"rank": OPEN_DRAFT, "next": f"本窗口更正后再封存：{why}"}
    if bounce.unsound(told) and bounce.resend_impossible(agent, view.case):
        return {"rank": REFUSED, "next": "本机密文已清除，请联系申请人重新提供材料"}
    if view.state is State.DRAFT and pre_review.advice(told) is not None:
        return {"next": "预审已答复，本窗口收齐封存"}
    return {}


def _from_queue(agent: Agent, case_id: str) -> dict[str, object]:
    """What of our own acts the hub refused last, unless a later act of the same kind went through."""
    last = {entry.event: entry for entry in agent.journal.acts(case_id)}
    for event in (*SEALS, "withdraw", "withdraw_parent"):
        entry = last.get(event)
        if entry is not None and entry.refusal is not None:
            text = f"被拒绝：{refusal_text(entry.refusal)}"
            return {"rank": REFUSED, "state": "REFUSED", "state_text": text, "next": "本窗口处理"}
    return {}


def _today() -> date:
    return datetime.now(UTC).astimezone(CHINA).date()

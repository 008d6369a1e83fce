"""``yidi dept``: the receiving department: queue, open, accept, decide, issue, post, hand over, grants.

Invariants:
- a command signs and queues; the running agent sends; the answer is awaited for a bounded time;
- decrypted pages reach the disk only with ``--out`` or ``handover``, all or none;
- words that a person writes come from a file or standard input, never from an argument.
"""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from deploy.commands.dept.pages_out import write_pages
from deploy.commands.dept.pulled import PULL_STATES, is_forwarded, pull_object
from deploy.commands.dept.shown import (
    case_object,
    days_left,
    doubt_words,
    holder_name,
    opened_object,
    queue_object,
    state_text,
)
from deploy.commands.shared.common import (
    TEXT_FILE,
    AsJson,
    Home,
    Staff,
    WaitSeconds,
    agent_at,
    answered,
    finish_act,
    minute,
    refusal_object,
    show,
    text_of,
)
from deploy.commands.shared.options import CaseName
from deploy.commands.shared.pairs import Copies, copies_of, days_of
from hub.casework.custody import clock_rows
from hub.casework.messages import PURPOSES
from hub.casework.reasons import DEFECTS, LANES
from node_agent import acts
from node_agent.department import desk as department
from node_agent.department import materials as department_materials
from node_agent.department import powers, result
from node_agent.department.handover import handover as hand_over
from node_agent.department.queue import queue_view
from node_agent.known.casemirror import mirror, resolve
from node_agent.process.runtime import Agent
from node_agent.transfer import opening, receiver
from node_agent.transfer.opening import OpenedCase
from node_agent.verification import evidence
from node_agent.window.drafts import ORIGINAL, SAID
from storage.journal import OutboxEntry

app = typer.Typer(no_args_is_help=True, help="受理地部门：签收、查看、受理、决定、制发、寄送")
Purpose = Annotated[
    str, typer.Option("--purpose", help=f"查看用途，将连同办件编号登记在案：{'、'.join(PURPOSES.values())}")
]
ACQUIRED = {**SAID, "FORM": "申请人填写"}
KIND_WORDS = "DECIDE 审批决定；SEAL_USE 用印；PRE_REVIEW 初审；COORDINATE 业务协调；POST_A A岗；POST_B B岗；EXPORT 导出"


class Kind(StrEnum):
    """What a power of attorney allows."""

    DECIDE = "DECIDE"
    SEAL_USE = "SEAL_USE"
    PRE_REVIEW = "PRE_REVIEW"
    COORDINATE = "COORDINATE"
    POST_A = "POST_A"
    POST_B = "POST_B"
    EXPORT = "EXPORT"


@app.command("queue")
def queue(home: Home, as_json: AsJson = False) -> None:
    """待办队列，按法定期限风险排序。"""
    with agent_at(home, as_json) as agent:
        lines = queue_view(agent)
        columns = ("办件编号", "状态", "优先", "受理剩余（K2）", "承诺剩余（K3）", "到期", "件别")
        table = Table(*columns, title=f"待办 {len(lines)} 件")
        for line in lines:
            due = minute(min((text for text in line.due.values() if text), default=None))
            table.add_row(
                line.case_no or line.view.case,
                state_text(line.view),
                LANES.get(line.lane, line.lane),
                days_left(line, "K2"),
                days_left(line, "K3"),
                due,
                line.shown,
            )
        show({"ok": True, "cases": [queue_object(line) for line in lines]}, as_json, table)


@app.command("pull")
def pull(home: Home, as_json: AsJson = False) -> None:
    """转来办件的签收情况：密文是否齐全、是否已会签。"""
    with agent_at(home, as_json) as agent:
        rows = [pull_object(agent, case_id) for case_id in agent.journal.case_ids() if is_forwarded(agent, case_id)]
        table = Table("案件", "签收情况", "异常代码", title=f"转来 {len(rows)} 件")
        for row in rows:
            table.add_row(str(row["case"]), PULL_STATES[str(row["state"])], str(row["code"]))
        alarms = {name: refusal_object(refusal) for name, refusal in receiver.alarms(agent).items()}
        show({"ok": True, "cases": rows, "alarms": alarms}, as_json, table)


@app.command("open")
def open_document(
    home: Home,
    case: CaseName,
    staff: Staff,
    purpose: Purpose,
    out: Annotated[Path | None, typer.Option("--out", help="解密页面写入此文件夹（不写则不落盘）")] = None,
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """查看申请材料：先登记用途，枢纽回执后才解密。"""
    with agent_at(home, as_json) as agent:
        opened = _open(agent, case, staff, purpose, wait, as_json)
        files = write_pages(out, opened) if out else []
        table = Table("行", "材料", "取得方式", "可信等级", "原件", "页数", title=f"办件 {opened.case_no}")
        for line in opened.lines:
            table.add_row(
                line.line,
                line.name,
                ACQUIRED.get(line.acquisition, line.acquisition),
                line.trust,
                ORIGINAL.get(line.original, line.original),
                str(len(line.pages)),
            )
        for addendum in opened.addenda:
            for line in addendum.lines:
                answers = DEFECTS.get(addendum.answers.get(line.material, ""), "—")
                table.add_row(
                    f"补正{addendum.revision}",
                    f"{line.name}（答复：{answers}）",
                    ACQUIRED.get(line.acquisition, line.acquisition),
                    line.trust,
                    ORIGINAL.get(line.original, line.original),
                    str(len(line.pages)),
                )
        checker = opened.checked_by.rpartition("/")[2]
        checked = f"原件核对并签名：{checker}　封装登记时间：{minute(opened.sealed_at)}"
        doubts = evidence.doubts(agent, opened)
        value = {"ok": True, **opened_object(opened), "doubts": doubts, "files": [str(file) for file in files]}
        written = f"已写出 {len(files)} 个文件到 {out}" if out else "页面未写入磁盘；需要时加 --out"
        warned = [doubt_words(line, member) for line, member in doubts.items()]
        show(value, as_json, table, checked, *warned, written)


@app.command("accept")
def accept(
    home: Home,
    case: CaseName,
    staff: Staff,
    promise: Annotated[list[str] | None, typer.Option("--promise", help="容缺：材料编号=补交日期，可多次")] = None,
    paper: Annotated[Path | None, typer.Option("--paper", help="签字的容缺承诺书扫描件")] = None,
    copy: Copies = None,
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """受理（行政许可法第三十二条）；非主要材料可以凭书面承诺容缺受理。"""
    with agent_at(home, as_json) as agent:
        more = department_materials.promised(agent, days_of(promise or []), paper)
        more |= department_materials.copied(agent, copies_of(copy))
        entry = department.accept(agent, resolve(agent, case), staff, more)
        _finish(agent, entry, wait, as_json, "受理")


@app.command("decide")
def decide(
    home: Home,
    case: CaseName,
    staff: Staff,
    grant: Annotated[bool, typer.Option("--grant/--refuse", help="准予或不予")],
    reasons: Annotated[Path | None, typer.Option("--reasons-file", help=f"不予的理由，{TEXT_FILE}")] = None,
    appeal: Annotated[
        Path | None, typer.Option("--appeal-file", help=f"救济途径：复议、诉讼的机关和期限，{TEXT_FILE}")
    ] = None,
    record: Annotated[Path | None, typer.Option("--record", help="集体研究记录扫描件，清单要求时必填")] = None,
    copy: Copies = None,
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """作出决定（须有有效的审批授权；清单规定由负责人或集体决定的从其规定）。"""
    with agent_at(home, as_json) as agent:
        outcome = "GRANT" if grant else "REFUSE"
        said = (text_of(reasons), text_of(appeal))
        more = department_materials.copied(agent, copies_of(copy))
        entry = department.decide(agent, resolve(agent, case), staff, outcome, *said, record=record, more=more)
        _finish(agent, entry, wait, as_json, "准予决定" if grant else "不予决定")


@app.command("issue")
def issue(
    home: Home,
    case: CaseName,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="结果文书的页面图像，按顺序")],
    staff: Staff,
    copy: Copies = None,
    wait: WaitSeconds = 60.0,
    as_json: AsJson = False,
) -> None:
    """制发结果：加密封装、用印登记，并为申请人、收件窗口留存密钥。"""
    with agent_at(home, as_json) as agent:
        more = department_materials.copied(agent, copies_of(copy))
        entry = result.issue(agent, resolve(agent, case), staff, files, more)
        _finish(agent, entry, wait, as_json, "结果制发")


@app.command("post")
def post(
    home: Home,
    case: CaseName,
    staff: Staff,
    gateway: Annotated[str, typer.Option("--gateway", help="寄递网关节点，默认取本节点设置")] = "",
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """交寄结果：只把地址行的密钥交给寄递网关。"""
    with agent_at(home, as_json) as agent:
        entry = result.post(agent, resolve(agent, case), staff, gateway)
        _finish(agent, entry, wait, as_json, "交寄")


@app.command("handover")
def handover(
    home: Home, case: CaseName, staff: Staff, purpose: Purpose, wait: WaitSeconds = 30.0, as_json: AsJson = False
) -> None:
    """把材料交给本部门业务系统（设置中的文件夹）。"""
    with agent_at(home, as_json) as agent:
        opened = _open(agent, case, staff, purpose, wait, as_json)
        folder, *addenda = map(str, hand_over(agent, opened.case, opened))
        value = {"ok": True, "case": opened.case, "folder": folder, "addenda": addenda}
        show(value, as_json, f"已交付业务系统：{'、'.join((folder, *addenda))}")


@app.command("show")
def show_case(home: Home, case: CaseName, as_json: AsJson = False) -> None:
    """办件状态、责任方、各时限的到期日。"""
    with agent_at(home, as_json) as agent:
        view = mirror(agent, resolve(agent, case))
        table = Table("时限", "起", "止", "到期", title=f"{state_text(view)}　责任方：{holder_name(agent, view)}")
        rows = clock_rows(view.file) if view.file else []
        for row in rows:
            times = (minute(row.started_at), minute(row.stopped_at), minute(row.due, "暂停中"))
            table.add_row(f"{row.clock} {row.name}", *times)
        notes = [f"[yellow]本节点缺少：{'、'.join(view.missing)}[/yellow]"] if view.missing else []
        if view.file and view.file.deemed:
            notes.append("[yellow]逾期未告知，自收到申请材料之日起视为受理（行政许可法第三十二条）[/yellow]")
        notes += [f"[red]与法不符：{found.code} {found.where}[/red]" for found in view.findings]
        show({"ok": True, **case_object(view)}, as_json, table, *notes)


@app.command("grant")
def grant_power(
    home: Home,
    staff: Staff,
    kind: Annotated[Kind, typer.Option("--kind", help=f"授权种类：{KIND_WORDS}")],
    person: Annotated[str, typer.Option("--person", help="被授权人工号")],
    document: Annotated[
        Path, typer.Option("--document", help="授权委托书文件，留存本机，日志只有摘要", exists=True, dir_okay=False)
    ],
    valid_from: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="起始日")],
    valid_to: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="截止日")],
    item: Annotated[list[str], typer.Option("--item", help="事项编码，可多次；* 为全部")],
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """负责人签发授权委托（登记为日志记录）。"""
    with agent_at(home, as_json) as agent:
        entry = powers.grant_issue(
            agent,
            staff,
            kind.value,
            person,
            item,
            valid_from.date().isoformat(),
            valid_to.date().isoformat(),
            document.read_bytes(),
        )
        _finish(agent, entry, wait, as_json, "授权")


def _open(agent: Agent, name: str, staff: str, purpose: str, wait: float, as_json: bool) -> OpenedCase:
    case_id = resolve(agent, name)
    role = acts.role_of(agent, staff, opening.READERS)
    return opening.open_case(
        agent,
        case_id,
        staff,
        role,
        purpose,
        answered=answered(agent, wait, as_json),
    )


def _finish(agent: Agent, entry: OutboxEntry, wait: float, as_json: bool, what: str) -> None:
    own = agent.journal.acts(entry.case_id) if entry.event == "issue" else []  # its key packets belong to it
    packets = [act.payload_digest for act in own if act.needs_upload]
    finish_act(agent, entry, wait, as_json, f"{what}：{entry.case_id}", with_it=packets)

"""``yidi exchange``: tables for the integrated platform, and what the own line system hands over (issue 4, part 8).

Invariants:
- personal data come from the form opened here, under a purpose and a live EXPORT grant, each stated in the log;
- what the line system pushes waits until a person signs it by name; nothing signs by itself.
"""

import csv
import io
import json
import socket
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from crypto.refusal import Refusal
from deploy.catalogue.decode import text_in
from deploy.commands.shared.common import AsJson, Home, Staff, WaitSeconds, agent_at, answered, finish_act, minute, show
from deploy.commands.shared.options import CaseName
from hub.casework.messages import event_name
from node_agent.exchange import batch as batches
from node_agent.exchange import pushes
from node_agent.exchange import told as telling
from node_agent.exchange.batch import Exporter
from node_agent.exchange.files import reconcile
from node_agent.exchange.tables import SOURCE, TABLES
from node_agent.known.casemirror import resolve
from node_agent.process.runtime import Agent

app = typer.Typer(no_args_is_help=True, help="交换：导出国家一体化平台数据表，与本部门业务系统对接")

Folder = Annotated[Path | None, typer.Option("--out", help="批次放在这个文件夹，缺省为本节点的 exchange")]
Key = Annotated[str, typer.Argument(metavar="KEY", help="业务系统提交时用的幂等键")]
PUSH_STATES = {
    "PENDING": "待签办",
    "DROPPED": "已退回",
    "WAITING": "已签办，待回执",
    "DONE": "已办",
    "REFUSED": "未获接收",
}


@app.command("export")
def export(
    home: Home,
    staff: Staff,
    out: Folder = None,
    kind: Annotated[str, typer.Option("--format", help="csv 或 json")] = "csv",
    source: Annotated[str, typer.Option("--source", help="平台分配的三位数据来源码")] = SOURCE,
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """导出上次以来的新数据：每件一次，不重不漏，中断后接着导；须有导出授权。"""
    with agent_at(home, as_json) as agent:
        by = Exporter(agent, staff, _folder(agent, out), answered(agent, wait, as_json), kind, source)
        made = batches.export(by)
        table = Table("数据表", "行数", title=f"{made.name}：{made.cases} 件 {made.rows} 行")
        if made.folder is not None:
            for name, entry in reconcile(made.folder)[0]["tables"].items():
                table.add_row(TABLES[name].words, str(entry["rows"]))
        human = [table, f"已存到 {made.folder}"] if made.folder else ["没有新的数据"]
        if made.left_out:
            human.append(f"[yellow]{len(made.left_out)} 件没有导出：{_left_out(made.left_out)}[/yellow]")
        value = {"ok": True, "batch": made.name, "folder": str(made.folder or ""), "cases": made.cases}
        show({**value, "rows": made.rows, "left_out": made.left_out}, as_json, *human)


@app.command("reconcile")
def check_batch(
    folder: Annotated[Path, typer.Argument(help="批次文件夹", exists=True, file_okay=False)],
    counts: Annotated[
        Path | None, typer.Option("--counts", help="平台回传的计数（CSV：数据表、日期、行数）", exists=True)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """对账：文件与清单的摘要、行数，以及平台回传的每表每日行数。"""
    from deploy.commands.shared.common import refusals

    with refusals(as_json):
        told, wrong = reconcile(folder, read_counts(counts) if counts else None)
        table = Table("数据表", "日期", "行数", title=str(told["batch"]))
        for name, entry in told["tables"].items():
            for day, rows in entry["days"].items():
                table.add_row(name, day, str(rows))
        said = [f"[red]{one}[/red]" for one in wrong] or ["一致"]
        show({"ok": not wrong, "tables": told["tables"], "differences": wrong}, as_json, table, *said)
        if wrong:
            raise typer.Exit(1)


@app.command("payment")
def payment(
    case: CaseName,
    home: Home,
    file: Annotated[
        Path,
        typer.Option("--file", help="缴款信息（JSON：pay_no、charge_org、amount、charge_date、payer）", exists=True),
    ],
    as_json: AsJson = False,
) -> None:
    """登记缴款信息，随下一批导出；只存在本机。"""
    with agent_at(home, as_json) as agent:
        try:
            told = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise Refusal("FORM_UNREADABLE", "GB/T 39046-2020 table 14", file=file.name) from error
        if not isinstance(told, dict):
            raise Refusal("FORM_UNREADABLE", "GB/T 39046-2020 table 14", file=file.name)
        case_id = resolve(agent, case)
        telling.tell_payment(agent, case_id, told)
        show({"ok": True, "case": case_id}, as_json, "已登记，随下一批导出")


@app.command("licence")
def licence(
    case: CaseName,
    home: Home,
    kind: Annotated[str, typer.Option("--type", help="证照类型代码")],
    number: Annotated[str, typer.Option("--number", help="证照编号")],
    as_json: AsJson = False,
) -> None:
    """登记已制发证照的编号，随下一批导出证照表；只存在本机。"""
    with agent_at(home, as_json) as agent:
        case_id = resolve(agent, case)
        telling.tell_licence(agent, case_id, {"certificate_type_code": kind, "certificate_number": number})
        show({"ok": True, "case": case_id}, as_json, "已登记，随下一批导出")


@app.command("pending")
def pending(home: Home, as_json: AsJson = False) -> None:
    """业务系统提交的动作：哪些待签办，哪些已办。"""
    with agent_at(home, as_json) as agent:
        found = [pushes.answer(agent, push) for push in pushes.pushes(agent)]
        table = Table("幂等键", "件", "动作", "状态", "提交时间", title=f"提交 {len(found)} 项")
        for one in found:
            state = PUSH_STATES.get(str(one["state"]), str(one["state"]))
            event = event_name(str(one["event"]))
            table.add_row(str(one["key"]), str(one["case"])[:12], event, state, minute(str(one["at"])))
        show({"ok": True, "pushes": found}, as_json, table)


@app.command("sign")
def sign(key: Key, home: Home, staff: Staff, wait: WaitSeconds = 30.0, as_json: AsJson = False) -> None:
    """签办业务系统提交的一项动作：由本人签名，权限和授权照常核对。"""
    with agent_at(home, as_json) as agent:
        finish_act(agent, pushes.sign(agent, key, staff), wait, as_json, "已签办")


@app.command("drop")
def drop(key: Key, home: Home, staff: Staff, as_json: AsJson = False) -> None:
    """退回业务系统提交的一项动作，不予办理。"""
    with agent_at(home, as_json) as agent:
        made = pushes.drop(agent, key, staff)
        show({"ok": True, "key": made.key, "state": made.state}, as_json, "已退回")


@app.command("serve")
def serve(
    home: Home,
    token_file: Annotated[Path, typer.Option("--token-file", help="口令文件，只有本用户可读", dir_okay=False)],
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="本机端口，0 为任选空闲端口")] = 0,
    out: Folder = None,
    as_json: AsJson = False,
) -> None:
    """在本机开放业务系统接口：取走已移交的办件和批次，提交待签的动作。"""
    import uvicorn

    from node_agent.exchange.hook import hook_app, read_token
    from node_agent.process.daemon import set_up_logging

    set_up_logging()  # never the text of an error: it may hold what the line system sent
    with agent_at(home, as_json) as agent:
        app_made = hook_app(agent, read_token(token_file), _folder(agent, out))
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", port))
            listener.listen()
            told = listener.getsockname()[1]
            show({"ok": True, "port": told}, as_json, f"接口已在本机 {told} 端口开放")
            config = uvicorn.Config(app_made, log_config=None, log_level="warning", access_log=False, lifespan="off")
            uvicorn.Server(config).run(sockets=[listener])


def read_counts(path: Path) -> dict[tuple[str, str], int]:
    """Rows by (table, day) in a CSV. Refusals TABLE_ENCODING, TABLE_DAMAGED, EXCHANGE_MANIFEST."""
    rows = csv.reader(io.StringIO(text_in(path.read_bytes(), path.name), newline=""))
    try:
        return {(name.strip(), day.strip()): int(n) for name, day, n in list(rows)[1:]}
    except ValueError as error:
        raise Refusal("EXCHANGE_MANIFEST", "H10", file=path.name) from error


def _folder(agent: Agent, out: Path | None) -> Path:
    return out or agent.settings.home / "exchange"


def _left_out(found: dict[str, str]) -> str:
    return "、".join(f"{case[:12]}（{code}）" for case, code in list(found.items())[:5])

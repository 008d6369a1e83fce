"""``yidi selftest``: a node's test of its own connection (B24), for who sets up or is called when it does not work.

Invariant: each line that fails says its way out (promise 7); exit code 1 when one fails.
"""

from pathlib import Path
from typing import Any

import typer
from rich.table import Table

from deploy.commands.shared.common import EXIT_REFUSED, agent_at, minute, refusal_object, refusal_text, show
from node_agent.process.selftest import Line
from node_agent.process.selftest import selftest as tested

WORDS = {
    "PING": "枢纽应答",
    "CLOCK": "本机时钟",
    "CERTIFICATE": "连接证书",
    "REGISTRY": "登记信息",
    "CATALOGUE": "事项清单",
    "STORE": "存储上传下载",
    "NODE": "对方单位",
}
NO_ECHO = "对方单位是否收得到，请在对方机器上自检：各单位之间没有直接连接，自检也不写入日志。"


def run(home: Path, to: str, as_json: bool) -> None:
    """Test, show every line, end with the fitting exit code."""
    with agent_at(home, as_json) as agent:
        lines = tested(agent, to)
        node = agent.identity.node
    failed = any(line.refusal for line in lines)
    table = Table("项目", "结果", "实测", title=f"联通自检：{node}", title_justify="left")
    for line in lines:
        result = "[red]不通[/red]" if line.refusal else "[green]通[/green]"
        table.add_row(WORDS[line.code], result, refusal_text(line.refusal) if line.refusal else _measured(line))
    texts = [NO_ECHO] if to else []
    show({"ok": not failed, "node": node, "lines": [_object(line) for line in lines]}, as_json, table, *texts)
    if failed:
        raise typer.Exit(EXIT_REFUSED)


def _measured(line: Line) -> str:
    values: dict[str, Any] = dict(line.values)
    match line.code:
        case "PING":
            return f"往返 {values['ms']} 毫秒"
        case "CLOCK":
            return f"相差 {values['seconds']} 秒"
        case "CERTIFICATE":
            renewing = "，正在换发" if values["renewing"] else ""
            return f"还有 {values['days']} 天，至 {minute(values['ends'])}{renewing}"
        case "REGISTRY":
            age = f"；本机快照 {values['snapshot_hours']} 小时前" if "snapshot_hours" in values else ""
            return f"第 {values['epoch']} 条，与枢纽一致{age}"
        case "CATALOGUE":
            return f"{values['version']}，已施行 {values['days']} 天；工作日历 {values['calendar']}"
        case "STORE":
            return f"存入 {values['put_ms']} 毫秒，取回 {values['get_ms']} 毫秒，已删除"
        case _:
            return f"密钥有效，可以加密给 {values['node']}"


def _object(line: Line) -> dict[str, object]:
    refusal = refusal_object(line.refusal) if line.refusal else None
    return {"code": line.code, "ok": line.refusal is None, **line.values, "refusal": refusal}

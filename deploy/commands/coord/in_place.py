"""``yidi coord in-place``: the check of 三到位 over a region (G14).

Invariants: read only; codes and node names, no person.
"""

from typing import Annotated

import typer
from rich.table import Table

from crypto.refusal import Refusal
from deploy.commands.shared.common import AsJson, Home, agent_at, show
from hub.casework.catalogue.in_place import WORDS, Gap
from node_agent.process.runtime import Agent
from node_agent.supervision import in_place

app = typer.Typer(no_args_is_help=True)


@app.command("in-place")
def check(
    home: Home,
    region: Annotated[str, typer.Option("--region", help="区划代码，12 位；不写为本地区")] = "",
    events: Annotated[bool, typer.Option("--events", help="连同核对每一件的记录是否完整（要逐件读取）")] = False,
    as_json: AsJson = False,
) -> None:
    """三到位核对：事项有窗口、部门有授权、办件记录完整；有缺的列出，退出码 1。"""
    with agent_at(home, as_json) as agent:
        found = [*in_place.listed(agent, region), *(in_place.incomplete(agent) if events else ())]
        table = Table("缺什么", "事项", "单位", "办件", title=f"没有到位 {len(found)} 处")
        for gap in found:
            table.add_row(WORDS[gap.kind], _item(agent, gap), gap.node, gap.case)
        show({"ok": not found, "gaps": [vars(gap) for gap in found]}, as_json, table if found else "都已到位。")
        if found:
            raise typer.Exit(1)


def _item(agent: Agent, gap: Gap) -> str:
    try:
        return agent.registry.catalogue().item(gap.task_code).name
    except Refusal:
        return gap.task_code

"""``yidi coord …``: the coordinator re-routes what has no queue or went to the wrong department.

Invariants: codes and times only, no document; a command signs and queues, the running agent sends.
"""

from typing import Annotated

import typer
from rich.table import Table

from deploy.commands.shared.choices import code_of, listed
from deploy.commands.shared.common import AsJson, Home, Staff, WaitSeconds, agent_at, finish_act, minute, show
from deploy.commands.shared.options import CaseName
from hub.casework import reasons
from node_agent.known.casemirror import resolve
from node_agent.process.runtime import Agent
from node_agent.supervision import coordinator
from node_agent.supervision.coordinator import Waiting

app = typer.Typer(no_args_is_help=True, help="统筹：待改派、改派、退回窗口")


@app.command("list")
def list_cases(home: Home, as_json: AsJson = False) -> None:
    """待改派的办件：期限、谁转过、为什么、建议转到哪里；最急的在前。"""
    with agent_at(home, as_json) as agent:
        found = coordinator.desk(agent)
        table = Table("办件", "事项", "原因", "转过", "建议", "改派期限", title=f"待改派 {len(found)} 件")
        for one in found:
            colour = "red" if one.overdue else "white"
            hops = "、".join(agent.registry.directory.title_of(node) for node in one.hops) or "—"
            proposal = agent.registry.directory.title_of(one.proposal) if one.proposal else "—"
            due = f"[{colour}]{minute(one.due)}[/{colour}]"
            table.add_row(one.case_no or one.case, _item(agent, one), _why(one), hops, proposal, due)
        show({"ok": True, "cases": [{**one.__dict__} for one in found]}, as_json, table)


@app.command()
def redirect(
    case: CaseName,
    home: Home,
    staff: Staff,
    to: Annotated[str, typer.Option("--to", help="转往的部门（节点名或标识）")],
    queue: Annotated[str, typer.Option("--queue", help="受理队列；该部门只有一个时可不写")] = "",
    forced: Annotated[bool, typer.Option("--forced", help="转回曾经退出的部门（记黄牌）")] = False,
    lead: Annotated[str, typer.Option("--lead", help="统筹负责人工号；第三次转交须一同签名")] = "",
    wait: WaitSeconds = 30,
    as_json: AsJson = False,
) -> None:
    """改派：密钥由持有的部门自动转交，材料不用重新上传。"""
    with agent_at(home, as_json) as agent:
        case_id = resolve(agent, case)
        entry = coordinator.redirect(agent, case_id, staff, to, queue, forced=forced, lead=lead)
        unit = agent.registry.directory.title_of(coordinator.department_named(agent, to))
        words = f"已改派：{case_id}\n转往 {unit}，等待签收"
        finish_act(agent, entry, wait, as_json, words)


@app.command("return")
def give_back(
    case: CaseName,
    home: Home,
    staff: Staff,
    reason: Annotated[str, typer.Option("--reason", help=listed(reasons.RETURN_REASONS))],
    wait: WaitSeconds = 30,
    as_json: AsJson = False,
) -> None:
    """退回窗口：事项选错或者申请人要求更正；材料够用的申请人不必再来。"""
    with agent_at(home, as_json) as agent:
        case_id, code = resolve(agent, case), code_of(reasons.RETURN_REASONS, reason, "--reason")
        entry = coordinator.give_back(agent, case_id, staff, code)
        words = f"已退回窗口：{case_id}\n原因：{reasons.RETURN_REASONS[code]}"
        finish_act(agent, entry, wait, as_json, words, more={"reason": code})


def _why(one: Waiting) -> str:
    if one.reason:
        return reasons.MISROUTE_REASONS.get(one.reason, one.reason)
    return reasons.ROUTE_FAILURES.get(one.cause, one.cause)


def _item(agent: Agent, one: Waiting) -> str:
    found = agent.registry.catalogue().items.get(one.task_code)
    return found.name if found else one.task_code

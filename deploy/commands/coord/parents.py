"""``yidi coord …`` for parents: see the parts, and give the one notice where the lead is silent (P12)."""

from datetime import datetime
from typing import Annotated

import typer

from deploy.commands.shared.choices import code_of, listed
from deploy.commands.shared.common import AsJson, Home, Staff, WaitSeconds, agent_at, finish_act, show
from deploy.commands.shared.options import ParentName
from deploy.commands.shared.parent_views import parts_object, parts_table
from hub.casework import reasons
from node_agent.parents import desk

app = typer.Typer(no_args_is_help=True)


@app.command("parts")
def parts(home: Home, case: ParentName, as_json: AsJson = False) -> None:
    """看联办件：各部分到哪一步、谁在办、结果如何。"""
    with agent_at(home, as_json) as agent:
        file = desk.seen_by_overseer(agent, case)
        show({"ok": True, **parts_object(agent, file)}, as_json, parts_table(agent, file))


@app.command("merged-notice")
def merged_notice(
    home: Home,
    case: ParentName,
    staff: Staff,
    due: Annotated[datetime, typer.Option("--due", formats=["%Y-%m-%d"], help="补正截止日")],
    method: Annotated[list[str] | None, typer.Option("--method", help=listed(reasons.SUPPLEMENT_METHODS))] = None,
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """牵头部门逾期没有一次告知的，由统筹代发；统筹看不到材料，只按各部门答复的代码告知。"""
    with agent_at(home, as_json) as agent:
        day = due.date().isoformat()
        ways = [code_of(reasons.SUPPLEMENT_METHODS, one, "--method") for one in method or ["WINDOW"]]
        entry = desk.notice_for_lead(agent, case, staff, day, ways)
        finish_act(agent, entry, wait, as_json, f"已代为一次告知，{day} 前补正")

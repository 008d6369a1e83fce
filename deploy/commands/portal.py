"""``yidi portal …``: a portal's agent by hand: take an order of its front, look at its cases (A02).

Invariants: no command acts for an applicant without what he signed (``signed`` in the order); the secret and the check
code stand in the answer file for the front alone, never on the screen.
"""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from deploy.commands.dept.shown import case_object, state_text
from deploy.commands.shared.common import AsJson, Home, WaitSeconds, agent_at, finish, minute, show
from hub.casework.numbers import print_public_number
from hub.casework.visits import visits
from node_agent.known.casemirror import mirror, resolve
from node_agent.portal.folder import take

app = typer.Typer(no_args_is_help=True, help="网上入口：接收申请人在网上填好的申请和办件请求，查看办件")

CaseName = Annotated[str, typer.Argument(metavar="CASE", help="12 位查询号、43 位办件编号或办件标识")]


@app.command("take")
def take_order(
    home: Home,
    folder: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", help="申请或请求所在文件夹", file_okay=False),
    ],
    answers: Annotated[Path, typer.Option("--answers", help="给网页的答复写入此文件夹", file_okay=False)],
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """接收一项：全程网办的申请，或者补正、撤回、改领取方式、取结果、评价、投诉；同一项只收一次。"""
    with agent_at(home, as_json) as agent:
        made = take(agent, folder, answers)
        value = {"case": made.case, "public_no": made.public_no, "answer": str(made.answer or "")}
        told = f"已接收，查询号 {print_public_number(made.public_no)}" if made.public_no else "已接收"
        finish(agent, list(made.entries), wait, as_json, value, told)


@app.command("cases")
def cases(home: Home, as_json: AsJson = False) -> None:
    """本入口的办件：状态、到期、申请人跑了几趟。"""
    with agent_at(home, as_json) as agent:
        rows = []
        table = Table("查询号", "状态", "跑动次数", "更新", title="网上办件")
        for case_id in agent.journal.case_ids():
            view = mirror(agent, case_id)
            file = view.file
            if file is None or file.collecting_node != agent.identity.node:
                continue
            table.add_row(file.public_no, state_text(view), str(visits(file)), minute(file.recorded_at))
            rows.append({**case_object(view), "visits": visits(file)})
        show({"ok": True, "cases": rows}, as_json, table)


@app.command("show")
def show_case(home: Home, case: CaseName, as_json: AsJson = False) -> None:
    """一件的状态和时限。"""
    with agent_at(home, as_json) as agent:
        view = mirror(agent, resolve(agent, case))
        count = visits(view.file) if view.file else 0
        show({"ok": True, **case_object(view), "visits": count}, as_json, f"{state_text(view)}　跑动 {count} 次")

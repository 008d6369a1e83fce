"""``yidi dept publication-list``: what the department decided, for everybody to read (公开公示, G08).

Invariants: masked as OUTSIDE before it is written; opened and stated case by case in the log; nothing is written unless
the hub has acknowledged all of it.
"""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from deploy.commands.figures.main import table_of
from deploy.commands.shared.common import AsJson, Home, Staff, WaitSeconds, agent_at, answered, show
from deploy.figures import lists
from deploy.figures.files import require_writable, write
from node_agent.department import publication

app = typer.Typer(no_args_is_help=True)


@app.command("publication-list")
def publication_list(
    home: Home,
    staff: Staff,
    since: Annotated[datetime, typer.Option("--from", help="起始日，按决定日期", formats=["%Y-%m-%d"])],
    until: Annotated[datetime, typer.Option("--to", help="截止日，计入", formats=["%Y-%m-%d"])],
    out: Annotated[Path, typer.Option("--out", help="存为 .xlsx、.json，或不带后缀的文件夹（CSV）")],
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """公开公示：准予的行政许可，姓名脱敏；未成年人和法律没有要求公开的不列入，由负责人出具。"""
    with agent_at(home, as_json) as agent:
        require_writable(out)
        made = publication.publish(agent, staff, since.date(), until.date(), answered(agent, wait, as_json))
        node = agent.identity.node
        tables = lists.public_tables(made, node)
        write(tables, lists.public_document(made, node), out)
        value = {"ok": True, "file": str(out), "count": len(made.lines), "left_out": dict(made.left_out)}
        shown = [table_of(title, rows) for title, rows in tables.items()]
        show({**value, **lists.stated_object(made.stated)}, as_json, *shown, f"已存到 {escape(str(out))}")

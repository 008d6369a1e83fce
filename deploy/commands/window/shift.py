"""``yidi window shift|shifts``: hand-over at the end of a shift (交接班), and the lists that were signed.

Invariants: those of ``window``; the list is the work list of this machine, and both sign it.
"""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from deploy.commands.shared.common import AsJson, Home, agent_at, minute, show
from deploy.commands.window.lists import OVER, work_list
from node_agent.process.runtime import Agent
from node_agent.window import shift as shifts_kept
from node_agent.window.shift import Open, Shift

app = typer.Typer(no_args_is_help=True)


@app.command()
def shift(
    home: Home,
    outgoing: Annotated[str, typer.Option("--from", help="交班人工号")],
    incoming: Annotated[str, typer.Option("--to", help="接班人工号")],
    as_json: AsJson = False,
) -> None:
    """交接班：把本窗口没有办完的件列成清单，交班人、接班人都签名，留存本机；断网时也能办。"""
    with agent_at(home, as_json) as agent:
        made = shifts_kept.hand_over(agent, outgoing, incoming, _open(agent))
        show({"ok": True, **asdict(made)}, as_json, _table(made), f"{outgoing} 交给 {incoming}，两人已签名")


@app.command("shifts")
def kept(home: Home, as_json: AsJson = False) -> None:
    """历次交接班清单，新的在前；逐份核对两人的签名。"""
    with agent_at(home, as_json) as agent:
        found = shifts_kept.shifts(agent)
        value = {"ok": True, "shifts": [asdict(one) for one in found]}
        show(value, as_json, *map(_table, found), f"交接班 {len(found)} 次，两人签名均已核对")


def _open(agent: Agent) -> list[Open]:
    return [
        Open(*(str(line[member]) for member in ("case", "public_no", "state_text", "due", "next")))
        for line in work_list(agent)
        if line["rank"] != OVER
    ]


def _table(made: Shift) -> Table:
    people = " → ".join(person.rpartition("/")[2] for person in (made.outgoing, made.incoming))
    title = f"{minute(made.at)} 交接班 {people}，{len(made.open)} 件"
    table = Table("查询号", "办件标识", "情况", "期限", "谁来办", title=title)
    for one in made.open:
        table.add_row(one.public_no or "—", one.case[:12], one.state, minute(one.due), one.waits)
    return table

"""``yidi window rate|complain|…``: what the applicant says of the service, what the window says to its cards (T38)."""

from pathlib import Path
from typing import Annotated

import typer

from crypto.identity import person_id
from deploy.commands.dept import cards as dept_cards
from deploy.commands.shared import enquiries, voices
from deploy.commands.shared.choices import code_of, listed
from deploy.commands.shared.common import (
    TEXT_FILE,
    AsJson,
    Home,
    Staff,
    WaitSeconds,
    agent_at,
    finish_act,
    text_of,
)
from hub.casework import reasons
from node_agent.supervision import supervising

app = typer.Typer(no_args_is_help=True)
voices.offer(app, {**voices.OF_UNITS, "card-answer": dept_cards.answer, "card-appeal": dept_cards.appeal})
voices.offer(app, enquiries.OF_ALL)

Case = Annotated[str, typer.Argument(help="办件标识、43 位编号或 12 位查询号")]
Level = Annotated[int, typer.Option(min=1, max=5, help=listed(reasons.RATING_LEVELS))]


@app.command()
def rate(
    case: Case,
    home: Home,
    process: Level,
    window: Level,
    staff_level: Annotated[int, typer.Option("--person", min=1, max=5, help="办事人员，1 最好 5 最差")],
    basis: Annotated[str, typer.Option("--basis", help=listed(reasons.RATING_BASES))] = "TERMINAL",
    paper: Annotated[Path | None, typer.Option("--paper", help="书面评价的扫描件", exists=True, dir_okay=False)] = None,
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """评价：由申请人自己作出，一次服务评一次；不愿评的不评。"""
    with agent_at(home, as_json) as agent:
        code = code_of(reasons.RATING_BASES, basis, "--basis")
        scores = {"process": process, "window": window, "staff": staff_level}
        entry = supervising.rate(agent, case, scores, code, paper.read_bytes() if paper else b"")
        worst = reasons.RATING_LEVELS[str(max(scores.values()))]
        words = f"已记录评价（最低一项：{worst}）"
        finish_act(agent, entry, wait, as_json, words, more={"scores": scores})


@app.command()
def complain(
    case: Case,
    home: Home,
    staff: Staff,
    kind: Annotated[str, typer.Option("--kind", help=listed(reasons.COMPLAINT_KINDS))],
    about: Annotated[str, typer.Option("--about", help="被投诉的单位：全称或节点名")],
    handler: Annotated[str, typer.Option("--handler", help="处理的单位：全称或节点名，不能是被投诉的")],
    words: Annotated[Path, typer.Option("--words", help=f"投诉内容，{TEXT_FILE}", exists=True, dir_okay=False)],
    person: Annotated[str, typer.Option("--person", help="被投诉人员的工号")] = "",
    channel: Annotated[str, typer.Option("--channel", help=listed(reasons.COMPLAINT_CHANNELS))] = "WINDOW",
    ticket: Annotated[str, typer.Option("--ticket", help="12345 热线工单编号")] = "",
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """登记投诉：内容留在本机，日志里只有类别和摘要；五个工作日内答复。"""
    with agent_at(home, as_json) as agent:
        accused = supervising.unit_named(agent, about)
        facts = {
            "channel": code_of(reasons.COMPLAINT_CHANNELS, channel, "--channel"),
            "kind": code_of(reasons.COMPLAINT_KINDS, kind, "--kind"),
            "about_node": accused,
            "about_person": person_id(accused, person) if person else "",
            "handler": supervising.unit_named(agent, handler),
            "ticket": ticket,
        }
        entry = supervising.complain(agent, case, staff, facts, text_of(words))
        value = {"complaint": entry.payload_digest}
        finish_act(agent, entry, wait, as_json, f"已登记投诉，编号 {entry.payload_digest[:16]}", more=value)

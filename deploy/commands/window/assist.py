"""``yidi window assist`` and ``proxy``: priority, appointment, large letters, and who acts for the applicant, of a case
that is being collected (E11, E12, C14; 行政许可法 29).

Invariants: those of ``window``; works while the hub is away.
"""

from pathlib import Path
from typing import Annotated

import typer

from deploy.commands.shared.choices import code_of, listed
from deploy.commands.shared.common import AsJson, Home, agent_at, show
from deploy.commands.window.scan import show_taken
from hub.casework.facts import PROXY
from hub.casework.reasons import APPOINTMENT_CHANNELS, LANES
from node_agent.window import assist as telling
from node_agent.window import proxy as empowered

app = typer.Typer(no_args_is_help=True)


@app.command()
def assist(
    case: Annotated[str, typer.Argument(help="办件标识（32 位）")],
    home: Home,
    lane: Annotated[str, typer.Option("--lane", help=f"优先办理：{listed(LANES)}")] = "",
    appointment: Annotated[str, typer.Option("--appointment", help="预约编号，照预约凭证填写")] = "",
    channel: Annotated[str, typer.Option("--channel", help=f"预约渠道：{listed(APPOINTMENT_CHANNELS)}")] = "",
    large_print: Annotated[bool, typer.Option("--large-print", help="收件凭证用大字打印")] = False,
    as_json: AsJson = False,
) -> None:
    """便利措施：绿色通道、特殊群体优先、预约到场、大字凭证；封存前可以改，不写的取消。"""
    with agent_at(home, as_json) as agent:
        draft = telling.tell(
            agent,
            case,
            lane=code_of(LANES, lane, "--lane") if lane else "",
            appointment=appointment,
            channel=code_of(APPOINTMENT_CHANNELS, channel, "--channel") if channel else "",
            large_print=large_print,
        )
        words = [
            LANES.get(draft.lane, ""),
            f"{APPOINTMENT_CHANNELS[draft.channel]} {draft.appointment}" if draft.appointment else "",
            "大字凭证" if draft.large_print else "",
        ]
        told = {
            "lane": draft.lane,
            "appointment": draft.appointment,
            "channel": draft.channel,
            "large_print": draft.large_print,
        }
        said = "、".join(word for word in words if word) or "没有便利措施"
        show({"ok": True, "case": draft.case, **told}, as_json, f"已登记：{said}")


@app.command("proxy")
def proxy(
    case: Annotated[str, typer.Argument(help="办件标识（32 位）")],
    home: Home,
    pages: Annotated[
        Path | None, typer.Argument(help="授权委托书扫描件（文件或文件夹）；原件须当场核对", exists=True)
    ] = None,
    none: Annotated[bool, typer.Option("--none", help="申请人本人办理，取消代理人")] = False,
    as_json: AsJson = False,
) -> None:
    """代理人：核对代理人证件和授权委托书原件后收下扫描件；申请表须写明代理人。"""
    with agent_at(home, as_json) as agent:
        if none:
            empowered.unempower(agent, case)
            show({"ok": True, "case": case, "pages": []}, as_json, "已取消代理人")
        elif pages is None:
            raise typer.BadParameter("请写明授权委托书扫描件，或者 --none", param_hint="PAGES")
        else:
            show_taken(empowered.empower(agent, case, pages), PROXY, as_json)

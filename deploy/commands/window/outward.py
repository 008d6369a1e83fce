"""``yidi window notify|outbox|calls|called``: notices to applicants outside, and whom to call (I02, E12).

Invariants: those of ``window``; a telephone number is read from a file or standard input, never from an argument.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from crypto import canonical
from deploy.commands.shared.choices import code_of, listed
from deploy.commands.shared.common import TEXT_FILE, AsJson, Home, agent_at, minute, show, text_of
from hub.casework.reasons import NOTICE_CHANNELS
from hub.casework.states import CHINESE, State
from node_agent.window import drafts, outward

app = typer.Typer(no_args_is_help=True)
STATES = {outward.QUEUED: "待发", outward.SENDING: "正在交出", outward.SENT: "已发", outward.FAILED: "没有发成"}


@app.command()
def notify(
    case: Annotated[str, typer.Argument(help="办件标识、43 位编号或 12 位查询号")],
    home: Home,
    channel: Annotated[str, typer.Option("--channel", help=f"不写为取消：{listed(NOTICE_CHANNELS)}")] = "",
    to: Annotated[Path | None, typer.Option("--to", help=f"号码或账号，{TEXT_FILE}")] = None,
    survey: Annotated[bool, typer.Option("--survey", help="申请人同意办结后接受满意度回访")] = False,
    as_json: AsJson = False,
) -> None:
    """告知方式：申请人愿意怎样得到进展，封存前登记，随时可以取消；不用手机的选人工电话。"""
    with agent_at(home, as_json) as agent:
        code = code_of(NOTICE_CHANNELS, channel, "--channel") if channel else ""
        made = outward.wish(agent, drafts.named(agent, case), code, text_of(to), survey_too=survey)
        said = f"已登记：{NOTICE_CHANNELS[made.channel]}" if made.channel else "已取消告知和回访"
        said += "，同意回访" if survey and made.channel else ""
        show({"ok": True, "case": case, "channel": made.channel}, as_json, said)


@app.command()
def outbox(
    home: Home,
    out: Annotated[Path | None, typer.Option("--out", help="交给发送程序的文件夹；不写则只看")] = None,
    as_json: AsJson = False,
) -> None:
    """对外告知：办件有新进展的排入待发，写出文件交发送程序；内容已脱敏。"""
    with agent_at(home, as_json) as agent:
        if out is not None:
            outward.collect(agent, _now())
            outward.send(agent, outward.FileAdapter(out), _now())
        found = outward.notices(agent)
        table = Table("编号", "进展", "方式", "状态", "次数", "时间", title=f"对外告知 {len(found)} 条")
        for one in found:
            reached, channel = CHINESE[State(one.reached)], NOTICE_CHANNELS[one.channel]
            table.add_row(one.id, reached, channel, STATES[one.state], str(one.tries), minute(one.at))
        show({"ok": True, "notices": [vars(one) for one in found]}, as_json, table)


@app.command()
def calls(home: Home, as_json: AsJson = False) -> None:
    """要打的电话：选人工电话的申请人，照着念。"""
    with agent_at(home, as_json) as agent:
        outward.collect(agent, _now())
        found = outward.to_call(agent)
        table = Table("编号", "电话", "照着念", title=f"要打 {len(found)} 个电话")
        for notice, contact in found:
            table.add_row(notice.id, escape(contact.to), escape(notice.text))
        told = [{"id": notice.id, "to": contact.to, "text": notice.text} for notice, contact in found]
        show({"ok": True, "calls": told}, as_json, table)


@app.command()
def called(
    notice: Annotated[str, typer.Argument(help="告知的编号，见 calls")], home: Home, as_json: AsJson = False
) -> None:
    """电话已打：申请人已经知道了。"""
    with agent_at(home, as_json) as agent:
        made = outward.called(agent, notice, _now())
        show({"ok": True, "notice": made.id, "state": made.state}, as_json, "已登记")


def _now() -> str:
    return canonical.time_text(datetime.now(UTC))

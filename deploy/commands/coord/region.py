"""``yidi coord stuck|queues|open-cases``, and a region behind ``coord cards|complaints|enquiries --region`` (F13, F14).

Invariants: codes, staff ids and times only; whom to call is read from the published list.
"""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from crypto.canonical import digest, encode
from crypto.identity import node_name, node_region
from deploy.catalogue import files
from deploy.commands.shared import enquiries as shared_enquiries
from deploy.commands.shared.common import AsJson, Home, agent_at, minute, show
from hub.casework import reasons
from hub.casework.catalogue import changes
from hub.casework.states import CHINESE, State
from hub.casework.supervision.card_rules import LEVELS, Level
from hub.casework.supervision.view import ranking
from node_agent.process.runtime import Agent
from node_agent.supervision import affiliation, overseeing
from node_agent.supervision.overseeing import Call

app = typer.Typer(no_args_is_help=True)

STATUS = {"OPEN": "待答复", "ANSWERED": "已答复", "APPEALED": "已申诉", **reasons.CARD_RESULTS}
Hours = Annotated[int | None, typer.Option("--hours", help="停留多少小时算卡住；不写按各环节的限度")]


@app.command("stuck")
def stuck(home: Home, hours: Hours = None, as_json: AsJson = False) -> None:
    """卡住的转交：停在哪个单位、停了多久、该打给谁；停得最久的在前。"""
    with agent_at(home, as_json) as agent:
        found = overseeing.to_call(agent, hours)
        table = Table("办件", "状态", "停在", "已停", "联络", "收件窗口电话", title=f"卡住的转交 {len(found)} 件")
        for one in found:
            file = one.waits.file
            at = agent.registry.directory.title_of(one.waits.node)
            table.add_row(
                file.case_no or file.case, CHINESE[file.state], at, f"{one.hours} 小时", one.liaison or "—",
                one.window or "—",
            )  # fmt: skip
        show({"ok": True, "cases": [_plain(one) for one in found]}, as_json, table)


@app.command("queues")
def queues(home: Home, as_json: AsJson = False) -> None:
    """各窗口、各部门手上的件：多少件、多少件还没人接办、最久的停了多久。"""
    with agent_at(home, as_json) as agent:
        found = overseeing.ages(agent)
        table = Table("单位", "在手", "没人接办", "最久", title=f"在办 {sum(one.count for one in found)} 件")
        for one in found:
            unit = agent.registry.directory.title_of(one.node)
            table.add_row(unit, str(one.count), str(one.untaken), f"{one.oldest} 小时")
        show({"ok": True, "queues": [dict(one.__dict__) for one in found]}, as_json, table)


@app.command("open-cases")
def open_cases(
    home: Home,
    before: Annotated[Path, typer.Option("--before", help="现行清单 .json", exists=True, dir_okay=False)],
    after: Annotated[Path, typer.Option("--after", help="将要发布的清单 .json", exists=True, dir_okay=False)],
    out: Annotated[Path, typer.Option("--out", help="名单写到哪里，交登记机构发布时用")],
    as_json: AsJson = False,
) -> None:
    """撤回事项或窗口以前，列出受影响的在办件；在办件仍按收件时的清单办完。"""
    with agent_at(home, as_json) as agent:
        old, new = files.json_object(before), files.json_object(after)
        gone = changes.withdrawn(old, new)
        found = overseeing.open_cases(agent, gone)
        listed = {
            "v": 1,
            "catalogue": digest(encode(new)),
            "region": node_region(agent.identity.node),
            "withdrawn": [list(one) for one in gone],
            "cases": found,
        }
        files.write_json(listed, out)
        table = Table("办件", "事项", "收件窗口", "状态", title=f"撤回 {len(gone)} 项，在办 {len(found)} 件")
        for one in found:
            table.add_row(one["case_no"] or one["case"], one["task_code"], one["window"], CHINESE[State(one["state"])])
        show({"ok": True, **listed, "file": str(out)}, as_json, table)


def one_or_region(case: str, region: bool) -> bool:
    """Whether the whole region is asked for; one of the two must be, not both."""
    if bool(case) == region:
        raise typer.BadParameter("请写一个办件编号，或者用 --region 看本区域全部")
    return region


def region_cards(agent: Agent, unsettled: bool, as_json: bool) -> None:
    """``coord cards --region``."""
    found = overseeing.cards(agent, unsettled=unsettled)
    heads = ("办件", "编号", "牌", "责任单位", "人员", "处理单位", "发出", "状态")
    table = Table(*heads, title=f"发牌 {len(found)} 张")
    for file, card in found:
        who = card.person.rpartition("/")[2] or "—"
        table.add_row(
            file.case_no or file.case, card.id, card.words, node_name(card.node), who,
            affiliation.minder(agent, card), minute(card.at), STATUS[card.status],
        )  # fmt: skip
    plain = [
        {"case": file.case, "case_no": file.case_no, **card.__dict__, **affiliation.on_card(agent, card),
         "evidence": []}
        for file, card in found
    ]  # fmt: skip
    show({"ok": True, "cards": plain}, as_json, table)


def region_ranking(agent: Agent, unsettled: bool, as_json: bool) -> None:
    """``coord cards --region --ranking``: units by the cards that stand (G05)."""
    found = ranking(card for _, card in overseeing.cards(agent, unsettled=unsettled))
    levels = (Level.RED, Level.YELLOW, Level.REMINDER)
    table = Table("单位", *(LEVELS[level] for level in levels), title=f"{len(found)} 个单位，撤销的牌不计")
    for node, *counts in found:
        table.add_row(agent.registry.directory.title_of(node), *map(str, counts))
    rows = [
        {"node": node, **{level.value: count for level, count in zip(levels, counts, strict=True)}}
        for node, *counts in found
    ]
    show({"ok": True, "ranking": rows}, as_json, table)


def region_complaints(agent: Agent, unsettled: bool, as_json: bool) -> None:
    """``coord complaints --region``."""
    found = overseeing.complaints(agent, unsettled=unsettled)
    table = Table("办件", "编号", "类别", "被投诉", "处理单位", "到期", "结果", title=f"投诉 {len(found)} 件")
    for file, one in found:
        result = reasons.COMPLAINT_FINDINGS.get(one.finding, "有异议" if one.disputed else "待答复")
        table.add_row(
            file.case_no or file.case, one.digest[:16], reasons.COMPLAINT_KINDS[one.kind], node_name(one.about_node),
            node_name(one.handler), minute(one.due), result,
        )  # fmt: skip
    plain = [{"case": file.case, "case_no": file.case_no, **one.__dict__} for file, one in found]
    show({"ok": True, "complaints": plain}, as_json, table)


def region_enquiries(agent: Agent, unsettled: bool, as_json: bool) -> None:
    """``coord enquiries --region``."""
    found = overseeing.enquiries(agent, unsettled=unsettled)
    table = Table("办件", *shared_enquiries.HEADS, title=f"咨询 {len(found)} 件")
    for file, one in found:
        table.add_row(file.case_no or file.case, *shared_enquiries.cells(one))
    plain = [{"case": file.case, "case_no": file.case_no, **one.__dict__} for file, one in found]
    show({"ok": True, "enquiries": plain}, as_json, table)


def _plain(one: Call) -> dict[str, object]:
    file = one.waits.file
    return {
        "case": file.case, "case_no": file.case_no, "state": file.state.value, "node": one.waits.node,
        "queue": one.waits.queue, "since": one.waits.since, "hours": one.hours, "liaison": one.liaison,
        "window_telephone": one.window,
    }  # fmt: skip

"""``yidi dept …`` for parents: the parts' answers, the lead's one notice, extension, opinions, the exit (states.md 8).

Invariants: those of ``dept_refusals``; what the one notice demands is not typed: it follows from the parts' answers.
"""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from deploy.commands.shared.choices import code_of, listed, pairs_of
from deploy.commands.shared.common import (
    TEXT_FILE,
    AsJson,
    Home,
    Staff,
    WaitSeconds,
    agent_at,
    finish_act,
    show,
    text_of,
)
from deploy.commands.shared.options import ParentName
from deploy.commands.shared.parent_views import parts_object, parts_table
from hub.casework import reasons
from node_agent.known.casemirror import resolve
from node_agent.parents import desk

app = typer.Typer(no_args_is_help=True)

CaseName = Annotated[str, typer.Argument(metavar="CASE", help="43 位办件编号、12 位查询号或办件标识")]
Due = Annotated[datetime, typer.Option("--due", formats=["%Y-%m-%d"], help="补正截止日")]
Methods = Annotated[list[str] | None, typer.Option("--method", help=listed(reasons.SUPPLEMENT_METHODS))]
Words = Annotated[Path | None, typer.Option("--words", help=f"写给申请人的说明，加密给收件窗口，{TEXT_FILE}")]


@app.command("parts")
def parts(home: Home, case: ParentName, as_json: AsJson = False) -> None:
    """看联办件：各部分到哪一步、谁在办、结果如何。"""
    with agent_at(home, as_json) as agent:
        file = desk.parent_here(agent, resolve(agent, case))
        show({"ok": True, **parts_object(agent, file)}, as_json, parts_table(agent, file))


@app.command("part-complete")
def part_complete(
    home: Home,
    case: CaseName,
    staff: Staff,
    line: Annotated[
        list[str] | None,
        typer.Option("--line", help=f"缺什么：材料=问题，可多次；不写为齐全。{listed(reasons.DEFECTS)}"),
    ] = None,
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """联办件的本部分材料是否齐全：答复牵头部门，由牵头部门一次告知申请人。"""
    with agent_at(home, as_json) as agent:
        lines = pairs_of(line or [], reasons.DEFECTS, "--line")
        entry = desk.answer(agent, resolve(agent, case), staff, "LACKS" if lines else "OK", lines)
        words = f"已答复牵头部门：缺 {len(lines)} 项" if lines else "已答复牵头部门：材料齐全"
        finish_act(agent, entry, wait, as_json, words)


@app.command("merged-notice")
def merged_notice(
    home: Home,
    case: ParentName,
    staff: Staff,
    due: Due,
    method: Methods = None,
    words: Words = None,
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """牵头部门一次告知：各部门答复的缺项合成一份补正通知。"""
    with agent_at(home, as_json) as agent:
        day = due.date().isoformat()
        ways = [code_of(reasons.SUPPLEMENT_METHODS, one, "--method") for one in method or ["WINDOW"]]
        entry = desk.merged_notice(agent, resolve(agent, case), staff, day, ways, text_of(words))
        finish_act(agent, entry, wait, as_json, f"已一次告知，{day} 前补正")


@app.command("extend-parent")
def extend_parent(
    home: Home,
    case: ParentName,
    staff: Staff,
    days: Annotated[int, typer.Option("--days", min=1, max=15, help="延长几个工作日，最多十五个")],
    reason: Annotated[str, typer.Option("--reason", help=listed(reasons.EXTENSION_REASONS))],
    words: Annotated[Path, typer.Option("--words", help=f"告知申请人的理由，加密封装，{TEXT_FILE}")],
    head: Annotated[str, typer.Option("--head", help="负责人工号，一同签名；负责人自己办的不写")] = "",
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """延长联办期限：一次，最多十五个工作日，须本级人民政府负责人批准（行政许可法第四十二条第二款）。"""
    with agent_at(home, as_json) as agent:
        code = code_of(reasons.EXTENSION_REASONS, reason, "--reason")
        entry = desk.extend(agent, resolve(agent, case), staff, head, days, code, text_of(words))
        finish_act(agent, entry, wait, as_json, f"联办期限延长 {days} 个工作日")


@app.command("part-opinion")
def part_opinion(
    home: Home,
    case: ParentName,
    staff: Staff,
    answer: Annotated[str, typer.Option("--answer", help=listed(reasons.OPINIONS))],
    words: Annotated[Path | None, typer.Option("--words", help=f"意见全文，加密给牵头部门，{TEXT_FILE}")] = None,
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """答复联办件征求的意见；逾期不答的，联办继续，牵头部门看得到没有答复。"""
    with agent_at(home, as_json) as agent:
        code = code_of(reasons.OPINIONS, answer, "--answer")
        entry = desk.opinion(agent, resolve(agent, case), staff, code, text_of(words))
        finish_act(agent, entry, wait, as_json, f"已答复意见：{reasons.OPINIONS[code]}")


@app.command("gather")
def gather(home: Home, case: ParentName, staff: Staff, wait: WaitSeconds = 30.0, as_json: AsJson = False) -> None:
    """一口出件：各项结果到齐，从本部门一次交付。"""
    with agent_at(home, as_json) as agent:
        entry = desk.gather(agent, resolve(agent, case), staff)
        finish_act(agent, entry, wait, as_json, "结果已到齐，可以交付申请人")

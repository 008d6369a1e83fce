"""``yidi dept …`` off the straight path: notices, extension, refusal to accept, misrouting, advice, lapse.

Invariants: a command signs and queues; codes come from the closed lists; words for the applicant are sealed for the
window and never reach the log; a second notice that the law refuses is shown with the proof of the first.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.panel import Panel

from deploy.commands.shared import common
from deploy.commands.shared.choices import code_of, listed, pairs_of
from deploy.commands.shared.common import (
    TEXT_FILE,
    AsJson,
    Home,
    Staff,
    WaitSeconds,
    agent_at,
    finish_act,
    minute,
    text_of,
    wait_for,
)
from deploy.commands.shared.options import CaseName
from hub.casework import reasons
from node_agent.department import refusals as department_refusals
from node_agent.known.casemirror import resolve
from node_agent.process.runtime import Agent
from node_agent.supervision import coordinator
from storage.journal import OutboxEntry

app = typer.Typer(no_args_is_help=True)

Lines = Annotated[
    list[str], typer.Option("--line", help=f"材料=问题，可多次，如 M04=EXPIRED。{listed(reasons.DEFECTS)}")
]
Due = Annotated[datetime, typer.Option("--due", formats=["%Y-%m-%d"], help="补正截止日")]
Methods = Annotated[list[str] | None, typer.Option("--method", help=listed(reasons.SUPPLEMENT_METHODS))]
Words = Annotated[Path | None, typer.Option("--words", help=f"写给申请人的说明，加密给收件窗口，{TEXT_FILE}")]
Paper = Annotated[Path, typer.Option("--paper", help="申请人签字的书面材料扫描件", exists=True, dir_okay=False)]
SECOND = "SECOND_NOTICE"


@app.command()
def notice(
    home: Home,
    case: CaseName,
    staff: Staff,
    line: Lines,
    due: Due,
    method: Methods = None,
    words: Words = None,
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """补正通知：一次告知全部需要补正的内容（行政许可法第三十二条）；只能一次。"""
    with agent_at(home, as_json) as agent:
        case_id = resolve(agent, case)
        lines, ways = pairs_of(line, reasons.DEFECTS, "--line"), _methods(method)
        day = due.date().isoformat()
        entry = department_refusals.notice(agent, case_id, staff, lines, day, ways, text_of(words))
        _finish(agent, entry, wait, as_json, f"补正通知：{len(lines)} 项，{day} 前补正；受理时限停止计算")


@app.command("second-notice")
def second_notice(
    home: Home,
    case: CaseName,
    staff: Staff,
    head: Annotated[str, typer.Option("--head", help="部门负责人工号，一同签名")],
    basis: Annotated[str, typer.Option("--basis", help=listed(reasons.SECOND_NOTICE_BASES))],
    line: Lines,
    due: Due,
    method: Methods = None,
    words: Words = None,
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """再次补正通知：限补交材料本身的缺陷，或者负责人特批（红牌 R4）；负责人一同签名。"""
    with agent_at(home, as_json) as agent:
        case_id = resolve(agent, case)
        lines, ways = pairs_of(line, reasons.DEFECTS, "--line"), _methods(method)
        code, day = code_of(reasons.SECOND_NOTICE_BASES, basis, "--basis"), due.date().isoformat()
        entry = department_refusals.second_notice(agent, case_id, staff, head, code, lines, day, ways, text_of(words))
        _finish(agent, entry, wait, as_json, f"再次补正通知：{reasons.SECOND_NOTICE_BASES[code]}，{day} 前补正")


@app.command("extend-due")
def extend_due(
    home: Home, case: CaseName, staff: Staff, due: Due, paper: Paper, wait: WaitSeconds = 30.0, as_json: AsJson = False
) -> None:
    """延长补正期限：凭申请人的书面请求。"""
    with agent_at(home, as_json) as agent:
        day = due.date().isoformat()
        entry = department_refusals.extend_due(agent, resolve(agent, case), staff, day, paper)
        _finish(agent, entry, wait, as_json, f"补正期限延至 {day}")


@app.command()
def refuse(
    home: Home,
    case: CaseName,
    staff: Staff,
    reason: Annotated[str, typer.Option("--reason", help=listed(reasons.REFUSAL_REASONS))],
    why: Annotated[Path, typer.Option("--reasons-file", help=f"不予受理的理由（写入通知书，不进日志），{TEXT_FILE}")],
    appeal: Annotated[Path, typer.Option("--appeal-file", help=f"救济途径：复议、诉讼的机关和期限，{TEXT_FILE}")],
    competent: Annotated[str, typer.Option("--competent", help="有权机关的统一社会信用代码")] = "",
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """不予受理：依法定理由，材料不齐不是理由（用 notice）。"""
    with agent_at(home, as_json) as agent:
        code = code_of(reasons.REFUSAL_REASONS, reason, "--reason")
        said = (text_of(why), text_of(appeal))
        entry = department_refusals.refuse(agent, resolve(agent, case), staff, code, competent, *said)
        words = f"不予受理：{reasons.REFUSAL_REASONS[code]}\n通知书内容已加密给收件窗口，由窗口打印交申请人。"
        _finish(agent, entry, wait, as_json, words)


@app.command()
def misrouted(
    home: Home,
    case: CaseName,
    staff: Staff,
    reason: Annotated[str, typer.Option("--reason", help=listed(reasons.MISROUTE_REASONS))],
    to: Annotated[str, typer.Option("--to", help="建议转往的部门（节点名）；材料密钥随同转交")] = "",
    queue: Annotated[str, typer.Option("--queue", help="建议的受理队列")] = "",
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """转错了：退给统筹改派，可以建议去向；改派签收以前仍由本部门负责。"""
    with agent_at(home, as_json) as agent:
        code = code_of(reasons.MISROUTE_REASONS, reason, "--reason")
        target = coordinator.department_named(agent, to) if to else ""
        entry = department_refusals.misrouted(agent, resolve(agent, case), staff, code, target, queue)
        words = f"转错退回：{reasons.MISROUTE_REASONS[code]}，{'建议 ' + to if to else '未建议去向'}；由统筹改派"
        _finish(agent, entry, wait, as_json, words)


@app.command("pre-review-answer")
def answer_pre_review(
    home: Home,
    case: CaseName,
    staff: Staff,
    answer: Annotated[str, typer.Option("--answer", help=listed(reasons.PRE_REVIEW_ANSWERS))],
    line: Annotated[list[str] | None, typer.Option("--line", help="材料=问题，答复为缺项时填写，可多次")] = None,
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """答复预审：给窗口参考，不是法律决定。"""
    with agent_at(home, as_json) as agent:
        code = code_of(reasons.PRE_REVIEW_ANSWERS, answer, "--answer")
        lines = pairs_of(line or [], reasons.DEFECTS, "--line")
        entry = department_refusals.answer_pre_review(agent, resolve(agent, case), staff, code, lines)
        _finish(agent, entry, wait, as_json, f"预审答复：{reasons.PRE_REVIEW_ANSWERS[code]}")


@app.command()
def lapse(
    home: Home, case: CaseName, staff: Staff, paper: Paper, wait: WaitSeconds = 30.0, as_json: AsJson = False
) -> None:
    """补正逾期终止：期限已过、已书面催告（--paper 为催告书）、再过一个工作日。"""
    with agent_at(home, as_json) as agent:
        entry = department_refusals.lapse(agent, resolve(agent, case), staff, paper)
        _finish(agent, entry, wait, as_json, "补正逾期，办件终止；请退还原件")


# --- pieces ------------------------------------------------------------------------------------------------------


def _methods(given: list[str] | None) -> list[str]:
    asked = given or ["WINDOW"]
    return [code_of(reasons.SUPPLEMENT_METHODS, one, "--method") for one in asked]


def _finish(agent: Agent, entry: OutboxEntry, wait: float, as_json: bool, words: str) -> None:
    first: Mapping[str, object] = {}
    answered = wait_for(agent, [entry.payload_digest], wait, as_json)[0]
    if answered.refusal is not None and answered.refusal.code == SECOND:
        first = _first_notice(agent, entry.case_id, as_json)
    finish_act(agent, entry, 0, as_json, words, more=first)


def _first_notice(agent: Agent, case_id: str, as_json: bool) -> Mapping[str, object]:
    """Date, number and proof of the first notice, shown with the refusal of the second."""
    first = department_refusals.first_notice(agent, case_id)
    if first is None:
        return {}
    kept = department_refusals.keep_first_proof(agent, case_id, first)
    if not as_json:
        proof = f"证明已保存：{kept}" if kept else "证明尚未取得，稍后再执行一次即可保存。"
        words = f"第一次补正通知：{minute(first.at)}，日志第 {first.index} 条，编号 {first.digest[:16]}\n{proof}"
        common.console.print(Panel(words, title="第一次通知的证明"))
    return {
        "first_notice": {
            "digest": first.digest,
            "at": first.at,
            "index": first.index,
            "proof": str(kept) if kept else None,
        }
    }

"""``yidi dept …`` while a case is with the department: take, steps, special procedures, opinions, other ends.

Invariants: a command signs and queues; codes come from the closed lists; words come from files, are sealed and never
reach the log; where the law wants a written notice, the paper is made with the act.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from crypto.identity import node_name
from deploy.commands.shared.choices import code_of, listed
from deploy.commands.shared.common import (
    TEXT_FILE,
    AsJson,
    Home,
    Staff,
    WaitSeconds,
    agent_at,
    answered,
    finish,
    finish_act,
    minute,
    show,
    text_of,
)
from deploy.commands.shared.options import CaseName
from hub.casework import reasons
from node_agent.department import opinions as reading
from node_agent.department import review, review_papers
from node_agent.known.casemirror import resolve
from node_agent.process.runtime import Agent
from node_agent.supervision import coordinator
from storage.journal import OutboxEntry

app = typer.Typer(no_args_is_help=True)

Until = Annotated[datetime, typer.Option("--until", formats=["%Y-%m-%d"], help="截止日")]
Paper = Annotated[Path, typer.Option("--paper", help="书面材料扫描件，留存本机", exists=True, dir_okay=False)]
Words = Annotated[Path | None, typer.Option("--words", help=f"写给申请人的说明，加密封装，{TEXT_FILE}")]
Opinion = Annotated[Path | None, typer.Option("--words", help=f"意见全文，加密封装，{TEXT_FILE}")]
Head = Annotated[str, typer.Option("--head", help="部门负责人工号，一同签名")]


@app.command()
def take(
    home: Home,
    case: CaseName,
    staff: Staff,
    basis: Annotated[str, typer.Option("--basis", help=listed(reasons.TAKING_BASES))] = "ON_DUTY",
    evidence: Annotated[Path | None, typer.Option("--paper", help="排班、请假等依据的扫描件")] = None,
    outgoing: Annotated[str, typer.Option("--from", help="交班人工号，一同签名（交接班）")] = "",
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """接办：由本人负责这一件；设AB岗的事项由在岗的人接办。"""
    with agent_at(home, as_json) as agent:
        code = code_of(reasons.TAKING_BASES, basis, "--basis")
        entry = review.take(agent, resolve(agent, case), staff, code, evidence, outgoing)
        _finish(agent, entry, wait, as_json, f"接办：{reasons.TAKING_BASES[code]}")


@app.command()
def shift(
    home: Home,
    outgoing: Annotated[str, typer.Option("--from", help="交班人工号")],
    incoming: Annotated[str, typer.Option("--to", help="接班人工号")],
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """交接班：交班人名下在办的件全部由接班人接办，每一件两人都签名。"""
    with agent_at(home, as_json) as agent:
        entries = review.hand_over_shift(agent, outgoing, incoming)
        cases = [entry.case_id for entry in entries]
        value = {"from": outgoing, "to": incoming, "cases": cases}
        words = f"{outgoing} 交给 {incoming}：{len(cases)} 件" if cases else f"{outgoing} 名下没有在办的件"
        finish(agent, [entry.payload_digest for entry in entries], wait, as_json, value, words, *cases)


@app.command()
def assign(
    home: Home,
    case: CaseName,
    staff: Staff,
    person: Annotated[str, typer.Option("--to", help="接办人工号")],
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """指派接办人：由部门负责人或有业务协调权的首席审批员办理。"""
    with agent_at(home, as_json) as agent:
        entry = review.reassign(agent, resolve(agent, case), staff, person)
        _finish(agent, entry, wait, as_json, f"已指派 {person} 接办")


@app.command()
def step(
    home: Home,
    case: CaseName,
    staff: Staff,
    name: Annotated[str, typer.Option("--step", help=listed(reasons.STEP_NAMES))],
    back: Annotated[str, typer.Option("--back", help=f"退回重办的原因：{listed(reasons.STEP_RETURN_REASONS)}")] = "",
    words: Annotated[Path | None, typer.Option("--words", help=f"审查意见，留存本机，{TEXT_FILE}")] = None,
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """环节办结：承办、审核、批准；--back 把办过的环节退回重办。"""
    with agent_at(home, as_json) as agent:
        case_id, code = resolve(agent, case), code_of(reasons.STEP_NAMES, name, "--step")
        if back:
            reason = code_of(reasons.STEP_RETURN_REASONS, back, "--back")
            entry = review.send_back(agent, case_id, staff, code, reason)
            said = f"退回重办：{reasons.STEP_NAMES[code]}，{reasons.STEP_RETURN_REASONS[reason]}"
        else:
            entry = review.step_done(agent, case_id, staff, code, text_of(words))
            said = f"环节办结：{reasons.STEP_NAMES[code]}"
        _finish(agent, entry, wait, as_json, said)


@app.command()
def special(
    home: Home,
    case: CaseName,
    staff: Staff,
    until: Until,
    kind: Annotated[str, typer.Option("--kind", help=f"不填表示延后：{listed(reasons.SPECIAL_KINDS)}")] = "",
    head: Annotated[str, typer.Option("--head", help="同签的负责人工号，第二次及以后延后须填")] = "",
    words: Words = None,
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """特别程序：启动，或凭新的告知延后；依法不计时间的须书面告知（行政许可法第四十五条），同时打印告知书。"""
    with agent_at(home, as_json) as agent:
        case_id, day, told = resolve(agent, case), until.date().isoformat(), text_of(words)
        if kind:
            code = code_of(reasons.SPECIAL_KINDS, kind, "--kind")
            entry = review.start_special(agent, case_id, staff, code, day, told)
            said = f"特别程序：{reasons.SPECIAL_KINDS[code]}，预计至 {day}"
        else:
            entry = review.move_special(agent, case_id, staff, day, told, head)
            said = f"特别程序延后至 {day}"
        _finish(agent, entry, wait, as_json, said, told)


@app.command("special-end")
def special_end(
    home: Home,
    case: CaseName,
    staff: Staff,
    result: Annotated[str, typer.Option("--result", help=listed(reasons.SPECIAL_RESULTS))],
    kind: Annotated[str, typer.Option("--kind", help="不停止计时的程序，须写明是哪一种")] = "",
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """特别程序结束，登记结果，恢复计时。"""
    with agent_at(home, as_json) as agent:
        code = code_of(reasons.SPECIAL_RESULTS, result, "--result")
        named = code_of(reasons.SPECIAL_KINDS, kind, "--kind") if kind else ""
        entry = review.end_special(agent, resolve(agent, case), staff, code, named)
        _finish(agent, entry, wait, as_json, f"特别程序结束：{reasons.SPECIAL_RESULTS[code]}")


@app.command()
def extend(
    home: Home,
    case: CaseName,
    staff: Staff,
    days: Annotated[int, typer.Option("--days", min=1, max=10, help="延长的工作日数，最多 10")],
    reason: Annotated[str, typer.Option("--reason", help=listed(reasons.EXTENSION_REASONS))],
    words: Words = None,
    head: Head = "",
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """延长办理期限：只能一次，负责人批准并书面告知（行政许可法第四十二条），同时打印告知书。"""
    with agent_at(home, as_json) as agent:
        code, told = code_of(reasons.EXTENSION_REASONS, reason, "--reason"), text_of(words)
        entry = review.extend(agent, resolve(agent, case), staff, head, days, code, told)
        _finish(agent, entry, wait, as_json, f"延长 {days} 个工作日：{reasons.EXTENSION_REASONS[code]}", told)


@app.command()
def consult(
    home: Home,
    case: CaseName,
    staff: Staff,
    to: Annotated[str, typer.Option("--to", help="被征求意见的部门（节点名）；材料密钥随同转交")],
    matter: Annotated[str, typer.Option("--matter", help=listed(reasons.CONSULT_MATTERS))],
    until: Until,
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """征求其他部门意见：办理期限照常计算，逾期不答复不视为同意。"""
    with agent_at(home, as_json) as agent:
        code, day = code_of(reasons.CONSULT_MATTERS, matter, "--matter"), until.date().isoformat()
        node = coordinator.department_named(agent, to)
        entry = review.consult(agent, resolve(agent, case), staff, node, code, day)
        _finish(agent, entry, wait, as_json, f"征求 {to} 意见，{day} 前答复")


@app.command()
def opinion(
    home: Home,
    case: CaseName,
    staff: Staff,
    answer: Annotated[str, typer.Option("--answer", help=listed(reasons.OPINIONS))],
    words: Opinion = None,
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """答复征求的意见。"""
    with agent_at(home, as_json) as agent:
        code = code_of(reasons.OPINIONS, answer, "--answer")
        entry = review.opinion(agent, resolve(agent, case), staff, code, text_of(words))
        _finish(agent, entry, wait, as_json, f"答复意见：{reasons.OPINIONS[code]}")


@app.command()
def opinions(home: Home, case: CaseName, staff: Staff, wait: WaitSeconds = 30.0, as_json: AsJson = False) -> None:
    """看各单位的意见和下级的初审意见；查看记入日志，用途为作出决定。"""
    with agent_at(home, as_json) as agent:
        case_id = resolve(agent, case)
        found = reading.read(agent, case_id, staff, answered(agent, wait, as_json))
        table = Table("单位", "时间", "意见", "全文", title=f"意见 {len(found)} 份")
        for one in found:
            answer = reasons.OPINIONS.get(one.answer, "初审意见" if one.event == "refer_up" else one.answer)
            table.add_row(node_name(one.node), minute(one.at), answer, escape(one.words) or "—")
        show({"ok": True, "case": case_id, "opinions": [dict(one.__dict__) for one in found]}, as_json, table)


@app.command()
def refer(
    home: Home,
    case: CaseName,
    staff: Staff,
    to: Annotated[str, typer.Option("--to", help="上级部门（节点名）；材料密钥随同转交")],
    queue: Annotated[str, typer.Option("--queue", help="上级的受理队列；清单只给它一个时可不写")] = "",
    words: Opinion = None,
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """转报上级：初审意见连同全部材料一并转报（行政许可法第四十三条），不再向申请人要材料。"""
    with agent_at(home, as_json) as agent:
        case_id, node = resolve(agent, case), coordinator.department_named(agent, to)
        chosen = queue or coordinator.queue_of(agent, case_id, node).queue
        entry = review.refer_up(agent, case_id, staff, node, chosen, text_of(words))
        told = f"已转报 {to}；上级签收前仍由本单位负责，签收后由上级按同一编号继续办理"
        _finish(agent, entry, wait, as_json, told)


@app.command("recall-referral")
def recall_referral(
    home: Home, case: CaseName, staff: Staff, wait: WaitSeconds = 30.0, as_json: AsJson = False
) -> None:
    """收回转报：上级还打不开全部材料时，由本单位收回继续办理；时限一直没有停。"""
    with agent_at(home, as_json) as agent:
        entry = review.recall_referral(agent, resolve(agent, case), staff)
        _finish(agent, entry, wait, as_json, "已收回转报，由本单位继续办理")


@app.command()
def correct(
    home: Home,
    case: CaseName,
    staff: Staff,
    reason: Annotated[str, typer.Option("--reason", help=listed(reasons.CORRECTION_REASONS))],
    paper: Paper,
    record: Annotated[Path | None, typer.Option("--record", help="集体决定的记录，事项须集体决定时须附")] = None,
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """更正决定中的笔误：只限文字错误，不改变决定，原决定留存。"""
    with agent_at(home, as_json) as agent:
        code = code_of(reasons.CORRECTION_REASONS, reason, "--reason")
        entry = review.correct(agent, resolve(agent, case), staff, code, paper, record)
        _finish(agent, entry, wait, as_json, f"更正：{reasons.CORRECTION_REASONS[code]}")


@app.command()
def void(
    home: Home,
    case: CaseName,
    staff: Staff,
    head: Head,
    reason: Annotated[str, typer.Option("--reason", help=listed(reasons.VOID_REASONS))],
    paper: Paper,
    linked: Annotated[str, typer.Option("--linked", help="重复登记时继续办理的那一件的办件标识")] = "",
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """作废：申请自始无效或无法继续，首席审批员与负责人共同签名；已发的牌保留。"""
    with agent_at(home, as_json) as agent:
        code = code_of(reasons.VOID_REASONS, reason, "--reason")
        entry = review.void(agent, resolve(agent, case), staff, head, code, paper, linked)
        _finish(agent, entry, wait, as_json, f"作废：{reasons.VOID_REASONS[code]}")


@app.command("reopen-as")
def reopen_as(
    home: Home,
    case: CaseName,
    staff: Staff,
    reason: Annotated[str, typer.Option("--reason", help=listed(reasons.REVIEW_ORDERS))],
    paper: Paper,
    linked: Annotated[str, typer.Option("--linked", help="新件的办件标识")],
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """另案重新办理：原件不动，与新件关联。"""
    with agent_at(home, as_json) as agent:
        code = code_of(reasons.REVIEW_ORDERS, reason, "--reason")
        entry = review.reopen_as(agent, resolve(agent, case), staff, code, paper, linked)
        _finish(agent, entry, wait, as_json, f"另案办理：{reasons.REVIEW_ORDERS[code]}")


@app.command("instant")
def instant(
    home: Home,
    case: CaseName,
    staff: Staff,
    decider: Annotated[str, typer.Option("--decider", help="首席审批员工号，不填为同一人")] = "",
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """即办件当场受理并准予：承诺一个工作日内、没有特别程序的事项。"""
    with agent_at(home, as_json) as agent:
        accepted, decided = review.accept_and_decide(agent, resolve(agent, case), staff, decider or staff)
        value: Mapping[str, object] = {"case": accepted.case_id, "event": decided.event}
        digests = [accepted.payload_digest, decided.payload_digest]
        finish(agent, digests, wait, as_json, value, "当场受理并准予")


# --- pieces ------------------------------------------------------------------------------------------------------


def _finish(agent: Agent, entry: OutboxEntry, wait: float, as_json: bool, words: str, told: str = "") -> None:
    shown: dict[str, object] = {}
    if entry.event in review_papers.LIMIT_NOTICES:
        paper = review_papers.limit_paper(agent, entry, told)
        shown["paper"] = str(paper)
        words = f"{words}\n告知书：{paper}"
    finish_act(agent, entry, wait, as_json, words, more=shown)

"""``yidi window …`` off the straight path: pre-review, decline, discard, void, supplement, notices, what came back.

Invariants: the applicant's check code is read from a prompt, a file or a descriptor, never from an argument, and is not
shown; all but ``supplement`` of another window's case and ``notice`` with sealed words work while the hub is away.
"""

import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from crypto.refusal import Refusal
from deploy.commands.shared import common, parent_supplement
from deploy.commands.shared.choices import code_of, listed
from deploy.commands.shared.common import (
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
    wait_for,
)
from deploy.commands.shared.forms import read_form
from deploy.commands.shared.late import Cause, HappenedAt, Second, late_of
from deploy.commands.window.reading import page_objects, page_words, reads
from deploy.commands.window.scan import Lead, Reason, let_in
from hub.casework import reasons
from node_agent.acts import LateEntry
from node_agent.known.casemirror import history, last_of, resolve
from node_agent.parents import supplement as parents_supplement
from node_agent.process.runtime import Agent
from node_agent.transfer import missing_wraps
from node_agent.window import back as window_back
from node_agent.window import drafts, pre_review
from node_agent.window import ends as window_ends
from node_agent.window import supplement as window_supplement
from node_agent.window.intake import PagesTaken
from node_agent.window.pages import Shooting
from node_agent.window.ready import READ_SECONDS

app = typer.Typer(no_args_is_help=True)

Case = Annotated[str, typer.Argument(help="办件标识、43 位编号或 12 位查询号")]


@app.command("pre-review")
def ask_pre_review(
    case: Case,
    home: Home,
    staff: Staff,
    no_classified: Annotated[bool, typer.Option("--no-classified", help="确认没有涉密材料")] = False,
    notice: Annotated[bool, typer.Option("--notice", help="已出示个人信息告知书")] = False,
    wait: WaitSeconds = 30,
    as_json: AsJson = False,
) -> None:
    """预审：扫描件先送受理方看，申请人可以先回；再执行一次看答复（仅供参考，不是法律决定）。"""
    with agent_at(home, as_json) as agent:
        case_id = drafts.named(agent, case)
        if pre_review.asked(agent, case_id):
            _show_advice(agent, case_id, as_json)
            return
        digest = pre_review.ask(agent, case_id, staff, no_classified=no_classified, privacy_notice=notice)
        waiting_for = missing_wraps.owed_in(agent, case_id)
        words = [f"预审已送出：{case_id}\n草稿和页面留在本机，收到答复后可以封存。", *common.keyless_words(waiting_for)]
        finish(agent, [digest], wait, as_json, {"case": case_id, "waiting_for": list(waiting_for)}, *words)


@app.command()
def decline(
    case: Case,
    home: Home,
    staff: Staff,
    agreed: Annotated[bool, typer.Option("--agreed", help="申请人同意本次不收件")] = False,
    happened_at: HappenedAt = None,
    cause: Cause = "",
    second: Second = "",
    wait: WaitSeconds = 30,
    as_json: AsJson = False,
) -> None:
    """不予收件：一次列出全部缺项，打印一次性告知单；申请人坚持提交的改用 seal --insist。"""
    with agent_at(home, as_json) as agent:
        case_id = drafts.named(agent, case)
        late = late_of(happened_at, cause, second)
        made = window_ends.decline(agent, case_id, staff, late, applicant_agreed=agreed)
        value = {"case": case_id, "missing": list(made.missing), "paper": str(made.paper)}
        words = [f"不予收件：{case_id}", *made.words, f"一次性告知单：{made.paper}", "页面影像已从本机清除。"]
        _end(agent, case_id, made.digest, wait, as_json, value, "\n".join(words))


@app.command()
def discard(
    case: Case,
    home: Home,
    reason: Annotated[str, typer.Option("--reason", help=listed(reasons.DISCARD_REASONS))],
    wait: WaitSeconds = 30,
    as_json: AsJson = False,
) -> None:
    """作废草稿：页面影像清除，日志只留代码。封存过的办件请用 withdraw。"""
    with agent_at(home, as_json) as agent:
        case_id, code = drafts.named(agent, case), code_of(reasons.DISCARD_REASONS, reason, "--reason")
        digest = window_ends.discard(agent, case_id, code)
        words = f"草稿作废：{case_id}\n原因：{reasons.DISCARD_REASONS[code]}\n页面影像已从本机清除。"
        _end(agent, case_id, digest, wait, as_json, {"case": case_id, "reason": code}, words)


@app.command()
def void(
    case: Case,
    home: Home,
    staff: Annotated[str, typer.Option("--staff", help="收件负责人工号")],
    head: Annotated[str, typer.Option("--head", help="窗口单位负责人工号，一同签名")],
    reason: Annotated[str, typer.Option("--reason", help=listed(reasons.VOID_REASONS))],
    paper: Annotated[Path, typer.Option("--paper", help="书面材料扫描件，留存本机", exists=True, dir_okay=False)],
    linked: Annotated[str, typer.Option("--linked", help="重复登记时继续办理的那一件的办件标识")] = "",
    wait: WaitSeconds = 30,
    as_json: AsJson = False,
) -> None:
    """作废：办件还在本窗口、申请自始无效或无法继续时用，收件负责人与单位负责人共同签名；已发的牌保留。"""
    with agent_at(home, as_json) as agent:
        case_id, code = resolve(agent, case.replace(" ", "")), code_of(reasons.VOID_REASONS, reason, "--reason")
        entry = window_ends.void(agent, case_id, staff, head, code, paper, linked)
        finish_act(agent, entry, wait, as_json, f"作废：{reasons.VOID_REASONS[code]}")


@app.command()
def supplement(
    public_no: Annotated[str, typer.Argument(help="申请人凭证上的 12 位查询号（本窗口的也可用办件标识）")],
    home: Home,
    staff: Staff,
    pages: Annotated[list[str] | None, typer.Option("--pages", help="材料=文件或文件夹，如 M04=scans/，可多次")] = None,
    original: Annotated[
        str, typer.Option("--original", help="原件：SEEN_RETURNED 核对退还，HELD 留存，NOT_NEEDED 未见")
    ] = "SEEN_RETURNED",
    signed: Annotated[bool, typer.Option("--signed", help="申请人已签字，封装送出")] = False,
    lead: Lead = "",
    reason: Reason = "",
    code_file: Annotated[
        Path | None, typer.Option("--check-code-file", help="校验码所在文件；不写则现场输入", dir_okay=False)
    ] = None,
    code_fd: Annotated[int | None, typer.Option("--check-code-fd", help="从这个已打开的描述符读校验码")] = None,
    happened_at: HappenedAt = None,
    cause: Cause = "",
    second: Second = "",
    wait: WaitSeconds = 30,
    as_json: AsJson = False,
) -> None:
    """补正：任何窗口都可以收；先看要补什么，再加页，最后 --signed 封装送出并打印凭证。补录的选项与 --signed 一同写。"""
    with agent_at(home, as_json) as agent:
        late = late_of(happened_at, cause, second)
        if late is not None and not signed:
            raise Refusal("DECLARATION_MISSING", "T17; states.md 9", declaration="applicant_signed")
        case_id = window_supplement.find(agent, public_no, lambda: check_code(code_file, code_fd))
        _await_notice(agent, case_id, wait)
        whole = last_of(history(agent.journal, case_id), "seal_parent") is not None
        add = parents_supplement.add_pages if whole else window_supplement.add_pages
        for material, source in _sources(pages or []):
            taken = add(agent, case_id, material, source, original, Shooting(let_in=let_in(lead, reason)))
            if taken.refused:
                _show_refused(taken, material, as_json)
        if whole:
            if signed:
                parent_supplement.seal(agent, case_id, staff, wait, as_json, late)
            else:
                parent_supplement.show_asked(agent, case_id, as_json)
            return
        if signed:
            _seal_supplement(agent, case_id, staff, wait, as_json, late)
            return
        asked = window_supplement.demand(agent, case_id)
        show({"ok": True, **_demand_object(asked)}, as_json, _demand_table(asked), _demand_words(asked))


@app.command("notice")
def print_notice(case: Case, home: Home, staff: Staff, wait: WaitSeconds = 30, as_json: AsJson = False) -> None:
    """打印补正通知书或者不予受理通知书。"""
    from node_agent.window.papers import notice_paper  # here: printing loads the typesetting library

    with agent_at(home, as_json) as agent:
        case_id = resolve(agent, case)
        file, lines = notice_paper(agent, case_id, staff, answered(agent, wait, as_json))
        value = {"ok": True, "case": case_id, "paper": str(file), "lines": list(lines)}
        show(value, as_json, "\n".join(lines), f"已打印到 {file}")


@app.command()
def reopen(
    case: Case,
    home: Home,
    staff: Staff,
    item: Annotated[str, typer.Option("--item", help="改办的事项实施编码；不写则仍办原事项")] = "",
    wait: WaitSeconds = 30,
    as_json: AsJson = False,
) -> None:
    """重开：统筹退回的办件，把已封装的页面取回草稿，更正后再封存；申请人不用再来。"""
    with agent_at(home, as_json) as agent:
        case_id = resolve(agent, case)
        made = window_back.reopen(agent, case_id, staff, answered=answered(agent, wait, as_json), task_code=item)
        words = [f"草稿已重开：{case_id}", f"退回原因：{reasons.RETURN_REASONS.get(made.reason, made.reason)}"]
        if made.dropped:
            words.append(f"新事项不需要：{'、'.join(made.dropped)}")
        words.append("请核对材料后封存；查询号和凭证不变。")
        value = {"ok": True, "case": case_id, "reason": made.reason, "task_code": made.task_code}
        show({**value, "dropped": list(made.dropped)}, as_json, "\n".join(words))


@app.command()
def anew(
    case: Case,
    home: Home,
    staff: Staff,
    form: Annotated[Path, typer.Option("--form", help="申请表 JSON 文件", exists=True, dir_okay=False)],
    reason: Annotated[
        str, typer.Option("--reason", help=f"原因：{listed(reasons.REOPEN_REASONS)}")
    ] = "CIPHERTEXT_GONE",
    wait: WaitSeconds = 30,
    as_json: AsJson = False,
) -> None:
    """重新收件：枢纽查明对象不可用、窗口也没有可重传密文的办件，由申请人重新交件；查询号不变。"""
    with agent_at(home, as_json) as agent:
        case_id = resolve(agent, case)
        filled = read_form(form)
        if window_back.returned(history(agent.journal, case_id), "reopen") is None:
            digest = window_back.give_up(agent, case_id, staff, code_of(reasons.REOPEN_REASONS, reason, "reason"))
            answered = wait_for(agent, [digest], wait, as_json)[0]
            if answered.refusal is not None:
                raise answered.refusal
            _await_back(agent, case_id, wait)
        window_back.collect_anew(agent, case_id, staff, filled.form, filled.address)
        words = "草稿已重开，请申请人重新交件：逐项加页后封存；查询号和凭证不变。"
        show({"ok": True, "case": case_id}, as_json, words)


# --- pieces ------------------------------------------------------------------------------------------------------


def _await_back(agent: Agent, case_id: str, wait: float) -> None:
    """Until the log's own leaf is here, which the running agent takes in."""
    end = time.monotonic() + wait
    while window_back.returned(history(agent.journal, case_id), "reopen") is None and time.monotonic() < end:
        time.sleep(0.1)


def _end(
    agent: Agent, case_id: str, digest: str, wait: float, as_json: bool, value: Mapping[str, object], words: str
) -> None:
    """Wait for the answer; pages are erased when the hub has it, by the running agent where that comes later."""
    if wait_for(agent, [digest], wait, as_json)[0].state == "DONE":
        drafts.erase(agent, case_id)
    finish(agent, [digest], 0, as_json, value, words)


def _show_advice(agent: Agent, case_id: str, as_json: bool) -> None:
    advice = pre_review.advice(history(agent.journal, case_id))
    if advice is None:
        show({"ok": True, "case": case_id, "answer": None}, as_json, "预审还没有答复。")
        return
    item = drafts.item_of(agent, drafts.load(agent, case_id))
    names = {material.code: material.name for material in item.materials}
    words = [f"预审答复（仅供参考）：{reasons.PRE_REVIEW_ANSWERS[advice.answer]}　{minute(advice.at)}"]
    words += [
        f"  《{names.get(line['material'], line['material'])}》{reasons.DEFECTS.get(line['defect'], line['defect'])}"
        for line in advice.lines
    ]
    value = {"ok": True, "case": case_id, "answer": advice.answer, "lines": list(advice.lines), "at": advice.at}
    show(value, as_json, "\n".join(words))


def check_code(file: Path | None, descriptor: int | None) -> str:
    """Six digits from a file, a descriptor or the keyboard without echo. Refusal CHECK_CODE_MISSING."""
    try:
        if file is not None:
            text = file.read_text("ascii")
        elif descriptor is not None:
            with os.fdopen(descriptor, encoding="ascii") as source:
                text = source.read(64)
        else:
            text = str(typer.prompt("申请人的校验码（6 位）", hide_input=True, err=True))
    except (OSError, ValueError) as error:
        raise Refusal("CHECK_CODE_MISSING", "A24; T17") from error
    if not text.strip():
        raise Refusal("CHECK_CODE_MISSING", "A24; T17")
    return text.strip()


def _await_notice(agent: Agent, case_id: str, seconds: float) -> None:
    """A case that this window was admitted to just now comes by the inbox of the running agent, leaf after leaf; with a
    parent come the parts that the notice asks something of.
    """
    end = time.monotonic() + seconds
    while not parents_supplement.here(agent, case_id) and time.monotonic() < end:
        time.sleep(common.POLL_SECONDS)


def _sources(given: list[str]) -> list[tuple[str, Path]]:
    made = []
    for text in given:
        material, sign, path = text.partition("=")
        if not (sign and material.strip() and Path(path).exists()):
            raise Refusal("PAIR_FORMAT", "A04", option="--pages", value=text[:80])
        made.append((material.strip(), Path(path)))
    return made


def _show_refused(taken: PagesTaken, material: str, as_json: bool) -> None:
    refused = [{"file": name, **common.refusal_object(refusal)} for name, refusal in taken.refused]
    words = [f"《{material}》一页也没有收，请处理后再扫："]
    words += [f"[red]{escape(name)}[/red]：{common.refusal_text(refusal)}" for name, refusal in taken.refused]
    show({"ok": False, "material": material, "refused": refused}, as_json, *words)
    raise typer.Exit(common.EXIT_REFUSED)


def _seal_supplement(
    agent: Agent, case_id: str, staff: str, wait: float, as_json: bool, late: LateEntry | None
) -> None:
    from node_agent.window.papers import supplement_receipt  # here: printing loads the typesetting library

    asked = window_supplement.demand(agent, case_id)
    with common.bar(as_json) as progress:
        task = progress.add_task("加密封存", total=None)
        how = reads(progress, task, READ_SECONDS)
        made = window_supplement.seal(agent, case_id, staff, late, applicant_signed=True, reads=how)
    paper = supplement_receipt(agent, asked, made, datetime.now(UTC))
    value = {
        "case": case_id,
        "revision": made.revision,
        "manifest": made.manifest,
        "materials": list(made.materials),
        "waiting_for": list(made.waiting_for),
        "paper": str(paper),
        "pages": page_objects(made.pages),
    }
    names = "、".join(line.name for line in asked.lines if line.material in made.materials)
    words = f"补正材料已封装：第 {made.revision} 批，{names}\n补正材料接收凭证：{paper}"
    if not as_json:
        common.console.print(words, *common.keyless_words(made.waiting_for), *page_words(made.pages), sep="\n")
    finish(agent, made.entries, wait, as_json, value)
    window_supplement.tidy(agent, case_id)


def _demand_object(asked: window_supplement.Demand) -> dict[str, object]:
    return {
        "case": asked.case,
        "case_no": asked.case_no,
        "public_no": asked.public_no,
        "item": asked.item.name,
        "notice": asked.notice,
        "due": asked.due,
        "methods": list(asked.methods),
        "lines": [dict(line.__dict__) for line in asked.lines],
    }


def _demand_table(asked: window_supplement.Demand) -> Table:
    table = Table("材料", "名称", "需要补正", "本次已收页", "已补交", title=f"{asked.item.name}　{asked.due} 前补正")
    for line in asked.lines:
        defect = reasons.DEFECTS.get(line.defect, line.defect)
        table.add_row(line.material, line.name, defect, str(line.pages), "是" if line.handed_in else "否")
    return table


def _demand_words(asked: window_supplement.Demand) -> str:
    ways = "、".join(reasons.SUPPLEMENT_METHODS.get(method, method) for method in asked.methods)
    way_on = "加页：--pages 材料=文件夹；收齐后申请人签字，加 --signed 送出。"
    return f"通知日期：{minute(asked.at)}　补正方式：{ways}\n{way_on}"

"""``yidi window …``: what the staff of an 异地通办 window do at the counter (users.md A).

Invariants: every command works while the hub is away, except ``show`` of what others did and ``snapshot``; the words
shown may be read to the applicant; the applicant's secret stands on the printed receipt alone, never on the screen.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.panel import Panel
from rich.table import Table

from crypto import canonical
from crypto.refusal import Refusal
from deploy.commands.shared import common
from deploy.commands.shared.choices import code_of, listed
from deploy.commands.shared.common import AsJson, Home, Staff, WaitSeconds, agent_at, show
from deploy.commands.shared.forms import item_of, pages_of, read_form, read_object
from deploy.commands.shared.late import Cause, HappenedAt, Second, late_of
from deploy.commands.shared.options import Delivery
from deploy.commands.window import papers as window_papers
from deploy.commands.window import scan as window_scan
from deploy.commands.window.lists import case_line, item_lines, queue_lines, queue_table, work_list
from deploy.commands.window.papers import Name, print_after_seal, unprintable_words
from deploy.commands.window.reading import page_objects, page_words, reads
from deploy.commands.window.scan import show_taken
from hub.casework.reasons import DATA_KINDS
from node_agent.acts import LateEntry
from node_agent.known.snapshot import fetch_snapshot, kept_snapshot
from node_agent.parents import sealing
from node_agent.process.runtime import Agent
from node_agent.transfer.standing import read_status
from node_agent.window import drafts, ready
from node_agent.window import intake as window
from node_agent.window import receipt as window_receipt
from node_agent.window.ready import READ_SECONDS
from node_agent.window.seal import require_ticks

app = typer.Typer(help="收件窗口：找事项、登记、扫描、核对、封存、查询", no_args_is_help=True)
app.command()(window_scan.scan)
app.command()(window_papers.receipt)
app.command()(window_papers.printed)

AWAY_WAIT = 2.0
"""Seconds to wait for a receipt while the agent says that it cannot send."""
Case = Annotated[str, typer.Argument(help="办件标识（32 位）")]
FormFile = Annotated[Path, typer.Option("--form", help="申请表 JSON 文件", exists=True, dir_okay=False)]
NotClassified = Annotated[bool, typer.Option("--no-classified", help="确认没有涉密材料")]
Signed = Annotated[bool, typer.Option("--signed", help="申请人已签字")]
ReadWait = Annotated[float, typer.Option("--read-wait", min=0, help="等页面读完最多几秒；没读完的页不对外提供")]
Notice = Annotated[bool, typer.Option("--notice", help="已出示个人信息告知书")]


@app.command()
def items(
    words: Annotated[list[str], typer.Argument(help="事项名称里的字词，可多个")],
    home: Home,
    region: Annotated[str | None, typer.Option("--region", help="受理地区划代码，12 位")] = None,
    as_json: AsJson = False,
) -> None:
    """找事项：本窗口可不可以收，为什么，原件怎样处理。"""
    with agent_at(home, as_json) as agent:
        found = item_lines(agent, " ".join(words), region)
        table = Table("事项", "受理方", "收件", "原件", title=f"找到 {len(found)} 项")
        for line in found:
            colour = "green" if line["may_collect"] else "red"
            may = f"可收 {line['advice']}".strip() if line["may_collect"] else f"不可收：{line['reason']}"
            table.add_row(str(line["name"]), str(line["body"]), f"[{colour}]{may}[/{colour}]", str(line["originals"]))
        show({"ok": True, "items": found}, as_json, table)


@app.command()
def begin(
    task_code: Annotated[str, typer.Argument(help="事项实施编码，31 位")],
    home: Home,
    staff: Staff,
    form: FormFile,
    delivery: Delivery = "",
    region: Annotated[str | None, typer.Option("--region", help="受理地区划代码，12 位")] = None,
    classified: Annotated[bool, typer.Option("--classified", help="材料涉密（一律不收）")] = False,
    as_json: AsJson = False,
) -> None:
    """登记：新开一件。"""
    with agent_at(home, as_json) as agent:
        case = _begin(agent, task_code, staff, form, delivery, region, classified)
        show({"ok": True, "case": case}, as_json, f"已登记，办件标识 [bold]{case}[/bold]")


@app.command()
def verify(
    case: Case,
    material: Annotated[str, typer.Argument(help="材料编号")],
    kind: Annotated[str, typer.Option("--kind", help=f"数据种类：{listed(DATA_KINDS)}")],
    staff: Staff,
    home: Home,
    how: Annotated[str, typer.Option("--how", help="VERIFY_ONLINE 在线核验，FROM_LICENCE 电子证照")] = "VERIFY_ONLINE",
    as_json: AsJson = False,
) -> None:
    """核验：向有数据的部门核验或者提取，一致的不用扫描；没有应答或者不一致的改为扫描，原因登记在案。"""
    from node_agent.verification.connector import Kind, connector_for  # here: no other command loads an HTTP library
    from node_agent.verification.desk import check as check_online

    with agent_at(home, as_json) as agent:
        asked = Kind(code_of(DATA_KINDS, kind, "--kind"))
        connector = connector_for(agent.settings.verifiers_file, asked)
        made = check_online(agent, case, material, how, asked, staff, connector)
        value = {"ok": True, "case": case, "material": material, "result": made.result.value, "closed": made.closed}
        show({**value, "words": made.words, "source": made.source, "at": made.at}, as_json, made.words)


@app.command()
def check(case: Case, home: Home, as_json: AsJson = False) -> None:
    """核对：一次列出全部材料，缺什么、怎样补。"""
    with agent_at(home, as_json) as agent:
        lines = drafts.checklist(agent, case)
        missing = [line for line in lines if line.open and line.key]
        table = Table("材料", "要求", "情况", title="可以封存" if not missing else f"还缺 {len(missing)} 项，不能封存")
        for line in lines:
            mark = "red" if line in missing else "yellow" if line.open else "green"
            table.add_row(line.material, "主要" if line.key else "可容缺", f"[{mark}]{line.words}[/{mark}]")
        stands = ready.look(agent, case)
        value = {
            "ok": True, "case": case, "complete": not missing, "lines": [dict(line.__dict__) for line in lines],
            "pages": page_objects(stands),
        }  # fmt: skip
        show(value, as_json, table, *page_words(stands))


@app.command()
def seal(
    case: Case,
    home: Home,
    staff: Staff,
    no_classified: NotClassified = False,
    signed: Signed = False,
    notice: Notice = False,
    insist: Annotated[bool, typer.Option("--insist", help="材料不齐，申请人坚持提交")] = False,
    read_wait: ReadWait = READ_SECONDS,
    happened_at: HappenedAt = None,
    cause: Cause = "",
    second: Second = "",
    wait: WaitSeconds = 30,
    as_json: AsJson = False,
) -> None:
    """封存：加密、签名、排队发送，打印收件凭证。清单要求附遮盖件的页没有读完的，先等它读完。"""
    with agent_at(home, as_json) as agent:
        late = late_of(happened_at, cause, second)
        _seal(agent, case, staff, (no_classified, signed, notice), insist, (read_wait, wait), as_json, late)


@app.command()
def collect(
    mapping: Annotated[Path, typer.Argument(help="页与材料的对应表（pages.json）", exists=True, dir_okay=False)],
    home: Home,
    staff: Staff,
    form: FormFile,
    delivery: Delivery = "",
    no_classified: NotClassified = False,
    signed: Signed = False,
    notice: Notice = False,
    happened_at: HappenedAt = None,
    cause: Cause = "",
    second: Second = "",
    wait: WaitSeconds = 30,
    as_json: AsJson = False,
) -> None:
    """一次办完：登记、收页、核对、封存。"""
    with agent_at(home, as_json) as agent:
        late, plan = late_of(happened_at, cause, second), read_object(mapping)
        files_of, task_code = pages_of(plan, mapping.parent), item_of(plan)
        require_ticks({"no_classified": no_classified, "applicant_signed": signed, "privacy_notice": notice})
        case = _begin(agent, task_code, staff, form, delivery, None, False)
        with common.bar(as_json) as progress:
            task = progress.add_task("收页", total=sum(map(len, files_of.values())))
            for material, files in files_of.items():
                taken = window.add_pages(agent, case, material, files)
                if taken.refused:
                    show_taken(taken, material, as_json)
                progress.advance(task, len(files))
        _seal(agent, case, staff, (no_classified, signed, notice), False, (READ_SECONDS, wait), as_json, late)


@app.command("list")
def list_cases(home: Home, as_json: AsJson = False) -> None:
    """工作清单：最要紧的排在最前。"""
    with agent_at(home, as_json) as agent:
        found = work_list(agent)
        table = Table("办件", "查询号", "事项", "情况", "谁来办", "期限", title=f"{len(found)} 件")
        for line in found:
            table.add_row(*(str(line[name]) for name in ("case", "public_no", "item", "state_text", "next", "due")))
        show({"ok": True, "cases": found}, as_json, table)


@app.command("show", hidden=True)
@app.command()
def status(name: Name, home: Home, as_json: AsJson = False) -> None:
    """查一件：编号、时间、在谁手里、下一步谁办、各项期限。三种号码都可以查，断网时也可以查。"""
    with agent_at(home, as_json) as agent:
        line = case_line(agent, name)
        table = Table("项目", "内容", show_header=False)
        for label, member in (
            ("编号", "case_no"), ("查询号", "public_no"), ("事项", "item"), ("情况", "state_text"),
            ("收件时间（窗口申报）", "occurred_at"), ("枢纽登记时间", "recorded_at"), ("时间说明", "late"),
            ("在谁手里", "holder"), ("下一步", "next"), ("期限", "due"), ("受理方联络", "liaison"),
            ("收件凭证", "receipt"),
        ):  # fmt: skip
            if line[member] or member not in ("late", "receipt"):
                text = str(line[member])
                table.add_row(label, common.minute(text) if member.endswith("_at") else text)
        show({"ok": True, **line}, as_json, table)


@app.command()
def withdraw(
    case: Case,
    paper: Annotated[Path, typer.Argument(help="申请人签字的撤回申请扫描件", exists=True, dir_okay=False)],
    home: Home,
    staff: Staff,
    happened_at: HappenedAt = None,
    cause: Cause = "",
    second: Second = "",
    wait: WaitSeconds = 30,
    as_json: AsJson = False,
) -> None:
    """撤回：申请人书面撤回，决定作出以前都可以。"""
    with agent_at(home, as_json) as agent:
        digest = _withdrawn(agent, case, staff, paper, late_of(happened_at, cause, second))
        common.finish(agent, [digest], wait, as_json, {"case": case}, "撤回申请已签名")


@app.command()
def rewrap(
    case: Case,
    home: Home,
    to: Annotated[str, typer.Option("--to", help="接收方节点标识")],
    wait: WaitSeconds = 30,
    as_json: AsJson = False,
) -> None:
    """重发密钥：接收方换了密钥以后，不用重新上传。"""
    with agent_at(home, as_json) as agent:
        digest = window.rewrap(agent, case, to)
        common.finish(agent, [digest], wait, as_json, {"case": case, "recipient": to}, "密钥已重新封装")


@app.command()
def queue(home: Home, as_json: AsJson = False) -> None:
    """待发队列：还有什么没有发出，为什么。"""
    with agent_at(home, as_json) as agent:
        told = read_status(agent.journal)
        waiting = queue_lines(agent, told)
        uploads = [upload.manifest_digest for upload in agent.journal.uploads_waiting()]
        problem, kept = told["problem"], kept_snapshot(agent)
        why = "正常" if problem is None else common.refusal_text(_refusal(problem))
        until = canonical.time_text(kept.ends_at) if kept else ""
        value = {
            "ok": True, "waiting": waiting, "uploads": uploads, "problem": problem, "why": why,
            "alarms": told["alarms"], "offline_until": until,
        }  # fmt: skip
        alarms = [f"[red]警报 {alarm['code']}：{digest[:12]}[/red]" for digest, alarm in told["alarms"].items()]
        offline = f"断网时可以收件到 {common.minute(until)}" if kept else "本机还没有目录快照，断网时不能收件"
        show(value, as_json, queue_table(waiting, len(uploads)), f"发送情况：{why}", offline, *alarms)


@app.command()
def snapshot(home: Home, as_json: AsJson = False) -> None:
    """目录快照：取一份核验过的事项目录和公钥，断网时用。"""
    with agent_at(home, as_json, attempts=3) as agent:
        kept = fetch_snapshot(agent)
        value = {
            "ok": True,
            "catalogue": kept.catalogue,
            "calendar": kept.calendar,
            "epoch": kept.epoch,
            "made_at": canonical.time_text(kept.made_at),
            "ends_at": canonical.time_text(kept.ends_at),
        }
        words = f"快照已核验：目录 {kept.catalogue}，日历 {kept.calendar}，可用到 {kept.ends_at:%Y-%m-%d %H:%M}"
        show(value, as_json, words)


# --- pieces ------------------------------------------------------------------------------------------------------


def _begin(
    agent: Agent, task_code: str, staff: str, file: Path, delivery: str, region: str | None, classified: bool
) -> str:
    filled = read_form(file)
    way = delivery or filled.way
    return window.begin(
        agent, task_code, staff, filled.form, way, address=filled.address, region=region, classified=classified
    )


def _seal(
    agent: Agent,
    case: str,
    staff: str,
    ticks: tuple[bool, bool, bool],
    insist: bool,
    waits: tuple[float, float],
    as_json: bool,
    late: LateEntry | None = None,
) -> None:
    """``waits``: seconds for pages to be read, and for the hub's answer."""
    with common.bar(as_json) as progress:
        task = progress.add_task("加密封存", total=None)
        seal_it = sealing.seal if drafts.load(agent, case).parts else window.seal
        result = seal_it(
            agent,
            case,
            staff,
            reads(progress, task, waits[0]),
            late,
            insist=insist,
            no_classified=ticks[0],
            applicant_signed=ticks[1],
            privacy_notice=ticks[2],
        )
    file, missing, refusal = print_after_seal(agent, result.public_no)
    value = {
        "case": case,
        "public_no": result.public_no,
        "check_code": result.check_code,
        "receipt": file,
        "unprintable": missing,
        "manifest": result.manifest,
        "waiting_for": list(result.waiting_for),
        "pages": page_objects(result.pages),
    }
    if not as_json:  # before waiting: the applicant stands there
        text = window_receipt.told(result.public_no, result.check_code, file)
        common.console.print(Panel(text, title="收件凭证，请打印后执行 printed"), *unprintable_words(missing))
        if refusal is not None:
            common.show_refusal(refusal, False)
        for line in (*common.keyless_words(result.waiting_for), *page_words(result.pages)):
            common.console.print(line)
    away = read_status(agent.journal)["problem"] is not None  # then nobody at the counter waits for an answer
    common.finish(agent, result.entries, min(waits[1], AWAY_WAIT) if away else waits[1], as_json, value)


def _withdrawn(agent: Agent, case: str, staff: str, paper: Path, late: LateEntry | None) -> str:
    """The act's digest; of a parent, of the whole or of what is undecided (states.md 8, P10)."""
    from node_agent.parents import desk  # here: few cases are parents

    if desk.is_parent(agent, case):
        return desk.withdraw(agent, case, staff, paper, late=late).payload_digest
    return window.withdraw(agent, case, staff, paper, late=late)


def _refusal(problem: Mapping[str, Any]) -> Refusal:
    values = {name: text for name, text in problem["values"].items() if name not in {"code", "rule"}}
    return Refusal(problem["code"], problem["rule"], **values)

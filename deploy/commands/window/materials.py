"""``yidi window …`` about how materials are got: situations, promises, commitments, cover, reuse, debts, twins.

Invariants: papers are printed first, signed, then scanned; codes come from the closed lists; all but ``reuse`` works
while the hub is away.
"""

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from crypto.refusal import Refusal
from deploy.commands.shared import common
from deploy.commands.shared.choices import code_of, listed
from deploy.commands.shared.common import AsJson, Home, Staff, WaitSeconds, agent_at, show
from deploy.commands.shared.late import Cause, HappenedAt, Second, late_of
from deploy.commands.shared.options import CaseName
from deploy.commands.shared.pairs import pages_of, pairs
from deploy.commands.window.reading import page_objects, page_words, reads
from hub.casework.reasons import SECOND_INTAKES
from node_agent.known.casemirror import resolve
from node_agent.paper.sheet import Printed
from node_agent.window import debts as window_debts
from node_agent.window import drafts
from node_agent.window import materials as window_materials
from node_agent.window.materials import Kept
from node_agent.window.ready import READ_SECONDS
from storage.files import write_private

app = typer.Typer(no_args_is_help=True)

Case = Annotated[str, typer.Argument(help="办件标识（32 位）")]
Materials = Annotated[list[str], typer.Argument(help="材料编号，可以几个")]
Out = Annotated[Path, typer.Option("--out", help="文书写到哪里（PDF）")]
Due = Annotated[datetime, typer.Option("--due", formats=["%Y-%m-%d"], help="承诺补交日期")]
Given = Annotated[list[str] | None, typer.Option("--answer", help="问题编号=选项，可多次，如 S1=YES")]
Pages = Annotated[list[str], typer.Option("--page", help="材料编号=页文件或文件夹，可多次")]


@app.command()
def situations(case: Case, home: Home, answer: Given = None, as_json: AsJson = False) -> None:
    """办理情形：逐个回答，决定要交哪些材料；不写 --answer 时只看下一个问题。"""
    with agent_at(home, as_json) as agent:
        following = window_materials.answer(agent, case, dict(pairs(answer or [], "--answer")))
        told = drafts.load(agent, case).answers
        value: dict[str, object] = {"ok": True, "case": case, "answers": told, "next": None}
        words = "情形已答完，可以看材料清单"
        if following is not None:
            choices = dict(following.choices)
            value["next"] = {"situation": following.code, "question": following.question, "choices": choices}
            words = (
                f"{following.code} {following.question}（" + "；".join(f"{c} {w}" for c, w in choices.items()) + "）"
            )
        show(value, as_json, words)


@app.command("promise-paper")
def promise_paper(case: Case, materials: Materials, home: Home, due: Due, out: Out, as_json: AsJson = False) -> None:
    """容缺承诺书：打印后由申请人签字，再登记容缺。"""
    with agent_at(home, as_json) as agent:
        _print(window_materials.promise_paper(agent, case, materials, _day(due)), case, out, as_json)


@app.command("commitment-paper")
def commitment_paper(case: Case, materials: Materials, home: Home, out: Out, as_json: AsJson = False) -> None:
    """告知承诺书：先告知，申请人愿意承诺的签字，再登记承诺。"""
    with agent_at(home, as_json) as agent:
        _print(window_materials.commitment_paper(agent, case, materials), case, out, as_json)


@app.command()
def tolerate(
    case: Case,
    material: Annotated[str, typer.Argument(help="材料编号（非主要材料）")],
    due: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="承诺补交日期")],
    paper: Annotated[Path, typer.Option("--paper", help="签字的容缺承诺书扫描件", exists=True, dir_okay=False)],
    home: Home,
    as_json: AsJson = False,
) -> None:
    """容缺：非主要材料书面承诺以后补交。"""
    with agent_at(home, as_json) as agent:
        window_materials.tolerate(agent, case, material, _day(due), paper)
        value = {"ok": True, "case": case, "material": material, "due": due.date().isoformat()}
        show(value, as_json, f"《{material}》容缺，{due:%Y-%m-%d} 前补交")


@app.command()
def commit(
    case: Case,
    material: Annotated[str, typer.Argument(help="材料编号（清单允许承诺的）")],
    letter: Annotated[Path, typer.Argument(help="签字的告知承诺书扫描件（文件或文件夹）", exists=True)],
    home: Home,
    told: Annotated[bool, typer.Option("--told", help="已书面告知承诺的内容和后果")] = False,
    as_json: AsJson = False,
) -> None:
    """承诺：以签字的告知承诺书代替证明材料。"""
    with agent_at(home, as_json) as agent:
        taken = window_materials.commit(agent, case, material, letter, told=told)
        _show_refused(taken.refused, as_json)
        show({"ok": True, "case": case, "material": material}, as_json, f"《{material}》以书面承诺代替")


@app.command()
def cover(
    case: Case, material: Annotated[str, typer.Argument(help="材料编号")], home: Home, as_json: AsJson = False
) -> None:
    """涵盖：清单写明已收的另一份材料可以涵盖它。"""
    with agent_at(home, as_json) as agent:
        window_materials.cover(agent, case, material)
        show({"ok": True, "case": case, "material": material}, as_json, f"《{material}》由已收的材料涵盖")


@app.command()
def shelf(case: Case, home: Home, as_json: AsJson = False) -> None:
    """以前的材料：同一申请人在本窗口办过的件里，可以复用的材料。"""
    with agent_at(home, as_json) as agent:
        found = window_materials.shelf(agent, case)
        table = Table("材料", "可信等级", "收件时间", "出自（查询号）", title=f"可以复用 {len(found)} 份")
        for one in found:
            table.add_row(one.material, one.trust, common.minute(one.sealed_at), one.public_no)
        show({"ok": True, "case": case, "materials": [dict(vars(one)) for one in found]}, as_json, table)


@app.command()
def reuse(
    case: Case,
    material: Annotated[str, typer.Argument(help="材料编号")],
    home: Home,
    staff: Staff,
    agreement: Annotated[Path, typer.Option("--agreement", help="申请人同意复用的签字件扫描件", exists=True)],
    valid_until: Annotated[str, typer.Option("--valid-until", help="证件有效期到哪一天；长期写 LONG_TERM")],
    origin: Annotated[str, typer.Option("--from", help="出自哪一件（查询号），不写为最近一件")] = "",
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """复用：申请人同意后，从以前的件里调取核对过的材料，不用再交。"""
    with agent_at(home, as_json) as agent:
        kept = _kept(window_materials.shelf(agent, case), material, origin)
        by = common.answered(agent, wait, as_json)
        window_materials.reuse(agent, case, kept, valid_until, agreement, staff, answered=by)
        value = {"ok": True, "case": case, "material": material, "from": kept.public_no}
        show(value, as_json, f"《{material}》复用 {kept.public_no} 的材料")


@app.command("second-intake")
def second_intake(
    case: Case,
    other: Annotated[str, typer.Option("--other", help="先前那一件的标识（枢纽答复里有）")],
    reason: Annotated[str, typer.Option("--reason", help=listed(SECOND_INTAKES))],
    home: Home,
    as_json: AsJson = False,
) -> None:
    """再次收件：同一申请人同一事项已有在办件的，写明理由并关联那一件，再封存。"""
    with agent_at(home, as_json) as agent:
        code = code_of(SECOND_INTAKES, reason, "--reason")
        window_materials.second_intake(agent, case, other, code)
        show({"ok": True, "case": case, "other": other, "reason": code}, as_json, f"已登记：{SECOND_INTAKES[code]}")


@app.command()
def debts(case: CaseName, home: Home, as_json: AsJson = False) -> None:
    """容缺清单：承诺补交的材料、期限和补交情况。"""
    with agent_at(home, as_json) as agent:
        case_id = resolve(agent, case)
        found = window_debts.debts_of(agent, case_id)
        table = Table("材料", "期限", "情况", title=f"容缺 {len(found)} 份")
        for one in found:
            table.add_row(one.material, one.due, standing(one.settled, one.overdue_at))
        show({"ok": True, "case": case_id, "debts": [dict(vars(one)) for one in found]}, as_json, table)


@app.command("pay-debt")
def pay_debt(
    case: CaseName,
    home: Home,
    staff: Staff,
    page: Pages,
    original: Annotated[str, typer.Option("--original", help="SEEN_RETURNED 核对退还，HELD 留存，NOT_NEEDED 未见")] = (
        "SEEN_RETURNED"
    ),
    signed: Annotated[bool, typer.Option("--signed", help="申请人已签字")] = False,
    happened_at: HappenedAt = None,
    cause: Cause = "",
    second: Second = "",
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """补交容缺材料：加密封装，交受理部门。"""
    with agent_at(home, as_json) as agent:
        case_id, late = resolve(agent, case), late_of(happened_at, cause, second)
        with common.bar(as_json) as progress:
            task = progress.add_task("加密封存", total=None)
            how = reads(progress, task, READ_SECONDS)
            files = pages_of(page)
            made = window_debts.pay(agent, case_id, staff, files, original, late, applicant_signed=signed, reads=how)
        _show_refused(made.refused, as_json)
        value = {
            "case": case_id, "materials": list(made.materials), "waiting_for": list(made.waiting_for),
            "pages": page_objects(made.pages),
        }  # fmt: skip
        words = [f"已补交：{'、'.join(made.materials)}", *common.keyless_words(made.waiting_for)]
        words += page_words(made.pages)
        common.finish(agent, made.entries, wait, as_json, value, *words)


# --- pieces ------------------------------------------------------------------------------------------------------


def standing(settled: str, overdue_at: str) -> str:
    """What became of a debt, in words."""
    if settled:
        return "已补交"
    return "逾期未补" if overdue_at else "待补交"


def _print(printed: Printed, case: str, out: Path, as_json: bool) -> None:
    write_private(out, printed.data)
    value = {"ok": True, "case": case, "paper": str(out), "unprintable": list(printed.missing)}
    show(value, as_json, f"文书文件 {out}，请打印后由申请人签字")


def _kept(found: Sequence[Kept], material: str, origin: str) -> Kept:
    named = origin.replace(" ", "")
    for one in found:
        if one.material == material and named in ("", one.public_no):
            return one
    raise Refusal("REUSE_LINE_UNKNOWN", "E02; T02", material=material[:40])


def _day(given: datetime) -> date:
    return date(given.year, given.month, given.day)


def _show_refused(refused: Sequence[tuple[str, Refusal]], as_json: bool) -> None:
    """Every refused page with its reason, and the end of the command; nothing where all are good."""
    if not refused:
        return
    told = [{"file": name, **common.refusal_object(refusal)} for name, refusal in refused]
    words = [f"[red]{escape(name)}[/red]：{common.refusal_text(refusal)}" for name, refusal in refused]
    show({"ok": False, "refused": told}, as_json, "一页也没有收，请处理后再扫：", *words)
    raise typer.Exit(common.EXIT_REFUSED)

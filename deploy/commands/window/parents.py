"""``yidi window …`` for parents, 一件事 and 多地联办 (states.md 8): begin, see the parts, choice, the exit.

Collecting, checking, sealing, printing and withdrawing are the commands of a single case. Invariants: those of
``window``; all but ``parts`` and ``gather`` work while the hub is away.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from crypto.refusal import Refusal
from deploy.commands.shared.common import AsJson, Home, Staff, WaitSeconds, agent_at, finish_act, refusal_text, show
from deploy.commands.shared.forms import pages_of, read_form, read_object
from deploy.commands.shared.options import Delivery
from deploy.commands.shared.parent_views import parts_object, parts_table
from node_agent.known.casemirror import resolve
from node_agent.parents import desk, drafting
from node_agent.process.runtime import Agent
from node_agent.window import intake as window

app = typer.Typer(no_args_is_help=True)

Case = Annotated[str, typer.Argument(help="联办件的标识或者查询号")]
FormFile = Annotated[Path, typer.Option("--form", help="一张表，JSON 文件", exists=True, dir_okay=False)]
Partial = Annotated[bool, typer.Option("--partial", help="申请人要求各项结果分别送达；不写为一个出口一次交付")]
Pages = Annotated[
    Path | None, typer.Option("--pages", help="页与清单各行的对应表（JSON），整批收页", exists=True, dir_okay=False)
]
Signed = Annotated[Path, typer.Option("--paper", help="申请人签字的书面意见扫描件", exists=True, dir_okay=False)]


@app.command()
def themes(home: Home, as_json: AsJson = False) -> None:
    """一件事清单：本窗口能收哪些，不能收的为什么。"""
    with agent_at(home, as_json) as agent:
        lines = drafting.theme_lines(agent)
        table = Table("编号", "一件事", "部分", "收件", title=f"{len(lines)} 件")
        told: list[dict[str, object]] = []
        for line in lines:
            refusal = line["refusal"]
            why = refusal_text(refusal) if isinstance(refusal, Refusal) else ""
            parts = line["parts"] if isinstance(line["parts"], list) else []
            table.add_row(
                str(line["theme"]), str(line["name"]), str(len(parts)), f"[red]{why}[/red]" if why else "可收"
            )
            told.append({**line, "refusal": why})
        show({"ok": True, "themes": told}, as_json, table)


@app.command()
def theme(
    code: Annotated[str, typer.Argument(help="一件事的编号，见 themes")],
    home: Home,
    staff: Staff,
    form: FormFile,
    delivery: Delivery = "",
    partial: Partial = False,
    pages: Pages = None,
    as_json: AsJson = False,
) -> None:
    """登记一件事：一张表、一张材料清单；接着照常 scan、check、seal。"""
    with agent_at(home, as_json) as agent:
        filled = read_form(form)
        case = drafting.begin_theme(
            agent, code, staff, filled.form, delivery or filled.way, address=filled.address, partial=partial
        )
        _take(agent, case, pages)
        show({"ok": True, "case": case}, as_json, f"已登记，联办件标识 [bold]{case}[/bold]；材料清单见 check")


@app.command()
def multi(
    items: Annotated[list[str], typer.Argument(help="事项编码，或者 事项编码@受理地区划（12 位），依次为 P1、P2……")],
    home: Home,
    staff: Staff,
    form: FormFile,
    delivery: Delivery = "",
    partial: Partial = False,
    after: Annotated[list[str] | None, typer.Option("--after", help="先后，如 P3=P1,P2，可多次")] = None,
    mode: Annotated[list[str] | None, typer.Option("--mode", help="办理方式，如 P2=ONLINE；不写为 MULTI_PLACE")] = None,
    shared: Annotated[
        list[str] | None, typer.Option("--shared", help="各地都要、申请人确认用同一份的材料名称，可多次")
    ] = None,
    pages: Pages = None,
    as_json: AsJson = False,
) -> None:
    """登记多地联办：一次申请，几个地方的部门同时办理；相同的材料只收一次。"""
    with agent_at(home, as_json) as agent:
        filled = read_form(form)
        wanted = [(task, region) for task, _, region in (text.partition("@") for text in items)]
        order = {part: names.split(",") for part, names in _pairs(after or [], "--after").items()}
        case = drafting.begin_multi(
            agent,
            wanted,
            staff,
            filled.form,
            delivery or filled.way,
            address=filled.address,
            after=order,
            modes=_pairs(mode or [], "--mode"),
            shared=shared or (),
            partial=partial,
        )
        _take(agent, case, pages)
        show({"ok": True, "case": case}, as_json, f"已登记，联办件标识 [bold]{case}[/bold]；材料清单见 check")


@app.command()
def parts(case: Case, home: Home, as_json: AsJson = False) -> None:
    """看联办件：各部分到哪一步、谁在办、结果如何。"""
    with agent_at(home, as_json) as agent:
        file = desk.parent_here(agent, resolve(agent, case))
        show({"ok": True, **parts_object(agent, file)}, as_json, parts_table(agent, file))


@app.command("go-on")
def go_on(case: Case, home: Home, staff: Staff, paper: Signed, wait: WaitSeconds = 30, as_json: AsJson = False) -> None:
    """其中一项未成，申请人书面选择其余继续办理。"""
    with agent_at(home, as_json) as agent:
        entry = desk.go_on(agent, resolve(agent, case), staff, paper)
        finish_act(agent, entry, wait, as_json, "已登记：其余各项继续办理")


@app.command()
def gather(case: Case, home: Home, staff: Staff, wait: WaitSeconds = 30, as_json: AsJson = False) -> None:
    """一口出件：各项结果到齐，从本窗口一次交付。"""
    with agent_at(home, as_json) as agent:
        entry = desk.gather(agent, resolve(agent, case), staff)
        finish_act(agent, entry, wait, as_json, "结果已到齐，可以交付申请人（lay-out、hand-over、opened）")


def _take(agent: Agent, case: str, pages: Path | None) -> None:
    """Pages of the one list, line by line; the first line with a bad page ends the command, the draft stays."""
    for material, files in pages_of(read_object(pages), pages.parent).items() if pages else ():
        taken = window.add_pages(agent, case, material, files)
        if taken.refused:
            raise taken.refused[0][1]


def _pairs(given: list[str], option: str) -> Mapping[str, str]:
    made = {}
    for text in given:
        left, sign, right = text.partition("=")
        if not (sign and left.strip() and right.strip()):
            raise Refusal("PAIR_FORMAT", "promise 1", option=option, value=text[:40])
        made[left.strip()] = right.strip()
    return made

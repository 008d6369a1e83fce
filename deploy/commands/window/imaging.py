"""``yidi window device …`` and ``yidi window mask …``: registered devices, and the masked page that others may see."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from deploy.commands.shared.choices import code_of, listed
from deploy.commands.shared.common import AsJson, Home, Staff, agent_at, show
from deploy.commands.shared.options import CaseName as Case
from deploy.commands.window.reading import withheld_words
from deploy.commands.window.scan import Material
from hub.casework.masking.pictures import PageKind
from hub.casework.reasons import UNMASK_REASONS
from node_agent.imaging import devices
from node_agent.imaging.redaction.sheet import Mark, documents
from node_agent.window import drafts
from node_agent.window import masking as window_masking
from node_agent.window.pages import lead_of
from storage.files import write_private

app = typer.Typer()
devices_app = typer.Typer(no_args_is_help=True)
mask_app = typer.Typer(no_args_is_help=True)
app.add_typer(devices_app, name="device", help="采集设备：登记、清单、注销")
app.add_typer(mask_app, name="mask", help="遮盖：找出个人信息、看一眼、增减框、生成遮盖件")
Page = Annotated[int, typer.Argument(help="页码，从 1 数起", min=1)]
Code = Annotated[str, typer.Argument(help="设备编号：字母、数字和短横线")]
LOOK_SECONDS = 60.0


@devices_app.command("add")
def add_device(
    code: Code,
    home: Home,
    staff: Staff,
    kind: Annotated[str, typer.Option("--kind", help="类别：" + "、".join(devices.KINDS))],
    address: Annotated[str, typer.Option("--address", help="文件夹、扫描仪名称或者摄像头号")] = "",
    as_json: AsJson = False,
) -> None:
    """登记一台采集设备（窗口负责人）；没有登记的设备采集的页会作标记。"""
    with agent_at(home, as_json) as agent:
        made = devices.register(agent.journal, code, kind, address, lead_of(agent, staff), datetime.now(UTC))
        show({"ok": True, "device": dict(made.__dict__)}, as_json, f"已登记设备 {made.code}")


@devices_app.command("remove")
def remove_device(code: Code, home: Home, staff: Staff, as_json: AsJson = False) -> None:
    """注销一台采集设备（窗口负责人）。"""
    with agent_at(home, as_json) as agent:
        lead_of(agent, staff)
        devices.remove(agent.journal, code)
        show({"ok": True, "device": code}, as_json, f"已注销设备 {code}")


@devices_app.command("list")
def list_devices(home: Home, as_json: AsJson = False) -> None:
    """登记的采集设备。"""
    with agent_at(home, as_json) as agent:
        found = devices.registered(agent.journal)
        table = Table("设备", "类别", "地址", "登记时间", title=f"{len(found)} 台")
        for one in found:
            table.add_row(one.code, one.kind, one.address, one.at)
        show({"ok": True, "devices": [dict(one.__dict__) for one in found]}, as_json, table)


@mask_app.command("find")
def find(
    case: Case,
    material: Material,
    page: Page,
    home: Home,
    wait: Annotated[float, typer.Option("--wait", min=0, help="最多等多少秒")] = LOOK_SECONDS,
    as_json: AsJson = False,
) -> None:
    """找出一页上的个人信息，作为遮盖框。"""
    with agent_at(home, as_json) as agent:
        marks, judged = window_masking.propose(agent, drafts.named(agent, case), material, page, wait)
        _show(marks, as_json, list(judged.withheld))


@mask_app.command("add")
def add(
    case: Case,
    material: Material,
    page: Page,
    box: Annotated[str, typer.Argument(help="左,上,右,下（像素）")],
    home: Home,
    staff: Staff,
    kind: Annotated[str, typer.Option("--kind", help="类别：" + "、".join(PageKind))] = PageKind.UNREADABLE,
    as_json: AsJson = False,
) -> None:
    """加一个遮盖框。"""
    with agent_at(home, as_json) as agent:
        name, place = drafts.named(agent, case), window_masking.box_of(box)
        marks = window_masking.add(agent, name, material, page, place, kind, staff)
        _show(marks, as_json)


@mask_app.command("remove")
def remove(
    case: Case,
    material: Material,
    page: Page,
    number: Annotated[int, typer.Argument(help="画面上的框号")],
    home: Home,
    staff: Staff,
    reason: Annotated[str, typer.Option("--reason", help="原因：" + listed(UNMASK_REASONS))],
    as_json: AsJson = False,
) -> None:
    """去掉一个遮盖框，必须写明原因。"""
    with agent_at(home, as_json) as agent:
        code = code_of(UNMASK_REASONS, reason, "--reason")
        _show(window_masking.remove(agent, drafts.named(agent, case), material, page, number, code, staff), as_json)


@mask_app.command("view")
def view(
    case: Case,
    material: Material,
    page: Page,
    home: Home,
    out: Annotated[Path, typer.Option("--out", help="写到这个文件（png）", dir_okay=False)],
    as_json: AsJson = False,
) -> None:
    """看一眼：画出并列出全部框和框号；红框会遮，橙框已去掉。"""
    with agent_at(home, as_json) as agent:
        name = drafts.named(agent, case)
        write_private(out, window_masking.view(agent, name, material, page))
        _show(window_masking.marks_of(agent, name, material, page), as_json, file=str(out))


@mask_app.command("make")
def make(
    case: Case,
    material: Material,
    page: Page,
    home: Home,
    looked: Annotated[bool, typer.Option("--looked", help="已逐行看过整页（读不准的页必须）")] = False,
    wait: Annotated[float, typer.Option("--wait", min=0, help="最多等多少秒")] = LOOK_SECONDS,
    as_json: AsJson = False,
) -> None:
    """生成遮盖件：涂实、重新编码、复核，封存时和原页放在一起。"""
    with agent_at(home, as_json) as agent:
        boxes = window_masking.cover(agent, drafts.named(agent, case), material, page, looked=looked, seconds=wait)
        show({"ok": True, "boxes": boxes}, as_json, f"遮盖件已生成，遮盖 {boxes} 处")


def _show(marks: list[Mark], as_json: bool, withheld: list[str] | None = None, *, file: str = "") -> None:
    table = Table("框号", "类别", "来源", "左上右下", "情况", title=f"{sum(mark.covers for mark in marks)} 处要遮")
    for number, mark in enumerate(marks, start=1):
        state = "遮盖" if mark.covers else f"不遮：{UNMASK_REASONS[mark.reason]}"
        origin = "找到" if mark.origin == "FOUND" else "补画"
        table.add_row(str(number), mark.kind, origin, ",".join(map(str, mark.box)), state)
    words = [f"[yellow]{text}[/yellow]" for text in withheld_words(withheld or [])]
    value = {"ok": True, "marks": documents(marks), "withheld": withheld or []}
    if file:
        value, words = {**value, "file": file}, [*words, f"已写到 {escape(file)}"]
    show(value, as_json, table, *words)

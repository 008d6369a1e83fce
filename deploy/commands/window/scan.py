"""``yidi window scan``: pages from a folder, a document, a scanner or a camera, judged while the applicant stands
there."""

import threading
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from crypto.refusal import Refusal
from deploy.commands.shared import common
from deploy.commands.shared.choices import code_of, listed
from deploy.commands.shared.common import AsJson, Home, agent_at, show
from hub.casework import messages
from hub.casework.reasons import PAGE_REASONS
from node_agent.imaging import devices
from node_agent.imaging.quality import rules
from node_agent.imaging.sources.base import Source
from node_agent.process.runtime import Agent
from node_agent.window import intake as window
from node_agent.window.drafts import DraftPage
from node_agent.window.pages import LetIn, Shooting

Case = Annotated[str, typer.Argument(help="办件标识（32 位）")]
Material = Annotated[str, typer.Argument(help="材料编号，如 M01")]
Lead = Annotated[str, typer.Option("--lead", help="放行有缺陷的页：负责人工号")]
Reason = Annotated[str, typer.Option("--reason", help="放行原因：" + listed(PAGE_REASONS))]


def scan(
    case: Case,
    material: Material,
    home: Home,
    folder: Annotated[
        Path | None, typer.Argument(help="扫描件所在文件夹或文件（PDF、TIFF 也可）；不写则用登记的设备", exists=True)
    ] = None,
    how: Annotated[str, typer.Option("--how", help="SUBMIT 提交，COMMITMENT 书面承诺")] = "SUBMIT",
    original: Annotated[
        str, typer.Option("--original", help="原件：SEEN_RETURNED 核对退还，HELD 留存，NOT_NEEDED 未见")
    ] = "SEEN_RETURNED",
    anew: Annotated[bool, typer.Option("--anew", help="重扫：替换以前的页")] = False,
    page: Annotated[int, typer.Option("--page", min=0, help="只重拍这一页（从 1 数起），替换原来的一页")] = 0,
    watch: Annotated[int, typer.Option("--watch", min=0, help="守着高拍仪文件夹，拍一页收一页，收满几页为止")] = 0,
    paper: Annotated[str, typer.Option("--paper", help="幅面：AUTO、" + "、".join(rules.PAPERS))] = rules.AUTO,
    device: Annotated[str, typer.Option("--device", help="登记的设备编号；不写则用设置的设备")] = "",
    lead: Lead = "",
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """扫描：页面收进一份材料，整批收下或者一页不收；--watch 时边拍边收，收下的页移入草稿。"""
    with agent_at(home, as_json) as agent:
        shooting = Shooting(paper, device, let_in(lead, reason))
        source = folder or _source(agent, device)
        if watch and isinstance(source, Path):
            _watch(agent, case, material, source, watch, shooting, as_json)
            return
        taken = window.add_pages(agent, case, material, source, how, original, anew=anew, shooting=shooting, at=page)
        show_taken(taken, material, as_json)


def let_in(lead: str, reason: str) -> LetIn | None:
    """The lead's word as typed; None when nothing was. Refusal CHOICE_UNKNOWN."""
    return LetIn(code_of(PAGE_REASONS, reason, "--reason"), lead) if lead or reason else None


def show_taken(taken: window.PagesTaken, material: str, as_json: bool) -> None:
    """Pages that came in; or every refused page with its reason, and the end of the command."""
    pages = [dict(page.__dict__) for page in taken.taken]
    refused = [{"file": name, **common.refusal_object(refusal)} for name, refusal in taken.refused]
    words = [f"《{material}》收下 {len(pages)} 页"] if not refused else [f"《{material}》一页也没有收，请处理后再扫："]
    words += [f"[red]{escape(name)}[/red]：{common.refusal_text(refusal)}" for name, refusal in taken.refused]
    words += dict.fromkeys(told for page in taken.taken for told in _told(page))  # each once, whatever the pages
    show({"ok": not refused, "material": material, "pages": pages, "refused": refused}, as_json, *words)
    if refused:
        raise typer.Exit(common.EXIT_REFUSED)


def _told(page: DraftPage) -> list[str]:
    """What is told of a page that was taken."""
    codes = [code for code in page.capture.get("found", ()) if code in messages.MESSAGES]
    return [f"[yellow]{messages.MESSAGES[code].rule}{messages.MESSAGES[code].way_out}[/yellow]" for code in codes]


def _source(agent: Agent, code: str) -> Path | Source:
    """What a registered device takes pages with, else the folder in the settings. Refusal CAPTURE_FOLDER."""
    name = code or agent.settings.capture_device
    found = next((one for one in devices.registered(agent.journal) if one.code == name and one.address), None)
    if found is not None:
        from node_agent.imaging.sources.registered import source_of  # here, not above: OpenCV is slow to load

        return source_of(found)
    if agent.settings.watch_folder is None:
        raise Refusal("CAPTURE_FOLDER", "A04", folder="")
    return agent.settings.watch_folder


def _watch(agent: Agent, case: str, material: str, folder: Path, pages: int, shooting: Shooting, as_json: bool) -> None:
    """Each page as it comes, with its verdict at once: the applicant still stands there."""
    told: list[dict[str, object]] = []
    for name, refusal in window.watch_camera(agent, case, material, folder, pages, threading.Event(), shooting):
        told.append({"file": name, "refusal": common.refusal_object(refusal) if refusal else None})
        if not as_json:
            words = f"[red]{escape(name)}[/red]：{common.refusal_text(refusal)}" if refusal else f"{escape(name)} 已收"
            common.console.print(words)
    show({"ok": True, "material": material, "pages": told}, as_json, f"《{material}》收满 {pages} 页")

"""``yidi dept masked``: a masked page for somebody outside, with the opening by which an auditor checks it."""

from pathlib import Path
from typing import Annotated

import typer

from crypto.refusal import Refusal
from deploy.commands.shared.common import AsJson, Home, Staff, WaitSeconds, agent_at, show, wait_for
from node_agent import acts
from node_agent.known.casemirror import resolve
from node_agent.transfer import opening
from node_agent.transfer.opening import OpenedCase

RULE = "architecture: provable masking; standards 15"
MASKED, OPENING, MANIFEST = "masked.png", "opening.json", "manifest.json"
app = typer.Typer()


@app.command()
def masked(
    case: Annotated[str, typer.Argument(help="办件编号、公开编号或者办件标识")],
    line: Annotated[str, typer.Argument(help="材料行或者材料编号")],
    page: Annotated[int, typer.Argument(help="页码，从 1 数起", min=1)],
    home: Home,
    staff: Staff,
    purpose: Annotated[str, typer.Option("--purpose", help="查看用途，将登记在案")],
    out: Annotated[Path, typer.Option("--out", help="写到这个文件夹", file_okay=False)],
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """对外提供一页的遮盖件，附核验材料；先登记用途。"""
    with agent_at(home, as_json) as agent:
        opened = opening.open_case(
            agent,
            resolve(agent, case),
            staff,
            acts.role_of(agent, staff, opening.READERS),
            purpose,
            answered=lambda digest: wait_for(agent, [digest], wait, as_json)[0],
        )
        files = give(opened, line, page, out)
        show({"ok": True, "files": files}, as_json, *(f"已写到 {file}" for file in files))


def give(opened: OpenedCase, line: str, page: int, out: Path) -> list[str]:
    """Masked page, opening and manifest of one page as three files. Refusals MASK_MISSING and those of ``disclose``."""
    from node_agent.imaging.redaction.disclosure import disclose  # here, not above: OpenCV is slow to load

    found = next((one for one in opened.lines if line in (one.line, one.material)), None)
    pages = {one.number: one for one in found.pages} if found else {}
    chosen = pages.get(page)
    if found is None or chosen is None or chosen.salted is None or "masked" not in chosen.others:
        raise Refusal("MASK_MISSING", RULE, line=line[:40], page=page)
    salt, full = chosen.salted()
    masked = chosen.others["masked"][1]()
    made = disclose(opened.manifest, found.line, page, salt=salt, full=full, masked=masked)
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, data in ((MASKED, made.masked), (OPENING, made.opening), (MANIFEST, opened.manifest)):
        (out / name).write_bytes(data)
    return [str(out / name) for name in (MASKED, OPENING, MANIFEST)]

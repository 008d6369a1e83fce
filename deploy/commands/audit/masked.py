"""``yidi audit masked``: a masked page checked offline against the sealed one, with nothing but three files."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from crypto.refusal import Refusal
from deploy.commands.dept.masked import MANIFEST, MASKED, OPENING, RULE
from deploy.commands.shared.common import AsJson, refusals, show

app = typer.Typer()


@app.command()
def masked(
    folder: Annotated[
        Path, typer.Argument(help=f"文件夹，里面有 {MASKED}、{OPENING}、{MANIFEST}", exists=True, file_okay=False)
    ],
    as_json: AsJson = False,
) -> None:
    """核验遮盖件：确是封存的那一页，除声明的框以外一个像素也没有改；不用联网，不用密钥。"""
    from node_agent.imaging.redaction.disclosure import check

    with refusals(as_json):
        files = [folder / name for name in (MANIFEST, OPENING, MASKED)]
        missing = [file.name for file in files if not file.is_file()]
        if missing:
            raise Refusal("OPENING_FORMAT", RULE, file=",".join(missing))
        seen = check(*(file.read_bytes() for file in files))
        table = Table("项目", "内容", show_header=False, title="遮盖件与封存的页面一致")
        for label, text in (
            ("办件标识", seen.case), ("材料行", seen.line), ("页码", str(seen.page)), ("遮盖框", str(len(seen.boxes))),
            ("清单摘要（与封存声明核对）", seen.manifest),
        ):  # fmt: skip
            table.add_row(label, text)
        boxes = [[box.x, box.y, box.width, box.height] for box in seen.boxes]
        show({"ok": True, **{**seen.__dict__, "boxes": boxes}}, as_json, table)

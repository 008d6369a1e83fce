"""``yidi audit sample``: a share of the collected packages, drawn by a seed and verified offline (users.md C7)."""

import secrets
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from crypto.evidence.report import Verdict
from deploy.commands.audit.sources import AnyHome, PinsFile, bytes_of, pins_of
from deploy.commands.audit.tables import plain_table
from deploy.commands.shared.common import AsJson, bar, refusals, show
from node_agent.auditor.__main__ import STATUS
from node_agent.auditor.sample import OTHER_CASE, draw, judged
from node_agent.auditor.texts import VERDICTS

app = typer.Typer(no_args_is_help=True)
WORST = (Verdict.INVALID, Verdict.INDETERMINATE, Verdict.VALID)


@app.command("sample")
def verify_sample(
    folder: Annotated[
        Path, typer.Argument(help="证据包所在文件夹（figures collect 取来的）", exists=True, file_okay=False)
    ],
    percent: Annotated[int, typer.Option("--share", min=1, max=100, help="抽取百分之几，不足一件的取一件")] = 5,
    seed: Annotated[str, typer.Option("--seed", help="种子，同一种子抽到同样的办件；不写则新取一个")] = "",
    pins: PinsFile = None,
    home: AnyHome = None,
    as_json: AsJson = False,
) -> None:
    """抽查：按种子抽取一部分证据包，逐件离线核验；退出码按最差的一件。"""
    with refusals(as_json):
        trusted, chosen = pins_of(pins, home), seed or secrets.token_hex(8)
        count, drawn = draw(folder, percent, chosen)
        with bar(as_json) as progress:
            found = [judged(path, bytes_of(path), trusted) for path in progress.track(drawn, description="核验证据包")]
    worst = next(verdict for verdict in WORST if any(one.verdict is verdict for one in found))
    table = plain_table("抽查", "办件编号", "查询号", "结论", "发现")
    for one in found:
        codes = "、".join("文件名与办件不符" if code == OTHER_CASE else code for code in one.codes)
        table.add_row(escape(one.case_no or one.case), one.public_no, VERDICTS[one.verdict], codes or "—")
    value = {
        "ok": worst is Verdict.VALID,
        "seed": chosen,
        "packages": count,
        "drawn": [one.as_object() for one in found],
    }
    show(value, as_json, table, f"证据包 {count} 个，抽取 {len(found)} 个；种子 {escape(chosen)}，凭它可以重抽")
    raise typer.Exit(STATUS[worst])

"""``yidi window survey-sample``: whom a satisfaction survey may ask (满意度调查, G11).

Invariants: those of ``window``; the file is for its owner's eyes, and nothing is written unless the hub has
acknowledged that it leaves.
"""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from deploy.commands.figures.main import table_of
from deploy.commands.shared.common import AsJson, Home, Staff, WaitSeconds, agent_at, answered, show
from deploy.figures import lists
from deploy.figures.files import require_writable, write
from node_agent.window import survey

app = typer.Typer(no_args_is_help=True)


@app.command("survey-sample")
def survey_sample(
    home: Home,
    staff: Staff,
    since: Annotated[datetime, typer.Option("--from", help="起始日，按办结日期", formats=["%Y-%m-%d"])],
    until: Annotated[datetime, typer.Option("--to", help="截止日，计入", formats=["%Y-%m-%d"])],
    size: Annotated[int, typer.Option("--size", min=1, help="抽取件数，每层至少一件")],
    out: Annotated[Path, typer.Option("--out", help="存为 .xlsx、.json，或不带后缀的文件夹（CSV）")],
    seed: Annotated[str, typer.Option("--seed", help="种子；不写则新生成一个，用它可以抽出同一批")] = "",
    contacts: Annotated[
        bool, typer.Option("--contacts", help="同意回访的列出完整联系方式，须有导出授权；不写则脱敏")
    ] = False,
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """满意度调查抽样：已办结的办件按主题、窗口分层随机抽取；只有同意回访的列联系方式。"""
    with agent_at(home, as_json) as agent:
        require_writable(out)
        by = answered(agent, wait, as_json)
        made = survey.sample(agent, staff, since.date(), until.date(), size, by, seed=seed, contacts=contacts)
        node = agent.identity.node
        tables = lists.survey_tables(made, agent.registry.catalogue(), node)
        write(tables, lists.survey_document(made, node), out, private=True)
        value = {"ok": True, "file": str(out), "seed": made.seed, "count": len(made.lines), "of": made.total}
        shown = [table_of(title, tables[title]) for title in ("分层", "说明")]
        words = (f"种子 {escape(made.seed)}", f"已存到 {escape(str(out))}")
        show({**value, **lists.stated_object(made.stated)}, as_json, *shown, *words)

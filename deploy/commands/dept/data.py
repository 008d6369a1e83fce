"""``yidi dept verify|sharing-dispute``: ask another body for data, or dispute an authorisation (H03, H05).

Invariants: what is asked about comes from a file, never from the command line; the log gets codes and commitments; an
answer is shown and kept nowhere.
"""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from deploy.commands.shared.choices import code_of, listed
from deploy.commands.shared.common import (
    TEXT_FILE,
    AsJson,
    Home,
    Staff,
    WaitSeconds,
    agent_at,
    finish_act,
    show,
    text_of,
)
from deploy.commands.shared.forms import read_object
from deploy.commands.shared.options import CaseName
from hub.casework.reasons import DATA_KINDS, SHARING_GROUNDS
from node_agent.department import sealed
from node_agent.known.casemirror import resolve
from node_agent.verification import disputes

app = typer.Typer(no_args_is_help=True)


@app.command("verify")
def verify(
    home: Home,
    case: CaseName,
    staff: Staff,
    kind: Annotated[str, typer.Option("--kind", help=f"数据种类：{listed(DATA_KINDS)}")],
    subject: Annotated[Path, typer.Option("--subject", help="查询对象（JSON 文件）", exists=True, dir_okay=False)],
    as_json: AsJson = False,
) -> None:
    """审查核验：凭共享授权向有数据的部门查询，每次查询登记在案。"""
    from node_agent.verification import desk  # here: the other commands load no HTTP library
    from node_agent.verification.connector import Kind, connector_for

    with agent_at(home, as_json) as agent:
        case_id, asked = resolve(agent, case), Kind(code_of(DATA_KINDS, kind, "--kind"))
        connector = connector_for(agent.settings.verifiers_file, asked)
        item = sealed.item_of(agent, case_id)
        made, answer = desk.ask(agent, case_id, item.task_code, asked, staff, connector, read_object(subject))
        table = Table("项", "内容", title=f"{made.words}　{made.source}")
        for name, value in answer.facts.items():
            table.add_row(str(name), str(value))
        value = {"ok": True, "case": case_id, "result": made.result.value, "source": made.source, "at": made.at}
        show({**value, "facts": dict(answer.facts)}, as_json, table)


@app.command("sharing-dispute")
def dispute(
    home: Home,
    sharing: Annotated[str, typer.Argument(metavar="SHARING", help="数据共享授权编号")],
    staff: Staff,
    ground: Annotated[str, typer.Option("--ground", help=f"争议：{listed(SHARING_GROUNDS)}")],
    words: Annotated[Path, typer.Option("--words", help=f"说明，{TEXT_FILE}")],
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """负责人对数据共享授权提出争议：平台处理完以前，这一授权不能用。"""
    with agent_at(home, as_json) as agent:
        code = code_of(SHARING_GROUNDS, ground, "--ground")
        entry = disputes.raise_dispute(agent, staff, sharing, code, text_of(words))
        finish_act(agent, entry, wait, as_json, f"已提出争议：{sharing}")

"""``yidi dept …`` about debts, commitments and lost originals: what is owed, what was checked, what is taken back.

Invariants: a command signs and queues; codes come from the closed lists; papers stay at this node.
"""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from deploy.commands.shared.choices import code_of, listed
from deploy.commands.shared.common import AsJson, Home, Staff, WaitSeconds, agent_at, finish_act, show
from deploy.commands.shared.options import CaseName
from deploy.commands.window.materials import standing
from hub.casework import reasons
from node_agent.department import materials as department_materials
from node_agent.known.casemirror import resolve

app = typer.Typer(no_args_is_help=True)

Head = Annotated[str, typer.Option("--head", help="部门负责人工号，核查不实和信用修复须一同签名")]


@app.command()
def owed(case: CaseName, home: Home, as_json: AsJson = False) -> None:
    """容缺和承诺：申请人承诺补交什么、哪天到期，哪些承诺待核查。"""
    with agent_at(home, as_json) as agent:
        case_id = resolve(agent, case)
        file = department_materials.case_here(agent, case_id)
        debts = Table("容缺材料", "期限", "未补的后果", "情况")
        for debt in file.debts:
            effect = "补齐以前不作决定" if debt.tolerance == "BLOCKS_DECISION" else "逾期可以撤销"
            debts.add_row(debt.material, debt.due, effect, standing(debt.settled, debt.overdue_at))
        commitments = Table("以承诺代替的材料", "核查")
        for one in file.commitments:
            commitments.add_row(one.material, reasons.COMMITMENT_RESULTS.get(one.result, "待核查"))
        value = {
            "ok": True, "case": case_id, "debts": [dict(vars(one)) for one in file.debts],
            "commitments": [dict(vars(one)) for one in file.commitments], "revoked": file.revoked,
        }  # fmt: skip
        show(value, as_json, debts, commitments)


@app.command("check-commitment")
def check_commitment(
    case: CaseName,
    material: Annotated[str, typer.Argument(help="材料编号")],
    home: Home,
    staff: Staff,
    result: Annotated[str, typer.Option("--result", help=listed(reasons.COMMITMENT_RESULTS))],
    record: Annotated[Path, typer.Option("--record", help="核查记录扫描件，留存本机", exists=True, dir_okay=False)],
    head: Head = "",
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """核查承诺：事后核查，不收费；不实的以后不再适用告知承诺，直到信用修复。"""
    with agent_at(home, as_json) as agent:
        code = code_of(reasons.COMMITMENT_RESULTS, result, "--result")
        made = department_materials.check_commitment(agent, resolve(agent, case), staff, material, code, record, head)
        finish_act(agent, made, wait, as_json, f"《{material}》{reasons.COMMITMENT_RESULTS[code]}")


@app.command()
def revoke(
    case: CaseName,
    home: Home,
    staff: Staff,
    ground: Annotated[str, typer.Option("--ground", help=listed(reasons.REVOCATION_GROUNDS))],
    paper: Annotated[Path, typer.Option("--paper", help="撤销决定书扫描件", exists=True, dir_okay=False)],
    record: Annotated[Path | None, typer.Option("--record", help="集体研究记录扫描件，清单要求时必填")] = None,
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """撤销准予的决定：容缺逾期未补，或者承诺不实（行政许可法第六十九条）。"""
    with agent_at(home, as_json) as agent:
        code = code_of(reasons.REVOCATION_GROUNDS, ground, "--ground")
        made = department_materials.revoke(agent, resolve(agent, case), staff, code, paper, record)
        finish_act(agent, made, wait, as_json, f"已撤销：{reasons.REVOCATION_GROUNDS[code]}")

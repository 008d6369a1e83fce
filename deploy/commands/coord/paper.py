"""``yidi coord …`` about paper that is missing, damaged or in dispute (states.md O7, O10, O12).

Invariants: those of ``paper_acts``; the coordinator says how a loss ended, never what becomes of the case.
"""

from pathlib import Path
from typing import Annotated

import typer

from deploy.commands.shared.choices import code_of, listed
from deploy.commands.shared.common import AsJson, Home, Staff, WaitSeconds, agent_at, finish_act
from deploy.commands.shared.options import CaseName
from hub.casework import reasons
from node_agent.known.casemirror import resolve
from node_agent.originals import desk as originals

app = typer.Typer(no_args_is_help=True)
Claim = Annotated[Path, typer.Option("--claim", help="索赔或处理文书扫描件", exists=True, dir_okay=False)]


@app.command("lost")
def lost(
    home: Home,
    case: CaseName,
    staff: Staff,
    parcel: Annotated[str, typer.Option("--parcel", help="邮件编号")],
    cause: Annotated[str, typer.Option("--cause", help=listed(reasons.LOSS_CAUSES))],
    claim: Claim,
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """认定邮件丢失：寄递企业确认，或者查找满十日；已提出索赔。"""
    with agent_at(home, as_json) as agent:
        code = code_of(reasons.LOSS_CAUSES, cause, "--cause")
        entry = originals.declare_lost(agent, resolve(agent, case), staff, parcel, code, claim)
        finish_act(agent, entry, wait, as_json, f"已认定丢失：{reasons.LOSS_CAUSES[code]}")


@app.command("settle-item")
def settle_item(
    home: Home,
    case: CaseName,
    staff: Staff,
    item: Annotated[str, typer.Option("--item", help="原件编号")],
    claim: Claim,
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """了结一份原件的丢失、损毁或争议。"""
    with agent_at(home, as_json) as agent:
        entry = originals.settle(agent, resolve(agent, case), staff, item, claim)
        finish_act(agent, entry, wait, as_json, "已了结")

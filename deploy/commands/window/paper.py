"""``yidi window …`` about paper: originals that are kept, packed, checked in, given back; the choice of delivery.

Invariants: those of ``paper_acts``; an original is kept only against a custody receipt that the applicant signed.
"""

from pathlib import Path
from typing import Annotated

import typer

from crypto.refusal import Refusal
from deploy.commands.shared.choices import code_of, listed
from deploy.commands.shared.common import AsJson, Home, Staff, WaitSeconds, agent_at, finish_act, show
from deploy.commands.shared.late import Cause, HappenedAt, Second, late_of
from deploy.commands.shared.options import CaseName
from deploy.commands.shared.paper_acts import add_shared
from hub.casework.messages import DELIVERY
from node_agent.known.casemirror import resolve
from node_agent.originals import delivery
from node_agent.originals import desk as originals
from node_agent.originals import papers as original_papers
from storage.files import write_private

app = typer.Typer(no_args_is_help=True)
add_shared(app)
Kept = Annotated[list[str], typer.Option("--item", help="原件编号=材料编号，可多次，如 M02-1=M02")]


@app.command("custody-receipt")
def custody_receipt(
    home: Home,
    case: CaseName,
    item: Kept,
    out: Annotated[Path, typer.Option("--out", help="凭证写到哪里（PDF）")],
    as_json: AsJson = False,
) -> None:
    """原件收存凭证：打印后由申请人签字，再登记收存。"""
    with agent_at(home, as_json) as agent:
        case_id = resolve(agent, case)
        made = original_papers.receipt_for(agent, case_id, _pairs(item))
        write_private(out, made.data)
        value = {"ok": True, "case": case_id, "receipt": str(out), "unprintable": list(made.missing)}
        show(value, as_json, f"凭证文件 {out}")


@app.command("take-original")
def take_original(
    home: Home,
    case: CaseName,
    staff: Staff,
    item: Kept,
    receipt: Annotated[Path, typer.Option("--receipt", help="签字的收存凭证扫描件", exists=True, dir_okay=False)],
    happened_at: HappenedAt = None,
    cause: Cause = "",
    second: Second = "",
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """收存原件：只收清单要求归档的；申请人已在收存凭证上签字。"""
    with agent_at(home, as_json) as agent:
        pairs = _pairs(item)
        entry = originals.take(
            agent, resolve(agent, case), staff, pairs, receipt, late=late_of(happened_at, cause, second)
        )
        finish_act(agent, entry, wait, as_json, f"已收存 {len(pairs)} 份原件")


@app.command("choose-delivery")
def choose_delivery(
    home: Home,
    case: CaseName,
    staff: Staff,
    method: Annotated[str, typer.Option("--delivery", help=listed(DELIVERY))],
    signed: Annotated[Path, typer.Option("--signed", help="申请人签字的变更书扫描件", exists=True, dir_okay=False)],
    happened_at: HappenedAt = None,
    cause: Cause = "",
    second: Second = "",
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """变更送达方式：申请人书面提出，结果封装以前都可以改。"""
    with agent_at(home, as_json) as agent:
        code = code_of(DELIVERY, method, "--delivery")
        entry = delivery.choose(
            agent, resolve(agent, case), staff, code, signed, late=late_of(happened_at, cause, second)
        )
        finish_act(agent, entry, wait, as_json, f"送达方式改为：{DELIVERY[code]}")


@app.command("opened")
def opened(home: Home, case: CaseName, wait: WaitSeconds = 30.0, as_json: AsJson = False) -> None:
    """电子送达：申请人已在本窗口查收结果。"""
    with agent_at(home, as_json) as agent:
        finish_act(agent, delivery.opened(agent, resolve(agent, case)), wait, as_json, "已登记申请人查收")


def _pairs(items: list[str]) -> list[tuple[str, str]]:
    """(item, material) of texts like ``M02-1=M02``. Refusal PAIR_FORMAT."""
    made = []
    for text in items:
        left, sign, right = text.partition("=")
        if not (sign and left.strip() and right.strip()):
            raise Refusal("PAIR_FORMAT", "promise 1", option="--item", value=text[:40])
        made.append((left.strip(), right.strip()))
    return made

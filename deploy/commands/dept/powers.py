"""``yidi dept powers|power-paper|power-end``: the powers of attorney of this department (授权委托书, F04).

Invariants: the log has kind, person, items, days and the paper's digest; the paper itself stays on this machine.
"""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from crypto.refusal import Refusal
from deploy.commands.shared.choices import code_of, listed
from deploy.commands.shared.common import AsJson, Home, Staff, WaitSeconds, agent_at, finish_act, show
from hub.casework import reasons
from node_agent.department import powers
from storage.files import write_private

app = typer.Typer(no_args_is_help=True)

GrantId = Annotated[str, typer.Argument(metavar="GRANT", help="授权编号，可只写前几位")]


@app.command("powers")
def list_powers(home: Home, as_json: AsJson = False) -> None:
    """授权委托：谁有什么权、哪些事项、有效期、现在是否有效；收回和过期的也列出。"""
    with agent_at(home, as_json) as agent:
        made = [(power, _object(power)) for power in powers.powers_here(agent)]
        table = Table("编号", "工号", "权限", "事项", "有效期", "情况", "委托书", title=f"授权 {len(made)} 份")
        for power, told in made:
            grant = power.grant
            items = "全部" if "*" in grant.items else f"{len(grant.items)} 项"
            kept = "本机留存" if power.paper else "不在本机"
            days = f"{grant.valid_from} 至 {grant.valid_to}"
            table.add_row(
                grant.grant_id, str(told["staff"]), str(told["kind_text"]), items, days, str(told["state_text"]), kept
            )
        show({"ok": True, "powers": [told for _, told in made]}, as_json, table)


@app.command("power-paper")
def show_paper(
    grant: GrantId,
    home: Home,
    out: Annotated[Path, typer.Option("--out", help="委托书存到哪个文件")],
    as_json: AsJson = False,
) -> None:
    """取出留存的授权委托书：与日志登记的摘要逐字节相符。"""
    with agent_at(home, as_json) as agent:
        power = powers.power_named(agent, grant)
        if not power.paper:
            raise Refusal("GRANT_PAPER_MISSING", "F04", grant=power.grant.grant_id)
        write_private(out, power.paper)
        show({"ok": True, "file": str(out), **_object(power)}, as_json, f"已取出授权委托书：{out}")


@app.command("power-end")
def end_power(
    grant: GrantId,
    home: Home,
    staff: Staff,
    reason: Annotated[str, typer.Option("--reason", help=listed(reasons.GRANT_ENDS))],
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """收回授权：由负责人签名，从登记时起不能再用；此前依它办的事照旧有效。"""
    with agent_at(home, as_json) as agent:
        code = code_of(reasons.GRANT_ENDS, reason, "--reason")
        entry = powers.grant_end(agent, staff, grant, code)
        finish_act(agent, entry, wait, as_json, f"已收回授权：{reasons.GRANT_ENDS[code]}")


def _object(power: powers.Power) -> dict[str, object]:
    grant = power.grant
    return {
        "grant": grant.grant_id,
        "kind": grant.kind,
        "kind_text": reasons.GRANT_KINDS[grant.kind],
        "staff": grant.person.rpartition("/")[2],
        "items": sorted(grant.items),
        "valid_from": grant.valid_from,
        "valid_to": grant.valid_to,
        "state": power.state,
        "state_text": reasons.GRANT_STATES[power.state],
        "document": grant.document,
        "paper_kept": bool(power.paper),
    }

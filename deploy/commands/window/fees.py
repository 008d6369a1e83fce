"""``yidi window fee``: the one payment of a joint matter, split by its parts, as a state (“一口式”收费, I04).

Invariants: those of ``window``; the product takes no money, it says what was paid elsewhere.
"""

import re
from typing import Annotated

import typer

from crypto.refusal import Refusal
from deploy.commands.shared.choices import code_of, listed
from deploy.commands.shared.common import AsJson, Home, Staff, WaitSeconds, agent_at, finish_act
from hub.casework.reasons import FEE_STATES
from node_agent.known.casemirror import resolve
from node_agent.parents import fees

app = typer.Typer(no_args_is_help=True)
_YUAN = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,2}))?")


@app.command()
def fee(
    case: Annotated[str, typer.Argument(help="联办件的标识或者查询号")],
    home: Home,
    staff: Staff,
    state: Annotated[str, typer.Option("--state", help=listed(FEE_STATES))],
    pay_no: Annotated[str, typer.Option("--pay-no", help="缴款单号；已登记过的不用再写")] = "",
    share: Annotated[
        list[str] | None, typer.Option("--share", help="部分=元，如 A=12.00，可多次；只改状态的不用写")
    ] = None,
    wait: WaitSeconds = 30,
    as_json: AsJson = False,
) -> None:
    """一口收费：联办只登记一笔缴费，分摊到各部分；只记状态，不经手钱。"""
    with agent_at(home, as_json) as agent:
        code = code_of(FEE_STATES, state, "--state")
        entry = fees.tell(agent, resolve(agent, case), staff, code, pay_no, _shares(share or []))
        finish_act(agent, entry, wait, as_json, f"已登记：{FEE_STATES[code]}")


def _shares(given: list[str]) -> dict[str, int]:
    """Fen by part. Refusal PAIR_FORMAT."""
    made: dict[str, int] = {}
    for text in given:
        part, _, amount = (one.strip() for one in text.partition("="))
        yuan = _YUAN.fullmatch(amount)
        if not part or yuan is None or part in made:
            raise Refusal("PAIR_FORMAT", "I04", option="--share", value=text[:40])
        made[part] = int(yuan[1]) * 100 + int((yuan[2] or "").ljust(2, "0"))
    return made

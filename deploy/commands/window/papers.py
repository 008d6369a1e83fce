"""``yidi window receipt`` and ``printed``: the paper that the applicant takes home, from the seal to the printer.

Invariants: both work while the hub is away; the file with the applicant's secret exists until ``printed``, or for as
long as the setting says, and a copy made later does not hold the secret.
"""

from collections.abc import Sequence
from typing import Annotated

import typer

from crypto.refusal import Refusal
from deploy.commands.shared.common import AsJson, Home, agent_at, show
from deploy.commands.window.lists import case_line
from node_agent.paper import shelf
from node_agent.process.runtime import Agent
from node_agent.window import drafts
from node_agent.window import receipt as window_receipt

Name = Annotated[str, typer.Argument(help="办件标识、43 位编号或 12 位查询号")]


def receipt(name: Name, home: Home, as_json: AsJson = False) -> None:
    """收件凭证：还没有打印的给出文件；打印过的出副本，副本没有校验码和领取密钥。"""
    with agent_at(home, as_json) as agent:
        line = case_line(agent, name)
        draft = drafts.load(agent, str(line["case"]))
        waiting = window_receipt.print_waiting(agent, draft.public_no)
        if waiting is None:
            numbers = {name: str(line[name]) for name in ("case_no", "recorded_at")}
            made = window_receipt.copy(agent, draft, **numbers)
            waiting = window_receipt.keep_copy(agent, made, draft.public_no), made.missing
        file, missing = waiting
        value = {"ok": True, "case": draft.case, "receipt": str(file), "unprintable": list(missing)}
        show(value, as_json, f"凭证文件 {file}", *unprintable_words(missing))


def printed(name: Name, home: Home, as_json: AsJson = False) -> None:
    """凭证已打印：把交给申请人的凭证文件从本机删去。"""
    with agent_at(home, as_json) as agent:
        draft = drafts.load(agent, str(case_line(agent, name)["case"]))
        gone = shelf.erase(agent.settings.home, draft.public_no)
        words = "凭证文件已从本机删去" if gone else "没有待打印的凭证"
        show({"ok": True, "case": draft.case, "erased": gone}, as_json, words)


def print_after_seal(agent: Agent, public_no: str) -> tuple[str, list[str], Refusal | None]:
    """File, characters without a glyph, and what kept it from being printed: the case is sealed all the same."""
    try:
        waiting = window_receipt.print_waiting(agent, public_no)
    except Refusal as refusal:
        return "", [], refusal
    return (str(waiting[0]), list(waiting[1]), None) if waiting else ("", [], None)


def unprintable_words(missing: Sequence[str]) -> list[str]:
    """What the clerk is told of characters that no font shows."""
    words = "凭证上有字本机的字库里没有，已印成编码，请手写补上"
    return [f"[yellow]{words}：{'、'.join(missing)}[/yellow]"] if missing else []

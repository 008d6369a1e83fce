"""``yidi dept card-answer|card-appeal|quality``, ratings and complaints at a department (standards.md 8; G12)."""

from typing import Annotated

import typer

from deploy.commands.shared import enquiries, voices
from deploy.commands.shared.choices import code_of, listed
from deploy.commands.shared.common import (
    AsJson,
    Home,
    Staff,
    WaitSeconds,
    agent_at,
    finish_act,
    text_of,
)
from deploy.commands.shared.options import CaseName, KeptWords
from hub.casework import reasons
from node_agent.known.casemirror import resolve
from node_agent.supervision import supervising

app = typer.Typer(no_args_is_help=True)
voices.offer(app, voices.OF_UNITS)
voices.offer(app, enquiries.OF_ALL)

Card = Annotated[str, typer.Option("--card", help="牌的编号（16 位）")]


@app.command("quality")
def quality(
    case: CaseName,
    home: Home,
    staff: Staff,
    defect: Annotated[list[str], typer.Option("--defect", help=f"{listed(reasons.IMAGE_DEFECTS)}；可多次")],
    manifest: Annotated[str, typer.Option("--manifest", help="补正的封装编号；不写为申请的封装")] = "",
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """指出影像质量不合归档规范：发牌给封装的窗口，同一封装指出一次；不影响办件时限。"""
    with agent_at(home, as_json) as agent:
        codes = [code_of(reasons.IMAGE_DEFECTS, one, "--defect") for one in defect]
        entry = supervising.quality(agent, resolve(agent, case), staff, codes, manifest)
        told = "、".join(reasons.IMAGE_DEFECTS[one] for one in codes)
        finish_act(agent, entry, wait, as_json, f"已指出影像质量：{told}")


@app.command("card-answer")
def answer(
    case: CaseName,
    home: Home,
    staff: Staff,
    card: Card,
    measure: Annotated[str, typer.Option("--measure", help=listed(reasons.CARD_MEASURES))],
    words: KeptWords,
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """答复发给本单位的牌：改正了什么。"""
    with agent_at(home, as_json) as agent:
        code = code_of(reasons.CARD_MEASURES, measure, "--measure")
        entry = supervising.answer_card(agent, case, staff, card, code, text_of(words))
        finish_act(agent, entry, wait, as_json, "已答复", more={"card": card})


@app.command("card-appeal")
def appeal(
    case: CaseName,
    home: Home,
    staff: Staff,
    card: Card,
    ground: Annotated[str, typer.Option("--ground", help=listed(reasons.CARD_GROUNDS))],
    words: KeptWords,
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """对牌提出申诉：由其他单位的监察人员处理。"""
    with agent_at(home, as_json) as agent:
        code = code_of(reasons.CARD_GROUNDS, ground, "--ground")
        entry = supervising.appeal_card(agent, case, staff, card, code, text_of(words))
        finish_act(agent, entry, wait, as_json, "已申诉", more={"card": card})

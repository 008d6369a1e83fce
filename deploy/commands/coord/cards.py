"""``yidi coord cards|card-settle|complaints|complaint-answer``: electronic supervision of a region (G01, G07, G12)."""

from typing import Annotated

import typer
from rich.table import Table

from crypto.identity import node_name
from deploy.commands.coord.region import (
    STATUS,
    one_or_region,
    region_cards,
    region_complaints,
    region_enquiries,
    region_ranking,
)
from deploy.commands.shared import enquiries as shared_enquiries
from deploy.commands.shared import voices
from deploy.commands.shared.choices import code_of, listed
from deploy.commands.shared.common import (
    AsJson,
    Home,
    Staff,
    WaitSeconds,
    agent_at,
    finish_act,
    minute,
    show,
    text_of,
)
from deploy.commands.shared.options import CaseName, KeptWords
from hub.casework import reasons
from hub.casework.supervision.view import notice_text
from node_agent.supervision import affiliation, supervising

app = typer.Typer(no_args_is_help=True)

OneCase = Annotated[str, typer.Argument(metavar="[CASE]", help="43 位办件编号、12 位查询号或办件标识；全区域的不写")]
Region = Annotated[bool, typer.Option("--region", help="本区域全部办件")]
Unsettled = Annotated[bool, typer.Option("--open", help="全区域时只列没有了结的")]


@app.command()
def cards(
    home: Home,
    case: OneCase = "",
    region: Region = False,
    unsettled: Unsettled = False,
    ranking: Annotated[bool, typer.Option("--ranking", help="与 --region 同用：按单位排名，红牌多的在前")] = False,
    notice: Annotated[bool, typer.Option("--notice", help="打印通知文本")] = False,
    as_json: AsJson = False,
) -> None:
    """一件的牌：规则、责任单位和人员、由派出单位还是中心处理、证据在日志哪一条、办到哪一步；或者本区域全部的牌、各单位的排名。"""
    with agent_at(home, as_json) as agent:
        if one_or_region(case, region):
            return (region_ranking if ranking else region_cards)(agent, unsettled, as_json)
        seen = supervising.look(agent, case)
        heads = ("编号", "牌", "责任单位", "人员", "处理单位", "发出", "证据", "状态")
        table = Table(*heads, title=f"发牌 {len(seen.cards)} 张")
        for card in seen.cards:
            proof = "、".join(str(one.index) for one in card.evidence)
            who = card.person.rpartition("/")[2] or "—"
            status = STATUS[card.status]
            minds = affiliation.minder(agent, card)
            table.add_row(card.id, card.words, node_name(card.node), who, minds, minute(card.at), proof, status)
        shown = seen.cards if notice else ()
        texts = [notice_text(card, seen.file.case_no, affiliation.notice_lines(agent, card)) for card in shown]
        value = {"ok": True, "cards": [{**card.__dict__, **affiliation.on_card(agent, card),
                                        "evidence": [one.__dict__ for one in card.evidence]}
                                       for card in seen.cards]}  # fmt: skip
        show(value, as_json, table, *texts)


@app.command("card-settle")
def settle(
    case: CaseName,
    home: Home,
    staff: Staff,
    card: Annotated[str, typer.Option("--card", help="牌的编号（16 位）")],
    result: Annotated[str, typer.Option("--result", help=listed(reasons.CARD_RESULTS))],
    words: KeptWords,
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """处理一张牌：维持、撤销或销号；撤销的牌仍留在卷里。"""
    with agent_at(home, as_json) as agent:
        code = code_of(reasons.CARD_RESULTS, result, "--result")
        entry = supervising.settle_card(agent, case, staff, card, code, text_of(words))
        finish_act(agent, entry, wait, as_json, "已处理", more={"card": card})


@app.command()
def complaints(
    home: Home, case: OneCase = "", region: Region = False, unsettled: Unsettled = False, as_json: AsJson = False
) -> None:
    """一件的投诉：渠道、被投诉的、谁处理、到期、结果；或者本区域全部的投诉。"""
    with agent_at(home, as_json) as agent:
        if one_or_region(case, region):
            return region_complaints(agent, unsettled, as_json)
        found = supervising.look(agent, case).file.complaints
        table = Table("编号", "类别", "渠道", "被投诉", "处理单位", "到期", "结果", title=f"投诉 {len(found)} 件")
        for one in found:
            kind, channel = reasons.COMPLAINT_KINDS[one.kind], reasons.COMPLAINT_CHANNELS[one.channel]
            about = " ".join((node_name(one.about_node), one.about_person.rpartition("/")[2]))
            result = reasons.COMPLAINT_FINDINGS.get(one.finding, "有异议" if one.disputed else "待答复")
            handler = node_name(one.handler)
            table.add_row(one.digest[:16], kind, f"{channel} {one.ticket}", about, handler, minute(one.due), result)
        show({"ok": True, "complaints": [dict(one.__dict__) for one in found]}, as_json, table)


@app.command()
def enquiries(
    home: Home, case: OneCase = "", region: Region = False, unsettled: Unsettled = False, as_json: AsJson = False
) -> None:
    """一件的咨询：类别、渠道、首问单位、现由谁负责、到期、结果；或者本区域全部的咨询。"""
    with agent_at(home, as_json) as agent:
        if one_or_region(case, region):
            region_enquiries(agent, unsettled, as_json)
        else:
            shared_enquiries.show_one(agent, case, as_json)


voices.offer(app, voices.OF_OVERSEERS)
voices.offer(app, shared_enquiries.OF_OVERSEERS)

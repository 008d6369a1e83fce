"""What ``yidi window`` and ``yidi dept`` share about paper: originals and results at a counter (states.md 5, 6).

Invariants: a command signs and queues; codes come from the closed lists; papers that somebody signed are named as
scans and stay on this machine.
"""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from deploy.commands.shared.choices import code_of, listed, pairs_of
from deploy.commands.shared.common import AsJson, Home, Staff, WaitSeconds, agent_at, finish_act, show
from deploy.commands.shared.late import Cause, HappenedAt, Second, late_of, late_packing
from deploy.commands.shared.options import CaseName
from hub.casework import reasons
from hub.casework.originals import states
from node_agent.known.casemirror import resolve
from node_agent.originals import delivery
from node_agent.originals import desk as originals
from node_agent.originals import papers as original_papers

Items = Annotated[list[str] | None, typer.Option("--item", help="原件编号，可多次；不写为全部")]
Photo = Annotated[Path | None, typer.Option("--photo", help="照片（不符或破损时必拍）", exists=True, dir_okay=False)]
PackPhoto = Annotated[Path, typer.Option("--photo", help="封装前的照片", exists=True, dir_okay=False)]
Signed = Annotated[Path, typer.Option("--signed", help="领取人签字的凭证扫描件", exists=True, dir_okay=False)]
Pages = Annotated[int, typer.Option("--pages", min=1, help="总页数")]
_FOUND = f"原件=核对结果，只写不符的，可多次。{listed(reasons.CHECK_IN_FINDINGS)}"


def pack(
    home: Home,
    case: CaseName,
    staff: Staff,
    witness: Annotated[str, typer.Option("--witness", help="见证人工号，一同签名")],
    seal_no: Annotated[str, typer.Option("--seal", help="封签号")],
    photo: PackPhoto,
    back: Annotated[bool, typer.Option("--back", help="退回（不写为寄往受理部门归档）")] = False,
    to: Annotated[str, typer.Option("--to", help="退回时的收件窗口节点；不写则寄给申请人")] = "",
    onward: Annotated[bool, typer.Option("--onward", help="几个部分共用的原件：寄给轮到的部门")] = False,
    item: Items = None,
    gateway: Annotated[str, typer.Option("--gateway", help="寄递网关节点，默认取本节点设置")] = "",
    happened_at: HappenedAt = None,
    cause: Cause = "",
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """封装原件：打印物料流转凭证，见证人一同签名，交寄递网关取件。"""
    with agent_at(home, as_json) as agent:
        late = late_packing(happened_at, cause, witness)
        case_id = resolve(agent, case)
        kind = states.RETURN_KIND if back else states.ONWARD_KIND if onward else states.ORIGINALS_KIND
        file = originals.case_here(agent, case_id)
        names = item or originals.going(file, agent.identity.node, kind)
        receiver = to if back else originals.receiver_of(file, kind, names)
        digest, printed = original_papers.list_for(agent, case_id, names, seal_no, receiver)
        entry = originals.pack(
            agent, case_id, staff, witness, seal_no, digest, photo,
            kind=kind, receiver=receiver, items=names, gateway=gateway,
            late=late,
        )  # fmt: skip
        words = f"已封装 {len(names)} 份，封签号 {seal_no}；清单 {printed}"
        finish_act(agent, entry, wait, as_json, words, more={"packing_list": str(printed)})


def kept(home: Home, case: CaseName, as_json: AsJson = False) -> None:
    """看原件：每份现在何处；几个部分共用的，轮到哪一部分、由哪里转交。"""
    with agent_at(home, as_json) as agent:
        lines = originals.whereabouts(agent, resolve(agent, case))
        table = Table("原件", "情况", "在何处", "轮到", "去向")
        for line in lines:
            ends = reasons.PAPER_ENDS.get(line["over"], "")
            turn = f"{line['turn']}　{line['to']}" if line["to"] else ""
            table.add_row(line["item"], reasons.ITEM_STATES[line["state"]], line["holder"], turn, ends)
        show({"ok": True, "originals": lines}, as_json, table)


def check_in(
    home: Home,
    case: CaseName,
    staff: Staff,
    parcel: Annotated[str, typer.Option("--parcel", help="邮件编号；不写为最早未核收的")] = "",
    finding: Annotated[list[str] | None, typer.Option("--finding", help=_FOUND)] = None,
    broken: Annotated[bool, typer.Option("--seal-broken", help="封签破损")] = False,
    photo: Photo = None,
    happened_at: HappenedAt = None,
    cause: Cause = "",
    second: Second = "",
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """核收：对照封装清单逐行核对；不符的拍照登记。"""
    with agent_at(home, as_json) as agent:
        found = dict(pairs_of(finding or [], reasons.CHECK_IN_FINDINGS, "--finding"))
        entry = originals.check_in(
            agent,
            resolve(agent, case),
            staff,
            parcel=parcel,
            findings=found,
            seal_intact=not broken,
            photo=photo,
            late=late_of(happened_at, cause, second),
        )
        finish_act(agent, entry, wait, as_json, "已核收，不符的待寄件方答复" if found or broken else "已核收，全部相符")


def answer(
    home: Home,
    case: CaseName,
    staff: Staff,
    item: Annotated[str, typer.Option("--item", help="原件编号")],
    position: Annotated[str, typer.Option("--answer", help=listed(reasons.DISCREPANCY_ANSWERS))],
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """答复核收不符（由寄件方）。"""
    with agent_at(home, as_json) as agent:
        code = code_of(reasons.DISCREPANCY_ANSWERS, position, "--answer")
        entry = originals.answer(agent, resolve(agent, case), staff, item, code)
        finish_act(agent, entry, wait, as_json, f"已答复：{reasons.DISCREPANCY_ANSWERS[code]}")


def offer(
    home: Home,
    case: CaseName,
    staff: Staff,
    pages: Pages,
    item: Items = None,
    happened_at: HappenedAt = None,
    cause: Cause = "",
    second: Second = "",
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """通知对方来取纸质材料；结果送窗口的写 --item RESULT。"""
    with agent_at(home, as_json) as agent:
        entry = originals.offer(
            agent, resolve(agent, case), staff, pages, item or [], late=late_of(happened_at, cause, second)
        )
        finish_act(agent, entry, wait, as_json, "已通知对方来取；对方签收前由本处保管")


def pick_up(
    home: Home,
    case: CaseName,
    staff: Staff,
    count: Annotated[int, typer.Option("--count", min=1, help="清点的件数")],
    pages: Pages,
    happened_at: HappenedAt = None,
    cause: Cause = "",
    second: Second = "",
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """取走签收：当面清点件数、页数。"""
    with agent_at(home, as_json) as agent:
        entry = originals.pick_up(
            agent, resolve(agent, case), staff, count, pages, late=late_of(happened_at, cause, second)
        )
        finish_act(agent, entry, wait, as_json, f"已取走签收：{count} 件 {pages} 页")


def hand_over(
    home: Home,
    case: CaseName,
    staff: Staff,
    signed: Signed,
    proxy: Annotated[Path | None, typer.Option("--proxy", help="授权委托书扫描件", exists=True, dir_okay=False)] = None,
    happened_at: HappenedAt = None,
    cause: Cause = "",
    second: Second = "",
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """当面交付结果：核对身份或委托，领取人签字。"""
    with agent_at(home, as_json) as agent:
        entry = delivery.hand_over(
            agent, resolve(agent, case), staff, signed, proxy, late=late_of(happened_at, cause, second)
        )
        finish_act(agent, entry, wait, as_json, "已当面交付")


def hand_back(
    home: Home,
    case: CaseName,
    staff: Staff,
    signed: Signed,
    item: Items = None,
    happened_at: HappenedAt = None,
    cause: Cause = "",
    second: Second = "",
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """退还原件：核对身份，申请人签字。"""
    with agent_at(home, as_json) as agent:
        entry = originals.hand_back(
            agent, resolve(agent, case), staff, signed, item or [], late=late_of(happened_at, cause, second)
        )
        finish_act(agent, entry, wait, as_json, "原件已退还申请人")


def recall(
    home: Home,
    case: CaseName,
    staff: Staff,
    reason: Annotated[str, typer.Option("--reason", help=listed(reasons.RECALL_REASONS))],
    parcel: Annotated[str, typer.Option("--parcel", help="邮件编号")],
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """召回本处寄出的邮件。"""
    with agent_at(home, as_json) as agent:
        code = code_of(reasons.RECALL_REASONS, reason, "--reason")
        entry = originals.recall(agent, resolve(agent, case), staff, parcel, code)
        finish_act(agent, entry, wait, as_json, f"已召回：{reasons.RECALL_REASONS[code]}")


def call_back(
    home: Home,
    case: CaseName,
    staff: Staff,
    parcel: Annotated[str, typer.Option("--parcel", help="邮件编号")],
    note: Annotated[Path, typer.Option("--note", help="通话记录扫描件", exists=True, dir_okay=False)],
    received: Annotated[bool, typer.Option("--received/--not-received", help="申请人说收到或没有收到")],
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """致电申请人后登记：收到了，或者没有收到（列为疑似丢失）。"""
    with agent_at(home, as_json) as agent:
        entry = delivery.asked(agent, resolve(agent, case), staff, parcel, note, received=received)
        finish_act(agent, entry, wait, as_json, "申请人确认收到" if received else "申请人没有收到，已列为疑似丢失")


def address(
    home: Home,
    case: CaseName,
    staff: Staff,
    parcel: Annotated[str, typer.Option("--parcel", help="退回的邮件编号")],
    note: Annotated[Path, typer.Option("--note", help="通话记录扫描件", exists=True, dir_okay=False)],
    found: Annotated[str, typer.Option("--answer", help=listed(reasons.ADDRESS_ANSWERS))],
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """退回后向申请人核实地址。"""
    with agent_at(home, as_json) as agent:
        code = code_of(reasons.ADDRESS_ANSWERS, found, "--answer")
        entry = delivery.address(agent, resolve(agent, case), staff, parcel, code, note)
        finish_act(agent, entry, wait, as_json, reasons.ADDRESS_ANSWERS[code])


def lay_out(
    home: Home,
    case: CaseName,
    staff: Staff,
    notice: Annotated[Path, typer.Option("--notice", help="给申请人的领取通知扫描件", exists=True, dir_okay=False)],
    happened_at: HappenedAt = None,
    cause: Cause = "",
    second: Second = "",
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """结果到窗口待领，通知申请人。"""
    with agent_at(home, as_json) as agent:
        entry = delivery.lay_out(agent, resolve(agent, case), staff, notice, late=late_of(happened_at, cause, second))
        finish_act(agent, entry, wait, as_json, "结果已到窗口待领")


def add_shared(app: typer.Typer) -> None:
    """The commands that window and department both have."""
    for name, command in (
        ("pack", pack), ("originals", kept), ("check-in", check_in), ("answer-discrepancy", answer), ("offer", offer),
        ("pick-up", pick_up), ("hand-over", hand_over), ("hand-back", hand_back), ("recall", recall),
        ("call-back", call_back), ("address", address), ("lay-out", lay_out),
    ):  # fmt: skip
        app.command(name)(command)

"""``yidi registrar sharing-…``: the platform's authorisations to share data (数据共享授权; H03, H05, H07).

Invariants: only the registrar issues, withdraws and settles; every act is a leaf of the registry chain, so each agent
and auditor sees the same authorisations at the same position; there are codes and digests, no words.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from typing import Annotated, Any

import typer
from rich.table import Table

from crypto import canonical, sharing
from crypto.directory import Directory
from crypto.refusal import Refusal
from deploy.commands.registrar.administrators import SECURITY
from deploy.commands.registrar.seat import Seat, seated
from deploy.commands.shared.choices import code_of, listed
from hub.casework.reasons import (
    DATA_FLOWS,
    DATA_KINDS,
    DATA_PURPOSES,
    SHARING_OUTCOMES,
    SHARING_REASONS,
)

app = typer.Typer(no_args_is_help=True)
SharingId = Annotated[str, typer.Argument(metavar="SHARING", help="授权编号")]


@app.command("sharing-issue")
@seated(SECURITY)
def issue(
    seat: Seat,
    supplier: Annotated[str, typer.Option("--supplier", help="供给方节点短名")],
    consumer: Annotated[str, typer.Option("--consumer", help="使用方节点短名")],
    kind: Annotated[str, typer.Option("--kind", help=f"种类：{listed(DATA_KINDS)}")],
    standard: Annotated[str, typer.Option("--standard", help="标准编号，如 GB/T36906")],
    item: Annotated[list[str], typer.Option("--item", help="范围：事项编码，可多次；* 为全部")],
    flow: Annotated[str, typer.Option("--flow", help=f"流程：{listed(DATA_FLOWS)}")],
    purpose: Annotated[str, typer.Option("--purpose", help=f"用途：{listed(DATA_PURPOSES)}")],
    valid_from: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="起始日")],
    valid_to: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="截止日")],
    document: Annotated[Path, typer.Option("--document", help="授权书文件（只登记摘要）", exists=True, dir_okay=False)],
) -> None:
    """签发数据共享授权：谁把哪一种数据、按什么标准和流程、为什么用途、在哪些事项上给谁用。"""
    body = {
        "sharing_id": token_hex(8),
        "supplier": seat.record(supplier).subject,
        "consumer": seat.record(consumer).subject,
        "kind": code_of(DATA_KINDS, kind, "--kind"),
        "standard": standard,
        "items": sorted(set(item)),
        "flow": code_of(DATA_FLOWS, flow, "--flow"),
        "purpose": code_of(DATA_PURPOSES, purpose, "--purpose"),
        "valid_from": valid_from.date().isoformat(),
        "valid_to": valid_to.date().isoformat(),
        "document": canonical.digest(document.read_bytes()),
    }
    sharing.read_sharing("", 0, body)
    index = seat.submit(seat.registrar.say_sharing("issue", body))
    told = f"已签发：{body['sharing_id']}，日志第 {index} 条"
    seat.show({"ok": True, "sharing": body["sharing_id"], "index": index}, told)


@app.command("sharing-withdraw")
@seated(SECURITY)
def withdraw(
    seat: Seat,
    name: SharingId,
    reason: Annotated[str, typer.Option("--reason", help=f"原因：{listed(SHARING_REASONS)}")],
) -> None:
    """收回数据共享授权：枢纽收妥以后，凭它的查询和材料行都不再成立。"""
    said = {"sharing_id": name, "reason": code_of(SHARING_REASONS, reason, "--reason")}
    _say(seat, "withdraw", said, "已收回")


@app.command("sharing-settle")
@seated(SECURITY)
def settle(
    seat: Seat,
    name: SharingId,
    outcome: Annotated[str, typer.Option("--outcome", help=f"处理：{listed(SHARING_OUTCOMES)}")],
) -> None:
    """处理数据共享争议；争议未处理完的授权不能用。"""
    said = {"sharing_id": name, "outcome": code_of(SHARING_OUTCOMES, outcome, "--outcome")}
    _say(seat, "settle", said, "已处理")


@app.command("sharings")
@seated()
def sharings(seat: Seat) -> None:
    """全部数据共享授权：供给方、使用方、种类、用途、期限、是否有效、有无争议。"""
    rows = [_object(seat.directory, one) for one in seat.directory.sharing.all()]
    table = Table("编号", "供给方", "使用方", "种类", "用途", "期限", "现状", title=f"数据共享授权 {len(rows)} 份")
    for row in rows:
        table.add_row(
            str(row["sharing_id"]), _short(row["supplier"]), _short(row["consumer"]), DATA_KINDS[row["kind"]],
            DATA_PURPOSES[row["purpose"]], f"{row['valid_from']} 至 {row['valid_to']}", str(row["state_text"]),
        )  # fmt: skip
    seat.show({"ok": True, "epoch": seat.directory.epoch, "sharings": rows}, table)


def _say(seat: Seat, event: str, body: Mapping[str, object], told: str) -> None:
    known = {one.sharing_id for one in seat.directory.sharing.all()}
    if body["sharing_id"] not in known:
        raise Refusal("SHARING_UNKNOWN", sharing.RULE, sharing=str(body["sharing_id"]))
    index = seat.submit(seat.registrar.say_sharing(event, body))
    value = {"ok": True, "sharing": body["sharing_id"], "index": index}
    seat.show(value, f"{told}：{body['sharing_id']}，日志第 {index} 条")


def _object(directory: Directory, one: sharing.Sharing) -> dict[str, Any]:
    live = one.live_at(directory.epoch)
    state = "有效" if live else "有争议，暂停" if one.disputed else "已收回"
    return {**asdict(one), "items": sorted(one.items), "live": live, "state_text": state}


def _short(node: object) -> str:
    return str(node).rsplit("/", 1)[1]

"""``yidi registrar``: the regional registrar's own acts: one-time tokens, revocation, the valid records.

Invariants:
- a token is printed once and nowhere else; it travels to its subject on paper, with the facts it was issued for;
- subjects are nodes and staff codes; there are no names.
"""

import re
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.panel import Panel
from rich.table import Table

from crypto import administrators, certificates, identity
from crypto.canonical import time_text
from crypto.directory import Directory
from crypto.records import NODE_ROLES, PERSON_ROLES, KeyRecord
from crypto.refusal import Refusal
from crypto.register import Proposal
from deploy.commands.registrar.administrators import SECURITY, SYSTEM
from deploy.commands.registrar.seat import HOME, RegistrarHome, Seat, registrar_in, seated
from deploy.commands.shared.common import AsJson, refusals, show
from deploy.registrar.founding import renew_hub
from deploy.registrar.registrar import RULE
from deploy.registrar.tokens import DAYS
from hub.casework.messages import ROLES
from hub.casework.numbers import credit_code
from hub.casework.supervision.affiliation import WORDS as AFFILIATION_WORDS
from node_agent.keys.enrol import CERTIFICATE

app = typer.Typer(no_args_is_help=True, help="登记机构：发登记口令、吊销、查有效登记、换发枢纽证书")

Subject = Annotated[str, typer.Argument(metavar="SUBJECT", help="节点短名、短名/person/工号，或完整标识")]
REASON = re.compile(r"[A-Z][A-Z0-9_]{1,63}")


@app.command("token")
@seated(SYSTEM)
def token(
    seat: Seat,
    name: Annotated[str, typer.Argument(metavar="NAME", help="节点短名，如 fengdu-hall")],
    region: Annotated[str, typer.Option("--region", help="节点所在地区，12 位代码")],
    role: Annotated[list[str], typer.Option("--role", help="角色代码，可以写几次")],
    title: Annotated[str, typer.Option("--title", help="单位或岗位名称（不是姓名）")],
    staff: Annotated[str, typer.Option("--staff", help="为这个节点的工作人员登记时填工号")] = "",
    home_body: Annotated[
        str, typer.Option("--home-body", help="人员编制所在的派出单位，统一社会信用代码；只随 --staff")
    ] = "",
    centre: Annotated[
        str, typer.Option("--centre", help="负责日常管理和考核的政务服务中心，统一社会信用代码；只随 --staff")
    ] = "",
) -> None:
    """发一个登记口令：只显示这一次，连同所列事项以纸面交给登记对象。

    吊销后重新登记的窗口另给查询号段：旧机器上用到几号已无从知道。人员重新登记时，派出单位和中心不写则照旧。
    """
    node = identity.node_id(seat.registrar.trust_domain, region, name)
    subject, kind = (identity.person_id(node, staff), "person") if staff else (node, "node")
    allowed = PERSON_ROLES if staff else NODE_ROLES
    if not role or not set(role) <= allowed or ((home_body or centre) and not staff):
        raise Refusal("KEY_RECORD_FORMAT", RULE, subject=subject, kind=kind)
    if staff:
        administrators.require_apart(role)
        administrators.require_place(role, seat.directory.current(node).roles)
    last = seat.directory.newest(subject)
    told = {"home": home_body or (last.home if last else ""), "centre": centre or (last.centre if last else "")}
    bodies = {member: credit_code(code) for member, code in told.items() if code}
    made = seat.registrar.issue_token(
        subject,
        kind,
        tuple(role),
        region,
        title,
        public_prefix=last.public_prefix if last in seat.directory.records() else None,
        node=node,
        replaces=last.digest if last else None,
        **bodies,
    )
    facts = seat.registrar.facts(made)
    if seat.registrar.officer is not None:
        seat.submit(seat.registrar.permit(facts))  # before the token is shown: without it no hub takes the record
    seat.registrar.note("token", subject)
    lines = [made, "", f"登记对象：{subject}", f"角色：{_roles(facts.roles)}", f"名称：{title}"]
    lines += [f"{AFFILIATION_WORDS[member]}：{code}" for member, code in bodies.items()]
    if facts.public_prefix is not None:
        lines += [f"查询号段：{facts.public_prefix}", "登记完成后运行 yidi registrar share，发放申请人代码密钥"]
    panel = Panel("\n".join(lines), title=f"登记口令（只显示这一次，{DAYS} 天内有效）")
    seat.show({"ok": True, "token": made, "facts": asdict(facts)}, panel)


@app.command("revoke")
@seated(SECURITY)
def revoke(
    seat: Seat,
    subject: Subject,
    reason: Annotated[str, typer.Option("--reason", help="原因代码，如 KEY_LOST、STAFF_LEFT")],
) -> None:
    """吊销一个节点或人员的全部密钥：枢纽收妥后，下一次调用即不能再用。"""
    if REASON.fullmatch(reason) is None:
        raise typer.BadParameter("原因代码用大写字母、数字和下划线", param_hint="--reason")
    record = seat.record(subject)
    index = seat.submit(seat.registrar.revoke(record.subject, reason))
    value = {"ok": True, "subject": record.subject, "reason": reason, "index": index}
    seat.show(value, f"已吊销：{record.subject}（{reason}），日志第 {index} 条")


@app.command("proposals")
@seated()
def proposals(seat: Seat) -> None:
    """正在冷静期内的自行换钥：先向该单位核实，再核准或否决。"""
    waiting = seat.directory.proposals()
    table = Table("登记对象", "申请时间", "最早生效", "更换", title=f"等待生效的换钥 {len(waiting)} 项")
    rows = [_proposal_object(seat.directory, one) for one in waiting]
    for row in rows:
        short = str(row["subject"]).split("/", 4)[4]
        table.add_row(short, str(row["announced_at"]), str(row["ready_at"]), "、".join(map(str, row["changes"])))
    seat.show({"ok": True, "epoch": seat.directory.epoch, "proposals": rows}, table)


@app.command("approve")
@seated(SYSTEM)
def approve(seat: Seat, subject: Subject) -> None:
    """核准一项自行换钥：不等冷静期，当场生效。先用电话等其他途径向该单位核实。"""
    _settle(seat, subject, approve=True)


@app.command("veto")
@seated(SYSTEM)
def veto(seat: Seat, subject: Subject) -> None:
    """否决一项自行换钥：仍用原来的密钥。签名密钥可能已外泄的，随后吊销。"""
    _settle(seat, subject, approve=False)


def _settle(seat: Seat, subject: str, *, approve: bool) -> None:
    record = seat.record(subject)
    proposal = seat.directory.proposal(record.subject)
    if proposal is None:
        raise Refusal("PROPOSAL_UNKNOWN", RULE, subject=record.subject)
    index = seat.submit(seat.registrar.settle(proposal, approve=approve))
    value = {"ok": True, "subject": record.subject, "record": proposal.record.digest, "index": index}
    told = "已核准，新密钥生效" if approve else "已否决，仍用原来的密钥"
    seat.show(value, f"{told}：{record.subject}，日志第 {index} 条")


def _proposal_object(directory: Directory, proposal: Proposal) -> dict[str, Any]:
    record, now = proposal.record, directory.current(proposal.record.subject)
    changes = sorted(purpose for purpose, key in record.keys.items() if now.keys.get(purpose) != key)
    return {
        "subject": record.subject,
        "record": record.digest,
        "announced_at": proposal.announced_at,
        "ready_at": proposal.ready_at,
        "changes": changes,
    }


@app.command("list")
@seated()
def list_records(seat: Seat) -> None:
    """现在有效的登记，由登记机构自己从日志重算。"""
    records = seat.directory.records()
    table = Table("登记对象", "地区", "名称", "角色", "号段", title=f"有效登记 {len(records)} 份")
    for record in records:
        short = record.subject.split("/", 4)[4]  # what ``revoke`` takes
        prefix = str(record.public_prefix or "")
        bodies = ((AFFILIATION_WORDS["home"], record.home), (AFFILIATION_WORDS["centre"], record.centre))
        title = "\n".join([record.title, *(f"{word} {code}" for word, code in bodies if code)])
        table.add_row(short, record.region, title, _roles(record.roles), prefix)
    value = {"ok": True, "epoch": seat.directory.epoch, "records": [_object(record) for record in records]}
    seat.show(value, table)


@app.command("hub-certificate")
def hub_certificate(
    home: RegistrarHome = HOME,
    hub_home: Annotated[
        Path | None, typer.Option("--hub-home", help="枢纽的文件夹；默认与登记机构的并列", exists=True, file_okay=False)
    ] = None,
    now: Annotated[bool, typer.Option("--now", help="没有到期也换发")] = False,
    as_json: AsJson = False,
) -> None:
    """换发枢纽的连接证书（密钥和名称不变）：剩余不足三分之一时才换。枢纽不用重新启动，新的连接即用新证书。"""
    with refusals(as_json):
        folder = hub_home or home.absolute().parent / "hub"
        if not (folder / CERTIFICATE).exists():
            raise Refusal("HOME_MISSING", RULE, folder=folder.name)
        made = renew_hub(registrar_in(home), folder, always=now)
        node, _, ends = certificates.peer((folder / CERTIFICATE).read_bytes())
        value = {"ok": True, "node": node, "renewed": made, "ends_at": time_text(ends)}
        told = "已换发，新的连接即用新证书" if made else "还没有到换发的时候"
        show(value, as_json, f"{told}；证书有效期至 {time_text(ends)}")


def _roles(roles: frozenset[str] | tuple[str, ...]) -> str:
    return "、".join(ROLES.get(role, role) for role in sorted(roles))


def _object(record: KeyRecord) -> dict[str, object]:
    """A record for programs: key ids, no keys."""
    return {
        "subject": record.subject,
        "kind": record.kind,
        "roles": sorted(record.roles),
        "region": record.region,
        "title": record.title,
        "public_prefix": record.public_prefix,
        "home": record.home,
        "centre": record.centre,
        "epoch": record.epoch,
        "record": record.digest,
        "keys": {purpose: key.id for purpose, key in sorted(record.keys.items())},
    }

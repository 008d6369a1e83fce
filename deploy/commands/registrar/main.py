"""``yidi registrar``: the regional registrar's own acts: one-time tokens, revocation, the valid records.

Invariants:
- what is shown or decided rests on the registrar's own replay of the registry leaves, not on the hub's word;
- a token is printed once and nowhere else; it travels to its subject on paper, with the facts it was issued for;
- subjects are nodes and staff codes; there are no names;
- where there are administrators, each act asks for the right one (H11): system for registration, keys and settings,
  security for revocation and permissions; looking is free to both.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.panel import Panel
from rich.table import Table

from crypto import administrators, certificates, identity
from crypto.canonical import time_text
from crypto.directory import Directory, Proposal
from crypto.records import NODE_ROLES, PERSON_ROLES, KeyRecord
from crypto.refusal import Refusal
from deploy.commands.registrar.administrators import SECURITY, SYSTEM, Officer, sitting
from deploy.commands.shared.common import AsJson, refusals, show
from deploy.registrar.desk import RegistrarDesk
from deploy.registrar.founding import renew_hub
from deploy.registrar.registrar import RULE, Registrar
from deploy.registrar.tokens import DAYS
from deploy.registrar.voice import hub_client, submit
from deploy.stack.layout import Layout
from hub.casework.messages import ROLES
from node_agent.client.enrolment import RegistryDoor
from node_agent.keys.enrol import CERTIFICATE

app = typer.Typer(no_args_is_help=True, help="登记机构：发登记口令、吊销、查有效登记、换发枢纽证书")

RegistrarHome = Annotated[
    Path,
    typer.Option("--home", envvar="YIDI_REGISTRAR_HOME", help="登记机构的文件夹", exists=True, file_okay=False),
]
Hub = Annotated[str, typer.Option("--hub", envvar="YIDI_HUB", help="枢纽地址 主机:端口；单机环境可以不填")]
HubName = Annotated[str, typer.Option("--hub-name", help="枢纽证书上的名称，与主机名不同时填写")]
Subject = Annotated[str, typer.Argument(metavar="SUBJECT", help="节点短名、短名/person/工号，或完整标识")]
HOME = Path(".yidi/registrar")
REASON = re.compile(r"[A-Z][A-Z0-9_]{1,63}")


@app.command("token")
def token(
    name: Annotated[str, typer.Argument(metavar="NAME", help="节点短名，如 fengdu-hall")],
    region: Annotated[str, typer.Option("--region", help="节点所在地区，12 位代码")],
    role: Annotated[list[str], typer.Option("--role", help="角色代码，可以写几次")],
    title: Annotated[str, typer.Option("--title", help="单位或岗位名称（不是姓名）")],
    staff: Annotated[str, typer.Option("--staff", help="为这个节点的工作人员登记时填工号")] = "",
    officer: Officer = "",
    home: RegistrarHome = HOME,
    hub: Hub = "",
    hub_name: HubName = "",
    as_json: AsJson = False,
) -> None:
    """发一个登记口令：只显示这一次，连同所列事项以纸面交给登记对象。

    吊销后重新登记的窗口另给取件号段：旧机器上用到几号已无从知道。
    """
    with registry_at(home, hub, hub_name, as_json, SYSTEM, officer) as (registrar, directory, _):
        node = identity.node_id(registrar.trust_domain, region, name)
        subject, kind = (identity.person_id(node, staff), "person") if staff else (node, "node")
        allowed = PERSON_ROLES if staff else NODE_ROLES
        if not role or not set(role) <= allowed:
            raise Refusal("KEY_RECORD_FORMAT", RULE, subject=subject, kind=kind)
        if staff:
            administrators.require_apart(role)
            administrators.require_place(role, directory.current(node).roles)
        last = directory.newest(subject)
        made = registrar.issue_token(
            subject,
            kind,
            tuple(role),
            region,
            title,
            public_prefix=last.public_prefix if last in directory.records() else None,
            node=node,
            replaces=last.digest if last else None,
        )
        facts = registrar.facts(made)
        registrar.note("token", subject)
        lines = [made, "", f"登记对象：{subject}", f"角色：{_roles(facts.roles)}", f"名称：{title}"]
        if facts.public_prefix is not None:
            lines.append(f"取件号段：{facts.public_prefix}")
        panel = Panel("\n".join(lines), title=f"登记口令（只显示这一次，{DAYS} 天内有效）")
        show({"ok": True, "token": made, "facts": asdict(facts)}, as_json, panel)


@app.command("revoke")
def revoke(
    subject: Subject,
    reason: Annotated[str, typer.Option("--reason", help="原因代码，如 KEY_LOST、STAFF_LEFT")],
    officer: Officer = "",
    home: RegistrarHome = HOME,
    hub: Hub = "",
    hub_name: HubName = "",
    as_json: AsJson = False,
) -> None:
    """吊销一个节点或人员的全部密钥：枢纽收妥后，下一次调用即不能再用。"""
    if REASON.fullmatch(reason) is None:
        raise typer.BadParameter("原因代码用大写字母、数字和下划线", param_hint="--reason")
    with registry_at(home, hub, hub_name, as_json, SECURITY, officer) as (registrar, directory, address):
        record = named_record(directory, subject)
        with hub_client(registrar, address, hub_name) as client:
            index = submit(client, registrar.revoke(record.subject, reason))
        value = {"ok": True, "subject": record.subject, "reason": reason, "index": index}
        show(value, as_json, f"已吊销：{record.subject}（{reason}），日志第 {index} 条")


@app.command("proposals")
def proposals(home: RegistrarHome = HOME, hub: Hub = "", hub_name: HubName = "", as_json: AsJson = False) -> None:
    """正在冷静期内的自行换钥：先向该单位核实，再核准或否决。"""
    with registry_at(home, hub, hub_name, as_json) as (_, directory, _address):
        waiting = directory.proposals()
        table = Table("登记对象", "申请时间", "最早生效", "更换", title=f"等待生效的换钥 {len(waiting)} 项")
        rows = [_proposal_object(directory, one) for one in waiting]
        for row in rows:
            short = str(row["subject"]).split("/", 4)[4]
            table.add_row(short, str(row["announced_at"]), str(row["ready_at"]), "、".join(map(str, row["changes"])))
        show({"ok": True, "epoch": directory.epoch, "proposals": rows}, as_json, table)


@app.command("approve")
def approve(
    subject: Subject,
    officer: Officer = "",
    home: RegistrarHome = HOME,
    hub: Hub = "",
    hub_name: HubName = "",
    as_json: AsJson = False,
) -> None:
    """核准一项自行换钥：不等冷静期，当场生效。先用电话等其他途径向该单位核实。"""
    _settle(subject, officer, home, hub, hub_name, as_json, approve=True)


@app.command("veto")
def veto(
    subject: Subject,
    officer: Officer = "",
    home: RegistrarHome = HOME,
    hub: Hub = "",
    hub_name: HubName = "",
    as_json: AsJson = False,
) -> None:
    """否决一项自行换钥：仍用原来的密钥。签名密钥可能已外泄的，随后吊销。"""
    _settle(subject, officer, home, hub, hub_name, as_json, approve=False)


def _settle(subject: str, officer: str, home: Path, hub: str, hub_name: str, as_json: bool, *, approve: bool) -> None:
    with registry_at(home, hub, hub_name, as_json, SYSTEM, officer) as (registrar, directory, address):
        record = named_record(directory, subject)
        proposal = directory.proposal(record.subject)
        if proposal is None:
            raise Refusal("PROPOSAL_UNKNOWN", RULE, subject=record.subject)
        with hub_client(registrar, address, hub_name) as client:
            index = submit(client, registrar.settle(proposal, approve=approve))
        value = {"ok": True, "subject": record.subject, "record": proposal.record.digest, "index": index}
        told = "已核准，新密钥生效" if approve else "已否决，仍用原来的密钥"
        show(value, as_json, f"{told}：{record.subject}，日志第 {index} 条")


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
def list_records(home: RegistrarHome = HOME, hub: Hub = "", hub_name: HubName = "", as_json: AsJson = False) -> None:
    """现在有效的登记，由登记机构自己从日志重算。"""
    with registry_at(home, hub, hub_name, as_json) as (_, directory, _address):
        records = directory.records()
        table = Table("登记对象", "地区", "名称", "角色", "号段", title=f"有效登记 {len(records)} 份")
        for record in records:
            short = record.subject.split("/", 4)[4]  # what ``revoke`` takes
            prefix = str(record.public_prefix or "")
            table.add_row(short, record.region, record.title, _roles(record.roles), prefix)
        value = {"ok": True, "epoch": directory.epoch, "records": [_object(record) for record in records]}
        show(value, as_json, table)


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
        made = renew_hub(_registrar(home), folder, always=now)
        node, _, ends = certificates.peer((folder / CERTIFICATE).read_bytes())
        value = {"ok": True, "node": node, "renewed": made, "ends_at": time_text(ends)}
        told = "已换发，新的连接即用新证书" if made else "还没有到换发的时候"
        show(value, as_json, f"{told}；证书有效期至 {time_text(ends)}")


@contextmanager
def registry_at(
    home: Path, hub: str, hub_name: str, as_json: bool, role: str | None = None, officer: str = ""
) -> Iterator[tuple[Registrar, Directory, str]]:
    """The registrar, the directory as it replayed it now, and the hub's address; refusals inside are shown.

    ``role``: of the administrator who has to act (H11), None for a look; ``officer``: his staff code.
    """
    with refusals(as_json):
        registrar, address = _registrar(home), hub or _stack_hub(home)
        registrar.keep_certified()
        with RegistryDoor.open(address, registrar.authority_pem, *registrar.node_tls(), hub_name) as door:
            desk = RegistrarDesk(registrar, door)
            desk.catch_up()
        with sitting(registrar, desk.directory, role, officer):
            yield registrar, desk.directory, address


def _registrar(home: Path) -> Registrar:
    if not (home / "registrar.json").exists():
        raise Refusal("HOME_MISSING", RULE, folder=home.name)
    return Registrar(home)


def _stack_hub(home: Path) -> str:
    """The hub of the one-machine stack that this folder belongs to."""
    layout = Layout(home.absolute().parent)
    if not (layout.root / "ports.json").exists():
        raise typer.BadParameter("请写明枢纽地址", param_hint="--hub")
    return f"127.0.0.1:{layout.ports()['hub']}"


def named_record(directory: Directory, text: str) -> KeyRecord:
    """The one valid record whose subject is ``text`` or ends in it. Refusal SUBJECT_UNKNOWN."""
    found = [one for one in directory.records() if one.subject == text or one.subject.endswith(f"/{text}")]
    if len(found) != 1:
        raise Refusal("SUBJECT_UNKNOWN", RULE, subject=text)
    return found[0]


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
        "epoch": record.epoch,
        "record": record.digest,
        "keys": {purpose: key.id for purpose, key in sorted(record.keys.items())},
    }

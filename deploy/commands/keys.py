"""``yidi keys``: a node's own keys: register this machine, rotate, look, and the recovery key's ceremony.

Invariants:
- keys are made here and never shown; what is printed are key ids, times and counts;
- a one-time token is read from standard input or a file, never from the arguments;
- a rotation is carried out by the running agent; the command plans it and says what stands.
"""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from crypto.refusal import Refusal
from deploy.commands.shared.common import (
    AsJson,
    Home,
    WaitSeconds,
    agent_at,
    finish,
    minute,
    refusal_object,
    refusal_text,
    refusals,
    show,
)
from node_agent.auditor.alarms import alarms
from node_agent.keys import key_status, new_keys
from node_agent.keys.enrol import RecordFacts, enrol_node, enrol_person
from node_agent.keys.recovery import Recovered, recover

app = typer.Typer(no_args_is_help=True, help="节点密钥：登记本机、换钥、查看状态、用恢复密钥解围")
PURPOSES = {"sign": "签名", "kem": "加密", "tls": "连接", "witness": "见证"}
CODES = frozenset({"KEYS_PROPOSED", "KEYS_PROPOSED_BY_OTHERS", "ROTATION_ENDED"})


@app.command("rotate")
def rotate(home: Home, wait: WaitSeconds = 30.0, as_json: AsJson = False) -> None:
    """更换本节点的密钥：现在公告，冷静期满（或登记员当场核准）后自动生效，在办案件自动转到新密钥。"""
    with agent_at(home, as_json) as agent:
        agent.registry.refresh(agent.hub)
        entry = new_keys.plan(agent)
        told = "已公告换钥；期满自动生效，进度用 yidi keys status 查看"
        finish(agent, [entry.payload_digest], wait, as_json, {"record": entry.payload_digest}, told)


@app.command("status")
def status(home: Home, as_json: AsJson = False) -> None:
    """本节点的密钥、正在进行的换钥、旧密钥还有哪些案件要用、打不开的案件。"""
    with agent_at(home, as_json, 1) as agent:
        found = key_status.status(agent)
        raised = [one for one in alarms(agent.journal) if one.code in CODES]
        value = {"ok": True, **found, "alarms": [{"code": one.code, "raised_at": one.raised_at} for one in raised]}
        table = Table("用途", "密钥编号", title="已吊销" if found["revoked"] else "现用密钥", title_justify="left")
        for purpose, keyid in found["keys"].items():
            table.add_row(PURPOSES.get(purpose, purpose), keyid)
        texts = [refusal_text(Refusal(one.code, "H09", **one.values)) for one in raised]
        show(value, as_json, table, *_lines(found), *texts)


def _lines(found: dict[str, Any]) -> list[str]:
    lines = []
    if found["proposal"]:
        lines.append(f"换钥已公告，最早生效：{minute(found['proposal']['ready_at'])}")
    elif found["planned"]:
        lines.append("换钥已准备，等待发出")
    lines += [f"旧密钥 {keyid}：还有 {left} 份封装只能用它打开" for keyid, left in sorted(found["older"].items())]
    lines += [f"旧密钥 {keyid}：{minute(at)} 已销毁" for keyid, at in sorted(found["destroyed"].items())]
    if found["unreadable"]:
        lines.append(f"{len(found['unreadable'])} 件等待收件窗口（或恢复密钥）重新分发密钥：")
        lines += [f"  {case}" for case in found["unreadable"]]
    return lines


@app.command("enrol")
def enrol(
    home: Annotated[Path, typer.Option("--home", envvar="YIDI_AGENT_HOME", help="本节点的新文件夹", file_okay=False)],
    paper: Annotated[Path, typer.Option("--paper", help="登记机构 token --json 给出的文件；写 - 从标准输入读")],
    enrolment: Annotated[str, typer.Option("--enrolment", help="枢纽登记口地址 主机:端口")],
    authority: Annotated[Path, typer.Option("--authority", help="登记机构的证书文件 authority.pem", exists=True)],
    hub_name: Annotated[str, typer.Option("--hub-name", help="枢纽证书上的名称，与主机名不同时填写")] = "",
    as_json: AsJson = False,
) -> None:
    """凭一次性口令登记本机或本机的工作人员：密钥在本机生成，口令不出本机。"""
    with refusals(as_json):
        given = json.loads(sys.stdin.read() if str(paper) == "-" else paper.read_text())
        facts = RecordFacts(**{**given["facts"], "roles": tuple(given["facts"]["roles"])})
        made = enrol_node if facts.kind == "node" else enrol_person
        made(home, enrolment, authority.read_bytes(), given["token"], facts, hub_name=hub_name)
        show({"ok": True, "subject": facts.subject}, as_json, f"已登记：{facts.subject}")


@app.command("recover")
def recover_cases(
    home: Home,
    to: Annotated[str, typer.Option("--to", help="重新登记过的部门，完整节点标识")],
    cases: Annotated[Path, typer.Option("--cases", help="案件清单，一行一件；写 - 从标准输入读")],
    wait: WaitSeconds = 60.0,
    as_json: AsJson = False,
) -> None:
    """恢复密钥解围：收件窗口也不在时，把所列案件的密钥转给重新登记过的部门。只转密钥，不打开材料。"""
    with agent_at(home, as_json) as agent:
        text = sys.stdin.read() if str(cases) == "-" else cases.read_text()
        done = recover(agent, [line.strip() for line in text.splitlines() if line.strip()], to, wait)
        table = Table("案件", "转出封装", "结果")
        for one in done:
            table.add_row(one.case, str(one.sealings), refusal_text(one.refusal) if one.refusal else "已转")
        failed = any(one.refusal for one in done)
        show({"ok": not failed, "cases": [_recovered_object(one) for one in done]}, as_json, table)
    if failed:
        raise typer.Exit(1)


def _recovered_object(one: Recovered) -> dict[str, Any]:
    refusal = refusal_object(one.refusal) if one.refusal else None
    return {"case": one.case, "sealings": one.sealings, "refusal": refusal}

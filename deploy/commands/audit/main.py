"""``yidi audit …``: take the evidence home, verify it offline, see who held, who looked, what was due.

Invariants:
- ``verify`` and ``attacks`` read the package and the pins and nothing else; no network, no journal;
- tables from a case's name are made from a package exported at that moment, so both ways give the same tables;
- exit codes of ``verify``: 0 VALID, 1 INVALID, 2 INDETERMINATE, 3 package or pins cannot be used;
- ``fsck`` alone looks into the hub's own stores (``deploy.commands.books``).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import RenderableType
from rich.markup import escape

from crypto import canonical
from crypto.evidence import read
from crypto.evidence.report import Severity, Verdict
from crypto.log import cosignature
from crypto.log.leaf import Leaf
from crypto.refusal import Refusal
from deploy.commands.audit.log_state import alarm_objects, cosignature_objects
from deploy.commands.audit.sources import (
    AnyHome,
    Package,
    PinsFile,
    Target,
    bytes_of,
    is_file,
    package_of,
    pins_of,
    require_home,
)
from deploy.commands.audit.tables import clock_table, holders_table, plain_table, short_name, titles_of, to_second
from deploy.commands.shared import common
from deploy.commands.shared.common import AsJson, agent_at, refusals, show
from deploy.demo.attacks import ATTACKS
from hub.casework import reasons
from hub.casework.casefile import from_document
from hub.casework.custody import ClockRow, clock_rows, custody_table
from hub.casework.messages import PURPOSES, ROLES, event_name
from hub.casework.messages.parents import KIN_FINDINGS
from hub.casework.states import CHINESE
from node_agent.auditor.__main__ import STATUS, UNUSABLE
from node_agent.auditor.alarms import alarms
from node_agent.auditor.export import export as export_case
from node_agent.auditor.kin import chain_of, compare
from node_agent.auditor.texts import VERDICTS, number_of, sentence
from node_agent.auditor.verify import audit
from node_agent.auditor.witness import last_signed, read_head
from node_agent.known.casemirror import Recorded, recorded
from node_agent.process.runtime import open_agent

_SEVERITY_COLOUR = {Severity.INVALID: "red", Severity.INDETERMINATE: "yellow"}
_USED: Final[Mapping[str, Mapping[str, reasons.Words]]] = {
    "data_queried": {"kind": reasons.DATA_KINDS, "purpose": reasons.DATA_PURPOSES, "result": reasons.DATA_RESULTS},
    "export": {"kind": reasons.EXPORT_KINDS, "profile": reasons.EXPORT_PROFILES},
}
"""Events that use data without opening a document, and the members that say how, with their words."""
app = typer.Typer(no_args_is_help=True, help="审计：导出证据包、离线核验、交接、时限、查阅记录、检查点")


@app.command()
def export(
    case: Annotated[str, typer.Argument(help="办件编号、查询号或者办件标识")],
    home: common.Home,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="写到这个文件")] = None,
    as_json: AsJson = False,
) -> None:
    """从枢纽取一个办件的证据包，存成文件。"""
    with agent_at(home, as_json, attempts=3) as agent:
        with common.bar(as_json) as progress:
            progress.add_task("取证据包", total=None)
            path = export_case(agent, case, output)
        data = path.read_bytes()
        value = {"ok": True, "file": str(path), "size": len(data), "sha256": canonical.digest(data)}
        text = f"证据包已存到 {path}（{len(data)} 字节，SHA-256 {value['sha256']}）。请用 yidi audit verify 离线核验。"
        show(value, as_json, text)


@app.command()
def verify(package: Package, pins: PinsFile = None, home: AnyHome = None, as_json: AsJson = False) -> None:
    """离线核验证据包：签名、证明、规则、时限，列出全部发现。"""
    try:
        trusted, data = pins_of(pins, home), bytes_of(package)
    except Refusal as refusal:
        common.show_refusal(refusal, as_json)
        raise typer.Exit(UNUSABLE) from refusal
    report = audit(data, trusted)
    value = {"ok": report.verdict is Verdict.VALID, **report.as_object()}
    value["sentences"] = [sentence(finding) for finding in report.findings]
    listed = [f"[{_SEVERITY_COLOUR[finding.severity]}]•[/] {escape(sentence(finding))}" for finding in report.findings]
    facts = " ".join(f"{name}={count}" for name, count in sorted(report.evidence.facts.items()))
    parts: list[RenderableType] = [
        f"[{_colour(report.verdict)}]{VERDICTS[report.verdict]}[/]（{report.verdict.value}）"
    ]
    if report.file is not None:
        parts.append(f"办件编号 {number_of(report.file)}；状态 {CHINESE[report.file.state]}")
    parts += [f"已核：{facts}", f"发现 {len(listed)} 项" if listed else "没有发现问题", *listed]
    show(value, as_json, *parts)
    raise typer.Exit(STATUS[report.verdict])


@app.command()
def kin(
    parent: Package,
    children: Annotated[list[Path], typer.Argument(help="各部分的证据包")],
    pins: PinsFile = None,
    home: AnyHome = None,
    as_json: AsJson = False,
) -> None:
    """联办：把联办件和各部分的证据包互相对照，枢纽对双方说的须一致。"""
    with refusals(as_json):
        trusted = pins_of(pins, home)
        found = compare(chain_of(bytes_of(parent), trusted), [chain_of(bytes_of(child), trusted) for child in children])
    listed = [f"• {KIN_FINDINGS[code]}：{about}" for code, _, about in (one.partition(" ") for one in found)]
    show({"ok": not found, "findings": found}, as_json, *(listed or ["互相对照一致，没有发现问题。"]))
    raise typer.Exit(STATUS[Verdict.INVALID if found else Verdict.VALID])


@app.command()
def custody(target: Target, home: AnyHome = None, as_json: AsJson = False) -> None:
    """交接表：谁持有、从何时、到何时、多少分钟。"""
    with refusals(as_json):
        package = package_of(target, home)
        rows = custody_table(_leaves(package))
    titles = titles_of(package)
    value = {"ok": True, "custody": [row.as_object() for row in rows], "titles": titles}
    show(value, as_json, holders_table(rows, titles))


@app.command()
def clocks(target: Target, pins: PinsFile = None, home: AnyHome = None, as_json: AsJson = False) -> None:
    """时限表：由日志和工作日历重算，并与枢纽所说的比较（给办件编号时）。"""
    with refusals(as_json):
        package = package_of(target, home)
        report = audit(package, pins_of(pins, home))
        said = None if is_file(target) else _hub_clocks(target, require_home(home))
    same = None if said is None else {row.clock: row in said for row in report.clocks}
    agrees = None if said is None else list(report.clocks) == said
    rows = [{**row.as_object(), "same_as_hub": same[row.clock] if same else None} for row in report.clocks]
    verdict = report.verdict.value
    value = {"ok": agrees is not False, "verdict": verdict, "clocks": rows, "same_as_hub": agrees}
    hint = "枢纽的说法未问（只看文件）" if agrees is None else "与枢纽一致" if agrees else "[red]与枢纽不一致[/red]"
    show(value, as_json, clock_table(report.clocks, same), f"证据包核验 {verdict}；{hint}")
    if agrees is False:
        raise typer.Exit(common.EXIT_REFUSED)


@app.command()
def access(target: Target, home: AnyHome = None, as_json: AsJson = False) -> None:
    """查阅记录：谁、何时、为何打开过什么，查询过哪些数据，导出过什么、是否脱敏。"""
    with refusals(as_json):
        told = [recorded(data) for data in read.read(package_of(target, home)).leaves.values()]
    rows = [_opening(one) for one in told if one.statement.type == "open_document"]
    table = plain_table("查阅记录（时间为北京时间，UTC+8）", "登记时间", "机构", "人员", "岗位", "目的", "打开的封装")
    for row in rows:
        role = ROLES.get(str(row["role"]), str(row["role"]))
        person = str(row["person"]).rsplit("/", 1)[-1]
        purpose = PURPOSES.get(str(row["purpose"]), escape(str(row["purpose"])))
        table.add_row(
            to_second(str(row["recorded_at"])),
            short_name(str(row["node"])),
            person,
            role,
            purpose,
            str(row["manifest"])[:12],
        )
    others = [_used(one) for one in told if one.statement.type in _USED]
    used = plain_table("查询和导出", "登记时间", "机构", "人员", "行为", "内容", "授权")
    for one in others:
        used.add_row(
            to_second(str(one["recorded_at"])),
            short_name(str(one["node"])),
            str(one["person"]).rsplit("/", 1)[-1] or "系统",
            event_name(str(one["event"])),
            escape(str(one["words"])),
            escape(str(one["grant"])) or "—",
        )
    value = {"ok": True, "openings": rows, "used": others}
    show(value, as_json, table if rows else "没有人打开过", *([used] if others else []))


@app.command()
def checkpoint(home: common.Home, as_json: AsJson = False) -> None:
    """最新检查点：大小、会签、见证要求、本节点的警报。"""
    with agent_at(home, as_json, attempts=3) as agent:
        published, sequenced = agent.hub.checkpoint()
        pins = agent.identity.pins
        head = read_head(published, pins)
        lines = cosignature_objects(agent, published)
        needed = pins.witnesses_needed
        met = needed == 0 or cosignature.witnessed(published.encode(), pins.witnesses(), needed).met
        signed, raised = last_signed(agent), alarm_objects(agent)
        value = {
            "ok": met,
            "origin": head.origin,
            "size": head.size,
            "root": head.root.hex(),
            "sequenced": sequenced,
            "cosignatures": lines,
            "witnesses_needed": needed,
            "policy_met": met,
            "signed_here": signed.size if signed else None,
            "alarms": raised,
            "note": published,
        }
        table = plain_table("会签", "见证人", "时间", "核验")
        for line in lines:
            table.add_row(
                short_name(str(line["witness"])), str(line["at"]), "正确" if line["verified"] else "[red]不对[/red]"
            )
        text = f"日志 {head.origin}：{head.size} 条，已排序 {sequenced} 条，根 {head.root.hex()}"
        policy = (
            f"见证要求 {needed} 人，{'已满足' if met else '[red]未满足[/red]'}；警报 {len(alarms(agent.journal))} 条"
        )
        show(value, as_json, text, table, policy)
    if not met:
        raise typer.Exit(common.EXIT_REFUSED)


@app.command()
def attacks(package: Package, pins: PinsFile = None, home: AnyHome = None, as_json: AsJson = False) -> None:
    """在证据包的副本上实施各种攻击，看核验是否各以应有的代码识破；原件必须仍然有效。"""
    with refusals(as_json):
        trusted, data = pins_of(pins, home), bytes_of(package)
        untouched = audit(data, trusted).verdict
        rows = []
        with common.bar(as_json) as progress:
            for attack in progress.track(ATTACKS, description="攻击副本"):
                report = audit(attack.apply(data), trusted)
                codes = sorted({finding.code for finding in report.findings})
                caught = attack.expected_code in codes and report.verdict is Verdict.INVALID
                rows.append((attack, codes, report.verdict, caught))
    good = untouched is Verdict.VALID and all(caught for *_, caught in rows)
    table = plain_table("攻击", "攻击", "应有代码", "识破", "结论", "发现")
    for attack, codes, verdict, caught in rows:
        mark = "[green]是[/green]" if caught else "[red]否[/red]"
        table.add_row(attack.chinese, attack.expected_code, mark, verdict.value, f"{len(codes)} 类")
    value = {
        "ok": good,
        "untouched": untouched.value,
        "attacks": [
            {"name": a.name, "expected": a.expected_code, "found": codes, "verdict": v.value, "caught": caught}
            for a, codes, v, caught in rows
        ],
    }
    show(value, as_json, table, f"原件：{untouched.value}；识破 {sum(row[3] for row in rows)}/{len(rows)}")
    if not good:
        raise typer.Exit(common.EXIT_REFUSED)


@app.command()
def fsck(
    root: Annotated[Path | None, typer.Option("--root", envvar="YIDI_ROOT", help="单机环境的状态目录")] = None,
    deep: Annotated[bool, typer.Option("--deep", help="读出每个封装的全部内容，核对摘要")] = False,
    as_json: AsJson = False,
) -> None:
    """核对枢纽的账目：日志、日志块、检查点、办件、收件箱、存储（在枢纽的机器上运行，只读）。"""
    from deploy.commands import books  # here, not above: this one needs the hub's libraries, the others none of them

    books.fsck(root, deep, as_json)


def _leaves(package: bytes) -> list[Leaf]:
    return read.readable(read.read(package).leaves)


def _hub_clocks(target: str, home: Path) -> list[ClockRow]:
    """The clocks as the hub's own projection says them."""
    agent = open_agent(home, attempts=3)
    try:
        return clock_rows(from_document(canonical.parse(agent.hub.case(target))))
    finally:
        agent.close()


def _opening(one: Recorded) -> dict[str, object]:
    actor, body = one.statement.actor, one.statement.body
    return {
        "recorded_at": one.leaf.recorded_at,
        "occurred_at": one.statement.occurred_at,
        "node": actor.node,
        "person": actor.person,
        "role": actor.role,
        "purpose": body.get("purpose"),
        "manifest": body.get("manifest"),
        "index": one.leaf.index,
    }


def _used(one: Recorded) -> dict[str, object]:
    """A query of another body's data (H05), or what was exported (H01). ``person``: who asked, empty for the node."""
    said, body = one.statement, one.statement.body
    words = [known.get(str(body.get(name)), str(body.get(name))) for name, known in _USED[said.type].items()]
    return {
        "recorded_at": one.leaf.recorded_at,
        "node": said.actor.node,
        "person": said.actor.person or str(body.get("asked_by", "")),
        "event": said.type,
        "words": "，".join(words),
        "grant": str(body.get("grant", "")),
        "index": one.leaf.index,
    }


def _colour(verdict: Verdict) -> str:
    return {Verdict.VALID: "green", Verdict.INVALID: "red"}.get(verdict, "yellow")

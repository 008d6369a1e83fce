"""``yidi figures list|ledger|report-in|report-due``: the list, the progress ledger, who owes a report (J01 to J04)."""

import csv
import io
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from crypto import canonical, identity
from crypto.refusal import Refusal
from deploy.catalogue.cells import DAY
from deploy.catalogue.decode import text_in
from deploy.catalogue.public import limit_text
from deploy.commands.figures.main import table_of as table
from deploy.commands.figures.main import today
from deploy.commands.shared.common import AsJson, Home, agent_at, show
from deploy.figures import tables
from deploy.figures.files import write
from hub.casework.catalogue import listing
from hub.casework.catalogue.model import Catalogue
from hub.casework.figures.ledger import SCHEDULES, Planned, ledger, overdue
from hub.casework.figures.spread import decimal
from hub.casework.numbers import region_prefix
from node_agent.process.runtime import Agent

app = typer.Typer(no_args_is_help=True)
NOTE = "progress-report:"
Out = Annotated[Path | None, typer.Option("--out", help="存为 .xlsx、.json，或不带后缀的文件夹（CSV）")]
Schedule = Annotated[str, typer.Option("--schedule", help="；".join(f"{s.id} {s.name}" for s in SCHEDULES.values()))]
PLAN = ("实施编码", "办理单位", "责任单位", "计划日期")


@app.command("list")
def of_list(home: Home, out: Out = None, as_json: AsJson = False) -> None:
    """清单指标：压缩比、可异地办理占比、窗口覆盖、最多跑一次占比。"""
    with agent_at(home, as_json) as agent:
        catalogue, day = agent.registry.catalogue(), today()
        figures = listing.figures(catalogue, day)
        live = [item for item in catalogue.items.values() if item.takes_cases(day)]
        collected = {code for window in catalogue.windows.values() for code in window.may_collect}
        items = [
            (
                item.task_code, item.name, limit_text(item.statutory_limit), limit_text(item.promised_limit),
                decimal(listing.compression(item) * 100) + "%",
            )
            for item in live
        ]  # fmt: skip
        uncovered = sorted(item.task_code for item in live if item.task_code not in collected)
        found = tables.list_rows(figures, items, uncovered)
        value = {"ok": True, "catalogue": catalogue.version, "on": day.isoformat(), "tables": found}
        if out is not None:
            write(found, value, out)
        show(value, as_json, *(table(title, rows) for title, rows in found.items()))


@app.command("ledger")
def of_plan(
    home: Home,
    plan: Annotated[Path, typer.Option("--plan", help="工作计划（CSV：" + "、".join(PLAN) + "）", exists=True)],
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """工作台账：每个事项在每个单位是否按计划开通，以历次发布的清单为准。"""
    with agent_at(home, as_json) as agent:
        lines = ledger(read_plan(plan), list(published(agent)), today())
        rows = tables.ledger_rows(lines)
        told = [line.as_object() for line in lines]
        value = {"ok": True, "ledger": told, "definitions": dict(tables.LEDGER_RULES[1:])}
        if out is not None:
            write({"工作台账": rows, "口径": tables.LEDGER_RULES}, value, out)
        show(value, as_json, table("工作台账", rows), table("口径", tables.LEDGER_RULES))


@app.command("report-in")
def take_report(
    node: Annotated[str, typer.Argument(help="报送单位（节点名）")],
    home: Home,
    schedule: Schedule,
    due: Annotated[datetime, typer.Option("--due", help="应报日期", formats=["%Y-%m-%d"])],
    file: Annotated[Path, typer.Option("--file", help="收到的进度报告，只记摘要", exists=True, dir_okay=False)],
    as_json: AsJson = False,
) -> None:
    """登记收到的进度报告。"""
    with agent_at(home, as_json) as agent:
        reporters = {identity.node_name(one): one for one in reporters_of(agent)}
        if node not in reporters:
            raise Refusal("REPORTER_UNKNOWN", "J01; J02; J03", node=node[:80])
        name = f"{NOTE}{schedule}:{due.date().isoformat()}:{node}"
        if agent.journal.kept(name) is None:  # the first one counts
            told = {"v": 1, "on": today().isoformat(), "digest": canonical.digest(file.read_bytes())}
            agent.journal.keep(name, canonical.encode(told))
        show({"ok": True, "node": node, "due": due.date().isoformat()}, as_json, f"已登记 {node} 的进度报告")


@app.command("report-due")
def owed(
    home: Home,
    schedule: Schedule,
    since: Annotated[datetime, typer.Option("--from", help="从哪天起", formats=["%Y-%m-%d"])],
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """逾期未报或迟报进度的单位。"""
    with agent_at(home, as_json) as agent:
        nodes = [identity.node_name(one) for one in reporters_of(agent)]
        found = overdue(schedule, nodes, received(agent, schedule), since.date(), today())
        rows = tables.owed_rows(found)
        told = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
        value = {"ok": True, "owed": told, "definitions": dict(tables.OWED_RULES[1:])}
        if out is not None:
            write({"逾期报送": rows, "口径": tables.OWED_RULES}, value, out)
        show(value, as_json, table(f"逾期 {len(found)} 次", rows), table("口径", tables.OWED_RULES))


def read_plan(path: Path) -> list[Planned]:
    """The plan in a CSV. Refusals TABLE_ENCODING, TABLE_DAMAGED, PLAN_FORMAT (names the row)."""
    rows = list(csv.DictReader(io.StringIO(text_in(path.read_bytes(), path.name), newline="")))
    made = []
    for number, row in enumerate(rows, 2):
        try:
            code, node, unit, day = (row[name].strip() for name in PLAN)
            made.append(Planned(code, node, unit, date.fromisoformat(DAY.read(day))))
        except (KeyError, ValueError, AttributeError) as error:
            raise Refusal("PLAN_FORMAT", "J04", file=path.name, position=number) from error
    return made


def published(agent: Agent) -> Iterator[Catalogue]:
    """All published lists that are kept here, by position in the registry."""
    for version in agent.registry.directory.publications("catalogue"):
        try:
            yield agent.registry.catalogue(version.version, agent.hub)
        except Refusal as refusal:
            if refusal.code != "DOCUMENT_MISSING":
                raise


def received(agent: Agent, schedule: str) -> dict[tuple[str, date], date]:
    """Day on which the report of (node name, due day) came."""
    found = {}
    for name, value in agent.journal.notes(f"{NOTE}{schedule}:"):
        due, node = name.removeprefix(f"{NOTE}{schedule}:").split(":", 1)
        found[node, date.fromisoformat(due)] = date.fromisoformat(str(canonical.parse(value)["on"]))
    return found


def reporters_of(agent: Agent) -> list[str]:
    """Departments of this node's region subtree (A24), node ids."""
    prefix = region_prefix(identity.node_region(agent.identity.node))
    return [
        record.subject
        for record in agent.registry.directory.nodes("department")
        if identity.node_region(record.subject).startswith(prefix)
    ]

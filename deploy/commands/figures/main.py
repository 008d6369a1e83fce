"""``yidi figures``: what a node can count from its own leaves, or an auditor from evidence packages (J01 to J11).

Invariants:
- counted from verified leaves alone, never from the hub's word; what could not be counted is named;
- definitions are printed with every report; with ``--outside`` small groups are joined (H01);
- figures of persons are for the node's own lead (G12).
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from crypto import canonical, identity
from deploy.catalogue.files import Rows
from deploy.commands.shared.common import AsJson, Home, Staff, agent_at, bar, show
from deploy.figures import tables
from deploy.figures.files import write
from hub.casework.catalogue.model import Catalogue
from hub.casework.figures.people import people
from hub.casework.figures.report import Dimension, report
from hub.casework.figures.tally import Period, overdue_runs
from hub.casework.numbers import credit_code
from node_agent import acts
from node_agent.figures import freeze as freezing
from node_agent.figures.collecting import checkpoint_of, collect
from node_agent.figures.source import ALL, Seen, own_cases, packaged_cases
from node_agent.process.runtime import Agent
from node_agent.supervision import affiliation

app = typer.Typer(no_args_is_help=True, help="统计：业务量、用时、按时率、台账、年度定稿")

Packages = Annotated[
    Path | None,
    typer.Option(
        "--packages", help="证据包所在文件夹，逐件离线核验后统计；不写则统计本节点", exists=True, file_okay=False
    ),
]
Out = Annotated[Path | None, typer.Option("--out", help="存为 .xlsx、.json，或不带后缀的文件夹（CSV）")]
Since = Annotated[datetime | None, typer.Option("--from", help="起始日，缺省为本月 1 日", formats=["%Y-%m-%d"])]
Until = Annotated[datetime | None, typer.Option("--to", help="截止日，计入，缺省为今天", formats=["%Y-%m-%d"])]
LEADS = ("HEAD", "COLLECT_LEAD")
SHOWN = ("合计_业务量", "合计_用时", "合计_按时率", "合计_监督", "合计_在办")


@app.command("report")
def make_report(
    home: Home,
    since: Since = None,
    until: Until = None,
    packages: Packages = None,
    out: Out = None,
    outside: Annotated[bool, typer.Option("--outside", help="对外提供：办件过少的行合并")] = False,
    as_json: AsJson = False,
) -> None:
    """按窗口、部门、事项、地区、月份统计业务量、各环节用时、按时率、监督和在办。"""
    with agent_at(home, as_json) as agent:
        calendar, seen, period = agent.registry.calendar(), Seen(), _period(since, until)
        made = report(_cases(agent, packages)(calendar, seen, ALL), period, calendar)
        document = {**made.document(_scope(agent, packages), outside=outside), "read": _read(seen)}
        found = tables.tables_of(made, partial(_name, agent.registry.catalogue()), outside=outside)
        if out is not None:
            write(found, document, out)
        shown = [table_of(title, rows) for title, rows in found.items() if title in SHOWN or title == "口径"]
        show({"ok": True, "report": document}, as_json, _period_text(period), *shown, *_remarks(seen, out))


@app.command("people")
def make_people(
    home: Home,
    staff: Staff,
    since: Since = None,
    until: Until = None,
    body: Annotated[
        str, typer.Option("--body", help="只列这个派出单位或政务服务中心的人员，统一社会信用代码；用于反馈考核结果")
    ] = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """本单位人员的按时率和发牌情况，含申诉状态、派出单位和中心；只供本单位负责人。"""
    with agent_at(home, as_json) as agent:
        acts.role_of(agent, staff, LEADS)
        calendar, seen, period = agent.registry.calendar(), Seen(), _period(since, until)
        found = people(own_cases(agent, calendar, seen), period, agent.identity.node)
        belong = {who: affiliation.of_person(agent, who) for who in found}
        found = {who: person for who, person in found.items() if not body or belong[who].of(credit_code(body))}
        names = {
            who: (affiliation.body_name(agent, one.home), affiliation.body_name(agent, one.centre))
            for who, one in belong.items()
        }
        rows = tables.people_rows(found, names)
        shown = {who: {**person.as_object(), **belong[who].__dict__} for who, person in found.items()}
        value = {"ok": True, "people": shown, "read": _read(seen)}
        defined = tables.definition_rows()
        if out is not None:
            write({"人员": rows, "口径": defined}, value, out)
        printed = [table_of("人员", rows), table_of("口径", defined)]
        show(value, as_json, _period_text(period), *printed, *_remarks(seen, out))


@app.command("overdue")
def list_overdue(home: Home, packages: Packages = None, out: Out = None, as_json: AsJson = False) -> None:
    """逾期在办件，按业务条线。"""
    with agent_at(home, as_json) as agent:
        calendar, seen, now = agent.registry.calendar(), Seen(), _now()
        catalogue, found = agent.registry.catalogue(), []
        for case in _cases(agent, packages)(calendar, seen, ALL):
            item = catalogue.items.get(case.task_code)
            line, name = (item.business_class or "（未分类）", item.name) if item else ("（未分类）", case.task_code)
            for clock, due in overdue_runs(case, now):
                days = calendar.working_days(date.fromisoformat(due[:10]), date.fromisoformat(now[:10]))
                found.append((line, name, case, clock, due, days))
        rows = tables.overdue_rows(sorted(found, key=lambda one: (one[0], -one[5], one[2].case)))
        told = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
        value = {"ok": True, "overdue": told, "read": _read(seen), "definitions": dict(tables.OVERDUE_RULES[1:])}
        if out is not None:
            write({"逾期": rows, "口径": tables.OVERDUE_RULES}, value, out)
        shown = [table_of(f"逾期 {len(rows) - 1} 条", rows), table_of("口径", tables.OVERDUE_RULES)]
        show(value, as_json, *shown, *_remarks(seen, out))


@app.command("collect")
def collect_packages(
    home: Home,
    out: Annotated[Path, typer.Option("--out", help="放在这个文件夹")],
    as_json: AsJson = False,
) -> None:
    """取本地区全部办件的证据包，供离线统计和定稿（审计、统筹）。"""
    with agent_at(home, as_json, attempts=3) as agent, bar(as_json) as progress:
        task = progress.add_task("取证据包", total=None)
        count = collect(agent, out, lambda done: progress.update(task, completed=done))
        show({"ok": True, "packages": count, "folder": str(out)}, as_json, f"已取 {count} 个证据包，存到 {out}")


@app.command("freeze")
def freeze_year(
    home: Home,
    staff: Staff,
    year: Annotated[int, typer.Option("--year", min=2000, max=2999, help="年度")],
    out: Annotated[Path, typer.Option("--out", help="写到这个文件夹")],
    packages: Packages = None,
    as_json: AsJson = False,
) -> None:
    """年度定稿：按当前检查点统计全年，经办人和节点签名，可由审计人员从日志重新算出。"""
    with agent_at(home, as_json, attempts=3) as agent:
        published = checkpoint_of(packages) if packages else agent.hub.checkpoint()[0]
        frozen = freezing.freeze(agent, year, _cases(agent, packages), _scope(agent, packages), published)
        path = freezing.write(agent, frozen, staff, published, out, year)
        value = {"ok": True, "file": str(path), "digest": frozen.digest, "cases": frozen.seen.cases}
        show(value, as_json, f"{year} 年定稿 {frozen.seen.cases} 件，已存到 {path}", f"摘要 {frozen.digest}")


@app.command("check")
def check_frozen(
    file: Annotated[Path, typer.Argument(help="年度定稿文件", exists=True, dir_okay=False)],
    home: Home,
    packages: Packages = None,
    as_json: AsJson = False,
) -> None:
    """核对年度定稿：从本机日志或证据包重新算一遍，须逐字节相同。"""
    with agent_at(home, as_json) as agent:
        held = freezing.check(agent, file, _cases(agent, packages, freezing.node_of(file)))
        value = {"ok": True, "digest": held.digest, "cases": held.cases, "size": held.size, "signed_by": held.person}
        who = f"{identity.node_name(held.node)}（{held.person.rpartition('/')[2]}）"
        show(value, as_json, f"与日志一致：{held.cases} 件，检查点 {held.size} 条，签名 {who}", f"摘要 {held.digest}")


# --- pieces ----------------------------------------------------------------------------------------------------------


def _cases(agent: Agent, packages: Path | None, node: str = "") -> freezing.Cases:
    """``node``: whose figures an auditor makes again from packages; empty: all that the packages hold."""
    if packages is None:
        return partial(own_cases, agent)
    pins = agent.identity.pins
    return lambda calendar, seen, below: packaged_cases(packages, pins, calendar, seen, below, node)


def _scope(agent: Agent, packages: Path | None) -> Mapping[str, str]:
    """Whose cases: what packages hold stands by the digest over their leaves, whoever counted them."""
    return {"source": "packages"} if packages is not None else {"source": "node", "node": agent.identity.node}


def today() -> date:
    """The legal date now, UTC+8."""
    return date.fromisoformat(_now()[:10])


def _now() -> str:
    return canonical.time_text(datetime.now(UTC))


def _period(since: datetime | None, until: datetime | None) -> Period:
    now = _now()
    first = since.date().isoformat() if since else now[:8] + "01"
    last = until.date().isoformat() if until else now[:10]
    return freezing.period_of(first, last, now)


def _period_text(period: Period) -> str:
    return (
        f"统计期间 {period.since} 至 {period.until}，在办和时限截至 {period.as_of[:16].replace('T', ' ')}（北京时间）"
    )


def _name(catalogue: Catalogue, dimension: Dimension, key: str) -> str:
    if dimension in (Dimension.WINDOW, Dimension.DEPARTMENT):
        return identity.node_name(key)
    if dimension is Dimension.ITEM and key in catalogue.items:
        return catalogue.items[key].name
    theme = catalogue.themes.get(key.split(" ")[0]) if dimension is Dimension.THEME else None
    return " ".join([theme.name, *key.split(" ")[1:]]) if theme else key


def _read(seen: Seen) -> dict[str, object]:
    return {"cases": seen.cases, "digest": seen.digest, "left_out": seen.left_out}


def _remarks(seen: Seen, out: Path | None) -> list[str]:
    said = [f"已核验并统计 {seen.cases} 件"]
    if seen.left_out:
        named = "、".join(sorted(seen.left_out)[:5])
        said.append(f"[yellow]{len(seen.left_out)} 件未通过核验或不完整，未计入：{named}[/yellow]")
    return [*said, *([f"已存到 {out}"] if out else [])]


def table_of(title: str, rows: Rows) -> Table:
    """Rows, header first, as a table for the screen; names are texts of applicants, and no markup."""
    table = Table(*rows[0], title=title, title_justify="left")
    for row in rows[1:]:
        table.add_row(*map(escape, row))
    return table

"""``yidi audit anomalies``: what reached the log later than it happened, of one case or of many (A22, H04)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from crypto.evidence import read
from crypto.evidence.pins import Pins
from crypto.evidence.report import Verdict
from deploy.commands.audit.sources import AnyHome, PinsFile, package_of, pins_of
from deploy.commands.audit.tables import plain_table, short_name
from deploy.commands.shared.common import AsJson, bar, minute, refusals, show
from node_agent.auditor.__main__ import STATUS
from node_agent.auditor.anomalies import LateRow, late_rows, sorted_rows
from node_agent.auditor.verify import audit

app = typer.Typer(no_args_is_help=True)
Targets = Annotated[
    list[str],
    typer.Argument(metavar="FILE|FOLDER|CASE...", help="证据包文件、证据包所在文件夹或者办件编号，可以几个"),
]
WORST = (Verdict.INVALID, Verdict.INDETERMINATE)


@app.command("anomalies")
def list_late(targets: Targets, pins: PinsFile = None, home: AnyHome = None, as_json: AsJson = False) -> None:
    """迟录清单：补录的和签名后一天以上才入日志的，按相差时间排列；核验不是“有效”的证据包不列，另行写明。"""
    rows: list[LateRow] = []
    left: dict[str, Verdict] = {}
    with refusals(as_json), bar(as_json) as progress:
        trusted, names = pins_of(pins, home), list(_each(targets))
        for name in progress.track(names, description="核验证据包"):
            found, verdict = _read(name, trusted, home)
            rows += found
            if verdict is not Verdict.VALID:
                left[name] = verdict
    verdict = next((one for one in WORST if one in left.values()), Verdict.VALID)
    listed, read_well = sorted_rows(rows), len(names) - len(left)
    value = {
        "ok": verdict is Verdict.VALID,
        "packages": read_well,
        "late": [row.as_object() for row in listed],
        "left_out": {name: one.value for name, one in left.items()},
    }
    words = f"核验有效的证据包 {read_well} 个，迟录 {len(listed)} 条"
    unread = [f"[red]没有列入[/red]：{escape(name)}，核验 {one.value}" for name, one in left.items()]
    show(value, as_json, *([_table(listed)] if listed else []), words, *unread)
    raise typer.Exit(STATUS[verdict])


def _each(targets: list[str]) -> Iterator[str]:
    """Packages one by one: a folder stands for those in it."""
    for target in targets:
        folder = Path(target)
        if folder.is_dir():
            yield from (str(path) for path in sorted(folder.glob("*.zip")))
        else:
            yield target


def _read(target: str, trusted: Pins, home: Path | None) -> tuple[list[LateRow], Verdict]:
    """What came late in one package; nothing of a package that is not valid."""
    package = package_of(target, home)
    verdict = audit(package, trusted).verdict
    if verdict is not Verdict.VALID:
        return [], verdict
    return list(late_rows(read.readable(read.read(package).leaves))), verdict


def _table(rows: list[LateRow]) -> Table:
    table = plain_table("迟录（时间为北京时间，UTC+8）", "相差", "环节和原因", "时间", "机构和人员", "办件")
    for row in rows:
        staff, second = (who.rsplit("/", 1)[-1] for who in (row.person, row.second))
        times = {"发生": row.happened_at, "录入": row.entered_at, "登记": row.recorded_at}
        people = (short_name(row.node), f"经办 {staff}", f"核对 {second}" if second else "")
        table.add_row(
            _apart(row.minutes),
            f"{row.word}\n{row.cause_word}",
            "\n".join(f"{word} {minute(at)}" for word, at in times.items()),
            "\n".join(filter(None, people)),
            row.case[:12],
        )
    return table


def _apart(minutes: int) -> str:
    days, rest = divmod(minutes, 24 * 60)
    return f"{days} 天 {rest // 60} 小时" if days else f"{rest // 60} 小时 {rest % 60} 分"

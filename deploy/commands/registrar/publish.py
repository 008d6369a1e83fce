"""``yidi registrar publish-catalogue|publish-calendar``: new versions of list and calendar (D08, D09; states.md 9).

Invariants:
- what is compared with is the newest published version, fetched by the digest that the registrar's own replay names;
- a list with errors, or one that lets an item or a window vanish without approval, is not published (D09);
- what goes out of service goes with a list of its open cases, made by the coordinator for this very version: the
  registrar itself sees no cases (A24).
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from crypto import canonical
from crypto.canonical import CHINA
from crypto.directory import Directory
from crypto.refusal import Refusal
from deploy.catalogue import files, report
from deploy.commands.registrar.administrators import SYSTEM
from deploy.commands.registrar.seat import Seat, seated
from deploy.commands.shared.common import EXIT_REFUSED, show
from deploy.registrar.voice import submit
from hub.casework.catalogue import changes, lint
from hub.casework.numbers import region_prefix
from hub.casework.states import State
from hub.casework.time.calendar import WorkCalendar
from node_agent.client.hub import HubClient

app = typer.Typer(no_args_is_help=True)
LIST = "catalogue"
CALENDAR = "calendar"
Gone = tuple[str, str, str]
"""``items`` or ``windows``, code or node, ISO date."""
_OF_CASE = {"case", "case_no", "task_code", "window", "state"}
_REGION = re.compile(r"[0-9]{12}")


@app.command("publish-catalogue")
@seated(SYSTEM)
def publish_catalogue(
    seat: Seat,
    source: Annotated[Path, typer.Argument(metavar="FILE", help="事项清单 .json", exists=True, dir_okay=False)],
    open_cases: Annotated[
        list[Path] | None,
        typer.Option(
            "--open-cases",
            help="在办件名单，由 yidi coord open-cases 写出；涉及几个区域就写几份",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
) -> None:
    """发布新一版事项清单：先检查，再与现行版比较；撤回事项、窗口须有批准文号和在办件名单。"""
    document = files.json_object(source)
    with seat.hub() as client:
        before = _newest(client, seat.directory, LIST)
        found = [*lint.findings(document)]
        if not any(line.severity == "ERROR" for line in report.told(found, document)) and before is not None:
            found += changes.unlawful(before, document)
        _require_sound(report.told(found, document), seat.as_json)
        gone = changes.withdrawn(before, document) if before is not None else []
        listed = _require_listed(gone, before, document, open_cases or []) if before is not None else []
        data = canonical.encode(document)
        envelope = seat.registrar.publish(LIST, document["version"], data, document["effective_from"])
        index = submit(client, envelope, (data,))
    value = {"ok": True, "kind": LIST, "version": document["version"], "index": index, "withdrawn": gone}
    table = Table("办件", "事项", "收件窗口", "状态", title=f"撤回 {len(gone)} 项，在办 {len(listed)} 件")
    for one in listed:
        table.add_row(*(str(one[name]) for name in ("case_no", "task_code", "window", "state")))
    told = f"已发布事项清单 {document['version']}，{document['effective_from']} 起生效，日志第 {index} 条"
    seat.show({**value, "open_cases": listed}, told, *((table,) if gone else ()))


@app.command("publish-calendar")
@seated(SYSTEM)
def publish_calendar(
    seat: Seat,
    source: Annotated[Path, typer.Argument(metavar="FILE", help="工作日历 .json", exists=True, dir_okay=False)],
    start: Annotated[str, typer.Option("--from", help="生效日期，不写为今天")] = "",
) -> None:
    """发布新一版工作日历：已经告知的期限只会按新日历重算，不会短于告知的日期。"""
    data = canonical.encode(files.json_object(source))
    version = WorkCalendar.from_document(json.loads(data)).version
    day = start or datetime.now(CHINA).date().isoformat()
    index = seat.submit(seat.registrar.publish(CALENDAR, version, data, day), (data,))
    value = {"ok": True, "kind": CALENDAR, "version": version, "index": index}
    seat.show(value, f"已发布工作日历 {version}，{day} 起生效，日志第 {index} 条")


def _newest(client: HubClient, directory: Directory, kind: str) -> dict[str, Any] | None:
    """The newest published document, held against the digest in the log; None before the first."""
    known = directory.publications(kind)
    if not known:
        return None
    data = client.published(kind, known[-1].version)
    if canonical.digest(data) != known[-1].document:
        raise Refusal("DOCUMENT_MISSING", "D08; promise 4", kind=kind, version=known[-1].version)
    return dict(canonical.parse(data))


def _require_sound(told: list[report.Told], as_json: bool) -> None:
    errors = [line for line in told if line.severity == "ERROR"]
    if not errors:
        return
    table = Table("代码", "位置", "问题", "怎么办", title=f"不能发布：{len(errors)} 处")
    for line in errors:
        table.add_row(line.code, escape(line.place), f"{line.rule}{escape(line.value)}", line.way_out)
    plain = [{"code": line.code, "place": line.place, "value": line.value} for line in errors]
    show({"ok": False, "errors": plain}, as_json, table)
    raise typer.Exit(EXIT_REFUSED)


def _require_listed(
    gone: list[Gone], before: Mapping[str, Any], document: Mapping[str, Any], paths: Sequence[Path]
) -> list[dict[str, str]]:
    """D09: the open cases of what goes out of service, from a coordinator of every region that it lies in.

    Refusals OPEN_CASES_UNLISTED, OPEN_CASES_REGION, those of ``_cases_in``.
    """
    if not gone:
        return []
    if not paths:
        raise Refusal("OPEN_CASES_UNLISTED", "D09", withdrawn="、".join(code for _, code, _ in gone))
    regions: list[str] = []
    cases: dict[str, dict[str, str]] = {}
    for path in paths:
        region, found = _cases_in(path, gone, document)
        regions.append(region)
        cases |= {one["case"]: one for one in found}
    for name, code, _ in gone:
        at = _region_of(before, name, code)
        if not any(at.startswith(region_prefix(region)) for region in regions):
            raise Refusal("OPEN_CASES_REGION", "D09; A24", withdrawn=code, region=at)
    return list(cases.values())


def _cases_in(path: Path, gone: list[Gone], document: Mapping[str, Any]) -> tuple[str, list[dict[str, str]]]:
    """Region and cases of a coordinator's list for this version. Refusals OPEN_CASES_OTHER, OPEN_CASES_FORM."""
    listed = files.json_object(path)
    version = canonical.digest(canonical.encode(document))
    if (listed.get("catalogue"), listed.get("withdrawn")) != (version, [list(one) for one in gone]):
        raise Refusal("OPEN_CASES_OTHER", "D09", version=document["version"])
    region, cases, codes = listed.get("region"), listed.get("cases"), {code for _, code, _ in gone}
    known = isinstance(region, str) and _REGION.fullmatch(region) is not None
    if not known or not isinstance(cases, list) or not all(_is_case(one, codes) for one in cases):
        raise Refusal("OPEN_CASES_FORM", "D09", file=path.name)
    return str(region), cases


def _is_case(one: object, codes: set[str]) -> bool:
    """Whether it is a case as ``yidi coord open-cases`` writes it, and belongs to what goes."""
    if not isinstance(one, dict) or one.keys() != _OF_CASE or not all(isinstance(value, str) for value in one.values()):
        return False
    return one["state"] in set(State) and bool({one["task_code"], one["window"]} & codes)


def _region_of(before: Mapping[str, Any], name: str, code: str) -> str:
    """Where an item's body or a window lies (12 digits)."""
    if name == "windows":
        return next(str(window["region"]) for window in before[name] if window["node"] == code)
    return next(str(item["implementing_body"]["region"]) for item in before[name] if item["task_code"] == code)

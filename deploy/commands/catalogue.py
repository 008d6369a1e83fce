"""``yidi catalogue …``: the keepers of a list check it, read it in from tables, write it out and compare versions.

Invariants: works on files alone, no node and no hub; nothing is written unless all of it was right; every finding of a
run is told, and exit code 1 says that at least one stops the publication.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from crypto.canonical import CHINA
from crypto.refusal import Refusal
from deploy.catalogue import document as tables
from deploy.catalogue import files, public, report, themes
from deploy.commands.shared.common import EXIT_REFUSED, AsJson, refusal_object, refusal_text, refusals, show
from hub.casework.catalogue import changes, lint, listing, situations, uniformity
from hub.casework.catalogue.model import load_catalogue

app = typer.Typer(no_args_is_help=True, help="事项清单：检查、导入、导出、比较、情形、一件事")

Lists = Annotated[list[Path], typer.Argument(metavar="FILE…", help="清单：.json、.xlsx 或表格文件夹", exists=True)]
OneList = Annotated[Path, typer.Argument(metavar="FILE", help="清单：.json、.xlsx 或表格文件夹", exists=True)]
Target = Annotated[Path, typer.Argument(metavar="OUT", help="写到哪里：.json、.xlsx，或表格文件夹")]
Encoding = Annotated[str, typer.Option("--encoding", help="表格文件的编码：utf-8-sig 或 gb18030")]
On = Annotated[str, typer.Option("--on", help="哪一天（如 2026-11-22），不写为今天")]
Region = Annotated[str | None, typer.Option("--region", help="只要这一地区的，12 位区划代码")]

ENCODINGS = ("utf-8-sig", "gb18030")
LONGEST_VALUE = 60


@app.command("lint")
def check(paths: Lists, as_json: AsJson = False) -> None:
    """检查：一次列出全部问题；多份清单一起检查时，三级四同、四级四同跨文件比对。"""
    with refusals(as_json):
        documents = {str(path): _read(path, as_json) for path in paths}
        told = {name: report.told(lint.findings(document), document) for name, document in documents.items()}
        if len(documents) > 1:
            told["全部文件"] = _across(documents, told)
        _finish_told(told, as_json)


@app.command("import")
def take_in(source: OneList, out: Target, as_json: AsJson = False) -> None:
    """导入：表格变成清单（.json），检查无误才写出。"""
    with refusals(as_json):
        document = _read(source, as_json)
        told = report.told(lint.findings(document), document)
        if any(line.severity == "ERROR" for line in told):
            _finish_told({str(source): told}, as_json)
        files.write_json(document, out)
        value = {"ok": True, "file": str(out), "items": len(document["items"]), "warnings": len(told)}
        words = f"已导入 {len(document['items'])} 个事项：{out}（提醒 {len(told)} 条，可用 yidi catalogue lint 查看）"
        show(value, as_json, words)


@app.command()
def export(
    source: OneList,
    out: Target,
    for_public: Annotated[bool, typer.Option("--public", help="只出可异地办理的事项，供公布")] = False,
    region: Region = None,
    on: On = "",
    encoding: Encoding = "utf-8-sig",
    as_json: AsJson = False,
) -> None:
    """导出：整份清单成表格（再导入得到同一份）；--public 导出可异地办理事项的公布清单（.json、.csv、.xlsx）。"""
    with refusals(as_json):
        document = _read(source, as_json)
        _require_encoding(encoding)
        if for_public:
            listed = public.public_list(load_catalogue(document), document, _day(on), region)
            _write_public(listed, out, encoding)
            count = len(listed["items"])
        else:
            _write_whole(document, out, encoding)
            count = len(document["items"])
        show({"ok": True, "file": str(out), "count": count}, as_json, f"已导出 {count} 条：{out}")


@app.command()
def template(out: Target, encoding: Encoding = "utf-8-sig", as_json: AsJson = False) -> None:
    """模板：空表和填写说明。"""
    with refusals(as_json):
        _require_encoding(encoding)
        if out.suffix.lower() == ".json":
            raise Refusal("TABLE_FORMAT", "requirements D06", file=out.name)
        made = tables.template()
        files.write_tables(made, out, encoding)
        show({"ok": True, "file": str(out), "tables": list(made)}, as_json, f"已写出 {len(made)} 张表：{out}")


@app.command()
def diff(before: OneList, after: OneList, as_json: AsJson = False) -> None:
    """比较两版：逐项列出增、删、改；未经批准撤回的事项和窗口报错。"""
    with refusals(as_json):
        old, new = _read(before, as_json), _read(after, as_json)
        _require_shape(old, new)
        found = changes.changes(old, new)
        unlawful = report.told(changes.unlawful(old, new), old)
        names = {"ADDED": "新增", "REMOVED": "删除", "CHANGED": "修改"}
        table = Table("变动", "位置", "原来", "现在", title=f"{len(found)} 处变动")
        for one in found:
            table.add_row(names[one.kind], escape(one.where), _brief(one.before), _brief(one.after))
        value = {
            "ok": not unlawful,
            "changes": [_plain(one) for one in found],
            "errors": [_plain(line) for line in unlawful],
        }
        show(value, as_json, table, *(_line(line) for line in unlawful))
        if unlawful:
            raise typer.Exit(EXIT_REFUSED)


@app.command()
def materials(
    source: OneList,
    task_code: Annotated[str, typer.Argument(help="实施编码，31 位")],
    answer: Annotated[list[str] | None, typer.Option("--answer", help="情形回答，如 S1=YES，可多次")] = None,
    as_json: AsJson = False,
) -> None:
    """情形：按回答列出要交的材料；没有答完的，给出下一题。"""
    with refusals(as_json):
        item = load_catalogue(_read(source, as_json)).item(task_code)
        answers = dict(_pair(text) for text in answer or [])
        asked = situations.next_question(item, answers)
        if asked is not None:
            choices = [{"code": code, "text": text} for code, text in asked.choices]
            value = {"ok": True, "question": {"code": asked.code, "text": asked.question, "choices": choices}}
            words = "\n".join(f"  --answer {asked.code}={code}  {text}" for code, text in asked.choices)
            show(value, as_json, f"{asked.question}\n{words}")
            return
        found = situations.materials_for(item, answers)
        table = Table("编码", "材料", "主要", title=f"{item.name}：{len(found)} 份材料")
        for material in found:
            table.add_row(material.code, material.name, "是" if material.key else "否")
        listed = [{"code": material.code, "name": material.name, "key": material.key} for material in found]
        show({"ok": True, "materials": listed}, as_json, table)


@app.command()
def figures(source: OneList, on: On = "", as_json: AsJson = False) -> None:
    """指标：可异地办理率、有窗口率、最多跑一次率、即办件、各部门时限压缩率。"""
    with refusals(as_json):
        found = listing.figures(load_catalogue(_read(source, as_json)), _day(on))
        shares = {
            "routable": ("可异地办理（目标 90%）", found.routable),
            "with_window": ("有窗口可收", found.with_window),
            "one_visit": ("最多跑一次、零跑动", found.one_visit),
            "instant": ("即办件", found.instant),
        }
        table = Table("指标", "事项数", "占比", title=f"在办事项 {found.items} 个")
        for words, count in shares.values():
            table.add_row(words, str(count), _percent(count, found.items))
        limits = Table("实施主体", "时限压缩", title="承诺时限比法定时限")
        for body, share in found.compression.items():
            limits.add_row(body, f"{float(share):.0%}")
        counts = {name: count for name, (_, count) in shares.items()}
        shortened = {body: round(share * 100) for body, share in found.compression.items()}
        value = {"ok": True, "items": found.items, **counts, "compression_percent": shortened}
        show(value, as_json, table, limits)


@app.command("themes")
def list_themes(
    source: Annotated[Path | None, typer.Argument(metavar="LIST", help="一件事名单 .csv，不写为江津区两批名单")] = None,
    bodies: Annotated[Path | None, typer.Option("--departments", help="部门对照表 .csv，不写为江津区的")] = None,
    as_json: AsJson = False,
) -> None:
    """一件事名单：按对照表把部门写法换成代码，列出牵头、配合和要注意的地方。"""
    with refusals(as_json):
        known = themes.departments(bodies) if bodies else themes.departments()
        made = themes.listed_themes(source or themes.SEED / "jiangjin_themes.csv", known)
        document = {"departments": known, "themes": made}
        told = report.told(lint.of_themes(known, made), document)
        names = {entry["code"]: entry["name"] for entry in known}
        table = Table("编码", "一件事", "牵头", "配合", title=f"{len(made)} 个“一件事”")
        for one in made:
            units = "、".join(names[code] for code in one["cooperating"]) or "—"
            table.add_row(one["code"], one["name"], names[one["lead"]], units)
        value = {"ok": True, **document, "findings": [_plain(line) for line in told]}
        show(value, as_json, table, *(_line(line) for line in told))


@app.command("theme-guide")
def theme_guide(
    source: OneList,
    code: Annotated[str, typer.Argument(help="一件事编码")],
    as_json: AsJson = False,
) -> None:
    """一件事办事指南：由实施方案生成，供公布。"""
    with refusals(as_json):
        catalogue = load_catalogue(_read(source, as_json))
        theme = catalogue.theme(code)
        if theme.plan is None:
            raise Refusal("THEME_NOT_LIVE", "requirements B15", theme=code, name=theme.name)
        names = {body.code: body.name for body in catalogue.departments.values()}
        text = themes.guide_text(theme, theme.plan, names)
        show({"ok": True, "theme": code, "guide": text}, as_json, escape(text))


# --- pieces --------------------------------------------------------------------------------------------------------


def _read(path: Path, as_json: bool) -> dict[str, Any]:
    """The document; all wrong cells are shown at once, and end the command."""
    document, problems = files.read_list(path)
    if not problems:
        return document
    table = Table("表", "行", "列", "问题", title=f"{path.name}：{len(problems)} 处不能导入")
    for problem in problems:
        told = problem.values
        words = refusal_text(problem).replace("\n", " ")
        table.add_row(told.get("table", ""), told.get("row", ""), told.get("column", ""), escape(words))
    show({"ok": False, "problems": [refusal_object(problem) for problem in problems]}, as_json, table)
    raise typer.Exit(EXIT_REFUSED)


def _finish_told(told: Mapping[str, Sequence[report.Told]], as_json: bool) -> None:
    """Shows all findings of all files; ends with exit code 1 when one of them is an error."""
    errors = sum(line.severity == "ERROR" for lines in told.values() for line in lines)
    warnings = sum(len(lines) for lines in told.values()) - errors
    value = {
        "ok": not errors,
        "errors": errors,
        "warnings": warnings,
        "files": {name: [_plain(line) for line in lines] for name, lines in told.items()},
    }
    words = [
        f"[bold]{escape(name)}[/bold]\n" + "\n".join(_line(line) for line in lines) for name, lines in told.items()
    ]
    colour = "red" if errors else "green"
    show(value, as_json, *words, f"[{colour}]错误 {errors} 处，提醒 {warnings} 处[/{colour}]")
    if errors:
        raise typer.Exit(EXIT_REFUSED)


def _across(documents: Mapping[str, Mapping[str, Any]], told: Mapping[str, Sequence[report.Told]]) -> list[report.Told]:
    """Differences between levels that only several lists together show (D04, D05)."""
    sound = [item for document in documents.values() for item in lint.sound_items(document)]
    seen = {(line.code, line.value) for lines in told.values() for line in lines}
    whole = {"items": sound}
    return [line for line in report.told(uniformity.differences(sound), whole) if (line.code, line.value) not in seen]


def _line(line: report.Told) -> str:
    word, colour = ("错误", "red") if line.severity == "ERROR" else ("提醒", "yellow")
    value = f"{escape(line.value)}。" if line.value else ""
    return f"[{colour}]{word}[/{colour}] {line.code} {escape(line.place)}：{line.rule}{value}{line.way_out}"


def _plain(one: Any) -> dict[str, Any]:
    return {name: getattr(one, name) for name in one.__slots__}


def _brief(value: Any) -> str:
    text = "—" if value is None else str(value)
    return escape(text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…")


def _percent(count: int, whole: int) -> str:
    return f"{count / whole:.0%}" if whole else "—"


def _day(text: str) -> date:
    """A day of the command line. Refusal CELL_VALUE."""
    if not text:
        return datetime.now(UTC).astimezone(CHINA).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refusal("CELL_VALUE", "standards.md 6", column="--on", value=text[:20], allowed="日期") from None


def _pair(text: str) -> tuple[str, str]:
    code, sign, choice = text.partition("=")
    if not sign:
        raise Refusal("SITUATION_UNKNOWN", "requirements B16", situation=text[:40])
    return code.strip(), choice.strip()


def _require_encoding(encoding: str) -> None:
    if encoding not in ENCODINGS:
        allowed = "、".join(ENCODINGS)
        raise Refusal("CELL_VALUE", "requirements 12.10", column="--encoding", value=encoding[:20], allowed=allowed)


def _require_shape(*documents: Mapping[str, Any]) -> None:
    """Versions are compared entry by entry, so both must load. Refusal CATALOGUE_BREACHES."""
    for document in documents:
        load_catalogue(document)


def _write_whole(document: Mapping[str, Any], out: Path, encoding: str) -> None:
    if out.suffix.lower() == ".json":
        files.write_json(document, out)
    else:
        files.write_tables(tables.sheets_of(document), out, encoding)


def _write_public(listed: Mapping[str, Any], out: Path, encoding: str) -> None:
    kind = out.suffix.lower()
    rows = [[tables.guarded(cell) for cell in row] for row in public.public_rows(listed)]
    if kind == ".json":
        files.write_json(listed, out)
    elif kind == ".csv":
        files.write_csv(rows, out, encoding)
    elif kind == ".xlsx":
        files.write_tables({"可异地办理事项": rows}, out)
    else:
        raise Refusal("TABLE_FORMAT", "requirements D16", file=out.name)

"""Government lists of themes (一件事) read in: printed names become codes once, and only here.

Invariants:
- a body is found in the table of departments or refused, never guessed (requirements, end of section 2);
- rows that announce the same theme with the same bodies in two lists are one theme in both lists (出生一件事); themes
  that differ in name only stay two, for names are no keys (结婚登记一件事, 结婚一件事).
"""

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from crypto.refusal import Refusal
from deploy.catalogue.decode import text_in
from deploy.catalogue.public import limit_text
from hub.casework.catalogue.themes import DepartmentTable, Plan, Theme, department_in

SEED: Final = Path(__file__).parent / "seed"
COLUMNS: Final = ("list_no", "list_name", "seq", "applicant_type", "theme_name", "lead_department", "cooperating_units")
_APPLICANTS: Final = {"自然人": "NATURAL_PERSON", "法人": "LEGAL_PERSON", "": ""}
RULE: Final = "requirements B01, B02; section 2, data"


def departments(path: Path = SEED / "jiangjin_departments.csv") -> list[dict[str, Any]]:
    """The table of departments: entries of ``departments`` in a document."""
    return [row | {"aliases": row["aliases"].split("；")} for row in _rows(path, ("code", "name", "region", "aliases"))]


def listed_themes(path: Path, known: Iterable[Mapping[str, Any]], prefix: str = "JJ") -> list[dict[str, Any]]:
    """The themes of a list, as entries of ``themes`` with status LISTED. ``known``: entries of ``departments``.

    Refusals: TABLE_ENCODING, TABLE_DAMAGED, TABLE_FILE, COLUMN_MISSING, CELL_VALUE, DEPARTMENT_UNKNOWN,
    DEPARTMENT_AMBIGUOUS.
    """
    table = DepartmentTable(department_in(entry) for entry in known)
    made: dict[tuple[object, ...], dict[str, Any]] = {}
    for number, row in enumerate(_rows(path, COLUMNS), start=2):
        theme = _theme(row, number, table, prefix)
        same = (theme["name"], theme["lead"], frozenset(theme["cooperating"]))
        if same in made:
            made[same]["lists"] += theme["lists"]
            made[same]["applicant"] = made[same]["applicant"] or theme["applicant"]
        else:
            made[same] = theme
    return list(made.values())


def _theme(row: Mapping[str, str], number: int, table: DepartmentTable, prefix: str) -> dict[str, Any]:
    told = {"table": "一件事", "row": number}
    if row["applicant_type"] not in _APPLICANTS:
        allowed = "自然人、法人"
        raise Refusal("CELL_VALUE", RULE, **told, column="类型", value=row["applicant_type"][:20], allowed=allowed)
    if not (row["list_no"].isdecimal() and row["seq"].isdecimal()):
        raise Refusal("CELL_VALUE", RULE, **told, column="序号", value=row["seq"][:20], allowed="整数")
    units = [name for name in row["cooperating_units"].split(";") if name.strip()]
    return {
        "code": f"{prefix}-{row['list_no']}-{int(row['seq']):02}",
        "name": row["theme_name"],
        "status": "LISTED",
        "applicant": _APPLICANTS[row["applicant_type"]],
        "lists": [{"list": row["list_name"], "seq": int(row["seq"])}],
        "lead": table.code_of(row["lead_department"]),
        "cooperating": [table.code_of(name) for name in units],
        "rating": True,
    }


def _rows(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    """Rows of a list with these columns; further ones are left alone (a remark of the copyist)."""
    text = text_in(path.read_bytes(), path.name)
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except csv.Error:
        raise Refusal("TABLE_FILE", RULE, file=path.name) from None
    header = rows[0] if rows else []
    for name in columns:
        if name not in header:
            raise Refusal("COLUMN_MISSING", RULE, table=path.name, column=name)
    made = []
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(header):
            raise Refusal("ROW_LENGTH", RULE, table=path.name, row=number)
        cells = dict(zip(header, row, strict=True))
        made.append({name: cells[name].strip() for name in columns})
    return made


def guide_text(theme: Theme, plan: Plan, names: Mapping[str, str]) -> str:
    """The guide of the whole matter, made from its plan, to be published (B15). ``names``: code → name of a body."""
    order = {part.code: number for number, part in enumerate(plan.parts, start=1)}
    units = "、".join(names.get(code, code) for code in theme.cooperating) or "无"
    lines = [
        f"# {theme.name} 办事指南",
        f"方案版本：{plan.version}　牵头部门：{names.get(theme.lead, theme.lead)}　配合单位：{units}",
        "## 一次告知：办理条件",
        plan.texts["conditions"],
        "## 一张材料清单",
        *(f"{number}. {material.name}" for number, material in enumerate(plan.materials, start=1)),
        "## 一张申请表",
        *(f"- {field.label}" for field in plan.form),
        "## 一窗受理",
        "、".join(sorted(plan.windows)),
        "## 办理流程",
        plan.texts["procedure"],
    ]
    for part in plan.parts:
        waits = "、".join(str(order[code]) for code in part.after if code in order)
        kind = "征求意见" if part.kind == "CONSULTATION" else "审批"
        body = names.get(part.department, part.department)
        lines.append(f"{order[part.code]}. {body}（{kind}）" + (f"，在第 {waits} 步之后" if waits else ""))
    lines += [
        "## 办理时限",
        f"承诺 {limit_text(plan.promised_limit)}，法定 {plan.statutory_days} 个工作日",
        "## 一次办成：统一出件",
        plan.exit_node,
        "## 一键评价",
        "办结后请对流程、窗口、人员作一次评价。帮办代办不收费。",
    ]
    return "\n".join(lines) + "\n"

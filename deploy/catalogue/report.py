"""Findings of the check as staff read them: severity, place, rule, value, way out.

Invariant: every code that the check can find has a text, its own or that of the refusal of the same name.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from deploy.catalogue import words
from deploy.catalogue.tables import TABLES
from hub.casework.catalogue.lint import WARNINGS
from hub.casework.catalogue.shape import Breach
from hub.casework.messages import MESSAGES
from hub.casework.messages.lint import FINDINGS

_LISTS: Final = {
    "items": "事项",
    "queues": "队列",
    "windows": "窗口",
    "agreements": "协议",
    "places": "节点",
    "departments": "部门",
    "themes": "一件事",
}
_INNER: Final = {
    "materials": "材料",
    "situations": "情形",
    "special_procedures": "特别程序",
    "may_collect": "可收事项",
    "parts": "子事项",
    "form": "表单",
    "plan": "实施方案",
    "guide": "指南",
    "supplements": "本地补充",
    "modes": "操作指南",
    "rule_groups": "规则",
    "implementing_body": "实施主体",
    "conditions": "审批条件",
    "procedure": "办理流程",
    "items": "事项范围",
}
_STEP: Final = re.compile(r"([^.\[\]]+)(?:\[([^\]]*)\])?")


@dataclass(frozen=True, slots=True)
class Told:
    """One finding in words. ``severity``: ERROR stops a publication, WARNING does not."""

    severity: str
    code: str
    where: str
    place: str
    rule: str
    value: str
    way_out: str


def told(found: Iterable[Breach], document: Mapping[str, Any]) -> list[Told]:
    """Findings in words, errors first, otherwise in their order."""
    names = _names(document)
    lines = []
    for breach in found:
        message = FINDINGS.get(breach.code) or MESSAGES[breach.code]
        severity = "WARNING" if breach.code in WARNINGS else "ERROR"
        place = place_text(breach.where, names)
        lines.append(Told(severity, breach.code, breach.where, place, message.rule, breach.detail, message.way_out))
    return sorted(lines, key=lambda line: line.severity != "ERROR")


def place_text(where: str, names: Mapping[str, str]) -> str:
    """A path such as ``items[code].materials[M01]`` in words; ``names``: codes → names that people know."""
    parts = []
    for depth, (step, inside) in enumerate(_STEP.findall(where)):
        word = (_LISTS if not depth else _INNER).get(step) or words.RULE_GROUPS.get(step) or _COLUMNS.get(step) or step
        shown = f"第 {int(inside) + 1} 条" if inside.isdecimal() and len(inside) < 6 else inside
        named = f"{names[inside]}（{inside}）" if inside in names else shown
        parts.append(f"{word} {named}".strip())
    return " · ".join(parts) or "整份清单"


_COLUMNS: Final = {column.path[-1]: column.title for table in TABLES for column in table.columns if table.member}
"""Last member of a path → title of its column; where two tables share one, the last table's."""


def _names(document: Mapping[str, Any]) -> dict[str, str]:
    """Names of items, departments and themes by their codes, as far as the document has the right shape."""
    found = {}
    for name, member in (("items", "task_code"), ("departments", "code"), ("themes", "code")):
        entries = document.get(name, [])
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict) and isinstance(entry.get("name"), str) and isinstance(entry.get(member), str):
                found[entry[member]] = entry["name"]
    return found

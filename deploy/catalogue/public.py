"""The list as it is published for everybody: what can be handled elsewhere, per region (requirements D10, D16).

Invariant: codes, names of items and bodies, limits, fees, windows; nothing of a person stands in a list of items.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from deploy.catalogue import words
from hub.casework.catalogue.listing import Routable, guide_digest, guide_reference, routable
from hub.casework.catalogue.model import Catalogue, Limit

HEADER: Final = (
    *("办理地区划", "事项名称", "实施编码", "实施主体", "办件类型", "通办范围", "办理方式", "法定时限", "承诺时限"),
    *("收费", "标签", "可收窗口", "材料", "监督举报方式", "指南版本", "指南摘要"),
)


def public_list(
    catalogue: Catalogue, document: Mapping[str, Any], on: date, region: str | None = None
) -> dict[str, Any]:
    """The public list for programs. ``region``: 12 digits, only places in it or below it."""
    entries = {entry["task_code"]: entry for entry in document["items"]}
    return {
        "v": 1,
        "catalogue": catalogue.version,
        "on": on.isoformat(),
        "items": [_entry(one, entries[one.item.task_code]) for one in routable(catalogue, on, region)],
    }


def public_rows(listed: Mapping[str, Any]) -> list[list[str]]:
    """The same for people, header first."""
    rows = [list(HEADER)]
    for entry in listed["items"]:
        rows.append(
            [
                entry["region"],
                entry["name"],
                entry["task_code"],
                entry["body"],
                words.CASE_TYPES[entry["case_type"]],
                _joined(entry["scope"], words.SCOPES),
                _joined(entry["modes"], words.MODES),
                entry["statutory_limit"],
                entry["promised_limit"],
                entry["fees"],
                _joined(entry["tags"], words.TAGS),
                "、".join(entry["windows"]),
                "\n".join(entry["materials"]),
                entry["complaint_channel"],
                entry["guide"],
                entry["guide_digest"],
            ]
        )
    return rows


def _entry(one: Routable, written: Mapping[str, Any]) -> dict[str, Any]:
    item = one.item
    return {
        "region": one.region,
        "name": item.name,
        "task_code": item.task_code,
        "body": item.implementing_body.name,
        "case_type": item.case_type,
        "scope": _ordered(item.scope, words.SCOPES),
        "modes": _ordered(item.modes, words.MODES),
        "online_first": item.online_first,
        "statutory_limit": limit_text(item.statutory_limit),
        "promised_limit": limit_text(item.promised_limit),
        "fees": item.fees,
        "tags": _ordered(item.tags, words.TAGS),
        "windows": list(one.windows),
        "materials": [material.name for material in item.materials],
        "complaint_channel": item.complaint_channel,
        "guide": guide_reference(item),
        "guide_digest": guide_digest(item, written),
    }


def limit_text(limit: Limit) -> str:
    """``5 个工作日``."""
    unit = words.UNITS[limit.unit.value]
    return f"{limit.n} {unit}" if unit == "小时" else f"{limit.n} 个{unit}"


def _ordered(codes: frozenset[str], order: Mapping[str, str]) -> list[str]:
    return [code for code in order if code in codes]


def _joined(codes: list[str], meanings: Mapping[str, str]) -> str:
    return "、".join(meanings[code] for code in codes)

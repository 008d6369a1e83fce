"""三级四同, 四级四同 (requirements D04, D05): one basic code means one name, code, legal basis and type at every level.

Invariant: every differing value is told with the codes of the items that have it, so both sides can be held together.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from hub.casework.catalogue.shape import Breach, Rows

ELEMENTS: Final = {"name": "名称", "legal_basis": "依据", "item_type": "类型"}
"""Member → Chinese word. The fourth, the code, is what the items are brought together by; see ``differences``."""
LEVELS: Final = {
    "1": "国家级",
    "2": "省级",
    "3": "市级",
    "4": "县级",
    "5": "乡镇街道",
    "6": "村社区",
    "7": "分级管理",
}


def differences(items: Iterable[Mapping[str, Any]]) -> Rows:
    """UNIFORM_NAME, UNIFORM_LEGAL_BASIS, UNIFORM_ITEM_TYPE for a basic code whose items differ.

    The code itself: an item whose basic code does not stand in its 31 characters is TASK_CODE_PARTS already, and the
    same name, basis and type under two basic codes is UNIFORM_CODE.
    """
    by_code: dict[str, list[Mapping[str, Any]]] = {}
    by_content: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for item in items:
        by_code.setdefault(item["catalog_code"], []).append(item)
        by_content.setdefault(tuple(item[member] for member in ELEMENTS), []).append(item)
    for code, same in by_code.items():
        for member, word in ELEMENTS.items():
            if len({item[member] for item in same}) > 1:
                name = f"UNIFORM_{member.upper()}"
                yield Breach(
                    name, f"items[{same[0]['task_code']}]", f"{code}: {member} differs", _told(same, member, word)
                )
    for same in by_content.values():
        if len({item["catalog_code"] for item in same}) > 1:
            told = _told(same, "catalog_code", "基本编码")
            yield Breach("UNIFORM_CODE", f"items[{same[0]['task_code']}]", "one item under two basic codes", told)


def _told(same: list[Mapping[str, Any]], member: str, word: str) -> str:
    """Each value with the levels and bodies that have it, the most frequent first."""
    holders: dict[str, list[str]] = {}
    for item in same:
        level = LEVELS.get(item["level"], item["level"])
        holders.setdefault(item[member], []).append(f"{level} {item['implementing_body']['name']}")
    told = sorted(holders.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    return f"{word}：" + "；".join(f"“{value or '（空）'}”见于{'、'.join(who)}" for value, who in told)

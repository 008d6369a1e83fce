"""What one cell of a table may hold: a text for people on one side, a value of the document on the other.

Invariants: ``read(write(value)) == value``; ``read`` raises ValueError with what is allowed, in Chinese.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

_SEPARATORS: Final = re.compile(r"[；;、，,\s]+")
_SPAN: Final = re.compile(r"(\d\d:\d\d)\s*[-–—~至]\s*(\d\d:\d\d)")


@dataclass(frozen=True, slots=True)
class Kind:
    """How a cell is read and written. ``exact``: a workbook must hold it as text, since a number loses digits."""

    read: Callable[[str], Any]
    write: Callable[[Any], str]
    exact: bool = True


def _number(text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,9}", text):
        raise ValueError("整数")
    return int(text)


def _day(text: str) -> str:
    found = re.fullmatch(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", text)
    try:
        if found:
            return date(int(found[1]), int(found[2]), int(found[3])).isoformat()
    except ValueError:
        pass
    raise ValueError("日期，如 2026-11-22")


def _flag(text: str) -> bool:
    if text not in ("是", "否"):
        raise ValueError("是、否")
    return text == "是"


def words(meanings: Mapping[str, str]) -> Kind:
    """One of a closed list, as the Chinese word or the code; written as the word. ``meanings``: code → word."""
    codes = {word: code for code, word in meanings.items()} | {code: code for code in meanings}

    def read(text: str) -> str:
        if text not in codes:
            raise ValueError("、".join(meanings.values()))
        return codes[text]

    return Kind(read, lambda value: meanings.get(value, str(value)))


def many_words(meanings: Mapping[str, str]) -> Kind:
    """Several of a closed list."""
    one = words(meanings)
    return Kind(
        lambda text: [one.read(part) for part in _SEPARATORS.split(text) if part],
        lambda value: "；".join(one.write(part) for part in value),
    )


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


def _spans(text: str) -> list[list[str]]:
    found = [list(span) for span in _SPAN.findall(text)]
    if _SEPARATORS.sub("", _SPAN.sub("", text)):
        raise ValueError("时段，如 09:00-12:00；13:00-17:00")
    return found


def _spans_text(value: list[list[str]]) -> str:
    return "；".join(f"{first}-{last}" for first, last in value)


def _by_key(text: str) -> dict[str, list[list[str]]]:
    """Lines of ``key=spans``; ``休`` for closed."""
    made = {}
    for line in _lines(text):
        key, sign, spans = line.partition("=")
        if not sign:
            raise ValueError("每行一条，如 6=09:00-12:00，全天关闭写 2026-10-01=休")
        made[key.strip()] = [] if spans.strip() == "休" else _spans(spans)
    return made


def _by_key_text(value: Mapping[str, list[list[str]]]) -> str:
    return "\n".join(f"{key}={_spans_text(spans) or '休'}" for key, spans in value.items())


def _ranges(text: str) -> list[dict[str, str]]:
    made = []
    for line in _lines(text.replace("；", "\n").replace(";", "\n")):
        first, sign, last = line.partition("至")
        if not sign:
            raise ValueError("日期段，如 2026-06-01至2026-08-31")
        made.append({"from": _day(first.strip()), "to": _day(last.strip())})
    return made


def _pairs(text: str) -> list[dict[str, Any]]:
    made = []
    for line in _lines(text):
        name, sign, number = line.rpartition("#")
        if not sign:
            raise ValueError("每行一条，如 第一批清单#3")
        made.append({"list": name.strip(), "seq": _number(number.strip())})
    return made


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("标准文本（JSON）") from None


def _condition(text: str) -> Any:
    """``S1=YES``, several joined by 且 or by 或, never both; anything deeper as JSON."""
    if text.startswith("{"):
        return _json(text)
    if "且" in text and "或" in text:
        raise ValueError("条件，如 S1=YES 且 S2=A,B；且、或混用的写成标准文本（JSON）")
    for word, kind in (("且", "all"), ("或", "any")):
        if word in text:
            return {kind: [_answer(part) for part in text.split(word)]}
    return _answer(text)


def _answer(text: str) -> dict[str, Any]:
    code, sign, choices = text.partition("=")
    wanted = [choice for choice in _SEPARATORS.split(choices.strip()) if choice]
    if not sign or not code.strip() or not wanted:
        raise ValueError("条件，如 S1=YES 或 S1=A,B")
    return {"situation": code.strip(), "is": wanted}


def _condition_text(value: Any) -> str:
    if "situation" in value:
        text = f"{value['situation']}={','.join(value['is'])}"
    else:
        ((kind, parts),) = value.items()
        text = (" 且 " if kind == "all" else " 或 ").join(_condition_text(part) for part in parts)
    try:
        return text if _condition(text) == value else _json_text(value)
    except ValueError:
        return _json_text(value)


def _json_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


TEXT: Final = Kind(str, str)
NUMBER: Final = Kind(_number, str, exact=False)
DAY: Final = Kind(_day, str, exact=False)
FLAG: Final = Kind(_flag, lambda value: "是" if value else "否")
CODES: Final = Kind(
    lambda text: [part for part in _SEPARATORS.split(text) if part],
    lambda value: "；".join(value),
)
LINES: Final = Kind(_lines, lambda value: "\n".join(value))
WEEKDAYS: Final = Kind(
    lambda text: [_number(part) for part in _SEPARATORS.split(text) if part],
    lambda value: "、".join(map(str, value)),
)
SPANS: Final = Kind(_spans, _spans_text)
SPANS_BY_KEY: Final = Kind(_by_key, _by_key_text)
RANGES: Final = Kind(_ranges, lambda value: "\n".join(f"{one['from']}至{one['to']}" for one in value))
LISTED: Final = Kind(_pairs, lambda value: "\n".join(f"{one['list']}#{one['seq']}" for one in value))
CONDITION: Final = Kind(_condition, _condition_text)
JSON: Final = Kind(_json, _json_text)

"""Every refusal of the product has a text for staff: rule, value, way out."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from crypto.directory import REGISTRY_TYPES
from crypto.records import NODE_ROLES, PERSON_ROLES
from crypto.refusal import Refusal
from hub.casework import messages, reasons
from hub.casework.access.guards import PURPOSES
from hub.casework.delivery.guards import METHODS
from hub.casework.messages.words.labels import LABELS
from hub.casework.messages.words.shown import shown
from hub.casework.states import CHINESE, State
from hub.casework.table import ROWS
from hub.casework.time.clock_table import CLOCKS

ROOT = Path(__file__).resolve().parents[3]
ROOMS = ("crypto", "storage", "hub", "node_agent", "deploy")
CODE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")
MOST_COLUMNS = 60
"""A sentence longer than this does not fit into one line of the counter's page."""


@dataclass(frozen=True)
class Site:
    """One place that raises: codes possible there, names of the values (None: more names than can be read)."""

    where: str
    codes: frozenset[str]
    values: frozenset[str] | None


@cache
def _sites() -> tuple[Site, ...]:
    return tuple(
        site
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
        for site in _sites_of(path.relative_to(ROOT), ast.parse(path.read_text()))
    )


def _sites_of(path: Path, tree: ast.Module) -> Iterator[Site]:
    named = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)} | {
        target.id: node
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        if getattr(call.func, "id", getattr(call.func, "attr", "")) != "Refusal" or not call.args:
            continue
        around = [found for found in functions if found.lineno <= call.lineno <= (found.end_lineno or 0)]
        codes = _codes(call.args[0], around[-1:], named)
        yield Site(f"{path}:{call.lineno}", frozenset(codes), _values(call, around[-1:]))


def _codes(code: ast.expr, around: Sequence[ast.AST], named: Mapping[str, ast.AST]) -> set[str]:
    """A constant; else every code that stands in the function, or in what the expression names."""
    if isinstance(code, ast.Constant):
        return {str(code.value)}
    mentioned = [named[node.id] for node in ast.walk(code) if isinstance(node, ast.Name) and node.id in named]
    return {
        node.value
        for part in [code, *around, *mentioned]
        for node in ast.walk(part)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value)
    }


def _values(call: ast.Call, around: Sequence[ast.AST]) -> frozenset[str] | None:
    names: set[str] = set()
    for keyword in call.keywords:
        if keyword.arg is not None:
            names.add(keyword.arg)
            continue
        found = _dict_named(keyword.value, around)
        if found is None:
            return None
        names |= {str(key.value) for key in found.keys if isinstance(key, ast.Constant)}
    return frozenset(names)


def _dict_named(value: ast.expr, around: Sequence[ast.AST]) -> ast.Dict | None:
    for part in around:
        for node in ast.walk(part):
            if (
                isinstance(node, ast.Assign)
                and isinstance(value, ast.Name)
                and isinstance(node.value, ast.Dict)
                and any(isinstance(target, ast.Name) and target.id == value.id for target in node.targets)
            ):
                return node.value
    return None


def test_the_collector_finds_the_codes_of_every_room() -> None:
    rooms = {site.where.split("/")[0] for site in _sites() if site.codes}
    assert rooms == set(ROOMS)
    assert {"STREAM_UNREADABLE", "STORE_DENIED", "KEY_REVOKED"} <= {code for site in _sites() for code in site.codes}


def test_every_code_has_a_message() -> None:
    missing = {code: site.where for site in _sites() for code in sorted(site.codes) if code not in messages.MESSAGES}
    assert missing == {}


def test_no_message_names_a_value_that_its_refusal_does_not_carry() -> None:
    carried: dict[str, set[str]] = defaultdict(set)
    for site in _sites():
        for code in site.codes:
            carried[code] |= set(LABELS) if site.values is None else site.values
    wrong = {
        code: sorted(set(message.shows) - carried[code])
        for code, message in messages.MESSAGES.items()
        if code in carried and set(message.shows) - carried[code]
    }
    assert wrong == {}


@pytest.mark.parametrize("code", sorted(messages.MESSAGES))
def test_a_message_is_three_short_parts_fit_to_be_read_out(code: str) -> None:
    message = messages.MESSAGES[code]
    assert CODE.fullmatch(code) or code == "INTERNAL"
    for sentence in (message.rule, message.way_out):
        assert sentence.endswith("。") and len(sentence) <= MOST_COLUMNS
        assert not re.search(r"[{}%]|\bNone\b|[a-z]{3,}", sentence), "no placeholders, no English"
    assert all(name in LABELS for name in message.shows)
    values = dict.fromkeys(message.shows, "1234567")
    lines = messages.render(Refusal(code, "a rule", **values)).splitlines()
    assert lines[0] == message.rule and lines[-1] == message.way_out
    assert len(lines) == (3 if message.shows else 2)


def test_values_are_filled_in_with_the_words_of_the_trade() -> None:
    refusal = Refusal("STATE_FORBIDS", "states.md T14", event="accept", state="COLLECTED")
    assert messages.render(refusal).splitlines()[1] == "办理环节：受理；当前状态：已收件。"


def test_a_missing_or_empty_value_leaves_no_hole() -> None:
    refusal = Refusal("ITEM_NOT_COLLECTABLE", "A18", window="fengdu-window", nearest="", nearest_region="")
    assert messages.render(refusal).splitlines()[1] == "窗口：fengdu-window。"
    assert len(messages.render(Refusal("ITEM_NOT_COLLECTABLE", "A18")).splitlines()) == 2


def test_an_unknown_code_says_nothing_of_the_inside() -> None:
    text = messages.render(Refusal("SECRET_ENGINE_FAULT", "inner rule", table="secret_table", key="deadbeef"))
    assert text.splitlines() == [messages.UNKNOWN.rule, messages.UNKNOWN.way_out]


@pytest.mark.parametrize(
    "name, value, said",
    [
        ("occurred_at", "2026-11-21T20:00:00.000+08:00", "2026-11-21 20:00:00"),
        ("node", "spiffe://yidi.test/360102000000/donghu-scjg", "donghu-scjg"),
        ("person", "spiffe://yidi.test/360102000000/donghu-scjg/person/A01", "A01"),
        ("size", str(3 << 20), "3.0 MB"),
        ("bytes", "12", "12 字节"),
        ("case", "ab" * 16, "abababababab…"),
        ("role", "department,window", "受理部门、收件窗口"),
        ("event", "not-an-event", "not-an-event"),
    ],
)
def test_values_are_shown_as_a_clerk_reads_them(name: str, value: str, said: str) -> None:
    assert shown(name, value) == said


def test_every_event_role_state_clock_and_method_has_its_word() -> None:
    assert {row.event for row in ROWS} | REGISTRY_TYPES <= set(messages.EVENTS)
    assert set(messages.ROLES) == NODE_ROLES | PERSON_ROLES
    assert set(CHINESE) == set(State)
    assert set(messages.CLOCKS) == set(CLOCKS)
    assert set(messages.DELIVERY) == METHODS
    assert tuple(messages.PURPOSES) == PURPOSES
    words = [*messages.EVENTS.values(), *messages.ROLES.values(), *CHINESE.values()]
    assert all(re.search(r"[\u4e00-\u9fff]", word) for word in words)


def test_every_code_of_a_closed_list_has_one_word() -> None:
    """Screens, notices and papers take the words of ``hub.casework.reasons``; a list is never spelt out twice."""
    lists = {name: value for name, value in vars(reasons).items() if name.isupper() and isinstance(value, dict)}
    assert len(lists) >= 14
    for name, words in lists.items():
        assert words and len(set(words.values())) == len(words), name
        for code, word in words.items():
            assert CODE.fullmatch(code) or code.isalnum()
            assert re.search(r"[\u4e00-\u9fff]", word) and not re.search(r"[a-z]{3,}", word)
    assert shown("reason", "NOT_OUR_POWER").startswith("依法不属于本机关职权范围")
    assert shown("defect", "UNREADABLE,MISSING") == "字迹或影像不清，无法辨认、缺少这份材料"
    assert shown("cause", "SILENT") == "逾一个工作日未签收"


def test_two_events_never_share_a_word() -> None:
    assert len(set(messages.EVENTS.values())) == len(messages.EVENTS)
    assert messages.event_name("withdraw") == "撤回"
    assert messages.event_name("from_the_future") == "from_the_future"

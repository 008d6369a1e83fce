"""The check of a list finds what is planted, and exactly that; its texts are Chinese, with place and way out."""

import ast
import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.catalogue.report import told
from hub.casework.catalogue.lint import RULE_GROUPS, WARNINGS, breaches, findings
from hub.casework.catalogue.shape import TABLES
from hub.casework.messages import MESSAGES
from hub.casework.messages.lint import FINDINGS
from tests.unit.law.catalogue_world import (
    APPROVAL,
    BODY,
    DONGHU,
    LEAD,
    THIRD,
    UNIT,
    XIHU,
    Document,
    item,
    limit,
    material,
    queue,
    sound,
    task,
    window,
)

Edit = Callable[[Document], object]
ROOT = Path(__file__).resolve().parents[3]
WITHDRAWAL = {"reason": "机构改革", "from": "2026-11-01"}


def first(**changes: Any) -> Edit:
    """Of the rich item."""
    return lambda document: document["items"][0].update(changes)


def second(**changes: Any) -> Edit:
    """Of a plain item that is alone under its basic code."""
    return lambda document: document["items"][3].update(changes)


def line(code: str, **changes: Any) -> Edit:
    """Of a material of the rich item."""
    return lambda document: next(one for one in document["items"][0]["materials"] if one["code"] == code).update(
        changes
    )


def hall(**changes: Any) -> Edit:
    """Of the first window."""
    return lambda document: document["windows"][0].update(changes)


def plan(**changes: Any) -> Edit:
    """Of the theme's plan."""
    return lambda document: document["themes"][0]["plan"].update(changes)


def part(number: int, **changes: Any) -> Edit:
    """Of one part of the theme."""
    return lambda document: document["themes"][0]["plan"]["parts"][number].update(changes)


def theme(**changes: Any) -> Edit:
    """Of the theme."""
    return lambda document: document["themes"][0].update(changes)


def add(name: str, *entries: Document) -> Edit:
    """Further entries of a list."""
    return lambda document: document[name].extend(entries)


def agreement(**changes: Any) -> Edit:
    """Of the agreement."""
    return lambda document: document["agreements"][0].update(changes)


def ask(**changes: Any) -> Edit:
    """Of the second question of the rich item."""
    return lambda document: document["items"][0]["situations"][1].update(changes)


def unit(**changes: Any) -> Edit:
    """Of the item that another level has too."""
    return lambda document: document["items"][2].update(changes)


# code, what plants it, requirement
PLANTED: list[tuple[str, Edit, str]] = [
    ("UNIFORM_NAME", unit(name="户外广告设置备案"), "D04"),
    ("UNIFORM_LEGAL_BASIS", unit(legal_basis="另一依据"), "D05"),
    ("UNIFORM_ITEM_TYPE", unit(item_type="10"), "D04"),
    ("UNIFORM_CODE", lambda document: document["items"][1].update(name="排水许可", task_code=task(2)) or
        document["items"][2].update(name="排水许可"), "D04"),
    ("ITEM_TYPE_REFUSED", second(item_type="06"), "A23"),
    ("PROMISE_TOO_LONG", second(promised_limit=limit(21)), "C01"),
    ("PROMISE_NOT_SHORTER", second(promised_limit=limit(20)), "C01"),
    ("INSTANT_SPECIAL", lambda document: document["items"][4].update(
        special_procedures=[{"kind": "HEARING", "stops_clock": True}]), "C03"),
    ("INSTANT_PROMISE", lambda document: document["items"][4].update(promised_limit=limit(2)), "C02"),
    ("SCOPE_ORDER", first(scope=["NATIONAL", "IN_PROVINCE"]), "A11"),
    ("DATES_ORDER", second(effective_to="2025-12-31"), "D08"),
    ("IN_PERSON_ONLINE", second(modes=["PROXY_COLLECT", "ONLINE"]), "A01"),
    ("ONLINE_MISSING", second(in_person_required=False), "A02"),
    ("RULE_GROUP_MISSING", second(rule_groups=dict.fromkeys(RULE_GROUPS[1:], "见办事指南")), "D15"),
    ("LEGAL_BASIS_MISSING", line("M02", legal_basis=" "), "D18"),
    ("CLOCK_STOP_BASIS", second(special_procedures=[{"kind": "SITE_VISIT", "stops_clock": True}]), "C03"),
    ("MATERIAL_TWICE", lambda document: document["items"][3]["materials"].append(material("M01", "章程")), "D12"),
    ("MATERIAL_CATCH_ALL", line("M02", name="法律法规规定的其他材料"), "D12"),
    ("MATERIAL_CATCH_ALL", line("M02", name="身份证等材料"), "D12"),
    ("MATERIAL_COVERED_BY", line("M05", covered_by=[]), "D19"),
    ("COVERED_BY_UNKNOWN", line("M05", covered_by=["M05"]), "D19"),
    ("TOLERANCE_KEY", line("M04", key=True), "D19"),
    ("TOLERANCE_DAYS", line("M04", allowance={"tolerance": "REVOCABLE", "days": 0, "commitment": True}), "D19"),
    ("COMMITMENT_DIFFERS", line("M04", acquisition=["SUBMIT"]), "D19"),
    ("SITUATION_TWICE", lambda document: document["items"][0]["situations"].append(
        {"code": "S2", "question": "再问一次"}), "B16"),
    ("SITUATION_CHOICES", ask(choices=[{"code": "YES", "text": "是"}]), "B16"),
    ("SITUATION_ORDER", ask(when={"situation": "S2", "is": ["YES"]}), "B16"),
    ("SITUATION_CHOICE_UNKNOWN", ask(when={"situation": "S1", "is": ["LEGAL", "MAYBE"]}), "B16"),
    ("SITUATION_UNUSED", lambda document: document["items"][0]["situations"].append(
        {"code": "S3", "question": "还有别的吗"}), "B16"),
    ("TAG_INSTANT", second(tags=["INSTANT"]), "D10"),
    ("TAG_ZERO_VISIT", second(tags=["ZERO_VISIT"]), "D10"),
    ("MODE_GUIDE_UNKNOWN", lambda document: document["items"][0]["guide"]["modes"].update(ONLINE="网上办"), "A26"),
    ("MODE_GUIDE_MISSING", lambda document: document["items"][0]["guide"]["modes"].update(PROXY_COLLECT=" "), "A26"),
    ("REGION_CODE", lambda document: document["items"][0]["guide"]["supplements"][0].update(region="360102"), "D07"),
    ("ASSISTED_FEE", first(assisted_fee=500), "B17"),
    ("WITHDRAWAL_APPROVAL", second(withdrawal=WITHDRAWAL), "D09"),
    ("WITHDRAWAL_APPROVAL", hall(withdrawal=WITHDRAWAL), "D09"),
    ("SUSPENDED_REASON", second(status="SUSPENDED"), "D09"),
    ("EXCLUSION_APPROVAL", lambda document: document["items"][7].update(
        exclusion={"kind": "EXEMPT"}), "A23"),
    ("EXCLUDED_ROUTED", add("queues", queue(7)), "A23"),
    ("EXCLUDED_ROUTED", lambda document: document["windows"][0]["may_collect"].append(task(7)), "A23"),
    ("ITEM_NO_QUEUE", lambda document: document["queues"].pop(4), "J07"),
    ("ITEM_NO_WINDOW", lambda document: document["windows"][1]["may_collect"].remove(task(4)), "D25"),
    ("CROSS_PROVINCE_UNUSABLE", lambda document: document["agreements"].clear(), "A12"),
    ("QUEUE_UNKNOWN_ITEM", add("queues", queue(9)), "D01"),
    ("QUEUE_AMBIGUOUS", add("queues", queue(1, node="donghu-other")), "D01"),
    ("QUEUE_NOT_BODY", add("queues", queue(6, XIHU, "xihu-spj", body=UNIT)), "D02"),
    ("NODE_NOT_EMPOWERED", lambda document: document["places"][2].update(may_accept=[]), "A16"),
    ("WINDOW_TWICE", lambda document: document["windows"].append(window("yubei-hall", XIHU)), "A18"),
    ("WINDOW_UNKNOWN_ITEM", lambda document: document["windows"][0]["may_collect"].append(task(9)), "A18"),
    ("WINDOW_POWER", hall(powers=["COLLECT", "ISSUE", "DECIDE"]), "D23"),
    ("SEASON_ORDER", hall(seasons=[{"from": "2026-09-01", "to": "2026-08-01"}]), "D23"),
    ("AGREEMENT_TWICE", lambda document: document["agreements"].append(document["agreements"][0] | {"a": XIHU}), "A12"),
    ("AGREEMENT_PARTIES", agreement(a="donghu-spj"), "A12"),
    ("AGREEMENT_UNKNOWN_ITEM", agreement(items=[task(3), task(9)]), "A12"),
    ("AGREEMENT_SCOPE", agreement(items=[task(3), task(4)]), "A12"),
    ("DATES_ORDER", agreement(to="2025-12-31"), "A12"),
    ("PLACE_TWICE", add("places", {"node": "gaoxin", "kind": "PARK", "region": XIHU, "parent": "jiangxi"}), "A15"),
    ("PLACE_PARENT", lambda document: document["places"][1].update(parent="nowhere"), "A15"),
    ("FIELD_UNKNOWN", second(widthdrawal=WITHDRAWAL), "D08"),
    ("DEPARTMENT_TWICE", lambda document: document["departments"].append(
        document["departments"][0] | {"name": "另名", "aliases": ["区市监局"]}), "B02"),
    ("DEPARTMENT_NAME_TWICE", add("departments",
        {"code": THIRD, "name": "区市场监管局", "region": "500112000000", "aliases": ["章贡"]}), "B02"),
    ("CREDIT_CODE_CHECK", add("departments",
        {"code": "91310000MA1FL4DL6H", "name": "某局", "region": DONGHU, "aliases": ["某"]}), "B02"),
    ("THEME_NO_PLAN", lambda document: document["themes"][0].pop("plan"), "B03"),
    ("THEME_RATING", theme(rating=False), "B01"),
    ("THEME_LEAD_TWICE", theme(cooperating=[UNIT, LEAD]), "B02"),
    ("THEME_UNIT_TWICE", theme(cooperating=[UNIT, UNIT]), "B02"),
    ("THEME_TWICE", lambda document: document["themes"].append(
        {**document["themes"][0], "name": "另一件事"}), "B03"),
    ("THEME_ELEMENT_MISSING", plan(conditions=" "), "B03"),
    ("THEME_ELEMENT_MISSING", plan(form=[]), "B05"),
    ("THEME_EXIT", plan(exit_node=""), "B01"),
    ("THEME_EXIT", plan(exit_node="xihu-hall"), "B07"),
    ("THEME_EXIT_POWER", lambda document: next(
        window for window in document["windows"] if window["node"] == "yubei-hall").update(powers=["COLLECT"]), "F09"),
    ("THEME_WINDOWS", plan(windows=[]), "B18"),
    ("THEME_WINDOW_UNKNOWN", plan(windows=["yubei-hall", "nowhere"]), "B18"),
    ("ASSISTED_FEE", plan(assisted_fee=1), "B17"),
    ("THEME_CORE", part(1, core=True), "B12"),
    ("THEME_CORE", part(0, core=False), "B12"),
    ("THEME_PROMISE_SHORT", plan(promised_limit=limit(12)), "B03"),
    ("THEME_PROMISE_SHORT", plan(promised_limit=limit(13, "NATURAL_DAY")), "B03"),
    ("PROMISE_TOO_LONG", plan(promised_limit=limit(46)), "C01"),
    ("THEME_STATUTORY", plan(statutory_days=60), "B03"),
    ("THEME_ORDER_UNKNOWN", part(1, after=["P1", "P9"]), "B03"),
    ("THEME_MATERIAL_UNKNOWN", lambda document: document["themes"][0]["plan"]["materials"].append(
        {"code": "T03", "name": "章程", "serves": {"P1": "M09"}}), "B05"),
    ("THEME_MATERIAL_MISSING", lambda document: document["themes"][0]["plan"]["materials"][0].update(
        serves={"P1": "M02"}), "B05"),
    ("THEME_MATERIAL_TWICE", lambda document: document["themes"][0]["plan"]["materials"].append(
        {"code": "T03", "name": "身份证", "serves": {"P1": "M02"}}), "B05"),
    ("THEME_MATERIAL_REPEATED", lambda document: document["themes"][0]["plan"]["materials"].append(
        {"code": "T03", "name": "申请书", "serves": {}}), "B05"),
    ("THEME_LINE_TWICE", lambda document: document["themes"][0]["plan"]["form"].append(
        {"code": "F01", "label": "地址", "maps": {}}), "B05"),
    ("THEME_LINE_PART", lambda document: document["themes"][0]["plan"]["form"].append(
        {"code": "F02", "label": "地址", "maps": {"P9": "address"}}), "B05"),
]  # fmt: skip


def test_the_list_of_the_tests_has_no_finding() -> None:
    assert findings(sound()) == []


@pytest.mark.parametrize(
    "code, edit",
    [pytest.param(code, edit, marks=pytest.mark.requirement(row)) for code, edit, row in PLANTED],
)
def test_what_is_planted_is_found_and_nothing_else(code: str, edit: Edit) -> None:
    document = sound()
    edit(document)
    found = findings(document)
    assert [breach.code for breach in found] == [code]
    assert (breaches(document) == []) == (code in WARNINGS)
    (line,) = told(found, document)
    assert line.place and line.rule.endswith("。") and line.way_out.endswith("。")
    assert line.severity == ("WARNING" if code in WARNINGS else "ERROR")


@pytest.mark.requirement("B16")
@pytest.mark.parametrize("choice", [["x"], {"a": 1}, 1, None, ""])
def test_a_choice_that_is_no_text_is_found_and_never_raises(choice: object) -> None:
    """The hub reads a list inside a batch of others: an error there would stop them all."""
    document = sound()
    document["items"][0]["situations"][1]["when"] = {"situation": "S1", "is": ["LEGAL", choice]}
    assert "FIELD_VALUE" in [breach.code for breach in breaches(document)]


@pytest.mark.requirement("B02", "B12", "D02")
@pytest.mark.parametrize(
    "edit, codes",
    [
        (part(0, department=UNIT), {"THEME_PART_BODY", "THEME_CORE_LEAD"}),
        (part(0, department=THIRD), {"THEME_PART_BODY", "THEME_DEPARTMENT", "THEME_CORE_LEAD"}),
        (part(0, task_code=task(9)), {"THEME_PART_ITEM"}),
        (part(0, after=["P3"]), {"THEME_CIRCLE"}),
        (part(2, code="P1"), {"THEME_PART_TWICE"}),
        (theme(lead=UNIT, cooperating=[LEAD]), {"THEME_CORE_LEAD"}),
        (theme(cooperating=[UNIT, BODY]), {"THEME_DEPARTMENT_UNKNOWN", "THEME_UNIT_IDLE"}),
        (plan(parts=[], materials=[], form=[]), {"THEME_ELEMENT_MISSING"}),
    ],
)
def test_a_theme_that_is_wrong_in_several_ways(edit: Edit, codes: set[str]) -> None:
    document = sound()
    edit(document)
    assert codes <= {breach.code for breach in findings(document)}


@pytest.mark.requirement("B02")
def test_a_cooperating_unit_without_a_part_is_told() -> None:
    document = sound()
    document["departments"].append({"code": THIRD, "name": "章贡区社保局", "region": DONGHU, "aliases": ["章贡"]})
    document["themes"][0]["cooperating"].append(THIRD)
    assert [breach.code for breach in findings(document)] == ["THEME_UNIT_IDLE"]


@pytest.mark.requirement("B02")
def test_a_theme_that_is_only_listed_needs_no_plan_and_no_units() -> None:
    document = sound()
    listed = {name: value for name, value in document["themes"][0].items() if name != "plan"}
    document["themes"].append(listed | {"code": "JJ-1-09", "name": "我要开花店", "status": "LISTED", "cooperating": []})
    assert findings(document) == []


@pytest.mark.requirement("D04", "D05")
def test_differences_between_levels_are_printed_with_both_sides() -> None:
    document = sound()
    document["items"].append(item(2, "户外广告登记", body=LEAD, level="2"))
    (found,) = [one for one in findings(document) if one.code == "UNIFORM_NAME"]
    (line,) = told([found], document)
    assert "“户外广告备案”见于县级 测试区审批局、市级 测试区审批局" in line.value
    assert "“户外广告登记”见于省级 测试区审批局" in line.value


@settings(max_examples=30)
@given(st.sets(st.integers(0, len(PLANTED) - 1), min_size=1, max_size=6))
def test_several_planted_faults_are_all_found_in_one_run(chosen: set[int]) -> None:
    """Faults of different entries do not hide each other; those that undo each other's ground are left out."""
    document = sound()
    expected: set[str] = set()
    for number in sorted(chosen):
        code, edit, _ = PLANTED[number]
        trial = copy.deepcopy(document)
        try:
            edit(trial)
        except (IndexError, KeyError, ValueError):
            continue
        now = {breach.code for breach in findings(trial)}
        if expected | {code} <= now:
            document, expected = trial, expected | {code}
    found = {breach.code for breach in findings(document)}
    assert expected <= found
    assert all(told(findings(document), document))


@given(st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
), st.sampled_from([*sorted(TABLES), "version"]))  # fmt: skip
def test_the_check_never_raises_whatever_stands_in_the_document(rubbish: Any, name: str) -> None:
    document = sound()
    document[name] = [*document[name], rubbish] if isinstance(document[name], list) else rubbish
    for line in told(findings(document), document):
        assert line.rule and line.way_out


@pytest.mark.parametrize("path", sorted((ROOT / "hub/casework/catalogue").glob("*.py")), ids=lambda path: path.stem)
def test_every_code_of_the_check_has_a_text(path: Path) -> None:
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    named = [call for call in calls if getattr(call.func, "id", "") == "Breach" and call.args]
    codes = {str(call.args[0].value) for call in named if isinstance(call.args[0], ast.Constant)}
    assert codes <= FINDINGS.keys() | MESSAGES.keys()


@pytest.mark.parametrize("code", sorted(FINDINGS))
def test_a_text_of_the_check_is_two_short_chinese_sentences(code: str) -> None:
    for sentence in (FINDINGS[code].rule, FINDINGS[code].way_out):
        assert sentence.endswith("。") and len(sentence) <= 60
        assert not re.search(r"[{}%]|[a-z]{3,}", sentence)


def test_a_withdrawal_with_approval_is_no_finding() -> None:
    document = sound()
    document["items"][3].update(status="SUSPENDED", withdrawal=WITHDRAWAL | {"approval": APPROVAL})
    assert findings(document) == []

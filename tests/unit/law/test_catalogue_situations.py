"""Situations: exact questions that select materials; no answer ever adds one."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.refusal import Refusal
from hub.casework.catalogue.lint import findings
from hub.casework.catalogue.model import Item
from hub.casework.catalogue.read import item_in
from hub.casework.catalogue.situations import holds, materials_for, next_question
from tests.unit.law.catalogue_world import item, loaded, material, sound, task

pytestmark = pytest.mark.requirement("B16")
RICH = loaded().item(task(1))
QUESTIONS = 4
CHOICES = ("A", "B", "C")


def codes(item: Item, answers: dict[str, str]) -> list[str]:
    return [material.code for material in materials_for(item, answers)]


@pytest.mark.parametrize(
    "answers, wanted",
    [
        ({"S1": "NATURAL"}, ["M01", "M02", "M05"]),
        ({"S1": "LEGAL", "S2": "NO"}, ["M01", "M02", "M03", "M05"]),
        ({"S1": "LEGAL", "S2": "YES"}, ["M01", "M02", "M03", "M04", "M05"]),
    ],
)
def test_answers_select_the_materials(answers: dict[str, str], wanted: list[str]) -> None:
    assert codes(RICH, answers) == wanted


@pytest.mark.parametrize(
    "answers, code",
    [
        ({}, "SITUATION_OPEN"),
        ({"S1": "LEGAL"}, "SITUATION_OPEN"),
        ({"S1": "OTHER"}, "SITUATION_CHOICE"),
        ({"S1": "NATURAL", "S2": "YES"}, "SITUATION_UNKNOWN"),
        ({"S1": "NATURAL", "S9": "YES"}, "SITUATION_UNKNOWN"),
    ],
)
def test_answers_are_just_those_that_are_asked(answers: dict[str, str], code: str) -> None:
    with pytest.raises(Refusal) as no:
        materials_for(RICH, answers)
    assert no.value.code == code


def test_one_question_after_the_other() -> None:
    asked = next_question(RICH, {})
    assert asked is not None and asked.code == "S1"
    then = next_question(RICH, {"S1": "LEGAL"})
    assert then is not None and then.choices == (("YES", "是"), ("NO", "否"))
    assert next_question(RICH, {"S1": "NATURAL"}) is None


def test_an_item_without_questions_asks_for_its_whole_list() -> None:
    plain = loaded().item(task(3))
    assert codes(plain, {}) == ["M01"]


def conditions(most: int) -> st.SearchStrategy[dict[str, Any]]:
    """Conditions on the first ``most`` questions."""
    leaf = st.builds(
        lambda number, choices: {"situation": f"S{number}", "is": sorted(choices)},
        st.integers(0, most - 1),
        st.sets(st.sampled_from(CHOICES), min_size=1),
    )
    return st.recursive(
        leaf, lambda inner: st.builds(lambda kind, parts: {kind: parts}, st.sampled_from(["all", "any"]),
                                      st.lists(inner, min_size=1, max_size=3)), max_leaves=4,
    )  # fmt: skip


@st.composite
def items(draw: st.DrawFn) -> Item:
    """An item with four questions, each perhaps asked only after answers before it, and five materials."""
    situations: list[dict[str, Any]] = []
    for number in range(QUESTIONS):
        asked: dict[str, Any] = {"code": f"S{number}", "question": f"问题 {number}"}
        asked["choices"] = [{"code": choice, "text": choice} for choice in CHOICES]
        if number and draw(st.booleans()):
            asked["when"] = draw(conditions(number))
        situations.append(asked)
    materials = []
    for number in range(5):
        made = material(f"M{number}", f"材料 {number} 号")
        if draw(st.booleans()):
            made["when"] = draw(conditions(QUESTIONS))
        materials.append(made)
    return item_in(item(3, "排水许可", situations=situations, materials=materials))


@settings(max_examples=40)
@given(items(), st.lists(st.sampled_from(CHOICES), min_size=QUESTIONS, max_size=QUESTIONS))
def test_answering_as_asked_always_ends_in_a_part_of_the_list(made: Item, chosen: list[str]) -> None:
    answers: dict[str, str] = {}
    while (asked := next_question(made, answers)) is not None:
        assert asked.code not in answers and holds(asked.when, answers)
        answers[asked.code] = chosen[int(asked.code[1:])]
    found = codes(made, answers)
    everything = [one.code for one in made.materials]
    assert found == [code for code in everything if code in found]
    assert {one.code for one in made.materials if one.when is None} <= set(found)
    assert codes(made, dict(reversed(answers.items()))) == found


@given(st.integers(0, QUESTIONS - 1), st.integers(0, QUESTIONS - 1))
def test_a_question_that_looks_at_itself_or_ahead_is_a_finding(asking: int, seen: int) -> None:
    situations = [{"code": f"S{number}", "question": "问"} for number in range(QUESTIONS)]
    situations[asking] |= {"when": {"situation": f"S{seen}", "is": ["YES"]}}  # type: ignore[dict-item]
    used = {"any": [{"situation": one["code"], "is": ["YES"]} for one in situations]}
    document = sound()
    document["items"][3] = item(
        3, "排水许可", scope=["CROSS_PROVINCE", "IN_PROVINCE"], situations=situations,
        materials=[material("M01", "申请书", when=used)],
    )  # fmt: skip
    assert [one.code for one in findings(document)] == (["SITUATION_ORDER"] if seen >= asking else [])

"""Situations (情形): the questions that select the materials of one applicant (requirements B16).

Invariants:
- the same answers always give the same list, in the order of the catalogue;
- a question is asked only when the answers before it call for it; what was not asked has no answer;
- no answer ever adds what the list does not hold (D03): it can only leave materials out.
"""

from collections.abc import Mapping
from typing import Final

from crypto.refusal import Refusal
from hub.casework.catalogue.values import Condition, Item, Material, Situation

RULE: Final = "requirements B16, D03"
Answers = Mapping[str, str]


def holds(condition: Condition | None, answers: Answers) -> bool:
    """Whether a condition holds; None always does, and one on a question without an answer never."""
    if condition is None:
        return True
    if condition.kind == "IS":
        return answers.get(condition.situation) in condition.choices
    told = [holds(part, answers) for part in condition.parts]
    return all(told) if condition.kind == "ALL" else any(told)


def next_question(item: Item, answers: Answers) -> Situation | None:
    """The first question that the answers so far call for and that has none yet; None when all are answered."""
    return next((asked for asked in _asked(item, answers) if asked.code not in answers), None)


def require_answers(item: Item, answers: Answers) -> None:
    """The answers are just those that the item asks for.

    Refusals: SITUATION_UNKNOWN for a code that the item does not have, or that was not asked; SITUATION_CHOICE for an
    answer that is not offered; SITUATION_OPEN while a question is not answered.
    """
    asked = {situation.code: situation for situation in _asked(item, answers)}
    for code in sorted(answers):
        if code not in asked:
            raise Refusal("SITUATION_UNKNOWN", RULE, situation=code[:40])
        choices = [choice for choice, _ in asked[code].choices]
        if answers[code] not in choices:
            raise Refusal("SITUATION_CHOICE", RULE, situation=code, choices=",".join(choices))
    missing = next_question(item, answers)
    if missing is not None:
        raise Refusal("SITUATION_OPEN", RULE, situation=missing.code, name=missing.question)


def materials_for(item: Item, answers: Answers) -> tuple[Material, ...]:
    """The materials that this applicant has to bring, in the order of the list. Refusals of ``require_answers``."""
    require_answers(item, answers)
    return tuple(material for material in item.materials if holds(material.when, answers))


def questions_for(item: Item, answers: Answers) -> list[Situation]:
    """The questions that these answers call for, in order."""
    return _asked(item, answers)


def _asked(item: Item, answers: Answers) -> list[Situation]:
    """Questions called for, in order. A condition looks back only, so one pass is enough (lint SITUATION_ORDER)."""
    told: dict[str, str] = {}
    asked = []
    for situation in item.situations:
        if holds(situation.when, told):
            asked.append(situation)
            if situation.code in answers:
                told[situation.code] = answers[situation.code]
    return asked

"""Items with questions (办理情形) as parts of one matter: each part has its own answers (B05, B16)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crypto.refusal import Refusal
from hub.casework.materials.ways import answers_of
from node_agent.parents import sealing
from node_agent.window import drafts
from node_agent.window import materials as window_materials
from tests.unit import evidence_log
from tests.unit.agents.family_region import HYGIENE, Family, bath_items, open_family
from tests.unit.agents.test_parents_agents import LINES

POOL = {
    "code": "S1", "question": "是否设泳池", "choices": [{"code": "YES", "text": "是"}, {"code": "NO", "text": "否"}],
}  # fmt: skip
LICENCE, PLANS = "T03", ("T04", "T06", "T08")


@pytest.fixture
def family(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Family:
    """Only who has a pool brings the plan and, at the first place, the licence."""
    before: Callable[[dict[str, Any]], dict[str, Any]] = evidence_log.listed_above

    def listed(document: dict[str, Any]) -> dict[str, Any]:
        for item in document["items"]:
            if item["catalog_code"] == HYGIENE:
                item["situations"] = [POOL]
                conditional = {"M03", "M04"} if item["task_code"] == bath_items()[0] else {"M04"}
                for material in item["materials"]:
                    if material["code"] in conditional:
                        material["when"] = {"situation": "S1", "is": ["YES"]}
        return before(document)

    monkeypatch.setattr(evidence_log, "listed_above", listed)
    return open_family(tmp_path)


@pytest.mark.requirement("B05", "B16", "row P1", "row T05")
def test_each_part_is_asked_and_told_its_own_answers(family: Family) -> None:
    agent, case = family.world.agent, family.begin_baths()
    following = window_materials.answer(agent, case, {})
    assert following is not None and following.code == "P1.S1"
    family.scan(case, [line for line in LINES if line not in PLANS])
    with pytest.raises(Refusal, match="SITUATION_OPEN|MATERIALS_INCOMPLETE"):
        family.seal(case)
    with pytest.raises(Refusal, match="SITUATION_UNKNOWN"):
        window_materials.answer(agent, case, {"S1": "YES"})
    answers = {"P1.S1": "NO", "P2.S1": "YES", "P3.S1": "NO"}
    assert window_materials.answer(agent, case, answers) is None
    listed = [line.material for line in drafts.checklist(agent, case)]
    assert listed == [line for line in LINES if line not in (PLANS[0], PLANS[2])]
    with pytest.raises(Refusal, match="MATERIALS_INCOMPLETE"):
        family.seal(case)
    family.scan(case, [PLANS[1], PLANS[2]])  # the second of them nobody calls for
    family.seal(case)
    children = family.dispatched(case)
    told = {part: answers_of(family.file(child)) for part, child in children.items()}
    assert told == {"P1": {"S1": "NO"}, "P2": {"S1": "YES"}, "P3": {"S1": "NO"}}
    assert family.file(case).answers == ()
    sealed = family.log.manifests[family.file(case).sealings[0].manifest]
    assert PLANS[2].encode() not in sealed and PLANS[1].encode() in sealed
    serves = {part: dict(bond.serves) for part, child in children.items() if (bond := family.file(child).bond)}
    assert LICENCE not in serves["P1"] and serves["P2"][LICENCE] == serves["P3"][LICENCE] == "M03"


THEME_LINES = [f"T{number:02}" for number in range(1, 14)]
UNCALLED = {"T02", "T07"}
"""Key lines that P2 calls for only with a pool, while other parts always do."""


def answered_no(family: Family) -> str:
    """A restaurant without a pool, its lines taken in."""
    case = family.begin_restaurant()
    assert window_materials.answer(family.world.agent, case, {"P2.S1": "NO"}) is None
    family.scan(case, THEME_LINES)
    return case


@pytest.mark.requirement("B05", "B16", "row P1")
def test_in_a_theme_a_department_opens_no_line_that_its_own_answers_do_not_call_for(family: Family) -> None:
    case = answered_no(family)
    family.seal(case)
    children = family.dispatched(case)
    opened = {}
    for part, child in children.items():
        file = family.file(child)
        assert file.bond is not None
        keys = {line for wrap in file.wraps if wrap.recipient == file.accepting_node for line in wrap.lines}
        opened[part] = ({line for line, _ in file.bond.serves}, {str(line).split("/")[0] for line in keys})
    assert all(not UNCALLED & found for found in opened["P2"])
    assert all(found >= UNCALLED for found in opened["P1"])
    assert family.state(children["P2"]) == "FORWARDED"


@pytest.mark.requirement("B05", "D03", "row T05")
def test_a_window_that_gives_a_part_more_than_it_calls_for_is_refused(
    family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "called_serves", lambda catalogue, parts, serves, answers: serves)
    family.seal(answered_no(family))
    done = family.world.region.send(family.world.agent)
    refusals = [str(entry.refusal) for entry in done if entry.event == "seal" and entry.refusal]
    assert len(refusals) == 1 and "PARENT_SERVES" in refusals[0]

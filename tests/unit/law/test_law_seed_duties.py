"""What the notices ask of the law beyond one row: one seal, working days, phases, opinions with own limits."""

from datetime import date, timedelta

import pytest

from crypto.refusal import Refusal
from hub.casework.review.values import STEPS
from hub.casework.states import State
from hub.casework.table import ROWS
from hub.casework.time.clock_table import Unit
from tests.unit.law import law_steps_parents
from tests.unit.law.law_family import Family
from tests.unit.law.law_people import CALENDAR, DEPARTMENT, OTHER_DEPARTMENT, THIRD_DEPARTMENT, Step
from tests.unit.law.law_steps_review import DIGEST
from tests.unit.law.law_world import Bench

WORKING_DAYS = {
    "不动产登记": 5, "不动产转移、抵押登记": 3, "企业开办": 3, "水电气报装": 20, "一般社会投资项目": 50,
    "小型社会投资项目": 35, "带方案出让项目": 20, "一般工业项目": 15, "政府投资房屋建筑": 80, "政府投资市政": 70,
}  # fmt: skip
"""Seed 003, requirements C11."""


@pytest.mark.requirement("D22", "E10")
def test_d22_one_seal_on_the_result_is_enough_from_the_decision_to_the_end() -> None:
    bench = Bench().reach("T33").walk("T33")
    with pytest.raises(Refusal, match="STATE_FORBIDS"):
        bench.do(bench.step("T33"))
    bench.walk("W1:gateway", "D4", "D4W", "D5E", "T34")
    assert bench.case.state is State.CLOSED
    used = [act.statement.type for act in bench.acts if str(act.statement.body.get("grant")).startswith("G-SEAL")]
    assert used == ["issue"], "the seal was used once, and nobody was asked for another one"
    assert [made.kind for made in bench.case.sealings].count("result") == 1


@pytest.mark.requirement("D22")
def test_d22_no_step_of_the_flow_is_for_a_second_seal() -> None:
    assert STEPS == ("UNDERTAKE", "EXAMINE", "APPROVE")
    sealing = {row.event for row in ROWS if {"seal_grant"} & row.members or row.id in ("T33", "D10", "T32R")}
    assert sealing == {"issue", "reissue", "correct_result"}, "a result, and what stands in its place"


@pytest.mark.requirement("C11", "C01")
@pytest.mark.parametrize("business", WORKING_DAYS)
def test_c11_promised_limits_count_in_working_days(business: str) -> None:
    """行政许可法 82: holidays and weekends do not count, whatever the number."""
    days = WORKING_DAYS[business]
    bench = Bench()
    limit = {"n": days, "unit": "WORKING_DAY"}
    statutory = {"n": max(days, 20), "unit": "WORKING_DAY"}
    bench.change_item(lambda item: item.update(promised_limit=limit, statutory_limit=statutory))
    bench.reach("T14").walk("T14")
    clock = bench.case.clocks["K3"]
    begun = date.fromisoformat(bench.case.effective_at[:10])
    due = CALENDAR.add_working_days(begun, days).date
    assert clock.unit is Unit.WORKING_DAY and (clock.due or "")[:10] == due.isoformat()
    counted = sum(CALENDAR.is_working(begun + timedelta(days=n)) for n in range(1, (due - begun).days + 1))
    assert counted == days, "counted day by day"
    assert (due - begun).days > days or days < 5


@pytest.mark.requirement("B21", "B07")
def test_b21_a_phase_begins_when_every_part_of_the_one_before_is_granted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Phases of an engineering project are groups of parts, each after all parts of the group before it."""
    monkeypatch.setitem(law_steps_parents.AFTER, "D", ["A", "B"])
    family = Family().delivered()
    assert [family.state(part) for part in "ABD"] == ["PENDING_ACCEPT", "PENDING_ACCEPT", "COLLECTED"]
    family.walk("A", "T14").walk("B", "T14").decided("A")
    bond = family.file("D").bond
    assert bond is not None and bond.blocked and bond.after == ("A", "B")
    assert family.state("D") == "COLLECTED", "half of the first phase is not the first phase"
    family.decided("B")
    bond = family.file("D").bond
    assert bond is not None and not bond.blocked
    assert family.file("D").clocks["K1"].started_at >= (family.file("B").clocks["K3"].stopped_at or "x")


@pytest.mark.requirement("B20", "C09", "row T29", "row T29O", "row T29L")
def test_b20_each_department_has_its_own_limit_for_its_opinion_and_answers_for_it_alone() -> None:
    bench = Bench().reach("T29")
    promised = bench.case.clocks["K3"].due
    soon, later = (
        (bench.now.date() + timedelta(days=3)).isoformat(),
        (bench.now.date() + timedelta(days=10)).isoformat(),
    )
    bench.do(bench.step("T29").saying(node=OTHER_DEPARTMENT, until=soon))
    bench.do(bench.step("T29").saying(node=THIRD_DEPARTMENT, until=later))
    first, second = bench.case.consultations
    assert (first.until, second.until) == (soon, later)
    assert bench.case.consulted() == {OTHER_DEPARTMENT, THIRD_DEPARTMENT}, "side by side, not one after the other"
    bench.now += timedelta(days=5)
    bench.settle()
    first, second = bench.case.consultations
    assert (bool(first.ended_at), first.answer) == (True, ""), "silence is no consent"
    assert second.open and bench.case.consulted() == {THIRD_DEPARTMENT}
    assert [card.subject for card in bench.case.cards if card.kind == "Y12"] == [OTHER_DEPARTMENT]
    body = {"consult": second.digest, "answer": "AGREE"}
    bench.do(Step("opinion", THIRD_DEPARTMENT, "REVIEWER", body, chain="opinions"))
    assert bench.case.consultations[1].answer == "AGREE" and not bench.case.consulted()
    assert bench.case.clocks["K3"].due == promised, "the department's own limit runs on"
    assert bench.case.holder == DEPARTMENT
    late = {"consult": first.digest, "answer": "AGREE"}
    with pytest.raises(Refusal):
        bench.do(Step("opinion", OTHER_DEPARTMENT, "REVIEWER", late, chain="opinions"))
    assert DIGEST not in bench.case.custody

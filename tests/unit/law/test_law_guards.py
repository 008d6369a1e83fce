"""Every guard of every row: a case that it refuses, and proof that nothing else would have refused it.

``SCENARIOS`` names for each (row, guard) acts with one thing wrong. Each is refused with its code by the law; with the
guard taken out of the row the same act counts, so no guard can be lost without a failing test.
"""

from dataclasses import replace
from datetime import timedelta

import pytest
from _pytest.mark import ParameterSet

from crypto.refusal import Refusal
from hub.casework.common import FUTURE_TOLERANCE
from hub.casework.law import Law
from hub.casework.states import State
from hub.casework.table import LAW, ROWS
from tests.proofs.ids import ids_of_guards, row_id
from tests.unit.law.law_people import (
    CASE,
    DEPARTMENT,
    GATEWAY,
    RECOVERY,
    manifest,
)
from tests.unit.law.law_scenarios import Scenario, future, moved, without
from tests.unit.law.law_scenarios_entry import ENTRY
from tests.unit.law.law_scenarios_late import LATE
from tests.unit.law.law_scenarios_main import MAIN
from tests.unit.law.law_scenarios_materials import MATERIALS
from tests.unit.law.law_scenarios_online import ONLINE
from tests.unit.law.law_scenarios_paper import PAPER
from tests.unit.law.law_scenarios_parents import PARENTS
from tests.unit.law.law_scenarios_review import REVIEW
from tests.unit.law.law_scenarios_route import ROUTE
from tests.unit.law.law_scenarios_sharing import SHARING
from tests.unit.law.law_scenarios_supervision import SUPERVISION
from tests.unit.law.law_scenarios_supplement import SUPPLEMENT
from tests.unit.law.law_sharing import with_verified
from tests.unit.law.law_world import Bench

FUTURE = [
    Scenario(row.id, "not_from_future", "FROM_FUTURE", future)
    for row in ROWS
    if any(guard.__name__ == "not_from_future" for guard in row.guards)
]
SCENARIOS = [
    *(*ENTRY, *MAIN, *PAPER, *ROUTE, *SUPPLEMENT, *REVIEW, *SUPERVISION),
    *(*ONLINE, *SHARING, *MATERIALS, *PARENTS, *LATE, *FUTURE),
]
PAIRS = [(row.id, guard.__name__) for row in ROWS for guard in row.guards]
KEPT = ids_of_guards(ROWS)
COVERED_TWICE = {(row, "item_on_list"): "window_authorised" for row in ("T05", "T05R")}
"""Guards that another guard of the row contains whole: taking one out changes nothing."""


def law_without(row: str, guard: str) -> Law:
    """The law with one guard of one row taken out."""
    changed = tuple(
        replace(rule, guards=tuple(found for found in rule.guards if found.__name__ != guard))
        if rule.id == row
        else rule
        for rule in ROWS
    )
    assert changed != ROWS
    return Law(changed)


def _refused(scenario: Scenario, law: Law) -> Refusal | None:
    bench = Bench(LAW).reach(scenario.row)
    step = scenario.spoil(bench, bench.step(scenario.row))
    before = bench.file
    bench.law = law
    try:
        bench.do(step)
    except Refusal as refusal:
        assert bench.file == before
        return refusal
    return None


def _proving(scenario: Scenario) -> ParameterSet:
    """The scenario, marked with what its guard keeps: ``test_every_guard_is_needed`` shows that nothing else does."""
    return pytest.param(scenario, marks=pytest.mark.requirement(*sorted(KEPT[scenario.row, scenario.guard])))


@pytest.mark.parametrize("scenario", [_proving(one) for one in SCENARIOS], ids=str)
def test_guard_refuses(scenario: Scenario) -> None:
    refused = _refused(scenario, LAW)
    assert refused is not None and refused.code == scenario.code
    assert refused.rule


@pytest.mark.parametrize("row, guard", PAIRS, ids=lambda part: part)
def test_every_guard_is_needed(row: str, guard: str) -> None:
    """Mutation: without the guard an act passes that has to be refused."""
    mine = [found for found in SCENARIOS if (found.row, found.guard) == (row, guard)]
    assert mine, "a guard without a scenario"
    law = law_without(row, guard)
    if (row, guard) in COVERED_TWICE:
        other = law_without(row, COVERED_TWICE[row, guard])
        for found in mine:
            assert all(_code(found, tried) == found.code for tried in (law, other))
        return
    killers = [found for found in mine if found.killer]
    assert killers, "no scenario kills the mutant"
    for found in killers:
        assert _code(found, law) != found.code, f"{found} is refused by something else too"
    assert any(_refused(found, law) is None for found in killers), "the mutant passes nowhere"


def _code(scenario: Scenario, law: Law) -> str:
    refused = _refused(scenario, law)
    return refused.code if refused else ""


@pytest.mark.parametrize("row", [pytest.param(row.id, marks=pytest.mark.requirement(row_id(row))) for row in ROWS])
def test_the_untouched_act_of_each_row_counts(row: str) -> None:
    """Without this the scenarios might be refused for a reason of their own."""
    bench = Bench().reach(row)
    seq = bench.file.case_seq if bench.file else 0
    assert bench.do(bench.step(row)).case_seq == seq + 1


def test_t05_who_insists_lists_exactly_what_is_missing() -> None:
    bench = Bench()
    step = without("M04", "M06")(bench, bench.step("T05")).saying(insisted_defects=["M06", "M04"])
    assert bench.do(step).state is State.COLLECTED


def test_t05_a_line_closed_without_a_scan_counts_when_it_was_verified_online() -> None:
    bench = Bench()
    whole = manifest("application")
    assert bench.do(with_verified(bench, bench.step("T05"), "M02")).case == CASE
    other = Bench()
    bare = tuple(replace(line, pages=()) if line.line == "M02" else line for line in whole.lines)
    with pytest.raises(Refusal, match="MATERIALS_INCOMPLETE"):
        other.do(other.step("T05").saying(manifest=other.store(replace(whole, lines=bare))))


def test_future_tolerance_is_five_minutes_and_the_past_is_free() -> None:
    for shift in (FUTURE_TOLERANCE, timedelta(days=-30)):
        bench = Bench()
        assert bench.do(replace(bench.step("T05"), occurred=shift)).state is State.COLLECTED


def test_w1_a_holder_of_keys_passes_them_on_and_an_earlier_wrap_gives_way() -> None:
    bench = Bench().reach("T14")
    count = len(bench.case.wraps)
    bench.do(bench.step("W1"))
    assert len(bench.case.wraps) == count
    step = replace(bench.wrap(GATEWAY, ("ADDRESS",), by=DEPARTMENT), role="department")
    assert len(bench.do(step).wraps) == count + 1


def test_w1_the_recovery_key_of_the_windows_own_region_holds_keys_too() -> None:
    bench = Bench().reach("W1")
    for region in ("500000000000", "500116000000"):
        bench.do(moved(RECOVERY, region)(bench, bench.step("W1")))
    assert {wrap.recipient for wrap in bench.case.wraps} == {RECOVERY}
    assert bench.do(bench.step("W1")).state is State.COLLECTED  # the department's wrap; routing is the hub's next act


def test_t31_a_refusal_commits_to_reasons_and_appeal() -> None:
    bench = Bench().reach("T31")
    step = bench.step("T31").saying(outcome="REFUSE", reasons="a" * 64, appeal="b" * 64)
    assert bench.do(step).outcome == "REFUSE"


def test_d4w_a_parcel_keeps_its_first_waybill() -> None:
    bench = Bench().reach("D5E")
    bench.do(bench.step("D4W"))
    with pytest.raises(Refusal, match="WAYBILL_TAKEN"):
        bench.do(bench.step("D4W").saying(waybill_no="EA000000005CN"))


@pytest.mark.parametrize("level", [-1, 5, True, "2", None])
def test_d5e_a_level_of_proof_is_0_to_4(level: object) -> None:
    bench = Bench().reach("D5E")
    with pytest.raises(Refusal, match="BODY_MEMBER"):
        bench.do(bench.step("D5E").saying(proof_level=level))

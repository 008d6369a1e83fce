"""Invariants of states.md 10 that one act shows: what no order of acts may bring about."""

from datetime import timedelta

import pytest

from crypto.canonical import time_value
from crypto.refusal import Refusal
from hub.casework.states import State
from tests.unit.law.law_steps import PATHS
from tests.unit.law.law_world import Bench


@pytest.mark.requirement("invariant 20")
@pytest.mark.parametrize("row", ["T14", "T16", "T31", "T33", "D1", "O3", "T38C"])
def test_legal_time_of_a_case_never_runs_backwards(row: str) -> None:
    """A millisecond earlier is refused on every chain; the same instant is not, as in one batch."""
    bench = Bench().reach(row)
    step, before = bench.step(row), bench.case
    bench.now = time_value(before.recorded_at) - timedelta(milliseconds=1)
    with pytest.raises(Refusal) as caught:
        bench.do(step)
    assert caught.value.code == "LEGAL_TIME_BACKWARD" and bench.case == before
    bench.now = time_value(before.recorded_at)
    assert bench.do(step).recorded_at == before.recorded_at


@pytest.mark.requirement("invariant 2", "F05")
@pytest.mark.parametrize("row", sorted(PATHS))
def test_no_state_is_without_a_holder(row: str) -> None:
    """Before each row of the law and after it, a party holds the case, and at a department a queue or a person."""
    bench = Bench().reach(row)
    files = [bench.file] if bench.file else []
    files.append(bench.do(bench.step(row)))
    for file in files:
        assert file.holder and file.holder in file.parties()
        if file.state in (State.FORWARDED, State.PENDING_ACCEPT, State.UNDER_REVIEW):
            assert file.queue or file.responsible

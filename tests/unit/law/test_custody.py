"""The custody table and the clocks, read from leaves."""

from dataclasses import replace
from typing import Any

import pytest

from crypto.log.leaf import Leaf, decode
from hub.casework.custody import CustodyRow, Kind, clock_rows, custody_table
from hub.casework.replay import replay
from hub.casework.time import clocks
from tests.unit.law.law_people import DEPARTMENT, OTHER_DEPARTMENT, WINDOW
from tests.unit.law.law_steps import PATHS, TURNS
from tests.unit.law.law_world import Bench


@pytest.fixture(scope="module")
def made(evidence_log: Any) -> Any:
    log = evidence_log.founded()
    log.case = log.run_case(1)
    return log


def leaves_of(log: Any, case: str) -> list[Leaf]:
    return [decode(log.entries[index]) for index in log.cases[case]]


def short(rows: list[CustodyRow]) -> list[tuple[str, str, str, str, int]]:
    return [
        (row.kind.value, row.holder.rsplit("/", 1)[-1], row.from_at[11:16], (row.to_at or "")[11:16], row.minutes)
        for row in rows
    ]


def test_who_held_case_and_parcel(made: Any) -> None:
    rows = custody_table(leaves_of(made, made.case))
    assert short(rows) == [
        ("ELECTRONIC", "chongqing-jiangjin-hall", "09:07", "09:28", 21),
        ("ELECTRONIC", "jiangxi-donghu-scj", "09:28", "", 63),
        ("PARCEL", "jiangxi-donghu-scj", "10:03", "10:17", 14),
        ("PARCEL", "carrier:EMS", "10:17", "10:31", 14),
    ]
    assert [row.item for row in rows] == [made.case, made.case, "P0001", "P0001"]
    assert all(row.from_at.endswith("+08:00") for row in rows)
    assert rows[0].basis == (made.files[made.case].sealings and rows[0].basis[0], rows[1].basis[0])
    assert rows[-1].basis[0] == rows[-2].basis[-1]


def test_one_holder_at_any_time(made: Any) -> None:
    held = [row for row in custody_table(leaves_of(made, made.case)) if row.kind is Kind.ELECTRONIC]
    assert all(earlier.to_at == later.from_at for earlier, later in zip(held, held[1:], strict=False))
    assert held[-1].holder == made.files[made.case].holder


def test_a_delivery_that_nobody_countersigned_stays_with_the_window(evidence_log: Any) -> None:
    log = evidence_log.founded()
    case = log.run_case(1, "wrap")
    rows = custody_table(leaves_of(log, case))
    assert [(row.holder, row.to_at, row.minutes) for row in rows] == [(evidence_log.WINDOW, None, 7)]
    assert custody_table([]) == []


def test_a_parcel_that_comes_back_is_the_senders_again(evidence_log: Any) -> None:
    log = evidence_log.founded()
    case = log.run_case(1, "waybill")
    for status in ("COLLECTED", "RETURNING", "RETURNED"):
        log._event(case, "P0001", status, 0)
    parcel = [row for row in custody_table(leaves_of(log, case)) if row.kind is Kind.PARCEL]
    assert [row.holder.rsplit("/", 1)[-1] for row in parcel] == [
        "jiangxi-donghu-scj",
        "carrier:EMS",
        "jiangxi-donghu-scj",
    ]
    assert [row.minutes for row in parcel] == [14, 14, 0]
    assert parcel[-1].to_at is None


def test_minutes_are_rounded_down(made: Any) -> None:
    leaves = leaves_of(made, made.case)
    first = replace(leaves[0], recorded_at="2026-11-23T09:07:59.999+08:00")
    assert custody_table([first, *leaves[1:]])[0].minutes == 20
    late = [replace(leaf, recorded_at="2026-11-23T09:08:59.998+08:00") for leaf in leaves[1:2]]
    assert custody_table([first, *late])[0].minutes == 0


def test_clocks_are_shown_with_start_stop_due_and_calendar(made: Any) -> None:
    rows = {row.clock: row for row in clock_rows(made.files[made.case])}
    assert list(rows) == ["K1", "K2", "K3", "K4", "K8"]
    assert {row.calendar_version for row in rows.values()} == {"2026.1"}
    assert not any(row.provisional or row.expired for row in rows.values())
    accept = rows["K2"]
    assert (accept.name, accept.started_at, accept.stopped_at, accept.due) == (
        "受理告知时限",
        "2026-11-23T09:28:00.052+08:00",
        "2026-11-23T09:42:00.078+08:00",
        "2026-11-30T23:59:59.999+08:00",
    )
    assert rows["K3"].started_at == rows["K4"].started_at == accept.stopped_at


def test_a_clock_that_ran_over_is_marked(made: Any) -> None:
    file = made.files[made.case]
    state = file.clocks["K8"]
    over = replace(file, clocks={"K8": replace(state, stopped_at="2026-12-08T09:00:00.000+08:00")})
    assert [row.expired for row in clock_rows(over)] == [True]
    running = replace(file, clocks={"K8": replace(state, stopped_at=None)})
    assert [(row.stopped_at, row.expired) for row in clock_rows(running)] == [(None, False)]
    assert clock_rows(replace(file, clocks={})) == []
    assert clocks.CLOCKS["K8"].name == "送达时限"


def test_the_table_agrees_with_the_replay(made: Any) -> None:
    leaves = leaves_of(made, made.case)
    registry = [decode(made.entries[index]) for index in made.registry]
    done = replay(leaves, registry, made.documents, made.manifests, made.pins().registrar_keys)
    assert done.file is not None
    assert done.file.holder == custody_table(leaves)[1].holder


# --- ways that are not straight ----------------------------------------------------------------------------------


def held(bench: Bench) -> list[str]:
    """Who held the case, in order; each row ends where the next begins, and the last one is the file's holder."""
    rows = [row for row in custody_table(bench.leaves()) if row.kind is Kind.ELECTRONIC]
    assert all(one.to_at == two.from_at for one, two in zip(rows, rows[1:], strict=False))
    assert rows[-1].to_at is None and rows[-1].holder == bench.case.holder
    return [row.holder for row in rows]


def test_a_wrong_department_answers_until_the_right_one_countersigned() -> None:
    """F05: first-asked responsibility."""
    bench = Bench().walk(*PATHS["T23"], "T23", "W1:other")
    assert held(bench) == [WINDOW, DEPARTMENT]
    bench.walk("T10")
    assert held(bench) == [WINDOW, DEPARTMENT, OTHER_DEPARTMENT]


def test_a_bounced_case_never_left_the_window() -> None:
    bench = Bench().reach("T12R")
    assert held(bench) == [WINDOW]
    bench.walk("T12R")
    bench.settle()
    bench.walk("T10")
    assert held(bench) == [WINDOW, DEPARTMENT]


@pytest.mark.parametrize("row", ["T10b", "T12E"])
def test_constructive_delivery_ends_the_senders_part(row: str) -> None:
    bench = Bench().reach(row)
    assert held(bench) == [WINDOW]
    bench.walk(row)
    bench.settle()
    assert held(bench) == [WINDOW, DEPARTMENT]


def test_a_case_that_returns_to_the_window_is_the_windows_again() -> None:
    bench = Bench().walk(*PATHS["T24"], "T24")
    assert held(bench) == [WINDOW, DEPARTMENT, WINDOW]
    bench.walk("T05R")
    assert held(bench) == [WINDOW, DEPARTMENT, WINDOW]


def test_a_pre_review_stays_with_the_window_until_it_is_discarded() -> None:
    bench = Bench().walk("T03")
    assert held(bench) == [WINDOW]
    bench.walk("T07R")
    (row,) = custody_table(bench.leaves())
    assert (row.holder, row.to_at, row.minutes) == (WINDOW, bench.case.recorded_at, 10)
    assert custody_table(Bench().walk("T07").leaves()) == custody_table(Bench().walk("T06").leaves()) == []


@pytest.mark.parametrize("row", sorted(name for name, way in PATHS.items() if not set(way) <= set(TURNS)))
def test_the_table_agrees_with_the_file_on_every_way(row: str) -> None:
    assert held(Bench().reach(row))


def test_clocks_of_supplement_and_re_routing_are_shown() -> None:
    assert [row.clock for row in clock_rows(Bench().reach("T18").case)] == ["K1", "K2", "K6"]
    assert [row.clock for row in clock_rows(Bench().reach("T23").case)] == ["K1", "K2", "K11"]

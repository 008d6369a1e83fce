"""What looks at many cases costs: the watch over the clocks and the lists of overseers ask an index, page by page."""

import json
import tracemalloc
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.dialects.postgresql import psycopg as dialect

from storage import applicant_rows, case_rows
from storage.bulk import Prepared, driver_of
from storage.database import Database

pytestmark = pytest.mark.integration
OPEN, PAGE = 20_000, 256
FILL = """
INSERT INTO cases (case_id, seq, state, holder, public_no, case_no, updated_index, document, wake_at)
SELECT md5(n::text), 3, 'PENDING_ACCEPT', 'n', lpad(n::text, 12, '0'), lpad(n::text, 43, '0'), n,
       repeat('x', 600)::bytea, to_char(timestamp '2026-11-24' + n * interval '1 minute', 'YYYY-MM-DD"T"HH24:MI:SS.MS')
       || '+08:00'
FROM generate_series(1, {count}) AS n
"""
IN_REGIONS = """
UPDATE cases SET document = convert_to('{"accepting_node":"","collecting_node":"spiffe://yidi.test/'
  || CASE WHEN updated_index % 1000 = 0 THEN '360403000000' ELSE '500116000000' END || '/hall"}', 'UTF8')
"""

FURTHER = """
INSERT INTO case_regions (case_id, region)
SELECT case_id, CASE WHEN updated_index % 1000 = 1 THEN '360403000000' ELSE '440106000000' END FROM cases
"""


def fill(database: Database, count: int = OPEN) -> None:
    with database.unit() as unit:
        unit._connection.execute(text(FILL.format(count=count)))
        unit.commit()
    with database.unit() as unit:
        unit._connection.execute(text("ANALYZE cases"))
        unit.commit()


def plan(database: Database, now: str, bounced: bool) -> list[dict[str, object]]:
    """The nodes of the plan of one page."""
    query = case_rows._DUE_BOUNCES if bounced else case_rows._DUE
    made = query.compile(dialect=dialect.dialect())  # type: ignore[no-untyped-call]
    asked, values = str(made), {**made.params, "now": now, "after_at": "", "after_case": "", "most": PAGE}
    with database.unit() as unit:
        found = unit._connection.connection.cursor().execute(f"EXPLAIN (FORMAT JSON) {asked}", values).fetchone()
    nodes, left = [], [found[0][0]["Plan"] if not isinstance(found[0], str) else json.loads(found[0])[0]["Plan"]]
    while left:
        nodes.append(left.pop())
        left += nodes[-1].get("Plans", [])
    return nodes


@pytest.mark.parametrize("bounced", [False, True])
@pytest.mark.parametrize("now", ["2026-11-24T00:05:00.000+08:00", "2026-11-26T00:00:00.000+08:00"])
def test_a_page_of_due_cases_comes_from_the_index(database: Database, now: str, bounced: bool) -> None:
    fill(database)
    nodes = plan(database, now, bounced)
    assert "Seq Scan" not in [node["Node Type"] for node in nodes]
    used = {node.get("Index Name") for node in nodes} & {"ix_cases_wake_at", "ix_cases_state"}
    assert used == {"ix_cases_wake_at"} if not bounced else used


def test_all_pages_are_met_once_in_order_and_one_is_held_at_a_time(database: Database) -> None:
    fill(database)
    now, after, met = "2026-12-31T00:00:00.000+08:00", ("", ""), 0
    tracemalloc.start()
    with database.reading() as reading:
        while page := reading.cases.due(now, after, PAGE):
            assert page == sorted(page)
            assert page[0] > after
            met += len(page)
            after = page[-1]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert met == OPEN
    assert peak < 4 << 20


def list_plan(database: Database, region: str) -> list[dict[str, Any]]:
    """The plan's nodes of one page of a list, as it was asked."""
    asked: list[tuple[str, Any]] = []
    with database.unit() as unit:
        event.listen(unit._connection, "before_cursor_execute", lambda *told: asked.append(told[2:4]))
        unit.cases.listed("spiffe://yidi.test/360403000000/auditor", "", 1 << 60, 50, region)
        ((line, values),) = asked
        found = unit._connection.connection.cursor().execute(f"EXPLAIN (FORMAT JSON) {line}", values).fetchone()
    nodes, left = [], [found[0][0]["Plan"]]
    while left:
        nodes.append(left.pop())
        left += nodes[-1].get("Plans", [])
    return nodes


@pytest.mark.requirement("A24")
def test_a_page_of_an_overseer_comes_from_an_index_whether_its_region_has_few_cases_or_most(database: Database) -> None:
    """One case in a thousand lies in the county, all others in the province of the second list."""
    fill(database)
    with database.unit() as unit:
        unit._connection.execute(text(IN_REGIONS))
        unit._connection.execute(text(FURTHER))
        unit.commit()
    with database.unit() as unit:
        unit._connection.execute(text("ANALYZE cases"))
        unit._connection.execute(text("ANALYZE case_regions"))
        unit.commit()
    few, most = ({node.get("Index Name") for node in list_plan(database, region)} for region in ("360403", "50"))
    assert {"ix_cases_collecting_region", "ix_cases_accepting_region", "ix_case_regions_region"} <= few
    assert "ix_cases_updated_index" in most


APPLICANTS = """
INSERT INTO applicants (case_id, applicant, task_code, public_no, node, standing, breach)
SELECT md5(n::text), md5((n / 2)::text) || md5((n / 2)::text), 't', lpad(n::text, 12, '0'), 'n', 'OPEN', ''
FROM generate_series(1, 20000) AS n
"""


def applicant_plan(database: Database, query: Prepared, values: dict[str, list[str]]) -> list[dict[str, Any]]:
    """The nodes of the plan of a prepared statement."""
    line = query._compiled[0].decode()
    with database.unit() as unit:
        cursor = driver_of(unit._connection).cursor()
        found = cursor.execute(f"EXPLAIN (FORMAT JSON) {line}".encode(), values).fetchone()
    assert found is not None
    nodes, left = [], [found[0][0]["Plan"]]
    while left:
        nodes.append(left.pop())
        left += nodes[-1].get("Plans", [])
    return nodes


@pytest.mark.requirement("A22")
def test_the_cases_of_an_applicant_come_from_an_index_behind_the_lock(database: Database) -> None:
    with database.unit() as unit:
        unit._connection.execute(text(APPLICANTS))
        unit.commit()
    with database.unit() as unit:
        unit._connection.execute(text("ANALYZE applicants"))
        unit.commit()
    by_digest = applicant_plan(database, applicant_rows.OF, {"digests": ["a1" * 32]})
    by_case = applicant_plan(database, applicant_rows.OF_CASES, {"case_ids": ["c1" * 16]})
    for nodes in (by_digest, by_case):
        assert "Seq Scan" not in [node["Node Type"] for node in nodes]
    either = {"ix_applicants_applicant", "ix_applicants_applicant_before"}
    assert either == {node.get("Index Name") for node in by_digest} - {None}
    assert either | {"pk_applicants"} == {node.get("Index Name") for node in by_case} - {None}

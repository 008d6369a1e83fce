"""What the watch over the clocks costs: it asks an index, page by page, however many cases are open."""

import json
import tracemalloc
from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import psycopg as dialect

from storage import case_rows
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


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    made.migrate()
    yield made
    made.dispose()


def fill(database: Database, count: int = OPEN) -> None:
    with database.unit() as unit:
        unit._connection.execute(text(FILL.format(count=count)))
        unit.commit()
    with database.unit() as unit:
        unit._connection.execute(text("ANALYZE cases"))
        unit.commit()


def plan(database: Database, now: str, bounced: bool) -> list[dict[str, object]]:
    """The nodes of the plan of one page."""
    query = case_rows._DUE_BOUNCES if bounced else case_rows._DUE_TIMERS
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

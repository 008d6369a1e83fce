"""The daily look at the clocks of many open cases (``make bench``, part g): seconds and megabytes.

A database gets ``--cases`` open cases: copies of two that a real hub wrote, one that waits for acceptance and one under
review. At the first moment of 1 December 2026 the time of ``--due`` of the waiting ones has run out (deemed acceptance,
T15) and as many others are to be looked at although nothing is due. Then the hub's own timers do one round over a real
PostgreSQL: signed statements, leaves, inbox rows and all. Beside it, in the same run, what a sweep without an index
over the due times would do: read every case and ask the law, over ``--read`` of them.
"""

import argparse
import resource
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "proto" / "gen")]

import orjson  # noqa: E402
from sqlalchemy import create_engine, text  # noqa: E402

from deploy.postgres import PostgresService  # noqa: E402
from hub.casework import timers  # noqa: E402
from hub.casework.casefile import from_document  # noqa: E402
from hub.casework.context import World  # noqa: E402
from hub.services.batch import Batch  # noqa: E402
from tests.bench import report  # noqa: E402
from tests.integration.cast import DEPARTMENT, HUB  # noqa: E402
from tests.integration.detours import Detour  # noqa: E402

NIGHT = "2026-12-01T00:00:00.000+08:00"
FRIDAY = "2026-11-27T10:00:00.000+08:00"
LATER = "2027-01-04T00:00:00.000+08:00"
COPY = """
INSERT INTO cases (case_id, seq, state, holder, public_no, case_no, updated_index, document, wake_at)
SELECT made, seq, state, holder, new_public, new_no, updated_index,
       convert_to(replace(replace(replace(told, :case, made), public_no, new_public), case_no, new_no), 'UTF8'), :wake
FROM (SELECT md5(:name || n) AS made, :digit || lpad(n::text, 11, '0') AS new_public,
             :digit || lpad(n::text, 42, '0') AS new_no, convert_from(document, 'UTF8') AS told, cases.*
      FROM cases, generate_series(1, :count) AS n WHERE case_id = :case) AS drawn
"""


def fill(url: str, case: str, name: str, digit: str, count: int, wake: str) -> None:
    """``count`` copies of a case, each with an id and numbers of its own."""
    engine = create_engine(url)
    with engine.begin() as connection:
        values = {"name": name, "digit": digit, "count": count, "case": case, "wake": wake}
        connection.execute(text(COPY), values)
    with engine.begin() as connection:
        connection.execute(text("ANALYZE cases"))
    engine.dispose()


def read_all(url: str, world: World, most: int) -> dict[str, Any]:
    """What it costs to read cases and to ask the law about each: no index, no statements."""
    engine = create_engine(url)
    began, seen, due = time.perf_counter(), 0, 0
    with engine.connect().execution_options(stream_results=True, yield_per=1000) as connection:
        for (document,) in connection.execute(text("SELECT document FROM cases LIMIT :most"), {"most": most}):
            due += timers.due_event(from_document(orjson.loads(document)), world, NIGHT) is not None
            seen += 1
    engine.dispose()
    seconds = time.perf_counter() - began
    return {"cases": seen, "due": due, "seconds": round(seconds, 2), "us_a_case": round(seconds / seen * 1e6, 1)}


def sweep(url: str, cases: int, due: int, read: int) -> dict[str, Any]:
    """Fill, strike once, and count what came of it."""
    detour = Detour.begin(url)
    waiting = detour.world.open().to_pending()
    detour.clock.at = FRIDAY
    reviewed = detour.world.open().to_pending()
    reviewed.do(reviewed.accept(), DEPARTMENT)
    fill(url, waiting.case, "due", "1", due, NIGHT)
    fill(url, reviewed.case, "look", "2", due, NIGHT)
    fill(url, reviewed.case, "rest", "3", cases - 2 * due, LATER)
    before, size = peak_mib(), detour.world.size()
    began, cpu = time.perf_counter(), time.process_time()
    detour.strike(NIGHT)
    seconds, busy = time.perf_counter() - began, time.process_time() - cpu
    stated = detour.world.size() - size
    found: dict[str, Any] = {
        "open_cases": cases,
        "due": due,
        "looked_at_besides": due,
        "statements": stated,
        "seconds": round(seconds, 1),
        "hub_cpu_seconds": round(busy, 1),
        "ms_a_case_looked_at": round(seconds / (2 * due) * 1e3, 2),
        "peak_mib_before": before,
        "peak_mib": peak_mib(),
    }
    began = time.perf_counter()
    detour.strike(NIGHT)
    found["second_round_seconds"] = round(time.perf_counter() - began, 3)
    found["without_an_index"] = read_all(url, facts_of(detour), read)
    detour.world.close()
    return found


def facts_of(detour: Detour) -> World:
    """The facts that the hub's law judges by at the newest position."""
    world = detour.world
    with world.database.unit() as unit:
        batch = Batch(unit, world.registry, world.members[HUB].sign, world.hub, detour.clock)
        batch.tick([])
        return batch._world()


def peak_mib() -> int:
    """Peak resident memory of this process, which holds the hub's timers and its narrow place."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    parser = argparse.ArgumentParser(description="one day's look at the clocks of many open cases")
    parser.add_argument("--cases", type=int, default=1_000_000, help="open cases in the database")
    parser.add_argument("--due", type=int, default=10_000, help="cases whose time has run out, and as many to look at")
    parser.add_argument("--read", type=int, default=100_000, help="cases that are read for comparison")
    report.add_option(parser)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="yidi-bench-") as home, ExitStack() as closing:
        postgres = PostgresService(Path(home) / "postgres")
        closing.callback(postgres.kill)
        postgres.start()
        postgres.create_database("sweep")
        found = sweep(postgres.url("sweep"), options.cases, options.due, options.read)
    for name, value in found.items():
        print(f"{name}: {value}")
    report.write(options.results, "sweep", found)


if __name__ == "__main__":
    main()

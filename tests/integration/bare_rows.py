"""Rows without a law behind them, for tests of the database alone."""

import threading
from collections.abc import Callable
from dataclasses import replace

from storage.case_rows import CaseRow
from storage.database import Database
from storage.log_rows import LeafRow

CASE = CaseRow("c" * 32, 1, "COLLECTED", "n", "310010000019", "x" * 43, 0, b"{}")


def at_once(jobs: list[Callable[[], object]]) -> list[object]:
    """Results of ``jobs`` begun together; an exception is a result."""
    ready, results = threading.Barrier(len(jobs)), list[object]([None] * len(jobs))

    def run(at: int) -> None:
        ready.wait()
        try:
            results[at] = jobs[at]()
        except Exception as error:
            results[at] = error

    threads = [threading.Thread(target=run, args=(at,)) for at in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def leaf(index: int, case: str | None = None, epoch: int = 0, registry: bool = False) -> LeafRow:
    return LeafRow(index, b"leaf %d" % index, bytes(32), f"{index:064x}", case, epoch, registry)


def append(database: Database, *rows: LeafRow, to: tuple[tuple[str, int, str], ...] = ()) -> None:
    with database.unit() as unit:
        head = unit.log.lock_head()
        unit.log.append(replace(head, size=head.size + len(rows)), rows, to)
        unit.commit()

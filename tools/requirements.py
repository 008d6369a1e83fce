"""``make requirements``: each duty of the notices and each row of the law, with the tests that prove it.

A test names what it proves by ``@pytest.mark.requirement("A03", "T05")``. Guards of the law need no mark: what a
guard cites counts where ``tests/unit/law/test_law_guards.py`` has an act that it refuses and that passes without it,
which that module shows for every guard of every row.

Exit code 1: a duty of priority M without a test and without a reason in ``tests/proofs/open.csv``, or a mark that
names no duty and no row; an invariant or a dated timeline of the law that no test names.
"""

import argparse
import contextlib
import csv
import io
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "proto" / "gen")]

from hub.casework.table import ROWS  # noqa: E402
from tests.proofs.ids import ids_in, row_id  # noqa: E402

DUTIES = ROOT / "tests" / "proofs" / "requirements.csv"
STATES_MD = re.compile(r"(?:invariant|timeline|states\.md|postal\.md) [0-9]{1,2}")
SETTLED = (*(f"invariant {n}" for n in range(1, 21)), *(f"timeline {n}" for n in range(1, 8)))
"""states.md 10 and 11: each is named by a test that fails without it."""
OPEN = ROOT / "tests" / "proofs" / "open.csv"


class Marks:
    """A pytest plugin that notes which test proves what."""

    def __init__(self) -> None:
        self.proofs: dict[str, list[str]] = defaultdict(list)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Every mark of every collected test."""
        for item in items:
            for mark in item.iter_markers("requirement"):
                for name in mark.args:
                    self.proofs[name].append(item.nodeid)


def collected() -> Mapping[str, list[str]]:
    """Tests by id."""
    marks = Marks()
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        code = pytest.main(["--collect-only", "-qq", "-p", "no:randomly", "tests"], plugins=[marks])
    if code != pytest.ExitCode.OK:
        raise SystemExit(f"tests could not be collected: {code!r}\n{said.getvalue()[-3000:]}")
    return marks.proofs


def read(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def main() -> int:
    """Print the table; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--open", action="store_true", help="only what no test proves")
    only_open = parser.parse_args().open
    proofs, duties = collected(), read(DUTIES)
    reasons = {row["id"]: row["reason"] for row in read(OPEN)}
    rows = {row_id(row) for row in ROWS}
    console = Console(width=150)
    table = Table("id", "P", "duty", "tests", "first of them, or the reason", title="requirements")
    shares: Counter[tuple[str, bool]] = Counter()
    missing = []
    for duty in duties:
        found = proofs.get(duty["id"], [])
        shares[duty["priority"], bool(found)] += 1
        reason = reasons.get(duty["id"], "")
        if duty["priority"] == "M" and not found and not reason:
            missing.append(duty["id"])
        if not (only_open and found):
            shown = found[0].removeprefix("tests/") if found else reason
            table.add_row(duty["id"], duty["priority"], duty["duty"][:70], str(len(found)), shown)
    console.print(table)
    unproven = sorted(rows - proofs.keys())
    console.print(f"rows of the law: {len(rows)}, without a marked test: {', '.join(unproven) or 'none'}")
    unnamed = [name for name in SETTLED if name not in proofs]
    console.print(
        f"invariants and dated timelines: {len(SETTLED)}, without a marked test: {', '.join(unnamed) or 'none'}"
    )
    for priority in "MSC":
        done, all_of = shares[priority, True], shares[priority, True] + shares[priority, False]
        console.print(f"{priority}: {done} of {all_of} ({done / all_of:.0%})")
    known = {duty["id"] for duty in duties} | rows
    named = known | {name for name in proofs if ids_in(name) or STATES_MD.fullmatch(name)}
    unknown = sorted(proofs.keys() - named)
    for name in missing:
        console.print(f"[red]{name}: a duty of priority M without a test and without a reason")
    for name in unknown:
        console.print(f"[red]{name}: a mark that names no duty and no row: {proofs[name][0]}")
    return int(bool(missing or unknown or unproven or unnamed))


if __name__ == "__main__":
    raise SystemExit(main())

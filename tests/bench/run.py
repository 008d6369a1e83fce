"""Part (a) of ``make bench``: signed statements a second (options: ``--help``).

The other parts are scripts of their own beside this one: ``pages`` (b, c), ``memory`` (d), ``verify`` (e), ``peak``.
Invariant: nothing is measured while something is prepared.
"""

import argparse
import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "proto" / "gen")]

from tests.bench import report, statements  # noqa: E402
from tests.bench.stack import Stack  # noqa: E402


def fresh_stack(closing: ExitStack) -> Stack:
    """A stack of its own in a folder of its own; both go when ``closing`` ends."""
    home = Path(tempfile.mkdtemp(prefix="yidi-bench-"))
    closing.callback(shutil.rmtree, home, ignore_errors=True)
    return Stack(home, closing)


def main() -> None:
    """Read the options, run, keep the report."""
    parser = argparse.ArgumentParser(description="statements a second through the real hub")
    parser.add_argument("--callers", default="1,16,64,256", help="numbers of concurrent callers")
    parser.add_argument("--cases", type=int, default=64, help="least number of cases a round (12 statements each)")
    parser.add_argument("--hubs", type=int, default=1, help="hub processes on the one database")
    parser.add_argument("--batch", type=int, default=statements.SENDER_MOST, help="statements in a call; 0: only one")
    parser.add_argument("--no-uploads", action="store_true", help="pin rows without objects: quicker to prepare")
    parser.add_argument("--profile", action="store_true", help="then rounds with py-spy on the hub: its costs")
    report.add_option(parser)
    given = parser.parse_args()
    given.results.mkdir(exist_ok=True)
    profile = given.results if given.profile else None
    callers = tuple(int(number) for number in given.callers.split(","))
    asked = statements.Asked(callers, given.cases, given.hubs, given.batch, not given.no_uploads, profile)
    with ExitStack() as closing:
        found = statements.measure(fresh_stack(closing), asked)
    report.write(given.results, "statements", found)


if __name__ == "__main__":
    main()

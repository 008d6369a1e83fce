"""The benchmark: ``make bench`` (options: ``--help``). Each part stands in a module of its own beside this one.

Invariant: a part is given a fresh ``Stack`` and answers a JSON object; nothing is measured while something is prepared.
"""

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "proto" / "gen")]

from tests.bench import statements  # noqa: E402
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
    parser.add_argument("--results", type=Path, default=ROOT / "bench-results", help="folder for the report")
    given = parser.parse_args()
    given.results.mkdir(exist_ok=True)
    profile = given.results if given.profile else None
    callers = tuple(int(number) for number in given.callers.split(","))
    asked = statements.Asked(callers, given.cases, given.hubs, given.batch, not given.no_uploads, profile)
    load = os.getloadavg()[0]
    with ExitStack() as closing:
        report: dict[str, object] = {"statements": statements.measure(fresh_stack(closing), asked)}
    report["machine"] = {
        "cores": os.cpu_count(),
        "processor": platform.machine(),
        "python": platform.python_version(),
        "load_before": round(load, 2),
    }
    file = given.results / f"bench-{time.strftime('%Y%m%d-%H%M%S')}.json"
    file.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n")
    print(f"report: {file.relative_to(ROOT) if file.is_relative_to(ROOT) else file.name}")


if __name__ == "__main__":
    main()

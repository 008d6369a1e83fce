"""Offline verification, statements a second (``make bench``, part e).

A log is made in memory with the real law and real keys (``tests/unit/evidence_log.py``), cases are exported, and each
package is audited as ``yidi audit verify`` does: twelve steps of evidence, replay of the law, due dates. Counted are
all signed statements that a package holds, the case's and the registry's. One process, one core.
"""

import argparse
import importlib.util
import statistics
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "proto" / "gen")]


from crypto.evidence import read  # noqa: E402
from crypto.evidence.report import Verdict  # noqa: E402
from node_agent.auditor.verify import audit  # noqa: E402
from tests.bench import report  # noqa: E402

REGISTRIES = (0, 1000)


def load(name: str) -> ModuleType:
    """A module of ``tests/unit``, by path: ``tests`` is no package."""
    found = importlib.util.spec_from_file_location(name, ROOT / "tests" / "unit" / f"{name}.py")
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules[name] = module
    found.loader.exec_module(module)
    return module


def measure(module: ModuleType, registry: int, cases: int) -> dict[str, Any]:
    """Audits of ``cases`` packages of a log with ``registry`` further registry statements."""
    log = module.SyntheticLog()
    log.register_all()
    for number in range(registry):
        log.grant(f"G{number}", "DECIDE", module.DECIDER)
    packages = [log.package(log.run_case(number + 1)) for number in range(cases)]
    contents = [read.read(package) for package in packages]
    statements = sum(len(one.leaves) + len(one.registry) for one in contents)
    seconds, busy = [], 0.0
    for package in packages:
        began, at = time.perf_counter(), time.process_time()
        verdict = audit(package, log.pins()).verdict
        seconds.append(time.perf_counter() - began)
        busy += time.process_time() - at
        if verdict is not Verdict.VALID:
            raise SystemExit(f"bench: a sound package is {verdict}")
    found = {
        "registry_statements": len(contents[0].registry),
        "case_statements": len(contents[0].leaves),
        "packages": cases,
        "package_bytes": len(packages[0]),
        "seconds_a_package": round(statistics.median(seconds), 4),
        "statements_per_second": round(statements / sum(seconds), 1),
        "statements_per_cpu_second": round(statements / busy, 1),
    }
    print(
        "verify: {case_statements} + {registry_statements} statements a package, {seconds_a_package} s each, "
        "{statements_per_second} statements/s ({statements_per_cpu_second} a CPU second)".format(**found)
    )
    return found


def main() -> None:
    """Read the options, run, keep the report."""
    parser = argparse.ArgumentParser(description="offline verification, statements a second")
    parser.add_argument("--cases", type=int, default=10)
    report.add_option(parser)
    asked = parser.parse_args()
    module = load("evidence_log")
    found = [measure(module, registry, asked.cases) for registry in REGISTRIES]
    report.write(asked.results, "verify", {"packages": found})


if __name__ == "__main__":
    main()

"""What the law costs: microseconds for each row with all its guards and clocks (``make bench``, part f).

Every row of the table is brought to where its act is next, as the tests of the law do it; then the act is applied again
and again to the same case file, which no act changes. Beside it, in the same run, what each statement costs anyhow:
one check of an ECDSA P-256 signature by OpenSSL. One process, one core.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "proto" / "gen")]

from crypto import suites  # noqa: E402
from crypto.keystore import new_signer  # noqa: E402
from hub.casework import consequences, timers  # noqa: E402
from tests.bench import report  # noqa: E402
from tests.unit.law.law_steps import MAIN_PATH, PATHS, STEPS  # noqa: E402
from tests.unit.law.law_world import Bench  # noqa: E402

MESSAGE = b"\x2a" * 700
"""About as long as a statement."""


def microseconds(call: Callable[[], object], least_seconds: float) -> float:
    """Median time of one call, over rounds of at least ``least_seconds`` altogether."""
    call()
    rounds: list[float] = []
    end = time.perf_counter() + least_seconds
    while time.perf_counter() < end or len(rounds) < 5:
        began = time.perf_counter()
        for _ in range(10):
            call()
        rounds.append((time.perf_counter() - began) / 10)
    return statistics.median(rounds) * 1e6


def cost_of(name: str, seconds: float) -> dict[str, float]:
    """Apply the act of a row; then ask what follows from it, and what time made due."""
    bench = Bench().reach(name)
    act, world, file = bench.act(bench.step(name)), bench.world(), bench.file
    changed = bench.law.apply(file, act, world)
    return {
        "apply": microseconds(lambda: bench.law.apply(file, act, world), seconds),
        "follow": microseconds(lambda: consequences.next_event(changed, world), seconds),
        "clocks": microseconds(lambda: timers.due_event(changed, world, act.recorded_at), seconds)
        + microseconds(lambda: timers.wake_at(changed, world), seconds),
    }


def signature(seconds: float) -> float:
    """One check of a P-256 signature over a statement's length."""
    signer = new_signer()
    made = signer.sign(MESSAGE)
    return microseconds(lambda: suites.verify(signer.suite, signer.public, made, MESSAGE), seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description="microseconds a statement for guards and clocks")
    parser.add_argument("--seconds", type=float, default=0.05, help="time spent on each figure")
    report.add_option(parser)
    options = parser.parse_args()
    peer = signature(0.5)
    rows = {name: cost_of(name, options.seconds) for name in PATHS if name in STEPS}
    whole = {name: sum(costs.values()) for name, costs in rows.items()}
    mix = statistics.mean(whole[name] for name in MAIN_PATH)
    found = {
        "rows": rows,
        "mean_of_the_12_statement_mix_us": round(mix, 1),
        "median_row_us": round(statistics.median(whole.values()), 1),
        "dearest_row": max(whole, key=lambda name: whole[name]),
        "dearest_row_us": round(max(whole.values()), 1),
        "one_signature_check_us": round(peer, 1),
        "mix_in_signature_checks": round(mix / peer, 2),
    }
    print(f"{'guards and clocks':28} {'us':>8}  in signature checks")
    print(f"{'one signature check':28} {peer:8.1f}  1.00")
    print(f"{'mean of the 12-statement mix':28} {mix:8.1f}  {mix / peer:.2f}")
    for name in sorted(whole, key=lambda name: -whole[name])[:8]:
        parts = ", ".join(f"{part} {cost:.0f}" for part, cost in rows[name].items())
        print(f"{name:28} {whole[name]:8.1f}  {whole[name] / peer:.2f}  ({parts})")
    print(f"{len(rows)} rows, median {found['median_row_us']} us")
    report.write(options.results, "guards", found)


if __name__ == "__main__":
    main()

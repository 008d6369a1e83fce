"""Pages that try to get past the finding, each scored by name: upright, on its side, on its head; at 200 and 150 dpi.

Part of ``make bench``. A page is covered, withheld (with the reason) or missed (with the values): nothing readable may
leave, so only the last is a fault. Pages: ``tests.labelled.hard``.
"""

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "proto" / "gen")]

from hub.casework.masking.fields import Profile  # noqa: E402
from node_agent.imaging.reading.engine import Engine  # noqa: E402
from node_agent.imaging.reading.worker import judge_pixels  # noqa: E402
from tests.bench import report  # noqa: E402
from tests.labelled.hard import PAGES, hard_page  # noqa: E402
from tests.labelled.score import score_page  # noqa: E402

WAYS = ((0, 200), (90, 200), (180, 200), (0, 150))


def main() -> None:
    """Read the options, score, keep the report."""
    parser = argparse.ArgumentParser(description="adversarial pages")
    parser.add_argument("--seeds", type=int, default=1, help="people a page")
    report.add_option(parser)
    given = parser.parse_args()
    found = measure(given.seeds)
    report.write(given.results, "adversarial", found)
    print(json.dumps({"outcomes": found["outcomes"], "missed": found["missed"]}, ensure_ascii=False))


def measure(seeds: int) -> dict[str, Any]:
    """Every page in every way."""
    engine, outcomes, pages, missed = Engine(), Counter[str](), dict[str, str](), dict[str, list[str]]()
    began = time.monotonic()
    for name in sorted(PAGES):
        for turn, dpi in WAYS:
            for seed in range(5, 5 + seeds):
                key = f"{name} {turn} {dpi} {seed}"
                outcome, left = judged(engine, name, turn, dpi, seed)
                outcomes[outcome.partition(" ")[0]] += 1
                pages[key] = outcome
                if left:
                    missed[key] = left
    seconds = round((time.monotonic() - began) / max(1, len(pages)), 3)
    return {"pages": pages, "outcomes": dict(outcomes), "missed": missed, "seconds_a_page": seconds}


def judged(engine: Engine, name: str, turn: int, dpi: int, seed: int) -> tuple[str, list[str]]:
    """``covered``, ``withheld`` with the codes, or ``missed``, and which values."""
    pixels, values = hard_page(name, turn, dpi, seed)
    seen = judge_pixels(engine, pixels)
    truth = [{"kind": value.kind, "text": value.text, "quad": value.quad} for value in values]
    page = {"width": pixels.shape[1], "height": pixels.shape[0], "values": truth}
    left = score_page(page, [one.box for one in seen.covered(Profile.OUTSIDE)])[1]
    if seen.withheld:
        return "withheld " + ",".join(seen.withheld), []
    return ("missed", left) if left else ("covered", [])


if __name__ == "__main__":
    main()

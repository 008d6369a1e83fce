"""Judging a page: seconds, clean pages stopped, spoilt pages passed. Aim: a verdict in under 0.15 s.

Pages are made here, flat and photographed, then spoilt by blur, motion, darkness and size, in ways that the limits were
not fitted on.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from node_agent.imaging.quality.verdict import judge  # noqa: E402
from tests.bench import report  # noqa: E402
from tests.pages import A4, Pixels, jpeg, photographed, sheet  # noqa: E402

AIM_SECONDS = 0.15


def _blurred(page: Pixels) -> Pixels:
    return np.asarray(cv2.GaussianBlur(page, (0, 0), 4.0), np.uint8)


def _moved(page: Pixels) -> Pixels:
    return np.asarray(cv2.blur(page, (21, 1)), np.uint8)


def _dark(page: Pixels) -> Pixels:
    return np.asarray(page * 0.15, np.uint8)


def _small(page: Pixels) -> Pixels:
    return np.asarray(cv2.resize(page, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA), np.uint8)


def _sideways(page: Pixels) -> Pixels:
    return np.ascontiguousarray(np.rot90(page, 3))


SPOILT: dict[str, Callable[[Pixels], Pixels]] = {
    "blurred": _blurred, "moved": _moved, "dark": _dark, "small": _small, "sideways": _sideways,
}  # fmt: skip


def main() -> None:
    """Measure and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=12)
    report.add_option(parser)
    given = parser.parse_args()
    seconds: list[float] = []
    cpu: list[float] = []
    stopped, passed = [], []
    for seed in range(given.pages):
        page = sheet(seed, A4, pitch=48 + seed % 5 * 12)
        good = {"flat": page, "photographed": photographed(page, 30 + 10 * (seed % 8), seed % 7 - 3.0, margin=140)}
        for name, picture in good.items():
            data = jpeg(picture)
            began, used = time.perf_counter(), time.process_time()
            verdict = judge(data)
            seconds.append(time.perf_counter() - began)
            cpu.append(time.process_time() - used)
            if verdict.stops:
                stopped.append([seed, name, list(verdict.codes)])
        passed += [[seed, name] for name, spoil in SPOILT.items() if not judge(jpeg(spoil(page))).stops]
    found = {
        "pages": given.pages,
        "seconds_a_page": {"median": round(statistics.median(seconds), 3), "most": round(max(seconds), 3)},
        "cpu_seconds_a_page": {"median": round(statistics.median(cpu), 3), "most": round(max(cpu), 3)},
        "aim_seconds": AIM_SECONDS,
        "good_pages_stopped": stopped,
        "spoilt_pages_passed": passed,
        "of": {"good": 2 * given.pages, "spoilt": len(SPOILT) * given.pages},
    }
    print(f"quality: {found}")
    report.write(given.results, "quality", found)


if __name__ == "__main__":
    main()

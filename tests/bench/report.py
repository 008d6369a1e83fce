"""Where a benchmark's figures go: one JSON file a run, with the machine that it ran on."""

import argparse
import json
import os
import platform
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def add_option(parser: argparse.ArgumentParser) -> None:
    """``--results``: folder for the report."""
    parser.add_argument("--results", type=Path, default=ROOT / "bench-results", help="folder for the report")


def machine() -> dict[str, object]:
    """Cores, processor, Python, load of the last minute: without them a figure says nothing."""
    return {
        "cores": os.cpu_count(),
        "processor": platform.machine(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2),
    }


def write(folder: Path, name: str, found: Mapping[str, object]) -> None:
    """``<name>-<time>.json`` in ``folder``; says where."""
    folder.mkdir(exist_ok=True)
    file = folder / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}.json"
    whole = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine(), **found}
    file.write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n")
    print(f"report: {file.relative_to(ROOT) if file.is_relative_to(ROOT) else file.name}")

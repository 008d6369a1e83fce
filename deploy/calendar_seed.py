"""Seed of the legal calendar from the package ``chinese_calendar``.

Invariants:
- the package is only a seed (standards.md 6): the hub reads the document, never the package, so that a new
  year's notice can be loaded without waiting for a release;
- the document is written through ``WorkCalendar``, so what is committed can be read back.
"""

import json
from collections.abc import Iterable
from datetime import date, timedelta
from importlib.metadata import version as package_version
from pathlib import Path
from typing import Annotated

import chinese_calendar
import typer

from hub.casework.time.calendar import WorkCalendar

DEMO_YEARS = range(2024, 2027)
DEMO_FILE = Path(__file__).parent / "demo" / "calendar.json"


def seed_calendar(years: Iterable[int], version: str = "2026.1") -> dict[str, object]:
    """The calendar document of ``years``. NotImplementedError for a year the package has no data for."""
    days = {}
    for year in years:
        first = date(year, 1, 1)
        length = (date(year + 1, 1, 1) - first).days
        all_days = (first + timedelta(days=offset) for offset in range(length))
        days[year] = frozenset(day for day in all_days if chinese_calendar.is_workday(day))
    source = f"chinesecalendar {package_version('chinesecalendar')}"
    return WorkCalendar(version, days, source).to_document()


def main(out: Annotated[Path, typer.Option(help="file to write")] = DEMO_FILE) -> None:
    """Write the demo calendar."""
    text = json.dumps(seed_calendar(DEMO_YEARS), ensure_ascii=False, indent=1, sort_keys=True)
    out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)

"""Options that say something of a material: ``M05=2026-12-01``, ``M05=page.jpg``."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from crypto.refusal import Refusal

Copies = Annotated[list[str] | None, typer.Option("--copy", help="丢失原件的核证副本：材料编号=扫描件，可多次")]


def pairs(given: Sequence[str], option: str) -> list[tuple[str, str]]:
    """(left, right) of texts like ``M05=…``. Refusal PAIR_FORMAT."""
    made = []
    for text in given:
        left, sign, right = text.partition("=")
        if not (sign and left.strip() and right.strip()):
            raise Refusal("PAIR_FORMAT", "promise 1", option=option, value=text[:40])
        made.append((left.strip(), right.strip()))
    return made


def days_of(given: Sequence[str]) -> dict[str, date]:
    """ISO day by material. Refusal PAIR_FORMAT."""
    try:
        return {code: date.fromisoformat(day) for code, day in pairs(given, "--promise")}
    except ValueError as error:
        raise Refusal("PAIR_FORMAT", "B10", option="--promise", value=",".join(given)[:40]) from error


def copies_of(given: Sequence[str] | None) -> dict[str, Path]:
    """Scan by material. Refusal PAIR_FORMAT."""
    return {code: Path(name) for code, name in pairs(given or (), "--copy")}


def pages_of(given: Sequence[str]) -> Mapping[str, Path | Sequence[Path]]:
    """Pages by material: a folder or a file alone, several files in the order in which they were named."""
    found: dict[str, list[Path]] = {}
    for code, name in pairs(given, "--page"):
        found.setdefault(code, []).append(Path(name))
    return {code: files[0] if len(files) == 1 else files for code, files in found.items()}

"""Figures in files: a folder of CSV tables, a workbook, or JSON.

Invariants:
- a cell is never a formula: in a workbook every cell is text, in CSV what a spreadsheet would compute begins with an
  apostrophe (numbers stay numbers);
- what lay under the name stays until the new file is whole.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from crypto.refusal import Refusal
from deploy.catalogue.files import Rows, write_json, write_tables

RULE = "J05"
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?%?")
_COMPUTED = ("=", "+", "-", "@", "\t", "\r", "\n")


def write(tables: Mapping[str, Rows], document: Mapping[str, object], path: Path) -> None:
    """``.xlsx``, ``.json``, or a folder of CSV (UTF-8, BOM). Refusals FIGURES_FORMAT_UNKNOWN, FIGURES_UNWRITABLE."""
    kind = path.suffix.lower()
    try:
        if kind == ".json":
            write_json(document, path)
        elif kind == ".xlsx":
            write_tables(tables, path)
        elif not kind:
            write_tables({title: [list(map(safe, row)) for row in rows] for title, rows in tables.items()}, path)
        else:
            raise Refusal("FIGURES_FORMAT_UNKNOWN", RULE, file=path.name)
    except OSError as error:
        raise Refusal("FIGURES_UNWRITABLE", RULE, problem=error.strerror or "") from error


def safe(text: str) -> str:
    """The text as a spreadsheet shows and never computes it."""
    if text.startswith(_COMPUTED) and _NUMBER.fullmatch(text) is None:
        return "'" + text
    return text

"""Figures in files: a folder of CSV tables, a workbook, or JSON.

Invariants:
- a cell is never a formula: in a workbook every cell is text, in CSV what a spreadsheet would compute begins with an
  apostrophe (numbers stay numbers);
- what lay under the name stays until the new file is whole.
"""

import errno
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from crypto.refusal import Refusal
from deploy.catalogue.files import Rows, write_json, write_tables

RULE = "J05"
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?%?")
_COMPUTED = ("=", "+", "-", "@", "\t", "\r", "\n")


def write(tables: Mapping[str, Rows], document: Mapping[str, object], path: Path, *, private: bool = False) -> None:
    """``.xlsx``, ``.json``, or a folder of CSV (UTF-8, BOM); ``private``: readable by its owner alone.

    Refusals FIGURES_FORMAT_UNKNOWN, FIGURES_UNWRITABLE.
    """
    kind = _kind_of(path)
    try:
        with _mode_of(private):
            if kind == ".json":
                write_json(document, path)
            elif kind == ".xlsx":
                write_tables(tables, path)
            else:
                write_tables({title: [list(map(safe, row)) for row in rows] for title, rows in tables.items()}, path)
    except OSError as error:
        raise Refusal("FIGURES_UNWRITABLE", RULE, problem=error.strerror or "") from error


def require_writable(path: Path) -> None:
    """Before something is told of that ``write`` has to follow: whether its name and place will do.

    Refusals FIGURES_FORMAT_UNKNOWN, FIGURES_UNWRITABLE.
    """
    places = [path.parent] if _kind_of(path) else [path, *path.parents]  # a folder is made where there is none
    try:
        place = next((one for one in places if one.exists()), places[0])
        if path.suffix and path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        with os.scandir(place):  # a folder, and there
            pass
        if not os.access(place, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise Refusal("FIGURES_UNWRITABLE", RULE, problem=error.strerror or "") from error


def _kind_of(path: Path) -> str:
    """``.xlsx``, ``.json``, or empty for a folder. Refusal FIGURES_FORMAT_UNKNOWN."""
    kind = path.suffix.lower()
    if kind not in (".xlsx", ".json", ""):
        raise Refusal("FIGURES_FORMAT_UNKNOWN", RULE, file=path.name)
    return kind


@contextmanager
def _mode_of(private: bool) -> Iterator[None]:
    """Files that are made meanwhile are the owner's alone; of a command, which is one thread."""
    former = os.umask(0o077) if private else None
    try:
        yield
    finally:
        if former is not None:
            os.umask(former)


def safe(text: str) -> str:
    """The text as a spreadsheet shows and never computes it."""
    if text.startswith(_COMPUTED) and _NUMBER.fullmatch(text) is None:
        return "'" + text
    return text

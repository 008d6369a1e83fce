"""Lists of items in files: a folder of CSV tables, one XLSX workbook, or JSON.

Invariants:
- the kind of a file follows from its name; its text is decoded strictly (``decode``);
- a file is bounded before it is opened, also by what it would unpack to, and a sheet by its rows and cells: the size
  that a workbook claims to have is not believed;
- a file is written whole under another name first: what lay there stays until the new one is complete;
- nothing is computed: a workbook's formula is refused, not run and not read by its last value.
"""

import csv
import io
import json
import zipfile
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from crypto.refusal import Refusal
from deploy.catalogue.decode import require_sound, text_in
from deploy.catalogue.document import LEGEND, RULE, Cell, document_of

LARGEST: Final = 64 << 20
LARGEST_UNPACKED: Final = 512 << 20
LONGEST_SHEET: Final = 200_000
"""Rows of one sheet, the empty ones too."""
MOST_CELLS: Final = 16_000_000
"""Cells of one sheet: a single cell far to the right makes its row that wide."""
_LONGEST_CELL: Final = 1 << 20
_EMPTY: Final = Cell("")

Rows = list[list[str]]


def read_list(path: Path) -> tuple[dict[str, Any], list[Refusal]]:
    """The document in ``path``, and what is wrong with its tables (then it is not to be used).

    Refusals: TABLE_FORMAT, TABLE_FILE, TABLE_TOO_LARGE, TABLE_ENCODING, TABLE_DAMAGED.
    """
    if path.is_dir():
        return document_of({file.stem: _csv(file) for file in sorted(path.glob("*.csv"))})
    if path.suffix.lower() == ".xlsx":
        return document_of(_workbook(path))
    if path.suffix.lower() == ".json":
        return json_object(path), []
    raise Refusal("TABLE_FORMAT", RULE, file=path.name)


def json_object(path: Path) -> dict[str, Any]:
    """The object in a JSON file; a name that stands twice in one object is refused. Refusals as ``read_list``."""
    text = text_in(_bytes(path), path.name)
    try:
        value = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise Refusal("TABLE_FILE", RULE, file=path.name) from None
    if not isinstance(value, dict):
        raise Refusal("TABLE_FILE", RULE, file=path.name)
    return value


def write_tables(tables: Mapping[str, Rows], path: Path, encoding: str = "utf-8-sig") -> None:
    """Tables as a workbook (``.xlsx``) or as a folder of CSV files in ``encoding``, which is made if absent."""
    if path.suffix.lower() == ".xlsx":
        _write_workbook(tables, path)
        return
    path.mkdir(parents=True, exist_ok=True)
    for title, rows in tables.items():
        write_csv(rows, path / f"{title}.csv", encoding)


def write_csv(rows: Rows, path: Path, encoding: str = "utf-8-sig") -> None:
    """One table. ``utf-8-sig`` is what spreadsheets recognise; ``gb18030`` is for systems that know nothing else."""
    made = io.StringIO(newline="")
    csv.writer(made).writerows(rows)
    _replace(path, made.getvalue().encode(encoding))


def write_json(document: Mapping[str, Any], path: Path) -> None:
    """A document for reading and editing; what is published is its canonical form."""
    _replace(path, (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode())


def _replace(path: Path, data: bytes) -> None:
    """All or nothing: when the disk is full, the file that lay there is still whole."""
    draft = path.with_name(path.name + ".new")
    try:
        draft.unlink(missing_ok=True)  # what a kill left, or another user laid there, would lend its mode
        draft.touch(exist_ok=False)
        draft.write_bytes(data)
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def _bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise Refusal("TABLE_TOO_LARGE", RULE, file=path.name, size=size, limit=LARGEST)
        return path.read_bytes()
    except OSError:
        raise Refusal("TABLE_FILE", RULE, file=path.name) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name stands twice")
    return made


def _csv(path: Path) -> list[list[Cell]]:
    text = text_in(_bytes(path), path.name)
    csv.field_size_limit(_LONGEST_CELL)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error:
        raise Refusal("TABLE_FILE", RULE, file=path.name) from None
    return [[Cell(cell) for cell in row] for row in rows]


def _workbook(path: Path) -> dict[str, list[list[Cell]]]:
    data = _bytes(path)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            unpacked = sum(member.file_size for member in packed.infolist())
        if unpacked > LARGEST_UNPACKED:
            raise Refusal("TABLE_TOO_LARGE", RULE, file=path.name, size=unpacked, limit=LARGEST_UNPACKED)
        book = load_workbook(io.BytesIO(data), read_only=True, keep_links=False)
        return {sheet.title: _sheet(sheet, f"{path.name} {sheet.title}") for sheet in book.worksheets}
    except Refusal:
        raise
    except Exception as error:  # the library names no closed set of errors for a bad workbook
        raise Refusal("TABLE_FILE", RULE, file=path.name) from error


def _sheet(sheet: Any, file: str) -> list[list[Cell]]:
    """All rows, as wide as the header: a workbook leaves out empty cells at the end of a row. TABLE_TOO_LARGE."""
    sheet.reset_dimensions()  # else rows are filled up to the size that the file claims
    rows: list[list[Cell]] = []
    left = MOST_CELLS
    for number, row in enumerate(sheet.iter_rows(), start=1):
        left -= len(row)
        if number > LONGEST_SHEET or left < 0:
            raise Refusal("TABLE_TOO_LARGE", RULE, file=file, size=number, limit=LONGEST_SHEET)
        cells = [_cell(cell, file, number) for cell in row]
        rows.append(_fitted(cells, len(rows[0])) if rows else _trimmed(cells))
    return rows


def _trimmed(header: list[Cell]) -> list[Cell]:
    while header and not header[-1].text:
        header.pop()
    return header


def _fitted(row: list[Cell], width: int) -> list[Cell]:
    while len(row) > width and not row[-1].text and not row[-1].formula:
        row.pop()
    return row + [_EMPTY] * (width - len(row))


def _cell(cell: Any, file: str, row: int) -> Cell:
    value = cell.value
    if value is None:
        return _EMPTY
    if cell.data_type in ("f", "e"):
        return Cell("", formula=True)
    if isinstance(value, bool):
        return Cell("是" if value else "否")
    if isinstance(value, str):
        return Cell(require_sound(value.replace("\r\n", "\n"), file, row))
    if isinstance(value, datetime | date):
        return Cell(value.isoformat()[:10], number=True)
    whole = isinstance(value, float) and value.is_integer()
    return Cell(str(int(value) if whole else value), number=True)


def _write_workbook(tables: Mapping[str, Rows], path: Path) -> None:
    """Every cell is text, codes keep their zeros; the first row stays in sight."""
    book = Workbook(write_only=True)
    for title, rows in tables.items():
        sheet = book.create_sheet(title)
        sheet.freeze_panes = "A2"
        for number, row in enumerate(rows):
            sheet.append([_text_cell(sheet, text, number == 0 and title != LEGEND) for text in row])
    made = io.BytesIO()
    book.save(made)
    _replace(path, made.getvalue())


def _text_cell(sheet: Any, text: str, bold: bool) -> Any:
    cell = WriteOnlyCell(sheet, value=text)
    cell.data_type = "s"
    cell.number_format = "@"
    if bold:
        cell.font = Font(bold=True)
    return cell

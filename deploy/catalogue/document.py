"""Tables ↔ document.

Invariants:
- reading tells every wrong cell at once, each with table, row and column, and gives no document then;
- what is written and read again is the same list, or writing refuses (``TABLE_LOSS``): nothing is lost in silence;
- rows are counted as a spreadsheet shows them: the header is row 1.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from crypto.canonical import encode
from crypto.refusal import Refusal
from deploy.catalogue.decode import require_sound
from deploy.catalogue.tables import BY_TITLE, ITEM_KEY, TABLES, Column, Empty, Table

RULE: Final = "requirements D06, D08, 12.10"
LEGEND: Final = "说明"
"""A table for people, which reading leaves alone."""
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "'", "＝", "＋", "－", "＠")
"""Full-width signs too: a spreadsheet set to Chinese takes them for the others."""


@dataclass(frozen=True, slots=True)
class Cell:
    """``number``: the file holds it as a number or a date; ``formula``: it would be computed."""

    text: str
    number: bool = False
    formula: bool = False


Sheet = Sequence[Sequence[Cell]]


def document_of(sheets: Mapping[str, Sheet]) -> tuple[dict[str, Any], list[Refusal]]:
    """The document in tables (title → rows, header first), and everything that is wrong with them."""
    problems: list[Refusal] = []
    for title in sheets:
        if title not in BY_TITLE and title != LEGEND:
            problems.append(Refusal("TABLE_UNKNOWN", RULE, table=title[:40]))
    document: dict[str, Any] = {"v": 1, "items": [], "queues": [], "windows": []}
    owners: dict[tuple[str, ...], dict[str, Any]] = {}
    for table in TABLES:
        if table.title not in sheets:
            if table.needed:
                problems.append(Refusal("TABLE_MISSING", RULE, table=table.title))
            continue
        _read_table(table, sheets[table.title], document, owners, problems)
    return document, problems


def sheets_of(document: Mapping[str, Any]) -> dict[str, list[list[str]]]:
    """The tables of a document, with the header as first row; tables without rows too.

    Refusals: TABLE_LOSS for what no table has a place for; TABLE_DAMAGED for texts that no table may hold.
    """
    made = {table.title: [table.titles(), *_rows(table, document)] for table in TABLES}
    read, problems = document_of(
        {title: [[Cell(text) for text in row] for row in rows] for title, rows in made.items()}
    )
    if problems or encode(_pruned(read)) != encode(_pruned(dict(document))):
        raise Refusal("TABLE_LOSS", RULE, count=len(problems))
    return made


def template() -> dict[str, list[list[str]]]:
    """Empty tables with their headers, and the table that explains each column."""
    return {table.title: [table.titles()] for table in TABLES} | {LEGEND: _legend()}


def guarded(text: str) -> str:
    """A text that no spreadsheet takes for a formula, after blanks either; ``_plain`` takes the sign off again."""
    return f"'{text}" if text.lstrip().startswith(_FORMULA_STARTS) else text


# --- reading -------------------------------------------------------------------------------------------------------


def _read_table(
    table: Table,
    sheet: Sheet,
    document: dict[str, Any],
    owners: dict[tuple[str, ...], dict[str, Any]],
    problems: list[Refusal],
) -> None:
    header = [cell.text.strip() for cell in sheet[0]] if sheet else []
    wrong = list(_header_problems(table, header))
    problems += wrong
    if wrong:
        return
    for number, row in enumerate(sheet[1:], start=2):
        if not any(cell.text.strip() or cell.formula for cell in row):
            continue
        if len(row) != len(header):
            problems.append(Refusal("ROW_LENGTH", RULE, table=table.title, row=number))
            continue
        cells = dict(zip(header, row, strict=True))
        entry, bad = _entry(table, cells, number)
        problems += bad
        if not bad:
            problems += _place(
                table, entry, tuple(_plain(cells[name].text) for name in table.key), document, owners, number
            )


def _header_problems(table: Table, header: list[str]) -> Iterator[Refusal]:
    known = table.titles()
    for title in dict.fromkeys(header):
        if title not in known or header.count(title) > 1:
            yield Refusal("COLUMN_UNKNOWN", RULE, table=table.title, column=title[:40])
    optional = {column.title for column in table.columns if column.empty is Empty.ABSENT}
    for title in known:
        if title not in header and title not in optional:
            yield Refusal("COLUMN_MISSING", RULE, table=table.title, column=title)


def _entry(table: Table, cells: Mapping[str, Cell], number: int) -> tuple[dict[str, Any], list[Refusal]]:
    """One row as an entry, and what is wrong with its cells."""
    entry: dict[str, Any] = {}
    problems = [
        Refusal("CELL_EMPTY", RULE, table=table.title, row=number, column=name)
        for name in table.key
        if not cells[name].text.strip()
    ]
    for column in table.columns:
        cell = cells.get(column.title, Cell(""))
        problem = _cell_problem(table, column, cell, number)
        if problem is not None:
            problems.append(problem)
            continue
        text = _plain(cell.text)
        if text or column.empty is Empty.VALUE:
            try:
                _put(entry, column.path, column.kind.read(text) if text else column.blank)
            except ValueError as error:
                told = {"table": table.title, "row": number, "column": column.title}
                problems.append(Refusal("CELL_VALUE", RULE, **told, value=text[:40], allowed=error))
    return entry, problems


def _cell_problem(table: Table, column: Column, cell: Cell, number: int) -> Refusal | None:
    told = {"table": table.title, "row": number, "column": column.title}
    if cell.formula:
        return Refusal("CELL_FORMULA", RULE, **told)
    if cell.number and column.kind.exact:
        return Refusal("CELL_NUMBER", RULE, **told)
    if not cell.text.strip() and column.empty is Empty.REFUSED:
        return Refusal("CELL_EMPTY", RULE, **told)
    return None


def _place(
    table: Table,
    entry: dict[str, Any],
    key: tuple[str, ...],
    document: dict[str, Any],
    owners: dict[tuple[str, ...], dict[str, Any]],
    number: int,
) -> Iterator[Refusal]:
    """Puts an entry where it belongs: into the document, one of its lists, or the entry that owns it."""
    if not table.member:
        if "version" in document:
            yield Refusal("ROW_TWICE", RULE, table=table.title, row=number, value=entry["version"])
        document |= entry
        return
    home: dict[str, Any] | None = owners.get((table.owner, *key)) if table.owner else document
    if home is None:
        yield Refusal("ROW_OWNER", RULE, table=table.title, row=number, value="，".join(key))
        return
    if table.member == "items":
        entry |= {"special_procedures": [], "materials": []}
        entry.setdefault("rule_groups", {})
    *above, last = table.member.split(".")
    for name in above:
        home = home.setdefault(name, {})
    home.setdefault(last, []).append(entry)
    own = _own_key(table, entry, key)
    if own is not None:
        if own in owners:
            yield Refusal("ROW_TWICE", RULE, table=table.title, row=number, value=own[-1])
        owners[own] = entry


def _own_key(table: Table, entry: Mapping[str, Any], key: tuple[str, ...]) -> tuple[str, ...] | None:
    """Under what name other tables' rows find this entry; None when none asks."""
    if table.member == "items":
        return (table.title, entry["task_code"])
    return (table.title, *key, entry["code"]) if table.member == "situations" else None


def _put(entry: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for name in path[:-1]:
        entry = entry.setdefault(name, {})
    entry[path[-1]] = value


def _plain(text: str) -> str:
    text = text.strip()
    return text[1:] if text.startswith("'") else text


# --- writing -------------------------------------------------------------------------------------------------------


def _rows(table: Table, document: Mapping[str, Any]) -> Iterator[list[str]]:
    if not table.member:
        yield _row(table, document, ())
        return
    for key, home in _homes(table, document):
        for entry in _get(home, tuple(table.member.split("."))) or ():
            yield _row(table, entry, key)


def _homes(table: Table, document: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Entries that own rows of the table, each with its key."""
    if not table.owner:
        yield (), document
        return
    for item in document["items"]:
        if table.key == (ITEM_KEY,):
            yield (item["task_code"],), item
            continue
        for situation in item.get("situations", ()):
            yield (item["task_code"], situation["code"]), situation


def _row(table: Table, entry: Mapping[str, Any], key: tuple[str, ...]) -> list[str]:
    cells = [*key]
    for column in table.columns:
        value = _get(entry, column.path)
        cells.append("" if value is None or value in ("", []) else column.kind.write(value))
    return [guarded(require_sound(text, table.title, 0)) for text in cells]


def _get(entry: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = entry
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _pruned(value: Any) -> Any:
    """Without empty texts, lists and objects: a table does not tell an absent member from an empty one."""
    if isinstance(value, Mapping):
        made = {name: _pruned(inner) for name, inner in value.items()}
        return {name: inner for name, inner in made.items() if inner not in ("", [], {}, None)}
    return [_pruned(inner) for inner in value] if isinstance(value, list) else value


def _legend() -> list[list[str]]:
    told = {Empty.REFUSED: "必填", Empty.ABSENT: "可空", Empty.VALUE: "可空"}
    rows = [["表", "列", "填写", "允许的值"]]
    for table in TABLES:
        rows += [[table.title, name, "必填", f"与“{table.owner}”表相同"] for name in table.key]
        rows += [[table.title, column.title, told[column.empty], _allowed(column)] for column in table.columns]
    return rows


def _allowed(column: Column) -> str:
    """What a cell may hold, as the refusal of a cell that nobody would write says it; any text otherwise."""
    try:
        column.kind.read("\u0000")
    except ValueError as error:
        return str(error)
    return "文字"

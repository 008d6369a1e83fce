"""Many rows in one statement: one array a column.

Invariants: rows are written in the order of the arrays; the statement's text does not depend on their number, so the
server plans it once a connection.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, bindparam, column, func, select
from sqlalchemy.dialects.postgresql import ARRAY, Insert, insert
from sqlalchemy.sql.selectable import TableValuedAlias


def any_of(found: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """``found`` is one of the values in the array parameter ``name``."""
    return found == func.any(bindparam(name, type_=ARRAY(found.type)))


def arrays(table: Table, **columns: str) -> TableValuedAlias:
    """Rows made of the array parameters that ``columns`` makes: name in the row, column whose type it has."""
    given = [bindparam(f"all_{name}", type_=ARRAY(table.c[of].type)) for name, of in columns.items()]
    named = [column(name, table.c[of].type) for name, of in columns.items()]
    return func.unnest(*given).table_valued(*named, name="given").render_derived()


def insert_many(table: Table, *names: str) -> Insert:
    """INSERT of rows given as ``columns``."""
    given = arrays(table, **{name: name for name in names})
    return insert(table).from_select(names, select(*(given.c[name] for name in names)))


def columns(rows: Sequence[Mapping[str, object]]) -> dict[str, list[object]]:
    """Rows as one list a column; there is at least one row, and all have the same names."""
    return {f"all_{name}": [row[name] for row in rows] for name in rows[0]}

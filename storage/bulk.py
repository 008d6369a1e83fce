"""Statements for many rows, and statements that the driver runs itself.

Invariants:
- rows are written in the order of the arrays, one array a column; the statement's text does not depend on their number,
  so the server plans it once a connection;
- a ``Prepared`` is compiled once a process from the same tables as every other statement, and runs in the transaction
  of its connection like any other; values and rows travel in binary;
- within ``together`` nothing is waited for: the server takes the statements one after the other, each sees what is
  committed when its turn comes, and an error of one of them ends the scope as that error.
"""

import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, cast

from psycopg import Connection as Driver
from psycopg import Cursor, adapters
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.pq import Format
from sqlalchemy import ColumnElement, Connection, Executable, Table, bindparam, column, func, select
from sqlalchemy.dialects.postgresql import ARRAY, Insert, insert
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.sql.selectable import TableValuedAlias

_NAMED = re.compile(r"%\((\w+)\)s")
_NULL = b"\xff\xff\xff\xff"


class _Packed:
    """An array in the server's binary form, made by ``_pack``: the driver's own packing asks each item for its type."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data


class _Texts(_Packed):
    __slots__ = ()


class _Bytes(_Packed):
    __slots__ = ()


class _PackedDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: _Packed) -> Buffer:
        return obj.data


class _TextsDumper(_PackedDumper):
    oid = 1009  # text[]


class _BytesDumper(_PackedDumper):
    oid = 1001  # bytea[]


adapters.register_dumper(_Texts, _TextsDumper)
adapters.register_dumper(_Bytes, _BytesDumper)


def _pack(values: Sequence[bytes | None], element: int) -> bytes:
    """PostgreSQL's binary form of a one-dimensional array: dimensions, nulls, element type, length, lower bound."""
    parts = [struct.pack("!iiIii", 1, int(None in values), element, len(values), 1)]
    for value in values:
        parts += (_NULL,) if value is None else (len(value).to_bytes(4, "big"), value)
    return b"".join(parts)


def _array(values: Sequence[object]) -> object:
    """Texts and bytes are most of what is written; numbers and truth values are left to the driver."""
    first = next((value for value in values if value is not None), None)
    if isinstance(first, str):
        texts = cast("Sequence[str | None]", values)
        return _Texts(_pack([None if text is None else text.encode() for text in texts], 25))
    if isinstance(first, bytes):
        return _Bytes(_pack(cast("Sequence[bytes | None]", values), 17))
    return list(values)


class Prepared:
    """A statement for the driver."""

    def __init__(self, statement: Executable) -> None:
        self._statement = statement

    @cached_property
    def _compiled(self) -> tuple[bytes, dict[str, Any]]:
        dialect = PGDialect_psycopg()  # type: ignore[no-untyped-call]
        made = self._statement.compile(dialect=dialect)  # type: ignore[attr-defined]  # every ClauseElement has it
        return _NAMED.sub(r"%(\1)b", str(made)).encode(), dict(made.params)

    def run(self, connection: Connection, values: Mapping[str, object] | None = None) -> Cursor[tuple[Any, ...]]:
        """Execute in the transaction of ``connection``; rows come as tuples in the order of the statement's columns."""
        text, fixed = self._compiled
        if not connection.in_transaction():
            connection.begin()
        cursor = driver_of(connection).cursor(binary=True)
        return cursor.execute(text, {**fixed, **(values or {})}, prepare=True)


def driver_of(connection: Connection) -> Driver[tuple[Any, ...]]:
    """The driver's connection, which stays SQLAlchemy's: no commit, no rollback, no close by hand."""
    driver = connection.connection.dbapi_connection
    assert isinstance(driver, Driver)
    return driver


@contextmanager
def together(connection: Connection) -> Iterator[None]:
    """One round trip for all that is run by ``Prepared`` in this scope; results are there when it ends."""
    if not connection.in_transaction():
        connection.begin()
    with driver_of(connection).pipeline():
        yield


def waits(connection: Connection) -> bool:
    """Whether results come at once: outside of ``together``."""
    return not driver_of(connection).pgconn.pipeline_status


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


def columns(rows: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """Rows as one array a column, for ``Prepared``; there is at least one row, and all have the same names."""
    return {f"all_{name}": _array([row[name] for row in rows]) for name in rows[0]}

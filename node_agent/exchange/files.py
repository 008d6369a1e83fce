"""The files of a batch: one a table, a manifest with counts a day and digests, signed by the node.

Invariants:
- a folder under its final name is complete and on disk; what a kill left half written is erased before the next try;
- rows go to the disk as they come: memory does not grow with the batch;
- files are readable by their owner alone: they hold personal data in the clear.
"""

import csv
import hashlib
import io
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from crypto import canonical
from crypto.refusal import Refusal
from crypto.statement import read_envelope, sign
from node_agent.exchange.rows import Row
from node_agent.exchange.tables import TABLES
from node_agent.process.runtime import Agent
from storage.files import sync_directory

RULE = "GB/T 39046-2020; H10"
EXCHANGE_TYPE = "application/vnd.yidi.exchange+json"
KINDS = ("csv", "json")
MANIFEST = "manifest.dsse.json"


class BatchFiles:
    """One batch while it is written. ``finish`` puts it under its name; without it nothing stays."""

    def __init__(self, folder: Path, name: str, kind: str) -> None:
        if kind not in KINDS:
            raise Refusal("EXCHANGE_FORMAT", RULE, format=kind[:10])
        self._final, self._partial = folder / name, folder / f".{name}.partial"
        self._name, self._kind = name, kind
        self._open: dict[str, IO[bytes]] = {}
        self._days: dict[str, Counter[str]] = {}
        self._sums: dict[str, Any] = {}

    def __enter__(self) -> "BatchFiles":
        if self._name:
            try:
                shutil.rmtree(self._partial, ignore_errors=True)  # of a kill: rows in the clear
                self._partial.mkdir(mode=0o700, parents=True)
            except OSError as error:
                raise Refusal("EXCHANGE_UNWRITABLE", RULE, problem=error.strerror or "") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._open.values():
            file.close()
        if self._name:
            shutil.rmtree(self._partial, ignore_errors=True)

    def add(self, rows: Iterable[Row]) -> None:
        """Rows at the end of their tables. Refusal EXCHANGE_UNWRITABLE."""
        for row in rows:
            try:
                self._write(row.table, self._line(row.values.values()) if self._kind == "csv" else _json(row.values))
            except OSError as error:
                raise Refusal("EXCHANGE_UNWRITABLE", RULE, problem=error.strerror or "") from error
            self._days.setdefault(row.table, Counter())[row.day] += 1

    def finish(self, agent: Agent, left_out: Mapping[str, str]) -> None:
        """Manifest, flush, final name. Refusal EXCHANGE_UNWRITABLE, also where that name is taken."""
        told = {
            "v": 1,
            "batch": self._name,
            "node": agent.identity.node,
            "tables": {
                table: {
                    "file": self._file(table),
                    "words": TABLES[table].words,
                    "source": TABLES[table].source,
                    "rows": sum(days.values()),
                    "days": dict(sorted(days.items())),
                    "sha256": self._sums[table].hexdigest(),
                }
                for table, days in sorted(self._days.items())
            },
            "left_out": dict(sorted(left_out.items())),
        }
        envelope = sign(canonical.encode(told), [agent.identity.sign], EXCHANGE_TYPE)
        try:
            for file in self._open.values():
                file.flush()
                os.fsync(file.fileno())
            with self._made(MANIFEST) as file:
                file.write(envelope.encode())
                file.flush()
                os.fsync(file.fileno())
            sync_directory(self._partial)
            self._partial.rename(self._final)  # commit point: the batch is out
            sync_directory(self._final.parent)
        except OSError as error:
            raise Refusal("EXCHANGE_UNWRITABLE", RULE, problem=error.strerror or "") from error

    def _write(self, table: str, data: bytes) -> None:
        if table not in self._open:
            self._open[table] = self._made(self._file(table))
            self._sums[table] = hashlib.sha256()
            if self._kind == "csv":
                self._write(table, b"\xef\xbb\xbf" + self._line(TABLES[table].columns))
        self._sums[table].update(data)
        self._open[table].write(data)

    def _made(self, name: str) -> IO[bytes]:
        return open(os.open(self._partial / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")

    def _file(self, table: str) -> str:
        return f"{table}.{'csv' if self._kind == 'csv' else 'jsonl'}"

    @staticmethod
    def _line(values: Iterable[str]) -> bytes:
        made = io.StringIO(newline="")
        csv.writer(made).writerow(values)
        return made.getvalue().encode()


def _json(values: Mapping[str, str]) -> bytes:
    return json.dumps(dict(values), ensure_ascii=False).encode() + b"\n"


def is_finished(folder: Path) -> bool:
    """Whether a batch lies under its final name: then it is whole."""
    return (folder / MANIFEST).exists()


def reconcile(folder: Path, counted: Mapping[tuple[str, str], int] | None = None) -> tuple[dict[str, Any], list[str]]:
    """The manifest of a batch, and what does not fit: files against digests and counts, and the platform's own counts.

    ``counted``: rows by (table, day) that the platform says it has. Refusal EXCHANGE_MANIFEST.
    """
    try:
        envelope = read_envelope((folder / MANIFEST).read_bytes(), EXCHANGE_TYPE)
        told: dict[str, Any] = canonical.parse(envelope.payload)
        entries: dict[str, Any] = told["tables"]
        wrong = []
        for table, entry in entries.items():
            data = (folder / Path(str(entry["file"])).name).read_bytes()
            if hashlib.sha256(data).hexdigest() != entry["sha256"]:
                wrong.append(f"{table}：文件与清单的摘要不符")
            if _count(data, str(entry["file"])) != entry["rows"]:
                wrong.append(f"{table}：行数与清单不符")
    except (OSError, Refusal, KeyError, TypeError, UnicodeDecodeError) as error:
        raise Refusal("EXCHANGE_MANIFEST", RULE, file=folder.name) from error
    if counted is not None:
        own = {(table, day): n for table, entry in entries.items() for day, n in entry["days"].items()}
        for table, day in sorted(own.keys() | counted.keys()):
            here, there = own.get((table, day), 0), counted.get((table, day), 0)
            if here != there:
                wrong.append(f"{table} {day}：本机 {here} 行，平台 {there} 行")
    return told, wrong


def _count(data: bytes, file: str) -> int:
    if file.endswith(".jsonl"):
        return data.count(b"\n")
    return sum(1 for _ in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))) - 1

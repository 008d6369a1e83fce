"""What was acknowledged to a client, kept where no process of the product can lose it.

Invariant: a line is on disk (fsync) before it counts; lines are never changed. ``kept``: a command said that an act is
in the journal; ``receipt``: the hub's receipt reached the act's client; ``object``: the hub named the stored version.
"""

import hashlib
import json
import os
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from crypto import canonical
from crypto.statement import RECEIPT_TYPE, read_envelope

Line = dict[str, Any]


class Ledger:
    """An append-only file. Safe from several threads."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._lock = threading.Lock()
        self._handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.counts: Counter[str] = Counter()

    def add(self, kind: str, **values: object) -> None:
        """One acknowledgement."""
        line = json.dumps({"kind": kind, **values}, sort_keys=True).encode() + b"\n"
        with self._lock:
            os.write(self._handle, line)
            os.fsync(self._handle)
            self.counts[kind] += 1

    def receipt(self, data: bytes, by: str) -> None:
        """A receipt that reached its client: which statement stands where in the log, and these very bytes."""
        told = canonical.parse(read_envelope(data, RECEIPT_TYPE).payload)
        sha256 = hashlib.sha256(data).hexdigest()
        self.add("receipt", digest=told["payload_digest"], index=told["index"], receipt=sha256, by=by)

    def lines(self, kind: str) -> Iterator[Line]:
        """All lines of a kind, in order."""
        with self.file.open("rb") as file:
            for line in file:
                value: Line = json.loads(line)
                if value["kind"] == kind:
                    yield value

    def close(self) -> None:
        """Close the file; it stays."""
        os.close(self._handle)


class JournalReader:
    """Writes down every receipt that an agent has put into its journal. Reads beside the running agent."""

    def __init__(self, ledger: Ledger, journal: Path, by: str) -> None:
        self._ledger = ledger
        self._journal = journal
        self._by = by
        self._seen: set[str] = set()

    def look(self) -> None:
        """Once through the outbox."""
        with closing(sqlite3.connect(f"file:{self._journal}?mode=ro", uri=True, timeout=30)) as link:
            rows = link.execute("SELECT payload_digest, receipt FROM outbox WHERE state='DONE'").fetchall()
        for digest, receipt in rows:
            if digest not in self._seen:
                self._ledger.receipt(bytes(receipt), self._by)
                self._seen.add(digest)

    def lost(self) -> list[str]:
        """Receipts that were there once and are not now, or are other bytes."""
        with closing(sqlite3.connect(f"file:{self._journal}?mode=ro", uri=True, timeout=30)) as link:
            rows = link.execute("SELECT payload_digest, receipt FROM outbox WHERE state='DONE'").fetchall()
        here = {str(digest): hashlib.sha256(bytes(receipt)).hexdigest() for digest, receipt in rows}
        told = [line for line in self._ledger.lines("receipt") if line["by"] == self._by]
        return [line["digest"] for line in told if here.get(line["digest"]) != line["receipt"]]

    def states(self) -> Counter[str]:
        """How many acts in which state."""
        with closing(sqlite3.connect(f"file:{self._journal}?mode=ro", uri=True, timeout=30)) as link:
            return Counter(dict(link.execute("SELECT state, count(*) FROM outbox GROUP BY state").fetchall()))

"""What the simulated carrier remembers: one SQLite file.

Invariants:
- every public method is one transaction, on disk (WAL, synchronous FULL) before it returns: a killed process
  continues where it was;
- the order id is the idempotency key: the same order gives the same waybill, another content is a conflict;
- waybills are unique, ``985`` and ten digits from a start drawn once for the file; events are only added.
"""

import json
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from crypto.canonical import digest, encode, time_text, time_value
from deploy.carrier.scenarios import EventText, Step, event_texts, scenarios

_SPAN = 10**10
_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS plan (id INTEGER PRIMARY KEY AUTOINCREMENT, scenario INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS parcel (
  serial INTEGER PRIMARY KEY AUTOINCREMENT, order_id TEXT NOT NULL UNIQUE, waybill TEXT NOT NULL UNIQUE,
  slip_waybill TEXT, request TEXT NOT NULL, request_digest TEXT NOT NULL, scenario INTEGER NOT NULL,
  step INTEGER NOT NULL DEFAULT 0, down INTEGER NOT NULL DEFAULT 0, cancelled INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS event (
  waybill TEXT NOT NULL, seq INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (waybill, seq));
CREATE TABLE IF NOT EXISTS slip (waybill TEXT PRIMARY KEY, body BLOB NOT NULL);
"""


class Answer(Exception):
    """A refusal of the carrier: HTTP ``status`` and stable ``code``."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


class CarrierStore:
    """Parcels, their scenarios and events. Not shared between threads; ``clock`` gives the time with zone."""

    def __init__(self, path: Path, clock: Callable[[], datetime], default_scenario: int) -> None:
        self._clock = clock
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(_SCHEMA)
        with self._transaction():
            for name, value in (("start", secrets.randbelow(_SPAN)), ("default", default_scenario)):
                self._db.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", (name, value))

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def book(self, order_id: str, request: dict[str, object]) -> dict[str, object]:
        """The parcel of ``order_id``, booked now or before. Answer 409 ORDER_CONFLICT for another content."""
        asked = digest(encode(request))
        with self._transaction():
            row = self._db.execute("SELECT * FROM parcel WHERE order_id = ?", (order_id,)).fetchone()
            if row is None:
                row = self._insert(order_id, request, asked)
        if row["request_digest"] != asked:
            raise Answer(409, "ORDER_CONFLICT")
        return {"orderId": order_id, "waybillNo": row["waybill"], "receiptWaybillNo": row["slip_waybill"]}

    def events(self, waybill: str, after: int) -> list[dict[str, object]]:
        """Events with seq > ``after``. Answer 404 UNKNOWN_WAYBILL, 503 DOWN while the scenario says so."""
        if self._parcel(waybill)["down"]:
            raise Answer(503, "DOWN")
        rows = self._db.execute("SELECT body FROM event WHERE waybill = ? AND seq > ? ORDER BY seq", (waybill, after))
        return [json.loads(row["body"]) for row in rows]

    def cancel(self, waybill: str) -> None:
        """Cancel before collection; again is no error. Answer 404 UNKNOWN_WAYBILL, 409 ALREADY_COLLECTED."""
        with self._transaction():
            row = self._parcel(waybill)
            if row["cancelled"]:
                return
            if self._count(waybill):
                raise Answer(409, "ALREADY_COLLECTED")
            self._db.execute("UPDATE parcel SET cancelled = 1 WHERE waybill = ?", (waybill,))
            self._add(row, event_texts()["cancelled"], Step())

    def slip(self, waybill: str) -> bytes:
        """The electronic slip's bytes. Answer 404 UNKNOWN_WAYBILL or NO_SLIP."""
        self._parcel(waybill)
        row = self._db.execute("SELECT body FROM slip WHERE waybill = ?", (waybill,)).fetchone()
        if row is None:
            raise Answer(404, "NO_SLIP")
        return bytes(row["body"])

    def plan(self, scenario: int, count: int) -> None:
        """The next ``count`` new parcels play ``scenario``; 0: all that nothing else is planned for."""
        if scenario not in scenarios():
            raise Answer(422, "UNKNOWN_SCENARIO")
        with self._transaction():
            if count == 0:
                self._db.execute("UPDATE meta SET value = ? WHERE name = 'default'", (scenario,))
            self._db.executemany("INSERT INTO plan (scenario) VALUES (?)", [(scenario,)] * count)

    def advance(self, waybill: str | None) -> list[tuple[str | None, dict[str, object]]]:
        """Play the next step of one parcel, or of all; (callback, event) of each event told. Answer 404."""
        told: list[tuple[str | None, dict[str, object]]] = []
        with self._transaction():
            rows = [self._parcel(waybill)] if waybill else self._db.execute("SELECT * FROM parcel").fetchall()
            for row in rows:
                callback = json.loads(row["request"]).get("callback")
                told += [(callback, event) for event in self._play(row)]
        return told

    def unfinished(self, waybill: str | None) -> int:
        """How many parcels (or whether this one) still have steps to play. Answer 404 UNKNOWN_WAYBILL."""
        rows = [self._parcel(waybill)] if waybill else self._db.execute("SELECT * FROM parcel").fetchall()
        return sum(not _finished(row) for row in rows)

    def _insert(self, order_id: str, request: dict[str, object], asked: str) -> sqlite3.Row:
        planned = self._db.execute("SELECT id, scenario FROM plan ORDER BY id LIMIT 1").fetchone()
        if planned is not None:
            self._db.execute("DELETE FROM plan WHERE id = ?", (planned["id"],))
        scenario = planned["scenario"] if planned is not None else self._meta("default")
        last = self._db.execute("SELECT coalesce(max(serial), 0) FROM parcel").fetchone()[0]
        number = (self._meta("start") + last + 1) % _SPAN
        wants_slip = scenario == 13 or request["receiptLevel"] == 4
        slip = f"982{number:010d}" if wants_slip else None
        self._db.execute(
            "INSERT INTO parcel (order_id, waybill, slip_waybill, request, request_digest, scenario)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (order_id, f"985{number:010d}", slip, json.dumps(request, ensure_ascii=False), asked, scenario),
        )
        return self._parcel(f"985{number:010d}")

    def _play(self, row: sqlite3.Row) -> list[dict[str, object]]:
        if _finished(row):
            return []
        step = scenarios()[row["scenario"]].steps[row["step"]]
        self._db.execute("UPDATE parcel SET step = step + 1, down = ? WHERE waybill = ?", (step.down, row["waybill"]))
        if step.repeat:
            return [self._repeat(row["waybill"], step.repeat)]
        return [self._add(row, event_texts()[name], step) for name in step.events]

    def _add(self, row: sqlite3.Row, said: EventText, step: Step) -> dict[str, object]:
        waybill, request = row["waybill"], json.loads(row["request"])
        moment = self._moment(waybill, step.minutes_ago)
        cities = {"from": request["sender"]["address"][:3], "to": request["receiver"]["address"][:3]}
        event: dict[str, object] = {
            "provider": said.provider,
            "orderId": row["order_id"],
            "waybillNo": row["slip_waybill"] if step.slip else waybill,
            "traceNo": row["slip_waybill"] if step.slip else waybill,
            "opTime": time_text(moment),
            "opCode": said.code,
            "opName": said.name,
            "opDesc": said.text.format_map(cities),
            "opOrgCity": cities["from"] if said.code == "203" else cities["to"],
            "operatorName": "测试乙",
        }
        if said.signed and request["receiptLevel"] == 3 and not step.slip:
            body = _slip_picture(waybill, time_text(moment))
            self._db.execute("INSERT OR REPLACE INTO slip VALUES (?, ?)", (waybill, body))
            event["proof"] = {"source": "ELECTRONIC_SLIP", "digest": digest(body)}
        return self._append(waybill, event)

    def _repeat(self, waybill: str, seq: int) -> dict[str, object]:
        row = self._db.execute("SELECT body FROM event WHERE waybill = ? AND seq = ?", (waybill, seq)).fetchone()
        return self._append(waybill, json.loads(row["body"]))

    def _append(self, waybill: str, event: dict[str, object]) -> dict[str, object]:
        event = event | {"seq": self._count(waybill) + 1}
        body = json.dumps(event, ensure_ascii=False)
        self._db.execute("INSERT INTO event VALUES (?, ?, ?)", (waybill, event["seq"], body))
        return event

    def _moment(self, waybill: str, minutes_ago: int) -> datetime:
        """Now, but after every event told before, so that a fast test keeps its order; or dated back."""
        now = self._clock()
        if minutes_ago:
            return now - timedelta(minutes=minutes_ago)
        rows = self._db.execute("SELECT body FROM event WHERE waybill = ?", (waybill,)).fetchall()
        latest = [time_value(json.loads(row["body"])["opTime"]) for row in rows]
        return max([now, *(moment + timedelta(milliseconds=1) for moment in latest)])

    def _parcel(self, waybill: str) -> sqlite3.Row:
        row = self._db.execute("SELECT * FROM parcel WHERE waybill = ?", (waybill,)).fetchone()
        if not isinstance(row, sqlite3.Row):
            raise Answer(404, "UNKNOWN_WAYBILL")
        return row

    def _count(self, waybill: str) -> int:
        return int(self._db.execute("SELECT count(*) FROM event WHERE waybill = ?", (waybill,)).fetchone()[0])

    def _meta(self, name: str) -> int:
        return int(self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()[0])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")


def _finished(row: sqlite3.Row) -> bool:
    return bool(row["cancelled"]) or row["step"] >= len(scenarios()[row["scenario"]].steps)


def _slip_picture(waybill: str, signed_at: str) -> bytes:
    """An electronic slip with a scribble for the signature."""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="480" height="160">'
        f'<text x="16" y="32">电子返单 {waybill}</text><text x="16" y="64">{signed_at}</text>'
        '<path d="M32 128 C 96 64 128 152 192 96 S 288 136 352 88" fill="none" stroke="black"/></svg>'
    ).encode()

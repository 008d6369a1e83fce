"""The agent's journal: one SQLite file (WAL, synchronous FULL) in the agent's own folder.

Invariants:
- what a command answered "kept" is on disk; a kill at any moment loses nothing and doubles nothing;
- the outbox keeps, for each case, the order in which acts were signed; an entry is never changed after it was signed,
  only its answer is added, and the node's signature made again over the same payload while it waits; its identity is
  the payload digest, so queueing it again is harmless;
- public numbers are counted here and never given out twice; a lost journal gets a new prefix from the registrar;
- mode 0600: drafts and forms hold personal data and stay in this folder; what is erased is overwritten in the file.
"""

import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from crypto.refusal import Refusal
from crypto.sealing import KeyPacket
from storage import failpoints

RULE = "promise 6"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS outbox(
  number INTEGER PRIMARY KEY AUTOINCREMENT, case_id TEXT NOT NULL, event TEXT NOT NULL,
  payload_digest TEXT NOT NULL UNIQUE, envelope BLOB NOT NULL, attachments BLOB NOT NULL, packets TEXT NOT NULL,
  check_code_hash TEXT NOT NULL, needs_upload TEXT, state TEXT NOT NULL, receipt BLOB, refusal TEXT,
  case_no TEXT NOT NULL DEFAULT '', queued_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS outbox_waiting ON outbox(state, number);
CREATE INDEX IF NOT EXISTS outbox_case ON outbox(case_id, number);
CREATE TABLE IF NOT EXISTS uploads(
  manifest_digest TEXT PRIMARY KEY, manifest BLOB NOT NULL, file TEXT NOT NULL, state TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS uploads_waiting ON uploads(state) WHERE state='WAITING';
CREATE TABLE IF NOT EXISTS leaves(idx INTEGER PRIMARY KEY, case_id TEXT NOT NULL, leaf BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS leaves_case ON leaves(case_id, idx);
CREATE TABLE IF NOT EXISTS registry(epoch INTEGER PRIMARY KEY, leaf BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS drafts(case_id TEXT PRIMARY KEY, state TEXT NOT NULL, document TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS counters(name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS notes(name TEXT PRIMARY KEY, value BLOB NOT NULL);
"""

_KEEP = "INSERT INTO notes VALUES(?,?) ON CONFLICT(name) DO UPDATE SET value=excluded.value"


@dataclass(frozen=True)
class OutboxEntry:
    """A signed act on its way. ``state``: WAITING, DONE or REFUSED. ``refusal``: code, rule and values, when refused.

    ``needs_upload``: digest of the manifest whose object must be complete before this entry is sent.
    """

    case_id: str
    event: str
    payload_digest: str
    envelope: bytes
    attachments: tuple[bytes, ...] = ()
    packets: tuple[KeyPacket, ...] = ()
    check_code_hash: str = ""
    needs_upload: str | None = None
    state: str = "WAITING"
    receipt: bytes = b""
    refusal: Refusal | None = None
    case_no: str = ""
    queued_at: str = ""
    number: int = 0


@dataclass(frozen=True)
class PendingUpload:
    """A sealed file that waits to be uploaded. ``file``: name in the spool folder."""

    manifest_digest: str
    manifest: bytes
    file: str
    state: str = "WAITING"


class Journal:
    """Safe from several threads of one process and from several processes (commands beside the running agent)."""

    def __init__(self, path: Path) -> None:
        """Open the journal at ``path``, made when it is not there. Refusal JOURNAL_UNWRITABLE."""
        self._lock = threading.RLock()
        try:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
            self._connection.row_factory = sqlite3.Row
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
            self._connection.execute("PRAGMA secure_delete=ON")
            self._connection.executescript(_SCHEMA)
        except (OSError, sqlite3.OperationalError) as error:
            raise Refusal("JOURNAL_UNWRITABLE", RULE, problem=str(error)[:60]) from error

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing. Refusal JOURNAL_UNWRITABLE when the disk is full or read-only: nothing was kept."""
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                raise Refusal("JOURNAL_UNWRITABLE", RULE, problem=str(error)[:60]) from error
            try:
                yield self._connection
                with failpoints.write("journal.commit"):
                    self._connection.execute("COMMIT")  # commit point: kept
            except sqlite3.OperationalError as error:
                self._undo()
                raise Refusal("JOURNAL_UNWRITABLE", RULE, problem=str(error)[:60]) from error
            except BaseException:
                self._undo()
                raise

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    # --- outbox ----------------------------------------------------------------------------------------------

    @failpoints.is_write("journal.queue")
    def queue(
        self,
        entries: Sequence[OutboxEntry],
        uploads: Sequence[PendingUpload] = (),
        notes: Mapping[str, bytes] | None = None,
    ) -> None:
        """Keep signed acts, the files that they wait for, and named notes beside them, in one transaction."""
        with self.transaction() as at:
            for upload in uploads:
                at.execute(
                    "INSERT OR IGNORE INTO uploads VALUES(?,?,?,?)",
                    (upload.manifest_digest, upload.manifest, upload.file, upload.state),
                )
            for entry in entries:
                at.execute(
                    "INSERT OR IGNORE INTO outbox(case_id, event, payload_digest, envelope, attachments, packets,"
                    " check_code_hash, needs_upload, state, queued_at) VALUES(?,?,?,?,?,?,?,?,?,?)",
                    _values(entry),
                )
            at.executemany(_KEEP, list((notes or {}).items()))

    def places_waiting(self, limit: int) -> list[tuple[str, str, str | None]]:
        """(payload digest, case, manifest that it waits for) of acts that wait, oldest first."""
        query = "SELECT payload_digest, case_id, needs_upload FROM outbox WHERE state='WAITING' ORDER BY number LIMIT ?"
        return [(row["payload_digest"], row["case_id"], row["needs_upload"]) for row in self._all(query, (limit,))]

    def waiting(self, limit: int = 256) -> list[OutboxEntry]:
        """Acts that wait, oldest first."""
        query = "SELECT * FROM outbox WHERE state='WAITING' ORDER BY number LIMIT ?"
        return [_entry(row) for row in self._all(query, (limit,))]

    @failpoints.is_write("journal.answered")
    def answered(self, payload_digest: str, receipt: bytes, case_no: str, refusal: Refusal | None) -> None:
        """Keep the hub's answer to an act."""
        state = "REFUSED" if refusal else "DONE"
        with self.transaction() as at:
            at.execute(
                "UPDATE outbox SET state=?, receipt=?, case_no=?, refusal=? WHERE payload_digest=? AND state='WAITING'",
                (state, receipt, case_no, _refusal_text(refusal), payload_digest),
            )

    def signed_again(self, payload_digest: str, envelope: bytes) -> None:
        """Another envelope over the same payload, for an act that waits."""
        with self.transaction() as at:
            at.execute(
                "UPDATE outbox SET envelope=? WHERE payload_digest=? AND state='WAITING'", (envelope, payload_digest)
            )

    def entry(self, payload_digest: str) -> OutboxEntry | None:
        """An act by its identity, or None."""
        rows = self._all("SELECT * FROM outbox WHERE payload_digest=?", (payload_digest,))
        return _entry(rows[0]) if rows else None

    def acts(self, case_id: str) -> list[OutboxEntry]:
        """All acts of a case from this node, in order."""
        return [_entry(row) for row in self._all("SELECT * FROM outbox WHERE case_id=? ORDER BY number", (case_id,))]

    def case_of_number(self, case_no: str) -> str | None:
        """The case whose seal was answered with this 43-character number, or None."""
        rows = self._all("SELECT case_id FROM outbox WHERE case_no=? AND state='DONE' ORDER BY number", (case_no,))
        return str(rows[0]["case_id"]) if rows else None

    def proofs_unchecked(self, most: int) -> list[str]:
        """Identities of acts with a note ``proof:<digest>`` and none ``onelog:<digest>`` yet, oldest first."""
        query = (
            "SELECT payload_digest FROM outbox WHERE EXISTS (SELECT 1 FROM notes WHERE name='proof:' || payload_digest)"
            " AND NOT EXISTS (SELECT 1 FROM notes WHERE name='onelog:' || payload_digest) ORDER BY number LIMIT ?"
        )
        return [str(row["payload_digest"]) for row in self._all(query, (most,))]

    # --- uploads ---------------------------------------------------------------------------------------------

    def uploads_waiting(self) -> list[PendingUpload]:
        """Sealed files to be uploaded, oldest first."""
        rows = self._all("SELECT * FROM uploads WHERE state='WAITING' ORDER BY rowid", ())
        return [PendingUpload(row["manifest_digest"], row["manifest"], row["file"], row["state"]) for row in rows]

    def upload(self, manifest_digest: str) -> PendingUpload | None:
        """A sealed file by its manifest's digest, or None."""
        rows = self._all("SELECT * FROM uploads WHERE manifest_digest=?", (manifest_digest,))
        row = rows[0] if rows else None
        return PendingUpload(row["manifest_digest"], row["manifest"], row["file"], row["state"]) if row else None

    @failpoints.is_write("journal.uploaded")
    def uploaded(self, manifest_digest: str) -> None:
        """Mark a file as in the store."""
        with self.transaction() as at:
            at.execute("UPDATE uploads SET state='DONE' WHERE manifest_digest=?", (manifest_digest,))

    def spool_files(self) -> frozenset[str]:
        """Names of the files in the spool folder that an upload, waiting or done, names."""
        return frozenset(row["file"] for row in self._all("SELECT file FROM uploads", ()))

    def upload_again(self, manifest_digest: str) -> None:
        """Have a sealed file uploaded once more, whose object in the store is no longer whole (T12R)."""
        with self.transaction() as at:
            at.execute("UPDATE uploads SET state='WAITING' WHERE manifest_digest=?", (manifest_digest,))

    def uploads_done(self) -> list[PendingUpload]:
        """Sealed files that are in the store, oldest first; the file may still be here or not."""
        rows = self._all("SELECT * FROM uploads WHERE state='DONE' ORDER BY rowid", ())
        return [PendingUpload(row["manifest_digest"], row["manifest"], row["file"], row["state"]) for row in rows]

    # --- inbox and registry ----------------------------------------------------------------------------------

    @failpoints.is_write("journal.receive")
    def receive(self, leaves: Sequence[tuple[int, str, bytes]]) -> None:
        """Keep leaves (index, case, bytes), in one transaction."""
        with self.transaction() as at:
            at.executemany("INSERT OR IGNORE INTO leaves VALUES(?,?,?)", leaves)

    def leaves(self, case_id: str) -> list[bytes]:
        """Leaves of a case, in log order."""
        return [row["leaf"] for row in self._all("SELECT leaf FROM leaves WHERE case_id=? ORDER BY idx", (case_id,))]

    def case_ids(self) -> list[str]:
        """Cases that leaves were received of, newest first."""
        return list(self.case_tops())

    def case_tops(self) -> dict[str, int]:
        """Index of the newest leaf of each case, newest first: what tells whether a case has to be read again."""
        rows = self._all("SELECT case_id, MAX(idx) AS top FROM leaves GROUP BY case_id ORDER BY top DESC", ())
        return {row["case_id"]: row["top"] for row in rows}

    @failpoints.is_write("journal.registry")
    def keep_registry(self, leaves: Sequence[tuple[int, bytes]]) -> None:
        """Keep registry leaves (epoch, bytes)."""
        with self.transaction() as at:
            at.executemany("INSERT OR IGNORE INTO registry VALUES(?,?)", leaves)

    def registry(self, after_epoch: int = 0) -> list[bytes]:
        """Registry leaves after a position, in order."""
        query = "SELECT leaf FROM registry WHERE epoch>? ORDER BY epoch"
        return [row["leaf"] for row in self._all(query, (after_epoch,))]

    # --- drafts, counters, notes -----------------------------------------------------------------------------

    @failpoints.is_write("journal.draft")
    def save_draft(self, case_id: str, state: str, document: dict[str, object]) -> None:
        """Keep a draft (personal data; only here)."""
        with self.transaction() as at:
            at.execute(
                "INSERT INTO drafts VALUES(?,?,?) ON CONFLICT(case_id) DO UPDATE SET state=excluded.state,"
                " document=excluded.document",
                (case_id, state, json.dumps(document, ensure_ascii=False)),
            )

    def draft(self, case_id: str) -> tuple[str, dict[str, object]] | None:
        """State and document of a draft, or None."""
        rows = self._all("SELECT state, document FROM drafts WHERE case_id=?", (case_id,))
        return (rows[0]["state"], json.loads(rows[0]["document"])) if rows else None

    def drafts(self) -> list[tuple[str, str]]:
        """Case and state of all drafts, in order of beginning."""
        return [(row["case_id"], row["state"]) for row in self._all("SELECT * FROM drafts ORDER BY rowid", ())]

    @failpoints.is_write("journal.number")
    def next_number(self, name: str) -> int:
        """The next value of a counter, from 1; kept before it is given out."""
        with self.transaction() as at:
            at.execute("INSERT INTO counters VALUES(?,1) ON CONFLICT(name) DO UPDATE SET value=value+1", (name,))
            return int(at.execute("SELECT value FROM counters WHERE name=?", (name,)).fetchone()["value"])

    @failpoints.is_write("journal.note")
    def keep(self, name: str, value: bytes) -> None:
        """Keep a named note."""
        with self.transaction() as at:
            at.execute(_KEEP, (name, value))

    def kept(self, name: str) -> bytes | None:
        """A named note, or None."""
        rows = self._all("SELECT value FROM notes WHERE name=?", (name,))
        return bytes(rows[0]["value"]) if rows else None

    def notes(self, prefix: str) -> list[tuple[str, bytes]]:
        """Name and value of all notes whose names begin with ``prefix`` (ASCII), by name."""
        query = "SELECT name, value FROM notes WHERE name>=? AND name<? ORDER BY name"
        return [(row["name"], bytes(row["value"])) for row in self._all(query, (prefix, prefix + "\x7f"))]

    def forget(self, name: str) -> None:
        """Erase a named note, if there is one."""
        with self.transaction() as at:
            at.execute("DELETE FROM notes WHERE name=?", (name,))

    def _all(self, query: str, values: tuple[object, ...]) -> list[sqlite3.Row]:
        with self._lock:
            try:
                return self._connection.execute(query, values).fetchall()
            except sqlite3.OperationalError as error:  # reading needs the shared index of the WAL beside the file
                raise Refusal("JOURNAL_UNWRITABLE", RULE, problem=str(error)[:60]) from error

    def _undo(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


def _values(entry: OutboxEntry) -> tuple[object, ...]:
    packets = [{**packet.__dict__, "packet": packet.packet.hex()} for packet in entry.packets]
    attachments = json.dumps([data.hex() for data in entry.attachments])
    return (
        entry.case_id,
        entry.event,
        entry.payload_digest,
        entry.envelope,
        attachments,
        json.dumps(packets),
        entry.check_code_hash,
        entry.needs_upload,
        entry.state,
        entry.queued_at,
    )


def _entry(row: sqlite3.Row) -> OutboxEntry:
    packets = tuple(
        KeyPacket(**{**item, "packet": bytes.fromhex(item["packet"])}) for item in json.loads(row["packets"])
    )
    return OutboxEntry(
        case_id=row["case_id"],
        event=row["event"],
        payload_digest=row["payload_digest"],
        envelope=row["envelope"],
        attachments=tuple(bytes.fromhex(item) for item in json.loads(row["attachments"])),
        packets=packets,
        check_code_hash=row["check_code_hash"],
        needs_upload=row["needs_upload"],
        state=row["state"],
        receipt=row["receipt"] or b"",
        refusal=_refusal(row["refusal"]),
        case_no=row["case_no"],
        queued_at=row["queued_at"],
        number=row["number"],
    )


def _refusal_text(refusal: Refusal | None) -> str | None:
    if refusal is None:
        return None
    return json.dumps({"code": refusal.code, "rule": refusal.rule, "values": dict(refusal.values)})


def _refusal(text: str | None) -> Refusal | None:
    if text is None:
        return None
    value = json.loads(text)
    return Refusal(value["code"], value["rule"], **value["values"])

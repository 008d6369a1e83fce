"""The agent's journal: one SQLite file (WAL, synchronous FULL) in the agent's own folder.

Invariants:
- what a command answered "kept" is on disk; a kill at any moment loses nothing and doubles nothing;
- the outbox keeps, for each case, the order in which acts were signed; an entry is never changed after it was signed,
  only its answer is added, and the node's signature made again over the same payload while it waits; its identity is
  the payload digest, so queueing it again is harmless;
- a draft is kept only over the revision that it was loaded at, and its seal is queued in the same transaction: what
  another command kept meanwhile is never written over;
- public numbers are counted here and never given out twice; a lost journal gets a new prefix from the registrar;
- mode 0600: drafts and forms hold personal data and stay in this folder; what is erased is overwritten in the file.
"""

import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from crypto.refusal import Refusal
from storage import failpoints
from storage.journal_rows import KeptDraft as KeptDraft
from storage.journal_rows import OutboxEntry as OutboxEntry
from storage.journal_rows import PendingUpload as PendingUpload
from storage.journal_rows import entry_of, refusal_text, values_of

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
CREATE TABLE IF NOT EXISTS drafts(
  case_id TEXT PRIMARY KEY, state TEXT NOT NULL, document TEXT NOT NULL, revision INTEGER NOT NULL DEFAULT 1);
CREATE TABLE IF NOT EXISTS counters(name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS notes(name TEXT PRIMARY KEY, value BLOB NOT NULL);
"""

_KEEP = "INSERT INTO notes VALUES(?,?) ON CONFLICT(name) DO UPDATE SET value=excluded.value"


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
            self._count_drafts()
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
        draft: KeptDraft | None = None,
        over: Mapping[str, bytes | None] | None = None,
    ) -> None:
        """Keep signed acts, the files that they wait for, named notes beside them and the draft that was sealed, in one
        transaction. ``over``: what notes still have to say before. Refusal DRAFT_NEWER: nothing was kept."""
        with self.transaction() as at:
            _require_notes(at, over or {})
            if draft is not None:
                _put_draft(at, draft)
            for upload in uploads:
                at.execute(
                    "INSERT OR IGNORE INTO uploads VALUES(?,?,?,?)",
                    (upload.manifest_digest, upload.manifest, upload.file, upload.state),
                )
            for entry in entries:
                at.execute(
                    "INSERT OR IGNORE INTO outbox(case_id, event, payload_digest, envelope, attachments, packets,"
                    " check_code_hash, needs_upload, state, queued_at) VALUES(?,?,?,?,?,?,?,?,?,?)",
                    values_of(entry),
                )
            at.executemany(_KEEP, list((notes or {}).items()))

    def places_waiting(self, limit: int) -> list[tuple[str, str, str | None]]:
        """(payload digest, case, manifest that it waits for) of acts that wait, oldest first."""
        query = "SELECT payload_digest, case_id, needs_upload FROM outbox WHERE state='WAITING' ORDER BY number LIMIT ?"
        return [(row["payload_digest"], row["case_id"], row["needs_upload"]) for row in self._all(query, (limit,))]

    def waiting(self, limit: int = 256) -> list[OutboxEntry]:
        """Acts that wait, oldest first."""
        query = "SELECT * FROM outbox WHERE state='WAITING' ORDER BY number LIMIT ?"
        return [entry_of(row) for row in self._all(query, (limit,))]

    @failpoints.is_write("journal.answered")
    def answered(self, payload_digest: str, receipt: bytes, case_no: str, refusal: Refusal | None) -> None:
        """Keep the hub's answer to an act."""
        state = "REFUSED" if refusal else "DONE"
        with self.transaction() as at:
            at.execute(
                "UPDATE outbox SET state=?, receipt=?, case_no=?, refusal=? WHERE payload_digest=? AND state='WAITING'",
                (state, receipt, case_no, refusal_text(refusal), payload_digest),
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
        return entry_of(rows[0]) if rows else None

    def acts(self, case_id: str) -> list[OutboxEntry]:
        """All acts of a case from this node, in order."""
        return [entry_of(row) for row in self._all("SELECT * FROM outbox WHERE case_id=? ORDER BY number", (case_id,))]

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
    def save_draft(self, draft: KeptDraft) -> int:
        """Keep a draft over the revision that it was loaded at; its revision now. Refusal DRAFT_NEWER."""
        with self.transaction() as at:
            return _put_draft(at, draft)

    def draft(self, case_id: str) -> KeptDraft | None:
        """A draft as it stands, or None."""
        for row in self._all("SELECT * FROM drafts WHERE case_id=?", (case_id,)):
            return KeptDraft(case_id, row["state"], json.loads(row["document"]), row["revision"])
        return None

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

    def keep_over(self, name: str, before: bytes | None, value: bytes) -> None:
        """Keep a named note that still says ``before`` (None: is not there). Refusal DRAFT_NEWER."""
        with self.transaction() as at:
            _require_notes(at, {name: before})
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

    def forget_over(self, name: str, before: bytes) -> bool:
        """Erase a named note that still says ``before``; whether it did."""
        with self.transaction() as at:
            return at.execute("DELETE FROM notes WHERE name=? AND value=?", (name, before)).rowcount == 1

    def _count_drafts(self) -> None:
        """The column that a journal of before lacks."""
        with self.transaction() as at:
            if "revision" not in {row["name"] for row in at.execute("PRAGMA table_info(drafts)")}:
                at.execute("ALTER TABLE drafts ADD COLUMN revision INTEGER NOT NULL DEFAULT 1")

    def _all(self, query: str, values: tuple[object, ...]) -> list[sqlite3.Row]:
        with self._lock:
            try:
                return self._connection.execute(query, values).fetchall()
            except sqlite3.OperationalError as error:  # reading needs the shared index of the WAL beside the file
                raise Refusal("JOURNAL_UNWRITABLE", RULE, problem=str(error)[:60]) from error

    def _undo(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


def _put_draft(at: sqlite3.Connection, draft: KeptDraft) -> int:
    """One revision more. Refusal DRAFT_NEWER: another command kept the draft since it was loaded."""
    text = json.dumps(draft.document, ensure_ascii=False)
    if draft.revision:
        query = "UPDATE drafts SET state=?, document=?, revision=revision+1 WHERE case_id=? AND revision=?"
    else:
        query = "INSERT OR IGNORE INTO drafts(state, document, case_id, revision) VALUES(?,?,?,?+1)"
    if at.execute(query, (draft.state, text, draft.case_id, draft.revision)).rowcount != 1:
        raise Refusal("DRAFT_NEWER", RULE, case=draft.case_id)
    return draft.revision + 1


def _require_notes(at: sqlite3.Connection, over: Mapping[str, bytes | None]) -> None:
    """Refusal DRAFT_NEWER: another command kept one of the notes since it was read."""
    for name, before in over.items():
        row = at.execute("SELECT value FROM notes WHERE name=?", (name,)).fetchone()
        if (None if row is None else bytes(row["value"])) != before:
            raise Refusal("DRAFT_NEWER", RULE, case=name.rpartition(":")[2])

"""Rows about objects: uploads under way, pinned versions, documents by digest, key packets.

Invariants: a manifest is pinned to one version at a time, to another one only by ``pin_again``; documents are
content-addressed and never change; packets can be replaced and erased without touching the log.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, select, true, update
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.dialects.postgresql import insert as upsert

from crypto.refusal import Refusal
from storage import failpoints
from storage.bulk import Prepared, any_of, columns, insert_many
from storage.tables import documents, key_packets, pinned, uploads

_KEEP_DOCUMENTS = Prepared(insert_many(documents, "digest", "kind", "data").on_conflict_do_nothing())
_DOCUMENT = select(documents.c.data).where(documents.c.digest == bindparam("digest"))
_PINNED = (
    select(pinned, documents.c.data)
    .join(documents, documents.c.digest == pinned.c.manifest)
    .where(any_of(pinned.c.manifest, "manifests"))
)
_PLACE = tuple(key_packets.primary_key.columns.keys())


def _keep_packets() -> Insert:
    query = insert_many(key_packets, *key_packets.c.keys())
    return query.on_conflict_do_update(constraint=key_packets.primary_key, set_={"packet": query.excluded.packet})


_KEEP_PACKETS = Prepared(_keep_packets())


@dataclass(frozen=True)
class UploadRow:
    """One multipart upload: the hub's id, the manifest it belongs to, the store's id, OPEN or DONE."""

    upload_id: str
    manifest: str
    node: str
    object_key: str
    store_upload_id: str
    state: str


@dataclass(frozen=True)
class PinnedRow:
    """A pinned object version."""

    manifest: str
    node: str
    case_id: str
    object_key: str
    version_id: str
    size: int
    etag: str


@dataclass(frozen=True)
class PacketRow:
    """One key packet."""

    manifest: str
    recipient: str
    recipient_key: str
    line: str
    rendition: str
    case_id: str
    packet: bytes


class ObjectRows:
    """Object rows in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def keep_document(self, digest: str, kind: str, data: bytes) -> None:
        """Keep bytes under their digest; the same again is fine."""
        self.keep_documents([(digest, kind, data)])

    def keep_documents(self, documents: Sequence[tuple[str, str, bytes]]) -> None:
        """Keep several (digest, kind, bytes)."""
        if documents:
            rows = [{"digest": digest, "kind": kind, "data": data} for digest, kind, data in documents]
            with failpoints.write("sequencer.documents"):
                _KEEP_DOCUMENTS.run(self._connection, columns(rows))

    def document(self, digest: str) -> bytes | None:
        """Bytes by digest, or None."""
        data = self._connection.scalar(_DOCUMENT, {"digest": digest})
        return None if data is None else bytes(data)

    @failpoints.is_write("objects.upload_row")
    def open_upload(self, row: UploadRow) -> UploadRow:
        """Keep an upload; when the manifest has one already, that one is given back.

        Refusal OBJECT_KEY when another manifest has taken the object's key.
        """
        self._connection.execute(upsert(uploads).values(dict(row.__dict__)).on_conflict_do_nothing())
        found = self.upload_of(row.manifest)
        if found is None:
            raise Refusal("OBJECT_KEY", "design: object store", key=row.object_key)
        return found

    def upload_of(self, manifest: str) -> UploadRow | None:
        """The upload of a manifest, or None."""
        row = self._connection.execute(select(uploads).where(uploads.c.manifest == manifest)).first()
        return _upload(row) if row else None

    def upload(self, upload_id: str) -> UploadRow | None:
        """An upload by the hub's id, locked until the transaction ends, or None."""
        query = select(uploads).where(uploads.c.upload_id == upload_id).with_for_update()
        row = self._connection.execute(query).first()
        return _upload(row) if row else None

    @failpoints.is_write("objects.end")
    def end_upload(self, upload_id: str) -> bool:
        """Mark an upload as done; False when it was already."""
        open_one = (uploads.c.upload_id == upload_id, uploads.c.state == "OPEN")
        return self._connection.execute(update(uploads).where(*open_one).values(state="DONE")).rowcount == 1

    def forget_upload(self, upload_id: str) -> None:
        """Drop an upload that was aborted."""
        self._connection.execute(delete(uploads).where(uploads.c.upload_id == upload_id))

    @failpoints.is_write("objects.pin")
    def pin(self, row: PinnedRow) -> None:
        """Pin a version; the first one wins."""
        self._connection.execute(upsert(pinned).values(dict(row.__dict__)).on_conflict_do_nothing())

    @failpoints.is_write("objects.pin")
    def pin_again(self, row: PinnedRow, old_version: str) -> None:
        """Pin another version of the same sealing in place of one that was found unsound."""
        old = (pinned.c.manifest == row.manifest, pinned.c.version_id == old_version)
        self._connection.execute(update(pinned).where(*old).values(dict(row.__dict__)))

    def pinned(self, manifests: Sequence[str]) -> dict[str, tuple[PinnedRow, bytes]]:
        """Pinned versions with their manifests, by manifest digest."""
        if not manifests:
            return {}
        found = self._connection.execute(_PINNED, {"manifests": list(manifests)})
        return {row.manifest: (_pinned(row), bytes(row.data)) for row in found}

    def keep_packets(self, rows: Sequence[PacketRow]) -> None:
        """Keep packets; a packet for the same place takes the place of the old one."""
        if rows:
            # One statement may not write one place twice: of several packets for it the last one counts.
            last = {tuple(getattr(row, name) for name in _PLACE): vars(row) for row in rows}
            with failpoints.write("sequencer.packets"):
                _KEEP_PACKETS.run(self._connection, columns(list(last.values())))

    def packets(
        self, manifest: str, recipient: str, after: tuple[str, str] = ("", ""), limit: int = 500, case_id: str = ""
    ) -> list[PacketRow]:
        """Packets of a sealing for one recipient, in order of line and rendition.

        ``case_id``: those that came with this case alone: parent and children share a sealing.
        """
        query = (
            select(key_packets)
            .where(key_packets.c.manifest == manifest, key_packets.c.recipient == recipient)
            .where(key_packets.c.case_id == case_id if case_id else true())
            .order_by(key_packets.c.line, key_packets.c.rendition, key_packets.c.recipient_key)
        )
        rows = [_packet(row) for row in self._connection.execute(query)]
        return [row for row in rows if (row.line, row.rendition) > after][:limit]


def _upload(row: Row[Any]) -> UploadRow:
    return UploadRow(row.upload_id, row.manifest, row.node, row.object_key, row.store_upload_id, row.state)


def _pinned(row: Row[Any]) -> PinnedRow:
    return PinnedRow(row.manifest, row.node, row.case_id, row.object_key, row.version_id, row.size, row.etag)


def _packet(row: Row[Any]) -> PacketRow:
    return PacketRow(
        row.manifest,
        row.recipient,
        row.recipient_key,
        row.line,
        row.rendition,
        row.case_id,
        bytes(row.packet),
    )

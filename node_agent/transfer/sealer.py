"""One sealing at a node: pages into a spool file of ciphertext, the manifest, and packets for the recipients.

Invariants:
- plaintext is never written by this module; the spool file holds ciphertext only and is durable before the manifest
  is given out;
- data keys live in memory until they are wrapped; the node itself is always among the recipients, so it can wrap again
  for another one without a new upload.
"""

import io
import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from crypto import canonical
from crypto.manifest import Capture, LineFacts, Manifest, build
from crypto.records import KeyRecord, PublicKey
from crypto.refusal import Refusal
from crypto.sealing import PART_SIZE, Context, KeyPacket, Sealer, new_data_key, wrap_keys
from node_agent import acts
from node_agent.acts import Head, entry_of
from node_agent.keys.identity import AgentIdentity
from storage import failpoints
from storage.files import sync_directory
from storage.journal import Journal, OutboxEntry, PendingUpload


@dataclass(frozen=True)
class PageInput:
    """One page rendition to be sealed: a file of this node, or bytes; its media type.

    ``beside``: other renditions of the same page (the camera's own frame, the masked one); ``capture``: how it was
    taken; ``salt``: the one that ``tiles`` or ``fields``, roots of its commitment trees, were made with.
    """

    source: Path | bytes
    media_type: str
    rendition: str = "full"
    beside: tuple["PageInput", ...] = ()
    capture: Capture | None = None
    salt: bytes | None = None
    tiles: str | None = None
    fields: str | None = None


@dataclass(frozen=True)
class LineInput:
    """One material line: facts for the manifest and its pages in order."""

    facts: LineFacts
    pages: tuple[PageInput, ...]


@dataclass(frozen=True)
class Bundle:
    """A sealing on disk: manifest, its bytes and digest, spool file name, data keys by (line, rendition)."""

    manifest: Manifest
    encoded: bytes
    file: str
    keys: Mapping[tuple[str, str], bytes]

    @property
    def digest(self) -> str:
        """Digest of the manifest: what ``seal`` and ``wrap`` name."""
        return canonical.digest(self.encoded)

    def pending(self) -> PendingUpload:
        """The upload to queue."""
        return PendingUpload(self.digest, self.encoded, self.file)


@dataclass
class _Written:
    """Pages as they are encrypted one after the other, and what the manifest says of each: (line, page, rendition)."""

    case: str
    revision: int
    sealer: Sealer
    keys: dict[tuple[str, str], bytes] = field(default_factory=dict)
    media: dict[tuple[str, int, str], str] = field(default_factory=dict)
    trees: dict[tuple[str, int, str], tuple[str | None, str | None]] = field(default_factory=dict)
    captures: dict[tuple[str, int], Capture] = field(default_factory=dict)

    def add(self, line: LineInput) -> None:
        """All renditions of a line's pages, each rendition under a key of its own."""
        name = line.facts.line
        for number, page in enumerate(line.pages, start=1):
            if page.capture is not None:
                self.captures[name, number] = page.capture
            for made in (page, *page.beside):
                key = self.keys.setdefault((name, made.rendition), new_data_key())
                self.media[name, number, made.rendition] = made.media_type
                self.trees[name, number, made.rendition] = (made.tiles, made.fields)
                with _open(made.source) as source:
                    at = Context(self.case, self.revision, name, number, made.rendition)
                    self.sealer.add(key, at, source, made.salt)


def seal_bundle(
    spool: Path,
    lines: Sequence[LineInput],
    *,
    case: str,
    revision: int,
    kind: str,
    task_code: str,
    catalogue: str,
) -> Bundle:
    """Encrypt all pages into one spool file. Refusals NOTHING_SEALED, SPOOL_UNWRITABLE (disk full: nothing is kept)."""
    name = secrets.token_hex(16)
    path = spool / name
    try:
        spool.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            written = _Written(case, revision, Sealer(out))
            for line in lines:
                written.add(line)
            sealed = written.sealer.finish()
            out.flush()
            with failpoints.write("spool.file"):
                os.fsync(out.fileno())
        sync_directory(spool)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise Refusal("SPOOL_UNWRITABLE", "promise 6", problem=error.strerror or "") from error
    manifest = build(
        sealed,
        [line.facts for line in lines],
        written.media,
        case=case,
        revision=revision,
        kind=kind,
        task_code=task_code,
        catalogue=catalogue,
        object_key=f"cases/{case}/{revision}/{name}",
        part_size=PART_SIZE,
        trees=written.trees,
        captures=written.captures,
    )
    return Bundle(manifest, manifest.encode(), name, written.keys)


def wrap_entry(
    identity: AgentIdentity,
    journal: Journal,
    *,
    role: str,
    case: str,
    revision: int,
    manifest_digest: str,
    keys: Mapping[tuple[str, str], bytes],
    recipient: KeyRecord,
    head: Head | None = None,
    bound_to: str = "",
) -> OutboxEntry:
    """A node-signed ``wrap`` of data keys to one recipient's current key, ready to be queued.

    ``head``: the statement that it hangs on, when that one is queued in the same transaction. ``bound_to``: the case
    that the sealing belongs to where ``case`` is a child that uses its parent's (states.md 8, P1); else ``case``.
    """
    key: PublicKey = recipient.kem
    packets = wrap_keys(bound_to or case, revision, keys, recipient.subject, key.suite, key.public)
    return packets_entry(
        identity, journal, role=role, case=case, manifest_digest=manifest_digest, packets=packets, head=head
    )


def wraps_of(
    identity: AgentIdentity,
    journal: Journal,
    bundle: Bundle,
    recipients: Iterable[KeyRecord],
    *,
    role: str,
    head: Head | None = None,
) -> list[OutboxEntry]:
    """A ``wrap`` of all data keys of a fresh sealing for each recipient; ``head`` as for ``wrap_entry``."""
    return [
        wrap_entry(
            identity,
            journal,
            role=role,
            case=bundle.manifest.case,
            revision=bundle.manifest.revision,
            manifest_digest=bundle.digest,
            keys=bundle.keys,
            recipient=recipient,
            head=head,
        )
        for recipient in recipients
    ]


def packets_entry(
    identity: AgentIdentity,
    journal: Journal,
    *,
    role: str,
    case: str,
    manifest_digest: str,
    packets: Sequence[KeyPacket],
    head: Head | None = None,
) -> OutboxEntry:
    """A ``wrap`` that names packets, all of them to one key of one recipient."""
    envelope = acts.build(
        identity,
        journal,
        event="wrap",
        case_id=case,
        chain="keys",
        head=head,
        role=role,
        body={
            "manifest": manifest_digest,
            "recipient": packets[0].recipient,
            "recipient_key": packets[0].recipient_key,
            "packets": [_named(packet) for packet in packets],
        },
    )
    return entry_of(envelope, packets=tuple(packets))


def _named(packet: KeyPacket) -> dict[str, str]:
    return {"line": packet.line, "rendition": packet.rendition, "digest": packet.digest}


def _open(source: Path | bytes) -> BinaryIO:
    return io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")

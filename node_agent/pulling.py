"""Fetch a sealing, verify all of it, countersign: responsibility changes hands here (T10).

A pull goes through these steps; the code carries the same numbers:
1. the hub grants the download; the manifest that it gives has the digest that the sealing statement names;
2. the object comes in full into ``inbox/<case>/`` as ciphertext; a download that broke continues by Range;
3. size, SHA-256 of the whole and of every stream are those of the manifest;
4. a key packet is there for every line and rendition, with the digest named in a ``wrap`` statement to this node;
5. every data key unwraps under this node's key;
6. only then the countersignature ``delivered`` is queued (node alone, GB/T 39786-2021 8.4 h).

Invariants: nothing is decrypted here but data keys, and those only in memory; what does not match is never
countersigned; doing it again is harmless.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from crypto import canonical
from crypto.manifest import Manifest
from crypto.manifest import read as read_manifest
from crypto.refusal import Refusal
from crypto.sealing import CHUNK, KeyPacket, Stream, unwrap_key
from node_agent import acts
from node_agent.casemirror import Recorded, history, kept_manifest, sealings
from node_agent.runtime import Agent
from storage.transfer import TransferClient

RULE = "T10; architecture: pull"
PIECE = 8 << 20


def awaits_pull(agent: Agent, case_id: str) -> bool:
    """Whether the case was forwarded to this node and is not countersigned by it yet."""
    forwarded = False
    for told in history(agent.journal, case_id):
        if told.statement.type == "route":
            forwarded = told.statement.body.get("accepting_node") == agent.identity.node
        elif told.statement.type == "delivered":
            forwarded = False
    queued = any(act.event == "delivered" and act.state != "REFUSED" for act in agent.journal.acts(case_id))
    return forwarded and not queued


def pull(agent: Agent, case_id: str, transfer: TransferClient) -> None:
    """Steps 1 to 6 for the application of a forwarded case. Refusals as ``fetch_sealing``."""
    digest = application_of(agent, case_id)
    fetch_sealing(agent, case_id, digest, transfer)
    envelope = acts.build(
        agent.identity,
        agent.journal,
        event="delivered",
        case_id=case_id,
        body={"manifest": digest},
        role="department",
    )
    agent.journal.queue([acts.entry_of(envelope)])  # 6


def fetch_sealing(agent: Agent, case_id: str, digest: str, transfer: TransferClient) -> Path:
    """Steps 1 to 5 for one sealing of a case; the file of ciphertext.

    Refusals PULL_MANIFEST (another manifest), CIPHERTEXT_CHANGED, PACKET_MISSING (a line has no packet, or one that no
    wrap statement names), PACKET_UNREADABLE, INBOX_UNWRITABLE, and those of the hub and the store.
    """
    url, encoded = agent.hub.grant_download(case_id, digest)  # 1
    manifest = require_manifest(encoded, digest, case_id)
    path = sealed_file(agent, case_id, digest)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _download(url, path, manifest.size, transfer)  # 2
        _require_whole(path, manifest)  # 3
    except OSError as error:
        raise Refusal("INBOX_UNWRITABLE", "promise 6", problem=error.strerror or "") from error
    packets = _own_packets(agent, case_id, digest, manifest)  # 4
    for packet in packets:
        unwrap_key(agent.identity.kem, manifest.case, manifest.revision, packet)  # 5
    _keep_packets(agent, digest, packets)
    agent.journal.keep(f"manifest:{digest}", encoded)
    return path


def application_of(agent: Agent, case_id: str) -> str:
    """Digest of the application's manifest, from the ``seal`` statement. Refusal CASE_UNKNOWN_HERE."""
    for event, digest in sealings(history(agent.journal, case_id)):
        if event == "seal":
            return digest
    raise Refusal("CASE_UNKNOWN_HERE", "A24", case=case_id)


def keep_manifests(agent: Agent, case_id: str) -> None:
    """Fetch the manifests that the case names and that are not kept here; those not open to us yet stay away."""
    for _, digest in sealings(history(agent.journal, case_id)):
        if kept_manifest(agent.journal, digest) is not None:
            continue
        try:
            _, encoded = agent.hub.grant_download(case_id, digest)
        except Refusal as refusal:
            if refusal.code in {"KEYS_MISSING", "NOT_YOUR_CASE"}:
                continue  # a later wrap opens it; the mirror says what it cannot know until then
            raise
        require_manifest(encoded, digest, case_id)
        agent.journal.keep(f"manifest:{digest}", encoded)


def require_manifest(encoded: bytes, digest: str, case_id: str) -> Manifest:
    """The manifest, if it is the one that was named. Refusals PULL_MANIFEST, MANIFEST_FORMAT."""
    if canonical.digest(encoded) != digest:
        raise Refusal("PULL_MANIFEST", "promise 4; T10", manifest=digest)
    manifest = read_manifest(encoded)
    if manifest.case != case_id:
        raise Refusal("PULL_MANIFEST", "promise 4; T10", manifest=digest)
    return manifest


def sealed_file(agent: Agent, case_id: str, digest: str) -> Path:
    """Where the ciphertext of a pulled sealing lies."""
    return agent.settings.home / "inbox" / case_id / f"{digest}.sealed"


def kept_packets(agent: Agent, digest: str) -> list[KeyPacket]:
    """Packets of a pulled sealing to this node. Refusal NOT_PULLED."""
    kept = agent.journal.kept(f"packets:{digest}")
    if kept is None:
        raise Refusal("NOT_PULLED", RULE, manifest=digest)
    return [KeyPacket(**{**item, "packet": bytes.fromhex(item["packet"])}) for item in json.loads(kept)]


def data_keys(agent: Agent, digest: str, manifest: Manifest) -> dict[tuple[str, str], bytes]:
    """Data keys of a pulled sealing by (line, rendition); for memory only. Refusals NOT_PULLED, PACKET_UNREADABLE."""
    return {
        (packet.line, packet.rendition): unwrap_key(agent.identity.kem, manifest.case, manifest.revision, packet)
        for packet in kept_packets(agent, digest)
    }


def read_stream(path: Path, stream: Stream) -> Iterator[bytes]:
    """Ciphertext of one stream in chunks of 1 MiB."""
    with path.open("rb") as file:
        file.seek(stream.offset)
        left = stream.length
        while left and (chunk := file.read(min(CHUNK, left))):
            left -= len(chunk)
            yield chunk


def _download(url: str, path: Path, size: int, transfer: TransferClient) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as out:
        done = out.tell()
        while done < size:
            piece = transfer.get_range(url, done, min(PIECE, size - done))
            out.write(piece)
            done += len(piece)
        out.flush()
        os.fsync(out.fileno())


def _require_whole(path: Path, manifest: Manifest) -> None:
    """A file that differs is thrown away, so that the next attempt begins afresh."""
    try:
        size = path.stat().st_size
        if size != manifest.size or _file_digest(path) != manifest.sha256:
            raise Refusal("CIPHERTEXT_CHANGED", "promise 5", size=size, wanted=manifest.size)
        for line, page, made in manifest.streams():
            stream = made.stream
            seen = hashlib.sha256()
            for chunk in read_stream(path, stream):
                seen.update(chunk)
            if seen.hexdigest() != stream.sha256:
                raise Refusal("CIPHERTEXT_CHANGED", "promise 5", line=line.line, page=page.number)
    except Refusal:
        path.unlink()
        raise


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _own_packets(agent: Agent, case_id: str, digest: str, manifest: Manifest) -> list[KeyPacket]:
    named = _named_digests(history(agent.journal, case_id), digest, agent.identity.node)
    own = {}
    for packet in agent.hub.key_packets(case_id, digest):
        if packet.recipient == agent.identity.node and packet.digest in named:
            own[packet.line, packet.rendition] = packet
    missing = sorted(manifest.data_key_names() - set(own))
    if missing:
        raise Refusal("PACKET_MISSING", "architecture: key packets", line=missing[0][0], rendition=missing[0][1])
    return [own[name] for name in sorted(own)]


def _named_digests(told: list[Recorded], manifest: str, node: str) -> set[str]:
    """Digests of packets to ``node`` that ``wrap`` statements of this case name."""
    named = set()
    for one in told:
        body = one.statement.body
        if one.statement.type != "wrap" or (body.get("manifest"), body.get("recipient")) != (manifest, node):
            continue
        packets = body.get("packets")
        if isinstance(packets, list):  # form is the law's matter, checked when the case is replayed
            named |= {str(item.get("digest")) for item in packets if isinstance(item, dict)}
    return named


def _keep_packets(agent: Agent, digest: str, packets: list[KeyPacket]) -> None:
    plain = [{**packet.__dict__, "packet": packet.packet.hex()} for packet in packets]
    agent.journal.keep(f"packets:{digest}", canonical.encode(plain))

"""Fetch a sealing, verify all of it, countersign: responsibility changes hands here (T10).

A pull goes through these steps; the code carries the same numbers:
1. the hub grants the download; the manifest that it gives has the digest that the sealing statement names;
2. the object comes in full into ``inbox/<case>/`` as ciphertext; a download that broke continues by Range;
3. size and SHA-256 of every stream are those of the manifest (the streams cover every byte of the object);
4. a key packet is there for every line and rendition, with the digest named in a ``wrap`` statement to this node;
5. every data key unwraps under this node's key;
6. only then the countersignature ``delivered`` is queued (node alone, GB/T 39786-2021 8.4 h).

Invariants: nothing is decrypted here but data keys, and those only in memory; what does not match is never
countersigned; doing it again is harmless. A child of a parent case names the parent's sealing: its department gets, and
asks for, packets of its own part's lines alone (states.md 8, P1; issue 4, part 4).
"""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from crypto import canonical
from crypto.evidence import container
from crypto.evidence.read import Contents
from crypto.keyid import key_id
from crypto.manifest import Manifest
from crypto.manifest import read as read_manifest
from crypto.refusal import Refusal
from crypto.sealing import CHUNK, KeyPacket, Stream
from crypto.statement import CUSTODY
from node_agent import acts
from node_agent.known.casemirror import (
    ROUTES,
    Recorded,
    application_leaf,
    handed_on,
    history,
    kept_manifest,
    last_of,
    material_sealings,
    parent_of,
    sealings,
)
from node_agent.process.runtime import Agent
from storage import failpoints
from storage.transfer import TransferClient

RULE = "T10; architecture: pull"
PIECE = 8 << 20
FORWARDS = ("route", "redirect", "redirected", "refer_up")
_NOT_YET = frozenset({"NOT_YOUR_CASE", "OBJECT_MISSING", "OBJECT_CHANGED"})
"""Why a manifest stays away: a resend or a part in the case opens it; until then the mirror tells what is missing."""
ANSWERS = frozenset({"delivered", "bounced", "taken_up"})


def awaits_pull(agent: Agent, case_id: str) -> bool:
    """Whether the case stands forwarded to this node, with keys for it, and no answer of this node is on its way."""
    told = history(agent.journal, case_id)
    sent = last_of(told, *FORWARDS)
    if sent is None or sent.statement.body.get("accepting_node") != agent.identity.node:
        return False
    later = (one for one in told if one.leaf.index > sent.leaf.index and one.statement.chain == CUSTODY)
    if any(one.statement.type != "retry" for one in later):
        return False
    known = {one.envelope.digest for one in told}
    said = (act for act in agent.journal.acts(case_id) if act.event in ANSWERS and act.state != "REFUSED")
    if any(act.payload_digest not in known for act in said):
        return False
    return all(_named_packets(told, digest, agent.identity.node) for digest in handed_on(told))


def pull(agent: Agent, case_id: str, transfer: TransferClient) -> None:
    """Steps 1 to 6 for a case forwarded or passed up: the application, and what it brings along (T10, T30).

    Refusals as ``fetch_sealing``.
    """
    told = history(agent.journal, case_id)
    for sealed in handed_on(told):
        fetch_sealing(agent, case_id, sealed, transfer)
    digest = application_of(agent, case_id)
    envelope = acts.build(
        agent.identity,
        agent.journal,
        event="taken_up" if passed_up(told) else "delivered",
        case_id=case_id,
        body={"manifest": digest},
        role="department",
    )
    agent.journal.queue([acts.entry_of(envelope)])  # 6


def passed_up(told: list[Recorded]) -> bool:
    """Whether the newest hand-off of the case is a referral (T30)."""
    sent = last_of(told, *FORWARDS)
    return sent is not None and sent.statement.type == "refer_up"


def fetch_named(agent: Agent, case_id: str, transfer: TransferClient) -> None:
    """Steps 1 to 5 for pre-reviews and addenda whose keys came to this department and that are not here yet.

    Refusals as ``fetch_sealing``.
    """
    told = history(agent.journal, case_id)
    sent = last_of(told, *ROUTES)
    if sent is None or sent.statement.body.get("accepting_node") != agent.identity.node:
        return
    application = application_leaf(told)
    for digest in material_sealings(told):
        forwarded = application is not None and application.statement.body["manifest"] == digest
        if forwarded and sent.statement.type != "ask_pre_review":
            continue  # that is what ``pull`` countersigns
        if agent.journal.kept(packets_note(case_id, digest)) is None and _named_packets(
            told, digest, agent.identity.node
        ):
            fetch_sealing(agent, case_id, digest, transfer)


def fetch_sealing(agent: Agent, case_id: str, digest: str, transfer: TransferClient) -> Path:
    """Steps 1 to 5 for one sealing of a case; the file of ciphertext.

    Refusals PULL_MANIFEST (another manifest), CIPHERTEXT_CHANGED, PACKET_MISSING (a line has no packet, or one that no
    wrap statement names), PACKET_UNREADABLE, INBOX_UNWRITABLE, and those of the hub and the store.
    """
    url, encoded = agent.hub.grant_download(case_id, digest)  # 1
    manifest = require_manifest(encoded, digest, case_id, parent_of(history(agent.journal, case_id)))
    agent.journal.keep(f"manifest:{digest}", encoded)
    path = sealed_file(agent, case_id, digest)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _download(url, path, manifest.size, transfer)  # 2
        require_whole(path, manifest)  # 3
    except OSError as error:
        raise Refusal("INBOX_UNWRITABLE", "promise 6", problem=error.strerror or "") from error
    packets = _own_packets(agent, case_id, digest, manifest)  # 4
    for packet in packets:
        agent.identity.unwrap(manifest.case, manifest.revision, packet)  # 5
    keep_packets(agent, case_id, digest, packets)
    return path


def application_of(agent: Agent, case_id: str) -> str:
    """Digest of the manifest that counts as the application now. Refusal CASE_UNKNOWN_HERE."""
    told = application_leaf(history(agent.journal, case_id))
    if told is None:
        raise Refusal("CASE_UNKNOWN_HERE", "A24", case=case_id)
    return str(told.statement.body["manifest"])


def keep_manifests(agent: Agent, case_id: str) -> None:
    """Fetch the manifests that the case names and that are not kept here; those not open to us yet stay away.

    Who looks on without keys (a coordinator, another window) takes them from the evidence package: digests and codes;
    so does a party to whom no keys of one sealing came.
    """
    told = history(agent.journal, case_id)
    away = [digest for _, digest in sealings(told) if kept_manifest(agent.journal, digest) is None]
    if away and _looks_on(agent, told):
        _keep_from_package(agent, case_id, away)
        return
    sealed_to_others = []
    for digest in away:
        try:
            _, encoded = agent.hub.grant_download(case_id, digest)
        except Refusal as refusal:
            if refusal.code == "KEYS_MISSING":
                sealed_to_others.append(digest)  # words between two departments (T29, T30): codes and digests stay open
            elif refusal.code not in _NOT_YET:
                raise
            continue
        require_manifest(encoded, digest, case_id, parent_of(told))
        agent.journal.keep(f"manifest:{digest}", encoded)
    if sealed_to_others:
        try:
            _keep_from_package(agent, case_id, sealed_to_others)
        except Refusal as refusal:
            if refusal.code not in _NOT_YET:
                raise


def _looks_on(agent: Agent, told: list[Recorded]) -> bool:
    """Whether this node neither collected nor is asked to accept the case."""
    named = [one.statement.body.get("accepting_node") for one in told]
    collected = application_leaf(told)
    return agent.identity.node not in {*named, collected.statement.actor.node if collected else None}


def _keep_from_package(agent: Agent, case_id: str, digests: Sequence[str]) -> None:
    entries, _ = container.read(agent.hub.export_evidence(case_id))
    found, parent = Contents(entries).manifests, parent_of(history(agent.journal, case_id))
    for digest in set(digests) & found.keys():
        require_manifest(found[digest], digest, case_id, parent)
        agent.journal.keep(f"manifest:{digest}", found[digest])


def require_manifest(encoded: bytes, digest: str, case_id: str, parent: str = "") -> Manifest:
    """The manifest, if it is the one that was named. ``parent``: the case whose sealing a child uses.

    Refusals PULL_MANIFEST, MANIFEST_FORMAT.
    """
    if canonical.digest(encoded) != digest:
        raise Refusal("PULL_MANIFEST", "promise 4; T10", manifest=digest)
    manifest = read_manifest(encoded)
    if manifest.case not in (case_id, parent):
        raise Refusal("PULL_MANIFEST", "promise 4; T10", manifest=digest)
    return manifest


def sealed_file(agent: Agent, case_id: str, digest: str) -> Path:
    """Where the ciphertext of a pulled sealing lies."""
    return agent.settings.home / "inbox" / case_id / f"{digest}.sealed"


def packets_note(case_id: str, digest: str) -> str:
    """Name of the note with the packets of a sealing that came with a case: two parts of one parent share a sealing,
    and each of them opens its own lines."""
    return f"packets:{digest}:{case_id}"


def kept_packets(agent: Agent, case_id: str, digest: str) -> list[KeyPacket]:
    """Packets of a pulled sealing to this node. Refusal NOT_PULLED."""
    kept = agent.journal.kept(packets_note(case_id, digest))
    if kept is None:
        raise Refusal("NOT_PULLED", RULE, manifest=digest)
    return [KeyPacket(**{**item, "packet": bytes.fromhex(item["packet"])}) for item in json.loads(kept)]


def data_keys(agent: Agent, case_id: str, digest: str, manifest: Manifest) -> dict[tuple[str, str], bytes]:
    """Data keys of a pulled sealing by (line, rendition), for memory only; of a child's: those of its part.

    Refusals NOT_PULLED, PACKET_UNREADABLE.
    """
    return {
        (packet.line, packet.rendition): agent.identity.unwrap(manifest.case, manifest.revision, packet)
        for packet in kept_packets(agent, case_id, digest)
    }


def in_parts(agent: Agent, case_id: str, manifest: Manifest) -> bool:
    """Whether a sealing is a parent's application, of which a department is given the lines of its part alone."""
    told = application_leaf(history(agent.journal, case_id))
    return manifest.case != case_id or (
        told is not None and told.statement.type == "seal_parent" and manifest.kind == "application"
    )


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
        with failpoints.write("pull.file"):
            os.fsync(out.fileno())


def require_whole(path: Path, manifest: Manifest) -> None:
    """Step 3, in one reading of the file. A file that differs is thrown away: the next attempt begins afresh.

    Refusal CIPHERTEXT_CHANGED, which names line and page where it can.
    """
    try:
        size = path.stat().st_size
        if size != manifest.size:
            raise Refusal("CIPHERTEXT_CHANGED", "promise 5", size=size, wanted=manifest.size)
        for line, page, made in manifest.streams():  # back to back, and they fill the object (manifest v1)
            seen = hashlib.sha256()
            for chunk in read_stream(path, made.stream):
                seen.update(chunk)
            if seen.hexdigest() != made.stream.sha256:
                raise Refusal("CIPHERTEXT_CHANGED", "promise 5", line=line.line, page=page.number)
    except Refusal:
        path.unlink()
        raise


def _own_packets(agent: Agent, case_id: str, digest: str, manifest: Manifest) -> list[KeyPacket]:
    """Packets under keys that are here, those under the key of now before older ones."""
    named = _named_packets(history(agent.journal, case_id), digest, agent.identity.node)
    kem = agent.identity.kem
    now = key_id(kem.suite, kem.public)
    own: dict[tuple[str, str], KeyPacket] = {}
    for packet in sorted(agent.hub.key_packets(case_id, digest), key=lambda one: one.recipient_key == now):
        ours = packet.recipient == agent.identity.node and agent.identity.holds(packet.recipient_key)
        if ours and packet.digest in named:
            own[packet.line, packet.rendition] = packet
    wanted = manifest.data_key_names()
    if in_parts(agent, case_id, manifest):  # which lines a part needs is the law's matter: routing waited for them
        wanted &= set(named.values())
    missing = sorted(wanted - set(own))
    if missing or not wanted:
        line, rendition = missing[0] if missing else ("", "")
        raise Refusal("PACKET_MISSING", "architecture: key packets", line=line, rendition=rendition)
    return [own[name] for name in sorted(own)]


def _named_packets(told: list[Recorded], manifest: str, node: str) -> dict[str, tuple[str, str]]:
    """(line, rendition) by digest, of packets to ``node`` that ``wrap`` statements of this case name."""
    named: dict[str, tuple[str, str]] = {}
    for one in told:
        body = one.statement.body
        if one.statement.type != "wrap" or (body.get("manifest"), body.get("recipient")) != (manifest, node):
            continue
        packets = body.get("packets")
        if isinstance(packets, list):  # form is the law's matter, checked when the case is replayed
            named |= {
                str(item.get("digest")): (str(item.get("line")), str(item.get("rendition")))
                for item in packets
                if isinstance(item, dict)
            }
    return named


def keep_packets(agent: Agent, case_id: str, digest: str, packets: Sequence[KeyPacket]) -> None:
    """Keep a pulled sealing's packets to this node, in place of those kept before."""
    plain = [{**packet.__dict__, "packet": packet.packet.hex()} for packet in packets]
    agent.journal.keep(packets_note(case_id, digest), canonical.encode(plain))

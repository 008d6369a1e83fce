"""A window with a hub and a store that take what it sends: ``agent_region`` with uploads, receipts, proofs, snapshot.

``SendingHub`` keeps the contract of ``HubClient``: the law decides, receipts are made by ``hub.services.receipts``.
"""

import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from crypto import canonical
from crypto.log import leaf as leaves
from crypto.log import tiles
from crypto.log.proof import Proof
from crypto.manifest import SEALING_EVENTS
from crypto.manifest import read as read_manifest
from crypto.refusal import Refusal
from crypto.statement import SNAPSHOT_TYPE, read_envelope, read_statement, sign
from hub.services.receipts import make_receipt
from node_agent.client.hub import Answer, HubClient, Outgoing, SnapshotParts, Upload
from node_agent.known.snapshot import fetch_snapshot
from node_agent.process.runtime import Agent
from node_agent.window import intake as window
from node_agent.window import receipt as window_receipt
from storage.object_rows import PinnedRow
from storage.objectstore import SignedPut
from storage.transfer import Reply, TransferClient
from tests.paper_reader import Read, read_paper
from tests.unit.agents.agent_region import FakeHub, Region, picture
from tests.unit.evidence_log import HUB, ITEM, WINDOW

KEY_MATERIALS = ("M01", "M02", "M03", "M04", "M06", "M07")
KINDS = ("catalogue", "calendar")
PART_URL = "https://store.test/parts/"
FORM: dict[str, Any] = {
    "applicant": {"name": "余知远", "citizen_id": "360101199003070018"},
    "enterprise": {"credit_code": "91110000600037341L"},
    "area_m2": 86.5,
}
ADDRESS = {"name": "余知远", "phone": "13800000000", "address": "重庆市江津区样例大道9号"}
TICKS = {"no_classified": True, "applicant_signed": True, "privacy_notice": True}
STAFF = "C01"


@dataclass
class Begun:
    """An upload at the hub."""

    upload_id: str
    manifest: bytes
    parts: dict[int, bytes] = field(default_factory=dict)


@dataclass
class SendingHub(FakeHub):
    """``refuse``: raised by the next calls, by method name. ``not_now``: answers instead of the law's, by event, once.

    ``spoil``: changes receipts on the way.
    """

    uploads: dict[str, Begun] = field(default_factory=dict)
    refuse: dict[str, list[Refusal]] = field(default_factory=dict)
    not_now: dict[str, Refusal] = field(default_factory=dict)
    spoil: Callable[[bytes], bytes] = staticmethod(lambda data: data)
    batches: list[list[str]] = field(default_factory=list)
    granted: list[list[int]] = field(default_factory=list)
    change_snapshot: Callable[[dict[str, Any]], None] = staticmethod(lambda payload: None)
    integrated: bool = True

    def create_upload(self, manifest: bytes) -> Upload:
        """Begin or find an upload."""
        self._enter("create_upload")
        digest = canonical.digest(manifest)
        begun = self.uploads.setdefault(digest, Begun(digest[:16], manifest))
        return Upload(begun.upload_id, frozenset(begun.parts), digest in self.region.objects)

    def grant_parts(self, upload_id: str, numbers: Sequence[int]) -> dict[int, SignedPut]:
        """A PUT a part; only parts that are missing should be asked for."""
        self._enter("grant_parts")
        self.granted.append(list(numbers))
        parts = read_manifest(self._begun(upload_id).manifest).parts
        return {
            number: SignedPut(f"{PART_URL}{upload_id}/{number}", {"Content-Length": str(parts[number - 1].size)})
            for number in numbers
        }

    def complete_upload(self, upload_id: str) -> str:
        """The pinned version, if the bytes are those of the manifest."""
        self._enter("complete_upload")
        begun = self._begun(upload_id)
        made = read_manifest(begun.manifest)
        if set(begun.parts) != set(range(1, len(made.parts) + 1)):
            raise Refusal("UPLOAD_INCOMPLETE", "promise 5")
        data = b"".join(begun.parts[number] for number in sorted(begun.parts))
        if hashlib.sha256(data).hexdigest() != made.sha256:
            raise Refusal("OBJECT_CHANGED", "promise 5")
        return self.region.log.pinned[self.region.store(made, begun.manifest, data)].version_id

    def submit(self, outgoing: Sequence[Outgoing]) -> list[Answer]:
        """Answers of the law, in order."""
        self._enter("submit")
        self.batches.append([_event(item.envelope) for item in outgoing])
        return [self._answer(item) for item in outgoing]

    def receipt(self, payload_digest: str) -> tuple[Answer, str]:
        """Receipt and proof of what is in the log."""
        self._enter("receipt")
        index = self._index(payload_digest)
        assert index is not None
        log = self.region.log
        reader = tiles.TileReader(log.tiles().__getitem__, len(log.entries))
        text = Proof(index, tuple(reader.inclusion(index)), log.checkpoint()).encode().decode()
        return Answer(self._receipt(index), index), text if self.integrated else ""

    def snapshot(self) -> SnapshotParts:
        """The signed snapshot as ``hub.services.views`` makes it."""
        self._enter("snapshot")
        log = self.region.log
        note = log.checkpoint()
        reader = tiles.TileReader(log.tiles().__getitem__, len(log.entries))
        versions = {kind: newest.version for kind in KINDS if (newest := log.directory.latest(kind))}
        documents = {kind: log.documents[kind, version] for kind, version in versions.items()}
        payload: dict[str, Any] = {
            "v": 1,
            **{
                kind: {"version": version, "digest": canonical.digest(documents[kind])}
                for kind, version in versions.items()
            },
            "epoch": len(log.registry),
            "checkpoint": note.decode(),
            "made_at": canonical.time_text(datetime.now(UTC)),
            "greatest_age_hours": 72,
        }
        self.change_snapshot(payload)
        proofs = [Proof(index, tuple(reader.inclusion(index)), note).encode().decode() for index in log.registry]
        envelope = sign(canonical.encode(payload), [log.keys[HUB].sign], SNAPSHOT_TYPE)
        return SnapshotParts(
            envelope.encode(),
            documents["catalogue"],
            documents["calendar"],
            [log.entries[index] for index in log.registry],
            proofs,
        )

    def _enter(self, method: str) -> None:
        self._reach()
        waiting = self.refuse.get(method)
        if waiting:
            raise waiting.pop(0)

    def _begun(self, upload_id: str) -> Begun:
        return next(begun for begun in self.uploads.values() if begun.upload_id == upload_id)

    def _index(self, digest: str) -> int | None:
        for index, data in enumerate(self.region.log.entries):
            if read_envelope(leaves.decode(data).envelope).digest == digest:
                return index
        return None

    def _answer(self, item: Outgoing) -> Answer:
        envelope = read_envelope(item.envelope)
        statement = read_statement(envelope.payload)
        if statement.type in self.not_now:
            return Answer(refusal=self.not_now.pop(statement.type))
        index = self._index(envelope.digest)
        if index is None:
            self.region.keep_time()
            try:
                index = self.region.log.place(statement, envelope).index
            except Refusal as refusal:
                return Answer(refusal=refusal)
            if item.packets:
                self.region.keep_packets(str(statement.body["manifest"]), item.packets)
        return Answer(self.spoil(self._receipt(index)), index, self.region.log.files[str(statement.case)].case_no)

    def _receipt(self, index: int) -> bytes:
        leaf = leaves.decode(self.region.log.entries[index])
        envelope = read_envelope(leaf.envelope)
        statement = read_statement(envelope.payload)
        rows = []
        if statement.type in SEALING_EVENTS and "manifest" in statement.body:
            pinned = self.region.log.pinned[str(statement.body["manifest"])]
            made = pinned.manifest
            rows = [
                PinnedRow(pinned.digest, self.node, made.case, made.object_key, pinned.version_id, made.size, "etag")
            ]
        return make_receipt(self.region.log.keys[HUB].sign, leaf, envelope.digest, rows).encode()


@dataclass
class World:
    """A region, one window in it, its hub and store. ``puts``: part numbers in the order in which they came."""

    region: Region
    agent: Agent
    hub: SendingHub
    puts: list[int] = field(default_factory=list)
    break_after: int | None = None

    def transfer(self) -> TransferClient:
        """The way to the store; it breaks once after ``break_after`` parts."""
        return TransferClient(self._put, attempts=1)

    def _put(self, method: str, url: str, headers: Mapping[str, str], body: Any) -> Reply:
        assert method == "PUT"
        upload_id, number = url.removeprefix(PART_URL).split("/")
        if self.break_after is not None and len(self.puts) >= self.break_after:
            self.break_after = None
            return Reply(503, {}, [])
        self.hub._begun(upload_id).parts[int(number)] = bytes(body)
        self.puts.append(int(number))
        return Reply(200, {"etag": '"e"'}, [])

    def receive(self) -> None:
        """What the watching thread does: leaves of the window's cases come into the journal."""
        told = self.hub.inbox(0)
        self.agent.journal.receive([(item.index, item.case_id, item.leaf) for item in told])

    def begin(self, **changes: Any) -> str:
        """A draft."""
        given: dict[str, Any] = {"form": FORM, "delivery": "POST", "address": ADDRESS} | changes
        return window.begin(self.agent, given.pop("task_code", ITEM), STAFF, **given)

    def scanned(self, home: Path, materials: Sequence[str] = KEY_MATERIALS) -> str:
        """A draft with one page for each material."""
        case = self.begin()
        for seed, material in enumerate(materials):
            window.add_pages(self.agent, case, material, page_file(home, f"{case[:6]}-{material}.jpg", seed))
        return case

    def paper(self, made: window.SealResult) -> Read:
        """The receipt of a seal, printed and read."""
        waiting = window_receipt.print_waiting(self.agent, made.public_no)
        assert waiting is not None and waiting[1] == ()
        return read_paper(waiting[0])

    def sealed(self, home: Path) -> window.SealResult:
        """A sealed case that waits in the journal."""
        return window.seal(self.agent, self.scanned(home), STAFF, **TICKS)


def page_file(home: Path, name: str, seed: int = 1) -> Path:
    """A JPEG file."""
    path = home / name
    path.write_bytes(picture(seed))
    return path


def open_world(home: Path, *, fresh: bool = True) -> World:
    """A window with a verified snapshot (unless not ``fresh``)."""
    region = Region()
    agent = region.agent(home / f"agent-{secrets.token_hex(3)}", WINDOW, [STAFF])
    hub = SendingHub(region, WINDOW)
    agent.hub = cast(HubClient, hub)
    if fresh:
        fetch_snapshot(agent)
    return World(region, agent, hub)


def _event(envelope: bytes) -> str:
    return read_statement(read_envelope(envelope).payload).type

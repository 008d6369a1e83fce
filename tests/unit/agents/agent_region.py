"""A region without network for tests of agents: the synthetic log as hub, a dictionary as store, real keys.

``FakeHub`` keeps the contract of ``HubClient`` (order, cursor, who sees what); ``Region.send`` is what the agent's
sender and the hub do together with a queued act.
"""

import io
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import cast

from crypto import canonical, sealing
from crypto import manifest as manifests
from crypto.identity import person_id
from crypto.keystore import SoftwareKeystore
from crypto.log import leaf as leaves
from crypto.manifest import LineFacts, Manifest
from crypto.records import PublicKey
from crypto.refusal import Refusal
from crypto.sealing import Context, KeyPacket, Sealer, wrap_keys
from crypto.statement import Actor, read_envelope, read_statement
from hub.casework import facts, numbers
from hub.casework.audience import for_gateway
from hub.casework.context import Pinned
from node_agent.client.hub import HubClient, InboxItem
from node_agent.keys.applicant import Applicant, new_applicant
from node_agent.keys.identity import AgentIdentity
from node_agent.known.registry import AgentRegistry
from node_agent.process.runtime import Agent
from node_agent.process.settings import AgentSettings
from node_agent.transfer.receiver import Receiver
from storage.journal import Journal, OutboxEntry
from storage.transfer import Reply, TransferClient
from tests.pages import card
from tests.unit import evidence_log as synthetic
from tests.unit.evidence_log import DEPARTMENT, GATEWAY, HUB, ITEM, WINDOW, SyntheticLog

RECOVERY = synthetic.node("500000000000", "recovery-cq")
FORM = {"applicant": {"name": "余知远", "citizen_id": "360101199003070018"}}
ADDRESS = {"name": "余知远", "mobile": "13800000000", "address": "重庆市江津区样例大道9号"}
SCANS = ("M01", "M02", "M03", "M04", "M06", "M07")
STORE = "https://store.test/"


def picture(seed: int) -> bytes:
    """A page as a window takes it, small and different by ``seed``."""
    return card(seed)


@dataclass
class Region:
    """Log, store and packets. ``broken``: bytes after which a download of an object breaks off, once.

    ``held``: materials whose originals the window keeps.
    """

    log: SyntheticLog = field(default_factory=synthetic.founded)
    objects: dict[str, bytes] = field(default_factory=dict)
    packets: dict[tuple[str, str], list[KeyPacket]] = field(default_factory=dict)
    applicants: dict[str, Applicant] = field(default_factory=dict)
    requests: list[tuple[int, int]] = field(default_factory=list)
    broken: int | None = None
    held: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.log.register(RECOVERY, RECOVERY, "500000000000", ["recovery"], None)
        for kind, person in (("DECIDE", synthetic.DECIDER), ("SEAL_USE", synthetic.ISSUER)):
            self.grant(kind, person)
        self.keep_time()

    def keep_time(self) -> None:
        """The hub's clock is not behind the one that agents declare their acts by."""
        self.log.now = max(self.log.now, datetime.now(canonical.CHINA))

    def grant(self, kind: str, person: str, valid_to: str = "9999-12-31") -> None:
        """A power of attorney for all items, far beyond the day on which tests run."""
        body = {
            "grant_id": secrets.token_hex(8), "kind": kind, "node": DEPARTMENT, "person": person, "items": ["*"],
            "valid_from": "2026-01-01", "valid_to": valid_to, "document": "a" * 64,
        }  # fmt: skip
        signers = [self.log.keys[synthetic.HEAD].sign, self.log.keys[DEPARTMENT].sign]
        actor = Actor(DEPARTMENT, synthetic.HEAD, "HEAD")
        self.log.say_registry("grant.issue", body, signers, actor)

    # --- cases -------------------------------------------------------------------------------------------------

    def seal(self, counter: int = 1, **changes: bytes) -> tuple[str, str, dict[tuple[str, str], bytes]]:
        """A sealed application in the log: case, manifest digest, data keys. ``changes``: page bytes by material."""
        case = secrets.token_hex(16)
        pages = {name: picture(seed) for seed, name in enumerate(SCANS)}
        pages |= {"FORM": canonical.encode(FORM), "ADDRESS": canonical.encode(ADDRESS)} | changes
        out, keys, media = io.BytesIO(), {}, {}
        sealer = Sealer(out)
        for number, page in enumerate(pages.values(), 1):
            line = f"L{number:02}"
            keys[line, "full"] = sealing.new_data_key()
            sealer.add(keys[line, "full"], Context(case, 1, line, 1, "full"), io.BytesIO(page))
            media[line, 1, "full"] = "application/json" if page[:1] in (b"{", b"[") else "image/jpeg"
        facts = [
            LineFacts(f"L{number:02}", material, "SUBMIT", "B", "HELD" if material in self.held else "SEEN_RETURNED")
            for number, material in enumerate(pages, 1)
        ]
        made = manifests.build(
            sealer.finish(), facts, media, case=case, revision=1, kind="application", task_code=ITEM,
            catalogue="2026.11-1", object_key=f"cases/{case}/1/{secrets.token_hex(16)}", part_size=sealing.PART_SIZE,
        )  # fmt: skip
        digest = self.store(made, made.encode(), out.getvalue())
        self.applicants[case] = new_applicant()
        key = self.applicants[case].result_key
        body = {
            "task_code": ITEM, "region": synthetic.REGION, "catalogue": "2026.11-1", "manifest": digest,
            "public_no": numbers.public_number(synthetic.PREFIX, counter), "delivery": "POST",
            "applicant_key": PublicKey(key.suite, key.public).as_object(),
            "no_classified": True, "applicant_signed": True, "privacy_notice": True,
        }  # fmt: skip
        self.log.say(case, "seal", synthetic.COLLECTOR, "COLLECTOR", body)
        return case, digest, keys

    def wrap(self, case: str, digest: str, keys: Mapping[tuple[str, str], bytes], recipient: str) -> None:
        """A ``wrap`` by the window; for the department the hub routes at once."""
        held = self.log.keys[recipient].opening
        assert held is not None
        made = wrap_keys(case, 1, keys, recipient, held.suite, held.public)
        self.packets[digest, recipient] = list(made)
        body = {
            "manifest": digest,
            "recipient": recipient,
            "recipient_key": made[0].recipient_key,
            "packets": [{"line": one.line, "rendition": one.rendition, "digest": one.digest} for one in made],
        }
        self.log.say(case, "wrap", WINDOW, "window", body, "keys")

    def keep_packets(self, digest: str, packets: Iterable[KeyPacket]) -> None:
        """As the hub's table: one packet a place, those of the other lines stay."""
        for packet in packets:
            kept = self.packets.setdefault((digest, packet.recipient), [])
            place = (packet.recipient_key, packet.line, packet.rendition)
            kept[:] = [one for one in kept if (one.recipient_key, one.line, one.rendition) != place] + [packet]

    def forward(self, counter: int = 1, **changes: bytes) -> tuple[str, str]:
        """A case forwarded to the department: case id and manifest digest."""
        case, digest, keys = self.seal(counter, **changes)
        for recipient in (WINDOW, RECOVERY, DEPARTMENT):
            self.wrap(case, digest, keys, recipient)
        return case, digest

    def store(self, made: Manifest, encoded: bytes, ciphertext: bytes) -> str:
        """Put an object and its manifest into the store, pinned."""
        digest = canonical.digest(encoded)
        self.log.manifests[digest] = encoded
        self.log.pinned[digest] = Pinned(digest, made, secrets.token_hex(8))
        self.objects[digest] = ciphertext
        return digest

    # --- what sender and hub do with a queued act ----------------------------------------------------------------

    def send(self, agent: Agent) -> list[OutboxEntry]:
        """Send all that waits; the entries with their answers."""
        for upload in agent.journal.uploads_waiting():
            made = manifests.read(upload.manifest)
            self.store(made, upload.manifest, (agent.spool / upload.file).read_bytes())
            agent.journal.uploaded(upload.manifest_digest)
        answered = []
        for entry in agent.journal.waiting():
            self.answer(agent, entry)
            found = agent.journal.entry(entry.payload_digest)
            assert found is not None
            answered.append(found)
        return answered

    def answer(self, agent: Agent, entry: OutboxEntry) -> None:
        """The hub's answer to one act."""
        self.keep_time()
        envelope = read_envelope(entry.envelope)
        statement = read_statement(envelope.payload)
        refusal = None
        try:
            if statement.case is None:
                self.log.directory.admit(envelope, recorded_at=canonical.time_text(self.log.now))
                self.log.registry.append(len(self.log.entries))
                self.log._append(envelope, None, {})
            else:
                self.log.place(statement, envelope)
            if entry.packets:
                self.keep_packets(str(statement.body["manifest"]), entry.packets)
        except Refusal as caught:
            refusal = caught
        agent.journal.answered(entry.payload_digest, b"" if refusal else b"receipt", "", refusal)

    # --- agents ------------------------------------------------------------------------------------------------

    def agent(self, home: Path, node: str, persons: Iterable[str] = ()) -> Agent:
        """The agent of a registered node in a new folder, with the keys that the log knows it by."""
        home.mkdir(mode=0o700)
        keys = self.log.keys[node]
        who = AgentIdentity(home, node)
        assert keys.opening is not None
        who.keys._write("sign.pem", keys.sign.private_pem())
        who.keys._write("kem.kem", keys.opening.private_bytes())
        for code in persons:
            signer = self.log.keys[person_id(node, code)].sign
            SoftwareKeystore(home / "persons" / code)._write("sign.pem", signer.private_pem())
        (home / "pins.json").write_bytes(self.log.pins().to_json())
        settings = AgentSettings(
            home=home, node=node, hub="hub.test:1", hub_node=HUB, recovery_node=RECOVERY, gateway_node=GATEWAY,
            line_system_folder=home / "line-system",
        )  # fmt: skip
        journal = Journal(home / "journal.sqlite")
        hub = cast(HubClient, FakeHub(self, node))
        return Agent(settings, who, journal, AgentRegistry(journal, who.pins), hub)

    def transfer(self) -> TransferClient:
        """The agents' way to the store, over the dictionary."""
        return TransferClient(self.request, attempts=1)

    def request(self, method: str, url: str, headers: Mapping[str, str], body: object) -> Reply:
        """One GET with a range, as the store answers it."""
        assert method == "GET"
        data = self.objects.get(url.removeprefix(STORE))
        if data is None:
            return Reply(404, {}, [])
        first, last = (int(text) for text in headers["Range"].removeprefix("bytes=").split("-"))
        self.requests.append((first, last))
        piece = data[first : last + 1]
        if self.broken is not None and last >= self.broken:
            self.broken = None
            return Reply(503, {}, [])
        return Reply(206, {"content-range": f"bytes {first}-{last}/{len(data)}"}, [piece])


@dataclass
class FakeHub:
    """What one node gets from the hub. ``forge``: changes leaves on the way, by index; ``away``: no answer."""

    region: Region
    node: str
    forge: dict[int, bytes] = field(default_factory=dict)
    away: bool = False
    delivered: list[tuple[int, str]] = field(default_factory=list)

    def inbox(self, cursor: int) -> list[InboxItem]:
        """Leaves after a position, of cases that the node has a part in; of a gateway's, the parcel's way."""
        self._reach()
        visible = [
            (index, case)
            for case, indexes in self.region.log.cases.items()
            if self.node in (file := self.region.log.files[case]).parties() | file.paper_nodes()
            for index in indexes
            if self._is_shown(index)
        ]
        self.delivered += sorted(set(visible) - set(self.delivered))
        told = enumerate(self.delivered, start=1)
        return [InboxItem(at, index, case, self._leaf(index)) for at, (index, case) in told if at > cursor]

    def watch_inbox(self, cursor: int) -> Iterator[InboxItem | None]:
        """All there is now, then signs of life."""
        yield from self.inbox(cursor)
        while True:
            yield None

    def registry_leaves(self, after_epoch: int) -> tuple[list[bytes], int]:
        """Registry leaves after a position."""
        self._reach()
        log = self.region.log
        return [self._leaf(index) for index in log.registry[after_epoch:]], len(log.registry)

    def published(self, kind: str, version: str) -> bytes:
        """A published document."""
        return self.region.log.documents[kind, version]

    def case(self, name: str) -> bytes:
        """The projection of a case that the node may see."""
        self._reach()
        found = [document for document in self.cases()[0] if canonical.parse(document)["case"] == name]
        if not found:
            raise Refusal("CASE_UNKNOWN", "A24", name=name)
        return found[0]

    def cases(self, state: str = "", page_token: str = "") -> tuple[list[bytes], str]:
        """One page a case, so that pages are turned: those of its region for an overseer, else its own."""
        self._reach()
        record = self.region.log.directory.current(self.node)
        seen = [
            canonical.encode(file.to_document())
            for file in self.region.log.files.values()
            if (self.node in file.parties() or facts.oversees(file, record)) and state in ("", file.state.value)
        ]
        at = int(page_token or 0)
        return seen[at : at + 1], str(at + 1) if at + 1 < len(seen) else ""

    def case_leaves(self, name: str, after_index: int = -1) -> list[bytes]:
        """Leaves of a case after an index."""
        self._reach()
        return [self._leaf(index) for index in self.region.log.cases[name] if index > after_index]

    def grant_download(self, case_id: str, manifest_digest: str) -> tuple[str, bytes]:
        """URL and manifest, for those who hold a packet."""
        self._reach()
        if (manifest_digest, self.node) not in self.region.packets:
            raise Refusal("KEYS_MISSING", "H02", recipient=self.node)
        return STORE + manifest_digest, self.region.log.manifests[manifest_digest]

    def export_evidence(self, case_name: str) -> bytes:
        """The package of a case, open to whoever may see it."""
        self._reach()
        return self.region.log.package(case_name)

    def key_packets(self, case_id: str, manifest_digest: str) -> list[KeyPacket]:
        """Packets wrapped to this node."""
        self._reach()
        return list(self.region.packets.get((manifest_digest, self.node), []))

    def close(self) -> None:
        """Nothing is open."""

    def _reach(self) -> None:
        if self.away:
            raise Refusal("HUB_UNAVAILABLE", "promise 6")

    def _leaf(self, index: int) -> bytes:
        return self.forge.get(index, self.region.log.entries[index])

    def _is_shown(self, index: int) -> bool:
        told = json.loads(self._statement(index))
        return self.node != GATEWAY or for_gateway(told["type"], told["body"].get("recipient"), GATEWAY)

    def _statement(self, index: int) -> bytes:
        return read_envelope(leaves.decode(self.region.log.entries[index]).envelope).payload


def exchange(region: Region, agent: Agent, inbox: Receiver) -> list[OutboxEntry]:
    """Receive, send, receive; the answers. Everything must have been taken."""
    inbox.step()
    answered = region.send(agent)
    inbox.step()
    assert [entry.refusal for entry in answered] == [None] * len(answered)
    return answered

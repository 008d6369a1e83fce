"""A running hub with its registrar: real PostgreSQL, real mutual TLS, a real S3 server.

Invariants: everything is founded and enrolled by the product's own code; the hub runs in this process, in a thread with
an event loop of its own, and clients reach it over loopback.
"""

import asyncio
import secrets
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import grpc
from pydantic import SecretStr

from crypto import canonical, identity
from crypto.directory import Directory
from crypto.keystore import SoftwareKeystore
from crypto.refusal import Refusal
from crypto.statement import Envelope
from deploy.registrar.desk import RegistrarDesk
from deploy.registrar.founding import FOUNDING, HubPapers, found_hub
from deploy.registrar.registrar import Registrar
from hub.server.app import HubServer
from hub.server.founding import found, read_founding
from hub.server.identity import load_identity
from hub.server.settings import HubSettings
from node_agent.client.enrolment import RegistryDoor
from node_agent.client.hub import Answer, HubClient, InboxItem, Outgoing, open_channel, tls_credentials
from node_agent.keys.enrol import RecordFacts, enrol_node, enrol_person
from storage.files import write_private

if TYPE_CHECKING:
    from tests.conftest import ObjectServer

DOMAIN, REGION, ORIGIN = "yidi.test", "500000000000", "log.yidi.test"
T = TypeVar("T")


class Region:
    """Registrar, hub and whoever enrols. ``close`` ends all of it."""

    def __init__(self, folder: Path, url: str, server: "ObjectServer") -> None:
        self.folder = folder
        self.registrar = Registrar.found(folder / "registrar", DOMAIN, REGION)
        self.papers: HubPapers = found_hub(self.registrar, folder / "hub", ORIGIN, REGION)
        buckets, credentials = secrets.token_hex(6), folder / "hub" / "s3.json"
        access_key, secret_key = server.credentials()
        write_private(credentials, canonical.encode({"access_key": access_key, "secret_key": secret_key}))
        self.settings = HubSettings(  # type: ignore[call-arg]  # what is left out has a default
            database_url=SecretStr(url),
            identity=folder / "hub" / "keys",
            certificate=folder / "hub" / "tls.pem",
            authority=folder / "hub" / "authority.pem",
            pins=folder / "hub" / "pins.json",
            ready_file=folder / "ready.json",
            poll_seconds=0.05,
            s3_endpoint=server.endpoint(),
            s3_credentials=credentials,
            s3_documents=f"documents-{buckets}",
            s3_log=f"log-{buckets}",
            s3_log_retention_days=1,
            grace_seconds=0.5,
        )
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._clients: list[HubClient] = []
        self.server = self.start_hub()
        self.address = f"localhost:{self.server.port}"
        self.door = f"localhost:{self.server.enrolment_port}"
        self._stop = threading.Event()
        nodes = RegistryDoor.open(self.address, self.registrar.authority_pem, *self.registrar.node_tls())
        self.desk = RegistrarDesk(self.registrar, nodes)
        self._desk_thread = threading.Thread(target=self.desk.run, args=(self._stop, 0.02), daemon=True)
        self._desk_thread.start()

    def start_hub(self) -> HubServer:
        """Another hub process on the same database and store; the first one founds the log."""
        server = HubServer(self.settings)
        pins = self.settings.read_pins()
        who = load_identity(self.settings.identity, self.settings.certificate, pins)
        found(server.parts.database, pins, who.signer, who.node, read_founding(self.folder / "hub" / FOUNDING))
        self.run(server.start())
        return server

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do ``work`` in the hub's event loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def close(self) -> None:
        """End desk, clients and hub."""
        self.pause_registrar()
        for client in self._clients:
            client.close()
        self.run(self.server.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def pause_registrar(self) -> None:
        """The registrar goes home; requests wait."""
        self._stop.set()
        self._desk_thread.join(30)

    # --- nodes and people ------------------------------------------------------------------------------------

    def node(self, name: str) -> str:
        """Node id."""
        return identity.node_id(DOMAIN, REGION, name)

    def home(self, name: str) -> Path:
        """Folder of a node."""
        return self.folder / name

    def token(self, name: str, role: str) -> tuple[str, RecordFacts]:
        """A token for a node, and its facts."""
        token = self.registrar.issue_token(self.node(name), "node", (role,), REGION, "试验节点")
        return token, self.registrar.facts(token)

    def enrol(self, name: str, role: str = "window") -> HubClient:
        """Enrol a node; a client of it."""
        token, facts = self.token(name, role)
        enrol_node(self.home(name), self.door, self.registrar.authority_pem, token, facts)
        return self.client(name)

    def enrol_person(self, name: str, code: str, role: str) -> None:
        """Enrol a person at an enrolled node."""
        node = self.node(name)
        subject = identity.person_id(node, code)
        token = self.registrar.issue_token(subject, "person", (role,), REGION, "工作人员", node=node)
        facts = self.registrar.facts(token)
        enrol_person(self.home(name), self.door, self.registrar.authority_pem, token, facts)

    def client(self, name: str, address: str = "") -> HubClient:
        """A client with the node's key and certificate as they lie in its folder now."""
        home = self.home(name)
        key = SoftwareKeystore(home / "keys").signer("tls").private_pem()
        return self.client_with(key, (home / "tls.pem").read_bytes(), address)

    def client_with(self, key: bytes, certificate: bytes, address: str = "") -> HubClient:
        """A client with any key and certificate; one attempt a call."""
        return HubClient(self.channel(key, certificate, address), attempts=1)

    def channel(self, key: bytes, certificate: bytes, address: str = "") -> grpc.Channel:
        """A channel that is closed at the end."""
        credentials = tls_credentials(key, certificate, self.registrar.authority_pem)
        made = open_channel(address or self.address, credentials)
        self._clients.append(HubClient(made))
        return made

    def as_registrar(self) -> HubClient:
        """A client of the registrar's node."""
        return self.client_with(*self.registrar.node_tls())

    def say(self, envelope: Envelope, *attachments: bytes) -> Answer:
        """The registrar submits a statement; it must be taken."""
        answer = self.as_registrar().submit([Outgoing(envelope.encode(), attachments)])[0]
        assert answer.refusal is None, answer.refusal
        return answer

    def revoke(self, name: str) -> Answer:
        """The registrar revokes a node."""
        return self.say(self.registrar.revoke(self.node(name), "KEY_LOST"))

    def directory(self) -> Directory:
        """The directory as anybody replays it from the hub's leaves, every signature verified."""
        with RegistryDoor.open(self.address, self.registrar.authority_pem, *self.registrar.node_tls()) as door:
            desk = type(self.desk)(self.registrar, door)
            desk.catch_up()
            return desk.directory

    def publish_calendar(self, version: str = "2026.1") -> tuple[Envelope, bytes]:
        """A small calendar and the statement that publishes it."""
        days = [f"2026-01-{day:02}" for day in range(5, 10)]
        document = canonical.encode({"version": version, "years": {"2026": days}, "source": "test"})
        return self.registrar.publish("calendar", version, document, "2026-01-01"), document


class Watch:
    """An open WatchInbox in a thread: entries seen, and how it ended."""

    def __init__(self, client: HubClient) -> None:
        self.entries: list[InboxItem] = []
        self.ended_by: Refusal | None = None
        self.seen = threading.Event()
        self._client = client
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            for entry in self._client.watch_inbox(0):
                if entry:
                    self.entries.append(entry)
                    self.seen.set()
        except Refusal as refusal:
            self.ended_by = refusal

    def end(self) -> Refusal | None:
        """What ended the stream; None when it is still open after ten seconds."""
        self._thread.join(10)
        return self.ended_by


def put_in_inbox(region: Region, name: str, index: int = 0) -> None:
    """A leaf shown to a node, as the sequencer does it."""
    with region.server.parts.database.unit() as unit:
        head = unit.log.lock_head()
        unit.log.append(head, [], [(region.node(name), index, "0" * 32)])
        unit.commit()

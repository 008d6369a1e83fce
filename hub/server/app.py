"""One hub process: two doors, a sequencer, an integrator; started, watched, stopped.

Invariants:
- nodes' door: mutual TLS, certificate demanded in the handshake, every call checked again by ``hub.rpc.gate``;
- enrolment door: server TLS only, and nothing but EnrolmentService behind it;
- the ready file appears when both doors answer and goes away at the stop;
- at SIGTERM no new call is taken, calls under way get their grace, the sequencer answers what waits;
- several processes may share both addresses (``share_port``): the kernel gives each new connection to one of those that
  listen, so a process that stops is left by its callers (GOAWAY) for one that serves.
"""

import asyncio
import contextlib
import json
import logging
import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from grpc import aio
from grpc_health.v1 import health_pb2_grpc
from grpc_health.v1.health import aio as health
from grpc_reflection.v1alpha import reflection

from crypto.refusal import Refusal
from hub.rpc.access import OPEN_RULES, RULES, STREAM_SECONDS, Kind, Rule
from hub.rpc.caller import Recogniser
from hub.rpc.catalogue import CatalogueServicer
from hub.rpc.gate import Gate
from hub.rpc.inbox import InboxServicer
from hub.rpc.limits import Limits, Rate
from hub.rpc.log import LogServicer
from hub.rpc.objects import ObjectServicer
from hub.rpc.packets import KeyPacketServicer
from hub.rpc.registry import EnrolmentServicer, RegistryServicer
from hub.rpc.selftest import SelfTestServicer
from hub.rpc.statements import StatementServicer
from hub.rpc.supervision import SupervisionServicer
from hub.server.certificate import LiveCertificate
from hub.server.settings import HubSettings
from hub.server.wiring import Parts, assemble
from hub.services.clock import Clock, now_text
from yidi.v1 import (
    catalogue_pb2_grpc,
    inbox_pb2_grpc,
    log_pb2_grpc,
    objects_pb2_grpc,
    packets_pb2_grpc,
    registry_pb2_grpc,
    selftest_pb2_grpc,
    statements_pb2_grpc,
    supervision_pb2_grpc,
)

log = logging.getLogger(__name__)
THREADS = 16  # blocking calls at a time; below the connections that the database pool may open
CALLS_MOST, STRANGERS_MOST = 4_096, 64
LISTEN_SECONDS = 1.0
LAST_CALLS_MS = int(STREAM_SECONDS * 1000)  # longer than any call may take
KEEPALIVE = [
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
    ("grpc.max_connection_idle_ms", 600_000),
    ("grpc.max_metadata_size", 8 * 1024),
]


class HubServer:
    """One process's hub. ``start`` and ``stop`` belong to one event loop."""

    def __init__(self, settings: HubSettings, clock: Clock = now_text) -> None:
        self.settings = settings
        self.parts: Parts = assemble(settings, clock)
        self.port = 0
        self.enrolment_port = 0
        self._servers: list[aio.Server] = []
        self._stop_integrating = threading.Event()
        self._integrator = threading.Thread(
            target=self.parts.integrator.run, args=(self._stop_integrating,), name="integrator", daemon=True
        )
        self._watches = [
            threading.Thread(target=watch.run, args=(self._stop_integrating,), name="watch", daemon=True)
            for watch in self.parts.watches
        ]
        self._told = asyncio.Event()
        self._listener = threading.Thread(target=_nothing)
        self._poll: asyncio.Task[None] | None = None
        self._streams: asyncio.Task[None] | None = None
        self.halted_by: Refusal | None = None
        self.on_halt: Callable[[], None] = _nothing

    def halt(self, refusal: Refusal) -> None:
        """Serve no longer: the database is not what it was. Whoever started this process calls ``stop``."""
        if self.halted_by is None:
            log.critical("this hub must not serve: %s", refusal)
            self.halted_by = refusal
            self.on_halt()

    async def start(self) -> None:
        """Serve. Refusals PORT_TAKEN, DATABASE_UNAVAILABLE."""
        parts = self.parts
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="call"))
        await parts.recogniser.refresh()
        await parts.sequencer.start()
        parts.sequencer.on_commit(parts.bell.ring)
        nodes, self.port = self._open(self.settings.listen, RULES, parts.recogniser, CALLS_MOST)
        _serve_nodes(nodes, parts)
        door, self.enrolment_port = self._open(self.settings.enrolment_listen, OPEN_RULES, None, STRANGERS_MOST)
        registry_pb2_grpc.add_EnrolmentServiceServicer_to_server(EnrolmentServicer(parts.desk), door)
        for server in self._servers:
            await server.start()
        loop = asyncio.get_running_loop()
        parts.integrator.on_refused = lambda refusal: loop.call_soon_threadsafe(self.halt, refusal)
        if self.settings.integrate:
            self._integrator.start()
        for watch in self._watches:
            watch.start()
        self._listener = threading.Thread(target=self._listen, args=(loop,), name="listener", daemon=True)
        self._listener.start()
        self._poll = asyncio.create_task(self._watch_others())
        self._streams = asyncio.create_task(parts.bell.run())
        self._say_ready()

    async def stop(self) -> None:
        """Stop taking calls, finish what is under way, close everything. May be called once."""
        if self.settings.ready_file:
            self.settings.ready_file.unlink(missing_ok=True)
        for task in (self._poll, self._streams):
            if task:
                task.cancel()
        stops = [asyncio.create_task(server.stop(self.settings.grace_seconds)) for server in self._servers]
        await asyncio.sleep(0)  # doors are closed first: a stream that ends now comes back at another process
        self.parts.bell.close()
        await asyncio.gather(*stops)
        await self.parts.sequencer.stop()
        self._stop_integrating.set()
        for thread in (self._integrator, self._listener, *self._watches):
            if thread.is_alive():
                await asyncio.to_thread(thread.join)
        self.parts.admission.close()
        self.parts.query.close()
        self.parts.submissions.close()
        self.parts.recogniser.close()
        self.parts.database.dispose()

    def _open(
        self, address: str, rules: Mapping[str, Rule], recogniser: Recogniser | None, calls: int
    ) -> tuple[aio.Server, int]:
        most = max(rule.most for rule in rules.values()) + (64 << 10)
        options = [
            *KEEPALIVE,
            ("grpc.so_reuseport", int(self.settings.share_port)),
            ("grpc.max_connection_age_ms", int(self.settings.connection_seconds * 1000)),
            ("grpc.max_connection_age_grace_ms", LAST_CALLS_MS),
            ("grpc.max_receive_message_length", most),
        ]
        limits = node_limits(self.settings) if recogniser else door_limits(self.settings)
        server = aio.server(
            interceptors=[Gate(rules, recogniser, limits)], options=options, maximum_concurrent_rpcs=calls
        )
        authority = self.settings.authority.read_bytes() if recogniser else None
        credentials = LiveCertificate(self.settings.certificate, self.parts.identity.tls, authority).credentials()
        try:
            port = server.add_secure_port(address, credentials)
        except RuntimeError as error:
            raise Refusal("PORT_TAKEN", "deploy: addresses of the hub", address=address) from error
        self._servers.append(server)
        return server, port

    async def _watch_others(self) -> None:
        """Commits of other hub processes ring the bell too, and bring their revocations here."""
        rung = (-1, -1)
        while True:
            try:
                seen = self.parts.sequencer.reached  # before the look: what was committed by now must be found
                head = await asyncio.to_thread(self.parts.publications.head)
                if head.size < seen:
                    self.halt(Refusal("LOG_ROLLED_BACK", "promise 5", database=head.size, seen=seen))
                    return
                if head.epoch != rung[1]:
                    await self.parts.recogniser.refresh()
                self.parts.sequencer.saw(head.size)
                if (head.size, head.epoch) != rung:
                    rung = (head.size, head.epoch)
                    self.parts.bell.ring()
            except Refusal as refusal:
                log.warning("looking for other hubs' commits: %s", refusal.code)
            except Exception:  # must not end: quiet streams learn of revocations by this loop
                log.exception("looking for other hubs' commits failed")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.settings.poll_seconds):
                    await self._told.wait()
            self._told.clear()

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        """Until the hub stops: each commit that the database tells of is looked for at once."""
        while not self._stop_integrating.is_set():
            try:
                with self.parts.database.listening() as commits:
                    while not self._stop_integrating.is_set():
                        if commits.wait(LISTEN_SECONDS):
                            loop.call_soon_threadsafe(self._told.set)
            except Refusal as refusal:
                log.warning("listening for commits: %s", refusal.code)
                self._stop_integrating.wait(LISTEN_SECONDS)

    def _say_ready(self) -> None:
        ports = {"port": self.port, "enrolment_port": self.enrolment_port, "pid": os.getpid()}
        log.info("serving %s", json.dumps({"node": self.parts.identity.node, **ports}, sort_keys=True))
        file = self.settings.ready_file
        if file:
            draft = file.with_name(file.name + ".new")
            draft.write_text(json.dumps(ports))
            draft.replace(file)


def _nothing() -> None:
    """Nobody asked to be told."""


def node_limits(settings: HubSettings) -> Limits:
    """What one node may ask for."""
    rates = {
        Kind.CALLS: Rate(settings.rate_calls, 5 * settings.rate_calls),
        Kind.STATEMENTS: Rate(settings.rate_statements, 5 * settings.rate_statements),
        Kind.HEAVY: Rate(settings.rate_heavy, 10 * settings.rate_heavy),
    }
    return Limits(rates, settings.node_calls_most, settings.node_streams_most, settings.bytes_most)


def door_limits(settings: HubSettings) -> Limits:
    """What one address may ask of the enrolment door."""
    rates = {Kind.CALLS: Rate(settings.rate_strangers, 10 * settings.rate_strangers)}
    return Limits(rates, STRANGERS_MOST, 1, settings.bytes_most)


def _serve_nodes(server: aio.Server, parts: Parts) -> None:
    """All services of the contract but enrolment, health, and reflection (administrators only, by the gate's table)."""
    statements_pb2_grpc.add_StatementServiceServicer_to_server(StatementServicer(parts.submissions, parts.log), server)
    registry_pb2_grpc.add_RegistryServiceServicer_to_server(
        RegistryServicer(parts.desk, parts.submissions, parts.views), server
    )
    catalogue_pb2_grpc.add_CatalogueServiceServicer_to_server(CatalogueServicer(parts.publications), server)
    objects_pb2_grpc.add_ObjectServiceServicer_to_server(ObjectServicer(parts.objects), server)
    packets_pb2_grpc.add_KeyPacketServiceServicer_to_server(KeyPacketServicer(parts.views), server)
    inbox_pb2_grpc.add_InboxServiceServicer_to_server(InboxServicer(parts.views, parts.recogniser, parts.bell), server)
    log_pb2_grpc.add_LogServiceServicer_to_server(LogServicer(parts.log, parts.evidence), server)
    supervision_pb2_grpc.add_SupervisionServiceServicer_to_server(
        SupervisionServicer(parts.views, parts.admission, parts.query), server
    )
    selftest_pb2_grpc.add_SelfTestServiceServicer_to_server(
        SelfTestServicer(parts.probes, parts.publications, parts.clock), server
    )
    servicer = health.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    names = sorted({method.split("/")[1] for method in RULES})
    reflection.enable_server_reflection(names, server)

"""Who calls: the node behind the connection's certificate, checked against the directory on every call.

Invariants:
- a certificate of our authority opens a connection and nothing else; a caller exists only while the directory holds a
  valid record of its node whose ``tls`` key is the certificate's key (H08, H09);
- a check uses a directory that was brought up to date *after* the call arrived, so a revocation takes effect on the
  next call in every hub process; calls that arrive together share one look-up; a call that takes effect in the log is
  checked there instead, behind the head's lock (``hub.services.submissions``);
- servicers learn the caller from ``current`` alone, never from a message.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from crypto import certificates
from crypto.directory import Directory
from crypto.records import KeyRecord, PublicKey
from crypto.refusal import Refusal
from hub.services.registry import RegistryService

RULE = "architecture: transport (mutual TLS); H08, H09"
GATHER_SECONDS = 0.003
_caller: ContextVar[KeyRecord] = ContextVar("caller")


@dataclass(frozen=True)
class Peer:
    """What the certificate of a connection says: node id, ``tls`` key, end of validity (UTC)."""

    node: str
    key: PublicKey
    ends: datetime


def current() -> KeyRecord:
    """The record of the calling node. LookupError outside an authenticated call (a mistake of ours)."""
    return _caller.get()


def remember(record: KeyRecord) -> None:
    """Make ``record`` the caller of the running call."""
    _caller.set(record)


def peer_of(auth_context: Mapping[str, Iterable[bytes]]) -> Peer:
    """The peer of a connection. Refusals CERTIFICATE_UNKNOWN without a certificate, CERTIFICATE_FORMAT."""
    for pem in auth_context.get("x509_pem_cert", ()):
        return _read(bytes(pem))
    raise Refusal("CERTIFICATE_UNKNOWN", RULE, node="")


def recognise(directory: Directory, peer: Peer, now: datetime | None = None) -> KeyRecord:
    """The peer's valid record. Refusals CERTIFICATE_EXPIRED, CERTIFICATE_UNKNOWN, KEY_REVOKED."""
    if (now or datetime.now(UTC)) >= peer.ends:
        raise Refusal("CERTIFICATE_EXPIRED", RULE, node=peer.node, ended=peer.ends.isoformat())
    try:
        record = directory.current(peer.node)
    except Refusal as refusal:
        code = "KEY_REVOKED" if refusal.code == "KEY_REVOKED" else "CERTIFICATE_UNKNOWN"
        raise Refusal(code, RULE, node=peer.node) from refusal
    registered = record.keys.get("tls")
    if registered is None or registered.id != peer.key.id:
        raise Refusal(_why_other(directory, peer), RULE, node=peer.node, key=peer.key.id)
    return record


class Recogniser:
    """Turns a connection into a caller, with at most one look-up of the database under way and one waiting."""

    def __init__(self, registry: RegistryService) -> None:
        self._registry = registry
        self._shared = SharedLookup(registry.refresh)

    async def caller(self, peer: Peer) -> KeyRecord:
        """The record of the peer as of now. Refusals as ``recognise``, DATABASE_UNAVAILABLE."""
        return recognise(await self._shared.directory(), peer)

    async def known(self, peer: Peer) -> KeyRecord:
        """The same for a call whose caller is looked at again at its place in the log: only a no needs a look-up."""
        try:
            return recognise(self._registry.directory, peer)
        except Refusal:
            return await self.caller(peer)

    async def refresh(self) -> None:
        """Bring the directory up to date. Refusal DATABASE_UNAVAILABLE."""
        await self._shared.directory()

    def close(self) -> None:
        """End the thread of the look-ups."""
        self._shared.close()

    def still(self, peer: Peer) -> KeyRecord:
        """The same without a look-up, for open streams: the directory as this process knows it."""
        return recognise(self._registry.directory, peer)


class SharedLookup:
    """One refresh for all who ask while another one is under way. Belongs to one event loop."""

    def __init__(self, refresh: Callable[[], Directory]) -> None:
        self._refresh = refresh
        # A thread of its own: letting callers in never waits behind slow calls.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="lookup")
        self._running: asyncio.Task[Directory] | None = None
        self._waiting: asyncio.Task[Directory] | None = None

    async def directory(self) -> Directory:
        """A directory read after this call began."""
        # A look-up under way may have read before a revocation committed: only the next one counts.
        if self._waiting is None:
            self._waiting = asyncio.create_task(self._after(self._running))
        return await asyncio.shield(self._waiting)

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False)

    async def _after(self, running: asyncio.Task[Directory] | None) -> Directory:
        if running is not None:
            await asyncio.wait([running])
            await asyncio.sleep(GATHER_SECONDS)  # busy: more calls share the next one
        self._running, self._waiting = self._waiting, None
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._refresh)


def _why_other(directory: Directory, peer: Peer) -> str:
    """A key that once was the node's own is revoked; any other is unknown."""
    try:
        directory.entry(peer.key.id)
    except Refusal as refusal:
        if refusal.code == "KEY_REVOKED":
            return "KEY_REVOKED"
    return "CERTIFICATE_UNKNOWN"


@lru_cache(maxsize=4096)
def _read(pem: bytes) -> Peer:
    return Peer(*certificates.peer(pem))

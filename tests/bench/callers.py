"""The load generator: one process, one event loop, one connection a node. It sends bytes that were signed before.

Invariants: a caller sends the next call of its chain when the answer to the last one is there; every answer is looked
at, and a refusal ends the measurement. A process of its own, so that its CPU time can be told from everything else.
"""

import asyncio
import multiprocessing
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

import grpc
from grpc import aio

from yidi.v1 import statements_pb2

METHOD = "/yidi.v1.StatementService/SubmitStatements"
SECONDS = 60.0
_Way = aio.UnaryUnaryMultiCallable[Any, Any]


@dataclass(frozen=True)
class Call:
    """One request: the node that sends it, the encoded message, how many statements it holds."""

    node: str
    request: bytes
    statements: int = 1


@dataclass(frozen=True)
class Door:
    """How a node connects: address of a hub, name in its certificate, (authority, key, certificate) in PEM."""

    address: str
    server_name: str
    credentials: tuple[bytes, bytes, bytes]


@dataclass
class Measured:
    """What came of a round: seconds, latency of each call in milliseconds."""

    seconds: float = 0.0
    statements: int = 0
    latencies: list[float] = field(default_factory=list)


class Callers:
    """The process, as its parent sees it."""

    def __init__(self, doors: Mapping[str, Sequence[Door]]) -> None:
        ours, theirs = multiprocessing.Pipe()
        context = multiprocessing.get_context("spawn")
        self._pipe = ours
        self._process = context.Process(target=_serve, args=(theirs, dict(doors)), daemon=True)
        self._process.start()
        assert self._pipe.recv() == "ready"

    @property
    def pid(self) -> int:
        """Process id, for the meter."""
        assert self._process.pid is not None
        return self._process.pid

    def load(self, callers: int, chains: Sequence[Sequence[Call]]) -> None:
        """Hand over a round; nothing is sent yet."""
        self._pipe.send((callers, chains))
        assert self._pipe.recv() == "loaded"

    def run(self) -> Measured:
        """Send the round; SystemExit when something was refused."""
        self._pipe.send("go")
        made = self._pipe.recv()
        if not isinstance(made, Measured):
            raise SystemExit(f"bench: {made}")
        return made

    def close(self) -> None:
        """End the process."""
        self._pipe.send(None)
        self._process.join(10)
        self._process.kill()


def _serve(pipe: Connection, doors: Mapping[str, Sequence[Door]]) -> None:
    asyncio.run(_rounds(pipe, doors))


async def _rounds(pipe: Connection, doors: Mapping[str, Sequence[Door]]) -> None:
    channels = {node: [_open(door) for door in known] for node, known in doors.items()}
    for known in channels.values():
        for channel in known:
            await channel.channel_ready()
    ways: dict[str, list[_Way]] = {
        node: [channel.unary_unary(METHOD) for channel in known] for node, known in channels.items()
    }
    pipe.send("ready")
    while (asked := await asyncio.to_thread(pipe.recv)) is not None:
        callers, chains = asked
        pipe.send("loaded")
        await asyncio.to_thread(pipe.recv)
        try:
            pipe.send(await _round(ways, callers, chains))
        except Exception as error:  # told to the parent, which ends the measurement
            pipe.send(f"{type(error).__name__}: {error}")
    for known in channels.values():
        for channel in known:
            await channel.close()


def _open(door: Door) -> aio.Channel:
    authority, key, certificate = door.credentials
    credentials = grpc.ssl_channel_credentials(authority, key, certificate)
    options = [("grpc.ssl_target_name_override", door.server_name), ("grpc.use_local_subchannel_pool", 1)]
    return aio.secure_channel(door.address, credentials, options)


async def _round(
    ways: Mapping[str, Sequence[_Way]],
    callers: int,
    chains: Sequence[Sequence[Call]],
) -> Measured:
    made, left = Measured(), list(reversed(chains))

    async def caller(number: int) -> None:
        while left:
            for call in left.pop():
                known = ways[call.node]
                started = time.perf_counter()
                answer = await known[number % len(known)](call.request, timeout=SECONDS)
                made.latencies.append((time.perf_counter() - started) * 1000)
                made.statements += call.statements
                _require_receipts(answer, call.statements)

    started = time.perf_counter()
    await asyncio.gather(*(caller(number) for number in range(callers)))
    made.seconds = time.perf_counter() - started
    return made


def _require_receipts(answer: bytes, statements: int) -> None:
    results = statements_pb2.SubmitStatementsResponse.FromString(answer).results
    if len(results) != statements:
        raise ValueError("an answer is missing")
    for result in results:
        if not result.HasField("receipt"):
            raise ValueError(f"the hub refused: {result.refusal}")

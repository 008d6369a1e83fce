"""One hour's peak in short: thousands of whole cases through two hub processes that are killed at random.

What is shown: ``--cases`` cases of 12 statements (14 leaves each), 64 callers over mutual TLS, while one of two hub
processes at a time is killed with SIGKILL and started again. A caller that gets no answer sends the same bytes to the
other hub. Every receipt goes into a ledger before the next statement of its case is sent. At the end the books must
balance: each acknowledged statement stands at its index, each case is closed, nothing is there twice, and the check of
the hub's books (rows, leaves, tiles, objects) finds no error.
"""

import argparse
import asyncio
import random
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "proto" / "gen")]

import grpc  # noqa: E402
from grpc import aio  # noqa: E402
from sqlalchemy import create_engine, text  # noqa: E402

from crypto import identity  # noqa: E402
from crypto.evidence.pins import read_pins  # noqa: E402
from crypto.statement import read_envelope  # noqa: E402
from hub.services.fsck import Books, Counts, Grade  # noqa: E402
from storage.objectstore_s3 import S3ObjectStore  # noqa: E402
from storage.tilestore import TileStore  # noqa: E402
from tests.bench import report, statements  # noqa: E402
from tests.bench.callers import METHOD, Call  # noqa: E402
from tests.bench.stack import Stack  # noqa: E402
from yidi.v1 import statements_pb2  # noqa: E402

HUBS = 2
SECONDS = 60.0
PATIENCE = 300.0
WAVE = 500
LEAVES_A_CASE = 14
CAUGHT_UP = 120.0


@dataclass
class Told:
    """What the callers saw: index of each acknowledged payload, latencies in ms, calls without an answer."""

    acknowledged: dict[str, int] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)
    unanswered: int = 0
    kills: int = 0
    seconds: float = 0.0


class Hubs:
    """Two hub processes; one at a time dies and comes back."""

    def __init__(self, stack: Stack, names: Sequence[str]) -> None:
        self._stack, self._names = stack, names
        self._server = identity.dns_name(stack.world.hub)
        self._ports = [stack.start_hub() for _ in range(HUBS)]
        self._processes = list(stack.hubs)
        self._credentials = {name: stack.node_credentials(name) for name in names}
        self.ways: dict[str, list[aio.UnaryUnaryMultiCallable[bytes, bytes]]] = {}

    def connect(self) -> None:
        """One connection a node and hub."""
        self.ways = {name: [self._way(name, port) for port in self._ports] for name in self._names}

    def _way(self, name: str, port: int) -> "aio.UnaryUnaryMultiCallable[bytes, bytes]":
        authority, key, certificate = self._credentials[name]
        credentials = grpc.ssl_channel_credentials(authority, key, certificate)
        options = [("grpc.ssl_target_name_override", self._server), ("grpc.use_local_subchannel_pool", 1)]
        return aio.secure_channel(f"127.0.0.1:{port}", credentials, options).unary_unary(METHOD)

    async def kill_at_random(self, rng: random.Random, told: Told, over: asyncio.Event) -> None:
        """Until ``over``: wait, kill one, start it again. A restart that began is always finished."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(rng.uniform(5, 15)):
                    await over.wait()
                    return
            which = rng.randrange(HUBS)
            self._processes[which].send_signal(signal.SIGKILL)
            self._processes[which].wait()
            told.kills += 1
            port = await asyncio.to_thread(self._stack.start_hub)
            self._processes[which] = self._stack.hubs[-1]
            for name in self._names:
                self.ways[name][which] = self._way(name, port)


async def carry(hubs: Hubs, chains: Sequence[Sequence[Call]], callers: int, told: Told) -> None:
    """All chains, ``callers`` at a time."""
    left = list(reversed(chains))

    async def caller(number: int) -> None:
        while left:
            for call in left.pop():
                await _send(hubs, call, number, told)

    await asyncio.gather(*(caller(number) for number in range(callers)))


async def _send(hubs: Hubs, call: Call, number: int, told: Told) -> None:
    """One call until it is answered: the same bytes, to the other hub after a silence (they are idempotent)."""
    end, attempt = time.monotonic() + PATIENCE, 0
    asked = statements_pb2.SubmitStatementsRequest.FromString(call.request)
    started = time.perf_counter()
    while True:
        way = hubs.ways[call.node][(number + attempt) % HUBS]
        try:
            answer = await way(call.request, timeout=SECONDS)
            break
        except aio.AioRpcError as error:
            if time.monotonic() > end:
                raise SystemExit(f"bench: no answer in {PATIENCE} s: {error.code()} {error.details()}") from error
            told.unanswered += 1
            attempt += 1
            await asyncio.sleep(min(2.0, 0.05 * 2 ** min(attempt, 5)) * random.uniform(0.5, 1))
    told.latencies.append((time.perf_counter() - started) * 1000)
    results = statements_pb2.SubmitStatementsResponse.FromString(answer).results
    for submission, result in zip(asked.submissions, results, strict=True):
        if not result.HasField("receipt"):
            raise SystemExit(f"bench: the hub refused {result.refusal}")
        told.acknowledged[read_envelope(submission.envelope).digest] = result.receipt.index


async def load(stack: Stack, hubs: Hubs, cases: int, callers: int, seed: int, told: Told) -> None:
    """Waves of cases: prepared and signed while nothing is measured, then sent while hubs die."""
    hubs.connect()
    rng, left = random.Random(seed), cases
    while left:
        number = min(WAVE, left)
        left -= number
        made = await asyncio.to_thread(statements.prepare, stack, number, uploads=True)
        opening = [statements.calls_of(statements.opening(stack.module, case)) for case in made]
        await _measured(hubs, opening, callers, rng, told)
        carrying = [statements.calls_of(statements.carrying(stack.module, case)) for case in made]
        await _measured(hubs, carrying, callers, rng, told)
        print(f"  {cases - left:>6} cases, {len(told.acknowledged)} acknowledged, {told.kills} kills", flush=True)


async def _measured(hubs: Hubs, chains: Sequence[Sequence[Call]], callers: int, rng: random.Random, told: Told) -> None:
    over = asyncio.Event()
    killer = asyncio.create_task(hubs.kill_at_random(rng, told, over))
    started = time.perf_counter()
    try:
        await carry(hubs, chains, callers, told)
    finally:
        told.seconds += time.perf_counter() - started
        over.set()
        await killer


def books(stack: Stack, told: Told, cases: int, before: int) -> dict[str, Any]:
    """Ledger against log, then the log against everything else. SystemExit names what does not balance."""
    engine = create_engine(stack.postgres.url("bench"))
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT payload_digest, idx FROM leaves")).all()
        by_state = connection.execute(text("SELECT state, count(*) FROM cases GROUP BY state")).all()
    engine.dispose()
    states = {str(state): int(count) for state, count in by_state}
    stands = {str(digest): int(index) for digest, index in rows}
    lost = [digest for digest, index in told.acknowledged.items() if stands.get(digest) != index]
    if lost or len(stands) != len(rows):
        raise SystemExit(f"bench: {len(lost)} acknowledged statements are not where their receipt says")
    if len(rows) - before != cases * LEAVES_A_CASE or len(told.acknowledged) != cases * len(statements.MIX):
        raise SystemExit(f"bench: {len(rows) - before} leaves and {len(told.acknowledged)} receipts do not balance")
    if states != {"CLOSED": cases}:
        raise SystemExit(f"bench: not every case is closed: {states}")
    counts, errors = Counts(), []
    for finding in _books(stack).check(counts):
        if finding.grade is Grade.ERROR:
            errors.append(finding)
    if errors:
        raise SystemExit(f"bench: the books do not agree: {len(errors)} findings, first {errors[0]}")
    return {"leaves": len(rows), "states": states, "checked": vars(counts)}


def _books(stack: Stack) -> Books:
    access = stack.store.credentials()
    pins = read_pins((stack.home / "hub" / "pins.json").read_bytes())
    log = TileStore(S3ObjectStore(stack.store.endpoint(), "yidi-log", *access), f"{pins.origin}/")
    return Books(stack.world.database, log, stack.documents, pins)


def run(cases: int, callers: int, seed: int, closing: ExitStack) -> dict[str, Any]:
    """Everything; the report."""
    home = Path(tempfile.mkdtemp(prefix="yidi-bench-"))
    home.chmod(0o711)
    closing.callback(shutil.rmtree, home, ignore_errors=True)
    stack, told = Stack(home, closing), Told()
    module = stack.module
    before = stack.world.size()
    hubs = Hubs(stack, (module.WINDOW, module.DEPARTMENT, module.GATEWAY))
    asyncio.run(load(stack, hubs, cases, callers, seed, told))
    balance = books(stack, told, cases, before)
    cuts = statistics.quantiles(told.latencies, n=100, method="inclusive")
    found = {
        "cases": cases,
        "callers": callers,
        "seed": seed,
        "hubs": HUBS,
        "kills": told.kills,
        "unanswered_calls_repeated": told.unanswered,
        "acknowledged": len(told.acknowledged),
        "seconds": round(told.seconds, 1),
        "statements_per_second": round(len(told.acknowledged) / told.seconds, 1),
        "p50_ms": round(cuts[49], 1),
        "p99_ms": round(cuts[98], 1),
        "books": balance,
    }
    print("\n".join(f"{name}: {value}" for name, value in found.items()))
    return found


def main() -> None:
    """Read the options, run, keep the report."""
    parser = argparse.ArgumentParser(description="a peak hour in short: two hubs, random kills, the books balance")
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--callers", type=int, default=64)
    parser.add_argument("--seed", type=int, default=20261121)
    report.add_option(parser)
    asked = parser.parse_args()
    with ExitStack() as closing:
        found = run(asked.cases, asked.callers, asked.seed, closing)
    report.write(asked.results, "peak", found)


if __name__ == "__main__":
    main()

"""Signed statements a second through the real hub: ``make bench`` (options: ``--help``).

What is measured: the 12 statements that nodes submit for a whole case, from ``seal`` to the parcel event that closes
it, each in a call of its own, over mutual TLS, to a hub process of its own on a real PostgreSQL. The hub adds ``route``
and ``delivered_proven`` in the same transactions, so a case makes 14 leaves. Six of the twelve carry a person's
signature beside the node's.

How:
- the ciphertext of every case lies in the real object store before the clock starts (tiny objects, uploaded by parts
  and pinned by ``ObjectService``); data keys are wrapped before the clock starts;
- statements are signed as the cases go, by the load generator: each names the digest of the one before, and ``route``
  is made by the hub. The department hears of it by its inbox stream, as real departments do;
- a caller is one case under way: it sends the next statement when the receipt of the last one is there;
- hub, database, object store and load generator share one machine, and the generator's own work is in the numbers.
  All callers of a node share its one connection.
"""

import argparse
import asyncio
import importlib.util
import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "proto" / "gen")]

import grpc  # noqa: E402
from grpc import aio  # noqa: E402

from crypto import certificates, identity  # noqa: E402
from crypto.evidence.pins import Pins  # noqa: E402
from crypto.keystore import SoftwareKeystore, SoftwareSigner, new_signer  # noqa: E402
from crypto.log import leaf as leaves  # noqa: E402
from crypto.statement import read_envelope, read_statement  # noqa: E402
from deploy.postgres import PostgresService  # noqa: E402
from deploy.seaweed import SeaweedService  # noqa: E402
from deploy.service import write_private  # noqa: E402
from hub.server.identity import LOG_ED25519, LOG_MLDSA, log_signers  # noqa: E402
from hub.services.intake import Submission  # noqa: E402
from hub.services.objects import ObjectService  # noqa: E402
from storage.objectstore import S3ObjectStore  # noqa: E402
from storage.transfer import PooledSend, TransferClient  # noqa: E402
from yidi.v1 import inbox_pb2, inbox_pb2_grpc, statements_pb2, statements_pb2_grpc  # noqa: E402

if TYPE_CHECKING:
    from crypto.sealing import KeyPacket
    from tests.integration.world import CaseWork, Sealed, World

MIX = (
    *("seal", "wrap to window", "wrap to gateway", "wrap to department", "delivered", "open_document", "accept"),
    *("decide", "issue", "post", "waybill", "parcel_event"),
)
UPLOADERS = 8
PROFILED_CALLERS = 64
READY_SECONDS = 60.0
# A sample counts for the first line that one of its frames, from the innermost outwards, names.
COSTS = (
    ("signatures: checking and making", ("crypto/suites.py", "crypto/keystore.py")),
    ("PostgreSQL: SQLAlchemy and driver", ("sqlalchemy/", "psycopg/", "storage/database.py", "_rows.py")),
    ("object store client (the log's tiles)", ("botocore/", "boto3/", "urllib3/", "http/client.py", "storage/")),
    ("checkpoint and tiles", ("hub/services/integrator.py", "crypto/log/tiles.py", "crypto/log/merkle.py")),
    ("canonical JSON", ("crypto/canonical.py", "json/")),
    ("law and projection", ("hub/casework/",)),
    ("reading manifests, packets, leaves, statements", ("crypto/",)),
    ("event loop with gRPC's core", ("asyncio/", "grpc/", "google/protobuf", "yidi/v1", "hub/rpc/", "selectors.py")),
    ("the services' own code, threads", ("hub/", "concurrent/", "threading.py")),
)  # fmt: skip


@dataclass
class Round:
    """One number of callers: statements, seconds, latency of a call in milliseconds."""

    callers: int
    statements: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)

    def result(self) -> dict[str, float]:
        """Rates and percentiles."""
        cuts = statistics.quantiles(self.latencies, n=100, method="inclusive")
        return {
            "callers": self.callers,
            "statements": self.statements,
            "seconds": round(self.seconds, 2),
            "statements_per_second": round(self.statements / self.seconds, 1),
            "p50_ms": round(cuts[49], 1),
            "p99_ms": round(cuts[98], 1),
        }


@dataclass
class Prepared:
    """A case whose objects are in the store and whose packets are made."""

    work: "CaseWork"
    packets: dict[str, "tuple[KeyPacket, ...]"]
    routed: asyncio.Event = field(default_factory=asyncio.Event)


# --- the stack ---------------------------------------------------------------------------------------------------


def load_world() -> ModuleType:
    """``tests/integration/world.py``, by path: ``tests`` is no package."""
    path = ROOT / "tests" / "integration" / "world.py"
    found = importlib.util.spec_from_file_location("yidi_test_world", path)
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules[found.name] = module
    found.loader.exec_module(module)
    return module


class Authority:
    """Certifies the nodes of the world for TLS."""

    def __init__(self, domain: str) -> None:
        self._signer: SoftwareSigner = new_signer()
        self.pem = certificates.make_authority(self._signer, domain)

    def certificate(self, node: str, tls: SoftwareSigner, *names: str) -> bytes:
        """PEM certificate of a node's ``tls`` key."""
        request = certificates.make_request(tls, node)
        return certificates.certify(self._signer, self.pem, request, node, extra_names=names)


def write_hub(folder: Path, world: "World", module: ModuleType, authority: Authority, store: SeaweedService) -> None:
    """What a hub process needs on disk: keys, certificate, authority, pins, credentials of the store."""
    keys = SoftwareKeystore(folder / "keys")
    member = world.members["hub"]
    assert member.tls is not None
    for label, signer in (("tls", member.tls), ("sign", member.sign)):
        write_private(folder / "keys" / f"{label}.pem", signer.private_pem())
    keys.generate_signer(LOG_ED25519, "ED25519")
    keys.generate_signer(LOG_MLDSA, "ML_DSA_44")
    log_keys = tuple(signer.key.text for signer in log_signers(keys, module.ORIGIN))
    (folder / "tls.pem").write_bytes(authority.certificate(member.node, member.tls, "localhost", "127.0.0.1"))
    (folder / "authority.pem").write_bytes(authority.pem)
    (folder / "pins.json").write_bytes(Pins(module.ORIGIN, log_keys, world.registrar_keys).to_json())
    access_key, secret_key = store.credentials()
    write_private(folder / "s3.json", json.dumps({"access_key": access_key, "secret_key": secret_key}).encode())


def start_hub(folder: Path, database_url: str, store: SeaweedService) -> tuple[subprocess.Popen[bytes], int]:
    """``python -m hub.server`` and its port."""
    settings = {
        "DATABASE_URL": database_url,
        "S3_ENDPOINT": store.endpoint(),
        "S3_CREDENTIALS": folder / "s3.json",
        "IDENTITY": folder / "keys",
        "CERTIFICATE": folder / "tls.pem",
        "AUTHORITY": folder / "authority.pem",
        "PINS": folder / "pins.json",
        "READY_FILE": folder / "ready.json",
        "LOG_LEVEL": "WARNING",
    }
    environment = os.environ | {f"YIDI_HUB_{name}": str(value) for name, value in settings.items()}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path[:2])
    process = subprocess.Popen([sys.executable, "-m", "hub.server"], cwd=ROOT, env=environment)
    ready, end = folder / "ready.json", time.monotonic() + READY_SECONDS
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > end:
            stop(process)
            raise SystemExit("bench: the hub did not come up; its log is above")
        time.sleep(0.05)
    return process, int(json.loads(ready.read_text())["port"])


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End our process in order, or at once when it does not."""
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


# --- before the clock --------------------------------------------------------------------------------------------


def prepare(world: "World", module: ModuleType, objects: ObjectService, number: int) -> list[Prepared]:
    """Cases with application and result in the store, and all packets wrapped."""
    transfer = TransferClient(PooledSend(UPLOADERS))
    window, department = world.record(module.WINDOW), world.record(module.DEPARTMENT)

    def upload(sealed: "Sealed", caller: Any) -> None:
        begun = objects.create_upload(caller, sealed.manifest)
        for _, signed in objects.grant_parts(caller, begun.upload_id, [1]):
            transfer.put_part(signed, sealed.ciphertext)
        objects.complete_upload(caller, begun.upload_id)

    def one(_: int) -> Prepared:
        work = world.unpinned()
        work.result = world.sealing(work.case, kind="result", revision=2, materials=("RESULT",))
        upload(work.application, window)
        upload(work.result, department)
        packets = {
            name: work.packets(work.application, name, ("ADDRESS",) if name == module.GATEWAY else ())
            for name in (module.WINDOW, module.GATEWAY, module.DEPARTMENT)
        }
        work.public_no = world.public_number()
        return Prepared(work, packets)

    with ThreadPoolExecutor(UPLOADERS) as threads:
        return list(threads.map(one, range(number)))


# --- the load ----------------------------------------------------------------------------------------------------


class Load:
    """Callers on the connections of window, department and gateway."""

    def __init__(self, module: ModuleType, channels: dict[str, aio.Channel]) -> None:
        self._module = module
        self._stubs = {name: statements_pb2_grpc.StatementServiceStub(channel) for name, channel in channels.items()}
        self._inbox = inbox_pb2_grpc.InboxServiceStub(channels[module.DEPARTMENT])
        self._waiting: dict[str, Prepared] = {}

    async def watch(self, cursor: int) -> None:
        """Hear what the hub states by itself: the head that the department answers to."""
        async for response in self._inbox.WatchInbox(inbox_pb2.WatchInboxRequest(cursor=cursor)):
            case = self._waiting.get(response.entry.case_id) if response.HasField("entry") else None
            if case is None or case.routed.is_set():
                continue
            envelope = read_envelope(leaves.decode(response.entry.leaf).envelope)
            if read_statement(envelope.payload).type == "route":
                case.work.head = (2, envelope.digest)
                case.routed.set()

    async def run(self, callers: int, cases: Sequence[Prepared]) -> Round:
        """``callers`` at a time until all cases are closed."""
        made, left = Round(callers), list(cases)
        self._waiting = {case.work.case: case for case in cases}

        async def caller() -> None:
            while left:
                await self._whole_case(left.pop(), made)

        started = time.perf_counter()
        await asyncio.gather(*(caller() for _ in range(callers)))
        made.seconds = time.perf_counter() - started
        return made

    async def _whole_case(self, case: Prepared, made: Round) -> None:
        work, names = case.work, self._module
        window, department, gateway = names.WINDOW, names.DEPARTMENT, names.GATEWAY
        work.head = (0, None)
        await self._custody(case, window, work.seal, made)
        for recipient in (window, gateway, department):
            await self._send(window, work.wrap(recipient, packets=case.packets[recipient]), made)
        await case.routed.wait()
        await self._custody(case, department, work.delivered, made)
        await self._send(department, work.open_document(), made)
        for act in (work.accept, work.decide, work.issue, work.post):
            await self._custody(case, department, act, made)
        await self._send(gateway, work.waybill(), made)
        await self._send(gateway, work.tracked(), made)

    async def _custody(self, case: Prepared, node: str, act: Callable[[], Submission], made: Round) -> None:
        submission = act()
        await self._send(node, submission, made)
        seq, _ = case.work.known_head()
        case.work.head = (seq + 1, read_envelope(submission.envelope).digest)

    async def _send(self, node: str, submission: Submission, made: Round) -> None:
        message = statements_pb2.Submission(
            envelope=submission.envelope,
            attachments=submission.attachments,
            key_packets=[statements_pb2.KeyPacket(**packet.__dict__) for packet in submission.packets],
        )
        request = statements_pb2.SubmitStatementsRequest(submissions=[message])
        started = time.perf_counter()
        response = await self._stubs[node].SubmitStatements(request, timeout=60)
        made.latencies.append((time.perf_counter() - started) * 1000)
        made.statements += 1
        if not response.results[0].HasField("receipt"):
            raise SystemExit(f"bench: the hub refused {response.results[0].refusal}")


def open_channels(world: "World", names: Sequence[str], authority: Authority, port: int) -> dict[str, aio.Channel]:
    """One connection a node, under its own certificate."""
    channels = {}
    for name in names:
        member = world.members[name]
        assert member.tls is not None
        pem = authority.certificate(member.node, member.tls)
        credentials = grpc.ssl_channel_credentials(authority.pem, member.tls.private_pem(), pem)
        options = [("grpc.ssl_target_name_override", identity.dns_name(world.hub))]
        channels[name] = aio.secure_channel(f"127.0.0.1:{port}", credentials, options)
    return channels


# --- the profile -------------------------------------------------------------------------------------------------


def start_profile(pid: int, file: Path) -> "subprocess.Popen[bytes]":
    """py-spy on the hub: 200 samples a second of what holds the interpreter (waiting costs it nothing)."""
    program = Path(sys.executable).with_name("py-spy")
    command = [
        str(program),
        "record",
        "--pid",
        str(pid),
        "--gil",
        "--rate",
        "200",
        "--format",
        "raw",
        "--output",
        str(file),
    ]
    return subprocess.Popen([*command, "--duration", "3600"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def costs(file: Path) -> list[dict[str, object]]:
    """Shares of the hub's busy samples by kind of work, greatest first."""
    counts: dict[str, int] = {}
    for line in file.read_text().splitlines():
        stack, _, number = line.rpartition(" ")
        counts[_kind(stack)] = counts.get(_kind(stack), 0) + int(number)
    total = sum(counts.values()) or 1
    ranked = sorted(counts.items(), key=lambda item: -item[1])
    return [{"cost": name, "percent": round(100 * number / total, 1)} for name, number in ranked]


def _kind(stack: str) -> str:
    for frame in reversed(stack.split(";")):
        for name, places in COSTS:
            if any(place in frame for place in places):
                return name
    return "other"


# --- the run -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Options:
    """What is asked on the command line."""

    callers: tuple[int, ...]
    cases: int
    profile: bool
    results: Path


def cases_for(callers: int, least: int) -> int:
    """Cases of a round: each caller has at least one; few callers have several."""
    return max(callers, least)


async def measure(options: Options, load: Load, rounds: Sequence[Sequence[Prepared]], pid: int, home: Path) -> Any:
    """All rounds, then one under the profiler when asked."""
    watching = asyncio.create_task(load.watch(0))
    results, shares = [], []
    for callers, cases in zip(options.callers, rounds, strict=False):
        results.append((await load.run(callers, cases)).result())
        print_row(results[-1])
    if options.profile:  # a round of its own: being watched costs time
        profiler = start_profile(pid, home / "profile")
        await load.run(PROFILED_CALLERS, rounds[-1])
        profiler.send_signal(signal.SIGINT)
        await asyncio.to_thread(profiler.wait, 60)
        shutil.copy(home / "profile", options.results / "profile.txt")
        shares = costs(home / "profile")
    watching.cancel()
    return results, shares


def print_row(result: dict[str, float]) -> None:
    """One line of the table."""
    print("{callers:>8} {statements:>11} {statements_per_second:>13} {p50_ms:>9} {p99_ms:>9}".format(**result))


def run(options: Options, stack: ExitStack) -> dict[str, object]:
    """Start everything, measure, and return the report."""
    home = Path(tempfile.mkdtemp(prefix="yidi-bench-"))
    stack.callback(shutil.rmtree, home, ignore_errors=True)
    postgres, store = PostgresService(home / "postgres"), SeaweedService(home / "seaweed")
    for service in (postgres, store):
        stack.callback(service.kill)
        service.start()
    postgres.create_database("bench")
    module = load_world()
    world: World = module.World(postgres.url("bench"))
    stack.callback(world.close)
    authority = Authority(module.DOMAIN)
    hub = home / "hub"
    hub.mkdir()
    write_hub(hub, world, module, authority, store)
    documents = S3ObjectStore(store.endpoint(), "yidi-documents", *store.credentials())
    documents.ensure_bucket()
    started = time.monotonic()
    asked = (*options.callers, *((PROFILED_CALLERS,) if options.profile else ()))
    numbers = [cases_for(callers, options.cases) for callers in asked]
    prepared = prepare(world, module, ObjectService(world.database, documents), sum(numbers))
    print(f"prepared {len(prepared)} cases, {2 * len(prepared)} objects, in {time.monotonic() - started:.1f} s")
    rounds = [[prepared.pop() for _ in range(number)] for number in numbers]
    process, port = start_hub(hub, postgres.url("bench"), store)
    stack.callback(stop, process)
    print(f"{'callers':>8} {'statements':>11} {'statements/s':>13} {'p50 ms':>9} {'p99 ms':>9}")

    async def all_rounds() -> Any:
        channels = open_channels(world, (module.WINDOW, module.DEPARTMENT, module.GATEWAY), authority, port)
        try:
            return await measure(options, Load(module, channels), rounds, process.pid, home)
        finally:
            await asyncio.gather(*(channel.close() for channel in channels.values()))

    results, shares = asyncio.run(all_rounds())
    size = world.size()
    for share in shares[:3]:
        print(f"  {share['percent']:>5} %  {share['cost']}")
    return {
        "at": module.now(),
        "machine": {"cores": os.cpu_count(), "processor": platform.machine(), "python": platform.python_version()},
        "mix": list(MIX),
        "signed_by_persons": 6,
        "leaves": size,
        "options": asdict(options) | {"results": options.results.name},
        "rounds": results,
        "costs": shares,
    }


def main() -> None:
    """Read the options, run, keep the report."""
    parser = argparse.ArgumentParser(description="statements a second through the real hub")
    parser.add_argument("--callers", default="1,16,64,256", help="numbers of concurrent callers")
    parser.add_argument("--cases", type=int, default=24, help="least number of cases a round (12 statements each)")
    parser.add_argument("--profile", action="store_true", help="then a round with py-spy on the hub: its costs")
    parser.add_argument("--results", type=Path, default=ROOT / "bench-results", help="folder for the report")
    asked = parser.parse_args()
    asked.results.mkdir(exist_ok=True)
    callers = tuple(int(number) for number in asked.callers.split(","))
    with ExitStack() as stack:
        report = run(Options(callers, asked.cases, asked.profile, asked.results), stack)
    file = asked.results / f"statements-{time.strftime('%Y%m%d-%H%M%S')}.json"
    file.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n")
    print(f"report: {file.relative_to(ROOT) if file.is_relative_to(ROOT) else file.name}")


if __name__ == "__main__":
    main()

"""Part (a): signed statements a second through the real hub.

What is measured: the 12 statements that nodes submit for a whole case, from ``seal`` to the parcel event that closes
it, over mutual TLS, to hub processes of their own on a real PostgreSQL. The hub adds ``route`` and
``delivered_proven`` in the same transactions, so a case makes 14 leaves. Six of the twelve carry a person's signature
beside the node's.

How:
- the ciphertext of every case lies in the real object store before the clock starts (tiny objects, uploaded by parts
  and pinned by ``ObjectService``); data keys are wrapped before the clock starts;
- statements are signed before the clock starts, which a chain allows: ``prev`` names a payload, not a signature. Only
  the hub's ``route`` stands between: so a round opens as many cases as it has (seal and three wraps) and carries as
  many others, opened in the round before, from ``delivered`` to the end. Together that is the mix of whole cases;
- a caller is one chain under way: it sends the next call when the answer to the last one is there;
- two ways of calling: every statement in a call of its own, and calls of many, as an agent's sender makes them;
- hub, database, object store and callers share one machine. CPU time is counted by process, a statement; the yardstick
  says how dear CPU time was meanwhile (``tests.bench.yardstick``).
"""

import statistics
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crypto import identity
from crypto.statement import read_envelope
from hub.services.intake import Submission
from hub.services.objects import ObjectService
from storage.transfer import PooledSend, TransferClient
from tests.bench.callers import Call, Callers, Door, Measured
from tests.bench.profiler import Profile
from tests.bench.stack import Stack
from tests.bench.yardstick import Yardstick
from yidi.v1 import statements_pb2

if TYPE_CHECKING:
    from crypto.sealing import KeyPacket
    from tests.integration.casework import CaseWork
    from tests.integration.sealings import Sealed

MIX = (
    *("seal", "wrap to window", "wrap to gateway", "wrap to department", "delivered", "open_document", "accept"),
    *("decide", "issue", "post", "waybill", "parcel_event"),
)
UPLOADERS = 8
PROFILED_CALLERS = 64
SENDER_MOST = 64  # statements in a call of an agent's sender


@dataclass(frozen=True)
class Asked:
    """Numbers of callers, least cases a round, hub processes, statements in a call of the second way (0: not)."""

    callers: tuple[int, ...]
    cases: int
    hubs: int
    batch: int
    uploads: bool
    profile: Path | None = None


@dataclass
class Prepared:
    """A case whose objects are in the store and whose packets are made."""

    work: "CaseWork"
    packets: "dict[str, tuple[KeyPacket, ...]]"


class Statements:
    """The rounds of part (a) on a stack whose hubs run."""

    def __init__(self, stack: Stack, asked: Asked, doors: dict[str, list[Door]]) -> None:
        self._stack = stack
        self._asked = asked
        self._callers = Callers(doors)
        self._meter = stack.meter(self._callers.pid)
        self._fresh: list[Prepared] = []
        self._open: list[Prepared] = []

    def close(self) -> None:
        """End the callers."""
        self._callers.close()

    def run(self) -> list[dict[str, object]]:
        """All rounds; one line each."""
        ways = [(callers, 1) for callers in self._asked.callers]
        if self._asked.batch:
            ways += [(callers, self._asked.batch) for callers in self._asked.callers if callers <= SENDER_MOST]
        if self._asked.profile:
            ways += [(PROFILED_CALLERS, batch) for batch in sorted({1, self._asked.batch or 1})]
        sizes = [self._cases(callers, batch) for callers, batch in ways]
        self._fresh = prepare(self._stack, sizes[0] + sum(sizes), uploads=self._asked.uploads)
        self._measure(8, 1, sizes[0], carry=False)  # opens the cases that the first round carries on
        lines = []
        for number, (callers, batch) in enumerate(ways):
            following = sizes[number + 1] if number + 1 < len(sizes) else sizes[number]
            watched = self._asked.profile is not None and number >= len(ways) - (2 if self._asked.batch else 1)
            profile = Profile(self._stack.hubs[0].pid, self._profile_file(batch)) if watched else None
            opened = min(max(following, sizes[number]), len(self._fresh))
            made, cpu, yard = self._measure(callers, batch, opened, carry=True, most=sizes[number])
            lines.append({**line(callers, batch, made, cpu), "yardstick_us": round(yard, 1)})
            print_line(lines[-1])
            if profile:
                lines[-1]["profile"] = profile.end()
                print(lines[-1]["profile"])
        return lines

    def _profile_file(self, batch: int) -> Path:
        assert self._asked.profile is not None
        return self._asked.profile / f"profile-{batch}.txt"

    def _cases(self, callers: int, batch: int) -> int:
        """Cases of a round: each caller has several calls to make."""
        return max(self._asked.cases, callers * (1 if batch == 1 else 4))

    def _measure(
        self, callers: int, batch: int, opened: int, *, carry: bool, most: int = 0
    ) -> tuple[Measured, dict[str, float], float]:
        fresh = [self._fresh.pop() for _ in range(opened)]
        carried, self._open = (self._open[:most], self._open[most:]) if carry else ([], self._open)
        chains = self._chains(fresh, carried, batch)
        self._callers.load(callers, chains)
        with Yardstick() as yardstick:
            self._meter.start()
            made = self._callers.run()
            cpu = self._meter.read()
        self._open.extend(fresh)
        return made, cpu, yardstick.microseconds()

    def _chains(self, fresh: Sequence[Prepared], carried: Sequence[Prepared], batch: int) -> list[list[Call]]:
        module = self._stack.module
        begun = [opening(module, case) for case in fresh]
        rest = [carrying(module, case) for case in carried]
        if batch == 1:
            alone = [calls_of(chain) for chain in (*begun, *rest)]
            half = len(begun)
            return _mixed(alone[:half], alone[half:])
        first = _packed(begun, batch)
        return _mixed(first, _packed(rest, batch))


_Chain = list[tuple[str, Submission]]


def opening(module: Any, case: Prepared) -> _Chain:
    """Seal and three wraps, signed; the hub adds ``route``."""
    work, window = case.work, module.WINDOW
    work.head = (0, None)
    seal = work.seal()
    work.head = (1, read_envelope(seal.envelope).digest)
    wraps = [
        work.wrap(recipient, packets=case.packets[recipient])
        for recipient in (window, module.GATEWAY, module.DEPARTMENT)
    ]
    return [(window, one) for one in (seal, *wraps)]


def carrying(module: Any, case: Prepared) -> _Chain:
    """From ``delivered`` to the parcel event that closes the case, signed, on the head that the hub knows."""
    work, chain = case.work, []
    work.head = None
    work.head = work.known_head()  # ``route``, which the hub made
    assert work.head[0] == 2, "the case was not routed"

    def custody(act: Any) -> None:
        submission = act()
        chain.append((module.DEPARTMENT, submission))
        work.head = (work.known_head()[0] + 1, read_envelope(submission.envelope).digest)

    custody(work.delivered)
    chain.append((module.DEPARTMENT, work.open_document()))
    for act in (work.accept, work.decide, work.issue, work.post):
        custody(act)
    return [*chain, (module.GATEWAY, work.waybill()), (module.GATEWAY, work.tracked())]


def calls_of(chain: _Chain) -> list[Call]:
    """Every statement in a call of its own."""
    return [_call(node, [one]) for node, one in chain]


def _call(node: str, submissions: Sequence[Submission]) -> Call:
    messages = [
        statements_pb2.Submission(
            envelope=one.envelope,
            attachments=one.attachments,
            key_packets=[statements_pb2.KeyPacket(**packet.__dict__) for packet in one.packets],
        )
        for one in submissions
    ]
    request = statements_pb2.SubmitStatementsRequest(submissions=messages)
    return Call(node, request.SerializeToString(), len(messages))


def _packed(chains: Sequence[_Chain], most: int) -> list[list[Call]]:
    """Calls of up to ``most`` statements: several cases of one node together, each case's statements in order."""
    made: list[list[Call]] = []
    left = list(chains)
    while left:
        runs: list[tuple[str, int]] = []  # nodes of a chain with the number of their statements
        for node, _ in left[0]:
            runs = [*runs[:-1], (node, runs[-1][1] + 1)] if runs and runs[-1][0] == node else [*runs, (node, 1)]
        count = max(1, most // max(number for _, number in runs))
        group, left = left[:count], left[count:]
        made.append([_call(node, [one for chain in group for at, one in chain if at == node]) for node, _ in runs])
    return made


def _mixed(first: list[list[Call]], second: list[list[Call]]) -> list[list[Call]]:
    """Both kinds evenly: openings do not all come before the rest."""
    total = [(at / max(1, len(first)), chain) for at, chain in enumerate(first)]
    total += [(at / max(1, len(second)), chain) for at, chain in enumerate(second)]
    return [chain for _, chain in sorted(total, key=lambda item: item[0])]


def prepare(stack: Stack, number: int, *, uploads: bool) -> list[Prepared]:
    """Cases with application and result in the store, and all packets wrapped."""
    module, world = stack.module, stack.world
    objects, transfer = ObjectService(world.database, stack.documents), TransferClient(PooledSend(UPLOADERS))
    window, department = world.record(module.WINDOW), world.record(module.DEPARTMENT)

    def upload(sealed: "Sealed", caller: Any) -> None:
        if not uploads:
            world.pin(sealed)
            return
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


def line(callers: int, batch: int, made: Measured, cpu: dict[str, float]) -> dict[str, object]:
    """One line of the report."""
    cuts = statistics.quantiles(made.latencies, n=100, method="inclusive")
    return {
        "callers": callers,
        "statements_a_call": batch,
        "statements": made.statements,
        "seconds": round(made.seconds, 2),
        "statements_per_second": round(made.statements / made.seconds, 1),
        "p50_ms": round(cuts[49], 1),
        "p99_ms": round(cuts[98], 1),
        "cpu_ms_a_statement": {name: round(1000 * used / made.statements, 3) for name, used in cpu.items()},
    }


def print_line(made: dict[str, Any]) -> None:
    """One line of the table."""
    cpu = " ".join(f"{name} {used:.2f}" for name, used in made["cpu_ms_a_statement"].items())
    columns = "{callers:>7} {statements_a_call:>5} {statements:>10} {statements_per_second:>12} {p50_ms:>8} {p99_ms:>8}"
    print(columns.format(**made), f"  {cpu} | yardstick {made['yardstick_us']:.0f} us", flush=True)


def measure(stack: Stack, asked: Asked) -> dict[str, object]:
    """Start the hubs, run all rounds, and return the report of part (a)."""
    with ExitStack() as closing:
        ports = [stack.start_hub() for _ in range(asked.hubs)]
        names = (stack.module.WINDOW, stack.module.DEPARTMENT, stack.module.GATEWAY)
        server = identity.dns_name(stack.world.hub)
        doors = {
            name: [Door(f"127.0.0.1:{port}", server, stack.node_credentials(name)) for port in ports] for name in names
        }
        statements = Statements(stack, asked, doors)
        closing.callback(statements.close)
        print("callers  each statements statements/s   p50 ms   p99 ms   CPU ms a statement")
        rounds = statements.run()
    return {
        "mix": list(MIX),
        "signed_by_persons": 6,
        "hubs": asked.hubs,
        "leaves": stack.world.size(),
        "rounds": rounds,
    }

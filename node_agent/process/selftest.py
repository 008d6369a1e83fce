"""A node tests its own connection (B24): answer, clock, certificate, registry, list, store, and one other node.

Invariants:
- every line is tried whatever became of the others, and what fails is a refusal with its way out (promise 7);
- nothing is left behind: no statement is made, and the throwaway object is erased, also when the test of it failed;
- what is judged here by what the law and the hub judge by (tolerance of the clock, age of the snapshot).

An echo to another node is not made: nodes open no port and hear of each other by the log alone (promise 3), and a
test is no leaf. Of a named node is tested what this node needs of it: its keys are valid in the registry, and a key can
be wrapped to it. Whether it hears, its own test tells.
"""

import contextlib
import hashlib
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType

from crypto import canonical, certificates
from crypto.identity import node_name
from crypto.keyid import key_id
from crypto.refusal import Refusal
from crypto.sealing import wrap_keys
from hub.casework.common import FUTURE_TOLERANCE
from node_agent.keys.enrol import renewal_is_due
from node_agent.known.snapshot import kept_snapshot, require_fresh
from node_agent.process.runtime import Agent
from storage.transfer import TransferClient

RULE = "B24"
ECHO_SIZE = 1024
OBJECT_SIZE = 4096
CERTIFICATE_DAYS = 14
"""Days that must be left: a running agent renews at a third of the life (30), so fewer mean that renewing fails."""
SEALERS = frozenset({"window", "portal"})
"""Who works on a snapshot, also while the hub is away."""
_NO_VALUES: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True)
class Line:
    """One thing tested: code, what was measured, and the refusal where it failed."""

    code: str
    values: Mapping[str, object] = field(default_factory=dict)
    refusal: Refusal | None = None


def selftest(agent: Agent, to: str = "") -> list[Line]:
    """All lines, in the order in which faults build on each other. ``to``: name or id of another node, or empty."""
    tests: list[tuple[str, Callable[[], Mapping[str, object]]]] = [
        ("PING", lambda: ping(agent)),
        ("CLOCK", lambda: clock(agent)),
        ("CERTIFICATE", lambda: certificate(agent)),
        ("REGISTRY", lambda: registry(agent)),
        ("CATALOGUE", lambda: catalogue(agent)),
        ("STORE", lambda: store(agent, TransferClient(attempts=1))),
    ]
    if to:
        tests.append(("NODE", lambda: other_node(agent, to)))
    return [_tried(code, test) for code, test in tests]


def ping(agent: Agent) -> dict[str, object]:
    """Milliseconds to the hub and back. Refusals of the hub, SELFTEST_ECHO."""
    said, begun = secrets.token_bytes(ECHO_SIZE), time.monotonic()
    if agent.hub.selftest.ping(said).echo != said:
        raise Refusal("SELFTEST_ECHO", RULE, size=ECHO_SIZE)
    return {"ms": _ms(begun)}


def clock(agent: Agent) -> dict[str, object]:
    """Seconds that this machine is ahead of the hub (behind: negative). Refusal CLOCK_DIFFERS."""
    before = datetime.now(UTC)
    told = canonical.time_value(agent.hub.selftest.ping(b"").time)
    ahead = before + (datetime.now(UTC) - before) / 2 - told
    seconds = round(ahead.total_seconds(), 1)
    if abs(ahead) > FUTURE_TOLERANCE:
        raise Refusal("CLOCK_DIFFERS", RULE, seconds=seconds, most=int(FUTURE_TOLERANCE.total_seconds()))
    return {"seconds": seconds}


def certificate(agent: Agent) -> dict[str, object]:
    """Whose it is, which key, until when. Refusals CERTIFICATE_DIFFERS, CERTIFICATE_EXPIRED, CERTIFICATE_ENDING."""
    node, key, ends = certificates.peer(agent.identity.certificate)
    own = agent.identity.keys.signer("tls")
    registered = agent.registry.directory.current(agent.identity.node).keys.get("tls")
    if node != agent.identity.node or key.id != key_id(own.suite, own.public) or registered != key:
        raise Refusal("CERTIFICATE_DIFFERS", RULE, subject=node)
    certificates.require_purposes(agent.identity.certificate)
    left = ends - datetime.now(UTC)
    if left <= timedelta():
        raise Refusal("CERTIFICATE_EXPIRED", RULE, ended=canonical.time_text(ends))
    if left < timedelta(days=CERTIFICATE_DAYS):
        raise Refusal("CERTIFICATE_ENDING", RULE, days=left.days, ended=canonical.time_text(ends))
    return {"days": left.days, "ends": canonical.time_text(ends), "renewing": renewal_is_due(agent.identity.home)}


def registry(agent: Agent) -> dict[str, object]:
    """Registry position after catching up, verified leaf by leaf; age of the snapshot where work rests on one.

    Refusals of the hub, REGISTRY_BEHIND, those of ``require_fresh``.
    """
    agent.registry.refresh(agent.hub)
    here, there = agent.registry.directory.epoch, agent.hub.selftest.ping(b"").epoch
    if here < there:
        raise Refusal("REGISTRY_BEHIND", RULE, here=here, hub=there)
    now = datetime.now(UTC)
    if SEALERS & agent.registry.directory.current(agent.identity.node).roles:
        require_fresh(agent, now)
    kept = kept_snapshot(agent)
    age = {"snapshot_hours": round((now - kept.made_at).total_seconds() / 3600, 1)} if kept is not None else {}
    return {"epoch": here, **age}


def catalogue(agent: Agent) -> dict[str, object]:
    """Version of list and calendar that are here, and since when the list is in force.

    Refusals NOT_PUBLISHED, DOCUMENT_MISSING, CATALOGUE_OVER.
    """
    found, calendar = agent.registry.catalogue(), agent.registry.calendar()
    today = datetime.now(canonical.CHINA).date()
    if found.effective_to is not None and found.effective_to < today:
        raise Refusal("CATALOGUE_OVER", RULE, version=found.version, ended=found.effective_to.isoformat())
    since: date = found.effective_from
    return {"version": found.version, "days": (today - since).days, "calendar": calendar.version}


def store(agent: Agent, transfer: TransferClient) -> dict[str, object]:
    """Milliseconds of PUT and GET of a small object by presigned URL, as sealed pages go.

    Refusals of hub and transfer, SELFTEST_BYTES.
    """
    said = secrets.token_bytes(OBJECT_SIZE)
    probe, put = agent.hub.selftest.begin_probe(len(said), hashlib.md5(said, usedforsecurity=False).digest())
    try:
        begun = time.monotonic()
        transfer.put_part(put, said)
        put_ms, begun = _ms(begun), time.monotonic()
        if b"".join(transfer.stream(agent.hub.selftest.read_probe(probe))) != said:
            raise Refusal("SELFTEST_BYTES", RULE, size=OBJECT_SIZE)
    except Refusal:
        with contextlib.suppress(Refusal):  # the first fault is the one to tell; the next test erases what is left
            agent.hub.selftest.end_probe(probe)
        raise
    get_ms = _ms(begun)
    agent.hub.selftest.end_probe(probe)
    return {"put_ms": put_ms, "get_ms": get_ms, "bytes": OBJECT_SIZE}


def other_node(agent: Agent, name: str) -> dict[str, object]:
    """The node's keys are valid, and a key can be wrapped to it. Refusals SUBJECT_UNKNOWN, KEY_REVOKED, KEM_MISSING."""
    directory = agent.registry.directory
    known = [one.subject for one in directory.records() if one.kind == "node" and node_name(one.subject) == name]
    record = directory.current(known[0] if len(known) == 1 else name)
    wrap_keys("0" * 32, 0, {("", ""): secrets.token_bytes(32)}, record.subject, record.kem.suite, record.kem.public)
    return {"node": record.subject, "epoch": record.epoch, "key": record.kem.id}


def _tried(code: str, test: Callable[[], Mapping[str, object]]) -> Line:
    try:
        return Line(code, test())
    except Refusal as refusal:
        return Line(code, _NO_VALUES, refusal)


def _ms(begun: float) -> int:
    return round((time.monotonic() - begun) * 1000)

"""Statements that must not count, sent over mutual TLS to the running hub by nodes that it knows.

Each is signed with the true keys of the stack's own people, so that nothing but the one fault stands against it.
"""

import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crypto import canonical
from crypto import identity as names
from crypto.statement import CUSTODY, Actor, Envelope, Statement, read_envelope, read_statement, sign
from deploy.registrar.registrar import Registrar
from deploy.stack.layout import DEPARTMENT, GATEWAY, WINDOW, Node, Person
from node_agent import acts
from node_agent.client.hub import HubClient, Outgoing, open_channel, tls_credentials
from node_agent.process.runtime import Agent, open_agent
from tests.e2e.town import Town

pytestmark = pytest.mark.e2e
OTHER = Node(
    "jiangxi-xunyang-scj", "360403000000", "department", "九江市浔阳区市场监督管理局", (Person("X01", ("ACCEPTOR",)),)
)


@dataclass
class Bench:
    """Agents by node name, over the folders of the running ones; ``case`` awaits acceptance by DEPARTMENT."""

    town: Town
    case: str
    agents: Mapping[str, Agent]

    def spoken(
        self, node: Node, event: str, body: Mapping[str, Any], staff: str | None, role: str, **changes: Any
    ) -> Envelope:
        """A signed statement. ``changes`` replace its members; ``signers``: by whom it is signed."""
        agent = self.agents[node.name]
        person, person_key = agent.identity.person(staff) if staff else (None, None)
        signers = changes.pop("signers", [key for key in (person_key, agent.identity.sign) if key])
        head = acts.known_head(self.agents[DEPARTMENT.name].journal, self.case)
        members: dict[str, Any] = {
            "type": event,
            "case": self.case,
            "chain": CUSTODY,
            "seq": head.seq + 1,
            "prev": head.digest,
            "actor": Actor(agent.identity.node, person, role),
            "occurred_at": canonical.time_text(datetime.now(UTC)),
            "body": body,
        } | changes
        return sign(Statement(**members).payload(), signers)

    def accept(
        self, node: Node = DEPARTMENT, staff: str | None = "B01", role: str = "ACCEPTOR", **changes: Any
    ) -> Envelope:
        """An acceptance, good unless something is changed."""
        return self.spoken(node, "accept", {}, staff, role, **changes)

    def first(self, event: str = "seal") -> Statement:
        """The case's own sealing, as the window stated it."""
        (entry,) = [one for one in self.agents[WINDOW.name].journal.acts(self.case) if one.event == event]
        return read_statement(read_envelope(entry.envelope).payload)

    def seal(self, **changes: Any) -> Envelope:
        """A sealing of a further case with the body of this one, changed."""
        body = {**self.first().body, "public_no": "501169999990", **changes}
        return self.spoken(WINDOW, "seal", body, "A01", "COLLECTOR", case=secrets.token_hex(16), seq=1, prev=None)

    def answer(self, node: Node, envelope: bytes) -> str:
        """What the hub says to it: the refusal's code, or PLACED."""
        (answer,) = self.agents[node.name].hub.submit([Outgoing(envelope)])
        return answer.refusal.code if answer.refusal else "PLACED"


@pytest.fixture(scope="module")
def bench(town: Town) -> Iterator[Bench]:
    """A case that awaits acceptance, and a second department that has no part in it."""
    town.enrolled(OTHER)
    case = str(town.collect(town.said)["case"])
    town.countersigned(case)
    agents = {node.name: open_agent(town.home(node)) for node in (WINDOW, DEPARTMENT, GATEWAY, OTHER)}
    yield Bench(town, case, agents)
    for agent in agents.values():
        agent.close()


def spoiled(envelope: Envelope) -> Envelope:
    """The last bit of the node's signature turned."""
    *others, (keyid, signature) = envelope.signatures
    return replace(envelope, signatures=(*others, (keyid, signature[:-1] + bytes([signature[-1] ^ 1]))))


def moment(minutes: int) -> str:
    return canonical.time_text(datetime.now(UTC) + timedelta(minutes=minutes))


def node_key(bench: Bench, node: Node) -> list[Any]:
    return [bench.agents[node.name].identity.sign]


def person_key(bench: Bench, node: Node, staff: str) -> list[Any]:
    return [bench.agents[node.name].identity.person(staff)[1]]


Make = Callable[[Bench], Envelope]
REFUSED: dict[str, tuple[str, Node, Make]] = {
    "wrong signature": ("SIGNATURE_INVALID", DEPARTMENT, lambda b: spoiled(b.accept())),
    "signed over other words": (
        "SIGNATURE_INVALID",
        DEPARTMENT,
        lambda b: replace(b.accept(), payload=b.accept().payload),  # another nonce
    ),
    "key that nobody registered": (
        "SIGNER_UNKNOWN",
        DEPARTMENT,
        lambda b: replace(b.accept(), signatures=(("0" * 32, b.accept().signatures[0][1]),)),
    ),
    "wrong previous digest": ("HEAD_MOVED", DEPARTMENT, lambda b: b.accept(prev="0" * 64)),
    "wrong number": ("HEAD_MOVED", DEPARTMENT, lambda b: b.accept(seq=9)),
    "case of another department": (
        "NOT_YOUR_CASE",
        OTHER,
        lambda b: b.accept(OTHER, "X01"),
    ),
    "case that nobody opened": (
        "CASE_UNKNOWN",
        DEPARTMENT,
        lambda b: b.accept(case=secrets.token_hex(16), seq=1, prev=None),
    ),
    "in the name of another department": ("NOT_YOUR_VOICE", OTHER, lambda b: b.accept()),
    "person named, did not sign": (
        "PERSON_SIGNATURE_MISSING",
        DEPARTMENT,
        lambda b: b.accept(signers=node_key(b, DEPARTMENT)),
    ),
    "no person named": ("PERSON_SIGNATURE_MISSING", DEPARTMENT, lambda b: b.accept(staff=None)),
    "another person signed": (
        "PERSON_SIGNATURE_MISSING",
        DEPARTMENT,
        lambda b: b.accept(signers=person_key(b, DEPARTMENT, "B02") + node_key(b, DEPARTMENT)),
    ),
    "node did not sign": (
        "NODE_SIGNATURE_MISSING",
        DEPARTMENT,
        lambda b: b.accept(signers=person_key(b, DEPARTMENT, "B01")),
    ),
    "window accepts": ("ROLE_FORBIDS", WINDOW, lambda b: b.accept(WINDOW, "A01", "COLLECTOR")),
    "role that the person has not": ("ROLE_MISSING", WINDOW, lambda b: b.accept(WINDOW, "A01", "ACCEPTOR")),
    "department seals": (
        "ROLE_FORBIDS",
        OTHER,
        lambda b: b.spoken(OTHER, "seal", b.first().body, "X01", "ACCEPTOR", case="ab" * 16, seq=1, prev=None),
    ),
    "from the future": ("FROM_FUTURE", DEPARTMENT, lambda b: b.accept(occurred_at=moment(6))),
    "event of no law": ("EVENT_UNKNOWN", DEPARTMENT, lambda b: b.spoken(DEPARTMENT, "abolish", {}, "B01", "ACCEPTOR")),
    "unknown item": ("UNKNOWN_ITEM", WINDOW, lambda b: b.seal(task_code="1" * 31)),
    "expired item": ("ITEM_EXPIRED", WINDOW, lambda b: b.seal(task_code="11500112900001228J4002014023003")),
    "item not listed for this window": (
        "ITEM_NOT_COLLECTABLE",
        WINDOW,
        lambda b: b.seal(task_code="11500116900001164E4000131012002"),
    ),
    "wrong check digit": ("PUBLIC_NUMBER_CHECK", WINDOW, lambda b: b.seal(public_no="501169999991")),
}  # fmt: skip


@pytest.mark.parametrize("fault", REFUSED)
def test_what_must_not_count_is_refused_and_leaves_no_trace(bench: Bench, fault: str) -> None:
    wanted, node, make = REFUSED[fault]
    department = bench.agents[DEPARTMENT.name]
    before, leaves = department.hub.case(bench.case), department.journal.leaves(bench.case)
    assert bench.answer(node, make(bench).encode()) == wanted
    assert department.hub.case(bench.case) == before
    assert department.journal.leaves(bench.case) == leaves


@pytest.mark.requirement("H10")
def test_a_replayed_statement_gets_the_very_same_receipt(bench: Bench) -> None:
    window = bench.agents[WINDOW.name]
    for entry in window.journal.acts(bench.case):
        again = Outgoing(entry.envelope, entry.attachments, entry.packets, entry.check_code_hash)
        first, second = window.hub.submit([again, again])
        assert first.receipt == second.receipt == entry.receipt and entry.receipt
    # By a thief who has the bytes, but not the window's key: nothing at all.
    seal = window.journal.acts(bench.case)[0].envelope
    assert bench.answer(OTHER, seal) == "NOT_YOUR_VOICE"


def test_keys_sealed_to_a_revoked_node_are_refused_and_its_own_next_call_too(bench: Bench) -> None:
    gone = Node("jiangxi-closed-scj", "360403000000", "department", "已撤销的受理机构")
    layout = bench.town.stack.layout
    registrar = Registrar(layout.folder("registrar"))
    agent, window = open_agent(bench.town.enrolled(gone), attempts=1), bench.agents[WINDOW.name]
    window.registry.refresh(window.hub)
    seal = bench.first()
    body = {
        "recipient": gone.id,
        "recipient_key": window.registry.directory.current(gone.id).kem.id,
        "manifest": seal.body["manifest"],
        "packets": [],
    }
    wrap = bench.spoken(WINDOW, "wrap", body, None, "window", chain="keys", seq=None)
    try:
        assert agent.hub.inbox(0) == []
        revoke = registrar.revoke(gone.id, "KEY_LOST")
        credentials = tls_credentials(*registrar.node_tls(), registrar.authority_pem)
        hub = HubClient(
            open_channel(f"127.0.0.1:{layout.ports()['hub']}", credentials, names.dns_name(layout.hub_node))
        )
        assert hub.submit([Outgoing(revoke.encode())])[0].refusal is None
        hub.close()
        assert bench.answer(WINDOW, wrap.encode()) == "KEY_REVOKED"
        with pytest.raises(Exception, match="KEY_REVOKED"):
            agent.hub.inbox(0)
    finally:
        agent.close()


def test_two_answers_at_once_one_counts(town: Town, bench: Bench) -> None:
    """Two seats of the department and another department, each sure that it is the first."""
    made = Bench(town, str(town.collect(town.said)["case"]), bench.agents)
    town.countersigned(made.case)
    said = {
        "first seat": (DEPARTMENT, made.accept()),
        "second seat": (DEPARTMENT, made.accept()),
        "other department": (OTHER, made.accept(OTHER, "X01")),
    }
    ready, answers = threading.Barrier(len(said)), dict[str, str]()

    def speak(seat: str, node: Node, envelope: Envelope) -> None:
        agent = open_agent(town.home(node))
        try:
            ready.wait(20)
            (answer,) = agent.hub.submit([Outgoing(envelope.encode())])
            answers[seat] = answer.refusal.code if answer.refusal else "PLACED"
        finally:
            agent.close()

    threads = [threading.Thread(target=speak, args=(seat, *what)) for seat, what in said.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted([answers["first seat"], answers["second seat"]]) == ["HEAD_MOVED", "PLACED"]
    assert answers["other department"] in {"NOT_YOUR_CASE", "HEAD_MOVED"}
    town.reached(made.case, "UNDER_REVIEW")

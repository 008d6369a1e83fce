"""Keys that change at a running hub: cooling-off by the log's time, vetoes, revocation in every process, certificates.

Real PostgreSQL, real mutual TLS, registrar and nodes by the product's own code.
"""

import json
import socket
import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crypto import canonical, certificates
from crypto.directory import COOLING_OFF, Directory
from crypto.keystore import SoftwareKeystore
from crypto.log import leaf as leaves
from crypto.refusal import Refusal
from crypto.statement import REGISTRY, Actor, Envelope, Statement, read_envelope, sign
from deploy.cli import app
from deploy.registrar.desk import RegistrarDesk
from deploy.registrar.founding import renew_hub
from node_agent.client.hub import Answer, HubClient, Outgoing
from node_agent.keys import new_keys
from node_agent.keys.new_keys import FOLDER
from node_agent.keys.rotation import Rotation
from node_agent.process.runtime import Agent, open_agent
from node_agent.transfer.sender import Sender
from storage.files import write_private
from tests.integration.hub_region import Region, Watch

pytestmark = pytest.mark.integration


def agent_of(region: Region, name: str) -> Agent:
    """The agent in a node's folder, with its registry up to date."""
    home = region.home(name)
    settings = {"NODE": region.node(name), "HUB": region.address, "HUB_NAME": "localhost"}
    settings |= {"HUB_NODE": region.papers.node, "RECOVERY_NODE": region.node("recovery"), "ENROLMENT": region.door}
    text = "".join(f"YIDI_AGENT_{key}={value}\n" for key, value in settings.items())
    write_private(home / "agent.env", text.encode())
    write_private(home / "pins.json", region.papers.pins.to_json())
    made = open_agent(home)
    made.registry.refresh(made.hub)
    return made


def replayed(region: Region, client: HubClient) -> Directory:
    """The registry as a stranger replays it, every signature checked."""
    directory = Directory([region.registrar.public_key])
    for data in client.registry_leaves(0)[0]:
        leaf = leaves.decode(data)
        directory.admit(read_envelope(leaf.envelope), recorded_at=leaf.recorded_at)
    return directory


def said(region: Region, *words: str) -> dict[str, object]:
    """``yidi registrar``."""
    line = ["registrar", *words, "--json", "--home", str(region.registrar.home), "--hub", region.address]
    done = CliRunner().invoke(app, line)
    assert done.exit_code == 0, (done.output, done.exception)
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def sent(agent: Agent) -> None:
    """All that waits is answered."""
    sender, end = Sender(agent), time.monotonic() + 30
    while agent.journal.waiting(1):
        sender.step()
        assert time.monotonic() < end, sender.problem


def activation(agent: Agent, kind: str = "key.activate") -> Envelope:
    """The node's own statement about its proposal."""
    agent.registry.refresh(agent.hub)
    proposal = agent.registry.directory.proposal(agent.identity.node)
    assert proposal is not None
    body = {"subject": agent.identity.node, "record": proposal.record.digest}
    actor = Actor(agent.identity.node, None, "department")
    at = canonical.time_text(datetime.now(UTC))
    return sign(Statement(kind, None, REGISTRY, None, None, actor, at, body).payload(), [agent.identity.sign])


def answered(agent: Agent, envelope: Envelope) -> Answer:
    return agent.hub.submit([Outgoing(envelope.encode())])[0]


def test_the_hub_holds_the_cooling_off_by_the_time_of_leaves_and_the_replay_agrees(
    region: Region, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    region.enrol(name, "department")
    agent = agent_of(region, name)
    before = agent.registry.directory.current(agent.identity.node)
    new_keys.plan(agent)
    sent(agent)
    early = answered(agent, activation(agent))
    assert early.refusal is not None and early.refusal.code == "COOLING_OFF"
    late = datetime.now(UTC) + COOLING_OFF + timedelta(minutes=1)
    monkeypatch.setattr(region.server.parts.sequencer, "_clock", lambda: canonical.time_text(late))
    loop = Rotation(agent, now=lambda: late)
    loop.step()
    sent(agent)
    assert loop.step() is True
    now = agent.registry.directory.current(agent.identity.node)
    assert {purpose for purpose, key in now.keys.items() if before.keys[purpose] != key} == {"sign", "kem", "witness"}
    assert not (agent.settings.home / FOLDER).exists()
    assert replayed(region, agent.hub).current(agent.identity.node) == now
    agent.close()


@pytest.mark.parametrize("who", ["registrar", "node"])
def test_a_veto_stands_at_the_hub(region: Region, name: str, who: str, caplog: pytest.LogCaptureFixture) -> None:
    region.enrol(name, "department")
    agent = agent_of(region, name)
    new_keys.plan(agent)
    sent(agent)
    rows = said(region, "proposals")["proposals"]
    assert isinstance(rows, list) and agent.identity.node in {row["subject"] for row in rows}
    desk = RegistrarDesk(region.registrar, region.desk._door)
    desk.round()
    desk.round()
    assert [agent.identity.node in line for line in caplog.messages if "KEYS_PROPOSED" in line].count(True) == 1
    refused_later = activation(agent)
    if who == "registrar":
        said(region, "veto", name)
    else:
        assert answered(agent, activation(agent, "key.veto")).refusal is None
    answer = answered(agent, refused_later)
    assert answer.refusal is not None and answer.refusal.code == "PROPOSAL_UNKNOWN"
    assert all(row["subject"] != agent.identity.node for row in said(region, "proposals")["proposals"])  # type: ignore[attr-defined]
    agent.close()


def test_nobody_approves_what_was_not_asked(region: Region, name: str) -> None:
    region.enrol(name, "department")
    line = ["registrar", "approve", name, "--json", "--home", str(region.registrar.home), "--hub", region.address]
    done = CliRunner().invoke(app, line)
    assert done.exit_code == 1 and json.loads(done.stdout)["refusal"]["code"] == "PROPOSAL_UNKNOWN"


def test_an_emergency_revocation_is_in_force_in_every_process_at_once(region: Region, name: str) -> None:
    region.enrol(name)
    second = region.start_hub()
    try:
        doors = [region.client(name), region.client(name, f"localhost:{second.port}")]
        for door in doors:
            door.registry_leaves(0)
        streams = [Watch(region.client(name)), Watch(region.client(name, f"localhost:{second.port}"))]
        said(region, "revoke", name, "--reason", "STOLEN")
        for door in doors:  # the next call, not a later one
            with pytest.raises(Refusal, match="KEY_REVOKED"):
                door.registry_leaves(0)
        for stream in streams:
            ended = stream.end()
            assert ended is not None and ended.code == "KEY_REVOKED"
    finally:
        region.run(second.stop())


def test_a_person_who_left_is_told_apart_and_the_node_goes_on(region: Region, name: str) -> None:
    region.enrol(name, "department")
    region.enrol_person(name, "A01", "HEAD")
    region.enrol_person(name, "A02", "HEAD")
    agent = agent_of(region, name)
    region.say(region.registrar.revoke(f"{region.node(name)}/person/A01", "STAFF_LEFT"))
    for code, refusal in (("A01", "PERSON_KEY_REVOKED"), ("A02", None)):
        person, key = agent.identity.person(code)
        body = {
            "grant_id": f"{name}-{code}", "kind": "DECIDE", "node": agent.identity.node, "person": person,
            "items": ["*"], "valid_from": "2026-01-01", "valid_to": "2027-01-01", "document": "a" * 64,
        }  # fmt: skip
        actor = Actor(agent.identity.node, person, "HEAD")
        statement = Statement(
            "grant.issue", None, REGISTRY, None, None, actor, canonical.time_text(datetime.now(UTC)), body
        )
        answer = answered(agent, sign(statement.payload(), [key, agent.identity.sign]))
        assert (answer.refusal.code if answer.refusal else None) == refusal
    agent.close()


def shown_end(region: Region, home: Path) -> datetime:
    """End of the certificate that the hub shows on a new connection, UTC."""
    context = ssl.create_default_context(cadata=region.registrar.authority_pem.decode())
    key = home / "probe.key"
    write_private(key, SoftwareKeystore(home / "keys").signer("tls").private_pem())
    context.load_cert_chain(home / "tls.pem", key)
    context.set_alpn_protocols(["h2"])
    host, port = region.address.split(":")
    with socket.create_connection((host, int(port))) as plain, context.wrap_socket(plain, server_hostname=host) as safe:
        return certificates.peer(ssl.DER_cert_to_PEM_cert(safe.getpeercert(True) or b"").encode())[2]


def within(seconds: float, true: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.05)
    return true()


def test_a_renewed_hub_certificate_is_shown_without_a_restart_and_a_bad_one_never(region: Region, name: str) -> None:
    standing = region.enrol(name)
    standing.registry_leaves(0)
    file, before = region.settings.certificate, shown_end(region, region.home(name))
    time.sleep(1.1)  # validity is in whole seconds
    assert renew_hub(region.registrar, region.folder / "hub", always=True)
    good = file.read_bytes()
    assert within(5, lambda: shown_end(region, region.home(name)) > before)
    standing.registry_leaves(0)  # what stood goes on
    for bad in (b"no certificate", (region.home(name) / "tls.pem").read_bytes()):
        write_private(file, bad)
        assert shown_end(region, region.home(name)) > before
    write_private(file, good)
    region.client(name).registry_leaves(0)

"""Statements, receipts and inbox over real mutual TLS; look-ups shared; the hub and the registrar as processes."""

import asyncio
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crypto.keystore import SoftwareKeystore
from crypto.log import checkpoint, cosignature, note
from crypto.refusal import Refusal
from crypto.statement import RECEIPT_TYPE, read_envelope
from deploy.service import wait_ready, write_private
from hub.rpc import caller
from hub.server.founding import found
from hub.server.identity import load_identity
from node_agent.client.hub import HubClient, Outgoing
from node_agent.keys.enrol import enrol_node
from storage.database import Database
from tests.integration.hub_region import Region, Watch, put_in_inbox

if TYPE_CHECKING:
    from tests.conftest import Databases, ObjectServer

pytestmark = pytest.mark.integration


# --- statements ----------------------------------------------------------------------------------------------


def test_a_repeated_statement_gets_the_same_receipt(region: Region, name: str) -> None:
    client = region.as_registrar()
    envelope = region.registrar.revoke(region.node("registrar-of-nobody"), "TEST")
    assert client.submit([Outgoing(envelope.encode())])[0].refusal is not None
    region.enrol(name)
    statement = Outgoing(region.registrar.revoke(region.node(name), "KEY_LOST").encode())
    first = client.submit([statement])[0]
    again = client.submit([statement, statement])
    assert first.receipt and {answer.receipt for answer in again} == {first.receipt}
    digest = read_envelope(statement.envelope).digest
    fetched, _ = client.receipt(digest)
    assert fetched.receipt == first.receipt
    payload = json.loads(read_envelope(first.receipt, RECEIPT_TYPE).payload)
    assert (payload["payload_digest"], payload["index"]) == (digest, first.index)


def test_the_proven_receipt_follows(region: Region, name: str) -> None:
    region.enrol(name)
    answer = region.revoke(name)
    digest = json.loads(read_envelope(answer.receipt, RECEIPT_TYPE).payload)["payload_digest"]
    client = region.as_registrar()
    assert wait_ready(lambda: client.receipt(digest)[1] != "", 10)
    signed, sequenced = client.checkpoint()
    keys = [cosignature.verifier(note.VerifierKey.parse(text)) for text in region.papers.pins.log_keys]
    assert answer.index < checkpoint.verify_checkpoint(signed.encode(), keys).size <= sequenced


def test_one_bad_submission_does_not_stop_its_neighbours(region: Region, name: str) -> None:
    window = region.enrol(name)
    envelope = region.registrar.revoke(region.node(name), "KEY_LOST").encode()
    broken = region.as_registrar().submit([Outgoing(b"{}"), Outgoing(envelope), Outgoing(b"")])
    assert [answer.refusal.code if answer.refusal else "" for answer in broken] == [
        "ENVELOPE_FORMAT",
        "",
        "NOT_CANONICAL",
    ]
    with pytest.raises(Refusal, match="KEY_REVOKED"):
        window.registry_leaves(0)


def test_nobody_speaks_for_another(region: Region, name: str) -> None:
    window = region.enrol(name)
    envelope = region.registrar.revoke(region.node("hub"), "MALICE").encode()
    refusal = window.submit([Outgoing(envelope)])[0].refusal
    assert refusal is not None and refusal.code == "NOT_YOUR_VOICE"


def test_too_many_submissions_are_refused(region: Region, name: str) -> None:
    window = region.enrol(name)
    with pytest.raises(Refusal, match="TOO_MANY_SUBMISSIONS"):
        window.submit([Outgoing(b"{}")] * 257)


def test_the_inbox_is_the_same_by_page_and_by_stream(region: Region, name: str) -> None:
    client = region.enrol(name)
    assert client.inbox(0) == []
    watch = Watch(region.client(name))
    put_in_inbox(region, name, 0)
    put_in_inbox(region, name, 1)
    assert wait_ready(lambda: len(watch.entries) == 2, 10)
    assert watch.entries == client.inbox(0) and [item.index for item in watch.entries] == [0, 1]
    assert client.inbox(watch.entries[0].cursor) == watch.entries[1:]


# --- pieces --------------------------------------------------------------------------------------------------


def test_calls_share_a_look_up_that_began_after_them() -> None:
    started, release = threading.Event(), threading.Event()
    looked: list[int] = []

    def refresh() -> "int":
        looked.append(len(looked))
        started.set()
        release.wait(10)
        return looked[-1]

    async def scenario() -> list[object]:
        shared = caller.SharedLookup(refresh)  # type: ignore[arg-type]  # any value will do
        first = asyncio.create_task(shared.directory())
        await asyncio.to_thread(started.wait, 10)
        late = [asyncio.create_task(shared.directory()) for _ in range(50)]
        await asyncio.sleep(0)
        release.set()
        return list(await asyncio.gather(first, *late))

    answers = asyncio.run(scenario())
    assert answers[0] == 0 and set(answers[1:]) == {1} and len(looked) == 2


def test_a_log_is_never_founded_over(region: Region, tmp_path: Path) -> None:
    pins = region.settings.read_pins()
    who = load_identity(region.settings.identity, region.settings.certificate, pins)
    database: Database = region.server.parts.database
    founding = list(region.papers.founding)
    before = found(database, pins, who.signer, who.node, founding)
    assert found(database, pins, who.signer, who.node, founding) == before
    other = region.registrar.revoke(region.node("hub"), "TEST")
    with pytest.raises(Refusal, match="LOG_NOT_EMPTY"):
        found(database, pins, who.signer, who.node, [other])


def test_the_processes_run_and_stop_in_order(
    region: Region, name: str, tmp_path: Path, postgres_service: "Databases", seaweed_service: "ObjectServer"
) -> None:
    """``python -m hub.server`` and ``python -m deploy.registrar`` by settings alone, on a real object store."""
    access_key, secret_key = seaweed_service.credentials()
    write_private(tmp_path / "s3.json", json.dumps({"access_key": access_key, "secret_key": secret_key}).encode())
    database = f"test_{secrets.token_hex(6)}"
    postgres_service.create_database(database)
    home = region.folder / "hub"
    settings = {
        "DATABASE_URL": postgres_service.url(database),
        "S3_ENDPOINT": seaweed_service.endpoint(),
        "S3_DOCUMENTS": f"docs-{secrets.token_hex(4)}",
        "S3_LOG": f"log-{secrets.token_hex(4)}",
        "S3_LOG_RETENTION_DAYS": "1",
        "S3_CREDENTIALS": str(tmp_path / "s3.json"),
        "IDENTITY": str(home / "keys"),
        "CERTIFICATE": str(home / "tls.pem"),
        "AUTHORITY": str(home / "authority.pem"),
        "PINS": str(home / "pins.json"),
        "READY_FILE": str(tmp_path / "ready.json"),
    }
    environment = {**os.environ, **{f"YIDI_HUB_{key}": value for key, value in settings.items()}}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    hub = subprocess.Popen(
        [sys.executable, "-m", "hub.server", "--found", str(home / "founding.json")],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert wait_ready(lambda: (tmp_path / "ready.json").exists() or hub.poll() is not None, 60)
    ready = json.loads((tmp_path / "ready.json").read_text())
    assert ready["pid"] == hub.pid
    registrar = subprocess.Popen(
        [
            *(sys.executable, "-m", "deploy.registrar", "--home", str(region.registrar.home)),
            *("--hub", f"localhost:{ready['port']}", "--poll", "0.05"),
        ],
        env=environment,
    )
    try:
        token, facts = region.token(name, "window")
        door = f"localhost:{ready['enrolment_port']}"
        enrol_node(tmp_path / name, door, region.registrar.authority_pem, token, facts)
        key = SoftwareKeystore(tmp_path / name / "keys").signer("tls").private_pem()
        client = region.client_with(key, (tmp_path / name / "tls.pem").read_bytes(), f"localhost:{ready['port']}")
        assert client.registry_leaves(0)[1] == 3
        assert wait_ready(lambda: _integrated(client) == 3, 20)
    finally:
        for process in (registrar, hub):
            process.send_signal(signal.SIGTERM)
    assert registrar.wait(30) == 0
    _, text = hub.communicate(timeout=30)
    assert hub.returncode == 0, text
    assert not (tmp_path / "ready.json").exists()
    lines = [json.loads(line) for line in text.splitlines()]
    assert {"at", "level", "logger", "message"} <= set(lines[0])
    assert secret_key not in text and "password" not in text


def _integrated(client: HubClient) -> int:
    try:
        signed, _ = client.checkpoint()
    except Refusal:
        return 0
    return checkpoint.parse_text(note.parse(signed.encode())[0]).size

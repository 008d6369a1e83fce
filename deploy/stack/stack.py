"""Starts and stops the one-machine stack in the right order, founding it the first time.

Invariants:
- ``up`` may be repeated and continues where a killed ``up`` stopped: every founding step looks whether it is done;
- ``up`` gives the hub a new certificate when a third or less of the old one's life is left;
- ``down`` stops in reverse order, agents first, stores last; nothing acknowledged is lost;
- the registrar's offline key never leaves the registrar's folder.
"""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deploy.postgres import PostgresService
from deploy.seaweed import SeaweedService
from deploy.service import Service, write_private
from deploy.stack import founding
from deploy.stack.layout import AGENTS, Layout, Node
from deploy.stack.processes import PythonService

Tell = Callable[[str], None]


def _quiet(text: str) -> None:
    """Says nothing."""


class Stack:
    """One stack in one root folder."""

    def __init__(self, root: Path) -> None:
        self.layout = Layout(root.absolute())
        self.postgres = PostgresService(self.layout.folder("postgres"))
        self.seaweed = SeaweedService(self.layout.folder("seaweed"))

    # --- life ------------------------------------------------------------------------------------------------

    def up(self, tell: Tell = _quiet) -> None:
        """Everything running; founded the first time. Refusal SERVICE_NOT_READY."""
        self.layout.root.mkdir(mode=0o711, parents=True, exist_ok=True)
        self.layout.ports()
        tell("启动 PostgreSQL、对象存储与寄递模拟")
        with ThreadPoolExecutor(4) as threads:
            works = [self.postgres.start, self.seaweed.start, self.carrier().start]
            begun = [threads.submit(work) for work in works]
            certified = threads.submit(founding.found_region, self.layout)
            for one in begun:
                one.result()
            if certified.result():
                self.hub().stop()  # a hub that runs would go on with its old certificate
        write_private(self._s3_file(), json.dumps(self._s3_credentials()).encode())
        tell("启动中枢与登记机构")
        self.hub().start()
        self.registrar().start()
        tell("登记节点与人员,发布事项清单与工作日历")
        founding.found_nodes(self.layout)
        tell("启动各节点代理")
        with ThreadPoolExecutor(4) as threads:
            for started in [threads.submit(self.agent(node).start) for node in AGENTS if node.runs]:
                started.result()

    def down(self) -> None:
        """Stop everything in order."""
        agents = [self.agent(node) for node in AGENTS if node.runs]
        for group in ([*agents, self.carrier(), self.registrar()], [self.hub()], [self.postgres, self.seaweed]):
            with ThreadPoolExecutor(len(group)) as threads:
                list(threads.map(lambda service: service.stop(), group))

    def kill(self) -> None:
        """End everything at once; only for state that is thrown away."""
        for service in reversed(self.services()):
            service.kill()

    def status(self) -> dict[str, bool]:
        """Whether each process runs, by name."""
        return {service.name: service.running() is not None for service in self.services()}

    def services(self) -> list[Service]:
        """All services in starting order."""
        agents = [self.agent(node) for node in AGENTS if node.runs]
        return [self.postgres, self.seaweed, self.hub(), self.registrar(), self.carrier(), *agents]

    # --- services --------------------------------------------------------------------------------------------

    def hub(self) -> Service:
        """The hub process."""
        home = self.layout.folder("hub")
        ports = self.layout.ports()
        variables = {
            "DATABASE_URL": self.postgres.url() if (self.layout.folder("postgres")).exists() else "",
            "S3_ENDPOINT": self.seaweed.endpoint() if (self.layout.folder("seaweed")).exists() else "",
            "S3_CREDENTIALS": str(self._s3_file()),
            "IDENTITY": str(home / "keys"),
            "CERTIFICATE": str(home / "tls.pem"),
            "AUTHORITY": str(home / "authority.pem"),
            "PINS": str(home / "pins.json"),
            "LISTEN": f"127.0.0.1:{ports['hub']}",
            "ENROLMENT_LISTEN": f"127.0.0.1:{ports['enrolment']}",
            "READY_FILE": str(home / "hub.ready"),
            # One machine is for trying out: tiles are locked for a day, so that its folder can be thrown away.
            "S3_LOG_RETENTION_DAYS": "1",
        }
        return PythonService(
            "hub",
            home,
            "hub.server",
            ("--found", str(home / "founding.json")),
            variables={f"YIDI_HUB_{name}": value for name, value in variables.items()},
            ready_file=home / "hub.ready",
        )

    def registrar(self) -> Service:
        """The registrar process."""
        home = self.layout.folder("registrar")
        address = f"127.0.0.1:{self.layout.ports()['hub']}"
        return PythonService("registrar", home, "deploy.registrar", ("--home", str(home), "--hub", address))

    def carrier(self) -> Service:
        """The carrier simulator."""
        home, port = self.layout.folder("carrier"), self.layout.ports()["carrier"]
        return PythonService("carrier", home, "deploy.carrier", ("--home", str(home), "--port", str(port)), port=port)

    def agent(self, node: Node) -> Service:
        """The agent process of a node."""
        home = self.layout.agent(node)
        return PythonService(node.name, home, "node_agent", ("--home", str(home)), ready_file=home / "agent.ready")

    def _s3_file(self) -> Path:
        home = self.layout.folder("hub")
        home.mkdir(mode=0o700, exist_ok=True)
        return home / "s3.json"

    def _s3_credentials(self) -> dict[str, str]:
        access_key, secret_key = self.seaweed.credentials()
        return {"access_key": access_key, "secret_key": secret_key}

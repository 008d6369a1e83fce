"""Starts and stops the one-machine stack in the right order, founding it the first time.

Invariants:
- ``up`` may be repeated and continues where a killed ``up`` stopped: every founding step looks whether it is done;
- ``up`` gives the hub a new certificate when a third or less of the old one's life is left;
- hub processes share addresses, identity, database and store; ``restart_hubs`` stops one only while another serves;
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
from deploy.stack.layout import AGENTS, HUBS_MOST, Layout, Node
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

    def up(self, tell: Tell = _quiet, hubs: int | None = None) -> None:
        """Everything running; founded the first time. ``hubs``: number of hub processes from now on.

        Refusals SERVICE_NOT_READY, HUB_NUMBER.
        """
        self.layout.root.mkdir(mode=0o711, parents=True, exist_ok=True)
        if hubs is not None:
            self.layout.keep_hubs(hubs)
        self.layout.ports()
        tell("启动 PostgreSQL、对象存储与寄递模拟")
        with ThreadPoolExecutor(4) as threads:
            works = [self.postgres.start, self.seaweed.start, self.carrier().start]
            begun = [threads.submit(work) for work in works]
            certified = threads.submit(founding.found_region, self.layout)
            for one in begun:
                one.result()
            if certified.result():
                for hub in self.hubs():
                    hub.stop()  # a hub that runs would go on with its old certificate
        write_private(self._s3_file(), json.dumps(self._s3_credentials()).encode())
        tell("启动枢纽与登记机构")
        first, *others = self.hubs()
        first.start()  # alone: it founds the log
        with ThreadPoolExecutor(4) as threads:
            begun = [threads.submit(service.start) for service in (self.registrar(), *others)]
            begun += [threads.submit(service.stop) for service in self._surplus_hubs()]
            for one in begun:
                one.result()
        tell("登记节点与人员，发布事项清单与工作日历")
        founding.found_nodes(self.layout)
        if not founding.share_secret(self.layout):  # an older stack, or a window with new keys
            tell("有收件窗口还没有申请人代码密钥：请系统管理员运行 yidi registrar share --officer 工号")
        tell("启动各节点代理")
        with ThreadPoolExecutor(4) as threads:
            for started in [threads.submit(self.agent(node).start) for node in AGENTS if node.runs]:
                started.result()

    def restart_hubs(self, tell: Tell = _quiet) -> None:
        """Restart hub after hub; one serves at any moment. Refusal SERVICE_NOT_READY: the rest was left as it is."""
        hubs = self.hubs()
        spare = self.hub(len(hubs) + 1) if len(hubs) == 1 else None
        if spare is not None:
            spare.start()
        for hub in hubs:
            tell(f"重启 {hub.name}")
            hub.stop()
            hub.start()
        if spare is not None:
            spare.stop()

    def down(self) -> None:
        """Stop everything in order."""
        agents = [self.agent(node) for node in AGENTS if node.runs]
        hubs = [*self.hubs(), *self._surplus_hubs()]
        for group in ([*agents, self.carrier(), self.registrar()], hubs, [self.postgres, self.seaweed]):
            with ThreadPoolExecutor(len(group)) as threads:
                list(threads.map(lambda service: service.stop(), group))

    def kill(self) -> None:
        """End everything at once; only for state that is thrown away."""
        for service in (*self._surplus_hubs(), *reversed(self.services())):
            service.kill()

    def status(self) -> dict[str, bool]:
        """Whether each process runs, by name."""
        return {service.name: service.running() is not None for service in self.services()}

    def services(self) -> list[Service]:
        """All services in starting order."""
        agents = [self.agent(node) for node in AGENTS if node.runs]
        return [self.postgres, self.seaweed, *self.hubs(), self.registrar(), self.carrier(), *agents]

    # --- services --------------------------------------------------------------------------------------------

    def hubs(self) -> list[Service]:
        """The hub processes."""
        return [self.hub(number) for number in range(1, self.layout.hubs() + 1)]

    def _surplus_hubs(self) -> list[Service]:
        """Hub processes that run although they are not wanted any more."""
        others = [self.hub(number) for number in range(self.layout.hubs() + 1, HUBS_MOST + 1)]
        return [hub for hub in others if hub.running() is not None]

    def hub(self, number: int = 1) -> Service:
        """One hub process; the first is number 1."""
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
            "SHARE_PORT": "true",
            "READY_FILE": str(home / f"hub-{number}.ready"),
            # One machine is for trying out: tiles are locked for a day, so that its folder can be thrown away.
            "S3_LOG_RETENTION_DAYS": "1",
        }
        return PythonService(
            f"hub-{number}",
            home,
            "hub.server",
            ("--found", str(home / "founding.json")),
            variables={f"YIDI_HUB_{name}": value for name, value in variables.items()},
            ready_file=home / f"hub-{number}.ready",
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

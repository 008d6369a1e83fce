"""What stands where on one machine: folders, ports, nodes and the people of the demonstration.

Invariants:
- every process has a folder of its own; agents share no file with each other or with the hub;
- ports are chosen once, free at that moment, and kept in ``ports.json``, so that a restart finds the same addresses;
- people are staff codes; there are no names.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

from crypto import identity
from crypto.refusal import Refusal
from deploy.service import free_port, write_private

TRUST_DOMAIN = "yidi.test"
HUB_REGION = "500000000000"
PORT_NAMES = ("hub", "enrolment", "carrier")
HUBS = 2  # two: one of them may die or be restarted, and nobody notices
HUBS_MOST = 16


@dataclass(frozen=True)
class Person:
    """A member of staff: code and roles."""

    code: str
    roles: tuple[str, ...]


@dataclass(frozen=True)
class Node:
    """A node of the stack. ``title``: name of the institution (public)."""

    name: str
    region: str
    role: str
    title: str
    people: tuple[Person, ...] = ()
    public_prefix: int | None = None
    runs: bool = True

    @property
    def id(self) -> str:
        """Node id."""
        return identity.node_id(TRUST_DOMAIN, self.region, self.name)


WINDOW = Node(
    "chongqing-jiangjin-hall",
    "500116000000",
    "window",
    "重庆市江津区政务服务中心",
    (Person("A01", ("COLLECTOR",)), Person("A09", ("COLLECTOR", "COLLECT_LEAD"))),
    public_prefix=50116,
)
DEPARTMENT = Node(
    "jiangxi-donghu-scj",
    "360102000000",
    "department",
    "南昌市东湖区市场监督管理局",
    (
        Person("B01", ("ACCEPTOR",)),
        Person("B02", ("DECIDER",)),
        Person("B03", ("ISSUER",)),
        Person("B04", ("REVIEWER",)),
        Person("B00", ("HEAD",)),
    ),
)
GATEWAY = Node("post-gateway", "360000000000", "gateway", "江西省政务服务寄递网关")
AUDITOR = Node("audit-office", "360000000000", "auditor", "江西省政务服务监督审计处", (Person("S01", ("AUDITOR",)),))
# One for the country: the nearest is asked (``hub.casework.facts.coordinator_of``), so one desk serves every case here.
COORDINATOR = Node(
    "coordination-desk",
    "360000000000",
    "coordinator",
    "江西省政务服务管理部门统筹处",
    (Person("C01", ("COORDINATOR",)), Person("C09", ("COORDINATOR", "COORDINATOR_LEAD"))),
)
RECOVERY = Node("recovery-key", "500000000000", "recovery", "区域恢复密钥（离线保管）", runs=False)
AGENTS = (WINDOW, DEPARTMENT, GATEWAY, AUDITOR, COORDINATOR, RECOVERY)


@dataclass(frozen=True)
class Layout:
    """Folders and ports of one stack."""

    root: Path
    hub_node: str = field(default=identity.node_id(TRUST_DOMAIN, HUB_REGION, "hub"))
    registrar_node: str = field(default=identity.node_id(TRUST_DOMAIN, HUB_REGION, "registrar"))

    @property
    def origin(self) -> str:
        """Name of the log: one log a hub and year (architecture: log)."""
        return f"hub.{TRUST_DOMAIN}/2026"

    def folder(self, name: str) -> Path:
        """Folder of a process."""
        return self.root / name

    def agent(self, node: Node) -> Path:
        """Folder of an agent."""
        return self.root / "agents" / node.name

    @property
    def founded(self) -> Path:
        """Written last when everything was founded."""
        return self.root / "founded.json"

    def hubs(self) -> int:
        """Number of hub processes."""
        file = self.root / "hubs.json"
        return int(json.loads(file.read_text())) if file.exists() else HUBS

    def keep_hubs(self, number: int) -> None:
        """Another number of hub processes from the next start on. Refusal HUB_NUMBER."""
        if not 1 <= number <= HUBS_MOST:
            raise Refusal("HUB_NUMBER", "deploy: one-machine stack", number=number, most=HUBS_MOST)
        write_private(self.root / "hubs.json", json.dumps(number).encode())

    def ports(self) -> dict[str, int]:
        """Ports by name; chosen once."""
        file = self.root / "ports.json"
        if not file.exists():
            chosen: dict[str, int] = {}
            for name in PORT_NAMES:
                chosen[name] = free_port(taken=frozenset(chosen.values()))
            write_private(file, json.dumps(chosen).encode())
        found: dict[str, int] = json.loads(file.read_text())
        return found

"""First-time set-up of the one-machine stack: region, nodes, people, publications, the applicants' secret, grants.

Invariants:
- each step looks whether it was done, so a killed ``up`` is continued by the next one;
- nodes enrol at the same time, then all people, for a person's record names a node that the log knows;
- nodes enrol as they would anywhere: token from the registrar, own keys, request, certificate; nothing is copied
  between folders but tokens, pins, the authority's certificate and the gateway's key for the carrier, which travel on
  paper in real life;
- the recovery key's folder is made like an agent's and its process never runs (kept offline).
"""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

from crypto import canonical, identity
from crypto.administrators import SYSTEM
from crypto.canonical import CHINA
from deploy.registrar.desk import RegistrarDesk
from deploy.registrar.founding import PINS, found_hub, renew_hub
from deploy.registrar.registrar import Registrar
from deploy.registrar.sharing import in_force, lacking, share_out
from deploy.registrar.voice import hub_client, submit
from deploy.stack.layout import AGENTS, DEPARTMENT, GATEWAY, HUB_REGION, RECOVERY, TRUST_DOMAIN, Layout, Node, Person
from hub.casework.time.calendar import WorkCalendar
from node_agent.client.enrolment import RegistryDoor
from node_agent.department.powers import grant_issue
from node_agent.keys.enrol import enrol_node, enrol_person
from node_agent.process.runtime import open_agent
from storage.files import write_private

DEMO = Path(__file__).parent.parent / "demo"
CARRIER_KEY = "carrier.key"
GRANT_DAYS = 365
AT_ONCE = 8
GRANTS = (("DECIDE", "B02"), ("SEAL_USE", "B03"))


def found_region(layout: Layout) -> bool:
    """Registrar, authority, hub identity and the founding statements, done once; whether the hub has a new certificate.

    The hub's certificate is made anew when it is due. A hub reads it at its start, so one that runs has to be stopped.
    """
    hub_home = layout.folder("hub")
    if (hub_home / PINS).exists():
        return renew_hub(Registrar(layout.folder("registrar")), hub_home)
    registrar = Registrar.found(layout.folder("registrar"), TRUST_DOMAIN, HUB_REGION)
    found_hub(registrar, hub_home, layout.origin, HUB_REGION)
    return True


def found_nodes(layout: Layout) -> None:
    """Publications, nodes, people and grants over the running hub; done once. The secret follows: ``share_secret``."""
    if layout.founded.exists():
        return
    registrar = Registrar(layout.folder("registrar"))
    with ThreadPoolExecutor(AT_ONCE) as threads:
        first = [threads.submit(_enrol_node, layout, registrar, node) for node in AGENTS]
        for done in [threads.submit(_publish, layout, registrar), *first]:
            done.result()
        people = [(node, person) for node in AGENTS for person in node.people]
        for done in [threads.submit(_enrol_person, layout, registrar, *one) for one in people]:
            done.result()
    _grant(layout, DEPARTMENT, GRANTS)
    write_private(layout.founded, canonical.encode({"v": 1, "nodes": [node.id for node in AGENTS]}))


def join_nodes(layout: Layout, nodes: Sequence[Node], heads: Mapping[str, Sequence[tuple[str, str]]]) -> None:
    """Further nodes of a running stack, with their people, as the stack's own were enrolled; their agents do not run.

    ``heads``: by node name, (kind, staff code) of the powers that its head B00 grants; its agent sends them (F04).
    """
    registrar = Registrar(layout.folder("registrar"))
    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(lambda node: _enrol_node(layout, registrar, node), nodes))
        people = [(node, person) for node in nodes for person in node.people]
        list(threads.map(lambda one: _enrol_person(layout, registrar, *one), people))
        list(threads.map(lambda node: _grant(layout, node, heads.get(node.name, ())), nodes))
    share_secret(layout)


def share_secret(layout: Layout) -> bool:
    """The applicants' secret to each window and portal that lacks it (A22); nothing to do for the others.

    False: some lack it, and it is for the system administrator to share it (H11).
    """
    registrar = Registrar(layout.folder("registrar"))
    address, hub_name = f"127.0.0.1:{layout.ports()['hub']}", identity.dns_name(layout.hub_node)
    with RegistryDoor.open(address, registrar.authority_pem, *registrar.node_tls(), hub_name) as door:
        desk = RegistrarDesk(registrar, door)
        desk.catch_up()
    if not lacking(desk.directory, in_force(desk.directory)):
        return True
    if desk.directory.administrators(SYSTEM):
        return False
    with hub_client(registrar, address, hub_name) as hub:
        share_out(registrar, desk.directory, hub)
    return True


def _publish(layout: Layout, registrar: Registrar) -> None:
    """Catalogue and calendar as leaves; a version that is published already is left alone."""
    catalogue = canonical.encode(json.loads((DEMO / "catalogue.json").read_text(encoding="utf-8")))
    calendar = canonical.encode(json.loads((DEMO / "calendar.json").read_text(encoding="utf-8")))
    starts = {
        "catalogue": (json.loads(catalogue)["version"], json.loads(catalogue)["effective_from"]),
        "calendar": (WorkCalendar.from_document(json.loads(calendar)).version, "2024-01-01"),
    }
    with hub_client(registrar, f"127.0.0.1:{layout.ports()['hub']}", identity.dns_name(layout.hub_node)) as hub:
        for kind, document in (("catalogue", catalogue), ("calendar", calendar)):
            version, effective_from = starts[kind]
            envelope = registrar.publish(kind, version, document, effective_from)
            submit(hub, envelope, (document,), fine=frozenset({"VERSION_TAKEN"}))


def _enrol_node(layout: Layout, registrar: Registrar, node: Node) -> None:
    home = layout.agent(node)
    if (home / "agent.env").exists():
        return
    token = registrar.issue_token(node.id, "node", (node.role,), node.region, node.title, node.public_prefix)
    door, hub_name = _door(layout), identity.dns_name(layout.hub_node)
    enrol_node(home, door, registrar.authority_pem, token, registrar.facts(token), hub_name=hub_name)
    write_private(home / PINS, (layout.folder("hub") / PINS).read_bytes())
    if node.role == "gateway":
        write_private(home / CARRIER_KEY, (layout.folder("carrier") / "api.key").read_bytes())
    write_private(home / "agent.env", _settings(layout, node).encode())


def _enrol_person(layout: Layout, registrar: Registrar, node: Node, person: Person) -> None:
    home = layout.agent(node)
    done = home / "persons" / person.code / "enrolled"
    if done.exists():
        return
    subject = identity.person_id(node.id, person.code)
    token = registrar.issue_token(subject, "person", person.roles, node.region, "工作人员", node=node.id)
    door, hub_name = _door(layout), identity.dns_name(layout.hub_node)
    enrol_person(home, door, registrar.authority_pem, token, registrar.facts(token), hub_name=hub_name)
    write_private(done, b"")


def _door(layout: Layout) -> str:
    return f"127.0.0.1:{layout.ports()['enrolment']}"


def _settings(layout: Layout, node: Node) -> str:
    """``agent.env`` of a node: addresses and node ids, no secrets."""
    ports = layout.ports()
    values = {
        "NODE": node.id,
        "HUB": f"127.0.0.1:{ports['hub']}",
        "HUB_NAME": identity.dns_name(layout.hub_node),
        "ENROLMENT": f"127.0.0.1:{ports['enrolment']}",
        "HUB_NODE": layout.hub_node,
        "RECOVERY_NODE": RECOVERY.id,
    }
    if node.role == "gateway":
        values |= {
            "CARRIER_URL": f"http://127.0.0.1:{ports['carrier']}",
            "CARRIER_KEY_FILE": str(layout.agent(node) / CARRIER_KEY),
            "CARRIER_POLL_SECONDS": "0.5",
        }
    if node.role == "portal":
        values["PORTAL_FOLDER"] = str(layout.agent(node) / "front")
    if node.role == "department":
        values |= {"GATEWAY_NODE": GATEWAY.id, "LINE_SYSTEM_FOLDER": str(layout.agent(node) / "line-system")}
    return "".join(f"YIDI_AGENT_{name}={value}\n" for name, value in values.items())


def _grant(layout: Layout, node: Node, grants: Sequence[tuple[str, str]]) -> None:
    """Powers of attorney of a department, signed by its head B00; its agent sends them (F04)."""
    agent = open_agent(layout.agent(node))
    try:
        agent.registry.refresh(agent.hub)
        if any(entry.event == "grant.issue" for entry in agent.journal.acts("")):
            return
        today = datetime.now(CHINA).date()
        ends = (today + timedelta(days=GRANT_DAYS)).isoformat()
        for kind, code in grants:
            paper = f"授权委托书 {kind} {code}".encode()
            grant_issue(agent, "B00", kind, code, ["*"], today.isoformat(), ends, paper)
    finally:
        agent.close()

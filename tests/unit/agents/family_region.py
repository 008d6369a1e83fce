"""Parents and children without network: ``window_world`` whose log knows kin, with the departments of the parts.

``FamilyLog`` does what the hub's batch does about kin: after each act parent and children learn of each other.
"""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from crypto import canonical
from crypto.identity import person_id
from crypto.log.leaf import Leaf
from crypto.statement import Actor, Envelope, Statement, read_signed
from hub.casework import consequences, timers
from hub.casework.casefile import CaseFile
from hub.casework.context import World as Facts
from hub.casework.parents import kin
from node_agent.client.hub import HubClient
from node_agent.known.snapshot import fetch_snapshot
from node_agent.parents import drafting, sealing
from node_agent.process.runtime import Agent
from node_agent.transfer.receiver import Receiver
from node_agent.window.intake import add_pages
from node_agent.window.seal import SealResult
from storage.journal import OutboxEntry
from tests.unit.agents.agent_region import FakeHub, Region
from tests.unit.agents.window_world import STAFF, TICKS, SendingHub, World, page_file
from tests.unit.evidence_log import DEMO, WINDOW, SyntheticLog, node

BATHS = ("jiangxi-donghu-wjw", "jiangxi-xunyang-wjw", "jiangxi-zhanggong-wjw")
REGIONS = {"jiangxi-donghu": "360102000000", "jiangxi-xunyang": "360403000000", "jiangxi-zhanggong": "360702000000"}
RESTAURANT = tuple(f"jiangxi-donghu-{body}" for body in ("scj", "wjw", "xfj", "cgj", "swj"))
THEME = "DH-2026-01"
PEOPLE = {"A01": "ACCEPTOR", "R01": "REVIEWER", "D01": "DECIDER", "H01": "HEAD", "I01": "ISSUER"}
HYGIENE = "000123012001"


def department(name: str) -> str:
    """Node id of a department by its name."""
    return node(next(region for place, region in REGIONS.items() if name.startswith(place)), name)


def catalogue() -> dict[str, Any]:
    """The demonstration's list."""
    value: dict[str, Any] = json.loads((DEMO / "catalogue.json").read_bytes())
    return value


def bath_items() -> list[str]:
    """Implementation codes of the three baths, in the order of ``BATHS``."""
    return [item["task_code"] for item in catalogue()["items"] if item["catalog_code"] == HYGIENE]


@dataclass
class FamilyLog(SyntheticLog):
    """``told``: events that the hub stated, with their cases."""

    told: list[tuple[str, str]] = field(default_factory=list)

    def place(self, statement: Statement, envelope: Envelope) -> Leaf:
        """As the batch: what time made due in the family first, then the act, then the news."""
        for name in self.family(str(statement.case)):
            while event := timers.due_event(self.files[name], self._world(), canonical.time_text(self.now)):
                self._hub_says(name, event, self._world())
        made = super().place(statement, envelope)
        self.settle(str(statement.case))
        return made

    def settle(self, case: str) -> None:
        """Parent, children and siblings learn of each other until nobody has anything new."""
        moved = True
        while moved:
            moved = False
            for name in self.family(case):
                here = canonical.time_text(self.now)
                while event := consequences.next_event(self.files[name], self._world(), here):
                    self._hub_says(name, event, self._world())
                    self.told.append((event.event, name))
                    moved = True

    def family(self, case: str) -> list[str]:
        """The case and its kin that stand."""
        if case not in self.files:
            return []
        near = {case, *kin.relatives(self.files[case])}
        near |= {name for one in list(near) if one in self.files for name in kin.relatives(self.files[one])}
        return sorted(name for name in near if name in self.files)

    def grant_at(self, home: str, code: str) -> None:
        """The use of the seal, granted by the head of a department (F03)."""
        head = person_id(home, "H01")
        body = {
            "grant_id": secrets.token_hex(8), "kind": "SEAL_USE", "node": home, "person": person_id(home, code),
            "items": ["*"], "valid_from": "2026-01-01", "valid_to": "9999-12-31", "document": "a" * 64,
        }  # fmt: skip
        self.say_registry("grant.issue", body, [self.keys[head].sign, self.keys[home].sign], Actor(home, head, "HEAD"))

    def _world(self) -> Facts:
        return replace(super()._world(), kin=self.files.get)


def founded() -> FamilyLog:
    """A log with the nodes and people of all parts."""
    made = FamilyLog()
    made.register_all()
    for name in sorted({*BATHS, *RESTAURANT} - {"jiangxi-donghu-scj"}):
        subject = department(name)
        made.register(subject, subject, subject.split("/")[3], ["department"], None)
        for code, role in PEOPLE.items():
            made.register(person_id(subject, code), subject, "", [role], None)
    return made


@dataclass
class Family:
    """One window and the departments of a parent's parts. ``agents`` by name of the department."""

    world: World
    home: Path
    agents: dict[str, Agent] = field(default_factory=dict)
    inboxes: dict[str, Receiver] = field(default_factory=dict)

    @property
    def log(self) -> FamilyLog:
        """The log."""
        return cast(FamilyLog, self.world.region.log)

    def desk(self, name: str) -> Agent:
        """The agent of a department, opened when it is first asked for."""
        if name not in self.agents:
            region = self.world.region
            agent = region.agent(
                self.home / name,
                department(name),
                [code for code in PEOPLE if person_id(department(name), code) in region.log.keys],
            )
            self.agents[name] = agent
            self.inboxes[name] = Receiver(agent, region.transfer())
        return self.agents[name]

    def hear(self, name: str) -> Agent:
        """The department takes in what the hub has for it, and says what follows."""
        agent = self.desk(name)
        for _ in range(4):
            self.inboxes[name].step()
            self.sent(agent)
        return agent

    def sent(self, agent: Agent) -> list[OutboxEntry]:
        """All that waits goes to the hub; every act must be taken."""
        done = self.world.region.send(agent)
        assert [entry.refusal for entry in done] == [None] * len(done), [entry.refusal for entry in done]
        return done

    def said(self, agent: Agent, *entries: OutboxEntry) -> None:
        """The acts are queued; they go, and are taken."""
        done = {entry.payload_digest for entry in self.sent(agent)}
        assert {entry.payload_digest for entry in entries} <= done

    def window_hears(self) -> None:
        """Leaves of the window's cases come into its journal."""
        self.world.receive()

    def state(self, case: str) -> str:
        """As the log has it."""
        return self.log.files[case].state.value

    def file(self, case: str) -> CaseFile:
        """As the log has it."""
        return self.log.files[case]

    # --- stretches ---------------------------------------------------------------------------------------------

    def begin_baths(self, **changes: Any) -> str:
        """A draft of 多地联办 over three regions."""
        form = json.loads((DEMO / "form-baths.json").read_bytes())
        form.pop("delivery")
        wanted = [(task, "") for task in bath_items()]
        return drafting.begin_multi(self.world.agent, wanted, STAFF, form, "ELECTRONIC", **changes)

    def begin_restaurant(self, **changes: Any) -> str:
        """A draft of the theme of five departments."""
        form = json.loads((DEMO / "form-restaurant.json").read_bytes())
        form.pop("delivery")
        return drafting.begin_theme(self.world.agent, THEME, STAFF, form, "COUNTER_COLLECT", **changes)

    def scan(self, case: str, lines: Sequence[str]) -> None:
        """One page for each line."""
        for seed, line in enumerate(lines):
            add_pages(self.world.agent, case, line, page_file(self.home, f"{case[:6]}-{line}.jpg", seed))

    def seal(self, case: str, **changes: Any) -> SealResult:
        """Sealed; waits in the journal."""
        return sealing.seal(self.world.agent, case, STAFF, **TICKS, **changes)

    def dispatched(self, case: str) -> dict[str, str]:
        """Sent and taken by the hub; cases by part."""
        done = self.sent(self.world.agent)
        told = next(read_signed(entry.envelope).body for entry in done if entry.event == "seal_parent")
        self.window_hears()
        parts = cast(list[dict[str, Any]], told["parts"])
        return {part["part"]: part["case"] for part in parts}


def open_family(home: Path) -> Family:
    """A window with a verified snapshot, its hub and store."""
    region = Region(log=founded())
    agent = region.agent(home / "window", WINDOW, [STAFF])
    hub = SendingHub(region, WINDOW)
    agent.hub = cast(HubClient, hub)
    fetch_snapshot(agent)
    return Family(World(region, agent, hub), home)


__all__ = ["FakeHub", "Family", "open_family"]

"""A case on the table: the law applied to acts built by hand, without keys, store or server.

``Bench`` keeps a case file and the facts around it; ``step(row)`` is the act that the row asks for and ``reach(row)``
walks up to the point where that act is next (``law_steps``).
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from crypto import canonical
from crypto.log.leaf import Leaf
from crypto.manifest import Manifest
from crypto.statement import CUSTODY, Actor, Envelope, Statement
from hub.casework import consequences, timers
from hub.casework.casefile import CaseFile
from hub.casework.context import Act, Pinned, World
from hub.casework.hub_event import HubEvent
from hub.casework.law import Law, Signers
from hub.casework.table import LAW
from tests.unit.law.law_people import (
    CALENDAR,
    CASE,
    CATALOGUE,
    DEPARTMENT,
    GATEWAY,
    HUB,
    START,
    TASK,
    WINDOW,
    Register,
    Step,
    catalogue,
    grant,
    manifest,
    record,
)
from tests.unit.law.law_steps import MAIN_PATH, PATHS, STEPS, TURNS

HUB_CHAINS = {row.event: row.chain for row in LAW.rows if row.signers is Signers.HUB}


def stated(event: HubEvent) -> Step:
    """What the hub signs, on the chain of its row."""
    return Step(event.event, HUB, "hub", event.body, chain=HUB_CHAINS[event.event], person=False)


class Bench:
    """One case and its surroundings. ``law`` may be one with a rule taken out."""

    def __init__(self, law: Law = LAW, start: datetime = START) -> None:
        self.law = law
        self.now = start
        self.file: CaseFile | None = None
        self.register = Register()
        self.catalogue = CATALOGUE
        self.calendar = CALENDAR
        self.kin: dict[str, CaseFile] | None = None  # other cases, where they are known
        self.acts: list[Act] = []
        self.worlds: list[World] = []
        self.objects: dict[str, Pinned] = {}
        self.application: str = self.store(manifest("application"))
        self.result: str = self.store(manifest("result"))
        for kind, role in (("DECIDE", "DECIDER"), ("SEAL_USE", "ISSUER")):
            self.register.grants.append(grant(kind, self.person(DEPARTMENT, role), f"G-{kind}"))

    @property
    def case(self) -> CaseFile:
        """The case file; there must be one."""
        assert self.file is not None
        return self.file

    def world(self) -> World:
        """The facts as they are now."""
        catalogue, stored = self.catalogue, dict(self.objects)
        kin = None if self.kin is None else self.kin.get
        facts = (self.register.copied(), catalogue, self.calendar, HUB, 1, stored.get, lambda version: catalogue)
        return World(*facts, kin=kin)

    def store(self, made: Manifest) -> str:
        """Put a sealing into the store; its digest."""
        digest = canonical.digest(made.encode())
        self.objects[digest] = Pinned(digest, made, f"v-{digest[:8]}")
        return digest

    @staticmethod
    def person(node: str, role: str) -> str:
        """Id of the person who has ``role`` at ``node``."""
        return f"{node}/person/{role.replace('_', '')}"

    def act(self, step: Step) -> Act:
        """The act as intake hands it to the law: signed, at the time of now."""
        custody = step.chain == CUSTODY
        seq, head = (self.file.seq, self.file.head) if self.file else (0, None)
        person = self.person(step.node, step.role) if step.person else None
        statement = Statement(
            type=step.event,
            case=CASE,
            chain=step.chain,
            seq=(seq + 1 if step.seq is None else step.seq) if custody else None,
            prev=step.prev or head,
            actor=Actor(step.node, person, step.role),
            occurred_at=canonical.time_text(self.now + step.occurred),
            body=step.body,
            nonce=f"{len(self.acts):016x}",
        )
        staff = record(person, roles={step.role}, kind="person") if person else None
        named = step.body.get("second_person")
        signs = bool(step.second) and isinstance(named, str) and "/person/" in named
        second = record(str(named), roles={step.second}, kind="person") if signs else None
        node = self.register.current(step.node)
        return Act(statement, canonical.digest(statement.payload()), canonical.time_text(self.now), node, staff, second)

    def do(self, step: Step) -> CaseFile:
        """Apply the act; ten minutes pass. Raises Refusal and changes nothing when the law says no."""
        act, world = self.act(step), self.world()
        self.file = self.law.apply(self.file, act, world)
        self.acts.append(act)
        self.worlds.append(world)
        self.now += timedelta(minutes=10)
        return self.file

    def leaves(self) -> list[Leaf]:
        """The acts so far as leaves, for readers that do not look at signatures."""
        return [
            Leaf(
                origin="law.test", index=index, recorded_at=act.recorded_at, epoch=1, case_seq=index + 1,
                catalogue=None, calendar=None, rules="", assigned={},
                envelope=Envelope(act.statement.payload(), (("0" * 32, b"unsigned"),)).encode(),
            )
            for index, act in enumerate(self.acts)
        ]  # fmt: skip

    def due(self) -> HubEvent | None:
        """What the law makes happen now without anybody acting: a consequence, or what time brought."""
        world, now = self.world(), canonical.time_text(self.now)
        return consequences.next_event(self.case, world, now) or timers.due_event(self.case, world, now)

    def settle(self) -> CaseFile:
        """The hub states everything that is due."""
        while event := self.due():
            self.do(stated(event))
        return self.case

    def replayed(self) -> CaseFile | None:
        """What the acts give when they are applied again from nothing, each in its own world."""
        file: CaseFile | None = None
        for act, world in zip(self.acts, self.worlds, strict=True):
            file = LAW.apply(file, act, world)
        return file

    def reach(self, row: str) -> "Bench":
        """The shortest way to where the act of ``row`` is next."""
        return self.walk(*PATHS[row])

    def walk(self, *names: str) -> "Bench":
        """The acts named, one after the other; names in ``TURNS`` change what is around instead."""
        for name in names:
            turn = TURNS.get(name)
            if turn is not None:
                turn(self)
            else:
                self.do(self.step(name))
        return self

    def reach_rest(self) -> "Bench":
        """The main path from wherever the case stands to its end."""
        for name in MAIN_PATH[self.case.case_seq :]:
            self.do(self.step(name))
        return self

    def change_item(self, change: Callable[[dict[str, Any]], None]) -> None:
        """From now on the list says something else about the item."""

        def change_it(document: dict[str, Any]) -> None:
            item = next(item for item in document["items"] if item["task_code"] == TASK)
            change(item)

        self.change_list(change_it)

    def step(self, row: str) -> Step:
        """The act that a row asks for, with nothing wrong in it."""
        return STEPS[row](self)

    @property
    def sealed(self) -> str:
        """Manifest of the newest application of the case, or of the one that is to be sealed."""
        made = self.file.sealing("application") if self.file else None
        return made.manifest if made else self.application

    @property
    def accepting(self) -> str:
        """The node whose turn it is to accept."""
        return (self.file.accepting_node if self.file else "") or DEPARTMENT

    def recipient_key(self, node: str) -> str:
        """Key id that data keys for ``node`` are wrapped to now; one of nobody when the registry has no such node."""
        found = self.register.records.get(node)
        return found.kem.id if found else "0" * 32

    def evidence(self) -> str:
        """Digest of the statement that proved delivery so far; empty before there is one."""
        parcels = self.file.parcels if self.file else ()
        return parcels[0].evidence if parcels else ""

    def wrap(self, node: str, lines: tuple[str, ...], by: str = WINDOW, sealing: str = "") -> Step:
        """A ``wrap`` of lines of the application, or of another sealing."""
        packets = [{"line": line, "rendition": "full", "digest": "0" * 64} for line in lines]
        body = {
            "manifest": sealing or self.sealed,
            "recipient": node,
            "recipient_key": self.recipient_key(node),
            "packets": packets,
        }
        return Step("wrap", by, "window", body, chain="keys", person=False)

    def addendum(self, materials: tuple[str, ...], **changes: Any) -> str:
        """The next addendum of the case, in the store; its manifest."""
        revision = len(self.case.sealings_of("addendum")) + 1
        return self.store(manifest("addendum", materials=materials, **{"revision": revision} | changes))

    def change_list(self, change: Callable[[dict[str, Any]], None]) -> None:
        """From now on there is another list."""
        self.catalogue = catalogue(change)

    def event(self, level: int, status: str = "DELIVERED", parcel: str = "P1") -> Step:
        """A tracking event with a level of proof."""
        body = {"parcel": parcel, "status": status, "proof_level": level}
        return Step("parcel_event", GATEWAY, "gateway", body, chain="tracking", person=False)

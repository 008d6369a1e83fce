"""A case on the table: the law applied to acts built by hand, without keys, store or server.

``Bench`` keeps a case file and the facts around it; ``step(row)`` is the act that the row asks for and ``reach(row)``
walks the main path up to the point where that act is next.
"""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from crypto import canonical
from crypto.manifest import Line, Manifest, Page
from crypto.records import Grant, KeyRecord, PublicKey
from crypto.refusal import Refusal
from crypto.sealing import Part
from crypto.statement import CUSTODY, Actor, Statement
from deploy.calendar_seed import DEMO_YEARS, seed_calendar
from hub.casework.calendar import WorkCalendar
from hub.casework.casefile import CaseFile
from hub.casework.catalogue import Catalogue, load_catalogue
from hub.casework.context import Act, Pinned, World
from hub.casework.law import Law
from hub.casework.numbers import public_number
from hub.casework.table import LAW

TASK = "11360102900001025R4000131012001"
SUSPENDED_TASK = "1136070290000712834000123009001"
REGION = "360102000000"
WINDOW = "spiffe://yidi.test/500116000000/chongqing-jiangjin-hall"
OTHER_WINDOW = "spiffe://yidi.test/360102000000/jiangxi-donghu-hall"
DEPARTMENT = "spiffe://yidi.test/360102000000/jiangxi-donghu-scj"
OTHER_DEPARTMENT = "spiffe://yidi.test/360403000000/jiangxi-xunyang-scj"
GATEWAY = "spiffe://yidi.test/360000000000/ems-gateway"
OTHER_GATEWAY = "spiffe://yidi.test/360000000000/sf-gateway"
RECOVERY = "spiffe://yidi.test/500000000000/recovery-key"
OTHER_RECOVERY = "spiffe://yidi.test/360000000000/recovery-key"
HUB = "spiffe://yidi.test/360000000000/hub"
CASE = "c0" * 16
PREFIX = 10017
START = datetime(2026, 3, 2, 9, 30, tzinfo=canonical.CHINA)
CALENDAR = WorkCalendar.from_document(seed_calendar(DEMO_YEARS))
MAIN_PATH = ("T05", "W1", "T08", "T10", "T14", "T31", "T33", "W1:gateway", "D4", "D4W", "D5E", "T34")
BEFORE: dict[str, int] = {name: place for place, name in enumerate(MAIN_PATH)} | {"H02": 4, "T35": 5}
_DOCUMENT = json.loads((Path(__file__).resolve().parents[2] / "deploy/demo/catalogue.json").read_text())
_ROLES = {
    WINDOW: {"window"},
    OTHER_WINDOW: {"window"},
    DEPARTMENT: {"department"},
    OTHER_DEPARTMENT: {"department"},
    GATEWAY: {"gateway"},
    OTHER_GATEWAY: {"gateway"},
    RECOVERY: {"recovery"},
    OTHER_RECOVERY: {"recovery"},
    HUB: {"hub"},
}


def catalogue(change: Callable[[dict[str, Any]], None] | None = None) -> Catalogue:
    """The demonstration's list, or one changed in place by ``change``."""
    document = copy.deepcopy(_DOCUMENT)
    for item in document["items"]:
        item["effective_from"] = "2026-01-01"
    if change is not None:
        change(document)
    return load_catalogue(document)


CATALOGUE = catalogue()


def record(subject: str, *, roles: set[str], kind: str = "node", key: bytes = b"\x09") -> KeyRecord:
    """A key record as the registry would give it."""
    node = subject.split("/person/")[0]
    kem = {"kem": PublicKey("X25519", key * 32)} if kind == "node" else {}
    return KeyRecord(
        digest=canonical.digest(subject.encode()),
        epoch=1,
        subject=subject,
        kind=kind,
        node=node,
        roles=frozenset(roles),
        region=node.split("/")[3],
        title="",
        public_prefix=PREFIX if node == WINDOW and kind == "node" else None,
        keys={"sign": PublicKey("ECDSA_P256_SHA256", canonical.digest(subject.encode()).encode()), **kem},
        replaces=None,
    )


@dataclass
class Register:
    """The registry at one position, as the law asks it."""

    records: dict[str, KeyRecord] = field(
        default_factory=lambda: {subject: record(subject, roles=roles) for subject, roles in _ROLES.items()}
    )
    grants: list[Grant] = field(default_factory=list)

    def current(self, subject: str) -> KeyRecord:
        """The record. Refusal SUBJECT_UNKNOWN."""
        if subject not in self.records:
            raise Refusal("SUBJECT_UNKNOWN", "H08", subject=subject)
        return self.records[subject]

    def grant(self, grant_id: str) -> Grant | None:
        """The grant with this id, or None."""
        return next((grant for grant in self.grants if grant.grant_id == grant_id), None)

    def nodes(self, role: str) -> list[KeyRecord]:
        """Nodes with a role."""
        return [found for found in self.records.values() if role in found.roles]


def grant(kind: str, person: str, name: str) -> Grant:
    """A grant of the department for this item, valid through 2026."""
    return Grant("0" * 64, 1, name, kind, DEPARTMENT, person, frozenset({TASK}), "2026-01-01", "2026-12-31", "0" * 64)


ALL_LINES = (*(material.code for material in CATALOGUE.item(TASK).materials if material.key), "ADDRESS")


def manifest(kind: str, *, case: str = CASE, materials: tuple[str, ...] | None = None, **changes: Any) -> Manifest:
    """A sealing's manifest; an application has every key material and the address."""
    if materials is None:
        materials = ALL_LINES if kind == "application" else ("R01",)
    lines = tuple(Line(code, code, "SUBMIT", "B", "SEEN_RETURNED", (Page(1, ()),)) for code in materials)
    made = Manifest(
        case, 1, kind, TASK, CATALOGUE.version, f"{case}/{kind}", 1, "0" * 64, 1, (Part(1, "0" * 32, "0" * 64),), lines
    )
    return replace(made, **changes)


@dataclass(frozen=True)
class Step:
    """An act before it is signed: what, by whom, in which role, on which chain."""

    event: str
    node: str
    role: str
    body: dict[str, Any]
    chain: str = CUSTODY
    person: bool = True
    occurred: timedelta = timedelta()
    seq: int | None = None
    prev: str | None = None

    def saying(self, **changes: Any) -> "Step":
        """The same act with other members; None leaves a member out."""
        body = {name: value for name, value in (self.body | changes).items() if value is not None}
        return replace(self, body=body)


class Bench:
    """One case and its surroundings. ``law`` may be one with a rule taken out."""

    def __init__(self, law: Law = LAW, start: datetime = START) -> None:
        self.law = law
        self.now = start
        self.file: CaseFile | None = None
        self.register = Register()
        self.catalogue = CATALOGUE
        self.acts: list[Act] = []
        self.objects: dict[str, Pinned] = {}
        self.application = self.store(manifest("application"))
        self.result = self.store(manifest("result"))
        for kind, role in (("DECIDE", "DECIDER"), ("SEAL_USE", "ISSUER")):
            self.register.grants.append(grant(kind, self.person(DEPARTMENT, role), f"G-{kind}"))

    @property
    def case(self) -> CaseFile:
        """The case file; there must be one."""
        assert self.file is not None
        return self.file

    def world(self) -> World:
        """The facts as they are now."""
        return World(self.register, self.catalogue, CALENDAR, HUB, 1, self.objects.get, lambda version: self.catalogue)

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
        node = self.register.current(step.node)
        return Act(statement, canonical.digest(statement.payload()), canonical.time_text(self.now), node, staff)

    def do(self, step: Step) -> CaseFile:
        """Apply the act; ten minutes pass. Raises Refusal and changes nothing when the law says no."""
        act = self.act(step)
        self.file = self.law.apply(self.file, act, self.world())
        self.acts.append(act)
        self.now += timedelta(minutes=10)
        return self.file

    def reach(self, row: str) -> "Bench":
        """The main path up to where the act of ``row`` is next."""
        for name in MAIN_PATH[: BEFORE[row]]:
            self.do(self.step(name))
        return self

    def reach_rest(self) -> "Bench":
        """The main path from wherever the case stands to its end."""
        for name in MAIN_PATH[self.case.case_seq :]:
            self.do(self.step(name))
        return self

    def change_item(self, change: Callable[[dict[str, Any]], None]) -> None:
        """From now on the list says something else about the item."""
        self.catalogue = catalogue(
            lambda document: change(next(item for item in document["items"] if item["task_code"] == TASK))
        )

    def step(self, row: str) -> Step:
        """The act that a row asks for, with nothing wrong in it."""
        return _STEPS[row](self)

    def recipient_key(self, node: str) -> str:
        """Key id that data keys for ``node`` are wrapped to now."""
        return self.register.current(node).kem.id

    def evidence(self) -> str:
        """Digest of the statement that proved delivery so far; empty before there is one."""
        parcels = self.file.parcels if self.file else ()
        return parcels[0].evidence if parcels else ""

    def wrap(self, node: str, lines: tuple[str, ...], by: str = WINDOW) -> Step:
        """A ``wrap`` of lines of the application."""
        packets = [{"line": line, "rendition": "full", "digest": "0" * 64} for line in lines]
        body = {
            "manifest": self.application,
            "recipient": node,
            "recipient_key": self.recipient_key(node),
            "packets": packets,
        }
        return Step("wrap", by, "window", body, chain="keys", person=False)

    def event(self, level: int, status: str = "DELIVERED", parcel: str = "P1") -> Step:
        """A tracking event with a level of proof."""
        body = {"parcel": parcel, "status": status, "proof_level": level}
        return Step("parcel_event", GATEWAY, "gateway", body, chain="tracking", person=False)


def _seal(bench: Bench) -> Step:
    body = {
        "task_code": TASK,
        "region": REGION,
        "catalogue": CATALOGUE.version,
        "manifest": bench.application,
        "public_no": public_number(PREFIX, 1),
        "applicant_key": {"suite": "X25519", "public": "CQ" * 21 + "k="},
        "delivery": "POST",
        "no_classified": True,
        "applicant_signed": True,
        "privacy_notice": True,
    }
    return Step("seal", WINDOW, "COLLECTOR", body)


def _department(event: str, role: str, **body: Any) -> Step:
    return Step(event, DEPARTMENT, role, body)


def _hub(event: str, **body: Any) -> Step:
    return Step(event, HUB, "hub", body, person=False)


_STEPS: dict[str, Callable[[Bench], Step]] = {
    "T05": _seal,
    "W1": lambda bench: bench.wrap(DEPARTMENT, ALL_LINES),
    "T08": lambda bench: _hub("route", accepting_node=DEPARTMENT, queue="inbound"),
    "T10": lambda bench: replace(_department("delivered", "department", manifest=bench.application), person=False),
    "T14": lambda bench: _department("accept", "ACCEPTOR"),
    "T31": lambda bench: _department("decide", "DECIDER", outcome="GRANT", grant="G-DECIDE"),
    "T33": lambda bench: _department("issue", "ISSUER", manifest=bench.result, grant="G-SEAL_USE"),
    "W1:gateway": lambda bench: bench.wrap(GATEWAY, ("ADDRESS",)),
    "D4": lambda bench: _department("post", "ISSUER", parcel="P1", gateway=GATEWAY),
    "D4W": lambda bench: Step(
        "waybill", GATEWAY, "gateway", {"parcel": "P1", "carrier": "EMS", "waybill_no": "EA123456785CN"},
        chain="tracking", person=False,
    ),
    "D5E": lambda bench: bench.event(2),
    "T34": lambda bench: _hub("delivered_proven", parcel="P1", proof_level=2, evidence=bench.evidence()),
    "T35": lambda bench: Step("withdraw", WINDOW, "COLLECTOR", {"identity_checked": True, "paper": "0" * 64}),
    "H02": lambda bench: Step(
        "open_document", DEPARTMENT, "REVIEWER", {"manifest": bench.application, "purpose": "ACCEPT_REVIEW"},
        chain="access",
    ),
}  # fmt: skip

"""Who and what there is around a case on the table: nodes, register, list, sealings, acts before they are signed."""

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
from crypto.sharing import Sharing
from crypto.statement import CUSTODY
from deploy.calendar_seed import DEMO_YEARS, seed_calendar
from hub.casework.catalogue.model import Catalogue, load_catalogue
from hub.casework.time.calendar import WorkCalendar

TASK = "11360102900001025R4000131012001"
SUSPENDED_TASK = "1136070290000712834000123009001"
REGION = "360102000000"
WINDOW = "spiffe://yidi.test/500116000000/chongqing-jiangjin-hall"
OTHER_WINDOW = "spiffe://yidi.test/360102000000/jiangxi-donghu-hall"
DEPARTMENT = "spiffe://yidi.test/360102000000/jiangxi-donghu-scj"
OTHER_DEPARTMENT = "spiffe://yidi.test/360403000000/jiangxi-xunyang-scj"
THIRD_DEPARTMENT = "spiffe://yidi.test/360702000000/jiangxi-zhanggong-sbj"
HIGHER_DEPARTMENT = "spiffe://yidi.test/360000000000/jiangxi-scj"
COORDINATOR = "spiffe://yidi.test/360100000000/nanchang-zwfwb"
OTHER_COORDINATOR = "spiffe://yidi.test/500000000000/chongqing-zwfwb"
FAR_AUDITOR = "spiffe://yidi.test/110000000000/beijing-dzjc"
AUDITOR = "spiffe://yidi.test/360000000000/jiangxi-dzjc"
GATEWAY = "spiffe://yidi.test/360000000000/ems-gateway"
OTHER_GATEWAY = "spiffe://yidi.test/360000000000/sf-gateway"
RECOVERY = "spiffe://yidi.test/500000000000/recovery-key"
OTHER_RECOVERY = "spiffe://yidi.test/360000000000/recovery-key"
HUB = "spiffe://yidi.test/360000000000/hub"
CASE = "c0" * 16
PREFIX = 10017
START = datetime(2026, 3, 2, 9, 30, tzinfo=canonical.CHINA)
CALENDAR = WorkCalendar.from_document(seed_calendar(DEMO_YEARS))
_DOCUMENT = json.loads((Path(__file__).resolve().parents[3] / "deploy/demo/catalogue.json").read_text())
_ROLES = {
    WINDOW: {"window"},
    OTHER_WINDOW: {"window"},
    DEPARTMENT: {"department"},
    OTHER_DEPARTMENT: {"department"},
    THIRD_DEPARTMENT: {"department"},
    HIGHER_DEPARTMENT: {"department"},
    COORDINATOR: {"coordinator"},
    OTHER_COORDINATOR: {"coordinator"},
    FAR_AUDITOR: {"auditor"},
    AUDITOR: {"auditor"},
    GATEWAY: {"gateway"},
    OTHER_GATEWAY: {"gateway"},
    RECOVERY: {"recovery"},
    OTHER_RECOVERY: {"recovery"},
    HUB: {"hub"},
}


def catalogue(change: Callable[[dict[str, Any]], None] | None = None) -> Catalogue:
    """The demonstration's list with a queue of the department above (T30), or one changed in place by ``change``."""
    document = copy.deepcopy(_DOCUMENT)
    above = {"region": "360000000000", "task_code": SUSPENDED_TASK, "node": "jiangxi-scj", "queue": "inbound"}
    document["queues"].append({**above, "liaison": "0791-0000000"})
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
    sharings: dict[str, Sharing] = field(default_factory=dict)
    shares: set[tuple[str, str]] = field(default_factory=set)

    def shared(self, name: str, node: str) -> bool:
        """Whether the node was given this secret."""
        return (name, node) in self.shares

    def current(self, subject: str) -> KeyRecord:
        """The record. Refusal SUBJECT_UNKNOWN."""
        if subject not in self.records:
            raise Refusal("SUBJECT_UNKNOWN", "H08", subject=subject)
        return self.records[subject]

    def grant(self, grant_id: str) -> Grant | None:
        """The grant with this id, or None."""
        return next((grant for grant in self.grants if grant.grant_id == grant_id), None)

    def sharing(self, sharing_id: str) -> Sharing | None:
        """The data-sharing authorisation with this id, or None."""
        return self.sharings.get(sharing_id)

    def copied(self) -> "Register":
        """As it is now, for a world that an act is judged in again later."""
        return Register(dict(self.records), list(self.grants), shares=set(self.shares), sharings=dict(self.sharings))

    def grants_of(self, kind: str, node: str, task_code: str, date: str) -> list[Grant]:
        """All grants of this kind that staff of the node have for the item on that day."""
        return [one for one in self.grants if one.node == node and one.covers(kind, one.person, task_code, date)]

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
    """An act before it is signed: what, by whom, in which role, on which chain.

    ``second``: role in which the person named in the body as ``second_person`` signs too; empty: nobody does.
    """

    event: str
    node: str
    role: str
    body: dict[str, Any]
    chain: str = CUSTODY
    person: bool = True
    second: str = ""
    occurred: timedelta = timedelta()
    seq: int | None = None
    prev: str | None = None

    def saying(self, **changes: Any) -> "Step":
        """The same act with other members; None leaves a member out."""
        body = {name: value for name, value in (self.body | changes).items() if value is not None}
        return replace(self, body=body)

"""A small founded world in a real database, and the hands of its people: for integration tests and the bench.

Invariants:
- every key is real and made anew for each world; statements go the way that submissions go (``intake.examine``, then
  ``Sequencer.place``); only ``pin`` writes rows itself, where a test is not about objects;
- catalogue and calendar are those of the demo; all persons are staff codes.
"""

import io
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crypto import canonical, identity, kem
from crypto import manifest as manifests
from crypto.kem import KemPrivate
from crypto.keystore import SoftwareSigner, new_signer
from crypto.manifest import LineFacts
from crypto.records import KeyRecord, PublicKey, read_key_record
from crypto.refusal import Refusal
from crypto.sealing import PART_SIZE, Context, KeyPacket, Sealer, new_data_key, wrap_keys
from crypto.statement import CUSTODY, REGISTRY, Actor, Envelope, Statement, sign
from hub.casework import numbers
from hub.casework.casefile import CaseFile, from_document
from hub.services.batch import Outcome, Placed
from hub.services.clock import Clock
from hub.services.intake import Ready, Submission, examine
from hub.services.receipts import make_receipt
from hub.services.registry import RegistryService
from hub.services.sequencer import Sequencer
from storage.database import Database
from storage.log_rows import LeafRow
from storage.object_rows import PinnedRow

DOMAIN = "yidi.test"
ORIGIN = "log.yidi.test"
DEMO = Path(__file__).resolve().parents[2] / "deploy" / "demo"
ITEM = "11360102900001025R4000131012001"
REGION = "360102000000"
WINDOW, OTHER_WINDOW = "chongqing-jiangjin-hall", "jiangxi-donghu-hall"
DEPARTMENT, OTHER_DEPARTMENT = "jiangxi-donghu-scj", "jiangxi-xunyang-scj"
GATEWAY, RECOVERY, HUB, REGISTRAR, AUDITOR = "gateway", "recovery", "hub", "registrar", "auditor"
NODES = {
    REGISTRAR: ("500000000000", "registrar"),
    HUB: ("500000000000", "hub"),
    WINDOW: ("500116000000", "window"),
    OTHER_WINDOW: (REGION, "window"),
    DEPARTMENT: (REGION, "department"),
    OTHER_DEPARTMENT: ("360403000000", "department"),
    GATEWAY: ("500000000000", "gateway"),
    RECOVERY: ("500000000000", "recovery"),
    AUDITOR: (REGION, "auditor"),
}
PREFIXES = {WINDOW: 31001, OTHER_WINDOW: 31002}
STAFF = {
    WINDOW: {"W01": "COLLECTOR", "W02": "COLLECTOR"},
    OTHER_WINDOW: {"W11": "COLLECTOR"},
    DEPARTMENT: {"D01": "ACCEPTOR", "D02": "DECIDER", "D03": "ISSUER", "D04": "HEAD", "D05": "ACCEPTOR"},
    OTHER_DEPARTMENT: {"X01": "ACCEPTOR", "X02": "DECIDER", "X03": "ISSUER", "X04": "HEAD"},
}
KEY_LINES = ("M01", "M02", "M03", "M04", "M06", "M07")


def now() -> str:
    """The declared time of an act made now."""
    return canonical.time_text(datetime.now(UTC))


@dataclass
class Member:
    """A node or a person with its private keys. ``record``: digest of its last registration."""

    subject: str
    node: str
    roles: tuple[str, ...]
    region: str
    sign: SoftwareSigner
    tls: SoftwareSigner | None = None
    kem: KemPrivate | None = None
    witness: SoftwareSigner | None = None
    prefix: int | None = None
    record: str | None = None

    def body(self) -> dict[str, object]:
        """The ``key.register`` body for the keys as they are now."""
        keys = {"sign": PublicKey(self.sign.suite, self.sign.public)}
        for purpose in ("tls", "kem", "witness"):
            held = getattr(self, purpose)
            if held is not None:
                keys[purpose] = PublicKey(held.suite, held.public)
        return {
            "subject": self.subject,
            "kind": "node" if self.subject == self.node else "person",
            "node": self.node,
            "roles": list(self.roles),
            "region": self.region,
            "title": "试验节点",
            "public_prefix": self.prefix,
            "keys": {purpose: key.as_object() for purpose, key in keys.items()},
            "replaces": self.record,
        }


@dataclass(frozen=True)
class Sealed:
    """A sealing made in memory: manifest bytes, ciphertext, data keys by (line, rendition)."""

    manifest: bytes
    ciphertext: bytes
    keys: Mapping[tuple[str, str], bytes]

    @property
    def digest(self) -> str:
        """What ``seal``, ``wrap`` and ``issue`` name."""
        return canonical.digest(self.manifest)

    @property
    def parsed(self) -> manifests.Manifest:
        """The manifest as a value."""
        return manifests.read(self.manifest)


def seal_pages(
    case: str,
    *,
    kind: str = "application",
    revision: int = 1,
    materials: Sequence[str] = (*KEY_LINES, "ADDRESS"),
    page: bytes = b"page",
    task_code: str = ITEM,
    object_key: str = "",
) -> Sealed:
    """One page a line, sealed. Line names are the material codes."""
    out = io.BytesIO()
    sealer = Sealer(out)
    keys = {}
    for material in materials:
        keys[material, "full"] = new_data_key()
        sealer.add(keys[material, "full"], Context(case, revision, material, 1, "full"), io.BytesIO(page))
    made = manifests.build(
        sealer.finish(),
        [LineFacts(material, material, "SUBMIT", "B", "SEEN_RETURNED") for material in materials],
        {(material, 1, "full"): "image/jpeg" for material in materials},
        case=case,
        revision=revision,
        kind=kind,
        task_code=task_code,
        catalogue=catalogue_version(),
        object_key=object_key or f"cases/{case}/{revision}/{secrets.token_hex(16)}",
        part_size=PART_SIZE,
    )
    return Sealed(made.encode(), out.getvalue(), keys)


def catalogue_version() -> str:
    """Version of the demo's catalogue."""
    return str(json.loads((DEMO / "catalogue.json").read_text())["version"])


class World:
    """A founded region. ``sequencer`` is a hub process of its own; ``hub_process`` makes a further one.

    ``clock``: what hub and people take for the time; the machine's, unless a test hands in another one.
    """

    def __init__(self, url: str, clock: Clock = now) -> None:
        self.clock = clock
        self.database = Database(url)
        self.database.migrate()
        with self.database.unit() as unit:
            unit.log.found(ORIGIN)
            unit.commit()
        self.members: dict[str, Member] = {}
        self._counter = 0
        for name, (region, role) in NODES.items():
            self.members[name] = self._new_node(name, region, role)
            for code, person_role in STAFF.get(name, {}).items():
                self.members[code] = self._new_person(self.members[name], code, person_role)
        self.registrar = new_signer()  # pinned; the registrar's node has keys of its own
        self.registrar_keys = (PublicKey(self.registrar.suite, self.registrar.public),)
        self.hub = self.members[HUB].subject
        self.registry, self.sequencer = self.hub_process()
        self._found()

    def close(self) -> None:
        """Close the connections."""
        self.database.dispose()

    def hub_process(self) -> tuple[RegistryService, Sequencer]:
        """Another hub on the same database: its own directory and its own narrow place."""
        registry = RegistryService(self.database, self.registrar_keys)
        registry.refresh()
        return registry, Sequencer(self.database, registry, self.members[HUB].sign, self.hub, self.clock)

    # --- founding --------------------------------------------------------------------------------------------

    def _found(self) -> None:
        for outcome in self.place([self.registration(member) for member in self.members.values()]):
            assert isinstance(outcome, Placed), outcome
        self.publish("catalogue", (DEMO / "catalogue.json").read_bytes())
        self.publish("calendar", (DEMO / "calendar.json").read_bytes())
        self.grants = {kind: self.grant(kind, code) for kind, code in (("DECIDE", "D02"), ("SEAL_USE", "D03"))}

    def _new_node(self, name: str, region: str, role: str) -> Member:
        node = identity.node_id(DOMAIN, region, name)
        witness = new_signer("ED25519") if role == "auditor" else None
        return Member(
            node, node, (role,), region, new_signer(), new_signer(), kem.generate_kem(), witness, PREFIXES.get(name)
        )

    def _new_person(self, node: Member, code: str, role: str) -> Member:
        return Member(identity.person_id(node.node, code), node.node, (role,), node.region, new_signer())

    def record(self, name: str) -> KeyRecord:
        """The valid key record of a member, as a caller has it."""
        return self.registry.refresh().current(self.members[name].subject)

    def registrar_statement(self, kind: str, body: Mapping[str, object], node: str = "") -> Statement:
        """A registry statement in the registrar's name, or in that of ``node``."""
        actor = Actor(node or self.members[REGISTRAR].node, None, "registrar")
        return Statement(kind, None, REGISTRY, None, None, actor, self.clock(), body)

    def registration(self, member: Member) -> Ready:
        """A ``key.register`` that registrar and subject signed."""
        statement = self.registrar_statement("key.register", member.body(), member.node)
        envelope = sign(statement.payload(), [member.sign, self.registrar])
        member.record = envelope.digest
        return examine(Submission(envelope.encode()), self._registrar_caller(), self.registry.directory)

    def _registrar_caller(self) -> KeyRecord:
        return read_key_record("", 0, self.members[REGISTRAR].body())

    def publish(self, kind: str, document: bytes) -> Outcome:
        """Publish catalogue or calendar bytes; asserts that it was taken."""
        value = json.loads(document)
        data = canonical.encode(value)
        version, start = value["version"], value.get("effective_from", "2026-11-01")
        body = {"version": version, "document": canonical.digest(data), "effective_from": start}
        return self._by_registrar(f"{kind}.publish", body, (data,))

    def revoke(self, name: str) -> Outcome:
        """Revoke the keys of a member."""
        return self._by_registrar("key.revoke", {"subject": self.members[name].subject, "reason": "lost"})

    def register_again(self, name: str) -> Outcome:
        """New keys for a member whose keys were revoked or are to be replaced."""
        member = self.members[name]
        member.sign, member.tls, member.kem = new_signer(), new_signer(), kem.generate_kem()
        return self._one(self.registration(member))

    def enrol(self, name: str, region: str, role: str, **staff: str) -> Member:
        """A further node with its staff (code: role)."""
        node = self.members[name] = self._new_node(name, region, role)
        self._one(self.registration(node))
        for code, person_role in staff.items():
            self.members[code] = self._new_person(node, code, person_role)
            self._one(self.registration(self.members[code]))
        return node

    def _by_registrar(self, kind: str, body: Mapping[str, object], attachments: tuple[bytes, ...] = ()) -> Outcome:
        envelope = sign(self.registrar_statement(kind, body).payload(), [self.registrar])
        submission = Submission(envelope.encode(), attachments)
        return self._one(examine(submission, self._registrar_caller(), self.registry.directory))

    def _one(self, ready: Ready) -> Outcome:
        outcome = self.place([ready])[0]
        assert isinstance(outcome, Placed), outcome
        return outcome

    def grant(self, kind: str, code: str, department: str = DEPARTMENT, by: str = "D04") -> str:
        """The head of a department gives a grant for all items; its id."""
        head, node = self.members[by], self.members[department]
        grant_id = f"{kind}-{secrets.token_hex(4)}"
        body = {
            "grant_id": grant_id,
            "kind": kind,
            "node": node.node,
            "person": self.members[code].subject,
            "items": ["*"],
            "valid_from": "2026-01-01",
            "valid_to": "2099-12-31",
            "document": canonical.digest(grant_id.encode()),
        }
        actor = Actor(node.node, head.subject, "HEAD")
        statement = Statement("grant.issue", None, REGISTRY, None, None, actor, self.clock(), body)
        envelope = sign(statement.payload(), [head.sign, node.sign])
        self._one(self.examined(department, Submission(envelope.encode())))
        return grant_id

    # --- the way in ------------------------------------------------------------------------------------------

    def examined(self, caller: str, submission: Submission) -> Ready:
        """What the hub makes of a submission before the narrow place. Raises the refusal."""
        return examine(submission, self.record(caller), self.registry.directory)

    def place(self, items: Sequence[Ready], sequencer: Sequencer | None = None) -> list[Outcome]:
        """Outcomes of one batch."""
        return (sequencer or self.sequencer).place(list(items))

    def receipt(self, outcome: Outcome) -> bytes:
        """Bytes of the receipt for a placed statement."""
        assert isinstance(outcome, Placed), outcome
        signer = self.members[HUB].sign
        return make_receipt(signer, outcome.leaf, outcome.payload_digest, outcome.objects).encode()

    def public_number(self, name: str = WINDOW) -> str:
        """The next public number of a window's journal."""
        self._counter += 1
        return numbers.public_number(PREFIXES[name], self._counter)

    def open(self) -> "CaseWork":
        """A new case of the demo's item at the window: sealed and pinned, nothing submitted yet."""
        work = self.unpinned()
        self.pin(work.application)
        return work

    def unpinned(self, page: bytes = b"page") -> "CaseWork":
        """A new case whose sealing is not in the store yet; ``page``: bytes of each of its seven pages."""
        case = secrets.token_hex(16)
        return CaseWork(self, case, seal_pages(case, page=page))

    def sealing(self, case: str, **changes: Any) -> Sealed:
        """A further sealing of a case, as ``seal_pages``."""
        return seal_pages(case, **changes)

    def pin(self, sealed: Sealed, node: str = WINDOW, version: str = "") -> PinnedRow:
        """Rows of a completed upload, without a store."""
        made = sealed.parsed
        row = PinnedRow(
            sealed.digest,
            self.members[node].subject,
            made.case,
            made.object_key,
            version or f"version-{secrets.token_hex(8)}",
            made.size,
            f"{secrets.token_hex(16)}-1",
        )
        with self.database.unit() as unit:
            unit.objects.keep_document(sealed.digest, "manifest", sealed.manifest)
            unit.objects.pin(row)
            unit.commit()
        return row

    # --- what stands in the database -------------------------------------------------------------------------

    def rows(self) -> list[LeafRow]:
        """All leaves in order."""
        with self.database.unit() as unit:
            return unit.log.range(0, unit.log.head().size)

    def size(self) -> int:
        """Leaves sequenced so far."""
        with self.database.unit() as unit:
            return unit.log.head().size

    def file(self, case: str) -> CaseFile | None:
        """The case as projected, or None."""
        with self.database.unit() as unit:
            row = unit.cases.find(case)
        return from_document(json.loads(row.document)) if row else None


@dataclass
class CaseWork:
    """One case and the acts of the people who work on it. Each act is a signed ``Submission``, not yet sent.

    ``head``: (seq, digest) that custody acts are made on; None asks the database each time.
    """

    world: World
    case: str
    application: Sealed
    head: tuple[int, str | None] | None = None
    result: Sealed | None = None
    parcel: str = field(default_factory=lambda: f"P{secrets.token_hex(8)}")
    public_no: str = ""

    def known_head(self) -> tuple[int, str | None]:
        """The head that the next act names."""
        if self.head is not None:
            return self.head
        file = self.world.file(self.case)
        return (file.seq, file.head) if file else (0, None)

    def act(
        self,
        event: str,
        body: Mapping[str, object],
        node: str,
        person: str | None = None,
        *,
        role: str = "",
        chain: str = CUSTODY,
        signers: Sequence[str] | None = None,
        **changes: object,
    ) -> Envelope:
        """A signed statement. ``changes`` replace members of the statement (seq, prev, occurred_at, case)."""
        world = self.world
        seq, digest = self.known_head()
        speaker = world.members[person or node]
        members: dict[str, object] = {
            "type": event,
            "case": self.case,
            "chain": chain,
            "seq": seq + 1 if chain == CUSTODY else None,
            "prev": digest,
            "actor": Actor(world.members[node].subject, speaker.subject if person else None, role or speaker.roles[0]),
            "occurred_at": world.clock(),
            "body": body,
        } | changes
        statement = Statement(**members)  # type: ignore[arg-type]  # names and types are those of Statement
        names = signers if signers is not None else [name for name in (person, node) if name]
        return sign(statement.payload(), [world.members[name].sign for name in names])

    def place(self, submission: Submission, caller: str) -> Outcome:
        """The outcome of a submission that ``caller`` sends alone; a refusal of the intake is an outcome too."""
        try:
            return self.world.place([self.world.examined(caller, submission)])[0]
        except Refusal as refusal:
            return refusal

    # --- the acts of the main path ---------------------------------------------------------------------------

    def seal_body(self) -> dict[str, object]:
        """What the window states in ``seal``."""
        self.public_no = self.public_no or self.world.public_number()
        key = kem.generate_kem(kem.X25519)
        return {
            "task_code": ITEM,
            "region": REGION,
            "catalogue": catalogue_version(),
            "manifest": self.application.digest,
            "public_no": self.public_no,
            "no_classified": True,
            "applicant_signed": True,
            "privacy_notice": True,
            "applicant_key": PublicKey(key.suite, key.public).as_object(),
            "delivery": "POST",
        }

    def seal(self, **changes: object) -> Submission:
        """T05 by the collector W01; ``changes`` replace members of the body."""
        envelope = self.act("seal", self.seal_body() | changes, WINDOW, "W01")
        return Submission(envelope.encode(), (self.application.manifest,))

    def packets(self, sealed: Sealed, recipient: str, lines: Sequence[str] = ()) -> tuple[KeyPacket, ...]:
        """Packets of a sealing (of some lines) for the recipient's keys as they are now."""
        member = self.world.members[recipient]
        assert member.kem is not None
        keys = {name: key for name, key in sealed.keys.items() if not lines or name[0] in lines}
        revision = sealed.parsed.revision
        return wrap_keys(self.case, revision, keys, member.subject, member.kem.suite, member.kem.public)

    def wrap(
        self,
        recipient: str,
        by: str = WINDOW,
        sealed: Sealed | None = None,
        lines: Sequence[str] = (),
        packets: tuple[KeyPacket, ...] = (),
    ) -> Submission:
        """W1: a node-signed wrap of a sealing's keys to one recipient. ``packets``: made before."""
        of = sealed or self.application
        if not packets:
            packets = self.packets(of, recipient, lines or (("ADDRESS",) if recipient == GATEWAY else ()))
        body = {
            "manifest": of.digest,
            "recipient": packets[0].recipient,
            "recipient_key": packets[0].recipient_key,
            "packets": [{"line": one.line, "rendition": one.rendition, "digest": one.digest} for one in packets],
        }
        return Submission(self.act("wrap", body, by, chain="keys").encode(), (), packets)

    def delivered(self) -> Submission:
        """T10 by the department's machine."""
        body = {"manifest": self.application.digest}
        return Submission(self.act("delivered", body, DEPARTMENT).encode())

    def open_document(self, purpose: str = "ACCEPT_REVIEW") -> Submission:
        """H02 by the acceptor D01."""
        body = {"manifest": self.application.digest, "purpose": purpose}
        return Submission(self.act("open_document", body, DEPARTMENT, "D01", chain="access").encode())

    def accept(self, person: str = "D01") -> Submission:
        """T14."""
        return Submission(self.act("accept", {}, DEPARTMENT, person).encode())

    def decide(self) -> Submission:
        """T31 by the decider D02."""
        body = {"outcome": "GRANT", "grant": self.world.grants["DECIDE"]}
        return Submission(self.act("decide", body, DEPARTMENT, "D02").encode())

    def issue(self) -> Submission:
        """T33 by the issuer D03; makes and pins the result where there is none yet."""
        if self.result is None:
            self.result = seal_pages(self.case, kind="result", revision=2, materials=("RESULT",))
            self.world.pin(self.result, DEPARTMENT)
        body = {"manifest": self.result.digest, "grant": self.world.grants["SEAL_USE"]}
        return Submission(self.act("issue", body, DEPARTMENT, "D03").encode(), (self.result.manifest,))

    def post(self) -> Submission:
        """D4 by the issuer D03."""
        body = {"parcel": self.parcel, "gateway": self.world.members[GATEWAY].subject}
        return Submission(self.act("post", body, DEPARTMENT, "D03").encode())

    def waybill(self) -> Submission:
        """D4 by the gateway."""
        body = {"parcel": self.parcel, "carrier": "simulator", "waybill_no": f"W{self.parcel}"}
        return Submission(self.act("waybill", body, GATEWAY, chain="tracking").encode())

    def tracked(self, status: str = "DELIVERED", level: int = 2) -> Submission:
        """D5 by the gateway: status and best proof so far."""
        body = {"parcel": self.parcel, "status": status, "proof_level": level}
        return Submission(self.act("parcel_event", body, GATEWAY, chain="tracking").encode())

    def withdraw(self, person: str = "W01") -> Submission:
        """T35 by the collecting window."""
        body = {"identity_checked": True, "paper": canonical.digest(b"paper")}
        return Submission(self.act("withdraw", body, WINDOW, person).encode())

    # --- stretches of the path -------------------------------------------------------------------------------

    def do(self, submission: Submission, caller: str) -> Placed:
        """Place one act that must be taken."""
        outcome = self.place(submission, caller)
        assert isinstance(outcome, Placed), outcome
        return outcome

    def to_forwarded(self) -> "CaseWork":
        """Seal and wrap to window, recovery, gateway and department: the hub routes after the last."""
        self.do(self.seal(), WINDOW)
        for recipient in (WINDOW, RECOVERY, GATEWAY, DEPARTMENT):
            self.do(self.wrap(recipient), WINDOW)
        return self

    def to_pending(self) -> "CaseWork":
        """Forwarded and countersigned by the department."""
        self.to_forwarded().do(self.delivered(), DEPARTMENT)
        return self

    def to_closed(self) -> "CaseWork":
        """The whole main path."""
        return self.to_pending().to_closed_from_pending()

    def to_closed_from_pending(self) -> "CaseWork":
        """The rest of the main path."""
        self.do(self.open_document(), DEPARTMENT)
        self.do(self.accept(), DEPARTMENT)
        self.do(self.decide(), DEPARTMENT)
        self.do(self.issue(), DEPARTMENT)
        self.do(self.post(), DEPARTMENT)
        self.do(self.waybill(), GATEWAY)
        self.do(self.tracked(), GATEWAY)
        return self

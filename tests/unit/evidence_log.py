"""A synthetic log in memory for tests of evidence: real keys, real law, real tree; no database, no store.

It does what the hub's batch does (law, consequences, leaves), with times that are given and not taken from a clock.
Loaded by path through the fixture ``evidence_log`` of ``tests/unit/conftest.py``.
"""

import io
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from crypto import canonical, kem, sealing
from crypto import manifest as manifests
from crypto.directory import Directory
from crypto.evidence.build import Parts, build
from crypto.evidence.pins import Pins
from crypto.identity import person_id
from crypto.keystore import SoftwareSigner, new_signer
from crypto.log import checkpoint, cosignature, merkle, note, tiles
from crypto.log import leaf as leaves
from crypto.log.leaf import Leaf
from crypto.records import PublicKey
from crypto.statement import CUSTODY, REGISTRY, Actor, Envelope, Statement, sign
from hub.casework import consequences, numbers, timers
from hub.casework.casefile import CaseFile
from hub.casework.catalogue.model import load_catalogue
from hub.casework.context import RULES_VERSION, Act, BoundRegistry, Pinned, World
from hub.casework.hub_event import HubEvent
from hub.casework.law import Signers
from hub.casework.replay import rules_document
from hub.casework.table import LAW
from hub.casework.time.calendar import WorkCalendar

ORIGIN = "yidi.test/log/2026"
ITEM = "11360102900001025R4000131012001"
REGION = "360102000000"
DEMO = Path(__file__).parents[2] / "deploy" / "demo"
START = datetime(2026, 11, 23, 9, 0, tzinfo=canonical.CHINA)
PREFIX = 10234


def node(region: str, name: str) -> str:
    return f"spiffe://yidi.test/{region}/{name}"


_HUB_CHAINS = {row.event: row.chain for row in LAW.rows if row.signers is Signers.HUB}
HUB = node("000000000000", "hub-demo")
REGISTRAR = node("500000000000", "registrar-demo")
WINDOW = node("500116000000", "chongqing-jiangjin-hall")
DEPARTMENT = node("360102000000", "jiangxi-donghu-scj")
GATEWAY = node("500000000000", "gateway-post")
COLLECTOR, ACCEPTOR, DECIDER = person_id(WINDOW, "C01"), person_id(DEPARTMENT, "A01"), person_id(DEPARTMENT, "D01")
HEAD, ISSUER = person_id(DEPARTMENT, "H01"), person_id(DEPARTMENT, "I01")


@dataclass
class Keys:
    """Keys of one node or person."""

    sign: SoftwareSigner
    opening: kem.KemPrivate | None = None


@dataclass
class SyntheticLog:
    """One log. ``register_all`` founds it, ``run_case`` makes a case, ``package`` exports one."""

    now: datetime = START
    entries: list[bytes] = field(default_factory=list)
    keys: dict[str, Keys] = field(default_factory=dict)
    files: dict[str, CaseFile] = field(default_factory=dict)
    manifests: dict[str, bytes] = field(default_factory=dict)
    pinned: dict[str, Pinned] = field(default_factory=dict)
    documents: dict[tuple[str, str], bytes] = field(default_factory=dict)
    cases: dict[str, list[int]] = field(default_factory=dict)
    registry: list[int] = field(default_factory=list)
    cosigned: bool = True
    rules: str = RULES_VERSION

    def __post_init__(self) -> None:
        self.registrar = new_signer()
        self.directory = Directory([PublicKey(self.registrar.suite, self.registrar.public)])
        self.ed25519 = note.Ed25519Signer(ORIGIN, Ed25519PrivateKey.generate())
        self.mldsa = cosignature.MlDsa44Cosigner(ORIGIN, MLDSA44PrivateKey.generate())
        self.witness = cosignature.Ed25519Cosigner("witness.test/one", Ed25519PrivateKey.generate())

    # --- pins and package --------------------------------------------------------------------------------------

    def pins(self, **changes: Any) -> Pins:
        made = Pins(
            ORIGIN,
            (self.ed25519.key.text, self.mldsa.key.text),
            (PublicKey(self.registrar.suite, self.registrar.public),),
            (self.witness.key.text,),
            1,
        )
        return replace(made, **changes)

    def tiles(self) -> dict[str, bytes]:
        """The exported tiles, entry bundles included, by path."""
        stored: dict[str, bytes] = {}
        grown = tiles.grow(0, merkle.empty_root(), self.entries, stored.__getitem__)
        return {**stored, **grown.tiles}

    def checkpoint(self) -> bytes:
        """The signed and cosigned checkpoint over all entries."""
        root = merkle.root_of(merkle.leaf_hash(entry) for entry in self.entries)
        head = checkpoint.Checkpoint(ORIGIN, len(self.entries), root)
        seconds = int(self.now.timestamp())
        signed = checkpoint.sign_checkpoint(head, [self.ed25519, self.mldsa], seconds)
        if self.cosigned:
            signed = note.add(signed, [note.signature_of(head.encode(), self.witness, seconds)])
        return signed

    def parts(self, case: str) -> Parts:
        stored = self.tiles()
        reader = tiles.TileReader(stored.__getitem__, len(self.entries))
        indexes = [*self.cases[case], *self.registry]
        named = {leaf.manifest for leaf in self.files[case].sealings}
        return Parts(
            case=case,
            checkpoint=self.checkpoint(),
            leaves={index: self.entries[index] for index in self.cases[case]},
            registry={index: self.entries[index] for index in self.registry},
            paths={index: reader.inclusion(index) for index in indexes},
            manifests={digest: self.manifests[digest] for digest in named},
            catalogues=self._of_kind("catalogue"),
            calendars=self._of_kind("calendar"),
            rules=rules_document(),
        )

    def package(self, case: str, change: Callable[[Parts], Parts] = lambda parts: parts) -> bytes:
        return build(change(self.parts(case)), self.keys[HUB].sign, canonical.time_text(self.now))

    def _of_kind(self, kind: str) -> dict[str, bytes]:
        return {version: data for (found, version), data in self.documents.items() if found == kind}

    # --- registry ----------------------------------------------------------------------------------------------

    def register_all(self) -> None:
        for subject, region, roles in (
            (REGISTRAR, "500000000000", ["registrar"]),
            (HUB, "000000000000", ["hub"]),
            (WINDOW, "500116000000", ["window"]),
            (DEPARTMENT, "360102000000", ["department"]),
            (GATEWAY, "500000000000", ["gateway"]),
        ):
            self.register(subject, subject, region, roles, PREFIX if roles == ["window"] else None)
        for person, roles in (
            (COLLECTOR, ["COLLECTOR"]),
            (ACCEPTOR, ["ACCEPTOR"]),
            (DECIDER, ["DECIDER"]),
            (HEAD, ["HEAD"]),
            (ISSUER, ["ISSUER"]),
        ):
            self.register(person, person.rsplit("/person/", 1)[0], "", roles, None)
        self.publish("catalogue", listed_above(json.loads((DEMO / "catalogue.json").read_bytes())))
        self.publish("calendar", json.loads((DEMO / "calendar.json").read_bytes()))
        self.grant("G-DECIDE", "DECIDE", DECIDER)
        self.grant("G-SEAL", "SEAL_USE", ISSUER)

    def register(
        self, subject: str, node: str, region: str, roles: list[str], prefix: int | None, **changes: Any
    ) -> None:
        is_node = subject == node
        made = Keys(new_signer(), kem.generate_kem(kem.X25519) if is_node else None)
        self.keys[subject] = made
        keys = {"sign": PublicKey(made.sign.suite, made.sign.public).as_object()}
        if made.opening is not None:
            keys["kem"] = PublicKey(made.opening.suite, made.opening.public).as_object()
        body: dict[str, object] = {
            "subject": subject, "kind": "node" if is_node else "person", "node": node, "roles": roles,
            "region": region, "title": "", "public_prefix": prefix, "keys": keys, "replaces": None,
        }  # fmt: skip
        self.say_registry("key.register", body | changes, [made.sign, self.registrar])

    def publish(self, kind: str, document: dict[str, Any]) -> None:
        data = canonical.encode(document)
        self.documents[kind, document["version"]] = data
        body = {
            "version": document["version"],
            "document": canonical.digest(data),
            "effective_from": document.get("effective_from", "2026-01-01"),
        }
        self.say_registry(f"{kind}.publish", body, [self.registrar])

    def grant(self, grant_id: str, kind: str, person: str) -> None:
        body = {
            "grant_id": grant_id, "kind": kind, "node": DEPARTMENT, "person": person, "items": ["*"],
            "valid_from": "2026-01-01", "valid_to": "2027-12-31", "document": "a" * 64,
        }  # fmt: skip
        signers = [self.keys[HEAD].sign, self.keys[DEPARTMENT].sign]
        self.say_registry("grant.issue", body, signers, Actor(DEPARTMENT, HEAD, "HEAD"))

    def say_registry(
        self,
        event: str,
        body: dict[str, Any],
        signers: list[SoftwareSigner],
        actor: Actor = Actor(REGISTRAR, None, "registrar"),  # noqa: B008  # a frozen value
    ) -> None:
        statement = Statement(event, None, REGISTRY, None, None, actor, canonical.time_text(self.now), body)
        envelope = sign(statement.payload(), signers)
        self.directory.admit(envelope, recorded_at=canonical.time_text(self.now))
        self.registry.append(len(self.entries))
        self._append(envelope, None, {})

    # --- cases -------------------------------------------------------------------------------------------------

    def seal_manifest(self, case: str, kind: str, materials: list[str], revision: int = 1) -> str:
        """A sealing of one tiny page a material; the digest of its manifest."""
        sealer = sealing.Sealer(io.BytesIO())
        facts, media = [], {}
        for number, material in enumerate(materials, 1):
            line = f"L{number:02}"
            context = sealing.Context(case, revision, line, 1, "full")
            sealer.add(sealing.new_data_key(), context, io.BytesIO(secrets.token_bytes(64)))
            media[line, 1, "full"] = "image/jpeg"
            facts.append(manifests.LineFacts(line, material, "SUBMIT", "B", "SEEN_RETURNED"))
        made = manifests.build(
            sealer.finish(), facts, media, case=case, revision=revision, kind=kind, task_code=ITEM,
            catalogue="2026.11-1", object_key=f"{case}/{kind}/{revision}", part_size=sealing.PART_SIZE,
        )  # fmt: skip
        data = made.encode()
        digest = canonical.digest(data)
        self.manifests[digest] = data
        self.pinned[digest] = Pinned(digest, made, secrets.token_hex(8))
        return digest

    def say(
        self, case: str, event: str, actor: str, role: str, body: dict[str, Any], chain: str = CUSTODY, also: str = ""
    ) -> Leaf:
        """One statement through the law into the log; ``actor``: node or person id; ``also``: who signs beside it."""
        self.now += timedelta(minutes=7, milliseconds=13)
        home, _, staff = actor.partition("/person/")
        while case in self.files and (event_due := self._due(case)):
            self._hub_says(case, event_due, self._world())
        file = self.files.get(case)
        statement = Statement(
            event, case, chain,
            (file.seq if file else 0) + 1 if chain == CUSTODY else None,
            file.head if file else None,
            Actor(home, actor if staff else None, role), canonical.time_text(self.now), body,
        )  # fmt: skip
        signers = [self.keys[one].sign for one in dict.fromkeys((actor, home, also or home))]
        return self.place(statement, sign(statement.payload(), signers))

    def place(self, statement: Statement, envelope: Envelope) -> Leaf:
        """As the hub's batch places a statement, with what the law makes happen by itself."""
        case = str(statement.case)
        world = self._world()
        here = canonical.time_text(self.now)
        file = self.files.get(case)
        person = self.directory.signed_by_person(statement, envelope) if statement.actor.person else None
        second = self.directory.signed_by_second(statement, envelope)
        signed = self.directory.signed_by_node(statement, envelope)
        changed = LAW.apply(file, Act(statement, envelope.digest, here, signed, person, second), world)
        assigned: dict[str, str] = {}
        if statement.type == "seal":  # each names it; a case keeps the one it has (T05R)
            number = changed.case_no or numbers.case_no(changed.task_code, self.now.date(), len(self.files) + 1)
            changed = replace(changed, case_no=number)
            assigned["case_no"] = number
        if statement.type in manifests.SEALING_EVENTS and "manifest" in statement.body:
            assigned["object_version"] = self.pinned[str(statement.body["manifest"])].version_id
        self.files[case] = changed
        made = self._append(envelope, changed, assigned)
        while event := consequences.next_event(self.files[case], world):
            self._hub_says(case, event, world)
        return made

    def _due(self, case: str) -> HubEvent | None:
        return timers.due_event(self.files[case], self._world(), canonical.time_text(self.now))

    def _hub_says(self, case: str, event: HubEvent, world: World) -> None:
        before, here = self.files[case], canonical.time_text(self.now)
        chain = _HUB_CHAINS[event.event]
        seq = before.seq + 1 if chain == CUSTODY else None
        follow = Statement(event.event, case, chain, seq, before.head, Actor(HUB, None, "hub"), here, event.body)
        own = sign(follow.payload(), [self.keys[HUB].sign])
        act = Act(follow, own.digest, here, world.registry.current(HUB), None)
        self.files[case] = LAW.apply(before, act, world)
        self._append(own, self.files[case], {})

    def supplemented(self, counter: int) -> str:
        """A case up to the head's second notice after a whole supplement; its id."""
        case = self.run_case(counter, "delivered")
        lines = [{"material": "M05", "defect": "MISSING"}]
        notice = {"lines": lines, "due": (self.now + timedelta(days=20)).date().isoformat(), "methods": ["WINDOW"]}
        self.say(case, "supplement_notice", ACCEPTOR, "ACCEPTOR", notice)
        self.now += timedelta(days=3)
        addendum = self.seal_manifest(case, "addendum", ["M05"])
        part = {"manifest": addendum, "materials": ["M05"], "applicant_signed": True}
        self.say(case, "supplement_part", COLLECTOR, "COLLECTOR", part)
        self._wrap(case, addendum, DEPARTMENT, ["L01"])
        again = notice | {"lines": [{"material": "M05", "defect": "UNREADABLE"}], "basis": "ADDENDUM_DEFECT"}
        self.say(case, "second_notice", ACCEPTOR, "ACCEPTOR", again | {"second_person": HEAD}, also=HEAD)
        return case

    def run_case(self, counter: int, until: str = "delivered_proven") -> str:
        """A whole straight case (or up to and including the act ``until``); its id."""
        case = secrets.token_hex(16)
        application = self.seal_manifest(
            case, "application", ["M01", "M02", "M03", "M04", "M06", "M07", "FORM", "ADDRESS"]
        )
        parcel = f"P{counter:04}"
        acts: list[Callable[[], Leaf]] = [
            lambda: self.say(case, "seal", COLLECTOR, "COLLECTOR", _seal_body(application, counter)),
            lambda: self._wrap(case, application, GATEWAY, ["L08"]),
            lambda: self._wrap(case, application, DEPARTMENT, [f"L{number:02}" for number in range(1, 9)]),
            lambda: self.say(case, "delivered", DEPARTMENT, "department", {"manifest": application}),
            lambda: self.say(
                case,
                "open_document",
                ACCEPTOR,
                "ACCEPTOR",
                {"purpose": "ACCEPT_REVIEW", "manifest": application},
                "access",
            ),
            lambda: self.say(case, "accept", ACCEPTOR, "ACCEPTOR", {}),
            lambda: self.say(case, "decide", DECIDER, "DECIDER", {"outcome": "GRANT", "grant": "G-DECIDE"}),
            lambda: self.say(case, "issue", ISSUER, "ISSUER", self._issue_body(case)),
            lambda: self.say(case, "post", ISSUER, "ISSUER", {"parcel": parcel, "gateway": GATEWAY}),
            lambda: self._track(case, "waybill", {"parcel": parcel, "carrier": "EMS", "waybill_no": "1234567890123"}),
            lambda: self._event(case, parcel, "COLLECTED", 0),
            lambda: self._event(case, parcel, "OUT_FOR_DELIVERY", 0),
            lambda: self._event(case, parcel, "DELIVERED", 2),
        ]
        for act in acts:
            leaf = act()
            if json.loads(_payload(leaf))["type"] == until:
                break
        return case

    def _wrap(self, case: str, manifest: str, recipient: str, lines: list[str]) -> Leaf:
        held = self.keys[recipient].opening
        assert held is not None
        packets = [{"line": line, "rendition": "full", "digest": secrets.token_hex(32)} for line in lines]
        body = {
            "manifest": manifest,
            "recipient": recipient,
            "recipient_key": PublicKey(held.suite, held.public).id,
            "packets": packets,
        }
        return self.say(case, "wrap", WINDOW, "window", body, "keys")

    def _issue_body(self, case: str) -> dict[str, Any]:
        return {"manifest": self.seal_manifest(case, "result", ["RESULT"]), "grant": "G-SEAL"}

    def _track(self, case: str, event: str, body: dict[str, Any]) -> Leaf:
        return self.say(case, event, GATEWAY, "gateway", body, "tracking")

    def _event(self, case: str, parcel: str, status: str, level: int) -> Leaf:
        return self._track(case, "parcel_event", {"parcel": parcel, "status": status, "proof_level": level})

    # --- pieces ------------------------------------------------------------------------------------------------

    def _world(self) -> World:
        listed = self._of_kind("catalogue")
        catalogue = load_catalogue(json.loads(listed["2026.11-1"]))
        calendar = WorkCalendar.from_document(json.loads(self._of_kind("calendar")["2026.1"]))
        return World(
            BoundRegistry(self.directory, self.directory.epoch), catalogue, calendar, HUB, self.directory.epoch,
            self.pinned.get,
            lambda version: (
                load_catalogue(json.loads(listed[version])) if version in listed.keys() - {"2026.11-1"} else catalogue
            ),
        )  # fmt: skip

    def _append(self, envelope: Envelope, file: CaseFile | None, assigned: dict[str, str]) -> Leaf:
        versions = [self.directory.latest(kind) for kind in ("catalogue", "calendar")]
        catalogue, calendar = [found.version if found else None for found in versions]
        made = Leaf(
            ORIGIN, len(self.entries), canonical.time_text(self.now), self.directory.epoch,
            file.case_seq if file else None, catalogue, calendar, self.rules, assigned, envelope.encode(),
        )  # fmt: skip
        self.entries.append(leaves.encode(made))
        if file is not None:
            self.cases.setdefault(file.case, []).append(made.index)
        return made


def listed_above(document: dict[str, Any]) -> dict[str, Any]:
    """The list with a queue of a department above that cases are passed up to (T30)."""
    above = {"region": "360000000000", "task_code": document["queues"][0]["task_code"], "queue": "inbound"}
    document["queues"].append({**above, "node": "jiangxi-scj", "liaison": "0791-0000000"})
    return document


def _seal_body(manifest: str, counter: int) -> dict[str, Any]:
    applicant = kem.kem_from_seed(secrets.token_bytes(32))
    return {
        "task_code": ITEM, "region": REGION, "catalogue": "2026.11-1", "manifest": manifest,
        "public_no": numbers.public_number(PREFIX, counter), "delivery": "POST",
        "applicant_key": PublicKey(applicant.suite, applicant.public).as_object(),
        "no_classified": True, "applicant_signed": True, "privacy_notice": True,
    }  # fmt: skip


def _payload(leaf: Leaf) -> bytes:
    return note.base64_bytes(json.loads(leaf.envelope)["payload"]) or b""


def founded() -> SyntheticLog:
    """A log with all nodes, persons, documents and grants."""
    made = SyntheticLog()
    made.register_all()
    return made

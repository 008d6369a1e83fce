"""A small founded world in a real database, and the hands of its people: for integration tests and the bench.

Invariants:
- every key is real and made anew for each world; statements go the way that submissions go (``intake.examine``, then
  ``Sequencer.place``); only ``pin`` writes rows itself, where a test is not about objects;
- catalogue and calendar are those of the demo; all persons are staff codes.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from crypto import canonical, identity, kem
from crypto.keystore import new_signer
from crypto.records import KeyRecord, PublicKey, read_key_record
from crypto.statement import REGISTRY, Actor, Statement, sign
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
from tests.integration.casework import CaseWork
from tests.integration.cast import (
    DEMO,
    DEPARTMENT,
    DOMAIN,
    HUB,
    NODES,
    ORIGIN,
    PREFIXES,
    REGISTRAR,
    STAFF,
    WINDOW,
    Member,
    now,
)
from tests.integration.sealings import Sealed, seal_pages


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

    def open(self) -> CaseWork:
        """A new case of the demo's item at the window: sealed and pinned, nothing submitted yet."""
        work = self.unpinned()
        self.pin(work.application)
        return work

    def unpinned(self, page: bytes = b"page") -> CaseWork:
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

"""One batch in one transaction: the narrow place where statements become leaves.

Invariants:
- the head row is locked first; everything is looked up again at this position: duplicates, keys, grants, cases;
- each statement is answered alone: a refusal leaves no trace and never aborts its neighbours; two statements of one
  case in a batch follow each other;
- what the law makes happen by itself (``hub.casework.consequences``) is stated by the hub in the same transaction;
- indexes are given out without gaps, legal time never runs backwards, nothing is answered before the commit;
- look-ups and rows are gathered: the number of questions to the database does not grow with the batch.
"""

import base64
import json
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache

from crypto import canonical
from crypto.keystore import Signer
from crypto.log import leaf as leaves
from crypto.log.leaf import Leaf
from crypto.log.merkle import leaf_hash
from crypto.manifest import Manifest
from crypto.manifest import read as read_manifest
from crypto.refusal import Refusal
from crypto.statement import (
    CUSTODY,
    REGISTRY,
    Actor,
    Envelope,
    Statement,
    sign,
)
from hub.casework import consequences, numbers
from hub.casework.calendar import WorkCalendar
from hub.casework.casefile import CaseFile, from_document
from hub.casework.catalogue import load_catalogue
from hub.casework.context import RULES_VERSION, Act, Pinned, World
from hub.casework.table import LAW
from hub.services import intake
from hub.services.clock import legal_time
from hub.services.intake import Ready
from hub.services.registry import RegistryService
from storage.case_rows import CaseRow
from storage.database import Unit
from storage.log_rows import LeafRow
from storage.object_rows import PacketRow, PinnedRow

CACHED_MOST = 64 * 1024  # bytes of a manifest that is kept parsed
log = logging.getLogger(__name__)
_PUBLIC_NUMBER = re.compile(r"[0-9]{12}")


@dataclass(frozen=True)
class Placed:
    """A statement in the log: its leaf, and the pinned objects that its receipt names. ``fresh``: not a repetition."""

    leaf: Leaf
    payload_digest: str
    objects: list[PinnedRow]
    case_no: str = ""
    fresh: bool = True


Outcome = Placed | Refusal


@dataclass
class _Case:
    """A case in the batch: as stored, and as it stands now."""

    row: CaseRow | None
    file: CaseFile
    index: int = -1


@dataclass(frozen=True)
class _Past:
    """A new party of a case is to see what lies before ``index``: the accepting node all, others their wraps."""

    node: str
    index: int
    case: str
    whole: bool


@dataclass
class Batch:
    """Work of one transaction. Use: ``Batch(...).run(items)``, then commit, then answer."""

    unit: Unit
    registry: RegistryService
    signer: Signer
    hub: str
    rows: list[LeafRow] = field(default_factory=list)
    to: list[tuple[str, int, str] | _Past] = field(default_factory=list)
    documents: list[tuple[str, str, bytes]] = field(default_factory=list)
    packets: list[PacketRow] = field(default_factory=list)
    check_codes: dict[str, str] = field(default_factory=dict)
    serials: dict[tuple[str, str], list[int]] = field(default_factory=dict)

    def run(self, items: Sequence[Ready]) -> list[Outcome]:
        """Outcomes in the order of ``items``; all rows are written, nothing is committed yet."""
        self.head = self.unit.log.lock_head()
        self.registry.catch_up(self.unit, self.head.epoch)
        self.recorded_at = legal_time(self.head.recorded_at)
        known = self.unit.log.known([item.envelope.digest for item in items])
        stored = self.unit.cases.load(sorted({item.statement.case for item in items if item.statement.case}))
        self.cases = {name: _Case(row, from_document(json.loads(row.document))) for name, row in stored.items()}
        sealed = {sealing.manifest for case in self.cases.values() for sealing in case.file.sealings}
        self.pinned = self.unit.objects.pinned(sorted({item.manifest for item in items if item.manifest} | sealed))
        self.manifests = {
            name: Pinned(name, _manifest(data), row.version_id) for name, (row, data) in self.pinned.items()
        }
        self.taken = self.unit.cases.public_numbers_taken(sorted(_public_numbers(items)))
        seen: dict[str, Placed] = {}
        outcomes = [self._answer(item, known, seen) for item in items]
        self._write()
        return outcomes

    # --- one statement ---------------------------------------------------------------------------------------

    def _answer(self, item: Ready, known: dict[str, LeafRow], seen: dict[str, Placed]) -> Outcome:
        digest = item.envelope.digest
        if digest in known:
            return self._repeated(known[digest], item)
        if digest in seen:
            return replace(seen[digest], fresh=False)
        try:
            placed = self._place_registry(item) if item.statement.chain == REGISTRY else self._place(item)
        except Refusal as refusal:
            return refusal
        seen[digest] = placed
        return placed

    def _repeated(self, row: LeafRow, item: Ready) -> Placed:
        case = self.cases.get(item.statement.case or "")
        case_no = case.file.case_no if case else ""
        return Placed(leaves.decode(row.leaf), row.payload_digest, self._objects(item), case_no, fresh=False)

    def _place(self, item: Ready) -> Placed:
        node, person = intake.signers(item.statement, item.envelope, self.registry.directory)
        act = Act(item.statement, item.envelope.digest, self.recorded_at, node, person)
        case = self.cases.get(act.statement.case or "")
        world = self._world()
        changed = LAW.apply(case.file if case else None, act, world)
        assigned: dict[str, str] = {}
        if case is None:
            changed = self._open(changed)
            assigned["case_no"] = changed.case_no
        bound = self._objects(item)
        if bound:
            assigned["object_version"] = bound[0].version_id
        leaf = self._append(item.envelope, changed, assigned)
        self._keep(item, changed)
        self._follow_up(changed.case, world)
        return Placed(leaf, act.digest, bound, changed.case_no)

    def _open(self, file: CaseFile) -> CaseFile:
        """The 43-character number; its date is the legal date (T05)."""
        if file.public_no in self.taken:
            raise Refusal("PUBLIC_NUMBER_TAKEN", "architecture: public number", number=file.public_no)
        self.taken.add(file.public_no)
        day = self.recorded_at[:10]
        drawn = self.serials.setdefault((file.task_code, day), [])
        drawn.append(drawn[-1] + 1 if drawn else self.unit.cases.next_serial(file.task_code, day))
        return replace(file, case_no=numbers.case_no(file.task_code, date.fromisoformat(day), drawn[-1]))

    def _follow_up(self, case: str, world: World) -> None:
        """Statements that the hub must make now (route, proven delivery), each by the law like any other."""
        while event := consequences.next_event(self.cases[case].file, world):
            file = self.cases[case].file
            statement = Statement(
                type=event.event,
                case=case,
                chain=CUSTODY,
                seq=file.seq + 1,
                prev=file.head,
                actor=Actor(self.hub, None, "hub"),
                occurred_at=self.recorded_at,
                body=event.body,
            )
            envelope = sign(statement.payload(), [self.signer])
            try:
                act = Act(statement, envelope.digest, self.recorded_at, world.registry.current(self.hub), None)
                changed = LAW.apply(file, act, world)
            except Refusal:
                log.exception("the law refuses its own consequence %s; the case waits where it is", event.event)
                return
            self._append(envelope, changed, {})

    def _place_registry(self, item: Ready) -> Placed:
        self._require_document(item)
        self.registry.directory.admit(item.envelope, verified=True)
        self.head = replace(self.head, epoch=self.head.epoch + 1)
        leaf = self._append(item.envelope, None, {})
        for digest, data in item.documents.items():
            self.unit.objects.keep_document(digest, item.statement.type, data)
        return Placed(leaf, item.envelope.digest, [])

    def _require_document(self, item: Ready) -> None:
        """A catalogue or calendar is published with its bytes, and only when it loads without a breach (D08)."""
        kind = item.statement.type
        if kind not in {"catalogue.publish", "calendar.publish"}:
            return
        data = item.documents.get(str(item.statement.body.get("document")))
        if data is None:
            raise Refusal("DOCUMENT_MISSING", "D08", digest=str(item.statement.body.get("document")))
        value = canonical.parse(data)
        loaded = load_catalogue(value) if kind == "catalogue.publish" else WorkCalendar.from_document(value)
        if loaded.version != item.statement.body.get("version"):
            raise Refusal("VERSION_DIFFERS", "D08", version=loaded.version)

    # --- pieces ----------------------------------------------------------------------------------------------

    def _world(self) -> World:
        return World(
            registry=self.registry.bound(self.head.epoch),
            catalogue=self.registry.catalogue(self.unit),
            calendar=self.registry.calendar(self.unit),
            hub=self.hub,
            epoch=self.head.epoch,
            pinned=self.manifests.get,
            catalogue_of=lambda version: self.registry.catalogue(self.unit, version),
        )

    def _append(self, envelope: Envelope, file: CaseFile | None, assigned: dict[str, str]) -> Leaf:
        index = self.head.size
        value = envelope.as_object()
        leaf = Leaf(
            origin=self.head.origin,
            index=index,
            recorded_at=self.recorded_at,
            epoch=self.head.epoch,
            case_seq=file.case_seq if file else None,
            catalogue=self.registry.version("catalogue"),
            calendar=self.registry.version("calendar"),
            rules=RULES_VERSION,
            assigned=assigned,
            envelope=canonical.encode(value),
        )
        data = leaves.encode(leaf, value)
        case_id = file.case if file else None
        self.rows.append(LeafRow(index, data, leaf_hash(data), envelope.digest, case_id, self.head.epoch, file is None))
        self.head = replace(self.head, size=index + 1, recorded_at=self.recorded_at)
        if file is not None:
            self._settle(file, index)
        return leaf

    def _settle(self, file: CaseFile, index: int) -> None:
        case = self.cases.get(file.case)
        before = case.file.parties() if case else frozenset()
        if case is None:
            self.cases[file.case] = _Case(None, file, index)
        else:
            case.file, case.index = file, index
        for node in sorted(file.parties() - before - {file.collecting_node}):
            self.to.append(_Past(node, index, file.case, node == file.accepting_node))
        self.to.extend((node, index, file.case) for node in sorted(file.parties()))

    def _inbox(self) -> list[tuple[str, int, str]]:
        """Who sees which leaf of which case, in order of delivery."""
        asked = {entry.case for entry in self.to if isinstance(entry, _Past)}
        rows = self.unit.log.of_cases(sorted(case for case in asked if self.cases[case].row is not None))
        past: dict[str, list[LeafRow]] = {case: [] for case in asked}
        for row in (*rows, *self.rows):
            if row.case_id in past:
                past[row.case_id].append(row)
        made: list[tuple[str, int, str]] = []
        for entry in self.to:
            if not isinstance(entry, _Past):
                made.append(entry)
                continue
            seen = (row for row in past[entry.case] if row.index < entry.index)
            made.extend(
                (entry.node, row.index, entry.case) for row in seen if entry.whole or _wrapped_to(row.leaf, entry.node)
            )
        return made

    def _keep(self, item: Ready, file: CaseFile) -> None:
        self.documents.extend((digest, item.statement.type, data) for digest, data in item.documents.items())
        for packet in item.packets:
            place = (packet.recipient, packet.recipient_key, packet.line, packet.rendition)
            self.packets.append(PacketRow(str(item.statement.body["manifest"]), *place, file.case, packet.packet))
        if item.check_code_hash and item.statement.type == "seal":
            self.check_codes.setdefault(file.public_no, item.check_code_hash)

    def _objects(self, item: Ready) -> list[PinnedRow]:
        named = item.manifest
        bound = item.statement.type in {"seal", "issue"}
        return [self.pinned[named][0]] if bound and named in self.pinned else []

    def _write(self) -> None:
        self.unit.log.append(self.head, self.rows, self._inbox())
        self.unit.objects.keep_documents(self.documents)
        self.unit.objects.keep_packets(self.packets)
        self.unit.cases.keep_check_codes(self.check_codes)
        for (task_code, day), drawn in self.serials.items():
            if len(drawn) > 1:
                self.unit.cases.keep_serial(task_code, day, drawn[-1])
        changed = [case for case in self.cases.values() if case.index >= 0]
        self.unit.cases.insert([_row(case) for case in changed if case.row is None])
        self.unit.cases.move([(case.row, _row(case)) for case in changed if case.row is not None])


def _row(case: _Case) -> CaseRow:
    file = case.file
    return CaseRow(
        file.case,
        file.seq,
        file.state.value,
        file.holder,
        file.public_no,
        file.case_no,
        case.index,
        canonical.encode(file.to_document()),
    )


def _wrapped_to(leaf: bytes, node: str) -> bool:
    """Whether a leaf of our own, whose form was checked before it was appended, wraps keys to ``node``."""
    statement = json.loads(base64.b64decode(json.loads(leaf)["envelope"]["payload"]))
    return bool(statement["type"] == "wrap" and statement["body"].get("recipient") == node)


def _public_numbers(items: Sequence[Ready]) -> set[str]:
    """Public numbers that are asked for; one that has not the form is refused by the law, unasked."""
    asked = (item.statement.body.get("public_no") for item in items if item.statement.type == "seal")
    return {number for number in asked if isinstance(number, str) and _PUBLIC_NUMBER.fullmatch(number)}


def _manifest(data: bytes) -> Manifest:
    """A pinned manifest: content-addressed, so it is read once."""
    return _small_manifest(data) if len(data) <= CACHED_MOST else read_manifest(data)


_small_manifest = lru_cache(maxsize=1024)(read_manifest)

"""One batch in one transaction: the narrow place where statements become leaves.

Invariants:
- the head row is locked first; everything is looked up again at this position: duplicates, keys, grants, cases;
- each statement is answered alone: a refusal leaves no trace and never aborts its neighbours; two statements of one
  case in a batch follow each other;
- what the law makes happen by itself (``hub.casework.consequences``) is stated by the hub in the same transaction, and
  what its clocks make due (``hub.casework.timers``) before an act counts: nobody acts on a case that time has moved;
- indexes are given out without gaps, legal time never runs backwards, nothing is answered before the commit;
- look-ups and rows are gathered: the number of questions to the database does not grow with the batch;
- parent and children stand in one batch together (states.md 8): what one of them learns of another is stated in the
  transaction of its cause; batches without kin ask nothing for it.
"""

import json
import logging
import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import date

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
from hub.casework import consequences, numbers, timers
from hub.casework.casefile import CaseFile, State, from_document
from hub.casework.catalogue.model import load_catalogue
from hub.casework.context import RULES_VERSION, Act, Pinned, World
from hub.casework.hub_event import HubEvent
from hub.casework.law import Signers
from hub.casework.materials import across
from hub.casework.materials.across import Known
from hub.casework.parents import kin, look
from hub.casework.table import LAW
from hub.casework.time.calendar import WorkCalendar
from hub.services import intake
from hub.services.clock import Clock, legal_time, now_text
from hub.services.delivery import Delivery
from hub.services.intake import Ready
from hub.services.memory import Memory
from hub.services.receipts import bound
from hub.services.registry import RegistryService, require_caller
from hub.services.ticks import Tick, Ticked
from storage.applicant_rows import ApplicantRow
from storage.case_rows import CaseRow
from storage.database import Unit
from storage.log_rows import Head, LeafRow
from storage.narrow import Position, Wanted
from storage.object_rows import PacketRow, PinnedRow

log = logging.getLogger(__name__)
_HUB_CHAINS = {row.event: row.chain for row in LAW.rows if row.signers is Signers.HUB}
_SEALS = frozenset({"seal", "seal_parent"})
_KIN_STEPS = 3
"""From a child to its parent and on to its siblings, and from a parent to its children."""
_ROUNDS_MOST = 64
_PUBLIC_NUMBER = re.compile(r"[0-9]{12}")
_CASE = re.compile(r"[0-9a-f]{32}")


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
    ticked: bool = False
    known: Known | None = None  # as the index of applicants has it


@dataclass
class Batch:
    """Work of one transaction. Use: ``Batch(...).run(items)``, then commit, then answer."""

    unit: Unit
    registry: RegistryService
    signer: Signer
    hub: str
    clock: Clock = now_text
    memory: Memory = field(default_factory=Memory)
    rows: list[LeafRow] = field(default_factory=list)
    delivery: Delivery = field(default_factory=Delivery)
    documents: list[tuple[str, str, bytes]] = field(default_factory=list)
    packets: list[PacketRow] = field(default_factory=list)
    check_codes: dict[str, str] = field(default_factory=dict)
    serials: dict[tuple[str, str], int] = field(default_factory=dict)
    _facts: World | None = None
    _no_kin: set[str] = field(default_factory=set)

    def run(self, items: Sequence[Ready]) -> list[Outcome]:
        """Outcomes in the order of ``items``; all rows are written, nothing is committed yet."""
        cases = {item.statement.case for item in items} | across.earlier_cases(item.statement for item in items)
        self._begin(cases, {item.manifest for item in items}, items)
        self._bring_kin(_named_kin(items))
        seen: dict[str, Placed] = {}
        outcomes = [self._answer(item, seen) for item in items]
        self._write()
        return outcomes

    def tick(self, ticks: Sequence[Tick]) -> list[Ticked | Refusal]:
        """The same for what the hub itself looks at. Refusals of the law for what a tick brings along."""
        self._begin({tick.case for tick in ticks}, set())
        self._bring_kin(set())
        outcomes = [self._look(tick) for tick in ticks]
        self._write()
        return outcomes

    def _begin(self, cases: Set[str | None], manifests: Set[str | None], items: Sequence[Ready] = ()) -> None:
        """Lock the head; look up behind it, in one round trip, what the law will ask for."""
        # A tick that changes nothing but the hour of the next look writes the row back: it needs all of it.
        kept = {name: self.memory.case(name) if items else None for name in sorted(case for case in cases if case)}
        named = sorted(name for name in manifests if name)
        sealed = {sealing.manifest for known in kept.values() if known for sealing in known[1].sealings}
        read = {name: made for name in {*named, *sealed} if (made := self.memory.manifest(name))}
        at = self.unit.look(
            Wanted(
                digests=[item.envelope.digest for item in items],
                cases={name: known[0] if known else -1 for name, known in kept.items()},
                manifests=named,
                read=list(read),
                numbers=sorted(_public_numbers(items)),
                applicants=sorted(across.applicants_named(item.statement for item in items)),
                applicants_of=sorted(across.duplicates_ended(item.statement for item in items)),
            )
        )
        self.head, self.known, self.taken = at.head, at.known, at.taken
        self.drawn_before = self.memory.serials(at.head.size)
        self.registry.catch_up(self.unit, self.head.epoch)
        self.recorded_at = legal_time(self.head.recorded_at, self.clock)
        self.cases: dict[str, _Case] = {}
        self.pinned: dict[str, PinnedRow] = {}
        self.manifests: dict[str, Pinned] = {}
        self.applicants = {row.case_id: Known(**vars(row)) for row in at.applicants}  # asked for once, here
        self._take_in(at, kept, read)

    def _bring_kin(self, named: Set[str]) -> None:
        """Parents, children and their siblings of the cases of this batch too (states.md 8), behind the same lock.

        Most batches have none and ask nothing further. ``named``: kin that the statements name before a case has it.
        """
        for _ in range(_KIN_STEPS):
            files = [case.file for case in self.cases.values()]
            asked = sorted({*named, *(name for file in files for name in kin.relatives(file))} - self.cases.keys())
            asked = [name for name in asked if name not in self._no_kin]
            if not asked:
                return
            kept = {name: self.memory.case(name) for name in asked}
            sealed = {sealing.manifest for known in kept.values() if known for sealing in known[1].sealings}
            read = {name: made for name in sealed if (made := self.memory.manifest(name))}
            cases = {name: known[0] if known else -1 for name, known in kept.items()}
            at = self.unit.look(Wanted(digests=[], cases=cases, manifests=[], read=list(read), numbers=[]))
            self._take_in(at, kept, read)
            self._no_kin |= set(asked) - self.cases.keys()

    def _take_in(
        self, at: Position, kept: Mapping[str, tuple[int, CaseFile] | None], read: Mapping[str, Manifest]
    ) -> None:
        for name, row in at.cases.items():
            known = kept[name]
            file = known[1] if known and not row.document else _file(row)
            self.cases[name] = _Case(row, file, known=across.known_of(file))
            self._know(file)
        for name, (pin, data) in at.pinned.items():
            manifest = read[name] if data is None else self._read_manifest(name, data)
            self.pinned[name] = pin
            self.manifests[name] = Pinned(name, manifest, pin.version_id)

    def _read_manifest(self, digest: str, data: bytes) -> Manifest:
        made = read_manifest(data)
        self.memory.keep_manifest(digest, made, len(data))
        return made

    def committed(self) -> None:
        """To be called after the commit: what this batch read and wrote is as good as read anew."""
        files = [(case.index, case.file) for case in self.cases.values() if case.index >= 0]
        files += [(case.row.updated_index, case.file) for case in self.cases.values() if case.index < 0 and case.row]
        self.memory.committed(self.head.size, files, {**self.drawn_before, **self.serials})

    # --- one statement ---------------------------------------------------------------------------------------

    def _answer(self, item: Ready, seen: dict[str, Placed]) -> Outcome:
        digest = item.envelope.digest
        try:
            if item.caller is not None:
                require_caller(self.registry.directory, item.caller)
            if digest in self.known:
                return self._repeated(self.known[digest], item)
            if digest in seen:
                return replace(seen[digest], fresh=False)
            placed = self._place_registry(item) if item.statement.chain == REGISTRY else self._place(item)
        except Refusal as refusal:
            return refusal
        seen[digest] = placed
        return placed

    def _repeated(self, row: LeafRow, item: Ready) -> Placed:
        case = self.cases.get(item.statement.case or "")
        case_no = case.file.case_no if case else ""
        leaf = leaves.decode(row.leaf)
        return Placed(leaf, row.payload_digest, bound(leaf, self._pinned(item)), case_no, fresh=False)

    def _place(self, item: Ready) -> Placed:
        node, person = intake.signers(item.statement, item.envelope, self.registry.directory)
        second = self.registry.directory.signed_by_second(item.statement, item.envelope)
        act = Act(item.statement, item.envelope.digest, self.recorded_at, node, person, second)
        case = self.cases.get(act.statement.case or "")
        if case is not None:
            self._state_due(case)
            for name in self._kin_of(case.file):
                self._state_due(self.cases[name])
        world = self._world()
        before = case.file if case else None
        changed = LAW.apply(before, act, world)
        self._require_across(act, changed)
        assigned: dict[str, str] = {}
        if act.statement.type == "seal":
            changed = self._numbered(before, changed)
            assigned["case_no"] = changed.case_no
        elif act.statement.type == "seal_parent":
            self._take_number(changed)
        pinned = self._pinned(item)
        if pinned is not None and changed.sealings != (before.sealings if before else ()):
            assigned["object_version"] = pinned.version_id
        leaf = self._append(item.envelope, changed, assigned, act.statement.type)
        self._keep(item, changed)
        self._follow_up(changed.case, world, before)
        return Placed(leaf, act.digest, bound(leaf, pinned), changed.case_no)

    def _require_across(self, act: Act, changed: CaseFile) -> None:
        """Against other cases of the same applicant, as they stand at this position (A22, E02, G15)."""
        if act.statement.type not in across.ASKED:
            return
        case = self.cases.get(changed.case)
        before = case.file if case else None
        across.require_lawful(act, before, changed, self.applicants.values(), self._file_of, self._manifest_of)

    def _know(self, file: CaseFile) -> None:
        """What the index of applicants has of a case as it stands now."""
        if found := across.known_of(file):
            self.applicants[file.case] = found

    def _file_of(self, case_id: str) -> CaseFile | None:
        case = self.cases.get(case_id)
        return case.file if case else None

    def _manifest_of(self, digest: str) -> Manifest | None:
        found = self.manifests.get(digest)
        return found.manifest if found else None

    def _numbered(self, before: CaseFile | None, file: CaseFile) -> CaseFile:
        """The 43-character number where the case has none for its item; its date is the legal date (T05)."""
        if before is None or before.public_no != file.public_no:
            self._take_number(file)
        if file.case_no:
            return file
        day = self.recorded_at[:10]
        place = (file.task_code, day)
        last = self.serials.get(place, self.drawn_before.get(place))
        self.serials[place] = self.unit.cases.next_serial(*place) if last is None else last + 1
        return file.changed(case_no=numbers.case_no(file.task_code, date.fromisoformat(day), self.serials[place]))

    def _take_number(self, file: CaseFile) -> None:
        if file.public_no in self.taken:
            raise Refusal("PUBLIC_NUMBER_TAKEN", "architecture: public number", number=file.public_no)
        self.taken.add(file.public_no)

    # --- what the hub states by itself -----------------------------------------------------------------------

    def _look(self, tick: Tick) -> Ticked | Refusal:
        case = self.cases.get(tick.case)
        if case is None:
            return Refusal("CASE_UNKNOWN", "states.md 4", event="tick")
        case.ticked, first = True, self.head.size
        try:
            self._state_due(case)
            if tick.event:
                self._state(case.file, tick.event, self._world())
            self._follow_up(tick.case, self._world())  # list and registry may have changed since its newest leaf
        except Refusal as refusal:
            return refusal
        return Ticked(tuple(range(first, self.head.size)), _wake_at(case.file, self._world(), self.recorded_at))

    def _state_due(self, case: _Case) -> None:
        """What the law's clocks made due since the case was last looked at, each with what follows from it."""
        if case.index >= 0 or not (case.ticked or _is_due(case.row, self.recorded_at)):
            return  # changed in this batch: looked at already
        world = self._world()
        while event := timers.due_event(case.file, world, self.recorded_at):
            if not self._state_if_lawful(case.file, event, world):
                return
            self._follow_up(case.file.case, world)

    def _follow_up(self, case: str, world: World, before: CaseFile | None = None) -> None:
        """Statements that the hub must make now (route, proven delivery), each by the law like any other: about the
        case, then about its kin, until nobody has anything new to learn. ``before``: the case before the act that gave
        cause; where it shows kin nothing new, they are not looked at.
        """
        self._state_following(case, world)
        now = self.cases[case].file
        if not self._kin_of(now) or (before is not None and look.shown(before) == look.shown(now)):
            return
        for _ in range(_ROUNDS_MOST):
            names = (case, *self._kin_of(self.cases[case].file))
            stated = sum(self._state_following(name, world) for name in names)
            if not stated:
                return
        log.error("parent and children of case %s have no end of news", case)

    def _state_following(self, case: str, world: World) -> int:
        """How many statements were made about this case."""
        first = self.head.size
        while event := consequences.next_event(self.cases[case].file, world, self.recorded_at):
            if not self._state_if_lawful(self.cases[case].file, event, world):
                break
        return self.head.size - first

    def _kin_of(self, file: CaseFile) -> list[str]:
        """Parent, children and siblings that stand, in order of their ids."""
        if file.bond is None and not file.parts:
            return []
        parent = self.cases.get(file.bond.parent) if file.bond else None
        near = {*kin.relatives(file), *(kin.relatives(parent.file) if parent else ())} - {file.case}
        return sorted(name for name in near if name in self.cases)

    def _kin(self, case: str) -> CaseFile | None:
        found = self.cases.get(case)
        return found.file if found else None

    def _state_if_lawful(self, file: CaseFile, event: HubEvent, world: World) -> bool:
        try:
            self._state(file, event, world)
        except Refusal:
            log.exception("the law refuses its own consequence %s; the case waits where it is", event.event)
            return False
        return True

    def _state(self, file: CaseFile, event: HubEvent, world: World) -> None:
        """One statement of the hub, signed and judged by the law. Refusals of the law."""
        chain = _HUB_CHAINS[event.event]
        statement = Statement(
            type=event.event,
            case=file.case,
            chain=chain,
            seq=file.seq + 1 if chain == CUSTODY else None,
            prev=file.head,
            actor=Actor(self.hub, None, "hub"),
            occurred_at=self.recorded_at,
            body=event.body,
        )
        envelope = sign(statement.payload(), [self.signer])
        act = Act(statement, envelope.digest, self.recorded_at, world.registry.current(self.hub), None)
        self._append(envelope, LAW.apply(file, act, world), {}, event.event)

    # --- registry --------------------------------------------------------------------------------------------

    def _place_registry(self, item: Ready) -> Placed:
        self._require_document(item)
        self.registry.directory.admit(item.envelope, recorded_at=self.recorded_at, verified=True)
        self.head = replace(self.head, epoch=self.head.epoch + 1)
        leaf = self._append(item.envelope, None, {})
        for digest, data in item.documents.items():
            self.unit.objects.keep_document(digest, item.statement.type, data)
        if item.statement.type == "calendar.publish":
            self.unit.cases.wake_all()
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
        """The facts at the position; the same object while the registry stands still."""
        if self._facts is None or self._facts.epoch != self.head.epoch:
            self._facts = World(
                registry=self.registry.bound(self.head.epoch),
                catalogue=self.registry.catalogue(self.unit),
                calendar=self.registry.calendar(self.unit),
                hub=self.hub,
                epoch=self.head.epoch,
                pinned=self.manifests.get,
                catalogue_of=lambda version: self.registry.catalogue(self.unit, version),
                kin=self._kin,
            )
        return self._facts

    def _append(self, envelope: Envelope, file: CaseFile | None, assigned: dict[str, str], event: str = "") -> Leaf:
        index = self.head.size
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
            envelope=envelope.encoded,
        )
        data = leaves.encode(leaf, known=True)
        case_id = file.case if file else None
        self.rows.append(LeafRow(index, data, leaf_hash(data), envelope.digest, case_id, self.head.epoch, file is None))
        self.head = Head(self.head.origin, index + 1, self.head.epoch, self.recorded_at)
        if file is not None:
            self._settle(file, index, event)
        return leaf

    def _settle(self, file: CaseFile, index: int, event: str) -> None:
        case = self.cases.get(file.case)
        self.delivery.note(case.file if case else None, file, index, event)
        self._know(file)
        if case is None:
            self.cases[file.case] = _Case(None, file, index)
        else:
            case.file, case.index = file, index

    def _keep(self, item: Ready, file: CaseFile) -> None:
        self.documents.extend((digest, item.statement.type, data) for digest, data in item.documents.items())
        for packet in item.packets:
            place = (packet.recipient, packet.recipient_key, packet.line, packet.rendition)
            self.packets.append(PacketRow(str(item.statement.body["manifest"]), *place, file.case, packet.packet))
        if item.check_code_hash and item.statement.type in _SEALS:
            self.check_codes.setdefault(file.public_no, item.check_code_hash)

    def _pinned(self, item: Ready) -> PinnedRow | None:
        return self.pinned.get(item.manifest or "")

    def _write(self) -> None:
        stored = {name for name, case in self.cases.items() if case.row is not None}
        self.unit.log.unshow(self.delivery.shown_anew(stored))
        seen = self.delivery.rows(self.unit.log, stored, self.rows)
        with self.unit.together():
            self._write_rows(seen)

    def _write_rows(self, seen: list[tuple[str, int, str]]) -> None:
        self.unit.log.append(self.head, self.rows, seen)
        self.unit.objects.keep_documents(self.documents)
        self.unit.objects.keep_packets(self.packets)
        self.unit.cases.keep_check_codes(self.check_codes)
        for (task_code, day), serial in self.serials.items():
            self.unit.cases.keep_serial(task_code, day, serial)
        made = [(case.row, self._row(case)) for case in self.cases.values() if case.index >= 0 or case.ticked]
        self.unit.cases.insert([new for old, new in made if old is None])
        self.unit.cases.move([(old, new) for old, new in made if old is not None and old != new])
        known = ((case, across.known_of(case.file)) for case in self.cases.values() if case.index >= 0)
        self.unit.applicants.keep([ApplicantRow(**vars(now)) for case, now in known if now and now != case.known])
        former = {number: case.file.case for case in self.cases.values() for number in case.file.former_nos}
        self.unit.cases.keep_former(former)

    def _row(self, case: _Case) -> CaseRow:
        file = case.file
        if case.index < 0 and case.row is not None:  # looked at, nothing stated: only the next look may be another one
            return replace(case.row, wake_at=_wake_at(file, self._world(), self.recorded_at))
        return CaseRow(
            file.case,
            file.seq,
            file.state.value,
            file.holder,
            file.public_no,
            file.case_no,
            case.index,
            canonical.encode_known(file.to_document()),
            _wake_at(file, self._world(), self.recorded_at),
        )


def _file(row: CaseRow) -> CaseFile:
    return from_document(json.loads(row.document))


def _is_due(row: CaseRow | None, now: str) -> bool:
    return row is not None and row.wake_at is not None and row.wake_at <= now


def _wake_at(file: CaseFile, world: World, now: str) -> str | None:
    """When to look again: at once where a bounce waits to be examined, else when the law's clocks say."""
    if file.state is State.COLLECTED and file.bounce is not None and file.bounce.waits:
        return file.recorded_at
    return timers.wake_at(file, world, now)


def _named_kin(items: Sequence[Ready]) -> set[str]:
    """Parents that the seals of their children name: what is no id of a case is not asked for."""
    named: set[str] = set()
    for item in items:
        body = item.statement.body
        parent = body.get("parent")
        if item.statement.type == "seal" and isinstance(parent, str) and _CASE.fullmatch(parent):
            named.add(parent)
    return named


def _public_numbers(items: Sequence[Ready]) -> set[str]:
    """Public numbers that are asked for; one that has not the form is refused by the law, unasked."""
    asked = (item.statement.body.get("public_no") for item in items if item.statement.type in _SEALS)
    return {number for number in asked if isinstance(number, str) and _PUBLIC_NUMBER.fullmatch(number)}

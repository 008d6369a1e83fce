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

import logging
from collections.abc import Sequence, Set
from dataclasses import dataclass, field, replace

from crypto import canonical
from crypto.keystore import Signer
from crypto.log import leaf as leaves
from crypto.log.leaf import Leaf
from crypto.log.merkle import leaf_hash
from crypto.refusal import Refusal
from crypto.statement import (
    CUSTODY,
    REGISTRY,
    Actor,
    Envelope,
    Statement,
    sign,
)
from hub.casework import consequences, facts, timers
from hub.casework.casefile import CaseFile
from hub.casework.catalogue.model import load_catalogue
from hub.casework.context import RULES_VERSION, Act, World
from hub.casework.hub_event import HubEvent
from hub.casework.law import Signers
from hub.casework.materials import across
from hub.casework.parents import look
from hub.casework.states import State
from hub.casework.table import LAW
from hub.casework.time.calendar import WorkCalendar
from hub.services import intake
from hub.services.clock import Clock, legal_time, now_text
from hub.services.delivery import Delivery
from hub.services.held import SEALS, Held, HeldCase
from hub.services.intake import Ready
from hub.services.memory import Memory
from hub.services.receipts import bound
from hub.services.registry import RegistryService, require_caller
from hub.services.ticks import Tick, Ticked
from storage.applicant_rows import ApplicantRow
from storage.case_rows import CaseRow
from storage.database import Unit
from storage.log_rows import Head, LeafRow
from storage.object_rows import PacketRow, PinnedRow

log = logging.getLogger(__name__)
_HUB_CHAINS = {row.event: row.chain for row in LAW.rows if row.signers is Signers.HUB}
_ROUNDS_MOST = 64


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
    _facts: World | None = None

    def run(self, items: Sequence[Ready]) -> list[Outcome]:
        """Outcomes in the order of ``items``; all rows are written, nothing is committed yet."""
        cases = {item.statement.case for item in items} | across.earlier_cases(item.statement for item in items)
        self._begin(cases, {item.manifest for item in items}, items)
        seen: dict[str, Placed] = {}
        outcomes = [self._answer(item, seen) for item in items]
        self._write()
        return outcomes

    def tick(self, ticks: Sequence[Tick]) -> list[Ticked | Refusal]:
        """The same for what the hub itself looks at. Refusals of the law for what a tick brings along."""
        self._begin({tick.case for tick in ticks}, set())
        outcomes = [self._look(tick) for tick in ticks]
        self._write()
        return outcomes

    def _begin(self, cases: Set[str | None], manifests: Set[str | None], items: Sequence[Ready] = ()) -> None:
        """Lock the head; look up behind it what the law will ask for."""
        self.held = Held(self.unit, self.memory)
        self.head = self.held.look(cases, manifests, items)
        self.held.bring_kin(items)
        self.registry.catch_up(self.unit, self.head.epoch)
        self.recorded_at = legal_time(self.head.recorded_at, self.clock)

    def committed(self) -> None:
        """To be called after the commit: what this batch read and wrote is as good as read anew."""
        self.held.committed(self.head.size)

    # --- one statement ---------------------------------------------------------------------------------------

    def _answer(self, item: Ready, seen: dict[str, Placed]) -> Outcome:
        digest = item.envelope.digest
        try:
            if item.caller is not None:
                require_caller(self.registry.directory, item.caller)
            if digest in self.held.known:
                return self._repeated(self.held.known[digest], item)
            if digest in seen:
                return replace(seen[digest], fresh=False)
            placed = self._place_registry(item) if item.statement.chain == REGISTRY else self._place(item)
        except Refusal as refusal:
            return refusal
        seen[digest] = placed
        return placed

    def _repeated(self, row: LeafRow, item: Ready) -> Placed:
        case = self.held.cases.get(item.statement.case or "")
        case_no = case.file.case_no if case else ""
        leaf = leaves.decode(row.leaf)
        return Placed(leaf, row.payload_digest, bound(leaf, self._pinned(item)), case_no, fresh=False)

    def _place(self, item: Ready) -> Placed:
        node, person = intake.signers(item.statement, item.envelope, self.registry.directory)
        second = self.registry.directory.signed_by_second(item.statement, item.envelope)
        act = Act(item.statement, item.envelope.digest, self.recorded_at, node, person, second)
        case = self.held.cases.get(act.statement.case or "")
        if case is not None:
            self._state_due(case)
            for name in self.held.kin_of(case.file):
                self._state_due(self.held.cases[name])
        world = self._world()
        before = case.file if case else None
        changed = LAW.apply(before, act, world)
        self._require_across(act, changed)
        assigned: dict[str, str] = {}
        if act.statement.type == "seal":
            changed = self.held.numbered(before, changed, self.recorded_at[:10])
            assigned["case_no"] = changed.case_no
        elif act.statement.type == "seal_parent":
            self.held.take_number(changed)
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
        case = self.held.cases.get(changed.case)
        before = case.file if case else None
        across.require_lawful(act, before, changed, self.held.applicants.values(), self.held.file, self.held.manifest)

    # --- what the hub states by itself -----------------------------------------------------------------------

    def _look(self, tick: Tick) -> Ticked | Refusal:
        case = self.held.cases.get(tick.case)
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

    def _state_due(self, case: HeldCase) -> None:
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
        now = self.held.cases[case].file
        if not self.held.kin_of(now) or (before is not None and look.shown(before) == look.shown(now)):
            return
        for _ in range(_ROUNDS_MOST):
            names = (case, *self.held.kin_of(self.held.cases[case].file))
            stated = sum(self._state_following(name, world) for name in names)
            if not stated:
                return
        log.error("parent and children of case %s have no end of news", case)

    def _state_following(self, case: str, world: World) -> int:
        """How many statements were made about this case."""
        first = self.head.size
        while event := consequences.next_event(self.held.cases[case].file, world, self.recorded_at):
            if not self._state_if_lawful(self.held.cases[case].file, event, world):
                break
        return self.head.size - first

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
                pinned=self.held.manifests.get,
                catalogue_of=lambda version: self.registry.catalogue(self.unit, version),
                kin=self.held.file,
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
        case = self.held.cases.get(file.case)
        self.delivery.note(case.file if case else None, file, index, event)
        self.held.settle(file, index)

    def _keep(self, item: Ready, file: CaseFile) -> None:
        self.documents.extend((digest, item.statement.type, data) for digest, data in item.documents.items())
        for packet in item.packets:
            place = (packet.recipient, packet.recipient_key, packet.line, packet.rendition)
            self.packets.append(PacketRow(str(item.statement.body["manifest"]), *place, file.case, packet.packet))
        if item.check_code_hash and item.statement.type in SEALS:
            self.check_codes.setdefault(file.public_no, item.check_code_hash)

    def _pinned(self, item: Ready) -> PinnedRow | None:
        return self.held.pinned.get(item.manifest or "")

    def _write(self) -> None:
        stored = {name for name, case in self.held.cases.items() if case.row is not None}
        self.unit.log.unshow(self.delivery.shown_anew(stored))
        seen = self.delivery.rows(self.unit.log, stored, self.rows)
        with self.unit.together():
            self._write_rows(seen)

    def _write_rows(self, seen: list[tuple[str, int, str]]) -> None:
        self.unit.log.append(self.head, self.rows, seen)
        self.unit.objects.keep_documents(self.documents)
        self.unit.objects.keep_packets(self.packets)
        self.unit.cases.keep_check_codes(self.check_codes)
        for (task_code, day), serial in self.held.serials.items():
            self.unit.cases.keep_serial(task_code, day, serial)
        made = [(case.row, self._row(case)) for case in self.held.cases.values() if case.index >= 0 or case.ticked]
        self.unit.cases.insert([new for old, new in made if old is None])
        self.unit.cases.move([(old, new) for old, new in made if old is not None and old != new])
        known = ((case, across.known_of(case.file)) for case in self.held.cases.values() if case.index >= 0)
        self.unit.applicants.keep([ApplicantRow(**vars(now)) for case, now in known if now and now != case.known])
        places = ((case, facts.further_regions(case.file)) for case in self.held.cases.values() if case.index >= 0)
        self.unit.regions.keep({case.file.case: now for case, now in places if now != case.regions})
        former = {number: case.file.case for case in self.held.cases.values() for number in case.file.former_nos}
        self.unit.cases.keep_former(former)

    def _row(self, case: HeldCase) -> CaseRow:
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


def _is_due(row: CaseRow | None, now: str) -> bool:
    return row is not None and row.wake_at is not None and row.wake_at <= now


def _wake_at(file: CaseFile, world: World, now: str) -> str | None:
    """When to look again: at once where a bounce waits to be examined, else when the law's clocks say."""
    if file.state is State.COLLECTED and file.bounce is not None and file.bounce.waits:
        return file.recorded_at
    return timers.wake_at(file, world, now)

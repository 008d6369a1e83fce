"""The law run again over the leaves of one case: an auditor recomputes states and due dates without the hub.

Invariants:
- only the package speaks: registry, documents and manifests come from it, each act is judged at its own position;
- the same ``LAW`` and the same effects as in the hub, so state, clocks and due dates must come out the same
  (states.md invariant 9);
- an act that the law would have refused is a finding with the refusal's code and changes nothing; the replay goes on;
- what the hub had to state by itself (``consequences``) must follow at once and say what the law says; what was due by
  time alone (``timers``) must stand before the next act on the custody chain.

Signatures, inclusion and order are ``crypto.evidence.verify``'s matter, not asked again here.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from crypto import canonical
from crypto import manifest as manifests
from crypto.evidence.read import leaf_name
from crypto.evidence.report import Collector, Finding, Severity
from crypto.evidence.timeline import Timeline, Whole, envelope_of
from crypto.log.leaf import Leaf
from crypto.records import KeyRecord, PublicKey
from crypto.refusal import Refusal
from crypto.statement import CUSTODY, Statement, read_statement
from hub.casework import consequences, numbers, timers
from hub.casework.casefile import CaseFile
from hub.casework.catalogue.model import Catalogue, catalogue_in
from hub.casework.context import RULES_VERSION, Act, BoundRegistry, Pinned, World
from hub.casework.hub_event import HubEvent
from hub.casework.law import Rule
from hub.casework.originals.effects import shut_parcels_count
from hub.casework.table import LAW
from hub.casework.time.calendar import WorkCalendar, calendar_in

RULE = "promise 3: the log is the truth"
OWED_BY_TIME = frozenset({"constructive_delivery", "constructive_take_up", "deem_accept", "special_over"})
"""What time gives the applicant; so does a parcel left shut, where it starts K2 (``_owed_to_applicant``)."""
_SHAPES = (TypeError, ValueError, KeyError, AttributeError, AssertionError)


@dataclass(frozen=True)
class Replay:
    """``file``: the case as the law leaves it (None when nothing counted)."""

    file: CaseFile | None
    findings: tuple[Finding, ...]


def replay(
    case_leaves: Sequence[Leaf],
    registry_leaves: Iterable[Leaf] | Timeline | Whole,
    documents: Mapping[tuple[str, str], bytes],
    manifest_bytes: Mapping[str, bytes],
    registrar_keys: Iterable[PublicKey],
    seen: Callable[[Leaf, CaseFile], None] | None = None,
) -> Replay:
    """The case as ``case_leaves`` (ascending) tell it.

    ``registry_leaves``: in any order, or walked through already (``Whole``), which many cases then share;
    ``seen``: told the case after each leaf that counted.
    ``documents``: canonical bytes by (``catalogue`` or ``calendar``, version); ``manifest_bytes`` by digest.
    Findings: every code of the law's guards; RULES_UNKNOWN, DOCUMENT_MISSING, OBJECT_VERSION_MISSING, CASE_NO_WRONG,
    CONSEQUENCE_MISSING, CONSEQUENCE_WRONG, TIMER_MISSING, ACT_UNREADABLE.
    """
    found = Collector()
    if not isinstance(registry_leaves, Timeline | Whole):
        registry_leaves = Timeline(registrar_keys, registry_leaves, verified=True)
    run = _Run(registry_leaves, documents, manifest_bytes, found)
    for leaf in case_leaves:
        try:
            run.step(leaf)
            if seen is not None and run.file is not None:
                seen(leaf, run.file)
        except Refusal as refusal:
            found.refused(refusal, leaf_name(leaf.index))
        except _SHAPES as error:  # a body that no guard asks about and an effect cannot read
            found.add("ACT_UNREADABLE", leaf_name(leaf.index), type(error).__name__)
    run.finish()
    return Replay(run.file, found.findings)


class _Run:
    """One replay. ``due``: what the hub had to state next."""

    def __init__(
        self,
        timeline: Timeline | Whole,
        documents: Mapping[tuple[str, str], bytes],
        manifest_bytes: Mapping[str, bytes],
        found: Collector,
    ) -> None:
        self.file: CaseFile | None = None
        self._timeline = timeline
        self._documents = _Documents(documents)
        self._manifests = manifest_bytes
        self._pinned: dict[str, Pinned] = {}
        self._found = found
        self._due: HubEvent | None = None
        self._then: CaseFile | None = None
        """The case before the instant that is looked at: what one batch brings came of nobody's waiting."""

    def step(self, leaf: Leaf) -> None:
        """One leaf. Refusals of the law."""
        if leaf.rules != RULES_VERSION:
            where, detail = leaf_name(leaf.index), f"rules={leaf.rules}, here {RULES_VERSION}"
            self._found.add("RULES_UNKNOWN", where, detail, Severity.INDETERMINATE)
        if self.file is None or leaf.recorded_at > self.file.recorded_at:
            self._then = self.file
        envelope = envelope_of(leaf)
        statement = read_statement(envelope.payload)
        directory = self._timeline.at(leaf.epoch)
        node = directory.signed_by_node(statement, envelope, leaf.epoch)
        person = directory.signed_by_person(statement, envelope, leaf.epoch) if statement.actor.person else None
        second = directory.signed_by_second(statement, envelope, leaf.epoch)
        act = Act(statement, envelope.digest, leaf.recorded_at, node, person, second)
        self._pin(leaf, statement)
        world = self._world(leaf, BoundRegistry(directory, leaf.epoch), node)
        self._require_due(leaf, statement)
        self._require_timer(leaf, statement, world)
        changed = LAW.apply(self.file, act, world)
        if statement.type == "seal":
            changed = replace(changed, case_no=self._case_no(leaf, changed))
        self.file = changed
        self._due = consequences.next_event(changed, world)

    def finish(self) -> None:
        """After the last leaf nothing may be owed."""
        if self._due is not None:
            self._found.add("CONSEQUENCE_MISSING", "leaves/", f"owed: {self._due.event}")

    def _require_due(self, leaf: Leaf, statement: Statement) -> None:
        due, self._due = self._due, None
        if due is None:
            return
        if statement.type != due.event:
            self._found.add("CONSEQUENCE_MISSING", leaf_name(leaf.index), f"owed: {due.event}")
        elif dict(statement.body) != due.body:
            self._found.add("CONSEQUENCE_WRONG", leaf_name(leaf.index), f"event: {due.event}")

    def _require_timer(self, leaf: Leaf, statement: Statement, world: World) -> None:
        """What the law gave the applicant by time alone had to stand in the log before any further act (T10b, T15)."""
        if self.file is None or self._then is None or statement.chain != CUSTODY:
            return
        before = timers.due_events(self._then, world, leaf.recorded_at)
        dues = [due for due in timers.due_events(self.file, world, leaf.recorded_at) if due in before]
        for due in _owed_to_applicant(self.file, dues, world):
            if due.event != statement.type:
                self._found.add("TIMER_MISSING", leaf_name(leaf.index), f"owed: {due.event}")

    def _pin(self, leaf: Leaf, statement: Statement) -> None:
        """A sealing counts as stored when the hub named the pinned version with it (promise 5)."""
        digest = str(statement.body.get("manifest"))
        if statement.type not in manifests.SEALING_EVENTS or digest not in self._manifests:
            return
        version = leaf.assigned.get("object_version")
        if version is None:
            self._found.add("OBJECT_VERSION_MISSING", leaf_name(leaf.index), f"manifest={digest}")
            return
        self._pinned[digest] = Pinned(digest, manifests.read(self._manifests[digest]), version)

    def _world(self, leaf: Leaf, registry: BoundRegistry, node: KeyRecord) -> World:
        """A node that the registry calls a hub is one; for all other acts it does not matter which."""
        return World(
            registry=registry,
            catalogue=self._documents.catalogue(leaf.catalogue or ""),
            calendar=self._documents.calendar(leaf.calendar or ""),
            hub=node.subject if "hub" in node.roles else "",
            epoch=leaf.epoch,
            pinned=self._pinned.get,
            catalogue_of=self._documents.catalogue,
        )

    def _case_no(self, leaf: Leaf, file: CaseFile) -> str:
        """The number that the hub assigned: the case's own, else one of this item and of the legal date (T05)."""
        number = leaf.assigned.get("case_no", "")
        if number and number == file.case_no:
            return number
        try:
            parts = numbers.parse_case_no(number)
            right = (parts.task_code, parts.date.isoformat()) == (file.task_code, leaf.recorded_at[:10])
            right = right and not file.case_no
        except Refusal:
            right = False
        if not right:
            self._found.add("CASE_NO_WRONG", leaf_name(leaf.index), f"case_no={number[:50]}")
        return number


def _owed_to_applicant(file: CaseFile, dues: Sequence[HubEvent], world: World) -> Iterator[HubEvent]:
    """Those of ``dues`` that the applicant has by time alone. Parcels that nobody opened count where they start K2: the
    five days that lead to a deemed acceptance (O5).
    """
    shut = [str(due.body["parcel"]) for due in dues if due.event == "check_in_overdue"]
    begins = bool(shut) and shut_parcels_count(file, shut, world)
    for due in dues:
        if due.event in OWED_BY_TIME or (begins and due.event == "check_in_overdue"):
            yield due


class _Documents:
    """Catalogues and calendars by version."""

    def __init__(self, documents: Mapping[tuple[str, str], bytes]) -> None:
        self._documents = documents

    def catalogue(self, version: str) -> Catalogue:
        """Refusals DOCUMENT_MISSING, NOT_CANONICAL, CATALOGUE_BREACHES."""
        return catalogue_in(self._bytes("catalogue", version))

    def calendar(self, version: str) -> WorkCalendar:
        """Refusals DOCUMENT_MISSING, NOT_CANONICAL, CALENDAR_FORMAT."""
        return calendar_in(self._bytes("calendar", version))

    def _bytes(self, kind: str, version: str) -> bytes:
        data = self._documents.get((kind, version))
        if data is None:
            raise Refusal("DOCUMENT_MISSING", "D08", kind=kind, version=version)
        return data


def rules_document() -> bytes:
    """The law as canonical JSON: what ``rules.json`` of a package holds and what auditors compare with their own."""
    return canonical.encode({"v": 1, "version": RULES_VERSION, "rows": [_row(rule) for rule in LAW.rows]})


def _row(rule: Rule) -> dict[str, object]:
    return {
        "id": rule.id,
        "event": rule.event,
        "chain": rule.chain,
        "source": [state.value for state in rule.source],
        "target": rule.target.value if rule.target else None,
        "party": rule.party.name,
        "roles": sorted(rule.roles),
        "signers": rule.signers.name,
        "members": sorted(rule.members),
        "guards": [guard.__name__ for guard in rule.guards],
        "effects": [effect.__name__ for effect in rule.effects],
        "citation": rule.citation,
    }

"""The values of a list of items: frozen, plain, made only by ``hub.casework.catalogue.read``.

Invariants:
- a value never changes; a case keeps the version it was opened under;
- what a document may leave out has a default here that grants nothing (scope, powers, allowances).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from hub.casework.time.clock_table import Unit
from hub.casework.time.timetable import Timetable

HOURS_A_DAY: Final = 24
EVERY: Final = "*"
"""All items, in an agreement or among the powers of a place."""


@dataclass(frozen=True, slots=True)
class Limit:
    """``n`` units; ``unit`` is WORKING_DAY, NATURAL_DAY or HOUR."""

    n: int
    unit: Unit


@dataclass(frozen=True, slots=True)
class Body:
    """The implementing body; ``region`` has 12 digits."""

    name: str
    credit_code: str
    region: str


@dataclass(frozen=True, slots=True)
class SpecialProcedure:
    """``stops_clock``: whether its time is not counted (行政许可法 45 or ``legal_basis``)."""

    kind: str
    stops_clock: bool
    legal_basis: str


@dataclass(frozen=True, slots=True)
class Condition:
    """When a question is asked or a material demanded (B16).

    ``kind`` IS: the answer to ``situation`` is one of ``choices``; ALL, ANY: all or any of ``parts`` hold.
    """

    kind: str
    situation: str = ""
    choices: frozenset[str] = frozenset()
    parts: "tuple[Condition, ...]" = ()


@dataclass(frozen=True, slots=True)
class Situation:
    """One question (情形, B16). ``choices``: code and words, in order; a yes/no question has YES and NO."""

    code: str
    question: str
    choices: tuple[tuple[str, str], ...]
    when: Condition | None


@dataclass(frozen=True, slots=True)
class Allowance:
    """How a material may be missing for a time (B10, E11).

    ``tolerance``: BLOCKS_DECISION (no decision before it is there), REVOCABLE (a grant may be revoked), NONE;
    ``days``: working days at most until it is due; ``commitment``: whether a written commitment replaces it (A07).
    """

    tolerance: str
    days: int
    commitment: bool


@dataclass(frozen=True, slots=True)
class Material:
    """One demanded material; only those with ``key`` false may be tolerated missing (B10).

    ``when``: None for always; ``trust_level``: lowest level A to D that is enough (国办函〔2016〕108号), empty for any;
    ``needed_by``: step by which an original must lie at the department (ACCEPT, DECIDE, ISSUE), empty for none;
    ``covered_by``: codes of materials that make this one needless (D19); ``masked``: others than the handlers will see
    it, so a masked copy of each page is sealed beside it (H01; standards.md 15, row 图片).
    """

    code: str
    name: str
    key: bool
    acquisition: tuple[str, ...]
    original_policy: str
    legal_basis: str
    copies: int
    colour: bool
    when: Condition | None = None
    trust_level: str = ""
    needed_by: str = ""
    covered_by: tuple[str, ...] = ()
    allowance: Allowance | None = None
    masked: bool = False


@dataclass(frozen=True, slots=True)
class ResultKind:
    """What a grant is handed out as."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Supplement:
    """A local addition to a guide, labelled as such, for one region (D07)."""

    label: str
    region: str
    text: str


@dataclass(frozen=True, slots=True)
class Guide:
    """The guide beyond the seven rule groups (D11, A26); ``version`` is its own.

    ``modes``: one text for each way of handling (A26); ``faq``: question and answer.
    """

    version: str
    review_rules: str = ""
    cautions: tuple[str, ...] = ()
    faq: tuple[tuple[str, str], ...] = ()
    sample_forms: tuple[str, ...] = ()
    common_mistakes: tuple[str, ...] = ()
    supplements: tuple[Supplement, ...] = ()
    modes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """An item or a window goes out of service from ``since`` on, approved by the government (D09).

    ``approval``: reference number of the approval.
    """

    reason: str
    approval: str
    since: date


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Why an item never enters the hub (A23): CLASSIFIED, or EXEMPT with the ``approval`` that says so."""

    kind: str
    approval: str


@dataclass(frozen=True, slots=True)
class Item:
    """One government service item, named by its 31-character ``task_code``.

    ``business_class``, ``handling_level``, ``prerequisites``: D06; ``tags``: MAX_ONE_VISIT, INSTANT, ZERO_VISIT (D10);
    ``assisted_fee``: fee in fen for assisted intake, which must be 0 (B17); ``decision_by``: GRANT (who has a DECIDE
    grant), HEAD, or COLLECTIVE (F02); ``steps``: working days that each step named there may take (C06).
    """

    task_code: str
    catalog_code: str
    name: str
    item_type: str
    level: str
    case_type: str
    scope: frozenset[str]
    modes: frozenset[str]
    in_person_required: bool
    status: str
    effective_from: date
    effective_to: date | None
    implementing_body: Body
    statutory_limit: Limit
    promised_limit: Limit
    licensing_law: bool
    special_procedures: tuple[SpecialProcedure, ...]
    receipt_basis: str
    required_proof_level: int
    originals_note: str
    materials: tuple[Material, ...]
    result: ResultKind
    legal_basis: str
    fees: str
    rule_groups: Mapping[str, str]
    complaint_channel: str
    situations: tuple[Situation, ...] = ()
    guide: Guide | None = None
    tags: frozenset[str] = frozenset()
    business_class: str = ""
    handling_level: str = ""
    prerequisites: tuple[str, ...] = ()
    assisted_fee: int = 0
    withdrawal: Withdrawal | None = None
    exclusion: Exclusion | None = None
    decision_by: str = "GRANT"
    steps: Mapping[str, int] = field(default_factory=dict)

    def material(self, code: str) -> Material | None:
        """The material with ``code``, or None."""
        return next((material for material in self.materials if material.code == code), None)

    def in_force(self, on: date) -> bool:
        """Whether ``on`` (UTC+8) lies between the item's dates, both included."""
        return self.effective_from <= on and (self.effective_to is None or on <= self.effective_to)

    def takes_cases(self, on: date) -> bool:
        """Whether cases of it may be taken in on that day: live, in force, neither withdrawn nor kept out (A23)."""
        withdrawn = self.withdrawal is not None and self.withdrawal.since <= on
        return self.status == "LIVE" and self.in_force(on) and not withdrawn and self.exclusion is None

    @property
    def decided_at_once(self) -> bool:
        """C02, C03, C07: an instant item, promised within a working day, that has no special procedure."""
        day = (self.promised_limit.n, self.promised_limit.unit) == (1, Unit.WORKING_DAY)
        short = day or (self.promised_limit.unit is Unit.HOUR and self.promised_limit.n <= HOURS_A_DAY)
        return self.case_type == "INSTANT" and short and not self.special_procedures

    @property
    def online_first(self) -> bool:
        """A01, A02: no law asks for the applicant in person, so the window first tells that it can be done online."""
        return not self.in_person_required and "ONLINE" in self.modes


@dataclass(frozen=True, slots=True)
class Queue:
    """Where cases of an item go for a region; ``node`` is a node's name, the last part of its id."""

    region: str
    task_code: str
    node: str
    queue: str
    liaison: str


@dataclass(frozen=True, slots=True)
class Window:
    """A collecting window; ``node`` is a node's name, the last part of its id.

    ``address`` and ``telephone`` stand on the papers that it hands out; a catalogue may leave them out.
    ``powers``: COLLECT, ISSUE, and DECIDE at a SPECIALISED window only (F09, F10); ``delegated_by``: the body that lets
    it collect (D23), empty for its own; ``seasons``: when it is there (D23), empty for always, both days included.
    """

    node: str
    kind: str
    region: str
    may_collect: frozenset[str]
    timetable: Timetable
    address: str = ""
    telephone: str = ""
    powers: frozenset[str] = frozenset(("COLLECT", "ISSUE"))
    delegated_by: str = ""
    seasons: tuple[tuple[date, date], ...] = ()
    withdrawal: Withdrawal | None = None

    @property
    def portal(self) -> bool:
        """Whether it is no counter but a way in online (网上入口, A02)."""
        return self.kind == "PORTAL"

    def open_on(self, on: date) -> bool:
        """Whether it is in service on that day: in season (D23) and not withdrawn (D09); hours are another question."""
        withdrawn = self.withdrawal is not None and self.withdrawal.since <= on
        return not withdrawn and (not self.seasons or any(first <= on <= last for first, last in self.seasons))


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two places collect for each other across provinces (A12).

    ``a``, ``b``: a node's name or a 12-digit region; ``items``: task codes, or ``*``; both days included, ``until``
    None for open.
    """

    id: str
    a: str
    b: str
    items: frozenset[str]
    since: date
    until: date | None

    def covers(self, task_code: str, on: date) -> bool:
        """Whether it is live for the item on that day."""
        named = EVERY in self.items or task_code in self.items
        return named and self.since <= on and (self.until is None or on <= self.until)


@dataclass(frozen=True, slots=True)
class Place:
    """A node in the tree of halls (A15): PROVINCE, CITY, COUNTY, DEVELOPMENT_ZONE, PARK, TOWNSHIP, VILLAGE.

    ``bodies``: credit codes of the bodies that it acts for (D02), empty: not told; ``may_accept``: items that a node
    below county level is empowered to accept (A16), or ``*``; ``sections``: codes of a department's offices, which pass
    cases on among themselves and are not shown outside (B13, B14).
    """

    node: str
    kind: str
    region: str
    parent: str
    bodies: frozenset[str]
    may_accept: frozenset[str]
    sections: frozenset[str] = frozenset()

"""A case as the log tells it: the one projection that hub, agents and auditors compute alike.

Invariants (states.md section 10):
- a ``CaseFile`` is a value; it changes only through ``hub.casework.law.apply``;
- exactly one ``holder`` at any time (1); ``seq`` and ``head`` name the last custody statement;
- ``from_document(to_document(x)) == x``, so what PostgreSQL keeps is what replaying the log gives (9);
- no personal data: codes, digests, times, node ids.
"""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field
from typing import Any

from hub.casework.acceptance.values import Notice
from hub.casework.access.values import Sealing, Wrap
from hub.casework.delivery.values import ParcelLeg, ResultPaper
from hub.casework.hand_off.values import Bounce, Proposal
from hub.casework.materials.values import Answer, Commitment, Debt, Reuse
from hub.casework.originals.values import Original, Pickup
from hub.casework.parents.values import Bond, Bundle, Fee, PartFile
from hub.casework.review.values import Consultation, Link, Referral, SectionStay, Special, StepDone, Taking
from hub.casework.states import BEFORE_DECISION, State
from hub.casework.supervision.values import Card, Complaint, Enquiry, Rating
from hub.casework.time.clocks import ClockState


def many(kind: type) -> Any:
    """A member that is a tuple of values of ``kind``; empty in most cases, and then not written."""
    return field(default=(), metadata={"many": kind})


def one(kind: type) -> Any:
    """A member that is a value of ``kind``, or None."""
    return field(default=None, metadata={"one": kind})


@dataclass(frozen=True)
class CaseFile:
    """One case. Times are RFC 3339 text in UTC+8 (the hub's ``recorded_at``).

    ``custody``: digests of all custody statements, in order; side-chain statements hang on one of them.
    ``coordinator``: node that re-routes; ``forwarded_at``, ``retries``, ``retried_at``: the hand-off that is open;
    ``directed_by``: node whose word the destination is instead of the list's (T23), empty when the list's;
    ``hops``: nodes that had the case and said it is not theirs, in order; ``helpers``: further windows admitted to a
    supplement; ``former_nos``: earlier 43-character numbers; ``supplement_at``: when the supplement was complete;
    ``received_at``: when the department was given the case; ``responsible``: person there who answers for it, after all
    ``takings``; ``to_b_at``, ``chased_at``: when the hub opened it to post B, told the coordinator (T13);
    ``steps``, ``specials``, ``consultations``, ``referral``: the inner life of the case (T25 to T30);
    ``linked``: other cases that it has to do with; ``corrections``: statements that corrected the decision (T32).
    ``mode``: ONLINE for a case of a portal (全程网办, A02), empty for one of a window.
    ``ratings``, ``complaints``: what applicant and nodes said of the service (T38).
    ``applicant``: keyed digest of who applies (A22, E07), empty where the window had no key; ``answers``, ``debts``,
    ``commitments``, ``reused``: how the materials were got (B09, B10, B16, E02); ``copies``: materials whose lost
    original a certified copy stands for (O10); ``revoked``: the statement that took the grant back (B10, B09).
    ``originals``: documents of the applicant in custody, ``pickups``: offers to fetch paper (E08); ``result``: where it
    lies outside a parcel, ``voided``: manifests of results declared void (D10), ``package``: archive package (T37).
    ``bond``: what makes it the child of a parent; ``bundle``, ``parts``: what makes it a parent (states.md 8).
    ``ready_since``: since when the result that counts may go out (K9);
    ``applicant_before``: the digest of who applies under the older key, while that one is in force (A22);
    ``first_reviewers``: departments that reviewed the case and passed it up, in order (T30).
    ``lane``: why it comes first in queues (E11, E12); ``appointment``, ``channel``: what was agreed before (C14).
    ``sections``: offices of the department that it was passed on to, in order (B14); ``fee``: the one payment (I04).
    ``enquiries``: what the applicant asked, and which node answers for it (T38, F05).
    """

    case: str
    state: State
    seq: int
    head: str
    case_seq: int
    task_code: str
    region: str
    catalogue: str
    collecting_node: str
    holder: str
    public_no: str
    applicant_key: str
    delivery: str
    opened_at: str
    recorded_at: str
    accepting_node: str = ""
    queue: str = ""
    case_no: str = ""
    effective_at: str = ""
    outcome: str = ""
    custody: tuple[str, ...] = ()
    sealings: tuple[Sealing, ...] = many(Sealing)
    wraps: tuple[Wrap, ...] = many(Wrap)
    parcels: tuple[ParcelLeg, ...] = many(ParcelLeg)
    clocks: Mapping[str, ClockState] = field(default_factory=dict)
    coordinator: str = ""
    forwarded_at: str = ""
    retries: int = 0
    retried_at: str = ""
    directed_by: str = ""
    bounces: tuple[Bounce, ...] = many(Bounce)
    notices: tuple[Notice, ...] = many(Notice)
    hops: tuple[str, ...] = ()
    proposal: Proposal | None = one(Proposal)
    helpers: tuple[str, ...] = ()
    former_nos: tuple[str, ...] = ()
    cards: tuple[Card, ...] = many(Card)
    deemed: bool = False
    supplement_at: str = ""
    received_at: str = ""
    responsible: str = ""
    takings: tuple[Taking, ...] = many(Taking)
    to_b_at: str = ""
    chased_at: str = ""
    steps: tuple[StepDone, ...] = many(StepDone)
    specials: tuple[Special, ...] = many(Special)
    consultations: tuple[Consultation, ...] = many(Consultation)
    referral: Referral | None = one(Referral)
    linked: tuple[Link, ...] = many(Link)
    corrections: tuple[str, ...] = ()
    ratings: tuple[Rating, ...] = many(Rating)
    complaints: tuple[Complaint, ...] = many(Complaint)
    originals: tuple[Original, ...] = many(Original)
    pickups: tuple[Pickup, ...] = many(Pickup)
    result: ResultPaper | None = one(ResultPaper)
    voided: tuple[str, ...] = ()
    package: str = ""
    mode: str = ""
    applicant: str = ""
    answers: tuple[Answer, ...] = many(Answer)
    debts: tuple[Debt, ...] = many(Debt)
    commitments: tuple[Commitment, ...] = many(Commitment)
    reused: tuple[Reuse, ...] = many(Reuse)
    copies: tuple[str, ...] = ()
    revoked: str = ""
    first_reviewers: tuple[str, ...] = ()
    ready_since: str = ""
    bond: Bond | None = one(Bond)
    bundle: Bundle | None = one(Bundle)
    parts: tuple[PartFile, ...] = many(PartFile)
    lane: str = ""
    appointment: str = ""
    channel: str = ""
    sections: tuple[SectionStay, ...] = many(SectionStay)
    fee: Fee | None = one(Fee)
    applicant_before: str = ""
    enquiries: tuple[Enquiry, ...] = many(Enquiry)

    def changed(self, **members: Any) -> "CaseFile":
        """``dataclasses.replace`` without its looking through all fields: every act makes several of these."""
        if not members.keys() <= _NAMES:
            raise TypeError(f"not a member of a case file: {sorted(members.keys() - _NAMES)}")
        made = object.__new__(CaseFile)
        vars(made).update(vars(self), **members)
        return made

    def sealing(self, kind: str) -> Sealing | None:
        """The newest sealing of ``kind``, or None."""
        return next((made for made in reversed(self.sealings) if made.kind == kind), None)

    def parcel(self, parcel: str) -> ParcelLeg | None:
        """The parcel with this id, or None."""
        return next((leg for leg in self.parcels if leg.parcel == parcel), None)

    def sealings_of(self, kind: str) -> tuple[Sealing, ...]:
        """All sealings of ``kind``, oldest first."""
        return tuple(made for made in self.sealings if made.kind == kind)

    @property
    def bounce(self) -> Bounce | None:
        """The newest bounce, or None."""
        return self.bounces[-1] if self.bounces else None

    @property
    def answered_by(self) -> tuple[Sealing, ...]:
        """Addenda that answer the newest notice."""
        return self.sealings_of("addendum")[self.notices[-1].addenda :] if self.notices else ()

    @property
    def awaits_taker(self) -> bool:
        """Whether the case lies in a department's queue and nobody there took it yet: new, or passed up (T13, T30)."""
        above = self.state is State.UNDER_REVIEW and self.referral is not None and bool(self.referral.taken_at)
        return not self.responsible and bool(self.received_at) and (above or self.state is State.PENDING_ACCEPT)

    @property
    def referred_to(self) -> str:
        """The department above that has a part in the case (T30): while the case is on its way, and once taken up."""
        up = self.referral
        return up.node if up is not None and (self.state is State.REFERRED or up.taken_at) else ""

    def consulted(self) -> frozenset[str]:
        """Nodes whose opinion is awaited (T29, P13): no longer once the case is decided, withdrawn or void."""
        if self.state not in _CONSULTING:
            return frozenset()
        return frozenset(asked.node for asked in self.consultations if asked.open)

    def paper_nodes(self) -> frozenset[str]:
        """Nodes that have paper of the case in hand or on its way, and the coordinator while any of it is missing.

        They see what becomes of the case although no other part of it is theirs (A24; states.md 5).
        """
        named = {node for item in self.originals for node in (item.holder, item.to) if "/" in node}
        open_legs = [leg for leg in self.parcels if not (leg.checked_in or leg.lost_at)]
        named |= {node for leg in open_legs for node in (leg.sender, leg.receiver)}
        troubled = any(item.state in _TROUBLED and not item.settled for item in self.originals)
        if troubled or any(leg.suspected_at for leg in open_legs):
            named.add(self.coordinator)
        return frozenset(named - {""})

    def parties(self) -> frozenset[str]:
        """Nodes that have a part in the case now: they see what becomes of it (A24, default no).

        A coordinator has one from the re-routing until the next department countersigned, a helper until the decision,
        a department until its successor countersigned, one that is asked for an opinion until it gave it or its time
        ended (T29), one that the case was passed up to while it is on its way and once it took it up (T30). The
        coordinator sees a case that nobody took in three working days. Whose part is over keeps what it saw and sees no
        more.
        """
        named = {self.collecting_node, self.accepting_node, self.holder, *(leg.gateway for leg in self.parcels)}
        if self.state in (State.REROUTING, State.FORWARDED):
            named.add(self.coordinator)
        if self.state in BEFORE_DECISION or self.state in _CONSULTING:
            named.update(self.helpers)
        if self.chased_at and self.awaits_taker:
            named.add(self.coordinator)
        named.update(self.consulted())
        named.add(self.referred_to)
        named.update(part.node for part in self.parts)
        return frozenset(named - {""})

    def to_document(self) -> dict[str, object]:
        """Plain values for canonical JSON; what a straight case does not have is left out."""
        # By hand, not by ``asdict``: that copies every text of a case for each of its statements.
        plain: dict[str, object] = {
            name: value for name, value in vars(self).items() if name not in _SELDOM or value != _SELDOM[name]
        }
        for name in _MANY.keys() & plain.keys():
            plain[name] = tuple(
                item.plain() if isinstance(item, ParcelLeg) else dict(vars(item)) for item in getattr(self, name)
            )
        for name in _ONE.keys() & plain.keys():
            plain[name] = dict(vars(getattr(self, name)))
        return plain | {
            "state": self.state.value,
            "clocks": {name: clock.to_plain() for name, clock in self.clocks.items()},
        }


_CONSULTING = (State.UNDER_REVIEW, State.SUSPENDED, State.P_DISPATCHED, State.P_SUPPLEMENT, State.P_IN_PROGRESS)
_FIELDS = CaseFile.__dataclass_fields__
_MANY: dict[str, type] = {name: made.metadata["many"] for name, made in _FIELDS.items() if "many" in made.metadata}
_ONE: dict[str, type] = {name: made.metadata["one"] for name, made in _FIELDS.items() if "one" in made.metadata}
_TEXTS = tuple(name for name, made in _FIELDS.items() if made.type == "tuple[str, ...]" or made.type == tuple[str, ...])
_ALWAYS = frozenset(
    {
        *("accepting_node", "queue", "case_no", "effective_at", "outcome", "custody"),
        *("sealings", "wraps", "parcels", "clocks"),
    }
)
_SELDOM: dict[str, object] = {
    name: made.default for name, made in _FIELDS.items() if made.default is not MISSING and name not in _ALWAYS
}
"""Members that only a case off the straight path has, with the value that stands for having none."""


_NAMES = frozenset(_FIELDS)
_TROUBLED = frozenset({"LOST_SUSPECTED", "DISCREPANCY", "DAMAGED"})


def from_document(document: Mapping[str, object]) -> CaseFile:
    """The value that ``to_document`` wrote, by this version or by an earlier one."""
    values: dict[str, Any] = dict(document)
    values["state"] = State(str(values["state"]))
    for name in _TEXTS:
        if name in values:
            values[name] = tuple(values[name])
    for name, kind in _MANY.items():
        if name in values:
            values[name] = tuple(kind(**_tuples(item)) for item in values[name])
    for name, kind in _ONE.items():
        if values.get(name) is not None:
            values[name] = kind(**_tuples(values[name]))
    values["clocks"] = {name: ClockState.from_plain(item) for name, item in values["clocks"].items()}
    return CaseFile(**values)


def _tuples(item: Mapping[str, Any]) -> dict[str, Any]:
    """The members of one value; its lists (of texts, or of pairs of texts) as tuples."""
    return {name: _tuple(value) for name, value in item.items()}


def _tuple(value: Any) -> Any:
    return tuple(map(_tuple, value)) if isinstance(value, list | tuple) else value

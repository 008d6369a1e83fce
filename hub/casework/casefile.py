"""A case as the log tells it: the one projection that hub, agents and auditors compute alike.

Invariants (states.md section 10):
- a ``CaseFile`` is a value; it changes only through ``hub.casework.law.apply``;
- exactly one ``holder`` at any time (1); ``seq`` and ``head`` name the last custody statement;
- ``from_document(to_document(x)) == x``, so what PostgreSQL keeps is what replaying the log gives (9);
- no personal data: codes, digests, times, node ids.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from hub.casework.clocks import ClockState


class State(StrEnum):
    """States of a single case (states.md section 3)."""

    DRAFT = "DRAFT"
    PRE_REVIEW = "PRE_REVIEW"
    COLLECTED = "COLLECTED"
    REROUTING = "REROUTING"
    FORWARDED = "FORWARDED"
    PENDING_ACCEPT = "PENDING_ACCEPT"
    SUPPLEMENT = "SUPPLEMENT"
    UNDER_REVIEW = "UNDER_REVIEW"
    SUSPENDED = "SUSPENDED"
    DECIDED = "DECIDED"
    DELIVERING = "DELIVERING"
    CLOSED = "CLOSED"
    ARCHIVED = "ARCHIVED"
    NOT_COLLECTED = "NOT_COLLECTED"
    NOT_ACCEPTED = "NOT_ACCEPTED"
    WITHDRAWN = "WITHDRAWN"
    TERMINATED = "TERMINATED"
    REFERRED = "REFERRED"
    VOIDED = "VOIDED"
    ABANDONED = "ABANDONED"


CHINESE = {
    State.DRAFT: "登记中",
    State.PRE_REVIEW: "预审中",
    State.COLLECTED: "已收件",
    State.REROUTING: "待改派",
    State.FORWARDED: "已转交待签收",
    State.PENDING_ACCEPT: "待受理",
    State.SUPPLEMENT: "补正中",
    State.UNDER_REVIEW: "办理中",
    State.SUSPENDED: "特别程序中",
    State.DECIDED: "已决定",
    State.DELIVERING: "送达中",
    State.CLOSED: "已结案",
    State.ARCHIVED: "已归档",
    State.NOT_COLLECTED: "不予收件",
    State.NOT_ACCEPTED: "不予受理",
    State.WITHDRAWN: "已撤回",
    State.TERMINATED: "终止",
    State.REFERRED: "转报办结",
    State.VOIDED: "作废",
    State.ABANDONED: "草稿作废",
}
BEFORE_DECISION = (
    State.COLLECTED,
    State.REROUTING,
    State.FORWARDED,
    State.PENDING_ACCEPT,
    State.SUPPLEMENT,
    State.UNDER_REVIEW,
    State.SUSPENDED,
)


@dataclass(frozen=True)
class Sealing:
    """One sealing of the case: kind (application, result), revision, manifest digest, pinned object version."""

    kind: str
    revision: int
    manifest: str
    object_key: str
    version_id: str


@dataclass(frozen=True)
class Wrap:
    """One recipient that can open lines of a sealing: node, key id wrapped to, lines covered, registry position."""

    manifest: str
    recipient: str
    recipient_key: str
    lines: tuple[str, ...]
    epoch: int


@dataclass(frozen=True)
class ParcelLeg:
    """A parcel of the case: who books it, its waybill, its last status and the best proof so far (0 to 4)."""

    parcel: str
    gateway: str
    carrier: str = ""
    waybill_no: str = ""
    status: str = "CREATED"
    proof_level: int = 0
    evidence: str = ""


@dataclass(frozen=True)
class CaseFile:
    """One case. Times are RFC 3339 text in UTC+8 (the hub's ``recorded_at``).

    ``custody``: digests of all custody statements, in order; side-chain statements hang on one of them.
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
    sealings: tuple[Sealing, ...] = ()
    wraps: tuple[Wrap, ...] = ()
    parcels: tuple[ParcelLeg, ...] = ()
    clocks: Mapping[str, ClockState] = field(default_factory=dict)

    def sealing(self, kind: str) -> Sealing | None:
        """The newest sealing of ``kind``, or None."""
        return next((made for made in reversed(self.sealings) if made.kind == kind), None)

    def parcel(self, parcel: str) -> ParcelLeg | None:
        """The parcel with this id, or None."""
        return next((leg for leg in self.parcels if leg.parcel == parcel), None)

    def parties(self) -> frozenset[str]:
        """Nodes that have a part in the case: they see its leaves."""
        named = {self.collecting_node, self.accepting_node, *(leg.gateway for leg in self.parcels)}
        return frozenset(named - {""})

    def to_document(self) -> dict[str, object]:
        """Plain values for canonical JSON."""
        # By hand, not by ``asdict``: that copies every text of a case for each of its statements.
        return {
            **vars(self),
            "state": self.state.value,
            "sealings": tuple(dict(vars(sealing)) for sealing in self.sealings),
            "wraps": tuple(dict(vars(wrap)) for wrap in self.wraps),
            "parcels": tuple(dict(vars(leg)) for leg in self.parcels),
            "clocks": {name: clock.to_plain() for name, clock in self.clocks.items()},
        }


def from_document(document: Mapping[str, object]) -> CaseFile:
    """The value that ``to_document`` wrote."""
    values = dict(document)
    values["state"] = State(str(values["state"]))
    values["custody"] = tuple(values["custody"])  # type: ignore[arg-type]  # a list of texts
    values["sealings"] = tuple(Sealing(**item) for item in _items(values["sealings"]))
    values["wraps"] = tuple(Wrap(**{**item, "lines": tuple(item["lines"])}) for item in _items(values["wraps"]))
    values["parcels"] = tuple(ParcelLeg(**item) for item in _items(values["parcels"]))
    clocks = values["clocks"]
    assert isinstance(clocks, Mapping)
    values["clocks"] = {name: ClockState.from_plain(item) for name, item in clocks.items()}
    return CaseFile(**values)  # type: ignore[arg-type]  # members are those of to_document


def _items(value: object) -> list[dict[str, Any]]:
    assert isinstance(value, list | tuple)
    return list(value)

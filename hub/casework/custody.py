"""Who held the case and its parcels, from when to when: read from leaves alone, for the custody table.

Invariants (F05, states.md invariant 1):
- the electronic case has exactly one holder at any time: the collecting node from ``seal`` or ``ask_pre_review`` on,
  the receiver from its countersignature (``delivered``) or from constructive delivery on; who was asked first answers
  until then, also for a case that went wrong or was bounced; what returns to the window is the window's again; a parent
  is its window's until the results lie at the one exit (states.md P8);
- a parcel is held by the node that posts it until the carrier takes it over, by ``carrier:<name>`` until it is
  delivered or came back;
- times are the hub's legal times (UTC+8) and minutes are rounded down; an open row is counted to the last leaf.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum

from crypto import canonical
from crypto.evidence.timeline import envelope_of
from crypto.log.leaf import Leaf
from crypto.statement import Statement, read_statement
from hub.casework.casefile import CaseFile
from hub.casework.time.clock_table import CLOCKS

SHOWN_CLOCKS = ("K1", "K2", "K3", "K4", "K6", "K8", "K11")
_RETURNED = "RETURNED"
_BEFORE_CARRIER = frozenset({"", "UNKNOWN", "CREATED", "WAYBILL_ISSUED", "CANCELLED"})
_CARRIER_DONE = frozenset({"DELIVERED", _RETURNED})


class Kind(StrEnum):
    """What is held."""

    ELECTRONIC = "ELECTRONIC"
    PARCEL = "PARCEL"


@dataclass(frozen=True)
class CustodyRow:
    """``holder``: node id or ``carrier:<name>``; ``item``: case id or parcel id; ``to_at`` None: still held.

    ``basis``: digests of the statements that began and ended the row. ``minutes``: whole minutes.
    """

    holder: str
    kind: Kind
    item: str
    from_at: str
    to_at: str | None
    minutes: int
    basis: tuple[str, ...]

    def as_object(self) -> dict[str, object]:
        """JSON form."""
        return {**asdict(self), "kind": self.kind.value, "basis": list(self.basis)}


@dataclass(frozen=True)
class ClockRow:
    """One clock of the case. Times in UTC+8; ``due`` None while a pause is open; ``expired``: it ran out."""

    clock: str
    name: str
    started_at: str
    stopped_at: str | None
    due: str | None
    calendar_version: str
    provisional: bool
    expired: bool

    def as_object(self) -> dict[str, object]:
        """JSON form."""
        return asdict(self)


def custody_table(leaves: Sequence[Leaf]) -> list[CustodyRow]:
    """Rows in the order in which they began. ``leaves``: all leaves of one case, ascending.

    Refusals ENVELOPE_FORMAT, STATEMENT_FORMAT, NOT_CANONICAL for leaves that were never verified.
    """
    rows: dict[tuple[Kind, str], list[CustodyRow]] = {}
    hands = _Hands()
    last = leaves[-1].recorded_at if leaves else ""
    for leaf in leaves:
        envelope = envelope_of(leaf)
        statement = read_statement(envelope.payload)
        taken = hands.taken(statement)
        if taken is not None:
            _pass_on(rows.setdefault(taken[:2], []), taken, leaf.recorded_at, envelope.digest)
    made = [_counted(row, last) for held in rows.values() for row in held]
    return sorted(made, key=lambda row: (row.from_at, row.kind, row.item))


def clock_rows(file: CaseFile) -> list[ClockRow]:
    """The clocks of the case, as far as they were started (states.md 2)."""
    return [
        ClockRow(
            clock=name,
            name=CLOCKS[name].name,
            started_at=state.started_at,
            stopped_at=state.stopped_at,
            due=state.due,
            calendar_version=state.calendar_version,
            provisional=state.provisional,
            expired=state.expired or _overrun(state.due, state.stopped_at or file.recorded_at),
        )
        for name in SHOWN_CLOCKS
        if (state := file.clocks.get(name)) is not None
    ]


_Taken = tuple[Kind, str, str]
"""What is held, which one, by whom from now on (an empty text: by nobody whom the case knows)."""


class _Hands:
    """Whose hands a statement puts case or parcel into. ``destination``: the node that the case is on its way to."""

    def __init__(self) -> None:
        self._first = ""
        self._destination = ""
        self._carriers: dict[str, str] = {}
        self._senders: dict[str, str] = {}

    def taken(self, statement: Statement) -> _Taken | None:
        """What changes hands with the statement, or None."""
        holder = self._case_holder(statement)
        if holder is not None:
            self._first = self._first or holder
            return (Kind.ELECTRONIC, statement.case or "", holder) if self._first else None
        return self._parcel(statement)

    def _case_holder(self, statement: Statement) -> str | None:
        """The new holder of the electronic case (F05); empty: its content is erased; None: nothing changes."""
        match statement.type:
            case "seal" | "seal_parent" | "ask_pre_review" | "delivered" | "results_gathered":
                return statement.actor.node
            case "route" | "redirect" | "redirected":
                self._destination = str(statement.body.get("accepting_node"))
            case "constructive_delivery":
                return self._destination
            case "return_to_window" | "reopen":
                return self._first
            case "discard":
                return ""
        return None

    def _parcel(self, statement: Statement) -> _Taken | None:
        body = statement.body
        parcel = str(body.get("parcel"))
        if statement.type in ("post", "pack"):
            self._senders[parcel] = statement.actor.node
            return Kind.PARCEL, parcel, statement.actor.node
        if statement.type == "check_in":
            return Kind.PARCEL, parcel, ""  # opened: what lay in it is in the receiver's hands
        if statement.type == "waybill":
            self._carriers[parcel] = str(body.get("carrier"))
        status = str(body.get("status"))
        if statement.type != "parcel_event" or parcel not in self._senders or status in _BEFORE_CARRIER:
            return None
        if status == _RETURNED:
            return Kind.PARCEL, parcel, self._senders[parcel]
        if status in _CARRIER_DONE:
            return Kind.PARCEL, parcel, ""
        return Kind.PARCEL, parcel, f"carrier:{self._carriers.get(parcel, '')}"


def _pass_on(held: list[CustodyRow], taken: _Taken, at: str, digest: str) -> None:
    kind, item, holder = taken
    if held and held[-1].to_at is None:
        if held[-1].holder == holder:
            return
        held[-1] = replace(held[-1], to_at=at, basis=(*held[-1].basis, digest))
    if holder:
        held.append(CustodyRow(holder, kind, item, at, None, 0, (digest,)))


def _counted(row: CustodyRow, last: str) -> CustodyRow:
    span = canonical.time_value(row.to_at or last) - canonical.time_value(row.from_at)
    return replace(row, minutes=int(span.total_seconds() // 60))


def _overrun(due: str | None, until: str) -> bool:
    return due is not None and until > due

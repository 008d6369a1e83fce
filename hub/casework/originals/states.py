"""States of custody items: which follow from a parcel, which are good ends, who has the paper (states.md 5). Pure.

Invariants:
- on its way an item's state is a function of the parcel as it is known now: doubled, late or reordered carrier events
  cannot change where it ends up (invariant 11);
- what a receiver checked in, and what a coordinator declared lost, no carrier's event moves any more;
- an item that a person handed back, filed or fetched is in no parcel: nothing that is said of its last parcel moves it.
"""

from collections.abc import Iterable
from dataclasses import replace

from hub.casework.casefile import CaseFile
from hub.casework.delivery.values import ParcelLeg
from hub.casework.originals.values import ItemState, Original
from hub.casework.states import BEFORE_DECISION, PARENT_ENDS, PARENT_STATES, State

RESULT = "RESULT"
"""The result among the items of a parcel or of a pick-up; no custody item of the applicant's has this name."""
APPLICANT = "applicant"
MAIL = "MAIL_FOR_ARCHIVE"
ORIGINALS_KIND, RETURN_KIND, RESULT_KIND, TO_WINDOW_KIND = "ORIGINALS", "RETURN", "RESULT", "RESULT_TO_WINDOW"
ONWARD_KIND = "ONWARD"
"""From one part's department to the next one's (states.md 8)."""
KEPT, FREE = "KEPT", "FREE"
"""Where the way of a paper through the parts of a matter ends: in an archive, or back with the applicant."""
RETURN_PROOF = 1
"""A returned original needs somebody of the household at the least (O14, postal.md 7)."""

NOT_SENT = frozenset({"", "UNKNOWN", "CREATED", "WAYBILL_ISSUED"})
CAME_BACK = frozenset({"RETURNED", "CANCELLED"})
MISSED = frozenset({"LOST_SUSPECTED", "LOST"})
DELIVERED = "DELIVERED"

_S = ItemState
AT_REST = frozenset({_S.HELD, _S.CHECKED_IN, _S.IN_CUSTODY, _S.BACK_AT_SENDER})
UNDER_WAY = frozenset({_S.PACKED, _S.WAYBILLED, _S.IN_CARRIER, _S.ARRIVED, _S.RETURN_PACKED, _S.RETURN_IN_CARRIER})
TROUBLED = frozenset({_S.LOST_SUSPECTED, _S.DISCREPANCY, _S.DAMAGED})
GOOD_ENDS = frozenset({_S.SEEN_RETURNED, _S.ARCHIVED, _S.RETURNED_TO_APPLICANT})
_BEFORE_THE_END = frozenset({*BEFORE_DECISION, State.DECIDED, State.DELIVERING, State.ARCHIVED})
ENDED = frozenset(State) - _BEFORE_THE_END - PARENT_STATES | PARENT_ENDS
"""States of the case after which nothing is decided any more: papers go back, or to the archive."""


def way_state(leg: ParcelLeg) -> ItemState:
    """The state of what lies in a parcel that nobody has checked in (O4, O5, O8 to O11, O14)."""
    back = leg.kind == RETURN_KIND
    if leg.lost_at:
        return _S.LOST
    if leg.suspected_at or leg.status in MISSED:
        return _S.LOST_SUSPECTED
    if leg.status in CAME_BACK:
        return _S.BACK_AT_SENDER
    if leg.status == "DAMAGED":
        return _S.DAMAGED
    if leg.status == DELIVERED:
        return _arrived(leg)
    if leg.status in NOT_SENT:
        not_sent = _S.WAYBILLED if leg.waybill_no else _S.PACKED
        return _S.RETURN_PACKED if back else not_sent
    return _S.RETURN_IN_CARRIER if back else _S.IN_CARRIER


def _arrived(leg: ParcelLeg) -> ItemState:
    if leg.receiver:
        return _S.ARRIVED
    return _S.RETURNED_TO_APPLICANT if leg.proof_level >= RETURN_PROOF else _S.RETURN_IN_CARRIER


def way_holder(leg: ParcelLeg, state: ItemState) -> str:
    """Who has what lies in the parcel: the sender until the carrier took it over, and after it came back."""
    if state in {_S.PACKED, _S.WAYBILLED, _S.RETURN_PACKED, _S.BACK_AT_SENDER}:
        return leg.sender
    return APPLICANT if state is _S.RETURNED_TO_APPLICANT else f"carrier:{leg.carrier}"


def moved(file: CaseFile, parcel: str, evidence: str, at: str) -> CaseFile:
    """The file with the items of a parcel where the parcel is; a parcel that was checked in moves nothing."""
    leg = file.parcel(parcel)
    if leg is None or leg.checked_in or not leg.items:
        return file
    state = way_state(leg)
    holder = way_holder(leg, state)
    items = tuple(
        replace(item, state=state.value, holder=holder, at=at, evidence=evidence)
        if item.parcel == parcel and not _settled_loss(item) and (item.state, item.holder) != (state, holder)
        else item
        for item in file.originals
    )
    return file.changed(originals=items)


def lies_with(item: Original, node: str) -> bool:
    """Whether the node has the item in hand and may send it on: at rest, or its trouble is settled."""
    free = item.state in AT_REST or (item.state in TROUBLED and bool(item.settled))
    return free and item.holder == node


def returnable(file: CaseFile, item: Original) -> bool:
    """O14: back to the applicant when the list does not want it in the archive, or the case came to nothing; what
    several parts need, when none of them needs it any more.
    """
    if item.onward:
        return item.over == FREE
    return item.policy != MAIL or came_to_nothing(file)


def destination(file: CaseFile) -> str:
    """The department that papers go to: the accepting one; from a referral on, the one above (T30, 行政许可法 35)."""
    on_its_way = file.state is State.REFERRED and file.referral is not None
    return file.referral.node if on_its_way and file.referral else file.accepting_node


def goal(file: CaseFile, item: Original) -> str:
    """The department that the paper is for: that of the part whose turn it is, else where the case's papers go."""
    return item.to or destination(file)


def came_to_nothing(file: CaseFile) -> bool:
    """Whether the department has no claim to the applicant's papers: never sealed, ended undecided, or refused."""
    return not file.public_no or (file.state in ENDED and file.state is not State.CLOSED) or file.outcome == "REFUSE"


def awaited(file: CaseFile) -> bool:
    """Whether an original that belongs into the archive has not reached the accepting node yet (K2, O6).

    One that lies there in a parcel that nobody opened in time has reached it; one that another node let lie has not.
    What was there and went on to another part is awaited no more.
    """
    unopened = {
        leg.parcel
        for leg in file.parcels
        if leg.check_late and leg.receiver == file.accepting_node and leg.status == DELIVERED
    }
    return any(
        item.policy == MAIL and item.holder != file.accepting_node and not item.settled and item.parcel not in unopened
        for item in file.originals
        if not item.seen and not item.to
    )


def unclear(items: Iterable[Original]) -> list[str]:
    """Items of which nobody can say who has them: under way, or in a trouble that nobody settled (T34)."""
    return [item.item for item in items if item.state in UNDER_WAY or (item.state in TROUBLED and not item.settled)]


def open_items(items: Iterable[Original]) -> list[str]:
    """Items that have not ended well (O14, invariant 13): neither returned nor archived, nor a loss that is settled."""
    return [item.item for item in items if item.state not in GOOD_ENDS and not _settled_loss(item)]


def open_parcels(file: CaseFile) -> list[str]:
    """Parcels whose way is not over: neither delivered, checked in, come back, nor declared lost.

    What lies in a void one nobody waits for; nor for one whose papers a coordinator settled on their way (O12, D10).
    """
    return [
        leg.parcel
        for leg in file.parcels
        if not (leg.checked_in or leg.lost_at or leg.void or leg.status in CAME_BACK or leg.status == DELIVERED)
        and not _given_up(file, leg)
    ]


def _settled_loss(item: Original) -> bool:
    return item.state == _S.LOST and bool(item.settled)


def _given_up(file: CaseFile, leg: ParcelLeg) -> bool:
    inside = [item for item in file.originals if item.parcel == leg.parcel]
    return not leg.receiver and bool(inside) and all(item.settled for item in inside)

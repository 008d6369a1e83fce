"""What the case file keeps of originals: one value a physical document, and the offers to fetch paper by hand.

Invariant: a value has exactly one holder at any time (states.md 10, invariants 1 and 13).
"""

from dataclasses import dataclass
from enum import StrEnum


class ItemState(StrEnum):
    """States of a custody item (states.md 5)."""

    SEEN_RETURNED = "SEEN_RETURNED"
    HELD = "HELD"
    PACKED = "PACKED"
    WAYBILLED = "WAYBILLED"
    IN_CARRIER = "IN_CARRIER"
    ARRIVED = "ARRIVED"
    CHECKED_IN = "CHECKED_IN"
    DISCREPANCY = "DISCREPANCY"
    IN_CUSTODY = "IN_CUSTODY"
    ARCHIVED = "ARCHIVED"
    RETURN_PACKED = "RETURN_PACKED"
    RETURN_IN_CARRIER = "RETURN_IN_CARRIER"
    RETURNED_TO_APPLICANT = "RETURNED_TO_APPLICANT"
    BACK_AT_SENDER = "BACK_AT_SENDER"
    LOST_SUSPECTED = "LOST_SUSPECTED"
    LOST = "LOST"
    DAMAGED = "DAMAGED"


@dataclass(frozen=True)
class Original:
    """One physical document (states.md 5). ``holder``: node id, ``carrier:<code>`` or ``applicant``.

    ``policy``: what the pinned list says of its material (A06); ``parcel``: the one that it lies in or came in last,
    empty once a person passed it on; ``finding``: what was found at opening, ``answer``: what the sender said to that;
    ``settled``: the coordinator's statement that ended a loss, a damage or a dispute; ``evidence``: the statement that
    made its state.
    Where parts of one matter need it one after the other (states.md 8): ``onward``: (part, policy) of the later ones;
    ``turn``: whose turn it is, empty while it is its own case's; ``to``: that part's department; ``seen``: (part,
    statement) of those that had it in hand; ``over``: KEPT where it stays, FREE where nobody needs it any more.
    """

    item: str
    material: str
    state: str
    holder: str
    policy: str
    parcel: str = ""
    at: str = ""
    finding: str = ""
    answer: str = ""
    settled: str = ""
    evidence: str = ""
    onward: tuple[tuple[str, str], ...] = ()
    turn: str = ""
    to: str = ""
    seen: tuple[tuple[str, str], ...] = ()
    over: str = ""


@dataclass(frozen=True)
class Pickup:
    """Paper offered for fetching by hand (E08; hand-off record of kind PAPER_PICKUP, states.md 7).

    ``offer``: the sender's statement; ``taken``: the receiver's, empty while the offer is open; ``pages``: all told.
    """

    handoff: str
    sender: str
    receiver: str
    items: tuple[str, ...]
    pages: int
    offer: str
    at: str
    taken: str = ""

"""What the case file keeps of the result's way to the applicant, besides its parcels (states.md 6)."""

from dataclasses import dataclass
from enum import StrEnum


class ResultState(StrEnum):
    """States of a result that is in no carrier's hands; those of a parcel stand in its leg."""

    READY = "READY"
    AT_COUNTER = "AT_COUNTER"
    UNCLAIMED = "UNCLAIMED"
    PICKED_UP = "PICKED_UP"
    E_DELIVERED = "E_DELIVERED"
    DISCREPANCY = "DISCREPANCY"
    RECALLED = "RECALLED"


PARCEL_STATUSES = frozenset(
    {
        "UNKNOWN", "CREATED", "WAYBILL_ISSUED", "CANCELLED", "LOST_SUSPECTED", "COLLECTED", "IN_TRANSIT", "HELD",
        "AT_DELIVERY_OFFICE", "OUT_FOR_DELIVERY", "AT_PICKUP_POINT", "ATTEMPT_FAILED", "REDIRECTED", "REFUSED",
        "RETURNING", "DELIVERED", "RETURNED", "LOST", "DAMAGED",
    }
)  # fmt: skip
"""What a gateway may say of a parcel (postal.md 7): the codes of all carriers are translated into these."""


@dataclass(frozen=True)
class ResultPaper:
    """The result: where it lies, since when (UTC+8), reminders so far (D9), what proves delivery."""

    state: str
    holder: str
    since: str
    reminders: int = 0
    proof_level: int = 0
    evidence: str = ""


@dataclass(frozen=True)
class ParcelLeg:
    """A parcel of the case: who books it, its waybill, its last status and the best proof so far (0 to 4).

    ``kind``: RESULT, RESULT_TO_WINDOW, ORIGINALS, RETURN; ``receiver``: node, empty for the applicant; ``items``: what
    lies in it; ``in_carrier_at``: since when K10 runs; ``attempts``: keys of the events that told a failed one (D7);
    ``late``: K9 ran out; ``suspected_at``, ``lost_at``: missed, and declared lost (O8, O10); ``called``: why the
    applicant is to be called, ``answer``, ``address``: what he said (D6, D8); ``recalled_at``: D11; ``checked_in``:
    the receiver's statement; ``void``: the result in it was declared void (D10); ``arrived_at``: since when it lies at
    the node that it is for, ``check_late``: not opened there in time (O5); ``owed_since``: since when it was due (K9).
    """

    parcel: str
    gateway: str
    carrier: str = ""
    waybill_no: str = ""
    status: str = "CREATED"
    proof_level: int = 0
    evidence: str = ""
    kind: str = "RESULT"
    sender: str = ""
    receiver: str = ""
    items: tuple[str, ...] = ()
    packed_at: str = ""
    in_carrier_at: str = ""
    attempts: tuple[str, ...] = ()
    late: bool = False
    suspected_at: str = ""
    lost_at: str = ""
    called: str = ""
    answer: str = ""
    address: str = ""
    recalled_at: str = ""
    checked_in: str = ""
    void: bool = False
    arrived_at: str = ""
    check_late: bool = False
    owed_since: str = ""

    def plain(self) -> dict[str, object]:
        """What stands in a document: what only some parcels have is left out of the others."""
        return {name: value for name, value in vars(self).items() if value or name in _EVERY_PARCEL}


_EVERY_PARCEL = frozenset({"parcel", "gateway", "carrier", "waybill_no", "status", "proof_level", "evidence"})

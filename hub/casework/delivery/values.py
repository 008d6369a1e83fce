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

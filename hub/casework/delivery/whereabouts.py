"""Where the result is, and what proves that the applicant has it (states.md 6). Pure.

Invariants:
- one result is in one place: ready at a node, in a parcel, at a counter, or with the applicant;
- a result that was declared void is nowhere and proves nothing (D10), and a parcel that was recalled proves nothing.
"""

from hub.casework.casefile import CaseFile
from hub.casework.delivery.values import ParcelLeg, ResultState
from hub.casework.originals import states
from hub.casework.states import State

COUNTER_PROOF = 4
"""Signed at our own counter (postal.md 7)."""
ELECTRONIC_PROOF = 3
"""Opened by the applicant, acknowledged by the node that served it: as an electronic slip (D3)."""
CONFIRMED_PROOF = 3
"""The applicant's word to a person who signs for it (D6). Where a paper slip is wanted, it does not do."""
_AT_COUNTER = frozenset({ResultState.AT_COUNTER.value, ResultState.UNCLAIMED.value})
_WITH_APPLICANT = frozenset({ResultState.PICKED_UP.value, ResultState.E_DELIVERED.value})
_BAD = frozenset({ResultState.DISCREPANCY.value, ResultState.RECALLED.value})


def result_parcels(file: CaseFile) -> tuple[ParcelLeg, ...]:
    """Parcels of the result that counts, oldest first."""
    kinds = (states.RESULT_KIND, states.TO_WINDOW_KIND)
    return tuple(leg for leg in file.parcels if leg.kind in kinds and not leg.void)


def in_parcel(file: CaseFile) -> bool:
    """Whether the result lies in a parcel that has not come back."""
    return any(leg.status not in states.CAME_BACK and not leg.checked_in for leg in result_parcels(file))


def returned(file: CaseFile) -> tuple[ParcelLeg, ...]:
    """Parcels to the applicant that came back (D8)."""
    return tuple(leg for leg in result_parcels(file) if leg.status == "RETURNED" and not leg.receiver)


def ready_at(file: CaseFile) -> str:
    """The node that has the result ready to go on, or an empty text (D1)."""
    if file.state not in (State.DELIVERING, State.P_DELIVERING) or file.result is not None or in_parcel(file):
        return ""
    return file.accepting_node


def at_counter(file: CaseFile) -> str:
    """The node at whose counter the applicant may fetch the result, or an empty text (D2)."""
    return file.result.holder if file.result is not None and file.result.state in _AT_COUNTER else ""


def on_its_way(file: CaseFile) -> bool:
    """Whether the choice of delivery is over: packed, laid out at another counter, or with the applicant (I01)."""
    elsewhere = at_counter(file) not in ("", file.accepting_node)
    return in_parcel(file) or elsewhere or (file.result is not None and file.result.state in _WITH_APPLICANT)


def spoilt(file: CaseFile) -> bool:
    """Whether the result cannot be delivered any more: lost, recalled, or found wrong at opening (D10, D11)."""
    return recalled(file) or any(leg.lost_at for leg in result_parcels(file))


def recalled(file: CaseFile) -> bool:
    """Whether somebody took the result back, or found it wrong (D11)."""
    bad = file.result is not None and file.result.state in _BAD
    return bad or any(leg.recalled_at for leg in result_parcels(file))


def level_needed(leg: ParcelLeg, needed: int) -> int:
    """What proof a parcel to the applicant needs: the item's for a result, one for originals that go back."""
    return states.RETURN_PROOF if leg.kind == states.RETURN_KIND else needed


def proof(file: CaseFile, needed: int) -> dict[str, object] | None:
    """What ``delivered_proven`` says (T34), or None while nothing proves delivery at level ``needed``."""
    result = file.result
    if result is not None and result.state in _WITH_APPLICANT and result.proof_level >= needed:
        return {"proof_level": result.proof_level, "evidence": result.evidence}
    for leg in result_parcels(file):
        served = leg.kind == states.RESULT_KIND and leg.status == states.DELIVERED and leg.answer != "DENIED"
        if served and not leg.recalled_at and leg.proof_level >= needed:
            return {"parcel": leg.parcel, "proof_level": leg.proof_level, "evidence": leg.evidence}
    return None

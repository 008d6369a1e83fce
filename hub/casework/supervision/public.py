"""What anybody who has number and check code may be told of a case (G06, H01): state, dates, who acts, what is next.

Invariants:
- no name, no paper, no reason: only what the case file holds, and public names of units from the register, masked as
  free text all the same (standards.md 15, profile OUTSIDE);
- every sentence comes from ``hub.casework.messages.public``; every date is a legal date in UTC+8.
"""

from dataclasses import dataclass

from hub.casework.casefile import CaseFile
from hub.casework.masking.fields import Profile
from hub.casework.masking.text import mask_text
from hub.casework.messages.public import CASE_TYPES, MILESTONES, NEXT_STEPS
from hub.casework.states import CHINESE, State
from hub.casework.supervision.rows import SERVED

_REVIEWED = (State.UNDER_REVIEW, State.SUSPENDED, State.P_IN_PROGRESS)
_SERVED = (State.CLOSED, State.P_CLOSED)
_WAITED_FOR = {
    State.PENDING_ACCEPT: "K2",
    State.SUPPLEMENT: "K6",
    State.DECIDED: "K8",
    State.DELIVERING: "K8",
    State.P_SUPPLEMENT: "K6",
    State.P_CONCLUDED: "K8",
    State.P_DELIVERING: "K8",
}


@dataclass(frozen=True)
class PublicView:
    """``milestones``: (words, ISO date), oldest first, enquiries among them.

    ``due``: ISO date by which somebody must act, or empty;
    ``holder``: public name of the unit that acts now; ``next_step``: a sentence; ``may_rate``: not rated yet;
    ``case_type``: in Chinese (C04), empty for a parent.
    """

    public_no: str
    state: State
    words: str
    holder: str
    milestones: tuple[tuple[str, str], ...]
    due: str
    next_step: str
    may_rate: bool
    case_type: str = ""


def public_view(file: CaseFile, holder_title: str, case_type: str = "") -> PublicView:
    """The case as the applicant may see it. ``holder_title``: public name of the holder in the register;
    ``case_type``: code of its item's, empty for a parent."""
    rated = any(rating.kind == "PUBLIC" for rating in file.ratings)
    return PublicView(
        public_no=file.public_no,
        state=file.state,
        words=CHINESE[file.state],
        holder=mask_text(holder_title, Profile.OUTSIDE),
        milestones=_milestones(file),
        due=_due(file),
        next_step=NEXT_STEPS[file.state],
        may_rate=file.state in SERVED and not rated,
        case_type=CASE_TYPES.get(case_type, ""),
    )


def _milestones(file: CaseFile) -> tuple[tuple[str, str], ...]:
    clocks = file.clocks
    moments = {
        "collected": clocks["K1"].started_at if "K1" in clocks else file.opened_at,
        "delivered": file.received_at or (clocks["K2"].started_at if "K2" in clocks else ""),
        "noticed": file.notices[-1].at if file.notices else "",
        "accepted": file.effective_at,
        "decided": clocks["K8"].started_at if "K8" in clocks else "",
        "served": (clocks["K8"].stopped_at or "") if "K8" in clocks and file.state in _SERVED else "",
    }
    told = [(MILESTONES[name], moment[:10]) for name, moment in moments.items() if moment]
    asked = [(MILESTONES["enquired" if one.open else "answered"], one.at[:10]) for one in file.enquiries]
    return tuple(sorted(told + asked, key=lambda one: one[1]))  # what came on one day keeps the order of the law


def _due(file: CaseFile) -> str:
    """The day by which the one whose turn it is must act: accept, hand in, decide, deliver."""
    name = _WAITED_FOR.get(file.state, "K3" if file.state in _REVIEWED else "")
    clock = file.clocks.get(name)
    return (clock.due or "")[:10] if clock is not None else ""

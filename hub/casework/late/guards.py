"""Guards of a late entry: done on paper while nothing worked, entered afterwards (states.md 9; A22, H04).

Invariants:
- a late entry says why and when it was entered (``late_entry``), declares the earlier time as its own and has a second
  signature; what was signed on time and only came late out of the journal's queue is none and needs nobody else;
- nobody gains by an earlier time: every clock, every due date and the order of the case follow the hub's time
  (``recorded_at``), for the applicant too. A case that went on meanwhile stays where it is, and what an outage made
  late is put right by who may do so (a limit extended, a complaint, a review), never by an earlier date;
- legal acts of the department (accept, notice, decision) are not among the rows: their date is the one in the log.
"""

from datetime import datetime

from crypto.canonical import time_value
from crypto.refusal import Refusal
from hub.casework import common, reasons
from hub.casework.casefile import CaseFile
from hub.casework.context import Act, World

LATE = "late_entry"
"""The member: ``entered_at``, when it was signed here (RFC 3339, UTC+8, ms); ``cause``: a code."""
RULE = "states.md 9; A22"
_SECOND = "second_person"


def late_entry_whole(file: CaseFile | None, act: Act, world: World) -> None:
    """States.md 9, A22, H04: a late entry names a cause of the list, happened before it was entered, and was entered
    before now; a portal has none, since there nothing happens on paper.

    Refusals LATE_ENTRY_ONLINE, BODY_MEMBER, LATE_CAUSE_UNKNOWN, LATE_ENTRY_TIMES.
    """
    said = act.statement.body.get(LATE)
    if said is None:
        return
    if act.by_portal:
        raise Refusal("LATE_ENTRY_ONLINE", f"{RULE}; A02", event=act.statement.type)
    if not isinstance(said, dict) or set(said) != {"entered_at", "cause"}:
        raise Refusal("BODY_MEMBER", RULE, member=LATE)
    cause = said["cause"]
    if not isinstance(cause, str) or cause not in reasons.LATE_CAUSES:
        raise Refusal("LATE_CAUSE_UNKNOWN", RULE, cause=str(cause)[:20])
    happened, entered = act.statement.occurred, _entered(said["entered_at"])
    if not happened < entered <= act.moment + common.FUTURE_TOLERANCE:
        raise Refusal(
            "LATE_ENTRY_TIMES", RULE, occurred_at=act.statement.occurred_at, entered_at=str(said["entered_at"])
        )


def late_entry_confirmed(file: CaseFile | None, act: Act, world: World) -> None:
    """States.md 9, A22: a second person of the same node confirms a late entry with a signature over the same bytes; an
    act on time has none. Refusals SECOND_PERSON_MISSING, SECOND_PERSON_WRONG, BODY_MEMBER."""
    body = act.statement.body
    if body.get(LATE) is not None:
        common.require_colleague(act, RULE)
    elif _SECOND in body:
        raise Refusal("BODY_MEMBER", RULE, member=_SECOND)


def _entered(text: object) -> datetime:
    try:
        return time_value(str(text))
    except Refusal:
        raise Refusal("BODY_MEMBER", RULE, member="entered_at") from None

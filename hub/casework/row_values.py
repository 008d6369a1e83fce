"""What rows have in common: states, roles, signers (states.md 1, 3)."""

from hub.casework.law import Signers
from hub.casework.states import PARENT_STATES, State

LIVE = tuple(state for state in State if state not in (State.ARCHIVED, State.P_ARCHIVED))
READABLE = tuple(State)
"""What is archived is still looked at and shown on, and each time is told (H01, H02; invariant 3: "except reads")."""
NO_PAPER = (State.PRE_REVIEW, State.NOT_COLLECTED, State.ABANDONED, State.ARCHIVED)
WITH_PAPER = (
    *(state for state in State if state not in NO_PAPER and state not in PARENT_STATES),
    *(State.P_DELIVERING, State.P_CLOSED),
)
"""States in which paper of the case may be somewhere or on its way: from the seal to the archive; a parent has the
results at the one exit, and no other paper (P8)."""
WINDOW = frozenset({"COLLECTOR", "COLLECT_LEAD"})
ACCEPTOR = frozenset({"ACCEPTOR"})
COORDINATOR = frozenset({"COORDINATOR"})
PAPER_STAFF = WINDOW | {"ACCEPTOR", "ISSUER"}
"""Who may pack, check in, hand over and fetch paper, at the window and at the department."""
WITNESSES = PAPER_STAFF | {"REVIEWER", "HEAD"}
"""Who may watch the packing and sign too (O3)."""
READERS = frozenset({"COLLECTOR", "COLLECT_LEAD", "ACCEPTOR", "REVIEWER", "DECIDER", "HEAD", "ISSUER"})
HUB = frozenset({"hub"})
WINDOW_NODE = frozenset({"window"})
INTAKE_NODE = WINDOW_NODE | {"portal"}
"""Where cases begin: a counter, or a portal (A02)."""
DEPARTMENT_NODE = frozenset({"department"})
PERSON, NODE, BY_HUB = Signers.PERSON_AND_NODE, Signers.NODE, Signers.HUB
"""Who signs: person and node, the node alone, the hub."""
APPLICANTS = Signers.PERSON_OR_PORTAL
"""What an applicant does: over a counter signed by person and node, online by the portal."""


def members(names: str) -> frozenset[str]:
    """What a body may hold, by names in one text."""
    return frozenset(names.split())

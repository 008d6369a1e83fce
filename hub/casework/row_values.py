"""What rows have in common: states, roles, signers (states.md 1, 3)."""

from hub.casework.casefile import State
from hub.casework.law import Signers

LIVE = tuple(state for state in State if state is not State.ARCHIVED)
NO_PAPER = (State.PRE_REVIEW, State.NOT_COLLECTED, State.ABANDONED, State.ARCHIVED)
WITH_PAPER = tuple(state for state in State if state not in NO_PAPER)
"""States in which paper of the case may be somewhere or on its way: from the seal to the archive."""
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
DEPARTMENT_NODE = frozenset({"department"})
PERSON, NODE, BY_HUB = Signers.PERSON_AND_NODE, Signers.NODE, Signers.HUB
"""Who signs: person and node, the node alone, the hub."""


def members(names: str) -> frozenset[str]:
    """What a body may hold, by names in one text."""
    return frozenset(names.split())

"""What rows have in common: states, roles, signers (states.md 1, 3)."""

from hub.casework.casefile import State
from hub.casework.law import Signers

LIVE = tuple(state for state in State if state is not State.ARCHIVED)
WITH_PARCEL = (State.DECIDED, State.DELIVERING, State.CLOSED)
WINDOW = frozenset({"COLLECTOR", "COLLECT_LEAD"})
ACCEPTOR = frozenset({"ACCEPTOR"})
COORDINATOR = frozenset({"COORDINATOR"})
READERS = frozenset({"COLLECTOR", "COLLECT_LEAD", "ACCEPTOR", "REVIEWER", "DECIDER", "HEAD", "ISSUER"})
HUB = frozenset({"hub"})
WINDOW_NODE = frozenset({"window"})
DEPARTMENT_NODE = frozenset({"department"})
PERSON, NODE, BY_HUB = Signers.PERSON_AND_NODE, Signers.NODE, Signers.HUB
"""Who signs: person and node, the node alone, the hub."""


def members(names: str) -> frozenset[str]:
    """What a body may hold, by names in one text."""
    return frozenset(names.split())

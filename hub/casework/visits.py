"""How often the applicant had to come: the ``visits`` of a case (A20, B19). Pure.

Invariant: it follows from the case file alone; a visit is what left a trace at a counter: a seal, a supplement, a
result that was fetched. What came through a portal, by post or as a file is none. A parent is one matter: what its
parts were brought after one notice was one visit, and each part counts its own trace besides.
"""

from hub.casework.casefile import CaseFile
from hub.casework.delivery.values import ResultState
from hub.casework.parents.values import HANDED_IN
from hub.casework.states import State

_GIVEN_UP = frozenset({State.TERMINATED.value, State.WITHDRAWN.value, State.VOIDED.value})
"""States of a part that ended without what the notice asked of it."""


def visits(file: CaseFile) -> int:
    """Visits so far: 0 for a case whose three legs (apply, process, deliver) went without one (A20)."""
    counted = [made for made in file.sealings if made.kind in ("application", "addendum") and made.revision]
    at_counters = [made for made in counted if not (file.mode and made.sealed_by == file.collecting_node)]
    fetched = file.result is not None and file.result.state == ResultState.PICKED_UP
    brought = any(part.supplement == HANDED_IN and part.state not in _GIVEN_UP for part in file.parts)
    return len(at_counters) + fetched + (brought and not file.mode)

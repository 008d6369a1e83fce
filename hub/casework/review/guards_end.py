"""Guards of what ends a case otherwise, or takes it up anew: voided, reopened as a new case (states.md T36, T39).

Invariant: a guard looks and refuses; it never changes anything.
"""

from crypto.refusal import Refusal
from hub.casework import facts, reasons
from hub.casework.casefile import CaseFile
from hub.casework.context import Act, World
from hub.casework.review.guards_procedure import require_case


def void_by_holder(file: CaseFile | None, act: Act, world: World) -> None:
    """T36, invariant 1: who holds the case answers for its end too."""
    assert file is not None
    if act.node.subject != file.holder:
        raise Refusal("NOT_YOUR_CASE", "T36; invariant 1", event=act.statement.type, node=act.node.subject)


def void_founded(file: CaseFile | None, act: Act, world: World) -> None:
    """T36: invalid in substance, for a reason of the list and on paper; a duplicate names the case that goes on."""
    assert file is not None
    reason = act.text("reason")
    if reason not in reasons.VOID_REASONS:
        raise Refusal("REASON_UNKNOWN", "T36", reason=reason[:20])
    facts.require_digest(act, "paper", "T36")
    if reason == "DUPLICATE" or "linked" in act.statement.body:
        require_case(file, act, "T36; states.md 9")


def head_voids_too(file: CaseFile | None, act: Act, world: World) -> None:
    """T36: the head signs beside the lead."""
    facts.require_second(act, "HEAD", "T36")


def review_ordered(file: CaseFile | None, act: Act, world: World) -> None:
    """T39: somebody who may ordered a new decision, on paper; the new case is another one."""
    assert file is not None
    if act.text("reason") not in reasons.REVIEW_ORDERS:
        raise Refusal("REASON_UNKNOWN", "T39", reason=act.text("reason")[:20])
    facts.require_digest(act, "paper", "T39")
    require_case(file, act, "T39")

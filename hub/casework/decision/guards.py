"""Guards of decision and result (T31, T33; 行政许可法 38).

Invariant: a guard looks and refuses; it never changes anything.
"""

from crypto.refusal import Refusal
from hub.casework import facts
from hub.casework.casefile import CaseFile
from hub.casework.common import require_grant
from hub.casework.context import Act, World

DECISION = "DECISION"
"""Line of a result that holds what was committed to in ``decide``: outcome, reasons, appeal and their salts."""


def decide_grant(file: CaseFile | None, act: Act, world: World) -> None:
    """T31, F01, F04, invariant 4: a decision without a live DECIDE grant is refused."""
    require_grant("DECIDE", file, act, world)


def seal_use_grant(file: CaseFile | None, act: Act, world: World) -> None:
    """T33, F03, E10: the approval seal is used under a live SEAL_USE grant."""
    require_grant("SEAL_USE", file, act, world)


def decision_complete(file: CaseFile | None, act: Act, world: World) -> None:
    """T31, 行政许可法 38: grant or refuse; a refusal commits to its reasons and to the appeal that it names.

    Commitments are hex SHA-256(salt, text); the texts themselves are sealed with the result (promise 1).
    """
    outcome = act.text("outcome")
    if outcome not in {"GRANT", "REFUSE"}:
        raise Refusal("OUTCOME_UNKNOWN", "T31", outcome=outcome[:20])
    if outcome == "REFUSE":
        for member in ("reasons", "appeal"):
            facts.require_digest(act, member, "行政许可法 38; T31")


def result_sealed(file: CaseFile | None, act: Act, world: World) -> None:
    """T33: the result that the act names is in the store and belongs to this case."""
    assert file is not None
    facts.require_manifest(facts.pinned(act, world).manifest, act, kind="result", task_code=file.task_code)

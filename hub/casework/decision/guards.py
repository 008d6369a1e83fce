"""Guards of decision and result (T31, T33; 行政许可法 38).

Invariant: a guard looks and refuses; it never changes anything.
"""

from crypto.refusal import Refusal
from hub.casework import facts, reasons
from hub.casework.casefile import CaseFile
from hub.casework.common import require_grant
from hub.casework.context import Act, World
from hub.casework.delivery import whereabouts
from hub.casework.originals.states import CAME_BACK
from hub.casework.review import look
from hub.casework.review.guards import require_apart

DECISION = "DECISION"
"""Line of a result that holds what was committed to in ``decide``: outcome, reasons, appeal and their salts."""


def decide_grant(file: CaseFile | None, act: Act, world: World) -> None:
    """T31, T32, F01, F04, invariant 4: a decision without a live DECIDE grant is refused.

    What the list keeps for the head or for a collective decision is no matter of grants (F02, ``decided_by_whom``).
    """
    assert file is not None
    if facts.item_of(file, world).decision_by == "GRANT":
        require_grant("DECIDE", file, act, world)


def decided_by_whom(file: CaseFile | None, act: Act, world: World) -> None:
    """T31, T32, F02: what the list keeps for the head, the head decides and corrects; a collective has its record."""
    assert file is not None
    decision_by = facts.item_of(file, world).decision_by
    if decision_by == "HEAD" and act.statement.actor.role != "HEAD":
        raise Refusal("HEAD_MUST_DECIDE", "F02; T31", role=act.statement.actor.role)
    record = act.statement.body.get("record")
    if decision_by == "COLLECTIVE" and facts.DIGEST.fullmatch(str(record)) is None:
        raise Refusal("RECORD_MISSING", "F02; T31")
    if record is not None:
        facts.require_digest(act, "record", "F02; T31")


def decider_apart(file: CaseFile | None, act: Act, world: World) -> None:
    """T31, T32, F12: who reviewed the case does not decide it, nor correct what was decided."""
    assert file is not None
    require_apart(file, act)


def review_finished(file: CaseFile | None, act: Act, world: World) -> None:
    """T31, C06, C10: the steps that the list names are done, and no special procedure is open without a result."""
    assert file is not None
    following = look.open_step(file)
    waiting = [step for step in facts.item_of(file, world).steps if following and not look.before(step, following)]
    if waiting:
        raise Refusal("STEP_OPEN", "C06; T25, T31", step=following)
    for special in look.open_specials(file):
        raise Refusal("SPECIAL_OPEN", "C10; T26, T31", special=special.kind)


def seal_use_grant(file: CaseFile | None, act: Act, world: World) -> None:
    """T33, F03, E10: the approval seal is used under a live SEAL_USE grant."""
    require_grant("SEAL_USE", file, act, world)


def replacing_seal_grant(file: CaseFile | None, act: Act, world: World) -> None:
    """T32, F03, E10: a new version is sealed anew: ``seal_grant`` is of who acts, or of the issuer who signs too."""
    assert file is not None
    if act.second is not None:
        facts.require_second(act, "ISSUER", "T32; F03")
    person = (act.second or act.person or act.node).subject
    named = world.registry.grant(str(act.statement.body.get("seal_grant")))
    if named is None or not named.covers("SEAL_USE", person, file.task_code, act.date):
        raise Refusal("GRANT_MISSING", "F03, F04; T32", kind="SEAL_USE", person=person)


def decision_complete(file: CaseFile | None, act: Act, world: World) -> None:
    """T31, 行政许可法 38: grant or refuse; a refusal commits to its reasons and to the appeal that it names.

    Commitments are hex SHA-256(salt, text); the texts themselves are sealed with the result (promise 1). A grant has
    neither: what nobody reads is not taken in.
    """
    outcome = act.text("outcome")
    if outcome not in {"GRANT", "REFUSE"}:
        raise Refusal("OUTCOME_UNKNOWN", "T31", outcome=outcome[:20])
    for member in ("reasons", "appeal"):
        if outcome == "REFUSE":
            facts.require_digest(act, member, "行政许可法 38; T31")
        elif member in act.statement.body:
            raise Refusal("BODY_MEMBER", "promise 1; T31", member=member)


def correction_clerical(file: CaseFile | None, act: Act, world: World) -> None:
    """T32: a slip of the pen, for a reason of the list and with the corrected paper; the outcome stays."""
    assert file is not None
    if act.text("reason") not in reasons.CORRECTION_REASONS:
        raise Refusal("REASON_UNKNOWN", "T32", reason=act.text("reason")[:20])
    facts.require_digest(act, "paper", "T32")


def result_replaced(file: CaseFile | None, act: Act, world: World) -> None:
    """T32, D11, invariant 12: the next version of the result is a sealing of its own; none is under way or delivered.

    What is packed is recalled first; parcels of the applicant's originals are no matter here.
    """
    assert file is not None
    manifest = facts.pinned(act, world).manifest
    facts.require_manifest(manifest, act, kind="result", task_code=file.task_code)
    issued = file.sealing("result")
    expected = issued.revision + 1 if issued else 1
    if manifest.revision != expected:
        raise Refusal("MANIFEST_REVISION", "T32", expected=expected, got=manifest.revision)
    out = [leg.parcel for leg in whereabouts.result_parcels(file) if leg.status not in CAME_BACK]
    if out or whereabouts.on_its_way(file):
        raise Refusal("RESULT_UNDER_WAY", "T32; D11", parcel=",".join(out))


def result_sealed(file: CaseFile | None, act: Act, world: World) -> None:
    """T33: the result that the act names is in the store and belongs to this case."""
    assert file is not None
    facts.require_manifest(facts.pinned(act, world).manifest, act, kind="result", task_code=file.task_code)

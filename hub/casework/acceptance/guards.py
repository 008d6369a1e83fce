"""Guards of acceptance: one notice, its supplement, deemed acceptance, refusal (states.md T15 to T21; 行政许可法 32).

Invariant: a guard looks and refuses; it never changes anything.
"""

from typing import Final

from crypto.refusal import Refusal
from hub.casework import facts, numbers, reasons
from hub.casework.casefile import CaseFile
from hub.casework.context import Act, World
from hub.casework.time import clocks

GRACE_WORKING_DAYS = 1
MOST_DAYS: Final = 366
"""(D) The farthest day that a notice, or more time for it, may name."""


def accept_clock_expired(file: CaseFile | None, act: Act, world: World) -> None:
    """T15, 行政许可法 32(4): not told within five working days counts as accepted; only after the last of them."""
    assert file is not None
    facts.require_due(file, act, world, "K2")


def first_notice(file: CaseFile | None, act: Act, world: World) -> None:
    """T16, 行政许可法 32(4): told once. The refusal names the first notice, so that the proof of it can be shown."""
    assert file is not None
    if file.notices:
        first = file.notices[0]
        raise Refusal("SECOND_NOTICE", "行政许可法 32(4); T16, T19", notice=first.digest, at=first.at)


def notice_complete(file: CaseFile | None, act: Act, world: World) -> None:
    """T16, 行政许可法 32(4), E01: what of which material, until when, how; nothing unlisted, nothing held already."""
    assert file is not None
    facts.require_defects(file, act, world, "行政许可法 32(4); T16")
    require_terms(act, world)


def require_terms(act: Act, world: World) -> None:
    """行政许可法 32(4), I06: until when, how. Refusals DUE_TOO_SOON, DUE_TOO_LATE, SUPPLEMENT_METHOD, BODY_MEMBER."""
    due = facts.date_told(act, "due", "T16", MOST_DAYS)
    if world.calendar.working_days(facts.day_of(act.date), due) < 1:
        raise Refusal("DUE_TOO_SOON", "T16", due=due.isoformat(), at=act.recorded_at)
    unknown = sorted(set(facts.codes_of(act, "methods", "T16; I06")) - reasons.SUPPLEMENT_METHODS.keys())
    if unknown:
        raise Refusal("SUPPLEMENT_METHOD", "T16; I06", method=unknown[0][:20])


def words_sealed(file: CaseFile | None, act: Act, world: World) -> None:
    """T16, T19, T21, promise 1: words beside the codes, where there are any, lie in a sealing of their own."""
    assert file is not None
    if "manifest" not in act.statement.body:
        return
    manifest = facts.pinned(act, world).manifest
    facts.require_manifest(manifest, act, kind="notice", task_code=file.task_code)
    _require_revision(manifest.revision, len(file.sealings_of("notice")) + 1, "T16, T21")


def notice_before(file: CaseFile | None, act: Act, world: World) -> None:
    """T19: a second notice follows a first."""
    assert file is not None
    if not file.notices:
        raise Refusal("FIRST_NOTICE_MISSING", "T16, T19")


def second_notice_founded(file: CaseFile | None, act: Act, world: World) -> None:
    """T19, 行政许可法 32(4): only a defect of what was handed in afterwards, or the head's override (card R4)."""
    assert file is not None
    basis = act.text("basis")
    if basis not in reasons.SECOND_NOTICE_BASES:
        raise Refusal("REASON_UNKNOWN", "T19", reason=basis[:20])
    if basis == "ADDENDUM_DEFECT":
        demanded = {material for material, _ in facts.defects_of(act, "T19")}
        foreign = sorted(demanded - facts.answered_materials(file, world))
        if foreign:
            raise Refusal("DEFECT_NOT_NEW", "行政许可法 32(4); T19", material=foreign[0])


def head_signs_too(file: CaseFile | None, act: Act, world: World) -> None:
    """T19: the head of the same department signs beside the acceptor."""
    facts.require_second(act, "HEAD", "T19")


def addendum_sealed(file: CaseFile | None, act: Act, world: World) -> None:
    """T17, invariant 12: what comes later is an addendum of its own; the application stays as it was sealed."""
    assert file is not None
    manifest = facts.pinned(act, world).manifest
    facts.require_manifest(manifest, act, kind="addendum", task_code=file.task_code)
    _require_revision(manifest.revision, len(file.sealings_of("addendum")) + 1, "T17")
    if manifest.catalogue != file.catalogue:
        raise Refusal("MANIFEST_MISMATCH", "T17; D08", member="catalogue")
    if sorted(facts.codes_of(act, "materials", "T17")) != sorted(facts.given_materials(manifest)):
        raise Refusal("MANIFEST_MISMATCH", "T17", member="materials")


def only_demanded(file: CaseFile | None, act: Act, world: World) -> None:
    """T17, E01, standards.md 4: what was asked and what comes match; nothing else is taken in."""
    assert file is not None
    foreign = sorted(set(facts.codes_of(act, "materials", "T17")) - file.notices[-1].materials)
    if foreign:
        raise Refusal("NOT_DEMANDED", "T17; E01", material=foreign[0])


def supplement_signed(file: CaseFile | None, act: Act, world: World) -> None:
    """T17: the applicant signs for what is handed in (states.md 4)."""
    if act.statement.body.get("applicant_signed") is not True:
        raise Refusal("DECLARATION_MISSING", "T17; A23", declaration="applicant_signed")


def extension_asked(file: CaseFile | None, act: Act, world: World) -> None:
    """T17: on the applicant's written request, before the day has passed, and to a later one."""
    assert file is not None
    facts.require_digest(act, "paper", "T17")
    due, state = facts.date_told(act, "due", "T17", MOST_DAYS), facts.clock_of(file, "K6", world)
    assert state is not None  # started by the notice
    if due.isoformat() <= file.notices[-1].due:
        raise Refusal("DUE_TOO_SOON", "T17", due=due.isoformat(), at=act.recorded_at)
    if clocks.is_due(state, act.recorded_at):
        raise Refusal("CLOCK_EXTENSION_LATE", "T17", clock="K6", due=state.due)


def supplement_whole(file: CaseFile | None, act: Act, world: World) -> None:
    """T18, 行政许可法 32(5): every demanded material is there, and the department can open it."""
    assert file is not None
    missing = sorted(file.notices[-1].materials - facts.answered_materials(file, world))
    if missing:
        raise Refusal("SUPPLEMENT_INCOMPLETE", "T18", missing=",".join(missing))
    addenda = [sealing.manifest for sealing in file.answered_by]
    if act.statement.body.get("addenda") != addenda:
        raise Refusal("BODY_MEMBER", "T18", member="addenda")
    if any(facts.unopened_lines(file, manifest, file.accepting_node, world) for manifest in addenda):
        raise Refusal("KEYS_MISSING", "T18; architecture: key packets", recipient=file.accepting_node)


def lapse_due(file: CaseFile | None, act: Act, world: World) -> None:
    """T20: the day has passed, the applicant was reminded, and one more working day has gone by.

    Never where all that was demanded lies there and only waits for its keys (T18): that is no failure of the applicant.
    """
    assert file is not None
    facts.require_digest(act, "reminder_paper", "T20")
    if file.notices[-1].materials <= facts.answered_materials(file, world):
        raise Refusal("SUPPLEMENT_WHOLE", "T18, T20; 行政许可法 32(5)", node=file.accepting_node)
    state = facts.clock_of(file, "K6", world)
    assert state is not None and state.due is not None  # started by the notice, never paused
    due = state.due
    after = clocks.end_of(world.calendar.add_working_days(facts.day_of(due), GRACE_WORKING_DAYS).date)
    if act.recorded_at <= after:
        raise Refusal("LAPSE_TOO_EARLY", "T20", due=due, until=after)


def refusal_founded(file: CaseFile | None, act: Act, world: World) -> None:
    """T21, 行政许可法 32(1): a ground of the law; not our power names the competent body by its credit code."""
    reason = act.text("reason")
    if reason not in reasons.REFUSAL_REASONS:
        raise Refusal("REASON_UNKNOWN", "行政许可法 32; T21", reason=reason[:20])
    if reason == "NOT_OUR_POWER" or "competent_body" in act.statement.body:
        numbers.credit_code(act.text("competent_body"))


def refusal_reasoned(file: CaseFile | None, act: Act, world: World) -> None:
    """T21, 行政许可法 32, 38: reasons and way of appeal, as salted commitments; the words are sealed (promise 1)."""
    for member in ("reasons", "appeal"):
        facts.require_digest(act, member, "行政许可法 32, 38; T21")


def helper_admissible(file: CaseFile | None, act: Act, world: World) -> None:
    """T17, A24: a further window sees the case only because the applicant showed number and check code there."""
    assert file is not None
    node = world.registry.current(act.text("node"))
    if "window" not in node.roles:
        raise Refusal("HELPER_NOT_WINDOW", "T17; A24", node=node.subject)
    if node.subject in (file.collecting_node, *file.helpers):
        raise Refusal("HELPER_ALREADY", "T17", node=node.subject)
    if act.text("basis") not in reasons.ADMISSION_BASES:
        raise Refusal("REASON_UNKNOWN", "T17; A24", reason=act.text("basis")[:20])


def _require_revision(got: int, expected: int, rule: str) -> None:
    if got != expected:
        raise Refusal("MANIFEST_REVISION", rule, expected=expected, got=got)

"""Guards of what lengthens, asks or passes on: special procedures, extension, opinions, referral (T26 to T30).

Invariant: a guard looks and refuses; it never changes anything.
"""

import re
from typing import Final

from crypto.identity import node_region
from crypto.refusal import Refusal
from hub.casework import facts, reasons
from hub.casework.casefile import CaseFile
from hub.casework.catalogue.model import SpecialProcedure
from hub.casework.context import Act, World
from hub.casework.numbers import region_prefix
from hub.casework.review import look
from hub.casework.review.guards import require_a_grant
from hub.casework.time import clocks

_CASE = re.compile(r"[0-9a-f]{32}")
MOST_DAYS: Final = 90
"""(D) The farthest day that one notice of a special procedure, or one question to another department, may name."""
MOVED_ALONE: Final = 1
"""(D) How often a reviewer puts the end of a pause off alone; from then on the head signs too."""


def notice_sealed(file: CaseFile | None, act: Act, world: World) -> None:
    """行政许可法 42, 45, invariant 7, R6: nothing pauses and nothing is put off without a sealed written notice."""
    assert file is not None
    if "manifest" not in act.statement.body:
        raise Refusal("NOTICE_MISSING", "行政许可法 42, 45; R6", event=act.statement.type)
    require_sealed(file, act, world, "notice", "T26, T28")


def words_sealed(file: CaseFile | None, act: Act, world: World) -> None:
    """T26: words to the applicant, where there are any, lie in a sealing of their own (promise 1)."""
    assert file is not None
    if "manifest" in act.statement.body:
        require_sealed(file, act, world, "notice", "T26")


def special_stops(file: CaseFile | None, act: Act, world: World) -> None:
    """T26, 行政许可法 45, R6, C10: a kind of the item's list whose time the law does not count, with its last day."""
    assert file is not None
    found = _procedure_of(file, act, world)
    if not found.stops_clock:
        raise Refusal("CLOCK_STOP_FORBIDDEN", "行政许可法 45; R6; T26", special=found.kind)
    _require_day(act, "until", "T26; 行政许可法 45")


def special_runs_on(file: CaseFile | None, act: Act, world: World) -> None:
    """T26, C10: a kind of the item's list whose time counts, with its last day; one of a kind at a time."""
    assert file is not None
    found = _procedure_of(file, act, world)
    if found.stops_clock:
        raise Refusal("CLOCK_STOP_DUE", "行政许可法 45; T26", special=found.kind)
    if any(special.kind == found.kind for special in look.open_specials(file)):
        raise Refusal("SPECIAL_OPEN", "T26", special=found.kind)
    _require_day(act, "until", "T26; C10")


def moved_in_time(file: CaseFile | None, act: Act, world: World) -> None:
    """T27: the end is put off by a new notice, to a later day, before the day that was told has passed."""
    assert file is not None
    special = look.stopping(file)
    assert special is not None  # the state says so
    _require_day(act, "until", "T27; 行政许可法 45")
    if act.text("until") <= special.until:
        raise Refusal("DUE_TOO_SOON", "T27", due=act.text("until"), at=act.recorded_at)
    if act.recorded_at >= look.counts_again(special):
        raise Refusal("SPECIAL_OVER", "T27", due=special.until)


def head_moves_again(file: CaseFile | None, act: Act, world: World) -> None:
    """T27: no reviewer alone keeps a case paused: who puts the end off a second time needs the head's signature."""
    assert file is not None
    special = look.stopping(file)
    assert special is not None  # the state says so
    if len(special.notices) > MOVED_ALONE:
        facts.require_second(act, "HEAD", "T27; 行政许可法 45")


def suspension_ended(file: CaseFile | None, act: Act, world: World) -> None:
    """T27, C10: a result of the list."""
    if act.text("result") not in reasons.SPECIAL_RESULTS:
        raise Refusal("REASON_UNKNOWN", "T27; C10", reason=act.text("result")[:20])


def procedure_open(file: CaseFile | None, act: Act, world: World) -> None:
    """T27, C10: the procedure named is open and stops no clock; a result of the list."""
    assert file is not None
    named = act.text("special")
    if not any(special.digest == named and not special.stops for special in look.open_specials(file)):
        raise Refusal("SPECIAL_UNKNOWN", "T27", special=named[:64])
    if act.text("result") not in reasons.SPECIAL_RESULTS:
        raise Refusal("REASON_UNKNOWN", "T27; C10", reason=act.text("result")[:20])


def pause_over(file: CaseFile | None, act: Act, world: World) -> None:
    """T27: the day that the applicant was told has passed, and no new notice put it off: no endless pause."""
    assert file is not None
    special = look.stopping(file)
    assert special is not None  # the state says so
    if act.recorded_at < look.counts_again(special):
        raise Refusal("SPECIAL_NOT_OVER", "T27", due=special.until)
    for member, value in (("special", special.digest), ("due", special.until)):
        if act.text(member) != value:
            raise Refusal("BODY_MEMBER", "T27", member=member)


def head_extends(file: CaseFile | None, act: Act, world: World) -> None:
    """T28, 行政许可法 42: the head of the body approves: acts, or signs too."""
    if act.statement.actor.role != "HEAD":
        facts.require_second(act, "HEAD", "行政许可法 42; T28")


def extension_lawful(file: CaseFile | None, act: Act, world: World) -> None:
    """T28, 行政许可法 42: once, at most ten working days, for a reason of the list, told before the limit ends."""
    assert file is not None
    days = act.statement.body.get("days")
    if type(days) is not int:
        raise Refusal("BODY_MEMBER", "T28", member="days")
    if act.text("reason") not in reasons.EXTENSION_REASONS:
        raise Refusal("REASON_UNKNOWN", "行政许可法 42; T28", reason=act.text("reason")[:20])
    state = facts.clock_of(file, "K4", world)
    assert state is not None  # runs while a case is under review
    clocks.extend(state, days, act.recorded_at, act.text("manifest"), world.calendar)


def consultation_possible(file: CaseFile | None, act: Act, world: World) -> None:
    """T29: another live department, not asked already, on a matter of the list, with a working day to answer in."""
    assert file is not None
    node = act.text("node")
    if node == file.accepting_node:
        raise Refusal("TARGET_SAME", "T29", node=node)
    _require_department(node, world, "T29")
    if node in file.consulted():
        raise Refusal("CONSULTED_ALREADY", "T29", node=node)
    if act.text("matter") not in reasons.CONSULT_MATTERS:
        raise Refusal("REASON_UNKNOWN", "T29", reason=act.text("matter")[:20])
    until = facts.date_told(act, "until", "T29", MOST_DAYS)
    if world.calendar.working_days(facts.day_of(act.date), until) < 1:
        raise Refusal("DUE_TOO_SOON", "T29", due=act.text("until"), at=act.recorded_at)


def opinion_asked(file: CaseFile | None, act: Act, world: World) -> None:
    """T29: the opinion that this department was asked for, in time, as a code; words are sealed beside it."""
    assert file is not None
    found = look.asked(file, act.text("consult"))
    if found is None or found.node != act.node.subject:
        raise Refusal("CONSULT_UNKNOWN", "T29", consult=act.text("consult")[:64])
    if act.recorded_at > look.opinion_due(found):
        raise Refusal("OPINION_LATE", "T29", due=found.until)
    if act.text("answer") not in reasons.OPINIONS:
        raise Refusal("ANSWER_UNKNOWN", "T29", answer=act.text("answer")[:20])
    if "manifest" in act.statement.body:
        require_sealed(file, act, world, "opinion", "T29")


def silence(file: CaseFile | None, act: Act, world: World) -> None:
    """T29: the day has passed without an opinion; silence is not consent."""
    assert file is not None
    found = look.asked(file, act.text("consult"))
    if found is None or act.recorded_at <= look.opinion_due(found):
        raise Refusal("OPINION_NOT_DUE", "T29", consult=act.text("consult")[:64])
    if act.text("due") != found.until:
        raise Refusal("BODY_MEMBER", "T29", member="due")


def may_refer(file: CaseFile | None, act: Act, world: World) -> None:
    """T30, F02: the first review is the head's, or of who has a PRE_REVIEW or DECIDE grant."""
    assert file is not None
    if act.statement.actor.role != "HEAD":
        require_a_grant(("PRE_REVIEW", "DECIDE"), file, act, world)


def referred_upward(file: CaseFile | None, act: Act, world: World) -> None:
    """T30, 行政许可法 43, C10, A05: to a live department of a level above, into a queue that the list gives it."""
    assert file is not None
    node = act.text("accepting_node")
    _require_department(node, world, "T30")
    here, above = (region_prefix(node_region(found)) for found in (file.accepting_node, node))
    if len(above) >= len(here) or not here.startswith(above):
        raise Refusal("TARGET_NOT_ABOVE", "行政许可法 43; T30", node=node)
    facts.require_queue(act, world, "A05; T30")


def procedures_ended(file: CaseFile | None, act: Act, world: World) -> None:
    """T30, C10: what was begun below ends there, with its result, before the case goes up."""
    assert file is not None
    for special in look.open_specials(file):
        raise Refusal("SPECIAL_OPEN", "C10; T26, T30", special=special.kind)


def keys_went_up(file: CaseFile | None, act: Act, world: World) -> None:
    """T30, 行政许可法 35, E01: only who can open all of the materials and the first review takes the case over."""
    assert file is not None and file.referral is not None  # the state says so
    if not look.keys_above(file, world):
        raise Refusal("KEYS_MISSING", "T30; 行政许可法 35; architecture: key packets", recipient=file.referral.node)


def keys_stayed_below(file: CaseFile | None, act: Act, world: World) -> None:
    """T30X: only what the department above cannot open comes back; else it countersigns, or silence counts (T30L)."""
    assert file is not None and file.referral is not None  # the state says so
    if look.keys_above(file, world):
        raise Refusal("REFERRAL_UNDER_WAY", "T30; 行政许可法 43", node=file.referral.node)


def silent_above(file: CaseFile | None, act: Act, world: World) -> None:
    """T30L, as T10b: a full working day without a countersignature from above."""
    assert file is not None
    due = look.take_up_due(file, world)
    if act.recorded_at <= due:
        raise Refusal("DELIVERY_NOT_DUE", "T30; states.md 2", due=due)


def first_review_sealed(file: CaseFile | None, act: Act, world: World) -> None:
    """T30, 行政许可法 43: the opinion of the first review goes up with the materials."""
    assert file is not None
    require_sealed(file, act, world, "opinion", "行政许可法 43; T30")


# --- shared --------------------------------------------------------------------------------------------------------


def require_sealed(file: CaseFile, act: Act, world: World, kind: str, rule: str) -> None:
    """The sealing named is of this case and kind, and the next of its kind; opinions are counted by who seals them, so
    that two departments may speak at once. Refusals MANIFEST_MISMATCH, MANIFEST_REVISION.
    """
    manifest = facts.pinned(act, world).manifest
    facts.require_manifest(manifest, act, kind=kind, task_code=file.task_code)
    before = [made for made in file.sealings_of(kind) if kind != "opinion" or made.sealed_by == act.node.subject]
    expected = len(before) + 1
    if manifest.revision != expected:
        raise Refusal("MANIFEST_REVISION", rule, expected=expected, got=manifest.revision)


def require_case(file: CaseFile, act: Act, rule: str) -> None:
    """``linked`` is the id of another case that this one is not linked with yet. Refusal LINK_WRONG."""
    named = act.text("linked")
    taken = {file.case, *(link.case for link in file.linked)}
    if _CASE.fullmatch(named) is None or named in taken:
        raise Refusal("LINK_WRONG", rule, linked=named[:32])


def _procedure_of(file: CaseFile, act: Act, world: World) -> SpecialProcedure:
    kind = act.text("kind")
    for procedure in facts.item_of(file, world).special_procedures:
        if procedure.kind == kind:
            return procedure
    raise Refusal("SPECIAL_NOT_LISTED", "C03, C10; T26", special=kind[:20])


def _require_department(node: str, world: World, rule: str) -> None:
    if "department" not in world.registry.current(node).roles:
        raise Refusal("TARGET_NOT_DEPARTMENT", rule, node=node)


def _require_day(act: Act, member: str, rule: str) -> None:
    """A day from today on, and no farther than one notice may reach."""
    told = facts.date_told(act, member, rule, MOST_DAYS)
    if told < facts.day_of(act.date):
        raise Refusal("DUE_TOO_SOON", rule, due=told.isoformat(), at=act.recorded_at)

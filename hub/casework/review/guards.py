"""Guards of posts and steps: who takes a case, who does which step (states.md T13, T25; F02, F04 to F06, F12).

Invariant: a guard looks and refuses; it never changes anything.
"""

from crypto.identity import node_name
from crypto.refusal import Refusal
from hub.casework import facts, reasons
from hub.casework.casefile import CaseFile
from hub.casework.context import Act, World
from hub.casework.review import look
from hub.casework.review.values import STEPS

TAKERS = frozenset({"ACCEPTOR", "REVIEWER", "DECIDER"})
"""Roles in which a person may answer for a case."""
_STEP_ROLES = {
    "UNDERTAKE": frozenset({"REVIEWER", "TECH_REVIEWER"}),
    "EXAMINE": frozenset({"REVIEWER", "DECIDER", "HEAD"}),
    "APPROVE": frozenset({"DECIDER", "HEAD"}),
}
_STEP_GRANTS = {"EXAMINE": ("PRE_REVIEW", "DECIDE"), "APPROVE": ("DECIDE",)}
"""What a chief approver needs for a step; the head acts by his office, a reviewer by his role (F01, F02)."""


def taking_founded(file: CaseFile | None, act: Act, world: World) -> None:
    """T13: on a basis of the list; what somebody answers for already is taken over, not taken."""
    assert file is not None
    basis = act.text("basis")
    if basis not in reasons.TAKING_BASES or basis == "REASSIGNED":
        raise Refusal("REASON_UNKNOWN", "T13; F06", reason=basis[:20])
    if file.responsible == _person(act) or (basis == "ON_DUTY" and file.responsible):
        raise Refusal("TAKEN_ALREADY", "T13; F05", person=file.responsible)
    if basis in {"TAKEOVER", "SHIFT"} and not file.responsible:
        raise Refusal("NOBODY_TO_TAKE_OVER", "T13; F06", basis=basis)
    if basis == "OFF_DUTY_A" or "evidence" in act.statement.body:
        facts.require_digest(act, "evidence", "T13; F06")


def post_allows(file: CaseFile | None, act: Act, world: World) -> None:
    """T13, F06: post A takes; B when A is off duty, hands over, or nobody took it in a working day; else no other.

    Where nobody holds a post for the item any acceptor takes.
    """
    assert file is not None
    basis, person = act.text("basis"), _person(act)
    of_a, of_b = (look.post_holders(kind, file, world, act.date) for kind in ("POST_A", "POST_B"))
    if not of_a | of_b:
        if basis == "OFF_DUTY_A":
            raise Refusal("POST_NOT_HELD", "F06; T13", person=person)
        return
    if person in of_a and basis != "OFF_DUTY_A":
        return
    if person not in of_b:
        raise Refusal("POST_NOT_HELD", "F06; T13", person=person)
    opened = basis in {"OFF_DUTY_A", "SHIFT"} or (basis == "ON_DUTY" and file.to_b_at != "")
    if of_a and not opened:
        raise Refusal("POST_A_ON_DUTY", "F06; T13", person=person)


def shift_handed_over(file: CaseFile | None, act: Act, world: World) -> None:
    """T13, promise 2: who hands a case over at the end of a shift signs too."""
    assert file is not None
    if act.text("basis") != "SHIFT":
        return
    if act.second is None or act.second.subject != file.responsible:
        raise Refusal("HANDOVER_UNSIGNED", "promise 2; F06, T13", person=file.responsible)


def may_assign(file: CaseFile | None, act: Act, world: World) -> None:
    """T13, F04: the head, or a chief approver whose power of attorney coordinates the business (业务协调权)."""
    assert file is not None
    if act.statement.actor.role != "HEAD":
        require_a_grant(("COORDINATE",), file, act, world)


def assignee_fit(file: CaseFile | None, act: Act, world: World) -> None:
    """T13, invariant 2: a case is given to another registered person of the department with a fitting role."""
    assert file is not None
    named = act.text("person")
    if named == file.responsible:
        raise Refusal("TAKEN_ALREADY", "T13; F05", person=named)
    found = world.registry.current(named)
    if found.kind != "person" or found.node != act.node.subject or not found.roles & TAKERS:
        raise Refusal("ASSIGNEE_UNFIT", "T13; F05", person=named)
    if "evidence" in act.statement.body:
        facts.require_digest(act, "evidence", "T13; F06")


def responsible_acts(file: CaseFile | None, act: Act, world: World) -> None:
    """F06, T13: where posts are held for the item, who took the case answers it, under the own name."""
    assert file is not None
    person = _person(act)
    if person == file.responsible:
        return
    if any(look.post_holders(kind, file, world, act.date) for kind in ("POST_A", "POST_B")):
        raise Refusal("NOT_RESPONSIBLE", "F05, F06; T13", person=file.responsible)


def section_listed(file: CaseFile | None, act: Act, world: World) -> None:
    """T13, B14: only to an office that the list names for this department: to the outside it stays one (一口对外)."""
    assert file is not None
    place = world.catalogue.places.get(node_name(file.accepting_node))
    if place is None or act.text("section") not in place.sections:
        raise Refusal("SECTION_UNKNOWN", "B14, F11; T13", section=act.text("section")[:40])


def section_other(file: CaseFile | None, act: Act, world: World) -> None:
    """T13, B14: an office passes the case on to another one; how long it lay in each is in the log."""
    assert file is not None
    if act.text("section") == look.section_of(file):
        raise Refusal("SECTION_SAME", "B14; T13", section=act.text("section"))


def post_b_due(file: CaseFile | None, act: Act, world: World) -> None:
    """T13, F06, states.md 9: nobody took the case in a working day, and a post B stands beside post A; once."""
    assert file is not None
    _require_untaken(file, act, world, look.TO_B_WORKING_DAYS, file.to_b_at)
    if not posts_doubled(file, world, act.text("due")):
        raise Refusal("POST_NOT_HELD", "F06; T13", person="")


def chase_due(file: CaseFile | None, act: Act, world: World) -> None:
    """T13, states.md 9: nobody took the case in three working days; told once."""
    assert file is not None
    _require_untaken(file, act, world, look.CHASE_WORKING_DAYS, file.chased_at)


def step_in_order(file: CaseFile | None, act: Act, world: World) -> None:
    """T25, states.md 3: 承办, 审核, 批准 one after the other, each in a role that it is for."""
    assert file is not None
    step = act.text("step")
    if step not in STEPS or step != look.open_step(file):
        raise Refusal("STEP_ORDER", "T25", step=step[:20], next=look.open_step(file))
    if act.statement.actor.role not in _STEP_ROLES[step]:
        raise Refusal("STEP_ROLE", "T25", step=step, role=act.statement.actor.role)
    if "opinion" in act.statement.body:
        facts.require_digest(act, "opinion", "T25; promise 1")


def step_granted(file: CaseFile | None, act: Act, world: World) -> None:
    """T25, F02: a chief approver examines under a PRE_REVIEW or DECIDE grant, and approves under DECIDE alone."""
    assert file is not None
    kinds = _STEP_GRANTS.get(act.text("step"), ())
    if kinds and act.statement.actor.role == "DECIDER":
        require_a_grant(kinds, file, act, world)


def step_separate(file: CaseFile | None, act: Act, world: World) -> None:
    """T25, F12: who reviewed does not approve."""
    assert file is not None
    if act.text("step") == "APPROVE":
        require_apart(file, act)


def step_was_done(file: CaseFile | None, act: Act, world: World) -> None:
    """T25: only a step that was done goes back, for a reason of the list."""
    assert file is not None
    step, following = act.text("step"), look.open_step(file)
    if step not in STEPS or (following and STEPS.index(step) >= STEPS.index(following)):
        raise Refusal("STEP_NOT_DONE", "T25", step=step[:20])
    if act.text("reason") not in reasons.STEP_RETURN_REASONS:
        raise Refusal("REASON_UNKNOWN", "T25", reason=act.text("reason")[:20])


def turn_sends_back(file: CaseFile | None, act: Act, world: World) -> None:
    """T25, F02: whose step is next sends back, in its role and with its grant; after the last, who may approve."""
    assert file is not None
    step, role = look.open_step(file) or STEPS[-1], act.statement.actor.role
    if role not in _STEP_ROLES[step]:
        raise Refusal("STEP_ROLE", "T25", step=step, role=role)
    if role == "DECIDER":
        require_a_grant(_STEP_GRANTS[step], file, act, world)


# --- shared --------------------------------------------------------------------------------------------------------


def require_apart(file: CaseFile, act: Act) -> None:
    """F12: refusal SAME_PERSON when who acts reviewed the case."""
    if _person(act) in look.reviewed_by(file):
        raise Refusal("SAME_PERSON", "F12; T25, T31", person=_person(act))


def posts_doubled(file: CaseFile, world: World, due: str) -> bool:
    """Whether the item has a post A and a post B on the day of ``due``, the last moment for A."""
    return all(look.post_holders(kind, file, world, due[:10]) for kind in ("POST_A", "POST_B"))


def require_a_grant(kinds: tuple[str, ...], file: CaseFile, act: Act, world: World) -> None:
    """Refusal GRANT_MISSING unless the body names a live grant of one of ``kinds`` for who acts and for this item."""
    named = world.registry.grant(str(act.statement.body.get("grant")))
    if named is None or not any(named.covers(kind, _person(act), file.task_code, act.date) for kind in kinds):
        raise Refusal("GRANT_MISSING", "F01, F02, F04", kind=kinds[0], person=_person(act))


def _require_untaken(file: CaseFile, act: Act, world: World, days: int, said_at: str) -> None:
    due = look.untaken_after(file, world, days)
    if said_at or act.recorded_at <= due or not file.awaits_taker:
        raise Refusal("UNTAKEN_NOT_DUE", "T13; states.md 9", due=due, person=file.responsible)
    if act.text("due") != due:
        raise Refusal("BODY_MEMBER", "T13", member="due")


def _person(act: Act) -> str:
    return act.person.subject if act.person else ""

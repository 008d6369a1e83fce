"""Guards of what is done to a parent: one notice, longer limits, the applicant's word, one exit (states.md 8).

Invariant: a guard looks and refuses; it never changes anything.
"""

from crypto.refusal import Refusal
from hub.casework import facts, reasons
from hub.casework.acceptance.guards import require_terms
from hub.casework.casefile import CaseFile
from hub.casework.context import Act, World
from hub.casework.delivery import whereabouts
from hub.casework.parents import by_itself, look, plan
from hub.casework.parents.plausible import plausible
from hub.casework.states import State
from hub.casework.time import clocks

KIN = frozenset(
    {
        *("child_reported", "release", "stop_part", "hold", "go_on", "merged_supplement", "open_exit"),
        *("delivered_together", "withdrawn_with_parent", "inherit_rating"),
        *("paper_turn", "paper_kept", "paper_free", "paper_shown", "admit_with_parent"),
    }
)
"""What follows from other cases."""


def stated_as_owed(file: CaseFile | None, act: Act, world: World) -> None:
    """P1 to P13: the hub states what follows, and nothing else: word for word what parent, children and time make due.

    Where other cases are not known (an agent, an auditor with one package) what was learnt of them is taken as said;
    who has both packages compares (``node_agent.auditor``).
    """
    assert file is not None
    if act.statement.type in KIN and world.kin is None:
        if not plausible(file, act):
            raise Refusal("KIN_NOT_OWED", "promise 4; states.md 8", event=act.statement.type)
        return
    now = act.recorded_at
    for owed in (by_itself.next_event(file, world, now), by_itself.due_event(file, world, now)):
        if owed is not None and (owed.event, owed.body) == (act.statement.type, dict(act.statement.body)):
            return
    raise Refusal("KIN_NOT_OWED", "promise 4; states.md 8", event=act.statement.type)


def merge_in_turn(file: CaseFile | None, act: Act, world: World) -> None:
    """P2, P12, B04: the lead's department gives the one notice; where its day passed, the coordinator may. Once."""
    assert file is not None
    if file.notices:
        raise Refusal("SECOND_NOTICE", "B04; P2", notice=file.notices[0].digest, at=file.notices[0].at)
    if act.node.subject == file.accepting_node and act.statement.actor.role == "ACCEPTOR":
        return
    if act.statement.actor.role != "COORDINATOR" or act.node.subject != facts.coordinator_of(file, world):
        raise Refusal("NOT_YOUR_CASE", "B02; P2, P12", event="merged_notice", node=act.node.subject)
    until = look.merge_until(file, world)
    if not until or act.recorded_at <= until:
        raise Refusal("MERGE_NOT_DUE", "P12", until=until, node=file.accepting_node)


def merge_ripe(file: CaseFile | None, act: Act, world: World) -> None:
    """P2: every part that is at its department has answered, or its three working days are over."""
    assert file is not None
    if not look.answered(file) and act.recorded_at <= look.answers_until(file, world):
        waiting = [part.part for part in file.parts if part.state == State.PENDING_ACCEPT.value and not part.answer]
        raise Refusal("ANSWERS_OPEN", "P2", parts=",".join(waiting), until=look.answers_until(file, world))


def merged_whole(file: CaseFile | None, act: Act, world: World) -> None:
    """P2, B04, E01, invariant 15: just what the parts lack, each thing once, until when and how."""
    assert file is not None
    if facts.defects_of(act, "P2; B04") != plan.merged_lacks(file):
        raise Refusal("NOTICE_DIFFERS", "B04; P2", parts=",".join(part.part for part in plan.lacking(file)))
    require_terms(act, world)


def joint_extension_lawful(file: CaseFile | None, act: Act, world: World) -> None:
    """P4, 行政许可法 42(2): once, as long as the plan allows, 15 working days at most, told before the limit ends."""
    assert file is not None and file.bundle is not None
    days = act.statement.body.get("days")
    if type(days) is not int:
        raise Refusal("BODY_MEMBER", "P4", member="days")
    if act.text("reason") not in reasons.EXTENSION_REASONS:
        raise Refusal("REASON_UNKNOWN", "行政许可法 42(2); P4", reason=act.text("reason")[:20])
    if days > file.bundle.extension:
        raise Refusal(
            "CLOCK_EXTENSION_TOO_LONG", "行政许可法 42(2); P4", clock="K4", n=days, most=file.bundle.extension
        )
    state = facts.clock_of(file, "K4", world)
    assert state is not None  # runs while the whole is in progress
    clocks.extend(state, days, act.recorded_at, act.text("manifest"), world.calendar, joint=True)


def applicant_asked(file: CaseFile | None, act: Act, world: World) -> None:
    """P6: only who was asked answers."""
    assert file is not None
    if not look.waits_for_applicant(file):
        raise Refusal("NOT_ASKED", "P6")


def nothing_decided(file: CaseFile | None, act: Act, world: World) -> None:
    """P10: the whole is withdrawn before the first decision; afterwards what is not decided."""
    assert file is not None
    for part in plan.approvals(file.parts):
        if look.decided(part):
            raise Refusal("PART_DECIDED", "P10", part=part.part)


def something_left(file: CaseFile | None, act: Act, world: World) -> None:
    """P10: after the first decision only what is not decided is withdrawn, once."""
    assert file is not None and file.bundle is not None
    parts = plan.approvals(file.parts)
    left = [part for part in parts if not look.over(part)]
    if file.bundle.withdrawn or not left or not any(look.decided(part) for part in parts):
        raise Refusal("NOTHING_LEFT", "P10", parts=",".join(part.part for part in left))


def results_here(file: CaseFile | None, act: Act, world: World) -> None:
    """P8, B07, B08: all results, of every part that has a decision, lie at the one exit; where the parts are known, the
    newest of each.
    """
    assert file is not None
    decided = sorted(part.part for part in file.parts if look.decided(part))
    told = {str(one.get("part")): str(one.get("manifest")) for one in facts.objects_of(act, "results")}
    sound = all(set(one) == {"part", "manifest"} for one in facts.objects_of(act, "results"))
    if not sound or sorted(told) != decided or len(told) != len(facts.objects_of(act, "results")):
        raise Refusal("RESULTS_MISSING", "B08; P8", parts=",".join(sorted(set(decided) - told.keys())))
    for part in file.parts:
        child = world.kin(part.case) if world.kin is not None and part.part in told else None
        if child is None:
            continue
        made = child.sealing("result")
        there = child.state is State.DELIVERING and not whereabouts.recalled(child)
        if not there or made is None or made.manifest != told[part.part]:
            raise Refusal("RESULTS_MISSING", "B08; P8", parts=part.part)


def results_opened(file: CaseFile | None, act: Act, world: World) -> None:
    """D3, P8: chosen by the applicant; all results at once."""
    assert file is not None and file.bundle is not None
    if file.delivery != "ELECTRONIC":
        raise Refusal("DELIVERY_NOT_ELECTRONIC", "I01; D3", delivery=file.delivery)
    told = tuple((str(one.get("part")), str(one.get("manifest"))) for one in facts.objects_of(act, "results"))
    if tuple(sorted(told)) != tuple(sorted(file.bundle.results)):
        missing = sorted({part for part, _ in file.bundle.results} - {part for part, _ in told})
        raise Refusal("RESULTS_MISSING", "B08; P8", parts=",".join(missing))

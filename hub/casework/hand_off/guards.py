"""Guards of the hand-off: route, delivery, bounce, resend, re-routing (states.md T08 to T12, T22 to T24; F05).

Invariant: a guard looks and refuses; it never changes anything.
"""

from datetime import timedelta

from crypto import canonical
from crypto.refusal import Refusal
from hub.casework import facts, reasons
from hub.casework.casefile import CaseFile
from hub.casework.context import Act, World
from hub.casework.time import clocks

RETRIES_MOST = 5
RETRY_AFTER = timedelta(hours=1)
HOPS_MOST = 2
"""Nodes that may say that a case is not theirs (T22); the transfer after the second needs a lead (T23)."""


def route_is_the_one(file: CaseFile | None, act: Act, world: World) -> None:
    """T08, A05: the hub may only name the one live queue of item and region, with a valid key packet there.

    A case that a coordinator sent on goes where the coordinator said, also after a bounce (T23).
    """
    assert file is not None
    node, queue = act.text("accepting_node"), act.text("queue")
    if file.directed_by:
        if (node, queue) != (file.accepting_node, file.queue):
            raise Refusal("ROUTE_WRONG", "T08, T23", node=node)
    else:
        name, found = facts.route_of(file, world.catalogue_of(file.catalogue), facts.day_of(act.date))
        if node.rsplit("/", 1)[1] != name or queue != found:
            raise Refusal("ROUTE_WRONG", "A05; T08", node=node)
    facts.require_opened_by(file, node, world)


def no_open_bounce(file: CaseFile | None, act: Act, world: World) -> None:
    """T12: what came back is looked at, and stored again where it was unsound, before it goes out again."""
    assert file is not None
    if file.bounce is not None and file.bounce.blocks:
        raise Refusal("BOUNCE_OPEN", "T12", bounce=file.bounce.digest, reason=file.bounce.reason)


def route_fails(file: CaseFile | None, act: Act, world: World) -> None:
    """T09, A05: none or several live queues, and a coordinator who takes over; the cause is the list's."""
    assert file is not None
    if file.directed_by or act.text("cause") != facts.route_failure(file, world, facts.day_of(act.date)):
        raise Refusal("ROUTE_WRONG", "A05; T09", cause=act.text("cause")[:20])


def coordinator_there(file: CaseFile | None, act: Act, world: World) -> None:
    """T09, T22, invariant 2: no case waits for re-routing without somebody who answers for it."""
    assert file is not None
    if not facts.coordinator_of(file, world):
        raise Refusal("COORDINATOR_MISSING", "states.md 10, invariant 2; T09, T22", region=file.region)


def delivered_whole(file: CaseFile | None, act: Act, world: World) -> None:
    """T10, T10b, T12: the receiver's hand-off is about exactly the sealing that was forwarded."""
    assert file is not None
    sealing = file.sealing("application")
    if sealing is None or act.text("manifest") != sealing.manifest:
        raise Refusal("MANIFEST_MISMATCH", "T10", member="manifest")


def delivery_is_constructive(file: CaseFile | None, act: Act, world: World) -> None:
    """T10b: a full working day without countersignature, or a bounce that the hub found unfounded.

    Only what the receiver could open counts as delivered to it.
    """
    assert file is not None
    cause = act.text("cause")
    if cause not in reasons.CONSTRUCTIVE_CAUSES:
        raise Refusal("REASON_UNKNOWN", "T10b", reason=cause[:20])
    facts.require_opened_by(file, file.accepting_node, world)
    if cause == "SILENT" and act.recorded_at <= silent_until(file, world):
        raise Refusal("DELIVERY_NOT_DUE", "T10b; states.md 2", due=silent_until(file, world))
    if cause == "BOUNCE_UNFOUNDED" and not bounce_unfounded(file):
        raise Refusal("BOUNCE_OPEN", "T10b, T12", node=file.accepting_node)


def retry_due(file: CaseFile | None, act: Act, world: World) -> None:
    """T11: the next of five deliveries, at least an hour after the last."""
    assert file is not None
    if type(act.statement.body.get("attempt")) is not int or act.statement.body["attempt"] != file.retries + 1:
        raise Refusal("BODY_MEMBER", "T11", member="attempt")
    if file.retries >= RETRIES_MOST:
        raise Refusal("RETRIES_SPENT", "T11", attempts=file.retries, most=RETRIES_MOST)
    if act.recorded_at < retry_at(file):
        raise Refusal("DELIVERY_NOT_DUE", "T11", due=retry_at(file))


def bounce_reason_known(file: CaseFile | None, act: Act, world: World) -> None:
    """T12: what the machine found wrong, as a code of the list."""
    if act.text("reason") not in reasons.BOUNCE_REASONS:
        raise Refusal("REASON_UNKNOWN", "T12", reason=act.text("reason")[:20])


def bounce_unexamined(file: CaseFile | None, act: Act, world: World) -> None:
    """T12: the hub says once what it found about the newest bounce."""
    assert file is not None
    bounce = file.bounce
    if bounce is None or bounce.settled or bounce.finding or act.text("bounce") != bounce.digest:
        raise Refusal("BOUNCE_UNKNOWN", "T12", bounce=act.text("bounce"))
    if act.text("finding") not in reasons.BOUNCE_FINDINGS:
        raise Refusal("REASON_UNKNOWN", "T12", reason=act.text("finding")[:20])


def resent_the_same(file: CaseFile | None, act: Act, world: World) -> None:
    """T12, invariant 12: after an unsound bounce the window stores the same bytes again, under a new version."""
    assert file is not None
    _require_unsound(file)
    sealing = file.sealing("application")
    found = facts.pinned(act, world)
    if sealing is None or found.digest != sealing.manifest:
        raise Refusal("MANIFEST_MISMATCH", "T12", member="manifest")
    if found.version_id == sealing.version_id:
        raise Refusal("OBJECT_NOT_NEW", "T12; promise 5", manifest=sealing.manifest)


def lost_for_good(file: CaseFile | None, act: Act, world: World) -> None:
    """T12D: only what the hub found unsound and the window cannot store again is collected anew."""
    assert file is not None
    _require_unsound(file)
    if act.text("reason") not in reasons.REOPEN_REASONS:
        raise Refusal("REASON_UNKNOWN", "T12", reason=act.text("reason")[:20])


def misroute_told(file: CaseFile | None, act: Act, world: World) -> None:
    """T22, A05: a reason of the list; the proposal is another live department, or nobody."""
    assert file is not None
    if act.text("reason") not in reasons.MISROUTE_REASONS:
        raise Refusal("REASON_UNKNOWN", "T22", reason=act.text("reason")[:20])
    body = act.statement.body
    if "target" not in body:
        if "queue" in body:
            raise Refusal("BODY_MEMBER", "T22", member="target")
        return
    if act.text("target") == file.accepting_node:
        raise Refusal("TARGET_SAME", "T22", node=act.text("target"))
    _require_department(act.text("target"), world, "T22")


def hops_left(file: CaseFile | None, act: Act, world: World) -> None:
    """T22: two bodies may pass a case on; the third decides about it, or names the competent body (行政许可法 32)."""
    assert file is not None
    if len(file.hops) >= HOPS_MOST:
        raise Refusal("HOPS_SPENT", "T22, T23", count=len(file.hops), nodes=",".join(file.hops))


def target_live(file: CaseFile | None, act: Act, world: World) -> None:
    """T23, A05: the target is a live department, and the queue is one that the list gives it."""
    _require_department(act.text("accepting_node"), world, "T23")
    facts.require_queue(act, world, "A05; T23")


def target_is_new(file: CaseFile | None, act: Act, world: World) -> None:
    """T23: nobody gets a case back that it called not its own, unless the coordinator insists."""
    assert file is not None
    forced = act.statement.body.get("forced", False)
    if type(forced) is not bool:
        raise Refusal("BODY_MEMBER", "T23", member="forced")
    if act.text("accepting_node") in file.hops and not forced:
        raise Refusal("TARGET_WAS_HOP", "T23", node=act.text("accepting_node"))


def lead_on_third_hop(file: CaseFile | None, act: Act, world: World) -> None:
    """T23, states.md 9: after two transfers the third needs the lead of the coordinators too."""
    assert file is not None
    if len(file.hops) >= HOPS_MOST or "second_person" in act.statement.body:
        facts.require_second(act, "COORDINATOR_LEAD", "T23; states.md 9")


def proposal_is_the_lists(file: CaseFile | None, act: Act, world: World) -> None:
    """T23: without a coordinator only where the department's proposal is what the list gives, and not a third hop."""
    assert file is not None
    node, queue = act.text("accepting_node"), act.text("queue")
    if (node, queue) != proposed_by_list(file, world, act.date):
        raise Refusal("ROUTE_WRONG", "A05; T23", node=node)
    facts.require_opened_by(file, node, world)


def return_reason_known(file: CaseFile | None, act: Act, world: World) -> None:
    """T24: wrong item, or the applicant wishes to correct it."""
    if act.text("reason") not in reasons.RETURN_REASONS:
        raise Refusal("REASON_UNKNOWN", "T24", reason=act.text("reason")[:20])


def reroute_overdue(file: CaseFile | None, act: Act, world: World) -> None:
    """K11, invariant 17: a case that waits for re-routing beyond K11 is escalated, once."""
    assert file is not None
    facts.require_due(file, act, world, "K11")
    if file.clocks["K11"].expired:
        raise Refusal("CLOCK_STOPPED", "states.md 2, K11", clock="K11")


# --- when and where, shared with timers and consequences -----------------------------------------------------------


def silent_until(file: CaseFile, world: World) -> str:
    """End of the full working day that the receiver has to countersign in (T10b; counting rules of states.md 2)."""
    day = world.calendar.add_working_days(facts.day_of(file.forwarded_at), 1).date
    return clocks.end_of(day)


def bounce_unfounded(file: CaseFile) -> bool:
    """Whether the newest bounce is the present receiver's, was found unfounded and has not been answered yet."""
    bounce = file.bounce
    return bounce is not None and not bounce.settled and (bounce.finding, bounce.node) == ("SOUND", file.accepting_node)


def retry_at(file: CaseFile) -> str:
    """Earliest legal time of the next delivery (T11)."""
    last = file.retried_at or file.forwarded_at
    return canonical.time_text(canonical.time_value(last) + RETRY_AFTER)


def proposed_by_list(file: CaseFile, world: World, on: str) -> tuple[str, str] | None:
    """Node and queue of the proposal where the list in force gives just that (T23), else None.

    The list in force, not the pinned one: by the pinned one the case came to the wrong place.
    """
    proposal = file.proposal
    if proposal is None or proposal.node in file.hops or len(file.hops) >= HOPS_MOST:
        return None
    try:
        name, queue = facts.route_of(file, world.catalogue, facts.day_of(on))
    except Refusal:
        return None
    matches = facts.node_named(name, world) == proposal.node and proposal.queue in ("", queue)
    return (proposal.node, queue) if matches else None


def _require_unsound(file: CaseFile) -> None:
    """The newest bounce was found unsound, and nothing was done about it yet (T12)."""
    bounce = file.bounce
    if bounce is None or bounce.settled or bounce.finding != "UNSOUND":
        raise Refusal("BOUNCE_UNKNOWN", "T12", bounce=bounce.digest if bounce else "")


def _require_department(node: str, world: World, rule: str) -> None:
    if "department" not in world.registry.current(node).roles:
        raise Refusal("TARGET_NOT_DEPARTMENT", f"A05; {rule}", node=node)

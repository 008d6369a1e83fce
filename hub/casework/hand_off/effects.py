"""Effects of the hand-off: route, delivery, bounce, re-routing (states.md T08 to T12, T22 to T24; F05).

Invariants:
- an effect is a pure function of (case file, act, world);
- the holder changes when the receiver countersigned or constructive delivery was stated, and when a case goes back to
  the window that collected it; in all other cases who was asked first stays answerable.
"""

from dataclasses import replace

from hub.casework import facts
from hub.casework.casefile import CaseFile
from hub.casework.common import with_card, with_clock
from hub.casework.context import Act, World
from hub.casework.hand_off.guards import HOPS_MOST
from hub.casework.hand_off.values import Bounce, Proposal
from hub.casework.originals.states import awaited
from hub.casework.time import clocks


def forward(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T08, T23: a destination is named, the hand-off is open; the holder stays until the receiver countersigned."""
    return replace(
        file,
        accepting_node=act.text("accepting_node"),
        queue=act.text("queue"),
        forwarded_at=act.recorded_at,
        retries=0,
        retried_at="",
        proposal=None,
    )


def hand_over(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T10, T10b: responsibility passes to the receiver; what it bounced before is answered with that."""
    bounces = tuple(
        replace(bounce, settled=True) if bounce.node == file.accepting_node else bounce for bounce in file.bounces
    )
    return file.changed(holder=file.accepting_node, bounces=bounces)


def start_accept_clock(file: CaseFile, act: Act, world: World) -> CaseFile:
    """K2, 行政许可法 32(4): five working days from delivery or from the whole supplement, under the licensing law.

    Where the item counts from the originals (``receipt_basis``), K2 waits while there are any to be checked in.
    """
    item = facts.item_of(file, world)
    by_paper = item.receipt_basis == "ORIGINALS" and awaited(file)
    if not item.licensing_law or by_paper:
        return file
    return with_clock(file, clocks.start("K2", act.recorded_at, world.calendar))


def card_receiver(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T10b: Y3 on the node that did not countersign."""
    return with_card(file, act, "Y3", file.accepting_node)


def count_retry(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T11: one more delivery."""
    return file.changed(retries=file.retries + 1, retried_at=act.recorded_at)


def keep_bounce(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T12: an incident that the hub has to look at."""
    made = Bounce(act.digest, act.node.subject, act.text("reason"), act.recorded_at)
    return file.changed(bounces=(*file.bounces, made))


def keep_finding(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T12: what the hub found."""
    assert file.bounce is not None  # guarded
    return file.changed(bounces=(*file.bounces[:-1], replace(file.bounce, finding=act.text("finding"))))


def keep_resent(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T12: the same sealing lies under a new pinned version; the bounce is settled."""
    found = facts.pinned(act, world)
    assert file.bounce is not None  # guarded
    sealings = tuple(
        replace(sealing, version_id=found.version_id) if sealing.manifest == found.digest else sealing
        for sealing in file.sealings
    )
    return file.changed(sealings=sealings, bounces=(*file.bounces[:-1], replace(file.bounce, settled=True)))


def give_up_bounce(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T12D: what came back is not stored again; the next seal takes its place."""
    assert file.bounce is not None  # guarded
    return file.changed(bounces=(*file.bounces[:-1], replace(file.bounce, settled=True)))


def ask_coordinator(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T09, T22: a coordinator re-routes within K11 (window hours of the collecting window)."""
    timetable = facts.window_of(file, world).timetable
    state = clocks.start("K11", act.recorded_at, world.calendar, timetable=timetable)
    return with_clock(file.changed(coordinator=facts.coordinator_of(file, world)), state)


def keep_hop(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T22: the node stays holder until another one countersigned, and is remembered as a wrong stop."""
    target, queue = act.statement.body.get("target"), act.statement.body.get("queue", "")
    proposal = Proposal(str(target), str(queue)) if target else None
    return file.changed(hops=(*file.hops, act.node.subject), proposal=proposal, supplement_at="")


def direct(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T23: from now on the word of a coordinator, or of the department that proposed, stands for the list's.

    Today's coordinator may act for the one that was asked; from then on it is the case's.
    """
    if "hub" in act.node.roles:  # T23H
        return file.changed(directed_by=file.hops[-1])
    return file.changed(directed_by=act.node.subject, coordinator=act.node.subject)


def card_wrong_route(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T23, standards.md 8 (Y6), states.md 9: twice sent to a wrong department.

    One card on who sent it the second time, and one on a department that called its own case not its own. Runs before
    ``direct`` and ``forward``.
    """
    if len(file.hops) >= HOPS_MOST:
        file = with_card(file, act, "Y6", file.directed_by or file.collecting_node)
    if act.text("accepting_node") in file.hops:
        file = with_card(file, act, "Y6", act.text("accepting_node"))
    return file


def back_to_window(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T12D, T24: the collecting window has the case again, and a new seal is routed by the list again."""
    return replace(
        file, holder=file.collecting_node, accepting_node="", queue="", directed_by="", proposal=None, forwarded_at=""
    )


def escalate(file: CaseFile, act: Act, world: World) -> CaseFile:
    """K11: run out; a card on the coordinator that let it wait (invariant 17)."""
    state = facts.clock_of(file, "K11", world)
    assert state is not None  # guarded
    expired = with_clock(file, clocks.expire(state, act.recorded_at))
    return with_card(expired, act, "Y7", file.coordinator)

"""The coordinator's desk: cases that nobody's queue took or a department called not its own (T09, T22 to T24).

Invariants:
- the coordinator sees states, codes and times, never a document: it is among no sealing's recipients (H02, A24);
- where a case goes next is said with a signature; the keys are wrapped onward by who holds them (``following``);
- the third transfer of a case needs the lead's signature over the same payload (states.md 9).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from crypto import canonical, identity
from crypto.refusal import Refusal
from hub.casework.catalogue.model import Queue
from hub.casework.states import State
from node_agent import acts
from node_agent.known.casemirror import Recorded, application_leaf, history, last_of, mirror
from node_agent.process.runtime import Agent
from storage.journal import OutboxEntry

ROLE = "COORDINATOR"
LEAD = "COORDINATOR_LEAD"
THIRD = 2
"""Transfers after which the next one needs the lead (``hub.casework.hand_off.guards.HOPS_MOST``)."""


@dataclass(frozen=True)
class Waiting:
    """One case that waits for re-routing. ``due``: K11, text in UTC+8, empty while this node cannot recompute it.

    ``cause``: why routing failed (T09), or ``reason``: why the department sent it on (T22); ``hops``: nodes that
    had it; ``proposal``: node id that the last of them named, or empty.
    """

    case: str
    case_no: str
    task_code: str
    region: str
    since: str
    due: str
    overdue: bool
    cause: str
    reason: str
    hops: tuple[str, ...]
    proposal: str
    proposal_queue: str
    missing: tuple[str, ...]


def desk(agent: Agent, now: str = "") -> list[Waiting]:
    """All cases that wait for this coordinator, the most urgent first. ``now``: text in UTC+8."""
    at = now or canonical.time_text(datetime.now(UTC))
    found = [_waiting(agent, case_id, at) for case_id in agent.journal.case_ids()]
    return sorted((one for one in found if one is not None), key=lambda one: (one.due or "9999", one.since))


def redirect(
    agent: Agent, case_id: str, staff_code: str, target: str, queue: str = "", *, forced: bool = False, lead: str = ""
) -> OutboxEntry:
    """T23: send the case to ``target`` (node id or name) and its ``queue``, where the list has one for it.

    ``forced``: back to a node that called it not its own; ``lead``: staff code of the lead, for a third transfer.
    Refusals TARGET_UNKNOWN, QUEUE_AMBIGUOUS, LEAD_MISSING, ROLE_MISSING, PERSON_UNKNOWN_HERE.
    """
    node = department_named(agent, target)
    hops = [one for one in history(agent.journal, case_id) if one.statement.type == "misrouted"]
    if len(hops) >= THIRD and not lead:
        raise Refusal("LEAD_MISSING", "T23; states.md 9", hops=len(hops))
    body: dict[str, object] = {"accepting_node": node, "queue": queue or queue_of(agent, case_id, node).queue}
    if forced:
        body["forced"] = True
    role = acts.role_of(agent, staff_code, (ROLE,))
    if lead:
        acts.role_of(agent, lead, (LEAD,))
    return acts.queued_by_person(agent, case_id, "redirect", body, role, staff_code, second=lead or None)


def give_back(agent: Agent, case_id: str, staff_code: str, reason: str) -> OutboxEntry:
    """T24: back to the window, wrong item or the applicant's wish. Refusal ROLE_MISSING."""
    role = acts.role_of(agent, staff_code, (ROLE,))
    return acts.queued_by_person(agent, case_id, "return_to_window", {"reason": reason}, role, staff_code)


def department_named(agent: Agent, name: str) -> str:
    """Node id of a live department by id or by the last part of it. Refusal TARGET_UNKNOWN names those that are."""
    departments = agent.registry.directory.nodes("department")
    for record in departments:
        if name in (record.subject, identity.node_name(record.subject)):
            return record.subject
    known = ",".join(sorted(identity.node_name(record.subject) for record in departments))
    raise Refusal("TARGET_UNKNOWN", "A05; T22, T23", node=name[:80], nodes=known[:400])


def queue_of(agent: Agent, case_id: str, node: str) -> Queue:
    """The queue of a department that fits the case: for its item where the list has one, else its only one.

    Refusal QUEUE_AMBIGUOUS names what there is.
    """
    told = application_leaf(history(agent.journal, case_id))
    task_code = str(told.statement.body.get("task_code")) if told else ""
    name = identity.node_name(node)
    found = [queue for queue in agent.registry.catalogue().queues if queue.node == name]
    fitting = [queue for queue in found if queue.task_code == task_code] or found
    names = sorted({queue.queue for queue in fitting})
    if len(names) != 1:
        raise Refusal("QUEUE_AMBIGUOUS", "A05; T23", node=node, queues=",".join(names))
    return fitting[0]


def _waiting(agent: Agent, case_id: str, now: str) -> Waiting | None:
    view = mirror(agent, case_id)
    if view.state is not State.REROUTING:
        return None
    told = history(agent.journal, case_id)
    application, since = application_leaf(told), last_of(told, "route_failed", "misrouted")
    if application is None or since is None:
        return None
    body, said = application.statement.body, since.statement.body
    clock = view.clocks.get("K11")
    due = clock.due or "" if clock else ""
    return Waiting(
        case=case_id,
        case_no=application.leaf.assigned.get("case_no", ""),
        task_code=str(body.get("task_code", "")),
        region=str(body.get("region", "")),
        since=since.leaf.recorded_at,
        due=due,
        overdue=bool(due) and now > due,
        cause=str(said.get("cause", "")),
        reason=str(said.get("reason", "")),
        hops=_hops(told),
        proposal=str(said.get("target", "")),
        proposal_queue=str(said.get("queue", "")),
        missing=view.missing,
    )


def _hops(told: Sequence[Recorded]) -> tuple[str, ...]:
    return tuple(one.statement.actor.node for one in told if one.statement.type == "misrouted")

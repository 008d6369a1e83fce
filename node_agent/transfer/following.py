"""What an agent does about a case without being asked: stores again, hands keys onward, erases what has done its work.

Invariants:
- keys follow a case that is sent elsewhere: the department that sent it on wraps first, for it holds them; a window
  that sealed steps in after ``step_in_minutes``, so no work is done twice (architecture: key packets);
- everything is decided from verified leaves and this node's own journal, and may be repeated.
"""

from datetime import UTC, datetime, timedelta

from crypto import canonical
from crypto.refusal import Refusal
from crypto.statement import CUSTODY, Statement, read_signed
from node_agent.known.casemirror import Recorded, application_leaf, handed_on, history, is_over, last_of, opinions_of
from node_agent.parents import opinions
from node_agent.process.runtime import Agent
from node_agent.transfer import bounce, notices
from node_agent.transfer.rewrap import rewrap, wrapped_keys
from node_agent.verification import queries
from node_agent.window import supplement as window_supplement

SEALERS = ("seal", "seal_parent", "supplement_part", "debt_settled", "part_shared")


def attend(agent: Agent, case_id: str, now: datetime | None = None) -> float | None:
    """What this node owes the case now; seconds after which to look again, None when nothing waits for time.

    ``now``: aware. Refusals of ``rewrap``.
    """
    told = history(agent.journal, case_id)
    if any(one.statement.type == "seal" and one.statement.actor.node == agent.identity.node for one in told):
        bounce.resend(agent, case_id, told)
        bounce.drop_delivered(agent, case_id, told)
    if any(act.event == "supplement_part" for act in agent.journal.acts(case_id)):
        window_supplement.tidy(agent, case_id)
    queries.flush(agent, case_id)
    opinions.give_keys(agent, case_id, told)
    if is_over(told):
        notices.forget_decision(agent, case_id)
    return hand_keys_onward(agent, case_id, told, now or datetime.now(UTC))


def hand_keys_onward(agent: Agent, case_id: str, told: list[Recorded], now: datetime) -> float | None:
    """Wrap to the node that the case is proposed or redirected to, where that is this node's turn.

    Seconds until it is this window's turn to step in, or None.
    """
    sent, target = next_node(told)
    if sent is None or target in ("", agent.identity.node):
        return None
    try:
        current = agent.registry.directory.current(target).kem.id
    except Refusal:
        return None  # without a valid key nothing can be wrapped; a new record is followed by ``rewrap.owed``
    keys = _wrapped(agent, case_id, told)
    given = [digest for digest in opinions_of(told) if (digest, agent.identity.node) in keys]
    missing = [one for one in [*given, *handed_on(told)] if current not in keys.get((one, target), set())]
    if not missing or not _may_wrap(agent, told):
        return None
    turn = canonical.time_value(sent.leaf.recorded_at)
    if not _sent_it_on(agent, told):
        turn += timedelta(minutes=agent.settings.step_in_minutes)
    if now < turn:
        return (turn - now).total_seconds()
    for digest in missing:
        if keys.get((digest, agent.identity.node)):
            rewrap(agent, case_id, target, digest)
    return None


def next_node(told: list[Recorded]) -> tuple[Recorded | None, str]:
    """The leaf that names the node that a case is going to off the list's route, and that node; empty without one."""
    for one in reversed(told):
        statement = one.statement
        if statement.chain != CUSTODY or statement.type in ("retry", "escalate"):
            continue
        if statement.type == "misrouted":
            return one, str(statement.body.get("target", ""))
        if statement.type in ("redirect", "redirected", "refer_up"):
            return one, str(statement.body.get("accepting_node", ""))
        break
    return None, ""


def _wrapped(agent: Agent, case_id: str, told: list[Recorded]) -> dict[tuple[str, str], set[str]]:
    """Key ids by sealing and recipient, of wraps in the log and of our own that wait."""
    waiting = [act for act in agent.journal.acts(case_id) if act.event == "wrap" and act.state == "WAITING"]
    said: list[Statement] = [one.statement for one in told]
    return wrapped_keys([*said, *(read_signed(act.envelope) for act in waiting)])


def _may_wrap(agent: Agent, told: list[Recorded]) -> bool:
    """A department that sent the case on, or a node that sealed materials of it."""
    me = agent.identity.node
    return _sent_it_on(agent, told) or any(
        one.statement.type in SEALERS and one.statement.actor.node == me for one in told
    )


def _sent_it_on(agent: Agent, told: list[Recorded]) -> bool:
    """Whether this node holds the case: it passed it up or said misrouted last, or collected what nobody received."""
    up = last_of(told, "refer_up")
    if up is not None:
        return up.statement.actor.node == agent.identity.node
    wrong = [one for one in told if one.statement.type == "misrouted"]
    if wrong:
        return wrong[-1].statement.actor.node == agent.identity.node
    application = application_leaf(told)
    return application is not None and application.statement.actor.node == agent.identity.node

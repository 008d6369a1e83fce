"""How the cases that were forwarded to this department stand: pulled, checked, countersigned, sent back."""

from node_agent.known.casemirror import history, last_of
from node_agent.process.runtime import Agent
from node_agent.transfer import pulling, receiver

PULL_STATES = {
    "DONE": "已签收",
    "WAITING": "待核验签收",
    "QUEUED": "已核验，签收待发送",
    "BOUNCED": "核验不符，已退回窗口",
    "ALARM": "异常，未签收",
}
PULL_MOVES = {
    **dict.fromkeys(pulling.FORWARDS, "WAITING"),
    **dict.fromkeys(("delivered", "constructive_delivery", "taken_up", "constructive_take_up"), "DONE"),
    "bounced": "BOUNCED",
}
"""How a pull stands after the newest of these acts."""


def is_forwarded(agent: Agent, case_id: str) -> bool:
    """Whether the case was given to this department."""
    return any(
        told.statement.type in pulling.FORWARDS and told.statement.body.get("accepting_node") == agent.identity.node
        for told in history(agent.journal, case_id)
    )


def pull_object(agent: Agent, case_id: str) -> dict[str, object]:
    """State and alarm of one case, for programs."""
    standing = receiver.alarms(agent)
    alarm = standing.get(f"pull:{case_id}") or standing.get(f"leaf:{case_id}")
    if alarm is not None:
        state = "ALARM"
    else:
        moved = last_of(history(agent.journal, case_id), *PULL_MOVES)
        state = PULL_MOVES[moved.statement.type] if moved else "WAITING"
        if state == "WAITING" and any(act.event in pulling.ANSWERS for act in agent.journal.acts(case_id)):
            state = "WAITING" if pulling.awaits_pull(agent, case_id) else "QUEUED"
    return {"case": case_id, "state": state, "code": alarm.code if alarm else ""}

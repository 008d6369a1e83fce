"""Who can open an addendum: the department that has the case or will get it, the window that seals, the recovery key.

Invariant: nothing is asked of the hub that is known here, so an addendum is sealed without network.
"""

from datetime import UTC, datetime

from crypto.canonical import CHINA
from crypto.identity import node_name
from crypto.records import KeyRecord
from crypto.refusal import Refusal
from hub.casework.hand_off import routing
from node_agent.known.casemirror import ROUTES, Recorded, application_leaf, last_of
from node_agent.process.runtime import Agent


def recipients_of(agent: Agent, told: list[Recorded]) -> tuple[list[KeyRecord], tuple[str, ...]]:
    """The accepting department, before the route that of the list (P5A), this window and the recovery node; and who of
    them has no valid key now."""
    directory = agent.registry.directory
    sent = last_of(told, *ROUTES)
    accepting = str(sent.statement.body["accepting_node"]) if sent else _by_list(agent, told)
    found, missing = [directory.current(agent.identity.node)], []
    for node in (accepting, agent.settings.recovery_node):
        try:
            found.append(directory.current(node))
        except Refusal:
            missing.append(node)
    return found, tuple(node for node in missing if node)


def _by_list(agent: Agent, told: list[Recorded]) -> str:
    """Node that the list gives a case that was not sent yet; its name where no such node is registered, or empty."""
    application = application_leaf(told)
    assert application is not None  # the caller found what is asked for
    body, today = application.statement.body, datetime.now(UTC).astimezone(CHINA).date()
    catalogue = agent.registry.catalogue(str(body["catalogue"]), agent.hub)
    try:
        name = routing.route(catalogue, str(body["task_code"]), str(body["region"]), today).node
    except Refusal:
        return ""
    departments = agent.registry.directory.nodes("department")
    return next((record.subject for record in departments if node_name(record.subject) == name), name)

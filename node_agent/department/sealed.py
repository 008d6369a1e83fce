"""What the application says that this department was given: members of its seal, and the item in its list."""

from crypto.refusal import Refusal
from hub.casework.catalogue.model import Item
from node_agent.known.casemirror import Recorded, application_leaf, history, item_code
from node_agent.process.runtime import Agent


def item_of(agent: Agent, case_id: str) -> Item:
    """The item in the case's list. Refusals CASE_UNKNOWN_HERE, UNKNOWN_ITEM."""
    catalogue = agent.registry.catalogue(str(seal_member(agent, case_id, "catalogue")), agent.hub)
    return catalogue.item(str(seal_member(agent, case_id, "task_code")))


def seal_member(agent: Agent, case_id: str, name: str) -> object:
    """A member of the body of the newest ``seal`` (or pre-review), or its node for ``node``.

    Refusal CASE_UNKNOWN_HERE.
    """
    told = _application(agent, case_id)
    return told.statement.actor.node if name == "node" else told.statement.body.get(name)


def task_code_of(agent: Agent, case_id: str) -> str:
    """The code that powers are granted for: of a parent its theme's, or what stands for none. Refusal
    CASE_UNKNOWN_HERE."""
    return item_code(_application(agent, case_id))


def _application(agent: Agent, case_id: str) -> Recorded:
    told = application_leaf(history(agent.journal, case_id))
    if told is None:
        raise Refusal("CASE_UNKNOWN_HERE", "A24", case=case_id)
    return told

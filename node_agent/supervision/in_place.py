"""The check of 三到位 over a region (G14): items have windows, departments have their grants, cases have all events.

Invariant: read only; list and grants are this node's own copy of the registry, events are asked of the hub case by case
and counted here.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from crypto.canonical import CHINA
from crypto.identity import node_name, node_region
from crypto.log import leaf as leaves
from hub.casework.catalogue.in_place import NO_EVENTS, Gap, gaps
from node_agent.process.runtime import Agent
from node_agent.supervision import overseeing


def listed(agent: Agent, region: str = "") -> list[Gap]:
    """Gaps of the list in force today. ``region``: 12 digits, the node's own where none is named."""
    day = datetime.now(UTC).astimezone(CHINA).date()
    directory = agent.registry.directory
    departments = {node_name(record.subject): record.subject for record in directory.nodes("department")}

    def granted(kind: str, node: str, task_code: str) -> bool:
        return bool(directory.grants_of(kind, departments[node], task_code, day.isoformat()))

    place = region or node_region(agent.identity.node)
    return list(gaps(agent.registry.catalogue(), place, day, departments, granted))


def incomplete(agent: Agent) -> Iterator[Gap]:
    """Cases of this region of which the hub does not show every leaf, from the first to the one it stands at (A21)."""
    for file in overseeing.all_files(agent):
        seen = [leaves.decode(data).case_seq or 0 for data in agent.hub.case_leaves(file.case)]
        newest = max([file.case_seq, *seen])
        if seen != list(range(1, newest + 1)):
            yield Gap(NO_EVENTS, file.task_code, node_name(file.holder), file.case)

"""Whether what the list promises is really there (三到位, G14): every item has a window and a department's queue, and
whoever decides there has the powers of attorney for it. Pure.

Invariant: only what can take cases on the day is asked about; a gap names item, node and what is missing, never a
person.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from hub.casework.catalogue.model import Catalogue
from hub.casework.catalogue.values import Item, Queue
from hub.casework.numbers import region_prefix

NO_WINDOW, NO_QUEUE, NO_NODE = "NO_WINDOW", "NO_QUEUE", "NO_NODE"
NO_DECIDER, NO_SEAL, NO_EVENTS = "NO_DECIDER", "NO_SEAL", "NO_EVENTS"
WORDS: Final = {
    NO_WINDOW: "没有窗口可收",
    NO_QUEUE: "没有部门受理",
    NO_NODE: "受理部门没有接入",
    NO_DECIDER: "没有人有审批授权",
    NO_SEAL: "没有人有用印授权",
    NO_EVENTS: "办件记录不完整",
}
Granted = Callable[[str, str, str], bool]
"""Whether somebody of a node (name) has a live grant of a kind for an item: (kind, node, task code)."""


@dataclass(frozen=True)
class Gap:
    """What is not in place. ``node``: name of the node that it is missing at; ``case``: for NO_EVENTS."""

    kind: str
    task_code: str
    node: str = ""
    case: str = ""


def gaps(catalogue: Catalogue, region: str, on: date, nodes: Iterable[str], granted: Granted) -> Iterator[Gap]:
    """All gaps of items handled in ``region`` (12 digits, with what lies below it), in the order of the list.

    ``nodes``: names of the departments that are registered.
    """
    here, prefix = frozenset(nodes), region_prefix(region)
    for item in catalogue.items.values():
        if not item.takes_cases(on):
            continue
        queues = [queue for queue in catalogue.queues if queue.task_code == item.task_code]
        if not any(queue.region.startswith(prefix) for queue in queues):
            if item.implementing_body.region.startswith(prefix):
                yield Gap(NO_QUEUE, item.task_code)
            continue
        for queue in queues:
            if queue.region.startswith(prefix):
                yield from _at(catalogue, item, queue, on, here, granted)


def _at(
    catalogue: Catalogue, item: Item, queue: Queue, on: date, here: frozenset[str], granted: Granted
) -> Iterator[Gap]:
    """Of one item at one department."""
    if catalogue.nearest_window(item.task_code, queue.region, on, queue.region) is None:
        yield Gap(NO_WINDOW, item.task_code, queue.node)
    if queue.node not in here:
        yield Gap(NO_NODE, item.task_code, queue.node)
        return
    if item.decision_by == "GRANT" and not granted("DECIDE", queue.node, item.task_code):
        yield Gap(NO_DECIDER, item.task_code, queue.node)
    if not granted("SEAL_USE", queue.node, item.task_code):
        yield Gap(NO_SEAL, item.task_code, queue.node)

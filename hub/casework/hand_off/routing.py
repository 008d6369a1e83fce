"""From item and region to exactly one queue (requirements A05; states.md T08, T09).

Invariants:
- a case goes to one queue or to a coordinator, never to a guess: none and several are refusals;
- routing reads two dictionaries; its cost does not grow with the catalogue.
"""

from datetime import date
from typing import Final

from crypto.refusal import Refusal
from hub.casework.catalogue.model import Catalogue, Queue

RULE: Final = "requirements A05, states.md T08, T09"


def route(catalogue: Catalogue, task_code: str, region: str, on: date) -> Queue:
    """The one live queue of ``task_code`` for the 12-digit ``region``; ``on`` is a date in UTC+8.

    Refusals: ROUTE_NONE with ``cause`` NO_ITEM, ITEM_NOT_LIVE or NO_QUEUE; ROUTE_AMBIGUOUS with the nodes.
    """
    item = catalogue.items.get(task_code)
    if item is None:
        raise _none(task_code, region, "NO_ITEM")
    if not item.takes_cases(on):
        raise _none(task_code, region, "ITEM_NOT_LIVE")
    queues = catalogue.queues_for(task_code, region)
    if not queues:
        raise _none(task_code, region, "NO_QUEUE")
    if len(queues) > 1:
        nodes = ",".join(sorted({queue.node for queue in queues}))
        raise Refusal("ROUTE_AMBIGUOUS", RULE, task_code=task_code, region=region, nodes=nodes)
    return queues[0]


def _none(task_code: str, region: str, cause: str) -> Refusal:
    return Refusal("ROUTE_NONE", RULE, task_code=task_code[:40], region=region[:12], cause=cause)

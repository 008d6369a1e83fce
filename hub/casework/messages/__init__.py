"""The one catalogue of texts for staff: what a refusal says on the screen (promise 7).

Invariants:
- every code raised in the product has a message here (kept by ``tests/unit/law/test_messages.py``);
- three short parts, one a line: the rule, the value, the way out; fit to be read to an applicant;
- an unknown code gives a neutral sentence that says nothing of the inside.
"""

from typing import Final

from crypto.refusal import Refusal
from hub.casework.messages import (
    agents,
    casework,
    catalogue,
    counter,
    figures,
    imaging,
    late,
    materials,
    node,
    online,
    papers,
    parent_desks,
    parents,
    procedure,
    reading,
    review,
    selftest,
    services,
    supervision,
    trust,
)
from hub.casework.messages.entry import Message as Message
from hub.casework.messages.words.events import EVENTS as EVENTS
from hub.casework.messages.words.labels import LABELS
from hub.casework.messages.words.shown import event_name as event_name
from hub.casework.messages.words.shown import shown
from hub.casework.messages.words.values import CLOCKS as CLOCKS
from hub.casework.messages.words.values import DELIVERY as DELIVERY
from hub.casework.messages.words.values import OUTCOMES as OUTCOMES
from hub.casework.messages.words.values import PURPOSES as PURPOSES
from hub.casework.messages.words.values import ROLES as ROLES

UNKNOWN: Final = Message("这一步暂时没有办成。", "请稍候再试；仍不行请把时间和所办的事告诉技术值守。")


def _merged(*areas: dict[str, Message]) -> dict[str, Message]:
    made: dict[str, Message] = {}
    for area in areas:
        twice = made.keys() & area.keys()
        if twice:
            raise ValueError(f"two messages for {sorted(twice)}")
        made |= area
    return made


MESSAGES: Final = _merged(
    casework.MESSAGES,
    catalogue.MESSAGES,
    procedure.MESSAGES,
    papers.MESSAGES,
    parents.MESSAGES,
    parent_desks.MESSAGES,
    reading.MESSAGES,
    review.MESSAGES,
    counter.MESSAGES,
    late.MESSAGES,
    figures.MESSAGES,
    materials.MESSAGES,
    trust.MESSAGES,
    services.MESSAGES,
    node.MESSAGES,
    imaging.MESSAGES,
    agents.MESSAGES,
    supervision.MESSAGES,
    online.MESSAGES,
    selftest.MESSAGES,
)


def render(refusal: Refusal) -> str:
    """Rule, value and way out in Chinese, one a line; no value line when there is nothing to show."""
    message = MESSAGES.get(refusal.code, UNKNOWN)
    values = [
        f"{LABELS.get(name, name)}：{shown(name, refusal.values[name])}"
        for name in message.shows
        if refusal.values.get(name)
    ]
    parts = (message.rule, "；".join(values) + "。" if values else "", message.way_out)
    return "\n".join(part for part in parts if part)

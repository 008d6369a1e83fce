"""The two bodies of a member of staff (F07) as a node reads them: codes from the registry, names from the list.

Invariant: who the person is stays a staff id; no name of a person is known here.
"""

from crypto.refusal import Refusal
from hub.casework.supervision.affiliation import Affiliation
from hub.casework.supervision.view import CardView
from node_agent.process.runtime import Agent


def of_person(agent: Agent, person: str) -> Affiliation:
    """As the person's last key record says; nothing for nobody, and for who is not registered."""
    record = agent.registry.directory.newest(person) if person else None
    return Affiliation(record.home, record.centre) if record is not None else Affiliation()


def body_name(agent: Agent, code: str) -> str:
    """What the list calls the body; its code where the list does not know it or is not here."""
    try:
        known = agent.registry.catalogue().departments.get(code) if code else None
    except Refusal:
        known = None
    return known.name if known is not None else code


def on_card(agent: Agent, card: CardView) -> dict[str, str]:
    """Codes for programs: both bodies, and which of them minds the card."""
    found = of_person(agent, card.person)
    return {"home": found.home, "centre": found.centre, "minded_by": found.minded_by(card.rule)}


def minder(agent: Agent, card: CardView) -> str:
    """Name of the body that minds the card, for a table."""
    return body_name(agent, of_person(agent, card.person).minded_by(card.rule)) or "—"


def notice_lines(agent: Agent, card: CardView) -> tuple[str, ...]:
    """F07, G13: who minds the card with the person, and who is told of it."""
    found = of_person(agent, card.person)
    minds, told = found.minded_by(card.rule), found.told(card.rule)
    lines = (("处理单位", minds), ("反馈单位", told))
    return tuple(f"{word}：{body_name(agent, code)}" for word, code in lines if code)

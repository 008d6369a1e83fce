"""A party disputes an authorisation to share data (H03): the head signs, the words stay here under their commitment."""

import json
from datetime import UTC, datetime

from crypto import canonical
from crypto.refusal import Refusal
from crypto.sharing import RULE
from crypto.statement import REGISTRY, Actor, Statement, sign
from node_agent import acts
from node_agent.department.decision_words import committed
from node_agent.process.runtime import Agent
from storage.journal import OutboxEntry


def raise_dispute(agent: Agent, staff_code: str, sharing_id: str, ground: str, words: str) -> OutboxEntry:
    """Queue the dispute. Refusals SHARING_UNKNOWN, STATEMENT_WORDS_MISSING, ROLE_MISSING, PERSON_UNKNOWN_HERE."""
    known = {one.sharing_id for one in agent.registry.directory.sharing.all() if one.ended is None}
    if sharing_id not in known:
        raise Refusal("SHARING_UNKNOWN", RULE, sharing=sharing_id[:80])
    if not words.strip():
        raise Refusal("STATEMENT_WORDS_MISSING", "promise 1; H03", event="sharing.dispute")
    acts.role_of(agent, staff_code, ("HEAD",))
    person, key = agent.identity.person(staff_code)
    made, page = committed({"words": words.strip()})
    agent.journal.keep(f"words:{made['words']}", json.dumps(page, ensure_ascii=False).encode())
    statement = Statement(
        type="sharing.dispute",
        case=None,
        chain=REGISTRY,
        seq=None,
        prev=None,
        actor=Actor(agent.identity.node, person, "HEAD"),
        occurred_at=canonical.time_text(datetime.now(UTC)),
        body={"sharing_id": sharing_id, "ground": ground, "words": made["words"]},
    )
    entry = acts.entry_of(sign(statement.payload(), [key, agent.identity.sign]))
    agent.journal.queue([entry])
    return entry

"""Opinions of other departments and first reviews, read where they were sealed to (T29, T30; 行政许可法 35, 43).

Invariant: the words are opened like any document: purpose, person and case are stated first (H02); only what was
wrapped to this node is asked for.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

from crypto.refusal import Refusal
from node_agent import acts
from node_agent.client.calls import NO_ANSWER
from node_agent.known.casemirror import history, opinions_of
from node_agent.process.runtime import Agent
from node_agent.transfer import opening
from node_agent.transfer.notices import NOTICE
from node_agent.transfer.rewrap import wrap_again, wrapped_keys
from storage.journal import OutboxEntry
from storage.transfer import TransferClient

SAID = ("opinion", "refer_up")
PURPOSE = "DECISION"


@dataclass(frozen=True)
class Told:
    """One opinion: act, node id, legal time (UTC+8), code of the answer (empty for a first review), words."""

    event: str
    node: str
    at: str
    answer: str
    words: str


def wraps_above(agent: Agent, case_id: str, node: str) -> list[OutboxEntry]:
    """T30, 行政许可法 35: keys of the opinions that were given here, for the department above.

    What cannot be reached now is left to ``following.attend``. Refusals SUBJECT_UNKNOWN, KEY_REVOKED,
    PACKET_UNREADABLE.
    """
    told = history(agent.journal, case_id)
    keys = wrapped_keys([one.statement for one in told])
    made = []
    for digest in opinions_of(told):
        if (digest, agent.identity.node) in keys:
            try:
                made.append(wrap_again(agent, case_id, node, digest))
            except Refusal as refusal:
                if refusal.code not in NO_ANSWER:
                    raise
    return made


def read(
    agent: Agent,
    case_id: str,
    staff_code: str,
    answered: Callable[[str], OutboxEntry],
    transfer: TransferClient | None = None,
) -> list[Told]:
    """All opinions of the case in log order; words only where this node may open them. ``answered``: as in
    ``opening.open_sealing``. Refusals ROLE_MISSING and those of ``open_sealing``.
    """
    told = history(agent.journal, case_id)
    keys = wrapped_keys([one.statement for one in told])
    role = acts.role_of(agent, staff_code, opening.READERS)
    found = []
    for one in told:
        body, digest = one.statement.body, str(one.statement.body.get("manifest", ""))
        if one.statement.type not in SAID:
            continue
        words = ""
        if digest and (digest, agent.identity.node) in keys:
            _, _, lines = opening.open_sealing(
                agent, case_id, digest, staff_code, role, PURPOSE, answered=answered, transfer=transfer
            )
            pages = [line.pages[0] for line in lines if line.material == NOTICE and line.pages]
            words = str(json.loads(pages[0].data).get("words", "")) if pages else ""
        answer = str(body.get("answer", ""))
        found.append(Told(one.statement.type, one.statement.actor.node, one.leaf.recorded_at, answer, words))
    return found

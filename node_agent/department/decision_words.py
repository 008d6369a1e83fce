"""The words of a decision: committed to in the log, kept here until the result that they are sealed with is issued.

Invariant: reasons and appeal of a refusal go into the log as salted commitments alone (promise 1).
"""

import secrets
from collections.abc import Mapping

from crypto import canonical
from crypto.sealing import SALT_SIZE
from node_agent.process.runtime import Agent
from node_agent.transfer.notices import DECISION_NOTE


def keep_decision(agent: Agent, case_id: str, texts: Mapping[str, str]) -> dict[str, str]:
    """Commitments, hex SHA-256(salt, text), by member; texts and salts are kept before they are given out.

    The note holds every attempt by its commitment to the reasons: one that the hub refused must not take the words of
    the one that counts.
    """
    made, page = committed(texts)
    page = {"outcome": "REFUSE", **page}
    agent.journal.keep(DECISION_NOTE + case_id, canonical.encode({**decisions(agent, case_id), made["reasons"]: page}))
    return made


def committed(texts: Mapping[str, str]) -> tuple[dict[str, str], dict[str, object]]:
    """Commitments, hex SHA-256(salt, text), by member, for the log; and texts with salts, for the sealed page."""
    salts = {name: secrets.token_bytes(SALT_SIZE) for name in texts}
    made = {name: canonical.digest(salts[name] + text.encode()) for name, text in texts.items()}
    return made, {**texts, "salts": {name: salt.hex() for name, salt in salts.items()}}


def decisions(agent: Agent, case_id: str) -> dict[str, object]:
    """Words and salts of every refusal that was tried here, by the commitment to its reasons."""
    kept = agent.journal.kept(DECISION_NOTE + case_id)
    return canonical.parse(kept) if kept else {}

"""Queries that the log has to be told of (H02, H05): kept when they are made, said when the case is in the log.

Invariants: a query is on disk before anybody is asked, so one that a kill, a refusal or a bad answer ended is told too;
it hangs on a custody statement of its case, so those of a draft wait until the case has its first one (a seal, a
decline, a discard); it is told with the time at which it was made; its note stays until the hub has it.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from crypto import canonical
from node_agent import acts
from node_agent.known.casemirror import history
from node_agent.process.runtime import Agent
from node_agent.transfer.rewrap import machine_role

NOTE = "queries:"
ASKING_LASTS = timedelta(minutes=2)
"""Longer than any connector asks: a query without its answer after that was ended by a kill."""


def begin(agent: Agent, case_id: str, query_id: str, body: Mapping[str, object]) -> None:
    """Keep a query that is about to be asked. ``body``: as if nobody answered. Refusal JOURNAL_UNWRITABLE."""
    entry = {"query": query_id, "at": _now(), "asking": True, "said": "", "body": dict(body)}
    _keep(agent, case_id, [*_kept(agent, case_id), entry])


def answered(agent: Agent, case_id: str, query_id: str, body: Mapping[str, object]) -> None:
    """Keep what became of the query. Refusal JOURNAL_UNWRITABLE."""
    done = {"asking": False, "body": dict(body)}
    _keep(agent, case_id, [one | done if one["query"] == query_id else one for one in _kept(agent, case_id)])


def waiting(agent: Agent, case_id: str) -> list[dict[str, object]]:
    """What is to be said of queries that the log does not know yet, oldest first."""
    return [dict(one["body"]) for one in _kept(agent, case_id)]


def flush(agent: Agent, case_id: str) -> int:
    """Say what waits, if the hub knows the case; how many were queued. May be repeated."""
    kept = _kept(agent, case_id)
    left = [one for one in kept if not _told(agent, one)]
    known = bool(history(agent.journal, case_id)) or any(
        act.state == "DONE" for act in agent.journal.acts(case_id)
    )  # fmt: skip
    due = [one for one in left if known and _to_say(agent, one)]
    if left == kept and not due:
        return 0
    role, entries = machine_role(agent), []
    for one in due:
        envelope = acts.build(
            agent.identity, agent.journal, event="data_queried", case_id=case_id, chain="access", role=role,
            body=one["body"], occurred_at=one["at"],
        )  # fmt: skip
        entries.append(acts.entry_of(envelope))
        one["said"] = envelope.digest
    agent.journal.queue(entries, [], {NOTE + case_id: json.dumps(left).encode()})
    return len(due)


# --- pieces ----------------------------------------------------------------------------------------------------------


def _told(agent: Agent, one: Mapping[str, Any]) -> bool:
    said = agent.journal.entry(one["said"]) if one["said"] else None
    return said is not None and said.state == "DONE"


def _to_say(agent: Agent, one: Mapping[str, Any]) -> bool:
    """Never said and settled, or said and lost to a race; what the law refused stays in the note, for a look."""
    if one["asking"] and canonical.time_value(one["at"]) + ASKING_LASTS > datetime.now(UTC):
        return False
    said = agent.journal.entry(one["said"]) if one["said"] else None
    lost = said is not None and said.refusal is not None and said.refusal.code == "HEAD_MOVED"
    return not one["said"] or lost


def _kept(agent: Agent, case_id: str) -> list[dict[str, Any]]:
    kept = agent.journal.kept(NOTE + case_id)
    return list(json.loads(kept)) if kept else []


def _keep(agent: Agent, case_id: str, entries: list[dict[str, Any]]) -> None:
    agent.journal.keep(NOTE + case_id, json.dumps(entries).encode())


def _now() -> str:
    return canonical.time_text(datetime.now(UTC))

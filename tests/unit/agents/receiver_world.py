"""A receiving agent beside a region in memory, and ways to damage what it is sent."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from crypto import canonical
from crypto.log import leaf as leaves
from crypto.statement import read_envelope, read_statement, sign
from node_agent.process.runtime import Agent
from node_agent.transfer import opening
from storage.journal import OutboxEntry
from tests.unit.agents.agent_region import FakeHub, Region


def hub_of(agent: Agent) -> FakeHub:
    return cast(FakeHub, agent.hub)


class Clock:
    """A monotonic clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def changed(region: Region, index: int, change: Callable[[dict[str, Any]], None]) -> bytes:
    """A leaf with other values, canonical again."""
    value = json.loads(region.log.entries[index])
    change(value)
    return canonical.encode(value)


def resigned(region: Region, index: int, signers: list[str], **changes: Any) -> bytes:
    """A leaf whose statement was changed and signed anew by ``signers``."""
    leaf = leaves.decode(region.log.entries[index])
    statement = replace(read_statement(read_envelope(leaf.envelope).payload), **changes)
    envelope = sign(statement.payload(), [region.log.keys[one].sign for one in signers])
    return leaves.encode(replace(leaf, envelope=envelope.encode()))


def queued(agent: Agent, case: str) -> list[str]:
    return [act.event for act in agent.journal.acts(case)]


def opened(region: Region, agent: Agent, case: str, purpose: str = "受理审查") -> opening.OpenedCase:
    def answered(digest: str) -> OutboxEntry:
        return next(entry for entry in region.send(agent) if entry.payload_digest == digest)

    return opening.open_case(agent, case, "A01", "ACCEPTOR", purpose, answered=answered, transfer=region.transfer())

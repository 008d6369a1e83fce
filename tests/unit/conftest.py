"""Fixtures of unit tests."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from tests.unit.crypto.registry_office import HEAD, NODE, PERSON, Office

if TYPE_CHECKING:
    from node_agent.process.runtime import Agent
    from node_agent.transfer.receiver import Receiver
    from tests.unit.agents.agent_region import Region


def load(name: str) -> ModuleType:
    """A file of this folder by its path: tests are no importable package."""
    module_name = f"yidi_test_{name}"
    if module_name not in sys.modules:
        spec = importlib.util.spec_from_file_location(module_name, Path(__file__).parent / f"{name}.py")
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules[module_name] = module
        spec.loader.exec_module(module)
    return sys.modules[module_name]


@pytest.fixture(scope="session")
def evidence_log() -> ModuleType:
    """``tests/unit/evidence_log.py``: a synthetic log with real keys."""
    return load("evidence_log")


@pytest.fixture(scope="session")
def independent_reader() -> ModuleType:
    """``tests/unit/independent_reader.py``: a reader that uses nothing of ours."""
    return load("independent_reader")


@pytest.fixture
def office() -> Office:
    """A registrar's office with one department, a member of its staff and its head."""
    made = Office()
    made.register(NODE, "department")
    made.register(PERSON, "ACCEPTOR", "DECIDER")
    made.register(HEAD, "HEAD")
    return made


@pytest.fixture
def region() -> "Region":
    """A region in memory, with the window, the department and the hub of the demo."""
    from tests.unit.agents.agent_region import Region  # here, not above: most tests of this folder need no agent

    return Region()


@pytest.fixture
def agent(region: "Region", tmp_path: Path) -> "Agent":
    """The department's agent of that region, with its staff."""
    from tests.unit.evidence_log import DEPARTMENT

    return region.agent(tmp_path / "dept", DEPARTMENT, ("A01", "D01", "H01", "I01"))


@pytest.fixture
def inbox(region: "Region", agent: "Agent") -> "Receiver":
    """What the hub sends to that agent."""
    from node_agent.transfer.receiver import Receiver

    return Receiver(agent, region.transfer())

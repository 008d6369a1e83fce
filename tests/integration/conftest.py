"""The founded world for tests against real servers. Loaded by path: ``tests`` is no package."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.world import World


def _load() -> ModuleType:
    name = "yidi_test_world"
    if name not in sys.modules:
        found = importlib.util.spec_from_file_location(name, Path(__file__).with_name("world.py"))
        assert found is not None and found.loader is not None
        module = importlib.util.module_from_spec(found)
        sys.modules[name] = module
        found.loader.exec_module(module)
    return sys.modules[name]


@pytest.fixture
def world(database_url: str) -> "Iterator[World]":
    """A founded world in a database of its own."""
    made: World = _load().World(database_url)
    yield made
    made.close()

"""Fixtures of unit tests."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


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

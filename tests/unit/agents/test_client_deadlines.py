"""Every call of the agents' client has a deadline: read from its source, so that a new call cannot lack one."""

import ast
from pathlib import Path

import pytest

import node_agent.client

FOLDER = Path(node_agent.client.__path__[0])
STUBS = {"_statements", "_objects", "_packets", "_inbox", "_registry", "_catalogue", "_log", "_supervision", "_stub"}


def stub_calls(source: str) -> list[ast.Call]:
    """Calls of the form ``self._stub.Method(…)``."""
    return [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Attribute)
        and node.func.value.attr in STUBS
    ]


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.py")), ids=lambda file: file.name)
def test_every_call_of_a_stub_names_its_deadline(file: Path) -> None:
    without = [call.lineno for call in stub_calls(file.read_text()) if "timeout" not in {k.arg for k in call.keywords}]
    assert without == []


def test_every_stub_is_looked_at() -> None:
    """A stub under another name would not be seen above."""
    for file in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
                made = ast.unparse(node.value.func)
                if made.endswith("Stub"):
                    assert {ast.unparse(target).removeprefix("self.") for target in node.targets} <= STUBS, made


def test_calls_are_found_at_all() -> None:
    assert sum(len(stub_calls(file.read_text())) for file in FOLDER.glob("*.py")) > 20

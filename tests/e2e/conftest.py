"""One real stack a session, founded as a newcomer's is, killed and removed at the end.

``town.py`` and ``tests/unit/independent_reader.py`` are loaded by path: ``tests`` is no package.
"""

import importlib.util
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from deploy.stack.layout import DEPARTMENT, WINDOW
from deploy.stack.stack import Stack

if TYPE_CHECKING:
    from tests.e2e.town import Town, Walk


def load(path: Path) -> ModuleType:
    """A file of the tests as a module, once."""
    name = f"yidi_test_{path.stem}"
    if name not in sys.modules:
        found = importlib.util.spec_from_file_location(name, path)
        assert found is not None and found.loader is not None
        module = importlib.util.module_from_spec(found)
        sys.modules[name] = module
        found.loader.exec_module(module)
    return sys.modules[name]


@pytest.fixture(scope="session")
def town() -> "Iterator[Town]":
    """The running one-machine stack in a folder of its own."""
    root = Path(tempfile.mkdtemp(prefix="yidi-e2e-"))
    root.chmod(0o711)  # the database's user has to pass
    stack = Stack(root)
    try:
        stack.up()
        made: Town = load(Path(__file__).with_name("town.py")).Town(stack)
        made.until("directory snapshot", lambda: made.said(WINDOW, "window", "snapshot")["ok"])
        yield made
    finally:
        stack.kill()
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture(scope="session")
def walk(town: "Town", tmp_path_factory: pytest.TempPathFactory) -> "Walk":
    """The straight case, every act by a typed command, to its evidence package."""
    began = time.monotonic()
    sealed = town.collect(town.typed)
    case = str(sealed["case"])
    town.countersigned(case)
    assert town.typed(DEPARTMENT, "dept", "pull")["cases"] == [{"case": case, "state": "DONE", "code": ""}]
    town.worked(case, town.typed)
    town.carried(1)
    town.closed(case)
    seconds = time.monotonic() - began
    folder = town.exported(case, town.typed, tmp_path_factory.mktemp("audit") / "alone")
    made: Walk = load(Path(__file__).with_name("town.py")).Walk(case, sealed, seconds, folder)
    return made


@pytest.fixture(scope="session")
def independent_reader() -> ModuleType:
    """``tests/unit/independent_reader.py``: a reader that uses nothing of ours."""
    return load(Path(__file__).parents[1] / "unit" / "independent_reader.py")

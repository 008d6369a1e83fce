"""One real stack a session, founded as a newcomer's is, killed and removed at the end."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.stack.layout import DEPARTMENT
from tests.e2e.town import DEMO, Town, Walk, running


@pytest.fixture(scope="session")
def town() -> Iterator[Town]:
    """The running one-machine stack in a folder of its own."""
    with running(Town) as made:
        yield made


@pytest.fixture(scope="session")
def walk(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """The straight case, every act by a typed command, to its evidence package."""
    began = time.monotonic()
    sealed = town.collect(town.typed, DEMO / "form.json")
    case = str(sealed["case"])
    town.countersigned(case)
    assert town.pulled(case) == {"case": case, "state": "DONE", "code": ""}
    opened = town.typed(DEPARTMENT, "dept", "open", case, "--purpose", "受理审查", "--staff", "B01")
    handed = town.typed(DEPARTMENT, "dept", "handover", case, "--purpose", "移交业务系统", "--staff", "B01")
    town.posted(case, town.typed)
    town.carried()
    town.reached(case, "CLOSED")
    seconds = time.monotonic() - began
    folder = town.exported(case, town.typed, tmp_path_factory.mktemp("audit") / "alone")
    return Walk(case, sealed, opened, Path(handed["folder"]), seconds, folder)

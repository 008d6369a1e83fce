"""A founded world in one process, and a running hub with its registrar, for tests against real servers."""

import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from storage.database import Database
from tests.integration.cast import ORIGIN
from tests.integration.detours import Detour
from tests.integration.hub_region import Region
from tests.integration.world import World

if TYPE_CHECKING:
    from tests.conftest import Databases, ObjectServer


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A founded world in a database of its own."""
    made = World(database_url)
    yield made
    made.close()


@pytest.fixture(scope="module")
def region(
    tmp_path_factory: pytest.TempPathFactory, postgres_service: "Databases", seaweed_service: "ObjectServer"
) -> Iterator[Region]:
    """A running hub with its registrar, on a database and buckets of its own."""
    database = f"test_{secrets.token_hex(6)}"
    postgres_service.create_database(database)
    made = Region(tmp_path_factory.mktemp("region"), postgres_service.url(database), seaweed_service)
    yield made
    made.close()


@pytest.fixture
def name() -> str:
    """A node name that no other test uses."""
    return f"hall-{secrets.token_hex(4)}"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A founded database without a world."""
    made = Database(database_url)
    made.migrate()
    with made.unit() as unit:
        unit.log.found(ORIGIN)
        unit.commit()
    yield made
    made.dispose()


@pytest.fixture
def detour(database_url: str) -> Iterator[Detour]:
    """A world whose hub keeps a clock of the test's own, for what time and trouble do to a case."""
    made = Detour.begin(database_url)
    yield made
    made.world.close()

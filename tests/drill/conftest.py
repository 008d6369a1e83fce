"""One town for all drills of a session, with one ledger: the books must balance after each of them."""

import os
import random
from collections.abc import Iterator

import pytest

from tests.drill.load import Drill
from tests.drill.town import DrillTown

SEED = int(os.environ.get("YIDI_DRILL_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 31)


@pytest.fixture(scope="session")
def drill() -> Iterator[Drill]:
    """A running town and its load, thrown away at the end."""
    town = DrillTown()
    try:
        town.up()
        made = Drill(town, SEED)
        yield made
        made.close()
    finally:
        town.down()

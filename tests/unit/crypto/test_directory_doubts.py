"""What was admitted but not committed never stays in the directory, whoever reads at the same time."""

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from hub.services import registry
from hub.services.registry import RegistryService
from storage.database import Database, Reading


class Log:
    """A database whose registry has ``committed`` leaves; ``meanwhile`` happens once, while somebody reads them."""

    def __init__(self) -> None:
        self.committed = 3
        self.meanwhile: Callable[[], None] = lambda: None
        self.log = self

    def head(self) -> Any:
        return SimpleNamespace(epoch=self.committed)

    def registry(self, after: int) -> list[int]:
        rows = list(range(after + 1, self.committed + 1))
        happens, self.meanwhile = self.meanwhile, lambda: None
        happens()
        return rows

    def reading(self) -> "Log":
        return self

    def __enter__(self) -> "Log":
        return self

    def __exit__(self, *_: object) -> None:
        pass


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def service(log: Log, monkeypatch: pytest.MonkeyPatch) -> RegistryService:
    """Directories that only count what they admitted."""
    monkeypatch.setattr(registry, "Directory", lambda _: SimpleNamespace(epoch=0))

    def replay(directory: Any, rows: list[int]) -> None:
        for row in rows:
            directory.epoch = max(row, directory.epoch)

    monkeypatch.setattr(registry, "replay", replay)
    return RegistryService(cast(Database, log), [])


def test_a_look_up_under_way_does_not_end_a_doubt_that_came_meanwhile(log: Log, service: RegistryService) -> None:
    service.refresh()
    log.committed = 4  # by another process

    failed = threading.Thread(target=service.rebuild)

    def fail() -> None:
        service.directory.epoch = 5  # admitted, and the transaction fails
        failed.start()
        failed.join(0.05)

    log.meanwhile = fail
    service.refresh()
    failed.join()
    assert service.refresh().epoch == 4


def test_a_rebuild_that_could_not_read_is_made_up_for(log: Log, service: RegistryService) -> None:
    service.refresh()
    service.directory.epoch = 4

    def away() -> None:
        raise ConnectionError

    log.meanwhile = away
    with pytest.raises(ConnectionError):
        service.rebuild()
    assert service.directory.epoch == 4, "nobody sees half a directory"
    assert service.refresh().epoch == 3


def test_behind_the_heads_lock_a_directory_that_is_ahead_is_built_anew(log: Log, service: RegistryService) -> None:
    service.refresh()
    service.directory.epoch = 4
    assert service.refresh().epoch == 4, "without the lock it may be another one's transaction"
    assert service.catch_up(cast(Reading, log), 3).epoch == 3

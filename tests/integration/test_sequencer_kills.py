"""The narrow place when it is killed, cut off or stopped: nothing is lost, nothing is doubled."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

from crypto.refusal import Refusal
from hub.services.batch import Batch, Outcome
from hub.services.intake import Ready, Submission
from storage.database import Unit
from tests.integration.cast import DEPARTMENT, WINDOW
from tests.integration.placing import code, placed, require_whole, state

if TYPE_CHECKING:
    from tests.integration.world import World

pytestmark = pytest.mark.integration

# --- kills -----------------------------------------------------------------------------------------------------------


class Kill(BaseException):
    """The process ends here."""


def fail_once(monkeypatch: pytest.MonkeyPatch, when: str, error: BaseException) -> None:
    """The next commit raises ``error``: ``before`` the real one, or ``after`` it (failed, and failed but persisted)."""
    real, left = Unit.commit, [True]

    def commit(self: Unit) -> None:
        if not left:
            return real(self)
        left.clear()
        if when == "after":
            real(self)
        raise error

    monkeypatch.setattr(Unit, "commit", commit)


@pytest.mark.drill
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_at_the_commit_loses_nothing_and_doubles_nothing(
    world: "World", monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    works = [world.open() for _ in range(3)]
    seal = works[0].seal()
    acknowledged = world.receipt(works[0].do(seal, WINDOW))
    items = [world.examined(WINDOW, work.seal()) for work in works[1:]]
    size = world.size()
    fail_once(monkeypatch, when, Kill())
    with pytest.raises(Kill):
        world.place(items)
    monkeypatch.undo()
    assert world.size() == size + (2 if when == "after" else 0)
    require_whole(world)
    registry, sequencer = world.hub_process()  # the hub comes up again
    again = [placed(outcome) for outcome in sequencer.place(items)]
    assert [one.fresh for one in again] == [when == "before"] * 2
    assert world.size() == size + 2
    repeated = placed(sequencer.place([world.examined(WINDOW, seal)])[0])
    assert world.receipt(repeated) == acknowledged
    require_whole(world)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_failed_registry_batch_leaves_the_directory_as_committed(
    world: "World", monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    epoch = world.registry.directory.epoch
    fail_once(monkeypatch, when, Kill())
    with pytest.raises(Kill):
        world.revoke("D05")
    monkeypatch.undo()
    assert world.registry.directory.epoch == epoch + (when == "after")
    work = world.open().to_pending()
    wanted = "PLACED" if when == "before" else "PERSON_KEY_REVOKED"
    assert code(work.place(work.accept("D05"), DEPARTMENT)) == wanted
    require_whole(world)


def test_a_directory_that_could_not_be_rebuilt_is_rebuilt_at_the_next_look(
    world: "World", monkeypatch: pytest.MonkeyPatch
) -> None:
    epoch = world.registry.directory.epoch
    fail_once(monkeypatch, "before", Refusal("DATABASE_UNAVAILABLE", "test"))
    away = [True]
    real = world.database.reading

    def reading() -> object:
        if not away and world.registry.directory.epoch > epoch:
            raise Refusal("DATABASE_UNAVAILABLE", "test")
        away.clear()
        return real()

    monkeypatch.setattr(world.database, "reading", reading)
    with pytest.raises(Refusal, match="DATABASE_UNAVAILABLE"):
        world.revoke("D05")
    monkeypatch.undo()
    # Nobody saw an empty directory in between: everyone still known, and the next look brings it into order.
    assert world.registry.directory.current(world.members[WINDOW].subject)
    assert world.registry.refresh().epoch == epoch
    require_whole(world)


def test_a_connection_that_is_cut_is_unavailable_and_the_same_bytes_go_through_later(
    world: "World", monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = world.examined(WINDOW, world.open().seal())
    real = Batch.run

    def run(self: Batch, items: Sequence[Ready]) -> list[Outcome]:
        outcomes = real(self, items)
        self.unit._connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")
        return outcomes

    monkeypatch.setattr(Batch, "run", run)
    with pytest.raises(Refusal, match="DATABASE_UNAVAILABLE"):
        world.place([ready])
    monkeypatch.undo()
    assert code(world.place([ready])[0]) == "PLACED"
    require_whole(world)


def test_the_hub_alone_states_what_the_law_makes_happen(world: "World") -> None:
    work = world.open().to_forwarded()
    file = world.file(work.case)
    assert file is not None
    body = {"accepting_node": file.accepting_node, "queue": file.queue}
    early = world.open()
    early.do(early.seal(), WINDOW)
    forged = early.act("route", body, WINDOW)
    assert code(early.place(Submission(forged.encode()), WINDOW)) == "ROLE_FORBIDS"
    claimed = early.act("route", body, WINDOW, role="hub")
    assert code(early.place(Submission(claimed.encode()), WINDOW)) == "ROLE_FORBIDS"
    assert state(early) == "COLLECTED"


def test_the_queue_answers_what_waits_before_it_ends(world: "World") -> None:
    works = [world.open() for _ in range(5)]
    items = [world.examined(WINDOW, work.seal()) for work in works]

    async def run() -> list[Outcome]:
        rung: list[int] = []
        world.sequencer.on_commit(lambda: rung.append(1))
        await world.sequencer.start()
        asked = [asyncio.create_task(world.sequencer.submit([item])) for item in items]
        await asyncio.sleep(0)
        await world.sequencer.stop()
        answers = [answer for part in await asyncio.gather(*asked) for answer in part]
        assert rung
        return answers

    answers = asyncio.run(asyncio.wait_for(run(), 30))
    assert [code(outcome) for outcome in answers] == ["PLACED"] * 5

"""The bell of the inbox: nobody sleeps through an entry, and many who wait cost no more than one."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

import pytest

from crypto.refusal import Refusal
from hub.rpc import inbox
from hub.rpc.inbox import Bell

T = TypeVar("T")


class Inboxes:
    """Last positions, and how often they were asked for."""

    def __init__(self) -> None:
        self.last: dict[str, int] = {}
        self.looks: list[int] = []
        self.fail = 0

    def newest(self, nodes: Sequence[str]) -> dict[str, int]:
        self.looks.append(len(nodes))
        if self.fail:
            self.fail -= 1
            raise Refusal("DATABASE_UNAVAILABLE", "test")
        return {node: self.last[node] for node in nodes if node in self.last}


@pytest.fixture
def inboxes() -> Inboxes:
    return Inboxes()


def rung(bell: Bell, work: Coroutine[Any, Any, T]) -> T:
    async def both() -> T:
        running = asyncio.create_task(bell.run())
        try:
            return await asyncio.wait_for(work, 60)
        finally:
            running.cancel()

    return asyncio.run(both())


def test_who_waits_is_woken_by_an_entry_of_its_own_and_by_no_other(inboxes: Inboxes) -> None:
    bell = Bell(inboxes.newest)

    async def play() -> tuple[bool, bool]:
        mine = asyncio.create_task(bell.wait("mine", 4, 30))
        other = asyncio.create_task(bell.wait("other", 4, 1.5))
        await asyncio.sleep(0.2)
        inboxes.last |= {"mine": 5, "other": 4}
        bell.ring()
        return await mine, await other

    assert rung(bell, play()) == (True, False)


def test_an_entry_that_came_just_before_the_wait_is_found(inboxes: Inboxes) -> None:
    bell = Bell(inboxes.newest)
    inboxes.last["mine"] = 5
    assert rung(bell, bell.wait("mine", 4, 30))


def test_an_entry_that_nobody_rang_for_is_found(inboxes: Inboxes) -> None:
    bell = Bell(inboxes.newest)

    async def play() -> bool:
        waiting = asyncio.create_task(bell.wait("mine", 4, 30))
        await asyncio.sleep(0.2)
        inboxes.last["mine"] = 5
        return await waiting

    assert rung(bell, play())


def test_a_thousand_streams_and_many_rings_cost_few_looks(inboxes: Inboxes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "RECHECK_SECONDS", 30.0)
    monkeypatch.setattr(inbox, "GATHER_SECONDS", 0.3)
    bell = Bell(inboxes.newest)

    async def play() -> list[bool]:
        waiting = [asyncio.create_task(bell.wait(f"node-{number}", 0, 30)) for number in range(1000)]
        await asyncio.sleep(0)
        inboxes.last |= {f"node-{number}": 1 for number in range(1000)}
        for _ in range(100):
            bell.ring()
        return await asyncio.gather(*waiting)

    assert all(rung(bell, play()))
    assert inboxes.looks == [1000]
    assert not bell._waiting


def test_a_database_that_is_away_for_a_while_costs_nothing_but_time(inboxes: Inboxes) -> None:
    bell = Bell(inboxes.newest)
    inboxes.fail = 2
    inboxes.last["mine"] = 5
    assert rung(bell, bell.wait("mine", 4, 30))
    assert len(inboxes.looks) == 3


def test_a_bell_that_is_closed_wakes_all(inboxes: Inboxes) -> None:
    bell = Bell(inboxes.newest)

    async def play() -> list[bool]:
        waiting = [asyncio.create_task(bell.wait(name, 4, 30)) for name in ("a", "b")]
        await asyncio.sleep(0.1)
        bell.close()
        return await asyncio.gather(*waiting)

    assert rung(bell, play()) == [True, True]

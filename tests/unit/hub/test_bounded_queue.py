"""What waits is counted until it waits no more, however long its caller had patience; nobody works for one who went."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from crypto.records import KeyRecord
from crypto.refusal import Refusal
from hub.rpc import limits
from hub.rpc.access import Kind
from hub.rpc.limits import Limits, Rate
from hub.services import sequencer as sequencers
from hub.services import submissions as services
from hub.services.batch import Outcome
from hub.services.intake import Ready, Submission
from hub.services.sequencer import Sequencer
from hub.services.submissions import SubmissionService

WAIT = 30.0
CALLER = cast(KeyRecord, SimpleNamespace(subject="a"))
REFUSED = Refusal("CASE_UNKNOWN", "test")


class Narrow(Sequencer):
    """A narrow place that holds its first batch up while ``gate`` is closed."""

    def __init__(self) -> None:
        nothing: Any = None
        super().__init__(nothing, nothing, nothing, "hub")
        self.gate, self.began = threading.Event(), threading.Event()
        self.placed: list[object] = []

    def place(self, items: list[Ready]) -> list[Outcome]:
        self.placed += items
        self.began.set()
        assert self.gate.wait(WAIT)
        return [REFUSED] * len(items)


class Desk(SubmissionService):
    """One that finds everything in order, and writes down what it looked at."""

    def __init__(self, narrow: Narrow) -> None:
        nothing: Any = None
        super().__init__(nothing, nothing, narrow, nothing)
        self.looked_at: list[Submission] = []
        self.gate, self.began = threading.Event(), threading.Event()
        self.gate.set()

    def _examined(self, caller: KeyRecord, submission: Submission) -> Ready | Refusal:
        self.looked_at.append(submission)
        self.began.set()
        assert self.gate.wait(WAIT)
        return Ready(cast(Any, submission), cast(Any, None))


@pytest.fixture
def narrow() -> Iterator[Narrow]:
    made = Narrow()
    yield made
    made.gate.set()
    made._lane.close()


@pytest.fixture
def desk(narrow: Narrow, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    made = Desk(narrow)
    yield made
    made.gate.set()
    narrow.gate.set()
    narrow._lane.close()
    made.close()


def submission(name: str) -> Submission:
    return Submission(name.encode())


async def given_up(work: Any) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await work


async def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT
    while not true():
        assert time.monotonic() < end
        await asyncio.sleep(0.005)


def test_a_desk_that_hangs_fills_up_and_says_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "QUEUE_MOST", 2)
    kept: list[str] = []

    def keep() -> Callable[[], object]:
        kept.append("kept")
        return lambda: kept.append("over")

    async def run() -> None:
        desk.gate.clear()
        for name in ("first", "second"):
            await given_up(desk.submit(CALLER, [submission(name)], keep))
        with pytest.raises(Refusal, match="HUB_BUSY"):
            await desk.submit(CALLER, [submission("third")], keep)
        assert kept == ["kept"] * 2
        desk.gate.set()
        desk._sequencer.gate.set()  # type: ignore[attr-defined]
        await until(lambda: desk._waiting == 0)
        assert kept == ["kept"] * 2 + ["over"] * 2
        assert await desk.submit(CALLER, [submission("fourth")]) == [REFUSED]

    asyncio.run(run())
    assert submission("second") not in desk.looked_at, "nobody waited for it any more"


def test_what_waits_before_the_narrow_place_counts_at_the_desk(desk: Desk, narrow: Narrow) -> None:
    async def run() -> None:
        await given_up(desk.submit(CALLER, [submission("first")]))
        assert narrow.began.wait(WAIT)
        await given_up(desk.submit(CALLER, [submission("second")] * 3))
        assert desk._waiting == 4
        narrow.gate.set()
        await until(lambda: desk._waiting == 0)

    asyncio.run(run())
    assert len(narrow.placed) == 1


def test_the_narrow_place_counts_until_it_answered_and_leaves_out_who_went(
    narrow: Narrow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sequencers, "QUEUE_MOST", 2)
    items = cast(list[Ready], ["first", "second", "third", "fourth"])

    async def run() -> None:
        await given_up(narrow.submit(items[:1]))
        assert narrow.began.wait(WAIT)
        await given_up(narrow.submit(items[1:2]))
        with pytest.raises(Refusal, match="HUB_BUSY"):
            await narrow.submit(items[2:3])
        narrow.gate.set()
        await until(lambda: narrow._waiting == 0)
        assert await narrow.submit(items[3:]) == [REFUSED]

    asyncio.run(run())
    assert narrow.placed == ["first", "fourth"]


def test_bytes_and_calls_count_until_the_last_who_holds_them_lets_go() -> None:
    checked = Limits({Kind.CALLS: Rate(10, 20)}, 1, 1, 100)
    with checked.under_way("a", 90):
        over = limits.keep()
    assert checked._bytes == 90
    with pytest.raises(Refusal, match="RATE_LIMITED"), checked.under_way("a", 1):
        pass
    with pytest.raises(Refusal, match="HUB_BUSY"), checked.under_way("b", 20):
        pass
    over()
    assert checked._bytes == 0 and not checked._under_way
    with checked.under_way("a", 90):
        limits.keep()()
        assert checked._bytes == 90
    assert checked._bytes == 0

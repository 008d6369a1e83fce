"""Statements in, receipts out, with two hub processes on one database: nothing that a process remembers grows old."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pytest

from crypto.refusal import Refusal
from hub.services.batch import Placed
from hub.services.intake import Submission
from hub.services.registry import RegistryService
from hub.services.sequencer import Sequencer
from hub.services.submissions import Receipted, SubmissionService
from tests.integration.cast import DEPARTMENT, GATEWAY, WINDOW

if TYPE_CHECKING:
    from crypto.records import KeyRecord
    from tests.integration.world import World

Process = tuple[RegistryService, Sequencer]
pytestmark = pytest.mark.integration


def submitted(
    world: "World", process: Process, caller: "KeyRecord", submissions: Sequence[Submission]
) -> list[Receipted | Refusal]:
    """What a process answers to one call."""
    service = SubmissionService(world.database, *process, world.members["hub"].sign)

    async def run() -> list[Receipted | Refusal]:
        try:
            return await service.submit(caller, submissions)
        finally:
            await asyncio.to_thread(service.close)

    return asyncio.run(asyncio.wait_for(run(), 60))


@pytest.fixture
def other(world: "World") -> Process:
    """A second hub process, whose directory is as of now."""
    return world.hub_process()


def test_each_is_answered_alone_and_in_order(world: "World") -> None:
    work = world.open()
    own = (world.registry, world.sequencer)
    answers = submitted(world, own, world.record(WINDOW), [Submission(b"{}"), work.seal(), Submission(b"")])
    assert [type(answer) for answer in answers] == [Refusal, Receipted, Refusal]
    made = answers[1]
    assert isinstance(made, Receipted) and len(made.case_no) == 43


def test_a_caller_that_lost_its_keys_elsewhere_is_refused_as_a_whole(world: "World", other: Process) -> None:
    known, seal = world.record(WINDOW), world.open().seal()
    size = world.size()
    world.revoke(WINDOW)
    for submissions in ([Submission(b"{}"), seal], [Submission(b"{}")]):
        with pytest.raises(Refusal, match="KEY_REVOKED"):
            submitted(world, other, known, submissions)
    assert world.size() == size + 1


def test_a_caller_with_a_certificate_that_was_replaced_is_refused(world: "World", other: Process) -> None:
    known, seal = world.record(WINDOW), world.open().seal()
    world.register_again(WINDOW)
    with pytest.raises(Refusal, match="KEY_REVOKED"):
        submitted(world, other, known, [seal])


def test_keys_that_came_by_another_process_count_at_once(world: "World", other: Process) -> None:
    world.register_again(WINDOW)
    (answer,) = submitted(world, other, world.record(WINDOW), [world.open().seal()])
    assert isinstance(answer, Receipted)


def test_two_processes_that_take_turns_remember_nothing_old(world: "World", other: Process) -> None:
    work = world.open()
    acts: list[tuple[str, Callable[[], Submission]]] = [
        *((WINDOW, lambda: work.seal()), (WINDOW, lambda: work.wrap(WINDOW)), (WINDOW, lambda: work.wrap(GATEWAY))),
        *((WINDOW, lambda: work.wrap(DEPARTMENT)), (DEPARTMENT, lambda: work.delivered())),
        *((DEPARTMENT, lambda: work.accept()), (DEPARTMENT, lambda: work.decide()), (DEPARTMENT, lambda: work.issue())),
    ]
    for turn, (node, act) in enumerate(acts):
        sequencer = other[1] if turn % 2 else world.sequencer
        (outcome,) = world.place([world.examined(node, act())], sequencer)
        assert isinstance(outcome, Placed), outcome
    seals = [world.open().seal() for _ in range(4)]
    numbers = []
    for turn, seal in enumerate(seals):
        (outcome,) = world.place([world.examined(WINDOW, seal)], other[1] if turn % 2 else world.sequencer)
        assert isinstance(outcome, Placed), outcome
        numbers.append(outcome.case_no)
    assert len(set(numbers)) == 4
    file = world.file(work.case)
    assert file is not None and file.state.value == "DELIVERING"

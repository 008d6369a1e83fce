"""The narrow place when two want the same: one batch, two hubs, one answer."""

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pytest

from crypto.refusal import Refusal
from hub.services.batch import Outcome
from hub.services.intake import Ready
from hub.services.sequencer import Sequencer
from tests.integration.cast import DEPARTMENT, OTHER_DEPARTMENT, WINDOW
from tests.integration.placing import act, code, placed, require_whole, state

if TYPE_CHECKING:
    from tests.integration.world import World

pytestmark = pytest.mark.integration

# --- races -----------------------------------------------------------------------------------------------------------


def at_once(jobs: Sequence[Callable[[], list[Outcome]]]) -> list[list[Outcome]]:
    """Results of ``jobs`` begun together, each in a thread of its own."""
    ready = threading.Barrier(len(jobs))
    results: list[list[Outcome]] = [[] for _ in jobs]

    def run(at: int) -> None:
        ready.wait()
        results[at] = jobs[at]()

    threads = [threading.Thread(target=run, args=(at,)) for at in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def test_two_answers_in_one_batch_one_wins(world: "World") -> None:
    work = world.open().to_pending()
    answers = [
        world.examined(DEPARTMENT, work.accept("D01")),
        world.examined(DEPARTMENT, work.accept("D05")),
        world.examined(OTHER_DEPARTMENT, act(work, "accept", OTHER_DEPARTMENT, "X01")),
        world.examined(WINDOW, work.withdraw()),
    ]
    assert [code(outcome) for outcome in world.place(answers)] == ["PLACED"] + ["HEAD_MOVED"] * 3
    assert state(work) == "UNDER_REVIEW"


def test_two_hubs_at_once_exactly_one_answer_wins_each_case(world: "World") -> None:
    hubs = [world.hub_process()[1] for _ in range(2)]
    works = [world.open().to_pending() for _ in range(8)]
    sides = [[world.examined(DEPARTMENT, work.accept(person)) for work in works] for person in ("D01", "D05")]

    def job(hub: Sequencer, items: list[Ready]) -> Callable[[], list[Outcome]]:
        return lambda: [outcome for item in items for outcome in hub.place([item])]

    first, second = at_once([job(hub, items) for hub, items in zip(hubs, sides, strict=True)])
    for pair in zip(first, second, strict=True):
        assert sorted(code(outcome) for outcome in pair) == ["HEAD_MOVED", "PLACED"]
    require_whole(world)


def test_a_withdrawal_and_an_acceptance_at_once(world: "World") -> None:
    hubs = [world.hub_process()[1] for _ in range(2)]
    work = world.open().to_pending()
    accept, withdraw = world.examined(DEPARTMENT, work.accept()), world.examined(WINDOW, work.withdraw())
    results = at_once([lambda: hubs[0].place([accept]), lambda: hubs[1].place([withdraw])])
    assert sorted(code(one[0]) for one in results) == ["HEAD_MOVED", "PLACED"]
    assert state(work) in {"UNDER_REVIEW", "WITHDRAWN"}


def test_the_same_statement_through_two_hubs_is_one_leaf(world: "World") -> None:
    hubs = [world.hub_process()[1] for _ in range(2)]
    work = world.open()
    ready = world.examined(WINDOW, work.seal())
    results = at_once([lambda hub=hub: hub.place([ready]) for hub in hubs])  # type: ignore[misc]
    one, other = (placed(result[0]) for result in results)
    assert world.receipt(one) == world.receipt(other)
    assert {one.fresh, other.fresh} == {True, False}
    require_whole(world)


def test_a_revocation_through_one_hub_counts_at_the_other_at_once(world: "World") -> None:
    other, sequencer = world.hub_process()
    work = world.open().to_pending()
    accept = world.examined(DEPARTMENT, work.accept())
    world.revoke(DEPARTMENT)
    assert code(sequencer.place([accept])[0]) == "KEY_REVOKED"
    with pytest.raises(Refusal, match="KEY_REVOKED"):
        other.refresh().current(world.members[DEPARTMENT].subject)

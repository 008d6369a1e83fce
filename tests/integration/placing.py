"""What came of statements that were placed, and whether the books are whole."""

from typing import TYPE_CHECKING

from crypto.log import leaf as leaves
from crypto.log.merkle import leaf_hash
from crypto.refusal import Refusal
from crypto.statement import read_envelope
from hub.services.batch import Outcome, Placed
from hub.services.intake import Submission

if TYPE_CHECKING:
    from tests.integration.casework import CaseWork
    from tests.integration.world import World


def code(outcome: Outcome) -> str:
    """The refusal's code, or PLACED."""
    return outcome.code if isinstance(outcome, Refusal) else "PLACED"


def placed(outcome: Outcome) -> Placed:
    assert isinstance(outcome, Placed), outcome
    return outcome


def state(work: "CaseWork") -> str:
    file = work.world.file(work.case)
    return file.state.value if file else ""


def require_whole(world: "World") -> None:
    """Indexes without gaps, times and epochs that never fall, hashes and counters right, rows equal to leaves."""
    rows = world.rows()
    made = [leaves.decode(row.leaf) for row in rows]
    assert [leaf.index for leaf in made] == list(range(len(rows)))
    assert [leaf.recorded_at for leaf in made] == sorted(leaf.recorded_at for leaf in made)
    assert all(row.leaf_hash == leaf_hash(row.leaf) for row in rows)
    assert len({row.payload_digest for row in rows}) == len(rows)
    epoch, counts = 0, dict[str, int]()
    for row, leaf in zip(rows, made, strict=True):
        epoch += row.is_registry
        assert (leaf.epoch, row.epoch) == (epoch, epoch)
        assert row.payload_digest == read_envelope(leaf.envelope).digest
        if row.case_id is not None:
            counts[row.case_id] = counts.get(row.case_id, 0) + 1
            assert leaf.case_seq == counts[row.case_id]
    with world.database.unit() as unit:
        head = unit.log.head()
    assert (head.size, head.epoch) == (len(rows), epoch)
    assert world.registry.refresh().epoch == epoch


def act(work: "CaseWork", event: str, node: str, person: str | None = None, **changes: object) -> Submission:
    return Submission(work.act(event, {}, node, person, **changes).encode())  # type: ignore[arg-type]

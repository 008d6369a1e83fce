"""Statements in, receipts out: examined in threads, sequenced in order, answered after the commit (promise 5).

Invariants:
- each submission is answered alone; a refusal does not stop its neighbours;
- a receipt is signed only for what is committed, and the same payload gets the same bytes;
- a receipt is shown to those who may see the leaf: parties of the case, the statement's own node, overseers.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from crypto.keystore import Signer
from crypto.log import leaf as leaves
from crypto.records import KeyRecord
from crypto.refusal import Refusal
from crypto.statement import Statement, read_signed
from hub.services.batch import Placed
from hub.services.intake import Ready, Submission, examine
from hub.services.receipts import make_receipt
from hub.services.registry import RegistryService
from hub.services.sequencer import Sequencer
from storage.database import Database, Reading
from storage.log_rows import LeafRow
from storage.object_rows import PinnedRow

SUBMISSIONS_MOST = 256
THREADS = 4
BOUND_TYPES = frozenset({"seal", "issue"})
RULE = "promise 5; AIP-231"


@dataclass(frozen=True)
class Receipted:
    """A sequenced receipt: envelope bytes, leaf index, 43-character case number (empty without one)."""

    envelope: bytes
    index: int
    case_no: str


class SubmissionService:
    """One a process; ``submit`` belongs to the event loop, ``find`` blocks."""

    def __init__(self, database: Database, registry: RegistryService, sequencer: Sequencer, signer: Signer) -> None:
        self._database = database
        self._registry = registry
        self._sequencer = sequencer
        self._signer = signer
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="examine")

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=True)

    async def submit(self, caller: KeyRecord, submissions: Sequence[Submission]) -> list[Receipted | Refusal]:
        """One answer a submission, in order, after the commit. Refusals TOO_MANY_SUBMISSIONS, HUB_BUSY."""
        if len(submissions) > SUBMISSIONS_MOST:
            raise Refusal("TOO_MANY_SUBMISSIONS", RULE, given=len(submissions), most=SUBMISSIONS_MOST)
        loop = asyncio.get_running_loop()
        slices = _slices(submissions)
        examined = await asyncio.gather(
            *(loop.run_in_executor(self._threads, self._examine, caller, part) for part in slices)
        )
        checked = [item for part in examined for item in part]
        outcomes = iter(await self._sequencer.submit([item for item in checked if isinstance(item, Ready)]))
        placed = [item if isinstance(item, Refusal) else next(outcomes) for item in checked]
        return await loop.run_in_executor(self._threads, self._receipts, placed)

    def receipt(self, placed: Placed) -> Receipted:
        """The receipt of a committed statement."""
        envelope = make_receipt(self._signer, placed.leaf, placed.payload_digest, placed.objects)
        return Receipted(envelope.encode(), placed.leaf.index, placed.case_no)

    def find(self, caller: KeyRecord, payload_digest: str) -> Receipted:
        """The receipt of a statement sequenced before. Refusal STATEMENT_UNKNOWN, also for strangers."""
        with self._database.reading() as reading:
            row = reading.log.known([payload_digest]).get(payload_digest)
            if row is None:
                raise Refusal("STATEMENT_UNKNOWN", "A24", digest=payload_digest[:64])
            leaf = leaves.decode(row.leaf)
            statement = read_signed(leaf.envelope)
            if not _may_see(reading, caller, row, statement):
                raise Refusal("STATEMENT_UNKNOWN", "A24", digest=payload_digest[:64])
            case = reading.cases.find(row.case_id) if row.case_id else None
            placed = Placed(leaf, payload_digest, _objects(reading, statement), case.case_no if case else "")
        return self.receipt(placed)

    def _examine(self, caller: KeyRecord, submissions: Sequence[Submission]) -> list[Ready | Refusal]:
        directory = self._registry.directory
        answers: list[Ready | Refusal] = []
        for submission in submissions:
            try:
                answers.append(examine(submission, caller, directory))
            except Refusal as refusal:
                answers.append(refusal)
        return answers

    def _receipts(self, outcomes: Sequence[Placed | Refusal]) -> list[Receipted | Refusal]:
        return [item if isinstance(item, Refusal) else self.receipt(item) for item in outcomes]


def _slices(submissions: Sequence[Submission]) -> list[Sequence[Submission]]:
    """Equal parts for the threads, in order."""
    size = max(1, -(-len(submissions) // THREADS))
    return [submissions[start : start + size] for start in range(0, len(submissions), size)]


def _may_see(reading: Reading, caller: KeyRecord, row: LeafRow, statement: Statement) -> bool:
    if row.is_registry or statement.actor.node == caller.subject or "auditor" in caller.roles:
        return True
    return row.case_id is not None and reading.cases.is_party(caller.subject, row.case_id)


def _objects(reading: Reading, statement: Statement) -> list[PinnedRow]:
    named = statement.body.get("manifest")
    if statement.type not in BOUND_TYPES or not isinstance(named, str):
        return []
    return [row for row, _ in reading.objects.pinned([named]).values()]
